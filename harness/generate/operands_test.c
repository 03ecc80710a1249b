/* Operands reach what noise does not: how often is held against what the generated corpus relies on. Singles,
 * whose sums and products a double or a long double holds exactly. */
#include "harness/corpus/corpus_test.h"
#include "harness/generate/generate.h"

#include <float.h>
#include <math.h>

enum { CASES = 20000 };

static double single(uint64_t v)
{
    uint32_t bits = (uint32_t)v;
    float f;
    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

/* Exactly in the middle of two singles: the first of the bits that do not fit is set, and nothing below it.
 */
static bool is_tie(double d)
{
    uint64_t bits;
    if (!(fabs(d) >= (double)FLT_MIN && fabs(d) <= (double)FLT_MAX)) return false;
    memcpy(&bits, &d, sizeof(bits));
    return (bits & bits_mask(29)) == 1u << 28;
}

/* One of the bits that do not fit differs from the others: rounding depends on the last of them. */
static bool is_sticky(double d)
{
    uint64_t bits;
    if (!(fabs(d) >= (double)FLT_MIN && fabs(d) <= (double)FLT_MAX)) return false;
    memcpy(&bits, &d, sizeof(bits));
    uint64_t rest = (bits + 128) & bits_mask(29);
    return rest <= 256 || (rest + (1u << 28)) % (1u << 29) <= 256;
}

/* What happens to pairs, of CASES. */
struct seen {
    unsigned sum_ties, product_ties;      /* exactly half */
    unsigned close_products, close_roots; /* near a number or a middle, and inexact */
    unsigned tiny, large;                 /* rounding brings them to the least normal number, to infinity */
    unsigned subnormal;                   /* inexact below the normal range */
    unsigned close_quotients;             /* as products */
};

static struct seen look(void)
{
    struct seen s = {0};
    struct rng r = {3};
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t va = gen_random(TEST_F32, &r, rng_next(&r)), vb = gen_random(TEST_F32, &r, va);
        double a = single(va), b = single(vb), product = a * b, root = sqrt(a), quotient = a / b;
        double p = fabs(product);
        s.sum_ties += is_tie(a + b);
        s.product_ties += is_tie(product);
        s.close_products += (double)(float)product != product && is_sticky(product) && !is_tie(product);
        s.close_quotients += (double)(float)quotient != quotient && is_sticky(quotient);
        s.close_roots += (double)(float)root != root && is_sticky(root);
        s.tiny += p < (double)FLT_MIN && (float)p >= FLT_MIN;
        s.large += p > (double)FLT_MAX && p < 2 * (double)FLT_MAX;
        s.subnormal += p > 0 && p < (double)FLT_MIN && (double)(float)p != p;
    }
    return s;
}

static void test_pairs(void **state)
{
    struct seen s = look();
    assert_in_range(s.sum_ties, 600, CASES);
    assert_in_range(s.product_ties, 350, CASES);
    assert_in_range(s.close_products, 200, CASES);
    assert_in_range(s.close_quotients, 80, CASES);
    assert_in_range(s.close_roots, 80, CASES);
    assert_in_range(s.tiny, 60, CASES);
    assert_in_range(s.large, 200, CASES);
    assert_in_range(s.subnormal, 1500, CASES);
}

/* Products that are almost taken away, and sums with them that are ties or depend on the last bit. */
static void test_addends(void **state)
{
    struct rng r = {4};
    unsigned cancelled = 0, ties = 0;
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t va = gen_random(TEST_F32, &r, rng_next(&r)), vb = gen_random(TEST_F32, &r, va);
        long double product = (long double)single(va) * (long double)single(vb),
                    c = (long double)single(gen_addend(TEST_F32, &r, va, vb)), sum = product + c;
        cancelled += fabsl(sum) < fabsl(product) * 0x1p-20l && sum != 0;
        ties += is_tie((double)sum);
    }
    assert_in_range(cancelled, CASES / 20, CASES);
    assert_in_range(ties, CASES / 100, CASES);
}

/* Doubles that are ties of singles, some of them among the subnormal ones. */
static void test_narrowed(void **state)
{
    struct rng r = {5};
    unsigned ties = 0, subnormal = 0;
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t v = gen_random(TEST_F64, &r, 0);
        double d;
        memcpy(&d, &v, sizeof(d));
        ties += is_tie(d);
        double scaled = fabs(d) * 0x1p149;
        subnormal += fabs(d) < (double)FLT_MIN && scaled - floor(scaled) == 0.5;
    }
    assert_in_range(ties, 50, CASES);
    assert_in_range(subnormal, 40, CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_addends),
        cmocka_unit_test(test_narrowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
