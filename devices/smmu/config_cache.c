/* Configurations that a device keeps, one a substream, until a command or a register says otherwise (IHI 0070
 * 4.3, 16.2). Only what is good is kept: an event of 7.3 is found out again by each access.
 */
#include "devices/smmu/place.h"
#include "devices/smmu/tlb.h"

#include <stdlib.h>

static uint64_t tags_of(const struct smmu_config *c)
{
    return dev_get(c->ste, SMMU_STE_S2VMID) | (uint64_t)c->s1.tag << SMMU_TAG_ASID |
           (uint64_t)c->world << SMMU_TAG_WORLD | (uint64_t)c->s1.on << SMMU_TAG_S1 |
           (uint64_t)c->s2.on << SMMU_TAG_S2 | (uint64_t)c->s1.tbi[0] << SMMU_TAG_TBI |
           (uint64_t)c->s1.tbi[1] << (SMMU_TAG_TBI + 1);
}

/* What each kind of access needs, after PRIVCFG and INSTCFG. */
static void needs(struct smmu_context *x)
{
    for (unsigned access = 0; access < ARRAY_LEN(x->need); access++) {
        unsigned a = smmu_config_access(&x->config, access);
        unsigned need = a & SMMU_EXEC ? SMMU_EXEC : a & (SMMU_READ | SMMU_WRITE);
        x->need[access] = (uint8_t)(a & SMMU_PRIVILEGED ? need << SMMU_NEED_PRIVILEGED : need);
    }
}

static void fill(struct smmu_device *d, struct smmu_context *x, bool substream, uint32_t ssid)
{
    struct smmu_caches *k = d->caches;
    uint64_t fills = smmu_atomic(&k->fills);
    if (!k->placed) smmu_place(k);
    __atomic_store_n(&x->instance, 0, __ATOMIC_RELEASE);
    smmu_count(&d->stats.config_reads, 1);
    smmu_config_read(d->smmu, d->client.sid, substream, ssid, &x->config);
    x->key_ssid = ssid;
    x->key_substream = substream;
    needs(x);
    __atomic_store_n(&x->ssid, x->config.ssid, __ATOMIC_RELEASE);
    __atomic_store_n(&x->tags, tags_of(&x->config), __ATOMIC_RELEASE);
    __atomic_store_n(&x->split, 0, __ATOMIC_RELEASE);
    if (x->config.bad.event) return;
    __atomic_store_n(&x->tables, smmu_instance(k), __ATOMIC_RELEASE);
    __atomic_store_n(&x->instance, smmu_instance(k), __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&k->fills, __ATOMIC_SEQ_CST) != fills)
        __atomic_store_n(&x->instance, 0, __ATOMIC_RELEASE);
}

struct smmu_context *smmu_context(struct smmu_device *d, bool substream, uint32_t ssid)
{
    struct smmu_caches *k = d->caches;
    struct smmu_context *x = &k->contexts[substream ? 1 + ssid % (SMMU_CONTEXTS - 1) : 0];
    if (!substream) ssid = 0;
    k->recent = x;
    if (smmu_atomic(&x->instance) && x->key_substream == substream && x->key_ssid == ssid)
        smmu_count(&d->stats.config_hits, 1);
    else
        fill(d, x, substream, ssid);
    return x;
}

/* Nothing of a device's caches that these choose is used for a new access. */
static void forget(struct smmu_device *d, bool by_ssid, uint32_t ssid)
{
    struct smmu_caches *k = d->caches;
    __atomic_fetch_add(&k->fills, 1, __ATOMIC_SEQ_CST);
    for (struct smmu_context *x = k->contexts; x < k->contexts + SMMU_CONTEXTS; x++) {
        if (!__atomic_load_n(&x->instance, __ATOMIC_SEQ_CST)) continue;
        if (!by_ssid || __atomic_load_n(&x->ssid, __ATOMIC_ACQUIRE) == ssid)
            __atomic_store_n(&x->instance, 0, __ATOMIC_SEQ_CST);
    }
    __atomic_fetch_add(&k->uses, 1, __ATOMIC_SEQ_CST);
}

void smmu_config_invalidate(struct smmu *s, const struct smmu_invalidation *inv)
{
    s->stale = true;
    for (struct smmu_device *d = s->devices; d; d = d->next)
        if (d->client.sid >= inv->sid_first && d->client.sid <= inv->sid_last)
            forget(d, inv->by_ssid, inv->ssid);
}

void smmu_forget(struct smmu *s)
{
    s->stale = true;
    for (struct smmu_device *d = s->devices; d; d = d->next) forget(d, false, 0);
}
