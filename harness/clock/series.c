/* One benchmark over recorded files: a series, and where it changed. */
#include "harness/clock/history.h"

#include <math.h>
#include <string.h>

static const struct figure *find_figure(const struct recorded *r, const struct figure *f)
{
    for (unsigned i = 0; i < r->n; i++)
        if (!strcmp(r->figures[i].name, f->name) && !strcmp(r->figures[i].definition, f->definition))
            return &r->figures[i];
    return NULL;
}

bool series_seen(const struct recorded *r, unsigned n, const struct figure *f)
{
    for (unsigned i = 0; i < n; i++)
        if (find_figure(&r[i], f)) return true;
    return false;
}

void series_gather(struct series *s, const struct recorded *r, unsigned n, const struct figure *f)
{
    *s = (struct series){.name = f->name, .definition = f->definition};
    for (unsigned i = 0; i < n; i++) {
        const struct figure *g = find_figure(&r[i], f);
        s->ended = !g || g->ns <= 0;
        if (s->ended) continue;
        s->v[s->n] = log(g->ns);
        s->at[s->n++] = &r[i];
    }
}

unsigned series_changes(const struct series *s, double least, struct series_change *changes)
{
    unsigned at[SERIES_CHANGES], shown = 0;
    unsigned n = s->n >= SERIES_LEAST ? stats_changes(s->v, s->n, at, SERIES_CHANGES) : 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned from = i ? at[i - 1] : 0, to = i + 1 < n ? at[i + 1] : s->n;
        double by = stats_median(s->v + at[i], to - at[i]) - stats_median(s->v + from, at[i] - from);
        if (fabs(by) >= log1p(least)) changes[shown++] = (struct series_change){at[i], by};
    }
    return shown;
}
