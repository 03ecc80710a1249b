/* Real programs against qemu-riscv64: each of bench/programs runs under both in turn, and the ratio of CPU
 * times counts.
 *
 * Output must be the same, else the benchmark is an error. `jit` is qemu's time over the JIT's (2 means twice
 * as fast), `interp` the same for the interpreter. The last rows are geometric means.
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

enum { PAIRS = 5, STARTS = 31, MOST_PAIRS = 99, OUTPUT = 4096 };
enum group { INTEGER, FP, GROUPS };

struct program {
    const char *name; /* of the file in bench/programs */
    enum group group; /* whose mean it enters */
};

static const struct program programs[] = {
    {"bytecode", INTEGER},  {"crc", INTEGER},    {"hash", INTEGER},
    {"heap", INTEGER},      {"lz", INTEGER},     {"mix", INTEGER},
    {"recursion", INTEGER}, {"sha256", INTEGER}, {"sort", INTEGER},
    {"strings", INTEGER},   {"fft", FP},         {"mandelbrot", FP},
    {"matrix", FP},         {"nbody", FP},       {"single", FP},
};

/* What the means are made of: logarithms of ratios. */
static struct mean {
    double sum;     /* of logarithms */
    unsigned count; /* of programs */
} means[2][GROUPS]; /* jit, interp */

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

/* Runs of each side: LOCKSTEP_BENCH_PAIRS, or 5. */
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
            *why = "qemu-riscv64 or lockstep cannot be started";
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

static void compare(struct bench_state *s, const void *arg)
{
    static const char *const backends[] = {"jit", "interp"};
    const struct program *p = arg;
    char lockstep[4096], path[4096], file[64];
    const char *why = NULL;
    snprintf(file, sizeof(file), "bench-programs/%s", p->name);
    if (!bench_beside(lockstep, sizeof(lockstep), "lockstep"))
        why = "the program lockstep is not beside lockstep-bench";
    else if (!bench_beside(path, sizeof(path), file))
        why = "the program was not built";
    while (bench_next(s)) {
        for (size_t i = 0; i < ARRAY_LEN(backends) && !why; i++) {
            const char *const theirs[] = {"qemu-riscv64", path, NULL};
            const char *const ours[] = {lockstep, "exec", "--backend", backends[i], path, NULL};
            double r = ratio(theirs, ours, pairs(), &why);
            if (why) break;
            bench_counter(s, backends[i], r);
            means[i][p->group].sum += log(r);
            means[i][p->group].count++;
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
    static const char prefix[] = "/usr/riscv64-linux-gnu";
    const char *program = arg, *why = NULL;
    char lockstep[4096], path[4096];
    if (!bench_beside(lockstep, sizeof(lockstep), "lockstep") || !bench_beside(path, sizeof(path), program))
        why = "the program was not built";
    const char *const theirs[] = {"qemu-riscv64", "-L", prefix, path, NULL};
    const char *const ours[] = {lockstep, "exec", "-L", prefix, path, NULL};
    while (bench_next(s)) {
        double r = why ? 0 : ratio(theirs, ours, STARTS, &why);
        if (why) bench_skip(s, why);
        if (why) return;
        bench_counter(s, "jit", r);
    }
}

static void mean(struct bench_state *s, const void *arg)
{
    enum group g = *(const enum group *)arg;
    while (bench_next(s)) continue;
    if (!means[0][g].count) {
        bench_skip(s, "none of its programs ran");
        return;
    }
    bench_counter(s, "jit", exp(means[0][g].sum / means[0][g].count));
    bench_counter(s, "interp", exp(means[1][g].sum / means[1][g].count));
}

void bench_exec(void)
{
    static const enum group groups[GROUPS] = {INTEGER, FP};
    static const char *const titles[GROUPS] = {"exec/mean/integer", "exec/mean/fp"};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        char name[64];
        snprintf(name, sizeof(name), "exec/%s/%s", programs[i].group == FP ? "fp" : "integer",
                 programs[i].name);
        bench_register_once(name, compare, &programs[i]);
    }
    bench_register_once("exec/start_up/static", start_up, "bench-programs/hello");
    bench_register_once("exec/start_up/dynamic", start_up, "bench-programs/hello.dynamic");
    for (size_t g = 0; g < GROUPS; g++) bench_register_once(titles[g], mean, &groups[g]);
}
