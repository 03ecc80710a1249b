/* From a stream id and a substream to what a walk needs: stream table, STE, CD (IHI 0070 3.3, chapter 5).
 * Each way to fail is one of 7.3's configuration events, in 7.3.22's order. Nothing is kept here:
 * config_cache.c is.
 */
#include "devices/smmu/config.h"

/* ---- the stream table (3.3.1) ---- */

static bool bad(struct smmu_config *c, unsigned event)
{
    c->bad.event = event;
    return false;
}

static bool bad_fetch(struct smmu_config *c, unsigned event, uint64_t address)
{
    c->bad.fetch = address;
    return bad(c, event);
}

struct stream_table {
    uint64_t base; /* aligned as it is used */
    unsigned bits,
        split; /* stream ids that it has, as a logarithm; of a level 2 table: 0: there is one level */
};

static struct stream_table stream_table(const struct smmu *s)
{
    uint64_t base = smmu_register64(s, SMMU_REG_STRTAB_BASE),
             cfg = smmu_register(s, SMMU_REG_STRTAB_BASE_CFG);
    unsigned log2 = (unsigned)dev_of(cfg, SMMU_STRTAB_BASE_CFG_LOG2SIZE), align = log2 + 6;
    struct stream_table t = {.bits = log2 > 32 ? 32 : log2}; /* IDR1.SIDSIZE */
    if (dev_of(cfg, SMMU_STRTAB_BASE_CFG_FMT) == SMMU_STRTAB_BASE_CFG_FMT_TWO) {
        uint64_t split = dev_of(cfg, SMMU_STRTAB_BASE_CFG_SPLIT);
        t.split = split == 8 || split == 10 ? (unsigned)split : 6; /* other values behave as 6 (6.3.25) */
        align = log2 > t.split + 3 ? log2 - t.split + 3 : 6;
    }
    t.base = dev_of(base, SMMU_STRTAB_BASE_ADDR) << 6 & ~bits_mask(align);
    return t;
}

/* Level 2 of the stream table: where its STE lies. */
static bool level2(struct smmu *s, const struct stream_table *t, struct smmu_config *c, uint64_t *at)
{
    uint64_t d, where = t->base + ((uint64_t)c->sid >> t->split) * 8;
    if (!smmu_load(s, where, &d)) return bad_fetch(c, SMMU_F_STE_FETCH, where);
    uint64_t span = dev_of(d, SMMU_L1STD_SPAN), index = c->sid & bits_mask(t->split);
    /* 12 and above are reserved, and so is what goes beyond the split (5.1.1) */
    if (!span || span > t->split + 1 || index >> (span - 1)) return bad(c, SMMU_C_BAD_STREAMID);
    uint64_t base = dev_of(d, SMMU_L1STD_L2PTR) << 6 & ~bits_mask((unsigned)span + 5);
    *at = base + index * SMMU_STE_WORDS * 8;
    return true;
}

static bool read_ste(struct smmu *s, struct smmu_config *c)
{
    struct stream_table t = stream_table(s);
    if ((uint64_t)c->sid >> t.bits) return bad(c, SMMU_C_BAD_STREAMID);
    uint64_t at = t.base + (uint64_t)c->sid * SMMU_STE_WORDS * 8, ste[SMMU_STE_WORDS];
    if (t.split && !level2(s, &t, c, &at)) return false;
    if (!smmu_load_words(s, at, ste, SMMU_STE_WORDS)) return bad_fetch(c, SMMU_F_STE_FETCH, at);
    for (unsigned i = 0; i < SMMU_STE_WORDS; i++) c->ste[i] = ste[i];
    return !smmu_ste_illegal(ste) || bad(c, SMMU_C_BAD_STE);
}

/* ---- what an STE says ---- */

#define STE(field) dev_get(c->ste, SMMU_STE_##field)

static void incoming(struct smmu_config *c, struct smmu_attributes a)
{
    c->memory_type = a.type;
    c->shareability = a.share;
}

static void apply_stage2(struct smmu_config *c)
{
    struct smmu_stage *st = &c->s2;
    unsigned granule = smmu_granule0(STE(S2TG)), bits = 64 - (unsigned)STE(S2T0SZ);
    unsigned start = (unsigned)smmu_stage2_start(c->ste), out = smmu_size_bits(STE(S2PS));
    unsigned align = bits - smmu_level_shift(granule, start) + 3;
    *st = (struct smmu_stage){
        .on = true,
        .big_endian = STE(S2ENDI),
        .granule = {(uint8_t)granule},
        .bits = {(uint8_t)bits},
        .start = {(uint8_t)start},
        .out_bits = (uint8_t)out,
        .af_hardware = STE(S2HA),
        .dirty_hardware = STE(S2HA) && STE(S2HD),
        .af_ignored = STE(S2AFFD),
        .s2ptw = STE(S2PTW) && STE(CONFIG) == SMMU_STE_CONFIG_S1_S2,
        .force_write_back = STE(S2FWB),
        .stall = STE(S2S),
        .abort = true,
        .record = STE(S2R) || STE(S2S),
        .ttb = {STE(S2TTB) << 4 & ~bits_mask(out > 48 && align < 6 ? 6 : align)},
        .tag = (uint16_t)STE(S2VMID),
    };
}

static enum smmu_world stream_world(const struct smmu *s, const struct smmu_config *c)
{
    if (STE(CONFIG) != SMMU_STE_CONFIG_S1 || STE(STRW) == SMMU_STE_STRW_EL1) return SMMU_WORLD_EL1;
    uint64_t cr2 = smmu_register(s, SMMU_REG_CR2);
    return dev_of(cr2, SMMU_CR2_E2H) ? SMMU_WORLD_EL2_E2H : SMMU_WORLD_EL2;
}

/* ---- context descriptors ---- */

/* Words of an L1CD or CD, whose address stage 2 translates when it is there (5.4.1). */
static bool read_cd_words(struct smmu *s, struct smmu_config *c, uint64_t at, uint64_t *to, unsigned n)
{
    if (c->s2.on && !smmu_walk_cd(s, c, at, &at)) return false;
    return smmu_load_words(s, at, to, n) || bad_fetch(c, SMMU_F_CD_FETCH, at);
}

/* Where substream `ssid`'s CD lies: in one table, or below an L1CD (STE.S1Fmt). */
static bool find_cd(struct smmu *s, struct smmu_config *c, uint32_t ssid, uint64_t *at)
{
    unsigned max = (unsigned)STE(S1CDMAX), fmt = max ? (unsigned)STE(S1FMT) : 0;
    uint64_t base = STE(S1CONTEXTPTR) << 6;
    if (fmt != SMMU_STE_S1FMT_TWO_4K && fmt != SMMU_STE_S1FMT_TWO_64K) {
        *at = (base & ~bits_mask(max + 6)) + (uint64_t)ssid * SMMU_CD_WORDS * 8;
        return true;
    }
    unsigned low = fmt == SMMU_STE_S1FMT_TWO_4K ? 6 : 10;
    uint64_t l1cd, align = max > low + 3 ? max - low + 3 : 6;
    if (!read_cd_words(s, c, (base & ~bits_mask((unsigned)align)) + (ssid >> low) * 8ull, &l1cd, 1))
        return false;
    if (!dev_of(l1cd, SMMU_L1CD_V)) return bad(c, SMMU_C_BAD_SUBSTREAMID);
    uint64_t leaf = dev_of(l1cd, SMMU_L1CD_L2PTR) << 12 & ~bits_mask(low + 6);
    *at = leaf + (ssid & bits_mask(low)) * SMMU_CD_WORDS * 8;
    return true;
}

#define CD(field) dev_get(cd, SMMU_CD_##field)

/* One of the two tables. */
static void apply_table(struct smmu_stage *st, const uint64_t *cd, enum smmu_world world, unsigned which)
{
    if (smmu_stage1_off(cd, world, which)) return;
    unsigned granule = which ? smmu_granule1(CD(TG1)) : smmu_granule0(CD(TG0)), start = 0;
    unsigned bits = 64 - (unsigned)(which ? CD(T1SZ) : CD(T0SZ));
    while (smmu_level_shift(granule, start) >= bits) start++;
    unsigned align = bits - smmu_level_shift(granule, start) + 3;
    st->granule[which] = (uint8_t)granule;
    st->bits[which] = (uint8_t)bits;
    st->start[which] = (uint8_t)start;
    st->ttb[which] = (which ? CD(TTB1) : CD(TTB0)) << 4;
    st->ttb[which] &= ~bits_mask(st->out_bits > 48 && align < 6 ? 6 : align);
}

static void apply_cd(struct smmu_config *c, const uint64_t *cd)
{
    c->s1 = (struct smmu_stage){
        .on = true,
        .big_endian = CD(ENDI),
        .out_bits = (uint8_t)smmu_size_bits(CD(IPS)),
        .tbi = {CD(TBI0), CD(TBI1)},
        .had = {CD(HAD0), CD(HAD1)},
        .two_ranges = c->world != SMMU_WORLD_EL2,
        .af_hardware = CD(HA),
        .dirty_hardware = CD(HA) && CD(HD),
        .af_ignored = CD(AFFD),
        .wxn = CD(WXN),
        .pan = CD(PAN) && c->world != SMMU_WORLD_EL2,
        .stall = CD(S),
        .abort = CD(A),
        .record = CD(R) || CD(S),
        .mair = CD(MAIR),
        .tag = (uint16_t)CD(ASID),
    };
    for (unsigned which = 0; which < 2; which++) apply_table(&c->s1, cd, c->world, which);
}

static bool read_cd(struct smmu *s, struct smmu_config *c, uint32_t ssid)
{
    uint64_t at, cd[SMMU_CD_WORDS];
    if (!find_cd(s, c, ssid, &at) || !read_cd_words(s, c, at, cd, SMMU_CD_WORDS)) return false;
    if (smmu_cd_illegal(c->ste, c->world, cd)) return bad(c, SMMU_C_BAD_CD);
    apply_cd(c, cd);
    return true;
}

/* Which CD a transaction uses (STE.S1CDMax, STE.S1DSS). False: it ends here; c->bad or, when that is 0, stage
 * 1 is passed by. */
static bool choose_cd(struct smmu_config *c, uint32_t *ssid)
{
    unsigned max = (unsigned)STE(S1CDMAX), dss = (unsigned)STE(S1DSS);
    *ssid = 0;
    if (c->substream) {
        if (!max || (uint64_t)c->ssid >> max) return bad(c, SMMU_C_BAD_SUBSTREAMID);
        if (!c->ssid && dss == SMMU_STE_S1DSS_SSID0) return bad(c, SMMU_F_STREAM_DISABLED);
        *ssid = c->ssid;
    } else if (max) {
        if (dss == SMMU_STE_S1DSS_BYPASS) return false;
        if (dss != SMMU_STE_S1DSS_SSID0) return bad(c, SMMU_F_STREAM_DISABLED);
    }
    return true;
}

/* ---- all of it ---- */

/* The unit is off: GBPA alone counts (6.3.14). */
static void read_disabled(struct smmu *s, struct smmu_config *c)
{
    uint64_t gbpa = smmu_register(s, SMMU_REG_GBPA);
    c->disabled = true;
    c->abort = dev_of(gbpa, SMMU_GBPA_ABORT);
    c->bypass = !c->abort;
    incoming(c, smmu_attributes_in(dev_of(gbpa, SMMU_GBPA_MTCFG), (unsigned)dev_of(gbpa, SMMU_GBPA_MEMATTR),
                                   (unsigned)dev_of(gbpa, SMMU_GBPA_ALLOCCFG),
                                   (unsigned)dev_of(gbpa, SMMU_GBPA_SHCFG)));
}

static void read_enabled(struct smmu *s, struct smmu_config *c)
{
    if (!read_ste(s, c)) return;
    unsigned config = (unsigned)STE(CONFIG);
    c->abort = config < SMMU_STE_CONFIG_BYPASS;
    if (c->abort) return;
    incoming(c, smmu_attributes_in(STE(MTCFG), (unsigned)STE(MEMATTR), (unsigned)STE(ALLOCCFG),
                                   (unsigned)STE(SHCFG)));
    c->world = (uint8_t)stream_world(s, c);
    if (config & 2) apply_stage2(c);
    if (config & 1) {
        uint32_t ssid;
        if (choose_cd(c, &ssid) && !read_cd(s, c, ssid)) return;
    } else if (c->substream) {
        bad(c, SMMU_C_BAD_SUBSTREAMID);
    }
    c->bypass = !c->bad.event && !c->s1.on && !c->s2.on;
}

void smmu_config_read(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, struct smmu_config *c)
{
    uint64_t cr0 = smmu_register(s, SMMU_REG_CR0);
    *c = (struct smmu_config){.sid = sid, .ssid = substream ? ssid : 0, .substream = substream};
    c->s1.abort = c->s1.record =
        true; /* of what it does when it is passed by: input beyond the address size */
    if (dev_of(cr0, SMMU_CR0_SMMUEN))
        read_enabled(s, c);
    else
        read_disabled(s, c);
}

/* PRIVCFG and INSTCFG: 2 and 3 replace. */
static unsigned replace(unsigned access, unsigned bit, uint64_t cfg)
{
    return cfg == 2 ? access & ~bit : cfg == 3 ? access | bit : access;
}

unsigned smmu_config_access(const struct smmu_config *c, unsigned access)
{
    access = replace(access, SMMU_PRIVILEGED, STE(PRIVCFG));
    if (access & SMMU_WRITE) return access & ~(unsigned)SMMU_EXEC;
    return replace(access, SMMU_EXEC, STE(INSTCFG));
}
