/* AES by its definition (FIPS 197): the S-box is the inverse in GF(2^8) and an affine map, computed, not
 * tabulated by hand. A state of 128 bits is two 64-bit halves, columns from the low byte up; RISC-V's
 * instructions each make one half of a round's result from both halves (Unpriv 28.4, "ShiftRows" across the
 * pair). */
#include "engine/ir/ref.h"

/* Times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint8_t xtime(uint8_t a)
{
    return (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
}

static uint8_t gf_mul(uint8_t a, uint8_t b)
{
    uint8_t out = 0;
    for (; b; b >>= 1, a = xtime(a))
        if (b & 1) out ^= a;
    return out;
}

/* a^254 is the inverse, and 0 for 0. */
static uint8_t gf_inverse(uint8_t a)
{
    uint8_t a2 = gf_mul(a, a), out = a2;
    for (int i = 0; i < 6; i++) {
        a2 = gf_mul(a2, a2);
        out = gf_mul(out, a2);
    }
    return out;
}

static uint8_t rotl8(uint8_t a, unsigned n)
{
    return (uint8_t)(a << n | a >> (8 - n));
}

/* FIPS 197, 5.1.1 */
static uint8_t sub_byte(uint8_t a)
{
    uint8_t b = gf_inverse(a);
    return (uint8_t)(b ^ rotl8(b, 1) ^ rotl8(b, 2) ^ rotl8(b, 3) ^ rotl8(b, 4) ^ 0x63);
}

/* FIPS 197, 5.3.2 */
static uint8_t inv_sub_byte(uint8_t a)
{
    return gf_inverse((uint8_t)(rotl8(a, 1) ^ rotl8(a, 3) ^ rotl8(a, 6) ^ 0x05));
}

static uint8_t byte_of(uint64_t lo, uint64_t hi, unsigned i)
{
    return (uint8_t)(i < 8 ? lo >> (i * 8) : hi >> ((i - 8) * 8));
}

/* The low half after ShiftRows: row r of column c comes from column c + r (backwards for the inverse), of
 * four. */
static uint64_t shift_rows(uint64_t lo, uint64_t hi, int direction)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned row = i % 4, column = (unsigned)((int)(i / 4) + direction * (int)row + 4) % 4;
        out |= (uint64_t)byte_of(lo, hi, column * 4 + row) << (i * 8);
    }
    return out;
}

static uint64_t map_bytes(uint64_t a, uint8_t (*f)(uint8_t))
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 64; i += 8) out |= (uint64_t)f((uint8_t)(a >> i)) << i;
    return out;
}

/* MixColumns with the first row of the circulant matrix: 2 3 1 1 forward, 14 11 13 9 for the inverse. */
static uint64_t mix_columns(uint64_t a, const uint8_t m[4])
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t sum = 0;
        for (unsigned k = 0; k < 4; k++)
            sum ^= gf_mul((uint8_t)(a >> ((i / 4 * 4 + k) * 8)), m[(k + 4 - i % 4) % 4]);
        out |= (uint64_t)sum << (i * 8);
    }
    return out;
}

static const uint8_t forward[4] = {2, 3, 1, 1}, inverse[4] = {14, 11, 13, 9};

uint64_t ir_ref_aes64es(uint64_t a, uint64_t b)
{
    return map_bytes(shift_rows(a, b, 1), sub_byte);
}

uint64_t ir_ref_aes64esm(uint64_t a, uint64_t b)
{
    return mix_columns(ir_ref_aes64es(a, b), forward);
}

uint64_t ir_ref_aes64ds(uint64_t a, uint64_t b)
{
    return map_bytes(shift_rows(a, b, -1), inv_sub_byte);
}

uint64_t ir_ref_aes64dsm(uint64_t a, uint64_t b)
{
    return mix_columns(ir_ref_aes64ds(a, b), inverse);
}

uint64_t ir_ref_aes64im(uint64_t a)
{
    return mix_columns(a, inverse);
}

/* A step of the key schedule: RotWord and Rcon except for round 10, which is SubWord alone (AES-256). */
uint64_t ir_ref_aes64ks1(uint64_t a, uint64_t round)
{
    static const uint8_t rcon[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
    uint32_t w = (uint32_t)(a >> 32);
    if (round < 10) w = w >> 8 | w << 24;
    w = (uint32_t)map_bytes(w, sub_byte);
    if (round < 10) w ^= rcon[round];
    return (uint64_t)w << 32 | w;
}

uint64_t ir_ref_aes64ks2(uint64_t a, uint64_t b)
{
    uint32_t w0 = (uint32_t)(a >> 32) ^ (uint32_t)b;
    return (uint64_t)(w0 ^ (uint32_t)(b >> 32)) << 32 | w0;
}
