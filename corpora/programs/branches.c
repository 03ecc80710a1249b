/* Branches that go either way without a pattern round a few instructions, short loops that go round often,
 * sums of 32 bits that wrap: what a translator turns into other code when it is hot. */
#include <stdint.h>
#include <stdio.h>

enum { N = 4096, SIDE = 24 };

static uint32_t state = 12345;
static int32_t values[N];

static uint32_t number(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 3;
}

__attribute__((noinline)) static uint16_t crc(uint16_t c, uint16_t v)
{
    for (int i = 0; i < 16; i++, v >>= 1) {
        int odd = (c ^ v) & 1;
        c >>= 1;
        if (odd) c ^= 0xa001;
    }
    return c;
}

/* Least and greatest, how often the direction changes, and the longest rise. */
__attribute__((noinline)) static void extremes(const int32_t *v, int n, int32_t *out)
{
    int32_t least = v[0], most = v[0], turns = 0, rise = 0, longest = 0;
    for (int i = 1; i < n; i++) {
        if (v[i] < least) least = v[i];
        if (v[i] > most) most = v[i];
        if ((v[i] ^ v[i - 1]) < 0) turns++;
        rise = v[i] > v[i - 1] ? rise + 1 : 0;
        if (rise > longest) longest = rise;
    }
    out[0] = least;
    out[1] = most;
    out[2] = turns;
    out[3] = longest;
}

/* Sums that wrap at 32 bits, of which parts and signs are looked at on the way. */
__attribute__((noinline)) static int64_t sums(const int32_t *v, int n)
{
    int32_t a = 0, b = 1;
    uint32_t c = 7;
    int64_t wide = 0;
    for (int i = 0; i < n; i++) {
        a = (int32_t)((uint32_t)a + (uint32_t)v[i]);
        b = (int32_t)((uint32_t)b * 31u + (uint32_t)a);
        c ^= (uint32_t)b >> (v[i] & 15);
        if (a < 0) a = (int32_t)(0u - (uint32_t)a);
        if (c & 4) wide += b;
        if (c & 32) wide -= (int64_t)(uint32_t)a;
    }
    return wide + a + b + c;
}

__attribute__((noinline)) static int32_t product(int32_t (*m)[SIDE])
{
    int32_t trace = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            uint32_t sum = 0;
            for (int k = 0; k < SIDE; k++) sum += (uint32_t)m[i][k] * (uint32_t)m[k][j];
            if (i == j) trace = (int32_t)((uint32_t)trace + sum);
        }
    return trace;
}

/* A search whose steps are chosen, and are addresses. */
__attribute__((noinline)) static int below(const int32_t *sorted, int n, int32_t v)
{
    const int32_t *p = sorted;
    for (; n > 1; n -= n / 2)
        if (p[n / 2 - 1] < v) p += n / 2;
    return (int)(p - sorted) + (*p < v);
}

int main(void)
{
    static int32_t m[SIDE][SIDE];
    int32_t out[4];
    int found = 0;
    uint16_t c = 0;
    for (int i = 0; i < N; i++) values[i] = (int32_t)(number() << 4);
    for (int i = 0; i < SIDE * SIDE; i++) m[i / SIDE][i % SIDE] = (int32_t)number();
    for (int i = 0; i < N; i++) c = crc(c, (uint16_t)values[i]);
    extremes(values, N, out);
    printf("%04x %d %d %d %d %lld %d\n", c, out[0], out[1], out[2], out[3], (long long)sums(values, N),
           product(m));
    for (int i = 0; i < N; i++) values[i] = i * 17 + (int32_t)(number() % 17);
    for (int i = 0; i < N; i++) found += below(values, N, (int32_t)(number() % (N * 17))) * (i & 7);
    printf("%d\n", found);
    return 0;
}
