/* lockstep compare of recorded figures: where a series changed. */
#include "harness/clock/history.h"
#include "harness/clock/stats.h"
#include "harness/commands/program.h"
#include "harness/corpus/glob.h"

#include <math.h>
#include <string.h>

enum { MOST_CHANGES = 16, LEAST_VALUES = 2 * STATS_SEGMENT };

/* Figures of one benchmark, as one definition has it, on one machine. */
struct series {
    const char *name, *definition;        /* of it */
    double v[STATS_MAX];                  /* logarithms of its times, n of them */
    const struct recorded *at[STATS_MAX]; /* where each is from */
    unsigned n;                           /* how many */
    bool ended;                           /* the newest file does not have it, or there it fails */
};

static const struct figure *find_figure(const struct recorded *r, const char *name, const char *definition)
{
    for (unsigned i = 0; i < r->n; i++)
        if (!strcmp(r->figures[i].name, name) && !strcmp(r->figures[i].definition, definition))
            return &r->figures[i];
    return NULL;
}

static void gather(struct series *s, const struct recorded *r, unsigned n, const struct figure *f)
{
    *s = (struct series){.name = f->name, .definition = f->definition};
    for (unsigned i = 0; i < n; i++) {
        const struct figure *g = find_figure(&r[i], f->name, f->definition);
        s->ended = !g || g->ns <= 0;
        if (s->ended) continue;
        s->v[s->n] = log(g->ns);
        s->at[s->n++] = &r[i];
    }
}

static bool is_wanted(const struct program *p, const char *name)
{
    for (unsigned f = 0; f < p->opt.filters.n; f++)
        if (glob_match(p->opt.filters.items[f], name)) return true;
    return !p->opt.filters.n;
}

/* Every change that matters; is the last one for the worse? */
static bool print_changes(struct program *p, const struct series *s)
{
    unsigned at[MOST_CHANGES], n = stats_changes(s->v, s->n, at, MOST_CHANGES), shown = 0;
    bool worse = false;
    for (unsigned i = 0; i < n; i++) {
        unsigned from = i ? at[i - 1] : 0, to = i + 1 < n ? at[i + 1] : s->n;
        double change = stats_median(s->v + at[i], to - at[i]) - stats_median(s->v + from, at[i] - from);
        if (fabs(change) < log1p(p->opt.least / 100)) continue;
        worse = change > 0;
        fprintf(p->out, "%-36s %s by %.1f %% at %s (%s), after %s\n", s->name, worse ? "slower" : "faster",
                100 * fabs(expm1(change)), s->at[at[i]]->commit, s->at[at[i]]->path,
                s->at[at[i] - 1]->commit);
        shown++;
    }
    if (!shown && p->opt.verbose) fprintf(p->out, "%-36s the same in %u files\n", s->name, s->n);
    return worse;
}

/* What files of one machine say. */
static int compare_machine(struct program *p, const struct recorded *r, unsigned n)
{
    struct series *s = arena_alloc(&p->arena, sizeof(*s));
    unsigned few = 0, all = 0;
    int status = STATUS_PASS;
    fprintf(p->out, "machine: %s: %u files, %s to %s\n", r->machine, n, r->commit, r[n - 1].commit);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < r[i].n; k++) {
            const struct figure *f = &r[i].figures[k];
            bool seen = false;
            for (unsigned j = 0; j < i && !seen; j++) seen = find_figure(&r[j], f->name, f->definition);
            if (seen || !is_wanted(p, f->name)) continue;
            gather(s, r, n, f);
            all++;
            few += s->n < LEAST_VALUES;
            if (s->ended)
                fprintf(p->out, "%-36s not in %s, or another benchmark there, or it fails\n", s->name,
                        r[n - 1].path);
            if (s->n >= LEAST_VALUES && print_changes(p, s) && !s->ended) status = STATUS_FAIL;
        }
    fprintf(p->out, "%u series", all);
    if (few) fprintf(p->out, "; %u have fewer than %d figures, which is too few to tell", few, LEAST_VALUES);
    fputc('\n', p->out);
    return all ? status : STATUS_NOTHING;
}

int compare_histories(struct program *p)
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
        int one = compare_machine(p, r + from, to - from);
        if (one > status) status = one;
    }
    return status;
}
