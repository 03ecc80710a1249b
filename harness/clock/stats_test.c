/* Statistics against numbers that others published, or that were counted out (said where). */
#include "harness/clock/stats.h"
#include "harness/testing.h"

#include <math.h>

static void near(double got, double expected)
{
    if (fabs(got - expected) > 1e-9) fail_msg("%.12f, not %.12f", got, expected);
}

/* Darwin's maize, as R. A. Fisher has it (The Design of Experiments, 1935) and SciPy's manual: W = 24. */
static const double maize[] = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};
/* Depression before and after a drug: Hollander and Wolfe, table 3.1, and R's help of wilcox.test: W = 5. */
static const double drug[] = {1.83 - .878, .50 - .647,  1.62 - .598, 2.48 - 2.05, 1.68 - 1.06,
                              1.88 - 1.29, 1.55 - 1.06, 3.06 - 3.14, 1.30 - 1.29};

static void test_signed_rank(void **state)
{
    static const double nothing[] = {0, 0, 0}, one_way[] = {1, 2, 3, 4, 5, 6};
    /* equal sizes and a zero: all 2^12 signs counted in Python */
    static const double ties[] = {1, 1, 2, 2, 2, -1, -3, 3, 4, -2, 0, 5};
    near(stats_signed_rank(maize, ARRAY_LEN(maize)), 0.041259765625);
    near(stats_signed_rank(drug, ARRAY_LEN(drug)), 0.0390625);
    near(stats_signed_rank(ties, ARRAY_LEN(ties)), 0.1455078125);
    near(stats_signed_rank(one_way, 6), 2.0 / 64);
    near(stats_signed_rank(nothing, 3), 1);
    near(stats_signed_rank(nothing, 0), 1);
}

/* Wilcoxon's table: the largest W that is significant at 5 %, two-sided (Siegel 1956, table G; n = 50 from
 * McCornack 1965). */
static void test_critical_values(void **state)
{
    static const struct {
        unsigned n, w; /* pairs, the largest sum of negative ranks */
    } rows[] = {{6, 0},   {7, 2},   {8, 3},   {9, 5},   {10, 8},  {11, 10}, {12, 13},
                {13, 17}, {14, 21}, {15, 25}, {16, 29}, {20, 52}, {25, 89}, {50, 434}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (unsigned more = 0; more < 2; more++) {
            double v[STATS_MAX_PAIRS];
            unsigned left = rows[i].w + more;
            for (unsigned k = rows[i].n; k > 0; k--) {
                bool negative = k <= left;
                v[k - 1] = negative ? -(double)k : (double)k;
                if (negative) left -= k;
            }
            double p = stats_signed_rank(v, rows[i].n);
            if ((p <= 0.05) == more) fail_msg("n %u, W %u: p %f", rows[i].n, rows[i].w + more, p);
        }
    }
}

static void test_centre(void **state)
{
    near(stats_centre(drug, ARRAY_LEN(drug)), 0.46); /* the same book */
    near(stats_centre(maize, 1), 6);
    near(stats_median(maize, 15), 24);
    near(stats_median(maize, 4), 11);
}

/* Benjamini and Hochberg 1995, section 3.2: of fifteen, the first four at 5 %. */
static void test_adjust(void **state)
{
    static const double given[] = {.0344, .0001, .0004, .3240, .0019, .0095, .0201, .0278,
                                   .0298, .0459, .4262, .5719, .6528, .7590, 1.000};
    double p[15];
    unsigned found = 0;
    for (unsigned i = 0; i < 15; i++) p[i] = given[i];
    stats_adjust(p, 15);
    for (unsigned i = 0; i < 15; i++) {
        assert_true(p[i] >= given[i]);
        assert_int_equal(p[i] <= 0.05, given[i] <= 0.0095);
        found += p[i] <= 0.05;
    }
    assert_int_equal(found, 4);
    near(p[1], .0001 * 15);
    near(p[5], .0095 * 15 / 4);
    near(p[7], .0298 * 15 / 7); /* never above that of a larger one */
    near(p[14], 1);
    stats_adjust(p, 0);
}

/* About normal, as a sum of twelve. */
static double noise(struct rng *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += (double)(rng_next(r) >> 11) / 9007199254740992.0;
    return sum;
}

/* The interval holds the truth about as often as it says, and is about as wide as a normal one. */
static void test_bootstrap(void **state)
{
    enum { TRIALS = 100, PAIRS = 16 };
    struct rng r = {1};
    unsigned held = 0;
    double width = 0;
    for (unsigned i = 0; i < TRIALS; i++) {
        double v[PAIRS];
        for (unsigned k = 0; k < PAIRS; k++) v[k] = 3 + noise(&r);
        struct stats_interval b = stats_bootstrap(v, PAIRS, 0.95, i);
        double centre = stats_centre(v, PAIRS);
        assert_true(b.low <= centre && centre <= b.high);
        held += b.low <= 3 && 3 <= b.high;
        width += (b.high - b.low) / TRIALS;
    }
    struct stats_interval one = stats_bootstrap(maize, 15, 0.95, 1),
                          same = stats_bootstrap(maize, 15, 0.95, 1);
    near(one.low, same.low);
    near(one.high, same.high);
    assert_in_range(held, TRIALS * 88 / 100, TRIALS * 98 / 100);
    assert_true(width > 0.8 && width < 1.1); /* 2 * 1.96 / sqrt(16) = 0.98 */
}

static void test_split(void **state)
{
    static const double v[] = {10, 11, 10, 12, 11, 10, 15, 16, 14, 15, 15, 16, 14};
    unsigned at;
    near(stats_best_split(v, ARRAY_LEN(v), &at), 21.907692307692304); /* by its definition, in Python */
    assert_int_equal(at, 6);
    /* a change that is taken back: the values up to that compare better than all */
    static const double back[] = {10, 11, 10, 12, 15, 16, 14, 15, 10, 11, 12, 10, 11};
    near(stats_best_split(back, ARRAY_LEN(back), &at), 12.666666666666666);
    assert_int_equal(at, 4);
    near(stats_best_split(v, 7, &at), 0);
    assert_int_equal(at, 0);
}

static void test_changes(void **state)
{
    struct rng r = {7};
    double v[60], flat[60];
    unsigned at[8], wrong = 0;
    for (unsigned i = 0; i < 60; i++) v[i] = (i < 20 ? 100 : i < 41 ? 103 : 99) + noise(&r) / 2;
    assert_int_equal(stats_changes(v, 60, at, 8), 2);
    assert_int_equal(at[0], 20);
    assert_int_equal(at[1], 41);
    assert_int_equal(stats_changes(v, 60, at, 1), 1);
    assert_int_equal(stats_changes(v, 3, at, 8), 0);
    for (unsigned i = 0; i < 60; i++) flat[i] = 5;
    assert_int_equal(stats_changes(flat, 60, at, 8), 0);
    /* where there is none, it is seen about once in a hundred series */
    for (unsigned trial = 0; trial < 100; trial++) {
        for (unsigned i = 0; i < 20; i++) v[i] = noise(&r);
        wrong += stats_changes(v, 20, at, 8) > 0;
    }
    assert_in_range(wrong, 0, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed_rank), cmocka_unit_test(test_critical_values),
        cmocka_unit_test(test_centre),      cmocka_unit_test(test_adjust),
        cmocka_unit_test(test_bootstrap),   cmocka_unit_test(test_split),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
