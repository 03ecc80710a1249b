#include "harness/kinds/scenario.h"

#include <string.h>

/* "    smmu          0x5000" */
static void value_line(const struct test_case *c, const char *who, const struct outcome *o,
                       const struct diff *d, struct buf *out)
{
    buf_printf(out, "    %-12s  ", who);
    c->kind->item_value(c, o, d, out);
    buf_char(out, '\n');
}

void scenario_table(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                    const struct findings *f, struct buf *out)
{
    for (unsigned i = 0; i < f->n; i++) {
        const struct diff *d = &f->items[i];
        buf_str(out, "  ");
        c->kind->item_name(c, d, false, out);
        buf_char(out, '\n');
        for (unsigned k = 0; k < n; k++)
            if (outcome_usable(&outcomes[k])) value_line(c, outcomes[k].backend->name, &outcomes[k], d, out);
        if (truth_speaks(c, NULL, d)) value_line(c, "manual", NULL, d, out);
    }
    if (f->more) buf_str(out, "  … and more\n");
}

void scenario_describe(const struct test_case *c, struct buf *out)
{
    const struct subject_row *row = c->about;
    if (row)
        buf_printf(out, "  row   %s (%s), %s:%d: %s\n", row->id, row->group, row->file, row->line, row->text);
    c->kind->describe(c, out);
    if (*c->why) buf_printf(out, "  why   %s\n", c->why);
}

void scenario_signature(const struct test_case *c, const struct findings *f, const char *detail, char *out,
                        size_t size)
{
    struct buf all = {0}, one = {0};
    const struct subject_row *row = c->about;
    const char *comma = "";
    detail += strspn(detail, " ");
    buf_printf(&all, "%s: ", row ? row->id : case_subject(c));
    size_t start = all.len;
    for (unsigned i = 0; i < f->n; i++) {
        buf_reset(&one);
        c->kind->item_name(c, &f->items[i], true, &one);
        if (all.len > start && strstr(all.p + start, buf_cstr(&one))) continue;
        buf_printf(&all, "%s%s", comma, buf_cstr(&one));
        comma = ", ";
    }
    buf_printf(&all, ": %.*s", (int)strcspn(detail, "\n"), detail);
    snprintf(out, size, "%s", buf_cstr(&all));
    buf_free(&all);
    buf_free(&one);
}

uint64_t scenario_step(const struct test_case *c, const struct findings *f)
{
    uint64_t first = 0;
    for (unsigned i = 0; i < f->n; i++) {
        uint64_t step = c->kind->item_step(c, &f->items[i]);
        if (step && (!first || step < first)) first = step;
    }
    return first;
}
