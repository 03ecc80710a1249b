/* Between reference.c, which finds out what translates a stream, and reference_walk.c, which does. */
#ifndef HARNESS_SMMU_REFERENCE_WALK_H
#define HARNESS_SMMU_REFERENCE_WALK_H

#include "harness/smmu/reference.h"

/* One access under way. */
struct ref_walk {
    const struct ref_unit *u;    /* where */
    const struct ref_request *q; /* what was asked */
    struct ref_answer *a;        /* what comes of it */
    uint64_t ste[8], cd[8];      /* as they were read */
    bool stage1, stage2;         /* which translate */
    bool el2, e2h;               /* StreamWorld any-EL2, without and with E2H; else EL1 */
    bool execute, privileged;    /* after INSTCFG and PRIVCFG */
};

/* Notes what went wrong. Always false. */
bool ref_fault(struct ref_walk *w, unsigned event, bool stage2, enum ref_class c, uint64_t ipa);
/* Reads a word of memory as this access sees it, with what it updated itself. */
bool ref_load(struct ref_walk *w, enum ref_word of, uint64_t pa, uint64_t *v);
/* Bits of an address size field (IPS, S2PS), as the unit limits them. */
unsigned ref_output_bits(const struct ref_unit *u, unsigned field);

/* Stage 2 of an address: *pa. `write`, `execute`: what is to be done there. False: a fault is noted. */
bool ref_stage2(struct ref_walk *w, uint64_t ipa, bool write, bool execute, enum ref_class c, uint64_t *pa);
/* Stage 1 of the request's address: *ipa. */
bool ref_stage1(struct ref_walk *w, uint64_t *ipa);

#endif
