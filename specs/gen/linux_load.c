/* specs/linux as a whole: which files, which ISAs, and where their numbers stand. */
#include "specs/gen/linux.h"

#include <string.h>

/* ---- numbers ---- */

/* Which node of a map holds the number of this ISA; NULL: it has none. */
static struct ynode *number_node(const struct linux_isa *isa, const struct ynode *map)
{
    for (unsigned i = 0; i < LINUX_NAMES && isa->keys[i]; i++) {
        struct ynode *n = ynode_get(map, isa->keys[i]);
        if (n) return n;
    }
    return NULL;
}

static bool number_read(struct linux_spec *l, const struct ynode *n, uint64_t *v)
{
    bool negative;
    if (n->kind == YNODE_SCALAR && ynode_u64(n, v, &negative)) return true;
    diag_error(&l->s.diag, n->at, n->len ? n->len : 1, "expected a number");
    return false;
}

/* The names that numbers may stand under. */
unsigned linux_number_keys(const struct linux_spec *l, const char **keys)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->nisas; i++)
        for (unsigned k = 0; k < LINUX_NAMES && l->isas[i].keys[k]; k++) keys[n++] = l->isas[i].keys[k];
    return n;
}

bool linux_numbers(struct linux_spec *l, const struct ynode *map, struct linux_number *out)
{
    for (unsigned i = 0; i < l->nisas; i++) {
        struct ynode *n = number_node(&l->isas[i], map);
        if (n && !number_read(l, n, &out->value[i])) return false;
        out->has[i] = n != NULL;
    }
    return true;
}

bool linux_number(struct linux_spec *l, struct ynode *n, struct linux_number *out)
{
    const char *keys[LINUX_ISAS * LINUX_NAMES];
    uint64_t v;
    if (n->kind == YNODE_MAP)
        return check_keys(&l->s, n, "a number", keys, linux_number_keys(l, keys)) && linux_numbers(l, n, out);
    if (!number_read(l, n, &v)) return false;
    for (unsigned i = 0; i < l->nisas; i++) {
        out->has[i] = true;
        out->value[i] = v;
    }
    return true;
}

/* ---- isas ---- */

static unsigned layout_of(struct linux_spec *l, const char *name)
{
    for (unsigned i = 0; i < l->nlayouts; i++)
        if (!strcmp(l->layouts[i], name)) return i;
    BUG_ON(l->nlayouts == LINUX_LAYOUTS);
    l->layouts[l->nlayouts] = name;
    return l->nlayouts++;
}

static bool isa_add(struct linux_spec *l, struct ynode *n)
{
    unsigned count = 0;
    if (!CHECK_KEYS(&l->s, n, "an ISA", "numbers", "layout")) return false;
    const char **keys = node_names(&l->s, ynode_get(n, "numbers"), &count);
    const char *layout = node_str(&l->s, n, "layout", NULL);
    if (!layout || !count || count >= LINUX_NAMES || l->nisas == LINUX_ISAS) {
        diag_error(&l->s.diag, n->at, 1,
                   "an ISA needs 'numbers', a list of up to %d names, and 'layout'; %d ISAs at most",
                   LINUX_NAMES - 1, LINUX_ISAS);
        return false;
    }
    struct linux_isa *isa = &l->isas[l->nisas++];
    isa->name = n->key;
    isa->layout = layout_of(l, layout);
    for (unsigned i = 0; i < count; i++) isa->keys[i] = keys[i];
    return true;
}

static bool isas(struct linux_spec *l, struct ynode *top)
{
    const char *names[LINUX_ISAS];
    struct ynode *map = ynode_get(top, "isas");
    const char *host = node_str(&l->s, top, "host", NULL);
    if (!map || map->kind != YNODE_MAP || !host) {
        diag_error(&l->s.diag, top->at, 1, "expected a map 'isas' and 'host'");
        return false;
    }
    for (struct ynode *n = map->child; n; n = n->next)
        if (!isa_add(l, n)) return false;
    for (unsigned i = 0; i < l->nisas; i++) {
        names[i] = l->isas[i].name;
        if (strcmp(names[i], host)) continue;
        l->host = i;
        return true;
    }
    diag_error(&l->s.diag, ynode_get(top, "host")->at, strlen(host), "no ISA '%s'%s", host,
               suggest_of(&l->s, host, names, l->nisas, " under 'isas'"));
    return false;
}

/* ---- all of it ---- */

bool linux_load_files(struct linux_spec *l, const char *calls_file, const char *structs, const char *flags,
                      const char *requests)
{
    struct ynode *top = yaml_load(calls_file, &l->s.arena, &l->s.diag);
    if (!top || !CHECK_KEYS(&l->s, top, "the file", "isas", "host", "calls") || !isas(l, top)) return false;
    struct ynode *sets = yaml_load(flags, &l->s.arena, &l->s.diag);
    struct ynode *types = yaml_load(structs, &l->s.arena, &l->s.diag);
    struct ynode *more = yaml_load(requests, &l->s.arena, &l->s.diag);
    return sets && types && more && linux_sets(l, sets) && linux_structs(l, types) && linux_calls(l, top) &&
           linux_requests(l, more);
}

bool linux_load(struct linux_spec *l, const char *dir)
{
    struct arena *a = &l->s.arena;
    return linux_load_files(l, arena_printf(a, "%s/calls.yaml", dir), arena_printf(a, "%s/structs.yaml", dir),
                            arena_printf(a, "%s/flags.yaml", dir), arena_printf(a, "%s/requests.yaml", dir));
}

void linux_free(struct linux_spec *l)
{
    spec_free(&l->s);
}

int linux_main(const char *dir, const char *out)
{
    struct linux_spec l = {.s.diag.out = stderr};
    bool ok = linux_load(&l, dir) && (!strcmp(out, "-") || linux_emit(&l, out));
    linux_free(&l);
    return ok ? 0 : 1;
}
