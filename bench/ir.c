/* The passes over IR: what lifting costs, then with the forward pass, then with both; the differences are the
 * passes'.
 *
 * The code is random, but its instructions come as often as in Debian's libc for riscv64, so that the host's
 * branch predictor meets what it meets in real translation: nothing it has seen before. */
#include "bench/bench.h"

#include "engine/guest/guest.h"
#include "engine/ir/lift.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, INSNS = 20000, KEY = 0xff /* every mode; round to nearest */ };

/* An instruction. For @ a register is put, for the number a multiple of it. */
struct form {
    unsigned often;   /* in a thousand */
    const char *text; /* the instruction */
};

enum { MOST_FORMS = 64 };

/* What code is made of. */
struct mix {
    struct form forms[MOST_FORMS]; /* n of them */
    unsigned n, total;             /* how many; how often all of them */
};

/* "90 c.mv @, @" each. */
static struct mix read_mix(const struct benchmark *b)
{
    const struct ynode *list = ynode_get(b->with, "forms");
    struct mix m = {0};
    for (const struct ynode *f = schema_first(list); f && m.n < MOST_FORMS; f = schema_next(list, f)) {
        char *text;
        unsigned often = (unsigned)strtoul(f->text, &text, 10);
        m.forms[m.n++] = (struct form){often, text + (*text == ' ')};
        m.total += often;
    }
    return m;
}

static const char *a_register(struct rng *r)
{
    static const char *const names[] = {"a0", "a1", "a2", "a3", "a4", "a5",
                                        "s0", "s1", "s2", "s3", "t1", "s4"};
    return names[rng_below(r, rng_below(r, 2) ? 6 : ARRAY_LEN(names))];
}

static const struct form *a_form(const struct mix *m, struct rng *r)
{
    uint64_t pick = rng_below(r, m->total);
    const struct form *f = m->forms;
    while (pick >= f->often) pick -= f++->often;
    return f;
}

static void add_line(struct buf *text, const struct mix *m, struct rng *r)
{
    for (const char *p = a_form(m, r)->text; *p; p++) {
        bool number = *p >= '1' && *p <= '8' && (p[-1] == ' ' || p[-1] == '+');
        if (*p == '@')
            buf_str(text, a_register(r));
        else if (number)
            buf_printf(text, "%u", (unsigned)(*p - '0') * (1 + (unsigned)rng_below(r, 30)));
        else
            buf_char(text, *p);
    }
    buf_char(text, '\n');
}

static bool make_code(const struct benchmark *b, struct buf *code)
{
    struct mix m = read_mix(b);
    struct rng r = {1};
    struct buf text = {0};
    struct asm_error err;
    if (!m.total) return false;
    for (uint64_t i = bench_work(INSNS); i; i--) add_line(&text, &m, &r);
    bool ok = guest_asm(guest_find("riscv64"), text.p, code, &err);
    buf_free(&text);
    return ok;
}

/* The block that begins at `at`; where it ends. */
static size_t lift_block(struct ir_block *b, const struct guest *g, const struct buf *code, size_t at)
{
    enum lift_end end = LIFT_MORE;
    uint64_t branch;
    ir_block_reset(b, CODE + at, KEY);
    for (unsigned n = 0; n < 48 && end != LIFT_DONE && at + 4 <= code->len; n++) {
        uint32_t word;
        memcpy(&word, code->p + at, 4);
        end = lift_row(b, g, CODE + at, word, KEY, n, &branch);
        at += g->length(word);
    }
    struct ir_node last = {
        .op = IR_GOTO, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}, .imm = CODE + at};
    if (end != LIFT_DONE) ir_add_node(b, &last);
    return at;
}

/* How much is done to each block. */
enum depth { LIFT, FORWARD, BACKWARD };

static void passes(struct bench_state *s, const void *arg)
{
    const char *last = bench_get(arg, "until", "lift");
    const enum depth depth = !strcmp(last, "backward") ? BACKWARD : !strcmp(last, "forward") ? FORWARD : LIFT;
    const struct guest *g = guest_find("riscv64");
    struct buf code = {0};
    struct ir_block b;
    uint64_t insns = 0, before = 0, after = 0;
    ir_block_init(&b);
    bool good = make_code(arg, &code);
    if (!good) bench_skip(s, "the code does not assemble");
    while (good && bench_next(s)) {
        for (size_t at = 0; at + 4 <= code.len;) {
            at = lift_block(&b, g, &code, at);
            before += b.n;
            if (depth >= FORWARD) ir_forward(&b);
            if (depth >= BACKWARD) ir_backward(&b);
            after += b.n;
            insns += b.insns;
        }
    }
    bench_items(s, insns);
    bench_counter(s, "nodes_an_insn", (double)before / (double)insns);
    bench_counter(s, "nodes_left", (double)after / (double)insns);
    buf_free(&code);
    ir_block_free(&b);
}

static const char *const depth_names[] = {"lift", "forward", "backward", NULL};
static const struct schema depth_type = {
    .what = "lift, forward or backward", .accepts = SCHEMA_TEXT, .choices = depth_names};
static const struct schema_key keys[] = {
    {"forms", &bench_texts, true, "Instructions, and how often each comes: '90 c.mv @, @'."},
    {"until", &depth_type, true, "The last pass that is made."},
};

const struct bench_kind ir_kinds[] = {
    {"passes", passes, bench_register, keys, ARRAY_LEN(keys)},
    {NULL, NULL, NULL, NULL, 0},
};
