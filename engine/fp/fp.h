/* Exact IEEE 754 arithmetic in software: half, single, double, every rounding mode, every exception flag.
 *
 * Pure functions: operands and results are bit patterns in a uint64_t (upper bits zero), exceptions are ORed
 * into *ex, which is never cleared. What an architecture chooses (which NaN comes out, tininess, flushing,
 * out-of-range conversions) is a value, struct fp_policy, never code in here that names a guest.
 */
#ifndef ENGINE_FP_H
#define ENGINE_FP_H

#include <stdbool.h>
#include <stdint.h>

enum fp_fmt { FP_F16, FP_F32, FP_F64 };

/* Numbered as RISC-V's frm; other guests map theirs. */
enum fp_round {
    FP_RNE, /* nearest, ties to even */
    FP_RTZ, /* toward zero */
    FP_RDN, /* toward minus infinity */
    FP_RUP, /* toward plus infinity */
    FP_RMM, /* nearest, ties away from zero */
    FP_ODD, /* to odd (von Neumann): jamming; for double rounding and arm64 FCVTXN */
};

/* Numbered as RISC-V's fflags; other guests map theirs. */
enum fp_ex {
    FP_NX = 1,  /* inexact */
    FP_UF = 2,  /* underflow */
    FP_OF = 4,  /* overflow */
    FP_DZ = 8,  /* division by zero */
    FP_NV = 16, /* invalid operation */
    FP_ID = 32, /* an operand was subnormal (x86 DE), or was flushed (arm64 IDC): see flag_subnormal_inputs */
};

enum fp_nan_rule {
    FP_NAN_CANONICAL, /* every NaN result is the default NaN (RISC-V; arm64 FPCR.DN) */
    FP_NAN_FIRST,     /* x86 SSE: the first operand if it is a NaN, else the next; made quiet. fma: a, b, c */
    FP_NAN_SIGNALLING, /* arm64: the first signalling operand, else the first quiet one; made quiet. fma: c,
                          a, b */
};

enum fp_minmax_rule {
    FP_MINMAX_NUMBER, /* RISC-V >= 2.2, IEEE minimumNumber: a number beats any NaN; -0 < +0; sNaN raises NV */
    FP_MINMAX_NAN,    /* arm64 FMIN, RISC-V fminm: any NaN gives NaN; -0 < +0; sNaN raises NV */
    FP_MINMAX_SECOND, /* x86 MINSS: if either is NaN or both are zero, the second operand as it is (an sNaN
                         stays one); any NaN raises NV */
    FP_MINMAX_NUM2008, /* arm64 FMINNM, IEEE 754-2008 minNum: a number beats a quiet NaN, an sNaN gives NaN
                          and NV */
};

enum fp_toint_rule {
    FP_TOINT_SATURATE,      /* RISC-V: NaN and +inf give the largest value; NV alone */
    FP_TOINT_SATURATE_ZERO, /* arm64: NaN gives 0, else as above */
    FP_TOINT_INDEFINITE,    /* x86: anything out of range gives 1000...0 (all ones for unsigned) */
};

/* Guests copy one of the three below and change what their control register (FPCR, MXCSR) says, or what one
 * instruction does differently (RISC-V fminm: minmax; x86 VCVTPH2PS: no FP_ID). Designated initialisers only.
 */
struct fp_policy {
    enum fp_nan_rule nan;       /* which NaN an operation on NaNs gives */
    bool default_nan_negative;  /* the default NaN's sign: x86 sets it */
    bool tiny_before_rounding;  /* underflow is judged before rounding (arm64); else after (RISC-V, x86) */
    bool flush_outputs;         /* tiny results become zero, exact ones too (FZ, FTZ), and raise UF */
    bool flush_raises_nx;       /* a flushed result raises NX as well (x86 FTZ); arm64 FZ raises UF alone */
    bool flush_inputs;          /* subnormal operands read as zero (FZ, DAZ); min, max and compare as well */
    bool flag_subnormal_inputs; /* FP_ID means "a subnormal operand took part" (x86 DE): not when it was
                                   flushed, nor with a NaN, NV or DZ, nor in fp_to_int and fp_round_int (Intel
                                   SDM 1, 4.9.2). When clear, FP_ID is raised for every operand flushed (arm64
                                   IDC) */
    bool fma_inf_zero_nan; /* inf * 0 + qNaN raises NV, gives the default NaN (RISC-V, arm64); not on x86 */
    enum fp_minmax_rule minmax; /* what fp_min and fp_max do with NaNs and zeros */
    enum fp_toint_rule toint;   /* what fp_to_int gives where no integer fits */
};

/* ---- policy.c ---- */
extern const struct fp_policy fp_policy_riscv, fp_policy_arm64,
    fp_policy_x86; /* as after reset: nothing flushed */
uint64_t fp_default_nan(enum fp_fmt f, const struct fp_policy *p);

/* ---- arith.c ---- */
uint64_t fp_add(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex);
uint64_t fp_sub(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex);
uint64_t fp_mul(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex);

/* ---- divsqrt.c ---- */
uint64_t fp_div(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex);
uint64_t fp_sqrt(enum fp_fmt f, uint64_t a, enum fp_round r, const struct fp_policy *p, unsigned *ex);

/* ---- fma.c ---- */
/* a * b + c with one rounding. For fnmadd and fmsub the caller flips operand signs (exact); where NaNs are
 * propagated unchanged (x86 VFNMADD, VFMSUB) it must leave a NaN operand's sign alone, arm64 flips it too.
 * On x86, a and b are the factors in the order in which the manual writes the product (VFMADD213: op2 * op1).
 */
uint64_t fp_fma(enum fp_fmt f, uint64_t a, uint64_t b, uint64_t c, enum fp_round r, const struct fp_policy *p,
                unsigned *ex);

/* ---- compare.c ---- */
/* Quiet comparisons raise NV for signalling NaNs only, signalling ones for any NaN. */
bool fp_eq(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex);
bool fp_lt(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex);
bool fp_le(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex);
bool fp_unordered(enum fp_fmt f, uint64_t a, uint64_t b);
/* By p->minmax. */
uint64_t fp_min(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex);
uint64_t fp_max(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex);
/* One bit set, as RISC-V fclass: -inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf, sNaN, qNaN. */
unsigned fp_classify(enum fp_fmt f, uint64_t a);
bool fp_is_nan(enum fp_fmt f, uint64_t a);
bool fp_is_snan(enum fp_fmt f, uint64_t a);

/* ---- convert.c ---- */
uint64_t fp_convert(enum fp_fmt to, enum fp_fmt from, uint64_t a, enum fp_round r, const struct fp_policy *p,
                    unsigned *ex);
/* width 8, 16, 32 or 64. The result is the integer's bits in the low `width` bits, upper bits zero. What does
 * not fit after rounding raises NV and nothing else; fp_from_int ignores v's upper bits. */
uint64_t fp_to_int(enum fp_fmt f, uint64_t a, unsigned width, bool is_signed, enum fp_round r,
                   const struct fp_policy *p, unsigned *ex);
uint64_t fp_from_int(enum fp_fmt f, uint64_t v, unsigned width, bool is_signed, enum fp_round r,
                     const struct fp_policy *p, unsigned *ex);
/* The integer value in the same format, zeros keep their sign; `exact` raises NX when the value changed
 * (froundnx, FRINTX). */
uint64_t fp_round_int(enum fp_fmt f, uint64_t a, enum fp_round r, bool exact, const struct fp_policy *p,
                      unsigned *ex);
/* RISC-V fcvtmod.w.d, arm64 FJCVTZS: truncated modulo 2^32, sign-extended to 64 bits; NV for NaN, inf
 * (both give 0) and what is outside int32, else NX if inexact. Under FPCR.FZ the caller flushes first. */
uint64_t fp_to_int32_modular(uint64_t f64, unsigned *ex);

#endif
