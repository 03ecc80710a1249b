/* Cases in worker processes: a crash or a hang costs one case.
 *
 * The parent (pool.c) deals out ranges of case numbers; workers (worker.c) walk the stream themselves, run,
 * judge and send records home. The parent hands records on in the order of the cases, whatever the number of
 * workers.
 */
#ifndef HARNESS_RUN_WORKER_H
#define HARNESS_RUN_WORKER_H

#include "harness/cover/ledger.h"
#include "harness/run/lineup.h"
#include "harness/run/record.h"

#include <signal.h>

/* Where cases come from; every process opens its own. The same calls as case_stream_*. */
struct case_source {
    void *(*open)(const void *arg, struct diag *d);
    int (*next)(void *s, const struct test_case **c);
    uint64_t (*skip)(void *s, uint64_t n);
    void (*close)(void *s);
    const void *arg; /* given to open */
};

/* Cases [first, first + count) of the stream. When a worker before this one was lost in the middle, `lost` is
 * the case that did it: it is reported, not run. */
struct assignment {
    uint64_t first, count; /* count 0: the worker may go home */
    uint64_t lost;         /* case number, or ~0 */
    uint32_t verdict;      /* enum verdict of the lost one */
    uint32_t micros;       /* how long it took */
    uint32_t doing;        /* what killed it, as in struct activity */
    char reason[112];      /* what happened to it: "interp: died of SIGSEGV" */
};

/* ---- worker.c ---- */
/* The life of a worker: assignments from one descriptor, frames to the other, until either ends. `ledger`:
 * where it notes what cases cover, or NULL. */
void worker_main(const struct case_source *src, const struct lineup *l, struct ledger *ledger,
                 struct activity *act, int in, int out);
/* The record of a case with the judgement on it. Texts are the case's and the judgement's, `exit` is scratch.
 */
struct record record_of(const struct test_case *c, uint64_t number, const struct lineup *l,
                        const struct outcome *outcomes, const struct judgement *j, struct buf *exit);
int write_all(int fd, const void *p, size_t n); /* 0 or -errno */

/* ---- pool.c ---- */

struct pool_config {
    struct case_source source;   /* where cases come from */
    const struct lineup *lineup; /* who runs them */
    struct ledger *ledger;       /* what they cover is added here; NULL: nobody asks */
    uint64_t first;              /* cases before this one are not run: they were in another run */
    uint64_t total;              /* cases in the stream */
    const uint64_t *early_cases; /* nearly of them, each once: run before all others, in this order */
    size_t nearly;               /* how many */
    unsigned jobs;               /* workers, at least 1 */
    unsigned batch;              /* cases an assignment; 0: a good number */
    double timeout;              /* seconds a case may take; 0: for ever */
    unsigned max_timeouts;       /* give up after so many; 0: never */
    uint64_t memory;             /* bytes a worker may allocate; 0: any */
    /* Called for each record in the order of the cases, and now and then with NULL. */
    void (*sink)(void *arg, const struct record *r);
    /* Called with each record of early_cases, in their order, as soon as it is known; or NULL. The sink gets
     * it too, when its turn comes. */
    void (*told)(void *arg, const struct record *r);
    /* Called with what the records since the last call add to the ledger (ledger_take), or NULL. */
    void (*cover)(void *arg, const void *body, size_t size);
    /* Called when SIGUSR1 asked: a line for each worker; or NULL. */
    void (*asked)(void *arg, const char *text);
    /* Called in front of the sink's NULL: the case that has been running longest, on whom, since when; "" for
     * none. Or NULL. */
    void (*slowest)(void *arg, const char *id, const char *on, double seconds);
    void *arg;             /* given to all of them */
    double (*clock)(void); /* seconds; NULL: CLOCK_MONOTONIC. It may jump */
};

enum pool_end { POOL_DONE, POOL_INTERRUPTED, POOL_GAVE_UP, POOL_BAD_INPUT, POOL_BROKEN };

struct pool_result {
    enum pool_end end;  /* why it stopped */
    int signal;         /* POOL_INTERRUPTED: which */
    unsigned timeouts;  /* cases lost to the clock */
    unsigned killed;    /* workers killed by somebody else; the cases they were at ran again */
    struct buf message; /* POOL_BAD_INPUT: the stream's errors; GAVE_UP, BROKEN: a sentence */
};

void pool_signals(sigset_t *set); /* those that interrupt a run, and SIGUSR1, which asks */
/* Blocks them in this process until `old` is restored; pool_run
 * watches for them.
 */
void pool_block_signals(sigset_t *old);
void pool_run(const struct pool_config *cfg, struct pool_result *res);

#endif
