/* Guest memory in QEMU: regions are mapped from the shared memory, and copied there and back.
 *
 * QEMU does not see what is written through another mapping, so code that changed is mapped again, which
 * makes it forget translations.
 */
#include "harness/oracle/qemu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Static_assert((int)CPU_READ == PROT_READ && (int)CPU_WRITE == PROT_WRITE && (int)CPU_EXEC == PROT_EXEC,
               "permissions are passed on as they are");

static bool map_region(struct qemu *q, const struct qemu_mapping *m, bool first)
{
    const uint64_t args[6] = {m->base, m->size, m->perm, MAP_SHARED | MAP_FIXED, QEMU_SHARED_FD, m->offset};
    if (!first) return qemu_call(&q->process, "mmap", args) == (int64_t)m->base;
    qemu_call_first(&q->process, "mmap", args);
    return true;
}

static bool same_map(const struct qemu_mapping *m, const struct mem_region *r)
{
    return m->base == r->base && m->size == r->size && m->perm == r->perm;
}

/* The lowest place in the shared memory that no kept mapping has; 0: there is none. */
static unsigned find_place(const struct qemu *q, uint64_t size)
{
    unsigned at = QEMU_REGIONS;
    for (unsigned i = 0; i < q->nmaps; i++) {
        const struct qemu_mapping *m = &q->maps[i];
        if (m->offset >= at + size || m->offset + m->size <= at) continue;
        at = m->offset + (unsigned)m->size;
        i = ~0u; /* from the start: an earlier one may be in the way now */
    }
    return size > QEMU_SIZE || at + size > QEMU_SIZE ? 0 : at;
}

static const char *refuse_region(const struct mem_region *r)
{
    if ((r->perm & CPU_WRITE) && (r->perm & CPU_EXEC))
        return "QEMU is given no code that can be written: it might write a system call";
    if (!(r->perm & CPU_READ)) return "what can be written or executed can be read, in QEMU";
    if (r->base < QEMU_SHARED + QEMU_SIZE && r->base + (r->size - 1) >= QEMU_PROGRAM)
        return "QEMU has something else at these addresses";
    return NULL;
}

static void unmap_stale(struct qemu *q)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < q->nmaps; i++) {
        const struct mem_region *r = mem_find(q->cpu->mem, q->maps[i].base);
        if (r && same_map(&q->maps[i], r))
            q->maps[kept++] = q->maps[i];
        else
            (void)qemu_call(&q->process, "munmap", (uint64_t[6]){q->maps[i].base, q->maps[i].size});
    }
    q->nmaps = kept;
}

static bool is_mapped(const struct qemu *q, const struct mem_region *r)
{
    for (unsigned i = 0; i < q->nmaps; i++)
        if (same_map(&q->maps[i], r)) return true;
    return false;
}

const char *qemu_map(struct qemu *q)
{
    const struct mem *m = q->cpu->mem;
    if (q->map_epoch == m->map_epoch) return q->unmapped;
    q->unmapped = NULL;
    q->map_epoch = m->map_epoch;
    q->scanned = false;
    unmap_stale(q);
    q->maps = xrealloc(q->maps, m->count * sizeof(*q->maps));
    for (unsigned i = 0; i < m->count && !q->unmapped; i++) {
        const struct mem_region *r = &m->regions[i];
        struct qemu_mapping map = {r->base, r->size, r->perm, find_place(q, r->size), false};
        if (is_mapped(q, r)) continue;
        q->unmapped = refuse_region(r);
        if (q->unmapped) break;
        if (map.offset && map_region(q, &map, false))
            q->maps[q->nmaps++] = map;
        else
            q->unmapped = "QEMU cannot map memory there";
    }
    return q->unmapped;
}

void qemu_copy_in(struct qemu *q)
{
    for (unsigned i = 0; i < q->nmaps; i++) {
        struct qemu_mapping *m = &q->maps[i];
        const uint8_t *host = mem_find(q->cpu->mem, m->base)->host;
        uint8_t *theirs = q->process.shared + m->offset;
        if (!memcmp(theirs, host, m->size)) continue;
        memcpy(theirs, host, m->size);
        if (!(m->perm & CPU_EXEC)) continue;
        q->scanned = false;
        m->stale = true;
    }
}

/* Mapped again: it was possible before. */
void qemu_forget(struct qemu *q)
{
    struct qemu_mapping *last = NULL;
    for (unsigned i = 0; i < q->nmaps; i++) {
        if (!q->maps[i].stale) continue;
        if (last) (void)map_region(q, last, false);
        last = &q->maps[i];
        last->stale = false;
    }
    if (last) (void)map_region(q, last, true);
}

void qemu_copy_out(struct qemu *q)
{
    for (unsigned i = 0; i < q->nmaps; i++) {
        const struct qemu_mapping *m = &q->maps[i];
        if (m->perm & CPU_WRITE)
            memcpy(mem_find(q->cpu->mem, m->base)->host, q->process.shared + m->offset, m->size);
    }
}

bool qemu_may(const struct qemu *q, uint64_t addr, unsigned access)
{
    for (unsigned i = 0; i < q->nmaps; i++)
        if (addr - q->maps[i].base < q->maps[i].size) return q->maps[i].perm & access;
    return false;
}
