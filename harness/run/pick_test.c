/* Choosing cases by a run record: what failed or never ran, and shards that take as long as each other. */
#include "harness/run/resume_test.h"

static const char *id_of(const char *line)
{
    return strchr(strchr(line, '/') + 1, '/') + 1;
}

/* The cases of a run that has JSON lines in r.jsonl: "c7 c8 ". */
static char *cases_run(void)
{
    struct buf b = {0};
    char *text = read_file("r.jsonl");
    for (const char *at = text; (at = strstr(at, "\"type\":\"case\",\"id\":\"")); at++) {
        const char *id = id_of(at);
        buf_printf(&b, "%.*s ", (int)strcspn(id, "\""), id);
    }
    free(text);
    return b.p ? b.p : xstrdup("");
}

static void expect_cases(struct place *p, const char *words, const char *cases)
{
    lockstep(p, words);
    char *run = cases_run();
    if (strcmp(run, cases) != 0) fail_msg("%s: %s instead of %s\n%s", words, run, cases, p->err);
    free(run);
}

static void test_rerun(void **state)
{
    struct place *p = *state;
    enum fault faults[N] = {0};
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    expect_cases(p, RUN "|--rerun|whole.rec|-r|jsonl=r.jsonl|-r|record=two.rec", "c7 c8 c99 ");
    expect_part(p->out, "0 passed, 3 failed\n");
    faults[8] = FAULT_ABORT;
    write_cases("c.yaml", faults); /* two of them are mended: another corpus, and that is fine */
    expect_cases(p, RUN "|--rerun|whole.rec|-r|jsonl=r.jsonl|-r|record=two.rec", "c7 c8 c99 ");
    expect_part(p->out, "2 passed, 1 failed\n");
    expect_cases(p, RUN "|--rerun|two.rec|-r|jsonl=r.jsonl|-r|record=two.rec", "c8 "); /* again, of those */
    write_cases("c.yaml", NULL);
    expect_cases(p, RUN "|--rerun|two.rec|-r|jsonl=r.jsonl|-r|record=two.rec", "c8 ");
    assert_int_equal(p->status, STATUS_PASS);
    expect(p, RUN "|--rerun|two.rec", STATUS_NOTHING,
           "lockstep: nothing to run: every case passed in that run\n");
    expect(p, RUN "|--rerun|whole.rec|--seed|3", STATUS_USAGE,
           "lockstep: whole.rec is of another run: another seed (0, here 3)\n");
    expect(p, RUN "|--rerun|whole.rec|--shard|1/2", STATUS_USAGE,
           "lockstep: whole.rec is the record of a whole run, not of a shard\n");
    expect(p, RUN "|--rerun|none.rec", STATUS_USAGE, "lockstep: none.rec: No such file or directory\n");
    left_free(&whole);
}

/* What a run that was cut did not get to is run as well: together, every case passes once. */
static void test_rerun_of_part(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    copy_part("whole.rec", "cut.rec", (long)size_of("whole.rec") - 1200);
    struct journal_extent e;
    struct buf why = {0};
    assert_true(journal_check("cut.rec", &e, &why));
    lockstep(p, RUN "|--rerun|cut.rec|-r|jsonl=r.jsonl|-r|record=two.rec");
    char *run = cases_run();
    struct journal_extent two;
    assert_true(journal_check("two.rec", &two, &why));
    assert_true(!strncmp(run, "c7 c8 ", 6));
    assert_int_equal(two.cases, e.cases - e.count + 2 + (e.count > 99));
    copy_part("two.rec", "cut.rec", (long)size_of("two.rec") - 1);
    lockstep(p, RUN "|--rerun|cut.rec");
    expect_part(p->err, "lockstep: cut.rec is of a run that was not to run everything, and incomplete, ");
    copy_part("whole.rec", "cut.rec", 30); /* nothing is in it: everything is due */
    lockstep(p, RUN "|--rerun|cut.rec|-r|record=two.rec");
    assert_true(journal_check("two.rec", &two, &why));
    assert_int_equal(two.cases, e.cases);
    free(run);
    left_free(&whole);
}

/* How many cases of a record took long. */
static unsigned slow_ones(const char *name)
{
    struct buf why = {0};
    struct record r;
    const uint8_t *body;
    size_t size;
    unsigned n = 0;
    struct journal *j = journal_open(name, &why);
    assert_non_null(j);
    while (journal_next(j, &r, &body, &size, &why) == JOURNAL_GOT_RECORD) n += r.micros >= 20000;
    journal_close(j);
    return n;
}

/* Eight slow cases that hashing deals to one shard: two, or nearly that on a busy machine, for each of four.
 */
static void test_balance(void **state)
{
    struct place *p = *state;
    enum fault faults[N] = {0};
    write_cases("c.yaml", NULL);
    lockstep(p, RUN "|-q|--shard|1/4|-r|jsonl=r.jsonl");
    char *run = cases_run(), *at = run;
    for (unsigned i = 0; i < 8; i++, at = strchr(at, ' ') + 1) faults[atoi(at + 1)] = FAULT_SLOW;
    free(run);
    write_cases("c.yaml", faults);
    struct left whole = whole_run(p);
    char words[256];
    for (unsigned i = 1; i <= 4; i++) {
        snprintf(words, sizeof(words), RUN "|-q|--shard|%u/4|--balance|whole.rec|-r|record=s%u.rec", i, i);
        lockstep(p, words);
        assert_string_equal(p->err, "");
        snprintf(words, sizeof(words), "s%u.rec", i);
        unsigned slow = slow_ones(words);
        if (slow < 1 || slow > 3) fail_msg("%s has %u slow cases", words, slow);
    }
    lockstep(p, "merge|s1.rec|s2.rec|s3.rec|s4.rec" REPORTS "|-r|record=m.rec");
    struct left merged = look("m.rec");
    assert_same(&merged, &whole);
    left_free(&merged);
    lockstep(p, RUN "|--shard|4/4|-r|record=s4.rec");
    lockstep(p, "merge|s1.rec|s2.rec|s3.rec|s4.rec");
    expect_part(p->err, "lockstep: s4.rec is of another run than s1.rec: another balance (");
    expect(p, RUN "|--balance|whole.rec", STATUS_USAGE,
           "lockstep: --balance says how cases are dealt to shards; there is no --shard\n");
    expect(p, RUN "|--shard|1/2|--balance|c.yaml", STATUS_USAGE, "lockstep: c.yaml is not a run record\n");
    left_free(&whole);
}

/* Without --shard, the environment may say which shard this is. */
static void test_environment(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", NULL);
    lockstep(p, RUN "|--shard|2/3|-r|jsonl=r.jsonl");
    char *by_option = cases_run();
    setenv("TEST_TOTAL_SHARDS", "3", 1);
    setenv("TEST_SHARD_STATUS_FILE", "touched", 1);
    expect(p, RUN, STATUS_USAGE,
           "lockstep: TEST_SHARD_INDEX is a number from 0 to 2, as TEST_TOTAL_SHARDS is 3\n");
    setenv("TEST_SHARD_INDEX", "3", 1);
    expect(p, RUN, STATUS_USAGE,
           "lockstep: TEST_SHARD_INDEX is a number from 0 to 2, as TEST_TOTAL_SHARDS is 3\n");
    setenv("TEST_SHARD_INDEX", "0", 1);
    expect_cases(p, RUN "|--shard|2/3|-r|jsonl=r.jsonl", by_option);
    assert_int_equal(access("touched", F_OK), -1);
    setenv("TEST_SHARD_INDEX", "1", 1);
    expect_cases(p, RUN "|-r|jsonl=r.jsonl", by_option);
    assert_int_equal(access("touched", F_OK), 0);
    setenv("TEST_SHARD_STATUS_FILE", "no/folder", 1);
    expect(p, RUN, STATUS_USAGE,
           "lockstep: TEST_SHARD_STATUS_FILE: cannot touch no/folder: No such file or directory\n");
    setenv("TEST_TOTAL_SHARDS", "0", 1);
    expect(p, RUN, STATUS_USAGE, "lockstep: TEST_TOTAL_SHARDS is a number from 1 to 1000000, not '0'\n");
    unsetenv("TEST_TOTAL_SHARDS");
    unsetenv("TEST_SHARD_INDEX");
    unsetenv("TEST_SHARD_STATUS_FILE");
    free(by_option);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rerun, enter, leave),
        cmocka_unit_test_setup_teardown(test_rerun_of_part, enter, leave),
        cmocka_unit_test_setup_teardown(test_balance, enter, leave),
        cmocka_unit_test_setup_teardown(test_environment, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
