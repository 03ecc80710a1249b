/* What random scenarios say in stream table entries, context descriptors and leaves: a row a field, with how
 * often and out of what. Most of it is legal; some of the fields are then spoiled.
 */
#include "harness/smmu/generate.h"

#include <inttypes.h>
#include <string.h>

enum { SPOIL = 12 /* one entry in so many has a field that is just anything */ };

/* A field that one entry in `often` has, holding 0 … below - 1. */
struct sometimes {
    const char *name;      /* of the field */
    unsigned often, below; /* see above */
};

static const struct sometimes of_cd[] = {
    {"HA", 2, 2},   {"HD", 2, 2},   {"AFFD", 4, 2}, {"WXN", 4, 2},  {"PAN", 4, 2},
    {"HAD0", 3, 2}, {"HAD1", 3, 2}, {"TBI0", 3, 2}, {"TBI1", 3, 2}, {"EPD0", 9, 2},
    {"ENDI", 6, 2}, {"R", 8, 2},    {"A", 8, 2},    {"IPS", 6, 8},
};

static const struct sometimes of_ste[] = {{"PRIVCFG", 6, 4}, {"INSTCFG", 6, 4}};

static const struct sometimes of_stage2[] = {{"S2HA", 2, 2},   {"S2HD", 2, 2},  {"S2AFFD", 4, 2},
                                             {"S2PTW", 5, 2},  {"S2FWB", 5, 2}, {"S2R", 8, 2},
                                             {"S2ENDI", 6, 2}, {"S2PS", 8, 8}};

static void some(struct generator_state *g, const struct sometimes *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!pick(g, list[i].often))
            buf_printf(g->out, ", %s: %u", list[i].name, (unsigned)pick(g, list[i].below));
}

/* A field that has been said already is not said again. */
static bool is_said(const struct generator_state *g, size_t start, const char *name)
{
    const char *at = buf_cstr(g->out) + start;
    size_t n = strlen(name);
    while ((at = strstr(at, name)) && (at[n] != ':' || !strchr(" {", at[-1]))) at += n;
    return at;
}

/* Any field with anything in it; those by which tables are found keep away from what they are for. */
static void spoil(struct generator_state *g, const char *table, size_t start)
{
    const struct dev_struct *s = dev_struct_find(&smmu_spec, table);
    const struct dev_field *f = &s->fields[pick(g, s->nfields)];
    unsigned width = f->at >> 16;
    if (g->plain || pick(g, SPOIL) || is_said(g, start, f->name)) return;
    uint64_t v = rng_next(&g->rng) & bits_mask(width);
    if (width >= 36 && pick(g, 2)) v &= bits_mask(31) >> scn_field_shift(f); /* memory is below */
    buf_printf(g->out, ", %s: 0x%" PRIx64, f->name, v << scn_field_shift(f));
}

void generate_ste(struct generator_state *g, const struct generate_context *c, bool s1, bool s2,
                  bool substreams)
{
    size_t start = g->out->len;
    buf_printf(g->out, "ste: {S2VMID: %u", c->vmid);
    if (c->el2) buf_str(g->out, ", STRW: EL2");
    if (substreams) buf_printf(g->out, ", S1DSS: %u", (unsigned)pick(g, 4));
    if (!g->plain) some(g, of_ste, ARRAY_LEN(of_ste));
    if (s2) some(g, of_stage2, ARRAY_LEN(of_stage2));
    spoil(g, "STE", start);
    buf_str(g->out, "}, ");
}

void generate_cd(struct generator_state *g, const struct generate_context *c)
{
    size_t start = g->out->len;
    buf_printf(g->out, "cd: {ASID: %u", c->asid);
    if (!g->plain) some(g, of_cd, ARRAY_LEN(of_cd));
    spoil(g, "CD", start);
    buf_str(g->out, "}, ");
}

void generate_leaf(struct generator_state *g, unsigned stage)
{
    static const char *const stage1[] = {"r", "rx", "rwx", "rwp", "rp", "rxp", "rwxp"}, *const stage2[] = {
                                                                                            "r",   "w", "rx",
                                                                                            "rwx", "x", "-"};
    static const uint64_t bits[] = {1ull << 51 /* DBM */, 1ull << 52 /* contiguous */,
                                    1ull << 53 /* PXN, XN */, 1ull << 11 /* nG; reserved */,
                                    1ull << 55 /* software's */};
    uint64_t set = 0;
    if (!pick(g, 3))
        buf_printf(g->out, ", perms: %s",
                   stage == 1 ? stage1[pick(g, g->plain ? 1 : ARRAY_LEN(stage1))]
                              : stage2[pick(g, ARRAY_LEN(stage2))]);
    for (unsigned i = 0; !g->plain && i < ARRAY_LEN(bits); i++)
        if (!pick(g, 8) && !(bits[i] == 1ull << 11 && stage == 2)) set |= bits[i];
    if (set) buf_printf(g->out, ", set: 0x%" PRIx64, set);
    if (!g->plain && !pick(g, 6)) buf_str(g->out, ", clear: 0x400");
}
