/* Which cases are given to a worker at once, and in which order what comes home is handed on. */
#ifndef HARNESS_RUN_DEAL_H
#define HARNESS_RUN_DEAL_H

#include "engine/base/base.h"

/* Cases [first, first + count), for one worker. */
struct piece {
    uint64_t first, count; /* numbers of cases */
    struct buf frames;     /* what came home of them */
    bool done;             /* that is all */
};

struct deal {
    uint64_t batch;           /* cases a piece at most */
    uint64_t shares, least;   /* at most what is left by this many, but that many cases; 0: no matter */
    uint64_t next, at, end;   /* numbers: of the next case to deal, to hand on, after the last one */
    struct piece *early;      /* nearly of them, of one case each, in the order in which they are dealt */
    struct piece **by_number; /* the same, in the order of the cases */
    size_t nearly;            /* how many */
    size_t early_dealt, early_told;    /* of `early` */
    size_t passed, emitted;            /* of `by_number`: by dealing, by handing on */
    struct piece *ring;                /* `window` of them: all other pieces that are under way */
    unsigned window;                   /* how many */
    uint64_t ring_dealt, ring_emitted; /* pieces */
};

/* Deals the cases [first, end), and those that `early` names (each once) before all others, in its order. */
void deal_open(struct deal *d, uint64_t first, uint64_t end, uint64_t batch, unsigned window,
               const uint64_t *early, size_t nearly);
/* Pieces are no more than a share of what is left, until they are `least` cases. */
void deal_taper(struct deal *d, uint64_t shares, uint64_t least);
void deal_close(struct deal *d);
/* Work for a worker; NULL: there is none, or none now. */
struct piece *deal_next(struct deal *d);
/* The next early piece, in their own order, once it is done; NULL: it is not. It will be handed on all the
 * same. */
struct piece *deal_told(struct deal *d);
/* What is to be handed on next, in the order of the cases, once it is done; NULL: it is not, or nothing is
 * left. `rest`: done or not. It stays until the next call of any of these, and is to be emptied. */
struct piece *deal_emit(struct deal *d, bool rest);
bool deal_over(const struct deal *d); /* all was handed on */

#endif
