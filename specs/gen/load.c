/* Reading the spec files of one ISA, in the order in which they depend on each other; their nodes. */
#include "specs/gen/emit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

const char *node_text(struct spec *s, const struct ynode *n)
{
    if (n->kind == YNODE_SCALAR) return n->text;
    diag_error(&s->diag, n->at, 1, "expected text, found %s", ynode_kind_name(n));
    return "";
}

const char *node_str(struct spec *s, struct ynode *map, const char *key, const char *fallback)
{
    struct ynode *n = ynode_get(map, key);
    return n ? node_text(s, n) : fallback;
}

bool node_u64(struct spec *s, struct ynode *map, const char *key, uint64_t *v)
{
    struct ynode *n = ynode_get(map, key);
    bool negative;
    if (!n) return false;
    if (n->kind == YNODE_SCALAR && ynode_u64(n, v, &negative)) return true;
    diag_error(&s->diag, n->at, n->len ? n->len : 1, "'%s' must be a number", key);
    return false;
}

bool node_unsigned(struct spec *s, struct ynode *map, const char *key, unsigned *v)
{
    uint64_t u;
    if (!node_u64(s, map, key, &u)) return false;
    *v = (unsigned)u;
    if (u < 1 << 16) return true;
    struct ynode *n = ynode_get(map, key);
    diag_error(&s->diag, n->at, n->len, "'%s' must be a number below 65536", key);
    return false;
}

bool node_bool(struct spec *s, struct ynode *map, const char *key)
{
    const char *t = node_str(s, map, key, "false");
    if (!strcmp(t, "true")) return true;
    if (strcmp(t, "false"))
        diag_error(&s->diag, ynode_get(map, key)->at, strlen(t), "'%s' must be true or false", key);
    return false;
}

const char **node_names(struct spec *s, struct ynode *list, unsigned *n)
{
    *n = 0;
    if (!list) return NULL;
    if (list->kind != YNODE_LIST) {
        diag_error(&s->diag, list->at, 1, "expected a list, found %s", ynode_kind_name(list));
        return NULL;
    }
    const char **names = arena_alloc(&s->arena, sizeof(*names) * (list->count + 1));
    for (struct ynode *c = list->child; c; c = c->next) {
        bool hole = c->kind != YNODE_SCALAR || (!c->quoted && (!strcmp(c->text, "~") || !c->len));
        names[(*n)++] = hole ? NULL : c->text;
    }
    return names;
}

bool check_keys(struct spec *s, struct ynode *map, const char *what, const char *const *names, size_t n)
{
    if (map->kind != YNODE_MAP) {
        diag_error(&s->diag, map->at, 1, "%s must be a map, found %s", what, ynode_kind_name(map));
        return false;
    }
    return ynode_check_keys(map, names, n, what, &s->diag);
}

const char *suggest_of(struct spec *s, const char *word, const char *const *names, size_t n,
                       const char *otherwise)
{
    const char *near = diag_suggest(word, names, n);
    return near ? arena_printf(&s->arena, "; did you mean '%s'?", near) : otherwise;
}

/* A pointer that stands in a struct. */
static const char *member(const char *item, size_t offset)
{
    const char *p;
    memcpy(&p, item + offset, sizeof(p));
    return p;
}

/* Of anything whose first member is its name. */
const char *suggest_in(struct spec *s, const char *word, const void *list, size_t next_offset,
                       const char *otherwise)
{
    struct suggest near = suggest_start(word, strlen(word));
    for (const char *item = list; item; item = member(item, next_offset)) {
        const char *name = member(item, 0);
        suggest_offer(&near, name, strlen(name));
    }
    if (!near.best) return otherwise;
    return arena_printf(&s->arena, "; did you mean '%.*s'?", (int)near.best_len, near.best);
}

static int rows_only(const struct dirent *e)
{
    static const char *const others[] = {"isa.yaml", "state.yaml", "pairs.yaml"};
    size_t n = strlen(e->d_name);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(e->d_name, others[i])) return 0;
    return n > 5 && !strcmp(e->d_name + n - 5, ".yaml");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool load_base(struct spec *s, const char *ir, const char *state, const char *isa)
{
    s->rows_tail = &s->rows;
    return ir_load(s, ir) && state_load(s, state) && isa_load(s, isa);
}

bool spec_load_files(struct spec *s, const char *ir, const char *state, const char *isa,
                     const char *const *rows)
{
    if (!load_base(s, ir, state, isa)) return false;
    for (; *rows; rows++) rows_load(s, *rows);
    rows_finish(s);
    return s->diag.errors == 0;
}

bool spec_load(struct spec *s, const char *ir, const char *dir)
{
    struct dirent **list = NULL;
    if (!load_base(s, ir, arena_printf(&s->arena, "%s/state.yaml", dir),
                   arena_printf(&s->arena, "%s/isa.yaml", dir)))
        return false;
    int n = scandir(dir, &list, rows_only, by_name);
    if (n < 0) {
        diag_error(&s->diag, (struct pos){.file = dir}, 0, "cannot read the folder");
        return false;
    }
    for (int i = 0; i < n; i++) {
        rows_load(s, arena_printf(&s->arena, "%s/%s", dir, list[i]->d_name));
        free(list[i]);
    }
    free(list);
    rows_finish(s);
    if (!s->diag.errors) pairs_load(s, arena_printf(&s->arena, "%s/pairs.yaml", dir));
    return s->diag.errors == 0;
}

void spec_free(struct spec *s)
{
    diag_free(&s->diag);
    arena_free(&s->arena);
}
