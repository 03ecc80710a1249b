/* Who can run scenarios: a backend of the judge, and what a seat of it does. */
#ifndef HARNESS_SMMU_BACKENDS_H
#define HARNESS_SMMU_BACKENDS_H

#include "harness/smmu/scenario.h"

struct scn_backend {
    struct backend backend;          /* as the judge knows it; the first member */
    const char *(*cannot_run)(void); /* here: why; or NULL. NULL: it always can */
    void *(*open)(const char **why); /* a seat; NULL: *why */
    void (*run)(void *seat, const struct test_case *c, struct outcome *o);
    void (*close)(void *seat);
};

extern const struct scn_backend scn_model;     /* model.c */
extern const struct scn_backend scn_reference; /* reference_unit.c */
extern const struct scn_backend scn_qemu;      /* qemu.c */

/* ---- needs.c ---- */
/* Why a unit with these ID registers cannot be asked about a scenario: a sentence; or NULL. idr: IDR0 to
 * IDR5. */
const char *scn_needs(const struct scenario *s, const uint32_t idr[6]);

#endif
