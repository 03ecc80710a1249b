/* From stream tables to configurations: every rule of chapter 5, broken alone; where STEs and CDs are looked
 * for; which event comes first.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/config.h"

static struct fixture fix;
static struct smmu unit;
static struct fix_table s1, s2;

static int setup(void **state)
{
    unit = (struct smmu){0};
    fix_init(&fix, &unit);
    s1 = fix_table(&fix, 12, 39, -1);
    s2 = fix_table(&fix, 12, 40, 1);
    return 0;
}

static int teardown(void **state)
{
    mem_free(&fix.mem);
    return 0;
}

static struct smmu_config config(bool substream, uint32_t ssid)
{
    struct smmu_config c;
    fix_apply(&fix);
    smmu_config_read(&unit, FIX_SID, substream, ssid, &c);
    return c;
}

static void expect_event(unsigned event)
{
    assert_int_equal(config(false, 0).bad.event, event);
}

/* ---- streams ---- */

static struct smmu_config stream(uint32_t sid)
{
    struct smmu_config c;
    smmu_config_read(&unit, sid, false, 0, &c);
    return c;
}

static const uint64_t bypass[8] = {1 | SMMU_STE_CONFIG_BYPASS << 1};

static void test_linear_table(void **state)
{
    assert_int_equal(stream(63).bad.event, SMMU_C_BAD_STE);
    assert_int_equal(stream(64).bad.event, SMMU_C_BAD_STREAMID);
    assert_int_equal(stream(~0u).bad.event, SMMU_C_BAD_STREAMID);
    assert_true(smmu_store_words(&unit, fix.strtab + 63 * 64, bypass, 8));
    assert_true(stream(63).bypass);
    /* the base is aligned to the table's size */
    fix_register(&fix, SMMU_REG_STRTAB_BASE, fix.strtab + 0x7c0);
    assert_true(stream(63).bypass);
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 0);
    fix_register(&fix, SMMU_REG_STRTAB_BASE, fix.strtab + 63 * 64);
    assert_true(stream(0).bypass);
    assert_int_equal(stream(1).bad.event, SMMU_C_BAD_STREAMID);
    /* more than there are stream ids: 32 bits of them, and the memory ends before */
    fix_register(&fix, SMMU_REG_STRTAB_BASE, 0);
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 63);
    struct smmu_config c = stream(~0u);
    assert_int_equal(c.bad.event, SMMU_F_STE_FETCH);
    assert_int_equal(c.bad.fetch, (uint64_t)~0u * 64);
}

static void test_two_level_table(void **state)
{
    static const unsigned splits[] = {6, 8, 10, 0, 7, 31}, effective[] = {6, 8, 10, 6, 6, 6};
    for (unsigned i = 0; i < ARRAY_LEN(splits); i++) {
        unsigned split = effective[i];
        uint64_t l1 = fix_alloc(&fix, 4096), l2 = fix_alloc(&fix, 64 << split);
        fix_register(&fix, SMMU_REG_STRTAB_BASE, l1);
        fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 1u << 16 | splits[i] << 6 | (split + 3));
        uint32_t first = 3u << split;
        for (unsigned span = 0; span < 32; span++) {
            fix_store(&fix, l1 + 3 * 8, l2 | span);
            bool valid = span && span <= split + 1;
            uint32_t count = valid ? 1u << (span - 1) : 0;
            assert_int_equal(stream(first).bad.event, valid ? SMMU_C_BAD_STE : SMMU_C_BAD_STREAMID);
            if (!valid) continue;
            if (count < 1u << split) assert_int_equal(stream(first + count).bad.event, SMMU_C_BAD_STREAMID);
            assert_true(smmu_store_words(&unit, l2 + (count - 1) * 64, bypass, 8));
            assert_true(stream(first + count - 1).bypass);
            /* level 2 is aligned to its size */
            fix_store(&fix, l1 + 3 * 8, (l2 + (count - 1) * 64) | span);
            assert_true(stream(first + count - 1).bypass);
            assert_true(smmu_store_words(&unit, l2 + (count - 1) * 64, (uint64_t[8]){0}, 8));
        }
        assert_int_equal(stream(8u << split).bad.event, SMMU_C_BAD_STREAMID);
        fix_store(&fix, l1 + 7 * 8, FIX_NOWHERE | (split + 1));
        struct smmu_config c = stream((8u << split) - 1);
        assert_int_equal(c.bad.event, SMMU_F_STE_FETCH);
        assert_int_equal(c.bad.fetch, FIX_NOWHERE + ((1ull << split) - 1) * 64);
    }
    fix_register(&fix, SMMU_REG_STRTAB_BASE, FIX_NOWHERE);
    assert_int_equal(stream(9).bad.event, SMMU_F_STE_FETCH);
    assert_int_equal(stream(9).bad.fetch, FIX_NOWHERE);
    /* a table that is no larger than its split: one descriptor */
    fix_register(&fix, SMMU_REG_STRTAB_BASE, fix_alloc(&fix, 4096));
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, 1u << 16 | 10 << 6 | 4);
    assert_int_equal(stream(15).bad.event, SMMU_C_BAD_STREAMID);
    assert_int_equal(stream(16).bad.event, SMMU_C_BAD_STREAMID);
}

static void test_config_field(void **state)
{
    for (unsigned v = 0; v < 8; v++) {
        memset(fix.ste, 0, sizeof(fix.ste));
        fix_stage1(&fix, &s1);
        fix_stage2(&fix, &s2);
        for (uint64_t a = FIX_BASE; a < FIX_BASE + 0x800000; a += 1 << 21)
            fix_map(&fix, &s2, a, a, 2, FIX_S2);
        fix_put(fix.ste, SMMU_STE_CONFIG, v);
        struct smmu_config c = config(false, 0);
        assert_int_equal(c.bad.event, 0);
        assert_int_equal(c.abort, v < 4);
        assert_int_equal(c.bypass, v == 4);
        assert_int_equal(c.s1.on, v == 5 || v == 7);
        assert_int_equal(c.s2.on, v >= 6);
        fix_put(fix.ste, SMMU_STE_V, 0);
        expect_event(SMMU_C_BAD_STE);
    }
}

/* ---- rules ---- */

struct rule {
    uint32_t field; /* of an STE or CD that is legal … */
    uint64_t value; /* … with this in it … */
    bool bad;       /* … is not */
};

static void run_rules(uint64_t *words, const struct rule *rules, unsigned n, unsigned event)
{
    uint64_t good[8];
    memcpy(good, words, sizeof(good));
    expect_event(0);
    for (unsigned i = 0; i < n; i++) {
        fix_put(words, rules[i].field, rules[i].value);
        unsigned got = config(false, 0).bad.event;
        if (got != (rules[i].bad ? event : 0))
            fail_msg("rule %u, value %#llx: event %#x", i, (unsigned long long)rules[i].value, got);
        memcpy(words, good, sizeof(good));
    }
}

static void test_ste_rules_of_stage1(void **state)
{
    static const struct rule rules[] = {
        {SMMU_STE_V, 0, true},         {SMMU_STE_STRW, 1, true},      {SMMU_STE_STRW, 3, true},
        {SMMU_STE_STRW, 2, false},     {SMMU_STE_EATS, 1, false},     {SMMU_STE_EATS, 2, true},
        {SMMU_STE_EATS, 3, false},     {SMMU_STE_S1CDMAX, 21, true},  {SMMU_STE_S1CDMAX, 31, true},
        {SMMU_STE_S2TG, 3, false},     {SMMU_STE_S2T0SZ, 63, false},  {SMMU_STE_S2S, 1, false},
        {SMMU_STE_S1STALLD, 1, false}, {SMMU_STE_MEMATTR, 15, false}, {SMMU_STE_S2HA, 1, false},
    };
    fix_stage1(&fix, &s1);
    run_rules(fix.ste, rules, ARRAY_LEN(rules), SMMU_C_BAD_STE);
}

static void test_ste_rules_of_stage2(void **state)
{
    static const struct rule rules[] = {
        {SMMU_STE_STRW, 1, false},     {SMMU_STE_S2AA64, 0, true},  {SMMU_STE_S2TG, 3, true},
        {SMMU_STE_S2T0SZ, 15, true},   {SMMU_STE_S2T0SZ, 49, true}, {SMMU_STE_S2T0SZ, 24, false},
        {SMMU_STE_S2PS, 7, false},     {SMMU_STE_S2PS, 0, false},   {SMMU_STE_S2TTB, 1ull << 44, true},
        {SMMU_STE_EATS, 2, true},      {SMMU_STE_EATS, 1, false},   {SMMU_STE_S2S, 1, false},
        {SMMU_STE_S1CDMAX, 31, false}, {SMMU_STE_S2HD, 1, false},   {SMMU_STE_S2ENDI, 1, false},
    };
    fix_stage2(&fix, &s2);
    run_rules(fix.ste, rules, ARRAY_LEN(rules), SMMU_C_BAD_STE);
    /* a table beyond the output size: 36 bits */
    fix_put(fix.ste, SMMU_STE_S2PS, SMMU_SIZE_36);
    fix_put(fix.ste, SMMU_STE_S2TTB, 1ull << 36 >> 4);
    expect_event(SMMU_C_BAD_STE);
    fix_put(fix.ste, SMMU_STE_S2TTB, ((1ull << 36) - 4096) >> 4);
    expect_event(0);
    /* stalls of stage 2 go with no ATS */
    fix_stage2(&fix, &s2);
    fix_put(fix.ste, SMMU_STE_S2S, 1);
    fix_put(fix.ste, SMMU_STE_EATS, 1);
    expect_event(SMMU_C_BAD_STE);
}

/* S2SL0 against S2T0SZ and S2TG, by how many bits the first level is left with: 1 to those of a page of
 * tables and four more (the Arm ARM's table of concatenated tables). */
static void test_stage2_start_levels(void **state)
{
    for (unsigned tg = 0; tg < 3; tg++)
        for (unsigned sl0 = 0; sl0 < 4; sl0++)
            for (unsigned t0sz = 0; t0sz < 64; t0sz++) {
                static const int page[] = {12, 16, 14}, least[] = {16, 12, 16}, most[] = {48, 47, 48};
                static const int level[3][4] = {{2, 1, 0, 3}, {3, 2, 1, -1}, {3, 2, 1, -1}};
                uint64_t ste[8] = {0};
                fix_put(ste, SMMU_STE_V, 1);
                fix_put(ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S2);
                fix_put(ste, SMMU_STE_S2AA64, 1);
                fix_put(ste, SMMU_STE_S2PS, SMMU_SIZE_52);
                fix_put(ste, SMMU_STE_S2TG, tg);
                fix_put(ste, SMMU_STE_S2SL0, sl0);
                fix_put(ste, SMMU_STE_S2T0SZ, t0sz);
                int stride = page[tg] - 3, start = level[tg][sl0], left = 64 - (int)t0sz - page[tg];
                left -= (3 - start) * stride;
                bool ok = start >= 0 && (int)t0sz >= least[tg] && (int)t0sz <= most[tg] && left >= 1 &&
                          left <= stride + 4;
                if ((smmu_ste_illegal(ste) == NULL) != ok) fail_msg("TG %u SL0 %u T0SZ %u", tg, sl0, t0sz);
            }
}

static void test_cd_rules(void **state)
{
    static const struct rule rules[] = {
        {SMMU_CD_V, 0, true},     {SMMU_CD_AA64, 0, true},          {SMMU_CD_TG0, 3, true},
        {SMMU_CD_T0SZ, 15, true}, {SMMU_CD_T0SZ, 16, false},        {SMMU_CD_T0SZ, 48, false},
        {SMMU_CD_T0SZ, 49, true}, {SMMU_CD_TTB0, 1ull << 44, true}, {SMMU_CD_EPD1, 0, true},
        {SMMU_CD_TG1, 0, false},  {SMMU_CD_T1SZ, 63, false},        {SMMU_CD_S, 1, false},
        {SMMU_CD_A, 0, false},    {SMMU_CD_HD, 1, false},           {SMMU_CD_ENDI, 1, false},
        {SMMU_CD_IPS, 7, false},  {SMMU_CD_ASID, 0xffff, false},
    };
    fix_stage1(&fix, &s1);
    run_rules(fix.cd, rules, ARRAY_LEN(rules), SMMU_C_BAD_CD);
    /* what EPD0 switches off is not looked at */
    fix_put(fix.cd, SMMU_CD_EPD0, 1);
    fix_put(fix.cd, SMMU_CD_TG0, 3);
    fix_put(fix.cd, SMMU_CD_T0SZ, 0);
    expect_event(0);
    fix_put(fix.ste, SMMU_STE_STRW, SMMU_STE_STRW_EL2);
    expect_event(SMMU_C_BAD_CD);
    /* 64K: 12 to 47 */
    fix_stage1(&fix, &s1);
    fix_put(fix.ste, SMMU_STE_STRW, 0);
    fix_put(fix.cd, SMMU_CD_EPD0, 0);
    for (unsigned size = 0; size < 64; size++) {
        fix_put(fix.cd, SMMU_CD_TG0, SMMU_GRANULE0_64K);
        fix_put(fix.cd, SMMU_CD_T0SZ, size);
        expect_event(size >= 12 && size <= 47 ? 0 : SMMU_C_BAD_CD);
    }
    /* stalls that the STE forbids */
    fix_stage1(&fix, &s1);
    fix_put(fix.cd, SMMU_CD_S, 1);
    fix_put(fix.ste, SMMU_STE_S1STALLD, 1);
    expect_event(SMMU_C_BAD_CD);
    fix_put(fix.cd, SMMU_CD_S, 0);
    fix_put(fix.cd, SMMU_CD_TTB0, 1ull << 48 >> 4); /* small pages have 48 bits of address */
    expect_event(SMMU_C_BAD_CD);
}

/* ---- substreams ---- */

static void test_substreams(void **state)
{
    fix_stage1(&fix, &s1);
    assert_int_equal(config(true, 0).bad.event, SMMU_C_BAD_SUBSTREAMID); /* S1CDMax is 0 */
    uint64_t cds = fix_alloc(&fix, 8192);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, cds >> 6);
    fix_put(fix.ste, SMMU_STE_S1CDMAX, 7);
    for (unsigned i = 0; i < 128; i++) {
        fix_put(fix.cd, SMMU_CD_ASID, i);
        assert_true(smmu_store_words(&unit, cds + i * 64, fix.cd, 8));
    }
    for (unsigned dss = 0; dss < 4; dss++) {
        fix_put(fix.ste, SMMU_STE_S1DSS, dss);
        struct smmu_config c = config(false, 0);
        assert_int_equal(c.bad.event, dss == 1 || dss == 2 ? 0 : SMMU_F_STREAM_DISABLED);
        assert_int_equal(c.bypass, dss == 1);
        assert_int_equal(c.s1.on, dss == 2);
        assert_int_equal(config(true, 0).bad.event, dss == 2 ? SMMU_F_STREAM_DISABLED : 0);
        assert_int_equal(config(true, 127).s1.tag, 127);
        assert_int_equal(config(true, 128).bad.event, SMMU_C_BAD_SUBSTREAMID);
        assert_int_equal(config(true, 0xfffff).bad.event, SMMU_C_BAD_SUBSTREAMID);
    }
    /* streams without stage 1 */
    fix_put(fix.ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_BYPASS);
    assert_int_equal(config(true, 1).bad.event, SMMU_C_BAD_SUBSTREAMID);
    assert_true(config(false, 1).bypass);
    fix_put(fix.ste, SMMU_STE_CONFIG, 0);
    assert_true(config(true, 1).abort && !config(true, 1).bad.event);
}

static void test_two_level_cds(void **state)
{
    for (unsigned fmt = 1; fmt < 3; fmt++) {
        unsigned low = fmt == 1 ? 6 : 10, max = low + 4;
        uint64_t l1 = fix_alloc(&fix, 4096), leaf = fix_alloc(&fix, 64 << low);
        fix_stage1(&fix, &s1);
        fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, l1 >> 6);
        fix_put(fix.ste, SMMU_STE_S1CDMAX, max);
        fix_put(fix.ste, SMMU_STE_S1FMT, fmt);
        uint32_t ssid = 9u << low | 5;
        assert_int_equal(config(true, ssid).bad.event, SMMU_C_BAD_SUBSTREAMID); /* L1CD.V is 0 */
        fix_store(&fix, l1 + 9 * 8, leaf | 1);
        assert_int_equal(config(true, ssid).bad.event, SMMU_C_BAD_CD);
        fix_put(fix.cd, SMMU_CD_ASID, 0x1234);
        assert_true(smmu_store_words(&unit, leaf + 5 * 64, fix.cd, 8));
        assert_int_equal(config(true, ssid).s1.tag, 0x1234);
        if (fmt == 2) { /* bits 15:12 of the pointer are taken to be zero */
            fix_store(&fix, l1 + 9 * 8, leaf | 0x3001);
            assert_int_equal(config(true, ssid).s1.tag, 0x1234);
        }
        fix_store(&fix, l1 + 9 * 8, FIX_NOWHERE | 1);
        struct smmu_config c = config(true, ssid);
        assert_int_equal(c.bad.event, SMMU_F_CD_FETCH);
        assert_int_equal(c.bad.fetch, FIX_NOWHERE + 5 * 64);
        fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, FIX_NOWHERE >> 6);
        c = config(true, ssid);
        assert_int_equal(c.bad.event, SMMU_F_CD_FETCH);
        assert_int_equal(c.bad.fetch, FIX_NOWHERE + 9 * 8);
    }
}

/* ---- CDs below stage 2 ---- */

static void test_cd_through_stage2(void **state)
{
    fix_stage1(&fix, &s1);
    fix_stage2(&fix, &s2);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, 0xc0000040ull >> 6);
    uint64_t real = fix.cd_at;
    struct smmu_config c = config(false, 0);
    assert_int_equal(c.bad.event, SMMU_F_TRANSLATION);
    assert_true(c.bad.stage2 && c.s2.on);
    assert_int_equal(c.bad.class_, SMMU_CLASS_CD);
    assert_int_equal(c.bad.ipa, 0xc0000040);
    uint64_t at = fix_map(&fix, &s2, 0xc0000000, real, 3, FIX_S2 & ~0x400u);
    assert_int_equal(config(false, 0).bad.event, SMMU_F_ACCESS);
    fix_put(fix.ste, SMMU_STE_S2HA, 1);
    fix_put(fix.ste, SMMU_STE_S2HD, 1);
    fix_store(&fix, at, (fix_load(&fix, at) & ~0x80ull) | 1ull << 51);
    assert_true(smmu_store_words(&unit, real + 64, fix.cd, 8));
    assert_true(config(false, 0).s1.on);
    assert_int_equal(fix_load(&fix, at) & 0x480, 0x400); /* accessed, and never dirty (3.13.3) */
    fix_store(&fix, at, fix_load(&fix, at) & ~0x40ull);
    assert_int_equal(config(false, 0).bad.event, SMMU_F_PERMISSION);
    fix_map(&fix, &s2, 0xc0000000, FIX_NOWHERE, 3, FIX_S2);
    c = config(false, 0);
    assert_int_equal(c.bad.event, SMMU_F_CD_FETCH);
    assert_int_equal(c.bad.fetch, FIX_NOWHERE + 0x40);
    /* device memory under S2PTW */
    fix_map(&fix, &s2, 0xc0000000, real, 3, FIX_S2 & ~0x3cu);
    assert_true(config(false, 0).s1.on);
    fix_put(fix.ste, SMMU_STE_S2PTW, 1);
    assert_int_equal(config(false, 0).bad.event, SMMU_F_PERMISSION);
}

static void test_worlds(void **state)
{
    fix_stage1(&fix, &s1);
    assert_int_equal(config(false, 0).world, SMMU_WORLD_EL1);
    fix_put(fix.ste, SMMU_STE_STRW, SMMU_STE_STRW_EL2);
    assert_int_equal(config(false, 0).world, SMMU_WORLD_EL2);
    fix_register(&fix, SMMU_REG_CR2, 1);
    assert_int_equal(config(false, 0).world, SMMU_WORLD_EL2_E2H);
    fix_stage2(&fix, &s2); /* with stage 2, STRW is ignored */
    fix_put(fix.ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S2);
    assert_int_equal(config(false, 0).world, SMMU_WORLD_EL1);
}

static void test_disabled(void **state)
{
    fix_register(&fix, SMMU_REG_CR0, 0);
    struct smmu_config c = stream(1000);
    assert_true(c.disabled && c.bypass && !c.abort && !c.bad.event);
    unit.registers[0][SMMU_REG_GBPA / 8] |= 1ull << (20 + SMMU_REG_GBPA % 8 * 8);
    c = stream(1000);
    assert_true(c.disabled && c.abort && !c.bypass && !c.bad.event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_linear_table),
        T(test_two_level_table),
        T(test_config_field),
        T(test_ste_rules_of_stage1),
        T(test_ste_rules_of_stage2),
        T(test_stage2_start_levels),
        T(test_cd_rules),
        T(test_substreams),
        T(test_two_level_cds),
        T(test_cd_through_stage2),
        T(test_worlds),
        T(test_disabled),
#undef T
    };
    return cmocka_run_group_tests_name("smmu config", tests, NULL, NULL);
}
