/* Fields: `NAME: 5:4`, or a map with more about it. */
#include "specs/gen/device.h"

#include <string.h>

static const char *const kinds[] = {"rw", "ro", "res0", "w1"};
static const char *const kind_names[] = {"RW", "RO", "RES0", "W1"};

bool device_name_ok(struct device_gen *g, const struct ynode *n)
{
    size_t len = strlen(n->key);
    if (len && strspn(n->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len) return true;
    diag_error(&g->s.diag, n->key_at, len ? len : 1, "'%s': a name has capitals, digits and _", n->key);
    return false;
}

struct device_field *device_field_find(struct device_field *fields, const char *name)
{
    while (fields && strcmp(fields->name, name) != 0) fields = fields->next;
    return fields;
}

/* ---- names of values ---- */

static bool value_add(struct device_gen *g, const struct ynode *n, unsigned width,
                      struct device_value **values)
{
    bool negative;
    struct device_value *v = arena_alloc(&g->s.arena, sizeof(*v));
    v->name = n->key;
    v->at = n->key_at;
    if (!device_name_ok(g, n)) return false;
    if (n->kind != YNODE_SCALAR || !ynode_u64(n, &v->value, &negative) || negative)
        return device_wrong(g, n, "expected a number");
    if (v->value & ~bits_mask(width)) return device_wrong(g, n, "does not fit into %u bits", width);
    for (const struct device_value *o = *values; o; o = o->next)
        if (o->value == v->value) return device_wrong(g, n, "'%s' has this number already", o->name);
    APPEND(*values, v);
    return true;
}

struct device_value *device_values(struct device_gen *g, const struct ynode *map, unsigned width)
{
    struct device_value *values = NULL;
    if (map->kind != YNODE_MAP) {
        device_wrong(g, map, "expected a map of names and numbers, found %s", ynode_kind_name(map));
        return NULL;
    }
    for (const struct ynode *n = map->child; n; n = n->next) value_add(g, n, width, &values);
    return values;
}

/* `values: NAME` of a list, or a map of its own. */
static void field_values(struct device_gen *g, struct ynode *n, struct device_field *f)
{
    if (!n) return;
    if (n->kind != YNODE_SCALAR) {
        f->values = device_values(g, n, f->width);
        return;
    }
    for (struct device_list *l = g->lists; l; l = l->next)
        if (!strcmp(l->name, n->text)) f->list = l;
    if (!f->list)
        device_wrong(g, n, "no list '%s'%s", n->text, SUGGEST(&g->s, n->text, g->lists, " under 'lists'"));
    for (const struct device_value *v = f->list ? f->list->values : NULL; v; v = v->next)
        if (v->value & ~bits_mask(f->width))
            device_wrong(g, n, "'%s' of list '%s' does not fit into %u bits", v->name, n->text, f->width);
}

/* ---- where it is ---- */

static bool bit_number(const char *p, size_t len, unsigned *v)
{
    uint64_t u;
    bool negative;
    if (!number_parse(p, len, &u, &negative) || negative || u > 0xffff) return false;
    *v = (unsigned)u;
    return true;
}

static bool place(struct device_gen *g, const struct ynode *n, unsigned bits, struct device_field *f)
{
    const char *text = n->kind == YNODE_SCALAR ? n->text : "", *colon = strchr(text, ':');
    size_t len = strlen(text);
    unsigned hi;
    bool ok = colon ? bit_number(text, (size_t)(colon - text), &hi) &&
                          bit_number(colon + 1, len - (size_t)(colon + 1 - text), &f->lo)
                    : bit_number(text, len, &hi);
    if (!ok) return device_wrong(g, n, "expected bits, as in 5:4 or 4");
    if (!colon) f->lo = hi;
    if (hi < f->lo || hi - f->lo >= 64) return device_wrong(g, n, "bits go from high to low, 64 at most");
    if (hi >= bits) return device_wrong(g, n, "there are %u bits", bits);
    f->width = hi - f->lo + 1;
    return true;
}

/* ---- the rest ---- */

static void field_kind(struct device_gen *g, struct ynode *n, struct device_field *f)
{
    if (!n) return;
    const char *text = node_text(&g->s, n);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (!strcmp(kinds[i], text)) {
            f->kind = kind_names[i];
            return;
        }
    device_wrong(g, n, "unknown kind '%s'%s", text,
                 suggest_of(&g->s, text, kinds, ARRAY_LEN(kinds), ": rw, ro, res0 or w1"));
}

static void field_reset(struct device_gen *g, struct ynode *n, const struct device_defaults *d,
                        struct device_field *f)
{
    bool negative;
    if (!n) return;
    f->has_reset = true;
    if (!d->is_register)
        device_wrong(g, n, "a structure in memory has no reset value");
    else if (n->kind != YNODE_SCALAR || !ynode_u64(n, &f->reset, &negative) || negative)
        device_wrong(g, n, "expected a number");
    else if (f->reset & ~bits_mask(f->width))
        device_wrong(g, n, "does not fit into %u bits", f->width);
}

static void field_more(struct device_gen *g, struct ynode *n, const struct device_defaults *d,
                       struct device_field *f)
{
    field_kind(g, ynode_get(n, "kind"), f);
    field_reset(g, ynode_get(n, "reset"), d, f);
    field_values(g, ynode_get(n, "values"), f);
    f->doc = node_str(&g->s, n, "doc", "");
}

static void field_guard(struct device_gen *g, struct ynode *n, const struct device_defaults *d,
                        struct device_field *f)
{
    const struct ynode *own = ynode_get(n, "guard"), *guard = own ? own : d->guard;
    if (own && !d->is_register) device_wrong(g, own, "a structure in memory has no guard");
    if (!guard) return;
    f->guard = node_text(&g->s, guard);
    f->guard_at = guard->at;
}

/* Keeps the list in order; what lies over another field is an error. */
static void insert(struct device_gen *g, struct device_field **list, struct device_field *f, struct pos at)
{
    for (const struct device_field *o = *list; o; o = o->next)
        if (!strcmp(o->name, f->name)) {
            diag_error(&g->s.diag, at, strlen(f->name), "field '%s' is there twice", f->name);
            return;
        } else if (f->lo < o->lo + o->width && o->lo < f->lo + f->width) {
            diag_error(&g->s.diag, at, strlen(f->name), "field '%s' lies over '%s'", f->name, o->name);
            return;
        }
    while (*list && (*list)->lo < f->lo) list = &(*list)->next;
    f->next = *list;
    *list = f;
}

static void field_add(struct device_gen *g, struct ynode *n, const struct device_defaults *d,
                      struct device_field **list)
{
    struct device_field *f = arena_alloc(&g->s.arena, sizeof(*f));
    *f = (struct device_field){.name = n->key, .kind = d->kind, .doc = ""};
    if (!device_name_ok(g, n)) return;
    struct ynode *at = n;
    if (n->kind == YNODE_MAP) {
        if (!CHECK_KEYS(&g->s, n, "a field", "at", "kind", "reset", "values", "guard", "doc")) return;
        at = ynode_get(n, "at");
        if (!at) {
            diag_error(&g->s.diag, n->key_at, strlen(n->key), "a field needs 'at'");
            return;
        }
    }
    if (!place(g, at, d->bits, f)) return;
    if (n->kind == YNODE_MAP) field_more(g, n, d, f);
    field_guard(g, n, d, f);
    insert(g, list, f, n->key_at);
}

static void fields_add(struct device_gen *g, const struct ynode *map, const struct device_defaults *d,
                       struct device_field **list)
{
    if (map->kind != YNODE_MAP) {
        device_wrong(g, map, "expected a map of fields, found %s", ynode_kind_name(map));
        return;
    }
    for (struct ynode *n = map->child; n; n = n->next) field_add(g, n, d, list);
}

static void group_add(struct device_gen *g, const struct ynode *n, const struct device_defaults *d,
                      struct device_field **list)
{
    const char *name = node_text(&g->s, n);
    for (struct device_group *p = g->groups; p; p = p->next)
        if (!strcmp(p->name, name)) {
            fields_add(g, p->fields, d, list);
            return;
        }
    device_wrong(g, n, "no group '%s'%s", name, SUGGEST(&g->s, name, g->groups, " under 'groups'"));
}

struct device_field *device_fields(struct device_gen *g, struct ynode *row, const struct device_defaults *d)
{
    struct device_field *list = NULL;
    const struct ynode *with = ynode_get(row, "with"), *own = ynode_get(row, "fields");
    if (!with && !own) device_wrong(g, row, "it needs 'fields', or 'with'");
    if (with && with->kind == YNODE_LIST)
        for (const struct ynode *n = with->child; n; n = n->next) group_add(g, n, d, &list);
    else if (with)
        group_add(g, with, d, &list);
    if (own) fields_add(g, own, d, &list);
    return list;
}
