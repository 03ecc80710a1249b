/* A device's own caches: configurations, translations, tables' addresses, the last page. They belong to the
 * device's thread, which alone fills them and takes no lock; commands, on any thread, invalidate them.
 *
 * How both get along:
 *     what an entry is of   each cached configuration has a number, its instance, that no other ever had, and
 *                           entries carry it. A command that means all of a configuration's entries gives it
 *                           another number, or none (0: it is to be read again).
 *     one address           a command overwrites the entry's `va`.
 *     what is being filled  whoever fills looks at `fills` before it reads tables and, with the entry in
 * place, again; commands count it up before they look for entries. So either the command sees the entry, or
 * the filler sees the command and takes the entry back. what is in use        quiesce.c.
 */
#ifndef DEVICES_SMMU_TLB_H
#define DEVICES_SMMU_TLB_H

#include "devices/smmu/walk.h"

enum {
    SMMU_CONTEXTS = 64, /* configurations that a device keeps: streams with more substreams read some again */
    SMMU_TLB_SETS = 512,  /* of translations */
    SMMU_TLB_WAYS = 4,    /* entries of a set */
    SMMU_TABLES = 512,    /* addresses of tables (the walk cache) */
    SMMU_INVALIDATE = 512 /* probes for addresses; beyond, all of a configuration goes */
};

/* Permissions of an entry and needs of an access: SMMU_READ, SMMU_WRITE, SMMU_EXEC of users and, three bits
 * above, of the privileged. */
enum { SMMU_NEED_PRIVILEGED = 3, SMMU_TAG_SHIFT = 8 };

/* Bits of smmu_context.tags. */
enum {
    SMMU_TAG_ASID = 16,  /* above the VMID */
    SMMU_TAG_WORLD = 32, /* enum smmu_world */
    SMMU_TAG_S1 = 34,    /* stage 1 translates */
    SMMU_TAG_S2 = 35,    /* stage 2 translates */
    SMMU_TAG_TBI = 36,   /* top bytes ignored, of both tables */
};

/* A configuration that is kept. */
struct smmu_context {
    uint64_t instance;  /* its number; 0: there is none. Atomic */
    uint64_t tables;    /* the number that the walk cache knows it by. Atomic */
    uint64_t tags;      /* what invalidations choose it by. Atomic */
    uint64_t split;     /* the largest page or block of it, less 1, of which entries are parts. Atomic */
    uint32_t ssid;      /* of its CD, likewise. Atomic */
    uint32_t key_ssid;  /* whose: substream … */
    bool key_substream; /* … when there is one */
    uint8_t need[16];   /* what an access needs, by its SMMU_READ … SMMU_PRIVILEGED */
    struct smmu_config config; /* configuration */
};

/* A translation: 2^n bytes of guest memory that lie together in the host's. */
struct smmu_tlb_entry {
    uint64_t va;   /* first address | n; 0: none. Atomic */
    uint64_t tag;  /* instance << SMMU_TAG_SHIFT | permissions */
    uint8_t *host; /* where it goes, in the order of struct smmu_range … */
    uint64_t pa;   /* … so that a hit copies both at once */
};

/* A table's address: what a walk may begin with. */
struct smmu_table_entry {
    uint64_t key;   /* first input address of what it covers | level << 2 | stage */
    uint64_t tag;   /* smmu_context.tables */
    uint64_t table; /* its address, for stage 2 when that is on; in bits 63:59 the hierarchy above it */
    uint64_t pa;    /* in physical memory; ~0: not in one piece, or not known */
};

/* Where the last access went: good for another one of its kind. */
struct smmu_last {
    uint64_t iova, size; /* size 0: nowhere */
    uint64_t pa;         /* of iova */
    uint8_t *host;       /* likewise */
    uint64_t kind;       /* substream and access, as smmu_kind_of gives them */
    uint64_t uses;       /* smmu_caches.uses when it was looked for */
};

struct smmu_caches {
    /* written by commands; read by each access */
    uint64_t fills;     /* invalidations that may concern what is being filled. Atomic */
    uint64_t uses;      /* those that concerned something that was kept. Atomic */
    uint64_t instances; /* numbers given out. Atomic */
    /* quiesce.c */
    uint64_t section;   /* which one the device is in, and uses what it was told; 0: in none. Atomic */
    uint64_t sections;  /* how many it has been in */
    const void *thread; /* on whose thread. Atomic */
    bool fences;        /* membarrier(2) is not to be had: sections fence for themselves */
    bool placed;        /* place.c: they are where the device's thread runs */
    /* the device's thread */
    struct smmu_last last;                       /* last page */
    struct smmu_context *recent;                 /* configuration of the last access that looked for one */
    unsigned size;                               /* of the last hit, as a logarithm */
    uint64_t sizes;                              /* set of 1 << n that entries have had. Atomic */
    unsigned victim;                             /* which way goes next */
    uint64_t next_page;                          /* behind the last pages that were walked to, or fetched */
    struct smmu_context contexts[SMMU_CONTEXTS]; /* by substream */
    struct smmu_table_entry tables[SMMU_TABLES]; /* walk cache */
    struct smmu_tlb_entry tlb[SMMU_TLB_WAYS * SMMU_TLB_SETS]
        __attribute__((aligned(64))); /* one way after the other: pages that follow each other lie so */
};

static ALWAYS_INLINE uint64_t smmu_atomic(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* A number that no configuration of this device has had. */
static inline uint64_t smmu_instance(struct smmu_caches *k)
{
    return __atomic_add_fetch(&k->instances, 1, __ATOMIC_RELAXED);
}

/* What two requests have in common, but for where: substream and access, in one word. */
static ALWAYS_INLINE uint64_t smmu_kind_of(const struct smmu_request *q)
{
    uint64_t kind;
    _Static_assert(offsetof(struct smmu_request, access) == offsetof(struct smmu_request, ssid) + 4,
                   "one word");
    __builtin_memcpy(&kind, &q->ssid, sizeof(kind));
    return kind;
}

/* The same of a request that was written just now, word by word: a processor hands on what is still on its
 * way to memory, but not two stores to one load. */
static ALWAYS_INLINE uint64_t smmu_kind_of_new(const struct smmu_request *q)
{
    uint64_t access = __atomic_load_n(&q->access, __ATOMIC_RELAXED); /* atomic: so that it stays two loads */
    return __atomic_load_n(&q->ssid, __ATOMIC_RELAXED) | access << 32;
}

/* ---- tlb.c ---- */

/* An address without a top byte that is ignored (CD.TBI), so that all that are one have one entry. */
static ALWAYS_INLINE uint64_t smmu_canonical(uint64_t tags, uint64_t va)
{
    if (likely(!(tags >> SMMU_TAG_TBI))) return va;
    unsigned high = va >> 55 & 1;
    if (!(tags >> (SMMU_TAG_TBI + high) & 1)) return va;
    return high ? va | 0xffull << 56 : va & bits_mask(56);
}

/* Spreads configurations and sizes over the sets. */
static ALWAYS_INLINE uint64_t smmu_tlb_base(unsigned n, uint64_t instance)
{
    return instance * 0x9e5 + n;
}

/* The set of a page: pages that follow each other are in sets that do. */
static ALWAYS_INLINE unsigned smmu_tlb_set(uint64_t va, unsigned n, uint64_t instance)
{
    return (unsigned)(((va >> n) + smmu_tlb_base(n, instance)) % SMMU_TLB_SETS);
}

/* The entry of this configuration for a page of 2^n bytes around va that allows what is needed, or NULL. */
static ALWAYS_INLINE const struct smmu_tlb_entry *
smmu_tlb_probe(const struct smmu_caches *k, uint64_t instance, uint64_t va, unsigned n, unsigned need)
{
    const struct smmu_tlb_entry *e = &k->tlb[smmu_tlb_set(va, n, instance)];
    uint64_t want = (va >> n << n) | n, tag = instance << SMMU_TAG_SHIFT | need;
    for (unsigned way = 0; way < SMMU_TLB_WAYS; way++, e += SMMU_TLB_SETS)
        if (smmu_atomic(&e->va) == want && !((e->tag ^ tag) & (~(uint64_t)0xff | need))) return e;
    return NULL;
}

/* Of any size; *n, which was the size to begin with, becomes it. The entry's `va` may be gone by now. */
static ALWAYS_INLINE const struct smmu_tlb_entry *
smmu_tlb_find(const struct smmu_caches *k, uint64_t instance, uint64_t va, unsigned *n, unsigned need)
{
    const struct smmu_tlb_entry *e = smmu_tlb_probe(k, instance, va, *n, need);
    if (likely(e != NULL)) return e;
    uint64_t sizes = __atomic_load_n(&k->sizes, __ATOMIC_RELAXED) & ~(1ull << *n);
    for (; sizes; sizes &= sizes - 1) {
        unsigned other = (unsigned)__builtin_ctzll(sizes);
        e = smmu_tlb_probe(k, instance, va, other, need);
        if (!e) continue;
        *n = other;
        return e;
    }
    return NULL;
}

/* Entries of a configuration are about to be parts of a page or block of 2^n bytes, which the other stage or
 * guest memory divides: invalidations of any address in it mean all of them (the Arm ARM, D8.16). */
static ALWAYS_INLINE void smmu_tlb_split(struct smmu_context *x, unsigned n)
{
    uint64_t split = __atomic_load_n(&x->split, __ATOMIC_RELAXED);
    if (unlikely(split < bits_mask(n))) __atomic_store_n(&x->split, bits_mask(n), __ATOMIC_SEQ_CST);
}

/* Keeps a translation, unless an invalidation came since `fills`. */
void smmu_tlb_insert(struct smmu_caches *k, const struct smmu_tlb_entry *e, uint64_t fills);

/* ---- config_cache.c ---- */
/* The configuration of a substream, read when it is not kept. Also when it cannot be kept: then its instance
 * is 0. On the device's thread; valid until the next call. */
struct smmu_context *smmu_context(struct smmu_device *d, bool substream, uint32_t ssid);

/* ---- walk.c ---- */
/* smmu_walk by a configuration that is kept: with the walk cache. */
bool smmu_walk_context(struct smmu_device *d, const struct smmu_context *x, uint64_t iova, unsigned access,
                       struct smmu_page *page, struct smmu_fault *f);

#endif
