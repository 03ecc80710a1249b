/* What a scenario needs of a unit, as rows: fields of what it puts into memory, commands and registers, with
 * the field of an ID register that says whether there is such a thing (IHI 0070 6.3.1 to 6.3.6).
 */
#include "harness/smmu/backends.h"

#include <string.h>

/* A field of an ID register, and what it holds where the thing is lacking. */
struct feature {
    unsigned idr, lo, width; /* IDRn, its bits */
    uint32_t lacking;        /* likewise */
    const char *why;         /* a sentence */
};

enum feature_name {
    S2P,
    HTTU,
    HYP,
    ATS,
    ASID16,
    MSI,
    SEV,
    PRI,
    STALLS,
    RAZ_WI,
    BIG_ENDIAN,
    SSIDS,
    RIL,
    STT,
    VA52,
    PERMS_OVR
};

static const struct feature features[] = {
    [S2P] = {0, 0, 1, 0, "it has no stage 2 (IDR0.S2P)"},
    [HTTU] = {0, 6, 2, 0, "it does not update tables (IDR0.HTTU)"},
    [HYP] = {0, 9, 1, 0, "it has no EL2 streams (IDR0.HYP)"},
    [ATS] = {0, 10, 1, 0, "it has no ATS (IDR0.ATS)"},
    [ASID16] = {0, 12, 1, 0, "it has ASIDs of 8 bits (IDR0.ASID16)"},
    [MSI] = {0, 13, 1, 0, "it sends no MSIs (IDR0.MSI)"},
    [SEV] = {0, 14, 1, 0, "it sends no events (IDR0.SEV)"},
    [PRI] = {0, 16, 1, 0, "it has no page requests (IDR0.PRI)"},
    [STALLS] = {0, 24, 2, 1, "it does not stall (IDR0.STALL_MODEL)"},
    [RAZ_WI] = {0, 26, 1, 1, "what it terminates, it aborts (IDR0.TERM_MODEL)"},
    [BIG_ENDIAN] = {0, 21, 2, 2, "its tables are little-endian (IDR0.TTENDIAN)"},
    [SSIDS] = {1, 6, 5, 0, "it has no substreams (IDR1.SSIDSIZE)"},
    [RIL] = {3, 10, 1, 0, "it has no range invalidation (IDR3.RIL)"},
    [STT] = {3, 9, 1, 0, "it has no small tables (IDR3.STT)"},
    [PERMS_OVR] = {1, 26, 1, 0, "it replaces no permissions (IDR1.ATTR_PERMS_OVR)"},
    [VA52] = {5, 10, 2, 0, "its addresses have 48 bits (IDR5.VAX)"},
};

static const char *lacks(enum feature_name n, const uint32_t idr[6])
{
    const struct feature *f = &features[n];
    return bits_get(idr[f->idr], f->lo + f->width - 1, f->lo) == f->lacking ? f->why : NULL;
}

/* A field of a table entry that wants a feature when its value lies in least … most. */
static const struct {
    bool cd;                /* of the CD; else of the STE */
    uint32_t field;         /* which */
    uint64_t least, most;   /* likewise */
    enum feature_name what; /* it wants */
} fields[] = {
    {false, SMMU_STE_CONFIG, 6, 7, S2P},
    {false, SMMU_STE_S1CDMAX, 1, 31, SSIDS},
    {false, SMMU_STE_EATS, 1, 3, ATS},
    {false, SMMU_STE_STRW, 1, 3, HYP},
    {false, SMMU_STE_PRIVCFG, 2, 3, PERMS_OVR},
    {false, SMMU_STE_INSTCFG, 2, 3, PERMS_OVR},
    {true, SMMU_CD_T1SZ, 40, 63, STT},
    {false, SMMU_STE_S1STALLD, 1, 1, STALLS},
    {true, SMMU_CD_HA, 1, 1, HTTU},
    {true, SMMU_CD_HD, 1, 1, HTTU},
    {true, SMMU_CD_S, 1, 1, STALLS},
    {true, SMMU_CD_A, 0, 0, RAZ_WI},
    {true, SMMU_CD_ENDI, 1, 1, BIG_ENDIAN},
    {true, SMMU_CD_T0SZ, 40, 63, STT},
    {true, SMMU_CD_T0SZ, 12, 15, VA52},
};

static const struct {
    uint8_t first, last;    /* opcodes */
    enum feature_name what; /* they want */
} commands[] = {
    {SMMU_CMD_TLBI_EL2_ALL, SMMU_CMD_TLBI_EL2_VAA, HYP}, {SMMU_CMD_TLBI_S12_VMALL, SMMU_CMD_TLBI_S2_IPA, S2P},
    {SMMU_CMD_ATC_INV, SMMU_CMD_ATC_INV, ATS},           {SMMU_CMD_PRI_RESP, SMMU_CMD_PRI_RESP, PRI},
    {SMMU_CMD_RESUME, SMMU_CMD_STALL_TERM, STALLS},
};

static const char *of_entry(const struct scn_entry *e, const uint32_t idr[6])
{
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        uint64_t v = fields[i].cd == e->cd ? dev_get(e->words, fields[i].field) : 0;
        if (fields[i].cd != e->cd || v < fields[i].least || v > fields[i].most) continue;
        const char *why = lacks(fields[i].what, idr);
        if (why) return why;
    }
    return NULL;
}

static const char *of_command(const uint64_t c[2], const uint32_t idr[6])
{
    unsigned opcode = c[0] & 0xff;
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        if (opcode >= commands[i].first && opcode <= commands[i].last) return lacks(commands[i].what, idr);
    if (opcode != SMMU_CMD_SYNC) return NULL;
    uint64_t cs = dev_get(c, SMMU_CMD_SYNC_CS);
    if (cs == SMMU_CMD_SYNC_CS_IRQ) return lacks(MSI, idr);
    return cs == SMMU_CMD_SYNC_CS_SEV ? lacks(SEV, idr) : NULL;
}

static const char *of_register(const char *name, const uint32_t idr[6])
{
    if (!strncmp(name, "IDR", 3) || !strcmp(name, "AIDR") || !strcmp(name, "IIDR"))
        return "it has other things to say of itself in ID registers";
    if (strstr(name, "IRQ_CFG")) return lacks(MSI, idr);
    return strncmp(name, "PRIQ", 4) ? NULL : lacks(PRI, idr);
}

const char *scn_needs(const struct scenario *s, const uint32_t idr[6])
{
    const char *why = NULL;
    for (unsigned i = 0; i < s->nentries && !why; i++) why = of_entry(&s->entries[i], idr);
    for (unsigned i = 0; i < s->nsteps && !why; i++) {
        const struct scn_step *step = &s->steps[i];
        if (step->kind == SCN_ASK || (step->kind == SCN_ACCESS && step->access & SMMU_TRANSLATED))
            why = lacks(ATS, idr);
        if (step->kind == SCN_PAGE || step->kind == SCN_PAGES) why = lacks(PRI, idr);
        if (step->kind == SCN_COMMAND) why = of_command(step->command, idr);
        if (step->kind == SCN_ACCESS && step->at >> 48) why = "its devices' addresses have 48 bits";
        if ((step->kind == SCN_READ || step->kind == SCN_WRITE) && !step->made) {
            const struct dev_register *r = dev_register_at(&smmu_spec, step->offset);
            if (r) why = of_register(r->name, idr);
        }
    }
    return why;
}
