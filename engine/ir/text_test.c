/* The text of blocks: printed and read back it is the same, and what is wrong is said with its line; the
 * verifier finds each breach of ir.h's rules. */
#include "engine/ir/ir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A line for each way in which an operation is written. */
static const char every_syntax[] = "block 0x10000 key 0x1 round rup\n"
                                   "insn 0 0x10000\n"
                                   "v1 = get.i64 w10\n"
                                   "v2 = const.i64 0x4\n"
                                   "v3 = add.i64 v1, v2\n"
                                   "set w11, v3\n"
                                   "v5 = trunc.i32.i64 v3\n"
                                   "v6 = box v5\n"
                                   "v7 = unbox.i32 v6, 0x7fc00000\n"
                                   "v8 = f32.fma[rtz] v7, v5, v7\n"
                                   "v9 = get.v128 w64\n"
                                   "v10 = lanes.32 add.i32 v9, v5\n"
                                   "v11 = lanes.64 f64.add[rmm] v9, v10\n"
                                   "store128 v3, v11\n"
                                   "v13 = eq.i64 v1, v2\n"
                                   "insn 3 0x10004\n"
                                   "exit_if v13, 0x10020\n"
                                   "guard[call] v3, 0x10040\n"
                                   "raise v13, 0x2\n"
                                   "return\n"
                                   "call 0x10008\n"
                                   "v20 = load8 v3\n"
                                   "jump[return] v3\n";

static void print_and_parse_agree(void **state)
{
    static const char *const ends[] = {"goto[call] 0x10\n", "goto 0x10\n", "jump v1\n", "step\n",
                                       "raise 0x3\n"};
    struct ir_block b;
    struct buf text = {0}, again = {0}, err = {0};
    ir_block_init(&b);
    for (size_t i = 0; i <= ARRAY_LEN(ends); i++) {
        buf_reset(&text);
        buf_reset(&again);
        if (i < ARRAY_LEN(ends))
            buf_printf(&text, "block 0x10 key 0x0 round rne\ninsn 0 0x10\nv1 = get.i64 w1\n%s", ends[i]);
        else
            buf_str(&text, every_syntax);
        assert_true(ir_parse(&b, NULL, text.p, &err));
        assert_null(ir_verify(&b, &err));
        ir_print(&b, NULL, &again);
        assert_string_equal(text.p, again.p);
    }
    assert_int_equal(b.insns, 4);
    assert_int_equal(b.live_round, FP_RUP);
    assert_int_equal(b.key, 1);
    buf_free(&text);
    buf_free(&again);
    buf_free(&err);
    ir_block_free(&b);
}

/* Every generated operation by its name, with as many arguments of the right types as it wants. */
static void each_operation_is_written_and_read(void **state)
{
    struct ir_block b, back;
    struct buf text = {0}, again = {0}, err = {0};
    ir_block_init(&b);
    ir_block_init(&back);
    for (unsigned op = IR_FIRST_OP; op < IR_OPS; op++) {
        const struct ir_op_info *info = &ir_op_table[op];
        struct ir_node n = {
            .op = (uint16_t)op, .type = info->result, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
        ir_block_reset(&b, 0x10, 0);
        ir_insn(&b, 0, 0x10);
        for (unsigned i = 0; i < info->nargs; i++)
            n.a[i] = ir_const(&b, info->args[i] == IR_TYPES ? IR_I8 : info->args[i], 1);
        if (info->flags & IR_OP_ROUND) n.round = FP_ODD;
        ir_add_node(&b, &n);
        ir_add_node(&b, &(struct ir_node){.op = IR_STEP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
        buf_reset(&text);
        buf_reset(&again);
        if (ir_verify(&b, &err)) fail_msg("%s", err.p);
        ir_print(&b, NULL, &text);
        if (!ir_parse(&back, NULL, text.p, &err)) fail_msg("%s in\n%s", err.p, text.p);
        ir_print(&back, NULL, &again);
        assert_string_equal(text.p, again.p);
        assert_int_equal(b.n, back.n);
        assert_memory_equal(b.nodes, back.nodes, b.n * sizeof(b.nodes[0]));
    }
    buf_free(&text);
    buf_free(&again);
    buf_free(&err);
    ir_block_free(&b);
    ir_block_free(&back);
}

/* State words under a guest's names; ctx is a letter. */
static void print_word(const void *ctx, unsigned word, struct buf *out)
{
    buf_printf(out, "%c%u", *(const char *)ctx, word + 1);
}
static int find_word(const void *ctx, const char *s, size_t len)
{
    return len == 2 && s[0] == *(const char *)ctx && s[1] > '0' && s[1] <= '9' ? s[1] - '1' : -1;
}

/* Also: comments, blanks, and that what is nothing does not show. */
static void names_of_state_words(void **state)
{
    const struct ir_names names = {print_word, find_word, "x"};
    static const char text[] =
        "insn 0 0x10\n a = get.i64 x3 ; a comment\n\nnop\n\tset x9, a\r\n set w9, a\n goto 16";
    struct ir_block b;
    struct buf out = {0}, err = {0};
    ir_block_init(&b);
    assert_true(ir_parse(&b, &names, text, &err));
    assert_int_equal(b.pc, 0x10);
    ir_print(&b, &names, &out);
    assert_string_equal(out.p, "block 0x10 key 0x0 round rne\ninsn 0 0x10\nv1 = get.i64 x3\nset x9, v1\n"
                               "set x10, v1\ngoto 0x10\n");
    buf_free(&out);
    buf_free(&err);
    ir_block_free(&b);
}

struct wrong {
    const char *text;     /* a block */
    const char *sentence; /* what must be said of it */
};

static void check_wrong(const struct wrong *w, size_t n, bool verify)
{
    struct ir_block b;
    struct buf err = {0};
    ir_block_init(&b);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&err);
        bool ok = ir_parse(&b, NULL, w[i].text, &err);
        assert_int_equal(ok, verify);
        if (verify) assert_non_null(ir_verify(&b, &err));
        assert_string_equal(err.p, w[i].sentence);
    }
    buf_free(&err);
    ir_block_free(&b);
}

static void parse_errors_are_sentences(void **state)
{
    static const struct wrong cases[] = {
        {"insn 0 0\nv1 = ad.i64 v0, v0", "line 2: unknown operation 'ad.i64'; did you mean 'add.i64'?"},
        {"v1 = const.i65 1", "line 1: unknown type 'i65'; did you mean 'i64'?"},
        {"v1 = const.i64 zz", "line 1: a number is missing before 'zz'"},
        {"v1 = const.i64 0x10000000000000000", "line 1: a number does not fit in 64 bits"},
        {"v1 = const.i64 1 2", "line 1: '2' is too much"},
        {"v1 = get.i64 x1", "line 1: 'x1' is no state word"},
        {"\n\nset w1, v7", "line 3: nothing above is called 'v7'"},
        {"set w1 v7", "line 1: ',' is missing before 'v7'"},
        {"v1 = const.i8 1\nv1 = const.i8 1", "line 2: 'v1' is taken"},
        {"v1 = goto 1", "line 1: 'goto' gives no value"},
        {"get.i64 w1", "line 1: 'get' gives a value: write 'v = get…'"},
        {"= const.i8 1", "line 1: '= const.i8 1' is no operation"},
        {"v1 =", "line 1: an operation is missing after '='"},
        {"v1 = const.i64 1\nv2 = f64.sqrt v1", "line 2: a rounding mode in brackets is missing"},
        {"v1 = const.i64 1\nv2 = f64.sqrt[up] v1", "line 2: unknown rounding mode 'up'; did you mean 'rup'?"},
        {"goto[ret] 1", "line 1: unknown kind of jump 'ret'"},
        {"goto[call 1", "line 1: ']' is missing before '1'"},
        {"block 0\nblock 0", "line 2: 'block' comes once, and first"},
        {"block 0 kye 1", "line 1: unknown word 'kye'; did you mean 'key'?"},
        {"v1 = get.v128 w1\nv2 = lanes.a add.i8 v1, v1",
         "line 2: the width of a lane is missing before 'a add.i8 v1, v1'"},
        {"v1 = get.v128 w1\nv2 = add.i64 v1", "line 2: ',' is missing before ''"},
    };
    check_wrong(cases, ARRAY_LEN(cases), false);
}

static void the_verifier_finds_each_breach(void **state)
{
    static const struct wrong cases[] = {
        {"", "the block is empty"},
        {"step", "node 0 (step): no instruction has begun"},
        {"insn 0 0", "node 0 (insn 0 0x0): nothing ends the block"},
        {"insn 0 0\nstep\nnop", "node 1 (step): something follows"},
        {"insn 0 0\nraise 1\nstep", "node 1 (raise 0x1): something follows"},
        {"insn 1 0\ninsn 1 0\nstep", "node 1 (insn 1 0x0): numbers of instructions must rise"},
        {"insn 0 0\nv = const.i8 0x100\nstep", "node 1 (v1 = const.i8 0x100): 0x100 does not fit in i8"},
        {"insn 0 0\nv = get.i64 w1024\nstep", "node 1 (v1 = get.i64 w1024): there is no such state word"},
        {"insn 0 0\nv = get.i128 w1023\nstep", "node 1 (v1 = get.i128 w1023): there is no such state word"},
        {"insn 0 0\nv = get.v128 w1\nset w1023, v\nstep",
         "node 2 (set w1023, v1): there is no such state word"},
        {"insn 0 0\nv = get.i32 w1\nu = not.i64 v\nstep",
         "node 2 (v2 = not.i64 v1): argument 0 is i32, not i64"},
        {"insn 0 0\nv = get.i32 w1\nexit_if v, 4\nstep",
         "node 2 (exit_if v1, 0x4): argument 0 is i32, not i1"},
        {"insn 0 0\nv = get.v128 w1\nu = const.i8 1\nx = shl.i8 u, v\nstep",
         "node 3 (v3 = shl.i8 v2, v1): argument 1 is no integer"},
        {"insn 0 0\nv = get.i64 w1\nu = box v\nstep", "node 2 (v2 = box v1): there is nothing above i64"},
        {"insn 0 0\nv = get.i64 w1\nu = unbox.i64 v, 0\nstep",
         "node 2 (v2 = unbox.i64 v1, 0x0): there is nothing above i64"},
        {"insn 0 0\nv = get.i64 w1\nu = unbox.i16 v, 0x10000\nstep",
         "node 2 (v2 = unbox.i16 v1, 0x10000): 0x10000 does not fit in i16"},
        {"insn 0 0\nv = get.v128 w1\nu = lanes.32 load8 v\nstep",
         "node 2 (v2 = lanes.32 load8 v1): load8 may leave"},
        {"insn 0 0\nv = get.v128 w1\nu = lanes.32 add.i8 v, v\nstep",
         "node 2 (v2 = lanes.32 add.i8 v1, v1): add.i8 gives i8"},
        {"insn 0 0\nv = get.v128 w1\nu = lanes.7 add.i8 v, v\nstep",
         "node 2 (v2 = lanes.7 add.i8 v1, v1): lanes have 8, 16, 32 or 64 bits"},
        {"insn 0 0\nv = get.i8 w1\nu = lanes.8 add.i8 v, v\nstep",
         "node 2 (v2 = lanes.8 add.i8 v1, v1): no argument is a vector"},
        {"insn 0 0\nv = get.v128 w1\nu = lanes.8 add.i8 v\nstep",
         "node 2 (v2 = lanes.8 add.i8 v1): argument 1 is missing"},
    };
    check_wrong(cases, ARRAY_LEN(cases), true);
}

/* What text cannot say. */
static void the_verifier_finds_wrong_nodes(void **state)
{
    const struct ir_node get = {
        .op = IR_GET, .type = IR_I64, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    const struct ir_node step = {.op = IR_STEP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    static const struct {
        struct ir_node n;     /* stands third, behind an insn and a get */
        const char *sentence; /* the end of what must be said */
    } cases[] = {
        {{.op = IR_NOT_I64, .type = IR_I64, .a = {2, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "argument 0 does not stand above it"},
        {{.op = IR_NOT_I64, .type = IR_I64, .a = {0, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "argument 0 is no value"},
        {{.op = IR_NOT_I64, .type = IR_I64, .a = {1, 1, IR_NONE, IR_NONE, IR_NONE}}, "it has no argument 1"},
        {{.op = IR_NOT_I64, .type = IR_I64, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "argument 0 is missing"},
        {{.op = IR_NOT_I64, .type = IR_I32, .a = {1, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "its value is i64, not i32"},
        {{.op = IR_GET, .type = IR_VOID, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "its value has no type"},
        {{.op = IR_GET, .type = 99, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "there is no type 99"},
        {{.op = IR_F64_SQRT, .type = IR_I64, .round = 6, .a = {1, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "there is no mode 6"},
        {{.op = IR_NOT_I64, .type = IR_I64, .round = 1, .a = {1, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "there is no mode 1"},
        {{.op = IR_GOTO, .round = 3, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}},
         "there is no mode 3"},
        {{.op = 9999}, "the table ends at"},
    };
    struct ir_block b;
    struct buf err = {0};
    ir_block_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ir_block_reset(&b, 0, 0);
        ir_insn(&b, 0, 0);
        ir_add_node(&b, &get);
        ir_add_node(&b, &cases[i].n);
        ir_add_node(&b, &step);
        buf_reset(&err);
        const char *sentence = ir_verify(&b, &err);
        assert_non_null(sentence);
        if (!strstr(sentence, cases[i].sentence))
            fail_msg("'%s' in place of '%s'", sentence, cases[i].sentence);
        b.nodes[2] = (struct ir_node){.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
        assert_null(ir_verify(&b, &err));
    }
    b.nodes[1] = b.nodes[2];
    b.nodes[2] = (struct ir_node){.op = IR_SET, .a = {1, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    buf_reset(&err);
    assert_string_equal(ir_verify(&b, &err), "node 2 (set w0, v1): argument 0 was dropped");
    buf_free(&err);
    ir_block_free(&b);
}

/* Building grows past the first size, and resetting keeps the memory. */
static void blocks_grow_and_are_reused(void **state)
{
    struct ir_block b;
    ir_block_init(&b);
    for (uint32_t i = 0; i < 5000; i++) assert_int_equal(ir_const(&b, IR_I8, i), i);
    for (uint32_t i = 0; i < 5000; i++) assert_int_equal(b.nodes[i].imm, i & 0xff);
    const struct ir_node *nodes = b.nodes;
    uint32_t cap = b.cap;
    ir_block_reset(&b, 0x40, 7);
    assert_int_equal(b.n, 0);
    assert_int_equal(b.pc, 0x40);
    assert_int_equal(b.key, 7);
    ir_insn(&b, 0, 0x40);
    assert_ptr_equal(nodes, b.nodes);
    assert_int_equal(cap, b.cap);
    ir_block_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_and_parse_agree),
        cmocka_unit_test(each_operation_is_written_and_read),
        cmocka_unit_test(names_of_state_words),
        cmocka_unit_test(parse_errors_are_sentences),
        cmocka_unit_test(the_verifier_finds_each_breach),
        cmocka_unit_test(the_verifier_finds_wrong_nodes),
        cmocka_unit_test(blocks_grow_and_are_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
