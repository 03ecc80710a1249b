#include "harness/judge/clusters.h"

#include "harness/cover/bins.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4 * CLUSTERS_MAX };

/* The signature; where a backend died or hung there is none, but the row and how. */
static void cause_of(const struct record *r, struct buf *out)
{
    if (r->verdict != VERDICT_FAIL) buf_printf(out, "%s: ", *r->row ? r->row : "(several instructions)");
    buf_str(out, *r->reason ? r->reason : *r->row ? r->row : "(unknown)");
}

/* The slot where this cause is, or would be. */
static uint16_t *slot_of(struct clusters *c, const char *cause)
{
    uint64_t i = hash_bytes(cause, strlen(cause), 0) % SLOTS;
    while (c->slots[i] && strcmp(c->items[c->slots[i] - 1].cause, cause)) i = (i + 1) % SLOTS;
    return &c->slots[i];
}

static void set_example(struct cluster *c, const struct record *r)
{
    free(c->id);
    free(c->file);
    free(c->detail);
    c->id = xstrdup(r->id);
    c->file = xstrdup(r->file);
    c->detail = xstrdup(r->detail);
    c->line = r->line;
    c->size = strlen(r->detail);
}

/* "riscv64 rv.add ~ 0 3 17": the row, that it stood in a longer case, and the bins that this failing case
 * hit. */
static void count_bins(struct cluster *k, const char *text)
{
    const char *end = strchr(text, ' ');
    end = end ? strchrnul(end + 1, ' ') : NULL;
    if (!end ||
        (k->row && (strlen(k->row) != (size_t)(end - text) || memcmp(k->row, text, strlen(k->row)) != 0)))
        return;
    if (!k->row) {
        k->row = xstrdup(text);
        k->row[end - text] = 0;
        k->bins = xcalloc(BINS_MAX, sizeof(*k->bins));
    }
    k->counted++;
    if (!strncmp(end, " ~", 2)) {
        k->longer = true;
        end += 2;
    }
    while (*end == ' ') {
        char *next;
        unsigned long bin = strtoul(end + 1, &next, 10);
        if (next == end + 1) return;
        if (bin < BINS_MAX) k->bins[bin]++;
        end = next;
    }
}

void clusters_add(struct clusters *c, const struct record *r)
{
    struct buf cause = {0};
    if (!c->slots) c->slots = xcalloc(SLOTS, sizeof(*c->slots));
    if (!c->items) c->items = xcalloc(CLUSTERS_MAX, sizeof(*c->items));
    cause_of(r, &cause);
    uint16_t *slot = slot_of(c, cause.p);
    if (!*slot && c->n < CLUSTERS_MAX) {
        c->items[c->n] = (struct cluster){.cause = xstrdup(cause.p)};
        set_example(&c->items[c->n], r);
        *slot = (uint16_t)++c->n;
    }
    buf_free(&cause);
    if (!*slot) {
        c->others++;
        return;
    }
    struct cluster *k = &c->items[*slot - 1];
    k->n++;
    if (r->bins) count_bins(k, r->bins);
    if (strlen(r->detail) < k->size) set_example(k, r);
}

static int most_first(const void *a, const void *b)
{
    const struct cluster *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->cause, y->cause);
}

void clusters_sort(struct clusters *c)
{
    if (c->n) qsort(c->items, c->n, sizeof(*c->items), most_first);
    free(c->slots);
    c->slots = NULL;
}

void clusters_free(struct clusters *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        free(c->items[i].cause);
        free(c->items[i].id);
        free(c->items[i].file);
        free(c->items[i].detail);
        free(c->items[i].row);
        free(c->items[i].bins);
        free(c->items[i].when);
    }
    free(c->items);
    free(c->slots);
    *c = (struct clusters){0};
}

struct record cluster_example(const struct cluster *c)
{
    return (struct record){.id = c->id, .file = c->file, .line = c->line, .detail = c->detail};
}
