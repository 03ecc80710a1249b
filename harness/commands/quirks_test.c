/* The quirks file as people meet it: waivers that end, failures that are expected, rows that nobody meets any
 * more; on the screen, in reports and in the exit status.
 */
#include "harness/commands/place_test.h"

#include <string.h>
#include <sys/stat.h>

static const struct backend *const backends[] = {&faulty, &reference, &liar, NULL};

static unsigned asked; /* how often somebody wanted the version of `shy` */

static const char *shy_version(void)
{
    asked++;
    return "1.0";
}

static const struct backend shy = {
    .name = "shy", .description = "never runs", .oracle = true, .version = shy_version};

/* Quirks name backends by these. */
const struct backend *const backend_all[] = {&faulty, &reference, &liar, &shy, NULL};
const struct backend *backend_find(const char *name)
{
    for (unsigned i = 0; backend_all[i]; i++)
        if (!strcmp(backend_all[i]->name, name)) return backend_all[i];
    return NULL;
}
const char *backend_cannot_run(const struct backend *b)
{
    (void)b;
    return NULL;
}

static void run(struct place *p, const char *words)
{
    place_run(p, words, NULL, backends);
}

/* Cases of add: fine, wrong on `faulty`, wrong on `liar`, one that kills `faulty`. */
static int setup(void **state)
{
    static const int faults[] = {0, FAULT_WRONG, FAULT_LIE, FAULT_ABORT};
    static const char *const names[] = {"fine", "wrong", "lie", "abort"};
    struct buf b = {0};
    if (enter(state)) return -1;
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < ARRAY_LEN(faults); i++)
        buf_printf(&b, "  - {id: %s, code: 'addi a0, a0, 1', in: {a0: 7, a7: %d}, out: {a0: 8}}\n", names[i],
                   faults[i]);
    write_file("c.yaml", b.p);
    buf_free(&b);
    return mkdir("q", 0777);
}

static void write_quirks(const char *lists)
{
    struct buf b = {0};
    buf_printf(&b, "lockstep: 1\nisa: riscv64\n%s", lists);
    write_file("q/q.yaml", b.p);
    buf_free(&b);
}

#define RUN "run|c.yaml|--quirks|q|--backend|faulty|--oracle|reference,liar|--today|2027-03-31|--jobs|1"

#define XFAIL(cases, who, rest) \
    "  - {id: x, case: riscv64/c/" cases ", backend: " who ", why: not yet" rest "}\n"

static void test_expected(void **state)
{
    struct place *p = *state;
    write_quirks("xfail:\n" XFAIL("wrong", "faulty", ""));
    run(p,
        RUN "|--filter|*/wrong|--filter|*/fine|--report|jsonl=r.jsonl|--report|junit=r.xml|--report|md=r.md");
    assert_int_equal(p->status, 0);
    expect_part(p->out, "x: faulty fails as expected: not yet: 1\n");
    expect_part(p->out, "1 passed, 0 failed, 1 failed as expected\n");
    char *text = read_file("r.jsonl");
    expect_part(text, "\"id\":\"riscv64/c/wrong\",\"row\":\"rv.addi\",\"verdict\":\"xfail\"");
    expect_part(text, "\"xfailed\":1,\"xpassed\":0");
    free(text);
    text = read_file("r.xml");
    expect_part(text, "<skipped type=\"xfail\" message=\"x: faulty fails as expected: not yet\"/>");
    free(text);
    text = read_file("r.md");
    expect_part(text, "| x: faulty fails as expected: not yet | 1 |");
    expect_part(text, "| riscv64 I | 1 | 0 | 0 | 1 |");
    free(text);
}

/* A case that kills the backend that is expected to fail; and one that kills another. */
static void test_expected_crash(void **state)
{
    struct place *p = *state;
    write_quirks("xfail:\n" XFAIL("abort", "faulty", ""));
    run(p, RUN "|--filter|*/abort");
    assert_int_equal(p->status, 0);
    expect_part(p->out, "0 passed, 0 failed, 1 failed as expected\n");
    write_quirks("xfail:\n" XFAIL("abort", "liar", ""));
    run(p, RUN "|--filter|*/abort");
    assert_int_equal(p->status, 1);
}

/* It passes: that fails the run, or is only said. */
static void test_passes(void **state)
{
    struct place *p = *state;
    write_quirks("xfail:\n" XFAIL("fine", "faulty", ""));
    run(p, RUN "|--filter|*/fine");
    assert_int_equal(p->status, 1);
    expect_part(p->out, "FAIL riscv64/c/fine (c.yaml:4)\n"
                        "  faulty was expected to fail here, and does not: take 'x' out of q/q.yaml:4\n");
    expect_part(p->out, "  it was there because: not yet\n");
    expect_part(p->out, "(expected failure) x: faulty passes: its row can go\n");
    write_file("plan.yaml", "plan: 1\ncorpora: c.yaml\nstrict: false\nquirks: q\nbackends: faulty\n"
                            "oracles: reference\nfilter: '*/fine'\n");
    run(p, "run|plan.yaml|--report|junit=r.xml");
    assert_int_equal(p->status, 0);
    expect_part(p->out, "x: faulty passes, which was not expected: 1\n");
    expect_part(p->out, "0 passed, 0 failed, 1 passed unexpectedly\n");
    char *text = read_file("r.xml");
    expect_part(text, "<system-out>x: faulty passes, which was not expected</system-out>");
    free(text);
}

/* Only the failure of the one who is named is expected. */
static void test_others_fail(void **state)
{
    struct place *p = *state;
    write_quirks("xfail:\n" XFAIL("wrong", "liar", ""));
    run(p, RUN "|--filter|*/wrong");
    assert_int_equal(p->status, 1);
    expect_part(p->out, "faulty alone differs from");
    write_quirks("xfail:\n" XFAIL("lie", "liar", ""));
    run(p, RUN "|--filter|*/lie");
    assert_int_equal(p->status, 0);
    expect_part(p->out, "1 failed as expected\n");
    write_quirks(
        "xfail:\n" XFAIL("lie", "faulty", "}\n  - {id: y, case: riscv64/c/lie, backend: liar, why: w"));
    run(p, RUN "|--filter|*/lie");
    assert_int_equal(p->status, 1);
    expect_part(p->out, "faulty was expected to fail here, and does not");
}

#define WAIVER(until)                                                                                       \
    "quirks:\n  - {id: w, backend: faulty, rows: rv.addi, mask: rd, why: w, evidence: e, until: " until "}" \
    "\n"

static void test_waiver(void **state)
{
    struct place *p = *state;
    write_quirks(WAIVER("2027-03-31"));
    run(p, RUN "|--filter|*/wrong");
    assert_int_equal(p->status, 0);
    write_quirks(WAIVER("2027-03-30"));
    run(p, RUN "|--filter|*/wrong|--report|md=r.md|--report|jsonl=r.jsonl");
    assert_int_equal(p->status, 1);
    expect_part(p->out, "quirk w ended on 2027-03-30: what it excused counts again\n");
    expect_part(p->out,
                "reproduce: lockstep repro riscv64/c/wrong c.yaml --backend faulty --oracle reference,liar "
                "--quirks q --today 2027-03-31\n");
    char *text = read_file("r.md");
    expect_part(text, "\n- quirk w ended on 2027-03-30: what it excused counts again\n");
    free(text);
    text = read_file("r.jsonl");
    expect_part(text, "\"remarks\":\"quirk w ended on");
    free(text);
    write_quirks("xfail:\n" XFAIL("wrong", "faulty", ", until: 2027-03-30"));
    run(p, RUN "|--filter|*/wrong");
    assert_int_equal(p->status, 1);
    expect_part(p->out, "quirk x ended on 2027-03-30");
}

/* Commands to repeat a case can be pasted, whatever the folder is called. */
static void test_quoted(void **state)
{
    struct place *p = *state;
    write_quirks("xfail:\n" XFAIL("lie", "liar", ""));
    assert_int_equal(rename("q", "my q's"), 0);
    assert_int_equal(rename("c.yaml", "my c.yaml"), 0);
    run(p, "run|my c.yaml|--quirks|my q's|--backend|faulty|--oracle|reference|--filter|*/wrong");
    assert_int_equal(p->status, 1);
    expect_part(p->out,
                "reproduce: lockstep repro 'riscv64/my c/wrong' 'my c.yaml' --backend faulty --oracle "
                "reference --quirks 'my q'\\''s'\n");
}

/* The day comes from the environment, too; what is no day is refused. */
static void test_day(void **state)
{
    struct place *p = *state;
    write_quirks(WAIVER("2027-03-31"));
    setenv("SOURCE_DATE_EPOCH", "1806537599", 1); /* the last second of that day */
    run(p, "run|c.yaml|--quirks|q|--backend|faulty|--oracle|reference|--filter|*/wrong");
    assert_int_equal(p->status, 0);
    setenv("SOURCE_DATE_EPOCH", "1806537600", 1);
    run(p, "run|c.yaml|--quirks|q|--backend|faulty|--oracle|reference|--filter|*/wrong");
    assert_int_equal(p->status, 1);
    unsetenv("SOURCE_DATE_EPOCH");
    run(p, "run|c.yaml|--today|31.3.2027");
    expect_said(p, "--today", 2, "lockstep: a day is YYYY-MM-DD, not '31.3.2027'\n");
}

/* A row that its own case does not show any more, and one that no case met. */
static void test_not_seen(void **state)
{
    struct place *p = *state;
    write_quirks(
        "quirks:\n"
        "  - {id: a, backend: liar, rows: rv.addi, mask: rd, why: w, evidence: e, case: riscv64/c/fine}\n"
        "  - {id: b, backend: liar, rows: rv.sub, mask: rd, why: w, evidence: e, case: riscv64/c/gone}\n"
        "  - {id: c, backend: liar, rows: rv.sub, mask: rd, why: w, evidence: e, versions: '>1.0'}\n"
        "xfail:\n" XFAIL("nowhere", "faulty", ""));
    run(p, RUN "|-v");
    expect_part(p->out, "quirk a no longer shows in riscv64/c/fine with liar 1.0: was it mended?\n");
    expect_part(p->out,
                "quirk b was not met in this run with liar 1.0; nor was there its case riscv64/c/gone\n");
    expect_part(p->out, "none of the cases that quirk x expects to fail ran on faulty 1.0\n");
    assert_null(strstr(p->out, "quirk c"));
    run(p, "run|c.yaml|--quirks|q|--backend|faulty|--oracle|reference|-v");
    assert_null(strstr(p->out, "quirk a"));
    assert_null(strstr(p->out, "quirk b"));
}

static void test_list(void **state)
{
    struct place *p = *state;
    write_quirks(
        "quirks:\n"
        "  - {id: a, backend: liar, rows: rv.fadd.s, mask: ['rd[63:32]', 'fflags[NX]'], why: because,"
        " evidence: e, when: 'rs1 == 1', versions: '>1.0', case: riscv64/c/fine}\n"
        "  - {id: b, backend: faulty, rows: 'rv.s[bh]', mask: mem, why: w, evidence: e, until: 2027-03-30}\n"
        "xfail:\n" XFAIL("wrong", "faulty", ", until: 2027-03-31"));
    run(p, "list|quirks|--quirks|q|--today|2027-03-31|-v");
    assert_int_equal(p->status, 0);
    expect_part(p->out,
                "a                                      liar >1.0: 1 row: rd[63:32], fflags[NX] when rs1 == 1"
                ", not this version\n    because\n    evidence: e\n    case: riscv64/c/fine\n");
    expect_part(p->out, "faulty (all): 2 rows: mem, ended on 2027-03-30\n");
    expect_part(p->out,
                "faulty is to fail in riscv64/c/wrong, until 2027-03-31\n    not yet\n    q/q.yaml:7\n");
}

/* What is said of rows: from the first of them to the sums. */
static char *remarks(const struct place *p)
{
    const char *from = strstr(p->out, "quirk "), *to = strstr(p->out, " cases in ");
    if (!from || !to || from > to) {
        fail_msg("%s%s", p->out, p->err);
        abort();
    }
    return strndup(from, (size_t)(to - from));
}

/* Shards that are merged say what one run says of all that, in every report. */
static void test_merged(void **state)
{
#define REPORTS "|-v|-r|junit=r.xml|-r|jsonl=r.jsonl|-r|md=r.md"
    static const char *const files[] = {"r.xml", "r.jsonl", "r.md"};
    struct place *p = *state;
    char *whole[ARRAY_LEN(files)];
    write_quirks(
        "quirks:\n"
        "  - {id: a, backend: liar, rows: rv.addi, mask: rd, why: w, evidence: e, case: riscv64/c/fine}\n"
        "  - {id: b, backend: liar, rows: rv.sub, mask: rd, why: w, evidence: e, case: riscv64/c/gone}\n"
        "  - {id: c, backend: liar, rows: rv.sub, mask: rd, why: w, evidence: e, until: 2027-03-30}\n"
        "xfail:\n" XFAIL("nowhere", "faulty",
                         "") "  - {id: y, case: riscv64/c/a*, backend: faulty, why: w}\n");
    run(p, RUN REPORTS);
    char *said = remarks(p);
    expect_part(said, "quirk a no longer shows");
    expect_part(said, "nor was there its case riscv64/c/gone\n");
    expect_part(said, "quirk c ended on 2027-03-30");
    expect_part(said, "none of the cases that quirk x");
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) whole[i] = timeless(files[i]);
    run(p, RUN "|-v|--shard|1/2|-r|record=s1.rec");
    assert_null(strstr(p->out, "quirk b")); /* it may be in the other one */
    run(p, RUN "|--shard|2/2|-r|record=s2.rec");
    run(p, "merge|s2.rec|s1.rec" REPORTS);
    assert_string_equal(p->err, "");
    char *merged = remarks(p);
    assert_string_equal(merged, said);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        char *text = timeless(files[i]);
        assert_string_equal(text, whole[i]);
        free(text);
        free(whole[i]);
    }
    run(p, RUN "|--filter|*/a*|-r|record=f.rec");
    run(p, "merge|f.rec|-v");
    assert_null(strstr(p->out, "quirk b")); /* a filter left cases out */
    free(said);
    free(merged);
}

/* Rows that are not done yet are left out, and counted. */
static void test_absent(void **state)
{
    struct place *p = *state;
    static const char line[] = " passed, 0 failed; 3 rows left out (status: absent)\n";
    write_file("v.yaml", "lockstep: 1\nisa: riscv64\ngenerate:\n"
                         "  - {rows: [rv.add, 'rv.vadd.*'], count: 9}\n  - {rows: 'rv.vadd.*'}\n");
    run(p, "run|v.yaml|-b|faulty|-O|reference|--quirks|none|-r|record=v.rec|-r|md=v.md");
    expect_part(p->out, line);
    char *md = read_file("v.md");
    expect_part(md, "3 rows left out (status: absent)");
    free(md);
    run(p, "merge|v.rec");
    expect_part(p->out, line);
    write_file("v.yaml", "lockstep: 1\nisa: riscv64\ngenerate:\n  - {rows: 'rv.vadd.*'}\n");
    run(p, "run|v.yaml|-b|faulty|-O|reference|--quirks|none");
    expect_said(
        p, "none", STATUS_NOTHING,
        "lockstep: nothing to run: no row that the corpora name has semantics yet (status: absent)\n");
}

/* To say its version, a backend may have to be started. */
static void test_not_asked(void **state)
{
    struct place *p = *state;
    write_quirks("quirks:\n  - {id: x, backend: shy, rows: rv.add, versions: '<2', mask: rd, why: w, "
                 "evidence: e}\n");
    asked = 0;
    run(p, RUN "|--filter|*/fine");
    assert_int_equal(p->status, 0);
    assert_int_equal(asked, 0);
    run(p, "list|quirks|--quirks|q");
    expect_part(p->out, "shy");
    assert_int_not_equal(asked, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, leave)
    const struct CMUnitTest tests[] = {T(test_expected),    T(test_expected_crash), T(test_passes),
                                       T(test_others_fail), T(test_waiver),         T(test_quoted),
                                       T(test_day),         T(test_not_seen),       T(test_merged),
                                       T(test_absent),      T(test_list),           T(test_not_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
