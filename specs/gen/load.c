/* Reading the spec files of one ISA, in the order in which they depend on each other. */
#include "specs/gen/gen.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

const char *node_str(struct spec *s, struct ynode *map, const char *key, const char *fallback)
{
    struct ynode *n = ynode_get(map, key);
    if (!n) return fallback;
    if (n->kind == YNODE_SCALAR) return n->text;
    diag_error(&s->diag, n->at, 1, "'%s' must be text", key);
    return fallback;
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
        diag_error(&s->diag, list->at, 1, "expected a list");
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
        diag_error(&s->diag, map->at, 1, "expected %s as a map", what);
        return false;
    }
    return ynode_check_keys(map, names, n, what, &s->diag);
}

static bool is_rows_file(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && !strcmp(name + n - 5, ".yaml") && strcmp(name, "isa.yaml") && strcmp(name, "state.yaml");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int rows_only(const struct dirent *e)
{
    return is_rows_file(e->d_name);
}

bool spec_load(struct spec *s, const char *ir, const char *dir)
{
    struct dirent **list = NULL;
    s->root = dir;
    s->rows_tail = &s->rows;
    if (!ir_load(s, ir)) return false;
    if (!state_load(s, arena_printf(&s->arena, "%s/state.yaml", dir))) return false;
    if (!isa_load(s, arena_printf(&s->arena, "%s/isa.yaml", dir))) return false;
    int n = scandir(dir, &list, rows_only, by_name);
    if (n < 0) {
        diag_error(&s->diag, (struct pos){.file = dir}, 0, "cannot read the folder");
        return false;
    }
    for (int i = 0; i < n; i++) {
        const char *path = arena_printf(&s->arena, "%s/%s", dir, list[i]->d_name);
        rows_load(s, path);
        free(list[i]);
    }
    free(list);
    rows_finish(s);
    return s->diag.errors == 0;
}
