/* One translation table descriptor, read: what it is, where it leads, whom it lets do what. The Arm ARM (DDI
 * 0487) says how, D8.3 and D8.4; IHI 0070 13.4.1 says what of it an SMMU looks at.
 */
#include "devices/smmu/walk.h"

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
