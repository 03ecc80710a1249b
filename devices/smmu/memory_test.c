/* Guest memory from devices: what is refused, what becomes dirty, several threads at once. */
#include "devices/smmu/unit_test.h"

#include <sched.h>

static const uint64_t last = UNIT_RAM + (uint64_t)UNIT_RAM_SIZE;

static void test_words(void **state)
{
    struct unit u;
    uint64_t v[4] = {1, 2, 3, 4}, got[4] = {0};
    unit_open(&u, false);
    assert_true(smmu_store_words(u.smmu, last - 32, v, 4));
    assert_true(smmu_load_words(u.smmu, last - 32, got, 4));
    assert_memory_equal(v, got, sizeof(v));
    assert_true(smmu_load(u.smmu, last - 8, &got[0]));
    assert_int_equal(got[0], 4);
    assert_false(smmu_store_words(u.smmu, last - 24, v, 4)); /* beyond the end */
    assert_false(smmu_load_words(u.smmu, last - 24, got, 4));
    assert_false(smmu_load(u.smmu, last, &got[0]));
    assert_false(smmu_load(u.smmu, ~7ull, &got[0]));
    for (unsigned odd = 1; odd < 8; odd++) {
        assert_false(smmu_load(u.smmu, UNIT_RAM + odd, &got[0]));
        assert_false(smmu_store_words(u.smmu, UNIT_RAM + odd, v, 1));
        assert_false(smmu_swap(u.smmu, UNIT_RAM + odd, 0, 1, &got[0]));
    }
    assert_true(smmu_load(u.smmu, UNIT_ROM, &got[0])); /* can be read, not written */
    assert_false(smmu_store_words(u.smmu, UNIT_ROM, v, 1));
    assert_false(smmu_store32(u.smmu, UNIT_ROM, 1));
    assert_false(smmu_swap(u.smmu, UNIT_ROM, 0, 1, &got[0]));
    unit_close(&u);
}

static void test_swap(void **state)
{
    struct unit u;
    uint64_t now;
    unit_open(&u, false);
    assert_true(smmu_swap(u.smmu, UNIT_RAM, 0, 7, &now));
    assert_false(smmu_swap(u.smmu, UNIT_RAM, 0, 8, &now));
    assert_int_equal(now, 7);
    assert_true(smmu_load(u.smmu, UNIT_RAM, &now));
    assert_int_equal(now, 7);
    mem_clean(&u.mem);
    assert_false(smmu_swap(u.smmu, UNIT_RAM, 0, 8, &now));
    assert_int_equal(u.mem.ndirty, 0);
    assert_true(smmu_swap(u.smmu, UNIT_RAM, 7, 8, &now));
    assert_int_equal(u.mem.ndirty, 1);
    unit_close(&u);
}

static void test_host(void **state)
{
    struct unit u;
    unit_open(&u, false);
    uint64_t size = 100;
    uint8_t *p = smmu_host(u.smmu, UNIT_RAM + 5, &size);
    assert_ptr_equal(p, mem_find(&u.mem, UNIT_RAM)->host + 5);
    assert_int_equal(size, 100);
    size = ~0ull;
    assert_non_null(smmu_host(u.smmu, UNIT_RAM + 5, &size));
    assert_int_equal(size, UNIT_RAM_SIZE - 5);
    size = 8;
    assert_null(smmu_host(u.smmu, last, &size));
    assert_null(smmu_host_write(u.smmu, UNIT_ROM, &size));
    assert_non_null(smmu_host(u.smmu, UNIT_ROM, &size));
    unit_close(&u);
}

/* A region up to the end of all addresses. */
static void test_top(void **state)
{
    struct unit u;
    uint64_t v = 5, size = ~0ull;
    unit_open(&u, false);
    assert_int_equal(mem_add(&u.mem, 0xffffffffffffe000, 0x2000, CPU_READ | CPU_WRITE, NULL, "top"), 0);
    assert_true(smmu_store_words(u.smmu, ~7ull, &v, 1));
    assert_true(smmu_load(u.smmu, ~7ull, &v));
    assert_int_equal(v, 5);
    assert_non_null(smmu_host(u.smmu, 0xfffffffffffffff0, &size));
    assert_int_equal(size, 16);
    mem_clean(&u.mem);
    smmu_wrote(u.smmu, 0xffffffffffffeff0, 0x1010);
    assert_int_equal(u.mem.ndirty, 2);
    unit_close(&u);
}

static void test_dirty(void **state)
{
    struct unit u;
    unit_open(&u, false);
    mem_clean(&u.mem);
    smmu_wrote(u.smmu, UNIT_RAM + 0xfff, 2);
    assert_int_equal(u.mem.ndirty, 2);
    smmu_wrote(u.smmu, UNIT_RAM, 0);
    smmu_wrote(u.smmu, UNIT_RAM + 0x1000, 1);
    assert_int_equal(u.mem.ndirty, 2);
    struct mem_region *r = mem_find(&u.mem, UNIT_RAM);
    uint64_t epoch = mem_code_epoch(&u.mem);
    mem_mark_code(&u.mem, r, UNIT_RAM + 0x1000); /* dirty, and now code too: the next write must be seen */
    smmu_wrote(u.smmu, UNIT_RAM + 0x1008, 8);
    assert_true(mem_code_epoch(&u.mem) > epoch);
    unit_close(&u);
}

enum { WRITERS = 3, ROUNDS = 100 };

struct writers {
    struct unit u;
    pthread_barrier_t begin, end; /* of a round */
    unsigned ready;               /* how often one got to its first page: they begin together */
};

static void *writer(void *arg)
{
    struct writers *w = arg;
    for (unsigned round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&w->begin);
        __atomic_fetch_add(&w->ready, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&w->ready, __ATOMIC_RELAXED) < (round + 1) * WRITERS) sched_yield();
        for (uint64_t at = 0; at < UNIT_RAM_SIZE; at += CPU_PAGE) smmu_wrote(w->u.smmu, UNIT_RAM + at, 1);
        pthread_barrier_wait(&w->end);
    }
    return NULL;
}

/* Each page is in the list once, whoever writes it first. */
static void test_threads(void **state)
{
    struct writers w = {.ready = 0};
    pthread_t t[WRITERS];
    unit_open(&w.u, false);
    pthread_barrier_init(&w.begin, NULL, WRITERS + 1);
    pthread_barrier_init(&w.end, NULL, WRITERS + 1);
    for (unsigned i = 0; i < WRITERS; i++) assert_int_equal(pthread_create(&t[i], NULL, writer, &w), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        mem_clean(&w.u.mem);
        pthread_barrier_wait(&w.begin);
        pthread_barrier_wait(&w.end);
        assert_int_equal(w.u.mem.ndirty, UNIT_RAM_SIZE / CPU_PAGE);
    }
    for (unsigned i = 0; i < WRITERS; i++) pthread_join(t[i], NULL);
    pthread_barrier_destroy(&w.begin);
    pthread_barrier_destroy(&w.end);
    unit_close(&w.u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_swap),
                                       cmocka_unit_test(test_host),  cmocka_unit_test(test_top),
                                       cmocka_unit_test(test_dirty), cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
