/* Guest memory in Unicorn: its regions are mapped over the very bytes that the vcpu's memory has. */
#include "harness/oracle/unicorn.h"

#include <stdlib.h>

_Static_assert((int)CPU_READ == UC_PROT_READ && (int)CPU_WRITE == UC_PROT_WRITE &&
                   (int)CPU_EXEC == UC_PROT_EXEC,
               "permissions are passed on as they are");

static bool same_map(const struct unicorn_mapping *a, const struct mem_region *r)
{
    return a->base == r->base && a->size == r->size && a->host == r->host && a->perm == r->perm;
}

static bool is_mapped(const struct unicorn *u, const struct mem_region *r)
{
    for (unsigned i = 0; i < u->nmaps; i++)
        if (same_map(&u->maps[i], r)) return true;
    return false;
}

/* Removes translations of [from, from+size) of one executable mapping; the end may wrap to 0. */
static void forget(struct unicorn *u, uint64_t from, uint64_t size)
{
    uc_err err = unicorn_api()->ctl(u->uc, UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2), from, from + size);
    BUG_ON(err != UC_ERR_OK);
    u->invalidated++;
}

static void unmap_stale(struct unicorn *u, const struct mem *m)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < u->nmaps; i++) {
        struct unicorn_mapping *p = &u->maps[i];
        const struct mem_region *r = mem_find(m, p->base);
        /* kept ones too: a region may have been replaced by another at the same host address */
        if (p->perm & CPU_EXEC) forget(u, p->base, p->size);
        if (r && same_map(p, r)) {
            u->maps[kept++] = *p;
            continue;
        }
        uc_err err = unicorn_api()->mem_unmap(u->uc, p->base, p->size);
        BUG_ON(err != UC_ERR_OK);
    }
    u->nmaps = kept;
}

const char *unicorn_map(struct unicorn *u)
{
    const struct mem *m = u->cpu->mem;
    if (u->map_epoch == m->map_epoch) return u->unmapped;
    u->unmapped = NULL;
    u->map_epoch = m->map_epoch;
    unmap_stale(u, m);
    u->maps = xrealloc(u->maps, m->count * sizeof(*u->maps));
    for (unsigned i = 0; i < m->count; i++) {
        const struct mem_region *r = &m->regions[i];
        if (is_mapped(u, r)) continue;
        uc_err err = unicorn_api()->mem_map_ptr(u->uc, r->base, r->size, r->perm, r->host);
        if (err)
            u->unmapped = unicorn_api()->strerror(err);
        else
            u->maps[u->nmaps++] = (struct unicorn_mapping){r->base, r->size, r->host, r->perm};
    }
    return u->unmapped;
}

void unicorn_invalidate(struct vcpu *c, uint64_t addr, uint64_t size)
{
    struct unicorn *u = c->backend;
    for (unsigned i = 0; i < u->nmaps; i++) {
        /* in the engine addresses are contiguous within a mapping only */
        const struct unicorn_mapping *p = &u->maps[i];
        if (!(p->perm & CPU_EXEC) || addr > p->base + (p->size - 1) || addr + (size - 1) < p->base || !size)
            continue;
        uint64_t from = addr > p->base ? addr : p->base;
        uint64_t left = p->base + (p->size - 1) - from, want = addr + (size - 1) - from;
        forget(u, from, (want < left ? want : left) + 1);
    }
}
