/* Real programs against another emulator: each of bench/programs runs under both in turn, and the ratio of
 * CPU times counts.
 *
 * Output must be the same, else the benchmark is an error. `jit` is the other's time over the JIT's (2 means
 * twice as fast), `interp` the same for the interpreter. The last rows are geometric means.
 */
#include "bench/bench.h"

#include "engine/base/base.h"

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PAIRS = 3, STARTS = 31, MOST_PAIRS = 99, OUTPUT = 4096 };
enum { BACKENDS = 2, GROUPS = 8 };

static const char *const backends[BACKENDS] = {"jit", "interp"};

/* What the means are made of: logarithms of ratios. */
static struct group {
    const char *name;     /* as definitions have it; NULL: no more groups */
    double sum[BACKENDS]; /* of logarithms */
    unsigned count;       /* of programs */
} groups[GROUPS];

/* NULL: there are too many. */
static struct group *group_of(const void *arg)
{
    const char *name = bench_get(arg, "group", "");
    for (unsigned i = 0; i < GROUPS; i++) {
        if (!groups[i].name) groups[i].name = name;
        if (!strcmp(groups[i].name, name)) return &groups[i];
    }
    return NULL;
}

struct outcome {
    double seconds;      /* of CPU time, user and system */
    char output[OUTPUT]; /* what it wrote, cut */
    int status;          /* as wait gives it */
};

static bool run(const char *const *argv, struct outcome *o)
{
    posix_spawn_file_actions_t actions;
    struct rusage used;
    int ends[2];
    pid_t pid;
    size_t n = 0;
    if (pipe2(ends, O_CLOEXEC)) return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    int err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t got; !err && (got = read(ends[0], o->output + n, OUTPUT - 1 - n)) > 0;) n += (size_t)got;
    o->output[n] = 0;
    close(ends[0]);
    if (err || wait4(pid, &o->status, 0, &used) != pid) return false;
    o->seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    return true;
}

/* Runs of each side: LOCKSTEP_BENCH_PAIRS, or 3. */
static int pairs(void)
{
    const char *wish = getenv("LOCKSTEP_BENCH_PAIRS");
    int n = wish ? atoi(wish) : PAIRS;
    return n < 1 ? 1 : n > MOST_PAIRS ? MOST_PAIRS : n;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The median ratio of their time to ours, of n runs each; NULL in *why, or a sentence. */
static double ratio(const char *const *theirs, const char *const *ours, int n, const char **why)
{
    double ratios[MOST_PAIRS] = {0};
    for (int i = 0; i < n; i++) {
        struct outcome a, b;
        bool ok = i % 2 ? run(ours, &b) && run(theirs, &a) : run(theirs, &a) && run(ours, &b);
        if (!ok)
            *why = "the other program or lockstep cannot be started";
        else if (a.status || b.status)
            *why = "a run failed";
        else if (strcmp(a.output, b.output))
            *why = "the outputs differ";
        if (*why) return 0;
        ratios[i] = a.seconds / (b.seconds > 0 ? b.seconds : 1e-9);
    }
    qsort(ratios, (size_t)n, sizeof(ratios[0]), by_value);
    return ratios[n / 2];
}

/* The program lockstep, and the guest's; NULL, or why not. */
static const char *find_programs(const void *arg, char lockstep[4096], char guest[4096])
{
    char file[128];
    snprintf(file, sizeof(file), "bench-programs/%s", bench_get(arg, "program", ""));
    if (!bench_beside(lockstep, 4096, "lockstep")) return "the program lockstep is not beside lockstep-bench";
    return bench_beside(guest, 4096, file) ? NULL : "the program was not built";
}

static void against(struct bench_state *s, const void *arg)
{
    char lockstep[4096], path[4096];
    const char *why = find_programs(arg, lockstep, path);
    struct group *g = group_of(arg);
    if (!g) why = "there are too many groups";
    while (bench_next(s)) {
        for (size_t i = 0; i < BACKENDS && !why; i++) {
            const char *const theirs[] = {bench_get(arg, "peer", ""), path, NULL};
            const char *const ours[] = {lockstep, "exec", "--backend", backends[i], path, NULL};
            double r = ratio(theirs, ours, pairs(), &why);
            if (why) break;
            bench_counter(s, backends[i], r);
            g->sum[i] += log(r);
            g->count += !i;
        }
        if (why) {
            bench_skip(s, why);
            return;
        }
    }
}

/* A program that does nothing, from its start to its end. */
static void start_up(struct bench_state *s, const void *arg)
{
    char lockstep[4096], path[4096];
    const char *why = find_programs(arg, lockstep, path), *prefix = bench_get(arg, "prefix", "/");
    const char *const theirs[] = {bench_get(arg, "peer", ""), "-L", prefix, path, NULL};
    const char *const ours[] = {lockstep, "exec", "-L", prefix, path, NULL};
    while (bench_next(s)) {
        double r = why ? 0 : ratio(theirs, ours, STARTS, &why);
        if (why) bench_skip(s, why);
        if (why) return;
        bench_counter(s, "jit", r);
    }
}

/* Runs it, with more rounds if work is to be planted: whose rounds are too few for that says the same as
 * ever. NULL, or why not. */
static const char *run_first(const char **argv, const char **amount, char percent[24])
{
    struct outcome usual, o;
    if (!run(argv, &usual)) return "lockstep cannot be started";
    if (usual.status) return "the run failed";
    const uint64_t work = bench_work(100);
    if (work == 100) return NULL;
    snprintf(percent, 24, "%u%%", (unsigned)work);
    *amount = percent;
    if (!run(argv, &o) || o.status) return "the run failed";
    return strcmp(o.output, usual.output) ? NULL : "nothing can be planted in it: its rounds are too few";
}

/* Alone: its CPU time is what counts. */
static void alone(struct bench_state *s, const void *arg)
{
    char lockstep[4096], path[4096], percent[24];
    const char *why = find_programs(arg, lockstep, path);
    const char *ours[] = {lockstep, "exec", "--backend", bench_get(arg, "backend", "jit"), path, NULL, NULL};
    struct outcome o;
    if (!why) why = run_first(ours, &ours[5], percent);
    if (why) bench_skip(s, why);
    while (!why && bench_next(s)) {
        if (!run(ours, &o) || o.status) bench_skip(s, "the run failed");
        bench_spent(s, o.seconds);
    }
}

static void mean(struct bench_state *s, const void *arg)
{
    const struct group *g = group_of(arg);
    while (bench_next(s)) continue;
    if (!g || !g->count) {
        bench_skip(s, "none of its programs ran");
        return;
    }
    for (size_t i = 0; i < BACKENDS; i++) bench_counter(s, backends[i], exp(g->sum[i] / g->count));
}

static const struct schema_key against_keys[] = {
    {"program", &bench_text, true, "A file of bench/programs, without its suffix."},
    {"peer", &bench_text, true, "The program that it is compared with; PATH is searched."},
    {"group", &bench_text, true, "Whose mean it enters."},
};
static const struct schema_key start_keys[] = {
    {"program", &bench_text, true, "A file of bench/programs, without its suffix; it does nothing."},
    {"peer", &bench_text, true, "The program that it is compared with; PATH is searched."},
    {"prefix", &bench_text, true, "Folder of the guest's libraries."},
};
static const struct schema_key alone_keys[] = {
    {"program", &bench_text, true, "A file of bench/programs, without its suffix."},
    {"backend", &bench_text, false, "What runs it; default: jit."},
};
static const struct schema_key mean_keys[] = {
    {"group", &bench_text, true, "Of those defined before it."},
};

const struct bench_kind exec_kinds[] = {
    {"against", against, bench_register_once, against_keys, ARRAY_LEN(against_keys)},
    {"start-up", start_up, bench_register_once, start_keys, ARRAY_LEN(start_keys)},
    {"mean", mean, bench_register_once, mean_keys, ARRAY_LEN(mean_keys)},
    {"program", alone, bench_register_others, alone_keys, ARRAY_LEN(alone_keys)},
    {NULL, NULL, NULL, NULL, 0},
};
