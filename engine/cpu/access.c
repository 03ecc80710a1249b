/* Guest accesses to memory that the inlined TLB hit does not serve: first touches, misaligned and
 * page-crossing ones, faults, atomics, fetches. In a window they are window_access.c's.
 *
 * Everything here first finds out whether the whole access is allowed and only then changes anything.
 * Permissions are those of regions, whose bounds are page bounds, so a page is allowed or denied as a whole.
 */
#include "engine/cpu/window.h"

#include "engine/guest/guest.h"

#include <string.h>

static bool deny(struct vcpu *c, uint64_t addr, unsigned access)
{
    return cpu_fault(c, c->guest->cause_of_access[access], addr);
}

static void tlb_fill(struct vcpu *c, const struct mem_region *r, uint64_t addr)
{
    uint64_t page = addr & ~(uint64_t)(CPU_PAGE - 1);
    unsigned slot = (addr >> CPU_PAGE_BITS) % CPU_TLB_SIZE;
    unsigned flags = r->flags[(addr - r->base) >> CPU_PAGE_BITS];
    bool free_write = r->perm & CPU_WRITE && flags & MEM_DIRTY && !(flags & MEM_CODE);
    c->tlb[slot] = (struct tlb_entry){
        .read_tag = r->perm & CPU_READ ? page : ~0ull,
        .write_tag = free_write ? page : ~0ull,
        .addend = (uintptr_t)r->host - r->base,
    };
    c->tlb_used[slot / 64] |= 1ull << (slot % 64);
}

/* Host address of a byte for an access within its page, remembered in the TLB and, for a write, marked; NULL
 * when the region does not allow all of `access`. */
static uint8_t *touch(struct vcpu *c, uint64_t addr, unsigned access)
{
    vcpu_sync(c);
    struct mem_region *r = mem_find(c->mem, addr);
    if (!r || (r->perm & access) != access) return NULL;
    if (access & CPU_WRITE) mem_mark(c->mem, r, addr);
    tlb_fill(c, r, addr);
    return r->host + (addr - r->base);
}

/* Both ways of copying between guest memory and a value: in one piece where the access is aligned, else by
 * bytes (so too the parts of one that crosses pages). */
static void copy_from(void *p, const uint8_t *host, unsigned size)
{
    if ((uintptr_t)host % size == 0 && size == 8) {
        uint64_t v = __atomic_load_n((const cpu_host64 *)host, __ATOMIC_RELAXED);
        memcpy(p, &v, 8);
    } else if ((uintptr_t)host % size == 0 && size == 4) {
        uint32_t v = __atomic_load_n((const cpu_host32 *)host, __ATOMIC_RELAXED);
        memcpy(p, &v, 4);
    } else if ((uintptr_t)host % size == 0 && size == 2) {
        uint16_t v = __atomic_load_n((const cpu_host16 *)host, __ATOMIC_RELAXED);
        memcpy(p, &v, 2);
    } else {
        memcpy(p, host, size);
    }
}

static void copy_to(uint8_t *host, const void *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size <= 8 ? size : 0);
    if ((uintptr_t)host % size == 0 && size == 8)
        __atomic_store_n((cpu_host64 *)host, v, __ATOMIC_RELAXED);
    else if ((uintptr_t)host % size == 0 && size == 4)
        __atomic_store_n((cpu_host32 *)host, (uint32_t)v, __ATOMIC_RELAXED);
    else if ((uintptr_t)host % size == 0 && size == 2)
        __atomic_store_n((cpu_host16 *)host, (uint16_t)v, __ATOMIC_RELAXED);
    else
        memcpy(host, p, size);
}

bool cpu_load_slow(struct vcpu *c, uint64_t addr, void *p, unsigned size)
{
    if (c->mem->window) return window_load(c, addr, p, size);
    unsigned left = CPU_PAGE - (unsigned)(addr % CPU_PAGE); /* bytes up to the end of the first page */
    const uint8_t *first = touch(c, addr, CPU_READ);
    if (!first) return deny(c, addr, CPU_READ);
    if (size <= left) {
        copy_from(p, first, size);
        return true;
    }
    const uint8_t *second = touch(c, addr + left, CPU_READ);
    if (!second) return deny(c, addr + left, CPU_READ);
    memcpy(p, first, left);
    memcpy((uint8_t *)p + left, second, size - left);
    return true;
}

bool cpu_store_slow(struct vcpu *c, uint64_t addr, const void *p, unsigned size)
{
    if (c->mem->window) return window_store(c, addr, p, size);
    unsigned left = CPU_PAGE - (unsigned)(addr % CPU_PAGE);
    if (size > left && !cpu_check(c, addr, size, CPU_WRITE))
        return false; /* touching marks: not before all is well */
    uint8_t *first = touch(c, addr, CPU_WRITE);
    if (!first) return deny(c, addr, CPU_WRITE);
    if (size <= left) {
        copy_to(first, p, size);
        return true;
    }
    memcpy(first, p, left);
    memcpy(touch(c, addr + left, CPU_WRITE), (const uint8_t *)p + left, size - left);
    return true;
}

/* Finds the first byte of [addr, addr+size) that is not in a region for which `access` holds: every bit of
 * it, or any of them when `any`. Steps by regions, and wraps at 2^64. */
static bool find_denied(const struct mem *m, uint64_t addr, uint64_t size, unsigned access, bool any,
                        uint64_t *at)
{
    if (m->window) return window_find_denied(m, addr, size, access, any, at);
    while (size) {
        const struct mem_region *r = mem_find(m, addr);
        unsigned have = r ? r->perm & access : 0;
        if (any ? !have : !r || have != access) {
            *at = addr;
            return true;
        }
        uint64_t after = r->base + (r->size - 1) - addr; /* bytes of the region after this one */
        if (after >= size - 1) break;
        size -= after + 1;
        addr += after + 1;
    }
    return false;
}

bool cpu_check(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access)
{
    uint64_t at;
    return !find_denied(c->mem, addr, size, access, false, &at) || deny(c, at, access);
}

bool cpu_check_any(struct vcpu *c, uint64_t addr, uint64_t size)
{
    uint64_t at;
    unsigned access = CPU_READ | CPU_WRITE | CPU_EXEC;
    return !find_denied(c->mem, addr, size, access, true, &at) || deny(c, at, CPU_WRITE);
}

bool cpu_align(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access)
{
    return !(addr & (size - 1)) || cpu_fault(c, c->guest->cause_of_align[access], addr);
}

bool cpu_store_zeros(struct vcpu *c, uint64_t addr, uint64_t size)
{
    if (c->mem->window) return window_store_zeros(c, addr, size);
    if (!cpu_check(c, addr, size, CPU_WRITE)) return false;
    while (size) {
        uint64_t part = CPU_PAGE - addr % CPU_PAGE;
        if (part > size) part = size;
        memset(touch(c, addr, CPU_WRITE), 0, part);
        addr += part;
        size -= part;
    }
    return true;
}

bool cpu_fetch(struct vcpu *c, uint64_t addr, void *p, unsigned want, unsigned *got)
{
    uint64_t denied = 0;
    BUG_ON(want < c->guest->code_unit);
    if (c->mem->window) return (*got = window_fetch(c, addr, p, want)) > 0;
    const struct mem_region *all = mem_find(c->mem, addr);
    if (all && all->perm & CPU_EXEC && all->base + (all->size - 1) - addr >= want) { /* as nearly always */
        *got = want - want % c->guest->code_unit;
        memcpy(p, all->host + (addr - all->base), *got);
        return true;
    }
    bool cut = find_denied(c->mem, addr, want, CPU_EXEC, false, &denied);
    unsigned n = cut ? (unsigned)(denied - addr) : want;
    n -= n % c->guest->code_unit;
    *got = n;
    if (!n) return deny(c, denied, CPU_EXEC);
    for (uint8_t *out = p; n;) {
        const struct mem_region *r = mem_find(c->mem, addr);
        unsigned part = CPU_PAGE - (unsigned)(addr % CPU_PAGE);
        if (part > n) part = n;
        memcpy(out, r->host + (addr - r->base), part);
        out += part;
        addr += part;
        n -= part;
    }
    return true;
}

void cpu_watch_code(struct vcpu *c, uint64_t addr, uint64_t size)
{
    if (c->mem->window) {
        window_watch(c->mem, addr, size);
        return;
    }
    while (size) {
        uint64_t part = CPU_PAGE - addr % CPU_PAGE;
        if (part > size) part = size;
        struct mem_region *r = mem_find(c->mem, addr);
        if (r) mem_mark_code(c->mem, r, addr);
        addr += part;
        size -= part;
    }
    vcpu_sync(c);
}

void *cpu_host_rw(struct vcpu *c, uint64_t addr, unsigned size)
{
    BUG_ON(addr & (size - 1) || size > 16);
    if (c->mem->window)
        return cpu_check(c, addr, size, CPU_WRITE) ? c->mem->window + addr : NULL; /* which implies reading */
    struct mem_region *r = mem_find(c->mem, addr);
    if (r && r->perm & CPU_READ && r->perm & CPU_WRITE) return touch(c, addr, CPU_READ | CPU_WRITE);
    deny(c, addr, CPU_WRITE);
    return NULL;
}
