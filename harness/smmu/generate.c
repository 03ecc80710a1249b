/* Random scenarios: streams with their tables, accesses, changes with the commands that they want, looks at
 * events and memory. They are written in the words that people use (schema.c) and built like theirs, so
 * that what `lockstep repro` shows can be put into a corpus file. Nothing is expected: who runs them must
 * agree.
 */
#include "harness/smmu/generate.h"

#include <inttypes.h>
#include <string.h>

enum {
    GEN_COUNT_OF_SCENARIOS = 1000,
    FIRST_SID = 8, /* where QEMU has devices */
    DATA = SCN_TABLES_END,
    IPAS = 0x80000000u,      /* where stage 1 leads to when stage 2 follows */
    L1_STREAMS = 0x40140000, /* two-level stream table */
    L1_CDS = 0x40150000,     /* and CD table */
    CDS = 0x40160000         /* its leaf */
};

static const struct {
    const char *name;           /* as streams say it */
    unsigned page, block, most; /* log2 of a page, a block at level 2; bits of input addresses */
} granules[] = {{"4K", 12, 21, 48}, {"16K", 14, 25, 48}, {"64K", 16, 29, 52}};

#define say(g, ...) buf_printf((g)->out, __VA_ARGS__)

/* ---- mappings ---- */

/* Where pages and blocks lead: memory nobody's tables are in; now and then nothing. */
static uint64_t target(struct generator_state *g, unsigned stage, bool nested, unsigned shift)
{
    if (nested && stage == 1) return IPAS + (pick(g, 8) << 16 >> shift << shift);
    if (!pick(g, 16)) return (1ull << (34 + pick(g, 14))) >> shift << shift;
    if (shift > 21) return SCN_RAM;
    return DATA + (pick(g, (SCN_RAM_SIZE - (DATA - SCN_RAM)) >> shift) << shift);
}

/* Tables above, or a descriptor that may be anything. */
static void special(struct generator_state *g, const struct generate_map *m, unsigned page, unsigned bits)
{
    unsigned start = 3;
    while (start && page + (3 - start) * (page - 3) + page - 3 < bits) start--;
    unsigned level = start + (unsigned)pick(g, 4 - start);
    if (g->plain || pick(g, 4)) return;
    uint64_t raw = (rng_next(&g->rng) & (0xfffull << 52 | 0xfff)) | target(g, 2, false, 12);
    if (m->stage == 2) raw |= 1ull << 2; /* of memory types without an inner one, some are reserved */
    if (level < 3) raw &= ~2ull; /* a table where there is none would be followed when software maps more */
    if (level < 3 && pick(g, 4))
        say(g, ", {iova: 0x%" PRIx64 ", stage: %u, level: %u, table: 0x%" PRIx64 "}", m->iova, m->stage,
            level, (1 + pick(g, 31)) << 59);
    else if (!pick(g, 2))
        say(g, ", {iova: 0x%" PRIx64 ", stage: %u, level: %u, raw: 0x%" PRIx64 "}", m->iova, m->stage, level,
            pick(g, 4) ? raw | 1 : raw);
}

/* A place in `bits` bits of addresses, near what there is already. */
static uint64_t place(struct generator_state *g, const struct generate_context *c, unsigned stage,
                      bool nested, unsigned bits, unsigned shift, uint64_t high)
{
    if (nested && stage == 2) return IPAS + (pick(g, 8) << 16);
    uint64_t at = rng_next(&g->rng);
    if (c->nmaps && c->maps[c->nmaps - 1].stage == stage && pick(g, 4))
        at = c->maps[c->nmaps - 1].iova ^ pick(g, 4) << shift;
    return (at & bits_mask(bits) & ~bits_mask(shift)) | high;
}

static void one_map(struct generator_state *g, struct generate_context *c, unsigned stage, bool nested,
                    unsigned granule, unsigned bits, uint64_t high)
{
    bool block = !nested && !pick(g, 4) && bits > granules[granule].block + 1;
    unsigned shift = block ? granules[granule].block : granules[granule].page;
    if (c->nmaps == GENERATE_MAPS) return;
    struct generate_map m = {place(g, c, stage, nested, bits, shift, high), 1ull << shift, stage};
    if (nested) m.size = 0x10000;
    if (nested && stage == 1) m.iova &= ~0xffffull;
    say(g, "%s{iova: 0x%" PRIx64 ", to: 0x%" PRIx64 ", size: 0x%" PRIx64 ", stage: %u", c->nmaps ? ", " : "",
        m.iova, target(g, stage, nested, nested ? 16 : shift), m.size, stage);
    generate_leaf(g, stage);
    say(g, "}");
    special(g, &m, granules[granule].page, bits);
    c->maps[c->nmaps++] = m;
}

/* ---- streams ---- */

static unsigned input_bits(struct generator_state *g, unsigned granule)
{
    static const unsigned usual[] = {32, 39, 42, 48};
    if (pick(g, 2)) return usual[pick(g, ARRAY_LEN(usual))];
    return 32 + (unsigned)pick(g, (g->plain ? 48 : granules[granule].most) - 32 + 1);
}

/* "granule: …, bits: …, high: …, cd: …, map: […]": a context's tables of stage 1, and those of stage 2. */
static void tables(struct generator_state *g, struct generate_context *c, bool s1, bool s2)
{
    unsigned granule = (unsigned)pick(g, 3), second = granule, bits = s1 ? input_bits(g, granule) : 40;
    unsigned bits2 = s1 ? 40 : bits, high = s1 && !c->el2 && !pick(g, 3) ? input_bits(g, 0) : 0;
    if (high > 48) high = 48;
    say(g, "granule: %s, bits: %u, ", granules[granule].name, bits);
    if (high) say(g, "high: {bits: %u}, ", high);
    if (s1 && s2) {
        second = (unsigned)pick(g, 3);
        say(g, "granule2: %s, bits2: %u, ", granules[second].name, bits2);
    }
    if (s1) generate_cd(g, c);
    say(g, "map: [");
    for (unsigned i = 0, n = 1 + (unsigned)pick(g, 2); s1 && i < n; i++)
        one_map(g, c, 1, s2, granule, bits, 0);
    if (high) one_map(g, c, 1, s2, 0, high, ~0ull << high);
    for (unsigned i = 0, n = 1 + (unsigned)pick(g, 3); s2 && i < n; i++)
        one_map(g, c, 2, s1, second, bits2, 0);
    if (s1 && s2 && !pick(g, 6)) /* stage 1's tables are in device memory: 5.2, S2PTW */
        say(g, ", {iova: 0x%x, size: 0x40000, stage: 2, clear: 0x3c}", (unsigned)SCN_TABLES);
    say(g, "]");
}

static struct generate_context *add_context(struct generator_state *g, unsigned sid, unsigned ssid)
{
    struct generate_context *c = &g->contexts[g->ncontexts++];
    *c = (struct generate_context){
        .sid = sid, .ssid = ssid, .asid = 1 + g->ncontexts, .vmid = sid, .config = "s1"};
    return c;
}

static void substreams(struct generator_state *g, unsigned sid)
{
    say(g, "substreams: [");
    for (unsigned i = 0, n = 1 + (unsigned)pick(g, 2); i < n; i++) {
        struct generate_context *c = add_context(g, sid, 1 + i * 2 + (unsigned)pick(g, 2));
        say(g, "%s{ssid: %u, ", i ? ", " : "", c->ssid);
        tables(g, c, true, false);
        say(g, "}");
    }
    say(g, "], ");
}

/* A stream, as `streams:` and steps say it. */
static void stream(struct generator_state *g, struct generate_context *c, bool may_have_more)
{
    static const char *const configs[] = {"s1",    "s1", "s1", "s1",     "s1",     "bypass",
                                          "abort", "s2", "s2", "nested", "nested", "nested"};
    c->nmaps = 0;
    c->config = configs[pick(g, g->plain ? 7 : ARRAY_LEN(configs))];
    bool s1 = !strcmp(c->config, "s1") || !strcmp(c->config, "nested"), only = !strcmp(c->config, "s1");
    bool s2 = !strcmp(c->config, "s2") || !strcmp(c->config, "nested");
    bool more = may_have_more && only && !g->plain && !pick(g, 4);
    c->el2 = only && !more && !g->plain && !pick(g, 6);
    say(g, "{sid: %u, config: %s, ", c->sid, c->config);
    if (more) substreams(g, c->sid);
    generate_ste(g, c, s1, s2, more);
    if (s1 || s2)
        tables(g, c, s1, s2);
    else
        g->out->len -= 2; /* the comma */
    say(g, "}");
}

/* ---- steps ---- */

/* An address that is mapped, or nearly. */
static uint64_t any_address(struct generator_state *g, const struct generate_context *c)
{
    uint64_t at = DATA + pick(g, 0x800000), offset;
    if (c->nmaps) {
        const struct generate_map *m = &c->maps[pick(g, c->nmaps)];
        if (m->stage != c->maps[0].stage) m = &c->maps[0];
        offset = m->size > 1 << 21 ? DATA - SCN_RAM + pick(g, 0x800000) : pick(g, m->size);
        at = m->iova + (g->plain ? offset & ~15ull : pick(g, 10) ? offset & ~7ull : offset | 0xffc);
    }
    if (!pick(g, 10)) at ^= 1ull << pick(g, g->plain ? 48 : 64);
    if (!g->plain && !pick(g, 20)) at |= 0xaaull << 56;
    return at < -4096ull ? at : at - 4096;
}

static void access(struct generator_state *g)
{
    static const unsigned sizes[] = {8, 8, 8, 4, 2, 1, 16};
    const struct generate_context *c = &g->contexts[pick(g, g->ncontexts)];
    unsigned size = sizes[pick(g, ARRAY_LEN(sizes))];
    bool write = pick(g, 2), odd = !g->plain && !pick(g, 12);
    say(g, "  - {%s: 0x%" PRIx64 ", sid: %u", write ? "store" : "load", any_address(g, c),
        odd && !pick(g, 4) ? 300 : c->sid);
    if (c->ssid || (odd && pick(g, 2))) say(g, ", ssid: %u", c->ssid + (odd ? (unsigned)pick(g, 9) : 0));
    if (!g->plain && pick(g, 2)) say(g, ", privileged: true");
    if (!g->plain && !write && !pick(g, 4)) say(g, ", exec: true");
    if (write && size <= 8)
        say(g, ", value: 0x%" PRIx64 ", size: %u", rng_next(&g->rng) & bits_mask(size * 8), size);
    else if (write)
        say(g, ", data: \"00 11 22 33 44 55 66 77 88 99 aa bb\"");
    else
        say(g, ", size: %u", size);
    say(g, ", end: any}\n");
    if (g->plain) say(g, "  - {events: any}\n"); /* others merge those of a page (7.3.1) */
}

static void command(struct generator_state *g, const char *name, const char *with)
{
    say(g, "  - {command: %s%s%s%s}\n", name, *with ? ", with: {" : "", with, *with ? "}" : "");
}

/* A block may have become a table, or the other way round: more than this mapping is to be forgotten. */
static bool may_replace(const struct generate_context *c, const struct generate_map *m)
{
    for (unsigned i = 0; i < c->nmaps; i++)
        if (c->maps[i].size != m->size && c->maps[i].iova >> 30 == m->iova >> 30) return true;
    return false;
}

/* What makes a change of this mapping known, in one of the ways that do. */
static void invalidate(struct generator_state *g, const struct generate_context *c,
                       const struct generate_map *m)
{
    char vmid[32], page[64], both[80];
    bool s2 = c->maps[0].stage == 2, nested = !strcmp(c->config, "nested");
    snprintf(vmid, sizeof(vmid), "VMID: %u", c->vmid);
    snprintf(page, sizeof(page), "%s%sADDRESS: 0x%" PRIx64 "%s", c->el2 ? "" : vmid, c->el2 ? "" : ", ",
             m->iova, pick(g, 2) ? ", LEAF: 1" : "");
    snprintf(both, sizeof(both), "%s, ASID: %u", page, c->asid);
    bool all = may_replace(c, m);
    if (c->el2)
        all || pick(g, 2) ? command(g, "CMD_TLBI_EL2_ALL", "") : command(g, "CMD_TLBI_EL2_VAA", page);
    else if (all || !pick(g, 3))
        command(g, "CMD_TLBI_NSNH_ALL", "");
    else if (nested)
        command(g, "CMD_TLBI_S12_VMALL", vmid);
    else if (s2)
        pick(g, 3) ? command(g, "CMD_TLBI_S2_IPA", page) : command(g, "CMD_TLBI_S12_VMALL", vmid);
    else if (pick(g, 2))
        command(g, "CMD_TLBI_NH_VA", both);
    else
        pick(g, 2) ? command(g, "CMD_TLBI_NH_VAA", page) : command(g, "CMD_TLBI_NH_ALL", vmid);
    command(g, "CMD_SYNC", "");
}

static void remap(struct generator_state *g)
{
    const struct generate_context *c = &g->contexts[pick(g, g->ncontexts)];
    if (!c->nmaps) return;
    const struct generate_map *m = &c->maps[pick(g, c->nmaps)];
    bool nested = !strcmp(c->config, "nested"), away = !pick(g, 3);
    unsigned shift = (unsigned)__builtin_ctzll(m->size);
    say(g, "  - {%s: {iova: 0x%" PRIx64 ", size: 0x%" PRIx64 ", stage: %u, sid: %u", away ? "unmap" : "map",
        m->iova, m->size, m->stage, c->sid);
    if (c->ssid) say(g, ", ssid: %u", c->ssid);
    if (!away) {
        say(g, ", to: 0x%" PRIx64, target(g, m->stage, nested, shift));
        generate_leaf(g, m->stage);
    }
    say(g, "}}\n");
    invalidate(g, c, m);
}

/* A stream all anew; one that has substreams stays. */
static void restream(struct generator_state *g)
{
    struct generate_context *c = &g->contexts[pick(g, g->ncontexts)];
    char sid[32];
    for (unsigned i = 0; i < g->ncontexts; i++)
        if (g->contexts[i].sid == c->sid && g->contexts[i].ssid) return;
    say(g, "  - stream: ");
    stream(g, c, false);
    say(g, "\n");
    snprintf(sid, sizeof(sid), "SID: %u", c->sid);
    command(g, "CMD_CFGI_STE", sid);
    command(g, "CMD_TLBI_NSNH_ALL", "");
    if (!g->plain) command(g, "CMD_TLBI_EL2_ALL", "");
    command(g, "CMD_SYNC", "");
}

/* Registers, and tables of two levels: what is not as setup has it. */
static void other_setup(struct generator_state *g)
{
    bool two = !pick(g, 2);
    say(g, "  - {write: {CR0: {CMDQEN: 1, EVENTQEN: 1}}}\n");
    say(g, "  - {write: {CR2: {E2H: %u, RECINVSID: %u}}}\n", (unsigned)pick(g, 2), (unsigned)pick(g, 2));
    if (two) {
        unsigned split = 6 + 2 * (unsigned)pick(g, 3), span = split + 2 - (unsigned)pick(g, 4);
        say(g, "  - {memory: {at: 0x%x, u64: [0x%x, 0]}}\n", (unsigned)L1_STREAMS, SCN_STRTAB | span);
        say(g, "  - {write: {STRTAB_BASE: 0x%x, STRTAB_BASE_CFG: {FMT: TWO, SPLIT: %u, LOG2SIZE: %u}}}\n",
            (unsigned)L1_STREAMS, split, split + 1);
    }
    say(g, "  - {write: {CR0: {SMMUEN: 1, CMDQEN: 1, EVENTQEN: 1}}}\n");
}

static void step(struct generator_state *g)
{
    switch (pick(g, 16)) {
    case 0: say(g, "  - {events: any}\n"); break;
    case 1:
    case 2: remap(g); break;
    case 3: restream(g); break;
    default: access(g);
    }
}

/* What hardware has made of the descriptors, and of memory. */
static void look(struct generator_state *g)
{
    for (unsigned i = 0; i < g->ncontexts; i++) {
        const struct generate_context *c = &g->contexts[i];
        for (unsigned k = 0; k < c->nmaps; k++) {
            say(g, "  - {descriptor: {iova: 0x%" PRIx64 ", stage: %u, sid: %u", c->maps[k].iova,
                c->maps[k].stage, c->sid);
            if (c->ssid) say(g, ", ssid: %u", c->ssid);
            say(g, "}}\n");
        }
    }
    say(g, "  - {events: any}\n");
}

/* Scenario n of a seed as an item of `cases:`. */
static void write_scenario(uint64_t seed, uint64_t n, bool plain, struct buf *out)
{
    struct rng mix = {seed};
    struct generator_state g = {
        .rng = {rng_next(&mix) ^ n * 0x9e3779b97f4a7c15ull}, .plain = plain, .out = out};
    unsigned streams = 1 + (unsigned)pick(&g, 2);
    say(&g, "id: random\nstreams:\n");
    for (unsigned i = 0; i < streams; i++) {
        say(&g, "  - ");
        stream(&g, add_context(&g, FIRST_SID + i * (1 + (unsigned)pick(&g, 3)), 0), true);
        say(&g, "\n");
    }
    say(&g, "steps:\n");
    if (!plain && !pick(&g, 4)) other_setup(&g);
    for (unsigned i = 0, k = plain ? 6 : 8 + (unsigned)pick(&g, 16); i < k; i++) step(&g);
    look(&g);
}

/* ---- as the kind wants it ---- */

const char *const scn_generators[] = {"random", "plain", NULL};

bool scn_generator_open(const struct ynode *item, struct arena *a, struct diag *d, struct kind_generator *g)
{
    g->count = schema_number(item, "count", GEN_COUNT_OF_SCENARIOS);
    g->name = !strcmp(schema_text(item, "plain", "false"), "true");
    return true;
}

/* Nothing of it is what must be. */
static void expect_nothing(struct test_case *c)
{
    struct scn_step *steps = (struct scn_step *)(uintptr_t)((const struct scenario *)c->scenario)->steps;
    for (unsigned i = 0; i < ((const struct scenario *)c->scenario)->nsteps; i++) {
        steps[i].expects = false;
        if (steps[i].kind == SCN_CHECK) steps[i].data = NULL;
    }
    c->has_truth = false;
}

void scn_make(const struct kind_generator *g, uint64_t n, struct arena *a, struct test_case *c)
{
    struct buf text = {0};
    struct diag d = {0};
    const struct case_builder b = {NULL, &d, a, ""};
    write_scenario(g->seed, n, g->name, &text);
    struct ynode *item = yaml_load_text("generated", text.p, text.len, a, &d);
    if (!item || !schema_check(&scn_item, item, &d) || !scn_build(&b, item, c))
        BUG("scenario %llu of seed %#llx:\n%s%s", (unsigned long long)n, (unsigned long long)g->seed,
            buf_cstr(&text), buf_cstr(&d.text));
    expect_nothing(c);
    diag_free(&d);
    buf_free(&text);
}
