#include "harness/judge/clusters.h"

#include "harness/cover/bins.h"
#include "harness/judge/compare.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4 * CLUSTERS_MAX };

/* The signature; where a backend died or hung there is none, but the row and how. */
static void cause_of(const struct record *r, struct buf *out)
{
    if (r->verdict != VERDICT_FAIL) buf_printf(out, "%s: ", *r->row ? r->row : "(several instructions)");
    buf_str(out, *r->reason ? r->reason : *r->row ? r->row : "(unknown)");
}

/* What makes it another cause than others: who stands alone counts, and not who was there to say so. The
 * manual has its word in some cases, and an oracle cannot run all of them. */
static void key_of(const char *cause, struct buf *out)
{
    const char *vote = signature_vote(cause);
    size_t before = vote ? (size_t)(vote - cause) : 0;
    buf_add(out, cause, before);
    if (vote) vote_odd(vote, out);
    if (out->len == before) buf_str(out, cause + before);
}

/* The slot where the cause with this key is, or would be. */
static uint16_t *slot_of(struct clusters *c, const char *key)
{
    uint64_t i = hash_bytes(key, strlen(key), 0) % SLOTS;
    while (c->slots[i] && strcmp(c->items[c->slots[i] - 1].key, key)) i = (i + 1) % SLOTS;
    return &c->slots[i];
}

/* Names all that those who stand alone differ from in some failure. */
static void unite(struct cluster *k, const char *cause)
{
    const char *vote = signature_vote(k->cause), *other = signature_vote(cause);
    if (!vote || !other || !strcmp(vote, other)) return;
    struct buf all = {0};
    buf_add(&all, k->cause, (size_t)(vote - k->cause));
    size_t before = all.len;
    vote_unite(vote, other, &all);
    if (all.len > before) {
        free(k->cause);
        k->cause = xstrdup(buf_cstr(&all));
    }
    buf_free(&all);
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
    struct buf cause = {0}, key = {0};
    if (!c->slots) c->slots = xcalloc(SLOTS, sizeof(*c->slots));
    if (!c->items) c->items = xcalloc(CLUSTERS_MAX, sizeof(*c->items));
    cause_of(r, &cause);
    key_of(buf_cstr(&cause), &key);
    uint16_t *slot = slot_of(c, buf_cstr(&key));
    if (!*slot && c->n < CLUSTERS_MAX) {
        c->items[c->n] = (struct cluster){.cause = xstrdup(buf_cstr(&cause)), .key = xstrdup(key.p)};
        set_example(&c->items[c->n], r);
        *slot = (uint16_t)++c->n;
    } else if (*slot) {
        unite(&c->items[*slot - 1], buf_cstr(&cause));
    }
    buf_free(&cause);
    buf_free(&key);
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

static void cluster_free(struct cluster *k)
{
    free(k->cause);
    free(k->key);
    free(k->id);
    free(k->file);
    free(k->detail);
    free(k->row);
    free(k->bins);
    free(k->when);
}

/* The failures of `from` are of the cause `to`, whose example shows what the manual says. */
static void fold(struct cluster *to, struct cluster *from)
{
    to->n += from->n;
    to->longer |= from->longer;
    if (!to->row) {
        to->row = from->row;
        to->bins = from->bins;
        to->counted = from->counted;
        from->row = NULL;
        from->bins = NULL;
    } else if (from->row && !strcmp(to->row, from->row)) {
        for (unsigned i = 0; i < BINS_MAX; i++) to->bins[i] += from->bins[i];
        to->counted += from->counted;
    }
}

/* The same disagreement, where in other cases the manual says who is right. */
static struct cluster *decided(const struct clusters *c, const bool *gone, const struct cluster *k)
{
    const char *vote = signature_vote(k->cause);
    for (unsigned i = 0; vote && i < c->n; i++) {
        const char *by = gone[i] ? NULL : signature_vote(c->items[i].cause);
        if (!by || by - c->items[i].cause != vote - k->cause) continue;
        if (!memcmp(c->items[i].cause, k->cause, (size_t)(vote - k->cause)) && vote_overruled(vote, by))
            return &c->items[i];
    }
    return NULL;
}

/* A majority is a hint; the manual's word in one case is more than that in all others of the cause. */
static void fold_decided(struct clusters *c)
{
    unsigned n = 0;
    bool *gone = xcalloc(c->n, sizeof(*gone));
    for (unsigned i = 0; i < c->n; i++) {
        struct cluster *to = decided(c, gone, &c->items[i]);
        gone[i] = to;
        if (to) fold(to, &c->items[i]);
    }
    for (unsigned i = 0; i < c->n; i++) {
        if (gone[i])
            cluster_free(&c->items[i]);
        else
            c->items[n++] = c->items[i];
    }
    c->n = n;
    free(gone);
}

void clusters_sort(struct clusters *c)
{
    fold_decided(c);
    if (c->n) qsort(c->items, c->n, sizeof(*c->items), most_first);
    free(c->slots);
    c->slots = NULL;
}

void clusters_free(struct clusters *c)
{
    for (unsigned i = 0; i < c->n; i++) cluster_free(&c->items[i]);
    free(c->items);
    free(c->slots);
    *c = (struct clusters){0};
}

struct record cluster_example(const struct cluster *c)
{
    return (struct record){.id = c->id, .file = c->file, .line = c->line, .detail = c->detail};
}
