/* Numbers: every base, separators, signs, the edges of 64 bits, and what must not pass. */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static void good_numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
        bool negative;
    } good[] = {
        {"0", 0, false},
        {"7", 7, false},
        {"-1", UINT64_MAX, true},
        {"-0", 0, false},
        {"1_000_000", 1000000, false},
        {"0x10", 16, false},
        {"-0x10", (uint64_t)-16, true},
        {"0xDEAD_beef", 0xdeadbeef, false},
        {"0x0000", 0, false},
        {"0b1010_1010", 0xaa, false},
        {"0o17", 15, false},
        {"18446744073709551615", UINT64_MAX, false},
        {"0xffff_ffff_ffff_ffff", UINT64_MAX, false},
        {"0x00000000000000000000001", 1, false},
        {"-9223372036854775808", 1ull << 63, true},
        {"-0x8000000000000000", 1ull << 63, true},
        {"0b1111111111111111111111111111111111111111111111111111111111111111", UINT64_MAX, false},
        {"0o1777777777777777777777", UINT64_MAX, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint64_t v = 42;
        bool negative = !good[i].negative;
        if (!number_parse(good[i].text, strlen(good[i].text), &v, &negative))
            fail_msg("refused %s", good[i].text);
        if (v != good[i].value || negative != good[i].negative) {
            fail_msg("%s gave %#lx, negative %d", good[i].text, v, negative);
        }
    }
}

static void bad_numbers(void **state)
{
    static const char *const bad[] = {
        "",
        "-",
        "--1",
        "+1",
        "0x",
        "-0x",
        "0b",
        "0o",
        "1__2",
        "_1",
        "1_",
        "0x_1",
        "0x1_",
        "-_1",
        "0b2",
        "0o8",
        "0xg",
        "010",
        "00",
        "-01",
        "0_1",
        "1 ",
        " 1",
        "1.0",
        "1e3",
        "0X10",
        "0B1",
        "x10",
        "a",
        "0x-1",
        "0x0x1",
        "1-",
        "18446744073709551616",
        "0x10000000000000000",
        "99999999999999999999",
        "-9223372036854775809",
        "-18446744073709551615",
        "-0x8000000000000001",
        "0o2000000000000000000000",
        "0xfffffffffffffffff",
        "0b10000000000000000000000000000000000000000000000000000000000000000",
        "\xd9\xa1",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t v = 42;
        bool negative = true;
        if (number_parse(bad[i], strlen(bad[i]), &v, &negative)) fail_msg("accepted '%s' as %#lx", bad[i], v);
        assert_int_equal(v, 42); /* a refusal changes nothing */
        assert_true(negative);
    }
}

/* The length counts, not a NUL. */
static void lengths(void **state)
{
    uint64_t v;
    bool negative;
    assert_true(number_parse("1234", 2, &v, &negative));
    assert_int_equal(v, 12);
    assert_false(number_parse("0x12", 2, &v, &negative));
    assert_true(number_parse("0x12", 1, &v, &negative));
    assert_false(number_parse("1\0002", 3, &v, &negative));
    assert_false(number_parse("12", 0, &v, &negative));
}

/* Only plain scalars are numbers. */
static void nodes(void **state)
{
    struct diag d = {0};
    struct arena a = {0};
    static const char text[] = "{a: 0x10, b: '16', c: \"16\", d: [16], e: , f: !!str 16, g: !!int 16}";
    const struct ynode *n = yaml_load_text("t", text, strlen(text), &a, &d);
    assert_non_null(n);
    uint64_t v;
    bool negative;
    for (const char *key = "abcdefg"; *key; key++) {
        char name[2] = {*key, 0};
        bool number = *key == 'a' || *key == 'g';
        assert_int_equal(ynode_u64(ynode_get(n, name), &v, &negative), number);
        if (number) assert_int_equal(v, 16);
    }
    assert_false(ynode_u64(NULL, &v, &negative));
    arena_free(&a);
    diag_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_numbers),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(lengths),
        cmocka_unit_test(nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
