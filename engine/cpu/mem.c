/* Guest-physical memory: regions of host bytes, and which of their pages were written or hold code.
 *
 * Invariants: regions are sorted by base and disjoint; m->dirty lists exactly the pages with MEM_DIRTY, each
 * once, and has room for all pages, so that marking never allocates and cannot fail.
 */
#include "engine/cpu/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t page_of(uint64_t addr)
{
    return addr & ~(uint64_t)(CPU_PAGE - 1);
}

/* The last byte of a region: base + size itself may be 2^64. */
static uint64_t region_last(const struct mem_region *r)
{
    return r->base + (r->size - 1);
}

void mem_init(struct mem *m)
{
    *m = (struct mem){.code_epoch = 1, .map_epoch = 1, .dirty_epoch = 1};
}

static void region_drop(struct mem_region *r)
{
    if (r->owned) munmap(r->host, r->size);
    free(r->flags);
}

void mem_free(struct mem *m)
{
    for (unsigned i = 0; i < m->count; i++) region_drop(&m->regions[i]);
    free(m->regions);
    free(m->dirty);
    if (m->window) window_close(m);
    mem_init(m);
}

/* Index of the first region that ends at or after addr; m->count when there is none. */
static unsigned region_at(const struct mem *m, uint64_t addr)
{
    unsigned lo = 0, hi = m->count;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (region_last(&m->regions[mid]) < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct mem_region *mem_find(const struct mem *m, uint64_t addr)
{
    enum { FEW = 4 }; /* one after the other is faster than halving */
    if (m->count > FEW) {
        unsigned i = region_at(m, addr);
        return i < m->count && m->regions[i].base <= addr ? &m->regions[i] : NULL;
    }
    for (struct mem_region *r = m->regions, *end = r + m->count; r < end; r++)
        if (addr - r->base < r->size) return r;
    return NULL;
}

/* Room for one region more, and for `pages` entries more in the dirty list. */
static int reserve(struct mem *m, uint64_t pages)
{
    if (m->count == m->cap) {
        unsigned cap = m->cap ? m->cap * 2 : 8;
        struct mem_region *p = reallocarray(m->regions, cap, sizeof(*p));
        if (!p) return -ENOMEM;
        m->regions = p;
        m->cap = cap;
    }
    uint64_t *d = reallocarray(m->dirty, m->dirty_cap + (size_t)pages, sizeof(*d));
    if (!d) return -ENOMEM;
    m->dirty = d;
    return 0;
}

/* Host bytes and page flags of a new region; the bytes first, since the kernel is what knows an absurd size.
 */
static int region_fill(struct mem_region *r)
{
    if (!r->host) {
        void *p = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) return -ENOMEM;
        r->host = p;
        r->owned = true;
    }
    r->flags = calloc(r->size >> CPU_PAGE_BITS, 1);
    if (r->flags) return 0;
    region_drop(r);
    return -ENOMEM;
}

int mem_add(struct mem *m, uint64_t base, uint64_t size, unsigned perm, void *host, const char *name)
{
    if (!size || page_of(base) != base || page_of(size) != size || base + (size - 1) < base) return -EINVAL;
    if ((uintptr_t)host % CPU_PAGE) return -EINVAL;
    unsigned at = region_at(m, base);
    if (at < m->count && m->regions[at].base <= base + (size - 1)) return -EEXIST;
    struct mem_region r = {.base = base, .size = size, .perm = perm, .host = host, .name = name};
    int err = region_fill(&r);
    if (err) return err;
    err = reserve(m, size >> CPU_PAGE_BITS);
    if (err) {
        region_drop(&r);
        return err;
    }
    memmove(&m->regions[at + 1], &m->regions[at], (m->count - at) * sizeof(r));
    m->regions[at] = r;
    m->count++;
    m->dirty_cap += size >> CPU_PAGE_BITS;
    m->map_epoch++;
    return 0;
}

int mem_remove(struct mem *m, uint64_t base)
{
    struct mem_region *r = mem_find(m, base);
    if (!r || r->base != base) return -ENOENT;
    size_t kept = 0;
    uint64_t size = r->size;
    for (size_t i = 0; i < m->ndirty; i++)
        if (m->dirty[i] < base || m->dirty[i] > region_last(r)) m->dirty[kept++] = m->dirty[i];
    m->ndirty = kept;
    m->dirty_cap -= r->size >> CPU_PAGE_BITS;
    region_drop(r);
    m->count--;
    memmove(r, r + 1, (size_t)(&m->regions[m->count] - r) * sizeof(*r));
    m->map_epoch++;
    mem_code_changed(m, base, size);
    return 0;
}

void mem_mark(struct mem *m, struct mem_region *r, uint64_t addr)
{
    uint8_t *flags = &r->flags[(addr - r->base) >> CPU_PAGE_BITS];
    if (*flags & MEM_CODE) {
        __atomic_store_n(flags, *flags & ~MEM_CODE, __ATOMIC_RELAXED); /* devices look without a lock */
        mem_code_changed(m, page_of(addr), CPU_PAGE);
    }
    if (*flags & MEM_DIRTY) return;
    BUG_ON(m->ndirty == m->dirty_cap);
    __atomic_store_n(flags, *flags | MEM_DIRTY, __ATOMIC_RELAXED);
    m->dirty[m->ndirty++] = page_of(addr);
}

void mem_mark_code(struct mem *m, struct mem_region *r, uint64_t addr)
{
    uint8_t *flags = &r->flags[(addr - r->base) >> CPU_PAGE_BITS];
    if (*flags & MEM_CODE) return;
    *flags |= MEM_CODE;
    /* only a dirty page that the guest may write can stand in a TLB with a write tag */
    if (*flags & MEM_DIRTY && r->perm & CPU_WRITE) m->dirty_epoch++;
}

void mem_clean(struct mem *m)
{
    if (!m->ndirty) return;
    for (size_t i = 0; i < m->ndirty; i++) {
        struct mem_region *r = mem_find(m, m->dirty[i]);
        r->flags[(m->dirty[i] - r->base) >> CPU_PAGE_BITS] &= (uint8_t)~MEM_DIRTY;
    }
    m->ndirty = 0;
    m->dirty_epoch++;
}

/* Is every byte of [addr, addr+n) mapped, without wrapping? */
static bool all_mapped(const struct mem *m, uint64_t addr, size_t n)
{
    while (n) {
        const struct mem_region *r = mem_find(m, addr);
        if (!r) return false;
        uint64_t left = region_last(r) - addr; /* bytes after this one */
        if (left >= n - 1) return true;
        n -= left + 1;
        addr += left + 1;
        if (!addr) return false;
    }
    return true;
}

int mem_read(const struct mem *m, uint64_t addr, void *p, size_t n)
{
    if (m->window) return window_peek(m, addr, p, n);
    if (!all_mapped(m, addr, n)) return -EFAULT;
    for (uint8_t *out = p; n;) {
        const struct mem_region *r = mem_find(m, addr);
        uint64_t left = region_last(r) - addr; /* bytes after this one */
        uint64_t part = left < n ? left + 1 : n;
        memcpy(out, r->host + (addr - r->base), part);
        out += part;
        addr += part;
        n -= part;
    }
    return 0;
}

int mem_write(struct mem *m, uint64_t addr, const void *p, size_t n)
{
    if (m->window) return window_poke(m, addr, p, n);
    if (!all_mapped(m, addr, n)) return -EFAULT;
    for (const uint8_t *in = p; n;) {
        struct mem_region *r = mem_find(m, addr);
        uint64_t part = CPU_PAGE - addr % CPU_PAGE; /* a region's end is a page's end */
        if (part > n) part = n;
        mem_mark(m, r, addr);
        memcpy(r->host + (addr - r->base), in, part);
        in += part;
        addr += part;
        n -= part;
    }
    return 0;
}
