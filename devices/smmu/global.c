/* Global errors (IHI 0070 7.5): GERROR toggles a bit when an error becomes active, GERRORN says what the
 * driver has seen of it; while they differ, it is active. */
#include "devices/smmu/internal.h"

bool smmu_gerror_active(const struct smmu *s, uint32_t field)
{
    return dev_of(smmu_register(s, SMMU_REG_GERROR) ^ smmu_register(s, SMMU_REG_GERRORN), field) != 0;
}

void smmu_gerror_raise(struct smmu *s, uint32_t field)
{
    pthread_mutex_lock(&s->records);
    bool fresh = !smmu_gerror_active(s, field);
    if (fresh)
        smmu_register_set(s, SMMU_REG_GERROR, smmu_register(s, SMMU_REG_GERROR) ^ (uint32_t)dev_bits(field));
    pthread_mutex_unlock(&s->records);
    /* Its own message has just aborted: another one is not tried (7.5.1). */
    if (fresh && field != SMMU_GERROR_MSI_GERROR_ABT_ERR) smmu_interrupt(s, SMMU_IRQ_GERROR);
}
