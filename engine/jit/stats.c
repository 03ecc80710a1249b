/* What the JIT counts about itself. */
#include "engine/jit/internal.h"

#include <time.h>

uint64_t jit_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const struct jit_stats *jit_stats(const struct vcpu *c)
{
    return &((const struct jit *)c->backend)->stats;
}
