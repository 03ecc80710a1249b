/* Cobertura's XML, version 4 of its document type (coverage/cobertura.dtd): a subject is a package, a spec
 * file a class, a row a method, and bins are the conditions of a row's line. What counts as executed: as in
 * lcov.c. */
#include "harness/cover/spec.h"

#include "harness/report/report.h"

#include <inttypes.h>
#include <string.h>

/* Parts of what there is, as attributes want them. */
struct rates {
    unsigned lines, covered, bins, hit; /* as in struct spec_file */
};

static void add(struct rates *r, const struct spec_file *f)
{
    r->lines += f->lines;
    r->covered += f->covered;
    r->bins += f->bins;
    r->hit += f->hit;
}

static double rate(unsigned part, unsigned whole)
{
    return whole ? (double)part / whole : 1;
}

static void add_rates(struct buf *b, struct rates r)
{
    buf_printf(b, " line-rate=\"%.4f\" branch-rate=\"%.4f\" complexity=\"0\"", rate(r.covered, r.lines),
               rate(r.hit, r.bins));
}

static void add_line(struct buf *b, const struct spec_row *r)
{
    buf_printf(b, "<line number=\"%d\" hits=\"%" PRIu64 "\" branch=\"%s\"", r->row->line, r->cases,
               r->bins ? "true" : "false");
    if (r->bins)
        buf_printf(b, " condition-coverage=\"%.0f%% (%u/%u)\"", 100 * rate(r->hit, r->bins), r->hit, r->bins);
    buf_str(b, "/>");
}

static void add_text(struct buf *b, const char *before, const char *text, const char *after)
{
    buf_str(b, before);
    text_xml(b, text);
    buf_str(b, after);
}

static void add_file(struct buf *b, const struct spec_file *f)
{
    struct rates all = {0};
    add(&all, f);
    add_text(b, "        <class name=\"", f->path, "\"");
    add_text(b, " filename=\"", f->path, "\"");
    add_rates(b, all);
    buf_str(b, ">\n          <methods>\n");
    for (unsigned i = 0; i < f->nrows; i++) {
        const struct spec_row *r = &f->rows[i];
        add_text(b, "            <method name=\"", r->row->id, "\" signature=\"");
        text_xml(b, r->row->group);
        buf_char(b, '"');
        add_rates(b, (struct rates){1, r->cases > 0, r->bins, r->hit});
        buf_str(b, "><lines>");
        add_line(b, r);
        buf_str(b, "</lines></method>\n");
    }
    buf_str(b, "          </methods>\n          <lines>\n");
    for (unsigned i = 0; i < f->nrows; i = spec_line_end(f, i)) {
        struct spec_row line = {.row = f->rows[i].row, .cases = spec_line_cases(f, i)};
        for (unsigned k = i; k < spec_line_end(f, i); k++) {
            line.bins += f->rows[k].bins;
            line.hit += f->rows[k].hit;
        }
        buf_str(b, "            ");
        add_line(b, &line);
        buf_char(b, '\n');
    }
    buf_str(b, "          </lines>\n        </class>\n");
}

/* The files of a subject: none has rows of two. */
static void add_package(struct buf *b, const struct cover *c, unsigned subject, const struct spec_file *files,
                        unsigned n)
{
    struct rates all = {0};
    for (unsigned i = 0; i < n; i++)
        if (files[i].rows->subject == subject) add(&all, &files[i]);
    add_text(b, "    <package name=\"", c->ledger->subjects[subject].subject->name, "\"");
    add_rates(b, all);
    buf_str(b, ">\n      <classes>\n");
    for (unsigned i = 0; i < n; i++)
        if (files[i].rows->subject == subject) add_file(b, &files[i]);
    buf_str(b, "      </classes>\n    </package>\n");
}

void cover_write_cobertura(const struct cover *c, FILE *f)
{
    struct arena a = {0};
    struct buf b = {0};
    struct rates all = {0};
    unsigned n;
    const struct spec_file *files = spec_files(c, &a, &n);
    for (unsigned i = 0; i < n; i++) add(&all, &files[i]);
    buf_str(&b,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<!DOCTYPE coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n<coverage");
    add_rates(&b, all);
    buf_printf(
        &b,
        " lines-covered=\"%u\" lines-valid=\"%u\" branches-covered=\"%u\" branches-valid=\"%u\""
        " version=\"lockstep\" timestamp=\"0\">\n  <sources><source>.</source></sources>\n  <packages>\n",
        all.covered, all.lines, all.hit, all.bins);
    for (unsigned g = 0; g < c->ledger->nsubjects; g++)
        if (ledger_shows(c->ledger, g)) add_package(&b, c, g, files, n);
    buf_str(&b, "  </packages>\n</coverage>\n");
    fwrite(b.p, 1, b.len, f);
    buf_free(&b);
    arena_free(&a);
}
