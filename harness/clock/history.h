/* What `lockstep bench` recorded: Google Benchmark's JSON, and beside it, as "lockstep", where and of what.
 */
#ifndef HARNESS_CLOCK_HISTORY_H
#define HARNESS_CLOCK_HISTORY_H

#include "harness/clock/define.h"
#include "harness/clock/measure.h"

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

#endif
