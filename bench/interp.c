/* The interpreter's speed on a loop of twelve ALU instructions, alone and against the barest loop beside it.
 */
#include "bench/bench.h"

#include "engine/interp/interp.h"
#include "engine/interp/machine.h"
#include "harness/clock/stats.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, LOOP = 12, CHUNK = 1200000, PAIRS = 31 };

/* A machine with that loop in it. */
static bool open_loop(struct machine *m, const void *arg)
{
    static const struct machine_area code = {CODE, CPU_PAGE, CPU_READ | CPU_EXEC};
    if (machine_open(m, &backend_interp, NULL, false, &code, 1)) return false;
    machine_load(m, CODE, bench_get(arg, "code", ""));
    return true;
}

static void machine_loop(struct machine *m, uint64_t instructions)
{
    *machine_reg(m, "pc") = CODE;
    *machine_reg(m, "a1") = 7;
    *machine_reg(m, "a5") = instructions / LOOP;
    backend_interp.run(m->cpu, instructions);
}

static void loop_interp(struct bench_state *s, const void *arg)
{
    struct machine m;
    uint64_t n = 0;
    if (!open_loop(&m, arg)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    for (; bench_next(s); n += CHUNK) machine_loop(&m, bench_work(CHUNK));
    bench_items(s, n);
    machine_close(&m);
}

static void loop_bare(struct bench_state *s, const void *arg)
{
    uint64_t n = 0, sum = 0;
    for (; bench_next(s); n += CHUNK) sum += bare_loop(bench_work(CHUNK));
    bench_items(s, n);
    bench_counter(s, "sum", (double)(sum & 1));
}

/* Both in turn, each pair in the other order, and the median of the pairs' ratios: noise hits both alike. */
static void loop_ratio(struct bench_state *s, const void *arg)
{
    struct machine m;
    if (!open_loop(&m, arg)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    while (bench_next(s)) {
        double ratio[PAIRS];
        uint64_t sum = 0;
        for (int i = 0; i < PAIRS; i++) {
            uint64_t t[4];
            t[0] = bench_now();
            if (i & 1)
                sum += bare_loop(CHUNK);
            else
                machine_loop(&m, CHUNK);
            t[1] = t[2] = bench_now();
            if (i & 1)
                machine_loop(&m, CHUNK);
            else
                sum += bare_loop(CHUNK);
            t[3] = bench_now();
            double first = (double)(t[1] - t[0]), second = (double)(t[3] - t[2]);
            ratio[i] = i & 1 ? second / first : first / second;
        }
        bench_counter(s, "interp_over_bare", stats_median(ratio, PAIRS));
        bench_counter(s, "sum", (double)(sum & 1));
    }
    machine_close(&m);
}

static const struct schema_key code_keys[] = {
    {"code", &bench_text, true, "A loop of twelve instructions that a5 counts."},
};

const struct bench_kind interp_kinds[] = {
    {"interpreted", loop_interp, bench_register, code_keys, ARRAY_LEN(code_keys)},
    {"bare", loop_bare, bench_register, NULL, 0},
    {"interpreted-over-bare", loop_ratio, bench_register, code_keys, ARRAY_LEN(code_keys)},
    {NULL, NULL, NULL, NULL, 0},
};
