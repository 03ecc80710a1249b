/* Which cases a run takes: patterns on ids, and shards. */
#include "harness/corpus/stream.h"

#include "harness/corpus/glob.h"
#include "harness/run/pick.h"

bool select_glob(const struct case_filter *f, const char *id)
{
    bool any = f->nglobs == 0;
    for (unsigned i = 0; i < f->nglobs && !any; i++) any = glob_match(f->globs[i], id);
    return any;
}

enum select select_prefix(const struct case_filter *f, const char *prefix)
{
    enum select most = f->nglobs ? SELECT_NONE : SELECT_ALL;
    for (unsigned i = 0; i < f->nglobs; i++) {
        if (glob_must_match(f->globs[i], prefix)) return SELECT_ALL;
        if (glob_may_match(f->globs[i], prefix)) most = SELECT_SOME;
    }
    return most;
}

bool select_id(const struct case_filter *f, const char *id, uint64_t hash)
{
    if (f->pick && !pick_takes(f->pick, f, hash)) return false;
    return (f->pick || f->nshards <= 1 || hash % f->nshards == f->shard) && select_glob(f, id);
}

uint64_t select_nth(const struct case_filter *f, uint64_t hash, uint64_t from, uint64_t skip)
{
    if (f->nshards <= 1) return from + skip;
    uint64_t n = f->nshards, now = (hash % n + from % n) % n;
    return from + (f->shard + n - now) % n + skip * n;
}

uint64_t select_count(const struct case_filter *f, uint64_t hash, uint64_t from, uint64_t to)
{
    uint64_t first = select_nth(f, hash, from, 0), step = f->nshards <= 1 ? 1 : f->nshards;
    return first >= to ? 0 : (to - first - 1) / step + 1;
}
