/* structs.yaml and flags.yaml: the layouts of structs, the names of numbers. */
#include "specs/gen/linux.h"

#include <string.h>

static bool same_name(const char *name, const char *p, size_t len)
{
    return strlen(name) == len && !memcmp(name, p, len);
}

struct linux_struct *linux_struct_find(const struct linux_spec *l, const char *name, size_t len)
{
    for (struct linux_struct *s = l->structs; s; s = s->next)
        if (same_name(s->name, name, len)) return s;
    return NULL;
}

struct linux_set *linux_set_find(const struct linux_spec *l, const char *name, size_t len)
{
    for (struct linux_set *s = l->sets; s; s = s->next)
        if (same_name(s->name, name, len)) return s;
    return NULL;
}

/* ---- flags.yaml ---- */

static void entries(struct linux_spec *l, struct linux_set *set, struct ynode *map, bool bit)
{
    if (!map) return;
    if (map->kind != YNODE_MAP) {
        diag_error(&l->s.diag, map->at, 1, "expected a map of names, found %s", ynode_kind_name(map));
        return;
    }
    for (struct ynode *n = map->child; n; n = n->next) {
        struct linux_entry *e = arena_alloc(&l->s.arena, sizeof(*e));
        e->name = n->key;
        e->bit = bit;
        if (linux_number(l, n, &e->number)) APPEND(set->entries, e);
    }
}

static void set_add(struct linux_spec *l, struct ynode *n, unsigned *index)
{
    if (!CHECK_KEYS(&l->s, n, "a set of names", "set", "mask", "one", "bits")) return;
    const char *name = node_str(&l->s, n, "set", NULL);
    struct ynode *one = ynode_get(n, "one"), *bits = ynode_get(n, "bits");
    if (!name || (!one && !bits)) {
        diag_error(&l->s.diag, n->at, 1, "a set of names needs 'set', and 'one' or 'bits'");
        return;
    }
    if (linux_set_find(l, name, strlen(name))) {
        diag_error(&l->s.diag, n->at, 1, "set '%s' is defined twice", name);
        return;
    }
    struct linux_set *set = arena_alloc(&l->s.arena, sizeof(*set));
    set->name = name;
    set->index = (*index)++;
    set->mask = one && !bits ? ~0ull : 0;
    node_u64(&l->s, n, "mask", &set->mask);
    entries(l, set, one, false);
    entries(l, set, bits, true);
    APPEND(l->sets, set);
}

bool linux_sets(struct linux_spec *l, struct ynode *top)
{
    unsigned index = 0;
    if (!CHECK_KEYS(&l->s, top, "the file", "sets")) return false;
    struct ynode *list = ynode_get(top, "sets");
    if (!list || list->kind != YNODE_LIST) {
        diag_error(&l->s.diag, top->at, 1, "expected a list 'sets'");
        return false;
    }
    for (struct ynode *n = list->child; n; n = n->next) set_add(l, n, &index);
    return l->s.diag.errors == 0;
}

/* ---- structs.yaml ---- */

static const struct {
    const char *name;
    unsigned size;
    bool is_signed, is_ptr;
} types[] = {
    {"i8", 1, true, false},   {"u8", 1, false, false},  {"i16", 2, true, false},
    {"u16", 2, false, false}, {"i32", 4, true, false},  {"u32", 4, false, false},
    {"i64", 8, true, false},  {"u64", 8, false, false}, {"ptr", 8, false, true},
};

/* "u8[65]" into m; false when it is none. */
static bool member_type(struct linux_member *m, const char *p, size_t len)
{
    const char *bracket = memchr(p, '[', len);
    size_t n = bracket ? (size_t)(bracket - p) : len;
    uint64_t v = 1;
    bool negative = false;
    if (bracket && (p[len - 1] != ']' || !number_parse(bracket + 1, len - n - 2, &v, &negative)))
        return false;
    if (negative || !v || v > 4096) return false;
    m->count = (unsigned)v;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (same_name(types[i].name, p, n)) {
            m->size = types[i].size;
            m->is_signed = types[i].is_signed;
            m->is_ptr = types[i].is_ptr;
            return true;
        }
    return false;
}

/* "st_size:i64" at `at` of the text, `len` bytes. */
static void member(struct linux_spec *l, struct linux_layout *y, const struct ynode *n, size_t at, size_t len,
                   bool packed, unsigned *align)
{
    const char *p = n->text + at, *colon = memchr(p, ':', len);
    struct linux_member *m = arena_alloc(&l->s.arena, sizeof(*m));
    size_t name = colon ? (size_t)(colon - p) : 0;
    if (!name || !member_type(m, colon + 1, len - name - 1)) {
        diag_error(
            &l->s.diag, ynode_text_pos(n, at), len,
            "cannot read the member '%.*s'; expected name:type, with i8 u8 … i64 u64 ptr or an array u8[16]",
            (int)len, p);
        return;
    }
    m->name = arena_strndup(&l->s.arena, p, name);
    unsigned to = packed ? 1 : m->size;
    m->at = (y->size + to - 1) / to * to;
    y->size = m->at + m->size * m->count;
    if (to > *align) *align = to;
    APPEND(y->members, m);
}

static void layout(struct linux_spec *l, struct linux_layout *y, const struct ynode *n, bool packed)
{
    unsigned align = 1;
    const char *text = node_text(&l->s, n);
    y->given = true;
    for (size_t at = strspn(text, " \n"); text[at];) {
        size_t len = strcspn(text + at, " \n");
        member(l, y, n, at, len, packed, &align);
        at += len;
        at += strspn(text + at, " \n");
    }
    y->size = (y->size + align - 1) / align * align;
}

/* "st_mode mode": marks the member in every layout. */
static void show(struct linux_spec *l, struct linux_struct *s, const struct ynode *n, size_t at, size_t len)
{
    const char *p = n->text + at;
    const char *space = memchr(p, ' ', len);
    size_t name = space ? (size_t)(space - p) : len;
    struct linux_arg how = {0};
    bool found = false;
    if (space && !linux_arg(l, n, at + name + 1, len - name - 1, 0, &how)) return;
    for (unsigned i = 0; i < l->nlayouts; i++)
        for (struct linux_member *m = s->layouts[i].members; m; m = m->next)
            if (same_name(m->name, p, name)) {
                found = m->shown = true;
                m->show = how;
                if (!space) m->show.kind = m->is_signed ? "LONG" : "ULONG";
            }
    if (!found)
        diag_error(&l->s.diag, ynode_text_pos(n, at), name, "struct %s has no member '%.*s'%s", s->name,
                   (int)name, p,
                   SUGGEST(&l->s, arena_strndup(&l->s.arena, p, name), s->layouts[0].members, ""));
}

static void shown(struct linux_spec *l, struct linux_struct *s, const struct ynode *n)
{
    const char *text = node_text(&l->s, n);
    for (size_t at = 0; text[at];) {
        at += strspn(text + at, " ");
        size_t len = strcspn(text + at, ",");
        show(l, s, n, at, len);
        at += len + (text[at + len] == ',');
    }
}

static void struct_add(struct linux_spec *l, struct ynode *n, unsigned *index)
{
    const char *keys[4 + LINUX_LAYOUTS] = {"struct", "layout", "show", "packed"};
    for (unsigned i = 0; i < l->nlayouts; i++) keys[4 + i] = l->layouts[i];
    if (!check_keys(&l->s, n, "a struct", keys, 4 + l->nlayouts)) return;
    const char *name = node_str(&l->s, n, "struct", NULL);
    if (!name || linux_struct_find(l, name, strlen(name))) {
        diag_error(&l->s.diag, n->at, 1, name ? "struct '%s' is defined twice" : "a struct needs 'struct'",
                   name);
        return;
    }
    struct linux_struct *s = arena_alloc(&l->s.arena, sizeof(*s));
    const char *packed = node_str(&l->s, n, "packed", "");
    s->name = name;
    s->index = (*index)++;
    const struct ynode *common = ynode_get(n, "layout");
    struct linux_layout everywhere = {0};
    if (common) layout(l, &everywhere, common, false);
    for (unsigned i = 0; i < l->nlayouts; i++) {
        const struct ynode *y = ynode_get(n, l->layouts[i]);
        s->layouts[i] = everywhere;
        if (y) {
            s->layouts[i] = (struct linux_layout){0};
            layout(l, &s->layouts[i], y, !strcmp(packed, l->layouts[i]));
        } else if (!common) {
            diag_error(&l->s.diag, n->at, 1, "struct %s has no layout for %s", name, l->layouts[i]);
        }
    }
    if (ynode_get(n, "show")) shown(l, s, ynode_get(n, "show"));
    APPEND(l->structs, s);
}

bool linux_structs(struct linux_spec *l, struct ynode *top)
{
    unsigned index = 0;
    if (!CHECK_KEYS(&l->s, top, "the file", "structs")) return false;
    struct ynode *list = ynode_get(top, "structs");
    if (!list || list->kind != YNODE_LIST) {
        diag_error(&l->s.diag, top->at, 1, "expected a list 'structs'");
        return false;
    }
    for (struct ynode *n = list->child; n; n = n->next) struct_add(l, n, &index);
    return l->s.diag.errors == 0;
}
