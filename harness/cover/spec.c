#include "harness/cover/spec.h"

#include <stdlib.h>
#include <string.h>

bool spec_bin_checked(const struct cover *c, const struct spec_row *r, unsigned bin)
{
    unsigned serving = c->ledger->subjects[r->subject].serving, on = 0;
    for (unsigned b = 0; b < c->ledger->nbackends; b++)
        on |= (unsigned)((ledger_cells(c->ledger, r->subject, b, r->index)[bin] & CELL_CHECKED) != 0) << b;
    return serving && (on & serving) == serving;
}

static struct spec_row look_at(const struct cover *c, unsigned subject, unsigned index)
{
    const struct ledger_subject *g = &c->ledger->subjects[subject];
    unsigned n = g->nbins[index];
    struct spec_row r = {.row = ledger_row(g, index), .subject = subject, .index = index};
    if (n && cover_row_checked(c, subject, index)) {
        r.cases = UINT64_MAX;
        for (unsigned be = 0; be < c->ledger->nbackends; be++)
            if (g->serving >> be & 1 && g->cases[be][index] < r.cases) r.cases = g->cases[be][index];
    }
    for (unsigned i = 0; i < n; i++) {
        if (cover_unreachable(c, subject, index, i)) continue;
        r.bins++;
        r.hit += spec_bin_checked(c, &r, i);
    }
    return r;
}

static int by_place(const void *a, const void *b)
{
    const struct spec_row *x = a, *y = b;
    int files = strcmp(x->row->file, y->row->file);
    if (files) return files;
    if (x->row->line != y->row->line) return x->row->line < y->row->line ? -1 : 1;
    return strcmp(x->row->id, y->row->id);
}

unsigned spec_line_end(const struct spec_file *f, unsigned i)
{
    unsigned end = i;
    while (end < f->nrows && f->rows[end].row->line == f->rows[i].row->line) end++;
    return end;
}

uint64_t spec_line_cases(const struct spec_file *f, unsigned i)
{
    uint64_t least = f->rows[i].cases;
    for (unsigned k = i; k < spec_line_end(f, i); k++)
        if (f->rows[k].cases < least) least = f->rows[k].cases;
    return least;
}

static void sum_up(struct spec_file *f)
{
    for (unsigned i = 0; i < f->nrows; i = spec_line_end(f, i)) {
        f->lines++;
        f->covered += spec_line_cases(f, i) > 0;
        for (unsigned k = i; k < spec_line_end(f, i); k++) f->rows[k].nth = k - i;
    }
    for (unsigned i = 0; i < f->nrows; i++) {
        f->functions += f->rows[i].cases > 0;
        f->bins += f->rows[i].bins;
        f->hit += f->rows[i].hit;
    }
}

struct spec_file *spec_files(const struct cover *c, struct arena *a, unsigned *n)
{
    unsigned total = 0, count = 0;
    for (unsigned g = 0; g < c->ledger->nsubjects; g++) total += c->ledger->subjects[g].subject->nrows;
    struct spec_row *rows = arena_alloc(a, total * sizeof(*rows));
    struct spec_file *files = arena_alloc(a, total * sizeof(*files));
    for (unsigned g = 0; g < c->ledger->nsubjects; g++)
        for (unsigned r = 0; ledger_shows(c->ledger, g) && r < c->ledger->subjects[g].subject->nrows; r++)
            if (cover_shows(c, g, r)) rows[count++] = look_at(c, g, r);
    qsort(rows, count, sizeof(*rows), by_place);
    *n = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!i || strcmp(rows[i - 1].row->file, rows[i].row->file))
            files[(*n)++] = (struct spec_file){.path = rows[i].row->file, .rows = &rows[i]};
        files[*n - 1].nrows++;
    }
    for (unsigned i = 0; i < *n; i++) sum_up(&files[i]);
    return files;
}
