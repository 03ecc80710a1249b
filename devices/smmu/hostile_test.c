/* Guests that mean harm: tables that lead to themselves, queues over tables and over each other, tables at
 * the end of memory, addresses at the end of all. What the manual leaves open may come of it, but an end
 * must.
 */
#include "devices/smmu/fixture.h"

static struct fixture fix;
static struct smmu_device *dev;
static struct smmu_range to[4];
static struct smmu_stop stop;

static int setup(void **state)
{
    struct smmu_board board = {.mem = &fix.mem};
    struct smmu_client client = {.name = "test", .sid = FIX_SID};
    fix_init(&fix, smmu_new(&board));
    assert_int_equal(smmu_attach(fix.s, &client, &dev), 0);
    return 0;
}

static int teardown(void **state)
{
    smmu_free(fix.s);
    mem_free(&fix.mem);
    return 0;
}

static unsigned translate(uint64_t iova, uint64_t size, unsigned access)
{
    struct smmu_request q = {.iova = iova, .size = size, .access = access};
    smmu_begin(dev);
    unsigned n = smmu_translate(dev, &q, to, ARRAY_LEN(to), &stop);
    smmu_end(dev);
    return n;
}

static struct fix_table table(void)
{
    struct fix_table t = fix_table(&fix, 12, 48, 0);
    fix_stage1(&fix, &t);
    return t;
}

/* One entry is its own table at each level, and its own page at the last. */
static void test_table_of_itself(void **state)
{
    struct fix_table t = table();
    uint64_t entry = t.root | 3 | FIX_S1;
    for (unsigned i = 0; i < 512; i++) fix_store(&fix, t.root + i * 8, entry);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, fix.cd_at >> 6);
    fix_apply(&fix);
    for (uint64_t iova = 0; iova < 1ull << 48; iova += 0x123456789000) {
        assert_int_equal(translate(iova, 8, SMMU_READ | SMMU_WRITE), 1);
        assert_int_equal(to[0].address, t.root);
    }
}

/* The device may write the table that lets it: what it writes counts once it is looked for. */
static void test_table_rewritten_by_its_device(void **state)
{
    struct fix_table t = table();
    fix_map(&fix, &t, 0x1000, fix_entry(&fix, &t, 0x1000, 3) & ~0xfffull, 3, FIX_S1);
    fix_apply(&fix);
    uint64_t zeroes[512] = {0};
    struct smmu_request q = {.iova = 0x1000, .size = 4096, .access = SMMU_WRITE};
    assert_int_equal(smmu_dma(dev, &q, zeroes, &stop), SMMU_DONE);
    assert_int_equal(translate(0x2000, 8, SMMU_READ), 0);
    assert_int_equal(stop.event, SMMU_F_TRANSLATION);
}

static unsigned kick(unsigned prod, uint64_t *cons)
{
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CMDQ_PROD, 4, prod));
    assert_true(smmu_mmio_read(fix.s, SMMU_REG_CMDQ_CONS, 4, cons));
    return (unsigned)dev_of(*cons, SMMU_CMDQ_CONS_ERR);
}

/* Descriptors that are commands, too: CMD_CFGI_STE, until the access flag makes its SSec 1. */
static void test_flags_in_commands(void **state)
{
    struct fix_table t = table();
    uint64_t queue = fix_entry(&fix, &t, 0, 3), cons;
    fix_put(fix.cd, SMMU_CD_HA, 1);
    fix_apply(&fix);
    _Static_assert(SMMU_CMD_CFGI_STE == 3, "a page's descriptor");
    for (unsigned i = 0; i < 8; i++) fix_store(&fix, queue + i * 8, (0x82000000 + i * 4096) | 3);
    fix_register(&fix, SMMU_REG_CMDQ_BASE, queue | 2);
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CR0, 4, 9));
    assert_int_equal(kick(1, &cons), SMMU_CERROR_NONE);
    for (uint64_t i = 0; i < 3; i++) assert_int_equal(translate(i * 4096, 8, SMMU_READ | SMMU_PRIVILEGED), 1);
    assert_int_equal(fix_load(&fix, queue + 16) & 0x400, 0x400);
    assert_int_equal(kick(3, &cons), SMMU_CERROR_ILL);
    assert_int_equal(dev_of(cons, SMMU_CMDQ_CONS_RD), 1);
}

/* Events over the commands, commands over the stream table. */
static void test_queues_over_each_other(void **state)
{
    uint64_t v, sync[2] = {SMMU_CMD_SYNC, 0}, queue = fix.strtab & ~0xfffull;
    for (uint64_t i = 0; i < 16; i++) assert_true(smmu_store_words(fix.s, queue + i * 16, sync, 2));
    fix_register(&fix, SMMU_REG_CMDQ_BASE, queue | 4);
    fix_register(&fix, SMMU_REG_EVENTQ_BASE, queue | 3);
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CR0, 4, 0xd));
    for (unsigned i = 0; i < 20; i++) assert_int_equal(translate(i << 12, 8, SMMU_READ), 0);
    /* C_BAD_STE is CMD_CFGI_STE_RANGE, and the other half of its record no command */
    _Static_assert(SMMU_C_BAD_STE == SMMU_CMD_CFGI_STE_RANGE, "the same number");
    assert_int_equal(fix_load(&fix, queue) & 0xff, SMMU_C_BAD_STE);
    assert_int_equal(kick(16, &v), SMMU_CERROR_ILL);
    assert_int_equal(dev_of(v, SMMU_CMDQ_CONS_RD), 1);
}

/* Of the stream table but a part is memory. */
static void test_stream_table_at_the_end(void **state)
{
    uint64_t end = FIX_BASE + FIX_SIZE;
    fix_register(&fix, SMMU_REG_STRTAB_BASE, end - 64);
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 0);
    struct smmu_config c;
    smmu_config_read(fix.s, 0, false, 0, &c);
    assert_int_equal(c.bad.event, SMMU_C_BAD_STE); /* zeroes */
    fix_register(&fix, SMMU_REG_STRTAB_BASE, (1ull << 52) - 64);
    smmu_config_read(fix.s, 0, false, 0, &c);
    assert_int_equal(c.bad.event, SMMU_F_STE_FETCH);
    assert_int_equal(c.bad.fetch, (1ull << 52) - 64);
    fix_register(&fix, SMMU_REG_STRTAB_BASE, end - 4096);
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 32);
    smmu_config_read(fix.s, 0xffffffff, false, 0, &c);
    assert_int_equal(c.bad.event, SMMU_F_STE_FETCH);
}

/* The last byte there is, and requests that end with it. */
static void test_last_addresses(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 48, 0);
    fix_stage1(&fix, &t);
    fix_put(fix.cd, SMMU_CD_EPD1, 0);
    fix_put(fix.cd, SMMU_CD_EPD0, 1);
    fix_put(fix.cd, SMMU_CD_TG1, 2);
    fix_put(fix.cd, SMMU_CD_T1SZ, 16);
    fix_put(fix.cd, SMMU_CD_TTB1, t.root >> 4);
    fix_map(&fix, &t, ~0ull & bits_mask(48), 0x82000000, 3, FIX_S1);
    fix_apply(&fix);
    for (unsigned twice = 0; twice < 2; twice++) {
        assert_int_equal(translate(~0ull, 1, SMMU_READ), 1);
        assert_int_equal(to[0].address, 0x82000fff);
        assert_int_equal(translate(-4096ull, 4096, SMMU_READ), 1);
        assert_int_equal(to[0].size, 4096);
        assert_int_equal(translate(-8192ull, 8192, SMMU_READ), 0);
        assert_int_equal(stop.event, SMMU_F_TRANSLATION);
        assert_int_equal(translate(0, ~0ull, SMMU_READ), 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_table_of_itself),        T(test_table_rewritten_by_its_device), T(test_flags_in_commands),
        T(test_queues_over_each_other), T(test_stream_table_at_the_end),       T(test_last_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
