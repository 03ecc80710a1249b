/* FP: planets that attract each other, in double precision. */
#include "program.h"

#include <math.h>

enum { BODIES = 5 };

struct body {
    double at[3], speed[3], mass; /* in astronomical units, days, solar masses times 4 pi squared */
};

static void advance(struct body *b, double dt)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 0;
            for (int k = 0; k < 3; k++) {
                d[k] = b[i].at[k] - b[j].at[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                b[i].speed[k] -= d[k] * b[j].mass * pull;
                b[j].speed[k] += d[k] * b[i].mass * pull;
            }
        }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) b[i].at[k] += dt * b[i].speed[k];
}

static double energy(const struct body *b)
{
    double e = 0;
    for (int i = 0; i < BODIES; i++) {
        double v = 0;
        for (int k = 0; k < 3; k++) v += b[i].speed[k] * b[i].speed[k];
        e += b[i].mass * v / 2;
        for (int j = i + 1; j < BODIES; j++) {
            double square = 0;
            for (int k = 0; k < 3; k++) square += (b[i].at[k] - b[j].at[k]) * (b[i].at[k] - b[j].at[k]);
            e -= b[i].mass * b[j].mass / sqrt(square);
        }
    }
    return e;
}

int main(int argc, char **argv)
{
    struct body b[BODIES] = {{{0, 0, 0}, {0, 0, 0}, 39.4},
                             {{4.84, -1.16, -0.10}, {0.60, 2.81, -0.02}, 0.0377},
                             {{8.34, 4.12, -0.40}, {-1.01, 1.82, 0.008}, 0.0113},
                             {{12.89, -15.11, -0.22}, {1.08, 0.868, -0.0108}, 0.00172},
                             {{15.37, -25.91, 0.179}, {0.979, 0.594, -0.034}, 0.00203}};
    uint64_t sum = 0, bits;
    for (unsigned round = program_rounds(argc, argv, 25); round; round--) {
        for (int i = 0; i < 10000; i++) advance(b, 0.01);
        double e = energy(b);
        memcpy(&bits, &e, 8);
        sum = program_mix(sum, bits);
    }
    return program_done("nbody", sum);
}
