/* The unit's circular queues in guest memory (IHI 0070 3.5): where their entries are, how full they are, and
 * what it takes to write one. Nothing here trusts an index or a base: entries lie where their registers say,
 * or are not there.
 */
#include "devices/smmu/queue.h"

enum { QUEUE_LOG2_MAX = 19, INDEX_BITS = 20 }; /* IDR1.CMDQS, EVENTQS, PRIQS */

static const struct queue_kind {
    uint32_t base, prod, cons; /* registers */
    uint32_t log2size, addr;   /* fields of base */
    uint32_t enable;           /* of CR0 */
    uint32_t abort;            /* of GERROR */
    uint32_t overflow;         /* of prod; cons has its acknowledgement in the same place */
    uint8_t words;             /* of an entry */
    bool inhibits;             /* an overflow that is not acknowledged lets nothing in (8.1) */
} kinds[] = {
    [SMMU_CMDQ] = {SMMU_REG_CMDQ_BASE, SMMU_REG_CMDQ_PROD, SMMU_REG_CMDQ_CONS, SMMU_CMDQ_BASE_LOG2SIZE,
                   SMMU_CMDQ_BASE_ADDR, SMMU_CR0_CMDQEN, SMMU_GERROR_CMDQ_ERR, 0, SMMU_COMMAND_WORDS, false},
    [SMMU_EVENTQ] = {SMMU_REG_EVENTQ_BASE, SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_CONS,
                     SMMU_EVENTQ_BASE_LOG2SIZE, SMMU_EVENTQ_BASE_ADDR, SMMU_CR0_EVENTQEN,
                     SMMU_GERROR_EVENTQ_ABT_ERR, SMMU_EVENTQ_PROD_OVFLG, SMMU_EVENT_WORDS, false},
    [SMMU_PRIQ] = {SMMU_REG_PRIQ_BASE, SMMU_REG_PRIQ_PROD, SMMU_REG_PRIQ_CONS, SMMU_PRIQ_BASE_LOG2SIZE,
                   SMMU_PRIQ_BASE_ADDR, SMMU_CR0_PRIQEN, SMMU_GERROR_PRIQ_ABT_ERR, SMMU_PRIQ_PROD_OVFLG,
                   SMMU_PRI_WORDS, true},
};

static uint64_t register_field(const struct smmu *s, uint32_t reg, uint32_t field)
{
    return dev_of(smmu_register(s, reg), field);
}

void smmu_queue_look(const struct smmu *s, enum smmu_queue_kind kind, struct smmu_queue *q)
{
    const struct queue_kind *k = &kinds[kind];
    uint64_t base = smmu_register64(s, k->base);
    unsigned bits = (unsigned)dev_of(base, k->log2size);
    if (bits > QUEUE_LOG2_MAX) bits = QUEUE_LOG2_MAX;
    q->words = k->words;
    q->entries = 1u << bits;
    /* The base is aligned to the queue's size, to 32 bytes at least (6.3.26). */
    q->base = base & dev_bits(k->addr) & ~((uint64_t)q->entries * q->words * 8 - 1);
    uint32_t mask = q->entries * 2 - 1; /* bits above the wrap bit do not count */
    q->prod = smmu_register(s, k->prod) & mask;
    q->cons = smmu_register(s, k->cons) & mask;
}

uint32_t smmu_queue_used(const struct smmu_queue *q)
{
    return (q->prod - q->cons) & (q->entries * 2 - 1);
}

uint64_t smmu_queue_address(const struct smmu_queue *q, uint32_t index)
{
    return q->base + (uint64_t)(index & (q->entries - 1)) * q->words * 8;
}

uint32_t smmu_queue_next(const struct smmu_queue *q, uint32_t index)
{
    return (index + 1) & (q->entries * 2 - 1);
}

/* OVFLG differs from OVACKFLG. */
static bool overflowed(const struct smmu *s, const struct queue_kind *k)
{
    return register_field(s, k->prod, k->overflow) != register_field(s, k->cons, k->overflow);
}

bool smmu_queue_writable(const struct smmu *s, enum smmu_queue_kind kind)
{
    const struct queue_kind *k = &kinds[kind];
    struct smmu_queue q;
    smmu_queue_look(s, kind, &q);
    return register_field(s, SMMU_REG_CR0, k->enable) && !smmu_gerror_active(s, k->abort) &&
           !(k->inhibits && overflowed(s, k)) && smmu_queue_used(&q) < q.entries;
}

enum smmu_put smmu_queue_put(struct smmu *s, enum smmu_queue_kind kind, const uint64_t *record)
{
    const struct queue_kind *k = &kinds[kind];
    struct smmu_queue q;
    if (!register_field(s, SMMU_REG_CR0, k->enable) || smmu_gerror_active(s, k->abort)) return SMMU_PUT_OFF;
    smmu_queue_look(s, kind, &q);
    if ((k->inhibits && overflowed(s, k)) || smmu_queue_used(&q) >= q.entries) return SMMU_PUT_FULL;
    if (!smmu_store_words(s, smmu_queue_address(&q, q.prod), record, q.words)) return SMMU_PUT_ABORT;
    /* Whoever sees the index sees the record (3.5.2). */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    smmu_register_set(s, k->prod,
                      (smmu_register(s, k->prod) & ~(uint32_t)bits_mask(INDEX_BITS)) |
                          smmu_queue_next(&q, q.prod));
    return smmu_queue_used(&q) ? SMMU_PUT : SMMU_PUT_FIRST;
}

void smmu_queue_overflow(struct smmu *s, enum smmu_queue_kind kind)
{
    const struct queue_kind *k = &kinds[kind];
    if (overflowed(s, k)) return;
    smmu_register_set(s, k->prod, smmu_register(s, k->prod) ^ (uint32_t)dev_bits(k->overflow));
}
