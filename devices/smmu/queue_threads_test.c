/* Devices in threads that fault, stall, ask for pages and translations, while a driver consumes what they
 * record, answers, invalidates, and switches queues off and on. Also run by `make tsan`.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/queue_test.h"

#include <sched.h>

/* ---- every stalled access is resumed, once ---- */

enum { DEVICES = 3, ROUNDS = 400 };

struct staller {
    struct smmu_device *d;     /* sid 1, 2 … */
    pthread_t thread;          /* it has one access at a time */
    unsigned resumed, answers; /* how often; page requests answered */
    unsigned number;           /* of the last stall that was resumed */
    unsigned wrong;            /* it was another than that which stalled */
    unsigned asked, done;      /* page requests; it has come to its end */
};

static unsigned now(const unsigned *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void add(unsigned *p)
{
    __atomic_fetch_add(p, 1, __ATOMIC_ACQ_REL);
}

static void on_resumed(void *arg, unsigned number, enum smmu_end end, bool raz)
{
    struct staller *t = arg;
    __atomic_store_n(&t->number, number, __ATOMIC_RELAXED);
    add(&t->resumed);
}

static void on_answer(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code)
{
    add(&((struct staller *)arg)->answers);
}

static void *stall_on(void *arg)
{
    struct staller *t = arg;
    struct smmu_config c = {.s1 = {.on = true, .stall = true, .record = true}};
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .access = SMMU_READ, .class_ = SMMU_CLASS_IN};
    struct smmu_request q = {.iova = 0x5000, .size = 1, .access = SMMU_READ};
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct smmu_stop stop = {0};
        if (i % 4 == 0) { /* one that ends at once */
            c.s1.stall = false;
            smmu_fault_end(t->d, &c, &f, &q, &stop);
            c.s1.stall = true;
            add(&t->asked);
            smmu_page_request(t->d, &q, 1, true);
        }
        if (smmu_fault_end(t->d, &c, &f, &q, &stop) != SMMU_STALLED) add(&t->wrong);
        while (now(&t->resumed) != i + 1) sched_yield();
        if (stop.stall != __atomic_load_n(&t->number, __ATOMIC_RELAXED)) add(&t->wrong);
    }
    add(&t->done);
    return NULL;
}

/* One step of a driver. */
static void drive(struct rig *r, struct rng *rng)
{
    uint64_t words[SMMU_EVENT_WORDS];
    if (rig_take(r, SMMU_EVENTQ, words) && dev_get(words, SMMU_EVENT_STALL)) {
        uint64_t w0 = SMMU_CMD_RESUME | rig_bits(SMMU_CMD_RESUME_AC, 1) |
                      rig_bits(SMMU_CMD_RESUME_SID, dev_get(words, SMMU_EVENT_SID));
        assert_int_equal(rig_command(r, w0, dev_get(words, SMMU_EVENT_STAG)), 0);
    }
    if (rig_take(r, SMMU_PRIQ, words)) {
        uint64_t w0 = SMMU_CMD_PRI_RESP | rig_bits(SMMU_CMD_PRI_RESP_SID, dev_get(words, SMMU_PRIQ_SID));
        assert_int_equal(rig_command(r, w0, 1 | 2 << 12), 0);
    }
    /* Overflows are seen. */
    uint64_t cons = rig_read(r, SMMU_REG_PRIQ_CONS) & ~(1ull << 31);
    rig_write(r, SMMU_REG_PRIQ_CONS, cons | (rig_read(r, SMMU_REG_PRIQ_PROD) & 1u << 31));
    switch (rng_below(rng, 16)) {
    case 0: assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0); break;
    case 1:
        rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_EVENTQ);
        rig_write(r, SMMU_REG_CR0, RIG_ALL);
        break;
    case 2:
        rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_PRIQ);
        rig_write(r, SMMU_REG_CR0, RIG_ALL);
        break;
    }
}

static void test_stalls(void **state)
{
    struct rig *r = *state;
    struct staller all[DEVICES] = {0};
    struct rng rng = {1};
    rig_queues(r, 1, RIG_ALL);
    for (unsigned i = 0; i < DEVICES; i++) {
        struct smmu_client c = {.name = "staller",
                                .sid = i + 1,
                                .pri = true,
                                .resumed = on_resumed,
                                .page_response = on_answer,
                                .arg = &all[i]};
        assert_int_equal(smmu_attach(r->s, &c, &all[i].d), 0);
    }
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, stall_on, &all[i]), 0);
    for (unsigned done = 0; done < DEVICES;) {
        drive(r, &rng);
        for (unsigned i = done = 0; i < DEVICES; i++) done += now(&all[i].done);
    }
    for (unsigned i = 0; i < DEVICES; i++) pthread_join(all[i].thread, NULL);
    for (unsigned i = 0; i < 16; i++) drive(r, &rng);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(all[i].resumed, ROUNDS);
        assert_int_equal(all[i].wrong, 0);
        assert_int_equal(all[i].answers, all[i].asked); /* each, by the driver or by the unit */
    }
    assert_int_equal(r->s->nstalls, 0);
    assert_int_equal(r->s->npending, 0);
}

/* ---- a CMD_SYNC behind a CMD_ATC_INV: nobody uses what was there before ---- */

enum { SWAPS = 200, PAGE = 0x5000 };

#define TARGET (RAM + RAM_SIZE - 0x10000ull)

struct reader {
    struct rig *r;         /* the unit */
    struct smmu_device *d; /* FIX_SID */
    uint64_t reads, wrong; /* how often; of what had been taken away */
    int stop;              /* enough */
};

/* Two pages in turn; one that PAGE does not go to is 0. */
static void *read_on(void *arg)
{
    struct reader *reader = arg;
    struct smmu_request q = {.iova = PAGE, .size = 8, .access = SMMU_READ};
    while (!__atomic_load_n(&reader->stop, __ATOMIC_ACQUIRE)) {
        struct smmu_range to;
        unsigned granted;
        smmu_begin(reader->d);
        if (smmu_ats_cached(reader->d, &q, &to) ||
            smmu_ats_request(reader->d, &q, &to, &granted) == SMMU_DONE) {
            uint64_t size = 8;
            const void *at = smmu_host(reader->r->s, to.address, &size);
            sched_yield(); /* time for it to be taken away */
            if (!__atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE))
                __atomic_fetch_add(&reader->wrong, 1, __ATOMIC_RELAXED);
            __atomic_fetch_add(&reader->reads, 1, __ATOMIC_RELAXED);
        }
        smmu_end(reader->d);
    }
    return NULL;
}

/* A stream with one page and full ATS. */
static struct fix_table open_stream(struct rig *r, struct fixture *x)
{
    *x = (struct fixture){.s = r->s, .next = FREE + 0x100000};
    x->strtab = fix_alloc(x, 64 * 64);
    x->cd_at = fix_alloc(x, 4096);
    struct fix_table t = fix_table(x, 12, 39, -1);
    fix_map(x, &t, PAGE, TARGET, 3, FIX_S1);
    fix_stage1(x, &t);
    fix_put(x->ste, SMMU_STE_EATS, SMMU_STE_EATS_FULL);
    fix_apply(x);
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_STRTAB_BASE, x->strtab);
    rig_write(r, SMMU_REG_STRTAB_BASE_CFG, 6);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    return t;
}

static void test_sync_waits(void **state)
{
    struct rig *r = *state;
    struct smmu_client client = {.name = "reader", .sid = FIX_SID, .ats = true};
    struct fixture x;
    struct fix_table table = open_stream(r, &x);
    struct reader reader = {.r = r};
    pthread_t thread;
    assert_int_equal(smmu_attach(r->s, &client, &reader.d), 0);
    fix_store(&x, TARGET, 1);
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (unsigned i = 1; i <= SWAPS; i++) {
        uint64_t to = TARGET + i % 2 * 0x1000, from = TARGET + (i - 1) % 2 * 0x1000;
        uint64_t reads = __atomic_load_n(&reader.reads, __ATOMIC_RELAXED);
        fix_store(&x, to, 1);
        fix_map(&x, &table, PAGE, to, 3, FIX_S1);
        assert_int_equal(rig_command(r, SMMU_CMD_TLBI_NSNH_ALL, 0), 0);
        assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
        assert_int_equal(rig_command(r, SMMU_CMD_ATC_INV | rig_bits(SMMU_CMD_ATC_INV_SID, FIX_SID), PAGE), 0);
        assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
        fix_store(&x, from, 0);
        while (__atomic_load_n(&reader.reads, __ATOMIC_RELAXED) < reads + 3) sched_yield();
    }
    __atomic_store_n(&reader.stop, 1, __ATOMIC_RELEASE);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RIG_TEST(test_stalls), RIG_TEST(test_sync_waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
