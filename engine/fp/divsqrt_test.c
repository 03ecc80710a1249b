/* Division and square root against MPFR. */
#include "engine/fp/fp_oracle.h"

static void check_div(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b)
{
    oracle_check(o, OP_DIV, f, f, (uint64_t[3]){a, b, 0});
}

static void check_sqrt(struct oracle *o, enum fp_fmt f, uint64_t a)
{
    oracle_check(o, OP_SQRT, f, f, (uint64_t[3]){a, 0, 0});
}

static void check_both(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b)
{
    if (b == o->corner[0]) check_sqrt(o, f, a); /* once for each a */
    check_div(o, f, a, b);
}

static void test_corners(void **state)
{
    oracle_corner_pairs(check_both);
}

static void try_div(struct oracle *o, enum fp_fmt f)
{
    uint64_t a = random_operand(f, &o->rng), b = random_operand(f, &o->rng);

    check_div(o, f, a, b);
    check_div(o, f, a, random_near(f, &o->rng, exp_of(f, a), 2));
}

static void test_random_div(void **state)
{
    oracle_random(2, random_count(), try_div);
}

/* Quotients about the smallest normal and subnormal numbers, where halves occur, and about the largest. */
static void try_quotients_at_the_ends(struct oracle *o, enum fp_fmt f)
{
    const struct shape *s = &shapes[f];
    const int goals[] = {s->emin, s->emin - s->frac, s->emin - s->frac / 2, s->emax};
    uint64_t b = random_near(f, &o->rng, random_exp(f, &o->rng), 0);
    int goal = goals[rng_below(&o->rng, ARRAY_LEN(goals))];

    check_div(o, f, random_near(f, &o->rng, goal + exp_of(f, b), 2), b);
}

static void test_random_quotients_at_the_ends(void **state)
{
    oracle_random(3, random_count(), try_quotients_at_the_ends);
}

/* Roots of anything, and of the neighbours of squares, where a root is exact or as good as. */
static void try_sqrt(struct oracle *o, enum fp_fmt f)
{
    uint64_t root = random_near(f, &o->rng, 0, shapes[f].emax / 2 - 1), square;
    unsigned ex = 0;

    check_sqrt(o, f, random_operand(f, &o->rng) & bits_mask((unsigned)shapes[f].width - 1));
    root &= ~bits_mask((unsigned)rng_below(&o->rng, (uint64_t)shapes[f].frac));
    square = fp_mul(f, root, root, FP_RNE, &fp_policy_riscv, &ex);
    check_sqrt(o, f, square - 1 + rng_below(&o->rng, 3));
}

static void test_random_sqrt(void **state)
{
    oracle_random(4, random_count(), try_sqrt);
}

static void test_half_exhaustive(void **state)
{
    struct oracle o;

    oracle_init(&o, 5);
    for (uint64_t a = 0; a < 0x10000; a++) {
        check_sqrt(&o, FP_F16, a);
        check_div(&o, FP_F16, a, random_operand(FP_F16, &o.rng));
        check_div(&o, FP_F16, random_operand(FP_F16, &o.rng), a);
    }
    oracle_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_random_div),
        cmocka_unit_test(test_random_quotients_at_the_ends),
        cmocka_unit_test(test_random_sqrt),
        cmocka_unit_test(test_half_exhaustive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
