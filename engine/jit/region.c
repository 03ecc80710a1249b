/* The second tier: the hot code around a place, as traces that share a choice of registers.
 *
 * trace.c finds the traces. Which state words deserve a host register is counted over all of them, weighted
 * by how often each instruction ran, and against what leaving and entering the region costs. The traces are
 * ordinary blocks to all others (jit.h: struct jit_pins); they replace those of the same address.
 */
#include "engine/jit/region.h"

#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOVES = 2,  /* of words, for each that is not in its standard place, when a region is left */
    JOINS = 4,  /* one exit in so many that leads to another region makes the traces part of it */
    WORTH = 64, /* once in so many instructions a word must be used more to take a register from another */
};

/* ---- what the path did in them ---- */

/* The path goes to this one. Counts only the one that it mostly goes to, by how far it is ahead of all
 * others.
 */
static void touch(struct jit_making *r, uint32_t region)
{
    if (!r->touches) r->touched = region;
    r->touches += r->touched == region ? 1 : -1u;
}

static void walk_path(struct jit_making *r)
{
    const struct jit_path *p = r->path;
    const struct jit_trace *t = NULL; /* the path is in this one; NULL: outside */
    uint32_t at = 0;                  /* at its instruction in pcs */
    for (uint32_t i = 0; i + 1 < p->n; i++) {
        if (!t || !jit_trace_stays(r, t, &at, p->pc[i])) {
            struct jit_trace *to = jit_trace_at(r, p->pc[i]);
            const struct jit_block *other = jit_trace_other(r, p->pc[i]);
            bool stays = t && to && !r->out[at - 1];
            if (t && other && other->region && !r->out[at - 1]) touch(r, other->region);
            r->crossings += stays ? 0 : (t != NULL) + (to != NULL);
            t = to && to->n ? to : NULL;
            if (!t) continue;
            to->runs++;
            r->runs++;
            at = t->first;
        }
        r->hits[at]++;
    }
}

static void count_uses(struct jit_making *r, const struct jit_trace *t)
{
    const struct ir_block *b = &r->j->ir;
    uint32_t hits = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        if (n->op == IR_INSN) hits = r->hits[t->first + n->a[0]];
        if (n->op != IR_GET && n->op != IR_SET) continue;
        unsigned words = b->nodes[n->op == IR_SET ? n->a[0] : i].type >= IR_I128 ? 2 : 1;
        for (unsigned k = 0; k < words; k++) r->uses[n->imm + k] += hits;
    }
}

/* ---- registers ---- */

/* The register of this class whose word is used least; 32: the class has none. */
static unsigned least_used(const struct jit_making *r, unsigned from, unsigned to)
{
    unsigned best = 32;
    for (unsigned i = from; i < to; i++) {
        uint16_t word = r->pins.word[i];
        if (word && (best == 32 || r->uses[word - 1] < r->uses[r->pins.word[best] - 1])) best = i;
    }
    return best;
}

static bool has_pin(const struct jit_making *r, unsigned word)
{
    bool has = r->j->host.pin_of_word[word];
    for (unsigned i = 0; i < ARRAY_LEN(r->pins.word); i++) has |= r->pins.word[i] == word + 1;
    return has;
}

/* Registers from..to go to those of `words` that are used more than the standard's. */
static void choose_class(struct jit_making *r, const uint16_t *words, unsigned n, unsigned from, unsigned to)
{
    for (;;) {
        unsigned reg = least_used(r, from, to), best = n;
        for (unsigned i = 0; i < n; i++)
            if (!has_pin(r, words[i]) && (best == n || r->uses[words[i]] > r->uses[words[best]])) best = i;
        if (reg == 32 || best == n) return;
        uint32_t gain = r->uses[words[best]], loss = r->uses[r->pins.word[reg] - 1];
        if (gain <= loss + r->path->n / WORTH + MOVES * r->crossings) return;
        r->pins.word[reg] = (uint16_t)(words[best] + 1);
    }
}

/* True when what suits it is not the standard. */
static bool choose_pins(struct jit_making *r)
{
    const struct guest_lift *g = r->j->lift;
    const uint16_t *standard = r->j->host.word_of_pin;
    bool own = false;
    memcpy(r->pins.word, standard, sizeof(r->pins.word));
    choose_class(r, g->pins, g->npins, 0, 16);
    choose_class(r, g->fp_pins, g->nfp_pins, 16, 32);
    for (unsigned i = 0; i < ARRAY_LEN(r->pins.word); i++) own |= r->pins.word[i] != standard[i];
    return own;
}

/* The region that the traces belong to: one that was there before, when the path goes to and fro between
 * them, or a new one, or (NULL) none, as the standard's registers suit it. */
static const struct jit_pins *find_pins(struct jit_making *r)
{
    struct jit *j = r->j;
    if (r->touches * JOINS > r->runs) return &j->regions[r->touched - 1];
    if (!choose_pins(r)) return NULL;
    r->pins.region = ++j->nregions;
    j->regions = xrealloc(j->regions, j->nregions * sizeof(*j->regions));
    j->regions[j->nregions - 1] = r->pins;
    return &r->pins;
}

/* ---- the whole ---- */

static bool lift_again(struct jit_making *r, struct jit_trace *t)
{
    r->npcs = t->first;
    if (!t->runs || !jit_trace_lift(r, t)) return false;
    ir_forward(&r->j->ir);
    ir_backward(&r->j->ir);
    return true;
}

static void install(struct jit_making *r, const struct jit_pins *pins)
{
    struct jit *j = r->j;
    jit_emit(&j->host, &j->ir, j->lift, pins, r->c->mem->window, &j->code);
    if (j->code.failed || !jit_fits(j)) return;
    struct jit_block *old = jit_find(j, j->ir.pc, j->key);
    if (old) jit_drop(j, old);
    for (uint32_t i = 0; i < j->ir.n; i++) j->stats.joined += j->ir.nodes[i].op == IR_SKIP;
    struct jit_block *b = jit_install(j, 2, pins ? pins->region : 0, false);
    if (b) jit_installed(j, b);
}

void jit_region(struct vcpu *c, struct jit_path *p)
{
    struct jit *j = c->backend;
    struct jit_making *r = calloc(1, sizeof(*r));
    if (!r) return;
    jit_path_sites(p);
    r->c = c;
    r->j = j;
    r->path = p;
    r->reader = (struct jit_reader){.c = c, .watched = ~0ull};
    jit_traces_find(r);
    walk_path(r);
    for (unsigned i = 0; i < r->ntraces; i++)
        if (lift_again(r, &r->traces[i])) count_uses(r, &r->traces[i]);
    const struct jit_pins *pins = find_pins(r);
    for (unsigned i = 0; i < r->ntraces; i++)
        if (lift_again(r, &r->traces[i])) install(r, pins);
    j->stats.regions++;
    free(r);
}
