/* Simpler floating-point numbers: what a register of them holds, as the instruction reads it that has it as
 * an operand: 0xffffffff3f800000 is the single 1.0, and as a double a NaN.
 */
#include "harness/shrink/shrink.h"

#include "harness/generate/values.h"

/* From what says nothing to what is a case of its own. */
enum kind { ZERO, ONE, INTEGER, MINUS_ZERO, NORMAL, INFINITE, SUBNORMAL, QUIET, SIGNALLING, UNBOXED };

enum { INTEGER_MAX = 255, FORMATS = 3 };

/* A value taken apart. */
struct number {
    const struct fp_layout *f; /* its format */
    uint64_t box;              /* bits above it */
    bool boxed;                /* they are as they must be; else only `whole` counts */
    bool negative;             /* its sign */
    uint64_t exp, frac;        /* its fields */
    uint64_t whole;            /* all of it */
};

static uint64_t exp_max(const struct fp_layout *f)
{
    return bits_mask(f->width - f->frac_bits - 1);
}

static uint64_t bias(const struct fp_layout *f)
{
    return exp_max(f) / 2;
}

/* The narrowest that it is boxed as. */
static const struct fp_layout *guess(uint64_t v)
{
    unsigned i = 0;
    while (i + 1 < FORMATS && ~v & ~bits_mask(fp_layouts[i].width)) i++;
    return &fp_layouts[i];
}

static struct number take_apart(uint64_t v, const struct fp_layout *f)
{
    if (!f) f = guess(v);
    return (struct number){
        .f = f,
        .box = ~bits_mask(f->width),
        .boxed = !(~v & ~bits_mask(f->width)),
        .negative = v >> (f->width - 1) & 1,
        .exp = v >> f->frac_bits & exp_max(f),
        .frac = v & bits_mask(f->frac_bits),
        .whole = v,
    };
}

static uint64_t put_together(const struct number *n)
{
    return n->box | (uint64_t)n->negative << (n->f->width - 1) | n->exp << n->f->frac_bits | n->frac;
}

static struct number integer(const struct number *like, unsigned v, bool negative)
{
    struct number n = {.f = like->f, .box = like->box, .boxed = true, .negative = negative};
    unsigned top = v ? 31 - (unsigned)__builtin_clz(v) : 0;
    if (v) n.exp = bias(n.f) + top;
    if (v) n.frac = ((uint64_t)v << n.f->frac_bits >> top) & bits_mask(n.f->frac_bits);
    return n;
}

/* The integer up to INTEGER_MAX that it is, or 0. */
static unsigned small_integer(const struct number *n)
{
    uint64_t top = n->exp - bias(n->f);
    if (!n->exp || top >= 8 || n->frac & bits_mask(n->f->frac_bits - (unsigned)top)) return 0;
    return (unsigned)((1ull << n->f->frac_bits | n->frac) >> (n->f->frac_bits - top));
}

static enum kind kind_of(const struct number *n)
{
    if (!n->boxed) return UNBOXED;
    if (n->exp == exp_max(n->f))
        return !n->frac ? INFINITE : n->frac >> (n->f->frac_bits - 1) ? QUIET : SIGNALLING;
    if (!n->exp) return n->frac ? SUBNORMAL : n->negative ? MINUS_ZERO : ZERO;
    unsigned v = small_integer(n);
    return v == 1 && !n->negative ? ONE : v ? INTEGER : NORMAL;
}

/* Bits of a fraction that say something; how far an exponent is from that of 1.0. */
static uint64_t size_of(const struct number *n, enum kind kind)
{
    if (kind == INTEGER) return small_integer(n);
    if (kind == NORMAL) {
        uint64_t far = n->exp < bias(n->f) ? bias(n->f) - n->exp : n->exp - bias(n->f);
        unsigned used = n->frac ? n->f->frac_bits - (unsigned)__builtin_ctzll(n->frac) : 0;
        return ((uint64_t)used * 64 + (unsigned)__builtin_popcountll(n->frac)) * 2048 + far;
    }
    uint64_t rest = kind == UNBOXED ? n->whole
                    : kind == QUIET ? n->frac & bits_mask(n->f->frac_bits - 1)
                                    : n->frac;
    unsigned top = rest ? 64 - (unsigned)__builtin_clzll(rest) : 0;
    return (uint64_t)__builtin_popcountll(rest) * 64 + top;
}

uint64_t float_rank(uint64_t v, const struct fp_layout *f)
{
    struct number n = take_apart(v, f);
    enum kind kind = kind_of(&n);
    return (uint64_t)kind << 40 | size_of(&n, kind) << 1 | (n.boxed && n.negative);
}

/* ---- what to try ---- */

struct tries {
    uint64_t *out; /* where they go */
    unsigned n;    /* how many there are */
};

static void offer(struct tries *t, struct number n)
{
    t->out[t->n++] = put_together(&n);
}

/* Numbers that everybody knows, from the simplest on. */
static void offer_known(struct tries *t, const struct number *like)
{
    static const unsigned integers[] = {0, 1, 2, 3, 4, 8};
    struct number n = {.f = like->f, .box = like->box};
    for (unsigned i = 0; i < ARRAY_LEN(integers); i++) offer(t, integer(like, integers[i], false));
    for (unsigned i = 0; i < ARRAY_LEN(integers); i++) offer(t, integer(like, integers[i], true));
    for (unsigned sign = 0; sign < 2; sign++) {
        n.negative = sign;
        n.exp = exp_max(n.f);
        n.frac = 0;
        offer(t, n);
        n.frac = 1ull << (n.f->frac_bits - 1);
        offer(t, n);
        n.frac = 1;
        offer(t, n);
        n.exp = 0;
        offer(t, n);
    }
}

/* The same with fewer bits. */
static void offer_fewer(struct tries *t, const struct number *v)
{
    struct number n = *v;
    n.negative = false;
    offer(t, n);
    n = *v;
    n.exp = bias(v->f);
    offer(t, n); /* between one and two */
    n.exp = (v->exp + bias(v->f)) / 2;
    offer(t, n);
    n.exp = v->exp < bias(v->f) ? v->exp + 1 : v->exp - 1;
    offer(t, n);
    for (unsigned half = v->f->frac_bits / 2; half; half /= 2) {
        n = *v;
        n.frac &= ~bits_mask(v->f->frac_bits - half);
        offer(t, n);
        n = *v;
        n.frac &= bits_mask(half);
        offer(t, n);
    }
    for (unsigned i = 0; i < v->f->frac_bits; i++) {
        n = *v;
        n.frac &= ~(1ull << i);
        if (n.frac != v->frac) offer(t, n);
    }
    n = *v;
    n.frac >>= 1;
    offer(t, n);
}

/* No number at all: fewer bits. */
static void offer_unboxed(struct tries *t, uint64_t v)
{
    t->out[t->n++] = 0;
    t->out[t->n++] = 1;
    for (unsigned i = 32; i; i /= 2) {
        t->out[t->n++] = v & bits_mask(i);
        t->out[t->n++] = v & ~bits_mask(i);
    }
    for (unsigned i = 0; i < 64; i++)
        if (v >> i & 1) t->out[t->n++] = v & ~(1ull << i);
}

unsigned float_simpler(uint64_t v, const struct fp_layout *f, uint64_t out[FLOAT_SIMPLER_MAX])
{
    struct number n = take_apart(v, f);
    struct tries t = {.out = out};
    unsigned less = 0;
    offer_known(&t, &n);
    if (n.boxed)
        offer_fewer(&t, &n);
    else
        offer_unboxed(&t, v);
    BUG_ON(t.n > FLOAT_SIMPLER_MAX);
    for (unsigned i = 0; i < t.n; i++)
        if (float_rank(out[i], f) < float_rank(v, f)) out[less++] = out[i];
    return less;
}
