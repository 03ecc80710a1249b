/* Guest memory, as the SMMU and devices behind it reach it: from any thread, in whole words. The regions do
 * not change while devices run. */
#include "devices/smmu/internal.h"

/* The region that holds all of [pa, pa + size) and allows `perm`, or NULL: the bus aborts the access. */
static struct mem_region *region_of(const struct smmu *s, uint64_t pa, uint64_t size, unsigned perm)
{
    struct mem_region *r = mem_find(s->board.mem, pa);
    bool ok = r && (r->perm & perm) == perm && size - 1 <= r->size - 1 - (pa - r->base);
    return ok ? r : NULL;
}

static uint64_t *word_at(const struct mem_region *r, uint64_t pa)
{
    return (uint64_t *)(void *)(r->host + (pa - r->base));
}

bool smmu_load_words(struct smmu *s, uint64_t pa, uint64_t *v, unsigned words)
{
    const struct mem_region *r = pa % 8 ? NULL : region_of(s, pa, words * 8ull, CPU_READ);
    if (!r) return false;
    for (unsigned i = 0; i < words; i++) v[i] = __atomic_load_n(word_at(r, pa) + i, __ATOMIC_ACQUIRE);
    return true;
}

bool smmu_load(struct smmu *s, uint64_t pa, uint64_t *v)
{
    return smmu_load_words(s, pa, v, 1);
}

bool smmu_store_words(struct smmu *s, uint64_t pa, const uint64_t *v, unsigned words)
{
    const struct mem_region *r = pa % 8 ? NULL : region_of(s, pa, words * 8ull, CPU_WRITE);
    if (!r) return false;
    for (unsigned i = 0; i < words; i++) __atomic_store_n(word_at(r, pa) + i, v[i], __ATOMIC_RELEASE);
    smmu_wrote(s, pa, words * 8ull);
    return true;
}

bool smmu_store32(struct smmu *s, uint64_t pa, uint32_t v)
{
    const struct mem_region *r = pa % 4 ? NULL : region_of(s, pa, 4, CPU_WRITE);
    if (!r) return false;
    __atomic_store_n((uint32_t *)(void *)(r->host + (pa - r->base)), v, __ATOMIC_RELEASE);
    smmu_wrote(s, pa, 4);
    return true;
}

bool smmu_swap(struct smmu *s, uint64_t pa, uint64_t old, uint64_t fresh, uint64_t *now)
{
    const struct mem_region *r = pa % 8 ? NULL : region_of(s, pa, 8, CPU_READ | CPU_WRITE);
    *now = old;
    if (!r) return false;
    bool done =
        __atomic_compare_exchange_n(word_at(r, pa), now, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    if (done) smmu_wrote(s, pa, 8);
    return done;
}

static uint8_t *host_of(struct smmu *s, uint64_t pa, uint64_t *size, unsigned perm)
{
    const struct mem_region *r = region_of(s, pa, 1, perm);
    if (!r) return NULL;
    uint64_t after = r->size - 1 - (pa - r->base); /* bytes behind the first */
    if (*size - 1 > after) *size = after + 1;
    return r->host + (pa - r->base);
}

uint8_t *smmu_host(struct smmu *s, uint64_t pa, uint64_t *size)
{
    return host_of(s, pa, size, CPU_READ);
}

uint8_t *smmu_host_write(struct smmu *s, uint64_t pa, uint64_t *size)
{
    return host_of(s, pa, size, CPU_WRITE);
}

/* Most pages are dirty already, and for them this is a load. */
void smmu_wrote(struct smmu *s, uint64_t pa, uint64_t size)
{
    struct mem *m = s->board.mem;
    uint64_t last = pa + (size - 1);
    if (!size) return;
    for (uint64_t page = pa & ~(uint64_t)(CPU_PAGE - 1);; page += CPU_PAGE) {
        struct mem_region *r = mem_find(m, page);
        const uint8_t *flags = r ? &r->flags[(page - r->base) >> CPU_PAGE_BITS] : NULL;
        if (flags && __atomic_load_n(flags, __ATOMIC_RELAXED) != MEM_DIRTY) {
            mem_lock(m);
            mem_mark(m, r, page);
            mem_unlock(m);
        }
        if (last - page < CPU_PAGE) return;
    }
}
