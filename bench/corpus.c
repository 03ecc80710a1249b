/* Corpora from start to verdict, as a user runs them: the program itself. The default corpus by the clock;
 * single instructions by the CPU time of all its processes, which is what a core does; one case, which is the
 * start. */
#include "bench/bench.h"

#include "engine/base/base.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs it, its output to a pipe. How many cases there were, or 0 when it failed. */
static uint64_t run_once(const char *program, const void *arg)
{
    const char *argv[] = {program,
                          "run",
                          bench_get(arg, "path", ""),
                          "--backend",
                          bench_get(arg, "backends", "interp,jit"),
                          "--oracle",
                          bench_get(arg, "oracle", "none"),
                          "--jobs",
                          bench_get(arg, "jobs", "1"),
                          "--filter",
                          bench_get(arg, "filter", "*"),
                          NULL};
    posix_spawn_file_actions_t pipes;
    unsigned long long n = 0;
    char line[256];
    int fds[2], status = 0;
    pid_t pid;
    if (pipe2(fds, O_CLOEXEC)) return 0;
    posix_spawn_file_actions_init(&pipes);
    posix_spawn_file_actions_adddup2(&pipes, fds[1], 1);
    int err = posix_spawn(&pid, program, &pipes, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&pipes);
    close(fds[1]);
    FILE *in = fdopen(fds[0], "r");
    while (in && fgets(line, sizeof(line), in))
        if (strstr(line, " cases in ")) n = strtoull(line, NULL, 10);
    if (in) fclose(in);
    if (err || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return 0;
    return n;
}

/* CPU time of all processes that have ended. */
static double children_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    struct timeval user = used.ru_utime, system = used.ru_stime;
    return (double)(user.tv_sec + system.tv_sec) + (double)(user.tv_usec + system.tv_usec) * 1e-6;
}

/* CPU time is that of the best run: neighbours take from it, and never give. */
static void corpus(struct bench_state *s, const void *arg)
{
    const uint64_t runs = bench_get_number(arg, "runs", 1);
    char path[4096];
    double best = 0;
    if (!bench_beside(path, sizeof(path), "lockstep")) {
        bench_skip(s, "the program lockstep is not beside lockstep-bench");
        return;
    }
    while (bench_next(s)) {
        for (unsigned i = 0; i < runs; i++) {
            double before = children_seconds();
            uint64_t n = run_once(path, arg);
            if (!n) {
                bench_skip(s, "the run failed");
                return;
            }
            double rate = (double)n / (children_seconds() - before);
            if (rate > best) best = rate;
        }
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    bench_counter(s, "cases_per_cpu_second", best);
    bench_counter(s, "max_resident_MiB", (double)used.ru_maxrss / 1024);
}

static const struct schema_key keys[] = {
    {"path", &bench_text, true, "Of cases, from the project's folder."},
    {"filter", &bench_text, false, "Ids that are wanted; default: all."},
    {"backends", &bench_text, false, "As on the command line; default: interp,jit."},
    {"oracle", &bench_text, false, "Likewise; default: none."},
    {"jobs", &bench_number, false, "Likewise; default: 1."},
    {"runs", &bench_number, false, "How often; the best one counts. Default: 1."},
};

const struct bench_kind corpus_kinds[] = {
    {"corpus", corpus, bench_register_once, keys, ARRAY_LEN(keys)},
    {NULL, NULL, NULL, NULL, 0},
};
