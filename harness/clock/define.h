/* Benchmarks as data: the YAML files of bench say what is measured, the kinds in its C files how. */
#ifndef HARNESS_CLOCK_DEFINE_H
#define HARNESS_CLOCK_DEFINE_H

#include "harness/corpus/schema.h"

struct benchmark {
    const char *name;         /* "jit/chain/tier2" */
    const char *kind;         /* how it is measured */
    struct pos at;            /* of its entry */
    const struct ynode *with; /* a map: what the kind wants to know; NULL: nothing */
    bool compare;             /* lockstep compare measures it, unless it is told which */
    bool usual;               /* lockstep bench runs it, unless it is told which */
    bool selftest;            /* make bench-selftest uses it */
    unsigned limit;           /* seconds that a pass may take in lockstep compare; then it fails */
    uint64_t hash;            /* of all that was said of it */
};

struct benchmarks {
    struct benchmark *all; /* n of them, in the order of the files' names and in them */
    unsigned n;            /* how many */
};

/* All definitions in the folder; other YAML files in it are left alone. False: reported. */
bool benchmarks_read(struct benchmarks *b, const char *folder, struct arena *a, struct diag *d);
const struct benchmark *benchmarks_find(const struct benchmarks *b,
                                        const char *name); /* NULL: there is none */
void benchmarks_write_json(FILE *out);                     /* JSON Schema */
/* The name without what Google Benchmark puts behind it: "/iterations:1/real_time". */
const char *benchmark_name(const char *shown, struct arena *a);

#endif
