/* Figures from Google Benchmark's JSON to a record and back; what spoils them is said. */
#include "harness/clock/history.h"
#include "harness/testing.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char figures[] =
    "{\"context\": {\"date\": \"2026-01-02\", \"library_build_type\": \"debug\"}, \"benchmarks\": ["
    "{\"name\": \"a\", \"run_type\": \"iteration\", \"real_time\": 9, \"cpu_time\": 2.5, \"time_unit\": "
    "\"us\"},"
    "{\"name\": \"a_mean\", \"run_type\": \"aggregate\", \"cpu_time\": 2.5, \"time_unit\": \"us\"},"
    "{\"name\": \"b/manual_time\", \"real_time\": 4, \"cpu_time\": 1, \"time_unit\": \"ms\"},"
    "{\"name\": \"c/iterations:1/real_time\", \"real_time\": 4, \"cpu_time\": 1, \"time_unit\": \"ms\"},"
    "{\"name\": \"d\", \"error_occurred\": true, \"error_message\": \"no luck\", \"cpu_time\": 0, "
    "\"time_unit\": \"ns\"}]}";

/* A folder of its own, current while the test runs. */
struct place {
    char dir[40];   /* of it */
    struct arena a; /* of what is read */
    char *said;     /* by record_write */
};

static int enter(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    strcpy(p->dir, "/tmp/lockstep-record-XXXXXX");
    *state = p;
    return !mkdtemp(p->dir) || chdir(p->dir);
}

static int leave(void **state)
{
    struct place *p = *state;
    char command[80];
    snprintf(command, sizeof(command), "rm -r %s", p->dir);
    arena_free(&p->a);
    free(p->said);
    free(p);
    return chdir("/") | system(command);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static char *read_file(const char *name)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    assert_true(getdelim(&text, &n, 0, f) > 0);
    fclose(f);
    return text;
}

static const char *record(struct place *p, const char *text, const char *to, unsigned *failed)
{
    static struct benchmark all[] = {{.name = "a", .hash = 0x12}, {.name = "b", .hash = 0x34}};
    const struct benchmarks defined = {all, 2};
    const struct environment e = {.cpu = "fast",
                                  .cpus = 1,
                                  .hypervisor = "none",
                                  .kernel = "6",
                                  .compiler = "cc",
                                  .governor = "powersave",
                                  .turbo = 1,
                                  .load = 3,
                                  .commit = "abc-dirty",
                                  .commit_time = 77};
    size_t n;
    free(p->said);
    p->said = NULL;
    FILE *say = open_memstream(&p->said, &n);
    write_file("fresh", text);
    const char *why = record_write("fresh", to, &e, &defined, failed, say, &p->a);
    fclose(say);
    return why;
}

static void test_round(void **state)
{
    struct place *p = *state;
    struct recorded r;
    unsigned failed;
    const char *why = record(p, figures, "to.json", &failed);
    if (why) fail_msg("%s", why);
    assert_int_equal(failed, 1);
    assert_string_equal(p->said, "d fails: no luck\n");
    assert_int_equal(access("fresh", F_OK), -1);
    why = recorded_read(&r, "to.json", &p->a);
    if (why) fail_msg("%s", why);
    assert_string_equal(r.machine, "fast, 1 processors, hypervisor none, Linux 6, cc");
    assert_string_equal(r.commit, "abc-dirty");
    assert_int_equal(r.commit_time, 77);
    assert_string_equal(r.date, "2026-01-02");
    /* neither sums of several nor what only the clock tells */
    assert_int_equal(r.n, 3);
    assert_string_equal(r.figures[0].name, "a");
    assert_string_equal(r.figures[0].definition, "0000000000000012");
    assert_true(r.figures[0].ns > 2499 && r.figures[0].ns < 2501);
    assert_string_equal(r.figures[1].name, "b");
    assert_true(r.figures[1].ns > 3.9e6 && r.figures[1].ns < 4.1e6);
    assert_string_equal(r.figures[2].definition, "");
    assert_true(r.figures[2].ns == 0);
}

/* How Google Benchmark's library was built is part of where it was measured. */
static void test_library(void **state)
{
    struct place *p = *state;
    unsigned failed;
    assert_null(record(p, figures, "to.json", &failed));
    char *text = read_file("to.json");
    assert_non_null(strstr(text, "\"benchmark_library\": \"debug\""));
    free(text);
}

/* Cut at any byte, neither what Google Benchmark writes nor what we make of it is taken for whole. */
static void test_cut(void **state)
{
    struct place *p = *state;
    struct recorded r;
    unsigned failed;
    char *cut = xstrdup(figures);
    for (size_t n = strlen(cut); n--;) {
        cut[n] = 0;
        assert_non_null(record(p, cut, "none.json", &failed));
    }
    free(cut);
    assert_int_equal(access("none.json", F_OK), -1);
    assert_null(record(p, figures, "to.json", &failed));
    cut = read_file("to.json");
    for (size_t n = strlen(cut) - 1; n--;) {
        cut[n + 1] = 0;
        write_file("cut.json", cut);
        assert_non_null(recorded_read(&r, "cut.json", &p->a));
    }
    free(cut);
}

static void test_refused(void **state)
{
    struct place *p = *state;
    unsigned failed;
    assert_string_equal(record(p, "{\"context\": {}, \"benchmarks\": [", "to.json", &failed),
                        "the benchmarks ended before they had written their figures, or the disk is full");
    assert_int_equal(access("to.json", F_OK), -1);
    assert_string_equal(record(p, figures, "away/to.json", &failed),
                        "away/to.json cannot be written: No such file or directory");
}

static void test_warnings(void **state)
{
    struct environment e = {
        .cpus = 8, .hypervisor = "none", .turbo = 0, .load = 0.1, .governor = "performance"};
    struct buf out = {0};
    environment_warn(&e, &out);
    assert_string_equal(buf_cstr(&out), "");
    e = (struct environment){
        .cpus = 1, .hypervisor = "KVM", .turbo = 1, .load = 2, .governor = "powersave", .commit = "a-dirty"};
    environment_warn(&e, &out);
    assert_string_equal(buf_cstr(&out),
                        "the machine is busy: its load is 2.00\n"
                        "there is only one processor: whatever else runs takes from what is measured\n"
                        "turbo is on: the processor's frequency depends on its heat\n"
                        "the governor is 'powersave': the frequency rises only under load\n"
                        "this is a virtual machine (KVM): its neighbours cannot be seen\n"
                        "files differ from the commit\n");
    buf_free(&out);
}

/* This machine, and a folder that is no repository. */
static void test_environment(void **state)
{
    const struct place *p = *state;
    struct environment e;
    environment_read(&e, p->dir);
    assert_true(e.cpus > 0);
    assert_true(*e.kernel && *e.compiler && *e.hypervisor);
    assert_string_equal(e.commit, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round, enter, leave),
        cmocka_unit_test_setup_teardown(test_library, enter, leave),
        cmocka_unit_test_setup_teardown(test_cut, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test_setup_teardown(test_environment, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
