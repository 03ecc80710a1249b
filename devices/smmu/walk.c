/* Walks of translation tables: stage 1, stage 2, and both, where each descriptor of stage 1 is found through
 * stage 2 (IHI 0070 3.4, 3.13, 7.3.22; the Arm ARM, D8). Faults come in the order of 7.3.22. Nothing is
 * remembered but addresses of tables, in the caches of the device that asks.
 */
#include "devices/smmu/config.h"
#include "devices/smmu/tlb.h"

/* How often a walk begins anew because a descriptor that it was to update had changed meanwhile. Beyond that
 * somebody writes it all the time, and the update is an abort. */
enum { RETRIES = 64 };

struct walk {
    struct smmu *s;              /* whose memory */
    const struct mem_region *r;  /* of it: where the last descriptor was; or NULL */
    const struct smmu_config *c; /* stages */
    struct smmu_fault *f;        /* what stopped it */
    uint64_t iova;               /* input address */
    unsigned access;             /* after PRIVCFG and INSTCFG */
    unsigned fetches, updates;   /* so far */
    struct smmu_caches *k;       /* with the walk cache; NULL: there is none */
    uint64_t tag;                /* of this configuration in it */
    bool cached;                 /* the input address's walk began below the top */
};

/* What one stage's walk finds. */
struct found {
    uint64_t address;             /* of the block or page */
    uint64_t d;                   /* its descriptor */
    struct smmu_permissions perm; /* as if dirty state were set where hardware sets it */
    uint8_t shift, level;         /* size as a logarithm; level */
    bool clean;                   /* a write has yet to set the dirty state */
    uint64_t at, hierarchy;       /* where the descriptor lies in memory; of those above it */
};

static bool fault(struct walk *w, unsigned event, bool stage2, unsigned class_, uint64_t ipa)
{
    *w->f = (struct smmu_fault){.event = event,
                                .stage2 = stage2,
                                .class_ = (uint8_t)class_,
                                .iova = w->iova,
                                .ipa = ipa,
                                .access = w->access & ~(unsigned)SMMU_SUBSTREAM};
    return false;
}

static bool fetch_abort(struct walk *w, bool stage2, unsigned class_, uint64_t ipa, uint64_t pa)
{
    fault(w, SMMU_F_WALK_EABT, stage2, class_, ipa);
    w->f->fetch = pa;
    return false;
}

/* The record of an atomic access that may write but not read tells a read (13.1.1). */
static bool denied(struct walk *w, bool stage2, unsigned class_, uint64_t ipa, unsigned what)
{
    fault(w, SMMU_F_PERMISSION, stage2, class_, ipa);
    if (class_ == SMMU_CLASS_IN && what == SMMU_READ) w->f->access &= ~(unsigned)SMMU_WRITE;
    return false;
}

static ALWAYS_INLINE bool load(struct walk *w, const struct smmu_stage *st, uint64_t pa, uint64_t *d)
{
    w->fetches++;
    if (unlikely(!w->r || pa - w->r->base >= w->r->size)) w->r = smmu_memory(w->s, pa);
    /* descriptors are aligned, and regions are of whole pages */
    if (unlikely(!w->r || !(w->r->perm & CPU_READ))) return false;
    *d = __atomic_load_n((const uint64_t *)(const void *)(w->r->host + (pa - w->r->base)), __ATOMIC_ACQUIRE);
    if (st->big_endian) *d = __builtin_bswap64(*d);
    return true;
}

enum update { UPDATED, CHANGED, ABORTED };

/* A descriptor gets its access flag or dirty state (3.13), unless it is no longer what was read. */
static enum update update(struct walk *w, const struct smmu_stage *st, uint64_t pa, uint64_t old,
                          uint64_t fresh)
{
    uint64_t now;
    if (st->big_endian) {
        old = __builtin_bswap64(old);
        fresh = __builtin_bswap64(fresh);
    }
    w->updates++;
    if (smmu_swap(w->s, pa, old, fresh, &now)) return UPDATED;
    return now == old ? ABORTED : CHANGED;
}

/* What a leaf becomes when this access goes through: access flag, and for a write its dirty state. */
static uint64_t touched(const struct smmu_stage *st, const struct found *to, bool stage2, unsigned access)
{
    uint64_t d = to->d;
    if (st->af_hardware) d |= SMMU_D_AF;
    if (!to->clean || !(access & SMMU_WRITE)) return d;
    return stage2 ? d | SMMU_D_S2AP1 : d & ~SMMU_D_AP2;
}

/* ---- the walk cache ---- */

/* A table on the way: what a walk begins with. */
struct step {
    unsigned level, shift; /* of its entries */
    uint64_t mask;         /* of its index */
    uint64_t table;        /* its address, for stage 2 when that is on */
    uint64_t pa;           /* in physical memory; ~0: through stage 2 */
    uint64_t hierarchy;    /* of the descriptors above */
};

/* Where a table is kept that covers 2^covers bytes, and as what. */
static ALWAYS_INLINE struct smmu_table_entry *table_entry(const struct walk *w, uint64_t address,
                                                          unsigned covers, unsigned level, unsigned stage,
                                                          uint64_t *key)
{
    *key = address >> covers << covers | level << 2 | stage | 2;
    uint64_t hash = (address >> covers) + level * 0x61 + stage * 0x1b + w->tag * 0x35;
    return &w->k->tables[hash % SMMU_TABLES];
}

/* The lowest table that is known, from level 3 upwards; else the first one stays. */
static ALWAYS_INLINE bool find_table(const struct walk *w, uint64_t address, unsigned stage, unsigned stride,
                                     struct step *top)
{
    struct step at = {.level = 3, .shift = top->shift - (3 - top->level) * stride, .mask = bits_mask(stride)};
    if (!w->k) return false;
    for (; at.level > top->level; at.level--, at.shift += stride) {
        uint64_t key;
        const struct smmu_table_entry *e = table_entry(w, address, at.shift + stride, at.level, stage, &key);
        if (e->key != key || e->tag != w->tag) continue;
        at.table = e->table & bits_mask(56);
        at.hierarchy = e->table & SMMU_D_HIERARCHY;
        at.pa = e->pa;
        *top = at;
        return true;
    }
    return false;
}

static ALWAYS_INLINE void keep_table(const struct walk *w, uint64_t address, unsigned stage, unsigned stride,
                                     const struct step *at, uint64_t pa)
{
    uint64_t key;
    if (!w->k) return;
    struct smmu_table_entry *e = table_entry(w, address, at->shift + stride, at->level, stage, &key);
    *e = (struct smmu_table_entry){key, w->tag, at->table | at->hierarchy, pa};
}

static ALWAYS_INLINE void descend(struct step *at, unsigned stride)
{
    at->level++;
    at->shift -= stride;
    at->mask = bits_mask(stride);
    at->pa = ~0ull;
}

/* ---- stage 2 ---- */

/* To the leaf of an intermediate address. *at is where its descriptor lies. */
static ALWAYS_INLINE bool stage2_tables(struct walk *w, uint64_t ipa, unsigned class_, unsigned granule,
                                        struct found *to, uint64_t *at)
{
    const struct smmu_stage *st = &w->c->s2;
    unsigned stride = granule - 3, level = st->start[0];
    enum smmu_kind kind;
    uint64_t d, where;
    /* the first table may be 16 of them side by side */
    struct step t = {level, smmu_level_shift(granule, level), ~0ull, st->ttb[0], 0, 0};
    if (find_table(w, ipa, 1, stride, &t)) w->cached |= class_ == SMMU_CLASS_IN && !w->c->s1.on;
    for (;; descend(&t, stride), keep_table(w, ipa, 1, stride, &t, 0)) {
        where = t.table + (ipa >> t.shift & t.mask) * 8;
        if (!load(w, st, where, &d)) return fetch_abort(w, true, class_, ipa, where);
        kind = smmu_descriptor(d, granule, t.level, &t.table);
        if (kind == SMMU_NOTHING) return fault(w, SMMU_F_TRANSLATION, true, class_, ipa);
        if (t.table >> st->out_bits) return fault(w, SMMU_F_ADDR_SIZE, true, class_, ipa);
        if (kind == SMMU_LEAF) break;
    }
    *at = where;
    to->at = where;
    to->hierarchy = 0;
    to->d = d;
    to->address = t.table;
    to->shift = (uint8_t)t.shift;
    to->level = (uint8_t)t.level;
    return true;
}

/* Most tables are of 4K pages, and the compiler makes more of a constant. */
static NOINLINE bool stage2_leaf(struct walk *w, uint64_t ipa, unsigned class_, struct found *to,
                                 uint64_t *at)
{
    const struct smmu_stage *st = &w->c->s2;
    if (ipa >> st->bits[0]) return fault(w, SMMU_F_TRANSLATION, true, class_, ipa);
    if (likely(st->granule[0] == 12)) return stage2_tables(w, ipa, class_, 12, to, at);
    return stage2_tables(w, ipa, class_, st->granule[0], to, at);
}

/* Where an intermediate address goes, for an access that may be of a table (class_). */
static bool stage2(struct walk *w, uint64_t ipa, unsigned access, unsigned class_, struct found *to)
{
    const struct smmu_stage *st = &w->c->s2;
    for (unsigned tries = 0;; tries++) {
        uint64_t at = 0;
        if (!stage2_leaf(w, ipa, class_, to, &at)) return false;
        if (!(to->d & SMMU_D_AF) && !st->af_hardware && !st->af_ignored)
            return fault(w, SMMU_F_ACCESS, true, class_, ipa);
        bool dirty = st->dirty_hardware && to->d & SMMU_D_DBM;
        to->clean = dirty && !(to->d & SMMU_D_S2AP1);
        to->perm = smmu_stage2_permissions(to->d, dirty);
        unsigned what = smmu_denied(to->perm, access);
        if (what ||
            (class_ != SMMU_CLASS_IN && st->s2ptw && smmu_stage2_device(to->d, st->force_write_back))) {
            denied(w, true, class_, ipa, what);
            w->f->table_write = class_ == SMMU_CLASS_TT && access & SMMU_WRITE;
            return false;
        }
        uint64_t fresh = touched(st, to, true, access);
        if (fresh == to->d) return true;
        enum update u = tries < RETRIES ? update(w, st, at, to->d, fresh) : ABORTED;
        if (u == ABORTED) return fetch_abort(w, true, class_, ipa, at);
        if (u == CHANGED) continue;
        to->d = fresh;
        if (access & SMMU_WRITE) to->clean = false;
        return true;
    }
}

/* Where a descriptor of stage 1 lies in physical memory, and how many bits of its address are the same there.
 */
static ALWAYS_INLINE bool table_address(struct walk *w, uint64_t ipa, unsigned access, uint64_t *pa,
                                        unsigned *same)
{
    struct found f;
    *pa = ipa;
    *same = 64;
    if (!w->c->s2.on) return true;
    if (!stage2(w, ipa, access, SMMU_CLASS_TT, &f)) return false;
    *pa = f.address | (ipa & bits_mask(f.shift));
    *same = f.shift;
    return true;
}

/* ---- stage 1 ---- */

/* Which table an address belongs to, and that it is in its range (3.4.1). */
static bool choose_table(const struct smmu_stage *st, uint64_t iova, unsigned *which)
{
    *which = st->two_ranges ? (unsigned)(iova >> 55 & 1) : 0;
    unsigned bits = st->bits[*which];
    if (!bits) return false; /* EPD */
    uint64_t high = *which ? ~iova : iova;
    if (st->tbi[*which]) high &= bits_mask(56);
    return !(high >> bits);
}

/* Where the descriptor that a table has for the input address lies. A table below the first is kept. */
static ALWAYS_INLINE bool stage1_entry(struct walk *w, const struct step *t, unsigned stride, bool kept,
                                       uint64_t *at, uint64_t *pa)
{
    uint64_t offset = (w->iova >> t->shift & t->mask) * 8;
    unsigned same;
    *at = t->table + offset;
    *pa = t->pa + offset;
    if (t->pa != ~0ull) return true;
    if (!table_address(w, *at, SMMU_READ, pa, &same)) return false;
    if (!kept) keep_table(w, w->iova, 0, stride, t, same >= stride + 3 ? *pa - offset : ~0ull);
    return true;
}

/* A leaf of stage 1: */
struct place {
    uint64_t at;        /* where its descriptor lies, for stage 2 when there is one */
    uint64_t pa;        /* in physical memory */
    uint64_t hierarchy; /* of the descriptors above */
};

/* To the leaf of an input address. */
static ALWAYS_INLINE bool stage1_tables(struct walk *w, unsigned which, unsigned granule, struct found *to,
                                        struct place *leaf)
{
    const struct smmu_stage *st = &w->c->s1;
    unsigned stride = granule - 3, level = st->start[which], shift = smmu_level_shift(granule, level);
    struct step t = {level, shift, bits_mask(st->bits[which] - shift), st->ttb[which], ~0ull, 0};
    uint64_t d, at, pa;
    bool kept = find_table(w, w->iova, 0, stride, &t);
    w->cached |= kept;
    for (kept = true;; descend(&t, stride), kept = false) {
        if (!stage1_entry(w, &t, stride, kept, &at, &pa)) return false;
        if (!load(w, st, pa, &d)) return fetch_abort(w, false, SMMU_CLASS_TT, 0, pa);
        enum smmu_kind kind = smmu_descriptor(d, granule, t.level, &t.table);
        if (kind == SMMU_NOTHING) return fault(w, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN, 0);
        if (t.table >> st->out_bits) return fault(w, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN, 0);
        if (kind == SMMU_LEAF) break;
        if (!st->had[which]) t.hierarchy |= d & SMMU_D_HIERARCHY;
    }
    *leaf = (struct place){at, pa, t.hierarchy};
    to->at = pa;
    to->hierarchy = t.hierarchy;
    to->d = d;
    to->address = t.table;
    to->shift = (uint8_t)t.shift;
    to->level = (uint8_t)t.level;
    return true;
}

static bool stage1_leaf(struct walk *w, unsigned which, struct found *to, struct place *leaf)
{
    unsigned granule = w->c->s1.granule[which];
    if (likely(granule == 12)) return stage1_tables(w, which, 12, to, leaf);
    return stage1_tables(w, which, granule, to, leaf);
}

/* The update of a stage 1 leaf: below stage 2 that is a write there (3.13.5). */
static bool stage1_update(struct walk *w, struct found *to, const struct place *leaf, bool last,
                          enum update *u)
{
    const struct smmu_stage *st = &w->c->s1;
    uint64_t fresh = touched(st, to, false, w->access);
    *u = UPDATED;
    if (fresh == to->d) return true;
    uint64_t pa = leaf->pa;
    unsigned same;
    if (!table_address(w, leaf->at, SMMU_WRITE, &pa, &same)) return false;
    *u = last ? ABORTED : update(w, st, pa, to->d, fresh);
    if (*u == ABORTED) return fetch_abort(w, false, SMMU_CLASS_TT, 0, pa);
    if (*u == CHANGED) return true;
    to->d = fresh;
    if (w->access & SMMU_WRITE) to->clean = false;
    return true;
}

static bool stage1(struct walk *w, struct found *to)
{
    const struct smmu_stage *st = &w->c->s1;
    unsigned which;
    if (!choose_table(st, w->iova, &which)) return fault(w, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN, 0);
    for (unsigned tries = 0;; tries++) {
        struct place leaf = {0, 0, 0};
        if (!stage1_leaf(w, which, to, &leaf)) return false;
        if (!(to->d & SMMU_D_AF) && !st->af_hardware && !st->af_ignored)
            return fault(w, SMMU_F_ACCESS, false, SMMU_CLASS_IN, 0);
        bool dirty = st->dirty_hardware && to->d & SMMU_D_DBM;
        to->clean = dirty && to->d & SMMU_D_AP2;
        to->perm = smmu_stage1_permissions(st, to->d, leaf.hierarchy, dirty);
        unsigned what = smmu_denied(to->perm, w->access);
        if (what) return denied(w, false, SMMU_CLASS_IN, 0, what);
        enum update u;
        if (!stage1_update(w, to, &leaf, tries == RETRIES, &u)) return false;
        if (u == UPDATED) return true;
    }
}

/* ---- both ---- */

static const struct smmu_permissions all = {SMMU_READ | SMMU_WRITE | SMMU_EXEC,
                                            SMMU_READ | SMMU_WRITE | SMMU_EXEC};

/* Stage 1, or what passing it by comes to: an input beyond the address size is its fault (3.4). */
static bool first_stage(struct walk *w, struct found *to, struct smmu_attributes *a)
{
    if (w->c->s1.on) {
        if (!stage1(w, to)) return false;
        *a = smmu_attributes_stage1(*a, w->c->s1.mair, to->d);
        return true;
    }
    *to = (struct found){.perm = all, .shift = SMMU_ADDRESS_BITS};
    if (!(w->iova >> SMMU_ADDRESS_BITS)) return true;
    return fault(w, w->c->disabled ? 0 : SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN, 0);
}

static bool both_stages(struct walk *w, struct smmu_page *page)
{
    struct smmu_attributes a = {w->c->memory_type, w->c->shareability};
    struct found one = {.shift = SMMU_ADDRESS_BITS}, two = {.perm = all, .shift = SMMU_ADDRESS_BITS};
    if (!first_stage(w, &one, &a)) return false;
    uint64_t ipa = one.address | (w->iova & bits_mask(one.shift)), pa = ipa;
    if (w->c->s2.on) {
        if (!stage2(w, ipa, w->access, SMMU_CLASS_IN, &two)) return false;
        pa = two.address | (ipa & bits_mask(two.shift));
        a = smmu_attributes_stage2(a, two.d, w->c->s2.force_write_back);
    }
    uint64_t low = bits_mask(one.shift < two.shift ? one.shift : two.shift);
    *page = (struct smmu_page){.iova = w->iova & ~low,
                               .pa = pa & ~low,
                               .ipa = ipa & ~low,
                               .size = low + 1,
                               .perm_user = one.perm.user & two.perm.user,
                               .perm_privileged = one.perm.privileged & two.perm.privileged,
                               .dirty_pending = one.clean || two.clean,
                               .global = w->c->s1.on && w->c->s1.two_ranges && !(one.d & SMMU_D_NG),
                               .memory_type = a.type,
                               .shareability = a.share,
                               .level = w->c->s1.on ? one.level : two.level,
                               .whole = w->c->s1.on ? one.shift : two.shift};
    if (w->c->s1.on != w->c->s2.on && page->level == 3) {
        page->leaf = w->c->s1.on ? one.at : two.at;
        page->hierarchy = w->c->s1.on ? one.hierarchy : 0;
    }
    page->perm = w->access & SMMU_PRIVILEGED ? page->perm_privileged : page->perm_user;
    return true;
}

static bool walk(struct walk *w, struct smmu_device *d, struct smmu_page *page)
{
    bool ok = both_stages(w, page);
    if (!d) return ok;
    smmu_count(&d->stats.walks, 1);
    smmu_count(&d->stats.fetches, w->fetches);
    if (w->cached) smmu_count(&d->stats.walk_hits, 1);
    if (w->updates) smmu_count(&d->stats.updates, w->updates);
    return ok;
}

bool smmu_walk(struct smmu *s, struct smmu_device *d, const struct smmu_config *c, uint64_t iova,
               unsigned access, struct smmu_page *page, struct smmu_fault *f)
{
    struct walk w = {.s = s, .c = c, .f = f, .iova = iova, .access = smmu_config_access(c, access)};
    return walk(&w, d, page);
}

bool smmu_walk_context(struct smmu_device *d, const struct smmu_context *x, uint64_t iova, unsigned access,
                       struct smmu_page *page, struct smmu_fault *f)
{
    struct walk w = {.s = d->smmu,
                     .c = &x->config,
                     .f = f,
                     .iova = iova,
                     .access = smmu_config_access(&x->config, access),
                     .k = d->caches,
                     .tag = smmu_atomic(&x->tables)};
    return walk(&w, d, page);
}

bool smmu_walk_ahead(struct smmu *s, const struct smmu_config *c, const struct smmu_page *page, unsigned i,
                     struct smmu_page *next)
{
    bool second = c->s2.on;
    const struct smmu_stage *st = second ? &c->s2 : &c->s1;
    unsigned which = !second && st->two_ranges && page->iova >> 55 & 1;
    uint64_t iova = page->iova + page->size * i, d, address;
    struct walk w = {.s = s, .c = c};
    if ((iova ^ page->iova) >> st->bits[which]) return false; /* small tables end in the line */
    if (!load(&w, st, page->leaf + i * 8, &d)) return false;
    if (smmu_descriptor(d, st->granule[which], 3, &address) != SMMU_LEAF || address >> st->out_bits)
        return false;
    if (!(d & SMMU_D_AF) && (st->af_hardware || !st->af_ignored)) return false;
    bool dirty = st->dirty_hardware && d & SMMU_D_DBM;
    struct smmu_permissions perm =
        second ? smmu_stage2_permissions(d, dirty) : smmu_stage1_permissions(st, d, page->hierarchy, dirty);
    *next = (struct smmu_page){.iova = iova,
                               .pa = address,
                               .size = page->size,
                               .whole = page->whole,
                               .perm_user = perm.user,
                               .perm_privileged = perm.privileged,
                               .dirty_pending = dirty && (second ? !(d & SMMU_D_S2AP1) : !!(d & SMMU_D_AP2))};
    return true;
}

bool smmu_walk_cd(struct smmu *s, struct smmu_config *c, uint64_t ipa, uint64_t *pa)
{
    struct walk w = {.s = s, .c = c, .f = &c->bad};
    struct found to;
    if (!stage2(&w, ipa, SMMU_READ, SMMU_CLASS_CD, &to)) return false;
    *pa = to.address | (ipa & bits_mask(to.shift));
    return true;
}
