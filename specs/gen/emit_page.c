/* The reference page: every row with its encoding, syntax and semantics, by extension. */
#include "specs/gen/emit.h"

#include <string.h>

static void encoding(FILE *f, const struct row *r)
{
    for (int bit = (int)r->length * 8 - 1; bit >= 0; bit--) {
        if (r->mask >> bit & 1)
            fputc('0' + (int)(r->match >> bit & 1), f);
        else
            fputc('-', f);
        if (bit && bit % 4 == 0) fputc(' ', f);
    }
}

static void row(FILE *f, const struct row *r)
{
    fprintf(f, "\n### `%s`\n\n`%s`%s · %s", r->id, r->asm_, r->absent ? " · **absent**" : "",
            *r->ref ? r->ref : r->ext_name);
    fprintf(f, " · %s:%d\n\n    ", r->at.file, r->at.line);
    if (r->length) {
        encoding(f, r);
        fputs("\n    ", f);
    }
    fprintf(f, "%s\n", r->enc);
    if (r->when) fprintf(f, "    when %s\n", r->when);
    for (const char *p = r->sem ? r->sem : ""; *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(f, "%s    %.*s\n", p == r->sem ? "\n" : "", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

void emit_page(struct spec *s, FILE *f)
{
    unsigned done = 0;
    for (const struct row *r = s->rows; r; r = r->next) done += !r->absent;
    fprintf(f, "# %s\n\n%u instructions in %u extensions; %u done, %u absent.\n", s->title, s->nrows,
            s->nexts, done, s->nrows - done);
    for (const struct ext *e = s->exts; e; e = e->next) {
        unsigned n = 0;
        for (const struct row *r = s->rows; r; r = r->next) n += r->ext == e;
        if (!n) continue;
        fprintf(f, "\n## %s: %s\n", e->name, e->title);
        for (const struct row *r = s->rows; r; r = r->next)
            if (r->ext == e) row(f, r);
    }
}
