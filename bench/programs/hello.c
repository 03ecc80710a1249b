/* The least that a program does: for what starting one takes. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
