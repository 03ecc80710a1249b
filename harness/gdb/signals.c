/* Signals by gdb's own numbers (its include/gdb/signals.def), which are no system's; and which of them pass
 * without gdb being asked. */
#include "harness/gdb/gdb.h"

enum {
    GDB_UNKNOWN = 143,    /* a signal that gdb has no name for */
    GDB_REALTIME_33 = 45, /* up to 63; .. */
    GDB_REALTIME_32 = 77, /* ..these two came later */
    GDB_REALTIME_64 = 78,
};

/* By Linux's number: up to 31 no two orders are alike. */
static const uint8_t numbers[] = {0,           1,  2,  3,  4,  5,  6,  10, 8,  9,  30, 11, 31, 13, 14, 15,
                                  GDB_UNKNOWN, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12};

int signals_gdb(int sig)
{
    if (sig < (int)ARRAY_LEN(numbers)) return numbers[sig];
    return sig == 32 ? GDB_REALTIME_32 : sig == 64 ? GDB_REALTIME_64 : sig - 33 + GDB_REALTIME_33;
}

int signals_guest(int number)
{
    for (int sig = 1; sig <= USER_SIGNALS; sig++)
        if (signals_gdb(sig) == number) return sig;
    return 0;
}

bool signals_silent(const struct gdb *d, int sig)
{
    return d->passed >> (sig - 1) & 1 || signals_gdb(sig) == GDB_UNKNOWN; /* which it could not give back */
}

void signals_pass(struct gdb *d, const char *list)
{
    d->passed = 0;
    while (*list) {
        int sig = signals_guest((int)packet_number(&list));
        if (sig) d->passed |= 1ull << (sig - 1);
        if (*list++ != ';') return;
    }
}
