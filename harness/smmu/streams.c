/* Streams: stream table entries and context descriptors with everything that software usually says in them,
 * and what the scenario says over that (IHI 0070 5.2, 5.4). */
#include "harness/smmu/streams.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name; /* of the granule */
    unsigned bits;    /* of a page */
    unsigned code;    /* TG0, S2TG */
    unsigned code1;   /* TG1 */
    unsigned second;  /* bits of stage 2's input, so that it begins at the level below */
} granules[] = {{"4K", 12, 0, 2, 48}, {"64K", 16, 1, 3, 48}, {"16K", 14, 2, 1, 46}};

enum { SIZE_48 = 5, WRITE_BACK = 1, INNER = 3 };

static unsigned granule_of(const struct ynode *n, const char *key, unsigned usual)
{
    const char *name = schema_text(n, key, granules[usual].name);
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

static struct scn_stream_state *find_stream(struct builder *b, uint32_t sid, uint32_t ssid)
{
    for (unsigned i = 0; i < b->nstreams; i++)
        if (b->streams[i].sid == sid && b->streams[i].ssid == ssid) return &b->streams[i];
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

/* The tables that a map is about. NULL: reported. */
static struct scn_stage *stage_of(struct builder *b, struct scn_stream_state *s, const struct ynode *n)
{
    uint64_t sid = schema_number(n, "sid", b->nstreams ? b->streams[0].sid : 0);
    if (!s) s = find_stream(b, (uint32_t)sid, (uint32_t)schema_number(n, "ssid", 0));
    if (!s) {
        diag_error(b->diag, n->at, 1, "there is no stream %u with such tables", (unsigned)sid);
        return NULL;
    }
    uint64_t stage = schema_number(n, "stage", s->stages[SCN_LOW].root || s->stages[SCN_HIGH].root ? 1 : 2);
    if (stage < 1 || stage > 2) {
        diag_error(b->diag, n->at, 1, "stage is 1 or 2");
        return NULL;
    }
    bool high = schema_number(n, "iova", 0) >> 55 & 1;
    return &s->stages[stage == 2 ? SCN_STAGE2 : high ? SCN_HIGH : SCN_LOW];
}

static int level_of(const struct ynode *n)
{
    return ynode_get(n, "level") ? (int)schema_number(n, "level", 0) : -1;
}

bool scn_stream_map(struct builder *b, struct scn_stream_state *s, const struct ynode *n, bool away)
{
    struct scn_map map = {
        .iova = schema_number(n, "iova", 0),
        .perms = away ? "" : schema_text(n, "perms", "rw"),
        .set = schema_number(n, "set", 0),
        .clear = schema_number(n, "clear", 0),
        .level = level_of(n),
        .table = schema_number(n, "table", 0),
        .raw = schema_number(n, "raw", 0),
        .has_raw = ynode_get(n, "raw"),
    };
    const struct scn_stage *stage = stage_of(b, s, n);
    const struct ynode *size = ynode_get(n, "size");
    map.to = schema_number(n, "to", map.iova);
    if (!stage || (size && !read_size(b, size, &map.size))) return false;
    if (strspn(map.perms, "rwxp-") != strlen(map.perms) || (!away && !*map.perms)) {
        diag_error(b->diag, n->at, 1, "perms are letters of r, w, x, p, or -");
        return false;
    }
    const char *wrong = scn_map_add(&b->image, stage, &map);
    if (wrong) diag_error(b->diag, n->at, 1, "%s", wrong);
    return !wrong;
}

bool scn_stream_descriptor(struct builder *b, const struct ynode *n)
{
    const struct scn_stage *stage = stage_of(b, NULL, n);
    if (!stage) return false;
    uint64_t iova = schema_number(n, "iova", 0), set = schema_number(n, "set", 0),
             clear = schema_number(n, "clear", 0);
    uint64_t at = stage->root ? scn_descriptor_at(&b->image, stage, iova, level_of(n)) : 0;
    if (!at) {
        diag_error(b->diag, n->at, 1, "there are no such tables");
        return false;
    }
    if (stage->big) {
        set = __builtin_bswap64(set);
        clear = __builtin_bswap64(clear);
    }
    uint64_t *word = arena_alloc(b->arena, sizeof(*word));
    *word = (*image_word(&b->image, at) | set) & ~clear;
    struct scn_step *s = steps_add(&b->steps, SCN_CHECK);
    s->at = at;
    s->size = sizeof(*word);
    s->data = (const uint8_t *)word;
    s->expects = true;
    return true;
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
    const struct scn_map map = {
        .iova = SCN_RAM, .to = SCN_RAM, .size = SCN_TABLES_END - SCN_RAM, .perms = "rw", .level = -1};
    return !scn_map_add(&b->image, &s->stages[SCN_STAGE2], &map);
}

/* ---- entries ---- */

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

static bool no_room(struct builder *b, const struct ynode *n)
{
    diag_error(b->diag, n->at, 1, "there is no room for more tables, or there are no such tables");
    return false;
}

/* Tables of stage 1 for an item of streams, substreams or high addresses, and what the CD says of them. */
static bool make_low(struct builder *b, const struct ynode *n, struct scn_stage *t, uint64_t *cd)
{
    unsigned g = granule_of(n, "granule", 0);
    bool room =
        scn_stage_make(&b->image, granules[g].bits, (unsigned)schema_number(n, "bits", 48), -1, false, t);
    dev_put(cd, SMMU_CD_T0SZ, 64 - t->bits);
    dev_put(cd, SMMU_CD_TG0, granules[g].code);
    dev_put(cd, SMMU_CD_TTB0, t->root >> 4);
    return room;
}

static bool make_high(struct builder *b, const struct ynode *n, struct scn_stage *t, uint64_t *cd)
{
    unsigned g = granule_of(n, "granule", 0);
    bool room =
        scn_stage_make(&b->image, granules[g].bits, (unsigned)schema_number(n, "bits", 48), -1, false, t);
    dev_put(cd, SMMU_CD_EPD1, 0);
    dev_put(cd, SMMU_CD_T1SZ, 64 - t->bits);
    dev_put(cd, SMMU_CD_TG1, granules[g].code1);
    dev_put(cd, SMMU_CD_IR1, WRITE_BACK);
    dev_put(cd, SMMU_CD_OR1, WRITE_BACK);
    dev_put(cd, SMMU_CD_SH1, INNER);
    dev_put(cd, SMMU_CD_TTB1, t->root >> 4);
    return room;
}

/* A context descriptor with its tables. False: reported. */
static bool make_cd(struct builder *b, const struct ynode *n, struct scn_stream_state *s)
{
    uint64_t cd[8] = {0};
    const struct ynode *high = ynode_get(n, "high");
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_IR0, WRITE_BACK);
    dev_put(cd, SMMU_CD_OR0, WRITE_BACK);
    dev_put(cd, SMMU_CD_SH0, INNER);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SIZE_48);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_A, 1);
    dev_put(cd, SMMU_CD_ASET, 1);
    dev_put(cd, SMMU_CD_MAIR, 0xff);
    bool room =
        make_low(b, n, &s->stages[SCN_LOW], cd) && (!high || make_high(b, high, &s->stages[SCN_HIGH], cd));
    if (!room) return no_room(b, n);
    if (!scn_fields(table("CD"), ynode_get(n, "cd"), NULL, b->diag, cd, NULL)) return false;
    s->stages[SCN_LOW].big = s->stages[SCN_HIGH].big = dev_get(cd, SMMU_CD_ENDI);
    add_entry(b, true, cd);
    put_words(b, s->cd_at, cd, ARRAY_LEN(cd));
    return true;
}

/* Stage 2's tables, and what the STE says of them. Its start level is told apart by granule (5.2, S2SL0). */
static bool make_stage2(struct builder *b, const struct ynode *n, bool nested, struct scn_stage *t,
                        uint64_t *ste)
{
    unsigned g = granule_of(n, nested ? "granule2" : "granule", granule_of(n, "granule", 0));
    unsigned bits = (unsigned)schema_number(n, nested ? "bits2" : "bits", granules[g].second);
    int start = ynode_get(n, "start2") ? (int)schema_number(n, "start2", 0) : -1;
    uint64_t fields[8] = {0};
    if (!scn_fields(table("STE"), ynode_get(n, "ste"), NULL, b->diag, fields, NULL)) return false;
    bool room = scn_stage_make(&b->image, granules[g].bits, bits, start, true, t);
    t->big = dev_get(fields, SMMU_STE_S2ENDI);
    dev_put(ste, SMMU_STE_S2AA64, 1);
    dev_put(ste, SMMU_STE_S2T0SZ, 64 - t->bits);
    dev_put(ste, SMMU_STE_S2SL0, t->granule != 12 ? 3 - t->start : t->start == 3 ? 3 : 2 - t->start);
    dev_put(ste, SMMU_STE_S2TG, granules[g].code);
    dev_put(ste, SMMU_STE_S2PS, SIZE_48);
    dev_put(ste, SMMU_STE_S2IR0, WRITE_BACK);
    dev_put(ste, SMMU_STE_S2OR0, WRITE_BACK);
    dev_put(ste, SMMU_STE_S2SH0, INNER);
    dev_put(ste, SMMU_STE_S2R, 1);
    dev_put(ste, SMMU_STE_S2TTB, t->root >> 4);
    return room || no_room(b, n);
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

/* A stream or substream, with no tables yet. NULL: reported. */
static struct scn_stream_state *add_stream(struct builder *b, const struct ynode *n, uint32_t sid,
                                           uint32_t ssid)
{
    struct scn_stream_state *s = find_stream(b, sid, ssid);
    if (!s && b->nstreams == SCN_CONTEXTS) {
        diag_error(b->diag, n->at, 1, "more than %d streams and substreams", SCN_CONTEXTS);
        return NULL;
    }
    if (!s) s = &b->streams[b->nstreams++];
    *s = (struct scn_stream_state){.sid = sid, .ssid = ssid};
    return s;
}

/* How many bits the numbers of substreams have. */
static unsigned substream_bits(const struct ynode *list)
{
    unsigned bits = 0;
    for (const struct ynode *n = list ? list->child : NULL; n; n = n->next)
        while (schema_number(n, "ssid", 0) >> bits) bits++;
    return bits;
}

/* The table of context descriptors, and those in it but for the stream's own. */
static bool make_substreams(struct builder *b, const struct ynode *list, const struct scn_stream_state *own,
                            uint64_t *ste)
{
    dev_put(ste, SMMU_STE_S1CDMAX, substream_bits(list));
    if (substream_bits(list)) dev_put(ste, SMMU_STE_S1DSS, 2);
    for (const struct ynode *n = list ? list->child : NULL; n; n = n->next) {
        uint32_t ssid = (uint32_t)schema_number(n, "ssid", 0);
        struct scn_stream_state *s = add_stream(b, n, own->sid, ssid);
        if (!s) return false;
        s->cd_at = own->cd_at + ssid * 64ull;
        s->stages[SCN_STAGE2] = own->stages[SCN_STAGE2];
        if (!make_cd(b, n, s) || !map_all(b, s, ynode_get(n, "map"))) return false;
    }
    return true;
}

/* Where an entry is put: as the scenario says, or at `usual`. */
static bool entry_place(struct builder *b, const struct ynode *n, const char *key, uint64_t usual,
                        uint64_t *at)
{
    const struct ynode *given = ynode_get(n, key);
    *at = schema_number(n, key, usual);
    if (!given || (*at >= SCN_RAM && *at - SCN_RAM <= SCN_RAM_SIZE - 64 && !(*at % 8))) return true;
    diag_error(b->diag, given->at, given->len, "there is no such memory");
    return false;
}

/* The stages that an entry of this configuration says something about. */
static bool make_stages(struct builder *b, const struct ynode *n, unsigned which, struct scn_stream_state *s,
                        uint64_t *ste)
{
    const struct ynode *substreams = ynode_get(n, "substreams");
    bool s1 = configs[which].s1, s2 = configs[which].s2;
    if (s2 && !make_stage2(b, n, s1, &s->stages[SCN_STAGE2], ste)) return false;
    if (s1 && s2 && !map_tables(b, s)) return no_room(b, n);
    if (!s1) return true;
    uint64_t size = 64ull << substream_bits(substreams);
    if (!entry_place(b, n, "cd_at", 0, &s->cd_at)) return false;
    if (!s->cd_at) s->cd_at = image_alloc(&b->image, size, size);
    if (!s->cd_at) return no_room(b, n);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, s->cd_at >> 6);
    return make_cd(b, n, s) && make_substreams(b, substreams, s, ste);
}

bool scn_stream(struct builder *b, const struct ynode *n)
{
    uint64_t ste_at, ste[8] = {0};
    unsigned which = 0;
    struct scn_stream_state *s = add_stream(b, n, (uint32_t)schema_number(n, "sid", 0), 0);
    if (!s || !scn_device(b, s->sid, n)) return false;
    for (unsigned i = 0; i < b->ndevices; i++)
        if (b->devices[i].sid == s->sid) b->devices[i].ats |= !strcmp(schema_text(n, "ats", "false"), "true");
    if (s->sid >> SCN_STRTAB_LOG2 && !ynode_get(n, "ste_at")) {
        diag_error(b->diag, n->at, 1, "stream %u is beyond the table: it wants 'ste_at'", (unsigned)s->sid);
        return false;
    }
    if (!entry_place(b, n, "ste_at", SCN_STRTAB + s->sid * 64ull, &ste_at)) return false;
    while (strcmp(configs[which].name, schema_text(n, "config", "s1"))) which++;
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, configs[which].config);
    dev_put(ste, SMMU_STE_SHCFG, 1); /* as it comes in */
    if (!make_stages(b, n, which, s, ste)) return false;
    if (!scn_fields(table("STE"), ynode_get(n, "ste"), NULL, b->diag, ste, NULL)) return false;
    add_entry(b, false, ste);
    put_words(b, ste_at, ste, ARRAY_LEN(ste));
    return map_all(b, s, ynode_get(n, "map"));
}
