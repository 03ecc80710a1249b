/* Commands that invalidate, for command.c. */
#ifndef DEVICES_SMMU_INVALIDATE_H
#define DEVICES_SMMU_INVALIDATE_H

#include "devices/smmu/internal.h"

/* What a CMD_TLBI_* chooses entries by. */
enum smmu_tlbi_by {
    SMMU_BY_VMID = 1,
    SMMU_BY_ASID = 2,
    SMMU_BY_ADDRESS = 4, /* of stage 1 */
    SMMU_BY_IPA = 8,     /* of stage 2 */
    SMMU_OF_EL2 = 16,    /* entries of EL2 and EL2-E2H; otherwise of EL1 */
};

bool smmu_range_legal(const uint64_t *command); /* NUM, SCALE, TTL and TG are not a reserved combination */
/* `by`: a set of enum smmu_tlbi_by. */
struct smmu_invalidation smmu_tlbi(const struct smmu *s, const uint64_t *command, unsigned by);

#endif
