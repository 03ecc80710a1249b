/* Division and square root: an integer quotient or root of enough bits, and a sticky bit for the remainder.
 */
#include "engine/fp/fp_core.h"

/* ---- division ---- */

static COLD uint64_t div_special(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p,
                                 unsigned id, unsigned *ex)
{
    bool a_inf = fp_magnitude(f, a) == fp_inf(f, false), b_inf = fp_magnitude(f, b) == fp_inf(f, false);
    bool sign = fp_sign(f, a ^ b);

    if (fp_bits_nan(f, a) || fp_bits_nan(f, b)) return fp_nan_result(f, (uint64_t[]){a, b}, 2, p, id, ex);
    if (a_inf && b_inf) return fp_invalid_result(f, p, id, ex);
    *ex |= id;
    return a_inf ? fp_inf(f, sign) : fp_zero(f, sign);
}

/* x.sig / y.sig, leading one at bit 63 and bit 0 sticky; *exp is lowered where the quotient is below one. */
static ALWAYS_INLINE uint64_t divide(enum fp_fmt f, uint64_t x, uint64_t y, int *exp)
{
    bool below_one = x < y;
    uint64_t q;

    *exp -= below_one;
    if (f != FP_F64) {
        /* 24 bits are all there is: a 64-bit division has bits enough, and most hosts do it much faster */
        uint64_t num = (x >> 40) << (38 + below_one), den = y >> 40;

        q = num / den;
        return q << (63 - 38) | (q * den != num);
    }
    unsigned __int128 num = (unsigned __int128)x << (63 + below_one);

    q = (uint64_t)(num / y);
    return q | ((unsigned __int128)q * y != num);
}

static ALWAYS_INLINE uint64_t div_core(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r,
                                       const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(f, a, p, &id), y = fp_unpack(f, b, p, &id);
    bool sign = x.sign ^ y.sign;
    int exp = x.exp - y.exp;
    uint64_t sig;

    if (unlikely(x.kind >= FP_IS_INF || y.kind >= FP_IS_INF)) return div_special(f, a, b, p, id, ex);
    if (unlikely(y.kind == FP_IS_ZERO)) {
        if (x.kind == FP_IS_ZERO) return fp_invalid_result(f, p, id, ex);
        *ex |= FP_DZ | fp_id_preempted(p, id);
        return fp_inf(f, sign);
    }
    *ex |= id;
    if (unlikely(x.kind == FP_IS_ZERO)) return fp_zero(f, sign);
    sig = divide(f, x.sig, y.sig, &exp);
    return fp_round_pack(f, sign, exp, sig, r, p, ex);
}

/* ---- square root: P. Zimmermann, "Karatsuba Square Root", INRIA RR-3805 ----
 *
 * The root s and remainder r = n - s^2 of an n of 4k bits (one of its top two set), from those of its upper
 * half: divide the remainder and the next k bits by twice the root; that quotient is the root's lower half or
 * one more.
 */

/* The root of 2^14 <= n < 2^16, digit by digit. */
static ALWAYS_INLINE uint32_t isqrt16(uint32_t n, uint32_t *rem)
{
    uint32_t s = 0;

    for (uint32_t bit = 1u << 7; bit; bit >>= 1)
        if ((s + bit) * (s + bit) <= n) s += bit;
    *rem = n - s * s;
    return s;
}

/* The root of 2^30 <= n < 2^32. */
static ALWAYS_INLINE uint32_t isqrt32(uint32_t n, uint32_t *rem)
{
    uint32_t upper_rem, upper = isqrt16(n >> 16, &upper_rem), part = upper_rem << 8 | (n >> 8 & 0xff);
    uint32_t q = part / (2 * upper), s = (upper << 8) + q;
    int32_t left = (int32_t)((part % (2 * upper)) << 8 | (n & 0xff)) - (int32_t)(q * q);

    if (left < 0) {
        s--;
        left += (int32_t)(2 * s + 1);
    }
    *rem = (uint32_t)left;
    return s;
}

/* The root of 2^62 <= n < 2^64. */
static ALWAYS_INLINE uint64_t isqrt64(uint64_t n, uint64_t *rem)
{
    uint32_t upper_rem, upper = isqrt32((uint32_t)(n >> 32), &upper_rem);
    uint64_t part = (uint64_t)upper_rem << 16 | (n >> 16 & 0xffff);
    uint64_t q = part / (2 * upper), s = ((uint64_t)upper << 16) + q;
    int64_t left = (int64_t)((part % (2 * upper)) << 16 | (n & 0xffff)) - (int64_t)(q * q);

    if (left < 0) {
        s--;
        left += (int64_t)(2 * s + 1);
    }
    *rem = (uint64_t)left;
    return s;
}

/* The root of 2^126 <= n < 2^128, bit 0 also telling whether a remainder was left. */
static ALWAYS_INLINE uint64_t isqrt128_jam(unsigned __int128 n)
{
    uint64_t hi = (uint64_t)(n >> 64), lo = (uint64_t)n, upper_rem, upper = isqrt64(hi, &upper_rem);
    /* upper_rem has up to 33 bits: halve both sides of the division, so that the dividend has 64 */
    uint64_t part = upper_rem << 31 | lo >> 33, q = part / upper;
    uint64_t part_rem = (part % upper) << 1 | (lo >> 32 & 1), s = (upper << 32) + q;
    __int128 left = ((__int128)part_rem << 32 | (lo & 0xffffffff)) - (__int128)((unsigned __int128)q * q);

    if (left < 0) {
        s--; /* 2^64 wrapped to 0: this is right for it too */
        left += 2 * (__int128)s + 1;
    }
    return s | (left != 0);
}

static ALWAYS_INLINE uint64_t sqrt_core(enum fp_fmt f, uint64_t a, enum fp_round r, const struct fp_policy *p,
                                        unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(f, a, p, &id);
    unsigned odd = x.exp & 1;
    uint64_t sig, rem;

    if (unlikely(x.kind == FP_IS_NAN)) return fp_nan_result(f, &a, 1, p, id, ex);
    if (unlikely(x.kind == FP_IS_ZERO)) {
        *ex |= id;
        return fp_zero(f, x.sign);
    }
    if (unlikely(x.sign)) return fp_invalid_result(f, p, id, ex);
    if (unlikely(x.kind == FP_IS_INF)) return a;
    *ex |= id;
    /* an odd exponent gives one to the significand, so that the rest can be halved */
    if (f == FP_F64) {
        sig = isqrt128_jam((unsigned __int128)x.sig << (63 + odd));
    } else {
        sig = isqrt64(odd ? x.sig : x.sig >> 1, &rem) << 32;
        sig |= rem != 0;
    }
    return fp_round_pack(f, false, x.exp >> 1, sig, r, p, ex);
}

uint64_t fp_div(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex)
{
    FP_DISPATCH(f, div_core, a, b, r, p, ex);
}

uint64_t fp_sqrt(enum fp_fmt f, uint64_t a, enum fp_round r, const struct fp_policy *p, unsigned *ex)
{
    FP_DISPATCH(f, sqrt_core, a, r, p, ex);
}
