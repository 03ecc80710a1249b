/* For the fuzzer: guest memory, and tables in it that hold, so that what the fuzzer does finds its way past
 * the first check. Two levels of stream tables and of CDs lead to the same entries as one level.
 */
#ifndef DEVICES_SMMU_FUZZ_TABLES_H
#define DEVICES_SMMU_FUZZ_TABLES_H

#include "devices/smmu/internal.h"

#define RAM  0x40000000ull
#define HIGH (1ull << 50)
#define TOP  ((1ull << 52) - TOP_SIZE) /* where addresses end */
enum {
    RAM_SIZE = 1 << 20,
    HIGH_SIZE = 1 << 16,
    TOP_SIZE = 1 << 13,
    STREAMS = 6, /* STRTAB_BASE_CFG.LOG2SIZE */
    /* where tables that hold are */
    STRTAB = 0x0,
    STRTAB_L1 = 0x1000,
    CDS = 0x2000,
    CDS_L1 = 0x3000,
    STAGE1 = 0x10000,
    STAGE2 = 0x20000,
    COMMANDS = 0x40000,
    EVENTS = 0x50000,
    PAGES = 0x60000,
};

static inline void word(struct mem *m, uint64_t at, uint64_t v)
{
    (void)mem_write(m, RAM + at, &v, 8);
}

/* A table for each level over the first 2 MiB; 512 pages to memory, or to where `to` says. */
static inline void tables(struct mem *m, uint64_t at, uint64_t leaf, uint64_t to)
{
    for (unsigned level = 0; level < 3; level++)
        word(m, at + level * 0x1000, (RAM + at + (level + 1) * 0x1000) | 3);
    word(m, at + 0x1008, (RAM + at + 0x2000) | 3); /* the same at RAM, where stage 1's tables are */
    for (unsigned i = 0; i < 512; i++) word(m, at + 0x3000 + i * 8, (to + i % 256 * 0x1000) | leaf);
}

static inline void stream(struct mem *m, unsigned sid, uint64_t config, bool two_levels, unsigned flags)
{
    uint64_t ste[8] = {0}, cd[8] = {0};
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, config);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, (RAM + CDS) >> 6);
    dev_put(ste, SMMU_STE_S1CDMAX, flags & 3);
    dev_put(ste, SMMU_STE_S1DSS, 2);
    dev_put(ste, SMMU_STE_EATS, flags >> 2 & 3);
    dev_put(ste, SMMU_STE_S2AA64, 1);
    dev_put(ste, SMMU_STE_S2T0SZ, 64 - 48);
    dev_put(ste, SMMU_STE_S2SL0, 2);
    dev_put(ste, SMMU_STE_S2PS, SMMU_SIZE_52);
    dev_put(ste, SMMU_STE_S2R, 1);
    dev_put(ste, SMMU_STE_S2S, !(flags >> 2 & 3) && flags >> 7);
    dev_put(ste, SMMU_STE_S2HA, flags >> 4 & 1);
    dev_put(ste, SMMU_STE_S2HD, flags >> 5 & 1);
    dev_put(ste, SMMU_STE_S2TTB, (RAM + STAGE2) >> 4);
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 64 - 48);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SMMU_SIZE_52);
    dev_put(cd, SMMU_CD_A, flags >> 6 & 1);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_S, flags >> 7 & 1);
    dev_put(cd, SMMU_CD_HA, flags >> 4 & 1);
    dev_put(cd, SMMU_CD_HD, flags >> 5 & 1);
    dev_put(cd, SMMU_CD_TTB0, (RAM + STAGE1) >> 4);
    dev_put(ste, SMMU_STE_S1FMT, two_levels);
    if (two_levels) dev_put(ste, SMMU_STE_S1CONTEXTPTR, (RAM + CDS_L1) >> 6);
    word(m, CDS_L1, (RAM + CDS) | 1);
    for (unsigned i = 0; i < 8; i++) word(m, STRTAB + sid * 64 + i * 8, ste[i]);
    for (unsigned c = 0; c < 8; c++)
        for (unsigned i = 0; i < 8; i++) word(m, CDS + c * 64 + i * 8, cd[i]);
}

/* Two levels: the stream table has a level of its own above it. */
static inline void switch_on(struct smmu *s, struct mem *m, bool two_levels)
{
    const struct {
        unsigned offset; /* of the register */
        uint64_t value;  /* for it */
    } writes[] = {{SMMU_REG_STRTAB_BASE, RAM + (two_levels ? STRTAB_L1 : STRTAB)},
                  {SMMU_REG_STRTAB_BASE_CFG, STREAMS | (two_levels ? 6 << 6 | 1 << 16 : 0)},
                  {SMMU_REG_CMDQ_BASE, (RAM + COMMANDS) | 6},
                  {SMMU_REG_EVENTQ_BASE, (RAM + EVENTS) | 4},
                  {SMMU_REG_PRIQ_BASE, (RAM + PAGES) | 4},
                  {SMMU_REG_IRQ_CTRL, 7},
                  {SMMU_REG_CR0, 0x1f}};
    word(m, STRTAB_L1, (RAM + STRTAB) | (STREAMS + 1));
    for (unsigned i = 0; i < ARRAY_LEN(writes); i++) {
        unsigned size = i == 0 || (i >= 2 && i <= 4) ? 8 : 4;
        (void)smmu_mmio_write(s, writes[i].offset, size, writes[i].value);
    }
}

#endif
