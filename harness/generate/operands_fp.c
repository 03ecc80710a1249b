/* Random floating-point operands. Noise meets next to none of the places where arithmetic goes wrong, so most
 * values are solved for: together with another operand they give sums that are ties, products and quotients
 * next to a representable number, to the middle of two, or to a power of two, and results around the ends of
 * the normal range. Which instruction it is for is not asked: what is solved for another one is random to
 * this one.
 *
 * Numbers are drawn in statements of their own: the order of arguments is each compiler's choice, and cases
 * are the same for all of them.
 */
#include "harness/generate/generate.h"

typedef unsigned __int128 u128;

/* A format, and what follows from it. */
struct format {
    unsigned width, frac; /* bits in all, of the fraction */
    int bias, top;        /* of exponents; that of infinity */
};

static struct format format_of(enum guest_test t)
{
    unsigned width = gen_test_width(t), frac = t == TEST_F16 ? 10 : t == TEST_F32 ? 23 : 52;
    int top = (1 << (width - 1 - frac)) - 1;
    return (struct format){width, frac, top / 2, top};
}

/* A number taken apart: `m` has the hidden bit. */
struct number {
    bool sign;
    int exp;
    uint64_t m;
};

static struct number take_apart(const struct format *f, uint64_t v)
{
    int exp = (int)(v >> f->frac) & f->top;
    uint64_t m = v & bits_mask(f->frac);
    return (struct number){v >> (f->width - 1) & 1, exp, m | 1ull << f->frac};
}

/* Whatever does not fit is brought to the nearest exponent that there is for numbers. */
static uint64_t put_together(const struct format *f, bool sign, int exp, uint64_t m)
{
    if (exp < 0) exp = 0;
    if (exp >= f->top) exp = f->top - 1;
    return (uint64_t)sign << (f->width - 1) | (uint64_t)exp << f->frac | (m & bits_mask(f->frac));
}

static uint64_t some_bits(struct rng *r, unsigned n)
{
    return rng_next(r) & bits_mask(n);
}

/* The top bits of v as a mantissa. */
static uint64_t normalise(const struct format *f, u128 v)
{
    unsigned bits = (v >> 64 ? 128 - (unsigned)__builtin_clzll((uint64_t)(v >> 64))
                             : 64 - (unsigned)__builtin_clzll((uint64_t)v | 1));
    return (uint64_t)(bits > f->frac + 1 ? v >> (bits - f->frac - 1) : v << (f->frac + 1 - bits));
}

/* ---- with another operand ---- */

/* An exponent that brings the product, or the quotient, with a number of exponent `e` to one of the ends. */
static int end_exponent(const struct format *f, struct rng *r, int e)
{
    int near = (int)rng_below(r, 4) - 2, far = -(int)rng_below(r, f->frac + 3);
    switch (rng_below(r, 6)) {
    case 0: return f->bias + 1 - e + near;          /* a product about the least normal number */
    case 1: return f->bias + 1 - e + far;           /* a subnormal one */
    case 2: return f->bias + f->top - 1 - e + near; /* one about the largest */
    case 3: return e + f->bias - 1 + near;          /* the same by division */
    case 4: return e + f->bias - 1 - far;
    default: return e + f->bias - f->top + 1 + near;
    }
}

/* v * inverse(v) is 1, modulo 2^64; v is odd. */
static uint64_t inverse(uint64_t v)
{
    uint64_t x = v; /* right in three bits, then in twice as many each time */
    for (int i = 0; i < 5; i++) x *= 2 - v * x;
    return x;
}

/* With it the bits of the product that do not fit are half of the last that does, or nothing, give or take a
 * little. */
static uint64_t mantissa_of_close_product(const struct format *f, struct rng *r, uint64_t m)
{
    unsigned zeros = (unsigned)__builtin_ctzll(m), low = f->frac;
    uint64_t how = rng_next(r), want = (how & 1 ? 1ull << (low - 1) : 0) + (how >> 1) % 5 - 2;
    if (zeros >= low) return some_bits(r, low);
    uint64_t v = (want >> zeros) * inverse(m >> zeros) & bits_mask(low - zeros);
    return v | some_bits(r, zeros) << (low - zeros);
}

/* With it the product is about a power of two. */
static uint64_t mantissa_of_power(const struct format *f, struct rng *r, uint64_t m)
{
    return normalise(f, ((u128)1 << (2 * f->frac + 1)) / m) + rng_below(r, 3) - 1;
}

/* That power is the least normal number, or the one above the largest: rounding decides whether it is
 * reached. */
static uint64_t end_of_range(const struct format *f, struct rng *r, const struct number *o)
{
    int exp = f->bias - o->exp + (o->exp > f->bias ? f->top - 1 : 0);
    bool sign = rng_next(r) & 1;
    return put_together(f, sign, exp, mantissa_of_power(f, r, o->m));
}

/* With it the quotient is about a number with one bit more than fits. */
static uint64_t mantissa_of_quotient(const struct format *f, struct rng *r, uint64_t m)
{
    return normalise(f, ((u128)m << (f->frac + 3)) / (1ull << (f->frac + 1) | some_bits(r, f->frac + 1)));
}

/* With it the product has exactly one bit more than fits, which is set. */
static uint64_t mantissa_of_tie(const struct format *f, struct rng *r, uint64_t m)
{
    unsigned n = (unsigned)__builtin_ctzll(m) + 1;
    if (n > f->frac) return some_bits(r, f->frac);
    return (some_bits(r, n) | 1) << (f->frac - n);
}

/* About half of the last bit of the other. */
static uint64_t half_an_ulp(const struct format *f, struct rng *r, const struct number *o)
{
    int exp = o->exp - (int)f->frac - 1;
    bool sign = rng_next(r) & 1;
    switch (rng_below(r, 4)) {
    case 0: return put_together(f, sign, exp, 1);
    case 1: return put_together(f, sign, exp - 1, ~0ull);
    case 2: exp += 1 - (int)rng_below(r, 3); return put_together(f, sign, exp, some_bits(r, f->frac));
    default: return put_together(f, sign, exp, 0);
    }
}

/* ---- alone ---- */

/* Its root is about the middle of two numbers, or exact. */
static uint64_t square(const struct format *f, struct rng *r)
{
    bool exact = rng_next(r) & 1;
    uint64_t root =
        exact ? some_bits(r, (f->frac + 1) / 2) : 2 * (some_bits(r, f->frac) | 1ull << f->frac) + 1;
    u128 v = (u128)root * root;
    unsigned bits = 0;
    for (u128 left = v; left; left >>= 1) bits++;
    int exp = f->bias + ((int)bits - 1) % 2 + 2 * ((int)rng_below(r, (unsigned)f->bias) - f->bias / 2);
    return put_together(f, false, exp, normalise(f, v) + (exact ? 0 : rng_below(r, 2)));
}

/* What a narrower format has, half a bit of it more, and what is next to that; also where it is subnormal. */
static uint64_t narrow_tie(const struct format *f, struct rng *r)
{
    bool half = f->width == 32 || rng_next(r) & 1;
    struct format to = format_of(half ? TEST_F16 : TEST_F32);
    if (f->frac <= to.frac) return some_bits(r, f->width);
    unsigned less = rng_next(r) & 1 ? (unsigned)rng_below(r, to.frac + 2) : 0, low = f->frac - to.frac + less;
    int exp = f->bias - to.bias + 1 - (int)less;
    if (!less) exp += (int)rng_below(r, (unsigned)to.top);
    uint64_t m = some_bits(r, f->frac) & ~bits_mask(low), how = rng_next(r);
    if (how & 3) m += (1ull << ((low - 1) & 63)) + (how >> 3) % 3 - 1;
    return put_together(f, how >> 2 & 1, exp, m);
}

/* About a quarter of the bits set. */
static uint64_t few_bits(struct rng *r)
{
    uint64_t v = rng_next(r);
    return v & rng_next(r);
}

/* An exponent and a fraction of some shape. */
static uint64_t shaped(const struct format *f, struct rng *r, const struct number *o)
{
    uint64_t v = rng_next(r), how = rng_next(r), m = v & bits_mask(f->frac);
    int exp = (int)(v >> f->frac) & f->top, n = (int)((how >> 16) % (f->frac + 2));
    bool sign = how >> 8 & 1;
    switch (how % 6) {
    case 0: exp = f->bias - 3 + (int)(how >> 24 & 7); break;                      /* around 1 */
    case 1: exp = (how >> 24 & 1 ? f->top - 4 : 0) + (int)(how >> 25 & 3); break; /* around the ends */
    case 2: m &= few_bits(r); break;
    case 3: m |= few_bits(r) & bits_mask(f->frac); break;
    case 4: exp = o->exp + (int)(how >> 24 & 7) - 3; break; /* of about the other's size */
    default: {                                              /* an integer, or half of one */
        unsigned below = n < (int)f->frac ? f->frac - (unsigned)n : 0;
        exp = f->bias + n;
        m &= ~bits_mask(below ? below - 1 : 0);
        break;
    }
    }
    return put_together(f, sign, exp, m);
}

uint64_t gen_random_fp(enum guest_test t, struct rng *r, uint64_t other)
{
    struct format f = format_of(t);
    struct number o = take_apart(&f, other);
    uint64_t how = rng_next(r);
    bool sign = how >> 8 & 1;
    int exp = how >> 9 & 1 ? end_exponent(&f, r, o.exp) : f.bias - 2 + (int)(how >> 10 & 3);
    switch (how & 15) {
    case 0:
    case 1: return (other & bits_mask(f.width)) ^ (how >> 24 & 3) ^ (uint64_t)sign << (f.width - 1);
    case 2: return half_an_ulp(&f, r, &o);
    case 3: return put_together(&f, sign, exp, mantissa_of_close_product(&f, r, o.m));
    case 4: return put_together(&f, sign, exp, mantissa_of_quotient(&f, r, o.m));
    case 10: return put_together(&f, sign, exp, mantissa_of_power(&f, r, o.m));
    case 11: return end_of_range(&f, r, &o);
    case 5: return put_together(&f, sign, exp, mantissa_of_tie(&f, r, o.m));
    case 6: exp = end_exponent(&f, r, o.exp); return put_together(&f, sign, exp, some_bits(r, f.frac));
    case 7: return square(&f, r);
    case 8: return narrow_tie(&f, r);
    case 9: return some_bits(r, f.width); /* anything, NaNs too */
    default: return shaped(&f, r, &o);
    }
}

uint64_t gen_addend(enum guest_test t, struct rng *r, uint64_t a, uint64_t b)
{
    struct format f = format_of(t);
    struct number x = take_apart(&f, a), y = take_apart(&f, b);
    u128 product = (u128)x.m * y.m;
    bool carry = product >> (2 * f.frac + 1) & 1, minus = !(rng_next(r) & 3);
    struct number p = {x.sign ^ y.sign, x.exp + y.exp - f.bias + carry, normalise(&f, product)};
    if (rng_next(r) & 1) return half_an_ulp(&f, r, &p);
    /* Little of the product is left, or all of it is next to something much larger. */
    int far = rng_next(r) & 1 ? (int)f.frac + 2 - (int)rng_below(r, 3) : 0;
    return put_together(&f, p.sign ^ !minus, p.exp + far, p.m + rng_below(r, 3) - 1);
}
