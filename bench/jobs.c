/* Two jobs against one: the program on a corpus, in turn, by the clock and by the CPU time of its processes.
 *
 * The clock tells the truth where two processors are idle. CPU time also does where they are not: with one
 * job, the worker is busy all the time; with two, their work and the parent's is what two processors share.
 */
#include "bench/bench.h"

#include "engine/base/base.h"
#include "harness/clock/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PAIRS_MAX = 64 };

/* What a run took, in seconds. */
struct took {
    double wall;    /* by the clock */
    double parent;  /* CPU time of the process that was started */
    double workers; /* of those that it started */
};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* CPU times of a process that has ended and is still there: its own and its children's. */
static bool cpu_times(pid_t pid, struct took *t)
{
    char path[64], text[1024];
    unsigned long own[2], children[2];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    const char *at = strrchr(text, ')'); /* fields 14 to 17; the name before may hold anything */
    if (!at || sscanf(at + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu %lu %lu", &own[0],
                      &own[1], &children[0], &children[1]) != 4)
        return false;
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    t->parent = (double)(own[0] + own[1]) * tick;
    t->workers = (double)(children[0] + children[1]) * tick;
    return true;
}

/* False: it failed. `record`: the file of its run record, or NULL. */
static bool run(const char *program, const void *arg, const char *jobs, const char *record, struct took *t)
{
    char report[64];
    snprintf(report, sizeof(report), "record=%s", record ? record : "");
    const char *argv[] = {program,
                          "run",
                          "--quiet",
                          bench_get(arg, "path", ""),
                          "--backend",
                          bench_get(arg, "backends", "interp,jit"),
                          "--oracle",
                          bench_get(arg, "oracle", "none"),
                          "--history",
                          "none",
                          "--jobs",
                          jobs,
                          record ? "--report" : NULL,
                          report,
                          NULL};
    posix_spawn_file_actions_t quiet;
    siginfo_t info;
    int status;
    pid_t pid;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    double before = now();
    int err = posix_spawn(&pid, program, &quiet, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (err || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT)) return false;
    t->wall = now() - before;
    bool good = cpu_times(pid, t);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status) && good;
}

/* Pairs of runs, who is first changing. False: one failed. */
static bool run_pairs(const char *program, const void *arg, const char *record, size_t n, double *clock,
                      double *cpu)
{
    static const char *const jobs[] = {"1", "2"};
    for (size_t i = 0; i < n; i++) {
        struct took took[2];
        for (size_t k = 0; k < 2; k++)
            if (!run(program, arg, jobs[(i + k) % 2], record, &took[(i + k) % 2])) return false;
        clock[i] = took[0].wall / took[1].wall;
        cpu[i] = 2 * took[0].workers / (took[1].parent + took[1].workers);
    }
    return true;
}

static void two_jobs(struct bench_state *s, const void *arg)
{
    size_t pairs = bench_get_number(arg, "pairs", 3);
    bool with_record = !strcmp(bench_get(arg, "record", "false"), "true");
    char path[4096], file[] = "/tmp/lockstep-bench-XXXXXX";
    double clock[PAIRS_MAX], cpu[PAIRS_MAX];
    int fd = with_record ? mkstemp(file) : -1;
    bool good = true;
    if (!bench_beside(path, sizeof(path), "lockstep")) {
        bench_skip(s, "the program lockstep is not beside lockstep-bench");
        good = false;
    }
    if (pairs > PAIRS_MAX) pairs = PAIRS_MAX;
    while (good && bench_next(s)) good = run_pairs(path, arg, with_record ? file : NULL, pairs, clock, cpu);
    if (good) {
        bench_counter(s, "by_the_clock", stats_median(clock, (unsigned)pairs));
        bench_counter(s, "by_cpu_time", stats_median(cpu, (unsigned)pairs));
    } else {
        bench_skip(s, "a run failed");
    }
    if (fd >= 0) {
        close(fd);
        (void)unlink(file);
    }
}

static const struct schema_key keys[] = {
    {"path", &bench_text, true, "Of cases, from the project's folder."},
    {"backends", &bench_text, false, "As on the command line; default: interp,jit."},
    {"oracle", &bench_text, false, "Likewise; default: none."},
    {"record", &bench_yes_no, false, "A run record is written. Default: false."},
    {"pairs", &bench_number, false, "How often both are run; the medians count. Default: 3."},
};

const struct bench_kind jobs_kinds[] = {
    {"two-jobs", two_jobs, bench_register_once, keys, ARRAY_LEN(keys)},
    {NULL, NULL, NULL, NULL, 0},
};
