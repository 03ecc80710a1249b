/* Interrupts and global errors: wires, messages, what is masked, what a message comes to that aborts. */
#include "devices/smmu/unit_test.h"

#include <sched.h>
#include <unistd.h>

/* IHI 0070 3.18.2, 6.3.16, 6.3.19, once more by hand. */
static const struct {
    enum smmu_line line;
    uint32_t enable;  /* in IRQ_CTRL */
    unsigned cfg;     /* address; data stands 8 bytes behind it */
    uint32_t aborted; /* in GERROR */
} sources[] = {
    {SMMU_IRQ_GERROR, 1, 0x68, 1 << 7},
    {SMMU_IRQ_PRIQ, 2, 0xd0, 1 << 6},
    {SMMU_IRQ_EVENTQ, 4, 0xb0, 1 << 5},
};

static void configure(struct unit *u, unsigned cfg, uint64_t address, uint32_t data)
{
    unit_write(u, 0x50, 4, 0);
    unit_write(u, cfg, 8, address);
    unit_write(u, cfg + 8, 4, data);
    unit_write(u, 0x50, 4, 7);
}

static void test_masked(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        for (uint32_t on = 0; on < 8; on++) {
            struct unit u;
            unit_open(&u, true);
            configure(&u, sources[i].cfg, UNIT_MSI, 77);
            unit_write(&u, 0x50, 4, on);
            smmu_interrupt(u.smmu, sources[i].line);
            unsigned want = on & sources[i].enable ? 1 : 0;
            for (unsigned l = 0; l < SMMU_LINES; l++)
                assert_int_equal(u.wires[l], l == (unsigned)sources[i].line ? want : 0);
            assert_int_equal(u.messages, want);
            unit_close(&u);
        }
}

/* A message goes to memory where there is some, else to the board; an address of 0 is none. */
static void test_messages(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct unit u;
        uint64_t word;
        unit_open(&u, true);
        configure(&u, sources[i].cfg, UNIT_MSI, 0x1234);
        smmu_interrupt(u.smmu, sources[i].line);
        assert_int_equal(u.messages, 1);
        assert_int_equal(u.address, UNIT_MSI);
        assert_int_equal(u.data, 0x1234);
        configure(&u, sources[i].cfg, UNIT_RAM + 0x2004, 0xdeadbeef);
        mem_clean(&u.mem);
        smmu_interrupt(u.smmu, sources[i].line);
        assert_int_equal(u.messages, 1);
        assert_int_equal(mem_read(&u.mem, UNIT_RAM + 0x2000, &word, 8), 0);
        assert_int_equal(word, 0xdeadbeef00000000);
        assert_int_equal(u.mem.ndirty, 1);
        configure(&u, sources[i].cfg, 0, 1);
        smmu_interrupt(u.smmu, sources[i].line);
        assert_int_equal(u.messages, 1);
        assert_int_equal(u.wires[sources[i].line], 3);
        assert_int_equal(unit_read(&u, 0x60, 4), 0);
        unit_close(&u);
    }
}

/* A message that aborts is a global error, which is said by its own interrupt. */
static void test_aborted(void **state)
{
    static const uint64_t bad[] = {UNIT_ROM, 0xffffffff0000};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        for (size_t b = 0; b < ARRAY_LEN(bad); b++) {
            struct unit u;
            unit_open(&u, false);
            configure(&u, sources[i].cfg, bad[b], 5);
            smmu_interrupt(u.smmu, sources[i].line);
            assert_int_equal(unit_read(&u, 0x60, 4), sources[i].aborted);
            assert_true(smmu_gerror_active(u.smmu, DEV_FIELD(__builtin_ctz(sources[i].aborted), 1)));
            /* once also of the GERROR source's own, of which nothing more comes (7.5.1) */
            assert_int_equal(u.wires[SMMU_IRQ_GERROR], 1);
            unit_close(&u);
        }
    struct unit u;
    unit_open(&u, true);
    configure(&u, 0xb0, UNIT_ROM, 5);
    smmu_interrupt(u.smmu, SMMU_IRQ_EVENTQ); /* ROM is not the board's to hear of */
    assert_int_equal(u.messages, 0);
    assert_int_equal(unit_read(&u, 0x60, 4), 1 << 5);
    unit_close(&u);
}

static void test_sync_line(void **state)
{
    struct unit u;
    unit_open(&u, true);
    smmu_interrupt(u.smmu, SMMU_IRQ_SYNC); /* no enable: the command says whether */
    assert_int_equal(u.wires[SMMU_IRQ_SYNC], 1);
    assert_int_equal(u.messages, 0);
    assert_false(smmu_msi(u.smmu, UNIT_ROM, 1));
    assert_true(smmu_msi(u.smmu, UNIT_MSI, 9));
    assert_int_equal(u.data, 9);
    unit_close(&u);
}

/* Each error toggles its bit when it becomes active, and not again until it was acknowledged. */
static void test_errors(void **state)
{
    static const unsigned bits[] = {0, 2, 3, 4, 5, 6, 7};
    struct unit u;
    unit_open(&u, false);
    unit_write(&u, 0x50, 4, 1);
    uint32_t gerror = 0;
    unsigned edges = 0;
    for (unsigned round = 0; round < 4; round++)
        for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
            uint32_t field = DEV_FIELD(bits[i], 1);
            assert_false(smmu_gerror_active(u.smmu, field));
            smmu_gerror_raise(u.smmu, field);
            smmu_gerror_raise(u.smmu, field);
            gerror ^= 1u << bits[i];
            assert_true(smmu_gerror_active(u.smmu, field));
            assert_int_equal(unit_read(&u, 0x60, 4), gerror);
            edges += bits[i] != 7; /* MSI_GERROR_ABT_ERR tells nobody (7.5.1) */
            assert_int_equal(u.wires[SMMU_IRQ_GERROR], edges);
            unit_write(&u, 0x64, 4, gerror);
            assert_false(smmu_gerror_active(u.smmu, field));
            assert_int_equal(unit_read(&u, 0x60, 4), gerror);
        }
    unit_close(&u);
}

/* A board that takes its time. */
struct slow {
    struct smmu *smmu; /* the unit */
    bool begun, done;  /* an edge came; the board is through with it */
};

static void slow_wired(void *arg, enum smmu_line line)
{
    struct slow *x = arg;
    __atomic_store_n(&x->begun, true, __ATOMIC_RELEASE);
    usleep(20000);
    __atomic_store_n(&x->done, true, __ATOMIC_RELEASE);
}

static void *interrupt_once(void *arg)
{
    struct slow *x = arg;
    smmu_interrupt(x->smmu, SMMU_IRQ_EVENTQ);
    return NULL;
}

/* Once a source is off, nothing comes of it, not even what was on its way (6.3.16). */
static void test_switched_off(void **state)
{
    struct slow x = {.done = false};
    struct mem m;
    pthread_t t;
    mem_init(&m);
    x.smmu = smmu_new(&(struct smmu_board){.mem = &m, .wired = slow_wired, .arg = &x});
    assert_non_null(x.smmu);
    assert_true(smmu_mmio_write(x.smmu, 0x50, 4, 4));
    assert_int_equal(pthread_create(&t, NULL, interrupt_once, &x), 0);
    while (!__atomic_load_n(&x.begun, __ATOMIC_ACQUIRE)) sched_yield();
    assert_true(smmu_mmio_write(x.smmu, 0x50, 4, 0));
    assert_true(__atomic_load_n(&x.done, __ATOMIC_ACQUIRE));
    pthread_join(t, NULL);
    smmu_free(x.smmu);
    mem_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_masked),  cmocka_unit_test(test_messages),
                                       cmocka_unit_test(test_aborted), cmocka_unit_test(test_sync_line),
                                       cmocka_unit_test(test_errors),  cmocka_unit_test(test_switched_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
