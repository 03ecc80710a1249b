/* Accesses through a whole unit: ranges, caches and what commands make of them; held against walks without
 * any cache under random tables, accesses and invalidations.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/tlb.h"

static struct fixture fix;
static struct smmu_device *dev;
static struct fix_table s1, s2;

static void attach(struct smmu_device **d, uint32_t sid)
{
    struct smmu_client client = {.name = "test", .sid = sid};
    assert_int_equal(smmu_attach(fix.s, &client, d), 0);
}

static int setup(void **state)
{
    struct smmu_board board = {.mem = &fix.mem};
    fix_init(&fix, smmu_new(&board));
    attach(&dev, FIX_SID);
    return 0;
}

static int teardown(void **state)
{
    smmu_free(fix.s);
    mem_free(&fix.mem);
    return 0;
}

static void stage1(void)
{
    s1 = fix_table(&fix, 12, 39, -1);
    fix_stage1(&fix, &s1);
    fix_apply(&fix);
}

/* Everything that a command may say, then what a CMD_SYNC does. */
static void tlbi(struct smmu_invalidation inv)
{
    inv.worlds = 1 << SMMU_WORLD_EL1;
    inv.vmid_mask = 0xffff;
    pthread_mutex_lock(&fix.s->lock);
    smmu_tlb_invalidate(fix.s, &inv);
    smmu_wait_devices(fix.s);
    pthread_mutex_unlock(&fix.s->lock);
}

static void tlbi_page(uint64_t iova, uint64_t size, bool leaf)
{
    tlbi((struct smmu_invalidation){
        .by_address = true, .address = iova, .last = iova + size - 1, .leaf = leaf});
}

static void cfgi(uint32_t sid)
{
    struct smmu_invalidation inv = {.sid_first = sid, .sid_last = sid};
    pthread_mutex_lock(&fix.s->lock);
    smmu_config_invalidate(fix.s, &inv);
    smmu_wait_devices(fix.s);
    pthread_mutex_unlock(&fix.s->lock);
}

static struct smmu_range ranges[64];
static struct smmu_stop stop;

static unsigned translate(uint64_t iova, uint64_t size, unsigned access)
{
    struct smmu_request q = {.iova = iova, .size = size, .access = access};
    smmu_begin(dev);
    unsigned n = smmu_translate(dev, &q, ranges, ARRAY_LEN(ranges), &stop);
    smmu_end(dev);
    return n;
}

static uint8_t *host(uint64_t pa)
{
    return fix.mem.regions[0].host + (pa - FIX_BASE);
}

static struct smmu_stats stats(void)
{
    struct smmu_stats t;
    smmu_stats(fix.s, &t);
    return t;
}

/* ---- ranges ---- */

static void test_ranges_join(void **state)
{
    stage1();
    for (uint64_t i = 0; i < 8; i++)
        fix_map(&fix, &s1, 0x10000 + i * 4096, 0x82000000 + (i + (i > 4)) * 4096, 3, FIX_S1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(translate(0x10123, 8 * 4096 - 0x123, SMMU_READ), 2);
        assert_int_equal(ranges[0].address, 0x82000123);
        assert_int_equal(ranges[0].size, 5 * 4096 - 0x123);
        assert_ptr_equal(ranges[0].host, host(0x82000123));
        assert_int_equal(ranges[1].address, 0x82006000);
        assert_int_equal(ranges[1].size, 3 * 4096);
        assert_int_equal(stop.end, SMMU_DONE);
    }
    assert_int_equal(stats().walks, 2); /* the second fetched those behind it */
    assert_int_equal(stats().ahead, 6);
    assert_int_equal(stats().config_reads, 1);
    /* beyond what is mapped: the ranges before it stay */
    assert_int_equal(translate(0x17000, 0x2000, SMMU_READ), 1);
    assert_int_equal(stop.end, SMMU_ABORTED);
    assert_int_equal(stop.event, SMMU_F_TRANSLATION);
    assert_int_equal(stop.done, 0x1000);
    /* less room than ranges */
    struct smmu_request q = {.iova = 0x10000, .size = 8 * 4096, .access = SMMU_READ};
    assert_int_equal(smmu_translate(dev, &q, ranges, 1, &stop), 1);
    assert_int_equal(stop.end, SMMU_DONE);
    assert_int_equal(stop.done, 5 * 4096);
}

/* Pages that come next are fetched when they can be used as they are, and leave no trace else: no events, no
 * access flags. */
static void test_fetched_ahead(void **state)
{
    stage1();
    for (uint64_t i = 0; i < 8; i++)
        fix_map(&fix, &s1, 0x10000 + i * 4096, 0x82000000 + i * 4096, 3, i == 4 ? FIX_S1 & ~0x400 : FIX_S1);
    assert_int_equal(translate(0x10000, 8, SMMU_READ), 1);
    assert_int_equal(stats().ahead, 0); /* nothing follows anything yet */
    assert_int_equal(translate(0x11000, 8, SMMU_READ), 1);
    assert_int_equal(stats().ahead, 2); /* up to the one without its access flag */
    uint64_t walks = stats().walks;
    assert_int_equal(translate(0x13000, 8, SMMU_WRITE), 1);
    assert_int_equal(ranges[0].address, 0x82003000);
    assert_int_equal(stats().walks, walks);
    assert_int_equal(stats().events, 0);
    assert_int_equal(fix_load(&fix, fix_entry(&fix, &s1, 0x14000, 3)) & 0x400, 0);
    assert_int_equal(translate(0x14000, 8, SMMU_READ), 0);
    assert_int_equal(stop.event, SMMU_F_ACCESS);
    assert_int_equal(stats().ahead, 2);
}

/* A small table ends before the line does that its descriptors are in (3.4, IDR3.STT). */
static void test_small_table_fetched_ahead(void **state)
{
    static const struct {
        unsigned granule, bits;
    } cases[] = {{14, 16}, {16, 17}};
    for (unsigned k = 0; k < ARRAY_LEN(cases); k++) {
        uint64_t page = 1ull << cases[k].granule, last = (1ull << cases[k].bits) - page;
        s1 = fix_table(&fix, cases[k].granule, cases[k].bits, 3);
        for (uint64_t i = 0; i < 8; i++)
            fix_store(&fix, s1.root + i * 8, (0x82000000 + i * page) | FIX_S1 | 3);
        fix_stage1(&fix, &s1);
        fix_apply(&fix);
        cfgi(FIX_SID);
        assert_int_equal(translate(last - page, 8, SMMU_READ), 1);
        assert_int_equal(translate(last, 8, SMMU_READ), 1);
        assert_int_equal(ranges[0].address, 0x82000000 + last);
        assert_int_equal(translate(last + page, 8, SMMU_READ), 0);
        assert_int_equal(stop.event, SMMU_F_TRANSLATION);
    }
}

static void test_list(void **state)
{
    stage1();
    for (uint64_t i = 0; i < 32; i++)
        fix_map(&fix, &s1, i * 4096, 0x82000000 + (i * 7 % 32) * 4096, 3, FIX_S1);
    struct smmu_request q[33];
    unsigned ends[33];
    for (unsigned i = 0; i < 33; i++)
        q[i] = (struct smmu_request){.iova = i * 4096ull + i, .size = 16, .access = SMMU_WRITE};
    for (int again = 0; again < 2; again++) {
        assert_int_equal(smmu_translate_list(dev, q, 33, ranges, ARRAY_LEN(ranges), ends, &stop), 32);
        assert_int_equal(stop.event, SMMU_F_TRANSLATION);
        for (unsigned i = 0; i < 32; i++) {
            assert_int_equal(ends[i], i + 1);
            assert_int_equal(ranges[i].address, 0x82000000 + (i * 7ull % 32) * 4096 + i);
            assert_int_equal(ranges[i].size, 16);
        }
    }
    assert_int_equal(smmu_translate_list(dev, q, 32, ranges, 5, ends, &stop), 5);
    assert_int_equal(stop.end, SMMU_DONE);
}

/* What is remembered of a list is of the kind of access that it was for. */
static void test_list_of_kinds(void **state)
{
    stage1();
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1 | 0x80);
    fix_map(&fix, &s1, 0x6000, FIX_NOWHERE, 3, FIX_S1);
    struct smmu_request q[2] = {{0x5000, 16, 0, SMMU_READ}, {0x6000, 16, 0, SMMU_WRITE}};
    unsigned ends[2];
    for (int again = 0; again < 3; again++) {
        assert_int_equal(smmu_translate_list(dev, q, 2, ranges, 4, ends, &stop), 2);
        assert_non_null(ranges[0].host);
        assert_null(ranges[1].host);
        assert_int_equal(translate(0x5000, 16, SMMU_WRITE), 0);
        assert_int_equal(stop.event, SMMU_F_PERMISSION);
    }
}

static void test_holes(void **state)
{
    stage1();
    fix_map(&fix, &s1, 0x1000, FIX_NOWHERE, 3, FIX_S1);
    fix_map(&fix, &s1, 0x2000, FIX_NOWHERE + 0x1000, 3, FIX_S1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(translate(0x1800, 0x1000, SMMU_READ), 1);
        assert_null(ranges[0].host);
        assert_int_equal(ranges[0].address, FIX_NOWHERE + 0x800);
        assert_int_equal(ranges[0].size, 0x1000);
        assert_int_equal(stop.end, SMMU_DONE);
    }
    /* a block of 1G of which memory has 64M */
    fix_map(&fix, &s1, 0x40000000, 0x80000000, 1, FIX_S1);
    assert_int_equal(translate(0x40000000 + FIX_SIZE - 0x1000, 0x2000, SMMU_READ), 2);
    assert_int_equal(ranges[0].size, 0x1000);
    assert_non_null(ranges[0].host);
    assert_null(ranges[1].host);
    uint64_t walks = stats().walks;
    assert_int_equal(translate(0x40001000, 0x3000, SMMU_WRITE), 1);
    assert_int_equal(translate(0x42001000, 0x3000, SMMU_WRITE), 1);
    assert_true(stats().walks <= walks + 1);
    uint8_t buffer[16];
    struct smmu_request q = {.iova = 0x1800, .size = 16, .access = SMMU_READ};
    assert_int_equal(smmu_dma(dev, &q, buffer, &stop), SMMU_ABORTED);
    assert_int_equal(stop.event, 0);
}

static void test_read_only_memory(void **state)
{
    assert_int_equal(mem_add(&fix.mem, 0x20000000, 0x10000, CPU_READ, NULL, "rom"), 0);
    stage1();
    fix_map(&fix, &s1, 0x1000, 0x20001000, 3, FIX_S1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(translate(0x1000, 16, SMMU_READ), 1);
        assert_non_null(ranges[0].host);
        assert_int_equal(translate(0x1000, 16, SMMU_WRITE), 1);
        assert_null(ranges[0].host);
    }
}

static void test_dma(void **state)
{
    uint8_t out[0x3000], in[0x3000];
    stage1();
    for (uint64_t i = 0; i < 4; i++) fix_map(&fix, &s1, i * 4096, 0x82000000 + (3 - i) * 4096, 3, FIX_S1);
    for (unsigned i = 0; i < sizeof(out); i++) out[i] = (uint8_t)(i * 31 + 7);
    mem_clean(&fix.mem);
    struct smmu_request q = {.iova = 0x800, .size = sizeof(out), .access = SMMU_WRITE};
    assert_int_equal(smmu_dma(dev, &q, out, &stop), SMMU_DONE);
    assert_int_equal(fix.mem.ndirty, 4);
    assert_memory_equal(host(0x82003800), out, 0x800);
    q.access = SMMU_READ;
    assert_int_equal(smmu_dma(dev, &q, in, &stop), SMMU_DONE);
    assert_memory_equal(in, out, sizeof(out));
    q.iova = 0x2000;
    assert_int_equal(smmu_dma(dev, &q, in, &stop), SMMU_ABORTED);
    assert_int_equal(stop.done, 0x2000);
    /* A is 0: reads as zeroes */
    fix_put(fix.cd, SMMU_CD_A, 0);
    fix_apply(&fix);
    cfgi(FIX_SID);
    assert_int_equal(smmu_dma(dev, &q, in, &stop), SMMU_ABORTED);
    assert_true(stop.raz);
    assert_int_equal(in[0x2000], 0);
    assert_int_equal(in[0x2fff], 0);
}

static void test_bypass_abort_disabled(void **state)
{
    fix_put(fix.ste, SMMU_STE_V, 1);
    fix_put(fix.ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_BYPASS);
    fix_apply(&fix);
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 1);
    assert_ptr_equal(ranges[0].host, host(0x82000010));
    assert_int_equal(translate(1ull << 52, 1, SMMU_READ), 0);
    assert_int_equal(stop.event, SMMU_F_ADDR_SIZE);
    fix_put(fix.ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_ABORT);
    fix_apply(&fix);
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 1); /* still the old one */
    cfgi(FIX_SID + 1);
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 1);
    cfgi(FIX_SID);
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 0);
    assert_int_equal(stop.end, SMMU_ABORTED);
    assert_int_equal(stop.event, 0);
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_CR0, 4, 0));
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 1);
    assert_int_equal(translate(1ull << 52, 1, SMMU_READ), 0);
    assert_int_equal(stop.event, 0);
    assert_true(smmu_mmio_write(fix.s, SMMU_REG_GBPA, 4, 1u << 31 | 1u << 20));
    assert_int_equal(translate(0x82000010, 0x4000, SMMU_WRITE), 0);
    assert_int_equal(stop.event, 0);
}

/* ---- what is kept, and until when ---- */

static void test_stale_until_invalidated(void **state)
{
    stage1();
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1);
    fix_map(&fix, &s1, 0x6000, 0x82001000, 3, FIX_S1);
    static const struct {
        struct smmu_invalidation inv;
        bool hit;
    } rows[] = {
        {{.by_address = true, .address = 0x5000, .last = 0x5fff}, true},
        {{.by_address = true, .address = 0x6000, .last = 0x6fff}, false},
        {{.by_address = true, .address = 0x4000, .last = 0x5000}, true},
        {{.by_address = true, .address = 0, .last = ~0ull}, true},
        {{.by_address = true, .by_asid = true, .asid = 7, .address = 0x5000, .last = 0x5fff, .leaf = true},
         true},
        {{.by_asid = true, .asid = 7}, true},
        {{.by_asid = true, .asid = 8}, false},
        {{.by_vmid = true, .vmid = 0}, true},
        {{.by_vmid = true, .vmid = 1}, false},
        {{0}, true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        tlbi((struct smmu_invalidation){0});
        fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1);
        assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
        assert_int_equal(translate(0x6000, 16, SMMU_READ), 1);
        fix_map(&fix, &s1, 0x5000, 0x82002000, 3, FIX_S1);
        assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
        assert_int_equal(ranges[0].address, 0x82000000);
        tlbi(rows[i].inv);
        assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
        if (ranges[0].address != (rows[i].hit ? 0x82002000 : 0x82000000)) fail_msg("row %u", i);
    }
    /* another world */
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1);
    tlbi((struct smmu_invalidation){0});
    translate(0x5000, 16, SMMU_READ);
    fix_map(&fix, &s1, 0x5000, 0x82002000, 3, FIX_S1);
    struct smmu_invalidation el2 = {.worlds = 1 << SMMU_WORLD_EL2 | 1 << SMMU_WORLD_EL2_E2H,
                                    .vmid_mask = 0xffff};
    smmu_tlb_invalidate(fix.s, &el2);
    translate(0x5000, 16, SMMU_READ);
    assert_int_equal(ranges[0].address, 0x82000000);
}

/* An entry that was taken away is none, whatever looks for it: address 0 in particular. */
static void test_nothing_is_found_where_something_was(void **state)
{
    stage1();
    for (uint64_t page = 1; page < 600; page++) {
        fix_map(&fix, &s1, page << 12, 0x82000000, 3, FIX_S1);
        assert_int_equal(translate(page << 12, 16, SMMU_READ), 1);
        tlbi_page(page << 12, 4096, true);
        assert_int_equal(translate(0, 16, SMMU_READ), 0);
    }
}

/* Tables above the leaf go with commands that are not for leaves alone. */
static void test_walk_cache(void **state)
{
    stage1();
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1);
    fix_map(&fix, &s1, 0x6000, 0x82001000, 3, FIX_S1);
    translate(0x5000, 16, SMMU_READ);
    uint64_t fetches = stats().fetches;
    translate(0x6000, 16, SMMU_READ);
    assert_int_equal(stats().fetches, fetches + 1);
    assert_int_equal(stats().walk_hits, 1);
    uint64_t other = fix_alloc(&fix, 4096), above = fix_entry(&fix, &s1, 0x5000, 2);
    fix_store(&fix, other + 5 * 8, 0x82003000 | FIX_S1 | 3);
    fix_store(&fix, above, other | 3);
    tlbi_page(0x5000, 4096, true);
    translate(0x5000, 16, SMMU_READ);
    assert_int_equal(ranges[0].address, 0x82000000);
    tlbi_page(0x5000, 4096, false);
    translate(0x5000, 16, SMMU_READ);
    assert_int_equal(ranges[0].address, 0x82003000);
}

static void test_top_byte_shares_entries(void **state)
{
    stage1();
    fix_put(fix.cd, SMMU_CD_TBI0, 1);
    fix_apply(&fix);
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1);
    assert_int_equal(translate(0xaa00000000005010, 16, SMMU_READ), 1);
    assert_int_equal(translate(0x5010, 16, SMMU_READ), 1);
    assert_int_equal(ranges[0].address, 0x82000010);
    assert_int_equal(stats().walks, 1);
    fix_map(&fix, &s1, 0x5000, 0x82001000, 3, FIX_S1);
    tlbi_page(0x5000, 4096, true);
    assert_int_equal(translate(0xaa00000000005010, 16, SMMU_READ), 1);
    assert_int_equal(ranges[0].address, 0x82001010);
}

static void test_permissions_of_hits(void **state)
{
    stage1();
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1 | 0x80); /* all read and execute */
    assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
    assert_int_equal(translate(0x5000, 16, SMMU_WRITE), 0);
    assert_int_equal(stop.event, SMMU_F_PERMISSION);
    assert_int_equal(translate(0x5000, 16, SMMU_READ | SMMU_PRIVILEGED), 1);
    assert_int_equal(translate(0x5000, 16, SMMU_WRITE | SMMU_PRIVILEGED), 0);
    assert_int_equal(translate(0x5000, 16, SMMU_READ | SMMU_EXEC), 1);
    /* dirty state: a page that was read is walked again to be written */
    fix_put(fix.cd, SMMU_CD_HA, 1);
    fix_put(fix.cd, SMMU_CD_HD, 1);
    fix_apply(&fix);
    cfgi(FIX_SID);
    uint64_t at = fix_map(&fix, &s1, 0x6000, 0x82000000, 3, (FIX_S1 & ~0x400u) | 0x80 | 1ull << 51);
    assert_int_equal(translate(0x6000, 16, SMMU_READ), 1);
    assert_int_equal(fix_load(&fix, at) & 0x480, 0x480);
    uint64_t walks = stats().walks;
    assert_int_equal(translate(0x6000, 16, SMMU_WRITE), 1);
    assert_int_equal(fix_load(&fix, at) & 0x480, 0x400);
    assert_int_equal(translate(0x6000, 16, SMMU_WRITE), 1);
    assert_int_equal(stats().walks, walks + 1);
}

static void test_substreams(void **state)
{
    enum { SSIDS = 256 };
    struct fix_table t[4];
    stage1();
    uint64_t cds = fix_alloc(&fix, SSIDS * 64);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, cds >> 6);
    fix_put(fix.ste, SMMU_STE_S1CDMAX, 8);
    fix_put(fix.ste, SMMU_STE_S1DSS, SMMU_STE_S1DSS_SSID0);
    fix_apply(&fix);
    for (unsigned i = 0; i < 4; i++) {
        t[i] = fix_table(&fix, 12, 39, -1);
        fix_map(&fix, &t[i], 0x5000, 0x82000000 + i * 4096, 3, FIX_S1);
    }
    for (unsigned i = 0; i < SSIDS; i++) {
        uint64_t cd[8];
        memcpy(cd, fix.cd, sizeof(cd));
        fix_put(cd, SMMU_CD_TTB0, t[i % 4].root >> 4);
        fix_put(cd, SMMU_CD_ASID, i);
        assert_true(smmu_store_words(fix.s, cds + i * 64, cd, 8));
    }
    struct rng r = {1};
    for (unsigned i = 0; i < 4000; i++) {
        unsigned ssid = (unsigned)rng_below(&r, SSIDS);
        bool substream = rng_below(&r, 8) != 0;
        struct smmu_request q = {0x5000, 16, ssid, SMMU_READ | (substream ? SMMU_SUBSTREAM : 0)};
        unsigned n = smmu_translate(dev, &q, ranges, 4, &stop);
        if (substream && !ssid) {
            assert_int_equal(n, 0);
            assert_int_equal(stop.event, SMMU_F_STREAM_DISABLED);
            continue;
        }
        assert_int_equal(n, 1);
        assert_int_equal(ranges[0].address, 0x82000000 + (substream ? ssid % 4 : 0) * 4096);
    }
}

/* Another substream takes the place of the last access's configuration, with other permissions. */
static void test_last_page_of_a_lost_configuration(void **state)
{
    stage1();
    uint64_t cds = fix_alloc(&fix, 256 * 64);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, cds >> 6);
    fix_put(fix.ste, SMMU_STE_S1CDMAX, 8);
    fix_apply(&fix);
    fix_map(&fix, &s1, 0x5000, 0x82000000, 3, FIX_S1 & ~0x40u);
    for (unsigned ssid = 1; ssid < 256; ssid++)
        assert_true(smmu_store_words(fix.s, cds + ssid * 64, fix.cd, 8));
    struct smmu_request q = {0x5000, 16, 1, SMMU_READ | SMMU_SUBSTREAM | SMMU_PRIVILEGED};
    assert_int_equal(smmu_translate(dev, &q, ranges, 4, &stop), 1);
    struct smmu_request other = {0x9000, 16, SMMU_CONTEXTS, SMMU_READ | SMMU_SUBSTREAM};
    assert_int_equal(smmu_translate(dev, &other, ranges, 4, &stop), 0);
    q.access = SMMU_READ | SMMU_SUBSTREAM;
    assert_int_equal(smmu_translate(dev, &q, ranges, 4, &stop), 0);
    assert_int_equal(stop.event, SMMU_F_PERMISSION);
}

/* Stage 1's table of 64K in pages of stage 2 that do not lie together. */
static void test_table_in_pieces(void **state)
{
    s2 = fix_table(&fix, 12, 40, 1);
    for (uint64_t a = FIX_BASE; a < FIX_BASE + 0x2000000; a += 1 << 21) fix_map(&fix, &s2, a, a, 2, FIX_S2);
    s1 = fix_table(&fix, 16, 42, -1);
    uint64_t l3 = 0xc0000000; /* where stage 1 sees its second table: its pages stand in reverse */
    uint64_t real = fix_alloc(&fix, 1 << 16);
    for (uint64_t i = 0; i < 16; i++) fix_map(&fix, &s2, l3 + i * 4096, real + (15 - i) * 4096, 3, FIX_S2);
    fix_store(&fix, fix_entry(&fix, &s1, 0, 2), l3 | 3);
    for (uint64_t i = 0; i < 8192; i += 512)
        fix_store(&fix, real + (15 - i / 512) * 4096, (FIX_BASE + i / 512 * 0x10000) | FIX_S1 | 3);
    fix_stage1(&fix, &s1);
    fix_stage2(&fix, &s2);
    fix_apply(&fix);
    for (uint64_t i = 0; i < 8192; i += 512) {
        assert_int_equal(translate(i << 16, 16, SMMU_READ), 1);
        assert_int_equal(ranges[0].address, FIX_BASE + i / 512 * 0x10000);
    }
}

/* What both stages made goes with stage 2's address, whatever stage 1's is. */
static void test_stage2_of_nested(void **state)
{
    s2 = fix_table(&fix, 12, 40, 1);
    for (uint64_t a = FIX_BASE; a < FIX_BASE + 0x2000000; a += 1 << 21) fix_map(&fix, &s2, a, a, 2, FIX_S2);
    s1 = fix_table(&fix, 12, 39, -1);
    fix_map(&fix, &s1, 0x5000, 0xc0008000, 3, FIX_S1);
    fix_map(&fix, &s2, 0xc0008000, 0x82000000, 3, FIX_S2);
    fix_stage1(&fix, &s1);
    fix_stage2(&fix, &s2);
    fix_apply(&fix);
    assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
    fix_map(&fix, &s2, 0xc0008000, 0x82001000, 3, FIX_S2);
    tlbi((struct smmu_invalidation){.by_vmid = true,
                                    .vmid = 3,
                                    .by_address = true,
                                    .ipa = true,
                                    .address = 0xc0008000,
                                    .last = 0xc0008fff});
    assert_int_equal(translate(0x5000, 16, SMMU_READ), 1);
    assert_int_equal(ranges[0].address, 0x82001000);
}

/* A block of stage 1 in pages of stage 2: any address of the block stands for all of it. */
static void test_block_in_pieces(void **state)
{
    s2 = fix_table(&fix, 12, 40, 1);
    for (uint64_t a = FIX_BASE; a < FIX_BASE + 0x2000000; a += 1 << 21) fix_map(&fix, &s2, a, a, 2, FIX_S2);
    for (uint64_t i = 0; i < 512; i++) {
        fix_map(&fix, &s2, 0xc0000000 + i * 4096, 0x82000000 + (511 - i) * 4096, 3, FIX_S2);
        fix_map(&fix, &s2, 0xc0200000 + i * 4096, 0x82200000 + (511 - i) * 4096, 3, FIX_S2);
    }
    s1 = fix_table(&fix, 12, 39, -1);
    fix_map(&fix, &s1, 0x400000, 0xc0000000, 2, FIX_S1);
    fix_stage1(&fix, &s1);
    fix_stage2(&fix, &s2);
    fix_apply(&fix);
    for (uint64_t iova = 0x400000; iova < 0x600000; iova += 0x40000)
        assert_int_equal(translate(iova, 16, SMMU_READ), 1);
    fix_map(&fix, &s1, 0x400000, 0xc0200000, 2, FIX_S1);
    tlbi_page(0x405000, 4096, true);
    for (uint64_t iova = 0x400000; iova < 0x600000; iova += 0x40000) {
        assert_int_equal(translate(iova, 16, SMMU_READ), 1);
        assert_int_equal(ranges[0].address, 0x82200000 + 0x1ff000 - (iova - 0x400000));
    }
}

/* A block of which memory has a part. */
static void test_block_beyond_memory(void **state)
{
    uint64_t end = FIX_BASE + FIX_SIZE;
    s1 = fix_table(&fix, 12, 39, -1);
    fix_map(&fix, &s1, 0x40000000, FIX_BASE, 1, FIX_S1); /* 1 GiB; memory has 64 MiB of it */
    fix_stage1(&fix, &s1);
    fix_apply(&fix);
    assert_int_equal(translate(0x40000000, 16, SMMU_READ), 1);
    assert_int_equal(ranges[0].address, FIX_BASE);
    assert_int_equal(translate(0x43fff000, 0x2000, SMMU_READ), 2);
    assert_ptr_equal(ranges[0].host, host(end - 4096));
    assert_null(ranges[1].host);
    fix_store(&fix, fix_entry(&fix, &s1, 0x40000000, 1), 0);
    tlbi_page(0x7ffff000, 4096, true);
    assert_int_equal(translate(0x40000000, 16, SMMU_READ), 0);
    assert_int_equal(stop.event, SMMU_F_TRANSLATION);
    assert_int_equal(translate(0x43fff000, 16, SMMU_READ), 0);
}

/* ---- against walks without caches ---- */

struct outcome {
    unsigned event; /* 0: it went through */
    uint64_t pa;    /* where */
};

/* What the tables say now. */
static struct outcome now(uint64_t iova, unsigned access)
{
    struct smmu_config c;
    struct smmu_page page;
    struct smmu_fault f;
    smmu_config_read(fix.s, FIX_SID, false, 0, &c);
    assert_int_equal(c.bad.event, 0);
    if (!smmu_walk(fix.s, NULL, &c, iova, access, &page, &f)) return (struct outcome){.event = f.event};
    return (struct outcome){.pa = page.pa + (iova - page.iova)};
}

static struct outcome cached(uint64_t iova, unsigned access)
{
    if (translate(iova, 1, access)) return (struct outcome){.pa = ranges[0].address};
    return (struct outcome){.event = stop.event};
}

static bool same(struct outcome a, struct outcome b)
{
    return a.event == b.event && a.pa == b.pa;
}

/* One random change of a table; how many bits of addresses it concerns. */
static unsigned change(struct rng *r, const struct fix_table *t, uint64_t iova, uint64_t pa, uint64_t base,
                       bool *leaf)
{
    unsigned top = t->granule == 14 ? 2 : 1, stride = t->granule - 3, level = 3, low = 0;
    if (top < t->start) top = t->start;
    if (!rng_below(r, 4)) level = top + (unsigned)rng_below(r, 4 - top);
    uint64_t table = t->root, at = 0, d = 0;
    /* what stands above may be a block: then that is what changes */
    for (unsigned l = t->start; l <= level; l++) {
        low = t->granule + (3 - l) * stride;
        at = table + (iova >> low & bits_mask(l == t->start ? fix_first_bits(t) : stride)) * 8;
        d = fix_load(&fix, at);
        table = d & bits_mask(48) & ~bits_mask(t->granule);
        if ((d & 3) != 3 && l >= top) level = l;
        if (!d && l < top) fix_store(&fix, at, d = (table = fix_alloc(&fix, 1ull << t->granule)) | 3);
    }
    *leaf = level == 3 || (d & 3) == 1;
    uint64_t attributes =
        base ^ (rng_below(r, 4) ? 0 : rng_below(r, 4) << 6) ^ (rng_below(r, 16) ? 0 : 0x400);
    uint64_t fresh = 0;
    if (level < 3 && rng_below(r, 2))
        fresh = fix_alloc(&fix, 1ull << t->granule) | 3 | rng_below(r, 4) << 61;
    else if (rng_below(r, 8))
        fresh = (pa >> low << low) | attributes | (level == 3 ? 3 : 1);
    fix_store(&fix, at, fresh);
    return low;
}

enum { WINDOW_SIZE = 1 << 18 };
#define WINDOW 0xc0000000ull

static void random_runs(uint64_t seed, unsigned granule, unsigned mode, unsigned rounds)
{
    struct rng r = {seed};
    uint64_t span = granule == 12 ? 1 << 23 : granule == 14 ? 1 << 26 : 1 << 30;
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t iova[12];
        struct outcome before[ARRAY_LEN(iova)];
        unsigned access[ARRAY_LEN(iova)];
        /* of nested streams either stage changes; stage 1's output is a window of stage 2's input */
        bool nested = mode == SMMU_STE_CONFIG_S1_S2,
             second = nested ? rng_below(&r, 2) : mode == SMMU_STE_CONFIG_S2;
        uint64_t pa =
            nested && !second ? WINDOW + rng_below(&r, WINDOW_SIZE) : FIX_BASE + rng_below(&r, FIX_SIZE);
        uint64_t where = (rng_below(&r, 16) << granule) + (rng_below(&r, 2) ? 0 : rng_below(&r, span));
        for (unsigned i = 0; i < ARRAY_LEN(iova); i++) {
            iova[i] = rng_below(&r, 3) ? where ^ rng_below(&r, 4 << granule) : rng_below(&r, span);
            if (i && rng_below(&r, 2)) iova[i] = iova[i - 1] + (1ull << granule); /* what is fetched ahead */
            access[i] = (unsigned)rng_below(&r, 2) + 1;
            before[i] = now(iova[i], access[i]);
            if (rng_below(&r, 2)) assert_true(same(cached(iova[i], access[i]), before[i]));
        }
        bool leaf;
        if (fix.next > FIX_BASE + FIX_SIZE - 0x100000) return;
        if (nested && second) where = WINDOW + rng_below(&r, WINDOW_SIZE);
        unsigned shift = change(&r, second ? &s2 : &s1, where, pa, second ? FIX_S2 : FIX_S1, &leaf);
        for (unsigned i = 0; i < ARRAY_LEN(iova); i++) {
            struct outcome c = cached(iova[i], access[i]);
            if (!same(c, before[i])) assert_true(same(c, now(iova[i], access[i])));
        }
        uint64_t first = where >> shift << shift;
        switch (rng_below(&r, 4)) {
        case 0: tlbi((struct smmu_invalidation){0}); break;
        case 1:
            tlbi((struct smmu_invalidation){.by_vmid = true, .vmid = mode == SMMU_STE_CONFIG_S1 ? 0 : 3});
            break;
        default:
            tlbi((struct smmu_invalidation){.by_address = true,
                                            .ipa = second,
                                            .address = first,
                                            .last = first + (1ull << shift) - 1,
                                            .leaf = leaf && rng_below(&r, 2)});
        }
        for (unsigned i = 0; i < ARRAY_LEN(iova); i++) {
            struct outcome c = cached(iova[i], access[i]), n = now(iova[i], access[i]);
            if (!same(c, n))
                fail_msg("seed %llu round %u iova %#llx: kept %#x %#llx, tables %#x %#llx",
                         (unsigned long long)seed, round, (unsigned long long)iova[i], c.event,
                         (unsigned long long)c.pa, n.event, (unsigned long long)n.pa);
        }
    }
}

static void test_random(void **state)
{
    static const unsigned granules[] = {12, 14, 16},
                          modes[] = {SMMU_STE_CONFIG_S1, SMMU_STE_CONFIG_S2, SMMU_STE_CONFIG_S1_S2};
    for (unsigned i = 0; i < ARRAY_LEN(granules) * ARRAY_LEN(modes); i++) {
        unsigned granule = granules[i % 3], mode = modes[i / 3];
        if (i) teardown(state), setup(state);
        if (mode & 1) {
            s1 = fix_table(&fix, granule, 40, -1);
            fix_stage1(&fix, &s1);
        }
        if (mode & 2) {
            s2 = fix_table(&fix, mode & 1 ? 12 : granule, 40, mode & 1 || granule == 12 ? 1 : 2);
            fix_stage2(&fix, &s2);
            for (uint64_t a = FIX_BASE; mode & 1 && a < FIX_BASE + FIX_SIZE; a += 1 << 21)
                fix_map(&fix, &s2, a, a, 2, FIX_S2);
        }
        fix_apply(&fix);
        random_runs(i + 1, granule, mode, 1500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_ranges_join),
        T(test_fetched_ahead),
        T(test_small_table_fetched_ahead),
        T(test_list),
        T(test_list_of_kinds),
        T(test_holes),
        T(test_read_only_memory),
        T(test_dma),
        T(test_bypass_abort_disabled),
        T(test_stale_until_invalidated),
        T(test_nothing_is_found_where_something_was),
        T(test_walk_cache),
        T(test_top_byte_shares_entries),
        T(test_permissions_of_hits),
        T(test_substreams),
        T(test_last_page_of_a_lost_configuration),
        T(test_table_in_pieces),
        T(test_stage2_of_nested),
        T(test_block_in_pieces),
        T(test_block_beyond_memory),
        T(test_random),
#undef T
    };
    return cmocka_run_group_tests_name("smmu translate", tests, NULL, NULL);
}
