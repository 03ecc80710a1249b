/* `until: full`: cases of a row until each of its bins that shows without a run was hit (classes of values
 * and their crosses, relations, roles, immediates, enums, rounding, addresses). */
#ifndef HARNESS_GENERATE_FILL_H
#define HARNESS_GENERATE_FILL_H

#include "harness/cover/flow.h"

/* Answers, so that a stream that is opened again, also in a worker, need not look for them again. */
struct gen_fills;
struct gen_fills *gen_fills_new(void);
void gen_fills_free(struct gen_fills *f);

/* What cases of a row hit. */
struct gen_filled {
    uint64_t cases;          /* the last that hit something new was the one before this number; at least 1 */
    struct bin_hits hit;     /* bins that need no run */
    struct bin_hits spoiled; /* about values, and met where the instruction is sure to fault, so that it does
                                not use them: a reserved rounding mode, an address where nothing is */
};

/* Makes cases of the plan, from number `from` on, until all bins are hit: at most `most`. Runs nothing, and
 * depends on the plan and these numbers alone. */
void gen_fill(const struct bins *b, const struct gen_plan *p, uint64_t from, uint64_t most,
              struct gen_filled *f);
/* The number of cases only; `f` may be NULL. */
uint64_t gen_fill_count(struct gen_fills *f, const struct gen_plan *p, uint64_t from, uint64_t most);

/* The same for sequences, by the flows that they go through when the interpreter executes them, until each
 * that a sequence is made for was gone through, or so many went by that the rest cannot be: at most `most`.
 */
void gen_fill_sequences(const struct generator *gen, uint64_t from, uint64_t most, struct gen_filled *f);
uint64_t gen_fill_sequences_count(struct gen_fills *f, const struct generator *gen, uint64_t from,
                                  uint64_t most);
/* The flows that they are made for, as bins of flows_make. */
struct bin_hits gen_sequencer_flows(const struct gen_sequencer *q, const struct bins *flows);

#endif
