/* What a unit with caches might still hold of accesses that it has seen. The reference holds nothing, so it
 * cannot say what comes of an access that may find something old; this knows which those are.
 */
#ifndef HARNESS_SMMU_REFERENCE_STALE_H
#define HARNESS_SMMU_REFERENCE_STALE_H

#include "harness/smmu/reference.h"

struct stale {
    struct buf walks; /* struct stale_walk: accesses so far */
    struct buf words; /* struct stale_word: what they looked at, in order */
};

/* A new access is about to look at tables. */
void stale_begin(struct stale *s, uint32_t sid, uint64_t iova);
/* It looked at this word. */
void stale_saw(struct stale *s, enum ref_word of, uint64_t pa, uint64_t v);
/* That is what came of it. Hardware's updates are no change that anything could be stale by. */
void stale_end(struct stale *s, const struct ref_answer *a);
/* A command was consumed: what it surely invalidates is gone after the next CMD_SYNC. */
void stale_command(struct stale *s, const uint64_t c[2]);
/* Software has changed something that may still be cached. */
bool stale_maybe(const struct stale *s, const struct ref_unit *u);
void stale_reset(struct stale *s); /* nothing is cached */
void stale_free(struct stale *s);

#endif
