/* Circular queues: every size, wrapping, full, overflow, contradicting indices, no memory, switched off. */
#include "devices/smmu/queue_test.h"

enum { INDEX = 0xfffff, FLAG = 1u << 31 };

static const uint64_t sample[] = {0x1111, 0x2222, 0x3333, 0x4444};

/* ---- as registers stand ---- */

static void test_look(void **state)
{
    struct rig *r = *state;
    struct smmu_queue q;
    rig_write(r, SMMU_REG_CR0, 0);
    for (unsigned log2 = 0; log2 < 32; log2++) {
        unsigned bits = log2 > 19 ? 19 : log2;
        rig_write(r, SMMU_REG_EVENTQ_BASE, 0xffffffffffffffe0 | log2);
        smmu_queue_look(r->s, SMMU_EVENTQ, &q);
        assert_int_equal(q.entries, 1u << bits);
        assert_int_equal(q.base, 0xfffffffffffff & ~((32ull << bits) - 1));
        rig_write(r, SMMU_REG_CMDQ_BASE, 0xffffffffffffffe0 | log2);
        smmu_queue_look(r->s, SMMU_CMDQ, &q);
        uint64_t size = (16ull << bits) < 32 ? 32 : 16ull << bits;
        assert_int_equal(q.base, 0xfffffffffffff & ~(size - 1));
        rig_write(r, SMMU_REG_CMDQ_PROD, INDEX);
        smmu_queue_look(r->s, SMMU_CMDQ, &q);
        assert_int_equal(q.prod, (2u << bits) - 1);
        assert_int_equal(smmu_queue_next(&q, q.prod), 0);
        assert_int_equal(smmu_queue_address(&q, q.prod), q.base + 16 * (q.entries - 1));
    }
}

/* ---- commands ---- */

/* Twice around, with as many commands at once as there is room for, then one by one. */
static void test_commands_wrap(void **state)
{
    struct rig *r = *state;
    for (unsigned log2 = 0; log2 <= 19; log2++) {
        uint32_t n = 1u << log2;
        struct smmu_stats before, after;
        rig_queues(r, log2, RIG_ALL);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t prefetch[2] = {SMMU_CMD_PREFETCH_CONFIG};
            rig_store(r, CMDQ + 16ull * i, prefetch, 2);
        }
        smmu_stats(r->s, &before);
        rig_write(r, SMMU_REG_CMDQ_PROD, n); /* wrapped: it is full */
        assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), n);
        rig_write(r, SMMU_REG_CMDQ_PROD, 0);
        assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 0);
        for (uint32_t i = 1; i <= 2 * n && i <= 64; i++) {
            rig_write(r, SMMU_REG_CMDQ_PROD, i & (2 * n - 1));
            assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), i & (2 * n - 1));
        }
        smmu_stats(r->s, &after);
        assert_int_equal(after.commands - before.commands, 2 * n + (2 * n < 64 ? 2 * n : 64));
        assert_false(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    }
}

/* Who sees a full queue may sleep until an event tells of room (4.1.2). */
static void test_full_wakes(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 2, RIG_ALL & ~RIG_CMDQ);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t prefetch[2] = {SMMU_CMD_PREFETCH_CONFIG};
        rig_store(r, CMDQ + 16ull * i, prefetch, 2);
    }
    rig_write(r, SMMU_REG_CMDQ_PROD, 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 3);
    assert_int_equal(r->sev, 0);
    rig_write(r, SMMU_REG_CMDQ_PROD, 7); /* 3 and the wrap bit */
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 7);
    assert_int_equal(r->sev, 1);
}

static void test_contradiction(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 3, RIG_ALL);
    rig_write(r, SMMU_REG_CMDQ_PROD, 9); /* nine entries of eight */
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 0);
    assert_false(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    rig_write(r, SMMU_REG_EVENTQ_CONS, 7); /* -7 of eight */
    smmu_event_record(r->s, sample, false);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD) & INDEX, 0);
}

static void test_commands_off(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 3, RIG_ALL & ~RIG_CMDQ);
    rig_put(r, SMMU_CMD_PREFETCH_CONFIG, 0);
    rig_kick(r);
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 0);
    rig_write(r, SMMU_REG_CR0, RIG_CMDQ); /* needs no SMMUEN */
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 1);
}

static void test_commands_no_memory(void **state)
{
    struct rig *r = *state;
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_CMDQ_BASE, 0x1000 | 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    rig_write(r, SMMU_REG_CMDQ_PROD, 1);
    assert_true(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), rig_bits(SMMU_CMDQ_CONS_ERR, SMMU_CERROR_ABT));
    assert_int_equal(r->lines[SMMU_IRQ_GERROR], 1);
    rig_acknowledge(r); /* nothing was mended: the same again */
    assert_true(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    assert_int_equal(r->lines[SMMU_IRQ_GERROR], 2);
}

/* ---- events ---- */

static void take(struct rig *r, uint64_t want)
{
    uint64_t record[SMMU_EVENT_WORDS];
    assert_true(rig_take(r, SMMU_EVENTQ, record));
    assert_int_equal(record[0], want);
}

static void put(struct rig *r, uint64_t what)
{
    uint64_t record[SMMU_EVENT_WORDS] = {what, 2, 3, 4};
    smmu_event_record(r->s, record, false);
}

static void test_events_wrap(void **state)
{
    struct rig *r = *state;
    for (unsigned log2 = 0; log2 <= 19; log2++) {
        uint32_t n = 1u << log2;
        rig_queues(r, log2, RIG_ALL);
        for (unsigned round = 0; round < 3; round++) {
            unsigned lines = r->lines[SMMU_IRQ_EVENTQ];
            for (uint32_t i = 0; i < n; i++) put(r, i + 1);
            assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), (round + 1) * n & (2 * n - 1));
            assert_int_equal(r->lines[SMMU_IRQ_EVENTQ] - lines, 1); /* it was empty once */
            put(r, 0);
            assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), ((round + 1) * n & (2 * n - 1)) | FLAG);
            put(r, 0); /* toggled once */
            assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), ((round + 1) * n & (2 * n - 1)) | FLAG);
            for (uint32_t i = 0; i < n && i < 32; i++) take(r, i + 1);
            uint32_t all = (round + 1) * n & (2 * n - 1);
            rig_write(r, SMMU_REG_EVENTQ_CONS, all | FLAG); /* consumed, acknowledged */
            put(r, 99);
            take(r, 99);
            /* Back to where the rounds are, with the flags equal again. */
            rig_write(r, SMMU_REG_CR0, 0);
            rig_write(r, SMMU_REG_EVENTQ_PROD, all);
            rig_write(r, SMMU_REG_EVENTQ_CONS, all);
            rig_write(r, SMMU_REG_CR0, RIG_ALL);
        }
    }
}

/* Unlike PRI's, an overflow that is not acknowledged keeps nothing out; another cannot be told (7.4). */
static void test_events_overflow(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 1, RIG_ALL);
    struct smmu_stats stats;
    for (unsigned i = 1; i <= 3; i++) put(r, i);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 2 | FLAG);
    take(r, 1);
    put(r, 4);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 3 | FLAG);
    put(r, 5);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 3 | FLAG);
    rig_write(r, SMMU_REG_EVENTQ_CONS, 1 | FLAG);
    put(r, 6);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 3); /* the next one toggles back */
    rig_write(r, SMMU_REG_EVENTQ_CONS, 1);
    take(r, 2);
    take(r, 4);
    smmu_stats(r->s, &stats);
    assert_int_equal(stats.events, 3);
    assert_int_equal(stats.events_lost, 3);
}

static void test_events_off(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 0, RIG_ALL & ~RIG_EVENTQ);
    put(r, 1);
    put(r, 1);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 0); /* no overflow either */
    rig_write(r, SMMU_REG_CR0, RIG_EVENTQ);
    put(r, 2);
    put(r, 3);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 1 | FLAG);
    take(r, 2);
}

/* Nothing is written beside memory; until the driver has seen the error, nothing at all. */
static void test_events_no_memory(void **state)
{
    struct rig *r = *state;
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_EVENTQ_BASE, 0x1000 | 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    put(r, 1);
    assert_true(rig_error(r, SMMU_GERROR_EVENTQ_ABT_ERR));
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 0);
    assert_int_equal(r->lines[SMMU_IRQ_EVENTQ], 0);
    assert_int_equal(r->lines[SMMU_IRQ_GERROR], 1);
    rig_queues(r, 3, RIG_ALL);
    put(r, 2);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 0);
    rig_acknowledge(r);
    put(r, 3);
    take(r, 3);
}

/* A queue that reaches beyond the end of memory: what lies before it is there, the rest aborts. */
static void test_half_memory(void **state)
{
    struct rig *r = *state;
    rig_write(r, SMMU_REG_CR0, 0);
    assert_int_equal(mem_add(&r->mem, 0x80000000, 0x1000, CPU_READ | CPU_WRITE, NULL, "half"), 0);
    rig_write(r, SMMU_REG_EVENTQ_BASE, 0x80000000 | 8);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    for (unsigned i = 0; i < 200; i++) put(r, i);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 128);
    assert_true(rig_error(r, SMMU_GERROR_EVENTQ_ABT_ERR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_look),         RIG_TEST(test_commands_wrap),
        RIG_TEST(test_full_wakes),   RIG_TEST(test_contradiction),
        RIG_TEST(test_commands_off), RIG_TEST(test_commands_no_memory),
        RIG_TEST(test_events_wrap),  RIG_TEST(test_events_overflow),
        RIG_TEST(test_events_off),   RIG_TEST(test_events_no_memory),
        RIG_TEST(test_half_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
