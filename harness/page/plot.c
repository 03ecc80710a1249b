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

/* ---- factors ---- */

enum { NAMES = 200, PLOT = 460, VALUES = 60, LINE = 22, HEAD = 26 };

/* Where a factor stands on the scale from 1/most to most. */
static double place(double v, double most)
{
    double at = log(v) / log(most);
    if (at > 1) at = 1;
    if (at < -1) at = -1;
    return NAMES + PLOT / 2.0 * (1 + at);
}

static double scale_of(const struct plot_bar *bars, unsigned n)
{
    double most = 1.1;
    for (unsigned i = 0; i < n; i++) {
        double far = bars[i].v < 1 ? 1 / bars[i].v : bars[i].v;
        if (far > most) most = far;
    }
    return most * 1.05;
}

static void ticks(struct page *p, double most, unsigned height)
{
    static const double at[] = {0.1, 0.2, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 2, 5, 10};
    double last = 0;
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        double x = place(at[i], most);
        if (at[i] > most || at[i] * most < 1 || (x - last < 34 && at[i] != 1)) continue;
        last = x;
        page_printf(p,
                    "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%u\"/>"
                    "<text class=\"tick\" x=\"%.1f\" y=\"%d\">%g×</text>",
                    at[i] == 1 ? "one" : "grid", x, x, HEAD - 4, height, x, HEAD - 10, at[i]);
    }
}

void plot_factors(struct page *p, const struct plot_bar *bars, unsigned n, const char *less, const char *more)
{
    double most = scale_of(bars, n), one = place(1, most);
    unsigned height = HEAD + n * LINE + LINE;
    page_printf(p, "<figure class=\"plot\"><svg viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"%s, %s\">",
                NAMES + PLOT + VALUES, height, less, more);
    ticks(p, most, height - LINE);
    for (unsigned i = 0; i < n; i++) {
        unsigned y = HEAD + i * LINE;
        double x = place(bars[i].v, most);
        page_printf(p, "<text class=\"name\" x=\"%d\" y=\"%u\">", NAMES - 10, y + 14);
        page_text(p, bars[i].name);
        page_printf(
            p,
            "</text><rect class=\"bar %s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>"
            "<text class=\"value\" x=\"%d\" y=\"%u\">%.2f×</text>",
            bars[i].key, x < one ? x : one, y + 4, x < one ? one - x : x - one, LINE - 8, NAMES + PLOT + 6,
            y + 14, bars[i].v);
    }
    page_printf(p, "<text class=\"side\" x=\"%d\" y=\"%u\">← %s</text>", NAMES, height - 6, less);
    page_printf(p, "<text class=\"side end\" x=\"%d\" y=\"%u\">%s →</text></svg></figure>\n", NAMES + PLOT,
                height - 6, more);
}
