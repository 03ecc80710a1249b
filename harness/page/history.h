/* What a report is held against: results of Google Benchmark, of now and of earlier runs, and the run record
 * of an earlier run. */
#ifndef HARNESS_PAGE_HISTORY_H
#define HARNESS_PAGE_HISTORY_H

#include "harness/clock/history.h"
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
    double piece;                            /* of a piece of work: its counter `ns`; 0: there is none */
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
    struct bench_set now, before; /* --bench, and the newest measurement of --before */
    struct recorded *runs;  /* nruns of them: all measurements of this machine, in order, the last is `now` */
    unsigned nruns;         /* how many; 0: there are not several */
    unsigned elsewhere;     /* how many others there are, of other machines */
    double least;           /* changes below this (0.015) matter to nobody */
    const char *record;     /* --before: a run record, or NULL */
    json_t *header;         /* which run that was */
    struct page_sums *sums; /* its rows */
    struct arena arena;     /* of what is not owned by itself */
};

/* What --bench and --before name. */
struct history_files {
    const char *bench;         /* NULL: nothing */
    const char *const *before; /* n of them: measurements, folders of those (*.json), and one record */
    unsigned n;                /* how many */
    const struct backend *const *backends; /* whose names make a counter a ratio */
};

/* Reads them all. False: a sentence in `why`. history_free in any case. */
MUST_CHECK bool history_load(struct history *h, const struct history_files *files, struct buf *why);
void history_free(struct history *h);
/* The benchmark of this name, or NULL. */
const struct bench *bench_find(const struct bench_set *s, const char *name);
/* Why times of the two must not be compared, as a sentence; NULL: they may be. */
const char *bench_apart(const struct bench_set *a, const struct bench_set *b);

#endif
