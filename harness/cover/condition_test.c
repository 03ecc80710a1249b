/* Conditions of causes, from bins by name: what passed, and what failed. */
#include "harness/cover/condition.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct backend one = {.name = "one"}, two = {.name = "two"};
static const struct lineup pair = {.entries = {{&one, false, NULL}, {&two, false, NULL}}, .n = 2};
static const struct guest *rv;

/* What a test knows. */
struct scene {
    struct ledger *l;  /* passing cases */
    struct clusters c; /* failing ones */
    const char *row;   /* which they are of */
    bool longer;       /* they stand in longer cases */
};

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static const struct bins *bins(const struct scene *s)
{
    return s->l->subjects[0].bins[guest_row_find(rv, s->row) - rv->rows];
}

static unsigned bin(const struct scene *s, const char *name)
{
    struct buf b = {0};
    unsigned found = BIN_NONE;
    for (unsigned i = 0; i < bins(s)->n && found == BIN_NONE; i++) {
        buf_reset(&b);
        bins_name(bins(s), i, &b);
        if (!strcmp(buf_cstr(&b), name)) found = i;
    }
    buf_free(&b);
    if (found == BIN_NONE) fail_msg("%s has no bin '%s'", s->row, name);
    return found;
}

/* Names separated by '|'; each is called for in turn, "executed" before them. */
static void each(const struct scene *s, const char *names, void (*seen)(void *arg, unsigned bin), void *arg)
{
    char *copy = xstrdup(names);
    seen(arg, 0);
    for (char *n = strtok(copy, "|"); n; n = strtok(NULL, "|")) seen(arg, bin(s, n));
    free(copy);
}

static void mark(void *scene, unsigned bin)
{
    struct scene *s = scene;
    unsigned row = (unsigned)(guest_row_find(rv, s->row) - rv->rows);
    ledger_cells(s->l, 0, 1, row)[bin] |= CELL_EXECUTED | CELL_PASSED;
}

static void pass(struct scene *s, const char *names)
{
    each(s, names, mark, s);
}

static void append(void *text, unsigned bin)
{
    buf_printf(text, " %u", bin);
}

static void fail_case(struct scene *s, const char *names, unsigned times)
{
    struct buf text = {0};
    buf_printf(&text, "riscv64 %s%s", s->row, s->longer ? " ~" : "");
    if (names) each(s, names, append, &text);
    for (unsigned i = 0; i < times; i++)
        clusters_add(&s->c, &(struct record){.verdict = VERDICT_FAIL,
                                             .row = s->row,
                                             .reason = "cause",
                                             .id = "i",
                                             .file = "f",
                                             .detail = "",
                                             .bins = names ? text.p : ""});
    buf_free(&text);
}

static struct scene begin(const char *row)
{
    return (struct scene){.l = ledger_open(&pair), .row = row};
}

static void expect(struct scene *s, const char *when)
{
    clusters_sort(&s->c);
    condition_of_all(s->l, &s->c);
    assert_int_equal(s->c.n, 1);
    assert_string_equal(s->c.items[0].when, when);
    clusters_free(&s->c);
    ledger_free(s->l);
}

static void test_one_bin(void **state)
{
    struct scene s = begin("rv.fadd.s");
    pass(&s, "rm=rne|rs1=+norm|rs2=+norm|all different");
    pass(&s, "rm=rtz|rs1=qnan|rs2=+0|rd=rs1");
    fail_case(&s, "rm=rup|rs1=+norm|rs2=+0|rd=rs1", 1);
    fail_case(&s, "rm=rup|rs1=qnan|rs2=+norm|all different", 1);
    expect(&s, "when rm=rup");

    s = begin("rv.add");
    pass(&s, "all different|rs1=0|rs2=0");
    fail_case(&s, "rd=rs1|rs1=0|rs2=0", 3);
    expect(&s, "when rd=rs1");

    s = begin("rv.addi");
    pass(&s, "imm=max|rs1=0");
    fail_case(&s, "imm=-1|rs1=0", 1);
    expect(&s, "when imm=-1");

    s = begin("rv.lw");
    pass(&s, "address aligned");
    fail_case(&s, "address unmapped|fault load-access", 2);
    expect(&s, "when fault load-access");
}

static void test_several_values(void **state)
{
    struct scene s = begin("rv.fadd.s");
    pass(&s, "rs1=+norm|rs2=+norm");
    pass(&s, "rs1=-inf|rs2=qnan");
    fail_case(&s, "rs1=qnan|rs2=+norm", 2);
    fail_case(&s, "rs1=snan|rs2=qnan", 2);
    expect(&s, "when rs1=qnan or snan");

    s = begin("rv.add"); /* all but one value */
    pass(&s, "rs2=0|rs1=0");
    fail_case(&s, "rs2=1|rs1=0", 1);
    fail_case(&s, "rs2=-1|rs1=0", 1);
    expect(&s, "unless rs2=0");
}

/* Passing cases have it as well, and still it is no chance that all failing ones do. */
static void test_only_when(void **state)
{
    struct scene s = begin("rv.fadd.s");
    static const char *const modes[] = {"rm=rne", "rm=rtz", "rm=rdn", "rm=rup"};
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) pass(&s, modes[i]);
    pass(&s, "rs1=+norm");
    pass(&s, "rs1=qnan");
    fail_case(&s, "rm=rup|rs1=+norm", 4);
    fail_case(&s, "rm=rup|rs1=qnan", 2);
    expect(&s, "only when rm=rup");

    static const char *const values[] = {"rs1=0",   "rs1=1",     "rs1=-1", "rs1=min",
                                         "rs1=max", "rs1=small", "rs1=big"};
    s = begin("rv.xor"); /* some values fail never */
    for (unsigned i = 0; i < ARRAY_LEN(values); i++) pass(&s, values[i]);
    for (unsigned i = 1; i < ARRAY_LEN(values); i++) fail_case(&s, values[i], 20);
    expect(&s, "never when rs1=0");

    s = begin("rv.fadd.s"); /* two cases may */
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) pass(&s, modes[i]);
    fail_case(&s, "rm=rup", 2);
    expect(&s, "");
}

/* Failures of longer cases: that nothing is known to pass is no condition. */
static void test_longer(void **state)
{
    static const char *const modes[] = {"rm=rne",         "rm=rtz",         "rm=rdn",
                                        "rm=rmm",         "rm=dyn frm=rne", "rm=dyn frm=rtz",
                                        "rm=dyn frm=rdn", "rm=dyn frm=rmm", "rm=dyn frm=5"};
    struct scene s = begin("rv.fadd.s");
    s.longer = true;
    pass(&s, "rm=rne");
    fail_case(&s, "rm=rup", 2);
    expect(&s, "");
    s = begin("rv.fadd.s");
    s.longer = true;
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) pass(&s, modes[i]);
    fail_case(&s, "rm=rup", 3);
    expect(&s, "when rm=rup");
}

static void test_nothing_known(void **state)
{
    struct scene s = begin("rv.add");
    fail_case(&s, "rs1=0|rs2=0|rd=rs1", 3);
    expect(&s, "always: no case of this instruction is known to pass");

    s = begin("rv.add"); /* of one failure nothing is known */
    pass(&s, "rs1=1");
    fail_case(&s, "rs1=0", 3);
    fail_case(&s, NULL, 1);
    expect(&s, "");

    s = begin("rv.add"); /* operands of passing cases are not known: they are of longer cases */
    pass(&s, "all different");
    fail_case(&s, "rs1=0|rs2=0|all different", 1);
    expect(&s, "");

    s = begin("rv.add"); /* a pair of values that only one case has, is nothing */
    pass(&s, "rs1=0|rs2=1|rs1=0 rs2=1");
    pass(&s, "rs1=1|rs2=0|rs1=1 rs2=0");
    fail_case(&s, "rs1=0|rs2=0|rs1=0 rs2=0", 1);
    expect(&s, "");
}

/* Text of a process that is broken, or of a file that somebody wrote. */
static void test_bad_text(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "riscv64",
                                        "riscv64 ",
                                        "riscv64 rv.none 1",
                                        "x rv.add 1",
                                        "riscv64 rv.add 99999999999999999999 70000 x",
                                        "riscv64 rv.add"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct scene s = begin("rv.add");
        clusters_add(&s.c, &(struct record){.verdict = VERDICT_FAIL,
                                            .row = "",
                                            .reason = "c",
                                            .id = "i",
                                            .file = "f",
                                            .detail = "",
                                            .bins = texts[i]});
        clusters_sort(&s.c);
        condition_of_all(s.l, &s.c);
        condition_of_all(NULL, &(struct clusters){0});
        assert_non_null(s.c.items[0].when);
        clusters_free(&s.c);
        ledger_free(s.l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_bin),       cmocka_unit_test(test_several_values),
        cmocka_unit_test(test_only_when),     cmocka_unit_test(test_longer),
        cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_bad_text),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
