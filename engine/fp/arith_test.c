/* Addition, subtraction and multiplication against MPFR. */
#include "engine/fp/fp_oracle.h"

static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL};

static void check_all(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b)
{
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) oracle_check(o, ops[i], f, f, (uint64_t[3]){a, b, 0});
}

static void test_corner_cross(void **state)
{
    struct oracle o;

    oracle_init(&o, 1);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        oracle_corners(&o, formats[i]);
        for (unsigned a = 0; a < o.corners; a++)
            for (unsigned b = 0; b < o.corners; b++) check_all(&o, formats[i], o.corner[a], o.corner[b]);
    }
    oracle_free(&o);
}

static void test_random(void **state)
{
    struct oracle o;

    oracle_init(&o, 2);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        enum fp_fmt f = formats[i];

        for (unsigned long n = random_count(); n; n--)
            check_all(&o, f, random_operand(f, &o.rng), random_operand(f, &o.rng));
    }
    oracle_free(&o);
}

/* Sums whose terms overlap, cancel, or just miss each other. */
static void test_random_close_exponents(void **state)
{
    struct oracle o;

    oracle_init(&o, 3);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        enum fp_fmt f = formats[i];

        for (unsigned long n = random_count(); n; n--) {
            uint64_t a = random_operand(f, &o.rng);
            int spread = rng_below(&o.rng, 2) ? 2 : shapes[f].frac + 3;

            check_all(&o, f, a, random_near(f, &o.rng, exp_of(f, a), spread));
        }
    }
    oracle_free(&o);
}

/* Products about the smallest normal and subnormal numbers, and about the largest. */
static void test_random_products_at_the_ends(void **state)
{
    struct oracle o;

    oracle_init(&o, 4);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const struct shape *s = &shapes[formats[i]];
        enum fp_fmt f = formats[i];

        for (unsigned long n = random_count(); n; n--) {
            const int goals[] = {s->emin, s->emin - s->frac, s->emin - s->frac / 2, s->emax};
            uint64_t a = random_near(f, &o.rng, random_exp(f, &o.rng), 0);
            int goal = goals[rng_below(&o.rng, ARRAY_LEN(goals))];
            uint64_t b = random_near(f, &o.rng, goal - exp_of(f, a), 2);

            oracle_check(&o, OP_MUL, f, f, (uint64_t[3]){a, b, 0});
        }
    }
    oracle_free(&o);
}

/* Every half-precision number with a few partners. */
static void test_half_exhaustive(void **state)
{
    struct oracle o;

    oracle_init(&o, 5);
    oracle_corners(&o, FP_F16);
    for (uint64_t a = 0; a < 0x10000; a++) {
        check_all(&o, FP_F16, a, random_operand(FP_F16, &o.rng));
        check_all(&o, FP_F16, o.corner[rng_below(&o.rng, o.corners)], a);
    }
    oracle_free(&o);
}

/* Exceptions are added to those already there. */
static void test_exceptions_accumulate(void **state)
{
    unsigned ex = FP_DZ;

    fp_add(FP_F32, 0x3f800000, 0x33000001, FP_RNE, &fp_policy_riscv, &ex);
    assert_int_equal(ex, FP_DZ | FP_NX);
    fp_mul(FP_F32, 0x3f800000, 0x3f800000, FP_RNE, &fp_policy_riscv, &ex);
    assert_int_equal(ex, FP_DZ | FP_NX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corner_cross),           cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_close_exponents), cmocka_unit_test(test_random_products_at_the_ends),
        cmocka_unit_test(test_half_exhaustive),        cmocka_unit_test(test_exceptions_accumulate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
