/* Random scenarios: streams with random tables, accesses most of which hit something, tables that change and
 * are invalidated. Nothing is known to be true of them: oracles decide. They are made as text in the format
 * and built like any other, so that they can do what a hand-written one can, and nothing else.
 */
#include "harness/smmu/scenario.h"

#include <inttypes.h>
#include <string.h>

enum { MAPS = 5, STREAMS = 3, FIRST_SID = 8, ACCESSES = 12, DATA_AT = 0x41000000, DATA_SIZE = 0x1000000 };

enum { RANDOM, PLAIN };
const char *const scn_generators[] = {[RANDOM] = "random", [PLAIN] = "plain", NULL};

/* Something that is mapped in a stream. */
struct target {
    unsigned sid;        /* which stream */
    unsigned ssid;       /* of a substream, or 0 */
    uint64_t iova, size; /* where */
};

struct maker {
    struct rng rng;            /* of this scenario alone */
    bool plain;                /* nothing that QEMU has not got */
    struct buf text;           /* so far */
    struct target targets[64]; /* ntargets of them */
    unsigned ntargets;         /* how many */
    unsigned nested;           /* bit per stream: both stages are on */
    bool high;                 /* the stream at hand has tables for high addresses */
    unsigned page;             /* log2 of the stream's pages */
};

#define HIGH 0xffff000000000000ull /* of TTB1, with 48 bits */

static uint64_t pick(struct maker *m, uint64_t n)
{
    return rng_below(&m->rng, n);
}

static const char *choose(struct maker *m, const char *const *names, unsigned n)
{
    return names[pick(m, n)];
}

/* ---- mappings ---- */

static const char *const perms[] = {"rw", "rw", "rw", "r", "rx", "rwx", "rwp", "rp"};

/* A mapping, with what may be wrong with its leaves; `to` is memory unless nothing is there. */
static void add_map(struct maker *m, unsigned sid, unsigned ssid, uint64_t iova, unsigned stage)
{
    uint64_t page = 1ull << m->page, size = page << pick(m, 3);
    uint64_t to = DATA_AT + (pick(m, DATA_SIZE) & ~((1ull << 16) - 1));
    if (!pick(m, 16)) to = 1ull << 39; /* nothing is there, and it may be too large */
    buf_printf(&m->text, "{iova: 0x%" PRIx64 ", to: 0x%" PRIx64 ", size: 0x%" PRIx64 ", stage: %u, perms: %s",
               iova, to, size, stage,
               choose(m, perms,
                      m->plain     ? 4
                      : stage == 1 ? ARRAY_LEN(perms)
                                   : 6));
    uint64_t wrong = pick(m, 12);
    if (!wrong) buf_str(&m->text, ", clear: 0x1");                    /* no descriptor */
    if (wrong == 1 && !m->plain) buf_str(&m->text, ", clear: 0x400"); /* no access flag */
    buf_str(&m->text, "}, ");
    if (m->ntargets < ARRAY_LEN(m->targets))
        m->targets[m->ntargets++] = (struct target){sid, ssid, iova, size};
}

static void add_maps(struct maker *m, unsigned sid, unsigned ssid, unsigned stage, uint64_t base,
                     unsigned bits)
{
    buf_str(&m->text, "map: [");
    for (uint64_t n = 1 + pick(m, MAPS); n--;) {
        uint64_t iova = (base + (pick(m, 64) << (m->page + 4))) & bits_mask(bits);
        if (m->high && !ssid && stage == 1 && pick(m, 2)) iova |= HIGH;
        add_map(m, sid, ssid, iova, stage);
    }
    buf_str(&m->text, "]");
}

/* ---- streams ---- */

static void add_fields(struct maker *m, const char *key, const char *const *fields, unsigned n)
{
    if (pick(m, 3)) return;
    buf_printf(&m->text, "%s: {%s}, ", key, choose(m, fields, n));
}

static void add_stream(struct maker *m, unsigned sid)
{
    static const char *const configs[] = {"s1", "s1", "s2", "nested", "bypass", "abort"};
    static const char *const granules[] = {"4K", "64K", "16K"};
    static const unsigned pages[] = {12, 16, 14};
    static const char *const cds[] = {
        "WXN: 1",  "A: 0", "AFFD: 1", "R: 0",  "EPD0: 1", "TBI0: 1, TBI1: 1", "PAN: 1",
        "IPS: 32", "V: 0", "TG0: 3",  "HA: 1", "HAD0: 1", "TTB0: 0x1000",     "IPS: 32, TTB0: 0x8000000000"};
    static const char *const stes[] = {"V: 0",
                                       "S1DSS: BYPASS",
                                       "S2R: 0",
                                       "S2AFFD: 1",
                                       "S2PTW: 1",
                                       "S2HA: 1",
                                       "S2PS: 32",
                                       "CONFIG: 2",
                                       "S1CONTEXTPTR: 0x1000",
                                       "S1DSS: TERMINATE",
                                       "S2TTB: 0x1000"};
    static const char *const plain_configs[] = {"s1", "s1", "s1", "bypass", "abort"};
    static const char *const plain_cds[] = {"AFFD: 0", "ASID: 3", "R: 1",
                                            "V: 0",    "TG0: 3",  "TTB0: 0x41000000"};
    static const char *const plain_stes[] = {"V: 0", "S1CONTEXTPTR: 0x41000000"};
    const char *config = m->plain ? choose(m, plain_configs, ARRAY_LEN(plain_configs))
                                  : choose(m, configs, ARRAY_LEN(configs));
    unsigned g = (unsigned)pick(m, ARRAY_LEN(granules));
    m->nested |= (unsigned)(*config == 'n') << (sid - FIRST_SID);
    bool s1 = *config == 'n' || !strcmp(config, "s1"), s2 = *config == 'n' || !strcmp(config, "s2");
    m->page = pages[g];
    buf_printf(&m->text, "  - {sid: %u, config: %s, granule: %s, ", sid, config, granules[g]);
    if (m->plain) {
        add_fields(m, "ste", plain_stes, ARRAY_LEN(plain_stes));
        if (s1) add_fields(m, "cd", plain_cds, ARRAY_LEN(plain_cds));
    } else {
        add_fields(m, "ste", stes, ARRAY_LEN(stes));
        if (s1) add_fields(m, "cd", cds, ARRAY_LEN(cds));
    }
    m->high = s1 && !m->plain && !pick(m, 3);
    if (m->high) buf_printf(&m->text, "high: {granule: %s}, ", granules[g]);
    if (s1 && !m->plain && !pick(m, 3)) {
        buf_str(&m->text, "substreams: [{ssid: 2, ");
        add_maps(m, sid, 2, 1, 0x10000000, 40);
        buf_str(&m->text, "}], ");
    }
    if (s1 || s2) add_maps(m, sid, 0, s1 ? 1 : 2, 0x80000000, 40);
    buf_str(&m->text, "}\n");
}

/* Where both stages are on, stage 1 goes to memory's own addresses: stage 2 maps some of them. */
static void add_second_stage(struct maker *m, unsigned sid)
{
    uint64_t at = DATA_AT + (pick(m, DATA_SIZE) & ~((1ull << 20) - 1));
    buf_printf(&m->text, "  - {map: {sid: %u, stage: 2, iova: 0x%" PRIx64 ", size: 1M, perms: %s}}\n", sid,
               at, choose(m, perms, 4));
}

/* ---- steps ---- */

static void add_access(struct maker *m)
{
    const struct target *t = &m->targets[pick(m, m->ntargets)];
    unsigned size = 1u << pick(m, 4);
    uint64_t iova = t->iova + (pick(m, t->size) & ~(size - 1ull));
    bool write = pick(m, 2), exec = !m->plain && !write && !pick(m, 4);
    if (!pick(m, 6)) iova += t->size;                                /* behind it */
    if (!m->plain && !pick(m, 10)) iova ^= (1 + pick(m, 255)) << 56; /* a top byte, which may be ignored */
    buf_printf(&m->text, "  - {%s: 0x%" PRIx64 ", sid: %u, size: %u, end: any", write ? "store" : "load",
               iova, t->sid, size);
    if (write) buf_printf(&m->text, ", value: 0x%" PRIx64, rng_next(&m->rng) & bits_mask(size * 8));
    if (exec) buf_str(&m->text, ", exec: true");
    if (!m->plain && !pick(m, 3)) buf_str(&m->text, ", privileged: true");
    if (t->ssid ? pick(m, 8) != 0 : !m->plain && !pick(m, 20))
        buf_printf(&m->text, ", ssid: %u", t->ssid ? t->ssid : 1 + (unsigned)pick(m, 5));
    buf_str(&m->text, "}\n  - {events: any}\n"); /* each by itself: an oracle may merge records of one page */
}

/* Tables change, and everything that was known of them is forgotten. */
static void add_change(struct maker *m)
{
    const struct target *t = &m->targets[pick(m, m->ntargets)];
    if (t->iova == DATA_AT) return; /* there are no tables at all */
    buf_printf(&m->text, "  - {unmap: {sid: %u, ssid: %u, iova: 0x%" PRIx64 ", size: 0x%" PRIx64 "}}\n",
               t->sid, t->ssid, t->iova, t->size);
    buf_str(&m->text, "  - {command: CMD_TLBI_NSNH_ALL}\n  - {command: CMD_SYNC}\n");
}

bool scn_generator_open(const struct ynode *item, struct arena *a, struct diag *d, struct kind_generator *g)
{
    g->name = !strcmp(schema_text(item, "plain", "false"), "true") ? PLAIN : RANDOM;
    return true;
}

static void make_text(struct maker *m)
{
    unsigned streams = 1 + (unsigned)pick(m, STREAMS);
    buf_str(&m->text, "id: random\nstreams:\n");
    for (unsigned i = 0; i < streams; i++) add_stream(m, FIRST_SID + i);
    if (!m->ntargets) m->targets[m->ntargets++] = (struct target){FIRST_SID, 0, DATA_AT, 0x10000};
    buf_str(&m->text, "steps:\n");
    for (unsigned i = 0; i < streams; i++)
        for (unsigned k = 0; m->nested >> i & 1 && k < MAPS; k++) add_second_stage(m, FIRST_SID + i);
    for (unsigned i = 0; i < ACCESSES; i++) {
        add_access(m);
        if (!pick(m, 8)) add_change(m);
    }
}

void scn_make(const struct kind_generator *g, uint64_t n, struct arena *a, struct test_case *c)
{
    struct maker m = {.plain = g->name == PLAIN, .rng = {g->seed ^ (n + 1) * 0x9e3779b97f4a7c15}};
    struct diag d = {.out = stderr};
    make_text(&m);
    struct ynode *node = yaml_load_text("random", m.text.p, m.text.len, a, &d);
    const struct case_builder b = {.diag = &d, .arena = a, .prefix = ""};
    if (!node || !schema_check(&scn_item, node, &d) || !scn_build(&b, node, c))
        BUG("a random scenario is wrong:\n%s", buf_cstr(&m.text));
    struct scenario *s = (struct scenario *)(uintptr_t)c->scenario;
    s->nsteps--; /* the look behind the end, which knows what must be there */
    c->has_truth = false;
    diag_free(&d);
    buf_free(&m.text);
}
