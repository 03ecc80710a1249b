/* What `lockstep bench` recorded: Google Benchmark's JSON, and beside it, as "lockstep", where and of what.
 */
#ifndef HARNESS_CLOCK_HISTORY_H
#define HARNESS_CLOCK_HISTORY_H

#include "harness/clock/define.h"
#include "harness/clock/measure.h"
#include "harness/clock/stats.h"

/* ---- record.c ---- */

/* Completes the JSON of Google Benchmark in the file `from` and makes it `to`. NULL, or why not. *failed: how
 * many benchmarks did; each has a line on `say`. */
const char *record_write(const char *from, const char *to, const struct environment *e,
                         const struct benchmarks *b, unsigned *failed, FILE *say, struct arena *a);

/* ---- history.c ---- */

struct figure {
    const char *name;       /* of the benchmark, as defined */
    const char *definition; /* its hash */
    double ns;              /* CPU time of an iteration; 0: it failed */
};

/* A file. */
struct recorded {
    const char *path;       /* of it */
    const char *machine;    /* as environment_machine says it */
    const char *commit;     /* what was measured */
    int64_t commit_time;    /* for the order */
    const char *date;       /* of the measurement, for the order within a commit */
    struct figure *figures; /* n of them; only those that CPU time says something about */
    unsigned n;             /* how many */
};

/* NULL, or why it cannot be used. */
const char *recorded_read(struct recorded *r, const char *path, struct arena *a);
/* By machine, then by time. */
void recorded_sort(struct recorded *r, unsigned n);

/* ---- series.c ---- */

enum { SERIES_CHANGES = 16, SERIES_LEAST = 2 * STATS_SEGMENT /* values; fewer cannot tell */ };

/* Figures of one benchmark, as one definition has it, on one machine. */
struct series {
    const char *name, *definition;        /* of it */
    double v[STATS_MAX];                  /* logarithms of its times, n of them */
    const struct recorded *at[STATS_MAX]; /* where each is from */
    unsigned n;                           /* how many */
    bool ended;                           /* the newest file does not have it, or there it fails */
};

struct series_change {
    unsigned at; /* the first value that is different */
    double by;   /* logarithm of the factor; above 0: slower */
};

/* Of the n files of one machine, in order: those in which the benchmark that `f` is a figure of gave one. */
void series_gather(struct series *s, const struct recorded *r, unsigned n, const struct figure *f);
/* Does one of the n files have a figure of the same benchmark? */
bool series_seen(const struct recorded *r, unsigned n, const struct figure *f);
/* Every change by `least` (0.015) or more, in order: at most SERIES_CHANGES of them; how many. */
unsigned series_changes(const struct series *s, double least, struct series_change *changes);

#endif
