#include "harness/cover/view.h"

#include <string.h>

bool cover_unreachable(const struct cover *c, unsigned subject, unsigned row, unsigned bin)
{
    unsigned cell = c->ledger->subjects[subject].first[row] + bin;
    return c->never[subject] && c->never[subject][cell / 64] >> (cell % 64) & 1;
}

void cover_row(const struct cover *c, unsigned subject, unsigned row, unsigned backend, struct cover_sum *s)
{
    unsigned n = c->ledger->subjects[subject].nbins[row];
    if (!(c->ledger->subjects[subject].serving >> backend & 1)) return;
    if (!n) {
        s->absent++;
        return;
    }
    const uint16_t *cells = ledger_cells(c->ledger, subject, backend, row);
    s->rows++;
    s->executed += (cells[0] & CELL_EXECUTED) != 0;
    s->checked += (cells[0] & CELL_CHECKED) != 0;
    for (unsigned o = 0; o < c->ledger->noutsiders; o++) s->by[o] += cells[0] >> o & 1;
    for (unsigned i = 0; i < n; i++) {
        if (cover_unreachable(c, subject, row, i)) continue;
        s->bins++;
        s->hit += (cells[i] & CELL_EXECUTED) != 0;
        if (cells[i] & CELL_CHECKED)
            s->bin_checked++;
        else if (cells[i] & CELL_PEER)
            s->peers++;
        else if (cells[i] & CELL_EXECUTED)
            s->alone++;
    }
}

static bool everywhere(const struct cover *c, unsigned subject, unsigned row, unsigned mask)
{
    unsigned serving = c->ledger->subjects[subject].serving, all = serving;
    for (unsigned b = 0; b < c->ledger->nbackends; b++)
        if (!(ledger_cells(c->ledger, subject, b, row)[0] & mask)) all &= ~(1u << b);
    return serving && all == serving;
}

bool cover_row_executed(const struct cover *c, unsigned subject, unsigned row)
{
    return everywhere(c, subject, row, CELL_EXECUTED);
}

bool cover_row_checked(const struct cover *c, unsigned subject, unsigned row)
{
    return everywhere(c, subject, row, CELL_CHECKED);
}

/* ---- the table ---- */

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 100;
}

/* The sum over the rows shown of an extension, of sequences (""), or of all rows (NULL). */
static struct cover_sum sum_of(const struct cover *c, unsigned subject, const char *ext, unsigned backend)
{
    const struct subject *g = c->ledger->subjects[subject].subject;
    struct cover_sum s = {0};
    bool sequences = ext && !*ext;
    for (unsigned r = g->nrows; sequences && r < g->nrows + g->nextra; r++)
        if (cover_shows(c, subject, r)) cover_row(c, subject, r, backend, &s);
    for (unsigned r = 0; r < g->nrows && !sequences; r++)
        if (cover_shows(c, subject, r) && (!ext || !strcmp(g->rows[r].group, ext)))
            cover_row(c, subject, r, backend, &s);
    return s;
}

static void table_head(const struct cover *c, const char *isa, FILE *out)
{
    fprintf(out, "%-12s %-8s %5s %7s %9s %8s", isa, "backend", "rows", "absent", "executed", "checked");
    for (unsigned o = 0; o < c->ledger->noutsiders; o++) fprintf(out, " %9s", c->ledger->outsiders[o]);
    fprintf(out, "  | %6s %7s %8s %6s %8s\n", "bins", "hit", "checked", "peers", "nobody");
}

static void table_line(const struct cover *c, const char *ext, const char *backend, const struct cover_sum *s,
                       FILE *out)
{
    fprintf(out, "%-12s %-8s %5u %7u %9u %8u", ext, backend, s->rows, s->absent, s->executed, s->checked);
    for (unsigned o = 0; o < c->ledger->noutsiders; o++) fprintf(out, " %9u", s->by[o]);
    if (!s->bins) /* absent rows only: there is nothing that could be covered */
        fprintf(out, "  | %6u %7s %8s %6s %8s\n", 0u, "-", "-", "-", "-");
    else
        fprintf(out, "  | %6u %6.1f%% %7.1f%% %6u %8u\n", s->bins, percent(s->hit, s->bins),
                percent(s->bin_checked, s->bins), s->peers, s->alone);
}

void cover_table(const struct cover *c, FILE *out)
{
    const struct ledger *l = c->ledger;
    for (unsigned i = 0; i < l->nsubjects; i++) {
        const struct subject *g = l->subjects[i].subject;
        if (!ledger_shows(l, i)) continue;
        table_head(c, g->name, out);
        for (unsigned e = 0; e <= g->ngroups; e++) {
            const char *ext = e < g->ngroups ? g->groups[e].name : NULL;
            for (unsigned b = 0; b < l->nbackends; b++) {
                struct cover_sum s = sum_of(c, i, ext, b);
                if (s.rows + s.absent) table_line(c, ext ? ext : "all", l->backends[b], &s, out);
            }
        }
        for (unsigned b = 0; b < l->nbackends; b++) {
            struct cover_sum s = sum_of(c, i, "", b);
            if (s.executed) table_line(c, "sequences", l->backends[b], &s, out);
        }
    }
}

/* ---- holes ---- */

/* What is missing of one row. */
struct hole {
    const struct cover *c; /* of this */
    unsigned subject, row; /* which */
    unsigned most;         /* names a line; 0: all */
    bool said;             /* the row was named */
    FILE *out;             /* where to say it */
};

/* Backends on which the bin was not hit, or (checked) was hit and nobody outside agreed. */
static unsigned missing_on(const struct hole *h, unsigned bin, bool checked)
{
    const struct ledger *l = h->c->ledger;
    unsigned on = 0;
    for (unsigned b = 0; b < l->nbackends; b++) {
        unsigned cell = ledger_cells(l, h->subject, b, h->row)[bin];
        bool missing = checked ? cell & CELL_EXECUTED && !(cell & CELL_CHECKED) : !(cell & CELL_EXECUTED);
        on |= (unsigned)missing << b;
    }
    return cover_unreachable(h->c, h->subject, h->row, bin) ? 0 : on & l->subjects[h->subject].serving;
}

static void print_hole(struct hole *h, const char *what, unsigned backends, bool checked)
{
    const struct ledger *l = h->c->ledger;
    const struct ledger_subject *g = &l->subjects[h->subject];
    const struct subject_row *row = ledger_row(g, h->row);
    struct buf text = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < g->nbins[h->row]; i++) {
        if (missing_on(h, i, checked) != backends) continue;
        if (h->most && n++ >= h->most) continue;
        if (text.len) buf_str(&text, ", ");
        ledger_bin_name(g, h->row, i, &text);
    }
    if (!text.len) return;
    if (!h->said) fprintf(h->out, "%s (%s:%d)\n", row->id, row->file, row->line);
    h->said = true;
    fprintf(h->out, "  %s", what);
    for (unsigned k = 0; backends != g->serving && k < l->nbackends; k++)
        if (backends >> k & 1) fprintf(h->out, " by %s", l->backends[k]);
    fprintf(h->out, ": %s", buf_cstr(&text));
    if (h->most && n > h->most) fprintf(h->out, ", and %u more", n - h->most);
    fputc('\n', h->out);
    buf_free(&text);
}

void cover_holes(const struct cover *c, unsigned most, FILE *out)
{
    const struct ledger *l = c->ledger;
    for (unsigned g = 0; g < l->nsubjects; g++)
        for (unsigned r = 0; r < ledger_rows(&l->subjects[g]); r++) {
            struct hole h = {c, g, r, most, false, out};
            if (!cover_shows(c, g, r) || !l->subjects[g].nbins[r]) continue;
            for (unsigned on = l->subjects[g].serving; on; on--) print_hole(&h, "never executed", on, false);
            for (unsigned on = l->subjects[g].serving; on; on--)
                print_hole(&h, "executed but never checked", on, true);
        }
}

/* ---- the verdict ---- */

/* Names the rows for which `good` does not hold. */
static unsigned judge_rows(const struct cover *c, const char *what, unsigned most, FILE *out,
                           bool (*good)(const struct cover *c, unsigned subject, unsigned row))
{
    const struct ledger *l = c->ledger;
    unsigned n = 0;
    for (unsigned g = 0; g < l->nsubjects; g++)
        for (unsigned r = 0; r < l->subjects[g].subject->nrows; r++) {
            if (!ledger_shows(l, g) || !cover_shows(c, g, r)) continue;
            if (!l->subjects[g].nbins[r] || good(c, g, r)) continue;
            if (!most || n < most) fprintf(out, "%s %s", n ? "," : what, l->subjects[g].subject->rows[r].id);
            n++;
        }
    if (most && n > most) fprintf(out, ", and %u more (-v names them)", n - most);
    if (n) fputc('\n', out);
    return n;
}

/* Bins that a file says cannot be hit, and that were. */
static unsigned judge_unreachable(const struct cover *c, FILE *out)
{
    const struct ledger *l = c->ledger;
    unsigned n = 0;
    for (unsigned g = 0; g < l->nsubjects; g++)
        for (unsigned r = 0; r < ledger_rows(&l->subjects[g]); r++)
            for (unsigned i = 0; i < l->subjects[g].nbins[r]; i++) {
                bool hit = false;
                for (unsigned b = 0; b < l->nbackends; b++)
                    hit |= (ledger_cells(l, g, b, r)[i] & CELL_EXECUTED) != 0;
                if (!hit || !cover_unreachable(c, g, r, i)) continue;
                struct buf name = {0};
                ledger_bin_name(&l->subjects[g], r, i, &name);
                fprintf(out, "said to be unreachable, but was hit: %s: %s\n",
                        ledger_row(&l->subjects[g], r)->id, buf_cstr(&name));
                buf_free(&name);
                n++;
            }
    return n;
}

static unsigned judge_percent(const char *what, const char *of, double have, unsigned least, FILE *out)
{
    if (have >= least) return 0;
    fprintf(out, "%s of %s: %.1f%%, at least %u%% are wanted\n", what, of, have, least);
    return 1;
}

unsigned cover_judge(const struct cover *c, unsigned most, FILE *out)
{
    const struct ledger *l = c->ledger;
    unsigned n = 0;
    if (l->nbackends) {
        n += judge_rows(c, "not executed on every backend:", most, out, cover_row_executed);
        n += judge_rows(c, "checked by nobody outside on every backend:", most, out, cover_row_checked);
        n += judge_unreachable(c, out);
    }
    for (unsigned g = 0; c->all && g < l->nsubjects; g++)
        for (unsigned b = 0; b < l->nbackends; b++) {
            struct cover_sum s = sum_of(c, g, NULL, b);
            if (!(l->subjects[g].serving >> b & 1)) continue;
            n +=
                judge_percent("bins executed", l->backends[b], percent(s.hit, s.bins), c->bins_executed, out);
            n += judge_percent("bins checked", l->backends[b], percent(s.bin_checked, s.bins),
                               c->bins_checked, out);
        }
    for (unsigned i = 0; c->any_code && i < c->nfolders; i++) {
        const struct cover_folder *f = &c->folders[i];
        if (f->lines) n += judge_percent("lines executed", f->name, percent(f->hit, f->lines), f->least, out);
    }
    return n;
}
