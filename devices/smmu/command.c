/* The command queue (IHI 0070 chapter 4): each command is a row of what it must not say and what it does. A
 * command that is wrong stops the queue until the driver has acknowledged the error (7.1). Reserved fields
 * are ignored (4.1.5).
 */
#include "devices/smmu/invalidate.h"
#include "devices/smmu/queue.h"

enum { ATC_SIZE_ALL = 52 }; /* CMD_ATC_INV.SIZE: every address */

static bool smmu_on(const struct smmu *s)
{
    return dev_of(smmu_register(s, SMMU_REG_CR0), SMMU_CR0_SMMUEN);
}

/* ---- what commands must not say: false is CERROR_ILL ---- */

/* Secure streams are not for the Non-secure queue (4.1.6). */
static bool check_ssec(const uint64_t *c)
{
    return !dev_get(c, SMMU_CMD_CFGI_STE_SSEC);
}

static bool check_atc(const uint64_t *c)
{
    return dev_get(c, SMMU_CMD_ATC_INV_SIZE) <= ATC_SIZE_ALL;
}

static bool check_pri(const uint64_t *c)
{
    return dev_get(c, SMMU_CMD_PRI_RESP_RESP) <= SMMU_PRI_RESP_SUCCESS;
}

static bool check_sync(const uint64_t *c)
{
    return dev_get(c, SMMU_CMD_SYNC_CS) <= SMMU_CMD_SYNC_CS_SEV;
}

/* ---- what they do: 0, or what stops them ---- */

/* Nothing need be fetched ahead (4.2). */
static unsigned do_prefetch(struct smmu *s, const uint64_t *c, unsigned arg)
{
    return SMMU_CERROR_NONE;
}

static unsigned config_invalidate(struct smmu *s, const struct smmu_invalidation *inv)
{
    smmu_count(&s->stats.invalidations, 1);
    smmu_config_invalidate(s, inv);
    return SMMU_CERROR_NONE;
}

/* An STE with its CDs, or all CDs of a stream: also then the STE goes, which costs little. */
static unsigned do_cfgi_stream(struct smmu *s, const uint64_t *c, unsigned arg)
{
    uint32_t sid = (uint32_t)dev_get(c, SMMU_CMD_CFGI_STE_SID);
    struct smmu_invalidation inv = {.sid_first = sid, .sid_last = sid};
    return config_invalidate(s, &inv);
}

/* Also CMD_CFGI_ALL: a range of 31. */
static unsigned do_cfgi_range(struct smmu *s, const uint64_t *c, unsigned arg)
{
    uint32_t span = (uint32_t)bits_mask((unsigned)dev_get(c, SMMU_CMD_CFGI_STE_RANGE_RANGE) + 1);
    uint32_t sid = (uint32_t)dev_get(c, SMMU_CMD_CFGI_STE_RANGE_SID);
    struct smmu_invalidation inv = {.sid_first = sid & ~span, .sid_last = sid | span};
    return config_invalidate(s, &inv);
}

static unsigned do_cfgi_cd(struct smmu *s, const uint64_t *c, unsigned arg)
{
    uint32_t sid = (uint32_t)dev_get(c, SMMU_CMD_CFGI_CD_SID);
    struct smmu_invalidation inv = {.sid_first = sid,
                                    .sid_last = sid,
                                    .by_ssid = true,
                                    .ssid = (uint32_t)dev_get(c, SMMU_CMD_CFGI_CD_SSID),
                                    .leaf = dev_get(c, SMMU_CMD_CFGI_CD_LEAF)};
    return config_invalidate(s, &inv);
}

static unsigned do_tlbi(struct smmu *s, const uint64_t *c, unsigned by)
{
    struct smmu_invalidation inv = smmu_tlbi(s, c, by);
    smmu_count(&s->stats.invalidations, 1);
    smmu_tlb_invalidate(s, &inv);
    return SMMU_CERROR_NONE;
}

static unsigned do_atc_inv(struct smmu *s, const uint64_t *c, unsigned arg)
{
    uint64_t span = bits_mask((unsigned)dev_get(c, SMMU_CMD_ATC_INV_SIZE) + 12);
    uint64_t address = dev_get(c, SMMU_CMD_ATC_INV_ADDRESS) << 12;
    bool ssv = dev_get(c, SMMU_CMD_ATC_INV_SSV);
    if (!smmu_on(s)) return SMMU_CERROR_NONE; /* ignored (4.5.1) */
    smmu_count(&s->stats.invalidations, 1);
    if (!smmu_atc_invalidate(s, (uint32_t)dev_get(c, SMMU_CMD_ATC_INV_SID), ssv,
                             (uint32_t)dev_get(c, SMMU_CMD_ATC_INV_SSID),
                             ssv && dev_get(c, SMMU_CMD_ATC_INV_GLOBAL), address & ~span, address | span))
        s->atc_silent = true;
    return SMMU_CERROR_NONE;
}

static unsigned do_pri_resp(struct smmu *s, const uint64_t *c, unsigned arg)
{
    /* As the response message has them (8.3). */
    static const unsigned codes[] = {[SMMU_PRI_RESP_DENY] = SMMU_PAGE_FAILURE,
                                     [SMMU_PRI_RESP_INVALID] = SMMU_PAGE_INVALID,
                                     [SMMU_PRI_RESP_SUCCESS] = SMMU_PAGE_SUCCESS};
    if (!smmu_on(s)) return SMMU_CERROR_NONE; /* ignored (4.5.2) */
    smmu_page_response(s, (uint32_t)dev_get(c, SMMU_CMD_PRI_RESP_SID), dev_get(c, SMMU_CMD_PRI_RESP_SSV),
                       (uint32_t)dev_get(c, SMMU_CMD_PRI_RESP_SSID),
                       (unsigned)dev_get(c, SMMU_CMD_PRI_RESP_PRGINDEX),
                       codes[dev_get(c, SMMU_CMD_PRI_RESP_RESP)]);
    return SMMU_CERROR_NONE;
}

static unsigned do_resume(struct smmu *s, const uint64_t *c, unsigned arg)
{
    bool retry = dev_get(c, SMMU_CMD_RESUME_AC), abort = dev_get(c, SMMU_CMD_RESUME_AB);
    smmu_stall_resume(s, (uint32_t)dev_get(c, SMMU_CMD_RESUME_SID),
                      (unsigned)dev_get(c, SMMU_CMD_RESUME_STAG), retry ? SMMU_DONE : SMMU_ABORTED,
                      !retry && !abort);
    return SMMU_CERROR_NONE;
}

static unsigned do_stall_term(struct smmu *s, const uint64_t *c, unsigned arg)
{
    smmu_stalls_terminate(s, (uint32_t)dev_get(c, SMMU_CMD_STALL_TERM_SID));
    return SMMU_CERROR_NONE;
}

static unsigned do_sync(struct smmu *s, const uint64_t *c, unsigned arg)
{
    smmu_wait_devices(s);
    smmu_stalls_sync(s);
    if (!s->atc_silent) return SMMU_CERROR_NONE;
    s->atc_silent = false; /* the next CMD_SYNC waits for nobody who will not answer */
    return SMMU_CERROR_ATC_INV_SYNC;
}

/* One command. What Secure state, MPAM and the like would have is not here: CERROR_ILL (7.1). */
static const struct command {
    bool (*check)(const uint64_t *c);                                 /* or NULL: nothing can be wrong */
    unsigned (*act)(struct smmu *s, const uint64_t *c, unsigned arg); /* NULL: there is no such command */
    unsigned arg;                                                     /* for act */
} commands[256] = {
    [SMMU_CMD_PREFETCH_CONFIG] = {check_ssec, do_prefetch, 0},
    [SMMU_CMD_PREFETCH_ADDR] = {check_ssec, do_prefetch, 0},
    [SMMU_CMD_CFGI_STE] = {check_ssec, do_cfgi_stream, 0},
    [SMMU_CMD_CFGI_STE_RANGE] = {check_ssec, do_cfgi_range, 0},
    [SMMU_CMD_CFGI_CD] = {check_ssec, do_cfgi_cd, 0},
    [SMMU_CMD_CFGI_CD_ALL] = {check_ssec, do_cfgi_stream, 0},
    [SMMU_CMD_TLBI_NH_ALL] = {NULL, do_tlbi, SMMU_BY_VMID},
    [SMMU_CMD_TLBI_NH_ASID] = {NULL, do_tlbi, SMMU_BY_VMID | SMMU_BY_ASID},
    [SMMU_CMD_TLBI_NH_VA] = {smmu_range_legal, do_tlbi, SMMU_BY_VMID | SMMU_BY_ASID | SMMU_BY_ADDRESS},
    [SMMU_CMD_TLBI_NH_VAA] = {smmu_range_legal, do_tlbi, SMMU_BY_VMID | SMMU_BY_ADDRESS},
    [SMMU_CMD_TLBI_EL2_ALL] = {NULL, do_tlbi, SMMU_OF_EL2},
    [SMMU_CMD_TLBI_EL2_ASID] = {NULL, do_tlbi, SMMU_OF_EL2 | SMMU_BY_ASID},
    [SMMU_CMD_TLBI_EL2_VA] = {smmu_range_legal, do_tlbi, SMMU_OF_EL2 | SMMU_BY_ASID | SMMU_BY_ADDRESS},
    [SMMU_CMD_TLBI_EL2_VAA] = {smmu_range_legal, do_tlbi, SMMU_OF_EL2 | SMMU_BY_ADDRESS},
    [SMMU_CMD_TLBI_S12_VMALL] = {NULL, do_tlbi, SMMU_BY_VMID},
    [SMMU_CMD_TLBI_S2_IPA] = {smmu_range_legal, do_tlbi, SMMU_BY_VMID | SMMU_BY_IPA},
    [SMMU_CMD_TLBI_NSNH_ALL] = {NULL, do_tlbi, 0},
    [SMMU_CMD_ATC_INV] = {check_atc, do_atc_inv, 0},
    [SMMU_CMD_PRI_RESP] = {check_pri, do_pri_resp, 0},
    [SMMU_CMD_RESUME] = {check_ssec, do_resume, 0},
    [SMMU_CMD_STALL_TERM] = {check_ssec, do_stall_term, 0},
    [SMMU_CMD_SYNC] = {check_sync, do_sync, 0},
};

/* One command at its place: 0, or why it stops the queue. */
static unsigned command_do(struct smmu *s, const struct smmu_queue *q, uint64_t *words)
{
    if (!smmu_load_words(s, smmu_queue_address(q, q->cons), words, SMMU_COMMAND_WORDS))
        return SMMU_CERROR_ABT;
    const struct command *c = &commands[dev_get(words, SMMU_CMD_OPCODE)];
    if (!c->act || (c->check && !c->check(words))) return SMMU_CERROR_ILL;
    return c->act(s, words, c->arg);
}

/* A CMD_SYNC is complete, and seen to be: it says so as it was asked to (4.7.3). */
static void sync_signal(struct smmu *s, const uint64_t *words)
{
    uint64_t address = dev_get(words, SMMU_CMD_SYNC_MSIADDRESS) << 2;
    unsigned how = (unsigned)dev_get(words, SMMU_CMD_SYNC_CS);
    if (how == SMMU_CMD_SYNC_CS_SEV && s->board.event) s->board.event(s->board.arg);
    if (how != SMMU_CMD_SYNC_CS_IRQ) return;
    smmu_interrupt(s, SMMU_IRQ_SYNC);
    if (address && !smmu_msi(s, address, (uint32_t)dev_get(words, SMMU_CMD_SYNC_MSIDATA)))
        smmu_gerror_raise(s, SMMU_GERROR_MSI_CMDQ_ABT_ERR);
}

static void cons_put(struct smmu *s, uint32_t field, uint32_t v)
{
    uint32_t cons = smmu_register(s, SMMU_REG_CMDQ_CONS) & ~(uint32_t)dev_bits(field);
    smmu_register_set(s, SMMU_REG_CMDQ_CONS, cons | v << (field % 64));
}

static void command_stop(struct smmu *s, unsigned why)
{
    cons_put(s, SMMU_CMDQ_CONS_ERR, why);
    smmu_gerror_raise(s, SMMU_GERROR_CMDQ_ERR);
}

/* What is done for one command ends before the next: there are no more than the queue has entries. */
void smmu_commands(struct smmu *s)
{
    uint64_t words[SMMU_COMMAND_WORDS];
    uint32_t cr0 = smmu_register(s, SMMU_REG_CR0);
    struct smmu_queue q;
    if (!dev_of(cr0, SMMU_CR0_CMDQEN) || smmu_gerror_active(s, SMMU_GERROR_CMDQ_ERR)) return;
    smmu_queue_look(s, SMMU_CMDQ, &q);
    uint32_t used = smmu_queue_used(&q);
    if (used > q.entries) return;
    bool full = used == q.entries;
    for (; used; used--) {
        unsigned why = command_do(s, &q, words);
        if (why) {
            command_stop(s, why);
            return;
        }
        smmu_count(&s->stats.commands, 1);
        q.cons = smmu_queue_next(&q, q.cons);
        cons_put(s, SMMU_CMDQ_CONS_RD, q.cons);
        /* Who waited for room may sleep until an event comes (4.1.2). */
        if (full && s->board.event) s->board.event(s->board.arg);
        full = false;
        if (dev_get(words, SMMU_CMD_OPCODE) == SMMU_CMD_SYNC) sync_signal(s, words);
    }
}
