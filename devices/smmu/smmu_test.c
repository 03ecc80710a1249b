/* The unit as a whole: what a reset leaves, what is counted. */
#include "devices/smmu/queue.h"
#include "devices/smmu/unit_test.h"

/* A device that can wait, and how often it heard that its access ended. */
struct waiter {
    struct smmu_device *d; /* it */
    unsigned aborted;      /* how often */
};

static void on_resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    struct waiter *w = arg;
    assert_int_equal(end, SMMU_ABORTED);
    /* the unit is off: it could try again, and would not wait for ever */
    assert_int_equal(smmu_register(w->d->smmu, SMMU_REG_CR0), 0);
    w->aborted++;
}

static void attach(struct unit *u, struct waiter *w, uint32_t sid)
{
    struct smmu_client c = {.name = "w", .sid = sid, .ats = true, .resumed = on_resumed, .arg = w};
    w->aborted = 0;
    assert_int_equal(smmu_attach(u->smmu, &c, &w->d), 0);
}

static void stall(struct waiter *w)
{
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .class_ = SMMU_CLASS_IN, .access = SMMU_READ};
    struct smmu_request q = {.iova = 0x1000, .size = 8, .access = SMMU_READ};
    uint64_t record[SMMU_EVENT_WORDS];
    smmu_event_make(record, w->d->client.sid, &f, &q);
    smmu_stall_begin(w->d, record);
}

/* Devices stay; all that the guest set up, and all that was under way, is gone. */
static void test_reset(void **state)
{
    struct unit u;
    struct waiter a, b;
    struct smmu_stats stats;
    unit_open(&u, false);
    attach(&u, &a, 3);
    attach(&u, &b, 9);
    unit_write(&u, 0xa0, 8, (UNIT_RAM + 0x1000) | 4);
    unit_write(&u, 0x20, 4, 5);
    stall(&a);
    stall(&a);
    stall(&b);
    a.d->atc[0] = (struct smmu_atc_entry){.size = 0x1000, .perm = SMMU_READ};
    smmu_gerror_raise(u.smmu, SMMU_GERROR_CMDQ_ERR);
    smmu_stats(u.smmu, &stats);
    assert_int_equal(stats.stalls, 3);
    assert_int_equal(stats.events, 3);
    smmu_reset(u.smmu);
    assert_int_equal(a.aborted, 2);
    assert_int_equal(b.aborted, 1);
    assert_int_equal(u.smmu->nstalls, 0);
    assert_int_equal(a.d->atc[0].size, 0);
    for (unsigned i = 0; i < smmu_spec.nregisters; i++)
        assert_int_equal(unit_read(&u, smmu_spec.registers[i].offset, smmu_spec.registers[i].size),
                         smmu_spec.registers[i].reset);
    smmu_stats(u.smmu, &stats);
#define X(name, doc) assert_int_equal(stats.name, 0);
    SMMU_STATS(X)
#undef X
    assert_ptr_equal(smmu_next_device(u.smmu, NULL), a.d);
    assert_ptr_equal(smmu_next_device(u.smmu, a.d), b.d);
    unit_close(&u);
}

/* What a device counted stays counted when it goes. */
static void test_stats(void **state)
{
    struct unit u;
    struct waiter a, b;
    struct smmu_stats stats;
    unit_open(&u, false);
    attach(&u, &a, 1);
    attach(&u, &b, 2);
    stall(&a);
    stall(&b);
    smmu_detach(a.d);
    smmu_stats(u.smmu, &stats);
    assert_int_equal(stats.stalls, 2);
    assert_int_equal(a.aborted, 0);
    assert_int_equal(u.smmu->nstalls, 1);
    unit_close(&u);
}

/* SMMUEN off: who waits is aborted (6.3.9.6); other bits of CR0 do not touch them. */
static void test_disable(void **state)
{
    struct unit u;
    struct waiter a;
    unit_open(&u, false);
    attach(&u, &a, 1);
    unit_write(&u, 0x20, 4, 1);
    stall(&a);
    unit_write(&u, 0x20, 4, 1 | 1 << 4);
    unit_write(&u, 0x20, 4, 1 | 2 << 6);
    unit_write(&u, 0x20, 4, 1);
    assert_int_equal(a.aborted, 0);
    unit_write(&u, 0x20, 4, 0);
    assert_int_equal(a.aborted, 1);
    unit_close(&u);
}

static void test_nothing(void **state)
{
    smmu_free(NULL);
    struct unit u;
    unit_open(&u, true);
    unit_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reset), cmocka_unit_test(test_stats),
                                       cmocka_unit_test(test_disable), cmocka_unit_test(test_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
