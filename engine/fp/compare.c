/* Comparison, minimum and maximum, classification: no rounding, so bit patterns are enough. */
#include "engine/fp/fp_core.h"

/* ---- predicates on bit patterns ---- */

bool fp_is_nan(enum fp_fmt f, uint64_t a)
{
    return fp_bits_nan(f, a);
}

bool fp_is_snan(enum fp_fmt f, uint64_t a)
{
    return fp_bits_snan(f, a);
}

bool fp_unordered(enum fp_fmt f, uint64_t a, uint64_t b)
{
    return fp_bits_nan(f, a) || fp_bits_nan(f, b);
}

unsigned fp_classify(enum fp_fmt f, uint64_t a)
{
    uint64_t mag = fp_magnitude(f, a);
    unsigned above_zero; /* 0 for zero, then subnormal, normal, infinite */

    if (fp_bits_nan(f, a)) return fp_bits_snan(f, a) ? 1u << 8 : 1u << 9;
    above_zero = mag == 0 ? 0 : mag <= fp_frac_mask(f) ? 1 : mag < fp_inf(f, false) ? 2 : 3;
    return fp_sign(f, a) ? 1u << (3 - above_zero) : 1u << (4 + above_zero);
}

/* ---- ordering ---- */

/* A subnormal operand under the policy: flushed or not, with FP_ID in *id as in fp_unpack. */
static ALWAYS_INLINE uint64_t flushed(enum fp_fmt f, uint64_t a, const struct fp_policy *p, unsigned *id)
{
    if (likely(!fp_bits_subnormal(f, a))) return a;
    *id |= p->flush_inputs != p->flag_subnormal_inputs ? FP_ID : 0;
    return p->flush_inputs ? a & fp_sign_mask(f) : a;
}

/* Not for NaNs: numbers in order, both zeros equal. */
static ALWAYS_INLINE int64_t order(enum fp_fmt f, uint64_t a)
{
    int64_t mag = (int64_t)fp_magnitude(f, a);

    return fp_sign(f, a) ? -mag : mag;
}

/* The same with -0 below +0. */
static ALWAYS_INLINE int64_t order_zeros(enum fp_fmt f, uint64_t a)
{
    int64_t mag = (int64_t)fp_magnitude(f, a);

    return fp_sign(f, a) ? ~mag : mag;
}

enum relation { LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8 };

static ALWAYS_INLINE unsigned compare_core(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling,
                                           const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    int64_t x, y;

    a = flushed(f, a, p, &id);
    b = flushed(f, b, p, &id);
    if (unlikely(fp_bits_nan(f, a) || fp_bits_nan(f, b))) {
        *ex |= signalling || fp_bits_snan(f, a) || fp_bits_snan(f, b) ? FP_NV : 0;
        *ex |= fp_id_preempted(p, id);
        return UNORDERED;
    }
    *ex |= id;
    x = order(f, a);
    y = order(f, b);
    return x < y ? LESS : x == y ? EQUAL : GREATER;
}

static unsigned compare(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p,
                        unsigned *ex)
{
    FP_DISPATCH(f, compare_core, a, b, signalling, p, ex);
}

bool fp_eq(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex)
{
    return compare(f, a, b, signalling, p, ex) == EQUAL;
}

bool fp_lt(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex)
{
    return compare(f, a, b, signalling, p, ex) == LESS;
}

bool fp_le(enum fp_fmt f, uint64_t a, uint64_t b, bool signalling, const struct fp_policy *p, unsigned *ex)
{
    return compare(f, a, b, signalling, p, ex) & (LESS | EQUAL);
}

/* ---- minimum and maximum ---- */

/* At least one operand is a NaN. */
static COLD uint64_t minmax_nan(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned id,
                                unsigned *ex)
{
    bool any_snan = fp_bits_snan(f, a) || fp_bits_snan(f, b);
    bool number_wins = p->minmax == FP_MINMAX_NUMBER || (p->minmax == FP_MINMAX_NUM2008 && !any_snan);

    if (p->minmax == FP_MINMAX_SECOND) {
        *ex |= FP_NV | fp_id_preempted(p, id);
        return b;
    }
    if (number_wins && !(fp_bits_nan(f, a) && fp_bits_nan(f, b))) {
        *ex |= (any_snan ? FP_NV : 0) | fp_id_preempted(p, id);
        return fp_bits_nan(f, a) ? b : a;
    }
    return fp_nan_result(f, (uint64_t[]){a, b}, 2, p, id, ex);
}

static ALWAYS_INLINE uint64_t minmax_core(enum fp_fmt f, uint64_t a, uint64_t b, bool want_max,
                                          const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    int64_t x, y;

    a = flushed(f, a, p, &id);
    b = flushed(f, b, p, &id);
    if (unlikely(fp_bits_nan(f, a) || fp_bits_nan(f, b))) return minmax_nan(f, a, b, p, id, ex);
    *ex |= id;
    if (p->minmax == FP_MINMAX_SECOND) {
        x = order(f, a);
        y = order(f, b);
    } else {
        x = order_zeros(f, a);
        y = order_zeros(f, b);
    }
    return (want_max ? x > y : x < y) ? a : b;
}

uint64_t fp_min(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex)
{
    FP_DISPATCH(f, minmax_core, a, b, false, p, ex);
}

uint64_t fp_max(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex)
{
    FP_DISPATCH(f, minmax_core, a, b, true, p, ex);
}
