/* The default corpus from start to verdict, as a user runs it: the program itself, two jobs, interpreter
 * against Unicorn. */
#include "bench/bench.h"

#include "engine/base/base.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void corpus(struct bench_state *s, const void *arg)
{
    const char *jobs = arg;
    char path[4096];
    int status = 0;
    if (!bench_beside(path, sizeof(path), "lockstep")) {
        bench_skip(s, "the program lockstep is not beside lockstep-bench");
        return;
    }
    while (bench_next(s)) {
        const char *argv[] = {path,       "run",     "corpora/riscv64", "--backend", "interp",
                              "--oracle", "unicorn", "--jobs",          jobs,        NULL};
        posix_spawn_file_actions_t quiet;
        pid_t pid;
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
        int err = posix_spawn(&pid, path, &quiet, NULL, (char *const *)(uintptr_t)argv, environ);
        posix_spawn_file_actions_destroy(&quiet);
        if (err || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            bench_skip(s, "the run failed");
            return;
        }
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    bench_counter(s, "max_resident_MiB", (double)used.ru_maxrss / 1024);
}

void bench_corpus(void)
{
    bench_register_once("corpus/riscv64/jobs:1", corpus, "1");
    bench_register_once("corpus/riscv64/jobs:2", corpus, "2");
}
