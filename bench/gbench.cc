// The C interface of gbench.h over Google Benchmark.
#include "bench/gbench.h"

#include <benchmark/benchmark.h>

struct bench_state {
    benchmark::State &state; // Google Benchmark's own
};

static benchmark::internal::Benchmark *add(const char *name, bench_fn fn, const void *arg)
{
    return benchmark::RegisterBenchmark(name, [fn, arg](benchmark::State &st) {
        bench_state s = {st};
        fn(&s, arg);
    });
}

extern "C" void bench_register(const char *name, bench_fn fn, const void *arg)
{
    add(name, fn, arg);
}

extern "C" void bench_register_once(const char *name, bench_fn fn, const void *arg)
{
    add(name, fn, arg)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
}

extern "C" bool bench_next(bench_state *s)
{
    return s->state.KeepRunning();
}

extern "C" void bench_items(bench_state *s, uint64_t items)
{
    s->state.SetItemsProcessed(static_cast<int64_t>(items));
}

extern "C" void bench_counter(bench_state *s, const char *name, double v)
{
    s->state.counters[name] = v;
}

extern "C" void bench_skip(bench_state *s, const char *why)
{
    s->state.SkipWithError(why);
}

extern "C" int bench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
