/* lockstep-bench: every benchmark, through Google Benchmark (its options apply: --benchmark_filter=…). */
#include "bench/bench.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool bench_beside(char *path, size_t size, const char *name)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0) return false;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + strlen(name) + 2 > size) return false;
    strcpy(slash + 1, name);
    return access(path, R_OK) == 0;
}

int main(int argc, char **argv)
{
    bench_interp();
    bench_ir();
    bench_jit();
    bench_translate();
    bench_cases();
    bench_corpus();
    bench_packed();
    bench_exec();
    return bench_main(argc, argv);
}
