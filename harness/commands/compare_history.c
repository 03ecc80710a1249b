/* lockstep compare of recorded figures: where a series changed. */
#include "harness/clock/history.h"
#include "harness/commands/program.h"
#include "harness/corpus/glob.h"

#include <math.h>
#include <string.h>

static bool is_wanted(const struct program *p, const char *name)
{
    for (unsigned f = 0; f < p->opt.filters.n; f++)
        if (glob_match(p->opt.filters.items[f], name)) return true;
    return !p->opt.filters.n;
}

/* Every change that matters; is the last one for the worse? */
static bool print_changes(struct program *p, const struct series *s)
{
    struct series_change all[SERIES_CHANGES];
    unsigned n = series_changes(s, p->opt.least / 100, all);
    for (unsigned i = 0; i < n; i++) {
        const struct recorded *from = s->at[all[i].at], *last = s->at[all[i].at - 1];
        fprintf(p->out, "%-36s %s by %.1f %% at %s (%s), after %s\n", s->name,
                all[i].by > 0 ? "slower" : "faster", 100 * fabs(expm1(all[i].by)), from->commit, from->path,
                last->commit);
    }
    if (!n && p->opt.verbose) fprintf(p->out, "%-36s the same in %u files\n", s->name, s->n);
    return n && all[n - 1].by > 0;
}

/* What files of one machine say. */
static int compare_machine(struct program *p, struct stops *stops, const struct recorded *r, unsigned n)
{
    struct series *s = arena_alloc(&p->arena, sizeof(*s));
    unsigned few = 0, all = 0;
    int status = STATUS_PASS;
    fprintf(p->out, "machine: %s: %u files, %s to %s\n", r->machine, n, r->commit, r[n - 1].commit);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < r[i].n; k++) {
            const struct figure *f = &r[i].figures[k];
            if (stops_wait(stops, 0))
                return complain(p, STATUS_HARNESS, "interrupted by %s: not all series were looked at",
                                stops_name(stops));
            if (series_seen(r, i, f) || !is_wanted(p, f->name)) continue;
            series_gather(s, r, n, f);
            all++;
            few += s->n < SERIES_LEAST;
            if (s->ended)
                fprintf(p->out, "%-36s not in %s, or another benchmark there, or it fails\n", s->name,
                        r[n - 1].path);
            if (s->n >= SERIES_LEAST && print_changes(p, s) && !s->ended) status = STATUS_FAIL;
        }
    fprintf(p->out, "%u series", all);
    if (few) fprintf(p->out, "; %u have fewer than %d figures, which is too few to tell", few, SERIES_LEAST);
    fputc('\n', p->out);
    return all ? status : STATUS_NOTHING;
}

int compare_histories(struct program *p, struct stops *stops)
{
    const struct text_list *args = &p->opt.args;
    struct recorded *r = arena_alloc(&p->arena, args->n * sizeof(*r));
    int status = STATUS_PASS;
    if (args->n > STATS_MAX) return complain(p, STATUS_USAGE, "more than %d files", STATS_MAX);
    for (unsigned i = 0; i < args->n; i++) {
        const char *why = recorded_read(&r[i], args->items[i], &p->arena);
        if (why) return complain(p, STATUS_USAGE, "%s: %s", args->items[i], why);
    }
    recorded_sort(r, args->n);
    for (unsigned from = 0, to; from < args->n; from = to) {
        for (to = from + 1; to < args->n && !strcmp(r[to].machine, r[from].machine);) to++;
        int one = compare_machine(p, stops, r + from, to - from);
        if (stops->signal) return one;
        if (one > status) status = one;
    }
    return status;
}
