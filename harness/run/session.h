/* One run from its first record to its last line: everything that listens to the pool. */
#ifndef HARNESS_RUN_SESSION_H
#define HARNESS_RUN_SESSION_H

#include "harness/page/history.h"
#include "harness/run/past.h"
#include "harness/run/status.h"
#include "harness/run/watch.h"
#include "harness/run/worker.h"

struct session {
    struct program *p;       /* where to print */
    const struct plan *plan; /* what was asked for */
    struct run_info info;    /* for reports */
    struct tally tally;      /* sums */
    struct ledger *ledger;   /* what was covered; NULL: no report wants it */
    struct cover cover;      /* the same, without what cannot be hit */
    struct earlier *earlier; /* the run of --rerun, when it was like this one; or NULL */
    struct history history;  /* what reports hold the run against */
    struct status status;    /* progress */
    struct report *reports;  /* nreports of them */
    unsigned nreports;       /* how many are open */
    struct past *past;       /* what is remembered for the next time, or NULL */
    uint64_t shown;          /* failures printed */
    uint64_t dissents;       /* disagreeing oracles printed */
    json_t *watched;         /* the rows of quirks; owned */
    struct watch watch;      /* of them */
    double flushed;          /* when reports were last told to write what they know */
    bool lost;               /* a report could not be written */
    bool colour;             /* on p->out */
};

/* Which run a plan stands for: all of info that is known before it begins, without the hashes. */
struct run_info session_info(struct program *p, const struct plan *plan, uint64_t total);
/* Two names of one regular file. */
bool session_same_file(const char *a, const char *b);
/* Opens the reports, but not the one at the path `but` (or NULL). An exit status, after a complaint when it
 * is not 0; session_end in any case. */
int session_begin(struct session *s, struct program *p, const struct plan *plan, const struct run_info *info,
                  const char *but);
/* Goes on with a run record, as report_continue. An exit status, after a complaint. */
int session_continue(struct session *s, const char *path, uint64_t size, struct journal_coder *coder);
void session_record(void *session, const struct record *r); /* the pool's sink, and its `cover` */
void session_told(void *session, const struct record *r);   /* the pool's `told` */
void session_asked(void *session, const char *text);        /* the pool's `asked` */
void session_slowest(void *session, const char *id, const char *on, double seconds); /* its `slowest` */
void session_cover(void *session, const void *body, size_t size);
/* Completes reports and prints the sums. The exit status of the run. */
int session_end(struct session *s, struct pool_result *res);

/* The whole of a command that does not die of SIGUSR1, by which somebody asks how it goes. */
int session_asking(struct program *p, int (*command)(struct program *p));
/* The next signal that came since the last time, of those that pool_block_signals blocks, or 0; not while the
 * pool runs, which takes them itself. */
int session_signal(void);

#endif
