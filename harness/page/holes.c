/* What was not executed, or executed and never checked: by extension, and the rows with most of it. */
#include "harness/page/page.h"

#include <stdlib.h>
#include <string.h>

enum { WORST = 16 };

static void add_sum(struct cover_sum *all, const struct cover_sum *s)
{
    all->rows += s->rows;
    all->absent += s->absent;
    all->executed += s->executed;
    all->checked += s->checked;
    all->bins += s->bins;
    all->hit += s->hit;
    all->bin_checked += s->bin_checked;
}

static void write_percent(struct page *p, const char *key, unsigned part, unsigned whole)
{
    page_raw(p, "<td class=\"part\">");
    plot_meter(p, key, part, whole);
    page_printf(p, "<span>%.1f%%</span></td>", whole ? 100.0 * part / whole : 100.0);
}

/* Behind the extensions: all rows, and sequences, which have bins of their own. */
static const struct subject_group all_rows = {"All", ""},
                                  sequences = {"sequences", "from one kind of instruction to the next"};

/* What an extension comes to on a backend. */
static struct cover_sum sum_of(const struct page *p, unsigned subject, const struct subject_group *ext,
                               unsigned entry)
{
    const struct subject *g = p->sums->subjects[subject].subject;
    struct cover_sum all = {0};
    if (ext == &sequences) {
        all = page_bins(p, subject, g->nrows, entry);
        if (!all.executed) all.rows = 0;
        return all;
    }
    for (unsigned r = 0; r < g->nrows; r++) {
        if (ext != &all_rows && strcmp(g->rows[r].group, ext->name)) continue;
        struct cover_sum s = page_bins(p, subject, r, entry);
        add_sum(&all, &s);
    }
    return all;
}

/* A line for each backend, and one name for all of them. */
static void write_lines(struct page *p, unsigned subject, const struct subject_group *ext)
{
    const struct lineup *l = p->info->lineup;
    bool first = true;
    for (unsigned i = 0; i < l->n; i++) {
        struct cover_sum s = sum_of(p, subject, ext, i);
        if (!page_serves(p, subject, i) || !s.rows)
            continue; /* extensions of which no row is done have nothing to say here */
        page_printf(p, "<tr%s><th scope=\"row\">", first ? " class=\"first\"" : "");
        page_text(p, first ? ext->name : "");
        page_raw(p, " <small>");
        page_text(p, first ? ext->title : "");
        page_raw(p, "</small></th><td>");
        page_text(p, l->entries[i].backend->name);
        page_printf(p, "</td><td class=\"num\">%u / %u</td>", s.checked, s.rows + s.absent);
        write_percent(p, "hit", s.hit, s.bins);
        write_percent(p, "good", s.bin_checked, s.bins);
        page_raw(p, "</tr>\n");
        first = false;
    }
}

/* ---- the worst rows ---- */

struct gap {
    unsigned row;  /* which */
    unsigned open; /* bins not checked, on the backend that has most of them */
    unsigned bins; /* of the row */
};

static int most_first(const void *a, const void *b)
{
    const struct gap *x = a, *y = b;
    if (x->open != y->open) return x->open < y->open ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static void write_worst(struct page *p, unsigned subject)
{
    const struct subject *g = p->sums->subjects[subject].subject;
    struct gap *gaps = xcalloc(g->nrows, sizeof(*gaps));
    unsigned n = 0;
    for (unsigned r = 0; r < g->nrows; r++) {
        gaps[n] = (struct gap){.row = r};
        for (unsigned i = 0; i < p->info->lineup->n; i++) {
            struct cover_sum s = page_bins(p, subject, r, i);
            if (s.bins - s.bin_checked > gaps[n].open) gaps[n].open = s.bins - s.bin_checked;
            if (s.bins) gaps[n].bins = s.bins;
        }
        n += gaps[n].open > 0;
    }
    qsort(gaps, n, sizeof(*gaps), most_first);
    if (n) page_raw(p, "<p>Most unchecked bins:</p>\n<ul class=\"worst\">\n");
    for (unsigned i = 0; i < n && i < WORST; i++)
        page_printf(p, "<li><a href=\"#%s\">%s</a> <span class=\"meta\">%u of %u</span></li>\n",
                    g->rows[gaps[i].row].id, g->rows[gaps[i].row].id, gaps[i].open, gaps[i].bins);
    if (n) page_raw(p, "</ul>\n");
    if (n > WORST) page_printf(p, "<p class=\"meta\">and %u instructions more.</p>\n", n - WORST);
    free(gaps);
}

void page_holes(struct page *p)
{
    if (!p->cover) {
        page_raw(p,
                 "<p class=\"none\">This run did not note what it covers; <code>--report cover=FILE</code> "
                 "beside its record would have.</p>\n");
        return;
    }
    for (unsigned g = 0; g < p->sums->n; g++) {
        const struct subject *subject = p->sums->subjects[g].subject;
        if (!p->sums->subjects[g].cases) continue;
        page_raw(p, "<div class=\"scroll\"><table class=\"cover\">\n<thead><tr><th>");
        page_text(p, subject->name);
        page_raw(p, "</th><th>backend</th><th class=\"num\">rows checked</th><th>bins executed</th>"
                    "<th>bins checked</th></tr></thead>\n<tbody>\n");
        for (unsigned x = 0; x < subject->ngroups; x++) write_lines(p, g, &subject->groups[x]);
        write_lines(p, g, &all_rows);
        write_lines(p, g, &sequences);
        page_raw(p, "</tbody></table></div>\n");
        write_worst(p, g);
    }
}
