/* Where accesses go: the last page, the TLB, a walk, in this order; ranges joined; what stopped the rest. All
 * on the device's thread and without a lock, until something faults.
 */
#include "devices/smmu/config.h"
#include "devices/smmu/tlb.h"

#include <string.h>

/* Where one address and what follows it go. */
struct piece {
    uint8_t *host; /* NULL: no memory */
    uint64_t pa;   /* likewise */
    uint64_t size; /* bytes that lie together from there */
};

/* A request on its way. */
struct job {
    struct smmu_device *d;        /* whose */
    const struct smmu_request *q; /* what it wants */
    struct smmu_range *to;        /* ranges … */
    unsigned n, max;              /* … so far, and at most */
    uint64_t done;                /* bytes in them */
    struct smmu_stop *stop;       /* why not all of it */
    uint64_t last_hits, tlb_hits; /* counted */
};

enum { ACCESS = SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED };

/* ---- the last page ---- */

static ALWAYS_INLINE bool last_hit(const struct smmu_caches *k, const struct smmu_request *q, uint64_t iova,
                                   uint64_t *skip)
{
    const struct smmu_last *l = &k->last;
    *skip = iova - l->iova;
    if (*skip >= l->size || l->uses != smmu_atomic(&k->uses)) return false;
    unsigned other =
        ((q->access ^ l->access) & (SMMU_SUBSTREAM | SMMU_TRANSLATED)) | ((q->ssid ^ l->ssid) & l->ssid_mask);
    return !other && !(l->need[q->access & ACCESS] & ~l->perm);
}

/* uses: as it was before the translation was looked for. */
static ALWAYS_INLINE void remember(struct smmu_caches *k, const struct smmu_request *q,
                                   const struct smmu_context *x, const struct smmu_tlb_entry *e, unsigned n,
                                   uint64_t iova, uint64_t uses)
{
    k->last = (struct smmu_last){
        .iova = iova >> n << n, /* as it came, with the top byte that it had */
        .size = 1ull << n,
        .pa = e->pa,
        .host = e->host,
        .uses = uses,
        .ssid = q->ssid,
        .ssid_mask = q->access & SMMU_SUBSTREAM ? ~0u : 0,
        .access = q->access,
        .perm = e->tag & 0xff,
        .need = x->need,
    };
}

/* ---- pages ---- */

/* The largest part around pa of 2^n bytes that is memory and lies together; 0: none. */
static unsigned in_memory(struct smmu *s, uint64_t pa, unsigned n, uint8_t **host, bool *writable)
{
    for (; n >= CPU_PAGE_BITS; n--) {
        uint64_t base = pa >> n << n, size = 1ull << n, writes = size;
        *host = smmu_host(s, base, &size);
        if (!*host || size >> n != 1) continue;
        *writable = smmu_host_write(s, base, &writes) && writes == size;
        return n;
    }
    return 0;
}

/* What is not in the TLB and need not get there: bypass, holes of memory, what cannot be written. */
static struct piece direct(struct smmu *s, const struct smmu_page *page, uint64_t iova, unsigned access)
{
    uint64_t skip = iova - page->iova;
    struct piece p = {.pa = page->pa + skip, .size = page->size - skip};
    p.host = access & SMMU_WRITE ? smmu_host_write(s, p.pa, &p.size) : smmu_host(s, p.pa, &p.size);
    /* a hole ends with the page of memory, as far as is known */
    if (!p.host && p.size > CPU_PAGE - p.pa % CPU_PAGE) p.size = CPU_PAGE - p.pa % CPU_PAGE;
    return p;
}

static unsigned perm_of(const struct smmu_page *page, bool writable)
{
    unsigned perm = page->perm_user | page->perm_privileged << SMMU_NEED_PRIVILEGED;
    if (page->dirty_pending || !writable)
        perm &= ~(unsigned)(SMMU_WRITE | SMMU_WRITE << SMMU_NEED_PRIVILEGED);
    return perm;
}

/* A page that a walk found goes to the TLB, as far as it is memory. */
static void keep(struct job *j, const struct smmu_context *x, uint64_t instance, uint64_t fills,
                 uint64_t uses, uint64_t iova, const struct smmu_page *page)
{
    struct smmu_caches *k = j->d->caches;
    struct smmu_tlb_entry e;
    bool writable;
    uint64_t pa = page->pa + (iova - page->iova);
    unsigned n = in_memory(j->d->smmu, pa, (unsigned)__builtin_ctzll(page->size), &e.host, &writable);
    if (!n || !instance) return;
    e.va = (smmu_canonical(x->tags, iova) >> n << n) | n;
    e.pa = pa >> n << n;
    e.tag = instance << SMMU_TAG_SHIFT | perm_of(page, writable);
    if (!x->config.bypass) smmu_tlb_insert(k, &e, fills);
    remember(k, j->q, x, &e, n, iova, uses);
}

static bool stopped(struct job *j, const struct smmu_config *c, const struct smmu_fault *f)
{
    if (f->event) {
        smmu_fault_end(j->d, c, f, j->q, j->stop);
    } else {
        j->stop->end = SMMU_ABORTED;
        j->stop->event = 0;
        j->stop->raz = false;
    }
    return false;
}

/* By walking, or whatever the configuration says. */
static bool walk(struct job *j, uint64_t iova, struct piece *p)
{
    struct smmu_device *d = j->d;
    struct smmu_caches *k = d->caches;
    uint64_t fills = smmu_atomic(&k->fills), uses = smmu_atomic(&k->uses);
    const struct smmu_context *x = smmu_context(d, j->q->access & SMMU_SUBSTREAM, j->q->ssid);
    const struct smmu_config *c = &x->config;
    uint64_t instance = smmu_atomic(&x->instance);
    struct smmu_fault f = c->bad;
    struct smmu_page page;
    if (c->abort || f.event) {
        f.iova = iova;
        f.access = smmu_config_access(c, j->q->access & ACCESS);
        return stopped(j, c, &f);
    }
    if (!smmu_walk_context(d, x, iova, j->q->access & ACCESS, &page, &f)) return stopped(j, c, &f);
    *p = direct(d->smmu, &page, iova, j->q->access);
    if (p->host) keep(j, x, instance, fills, uses, iova, &page);
    return true;
}

/* An access that says it is translated (ATS). */
static bool translated(struct job *j, uint64_t iova, struct piece *p)
{
    struct smmu_page page;
    if (smmu_ats_translated(j->d, j->q, iova, &page, j->stop) != SMMU_DONE) return false;
    uint64_t skip = iova & (page.size - 1);
    page.iova = iova - skip;
    *p = direct(j->d->smmu, &page, iova, j->q->access);
    return true;
}

/* The configuration of the access before, when it is this one's and still kept. */
static ALWAYS_INLINE const struct smmu_context *recent(const struct smmu_caches *k,
                                                       const struct smmu_request *q)
{
    const struct smmu_context *x = k->recent;
    bool substream = q->access & SMMU_SUBSTREAM;
    if (unlikely(!x || x->key_substream != substream || (substream && x->key_ssid != q->ssid))) return NULL;
    return x;
}

static ALWAYS_INLINE bool find(struct job *j, uint64_t iova, struct piece *p)
{
    struct smmu_caches *k = j->d->caches;
    const struct smmu_request *q = j->q;
    uint64_t skip;
    if (last_hit(k, q, iova, &skip)) {
        j->last_hits++;
        *p = (struct piece){k->last.host + skip, k->last.pa + skip, k->last.size - skip};
        return true;
    }
    if (unlikely(q->access & SMMU_TRANSLATED)) return translated(j, iova, p);
    uint64_t uses = smmu_atomic(&k->uses);
    const struct smmu_context *x = recent(k, q);
    if (unlikely(!x)) x = smmu_context(j->d, q->access & SMMU_SUBSTREAM, q->ssid);
    uint64_t instance = smmu_atomic(&x->instance);
    const struct smmu_tlb_entry *e = NULL;
    unsigned n = 0;
    if (likely(instance))
        e = smmu_tlb_find(k, instance, smmu_canonical(x->tags, iova), x->need[q->access & ACCESS], &n);
    if (unlikely(!e)) return walk(j, iova, p);
    j->tlb_hits++;
    remember(k, q, x, e, n, iova, uses);
    skip = iova - k->last.iova;
    *p = (struct piece){e->host + skip, e->pa + skip, k->last.size - skip};
    return true;
}

/* ---- ranges ---- */

/* False: there is no room. */
static ALWAYS_INLINE bool append(struct job *j, const struct piece *p, uint64_t size, unsigned first)
{
    struct smmu_range *r = j->to + j->n - 1;
    bool joins = j->n > first && r->address + r->size == p->pa &&
                 (p->host ? r->host && r->host + r->size == p->host : !r->host);
    if (joins) {
        r->size += size;
        return true;
    }
    if (j->n == j->max) return false;
    j->to[j->n++] = (struct smmu_range){p->host, p->pa, size};
    return true;
}

/* All of a request. `done` says how far it got. */
static ALWAYS_INLINE bool run(struct job *j)
{
    unsigned first = j->n;
    const struct smmu_request *q = j->q;
    for (j->done = 0; j->done < q->size;) {
        struct piece p;
        if (!find(j, q->iova + j->done, &p)) break;
        uint64_t left = q->size - j->done, size = p.size < left ? p.size : left;
        if (!append(j, &p, size, first)) {
            j->stop->end = SMMU_DONE;
            j->stop->event = 0;
            break;
        }
        j->done += size;
    }
    return j->done == q->size;
}

static void counted(const struct job *j)
{
    if (j->last_hits) smmu_count(&j->d->stats.last_page_hits, j->last_hits);
    if (j->tlb_hits) smmu_count(&j->d->stats.tlb_hits, j->tlb_hits);
}

unsigned smmu_translate(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                        unsigned max, struct smmu_stop *stop)
{
    const struct smmu_caches *k = d->caches;
    uint64_t skip;
    if (likely(last_hit(k, q, q->iova, &skip) && q->size <= k->last.size - skip && max)) {
        to[0] = (struct smmu_range){k->last.host + skip, k->last.pa + skip, q->size};
        smmu_count(&d->stats.last_page_hits, 1);
        stop->end = SMMU_DONE;
        return 1;
    }
    struct job j = {.d = d, .q = q, .to = to, .max = max, .stop = stop};
    stop->end = SMMU_DONE;
    run(&j);
    stop->done = j.done;
    counted(&j);
    return j.n;
}

unsigned smmu_translate_list(struct smmu_device *d, const struct smmu_request *q, unsigned n,
                             struct smmu_range *to, unsigned max, unsigned *ends, struct smmu_stop *stop)
{
    struct job j = {.d = d, .to = to, .max = max, .stop = stop};
    unsigned i = 0;
    stop->end = SMMU_DONE;
    for (; i < n; i++) {
        j.q = &q[i];
        bool all = run(&j);
        ends[i] = j.n;
        if (unlikely(!all)) break;
    }
    stop->done = j.done;
    counted(&j);
    return i;
}

/* ---- transfers ---- */

/* Copies to or from one range. False: no memory is there. */
static bool copy(struct smmu_device *d, const struct smmu_request *q, const struct smmu_range *r,
                 uint8_t *bytes)
{
    if (!r->host) return false;
    if (q->access & SMMU_WRITE) {
        memcpy(r->host, bytes, r->size);
        smmu_wrote(d->smmu, r->address, r->size);
    } else {
        memcpy(bytes, r->host, r->size);
    }
    return true;
}

enum smmu_end smmu_dma(struct smmu_device *d, const struct smmu_request *q, void *bytes,
                       struct smmu_stop *stop)
{
    enum { AT_ONCE = 16 };
    struct smmu_range to[AT_ONCE];
    struct smmu_request rest = *q;
    uint8_t *at = bytes;
    uint64_t done = 0;
    *stop = (struct smmu_stop){.end = SMMU_DONE};
    smmu_begin(d);
    while (done < q->size && stop->end == SMMU_DONE) {
        rest.iova = q->iova + done;
        rest.size = q->size - done;
        unsigned n = smmu_translate(d, &rest, to, AT_ONCE, stop);
        for (unsigned i = 0; i < n; i++) {
            if (!copy(d, q, &to[i], at + done)) {
                *stop = (struct smmu_stop){.end = SMMU_ABORTED};
                break;
            }
            done += to[i].size;
        }
    }
    smmu_end(d);
    if (stop->raz && !(q->access & SMMU_WRITE)) memset(at + done, 0, q->size - done);
    stop->done = done;
    return stop->end;
}
