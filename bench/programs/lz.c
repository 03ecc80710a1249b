/* LZ77: compresses a text with a hash chain of three bytes, decompresses it, compares. */
#include "program.h"

enum { N = 1 << 16, WINDOW = 8192, MIN = 3, MAX = 130, HASHES = 1 << 13 };

static uint8_t text[N], packed[N * 2], back[N + MAX];
static int heads[HASHES], prev[N];

static unsigned hash3(const uint8_t *p)
{
    return ((unsigned)p[0] * 2654435761u ^ (unsigned)p[1] * 40503u ^ (unsigned)p[2] * 2246822519u) >> 7 &
           (HASHES - 1);
}

static int length_at(int a, int b)
{
    int n = 0;
    while (n < MAX && b + n < N && text[a + n] == text[b + n]) n++;
    return n;
}

/* Literals: a byte below 128 that counts them, then they; matches: 128 + length - MIN, distance in two bytes.
 */
static size_t compress(void)
{
    size_t out = 0, literals = 0;
    int i = 0;
    for (int h = 0; h < HASHES; h++) heads[h] = -1;
    while (i < N) {
        int best = 0, from = 0;
        if (i + MIN <= N) {
            unsigned h = hash3(text + i);
            int tries = 16;
            for (int at = heads[h]; at >= 0 && i - at < WINDOW && tries--; at = prev[at]) {
                int n = length_at(at, i);
                if (n > best) best = n, from = at;
            }
            prev[i] = heads[h];
            heads[h] = i;
        }
        if (best >= MIN) {
            packed[out++] = (uint8_t)(128 + (best - MIN));
            packed[out++] = (uint8_t)(i - from);
            packed[out++] = (uint8_t)((i - from) >> 8);
            i += best;
            literals = 0;
        } else {
            if (!literals || packed[literals] == 127) {
                literals = out++;
                packed[literals] = 0;
            }
            packed[literals]++;
            packed[out++] = text[i++];
        }
    }
    return out;
}

static size_t expand(size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n;) {
        uint8_t c = packed[i++];
        if (c < 128) {
            while (c--) back[out++] = packed[i++];
        } else {
            size_t far = packed[i] | (size_t)packed[i + 1] << 8;
            i += 2;
            for (int k = c - 128 + MIN; k; k--, out++) back[out] = back[out - far];
        }
    }
    return out;
}

int main(int argc, char **argv)
{
    static const char *const words[] = {"the ",  "quick ", "brown ", "fox ",  "jumps ",
                                        "over ", "a ",     "lazy ",  "dog.\n"};
    uint64_t seed = 99, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 160); round; round--) {
        for (size_t i = 0; i < N;) {
            const char *w = words[program_random(&seed) >> 33 & 7];
            for (; *w && i < N; w++) text[i++] = (uint8_t)*w;
            if ((program_random(&seed) >> 40) % 5 == 0 && i < N)
                text[i++] = (uint8_t)('0' + (seed >> 50) % 10);
        }
        size_t n = compress();
        if (expand(n) != N || memcmp(text, back, N)) return 1;
        sum = program_mix(sum, n + packed[n / 2]);
    }
    return program_done("lz", sum);
}
