/* Between generate.c, which makes random streams and what happens to them, and generate_fields.c, which says
 * what random fields hold.
 */
#ifndef HARNESS_SMMU_GENERATE_H
#define HARNESS_SMMU_GENERATE_H

#include "harness/smmu/scenario.h"

enum { GENERATE_MAPS = 6, GENERATE_CONTEXTS = 6 };

/* Something that is mapped. */
struct generate_map {
    uint64_t iova, size; /* where, how much */
    unsigned stage;      /* 1 or 2 */
};

/* A stream, or a substream of it. */
struct generate_context {
    unsigned sid, ssid;                      /* which */
    unsigned asid, vmid;                     /* its tags */
    const char *config;                      /* as streams say it */
    bool el2;                                /* STE.STRW */
    struct generate_map maps[GENERATE_MAPS]; /* nmaps of them */
    unsigned nmaps;                          /* how many */
};

struct generator_state {
    struct rng rng;                                      /* where chance comes from */
    bool plain;                                          /* only what all SMMUs have */
    struct buf *out;                                     /* YAML so far */
    struct generate_context contexts[GENERATE_CONTEXTS]; /* ncontexts of them */
    unsigned ncontexts;                                  /* how many */
};

static inline uint64_t pick(struct generator_state *g, uint64_t n)
{
    return rng_below(&g->rng, n);
}

/* ---- generate_fields.c ---- */
/* "ste: {…}, ": fields as they may be, and now and then one as it may not. */
void generate_ste(struct generator_state *g, const struct generate_context *c, bool s1, bool s2,
                  bool substreams);
void generate_cd(struct generator_state *g, const struct generate_context *c);
/* Bits of leaves: ", perms: rw, set: …". */
void generate_leaf(struct generator_state *g, unsigned stage);

#endif
