/* The hard integer rows of x86, against the host's own instructions: thousands of operands a row, in
 * registers and in memory. Only what the row says is undefined is left out of the comparison. */
#include "specs/gen/hard_machine.h"

#include "hard_x86_64/hard_x86_64_sem.h"

extern const struct guest guest_hard_x86_64;
extern const struct guest_pseudo hard_x86_64_pseudos[];
const struct guest_pseudo hard_x86_64_pseudos[] = {{.from = NULL}};

enum {
    RAX,
    RCX,
    RDX,
    RBX,
    RSI = 6,
    RDI,
    NO_REG = 32,
    STATUS = 0x8d5,
    CARRY = 1,
    ZERO = 0x40,
    DIRECTION = 0x400
};

typedef bool (*sem_fn)(struct vcpu *, struct hard_x86_64_state *, const struct hard_x86_64_op *, uint64_t,
                       struct interp_flow *, const int);

static struct hard_x86_64_state *state_of(struct machine *m)
{
    return (void *)m->cpu->state;
}

/* A record whose memory operand, if it has one, is at the absolute address `at`. */
static struct hard_x86_64_op op_at(uint64_t at, int32_t imm, uint8_t r0, uint8_t r1, uint8_t r2)
{
    return (struct hard_x86_64_op){
        .r = {r0, r1, r2}, .imm = imm, .disp = (int32_t)at, .base = NO_REG, .index = NO_REG, .length = 4};
}

/* What isa.yaml names for cpuid. */
void hard_cpuid(struct vcpu *cpu, uint32_t leaf, uint32_t sub)
{
    struct hard_x86_64_state *s = (void *)cpu->state;
    s->gpr[RAX] = leaf + 1, s->gpr[RBX] = sub + 2, s->gpr[RCX] = 3, s->gpr[RDX] = 4;
}

#ifdef __x86_64__
/* ---- the host ---- */

struct host {
    uint64_t a, c, d, flags; /* rax, rcx, rdx, rflags */
};

/* rsp moves out of the red zone, where the compiler may keep something. */
#define HOST(name, insn)                                                           \
    static void host_##name(struct host *h)                                        \
    {                                                                              \
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpush %[f]\n\tpopf\n\t" insn    \
                         "\n\tpushf\n\tpop %[f]\n\tlea 128(%%rsp), %%rsp"          \
                         : "+a"(h->a), "+c"(h->c), "+d"(h->d), [f] "+&r"(h->flags) \
                         :                                                         \
                         : "cc", "memory");                                        \
    }
HOST(adc8, "adc %%ch, %%al")
HOST(adc8h, "adc %%al, %%ah")
HOST(adc16, "adc %%cx, %%ax")
HOST(adc32, "adc %%ecx, %%eax")
HOST(adc64, "adc %%rcx, %%rax")
HOST(adci16, "adc $-3, %%ax")
HOST(adci32, "adc $-3, %%eax")
HOST(adci64, "adc $-3, %%rax")
HOST(rcl16, "rcl %%cl, %%ax")
HOST(rcl32, "rcl %%cl, %%eax")
HOST(rcl64, "rcl %%cl, %%rax")
HOST(shld16_0, "shld $0, %%dx, %%ax")
HOST(shld16_1, "shld $1, %%dx, %%ax")
HOST(shld16_16, "shld $16, %%dx, %%ax")
HOST(shld16_20, "shld $20, %%dx, %%ax")
HOST(shld32_1, "shld $1, %%edx, %%eax")
HOST(shld32_7, "shld $7, %%edx, %%eax")
HOST(shld32_63, "shld $63, %%edx, %%eax")
HOST(shld64_33, "shld $33, %%rdx, %%rax")
HOST(div16, "div %%cx")
HOST(div32, "div %%ecx")
HOST(div64, "div %%rcx")
HOST(bsf16, "bsf %%cx, %%ax")
HOST(bsf32, "bsf %%ecx, %%eax")
HOST(bsf64, "bsf %%rcx, %%rax")
HOST(bzhi32, "bzhi %%edx, %%ecx, %%eax")
HOST(bzhi64, "bzhi %%rdx, %%rcx, %%rax")

/* ---- one row against one instruction ---- */

struct trial {
    const char *id;              /* of the row */
    sem_fn sem;                  /* what is generated from it */
    void (*host)(struct host *); /* the same instruction */
    unsigned width;              /* of its operands */
    char memory;                 /* 'a' or 'c': that register's part is played by memory */
    uint8_t r[3];                /* the record's registers, in the order of `ops` */
    int32_t imm;                 /* and its immediate */
};

static uint64_t interesting(struct rng *rng)
{
    static const uint64_t corners[] = {0,          1,          2,          0x7f,       0x80,
                                       0xff,       0x7fff,     0x8000,     0xffff,     0x7fffffff,
                                       0x80000000, 0xffffffff, ~0ull >> 1, 1ull << 63, ~0ull};
    if (rng_next(rng) & 1) return corners[rng_below(rng, ARRAY_LEN(corners))];
    return rng_next(rng) >> rng_below(rng, 64);
}

/* The divisor is above the dividend's upper half, or the host would fault. */
static bool divides(const struct trial *t, const struct host *h)
{
    if (strncmp(t->id, "x86.div", 7)) return true;
    return (h->c & bits_mask(t->width)) > (h->d & bits_mask(t->width));
}

static void assert_division_faults(struct machine *m, const struct trial *t, const struct hard_x86_64_op *o)
{
    struct hard_x86_64_state before = *state_of(m);
    struct interp_flow flow = {0};
    assert_false(t->sem(m->cpu, state_of(m), o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "de");
    assert_memory_equal(&before, state_of(m), sizeof(before));
}

/* What the host left in rax, where the row leaves it. */
static void assert_result(struct machine *m, const struct trial *t, const struct host *before,
                          const struct host *h, uint64_t undef, uint64_t undef_memory)
{
    uint64_t in_memory = data64(m, DATA) & bits_mask(t->width) & ~undef_memory;
    if (t->memory == 'a') {
        assert_int_equal(in_memory, h->a & bits_mask(t->width) & ~undef_memory);
        assert_int_equal(state_of(m)->gpr[RAX], before->a);
    } else {
        assert_int_equal(state_of(m)->gpr[RAX] & ~undef, h->a & ~undef);
    }
}

static void once(struct machine *m, const struct trial *t, struct rng *rng)
{
    struct hard_x86_64_state *s = state_of(m), mask = {.gpr = {0}};
    struct hard_x86_64_op o = op_at(DATA, t->imm, t->r[0], t->r[1], t->r[2]);
    struct host before = {interesting(rng), interesting(rng), interesting(rng), 2 | (rng_next(rng) & STATUS)},
                h = before;
    struct interp_flow flow = {0};
    uint64_t memory = 0;
    unsigned row = (unsigned)(guest_row_find(m->cpu->guest, t->id) - m->cpu->guest->rows);
    s->gpr[RAX] = h.a, s->gpr[RCX] = h.c, s->gpr[RDX] = h.d, s->rflags = h.flags;
    set_data64(m, DATA, t->memory == 'c' ? h.c : h.a);
    if (!divides(t, &h)) {
        assert_division_faults(m, t, &o);
        return;
    }
    assert_true(hard_x86_64_undef(m->cpu, row, &o, CODE, &mask, &memory));
    assert_true(t->sem(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    t->host(&h);
    assert_result(m, t, &before, &h, mask.gpr[RAX], memory);
    assert_int_equal(s->gpr[RCX] & ~mask.gpr[RCX], h.c & ~mask.gpr[RCX]);
    assert_int_equal(s->gpr[RDX] & ~mask.gpr[RDX], h.d & ~mask.gpr[RDX]);
    assert_int_equal(s->rflags & STATUS & ~mask.rflags, h.flags & STATUS & ~mask.rflags);
}

#define ROW(id, symbol, host, width, memory, ...)                     \
    {                                                                 \
        id, sem_x86_##symbol, host_##host, width, memory, __VA_ARGS__ \
    }

static const struct trial trials[] = {
    ROW("x86.adc.r8", adc_r8, adc8, 8, 0, {RAX * 8, RCX * 8 + 1}, 0),  /* ch */
    ROW("x86.adc.r8", adc_r8, adc8h, 8, 0, {RAX * 8 + 1, RAX * 8}, 0), /* ah */
    ROW("x86.adc.r16", adc_r16, adc16, 16, 0, {RAX, RCX}, 0),
    ROW("x86.adc.r32", adc_r32, adc32, 32, 0, {RAX, RCX}, 0),
    ROW("x86.adc.r64", adc_r64, adc64, 64, 0, {RAX, RCX}, 0),
    ROW("x86.adc.m16", adc_m16, adc16, 16, 'c', {RAX}, 0),
    ROW("x86.adc.m32", adc_m32, adc32, 32, 'c', {RAX}, 0),
    ROW("x86.adc.m64", adc_m64, adc64, 64, 'c', {RAX}, 0),
    ROW("x86.adc.i8.r16", adc_i8_r16, adci16, 16, 0, {RAX}, -3),
    ROW("x86.adc.i8.r32", adc_i8_r32, adci32, 32, 0, {RAX}, -3),
    ROW("x86.adc.i8.r64", adc_i8_r64, adci64, 64, 0, {RAX}, -3),
    ROW("x86.adc.i8.m16", adc_i8_m16, adci16, 16, 'a', {0}, -3),
    ROW("x86.adc.i8.m32", adc_i8_m32, adci32, 32, 'a', {0}, -3),
    ROW("x86.rcl.cl.r16", rcl_cl_r16, rcl16, 16, 0, {RAX}, 0),
    ROW("x86.rcl.cl.r32", rcl_cl_r32, rcl32, 32, 0, {RAX}, 0),
    ROW("x86.rcl.cl.r64", rcl_cl_r64, rcl64, 64, 0, {RAX}, 0),
    ROW("x86.rcl.cl.m32", rcl_cl_m32, rcl32, 32, 'a', {0}, 0),
    ROW("x86.shld.r16", shld_r16, shld16_0, 16, 0, {RAX, RDX}, 0),
    ROW("x86.shld.r16", shld_r16, shld16_1, 16, 0, {RAX, RDX}, 1),
    ROW("x86.shld.r16", shld_r16, shld16_16, 16, 0, {RAX, RDX}, 16),
    ROW("x86.shld.r16", shld_r16, shld16_20, 16, 0, {RAX, RDX}, 20),
    ROW("x86.shld.m16", shld_m16, shld16_20, 16, 'a', {RDX}, 20),
    ROW("x86.shld.r32", shld_r32, shld32_1, 32, 0, {RAX, RDX}, 1),
    ROW("x86.shld.r32", shld_r32, shld32_7, 32, 0, {RAX, RDX}, 7),
    ROW("x86.shld.r32", shld_r32, shld32_63, 32, 0, {RAX, RDX}, 63),
    ROW("x86.shld.m32", shld_m32, shld32_7, 32, 'a', {RDX}, 7),
    ROW("x86.shld.r64", shld_r64, shld64_33, 64, 0, {RAX, RDX}, 33),
    ROW("x86.div.r16", div_r16, div16, 16, 0, {RCX}, 0),
    ROW("x86.div.r32", div_r32, div32, 32, 0, {RCX}, 0),
    ROW("x86.div.r64", div_r64, div64, 64, 0, {RCX}, 0),
    ROW("x86.div.m64", div_m64, div64, 64, 'c', {0}, 0),
    ROW("x86.bsf.r16", bsf_r16, bsf16, 16, 0, {RAX, RCX}, 0),
    ROW("x86.bsf.r32", bsf_r32, bsf32, 32, 0, {RAX, RCX}, 0),
    ROW("x86.bsf.r64", bsf_r64, bsf64, 64, 0, {RAX, RCX}, 0),
    ROW("x86.bzhi.r32", bzhi_r32, bzhi32, 32, 0, {RAX, RCX, RDX}, 0),
    ROW("x86.bzhi.r64", bzhi_r64, bzhi64, 64, 0, {RAX, RCX, RDX}, 0),
    ROW("x86.bzhi.m64", bzhi_m64, bzhi64, 64, 'c', {RAX, RDX}, 0),
};

static void test_host(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct rng rng = {1};
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        if (strstr(trials[i].id, "bzhi") && !__builtin_cpu_supports("bmi2")) continue;
        for (int n = 0; n < 4000; n++) once(m, &trials[i], &rng);
    }
    machine_free(m);
}
#endif

/* An undefined result is undefined where the row says, and nowhere else. */
static void test_undef(void **state)
{
    static const struct {
        const char *id;
        int32_t imm;
        uint64_t source, d, flags;
    } all[] = {
        {"x86.shld.r16", 16, 1, 0, 0x810},    {"x86.shld.r16", 17, 1, 0xffff, 0x8d5},
        {"x86.shld.r32", 1, 1, 0, 0x10},      {"x86.shld.r32", 0x20, 1, 0, 0},
        {"x86.bsf.r32", 0, 1, 0, 0x895},      {"x86.bsf.r32", 0, 0, ~0ull, 0x895},
        {"x86.bsf.r16", 0, 0, 0xffff, 0x895}, {"x86.adc.r32", 0, 1, 0, 0},
        {"x86.rcl.cl.r32", 0, 1, 0, 0},       {"x86.rcl.cl.r32", 0, 2, 0, 0x800},
    };
    struct machine *m = machine_new(&guest_hard_x86_64);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct hard_x86_64_op o = op_at(DATA, all[i].imm, RAX, RCX, 0);
        struct hard_x86_64_state mask = {.gpr = {0}};
        uint64_t memory = 0;
        unsigned row = (unsigned)(guest_row_find(m->cpu->guest, all[i].id) - m->cpu->guest->rows);
        state_of(m)->gpr[RCX] = all[i].source;
        assert_true(hard_x86_64_undef(m->cpu, row, &o, CODE, &mask, &memory));
        assert_int_equal(mask.gpr[RAX], all[i].d);
        assert_int_equal(mask.rflags, all[i].flags);
    }
    machine_free(m);
}

static void test_cmpxchg16b(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(DATA + 16, 0, 0, 0, 0);
    struct interp_flow flow = {0};
    set_data64(m, DATA + 16, 1), set_data64(m, DATA + 24, 2);
    s->gpr[RAX] = 1, s->gpr[RDX] = 3, s->gpr[RBX] = 5, s->gpr[RCX] = 6;
    assert_true(sem_x86_cmpxchg16b(m->cpu, s, &o, CODE, &flow, INTERP_NONE)); /* the upper half differs */
    assert_int_equal(s->gpr[RAX], 1);
    assert_int_equal(s->gpr[RDX], 2);
    assert_int_equal(s->rflags & ZERO, 0);
    assert_int_equal(data64(m, DATA + 16), 1);
    assert_true(sem_x86_cmpxchg16b(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->rflags & ZERO, ZERO);
    assert_int_equal(data64(m, DATA + 16), 5);
    assert_int_equal(data64(m, DATA + 24), 6);
    o.disp += 8;
    assert_false(sem_x86_cmpxchg16b(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "gp");
    machine_free(m);
}

/* Runs it as the loop would: again while it jumps to itself. False: it faulted. */
static bool rep(struct machine *m, sem_fn sem)
{
    struct hard_x86_64_op o = op_at(0, 0, 0, 0, 0);
    struct interp_flow flow;
    do {
        flow.npc = CODE + o.length;
        if (!sem(m->cpu, state_of(m), &o, CODE, &flow, INTERP_NONE)) return false;
    } while (flow.npc == CODE);
    assert_int_equal(flow.npc, CODE + o.length);
    return true;
}

static void test_rep_movs(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    s->gpr[RCX] = 0, s->gpr[RSI] = s->gpr[RDI] = 0; /* nothing at all: these addresses do not exist */
    assert_true(rep(m, sem_x86_rep_movs_64));
    set_data64(m, DATA, 0x8877665544332211);
    s->gpr[RCX] = 3, s->gpr[RSI] = DATA, s->gpr[RDI] = DATA + 2; /* overlapping: the first word spreads */
    assert_true(rep(m, sem_x86_rep_movs_16));
    assert_int_equal(data64(m, DATA), 0x2211221122112211);
    assert_int_equal(s->gpr[RCX], 0);
    assert_int_equal(s->gpr[RDI], DATA + 8);
    s->rflags |= DIRECTION;
    s->gpr[RCX] = 2, s->gpr[RSI] = DATA + 4, s->gpr[RDI] = DATA + 12;
    assert_true(rep(m, sem_x86_rep_movs_32));
    assert_int_equal(data64(m, DATA + 8), 0x2211221122112211);
    assert_int_equal(s->gpr[RSI], DATA - 4);
    s->rflags &= ~(uint64_t)DIRECTION; /* the third iteration faults, and the first two have happened */
    s->gpr[RCX] = 5, s->gpr[RSI] = DATA, s->gpr[RDI] = DATA + CPU_PAGE - 16;
    assert_false(rep(m, sem_x86_rep_movs_64));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "pf-write");
    assert_int_equal(s->gpr[RCX], 3);
    assert_int_equal(s->gpr[RDI], DATA + CPU_PAGE);
    machine_free(m);
}

/* A read-modify-write of read-only memory is a write fault, and changes nothing. */
static void test_faults(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m), before;
    struct hard_x86_64_op o = op_at(CODE, 1, 0, 0, 0);
    struct interp_flow flow = {0};
    s->rflags |= CARRY;
    before = *s;
    assert_false(sem_x86_adc_i8_m64(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "pf-write");
    assert_true(sem_x86_adc_m64(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    o.disp = 0;
    before = *s;
    assert_false(sem_x86_adc_m64(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_string_equal(m->cpu->guest->causes[m->cpu->exit.cause].name, "pf-read");
    assert_memory_equal(&before, s, sizeof(before));
    machine_free(m);
}

/* base + index * scale + displacement + segment, and relative to the next instruction. */
static void test_address(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = {
        .disp = -8, .base = RBX, .index = RCX, .shift = 3, .segment = 2, .at = 5, .length = 7};
    s->gpr[RBX] = 0x1000, s->gpr[RCX] = 0x10, s->gs_base = 0x100000, s->fs_base = ~0ull;
    assert_int_equal(hard_x86_64_address(s, &o, CODE), 0x101078);
    o = (struct hard_x86_64_op){.disp = 0x20, .base = NO_REG + 1, .index = NO_REG, .at = 5, .length = 7};
    assert_int_equal(hard_x86_64_address(s, &o, CODE), CODE + 5 + 7 + 0x20);
    machine_free(m);
}

static void test_helper(void **state)
{
    struct machine *m = machine_new(&guest_hard_x86_64);
    struct hard_x86_64_state *s = state_of(m);
    struct hard_x86_64_op o = op_at(0, 0, 0, 0, 0);
    struct interp_flow flow = {0};
    s->gpr[RAX] = 0xffffffff00000007, s->gpr[RCX] = 5;
    assert_true(sem_x86_cpuid(m->cpu, s, &o, CODE, &flow, INTERP_NONE));
    assert_int_equal(s->gpr[RAX], 8);
    assert_int_equal(s->gpr[RBX], 7);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef __x86_64__
        cmocka_unit_test(test_host),
#endif
        cmocka_unit_test(test_undef),  cmocka_unit_test(test_cmpxchg16b), cmocka_unit_test(test_rep_movs),
        cmocka_unit_test(test_faults), cmocka_unit_test(test_address),    cmocka_unit_test(test_helper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
