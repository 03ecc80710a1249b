// The C interface of gbench.h over Google Benchmark.
#include "bench/gbench.h"

#include <benchmark/benchmark.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <streambuf>
#include <string>
#include <unistd.h>

struct bench_state {
    benchmark::State &state; // Google Benchmark's own
    bool begun;              // in slices: the first one
    uint64_t done;           // in slices: passes of this one
    uint64_t since;          // in slices: CPU time when it began
    double spent;            // seconds that others took, of this slice or pass
};

// Slices: lockstep compare lets two processes work in turn, a few milliseconds each, so that whatever else
// happens to the machine happens to both. It writes a byte for each slice, and gets the nanoseconds of a
// pass.
enum { SLICE_GO = 0, SLICE_ANSWER = 3 };

static uint64_t slice_ns()
{
    static const char *const us = std::getenv("LOCKSTEP_BENCH_SLICE");
    static const uint64_t ns = us ? std::strtoull(us, nullptr, 10) * 1000 : 0;
    return ns;
}

static bool slice_begin(bench_state *s)
{
    char go;
    if (read(SLICE_GO, &go, 1) != 1) return s->state.KeepRunning();
    s->done = 0;
    s->spent = 0;
    s->since = bench_now();
    return true;
}

// Google Benchmark, told to take no time, asks for one pass: the second KeepRunning() ends it.
static bool slice_next(bench_state *s)
{
    if (!s->begun) {
        s->begun = s->state.KeepRunning();
        return s->begun && slice_begin(s);
    }
    s->done++;
    uint64_t ns = s->spent > 0 ? static_cast<uint64_t>(s->spent * 1e9) : bench_now() - s->since;
    if (ns < slice_ns()) return true;
    dprintf(SLICE_ANSWER, "%.3f\n", static_cast<double>(ns) / static_cast<double>(s->done));
    return slice_begin(s);
}

// ---- being stopped: a benchmark leaves its loop and takes its files with it, then the signal does its work
// ----

static volatile std::sig_atomic_t stopped;

static void remember(int signal)
{
    stopped = signal;
}

static void be_stoppable()
{
    struct sigaction to_remember = {}, before;
    to_remember.sa_handler = remember; // no SA_RESTART: who waits is to hear of it
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
        if (!sigaction(signal, nullptr, &before) && before.sa_handler != SIG_IGN)
            sigaction(signal, &to_remember, nullptr);
}

static void stop_if_told()
{
    if (!stopped) return;
    std::signal(stopped, SIG_DFL);
    std::raise(stopped);
}

// ---- planting ----

static bool planted; // since the benchmark began

static unsigned long plant_percent()
{
    static const char *const percent = std::getenv("LOCKSTEP_BENCH_PLANT");
    return percent ? std::strtoul(percent, nullptr, 10) : 0;
}

// Else a benchmark that knows no planting would look like one in which nothing is found.
static void check_planted(benchmark::State &state)
{
    if (plant_percent() && !planted && !state.error_occurred())
        state.SkipWithError("nothing can be planted in it: its work does not go through bench_work()");
}

static benchmark::internal::Benchmark *add(const char *name, bench_fn fn, const void *arg)
{
    return benchmark::RegisterBenchmark(name, [fn, arg](benchmark::State &st) {
        bench_state s = {st, false, 0, 0, 0};
        planted = false;
        fn(&s, arg);
        stop_if_told();
        check_planted(st);
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

extern "C" void bench_register_others(const char *name, bench_fn fn, const void *arg)
{
    add(name, fn, arg)->UseManualTime()->Unit(benchmark::kMillisecond);
}

extern "C" bool bench_next(bench_state *s)
{
    if (stopped) {
        s->state.SkipWithError("it was stopped");
        return false;
    }
    if (slice_ns()) return slice_next(s);
    if (s->spent > 0) s->state.SetIterationTime(s->spent);
    s->spent = 0;
    return s->state.KeepRunning();
}

extern "C" void bench_spent(bench_state *s, double seconds)
{
    s->spent += seconds;
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

extern "C" uint64_t bench_work(uint64_t n)
{
    uint64_t more = n * plant_percent() / 100;
    planted = planted || more;
    return n + more;
}

// ---- what Google Benchmark says ----

// Lines as they are, but for one: that the library was built with its assertions, as Debian's is. That stands
// in the JSON, and is no news at each run.
class without_banner : public std::streambuf {
    std::ostream &to;
    std::string line;

    void flush_line()
    {
        if (line.rfind("***WARNING*** Library was built as DEBUG", 0) != 0) to << line << std::flush;
        line.clear();
    }

  protected:
    int_type overflow(int_type c) override
    {
        if (c != traits_type::eof()) line += static_cast<char>(c);
        if (c == '\n') flush_line();
        return traits_type::not_eof(c);
    }

  public:
    explicit without_banner(std::ostream &out) : to(out)
    {
    }
    ~without_banner() override
    {
        flush_line();
    }
};

extern "C" int bench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    be_stoppable();
    without_banner lines(std::cerr);
    std::ostream errors(&lines);
    std::unique_ptr<benchmark::BenchmarkReporter> reporter(benchmark::CreateDefaultDisplayReporter());
    reporter->SetErrorStream(&errors);
    benchmark::RunSpecifiedBenchmarks(reporter.get());
    benchmark::Shutdown();
    return 0;
}
