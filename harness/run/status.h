/* What people see while a run goes on, and at its end. */
#ifndef HARNESS_RUN_STATUS_H
#define HARNESS_RUN_STATUS_H

#include "harness/report/report.h"

struct status {
    FILE *err;       /* progress goes here */
    bool live;       /* a terminal: one line, rewritten */
    bool quiet;      /* no progress at all */
    bool shown;      /* a live line stands there now */
    double start;    /* when the run began */
    double last;     /* when progress was shown last */
    uint64_t total;  /* cases selected */
    uint64_t before; /* of them, those that were done before the run began */
    bool colour;     /* the terminal may be shown colours */
    char slow[192];  /* what runs longest now, or "" */
};

double status_now(void); /* seconds on a clock that only goes forward */
void status_start(struct status *s, FILE *err, bool quiet, uint64_t total);
void status_slowest(struct status *s, const char *id, const char *on, double seconds); /* for what follows */
void status_tick(struct status *s, const struct tally *t);       /* shows progress if it is time to */
void status_show(const struct status *s, const struct tally *t); /* a line of it, now */
void status_clear(struct status *s); /* takes the live line away, before something is printed */
/* The sums of a run, all but the last line: what was skipped and why, who checked. */
void status_sums(const struct tally *t, FILE *out);
bool status_colour(FILE *f); /* a terminal, and NO_COLOR is not set */

#endif
