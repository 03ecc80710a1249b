/* Which instruction of a longer case kills a backend. */
#ifndef HARNESS_RUN_LOST_H
#define HARNESS_RUN_LOST_H

#include "harness/judge/compare.h"
#include "harness/run/lineup.h"

struct lost_place {
    uint64_t step;           /* number of the instruction, from 1 */
    struct failure_place at; /* which it is */
    uint64_t *state;         /* before it; room for guest->state_words words */
};

/* NULL: it was found; else the sentence why it cannot be told. */
const char *lost_find(const struct lineup *l, unsigned entry, const struct test_case *c,
                      struct lost_place *place);

#endif
