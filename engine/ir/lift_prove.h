/* For tests: one guest on two machines, one run by the interpreter, one by what lifters make of the same code
 * and ir_eval. After each case every register, memory, the exit and the FP flags must be the same.
 */
#ifndef ENGINE_IR_LIFT_PROVE_H
#define ENGINE_IR_LIFT_PROVE_H

#include "engine/guest/guest.h"
#include "engine/ir/lift.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    PROVE_CODE = 0x10000, /* one page */
    PROVE_DATA = 0x20000, /* two pages; what lies around them is not mapped */
    PROVE_READ = 0x30000, /* a page that cannot be written */
    PROVE_PLACES = CPU_PAGE / 4,
    PROVE_MAX = 20, /* instructions of a sequence */
};

struct prover {
    const struct guest *guest;
    const struct backend *interp;
    struct mem mem[2];
    struct vcpu *cpu[2]; /* 0: the interpreter's; 1: evaluated */
    struct ir_block block;
    struct rng rng;
    uint32_t words[PROVE_PLACES]; /* the code */
    uint64_t *before;             /* the state that a case starts from */
    uint32_t *finished;           /* by row: cases in which it did not fault */
    const uint16_t *rows;         /* that have lifters: nrows of them */
    unsigned nrows;
    uint64_t cases;
};

/* ---- random things ---- */

static inline uint64_t prove_below(struct prover *p, uint64_t n)
{
    return rng_below(&p->rng, n);
}

static inline uint64_t prove_number(struct prover *p)
{
    static const uint64_t corners[] = {0,          1,          2,      0x7f,       0x80,       0xff,
                                       0x7fff,     0x8000,     0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                       1ull << 63, ~0ull >> 1, ~0ull,  ~0ull << 31};
    uint64_t v = rng_next(&p->rng);
    switch (prove_below(p, 8)) {
    case 0: return corners[prove_below(p, ARRAY_LEN(corners))];
    case 1: return v >> prove_below(p, 64);
    case 2: return ~(v >> prove_below(p, 64));
    case 3: return v;
    default: /* addresses: in data, at its ends, in what cannot be written */
        return prove_below(p, 8) ? PROVE_DATA + (v % (2 * CPU_PAGE + 16) & ~(v >> 60))
                                 : PROVE_READ + v % 4096;
    }
}

/* By format: zeros, subnormals, infinities, NaNs, ordinary; boxed or not. */
static inline uint64_t prove_float(struct prover *p)
{
    static const struct {
        unsigned width, fraction;
    } formats[] = {{16, 10}, {32, 23}, {64, 52}};
    unsigned i = (unsigned)prove_below(p, 3), width = formats[i].width, fraction = formats[i].fraction;
    uint64_t v = rng_next(&p->rng) & bits_mask(width), exponent = bits_mask(width - 1) & ~bits_mask(fraction);
    switch (prove_below(p, 8)) {
    case 0: v &= ~exponent; break;                                           /* zero, subnormal */
    case 1: v |= exponent; break;                                            /* NaN */
    case 2: v = (v & ~bits_mask(width - 1)) | exponent; break;               /* infinity */
    case 3: v &= ~bits_mask(fraction); break;                                /* a power of two */
    case 4: v = (v & ~exponent) | (exponent & ~(exponent << 3)) << 2; break; /* about one */
    default: break;
    }
    return prove_below(p, 16) ? v | ~bits_mask(width) : v;
}

/* Registers that only the machine's owner sets mostly keep their reset values. */
static inline uint64_t prove_register(struct prover *p, const struct guest_reg *r)
{
    bool own = !strcmp(r->group, "machine") || !strcmp(r->group, "supervisor") || !strcmp(r->group, "mode");
    bool fp = !strcmp(r->group, "fpr") || !strcmp(r->group, "vector");
    if (own && prove_below(p, 4)) return r->reset;
    return (fp ? prove_float(p) : prove_number(p)) & bits_mask(r->width);
}

static inline void prove_state(struct prover *p)
{
    const struct guest *g = p->guest;
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        for (unsigned k = 0; k < r->count * r->words; k++)
            p->before[r->word + k] = (int)(k / r->words) == r->zero ? 0 : prove_register(p, r);
    }
}

/* An instruction of one of these rows. */
static inline uint32_t prove_word(struct prover *p, const uint16_t *rows, unsigned n)
{
    for (;;) {
        unsigned row = rows[prove_below(p, n)];
        const struct guest_row *r = &p->guest->rows[row];
        uint32_t word = (uint32_t)rng_next(&p->rng);
        if (r->length == 2) word &= 0xffff;
        word = (word & ~r->mask) | r->match;
        if (p->guest->decode(word) == (int)row) return word;
    }
}

/* ---- machines ---- */

static inline void prove_machine(struct prover *p, int i)
{
    struct mem *m = &p->mem[i];
    mem_init(m);
    assert_int_equal(mem_add(m, PROVE_CODE, CPU_PAGE, CPU_READ | CPU_EXEC, NULL, "code"), 0);
    assert_int_equal(mem_add(m, PROVE_DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"), 0);
    assert_int_equal(mem_add(m, PROVE_READ, CPU_PAGE, CPU_READ, NULL, "read"), 0);
    p->cpu[i] = vcpu_new(p->guest, m);
    assert_non_null(p->cpu[i]);
    assert_int_equal(p->interp->open(p->cpu[i]), 0);
}

/* The same random bytes in both. */
static inline void prove_data(struct prover *p)
{
    for (uint64_t at = PROVE_DATA; at < PROVE_DATA + 2 * CPU_PAGE; at += 8) {
        uint64_t v = prove_below(p, 2) ? prove_number(p) : prove_float(p);
        assert_int_equal(mem_write(&p->mem[0], at, &v, 8), 0);
        assert_int_equal(mem_write(&p->mem[1], at, &v, 8), 0);
    }
}

static inline void prove_open(struct prover *p, const struct guest *g, const struct backend *interp,
                              uint64_t seed)
{
    uint16_t *rows = xcalloc(g->nrows, sizeof(*rows));
    *p = (struct prover){.guest = g, .interp = interp, .rng = {seed}, .rows = rows};
    for (unsigned i = 0; i < g->nrows; i++)
        if (g->lift->rows[i]) rows[p->nrows++] = (uint16_t)i;
    p->before = xcalloc(g->state_words, sizeof(*p->before));
    p->finished = xcalloc(g->nrows, sizeof(*p->finished));
    prove_machine(p, 0);
    prove_machine(p, 1);
    prove_data(p);
    ir_block_init(&p->block);
}

static inline void prove_close(struct prover *p)
{
    ir_block_free(&p->block);
    for (int i = 0; i < 2; i++) {
        p->interp->close(p->cpu[i]);
        vcpu_free(p->cpu[i]);
        mem_free(&p->mem[i]);
    }
    free((void *)p->rows);
    free(p->before);
    free(p->finished);
}

/* Fills the code page with instructions; `jumps`: one in so many is of any row, the others go on. */
static inline void prove_code(struct prover *p, unsigned jumps)
{
    const struct guest *g = p->guest;
    uint16_t *plain = xcalloc(p->nrows, sizeof(*plain));
    unsigned n = 0;
    for (unsigned i = 0; i < p->nrows; i++)
        if (!(g->rows[p->rows[i]].effects & (EFFECT_JUMP | EFFECT_RAISE))) plain[n++] = p->rows[i];
    for (unsigned i = 0; i < PROVE_PLACES; i++)
        p->words[i] = prove_below(p, jumps) ? prove_word(p, plain, n) : prove_word(p, p->rows, p->nrows);
    free(plain);
}

/* ---- a case ---- */

/* Lifts up to n instructions that stand at `pc`, which are `words`; gives the key. */
static inline void prove_lift(struct prover *p, uint64_t pc, const uint32_t *words, unsigned n, uint64_t key)
{
    const struct guest *g = p->guest;
    uint64_t branch;
    enum lift_end end = LIFT_MORE;
    ir_block_reset(&p->block, pc, key);
    p->block.live_round = (uint8_t)g->lift->round(key);
    for (unsigned i = 0; i < n && end == LIFT_MORE; i++) {
        end = lift_row(&p->block, g, pc, words[i], key, i, &branch);
        pc += g->length(words[i]);
    }
    struct ir_node leave = {.op = IR_GOTO, .imm = pc, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (end != LIFT_DONE) ir_add_node(&p->block, &leave);
}

static inline void prove_fail(struct prover *p, const uint32_t *words, unsigned n, const char *what,
                              uint64_t interp, uint64_t eval)
{
    struct buf text = {0};
    struct ir_names names;
    guest_ir_names(p->guest, &names);
    for (unsigned i = 0; i < n; i++) {
        const struct guest_row *r = &p->guest->rows[p->guest->decode(words[i])];
        buf_printf(&text, "%08x  ", words[i]);
        guest_disasm(p->guest, r, words[i], &text);
        buf_printf(&text, "  (%s)\n", r->id);
    }
    ir_print(&p->block, &names, &text);
    print_error("%s", buf_cstr(&text));
    print_error("interpreter: exit %s cause %u value 0x%llx\n", exit_kind_name(p->cpu[0]->exit.kind),
                p->cpu[0]->exit.cause, (unsigned long long)p->cpu[0]->exit.value);
    fail_msg("%s: interpreter 0x%llx, evaluated 0x%llx", what, (unsigned long long)interp,
             (unsigned long long)eval);
}

static inline void prove_verify(struct prover *p, const uint32_t *words, unsigned n)
{
    struct buf err = {0};
    const char *bad = ir_verify(&p->block, &err);
    if (bad) prove_fail(p, words, n, bad, 0, 0);
    buf_free(&err);
}

/* Registers that are compared here: all but the counter. */
static inline void prove_registers(struct prover *p, const uint32_t *words, unsigned n)
{
    const struct guest *g = p->guest;
    const uint64_t *a = p->cpu[0]->state, *b = p->cpu[1]->state;
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        unsigned size = r->count * r->words;
        if ((int)r->word == g->lift->retired_word || !memcmp(a + r->word, b + r->word, size * sizeof(*a)))
            continue;
        for (unsigned k = 0; k < size; k++)
            if (a[r->word + k] != b[r->word + k])
                prove_fail(p, words, n, guest_reg_name(r, k / r->words), a[r->word + k], b[r->word + k]);
    }
}

static inline void prove_memory(struct prover *p, const uint32_t *words, unsigned n)
{
    if (!p->mem[0].ndirty && !p->mem[1].ndirty) return;
    for (int i = 0; i < 2; i++) {
        const uint8_t *a = mem_find(&p->mem[0], PROVE_DATA)->host,
                      *b = mem_find(&p->mem[1], PROVE_DATA)->host;
        for (uint64_t at = 0; at < 2 * CPU_PAGE && memcmp(a, b, 2 * CPU_PAGE); at++)
            if (a[at] != b[at]) prove_fail(p, words, n, "memory", a[at], b[at]);
        mem_clean(&p->mem[i]);
    }
}

/* What ir_eval left by, as the interpreter's exit; true when the last instruction was not executed. */
static inline bool prove_exit(struct prover *p, const struct ir_leave *leave, struct cpu_exit *e)
{
    *e = p->cpu[1]->exit;
    switch (leave->op) {
    case IR_GOTO:
    case IR_JUMP:
    case IR_EXIT_IF: return false;
    case IR_RAISE:
        *e =
            (struct cpu_exit){.kind = p->guest->causes[leave->target].exit, .cause = (unsigned)leave->target};
        return true;
    default: return true;
    }
}

/* Runs `words`, which stand at pc in both machines, from one state in both ways. */
static inline void prove_case(struct prover *p, uint64_t pc, const uint32_t *words, unsigned n,
                              void (*pass)(struct ir_block *b))
{
    const struct guest *g = p->guest;
    const struct guest_lift *gl = g->lift;
    struct vcpu *a = p->cpu[0], *b = p->cpu[1];
    struct cpu_exit e;
    unsigned ex = 0;
    p->before[g->pc_word] = pc;
    for (int i = 0; i < 2; i++) memcpy(p->cpu[i]->state, p->before, g->state_words * sizeof(*p->before));
    prove_lift(p, pc, words, n, gl->key(b));
    prove_verify(p, words, n);
    if (pass) {
        pass(&p->block);
        prove_verify(p, words, n);
    }
    struct fp_policy policy = gl->policy ? gl->policy(p->block.key) : (struct fp_policy){0};
    vcpu_sync(b);
    struct ir_leave leave = ir_eval(&p->block, b, &policy, &ex);
    if (gl->flags) b->state[gl->flags_word] |= gl->flags(ex);
    bool faults = prove_exit(p, &leave, &e), steps = leave.op == IR_STEP;
    uint64_t executed = leave.insn + !faults;
    if (!faults) b->state[g->pc_word] = leave.target;
    if (faults) b->state[g->pc_word] = pc;
    for (unsigned i = 0; faults && i < leave.insn; i++) b->state[g->pc_word] += g->length(words[i]);
    p->interp->run(a, executed + (faults && !steps));
    if (a->exit.executed != executed) prove_fail(p, words, n, "instructions", a->exit.executed, executed);
    if (faults && !steps) {
        if (a->exit.kind != e.kind) prove_fail(p, words, n, "exit", a->exit.kind, e.kind);
        if (a->exit.cause != e.cause) prove_fail(p, words, n, "cause", a->exit.cause, e.cause);
        if (leave.op != IR_RAISE && a->exit.value != e.value)
            prove_fail(p, words, n, "value", a->exit.value, e.value);
    }
    prove_registers(p, words, n);
    prove_memory(p, words, n);
    for (unsigned i = 0; i < executed; i++) p->finished[g->decode(words[i])]++;
    p->cases++;
}

/* Every place of the code page alone, from `states` states each. */
static inline void prove_rows(struct prover *p, unsigned states)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(mem_write(&p->mem[i], PROVE_CODE, p->words, sizeof(p->words)), 0);
    mem_clean(&p->mem[0]), mem_clean(&p->mem[1]);
    for (unsigned k = 0; k < states; k++) {
        prove_state(p);
        for (unsigned i = 0; i < PROVE_PLACES; i++) prove_case(p, PROVE_CODE + 4 * i, &p->words[i], 1, NULL);
    }
}

/* Sequences of the code page's instructions, packed one behind the other. */
static inline void prove_sequences(struct prover *p, unsigned count, void (*pass)(struct ir_block *b))
{
    for (unsigned k = 0; k < count; k++) {
        unsigned at = (unsigned)prove_below(p, PROVE_PLACES - PROVE_MAX),
                 n = 2 + (unsigned)prove_below(p, PROVE_MAX - 1);
        uint64_t pc = PROVE_CODE + prove_below(p, 64) * p->guest->code_unit, to = pc;
        for (unsigned i = 0; i < n; i++) {
            unsigned length = p->guest->length(p->words[at + i]);
            for (int m = 0; m < 2; m++) /* loads see code, too */
                assert_int_equal(mem_write(&p->mem[m], to, &p->words[at + i], length), 0);
            to += length;
        }
        for (int m = 0; m < 2; m++) mem_clean(&p->mem[m]);
        prove_state(p);
        prove_case(p, pc, &p->words[at], n, pass);
    }
}

/* Every row with a lifter ran to its end at least `least` times, or may always leave early. */
static inline void prove_coverage(const struct prover *p, unsigned least)
{
    for (unsigned i = 0; i < p->nrows; i++) {
        const struct guest_row *r = &p->guest->rows[p->rows[i]];
        if (p->finished[p->rows[i]] < least && !(r->effects & EFFECT_RAISE))
            fail_msg("%s ran to its end %u times only", r->id, p->finished[p->rows[i]]);
    }
}

#endif
