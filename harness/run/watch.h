/* What a run finds out about the rows of corpora/quirks/ themselves: which have ended, and which it did not
 * meet where it should have. Run records carry the list of rows, so that a merged run knows it without them.
 */
#ifndef HARNESS_RUN_WATCH_H
#define HARNESS_RUN_WATCH_H

#include "harness/run/plan.h"

#include <jansson.h>

/* A row of quirks, as the list has it. */
struct watched {
    const char *id;       /* its own */
    const char *backend;  /* who is wrong, with its version where the row is possible */
    const char *ended;    /* the last day that it counted, or NULL */
    const char *shown_by; /* id of the case that shows it, or NULL */
    uint64_t hash;        /* of that id */
    bool xfail;           /* it is an expected failure */
    bool possible;        /* this run can meet it */
    bool gone;            /* the case that shows it ran without it */
    bool ran;             /* that case ran */
};

struct watch {
    struct watched *rows; /* n of them, by their numbers */
    unsigned n;           /* how many */
    bool ends[256];       /* the last letters of those cases' ids: most cases have another one */
    bool whole;           /* every case there is runs */
};

/* The rows of a plan's quirks, as a list for watch_open; it and run records hold nothing else. Owned. */
json_t *watch_list(const struct plan *plan);
/* The list's texts are used until watch_close. `list` is NULL: there are none. */
void watch_open(struct watch *w, const json_t *list, bool whole);
void watch_record(struct watch *w, const struct record *r);
/* Appends a line for each row that somebody should look at; with `all` also those that a run of everything
 * did not meet. */
void watch_say(const struct watch *w, const struct tally *t, bool all, struct buf *out);
void watch_close(struct watch *w);

#endif
