/* Quirks of backends that run other kinds of cases than instructions: rows of the kind's subject, patterns of
 * what differences are called there, and conditions that the kind understands.
 */
#include "harness/judge/quirk.h"

#include "harness/corpus/glob.h"
#include "harness/kinds/kind.h"

#include <string.h>

/* ---- reading ---- */

bool quirk_kind_rows(const struct subject *s, const struct ynode *rows, struct arena *a, struct diag *d,
                     struct quirk *q)
{
    bool good = true;
    q->nrows = s->nrows;
    q->rows = arena_alloc(a, (s->nrows + 63) / 64 * sizeof(*q->rows));
    for (const struct ynode *r = schema_first(rows); r; r = schema_next(rows, r)) {
        struct buf said = {0};
        q->undecoded |= glob_match(r->text, "");
        if (subject_select(s, r->text, true, q->rows)) continue;
        subject_no_row(s, r->text, &said);
        diag_error(d, r->at, r->len, "%s", buf_cstr(&said));
        buf_free(&said);
        good = false;
    }
    return good;
}

bool quirk_kind_masks(const struct ynode *masks, struct arena *a, struct diag *d, struct quirk *q)
{
    for (const struct ynode *m = schema_first(masks); m; m = schema_next(masks, m)) {
        if (q->nmasks == QUIRK_MAX_MASKS) {
            diag_error(d, m->at, m->len, "a quirk has at most %d masks", QUIRK_MAX_MASKS);
            return false;
        }
        q->masks[q->nmasks++] = (struct quirk_mask){.kind = MASK_ITEM, .operand = arena_strdup(a, m->text)};
    }
    return true;
}

bool quirk_kind_condition(const struct ynode *when, struct arena *a, struct diag *d, struct quirk *q)
{
    struct value_error err = {.message = "cases of this kind have no conditions",
                              .span = (unsigned)when->len};
    if (q->kind->condition) q->condition_of_kind = q->kind->condition(when->text, when->len, a, &err);
    if (q->condition_of_kind) return true;
    diag_error(d, ynode_text_pos(when, err.offset), err.span, "%s", err.message);
    return false;
}

/* ---- applying ---- */

/* It is about this case on this backend, as far as can be told without results. */
static bool concerns(const struct quirk *q, const struct backend *b, const struct test_case *c)
{
    return q->current && q->kind == c->kind && q->subject == c->subject && q->backend == b &&
           quirk_about(q, c->kind->row(c));
}

static bool covers(const struct quirk *q, const struct test_case *c, const struct diff *d)
{
    struct buf name = {0};
    bool covered = false;
    c->kind->item_name(c, d, false, &name);
    for (unsigned i = 0; i < q->nmasks && !covered; i++)
        covered = glob_match(q->masks[i].operand, buf_cstr(&name));
    buf_free(&name);
    return covered;
}

static bool holds(const struct quirk *q, const struct test_case *c, const struct outcome *theirs,
                  const struct outcome *right)
{
    return !q->condition_of_kind || c->kind->condition_holds(q->condition_of_kind, c, theirs, right);
}

int quirk_kind_find(const struct quirks *q, const struct test_case *c, const struct outcome *theirs,
                    const struct outcome *right, const struct diff *d)
{
    for (unsigned i = 0; i < q->n; i++) {
        const struct quirk *row = &q->at[i];
        if (!row->unsupported && concerns(row, theirs->backend, c) && covers(row, c, d) &&
            holds(row, c, theirs, right))
            return (int)i;
    }
    return -1;
}

const char *quirk_kind_unsupported(const struct quirks *q, const struct backend *b, const struct test_case *c,
                                   unsigned *i)
{
    for (unsigned k = 0; k < q->n; k++) {
        const struct quirk *row = &q->at[k];
        if (!row->unsupported || !concerns(row, b, c) || !holds(row, c, NULL, NULL)) continue;
        *i = k;
        return row->why;
    }
    return NULL;
}
