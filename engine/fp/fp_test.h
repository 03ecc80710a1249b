/* What the tests of this folder share: formats as the standard tabulates them, operands, architectures,
 * checking.
 *
 * Nothing here comes from fp_core.h: a width that is wrong there must not be wrong here too.
 * LOCKSTEP_FP_COUNT in the environment is how many random operand tuples each operation gets for each format
 * (default 150000); the corner crosses and the exhaustive half-precision runs do not depend on it.
 */
#ifndef ENGINE_FP_TEST_H
#define ENGINE_FP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdlib.h>
#include <cmocka.h>

#include "engine/base/base.h"
#include "engine/fp/fp.h"

/* ---- formats: IEEE 754-2019, table 3.5 ---- */

struct shape {
    const char *name; /* for messages */
    int width;        /* bits in all */
    int frac;         /* bits of the trailing significand */
    int emin, emax;   /* exponents of normal numbers; the bias is emax */
};

static const struct shape shapes[] = {
    [FP_F16] = {"f16", 16, 10, -14, 15},
    [FP_F32] = {"f32", 32, 23, -126, 127},
    [FP_F64] = {"f64", 64, 52, -1022, 1023},
};
static const enum fp_fmt formats[] = {FP_F16, FP_F32, FP_F64};
static const char *const round_names[] = {"RNE", "RTZ", "RDN", "RUP", "RMM", "ODD"};

/* A bit pattern from its three fields; `exp` is without bias, emin - 1 for zeros and subnormals. */
static inline uint64_t bits_of(enum fp_fmt f, bool sign, int exp, uint64_t frac)
{
    const struct shape *s = &shapes[f];

    return (uint64_t)sign << (s->width - 1) | (uint64_t)(exp + s->emax) << s->frac | frac;
}

static inline int exp_of(enum fp_fmt f, uint64_t a)
{
    const struct shape *s = &shapes[f];

    return (int)(a >> s->frac & bits_mask((unsigned)(s->width - 1 - s->frac))) - s->emax;
}

static inline uint64_t frac_of(enum fp_fmt f, uint64_t a)
{
    return a & bits_mask((unsigned)shapes[f].frac);
}

static inline bool sign_of(enum fp_fmt f, uint64_t a)
{
    return a >> (shapes[f].width - 1) & 1;
}

static inline bool is_nan(enum fp_fmt f, uint64_t a)
{
    return exp_of(f, a) > shapes[f].emax && frac_of(f, a) != 0;
}

static inline bool is_snan(enum fp_fmt f, uint64_t a)
{
    return is_nan(f, a) && !(a >> (shapes[f].frac - 1) & 1);
}

static inline bool is_inf(enum fp_fmt f, uint64_t a)
{
    return exp_of(f, a) > shapes[f].emax && frac_of(f, a) == 0;
}

static inline bool is_subnormal(enum fp_fmt f, uint64_t a)
{
    return exp_of(f, a) < shapes[f].emin && frac_of(f, a) != 0;
}

static inline bool is_zero(enum fp_fmt f, uint64_t a)
{
    return exp_of(f, a) < shapes[f].emin && frac_of(f, a) == 0;
}

static inline uint64_t made_quiet(enum fp_fmt f, uint64_t nan)
{
    return nan | 1ull << (shapes[f].frac - 1);
}

static inline uint64_t flush(enum fp_fmt f, uint64_t a)
{
    return is_subnormal(f, a) ? bits_of(f, sign_of(f, a), shapes[f].emin - 1, 0) : a;
}

/* ---- architectures: what the oracle knows of them, which is their name and not their policy ---- */

enum arch { RISCV, ARM64, X86 };

struct variant {
    const char *name;        /* for messages */
    enum arch arch;          /* whose rules the expectation follows */
    bool flush;              /* FPCR.FZ, or MXCSR.FTZ with DAZ */
    struct fp_policy policy; /* what the code under test is given */
};

#define VARIANTS 5

static inline void variants_init(struct variant v[VARIANTS])
{
    v[0] = (struct variant){"riscv", RISCV, false, fp_policy_riscv};
    v[1] = (struct variant){"arm64", ARM64, false, fp_policy_arm64};
    v[2] = (struct variant){"x86", X86, false, fp_policy_x86};
    v[3] = (struct variant){"arm64 FZ", ARM64, true, fp_policy_arm64};
    v[4] = (struct variant){"x86 FTZ DAZ", X86, true, fp_policy_x86};
    for (int i = 3; i < VARIANTS; i++) v[i].policy.flush_inputs = v[i].policy.flush_outputs = true;
}

/* The operand that the architecture computes with. */
static inline uint64_t seen_by(const struct variant *v, enum fp_fmt f, uint64_t a)
{
    return v->flush ? flush(f, a) : a;
}

static inline uint64_t default_nan(enum fp_fmt f, const struct variant *v)
{
    return made_quiet(f, bits_of(f, v->arch == X86, shapes[f].emax + 1, 0));
}

/* ---- operands ---- */

/* The operands at which implementations go wrong; returns how many. NaNs come last. */
#define CORNERS_MAX 200

static inline unsigned corners(enum fp_fmt f, uint64_t out[CORNERS_MAX])
{
    static const int int_limits[] = {7, 8, 15, 16, 31, 32, 63, 64};
    const struct shape *s = &shapes[f];
    const uint64_t ulps = bits_mask((unsigned)s->frac), top = 1ull << (s->frac - 1);
    unsigned n = 0;

    for (int sign = 0; sign < 2; sign++) {
        const uint64_t subnormal[] = {0, 1, 2, 3, top - 1, top, top + 1, ulps - 1, ulps};
        /* around a power of two: below it lies the last number of the lower binade */
        const int powers[] = {
            s->emin, s->emin + 1, s->emin / 2, -s->frac - 2, -s->frac - 1, -s->frac,    -2,          -1,
            0,       1,           2,           s->frac - 1,  s->frac,      s->frac + 1, s->emax / 2, s->emax};

        for (size_t i = 0; i < ARRAY_LEN(subnormal); i++)
            out[n++] = bits_of(f, sign, s->emin - 1, subnormal[i]);
        for (size_t i = 0; i < ARRAY_LEN(powers); i++) {
            out[n] = bits_of(f, sign, powers[i], 0);
            out[n + 1] = out[n] + 1;
            out[n + 2] = out[n] - 1;
            n += 3;
        }
        for (size_t i = 0; i < ARRAY_LEN(int_limits); i++) {
            if (int_limits[i] > s->emax) continue;
            out[n] = bits_of(f, sign, int_limits[i], 0);
            out[n + 1] = out[n] + 1;
            out[n + 2] = out[n] - 1;
            n += 3;
        }
        out[n++] = bits_of(f, sign, 0, top);         /* 1.5 */
        out[n++] = bits_of(f, sign, 1, top >> 1);    /* 2.5 */
        out[n++] = bits_of(f, sign, 1, top);         /* 3 */
        out[n++] = bits_of(f, sign, 7, ulps);        /* just below 256, and a fraction of one half or more */
        out[n++] = bits_of(f, sign, s->emax, ulps);  /* the largest number */
        out[n++] = bits_of(f, sign, s->emax + 1, 0); /* infinity */
    }
    for (int sign = 0; sign < 2; sign++) {
        const uint64_t nans[] = {1, top >> 1, top - 1, top, top | 1, ulps};

        for (size_t i = 0; i < ARRAY_LEN(nans); i++) out[n++] = bits_of(f, sign, s->emax + 1, nans[i]);
    }
    BUG_ON(n > CORNERS_MAX);
    return n;
}

/* Fractions as multiplications and sums like them least: few ones, runs of ones, uniform. */
static inline uint64_t random_frac(enum fp_fmt f, struct rng *g)
{
    unsigned w = (unsigned)shapes[f].frac;
    uint64_t ones;

    switch (rng_below(g, 4)) {
    case 0: return (1ull << rng_below(g, w) | 1ull << rng_below(g, w)) & bits_mask(w);
    case 1: ones = bits_mask((unsigned)rng_below(g, w + 1)); return ones << rng_below(g, w) & bits_mask(w);
    case 2: ones = bits_mask((unsigned)rng_below(g, w + 1)); return ~(ones << rng_below(g, w)) & bits_mask(w);
    }
    return rng_next(g) & bits_mask(w);
}

/* A number of about this exponent, of random sign; the exponent is held to those of numbers. */
static inline uint64_t random_near(enum fp_fmt f, struct rng *g, int exp, int spread)
{
    const struct shape *s = &shapes[f];

    exp += (int)rng_below(g, 2 * (uint64_t)spread + 1) - spread;
    exp = exp < s->emin - 1 ? s->emin - 1 : exp > s->emax ? s->emax : exp;
    return bits_of(f, rng_next(g) & 1, exp, random_frac(f, g));
}

static inline int random_exp(enum fp_fmt f, struct rng *g)
{
    return shapes[f].emin - 1 + (int)rng_below(g, 2 * (uint64_t)shapes[f].emax);
}

/* Any operand: mostly numbers near 1 or anywhere, sometimes near the ends of the range, sometimes plain bits.
 */
static inline uint64_t random_operand(enum fp_fmt f, struct rng *g)
{
    const struct shape *s = &shapes[f];

    switch (rng_below(g, 8)) {
    case 0: return rng_next(g) & bits_mask((unsigned)s->width);
    case 1: return random_near(f, g, s->emin, 2);
    case 2: return random_near(f, g, s->emax, 2);
    case 3: return random_near(f, g, s->frac, 4);
    case 4:
    case 5: return random_near(f, g, 0, 4);
    }
    return random_near(f, g, random_exp(f, g), 0);
}

/* ---- counting and checking ---- */

static inline unsigned long random_count(void)
{
    const char *s = getenv("LOCKSTEP_FP_COUNT");

    return s ? strtoul(s, NULL, 0) : 150000;
}

struct outcome {
    uint64_t bits;  /* the result */
    unsigned flags; /* the exceptions raised */
};

/* What was computed, for the message of a failure. */
struct call {
    const char *op;      /* operation */
    const char *variant; /* architecture */
    const char *fmt;     /* format of the operands */
    uint64_t in[3];      /* operands, 0 beyond the operation's */
    enum fp_round r;     /* rounding mode */
};

static inline void check(const struct call *c, struct outcome got, struct outcome want)
{
    if (likely(got.bits == want.bits && got.flags == want.flags)) return;
    fail_msg("%s %s %s %s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 "): got %#" PRIx64
             " flags %#x, expected %#" PRIx64 " flags %#x",
             c->variant, c->fmt, round_names[c->r], c->op, c->in[0], c->in[1], c->in[2], got.bits, got.flags,
             want.bits, want.flags);
}

#endif
