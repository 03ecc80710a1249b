/* CRC-32 of a buffer three ways: bit by bit, by a table of bytes, by eight tables at once; all must agree. */
#include "program.h"

enum { N = 1 << 16 };

static uint32_t tables[8][256];

static uint32_t by_bits(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++) c = c >> 1 ^ (0xedb88320u & -(c & 1));
    }
    return ~c;
}

static uint32_t by_bytes(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;
    while (n--) c = c >> 8 ^ tables[0][(c ^ *p++) & 0xff];
    return ~c;
}

static uint32_t by_eights(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        v ^= c;
        c = 0;
        for (int i = 0; i < 8; i++) c ^= tables[7 - i][v >> 8 * i & 0xff];
    }
    while (n--) c = c >> 8 ^ tables[0][(c ^ *p++) & 0xff];
    return ~c;
}

int main(int argc, char **argv)
{
    static uint8_t data[N];
    uint64_t seed = 3, sum = 0;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int b = 0; b < 8; b++) c = c >> 1 ^ (0xedb88320u & -(c & 1));
        tables[0][i] = c;
    }
    for (int t = 1; t < 8; t++)
        for (int i = 0; i < 256; i++)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
    for (size_t i = 0; i < N; i++) data[i] = (uint8_t)program_random(&seed);
    for (unsigned round = program_rounds(argc, argv, 600); round; round--) {
        size_t n = N - round % 31;
        uint32_t a = by_bytes(data, n), b = by_eights(data, n);
        if (a != b || by_bits(data, n / 4) != by_bytes(data, n / 4)) return 1;
        data[round % N]++;
        sum = program_mix(sum, a);
    }
    return program_done("crc", sum);
}
