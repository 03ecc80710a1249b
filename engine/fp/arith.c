/* Addition, subtraction, multiplication. */
#include "engine/fp/fp_core.h"

/* Operands of which at least one is infinite or NaN. `minus` turns the second one's sign, but not a NaN's. */
static COLD uint64_t add_special(enum fp_fmt f, uint64_t a, uint64_t b, bool minus, const struct fp_policy *p,
                                 unsigned id, unsigned *ex)
{
    uint64_t b_turned = b ^ fp_zero(f, minus);
    bool a_inf = fp_magnitude(f, a) == fp_inf(f, false), b_inf = fp_magnitude(f, b) == fp_inf(f, false);

    if (fp_bits_nan(f, a) || fp_bits_nan(f, b)) return fp_nan_result(f, (uint64_t[]){a, b}, 2, p, id, ex);
    if (a_inf && b_inf && a != b_turned) return fp_invalid_result(f, p, id, ex);
    *ex |= id;
    return a_inf ? a : b_turned;
}

static ALWAYS_INLINE uint64_t add_core(enum fp_fmt f, uint64_t a, uint64_t b, bool minus, enum fp_round r,
                                       const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0, lead;
    struct fp_num x = fp_unpack(f, a, p, &id), y = fp_unpack(f, b, p, &id);
    uint64_t aligned, sum;

    if (unlikely(x.kind >= FP_IS_INF || y.kind >= FP_IS_INF)) return add_special(f, a, b, minus, p, id, ex);
    *ex |= id;
    y.sign ^= minus;
    if (x.exp < y.exp || (x.exp == y.exp && x.sig < y.sig)) {
        struct fp_num t = x;

        x = y;
        y = t;
    }
    /* One bit of headroom for the carry: unpacked significands have spare zeros at the bottom. A bit is
     * jammed only when y moves down by more than those, and then a difference loses at most one leading bit.
     */
    aligned = fp_shift_jam(y.sig >> 1, (unsigned)(x.exp - y.exp));
    sum = x.sign == y.sign ? (x.sig >> 1) + aligned : (x.sig >> 1) - aligned;
    /* an exact zero sum of different signs is +0, downward -0: IEEE 754-2019 6.3 */
    if (unlikely(sum == 0)) return fp_zero(f, x.sign == y.sign ? x.sign : r == FP_RDN);
    lead = (unsigned)__builtin_clzll(sum);
    return fp_round_pack(f, x.sign, x.exp + 1 - (int)lead, sum << lead, r, p, ex);
}

static COLD uint64_t mul_special(enum fp_fmt f, uint64_t a, uint64_t b, bool either_zero,
                                 const struct fp_policy *p, unsigned id, unsigned *ex)
{
    if (fp_bits_nan(f, a) || fp_bits_nan(f, b)) return fp_nan_result(f, (uint64_t[]){a, b}, 2, p, id, ex);
    if (either_zero) return fp_invalid_result(f, p, id, ex);
    *ex |= id;
    return fp_inf(f, fp_sign(f, a ^ b));
}

static ALWAYS_INLINE uint64_t mul_core(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r,
                                       const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(f, a, p, &id), y = fp_unpack(f, b, p, &id);
    bool sign = x.sign ^ y.sign, zero = x.kind == FP_IS_ZERO || y.kind == FP_IS_ZERO;
    unsigned __int128 product;
    int exp = x.exp + y.exp + 1;

    if (unlikely(x.kind >= FP_IS_INF || y.kind >= FP_IS_INF)) return mul_special(f, a, b, zero, p, id, ex);
    *ex |= id;
    if (unlikely(zero)) return fp_zero(f, sign);
    product = (unsigned __int128)x.sig * y.sig;
    if (!(product >> 127)) {
        product <<= 1;
        exp--;
    }
    return fp_round_pack(f, sign, exp, (uint64_t)(product >> 64) | ((uint64_t)product != 0), r, p, ex);
}

uint64_t fp_add(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex)
{
    FP_DISPATCH(f, add_core, a, b, false, r, p, ex);
}

uint64_t fp_sub(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex)
{
    FP_DISPATCH(f, add_core, a, b, true, r, p, ex);
}

uint64_t fp_mul(enum fp_fmt f, uint64_t a, uint64_t b, enum fp_round r, const struct fp_policy *p,
                unsigned *ex)
{
    FP_DISPATCH(f, mul_core, a, b, r, p, ex);
}
