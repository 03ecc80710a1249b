#include "harness/run/watch.h"

#include <stdlib.h>
#include <string.h>

/* The backend takes part, as what the row is about, in a version and on a day that the row is about. */
static bool can_be_met(const struct plan *plan, unsigned row)
{
    if (!quirk_current(plan->quirks, row)) return false;
    for (unsigned i = 0; i < plan->lineup.n; i++)
        if (plan->lineup.entries[i].backend == quirk_backend(plan->quirks, row)) return true;
    return false;
}

static void watch_for(struct watch *w, unsigned i, const char *id)
{
    if (!*id) return;
    w->shown_by[i] = hash_str(id, 0);
    w->ends[(uint8_t)id[strlen(id) - 1]] = true;
}

void watch_open(struct watch *w, const struct plan *plan)
{
    *w = (struct watch){.plan = plan, .n = plan->quirks ? quirks_count(plan->quirks) : 0};
    w->gone = xcalloc(w->n, sizeof(*w->gone));
    w->ran = xcalloc(w->n, sizeof(*w->ran));
    w->shown_by = xcalloc(w->n, sizeof(*w->shown_by));
    for (unsigned i = 0; i < w->n; i++)
        if (quirk_case(plan->quirks, i) && can_be_met(plan, i)) watch_for(w, i, quirk_case(plan->quirks, i));
}

void watch_close(struct watch *w)
{
    free(w->gone);
    free(w->ran);
    free(w->shown_by);
    *w = (struct watch){0};
}

void watch_record(struct watch *w, const struct record *r)
{
    size_t n = strlen(r->id);
    if (!n || !w->ends[(uint8_t)r->id[n - 1]]) return;
    uint64_t hash = hash_bytes(r->id, n, 0);
    for (unsigned i = 0; i < w->n; i++) {
        bool met = false;
        if (w->shown_by[i] != hash || strcmp(quirk_case(w->plan->quirks, i), r->id) != 0) continue;
        for (unsigned k = 0; k < r->nquirks; k++) met |= r->quirks[k] == i;
        w->gone[i] = !met;
        w->ran[i] = true;
    }
}

/* "unicorn 2.0.1" */
static void name_backend(const struct backend *b, struct buf *out)
{
    buf_str(out, b->name);
    if (b->version) buf_printf(out, " %s", b->version());
}

/* A row that nothing in a run of everything had to do with. */
static void say_unmet(const struct watch *w, unsigned i, struct buf *out)
{
    const struct quirks *q = w->plan->quirks;
    if (quirk_is_xfail(q, i)) {
        buf_printf(out, "none of the cases that quirk %s expects to fail ran on ", quirk_id(q, i));
        name_backend(quirk_backend(q, i), out);
    } else {
        buf_printf(out, "quirk %s was not met in this run with ", quirk_id(q, i));
        name_backend(quirk_backend(q, i), out);
        if (quirk_case(q, i) && !w->ran[i]) buf_printf(out, "; nor was there its case %s", quirk_case(q, i));
    }
    buf_str(out, "\n");
}

void watch_say(const struct watch *w, const struct tally *t, bool all, struct buf *out)
{
    const struct quirks *q = w->plan->quirks;
    for (unsigned i = 0; i < w->n; i++) {
        const char *ended = quirk_ended(q, i);
        if (ended) {
            buf_printf(out, "quirk %s ended on %s: what it excused counts again\n", quirk_id(q, i), ended);
        } else if (w->gone[i]) {
            buf_printf(out, "quirk %s no longer shows in %s with ", quirk_id(q, i), quirk_case(q, i));
            name_backend(quirk_backend(q, i), out);
            buf_str(out, ": was it mended?\n");
        } else if (all && w->plan->whole && !t->quirks[i] && can_be_met(w->plan, i)) {
            say_unmet(w, i, out);
        }
    }
}
