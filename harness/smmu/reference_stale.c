/* Which accesses may find something old: every word that earlier ones looked at must be what it was, or must
 * have been invalidated by a command that certainly means it, with a CMD_SYNC behind it (IHI 0070 3.17, 4.3,
 * 4.4). Where a command may or may not mean it, this takes it for cached.
 */
#include "harness/smmu/reference_stale.h"

#include "devices/device.h"
#include "devices/smmuv3.h"

struct stale_walk {
    uint32_t sid;        /* whose */
    uint64_t iova;       /* what was translated */
    unsigned page_bits;  /* log2 of the page or block that it is in */
    uint32_t asid, vmid; /* tags of what is cached */
    bool stage1, stage2; /* which took part */
    bool el2;            /* StreamWorld any-EL2 */
    size_t first, last;  /* its words: [first, last) */
};

enum stale_state { STALE_CACHED, STALE_GOING /* at the next CMD_SYNC */, STALE_GONE };

struct stale_word {
    uint64_t pa, value;     /* where, and what it was */
    enum ref_word of;       /* whose */
    enum stale_state state; /* of what was made of it */
};

static struct stale_walk *walks(const struct stale *s, size_t *n)
{
    *n = s->walks.len / sizeof(struct stale_walk);
    return (struct stale_walk *)(void *)s->walks.p;
}

static struct stale_word *words(const struct stale *s, size_t *n)
{
    *n = s->words.len / sizeof(struct stale_word);
    return (struct stale_word *)(void *)s->words.p;
}

void stale_begin(struct stale *s, uint32_t sid, uint64_t iova)
{
    size_t n;
    words(s, &n);
    const struct stale_walk w = {.sid = sid, .iova = iova, .first = n, .last = n};
    buf_add(&s->walks, &w, sizeof(w));
}

void stale_saw(struct stale *s, enum ref_word of, uint64_t pa, uint64_t v)
{
    const struct stale_word w = {pa, v, of, STALE_CACHED};
    buf_add(&s->words, &w, sizeof(w));
}

void stale_end(struct stale *s, const struct ref_answer *a)
{
    size_t nwalks, nwords;
    struct stale_walk *w = walks(s, &nwalks) + nwalks - 1;
    struct stale_word *all = words(s, &nwords);
    unsigned config = (unsigned)ref_bits(a->ste, 3, 1);
    w->last = nwords;
    w->page_bits = a->page_bits > 12 ? a->page_bits : 12;
    w->stage1 = config & 1;
    w->stage2 = config & 2;
    w->el2 = config == 5 && ref_bits(a->ste, 95, 94) == 2;
    w->vmid = (uint32_t)ref_bits(a->ste, 143, 128);
    w->asid = (uint32_t)ref_bits(a->cd, 63, 48);
    for (size_t i = 0; i < nwords; i++)
        for (unsigned k = 0; k < a->nupdates; k++)
            if (all[i].pa == a->updates[k].pa) all[i].value = a->updates[k].value;
}

/* ---- commands ---- */

/* Those whose page or block is one of those that the command names, or has it in it: 4.4.1.1. */
static bool names_page(const uint64_t c[2], const struct stale_walk *w)
{
    uint64_t address = w->iova >> w->page_bits << w->page_bits;
    uint64_t first = dev_get(c, SMMU_CMD_TLBI_NH_VA_ADDRESS) << 12;
    unsigned tg = (unsigned)dev_get(c, SMMU_CMD_TLBI_NH_VA_TG), shift = tg ? 10 + 2 * tg : 12;
    uint64_t pages =
        tg ? (dev_get(c, SMMU_CMD_TLBI_NH_VA_NUM) + 1) << dev_get(c, SMMU_CMD_TLBI_NH_VA_SCALE) : 1;
    if (first >> w->page_bits == w->iova >> w->page_bits) return true;
    return address >= first && (address - first) >> shift < pages;
}

/* What a command asks of an access before it means its translations. */
static const struct {
    uint8_t opcode;            /* which */
    bool el2;                  /* translations of EL2, else of EL1 */
    bool vmid, asid, page;     /* its own VMID, ASID, address */
    bool no_stage1, no_stage2; /* with that stage, it would leave some behind */
} tlbis[] = {
    {SMMU_CMD_TLBI_NSNH_ALL, false, false, false, false, false, false},
    {SMMU_CMD_TLBI_S12_VMALL, false, true, false, false, false, false},
    {SMMU_CMD_TLBI_S2_IPA, false, true, false, true, true, false},
    {SMMU_CMD_TLBI_NH_ALL, false, true, false, false, false, true},
    {SMMU_CMD_TLBI_NH_VA, false, true, true, true, false, true},
    {SMMU_CMD_TLBI_NH_VAA, false, true, false, true, false, true},
    {SMMU_CMD_TLBI_EL2_ALL, true, false, false, false, false, true},
    {SMMU_CMD_TLBI_EL2_VA, true, false, true, true, false, true},
    {SMMU_CMD_TLBI_EL2_VAA, true, false, false, true, false, true},
};

static bool tlbi_means(const uint64_t c[2], const struct stale_walk *w)
{
    for (unsigned i = 0; i < ARRAY_LEN(tlbis); i++) {
        if (tlbis[i].opcode != (c[0] & 0xff)) continue;
        return tlbis[i].el2 == w->el2 &&
               (!tlbis[i].vmid || w->vmid == dev_get(c, SMMU_CMD_TLBI_NH_VA_VMID)) &&
               (!tlbis[i].asid || w->asid == dev_get(c, SMMU_CMD_TLBI_NH_VA_ASID)) &&
               (!tlbis[i].page || names_page(c, w)) && !(tlbis[i].no_stage1 && w->stage1) &&
               !(tlbis[i].no_stage2 && w->stage2);
    }
    return false;
}

static bool cfgi_means(const uint64_t c[2], const struct stale_walk *w, enum ref_word of)
{
    uint32_t sid = (uint32_t)dev_get(c, SMMU_CMD_CFGI_STE_SID);
    unsigned range = (unsigned)dev_get(c, SMMU_CMD_CFGI_STE_RANGE_RANGE);
    switch (c[0] & 0xff) {
    case SMMU_CMD_CFGI_STE: return sid == w->sid;
    case SMMU_CMD_CFGI_STE_RANGE: return range == 31 || sid >> (range + 1) == w->sid >> (range + 1);
    case SMMU_CMD_CFGI_CD_ALL: return of == REF_WORD_CD && sid == w->sid;
    default: return false;
    }
}

static bool only_leaf(const uint64_t c[2])
{
    bool by_page = (c[0] & 0xff) == SMMU_CMD_TLBI_S2_IPA || (c[0] & 0xff) == SMMU_CMD_TLBI_NH_VA ||
                   (c[0] & 0xff) == SMMU_CMD_TLBI_NH_VAA || (c[0] & 0xff) == SMMU_CMD_TLBI_EL2_VA ||
                   (c[0] & 0xff) == SMMU_CMD_TLBI_EL2_VAA;
    return by_page && dev_get(c, SMMU_CMD_TLBI_NH_VA_LEAF);
}

static void mark(struct stale_word *all, const struct stale_walk *w, const uint64_t c[2])
{
    bool tlbi = tlbi_means(c, w);
    for (size_t i = w->first; i < w->last; i++) {
        bool table = all[i].of == REF_WORD_TABLE, leaf = i + 1 == w->last;
        bool means = table ? tlbi && (leaf || !only_leaf(c)) : cfgi_means(c, w, all[i].of);
        if (means && all[i].state == STALE_CACHED) all[i].state = STALE_GOING;
    }
}

void stale_command(struct stale *s, const uint64_t c[2])
{
    size_t nwalks, nwords;
    struct stale_walk *w = walks(s, &nwalks);
    struct stale_word *all = words(s, &nwords);
    for (size_t i = 0; i < nwalks; i++) mark(all, &w[i], c);
    for (size_t i = 0; (c[0] & 0xff) == SMMU_CMD_SYNC && i < nwords; i++)
        if (all[i].state == STALE_GOING) all[i].state = STALE_GONE;
}

/* ---- the question ---- */

/* Invalid descriptors are not cached (3.17); entries of configuration are. */
static bool is_old(const struct stale_word *w, const struct ref_unit *u)
{
    uint64_t now = 0;
    if (w->of == REF_WORD_TABLE && !w->value) return false;
    return !u->load(u->arg, w->pa, &now) || now != w->value;
}

/* Translations are cached by what their configuration was, too. */
static bool walk_stale(const struct stale_walk *w, const struct stale_word *all, const struct ref_unit *u)
{
    bool changed = false, cached = false;
    for (size_t i = w->first; i < w->last; i++) {
        bool old = is_old(&all[i], u);
        if (old && all[i].state != STALE_GONE) return true;
        changed |= old && all[i].of != REF_WORD_TABLE;
        cached |= all[i].of == REF_WORD_TABLE && all[i].value && all[i].state != STALE_GONE;
    }
    return changed && cached;
}

bool stale_maybe(const struct stale *s, const struct ref_unit *u)
{
    size_t nwalks, nwords;
    const struct stale_walk *w = walks(s, &nwalks);
    const struct stale_word *all = words(s, &nwords);
    for (size_t i = 0; i < nwalks; i++)
        if (walk_stale(&w[i], all, u)) return true;
    return false;
}

void stale_reset(struct stale *s)
{
    buf_reset(&s->walks);
    buf_reset(&s->words);
}

void stale_free(struct stale *s)
{
    buf_free(&s->walks);
    buf_free(&s->words);
}
