/* Walks: every granule, level and stage, each fault with its record, permissions against tables written out,
 * access flags and dirty states in memory.
 */
#include "devices/smmu/fixture.h"

static struct fixture fix;
static struct smmu unit;

static int setup(void **state)
{
    unit = (struct smmu){0};
    fix_init(&fix, &unit);
    return 0;
}

static int teardown(void **state)
{
    mem_free(&fix.mem);
    return 0;
}

struct got {
    bool ok;               /* it went through */
    struct smmu_page page; /* where */
    struct smmu_fault f;   /* or why not */
    struct smmu_config c;  /* configuration */
};

static struct got walk(uint64_t iova, unsigned access)
{
    struct got g = {0};
    fix_apply(&fix);
    smmu_config_read(&unit, FIX_SID, false, 0, &g.c);
    if (g.c.bad.event) {
        g.f = g.c.bad;
        return g;
    }
    g.ok = smmu_walk(&unit, NULL, &g.c, iova, access, &g.page, &g.f);
    return g;
}

static void expect_to(uint64_t iova, unsigned access, uint64_t pa, uint64_t size)
{
    struct got g = walk(iova, access);
    if (!g.ok) fail_msg("%#llx: event %#x", (unsigned long long)iova, g.f.event);
    assert_int_equal(g.page.size, size);
    assert_int_equal(g.page.pa + (iova & (size - 1)), pa);
    assert_int_equal(g.page.iova, iova & ~(size - 1));
}

static struct smmu_fault expect_fault(uint64_t iova, unsigned access, unsigned event, bool stage2,
                                      unsigned class_)
{
    struct got g = walk(iova, access);
    assert_false(g.ok);
    assert_int_equal(g.f.event, event);
    assert_int_equal(g.f.stage2, stage2);
    assert_int_equal(g.f.class_, class_);
    if (g.f.event != SMMU_C_BAD_STE) assert_int_equal(g.f.iova, class_ == SMMU_CLASS_CD ? 0 : iova);
    return g.f;
}

/* ---- sizes ---- */

static void test_stage1_pages_and_blocks(void **state)
{
    static const struct {
        unsigned granule, bits, level;
        uint64_t iova, pa, size;
    } rows[] = {
        {12, 48, 3, 0x7fff12345000, 0x80345000, 1 << 12},
        {12, 48, 2, 0x7ffe12345678, 0x80200000, 1 << 21},
        {12, 48, 1, 0x7f0012345678, 0xc0000000, 1 << 30},
        {12, 39, 3, 0x3f12345678, 0x80001000, 1 << 12},
        {12, 25, 3, 0x1234567, 0x80001000, 1 << 12},
        {12, 16, 3, 0x4567, 0x80001000, 1 << 12},
        {14, 48, 3, 0xf12312345678, 0x80004000, 1 << 14},
        {14, 47, 2, 0x712312345678, 0x82000000, 1 << 25},
        {14, 36, 3, 0xf12345678, 0x80004000, 1 << 14},
        {14, 16, 3, 0x5678, 0x80004000, 1 << 14},
        {16, 52, 3, 0xf12312345678f, 0x80010000, 1 << 16},
        {16, 48, 2, 0xf12312345678, 0xa0000000, 1 << 29},
        {16, 52, 1, 0xf0ff912345678, 1ull << 51, 1ull << 42},
        {16, 42, 3, 0x3ff12345678, FIX_HIGH, 1 << 16},
        {16, 17, 3, 0x15678, 0x80010000, 1 << 16},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        memset(fix.ste, 0, sizeof(fix.ste));
        memset(fix.cd, 0, sizeof(fix.cd));
        fix.next = FIX_BASE + 0x200000;
        memset(fix.mem.regions[0].host + 0x200000, 0, 0x400000);
        struct fix_table t = fix_table(&fix, rows[i].granule, rows[i].bits, -1);
        fix_map(&fix, &t, rows[i].iova, rows[i].pa, rows[i].level, FIX_S1);
        fix_stage1(&fix, &t);
        expect_to(rows[i].iova, SMMU_READ, rows[i].pa | (rows[i].iova & (rows[i].size - 1)), rows[i].size);
        expect_fault(rows[i].iova ^ rows[i].size, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
        if (rows[i].bits < 64)
            expect_fault(rows[i].iova | 1ull << rows[i].bits, SMMU_READ, SMMU_F_TRANSLATION, false,
                         SMMU_CLASS_IN);
    }
}

static void test_stage2_concatenated(void **state)
{
    static const struct {
        unsigned granule, bits;
        int start;
    } rows[] = {{12, 40, 1}, {12, 43, 1}, {12, 44, 0}, {12, 48, 0}, {12, 34, 2}, {12, 25, 3}, {12, 16, 3},
                {14, 40, 2}, {14, 48, 1}, {14, 29, 3}, {16, 46, 2}, {16, 52, 1}, {16, 33, 3}, {16, 17, 3}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        memset(fix.ste, 0, sizeof(fix.ste));
        fix.next = FIX_BASE + 0x200000;
        memset(fix.mem.regions[0].host + 0x200000, 0, 0x800000);
        struct fix_table t = fix_table(&fix, rows[i].granule, rows[i].bits, rows[i].start);
        uint64_t ipa = bits_mask(rows[i].bits) & ~0xfffull, size = 1ull << rows[i].granule;
        fix_map(&fix, &t, ipa, 0x80340000, 3, FIX_S2);
        fix_stage2(&fix, &t);
        expect_to(ipa, SMMU_WRITE, 0x80340000 | (ipa & (size - 1)), size);
        struct smmu_fault f = expect_fault(ipa ^ size, SMMU_WRITE, SMMU_F_TRANSLATION, true, SMMU_CLASS_IN);
        assert_int_equal(f.ipa, ipa ^ size);
        if (rows[i].bits < 52)
            expect_fault(1ull << rows[i].bits, SMMU_READ, SMMU_F_TRANSLATION, true, SMMU_CLASS_IN);
        expect_fault(1ull << 52, SMMU_READ, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN);
    }
}

static void test_two_ranges_and_top_byte(void **state)
{
    struct fix_table low = fix_table(&fix, 12, 39, -1), high = fix_table(&fix, 14, 47, -1);
    fix_map(&fix, &low, 0x5000, 0x80005000, 3, FIX_S1);
    fix_map(&fix, &high, 0x8000, 0x80008000, 3, FIX_S1);
    fix_stage1(&fix, &low);
    fix_put(fix.cd, SMMU_CD_EPD1, 0);
    fix_put(fix.cd, SMMU_CD_T1SZ, 64 - 47);
    fix_put(fix.cd, SMMU_CD_TG1, SMMU_GRANULE1_16K);
    fix_put(fix.cd, SMMU_CD_TTB1, high.root >> 4);
    uint64_t top = ~bits_mask(47);
    expect_to(0x5123, SMMU_READ, 0x80005123, 4096);
    expect_to(top | 0x8123, SMMU_READ, 0x80008123, 1 << 14);
    expect_fault(top << 1 | 0x8123, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
    expect_fault(0xab00000000005000, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
    fix_put(fix.cd, SMMU_CD_TBI0, 1);
    expect_to(0xab00000000005000, SMMU_READ, 0x80005000, 4096);
    expect_fault(0xab80000000008123, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
    expect_fault((top | 0x8123) & ~(0x54ull << 56), SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
    fix_put(fix.cd, SMMU_CD_TBI1, 1);
    expect_to((top | 0x8123) & ~(0x54ull << 56), SMMU_READ, 0x80008123, 1 << 14);
    fix_put(fix.cd, SMMU_CD_EPD0, 1);
    expect_fault(0x5123, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
}

/* EL2 without E2H: one table, and bit 55 is a bit like others. */
static void test_el2(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 48, -1);
    fix_map(&fix, &t, 0x5000, 0x80005000, 3, FIX_S1 & ~0x40u);
    fix_stage1(&fix, &t);
    fix_put(fix.ste, SMMU_STE_STRW, SMMU_STE_STRW_EL2);
    fix_put(fix.cd, SMMU_CD_EPD0, 1);               /* ignored */
    fix_put(fix.cd, SMMU_CD_EPD1, 0);               /* no second table */
    expect_to(0x5000, SMMU_READ, 0x80005000, 4096); /* AP[1] is 0, and a user reads */
    expect_fault(1ull << 55 | 0x5000, SMMU_READ, SMMU_F_TRANSLATION, false, SMMU_CLASS_IN);
    fix_register(&fix, SMMU_REG_CR2, 1); /* E2H: two ranges, two privileges */
    fix_put(fix.cd, SMMU_CD_EPD0, 0);
    fix_put(fix.cd, SMMU_CD_EPD1, 1);
    expect_fault(0x5000, SMMU_READ, SMMU_F_PERMISSION, false, SMMU_CLASS_IN);
    expect_to(0x5000, SMMU_READ | SMMU_PRIVILEGED, 0x80005000, 4096);
}

/* ---- nested ---- */

static struct fix_table nested_s1, nested_s2;

/* Stage 2 maps the fixture's memory to itself by blocks of 2M; stage 1 at 4K maps iova 0x5000. */
static void nested(void)
{
    nested_s2 = fix_table(&fix, 12, 40, 1);
    for (uint64_t a = FIX_BASE; a < FIX_BASE + FIX_SIZE; a += 1 << 21)
        fix_map(&fix, &nested_s2, a, a, 2, FIX_S2);
    nested_s1 = fix_table(&fix, 12, 39, -1);
    fix_map(&fix, &nested_s1, 0x5000, 0xc0005000, 3, FIX_S1);
    fix_map(&fix, &nested_s2, 0xc0004000, 0x80604000, 3, FIX_S2);
    fix_map(&fix, &nested_s2, 0xc0005000, 0x80705000, 3, FIX_S2);
    fix_stage1(&fix, &nested_s1);
    fix_stage2(&fix, &nested_s2);
}

static void test_nested(void **state)
{
    nested();
    expect_to(0x5abc, SMMU_READ | SMMU_WRITE, 0x80705abc, 4096);
    /* a big block of stage 1 in small pages of stage 2, and the other way round */
    fix_map(&fix, &nested_s1, 0x40000000, 0xc0000000, 1, FIX_S1);
    expect_to(0x40005abc, SMMU_READ, 0x80705abc, 4096);
    fix_map(&fix, &nested_s1, 0x7000, FIX_BASE + 0x7000, 3, FIX_S1);
    expect_to(0x7abc, SMMU_READ, FIX_BASE + 0x7abc, 4096);
    struct smmu_fault f = expect_fault(0x40006000, SMMU_WRITE, SMMU_F_TRANSLATION, true, SMMU_CLASS_IN);
    assert_int_equal(f.ipa, 0xc0006000);
    assert_int_equal(f.access, SMMU_WRITE);
}

static void test_nested_faults_of_tables(void **state)
{
    nested();
    uint64_t at = fix_entry(&fix, &nested_s1, 0x5000, 3), page = at & ~0xfffull;
    uint64_t s2 = fix_entry(&fix, &nested_s2, page, 2), d = fix_load(&fix, s2);
    /* the block with stage 1's tables and the CD becomes pages, of which one differs */
    uint64_t block = page & ~bits_mask(21), pages = fix_alloc(&fix, 4096);
    fix_store(&fix, s2, pages | 3);
    for (uint64_t i = 0; i < 512; i++) fix_store(&fix, pages + i * 8, (block + i * 4096) | FIX_S2 | 3);
    assert_true((d & ~0xfffull & bits_mask(48)) == block);
    expect_to(0x5abc, SMMU_READ, 0x80705abc, 4096);
    uint64_t leaf = pages + (page - block) / 4096 * 8, good = fix_load(&fix, leaf);
    static const struct {
        uint64_t clear, set;
        unsigned event;
    } rows[] = {{1, 0, SMMU_F_TRANSLATION},
                {1 << 10, 0, SMMU_F_ACCESS},
                {0x40, 0, SMMU_F_PERMISSION},
                {0, 1ull << 44, SMMU_F_ADDR_SIZE}};
    fix_put(fix.ste, SMMU_STE_S2PS, SMMU_SIZE_44);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        fix_store(&fix, leaf, (good & ~rows[i].clear) | rows[i].set);
        struct smmu_fault f = expect_fault(0x5abc, SMMU_WRITE, rows[i].event, true, SMMU_CLASS_TT);
        assert_int_equal(f.ipa, at);
        assert_false(f.table_write);
    }
    /* device memory, with and without S2PTW */
    fix_store(&fix, leaf, good & ~0x3cull);
    expect_to(0x5abc, SMMU_READ, 0x80705abc, 4096);
    fix_put(fix.ste, SMMU_STE_S2PTW, 1);
    expect_fault(0x5abc, SMMU_READ, SMMU_F_PERMISSION, true, SMMU_CLASS_TT);
    fix_store(&fix, leaf, good);
    /* an access flag of stage 1 that stage 2 does not let be written */
    fix_put(fix.ste, SMMU_STE_S2PTW, 0);
    fix_put(fix.cd, SMMU_CD_HA, 1);
    fix_store(&fix, at, fix_load(&fix, at) & ~0x400ull);
    fix_store(&fix, leaf, good & ~0x80ull);
    struct smmu_fault f = expect_fault(0x5abc, SMMU_READ, SMMU_F_PERMISSION, true, SMMU_CLASS_TT);
    assert_true(f.table_write);
    assert_int_equal(f.ipa, at);
    assert_int_equal(f.access, SMMU_READ);
    /* nowhere: stage 1's descriptor, then stage 2's */
    fix_store(&fix, leaf, (good & 0xfff) | FIX_NOWHERE);
    f = expect_fault(0x5abc, SMMU_READ, SMMU_F_WALK_EABT, false, SMMU_CLASS_TT);
    assert_int_equal(f.fetch, FIX_NOWHERE + (at & 0xfff));
    fix_store(&fix, s2, FIX_NOWHERE | 3);
    f = expect_fault(0x5abc, SMMU_READ, SMMU_F_WALK_EABT, true, SMMU_CLASS_CD);
    assert_int_equal(f.fetch, FIX_NOWHERE + (fix.cd_at - block) / 4096 * 8);
}

/* ---- permissions ---- */

/* What AP, UXN, PXN and hierarchy come to: a letter for user and privileged (r, w, x). */
static void test_stage1_permissions(void **state)
{
    static const struct {
        uint64_t leaf, table;
        bool wxn, pan;
        const char *user, *privileged;
    } rows[] = {
        {0x00, 0, 0, 0, "x", "rwx"},
        {0x40, 0, 0, 0, "rwx", "rw"},
        {0x80, 0, 0, 0, "x", "rx"},
        {0xc0, 0, 0, 0, "rx", "rx"},
        {0x00 | 1ull << 54, 0, 0, 0, "", "rwx"},
        {0x00 | 1ull << 53, 0, 0, 0, "x", "rw"},
        {0xc0 | 3ull << 53, 0, 0, 0, "r", "r"},
        {0x40, 1ull << 61, 0, 0, "x", "rwx"},
        {0x40, 1ull << 62, 0, 0, "rx", "rx"},
        {0x40, 3ull << 61, 0, 0, "x", "rx"},
        {0xc0, 1ull << 60, 0, 0, "r", "rx"},
        {0xc0, 1ull << 59, 0, 0, "rx", "r"},
        {0x00, 0, 1, 0, "x", "rw"},
        {0x40, 0, 1, 0, "rw", "rw"},
        {0xc0, 0, 1, 0, "rx", "rx"},
        {0x40, 0, 0, 1, "rwx", ""},
        {0xc0, 0, 0, 1, "rx", "x"},
        {0x00, 0, 0, 1, "x", "rwx"},
        {0x40, 1ull << 61, 0, 1, "x", "rwx"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned a = 0; a < 6; a++) {
            fix.next = FIX_BASE + 0x200000;
            memset(fix.mem.regions[0].host + 0x200000, 0, 0x100000);
            struct fix_table t = fix_table(&fix, 12, 30, -1);
            t.extra = rows[i].table;
            fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x400 | rows[i].leaf);
            fix_stage1(&fix, &t);
            fix_put(fix.cd, SMMU_CD_WXN, rows[i].wxn);
            fix_put(fix.cd, SMMU_CD_PAN, rows[i].pan);
            static const unsigned access[3] = {SMMU_READ, SMMU_WRITE, SMMU_READ | SMMU_EXEC};
            bool privileged = a >= 3;
            const char *who = privileged ? rows[i].privileged : rows[i].user;
            struct got g = walk(0x5000, access[a % 3] | (privileged ? SMMU_PRIVILEGED : 0));
            if (g.ok != (strchr(who, "rwx"[a % 3]) != NULL))
                fail_msg("row %u, access %u: %s", i, a, g.ok ? "allowed" : "denied");
            if (!g.ok) assert_int_equal(g.f.event, SMMU_F_PERMISSION);
            if (rows[i].table) { /* hierarchy switched off */
                fix_put(fix.cd, SMMU_CD_HAD0, 1);
                g = walk(0x5000, SMMU_WRITE);
                assert_int_equal(g.ok, rows[i].leaf == 0x40);
                fix_put(fix.cd, SMMU_CD_HAD0, 0);
            }
        }
}

static void test_stage2_permissions(void **state)
{
    static const struct {
        uint64_t leaf;
        const char *user, *privileged;
    } rows[] = {{0x00, "x", "x"},
                {0x40, "rx", "rx"},
                {0x80, "wx", "wx"},
                {0xc0, "rwx", "rwx"},
                {0xc0 | 1ull << 53, "rwx", "rw"},
                {0xc0 | 2ull << 53, "rw", "rw"},
                {0xc0 | 3ull << 53, "rw", "rwx"}};
    struct fix_table t = fix_table(&fix, 12, 40, 1);
    fix_stage2(&fix, &t);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned a = 0; a < 6; a++) {
            fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x400 | rows[i].leaf);
            static const unsigned access[3] = {SMMU_READ, SMMU_WRITE, SMMU_READ | SMMU_EXEC};
            const char *who = a >= 3 ? rows[i].privileged : rows[i].user;
            struct got g = walk(0x5000, access[a % 3] | (a >= 3 ? SMMU_PRIVILEGED : 0));
            if (g.ok != (strchr(who, "rwx"[a % 3]) != NULL)) fail_msg("row %u, access %u", i, a);
        }
    /* an atomic access that may write and not read is told as a read */
    fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x400 | 0x80);
    assert_int_equal(walk(0x5000, SMMU_READ | SMMU_WRITE).f.access, SMMU_READ);
    fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x400 | 0x40);
    assert_true(walk(0x5000, SMMU_READ | SMMU_WRITE).f.access & SMMU_WRITE);
}

static void test_overrides(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 30, -1);
    fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x400 | 0x80); /* privileged reads, all execute */
    fix_stage1(&fix, &t);
    assert_false(walk(0x5000, SMMU_READ).ok);
    fix_put(fix.ste, SMMU_STE_PRIVCFG, SMMU_STE_PRIVCFG_PRIVILEGED);
    assert_true(walk(0x5000, SMMU_READ).ok);
    fix_put(fix.ste, SMMU_STE_PRIVCFG, SMMU_STE_PRIVCFG_UNPRIVILEGED);
    struct got g = walk(0x5000, SMMU_READ | SMMU_PRIVILEGED);
    assert_false(g.ok);
    assert_int_equal(g.f.access, SMMU_READ);
    fix_put(fix.ste, SMMU_STE_INSTCFG, SMMU_STE_INSTCFG_INSTRUCTION);
    assert_true(walk(0x5000, SMMU_READ).ok);
    assert_int_equal(walk(0x5000, SMMU_WRITE | SMMU_EXEC).f.access, SMMU_WRITE);
    fix_put(fix.ste, SMMU_STE_INSTCFG, SMMU_STE_INSTCFG_DATA);
    assert_int_equal(walk(0x5000, SMMU_READ | SMMU_EXEC).f.access, SMMU_READ);
}

/* ---- access flags, dirty states ---- */

static void test_access_flag(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 30, -1);
    uint64_t at = fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0x40), d = fix_load(&fix, at);
    fix_stage1(&fix, &t);
    expect_fault(0x5000, SMMU_READ, SMMU_F_ACCESS, false, SMMU_CLASS_IN);
    fix_put(fix.cd, SMMU_CD_HD, 1); /* HD alone says nothing */
    expect_fault(0x5000, SMMU_READ, SMMU_F_ACCESS, false, SMMU_CLASS_IN);
    fix_put(fix.cd, SMMU_CD_AFFD, 1);
    expect_to(0x5000, SMMU_READ, 0x80005000, 4096);
    assert_int_equal(fix_load(&fix, at), d);
    fix_put(fix.cd, SMMU_CD_HA, 1);
    expect_to(0x5000, SMMU_READ, 0x80005000, 4096);
    assert_int_equal(fix_load(&fix, at), d | 0x400);
    fix_put(fix.cd, SMMU_CD_ENDI, 1);
    fix_put(fix.cd, SMMU_CD_T0SZ, 64 - 16); /* a table of one level, in the other order of bytes */
    fix_put(fix.cd, SMMU_CD_TTB0, t.root >> 4);
    fix_store(&fix, t.root + 8 * 5, __builtin_bswap64(0x80005000 | 0x43));
    expect_to(0x5000, SMMU_READ, 0x80005000, 4096);
    assert_int_equal(fix_load(&fix, t.root + 8 * 5), __builtin_bswap64(0x80005000 | 0x443));
}

/* Tables that cannot be written, or that somebody else writes. */
static void test_updates_that_fail(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 16, -1);
    uint64_t rom = 0x20000000;
    assert_int_equal(mem_add(&fix.mem, rom, 0x1000, CPU_READ, NULL, "rom"), 0);
    uint64_t d = 0x80005000 | 0x43;
    assert_int_equal(mem_write(&fix.mem, rom + 5 * 8, &d, 8), 0);
    fix_stage1(&fix, &t);
    fix_put(fix.cd, SMMU_CD_TTB0, rom >> 4);
    fix_put(fix.cd, SMMU_CD_AFFD, 1);
    expect_to(0x5000, SMMU_READ, 0x80005000, 4096);
    fix_put(fix.cd, SMMU_CD_HA, 1);
    struct smmu_fault f = expect_fault(0x5000, SMMU_READ, SMMU_F_WALK_EABT, false, SMMU_CLASS_TT);
    assert_int_equal(f.fetch, rom + 5 * 8);
    memset(fix.ste, 0, sizeof(fix.ste));
    struct fix_table t2 = fix_table(&fix, 12, 16, 3);
    fix_stage2(&fix, &t2);
    fix_put(fix.ste, SMMU_STE_S2TTB, rom >> 4);
    fix_put(fix.ste, SMMU_STE_S2HA, 1);
    f = expect_fault(0x5000, SMMU_READ, SMMU_F_WALK_EABT, true, SMMU_CLASS_IN);
    assert_int_equal(f.fetch, rom + 5 * 8);
    assert_int_equal(f.ipa, 0x5000);
}

static void test_dirty_state(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 30, -1);
    uint64_t dbm = 1ull << 51, at = fix_map(&fix, &t, 0x5000, 0x80005000, 3, 0xc0 | dbm);
    uint64_t d = fix_load(&fix, at);
    fix_stage1(&fix, &t);
    fix_put(fix.cd, SMMU_CD_HA, 1);
    expect_fault(0x5000, SMMU_WRITE, SMMU_F_PERMISSION, false, SMMU_CLASS_IN);
    fix_put(fix.cd, SMMU_CD_HD, 1);
    struct got g = walk(0x5000, SMMU_READ);
    assert_true(g.ok && g.page.dirty_pending && g.page.perm & SMMU_WRITE);
    assert_int_equal(fix_load(&fix, at), d | 0x400);
    g = walk(0x5000, SMMU_WRITE);
    assert_true(g.ok && !g.page.dirty_pending);
    assert_int_equal(fix_load(&fix, at), (d | 0x400) & ~0x80ull);
    /* stage 2 */
    memset(fix.ste, 0, sizeof(fix.ste));
    struct fix_table t2 = fix_table(&fix, 12, 40, 1);
    at = fix_map(&fix, &t2, 0x5000, 0x80005000, 3, 0x40 | dbm);
    d = fix_load(&fix, at);
    fix_stage2(&fix, &t2);
    expect_fault(0x5000, SMMU_WRITE, SMMU_F_ACCESS, true, SMMU_CLASS_IN);
    fix_put(fix.ste, SMMU_STE_S2HA, 1);
    fix_put(fix.ste, SMMU_STE_S2HD, 1);
    g = walk(0x5000, SMMU_WRITE);
    assert_true(g.ok && !g.page.dirty_pending);
    assert_int_equal(fix_load(&fix, at), d | 0x480);
}

/* ---- what descriptors may not be ---- */

static void test_reserved_forms(void **state)
{
    static const struct {
        unsigned granule, level;
        uint64_t bits;
        bool ok;
    } rows[] = {{12, 3, 1, false}, {12, 3, 2, false}, {12, 0, 1, false}, {12, 1, 1, true},  {12, 2, 1, true},
                {14, 3, 1, false}, {14, 1, 1, false}, {14, 2, 1, true},  {14, 0, 1, false}, {16, 3, 1, false},
                {16, 2, 1, true},  {16, 1, 1, true},  {12, 2, 0, false}, {12, 2, 2, false}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        memset(fix.cd, 0, sizeof(fix.cd));
        fix.next = FIX_BASE + 0x200000;
        memset(fix.mem.regions[0].host + 0x200000, 0, 0x400000);
        struct fix_table t = fix_table(&fix, rows[i].granule, 48, -1);
        fix_stage1(&fix, &t);
        fix_store(&fix, fix_entry(&fix, &t, 0, rows[i].level), FIX_S1 | rows[i].bits);
        struct got g = walk(0, SMMU_READ);
        assert_int_equal(g.ok, rows[i].ok);
        if (!g.ok) assert_int_equal(g.f.event, SMMU_F_TRANSLATION);
    }
}

static void test_address_size(void **state)
{
    struct fix_table t = fix_table(&fix, 12, 39, -1);
    fix_stage1(&fix, &t);
    fix_put(fix.cd, SMMU_CD_IPS, SMMU_SIZE_36);
    fix_map(&fix, &t, 0x5000, 1ull << 36, 3, FIX_S1);
    expect_fault(0x5000, SMMU_READ, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN);
    fix_map(&fix, &t, 0x5000, (1ull << 36) - 4096, 3, FIX_S1);
    expect_to(0x5000, SMMU_READ, (1ull << 36) - 4096, 4096);
    uint64_t top = fix_entry(&fix, &t, 0x5000, 1);
    fix_store(&fix, top, fix_load(&fix, top) | 1ull << 40);
    expect_fault(0x5000, SMMU_READ, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN);
    /* a table that is not there */
    fix_store(&fix, top, FIX_NOWHERE | 3);
    struct smmu_fault f = expect_fault(0x5000, SMMU_READ, SMMU_F_WALK_EABT, false, SMMU_CLASS_TT);
    assert_int_equal(f.fetch, FIX_NOWHERE);
    /* 64K: bits 15:12 of a descriptor are 51:48 of the address */
    memset(fix.cd, 0, sizeof(fix.cd));
    struct fix_table t64 = fix_table(&fix, 16, 42, -1);
    fix_stage1(&fix, &t64);
    fix_map(&fix, &t64, 0x50000, FIX_HIGH, 3, FIX_S1);
    expect_to(0x50000, SMMU_READ, FIX_HIGH, 1 << 16);
    fix_put(fix.cd, SMMU_CD_IPS, SMMU_SIZE_48);
    expect_fault(0x50000, SMMU_READ, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN);
}

static void test_bypass(void **state)
{
    fix_put(fix.ste, SMMU_STE_V, 1);
    fix_put(fix.ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_BYPASS);
    expect_to(0x123456789abcd, SMMU_WRITE, 0x123456789abcd, 1ull << 52);
    expect_fault(1ull << 52, SMMU_READ, SMMU_F_ADDR_SIZE, false, SMMU_CLASS_IN);
    fix_register(&fix, SMMU_REG_CR0, 0);
    struct got g = walk(1ull << 60, SMMU_READ);
    assert_true(!g.ok && !g.f.event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_stage1_pages_and_blocks),
        T(test_stage2_concatenated),
        T(test_two_ranges_and_top_byte),
        T(test_el2),
        T(test_nested),
        T(test_nested_faults_of_tables),
        T(test_stage1_permissions),
        T(test_stage2_permissions),
        T(test_overrides),
        T(test_access_flag),
        T(test_updates_that_fail),
        T(test_dirty_state),
        T(test_reserved_forms),
        T(test_address_size),
        T(test_bypass),
#undef T
    };
    return cmocka_run_group_tests_name("smmu walk", tests, NULL, NULL);
}
