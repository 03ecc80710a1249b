/* Choosing cases by a run record of before.
 *
 * Balancing deals out the slowest cases only, each to the shard that has least to do; all others go by their
 * hash, as without it. So memory is bounded, a case that is new or changed stands where it would have stood,
 * and every shard comes to the same result alone.
 */
#include "harness/run/pick.h"

#include "harness/journal/journal.h"
#include "harness/run/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SLOW_MAX = 1 << 16, DEALS_MAX = 1 << 26 };

uint64_t pick_hash(const struct record *r)
{
    const char *slash = strrchr(r->id, '/');
    if (!r->generated || !slash) return hash_str(r->id, 0);
    return hash_bytes(r->id, (size_t)(slash + 1 - r->id), 0) + strtoull(slash + 1, NULL, 10);
}

/* Calls `see` for each record. False: the file cannot be read; a sentence in `why`. */
static bool each_record(const char *path, void (*see)(void *arg, const struct record *r, uint64_t hash),
                        void *arg, struct buf *why)
{
    struct record r;
    const uint8_t *body;
    size_t size;
    enum journal_got got = JOURNAL_DAMAGED;
    struct journal *j = journal_open(path, why);
    while (j && (got = journal_next(j, &r, &body, &size, why)) != JOURNAL_OVER && got != JOURNAL_DAMAGED)
        if (got == JOURNAL_GOT_RECORD) see(arg, &r, pick_hash(&r));
    journal_close(j);
    return got == JOURNAL_OVER;
}

/* ---- --rerun ---- */

static void see_outcome(void *arg, const struct record *r, uint64_t hash)
{
    struct case_pick *pick = arg;
    if (verdict_is_failure(r->verdict) != pick->only) return;
    (void)id_set_add(&pick->ids, pick_apart(hash));
    pick->choice += pick_apart(hash); /* a sum: their order says nothing */
}

/* Whether the file is about the cases of this run, and which of its cases count. */
static int check_rerun(struct program *p, const struct plan *plan, const char *path, struct case_pick *pick)
{
    struct buf why = {0};
    struct journal_extent e;
    struct journal *j = NULL;
    struct run_info info = session_info(p, plan, 0);
    int status = 0;
    if (!journal_check(path, &e, &why) || !(j = journal_open(path, &why)))
        status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    if (!status && j && e.header) {
        json_t *ours = journal_header(&info);
        pick->only = strtoull(journal_text(j->header, "choice"), NULL, 16) != 0;
        if (journal_differs(path, j->header, NULL, ours, JOURNAL_FOR_RERUN, &why))
            status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
        else if (pick->only && !e.complete)
            status = complain(p, STATUS_USAGE,
                              "%s is of a run that was not to run everything, and incomplete, %" PRIu64
                              " of %" PRIu64 " cases; 'lockstep run --resume' goes on with it",
                              path, e.count, e.cases);
        json_decref(ours);
    }
    journal_close(j);
    buf_free(&why);
    return status;
}

static int load_rerun(struct program *p, const struct plan *plan, struct case_pick *pick)
{
    struct buf why = {0};
    int status = check_rerun(p, plan, p->opt.rerun, pick);
    pick->rerun = true;
    pick->choice = 1;
    if (!status && !each_record(p->opt.rerun, see_outcome, pick, &why))
        status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    buf_free(&why);
    return status;
}

/* ---- --balance ---- */

struct scale {
    struct case_pick *pick; /* its slow[] is a heap, the fastest of them on top, while they are found */
    size_t most;            /* entries of it */
    struct id_set chosen;   /* the hashes in it */
    uint64_t *load;         /* of each shard, in microseconds */
    unsigned nshards;       /* how many */
};

/* The order in which slow cases are dealt; hashes make it the same everywhere. */
static int slower_first(const void *a, const void *b)
{
    const struct pick_slow *x = a, *y = b;
    if (x->micros != y->micros) return x->micros < y->micros ? 1 : -1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int faster_first(const void *a, const void *b)
{
    return slower_first(b, a);
}

/* Lets the entry at the top of the heap sink to its place. */
static void sift(struct pick_slow *heap, size_t n)
{
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < n && slower_first(&heap[child + 1], &heap[child]) > 0) child++;
        if (child >= n || slower_first(&heap[child], &heap[i]) <= 0) return;
        struct pick_slow swap = heap[i];
        heap[i] = heap[child];
        heap[child] = swap;
        i = child;
    }
}

static void see_slow(void *arg, const struct record *r, uint64_t hash)
{
    struct scale *s = arg;
    struct pick_slow *heap = s->pick->slow, now = {hash, r->micros, 0};
    if (s->pick->n < s->most) {
        heap[s->pick->n++] = now;
        if (s->pick->n == s->most) qsort(heap, s->most, sizeof(*heap), faster_first); /* which is a heap */
    } else if (slower_first(&now, &heap[0]) < 0) {
        heap[0] = now;
        sift(heap, s->most);
    }
}

static void see_rest(void *arg, const struct record *r, uint64_t hash)
{
    struct scale *s = arg;
    if (!id_set_has(&s->chosen, pick_apart(hash))) s->load[hash % s->nshards] += r->micros;
}

static void deal_slow(struct scale *s)
{
    struct case_pick *pick = s->pick;
    qsort(pick->slow, pick->n, sizeof(*pick->slow), slower_first);
    for (size_t i = 0; i < pick->n; i++) {
        unsigned least = 0;
        for (unsigned k = 1; k < s->nshards; k++)
            if (s->load[k] < s->load[least]) least = k;
        pick->slow[i].shard = least;
        s->load[least] += pick->slow[i].micros;
    }
    qsort(pick->slow, pick->n, sizeof(*pick->slow), pick_by_hash);
    for (size_t i = 0; i < pick->n; i++) {
        uint64_t entry[2] = {pick->slow[i].hash, pick->slow[i].shard};
        pick->deal = hash_bytes(entry, sizeof(entry), pick->deal);
    }
}

static int load_balance(struct program *p, const struct plan *plan, struct case_pick *pick)
{
    struct buf why = {0};
    struct scale s = {.pick = pick, .nshards = plan->filter.nshards};
    if (!s.nshards)
        return complain(p, STATUS_USAGE, "--balance says how cases are dealt to shards; there is no --shard");
    s.most = DEALS_MAX / s.nshards < SLOW_MAX ? DEALS_MAX / s.nshards : SLOW_MAX;
    pick->slow = xcalloc(s.most, sizeof(*pick->slow));
    s.load = xcalloc(s.nshards, sizeof(*s.load));
    bool good = each_record(p->opt.balance, see_slow, &s, &why);
    for (size_t i = 0; i < pick->n; i++) (void)id_set_add(&s.chosen, pick_apart(pick->slow[i].hash));
    good = good && each_record(p->opt.balance, see_rest, &s, &why);
    if (good && !pick->n) {
        buf_printf(&why, "%s has no case: there are no times to deal by", p->opt.balance);
        good = false;
    }
    if (good) deal_slow(&s);
    int status = good ? 0 : complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    id_set_clear(&s.chosen);
    free(s.load);
    buf_free(&why);
    return status;
}

/* ---- both ---- */

int pick_load(struct program *p, struct plan *plan)
{
    int status = 0;
    if (!p->opt.rerun && !p->opt.balance) return 0;
    struct case_pick *pick = plan->pick = xcalloc(1, sizeof(*pick));
    if (p->opt.rerun) status = load_rerun(p, plan, pick);
    if (!status && p->opt.balance) status = load_balance(p, plan, pick);
    plan->filter.pick = pick;
    plan->whole = false;
    return status;
}

void pick_free(struct case_pick *pick)
{
    if (!pick) return;
    id_set_clear(&pick->ids);
    free(pick->slow);
    free(pick);
}
