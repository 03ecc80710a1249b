/* The JIT: translation by stage, and what translated code spends on jumps, calls, memory and floating point;
 * the pause when its cache is full; opening one.
 */
#include "bench/bench.h"

#include "engine/guest/guest.h"
#include "engine/jit/jit.h"

#include <sys/mman.h>

enum { CODE = 0x10000, CODE_SIZE = 1 << 20, DATA = 0x800000, DATA_SIZE = 1 << 16, CHUNK = 1 << 20 };

struct machine {
    struct mem mem;
    struct vcpu *cpu;
};

static bool map(struct machine *m, bool window, uint64_t at, uint64_t size, unsigned perm)
{
    if (!window) return !mem_add(&m->mem, at, size, perm, NULL, "memory");
    void *p = mmap(mem_host(&m->mem, at), size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) return false;
    mem_pages(&m->mem, at, size, perm);
    return true;
}

static bool machine_open(struct machine *m, bool window, const char *text, const struct jit_options *o)
{
    struct buf code = {0};
    struct asm_error err;
    mem_init(&m->mem);
    m->cpu = vcpu_new(guest_find("riscv64"), &m->mem);
    if (m->cpu) m->cpu->options = o;
    bool ok = m->cpu && (!window || !mem_window_open(&m->mem)) &&
              map(m, window, CODE, CODE_SIZE, CPU_READ | CPU_EXEC) &&
              map(m, window, DATA, DATA_SIZE, CPU_READ | CPU_WRITE) &&
              guest_asm(m->cpu->guest, text, &code, &err) && !mem_write(&m->mem, CODE, code.p, code.len) &&
              !backend_jit.open(m->cpu);
    buf_free(&code);
    return ok;
}

static void machine_close(struct machine *m)
{
    backend_jit.close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
}

static uint64_t *reg(struct machine *m, const char *name)
{
    return guest_reg_words(m->cpu->guest, m->cpu->state, guest_reg_find(m->cpu->guest, name));
}

static void machine_start(struct machine *m)
{
    vcpu_reset(m->cpu);
    *reg(m, "pc") = CODE;
    *reg(m, "s0") = DATA;
}

/* ---- what runs ---- */

static const struct loop {
    const char *name; /* of the benchmark */
    const char *text; /* endless */
    bool window;      /* memory as programs have it; else as boards have it */
} loops[] = {
    {"jit/alu_loop",
     "loop: add a0, a0, a1; sub a2, a2, a1; xor a2, a2, a0; slli a2, a2, 1; andi a3, a2, 255; add a0, a0, a3;"
     "or a0, a0, a2; srli a0, a0, 1; sltu a4, a4, a0; add a0, a0, a4; addi a5, a5, -1; bnez a5, loop; j loop",
     true},
    {"jit/chain",
     "a: addi a0, a0, 1; bnez a0, b; nop; c: addi a1, a1, 1; bnez a1, a; nop; b: addi a2, a2, 1; bnez a2, c",
     true},
    {"jit/indirect_jump",
     "la s1, table; loop: addi a1, a1, 1; andi a3, a1, 3; slli a3, a3, 3; add a3, a3, s1; jr a3; .4byte 0;"
     "table: addi a4, a4, 1; j loop; addi a5, a5, 3; j loop; addi a6, a6, 5; j loop; addi a7, a7, 7; j loop",
     true},
    {"jit/call_return",
     "loop: addi a0, a0, 1; call f; addi a1, a1, 1; call f; j loop; f: addi a2, a2, 1; ret", true},
    {"jit/memory/window",
     "loop: ld a0, 0(s0); addi a0, a0, 1; sd a0, 0(s0); lw a1, 64(s0); sw a0, 72(s0); lbu a2, 130(s0); sb "
     "a1, 131(s0);"
     "j loop",
     true},
    {"jit/memory/regions",
     "loop: ld a0, 0(s0); addi a0, a0, 1; sd a0, 0(s0); lw a1, 64(s0); sw a0, 72(s0); lbu a2, 130(s0); sb "
     "a1, 131(s0);"
     "j loop",
     false},
    {"jit/float",
     "li t0, 3; fcvt.d.l fa1, t0; loop: fadd.d fa0, fa0, fa1; fmul.d fa2, fa0, fa1; fmadd.d fa3, fa2, fa1, "
     "fa0;"
     "fsub.d fa4, fa3, fa2; fdiv.d fa5, fa4, fa1; flt.d a0, fa5, fa0; j loop",
     true},
};

/* Chunks of it, once everything is translated. */
static void run_loop(struct bench_state *s, const void *arg)
{
    const struct loop *l = arg;
    struct machine m;
    uint64_t n = 0;
    if (!machine_open(&m, l->window, l->text, NULL)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    machine_start(&m);
    backend_jit.run(m.cpu, CHUNK);
    for (; bench_next(s); n += CHUNK) backend_jit.run(m.cpu, CHUNK);
    bench_items(s, n);
    machine_close(&m);
}

/* ---- translation ---- */

/* Code as compilers write it, many times, with little in it that repeats. */
static void program_text(struct buf *text, unsigned functions)
{
    for (unsigned i = 0; i < functions; i++)
        buf_printf(
            text,
            "addi sp, sp, -32; sd s1, 8(sp); mv s1, a0; lw a5, %u(s0); lui a4, %u; addw a5, a5, a1;"
            "addi a4, a4, %u; xor a5, a5, a4; slli a3, a5, %u; srli a2, a3, 3; add a0, a2, s1;"
            "beqz a5, .+12; ld a2, 16(s0); add a0, a0, a2; sd a0, 24(s0); bltu a0, a2, .+8; addi a0, a0, 1;"
            "ld s1, 8(sp); addi sp, sp, 32; j .+4;",
            i % 512 * 4, i % 1000, i % 2000, i % 60 + 1);
    buf_str(text, "ebreak");
}

static void translate(struct bench_state *s, const void *arg)
{
    static const char *const stages[] = {"ns_decode_lift", "ns_optimise", "ns_emit", "ns_install"};
    struct machine m;
    struct buf text = {0};
    static const struct jit_options timed = {.timed = true};
    program_text(&text, 2000);
    if (!machine_open(&m, true, buf_cstr(&text), &timed)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    while (bench_next(s)) {
        machine_start(&m);
        *reg(&m, "sp") = DATA + DATA_SIZE;
        backend_jit.run(m.cpu, CHUNK);
        backend_jit.invalidate(m.cpu, CODE, CODE_SIZE);
    }
    const struct jit_stats *st = jit_stats(m.cpu);
    double n = (double)st->guest_insns;
    bench_items(s, st->guest_insns);
    for (int i = 0; i < 4; i++) bench_counter(s, stages[i], (double)st->translate_ns[i] / n);
    bench_counter(s, "host_bytes", (double)st->host_bytes / n);
    machine_close(&m);
    buf_free(&text);
}

/* A cache that never holds what is needed next. */
static void reclaim(struct bench_state *s, const void *arg)
{
    static const struct jit_options small = {.cache_size = 64 << 10, .timed = true};
    struct machine m;
    struct buf text = {0};
    program_text(&text, 2000);
    if (!machine_open(&m, true, buf_cstr(&text), &small)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    while (bench_next(s)) {
        machine_start(&m);
        *reg(&m, "sp") = DATA + DATA_SIZE;
        backend_jit.run(m.cpu, CHUNK);
    }
    const struct jit_stats *st = jit_stats(m.cpu);
    bench_items(s, st->guest_insns);
    bench_counter(s, "pauses", (double)st->reclaims);
    bench_counter(s, "pause_ns", (double)st->reclaim_ns / (double)st->reclaims);
    bench_counter(s, "pause_ns_max", (double)st->reclaim_ns_max);
    machine_close(&m);
    buf_free(&text);
}

static void start_up(struct bench_state *s, const void *arg)
{
    struct machine m;
    if (!machine_open(&m, true, "ebreak", NULL)) {
        bench_skip(s, "cannot set up the machine");
        return;
    }
    while (bench_next(s)) {
        backend_jit.close(m.cpu);
        if (backend_jit.open(m.cpu)) {
            bench_skip(s, "cannot open the JIT again");
            break;
        }
        machine_start(&m);
        backend_jit.run(m.cpu, CHUNK);
    }
    machine_close(&m);
}

void bench_jit(void)
{
    for (size_t i = 0; i < ARRAY_LEN(loops); i++) bench_register(loops[i].name, run_loop, &loops[i]);
    bench_register("jit/translate", translate, NULL);
    bench_register("jit/reclaim", reclaim, NULL);
    bench_register("jit/start_up", start_up, NULL);
}
