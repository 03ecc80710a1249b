/* AES by its definition (FIPS 197): the S-box is the inverse in GF(2^8) and an affine map, computed, not
 * tabulated by hand. A state of 128 bits is two 64-bit halves, columns from the low byte up; RISC-V's
 * instructions each make one half of a round's result from both halves (Unpriv 28.4, "ShiftRows" across the
 * pair). */
#include "engine/ir/ref.h"

#define EACH 0x0101010101010101ull /* a number in each of eight bytes, when multiplied by it */

/* Eight bytes at once, here and below: times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint64_t xtime(uint64_t a)
{
    return (a & 0x7f * EACH) << 1 ^ (a >> 7 & EACH) * 0x1b;
}

static uint64_t gf_mul(uint64_t a, uint64_t b)
{
    uint64_t out = 0;
    for (int i = 0; i < 8; i++, a = xtime(a)) out ^= a & (b >> i & EACH) * 0xff;
    return out;
}

/* a^254 is the inverse, and 0 for 0. */
static uint64_t gf_inverse(uint64_t a)
{
    uint64_t a2 = gf_mul(a, a), out = a2;
    for (int i = 0; i < 6; i++) {
        a2 = gf_mul(a2, a2);
        out = gf_mul(out, a2);
    }
    return out;
}

static uint64_t rotl8(uint64_t a, unsigned n)
{
    uint64_t low = 0xffu >> n;
    return (a & low * EACH) << n | (a >> (8 - n) & (0xff >> (8 - n)) * EACH);
}

/* FIPS 197, 5.1.1 */
static uint64_t sub_bytes(uint64_t a)
{
    uint64_t b = gf_inverse(a);
    return b ^ rotl8(b, 1) ^ rotl8(b, 2) ^ rotl8(b, 3) ^ rotl8(b, 4) ^ 0x63 * EACH;
}

/* FIPS 197, 5.3.2 */
static uint64_t inv_sub_bytes(uint64_t a)
{
    return gf_inverse(rotl8(a, 1) ^ rotl8(a, 3) ^ rotl8(a, 6) ^ 0x05 * EACH);
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

/* Each column's bytes moved up by so many rows. */
static uint64_t rotate_columns(uint64_t a, unsigned rows)
{
    uint64_t low = 0xffffffffull >> 8 * rows, each = 0x100000001ull;
    return (a & low * each) << 8 * rows | (a >> (32 - 8 * rows) & (0xffffffffull >> (32 - 8 * rows)) * each);
}

/* MixColumns with the first row of the circulant matrix: 2 3 1 1 forward, 14 11 13 9 for the inverse. */
static uint64_t mix_columns(uint64_t a, const uint8_t m[4])
{
    uint64_t out = gf_mul(a, m[0] * EACH);
    for (unsigned k = 1; k < 4; k++) out ^= rotate_columns(gf_mul(a, m[k] * EACH), 4 - k);
    return out;
}

static const uint8_t forward[4] = {2, 3, 1, 1}, inverse[4] = {14, 11, 13, 9};

uint64_t ir_ref_aes64es(uint64_t a, uint64_t b)
{
    return sub_bytes(shift_rows(a, b, 1));
}

uint64_t ir_ref_aes64esm(uint64_t a, uint64_t b)
{
    return mix_columns(ir_ref_aes64es(a, b), forward);
}

uint64_t ir_ref_aes64ds(uint64_t a, uint64_t b)
{
    return inv_sub_bytes(shift_rows(a, b, -1));
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
    w = (uint32_t)sub_bytes(w);
    if (round < 10) w ^= rcon[round];
    return (uint64_t)w << 32 | w;
}

uint64_t ir_ref_aes64ks2(uint64_t a, uint64_t b)
{
    uint32_t w0 = (uint32_t)(a >> 32) ^ (uint32_t)b;
    return (uint64_t)(w0 ^ (uint32_t)(b >> 32)) << 32 | w0;
}
