/* Budgets are exact, on real programs: a run that --limit ends after N instructions is in the same state on
 * the interpreter and on the JIT, whatever N is: every register, the counters, every byte of memory.
 *
 * The programs are those of corpora/programs that do the same in every run, given --seed. Some N are anywhere
 * from the first instruction to beyond the last, others lie side by side, so that a block is met at each of
 * its instructions. Standard output is /dev/null: a pipe's number, from fstat, stays in the guest's memory.
 * LOCKSTEP_SEED=N in the environment chooses others.
 */
#include "harness/exec/outside.h"

enum {
#ifdef __SANITIZE_ADDRESS__ /* which looks for other errors, and takes five times as long */
    ANYWHERE = 4,
    GROUPS = 1,
#else
    ANYWHERE = 12, /* N of a program that lie anywhere */
    GROUPS = 2,    /* and so many times */
#endif
    GROUP = 6, /* this many in a row */
};

static char place[4096]; /* folder of the built program lockstep, with a slash */

struct trial {
    const char *program; /* its name in corpora/programs */
    uint64_t length;     /* instructions that it executes */
    struct rng rng;      /* for N: the same in every run of this test */
};

/* A way to run them. */
struct runner {
    const char *name, *backend;
    const char *options[6]; /* the rest is NULL */
};

static const struct runner interp = {"interp", "interp", {NULL}};
static const struct runner runners[] = {
    {"jit", "jit", {NULL}},
    {"jit, nearly all in regions", "jit", {"--slice", "256", "--hot", "1"}},
    {"jit, started warm", "jit", {"--slice", "4096", "--profile", "profile"}},
};

static struct outside_child start(const struct trial *t, const struct runner *r, uint64_t n)
{
    char lockstep[4200], path[4200], limit[24];
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    snprintf(path, sizeof(path), "%s../programs/%s.static", place, t->program);
    snprintf(limit, sizeof(limit), "%lu", n);
    const char *argv[20] = {lockstep, "exec",    "--seed", "1",         "--state", "--limit",
                            limit,    "--argv0", "test",   "--backend", r->backend};
    unsigned argc = 11;
    for (unsigned i = 0; i < ARRAY_LEN(r->options) && r->options[i]; i++) argv[argc++] = r->options[i];
    argv[argc] = path;
    return outside_start(argv, "/dev/null");
}

/* Ends after n instructions on all, at the same time, and compares. */
static void try(struct trial *t, uint64_t n)
{
    struct outside truth, ours;
    struct outside_child right = start(t, &interp, n), child[ARRAY_LEN(runners)];
    for (size_t i = 0; i < ARRAY_LEN(runners); i++) child[i] = start(t, &runners[i], n);
    outside_wait(right, &truth);
    for (size_t i = 0; i < ARRAY_LEN(runners); i++) {
        char what[128];
        outside_wait(child[i], &ours);
        snprintf(what, sizeof(what), "%s after %lu instructions on %s", t->program, n, runners[i].name);
        outside_compare(&truth, interp.name, &ours, what);
        if (!strstr(buf_cstr(&ours.output), "\nmemory "))
            fail_msg("%s: no state in\n%s", what, ours.output.p);
        buf_free(&ours.output);
    }
    if (sscanf(buf_cstr(&truth.output), "instructions %lu", &t->length) != 1) t->length = 0;
    buf_free(&truth.output);
}

static void test_program(void **state)
{
    struct trial *t = *state;
    char path[4200];
    snprintf(path, sizeof(path), "%s../programs/%s.static", place, t->program);
    if (access(path, X_OK)) skip();
    unlink("profile");
    try(t, UINT64_MAX);
    uint64_t length = t->length;
    assert_in_range(length, 10000, UINT32_MAX);
    for (uint64_t n = 1; n <= GROUP; n++) try(t, n);
    for (int i = 0; i < ANYWHERE; i++) {
        uint64_t n = 1 + rng_below(&t->rng, length);
        try(t, n);
        assert_int_equal(t->length, n);
    }
    for (int i = 0; i < GROUPS; i++) {
        uint64_t n = 1 + rng_below(&t->rng, length - GROUP);
        for (int k = 0; k < GROUP; k++) try(t, n + (uint64_t)k);
    }
    for (uint64_t n = length - 1; n <= length + 2; n++) try(t, n);
}

int main(void)
{
    static const char *const programs[] = {"integer", "branches", "control", "strings",
                                           "fp",      "math",     "memory",  "longdouble"};
    static struct trial trials[ARRAY_LEN(programs)];
    static struct CMUnitTest tests[ARRAY_LEN(programs)];
    const char *seed = getenv("LOCKSTEP_SEED");
    if (!outside_place(place, sizeof(place))) return 1;
    for (unsigned i = 0; i < ARRAY_LEN(programs); i++) {
        trials[i] = (struct trial){.program = programs[i],
                                   .rng = {hash_str(programs[i], seed ? strtoull(seed, NULL, 0) : 0)}};
        tests[i] =
            (struct CMUnitTest){.name = programs[i], .test_func = test_program, .initial_state = &trials[i]};
    }
    char dir[] = "/tmp/lockstep-budget-XXXXXX", command[64];
    if (!mkdtemp(dir) || chdir(dir)) return 1;
    int failed = _cmocka_run_group_tests("budget", tests, ARRAY_LEN(programs), NULL, NULL);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return failed | system(command);
}
