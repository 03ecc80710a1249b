/* Values as corpus files write them: exact bits, and what is said about texts that are none. */
#include "harness/corpus/corpus_test.h"
#include "harness/generate/values.h"

#include <inttypes.h>

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static void check_fp(unsigned format, const char *text, uint64_t expected)
{
    uint64_t v = 0;
    struct value_error err = {0};
    if (!value_parse_fp(&fp_layouts[format], text, strlen(text), &v, &err))
        fail_msg("%s: %s", text, err.message);
    if (v != expected) fail_msg("%s: %" PRIx64 ", not %" PRIx64, text, v, expected);
}

static void check_fp_refused(unsigned format, const char *text, const char *message)
{
    uint64_t v;
    struct value_error err = {0};
    if (value_parse_fp(&fp_layouts[format], text, strlen(text), &v, &err)) fail_msg("%s was accepted", text);
    assert_string_equal(err.message, message);
}

enum { H, S, D };

static void test_fp(void **state)
{
    static const struct {
        unsigned format;  /* H, S, D */
        const char *text; /* the literal */
        uint64_t bits;    /* what it means */
    } rows[] = {
        {D, "1", 0x3ff0000000000000},
        {D, "-0", 0x8000000000000000},
        {D, "0.1", 0x3fb999999999999a},
        {D, "1e308", 0x7fe1ccf385ebc8a0},
        {D, "5e-324", 1},
        {D, "0x1p-1074", 1},
        {D, "0x1.8p1", 0x4008000000000000},
        {D, "-inf", 0xfff0000000000000},
        {D, "nan", 0x7ff8000000000000},
        {D, "-nan(0x123)", 0xfff8000000000123},
        {D, "snan", 0x7ff0000000000001},
        {D, "0x7ff4000000000000", 0x7ff4000000000000},
        {S, "1.5", 0x3fc00000},
        {S, "-2.5", 0xc0200000},
        {S, "+1", 0x3f800000},
        {S, "0x1p-149", 1},
        {S, "-0x1p-149", 0x80000001},
        {S, "0x1.fffffep127", 0x7f7fffff},
        {S, "0x1.fffffcp-127", 0x007fffff},
        {S, "0x1p-126", 0x00800000},
        {S, "16777216", 0x4b800000},
        {S, "0.00000000023283064365386962890625", 0x2f800000},
        {S, "inf", 0x7f800000},
        {S, "nan", 0x7fc00000},
        {S, "snan(0x200000)", 0x7fa00000},
        {S, "0xff800001", 0xff800001},
        {H, "65504", 0x7bff},
        {H, "0x1p-24", 1},
        {H, "-0.5", 0xb800},
        {H, "nan(1)", 0x7e01},
        {H, "1e0", 0x3c00},
        {H, "10.", 0x4900},
        {H, ".5", 0x3800},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) check_fp(rows[i].format, rows[i].text, rows[i].bits);
}

static void test_fp_refused(void **state)
{
    check_fp_refused(S, "0.1", "0.1 is not exact in f32; it lies between 0x3dcccccc and 0x3dcccccd");
    check_fp_refused(S, "16777217",
                     "16777217 is not exact in f32; it lies between 0x4b800000 and 0x4b800001");
    check_fp_refused(
        S, "1.00000000000000000000000001",
        "1.00000000000000000000000001 is not exact in f32; it lies between 0x3f800000 and 0x3f800001");
    check_fp_refused(S, "1e39", "1e39 is beyond the range of f32");
    check_fp_refused(S, "0x1p128", "0x1p128 is beyond the range of f32");
    check_fp_refused(H, "65505", "65505 is beyond the range of f16");
    check_fp_refused(H, "0x1p-25", "0x1p-25 is not exact in f16; it lies between 0x0 and 0x1");
    check_fp_refused(S, "1e-300", "1e-300 is not exact in f32; it lies between 0x0 and 0x1");
    check_fp_refused(D, "1e309", "1e309 is beyond the range of f64");
    check_fp_refused(D, "1e-400", "1e-400 is too small for f64");
    check_fp_refused(D, "", "expected a floating-point literal");
    check_fp_refused(D, "-", "expected a floating-point literal");
    check_fp_refused(D, "n", "'n' is not a floating-point literal");
    check_fp_refused(D, "infinity", "'infinity' is not a floating-point literal");
    check_fp_refused(D, "1e", "'1e' is not a floating-point literal");
    check_fp_refused(D, "1.2.3", "'1.2.3' is not a floating-point literal");
    check_fp_refused(D, " 1", "' 1' is not a floating-point literal");
    check_fp_refused(D, "snan(0)", "a signalling NaN's payload is not 0: that is infinity");
    check_fp_refused(S, "nan(0x400000)", "a NaN payload of f32 has 22 bits");
    check_fp_refused(S, "nanx", "expected nan(PAYLOAD)");
    check_fp_refused(S, "0x100000000", "0x100000000 is not 32 bits of f32");
    check_fp_refused(S, "-0x1", "-0x1 is not 32 bits of f32");
}

static void check_reg(const char *reg, const char *text, uint64_t expected)
{
    uint64_t v[8];
    struct value_error err = {0};
    struct guest_reg_ref r = guest_reg_find(rv, reg);
    if (!value_parse_reg(rv, r, text, strlen(text), v, &err)) fail_msg("%s: %s: %s", reg, text, err.message);
    if (v[0] != expected) fail_msg("%s: %s: %" PRIx64 ", not %" PRIx64, reg, text, v[0], expected);
}

static void check_reg_refused(const char *reg, const char *text, size_t offset, const char *message)
{
    uint64_t v[8];
    struct value_error err = {0};
    if (value_parse_reg(rv, guest_reg_find(rv, reg), text, strlen(text), v, &err))
        fail_msg("%s was accepted", text);
    assert_string_equal(err.message, message);
    assert_int_equal(err.offset, offset);
}

static void test_registers(void **state)
{
    check_reg("a0", "-1", ~0ull);
    check_reg("a0", "0xffff_ffff_ffff_ffff", ~0ull);
    check_reg("a0", "18446744073709551615", ~0ull);
    check_reg("a0", "-9223372036854775808", 1ull << 63);
    check_reg("a0", "0b101", 5);
    check_reg("fa0", "f32(1.5)", 0xffffffff3fc00000);
    check_reg("fa0", "f16(1)", 0xffffffffffff3c00);
    check_reg("fa0", "f64(1)", 0x3ff0000000000000);
    check_reg("fa0", "0x3fc00000", 0x3fc00000);
    check_reg("a0", "f32(1.5)", 0x3fc00000);
    check_reg("fflags", "NV|NX", 0x11);
    check_reg("fflags", "DZ", 8);
    check_reg("fflags", "-1", 0x1f);
    check_reg("frm", "7", 7);
    check_reg_refused("fflags", "32", 0, "32 is too wide for fflags, which has 5 bits");
    check_reg_refused("fflags", "-17", 0, "-17 is too wide for fflags, which has 5 bits");
    check_reg_refused("a0", "0x1_0000_0000_0000_0000", 0,
                      "0x1_0000_0000_0000_0000 is too wide for a0, which has 64 bits");
    check_reg_refused("fflags", "NX|NY", 3, "fflags has no bit called 'NY'; did you mean 'NX'?");
    check_reg_refused("fflags", "f32(1)", 0, "f32(1) is too wide for fflags, which has 5 bits");
    check_reg_refused("fa0", "f32(1.1)", 4,
                      "1.1 is not exact in f32; it lies between 0x3f8ccccc and 0x3f8ccccd");
    check_reg_refused("a0", "ten", 0,
                      "'ten' is not a value: expected a number, f32(1.5), or names of bits of a0");
}

static void test_wide(void **state)
{
    uint64_t v[8];
    struct value_error err = {0};
    struct guest_reg_ref r = guest_reg_find(rv, "v1");
    const char *text = "0x0123456789abcdef_fedcba9876543210";
    assert_true(value_parse_reg(rv, r, text, strlen(text), v, &err));
    assert_int_equal(v[0], 0xfedcba9876543210);
    assert_int_equal(v[1], 0x0123456789abcdef);
    assert_true(value_parse_reg(rv, r, "-2", 2, v, &err));
    assert_int_equal(v[0], ~1ull);
    assert_int_equal(v[1], ~0ull);
    text = "0x100000000000000000000000000000000";
    assert_false(value_parse_reg(rv, r, text, strlen(text), v, &err));
}

static void test_bytes(void **state)
{
    struct buf b = {0};
    struct value_error err = {0};
    assert_true(value_parse_bytes("de ad_beEF\n01", 13, &b, &err));
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.p, "\xde\xad\xbe\xef\x01", 5);
    assert_false(value_parse_bytes("de a", 4, &b, &err));
    assert_int_equal(err.offset, 3);
    assert_string_equal(err.message, "half a byte: hexadecimal digits come in pairs");
    assert_false(value_parse_bytes("de xx", 5, &b, &err));
    assert_int_equal(err.offset, 3);
    buf_free(&b);
}

static void test_hex_code(void **state)
{
    struct buf b = {0};
    struct value_error err = {0};
    assert_true(value_is_hex_code("93 05 15 00", 11));
    assert_true(value_is_hex_code(" 0x00150593\n0x0001 ", 18));
    assert_false(value_is_hex_code("93051500", 8));
    assert_false(value_is_hex_code("add a0, a1, a2", 14));
    assert_false(value_is_hex_code("93 0x0005", 9));
    assert_false(value_is_hex_code("", 0));
    assert_true(value_parse_hex_code("93 05 15 00", 11, &b, &err));
    assert_true(value_parse_hex_code("0x00150593 0x4501", 17, &b, &err));
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.p, "\x93\x05\x15\x00\x93\x05\x15\x00\x01\x45", 10);
    assert_false(value_parse_hex_code("0x0001 0x123", 12, &b, &err));
    assert_int_equal(err.offset, 7);
    assert_string_equal(err.message, "'0x123' is not 4, 8 or 16 hexadecimal digits");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fp),   cmocka_unit_test(test_fp_refused), cmocka_unit_test(test_registers),
        cmocka_unit_test(test_wide), cmocka_unit_test(test_bytes),      cmocka_unit_test(test_hex_code),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
