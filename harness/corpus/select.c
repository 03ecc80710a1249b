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

/* The first of the wanted ones whose hash is not less. */
static size_t lower_bound(const struct wish *w, uint64_t hash)
{
    size_t low = 0, high = w->nfind;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->find[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One case alone was selected by whoever passes it; of several, the shard decides. */
void stream_pass(const struct case_filter *f, struct wish *w, uint64_t hash, uint64_t from, uint64_t to,
                 uint64_t count)
{
    bool alone = to - from == 1;
    for (size_t i = lower_bound(w, hash + from); i < w->nfind && w->find[i].hash - hash - from < to - from;
         i++) {
        uint64_t n = w->find[i].hash - hash;
        if (alone || select_count(f, hash, n, n + 1))
            w->find[i].number = w->passed + (alone ? 0 : select_count(f, hash, from, n));
    }
    w->passed += count;
}
