/* Event records against bytes written down from IHI 0070 7.3, and how faults end (5.5). */
#include "devices/smmu/queue_test.h"

enum { SSID = 0xabcde };

#define IOVA 0x123456789abcdef0ull

/* Words of a record: number, SSV and SubstreamID, StreamID make the first. */
#define W0(number)   ((uint64_t)RIG_SID << 32 | (uint64_t)SSID << 12 | 1 << 11 | (number))
#define BARE(number) ((uint64_t)RIG_SID << 32 | (number))

static const struct {
    struct smmu_fault f;
    unsigned access; /* of the request, before overrides */
    uint64_t words[SMMU_EVENT_WORDS];
} records[] = {
    {{.event = 0x02, .iova = IOVA, .access = SMMU_READ}, SMMU_READ, {W0(0x02), 0, 0, 0}},
    {{.event = 0x03, .iova = IOVA, .access = SMMU_READ, .fetch = 0x000ffffffffffff8},
     SMMU_READ,
     {W0(0x03), 0, 0, 0x000ffffffffffff8}},
    {{.event = 0x04, .iova = IOVA, .access = SMMU_WRITE}, SMMU_WRITE, {W0(0x04), 0, 0, 0}},
    {{.event = 0x05, .iova = IOVA, .access = SMMU_READ},
     SMMU_WRITE | SMMU_PRIVILEGED,
     {W0(0x05), 1ull << 31 | 1ull << 30 | 1ull << 28 | 1, IOVA & ~0xfffull, 0}},
    {{.event = 0x05, .iova = IOVA, .access = SMMU_READ},
     SMMU_READ | SMMU_EXEC,
     {W0(0x05), 1ull << 31 | 1ull << 29 | 1, IOVA & ~0xfffull, 0}},
    {{.event = 0x06, .iova = IOVA, .access = SMMU_READ}, SMMU_READ, {BARE(0x06), 0, 0, 0}},
    {{.event = 0x07, .iova = IOVA, .access = SMMU_READ | SMMU_PRIVILEGED},
     SMMU_READ,
     {BARE(0x07), 1ull << 35, IOVA, 0}},
    {{.event = 0x07, .iova = IOVA, .access = SMMU_WRITE}, SMMU_WRITE, {BARE(0x07), 0, IOVA, 0}},
    {{.event = 0x08, .iova = IOVA, .access = SMMU_READ},
     SMMU_READ,
     {BARE(0x08) | (uint64_t)SSID << 12, 0, 0, 0}},
    {{.event = 0x09, .iova = IOVA, .access = SMMU_READ, .fetch = 0x40000040},
     SMMU_READ,
     {W0(0x09), 0, 0, 0x40000040}},
    {{.event = 0x0a, .iova = IOVA, .access = SMMU_READ}, SMMU_READ, {W0(0x0a), 0, 0, 0}},
    /* Stage 1's descriptor, and stage 2's for a CD. */
    {{.event = 0x0b, .iova = IOVA, .access = SMMU_READ, .class_ = 1, .fetch = 0x40001008},
     SMMU_READ,
     {W0(0x0b), 1ull << 35 | 1ull << 40, IOVA, 0x40001008}},
    {{.event = 0x0b, .iova = IOVA, .access = SMMU_WRITE, .class_ = 0, .stage2 = true, .fetch = 0x40001010},
     SMMU_WRITE,
     {W0(0x0b), 1ull << 39, IOVA, 0x40001010}},
    {{.event = 0x10, .iova = IOVA, .access = SMMU_READ, .class_ = 2, .ipa = 0x7000},
     SMMU_READ,
     {W0(0x10), 1ull << 35 | 2ull << 40, IOVA, 0}},
    {{.event = 0x10,
      .iova = IOVA,
      .access = SMMU_READ | SMMU_PRIVILEGED,
      .class_ = 0,
      .stage2 = true,
      .ipa = 0x000ffffffffff123},
     SMMU_READ,
     {W0(0x10), 1ull << 33 | 1ull << 35 | 1ull << 39, IOVA, 0x000ffffffffff000}},
    /* What is written is data. */
    {{.event = 0x11, .iova = IOVA, .access = SMMU_WRITE | SMMU_EXEC, .class_ = 2},
     SMMU_WRITE,
     {W0(0x11), 2ull << 40, IOVA, 0}},
    {{.event = 0x12, .iova = IOVA, .access = SMMU_READ | SMMU_EXEC, .class_ = 2},
     SMMU_READ,
     {W0(0x12), 1ull << 34 | 1ull << 35 | 2ull << 40, IOVA, 0}},
    /* TTRnW: which access to stage 1's table stage 2 refused. */
    {{.event = 0x13,
      .iova = IOVA,
      .access = SMMU_READ,
      .class_ = 1,
      .stage2 = true,
      .table_write = true,
      .ipa = 0x40002000},
     SMMU_READ,
     {W0(0x13), 1ull << 35 | 1ull << 39 | 1ull << 40, IOVA, 0x40002000}},
    {{.event = 0x13, .iova = IOVA, .access = SMMU_WRITE, .class_ = 1, .stage2 = true, .ipa = 0x40002000},
     SMMU_WRITE,
     {W0(0x13), 1ull << 39 | 1ull << 40 | 1ull << 44, IOVA, 0x40002000}},
    {{.event = 0x13, .iova = IOVA, .access = SMMU_WRITE, .class_ = 2},
     SMMU_WRITE,
     {W0(0x13), 2ull << 40, IOVA, 0}},
};

static void test_records(void **state)
{
    for (unsigned i = 0; i < ARRAY_LEN(records); i++) {
        uint64_t record[SMMU_EVENT_WORDS];
        struct smmu_request q = {
            .iova = IOVA, .size = 1, .ssid = SSID, .access = records[i].access | SMMU_SUBSTREAM};
        smmu_event_make(record, RIG_SID, &records[i].f, &q);
        for (unsigned w = 0; w < SMMU_EVENT_WORDS; w++)
            if (record[w] != records[i].words[w])
                fail_msg("record %u, word %u: %016llx, not %016llx", i, w, (unsigned long long)record[w],
                         (unsigned long long)records[i].words[w]);
    }
}

/* Without a PASID: no SubstreamID, whatever the request holds. All events that the description knows. */
static void test_no_substream(void **state)
{
    unsigned events = 0;
    for (unsigned i = 0; i < smmu_spec.nstructs; i++) {
        const struct dev_struct *is = &smmu_spec.structs[i];
        if (strcmp(is->family, "event")) continue;
        uint64_t record[SMMU_EVENT_WORDS];
        struct smmu_fault f = {.event = is->number, .iova = IOVA, .access = SMMU_READ};
        struct smmu_request q = {.iova = IOVA, .size = 1, .ssid = SSID, .access = SMMU_READ};
        smmu_event_make(record, RIG_SID, &f, &q);
        assert_int_equal(record[0], BARE(is->number));
        events++;
    }
    assert_int_equal(events, 15);
}

/* Hints of what will be accessed; none while SMMUEN is 0. */
static void test_hint(void **state)
{
    struct rig *r = *state;
    static const struct {
        uint64_t iova, size;
        unsigned access;
        uint64_t w1;
    } cases[] = {
        {0x5008, 1, SMMU_READ, 1ull << 35 | 1ull << 44},
        {0x5ff8, 9, SMMU_READ | SMMU_WRITE, 3ull << 34 | 2ull << 44},
        {0x5000, 0x1000, SMMU_READ | SMMU_EXEC, 5ull << 33 | 1ull << 44},
        {0x5000, 1 << 20, SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED, 7ull << 37 | 255ull << 44},
        {0x5000, 0, SMMU_WRITE | SMMU_PRIVILEGED, 1ull << 38 | 1ull << 44},
    };
    uint64_t words[SMMU_EVENT_WORDS];
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct smmu_request q = {.iova = cases[i].iova,
                                 .size = cases[i].size,
                                 .access = cases[i].access | SMMU_SUBSTREAM,
                                 .ssid = SSID};
        smmu_page_hint(r->d, &q);
        assert_true(rig_take(r, SMMU_EVENTQ, words));
        assert_int_equal(words[0], W0(0x24));
        assert_int_equal(words[1], cases[i].w1);
        assert_int_equal(words[2], 0x5000);
        assert_int_equal(words[3], 0);
    }
    struct smmu_request q = {.iova = 0x5000, .size = 1, .access = SMMU_READ};
    rig_queues(r, 4, RIG_ALL & ~RIG_SMMU);
    smmu_page_hint(r->d, &q);
    assert_false(rig_take(r, SMMU_EVENTQ, words));
}

/* ---- how faults end ---- */

static const unsigned of_tables[] = {SMMU_F_TRANSLATION, SMMU_F_ADDR_SIZE, SMMU_F_ACCESS, SMMU_F_PERMISSION};

static struct smmu_request request(void)
{
    return (struct smmu_request){.iova = IOVA, .size = 4, .access = SMMU_READ};
}

static enum smmu_end end_of(struct rig *r, const struct smmu_config *c, unsigned event, bool stage2,
                            struct smmu_stop *stop)
{
    struct smmu_fault f = {.event = event, .stage2 = stage2, .iova = IOVA, .access = SMMU_READ, .class_ = 2};
    struct smmu_request q = request();
    *stop = (struct smmu_stop){0};
    return smmu_fault_end(r->d, c, &f, &q, stop);
}

/* Every combination of A, R and S, at both stages. */
static void test_ars(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 64; i++) {
        bool abort = i & 1, record = i & 2, stall = i & 4, stage2 = i & 8;
        unsigned event = of_tables[i >> 4];
        struct smmu_stage st = {.on = true, .abort = abort, .record = record, .stall = stall};
        const struct smmu_stage other = {.on = true};
        struct smmu_config c = {.s1 = stage2 ? other : st, .s2 = stage2 ? st : other};
        struct smmu_stop stop;
        uint64_t words[SMMU_EVENT_WORDS] = {0};
        enum smmu_end end = end_of(r, &c, event, stage2, &stop);
        assert_int_equal(end, stall ? SMMU_STALLED : SMMU_ABORTED);
        assert_int_equal(stop.end, end);
        assert_int_equal(stop.event, event);
        assert_int_equal(stop.raz, !stall && !abort && !stage2);
        assert_int_equal(rig_take(r, SMMU_EVENTQ, words), record || stall);
        assert_int_equal(dev_get(words, SMMU_EVENT_STALL), stall);
        if (record || stall) assert_int_equal(words[0], BARE(event));
        assert_int_equal(rig_command(r, rig_bits(SMMU_CMD_STALL_TERM_SID, RIG_SID) | SMMU_CMD_STALL_TERM, 0),
                         0);
        assert_int_equal(r->nheard, stall);
        r->nheard = 0;
    }
}

/* Configuration errors and aborts of fetches: recorded, an error for the device, whatever A, R and S say. */
static void test_others(void **state)
{
    struct rig *r = *state;
    static const unsigned others[] = {SMMU_F_STE_FETCH,       SMMU_C_BAD_STE,          SMMU_F_BAD_ATS_TREQ,
                                      SMMU_F_STREAM_DISABLED, SMMU_F_TRANSL_FORBIDDEN, SMMU_C_BAD_SUBSTREAMID,
                                      SMMU_F_CD_FETCH,        SMMU_C_BAD_CD,           SMMU_F_WALK_EABT};
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        for (unsigned bits = 0; bits < 4; bits++) {
            struct smmu_stage st = {.on = true, .stall = bits & 1};
            struct smmu_config c = {.s1 = st, .s2 = st};
            struct smmu_stop stop;
            uint64_t words[SMMU_EVENT_WORDS];
            assert_int_equal(end_of(r, &c, others[i], bits & 2, &stop), SMMU_ABORTED);
            assert_false(stop.raz);
            assert_true(rig_take(r, SMMU_EVENTQ, words));
            assert_int_equal(words[0] & 0xff, others[i]);
        }
}

/* A stage that is passed by has no A, R and S: its address size fault aborts and is recorded. */
static void test_stage_off(void **state)
{
    struct rig *r = *state;
    struct smmu_config c = {.s1 = {.stall = true}};
    struct smmu_stop stop;
    uint64_t words[SMMU_EVENT_WORDS];
    assert_int_equal(end_of(r, &c, SMMU_F_ADDR_SIZE, false, &stop), SMMU_ABORTED);
    assert_false(stop.raz);
    assert_true(rig_take(r, SMMU_EVENTQ, words));
}

/* STE.Config 0 and GBPA.ABORT: no event at all. */
static void test_silent(void **state)
{
    struct rig *r = *state;
    struct smmu_config c = {.abort = true};
    struct smmu_stop stop;
    struct smmu_stats stats;
    uint64_t words[SMMU_EVENT_WORDS];
    assert_int_equal(end_of(r, &c, 0, false, &stop), SMMU_ABORTED);
    assert_false(rig_take(r, SMMU_EVENTQ, words));
    smmu_stats(r->s, &stats);
    assert_int_equal(stats.faults, 0);
    end_of(r, &c, SMMU_C_BAD_STE, false, &stop);
    smmu_stats(r->s, &stats);
    assert_int_equal(stats.faults, 1);
    assert_int_equal(stats.events, 1);
}

static void test_recinvsid(void **state)
{
    struct rig *r = *state;
    struct smmu_config c = {0};
    struct smmu_stop stop;
    uint64_t words[SMMU_EVENT_WORDS];
    for (unsigned on = 0; on < 2; on++) {
        rig_write(r, SMMU_REG_CR0, 0);
        rig_write(r, SMMU_REG_CR2, on ? dev_bits(SMMU_CR2_RECINVSID) : 0);
        rig_write(r, SMMU_REG_CR0, RIG_ALL);
        assert_int_equal(end_of(r, &c, SMMU_C_BAD_STREAMID, false, &stop), SMMU_ABORTED);
        assert_int_equal(stop.event, SMMU_C_BAD_STREAMID);
        assert_int_equal(rig_take(r, SMMU_EVENTQ, words), on);
    }
}

/* A device that cannot wait is told at once; so is one whose address ATS translated. */
static void test_cannot_stall(void **state)
{
    struct rig *r = *state;
    struct smmu_client simple = {.name = "simple", .sid = 3};
    struct smmu_device *d;
    struct smmu_config c = {.s1 = {.on = true, .stall = true}, .s2 = {.on = true, .stall = true}};
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .iova = IOVA, .access = SMMU_READ, .stage2 = true};
    struct smmu_request q = request();
    struct smmu_stop stop;
    uint64_t words[SMMU_EVENT_WORDS];
    assert_int_equal(smmu_attach(r->s, &simple, &d), 0);
    assert_int_equal(smmu_fault_end(d, &c, &f, &q, &stop), SMMU_ABORTED);
    assert_true(rig_take(r, SMMU_EVENTQ, words));
    assert_false(dev_get(words, SMMU_EVENT_STALL));
    q.access |= SMMU_TRANSLATED;
    assert_int_equal(smmu_fault_end(r->d, &c, &f, &q, &stop), SMMU_ABORTED);
    assert_true(rig_take(r, SMMU_EVENTQ, words));
    assert_false(stop.raz);
}

/* ---- merging (7.3.1) ---- */

static void fault_at(struct rig *r, bool mev, uint64_t iova, unsigned access, bool stall)
{
    struct smmu_config c = {.s1 = {.on = true, .abort = true, .record = true, .stall = stall}};
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .iova = iova, .access = access, .class_ = 2};
    struct smmu_request q = {.iova = iova, .size = 1, .access = access};
    struct smmu_stop stop;
    dev_put(c.ste, SMMU_STE_MEV, mev);
    smmu_fault_end(r->d, &c, &f, &q, &stop);
}

static uint64_t produced(struct rig *r)
{
    uint64_t n = rig_read(r, SMMU_REG_EVENTQ_PROD) - rig_read(r, SMMU_REG_EVENTQ_CONS);
    rig_write(r, SMMU_REG_EVENTQ_CONS, rig_read(r, SMMU_REG_EVENTQ_PROD));
    return n;
}

static void test_merge(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 3; i++) fault_at(r, false, 0x5000, SMMU_READ, false);
    assert_int_equal(produced(r), 3); /* MEV 0: never */
    for (unsigned i = 0; i < 3; i++) fault_at(r, true, 0x5000 + i, SMMU_READ, false);
    assert_int_equal(produced(r), 1); /* the offset in the page is ignored */
    fault_at(r, true, 0x5000, SMMU_READ, false);
    assert_int_equal(produced(r), 1); /* the one before is consumed */
    fault_at(r, true, 0x5000, SMMU_READ, false);
    fault_at(r, true, 0x6000, SMMU_READ, false);
    fault_at(r, true, 0x6000, SMMU_WRITE, false);
    fault_at(r, true, 0x6000, SMMU_WRITE | SMMU_PRIVILEGED, false);
    fault_at(r, false, 0x6000, SMMU_WRITE | SMMU_PRIVILEGED, false); /* not this one … */
    fault_at(r, true, 0x6000, SMMU_WRITE | SMMU_PRIVILEGED, false);  /* … and not with it */
    assert_int_equal(produced(r), 6);
    fault_at(r, true, 0x5000, SMMU_READ, true);
    fault_at(r, true, 0x5000, SMMU_READ, true);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    assert_int_equal(produced(r), 3); /* stalls never */
}

/* What is merged is not lost: no overflow of a full queue. */
static void test_merge_full(void **state)
{
    struct rig *r = *state;
    rig_queues(r, 0, RIG_ALL);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 1);
    fault_at(r, true, 0x7000, SMMU_READ, false);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 1u << 31 | 1);
    /* The queue was switched off between: what is in it is the driver's. */
    rig_queues(r, 1, RIG_ALL);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    rig_write(r, SMMU_REG_CR0, RIG_ALL & ~RIG_EVENTQ);
    rig_write(r, SMMU_REG_CR0, RIG_ALL);
    fault_at(r, true, 0x5000, SMMU_READ, false);
    assert_int_equal(rig_read(r, SMMU_REG_EVENTQ_PROD), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_no_substream),
        RIG_TEST(test_ars),
        RIG_TEST(test_others),
        RIG_TEST(test_stage_off),
        RIG_TEST(test_silent),
        RIG_TEST(test_recinvsid),
        RIG_TEST(test_hint),
        RIG_TEST(test_cannot_stall),
        RIG_TEST(test_merge),
        RIG_TEST(test_merge_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
