/* lockstep-bench: every benchmark, through Google Benchmark (its options apply: --benchmark_filter=…). */
#include "bench/bench.h"

#include <time.h>

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
    bench_interp();
    bench_ir();
    bench_jit();
    bench_cases();
    bench_corpus();
    bench_exec();
    return bench_main(argc, argv);
}
