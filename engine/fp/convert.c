/* Conversion between formats, to and from integers, and rounding to an integral value. */
#include "engine/fp/fp_core.h"

/* ---- between formats ---- */

/* A NaN keeps its sign and the upper bits of its payload (IEEE 754-2019 6.2.3), unless the policy has its
 * own. */
static COLD uint64_t convert_nan(enum fp_fmt to, enum fp_fmt from, uint64_t a, const struct fp_policy *p,
                                 unsigned *ex)
{
    uint64_t quiet = fp_nan_result(from, &a, 1, p, 0, ex), frac = quiet & fp_frac_mask(from);
    int up = fp_frac_bits(to) - fp_frac_bits(from);

    return fp_inf(to, fp_sign(from, quiet)) | (up >= 0 ? frac << up : frac >> -up);
}

static ALWAYS_INLINE uint64_t convert_core(enum fp_fmt from, enum fp_fmt to, uint64_t a, enum fp_round r,
                                           const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(from, a, p, &id);

    if (likely(x.kind == FP_IS_FINITE)) {
        *ex |= id;
        return fp_round_pack(to, x.sign, x.exp, x.sig, r, p, ex);
    }
    *ex |= id;
    if (x.kind == FP_IS_NAN) return convert_nan(to, from, a, p, ex);
    return x.kind == FP_IS_INF ? fp_inf(to, x.sign) : fp_zero(to, x.sign);
}

static ALWAYS_INLINE uint64_t convert_to(enum fp_fmt to, enum fp_fmt from, uint64_t a, enum fp_round r,
                                         const struct fp_policy *p, unsigned *ex)
{
    FP_DISPATCH(from, convert_core, to, a, r, p, ex);
}

uint64_t fp_convert(enum fp_fmt to, enum fp_fmt from, uint64_t a, enum fp_round r, const struct fp_policy *p,
                    unsigned *ex)
{
    FP_DISPATCH(to, convert_to, from, a, r, p, ex);
}

/* ---- to integers ---- */

/* A finite number's magnitude cut at the binary point: the integer, and the fraction as fp_round_away wants
 * it. */
struct cut {
    uint64_t whole; /* integer part, of numbers below 2^64 */
    uint64_t rest;  /* fraction, one half at bit 63, jammed into bit 0 */
};

static ALWAYS_INLINE struct cut cut_at_point(struct fp_num x)
{
    if (x.exp < 0) return (struct cut){0, fp_shift_jam(x.sig, (unsigned)(-1 - x.exp))};
    return (struct cut){x.sig >> (63 - x.exp), x.exp == 63 ? 0 : x.sig << (x.exp + 1)};
}

/* What the policy gives for a NaN or a number whose integer does not fit, and NV. */
static COLD uint64_t toint_invalid(bool nan, bool sign, unsigned width, bool is_signed,
                                   const struct fp_policy *p, unsigned *ex)
{
    uint64_t lowest = is_signed ? 1ull << (width - 1) : 0, highest = bits_mask(width) ^ lowest;

    *ex |= FP_NV;
    switch (p->toint) {
    case FP_TOINT_SATURATE: return sign && !nan ? lowest : highest;
    case FP_TOINT_SATURATE_ZERO: return nan ? 0 : sign ? lowest : highest;
    case FP_TOINT_INDEFINITE: return is_signed ? lowest : highest;
    }
    BUG("no rule %d for conversions to integers", (int)p->toint);
}

static ALWAYS_INLINE uint64_t to_int_core(enum fp_fmt f, uint64_t a, unsigned width, bool is_signed,
                                          enum fp_round r, const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(f, a, p, &id);
    uint64_t limit;
    struct cut c;

    *ex |= fp_id_preempted(p, id);
    if (unlikely(x.kind >= FP_IS_INF || x.exp >= 64))
        return toint_invalid(x.kind == FP_IS_NAN, x.sign, width, is_signed, p, ex);
    if (x.kind == FP_IS_ZERO) return 0;
    c = cut_at_point(x);
    c.whole += fp_round_away(c.whole & 1, c.rest, x.sign, r); /* no wrap: a fraction means whole < 2^53 */
    limit = is_signed ? (1ull << (width - 1)) - !x.sign : x.sign ? 0 : bits_mask(width);
    if (unlikely(c.whole > limit)) return toint_invalid(false, x.sign, width, is_signed, p, ex);
    *ex |= c.rest ? FP_NX : 0;
    return (x.sign ? -c.whole : c.whole) & bits_mask(width);
}

uint64_t fp_to_int(enum fp_fmt f, uint64_t a, unsigned width, bool is_signed, enum fp_round r,
                   const struct fp_policy *p, unsigned *ex)
{
    BUG_ON(width - 1 >= 64);
    FP_DISPATCH(f, to_int_core, a, width, is_signed, r, p, ex);
}

/* RISC-V "Zfa", FCVTMOD.W.D; flags as FCVT.W.D rounding toward zero has them. */
uint64_t fp_to_int32_modular(uint64_t f64, unsigned *ex)
{
    unsigned id = 0;
    struct fp_num x = fp_unpack(FP_F64, f64, &fp_policy_riscv, &id);
    uint64_t low;

    fp_to_int(FP_F64, f64, 32, true, FP_RTZ, &fp_policy_riscv, ex);
    if (x.kind != FP_IS_FINITE || x.exp >= 63 + 32)
        return 0; /* from 2^95 on, sig's last bit weighs 2^32 or more */
    low = x.exp > 63 ? x.sig << (x.exp - 63) : cut_at_point(x).whole;
    return (uint64_t)bits_sext(x.sign ? -low : low, 32);
}

/* ---- from integers ---- */

static ALWAYS_INLINE uint64_t from_int_core(enum fp_fmt f, uint64_t v, unsigned width, bool is_signed,
                                            enum fp_round r, const struct fp_policy *p, unsigned *ex)
{
    bool sign = is_signed && bits_sext(v, width) < 0;
    uint64_t mag = sign ? -(uint64_t)bits_sext(v, width) : v & bits_mask(width);
    unsigned lead;

    if (mag == 0) return 0;
    lead = (unsigned)__builtin_clzll(mag);
    return fp_round_pack(f, sign, 63 - (int)lead, mag << lead, r, p, ex);
}

uint64_t fp_from_int(enum fp_fmt f, uint64_t v, unsigned width, bool is_signed, enum fp_round r,
                     const struct fp_policy *p, unsigned *ex)
{
    BUG_ON(width - 1 >= 64);
    FP_DISPATCH(f, from_int_core, v, width, is_signed, r, p, ex);
}

/* ---- to an integral value in the same format ---- */

static ALWAYS_INLINE uint64_t round_int_core(enum fp_fmt f, uint64_t a, enum fp_round r, bool exact,
                                             const struct fp_policy *p, unsigned *ex)
{
    unsigned id = 0, lead;
    struct fp_num x = fp_unpack(f, a, p, &id);
    struct cut c;

    *ex |= fp_id_preempted(p, id);
    if (unlikely(x.kind == FP_IS_NAN)) return fp_nan_result(f, &a, 1, p, 0, ex);
    if (x.kind == FP_IS_ZERO) return fp_zero(f, x.sign);
    if (x.kind == FP_IS_INF || x.exp >= fp_frac_bits(f)) return a;
    c = cut_at_point(x);
    *ex |= exact && c.rest ? FP_NX : 0;
    c.whole += fp_round_away(c.whole & 1, c.rest, x.sign, r);
    if (c.whole == 0) return fp_zero(f, x.sign);
    lead = (unsigned)__builtin_clzll(c.whole);
    /* an integer of at most fp_frac_bits + 1 bits: exact, and neither tiny nor too large */
    return fp_round_pack(f, x.sign, 63 - (int)lead, c.whole << lead, r, p, ex);
}

uint64_t fp_round_int(enum fp_fmt f, uint64_t a, enum fp_round r, bool exact, const struct fp_policy *p,
                      unsigned *ex)
{
    FP_DISPATCH(f, round_int_core, a, r, exact, p, ex);
}
