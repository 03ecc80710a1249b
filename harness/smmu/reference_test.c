/* The SMMU's model against the reference: random streams, tables and accesses, most of them nearly right.
 * What an access comes to, each field of its fault, and every word that hardware changes in tables must
 * agree.
 */
#include "devices/smmu/fixture.h"
#include "harness/smmu/reference.h"

#include <stdio.h>

enum { TABLES_AT = 0x200000, TABLES_SIZE = 0x1800000, MAPS = 6, ROUNDS = 1500 };

static struct fixture fix;
static struct smmu unit;
static struct rng rng;
static unsigned met[2][256]; /* how often accesses ended so: by S2, event */
static uint8_t *before;      /* memory as it was before the model ran */

static int setup(void **state)
{
    unit = (struct smmu){0};
    fix_init(&fix, &unit);
    before = xmalloc(TABLES_SIZE + TABLES_AT);
    rng.state = 1;
    fix.next = FIX_BASE + TABLES_AT;
    return 0;
}

static int teardown(void **state)
{
    free(before);
    mem_free(&fix.mem);
    return 0;
}

static uint64_t pick(uint64_t n)
{
    return rng_below(&rng, n);
}

static bool load(void *arg, uint64_t pa, uint64_t *v)
{
    return smmu_load(&unit, pa, v);
}

/* ---- random tables ---- */

/* Addresses that something is mapped at, for accesses to hit. */
static uint64_t mapped[4 * MAPS];
static unsigned nmapped;

static uint64_t stage1_attributes(void)
{
    static const uint64_t bits[] = {1ull << 6,  1ull << 7,  1ull << 10, 1ull << 11,
                                    1ull << 51, 1ull << 53, 1ull << 54};
    uint64_t d = FIX_S1;
    for (unsigned i = 0; i < ARRAY_LEN(bits); i++)
        if (!pick(4)) d ^= bits[i];
    return d | pick(8) << 2;
}

static uint64_t stage2_attributes(void)
{
    static const uint64_t bits[] = {1ull << 6, 1ull << 7, 1ull << 10, 1ull << 51, 1ull << 53, 1ull << 54};
    uint64_t d = FIX_S2;
    for (unsigned i = 0; i < ARRAY_LEN(bits); i++)
        if (!pick(8)) d ^= bits[i];
    uint64_t type = pick(16); /* with an inner type where there is an outer one: the rest is reserved */
    return pick(8) ? d : (d & ~0x3cull) | (type & 3 ? type : 0) << 2;
}

static unsigned any_granule(void)
{
    static const unsigned granules[] = {12, 14, 16};
    return granules[pick(3)];
}

/* The deepest levels come most often; all but the last map blocks where the granule has them. */
static unsigned leaf_level(unsigned granule, unsigned start)
{
    unsigned level = pick(3) ? 3 : 2;
    if (!pick(8) && granule != 14) level = 1;
    return level < start ? 3 : level;
}

/* Physical memory that is there, or nearly. */
static uint64_t any_target(void)
{
    switch (pick(8)) {
    case 0: return FIX_HIGH + pick(256) * 4096;
    case 1: return FIX_NOWHERE + pick(16) * 4096;
    default: return FIX_BASE + 0x2000000 + pick(4096) * 4096;
    }
}

/* No block is in the way down to the descriptor of this address. */
static bool way_is_free(const struct fix_table *t, uint64_t at, unsigned level)
{
    for (unsigned l = t->start; l < level; l++) {
        uint64_t d = fix_load(&fix, fix_entry(&fix, t, at, l));
        if (!d) return true;
        if ((d & 3) != 3) return false;
    }
    return true;
}

static void map_some(const struct fix_table *t, bool stage2, uint64_t high)
{
    for (unsigned i = 0; i < MAPS; i++) {
        unsigned level = leaf_level(t->granule, t->start);
        unsigned shift = t->granule + (3 - level) * (t->granule - 3);
        uint64_t at = rng_next(&rng) & bits_mask(t->bits);
        if (i && nmapped) at = (mapped[nmapped - 1] & bits_mask(t->bits)) ^ pick(8) << shift;
        uint64_t pa = any_target() >> shift << shift;
        if (fix.next > FIX_BASE + TABLES_AT + TABLES_SIZE - 0x80000) return;
        if (!way_is_free(t, at, level)) continue;
        uint64_t entry = fix_entry(&fix, t, at, level);
        fix_store(&fix, entry,
                  fix_address(t->granule, pa) | (stage2 ? stage2_attributes() : stage1_attributes()) |
                      (level == 3 ? 3 : 1));
        mapped[nmapped++] = at | high;
    }
}

/* Stage 2 maps memory where it is, so that stage 1's tables are found. */
static void map_memory(const struct fix_table *t)
{
    unsigned shift = t->granule + (t->granule - 3);
    for (uint64_t at = FIX_BASE >> shift << shift; at < FIX_BASE + FIX_SIZE && !(at >> t->bits);
         at += 1ull << shift) {
        if (t->start > 2 || !way_is_free(t, at, 2)) return;
        uint64_t entry = fix_entry(&fix, t, at, 2);
        fix_store(&fix, entry, fix_address(t->granule, at) | stage2_attributes() | 1);
    }
}

static struct fix_table random_table(unsigned least, int start)
{
    unsigned granule = any_granule(), most = granule == 16 ? 52 : 48;
    unsigned bits = pick(4) ? 39 + (unsigned)pick(most - 39 + 1) : least + (unsigned)pick(most - least + 1);
    struct fix_table t = fix_table(&fix, granule, bits, start);
    if (!pick(3)) t.extra = pick(32) << 59;
    return t;
}

static void build_stage1(void)
{
    struct fix_table low = random_table(25, -1), high = random_table(25, -1);
    fix_stage1(&fix, &low);
    map_some(&low, false, 0);
    fix_put(fix.cd, SMMU_CD_EPD1, pick(3) == 0);
    fix_put(fix.cd, SMMU_CD_T1SZ, 64 - high.bits);
    fix_put(fix.cd, SMMU_CD_TG1, high.granule == 12 ? 2 : high.granule == 14 ? 1 : 3);
    fix_put(fix.cd, SMMU_CD_TTB1, high.root >> 4);
    map_some(&high, false, ~0ull << high.bits);
    fix_put(fix.cd, SMMU_CD_TBI0, pick(2));
    fix_put(fix.cd, SMMU_CD_TBI1, pick(2));
    fix_put(fix.cd, SMMU_CD_HA, pick(2));
    fix_put(fix.cd, SMMU_CD_HD, pick(2));
    fix_put(fix.cd, SMMU_CD_AFFD, pick(4) == 0);
    fix_put(fix.cd, SMMU_CD_WXN, pick(4) == 0);
    fix_put(fix.cd, SMMU_CD_PAN, pick(4) == 0);
    fix_put(fix.cd, SMMU_CD_HAD0, pick(2));
    fix_put(fix.cd, SMMU_CD_HAD1, pick(2));
    fix_put(fix.ste, SMMU_STE_STRW, pick(2) ? 0 : 2);
}

static void build_stage2(void)
{
    unsigned granule = any_granule();
    int start = (granule == 12 ? 1 : 2) - (int)pick(2);
    if (granule == 12) start = (int)pick(2);
    unsigned stride = granule - 3, floor = granule + (3 - (unsigned)start) * stride;
    unsigned most = floor + stride + 4;
    if (most > (granule == 16 ? 52u : 48u)) most = granule == 16 ? 52 : 48;
    unsigned bits = floor + 1 + (unsigned)pick(most - floor);
    if (bits < 34) bits = 34;
    struct fix_table t = fix_table(&fix, granule, bits, start);
    fix_stage2(&fix, &t);
    map_memory(&t);
    map_some(&t, true, 0);
    fix_put(fix.ste, SMMU_STE_S2HA, pick(2));
    fix_put(fix.ste, SMMU_STE_S2HD, pick(2));
    fix_put(fix.ste, SMMU_STE_S2AFFD, pick(4) == 0);
    fix_put(fix.ste, SMMU_STE_S2PTW, pick(4) == 0);
    fix_put(fix.ste, SMMU_STE_S2FWB, pick(4) == 0);
}

/* Flips a bit here and there: in the STE, the CD, a descriptor. */
static void spoil(void)
{
    uint64_t at;
    switch (pick(6)) {
    case 0: fix.ste[pick(4)] ^= 1ull << pick(64); break;
    case 1: fix.cd[pick(3)] ^= 1ull << pick(64); break;
    case 2:
    case 3:
        at = FIX_BASE + TABLES_AT + pick((fix.next - FIX_BASE - TABLES_AT) / 8) * 8;
        for (unsigned i = 0; i < 4096 && !fix_load(&fix, at) && at + 8 < fix.next; i++) at += 8;
        fix_store(&fix, at, fix_load(&fix, at) ^ 1ull << pick(64));
        break;
    default: break;
    }
}

/* ---- random stream tables and tables of context descriptors ---- */

/* Where the build's STE and CD are, and what leads there. */
static struct {
    uint64_t base, cfg; /* STRTAB_BASE, STRTAB_BASE_CFG */
    uint32_t sid, ssid; /* whose STE, whose CD */
    bool substream;     /* the CD is a substream's */
} place;

/* What leads to a table, sometimes spoilt. */
static void put_pointer(uint64_t at, uint64_t v)
{
    fix_store(&fix, at, pick(16) ? v : v ^ 1ull << pick(64));
}

/* A base that is aligned, or has bits below its table's size, which do not count. */
static uint64_t any_base(uint64_t at, uint64_t size)
{
    return pick(4) ? at : at | (pick(size) & ~0x3full);
}

/* The place of the STE in a linear table (3.3.1.1). */
static uint64_t linear_streams(void)
{
    unsigned log2 = (unsigned)pick(10);
    uint64_t at = fix_alloc(&fix, 64ull << log2);
    place.base = any_base(at, 64ull << log2);
    place.cfg = log2;
    place.sid = (uint32_t)pick(1ull << log2);
    return at + place.sid * 64ull;
}

/* In one of two levels (3.3.1.2); spans too small, too large and 0 come, too. */
static uint64_t two_level_streams(void)
{
    static const unsigned splits[] = {6, 8, 10};
    unsigned which = (unsigned)pick(3), split = splits[which], log2 = (unsigned)pick(split + 4);
    unsigned first = log2 > split ? log2 - split : 0, span = pick(4) ? split + 1 : (unsigned)pick(split + 3);
    uint64_t l1 = fix_alloc(&fix, 8ull << first), l2 = fix_alloc(&fix, 64ull << split);
    place.base = any_base(l1, 8ull << first);
    place.cfg = 0;
    uint64_t cfg[2] = {place.cfg};
    dev_put(cfg, SMMU_STRTAB_BASE_CFG_FMT, 1);
    dev_put(cfg, SMMU_STRTAB_BASE_CFG_SPLIT, which || pick(2) ? split : pick(6)); /* 6 if it is none */
    dev_put(cfg, SMMU_STRTAB_BASE_CFG_LOG2SIZE, log2);
    place.cfg = cfg[0];
    place.sid = (uint32_t)pick(1ull << log2);
    put_pointer(l1 + (place.sid >> split) * 8ull, l2 | span);
    return l2 + (place.sid & bits_mask(split)) * 64;
}

/* The place of the CD in one table, or below an L1CD (STE.S1Fmt). */
static uint64_t find_cd(unsigned max, unsigned fmt, uint32_t index)
{
    unsigned low = fmt == 1 ? 6 : 10;
    if (fmt != 1 && fmt != 2) {
        uint64_t at = fix_alloc(&fix, 64ull << max);
        fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, any_base(at, 64ull << max) >> 6);
        return at + index * 64ull;
    }
    unsigned first = max > low ? max - low : 0;
    uint64_t l1 = fix_alloc(&fix, 8ull << first), leaf = fix_alloc(&fix, 64ull << low);
    fix_put(fix.ste, SMMU_STE_S1CONTEXTPTR, any_base(l1, 8ull << first) >> 6);
    put_pointer(l1 + (index >> low) * 8ull, leaf | 1);
    return leaf + (index & bits_mask(low)) * 64;
}

static void place_cd(void)
{
    unsigned max = pick(2) ? 0 : 1 + (unsigned)pick(11), fmt = (unsigned)pick(3);
    place.substream = max ? pick(4) : !pick(8);
    place.ssid = (uint32_t)pick(1ull << max);
    fix_put(fix.ste, SMMU_STE_S1CDMAX, max);
    fix_put(fix.ste, SMMU_STE_S1FMT, fmt);
    fix_put(fix.ste, SMMU_STE_S1DSS, pick(3));
    uint64_t at = find_cd(max, max ? fmt : 0, place.substream ? place.ssid : 0);
    for (unsigned i = 0; i < 8; i++) fix_store(&fix, at + i * 8ul, fix.cd[i]);
}

static void place_all(bool stage1)
{
    enum { ROOM = 0x100000 };
    place.sid = FIX_SID;
    place.base = fix.strtab;
    place.cfg = 6;
    place.substream = false;
    bool room = fix.next + ROOM < FIX_BASE + TABLES_AT + TABLES_SIZE;
    if (room && stage1 && pick(4))
        place_cd();
    else
        fix_apply(&fix);
    uint64_t at = fix.strtab + FIX_SID * 64;
    if (room && pick(4)) at = pick(2) ? linear_streams() : two_level_streams();
    for (unsigned i = 0; i < 8; i++) fix_store(&fix, at + i * 8ul, fix.ste[i]);
    fix_register(&fix, SMMU_REG_STRTAB_BASE, place.base);
    fix_register(&fix, SMMU_REG_STRTAB_BASE_CFG, place.cfg);
}

static void build(void)
{
    memset(fix.mem.regions[0].host + TABLES_AT, 0, fix.next - FIX_BASE - TABLES_AT);
    memset(fix.ste, 0, sizeof(fix.ste));
    memset(fix.cd, 0, sizeof(fix.cd));
    fix.next = FIX_BASE + TABLES_AT;
    nmapped = 0;
    unsigned stages = 1 + (unsigned)pick(3);
    if (stages & 2) build_stage2();
    if (stages & 1) build_stage1();
    if (!pick(8)) fix_put(fix.ste, SMMU_STE_PRIVCFG, pick(4));
    if (!pick(8)) fix_put(fix.ste, SMMU_STE_INSTCFG, pick(4));
    if (!pick(4)) fix_put(fix.cd, SMMU_CD_IPS, pick(8));
    if (!pick(4)) fix_put(fix.ste, SMMU_STE_S2PS, pick(8));
    if (!pick(2)) spoil();
    place_all(stages & 1);
}

/* ---- the comparison ---- */

static struct ref_request any_request(void)
{
    struct ref_request q = {
        .sid = place.sid, .ssid = place.ssid, .substream = place.substream, .iova = pick(4096)};
    if (!pick(32)) q.sid ^= 1u << pick(32);
    if (!pick(32)) q.ssid ^= 1u << pick(20);
    if (!pick(32)) q.substream = !q.substream;
    if (nmapped) q.iova |= mapped[pick(nmapped)];
    if (!pick(6)) q.iova ^= 1ull << pick(64);
    if (!pick(12)) q.iova |= 0xaaull << 56;
    q.write = pick(2);
    q.execute = !q.write && !pick(3);
    q.privileged = pick(2);
    return q;
}

struct got {
    bool ok;              /* it goes through */
    uint64_t pa;          /* where */
    struct smmu_fault f;  /* or why not */
    struct smmu_config c; /* configuration */
};

static struct got ask_model(const struct ref_request *q)
{
    struct got g = {0};
    struct smmu_page page;
    unsigned access = (q->write ? SMMU_WRITE : SMMU_READ) | (q->execute ? SMMU_EXEC : 0) |
                      (q->privileged ? SMMU_PRIVILEGED : 0) | (q->substream ? SMMU_SUBSTREAM : 0);
    smmu_config_read(&unit, q->sid, q->substream, q->ssid, &g.c);
    if (g.c.abort) return g;
    if (g.c.bad.event) {
        g.f = g.c.bad;
        return g;
    }
    g.ok = smmu_walk(&unit, NULL, &g.c, q->iova, access, &page, &g.f);
    if (g.ok) g.pa = page.pa + (q->iova & (page.size - 1));
    return g;
}

static void show(const char *who, bool ok, uint64_t pa, unsigned event, bool stage2, unsigned class_,
                 uint64_t ipa)
{
    print_message("%s: %s pa %#llx event %#x s2 %d class %u ipa %#llx\n", who, ok ? "ok" : "no",
                  (unsigned long long)pa, event, stage2, class_, (unsigned long long)ipa);
}

/* All that an event tells of it; what the manual leaves out of an event's record is not looked at. */
static bool same(const struct ref_answer *a, const struct got *g)
{
    bool ok = a->end == REF_DONE;
    if (ok != g->ok || a->event != g->f.event) return false;
    if (ok) return a->pa == g->pa;
    bool fetched = a->event == REF_F_STE_FETCH || a->event == REF_F_CD_FETCH || a->event == REF_F_WALK_EABT;
    if (fetched && a->fetch != g->f.fetch) return false;
    if (a->event < REF_F_WALK_EABT) return true;
    return a->stage2 == g->f.stage2 && a->class_ == (enum ref_class)g->f.class_ &&
           (!a->stage2 || a->ipa == g->f.ipa);
}

/* Memory is what it was, and what the reference says that hardware updates. */
static bool same_memory(const struct ref_answer *a)
{
    for (unsigned i = 0; i < a->nupdates; i++) {
        uint64_t at = a->updates[i].pa - FIX_BASE;
        if (at < TABLES_AT + TABLES_SIZE) memcpy(before + at, &a->updates[i].value, 8);
    }
    return !memcmp(before, fix.mem.regions[0].host, fix.next - FIX_BASE);
}

static void compare_one(unsigned round)
{
    static const char *const classes[] = {"CD", "TT", "IN"};
    struct ref_unit u = {.load = load,
                         .strtab_base = place.base,
                         .strtab_cfg = (uint32_t)place.cfg,
                         .enabled = true,
                         .sid_bits = 32,
                         .ssid_bits = 20,
                         .oas = 52,
                         .small_tables = true};
    struct ref_request q = any_request();
    struct ref_answer a;
    memcpy(before, fix.mem.regions[0].host, fix.next - FIX_BASE);
    ref_translate(&u, &q, &a);
    struct got g = ask_model(&q);
    bool memory = same_memory(&a);
    met[a.stage2][a.event]++;
    if (same(&a, &g) && memory) return;
    show("reference", a.end == REF_DONE, a.pa, a.event, a.stage2, a.class_, a.ipa);
    show("model", g.ok, g.pa, g.f.event, g.f.stage2, g.f.class_, g.f.ipa);
    for (unsigned i = 0; i < 4; i++)
        print_message("ste[%u] %#018llx cd[%u] %#018llx\n", i, (unsigned long long)fix.ste[i], i,
                      (unsigned long long)fix.cd[i]);
    fail_msg("round %u: %s %#llx%s%s, fetch %#llx and %#llx, class %s%s", round, q.write ? "write" : "read",
             (unsigned long long)q.iova, q.execute ? " execute" : "", q.privileged ? " privileged" : "",
             (unsigned long long)a.fetch, (unsigned long long)g.f.fetch, classes[a.class_],
             memory ? "" : ", and memory differs");
}

/* The comparison means something: each end that there is was met. */
static void expect_variety(void)
{
    static const struct {
        unsigned event, stages; /* bit 0: at stage 1, bit 1: at stage 2 */
    } ends[] = {{0, 1},
                {REF_C_BAD_STREAMID, 1},
                {REF_C_BAD_STE, 1},
                {REF_F_STREAM_DISABLED, 1},
                {REF_C_BAD_SUBSTREAMID, 1},
                {REF_F_CD_FETCH, 1},
                {REF_C_BAD_CD, 1},
                {REF_F_WALK_EABT, 3},
                {REF_F_TRANSLATION, 3},
                {REF_F_ADDR_SIZE, 3},
                {REF_F_ACCESS, 3},
                {REF_F_PERMISSION, 3}};
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++)
        for (unsigned stage = 0; stage < 2; stage++)
            if (ends[i].stages >> stage & 1 && met[stage][ends[i].event] < ROUNDS / 100)
                fail_msg("event %#x at stage %u came only %u times", ends[i].event, stage + 1,
                         met[stage][ends[i].event]);
    assert_in_range(met[0][0], ROUNDS, ROUNDS * 8);
}

static void test_model_agrees(void **state)
{
    const char *more = getenv("SMMU_REFERENCE_ROUNDS"), *seed = getenv("SMMU_REFERENCE_SEED");
    unsigned rounds = more ? (unsigned)strtoul(more, NULL, 0) : ROUNDS; /* long runs by hand */
    if (seed) rng.state = strtoul(seed, NULL, 0);
    memset(met, 0, sizeof(met));
    for (unsigned i = 0; i < rounds; i++) {
        build();
        for (unsigned k = 0; k < 8; k++) compare_one(i);
    }
    if (rounds == ROUNDS) expect_variety();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_model_agrees, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
