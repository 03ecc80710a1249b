/* The math library, rounded to ten digits: libraries may differ in the last ones. */
#include <complex.h>
#include <math.h>
#include <stdio.h>

#define SHOW(f) printf("%-8s %.10g %.10g %.10g\n", #f, f(0.3), f(0.77), f(0.999))

int main(void)
{
    SHOW(sin), SHOW(cos), SHOW(tan), SHOW(asin), SHOW(acos), SHOW(atan), SHOW(sinh), SHOW(cosh), SHOW(tanh);
    SHOW(exp), SHOW(exp2), SHOW(expm1), SHOW(log), SHOW(log2), SHOW(log10), SHOW(log1p), SHOW(sqrt),
        SHOW(cbrt);
    SHOW(erf), SHOW(erfc), SHOW(tgamma), SHOW(lgamma), SHOW(floor), SHOW(ceil), SHOW(round), SHOW(trunc),
        SHOW(rint);
    SHOW(j0), SHOW(y1);
    for (double x = -3; x < 3; x += 0.7)
        printf("%.10g %.10g %.10g %.10g %ld %lld\n", pow(2.5, x), atan2(x, 1.5), fmod(x * 10, 0.7),
               hypot(x, 2), lrint(x), llround(x));
    float f = 0.25f;
    for (int i = 0; i < 8; i++, f *= 3.3f)
        printf("%.5g %.5g %.5g %.5g %.5g %.5g\n", (double)sinf(f), (double)expf(-f), (double)logf(f),
               (double)powf(f, 0.4f), (double)sqrtf(f), (double)atanf(f));
    int e;
    double m = frexp(1234.5, &e), whole, part = modf(-3.75, &whole);
    printf("%g %d %g %g %g %g\n", m, e, part, whole, ldexp(0.75, 10), nextafter(1, 2) - 1);
    printf("%g %g %g %d %d\n", copysign(3, -0.0), fmax(NAN, 2), fmin(1, NAN), isnan(sqrt(-1)),
           isinf(exp(1000)));
    double complex z = csqrt(-2 + 1 * I) * cexp(0.5 * I);
    printf("%.8g %.8g\n", creal(z), cimag(z));
    return 0;
}
