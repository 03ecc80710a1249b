/* What makes a stream table entry or a context descriptor ILLEGAL (IHI 0070 5.2.2, 5.4.2), one row a rule.
 * Rules that need a feature's absence are not here where the feature is there: S1P, S2P, Hyp, HTTU, ASID16,
 * VMID16, CD2L, both endiannesses, stalls and terminations of both kinds (IDR0). Nor is the range of pointers
 * that have no bit above the address size (S1ContextPtr).
 */
#include "devices/smmu/config.h"

unsigned smmu_granule0(uint64_t tg)
{
    static const uint8_t bits[4] = {12, 16, 14, 0};
    return bits[tg & 3];
}

unsigned smmu_granule1(uint64_t tg)
{
    static const uint8_t bits[4] = {0, 14, 12, 16};
    return bits[tg & 3];
}

unsigned smmu_size_bits(uint64_t ps)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    return bits[ps & 7];
}

int smmu_stage2_start(const uint64_t *ste)
{
    unsigned sl0 = (unsigned)dev_get(ste, SMMU_STE_S2SL0);
    if (smmu_granule0(dev_get(ste, SMMU_STE_S2TG)) == 12) return sl0 == 3 ? 3 : 2 - (int)sl0;
    return sl0 == 3 ? -1 : 3 - (int)sl0;
}

bool smmu_stage1_off(const uint64_t *cd, enum smmu_world world, unsigned which)
{
    if (world == SMMU_WORLD_EL2) return which == 1; /* TTB0 alone; EPD is ignored */
    return dev_get(cd, which ? SMMU_CD_EPD1 : SMMU_CD_EPD0);
}

/* TxSZ between what 48 or, with 64K, 52 bits of addresses take and what small tables allow (IDR3.STT). */
static bool size_bad(uint64_t txsz, unsigned granule)
{
    return txsz < (granule == 16 ? 12 : 16) || txsz > (granule == 16 ? 47 : 48);
}

/* A table beyond the output size, or beyond what descriptors of small pages can say. */
static bool table_bad(uint64_t ttb, uint64_t ps, unsigned granule)
{
    unsigned bits = smmu_size_bits(ps);
    if (granule != 16 && bits > 48) bits = 48;
    return ttb << 4 & ~bits_mask(bits);
}

/* ---- STE ---- */

#define STE(field) dev_get(ste, SMMU_STE_##field)

static bool stage1(const uint64_t *ste)
{
    return STE(CONFIG) & 1;
}

static bool stage2(const uint64_t *ste)
{
    return STE(CONFIG) & 2;
}

static bool split_ats(const uint64_t *ste)
{
    return STE(EATS) == SMMU_STE_EATS_SPLIT && STE(CONFIG) != SMMU_STE_CONFIG_BYPASS &&
           (STE(CONFIG) != SMMU_STE_CONFIG_S1_S2 || STE(S2S));
}

static bool full_ats(const uint64_t *ste)
{
    return STE(EATS) == SMMU_STE_EATS_FULL && stage2(ste) && STE(S2S);
}

static bool world(const uint64_t *ste)
{
    return STE(CONFIG) == SMMU_STE_CONFIG_S1 && STE(STRW) & 1;
}

static bool substreams(const uint64_t *ste)
{
    return stage1(ste) && STE(S1CDMAX) > 20; /* IDR1.SSIDSIZE */
}

static bool aarch32(const uint64_t *ste)
{
    return stage2(ste) && !STE(S2AA64);
}

static bool s2_granule(const uint64_t *ste)
{
    return stage2(ste) && !smmu_granule0(STE(S2TG));
}

static bool s2_table(const uint64_t *ste)
{
    return stage2(ste) && table_bad(STE(S2TTB), STE(S2PS), smmu_granule0(STE(S2TG)));
}

static bool s2_size(const uint64_t *ste)
{
    return stage2(ste) && size_bad(STE(S2T0SZ), smmu_granule0(STE(S2TG)));
}

/* The first level must resolve at least one bit, and with 16 tables side by side no more than four beyond its
 * own (the Arm ARM, D8.2.5). */
static bool s2_levels(const uint64_t *ste)
{
    if (!stage2(ste)) return false;
    int start = smmu_stage2_start(ste), granule = (int)smmu_granule0(STE(S2TG));
    if (start < 0) return true;
    int bits = 64 - (int)STE(S2T0SZ) - (int)smmu_level_shift((unsigned)granule, (unsigned)start);
    return bits < 1 || bits > granule - 3 + 4;
}

static const struct {
    bool (*broken)(const uint64_t *ste); /* by this STE, whose V is 1 and Config 1xx */
    const char *rule;                    /* what it says */
} ste_rules[] = {
    {split_ats, "EATS split-stage needs both stages and no stage 2 stall"},
    {full_ats, "EATS full needs no stage 2 stall"},
    {world, "STRW is reserved"},
    {substreams, "S1CDMax exceeds SSIDSIZE"},
    {aarch32, "S2AA64 selects AArch32 tables"},
    {s2_granule, "S2TG is reserved"},
    {s2_table, "S2TTB exceeds S2PS"},
    {s2_size, "S2T0SZ is out of range"},
    {s2_levels, "S2SL0 does not fit S2T0SZ and S2TG"},
};

const char *smmu_ste_illegal(const uint64_t *ste)
{
    if (!STE(V)) return "V is 0";
    if (STE(CONFIG) < SMMU_STE_CONFIG_BYPASS) return NULL;
    for (unsigned i = 0; i < ARRAY_LEN(ste_rules); i++)
        if (ste_rules[i].broken(ste)) return ste_rules[i].rule;
    return NULL;
}

/* ---- CD ---- */

#define CD(field) dev_get(cd, SMMU_CD_##field)

static bool invalid(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return !CD(V);
}

static bool stall(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return STE(S1STALLD) && CD(S);
}

static bool s1_aarch32(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return !CD(AA64);
}

static bool s1_granule(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return (!smmu_stage1_off(cd, w, 0) && !smmu_granule0(CD(TG0))) ||
           (!smmu_stage1_off(cd, w, 1) && !smmu_granule1(CD(TG1)));
}

static bool s1_size(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return (!smmu_stage1_off(cd, w, 0) && size_bad(CD(T0SZ), smmu_granule0(CD(TG0)))) ||
           (!smmu_stage1_off(cd, w, 1) && size_bad(CD(T1SZ), smmu_granule1(CD(TG1))));
}

static bool s1_table(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    return (!smmu_stage1_off(cd, w, 0) && table_bad(CD(TTB0), CD(IPS), smmu_granule0(CD(TG0)))) ||
           (!smmu_stage1_off(cd, w, 1) && table_bad(CD(TTB1), CD(IPS), smmu_granule1(CD(TG1))));
}

static const struct {
    bool (*broken)(const uint64_t *ste, enum smmu_world w, const uint64_t *cd);
    const char *rule; /* what it says */
} cd_rules[] = {
    {invalid, "V is 0"},
    {stall, "S needs STE.S1STALLD to be 0"},
    {s1_aarch32, "AA64 selects AArch32 tables"},
    {s1_granule, "TG0 or TG1 is reserved"},
    {s1_size, "T0SZ or T1SZ is out of range"},
    {s1_table, "TTB0 or TTB1 exceeds IPS"},
};

const char *smmu_cd_illegal(const uint64_t *ste, enum smmu_world w, const uint64_t *cd)
{
    for (unsigned i = 0; i < ARRAY_LEN(cd_rules); i++)
        if (cd_rules[i].broken(ste, w, cd)) return cd_rules[i].rule;
    return NULL;
}
