/* Rows of `registers` and of `structs`. */
#include "specs/gen/device.h"

#include <string.h>

/* The row's name as a node with a key, so that device_name_ok can look at it. */
static const char *row_name(struct device_gen *g, struct ynode *row, const char *key)
{
    struct ynode *n = ynode_get(row, key);
    if (!n) {
        device_wrong(g, row, "it needs '%s'", key);
        return NULL;
    }
    struct ynode named = {.key = node_text(&g->s, n), .key_at = n->at};
    return device_name_ok(g, &named) ? named.key : NULL;
}

/* One of several words. */
static const char *word(struct device_gen *g, struct ynode *row, const char *key, const char *fallback,
                        const char *const *words, unsigned nwords)
{
    struct ynode *n = ynode_get(row, key);
    if (!n) return fallback;
    const char *text = node_text(&g->s, n);
    for (unsigned i = 0; i < nwords; i++)
        if (!strcmp(words[i], text)) return text;
    device_wrong(g, n, "unknown %s '%s'%s", key, text, suggest_of(&g->s, text, words, nwords, ""));
    return fallback;
}

/* ---- registers ---- */

static void insert(struct device_gen *g, struct device_register *r)
{
    struct device_register **list = &g->registers;
    while (*list && (*list)->offset < r->offset) list = &(*list)->next;
    r->next = *list;
    *list = r;
    unsigned index = 0;
    for (struct device_register *p = g->registers; p; p = p->next) p->index = index++;
}

static bool offsets(struct device_gen *g, struct ynode *n, struct device_register *r)
{
    uint64_t size = 4;
    node_u64(&g->s, n, "size", &size);
    node_u64(&g->s, n, "alias", &r->alias);
    if (!node_u64(&g->s, n, "offset", &r->offset)) {
        if (!ynode_get(n, "offset")) device_wrong(g, n, "it needs 'offset'");
        return false;
    }
    if (size != 4 && size != 8) return device_wrong(g, ynode_get(n, "size"), "a register has 4 or 8 bytes");
    r->size = (unsigned)size;
    if (r->offset % size || r->alias % size || (r->offset | r->alias) > 0xffffff)
        return device_wrong(g, ynode_get(n, r->offset % size || r->offset > 0xffffff ? "offset" : "alias"),
                            "not a multiple of %u, or too far", r->size);
    return true;
}

static void register_add(struct device_gen *g, struct ynode *n)
{
    static const char *const access[] = {"rw", "ro"};
    if (!CHECK_KEYS(&g->s, n, "a register", "register", "offset", "alias", "size", "access", "ref", "doc",
                    "guard", "effect", "needs", "with", "fields"))
        return;
    struct device_register *r = arena_alloc(&g->s.arena, sizeof(*r));
    r->name = row_name(g, n, "register");
    r->at = n->at;
    if (!r->name || !offsets(g, n, r)) return;
    r->ref = node_str(&g->s, n, "ref", "");
    r->doc = node_str(&g->s, n, "doc", "");
    r->effect = word(g, n, "effect", NULL, g->effects, g->neffects);
    bool ro = !strcmp(word(g, n, "access", "rw", access, ARRAY_LEN(access)), "ro");
    struct device_defaults d = {.bits = r->size * 8, .kind = ro ? "RO" : "RW", .is_register = true};
    d.guard = ynode_get(n, "guard");
    r->fields = device_fields(g, n, &d);
    r->needs = node_str(&g->s, n, "needs", NULL);
    if (r->needs && !device_field_find(r->fields, r->needs))
        device_wrong(g, ynode_get(n, "needs"), "no field '%s'%s", r->needs,
                     SUGGEST(&g->s, r->needs, r->fields, ""));
    insert(g, r);
}

void device_registers(struct device_gen *g, const struct ynode *list)
{
    for (struct ynode *n = list ? list->child : NULL; n; n = n->next) register_add(g, n);
}

/* ---- structures ---- */

static const struct {
    const char *name;
    unsigned words; /* 0: the row says */
    bool numbered;
} families[] = {{"command", 2, true}, {"event", 4, true}, {"table", 0, false}, {"any", 0, false}};

static unsigned family(struct device_gen *g, struct ynode *n)
{
    const char *names[ARRAY_LEN(families)];
    for (unsigned i = 0; i < ARRAY_LEN(families); i++) names[i] = families[i].name;
    const char *name = word(g, n, "family", "any", names, ARRAY_LEN(names));
    unsigned i = 0;
    while (strcmp(families[i].name, name) != 0) i++;
    return i;
}

static bool number(struct device_gen *g, struct ynode *n, struct device_struct *t, bool numbered)
{
    struct ynode *at = ynode_get(n, "number");
    t->has_number = at != NULL;
    if (numbered && !at) return device_wrong(g, n, "a structure of family '%s' needs 'number'", t->family);
    if (!numbered && at) return device_wrong(g, at, "a structure of family '%s' has no number", t->family);
    if (!at) return true;
    if (!node_u64(&g->s, n, "number", &t->number)) return false;
    if (t->number > 0xffff) return device_wrong(g, at, "too large");
    for (const struct device_struct *o = g->structs; o; o = o->next)
        if (o->has_number && o->number == t->number && !strcmp(o->family, t->family))
            return device_wrong(g, at, "'%s' has this number already", o->name);
    return true;
}

static void struct_add(struct device_gen *g, struct ynode *n)
{
    uint64_t words;
    if (!CHECK_KEYS(&g->s, n, "a structure", "struct", "family", "words", "number", "ref", "doc", "with",
                    "fields"))
        return;
    struct device_struct *t = arena_alloc(&g->s.arena, sizeof(*t));
    t->name = row_name(g, n, "struct");
    t->at = n->at;
    if (!t->name) return;
    unsigned i = family(g, n);
    t->family = families[i].name;
    words = families[i].words;
    node_u64(&g->s, n, "words", &words);
    if (!words || words > 64) {
        device_wrong(g, n, "it needs 'words', 1 to 64");
        return;
    }
    if (!number(g, n, t, families[i].numbered)) return;
    t->words = (unsigned)words;
    t->ref = node_str(&g->s, n, "ref", "");
    t->doc = node_str(&g->s, n, "doc", "");
    t->fields = device_fields(g, n, &(struct device_defaults){.bits = t->words * 64, .kind = "RW"});
    APPEND(g->structs, t);
}

void device_structs(struct device_gen *g, const struct ynode *list)
{
    for (struct ynode *n = list ? list->child : NULL; n; n = n->next) struct_add(g, n);
}
