/* What a run finds out about the rows of corpora/quirks/ themselves: which have ended, and which it did not
 * meet where it should have.
 */
#ifndef HARNESS_RUN_WATCH_H
#define HARNESS_RUN_WATCH_H

#include "harness/run/plan.h"

struct watch {
    const struct plan *plan; /* whose quirks they are */
    bool *gone;              /* by row: the case that shows it ran without it */
    bool *ran;               /* by row: that case ran */
    uint64_t *shown_by;      /* by row: the hash of that case's id; 0: none, or it cannot be met */
    bool ends[256];          /* the last letters of those ids: most cases have another one */
    unsigned n;              /* rows */
};

void watch_open(struct watch *w, const struct plan *plan);
void watch_record(struct watch *w, const struct record *r);
/* Appends a line for each row that somebody should look at; with `all` also those that a run of everything
 * did not meet. */
void watch_say(const struct watch *w, const struct tally *t, bool all, struct buf *out);
void watch_close(struct watch *w);

#endif
