/* Software rewrites stream table entries and context descriptors word by word, as drivers do, while a device
 * goes on (IHI 0070 3.21). At each store, before anything is invalidated and after, an access must come to
 * what the old entry or the new one says, or abort where V is 0. And every mixture of two entries is as the
 * independent walker reads it.
 */
#include "devices/smmu/unit_test.h"
#include "harness/smmu/reference.h"

enum {
    SID = 5,
    WORDS = 8,
    STRTAB = UNIT_RAM,           /* of 64 entries */
    CMDQ = UNIT_RAM + 0x1000,    /* of 256 commands */
    DATA = UNIT_RAM + 0x10000,   /* pages that begin with a number of their own */
    TABLES = UNIT_RAM + 0x20000, /* of stage 1: 32 descriptors of level 3 each */
    CDS = UNIT_RAM + 0x40000,    /* tables of two descriptors */
    STAGE2 = UNIT_RAM + 0x50000, /* two of them, of 8192 descriptors of level 3 */
    STAGE2_SIZE = 0x10000,       /* bytes of one */
    IPA = 0x20000,               /* what both map elsewhere: CDs, a table, data */
    IOVA = UNIT_ROM,             /* which bypass finds as memory, too */
    LEAF1 = 0x743,               /* stage 1: a page for all to read and write */
    LEAF2 = 0x7ff,               /* likewise of stage 2 */
    OUTCOMES = 2,                /* of an access without substream, and with substream 1 */
    TABLE_BITS = 17,             /* stage 1's input */
    QUEUE_MASK = 0x1ff,          /* indices with their wrap bit */
};

/* What an access comes to. */
struct outcome {
    bool done;      /* it went through */
    unsigned event; /* else why not; 0: silently */
    uint64_t value; /* what it read */
};

static struct unit unit;
static struct smmu_device *device;
static uint64_t stes[12][WORDS], cds[8][WORDS];
static unsigned nstes, ncds;
static unsigned commands; /* so far */

static void put(uint64_t at, uint64_t v)
{
    assert_int_equal(mem_write(&unit.mem, at, &v, sizeof(v)), 0);
}

static uint64_t get(uint64_t at)
{
    uint64_t v;
    assert_int_equal(mem_read(&unit.mem, at, &v, sizeof(v)), 0);
    return v;
}

/* ---- the entries ---- */

static void make_cd(uint64_t cd[WORDS], uint64_t table, unsigned asid)
{
    memset(cd, 0, WORDS * 8);
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 64 - TABLE_BITS);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SMMU_SIZE_48);
    dev_put(cd, SMMU_CD_A, 1);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_ASID, asid);
    dev_put(cd, SMMU_CD_TTB0, table >> 4);
}

static uint64_t *new_ste(unsigned config)
{
    uint64_t *ste = stes[nstes++];
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, config);
    return ste;
}

static uint64_t *new_stage1(unsigned config, uint64_t cd)
{
    uint64_t *ste = new_ste(config);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, cd >> 6);
    return ste;
}

static void add_stage2(uint64_t *ste, unsigned which)
{
    dev_put(ste, SMMU_STE_S2VMID, 1 + which);
    dev_put(ste, SMMU_STE_S2T0SZ, 39);
    dev_put(ste, SMMU_STE_S2SL0, 3);
    dev_put(ste, SMMU_STE_S2AA64, 1);
    dev_put(ste, SMMU_STE_S2PS, SMMU_SIZE_48);
    dev_put(ste, SMMU_STE_S2R, 1);
    dev_put(ste, SMMU_STE_S2TTB, (STAGE2 + which * STAGE2_SIZE) >> 4);
}

static void add_substreams(uint64_t *ste, unsigned without)
{
    dev_put(ste, SMMU_STE_S1CDMAX, 1);
    dev_put(ste, SMMU_STE_S1DSS, without);
}

/* Stage 2's table maps IOVA to a page of data, and from IPA on a table of CDs, one of stage 1, and data. */
static void make_stage2(unsigned which)
{
    uint64_t table = STAGE2 + which * STAGE2_SIZE, cd[WORDS];
    put(table + IOVA / 4096 * 8, (DATA + (4 + which) * 4096) | LEAF2);
    put(table + IPA / 4096 * 8, (CDS + (4 + which) * 4096) | LEAF2);
    put(table + (IPA / 4096 + 1) * 8, (TABLES + (4 + which) * 4096) | LEAF2);
    put(table + (IPA / 4096 + 2) * 8, (DATA + (6 + which) * 4096) | LEAF2);
    put(TABLES + (4 + which) * 4096 + IOVA / 4096 * 8, (IPA + 2 * 4096) | LEAF1);
    make_cd(cd, IPA + 4096, 8 + which);
    assert_int_equal(mem_write(&unit.mem, CDS + (4 + which) * 4096, cd, sizeof(cd)), 0);
}

static void make_tables(void)
{
    uint64_t cd[WORDS];
    for (unsigned i = 0; i < 8; i++) put(DATA + i * 4096, 0xd0 + i);
    for (unsigned i = 0; i < 4; i++) put(TABLES + i * 4096 + IOVA / 4096 * 8, (DATA + i * 4096) | LEAF1);
    for (unsigned i = 0; i < 4; i++) { /* tables of two: number i and the one after it */
        make_cd(cd, TABLES + i * 4096, 1 + i);
        assert_int_equal(mem_write(&unit.mem, CDS + i * 4096, cd, sizeof(cd)), 0);
        make_cd(cd, TABLES + (i + 1) % 4 * 4096, 1 + (i + 1) % 4);
        assert_int_equal(mem_write(&unit.mem, CDS + i * 4096 + 64, cd, sizeof(cd)), 0);
    }
    make_stage2(0);
    make_stage2(1);
}

static void make_stes(void)
{
    nstes = 1; /* the first is zeroes */
    new_ste(SMMU_STE_CONFIG_ABORT);
    new_ste(SMMU_STE_CONFIG_BYPASS);
    new_stage1(SMMU_STE_CONFIG_S1, CDS);
    dev_put(new_stage1(SMMU_STE_CONFIG_S1, CDS + 4096), SMMU_STE_EATS, SMMU_STE_EATS_FULL);
    add_substreams(new_stage1(SMMU_STE_CONFIG_S1, CDS), SMMU_STE_S1DSS_BYPASS);
    add_substreams(new_stage1(SMMU_STE_CONFIG_S1, CDS + 2 * 4096), SMMU_STE_S1DSS_SSID0);
    add_substreams(new_stage1(SMMU_STE_CONFIG_S1, CDS + 2 * 4096), SMMU_STE_S1DSS_TERMINATE);
    add_stage2(new_ste(SMMU_STE_CONFIG_S2), 0);
    add_stage2(new_ste(SMMU_STE_CONFIG_S2), 1);
    add_stage2(new_stage1(SMMU_STE_CONFIG_S1_S2, IPA), 0);
    add_stage2(new_stage1(SMMU_STE_CONFIG_S1_S2, IPA), 1);
    assert_int_equal(nstes, ARRAY_LEN(stes));
}

static uint64_t *new_cd(unsigned table)
{
    uint64_t *cd = cds[ncds++];
    make_cd(cd, TABLES + table * 4096, 1 + table);
    return cd;
}

static void make_cds(void)
{
    ncds = 1; /* the first is zeroes */
    new_cd(0);
    new_cd(1);
    dev_put(new_cd(0), SMMU_CD_TTB0,
            (TABLES + 2 * 4096) >> 4); /* the same ASID: what drivers do with EPD0, too */
    dev_put(new_cd(0), SMMU_CD_EPD0, 1);
    dev_put(new_cd(3), SMMU_CD_T0SZ, 64 - TABLE_BITS + 1); /* IOVA is beyond it */
    dev_put(new_cd(3), SMMU_CD_MAIR, 0xff);
    dev_put(new_cd(2), SMMU_CD_TG0, 3); /* ILLEGAL */
    assert_int_equal(ncds, ARRAY_LEN(cds));
}

static int open_unit(void **state)
{
    static const struct smmu_client client = {.name = "device", .sid = SID};
    unit_open(&unit, false);
    make_tables();
    make_stes();
    make_cds();
    unit_write(&unit, SMMU_REG_STRTAB_BASE, 8, STRTAB);
    unit_write(&unit, SMMU_REG_STRTAB_BASE_CFG, 4, 6);
    unit_write(&unit, SMMU_REG_CMDQ_BASE, 8, CMDQ | 8);
    unit_write(&unit, SMMU_REG_CR0, 4, 8);
    unit_write(&unit, SMMU_REG_CR0, 4, 9);
    commands = 0;
    return smmu_attach(unit.smmu, &client, &device);
}

static int close_unit(void **state)
{
    smmu_detach(device);
    unit_close(&unit);
    return 0;
}

/* ---- the driver ---- */

static void command(uint64_t w0, uint64_t w1)
{
    uint64_t at = CMDQ + commands % 256 * 16;
    put(at, w0);
    put(at + 8, w1);
    commands++;
    unit_write(&unit, SMMU_REG_CMDQ_PROD, 4, commands & QUEUE_MASK);
    assert_int_equal(unit_read(&unit, SMMU_REG_CMDQ_CONS, 4), commands & QUEUE_MASK);
}

static void invalidate(bool cd)
{
    uint64_t c[2] = {cd ? SMMU_CMD_CFGI_CD : SMMU_CMD_CFGI_STE};
    if (cd)
        dev_put(c, SMMU_CMD_CFGI_CD_SID, SID);
    else
        dev_put(c, SMMU_CMD_CFGI_STE_SID, SID);
    c[1] |= 1; /* Leaf */
    command(c[0], c[1]);
    command(SMMU_CMD_TLBI_NSNH_ALL, 0);
    command(SMMU_CMD_SYNC, 0);
}

/* Which bits of an STE its V and Config let count (5.2), as far as the entries above differ in them. */
static void used(const uint64_t ste[WORDS], uint64_t bits[WORDS])
{
    unsigned config = (unsigned)dev_get(ste, SMMU_STE_CONFIG);
    memset(bits, 0, WORDS * 8);
    bits[0] = 1;
    if (!(ste[0] & 1)) return;
    dev_put(bits, SMMU_STE_CONFIG, 7);
    if (config < SMMU_STE_CONFIG_BYPASS) return;
    if (config & 1) {
        bits[0] = ~0ull;
        dev_put(bits, SMMU_STE_S1DSS, 3);
    }
    if (config & 3) dev_put(bits, SMMU_STE_EATS, 3);
    if (config & 3) dev_put(bits, SMMU_STE_S2VMID, 0xffff);
    if (config & 2) {
        bits[2] = ~0ull;
        bits[3] = ~0ull;
    }
}

/* An entry with a V of 1 uses all that it has, one with V = 0 nothing else. */
static void used_cd(const uint64_t cd[WORDS], uint64_t bits[WORDS])
{
    const uint64_t v[WORDS] = {1ull << 31};
    bool valid = cd[0] & v[0];
    for (unsigned i = 0; i < WORDS; i++) bits[i] = valid ? ~0ull : v[i];
}

/* One access each, or what the reference says of it. */
static void look(struct outcome o[OUTCOMES])
{
    for (unsigned i = 0; i < OUTCOMES; i++) {
        struct smmu_stop stop = {0};
        const struct smmu_request q = {
            .iova = IOVA, .size = 8, .ssid = i, .access = SMMU_READ | (i ? SMMU_SUBSTREAM : 0)};
        o[i] = (struct outcome){0};
        o[i].done = smmu_dma(device, &q, &o[i].value, &stop) == SMMU_DONE;
        if (!o[i].done) o[i] = (struct outcome){.event = stop.event};
    }
}

static bool ref_load_word(void *arg, uint64_t pa, uint64_t *v)
{
    return !mem_read(&unit.mem, pa, v, sizeof(*v));
}

static void expect(struct outcome o[OUTCOMES])
{
    const struct ref_unit u = {.load = ref_load_word,
                               .strtab_base = STRTAB,
                               .strtab_cfg = 6,
                               .enabled = true,
                               .sid_bits = 32,
                               .ssid_bits = 20,
                               .oas = 52,
                               .small_tables = true};
    for (unsigned i = 0; i < OUTCOMES; i++) {
        const struct ref_request q = {.sid = SID, .ssid = i, .substream = i, .iova = IOVA};
        struct ref_answer a;
        ref_translate(&u, &q, &a);
        o[i] = (struct outcome){.event = a.event};
        if (a.end == REF_DONE) o[i] = (struct outcome){.done = !mem_read(&unit.mem, a.pa, &o[i].value, 8)};
        if (o[i].done) o[i].value = get(a.pa);
    }
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->done == b->done && a->event == b->event && a->value == b->value;
}

/* ---- the sweep ---- */

struct rewrite {
    uint64_t at;                        /* of the entry */
    bool cd;                            /* it is one */
    bool warm;                          /* what is cached stays until a step of the driver ends */
    struct outcome before[OUTCOMES];    /* by the old entry */
    struct outcome after[OUTCOMES];     /* by the new one */
    unsigned seen[3];                   /* accesses that came to: old, new, neither for V = 0 */
    bool may_old, may_new, may_invalid; /* what may come now */
};

static void check(struct rewrite *r)
{
    const struct outcome off = {.event = r->cd ? SMMU_C_BAD_CD : SMMU_C_BAD_STE};
    struct outcome now[OUTCOMES];
    look(now);
    /* a substream that there is not has nothing to do with a descriptor */
    for (unsigned i = 0; i < (r->cd ? 1 : OUTCOMES); i++) {
        bool old = r->may_old && same(&now[i], &r->before[i]);
        bool fresh = r->may_new && same(&now[i], &r->after[i]);
        bool none = r->may_invalid && same(&now[i], &off);
        if (!old && !fresh && !none)
            fail_msg("substream %u: done %d event %#x value %#llx", i, now[i].done, now[i].event,
                     (unsigned long long)now[i].value);
        r->seen[old ? 0 : fresh ? 1 : 2]++;
    }
}

static void store(struct rewrite *r, unsigned word, uint64_t v)
{
    put(r->at + word * 8, v);
    if (!r->warm) invalidate(r->cd);
    check(r);
}

static void settle(struct rewrite *r, bool old, bool new, bool invalid)
{
    invalidate(r->cd);
    r->may_old = old;
    r->may_new = new;
    r->may_invalid = invalid;
    check(r);
}

/* V is taken away, all else written, V given again. */
static void break_and_make(struct rewrite *r, const uint64_t to[WORDS], uint64_t v)
{
    r->may_invalid = true;
    r->may_old = r->warm;
    store(r, 0, get(r->at) & ~v);
    settle(r, false, false, true);
    for (unsigned i = 1; i < WORDS; i++) store(r, i, to[i]);
    settle(r, false, false, true);
    r->may_new = true;
    r->may_invalid = r->warm;
    store(r, 0, to[0]);
    settle(r, false, true, false);
}

/* What the old entry does not use is filled in, one word makes the difference, the rest follows. */
static void hitless(struct rewrite *r, const uint64_t filled[WORDS], const uint64_t to[WORDS],
                    unsigned critical)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (i != critical) store(r, i, filled[i]);
    settle(r, true, false, false);
    r->may_new = true;
    r->may_old = r->warm;
    store(r, critical, to[critical]);
    settle(r, false, true, false);
    for (unsigned i = 0; i < WORDS; i++) store(r, i, to[i]);
    settle(r, false, true, false);
}

static void rewrite(struct rewrite *r, const uint64_t from[WORDS], const uint64_t to[WORDS])
{
    uint64_t from_used[WORDS] = {0}, to_used[WORDS] = {0}, filled[WORDS];
    unsigned differ = 0, critical = 0;
    for (unsigned i = 0; i < WORDS; i++) put(r->at + i * 8, to[i]);
    invalidate(r->cd);
    look(r->after);
    for (unsigned i = 0; i < WORDS; i++) put(r->at + i * 8, from[i]);
    invalidate(r->cd);
    look(r->before);
    (r->cd ? used_cd : used)(from, from_used);
    (r->cd ? used_cd : used)(to, to_used);
    for (unsigned i = 0; i < WORDS; i++) {
        filled[i] = (from[i] & from_used[i]) | (to[i] & ~from_used[i]);
        if (!((filled[i] ^ to[i]) & to_used[i])) continue;
        differ++;
        critical = i;
    }
    r->may_old = true;
    r->may_new = r->may_invalid = false;
    if (differ == 1)
        hitless(r, filled, to, critical);
    else if (differ)
        break_and_make(r, to, r->cd ? 1ull << 31 : 1);
}

static void sweep(struct rewrite *r, uint64_t (*entries)[WORDS], unsigned n)
{
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = 0; b < n; b++)
            for (unsigned warm = 0; warm < 2; warm++) {
                r->warm = warm;
                rewrite(r, entries[a], entries[b]);
            }
    for (unsigned i = 0; i < ARRAY_LEN(r->seen); i++) assert_true(r->seen[i] > 100);
}

static void test_entries(void **state)
{
    struct rewrite r = {.at = STRTAB + SID * 64};
    sweep(&r, stes, nstes);
}

static void test_descriptors(void **state)
{
    uint64_t ste[WORDS] = {0};
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S1);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, (CDS + 7 * 4096) >> 6);
    assert_int_equal(mem_write(&unit.mem, STRTAB + SID * 64, ste, sizeof(ste)), 0);
    invalidate(false);
    struct rewrite r = {.at = CDS + 7 * 4096, .cd = true};
    sweep(&r, cds, ncds);
}

/* Each word from either of two entries: what no driver writes, but a guest may. */
static void mixtures(uint64_t at, bool cd, const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    for (unsigned mix = 0; mix < 1 << WORDS; mix++) {
        struct outcome want[OUTCOMES], have[OUTCOMES];
        bool again = false; /* a word that is alike in both: this mixture was there */
        for (unsigned i = 0; i < WORDS; i++) again |= mix >> i & 1 && a[i] == b[i];
        if (again) continue;
        for (unsigned i = 0; i < WORDS; i++) put(at + i * 8, mix >> i & 1 ? b[i] : a[i]);
        invalidate(cd);
        look(have);
        expect(want);
        for (unsigned i = 0; i < OUTCOMES; i++)
            if (!same(&have[i], &want[i]))
                fail_msg("mixture %#x, substream %u: done %d %d, event %#x %#x", mix, i, have[i].done,
                         want[i].done, have[i].event, want[i].event);
    }
}

static void test_mixtures(void **state)
{
    for (unsigned a = 0; a < nstes; a++)
        for (unsigned b = 0; b < nstes; b++) mixtures(STRTAB + SID * 64, false, stes[a], stes[b]);
    uint64_t ste[WORDS] = {0};
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S1);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, (CDS + 7 * 4096) >> 6);
    assert_int_equal(mem_write(&unit.mem, STRTAB + SID * 64, ste, sizeof(ste)), 0);
    invalidate(false);
    for (unsigned a = 0; a < ncds; a++)
        for (unsigned b = 0; b < ncds; b++) mixtures(CDS + 7 * 4096, true, cds[a], cds[b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_entries, open_unit, close_unit),
        cmocka_unit_test_setup_teardown(test_descriptors, open_unit, close_unit),
        cmocka_unit_test_setup_teardown(test_mixtures, open_unit, close_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
