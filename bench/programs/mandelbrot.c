/* FP: the Mandelbrot set, in double precision. */
#include "program.h"

enum { SIDE = 128, MOST = 200 };

static unsigned escape(double cr, double ci)
{
    double r = 0, i = 0;
    for (unsigned n = 0; n < MOST; n++) {
        double rr = r * r, ii = i * i;
        if (rr + ii > 4) return n;
        i = 2 * r * i + ci;
        r = rr - ii + cr;
    }
    return MOST;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    for (unsigned round = program_rounds(argc, argv, 5); round; round--) {
        double zoom = 1.0 / (1 + round * 0.1);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                sum = program_mix(sum,
                                  escape(-0.7 + zoom * (x - SIDE / 2) * 0.02, zoom * (y - SIDE / 2) * 0.02));
    }
    return program_done("mandelbrot", sum);
}
