/* Register accesses, by the table that specs/devices/smmuv3.yaml makes (IHI 0070 6.2): which bits there are,
 * which of them a write changes now, and what it does besides.
 *
 * What the manual leaves open: an access of 8 bytes to two registers of 4 is two accesses of 4, the lower
 * first; page 0 has page 1's registers, too; other undefined places read as zero. Reads take no lock, so that
 * a driver that polls sees commands go by. */
#include "devices/smmu/internal.h"

static uint64_t value_of(const struct smmu *s, const struct dev_register *r)
{
    return r->size == 8 ? smmu_register64(s, r->offset) : smmu_register(s, r->offset);
}

/* ---- reading ---- */

/* Indices have as many bits as their queue's size, and one for the wrap; those above read as zero (6.3.28).
 */
static const struct {
    unsigned index, base; /* PROD or CONS, and where LOG2SIZE is, in the same place for all queues */
} indices[] = {
    {SMMU_REG_CMDQ_PROD, SMMU_REG_CMDQ_BASE},     {SMMU_REG_CMDQ_CONS, SMMU_REG_CMDQ_BASE},
    {SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_BASE}, {SMMU_REG_EVENTQ_CONS, SMMU_REG_EVENTQ_BASE},
    {SMMU_REG_PRIQ_PROD, SMMU_REG_PRIQ_BASE},     {SMMU_REG_PRIQ_CONS, SMMU_REG_PRIQ_BASE},
};

static uint64_t read_register(const struct smmu *s, const struct dev_register *r)
{
    uint64_t v = value_of(s, r);
    for (size_t i = 0; i < ARRAY_LEN(indices); i++)
        if (indices[i].index == r->offset) {
            uint64_t log2size = dev_of(smmu_register64(s, indices[i].base), SMMU_CMDQ_BASE_LOG2SIZE);
            if (log2size < 19) v &= ~(bits_mask(20) & ~bits_mask((unsigned)log2size + 1));
        }
    return v;
}

static uint32_t read_word(const struct smmu *s, uint64_t offset)
{
    const struct dev_register *r = dev_register_at(&smmu_spec, offset);
    if (r) return (uint32_t)read_register(s, r);
    r = offset % 8 ? dev_register_at(&smmu_spec, offset - 4) : NULL;
    return r && r->size == 8 ? (uint32_t)(read_register(s, r) >> 32) : 0;
}

static bool access_ok(uint64_t offset, unsigned size)
{
    return (size == 4 || size == 8) && offset % size == 0 && offset < SMMU_MMIO_SIZE;
}

bool smmu_mmio_read(struct smmu *s, uint64_t offset, unsigned size, uint64_t *value)
{
    *value = 0;
    if (!access_ok(offset, size)) return false;
    const struct dev_register *r = dev_register_at(&smmu_spec, offset);
    if (size == 8 && r && r->size == 8)
        *value = read_register(s, r);
    else if (size == 8)
        *value = read_word(s, offset) | (uint64_t)read_word(s, offset + 4) << 32;
    else
        *value = read_word(s, offset);
    return true;
}

/* ---- what writes do besides ---- */

static bool changed(uint64_t old, uint64_t fresh, uint32_t field)
{
    return ((old ^ fresh) & dev_bits(field)) != 0;
}

/* Each Update is complete when the write is: 6.3.9.1 to 6.3.9.6 say what that means. */
static void effect_cr0(struct smmu *s, uint64_t old, uint64_t fresh)
{
    if (changed(old, fresh, SMMU_CR0_SMMUEN) || changed(old, fresh, SMMU_CR0_ATSCHK) ||
        changed(old, fresh, SMMU_CR0_VMW)) {
        smmu_forget(s);
        smmu_wait_devices(s);
    }
    if (changed(old, fresh, SMMU_CR0_SMMUEN) && !dev_of(fresh, SMMU_CR0_SMMUEN)) smmu_stalls_abort(s);
    smmu_register_set(s, SMMU_REG_CR0ACK, (uint32_t)fresh);
    smmu_events_resume(s);
    smmu_commands(s);
}

/* Accesses that come from now on have the new attributes (6.3.14.1). */
static void effect_gbpa(struct smmu *s, uint64_t old, uint64_t fresh)
{
    smmu_forget(s);
}

/* Nothing comes of a source any more that has been switched off (6.3.16). */
static void effect_irq_ctrl(struct smmu *s, uint64_t old, uint64_t fresh)
{
    pthread_mutex_lock(&s->interrupts);
    smmu_register_set(s, SMMU_REG_IRQ_CTRLACK, (uint32_t)fresh);
    pthread_mutex_unlock(&s->interrupts);
}

/* An error that was acknowledged holds nothing up any more (7.1, 7.2.1). */
static void effect_gerrorn(struct smmu *s, uint64_t old, uint64_t fresh)
{
    smmu_events_resume(s);
    smmu_commands(s);
}

static void effect_cmdq_prod(struct smmu *s, uint64_t old, uint64_t fresh)
{
    smmu_commands(s);
}

static void effect_eventq_cons(struct smmu *s, uint64_t old, uint64_t fresh)
{
    smmu_events_resume(s);
}

static void (*const effects[SMMU_EFFECTS])(struct smmu *s, uint64_t old, uint64_t fresh) = {
    [SMMU_EFFECT_CR0] = effect_cr0,
    [SMMU_EFFECT_GBPA] = effect_gbpa,
    [SMMU_EFFECT_IRQ_CTRL] = effect_irq_ctrl,
    [SMMU_EFFECT_GERRORN] = effect_gerrorn,
    [SMMU_EFFECT_CMDQ_PROD] = effect_cmdq_prod,
    [SMMU_EFFECT_EVENTQ_CONS] = effect_eventq_cons,
};

/* ---- writing ---- */

/* Bits that a field's guard holds (since version 3.2, such writes are ignored: 6.3.11.1, 6.3.24 …). */
static uint64_t guarded_bits(const struct smmu *s, const struct dev_register *r)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct dev_guard *g = &smmu_spec.guards[r->fields[i].guard];
        if (r->fields[i].guard && value_of(s, &smmu_spec.registers[g->reg]) & g->bits)
            bits |= dev_bits(r->fields[i].at);
    }
    return bits;
}

static void write_register(struct smmu *s, const struct dev_register *r, uint64_t value, uint64_t mask)
{
    if ((value & mask & r->needs) != r->needs) return;
    uint64_t bits = mask & r->writable & ~guarded_bits(s, r);
    pthread_mutex_lock(&s->records);
    uint64_t old = value_of(s, r), fresh = (old & ~bits) | (value & bits);
    smmu_register_set(s, r->offset, (uint32_t)fresh);
    if (r->size == 8) smmu_register_set(s, r->offset + 4, (uint32_t)(fresh >> 32));
    pthread_mutex_unlock(&s->records);
    if (r->effect) effects[r->effect](s, old, fresh);
}

static void write_word(struct smmu *s, uint64_t offset, uint32_t value)
{
    const struct dev_register *r = dev_register_at(&smmu_spec, offset);
    if (r) {
        write_register(s, r, value, 0xffffffff);
        return;
    }
    r = offset % 8 ? dev_register_at(&smmu_spec, offset - 4) : NULL;
    if (r && r->size == 8) write_register(s, r, (uint64_t)value << 32, 0xffffffffull << 32);
}

bool smmu_mmio_write(struct smmu *s, uint64_t offset, unsigned size, uint64_t value)
{
    if (!access_ok(offset, size)) return false;
    const struct dev_register *r = dev_register_at(&smmu_spec, offset);
    pthread_mutex_lock(&s->lock);
    if (size == 8 && r && r->size == 8) {
        write_register(s, r, value, ~0ull);
    } else {
        write_word(s, offset, (uint32_t)value);
        if (size == 8) write_word(s, offset + 4, (uint32_t)(value >> 32));
    }
    pthread_mutex_unlock(&s->lock);
    return true;
}

void smmu_registers_reset(struct smmu *s)
{
    pthread_mutex_lock(&s->records);
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) {
        const struct dev_register *r = &smmu_spec.registers[i];
        smmu_register_set(s, r->offset, (uint32_t)r->reset);
        if (r->size == 8) smmu_register_set(s, r->offset + 4, (uint32_t)(r->reset >> 32));
    }
    pthread_mutex_unlock(&s->records);
}
