/* The state that a run has come to, as the start of a case. */
#include "harness/shrink/shrink.h"

#include "harness/judge/compare.h"

#include <string.h>

static void take_registers(const struct guest *g, const uint64_t *state, const uint64_t *blank,
                           struct draft *out)
{
    out->nregs = 0;
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        for (unsigned k = 0; k < r->count && out->nregs < CASE_MAX_REGS; k++) {
            size_t at = r->word + (size_t)k * r->words, bytes = r->words * sizeof(uint64_t);
            if (at == g->pc_word || (int)k == r->zero || !memcmp(state + at, blank + at, bytes)) continue;
            struct case_reg *set = &out->regs[out->nregs++];
            *set = (struct case_reg){.ref = {r, k}};
            memcpy(set->value, state + at, bytes);
        }
    }
}

/* Bytes of one entry more. */
static bool add_bytes(struct draft *out, uint64_t at, const uint8_t *p, unsigned n)
{
    if (out->nmem == CASE_MAX_MEM || n > sizeof(out->data) - out->ndata) return false;
    out->mem[out->nmem] = (struct case_mem){.at = at, .size = n};
    out->bytes[out->nmem++] = out->ndata;
    memcpy(out->data + out->ndata, p, n);
    out->ndata += n;
    return true;
}

/* What a page holds and a fresh one does not; differences close together are one entry. */
static bool take_page(uint64_t page, const uint8_t *is, const uint8_t *fresh, struct draft *out)
{
    enum { GAP = 16 };
    for (unsigned i = 0; i < CPU_PAGE; i++) {
        if (is[i] == fresh[i]) continue;
        unsigned last = i;
        for (unsigned k = i + 1; k < CPU_PAGE && k - last <= GAP; k++)
            if (is[k] != fresh[k]) last = k;
        if (!add_bytes(out, page + i, is + i, last - i + 1)) return false;
        i = last;
    }
    return true;
}

static bool take_memory(const struct mem *m, const struct draft *d, struct draft *out)
{
    struct test_case blank = {.guest = d->guest};
    uint8_t fresh[CPU_PAGE];
    out->nmem = out->ndata = 0;
    for (unsigned i = 0; i < d->nmem; i++) {
        if (!d->mem[i].perm) continue;
        out->bytes[out->nmem] = ~0u;
        out->mem[out->nmem++] = d->mem[i];
    }
    for (unsigned i = 0; i < m->count; i++) {
        const struct mem_region *r = &m->regions[i];
        for (uint64_t page = r->base; page < r->base + r->size; page += CPU_PAGE) {
            if (page == LAYOUT_CODE) continue; /* the code stands in the draft */
            case_page(&blank, page, fresh);
            if (!take_page(page, r->host + (page - r->base), fresh, out)) return false;
        }
    }
    return true;
}

bool snapshot_take(const struct draft *d, const struct outcome *o, const uint64_t *blank, struct draft *out)
{
    uint64_t pc = o->state[d->guest->pc_word], at = d->at;
    unsigned first = 0;
    if (o->exit.kind != EXIT_BUDGET) return false;
    for (; first < d->ninsns && at != pc; first++) at += d->insns[first].length;
    if (first == d->ninsns || d->at - LAYOUT_CODE >= LAYOUT_CODE_SIZE) return false;
    out->guest = d->guest;
    memcpy(out->insns, d->insns, sizeof(out->insns));
    out->ninsns = d->ninsns;
    for (unsigned i = first; i < out->ninsns; i++)
        if (out->insns[i].target >= 0 && out->insns[i].target < (int)first)
            out->insns[i].target = (int16_t)first;
    draft_remove_insns(out, 0, first);
    out->at = pc;
    out->steps = d->steps - o->exit.executed;
    take_registers(d->guest, o->state, blank, out);
    return take_memory(o->mem, d, out);
}
