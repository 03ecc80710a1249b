/* not native: long double has 80 bits on x86 and 128 on RISC-V */
/* Quad precision in software: arithmetic, conversion, printing, libm. */
#include <math.h>
#include <stdio.h>

int main(void)
{
    volatile long double a = 1.0L / 3, b = 1e400L, c = -0.0L;
    printf("%.34Lg %.34Lg %.34Lg\n", a + 2, b * a, sqrtl(2.0L));
    printf("%.20Lf %La %d %ld\n", a * a, a, (int)(b / 1e399L), (long)(a * 1e18L));
    printf("%d %d %d %.17g %.9g\n", a < b, c == 0, signbit(c) != 0, (double)a, (double)(float)a);
    printf("%.30Lg %.30Lg %.30Lg\n", sinl(a), expl(a), powl(a, 2.5L));
    long double sum = 0;
    for (int i = 1; i <= 1000; i++) sum += 1.0L / i / i;
    printf("%.33Lg\n", sum);
    return 0;
}
