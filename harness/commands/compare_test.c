/* `lockstep compare` as its users meet it. The builds are this program itself, which then plays
 * lockstep-bench: a file beside it says what its benchmarks take. */
#include "harness/commands/place_test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a build ---- */

/* A line of the file `figures`: "name nanoseconds", or instead of those what it does wrong. */
struct line {
    char name[64], takes[64];
};

static unsigned read_lines(const char *program, struct line *lines, unsigned most)
{
    char path[512];
    snprintf(path, sizeof(path), "%.*s/figures", (int)(strrchr(program, '/') - program), program);
    FILE *f = fopen(path, "r");
    unsigned n = 0;
    while (f && n < most && fscanf(f, "%63s %63s", lines[n].name, lines[n].takes) == 2) n++;
    if (f) fclose(f);
    return n;
}

/* Half a percent of noise, and what the letter behind the time says: neighbours come and go (most slices are
 * slower), or the processor is now and then faster. */
static void answer(const char *takes)
{
    const char *plant = getenv("LOCKSTEP_BENCH_PLANT");
    double ns = atof(takes) * (1 + (plant ? atof(plant) / 100 : 0));
    struct rng r = {(uint64_t)getpid()};
    char go;
    while (read(0, &go, 1) == 1) {
        double factor = 1 + (double)rng_below(&r, 1001) / 100000.0;
        if (strchr(takes, 'n') && rng_below(&r, 10) < 6) factor += (double)rng_below(&r, 1001) / 1000.0;
        if (strchr(takes, 'f') && rng_below(&r, 20) == 0) factor -= (double)rng_below(&r, 1001) / 3000.0;
        dprintf(3, "%.3f\n", ns * factor);
    }
}

/* It and a process of its own hang; both say in the file `pids` who they are. */
static void hang(void)
{
    (void)fork();
    FILE *f = fopen("pids", "a");
    fprintf(f, "%d\n", (int)getpid());
    fclose(f);
    for (;;) pause();
}

static void misbehave(const char *how)
{
    static const char message[] = "{\"benchmarks\": [{\"error_message\": \"no such luck\"}]}";
    char go;
    if (!strcmp(how, "dies")) abort();
    if (!strcmp(how, "hangs")) hang();
    if (!strcmp(how, "fails")) puts(message);
    if (!strcmp(how, "old")) puts("{\"benchmarks\": [{\"cpu_time\": 5}]}");
    if (!strcmp(how, "cut")) printf("%.20s", message);
    if (!strcmp(how, "garbage") && read(0, &go, 1) == 1) dprintf(3, "\x1b[31m\n");
    if (!strcmp(how, "infinite") && read(0, &go, 1) == 1) dprintf(3, "inf\n");
    while (!strcmp(how, "babbles")) puts("and so on");
    if (!strcmp(how, "late")) {
        answer("1000");
        puts(message);
    }
    if (strcmp(how, "exits") != 0) return;
    fputs("first\nsecond\n\x1b[31mred\nlast\n\n", stderr);
    exit(7);
}

static int play(int argc, char **argv)
{
    struct line lines[16];
    unsigned n = read_lines(argv[0], lines, 16);
    if (!strcmp(argv[1], "--benchmark_list_tests")) {
        if (n && !strcmp(lines[0].name, "hangs")) hang();
        for (unsigned i = 0; i < n; i++) puts(lines[i].name);
        return n ? 0 : 1;
    }
    for (unsigned i = 0; i < n; i++) {
        char filter[2200];
        snprintf(filter, sizeof(filter), "--benchmark_filter=^%s$", lines[i].name);
        if (strcmp(argv[1], filter) != 0) continue;
        misbehave(lines[i].takes);
        if (atof(lines[i].takes) > 0) answer(lines[i].takes);
    }
    return 0;
}

static void make_build(const char *dir, const char *figures)
{
    char command[200], path[100];
    assert_true(!mkdir(dir, 0777) || !access(dir, F_OK));
    snprintf(command, sizeof(command), "cp /proc/%d/exe %s/lockstep-bench", (int)getpid(), dir);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/figures", dir);
    write_file(path, figures);
}

static void lockstep(struct place *p, const char *words)
{
    place_run(p, words, NULL, backend_all);
}

/* ---- two builds ---- */

static void test_verdicts(void **state)
{
    struct place *p = *state;
    make_build("old", "same 1000\nslower 1000\nfaster 1000\nlittle 1000\ngone 1000\nmended fails\n");
    make_build("new",
               "same 1000\nslower 1050\nfaster 950\nlittle 1004\nmended 1000\nadded 1000\nx/real_time 5\n");
    lockstep(p, "compare|old|new");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "machine: ");
    expect_part(p->out, "\nsame                                 ");
    expect_part(p->out, "slower\nfaster    ");
    expect_part(p->out, "faster\nlittle    ");
    expect_part(p->out, "same\nmended                               fails in OLD: no such luck\n");
    expect_part(
        p->out,
        "added                                not in OLD\ngone                                 not in NEW\n");
    expect_part(p->out, "geometric mean of 4: NEW takes ");
    expect_part(p->out, "2 same, 1 faster, 1 slower, 1 fails in OLD, 1 not in NEW, 1 not in OLD\n");
    expect_part(p->err, "round 16: ");
    lockstep(p, "compare|old|new|-q|--filter|sam?|--filter|faster|--filter|added|--pairs|8");
    assert_int_equal(p->status, STATUS_PASS);
    assert_string_equal(p->err, "");
    expect_part(p->out, "1 same, 1 faster, 1 not in OLD\n");
    lockstep(p, "compare|old|new|-q|--filter|same|--plant|5|--pairs|8");
    assert_int_equal(p->status, STATUS_FAIL);
    lockstep(p, "compare|old|new|-q|--filter|slower|--least|10|--pairs|8");
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "\n1 same\n");
    lockstep(p, "compare|old|new|-q|--filter|gone");
    assert_int_equal(p->status, STATUS_FAIL);
}

/* Neither kind of noise hides that nothing changed, nor a change. */
static void test_noise(void **state)
{
    struct place *p = *state;
    make_build("old", "n 1000n\nf 1000f\nslower-n 1000n\nslower-f 1000f\n");
    make_build("new", "n 1000n\nf 1000f\nslower-n 1030n\nslower-f 1030f\n");
    lockstep(p, "compare|old|new|-q");
    expect_part(p->out, "\n2 same, 2 slower\n");
}

/* Who fails, on which side, how, and what it said last. */
static void test_failures(void **state)
{
    struct place *p = *state;
    make_build("old", "a 1000\nb 1000\nc 1000\nd 1000\ne exits\nf dies\n");
    make_build("new", "a fails\nb dies\nc old\nd 1000\ne 1000\nf exits\n");
    lockstep(p, "compare|old|new|-q|--pairs|6");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "\na                                    fails: no such luck\n");
    expect_part(p->out, "\nb                                    fails: it was killed by SIGABRT\n");
    expect_part(p->out, "\nc                                    fails: it knows no slices: it is older than "
                        "lockstep compare\n");
    expect_part(p->out, "\ne                                    fails in OLD: it ends with status 7\n"
                        "    | second\n    | ?[31mred\n    | last\n");
    expect_part(p->out, "\nf                                    fails in both: it ends with status 7\n");
    expect_part(p->out, "\n1 same, 3 fails, 1 fails in OLD, 1 fails in both\n");
    lockstep(p, "compare|old|new|-q|--pairs|6|--filter|f");
    assert_int_equal(p->status, STATUS_FAIL);
    lockstep(p, "compare|old|new|-q|--pairs|6|--filter|e");
    assert_int_equal(p->status, STATUS_PASS);
}

/* What is no answer is none, also when it says very much. */
static void test_nonsense(void **state)
{
    struct place *p = *state;
    make_build("old", "a 1000\nb 1000\nc 1000\nd 1000\ne 1000\n");
    make_build("new", "a garbage\nb infinite\nc cut\nd babbles\ne late\n");
    assert_true(!mkdir("new/bench", 0777));
    write_file("new/bench/module.mk", "");
    write_file("new/bench/x.yaml", "benchmarks: 1\nlist: [{name: d, kind: k, limit: 1}]\n");
    lockstep(p, "compare|old|new|-q|--pairs|6|--filter|*");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "\na                                    fails: what it answers is no time\n");
    expect_part(p->out, "\nb                                    fails: what it answers is no time\n");
    expect_part(p->out, "\nc                                    fails: it was not run\n");
    expect_part(p->out, "\nd                                    fails: it takes too long\n");
    /* its checks fail behind the slices, which are worth nothing then */
    expect_part(p->out, "\ne                                    fails: no such luck\n");
}

/* What the projects of both say of a name. */
static void test_definitions(void **state)
{
    struct place *p = *state;
    make_build("old", "a 1000\nb 1000\nc 1000\n");
    make_build("new", "a 2000\nb 1000\nc 2000\n");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(mkdir(i ? "new/bench" : "old/bench", 0777), 0);
        write_file(i ? "new/bench/module.mk" : "old/bench/module.mk", "");
        write_file(i ? "new/bench/x.yaml" : "old/bench/x.yaml",
                   i ? "benchmarks: 1\nlist: [{name: a, kind: k, with: {n: 2}}, {name: b, kind: k}, {name: "
                       "c, kind: k, compare: false}]\n"
                     : "benchmarks: 1\nlist: [{name: a, kind: k, with: {n: 1}}, {name: b, kind: k}]\n");
    }
    lockstep(p, "compare|old|new|-q|--pairs|6");
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "\na                                    is another one\n");
    expect_part(p->out, "\n1 same, 1 is another one\n");
    lockstep(p, "compare|old|new|-q|--pairs|6|--filter|c");
    assert_int_equal(p->status, STATUS_FAIL);
    /* a limit of its own */
    make_build("new", "b hangs\n");
    write_file("new/bench/x.yaml", "benchmarks: 1\nlist: [{name: b, kind: k, limit: 1}]\n");
    lockstep(p, "compare|old|new|-q|--pairs|6|--filter|b");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "\nb                                    fails: it takes too long\n");
}

static void test_bad_builds(void **state)
{
    struct place *p = *state;
    make_build("old", "a 1000\n");
    make_build("empty", "");
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(mkdir("broken", 0777), 0);
    write_file("broken/lockstep-bench", "no program\n");
    assert_int_equal(chmod("broken/lockstep-bench", 0755), 0);
    lockstep(p, "compare|old|folder");
    expect_said(p, "folder", STATUS_USAGE,
                "lockstep: folder: no lockstep-bench is in it, nor in build/rel there: 'make bench-build'\n");
    lockstep(p, "compare|old|nothing");
    expect_said(p, "nothing", STATUS_USAGE,
                "lockstep: nothing: it is no build, no folder of one, and no commit\n");
    lockstep(p, "compare|old|broken");
    assert_int_equal(p->status, STATUS_HARNESS);
    expect_part(p->err, "broken/lockstep-bench does not start: Exec format error\n");
    lockstep(p, "compare|old|empty");
    assert_int_equal(p->status, STATUS_HARNESS);
    expect_part(p->err, "empty/lockstep-bench does not start: it ends with status 1\n");
    write_file("broken/lockstep-bench", "#!/bin/sh\necho one >&2\necho two >&2\nexit 127\n");
    lockstep(p, "compare|broken|old");
    assert_int_equal(p->status, STATUS_HARNESS);
    expect_part(p->err,
                "broken/lockstep-bench does not start: it ends with status 127\n    | one\n    | two\n");
    write_file("broken/lockstep-bench", "#!/bin/sh\nhead -c 5000 /dev/zero\n");
    lockstep(p, "compare|broken|old");
    expect_part(p->err, "broken/lockstep-bench is no lockstep-bench: it has no benchmarks\n");
    write_file("broken/lockstep-bench", "#!/bin/sh\necho 'usage: a b'\n");
    lockstep(p, "compare|broken|old");
    expect_part(p->err,
                "broken/lockstep-bench is no lockstep-bench: what it says are no names of benchmarks\n");
    write_file("broken/lockstep-bench", "#!/bin/sh\nexec yes\n");
    lockstep(p, "compare|broken|old");
    expect_part(p->err, "broken/lockstep-bench does not start: it says too much\n");
    assert_int_equal(chmod("broken/lockstep-bench", 0644), 0);
    lockstep(p, "compare|old|broken/lockstep-bench");
    expect_said(p, "no program", STATUS_USAGE,
                "lockstep: broken/lockstep-bench: it is a file that cannot be executed\n");
    lockstep(p, "compare|old|old|--filter|zzz");
    expect_said(p, "zzz", STATUS_NOTHING, "lockstep: no benchmark matches\n");
    lockstep(p, "compare|old");
    expect_said(p, "one", STATUS_USAGE, "lockstep: compare wants OLD and NEW, or recorded figures\n");
    lockstep(p, "compare|old|x.json");
    expect_said(p, "both", STATUS_USAGE, "lockstep: recorded figures and builds cannot be compared\n");
}

static void test_selftest(void **state)
{
    struct place *p = *state;
    make_build("old", "a 1000\nb 500\n");
    lockstep(p, "compare|--selftest|-q|--filter|*|--pairs|8|old");
    if (p->status) fail_msg("%s%s", p->out, p->err);
    expect_part(p->out, "the same against the same: 0 of 6 changed: 0.0 % false alarms (at most 2 %)\n"
                        "3 % more work: 4 of 4 found: 100.0 % (at least 90 %)\n");
    make_build("old", "a 1000\nb fails\n");
    lockstep(p, "compare|--selftest|-q|--filter|*|--pairs|8|old");
    expect_said(p, "fails", STATUS_FAIL, "lockstep: some benchmarks could not be measured\n");
}

/* ---- signals ---- */

/* Starts it with these words, in the background; what it says goes to the files `out` and `said`. */
static pid_t start(const char *words)
{
    pid_t pid = fork();
    if (pid) return pid;
    struct place p = {.out = NULL};
    place_run(&p, words, "out", backend_all);
    write_file("said", p.err);
    _exit(p.status);
}

static bool is_alive(pid_t pid)
{
    char path[40], state = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    bool read = f && fscanf(f, "%*d %*s %c", &state) == 1;
    if (f) fclose(f);
    return read && state != 'Z';
}

/* Stops it once so many others hang: it says so, and they are gone. */
static void stop(pid_t pid, int sig, unsigned hanging, const char *said)
{
    int status, others[8];
    unsigned n = 0;
    for (unsigned i = 0; i < 1000 && n < hanging; i++) {
        FILE *f = fopen("pids", "r");
        for (n = 0; f && n < 8 && fscanf(f, "%d\n", &others[n]) == 1;) n++;
        if (f) fclose(f);
        usleep(10000);
    }
    assert_int_equal(n, hanging);
    kill(pid, sig);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_HARNESS);
    char *text = read_file("said");
    expect_part(text, said);
    free(text);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < 100 && is_alive(others[i]); k++) usleep(10000);
        assert_false(is_alive(others[i]));
    }
    unlink("pids");
}

static void test_stopped(void **state)
{
    (void)state;
    make_build("old", "a 1000\nb 1000\n");
    make_build("new", "a 1000\nb hangs\n");
    make_build("mute", "hangs 1\n");
    stop(start("compare|old|new"), SIGTERM, 2, "lockstep: interrupted by SIGTERM: nothing is compared\n");
    stop(start("compare|old|new"), SIGINT, 2, "lockstep: interrupted by SIGINT: nothing is compared\n");
    stop(start("compare|old|mute"), SIGHUP, 2, "lockstep: interrupted by SIGHUP: nothing is compared\n");
    stop(start("compare|new|--selftest|--filter|*"), SIGTERM, 4, "interrupted by SIGTERM");
}

/* Who ignores a signal (nohup) is not stopped by it. */
static void test_ignored(void **state)
{
    (void)state;
    make_build("old", "hangs 1\n");
    signal(SIGHUP, SIG_IGN);
    pid_t pid = start("compare|old|old");
    signal(SIGHUP, SIG_DFL);
    while (access("pids", F_OK)) usleep(10000);
    kill(pid, SIGHUP);
    usleep(50000);
    stop(pid, SIGTERM, 2, "lockstep: interrupted by SIGTERM: nothing is compared\n");
}

/* Of a commit whose build was stopped nothing stays; the next comparison begins it anew. */
static void test_stopped_build(void **state)
{
    (void)state;
    write_file("Makefile", "all:; echo $$$$ > ../../../pids; sleep 100\nbuild/rel/lockstep-bench: all\n");
    assert_int_equal(
        system("git init -q . && git add Makefile && git -c user.name=n -c user.email=e commit -qm x"), 0);
    make_build("old", "a 1000\n");
    stop(start("compare|old|HEAD"), SIGTERM, 1, "lockstep: interrupted by SIGTERM: nothing is compared\n");
    assert_int_equal(system("test -z \"$(ls build/compare)\""), 0);
}

/* ---- recorded figures ---- */

static void record(unsigned number, const char *machine, const char *definition, double a, double b)
{
    char name[32];
    struct buf text = {0};
    /* neither names nor dates are in the order of commits */
    snprintf(name, sizeof(name), "%02u.json", 40 - number);
    buf_printf(&text,
               "{\"context\": {\"date\": \"2026-01-01\"}, \"benchmarks\": ["
               "{\"name\": \"a\", \"run_type\": \"iteration\", \"cpu_time\": %f, \"time_unit\": \"us\"},"
               "{\"name\": \"clock/real_time\", \"cpu_time\": 1, \"time_unit\": \"ns\"}",
               a);
    if (b > 0)
        buf_printf(
            &text,
            ", {\"name\": \"b/manual_time\", \"real_time\": %f, \"cpu_time\": 1, \"time_unit\": \"ms\"}", b);
    buf_printf(
        &text,
        "], \"lockstep\": {\"format\": 1, \"environment\": {\"machine\": \"%s\", \"commit\": \"c%02u\", "
        "\"commit_time\": %u}, \"definitions\": {\"a\": \"%s\", \"b\": \"1\"}}}\n",
        machine, number, 1000 + number, definition);
    write_file(name, text.p);
    buf_free(&text);
}

/* Said for so many files, the newest first. */
static void compare_files(struct place *p, unsigned n, const char *more)
{
    struct buf words = {0};
    buf_str(&words, "compare");
    while (n) buf_printf(&words, "|%02u.json", 40 - n--);
    buf_str(&words, more);
    lockstep(p, words.p);
    buf_free(&words);
}

static void test_history(void **state)
{
    struct place *p = *state;
    for (unsigned i = 1; i <= 12; i++)
        record(i, "m", "1", (i < 7 ? 100 : 110) + i % 3 * 0.2, 50 + i % 2 * 0.1);
    compare_files(p, 12, "|-v");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "machine: m: 12 files, c01 to c12\n");
    expect_part(p->out, "slower by 10.0 % at c07 (33.json), after c06\n");
    expect_part(p->out, "b                                    the same in 12 files\n2 series\n");
    compare_files(p, 12, "|--least|20");
    assert_int_equal(p->status, STATUS_PASS);
    compare_files(p, 12, "|--filter|b");
    assert_int_equal(p->status, STATUS_PASS);
    /* mended again: no longer a reason to fail; b is gone in the end */
    for (unsigned i = 1; i <= 24; i++)
        record(i, "m", "1", (i < 9 || i > 16 ? 100 : 110) + i % 3 * 0.2, i == 24 ? 0 : 50);
    compare_files(p, 24, "");
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "slower by 10.0 % at c09 (31.json), after c08\n");
    expect_part(p->out, "faster by 9.1 % at c17 (23.json), after c16\n");
    expect_part(
        p->out,
        "b                                    not in 16.json, or another benchmark there, or it fails\n");
}

/* What does not belong together is not compared. */
static void test_apart(void **state)
{
    struct place *p = *state;
    for (unsigned i = 1; i <= 12; i++) record(i, i % 2 ? "m" : "n", "1", i % 2 ? 100 : 200, 50);
    compare_files(p, 12, "");
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(
        p->out,
        "machine: m: 6 files, c01 to c11\n2 series; 2 have fewer than 8 figures, which is too few to tell\n");
    expect_part(p->out, "machine: n: 6 files, c02 to c12\n2 series; 2 have fewer");
    for (unsigned i = 1; i <= 12; i++) record(i, "m", i < 7 ? "1" : "2", i < 7 ? 100 : 200, 50);
    compare_files(p, 12, "");
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(
        p->out,
        "a                                    not in 28.json, or another benchmark there, or it fails\n");
    expect_part(p->out, "3 series; 2 have fewer than 8");
}

static void test_bad_files(void **state)
{
    struct place *p = *state;
    record(1, "m", "1", 1, 1);
    write_file("cut.json", "{\"benchmarks\": [");
    write_file("other.json", "{\"benchmarks\": [{\"name\": \"a\", \"cpu_time\": 1}]}");
    write_file("none.json", "{}");
    lockstep(p, "compare|39.json|cut.json");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: cut.json: line ");
    lockstep(p, "compare|39.json|other.json");
    expect_said(
        p, "other", STATUS_USAGE,
        "lockstep: other.json: lockstep bench did not write it: nobody knows where it was measured\n");
    write_file("other.json", "{\"benchmarks\": [], \"lockstep\": {\"format\": 1, \"environment\": {}, "
                             "\"definitions\": {}}}");
    lockstep(p, "compare|39.json|other.json");
    expect_said(
        p, "no machine", STATUS_USAGE,
        "lockstep: other.json: lockstep bench did not write it: nobody knows where it was measured\n");
    assert_int_equal(mkdir("folder.json", 0777), 0);
    lockstep(p, "compare|39.json|folder.json");
    expect_said(p, "folder", STATUS_USAGE, "lockstep: folder.json: Is a directory\n");
    lockstep(p, "compare|none.json|39.json");
    expect_said(p, "none", STATUS_USAGE, "lockstep: none.json: it has no benchmarks\n");
    lockstep(p, "compare|39.json|away.json");
    expect_said(p, "away", STATUS_USAGE, "lockstep: away.json: No such file or directory\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verdicts, enter, leave),
        cmocka_unit_test_setup_teardown(test_failures, enter, leave),
        cmocka_unit_test_setup_teardown(test_noise, enter, leave),
        cmocka_unit_test_setup_teardown(test_nonsense, enter, leave),
        cmocka_unit_test_setup_teardown(test_stopped, enter, leave),
        cmocka_unit_test_setup_teardown(test_ignored, enter, leave),
        cmocka_unit_test_setup_teardown(test_stopped_build, enter, leave),
        cmocka_unit_test_setup_teardown(test_definitions, enter, leave),
        cmocka_unit_test_setup_teardown(test_bad_builds, enter, leave),
        cmocka_unit_test_setup_teardown(test_selftest, enter, leave),
        cmocka_unit_test_setup_teardown(test_history, enter, leave),
        cmocka_unit_test_setup_teardown(test_apart, enter, leave),
        cmocka_unit_test_setup_teardown(test_bad_files, enter, leave),
    };
    if (argc > 1) return play(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
