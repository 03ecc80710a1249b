/* What a report is held against: results of Google Benchmark, and the run record of an earlier run. */
#ifndef HARNESS_PAGE_HISTORY_H
#define HARNESS_PAGE_HISTORY_H

#include "harness/harness.h"

#include <jansson.h>

enum { BENCH_RATIOS = 4 };

struct bench_ratio {
    char *name; /* of the backend; owned */
    double v;   /* how many times as fast as the benchmark's peer */
};

/* A benchmark. */
struct bench {
    char *name;                              /* without what says how it was measured; owned */
    double ns;                               /* CPU time of a round */
    struct bench_ratio ratios[BENCH_RATIOS]; /* nratios of them */
    unsigned nratios;                        /* how many */
    char *definition;                        /* a hash of what it measures; "" when that is not said; owned */
    char *skipped;                           /* why it gave no result, or NULL; owned */
};

/* A file of them. */
struct bench_set {
    const char *path;    /* NULL: none was given */
    struct bench *items; /* n of them, in the order of the file */
    unsigned n;          /* how many */
    char *host, *date;   /* where and when; "" when that is not said; owned */
    unsigned cpus;       /* of that machine */
};

struct history {
    struct bench_set now, before; /* --bench, --before */
    const char *record;           /* --before: a run record, or NULL */
    json_t *header;               /* which run that was */
    struct page_sums *sums;       /* its rows */
};

/* Reads `bench` and the `n` files of `before`, whatever they are. False: a sentence in `why`. `backends`:
 * whose names make a counter a ratio. history_free in any case. */
MUST_CHECK bool history_load(struct history *h, const char *bench, const char *const *before, unsigned n,
                             const struct backend *const *backends, struct buf *why);
void history_free(struct history *h);
/* The benchmark of this name, or NULL. */
const struct bench *bench_find(const struct bench_set *s, const char *name);
/* Why times of the two must not be compared, as a sentence; NULL: they may be. */
const char *bench_apart(const struct bench_set *a, const struct bench_set *b);

#endif
