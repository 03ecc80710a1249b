/* Commands: each legal and with each field wrong, what invalidations ask for, CMD_SYNC, errors and going on
 * after them, and any bits at all.
 */
#include "devices/smmu/fixture.h"
#include "devices/smmu/invalidate.h"
#include "devices/smmu/queue_test.h"

/* ---- every opcode ---- */

static const uint8_t known[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x20,
                                0x21, 0x22, 0x23, 0x28, 0x2a, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46};

static bool is_known(unsigned opcode)
{
    return memchr(known, (int)opcode, sizeof known);
}

static void test_opcodes(void **state)
{
    struct rig *r = *state;
    unsigned legal = 0;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        unsigned lines = r->lines[SMMU_IRQ_GERROR];
        unsigned error = rig_command(r, opcode, 0);
        if (error != (is_known(opcode) ? SMMU_CERROR_NONE : SMMU_CERROR_ILL))
            fail_msg("opcode %#x: %u", opcode, error);
        assert_int_equal(r->lines[SMMU_IRQ_GERROR] - lines, !is_known(opcode));
        legal += !error;
        if (error) rig_mend(r);
    }
    assert_int_equal(legal, sizeof known);
    /* The description has just these, under these numbers. */
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(dev_struct_numbered(&smmu_spec, "command", i) != NULL, is_known(i));
}

/* What one command must not say, and the nearest that it may. */
static void test_illegal(void **state)
{
    static const struct {
        uint64_t w0, w1;
        unsigned error;
    } cases[] = {
        {0x01 | 1 << 10, 0, SMMU_CERROR_ILL}, /* SSec */
        {0x02 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x03 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x04 | 1 << 10, 31, SMMU_CERROR_ILL},
        {0x05 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x06 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x44 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x45 | 1 << 10, 0, SMMU_CERROR_ILL},
        {0x04, 31, 0},
        {0x46 | 3 << 12, 0, SMMU_CERROR_ILL}, /* CS */
        {0x46 | 2 << 12, 0, 0},
        {0x46 | 1 << 12, 0, 0},
        {0x41, 3 << 12, SMMU_CERROR_ILL}, /* Resp */
        {0x41, 2 << 12, 0},
        {0x40, 53, SMMU_CERROR_ILL}, /* Size */
        {0x40, 63, SMMU_CERROR_ILL},
        {0x40, 52, 0},
        /* A granule, and neither range nor level (4.4.1.1). */
        {0x12, 1 << 10, SMMU_CERROR_ILL},
        {0x13, 2 << 10, SMMU_CERROR_ILL},
        {0x22, 3 << 10, SMMU_CERROR_ILL},
        {0x23, 1 << 10, SMMU_CERROR_ILL},
        {0x2a, 1 << 10, SMMU_CERROR_ILL},
        {0x12, 1 << 10 | 1 << 8, 0},
        {0x12, 2 << 10 | 1 << 8, SMMU_CERROR_ILL}, /* 16K has no blocks at level 1: it is 0 */
        {0x12, 2 << 10 | 2 << 8, 0},
        {0x12 | 1 << 12, 1 << 10, 0},
        {0x12 | 1 << 20, 1 << 10, 0},
        {0x12 | 1 << 25, 1 << 10, SMMU_CERROR_ILL}, /* SCALE has 5 bits */
        {0x12 | 31 << 12 | 31 << 20, 3 << 10, 0},
        {0x12 | 31 << 12 | 31 << 20, 3 << 8, 0}, /* reserved without TG, and ignored */
    };
    struct rig *r = *state;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned error = rig_command(r, cases[i].w0, cases[i].w1);
        if (error != cases[i].error) fail_msg("case %u: %u", i, error);
        if (error) rig_mend(r);
    }
}

/* Every bit that no field of a legal command has is ignored (4.1.5). */
static void test_reserved_bits(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < sizeof known; i++) {
        const struct dev_struct *is = dev_struct_numbered(&smmu_spec, "command", known[i]);
        uint64_t all[2] = {~0ull, ~0ull};
        for (unsigned f = 0; f < is->nfields; f++) dev_put(all, is->fields[f].at, 0);
        assert_int_equal(rig_command(r, all[0] | known[i], all[1]), SMMU_CERROR_NONE);
    }
}

/* ---- invalidations ---- */

enum { EL1 = 1 << SMMU_WORLD_EL1, EL2 = 1 << SMMU_WORLD_EL2, E2H = 1 << SMMU_WORLD_EL2_E2H };
enum { VMID = 0x1234, ASID = 0x5678 };

static void tlbi_is(const struct rig *r, unsigned by, uint64_t w0, uint64_t w1,
                    const struct smmu_invalidation *want)
{
    uint64_t words[2] = {w0 | (uint64_t)ASID << 48 | (uint64_t)VMID << 32, w1};
    struct smmu_invalidation inv = smmu_tlbi(r->s, words, by);
    assert_int_equal(inv.worlds, want->worlds);
    assert_int_equal(inv.by_vmid, want->by_vmid);
    if (want->by_vmid) assert_int_equal(inv.vmid, VMID);
    if (want->by_vmid) assert_int_equal(inv.vmid_mask, want->vmid_mask ? want->vmid_mask : 0xffff);
    assert_int_equal(inv.by_asid, want->by_asid);
    if (want->by_asid) assert_int_equal(inv.asid, ASID);
    assert_int_equal(inv.by_address, want->by_address);
    assert_int_equal(inv.ipa, want->ipa);
    assert_int_equal(inv.leaf, want->leaf);
    assert_int_equal(inv.address, want->address);
    assert_int_equal(inv.last, want->last);
    assert_int_equal(inv.granule, want->granule);
    assert_int_equal(inv.level, want->level);
}

static void test_scopes(void **state)
{
    struct rig *r = *state;
    const unsigned vmid = SMMU_BY_VMID, asid = SMMU_BY_ASID, va = SMMU_BY_ADDRESS, el2 = SMMU_OF_EL2;
    const struct {
        unsigned by;
        struct smmu_invalidation want[2]; /* CR2.E2H 0 and 1 */
    } cases[] = {
        {vmid, {{.worlds = EL1, .by_vmid = true}, {.worlds = EL1, .by_vmid = true}}},
        {vmid | asid,
         {{.worlds = EL1, .by_vmid = true, .by_asid = true},
          {.worlds = EL1, .by_vmid = true, .by_asid = true}}},
        {0, {{.worlds = EL1}, {.worlds = EL1}}},
        {el2, {{.worlds = EL2 | E2H}, {.worlds = EL2 | E2H}}},
        {el2 | asid, {{.worlds = E2H, .by_asid = true}, {.worlds = E2H, .by_asid = true}}},
        {el2 | asid | va,
         {{.worlds = EL2, .by_address = true, .last = 0xfff},
          {.worlds = E2H, .by_asid = true, .by_address = true, .last = 0xfff}}},
        {el2 | va,
         {{.worlds = EL2, .by_address = true, .last = 0xfff},
          {.worlds = E2H, .by_address = true, .last = 0xfff}}},
        {vmid | SMMU_BY_IPA,
         {{.worlds = EL1, .by_vmid = true, .by_address = true, .ipa = true, .last = 0xfff},
          {.worlds = EL1, .by_vmid = true, .by_address = true, .ipa = true, .last = 0xfff}}},
    };
    for (unsigned e2h = 0; e2h < 2; e2h++) {
        rig_write(r, SMMU_REG_CR0, 0);
        rig_write(r, SMMU_REG_CR2, e2h);
        for (unsigned i = 0; i < ARRAY_LEN(cases); i++) tlbi_is(r, cases[i].by, 0, 0, &cases[i].want[e2h]);
    }
}

static void test_ranges(void **state)
{
    struct rig *r = *state;
    static const struct {
        uint64_t w0, w1;
        struct smmu_invalidation want;
    } cases[] = {
        {0, 0x5000, {.address = 0x5000, .last = 0x5fff}},
        {0, 0x5001, {.address = 0x5000, .last = 0x5fff, .leaf = true}},
        {0, 0xfffffffffffff000, {.address = 0xfffffffffffff000, .last = ~0ull}},
        /* Hints without a granule are nothing. */
        {7 << 12 | 3 << 20, 0x5300, {.address = 0x5000, .last = 0x5fff}},
        {0,
         0x40000000 | 1 << 10 | 2 << 8,
         {.address = 0x40000000, .last = 0x40000fff, .granule = 12, .level = 2}},
        {0,
         0x40000000 | 3 << 10 | 3 << 8,
         {.address = 0x40000000, .last = 0x4000ffff, .granule = 16, .level = 3}},
        {1 << 12, 0x10000 | 2 << 10, {.address = 0x10000, .last = 0x17fff, .granule = 14}},
        {1 << 12, 0x10000 | 2 << 10 | 1 << 8, {.address = 0x10000, .last = 0x17fff, .granule = 14}},
        {2 << 12 | 4 << 20, 0x100000 | 1 << 10, {.address = 0x100000, .last = 0x12ffff, .granule = 12}},
        /* 32 << 31 pages of 64K, and a range beyond the end of all addresses. */
        {31 << 12 | 31ull << 20, 3 << 10, {.address = 0, .last = (1ull << 52) - 1, .granule = 16}},
        {31 << 12 | 31ull << 20,
         0xffff000000000000 | 3 << 10,
         {.address = 0xffff000000000000, .last = ~0ull, .granule = 16}},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct smmu_invalidation want = cases[i].want;
        want.worlds = EL1;
        want.by_vmid = want.by_address = true;
        tlbi_is(r, SMMU_BY_VMID | SMMU_BY_ADDRESS, cases[i].w0, cases[i].w1, &want);
    }
    /* Intermediate addresses have 52 bits. */
    struct smmu_invalidation want = {.worlds = EL1,
                                     .by_vmid = true,
                                     .by_address = true,
                                     .ipa = true,
                                     .address = 0xffffffffff000,
                                     .last = 0xfffffffffffff};
    tlbi_is(r, SMMU_BY_VMID | SMMU_BY_IPA, 0, 0xfffffffffffff000, &want);
}

/* VMIDs that differ in low bits are one, as CR0.VMW says (3.17.6). */
static void test_wildcards(void **state)
{
    struct rig *r = *state;
    static const uint16_t masks[] = {0xffff, 0xfffe, 0xfffc, 0xfff8, 0xfff0, 0xffff, 0xffff, 0xffff};
    for (unsigned vmw = 0; vmw < 8; vmw++) {
        struct smmu_invalidation want = {.worlds = EL1, .by_vmid = true, .vmid_mask = masks[vmw]};
        rig_write(r, SMMU_REG_CR0, rig_bits(SMMU_CR0_VMW, vmw));
        tlbi_is(r, SMMU_BY_VMID, 0, 0, &want);
    }
}

/* ---- and the caches do it ---- */

enum { PAGE = 0x5000 };

/* A stream of one page that was accessed, and so is cached. */
struct cached {
    struct fixture x;       /* FIX_SID's */
    struct fix_table table; /* the stage's that there is */
    struct smmu_device *d;  /* FIX_SID */
};

static enum smmu_end touch(struct cached *t)
{
    struct smmu_request q = {.iova = PAGE, .size = 8, .access = SMMU_READ};
    struct smmu_stop stop;
    uint64_t bytes;
    return smmu_dma(t->d, &q, &bytes, &stop);
}

static void open_cached(struct rig *r, struct cached *t, bool stage2, unsigned strw)
{
    struct smmu_client client = {.name = "cached", .sid = FIX_SID};
    *t = (struct cached){.x = {.s = r->s, .next = FREE + 0x100000}};
    t->x.strtab = fix_alloc(&t->x, 64 * 64);
    t->x.cd_at = fix_alloc(&t->x, 4096);
    t->table = fix_table(&t->x, 12, 39, -1);
    if (stage2)
        fix_stage2(&t->x, &t->table);
    else
        fix_stage1(&t->x, &t->table);
    fix_put(t->x.ste, SMMU_STE_STRW, strw);
    fix_map(&t->x, &t->table, PAGE, RAM, 3, stage2 ? FIX_S2 : FIX_S1 | 0x800); /* nG */
    fix_apply(&t->x);
    rig_write(r, SMMU_REG_CR0, 0);
    rig_write(r, SMMU_REG_STRTAB_BASE, t->x.strtab);
    rig_write(r, SMMU_REG_STRTAB_BASE_CFG, 6);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_int_equal(smmu_attach(r->s, &client, &t->d), 0);
    assert_int_equal(touch(t), SMMU_DONE);
}

/* A page is taken away: each command that names it is enough, and the other worlds' are not needed. */
static void test_tlbi_works(void **state)
{
    struct rig *r = *state;
    const uint64_t vmid0 = 0, vmid3 = 3ull << 32, asid = 7ull << 48;
    const struct {
        bool stage2;
        unsigned strw, e2h;
        uint64_t w0, w1;
    } cases[] = {
        {false, 0, 0, 0x10 | vmid0, 0},
        {false, 0, 0, 0x11 | vmid0 | asid, 0},
        {false, 0, 0, 0x12 | vmid0 | asid, PAGE | 1},
        {false, 0, 0, 0x13 | vmid0, PAGE},
        {false, 0, 0, 0x12 | vmid0 | asid | 7 << 12, 1 << 10}, /* 0 to 0x7fff */
        {false, 0, 0, 0x12 | vmid0 | asid, PAGE | 1 << 10 | 3 << 8},
        {false, 0, 0, 0x28 | vmid0, 0},
        {false, 0, 0, 0x30, 0},
        {true, 0, 0, 0x28 | vmid3, 0},
        {true, 0, 0, 0x2a | vmid3, PAGE | 1},
        {true, 0, 0, 0x2a | vmid3 | 7 << 12, 1 << 10},
        {true, 0, 0, 0x30, 0},
        {false, 2, 0, 0x20, 0},
        {false, 2, 0, 0x22, PAGE}, /* any ASID: EL2 has none */
        {false, 2, 0, 0x23, PAGE},
        {false, 2, 1, 0x20, 0},
        {false, 2, 1, 0x21 | asid, 0},
        {false, 2, 1, 0x22 | asid, PAGE},
        {false, 2, 1, 0x23, PAGE},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct cached t;
        rig_write(r, SMMU_REG_CR0, 0);
        rig_write(r, SMMU_REG_CR2, cases[i].e2h);
        open_cached(r, &t, cases[i].stage2, cases[i].strw);
        fix_store(&t.x, fix_entry(&t.x, &t.table, PAGE, 3), 0);
        assert_int_equal(touch(&t), SMMU_DONE); /* as it was: that is what the command is for */
        assert_int_equal(rig_command(r, cases[i].w0, cases[i].w1), 0);
        assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
        if (touch(&t) != SMMU_ABORTED) fail_msg("case %u", i);
        smmu_detach(t.d);
    }
}

/* A stream is switched off, or its CD is. */
static void test_cfgi_works(void **state)
{
    struct rig *r = *state;
    const uint64_t sid = (uint64_t)FIX_SID << 32;
    const struct {
        bool cd; /* only */
        uint64_t w0, w1;
    } cases[] = {
        {false, 0x03 | sid, 0}, {false, 0x03 | sid, 1},       {false, 0x04 | sid, 0}, {false, 0x04, 2},
        {false, 0x04, 31},      {true, 0x03 | sid, 0},        {true, 0x05 | sid, 0},  {true, 0x05 | sid, 1},
        {true, 0x06 | sid, 0},  {true, 0x04 | 7ull << 32, 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct cached t;
        open_cached(r, &t, false, 0);
        fix_put(cases[i].cd ? t.x.cd : t.x.ste, cases[i].cd ? SMMU_CD_V : SMMU_STE_V, 0);
        fix_apply(&t.x);
        assert_int_equal(touch(&t), SMMU_DONE);
        assert_int_equal(rig_command(r, cases[i].w0, cases[i].w1), 0);
        assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
        if (touch(&t) != SMMU_ABORTED) fail_msg("case %u", i);
        smmu_detach(t.d);
    }
}

/* ---- CMD_SYNC ---- */

static uint64_t msi(uint64_t address, uint32_t data, uint64_t *w1)
{
    *w1 = address;
    return SMMU_CMD_SYNC | 1 << 12 | (uint64_t)data << 32;
}

static void test_sync(void **state)
{
    struct rig *r = *state;
    uint64_t w1, word;
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC | 0xffffffff00000000, FREE), 0);
    assert_int_equal(r->sev + r->lines[SMMU_IRQ_SYNC], 0);
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC | 2 << 12, FREE), 0);
    assert_int_equal(r->sev, 1);
    assert_int_equal(r->lines[SMMU_IRQ_SYNC], 0);
    rig_load(r, FREE, &word, 1);
    assert_int_equal(word, 0);
    /* To memory; the wire as well; the address has no other bits than 51 to 2. */
    uint64_t w0 = msi(0xfff0000000000003 | (FREE + 4), 0x89abcdef, &w1);
    assert_int_equal(rig_command(r, w0, w1), 0);
    rig_load(r, FREE, &word, 1);
    assert_int_equal(word, 0x89abcdef00000000);
    assert_int_equal(r->lines[SMMU_IRQ_SYNC], 1);
    assert_int_equal(r->messages, 0);
    w0 = msi(3, 7, &w1); /* address 0: none */
    assert_int_equal(rig_command(r, w0, w1), 0);
    assert_int_equal(r->lines[SMMU_IRQ_SYNC], 2);
    assert_int_equal(r->messages, 0);
    w0 = msi(0x8020040, 7, &w1); /* not memory: an interrupt controller */
    assert_int_equal(rig_command(r, w0, w1), 0);
    assert_int_equal(r->messages, 1);
    assert_int_equal(r->message_at, 0x8020040);
    assert_false(rig_error(r, SMMU_GERROR_MSI_CMDQ_ABT_ERR));
}

/* A message that goes nowhere: told by GERROR; the command is done nevertheless. */
static void test_sync_abort(void **state)
{
    struct rig *r = *state;
    uint64_t w1, w0 = msi(0x1000, 7, &w1);
    struct smmu_board board = {&r->mem, rig_wired, NULL, NULL, r};
    smmu_free(r->s);
    r->s = smmu_new(&board);
    rig_queues(r, 4, RIG_CMDQ);
    assert_int_equal(rig_command(r, w0, w1), 0);
    assert_true(rig_error(r, SMMU_GERROR_MSI_CMDQ_ABT_ERR));
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC | 2 << 12, 0), 0); /* nobody hears it */
}

/* Whoever hears of it sees that it is consumed (4.7.3). */
static void hears(void *arg)
{
    struct rig *r = arg;
    r->sev += smmu_register(r->s, SMMU_REG_CMDQ_CONS) == 1;
}

static void test_sync_order(void **state)
{
    struct rig *r = *state;
    r->s->board.event = hears;
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC | 2 << 12, 0), 0);
    assert_int_equal(r->sev, 1);
}

/* ---- errors, and what comes after ---- */

/* The commands before it are done, those after it are not; it is mended in place, and goes on (7.1). */
static void test_recovery(void **state)
{
    struct rig *r = *state;
    uint64_t w[6][2] = {{SMMU_CMD_SYNC | 2 << 12}, {0xff}, {SMMU_CMD_SYNC | 2 << 12}};
    rig_store(r, CMDQ, &w[0][0], 12);
    rig_write(r, SMMU_REG_CMDQ_PROD, 3);
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS), 1 | rig_bits(SMMU_CMDQ_CONS_ERR, SMMU_CERROR_ILL));
    assert_int_equal(r->sev, 1);
    rig_write(r, SMMU_REG_CMDQ_PROD, 3); /* nothing moves while it is active */
    rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_CMDQ);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS) & 0xfffff, 1);
    assert_int_equal(r->lines[SMMU_IRQ_GERROR], 1);
    w[1][0] = SMMU_CMD_CFGI_STE;
    rig_store(r, CMDQ, &w[0][0], 12);
    rig_acknowledge(r);
    assert_int_equal(rig_read(r, SMMU_REG_CMDQ_CONS) & 0xfffff, 3);
    assert_int_equal(r->sev, 2);
    /* Acknowledged and not mended: it stops again. */
    rig_put(r, 0xff, 0);
    rig_kick(r);
    rig_acknowledge(r);
    assert_true(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    assert_int_equal(r->lines[SMMU_IRQ_GERROR], 3);
    /* Taken back instead. */
    rig_mend(r);
    assert_false(rig_error(r, SMMU_GERROR_CMDQ_ERR));
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC, 0), 0);
}

/* A device that does not answer: the CMD_SYNC is not done; the next one is (3.9.1.4). */
static void test_atc_timeout(void **state)
{
    struct rig *r = *state;
    uint64_t inv = SMMU_CMD_ATC_INV | rig_bits(SMMU_CMD_ATC_INV_SID, RIG_SID);
    r->deaf = true;
    assert_int_equal(rig_command(r, inv, 52), 0);
    assert_int_equal(rig_command(r, SMMU_CMD_SYNC | 2 << 12, 0), SMMU_CERROR_ATC_INV_SYNC);
    assert_int_equal(r->sev, 0);
    r->deaf = false;
    rig_acknowledge(r);
    assert_int_equal(r->sev, 1);
    assert_int_equal(r->forgets, 1);
    /* SMMUEN is 0: ignored (4.5.1). */
    rig_queues(r, 4, RIG_CMDQ);
    assert_int_equal(rig_command(r, inv, 52), 0);
    assert_int_equal(r->forgets, 1);
}

static void test_responses(void **state)
{
    struct rig *r = *state;
    static const unsigned codes[] = {SMMU_PAGE_FAILURE, SMMU_PAGE_INVALID, SMMU_PAGE_SUCCESS};
    uint64_t w0 = SMMU_CMD_PRI_RESP | rig_bits(SMMU_CMD_PRI_RESP_SID, RIG_SID) |
                  rig_bits(SMMU_CMD_PRI_RESP_SSID, 0xabcde) | rig_bits(SMMU_CMD_PRI_RESP_SSV, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig_command(r, w0, 0x1ff | i << 12), 0);
        assert_int_equal(r->nheard, i + 1);
        assert_int_equal(r->heard[i].code, codes[i]);
        assert_int_equal(r->heard[i].group, 0x1ff);
        assert_int_equal(r->heard[i].ssid, 0xabcde);
        assert_true(r->heard[i].substream);
    }
    assert_int_equal(rig_command(r, w0 ^ 1ull << 32, 0), 0); /* nobody's */
    rig_queues(r, 4, RIG_CMDQ);
    assert_int_equal(rig_command(r, w0, 0), 0); /* SMMUEN is 0 */
    assert_int_equal(r->nheard, 3);
}

/* ---- any bits at all ---- */

/* A driver that writes what it likes, and then goes on as if nothing had been. */
static void disturb(struct rig *r, struct rng *rng)
{
    static const uint32_t regs[] = {SMMU_REG_CR0,         SMMU_REG_CR2,         SMMU_REG_CMDQ_BASE,
                                    SMMU_REG_CMDQ_PROD,   SMMU_REG_CMDQ_CONS,   SMMU_REG_EVENTQ_BASE,
                                    SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_CONS, SMMU_REG_PRIQ_BASE,
                                    SMMU_REG_PRIQ_PROD,   SMMU_REG_PRIQ_CONS,   SMMU_REG_GERRORN};
    for (unsigned i = 0; i < 8; i++)
        rig_write(r, regs[rng_below(rng, ARRAY_LEN(regs))], rng_next(rng) >> rng_below(rng, 60));
    for (unsigned i = 0; i < 4; i++) {
        struct smmu_request q = {.iova = rng_next(rng), .size = 1, .access = (unsigned)rng_below(rng, 32)};
        struct smmu_config c = {.s1 = {.on = true, .stall = rng_below(rng, 2), .record = true}};
        struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .access = q.access};
        struct smmu_stop stop;
        smmu_page_request(r->d, &q, (unsigned)rng_next(rng), rng_below(rng, 2));
        smmu_fault_end(r->d, &c, &f, &q, &stop);
    }
    rig_acknowledge(r);
    rig_queues(r, (unsigned)rng_below(rng, 8), RIG_ALL);
}

/* Random registers and commands: it always comes to an end, and within memory. */
static void test_anything(void **state)
{
    struct rig *r = *state;
    struct rng rng = {1};
    struct smmu_stats stats;
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t w0 = (rng_next(&rng) & ~0xffull) | known[rng_below(&rng, sizeof known)];
        uint64_t w1 = rng_next(&rng) >> rng_below(&rng, 60);
        if (rng_below(&rng, 4)) w0 &= ~(1ull << 10); /* SSec */
        if (rng_below(&rng, 2)) w0 = (w0 & 0xffffffff) | (uint64_t)RIG_SID << 32;
        r->nheard = 0;
        if (rng_below(&rng, 32) == 0) disturb(r, &rng);
        if (rig_command(r, w0, w1)) rig_mend(r);
    }
    smmu_stats(r->s, &stats);
    assert_true(stats.commands > 20000);
    assert_true(stats.stalls > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_opcodes),    RIG_TEST(test_illegal),     RIG_TEST(test_reserved_bits),
        RIG_TEST(test_scopes),     RIG_TEST(test_ranges),      RIG_TEST(test_wildcards),
        RIG_TEST(test_tlbi_works), RIG_TEST(test_cfgi_works),  RIG_TEST(test_sync),
        RIG_TEST(test_sync_abort), RIG_TEST(test_sync_order),  RIG_TEST(test_recovery),
        RIG_TEST(test_responses),  RIG_TEST(test_atc_timeout), RIG_TEST(test_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
