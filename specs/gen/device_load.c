/* A device's file as a whole: its name, lists, groups, effects. */
#include "specs/gen/device.h"

#include <stdarg.h>
#include <string.h>

bool device_wrong(struct device_gen *g, const struct ynode *n, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    diag_error(&g->s.diag, n->at, n->kind == YNODE_SCALAR && n->len ? n->len : 1, "%s", buf_cstr(&b));
    buf_free(&b);
    return false;
}

static void lists(struct device_gen *g, const struct ynode *list)
{
    for (struct ynode *n = list ? list->child : NULL; n; n = n->next) {
        if (!CHECK_KEYS(&g->s, n, "a list of names", "list", "values")) continue;
        const char *name = node_str(&g->s, n, "list", NULL);
        struct ynode *values = ynode_get(n, "values");
        if (!name || !values) {
            device_wrong(g, n, "a list of names needs 'list' and 'values'");
            continue;
        }
        struct device_list *l = arena_alloc(&g->s.arena, sizeof(*l));
        l->name = name;
        l->values = device_values(g, values, 32);
        APPEND(g->lists, l);
    }
}

static void groups(struct device_gen *g, const struct ynode *map)
{
    for (struct ynode *n = map ? map->child : NULL; n; n = n->next) {
        struct device_group *p = arena_alloc(&g->s.arena, sizeof(*p));
        p->name = n->key;
        p->fields = n;
        APPEND(g->groups, p);
    }
}

/* A part of the file that may be missing, or is what it should be. */
static struct ynode *part(struct device_gen *g, struct ynode *top, const char *key, enum ynode_kind kind)
{
    struct ynode *n = ynode_get(top, key);
    if (!n || n->kind == kind) return n;
    device_wrong(g, n, "'%s' must be a %s", key, kind == YNODE_MAP ? "map" : "list");
    return NULL;
}

bool device_load(struct device_gen *g, const char *path)
{
    struct ynode *top = yaml_load(path, &g->s.arena, &g->s.diag);
    if (!top || !CHECK_KEYS(&g->s, top, "the file", "device", "prefix", "effects", "lists", "groups",
                            "registers", "structs"))
        return false;
    g->path = path;
    g->name = node_str(&g->s, top, "device", NULL);
    g->prefix = node_str(&g->s, top, "prefix", NULL);
    if (!g->name || !g->prefix) return device_wrong(g, top, "a device needs 'device' and 'prefix'");
    g->effects = node_names(&g->s, ynode_get(top, "effects"), &g->neffects);
    lists(g, part(g, top, "lists", YNODE_LIST));
    groups(g, part(g, top, "groups", YNODE_MAP));
    device_registers(g, part(g, top, "registers", YNODE_LIST));
    device_structs(g, part(g, top, "structs", YNODE_LIST));
    device_check(g);
    return g->s.diag.errors == 0;
}

int device_main(const char *path, const char *out)
{
    struct device_gen g = {.s.diag.out = stderr};
    bool ok = device_load(&g, path) && (!strcmp(out, "-") || device_emit(&g, out));
    spec_free(&g.s);
    return ok ? 0 : 1;
}
