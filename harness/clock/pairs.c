/* Two builds in turn, and what follows from it. */
#include "harness/clock/measure.h"

#include "harness/clock/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGER = 3 }; /* so many times the pairs, where noise hides what there is */

const char *const pair_words[PAIR_VERDICTS] = {
    [PAIR_SAME] = "same",
    [PAIR_FASTER] = "faster",
    [PAIR_SLOWER] = "slower",
    [PAIR_UNSURE] = "cannot tell",
    [PAIR_FAILED] = "fails",
    [PAIR_FAILED_OLD] = "fails in OLD",
    [PAIR_FAILED_BOTH] = "fails in both",
    [PAIR_GONE] = "not in NEW",
    [PAIR_ADDED] = "not in OLD",
    [PAIR_OTHER] = "is another one",
};

static bool has(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names;
}

struct pair *pairs_join(const char *const *old_names, const char *const *new_names, unsigned *n,
                        struct arena *a)
{
    unsigned most = 0;
    for (const char *const *s = old_names; *s; s++) most++;
    for (const char *const *s = new_names; *s; s++) most++;
    struct pair *p = arena_alloc(a, (most + 1) * sizeof(*p));
    *n = 0;
    for (const char *const *s = new_names; *s; s++)
        p[(*n)++] = (struct pair){.name = *s, .verdict = has(old_names, *s) ? PAIR_SAME : PAIR_ADDED};
    for (const char *const *s = old_names; *s; s++)
        if (!has(new_names, *s)) p[(*n)++] = (struct pair){.name = *s, .verdict = PAIR_GONE};
    return p;
}

/* ---- measuring ---- */

static void measure_pair(struct pair *p, const struct build *const side[2], const struct pair_options *o)
{
    static const enum pair_verdict failed[] = {
        [1] = PAIR_FAILED_OLD, [2] = PAIR_FAILED, [3] = PAIR_FAILED_BOTH};
    struct slices slices = o->slices;
    unsigned bad = 0;
    if (p->limit) slices.limit = p->limit;
    if (slices.cpu >= 0) slices.cpu = (int)p->n; /* each processor in turn: some have worse neighbours */
    double v[SLICES_WAYS];
    if (slices_take(side, p->name, &slices, v, &bad, p->why)) {
        for (unsigned w = 0; w < SLICES_WAYS; w++) p->v[w][p->n] = v[w];
        p->n++;
    } else if (bad) {
        p->verdict = failed[bad];
    }
}

static bool is_open(const struct pair *p)
{
    return p->verdict == PAIR_SAME;
}

/* Every round has each benchmark once that wants more: a bad minute of the machine is one bad pair of each of
 * them, not all the pairs of one. */
static void measure_rounds(struct pair *p, unsigned n, const struct build *old_build,
                           const struct build *new_build, const struct pair_options *o)
{
    for (unsigned measured = 1; measured;) {
        unsigned round = 0;
        measured = 0;
        for (unsigned i = 0; i < n && !o->slices.stops->signal; i++) {
            struct build planted = *new_build;
            const struct build *const side[2] = {old_build, &planted};
            if (p[i].plant) planted.plant = p[i].plant;
            if (!is_open(&p[i]) || p[i].n >= p[i].want) continue;
            measure_pair(&p[i], side, o);
            measured++;
            if (p[i].n > round) round = p[i].n;
        }
        if (o->progress && measured) fprintf(o->progress, "round %u: %u measured\n", round, measured);
        if (o->progress) fflush(o->progress);
    }
}

/* ---- judging ---- */

/* p of each, adjusted for how many there are; `again`: only of those that were measured anew. */
static void test(struct pair *p, unsigned n, bool again)
{
    double *all = xcalloc(n ? n : 1, sizeof(*all));
    unsigned m = 0;
    for (unsigned i = 0; i < n; i++)
        if (is_open(&p[i]) && p[i].again >= again) all[m++] = stats_signed_rank(p[i].v[p[i].way], p[i].n);
    stats_adjust(all, m);
    m = 0;
    for (unsigned i = 0; i < n; i++)
        if (is_open(&p[i]) && p[i].again >= again) p[i].p = all[m++];
    free(all);
}

static struct stats_interval interval(const struct pair *p, enum slices_way way, const struct pair_options *o)
{
    return stats_bootstrap(p->v[way], p->n, 0.95, o->seed);
}

/* The way in which it scatters less. The second look has to do with that of the first: a choice among its own
 * values would make it less sure than it says. */
static void choose_way(struct pair *p, const struct pair_options *o)
{
    double least = INFINITY;
    for (enum slices_way w = 0; w < SLICES_WAYS; w++) {
        struct stats_interval b = interval(p, w, o);
        if (b.high - b.low >= least) continue;
        least = b.high - b.low;
        p->way = w;
    }
}

static void estimate(struct pair *p, const struct pair_options *o)
{
    struct stats_interval b = interval(p, p->way, o);
    p->centre = stats_centre(p->v[p->way], p->n);
    p->low = b.low;
    p->high = b.high;
}

static void judge_all(struct pair *p, unsigned n, const struct pair_options *o, bool again)
{
    for (unsigned i = 0; i < n && !again; i++)
        if (is_open(&p[i])) choose_way(&p[i], o);
    test(p, n, again);
    for (unsigned i = 0; i < n; i++)
        if (is_open(&p[i]) && p[i].again >= again) estimate(&p[i], o);
}

static bool looks_changed(const struct pair *p, const struct pair_options *o)
{
    return p->p <= o->level && fabs(p->centre) >= log1p(o->least);
}

static bool looks_same(const struct pair *p, const struct pair_options *o)
{
    return p->low > -log1p(o->least) && p->high < log1p(o->least);
}

/* What looked changed counts only when it does so again, in the same direction. */
static enum pair_verdict settle(const struct pair *p, double first, const struct pair_options *o)
{
    if (p->again && looks_changed(p, o) && (p->centre > 0) == (first > 0))
        return p->centre > 0 ? PAIR_SLOWER : PAIR_FASTER;
    return looks_same(p, o) ? PAIR_SAME : PAIR_UNSURE;
}

/* Is there more to find out? */
static bool is_blurred(const struct pair *p, const struct pair_options *o, bool again)
{
    return is_open(p) && p->again >= again && !looks_changed(p, o) && !looks_same(p, o);
}

/* The usual number of pairs; more where noise hides what there is, up to LONGER times as many. `again`: of
 * those that looked changed; what counts is not looked at at every step, which would make findings of chance.
 */
static void look(struct pair *p, unsigned n, const struct build *old_build, const struct build *new_build,
                 const struct pair_options *o, bool again)
{
    const unsigned step = again ? (LONGER - 1) * o->pairs : (o->pairs + 1) / 2;
    unsigned more = 1;
    for (unsigned i = 0; i < n; i++)
        if (p[i].again >= again) p[i].want = o->pairs;
    while (more) {
        measure_rounds(p, n, old_build, new_build, o);
        if (o->slices.stops->signal) return;
        judge_all(p, n, o, again);
        more = 0;
        for (unsigned i = 0; i < n; i++) {
            if (!is_blurred(&p[i], o, again) || p[i].want >= LONGER * o->pairs) continue;
            p[i].want = p[i].want + step < LONGER * o->pairs ? p[i].want + step : LONGER * o->pairs;
            more++;
        }
    }
}

/* Two looks: at all of them; and anew, without what was seen before, at those that look changed. Only the
 * second one counts, so the first may be as curious as it likes. */
void pairs_measure(struct pair *p, unsigned n, const struct build *old_build, const struct build *new_build,
                   const struct pair_options *o)
{
    double *first = xcalloc(n ? n : 1, sizeof(*first));
    BUG_ON(!o->pairs || LONGER * o->pairs > PAIRS_MAX);
    look(p, n, old_build, new_build, o, false);
    for (unsigned i = 0; i < n; i++) {
        if (!is_open(&p[i]) || !looks_changed(&p[i], o)) continue;
        first[i] = p[i].centre;
        p[i].again = true;
        p[i].n = 0;
    }
    look(p, n, old_build, new_build, o, true);
    for (unsigned i = 0; i < n; i++)
        if (is_open(&p[i])) p[i].verdict = settle(&p[i], first[i], o);
    free(first);
}
