/* What the JIT counts about itself, and where its time goes.
 *
 * Translated code's time is told by the clock around it, whole. Which tier it was in is a matter of samples:
 * a slice, which ends after a random number of instructions, ends in one of the two, and that one gets what
 * the clock said since the slice before. Less than a slice, at the end, goes to where code was left last.
 */
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

void jit_sampled(struct jit *j, unsigned tier)
{
    j->stats.samples[tier > 1]++;
    j->stats.code_ns[tier > 1] += j->unsampled_ns[0] + j->unsampled_ns[1];
    j->unsampled_ns[0] = j->unsampled_ns[1] = 0;
}

enum row_kind { SUM, LARGEST, TIME };

#define AT(field) offsetof(struct jit_stats, field)

/* jit_stats for people; `over`: what a number is divided by, 0 for nothing. */
static const struct {
    const char *name;
    size_t at, over;
    enum row_kind kind;
} rows[] = {
    {"blocks translated", AT(blocks), 0, SUM},
    {"regions translated", AT(regions), 0, SUM},
    {"regions from the profile", AT(warm), 0, SUM},
    {"branches made straight code", AT(joined), 0, SUM},
    {"samples in blocks", AT(samples[0]), 0, SUM},
    {"samples in regions", AT(samples[1]), 0, SUM},
    {"guest instructions translated", AT(guest_insns), 0, SUM},
    {"host bytes for each of them", AT(host_bytes), AT(guest_insns), SUM},
    {"jumps linked to blocks", AT(links), 0, SUM},
    {"jumps unlinked", AT(unlinks), 0, SUM},
    {"exits: to a block not linked", AT(exits[JIT_EXIT_GOTO]), 0, SUM},
    {"exits: indirect jumps not cached", AT(exits[JIT_EXIT_JUMP]), 0, SUM},
    {"exits: budget", AT(exits[JIT_EXIT_BUDGET]), 0, SUM},
    {"exits: an instruction for the interpreter", AT(exits[JIT_EXIT_STEP]), 0, SUM},
    {"exits: system calls and exceptions", AT(exits[JIT_EXIT_RAISE]), 0, SUM},
    {"exits: faults", AT(exits[JIT_EXIT_FAULT]), 0, SUM},
    {"instructions interpreted", AT(interpreted), 0, SUM},
    {"cache emptied", AT(flushes), 0, SUM},
    {"cache reclaimed in part", AT(reclaims), 0, SUM},
    {"longest pause for that, ns", AT(reclaim_ns_max), 0, LARGEST},
    {"all pauses for that, ns", AT(reclaim_ns), 0, SUM},
    {"interpreter", AT(interpret_ns), 0, TIME},
    {"first tier, its code", AT(code_ns[0]), 0, TIME},
    {"second tier, its code", AT(code_ns[1]), 0, TIME},
    {"first tier, decoding and lifting", AT(translate_ns[0]), 0, TIME},
    {"first tier, passes", AT(translate_ns[1]), 0, TIME},
    {"first tier, emitting", AT(translate_ns[2]), 0, TIME},
    {"first tier, installing", AT(translate_ns[3]), 0, TIME},
    {"second tier, making regions", AT(region_ns), 0, TIME},
};

unsigned jit_stats_list(const struct vcpu *c, struct cpu_stat *to)
{
    struct jit_stats s = *jit_stats(c);
    for (int i = 0; i < 2; i++) s.code_ns[i] += ((const struct jit *)c->backend)->unsampled_ns[i];
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const uint64_t *value = (const void *)((const char *)&s + rows[i].at);
        const uint64_t *over = (const void *)((const char *)&s + rows[i].over);
        to[i] = (struct cpu_stat){.name = rows[i].name,
                                  .value = *value,
                                  .over = rows[i].over ? *over : 0,
                                  .largest = rows[i].kind == LARGEST,
                                  .time = rows[i].kind == TIME};
    }
    return ARRAY_LEN(rows);
}
