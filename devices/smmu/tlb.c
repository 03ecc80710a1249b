/* Translations that devices keep: filled by their threads, invalidated by commands (tlb.h says how that goes
 * together). What an invalidation means is in IHI 0070 4.4; more may go than it says, never less.
 */
#include "devices/smmu/tlb.h"

#include <stdlib.h>

/* Where a new entry goes: to its own place, when it is there with less permissions; a free one; any. */
static struct smmu_tlb_entry *place_of(struct smmu_caches *k, const struct smmu_tlb_entry *e)
{
    unsigned set = smmu_tlb_set(e->va, e->va & 63, e->tag >> SMMU_TAG_SHIFT);
    unsigned to = k->victim % SMMU_TLB_WAYS, free = SMMU_TLB_WAYS;
    for (unsigned way = 0; way < SMMU_TLB_WAYS; way++) {
        struct smmu_tlb_entry *at = &k->tlb[way * SMMU_TLB_SETS + set];
        uint64_t va = smmu_atomic(&at->va);
        if (va == e->va && at->tag >> SMMU_TAG_SHIFT == e->tag >> SMMU_TAG_SHIFT) return at;
        if (!va && free == SMMU_TLB_WAYS) free = way;
    }
    if (free < SMMU_TLB_WAYS)
        to = free;
    else
        k->victim++;
    return &k->tlb[to * SMMU_TLB_SETS + set];
}

void smmu_tlb_insert(struct smmu_caches *k, const struct smmu_tlb_entry *e, uint64_t fills)
{
    struct smmu_tlb_entry *to = place_of(k, e);
    __atomic_store_n(&to->va, 0, __ATOMIC_RELAXED);
    to->tag = e->tag;
    to->pa = e->pa;
    to->host = e->host;
    uint64_t sizes = __atomic_load_n(&k->sizes, __ATOMIC_RELAXED), size = 1ull << (e->va & 63);
    if (unlikely(!(sizes & size))) __atomic_store_n(&k->sizes, sizes | size, __ATOMIC_SEQ_CST);
    __atomic_store_n(&to->va, e->va, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&k->fills, __ATOMIC_SEQ_CST) != fills) __atomic_store_n(&to->va, 0, __ATOMIC_RELAXED);
}

/* ---- invalidation ---- */

static bool chosen(const struct smmu_invalidation *inv, uint64_t tags)
{
    if (!(inv->worlds >> (tags >> SMMU_TAG_WORLD & 3) & 1)) return false;
    if (inv->by_vmid && ((tags ^ inv->vmid) & inv->vmid_mask)) return false;
    bool s1 = tags >> SMMU_TAG_S1 & 1, s2 = tags >> SMMU_TAG_S2 & 1;
    if (inv->ipa) return s2;
    /* entries that are global go with an address whatever the ASID */
    if (inv->by_asid && !inv->by_address && (uint16_t)(tags >> SMMU_TAG_ASID) != inv->asid) return false;
    return s1 || !(inv->by_asid || inv->by_address);
}

static void renumber(struct smmu_caches *k, uint64_t *number)
{
    uint64_t now = smmu_atomic(number);
    /* its thread may be giving up the configuration meanwhile */
    if (now)
        __atomic_compare_exchange_n(number, &now, smmu_instance(k), false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED);
}

/* Pages of one size that [first, last] touches. */
static void forget_pages(struct smmu_caches *k, uint64_t instance, unsigned n, uint64_t first, uint64_t last)
{
    for (uint64_t page = first >> n; page <= last >> n; page++) {
        unsigned set = smmu_tlb_set(page << n, n, instance);
        for (unsigned way = 0; way < SMMU_TLB_WAYS; way++)
            if (smmu_atomic(&k->tlb[way * SMMU_TLB_SETS + set].va) == (page << n | n))
                __atomic_store_n(&k->tlb[way * SMMU_TLB_SETS + set].va, 0, __ATOMIC_RELEASE);
    }
}

static uint64_t probes(uint64_t sizes, uint64_t first, uint64_t last)
{
    uint64_t count = 0;
    for (; sizes; sizes &= sizes - 1) {
        unsigned n = (unsigned)__builtin_ctzll(sizes);
        uint64_t pages = (last >> n) - (first >> n) + 1;
        if (pages > SMMU_INVALIDATE) return pages;
        count += pages;
    }
    return count;
}

static void forget_addresses(struct smmu_caches *k, struct smmu_context *x,
                             const struct smmu_invalidation *inv, uint64_t tags)
{
    uint64_t split = __atomic_load_n(&x->split, __ATOMIC_SEQ_CST);
    uint64_t first = smmu_canonical(tags, inv->address) & ~split,
             last = smmu_canonical(tags, inv->last) | split;
    uint64_t sizes = __atomic_load_n(&k->sizes, __ATOMIC_SEQ_CST), instance = smmu_atomic(&x->instance);
    if (last < first || probes(sizes, first, last) > SMMU_INVALIDATE) {
        renumber(k, &x->instance);
        return;
    }
    for (; sizes; sizes &= sizes - 1)
        forget_pages(k, instance, (unsigned)__builtin_ctzll(sizes), first, last);
}

static void forget_context(struct smmu_caches *k, struct smmu_context *x, const struct smmu_invalidation *inv,
                           uint64_t tags)
{
    /* what both stages made is found by stage 1's input only */
    bool precise = inv->by_address && !(inv->ipa && tags >> SMMU_TAG_S1 & 1);
    if (precise)
        forget_addresses(k, x, inv, tags);
    else
        renumber(k, &x->instance);
    if (!inv->leaf || !precise) renumber(k, &x->tables);
}

void smmu_tlb_invalidate(struct smmu *s, const struct smmu_invalidation *inv)
{
    s->stale = true;
    for (struct smmu_device *d = s->devices; d; d = d->next) {
        struct smmu_caches *k = d->caches;
        bool any = false;
        __atomic_fetch_add(&k->fills, 1, __ATOMIC_SEQ_CST);
        for (struct smmu_context *x = k->contexts; x < k->contexts + SMMU_CONTEXTS; x++) {
            if (!__atomic_load_n(&x->instance, __ATOMIC_SEQ_CST)) continue;
            uint64_t tags = smmu_atomic(&x->tags);
            if (!chosen(inv, tags)) continue;
            any = true;
            forget_context(k, x, inv, tags);
        }
        if (any) __atomic_fetch_add(&k->uses, 1, __ATOMIC_SEQ_CST);
    }
}
