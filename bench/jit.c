/* What translated code spends on arithmetic, going from block to block, indirect jumps, returns, memory and
 * floating point; each in both tiers. And opening a JIT.
 *
 * The first tier is what blocks and their chains cost: nothing becomes a region. The second one's figures are
 * those of regions: a sample in a hundred may be elsewhere, else the benchmark is an error.
 */
#include "bench/bench.h"
#include "bench/machine.h"

enum { CHUNK = 1 << 20, WARM = 16 };

/* ---- what runs ---- */

/* Each is endless. */
#define MEMORY                                                                                        \
    "li s2, 32704; loop: and a4, a4, s2; add a3, s0, a4; ld a0, 0(a3); addi a0, a0, 1; sd a0, 0(a3);" \
    "lw a1, 16(a3); sw a1, 24(a3); lbu a2, 34(a3); sb a2, 35(a3); addi a4, a4, 64; j loop"

static const struct loop {
    const char *name; /* of the benchmark, without the tier */
    const char *text; /* of the guest */
    bool window;      /* memory as programs have it; else as boards have it */
} loops[] = {
    {"alu_loop",
     "loop: add a0, a0, a1; sub a2, a2, a1; xor a2, a2, a0; slli a2, a2, 1; andi a3, a2, 255; add a0, a0, a3;"
     "or a0, a0, a2; srli a0, a0, 1; sltu a4, a4, a0; add a0, a0, a4; addi a5, a5, -1; bnez a5, loop; j loop",
     true},
    /* three blocks, each of which goes to the next by a branch that is taken */
    {"chain",
     "a: addi a0, a0, 1; bnez a0, b; nop; c: addi a1, a1, 1; bnez a1, a; nop; b: addi a2, a2, 1; bnez a2, c",
     true},
    /* four places in turn */
    {"indirect_jump",
     "la s1, table; loop: addi a1, a1, 1; andi a3, a1, 3; slli a3, a3, 3; add a3, a3, s1; jr a3; .4byte 0;"
     "table: addi a4, a4, 1; j loop; addi a5, a5, 3; j loop; addi a6, a6, 5; j loop; addi a7, a7, 7; j loop",
     true},
    /* a function so short that the second tier has it in its callers */
    {"call_return", "loop: addi a0, a0, 1; call f; addi a1, a1, 1; call f; j loop; f: addi a2, a2, 1; ret",
     true},
    /* returns by an address out of memory, to one of two places: twelve calls deep */
    {"recursion",
     "loop: li a0, 12; call f; addi s2, s2, 1; j loop;"
     "f: addi sp, sp, -16; sd ra, 8(sp); beqz a0, out; addi a0, a0, -1; call f; addi a1, a1, 1;"
     "out: ld ra, 8(sp); addi sp, sp, 16; ret",
     true},
    /* a piece of each 64 bytes in 32 KiB is read and written, in four widths */
    {"memory/window", MEMORY, true},
    {"memory/regions", MEMORY, false},
    {"float",
     "li t0, 3; fcvt.d.l fa1, t0; loop: fadd.d fa0, fa0, fa1; fmul.d fa2, fa0, fa1; fmadd.d fa3, fa2, fa1, "
     "fa0; fsub.d fa4, fa3, fa2; fdiv.d fa5, fa4, fa1; flt.d a0, fa5, fa0; j loop",
     true},
    /* the sticky flags are read after every second operation */
    {"float_flags",
     "li t0, 3; fcvt.d.l fa1, t0; loop: fadd.d fa0, fa0, fa1; fmul.d fa2, fa0, fa1; frflags a1; or a2, a2, "
     "a1;"
     "j loop",
     true},
};

/* A loop in a tier. */
struct run {
    const struct loop *loop;
    unsigned tier; /* 1 or 2 */
};

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
    const struct run *r = arg;
    const struct jit_options options = {.hot = r->tier == 1 ? ~0u : 0};
    struct machine m;
    if (machine_on_jit(&m, r->loop->window, r->loop->text, &options))
        run_chunks(s, &m, r->tier);
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

void bench_jit(void)
{
    static struct run runs[ARRAY_LEN(loops) * 2];
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        char name[64];
        runs[i] = (struct run){&loops[i / 2], 1 + i % 2};
        snprintf(name, sizeof(name), "jit/%s/tier%u", runs[i].loop->name, runs[i].tier);
        bench_register(name, run_loop, &runs[i]);
    }
    bench_register("jit/start_up", start_up, NULL);
}
