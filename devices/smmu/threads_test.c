/* The promise of CMD_SYNC, with threads: once it completed, no device uses what was invalidated before it,
 * and no device ever sees another's memory. Meant for ThreadSanitizer (`make tsan`), for which a use of the
 * old page is a race; without it, what the old page holds tells.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/tlb.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { MARK = 5, DEVICES = 3, PAGES = 8, WORDS = 512, ROUNDS = 2000, AT_LEAST = 30, MILLISECONDS = 250 };
#define POISON 0xdeadull

static struct fixture fix;
static uint64_t commands, events; /* queues */
static unsigned produced;         /* commands written */
static bool ended;                /* devices stop. Atomic */
static bool writing;              /* devices write, too. Atomic */
static unsigned wrong;            /* what they saw that should not be. Atomic */

struct worker {
    pthread_t thread;       /* of the device */
    struct smmu_device *d;  /* it */
    struct fix_table table; /* its own */
    unsigned number;        /* which one */
    uint64_t pages[PAGES];  /* where its pages are now */
    uint64_t spare;         /* a page that it has not got */
    uint64_t seen;          /* accesses that went through. Atomic */
};

static struct worker workers[DEVICES];

static uint64_t *words(uint64_t pa)
{
    return (uint64_t *)(void *)(fix.mem.regions[0].host + (pa - FIX_BASE));
}

/* Plain stores, as a CPU's: a device that reads meanwhile is a race. */
static void fill(uint64_t pa, uint64_t v)
{
    for (unsigned i = 0; i < WORDS; i++) words(pa)[i] = v;
}

/* One command, and until it is consumed. */
static void command(uint64_t low, uint64_t high)
{
    uint64_t c[2] = {low, high};
    assert_true(smmu_store_words(fix.s, commands + produced % 256 * 16, c, 2));
    produced++;
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CMDQ_PROD, 4, produced % 512));
    uint64_t cons;
    do assert_true(smmu_mmio_read(fix.s, SMMU_REG_CMDQ_CONS, 4, &cons));
    while ((cons & 0x1ff) != produced % 512);
}

static void invalidate(const struct worker *w, uint64_t iova, bool all)
{
    uint64_t c[2] = {all ? SMMU_CMD_TLBI_NH_ASID : SMMU_CMD_TLBI_NH_VA, 0};
    dev_put(c, SMMU_CMD_TLBI_NH_VA_ASID, w->number + 1);
    if (!all) dev_put(c, SMMU_CMD_TLBI_NH_VA_ADDRESS, iova >> 12);
    command(c[0], c[1]);
    command(SMMU_CMD_SYNC, 0);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct rng r = {w->number};
    while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
        struct smmu_request q = {.iova = rng_below(&r, PAGES + 1) * 4096, .size = 4096, .access = SMMU_READ};
        struct smmu_range to[2];
        struct smmu_stop stop;
        smmu_begin(w->d);
        unsigned n = smmu_translate(w->d, &q, to, 2, &stop);
        for (unsigned i = 0; i < (n ? WORDS : 0); i += 37) {
            uint64_t v = ((const uint64_t *)(const void *)to[0].host)[i];
            if (v >> 32 != w->number + 1) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
        }
        smmu_end(w->d);
        if (__atomic_load_n(&writing, __ATOMIC_RELAXED)) {
            uint64_t mine = (uint64_t)(w->number + 1) << 32;
            q.access = SMMU_WRITE;
            q.iova += MARK * 8;
            q.size = sizeof(mine);
            smmu_dma(w->d, &q, &mine, &stop);
        }
        __atomic_store_n(&w->seen, w->seen + n, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void make_worker(struct worker *w, unsigned number)
{
    struct smmu_client client = {.name = "worker", .sid = number};
    *w = (struct worker){.number = number};
    w->table = fix_table(&fix, 12, 39, -1);
    for (unsigned i = 0; i < PAGES; i++) {
        w->pages[i] = fix_alloc(&fix, 4096);
        fill(w->pages[i], (uint64_t)(number + 1) << 32);
        fix_map(&fix, &w->table, i * 4096ull, w->pages[i], 3, FIX_S1);
    }
    w->spare = fix_alloc(&fix, 4096);
    fill(w->spare, POISON);
    memset(fix.ste, 0, sizeof(fix.ste));
    memset(fix.cd, 0, sizeof(fix.cd));
    fix.cd_at = fix_alloc(&fix, 4096);
    fix_stage1(&fix, &w->table);
    fix_put(fix.cd, SMMU_CD_ASID, number + 1);
    assert_true(smmu_store_words(fix.s, fix.strtab + number * 64, fix.ste, 8));
    assert_true(smmu_store_words(fix.s, fix.cd_at, fix.cd, 8));
    assert_int_equal(smmu_attach(fix.s, &client, &w->d), 0);
}

static void wait_seen(const struct worker *w)
{
    while (!__atomic_load_n(&w->seen, __ATOMIC_RELAXED)) sched_yield();
}

static int setup(void **state)
{
    struct smmu_board board = {.mem = &fix.mem};
    fix_init(&fix, smmu_new(&board));
    commands = fix_alloc(&fix, 4096);
    events = fix_alloc(&fix, 4096);
    produced = 0;
    ended = false;
    writing = false;
    wrong = 0;
    for (unsigned i = 0; i < DEVICES; i++) make_worker(&workers[i], i);
    for (unsigned i = 0; *state && i < DEVICES; i++) workers[i].d->caches->fences = true;
    fix_register(&fix, SMMU_REG_CMDQ_BASE, commands | 8);
    fix_register(&fix, SMMU_REG_EVENTQ_BASE, events | 4);
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CR0, 4, 0xd));
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (unsigned i = 0; i < DEVICES; i++) wait_seen(&workers[i]);
    return 0;
}

static int teardown(void **state)
{
    __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < DEVICES; i++) pthread_join(workers[i].thread, NULL);
    assert_int_equal(wrong, 0);
    smmu_free(fix.s);
    mem_free(&fix.mem);
    return 0;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* One round more? Each waits for devices that may have lost their processor, so that few must be enough. */
static bool more(unsigned round, uint64_t began)
{
    return round < ROUNDS && (round < AT_LEAST || now_ms() - began < MILLISECONDS);
}

/* A page moves to another place, and its old place is poisoned. */
static void test_remap(void **state)
{
    struct rng r = {42};
    uint64_t began = now_ms();
    for (unsigned round = 0; more(round, began); round++) {
        struct worker *w = &workers[rng_below(&r, DEVICES)];
        unsigned page = (unsigned)rng_below(&r, PAGES);
        uint64_t old = w->pages[page], fresh = w->spare;
        fill(fresh, (uint64_t)(w->number + 1) << 32 | round);
        fix_map(&fix, &w->table, page * 4096ull, fresh, 3, FIX_S1);
        invalidate(w, page * 4096ull, !rng_below(&r, 4));
        fill(old, POISON);
        w->pages[page] = fresh;
        w->spare = old;
    }
}

/* A page goes from one device to another. */
static void test_hand_over(void **state)
{
    struct rng r = {43};
    uint64_t began = now_ms();
    for (unsigned round = 0; more(round, began); round++) {
        struct worker *a = &workers[rng_below(&r, DEVICES)], *b = &workers[rng_below(&r, DEVICES)];
        unsigned i = (unsigned)rng_below(&r, PAGES), j = (unsigned)rng_below(&r, PAGES);
        uint64_t mine = a->pages[i], theirs = b->pages[j];
        if (a == b) continue;
        fix_store(&fix, fix_entry(&fix, &a->table, i * 4096ull, 3), 0);
        fix_store(&fix, fix_entry(&fix, &b->table, j * 4096ull, 3), 0);
        invalidate(a, i * 4096ull, false);
        invalidate(b, j * 4096ull, false);
        fill(mine, (uint64_t)(b->number + 1) << 32);
        fill(theirs, (uint64_t)(a->number + 1) << 32);
        fix_map(&fix, &a->table, i * 4096ull, theirs, 3, FIX_S1);
        fix_map(&fix, &b->table, j * 4096ull, mine, 3, FIX_S1);
        a->pages[i] = theirs;
        b->pages[j] = mine;
    }
}

/* Streams are reconfigured and the unit is switched off and on while devices run. */
static void test_reconfigure(void **state)
{
    uint64_t began = now_ms();
    for (unsigned round = 0; more(round, began); round++) {
        unsigned i = round % DEVICES;
        uint64_t at = fix.strtab + i * 64, word = fix_load(&fix, at), c[2] = {SMMU_CMD_CFGI_STE, 1};
        dev_put(c, SMMU_CMD_CFGI_STE_SID, i);
        fix_store(&fix, at, word & ~0xeull); /* Config: abort */
        command(c[0], c[1]);
        command(SMMU_CMD_SYNC, 0);
        for (unsigned j = 0; j < PAGES; j++) fill(workers[i].pages[j], POISON);
        for (unsigned j = 0; j < PAGES; j++) fill(workers[i].pages[j], (uint64_t)(i + 1) << 32);
        fix_store(&fix, at, word);
        command(c[0], c[1]);
        command(SMMU_CMD_SYNC, 0);
    }
}

/* A page that is clean all the while is not written. A look at memory that a device may write is a race, and
 * for ThreadSanitizer there is none. */
static void check_clean(const struct worker *w, unsigned page, uint64_t descriptor)
{
#ifndef __SANITIZE_THREAD__
    uint64_t *word = &words(w->pages[page])[MARK], mark = (uint64_t)(w->number + 1) << 32 | 1;
    if (!(fix_load(&fix, descriptor) & 0x80)) return;
    __atomic_store_n(word, mark, __ATOMIC_SEQ_CST);
    uint64_t now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    if (fix_load(&fix, descriptor) & 0x80) assert_int_equal(now, mark);
#endif
}

/* Access flags and dirty states are taken away while devices set them. What is clean when CMD_SYNC completed
 * is not written until it is dirty. */
static void test_updates(void **state)
{
    struct rng r = {44};
    for (unsigned i = 0; i < DEVICES; i++) {
        uint64_t at = fix.strtab + i * 64, ste[8], cd[8], c[2] = {SMMU_CMD_CFGI_STE, 1};
        assert_true(smmu_load_words(fix.s, at, ste, 8));
        uint64_t cd_at = dev_get(ste, SMMU_STE_S1CONTEXTPTR) << 6;
        assert_true(smmu_load_words(fix.s, cd_at, cd, 8));
        fix_put(cd, SMMU_CD_HA, 1);
        fix_put(cd, SMMU_CD_HD, 1);
        assert_true(smmu_store_words(fix.s, cd_at, cd, 8));
        dev_put(c, SMMU_CMD_CFGI_STE_SID, i);
        command(c[0], c[1]);
        command(SMMU_CMD_SYNC, 0);
    }
    __atomic_store_n(&writing, true, __ATOMIC_RELAXED);
    uint64_t began = now_ms();
    for (unsigned round = 0; more(round, began); round++) {
        struct worker *w = &workers[rng_below(&r, DEVICES)];
        unsigned page = (unsigned)rng_below(&r, PAGES);
        uint64_t clean = (FIX_S1 & ~0x400u) | 0x80 | 1ull << 51;
        uint64_t at = fix_map(&fix, &w->table, page * 4096ull, w->pages[page], 3, clean);
        invalidate(w, page * 4096ull, false);
        check_clean(w, page, at);
    }
    struct smmu_stats stats;
    smmu_stats(fix.s, &stats);
    assert_true(stats.updates > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_remap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hand_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reconfigure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_updates, setup, teardown),
        /* as where there is no membarrier(2) */
        cmocka_unit_test_prestate_setup_teardown(test_remap, setup, teardown, &fix),
    };
    return cmocka_run_group_tests_name("smmu threads", tests, NULL, NULL);
}
