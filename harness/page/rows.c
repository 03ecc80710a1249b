/* Every instruction at its anchor: what it is, how it did on each backend, what of it was covered, how long
 * its cases took. */
#include "harness/page/page.h"

#include <inttypes.h>
#include <string.h>

enum { HOLES_SHOWN = 8, CAUSES_SHOWN = 4 };

static void write_title(struct page *p, const struct subject_row *row)
{
    page_printf(p, "<h4><a href=\"#%s\">%s</a></h4>\n<p class=\"meta\"><code>", row->id, row->id);
    page_text(p, row->text);
    page_raw(p, "</code><span>");
    page_text(p, row->group);
    if (*row->ref) page_raw(p, ", ");
    page_text(p, row->ref);
    page_raw(p, "</span></p>\n");
}

/* ---- conformance and coverage, a line for each backend ---- */

static void write_backend(struct page *p, unsigned subject, unsigned row, unsigned entry)
{
    const struct row_on *on = &p->sums->subjects[subject].rows[row].on[entry];
    enum mark m = page_mark(p, subject, row, entry);
    struct cover_sum bins = page_bins(p, subject, row, entry);
    page_printf(p, "<tr><th scope=\"row\"><i class=\"%s l4\"></i>", mark_texts[m].key);
    page_text(p, p->info->lineup->entries[entry].backend->name);
    page_printf(p, "</th><td>%s</td><td class=\"num\">", mark_texts[m].name);
    page_count(p, m == MARK_FAIL ? on->failed : on->ran);
    page_raw(p, "</td><td class=\"part\">");
    if (bins.bins) {
        plot_meter(p, "good", bins.bin_checked, bins.bins);
        page_printf(p, "<span>%u / %u</span>", bins.bin_checked, bins.bins);
    }
    page_raw(p, "</td></tr>\n");
}

/* Bins missing on some backend: never executed there, or executed and never checked. */
static bool is_open(const struct page *p, unsigned subject, unsigned row, unsigned bin, bool checked)
{
    const struct ledger *l = p->cover->ledger;
    bool open = false;
    for (unsigned b = 0; b < l->nbackends; b++) {
        if (!(l->subjects[subject].serving >> b & 1)) continue;
        unsigned cell = ledger_cells(l, subject, b, row)[bin];
        open |= checked ? cell & CELL_EXECUTED && !(cell & CELL_CHECKED) : !(cell & CELL_EXECUTED);
    }
    return open && !cover_unreachable(p->cover, subject, row, bin);
}

static void write_open(struct page *p, unsigned subject, unsigned row, const char *what, bool checked)
{
    const struct ledger_subject *g = &p->cover->ledger->subjects[subject];
    struct buf name = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < g->nbins[row]; i++) {
        if (!is_open(p, subject, row, i, checked) || n++ >= HOLES_SHOWN) continue;
        buf_reset(&name);
        ledger_bin_name(g, row, i, &name);
        page_raw(p, n == 1 ? "<p class=\"open\"><b>" : ", ");
        if (n == 1) page_printf(p, "%s</b> ", what);
        page_text(p, buf_cstr(&name));
    }
    if (n > HOLES_SHOWN) page_printf(p, ", and %u more", n - HOLES_SHOWN);
    if (n) page_raw(p, "</p>\n");
    buf_free(&name);
}

static void write_causes(struct page *p, unsigned subject, unsigned row)
{
    const struct clusters *c = &p->tally->clusters;
    unsigned n = 0;
    for (unsigned i = 0; i < c->n && p->sums->subjects[subject].rows[row].failed; i++) {
        if (sums_cause_row(&p->sums->subjects[subject], c->items[i].cause) != (int)row) continue;
        if (n++ >= CAUSES_SHOWN) continue;
        page_printf(p, "<p class=\"bad\"><a href=\"#cause-%u\">", i + 1);
        page_text(p, c->items[i].cause + strlen(p->sums->subjects[subject].subject->rows[row].id) + 2);
        page_raw(p, "</a></p>\n");
    }
    if (n > CAUSES_SHOWN) page_printf(p, "<p>and %u causes more</p>\n", n - CAUSES_SHOWN);
}

/* ---- speed ---- */

static void write_pace(struct page *p, unsigned subject, unsigned row)
{
    const struct row_sum *now = &p->sums->subjects[subject].rows[row];
    const struct history *h = p->info->history;
    const struct row_sum *then = h && h->sums ? &h->sums->subjects[subject].rows[row] : NULL;
    page_raw(p, "<p class=\"meta\"><span>");
    page_count(p, now->cases);
    page_printf(p, " case%s", now->cases == 1 ? "" : "s");
    if (now->cases) page_printf(p, ", %.1f µs each", times_middle(&now->times));
    if (now->cases && then && then->cases) page_printf(p, ", before %.1f µs", times_middle(&then->times));
    page_raw(p, "</span>");
    const struct subject_row *r = &p->sums->subjects[subject].subject->rows[row];
    page_printf(p, "<span>%s:%d</span></p>\n", r->file, r->line);
}

/* What the JIT makes of it: the same on every machine, so that growth shows however noisy it is. */
static void write_host_code(struct page *p, unsigned subject, unsigned row)
{
    struct codegen_size size;
    uint32_t word;
    const struct guest *g = p->sums->subjects[subject].subject->guest;
    if (!p->meter || !codegen_encode(g, row, true, &word)) return;
    if (codegen_measure(p->meter, &word, g->rows[row].length, &size)) return;
    page_printf(p, "<p class=\"meta\"><span>as host code %d instruction%s, %d bytes</span></p>\n", size.insns,
                size.insns == 1 ? "" : "s", size.bytes);
}

static void write_row(struct page *p, unsigned subject, unsigned row)
{
    const struct subject_row *r = &p->sums->subjects[subject].subject->rows[row];
    page_printf(p, "<article class=\"row\" id=\"%s\">\n", r->id);
    write_title(p, r);
    write_causes(p, subject, row);
    page_raw(p, "<table>\n");
    for (unsigned i = 0; i < p->info->lineup->n; i++)
        if (page_serves(p, subject, i)) write_backend(p, subject, row, i);
    page_raw(p, "</table>\n");
    if (p->cover) {
        write_open(p, subject, row, "Never executed:", false);
        write_open(p, subject, row, "Never checked:", true);
    }
    write_pace(p, subject, row);
    write_host_code(p, subject, row);
    page_raw(p, "</article>\n");
}

/* Rows that are not done have an anchor too, in a list. */
static void write_extension(struct page *p, unsigned subject, const struct subject_group *ext)
{
    const struct subject *g = p->sums->subjects[subject].subject;
    unsigned done = 0, absent = 0;
    for (unsigned r = 0; r < g->nrows; r++) {
        if (strcmp(g->rows[r].group, ext->name)) continue;
        if (!done && !absent) {
            page_raw(p, "<h3>");
            page_text(p, ext->name);
            page_raw(p, " <small>");
            page_text(p, ext->title);
            page_raw(p, "</small></h3>\n");
        }
        if (g->rows[r].absent) {
            absent++;
            continue;
        }
        page_raw(p, done++ ? "" : "<div class=\"rows\">\n");
        write_row(p, subject, r);
    }
    page_raw(p, done ? "</div>\n" : "");
    if (!absent) return;
    page_printf(p, "<details open class=\"absent\"><summary>%u not done yet</summary><p>", absent);
    for (unsigned r = 0; r < g->nrows; r++)
        if (g->rows[r].absent && !strcmp(g->rows[r].group, ext->name))
            page_printf(p, "<span id=\"%s\">%s</span> ", g->rows[r].id, g->rows[r].id);
    page_raw(p, "</p></details>\n");
}

void page_rows(struct page *p)
{
    for (unsigned g = 0; g < p->sums->n; g++) {
        const struct subject *subject = p->sums->subjects[g].subject;
        const char *why;
        if (!p->sums->subjects[g].cases) continue;
        p->meter = subject->guest ? codegen_meter_open(subject->guest, &why) : NULL;
        for (unsigned x = 0; x < subject->ngroups; x++) write_extension(p, g, &subject->groups[x]);
        if (p->meter) codegen_meter_close(p->meter);
        p->meter = NULL;
    }
}
