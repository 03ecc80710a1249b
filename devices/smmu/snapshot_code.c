/* Snapshots as bytes, and back, and what differs between two. The bytes may be anybody's: they are read
 * within their bounds, and nothing is taken that they could not be written from. */
#include "devices/smmu/snapshot.h"

#include <stdlib.h>
#include <string.h>

static const char magic[4] = "smmu";
static const unsigned type_size[] = {1, 1, 2, 4, 8};

/* ---- fields ---- */

uint64_t snap_get(const struct snap_field *f, const void *item)
{
    uint64_t v = 0;
    memcpy(&v, (const char *)item + f->at, type_size[f->type]);
    return v;
}

static void set(const struct snap_field *f, void *item, uint64_t v)
{
    memcpy((char *)item + f->at, &v, type_size[f->type]);
}

static const void *item_at(const struct snap *p, unsigned kind, unsigned i)
{
    return (const char *)p->items[kind] + i * snap_sections[kind].size;
}

/* By their keys: below, at or above 0. */
static int item_order(const struct snap_section *c, const void *a, const void *b)
{
    for (unsigned k = 0; k < c->nkeys; k++) {
        uint64_t x = snap_get(&c->fields[k], a), y = snap_get(&c->fields[k], b);
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

/* ---- out ---- */

static void put(struct buf *to, uint64_t v, unsigned size)
{
    buf_add(to, &v, size); /* the host is little-endian, as guests' memory is */
}

void snap_encode(const struct snap *p, struct buf *to)
{
    size_t from = to->len;
    buf_add(to, magic, sizeof(magic));
    put(to, SNAP_VERSION, 4);
    for (unsigned kind = 0; kind < SNAP_SECTIONS; kind++) {
        const struct snap_section *c = &snap_sections[kind];
        put(to, p->n[kind], 4);
        for (unsigned i = 0; i < p->n[kind]; i++)
            for (unsigned f = 0; f < c->nfields; f++)
                put(to, snap_get(&c->fields[f], item_at(p, kind, i)), type_size[c->fields[f].type]);
    }
    put(to, hash_bytes(to->p + from, to->len - from, 0), 8);
}

/* ---- in ---- */

struct reading {
    const uint8_t *p;  /* what is left */
    size_t n;          /* how much */
    unsigned version;  /* of the bytes */
    const char *wrong; /* the first thing that is */
};

static uint64_t take(struct reading *r, unsigned size)
{
    uint64_t v = 0;
    if (r->n < size) {
        r->wrong = "it ends too early";
        return 0;
    }
    memcpy(&v, r->p, size);
    r->p += size;
    r->n -= size;
    return v;
}

static void take_item(struct reading *r, const struct snap_section *c, void *item)
{
    for (unsigned f = 0; f < c->nfields && !r->wrong; f++) {
        if (c->fields[f].since > r->version) continue;
        uint64_t v = take(r, type_size[c->fields[f].type]);
        if (c->fields[f].type == SNAP_BOOL && v > 1) r->wrong = "a flag is neither 0 nor 1";
        set(&c->fields[f], item, v);
    }
}

/* What an item has in these bytes. */
static size_t item_bytes(const struct snap_section *c, unsigned version)
{
    size_t n = 0;
    for (unsigned f = 0; f < c->nfields; f++)
        if (c->fields[f].since <= version) n += type_size[c->fields[f].type];
    return n;
}

static void take_section(struct reading *r, unsigned kind, struct snap *p)
{
    const struct snap_section *c = &snap_sections[kind];
    uint64_t n = take(r, 4), each = item_bytes(c, r->version);
    if (!r->wrong && (!each || n > r->n / each)) r->wrong = "it ends too early";
    if (r->wrong || !n) return;
    p->items[kind] = xcalloc(n, c->size); /* no more than some times the bytes that are there */
    p->n[kind] = (unsigned)n;
    for (unsigned i = 0; i < n && !r->wrong; i++) {
        char *item = (char *)p->items[kind] + i * c->size;
        take_item(r, c, item);
        if (!r->wrong && i && item_order(c, item - c->size, item) >= 0) r->wrong = "items are not in order";
    }
}

static void take_head(struct reading *r)
{
    if (r->n < sizeof(magic) + 12 || memcmp(r->p, magic, sizeof(magic)) != 0) {
        r->wrong = "it is no snapshot of an SMMU";
        return;
    }
    uint64_t hash;
    memcpy(&hash, r->p + r->n - 8, 8);
    if (hash != hash_bytes(r->p, r->n - 8, 0)) r->wrong = "its hash is another";
    r->n -= 8;
    take(r, sizeof(magic));
    r->version = (unsigned)take(r, 4);
    if (!r->version || r->version > SNAP_VERSION) r->wrong = "its version is unknown";
}

const char *snap_decode(const void *bytes, size_t n, struct snap *p)
{
    struct reading r = {.p = bytes, .n = n};
    *p = (struct snap){0};
    take_head(&r);
    for (unsigned kind = 0; kind < SNAP_SECTIONS && !r.wrong; kind++) take_section(&r, kind, p);
    if (!r.wrong && r.n) r.wrong = "there is more than a snapshot";
    if (r.wrong) snap_free(p);
    return r.wrong;
}

void snap_free(struct snap *p)
{
    for (unsigned kind = 0; kind < SNAP_SECTIONS; kind++) free(p->items[kind]);
    *p = (struct snap){0};
}

/* ---- differences ---- */

/* "registers 0x20 (CR0)" */
static void say_item(struct buf *to, unsigned kind, const void *item)
{
    const struct snap_section *c = &snap_sections[kind];
    buf_str(to, c->name);
    for (unsigned k = 0; k < c->nkeys; k++)
        buf_printf(to, " %#llx", (unsigned long long)snap_get(&c->fields[k], item));
    const struct dev_register *r =
        kind == SNAP_REGISTERS ? dev_register_at(&smmu_spec, snap_get(&c->fields[0], item)) : NULL;
    if (r) buf_printf(to, " (%s)", r->name);
}

static unsigned say_fields(struct buf *to, unsigned kind, const void *a, const void *b)
{
    const struct snap_section *c = &snap_sections[kind];
    unsigned n = 0;
    for (unsigned f = c->nkeys; f < c->nfields; f++) {
        uint64_t x = snap_get(&c->fields[f], a), y = snap_get(&c->fields[f], b);
        if (x == y) continue;
        say_item(to, kind, a);
        buf_printf(to, ": %s %#llx, %#llx\n", c->fields[f].name, (unsigned long long)x,
                   (unsigned long long)y);
        n++;
    }
    return n;
}

static unsigned say_alone(struct buf *to, unsigned kind, const void *item, const char *which)
{
    say_item(to, kind, item);
    buf_printf(to, ": only in the %s\n", which);
    return 1;
}

static unsigned section_diff(struct buf *to, unsigned kind, const struct snap *a, const struct snap *b)
{
    unsigned i = 0, k = 0, n = 0;
    while (i < a->n[kind] || k < b->n[kind]) {
        int order = i == a->n[kind] ? 1 : k == b->n[kind] ? -1 : 0;
        if (!order) order = item_order(&snap_sections[kind], item_at(a, kind, i), item_at(b, kind, k));
        if (order < 0)
            n += say_alone(to, kind, item_at(a, kind, i++), "first");
        else if (order > 0)
            n += say_alone(to, kind, item_at(b, kind, k++), "second");
        else
            n += say_fields(to, kind, item_at(a, kind, i++), item_at(b, kind, k++));
    }
    return n;
}

int smmu_snapshot_diff(const struct buf *a, const struct buf *b, struct buf *to)
{
    struct snap x, y;
    unsigned n = 0;
    if (snap_decode(a->p, a->len, &x)) return -1;
    if (snap_decode(b->p, b->len, &y)) {
        snap_free(&x);
        return -1;
    }
    for (unsigned kind = 0; kind < SNAP_SECTIONS; kind++) n += section_diff(to, kind, &x, &y);
    snap_free(&x);
    snap_free(&y);
    return (int)n;
}
