/* Shards and their records: joined, they are the whole run; what does not belong together is refused. */
#include "harness/run/resume_test.h"

#include <signal.h>
#include <unistd.h>

static void run_shards(struct place *p, const char *run, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char words[256];
        snprintf(words, sizeof(words), "%s|-q|--shard|%u/%u|-r|record=s%u.rec|-r|cover=s%u.cov", run, i, n, i,
                 i);
        lockstep(p, words);
        assert_string_equal(p->err, "");
    }
}

static void test_merged(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    run_shards(p, RUN, 3);
    lockstep(p, "merge|s2.rec|s3.rec|s1.rec" REPORTS "|-r|record=m.rec");
    assert_string_equal(p->err, "");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "FAIL riscv64/c/c7 (c.yaml:");
    expect_part(p->out, "  reproduce: lockstep repro riscv64/c/c7 c.yaml --backend faulty,interp --oracle "
                        "reference --quirks none\n");
    struct left merged = look("m.rec");
    assert_same(&merged, &whole);
    left_free(&merged);
    lockstep(p, "merge|m.rec" REPORTS "|-r|record=n.rec"); /* one that was merged is as good as any */
    merged = look("n.rec");
    assert_same(&merged, &whole);
    left_free(&merged);
    left_free(&whole);
}

/* Being asked how it goes does not end it. */
static void test_asked(void **state)
{
    struct place *p = *state;
    sigset_t asks, old;
    write_cases("c.yaml", NULL);
    run_shards(p, RUN, 2);
    sigemptyset(&asks);
    sigaddset(&asks, SIGUSR1);
    sigprocmask(SIG_BLOCK, &asks, &old);
    kill(getpid(), SIGUSR1); /* it is waiting when merging begins */
    lockstep(p, "merge|s1.rec|s2.rec");
    assert_int_equal(p->status, STATUS_PASS);
    sigset_t left;
    sigpending(&left);
    assert_false(sigismember(&left, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Somebody who wants it to end gets what there is by then, said to be incomplete. */
static void test_interrupted(void **state)
{
    struct place *p = *state;
    sigset_t ends, old;
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\ngenerate:\n  - {rows: rv.add, count: 9000}\n");
    run_shards(p, "run|c.yaml|-b|interp|-O|reference|--quirks|none", 2);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &old);
    kill(getpid(), SIGTERM); /* it is waiting when merging begins */
    lockstep(p, "merge|s1.rec|s2.rec|-r|junit=r.xml");
    assert_int_equal(p->status, STATUS_HARNESS);
    expect_part(p->out, "stopped: interrupted by SIGTERM, after 4096 of 9000 cases\n");
    char *xml = read_file("r.xml");
    expect_part(xml, "interrupted by SIGTERM");
    expect_part(xml, "</testsuites>");
    free(xml);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_coverage(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    lockstep(p, RUN "|-r|cover=whole.cov|-r|record=whole.rec");
    run_shards(p, RUN, 2);
    lockstep(p, "merge|s1.rec|s2.rec|-r|cover=m.cov");
    assert_int_equal(p->status, STATUS_FAIL);
    char *a = read_file("whole.cov"), *b = read_file("m.cov");
    assert_string_equal(a, b);
    free(a);
    free(b);
    struct left whole = whole_run(p);
    left_free(&whole);
    expect(p, "merge|whole.rec|-r|cover=m.cov", STATUS_USAGE,
           "lockstep: whole.rec does not say what was covered: its run had no report cover\n");
}

static void test_statuses(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", NULL);
    run_shards(p, RUN "|-f|*/c3?", 25); /* more than there are cases: some have none, and pass */
    char *list = xstrdup("merge"), *longer;
    for (unsigned i = 1; i <= 20; i++) {
        assert_true(asprintf(&longer, "%s|s%u.rec", list, i) > 0);
        free(list);
        list = longer;
    }
    lockstep(p, list);
    assert_string_equal(p->err, "lockstep: 5 of 25 shards are missing, the first of them is 21\n");
    assert_true(asprintf(&longer, "%s|s21.rec|s22.rec|s23.rec|s24.rec|s25.rec", list) > 0);
    lockstep(p, longer);
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "10 passed, 0 failed\n");
    free(longer);
    free(list);
    run_shards(p, RUN, 2);
    lockstep(p, "merge|s1.rec|s2.rec");
    assert_int_equal(p->status, STATUS_PASS);
    lockstep(p, "merge|s1.rec|s2.rec|-r|junit=/dev/full");
    assert_int_equal(p->status, STATUS_HARNESS);
}

static void test_refused(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    left_free(&whole);
    run_shards(p, RUN, 2);
    lockstep(p, RUN "|--shard|1/2|--seed|9|-r|record=seed.rec|-r|cover=x.cov");
    lockstep(p, RUN "|--shard|1/3|-r|record=third.rec|-r|cover=x.cov");
    write_cases("d.yaml", NULL);
    lockstep(p, "run|d.yaml|-b|faulty,interp|-O|reference|--quirks|none|--shard|1/"
                "2|-r|record=other.rec|-r|cover=x.cov");
    lockstep(
        p, "run|c.yaml|-b|interp|-O|reference|--quirks|none|--shard|1/2|-r|record=lineup.rec|-r|cover=x.cov");
    lockstep(p, RUN "|--shard|1/2|-r|record=bare.rec");
    copy_part("s2.rec", "head.rec", 100);
    copy_part("s2.rec", "cut.rec", (long)size_of("s2.rec") - 1);
    copy_part("s2.rec", "bad.rec", (long)size_of("s2.rec"));
    edit("bad.rec", -200, '\x7f');
    static const struct {
        const char *words, *err; /* files, and the beginning of what is said about them */
    } rows[] = {
        {"merge|s1.rec", "lockstep: 1 of 2 shards are missing, the first of them is 2\n"},
        {"merge|s2.rec|s1.rec|s2.rec", "lockstep: s2.rec and s2.rec are the same shard: 2 of 2\n"},
        {"merge|s1.rec|s2.rec|-r|jsonl=./s2.rec",
         "lockstep: the jsonl report ./s2.rec would overwrite the record s2.rec\n"},
        {"merge|s2.rec|seed.rec",
         "lockstep: seed.rec is of another run than s2.rec: another seed (9, in s2.rec 0)\n"},
        {"merge|s2.rec|third.rec",
         "lockstep: third.rec is of another run than s2.rec: another number of shards (3, in s2.rec 2)\n"},
        {"merge|s2.rec|whole.rec", "lockstep: whole.rec is the record of a whole run, not of a shard\n"},
        {"merge|whole.rec|s2.rec", "lockstep: s2.rec is the record of a shard, 2 of 2, not of a whole run\n"},
        {"merge|s2.rec|other.rec", "lockstep: other.rec is of another run than s2.rec: another corpus ("},
        {"merge|s2.rec|lineup.rec", "lockstep: lineup.rec is of another run than s2.rec: another lineup ("},
        {"merge|s2.rec|bare.rec",
         "lockstep: bare.rec is of another run than s2.rec: another coverage (false, in s2.rec true)\n"},
        {"merge|s1.rec|cut.rec", "lockstep: cut.rec is incomplete, "},
        {"merge|s1.rec|head.rec", "lockstep: head.rec is cut off before it says which run it is of\n"},
        {"merge|s1.rec|bad.rec", "lockstep: bad.rec is damaged: what stands at byte "},
        {"merge|s1.rec|c.yaml", "lockstep: c.yaml is not a run record\n"},
        {"merge|s1.rec|none.rec", "lockstep: none.rec: No such file or directory\n"},
        {"merge|whole.rec|whole.rec",
         "lockstep: whole.rec and whole.rec are no shards: each is the whole run\n"},
        {"merge", "lockstep: usage: lockstep merge [OPTION...] FILE...\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char words[128];
        snprintf(words, sizeof(words), "%s%s", rows[i].words,
                 strchr(rows[i].words, '|') ? "|-r|md=none.md" : "");
        lockstep(p, words);
        assert_int_equal(p->status, STATUS_USAGE);
        if (strncmp(p->err, rows[i].err, strlen(rows[i].err)) != 0) fail_msg("%s: %s", rows[i].words, p->err);
        assert_string_equal(p->out, "");
        assert_int_not_equal(access("none.md", F_OK), 0);
    }
}

/* The record as another build would have written it. */
static void write_as_other(const char *from, const char *to)
{
    struct buf why = {0}, out = {0};
    struct journal_coder c = {0};
    struct tally t;
    struct record r;
    const uint8_t *body;
    size_t size;
    struct journal *j = journal_open(from, &why);
    assert_non_null(j);
    tally_init(&t, 0);
    json_object_set_new(j->header, "program", json_string("0123"));
    journal_begin(&c, j->header, &out);
    for (enum journal_got got; (got = journal_next(j, &r, &body, &size, &why)) != JOURNAL_OVER;) {
        assert_int_not_equal(got, JOURNAL_DAMAGED);
        if (got == JOURNAL_GOT_COVER) journal_add_cover(&c, body, size, &out);
        if (got != JOURNAL_GOT_RECORD) continue;
        journal_add(&c, &r, &out);
        tally_add(&t, &r);
    }
    journal_add_footer(&c, &t, &out);
    FILE *f = fopen(to, "w");
    assert_non_null(f);
    fwrite(out.p, 1, out.len, f);
    fclose(f);
    journal_close(j);
    journal_coder_free(&c);
    tally_free(&t);
    buf_free(&out);
}

/* Of another engine, one shard or all of them. */
static void test_other_program(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", NULL);
    run_shards(p, RUN, 2);
    write_as_other("s1.rec", "o1.rec");
    write_as_other("s2.rec", "o2.rec");
    lockstep(p, "merge|s1.rec|o2.rec|-r|md=none.md");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: o2.rec is of another run than s1.rec: another engine (0123, in s1.rec ");
    expect(p, "merge|o1.rec|o2.rec|-r|md=none.md", STATUS_USAGE,
           "lockstep: o1.rec was written by another build of lockstep, or with other oracles\n");
    assert_int_not_equal(access("none.md", F_OK), 0);
}

/* A shard that says it is another one. */
static void test_overlap(void **state)
{
    struct place *p = *state;
    struct buf why = {0}, out = {0};
    struct journal_coder c = {0};
    struct tally t;
    struct record r;
    const uint8_t *body;
    size_t size;
    write_cases("c.yaml", NULL);
    run_shards(p, RUN, 2);
    struct journal *j = journal_open("s1.rec", &why);
    tally_init(&t, 0);
    json_object_set_new(j->header, "shard", json_integer(2));
    journal_begin(&c, j->header, &out);
    for (enum journal_got got; (got = journal_next(j, &r, &body, &size, &why)) != JOURNAL_OVER;) {
        if (got != JOURNAL_GOT_RECORD) continue;
        journal_add(&c, &r, &out);
        tally_add(&t, &r);
    }
    journal_add_footer(&c, &t, &out);
    FILE *f = fopen("lie.rec", "w");
    fwrite(out.p, 1, out.len, f);
    fclose(f);
    lockstep(p, "merge|s1.rec|lie.rec");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: s1.rec and lie.rec overlap: both have the case riscv64/c/");
    journal_close(j);
    journal_coder_free(&c);
    tally_free(&t);
    buf_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_merged, enter, leave),
        cmocka_unit_test_setup_teardown(test_asked, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted, enter, leave),
        cmocka_unit_test_setup_teardown(test_coverage, enter, leave),
        cmocka_unit_test_setup_teardown(test_statuses, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_other_program, enter, leave),
        cmocka_unit_test_setup_teardown(test_overlap, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
