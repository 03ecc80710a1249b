/* The walks of stage 1 and stage 2 (DDI 0487, VMSAv8-64; IHI 0070 3.4, 3.13, 13.4), a function a level. */
#include "harness/smmu/reference_walk.h"

/* A table walk of either stage: what does not change from level to level. */
struct tables {
    bool stage2;        /* which stage */
    enum ref_class c;   /* of faults */
    uint64_t ipa;       /* stage 2: what is translated */
    unsigned granule;   /* bits of a page */
    unsigned out;       /* bits of output addresses */
    unsigned input;     /* bits of the input */
    uint64_t address;   /* the input, without what lies above `input` bits */
    bool big_endian;    /* of descriptors */
    bool access_update; /* HA */
    bool dirty_update;  /* HA and HD */
    bool access_always; /* AFFD */
    bool hierarchical;  /* APTable, XNTable, PXNTable count */
};

/* What tables above take away. */
struct limits {
    bool no_write, no_user, no_exec, no_priv_exec; /* APTable[1], APTable[0], XNTable, PXNTable */
};

/* The last descriptor of a walk. */
struct leaf {
    uint64_t at, pa;     /* where it stands: to stage 1, and in memory */
    uint64_t descriptor; /* what it says */
    uint64_t out;        /* the output address */
};

static bool t_fault(struct ref_walk *w, const struct tables *t, unsigned event)
{
    return ref_fault(w, event, t->stage2, t->c, t->ipa);
}

static uint64_t in_order(const struct tables *t, uint64_t descriptor)
{
    return t->big_endian ? __builtin_bswap64(descriptor) : descriptor;
}

/* Where a descriptor of this walk stands in physical memory. */
static bool descriptor_place(struct ref_walk *w, const struct tables *t, uint64_t at, uint64_t *pa)
{
    *pa = at;
    return t->stage2 || !w->stage2 || ref_stage2(w, at, false, false, REF_TABLE, pa);
}

static bool read_descriptor(struct ref_walk *w, const struct tables *t, uint64_t pa, uint64_t *descriptor)
{
    uint64_t raw;
    if (!ref_load(w, REF_WORD_TABLE, pa, &raw)) {
        w->a->fetch = pa; /* 7.3.12: of stage 1, the class is its own */
        return ref_fault(w, REF_F_WALK_EABT, t->stage2, t->stage2 ? t->c : REF_TABLE, t->ipa);
    }
    *descriptor = in_order(t, raw);
    return true;
}

/* The address in a descriptor, without bits below `low`. With 64K, bits 15:12 are 51:48. */
static uint64_t descriptor_address(const struct tables *t, uint64_t descriptor, unsigned low)
{
    uint64_t address = descriptor & 0xffffffffffff;
    if (t->granule == 16) address |= (descriptor >> 12 & 0xf) << 48;
    return address >> low << low;
}

static unsigned level_shift(const struct tables *t, int level)
{
    return t->granule + (unsigned)(3 - level) * (t->granule - 3);
}

static bool block_allowed(const struct tables *t, const struct ref_walk *w, int level)
{
    if (t->granule == 12) return level == 1 || level == 2;
    return level == 2 || (t->granule == 16 && level == 1 && w->u->oas == 52);
}

static void inherit(const struct tables *t, struct limits *l, uint64_t descriptor)
{
    if (!t->hierarchical) return;
    l->no_write |= descriptor >> 62 & 1;
    l->no_user |= descriptor >> 61 & 1;
    l->no_exec |= descriptor >> 60 & 1;
    l->no_priv_exec |= descriptor >> 59 & 1;
}

/* One level, from the table at `table`; calls itself for the next. The first one has all the bits of the
 * input that are left, which may be more than one table's. */
static bool walk_level(struct ref_walk *w, const struct tables *t, uint64_t table, int level, bool first,
                       struct limits *l, struct leaf *leaf)
{
    unsigned shift = level_shift(t, level);
    uint64_t index = t->address >> shift;
    if (!first) index &= (1ull << (t->granule - 3)) - 1;
    leaf->at = table + index * 8;
    if (!descriptor_place(w, t, leaf->at, &leaf->pa)) return false;
    if (!read_descriptor(w, t, leaf->pa, &leaf->descriptor)) return false;
    if (!(leaf->descriptor & 1)) return t_fault(w, t, REF_F_TRANSLATION);
    bool pointer = leaf->descriptor & 2;
    if (level == 3 && !pointer) return t_fault(w, t, REF_F_TRANSLATION);
    if (level < 3 && !pointer && !block_allowed(t, w, level)) return t_fault(w, t, REF_F_TRANSLATION);
    if (level < 3 && pointer) {
        uint64_t next = descriptor_address(t, leaf->descriptor, t->granule);
        if (next >> t->out) return t_fault(w, t, REF_F_ADDR_SIZE);
        inherit(t, l, leaf->descriptor);
        return walk_level(w, t, next, level + 1, false, l, leaf);
    }
    leaf->out = descriptor_address(t, leaf->descriptor, shift);
    if (leaf->out >> t->out) return t_fault(w, t, REF_F_ADDR_SIZE);
    w->a->page_bits = shift;
    leaf->out |= t->address & ((1ull << shift) - 1);
    return true;
}

/* The access flag, by hardware or by fault. */
static bool check_access_flag(struct ref_walk *w, const struct tables *t, struct leaf *leaf)
{
    if (leaf->descriptor >> 10 & 1) return true;
    if (t->access_update)
        leaf->descriptor |= 1 << 10;
    else if (!t->access_always)
        return t_fault(w, t, REF_F_ACCESS);
    return true;
}

/* Hardware's write of a descriptor, when the access goes through. Stage 1's tables must be writable at stage
 * 2 for it: 3.13. */
static bool update(struct ref_walk *w, const struct tables *t, uint64_t before, const struct leaf *leaf)
{
    uint64_t pa = leaf->pa;
    if (leaf->descriptor == before) return true;
    if (!t->stage2 && w->stage2 && !ref_stage2(w, leaf->at, true, false, REF_TABLE, &pa)) {
        w->a->table_write = true;
        return false;
    }
    for (unsigned i = 0; i < w->a->nupdates; i++)
        if (w->a->updates[i].pa == pa) {
            w->a->updates[i].value = in_order(t, leaf->descriptor);
            return true;
        }
    BUG_ON(w->a->nupdates == REF_UPDATES);
    w->a->updates[w->a->nupdates++] = (struct ref_update){pa, in_order(t, leaf->descriptor)};
    return true;
}

/* ---- stage 2 ---- */

static int stage2_start(const struct ref_walk *w, unsigned granule)
{
    unsigned sl0 = (unsigned)ref_bits(w->ste, 167, 166);
    if (granule == 12) return sl0 == 3 ? 3 : 2 - (int)sl0;
    return 3 - (int)sl0;
}

/* Tables that lie together count as one: it is aligned to its whole size, and to 64 bytes with 52 bits. */
static uint64_t table_base(const struct tables *t, uint64_t ttb, int level)
{
    unsigned bits = t->input - level_shift(t, level) + 3, least = t->out == 52 ? 6 : 4;
    if (bits < least) bits = least;
    return ttb >> bits << bits;
}

static bool stage2_is_device(const struct ref_walk *w, uint64_t descriptor)
{
    if (ref_bits(w->ste, 89, 89)) return !(descriptor >> 4 & 1); /* S2FWB */
    return !(descriptor >> 4 & 3);
}

static bool stage2_allows(const struct ref_walk *w, const struct tables *t, struct leaf *leaf, bool write,
                          bool execute)
{
    uint64_t d = leaf->descriptor;
    unsigned xn = (unsigned)(d >> 53 & 3);
    bool table = t->c != REF_INPUT; /* the unit's own access */
    if (table && ref_bits(w->ste, 182, 182) && w->stage1 && stage2_is_device(w, d)) return false;
    if (write) {
        bool clean = t->dirty_update && (d >> 51 & 1);
        if (!(d >> 7 & 1) && !clean) return false;
        if (clean) leaf->descriptor |= 1ull << 7;
        return true;
    }
    if (!execute) return d >> 6 & 1;
    return w->privileged ? xn == 0 || xn == 3 : xn == 0 || xn == 1;
}

bool ref_stage2(struct ref_walk *w, uint64_t ipa, bool write, bool execute, enum ref_class c, uint64_t *pa)
{
    static const unsigned granules[4] = {12, 16, 14, 0};
    struct tables t = {
        .stage2 = true,
        .c = c,
        .ipa = ipa,
        .granule = granules[ref_bits(w->ste, 175, 174)],
        .out = ref_output_bits(w->u, (unsigned)ref_bits(w->ste, 178, 176)),
        .input = 64 - (unsigned)ref_bits(w->ste, 165, 160),
        .address = ipa,
        .big_endian = ref_bits(w->ste, 180, 180),
        .access_update = ref_bits(w->ste, 184, 184),
        .dirty_update = ref_bits(w->ste, 184, 183) == 3,
        .access_always = ref_bits(w->ste, 181, 181) && !ref_bits(w->ste, 184, 184),
    };
    struct limits l = {0};
    struct leaf leaf = {0};
    int start = stage2_start(w, t.granule);
    if (ipa >> t.input) return t_fault(w, &t, REF_F_TRANSLATION);
    uint64_t base = table_base(&t, ref_bits(w->ste, 243, 196) << 4, start);
    if (!walk_level(w, &t, base, start, true, &l, &leaf)) return false;
    uint64_t before = leaf.descriptor;
    if (!check_access_flag(w, &t, &leaf)) return false;
    if (!stage2_allows(w, &t, &leaf, write, execute)) return t_fault(w, &t, REF_F_PERMISSION);
    *pa = leaf.out;
    return update(w, &t, before, &leaf);
}

/* ---- stage 1 ---- */

/* What a stage 1 leaf allows, by who asks: 13.4.1. */
static bool stage1_allows(const struct ref_walk *w, const struct tables *t, const struct limits *l,
                          struct leaf *leaf)
{
    uint64_t d = leaf->descriptor;
    bool clean = t->dirty_update && (d >> 51 & 1) && (d >> 7 & 1);
    bool writable = (!(d >> 7 & 1) || clean) && !l->no_write, xn = (d >> 54 & 1) || l->no_exec;
    bool pxn = (d >> 53 & 1) || l->no_priv_exec, user = (d >> 6 & 1) && !l->no_user;
    bool wxn = ref_bits(w->cd, 36, 36), pan = ref_bits(w->cd, 40, 40);
    bool privileged = w->privileged || w->el2;
    if (w->el2) { /* one privilege: AP[1] and PXN do not count */
        if (w->execute) return !xn && !(wxn && writable);
        if (w->q->write && !writable) return false;
    } else if (privileged) {
        if (w->execute) return !pxn && !(user && writable) && !(wxn && writable);
        if (pan && user) return false;
        if (w->q->write && !writable) return false;
    } else {
        if (w->execute) return !xn && !(wxn && user && writable);
        if (!user || (w->q->write && !writable)) return false;
    }
    if (w->q->write && clean) leaf->descriptor &= ~(1ull << 7);
    return true;
}

/* Which of the two tables; false: neither is meant. */
static bool stage1_half(const struct ref_walk *w, unsigned *half)
{
    uint64_t va = w->q->iova;
    *half = w->el2 ? 0 : (unsigned)(va >> 55 & 1);
    unsigned size = 64 - (unsigned)(*half ? ref_bits(w->cd, 21, 16) : ref_bits(w->cd, 5, 0));
    unsigned top = ref_bits(w->cd, 38 + *half, 38 + *half) ? 55 : 63;
    if (ref_bits(w->cd, 14, 14) && !*half && !w->el2) return false;
    if (ref_bits(w->cd, 30, 30) && *half) return false;
    for (unsigned i = size; i <= top; i++)
        if ((va >> i & 1) != *half) return false;
    return true;
}

bool ref_stage1(struct ref_walk *w, uint64_t *ipa)
{
    static const unsigned granules[2][4] = {{12, 16, 14, 0}, {0, 14, 12, 16}};
    unsigned half;
    if (!stage1_half(w, &half)) return ref_fault(w, REF_F_TRANSLATION, false, REF_INPUT, 0);
    struct tables t = {
        .c = REF_INPUT,
        .granule = granules[half][half ? ref_bits(w->cd, 23, 22) : ref_bits(w->cd, 7, 6)],
        .out = ref_output_bits(w->u, (unsigned)ref_bits(w->cd, 34, 32)),
        .input = 64 - (unsigned)(half ? ref_bits(w->cd, 21, 16) : ref_bits(w->cd, 5, 0)),
        .big_endian = ref_bits(w->cd, 15, 15),
        .access_update = ref_bits(w->cd, 43, 43),
        .dirty_update = ref_bits(w->cd, 43, 42) == 3,
        .access_always = ref_bits(w->cd, 35, 35) && !ref_bits(w->cd, 43, 43),
        .hierarchical = !ref_bits(w->cd, half ? 129 : 65, half ? 129 : 65),
    };
    t.address = w->q->iova & ((1ull << t.input) - 1);
    struct limits l = {0};
    struct leaf leaf = {0};
    unsigned stride = t.granule - 3;
    int start = 4 - (int)((t.input - t.granule + stride - 1) / stride);
    uint64_t base = table_base(&t, (half ? ref_bits(w->cd, 179, 132) : ref_bits(w->cd, 115, 68)) << 4, start);
    if (!walk_level(w, &t, base, start, true, &l, &leaf)) return false;
    uint64_t before = leaf.descriptor;
    if (!check_access_flag(w, &t, &leaf)) return false;
    if (w->el2) l.no_user = l.no_priv_exec = false;
    if (!stage1_allows(w, &t, &l, &leaf)) return t_fault(w, &t, REF_F_PERMISSION);
    *ipa = leaf.out;
    return update(w, &t, before, &leaf);
}
