/* The interpreter's speed on a loop of twelve ALU instructions, alone and against the barest loop beside it.
 */
#include "bench/bench.h"

#include "engine/interp/interp.h"
#include "engine/interp/machine.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, LOOP = 12, CHUNK = 1200000, PAIRS = 31 };

static const char loop_text[] =
    "loop: add a0, a0, a1; sub a2, a2, a1; xor a2, a2, a0; slli a2, a2, 1; andi a3, a2, 255;"
    "add a0, a0, a3; or a0, a0, a2; srli a0, a0, 1; sltu a4, a4, a0; add a0, a0, a4;"
    "addi a5, a5, -1; bnez a5, loop";

/* A machine with that loop in it. */
static bool open_loop(struct machine *m)
{
    static const struct machine_area code = {CODE, CPU_PAGE, CPU_READ | CPU_EXEC};
    if (machine_open(m, &backend_interp, NULL, false, &code, 1)) return false;
    machine_load(m, CODE, loop_text);
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
    if (!open_loop(&m)) {
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

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Both in turn, each pair in the other order, and the median of the pairs' ratios: noise hits both alike. */
static void loop_ratio(struct bench_state *s, const void *arg)
{
    struct machine m;
    if (!open_loop(&m)) {
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
        qsort(ratio, PAIRS, sizeof(ratio[0]), ascending);
        bench_counter(s, "interp_over_bare", ratio[PAIRS / 2]);
        bench_counter(s, "sum", (double)(sum & 1));
    }
    machine_close(&m);
}

void bench_interp(void)
{
    bench_register("interp/alu_loop", loop_interp, NULL);
    bench_register("bare/alu_loop", loop_bare, NULL);
    bench_register("ratio/alu_loop", loop_ratio, NULL);
}
