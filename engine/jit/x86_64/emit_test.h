/* For the tests of the emitter: blocks of the IR put together at random, executed here as host code and by
 * ir_eval, on two vcpus that must agree afterwards in every word of state, in memory, and in how they left.
 */
#ifndef ENGINE_JIT_X86_64_EMIT_TEST_H
#define ENGINE_JIT_X86_64_EMIT_TEST_H

#include "engine/guest/guest.h"
#include "engine/jit/x86_64/emit.h"

#include <asm/prctl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    RIG_DATA = 0x20000, /* two pages that can be written, then one that cannot */
    RIG_READ = 0x22000,
    RIG_RETURN = 0x40000000, /* calls return there and above */
    RIG_CODE = 1 << 20,      /* bytes for thunks, table of jumps and one block */
};

struct rig {
    const struct guest *guest;
    const struct guest_lift *lift;
    struct mem mem[2];
    struct vcpu *cpu[2]; /* 0: host code; 1: ir_eval */
    struct jit_host host;
    uint8_t *rw;       /* RIG_CODE bytes to write */
    const uint8_t *rx; /* the same to execute */
    size_t block_at;   /* where the block goes, behind the thunks and the table */
    struct jit_code code;
    struct ir_block block;
    struct jit_pins pins; /* of the block, when it is in a region */
    struct rng rng;
    bool window; /* cpu[0]'s memory is a window */
};

/* lacks: bit 0: bit manipulation, bit 1: AVX, FMA, SSE 4.1, AES and PCLMUL, as if the processor had none. */
static void rig_open(struct rig *r, bool window, unsigned lacks, uint64_t seed)
{
    *r = (struct rig){.guest = guest_find("riscv64"), .rng = {seed}, .window = window};
    r->lift = r->guest->lift;
    for (int i = 0; i < 2; i++) {
        struct mem *m = &r->mem[i];
        mem_init(m);
        if (window && !i) {
            assert_int_equal(mem_window_open(m), 0);
            void *at = mmap(mem_host(m, RIG_DATA), 3 * CPU_PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            assert_ptr_equal(at, mem_host(m, RIG_DATA));
            mem_pages(m, RIG_DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE);
            mem_pages(m, RIG_READ, CPU_PAGE, CPU_READ);
        } else {
            assert_int_equal(mem_add(m, RIG_DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"), 0);
            assert_int_equal(mem_add(m, RIG_READ, CPU_PAGE, CPU_READ, NULL, "read"), 0);
        }
        r->cpu[i] = vcpu_new(r->guest, m);
        assert_non_null(r->cpu[i]);
    }
    int fd = memfd_create("jit", MFD_CLOEXEC);
    assert_true(fd >= 0 && !ftruncate(fd, RIG_CODE));
    r->rw = mmap(NULL, RIG_CODE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    r->rx = mmap(NULL, RIG_CODE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    assert_true(r->rw != MAP_FAILED && r->rx != MAP_FAILED);
    close(fd);
    for (unsigned i = 0; i < JIT_JUMPS; i++) ((struct jit_jump *)r->rw)[i] = jit_jump_none(i);
    size_t thunks = JIT_JUMPS * sizeof(struct jit_jump);
    r->block_at = thunks + jit_host_make(&r->host, r->lift, (struct jit_jump *)(uintptr_t)r->rx,
                                         r->rw + thunks, r->rx + thunks, RIG_CODE - thunks);
    if (lacks & 1) r->host.bmi1 = r->host.bmi2 = r->host.lzcnt = r->host.popcnt = false;
    if (lacks & 2) r->host.avx = r->host.fma = r->host.sse41 = r->host.aes = r->host.pclmul = false;
    ir_block_init(&r->block);
}

static void rig_close(struct rig *r)
{
    for (int i = 0; i < 2; i++) {
        vcpu_free(r->cpu[i]);
        mem_free(&r->mem[i]);
    }
    munmap(r->rw, RIG_CODE);
    munmap((void *)(uintptr_t)r->rx, RIG_CODE);
    jit_code_free(&r->code);
    ir_block_free(&r->block);
}

/* ---- numbers ---- */

static uint64_t rig_below(struct rig *r, uint64_t n)
{
    return rng_below(&r->rng, n);
}

static uint64_t rig_number(struct rig *r)
{
    static const uint64_t corners[] = {0,           1,          2,      31,     63,         0x7f,
                                       0x80,        0xff,       0x7fff, 0x8000, 0xffff,     0x7fffffff,
                                       0x80000000,  0xffffffff, ~0ull,  ~1ull,  1ull << 63, ~0ull >> 1,
                                       ~0ull << 31, 1ull << 32, 0x100};
    uint64_t v = rng_next(&r->rng);
    switch (rig_below(r, 6)) {
    case 0:
    case 1: return corners[rig_below(r, ARRAY_LEN(corners))];
    case 2: return v >> rig_below(r, 64);
    case 3: return ~(v >> rig_below(r, 64));
    case 4: return (uint64_t)(int64_t)(int32_t)v;
    default: return v;
    }
}

/* By format: zeros, subnormals, infinities, NaNs, integers, about one, boxed or not. */
static uint64_t rig_float(struct rig *r)
{
    static const struct {
        unsigned width, fraction;
    } formats[] = {{16, 10}, {32, 23}, {64, 52}, {32, 23}, {64, 52}};
    unsigned i = (unsigned)rig_below(r, ARRAY_LEN(formats)), width = formats[i].width,
             fraction = formats[i].fraction;
    BUG_ON(!width);
    uint64_t v = rng_next(&r->rng) & bits_mask(width), exponent = bits_mask(width - 1) & ~bits_mask(fraction);
    uint64_t one = exponent & ~(exponent << 1) ? (exponent >> 1) & exponent : 0;
    switch (rig_below(r, 10)) {
    case 0: v &= ~exponent; break;
    case 1: v |= exponent; break;
    case 2: v = (v & 1ull << (width - 1)) | exponent; break;
    case 3: v &= ~bits_mask(fraction); break;
    case 4: v &= 1ull << (width - 1); break;
    case 5:
    case 6:
    case 7: /* small integers and what is near one */
        v = (v & ~exponent & ~bits_mask(fraction - rig_below(r, 6))) | (one + (rig_below(r, 40) << fraction));
        break;
    default: break;
    }
    return rig_below(r, 20) ? v | ~bits_mask(width) : v;
}

/* Both machines start from the same state and memory. */
static void rig_reset(struct rig *r)
{
    const struct guest *g = r->guest;
    uint64_t *s = r->cpu[0]->state;
    for (unsigned i = 0; i < g->state_words; i++) s[i] = rig_below(r, 3) ? rig_number(r) : rig_float(r);
    for (unsigned i = 0; i < g->nregs; i++)
        if (!strcmp(g->regs[i].group, "fpr") || !strcmp(g->regs[i].group, "vector"))
            for (unsigned k = 0; k < g->regs[i].count * g->regs[i].words; k++)
                s[g->regs[i].word + k] = rig_float(r);
    if (r->lift->flags_word >= 0) s[r->lift->flags_word] = rig_below(r, 32) & rig_below(r, 32);
    memcpy(r->cpu[1]->state, s, g->state_words * sizeof(*s));
    for (int i = 0; i < 2; i++) r->cpu[i]->exit = (struct cpu_exit){0};
}

static void rig_memory(struct rig *r)
{
    for (uint64_t at = RIG_DATA; at < RIG_READ + CPU_PAGE; at += 8) {
        uint64_t v = rig_below(r, 2) ? rig_number(r) : rig_float(r);
        for (int i = 0; i < 2; i++) assert_int_equal(mem_write(&r->mem[i], at, &v, 8), 0);
    }
}

/* ---- executing ---- */

static uint32_t rig_mxcsr(unsigned round)
{
    static const uint32_t bits[] = {[FP_RNE] = 0, [FP_RTZ] = 3, [FP_RDN] = 1, [FP_RUP] = 2, [FP_RMM] = 0};
    return 0x1f80 | bits[round] << 13;
}

/* The host's sticky flags as the guest's. */
static unsigned rig_flags(uint32_t mxcsr)
{
    return (mxcsr & 1 ? FP_NV : 0) | (mxcsr & 4 ? FP_DZ : 0) | (mxcsr & 8 ? FP_OF : 0) |
           (mxcsr & 16 ? FP_UF : 0) | (mxcsr & 32 ? FP_NX : 0);
}

/* A word that is in no register, of those that the standard has in registers like this one. */
static uint16_t rig_unpinned(struct rig *r, unsigned reg)
{
    unsigned word = (reg < ASM_XMM0 ? 1 : 34) + (unsigned)rig_below(r, 31);
    bool taken = r->host.pin_of_word[word];
    for (unsigned i = 0; i < reg; i++) taken |= r->pins.word[i] == word + 1;
    return taken ? 0 : (uint16_t)(word + 1);
}

/* The pins that the block is emitted with: the standard ones, or some others. */
static const struct jit_pins *rig_pins(struct rig *r)
{
    if (rig_below(r, 3) == 0) return NULL;
    r->pins = (struct jit_pins){.region = 1};
    for (unsigned reg = 0; reg < ARRAY_LEN(r->pins.word); reg++) {
        r->pins.word[reg] = r->host.word_of_pin[reg];
        if (r->pins.word[reg] && rig_below(r, 2)) r->pins.word[reg] = rig_unpinned(r, reg);
    }
    return &r->pins;
}

static void rig_emit(struct rig *r)
{
    const uint8_t *high = (const uint8_t *)UINTPTR_MAX; /* where the window is at gs, wherever that is */
    const uint8_t *window = !r->window ? NULL : rig_below(r, 3) ? r->mem[0].window : high;
    jit_emit(&r->host, &r->block, r->lift, rig_pins(r), window, &r->code);
    assert_false(r->code.failed);
    assert_true(r->code.n < RIG_CODE - r->block_at);
    uint8_t *rw = r->rw + r->block_at;
    const uint8_t *rx = r->rx + r->block_at;
    memcpy(rw, r->code.p, r->code.n);
    for (uint32_t i = 0; i < r->code.ncalls; i++) {
        uint32_t at = r->code.calls[i].at;
        jit_host_patch(rw + at, rx + at, r->code.calls[i].to);
    }
}

/* The stack of returns, and its top when it is empty. */
static const void *rig_returns[1 << 13];
static const void **const rig_empty = &rig_returns[ARRAY_LEN(rig_returns) - 1];

/* What it leaves by when a return finds no code. */
static const struct jit_exit rig_missed = {.kind = JIT_EXIT_JUMP};

/* Runs what was emitted; the exit it left by. */
static const struct jit_exit *rig_run(struct rig *r, uint64_t budget, struct jit_trip *t)
{
    const uint8_t *rx = r->rx + r->block_at;
    *rig_empty = r->host.bottom;
    *t = (struct jit_trip){.cpu = r->cpu[0],
                           .returns = rig_empty,
                           .code = rx + r->code.entry,
                           .left = budget,
                           .mxcsr = rig_mxcsr(r->block.live_round)};
    if (r->window) syscall(SYS_arch_prctl, ARCH_SET_GS, r->mem[0].window);
    r->host.enter(t);
    int word = r->lift->flags_word;
    if (word >= 0) r->cpu[0]->state[word] |= rig_flags(t->mxcsr);
    if (t->stub == r->host.jump_missed) return &rig_missed;
    uint32_t left = (uint32_t)(t->stub - rx);
    for (uint32_t i = 0; i < r->code.nexits; i++)
        if (r->code.exits[i].left == left) return &r->code.exits[i];
    BUG("left at %#x, where no exit is", left);
}

#endif
