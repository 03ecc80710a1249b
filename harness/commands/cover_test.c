/* `lockstep cover` as its users meet it: tables, holes, verdicts, files for other programs, and what is
 * refused. */
#include "harness/cover/cover_test.h"
#include "harness/cover/view.h"

#include <sys/stat.h>

static char project[512]; /* where the tests were started: the project's folder */

/* `add` is checked by the manual, `sub` by nobody, `and` by another backend only. */
static void run_some(struct place *p)
{
    write_file("t.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "  - {id: a, code: 'add a0, a1, a2', in: {a1: -1, a2: 1}, out: {a0: 0}}\n"
                         "  - {id: b, code: 'add a0, a1, a1', in: {a1: 5}}\n");
    write_file("u.yaml", "lockstep: 1\nisa: riscv64\ncases: [{id: c, code: 'sub a0, a1, a1'}]\n");
    lockstep(p, "run|-q|--quirks|none|-b|faulty|-O|none|--report|cover=t|t.yaml");
    lockstep(p, "run|-q|--quirks|none|-b|faulty|-O|none|--report|cover=u|u.yaml");
    assert_int_equal(p->status, STATUS_PASS);
}

static void test_rows(void **state)
{
    struct place *p = *state;
    run_some(p);
    expect(p, "cover|--thresholds|none|t|rv.add", STATUS_PASS, "");
    expect_part(p->out, "manual  |   bins");
    expect_part(p->out, "I            faulty       1       0         1        1         1  |");
    expect(p, "cover|-q|--thresholds|none|t|u|rv.add|rv.sub|rv.or|ext:V", STATUS_FAIL, "");
    assert_string_equal(p->out, "not executed on every backend: rv.or\n"
                                "checked by nobody outside on every backend: rv.or, rv.sub\n");
    expect(p, "cover|--thresholds|none|t|ext:Svinval", STATUS_PASS, "");
    expect_part(p->out, "|      0       -        -      -        -\n");
    /* without names, all of them */
    expect(p, "cover|-q|--thresholds|none|t|u", STATUS_FAIL, "");
    expect_part(p->out, "not executed on every backend: rv.lr.w, ");
    expect_part(p->out, " more (-v names them)\n");
    expect_no_part(p->out, "rv.aes64dsm");
    expect(p, "cover|-q|-v|--thresholds|none|t|u", STATUS_FAIL, "");
    expect_part(p->out, ", rv.aes64dsm, ");
    expect_no_part(p->out, "-v names");
    expect_no_part(p->out, "rv.vadd");
}

static void test_holes(void **state)
{
    struct place *p = *state;
    run_some(p);
    expect(p, "cover|-q|--holes|-v|--thresholds|none|t|rv.add", STATUS_PASS, "");
    expect_part(p->out, "rv.add (specs/riscv64/i.yaml:");
    expect_part(p->out, "  never executed: rs1=0, rs1=1, rs1=min, ");
    expect_part(
        p->out,
        "  executed but never checked: rs1=small, rs2=small, rs1=small rs2=small, rs1 == rs2, rs1=rs2\n");
    expect(p, "cover|-q|--holes|--thresholds|none|t|rv.add", STATUS_PASS, "");
    expect_part(p->out, " more\n");
    /* where backends differ, they are named */
    lockstep(p, "run|-q|--quirks|none|-b|interp|-O|none|--report|cover=v|u.yaml");
    expect(p, "cover|-q|--holes|-v|--thresholds|none|t|v|rv.add|rv.sub", STATUS_FAIL, "");
    expect_part(p->out, "  never executed by interp: executed, rs1=-1, rs1=small, ");
    expect_part(p->out, "  never executed by faulty: executed, rs1=0, ");
    expect_part(p->out, "not executed on every backend: rv.add, rv.sub\n");
}

/* The sum of the files is a file. */
static void test_merged(void **state)
{
    struct place *p = *state;
    run_some(p);
    expect(p, "cover|-q|--thresholds|none|-o|both|t|u|rv.add", STATUS_PASS, "");
    expect(p, "cover|-q|--holes|--thresholds|none|both|rv.sub", STATUS_FAIL, "");
    expect_part(p->out, "checked by nobody outside on every backend: rv.sub\n");
    expect_no_part(p->out, "not executed on");
    char *text = read_file("both");
    expect_part(text, ",\"cases\":3}\n");
    /* so is one of a run that was stopped, and says so */
    struct buf cut = {0};
    buf_printf(&cut, "%.*s,\"stopped\":\"interrupted by SIGINT\"}%s", (int)(strchr(text, '}') - text), text,
               strchr(text, '}') + 1);
    write_file("cut", buf_cstr(&cut));
    expect(p, "cover|-q|--thresholds|none|-o|again|cut|rv.add", STATUS_PASS, "");
    assert_string_equal(p->out, "a run was stopped before its end: interrupted by SIGINT\n");
    char *again = read_file("again");
    expect_part(again, "\"cases\":3,\"stopped\":\"interrupted by SIGINT\"}\n");
    free(again);
    free(text);
    buf_free(&cut);
}

/* ---- limits ---- */

static void test_thresholds(void **state)
{
    struct place *p = *state;
    run_some(p);
    write_file(
        "code.info",
        "TN:\nSF:engine/a.c\nDA:1,1\nLF:10\nLH:8\nend_of_record\nSF:harness/b.c\nLF:4\nLH:4\nend_of_record\n"
        "SF:/usr/include/x.h\nLF:5\nLH:0\nend_of_record\n");
    write_file("ok", "coverage: 1\ncode: {engine: 80, devices: 80}\n");
    write_file("high", "coverage: 1\ncode: {engine: 81, harness: 100}\n");
    write_file("bins", "coverage: 1\nbins: {executed: 3, checked: 2}\n");
    expect(p, "cover|--thresholds|ok|code.info", STATUS_PASS, "");
    assert_string_equal(p->out, "code            lines  executed\n"
                                "engine             10     80.0%  (at least 80%)\n"
                                "devices      no code yet\n"
                                "harness             4    100.0%\n"
                                "elsewhere           5      0.0%\n");
    expect(p, "cover|-q|--thresholds|high|code.info", STATUS_FAIL, "");
    assert_string_equal(p->out, "lines executed of engine: 80.0%, at least 81% are wanted\n");
    lockstep(p, "cover|-q|--thresholds|bins|t");
    expect_part(p->out, "bins executed of faulty: 0.0%, at least 3% are wanted\n");
    expect_part(p->out, "bins checked of faulty: 0.0%, at least 2% are wanted\n");
    /* not when only some rows are looked at */
    expect(p, "cover|-q|--thresholds|bins|t|rv.add", STATUS_PASS, "");
}

static void test_bad_limits(void **state)
{
    struct place *p = *state;
    run_some(p);
    write_file("x", "coverage: 1\ncodes: {engine: 80}\n");
    lockstep(p, "cover|--thresholds|x|t");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "x:2:1: error: unknown key 'codes'");
    write_file("x", "coverage: 2\nnew: 1\n");
    lockstep(p, "cover|--thresholds|x|t");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "x:1:11: error: format 2; this lockstep reads format 1\n");
    expect_no_part(p->err, "'new'"); /* what that format says is not judged */
    write_file("x", "coverage: 1\ncode: {engine: 101}\n");
    lockstep(p, "cover|--thresholds|x|t");
    assert_int_equal(p->status, STATUS_USAGE);
    lockstep(p, "cover|--thresholds|none-such|t");
    assert_int_equal(p->status, STATUS_USAGE);
}

/* The project's own files are valid; a bin that was said to be unreachable and was hit is an error. */
static void test_unreachable(void **state)
{
    struct place *p = *state;
    run_some(p);
    assert_int_equal(mkdir("coverage", 0777), 0);
    write_file("coverage/thresholds.yaml", "coverage: 1\n");
    write_file("coverage/unreachable.yaml",
               "coverage: 1\nisa: riscv64\nunreachable:\n"
               "  - {rows: rv.add, bins: ['rs1=*in', 'rs1=max*'], why: a test}\n");
    expect(p, "cover|-q|--holes|-v|t|rv.add", STATUS_PASS, "");
    expect_part(p->out, "never executed: rs1=0, rs1=1, rs1=min32, rs1=umax32, ");
    write_file("coverage/unreachable.yaml", "coverage: 1\nisa: riscv64\nunreachable:\n"
                                            "  - {rows: [rv.add], bins: 'rs1=-1', why: a test}\n");
    expect(p, "cover|-q|t|rv.add", STATUS_FAIL, "");
    assert_string_equal(p->out, "said to be unreachable, but was hit: rv.add: rs1=-1\n");
    write_file("coverage/unreachable.yaml", "coverage: 1\nisa: riscv64\nunreachable:\n"
                                            "  - {rows: [rv.add], bins: 'rs3=-1', why: a test}\n");
    lockstep(p, "cover|-q|t|rv.add");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "error: none of these rows has a bin 'rs3=-1'");
}

static void test_own_limits(void **state)
{
    struct ledger *l = ledger_open(NULL);
    struct cover c = {.ledger = l};
    struct diag d = {.out = stderr};
    struct arena a = {0};
    char path[600];
    snprintf(path, sizeof(path), "%s/coverage/thresholds.yaml", project);
    assert_true(cover_read_thresholds(&c, path, &d));
    assert_true(c.nfolders >= 3);
    snprintf(path, sizeof(path), "%s/coverage/unreachable.yaml", project);
    assert_true(cover_read_unreachable(&c, path, &a, &d));
    arena_free(&a);
    diag_free(&d);
    ledger_free(l);
}

/* ---- formats ---- */

static void test_lcov(void **state)
{
    struct place *p = *state;
    run_some(p);
    expect(p, "cover|-q|--thresholds|none|--lcov|i|t|u|rv.add|rv.sub|rv.vadd.vv", STATUS_FAIL, "");
    char *text = read_file("i"), *sub = strstr(text, "FN:");
    expect_part(text, "specs/riscv64/i.yaml\n");
    assert_non_null(sub);
    expect_part(text, "FNDA:2,rv.add\n"); /* two cases, one of which was checked */
    expect_part(text, "FNDA:0,rv.sub\n"); /* executed, but by nobody checked */
    expect_part(text, "FNDA:0,rv.vadd.vv\n");
    expect_part(text, "FNF:2\nFNH:1\n");
    expect_part(text, "LF:2\nLH:1\nend_of_record\n");
    free(text);
    /* lcov takes it, if it is here */
    if (!system("command -v lcov >/dev/null"))
        assert_int_equal(system("lcov --rc lcov_branch_coverage=1 --summary i >out 2>&1 && grep -q "
                                "'lines.*33.3% (1 of 3' out"),
                         0);
}

static void test_cobertura(void **state)
{
    struct place *p = *state;
    char command[700];
    run_some(p);
    expect(p, "cover|-q|--thresholds|none|--cobertura|x|t|u|rv.add|rv.sub|rv.amo*|rv.vadd.vv", STATUS_FAIL,
           "");
    char *text = read_file("x");
    expect_part(text, "<method name=\"rv.add\" signature=\"I\" line-rate=\"1.0000\"");
    expect_part(text, "<method name=\"rv.sub\" signature=\"I\" line-rate=\"0.0000\"");
    expect_part(text, "filename=\"specs/riscv64/a.yaml\"");
    free(text);
    snprintf(command, sizeof(command), "xmllint --noout --nonet --dtdvalid %s/coverage/cobertura.dtd x 2>out",
             project);
    assert_int_equal(system(command), 0);
}

/* ---- words ---- */

static void test_refusals(void **state)
{
    struct place *p = *state;
    run_some(p);
    expect(p, "cover|rv.add", STATUS_USAGE,
           "lockstep: no coverage report given; 'lockstep run --report cover=FILE' writes one\n");
    expect(p, "cover|t|rv.addd", STATUS_USAGE,
           "lockstep: 'rv.addd' is neither a file nor a pattern of rows\n");
    expect(p, "cover|t.yaml", STATUS_USAGE, "lockstep: t.yaml: it is no coverage report\n");
    write_file("cut.info", "TN:\nSF:a/b.c\nLF:1\n");
    expect(p, "cover|cut.info", STATUS_USAGE, "lockstep: cut.info: it is cut short\n");
    expect(p, "cover|--thresholds|none|--lcov|/dev/full|t", STATUS_HARNESS,
           "lockstep: cannot write /dev/full: No space left on device\n");
    expect(p, "cover|--thresholds|none|--cobertura|no/x|t", STATUS_HARNESS,
           "lockstep: cannot write no/x: No such file or directory\n");
}

int main(void)
{
    if (!getcwd(project, sizeof(project))) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, enter, leave),
        cmocka_unit_test_setup_teardown(test_holes, enter, leave),
        cmocka_unit_test_setup_teardown(test_merged, enter, leave),
        cmocka_unit_test_setup_teardown(test_thresholds, enter, leave),
        cmocka_unit_test_setup_teardown(test_bad_limits, enter, leave),
        cmocka_unit_test_setup_teardown(test_unreachable, enter, leave),
        cmocka_unit_test(test_own_limits),
        cmocka_unit_test_setup_teardown(test_lcov, enter, leave),
        cmocka_unit_test_setup_teardown(test_cobertura, enter, leave),
        cmocka_unit_test_setup_teardown(test_refusals, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
