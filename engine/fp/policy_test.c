/* What the manuals say in words or tables, by hand: NaNs, flushing, minimum and maximum, saturation.
 *
 * Single precision where the format does not matter: q and s are quiet and signalling NaNs with payloads.
 */
#include "engine/fp/fp_test.h"

enum {
    ONE = 0x3f800000,
    TWO = 0x40000000,
    INF = 0x7f800000,
    Q1 = 0x7fc00001,
    Q2 = 0x7fc00002,
    S1 = 0x7f800011,
    S2 = 0x7f800012,
    S1_QUIET = 0x7fc00011,
    S2_QUIET = 0x7fc00012,
    DEF = 0x7fc00000, /* RISC-V's canonical, Arm's default NaN */
    SUB = 0x00000001,
    MIN = 0x00800000, /* smallest normal number */
};
#define MINUS   0x80000000u
#define X86_DEF (MINUS | DEF)

static const struct fp_policy *const policies[] = {&fp_policy_riscv, &fp_policy_arm64, &fp_policy_x86};
static const char *const names[] = {"riscv", "arm64", "x86"};

static void test_default_nan(void **state)
{
    assert_int_equal(fp_default_nan(FP_F16, &fp_policy_riscv), 0x7e00);
    assert_int_equal(fp_default_nan(FP_F32, &fp_policy_riscv), 0x7fc00000);
    assert_int_equal(fp_default_nan(FP_F64, &fp_policy_riscv), 0x7ff8000000000000);
    assert_int_equal(fp_default_nan(FP_F64, &fp_policy_arm64), 0x7ff8000000000000);
    assert_int_equal(fp_default_nan(FP_F16, &fp_policy_x86), 0xfe00);
    assert_int_equal(fp_default_nan(FP_F32, &fp_policy_x86), 0xffc00000);
    assert_int_equal(fp_default_nan(FP_F64, &fp_policy_x86), 0xfff8000000000000);
}

/* Each operation of two operands chooses among NaNs in the same way; subtraction leaves their signs alone. */
static void test_nan_of_two(void **state)
{
    static const struct {
        uint32_t a, b;    /* operands */
        uint32_t want[3]; /* riscv, arm64, x86 */
        unsigned flags;   /* the same for all */
    } rows[] = {
        {Q1, ONE, {DEF, Q1, Q1}, 0},
        {ONE, Q1, {DEF, Q1, Q1}, 0},
        {Q1, Q2, {DEF, Q1, Q1}, 0},
        {Q1, S2, {DEF, S2_QUIET, Q1}, FP_NV},
        {S1, Q2, {DEF, S1_QUIET, S1_QUIET}, FP_NV},
        {S1, S2, {DEF, S1_QUIET, S1_QUIET}, FP_NV},
        {S2, ONE, {DEF, S2_QUIET, S2_QUIET}, FP_NV},
        {INF, S2, {DEF, S2_QUIET, S2_QUIET}, FP_NV},
        {MINUS | Q1, INF, {DEF, MINUS | Q1, MINUS | Q1}, 0},
        {0, MINUS | Q1, {DEF, MINUS | Q1, MINUS | Q1}, 0},
    };
    uint64_t (*const ops[])(enum fp_fmt, uint64_t, uint64_t, enum fp_round, const struct fp_policy *,
                            unsigned *) = {fp_add, fp_sub, fp_mul, fp_div};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned p = 0; p < 3; p++)
            for (size_t k = 0; k < ARRAY_LEN(ops); k++) {
                struct call call = {"two", names[p], "f32", {rows[i].a, rows[i].b, k}, FP_RNE};
                struct outcome got = {0, 0};

                got.bits = ops[k](FP_F32, rows[i].a, rows[i].b, FP_RNE, policies[p], &got.flags);
                check(&call, got, (struct outcome){rows[i].want[p], rows[i].flags});
            }
}

/* Arm ARM, FPMulAdd and FPProcessNaNs3; Intel SDM 1, chapter 14 (FMA numeric behaviour); RISC-V "F". */
static void test_nan_of_fma(void **state)
{
    static const struct {
        uint32_t a, b, c; /* operands */
        uint32_t want[3]; /* riscv, arm64, x86 */
        unsigned flags[3];
    } rows[] = {
        {Q1, ONE, Q2, {DEF, Q2, Q1}, {0, 0, 0}},
        {ONE, Q1, Q2, {DEF, Q2, Q1}, {0, 0, 0}},
        {Q1, Q2, ONE, {DEF, Q1, Q1}, {0, 0, 0}},
        {Q1, S2, ONE, {DEF, S2_QUIET, Q1}, {FP_NV, FP_NV, FP_NV}},
        {S1, S2, Q1, {DEF, S1_QUIET, S1_QUIET}, {FP_NV, FP_NV, FP_NV}},
        {S1, ONE, S2, {DEF, S2_QUIET, S1_QUIET}, {FP_NV, FP_NV, FP_NV}},
        {INF, 0, ONE, {DEF, DEF, X86_DEF}, {FP_NV, FP_NV, FP_NV}},
        {0, INF, Q1, {DEF, DEF, Q1}, {FP_NV, FP_NV, 0}},
        {INF, MINUS, Q1, {DEF, DEF, Q1}, {FP_NV, FP_NV, 0}},
        {INF, 0, S1, {DEF, S1_QUIET, S1_QUIET}, {FP_NV, FP_NV, FP_NV}},
        {INF, Q1, Q2, {DEF, Q2, Q1}, {0, 0, 0}},
        {INF, ONE, MINUS | INF, {DEF, DEF, X86_DEF}, {FP_NV, FP_NV, FP_NV}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned p = 0; p < 3; p++) {
            struct call call = {"fma", names[p], "f32", {rows[i].a, rows[i].b, rows[i].c}, FP_RNE};
            struct outcome got = {0, 0};

            got.bits = fp_fma(FP_F32, rows[i].a, rows[i].b, rows[i].c, FP_RNE, policies[p], &got.flags);
            check(&call, got, (struct outcome){rows[i].want[p], rows[i].flags[p]});
        }
}

/* A payload keeps its upper bits. */
static void test_nan_between_formats(void **state)
{
    static const struct {
        enum fp_fmt from, to;
        uint64_t a;                /* operand */
        uint64_t riscv, arm64_x86; /* results */
        unsigned flags;
    } rows[] = {
        {FP_F32, FP_F64, 0x7fc00001, 0x7ff8000000000000, 0x7ff8000020000000, 0},
        {FP_F32, FP_F64, 0xff800001, 0x7ff8000000000000, 0xfff8000020000000, FP_NV},
        {FP_F64, FP_F32, 0x7ff8000020000000, 0x7fc00000, 0x7fc00001, 0},
        {FP_F64, FP_F32, 0xfff0000000000001, 0x7fc00000, 0xffc00000, FP_NV},
        {FP_F64, FP_F16, 0x7ff4040000000000, 0x7e00, 0x7f01, FP_NV},
        {FP_F16, FP_F32, 0xfc01, 0x7fc00000, 0xffc02000, FP_NV},
        {FP_F16, FP_F64, 0x7eff, 0x7ff8000000000000, 0x7ffbfc0000000000, 0},
        {FP_F32, FP_F32, 0xff800001, 0x7fc00000, 0xffc00001, FP_NV},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned p = 0; p < 3; p++) {
            struct call call = {
                "convert", names[p], shapes[rows[i].from].name, {rows[i].a, rows[i].to, 0}, FP_RNE};
            struct outcome got = {0, 0};

            got.bits = fp_convert(rows[i].to, rows[i].from, rows[i].a, FP_RNE, policies[p], &got.flags);
            check(&call, got, (struct outcome){p ? rows[i].arm64_x86 : rows[i].riscv, rows[i].flags});
        }
}

/* RISC-V "F": FMIN and FMAX; Arm ARM: FMIN, FMINNM; Intel SDM 2: MINSS. Maxima mirror them:
 * compare_test.c. */
static void test_minimum(void **state)
{
    static const struct {
        enum fp_minmax_rule rule;
        unsigned policy; /* whose NaNs */
        uint32_t a, b, want;
        unsigned flags;
    } rows[] = {
        {FP_MINMAX_NUMBER, 0, S1, ONE, ONE, FP_NV},
        {FP_MINMAX_NUMBER, 0, ONE, Q1, ONE, 0},
        {FP_MINMAX_NUMBER, 0, Q1, Q2, DEF, 0},
        {FP_MINMAX_NUMBER, 0, Q1, S2, DEF, FP_NV},
        {FP_MINMAX_NUMBER, 0, 0, MINUS, MINUS, 0},
        {FP_MINMAX_NUMBER, 0, MINUS, 0, MINUS, 0},
        {FP_MINMAX_NAN, 0, Q1, ONE, DEF, 0},
        {FP_MINMAX_NAN, 1, ONE, Q1, Q1, 0},
        {FP_MINMAX_NAN, 1, Q1, S2, S2_QUIET, FP_NV},
        {FP_MINMAX_NAN, 1, 0, MINUS, MINUS, 0},
        {FP_MINMAX_NUM2008, 1, Q1, ONE, ONE, 0},
        {FP_MINMAX_NUM2008, 1, S1, ONE, S1_QUIET, FP_NV},
        {FP_MINMAX_NUM2008, 1, Q1, S2, S2_QUIET, FP_NV},
        {FP_MINMAX_NUM2008, 1, Q1, Q2, Q1, 0},
        {FP_MINMAX_SECOND, 2, Q1, ONE, ONE, FP_NV},
        {FP_MINMAX_SECOND, 2, ONE, S1, S1, FP_NV},
        {FP_MINMAX_SECOND, 2, Q1, Q2, Q2, FP_NV},
        {FP_MINMAX_SECOND, 2, MINUS, 0, 0, 0},
        {FP_MINMAX_SECOND, 2, 0, MINUS, MINUS, 0},
        {FP_MINMAX_SECOND, 2, ONE, SUB, SUB, FP_ID},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct call call = {
            "min", names[rows[i].policy], "f32", {rows[i].a, rows[i].b, rows[i].rule}, FP_RNE};
        struct fp_policy p = *policies[rows[i].policy];
        struct outcome got = {0, 0};

        p.minmax = rows[i].rule;
        got.bits = fp_min(FP_F32, rows[i].a, rows[i].b, &p, &got.flags);
        check(&call, got, (struct outcome){rows[i].want, rows[i].flags});
    }
}

/* RISC-V "F", domains of conversions, and the rule that what rounds into range is merely inexact; Arm's and
 * Intel's indefinites. */
static void test_integers_that_do_not_fit(void **state)
{
    static const struct {
        unsigned policy, width;
        bool is_signed;
        uint32_t a; /* single precision, toward zero */
        uint64_t want;
        unsigned flags;
    } rows[] = {
        {0, 32, true, Q1, 0x7fffffff, FP_NV},
        {0, 32, true, MINUS | INF, 0x80000000, FP_NV},
        {0, 32, false, MINUS | ONE, 0, FP_NV},
        {0, 32, false, 0xbf7fffff, 0, FP_NX}, /* just above -1 */
        {0, 64, false, 0xbf000000, 0, FP_NX}, /* -0.5 */
        {0, 64, false, MINUS | INF, 0, FP_NV},
        {0, 64, false, Q1, UINT64_MAX, FP_NV},
        {0, 64, true, 0x5f000000, INT64_MAX, FP_NV}, /* 2^63 */
        {0, 64, true, 0xdf000000, 1ull << 63, 0},
        {1, 32, true, Q1, 0, FP_NV},
        {1, 32, true, INF, 0x7fffffff, FP_NV},
        {1, 32, false, MINUS | ONE, 0, FP_NV},
        {2, 32, true, Q1, 0x80000000, FP_NV},
        {2, 32, true, INF, 0x80000000, FP_NV},
        {2, 64, true, 0x5f000000, 1ull << 63, FP_NV},
        {2, 32, false, MINUS | ONE, UINT32_MAX, FP_NV},
        {2, 32, false, 0xbf000000, 0, FP_NX},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct call call = {
            "to_int", names[rows[i].policy], "f32", {rows[i].a, rows[i].width, rows[i].is_signed}, FP_RTZ};
        struct outcome got = {0, 0};

        got.bits = fp_to_int(FP_F32, rows[i].a, rows[i].width, rows[i].is_signed, FP_RTZ,
                             policies[rows[i].policy], &got.flags);
        check(&call, got, (struct outcome){rows[i].want, rows[i].flags});
    }
}

/* RISC-V "Zfa", FCVTMOD.W.D. */
static void test_modular(void **state)
{
    static const struct {
        uint64_t a, want;
        unsigned flags;
    } rows[] = {
        {0x7ff0000000000000, 0, FP_NV},                  /* inf */
        {0x7ff8000000000000, 0, FP_NV},                  /* NaN */
        {0x41e0000000000000, 0xffffffff80000000, FP_NV}, /* 2^31 */
        {0xc1e0000000000000, 0xffffffff80000000, 0},     /* -2^31 */
        {0xc1e0000000100000, 0xffffffff80000000, FP_NX}, /* -2^31 - 0.5 */
        {0xc1e0000000200000, 0x7fffffff, FP_NV},         /* -2^31 - 1 */
        {0x41f0000000180000, 1, FP_NV},                  /* 2^32 + 1.5 */
        {0x4530000000000001, 0, FP_NV},                  /* 2^84 + 2^32 */
        {0x4520000000000001, 0xffffffff80000000, FP_NV}, /* 2^83 + 2^31 */
        {0xbff8000000000000, UINT64_MAX, FP_NX},         /* -1.5 */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct call call = {"to_int32_modular", "riscv", "f64", {rows[i].a, 0, 0}, FP_RTZ};
        struct outcome got = {0, 0};

        got.bits = fp_to_int32_modular(rows[i].a, &got.flags);
        check(&call, got, (struct outcome){rows[i].want, rows[i].flags});
    }
}

/* Arm ARM, FPCR.FZ in FPUnpack and FPRoundBase; Intel SDM 1, 10.2.3.3 and 10.2.3.4. */
static void test_flushing(void **state)
{
    static const struct {
        unsigned policy; /* whose */
        bool in, out;    /* which flushing is on */
        uint32_t a, b;   /* factors */
        uint32_t want;
        unsigned flags;
    } rows[] = {
        {1, true, true, SUB, ONE, 0, FP_ID},
        {1, true, true, MINUS | SUB, Q1, Q1, FP_ID},
        {1, true, true, SUB, INF, DEF, FP_NV | FP_ID},
        {1, true, true, MIN, 0x3f000000, 0, FP_UF}, /* exactly half the smallest normal number */
        {1, true, true, MIN, 0x3f7fffff, 0, FP_UF}, /* would round up to it: tiny before rounding */
        /* 2^-126 * (1 - 2^-46): rounds up to 2^-126 with any exponent range, so it is tiny only before that
         */
        {0, false, false, MIN | 1, 0x3f7ffffe, MIN, FP_NX},
        {1, false, false, MIN | 1, 0x3f7ffffe, MIN, FP_UF | FP_NX},
        {2, false, true, MIN | 1, 0x3f7ffffe, MIN, FP_NX},
        /* 2^-126 * (1 - 2^-24): has no need of rounding but for the exponent range */
        {0, false, false, MIN, 0x3f7fffff, MIN, FP_UF | FP_NX},
        {1, false, false, MIN, 0x3f7fffff, MIN, FP_UF | FP_NX},
        {2, false, true, MIN, 0x3f000000, 0, FP_UF | FP_NX}, /* an exact result is said to be inexact */
        {2, false, true, MINUS | SUB, ONE, MINUS, FP_UF | FP_NX | FP_ID},
        {2, true, false, SUB, ONE, 0, 0},
        {2, true, false, SUB, INF, X86_DEF, FP_NV},
        {2, false, false, SUB, ONE, SUB, FP_ID},
        {2, false, false, SUB, Q1, Q1, 0},
        {2, false, false, SUB, INF, INF, FP_ID},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct call call = {"mul", names[rows[i].policy], "f32", {rows[i].a, rows[i].b, 0}, FP_RNE};
        struct fp_policy p = *policies[rows[i].policy];
        struct outcome got = {0, 0};

        p.flush_inputs = rows[i].in;
        p.flush_outputs = rows[i].out;
        got.bits = fp_mul(FP_F32, rows[i].a, rows[i].b, FP_RNE, &p, &got.flags);
        check(&call, got, (struct outcome){rows[i].want, rows[i].flags});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_nan), cmocka_unit_test(test_nan_of_two),
        cmocka_unit_test(test_nan_of_fma),  cmocka_unit_test(test_nan_between_formats),
        cmocka_unit_test(test_minimum),     cmocka_unit_test(test_integers_that_do_not_fit),
        cmocka_unit_test(test_modular),     cmocka_unit_test(test_flushing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
