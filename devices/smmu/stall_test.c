/* Stalled accesses: CMD_RESUME, CMD_STALL_TERM, what the queue has no room for, a full table, the end of it
 * all. */
#include "devices/smmu/fixture.h"
#include "devices/smmu/queue_test.h"

/* An access of this device stalls: its number. */
static unsigned stall(struct smmu_device *d)
{
    struct smmu_config c = {.s1 = {.on = true, .stall = true}};
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .iova = 0x5000, .access = SMMU_READ, .class_ = 2};
    struct smmu_request q = {.iova = 0x5000, .size = 1, .access = SMMU_READ};
    struct smmu_stop stop = {0};
    assert_int_equal(smmu_fault_end(d, &c, &f, &q, &stop), SMMU_STALLED);
    return stop.stall;
}

enum { ABORT = 2, RETRY = 1, RAZ = 0 }; /* Ab, Ac */

static void resume(struct rig *r, uint32_t sid, unsigned stag, unsigned how)
{
    uint64_t w0 = SMMU_CMD_RESUME | rig_bits(SMMU_CMD_RESUME_SID, sid) |
                  rig_bits(SMMU_CMD_RESUME_AC, how & RETRY) | rig_bits(SMMU_CMD_RESUME_AB, !!(how & ABORT));
    assert_int_equal(rig_command(r, w0, stag), SMMU_CERROR_NONE);
}

static void terminate(struct rig *r, uint32_t sid)
{
    assert_int_equal(rig_command(r, SMMU_CMD_STALL_TERM | rig_bits(SMMU_CMD_STALL_TERM_SID, sid), 0), 0);
}

static void sync(struct rig *r)
{
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
}

/* The newest thing that the device was told, and no other. */
static void heard(struct rig *r, unsigned number, enum smmu_end end, bool raz)
{
    assert_int_equal(r->nheard, 1);
    assert_int_equal(r->heard[0].stall, number);
    assert_int_equal(r->heard[0].end, end);
    assert_int_equal(r->heard[0].raz, raz);
    r->nheard = 0;
}

static unsigned recorded(struct rig *r, bool *stalled)
{
    uint64_t words[SMMU_EVENT_WORDS];
    assert_true(rig_take(r, SMMU_EVENTQ, words));
    *stalled = dev_get(words, SMMU_EVENT_STALL);
    return (unsigned)dev_get(words, SMMU_EVENT_STAG);
}

static void test_resume(void **state)
{
    struct rig *r = *state;
    static const struct {
        unsigned how;
        enum smmu_end end;
        bool raz;
    } cases[] = {{RETRY, SMMU_DONE, false},
                 {RETRY | ABORT, SMMU_DONE, false}, /* Ab is ignored */
                 {ABORT, SMMU_ABORTED, false},
                 {RAZ, SMMU_ABORTED, true}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        bool stalled;
        unsigned number = stall(r->d);
        assert_int_equal(recorded(r, &stalled), number);
        assert_true(stalled);
        resume(r, RIG_SID, number, cases[i].how);
        heard(r, number, cases[i].end, cases[i].raz);
        resume(r, RIG_SID, number, cases[i].how); /* it is over */
        assert_int_equal(r->nheard, 0);
    }
}

/* A number that is not of this stream, or of nobody: nothing happens. */
static void test_mismatch(void **state)
{
    struct rig *r = *state;
    unsigned number = stall(r->d);
    resume(r, RIG_SID + 1, number, RETRY);
    resume(r, RIG_SID, number + 1, RETRY);
    resume(r, RIG_SID, 0xffff, RETRY);
    resume(r, RIG_SID, SMMU_STALLS, RETRY);
    terminate(r, RIG_SID + 1);
    assert_int_equal(r->nheard, 0);
    terminate(r, RIG_SID);
    heard(r, number, SMMU_ABORTED, false);
}

/* Each stalled access is by itself; termination takes those of one stream. */
static void test_many(void **state)
{
    struct rig *r = *state;
    struct smmu_client other = {.name = "other", .sid = 5, .resumed = rig_resumed, .arg = r};
    struct smmu_device *d;
    unsigned number[4];
    assert_int_equal(smmu_attach(r->s, &other, &d), 0);
    for (unsigned i = 0; i < 4; i++) number[i] = stall(i & 1 ? d : r->d);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < i; k++) assert_int_not_equal(number[i], number[k]);
    resume(r, 5, number[3], RETRY);
    heard(r, number[3], SMMU_DONE, false);
    terminate(r, RIG_SID);
    assert_int_equal(r->nheard, 2);
    r->nheard = 0;
    resume(r, 5, number[1], ABORT);
    heard(r, number[1], SMMU_ABORTED, false);
}

/* ---- the queue has no room ---- */

static void lose(struct rig *r)
{
    static const uint64_t record[SMMU_EVENT_WORDS] = {1};
    smmu_event_record(r->s, record, false);
}

/* A stall's event is not lost, and is no overflow; it comes when there is room, oldest first. */
static void test_pending(void **state)
{
    struct rig *r = *state;
    bool stalled;
    unsigned number[3];
    rig_queues(r, 0, RIG_ALL);
    lose(r);
    number[0] = stall(r->d);
    resume(r, RIG_SID, number[0], ABORT); /* known by guessing: it has no record, and gets none */
    heard(r, number[0], SMMU_ABORTED, false);
    for (unsigned i = 0; i < 3; i++) number[i] = stall(r->d);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 1);
    recorded(r, &stalled);
    assert_false(stalled);
    unsigned lines = r->lines[SMMU_IRQ_EVENTQ];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(recorded(r, &stalled), number[i]);
        assert_true(stalled);
    }
    assert_int_equal(r->lines[SMMU_IRQ_EVENTQ] - lines, 2); /* the first was there already */
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD) >> 31, 0);
    assert_int_equal(r->s->npending, 0);
    for (unsigned i = 0; i < 3; i++) {
        resume(r, RIG_SID, number[i], RETRY);
        heard(r, number[i], SMMU_DONE, false);
    }
}

/* Switched on, and an acknowledged abort, are room as well. */
static void test_pending_off(void **state)
{
    struct rig *r = *state;
    bool stalled;
    rig_queues(r, 3, RIG_ALL & ~RIG_EVENTQ);
    unsigned number = stall(r->d);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_int_equal(recorded(r, &stalled), number);
    resume(r, RIG_SID, number, RETRY);
    heard(r, number, SMMU_DONE, false);

    rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_EVENTQ);
    rig_write(r, SMMU_REG_EVENTQ_BASE, 0x1000 | 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    number = stall(r->d);
    assert_true(rig_error(r, SMMU_GERROR_EVENTQ_ABT_ERR));
    rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_EVENTQ);
    rig_write(r, SMMU_REG_EVENTQ_BASE, EVENTQ | 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    rig_acknowledge(r);
    assert_int_equal(recorded(r, &stalled), number);
    assert_true(stalled);
}

/* After a CMD_SYNC the record would tell of what is no more: the access is tried again instead (7.2.1). */
static void test_stale(void **state)
{
    struct rig *r = *state;
    bool stalled;
    rig_queues(r, 0, RIG_ALL);
    lose(r);
    unsigned old = stall(r->d);
    sync(r);
    assert_int_equal(r->nheard, 0); /* not before there is room */
    recorded(r, &stalled);
    assert_false(stalled);
    heard(r, old, SMMU_DONE, false);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), rig_read(r, SMMU_REG_EVENTQ_CONS));
    /* What is recorded is not touched by a CMD_SYNC. */
    unsigned number = stall(r->d);
    sync(r);
    recorded(r, &stalled);
    assert_int_equal(r->nheard, 0);
    resume(r, RIG_SID, number, RETRY);
    heard(r, number, SMMU_DONE, false);
}

/* Nor while an abort of the queue is not acknowledged. */
static void test_stale_abort(void **state)
{
    struct rig *r = *state;
    rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_EVENTQ);
    rig_write(r, SMMU_REG_EVENTQ_BASE, 0x1000 | 3);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    unsigned number = stall(r->d);
    sync(r);
    rig_write(r, SMMU_REG_EVENTQ_CONS, 0);
    assert_int_equal(r->nheard, 0);
    rig_acknowledge(r);
    heard(r, number, SMMU_DONE, false);
}

/* ---- no room for more of them ---- */

static void test_table_full(void **state)
{
    struct rig *r = *state;
    struct smmu_stats stats;
    rig_queues(r, 10, RIG_ALL);
    for (unsigned i = 0; i < SMMU_STALLS; i++) assert_int_equal(stall(r->d), i);
    assert_int_equal(stall(r->d), SMMU_STALLS);
    assert_int_equal(stall(r->d), SMMU_STALLS);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), SMMU_STALLS); /* IDR5.STALL_MAX */
    assert_int_equal(dev_of(rig_read(r, SMMU_REG_IDR5), SMMU_IDR5_STALL_MAX), SMMU_STALLS);
    resume(r, RIG_SID, 77, ABORT);
    assert_int_equal(r->nheard, 2);
    assert_int_equal(r->heard[0].stall, 77);
    assert_int_equal(r->heard[1].stall, SMMU_STALLS);
    assert_int_equal(r->heard[1].end, SMMU_DONE);
    r->nheard = 0;
    assert_int_equal(stall(r->d), 77);
    resume(r, RIG_SID, 77, ABORT);
    heard(r, 77, SMMU_ABORTED, false); /* nobody waits now */
    assert_int_equal(stall(r->d), 77);
    assert_int_equal(stall(r->d), SMMU_STALLS);
    terminate(r, RIG_SID);
    assert_int_equal(r->nheard, SMMU_STALLS + 1);
    assert_int_equal(r->heard[SMMU_STALLS].stall, SMMU_STALLS);
    assert_int_equal(r->heard[SMMU_STALLS].end, SMMU_ABORTED);
    smmu_stats(r->s, &stats);
    assert_int_equal(stats.stalls, SMMU_STALLS + 5);
}

/* What is tried again instead of recorded makes room, too. */
static void test_table_stale(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 10, RIG_ALL & ~RIG_EVENTQ);
    for (unsigned i = 0; i <= SMMU_STALLS; i++) assert_int_equal(stall(r->d), i);
    sync(r);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_int_equal(r->nheard, SMMU_STALLS + 1);
    assert_int_equal(r->heard[SMMU_STALLS].stall, SMMU_STALLS);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 0);
    assert_int_equal(r->s->nstalls + r->s->npending, 0);
}

/* A stream that is terminated, and a device that leaves, make room for others. */
static void test_detach(void **state)
{
    struct rig *r = *state;
    struct smmu_client other = {.name = "other", .sid = 5, .resumed = rig_resumed, .arg = r};
    struct smmu_device *d;
    assert_int_equal(smmu_attach(r->s, &other, &d), 0);
    for (unsigned i = 0; i < SMMU_STALLS; i++) stall(d);
    assert_int_equal(stall(r->d), SMMU_STALLS);
    terminate(r, 5);
    assert_int_equal(r->nheard, SMMU_STALLS + 1);
    assert_int_equal(r->heard[SMMU_STALLS].stall, SMMU_STALLS);
    assert_int_equal(r->heard[SMMU_STALLS].end, SMMU_DONE);
    r->nheard = 0;
    for (unsigned i = 0; i < SMMU_STALLS; i++) stall(d);
    assert_int_equal(stall(r->d), SMMU_STALLS);
    smmu_detach(d);
    heard(r, SMMU_STALLS, SMMU_DONE, false);
    assert_int_equal(stall(r->d), 0);
}

/* SMMUEN to 0, and reset: all of them end as errors (6.3.9.6). */
static void test_switched_off(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 2; i++) {
        rig_queues(r, 8, RIG_ALL);
        r->nheard = 0;
        unsigned number = stall(r->d);
        rig_write(r, SMMU_REG_CR0, RIG_ALL); /* no change */
        assert_int_equal(r->nheard, 0);
        if (i)
            smmu_reset(r->s);
        else
            rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_SMMU);
        heard(r, number, SMMU_ABORTED, false);
    }
}

/* The device tries again at once, and stalls again: nothing goes round for ever. */
static struct smmu_device *stubborn;
static void again(void *arg, unsigned number, enum smmu_end end, bool raz)
{
    struct rig *r = arg;
    r->nheard++;
    if (end == SMMU_DONE) stall(stubborn);
}

static void test_again(void **state)
{
    struct rig *r = *state;
    struct smmu_client other = {.name = "stubborn", .sid = 5, .resumed = again, .arg = r};
    assert_int_equal(smmu_attach(r->s, &other, &stubborn), 0);
    rig_queues(r, 0, RIG_ALL);
    for (unsigned i = 0; i < SMMU_STALLS + 3; i++) stall(stubborn);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t words[SMMU_EVENT_WORDS];
        if (i % 3 == 1) sync(r);
        if (rig_take(r, SMMU_EVENTQ, words)) resume(r, 5, (unsigned)dev_get(words, SMMU_EVENT_STAG), RETRY);
    }
    assert_true(r->nheard > 100);
    terminate(r, 5);
}

/* ---- from the access to its end, over real tables ---- */

enum { PAGE = 0x5000 };

static void test_demand_paging(void **state)
{
    struct rig *r = *state;
    struct smmu_client client = *smmu_client(r->d);
    struct fixture x = {.s = r->s, .next = FREE + 0x100000};
    struct smmu_device *d;
    struct smmu_stop stop;
    uint64_t words[SMMU_EVENT_WORDS], bytes[2] = {0x1111, 0x2222}, back[2] = {0};
    struct smmu_request q = {.iova = PAGE + 0xff8, .size = 16, .access = SMMU_WRITE};
    x.strtab = fix_alloc(&x, 64 * 64);
    x.cd_at = fix_alloc(&x, 4096);
    struct fix_table table = fix_table(&x, 12, 39, -1);
    fix_map(&x, &table, PAGE, RAM, 3, FIX_S1);
    fix_stage1(&x, &table);
    fix_put(x.cd, SMMU_CD_S, 1);
    fix_apply(&x);
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_STRTAB_BASE, x.strtab);
    rig_write(r, SMMU_REG_STRTAB_BASE_CFG, 6);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    client.sid = FIX_SID;
    assert_int_equal(smmu_attach(r->s, &client, &d), 0);

    /* The first half has a page, the second has none. */
    assert_int_equal(smmu_dma(d, &q, bytes, &stop), SMMU_STALLED);
    assert_int_equal(stop.done, 8);
    assert_int_equal(stop.event, SMMU_F_TRANSLATION);
    assert_true(rig_take(r, SMMU_EVENTQ, words));
    assert_int_equal(words[0], (uint64_t)FIX_SID << 32 | SMMU_F_TRANSLATION);
    assert_int_equal(words[1], stop.stall | 1u << 31 | 2ull << 40);
    assert_int_equal(words[2], PAGE + 0x1000);
    assert_int_equal(words[3], 0);
    fix_map(&x, &table, PAGE + 0x1000, RAM + 0x3000, 3, FIX_S1);
    resume(r, FIX_SID, stop.stall, RETRY);
    heard(r, stop.stall, SMMU_DONE, false);
    q.iova += stop.done;
    q.size -= stop.done;
    assert_int_equal(smmu_dma(d, &q, &bytes[1], &stop), SMMU_DONE);
    rig_load(r, RAM + 0xff8, back, 1);
    rig_load(r, RAM + 0x3000, back + 1, 1);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_false(rig_take(r, SMMU_EVENTQ, words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_resume),       RIG_TEST(test_mismatch),      RIG_TEST(test_many),
        RIG_TEST(test_pending),      RIG_TEST(test_stale),         RIG_TEST(test_pending_off),
        RIG_TEST(test_detach),       RIG_TEST(test_table_full),    RIG_TEST(test_again),
        RIG_TEST(test_table_stale),  RIG_TEST(test_demand_paging), RIG_TEST(test_stale_abort),
        RIG_TEST(test_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
