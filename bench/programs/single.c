/* FP: single precision with libm: a filter, points that are turned and normalised, a logistic map, colours.
 * Results of libm are rounded to 12 bits, since libraries differ in the last one. */
#include "program.h"

#include <math.h>

enum { N = 4096 };

static float signal[N], filtered[N];

static uint64_t coarse(float v)
{
    return (uint64_t)(int64_t)rintf(v * 4096);
}

static float filter(void)
{
    static const float taps[8] = {0.02f, 0.08f, 0.17f, 0.23f, 0.23f, 0.17f, 0.08f, 0.02f};
    float energy = 0;
    for (int i = 8; i < N; i++) {
        float v = 0;
        for (int k = 0; k < 8; k++) v += taps[k] * signal[i - k];
        filtered[i] = v;
        energy += v * v;
    }
    return sqrtf(energy / N);
}

static float turned(unsigned n)
{
    float sum = 0;
    for (unsigned i = 0; i < n; i++) {
        float angle = (float)i * 0.01f, s = sinf(angle), c = cosf(angle);
        float x = (float)(i & 31) - 15.5f, y = (float)(i >> 5 & 31) - 15.5f;
        float u = x * c - y * s, v = x * s + y * c, length = sqrtf(u * u + v * v);
        sum += fabsf(u / length) + expf(-length * 0.1f) + powf(length, 0.3f);
    }
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t seed = 23, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 60); round; round--) {
        float x = 0.3f, level;
        for (int i = 0; i < N; i++)
            signal[i] = (float)(int32_t)(program_random(&seed) >> 40) * 0x1p-23f - 0.5f;
        level = filter();
        for (int i = 0; i < 4000; i++) x = 3.7f * x * (1 - x);
        sum = program_mix(sum, coarse(x));
        sum = program_mix(sum, coarse(level));
        sum = program_mix(sum, coarse(turned(4000) * 0x1p-10f));
        for (int i = 0; i < N; i++) {
            float grey = filtered[i] * 0.3f + signal[i] * 0.59f;
            sum += (uint64_t)(int64_t)(fminf(fmaxf(grey, -1), 1) * 255);
        }
    }
    return program_done("single", sum);
}
