/* For tests of queues, commands, events, stalls, ATS: a unit with its queues in guest memory, a device, and
 * what both are told.
 */
#ifndef DEVICES_SMMU_QUEUE_TEST_H
#define DEVICES_SMMU_QUEUE_TEST_H

#include "devices/smmu/queue.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RAM = 0x40000000, RAM_SIZE = 0x4000000, RIG_SID = 0x0108, RIG_HEARD = 600 };
enum { CMDQ = RAM, EVENTQ = RAM + 0x1000000, PRIQ = RAM + 0x2000000, FREE = RAM + 0x3000000 };

/* A callback of the device, as it came. */
struct heard {
    unsigned stall, end, group, code; /* of resumed; of page_response */
    bool raz, substream;              /* likewise */
    uint32_t ssid;                    /* likewise */
};

struct rig {
    struct mem mem;                /* RAM, and nothing else */
    struct smmu *s;                /* its lines and callbacks are counted below */
    struct smmu_device *d;         /* RIG_SID: ATS, PRI, may stall */
    unsigned lines[SMMU_LINES];    /* edges on wires */
    unsigned sev, messages;        /* events, messages that were not for memory */
    uint64_t message_at;           /* where the last was for */
    struct heard heard[RIG_HEARD]; /* what the device was told */
    unsigned nheard;               /* how often */
    unsigned forgets;              /* how often it was to forget */
    bool deaf;                     /* it does not answer those */
};

static inline void rig_wired(void *arg, enum smmu_line line)
{
    ((struct rig *)arg)->lines[line]++;
}

static inline void rig_msi(void *arg, uint64_t address, uint32_t data)
{
    struct rig *r = arg;
    r->messages++;
    r->message_at = address;
}

static inline void rig_sev(void *arg)
{
    ((struct rig *)arg)->sev++;
}

static inline void rig_resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    struct rig *r = arg;
    assert_true(r->nheard < RIG_HEARD);
    r->heard[r->nheard++] = (struct heard){.stall = stall, .end = end, .raz = raz};
}

static inline void rig_response(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code)
{
    struct rig *r = arg;
    assert_true(r->nheard < RIG_HEARD);
    r->heard[r->nheard++] =
        (struct heard){.substream = substream, .ssid = ssid, .group = group, .code = code};
}

static inline bool rig_forget(void *arg, bool substream, uint32_t ssid, bool global, uint64_t address,
                              uint64_t last)
{
    struct rig *r = arg;
    r->forgets++;
    return !r->deaf;
}

static inline void rig_write(struct rig *r, uint32_t reg, uint64_t v)
{
    const struct dev_register *is = dev_register_at(&smmu_spec, reg);
    assert_true(smmu_mmio_write(r->s, reg, is->size, v));
}

static inline uint64_t rig_read(struct rig *r, uint32_t reg)
{
    const struct dev_register *is = dev_register_at(&smmu_spec, reg);
    uint64_t v;
    assert_true(smmu_mmio_read(r->s, reg, is->size, &v));
    return v;
}

static inline bool rig_error(struct rig *r, uint32_t field)
{
    return dev_of(rig_read(r, SMMU_REG_GERROR) ^ rig_read(r, SMMU_REG_GERRORN), field);
}

/* What the driver does about an error: it has seen it. */
static inline void rig_acknowledge(struct rig *r)
{
    rig_write(r, SMMU_REG_GERRORN, rig_read(r, SMMU_REG_GERROR));
}

static inline uint64_t rig_bits(uint32_t field, uint64_t v)
{
    return v << (field % 64);
}

enum {
    RIG_CMDQ = 8, /* bits of CR0 */
    RIG_EVENTQ = 4,
    RIG_PRIQ = 2,
    RIG_SMMU = 1,
    RIG_ATSCHK = 16,
    RIG_ALL = 15,
};

/* Queues of 1 << log2 entries, all empty, as CR0 says. */
static inline void rig_queues(struct rig *r, unsigned log2, uint64_t cr0)
{
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_CMDQ_BASE, CMDQ | log2);
    rig_write(r, SMMU_REG_EVENTQ_BASE, EVENTQ | log2);
    rig_write(r, SMMU_REG_PRIQ_BASE, PRIQ | log2);
    static const uint32_t indices[] = {SMMU_REG_CMDQ_PROD,   SMMU_REG_CMDQ_CONS, SMMU_REG_EVENTQ_PROD,
                                       SMMU_REG_EVENTQ_CONS, SMMU_REG_PRIQ_PROD, SMMU_REG_PRIQ_CONS};
    for (unsigned i = 0; i < ARRAY_LEN(indices); i++) rig_write(r, indices[i], 0);
    rig_write(r, SMMU_REG_IRQ_CTRL, 7);
    rig_write(r, SMMU_REG_CR0, cr0);
}

static inline struct rig *rig_open(void)
{
    struct rig *r = calloc(1, sizeof(*r));
    struct smmu_board board = {&r->mem, rig_wired, rig_msi, rig_sev, r};
    struct smmu_client client = {.name = "rig",
                                 .sid = RIG_SID,
                                 .ats = true,
                                 .pri = true,
                                 .resumed = rig_resumed,
                                 .page_response = rig_response,
                                 .forget = rig_forget,
                                 .arg = r};
    mem_init(&r->mem);
    assert_int_equal(mem_add(&r->mem, RAM, RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram"), 0);
    r->s = smmu_new(&board);
    assert_non_null(r->s);
    assert_int_equal(smmu_attach(r->s, &client, &r->d), 0);
    rig_queues(r, 8, RIG_ALL);
    return r;
}

static inline int rig_setup(void **state)
{
    *state = rig_open();
    return 0;
}

static inline int rig_teardown(void **state)
{
    struct rig *r = *state;
    smmu_free(r->s);
    mem_free(&r->mem);
    free(r);
    return 0;
}

static inline void rig_store(struct rig *r, uint64_t at, const uint64_t *words, unsigned n)
{
    assert_true(smmu_store_words(r->s, at, words, n));
}

static inline void rig_load(struct rig *r, uint64_t at, uint64_t *words, unsigned n)
{
    assert_true(smmu_load_words(r->s, at, words, n));
}

/* Puts a command where CMDQ_PROD is, without telling. */
static inline void rig_put(struct rig *r, uint64_t w0, uint64_t w1)
{
    struct smmu_queue q;
    uint64_t words[2] = {w0, w1};
    smmu_queue_look(r->s, SMMU_CMDQ, &q);
    rig_store(r, smmu_queue_address(&q, q.prod), words, 2);
}

static inline void rig_kick(struct rig *r)
{
    struct smmu_queue q;
    smmu_queue_look(r->s, SMMU_CMDQ, &q);
    rig_write(r, SMMU_REG_CMDQ_PROD, smmu_queue_next(&q, q.prod));
}

/* One command. What it came to: SMMU_CERROR_NONE when it was consumed. */
static inline unsigned rig_command(struct rig *r, uint64_t w0, uint64_t w1)
{
    rig_put(r, w0, w1);
    rig_kick(r);
    if (!rig_error(r, SMMU_GERROR_CMDQ_ERR)) {
        assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS) & 0xfffff, rig_read(r, SMMU_REG_CMDQ_PROD));
        return SMMU_CERROR_NONE;
    }
    return (unsigned)dev_of(rig_read(r, SMMU_REG_CMDQ_CONS), SMMU_CMDQ_CONS_ERR);
}

/* A wrong command leaves the queue, and the error is acknowledged. */
static inline void rig_mend(struct rig *r)
{
    rig_write(r, SMMU_REG_CMDQ_PROD, rig_read(r, SMMU_REG_CMDQ_CONS) & 0xfffff);
    rig_acknowledge(r);
}

/* Takes the oldest record out of the event or PRI queue; false: there is none. */
static inline bool rig_take(struct rig *r, enum smmu_queue_kind kind, uint64_t *record)
{
    uint32_t cons = kind == SMMU_EVENTQ ? SMMU_REG_EVENTQ_CONS : SMMU_REG_PRIQ_CONS;
    struct smmu_queue q;
    smmu_queue_look(r->s, kind, &q);
    memset(record, 0, q.words * sizeof *record);
    if (!smmu_queue_used(&q)) return false;
    rig_load(r, smmu_queue_address(&q, q.cons), record, q.words);
    rig_write(r, cons, (rig_read(r, cons) & 1u << 31) | smmu_queue_next(&q, q.cons));
    return true;
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
