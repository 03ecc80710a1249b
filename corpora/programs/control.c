/* Control flow: recursion, function pointers, switches, setjmp and longjmp, variable arguments, alloca,
 * atexit, and a status from main. */
#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct big {
    long v[12]; /* passed and returned through memory */
};

struct mixed {
    double d; /* passed in an FP and an integer register */
    int i;    /* likewise */
};

static jmp_buf jump;

static unsigned ackermann(unsigned m, unsigned n)
{
    return !m ? n + 1 : ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

__attribute__((noinline)) static int deep(int n)
{
    char pad[512];
    memset(pad, n, sizeof(pad));
    if (n <= 0) longjmp(jump, 77);
    return deep(n - 1) + pad[n % 512];
}

static double many(int n, ...)
{
    va_list ap, copy;
    double sum = 0;
    va_start(ap, n);
    va_copy(copy, ap);
    for (int i = 0; i < n; i++)
        sum += i % 3 == 0 ? va_arg(ap, int) : i % 3 == 1 ? va_arg(ap, double) : (double)va_arg(ap, long);
    sum *= va_arg(copy, int);
    va_end(copy);
    va_end(ap);
    return sum;
}

static struct big spread(struct big b, long by)
{
    for (int i = 0; i < 12; i++) b.v[i] = b.v[i] * by + i;
    return b;
}

static struct mixed swap(struct mixed m)
{
    return (struct mixed){m.i, (int)m.d};
}

__attribute__((noinline)) static const char *day(int n)
{
    switch (n) {
    case 0: return "sun";
    case 1: return "mon";
    case 2: return "tue";
    case 3: return "wed";
    case 4: return "thu";
    case 5: return "fri";
    case 6: return "sat";
    case 100: return "hundred";
    case -5: return "minus five";
    default: return "none";
    }
}

static int twice(int v)
{
    return v * 2;
}

static int square(int v)
{
    return v * v;
}

static void bye(void)
{
    printf("bye\n");
}

int main(void)
{
    static int (*const table[])(int) = {twice, square, abs};
    volatile int came = 0;
    atexit(bye);
    printf("%u\n", ackermann(2, 60));
    int got = setjmp(jump);
    if (!got) deep(200);
    came += got;
    printf("jumped %d\n", came);
    printf("%g %g\n", many(7, 1, 2.5, 3L, 4, 5.5, 6L, 7), many(1, 9));
    struct big b = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    b = spread(spread(b, 3), -7);
    printf("%ld %ld %ld\n", b.v[0], b.v[5], b.v[11]);
    struct mixed m = swap((struct mixed){2.75, -9});
    printf("%g %d\n", m.d, m.i);
    for (int i = -6; i < 9; i++) printf("%s ", day(i));
    printf("%s\n", day(100));
    for (int i = 0; i < 9; i++) printf("%d ", table[i % 3](i - 4));
    printf("\n");
    for (size_t n = 1; n < 100000; n *= 10) {
        char *p = alloca(n);
        memset(p, (int)n, n);
        printf("%d ", (unsigned char)p[n - 1]);
    }
    printf("\n");
    exit(42);
}
