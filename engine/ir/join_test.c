/* Straight code in place of a branch: random instructions behind a random condition do the same, and count
 * the same, both ways; what becomes an address is found. */
#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"
#include "engine/ir/random_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 20000, END = 0x2000 };

/* What may be joined comes up most. */
static void random_insn(struct ir_block *b, struct rng *r)
{
    static const uint16_t cheap[] = {IR_ADD_I64,    IR_XOR_I64, IR_SHR_I64,      IR_AND_I32,
                                     IR_SUB_I32,    IR_LTS_I64, IR_SEXT_I64_I32, IR_ZEXT_I64_I16,
                                     IR_SELECT_I64, IR_MINU_I64};
    unsigned word = 1 + (unsigned)rng_below(r, RANDOM_WORDS);
    ir_insn(b, b->insns, 0x1000 + 4 * b->insns);
    if (rng_below(r, 30) == 0) random_op(b, r, random_operation(r));
    if (rng_below(r, 3) == 0) ir_get(b, rng_below(r, 2) ? IR_I64 : IR_I32, word);
    if (rng_below(r, 3)) random_op(b, r, cheap[rng_below(r, ARRAY_LEN(cheap))]);
    ir_set(b, 1 + (unsigned)rng_below(r, 4), random_value(b, r, IR_I64));
}

/* A few instructions, a branch to END, a few more up to there; gives the branch. */
static uint32_t random_branch(struct ir_block *b, struct rng *r)
{
    ir_block_reset(b, 0x1000, 0);
    for (uint64_t n = 1 + rng_below(r, 3); n; n--) random_insn(b, r);
    uint32_t cond = random_value(b, r, IR_I1);
    uint32_t branch = ir_add_node(
        b, &(struct ir_node){.op = IR_EXIT_IF, .imm = END, .a = {cond, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    for (uint64_t n = 1 + rng_below(r, 4); n; n--) random_insn(b, r);
    return branch;
}

static void end(struct ir_block *b)
{
    ir_add_node(
        b, &(struct ir_node){.op = IR_GOTO, .imm = END, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

/* Words and exit of a run from the same state; the number of instructions. */
static uint32_t run(const struct ir_block *b, struct vcpu *c, uint64_t seed, struct ir_leave *leave)
{
    struct rng r = {seed};
    unsigned ex = 0;
    for (unsigned i = 0; i < RANDOM_WORDS + 3; i++) c->state[i] = random_number(&r, 64);
    *leave = ir_eval(b, c, &fp_policy_riscv, &ex);
    return leave->insn + 1 - leave->skipped;
}

static void straight_code_does_the_same(void **state)
{
    struct ir_block b, joined;
    struct mem mem;
    unsigned joins = 0;
    mem_init(&mem);
    struct vcpu *c = vcpu_new(guest_find("riscv64"), &mem);
    ir_block_init(&b);
    ir_block_init(&joined);
    for (uint64_t seed = 1; seed <= BLOCKS; seed++) {
        struct rng r = {seed};
        struct ir_leave before, after;
        uint64_t words[RANDOM_WORDS + 3];
        struct buf err = {0};
        uint32_t branch = random_branch(&b, &r);
        ir_block_reset(&joined, b.pc, 0);
        for (uint32_t i = 0; i < b.n; i++) ir_add_node(&joined, &b.nodes[i]);
        joined.insns = b.insns;
        end(&b);
        if (!ir_join(&joined, branch)) continue;
        joins++;
        end(&joined);
        if (ir_verify(&joined, &err)) fail_msg("seed %lu: %s", seed, err.p);
        uint32_t count = run(&b, c, seed, &before);
        memcpy(words, c->state, sizeof(words));
        if (run(&joined, c, seed, &after) != count || memcmp(words, c->state, sizeof(words))) {
            struct buf text = {0};
            ir_print(&b, NULL, &text);
            buf_str(&text, "becomes\n");
            ir_print(&joined, NULL, &text);
            fail_msg("seed %lu:\n%s", seed, text.p);
        }
    }
    assert_true(joins > BLOCKS / 4);
    ir_block_free(&b);
    ir_block_free(&joined);
    vcpu_free(c);
    mem_free(&mem);
}

/* The block of this text, its branch joined: is what was chosen an address? */
static bool becomes_address(const char *text, bool loops)
{
    struct ir_block b;
    struct buf err = {0};
    uint32_t skip = 0;
    ir_block_init(&b);
    if (!ir_parse(&b, NULL, text, &err) || ir_verify(&b, &err)) fail_msg("%s", err.p);
    while (b.nodes[skip].op != IR_SKIP) skip++;
    bool is = ir_joins_address(&b, skip, loops);
    ir_block_free(&b);
    buf_free(&err);
    return is;
}

#define CHOOSE                                                                                        \
    "c = get.i1 w1\n x = get.i64 w2\n y = get.i64 w3\n skip c, 1\n s = select.i64 c, x, y\n set w2, " \
    "s\n insn 2 0x18\n"

static void addresses_are_found(void **state)
{
    assert_true(becomes_address("insn 0 0x10\n" CHOOSE "p = get.i64 w2\n k = const.i64 8\n q = add.i64 p, k\n"
                                "l = load32 q\n goto 0",
                                false));
    assert_true(becomes_address("insn 0 0x10\n" CHOOSE "p = get.i64 w2\n set w5, p\n insn 3 0x1c\n"
                                "q = get.i64 w5\n store64 q, x\n goto 0",
                                false));
    /* as a value only; of a word that was put anew; what was loaded from elsewhere */
    assert_false(becomes_address("insn 0 0x10\n" CHOOSE "p = get.i64 w2\n store64 x, p\n goto 0", false));
    assert_false(
        becomes_address("insn 0 0x10\n" CHOOSE "set w2, x\n p = get.i64 w2\n l = load64 p\n goto 0", false));
    /* in the next round of a loop */
    static const char loop[] = "insn 0 0x10\n a = get.i64 w2\n l = load64 a\n" CHOOSE "goto 0x10";
    assert_false(becomes_address(loop, false));
    assert_true(becomes_address(loop, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(straight_code_does_the_same),
                                       cmocka_unit_test(addresses_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
