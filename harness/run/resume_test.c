/* Run records: what is killed, cut, full or of another run, and what `--resume` makes of it. */
#include "harness/run/resume_test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A record that ends anywhere is a shorter record. */
static void test_cut(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    uint64_t size = size_of("whole.rec");
    static const int at[] = {0, 5, 17, 18, 200, 40, -2000, -1000, -300, -81, -9, -1};
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        copy_part("whole.rec", "cut.rec", at[i] < 0 ? (long)size + at[i] : at[i]);
        lockstep(p, RUN REPORTS "|--resume|cut.rec");
        assert_string_equal(p->err, "");
        assert_int_equal(p->status, STATUS_FAIL);
        struct left resumed = look("cut.rec");
        assert_same(&resumed, &whole);
        left_free(&resumed);
    }
    lockstep(p, RUN REPORTS "|--resume|cut.rec"); /* it is whole by now */
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, " cases are in cut.rec already\n");
    struct left again = look("cut.rec");
    assert_same(&again, &whole);
    left_free(&again);
    lockstep(p, RUN REPORTS "|--resume|new.rec"); /* and this one does not exist */
    expect_part(p->out, "nothing in new.rec yet: the run begins\n");
    struct left fresh = look("new.rec");
    assert_same(&fresh, &whole);
    left_free(&fresh);
    left_free(&whole);
}

static void write_bytes(const char *name, const char *p, size_t n)
{
    (void)unlink(name); /* a file that is written anew goes to the disk at once */
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The next place to look at: all of the beginning and the end, and every kind of place between. */
static size_t next_place(size_t at, size_t size)
{
    return at < 40 || at + 60 > size ? at + 1 : at + 37;
}

/* Wherever it is cut, it is a shorter record of the same run; whatever byte is wrong, it is not taken for
 * whole. */
static void test_every_place(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    size_t size = size_of("whole.rec");
    char *bytes = xmalloc(size);
    FILE *f = fopen("whole.rec", "r");
    assert_int_equal(fread(bytes, 1, size, f), size);
    fclose(f);
    uint64_t before = 0;
    for (size_t len = 0; len < size; len = next_place(len, size)) {
        struct journal_extent e;
        struct buf why = {0};
        write_bytes("cut.rec", bytes, len);
        if (!journal_check("cut.rec", &e, &why)) fail_msg("cut at %zu: %s", len, buf_cstr(&why));
        assert_false(e.complete);
        assert_in_range(e.count, before, before + 37);
        assert_true(e.synced <= len);
        before = e.count;
    }
    for (size_t at = 0; at < size; at = next_place(at, size)) {
        struct journal_extent e;
        struct buf why = {0};
        bytes[at] ^= (char)(1 << at % 8);
        write_bytes("bad.rec", bytes, size);
        bytes[at] ^= (char)(1 << at % 8);
        bool good = journal_check("bad.rec", &e, &why);
        if (good && e.complete) fail_msg("a wrong byte at %zu does not show", at);
        assert_int_equal(!good, why.len > 0);
        assert_null(strchr(buf_cstr(&why), '\n'));
        buf_free(&why);
    }
    free(bytes);
    left_free(&whole);
}

/* The program in a process of its own. */
static pid_t start(const char *words, rlim_t most)
{
    pid_t pid = fork();
    if (pid) return pid;
    struct place p = {0};
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    if (most) setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
    lockstep(&p, words);
    _exit(p.status);
}

static int finish(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Killed again and again, it gets there; no case is run twice, and none is left out. */
static void test_killed(void **state)
{
    struct place *p = *state;
    enum fault faults[N];
    memcpy(faults, usual, sizeof(faults));
    for (unsigned i = 0; i < N; i += 4)
        if (!faults[i]) faults[i] = FAULT_SLOW;
    write_cases("c.yaml", faults);
    struct left whole = whole_run(p);
    unsigned kills = 0;
    for (unsigned round = 0; round < 50; round++) {
        uint64_t before = size_of("k.rec");
        pid_t pid = start(RUN REPORTS "|-j|1|--resume|k.rec", 0);
        for (unsigned i = 0; i < 100 && size_of("k.rec") <= before + 200; i++) usleep(10000);
        kill(pid, SIGKILL);
        kills += finish(pid) == -SIGKILL;
        struct journal_extent e;
        struct buf why = {0};
        if (!journal_check("k.rec", &e, &why)) fail_msg("%s", buf_cstr(&why));
        if (e.complete) break;
    }
    assert_true(kills >= 2);
    lockstep(p, RUN REPORTS "|--resume|k.rec");
    assert_int_equal(p->status, STATUS_FAIL);
    struct left resumed = look("k.rec");
    assert_same(&resumed, &whole);
    left_free(&resumed);
    left_free(&whole);
}

/* A disk that fills up costs the record's end, not the run; with room again, the run goes on. */
static void test_full_disk(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    for (rlim_t most = 1; most < 2000; most += 700) {
        unlink("f.rec");
        assert_int_equal(finish(start(RUN "|-r|record=f.rec", most)), STATUS_HARNESS);
        assert_int_equal(size_of("f.rec"), most);
        lockstep(p, RUN REPORTS "|--resume|f.rec");
        assert_string_equal(p->err, "");
        struct left resumed = look("f.rec");
        assert_same(&resumed, &whole);
        left_free(&resumed);
    }
    expect(p, RUN "|-r|record=/dev/full", STATUS_HARNESS,
           "lockstep: cannot write the record report /dev/full: No space left on device; the run goes on "
           "without "
           "it\n");
    left_free(&whole);
}

/* A program that was started without any open file does not write its words into a report. */
static void test_closed_files(void **state)
{
    struct place *p = *state;
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    pid_t pid = fork();
    if (!pid) {
        static const char *const argv[] = {
            "lockstep",    "run",      "c.yaml",        "-b", "faulty,interp", "-O",
            "reference",   "--quirks", "none",          "-r", "record=n.rec",  "-r",
            "junit=r.xml", "-r",       "jsonl=r.jsonl", "-r", "md=r.md"};
        for (int fd = 0; fd <= 2; fd++) close(fd);
        _exit(program_main(ARRAY_LEN(argv), argv, stdout, stderr, backends));
    }
    assert_int_equal(finish(pid), STATUS_HARNESS);
    struct left here = look("n.rec");
    assert_same(&here, &whole);
    left_free(&here);
    left_free(&whole);
}

/* Whatever differs is named; nothing is written then. */
static void test_refused(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *words, *part; /* a run, and what of it is another */
    } rows[] = {
        {"run|d.yaml|-b|faulty,interp|-O|reference|--quirks|none|--resume|whole.rec",
         "of another run: another corpus ("},
        {RUN "|--seed|7|--resume|whole.rec", "of another run: another seed (0, here 7)"},
        {"run|c.yaml|-b|interp|-O|reference|--quirks|none|--resume|whole.rec",
         "of another run: another lineup ("},
        {RUN "|--shard|1/2|--resume|whole.rec", "the record of a whole run, not of a shard\n"},
        {RUN "|-f|*/c1*|--resume|whole.rec", "of another run: another filter ([], here [\"*/c1*\"])"},
        {RUN "|-r|cover=c.cov|--resume|whole.rec", "of another run: another coverage (false, here true)"},
    };
    write_cases("c.yaml", usual);
    write_cases("d.yaml", NULL);
    struct left whole = whole_run(p);
    uint64_t size = size_of("whole.rec");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        lockstep(p, rows[i].words);
        assert_int_equal(p->status, STATUS_USAGE);
        expect_part(p->err, "lockstep: whole.rec is ");
        expect_part(p->err, rows[i].part);
        assert_ptr_equal(strchr(p->err, '\n'), strrchr(p->err, '\n'));
    }
    assert_int_equal(size_of("whole.rec"), size);
    lockstep(p, RUN "|--shard|1/2|-r|record=half.rec");
    lockstep(p, RUN "|--shard|2/2|--resume|half.rec");
    expect_part(p->err, "half.rec is of another run: another shard (1, here 2)\n");
    copy_part("whole.rec", "bad.rec", (long)size);
    edit("bad.rec", -100, '\x7f');
    lockstep(p, RUN "|--resume|bad.rec");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: bad.rec is damaged: what stands at byte ");
    expect(p, RUN "|--resume|c.yaml", STATUS_USAGE, "lockstep: c.yaml is not a run record\n");
    copy_part("whole.rec", "old.rec", (long)size);
    edit("old.rec", 16, '9');
    expect(p, RUN "|--resume|old.rec", STATUS_USAGE,
           "lockstep: old.rec: a run record of format 9; this lockstep reads format 3\n");
    left_free(&whole);
}

/* A record that another build wrote. */
static void test_other_program(void **state)
{
    struct place *p = *state;
    struct buf why = {0}, out = {0};
    struct journal_coder c = {0};
    write_cases("c.yaml", usual);
    struct left whole = whole_run(p);
    struct journal *j = journal_open("whole.rec", &why);
    json_object_set_new(j->header, "program", json_string("0123"));
    journal_begin(&c, j->header, &out);
    FILE *f = fopen("other.rec", "w");
    fwrite(out.p, 1, out.len, f);
    fclose(f);
    lockstep(p, RUN "|--resume|other.rec");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: other.rec is of another run: another engine (0123, here ");
    journal_close(j);
    journal_coder_free(&c);
    buf_free(&out);
    left_free(&whole);
}

/* Interrupted runs are said to be, and go on; with coverage, which is the same in the end. */
static void test_interrupted_with_coverage(void **state)
{
    struct place *p = *state;
    enum fault faults[N] = {0};
    for (unsigned i = 0; i < N; i += 6) faults[i] = FAULT_SLOW;
    write_cases("c.yaml", faults);
    lockstep(p, RUN "|-r|cover=whole.cov");
    pid_t pid = start(RUN "|-j|1|-r|cover=part.cov|-r|record=i.rec", 0);
    for (unsigned i = 0; i < 300 && size_of("i.rec") < 3000; i++) usleep(10000);
    kill(pid, SIGTERM);
    assert_int_equal(finish(pid), STATUS_HARNESS);
    struct journal_extent e;
    struct buf why = {0};
    assert_true(journal_check("i.rec", &e, &why));
    assert_true(!e.complete && e.count && e.count < N);
    lockstep(p, RUN "|-r|cover=part.cov|--resume|i.rec");
    assert_int_equal(p->status, STATUS_PASS);
    char *a = read_file("whole.cov"), *b = read_file("part.cov");
    assert_string_equal(a, b);
    free(a);
    free(b);
}

/* What came home behind a case that did not is reported, but no record of it is kept: it runs again. */
static void test_interrupted_out_of_order(void **state)
{
    struct place *p = *state;
    enum fault faults[N] = {[50] = FAULT_WRONG};
    struct journal_extent e = {0};
    for (unsigned i = 0; i < 16; i++) faults[i] = FAULT_SLOW; /* the first batch is the last one to be done */
    write_cases("c.yaml", faults);
    struct left whole = whole_run(p);
    for (unsigned wait = 1; !e.header || !e.cases; wait++) {
        pid_t pid = start(RUN "|-j|3|-r|jsonl=o.jsonl|-r|record=o.rec", 0);
        usleep(wait * 20000);
        kill(pid, SIGTERM);
        (void)finish(pid);
        struct buf why = {0};
        char *lines = access("o.jsonl", R_OK) ? xstrdup("") : read_file("o.jsonl");
        if (strstr(lines, "riscv64/c/c50\"")) assert_true(journal_check("o.rec", &e, &why));
        free(lines);
    }
    assert_in_range(e.count, 0, 15);
    lockstep(p, RUN REPORTS "|--resume|o.rec");
    struct left resumed = look("o.rec");
    assert_same(&resumed, &whole);
    left_free(&resumed);
    left_free(&whole);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut, enter, leave),
        cmocka_unit_test_setup_teardown(test_every_place, enter, leave),
        cmocka_unit_test_setup_teardown(test_killed, enter, leave),
        cmocka_unit_test_setup_teardown(test_full_disk, enter, leave),
        cmocka_unit_test_setup_teardown(test_closed_files, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_other_program, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted_with_coverage, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted_out_of_order, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
