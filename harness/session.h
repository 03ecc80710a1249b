/* One run from its first record to its last line: everything that listens to the pool. */
#ifndef HARNESS_SESSION_H
#define HARNESS_SESSION_H

#include "harness/plan.h"
#include "harness/status.h"
#include "harness/worker.h"

struct session {
    struct program *p;       /* where to print */
    const struct plan *plan; /* what was asked for */
    struct run_info info;    /* for reports */
    struct tally tally;      /* sums */
    struct ledger *ledger;   /* what was covered; NULL: no report wants it */
    struct status status;    /* progress */
    struct report *reports;  /* nreports of them */
    unsigned nreports;       /* how many are open */
    uint64_t shown;          /* failures printed */
    uint64_t dissents;       /* disagreeing oracles printed */
    bool *stale;             /* by quirk: the case that shows it ran without it */
    bool lost;               /* a report could not be written */
    bool colour;             /* on p->out */
};

/* Opens the reports. An exit status, after a complaint when it is not 0; session_end in any case. */
int session_begin(struct session *s, struct program *p, const struct plan *plan, uint64_t total);
void session_record(void *session, const struct record *r); /* the pool's sink */
/* Completes reports and prints the sums. The exit status of the run. */
int session_end(struct session *s, struct pool_result *res);

#endif
