/* Recursion: Fibonacci, Ackermann, eight queens, Tak, the towers of Hanoi. */
#include "program.h"

static unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static unsigned ackermann(unsigned m, unsigned n)
{
    if (!m) return n + 1;
    return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static int tak(int x, int y, int z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static unsigned queens(unsigned all, unsigned columns, unsigned left, unsigned right)
{
    unsigned count = 0, free = all & ~(columns | left | right);
    if (columns == all) return 1;
    while (free) {
        unsigned bit = free & -free;
        free ^= bit;
        count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static uint64_t hanoi(int n, int from, int to)
{
    if (!n) return 0;
    int spare = 3 - from - to;
    return hanoi(n - 1, from, spare) + (uint64_t)(from * 3 + to) + hanoi(n - 1, spare, to);
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    for (unsigned round = program_rounds(argc, argv, 80); round; round--) {
        sum = program_mix(sum, fib(26 + (round & 1)));
        sum = program_mix(sum, ackermann(2, 300 + round % 8));
        sum = program_mix(sum, (uint64_t)tak(16, 10, 4));
        sum = program_mix(sum, queens(0x1ff, 0, 0, 0));
        sum = program_mix(sum, hanoi(17, 0, 2));
    }
    return program_done("recursion", sum);
}
