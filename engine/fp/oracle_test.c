/* The tests' own rounding rule (fp_oracle.h) against MPFR's, in the four modes that MPFR has.
 *
 * MPFR is told the format's precision and exponent range and rounds by itself, subnormal results with
 * mpfr_subnormalize. Nothing of the code under test is involved.
 */
#include "engine/fp/fp_oracle.h"

static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_SQRT, OP_FMA};
static const mpfr_rnd_t mpfr_modes[] = {
    [FP_RNE] = MPFR_RNDN, [FP_RTZ] = MPFR_RNDZ, [FP_RDN] = MPFR_RNDD, [FP_RUP] = MPFR_RNDU};

/* Values and flags but for underflow, of which MPFR has another notion. */
static void check_rule(struct oracle *o, mpfr_ptr own, enum op op, enum fp_fmt f, const uint64_t in[3])
{
    const struct shape *s = &shapes[f];
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    struct ref ref;

    ref_compute(o, &ref, op, f, f, in);
    for (enum fp_round r = FP_RNE; r <= FP_RUP; r++) {
        struct outcome w = want_op(&ref, op, f, f, in, r, &o->v[0]);
        int cut_off;

        mpfr_set_emin(s->emin - s->frac + 1);
        mpfr_set_emax(s->emax + 1);
        mpfr_clear_flags();
        mpfr_swap(o->out, own);
        cut_off = oracle_compute(o, op, mpfr_modes[r]);
        cut_off = mpfr_subnormalize(o->out, cut_off, mpfr_modes[r]);
        mpfr_swap(o->out, own);
        mpfr_set_emin(emin);
        mpfr_set_emax(emax);
        oracle_load(o->scaled, f, w.bits);
        if (mpfr_nan_p(own)) {
            assert_true(mpfr_nan_p(o->scaled) && w.flags == FP_NV);
            continue;
        }
        if (!mpfr_equal_p(own, o->scaled) || mpfr_signbit(own) != mpfr_signbit(o->scaled))
            fail_msg("%s op %d %s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 "): the rule gives %#" PRIx64,
                     s->name, op, round_names[r], in[0], in[1], in[2], w.bits);
        assert_int_equal(!!(w.flags & FP_NX), cut_off != 0);
        assert_int_equal(!!(w.flags & FP_OF), !!mpfr_overflow_p());
        assert_int_equal(!!(w.flags & FP_DZ), !!mpfr_divby0_p());
    }
}

static void test_rule_is_mpfrs(void **state)
{
    struct oracle o;
    mpfr_t own;

    oracle_init(&o, 1);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        enum fp_fmt f = formats[i];

        mpfr_init2(own, shapes[f].frac + 1);
        oracle_corners(&o, f);
        for (unsigned long n = random_count() / 4; n; n--) {
            uint64_t a = random_operand(f, &o.rng);
            uint64_t in[3] = {a, random_near(f, &o.rng, exp_of(f, a), 3),
                              o.corner[rng_below(&o.rng, o.corners)]};

            if (rng_below(&o.rng, 2)) in[1] = o.corner[rng_below(&o.rng, o.corners)];
            if (rng_below(&o.rng, 2)) in[2] = random_near(f, &o.rng, exp_of(f, a) + exp_of(f, in[1]), 9);
            if (is_nan(f, in[0]) || is_nan(f, in[1]) || is_nan(f, in[2])) continue;
            for (size_t k = 0; k < ARRAY_LEN(ops); k++) check_rule(&o, own, ops[k], f, in);
        }
        mpfr_clear(own);
    }
    oracle_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule_is_mpfrs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
