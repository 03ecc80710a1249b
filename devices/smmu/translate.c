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

/* Requests of one kind on their way. What it holds of caches is as good as when it began: who invalidates
 * waits for the section to end. */
struct job {
    struct smmu_device *d;            /* whose */
    const struct smmu_request *q;     /* what it wants */
    struct smmu_range *to;            /* ranges … */
    unsigned n, max;                  /* … so far, and at most */
    uint64_t done;                    /* bytes of q in them */
    struct smmu_stop *stop;           /* why not all of it */
    struct smmu_context *x;           /* configuration; NULL: to be looked for */
    uint64_t kind, instance, uses;    /* of what requests; x's number; smmu_caches.uses before that */
    unsigned need, size;              /* permissions; of the last hit, as a logarithm */
    const struct smmu_tlb_entry *hit; /* the last one; NULL: none since `last` was filled */
    uint64_t at;                      /* its input address */
    uint64_t hits;                    /* counted */
};

enum { ACCESS = SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED };

/* ---- the last page ---- */

static ALWAYS_INLINE void remember(struct job *j, const struct smmu_tlb_entry *e, unsigned n, uint64_t iova)
{
    j->d->caches->last = (struct smmu_last){
        .iova = iova >> n << n, /* as it came, with the top byte that it had */
        .size = 1ull << n,
        .pa = e->pa,
        .host = e->host,
        .kind = j->kind,
        .uses = j->uses,
    };
}

/* ---- pages ---- */

/* The largest part around pa of 2^n bytes that is memory and lies together; 0: none. r: where pa is. */
static unsigned in_memory(const struct mem_region *r, uint64_t pa, unsigned n)
{
    for (; n >= CPU_PAGE_BITS; n--) {
        uint64_t before = (pa >> n << n) - r->base;
        if (before < r->size && r->size - before >= 1ull << n) return n;
    }
    return 0;
}

/* What is not in the TLB and need not get there: bypass, holes of memory, what cannot be written. *r: the
 * region of memory. */
static ALWAYS_INLINE struct piece direct(struct smmu *s, const struct smmu_page *page, uint64_t iova,
                                         unsigned access, const struct mem_region **r)
{
    uint64_t skip = iova - page->iova;
    struct piece p = {.pa = page->pa + skip, .size = page->size - skip};
    const struct mem_region *in = *r = smmu_memory(s, p.pa);
    if (in && in->perm & (access & SMMU_WRITE ? CPU_WRITE : CPU_READ)) {
        uint64_t before = p.pa - in->base;
        p.host = in->host + before;
        if (p.size > in->size - before) p.size = in->size - before;
    } else if (p.size > CPU_PAGE - p.pa % CPU_PAGE) {
        p.size = CPU_PAGE - p.pa % CPU_PAGE; /* a hole ends with the page of memory, as far as is known */
    }
    return p;
}

static unsigned perm_of(const struct smmu_page *page, bool writable)
{
    unsigned perm = page->perm_user | page->perm_privileged << SMMU_NEED_PRIVILEGED;
    if (page->dirty_pending || !writable)
        perm &= ~(unsigned)(SMMU_WRITE | SMMU_WRITE << SMMU_NEED_PRIVILEGED);
    return perm;
}

/* The entry for a page around iova, as far as it is memory: 2^n bytes. 0: it is none. */
static unsigned entry_of(const struct job *j, struct smmu_context *x, uint64_t iova,
                         const struct smmu_page *page, const struct mem_region *r, struct smmu_tlb_entry *e)
{
    uint64_t pa = page->pa + (iova - page->iova);
    unsigned n = in_memory(r, pa, (unsigned)__builtin_ctzll(page->size));
    if (!n || !j->instance || !(r->perm & CPU_READ)) return 0;
    e->host = r->host + ((pa >> n << n) - r->base);
    e->va = (smmu_canonical(x->tags, iova) >> n << n) | n;
    e->pa = pa >> n << n;
    e->tag = j->instance << SMMU_TAG_SHIFT | perm_of(page, r->perm & CPU_WRITE);
    if (n < page->whole) smmu_tlb_split(x, page->whole);
    return n;
}

/* A page that a walk found goes to the TLB. */
static void keep(struct job *j, struct smmu_context *x, uint64_t fills, uint64_t iova,
                 const struct smmu_page *page, const struct mem_region *r)
{
    struct smmu_tlb_entry e;
    unsigned n = entry_of(j, x, iova, page, r, &e);
    if (!n) return;
    if (!x->config.bypass) smmu_tlb_insert(j->d->caches, &e, fills);
    remember(j, &e, n, iova);
    j->hit = NULL;
}

/* Who walked to one page and then to the next will want those after it: their descriptors lie in the same
 * line of the host's cache. */
static void fetch_ahead(struct job *j, struct smmu_context *x, uint64_t fills, const struct smmu_page *page)
{
    struct smmu_caches *k = j->d->caches;
    unsigned i = 1, left = 8 - (unsigned)(page->leaf / 8 % 8);
    for (; i < left; i++) {
        struct smmu_page next;
        struct smmu_tlb_entry e;
        if (!smmu_walk_ahead(j->d->smmu, &x->config, page, i, &next)) break;
        const struct mem_region *r = smmu_memory(j->d->smmu, next.pa);
        if (!r || !entry_of(j, x, next.iova, &next, r, &e)) break;
        smmu_tlb_insert(k, &e, fills);
    }
    smmu_count(&j->d->stats.ahead, i - 1);
    k->next_page = page->iova + page->size * i;
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
    uint64_t fills = smmu_atomic(&d->caches->fills);
    struct smmu_context *x = j->x;
    /* what a command has taken meanwhile is read again */
    if (!j->instance || smmu_atomic(&x->instance) != j->instance)
        x = smmu_context(d, j->q->access & SMMU_SUBSTREAM, j->q->ssid);
    const struct smmu_config *c = &x->config;
    struct smmu_fault f;
    const struct mem_region *r;
    struct smmu_page page;
    j->x = NULL; /* it may be another now */
    j->instance = smmu_atomic(&x->instance);
    if (unlikely(c->abort || c->bad.event)) {
        f = c->bad;
        f.iova = iova;
        f.access = smmu_config_access(c, j->q->access & ACCESS);
        return stopped(j, c, &f);
    }
    if (!smmu_walk_context(d, x, iova, j->q->access & ACCESS, &page, &f)) return stopped(j, c, &f);
    *p = direct(d->smmu, &page, iova, j->q->access, &r);
    if (p->host) keep(j, x, fills, iova, &page, r);
    if (!page.leaf) return true;
    if (d->caches->next_page == page.iova)
        fetch_ahead(j, x, fills, &page);
    else
        d->caches->next_page = page.iova + page.size;
    return true;
}

/* An access that says it is translated (ATS). */
static bool translated(struct job *j, uint64_t iova, struct piece *p)
{
    struct smmu_page page;
    if (smmu_ats_translated(j->d, j->q, iova, &page, j->stop) != SMMU_DONE) return false;
    uint64_t skip = iova & (page.size - 1);
    const struct mem_region *r;
    page.iova = iova - skip;
    *p = direct(j->d->smmu, &page, iova, j->q->access, &r);
    return true;
}

/* What hits need to know of the configuration; instance 0: it is not kept. */
static ALWAYS_INLINE void configure(struct job *j)
{
    const struct smmu_caches *k = j->d->caches;
    const struct smmu_request *q = j->q;
    bool substream = q->access & SMMU_SUBSTREAM;
    j->hit = NULL; /* it was of another kind */
    j->kind = smmu_kind_of_new(q);
    j->uses = smmu_atomic(&k->uses);
    j->x = k->recent;
    if (unlikely(!j->x || j->x->key_substream != substream || (substream && j->x->key_ssid != q->ssid)))
        j->x = smmu_context(j->d, substream, q->ssid);
    j->instance = smmu_atomic(&j->x->instance);
    j->need = j->x->need[q->access & ACCESS];
}

static ALWAYS_INLINE bool find(struct job *j, uint64_t iova, struct piece *p)
{
    if (unlikely(j->q->access & SMMU_TRANSLATED)) return translated(j, iova, p);
    if (!j->x || unlikely(j->kind != smmu_kind_of(j->q))) configure(j);
    const struct smmu_tlb_entry *e = NULL;
    if (likely(j->instance != 0))
        e = smmu_tlb_find(j->d->caches, j->instance, smmu_canonical(j->x->tags, iova), &j->size, j->need);
    if (unlikely(!e)) return walk(j, iova, p);
    uint64_t skip = iova & bits_mask(j->size);
    *p = (struct piece){e->host + skip, e->pa + skip, (1ull << j->size) - skip};
    j->hit = e;
    j->at = iova;
    j->hits++;
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

/* What can go the short way at all: not ATS, nor where top bytes are ignored. */
static ALWAYS_INLINE bool common(struct job *j, const struct smmu_request *q)
{
    if (unlikely(q->access & SMMU_TRANSLATED)) return false;
    j->q = q;
    if (!j->x || unlikely(j->kind != smmu_kind_of(q))) configure(j);
    return j->instance && !(j->x->tags >> SMMU_TAG_TBI);
}

/* From where a request has got to, along pages that are kept and as large as the last one. */
static NOINLINE void along(struct job *j, unsigned first)
{
    const struct smmu_caches *k = j->d->caches;
    const struct smmu_tlb_entry *hit = NULL;
    const uint64_t low = bits_mask(j->size), begin = j->q->iova + j->done, all = j->q->size - j->done;
    uint64_t va = begin, left = all;
    struct smmu_range *r = j->to + j->n, *end = j->to + j->max;
    for (uint64_t size; left; va += size, left -= size, j->hits++) {
        const struct smmu_tlb_entry *e = smmu_tlb_probe(k, j->instance, va, j->size, j->need);
        uint64_t skip = va & low;
        if (!e) break;
        size = low + 1 - skip < left ? low + 1 - skip : left;
        if (r > j->to + first && r[-1].address + r[-1].size == e->pa + skip &&
            r[-1].host + r[-1].size == e->host + skip) {
            r[-1].size += size;
        } else {
            if (r == end) break;
            *r++ = (struct smmu_range){e->host + skip, e->pa + skip, size};
        }
        hit = e;
        j->at = va;
    }
    if (hit) j->hit = hit;
    j->n = (unsigned)(r - j->to);
    j->done += all - left;
}

/* All of a request. `done` says how far it got. */
static bool run(struct job *j, const struct smmu_request *q)
{
    unsigned first = j->n;
    j->q = q;
    for (j->done = 0; j->done < q->size;) {
        struct piece p = {0};
        if (common(j, q)) along(j, first);
        uint64_t left = q->size - j->done;
        if (!left || !find(j, q->iova + j->done, &p)) break;
        uint64_t size = p.size < left ? p.size : left;
        if (!append(j, &p, size, first)) {
            j->stop->end = SMMU_DONE;
            j->stop->event = 0;
            break;
        }
        j->done += size;
    }
    return j->done == q->size;
}

/* One by one: clearing all of it as a block takes longer than many requests do. */
static ALWAYS_INLINE void job_begin(struct job *j, struct smmu_device *d, const struct smmu_request *q,
                                    struct smmu_range *to, unsigned max, struct smmu_stop *stop)
{
    j->d = d;
    j->q = q;
    j->to = to;
    j->n = 0;
    j->max = max;
    j->done = 0;
    j->stop = stop;
    j->x = NULL;
    j->kind = j->instance = j->uses = 0;
    j->need = 0;
    j->size = d->caches->size;
    j->hit = NULL;
    j->at = 0;
    j->hits = 0;
    stop->end = SMMU_DONE;
}

static ALWAYS_INLINE void job_end(struct job *j)
{
    j->stop->done = j->done;
    j->d->caches->size = j->size;
    if (j->hit) remember(j, j->hit, j->size, j->at);
    if (j->hits) smmu_count(&j->d->stats.tlb_hits, j->hits);
}

/* ---- the common way: requests in a page that is kept ---- */

static ALWAYS_INLINE const struct smmu_tlb_entry *in_page(const struct smmu_caches *k, uint64_t tags,
                                                          uint64_t instance, unsigned n, unsigned need,
                                                          const struct smmu_request *q, struct smmu_range *to)
{
    uint64_t skip = q->iova & bits_mask(n);
    if (unlikely(q->size > (1ull << n) - skip)) return NULL;
    const struct smmu_tlb_entry *e = smmu_tlb_probe(k, instance, smmu_canonical(tags, q->iova), n, need);
    if (likely(e != NULL)) *to = (struct smmu_range){e->host + skip, e->pa + skip, q->size};
    return e;
}

/* As many of n requests as are of the job's kind and go this way. ends[i]: how many ranges there are after
 * each. The first way of a set is looked at here, which is where most are. */
static NOINLINE unsigned in_pages(struct job *j, const struct smmu_request *q, unsigned n, unsigned *ends)
{
    const struct smmu_caches *k = j->d->caches;
    const struct smmu_tlb_entry *hit = NULL;
    const uint64_t kind = j->kind, tag = j->instance << SMMU_TAG_SHIFT | j->need, low = bits_mask(j->size);
    const uint64_t same = ~(uint64_t)0xff | j->need, base = smmu_tlb_base(j->size, j->instance);
    const unsigned size = j->size, before = j->n, room = j->max - before;
    struct smmu_range *to = j->to + before;
    unsigned i = 0;
    if (n > room) n = room;
    for (; i < n && smmu_kind_of(&q[i]) == kind; i++, to++) {
        uint64_t va = q[i].iova, skip = va & low, want = va - skip + size;
        const struct smmu_tlb_entry *e = &k->tlb[((va >> size) + base) % SMMU_TLB_SETS];
        if (unlikely(q[i].size > low + 1 - skip)) break;
        if (unlikely(smmu_atomic(&e->va) != want || (e->tag ^ tag) & same)) {
            e = smmu_tlb_probe(k, j->instance, va, size, j->need);
            if (!e) break;
        }
        *to = (struct smmu_range){e->host + skip, e->pa + skip, q[i].size};
        ends[i] = before + i + 1;
        hit = e;
    }
    if (!hit) return 0;
    j->hit = hit;
    j->at = q[i - 1].iova;
    j->done = q[i - 1].size;
    j->n += i;
    j->hits += i;
    return i;
}

/* ---- what devices call ---- */

static NOINLINE unsigned translate(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                                   unsigned max, struct smmu_stop *stop)
{
    struct job j;
    job_begin(&j, d, q, to, max, stop);
    run(&j, q);
    job_end(&j);
    return j.n;
}

static ALWAYS_INLINE bool in_last(const struct smmu_caches *k, const struct smmu_request *q,
                                  struct smmu_range *to)
{
    const struct smmu_last *l = &k->last;
    uint64_t skip = q->iova - l->iova;
    if (skip >= l->size || q->size > l->size - skip || l->kind != smmu_kind_of_new(q) ||
        l->uses != smmu_atomic(&k->uses))
        return false;
    *to = (struct smmu_range){l->host + skip, l->pa + skip, q->size};
    return true;
}

/* Of the same configuration as the access before, in a page of the same size. */
static ALWAYS_INLINE bool in_recent(struct smmu_caches *k, const struct smmu_request *q,
                                    struct smmu_range *to)
{
    const struct smmu_context *x = k->recent;
    bool substream = q->access & SMMU_SUBSTREAM;
    if (unlikely(!x || x->key_substream != substream || (substream && x->key_ssid != q->ssid))) return false;
    uint64_t uses = smmu_atomic(&k->uses), instance = smmu_atomic(&x->instance);
    unsigned n = k->size;
    if (unlikely(!instance || q->access & SMMU_TRANSLATED)) return false;
    const struct smmu_tlb_entry *e = in_page(k, x->tags, instance, n, x->need[q->access & ACCESS], q, to);
    if (unlikely(!e)) return false;
    k->last = (struct smmu_last){q->iova >> n << n, 1ull << n, e->pa, e->host, smmu_kind_of_new(q), uses};
    return true;
}

static NOINLINE unsigned elsewhere(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                                   unsigned max, struct smmu_stop *stop)
{
    if (!in_recent(d->caches, q, to)) return translate(d, q, to, max, stop);
    smmu_count(&d->stats.tlb_hits, 1);
    stop->end = SMMU_DONE;
    stop->done = q->size;
    return 1;
}

/* The last page first, with nothing around it that costs registers. */
unsigned smmu_translate(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                        unsigned max, struct smmu_stop *stop)
{
    if (unlikely(!max)) return translate(d, q, to, max, stop);
    if (!in_last(d->caches, q, to)) return elsewhere(d, q, to, max, stop);
    smmu_count(&d->stats.last_page_hits, 1);
    stop->end = SMMU_DONE;
    stop->done = q->size;
    return 1;
}

unsigned smmu_translate_list(struct smmu_device *d, const struct smmu_request *q, unsigned n,
                             struct smmu_range *to, unsigned max, unsigned *ends, struct smmu_stop *stop)
{
    struct job j;
    job_begin(&j, d, q, to, max, stop);
    unsigned i = 0;
    while (i < n) {
        if (common(&j, &q[i])) i += in_pages(&j, &q[i], n - i, &ends[i]);
        if (i == n) break;
        bool all = run(&j, &q[i]);
        ends[i] = j.n;
        if (!all) break;
        i++;
    }
    job_end(&j);
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
