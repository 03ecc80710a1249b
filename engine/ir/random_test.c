/* What a block does is the same before and after each pass: random blocks, run by the operations' references,
 * must leave the same state, memory, FP exceptions and exit. */
#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"
#include "engine/ir/random_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 30000 };

/* What can be seen of a run. */
struct outcome {
    struct ir_leave leave;            /* where it left */
    struct cpu_exit exit;             /* a fault */
    unsigned ex;                      /* FP exceptions */
    uint64_t state[RANDOM_WORDS + 3]; /* the words that blocks use */
    uint8_t memory[RANDOM_SIZE];      /* what they access */
};

struct machine {
    struct mem mem;   /* a page */
    struct vcpu *cpu; /* any will do */
};

static void machine_open(struct machine *m)
{
    mem_init(&m->mem);
    assert_int_equal(mem_add(&m->mem, RANDOM_BASE, RANDOM_SIZE, CPU_READ | CPU_WRITE, NULL, "data"), 0);
    m->cpu = vcpu_new(guest_find("riscv64"), &m->mem);
    assert_non_null(m->cpu);
}

static void machine_close(struct machine *m)
{
    vcpu_free(m->cpu);
    mem_free(&m->mem);
}

/* A block ends alike whether its target was known when it was made or not. */
static unsigned end_kind(unsigned op)
{
    return op == IR_EXIT_IF || op == IR_JUMP || op == IR_GUARD ? IR_GOTO : op;
}

static void run(struct machine *m, const struct ir_block *b, uint64_t seed, struct outcome *o)
{
    struct rng r = {seed};
    uint8_t *memory = mem_find(&m->mem, RANDOM_BASE)->host;
    memset(o, 0, sizeof(*o));
    memset(&m->cpu->exit, 0, sizeof(m->cpu->exit));
    for (size_t i = 0; i < ARRAY_LEN(o->state); i++) m->cpu->state[i] = random_number(&r, 64);
    for (size_t i = 0; i < RANDOM_SIZE; i += 8) memcpy(memory + i, &(uint64_t){rng_next(&r)}, 8);
    struct fp_policy policy = fp_policy_riscv;
    o->leave = ir_eval(b, m->cpu, &policy, &o->ex);
    o->leave.op = (uint16_t)end_kind(o->leave.op);
    o->exit = m->cpu->exit;
    memcpy(o->state, m->cpu->state, sizeof(o->state));
    memcpy(o->memory, memory, RANDOM_SIZE);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->leave.op == b->leave.op && a->leave.insn == b->leave.insn &&
           a->leave.target == b->leave.target && a->leave.skipped == b->leave.skipped &&
           a->exit.kind == b->exit.kind && a->exit.cause == b->exit.cause && a->exit.value == b->exit.value &&
           a->ex == b->ex && !memcmp(a->state, b->state, sizeof(a->state)) &&
           !memcmp(a->memory, b->memory, RANDOM_SIZE);
}

static void copy(struct ir_block *to, const struct ir_block *from)
{
    ir_block_reset(to, from->pc, from->key);
    for (uint32_t i = 0; i < from->n; i++) ir_add_node(to, &from->nodes[i]);
    to->insns = from->insns;
}

/* Whether the passes change what b does; `work` is what they made of it. */
static bool differs(struct machine *m, const struct ir_block *b, uint64_t seed, bool both,
                    struct ir_block *work)
{
    static struct outcome before, after;
    struct buf err = {0};
    copy(work, b);
    ir_forward(work);
    if (both) ir_backward(work);
    bool bad = ir_verify(work, &err);
    if (!bad) {
        run(m, b, seed, &before);
        run(m, work, seed, &after);
        bad = !same(&before, &after);
    }
    buf_free(&err);
    return bad;
}

/* Takes out what the difference does not need. */
static void shrink(struct machine *m, struct ir_block *b, uint64_t seed, bool both, struct ir_block *work)
{
    struct buf err = {0};
    for (uint32_t i = b->n; i-- > 0;) {
        struct ir_node was = b->nodes[i],
                       nop = {.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
        struct ir_node constant = nop;
        constant.op = IR_CONST;
        constant.type = was.type;
        b->nodes[i] = nop;
        if (!ir_verify(b, &err) && differs(m, b, seed, both, work)) continue;
        b->nodes[i] = was.type ? constant : was;
        if (!ir_verify(b, &err) && differs(m, b, seed, both, work)) continue;
        b->nodes[i] = was;
    }
    buf_free(&err);
}

static void report(struct machine *m, struct ir_block *b, uint64_t seed, bool both, struct ir_block *work)
{
    struct buf text = {0};
    shrink(m, b, seed, both, work);
    differs(m, b, seed, both, work);
    ir_print(b, NULL, &text);
    buf_str(&text, "becomes\n");
    ir_print(work, NULL, &text);
    fail_msg("seed %llu: other behaviour after %s:\n%s", (unsigned long long)seed,
             both ? "ir_backward" : "ir_forward", text.p);
}

/* The first node from `from` on that uses v; 0: none. */
static uint32_t next_use(const struct ir_block *b, uint32_t from, uint32_t v)
{
    for (uint32_t i = from; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        for (unsigned k = 0; k < ir_op_table[n->op].nargs && n->a[k] != IR_NONE; k++)
            if (n->a[k] == v) return i;
    }
    return 0;
}

/* Next uses, the slow way. */
static void check_uses(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        for (unsigned k = 0; k < ir_op_table[n->op].nargs && n->a[k] != IR_NONE; k++)
            assert_int_equal(b->next[i][k], next_use(b, i + 1, n->a[k]));
        if (n->type != IR_VOID) assert_int_equal(b->first[i], next_use(b, i + 1, i));
    }
}

static void passes_keep_what_blocks_do(void **state)
{
    struct machine m;
    struct ir_block b, work;
    const char *from = getenv("SEED");
    uint64_t first = from ? strtoull(from, NULL, 0) : 1;
    machine_open(&m);
    ir_block_init(&b);
    ir_block_init(&work);
    for (uint64_t seed = first; seed < first + BLOCKS; seed++) {
        struct rng r = {seed};
        struct buf err = {0};
        random_block(&b, &r);
        if (ir_verify(&b, &err)) fail_msg("seed %llu: %s", (unsigned long long)seed, err.p);
        for (int both = 0; both <= 1; both++)
            if (differs(&m, &b, seed, both, &work)) report(&m, &b, seed, both, &work);
        if (seed % 16 == 0) check_uses(&work);
    }
    ir_block_free(&b);
    ir_block_free(&work);
    machine_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes_keep_what_blocks_do)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
