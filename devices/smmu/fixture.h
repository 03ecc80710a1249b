/* For tests of configuration, walks and caches: a unit over a little guest memory, and tables built in it.
 * The unit is not made by smmu_new where a test needs no more than memory and registers.
 */
#ifndef DEVICES_SMMU_FIXTURE_H
#define DEVICES_SMMU_FIXTURE_H

#include "devices/smmu/internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { FIX_SID = 5 };
#define FIX_BASE    0x80000000ull
#define FIX_SIZE    0x4000000ull
#define FIX_HIGH    (1ull << 50) /* memory that takes 52 bits to reach */
#define FIX_NOWHERE 0x10000000ull

struct fixture {
    struct mem mem;  /* guest memory */
    struct smmu *s;  /* the unit */
    uint64_t next;   /* first byte not handed out */
    uint64_t strtab; /* linear stream table of 64 entries */
    uint64_t ste[8]; /* what fix_apply writes for FIX_SID */
    uint64_t cd[8];  /* likewise */
    uint64_t cd_at;  /* where it writes it */
};

/* A translation table that a test builds. */
struct fix_table {
    uint64_t root;           /* where it begins */
    unsigned granule, start; /* bits of a page; level */
    unsigned bits;           /* of input */
    uint64_t extra;          /* bits that table descriptors get */
};

static inline uint64_t fix_load(struct fixture *x, uint64_t pa)
{
    uint64_t v;
    assert_true(smmu_load(x->s, pa, &v));
    return v;
}

static inline void fix_store(struct fixture *x, uint64_t pa, uint64_t v)
{
    assert_true(smmu_store_words(x->s, pa, &v, 1));
}

static inline uint64_t fix_alloc(struct fixture *x, uint64_t size)
{
    uint64_t align = size < 4096 ? 4096 : size;
    x->next = (x->next + align - 1) & ~(align - 1);
    uint64_t at = x->next;
    x->next += size;
    assert_true(x->next <= FIX_BASE + FIX_SIZE);
    return at;
}

static inline void fix_put(uint64_t *words, uint32_t field, uint64_t v)
{
    dev_put(words, field, v);
}

static inline void fix_register(struct fixture *x, unsigned offset, uint64_t v)
{
    smmu_register_set(x->s, offset, (uint32_t)v);
    if (v >> 32) smmu_register_set(x->s, offset + 4, (uint32_t)(v >> 32));
}

/* Writes STE and CD as they are. */
static inline void fix_apply(struct fixture *x)
{
    assert_true(smmu_store_words(x->s, x->strtab + FIX_SID * 64, x->ste, 8));
    assert_true(smmu_store_words(x->s, x->cd_at, x->cd, 8));
}

/* Bits that the first level of a table resolves. */
static inline unsigned fix_first_bits(const struct fix_table *t)
{
    return t->bits - (t->granule + (3 - t->start) * (t->granule - 3));
}

static inline struct fix_table fix_table(struct fixture *x, unsigned granule, unsigned bits, int start)
{
    unsigned stride = granule - 3;
    struct fix_table t = {.granule = granule, .bits = bits};
    t.start = start >= 0 ? (unsigned)start : 4 - (bits - granule + stride - 1) / stride;
    uint64_t size = 8ull << fix_first_bits(&t);
    t.root = fix_alloc(x, size < (1ull << granule) ? 1ull << granule : size);
    return t;
}

/* An address as descriptors of this granule have it. */
static inline uint64_t fix_address(unsigned granule, uint64_t pa)
{
    return granule == 16 ? (pa & bits_mask(48)) | (pa >> 48 & 15) << 12 : pa;
}

/* Where the descriptor of iova at `level` lies; tables above it are made. */
static inline uint64_t fix_entry(struct fixture *x, const struct fix_table *t, uint64_t iova, unsigned level)
{
    unsigned stride = t->granule - 3;
    uint64_t table = t->root, index_mask = bits_mask(fix_first_bits(t));
    for (unsigned l = t->start;; l++, index_mask = bits_mask(stride)) {
        uint64_t at = table + (iova >> (t->granule + (3 - l) * stride) & index_mask) * 8;
        if (l == level) return at;
        uint64_t d = fix_load(x, at);
        if (!d) {
            d = fix_address(t->granule, fix_alloc(x, 1ull << t->granule)) | 3 | t->extra;
            fix_store(x, at, d);
        }
        table = d & bits_mask(48) & ~bits_mask(t->granule);
        if (t->granule == 16) table |= (d >> 12 & 15) << 48;
    }
}

enum {
    FIX_S1 = 0x400 | 0x40 | 0x300,
    FIX_S2 = 0x400 | 0xc0 | 0x3c | 0x300
}; /* AF, for all, readable and writable */

/* Maps a page (level 3) or block to pa with these attributes. Where its descriptor lies. */
static inline uint64_t fix_map(struct fixture *x, const struct fix_table *t, uint64_t iova, uint64_t pa,
                               unsigned level, uint64_t attributes)
{
    uint64_t at = fix_entry(x, t, iova, level);
    fix_store(x, at, fix_address(t->granule, pa) | attributes | (level == 3 ? 3 : 1));
    return at;
}

static inline uint64_t fix_tg0(unsigned granule)
{
    return granule == 12 ? 0 : granule == 16 ? 1 : 2;
}

static inline void fix_stage1(struct fixture *x, const struct fix_table *t)
{
    fix_put(x->ste, SMMU_STE_V, 1);
    fix_put(x->ste, SMMU_STE_CONFIG, dev_get(x->ste, SMMU_STE_CONFIG) | SMMU_STE_CONFIG_S1);
    fix_put(x->ste, SMMU_STE_S1CONTEXTPTR, x->cd_at >> 6);
    fix_put(x->cd, SMMU_CD_V, 1);
    fix_put(x->cd, SMMU_CD_AA64, 1);
    fix_put(x->cd, SMMU_CD_T0SZ, 64 - t->bits);
    fix_put(x->cd, SMMU_CD_TG0, fix_tg0(t->granule));
    fix_put(x->cd, SMMU_CD_TTB0, t->root >> 4);
    fix_put(x->cd, SMMU_CD_EPD1, 1);
    fix_put(x->cd, SMMU_CD_IPS, SMMU_SIZE_52);
    fix_put(x->cd, SMMU_CD_R, 1);
    fix_put(x->cd, SMMU_CD_A, 1);
    fix_put(x->cd, SMMU_CD_ASID, 7);
    fix_put(x->cd, SMMU_CD_MAIR, 0x00000000440c04ffull);
}

static inline void fix_stage2(struct fixture *x, const struct fix_table *t)
{
    fix_put(x->ste, SMMU_STE_V, 1);
    fix_put(x->ste, SMMU_STE_CONFIG, dev_get(x->ste, SMMU_STE_CONFIG) | SMMU_STE_CONFIG_S2);
    fix_put(x->ste, SMMU_STE_S2AA64, 1);
    fix_put(x->ste, SMMU_STE_S2T0SZ, 64 - t->bits);
    fix_put(x->ste, SMMU_STE_S2TG, fix_tg0(t->granule));
    fix_put(x->ste, SMMU_STE_S2SL0, t->granule == 12 ? (t->start == 3 ? 3 : 2 - t->start) : 3 - t->start);
    fix_put(x->ste, SMMU_STE_S2TTB, t->root >> 4);
    fix_put(x->ste, SMMU_STE_S2PS, SMMU_SIZE_52);
    fix_put(x->ste, SMMU_STE_S2R, 1);
    fix_put(x->ste, SMMU_STE_S2VMID, 3);
}

/* Memory, a unit of registers alone, a stream table, SMMUEN. */
static inline void fix_init(struct fixture *x, struct smmu *s)
{
    memset(x, 0, sizeof(*x));
    mem_init(&x->mem);
    assert_int_equal(mem_add(&x->mem, FIX_BASE, FIX_SIZE, CPU_READ | CPU_WRITE, NULL, "ram"), 0);
    assert_int_equal(mem_add(&x->mem, FIX_HIGH, 0x100000, CPU_READ | CPU_WRITE, NULL, "high"), 0);
    x->s = s;
    x->next = FIX_BASE + 0x100000;
    s->board.mem = &x->mem;
    x->strtab = fix_alloc(x, 64 * 64);
    x->cd_at = fix_alloc(x, 4096);
    fix_register(x, SMMU_REG_STRTAB_BASE, x->strtab);
    fix_register(x, SMMU_REG_STRTAB_BASE_CFG, 6);
    fix_register(x, SMMU_REG_CR0, 1);
}

#endif
