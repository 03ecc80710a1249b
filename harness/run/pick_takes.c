/* What a choice of cases means for each of them. By itself, since a stream of cases needs no run records to
 * be read. */
#include "harness/run/pick.h"

#include <stdlib.h>

uint64_t pick_apart(uint64_t hash)
{
    return rng_next(&(struct rng){hash});
}

int pick_by_hash(const void *a, const void *b)
{
    const struct pick_slow *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

bool pick_takes(const struct case_pick *pick, const struct case_filter *f, uint64_t hash)
{
    if (pick->rerun && id_set_has(&pick->ids, pick_apart(hash)) != pick->only) return false;
    struct pick_slow key = {.hash = hash}, *slow = NULL;
    if (pick->n) slow = bsearch(&key, pick->slow, pick->n, sizeof(key), pick_by_hash);
    return !f->nshards || (slow ? slow->shard : hash % f->nshards) == f->shard;
}
