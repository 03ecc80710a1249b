/* What became of the faults: a table in Markdown, sums, and whether that is good enough. */
#include "harness/mutants/mutants.h"

#include "harness/report/report.h"

#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct mutant_sums mutant_sum(const struct mutant_result *r, unsigned n)
{
    struct mutant_sums s = {.n = n};
    unsigned *sizes = xcalloc(n + 1, sizeof(*sizes));
    for (unsigned i = 0; i < n; i++) {
        s.found += r[i].end == MUTANT_FOUND;
        s.broken += r[i].end == MUTANT_BROKEN;
        if (r[i].end == MUTANT_FOUND && r[i].after) sizes[s.shrunk++] = r[i].after;
    }
    qsort(sizes, s.shrunk, sizeof(*sizes), by_number);
    if (s.shrunk) {
        s.median = sizes[s.shrunk / 2];
        s.largest = sizes[s.shrunk - 1];
    }
    free(sizes);
    return s;
}

bool mutant_sums_good(const struct mutant_sums *s, const struct mutant_table *t)
{
    return s->found == s->n && s->shrunk == s->n && s->median <= t->median && s->largest <= t->largest;
}

static void write_row(const struct mutant *m, const struct mutant_result *r, struct buf *b)
{
    static const char *const ends[] = {"not tried", "found", "**not found**", "**cannot be tried**"};
    buf_str(b, "| ");
    text_md(b, m->id);
    buf_printf(b, " | %s | ", m->kind);
    if (r->run && r->end == MUTANT_FOUND) {
        struct buf options = {0};
        mutant_run_options(r->run, &options);
        text_md(b, buf_cstr(&options));
        buf_free(&options);
    } else {
        buf_str(b, ends[r->end]);
    }
    buf_str(b, " | ");
    text_md(b, r->id ? r->id : "");
    buf_str(b, " | ");
    text_md(b, r->cause ? r->cause : "");
    if (r->end != MUTANT_FOUND)
        buf_str(b, " | | | ");
    else if (r->after)
        buf_printf(b, " | %u | %u | %u ", r->causes, r->before, r->after);
    else
        buf_printf(b, " | %u | | **not shrunk** ", r->causes);
    buf_printf(b, "| %.1f |\n", r->seconds);
}

void mutant_report(const struct mutant_table *t, const struct mutant_result *r, double seconds, FILE *out)
{
    struct mutant_sums s = mutant_sum(r, t->n);
    struct buf b = {0};
    buf_str(&b, "| fault | in | caught by | case | cause | causes | instructions | shrunk | seconds |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (unsigned i = 0; i < t->n; i++) write_row(&t->mutants[i], &r[i], &b);
    buf_printf(&b, "\n%u of %u found", s.found, s.n);
    if (s.broken) buf_printf(&b, ", %u could not be tried", s.broken);
    if (s.shrunk < s.found) buf_printf(&b, ", %u not shrunk", s.found - s.shrunk);
    if (s.shrunk)
        buf_printf(&b, ", median shrunk case %u instruction%s, largest %u", s.median,
                   s.median == 1 ? "" : "s", s.largest);
    buf_printf(&b, ", %.0f seconds\n", seconds);
    fputs(buf_cstr(&b), out);
    buf_free(&b);
}
