/* What the C references in specs/ir.yaml may use: types, and functions for what is no one-liner.
 * Generated ir_* functions include this; the interpreter, the constant folder and tests call those.
 */
#ifndef ENGINE_IR_REF_H
#define ENGINE_IR_REF_H

#include "engine/base/base.h"
#include "engine/cpu/atomic.h"
#include "engine/fp/fp.h"

typedef unsigned __int128 ir_u128;
typedef __int128 ir_s128;
typedef unsigned __int128 ir_v128; /* a vector: lanes from bit 0 up, whatever the host's byte order */

/* ---- bits.c ---- */
uint64_t ir_ref_brev8(uint64_t a); /* the bits of each byte reversed */
uint64_t ir_ref_orcb(uint64_t a);  /* each byte 0xff unless it is 0 */
ir_u128 ir_ref_clmul(uint64_t a, uint64_t b);
uint64_t ir_ref_xperm(uint64_t table, uint64_t index,
                      unsigned width); /* lanes of `width` bits; out of range: 0 */

/* `width` bits and a carry above them, rotated left by n */
ir_u128 ir_ref_rcl(uint64_t a, bool carry, uint64_t n, unsigned width);

/* ---- memory.c ---- */
bool ir_ref_store_if128(struct vcpu *c, uint64_t addr, ir_u128 v, bool enabled, ir_u128 expected,
                        bool *stored);

/* ---- vector.c ---- */
ir_v128 ir_ref_splat(uint64_t size, uint64_t v);
ir_v128 ir_ref_lookup(ir_v128 table, ir_v128 index);
ir_s128 ir_ref_rdmlah(int64_t a, int64_t b, int64_t c, unsigned width); /* before saturation */
ir_s128 ir_ref_ssat(ir_s128 v, unsigned width); /* to a signed number of so many bits */

/* ---- strings.c: SSE 4.2 ---- */
uint32_t ir_ref_str_length(ir_v128 a, uint8_t control);
uint32_t ir_ref_str_compare(ir_v128 a, uint32_t alen, ir_v128 b, uint32_t blen, uint8_t control);

/* ---- recip.c: arm64's reciprocal estimate ---- */
uint64_t ir_ref_recpe(enum fp_fmt f, uint64_t a, enum fp_round r, const struct fp_policy *p, unsigned *ex);

/* ---- aes.c: half of an AES round on two 64-bit halves, as RISC-V's scalar cryptography divides it ---- */
uint64_t ir_ref_aes64es(uint64_t a, uint64_t b);
uint64_t ir_ref_aes64esm(uint64_t a, uint64_t b);
uint64_t ir_ref_aes64ds(uint64_t a, uint64_t b);
uint64_t ir_ref_aes64dsm(uint64_t a, uint64_t b);
uint64_t ir_ref_aes64im(uint64_t a);
uint64_t ir_ref_aes64ks1(uint64_t a, uint64_t round);
uint64_t ir_ref_aes64ks2(uint64_t a, uint64_t b);

/* ---- minmax.c: the NaN-propagating pair, whatever the policy's usual rule is ---- */
uint64_t ir_ref_fp_minm(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex);
uint64_t ir_ref_fp_maxm(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex);

#endif
