/* Interrupts (IHI 0070 3.18): an edge on a wire, a message where its address is not 0, or both. */
#include "devices/smmu/internal.h"

/* What enables a source, what configures its message, and what a message that aborts raises. */
static const struct {
    uint32_t enable;    /* of IRQ_CTRL; 0: the command itself asked for it */
    unsigned cfg;       /* *_IRQ_CFG0; CFG1 comes 8 bytes behind it */
    uint32_t abort_err; /* of GERROR */
} sources[SMMU_LINES] = {
    [SMMU_IRQ_EVENTQ] = {SMMU_IRQ_CTRL_EVENTQ_IRQEN, SMMU_REG_EVENTQ_IRQ_CFG0,
                         SMMU_GERROR_MSI_EVENTQ_ABT_ERR},
    [SMMU_IRQ_PRIQ] = {SMMU_IRQ_CTRL_PRIQ_IRQEN, SMMU_REG_PRIQ_IRQ_CFG0, SMMU_GERROR_MSI_PRIQ_ABT_ERR},
    [SMMU_IRQ_SYNC] = {0},
    [SMMU_IRQ_GERROR] = {SMMU_IRQ_CTRL_GERROR_IRQEN, SMMU_REG_GERROR_IRQ_CFG0,
                         SMMU_GERROR_MSI_GERROR_ABT_ERR},
};

bool smmu_msi(struct smmu *s, uint64_t address, uint32_t data)
{
    if (smmu_store32(s, address, data)) return true;
    if (!s->board.msi || mem_find(s->board.mem, address)) return false;
    s->board.msi(s->board.arg, address, data);
    return true;
}

/* Under `interrupts`. False: a message aborted. */
static bool send(struct smmu *s, enum smmu_line line)
{
    uint32_t enabled = smmu_register(s, SMMU_REG_IRQ_CTRL);
    uint64_t address = sources[line].cfg ? smmu_register64(s, sources[line].cfg) : 0;
    if (sources[line].enable && !dev_of(enabled, sources[line].enable)) return true;
    if (s->board.wired) s->board.wired(s->board.arg, line);
    return !address || smmu_msi(s, address, smmu_register(s, sources[line].cfg + 8));
}

void smmu_interrupt(struct smmu *s, enum smmu_line line)
{
    pthread_mutex_lock(&s->interrupts);
    bool sent = send(s, line);
    pthread_mutex_unlock(&s->interrupts);
    /* ends soon: an error that is active is not raised again */
    if (!sent) smmu_gerror_raise(s, sources[line].abort_err);
}
