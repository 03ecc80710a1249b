/* The opcode map: a cell for each row on each backend, grouped by extension. A cell's state shows without
 * colour too: filled, crossed, ringed, hatched, or a dot. */
#include "harness/page/page.h"

#include <inttypes.h>
#include <string.h>

enum { LEVELS = 4 };

/* How deep a passing cell is: by quarters of its bins that were checked; the deepest when that is not known.
 */
static unsigned level_of(const struct cover_sum *bins)
{
    if (!bins->bins) return LEVELS;
    unsigned quarter = LEVELS * bins->bin_checked / bins->bins + 1;
    return quarter < LEVELS ? quarter : LEVELS;
}

static void write_cell(struct page *p, unsigned subject, unsigned row, unsigned entry)
{
    const char *id = p->sums->subjects[subject].subject->rows[row].id;
    const struct row_on *on = &p->sums->subjects[subject].rows[row].on[entry];
    enum mark m = page_mark(p, subject, row, entry);
    if (m == MARK_IDLE) { /* there may be hundreds, and there is nothing to say */
        page_printf(p, "<a class=\"i\" href=\"#%s\" title=\"%s\"></a>", id, id);
        return;
    }
    struct cover_sum bins = page_bins(p, subject, row, entry);
    page_printf(p, "<a class=\"%s", mark_texts[m].key);
    if (m == MARK_PASS) page_printf(p, " l%u", level_of(&bins));
    page_printf(p, "\" href=\"#%s\" title=\"%s %s", id, id, mark_texts[m].name);
    if (on->failed) page_printf(p, " %" PRIu64, on->failed);
    if (bins.bins) page_printf(p, ", %u of %u bins checked", bins.bin_checked, bins.bins);
    page_raw(p, "\"></a>");
}

static void write_extension(struct page *p, unsigned subject, const struct subject_group *ext, unsigned entry)
{
    const struct subject *g = p->sums->subjects[subject].subject;
    unsigned n = 0, busy = 0;
    for (unsigned r = 0; r < g->nrows; r++)
        busy += !strcmp(g->rows[r].group, ext->name) && page_mark(p, subject, r, entry) != MARK_IDLE;
    for (unsigned r = 0; r < g->nrows; r++) {
        if (strcmp(g->rows[r].group, ext->name)) continue;
        if (!n++) {
            page_printf(p, "<div class=\"ext%s\"><span title=\"", busy ? "" : " idle");
            page_text(p, ext->title);
            page_raw(p, "\">");
            page_text(p, ext->name);
            page_raw(p, "</span><div class=\"cells\">");
        }
        write_cell(p, subject, r, entry);
    }
    if (n) page_raw(p, "</div></div>\n");
}

/* One backend: "jit — 361 pass, 1 fails". */
static void write_backend(struct page *p, unsigned subject, unsigned entry)
{
    const struct subject *g = p->sums->subjects[subject].subject;
    const struct lineup_entry *e = &p->info->lineup->entries[entry];
    unsigned sums[MARKS] = {0};
    const char *comma = "";
    for (unsigned r = 0; r < g->nrows; r++) sums[page_mark(p, subject, r, entry)]++;
    page_raw(p, "<div class=\"map\">\n<h4>");
    page_text(p, e->backend->name);
    page_printf(p, "%s</h4>\n<p class=\"meta\">", e->oracle ? " <small>oracle</small>" : "");
    for (unsigned m = 0; m < MARKS; m++) {
        if (!sums[m]) continue;
        page_printf(p, "%s<b>%u</b> %s", comma, sums[m], mark_texts[m].name);
        comma = ", ";
    }
    page_raw(p, "</p>\n");
    for (unsigned x = 0; x < g->ngroups; x++) write_extension(p, subject, &g->groups[x], entry);
    page_raw(p, "</div>\n");
}

static void write_legend(struct page *p)
{
    page_raw(p, "<ul class=\"key legend\">\n");
    for (unsigned m = 0; m < MARKS; m++) {
        page_raw(p, "<li>");
        for (unsigned l = m == MARK_PASS ? 1 : LEVELS; l <= LEVELS; l++)
            page_printf(p, "<i class=\"%s l%u\"></i>", mark_texts[m].key, l);
        page_printf(p, "<span><b>%s</b> %s</span></li>\n", mark_texts[m].name, mark_texts[m].means);
    }
    page_raw(p, "</ul>\n");
}

void page_map(struct page *p)
{
    write_legend(p);
    for (unsigned g = 0; g < p->sums->n; g++) {
        if (!p->sums->subjects[g].cases) continue;
        page_raw(p, "<h3>");
        page_text(p, p->sums->subjects[g].subject->title);
        page_raw(p, "</h3>\n<div class=\"maps\">\n");
        for (unsigned i = 0; i < p->info->lineup->n; i++)
            if (page_serves(p, g, i)) write_backend(p, g, i);
        page_raw(p, "</div>\n");
    }
}
