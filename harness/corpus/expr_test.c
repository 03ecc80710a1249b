/* Conditions of quirks: what they are worth, and what is said about those that are none. */
#include "harness/corpus/corpus_test.h"
#include "harness/corpus/expr.h"

#include <inttypes.h>

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

/* add a0, a1, a2 with a1 = -1, a2 = 5; afterwards a0 is 4 and, for the other, 9 with a fault. */
static uint64_t value_with(const char *text, const char *code, const char *in)
{
    struct arena a = {0};
    struct value_error err = {0};
    struct buf yaml = {0};
    buf_printf(&yaml, HEAD "cases:\n- {id: a, code: \"%s\", in: {%s}}\n", code, in);
    struct loaded *l = load_one(yaml.p);
    const struct expr *e = expr_parse(rv, text, strlen(text), &a, &err);
    if (!e) fail_msg("%s: at %zu: %s", text, err.offset, err.message);
    if (!expr_check(e, rv, l->c->row, &err)) fail_msg("%s: at %zu: %s", text, err.offset, err.message);
    uint64_t *ours = xcalloc(rv->state_words, 8), *theirs = xcalloc(rv->state_words, 8);
    ours[10] = 4;
    theirs[10] = 9;
    struct cpu_exit right = {.kind = EXIT_BUDGET};
    struct cpu_exit wrong = {
        .kind = EXIT_FAULT, .cause = (unsigned)guest_cause_find(rv, "load-access"), .value = 0x77};
    uint32_t word = 0;
    for (unsigned i = 0; i < l->c->code_size; i++) word |= (uint32_t)l->c->code[i] << (8 * i);
    struct expr_env env = {l->c, NULL, l->c->row, word, l->c->code_at, &right, ours, &wrong, theirs};
    uint64_t v = expr_eval(e, &env);
    free(ours);
    free(theirs);
    unload(l);
    buf_free(&yaml);
    arena_free(&a);
    return v;
}

static uint64_t value(const char *text)
{
    return value_with(text, "add a0, a1, a2", "a1: -1, a2: 5, fflags: 3");
}

static void test_operators(void **state)
{
    static const struct {
        const char *text; /* a condition */
        uint64_t value;   /* of it */
    } rows[] = {
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"10 - 3 - 2", 5},
        {"-1 >>s 4", ~0ull},
        {"-1 >>u 60", 15},
        {"1 << 3 | 1", 9},
        {"6 & 3 ^ 1 | 8", 11},
        {"~0 == -1", 1},
        {"!5", 0},
        {"-1 <s 0", 1},
        {"(4 >=s 4) + (3 >=s 4) * 2 + (4 >s 4) * 4 + (4 >u 3) * 8", 9},
        {"-1 <u 0", 0},
        {"3 >=u 3 && 3 <=s 3", 1},
        {"1 == 2 || 2 != 1", 1},
        {"0 || 1 && 0", 0},
        {"(5 >s 4) == 1", 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        if (value(rows[i].text) != rows[i].value)
            fail_msg("%s is %" PRIu64, rows[i].text, value(rows[i].text));
}

static void test_names(void **state)
{
    assert_int_equal(value("rs1"), -1);
    assert_int_equal(value("rs2 + 1"), 6);
    assert_int_equal(value("#rs1"), 11);
    assert_int_equal(value("fflags"), 3);
    assert_int_equal(value("a2"), 5);
    assert_int_equal(value("pc"), 0x10000);
    assert_int_equal(value("next"), 0x10004);
    assert_int_equal(value("word[6:0]"), 0x33);
    assert_int_equal(value_with("word", "c.lw a0, 4(a1)", ""), 0x41c8);
    assert_int_equal(value("mstatus[14:13]"), 3);
    assert_int_equal(value("rs1[31:0]"), 0xffffffff);
    assert_int_equal(value("rs1[63]"), 1);
    assert_int_equal(value("ours.rd"), 4);
    assert_int_equal(value("theirs.rd - ours.a0"), 5);
    assert_int_equal(value("theirs.value"), 0x77);
    assert_int_equal(value("ours.exit == 'budget' && theirs.exit == 'load-access'"), 1);
    assert_int_equal(value("theirs.exit != 'illegal'"), 1);
    assert_int_equal(value_with("imm == -5 && rs1 + imm == 2", "lw a0, -5(a1)", "a1: 7"), 1);
    assert_int_equal(value_with("csr", "csrrs a0, cycle, zero", ""), 0xc00);
    assert_int_equal(value_with("rs1", "add a0, zero, a2", ""), 0);
    assert_int_equal(value_with("rs1c + uimm", "c.lw a0, 4(a1)", "a1: 7"), 11);
}

static void test_functions(void **state)
{
    assert_int_equal(value("nan32(0x7fc00000) + 2 * snan32(0x7fc00000) + 4 * snan32(0x7fa00000)"), 5);
    assert_int_equal(value("nan32(0xffffffff7f800000) + inf32(0xff800000) * 2"), 2);
    assert_int_equal(value("subnormal64(1) + subnormal64(0) + zero64(0x8000000000000000) * 4"), 5);
    assert_int_equal(value("subnormal16(0x83ff) + nan16(0x7c01) * 2 + snan16(0x7e00) * 4"), 3);
    assert_int_equal(value("boxed32(rs1) + boxed32(rs2) * 2 + boxed16(rs1) * 4"), 5);
    assert_int_equal(value("misaligned(rs2, 4) + misaligned(8, 4) * 2 + misaligned(8, 0) * 4"), 1);
    assert_int_equal(value("sext32(0x80000000) == -0x80000000"), 1);
}

/* `under` has a '^' below each character of the error's span. */
static void check_error(const char *text, const char *under, const char *message)
{
    struct arena a = {0};
    struct value_error err = {0};
    const struct expr *e = expr_parse(rv, text, strlen(text), &a, &err);
    if (e && expr_check(e, rv, guest_row_find(rv, "rv.lw"), &err)) fail_msg("'%s' was accepted", text);
    assert_string_equal(err.message, message);
    assert_int_equal(err.offset, strspn(under, " "));
    assert_int_equal(err.span, strlen(under) - strspn(under, " "));
    arena_free(&a);
}

static void test_errors(void **state)
{
    check_error("", "^", "the expression ends too early");
    check_error("rs1 +", "     ^", "the expression ends too early");
    check_error("rs1 rs2", "    ^", "expected an operator or the end");
    check_error("rs1 < 5", "    ^", "a comparison says whether it is signed: <u <s <=u <=s >u >s >=u >=s");
    check_error("1 <u 2 <u 3", "       ^^", "comparisons do not chain: put one in parentheses");
    check_error("(1 + 2", "      ^", "expected ')'");
    check_error("12z", "^^^", "not a number");
    check_error("rs2 == 1", "^^^", "row rv.lw has no operand 'rs2'; did you mean 'rs1'?");
    check_error("1 + #sp", "    ^^^", "row rv.lw has no operand 'sp'");
    check_error("ours.imm", "^^^^^^^^", "'imm' is no register: it is the same before and after");
    check_error("ours", "    ^", "expected '.' and a name after 'ours'");
    check_error("snan33(rs1)", "^^^^^^", "no function 'snan33'; did you mean 'snan32'?");
    check_error("misaligned(rs1)", "              ^", "misaligned takes 2 arguments");
    check_error("boxed32(rs1, 2)", "           ^", "expected ')' after the arguments of boxed32");
    check_error("rs1[64]", "    ^^", "expected bits as [63:32] or [0]");
    check_error("rs1[3:4]", "    ^^^", "expected bits as [63:32] or [0]");
    check_error("rs1[3", "     ^", "expected ']'");
    check_error("theirs.exit == 'ilegal'", "               ^^^^^^^^",
                "riscv64 has no cause 'ilegal'; did you mean 'illegal'?");
    check_error("theirs.exit == 'x", "               ^", "the quote is not closed");
    check_error("theirs.exit == 5", "               ^", "expected a cause, as 'illegal'");
    check_error("theirs.exit + 1", "^^^^^^^^^^^", "expected a number");
    check_error("theirs.exit", "^^^^^^^^^^^", "expected a condition, not a way to end");
    check_error("!theirs.exit", " ^^^^^^^^^^^", "expected a number");
    check_error("1 == @", "     ^", "expected a value");
}

/* Neither depth nor length of a text can hurt. */
static void test_bounds(void **state)
{
    char deep[EXPR_MAX_TEXT + 2];
    struct arena a = {0};
    struct value_error err = {0};
    memset(deep, '(', sizeof(deep));
    assert_null(expr_parse(rv, deep, 900, &a, &err));
    assert_string_equal(err.message, "more than 50 levels");
    memset(deep, '-', sizeof(deep));
    assert_null(expr_parse(rv, deep, 900, &a, &err));
    assert_string_equal(err.message, "more than 50 levels");
    assert_null(expr_parse(rv, deep, EXPR_MAX_TEXT + 1, &a, &err));
    assert_string_equal(err.message, "a condition has at most 1000 characters");
    for (size_t i = 0; i < 900; i++) deep[i] = i % 2 ? '+' : '1';
    const struct expr *e = expr_parse(rv, deep, 899, &a, &err);
    assert_non_null(e);
    struct expr_env env = {0};
    assert_int_equal(expr_eval(e, &env), 450);
    arena_free(&a);
}

static void test_needs_results(void **state)
{
    struct arena a = {0};
    struct value_error err = {0};
    assert_false(expr_needs_results(expr_parse(rv, "rs1 + 1 == 2", 12, &a, &err)));
    assert_true(expr_needs_results(expr_parse(rv, "1 == 2 || theirs.rd[0]", 22, &a, &err)));
    assert_false(expr_needs_results(NULL));
    arena_free(&a);
}

/* Of instructions of rv.lw, whose imm is signed and has 12 bits, or of rv.csrrs. */
static int can_hold(const char *row, const char *text)
{
    struct arena a = {0};
    struct value_error err = {0};
    const struct guest_row *r = guest_row_find(rv, row);
    const struct expr *e = expr_parse(rv, text, strlen(text), &a, &err);
    if (!e || !expr_check(e, rv, r, &err)) fail_msg("'%s': %s", text, err.message);
    int can = expr_can_hold(e, r);
    arena_free(&a);
    return can;
}

static void test_can_hold(void **state)
{
    enum { NEVER, ALWAYS, MAYBE = -1 };
    static const struct {
        const char *row, *text; /* a condition in instructions of the row */
        int can;                /* the answer */
    } rows[] = {
        {"rv.lw", "rs1 == 5", MAYBE},
        {"rv.lw", "1 == 2", NEVER},
        {"rv.lw", "imm == 2048", NEVER},
        {"rv.lw", "imm == 2047", MAYBE},
        {"rv.lw", "imm == -2048 || imm >s 2047", MAYBE},
        {"rv.lw", "imm <s -2048", NEVER},
        {"rv.lw", "imm >=s -2048", ALWAYS},
        {"rv.lw", "imm <=u 2047", MAYBE},
        {"rv.csrrs", "csr == 0x1c00", NEVER},
        {"rv.csrrs", "csr <u 0x1000", ALWAYS},
        {"rv.csrrs", "csr >=u 0", ALWAYS},
        {"rv.csrrs", "csr[11:10] == 4", NEVER},
        {"rv.csrrs", "#rs1 == 32", NEVER},
        {"rv.csrrs", "#rs1 != 32", ALWAYS},
        {"rv.lw", "rs1[3:0] >u 15", NEVER},
        {"rv.lw", "rs1[63:60] == 15", MAYBE},
        {"rv.lw", "nan32(rs1) == 2", NEVER},
        {"rv.lw", "sext32(rs1) == 2", MAYBE},
        {"rv.lw", "fflags == 32", NEVER},
        {"rv.csrrs", "csr == 1 && csr == 2", NEVER},
        {"rv.csrrs", "csr == 1 && rs1 == 3 && csr != 1", NEVER},
        {"rv.csrrs", "csr == 1 || csr == 2", MAYBE},
        {"rv.lw", "rs1 >u 7 && imm == 0 && rs1 <u 5", NEVER},
        {"rv.lw", "rs1 >u 7 && rs1 <u 9", MAYBE},
        {"rv.lw", "rs1 >s 7 && rs1 <s -9", NEVER},
        {"rv.lw", "rs1 == 1 && imm == 2", MAYBE},
        {"rv.lw", "theirs.exit == 'illegal' && theirs.exit == 'budget'", NEVER},
        {"rv.lw", "theirs.exit == 'illegal' && ours.exit == 'budget'", MAYBE},
        {"rv.lw", "!(imm == 4096)", ALWAYS},
        {"rv.lw", "word >u 0xffffffff", NEVER},
        {"rv.lw", "rs1 + 1 == 0", MAYBE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (can_hold(rows[i].row, rows[i].text) != rows[i].can)
            fail_msg("%s: %s: %d", rows[i].row, rows[i].text, can_hold(rows[i].row, rows[i].text));
}

static bool needs_state(const char *text)
{
    struct arena a = {0};
    struct value_error err = {0};
    bool needs =
        expr_needs_state(expr_parse(rv, text, strlen(text), &a, &err), guest_row_find(rv, "rv.csrrs"));
    arena_free(&a);
    return needs;
}

static void test_needs_state(void **state)
{
    assert_false(needs_state("csr == 1 && #rs1 != 0 || theirs.rd == 1"));
    assert_true(needs_state("csr == 1 && rs1 != 0"));
    assert_true(needs_state("mstatus[14:13] == 0"));
    assert_false(needs_state("word[3:0] == 1 && next == 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators), cmocka_unit_test(test_names),
        cmocka_unit_test(test_functions), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bounds),    cmocka_unit_test(test_needs_results),
        cmocka_unit_test(test_can_hold),  cmocka_unit_test(test_needs_state),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
