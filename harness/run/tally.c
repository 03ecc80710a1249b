#include "harness/run/tally.h"

#include <stdlib.h>
#include <string.h>

void tally_init(struct tally *t, unsigned nquirks)
{
    *t = (struct tally){.nquirks = nquirks, .quirks = xcalloc(nquirks, sizeof(bool))};
}

static void list_free(struct tally_list *l)
{
    for (unsigned i = 0; i < l->n; i++) free(l->rows[i].name);
    free(l->rows);
}

void tally_free(struct tally *t)
{
    list_free(&t->reasons);
    list_free(&t->xfails);
    list_free(&t->exts);
    list_free(&t->rows);
    free(t->quirks);
    clusters_free(&t->clusters);
    *t = (struct tally){0};
}

static struct tally_row *list_find(struct tally_list *l, const char *name)
{
    if (l->n && !strcmp(l->rows[l->last].name, name)) return &l->rows[l->last];
    for (l->last = 0; l->last < l->n; l->last++)
        if (!strcmp(l->rows[l->last].name, name)) return &l->rows[l->last];
    l->rows = xrealloc(l->rows, (l->n + 1) * sizeof(*l->rows));
    l->rows[l->n] = (struct tally_row){.name = xstrdup(name)};
    return &l->rows[l->n++];
}

bool verdict_is_failure(enum verdict v)
{
    return v == VERDICT_FAIL || v == VERDICT_CRASH || v == VERDICT_TIMEOUT;
}

static void add_checked(struct tally *t, unsigned checked)
{
    if (checked == (CHECKED_MANUAL | CHECKED_ORACLE))
        t->both++;
    else if (checked == CHECKED_MANUAL)
        t->manual++;
    else if (checked == CHECKED_ORACLE)
        t->oracle++;
    else if (checked == CHECKED_PEER)
        t->peers++;
}

/* The row of an extension, named after its guest too; mostly that of the record before. */
static struct tally_row *ext_find(struct tally_list *l, const struct record *r)
{
    char name[128];
    const char *ext = *r->ext ? r->ext : "(does not decode)", *last = l->n ? l->rows[l->last].name : "";
    size_t n = strlen(r->guest);
    if (!strncmp(last, r->guest, n) && last[n] == ' ' && !strcmp(last + n + 1, ext)) return &l->rows[l->last];
    snprintf(name, sizeof(name), "%s %s", r->guest, ext);
    return list_find(l, name);
}

const char *tally_row_of(const struct record *r, char name[TALLY_NAME])
{
    const char *end = r->verdict == VERDICT_FAIL ? strstr(r->reason, ": ") : NULL;
    if (!end) return *r->row ? r->row : "(several instructions)";
    snprintf(name, TALLY_NAME, "%.*s", (int)(end - r->reason), r->reason);
    return name;
}

void tally_add(struct tally *t, const struct record *r)
{
    bool failure = verdict_is_failure(r->verdict);
    char name[TALLY_NAME];
    t->total++;
    t->verdicts[r->verdict]++;
    t->dissent += r->dissent;
    if (r->verdict == VERDICT_SKIP)
        list_find(&t->reasons, r->reason)->n++;
    else
        add_checked(t, r->checked);
    if (r->verdict == VERDICT_XFAIL || r->verdict == VERDICT_XPASS) list_find(&t->xfails, r->reason)->n++;
    if (failure) clusters_add(&t->clusters, r);
    if (failure) list_find(&t->rows, tally_row_of(r, name))->n++;
    struct tally_row *ext = ext_find(&t->exts, r);
    ext->n++;
    ext->bad += failure;
    ext->skips += r->verdict == VERDICT_SKIP;
    ext->expected += r->verdict == VERDICT_XFAIL;
    for (unsigned i = 0; i < r->nquirks; i++)
        if (r->quirks[i] < t->nquirks) t->quirks[r->quirks[i]] = true;
}

static int most_first(const void *a, const void *b)
{
    const struct tally_row *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->name, y->name);
}

void tally_sort(struct tally_list *l)
{
    if (l->n) qsort(l->rows, l->n, sizeof(*l->rows), most_first);
    l->last = 0;
}

uint64_t tally_failed(const struct tally *t)
{
    uint64_t n = 0;
    for (unsigned v = 0; v < VERDICTS; v++)
        if (verdict_is_failure((enum verdict)v)) n += t->verdicts[v];
    return n;
}

void tally_line(const struct tally *t, struct buf *out)
{
    buf_printf(out, "%llu passed, %llu failed", (unsigned long long)t->verdicts[VERDICT_PASS],
               (unsigned long long)tally_failed(t));
    static const struct {
        enum verdict verdict; /* which */
        const char *text;     /* what is said of it */
    } others[] = {{VERDICT_SKIP, "skipped"},
                  {VERDICT_XFAIL, "failed as expected"},
                  {VERDICT_XPASS, "passed unexpectedly"}};
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (t->verdicts[others[i].verdict])
            buf_printf(out, ", %llu %s", (unsigned long long)t->verdicts[others[i].verdict], others[i].text);
    if (t->absent)
        buf_printf(out, "; %u row%s left out (status: absent)", t->absent, t->absent == 1 ? "" : "s");
}
