/* lockstep compare: is NEW slower than OLD? */
#include "harness/clock/define.h"
#include "harness/clock/measure.h"
#include "harness/commands/program.h"
#include "harness/corpus/glob.h"

#include <math.h>
#include <string.h>

enum { LIMIT = 60 /* seconds for a slice */, SLICES = 12, SLICE_US = 2000 };

static double percent(double logarithm)
{
    return 100 * expm1(logarithm);
}

static void print_pair(struct program *p, const struct pair *q)
{
    fprintf(p->out, "%-36s ", benchmark_name(q->name, &p->arena));
    if (q->verdict <= PAIR_UNSURE)
        fprintf(p->out, "%+7.2f %%  [%+6.2f, %+6.2f]  p %-7.2g %s%s\n", percent(q->centre), percent(q->low),
                percent(q->high), q->p, pair_words[q->verdict],
                q->again && q->verdict == PAIR_UNSURE ? ": not again" : "");
    else
        fprintf(p->out, "%s%s%s\n", pair_words[q->verdict], *q->why ? ": " : "", q->why);
}

/* The mean of what could be compared, and how often each verdict was. */
static void print_sums(struct program *p, const struct pair *pairs, unsigned n)
{
    unsigned count[PAIR_VERDICTS] = {0}, compared = 0;
    double sum = 0;
    for (unsigned i = 0; i < n; i++) {
        count[pairs[i].verdict]++;
        if (pairs[i].verdict > PAIR_UNSURE) continue;
        sum += pairs[i].centre;
        compared++;
    }
    if (compared)
        fprintf(p->out, "geometric mean of %u: NEW takes %+.2f %%\n", compared, percent(sum / compared));
    for (unsigned v = 0, some = 0; v < PAIR_VERDICTS; v++) {
        if (!count[v]) continue;
        fprintf(p->out, "%s%u %s", some++ ? ", " : "", count[v], pair_words[v]);
    }
    fputc('\n', p->out);
}

/* What the project of a build says of its benchmarks; of builds that say nothing there are none. */
static struct benchmarks definitions_of(struct program *p, const struct build *b)
{
    struct diag quiet = {0};
    struct benchmarks found = {0};
    if (b->root && !benchmarks_read(&found, arena_printf(&p->arena, "%s/bench", b->root), &p->arena, &quiet))
        found = (struct benchmarks){0};
    diag_free(&quiet);
    return found;
}

static bool wanted(const struct program *p, const char *name, const struct benchmark *b)
{
    for (unsigned f = 0; f < p->opt.filters.n; f++)
        if (glob_match(p->opt.filters.items[f], name)) return true;
    return !p->opt.filters.n && (!b || (p->opt.selftest ? b->selftest : b->compare));
}

/* Only those that are wanted; how many are left. The same name may mean different things. */
static unsigned select_pairs(struct program *p, const struct build side[2], struct pair *pairs, unsigned n)
{
    const struct benchmarks defined[2] = {definitions_of(p, &side[0]), definitions_of(p, &side[1])};
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        const char *name = benchmark_name(pairs[i].name, &p->arena);
        const struct benchmark *before = benchmarks_find(&defined[0], name),
                               *now = benchmarks_find(&defined[1], name);
        if (!wanted(p, name, now ? now : before)) continue;
        pairs[kept] = pairs[i];
        if (before && now && before->hash != now->hash) pairs[kept].verdict = PAIR_OTHER;
        kept++;
    }
    return kept;
}

static void print_environment(struct program *p, const struct build *b)
{
    struct environment e;
    struct buf warnings = {0};
    environment_read(&e, b->root);
    environment_print(&e, p->out);
    environment_warn(&e, &warnings);
    for (char *line = strtok(warnings.p, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(p->out, "warning: %s\n", line);
    buf_free(&warnings);
    fflush(p->out);
}

static struct pair_options pair_options(const struct program *p)
{
    return (struct pair_options){.pairs = (unsigned)p->opt.pairs,
                                 .slices = {.pairs = SLICES, .us = SLICE_US, .limit = LIMIT},
                                 .least = p->opt.least / 100,
                                 .level = 0.05,
                                 .seed = p->opt.seed,
                                 .progress = p->opt.quiet ? NULL : p->err};
}

/* Finds both builds and what both have. */
static int open_builds(struct program *p, struct build side[2], struct pair **pairs, unsigned *n)
{
    const char **names[2];
    for (unsigned i = 0; i < 2; i++) {
        const char *name = p->opt.args.items[i], *why = build_find(name, &side[i], &p->arena, p->err);
        if (why) return complain(p, STATUS_USAGE, "%s: %s", name, why);
        why = slices_names(&side[i], &names[i], &p->arena);
        if (why) return complain(p, STATUS_HARNESS, "%s: %s", name, why);
    }
    *pairs = pairs_join((const char *const *)names[0], (const char *const *)names[1], n, &p->arena);
    *n = select_pairs(p, side, *pairs, *n);
    return *n ? STATUS_PASS : complain(p, STATUS_NOTHING, "no benchmark matches");
}

static int compare_builds(struct program *p)
{
    struct build side[2];
    struct pair *pairs = NULL;
    unsigned n = 0;
    int status = open_builds(p, side, &pairs, &n);
    if (status) return status;
    struct pair_options o = pair_options(p);
    for (unsigned i = 0; i < n; i++) pairs[i].plant = (unsigned)p->opt.plant;
    print_environment(p, &side[1]);
    pairs_measure(pairs, n, &side[0], &side[1], &o);
    for (unsigned i = 0; i < n; i++) {
        print_pair(p, &pairs[i]);
        enum pair_verdict v = pairs[i].verdict;
        if (v == PAIR_SLOWER || v == PAIR_FAILED || v == PAIR_GONE) status = STATUS_FAIL;
    }
    print_sums(p, pairs, n);
    return status;
}

int cmd_compare(struct program *p)
{
    return compare_builds(p);
}
