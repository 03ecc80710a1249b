/* Streams: stream table entries and context descriptors with everything that software usually says in them,
 * and what the scenario says over that (IHI 0070 5.2, 5.4). */
#include "harness/smmu/streams.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name; /* of the granule */
    unsigned bits;    /* of a page */
    unsigned code;    /* TG0, S2TG */
    unsigned second;  /* bits of stage 2's input, so that it begins at the level below */
} granules[] = {{"4K", 12, 0, 48}, {"64K", 16, 1, 48}, {"16K", 14, 2, 46}};

enum { S2SL0 = 2 /* 4K: level 0; 16K and 64K: level 1 */, SIZE_48 = 5, WRITE_BACK = 1, INNER = 3 };

static unsigned granule_of(const struct ynode *n)
{
    const char *name = schema_text(n, "granule", "4K");
    for (unsigned i = 0; i < ARRAY_LEN(granules); i++)
        if (!strcmp(granules[i].name, name)) return i;
    BUG("granule %s was not checked", name);
}

static const struct dev_struct *table(const char *name)
{
    const struct dev_struct *s = dev_struct_find(&smmu_spec, name);
    BUG_ON(!s);
    return s;
}

bool scn_device(struct builder *b, uint32_t sid, const struct ynode *at)
{
    for (unsigned i = 0; i < b->ndevices; i++)
        if (b->devices[i].sid == sid) return true;
    if (b->ndevices == SCN_STREAMS) {
        diag_error(b->diag, at->at, 1, "more than %d devices", SCN_STREAMS);
        return false;
    }
    b->devices[b->ndevices++].sid = sid;
    return true;
}

static struct scn_stream_state *find_stream(struct builder *b, uint32_t sid)
{
    for (unsigned i = 0; i < b->nstreams; i++)
        if (b->streams[i].sid == sid) return &b->streams[i];
    return NULL;
}

/* ---- mappings ---- */

/* "64K", "2M", "0x1000". */
static bool read_size(struct builder *b, const struct ynode *n, uint64_t *size)
{
    static const char units[] = "KMGT";
    size_t len = n->len;
    bool negative;
    const char *unit =
        len && n->text[len - 1] ? strchr(units, toupper((unsigned char)n->text[len - 1])) : NULL;
    bool good = number_parse(n->text, unit ? len - 1 : len, size, &negative) && !negative;
    if (good && unit) *size <<= 10 * (unit - units + 1);
    if (!good) diag_error(b->diag, n->at, n->len, "expected a size: 4K, 2M, 0x1000");
    return good;
}

bool scn_stream_map(struct builder *b, struct scn_stream_state *s, const struct ynode *n, bool away)
{
    uint64_t sid = schema_number(n, "sid", b->nstreams ? b->streams[0].sid : 0);
    struct scn_map map = {
        .iova = schema_number(n, "iova", 0),
        .perms = away ? "" : schema_text(n, "perms", "rw"),
        .set = schema_number(n, "set", 0),
        .clear = schema_number(n, "clear", 0),
        .level = ynode_get(n, "level") ? (int)schema_number(n, "level", 0) : -1,
    };
    map.to = schema_number(n, "to", map.iova);
    if (!s) s = find_stream(b, (uint32_t)sid);
    if (!s) {
        diag_error(b->diag, n->at, 1, "there is no stream %u", (unsigned)sid);
        return false;
    }
    if (strspn(map.perms, "rwxp") != strlen(map.perms) || (!away && !*map.perms)) {
        diag_error(b->diag, n->at, 1, "perms are letters of r, w, x, p");
        return false;
    }
    uint64_t stage = schema_number(n, "stage", s->stage[0].root ? 1 : 2);
    if (!read_size(b, ynode_get(n, "size"), &map.size)) return false;
    const char *wrong =
        stage < 1 || stage > 2 ? "stage is 1 or 2" : scn_map_add(&b->image, &s->stage[stage - 1], &map);
    if (wrong) diag_error(b->diag, n->at, 1, "%s", wrong);
    return !wrong;
}

static bool map_all(struct builder *b, struct scn_stream_state *s, const struct ynode *list)
{
    if (!list) return true;
    if (list->kind == YNODE_MAP) return scn_stream_map(b, s, list, false);
    for (const struct ynode *n = list->child; n; n = n->next)
        if (!scn_stream_map(b, s, n, false)) return false;
    return true;
}

/* Stage 1's tables and descriptors are looked up through stage 2: where they are. */
static bool map_tables(struct builder *b, struct scn_stream_state *s)
{
    const struct scn_map map = {SCN_RAM, SCN_RAM, SCN_TABLES_END - SCN_RAM, "rw", -1, 0, 0};
    return !scn_map_add(&b->image, &s->stage[1], &map);
}

/* ---- entries ---- */

static void make_cd(const struct scn_stage *t, unsigned code, uint64_t *cd)
{
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 64 - t->bits);
    dev_put(cd, SMMU_CD_TG0, code);
    dev_put(cd, SMMU_CD_IR0, WRITE_BACK);
    dev_put(cd, SMMU_CD_OR0, WRITE_BACK);
    dev_put(cd, SMMU_CD_SH0, INNER);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SIZE_48);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_A, 1);
    dev_put(cd, SMMU_CD_ASET, 1);
    dev_put(cd, SMMU_CD_TTB0, t->root >> 4);
    dev_put(cd, SMMU_CD_MAIR, 0xff);
}

static void make_stage2(const struct scn_stage *t, unsigned code, uint64_t *ste)
{
    dev_put(ste, SMMU_STE_S2AA64, 1);
    dev_put(ste, SMMU_STE_S2T0SZ, 64 - t->bits);
    dev_put(ste, SMMU_STE_S2SL0, S2SL0);
    dev_put(ste, SMMU_STE_S2TG, code);
    dev_put(ste, SMMU_STE_S2PS, SIZE_48);
    dev_put(ste, SMMU_STE_S2IR0, WRITE_BACK);
    dev_put(ste, SMMU_STE_S2OR0, WRITE_BACK);
    dev_put(ste, SMMU_STE_S2SH0, INNER);
    dev_put(ste, SMMU_STE_S2R, 1);
    dev_put(ste, SMMU_STE_S2TTB, t->root >> 4);
}

static const struct {
    const char *name; /* as written */
    unsigned config;  /* STE.Config */
    bool s1, s2;      /* stages that translate */
} configs[] = {{"abort", 0, false, false},
               {"bypass", 4, false, false},
               {"s1", 5, true, false},
               {"s2", 6, false, true},
               {"nested", 7, true, true}};

static struct scn_stream_state *add_stream(struct builder *b, const struct ynode *n)
{
    uint32_t sid = (uint32_t)schema_number(n, "sid", 0);
    struct scn_stream_state *s = find_stream(b, sid);
    if (s) return s;
    if (b->nstreams == SCN_STREAMS) {
        diag_error(b->diag, n->at, 1, "more than %d streams", SCN_STREAMS);
        return NULL;
    }
    s = &b->streams[b->nstreams++];
    s->sid = sid;
    return s;
}

/* Words into the image. */
static void put_words(struct builder *b, uint64_t at, const uint64_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) *image_word(&b->image, at + i * 8ul) = words[i];
}

static void add_entry(struct builder *b, bool cd, const uint64_t words[8])
{
    struct scn_entry e = {.cd = cd};
    memcpy(e.words, words, sizeof(e.words));
    buf_add(&b->entries, &e, sizeof(e));
}

bool scn_stream(struct builder *b, const struct ynode *n)
{
    uint64_t ste[8] = {0}, cd[8] = {0};
    unsigned g = granule_of(n), which = 0;
    struct scn_stream_state *s = add_stream(b, n);
    if (!s || !scn_device(b, s->sid, n)) return false;
    for (unsigned i = 0; i < b->ndevices; i++)
        if (b->devices[i].sid == s->sid) b->devices[i].ats |= !strcmp(schema_text(n, "ats", "false"), "true");
    while (strcmp(configs[which].name, schema_text(n, "config", "s1"))) which++;
    unsigned first = (unsigned)schema_number(n, "bits", 48), second = granules[g].second;
    if (configs[which].s2 && !configs[which].s1) second = (unsigned)schema_number(n, "bits", second);
    bool room = true;
    if (configs[which].s1) {
        room &= scn_stage_make(&b->image, granules[g].bits, first, false, &s->stage[0]);
        s->cd_at = image_alloc(&b->image, 64, 64);
        make_cd(&s->stage[0], granules[g].code, cd);
    }
    if (configs[which].s2) {
        room &= scn_stage_make(&b->image, granules[g].bits, second, true, &s->stage[1]);
        make_stage2(&s->stage[1], granules[g].code, ste);
    }
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, configs[which].config);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, s->cd_at >> 6);
    dev_put(ste, SMMU_STE_SHCFG, 1); /* as it comes in */
    if (!room || (configs[which].s1 && configs[which].s2 && !map_tables(b, s))) {
        diag_error(b->diag, n->at, 1, "there is no room for more tables");
        return false;
    }
    if (!scn_fields(table("STE"), ynode_get(n, "ste"), NULL, b->diag, ste, NULL) ||
        !scn_fields(table("CD"), ynode_get(n, "cd"), NULL, b->diag, cd, NULL))
        return false;
    add_entry(b, false, ste);
    if (s->cd_at) add_entry(b, true, cd);
    if (s->cd_at) put_words(b, s->cd_at, cd, 8);
    put_words(b, SCN_STRTAB + s->sid * 64ull, ste, 8);
    return map_all(b, s, ynode_get(n, "map"));
}
