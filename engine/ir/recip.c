/* FRECPE: a reciprocal to eight bits, defined to the last bit (Arm ARM, shared pseudocode FPRecipEstimate).
 */
#include "engine/ir/ref.h"

/* The parts of a format. */
struct layout {
    unsigned fraction, exponent; /* bits */
};

static struct layout layout_of(enum fp_fmt f)
{
    static const struct layout all[] = {[FP_F16] = {10, 5}, [FP_F32] = {23, 8}, [FP_F64] = {52, 11}};
    return all[f];
}

/* 2^19 / (2a + 1), rounded: a in 256..511 is 0.5..1 in steps of 1/512, and so is the result 1..2 in steps of
 * 1/256. */
static unsigned estimate(unsigned a)
{
    unsigned b = (1u << 19) / (a * 2 + 1);
    return (b + 1) / 2;
}

/* The reciprocal of a number so small is out of range. */
static uint64_t overflow(const struct layout *l, bool negative, enum fp_round r, unsigned *ex)
{
    bool infinite = r == FP_RNE || r == FP_RMM || r == (negative ? FP_RDN : FP_RUP);
    uint64_t infinity = bits_mask(l->exponent) << l->fraction;
    *ex |= FP_OF | FP_NX;
    return infinite ? infinity : infinity - 1;
}

/* Of a finite number that is not zero, without its sign. */
static uint64_t reciprocal(const struct layout *l, uint64_t fraction, int exponent)
{
    unsigned shift = 52 - l->fraction;
    uint64_t top = 1ull << 51;
    int out = (2 << (l->exponent - 1)) - 3 - exponent; /* 253 - exponent for single */
    fraction <<= shift;
    if (exponent == 0) { /* normalise: at most two places, as anything smaller has overflowed */
        out += !(fraction & top);
        fraction <<= fraction & top ? 1 : 2;
    }
    uint64_t e = (uint64_t)(estimate((unsigned)(256 | (fraction >> 44 & 255))) & 255) << 44;
    if (out == 0) e = top | e >> 1; /* a subnormal result */
    if (out == -1) e = top >> 1 | e >> 2;
    return (uint64_t)(out < 0 ? 0 : out) << l->fraction | (e & bits_mask(52)) >> shift;
}

uint64_t ir_ref_recpe(enum fp_fmt f, uint64_t a, enum fp_round r, const struct fp_policy *p, unsigned *ex)
{
    struct layout l = layout_of(f);
    uint64_t sign = a & 1ull << (l.fraction + l.exponent), fraction = a & bits_mask(l.fraction);
    int exponent = (int)(a >> l.fraction & bits_mask(l.exponent)), most = (int)bits_mask(l.exponent);
    if (fp_is_nan(f, a)) return fp_round_int(f, a, r, false, p, ex); /* quiet, or the default NaN */
    if (exponent == most) return sign;
    if (exponent == 0 && fraction && p->flush_inputs) {
        *ex |= FP_ID;
        fraction = 0;
    }
    if (exponent == 0 && fraction == 0) {
        *ex |= FP_DZ;
        return sign | (uint64_t)most << l.fraction;
    }
    if (exponent == 0 && fraction >> (l.fraction - 2) == 0) return sign | overflow(&l, sign != 0, r, ex);
    if (p->flush_outputs && exponent >= most - 2) {
        *ex |= FP_UF;
        return sign;
    }
    return sign | reciprocal(&l, fraction, exponent);
}
