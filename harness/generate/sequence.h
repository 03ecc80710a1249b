/* Inside the generator of sequences. */
#ifndef HARNESS_GENERATE_SEQUENCE_H
#define HARNESS_GENERATE_SEQUENCE_H

#include "harness/cover/flow.h"
#include "harness/generate/step.h"

/* The two instructions. */
struct motif {
    const struct gen_plan *from, *to; /* their rows */
    struct step_wish makes, uses;     /* what they are to be like */
    unsigned file;                    /* of the register between them */
    uint64_t held;                    /* registers that nothing else may write */
};

struct gen_sequencer {
    const struct guest *guest;  /* the ISA */
    struct gen_plan *plans;     /* of the rows that fit, then of others that motifs use */
    unsigned nplans;            /* how many fit */
    unsigned nall;              /* how many in all */
    unsigned nshapes, npatches; /* of the guest */
    uint64_t seed;              /* of all sequences */
    struct pos at;              /* of the item */
    unsigned shortest, longest; /* instructions */
    unsigned loops;             /* rounds, at most */
    enum flow_kind *kinds;      /* of the plans */
    uint16_t *themes;           /* raw flows that motifs can make */
    unsigned nthemes;           /* how many */
    struct buf text, code;      /* of the sequence at hand */
    struct buf raw;             /* its single instructions */
    size_t told;                /* of which the text has this much */
    struct step_state s;        /* likewise */
    unsigned left;              /* single instructions still wanted */
    unsigned labels;            /* given out */
    struct flow theme;          /* what it is about */
    bool writable;              /* its code can be written */
    struct motif motif;         /* at work */
    bool inside;                /* the next shape has it inside, else anything */
};

/* ---- sequence.c ---- */

/* An instruction of the plan. False: none was found. */
bool sequence_encode(struct gen_sequencer *q, const struct gen_plan *p, const struct step_wish *w);
void sequence_single(struct gen_sequencer *q); /* any */
/* A shape with other instructions, or with q->inside, in it. */
void sequence_shape(struct gen_sequencer *q, const char *text, unsigned depth);

/* ---- motif.c: a flow, made on purpose ---- */

/* Which flows the plans can make, as q->themes; kinds of the plans. */
void motif_find(struct gen_sequencer *q);
/* The flow that sequence n is about. */
struct flow motif_theme(const struct gen_sequencer *q, uint64_t n);
/* Instructions that make the theme, where some can be found. */
void motif_make(struct gen_sequencer *q, unsigned depth);
/* A shape that has this around its @, or NULL. */
const char *motif_shape(struct gen_sequencer *q, enum flow_across across);
/* What stands in a shape of a motif. */
void motif_inside(struct gen_sequencer *q);
/* A row that sequences have in motifs only: a jump to what follows it, an access to flags. */
bool motif_fits(const struct gen_plan *p);

#endif
