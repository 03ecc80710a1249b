/* Benchmarks over recorded runs: a plot each, of what it took in every run, and where that changed. */
#include "harness/page/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNS_LEAST = 3, /* two are bars */
    RUNS_SHOWN = 100,
    LEFT = 58,
    WIDE = 300,
    HIGH = 64,
    ABOVE = 8 /* of a plot; LEFT: what is beside it */
};

/* From `least` to `most`, logarithms of nanoseconds, over `runs` runs. */
struct frame {
    double least, most; /* of the values, or a tenth apart: noise shall not look like a cliff */
    unsigned runs;      /* how many */
};

static struct frame frame_of(const struct series *s, unsigned runs)
{
    struct frame f = {s->v[0], s->v[0], runs};
    for (unsigned i = 1; i < s->n; i++) {
        if (s->v[i] < f.least) f.least = s->v[i];
        if (s->v[i] > f.most) f.most = s->v[i];
    }
    double missing = log(1.1) - (f.most - f.least);
    if (missing > 0) {
        f.least -= missing / 2;
        f.most += missing / 2;
    }
    return f;
}

static double across(const struct frame *f, double run)
{
    return LEFT + 6 + (WIDE - 12) * run / (f->runs - 1);
}

static double down(const struct frame *f, double v)
{
    return ABOVE + HIGH * (f->most - v) / (f->most - f->least);
}

static void write_edge(struct page *p, const struct frame *f, double v)
{
    page_printf(p, "<line class=\"edge\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, LEFT + WIDE,
                down(f, v), down(f, v));
    page_printf(p, "<text class=\"tick\" x=\"%d\" y=\"%.1f\">", LEFT - 6, down(f, v) + 4);
    plot_time(p, exp(v));
    page_raw(p, "</text>");
}

/* A level is the median between two changes. */
static void write_levels(struct page *p, const struct series *s, const struct recorded *r,
                         const struct frame *f, const struct series_change *changes, unsigned n)
{
    for (unsigned i = 0; i <= n; i++) {
        unsigned from = i ? changes[i - 1].at : 0, to = i < n ? changes[i].at : s->n;
        double y = down(f, stats_median(s->v + from, to - from));
        page_printf(p, "<line class=\"level\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                    across(f, (double)(s->at[from] - r)) - 3, across(f, (double)(s->at[to - 1] - r)) + 3, y,
                    y);
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned at = changes[i].at;
        double x = across(f, ((double)(s->at[at] - r) + (double)(s->at[at - 1] - r)) / 2);
        page_printf(p, "<line class=\"change %s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>",
                    changes[i].by > 0 ? "less" : "more", x, x, HIGH + 2 * ABOVE);
    }
}

/* Every dot is a line without length, all of them one path: a tenth of the bytes of circles. */
static void write_dots(struct page *p, const struct series *s, const struct recorded *r,
                       const struct frame *f)
{
    page_raw(p, "<path class=\"dots\" d=\"");
    for (unsigned i = 0; i < s->n; i++)
        page_printf(p, "M%.1f %.1fh0", across(f, (double)(s->at[i] - r)), down(f, s->v[i]));
    page_raw(p, "\"/>");
}

static void write_change(struct page *p, const struct series *s, const struct series_change *c)
{
    page_printf(p, "<p class=\"%s\">%s by %.1f&nbsp;%% at <code>", c->by > 0 ? "bad" : "good",
                c->by > 0 ? "slower" : "faster", 100 * fabs(expm1(c->by)));
    page_text(p, s->at[c->at]->commit);
    page_raw(p, "</code>, after <code>");
    page_text(p, s->at[c->at - 1]->commit);
    page_raw(p, "</code></p>\n");
}

static void write_trend(struct page *p, const struct series *s, const struct recorded *r, unsigned runs,
                        const struct series_change *changes, unsigned n)
{
    struct frame f = frame_of(s, runs);
    page_raw(p, "<article class=\"trend\">\n<h5>");
    page_text(p, s->name);
    page_raw(p, " <small>");
    plot_time(p, exp(s->v[s->n - 1]));
    page_printf(p,
                "</small></h5>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%u runs, %u changes\">",
                LEFT + WIDE, HIGH + 2 * ABOVE, s->n, n);
    write_edge(p, &f, f.most);
    write_edge(p, &f, f.least);
    write_levels(p, s, r, &f, changes, n);
    write_dots(p, s, r, &f);
    page_raw(p, "</svg>\n");
    for (unsigned i = 0; i < n; i++) write_change(p, s, &changes[i]);
    page_raw(p, "</article>\n");
}

/* Those that changed, or the others; how many. Without a page they are only counted. */
static unsigned write_all(struct page *p, const struct history *h, bool changed, bool only_count)
{
    unsigned runs = h->nruns < RUNS_SHOWN ? h->nruns : RUNS_SHOWN, all = 0;
    const struct recorded *r = h->runs + h->nruns - runs, *last = &r[runs - 1];
    struct series *s = xcalloc(1, sizeof(*s));
    for (unsigned i = 0; i < last->n; i++) {
        struct series_change changes[SERIES_CHANGES];
        series_gather(s, r, runs, &last->figures[i]);
        if (s->n < RUNS_LEAST || s->ended) continue;
        unsigned n = series_changes(s, h->least, changes);
        if ((n > 0) != changed) continue;
        all++;
        if (!only_count) write_trend(p, s, r, runs, changes, n);
    }
    free(s);
    return all;
}

static void write_said(struct page *p, const struct history *h, unsigned changed, unsigned same)
{
    const struct recorded *first = &h->runs[h->nruns < RUNS_SHOWN ? 0 : h->nruns - RUNS_SHOWN];
    page_printf(p, "<h4>Over recorded runs</h4>\n<p><b>%u</b> of %u benchmarks changed in ", changed,
                changed + same);
    if (h->nruns > RUNS_SHOWN) page_printf(p, "the last %d of ", RUNS_SHOWN);
    page_printf(p, "%u runs on this machine, from <code>", h->nruns);
    page_text(p, first->commit);
    page_raw(p, "</code> to <code>");
    page_text(p, h->runs[h->nruns - 1].commit);
    page_raw(p, "</code>.");
    if (h->nruns < SERIES_LEAST) page_printf(p, " Changes are looked for from %d runs on.", SERIES_LEAST);
    if (h->elsewhere)
        page_printf(p, " %u other%s of another machine: not shown.", h->elsewhere,
                    h->elsewhere == 1 ? " is" : "s are");
    page_raw(p, "</p>\n");
}

void plot_trends(struct page *p, const struct history *h)
{
    if (h->nruns < RUNS_LEAST) return;
    unsigned changed = write_all(p, h, true, true), same = write_all(p, h, false, true);
    write_said(p, h, changed, same);
    page_raw(p, "<div class=\"trends\">\n");
    write_all(p, h, true, false);
    page_raw(p, "</div>\n");
    if (!same) return;
    page_printf(p, "<details%s><summary>%u without a change</summary>\n<div class=\"trends\">\n",
                changed ? "" : " open", same);
    write_all(p, h, false, false);
    page_raw(p, "</div></details>\n");
}
