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

#define AT(field) offsetof(struct jit_stats, field)

/* jit_stats for people; `over`: what a number is divided by, 0 for nothing. */
static const struct {
    const char *name;
    size_t at, over;
    bool largest;
} rows[] = {
    {"blocks translated", AT(blocks), 0, false},
    {"regions translated", AT(regions), 0, false},
    {"regions from the profile", AT(warm), 0, false},
    {"samples in blocks", AT(samples[0]), 0, false},
    {"samples in regions", AT(samples[1]), 0, false},
    {"guest instructions translated", AT(guest_insns), 0, false},
    {"host bytes for each of them", AT(host_bytes), AT(guest_insns), false},
    {"jumps linked to blocks", AT(links), 0, false},
    {"jumps unlinked", AT(unlinks), 0, false},
    {"exits: to a block not linked", AT(exits[JIT_EXIT_GOTO]), 0, false},
    {"exits: indirect jumps not cached", AT(exits[JIT_EXIT_JUMP]), 0, false},
    {"exits: budget", AT(exits[JIT_EXIT_BUDGET]), 0, false},
    {"exits: an instruction for the interpreter", AT(exits[JIT_EXIT_STEP]), 0, false},
    {"exits: system calls and exceptions", AT(exits[JIT_EXIT_RAISE]), 0, false},
    {"exits: faults", AT(exits[JIT_EXIT_FAULT]), 0, false},
    {"instructions interpreted", AT(interpreted), 0, false},
    {"cache emptied", AT(flushes), 0, false},
    {"cache reclaimed in part", AT(reclaims), 0, false},
    {"longest pause for that, ns", AT(reclaim_ns_max), 0, true},
    {"all pauses for that, ns", AT(reclaim_ns), 0, false},
    {"decoding and lifting, ns", AT(translate_ns[0]), 0, false},
    {"passes, ns", AT(translate_ns[1]), 0, false},
    {"emitting, ns", AT(translate_ns[2]), 0, false},
    {"installing, ns", AT(translate_ns[3]), 0, false},
};

unsigned jit_stats_list(const struct vcpu *c, struct cpu_stat *to)
{
    const char *s = (const char *)jit_stats(c);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const uint64_t *value = (const void *)(s + rows[i].at), *over = (const void *)(s + rows[i].over);
        to[i] = (struct cpu_stat){rows[i].name, *value, rows[i].over ? *over : 0, rows[i].largest};
    }
    return ARRAY_LEN(rows);
}
