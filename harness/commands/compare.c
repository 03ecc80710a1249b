/* lockstep compare: is NEW slower than OLD? */
#include "harness/clock/define.h"
#include "harness/clock/measure.h"
#include "harness/commands/program.h"
#include "harness/corpus/glob.h"

#include <math.h>
#include <string.h>

enum { LIMIT = 60 /* seconds for a slice */, TURNS = 24, SLICE_US = 2000 };

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
        pairs[kept++].limit = now ? now->limit : 0;
    }
    return kept;
}

static struct pair_options pair_options(const struct program *p, struct stops *stops)
{
    return (struct pair_options){.pairs = (unsigned)p->opt.pairs,
                                 .slices = {.turns = TURNS, .us = SLICE_US, .limit = LIMIT, .stops = stops},
                                 .least = p->opt.least / 100,
                                 .level = 0.05,
                                 .seed = p->opt.seed,
                                 .progress = p->opt.quiet ? NULL : p->err};
}

static int interrupted(struct program *p, const struct stops *stops)
{
    return complain(p, STATUS_HARNESS, "interrupted by %s: nothing is compared", stops_name(stops));
}

/* Finds both builds and what both have. */
static int open_builds(struct program *p, struct build side[2], struct stops *stops, struct pair **pairs,
                       unsigned *n)
{
    const char **names[2];
    for (unsigned i = 0; i < 2; i++) {
        const char *name = p->opt.args.items[i], *why = build_find(name, &side[i], stops, &p->arena, p->err);
        if (stops->signal) return interrupted(p, stops);
        if (why) return complain(p, STATUS_USAGE, "%s: %s", name, why);
        why = slices_names(&side[i], &names[i], stops, &p->arena);
        if (stops->signal) return interrupted(p, stops);
        if (why) return complain(p, STATUS_HARNESS, "%s: %s", name, why);
    }
    *pairs = pairs_join((const char *const *)names[0], (const char *const *)names[1], n, &p->arena);
    *n = select_pairs(p, side, *pairs, *n);
    return *n ? STATUS_PASS : complain(p, STATUS_NOTHING, "no benchmark matches");
}

static int compare_builds(struct program *p, struct stops *stops)
{
    struct environment e;
    struct build side[2];
    struct pair *pairs = NULL;
    unsigned n = 0;
    int status = open_builds(p, side, stops, &pairs, &n);
    if (status) return status;
    struct pair_options o = pair_options(p, stops);
    for (unsigned i = 0; i < n; i++) pairs[i].plant = (unsigned)p->opt.plant;
    environment_read(&e, side[1].root);
    environment_print(&e, p->out);
    pairs_measure(pairs, n, &side[0], &side[1], &o);
    if (stops->signal) return interrupted(p, stops);
    for (unsigned i = 0; i < n; i++) {
        print_pair(p, &pairs[i]);
        enum pair_verdict v = pairs[i].verdict;
        if (v == PAIR_SLOWER || v == PAIR_FAILED || v == PAIR_FAILED_BOTH || v == PAIR_GONE)
            status = STATUS_FAIL;
    }
    print_sums(p, pairs, n);
    return status;
}

/* ---- of itself ---- */

enum { ALONE_TURNS = 3, PLANTED_TURNS = 2, PLANTED = 3 /* percent */ };

/* What is wanted: wrong at most so often, right at least so often, in percent. */
static const double most_wrong = 2, least_found = 90;

/* How often verdicts of a build against itself were right, and other than they should be. */
struct tries {
    unsigned all, changed, slower, failed; /* verdicts */
};

static int try_turns(struct program *p, struct stops *stops, unsigned plant, unsigned turns, struct tries *t)
{
    struct pair_options o = pair_options(p, stops);
    int status = STATUS_PASS;
    for (unsigned turn = 0; turn < turns && !status; turn++) {
        struct build side[2];
        struct pair *pairs = NULL;
        unsigned n = 0;
        status = open_builds(p, side, stops, &pairs, &n);
        if (status) break;
        for (unsigned i = 0; i < n; i++) pairs[i].plant = plant;
        pairs_measure(pairs, n, &side[0], &side[1], &o);
        if (stops->signal) return interrupted(p, stops);
        for (unsigned i = 0; i < n; i++) {
            enum pair_verdict v = pairs[i].verdict;
            t->all++;
            t->slower += v == PAIR_SLOWER;
            t->changed += v == PAIR_SLOWER || v == PAIR_FASTER;
            t->failed += v > PAIR_UNSURE;
            if (plant ? v != PAIR_SLOWER : v == PAIR_SLOWER || v == PAIR_FASTER || v > PAIR_UNSURE)
                print_pair(p, &pairs[i]);
        }
        fflush(p->out);
    }
    return status;
}

static int selftest(struct program *p, struct stops *stops)
{
    struct tries alone = {0}, planted = {0};
    struct environment e;
    struct build b;
    const char *name = p->opt.args.items[0], *why = build_find(name, &b, stops, &p->arena, p->err);
    if (stops->signal) return interrupted(p, stops);
    if (why) return complain(p, STATUS_USAGE, "%s: %s", name, why);
    list_add(p, &p->opt.args, name);
    environment_read(&e, b.root);
    environment_print(&e, p->out);
    int status = try_turns(p, stops, 0, ALONE_TURNS, &alone);
    if (!status) status = try_turns(p, stops, PLANTED, PLANTED_TURNS, &planted);
    if (status) return status;
    double wrong = 100.0 * alone.changed / alone.all, found = 100.0 * planted.slower / planted.all;
    fprintf(p->out, "the same against the same: %u of %u changed: %.1f %% false alarms (at most %.0f %%)\n",
            alone.changed, alone.all, wrong, most_wrong);
    fprintf(p->out, "%d %% more work: %u of %u found: %.1f %% (at least %.0f %%)\n", PLANTED, planted.slower,
            planted.all, found, least_found);
    if (alone.failed || planted.failed)
        return complain(p, STATUS_FAIL, "some benchmarks could not be measured");
    return wrong <= most_wrong && found >= least_found
               ? STATUS_PASS
               : complain(p, STATUS_FAIL, "on this machine, as busy as it is now, comparisons are no gate");
}

static bool is_history(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && !strcmp(name + n - 5, ".json");
}

/* Who stops us hears of it, and nothing that we started goes on. */
static int stoppable(struct program *p, int (*compare)(struct program *p, struct stops *stops))
{
    struct stops stops;
    stops_open(&stops);
    int status = compare(p, &stops);
    stops_close(&stops);
    return status;
}

int cmd_compare(struct program *p)
{
    const struct text_list *args = &p->opt.args;
    unsigned histories = 0;
    for (unsigned i = 0; i < args->n; i++) histories += is_history(args->items[i]);
    if (p->opt.selftest && args->n != 1) return complain(p, STATUS_USAGE, "--selftest wants one build");
    if (p->opt.selftest) return stoppable(p, selftest);
    if (histories == args->n) return stoppable(p, compare_histories);
    if (histories) return complain(p, STATUS_USAGE, "recorded figures and builds cannot be compared");
    if (args->n != 2) return complain(p, STATUS_USAGE, "compare wants OLD and NEW, or recorded figures");
    return stoppable(p, compare_builds);
}
