/* Conversions and integral rounding against MPFR's. NaNs between formats are in policy_test.c. */
#include "engine/fp/fp_oracle.h"

static const unsigned widths[] = {8, 16, 32, 64};

/* ---- between formats ---- */

static void check_convert(struct oracle *o, enum fp_fmt to, enum fp_fmt from, uint64_t a)
{
    if (!is_nan(from, a)) oracle_check(o, OP_CONVERT, to, from, (uint64_t[3]){a, 0, 0});
}

/* A number of the wider format at, or next to, one of the narrower one or the middle between two. */
static uint64_t near_narrower(struct oracle *o, enum fp_fmt wide, enum fp_fmt narrow)
{
    int spare = shapes[wide].frac - shapes[narrow].frac;
    uint64_t low = rng_below(&o->rng, 2) ? 1ull << (spare - 1) : 0, a;

    a = random_near(wide, &o->rng, 0, shapes[narrow].emax + shapes[narrow].frac) &
        ~bits_mask((unsigned)spare);
    if (exp_of(wide, a) < shapes[narrow].emin) /* subnormal there: fewer bits are kept */
        a &= ~bits_mask((unsigned)rng_below(&o->rng, (uint64_t)shapes[wide].frac));
    return (a | low) - 1 + rng_below(&o->rng, 3);
}

static void test_between_formats(void **state)
{
    struct oracle o;

    oracle_init(&o, 1);
    for (size_t i = 0; i < ARRAY_LEN(formats) * ARRAY_LEN(formats); i++) {
        enum fp_fmt from = formats[i / ARRAY_LEN(formats)], to = formats[i % ARRAY_LEN(formats)];

        oracle_corners(&o, from);
        for (unsigned k = 0; k < o.corners; k++) check_convert(&o, to, from, o.corner[k]);
        for (unsigned long n = random_count() / 2; n; n--) {
            check_convert(&o, to, from, random_operand(from, &o.rng));
            if (to < from) check_convert(&o, to, from, near_narrower(&o, from, to));
        }
        for (uint64_t a = 0; from == FP_F16 && a < 0x10000; a++) check_convert(&o, to, from, a);
    }
    oracle_free(&o);
}

/* ---- to integral values: MPFR's own functions for them ---- */

/* in[0] rounded to an integral value in o->out; whether that changed it. */
static bool integral(struct oracle *o, enum fp_round r)
{
    switch (r) {
    case FP_RNE: mpfr_roundeven(o->out, o->in[0]); break;
    case FP_RTZ: mpfr_trunc(o->out, o->in[0]); break;
    case FP_RDN: mpfr_floor(o->out, o->in[0]); break;
    case FP_RUP: mpfr_ceil(o->out, o->in[0]); break;
    case FP_RMM: mpfr_round(o->out, o->in[0]); break;
    case FP_ODD:
        /* of the two integers around it the odd one */
        mpfr_floor(o->out, o->in[0]);
        mpfr_div_2ui(o->scaled, o->out, 1, MPFR_RNDZ);
        if (mpfr_integer_p(o->scaled)) mpfr_ceil(o->out, o->in[0]);
        break;
    }
    return !mpfr_equal_p(o->out, o->in[0]);
}

/* What does not fit: RISC-V "F" (domains of conversions), Arm ARM FPToFixed and SatQ, Intel SDM 1 4.8.1 and
 * the AVX-512 pages. */
static uint64_t want_unfit(const struct variant *v, bool nan, bool negative, unsigned width, bool is_signed)
{
    uint64_t min = is_signed ? 1ull << (width - 1) : 0, max = bits_mask(is_signed ? width - 1 : width);

    if (v->arch == X86) return is_signed ? min : max;
    if (nan) return v->arch == ARM64 ? 0 : max;
    return negative ? min : max;
}

static struct outcome want_int(struct oracle *o, const struct variant *v, enum fp_round r, unsigned width,
                               bool is_signed)
{
    bool inexact, low, high;

    if (mpfr_nan_p(o->in[0])) return (struct outcome){want_unfit(v, true, false, width, is_signed), FP_NV};
    inexact = !mpfr_inf_p(o->in[0]) && integral(o, r);
    if (mpfr_inf_p(o->in[0])) mpfr_set(o->out, o->in[0], MPFR_RNDZ);
    low = mpfr_cmp_si_2exp(o->out, is_signed ? -1 : 0, width - 1) < 0;
    high = mpfr_cmp_si_2exp(o->out, 1, is_signed ? width - 1 : width) >= 0;
    if (low || high) return (struct outcome){want_unfit(v, false, low, width, is_signed), FP_NV};
    return (struct outcome){
        (is_signed ? (uint64_t)mpfr_get_sj(o->out, MPFR_RNDZ) : mpfr_get_uj(o->out, MPFR_RNDZ)) &
            bits_mask(width),
        inexact ? FP_NX : 0};
}

static void check_to_int(struct oracle *o, enum fp_fmt f, uint64_t a)
{
    char name[32];

    for (unsigned k = 0; k < ARRAY_LEN(widths) * 2; k++)
        for (const struct variant *v = o->v; v < o->v + VARIANTS; v++) {
            struct call call = {name, v->name, shapes[f].name, {a, 0, 0}, FP_RNE};

            snprintf(name, sizeof name, "to_%sint%u", k & 1 ? "" : "u", widths[k / 2]);
            oracle_load(o->in[0], f, seen_by(v, f, a));
            for (; call.r <= FP_ODD; call.r++) {
                struct outcome got = {0, 0}, want = want_int(o, v, call.r, widths[k / 2], k & 1);

                want.flags |= want_id(f, v, (uint64_t[3]){a, 0, 0}, 1, true);
                got.bits = fp_to_int(f, a, widths[k / 2], k & 1, call.r, &v->policy, &got.flags);
                check(&call, got, want);
            }
        }
}

static void check_round_int(struct oracle *o, enum fp_fmt f, uint64_t a)
{
    for (const struct variant *v = o->v; v < o->v + VARIANTS; v++) {
        struct call call = {"round_int", v->name, shapes[f].name, {a, 0, 0}, FP_RNE};
        uint64_t x = seen_by(v, f, a);

        oracle_load(o->in[0], f, x);
        for (; call.r <= FP_ODD; call.r++)
            for (call.in[1] = 0; call.in[1] < 2; call.in[1]++) {
                struct outcome got = {0, 0}, want;
                struct ref ref;

                if (is_nan(f, a)) {
                    want = want_nan(f, v, OP_SQRT, (uint64_t[3]){a, 0, 0});
                } else {
                    bool changed = integral(o, call.r);

                    ref_read(o, &ref, f, false);
                    want = want_op(&ref, OP_SQRT, f, f, (uint64_t[3]){x, 0, 0}, call.r, &o->v[0]);
                    want.flags = changed && call.in[1] ? FP_NX : 0;
                    want.flags |= want_id(f, v, (uint64_t[3]){a, 0, 0}, 1, true);
                }
                got.bits = fp_round_int(f, a, call.r, call.in[1], &v->policy, &got.flags);
                check(&call, got, want);
            }
    }
}

static void test_integral_half_exhaustive(void **state)
{
    struct oracle o;

    oracle_init(&o, 2);
    for (uint64_t a = 0; a < 0x10000; a++) {
        check_round_int(&o, FP_F16, a);
        check_to_int(&o, FP_F16, a);
    }
    oracle_free(&o);
}

static void test_integral(void **state)
{
    struct oracle o;

    oracle_init(&o, 3);
    for (size_t i = 1; i < ARRAY_LEN(formats); i++) {
        enum fp_fmt f = formats[i];

        oracle_corners(&o, f);
        for (unsigned k = 0; k < o.corners; k++) {
            check_round_int(&o, f, o.corner[k]);
            check_to_int(&o, f, o.corner[k]);
        }
        for (unsigned long n = random_count() / 8; n; n--) {
            uint64_t a = random_near(f, &o.rng, (int)rng_below(&o.rng, 66) - 1, 0);

            if (rng_below(&o.rng, 2)) a = random_operand(f, &o.rng);
            check_round_int(&o, f, a);
            check_to_int(&o, f, a);
        }
    }
    oracle_free(&o);
}

/* ---- from integers ---- */

static void check_from_int(struct oracle *o, enum fp_fmt f, uint64_t bits, unsigned width, bool is_signed)
{
    struct call call = {
        is_signed ? "from_int" : "from_uint", "riscv", shapes[f].name, {bits, width, 0}, FP_RNE};
    struct ref ref;

    if (is_signed)
        mpfr_set_sj(o->out, bits_sext(bits, width), MPFR_RNDZ);
    else
        mpfr_set_uj(o->out, bits & bits_mask(width), MPFR_RNDZ);
    mpfr_clear_flags();
    ref_read(o, &ref, f, false);
    for (; call.r <= FP_ODD; call.r++) {
        struct outcome got = {0, 0};

        got.bits = fp_from_int(f, bits, width, is_signed, call.r, &fp_policy_riscv, &got.flags);
        check(&call, got, want_op(&ref, OP_CONVERT, f, f, (uint64_t[3]){0}, call.r, &o->v[0]));
    }
}

static void test_from_int(void **state)
{
    struct oracle o;

    oracle_init(&o, 4);
    for (size_t i = 0; i < ARRAY_LEN(formats) * 2; i++) {
        enum fp_fmt f = formats[i / 2];

        for (uint64_t v = 0; v < 0x10000; v++) {
            check_from_int(&o, f, v, 16, i & 1);
            check_from_int(&o, f, v, 8, i & 1); /* upper bits are ignored */
        }
        /* every 2^n + 2^m and the like: halfway cases of all widths */
        for (unsigned n = 0; n < 64; n++)
            for (unsigned m = 0; m < 64; m++)
                for (uint64_t d = 0; d < 4; d++) {
                    check_from_int(&o, f, (1ull << n) + (1ull << m) - d, 64, i & 1);
                    check_from_int(&o, f, (1ull << n) - (1ull << m) - d, 32, i & 1);
                }
        for (unsigned long n = random_count(); n; n--)
            check_from_int(&o, f, rng_next(&o.rng) >> rng_below(&o.rng, 64), widths[rng_below(&o.rng, 4)],
                           i & 1);
    }
    oracle_free(&o);
}

/* ---- modular ---- */

static void check_modular(struct oracle *o, mpz_ptr z, uint64_t a)
{
    struct call call = {"to_int32_modular", "riscv", "f64", {a, 0, 0}, FP_RTZ};
    struct outcome got = {0, 0}, want;

    oracle_load(o->in[0], FP_F64, a);
    want = want_int(o, &o->v[0], FP_RTZ, 32, true);
    mpz_set_ui(z, 0);
    if (mpfr_number_p(o->in[0])) mpfr_get_z(z, o->in[0], MPFR_RNDZ);
    mpz_fdiv_r_2exp(z, z, 32); /* floor: the two's complement of a negative one */
    want.bits = (uint64_t)bits_sext(mpz_get_ui(z), 32);
    got.bits = fp_to_int32_modular(a, &got.flags);
    check(&call, got, want);
}

static void test_modular(void **state)
{
    struct oracle o;
    mpz_t z;

    oracle_init(&o, 5);
    mpz_init(z);
    oracle_corners(&o, FP_F64);
    for (unsigned k = 0; k < o.corners; k++) check_modular(&o, z, o.corner[k]);
    for (unsigned long n = random_count(); n; n--) {
        check_modular(&o, z, random_operand(FP_F64, &o.rng));
        check_modular(&o, z, random_near(FP_F64, &o.rng, 50, 52));
        check_modular(&o, z, random_near(FP_F64, &o.rng, 31, 1));
    }
    mpz_clear(z);
    oracle_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between_formats), cmocka_unit_test(test_integral_half_exhaustive),
        cmocka_unit_test(test_integral),        cmocka_unit_test(test_from_int),
        cmocka_unit_test(test_modular),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
