/* The ledger's memory: cells by backend, row and bin, made once for every ISA. */
#include "harness/cover/ledger.h"

#include "harness/corpus/glob.h"

#include <stdlib.h>
#include <string.h>

static void guest_open(struct ledger *l, const struct guest *guest)
{
    BUG_ON(l->nguests == LEDGER_GUESTS);
    struct ledger_guest *g = &l->guests[l->nguests++];
    g->guest = guest;
    g->bins = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->bins));
    g->first = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->first));
    for (unsigned r = 0; r < ledger_rows(g); r++) {
        g->first[r] = g->ncells;
        if (r < guest->nrows && guest->rows[r].absent) continue;
        g->bins[r] = r < guest->nrows ? bins_make(guest, r, &l->arena) : flows_make(guest, &l->arena);
        g->ncells += g->bins[r]->n;
    }
}

static int name_add(struct ledger *l, const char **names, unsigned *n, unsigned max, const char *name)
{
    for (unsigned i = 0; i < *n; i++)
        if (!strcmp(names[i], name)) return (int)i;
    if (*n == max) return -1;
    names[*n] = arena_strdup(&l->arena, name);
    return (int)(*n)++;
}

int ledger_backend(struct ledger *l, const char *name)
{
    unsigned before = l->nbackends;
    int b = name_add(l, l->backends, &l->nbackends, LEDGER_BACKENDS, name);
    for (unsigned i = 0; i < l->nguests && l->nbackends > before; i++) {
        struct ledger_guest *g = &l->guests[i];
        g->cells[b] = arena_alloc(&l->arena, g->ncells * sizeof(*g->cells[b]));
        g->cases[b] = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->cases[b]));
    }
    return b;
}

int ledger_outsider(struct ledger *l, const char *name)
{
    return name_add(l, l->outsiders, &l->noutsiders, LEDGER_OUTSIDERS, name);
}

struct ledger *ledger_open(const struct lineup *lineup)
{
    struct ledger *l = xcalloc(1, sizeof(*l));
    for (unsigned i = 0; guest_all[i]; i++) guest_open(l, guest_all[i]);
    (void)ledger_outsider(l, "manual");
    for (unsigned i = 0; lineup && i < lineup->n; i++) {
        const struct lineup_entry *e = &lineup->entries[i];
        (void)(e->oracle ? ledger_outsider : ledger_backend)(l, e->backend->name);
    }
    return l;
}

unsigned ledger_select(const struct ledger_guest *g, const char *pattern, bool absent, uint64_t *rows)
{
    unsigned n = rows_select(g->guest, pattern, absent, rows), last = g->guest->nrows;
    if (!glob_match(pattern, ledger_row(g, last)->id)) return n;
    rows[last / 64] |= 1ull << (last % 64);
    return n + 1;
}

void ledger_free(struct ledger *l)
{
    if (!l) return;
    arena_free(&l->arena);
    free(l);
}
