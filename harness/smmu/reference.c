/* From a stream to what translates it: stream table, STE, CD table, CD, each with the manual's rules of what
 * is ILLEGAL (5.2.2, 5.4.2).
 */
#include "harness/smmu/reference_walk.h"

#include <string.h>

uint64_t ref_bits(const uint64_t *words, unsigned hi, unsigned lo)
{
    uint64_t v = 0;
    for (unsigned i = lo; i <= hi; i++) v |= (words[i / 64] >> i % 64 & 1) << (i - lo);
    return v;
}

bool ref_fault(struct ref_walk *w, unsigned event, bool stage2, enum ref_class c, uint64_t ipa)
{
    w->a->event = event;
    w->a->stage2 = stage2;
    w->a->class_ = c;
    w->a->ipa = ipa;
    return false;
}

static bool bad(struct ref_walk *w, unsigned event)
{
    return ref_fault(w, event, false, REF_INPUT, 0);
}

bool ref_load(struct ref_walk *w, enum ref_word of, uint64_t pa, uint64_t *v)
{
    for (unsigned i = 0; i < w->a->nupdates; i++)
        if (w->a->updates[i].pa == pa) {
            *v = w->a->updates[i].value;
            return true;
        }
    if (!w->u->load(w->u->arg, pa, v)) return false;
    if (w->u->saw) w->u->saw(w->u->arg, of, pa, *v);
    return true;
}

unsigned ref_output_bits(const struct ref_unit *u, unsigned field)
{
    static const unsigned bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    return bits[field] < u->oas ? bits[field] : u->oas;
}

static uint64_t align_down(uint64_t address, unsigned bits)
{
    return address >> bits << bits;
}

/* ---- the stream table: 3.3.1, 5.1, 6.3.24, 6.3.25 ---- */

static bool ste_address_two_levels(struct ref_walk *w, unsigned log2size, uint64_t *address)
{
    unsigned split = w->u->strtab_cfg >> 6 & 0x1f;
    uint32_t sid = w->q->sid;
    uint64_t descriptor;
    if (split != 6 && split != 8 && split != 10) split = 6;
    unsigned table_bits = log2size > split + 3 ? log2size - split + 3 : 6;
    uint64_t table = align_down(w->u->strtab_base & 0xfffffffffffc0, table_bits < 6 ? 6 : table_bits);
    uint64_t at = table + (uint64_t)(sid >> split) * 8;
    if (!ref_load(w, REF_WORD_STE, at, &descriptor)) {
        w->a->fetch = at;
        return bad(w, REF_F_STE_FETCH);
    }
    unsigned span = descriptor & 0x1f;
    if (span == 0 || span > split + 1) return bad(w, REF_C_BAD_STREAMID);
    uint32_t index = sid & ((1u << split) - 1);
    if (index >= 1u << (span - 1)) return bad(w, REF_C_BAD_STREAMID);
    *address = align_down(descriptor & 0xfffffffffffc0, span - 1 + 6) + (uint64_t)index * 64;
    return true;
}

static bool ste_address(struct ref_walk *w, uint64_t *address)
{
    unsigned log2size = w->u->strtab_cfg & 0x3f;
    unsigned sid_bits =
        log2size < w->u->sid_bits ? log2size : w->u->sid_bits; /* the table's place: as written */
    if ((uint64_t)w->q->sid >> sid_bits) return bad(w, REF_C_BAD_STREAMID);
    if ((w->u->strtab_cfg >> 16 & 3) == 1) return ste_address_two_levels(w, log2size, address);
    *address = align_down(w->u->strtab_base & 0xfffffffffffc0, log2size + 6) + (uint64_t)w->q->sid * 64;
    return true;
}

/* ---- the STE ---- */

/* Whether SL0 names a level that fits the granule and the size of the input (DDI 0487, S2 start levels). */
static bool stage2_start_fits(const struct ref_walk *w)
{
    unsigned tg = (unsigned)ref_bits(w->ste, 175, 174), sl0 = (unsigned)ref_bits(w->ste, 167, 166);
    int input = 64 - (int)ref_bits(w->ste, 165, 160);
    int granule = tg == 0 ? 12 : tg == 1 ? 16 : 14, stride = granule - 3;
    if (sl0 == 3 && !(granule == 12 && w->u->small_tables)) return false;
    int level = granule == 12 ? (sl0 == 3 ? 3 : 2 - (int)sl0) : 3 - (int)sl0;
    int resolved = input - ((3 - level) * stride + granule);
    return resolved >= 1 && resolved <= stride + 4;
}

static bool stage2_illegal(const struct ref_walk *w)
{
    unsigned tg = (unsigned)ref_bits(w->ste, 175, 174), t0sz = (unsigned)ref_bits(w->ste, 165, 160);
    unsigned out = ref_output_bits(w->u, (unsigned)ref_bits(w->ste, 178, 176));
    uint64_t ttb = ref_bits(w->ste, 243, 196) << 4;
    unsigned most = !w->u->small_tables ? 39 : tg == 1 ? 47 : 48;
    unsigned least = tg == 1 ? 12 : 16;
    if (64 - w->u->oas > least) least = 64 - w->u->oas;
    if (!ref_bits(w->ste, 179, 179)) return true; /* S2AA64: there are no AArch32 tables */
    if (tg == 3) return true;
    if (ttb >> out || (tg != 1 && ttb >> 48)) return true;
    if (t0sz < least || t0sz > most) return true;
    return !stage2_start_fits(w);
}

static bool ste_illegal(const struct ref_walk *w)
{
    unsigned config = (unsigned)ref_bits(w->ste, 3, 1), eats = (unsigned)ref_bits(w->ste, 93, 92);
    unsigned strw = (unsigned)ref_bits(w->ste, 95, 94);
    bool s2s = ref_bits(w->ste, 185, 185);
    if (!ref_bits(w->ste, 0, 0)) return true;
    if (config < 4) return false;
    if (config != 4 && eats == 2 && (config != 7 || s2s)) return true;
    if (config != 4 && eats == 1 && s2s && (config & 2)) return true;
    if (config == 5 && (strw & 1)) return true;
    if ((config & 1) && ref_bits(w->ste, 63, 59) > w->u->ssid_bits) return true;
    return (config & 2) && stage2_illegal(w);
}

static bool read_ste(struct ref_walk *w)
{
    uint64_t at;
    if (!ste_address(w, &at)) return false;
    for (unsigned i = 0; i < 8; i++)
        if (!ref_load(w, REF_WORD_STE, at + i * 8, &w->ste[i])) {
            w->a->fetch = at;
            return bad(w, REF_F_STE_FETCH);
        }
    return !ste_illegal(w) || bad(w, REF_C_BAD_STE);
}

/* ---- the CD table ---- */

/* An address of the tables of stage 1 to a physical one: through stage 2 where there is one. */
static bool cd_pointer(struct ref_walk *w, uint64_t at, uint64_t *pa)
{
    *pa = at;
    return !w->stage2 || ref_stage2(w, at, false, false, REF_CD, pa);
}

static bool cd_word(struct ref_walk *w, uint64_t pa, uint64_t *v)
{
    if (ref_load(w, REF_WORD_CD, pa, v)) return true;
    w->a->fetch = pa;
    return bad(w, REF_F_CD_FETCH);
}

static bool cd_address_two_levels(struct ref_walk *w, unsigned leaf_bits, uint32_t ssid, uint64_t *at)
{
    unsigned max = (unsigned)ref_bits(w->ste, 63, 59);
    unsigned l1_bits = max > leaf_bits ? max - leaf_bits + 3 : 3;
    uint64_t pa, descriptor;
    uint64_t table = align_down(ref_bits(w->ste, 51, 6) << 6, l1_bits < 6 ? 6 : l1_bits);
    if (!cd_pointer(w, table + (uint64_t)(ssid >> leaf_bits) * 8, &pa) || !cd_word(w, pa, &descriptor))
        return false;
    if (!(descriptor & 1)) return bad(w, REF_C_BAD_SUBSTREAMID);
    *at = (descriptor & 0xffffffffff000) + (uint64_t)(ssid & ((1u << leaf_bits) - 1)) * 64;
    if (leaf_bits == 10) *at = align_down(descriptor & 0xffffffffff000, 16) + (uint64_t)(ssid & 0x3ff) * 64;
    return true;
}

static bool cd_address(struct ref_walk *w, uint32_t ssid, uint64_t *at)
{
    unsigned max = (unsigned)ref_bits(w->ste, 63, 59), format = (unsigned)ref_bits(w->ste, 5, 4);
    if (max && (format == 1 || format == 2)) return cd_address_two_levels(w, format == 1 ? 6 : 10, ssid, at);
    *at = align_down(ref_bits(w->ste, 51, 6) << 6, max + 6) + (uint64_t)ssid * 64;
    return true;
}

/* ---- the CD ---- */

static bool range_illegal(const struct ref_walk *w, unsigned tsz, unsigned granule, uint64_t ttb)
{
    unsigned out = ref_output_bits(w->u, (unsigned)ref_bits(w->cd, 34, 32));
    unsigned most = !w->u->small_tables ? 39 : granule == 16 ? 47 : 48;
    if (!granule || tsz > most || tsz < (granule == 16 ? 12u : 16u)) return true;
    return ttb >> out || (granule != 16 && ttb >> 48);
}

static bool cd_illegal(const struct ref_walk *w)
{
    static const unsigned tg0[4] = {12, 16, 14, 0}, tg1[4] = {0, 14, 12, 16};
    bool epd0 = !w->el2 && ref_bits(w->cd, 14, 14), epd1 = w->el2 || ref_bits(w->cd, 30, 30);
    if (!ref_bits(w->cd, 31, 31)) return true;
    if (ref_bits(w->ste, 91, 91) && ref_bits(w->cd, 44, 44)) return true; /* S1STALLD, S */
    if (!ref_bits(w->cd, 41, 41)) return true;                            /* AA64 */
    if (!epd0 && range_illegal(w, (unsigned)ref_bits(w->cd, 5, 0), tg0[ref_bits(w->cd, 7, 6)],
                               ref_bits(w->cd, 115, 68) << 4))
        return true;
    return !epd1 && range_illegal(w, (unsigned)ref_bits(w->cd, 21, 16), tg1[ref_bits(w->cd, 23, 22)],
                                  ref_bits(w->cd, 179, 132) << 4);
}

/* Which CD it is, or that stage 1 does not take part: *use. False: a fault. */
static bool choose_substream(struct ref_walk *w, uint32_t *ssid, bool *use)
{
    unsigned max = (unsigned)ref_bits(w->ste, 63, 59), dss = (unsigned)ref_bits(w->ste, 65, 64);
    *use = true;
    *ssid = w->q->substream ? w->q->ssid : 0;
    if (w->q->substream) {
        if ((uint64_t)w->q->ssid >> max || !max) return bad(w, REF_C_BAD_SUBSTREAMID);
        if (dss == 2 && !w->q->ssid) return bad(w, REF_F_STREAM_DISABLED);
        return true;
    }
    if (!max || dss == 2) return true;
    *use = false;
    return dss == 1 || bad(w, REF_F_STREAM_DISABLED);
}

static bool read_cd(struct ref_walk *w)
{
    uint32_t ssid;
    uint64_t at, pa;
    bool use;
    if (!choose_substream(w, &ssid, &use)) return false;
    w->stage1 = use;
    if (!use) return true;
    if (!cd_address(w, ssid, &at) || !cd_pointer(w, at, &pa)) return false;
    for (unsigned i = 0; i < 8; i++)
        if (!ref_load(w, REF_WORD_CD, pa + i * 8, &w->cd[i])) {
            w->a->fetch = pa;
            return bad(w, REF_F_CD_FETCH);
        }
    return !cd_illegal(w) || bad(w, REF_C_BAD_CD);
}

/* ---- the whole ---- */

/* What the fault that was noted means for the device: 5.5. */
static void settle(struct ref_walk *w)
{
    struct ref_answer *a = w->a;
    bool eligible = a->event >= REF_F_TRANSLATION && a->event <= REF_F_PERMISSION;
    bool abort_ = true, record = true, stall = false;
    if (eligible && a->stage2) {
        record = ref_bits(w->ste, 186, 186);
        stall = ref_bits(w->ste, 185, 185);
    } else if (eligible && w->stage1) {
        abort_ = ref_bits(w->cd, 46, 46);
        record = ref_bits(w->cd, 45, 45);
        stall = ref_bits(w->cd, 44, 44);
    }
    a->end = stall ? REF_STALL : abort_ ? REF_ABORT : REF_ZERO;
    a->recorded = record || stall;
}

static void apply_overrides(struct ref_walk *w)
{
    unsigned priv = (unsigned)ref_bits(w->ste, 113, 112), inst = (unsigned)ref_bits(w->ste, 115, 114);
    if (priv & 2) w->privileged = priv & 1;
    if ((inst & 2) && !w->q->write) w->execute = inst & 1;
}

static bool translate(struct ref_walk *w)
{
    uint64_t ipa = w->q->iova;
    unsigned config = (unsigned)ref_bits(w->ste, 3, 1), strw = (unsigned)ref_bits(w->ste, 95, 94);
    w->stage1 = config & 1;
    w->stage2 = config & 2;
    w->e2h = config == 5 && strw == 2 && w->u->e2h;
    w->el2 = config == 5 && strw == 2 && !w->u->e2h;
    apply_overrides(w);
    if (!w->stage1 && w->q->substream) return bad(w, REF_C_BAD_SUBSTREAMID);
    if (w->stage1 && !read_cd(w)) return false;
    if (!w->stage1 && ipa >> w->u->oas) return ref_fault(w, REF_F_ADDR_SIZE, false, REF_INPUT, 0);
    if (w->stage1 && !ref_stage1(w, &ipa)) return false;
    w->a->pa = ipa;
    return !w->stage2 || ref_stage2(w, ipa, w->q->write, w->execute, REF_INPUT, &w->a->pa);
}

static void answer(struct ref_walk *w)
{
    if (!read_ste(w))
        settle(w);
    else if (ref_bits(w->ste, 3, 3) == 0) /* Config 0b0xx: no event */
        w->a->end = REF_ABORT;
    else if (!translate(w))
        settle(w);
}

void ref_translate(const struct ref_unit *u, const struct ref_request *q, struct ref_answer *a)
{
    struct ref_walk w = {.u = u, .q = q, .a = a, .privileged = q->privileged};
    memset(a, 0, sizeof(*a));
    w.execute = q->execute && !q->write;
    if (!u->enabled) {
        a->pa = q->iova;
        if (u->gbpa_abort || q->iova >> u->oas) a->end = REF_ABORT;
        return;
    }
    answer(&w);
    a->execute = w.execute;
    a->privileged = w.privileged;
    memcpy(a->ste, w.ste, sizeof(a->ste));
    memcpy(a->cd, w.cd, sizeof(a->cd));
}
