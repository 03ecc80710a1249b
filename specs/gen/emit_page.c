/* The reference page: every row with its encoding, syntax and semantics, by extension. */
#include "specs/gen/emit_lift.h"

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

/* Why the JIT leaves the row to the interpreter, or NULL. */
static const char *left(struct spec *s, struct row *r)
{
    return r->absent || s->bytes ? NULL : lift_obstacle(s, r);
}

static void row(struct spec *s, FILE *f, struct row *r)
{
    const char *why = left(s, r);
    fprintf(f, "\n### `%s`\n\n`%s`%s · %s", r->id, r->asm_, r->absent ? " · **absent**" : "",
            *r->ref ? r->ref : r->ext_name);
    fprintf(f, " · %s:%d", r->at.file, r->at.line);
    if (why) fprintf(f, " · always interpreted: it %s", why);
    fputs("\n\n    ", f);
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
    unsigned done = 0, lifted = 0;
    for (struct row *r = s->rows; r; r = r->next) {
        done += !r->absent;
        lifted += !r->absent && !s->bytes && !left(s, r);
    }
    fprintf(f, "# %s\n\n%u instructions in %u extensions; %u done, %u absent. The JIT translates %u.\n",
            s->title, s->nrows, s->nexts, done, s->nrows - done, lifted);
    for (const struct ext *e = s->exts; e; e = e->next) {
        unsigned n = 0;
        for (const struct row *r = s->rows; r; r = r->next) n += r->ext == e;
        if (!n) continue;
        fprintf(f, "\n## %s: %s\n", e->name, e->title);
        for (struct row *r = s->rows; r; r = r->next)
            if (r->ext == e) row(s, f, r);
    }
}
