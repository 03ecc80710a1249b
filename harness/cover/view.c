#include "harness/cover/view.h"

#include <string.h>

bool cover_unreachable(const struct cover *c, unsigned guest, unsigned row, unsigned bin)
{
    unsigned cell = c->ledger->guests[guest].first[row] + bin;
    return c->never[guest] && c->never[guest][cell / 64] >> (cell % 64) & 1;
}

void cover_row(const struct cover *c, unsigned guest, unsigned row, unsigned backend, struct cover_sum *s)
{
    const struct bins *b = c->ledger->guests[guest].bins[row];
    if (!b) {
        s->absent++;
        return;
    }
    const uint16_t *cells = ledger_cells(c->ledger, guest, backend, row);
    s->rows++;
    s->executed += (cells[0] & CELL_EXECUTED) != 0;
    s->checked += (cells[0] & CELL_CHECKED) != 0;
    for (unsigned o = 0; o < c->ledger->noutsiders; o++) s->by[o] += cells[0] >> o & 1;
    for (unsigned i = 0; i < b->n; i++) {
        if (cover_unreachable(c, guest, row, i)) continue;
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

static bool everywhere(const struct cover *c, unsigned guest, unsigned row, unsigned mask)
{
    bool all = c->ledger->nbackends > 0;
    for (unsigned b = 0; b < c->ledger->nbackends; b++)
        all &= (ledger_cells(c->ledger, guest, b, row)[0] & mask) != 0;
    return all;
}

bool cover_row_executed(const struct cover *c, unsigned guest, unsigned row)
{
    return everywhere(c, guest, row, CELL_EXECUTED);
}

bool cover_row_checked(const struct cover *c, unsigned guest, unsigned row)
{
    return everywhere(c, guest, row, CELL_CHECKED);
}

/* ---- the table ---- */

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 100;
}

/* The sum over the rows shown of an extension, of sequences (""), or of all rows (NULL). */
static struct cover_sum sum_of(const struct cover *c, unsigned guest, const char *ext, unsigned backend)
{
    const struct guest *g = c->ledger->guests[guest].guest;
    struct cover_sum s = {0};
    bool sequences = ext && !*ext;
    if (sequences && cover_shows(c, guest, g->nrows)) cover_row(c, guest, g->nrows, backend, &s);
    for (unsigned r = 0; r < g->nrows && !sequences; r++)
        if (cover_shows(c, guest, r) && (!ext || !strcmp(g->rows[r].ext, ext)))
            cover_row(c, guest, r, backend, &s);
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
    for (unsigned i = 0; i < l->nguests; i++) {
        const struct guest *g = l->guests[i].guest;
        table_head(c, g->name, out);
        for (unsigned e = 0; e <= g->nexts; e++) {
            const char *ext = e < g->nexts ? g->exts[e].name : NULL;
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
    unsigned guest, row;   /* which */
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
        unsigned cell = ledger_cells(l, h->guest, b, h->row)[bin];
        bool missing = checked ? cell & CELL_EXECUTED && !(cell & CELL_CHECKED) : !(cell & CELL_EXECUTED);
        on |= (unsigned)missing << b;
    }
    return cover_unreachable(h->c, h->guest, h->row, bin) ? 0 : on;
}

static void print_hole(struct hole *h, const char *what, unsigned backends, bool checked)
{
    const struct ledger *l = h->c->ledger;
    const struct bins *b = l->guests[h->guest].bins[h->row];
    struct buf text = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        if (missing_on(h, i, checked) != backends) continue;
        if (h->most && n++ >= h->most) continue;
        if (text.len) buf_str(&text, ", ");
        bins_name(b, i, &text);
    }
    if (!text.len) return;
    if (!h->said) fprintf(h->out, "%s (%s:%d)\n", b->plan.row->id, b->plan.row->file, b->plan.row->line);
    h->said = true;
    fprintf(h->out, "  %s", what);
    for (unsigned k = 0; backends != bits_mask(l->nbackends) && k < l->nbackends; k++)
        if (backends >> k & 1) fprintf(h->out, " by %s", l->backends[k]);
    fprintf(h->out, ": %s", buf_cstr(&text));
    if (h->most && n > h->most) fprintf(h->out, ", and %u more", n - h->most);
    fputc('\n', h->out);
    buf_free(&text);
}

void cover_holes(const struct cover *c, unsigned most, FILE *out)
{
    const struct ledger *l = c->ledger;
    for (unsigned g = 0; g < l->nguests; g++)
        for (unsigned r = 0; r < ledger_rows(&l->guests[g]); r++) {
            struct hole h = {c, g, r, most, false, out};
            if (!cover_shows(c, g, r) || !l->guests[g].bins[r]) continue;
            for (unsigned on = (unsigned)bits_mask(l->nbackends); on; on--)
                print_hole(&h, "never executed", on, false);
            for (unsigned on = (unsigned)bits_mask(l->nbackends); on; on--)
                print_hole(&h, "executed but never checked", on, true);
        }
}

/* ---- the verdict ---- */

/* Names the rows for which `good` does not hold. */
static unsigned judge_rows(const struct cover *c, const char *what, unsigned most, FILE *out,
                           bool (*good)(const struct cover *c, unsigned guest, unsigned row))
{
    const struct ledger *l = c->ledger;
    unsigned n = 0;
    for (unsigned g = 0; g < l->nguests; g++)
        for (unsigned r = 0; r < l->guests[g].guest->nrows; r++) {
            if (!cover_shows(c, g, r) || !l->guests[g].bins[r] || good(c, g, r)) continue;
            if (!most || n < most) fprintf(out, "%s %s", n ? "," : what, l->guests[g].guest->rows[r].id);
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
    for (unsigned g = 0; g < l->nguests; g++)
        for (unsigned r = 0; r < ledger_rows(&l->guests[g]); r++)
            for (unsigned i = 0; l->guests[g].bins[r] && i < l->guests[g].bins[r]->n; i++) {
                bool hit = false;
                for (unsigned b = 0; b < l->nbackends; b++)
                    hit |= (ledger_cells(l, g, b, r)[i] & CELL_EXECUTED) != 0;
                if (!hit || !cover_unreachable(c, g, r, i)) continue;
                struct buf name = {0};
                bins_name(l->guests[g].bins[r], i, &name);
                fprintf(out, "said to be unreachable, but was hit: %s: %s\n",
                        ledger_row(&l->guests[g], r)->id, buf_cstr(&name));
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
    for (unsigned g = 0; c->all && g < l->nguests; g++)
        for (unsigned b = 0; b < l->nbackends; b++) {
            struct cover_sum s = sum_of(c, g, NULL, b);
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
