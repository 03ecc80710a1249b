/* How fast: this run, oracles beside our backends, and what was before. Times are this machine's. */
#include "harness/journal/journal.h"
#include "harness/page/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOWEST = 8, CHANGED = 10, CASES_MIN = 16 /* for an average */ };

/* ---- this run ---- */

static void write_histogram(struct page *p)
{
    enum { WIDE = 28, HIGH = 90, FOOT = 20, BARS = 32 /* one for each doubling */ };
    uint64_t t[BARS] = {0}, most = 1;
    for (unsigned i = 0; i < TIMES; i++) {
        uint32_t at = times_least(i);
        t[at ? 31 - __builtin_clz(at) : 0] += p->sums->times.n[i];
    }
    unsigned first = BARS, last = 0;
    for (unsigned i = 0; i < BARS; i++) {
        if (!t[i]) continue;
        if (first == BARS) first = i;
        last = i;
        if (t[i] > most) most = t[i];
    }
    if (first == BARS) return;
    unsigned n = last - first + 1;
    page_printf(
        p,
        "<figure class=\"plot times\"><svg viewBox=\"0 0 %u %d\" style=\"max-width:%uem\" role=\"img\" "
        "aria-label=\"Cases by the time they took\">",
        n * WIDE + WIDE, HIGH + FOOT, (n + 1) * 2);
    for (unsigned i = 0; i < n; i++) {
        double h = (double)t[first + i] * HIGH / (double)most;
        uint64_t at = 1ull << (first + i);
        const char *unit = at < 1000 ? "µs" : at < 1000000 ? "ms" : "s";
        double v = at < 1000 ? (double)at : at < 1000000 ? (double)at / 1e3 : (double)at / 1e6;
        page_printf(p,
                    "<g><title>%" PRIu64
                    " cases</title><rect class=\"bar now\" x=\"%u\" y=\"%.1f\" width=\"%d\" "
                    "height=\"%.1f\" rx=\"2\"/></g>",
                    t[first + i], i * WIDE + WIDE / 2 + 2, HIGH - h, WIDE - 4, h);
        if (i % 2 == 0)
            page_printf(p, "<text class=\"tick\" x=\"%u\" y=\"%d\">%.0f %s</text>", i * WIDE + WIDE / 2,
                        HIGH + FOOT - 6, v, unit);
    }
    page_raw(p,
             "</svg><figcaption>Cases by the time each took, all backends and the judge together</figcaption>"
             "</figure>\n");
}

struct pace {
    const char *id; /* of the row */
    double micros;  /* a case */
};

static int slowest_first(const void *a, const void *b)
{
    const struct pace *x = a, *y = b;
    return (x->micros < y->micros) - (x->micros > y->micros);
}

static void write_slowest(struct page *p)
{
    for (unsigned g = 0; g < p->sums->n; g++) {
        const struct subject *about = p->sums->subjects[g].subject;
        struct pace *paces = xcalloc(about->nrows, sizeof(*paces));
        unsigned n = 0;
        for (unsigned r = 0; r < about->nrows; r++) {
            const struct row_sum *s = &p->sums->subjects[g].rows[r];
            if (s->cases >= CASES_MIN) paces[n++] = (struct pace){about->rows[r].id, times_middle(&s->times)};
        }
        if (n) qsort(paces, n, sizeof(*paces), slowest_first);
        if (n) page_raw(p, "<p>Instructions whose cases typically take longest:</p>\n<ul class=\"worst\">\n");
        for (unsigned i = 0; i < n && i < SLOWEST; i++)
            page_printf(p, "<li><a href=\"#%s\">%s</a> <span class=\"meta\">%.1f µs</span></li>\n",
                        paces[i].id, paces[i].id, paces[i].micros);
        if (n) page_raw(p, "</ul>\n");
        free(paces);
    }
}

/* ---- against oracles ---- */

/* One plot for each backend that some benchmark compares with a peer. */
static void write_peers(struct page *p, const struct bench_set *set)
{
    for (unsigned i = 0; i < p->info->lineup->n; i++) {
        const char *name = p->info->lineup->entries[i].backend->name;
        struct plot_bar *bars = xcalloc(set->n + 1ul, sizeof(*bars));
        unsigned n = 0;
        for (unsigned k = 0; k < set->n; k++)
            for (unsigned r = 0; r < set->items[k].nratios; r++) {
                const struct bench_ratio *ratio = &set->items[k].ratios[r];
                if (strcmp(ratio->name, name)) continue;
                bars[n++] = (struct plot_bar){set->items[k].name, ratio->v, ratio->v < 1 ? "less" : "more"};
            }
        if (n) {
            page_raw(p, "<h4>");
            page_text(p, name);
            page_raw(p, " against another emulator</h4>\n");
            plot_factors(p, bars, n, "the other is faster", "we are faster");
        }
        free(bars);
    }
}

/* Those without a result, by name. */
static void write_failed(struct page *p, const struct bench_set *set)
{
    const char *comma = "<p>Not measured: ";
    for (unsigned i = 0; i < set->n; i++) {
        if (!set->items[i].skipped) continue;
        page_raw(p, comma);
        page_text(p, set->items[i].name);
        if (!i || !set->items[i - 1].skipped || strcmp(set->items[i].skipped, set->items[i - 1].skipped)) {
            page_raw(p, " (");
            page_text(p, set->items[i].skipped);
            page_raw(p, ")");
        }
        comma = ", ";
    }
    if (*comma == ',') page_raw(p, "</p>\n");
}

/* ---- against before ---- */

/* Those that are in one file only, by name: nothing vanishes silently. */
static void write_only_in(struct page *p, const struct bench_set *a, const struct bench_set *b,
                          const char *what)
{
    const char *comma = what;
    for (unsigned i = 0; i < a->n; i++) {
        const struct bench *other = bench_find(b, a->items[i].name);
        bool same = other && !strcmp(other->definition, a->items[i].definition);
        if (same && !other->skipped) continue;
        page_raw(p, comma == what ? "<p>" : "");
        page_raw(p, comma);
        page_raw(p, " ");
        page_text(p, a->items[i].name);
        if (other && other->skipped) {
            page_raw(p, " (");
            page_text(p, other->skipped);
            page_raw(p, ")");
        }
        comma = ",";
    }
    if (comma != what) page_raw(p, "</p>\n");
}

static void write_bench_before(struct page *p, const struct history *h)
{
    const char *apart = bench_apart(&h->before, &h->now);
    unsigned n = 0;
    page_raw(p, "<h4>Since the earlier measurement</h4>\n<p class=\"meta\">");
    page_text(p, h->before.path);
    page_raw(p, " of ");
    page_text(p, *h->before.date ? h->before.date : "an unknown day");
    page_raw(p, "</p>\n");
    if (apart) {
        page_raw(p, "<p class=\"none\">Not compared: ");
        page_text(p, apart);
        page_raw(p, ".</p>\n");
        return;
    }
    struct plot_bar *bars = xcalloc(h->now.n + 1ul, sizeof(*bars));
    for (unsigned i = 0; i < h->now.n; i++) {
        const struct bench *now = &h->now.items[i], *then = bench_find(&h->before, now->name);
        if (!then || strcmp(then->definition, now->definition) || now->ns <= 0 || then->ns <= 0 ||
            now->nratios)
            continue;
        bars[n++] = (struct plot_bar){now->name, then->ns / now->ns, then->ns < now->ns ? "less" : "more"};
    }
    if (n) plot_factors(p, bars, n, "slower than before", "faster than before");
    free(bars);
    write_only_in(p, &h->before, &h->now, "No longer measured:");
    write_only_in(p, &h->now, &h->before, "New:");
}

/* Rows for which `now` failed and `then` did not. */
static void write_turned(struct page *p, const struct page_sums *now, const struct page_sums *then,
                         const char *what, const char *key)
{
    unsigned n = 0;
    for (unsigned g = 0; g < now->n; g++)
        for (unsigned r = 0; r < now->subjects[g].subject->nrows; r++) {
            const char *id = now->subjects[g].subject->rows[r].id;
            const struct row_sum *other = &then->subjects[g].rows[r];
            if (!now->subjects[g].rows[r].failed || other->failed || !other->cases) continue;
            if (!n++) page_printf(p, "<p class=\"%s\"><b>%s</b>", key, what);
            page_printf(p, " <a href=\"#%s\">%s</a>", id, id);
        }
    if (n) page_raw(p, "</p>\n");
}

static int furthest_first(const void *a, const void *b)
{
    const struct plot_bar *x = a, *y = b;
    double u = fabs(log(x->v)), v = fabs(log(y->v));
    return (u < v) - (u > v);
}

/* Rows whose cases take another time than before, those that changed most. */
static void write_rows_before(struct page *p, const struct page_sums *then)
{
    for (unsigned g = 0; g < then->n; g++) {
        const struct subject *about = then->subjects[g].subject;
        struct plot_bar *bars = xcalloc(about->nrows, sizeof(*bars));
        unsigned n = 0;
        for (unsigned r = 0; r < about->nrows; r++) {
            const struct row_sum *a = &then->subjects[g].rows[r], *b = &p->sums->subjects[g].rows[r];
            if (a->cases < CASES_MIN || b->cases < CASES_MIN) continue;
            double v = times_middle(&a->times) / times_middle(&b->times);
            bars[n++] = (struct plot_bar){about->rows[r].id, v, v < 1 ? "less" : "more"};
        }
        if (n) qsort(bars, n, sizeof(*bars), furthest_first);
        if (n)
            page_raw(p, "<p>Rows whose cases changed most; the clock also counts what others on the machine "
                        "did:</p>\n");
        if (n) plot_factors(p, bars, n < CHANGED ? n : CHANGED, "slower than before", "faster than before");
        free(bars);
    }
}

/* Times are of all backends of a run together. */
static bool same_lineup(const struct page *p, const struct history *h)
{
    json_t *ours = journal_header(p->info);
    bool same = json_equal(json_object_get(ours, "backends"), json_object_get(h->header, "backends"));
    json_decref(ours);
    return same;
}

static void write_run_before(struct page *p, const struct history *h)
{
    const struct page_sums *now = p->sums, *then = h->sums;
    page_raw(p, "<h4>Since the earlier run</h4>\n<p>Then <b>");
    page_count(p, then->cases);
    page_raw(p, "</b> cases, <b>");
    page_count(p, then->failed);
    page_raw(p, "</b> failed; now <b>");
    page_count(p, now->cases);
    page_raw(p, "</b>, <b>");
    page_count(p, now->failed);
    page_raw(p, "</b> failed.</p>\n<p class=\"meta\">");
    page_text(p, h->record);
    page_raw(p, "</p>\n");
    write_turned(p, now, then, "Fail now:", "bad");
    write_turned(p, then, now, "Pass now:", "good");
    if (!then->cases || !now->cases) return;
    if (same_lineup(p, h)) {
        page_printf(p, "<p>A case took %.2f µs then and %.2f µs now.</p>\n", times_middle(&then->times),
                    times_middle(&now->times));
        write_rows_before(p, then);
    } else {
        page_raw(p, "<p class=\"none\">Other backends took part: times are not compared.</p>\n");
    }
}

void page_speed(struct page *p)
{
    const struct history *h = p->info->history;
    if (p->sums->cases)
        page_printf(p, "<p>A case takes <b>%.1f µs</b>, in the middle half of all.</p>\n",
                    times_middle(&p->sums->times));
    write_histogram(p);
    write_slowest(p);
    if (h && h->now.path) write_peers(p, &h->now);
    if (h && h->now.path) plot_sizes(p, &h->now);
    if (h && h->now.path) write_failed(p, &h->now);
    if (h && h->now.path && h->before.path) write_bench_before(p, h);
    if (h) plot_trends(p, h);
    if (h && h->record) write_run_before(p, h);
    if (!h)
        page_raw(p, "<p class=\"none\">Held against nothing: <code>--bench FILE</code> adds what benchmarks "
                    "measured, <code>--before FILE</code> an earlier run or measurement.</p>\n");
}
