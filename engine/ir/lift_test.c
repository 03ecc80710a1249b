/* Lifted rows mean what the interpreter does: every row alone, then sequences, then those after the passes.
 */
#include "engine/ir/lift_prove.h"

#include "engine/interp/interp.h"

static const struct guest *guest(void)
{
    return guest_find("riscv64");
}

static void test_rows(void **state)
{
    struct prover p;
    prove_open(&p, guest(), &backend_interp, 1);
    for (int i = 0; i < 80; i++) {
        prove_code(&p, 2);
        prove_rows(&p, 10);
    }
    prove_coverage(&p, 40);
    print_message("%llu cases of %u rows\n", (unsigned long long)p.cases, p.nrows);
    prove_close(&p);
}

static void forward(struct ir_block *b)
{
    ir_forward(b);
}

static void both(struct ir_block *b)
{
    ir_forward(b);
    ir_backward(b);
}

/* A pass may change what a block is made of, not what it does. */
static void test_passes(void **state)
{
    struct prover p;
    prove_open(&p, guest(), &backend_interp, 4);
    for (int i = 0; i < 10; i++) {
        prove_code(&p, 16);
        prove_sequences(&p, 1000, forward);
        prove_sequences(&p, 1000, ir_backward);
        prove_sequences(&p, 1000, both);
    }
    prove_close(&p);
}

static void test_sequences(void **state)
{
    struct prover p;
    prove_open(&p, guest(), &backend_interp, 2);
    for (int i = 0; i < 10; i++) {
        prove_code(&p, 16);
        prove_sequences(&p, 1000, NULL);
    }
    prove_close(&p);
}

/* ---- what the interpreter cannot say ---- */

enum { KEY = 1 }; /* FS is on, frm is rne */

/* Lifts one instruction at 0x1000 and gives the last node. */
static struct ir_node last_node(const char *text, uint64_t key, enum lift_end want)
{
    const struct guest *g = guest();
    struct buf code = {0};
    struct asm_error err;
    struct ir_block b;
    uint64_t branch = 0;
    uint32_t word = 0;
    ir_block_init(&b);
    ir_block_reset(&b, 0x1000, key);
    if (!guest_asm(g, text, &code, &err)) fail_msg("%s: %s", text, err.message);
    memcpy(&word, code.p, code.len);
    assert_int_equal(lift_row(&b, g, 0x1000, word, key, 0, &branch), want);
    assert_int_equal(b.insns, 1);
    assert_int_equal(b.bytes, code.len);
    if (want == LIFT_BRANCH) assert_int_equal(branch, b.nodes[b.n - 1].imm);
    struct ir_node n = b.nodes[b.n - 1];
    buf_free(&code);
    ir_block_free(&b);
    return n;
}

static void test_hints(void **state)
{
    static const struct {
        const char *text;
        unsigned op, hint;
    } all[] = {
        {"jal ra, .+64", IR_GOTO, IR_HINT_CALL},
        {"jal t0, .+64", IR_GOTO, IR_HINT_CALL},
        {"jal a0, .+64", IR_GOTO, IR_HINT_NONE},
        {"jal zero, .+64", IR_GOTO, IR_HINT_NONE},
        {"c.j .+64", IR_GOTO, IR_HINT_NONE},
        {"jalr zero, 0(ra)", IR_JUMP, IR_HINT_RETURN},
        {"jalr zero, 0(t0)", IR_JUMP, IR_HINT_RETURN},
        {"jalr zero, 0(a0)", IR_JUMP, IR_HINT_NONE},
        {"jalr ra, 0(a0)", IR_JUMP, IR_HINT_CALL},
        {"jalr ra, 0(ra)", IR_JUMP, IR_HINT_CALL},
        {"jalr ra, 0(t0)", IR_JUMP, IR_HINT_CALL},
        {"c.jr ra", IR_JUMP, IR_HINT_RETURN},
        {"c.jr a5", IR_JUMP, IR_HINT_NONE},
        {"c.jalr a5", IR_JUMP, IR_HINT_CALL},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct ir_node n = last_node(all[i].text, KEY, LIFT_DONE);
        if (n.op != all[i].op || n.round != all[i].hint)
            fail_msg("%s: %u, hint %u", all[i].text, n.op, n.round);
        if (n.op == IR_GOTO) assert_int_equal(n.imm, 0x1040);
    }
}

static void test_ends(void **state)
{
    struct ir_node n = last_node("beq a0, a1, .-16", KEY, LIFT_BRANCH);
    assert_int_equal(n.op, IR_EXIT_IF);
    assert_int_equal(n.imm, 0xff0);
    n = last_node("ecall", KEY, LIFT_DONE);
    assert_int_equal(n.op, IR_RAISE);
    assert_int_equal(n.a[0], IR_NONE);
    assert_int_equal(n.imm, guest_cause_find(guest(), "ecall"));
    assert_int_equal(last_node("addi a0, a0, 1", KEY, LIFT_MORE).op, IR_SET);
}

/* What is the interpreter's: no lifter, not an instruction, not in this mode, an illegal rounding mode. */
static void test_steps(void **state)
{
    enum { FRM_5 = 5 << 8 };
    assert_int_equal(last_node("fence.i", KEY, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node("csrrw a0, fcsr, a1", KEY, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node(".4byte 0xffffffff", KEY, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node(".2byte 0", KEY, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node("fmv.d.x fa0, a0", KEY, LIFT_MORE).op, IR_SET);
    assert_int_equal(last_node("fmv.d.x fa0, a0", 0, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node("fadd.d fa0, fa0, fa1, dyn", KEY | FRM_5, LIFT_DONE).op, IR_STEP);
    assert_int_equal(last_node("fadd.d fa0, fa0, fa1, rtz", KEY | FRM_5, LIFT_MORE).op, IR_SET);
    assert_int_equal(guest()->lift->round(KEY | FRM_5), FP_RNE);
    assert_int_equal(guest()->lift->round(KEY | 3 << 8), FP_RUP);
}

/* The key is what translations depend on: the mode and frm, nothing else. */
static void test_key(void **state)
{
    const struct guest *g = guest();
    struct mem mem;
    mem_init(&mem);
    struct vcpu *c = vcpu_new(g, &mem);
    assert_non_null(c);
    assert_int_equal(g->lift->key(c), KEY);
    *guest_reg_words(g, c->state, guest_reg_find(g, "frm")) = 4;
    *guest_reg_words(g, c->state, guest_reg_find(g, "fflags")) = 31;
    *guest_reg_words(g, c->state, guest_reg_find(g, "a0")) = ~0ull;
    assert_int_equal(g->lift->key(c), KEY | 4 << 8);
    *guest_reg_words(g, c->state, guest_reg_find(g, "mstatus")) = 0;
    assert_int_equal(g->lift->key(c), 4 << 8);
    vcpu_free(c);
    mem_free(&mem);
}

/* Words that lifted code and its runners handle in a way of their own. */
static void test_words(void **state)
{
    const struct guest *g = guest();
    const struct guest_lift *l = g->lift;
    assert_int_equal(l->flags_word, guest_reg_find(g, "fflags").reg->word);
    assert_int_equal(l->retired_word, guest_reg_find(g, "minstret").reg->word);
    assert_int_equal(l->nzero_words, 1);
    assert_int_equal(l->zero_words[0], guest_reg_find(g, "zero").reg->word);
    for (unsigned i = 0; i < l->npins; i++) assert_in_range(l->pins[i], 1, 31);
    for (unsigned i = 0; i < l->nfp_pins; i++)
        assert_in_range(l->fp_pins[i] - guest_reg_find(g, "ft0").reg->word, 0, 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_sequences), cmocka_unit_test(test_passes),
        cmocka_unit_test(test_hints), cmocka_unit_test(test_ends),      cmocka_unit_test(test_steps),
        cmocka_unit_test(test_key),   cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
