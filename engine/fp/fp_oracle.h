/* The outside oracle of the tests: MPFR computes, a rule written for comparing and not for speed rounds.
 *
 * MPFR evaluates with 192 bits toward zero and says whether anything was cut off. That, a number and "plus a
 * little more", is enough to decide every rounding: the result is cut at the format's last place with exact
 * MPFR arithmetic, and what is dropped is compared with one half. oracle_test.c holds this rule against
 * MPFR's own rounding and mpfr_subnormalize for the four modes that MPFR has.
 */
#ifndef ENGINE_FP_ORACLE_H
#define ENGINE_FP_ORACLE_H

#include "engine/fp/fp_test.h"
#define MPFR_USE_INTMAX_T
#include <mpfr.h>

#define ORACLE_BITS 192

enum op { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_SQRT, OP_FMA, OP_CONVERT };

struct oracle {
    mpfr_t in[3];                 /* operands, exact */
    mpfr_t out;                   /* result, cut toward zero */
    mpfr_t scaled, part;          /* scratch of oracle_cut */
    struct variant v[VARIANTS];   /* whom to ask and check */
    struct rng rng;               /* source of operands */
    uint64_t corner[CORNERS_MAX]; /* of the format of the last oracle_corners */
    unsigned corners;             /* how many */
};

static inline void oracle_init(struct oracle *o, uint64_t seed)
{
    *o = (struct oracle){.rng = {seed}};
    for (int i = 0; i < 3; i++) mpfr_init2(o->in[i], ORACLE_BITS);
    mpfr_inits2(ORACLE_BITS, o->out, o->scaled, o->part, (mpfr_ptr)0);
    variants_init(o->v);
}

static inline void oracle_free(struct oracle *o)
{
    for (int i = 0; i < 3; i++) mpfr_clear(o->in[i]);
    mpfr_clears(o->out, o->scaled, o->part, (mpfr_ptr)0);
    mpfr_free_cache();
}

static inline void oracle_corners(struct oracle *o, enum fp_fmt f)
{
    o->corners = corners(f, o->corner);
}

/* The value of a bit pattern, exactly. */
static inline void oracle_load(mpfr_ptr x, enum fp_fmt f, uint64_t a)
{
    const struct shape *s = &shapes[f];
    int exp = exp_of(f, a);
    uint64_t frac = frac_of(f, a);

    if (exp > s->emax && frac)
        mpfr_set_nan(x);
    else if (exp > s->emax)
        mpfr_set_inf(x, 1);
    else if (exp < s->emin)
        mpfr_set_ui_2exp(x, frac, s->emin - s->frac, MPFR_RNDZ);
    else
        mpfr_set_ui_2exp(x, frac | 1ull << s->frac, exp - s->frac, MPFR_RNDZ);
    mpfr_setsign(x, x, sign_of(f, a), MPFR_RNDZ);
}

/* ---- rounding ---- */

/* A magnitude in units of a last place. */
struct cut {
    uint64_t units; /* whole ones */
    int rest;       /* the rest: 0 none, 1 below half of one, 2 half, 3 above */
};

/* |v| plus a little more if `more`, in units of 2^unit. */
static inline struct cut oracle_cut(struct oracle *o, mpfr_srcptr v, bool more, int unit)
{
    struct cut c;
    int half;

    mpfr_mul_2si(o->scaled, v, -unit, MPFR_RNDZ);
    mpfr_abs(o->scaled, o->scaled, MPFR_RNDZ);
    c.units = mpfr_get_uj(o->scaled, MPFR_RNDZ);
    mpfr_frac(o->part, o->scaled, MPFR_RNDZ);
    half = mpfr_cmp_ui_2exp(o->part, 1, -1);
    if (half == 0)
        c.rest = more ? 3 : 2;
    else if (half > 0)
        c.rest = 3;
    else
        c.rest = more || !mpfr_zero_p(o->part);
    return c;
}

static inline uint64_t cut_round(struct cut c, bool sign, enum fp_round r)
{
    bool odd = c.units & 1;

    switch (r) {
    case FP_RNE: return c.units + (c.rest + odd > 2);
    case FP_RTZ: break;
    case FP_RDN: return c.units + (c.rest > 0 && sign);
    case FP_RUP: return c.units + (c.rest > 0 && !sign);
    case FP_RMM: return c.units + (c.rest > 1);
    case FP_ODD: return c.rest ? c.units | 1 : c.units;
    }
    return c.units;
}

enum ref_kind { REF_INVALID, REF_DIVZERO, REF_INF, REF_ZERO, REF_NUMBER };

/* An exact result, ready to be rounded to one format in any mode. */
struct ref {
    enum ref_kind kind;
    bool sign;            /* of everything but REF_INVALID */
    bool sign_down;       /* of a zero when rounding down */
    bool below_normal;    /* the exact magnitude is below 2^emin */
    int msb;              /* exponent of the exact magnitude */
    struct cut at_format; /* cut where the format's numbers end, subnormal ones included */
    struct cut
        at_precision; /* cut at the format's precision, exponents unlimited: for tininess after rounding */
};

/* o->out, with what was cut off from it, as a ref. */
static inline void ref_read(struct oracle *o, struct ref *ref, enum fp_fmt f, bool more)
{
    const struct shape *s = &shapes[f];

    *ref = (struct ref){.sign = mpfr_signbit(o->out), .sign_down = mpfr_signbit(o->out)};
    ref->kind = mpfr_nan_p(o->out)    ? REF_INVALID
                : mpfr_divby0_p()     ? REF_DIVZERO
                : mpfr_inf_p(o->out)  ? REF_INF
                : mpfr_zero_p(o->out) ? REF_ZERO
                                      : REF_NUMBER;
    if (ref->kind != REF_NUMBER) return;
    ref->msb = (int)mpfr_get_exp(o->out) - 1; /* MPFR's significands are in [1/2, 1) */
    ref->below_normal = ref->msb < s->emin;
    ref->at_precision = oracle_cut(o, o->out, more, ref->msb - s->frac);
    ref->at_format = ref->below_normal ? oracle_cut(o, o->out, more, s->emin - s->frac) : ref->at_precision;
}

/* A number in the format, in one mode, the flags of its rounding included; no NaNs here. */
static inline struct outcome ref_round(const struct ref *ref, enum fp_fmt f, enum fp_round r,
                                       const struct variant *v)
{
    const struct shape *s = &shapes[f];
    struct outcome w = {0, 0};
    int exp = ref->below_normal ? s->emin : ref->msb; /* of the first unit above the fraction */
    uint64_t units = cut_round(ref->at_format, ref->sign, r);
    bool tiny = ref->below_normal;

    if (tiny && v->arch != ARM64 && ref->msb == s->emin - 1)
        tiny = cut_round(ref->at_precision, ref->sign, r) < 2ull << s->frac;
    if (tiny && v->flush)
        return (struct outcome){bits_of(f, ref->sign, s->emin - 1, 0),
                                v->arch == X86 ? FP_UF | FP_NX : FP_UF};
    if (ref->at_format.rest) w.flags = tiny ? FP_UF | FP_NX : FP_NX;
    if (units == 2ull << s->frac) {
        units >>= 1;
        exp++;
    }
    if (exp > s->emax) {
        bool inf = r == FP_RNE || r == FP_RMM || r == (ref->sign ? FP_RDN : FP_RUP);

        w.flags = FP_OF | FP_NX;
        w.bits = inf ? bits_of(f, ref->sign, s->emax + 1, 0)
                     : bits_of(f, ref->sign, s->emax, bits_mask((unsigned)s->frac));
    } else if (units < 1ull << s->frac) {
        w.bits = bits_of(f, ref->sign, s->emin - 1, units);
    } else {
        w.bits = bits_of(f, ref->sign, exp, units - (1ull << s->frac));
    }
    return w;
}

/* ---- operations ---- */

static inline unsigned op_operands(enum op op)
{
    return op == OP_SQRT || op == OP_CONVERT ? 1 : op == OP_FMA ? 3 : 2;
}

static inline int oracle_compute(struct oracle *o, enum op op, mpfr_rnd_t rnd)
{
    switch (op) {
    case OP_ADD: return mpfr_add(o->out, o->in[0], o->in[1], rnd);
    case OP_SUB: return mpfr_sub(o->out, o->in[0], o->in[1], rnd);
    case OP_MUL: return mpfr_mul(o->out, o->in[0], o->in[1], rnd);
    case OP_DIV: return mpfr_div(o->out, o->in[0], o->in[1], rnd);
    case OP_SQRT: return mpfr_sqrt(o->out, o->in[0], rnd);
    case OP_FMA: return mpfr_fma(o->out, o->in[0], o->in[1], o->in[2], rnd);
    case OP_CONVERT: return mpfr_set(o->out, o->in[0], rnd);
    }
    return 0;
}

/* The exact result of op on numbers of format `from`, for rounding to `to`. */
static inline void ref_compute(struct oracle *o, struct ref *ref, enum op op, enum fp_fmt to,
                               enum fp_fmt from, const uint64_t in[3])
{
    unsigned operands = op_operands(op);
    int cut_off;

    BUG_ON(operands > 3);
    for (unsigned i = 0; i < operands; i++) oracle_load(o->in[i], from, in[i]);
    mpfr_clear_flags();
    cut_off = oracle_compute(o, op, MPFR_RNDZ);
    ref_read(o, ref, to, cut_off != 0);
    if (ref->kind != REF_ZERO) return;
    oracle_compute(o, op, MPFR_RNDD);
    ref->sign_down = mpfr_signbit(o->out);
}

/* ---- NaNs, as the manuals' prose has them ---- */

/* The NaN that the architecture propagates, before it is made quiet. */
static inline uint64_t propagated(enum fp_fmt f, const struct variant *v, const uint64_t in[3], unsigned n)
{
    uint64_t order[3] = {in[0], in[1], in[2]};

    if (v->arch == ARM64 && n == 3) { /* FPProcessNaNs3(type_addend, type1, type2, ...) */
        order[0] = in[2];
        order[1] = in[0];
        order[2] = in[1];
    }
    if (v->arch == ARM64)
        for (unsigned i = 0; i < n; i++)
            if (is_snan(f, order[i])) return order[i];
    for (unsigned i = 0; i < n; i++)
        if (is_nan(f, order[i])) return order[i];
    return 0;
}

/* The result of op when an operand is a NaN, in the operands' own format. */
static inline struct outcome want_nan(enum fp_fmt f, const struct variant *v, enum op op,
                                      const uint64_t in[3])
{
    struct outcome w = {0, 0};
    unsigned n = op_operands(op);
    bool addend_only = op == OP_FMA && is_nan(f, in[2]) && !is_nan(f, in[0]) && !is_nan(f, in[1]);
    bool no_product = addend_only && ((is_inf(f, in[0]) && is_zero(f, seen_by(v, f, in[1]))) ||
                                      (is_inf(f, in[1]) && is_zero(f, seen_by(v, f, in[0]))));

    for (unsigned i = 0; i < 3; i++) { /* operands that the operation lacks are 0 */
        if (is_snan(f, in[i])) w.flags |= FP_NV;
        if (v->arch == ARM64 && v->flush && is_subnormal(f, in[i])) w.flags |= FP_ID;
    }
    if (no_product && v->arch != X86) {
        w.flags |= FP_NV;
        if (!is_snan(f, in[2])) {
            w.bits = default_nan(f, v);
            return w;
        }
    }
    w.bits = v->arch == RISCV ? default_nan(f, v) : made_quiet(f, propagated(f, v, in, n));
    return w;
}

/* ---- one call expected ---- */

/* What FP_ID should be for these operands. `preempted`: the result is an x86 QNaN, or has NV or DZ. */
static inline unsigned want_id(enum fp_fmt f, const struct variant *v, const uint64_t in[3], unsigned n,
                               bool preempted)
{
    for (unsigned i = 0; i < n; i++) {
        if (!is_subnormal(f, in[i])) continue;
        if (v->arch == ARM64) return v->flush ? FP_ID : 0;
        if (v->arch == X86) return v->flush || preempted ? 0 : FP_ID;
    }
    return 0;
}

static inline struct outcome want_op(const struct ref *ref, enum op op, enum fp_fmt to, enum fp_fmt from,
                                     const uint64_t in[3], enum fp_round r, const struct variant *v)
{
    bool preempted = ref->kind == REF_INVALID || ref->kind == REF_DIVZERO;
    struct outcome w = {0, 0};

    switch (ref->kind) {
    case REF_INVALID: w = (struct outcome){default_nan(to, v), FP_NV}; break;
    case REF_DIVZERO: w.flags = FP_DZ; /* fall through */
    case REF_INF: w.bits = bits_of(to, ref->sign, shapes[to].emax + 1, 0); break;
    case REF_ZERO:
        w.bits = bits_of(to, r == FP_RDN ? ref->sign_down : ref->sign, shapes[to].emin - 1, 0);
        break;
    case REF_NUMBER: w = ref_round(ref, to, r, v); break;
    }
    w.flags |= want_id(from, v, in, op_operands(op), preempted);
    return w;
}

static inline struct outcome got_op(enum op op, enum fp_fmt to, enum fp_fmt from, const uint64_t in[3],
                                    enum fp_round r, const struct fp_policy *p)
{
    struct outcome g = {0, 0};

    switch (op) {
    case OP_ADD: g.bits = fp_add(from, in[0], in[1], r, p, &g.flags); break;
    case OP_SUB: g.bits = fp_sub(from, in[0], in[1], r, p, &g.flags); break;
    case OP_MUL: g.bits = fp_mul(from, in[0], in[1], r, p, &g.flags); break;
    case OP_DIV: g.bits = fp_div(from, in[0], in[1], r, p, &g.flags); break;
    case OP_SQRT: g.bits = fp_sqrt(from, in[0], r, p, &g.flags); break;
    case OP_FMA: g.bits = fp_fma(from, in[0], in[1], in[2], r, p, &g.flags); break;
    case OP_CONVERT: g.bits = fp_convert(to, from, in[0], r, p, &g.flags); break;
    }
    return g;
}

/* Does op on these operands as every architecture in every mode, against the oracle. NaN operands as well,
 * except for OP_CONVERT, whose NaNs change format.
 */
static inline void oracle_check(struct oracle *o, enum op op, enum fp_fmt to, enum fp_fmt from,
                                const uint64_t in[3])
{
    static const char *const names[] = {"add", "sub", "mul", "div", "sqrt", "fma", "convert"};
    struct call call = {names[op], NULL, shapes[from].name, {in[0], in[1], in[2]}, FP_RNE};
    const uint64_t flushed[3] = {flush(from, in[0]), flush(from, in[1]), flush(from, in[2])};
    bool nan = false, subnormal = false;
    struct ref ref[2];

    for (unsigned i = 0; i < op_operands(op); i++) {
        nan |= is_nan(from, in[i]);
        subnormal |= is_subnormal(from, in[i]);
    }
    if (!nan) {
        ref_compute(o, &ref[0], op, to, from, in);
        if (subnormal)
            ref_compute(o, &ref[1], op, to, from, flushed);
        else
            ref[1] = ref[0];
    }
    for (const struct variant *v = o->v; v < o->v + VARIANTS; v++) {
        call.variant = v->name;
        for (call.r = FP_RNE; call.r <= FP_ODD; call.r++) {
            struct outcome got = got_op(op, to, from, in, call.r, &v->policy);

            check(&call, got,
                  nan ? want_nan(from, v, op, in) : want_op(&ref[v->flush], op, to, from, in, call.r, v));
        }
    }
}

/* ---- streams of operands ---- */

/* Calls `trial` so many times for each format; it draws its operands from o->rng, or from the format's
 * corners. */
static inline void oracle_random(uint64_t seed, unsigned long count,
                                 void (*trial)(struct oracle *o, enum fp_fmt f))
{
    struct oracle o;

    oracle_init(&o, seed);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        oracle_corners(&o, formats[i]);
        for (unsigned long n = count; n; n--) trial(&o, formats[i]);
    }
    oracle_free(&o);
}

/* Every pair of corners of each format. */
static inline void oracle_corner_pairs(void (*pair)(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b))
{
    struct oracle o;

    oracle_init(&o, 0);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        oracle_corners(&o, formats[i]);
        for (unsigned a = 0; a < o.corners; a++)
            for (unsigned b = 0; b < o.corners; b++) pair(&o, formats[i], o.corner[a], o.corner[b]);
    }
    oracle_free(&o);
}

#endif
