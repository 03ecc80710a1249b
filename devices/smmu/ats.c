/* ATS and PRI (IHI 0070 3.9, chapter 8): translations that a device asks for, keeps, and uses by itself;
 * pages that it asks for. What a device claims to have translated is believed only as far as CR0.ATSCHK and
 * STE.EATS say.
 */
#include "devices/smmu/config.h"
#include "devices/smmu/queue.h"

#include <string.h>

/* ---- what a stream may do by ATS ---- */

/* STE.EATS in effect: without stages it is off, as split stages are without ATSCHK, and 3 is reserved (5.2).
 */
static unsigned effective_eats(const struct smmu *s, const struct smmu_config *c)
{
    uint32_t cr0 = smmu_register(s, SMMU_REG_CR0);
    unsigned eats = (unsigned)dev_get(c->ste, SMMU_STE_EATS);
    if (dev_get(c->ste, SMMU_STE_CONFIG) == SMMU_STE_CONFIG_BYPASS) return SMMU_STE_EATS_OFF;
    if (eats == SMMU_STE_EATS_SPLIT && !dev_of(cr0, SMMU_CR0_ATSCHK)) return SMMU_STE_EATS_OFF;
    return eats > SMMU_STE_EATS_SPLIT ? SMMU_STE_EATS_OFF : eats;
}

/* No STE was found, or none that is legal: what it says of ATS is not known (3.9.1.3). */
static bool no_ste(const struct smmu_config *c)
{
    return c->bad.event == SMMU_C_BAD_STREAMID || c->bad.event == SMMU_F_STE_FETCH ||
           c->bad.event == SMMU_C_BAD_STE;
}

static enum smmu_end ats_fault(struct smmu_device *d, const struct smmu_config *c, unsigned event,
                               const struct smmu_request *q, uint64_t address, struct smmu_stop *stop)
{
    struct smmu_fault f = {.event = event, .iova = address, .access = q->access};
    return smmu_fault_end(d, c, &f, q, stop);
}

/* ---- translated accesses ---- */

/* Split stages: the address is what stage 1 made of it, and stage 2 is still to come (13.6.3). */
static enum smmu_end second_stage(struct smmu_device *d, const struct smmu_config *c,
                                  const struct smmu_request *q, uint64_t address, struct smmu_page *page,
                                  struct smmu_stop *stop)
{
    struct smmu_config two = *c;
    struct smmu_fault f;
    unsigned access = q->access & (SMMU_READ | SMMU_WRITE); /* data, unprivileged (13.7) */
    two.s1.on = false;
    if (smmu_walk(d->smmu, d, &two, address, access, page, &f)) return stop->end = SMMU_DONE;
    return smmu_fault_end(d, &two, &f, q, stop);
}

/* A physical address; one beyond what there is ends silently (3.9.1.1). */
static enum smmu_end as_it_is(uint64_t address, struct smmu_stop *stop)
{
    return stop->end = address >> SMMU_ADDRESS_BITS ? SMMU_ABORTED : SMMU_DONE;
}

enum smmu_end smmu_ats_translated(struct smmu_device *d, const struct smmu_request *q, uint64_t address,
                                  struct smmu_page *page, struct smmu_stop *stop)
{
    struct smmu *s = d->smmu;
    uint32_t cr0 = smmu_register(s, SMMU_REG_CR0);
    struct smmu_config c = {0};
    struct smmu_request plain = *q; /* no PASID goes with it (IDR3.PASIDTT is 0) */
    plain.access &= ~(unsigned)SMMU_SUBSTREAM;
    *stop = (struct smmu_stop){.end = SMMU_ABORTED};
    *page = (struct smmu_page){.size = 1ull << SMMU_ADDRESS_BITS,
                               .perm = SMMU_READ | SMMU_WRITE | SMMU_EXEC,
                               .perm_user = SMMU_READ | SMMU_WRITE | SMMU_EXEC,
                               .perm_privileged = SMMU_READ | SMMU_WRITE | SMMU_EXEC};
    if (!d->client.ats) return SMMU_ABORTED; /* the root port does not let it through */
    if (!dev_of(cr0, SMMU_CR0_SMMUEN))
        return ats_fault(d, &c, SMMU_F_TRANSL_FORBIDDEN, &plain, address, stop);
    if (!dev_of(cr0, SMMU_CR0_ATSCHK)) return as_it_is(address, stop);
    smmu_config_read(s, d->client.sid, false, 0, &c);
    if (no_ste(&c) || c.abort) return SMMU_ABORTED;
    unsigned eats = effective_eats(s, &c);
    if (eats == SMMU_STE_EATS_OFF) return ats_fault(d, &c, SMMU_F_TRANSL_FORBIDDEN, &plain, address, stop);
    if (c.bad.event == SMMU_C_BAD_SUBSTREAMID || c.bad.event == SMMU_F_STREAM_DISABLED) return SMMU_ABORTED;
    if (eats == SMMU_STE_EATS_SPLIT) return second_stage(d, &c, &plain, address, page, stop);
    return as_it_is(address, stop);
}

/* ---- translation requests ---- */

/* What of the request the tables allow. Reading and writing, or either of them: a page that is to be written
 * is marked dirty now, because its writes will not come by (13.7). */
static bool ats_walk(struct smmu_device *d, const struct smmu_config *c, const struct smmu_request *q,
                     struct smmu_page *page, struct smmu_fault *f)
{
    unsigned privilege = q->access & SMMU_SUBSTREAM ? q->access & SMMU_PRIVILEGED : 0;
    const unsigned tries[] = {SMMU_READ | SMMU_WRITE, SMMU_READ, SMMU_WRITE};
    for (unsigned i = 0; i < ARRAY_LEN(tries); i++) {
        if (tries[i] & SMMU_WRITE & ~q->access) continue;
        if (smmu_walk(d->smmu, d, c, q->iova, tries[i] | privilege, page, f)) return true;
        if (f->event != SMMU_F_PERMISSION) return false;
    }
    return false;
}

/* What the answer grants (13.7.1). Without a PASID there is neither execution nor privilege. */
static unsigned ats_grant(const struct smmu_config *c, const struct smmu_request *q,
                          const struct smmu_page *page)
{
    uint64_t instcfg = dev_get(c->ste, SMMU_STE_INSTCFG);
    unsigned readable =
        instcfg == SMMU_STE_INSTCFG_INSTRUCTION ? page->perm & SMMU_EXEC : page->perm & SMMU_READ;
    unsigned runs = instcfg == SMMU_STE_INSTCFG_DATA ? page->perm & SMMU_READ : page->perm & SMMU_EXEC;
    unsigned granted = readable ? SMMU_READ : 0;
    if (page->perm & SMMU_WRITE && !page->dirty_pending) granted |= SMMU_WRITE;
    if (!(q->access & SMMU_SUBSTREAM)) return granted;
    if (q->access & SMMU_EXEC && readable && runs) granted |= SMMU_EXEC;
    return granted | (q->access & SMMU_PRIVILEGED);
}

static void atc_insert(struct smmu_device *d, const struct smmu_request *q, const struct smmu_page *page,
                       uint64_t pa, unsigned granted)
{
    pthread_mutex_lock(&d->atc_lock);
    d->atc[d->atc_next++ % SMMU_ATC_ENTRIES] = (struct smmu_atc_entry){
        .iova = page->iova,
        .pa = pa,
        .size = page->size,
        .ssid = q->ssid,
        .substream = q->access & SMMU_SUBSTREAM,
        .perm = (uint8_t)granted,
    };
    pthread_mutex_unlock(&d->atc_lock);
}

/* The part of a block that the request begins in and that it has. */
static struct smmu_range part_of(const struct smmu_request *q, uint64_t iova, uint64_t pa, uint64_t size)
{
    uint64_t skip = q->iova - iova;
    return (struct smmu_range){NULL, pa + skip, size - skip < q->size ? size - skip : q->size};
}

static enum smmu_end ats_request(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                                 unsigned *granted)
{
    struct smmu *s = d->smmu;
    struct smmu_config c = {0};
    struct smmu_page page;
    struct smmu_fault f = {0};
    struct smmu_stop stop;
    *to = (struct smmu_range){0};
    *granted = 0;
    if (!d->client.ats) return SMMU_ABORTED;
    smmu_config_read(s, d->client.sid, q->access & SMMU_SUBSTREAM, q->ssid, &c);
    if (c.disabled) return ats_fault(d, &c, SMMU_F_BAD_ATS_TREQ, q, q->iova, &stop);
    if (c.abort || no_ste(&c)) return SMMU_ABORTED; /* nothing else is recorded (7.3.6) */
    unsigned eats = effective_eats(s, &c);
    if (eats == SMMU_STE_EATS_OFF) return ats_fault(d, &c, SMMU_F_BAD_ATS_TREQ, q, q->iova, &stop);
    bool ok = !c.bad.event && ats_walk(d, &c, q, &page, &f);
    if (!ok) {
        /* Tables that do not have it: no access. All else: a completer's abort (3.9.1.2). */
        bool absent = smmu_fault_of_tables(c.bad.event ? c.bad.event : f.event);
        return absent ? SMMU_RETRY : SMMU_ABORTED;
    }
    *granted = ats_grant(&c, q, &page);
    uint64_t pa = eats == SMMU_STE_EATS_SPLIT ? page.ipa : page.pa;
    atc_insert(d, q, &page, pa, *granted);
    *to = part_of(q, page.iova, pa, page.size);
    if (eats != SMMU_STE_EATS_SPLIT) to->host = smmu_host(s, to->address, &to->size);
    return SMMU_DONE;
}

/* From the walk until the answer is kept, a CMD_SYNC waits: the CMD_ATC_INV after it must find what tables
 * gave that are no longer so. */
enum smmu_end smmu_ats_request(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                               unsigned *granted)
{
    bool entered = smmu_enter(d);
    enum smmu_end end = ats_request(d, q, to, granted);
    if (entered) smmu_end(d);
    return end;
}

bool smmu_ats_cached(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to)
{
    unsigned need = q->access & (SMMU_READ | SMMU_WRITE | SMMU_EXEC);
    bool substream = q->access & SMMU_SUBSTREAM, found = false;
    if (substream) need |= q->access & SMMU_PRIVILEGED;
    pthread_mutex_lock(&d->atc_lock);
    for (unsigned i = 0; i < SMMU_ATC_ENTRIES && !found; i++) {
        const struct smmu_atc_entry *e = &d->atc[i];
        /* Privileges of one level say nothing of the other. */
        found = q->iova - e->iova < e->size && e->substream == substream &&
                (!substream || e->ssid == q->ssid) && (need & ~e->perm) == 0 &&
                !((e->perm ^ need) & SMMU_PRIVILEGED);
        if (found) *to = part_of(q, e->iova, e->pa, e->size);
    }
    pthread_mutex_unlock(&d->atc_lock);
    return found;
}

/* ---- commands ---- */

bool smmu_atc_invalidate(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, bool global,
                         uint64_t address, uint64_t last)
{
    struct smmu_device *d = smmu_device_find(s, sid);
    if (!d || !d->client.ats) return true; /* an unsupported request completes (3.9.1.5) */
    s->stale = true;                       /* the next CMD_SYNC waits for whoever uses one of them */
    pthread_mutex_lock(&d->atc_lock);
    for (unsigned i = 0; i < SMMU_ATC_ENTRIES; i++) {
        struct smmu_atc_entry *e = &d->atc[i];
        bool theirs = e->substream == substream && (!substream || global || e->ssid == ssid);
        bool meets = address - e->iova < e->size || e->iova - address <= last - address;
        if (theirs && meets) e->size = 0;
    }
    pthread_mutex_unlock(&d->atc_lock);
    return !d->client.forget || d->client.forget(d->client.arg, substream, ssid, global, address, last);
}

void smmu_page_response(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, unsigned group,
                        unsigned code)
{
    struct smmu_device *d = smmu_device_find(s, sid);
    if (d && d->client.pri && d->client.page_response)
        d->client.page_response(d->client.arg, substream, ssid, group, code);
}

/* ---- page requests ---- */

static void pri_make(uint64_t *record, uint32_t sid, const struct smmu_request *q, unsigned group, bool last)
{
    bool substream = q->access & SMMU_SUBSTREAM;
    memset(record, 0, SMMU_PRI_WORDS * sizeof *record);
    dev_put(record, SMMU_PRIQ_SID, sid);
    dev_put(record, SMMU_PRIQ_SSV, substream);
    dev_put(record, SMMU_PRIQ_READ, !!(q->access & SMMU_READ));
    dev_put(record, SMMU_PRIQ_WRITE, !!(q->access & SMMU_WRITE));
    dev_put(record, SMMU_PRIQ_LAST, last);
    dev_put(record, SMMU_PRIQ_PRGINDEX, group);
    dev_put(record, SMMU_PRIQ_ADDRESS, q->iova >> 12);
    if (!substream) return; /* execution and privilege come in a PASID only */
    dev_put(record, SMMU_PRIQ_SSID, q->ssid);
    dev_put(record, SMMU_PRIQ_EXEC, !!(q->access & SMMU_EXEC));
    dev_put(record, SMMU_PRIQ_PRIV, !!(q->access & SMMU_PRIVILEGED));
}

/* The unit answers by itself: with success when the queue overflowed, so that the device asks again (8.1).
 * The answer has the request's PASID if IDR3.PPS or STE.PPAR says so. */
static void answer_overflow(struct smmu_device *d, const struct smmu_request *q, unsigned group)
{
    uint32_t idr3 = smmu_register(d->smmu, SMMU_REG_IDR3);
    unsigned code = SMMU_PAGE_SUCCESS;
    bool substream = q->access & SMMU_SUBSTREAM;
    if (substream && !dev_of(idr3, SMMU_IDR3_PPS)) {
        struct smmu_config c;
        smmu_config_read(d->smmu, d->client.sid, false, 0, &c);
        substream = !no_ste(&c) && dev_get(c.ste, SMMU_STE_PPAR);
        if (no_ste(&c)) code = SMMU_PAGE_FAILURE;
    }
    if (d->client.page_response)
        d->client.page_response(d->client.arg, substream, substream ? q->ssid : 0, group, code);
}

/* Wired and by message, at the first request in an empty queue, or at each that is a group's last (6.3.36).
 */
static void pri_signal(struct smmu *s, enum smmu_put put, bool last)
{
    uint32_t cfg2 = smmu_register(s, SMMU_REG_PRIQ_IRQ_CFG2);
    bool each_last = dev_of(cfg2, SMMU_PRIQ_IRQ_CFG2_LO);
    bool arrived = put == SMMU_PUT || put == SMMU_PUT_FIRST || put == SMMU_PUT_FULL;
    if (put == SMMU_PUT_ABORT) smmu_gerror_raise(s, SMMU_GERROR_PRIQ_ABT_ERR);
    if (each_last ? last && arrived : put == SMMU_PUT_FIRST) smmu_interrupt(s, SMMU_IRQ_PRIQ);
}

bool smmu_page_request(struct smmu_device *d, const struct smmu_request *q, unsigned group, bool last)
{
    struct smmu *s = d->smmu;
    uint32_t cr0 = smmu_register(s, SMMU_REG_CR0);
    uint64_t record[SMMU_PRI_WORDS];
    /* PCIe's Stop Marker is no request and gets no answer. */
    bool stop = last && q->access & SMMU_SUBSTREAM && !(q->access & (SMMU_READ | SMMU_WRITE));
    enum smmu_put put = SMMU_PUT_OFF; /* without SMMUEN PRIQEN has no effect (6.3.9.5) */
    if (!d->client.pri) return false;
    group &= (unsigned)bits_mask(SMMU_PRIQ_PRGINDEX >> 16);
    pri_make(record, d->client.sid, q, group, last);
    pthread_mutex_lock(&s->records);
    if (dev_of(cr0, SMMU_CR0_SMMUEN)) put = smmu_queue_put(s, SMMU_PRIQ, record);
    if (put == SMMU_PUT_FULL) smmu_queue_overflow(s, SMMU_PRIQ);
    pthread_mutex_unlock(&s->records);
    pri_signal(s, put, last && !stop);
    if (put == SMMU_PUT || put == SMMU_PUT_FIRST) return true;
    if (put == SMMU_PUT_FULL && last && !stop) answer_overflow(d, q, group);
    if (put != SMMU_PUT_FULL && !stop && d->client.page_response)
        d->client.page_response(d->client.arg, false, 0, group, SMMU_PAGE_FAILURE);
    return false;
}
