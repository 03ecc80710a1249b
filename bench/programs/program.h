/* What the benchmark programs share. Each is one file, computes something checkable, prints one line with a
 * checksum of all it did, and takes its amount of work as its only argument (1: about half a second in an
 * emulator; "103%": so much of that). */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of its work, by the first argument: once `usual` when there is none. */
static inline unsigned program_rounds(int argc, char **argv, unsigned usual)
{
    char *unit = NULL;
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], &unit, 0) : 1;
    return unit && *unit == '%' ? usual * n / 100 : usual * (n ? n : 1);
}

/* The same numbers on every machine (xorshift64*). */
static inline uint64_t program_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static inline uint64_t program_mix(uint64_t sum, uint64_t v)
{
    return (sum ^ v) * 0x9e3779b97f4a7c15u + (sum >> 29);
}

static inline int program_done(const char *name, uint64_t sum)
{
    printf("%s %016llx\n", name, (unsigned long long)sum);
    return 0;
}

#endif
