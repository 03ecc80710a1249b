/* SHA-256 (FIPS 180-4) of a buffer, over and over; the first digest is that of "abc". */
#include "program.h"

static uint32_t ror(uint32_t v, int n)
{
    return v >> n | v << (32 - n);
}

static uint32_t k[64];

/* The constants are the fractions of cube roots of the first primes, computed in integers. */
static void constants(void)
{
    for (uint32_t n = 0, p = 2; n < 64; p++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= p; d++) prime &= p % d != 0;
        if (!prime) continue;
        unsigned __int128 lo = 0, hi = (unsigned __int128)8 << 32; /* cube root of p, 32 fraction bits */
        while (hi - lo > 1) {
            unsigned __int128 mid = (lo + hi) / 2, cube = mid * mid * mid >> 64;
            if (cube < (unsigned __int128)p << 32)
                lo = mid;
            else
                hi = mid;
        }
        k[n++] = (uint32_t)lo;
    }
}

static void block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[i * 4] << 24 | (uint32_t)p[i * 4 + 1] << 16 | (uint32_t)p[i * 4 + 2] << 8 |
               p[i * 4 + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, h, sizeof(v));
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t s0 = ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void sha256(const uint8_t *p, size_t n, uint32_t h[8])
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t tail[128] = {0};
    size_t whole = n / 64 * 64, left = n - whole, end = left < 56 ? 64 : 128;
    memcpy(h, start, sizeof(start));
    for (size_t i = 0; i < whole; i += 64) block(h, p + i);
    memcpy(tail, p + whole, left);
    tail[left] = 0x80;
    for (int i = 0; i < 8; i++) tail[end - 1 - (size_t)i] = (uint8_t)((uint64_t)n * 8 >> 8 * i);
    for (size_t i = 0; i < end; i += 64) block(h, tail + i);
}

int main(int argc, char **argv)
{
    static uint8_t data[65536];
    uint64_t sum = 0;
    uint32_t h[8];
    constants();
    sha256((const uint8_t *)"abc", 3, h);
    if (h[0] != 0xba7816bf || h[7] != 0xf20015ad) return 1;
    for (size_t i = 0; i < sizeof(data); i++) data[i] = (uint8_t)(i * 7 + (i >> 8));
    for (unsigned round = program_rounds(argc, argv, 100); round; round--) {
        sha256(data, sizeof(data) - round % 64, h);
        data[round % sizeof(data)] ^= (uint8_t)h[0];
        for (int i = 0; i < 8; i++) sum = program_mix(sum, h[i]);
    }
    return program_done("sha256", sum);
}
