/* Integers of all widths: division by everything, shifts, overflow, comparison, 128-bit arithmetic, bit
 * tricks. */
#include <inttypes.h>
#include <stdio.h>

static const int64_t values[] = {0,
                                 1,
                                 -1,
                                 2,
                                 -2,
                                 7,
                                 -7,
                                 127,
                                 -128,
                                 255,
                                 32767,
                                 -32768,
                                 65535,
                                 INT32_MAX,
                                 INT32_MIN,
                                 INT64_MAX,
                                 INT64_MIN,
                                 0x123456789abcdef,
                                 -0x7edcba987654321};
enum { N = sizeof(values) / sizeof(values[0]) };

static uint64_t sum;

static void add(uint64_t v)
{
    sum = (sum ^ v) * 0x9e3779b97f4a7c15u + (sum >> 31);
}

static void widths(int64_t a, int64_t b)
{
    int8_t a8 = (int8_t)a, b8 = (int8_t)b;
    int16_t a16 = (int16_t)a, b16 = (int16_t)b;
    int32_t a32 = (int32_t)a, b32 = (int32_t)b;
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    add((uint64_t)(a8 * b8) + (uint64_t)(a16 - b16) + (uint8_t)(a8 + b8));
    add((uint32_t)a32 * (uint32_t)b32);
    add(ua * ub);
    if (b32 && !(a32 == INT32_MIN && b32 == -1)) add((uint64_t)(a32 / b32) ^ (uint64_t)(a32 % b32) << 32);
    if (b && !(a == INT64_MIN && b == -1)) add((uint64_t)(a / b) ^ (uint64_t)(a % b));
    if ((uint32_t)b32) add((uint32_t)a32 / (uint32_t)b32 + (uint64_t)((uint32_t)a32 % (uint32_t)b32));
    if (ub) add(ua / ub ^ ua % ub);
    add((uint64_t)(a >> (b & 63)) ^ ua << (b & 63) ^ ua >> (b & 31));
    add((uint64_t)(a32 >> (b & 31)) + ((uint32_t)a32 << (b & 31)));
    add((uint64_t)(a < b) | (uint64_t)(ua < ub) << 1 | (uint64_t)(a32 <= b32) << 2 | (uint64_t)(a == b) << 3);
}

static void wide(int64_t a, int64_t b)
{
    __int128 p = (__int128)a * b;
    unsigned __int128 u = (unsigned __int128)(uint64_t)a * (uint64_t)b;
    add((uint64_t)(p >> 64) ^ (uint64_t)p);
    add((uint64_t)(u >> 64) + (uint64_t)u);
    if (b) add((uint64_t)(p / b) ^ (uint64_t)(u % (uint64_t)b));
    long r;
    add((uint64_t)__builtin_add_overflow(a, b, &r) ^ (uint64_t)__builtin_mul_overflow(a, b, &r) << 1 ^
        (uint64_t)r);
}

static void bits(uint64_t v)
{
    add((uint64_t)__builtin_popcountll(v));
    if (v) add((uint64_t)__builtin_clzll(v) << 8 | (uint64_t)__builtin_ctzll(v));
    add(__builtin_bswap64(v) ^ __builtin_bswap32((uint32_t)v) ^ __builtin_bswap16((uint16_t)v));
    add(v >> 13 | v << 51);
    add((uint64_t)__builtin_parityll(v) + (v & -v) + (v & (v - 1)));
}

int main(void)
{
    for (int i = 0; i < N; i++) {
        bits((uint64_t)values[i]);
        for (int j = 0; j < N; j++) {
            widths(values[i], values[j]);
            wide(values[i], values[j]);
        }
        printf("%" PRId64 " %016" PRIx64 "\n", values[i], sum);
    }
    return (int)(sum & 63);
}
