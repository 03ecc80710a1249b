/* The table's errors, and faults planted in a project of three files: its `lockstep` is a script that finds
 * what the source says. */
#include "harness/commands/place_test.h"
#include "harness/mutants/mutants.h"

#include <sys/stat.h>

/* ---- the table ---- */

#define HEAD "mutants: 1\nlimits: {largest: 5, median: 2}\nruns:\n  - {plan: all.yaml, shard: 1/2}\nfaults:\n"
#define FAULT(id, text, becomes) \
    "  - {id: " id ", kind: pass, file: a.c, text: '" text "', becomes: '" becomes "', why: so}\n"

/* What reading the table says. */
static void expect_error(const char *table, const char *error)
{
    struct mutant_table t;
    struct diag d = {0};
    write_file("a.c", "int one = 1;\nint two = 1;\n");
    write_file("t.yaml", table);
    assert_false(mutant_table_read(&t, "t.yaml", ".", "*", &d));
    if (!strstr(buf_cstr(&d.text), error)) fail_msg("no '%s' in\n%s", error, buf_cstr(&d.text));
    mutant_table_free(&t);
    diag_free(&d);
}

static void test_bad_tables(void **state)
{
    expect_error(HEAD FAULT("x", "int three", ""),
                 "t.yaml:6:42: error: fault 'x': this text stands 0 times in a.c");
    expect_error(HEAD FAULT("x", "= 1", "= 2"), "fault 'x': this text stands 2 times in a.c, not once");
    expect_error(HEAD FAULT("x", "one", "one"), "fault 'x' changes nothing");
    expect_error(HEAD FAULT("x", "one", "1") FAULT("x", "two", "2"), "there is a fault 'x' already");
    expect_error(HEAD "  - {id: x, kind: pass, file: b.c, text: a, becomes: b, why: so}\n",
                 "fault 'x': cannot read b.c: No such file or directory");
    expect_error(HEAD "  - {id: x, kind: pass, file: a.c, text: a, become: b, why: so}\n",
                 "unknown key 'become' in a fault; did you mean 'becomes'?");
    expect_error(HEAD "  - {id: x, kind: pas, file: a.c, text: a, becomes: b, why: so}\n",
                 "did you mean 'pass'?");
    expect_error(HEAD "  - {id: x, kind: pass, file: a.c, text: a, why: so}\n", "a fault needs 'becomes'");
    expect_error(HEAD "  - {id: x}\n  - oops: [\n", "error");
    expect_error("mutants: 2\n", "format 2; this lockstep reads format 1");
}

static void test_glob(void **state)
{
    struct mutant_table t;
    struct diag d = {0};
    write_file("a.c", "int one;\n");
    write_file("t.yaml", HEAD FAULT("xy", "one", "1") FAULT("z", "int", "long"));
    assert_true(mutant_table_read(&t, "t.yaml", ".", "a x*", &d));
    assert_int_equal(t.n, 1);
    assert_string_equal(t.mutants[0].id, "xy");
    assert_int_equal(t.largest, 5);
    assert_string_equal(t.runs[0].shard, "1/2");
    mutant_table_free(&t);
    diag_free(&d);
}

/* ---- planting ---- */

static const char makefile[] = "build/rel/lockstep: a.c fake\n\t! grep broken a.c\n\tcp fake $@\n";
static const char fake[] = "#!/bin/sh\n"
                           "if [ $1 = run ]; then\n"
                           "    for report; do :; done\n"
                           "    report=${report#jsonl=}\n"
                           "    grep -q lost a.c && exit 3\n"
                           "    grep -q wrong a.c || exit 0\n"
                           "    echo '{\"type\":\"case\",\"id\":\"i/c\"}' >$report\n"
                           "    echo '{\"type\":\"cluster\",\"cause\":\"x: "
                           "rd\",\"cases\":7,\"example\":\"i/c\",\"repro\":\"\"}' >>$report\n"
                           "    exit 1\n"
                           "fi\n"
                           "grep -q stubborn a.c && exit 4\n"
                           "for to; do :; done\n"
                           "echo case >$to\n"
                           "echo 'x-rd: 2 instructions of 31 in 90 runs; it fails the same way: x: rd' >&2\n";

static void write_project(void)
{
    mkdir("project", 0777);
    mkdir("project/build", 0777);
    mkdir("project/build/rel", 0777);
    mkdir("logs", 0777);
    write_file("project/Makefile", makefile);
    write_file("project/fake", fake);
    assert_int_equal(chmod("project/fake", 0755), 0);
    write_file("project/a.c", "int right;\n");
    write_file("t.yaml", HEAD FAULT("it", "right", "WORD"));
}

/* Plants "right" → word. */
static struct mutant_result try_word(const char *word)
{
    struct mutant_table t;
    struct mutant_result r = {0};
    struct diag d = {0};
    char logs[128], dir[144];
    assert_non_null(getcwd(logs, 100));
    strcat(logs, "/logs");
    snprintf(dir, sizeof(dir), "%s/tree", logs);
    assert_true(mutant_table_read(&t, "t.yaml", "project", "*", &d));
    t.mutants[0].becomes = word;
    struct tree tree = {.dir = dir, .logs = logs, .jobs = 1};
    assert_int_equal(tree_copy("project", dir), 0);
    mutant_try(&tree, &t, &t.mutants[0], &r);
    char *after = read_file("logs/tree/a.c");
    assert_string_equal(after, "int right;\n"); /* it was taken out */
    free(after);
    r.run = NULL; /* the table goes */
    tree_free(&tree);
    mutant_table_free(&t);
    diag_free(&d);
    return r;
}

static void test_found(void **state)
{
    write_project();
    struct mutant_result r = try_word("wrong");
    assert_int_equal(r.end, MUTANT_FOUND);
    assert_string_equal(r.id, "i/c");
    assert_string_equal(r.cause, "x: rd");
    assert_int_equal(r.cases, 7);
    assert_int_equal(r.after, 2);
    assert_int_equal(r.before, 31);
    char *kept = read_file("logs/it.yaml");
    assert_string_equal(kept, "case\n");
    free(kept);
    mutant_result_free(&r);
}

/* What fails anyway has not found anything. */
static void test_control(void **state)
{
    struct mutant_table t;
    struct mutant_result r = {.end = MUTANT_FOUND};
    struct diag d = {0};
    char logs[100];
    write_project();
    assert_non_null(getcwd(logs, sizeof(logs) - 8));
    strcat(logs, "/logs");
    assert_true(mutant_table_read(&t, "t.yaml", "project", "*", &d));
    struct tree tree = {.dir = "project", .logs = logs, .jobs = 1};
    r.run = &t.runs[0];
    assert_true(mutant_control(&tree, &t, &r));
    write_file("project/a.c", "int wrong;\n");
    assert_false(mutant_control(&tree, &t, &r));
    r.run = NULL; /* nothing is run that was not needed */
    assert_true(mutant_control(&tree, &t, &r));
    mutant_table_free(&t);
    diag_free(&d);
}

static void test_not_found(void **state)
{
    write_project();
    struct mutant_result r = try_word("fine");
    assert_int_equal(r.end, MUTANT_MISSED);
    mutant_result_free(&r);
}

static void test_not_shrunk(void **state)
{
    write_project();
    struct mutant_result r = try_word("wrong stubborn");
    assert_int_equal(r.end, MUTANT_FOUND);
    assert_int_equal(r.after, 0);
    mutant_result_free(&r);
}

static void test_does_not_build(void **state)
{
    write_project();
    struct mutant_result r = try_word("broken");
    assert_int_equal(r.end, MUTANT_BROKEN);
    assert_non_null(strstr(r.cause, "it does not build; see "));
    assert_non_null(strstr(r.cause, "/it.build"));
    mutant_result_free(&r);
}

static void test_does_not_run(void **state)
{
    write_project();
    struct mutant_result r = try_word("lost");
    assert_int_equal(r.end, MUTANT_BROKEN);
    assert_non_null(strstr(r.cause, "the run ended with status 3 and named no case"));
    mutant_result_free(&r);
}

/* ---- sums ---- */

static void test_sums(void **state)
{
    struct mutant mutants[4] = {{.id = "a", .kind = "fp"},
                                {.id = "b_1", .kind = "fp"},
                                {.id = "c", .kind = "fp"},
                                {.id = "d", .kind = "fp"}};
    struct mutant_run run = {"p.yaml", "1/4", NULL};
    struct mutant_result r[4] = {
        {.end = MUTANT_FOUND,
         .run = &run,
         .after = 1,
         .before = 9,
         .causes = 3,
         .id = (char[]){"i/a"},
         .cause = (char[]){"x|y"}},
        {.end = MUTANT_FOUND, .run = &run, .after = 5, .before = 9},
        {.end = MUTANT_FOUND, .run = &run, .after = 2, .before = 9},
        {.end = MUTANT_MISSED},
    };
    struct mutant_table t = {.mutants = mutants, .n = 4, .largest = 5, .median = 2};
    struct mutant_sums s = mutant_sum(r, 3);
    assert_int_equal(s.found, 3);
    assert_int_equal(s.median, 2);
    assert_int_equal(s.largest, 5);
    assert_true(mutant_sums_good(&s, &t));
    t.largest = 4;
    assert_false(mutant_sums_good(&s, &t));
    t.largest = 5;
    s = mutant_sum(r, 4);
    assert_false(mutant_sums_good(&s, &t));
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    mutant_report(&t, r, 12, f);
    fclose(f);
    assert_non_null(strstr(text, "| a | fp | p.yaml --shard 1/4 | i/a | x\\|y | 3 | 9 | 1 | 0.0 |\n"));
    assert_non_null(strstr(text, "| d | fp | **not found** | "));
    assert_non_null(
        strstr(text, "\n3 of 4 found, median shrunk case 2 instructions, largest 5, 12 seconds\n"));
    free(text);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_bad_tables),     TEST(test_glob),         TEST(test_found),
        TEST(test_control),        TEST(test_not_found),    TEST(test_not_shrunk),
        TEST(test_does_not_build), TEST(test_does_not_run), TEST(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
