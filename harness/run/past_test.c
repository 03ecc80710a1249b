/* What failed or was slow runs first the next time; reports do not know it. */
#include "harness/run/past.h"
#include "harness/run/pick.h"
#include "harness/run/resume_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HISTORY "|--history|h"

/* How many lines of the history begin so. */
static unsigned remembered(const char *kind)
{
    unsigned n = 0;
    if (access("h", F_OK)) return 0;
    char *text = read_file("h");
    for (char *at = text; (at = strstr(at, kind)); at++) n += at == text || at[-1] == '\n';
    free(text);
    return n;
}

/* Where a failure stands in what was printed. */
static const char *failure(const struct place *p, const char *what)
{
    const char *at = strstr(p->out, what);
    if (!at) fail_msg("no '%s' in\n%s", what, p->out);
    return at;
}

static void test_first(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left plain = whole_run(p);
    lockstep(p, RUN HISTORY "|-j|1");
    expect_no_part(p->out, "last time");
    assert_int_equal(remembered("failed"), 3);
    enum fault faults[N] = {
        [2] = FAULT_WRONG, [3] = FAULT_SLOW, [7] = FAULT_WRONG, [8] = FAULT_ABORT, [20] = FAULT_UNSUPPORTED};
    for (unsigned i = 30; i < 90; i++) faults[i] = usual[i];
    char *said = NULL;
    struct left first = {0};
    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        char words[256];
        write_cases("c.yaml", usual);
        lockstep(p, RUN HISTORY);
        write_cases("c.yaml", faults); /* c2 is new, c99 was mended */
        snprintf(words, sizeof(words), RUN HISTORY REPORTS "|-r|record=f.rec|-j|%u", jobs);
        lockstep(p, words);
        assert_int_equal(p->status, STATUS_FAIL);
        expect_part(p->out, "\n3 cases that failed last time run first\n");
        assert_true(failure(p, "FAIL riscv64/c/c7 ") < failure(p, "crash riscv64/c/c8 "));
        assert_true(failure(p, "crash riscv64/c/c8 ") < failure(p, "FAIL riscv64/c/c2 "));
        assert_null(strstr(strstr(p->out, "FAIL riscv64/c/c7 ") + 1, "FAIL riscv64/c/c7 "));
        assert_int_equal(remembered("failed"), 3);
        *strstr(p->out, " cases in ") = 0;
        struct left now = look("f.rec");
        if (jobs == 1) {
            said = xstrdup(p->out);
            first = now;
            continue;
        }
        assert_string_equal(p->out, said);
        assert_same(&now, &first);
        left_free(&now);
    }
    lockstep(p, RUN REPORTS "|--order|plain|--history|h|-r|record=f.rec"); /* the reports are those of this */
    expect_no_part(p->out, "last time");
    assert_true(failure(p, "FAIL riscv64/c/c2 ") < failure(p, "FAIL riscv64/c/c7 "));
    struct left now = look("f.rec");
    assert_same(&now, &first);
    left_free(&now);
    left_free(&first);
    left_free(&plain);
    free(said);
}

/* A case that passes is forgotten, and with the last of them, the file. Where it is by default: in the cache.
 */
static void test_forgotten(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    lockstep(p, RUN "|--shard|1/2");
    lockstep(p, RUN "|--shard|2/2");
    lockstep(p, RUN "|--filter|*/c9*");
    expect_part(p->out, "\n1 case that failed last time runs first\n");
    lockstep(p, RUN); /* parts of the corpus remember together */
    expect_part(p->out, "\n3 cases that failed last time run first\n");
    lockstep(p, RUN "|--seed|9|-f|*/c[0-9]*"); /* of other cases, other things are known */
    expect_no_part(p->out, "last time");
    lockstep(p, RUN "|--history|none");
    expect_no_part(p->out, "last time");
    write_cases("c.yaml", NULL);
    lockstep(p, RUN);
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "\n3 cases that failed last time run first\n");
    lockstep(p, RUN);
    expect_no_part(p->out, "last time");
    lockstep(p, RUN "|--seed|9|-f|*/c[0-9]*");
    DIR *d = opendir("lockstep");
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) assert_int_equal(e->d_name[0], '.');
    closedir(d);
}

/* Of corpora that are long gone, the cache does not keep everything. */
static void test_cache_is_bounded(void **state)
{
    struct place *p = *state;
    assert_int_equal(system("mkdir lockstep && cd lockstep && for i in $(seq 80); do touch -d @$((1000 + i)) "
                            "history-$i; done && touch -d @1 other"),
                     0);
    write_cases("c.yaml", usual);
    lockstep(p, RUN "|-q");
    expect_said(p, "run", STATUS_FAIL, "");
    assert_int_equal(system("test $(ls lockstep | grep -c '^history-') = 64"), 0);
    assert_int_equal(system("cd lockstep && ! ls history-17 2>/dev/null && ls history-18 other >/dev/null"),
                     0);
    lockstep(p, RUN);
    expect_part(p->out, "\n3 cases that failed last time run first\n");
}

/* Runs that go on, and runs of what failed. */
static void test_with_records(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    lockstep(p, RUN HISTORY);
    static const long at[] = {400, 1500, 3500};
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        copy_part("whole.rec", "cut.rec", at[i]);
        lockstep(p, RUN HISTORY REPORTS "|--resume|cut.rec");
        assert_string_equal(p->err, "");
        struct left resumed = look("cut.rec");
        assert_same(&resumed, &whole);
        left_free(&resumed);
        assert_int_equal(remembered("failed"), 3);
    }
    lockstep(p, RUN HISTORY "|--rerun|whole.rec|-j|2");
    expect_part(p->out, "3 cases: faulty");
    expect_part(p->out, "\n3 cases that failed last time run first\n");
    left_free(&whole);
}

/* What ran first is reported when the run is interrupted before its turn; the record begins where it would,
 * and what was remembered stays so. */
static void test_interrupted(void **state)
{
    struct place *p = *state;
    enum fault faults[N] = {[99] = FAULT_WRONG};
    char *lines = xstrdup("");
    write_cases("c.yaml", faults);
    lockstep(p, RUN HISTORY);
    for (unsigned i = 0; i < 60; i++) faults[i] = FAULT_SLOW;
    write_cases("c.yaml", faults);
    struct left whole = whole_run(p);
    for (unsigned wait = 1; !strstr(lines, "riscv64/c/c99\""); wait++) {
        pid_t pid = fork();
        if (!pid) {
            lockstep(p, RUN HISTORY "|-j|1|-r|jsonl=i.jsonl|-r|record=i.rec");
            _exit(strstr(p->out, "FAIL riscv64/c/c99 ") ? p->status : 100);
        }
        usleep(wait * 50000);
        kill(pid, SIGTERM);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (access("i.jsonl", R_OK)) continue;
        free(lines);
        lines = read_file("i.jsonl");
        if (strstr(lines, "riscv64/c/c99\"")) assert_int_equal(WEXITSTATUS(status), STATUS_HARNESS);
    }
    free(lines);
    struct journal_extent e;
    struct buf why = {0};
    assert_true(journal_check("i.rec", &e, &why));
    assert_in_range(e.count, 0, 60);
    assert_int_equal(remembered("failed"), 1);
    lockstep(p, RUN HISTORY REPORTS "|--resume|i.rec");
    struct left resumed = look("i.rec");
    assert_same(&resumed, &whole);
    left_free(&resumed);
    left_free(&whole);
}

/* Whatever happened to the file, cases run, in their usual order; a line says why. */
static void test_damaged(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    lockstep(p, RUN HISTORY);
    char *good = read_file("h");
    for (size_t len = 1; len < strlen(good); len += 7) {
        char *cut = xstrdup(good);
        cut[len] = 0;
        write_file("h", cut);
        free(cut);
        lockstep(p, RUN HISTORY "|-q|-f|*/c1?");
        if (len < strlen("lockstep history "))
            expect_said(p, "cut", STATUS_USAGE, "lockstep: h is not a history\n");
        else
            expect_said(p, "cut", STATUS_PASS,
                        "lockstep: the history h is damaged, or another version's: cases run in the corpus's "
                        "order\n");
    }
    for (size_t i = strlen("lockstep history "); i < strlen(good) - 1; i += 3) {
        char *bad = xstrdup(good);
        bad[i] ^= 1;
        write_file("h", bad);
        free(bad);
        lockstep(p, RUN HISTORY "|-q|-f|*/c1?");
        assert_int_equal(p->status, STATUS_PASS);
        expect_part(p->err, "lockstep: the history h is damaged");
    }
    free(good);
    write_file("h", "");
    lockstep(p, RUN HISTORY "|-q");
    expect_said(p, "empty", STATUS_FAIL, "");
    assert_int_equal(remembered("failed"), 3);
}

/* What is no history is not written over. */
static void test_refused(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    char *before = read_file("c.yaml");
    expect(p, RUN "|--history|c.yaml", STATUS_USAGE, "lockstep: c.yaml is not a history\n");
    expect(p, RUN "|--history|.", STATUS_USAGE, "lockstep: . is not a history\n");
    expect(p, RUN "|--history|/dev/null", STATUS_USAGE, "lockstep: /dev/null is not a history\n");
    expect(p, RUN "|--order|fist-failed", STATUS_USAGE,
           "lockstep: unknown order 'fist-failed'; did you mean 'first-failed'?\n");
    expect(
        p, RUN "|-q|--history|no/h", STATUS_FAIL,
        "lockstep: cannot write the history no/h: No such file or directory; the next run begins as this one "
        "did\n");
    char *after = read_file("c.yaml");
    assert_string_equal(before, after);
    free(before);
    free(after);
    setenv("XDG_CACHE_HOME", "/proc/self", 1); /* a machine where nothing can be remembered */
    expect(p, RUN "|-q", STATUS_FAIL, "");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "nowhere", 1);
    expect(p, RUN "|-q", STATUS_FAIL, "");
}

/* Without room on the disk, the old one stays. */
static void test_full_disk(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    lockstep(p, RUN HISTORY);
    char *before = read_file("h");
    enum fault more[N] = {[3] = FAULT_WRONG, [4] = FAULT_WRONG};
    write_cases("c.yaml", more);
    pid_t pid = fork();
    if (!pid) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){40, 40});
        lockstep(p, RUN HISTORY "|-q");
        _exit(p->status == STATUS_FAIL && strstr(p->err, "cannot write the history h: File too large") ? 0
                                                                                                       : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    char *after = read_file("h");
    assert_string_equal(before, after);
    assert_int_equal(system("test $(ls | grep -c '^h') = 1"), 0);
    free(before);
    free(after);
}

static void test_plan(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    write_file("p.yaml", "plan: 1\ncorpora: c.yaml\nbackends: faulty\noracles: reference\nquirks: none\n"
                         "history: deep/h\n");
    lockstep(p, "run|p.yaml");
    assert_int_equal(access("deep/h", F_OK), 0);
    lockstep(p, "run|p.yaml");
    expect_part(p->out, "\n3 cases that failed last time run first\n");
    lockstep(p, "run|p.yaml|--order|plain");
    expect_no_part(p->out, "last time");
    write_file("q.yaml", "plan: 1\ncorpora: c.yaml\nbackends: faulty\noracles: reference\nquirks: none\n"
                         "history: deep/h\norder: plain\n");
    lockstep(p, "run|q.yaml");
    expect_no_part(p->out, "last time");
    lockstep(p, "run|q.yaml|--order|first-failed");
    expect_part(p->out, "\n3 cases that failed last time run first\n");
}

/* It stays small whatever fails; of slow cases, the slowest stay, and they run behind quick failures. */
static void test_bounds(void **state)
{
    enum { MANY = 3000 };
    struct program p = {.err = stderr, .out = stdout};
    struct plan plan = {.history = "h"};
    struct past h;
    char id[32];
    assert_int_equal(past_open(&p, &plan, &h), 0);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "riscv64/c/c%u", i);
        struct record r = {.number = i, .id = id, .verdict = i % 3 ? VERDICT_FAIL : VERDICT_PASS};
        if (i % 10 == 0) r.micros = PAST_SLOW_MICROS + i;
        assert_false(past_note(&h, &r));
    }
    past_write(&h, &p, true);
    past_free(&h);
    char *text = read_file("h");
    assert_int_equal(remembered("failed") + remembered("slow"), PAST_QUICK + PAST_SLOW);
    expect_no_part(text, "riscv64/c/c2350\n");
    expect_part(text, "102360 riscv64/c/c2360\n");
    expect_part(text, "102370 riscv64/c/c2370\n");
    free(text);
    assert_int_equal(past_open(&p, &plan, &h), 0);
    assert_int_equal(h.npast, PAST_QUICK + PAST_SLOW);
    for (size_t i = 0; i < h.npast; i++)
        h.past[i].number = strtoull(strrchr(h.past[i].id, 'c') + 1, NULL, 10);
    past_order(&h, 4);
    assert_int_equal(h.nfirst, PAST_QUICK + PAST_SLOW - 2); /* c1 and c2 are done */
    assert_int_equal(h.first[PAST_QUICK - 2] % 10, 0);
    assert_int_not_equal(h.first[PAST_QUICK - 3] % 10, 0);
    past_free(&h);
    arena_free(&p.arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, enter, leave),
        cmocka_unit_test_setup_teardown(test_forgotten, enter, leave),
        cmocka_unit_test_setup_teardown(test_cache_is_bounded, enter, leave),
        cmocka_unit_test_setup_teardown(test_with_records, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_full_disk, enter, leave),
        cmocka_unit_test_setup_teardown(test_plan, enter, leave),
        cmocka_unit_test_setup_teardown(test_bounds, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
