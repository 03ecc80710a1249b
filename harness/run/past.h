/* What went wrong or took long the last time, so that it runs first this time. It decides the order in which
 * cases run, and nothing else. */
#ifndef HARNESS_RUN_PAST_H
#define HARNESS_RUN_PAST_H

#include "harness/run/plan.h"

enum {
    PAST_VERSION = 1,
    PAST_QUICK = 1000,         /* failures that are remembered */
    PAST_SLOW = 64,            /* cases that take long, failed or not; fewer than --max-timeouts allows */
    PAST_SLOW_MICROS = 100000, /* which is that long */
    PAST_FILES = 64            /* in the cache: those that were written last */
};

/* A case that is remembered. */
struct past_case {
    uint64_t hash;   /* pick_hash */
    uint64_t number; /* in this run; ~0: not in it */
    uint32_t micros; /* how long it took */
    bool failed;     /* what became of it */
    bool seen;       /* its result of this run is known, and counts from now on */
    bool told;       /* and was printed, before its turn */
    char *id;        /* for people who look into the file; owned */
};

struct past {
    const char *path;       /* of the file; NULL: nothing is remembered */
    bool asked;             /* the file was named; else it is in the cache */
    struct past_case *past; /* npast of them: by hash, and once they were found, by number */
    size_t npast;           /* how many */
    size_t at;              /* the first of `past` that this run has not come to */
    struct past_case *now;  /* nnow of them: what this run found */
    size_t nnow, nslow;     /* how many; how many of them are slow */
    uint64_t *first;        /* nfirst numbers of cases, in the order in which they run */
    size_t nfirst;          /* how many */
    size_t nfailed;         /* of them, those that failed */
};

/* Looks for the plan's history. Complains; an exit status. */
int past_open(struct program *p, const struct plan *plan, struct past *h);
/* Passes over all cases of the stream and finds those that are remembered. How many cases there are. */
uint64_t past_find(struct past *h, struct case_stream *s);
/* Decides what runs first, of the cases from number `from` on. */
void past_order(struct past *h, uint64_t from);
void past_tell(struct past *h, const struct record *r); /* it was printed before its turn */
/* Records of a run, in the order of the cases. True: it was printed already. */
bool past_note(struct past *h, const struct record *r);
/* Writes the file, if there is something to say. `whole`: every case of the corpora ran. A complaint is all
 * that becomes of errors. */
void past_write(struct past *h, struct program *p, bool whole);
void past_free(struct past *h);

#endif
