/* What translated code spends on arithmetic, going from block to block, indirect jumps, returns, memory and
 * floating point; each in both tiers. And opening a JIT.
 *
 * The first tier is what blocks and their chains cost: nothing becomes a region. The second one's figures are
 * those of regions: a sample in a hundred may be elsewhere, else the benchmark is an error.
 */
#include "bench/bench.h"
#include "bench/machine.h"

#include <string.h>

enum { CHUNK = 1 << 20, WARM = 16 };

/* Chunks of it, once everything is translated. */
static void run_chunks(struct bench_state *s, struct machine *m, unsigned tier)
{
    const struct jit_stats *st = jit_stats(m->cpu);
    uint64_t n = 0;
    machine_start(m);
    for (int i = 0; i < WARM; i++) backend_jit.run(m->cpu, CHUNK);
    uint64_t before[2] = {st->samples[0], st->samples[1]}, start = bench_now();
    for (; bench_next(s); n += CHUNK) backend_jit.run(m->cpu, bench_work(CHUNK));
    uint64_t ns = bench_now() - start;
    uint64_t in = st->samples[tier - 1] - before[tier - 1], out = st->samples[2 - tier] - before[2 - tier];
    if (out * 100 > in) bench_skip(s, "it does not run in this tier");
    bench_items(s, n);
    bench_counter(s, "ns_an_insn", (double)ns / (double)n);
    bench_counter(s, "host_bytes_an_insn", (double)st->host_bytes / (double)st->guest_insns);
}

static void run_loop(struct bench_state *s, const void *arg)
{
    unsigned tier = (unsigned)bench_get_number(arg, "tier", 1);
    bool window = strcmp(bench_get(arg, "memory", "window"), "regions") != 0;
    const struct jit_options options = {.hot = tier == 1 ? ~0u : 0};
    struct machine m;
    if (machine_on_jit(&m, window, bench_get(arg, "code", ""), &options))
        run_chunks(s, &m, tier);
    else
        bench_skip(s, "cannot set up the machine");
    machine_close(&m);
}

static void start_up(struct bench_state *s, const void *arg)
{
    struct machine m;
    bool ok = machine_on_jit(&m, true, "ebreak", NULL);
    while (bench_next(s) && ok) {
        ok = machine_reopen(&m);
        if (!ok) break;
        machine_start(&m);
        backend_jit.run(m.cpu, CHUNK);
    }
    if (!ok) bench_skip(s, "cannot set up the machine");
    machine_close(&m);
}

static const char *const memory_names[] = {"window", "regions", NULL};
static const struct schema memory_type = {
    .what = "window or regions", .accepts = SCHEMA_TEXT, .choices = memory_names};
static const struct schema tier_type = {.what = "1 or 2", .accepts = SCHEMA_NUMBER, .min = 1, .max = 2};
static const struct schema_key keys[] = {
    {"code", &bench_text, true, "It never ends. s0 is at data, sp behind them."},
    {"memory", &memory_type, false,
     "window, as programs have it (the default), or regions, as boards have it."},
    {"tier", &tier_type, true, "1: blocks and their chains only; 2: as regions."},
};

const struct bench_kind jit_kinds[] = {
    {"translated", run_loop, bench_register, keys, ARRAY_LEN(keys)},
    {"jit-start", start_up, bench_register, NULL, 0},
    {NULL, NULL, NULL, NULL, 0},
};
