/* ATS and PRI: what a device is granted, what it keeps and must forget, what it may do with it, and page
 * requests.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/queue_test.h"

enum { RW = SMMU_READ | SMMU_WRITE, PAGE = 0x5000, SSID = 3 };

/* A stream with tables: one page at PAGE, what it goes to at the end of memory. */
struct stream {
    struct rig *r;
    struct fixture x;
    struct fix_table one, two; /* stage 1's and 2's */
    struct smmu_device *d;     /* FIX_SID */
    uint64_t leaf;             /* where PAGE's descriptor of stage 1 is */
};

#define TARGET (RAM + RAM_SIZE - 0x10000ull)

static void stream_apply(struct stream *t)
{
    fix_apply(&t->x);
    smmu_forget(t->r->s);
}

/* Stage 1, and stage 2 when `nested`: there all of memory is where it is, but for TARGET's page, which is one
 * further. */
static struct stream *stream_open(struct rig *r, bool nested, unsigned eats)
{
    struct stream *t = calloc(1, sizeof(*t));
    struct smmu_client client = *smmu_client(r->d);
    client.sid = FIX_SID;
    t->r = r;
    t->x.s = r->s;
    t->x.next = FREE + 0x100000;
    t->x.strtab = fix_alloc(&t->x, 64 * 64);
    t->x.cd_at = fix_alloc(&t->x, 4096);
    assert_int_equal(smmu_attach(r->s, &client, &t->d), 0);
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_STRTAB_BASE, t->x.strtab);
    rig_write(r, SMMU_REG_STRTAB_BASE_CFG, 6);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    t->one = fix_table(&t->x, 12, 39, -1);
    t->leaf = fix_map(&t->x, &t->one, PAGE, TARGET, 3, FIX_S1);
    fix_stage1(&t->x, &t->one);
    if (nested) {
        t->two = fix_table(&t->x, 12, 39, -1);
        for (uint64_t at = RAM; at < RAM + RAM_SIZE - 0x200000; at += 0x200000)
            fix_map(&t->x, &t->two, at, at, 2, FIX_S2);
        fix_map(&t->x, &t->two, TARGET, TARGET + 0x1000, 3, FIX_S2);
        fix_stage2(&t->x, &t->two);
    }
    fix_put(t->x.ste, SMMU_STE_EATS, eats);
    stream_apply(t);
    return t;
}

static struct smmu_request request(uint64_t iova, uint64_t size, unsigned access)
{
    return (struct smmu_request){.iova = iova, .size = size, .ssid = SSID, .access = access};
}

/* The event that was recorded last, and alone; 0: none. */
static unsigned event(struct rig *r)
{
    uint64_t words[SMMU_EVENT_WORDS] = {0}, none[SMMU_EVENT_WORDS];
    if (!rig_take(r, SMMU_EVENTQ, words)) return 0;
    assert_false(rig_take(r, SMMU_EVENTQ, none));
    return (unsigned)dev_get(words, SMMU_EVENT_NUMBER);
}

static enum smmu_end ask(struct stream *t, uint64_t iova, unsigned access, struct smmu_range *to,
                         unsigned *granted)
{
    struct smmu_request q = request(iova, 0x100, access);
    return smmu_ats_request(t->d, &q, to, granted);
}

/* ---- what is granted ---- */

enum { RO = FIX_S1 | 0x80, KERNEL = FIX_S1 & ~0x40 };

static void test_grants(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const uint64_t never = 3ull << 53; /* PXN, UXN */
    const struct {
        uint64_t attributes; /* of the page */
        unsigned access;     /* asked for */
        enum smmu_end end;
        unsigned granted; /* exactly */
    } cases[] = {
        {FIX_S1, SMMU_READ, SMMU_DONE, RW}, /* more than was asked for, as it is dirty already (13.7) */
        {FIX_S1, RW, SMMU_DONE, RW},
        {FIX_S1, RW | SMMU_EXEC | SMMU_PRIVILEGED, SMMU_DONE, RW}, /* without a PASID: neither */
        {RO, RW, SMMU_DONE, SMMU_READ},
        {RO, SMMU_READ, SMMU_DONE, SMMU_READ},
        {KERNEL, RW, SMMU_RETRY, 0},
        {FIX_S1 & ~0x400, RW, SMMU_RETRY, 0}, /* access flag */
        {FIX_S1 | never, RW, SMMU_DONE, RW},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct smmu_range to;
        unsigned granted;
        fix_map(&t->x, &t->one, PAGE, TARGET, 3, cases[i].attributes);
        smmu_forget(r->s);
        assert_int_equal(ask(t, PAGE + 0x10, cases[i].access, &to, &granted), cases[i].end);
        assert_int_equal(granted, cases[i].granted);
        assert_int_equal(event(r), 0);
        if (cases[i].end != SMMU_DONE) continue;
        assert_int_equal(to.address, TARGET + 0x10);
        assert_int_equal(to.size, 0x100);
        assert_non_null(to.host);
    }
    struct smmu_range to;
    unsigned granted;
    assert_int_equal(ask(t, PAGE + 0xff8, RW, &to, &granted), SMMU_DONE);
    assert_int_equal(to.size, 8); /* to the end of the page */
    assert_int_equal(ask(t, PAGE + 0x1000, RW, &to, &granted), SMMU_RETRY);
    assert_int_equal(event(r), 0); /* the device knows; the queue does not */
    free(t);
}

/* With a PASID: execution and privilege. The CD table has one CD, of substream SSID. */
static void test_grants_pasid(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const unsigned pasid = SMMU_SUBSTREAM, p = SMMU_PRIVILEGED, x = SMMU_EXEC;
    const uint64_t uxn = 1ull << 54;
    const struct {
        uint64_t attributes;
        unsigned access, granted;
    } cases[] = {
        {FIX_S1 | 1ull << 53, RW | x | pasid, RW | x}, /* for users */
        {FIX_S1 | uxn, RW | x | pasid, RW},
        {FIX_S1, RW | pasid, RW},
        {FIX_S1, RW | pasid | p, RW | p},
        {KERNEL, RW | pasid | p, RW | p},
        {RO, RW | pasid | p, SMMU_READ | p},
        {KERNEL, RW | pasid, 0},
    };
    uint64_t table = fix_alloc(&t->x, 4096);
    fix_put(t->x.ste, SMMU_STE_S1CDMAX, 4);
    fix_put(t->x.ste, SMMU_STE_S1CONTEXTPTR, table >> 6);
    t->x.cd_at = table + 64 * SSID;
    stream_apply(t);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct smmu_range to;
        unsigned granted;
        fix_map(&t->x, &t->one, PAGE, TARGET, 3, cases[i].attributes);
        smmu_forget(r->s);
        assert_int_equal(ask(t, PAGE, cases[i].access, &to, &granted),
                         cases[i].granted ? SMMU_DONE : SMMU_RETRY);
        assert_int_equal(granted, cases[i].granted);
    }
    /* Another substream has no CD: a completer's abort, and no event (3.9.1.2). */
    struct smmu_request q = {.iova = PAGE, .size = 1, .ssid = SSID + 1, .access = RW | pasid};
    struct smmu_range to;
    unsigned granted;
    assert_int_equal(smmu_ats_request(t->d, &q, &to, &granted), SMMU_ABORTED);
    assert_int_equal(event(r), 0);
    free(t);
}

/* STE.INSTCFG: reads are of instructions, or whatever can be read can be executed (13.7.1). */
static void test_instcfg(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const unsigned asked = SMMU_READ | SMMU_EXEC | SMMU_SUBSTREAM;
    const uint64_t xn = 3ull << 53;
    const struct {
        unsigned instcfg;
        uint64_t attributes;
        enum smmu_end end;
        unsigned granted;
    } cases[] = {
        {SMMU_STE_INSTCFG_INSTRUCTION, RO, SMMU_DONE, SMMU_READ | SMMU_EXEC},
        {SMMU_STE_INSTCFG_INSTRUCTION, RO | xn, SMMU_RETRY, 0},
        {SMMU_STE_INSTCFG_DATA, RO | xn, SMMU_DONE, SMMU_READ | SMMU_EXEC},
        {SMMU_STE_INSTCFG_INCOMING, RO | xn, SMMU_DONE, SMMU_READ},
        {SMMU_STE_INSTCFG_INCOMING, RO, SMMU_DONE, SMMU_READ | SMMU_EXEC},
    };
    uint64_t table = fix_alloc(&t->x, 4096);
    fix_put(t->x.ste, SMMU_STE_S1CDMAX, 4);
    fix_put(t->x.ste, SMMU_STE_S1CONTEXTPTR, table >> 6);
    t->x.cd_at = table + 64 * SSID;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct smmu_range to;
        unsigned granted;
        fix_put(t->x.ste, SMMU_STE_INSTCFG, cases[i].instcfg);
        fix_map(&t->x, &t->one, PAGE, TARGET, 3, cases[i].attributes);
        stream_apply(t);
        assert_int_equal(ask(t, PAGE, asked, &to, &granted), cases[i].end);
        assert_int_equal(granted, cases[i].granted);
    }
    free(t);
}

/* A request that may write makes the page dirty, for its writes will not be seen; a reading one does not. */
static void test_dirty(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    struct smmu_range to;
    unsigned granted;
    const uint64_t clean = FIX_S1 | 0x80 | 1ull << 51;
    fix_put(t->x.cd, SMMU_CD_HA, 1);
    fix_put(t->x.cd, SMMU_CD_HD, 1);
    fix_map(&t->x, &t->one, PAGE, TARGET, 3, clean & ~0x400ull);
    stream_apply(t);
    assert_int_equal(ask(t, PAGE, SMMU_READ, &to, &granted), SMMU_DONE);
    assert_int_equal(granted, SMMU_READ);
    assert_int_equal(fix_load(&t->x, t->leaf), TARGET | clean | 3);
    assert_int_equal(ask(t, PAGE, RW, &to, &granted), SMMU_DONE);
    assert_int_equal(granted, RW);
    assert_int_equal(fix_load(&t->x, t->leaf), TARGET | (clean & ~0x80ull) | 3);
    free(t);
}

/* ---- who may ask ---- */

static void test_refused(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const struct {
        unsigned valid, config, eats, cr0, event;
    } cases[] = {
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_OFF, RIG_ALL, SMMU_F_BAD_ATS_TREQ},
        {1, SMMU_STE_CONFIG_S1, 3, RIG_ALL, SMMU_F_BAD_ATS_TREQ},
        {1, SMMU_STE_CONFIG_BYPASS, SMMU_STE_EATS_FULL, RIG_ALL, SMMU_F_BAD_ATS_TREQ},
        {1, SMMU_STE_CONFIG_ABORT, SMMU_STE_EATS_FULL, RIG_ALL, 0},
        {0, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_FULL, RIG_ALL, 0},
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_SPLIT, RIG_ALL | RIG_ATSCHK, 0}, /* ILLEGAL without stage 2 */
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_FULL, RIG_ALL & ~RIG_SMMU, SMMU_F_BAD_ATS_TREQ},
    };
    struct smmu_range to;
    unsigned granted;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        fix_put(t->x.ste, SMMU_STE_V, cases[i].valid);
        fix_put(t->x.ste, SMMU_STE_CONFIG, cases[i].config);
        fix_put(t->x.ste, SMMU_STE_EATS, cases[i].eats);
        stream_apply(t);
        rig_write(r, SMMU_REG_CR0, cases[i].cr0);
        assert_int_equal(ask(t, PAGE, RW, &to, &granted), SMMU_ABORTED);
        assert_int_equal(granted, 0);
        unsigned what = event(r);
        if (what != cases[i].event) fail_msg("case %u: event %#x", i, what);
        rig_write(r, SMMU_REG_CR0, RIG_ALL);
    }
    /* A stream beyond the table: nothing is recorded of requests (7.3.6). */
    struct smmu_request q = request(PAGE, 1, RW);
    assert_int_equal(smmu_ats_request(r->d, &q, &to, &granted), SMMU_ABORTED);
    assert_int_equal(event(r), 0);
    free(t);
}

/* ---- what translated accesses may do ---- */

static enum smmu_end translated(struct smmu_device *d, uint64_t address, uint64_t *pa)
{
    struct smmu_request q = request(address, 1, SMMU_READ | SMMU_TRANSLATED | SMMU_SUBSTREAM);
    struct smmu_page page;
    struct smmu_stop stop;
    enum smmu_end end = smmu_ats_translated(d, &q, address, &page, &stop);
    *pa = page.pa + (address - page.iova);
    assert_int_equal(stop.end, end);
    return end;
}

static void test_translated(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const struct {
        unsigned valid, config, eats, cr0;
        enum smmu_end end;
        unsigned event;
    } cases[] = {
        /* Nobody looks without ATSCHK. */
        {0, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_OFF, RIG_ALL, SMMU_DONE, 0},
        {1, SMMU_STE_CONFIG_ABORT, SMMU_STE_EATS_OFF, RIG_ALL, SMMU_DONE, 0},
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_FULL, RIG_ALL & ~RIG_SMMU, SMMU_ABORTED,
         SMMU_F_TRANSL_FORBIDDEN},
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_FULL, RIG_ALL | RIG_ATSCHK, SMMU_DONE, 0},
        {1, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_OFF, RIG_ALL | RIG_ATSCHK, SMMU_ABORTED,
         SMMU_F_TRANSL_FORBIDDEN},
        {1, SMMU_STE_CONFIG_BYPASS, SMMU_STE_EATS_FULL, RIG_ALL | RIG_ATSCHK, SMMU_ABORTED,
         SMMU_F_TRANSL_FORBIDDEN},
        {1, SMMU_STE_CONFIG_ABORT, SMMU_STE_EATS_FULL, RIG_ALL | RIG_ATSCHK, SMMU_ABORTED, 0},
        {0, SMMU_STE_CONFIG_S1, SMMU_STE_EATS_FULL, RIG_ALL | RIG_ATSCHK, SMMU_ABORTED, 0},
    };
    uint64_t pa;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        fix_put(t->x.ste, SMMU_STE_V, cases[i].valid);
        fix_put(t->x.ste, SMMU_STE_CONFIG, cases[i].config);
        fix_put(t->x.ste, SMMU_STE_EATS, cases[i].eats);
        stream_apply(t);
        rig_write(r, SMMU_REG_CR0, cases[i].cr0);
        enum smmu_end end = translated(t->d, TARGET + 8, &pa);
        if (end != cases[i].end) fail_msg("case %u: end %u", i, end);
        if (end == SMMU_DONE) assert_int_equal(pa, TARGET + 8);
        assert_int_equal(event(r), cases[i].event);
        if (end == SMMU_DONE) assert_int_equal(translated(t->d, 1ull << 52, &pa), SMMU_ABORTED);
        assert_int_equal(event(r), 0); /* addresses beyond what there is: silently */
        rig_write(r, SMMU_REG_CR0, RIG_ALL);
    }
    /* No STE: C_BAD_STREAMID, silently. Without ATS nothing that is marked so comes through. */
    struct smmu_client plain = {.name = "plain", .sid = 9};
    struct smmu_device *d;
    assert_int_equal(smmu_attach(r->s, &plain, &d), 0);
    assert_int_equal(translated(d, TARGET, &pa), SMMU_ABORTED);
    rig_write(r, SMMU_REG_CR0, RIG_ALL | RIG_ATSCHK);
    assert_int_equal(translated(r->d, TARGET, &pa), SMMU_ABORTED);
    assert_int_equal(event(r), 0);
    free(t);
}

/* Split stages: the device has intermediate addresses, and stage 2 comes with each access (13.6.3). */
static void test_split(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, true, SMMU_STE_EATS_SPLIT);
    struct smmu_range to;
    unsigned granted;
    uint64_t pa;
    assert_int_equal(ask(t, PAGE, RW, &to, &granted), SMMU_ABORTED); /* off without ATSCHK */
    assert_int_equal(event(r), SMMU_F_BAD_ATS_TREQ);
    rig_write(r, SMMU_REG_CR0, RIG_ALL | RIG_ATSCHK);
    assert_int_equal(ask(t, PAGE + 4, RW, &to, &granted), SMMU_DONE);
    assert_int_equal(granted, RW);
    assert_int_equal(to.address, TARGET + 4);
    assert_null(to.host);
    assert_int_equal(translated(t->d, TARGET + 4, &pa), SMMU_DONE);
    assert_int_equal(pa, TARGET + 0x1004);
    assert_int_equal(translated(t->d, TARGET + 0x2000, &pa), SMMU_ABORTED);
    uint64_t words[SMMU_EVENT_WORDS];
    assert_true(rig_take(r, SMMU_EVENTQ, words)); /* recorded as any access (3.9.1.3) */
    assert_int_equal(words[0], (uint64_t)FIX_SID << 32 | SMMU_F_TRANSLATION); /* a PASID is not seen */
    assert_true(dev_get(words, SMMU_EVENT_S2));
    assert_int_equal(words[2], TARGET + 0x2000);
    /* Full ATS of the same stream: physical addresses at once. */
    fix_put(t->x.ste, SMMU_STE_EATS, SMMU_STE_EATS_FULL);
    stream_apply(t);
    assert_int_equal(ask(t, PAGE + 4, RW, &to, &granted), SMMU_DONE);
    assert_int_equal(to.address, TARGET + 0x1004);
    assert_int_equal(translated(t->d, to.address, &pa), SMMU_DONE);
    assert_int_equal(pa, to.address);
    free(t);
}

/* The whole way of a byte: asked for, kept, read and written as translated. */
static void test_transfer(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, true, SMMU_STE_EATS_SPLIT);
    rig_write(r, SMMU_REG_CR0, RIG_ALL | RIG_ATSCHK);
    for (unsigned eats = SMMU_STE_EATS_FULL; eats <= SMMU_STE_EATS_SPLIT; eats++) {
        struct smmu_range to;
        struct smmu_stop stop;
        unsigned granted;
        uint64_t bytes = 0x1122334455667788 + eats, back = 0;
        fix_put(t->x.ste, SMMU_STE_EATS, eats);
        stream_apply(t);
        assert_int_equal(ask(t, PAGE + 8, RW, &to, &granted), SMMU_DONE);
        struct smmu_request q = request(to.address, 8, SMMU_WRITE | SMMU_TRANSLATED);
        assert_int_equal(smmu_dma(t->d, &q, &bytes, &stop), SMMU_DONE);
        rig_load(r, TARGET + 0x1008, &back, 1);
        assert_int_equal(back, bytes);
        back = 0;
        q.access = SMMU_READ | SMMU_TRANSLATED;
        assert_int_equal(smmu_dma(t->d, &q, &back, &stop), SMMU_DONE);
        assert_int_equal(back, bytes);
        q.iova = 0; /* no memory: the bus's error */
        assert_int_equal(smmu_dma(t->d, &q, &back, &stop), SMMU_ABORTED);
    }
    free(t);
}

/* ---- what the device keeps ---- */

static void invalidate(struct rig *r, unsigned ssv, unsigned ssid, unsigned global, uint64_t address,
                       unsigned size)
{
    uint64_t w0 = SMMU_CMD_ATC_INV | rig_bits(SMMU_CMD_ATC_INV_SID, FIX_SID) |
                  rig_bits(SMMU_CMD_ATC_INV_SSV, ssv) | rig_bits(SMMU_CMD_ATC_INV_SSID, ssid) |
                  rig_bits(SMMU_CMD_ATC_INV_GLOBAL, global);
    assert_int_equal(rig_command(r, w0, address | size), 0);
}

static bool kept(struct stream *t, uint64_t iova, unsigned access, uint64_t want)
{
    struct smmu_request q = request(iova, 1, access);
    struct smmu_range to;
    bool has = smmu_ats_cached(t->d, &q, &to);
    if (has) assert_int_equal(to.address, want);
    return has;
}

static void test_cache(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    struct smmu_range to;
    unsigned granted;
    static const struct {
        uint64_t address;
        unsigned size, ssv, global;
        bool gone;
    } cases[] = {
        {PAGE, 0, 0, 0, true},           {PAGE + 0x1000, 0, 0, 0, false},
        {PAGE - 0x1000, 0, 0, 0, false}, {PAGE, 1, 0, 0, true}, /* 0x4000 to 0x5fff */
        {0x4000, 1, 0, 0, true},         {0x6000, 1, 0, 0, false},
        {0x7000, 3, 0, 0, true},         {0, 51, 0, 0, true},
        {1ull << 63, 51, 0, 0, false},   {0xfffffffffffff000, 52, 0, 0, true}, /* all */
        {PAGE, 0, 0, 1, true}, /* Global is of substreams only */
        {PAGE, 0, 1, 0, false},          {0, 52, 1, 1, false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ask(t, PAGE, RW, &to, &granted), SMMU_DONE);
        assert_true(kept(t, PAGE + 0xfff, RW, TARGET + 0xfff));
        assert_false(kept(t, PAGE + 0x1000, RW, 0));
        assert_false(kept(t, PAGE - 1, RW, 0));
        assert_false(kept(t, PAGE, SMMU_READ | SMMU_EXEC, 0));
        assert_false(kept(t, PAGE, RW | SMMU_SUBSTREAM, 0));
        invalidate(r, cases[i].ssv, SSID, cases[i].global, cases[i].address, cases[i].size);
        if (kept(t, PAGE, RW, TARGET) == cases[i].gone) fail_msg("case %u", i);
        invalidate(r, 0, 0, 0, 0, 52);
        assert_false(kept(t, PAGE, RW, TARGET));
    }
    assert_int_equal(r->forgets, 2 * ARRAY_LEN(cases));
    free(t);
}

/* A block goes when any page of it does. */
static void test_cache_block(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    const uint64_t block = 0x600000, last = block + 0x1ff000;
    const uint64_t at[] = {block, block + 0x77000, last, block - 0x1000, last + 0x1000};
    fix_map(&t->x, &t->one, block, RAM, 2, FIX_S1);
    for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
        struct smmu_range to;
        unsigned granted;
        assert_int_equal(ask(t, block + 0x1234, RW, &to, &granted), SMMU_DONE);
        assert_true(kept(t, last + 0xfff, RW, RAM + 0x1fffff));
        invalidate(r, 0, 0, 0, at[i], 0);
        assert_int_equal(kept(t, block, RW, RAM), i > 2);
    }
    free(t);
}

static void test_cache_substreams(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    struct smmu_range to;
    unsigned granted;
    const unsigned of = RW | SMMU_SUBSTREAM;
    uint64_t table = fix_alloc(&t->x, 4096);
    fix_put(t->x.ste, SMMU_STE_S1CDMAX, 4);
    fix_put(t->x.ste, SMMU_STE_S1CONTEXTPTR, table >> 6);
    t->x.cd_at = table + 64 * SSID;
    stream_apply(t);
    static const struct {
        unsigned ssv, ssid, global;
        bool gone;
    } cases[] = {{1, SSID, 0, true}, {1, SSID + 1, 0, false}, {1, SSID + 1, 1, true}, {0, SSID, 0, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ask(t, PAGE, of, &to, &granted), SMMU_DONE);
        assert_true(kept(t, PAGE, of, TARGET));
        assert_false(kept(t, PAGE, RW, TARGET));
        assert_false(kept(t, PAGE, of | SMMU_PRIVILEGED, TARGET)); /* not known of that privilege */
        invalidate(r, cases[i].ssv, cases[i].ssid, cases[i].global, 0, 52);
        assert_int_equal(kept(t, PAGE, of, TARGET), !cases[i].gone);
    }
    free(t);
}

/* As many as it has room for; the oldest goes first. */
static void test_cache_full(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    struct smmu_range to;
    unsigned granted;
    for (unsigned i = 0; i <= SMMU_ATC_ENTRIES; i++) {
        fix_map(&t->x, &t->one, 0x100000 + i * 0x1000, RAM + i * 0x1000, 3, FIX_S1);
        assert_int_equal(ask(t, 0x100000 + i * 0x1000, RW, &to, &granted), SMMU_DONE);
    }
    assert_false(kept(t, 0x100000, RW, RAM));
    for (unsigned i = 1; i <= SMMU_ATC_ENTRIES; i++)
        assert_true(kept(t, 0x100000 + i * 0x1000, RW, RAM + i * 0x1000));
    free(t);
}

/* ---- page requests ---- */

static bool page_request(struct rig *r, unsigned access, unsigned group, bool last)
{
    struct smmu_request q = {.iova = 0x123456789abcdef0, .size = 1, .ssid = 0xabcde, .access = access};
    return smmu_page_request(r->d, &q, group, last);
}

static void response(struct rig *r, bool substream, unsigned group, unsigned code)
{
    assert_int_equal(r->nheard, 1);
    assert_int_equal(r->heard[0].substream, substream);
    assert_int_equal(r->heard[0].ssid, substream ? 0xabcde : 0);
    assert_int_equal(r->heard[0].group, group);
    assert_int_equal(r->heard[0].code, code);
    r->nheard = 0;
}

static void test_requests(void **state)
{
    struct rig *r = *state;
    static const struct {
        unsigned access, group;
        bool last;
        uint64_t words[SMMU_PRI_WORDS];
    } cases[] = {
        {SMMU_READ, 0, false, {RIG_SID | 1ull << 60, 0x123456789abcd000}},
        {SMMU_WRITE, 0x1ff, false, {RIG_SID | 1ull << 61, 0x123456789abcd1ff}},
        {RW, 1, true, {RIG_SID | 7ull << 60, 0x123456789abcd001}},
        /* Execution and privilege need a PASID. */
        {RW | SMMU_EXEC | SMMU_PRIVILEGED, 0x3ff, false, {RIG_SID | 3ull << 60, 0x123456789abcd1ff}},
        {SMMU_READ | SMMU_EXEC | SMMU_PRIVILEGED | SMMU_SUBSTREAM,
         2,
         true,
         {RIG_SID | 0xabcdeull << 32 | 1ull << 58 | 1ull << 59 | 1ull << 60 | 1ull << 62 | 1ull << 63,
          0x123456789abcd002}},
        {SMMU_SUBSTREAM, 0, true, {RIG_SID | 0xabcdeull << 32 | 1ull << 62 | 1ull << 63, 0x123456789abcd000}},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t words[SMMU_PRI_WORDS];
        assert_true(page_request(r, cases[i].access, cases[i].group, cases[i].last));
        assert_int_equal(r->lines[SMMU_IRQ_PRIQ], i + 1);
        assert_true(rig_take(r, SMMU_PRIQ, words));
        assert_int_equal(words[0], cases[i].words[0]);
        assert_int_equal(words[1], cases[i].words[1]);
    }
    assert_int_equal(r->nheard, 0);
}

/* Full: OVFLG toggles once, and nothing gets in until it is acknowledged, even when there is room (8.1). */
static void test_overflow(void **state)
{
    struct rig *r = *state;
    uint64_t words[SMMU_PRI_WORDS];
    for (unsigned log2 = 0; log2 < 4; log2++) {
        uint32_t n = 1u << log2;
        rig_queues(r, log2, RIG_ALL);
        for (unsigned i = 0; i < n; i++) assert_true(page_request(r, RW, i, false));
        assert_false(page_request(r, RW, 7, false)); /* not the last one: no answer */
        assert_int_equal(r->nheard, 0);
        assert_int_equal(rig_read(r, SMMU_REG_PRIQ_PROD), n | 1u << 31);
        assert_false(page_request(r, RW, 8, true));
        response(r, false, 8, SMMU_PAGE_SUCCESS);
        assert_false(page_request(r, SMMU_SUBSTREAM, 0, true)); /* a Stop Marker */
        assert_int_equal(r->nheard, 0);
        assert_int_equal(rig_read(r, SMMU_REG_PRIQ_PROD), n | 1u << 31);
        assert_true(rig_take(r, SMMU_PRIQ, words));
        assert_false(page_request(r, RW, 9, true));
        response(r, false, 9, SMMU_PAGE_SUCCESS);
        rig_write(r, SMMU_REG_PRIQ_CONS, 1u << 31 | n);
        assert_true(page_request(r, RW, 1, true));
        assert_true(rig_take(r, SMMU_PRIQ, words));
    }
}

/* The answer to an overflow has the request's PASID when STE.PPAR says so; without an STE it is a failure. */
static void test_overflow_pasid(void **state)
{
    struct rig *r = *state;
    struct stream *t = stream_open(r, false, SMMU_STE_EATS_FULL);
    struct smmu_request q = {.iova = PAGE, .size = 1, .ssid = 0xabcde, .access = RW | SMMU_SUBSTREAM};
    rig_queues(r, 0, RIG_ALL);
    assert_false(dev_of(rig_read(r, SMMU_REG_IDR3), SMMU_IDR3_PPS));
    assert_true(smmu_page_request(t->d, &q, 0, true));
    for (unsigned ppar = 0; ppar < 2; ppar++) {
        fix_put(t->x.ste, SMMU_STE_PPAR, ppar);
        stream_apply(t);
        assert_false(smmu_page_request(t->d, &q, 4, true));
        response(r, ppar, 4, SMMU_PAGE_SUCCESS);
    }
    fix_put(t->x.ste, SMMU_STE_V, 0);
    stream_apply(t);
    assert_false(smmu_page_request(t->d, &q, 4, true));
    response(r, false, 4, SMMU_PAGE_FAILURE);
    free(t);
}

/* Off, or without memory: each request fails, the last or not (8.2). */
static void test_requests_off(void **state)
{
    struct rig *r = *state;
    static const unsigned off[] = {RIG_ALL & ~RIG_PRIQ, RIG_ALL & ~RIG_SMMU};
    for (unsigned i = 0; i < 2; i++) {
        rig_queues(r, 0, off[i]);
        for (unsigned last = 0; last < 2; last++) {
            assert_false(page_request(r, RW | SMMU_SUBSTREAM, 5, last));
            response(r, false, 5, SMMU_PAGE_FAILURE);
        }
        assert_false(page_request(r, SMMU_SUBSTREAM, 5, true));
        assert_int_equal(r->nheard, 0);
        assert_int_equal(rig_read(r, SMMU_REG_PRIQ_PROD), 0);
    }
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_PRIQ_BASE, 0x1000);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_false(page_request(r, RW, 5, false));
    response(r, false, 5, SMMU_PAGE_FAILURE);
    assert_true(rig_error(r, SMMU_GERROR_PRIQ_ABT_ERR));
    assert_int_equal(rig_read(r, SMMU_REG_PRIQ_PROD), 0);
    rig_queues(r, 0, RIG_ALL);
    assert_false(page_request(r, RW, 5, false)); /* until it is acknowledged */
    response(r, false, 5, SMMU_PAGE_FAILURE);
    rig_acknowledge(r);
    assert_true(page_request(r, RW, 5, false));
    struct smmu_client plain = {.name = "plain", .sid = 9};
    struct smmu_device *d;
    struct smmu_request q = request(PAGE, 1, RW);
    assert_int_equal(smmu_attach(r->s, &plain, &d), 0);
    assert_false(smmu_page_request(d, &q, 0, true));
}

/* PRIQ_IRQ_CFG2.LO: an interrupt for each group's last, also for one that an overflow discards (6.3.36). */
static void test_last_only(void **state)
{
    struct rig *r = *state;
    rig_write(r, SMMU_REG_IRQ_CTRL, 0);
    rig_write(r, SMMU_REG_PRIQ_IRQ_CFG2, dev_bits(SMMU_PRIQ_IRQ_CFG2_LO));
    rig_queues(r, 1, RIG_ALL);
    page_request(r, RW, 0, false);
    assert_int_equal(r->lines[SMMU_IRQ_PRIQ], 0);
    page_request(r, RW, 0, true);
    assert_int_equal(r->lines[SMMU_IRQ_PRIQ], 1);
    page_request(r, RW, 0, false);
    assert_int_equal(r->lines[SMMU_IRQ_PRIQ], 1);
    page_request(r, RW, 0, true);
    assert_int_equal(r->lines[SMMU_IRQ_PRIQ], 2);
    rig_queues(r, 1, RIG_ALL & ~RIG_SMMU);
    page_request(r, RW, 0, true);
    assert_int_equal(r->lines[SMMU_IRQ_PRIQ], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_grants),     RIG_TEST(test_grants_pasid),   RIG_TEST(test_dirty),
        RIG_TEST(test_instcfg),    RIG_TEST(test_refused),        RIG_TEST(test_translated),
        RIG_TEST(test_split),      RIG_TEST(test_cache),          RIG_TEST(test_cache_substreams),
        RIG_TEST(test_cache_full), RIG_TEST(test_cache_block),    RIG_TEST(test_requests),
        RIG_TEST(test_overflow),   RIG_TEST(test_overflow_pasid), RIG_TEST(test_requests_off),
        RIG_TEST(test_last_only),  RIG_TEST(test_transfer),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
