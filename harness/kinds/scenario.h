/* Cases of other kinds than instructions, as the judge and people see them: what all of these kinds share. */
#ifndef HARNESS_KINDS_SCENARIO_H
#define HARNESS_KINDS_SCENARIO_H

#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"

/* ---- scenario.c ---- */

/* Each finding with everybody's value, and the manual's. */
void scenario_table(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                    const struct findings *f, struct buf *out);
/* What the case is about, what it does, and why it is there. */
void scenario_describe(const struct test_case *c, struct buf *out);
/* "CR0.SMMUEN: event 1's address: smmu alone differs from …": as signature_write of an instruction. */
void scenario_signature(const struct test_case *c, const struct findings *f, const char *detail, char *out,
                        size_t size);
/* The first step of the case that shows a difference; 0: none does. */
uint64_t scenario_step(const struct test_case *c, const struct findings *f);
#endif
