/* Floating point: arithmetic of both widths over special values, rounding modes, exception flags,
 * conversions, comparison with NaNs, and printing. */
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double values[] = {
    0.0,          -0.0,          1.0,    -1.0,   0.1,     1.5,     -2.5,
    3.0,          1e300,         -1e300, 1e-300, DBL_MIN, DBL_MAX, 4.9406564584124654e-324,
    2147483648.0, -2147483649.0, 9.3e18, 1.9e19, 1e-7};
enum { N = sizeof(values) / sizeof(values[0]) };

static uint64_t bits(double v)
{
    uint64_t u;
    memcpy(&u, &v, 8);
    return v != v ? 0x7ff8000000000000u : u; /* which NaN is the machine's own choice */
}

/* Of a rounding function's result, whose zero may have either sign in compilers that inline it. */
static uint64_t rounded(double v)
{
    return v == 0 ? 0 : bits(v);
}

static uint32_t bits32(float v)
{
    uint32_t u;
    memcpy(&u, &v, 4);
    return v != v ? 0x7fc00000u : u;
}

/* The five flags in an order of our own: hosts number them differently. */
static unsigned flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_ALL_EXCEPT);
    return (unsigned)((e & FE_INEXACT ? 1 : 0) | (e & FE_UNDERFLOW ? 2 : 0) | (e & FE_OVERFLOW ? 4 : 0) |
                      (e & FE_DIVBYZERO ? 8 : 0) | (e & FE_INVALID ? 16 : 0));
}

static void operations(volatile double a, volatile double b)
{
    volatile float fa = (float)a, fb = (float)b;
    flags();
    volatile double add = a + b;
    unsigned e1 = flags();
    volatile double mul = a * b;
    unsigned e2 = flags();
    volatile double div = a / b;
    unsigned e3 = flags();
    volatile double root = sqrt(a);
    unsigned e4 = flags();
    volatile float fsum = fa - fb, fprod = fa * fb, fquot = fa / fb;
    unsigned e5 = flags();
    volatile double f = fma(a, b, 1.0);
    unsigned e6 = flags();
    printf("%016" PRIx64 " %02x %016" PRIx64 " %02x %016" PRIx64 " %02x %016" PRIx64
           " %02x %08x %08x %08x %02x %016" PRIx64 " %02x %d%d%d%d\n",
           bits(add), e1, bits(mul), e2, bits(div), e3, bits(root), e4, bits32(fsum), bits32(fprod),
           bits32(fquot), e5, bits(f), e6, a < b, a <= b, a == b, isunordered(a, b));
}

/* Called through pointers: compilers without an instruction for them inline what is wrong in directed modes.
 */
static double (*volatile const roundings[])(double) = {rint, floor, ceil, trunc};

static void conversions(volatile double v)
{
    if (fabs(v) < 2e9) printf("%d ", (int)v);
    if (fabs(v) < 9e18) printf("%ld ", (long)v);
    if (v >= 0 && v < 1.8e19) printf("%lu ", (unsigned long)v);
    if (v >= 0 && v < 4e9) printf("%u ", (unsigned)v);
    for (int i = 0; i < 4; i++) printf("%016" PRIx64 "%c", rounded(roundings[i](v)), i < 3 ? ' ' : '\n');
}

int main(void)
{
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    for (int m = 0; m < 4; m++) {
        fesetround(modes[m]);
        printf("mode %d\n", m);
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) operations(values[i], values[j]);
            conversions(values[i]);
        }
        operations(NAN, 1);
        operations(INFINITY, -INFINITY);
        operations(INFINITY, 0);
    }
    fesetround(FE_TONEAREST);
    for (int i = 0; i < N; i++)
        printf("%.17g %a %.3f %e\n", values[i], values[i], fabs(values[i]) < 1e20 ? values[i] : 0, values[i]);
    volatile int64_t big = INT64_MAX;
    volatile uint64_t ubig = UINT64_MAX;
    printf("%.17g %.17g %.9g %.9g\n", (double)big, (double)ubig, (double)(float)big, (double)(float)ubig);
    return 0;
}
