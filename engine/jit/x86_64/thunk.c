/* The few pieces of code that every translation needs: into it, out of it, and to a C reference. */
#include "engine/jit/x86_64/emit.h"

#include <cpuid.h>
#include <ucontext.h>

/* Guest registers live here, the first in the list of pins in the first of these: rbx, rsi and rdi are the
 * cheapest to encode, r12 and r13 as bases take a byte more. */
static const uint8_t pin_regs[JIT_PINS] = {ASM_RBX, ASM_RSI, ASM_RDI, ASM_R8,  ASM_R9,
                                           ASM_R10, ASM_R11, ASM_R14, ASM_R12, ASM_R13};
static const uint8_t saved_regs[] = {ASM_RBX, ASM_RBP, ASM_R12, ASM_R13, ASM_R14, ASM_R15};

static void choose_pins(struct jit_host *h, const struct guest_lift *g)
{
    memset(h->pin_of_word, 0, sizeof(h->pin_of_word));
    memset(h->word_of_pin, 0, sizeof(h->word_of_pin));
    for (unsigned i = 0; i < g->npins && i < JIT_PINS; i++) {
        h->pin_of_word[g->pins[i]] = pin_regs[i] + 1;
        h->word_of_pin[pin_regs[i]] = g->pins[i] + 1;
    }
    for (unsigned i = 0; i < g->nfp_pins && i < JIT_FP_PINS; i++) {
        unsigned reg = EMIT_FIRST_PINNED_XMM + i;
        h->pin_of_word[g->fp_pins[i]] = (uint16_t)(reg + 1);
        h->word_of_pin[reg] = g->fp_pins[i] + 1;
    }
}

static void find_features(struct jit_host *h)
{
    unsigned a, b, c, d;
    bool ymm = false; /* the system saves what VEX instructions use */
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        h->sse41 = c & bit_SSE4_1;
        h->popcnt = c & bit_POPCNT;
        h->aes = c & bit_AES;
        h->pclmul = c & bit_PCLMUL;
        if (c & bit_OSXSAVE) {
            unsigned lo, hi;
            __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
            ymm = (lo & 6) == 6;
        }
        h->avx = ymm && c & bit_AVX;
        h->fma = ymm && c & bit_FMA;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        h->bmi1 = b & bit_BMI;
        h->bmi2 = b & bit_BMI2;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) h->lzcnt = c & bit_LZCNT;
}

/* ---- constants ---- */

const uint64_t emit_literals[EMIT_LITERALS] = {
    [LIT_F64_SIGN] = 1ull << 63,     [LIT_F64_ABS] = ~0ull >> 1,
    [LIT_F32_SIGN] = 1u << 31,       [LIT_F32_ABS] = ~(1ull << 31),
    [LIT_BOX32] = ~0ull << 32,       [LIT_BOX16] = ~0ull << 16,
    [LIT_F64_NAN] = 0x7ff8ull << 48, [LIT_F32_NAN] = ~0ull << 32 | 0x7fc00000,
};

/* MXCSR's flags are IE, DE, ZE, OE, UE, PE from bit 0 up (SDM 1, 10.2.3). */
static const uint8_t host_flags[] = {FP_NV, FP_ID, FP_DZ, FP_OF, FP_UF, FP_NX};

static void put_literals(struct jit_code *c)
{
    for (unsigned i = 0; i < EMIT_LITERALS; i++) {
        uint64_t pair[2] = {emit_literals[i], 0};
        memcpy(c->p + c->n, pair, 16);
        c->n += 16;
    }
    uint8_t *of_ex = c->p + c->n, *of_host = of_ex + EMIT_EXCEPTIONS;
    memset(of_ex, 0, 2 * EMIT_EXCEPTIONS);
    for (unsigned i = 0; i < EMIT_EXCEPTIONS; i++)
        for (unsigned bit = 0; bit < ARRAY_LEN(host_flags); bit++) {
            if (i & host_flags[bit]) of_ex[i] |= (uint8_t)(1 << bit);
            if (i >> bit & 1 && host_flags[bit] != FP_ID) of_host[i] |= host_flags[bit];
        }
    c->n += 2 * EMIT_EXCEPTIONS;
}

/* ---- pinned registers ---- */

/* Loads or stores every pinned register but those in `skip`, a mask. */
static void move_pins(struct jit_code *c, const struct jit_host *h, bool store)
{
    for (unsigned r = 0; r < 32; r++) {
        if (!h->word_of_pin[r]) continue;
        int32_t at = emit_word_disp(h->word_of_pin[r] - 1);
        if (r < ASM_XMM0)
            asm_mem(c, (store ? ASM_MOV_ST : ASM_MOV) | ASM_W, r, ASM_RBP, at);
        else
            asm_mem(c, store ? ASM_MOVQ_ST : ASM_MOVQ, r, ASM_RBP, at);
    }
}

/* ---- enter and leave ---- */

static void make_enter(struct jit_code *c, const struct jit_host *h)
{
    for (unsigned i = 0; i < ARRAY_LEN(saved_regs); i++) {
        if (saved_regs[i] & 8) asm_byte(c, 0x41);
        asm_byte(c, 0x50 | (saved_regs[i] & 7));
    }
    asm_byte(c, 0x50 | ASM_RDI); /* the trip; the stack is a multiple of 16 from here on */
    asm_mem(c, ASM_MOV | ASM_W, ASM_RBP, ASM_RDI, offsetof(struct jit_trip, cpu));
    asm_mem(c, ASM_LEA | ASM_W, ASM_RBP, ASM_RBP, offsetof(struct vcpu, state) + JIT_STATE_BIAS);
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RSP, ASM_RBP, EMIT_HOST_SP);
    asm_mem(c, ASM_MOV | ASM_W, ASM_RSP, ASM_RDI, offsetof(struct jit_trip, returns));
    asm_const(c, ASM_RAX, (uintptr_t)h->bottom);
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RAX, ASM_RBP, EMIT_BOTTOM);
    asm_mem(c, ASM_MOV | ASM_W, ASM_R15, ASM_RDI, offsetof(struct jit_trip, left));
    asm_mem(c, ASM_MOV | ASM_W, ASM_RAX, ASM_RDI, offsetof(struct jit_trip, code));
    asm_mem(c, ASM_STMXCSR, 3, ASM_RDI, offsetof(struct jit_trip, host_mxcsr));
    asm_mem(c, ASM_LDMXCSR, 2, ASM_RDI, offsetof(struct jit_trip, mxcsr));
    move_pins(c, h, false);
    asm_rr(c, 0xff, 4, ASM_RAX); /* jmp rax */
}

static void make_leave(struct jit_code *c, const struct jit_host *h)
{
    asm_byte(c, 0x58 | ASM_RCX);
    asm_mem(c, ASM_MOV | ASM_W, ASM_RDX, ASM_RBP, EMIT_HOST_SP);
    asm_mem(c, ASM_MOV | ASM_W, ASM_RDX, ASM_RDX, 0);
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RSP, ASM_RDX, offsetof(struct jit_trip, returns));
    asm_mem(c, ASM_MOV | ASM_W, ASM_RSP, ASM_RBP, EMIT_HOST_SP);
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RCX, ASM_RDX, offsetof(struct jit_trip, stub));
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_R15, ASM_RDX, offsetof(struct jit_trip, left));
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RAX, ASM_RDX, offsetof(struct jit_trip, target));
    move_pins(c, h, true);
    asm_mem(c, ASM_STMXCSR, 3, ASM_RDX, offsetof(struct jit_trip, mxcsr));
    asm_mem(c, ASM_LDMXCSR, 2, ASM_RDX, offsetof(struct jit_trip, host_mxcsr));
    asm_alu_i(c, ALU_ADD, ASM_W, &(struct asm_rm){.reg = ASM_RSP}, 8);
    for (unsigned i = ARRAY_LEN(saved_regs); i--;) {
        if (saved_regs[i] & 8) asm_byte(c, 0x41);
        asm_byte(c, 0x58 | (saved_regs[i] & 7));
    }
    asm_byte(c, 0xc3);
}

/* ---- jumps that code does not have inline ---- */

static void make_jumps(struct jit_code *c, struct jit_host *h, const uint8_t *rx)
{
    h->unwind = rx + c->n;
    asm_byte(c, 0x58 | ASM_RCX);
    asm_rr(c, 0xff, 4, ASM_RCX);
    h->bottom = rx + c->n;
    asm_const(c, ASM_RCX, (uintptr_t)h->bottom);
    asm_byte(c, 0x50 | ASM_RCX);
    h->jump = rx + c->n;
    asm_const(c, ASM_RDX, (uintptr_t)h->jumps);
    struct asm_rm code = emit_jump_lookup(c);
    uint32_t miss = asm_jump8(c, CC_NE);
    asm_op(c, 0xff, 4, 0, &code); /* jmp */
    asm_here8(c, miss);
    asm_byte(c, 0xe8);
    asm_u32(c, (uint32_t)((uintptr_t)h->leave - (uintptr_t)(rx + c->n + 4)));
    h->jump_missed = rx + c->n;
}

/* ---- calling a reference ---- */

/* What call_ref keeps on the stack. It saves everything that C may change, the free registers too, so that a
 * call costs its caller nothing but the call, in hot code and in cold. */
struct call_frame {
    struct ir_call call;
    uint64_t gpr[9];
    uint64_t xmm[16];
};
_Static_assert(sizeof(struct call_frame) % 16 == 0, "the stack is aligned in C");

static void move_caller_saved(struct jit_code *c, bool store)
{
    static const uint8_t gprs[] = {ASM_RAX, ASM_RCX, ASM_RDX, ASM_RSI, ASM_RDI,
                                   ASM_R8,  ASM_R9,  ASM_R10, ASM_R11};
    for (unsigned i = 0; i < ARRAY_LEN(gprs); i++)
        asm_mem(c, (store ? ASM_MOV_ST : ASM_MOV) | ASM_W, gprs[i], ASM_RSP,
                (int32_t)(offsetof(struct call_frame, gpr) + 8 * i));
    for (unsigned i = 0; i < 16; i++)
        asm_mem(c, store ? ASM_MOVQ_ST : ASM_MOVQ, ASM_XMM0 + i, ASM_RSP,
                (int32_t)(offsetof(struct call_frame, xmm) + 8 * i));
}

/* Vectors and imm are LANES'. */
static bool call_op(struct ir_call *k, const union ir_value *a, union ir_value *out, unsigned op,
                    unsigned vectors, uint64_t imm)
{
    return op == IR_LANES ? ir_lanes(k, imm, vectors, a, out) : ir_op_table[op].ref(k, a, out);
}

/* The caller stored the arguments, and the operation and rounding mode as one number, in the frame. Comes
 * back with the result in the frame, and ZF set when the reference noted a fault. */
static void make_call_ref(struct jit_code *c, const struct jit_host *h, const uint8_t *flags_of_ex)
{
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RSP, ASM_RBP, EMIT_CALL_SP);
    asm_mem(c, ASM_MOV | ASM_W, ASM_RSP, ASM_RBP, EMIT_HOST_SP);
    asm_alu_i(c, ALU_SUB, ASM_W, &(struct asm_rm){.reg = ASM_RSP}, sizeof(struct call_frame));
    move_caller_saved(c, true);
    asm_mem(c, ASM_LEA | ASM_W, ASM_RAX, ASM_RBP, -(int32_t)(offsetof(struct vcpu, state) + JIT_STATE_BIAS));
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RAX, ASM_RSP, offsetof(struct call_frame, call.cpu));
    asm_const(c, ASM_RAX, (uintptr_t)&h->policy);
    asm_mem(c, ASM_MOV_ST | ASM_W, ASM_RAX, ASM_RSP, offsetof(struct call_frame, call.policy));
    asm_mem(c, ASM_MOVZX16, ASM_RAX, ASM_RBP, EMIT_CALL_OP + 2);
    asm_mem(c, ASM_MOV_ST, ASM_RAX, ASM_RSP, offsetof(struct call_frame, call.round));
    asm_mem(c, ASM_MOV_I, 0, ASM_RSP, offsetof(struct call_frame, call.ex));
    asm_u32(c, 0);
    asm_mem(c, ASM_MOVZX16, ASM_RAX, ASM_RBP, EMIT_CALL_OP);
    asm_rr(c, ASM_MOV, ASM_RCX, ASM_RAX);
    asm_mem(c, ASM_LEA | ASM_W, ASM_RDI, ASM_RSP, offsetof(struct call_frame, call));
    asm_mem(c, ASM_LEA | ASM_W, ASM_RSI, ASM_RBP, EMIT_CALL_ARGS);
    asm_mem(c, ASM_LEA | ASM_W, ASM_RDX, ASM_RBP, EMIT_CALL_OUT);
    asm_mem(c, ASM_MOV, ASM_R8, ASM_RBP, EMIT_CALL_VECTORS);
    asm_mem(c, ASM_MOV | ASM_W, ASM_R9, ASM_RBP, EMIT_CALL_IMM);
    bool (*const to)(struct ir_call *, const union ir_value *, union ir_value *, unsigned, unsigned,
                     uint64_t) = call_op;
    uintptr_t address;
    memcpy(&address, &to, sizeof(address));
    asm_const(c, ASM_RAX, address);
    asm_rr(c, 0xff, 2, ASM_RAX); /* call */
    asm_mem(c, ASM_MOV, ASM_RCX, ASM_RSP, offsetof(struct call_frame, call.ex));
    asm_rr(c, ASM_TEST, ASM_RCX, ASM_RCX);
    uint32_t none = asm_jump8(c, CC_E);
    asm_const(c, ASM_RDX, (uintptr_t)flags_of_ex);
    asm_mem(c, ASM_STMXCSR, 3, ASM_RSP, offsetof(struct call_frame, call.ex));
    asm_op(c, ASM_MOVZX8, ASM_RCX, 0, &(struct asm_rm){.reg = ASM_NONE, .base = ASM_RDX, .index = ASM_RCX});
    asm_mem(c, ASM_ALU_ST + 8 * ALU_OR, ASM_RCX, ASM_RSP, offsetof(struct call_frame, call.ex));
    asm_mem(c, ASM_LDMXCSR, 2, ASM_RSP, offsetof(struct call_frame, call.ex));
    asm_here8(c, none);
    asm_rr(c, ASM_TEST8, ASM_RAX, ASM_RAX);
    move_caller_saved(c, false);
    asm_mem(c, ASM_MOV | ASM_W, ASM_RSP, ASM_RBP, EMIT_CALL_SP);
    asm_byte(c, 0xc3);
}

/* Infinity times zero plus a quiet NaN is invalid here and not on the host (Unpriv 20.6). So where a fused
 * operation gave a NaN, the product alone is made of the factors, which are in the frame, and of its
 * exceptions only that one counts. */
static void make_fma_nan(struct jit_code *c, bool is_double)
{
    const int32_t before = EMIT_CALL_OUT, after = before + 4, saved = before + 8, args = EMIT_CALL_ARGS;
    struct asm_rm flags = asm_m(ASM_RBP, before), raised = asm_m(ASM_RBP, after);
    asm_mem(c, ASM_MOVQ_ST, ASM_XMM0, ASM_RBP, saved);
    asm_op(c, ASM_STMXCSR, 3, 0, &flags);
    asm_mem(c, ASM_MOVQ, ASM_XMM0, ASM_RBP, args);
    asm_mem(c, (is_double ? ASM_SD : ASM_SS) | 0x59, ASM_XMM0, ASM_RBP, args + 16);
    asm_op(c, ASM_STMXCSR, 3, 0, &raised);
    asm_mem(c, ASM_MOVQ, ASM_XMM0, ASM_RBP, saved);
    asm_op(c, ASM_TEST_I8, 0, 0, &raised);
    asm_byte(c, 1);
    uint32_t valid = asm_jump8(c, CC_E);
    asm_alu_i(c, ALU_OR, 0, &flags, 1);
    asm_here8(c, valid);
    asm_op(c, ASM_LDMXCSR, 2, 0, &flags);
    asm_byte(c, 0xc3);
}

size_t jit_host_make(struct jit_host *h, const struct guest_lift *g, struct jit_jump *jumps, uint8_t *rw,
                     const uint8_t *rx, size_t cap)
{
    struct jit_code c = {.p = rw, .cap = (uint32_t)cap};
    BUG_ON(cap < EMIT_THUNKS_SIZE || (uintptr_t)rx % 16);
    h->jumps = jumps;
    if (g->policy) h->policy = g->policy(0);
    choose_pins(h, g);
    find_features(h);
    h->literals = rx;
    put_literals(&c);
    h->leave = rx + c.n;
    make_leave(&c, h);
    make_jumps(&c, h, rx);
    /* a code pointer in the executable view */
    uintptr_t enter = (uintptr_t)rx + c.n;
    memcpy(&h->enter, &enter, sizeof(enter));
    make_enter(&c, h);
    for (unsigned i = 0; i < 2; i++) {
        h->fma_nan[i] = rx + c.n;
        make_fma_nan(&c, i);
    }
    h->call_ref = rx + c.n;
    make_call_ref(&c, h, rx + EMIT_FLAGS_OF_EX);
    BUG_ON(c.n > cap || c.ncalls);
    return c.n;
}

void jit_host_patch(uint8_t *rw, const uint8_t *rx, const void *to)
{
    int64_t rel = (const uint8_t *)to - (rx + 4);
    BUG_ON(rel != (int32_t)rel);
    uint32_t v = (uint32_t)rel;
    memcpy(rw, &v, 4);
}
