/* A machine with a piece of code in it, for benchmarks of the JIT. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "engine/interp/machine.h"
#include "engine/jit/jit.h"

enum {
    MACHINE_CODE = 0x10000,
    MACHINE_CODE_SIZE = 1 << 20,
    MACHINE_DATA = 0x800000,
    MACHINE_DATA_SIZE = 1 << 16
};

/* On the JIT. o stays the caller's. False: it cannot be set up; close it all the same. */
bool machine_on_jit(struct machine *m, bool window, const char *text, const struct jit_options *o);
/* At the code's begin, with s0 at the data and sp at its end. */
void machine_start(struct machine *m);
/* Every translation is forgotten, and what was counted. False: no memory. */
bool machine_reopen(struct machine *m);

#endif
