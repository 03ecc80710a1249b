/* Comparison, minimum, maximum and classification: order from MPFR, NaNs and zeros from the manuals' prose.
 */
#include "engine/fp/fp_oracle.h"

/* FP_ID of a comparison: as of arithmetic, preempted by a NaN. */
static unsigned compare_id(enum fp_fmt f, const struct variant *v, uint64_t a, uint64_t b)
{
    return want_id(f, v, (uint64_t[3]){a, b, 0}, 2, is_nan(f, a) || is_nan(f, b));
}

static void check_relations(struct oracle *o, enum fp_fmt f, const struct variant *v, uint64_t a, uint64_t b)
{
    bool (*const relations[])(enum fp_fmt, uint64_t, uint64_t, bool, const struct fp_policy *,
                              unsigned *) = {fp_eq, fp_lt, fp_le};
    static const char *const names[] = {"eq", "lt", "le"};
    const bool want[] = {mpfr_equal_p(o->in[0], o->in[1]), mpfr_less_p(o->in[0], o->in[1]),
                         mpfr_lessequal_p(o->in[0], o->in[1])};
    bool nan = is_nan(f, a) || is_nan(f, b), snan = is_snan(f, a) || is_snan(f, b);

    for (unsigned k = 0; k < ARRAY_LEN(relations) * 2; k++) {
        struct call call = {names[k / 2], v->name, shapes[f].name, {a, b, k & 1}, FP_RNE};
        struct outcome got = {0, 0}, w = {want[k / 2], compare_id(f, v, a, b)};

        got.bits = relations[k / 2](f, a, b, k & 1, &v->policy, &got.flags);
        w.flags |= snan || (nan && k & 1) ? FP_NV : 0;
        check(&call, got, w);
    }
    assert_int_equal(fp_unordered(f, a, b), nan);
}

/* IEEE 754-2019 9.6 and the instructions' pages; `order` is below 0 for a < b. Operands are flushed already.
 */
static struct outcome want_minmax(enum fp_fmt f, const struct variant *v, enum fp_minmax_rule rule,
                                  const uint64_t in[3], int order, bool want_max)
{
    const uint64_t a = in[0], b = in[1];
    bool anan = is_nan(f, a), bnan = is_nan(f, b), snan = is_snan(f, a) || is_snan(f, b);
    struct outcome w = {0, snan ? FP_NV : 0};

    if (rule == FP_MINMAX_SECOND) {
        w.flags = anan || bnan ? FP_NV : 0;
        w.bits = !anan && !bnan && (want_max ? order > 0 : order < 0) ? a : b;
    } else if (anan || bnan) {
        bool number = rule == FP_MINMAX_NUMBER || (rule == FP_MINMAX_NUM2008 && !snan);

        if (number && !anan)
            w.bits = a;
        else if (number && !bnan)
            w.bits = b;
        else
            w.bits = want_nan(f, v, OP_ADD, in).bits;
    } else if (order == 0) {
        w.bits = want_max == sign_of(f, a) ? b : a; /* the same, or zeros */
    } else {
        w.bits = (order < 0) == want_max ? b : a;
    }
    return w;
}

static void check_minmax(struct oracle *o, enum fp_fmt f, const struct variant *v, uint64_t a, uint64_t b)
{
    const uint64_t in[3] = {seen_by(v, f, a), seen_by(v, f, b), 0};
    bool nan = is_nan(f, a) || is_nan(f, b);
    int order = nan ? 0 : mpfr_cmp(o->in[0], o->in[1]);

    for (unsigned k = 0; k < 8; k++) {
        struct call call = {k & 1 ? "max" : "min", v->name, shapes[f].name, {a, b, k >> 1}, FP_RNE};
        struct fp_policy p = v->policy;
        struct outcome got = {0, 0}, want;

        p.minmax = k >> 1;
        want = want_minmax(f, v, p.minmax, in, order, k & 1);
        want.flags |= compare_id(f, v, a, b);
        got.bits = (k & 1 ? fp_max : fp_min)(f, a, b, &p, &got.flags);
        check(&call, got, want);
    }
}

static void check_pair(struct oracle *o, enum fp_fmt f, uint64_t a, uint64_t b)
{
    for (const struct variant *v = o->v; v < o->v + VARIANTS; v++) {
        oracle_load(o->in[0], f, seen_by(v, f, a));
        oracle_load(o->in[1], f, seen_by(v, f, b));
        check_relations(o, f, v, a, b);
        check_minmax(o, f, v, a, b);
    }
}

static void test_corner_cross(void **state)
{
    oracle_corner_pairs(check_pair);
}

static void try_anything(struct oracle *o, enum fp_fmt f)
{
    uint64_t a = random_operand(f, &o->rng);

    check_pair(o, f, a, random_operand(f, &o->rng));
    check_pair(o, f, a, a ^ rng_below(&o->rng, 4)); /* equal, or next to it */
}

static void test_random(void **state)
{
    oracle_random(2, random_count() / 2, try_anything);
}

static unsigned want_class(enum fp_fmt f, uint64_t a)
{
    bool sign = sign_of(f, a);

    if (is_nan(f, a)) return is_snan(f, a) ? 0x100 : 0x200;
    if (is_inf(f, a)) return sign ? 0x001 : 0x080;
    if (is_zero(f, a)) return sign ? 0x008 : 0x010;
    if (is_subnormal(f, a)) return sign ? 0x004 : 0x020;
    return sign ? 0x002 : 0x040;
}

static void check_class(enum fp_fmt f, uint64_t a)
{
    assert_int_equal(fp_classify(f, a), want_class(f, a));
    assert_int_equal(fp_is_nan(f, a), is_nan(f, a));
    assert_int_equal(fp_is_snan(f, a), is_snan(f, a));
}

static void test_classify(void **state)
{
    struct rng g = {3};
    uint64_t list[CORNERS_MAX];

    for (uint64_t a = 0; a < 0x10000; a++) check_class(FP_F16, a);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        for (unsigned n = corners(formats[i], list); n; n--) check_class(formats[i], list[n - 1]);
        for (unsigned long n = random_count(); n; n--)
            check_class(formats[i], random_operand(formats[i], &g));
    }
    /* RISC-V "F", FCLASS, by hand */
    assert_int_equal(fp_classify(FP_F32, 0xff800000), 1 << 0);
    assert_int_equal(fp_classify(FP_F32, 0xbf800000), 1 << 1);
    assert_int_equal(fp_classify(FP_F32, 0x80000001), 1 << 2);
    assert_int_equal(fp_classify(FP_F32, 0x80000000), 1 << 3);
    assert_int_equal(fp_classify(FP_F32, 0x00000000), 1 << 4);
    assert_int_equal(fp_classify(FP_F32, 0x007fffff), 1 << 5);
    assert_int_equal(fp_classify(FP_F32, 0x7f7fffff), 1 << 6);
    assert_int_equal(fp_classify(FP_F32, 0x7f800000), 1 << 7);
    assert_int_equal(fp_classify(FP_F32, 0xff800001), 1 << 8);
    assert_int_equal(fp_classify(FP_F32, 0xffc00000), 1 << 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corner_cross),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_classify),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
