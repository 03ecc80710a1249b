/* FP: the fast Fourier transform of 4096 complex doubles and back; the twiddle factors come from libm. */
#include "program.h"

#include <math.h>

enum { BITS = 12, N = 1 << BITS };

struct complex {
    double re, im; /* as the name says */
};

static struct complex data[N], turn[N / 2];

static void transform(int backwards)
{
    for (unsigned i = 0, j = 0; i < N; i++) {
        if (i < j) {
            struct complex t = data[i];
            data[i] = data[j];
            data[j] = t;
        }
        unsigned bit = N >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j |= bit;
    }
    for (int size = 2; size <= N; size *= 2)
        for (int start = 0; start < N; start += size)
            for (int k = 0; k < size / 2; k++) {
                struct complex w = turn[k * (N / size)], *p = &data[start + k], *q = p + size / 2;
                if (backwards) w.im = -w.im;
                double re = q->re * w.re - q->im * w.im, im = q->re * w.im + q->im * w.re;
                q->re = p->re - re;
                q->im = p->im - im;
                p->re += re;
                p->im += im;
            }
}

int main(int argc, char **argv)
{
    uint64_t seed = 17, sum = 0, bits;
    for (int i = 0; i < N / 2; i++) {
        double angle = 6.283185307179586 * i / N;
        turn[i] =
            (struct complex){round(cos(angle) * 0x1p40) * 0x1p-40, round(sin(angle) * 0x1p40) * 0x1p-40};
    }
    for (unsigned round = program_rounds(argc, argv, 200); round; round--) {
        for (int i = 0; i < N; i++)
            data[i] = (struct complex){(double)(program_random(&seed) >> 44), (double)(i & 255)};
        transform(0);
        for (int i = 0; i < N; i += 61) {
            memcpy(&bits, &data[i].re, 8);
            sum = program_mix(sum, bits);
        }
        transform(1);
        for (int i = 0; i < N; i += 61) {
            double v = data[i].re / N;
            memcpy(&bits, &v, 8);
            sum = program_mix(sum, bits);
        }
    }
    return program_done("fft", sum);
}
