/* The references that are no one-liners, against published vectors and against slower definitions. */
#include "engine/ir/ref.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

/* A 128-bit AES state or key as its two halves, first byte lowest. */
struct half {
    uint64_t lo, hi;
};

static struct half bytes(const char *hex)
{
    uint8_t b[16];
    struct half h;
    for (int i = 0; i < 16; i++) {
        unsigned v = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
        b[i] = (uint8_t)v;
    }
    memcpy(&h, b, 16);
    return h;
}

static void expand(struct half key, struct half round[11])
{
    round[0] = key;
    for (int i = 0; i < 10; i++) {
        round[i + 1].lo = ir_ref_aes64ks2(ir_ref_aes64ks1(round[i].hi, (uint64_t)i), round[i].lo);
        round[i + 1].hi = ir_ref_aes64ks2(round[i + 1].lo, round[i].hi);
    }
}

static struct half encrypt(struct half s, const struct half k[11])
{
    for (int i = 0; i < 10; i++) {
        s.lo ^= k[i].lo;
        s.hi ^= k[i].hi;
        struct half t = {ir_ref_aes64esm(s.lo, s.hi), ir_ref_aes64esm(s.hi, s.lo)};
        if (i == 9) t = (struct half){ir_ref_aes64es(s.lo, s.hi), ir_ref_aes64es(s.hi, s.lo)};
        s = t;
    }
    return (struct half){s.lo ^ k[10].lo, s.hi ^ k[10].hi};
}

/* The equivalent inverse cipher: round keys of the middle go through InvMixColumns (FIPS 197, 5.3.5). */
static struct half decrypt(struct half s, const struct half k[11])
{
    s = (struct half){s.lo ^ k[10].lo, s.hi ^ k[10].hi};
    for (int i = 9; i > 0; i--) {
        struct half t = {ir_ref_aes64dsm(s.lo, s.hi), ir_ref_aes64dsm(s.hi, s.lo)};
        s = (struct half){t.lo ^ ir_ref_aes64im(k[i].lo), t.hi ^ ir_ref_aes64im(k[i].hi)};
    }
    struct half t = {ir_ref_aes64ds(s.lo, s.hi), ir_ref_aes64ds(s.hi, s.lo)};
    return (struct half){t.lo ^ k[0].lo, t.hi ^ k[0].hi};
}

/* FIPS 197, appendices B and C.1 */
static void aes_matches_fips_197(void **state)
{
    static const char *const vectors[][3] = {
        {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
         "69c4e0d86a7b0430d8cdb78070b4c55a"},
        {"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
         "3925841d02dc09fbdc118597196a0b32"},
    };
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct half k[11], plain = bytes(vectors[i][1]), cipher = bytes(vectors[i][2]);
        expand(bytes(vectors[i][0]), k);
        struct half c = encrypt(plain, k), p = decrypt(cipher, k);
        assert_memory_equal(&c, &cipher, 16);
        assert_memory_equal(&p, &plain, 16);
    }
}

/* Round 10 of the schedule neither rotates nor adds a constant: SubWord alone, for AES-256 (S-box of 0x00 is
 * 0x63). */
static void aes_key_schedule_round_10(void **state)
{
    assert_int_equal(ir_ref_aes64ks1(0x0000000100000000u, 10), 0x6363637c6363637cu);
    assert_int_equal(ir_ref_aes64ks1(0x0000000100000000u, 0), 0x7c6363627c636362u);
}

static void clmul_is_polynomial_multiplication(void **state)
{
    struct rng rng = {1};
    assert_true(ir_ref_clmul(3, 3) == 5); /* (x + 1)^2 = x^2 + 1 */
    for (int i = 0; i < 1000; i++) {
        uint64_t a = rng_next(&rng), b = rng_next(&rng), c = rng_next(&rng);
        assert_true(ir_ref_clmul(a, b) == ir_ref_clmul(b, a));
        assert_true(ir_ref_clmul(a, b ^ c) == (ir_ref_clmul(a, b) ^ ir_ref_clmul(a, c)));
        assert_true(ir_ref_clmul(a, 1ull << 63) == (ir_u128)a << 63);
    }
}

static void byte_and_nibble_shuffles(void **state)
{
    assert_int_equal(ir_ref_brev8(0x0102040810204080u), 0x8040201008040201u);
    assert_int_equal(ir_ref_orcb(0x0100800010000001u), 0xff00ff00ff0000ffu);
    assert_int_equal(ir_ref_xperm(0x7766554433221100u, 0x0001020304050607u, 8), 0x0011223344556677u);
    assert_int_equal(ir_ref_xperm(0x7766554433221100u, 0x08ff000000000001u, 8), 0x0000000000000011u);
    assert_int_equal(ir_ref_xperm(0xfedcba9876543210u, 0x0123456789abcdefu, 4), 0x0123456789abcdefu);
}

static void nan_propagating_minmax(void **state)
{
    unsigned ex = 0;
    assert_int_equal(ir_ref_fp_minm(FP_F32, 0x3f800000, 0x7fc00001, &fp_policy_riscv, &ex), 0x7fc00000);
    assert_int_equal(ir_ref_fp_maxm(FP_F64, 0x3ff0000000000000u, 0xfff0000000000000u, &fp_policy_riscv, &ex),
                     0x3ff0000000000000u);
    assert_int_equal(ex, 0);
    assert_int_equal(ir_ref_fp_maxm(FP_F16, 0x3c00, 0x7c01, &fp_policy_riscv, &ex), 0x7e00);
    assert_int_equal(ex, FP_NV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_matches_fips_197),
        cmocka_unit_test(aes_key_schedule_round_10),
        cmocka_unit_test(clmul_is_polynomial_multiplication),
        cmocka_unit_test(byte_and_nibble_shuffles),
        cmocka_unit_test(nan_propagating_minmax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
