#include "harness/run/watch.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

/* The backend takes part, as what the row is about, in a version and on a day that the row is about. */
static bool can_be_met(const struct plan *plan, unsigned row)
{
    if (!quirk_current(plan->quirks, row)) return false;
    for (unsigned i = 0; i < plan->lineup.n; i++)
        if (plan->lineup.entries[i].backend == quirk_backend(plan->quirks, row)) return true;
    return false;
}

static void set_text(json_t *row, const char *key, const char *text)
{
    if (text) json_object_set_new(row, key, json_string(text));
}

json_t *watch_list(const struct plan *plan)
{
    const struct quirks *q = plan->quirks;
    json_t *list = json_array();
    for (unsigned i = 0; q && i < quirks_count(q); i++) {
        const struct backend *b = quirk_backend(q, i);
        bool possible =
            can_be_met(plan, i); /* of others nobody wants the version, and asking for it takes time */
        json_t *row = json_object();
        set_text(row, "id", quirk_id(q, i));
        json_object_set_new(row, "backend",
                            possible && b->version ? json_sprintf("%s %s", b->name, b->version())
                                                   : json_string(b->name));
        set_text(row, "ended", quirk_ended(q, i));
        set_text(row, "case", quirk_case(q, i));
        json_object_set_new(row, "xfail", json_boolean(quirk_is_xfail(q, i)));
        json_object_set_new(row, "possible", json_boolean(possible));
        json_array_append_new(list, row);
    }
    return list;
}

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

/* A text that is no UTF-8 is not in the list. */
static const char *name_of(const json_t *row, const char *key)
{
    const char *s = text_of(row, key);
    return s ? s : "?";
}

/* ---- a run ---- */

void watch_open(struct watch *w, const json_t *list, bool whole)
{
    *w = (struct watch){.n = (unsigned)json_array_size(list), .whole = whole};
    w->rows = xcalloc(w->n, sizeof(*w->rows));
    for (unsigned i = 0; i < w->n; i++) {
        const json_t *row = json_array_get(list, i);
        struct watched *r = &w->rows[i];
        *r = (struct watched){
            .id = name_of(row, "id"),
            .backend = name_of(row, "backend"),
            .ended = text_of(row, "ended"),
            .shown_by = text_of(row, "case"),
            .xfail = json_is_true(json_object_get(row, "xfail")),
            .possible = json_is_true(json_object_get(row, "possible")),
        };
        if (!r->shown_by || !*r->shown_by || !r->possible) continue;
        r->hash = hash_str(r->shown_by, 0);
        w->ends[(uint8_t)r->shown_by[strlen(r->shown_by) - 1]] = true;
    }
}

void watch_close(struct watch *w)
{
    free(w->rows);
    *w = (struct watch){0};
}

void watch_record(struct watch *w, const struct record *r)
{
    size_t n = strlen(r->id);
    if (!n || !w->ends[(uint8_t)r->id[n - 1]]) return;
    uint64_t hash = hash_bytes(r->id, n, 0);
    for (unsigned i = 0; i < w->n; i++) {
        struct watched *row = &w->rows[i];
        bool met = false;
        if (row->hash != hash || strcmp(row->shown_by, r->id) != 0) continue;
        for (unsigned k = 0; k < r->nquirks; k++) met |= r->quirks[k] == i;
        row->gone = !met;
        row->ran = true;
    }
}

/* ---- its end ---- */

/* A row that nothing in a run of everything had to do with. */
static void say_unmet(const struct watched *row, struct buf *out)
{
    if (row->xfail) {
        buf_printf(out, "none of the cases that quirk %s expects to fail ran on %s", row->id, row->backend);
    } else {
        buf_printf(out, "quirk %s was not met in this run with %s", row->id, row->backend);
        if (row->shown_by && !row->ran) buf_printf(out, "; nor was there its case %s", row->shown_by);
    }
    buf_str(out, "\n");
}

void watch_say(const struct watch *w, const struct tally *t, bool all, struct buf *out)
{
    for (unsigned i = 0; i < w->n; i++) {
        const struct watched *row = &w->rows[i];
        if (row->ended)
            buf_printf(out, "quirk %s ended on %s: what it excused counts again\n", row->id, row->ended);
        else if (row->gone)
            buf_printf(out, "quirk %s no longer shows in %s with %s: was it mended?\n", row->id,
                       row->shown_by, row->backend);
        else if (all && w->whole && !t->quirks[i] && row->possible)
            say_unmet(row, out);
    }
}
