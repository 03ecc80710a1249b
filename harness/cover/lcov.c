/* lcov's format: a row is a function on its line, its bins are that line's branches. A row counts as executed
 * when it was checked on every backend; so does a bin. */
#include "harness/cover/spec.h"

#include <inttypes.h>

static void write_branches(const struct cover *c, const struct spec_row *r, FILE *f)
{
    for (unsigned i = 0; i < c->ledger->subjects[r->subject].nbins[r->index]; i++) {
        if (cover_unreachable(c, r->subject, r->index, i)) continue;
        fprintf(f, "BRDA:%d,%u,%u,", r->row->line, r->nth, i);
        if (r->cases)
            fprintf(f, "%u\n", spec_bin_checked(c, r, i));
        else
            fputs("-\n", f);
    }
}

static void write_file(const struct cover *c, const struct spec_file *s, const char *root, FILE *f)
{
    fprintf(f, "SF:%s%s\n", root, s->path);
    for (unsigned i = 0; i < s->nrows; i++)
        fprintf(f, "FN:%d,%s\n", s->rows[i].row->line, s->rows[i].row->id);
    for (unsigned i = 0; i < s->nrows; i++)
        fprintf(f, "FNDA:%" PRIu64 ",%s\n", s->rows[i].cases, s->rows[i].row->id);
    fprintf(f, "FNF:%u\nFNH:%u\n", s->nrows, s->functions);
    for (unsigned i = 0; i < s->nrows; i++) write_branches(c, &s->rows[i], f);
    fprintf(f, "BRF:%u\nBRH:%u\n", s->bins, s->hit);
    for (unsigned i = 0; i < s->nrows; i = spec_line_end(s, i))
        fprintf(f, "DA:%d,%" PRIu64 "\n", s->rows[i].row->line, spec_line_cases(s, i));
    fprintf(f, "LF:%u\nLH:%u\nend_of_record\n", s->lines, s->covered);
}

void cover_write_lcov(const struct cover *c, const char *root, FILE *f)
{
    struct arena a = {0};
    unsigned n;
    const struct spec_file *files = spec_files(c, &a, &n);
    fputs("TN:rows\n", f);
    for (unsigned i = 0; i < n; i++) write_file(c, &files[i], root, f);
    arena_free(&a);
}
