/* The hard SSE rows of x86, against the host's own instructions: every immediate, every rounding mode, masked
 * and unmasked exceptions. */
#include "specs/gen/hard_machine.h"

#include "hard_x86_64/hard_x86_64_sem.h"

#include <sys/mman.h>

extern const struct guest guest_hard_x86_64;
extern const struct guest_pseudo hard_x86_64_pseudos[];
const struct guest_pseudo hard_x86_64_pseudos[] = {{.from = NULL}};

enum { RAX, RCX, NO_REG = 32, STATUS = 0x8d5, MXCSR_RESET = 0x1f80 };

void hard_cpuid(struct vcpu *cpu, uint32_t leaf, uint32_t sub)
{
    fail_msg("%p: no cpuid here (%u, %u)", (void *)cpu, leaf, sub);
}

static struct hard_x86_64_state *state_of(struct machine *m)
{
    return (void *)m->cpu->state;
}

static struct hard_x86_64_op op_at(uint64_t at, int32_t imm, uint8_t r0, uint8_t r1)
{
    return (struct hard_x86_64_op){
        .r = {r0, r1}, .imm = imm, .disp = (int32_t)at, .base = NO_REG, .index = NO_REG, .length = 6};
}

static void test_mxcsr(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(DATA, 0, 0, 0);
    struct interp_flow flow = {0};
    assert_int_equal(s->mxcsr, MXCSR_RESET);
    set_data64(m, DATA, 0xaaaaaaaa0000ffff);
    assert_true(sem_x86_ldmxcsr(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->mxcsr, 0xffff);
    assert_true(sem_x86_stmxcsr(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(data64(m, DATA), 0xaaaaaaaa0000ffff);
    set_data64(m, DATA, 0x10000); /* reserved bits */
    assert_false(sem_x86_ldmxcsr(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "gp");
    assert_int_equal(s->mxcsr, 0xffff);
    o.disp = CODE;
    assert_false(sem_x86_stmxcsr(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "pf-write");
    machine_free(m);
}

/* An unmasked exception sets its flag and faults; the destination stays (SDM 1, 4.9.1, 11.5.2). */
static void test_unmasked(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(0, 0, 2, 1); /* xmm2 to nearest, inexact not suppressed */
    struct interp_flow flow = {0};
    s->xmm[1][0] = f64(1.5), s->xmm[2][0] = 7, s->xmm[2][1] = 8;
    s->mxcsr = MXCSR_RESET & ~0x1000u; /* PM is clear */
    assert_false(sem_x86_roundsd_r(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "xm");
    assert_int_equal(s->mxcsr, (MXCSR_RESET & ~0x1000) | 0x20);
    assert_int_equal(s->xmm[2][0], 7);
    o.imm = 8; /* suppressed: nothing to trap */
    s->mxcsr &= ~0x20ull;
    assert_true(sem_x86_roundsd_r(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->xmm[2][0], f64(2));
    assert_int_equal(s->xmm[2][1], 8); /* the upper half stays */
    machine_free(m);
}

#ifdef __x86_64__
/* ---- the host: a few bytes of code with the immediate patched in ---- */

typedef uint32_t (*code_fn)(void *xmm0, const void *xmm1, uint64_t *flags);

/* movdqu (%rdi), %xmm0; movdqu (%rsi), %xmm1; ...; ret */
static code_fn code_new(const uint8_t *insn, size_t n)
{
    static const uint8_t enter[] = {0xf3, 0x0f, 0x6f, 0x07, 0xf3, 0x0f, 0x6f, 0x0e};
    /* pushf; pop %rax; mov %rax, (%rdx); movdqu %xmm0, (%rdi); mov %ecx, %eax; ret */
    static const uint8_t leave[] = {0x9c, 0x58, 0x48, 0x89, 0x02, 0xf3, 0x0f, 0x7f, 0x07, 0x89, 0xc8, 0xc3};
    uint8_t *p = mmap(NULL, CPU_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    memcpy(p, enter, sizeof(enter));
    memcpy(p + sizeof(enter), insn, n);
    memcpy(p + sizeof(enter) + n, leave, sizeof(leave));
    assert_int_equal(mprotect(p, CPU_PAGE, PROT_READ | PROT_EXEC), 0);
    code_fn f;
    memcpy(&f, &p, sizeof(f));
    return f;
}

static void code_free(code_fn f)
{
    void *p;
    memcpy(&p, &f, sizeof(p));
    munmap(p, CPU_PAGE);
}

/* Few different elements, so that they meet, and a null now and then. */
static void random_string(uint64_t v[2], struct rng *rng)
{
    uint8_t b[16];
    for (int i = 0; i < 16; i++) {
        static const uint8_t letters[] = {1, 2, 3, 0x7f, 0x80, 0xff};
        b[i] = rng_below(rng, 14) ? letters[rng_below(rng, ARRAY_LEN(letters))] : 0;
    }
    memcpy(v, b, 16);
}

static void pcmpistri(struct machine *m, code_fn host, uint8_t imm, struct rng *rng)
{
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(DATA + 1, imm, 0, 1);
    struct interp_flow flow = {0};
    uint64_t flags = 0;
    random_string(s->xmm[0], rng);
    random_string(s->xmm[1], rng);
    s->gpr[RCX] = ~0ull;
    assert_true(sem_x86_pcmpistri_r(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    uint64_t copy[2] = {s->xmm[0][0], s->xmm[0][1]}, index = s->gpr[RCX];
    assert_int_equal(index, host(copy, s->xmm[1], &flags));
    assert_int_equal(s->rflags & STATUS, flags & STATUS);
    /* the second string in memory, at an address that most SSE instructions would refuse */
    assert_int_equal(mem_write(&m->mem, DATA + 1, s->xmm[1], 16), 0);
    s->gpr[RCX] = 0;
    assert_true(sem_x86_pcmpistri_m(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->gpr[RCX], index);
}

static void test_pcmpistri(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct rng rng = {2};
    for (unsigned imm = 0; imm < 128 && __builtin_cpu_supports("sse4.2"); imm++) {
        code_fn host = code_new((uint8_t[]){0x66, 0x0f, 0x3a, 0x63, 0xc1, (uint8_t)imm}, 6);
        for (int i = 0; i < 300; i++) pcmpistri(m, host, (uint8_t)imm, &rng);
        code_free(host);
    }
    machine_free(m);
}

static const uint64_t doubles[] = {
    0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000,
    0x3fe0000000000000, 0x3fdfffffffffffff, 0x3fe0000000000001, 0xbfe0000000000000, 0x3ff0000000000000,
    0x3ff8000000000000, 0x4004000000000000, 0xc004000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000,
    0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000, 0x432fffffffffffff, 0x4330000000000001,
    0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0xc3e0000000000001, 0x7fefffffffffffff,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0xfff0000000000001,
};

/* MXCSR with exceptions masked: each rounding mode, denormals as they are or as zero. */
static uint32_t control(unsigned i)
{
    return MXCSR_RESET | (i & 3) << 13 | (i & 4 ? 1u << 6 : 0) | (i & 8 ? 1u << 15 : 0);
}

static uint32_t host_mxcsr(uint32_t v)
{
    uint32_t old;
    __asm__ volatile("stmxcsr %0\n\tldmxcsr %1" : "=m"(old) : "m"(v) : "memory");
    return old;
}

static void roundsd(struct machine *m, code_fn host, uint8_t imm, uint64_t in, uint32_t mxcsr)
{
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(DATA, imm, 0, 1);
    struct interp_flow flow = {0};
    uint64_t flags, to[2] = {7, 8}, from[2] = {in, 9};
    s->xmm[0][0] = 7, s->xmm[0][1] = 8, s->xmm[1][0] = in, s->mxcsr = mxcsr;
    assert_true(sem_x86_roundsd_r(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    uint32_t before = host_mxcsr(mxcsr);
    host(to, from, &flags);
    uint32_t after = host_mxcsr(before);
    assert_int_equal(s->xmm[0][0], to[0]);
    assert_int_equal(s->xmm[0][1], to[1]);
    assert_int_equal(s->mxcsr, after);
}

static void test_roundsd(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    for (unsigned imm = 0; imm < 16 && __builtin_cpu_supports("sse4.1"); imm++) {
        code_fn host = code_new((uint8_t[]){0x66, 0x0f, 0x3a, 0x0b, 0xc1, (uint8_t)imm}, 6);
        for (unsigned c = 0; c < 16; c++)
            for (size_t i = 0; i < ARRAY_LEN(doubles); i++)
                roundsd(m, host, (uint8_t)imm, doubles[i], control(c));
        code_free(host);
    }
    machine_free(m);
}

static void cvtsd2si(struct machine *m, uint64_t in, uint32_t mxcsr)
{
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(DATA, 0, RAX, 1);
    struct interp_flow flow = {0};
    uint64_t wide;
    uint32_t narrow;
    double d;
    memcpy(&d, &in, sizeof(d));
    uint32_t before = host_mxcsr(mxcsr);
    __asm__ volatile("cvtsd2si %1, %0" : "=r"(wide) : "x"(d));
    uint32_t wide_flags = host_mxcsr(mxcsr);
    __asm__ volatile("cvtsd2si %1, %0" : "=r"(narrow) : "x"(d));
    uint32_t narrow_flags = host_mxcsr(before);
    s->xmm[1][0] = in, s->mxcsr = mxcsr, s->gpr[RAX] = ~0ull;
    assert_true(sem_x86_cvtsd2si_r64(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->gpr[RAX], wide);
    assert_int_equal(s->mxcsr, wide_flags);
    s->mxcsr = mxcsr, s->gpr[RAX] = ~0ull;
    assert_true(sem_x86_cvtsd2si_r32(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->gpr[RAX], narrow); /* and nothing above it */
    assert_int_equal(s->mxcsr, narrow_flags);
}

static void test_cvtsd2si(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    for (unsigned c = 0; c < 16; c++)
        for (size_t i = 0; i < ARRAY_LEN(doubles); i++) cvtsd2si(m, doubles[i], control(c));
    machine_free(m);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mxcsr),     cmocka_unit_test(test_unmasked),
#ifdef __x86_64__
        cmocka_unit_test(test_pcmpistri), cmocka_unit_test(test_roundsd),  cmocka_unit_test(test_cvtsd2si),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
