/* Next uses, which cases do not show; and that the passes begin anew with each block, however many there
 * were. */
#include "engine/ir/ir_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void parse(struct ir_block *b, const char *text)
{
    struct buf err = {0};
    if (!ir_parse(b, NULL, text, &err) || ir_verify(b, &err)) fail_msg("%s", err.p);
    buf_free(&err);
}

static void each_use_knows_the_next_one(void **state)
{
    struct ir_block b;
    ir_block_init(&b);
    parse(&b, "insn 0 0x10\n"         /* 0 */
              "x = get.i64 w1\n"      /* 1 */
              "y = add.i64 x, x\n"    /* 2 */
              "dead = mul.i64 x, y\n" /* 3 */
              "z = sub.i64 y, x\n"    /* 4 */
              "set w2, y\n"           /* 5 */
              "store64 x, z\n"        /* 6 */
              "goto 0x14\n");         /* 7 */
    ir_backward(&b);
    assert_int_equal(b.nodes[3].op, IR_NOP);
    assert_int_equal(b.first[1], 2);
    assert_int_equal(b.next[2][0],
                     4); /* both arguments are the same value: the next use is behind this node */
    assert_int_equal(b.next[2][1], 4);
    assert_int_equal(b.next[4][1], 6);
    assert_int_equal(b.next[6][0], 0);
    assert_int_equal(b.first[2], 4);
    assert_int_equal(b.next[4][0], 5);
    assert_int_equal(b.next[5][0], 0);
    assert_int_equal(b.first[4], 6);
    assert_int_equal(b.next[6][1], 0);
    assert_int_equal(b.first[3], 0);
    assert_int_equal(b.first[0], 0);
    ir_block_free(&b);
}

static void one_value_in_every_place(void **state)
{
    struct ir_block b;
    ir_block_init(&b);
    parse(&b, "insn 0 0x10\n"
              "x = get.i64 w1\n"              /* 1 */
              "y = f64.fma[rne] x, x, x\n"    /* 2 */
              "c = f64.lt y, x\n"             /* 3 */
              "z = select.i64 c, x, y\n"      /* 4 */
              "u = store_if.i64 x, z, c, z\n" /* 5 */
              "goto 0x14\n");
    ir_backward(&b);
    for (int k = 0; k < 3; k++) assert_int_equal(b.next[2][k], 3);
    assert_int_equal(b.next[3][0], 4);
    assert_int_equal(b.next[3][1], 4);
    assert_int_equal(b.next[4][0], 5);
    assert_int_equal(b.next[4][1], 5);
    assert_int_equal(b.next[4][2], 0);
    for (int k = 0; k < 4; k++) assert_int_equal(b.next[5][k], 0);
    ir_block_free(&b);
}

/* The number of an INSN is no argument: it is no use of a node of that index. */
static void numbers_of_instructions_are_no_uses(void **state)
{
    struct ir_block b;
    ir_block_init(&b);
    parse(&b, "insn 0 0x10\nx = get.i64 w1\ninsn 1 0x14\ngoto 0x18\n");
    ir_forward(&b);
    ir_backward(&b);
    assert_int_equal(b.nodes[1].op, IR_NOP);
    assert_int_equal(b.nodes[2].a[0], 1);
    ir_block_free(&b);
}

/* Stamps say which entries of the table of words belong to this block. When their numbers run out, old
 * entries must not come to life again. */
static void stamps_run_out(void **state)
{
    static const char text[] = "insn 0 0x10\nx = get.i64 w1\ny = get.i64 w1\nz = add.i64 x, y\nset w2, z\n"
                               "l = load64 z\nset w2, l\ngoto 0x14\n";
    struct ir_block b;
    struct buf first = {0}, again = {0};
    ir_block_init(&b);
    for (uint32_t left = 40; left-- > 0;) {
        parse(&b, text);
        if (left == 38) b.scratch->stamp = UINT32_MAX - left;
        ir_forward(&b);
        ir_backward(&b);
        struct buf *out = first.p ? &again : &first;
        buf_reset(out);
        ir_print(&b, NULL, out);
        if (out == &again) assert_string_equal(first.p, again.p);
    }
    assert_true(b.scratch->stamp < 1000);
    buf_free(&first);
    buf_free(&again);
    ir_block_free(&b);
}

/* Translating allocates nothing once it is warm, whatever changes places with what. */
static void memory_is_reused(void **state)
{
    struct ir_block b;
    uint32_t caps[2] = {0};
    ir_block_init(&b);
    for (int round = 0; round < 6; round++) {
        ir_block_reset(&b, 0, 0);
        ir_insn(&b, 0, 0);
        uint32_t v = ir_get(&b, IR_I64, 1);
        for (int i = 0; i < 3000; i++) v = ir_op2(&b, IR_SUB_I64, v, ir_const(&b, IR_I64, (uint64_t)i));
        ir_set(&b, 1, v);
        ir_add_node(&b, &(struct ir_node){.op = IR_STEP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
        ir_forward(&b);
        ir_backward(&b);
        uint32_t most = b.cap > b.scratch->cap ? b.cap : b.scratch->cap;
        uint32_t least = b.cap > b.scratch->cap ? b.scratch->cap : b.cap;
        if (round > 2) {
            assert_int_equal(most, caps[0]);
            assert_int_equal(least, caps[1]);
        }
        caps[0] = most;
        caps[1] = least;
    }
    ir_block_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_use_knows_the_next_one),
        cmocka_unit_test(one_value_in_every_place),
        cmocka_unit_test(numbers_of_instructions_are_no_uses),
        cmocka_unit_test(stamps_run_out),
        cmocka_unit_test(memory_is_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
