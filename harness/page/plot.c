/* Small plots, as SVG that takes its colours from style.css. */
#include "harness/page/page.h"

#include <math.h>

void plot_meter(struct page *p, const char *key, uint64_t part, uint64_t whole)
{
    double percent = whole ? 100.0 * (double)part / (double)whole : 0;
    page_printf(
        p,
        "<svg class=\"meter %s\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        "<rect class=\"bed\" width=\"100\" height=\"6\"/><rect class=\"part\" width=\"%.1f\" "
        "height=\"6\"/></svg>",
        key, percent);
}

void plot_time(struct page *p, double ns)
{
    static const struct {
        const char *name; /* of the unit */
        double ns;        /* in nanoseconds */
    } units[] = {{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}, {"ns", 1}};
    unsigned u = 0;
    while (u + 1 < ARRAY_LEN(units) && ns < units[u].ns) u++;
    page_printf(p, "%.3g %s", ns / units[u].ns, units[u].name);
}

/* ---- factors ---- */

/* From `least` to `most`, on a scale where twice as much is as far as half as much. */
struct scale {
    double least, most; /* factors; 1 is between them */
};

static struct scale scale_of(const struct plot_bar *bars, unsigned n)
{
    struct scale s = {1 / 1.05, 1.05};
    for (unsigned i = 0; i < n; i++) {
        if (bars[i].v < s.least) s.least = bars[i].v;
        if (bars[i].v > s.most) s.most = bars[i].v;
    }
    return s;
}

static double place(const struct scale *s, double v)
{
    return 1000 * log(v / s->least) / log(s->most / s->least);
}

/* Names and figures are text of the page, so that they keep their size on a phone; only bars are drawn. */
static void write_bar(struct page *p, const struct scale *s, const struct plot_bar *bar)
{
    double x = place(s, bar->v), one = place(s, 1);
    page_raw(p, "<span class=\"name\">");
    page_text(p, bar->name);
    page_printf(
        p,
        "</span><svg class=\"factor\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\">"
        "<rect class=\"%s\" x=\"%.0f\" width=\"%.0f\" y=\"1\" height=\"8\"/>"
        "<line class=\"one\" x1=\"%.0f\" x2=\"%.0f\" y2=\"10\"/></svg><span class=\"num\">%.2f×</span>\n",
        bar->key, x < one ? x : one, x < one ? one - x : x - one, one, one, bar->v);
}

void plot_factors(struct page *p, const struct plot_bar *bars, unsigned n, const char *less, const char *more)
{
    struct scale s = scale_of(bars, n);
    page_raw(p, "<div class=\"factors\">\n");
    for (unsigned i = 0; i < n; i++) write_bar(p, &s, &bars[i]);
    page_printf(p, "</div>\n<p class=\"meta\">left of the line: %s; right of it: %s</p>\n", less, more);
}
