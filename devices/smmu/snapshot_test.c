/* Snapshots: taken in the middle of random work, loaded into another unit; both go on alike. And bytes of
 * anybody's. */
#include "devices/smmu/snapshot.h"
#include "devices/smmu/unit_test.h"

enum {
    QUEUE_BITS = 4,
    DEVICES = 3,
    LOG = 1 << 14,
    CMDQ_AT = UNIT_RAM + 0x1000,
    EVENTQ_AT = UNIT_RAM + 0x2000,
    PRIQ_AT = UNIT_RAM + 0x3000,
    SYNC_AT = UNIT_RAM + 0x4000,
    STREAMS_AT = UNIT_RAM + 0x8000,
    CONTEXTS_AT = UNIT_RAM + 0x9000,
    TABLES_AT = UNIT_RAM + 0x20000, /* of levels 1, 2, 3 */
    PAGES_AT = UNIT_RAM + 0x40000,
    PAGES = 16 /* of which every other is mapped */
};

struct side;

struct client {
    struct side *side;     /* whose */
    struct smmu_device *d; /* it */
};

/* A unit with devices, and all that it was heard to say. */
struct side {
    struct unit u;
    struct client clients[DEVICES];
    uint64_t log[LOG]; /* nlog words */
    unsigned nlog;
};

static void say(struct side *x, uint64_t a, uint64_t b, uint64_t c)
{
    assert_true(x->nlog + 3 <= LOG);
    x->log[x->nlog++] = a;
    x->log[x->nlog++] = b;
    x->log[x->nlog++] = c;
}

static void on_resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    struct client *c = arg;
    say(c->side, smmu_client(c->d)->sid, stall, (uint64_t)end << 1 | raz);
}

static void on_response(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code)
{
    struct client *c = arg;
    say(c->side, smmu_client(c->d)->sid << 8 | 1, (uint64_t)substream << 32 | ssid, group << 8 | code);
}

/* Answers, but for substream 7. */
static bool on_forget(void *arg, bool substream, uint32_t ssid, bool global, uint64_t first, uint64_t last)
{
    struct client *c = arg;
    say(c->side, smmu_client(c->d)->sid << 8 | 2, first, last);
    return !substream || ssid != 7;
}

static void side_open(struct side *x)
{
    *x = (struct side){.nlog = 0};
    unit_open(&x->u, true);
    for (unsigned i = 0; i < DEVICES; i++) {
        struct client *c = &x->clients[i];
        struct smmu_client as = {.name = "d", .sid = i * 8, .ats = i, .pri = i, .arg = c};
        c->side = x;
        as.resumed = i < 2 ? on_resumed : NULL;
        as.page_response = on_response;
        as.forget = on_forget;
        assert_int_equal(smmu_attach(x->u.smmu, &as, &c->d), 0);
    }
}

static void side_close(struct side *x)
{
    unit_close(&x->u);
}

static void store(struct side *x, uint64_t pa, const uint64_t *words, unsigned n)
{
    assert_true(smmu_store_words(x->u.smmu, pa, words, n));
}

/* Stage 1 with stalls, access flags and dirty states by hardware, ATS. */
static void stream_make(struct side *x, unsigned i)
{
    uint64_t ste[SMMU_STE_WORDS] = {0}, cd[SMMU_CD_WORDS] = {0}, at = CONTEXTS_AT + i * 64;
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_S1);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, at >> 6);
    dev_put(ste, SMMU_STE_MEV, i == 2);
    dev_put(ste, SMMU_STE_EATS, SMMU_STE_EATS_FULL);
    dev_put(ste, SMMU_STE_SHCFG, SMMU_STE_SHCFG_INCOMING);
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 25);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SMMU_SIZE_48);
    dev_put(cd, SMMU_CD_HA, 1);
    dev_put(cd, SMMU_CD_HD, 1);
    dev_put(cd, SMMU_CD_S, i < 2);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_A, 1);
    dev_put(cd, SMMU_CD_ASID, i);
    dev_put(cd, SMMU_CD_TTB0, TABLES_AT >> 4);
    store(x, STREAMS_AT + i * 8 * 64, ste, SMMU_STE_WORDS);
    store(x, at, cd, SMMU_CD_WORDS);
}

static void tables_make(struct side *x)
{
    for (unsigned level = 1; level < 3; level++)
        store(x, TABLES_AT + (level - 1) * 0x1000, &(uint64_t){(TABLES_AT + level * 0x1000) | 3}, 1);
    for (unsigned i = 0; i < PAGES; i += 2) {
        /* a page that has not been accessed; every other may be written, and has not been */
        uint64_t page = (PAGES_AT + i * 0x1000ull) | 3 | 1 << 6 | 1 << 7 | (i % 4 ? 1ull << 51 : 0);
        store(x, TABLES_AT + 0x2000 + i * 8, &page, 1);
    }
}

static void queues_on(struct side *x)
{
    for (unsigned i = 0; i < DEVICES; i++) stream_make(x, i);
    tables_make(x);
    unit_write(&x->u, 0x80, 8, STREAMS_AT);
    unit_write(&x->u, 0x88, 4, 5);
    unit_write(&x->u, 0x90, 8, CMDQ_AT | QUEUE_BITS);
    unit_write(&x->u, 0xa0, 8, EVENTQ_AT | QUEUE_BITS);
    unit_write(&x->u, 0xc0, 8, PRIQ_AT | QUEUE_BITS);
    unit_write(&x->u, 0x68, 8, UNIT_MSI);
    unit_write(&x->u, 0x50, 4, 7);
    unit_write(&x->u, 0x20, 4, 0xf);
}

/* ---- random work, the same for the same numbers ---- */

static const unsigned written[] = {0x20, 0x28, 0x2c, 0x50, 0x64, 0xb8, 0x98, 0x100ac, 0x100cc, 0x100a8, 0x44};

static uint32_t index_next(uint32_t v)
{
    return (v & ~0x1fu) | ((v + 1) & 0x1f);
}

static void do_register(struct side *x, struct rng *r)
{
    unsigned offset = written[rng_below(r, ARRAY_LEN(written))];
    uint32_t v = (uint32_t)rng_next(r);
    if (offset == 0x98) return;
    if (offset == 0x20) v = rng_below(r, 3) ? 0xf : v;
    if (offset == 0x64 && rng_below(r, 4)) v = (uint32_t)unit_read(&x->u, 0x60, 4); /* acknowledge all */
    if (offset == 0x100ac || offset == 0x100cc)
        v = (uint32_t)unit_read(&x->u, offset - 4, 4); /* consume all, acknowledge an overflow */
    unit_write(&x->u, offset, 4, v);
}

static void do_command(struct side *x, struct rng *r)
{
    static const uint8_t codes[] = {0x44, 0x44, 0x44, 0x45, 0x46, 0x46, 0x40, 0x41, 0x30, 0x03, 0x00};
    uint64_t c[2] = {codes[rng_below(r, ARRAY_LEN(codes))], 0};
    c[0] |= rng_below(r, DEVICES) * 8 << 32;
    if (c[0] % 256 == 0x44) c[0] |= rng_below(r, 4) << 12, c[1] = rng_below(r, 6);
    if (c[0] % 256 == 0x46) c[0] |= rng_below(r, 3) << 12, c[1] = SYNC_AT;
    if (c[0] % 256 == 0x41) c[1] = rng_below(r, 512) | rng_below(r, 3) << 12;
    if (c[0] % 256 == 0x40) c[1] = 52;
    uint32_t prod = (uint32_t)unit_read(&x->u, 0x98, 4);
    assert_true(smmu_store_words(x->u.smmu, CMDQ_AT + (prod & 0xf) * 16, c, 2));
    unit_write(&x->u, 0x98, 4, index_next(prod));
}

static void do_fault(struct side *x, struct rng *r)
{
    struct smmu_device *d = x->clients[rng_below(r, DEVICES)].d;
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .class_ = SMMU_CLASS_IN, .access = SMMU_READ};
    struct smmu_request q = {.iova = rng_below(r, 3) << 12, .size = 8, .access = SMMU_READ};
    uint64_t record[SMMU_EVENT_WORDS];
    f.iova = q.iova;
    smmu_event_make(record, d->client.sid, &f, &q);
    if (rng_below(r, 3) && d->client.resumed)
        say(x, 7, smmu_stall_begin(d, record), 0);
    else
        smmu_event_record(x->u.smmu, record, rng_below(r, 2));
}

/* Where it goes, and how it ends. */
static void do_access(struct side *x, struct rng *r)
{
    struct smmu_device *d = x->clients[rng_below(r, DEVICES)].d;
    struct smmu_request q = {.iova = rng_below(r, PAGES * 0x1000), .size = 1 + rng_below(r, 0x2000)};
    struct smmu_range to[4];
    struct smmu_stop stop = {0};
    q.access = rng_below(r, 2) ? SMMU_READ : SMMU_WRITE;
    smmu_begin(d);
    unsigned n = smmu_translate(d, &q, to, ARRAY_LEN(to), &stop);
    smmu_end(d);
    for (unsigned i = 0; i < n; i++) say(x, 3, to[i].address, to[i].size);
    bool stalled = stop.end == SMMU_STALLED, done = stop.end == SMMU_DONE;
    say(x, 4 | stop.end << 8 | stop.event << 16, done ? n : stop.done, stalled ? stop.stall : stop.raz);
}

static void do_ats(struct side *x, struct rng *r)
{
    struct smmu_device *d = x->clients[rng_below(r, DEVICES)].d;
    struct smmu_request q = {.iova = rng_below(r, PAGES) << 12, .size = 0x1000};
    struct smmu_range to;
    unsigned granted;
    q.access = SMMU_READ | (rng_below(r, 2) ? SMMU_WRITE : 0);
    uint64_t end = smmu_ats_request(d, &q, &to, &granted);
    say(x, 5 | end << 8 | granted << 16, to.address, to.size);
}

static void do_page(struct side *x, struct rng *r)
{
    struct smmu_device *d = x->clients[rng_below(r, DEVICES)].d;
    struct smmu_request q = {.iova = rng_below(r, 16) << 12, .size = 1, .access = SMMU_READ};
    unsigned group = (unsigned)rng_below(r, 512);
    bool last = rng_below(r, 2);
    say(x, 8, smmu_page_request(d, &q, group, last), 0);
}

static void do_atc(struct side *x, struct rng *r)
{
    struct smmu_device *d = x->clients[1 + rng_below(r, DEVICES - 1)].d;
    uint64_t size = 0x1000ull << rng_below(r, 9);
    d->atc[d->atc_next++ % SMMU_ATC_ENTRIES] =
        (struct smmu_atc_entry){.iova = rng_below(r, 1 << 20) * size,
                                .pa = rng_below(r, 1 << 20) * size,
                                .size = size,
                                .ssid = (uint32_t)rng_below(r, 1 << 20),
                                .substream = rng_below(r, 2),
                                .perm = (uint8_t)rng_below(r, 16)};
}

static void step(struct side *x, struct rng *r)
{
    static void (*const steps[])(struct side * x, struct rng * r) = {
        do_register, do_command, do_command, do_fault, do_access,
        do_access,   do_access,  do_ats,     do_page,  do_atc,
    };
    steps[rng_below(r, ARRAY_LEN(steps))](x, r);
}

/* ---- both alike ---- */

static void save(struct side *x, struct buf *to)
{
    buf_reset(to);
    smmu_snapshot_save(x->u.smmu, to);
}

/* Caches are not in a snapshot, so what they count goes its own way. */
static bool differs(const char *text)
{
    static const char *const caches[] = {"last_page_hits", "tlb_hits",    "walks",       "fetches",
                                         "walk_hits",      "config_hits", "config_reads"};
    for (; *text; text += strcspn(text, "\n") + 1) {
        bool cache = false;
        for (size_t i = 0; i < ARRAY_LEN(caches); i++) {
            size_t n = strlen("unit: stats."), len = strlen(caches[i]);
            cache = cache || (!strncmp(text, "unit: stats.", n) && !strncmp(text + n, caches[i], len) &&
                              text[n + len] == ' ');
        }
        if (!cache) return true;
    }
    return false;
}

static void same(struct side *a, struct side *b, uint64_t seed)
{
    struct buf x = {0}, y = {0}, text = {0};
    save(a, &x);
    save(b, &y);
    assert_true(smmu_snapshot_diff(&x, &y, &text) >= 0);
    if (differs(buf_cstr(&text))) fail_msg("seed %lu: %s", seed, buf_cstr(&text));
    assert_int_equal(a->nlog, b->nlog);
    for (unsigned i = 0; i < a->nlog; i++)
        if (a->log[i] != b->log[i])
            fail_msg("seed %lu: word %u of what was said is %#lx, then %#lx", seed, i, a->log[i], b->log[i]);
    assert_memory_equal(a->u.wires, b->u.wires, sizeof(a->u.wires));
    assert_int_equal(a->u.messages, b->u.messages);
    assert_int_equal(a->u.sevs, b->u.sevs);
    assert_memory_equal(mem_find(&a->u.mem, UNIT_RAM)->host, mem_find(&b->u.mem, UNIT_RAM)->host,
                        UNIT_RAM_SIZE);
    buf_free(&x);
    buf_free(&y);
    buf_free(&text);
}

/* What is now in `to` is what is in `from`: memory, the unit, and what was heard of it. */
static void move_over(struct side *from, struct side *to)
{
    struct buf b = {0};
    const char *why;
    save(from, &b);
    if (smmu_snapshot_load(to->u.smmu, b.p, b.len, &why)) fail_msg("%s", why);
    memcpy(mem_find(&to->u.mem, UNIT_RAM)->host, mem_find(&from->u.mem, UNIT_RAM)->host, UNIT_RAM_SIZE);
    memcpy(to->log, from->log, sizeof(to->log));
    to->nlog = from->nlog;
    memcpy(to->u.wires, from->u.wires, sizeof(to->u.wires));
    to->u.messages = from->u.messages;
    to->u.sevs = from->u.sevs;
    buf_free(&b);
}

static void test_goes_on(void **state)
{
    static struct side a, b;
    unsigned stalls = 0, pending = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rng r = {seed}, again;
        side_open(&a);
        side_open(&b);
        queues_on(&a);
        for (unsigned i = rng_below(&r, 2) ? 40 : 400; i--;) step(&a, &r);
        a.nlog = 0;
        struct rng other = {seed * 77};
        for (unsigned i = 0; i < 30; i++) step(&b, &other); /* what it was before does not matter */
        stalls += a.u.smmu->nstalls;
        pending += a.u.smmu->npending;
        move_over(&a, &b);
        same(&a, &b, seed);
        again = r;
        for (unsigned i = 0; i < 100; i++) step(&a, &r);
        for (unsigned i = 0; i < 100; i++) step(&b, &again);
        same(&a, &b, seed);
        side_close(&a);
        side_close(&b);
    }
    assert_true(stalls > 50 && pending > 10); /* or it was not the middle of anything */
}

static void command(struct side *x, uint64_t c0, uint64_t c1)
{
    uint64_t c[2] = {c0, c1};
    uint32_t prod = (uint32_t)unit_read(&x->u, 0x98, 4);
    assert_true(smmu_store_words(x->u.smmu, CMDQ_AT + (prod & 0xf) * 16, c, 2));
    unit_write(&x->u, 0x98, 4, index_next(prod));
}

/* All stalls there can be, and an access without a number; a device that did not answer. */
static void test_full(void **state)
{
    static struct side a, b;
    struct rng r = {1};
    side_open(&a);
    side_open(&b);
    queues_on(&a);
    while (!a.clients[0].d->waits) do_fault(&a, &r);
    command(&a, 0x40 | 1 << 11 | 7 << 12 | 8ull << 32, 52);
    a.nlog = 0;
    move_over(&a, &b);
    same(&a, &b, 0);
    command(&b, 0x45, 0);
    assert_true(b.nlog > 3 && !b.clients[0].d->waits);
    command(&b, 0x46, 0);
    assert_int_equal(unit_read(&b.u, 0x9c, 4) >> 24, SMMU_CERROR_ATC_INV_SYNC);
    command(&a, 0x45, 0);
    command(&a, 0x46, 0);
    same(&a, &b, 0);
    side_close(&a);
    side_close(&b);
}

/* ---- bytes of anybody's ---- */

static void rehash(struct buf *b)
{
    uint64_t hash = hash_bytes(b->p, b->len - 8, 0);
    memcpy(b->p + b->len - 8, &hash, 8);
}

static void busy(struct side *x)
{
    struct rng r = {5};
    side_open(x);
    queues_on(x);
    for (unsigned i = 0; i < 300; i++) step(x, &r);
    x->nlog = 0;
}

/* Either it is refused and nothing changes, or it is taken and says the same when it is saved. */
static bool taken(struct side *x, const struct buf *b)
{
    struct buf before = {0}, after = {0};
    const char *why = NULL;
    save(x, &before);
    bool ok = !smmu_snapshot_load(x->u.smmu, b->p, b->len, &why);
    save(x, &after);
    const struct buf *want = ok ? b : &before;
    assert_true(ok == !why);
    assert_int_equal(after.len, want->len);
    assert_memory_equal(after.p, want->p, want->len);
    buf_free(&before);
    buf_free(&after);
    return ok;
}

static void test_cut(void **state)
{
    static struct side x, y;
    struct buf b = {0};
    busy(&x);
    side_open(&y);
    save(&x, &b);
    for (size_t n = 0; n < b.len; n += n < 64 ? 1 : 13) {
        struct buf cut = {0};
        buf_add(&cut, b.p, n);
        assert_false(taken(&y, &cut));
        if (n >= 16) {
            rehash(&cut);
            assert_false(taken(&y, &cut));
        }
        buf_free(&cut);
    }
    buf_char(&b, 0);
    rehash(&b);
    assert_false(taken(&y, &b));
    buf_free(&b);
    side_close(&x);
    side_close(&y);
}

static void test_bent(void **state)
{
    static struct side x, y;
    struct buf b = {0}, whole = {0};
    struct rng r = {9};
    unsigned refused = 0;
    busy(&x);
    side_open(&y);
    save(&x, &whole);
    for (unsigned i = 0; i < 6000; i++) {
        buf_reset(&b);
        buf_add(&b, whole.p, whole.len);
        for (unsigned k = (unsigned)rng_below(&r, 3) + 1; k--;) {
            size_t at = rng_below(&r, b.len - 8);
            b.p[at] = (char)(rng_below(&r, 2) ? (uint64_t)b.p[at] ^ 1u << rng_below(&r, 8) : rng_next(&r));
        }
        if (rng_below(&r, 10)) rehash(&b);
        refused += !taken(&y, &b);
        if (i % 16 == 0) step(&y, &r); /* and it works, whatever it took */
        y.nlog = 0;
    }
    assert_true(refused > 1000 && refused < 6000);
    buf_free(&b);
    buf_free(&whole);
    side_close(&x);
    side_close(&y);
}

/* Where in a snapshot an item's field stands. */
static size_t place(const struct buf *b, enum snap_kind kind, unsigned item, const char *field)
{
    static const unsigned sizes[] = {1, 1, 2, 4, 8};
    size_t at = 8;
    for (unsigned k = 0;; k++) {
        const struct snap_section *c = &snap_sections[k];
        uint32_t n;
        memcpy(&n, b->p + at, 4);
        at += 4;
        for (unsigned i = 0; i < n; i++)
            for (unsigned f = 0; f < c->nfields; f++) {
                if (k == kind && i == item && !strcmp(c->fields[f].name, field)) return at;
                at += sizes[c->fields[f].type];
            }
        assert_true(k < kind);
    }
}

/* Each check has a state that it alone refuses. */
static void test_impossible(void **state)
{
    static const struct {
        enum snap_kind kind;
        unsigned item;
        const char *field;
        uint64_t value;
        unsigned size;
        const char *why;
    } cases[] = {
        {SNAP_REGISTERS, SMMU_INDEX_IDR0, "value", 0, 8, "a register holds what it cannot"},
        {SNAP_REGISTERS, SMMU_INDEX_CR1, "value", 0x1000, 8, "a register holds what it cannot"},
        {SNAP_REGISTERS, SMMU_INDEX_GBPA, "value", 1u << 31, 8, "a register holds what it cannot"},
        {SNAP_REGISTERS, SMMU_INDEX_CR0ACK, "value", 2, 8, "CR0ACK is not CR0"},
        {SNAP_REGISTERS, SMMU_INDEX_IRQ_CTRLACK, "value", 1, 8, "IRQ_CTRLACK is not IRQ_CTRL"},
        {SNAP_REGISTERS, SMMU_INDEX_CR1, "offset", 0x29, 4, "a register holds what it cannot"},
        {SNAP_UNIT, 0, "mergeable", 2, 1, "a flag is neither 0 nor 1"},
        {SNAP_DEVICES, 0, "ats", 1, 1, "a device can do other things here"},
        {SNAP_DEVICES, 2, "stalls", 1, 1, "a device can do other things here"},
        {SNAP_DEVICES, 2, "waits", 1, 1, "a device is in no state that there is"},
        {SNAP_DEVICES, 1, "atc_next", 64, 4, "a device is in no state that there is"},
        {SNAP_DEVICES, 2, "sid", 17, 4, "other devices are attached here"},
        {SNAP_DEVICES, 2, "sid", 8, 4, "items are not in order"},
        {SNAP_ATCS, 0, "sid", 0, 4, "a translation is of no device"},
        {SNAP_ATCS, 0, "entry.size", 0x800, 8, "a translation is none that a device could have got"},
        {SNAP_ATCS, 0, "entry.size", 0x3000, 8, "a translation is none that a device could have got"},
        {SNAP_ATCS, 0, "entry.pa", 1ull << 52, 8, "a translation is none that a device could have got"},
        {SNAP_ATCS, 0, "entry.iova", 1, 8, "a translation is none that a device could have got"},
        {SNAP_ATCS, 0, "entry.perm", 16, 1, "a translation is none that a device could have got"},
        {SNAP_STALLS, 0, "sid", 16, 4, "an access waits that cannot"},
        {SNAP_STALLS, 0, "order", ~0ull, 8, "an access waits that cannot"},
        {SNAP_STALLS, 0, "event[0]", 0x12, 8, "an access waits that cannot"},
        {SNAP_STALLS, 0, "event[1]", 0, 8, "an access waits that cannot"},
        {SNAP_STALLS, 0, "stale", 1, 1, "an access waits that cannot"},
        {SNAP_UNIT, 0, "event[0]", 0x99, 8, "the newest event is none"},
    };
    static struct side x, y;
    struct buf b = {0};
    const char *why;
    busy(&x);
    side_open(&y);
    assert_true(x.u.smmu->nstalls > 1 && !x.u.smmu->stalls[0].pending);
    x.u.smmu->mergeable = true;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        save(&x, &b);
        memcpy(b.p + place(&b, cases[i].kind, cases[i].item, cases[i].field), &cases[i].value, cases[i].size);
        rehash(&b);
        assert_int_equal(smmu_snapshot_load(y.u.smmu, b.p, b.len, &why), -22);
        if (strcmp(why, cases[i].why)) fail_msg("case %zu: %s", i, why);
        assert_false(taken(&y, &b));
    }
    save(&x, &b);
    memcpy(b.p + place(&b, SNAP_STALLS, 1, "order"), b.p + place(&b, SNAP_STALLS, 0, "order"), 8);
    rehash(&b);
    assert_int_equal(smmu_snapshot_load(y.u.smmu, b.p, b.len, &why), -22);
    assert_string_equal(why, "two accesses came at once");
    save(&x, &b);
    b.p[4] = 2; /* a version that is not yet */
    rehash(&b);
    assert_int_equal(smmu_snapshot_load(y.u.smmu, b.p, b.len, &why), -22);
    assert_string_equal(why, "its version is unknown");
    save(&x, &b);
    b.p[20] ^= 1;
    assert_int_equal(smmu_snapshot_load(y.u.smmu, b.p, b.len, &why), -22);
    assert_string_equal(why, "its hash is another");
    smmu_detach(y.clients[1].d);
    save(&x, &b);
    assert_int_equal(smmu_snapshot_load(y.u.smmu, b.p, b.len, &why), -22);
    assert_string_equal(why, "other devices are attached here");
    buf_free(&b);
    side_close(&x);
    side_close(&y);
}

static void test_diff(void **state)
{
    static struct side x;
    struct buf a = {0}, b = {0}, text = {0};
    side_open(&x);
    save(&x, &a);
    unit_write(&x.u, 0x88, 4, 5);
    x.clients[1].d->atc[3] = (struct smmu_atc_entry){.size = 0x1000, .iova = 0x5000, .pa = 0x8000, .perm = 3};
    save(&x, &b);
    assert_int_equal(smmu_snapshot_diff(&a, &b, &text), 2);
    assert_string_equal(buf_cstr(&text), "registers 0x88 (STRTAB_BASE_CFG): value 0, 0x5\n"
                                         "atc 0x8 0x3: only in the second\n");
    assert_int_equal(smmu_snapshot_diff(&a, &a, &text), 0);
    b.p[0] = 'x';
    assert_int_equal(smmu_snapshot_diff(&a, &b, &text), -1);
    buf_free(&a);
    buf_free(&b);
    buf_free(&text);
    side_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_goes_on),    cmocka_unit_test(test_full),
                                       cmocka_unit_test(test_cut),        cmocka_unit_test(test_bent),
                                       cmocka_unit_test(test_impossible), cmocka_unit_test(test_diff)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
