/* The three steps every operation shares: unpack to (sign, exponent, 64-bit significand), compute, round and
 * pack.
 *
 * Everything is always-inline with the format as its first parameter. An operation is a static `..._core(f,
 * ...)`; its exported function is one FP_DISPATCH, which makes a copy per format with all the widths
 * constant. What is rare (tiny, overflowing and NaN results) is out of line in round.c and policy.c, and
 * takes the format at run time.
 *
 * A format is added in the functions of the first section and in FP_DISPATCH; its significand must leave
 * at least three of 64 bits free (add, fma), see the assertion below.
 */
#ifndef ENGINE_FP_CORE_H
#define ENGINE_FP_CORE_H

#include "engine/base/base.h"
#include "engine/fp/fp.h"

/* ---- formats ---- */

#define FP_FRAC_BITS_MAX 52
_Static_assert(FP_FRAC_BITS_MAX + 1 + 3 <= 64, "guard, round and sticky bits have room in a uint64_t");

#define FP_DISPATCH(f, core, ...)                      \
    do {                                               \
        switch (f) {                                   \
        case FP_F16: return core(FP_F16, __VA_ARGS__); \
        case FP_F32: return core(FP_F32, __VA_ARGS__); \
        case FP_F64: return core(FP_F64, __VA_ARGS__); \
        }                                              \
        BUG("no floating-point format %d", (int)(f));  \
    } while (0)

/* Bits stored of the significand, without the leading one. */
static ALWAYS_INLINE int fp_frac_bits(enum fp_fmt f)
{
    return f == FP_F16 ? 10 : f == FP_F32 ? 23 : 52;
}

/* The exponent field of infinities and NaNs. */
static ALWAYS_INLINE int fp_exp_special(enum fp_fmt f)
{
    return f == FP_F16 ? 0x1f : f == FP_F32 ? 0xff : 0x7ff;
}

static ALWAYS_INLINE int fp_bias(enum fp_fmt f)
{
    return fp_exp_special(f) >> 1;
}

static ALWAYS_INLINE uint64_t fp_frac_mask(enum fp_fmt f)
{
    return (1ull << fp_frac_bits(f)) - 1;
}

static ALWAYS_INLINE uint64_t fp_sign_mask(enum fp_fmt f)
{
    return f == FP_F16 ? 1ull << 15 : f == FP_F32 ? 1ull << 31 : 1ull << 63;
}

static ALWAYS_INLINE uint64_t fp_quiet_bit(enum fp_fmt f)
{
    return 1ull << (fp_frac_bits(f) - 1);
}

static ALWAYS_INLINE uint64_t fp_zero(enum fp_fmt f, bool sign)
{
    return sign ? fp_sign_mask(f) : 0;
}

static ALWAYS_INLINE uint64_t fp_inf(enum fp_fmt f, bool sign)
{
    return (uint64_t)fp_exp_special(f) << fp_frac_bits(f) | fp_zero(f, sign);
}

/* ---- bit patterns: the exported predicates, inline ---- */

static ALWAYS_INLINE bool fp_sign(enum fp_fmt f, uint64_t a)
{
    return (a & fp_sign_mask(f)) != 0;
}

static ALWAYS_INLINE uint64_t fp_magnitude(enum fp_fmt f, uint64_t a)
{
    return a & (fp_sign_mask(f) - 1);
}

static ALWAYS_INLINE bool fp_bits_nan(enum fp_fmt f, uint64_t a)
{
    return fp_magnitude(f, a) > fp_inf(f, false);
}

static ALWAYS_INLINE bool fp_bits_snan(enum fp_fmt f, uint64_t a)
{
    return fp_bits_nan(f, a) && !(a & fp_quiet_bit(f));
}

static ALWAYS_INLINE bool fp_bits_subnormal(enum fp_fmt f, uint64_t a)
{
    uint64_t mag = fp_magnitude(f, a);

    return mag != 0 && mag <= fp_frac_mask(f);
}

/* ---- policy.c: results that are NaNs ---- */

/* The NaN an operation gives that has a NaN among ops[0..n-1], which stand in the policy's order of
 * preference. `id` is what fp_unpack gathered.
 */
uint64_t fp_nan_result(enum fp_fmt f, const uint64_t *ops, unsigned n, const struct fp_policy *p, unsigned id,
                       unsigned *ex);
/* The default NaN of an invalid operation on numbers, with NV. */
uint64_t fp_invalid_result(enum fp_fmt f, const struct fp_policy *p, unsigned id, unsigned *ex);

/* FP_ID where the result comes from a NaN, or from NV or DZ: flushing happened before that, so it is still
 * reported (Arm ARM, FPUnpack); "a subnormal operand took part" ranks below all of them (Intel SDM 1, 4.9.2).
 */
static ALWAYS_INLINE unsigned fp_id_preempted(const struct fp_policy *p, unsigned id)
{
    return p->flush_inputs ? id : 0;
}

/* ---- unpacking ---- */

enum fp_kind {
    FP_IS_ZERO,
    FP_IS_FINITE,
    FP_IS_INF,
    FP_IS_NAN
}; /* from FP_IS_INF on: no arithmetic with it */

/* A number: (-1)^sign * sig * 2^(exp - 63). Finite: bit 63 of sig is set. Zero: sig is 0 and exp is lower
 * than any other, so that sums need no case for it.
 */
struct fp_num {
    uint64_t sig;      /* significand, leading one at bit 63; of no meaning for FP_IS_INF and FP_IS_NAN */
    int exp;           /* exponent of the leading one, without bias */
    bool sign;         /* negative */
    enum fp_kind kind; /* what the other fields mean */
};

#define FP_EXP_OF_ZERO (-(1 << 20))

/* The operand under the policy's input flushing. FP_ID goes to *id: the operation decides whether it counts.
 */
static ALWAYS_INLINE struct fp_num fp_unpack(enum fp_fmt f, uint64_t a, const struct fp_policy *p,
                                             unsigned *id)
{
    const int fb = fp_frac_bits(f);
    struct fp_num n = {.sign = fp_sign(f, a)};
    uint64_t frac = a & fp_frac_mask(f);
    int field = (int)(a >> fb) & fp_exp_special(f);

    if (likely(field != 0 && field != fp_exp_special(f))) {
        n.kind = FP_IS_FINITE;
        n.exp = field - fp_bias(f);
        n.sig = 1ull << 63 | frac << (63 - fb);
    } else if (field != 0) {
        n.kind = frac ? FP_IS_NAN : FP_IS_INF;
    } else if (frac != 0 && !p->flush_inputs) {
        int lead = __builtin_clzll(frac);

        n.kind = FP_IS_FINITE;
        n.exp = 1 - fp_bias(f) - fb + 63 - lead;
        n.sig = frac << lead;
        *id |= p->flag_subnormal_inputs ? FP_ID : 0;
    } else {
        n.kind = FP_IS_ZERO;
        n.exp = FP_EXP_OF_ZERO;
        *id |= frac != 0 && !p->flag_subnormal_inputs ? FP_ID : 0;
    }
    return n;
}

/* ---- shifting with a sticky bit ---- */

/* v >> n, bit 0 also telling whether any bit was lost. */
static ALWAYS_INLINE uint64_t fp_shift_jam(uint64_t v, unsigned n)
{
    if (n == 0) return v;
    if (n >= 64) return v != 0;
    return v >> n | ((v << (64 - n)) != 0);
}

static ALWAYS_INLINE unsigned __int128 fp_shift_jam128(unsigned __int128 v, unsigned n)
{
    if (n == 0) return v;
    if (n >= 128) return v != 0;
    return v >> n | ((v << (128 - n)) != 0);
}

/* ---- rounding and packing ---- */

/* Whether a magnitude rounds away from zero. `odd` is the last bit kept; `rest` is what is dropped, its
 * weight one half at bit 63, jammed into bit 0.
 */
static ALWAYS_INLINE bool fp_round_away(bool odd, uint64_t rest, bool sign, enum fp_round r)
{
    const uint64_t half = 1ull << 63;

    switch (r) {
    case FP_RNE: return rest > half || (rest == half && odd);
    case FP_RTZ: return false;
    case FP_RDN: return rest && sign;
    case FP_RUP: return rest && !sign;
    case FP_RMM: return rest >= half;
    case FP_ODD: return rest && !odd;
    }
    BUG("no rounding mode %d", (int)r);
}

/* ---- round.c: the rare results ---- */
uint64_t fp_round_pack_tiny(enum fp_fmt f, bool sign, int exp, uint64_t sig, enum fp_round r,
                            const struct fp_policy *p, unsigned *ex);
uint64_t fp_overflow_result(enum fp_fmt f, bool sign, enum fp_round r, unsigned *ex);

/* (-1)^sign * sig * 2^(exp - 63), bit 63 of sig set and bit 0 sticky, rounded once to the format. */
static ALWAYS_INLINE uint64_t fp_round_pack(enum fp_fmt f, bool sign, int exp, uint64_t sig, enum fp_round r,
                                            const struct fp_policy *p, unsigned *ex)
{
    const int fb = fp_frac_bits(f);
    int field = exp + fp_bias(f);
    uint64_t kept = sig >> (63 - fb), rest = sig << (fb + 1), packed;

    if (unlikely(field < 1)) return fp_round_pack_tiny(f, sign, exp, sig, r, p, ex);
    if (rest) {
        *ex |= FP_NX;
        kept += fp_round_away(kept & 1, rest, sign, r);
    }
    /* the leading one adds 1 to the field, and so does a carry out of rounding. No operation on formats of up
     * to 11 exponent bits comes near the 2^12 at which this would wrap. */
    packed = ((uint64_t)(field - 1) << fb) + kept;
    if (unlikely(packed >= fp_inf(f, false))) return fp_overflow_result(f, sign, r, ex);
    return packed | fp_zero(f, sign);
}

#endif
