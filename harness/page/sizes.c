/* What something costs as it grows: benchmarks whose names end in a size ("smmu/reach/pages/64K") are points
 * of a line ("pages"), and lines whose names begin alike are a plot ("smmu/reach"). Both scales are
 * logarithms.
 */
#include "harness/page/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST = 3, /* points of a line */
    LINES = 4, /* of a plot */
    LEFT = 62,
    WIDE = 560,
    HIGH = 220,
    ABOVE = 10,
    RIGHT = 8,
    FOOT = 24 /* LEFT … : what is around the plot */
};

/* "64K" as 65536; 0: it is no size. */
static double size_of(const char *text)
{
    static const char units[] = "KMGT";
    if (*text < '1' || *text > '9') return 0;
    char *unit = NULL;
    double v = strtod(text, &unit);
    const char *at = unit && *unit ? strchr(units, *unit) : NULL;
    return at && !unit[1] ? ldexp(v, 10 * (int)(at - units + 1)) : 0;
}

/* A benchmark as a point; its name is plot, line and size, with '/' between them. */
struct point {
    const char *name; /* all of it */
    int plot, line;   /* its first bytes that name the plot, and the line */
    double size, ns;  /* what it says */
};

static bool point_of(const struct bench *b, struct point *p)
{
    const char *last = strrchr(b->name, '/'), *before = last;
    double size = last ? size_of(last + 1) : 0;
    if (size <= 0 || b->skipped || (b->piece <= 0 && b->ns <= 0)) return false;
    do before--;
    while (before > b->name && *before != '/');
    if (before <= b->name) return false;
    *p = (struct point){b->name, (int)(before - b->name), (int)(last - b->name), size,
                        b->piece > 0 ? b->piece : b->ns};
    return true;
}

static bool same(const struct point *a, int n, const struct point *b, int m)
{
    return n == m && !strncmp(a->name, b->name, (size_t)n);
}

/* ---- one plot ---- */

struct sizes {
    const struct point *points;       /* n of them, in the order of the file */
    unsigned n;                       /* how many */
    const struct point *lines[LINES]; /* nlines first points of lines */
    unsigned nlines;                  /* how many */
    double left, right, low, high;    /* logarithms of what is drawn */
};

static bool in_line(const struct sizes *s, unsigned line, const struct point *p)
{
    return same(s->lines[line], s->lines[line]->line, p, p->line);
}

static unsigned points_like(const struct point *p, const struct point *points, unsigned n)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++) count += same(p, p->line, &points[i], points[i].line);
    return count;
}

static void add_line(struct sizes *s, const struct point *p)
{
    for (unsigned i = 0; i < s->nlines; i++)
        if (in_line(s, i, p)) return;
    if (s->nlines < LINES && points_like(p, s->points, s->n) >= LEAST) s->lines[s->nlines++] = p;
}

static void frame(struct sizes *s)
{
    s->left = s->low = HUGE_VAL;
    s->right = s->high = -HUGE_VAL;
    for (unsigned i = 0; i < s->n; i++)
        for (unsigned k = 0; k < s->nlines; k++) {
            const struct point *p = &s->points[i];
            if (!in_line(s, k, p)) continue;
            s->left = fmin(s->left, log(p->size));
            s->right = fmax(s->right, log(p->size));
            s->low = fmin(s->low, log(p->ns) - 0.2);
            s->high = fmax(s->high, log(p->ns) + 0.2);
        }
}

static double across(const struct sizes *s, double size)
{
    return LEFT + 10 + (WIDE - 20) * (log(size) - s->left) / (s->right - s->left);
}

static double down(const struct sizes *s, double ns)
{
    return ABOVE + HIGH * (s->high - log(ns)) / (s->high - s->low);
}

/* 1, 2, 5, 10, 20 … nanoseconds. */
static void write_heights(struct page *p, const struct sizes *s)
{
    static const double steps[] = {1, 2, 5};
    for (int i = 0; i < 48; i++) {
        int decade = i / 3 - 3;
        double ns = steps[i % 3] * pow(10, decade);
        if (log(ns) < s->low || log(ns) > s->high) continue;
        page_printf(p,
                    "<line class=\"edge\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"tick "
                    "side\" x=\"%d\" y=\"%.1f\">",
                    LEFT, LEFT + WIDE, down(s, ns), down(s, ns), LEFT - 6, down(s, ns) + 4);
        plot_time(p, ns);
        page_raw(p, "</text>");
    }
}

/* Sizes of the longest line, every other one where there are many. */
static void write_sizes(struct page *p, const struct sizes *s)
{
    const struct point *longest = s->lines[0];
    for (unsigned k = 1; k < s->nlines; k++)
        if (points_like(s->lines[k], s->points, s->n) > points_like(longest, s->points, s->n))
            longest = s->lines[k];
    unsigned every = points_like(longest, s->points, s->n) > 8 ? 2 : 1, at = 0;
    for (unsigned i = 0; i < s->n; i++) {
        const struct point *point = &s->points[i];
        if (!same(longest, longest->line, point, point->line) || at++ % every) continue;
        page_printf(p, "<text class=\"tick\" x=\"%.1f\" y=\"%d\">", across(s, point->size),
                    ABOVE + HIGH + FOOT - 8);
        page_text(p, point->name + point->line + 1);
        page_raw(p, "</text>");
    }
}

static void write_line(struct page *p, const struct sizes *s, unsigned line)
{
    unsigned n = 0;
    page_printf(p, "<path class=\"line c%u\" d=\"", line + 1);
    for (unsigned i = 0; i < s->n; i++)
        if (in_line(s, line, &s->points[i]))
            page_printf(p, "%s%.1f %.1f", n++ ? "L" : "M", across(s, s->points[i].size),
                        down(s, s->points[i].ns));
    page_raw(p, "\"/>");
    for (unsigned i = 0; i < s->n; i++) {
        if (!in_line(s, line, &s->points[i])) continue;
        page_raw(p, "<g><title>");
        page_text(p, s->points[i].name + s->points[i].plot + 1);
        page_raw(p, ": ");
        plot_time(p, s->points[i].ns);
        page_printf(p, "</title><circle class=\"dot c%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/></g>", line + 1,
                    across(s, s->points[i].size), down(s, s->points[i].ns));
    }
}

/* A part of a name. */
static void write_part(struct page *p, const char *text, int n)
{
    char part[128];
    snprintf(part, sizeof(part), "%.*s", n, text);
    page_text(p, part);
}

static void write_plot(struct page *p, struct sizes *s)
{
    frame(s);
    if (s->right <= s->left) return;
    page_raw(p, "<h4>");
    write_part(p, s->lines[0]->name, s->lines[0]->plot);
    page_raw(p, ": what it takes by size</h4>\n<ul class=\"key\">");
    for (unsigned i = 0; i < s->nlines; i++) {
        const struct point *first = s->lines[i];
        page_printf(p, "<li><span class=\"swatch c%u\"></span>", i + 1);
        write_part(p, first->name + first->plot + 1, first->line - first->plot - 1);
        page_raw(p, "</li>");
    }
    page_printf(p,
                "</ul>\n<figure class=\"plot sizes\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
                "aria-label=\"Time by size\">",
                LEFT + WIDE + RIGHT, ABOVE + HIGH + FOOT);
    write_heights(p, s);
    write_sizes(p, s);
    for (unsigned i = 0; i < s->nlines; i++) write_line(p, s, i);
    page_raw(p, "</svg></figure>\n");
}

void plot_sizes(struct page *p, const struct bench_set *set)
{
    struct point *points = xcalloc(set->n + 1ul, sizeof(*points));
    unsigned n = 0;
    for (unsigned i = 0; i < set->n; i++) n += point_of(&set->items[i], &points[n]);
    for (unsigned from = 0, to; from < n; from = to) { /* those of a plot follow each other */
        for (to = from; to < n && same(&points[from], points[from].plot, &points[to], points[to].plot);) to++;
        struct sizes s = {.points = points + from, .n = to - from};
        for (unsigned i = from; i < to; i++) add_line(&s, &points[i]);
        if (s.nlines) write_plot(p, &s);
    }
    free(points);
}
