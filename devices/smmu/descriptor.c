/* One translation table descriptor, read: what it is, where it leads, whom it lets do what. The Arm ARM (DDI
 * 0487) says how, D8.3 and D8.4; IHI 0070 13.4.1 says what of it an SMMU looks at.
 */
#include "devices/smmu/walk.h"

/* Levels at which a block may stand: 4K 1 and 2; 16K 2; 64K 1 and 2 (1 because addresses have 52 bits). */
static bool block_allowed(unsigned granule, unsigned level)
{
    return level == 2 || (level == 1 && granule != 14);
}

enum smmu_kind smmu_descriptor(uint64_t d, unsigned granule, unsigned level, uint64_t *address)
{
    if (!(d & 1)) return SMMU_NOTHING;
    enum smmu_kind kind = SMMU_LEAF;
    if (level == 3) {
        if (!(d & 2)) return SMMU_NOTHING;
    } else if (d & 2) {
        kind = SMMU_TABLE;
    } else if (!block_allowed(granule, level)) {
        return SMMU_NOTHING;
    }
    unsigned low = kind == SMMU_TABLE ? granule : smmu_level_shift(granule, level);
    *address = d & bits_mask(48) & ~bits_mask(low);
    if (granule == 16) *address |= bits_get(d, 15, 12) << 48;
    return kind;
}

enum { AP1 = 1 << 6, S2AP0 = 1 << 6 };
#define PXN          (1ull << 53)
#define XN           (1ull << 54) /* UXN where there are two privileges */
#define PXN_TABLE    (1ull << 59)
#define XN_TABLE     (1ull << 60)
#define AP_TABLE_NO0 (1ull << 61) /* nothing for users */
#define AP_TABLE_RO  (1ull << 62)

struct smmu_permissions smmu_stage1_permissions(const struct smmu_stage *st, uint64_t d, uint64_t hierarchy,
                                                bool writable)
{
    bool write = (writable || !(d & SMMU_D_AP2)) && !(hierarchy & AP_TABLE_RO);
    bool xn = (d & XN) || (hierarchy & XN_TABLE);
    if (!st->two_ranges) { /* EL2: AP[1] and PXN say nothing, and there is one privilege (13.4.1) */
        unsigned p = SMMU_READ | (write ? SMMU_WRITE : 0) | (xn || (st->wxn && write) ? 0 : SMMU_EXEC);
        return (struct smmu_permissions){(uint8_t)p, (uint8_t)p};
    }
    bool user = (d & AP1) && !(hierarchy & AP_TABLE_NO0);
    bool user_write = user && write;
    bool pxn = (d & PXN) || (hierarchy & PXN_TABLE) || user_write; /* what users write, nobody else runs */
    unsigned u = (user ? SMMU_READ : 0) | (user_write ? SMMU_WRITE : 0);
    if (!xn && !(st->wxn && user_write)) u |= SMMU_EXEC;
    unsigned p = SMMU_READ | (write ? SMMU_WRITE : 0);
    if (st->pan && user) p = 0;
    if (!pxn && !(st->wxn && (p & SMMU_WRITE))) p |= SMMU_EXEC;
    return (struct smmu_permissions){(uint8_t)u, (uint8_t)p};
}

struct smmu_permissions smmu_stage2_permissions(uint64_t d, bool writable)
{
    /* XN[1:0] with XNX (IDR3): whether EL0 and EL1 may execute */
    static const uint8_t user_exec[4] = {SMMU_EXEC, SMMU_EXEC, 0, 0};
    static const uint8_t privileged_exec[4] = {SMMU_EXEC, 0, 0, SMMU_EXEC};
    unsigned rw = (d & S2AP0 ? SMMU_READ : 0) | (writable || (d & SMMU_D_S2AP1) ? SMMU_WRITE : 0);
    unsigned xn = (unsigned)bits_get(d, 54, 53);
    return (struct smmu_permissions){(uint8_t)(rw | user_exec[xn]), (uint8_t)(rw | privileged_exec[xn])};
}
