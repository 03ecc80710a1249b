/* Inside the pool: the parent's loop (pool.c) and its workers (hand.c). */
#ifndef HARNESS_RUN_POOL_H
#define HARNESS_RUN_POOL_H

#include "harness/run/deal.h"
#include "harness/run/worker.h"

/* A worker as the parent sees it. */
struct hand {
    pid_t pid;                       /* 0: not running */
    int fd;                          /* our end of its socket */
    bool busy;                       /* has an assignment */
    struct piece *piece;             /* where its records go */
    struct assignment a;             /* what it does */
    uint64_t received;               /* records of it that came home */
    struct record_listener listener; /* whether they make sense */
    struct buf in;                   /* bytes of frames not complete yet */
    struct activity *act;            /* its shared memory */
    uint64_t seen;                   /* case it was at when last looked; ~0: at none */
    double since;                    /* when it was first seen there; 0: not yet */
    bool overdue;                    /* killed because of the clock */
    unsigned stillborn;              /* deaths in a row without a record */
    uint64_t again; /* case at which a worker was killed by somebody, and that runs a second time; or ~0 */
};

struct pool {
    const struct pool_config *cfg; /* what to do */
    struct pool_result *res;       /* how it went */
    struct deal deal;              /* what is dealt, and what came home */
    struct record_coder heard;     /* the record that was handed on last; each piece begins afresh */
    struct hand *hands;            /* njobs of them */
    unsigned njobs;                /* workers at most */
    struct activity *shared;       /* where workers say what they are at */
    int sigfd;                     /* interrupting signals arrive here */
    bool over;                     /* res->end is settled */
    double clock;                  /* seconds that this process was awake, see hands_check_clock */
    double looked;                 /* when it was last moved on */
};

enum {
    TICK_MS = 100, /* how often nothing happens at most */
};

/* ---- pool.c ---- */
void pool_finish(struct pool *p, enum pool_end end); /* why it ends, unless that is settled */
double pool_now(const struct pool *p);               /* seconds */

/* ---- hand.c ---- */
/* Gives a worker a piece, starting it if need be. */
void hand_give(struct pool *p, struct hand *h, struct piece *piece);
void hand_read(struct pool *p, struct hand *h); /* takes in what it has sent, also that it ended */
/* Kills workers that have been at one case for too long. */
void hands_check_clock(struct pool *p);
/* Sends everybody home, and takes in what they had sent before. */
void hands_dismiss(struct pool *p);
void hands_tell_slowest(const struct pool *p);                                   /* to cfg->slowest */
void hand_describe(const struct pool *p, const struct hand *h, struct buf *out); /* a line */

#endif
