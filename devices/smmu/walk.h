/* Between walk.c and what it is made of: how descriptors read, and how memory attributes combine. */
#ifndef DEVICES_SMMU_WALK_H
#define DEVICES_SMMU_WALK_H

#include "devices/smmu/internal.h"

/* ---- descriptor.c: one descriptor of an AArch64 table (the Arm ARM, D8.3) ---- */

enum smmu_kind { SMMU_NOTHING, SMMU_TABLE, SMMU_LEAF };

/* Bits of descriptors that walks look at. */
#define SMMU_D_AF        (1ull << 10)
#define SMMU_D_NG        (1ull << 11)
#define SMMU_D_DBM       (1ull << 51)
#define SMMU_D_AP2       (1ull << 7) /* stage 1: read-only */
#define SMMU_D_S2AP1     (1ull << 7) /* stage 2: writable */
#define SMMU_D_HIERARCHY (0x1full << 59)

/* Input bits below the index of a level. */
static inline unsigned smmu_level_shift(unsigned granule, unsigned level)
{
    return granule + (3 - level) * (granule - 3);
}

/* Levels at which a block may stand: 4K 1 and 2; 16K 2; 64K 1 and 2 (1 because addresses have 52 bits). */
static inline bool smmu_block_allowed(unsigned granule, unsigned level)
{
    return level == 2 || (level == 1 && granule != 14);
}

/* What a descriptor of this level is, and the address that it has. */
static ALWAYS_INLINE enum smmu_kind smmu_descriptor(uint64_t d, unsigned granule, unsigned level,
                                                    uint64_t *address)
{
    if (!(d & 1)) return SMMU_NOTHING;
    enum smmu_kind kind = SMMU_LEAF;
    if (level == 3) {
        if (!(d & 2)) return SMMU_NOTHING;
    } else if (d & 2) {
        kind = SMMU_TABLE;
    } else if (!smmu_block_allowed(granule, level)) {
        return SMMU_NOTHING;
    }
    unsigned low = kind == SMMU_TABLE ? granule : smmu_level_shift(granule, level);
    *address = d & bits_mask(48) & ~bits_mask(low);
    if (granule == 16) *address |= bits_get(d, 15, 12) << 48;
    return kind;
}

/* Whom a leaf lets do what: sets of SMMU_READ, SMMU_WRITE, SMMU_EXEC. */
struct smmu_permissions {
    uint8_t user, privileged; /* likewise */
};

/* hierarchy: the table descriptors' bits, ORed. `writable`: dirty state by hardware makes it so. */
struct smmu_permissions smmu_stage1_permissions(const struct smmu_stage *st, uint64_t d, uint64_t hierarchy,
                                                bool writable);
struct smmu_permissions smmu_stage2_permissions(uint64_t d, bool writable);
/* What of an access (SMMU_READ …, SMMU_PRIVILEGED) they do not allow, as SMMU_READ …; 0: nothing. */
static inline unsigned smmu_denied(struct smmu_permissions p, unsigned access)
{
    unsigned need = access & SMMU_EXEC ? SMMU_EXEC : access & (SMMU_READ | SMMU_WRITE);
    return need & ~(unsigned)(access & SMMU_PRIVILEGED ? p.privileged : p.user);
}

/* ---- attributes.c: memory types (chapter 13) ---- */

/* A memory type is a byte as in MAIR: 0x00, 0x04, 0x08, 0x0c: devices nGnRnE to GRE; otherwise outer and
 * inner cacheability. Shareability is as in descriptors: 0 none, 2 outer, 3 inner. */
struct smmu_attributes {
    uint8_t type, share; /* likewise */
};

struct smmu_attributes smmu_attributes_in(bool replaced, unsigned memattr, unsigned alloccfg, unsigned shcfg);
struct smmu_attributes smmu_attributes_stage1(struct smmu_attributes in, uint64_t mair, uint64_t d);
struct smmu_attributes smmu_attributes_stage2(struct smmu_attributes in, uint64_t d, bool force_write_back);
bool smmu_stage2_device(uint64_t d, bool force_write_back); /* any device type */

/* ---- walk.c ---- */
/* Stage 2 alone, for reading a CD or L1CD: *pa is where [ipa, …] lies. False: c->bad says why not. */
bool smmu_walk_cd(struct smmu *s, struct smmu_config *c, uint64_t ipa, uint64_t *pa);

#endif
