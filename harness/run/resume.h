/* Going on with a run that was stopped or killed: `lockstep run --resume FILE`. */
#ifndef HARNESS_RUN_RESUME_H
#define HARNESS_RUN_RESUME_H

#include "harness/journal/journal.h"
#include "harness/run/session.h"

struct resume {
    const char *path;          /* of the run record; NULL: everything is to be run */
    struct journal_extent has; /* what is in it */
};

/* The hashes of info that say what is run, and by what. Complains; an exit status. */
int run_identify(struct program *p, const struct plan *plan, uint64_t corpus, struct run_info *info);
/* Looks whether the file is of the run that the plan and info stand for. Complains; an exit status. A file
 * that does not exist yet becomes a report of the plan. */
int resume_open(struct program *p, struct plan *plan, const struct run_info *info, struct resume *r);
/* Hands on everything that is in the file, and goes on with it. An exit status. */
int resume_replay(struct resume *r, struct session *s);

#endif
