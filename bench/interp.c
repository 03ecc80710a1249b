/* The interpreter's speed on a loop of twelve ALU instructions, alone and against the barest loop beside it.
 */
#include "bench/bench.h"

#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"
#include "engine/interp/interp.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, LOOP = 12, CHUNK = 1200000, PAIRS = 31 };

static const char loop_text[] =
    "loop: add a0, a0, a1; sub a2, a2, a1; xor a2, a2, a0; slli a2, a2, 1; andi a3, a2, 255;"
    "add a0, a0, a3; or a0, a0, a2; srli a0, a0, 1; sltu a4, a4, a0; add a0, a0, a4;"
    "addi a5, a5, -1; bnez a5, loop";

/* A machine with that loop in it. */
struct machine {
    struct mem mem;
    struct vcpu *cpu;
};

static bool machine_open(struct machine *m)
{
    const struct guest *g = guest_find("riscv64");
    struct buf code = {0};
    struct asm_error err;
    mem_init(&m->mem);
    m->cpu = vcpu_new(g, &m->mem);
    bool ok = m->cpu && guest_asm(g, loop_text, &code, &err) &&
              !mem_add(&m->mem, CODE, CPU_PAGE, CPU_READ | CPU_EXEC, NULL, "code") &&
              !mem_write(&m->mem, CODE, code.p, code.len) && !backend_interp.open(m->cpu);
    buf_free(&code);
    return ok;
}

static void machine_close(struct machine *m)
{
    backend_interp.close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
}

static uint64_t *reg(struct machine *m, const char *name)
{
    return guest_reg_words(m->cpu->guest, m->cpu->state, guest_reg_find(m->cpu->guest, name));
}

static void machine_loop(struct machine *m, uint64_t instructions)
{
    *reg(m, "pc") = CODE;
    *reg(m, "a1") = 7;
    *reg(m, "a5") = instructions / LOOP;
    backend_interp.run(m->cpu, instructions);
}

static void loop_interp(struct bench_state *s, const void *arg)
{
    struct machine m;
    uint64_t n = 0;
    if (!machine_open(&m)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    for (; bench_next(s); n += CHUNK) machine_loop(&m, CHUNK);
    bench_items(s, n);
    machine_close(&m);
}

static void loop_bare(struct bench_state *s, const void *arg)
{
    uint64_t n = 0, sum = 0;
    for (; bench_next(s); n += CHUNK) sum += bare_loop(CHUNK);
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
    if (!machine_open(&m)) {
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
