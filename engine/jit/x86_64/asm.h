/* An encoder for the x86-64 instructions that translations are made of, straight into a struct jit_code.
 *
 * An opcode is a number that says all about its encoding but the operands: ASM_ADD | ASM_W. One function lays
 * out prefixes, REX or VEX, ModRM, SIB and displacement for every one of them (SDM 2, 2.1 to 2.3). Nothing
 * here checks room: callers ask for it once a node (asm_room).
 */
#ifndef ENGINE_JIT_X86_64_ASM_H
#define ENGINE_JIT_X86_64_ASM_H

#include "engine/jit/jit.h"

#include <string.h>

enum asm_reg {
    ASM_RAX,
    ASM_RCX,
    ASM_RDX,
    ASM_RBX,
    ASM_RSP,
    ASM_RBP,
    ASM_RSI,
    ASM_RDI, /* numbered as encoded */
    ASM_R8,
    ASM_R9,
    ASM_R10,
    ASM_R11,
    ASM_R12,
    ASM_R13,
    ASM_R14,
    ASM_R15,
    ASM_XMM0, /* up to 31: xmm15 */
    ASM_NONE = 0xff,
};

/* The operand that ModRM's rm field names: a register, or memory at gs: + base + index * 2^scale + disp. */
struct asm_rm {
    uint8_t reg;         /* or ASM_NONE: memory */
    uint8_t base, index; /* or ASM_NONE */
    uint8_t scale;       /* 0..3 */
    bool gs;             /* in the window */
    int32_t disp;        /* added */
};

/* ---- opcodes ---- */
enum {
    ASM_0F = 1 << 8, /* opcode maps */
    ASM_0F38 = 2 << 8,
    ASM_0F3A = 3 << 8,
    ASM_66 = 1 << 10, /* mandatory prefixes, or the operand size of 16 bits */
    ASM_F3 = 2 << 10,
    ASM_F2 = 3 << 10,
    ASM_W = 1 << 12,   /* 64-bit operands */
    ASM_VEX = 1 << 13, /* encoded with VEX */
    ASM_B = 1 << 14,   /* the reg operand is a byte register: spl, bpl, sil, dil need a REX */
    ASM_BM = 1 << 15,  /* the rm operand is one, if it is a register */
    ASM_LOCK = 1 << 16,
};

enum asm_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum asm_shift { SHIFT_ROL, SHIFT_ROR, SHIFT_SHL = 4, SHIFT_SHR, SHIFT_SAR = 7 };
/* Condition codes as encoded: the low bit negates. */
enum asm_cc {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G,
    CC_NEVER = 16,
    CC_ALWAYS, /* of conditions that are known: no encodings */
};

enum asm_op {
    /* integer, reg <- rm, unless it says otherwise */
    ASM_MOV = 0x8b,
    ASM_MOV_ST = 0x89, /* rm <- reg, here and in the next two */
    ASM_MOV_ST8 = ASM_B | ASM_BM | 0x88,
    ASM_MOV_ST16 = ASM_66 | 0x89,
    ASM_MOV_I = 0xc7, /* /0, imm32 */
    ASM_MOV_I8 = ASM_BM | 0xc6,
    ASM_MOV_I16 = ASM_66 | 0xc7,
    ASM_MOVZX8 = ASM_0F | ASM_BM | 0xb6,
    ASM_MOVZX16 = ASM_0F | 0xb7,
    ASM_MOVSX8 = ASM_0F | ASM_BM | 0xbe,
    ASM_MOVSX16 = ASM_0F | 0xbf,
    ASM_MOVSXD = ASM_W | 0x63,
    ASM_LEA = 0x8d,
    ASM_PUSH = 0xff,   /* /6 */
    ASM_POP = 0x8f,    /* /0 */
    ASM_ALU = 0x03,    /* + 8 * enum asm_alu */
    ASM_ALU_ST = 0x01, /* likewise; rm <- reg */
    ASM_ALU_I8 = 0x83, /* /alu, imm8 */
    ASM_ALU_I = 0x81,  /* /alu, imm32 */
    ASM_TEST = 0x85,
    ASM_TEST8 = ASM_B | ASM_BM | 0x84,
    ASM_TEST_I8 = ASM_BM | 0xf6, /* /0, imm8 */
    ASM_NOT = 0xf7,              /* /2 */
    ASM_NEG = 0xf7,              /* /3 */
    ASM_IMUL1 = 0xf7,            /* /5 */
    ASM_DIV = 0xf7,              /* /6 */
    ASM_IDIV = 0xf7,             /* /7 */
    ASM_IMUL = ASM_0F | 0xaf,
    ASM_IMUL_I8 = 0x6b,
    ASM_IMUL_I = 0x69,
    ASM_SHIFT_I = 0xc1,                 /* /shift, imm8 */
    ASM_SHIFT_1 = 0xd1,                 /* /shift */
    ASM_SHIFT_CL = 0xd3,                /* /shift */
    ASM_CMOV = ASM_0F | 0x40,           /* + cc */
    ASM_SETCC = ASM_0F | ASM_BM | 0x90, /* + cc; /0 */
    ASM_TZCNT = ASM_F3 | ASM_0F | 0xbc,
    ASM_LZCNT = ASM_F3 | ASM_0F | 0xbd,
    ASM_POPCNT = ASM_F3 | ASM_0F | 0xb8,
    ASM_XCHG = 0x87,
    ASM_CMPXCHG = ASM_LOCK | ASM_0F | 0xb1, /* rm <- reg if rax == rm */
    ASM_XADD = ASM_LOCK | ASM_0F | 0xc1,    /* rm += reg, reg <- old */
    /* BMI: reg <- rm by the VEX register */
    ASM_SHLX = ASM_VEX | ASM_66 | ASM_0F38 | 0xf7,
    ASM_SARX = ASM_VEX | ASM_F3 | ASM_0F38 | 0xf7,
    ASM_SHRX = ASM_VEX | ASM_F2 | ASM_0F38 | 0xf7,
    ASM_RORX = ASM_VEX | ASM_F2 | ASM_0F3A | 0xf0, /* imm8 */
    ASM_MULX = ASM_VEX | ASM_F2 | ASM_0F38 | 0xf6, /* reg:vex <- rdx * rm */
    /* SSE; with ASM_VEX the three-operand form. D is double, S single. */
    ASM_MOVQ_XG = ASM_66 | ASM_0F | 0x6e, /* xmm <- general; ASM_W: 64 bits */
    ASM_MOVQ_GX = ASM_66 | ASM_0F | 0x7e, /* rm <- xmm: general or memory */
    ASM_MOVQ = ASM_F3 | ASM_0F | 0x7e,    /* xmm <- xmm or 8 bytes of memory */
    ASM_MOVQ_ST = ASM_66 | ASM_0F | 0xd6,
    ASM_MOVD_LD = ASM_66 | ASM_0F | 0x6e,
    ASM_MOVAPS = ASM_0F | 0x28,
    ASM_MOVUPS = ASM_0F | 0x10,
    ASM_MOVUPS_ST = ASM_0F | 0x11,
    ASM_SD = ASM_F2 | ASM_0F, /* + 0x58 add, 59 mul, 5c sub, 5d min, 5e div, 5f max, 51 sqrt */
    ASM_SS = ASM_F3 | ASM_0F,
    ASM_COMISD = ASM_66 | ASM_0F | 0x2f,
    ASM_COMISS = ASM_0F | 0x2f,
    ASM_UCOMISD = ASM_66 | ASM_0F | 0x2e,
    ASM_UCOMISS = ASM_0F | 0x2e,
    ASM_CVTSI2 = 0x2a, /* with ASM_SD, ASM_SS, ASM_W */
    ASM_CVTT2SI = 0x2c,
    ASM_CVT2SI = 0x2d,
    ASM_CVTSD2SS = ASM_F2 | ASM_0F | 0x5a,
    ASM_CVTSS2SD = ASM_F3 | ASM_0F | 0x5a,
    ASM_ANDPS = ASM_0F | 0x54,
    ASM_ORPS = ASM_0F | 0x56,
    ASM_XORPS = ASM_0F | 0x57,
    ASM_PTEST = ASM_66 | ASM_0F38 | 0x17,
    ASM_ROUNDSS = ASM_66 | ASM_0F3A | 0x0a, /* imm8 */
    ASM_ROUNDSD = ASM_66 | ASM_0F3A | 0x0b,
    ASM_FMADD231 = ASM_VEX | ASM_66 | ASM_0F38 | 0xb9, /* reg = vex * rm + reg; ASM_W: double */
    ASM_FMSUB231 = ASM_FMADD231 + 2,                   /* vex * rm - reg */
    ASM_FNMADD231 = ASM_FMADD231 + 4,                  /* -(vex * rm) + reg */
    ASM_FNMSUB231 = ASM_FMADD231 + 6,                  /* -(vex * rm) - reg */
    ASM_PUNPCKLQDQ = ASM_66 | ASM_0F | 0x6c,
    ASM_PSHUFD = ASM_66 | ASM_0F | 0x70, /* imm8, here and in the next three */
    ASM_PSRLDQ = ASM_66 | ASM_0F | 0x73, /* /3 */
    ASM_PCLMULQDQ = ASM_66 | ASM_0F3A | 0x44,
    ASM_AESKEYGENASSIST = ASM_66 | ASM_0F3A | 0xdf,
    ASM_AESIMC = ASM_66 | ASM_0F38 | 0xdb,
    ASM_AESENC = ASM_66 | ASM_0F38 | 0xdc,
    ASM_AESENCLAST = ASM_66 | ASM_0F38 | 0xdd,
    ASM_AESDEC = ASM_66 | ASM_0F38 | 0xde,
    ASM_AESDECLAST = ASM_66 | ASM_0F38 | 0xdf,
    ASM_LDMXCSR = ASM_0F | 0xae, /* /2 */
    ASM_STMXCSR = ASM_0F | 0xae, /* /3 */
};

/* ---- operands ---- */
static ALWAYS_INLINE struct asm_rm asm_r(unsigned reg)
{
    return (struct asm_rm){.reg = (uint8_t)reg, .base = ASM_NONE, .index = ASM_NONE};
}
static ALWAYS_INLINE struct asm_rm asm_m(unsigned base, int32_t disp)
{
    return (struct asm_rm){.reg = ASM_NONE, .base = (uint8_t)base, .index = ASM_NONE, .disp = disp};
}
static ALWAYS_INLINE struct asm_rm asm_mx(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    return (struct asm_rm){.reg = ASM_NONE,
                           .base = (uint8_t)base,
                           .index = (uint8_t)index,
                           .scale = (uint8_t)scale,
                           .disp = disp};
}

/* ---- asm.c ---- */
COLD void asm_grow(struct jit_code *c, uint32_t more);
/* Room for `more` bytes of code, or the buffer grows. */
static ALWAYS_INLINE void asm_room(struct jit_code *c, uint32_t more)
{
    if (unlikely(c->cap - c->n < more)) asm_grow(c, more);
}
/* `reg` may also be the digit of a /digit opcode; `vex` the register in VEX.vvvv, 0 for none. */
void asm_op(struct jit_code *c, uint32_t op, unsigned reg, unsigned vex, const struct asm_rm *rm);
/* The same with a memory operand at an absolute address near the code, relative to rip. No immediate may
 * follow. */
void asm_near(struct jit_code *c, uint32_t op, unsigned reg, unsigned vex, const void *at);
void asm_call(struct jit_code *c, const void *to);
void asm_jump_near(struct jit_code *c, enum asm_cc cc, const void *to);
void asm_bswap(struct jit_code *c, uint32_t w, unsigned reg); /* w: ASM_W or 0, as in the next but one */
/* reg <- value, in the shortest way that leaves flags alone. */
void asm_const(struct jit_code *c, unsigned reg, uint64_t value);
/* alu rm, imm; w: ASM_W or 0. */
void asm_alu_i(struct jit_code *c, enum asm_alu alu, uint32_t w, const struct asm_rm *rm, int32_t imm);

static ALWAYS_INLINE void asm_byte(struct jit_code *c, unsigned b)
{
    c->p[c->n++] = (uint8_t)b;
}
static ALWAYS_INLINE void asm_u32(struct jit_code *c, uint32_t v)
{
    memcpy(c->p + c->n, &v, 4);
    c->n += 4;
}
static ALWAYS_INLINE void asm_rr(struct jit_code *c, uint32_t op, unsigned reg, unsigned rm)
{
    struct asm_rm r = asm_r(rm);
    asm_op(c, op, reg, 0, &r);
}
static ALWAYS_INLINE void asm_rrr(struct jit_code *c, uint32_t op, unsigned reg, unsigned vex, unsigned rm)
{
    struct asm_rm r = asm_r(rm);
    asm_op(c, op, reg, vex, &r);
}
static ALWAYS_INLINE void asm_mem(struct jit_code *c, uint32_t op, unsigned reg, unsigned base, int32_t disp)
{
    struct asm_rm m = asm_m(base, disp);
    asm_op(c, op, reg, 0, &m);
}

/* ---- jumps within the code ---- */
/* A jump whose target is not known yet: gives where its operand is. cc CC_ALWAYS: unconditional. */
uint32_t asm_jump8(struct jit_code *c, enum asm_cc cc);
uint32_t asm_jump32(struct jit_code *c, enum asm_cc cc);
uint32_t asm_lea32(struct jit_code *c, unsigned reg); /* the address of code, likewise */
static ALWAYS_INLINE void asm_here8(struct jit_code *c, uint32_t at)
{
    BUG_ON(c->n - at - 1 > 127);
    c->p[at] = (uint8_t)(c->n - at - 1);
}
static ALWAYS_INLINE void asm_here32(struct jit_code *c, uint32_t at)
{
    uint32_t rel = c->n - at - 4;
    memcpy(c->p + at, &rel, 4);
}
void asm_jump_back(struct jit_code *c, enum asm_cc cc, uint32_t target); /* to an offset behind us */

#endif
