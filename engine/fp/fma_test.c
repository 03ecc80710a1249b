/* Fused multiplication and addition against MPFR. */
#include "engine/fp/fp_oracle.h"

static void check_fma(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b, uint64_t c)
{
    oracle_check(o, OP_FMA, f, f, (uint64_t[3]){a, b, c});
}

/* A smaller list than corners(), for crossing three. */
#define SMALL_MAX 48

static unsigned small_corners(enum fp_fmt f, uint64_t out[SMALL_MAX])
{
    const struct shape *s = &shapes[f];
    const uint64_t ulps = bits_mask((unsigned)s->frac), top = 1ull << (s->frac - 1);
    unsigned n = 0;

    for (int sign = 0; sign < 2; sign++) {
        const uint64_t magnitudes[] = {
            bits_of(f, 0, s->emin - 1, 0),
            bits_of(f, 0, s->emin - 1, 1),
            bits_of(f, 0, s->emin - 1, top),
            bits_of(f, 0, s->emin - 1, ulps),
            bits_of(f, 0, s->emin, 0),
            bits_of(f, 0, s->emin, 1),
            bits_of(f, 0, s->emin / 2, ulps),
            bits_of(f, 0, -s->frac - 1, 0),
            bits_of(f, 0, -1, 0),
            bits_of(f, 0, -1, ulps),
            bits_of(f, 0, 0, 0),
            bits_of(f, 0, 0, 1),
            bits_of(f, 0, 0, top),
            bits_of(f, 0, 1, 0),
            bits_of(f, 0, s->frac < s->emax ? s->frac : s->emax, 0),
            bits_of(f, 0, s->emax, 0),
            bits_of(f, 0, s->emax, ulps),
            bits_of(f, 0, s->emax + 1, 0),
            bits_of(f, 0, s->emax + 1, top),
            bits_of(f, 0, s->emax + 1, 1),
            bits_of(f, 0, s->emax + 1, top - 1),
        };

        for (size_t i = 0; i < ARRAY_LEN(magnitudes); i++)
            out[n++] = magnitudes[i] | bits_of(f, sign, -s->emax, 0);
    }
    BUG_ON(n > SMALL_MAX);
    return n;
}

static void test_corner_cross(void **state)
{
    struct oracle o;
    uint64_t list[SMALL_MAX];

    oracle_init(&o, 1);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        unsigned n = small_corners(formats[i], list);

        for (unsigned a = 0; a < n; a++)
            for (unsigned b = 0; b < n; b++)
                for (unsigned c = 0; c < n; c++) check_fma(&o, formats[i], list[a], list[b], list[c]);
    }
    oracle_free(&o);
}

static void try_anything(struct oracle *o, enum fp_fmt f)
{
    uint64_t in[3];

    for (int k = 0; k < 3; k++)
        in[k] =
            rng_below(&o->rng, 4) ? random_operand(f, &o->rng) : o->corner[rng_below(&o->rng, o->corners)];
    check_fma(o, f, in[0], in[1], in[2]);
}

static void test_random(void **state)
{
    oracle_random(2, random_count(), try_anything);
}

/* Addends that overlap the product, or lie just below or above it. */
static void try_close_addend(struct oracle *o, enum fp_fmt f)
{
    const int spreads[] = {2, shapes[f].frac + 3, 2 * shapes[f].frac + 6};
    uint64_t a = random_near(f, &o->rng, 0, shapes[f].emax / 2), b = random_operand(f, &o->rng);
    int spread = spreads[rng_below(&o->rng, ARRAY_LEN(spreads))];

    check_fma(o, f, a, b, random_near(f, &o->rng, exp_of(f, a) + exp_of(f, b), spread));
}

static void test_random_close_addend(void **state)
{
    oracle_random(3, random_count(), try_close_addend);
}

/* Addends that are the product rounded, or next to it: what is left is the product's lower half. */
static void try_cancellation(struct oracle *o, enum fp_fmt f)
{
    uint64_t a = random_near(f, &o->rng, 0, shapes[f].emax / 2), b = random_operand(f, &o->rng), c;
    unsigned ex = 0;

    c = fp_mul(f, a, b, FP_RNE, &fp_policy_riscv, &ex) ^ 1ull << (shapes[f].width - 1);
    check_fma(o, f, a, b, rng_below(&o->rng, 2) ? c : c ^ rng_below(&o->rng, 4));
}

static void test_random_cancellation(void **state)
{
    oracle_random(4, random_count(), try_cancellation);
}

/* Results about the smallest normal and subnormal numbers: underflow, on both sides of rounding. */
static void try_at_the_ends(struct oracle *o, enum fp_fmt f)
{
    const struct shape *s = &shapes[f];
    const int goals[] = {s->emin, s->emin - s->frac, s->emin - 2 * s->frac, s->emax};
    uint64_t a = random_near(f, &o->rng, random_exp(f, &o->rng), 0);
    int goal = goals[rng_below(&o->rng, ARRAY_LEN(goals))];
    uint64_t b = random_near(f, &o->rng, goal - exp_of(f, a), 2);

    check_fma(o, f, a, b, random_near(f, &o->rng, goal, rng_below(&o->rng, 2) ? 2 : s->frac));
}

static void test_random_at_the_ends(void **state)
{
    oracle_random(5, random_count(), try_at_the_ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corner_cross),        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_close_addend), cmocka_unit_test(test_random_cancellation),
        cmocka_unit_test(test_random_at_the_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
