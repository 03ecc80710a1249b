/* a * b + c with one rounding: the exact product in 128 bits, the addend aligned to it. */
#include "engine/fp/fp_core.h"

/* Operands of which at least one is infinite or NaN. */
static COLD uint64_t fma_special(enum fp_fmt f, uint64_t a, uint64_t b, uint64_t c, bool inf_times_zero,
                                 const struct fp_policy *p, unsigned id, unsigned *ex)
{
    /* Arm ARM, FPProcessNaNs3: the addend comes first; Intel SDM 1, chapter 14: it comes last */
    bool addend_first = p->nan == FP_NAN_SIGNALLING;
    const uint64_t ops[3] = {addend_first ? c : a, addend_first ? a : b, addend_first ? b : c};
    bool sign = fp_sign(f, a ^ b);

    /* an invalid product outranks a quiet addend, not a signalling one (Arm ARM, FPMulAdd) */
    if (inf_times_zero && (p->fma_inf_zero_nan ? !fp_bits_snan(f, c) : !fp_bits_nan(f, c)))
        return fp_invalid_result(f, p, id, ex);
    if (fp_bits_nan(f, a) || fp_bits_nan(f, b) || fp_bits_nan(f, c))
        return fp_nan_result(f, ops, 3, p, id, ex);
    if (fp_magnitude(f, a) == fp_inf(f, false) || fp_magnitude(f, b) == fp_inf(f, false)) {
        if (c == fp_inf(f, !sign)) return fp_invalid_result(f, p, id, ex);
        c = fp_inf(f, sign);
    }
    *ex |= id;
    return c;
}

/* x * y + z of numbers. Zeros need no case: theirs is the lowest exponent, and nothing to be shifted out. */
static ALWAYS_INLINE uint64_t fma_finite(enum fp_fmt f, const struct fp_num x, const struct fp_num y,
                                         const struct fp_num z, enum fp_round r, const struct fp_policy *p,
                                         unsigned *ex)
{
    /* Both terms as v * 2^(exp - 126), v below 2^127. Each has spare zeros at the bottom, so that halving the
     * product is exact, and jamming is as in add_core: only a term that moves by more than those zeros loses
     * bits, and then the difference keeps all but one of its leading bits. */
    unsigned __int128 product = (unsigned __int128)x.sig * y.sig >> 1,
                      addend = (unsigned __int128)z.sig << 63, sum;
    bool psign = x.sign ^ y.sign, sign;
    int pexp = x.exp + y.exp + 1, exp, lead;

    if (pexp >= z.exp) {
        exp = pexp;
        addend = fp_shift_jam128(addend, (unsigned)(pexp - z.exp));
    } else {
        exp = z.exp;
        product = fp_shift_jam128(product, (unsigned)(z.exp - pexp));
    }
    sign = psign;
    if (psign == z.sign) {
        sum = product + addend;
    } else if (product >= addend) {
        sum = product - addend;
    } else {
        sum = addend - product;
        sign = z.sign;
    }
    /* an exact zero sum of different signs is +0, downward -0: IEEE 754-2019 6.3 */
    if (unlikely(sum == 0)) return fp_zero(f, psign == z.sign ? psign : r == FP_RDN);
    lead = sum >> 64 ? __builtin_clzll((uint64_t)(sum >> 64)) : 64 + __builtin_clzll((uint64_t)sum);
    sum <<= lead;
    return fp_round_pack(f, sign, exp + 1 - lead, (uint64_t)(sum >> 64) | ((uint64_t)sum != 0), r, p, ex);
}

static ALWAYS_INLINE uint64_t fma_core(enum fp_fmt f, uint64_t a, uint64_t b, uint64_t c, enum fp_round r,
                                       const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(f, a, p, &id), y = fp_unpack(f, b, p, &id), z = fp_unpack(f, c, p, &id);

    if (unlikely(x.kind >= FP_IS_INF || y.kind >= FP_IS_INF || z.kind >= FP_IS_INF)) {
        bool inf_times_zero =
            (x.kind == FP_IS_INF && y.kind == FP_IS_ZERO) || (x.kind == FP_IS_ZERO && y.kind == FP_IS_INF);

        return fma_special(f, a, b, c, inf_times_zero, p, id, ex);
    }
    *ex |= id;
    return fma_finite(f, x, y, z, r, p, ex);
}

uint64_t fp_fma(enum fp_fmt f, uint64_t a, uint64_t b, uint64_t c, enum fp_round r, const struct fp_policy *p,
                unsigned *ex)
{
    FP_DISPATCH(f, fma_core, a, b, c, r, p, ex);
}
