/* Addition, subtraction and multiplication against MPFR. */
#include "engine/fp/fp_oracle.h"

static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL};

static void check_all(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b)
{
    const uint64_t in[3] = {a, b, 0};

    for (size_t i = 0; i < ARRAY_LEN(ops); i++) oracle_check(o, ops[i], f, f, in);
}

static void test_corner_cross(void **state)
{
    oracle_corner_pairs(check_all);
}

static void try_anything(struct oracle *o, enum fp_fmt f)
{
    check_all(o, f, random_operand(f, &o->rng), random_operand(f, &o->rng));
}

static void test_random(void **state)
{
    oracle_random(2, random_count(), try_anything);
}

/* Sums whose terms overlap, cancel, or just miss each other. */
static void try_close_exponents(struct oracle *o, enum fp_fmt f)
{
    uint64_t a = random_operand(f, &o->rng);
    int spread = rng_below(&o->rng, 2) ? 2 : shapes[f].frac + 3;

    check_all(o, f, a, random_near(f, &o->rng, exp_of(f, a), spread));
}

static void test_random_close_exponents(void **state)
{
    oracle_random(3, random_count(), try_close_exponents);
}

/* Products about the smallest normal and subnormal numbers, and about the largest. */
static void try_products_at_the_ends(struct oracle *o, enum fp_fmt f)
{
    const struct shape *s = &shapes[f];
    const int goals[] = {s->emin, s->emin - s->frac, s->emin - s->frac / 2, s->emax};
    uint64_t a = random_near(f, &o->rng, random_exp(f, &o->rng), 0);
    int goal = goals[rng_below(&o->rng, ARRAY_LEN(goals))];
    uint64_t b = random_near(f, &o->rng, goal - exp_of(f, a), 2);

    oracle_check(o, OP_MUL, f, f, (uint64_t[3]){a, b, 0});
}

static void test_random_products_at_the_ends(void **state)
{
    oracle_random(4, random_count(), try_products_at_the_ends);
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
