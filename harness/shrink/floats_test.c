/* Which floating-point number is simpler, and that every one comes down to the simplest of its kind. */
#include "harness/generate/values.h"
#include "harness/shrink/shrink.h"

#include "engine/fp/fp_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t box = 0xffffffff00000000;

static double value_of(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof(d));
    return d;
}

static void test_order(void **state)
{
    static const uint64_t ascending[] = {
        0x0000000000000000, /* 0 */
        0x3ff0000000000000, /* 1.0 */
        0xbff0000000000000, /* -1.0 */
        0x4000000000000000, /* 2.0 */
        0x4008000000000000, /* 3.0 */
        0xc008000000000000, /* -3.0 */
        0x8000000000000000, /* -0.0 */
        0x3fe0000000000000, /* 0.5 */
        0x7fe0000000000000, /* a power of two, and a large one */
        0x3ff8000000000000, /* 1.5 */
        0x3ff921fb54442d18, /* pi/2 */
        0xbff921fb54442d18, /* -pi/2 */
        0x7ff0000000000000, /* infinity */
        0xfff0000000000000, /* minus infinity */
        0x0000000000000001, /* the smallest subnormal */
        0x000fffffffffffff, /* the largest */
        0x7ff8000000000000, /* the canonical NaN */
        0xfff8000000000000, /* negative */
        0x7ff8000000000001, /* with a payload */
        0x7ff0000000000001, /* signalling */
        0xfff0000000000001, /* negative */
        0x7ff7ffffffffffff, /* with a payload */
    };
    (void)state;
    for (size_t i = 1; i < ARRAY_LEN(ascending); i++)
        if (float_rank(ascending[i - 1], NULL) >= float_rank(ascending[i], NULL))
            fail_msg("%016lx is not simpler than %016lx", (unsigned long)ascending[i - 1],
                     (unsigned long)ascending[i]);
    assert_true(float_rank(box | 0x7f800001, NULL) > float_rank(box | 0x7fc00000, NULL));
    assert_true(float_rank(box | 0x3f800000, NULL) < float_rank(box | 0x40000000, NULL));
    assert_true(float_rank(0x3f800000, &fp_layouts[1]) > float_rank(box | 0x7f800001, &fp_layouts[1]));
    assert_true(float_rank(box, &fp_layouts[2]) > float_rank(0x7ff8000000000000, &fp_layouts[2]));
}

/* ---- coming down ---- */

static bool is_any(uint64_t v)
{
    (void)v;
    return true;
}
static bool is_snan(uint64_t v)
{
    return fp_bits_nan(FP_F64, v) && !(v & fp_quiet_bit(FP_F64));
}
static bool is_nan(uint64_t v)
{
    return fp_bits_nan(FP_F64, v);
}
static bool is_subnormal(uint64_t v)
{
    return v << 1 && !(v << 1 >> 53);
}
static bool is_negative(uint64_t v)
{
    return v >> 63;
}
static bool is_minus_zero(uint64_t v)
{
    return v == 1ull << 63;
}
static bool is_infinite(uint64_t v)
{
    return v << 1 == 0x7ffull << 53;
}
static bool is_large(uint64_t v)
{
    return value_of(v) > 1e20;
}
static bool is_odd(uint64_t v)
{
    return !is_nan(v) && v & 1 && v >> 52;
}
static bool is_single_snan(uint64_t v)
{
    return v >> 32 == 0xffffffff && fp_bits_nan(FP_F32, (uint32_t)v) && !(v & fp_quiet_bit(FP_F32));
}
static bool is_unboxed(uint64_t v)
{
    return v >> 32 != 0xffffffff;
}
static bool is_boxed_half(uint64_t v)
{
    return v >> 16 == 0xffffffffffff;
}

/* What is left of a value while it stays what it is. */
static uint64_t shrunk(uint64_t v, const struct fp_layout *f, bool (*keeps)(uint64_t))
{
    uint64_t out[FLOAT_SIMPLER_MAX];
    for (bool more = true; more;) {
        unsigned n = float_simpler(v, f, out);
        more = false;
        for (unsigned i = 0; i < n && !more; i++) {
            if (!keeps(out[i])) continue;
            assert_true(float_rank(out[i], f) < float_rank(v, f));
            v = out[i];
            more = true;
        }
    }
    return v;
}

static void test_simplest(void **state)
{
    enum { HALF, SINGLE, DOUBLE, ANY };
    static const struct {
        uint64_t from;           /* a value */
        unsigned format;         /* that it is read as */
        bool (*keeps)(uint64_t); /* that is so */
        uint64_t to;             /* the simplest one */
    } rows[] = {
        {0xc3a1b2c3d4e5f607, DOUBLE, is_any, 0},
        {0xfff0000000000001, DOUBLE, is_snan, 0x7ff0000000000001},
        {0xfff0000000000001, ANY, is_snan, 0x7ff0000000000001},
        {0x7ff4a5a5a5a5a5a5, DOUBLE, is_snan, 0x7ff0000000000001},
        {0xfff0000000000001, DOUBLE, is_nan, 0x7ff8000000000000},
        {0xffffffffffabcdef, DOUBLE, is_nan, 0x7ff8000000000000},
        {0x800fa5a5a5a5a5a5, DOUBLE, is_subnormal, 1},
        {0xfff8a5a5a5a5a5a5, DOUBLE, is_negative, 0xbff0000000000000},
        {0x8000000000000000, DOUBLE, is_minus_zero, 0x8000000000000000},
        {0xfff0000000000000, DOUBLE, is_infinite, 0x7ff0000000000000},
        {0x4c23456789abcdef, DOUBLE, is_large, 0x4420000000000000}, /* a power of two */
        {0xbff921fb54442d19, DOUBLE, is_odd, 0x3ff0000000000001},
        {0xffffffffffa12345, SINGLE, is_single_snan, box | 0x7f800001},
        {0xffffffffffa12345, ANY, is_single_snan, box | 0x7f800001},
        {0x123456789abcdef0, SINGLE, is_any, box},
        {0x123456789abcdef0, SINGLE, is_unboxed, 0},
        {0xfffffffffffffe01, HALF, is_boxed_half, 0xffffffffffff0000},
        {0xfffffffffffffe01, ANY, is_boxed_half, 0xffffffffffff0000},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t to =
            shrunk(rows[i].from, rows[i].format == ANY ? NULL : &fp_layouts[rows[i].format], rows[i].keeps);
        if (to != rows[i].to)
            fail_msg("%016lx became %016lx, not %016lx", (unsigned long)rows[i].from, (unsigned long)to,
                     (unsigned long)rows[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_simplest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
