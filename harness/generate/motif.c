/* A flow made on purpose: an instruction of one kind makes something, one of another kind uses it, and
 * control flow of the wanted sort lies between. Each sequence is about one flow; random ones never meet many
 * of them.
 */
#include "harness/generate/sequence.h"

#include <string.h>

enum { PATIENCE = 24, FILLING = 3 };

bool motif_fits(const struct gen_plan *p)
{
    bool relative = false, control = false;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        relative |= p->row->fields[i].kind->print == PRINT_PCREL;
        control |= p->row->fields[i].kind->print == PRINT_CSR || p->row->fields[i].test == TEST_CSR;
    }
    if (p->row->effects & EFFECT_JUMP) return relative;
    return flow_kind_of(p) == FLOW_CSR && !control && !(p->row->effects & EFFECT_RAISE);
}

/* ---- themes ---- */

static bool is_reg(const struct gen_plan *p, unsigned i)
{
    return p->row->fields[i].kind->print == PRINT_REG;
}

/* A register field that the row writes, or reads as what `via` says, in this file (NULL: any), from the i-th
 * on; the number of fields: none. */
static unsigned field_from(const struct gen_plan *p, const struct flow *f, bool makes,
                           const struct guest_reg *file, unsigned i)
{
    for (; i < p->row->nfields; i++) {
        const struct guest_field *d = &p->row->fields[i];
        bool base = (int)i == p->base_field;
        if (!is_reg(p, i) || (file && d->kind->file != file)) continue;
        if (makes ? d->access & GUEST_WRITE : d->access & GUEST_READ && base == (f->via == FLOW_ADDRESS))
            break;
    }
    return i;
}

/* The row's address is in a register that it names, so that two rows can have the same. */
static bool in_memory(const struct gen_plan *p, bool makes)
{
    unsigned effects = makes ? EFFECT_STORE | EFFECT_AMO : EFFECT_LOAD | EFFECT_AMO;
    return p->base_field >= 0 && p->row->effects & effects;
}

static bool can_make(const struct gen_sequencer *q, const struct gen_plan *p, const struct flow *f,
                     bool makes)
{
    if (q->kinds[p - q->plans] != (makes ? f->from : f->to)) return false;
    if (f->via == FLOW_MEMORY || f->via == FLOW_PART) return in_memory(p, makes);
    return field_from(p, f, makes, NULL, 0) < p->row->nfields;
}

static bool any_can(const struct gen_sequencer *q, const struct flow *f, bool makes)
{
    for (unsigned i = 0; i < q->nall; i++)
        if (can_make(q, &q->plans[i], f, makes)) return true;
    return false;
}

void motif_find(struct gen_sequencer *q)
{
    q->kinds = xcalloc(q->nall + 1, sizeof(*q->kinds));
    q->themes = xcalloc(FLOW_RAWS, sizeof(*q->themes));
    for (unsigned i = 0; i < q->nall; i++) q->kinds[i] = flow_kind_of(&q->plans[i]);
    for (unsigned raw = 0; raw < FLOW_FLAGS * FLOW_KINDS * FLOW_KINDS * FLOW_ACROSS; raw++) {
        struct flow f = flow_of_raw(raw);
        if (any_can(q, &f, true) && any_can(q, &f, false)) q->themes[q->nthemes++] = (uint16_t)raw;
    }
}

/* All of them before one comes again, in another order each time. */
struct flow motif_theme(const struct gen_sequencer *q, uint64_t n)
{
    struct rng r = {q->seed ^ (n / q->nthemes + 1) * 0x9e3779b97f4a7c15u};
    uint64_t first = rng_next(&r) >> 8;
    return flow_of_raw(q->themes[(n % q->nthemes * 1048583 + first) % q->nthemes]);
}

/* ---- choosing ---- */

static const struct gen_plan *pick_plan(struct gen_sequencer *q, bool makes)
{
    unsigned from = (unsigned)rng_below(&q->s.r, q->nall);
    for (unsigned i = 0; i < q->nall; i++) {
        const struct gen_plan *p = &q->plans[(from + i) % q->nall];
        if (can_make(q, p, &q->theme, makes)) return p;
    }
    return NULL;
}

/* One register for both, of a file that both have. */
static bool pick_register(struct gen_sequencer *q, struct motif *m)
{
    unsigned nfrom = m->from->row->nfields, nto = m->to->row->nfields;
    for (unsigned a = 0; (a = field_from(m->from, &q->theme, true, NULL, a)) < nfrom; a++) {
        const struct guest_field *x = &m->from->row->fields[a];
        unsigned b = field_from(m->to, &q->theme, false, x->kind->file, 0);
        if (b == nto) continue;
        const struct guest_field *y = &m->to->row->fields[b];
        m->file = step_file(&q->s, x->kind->file);
        for (int attempt = 0; attempt < PATIENCE; attempt++) {
            unsigned number = step_target(&q->s, m->file);
            if (!gen_can_be(x, number) || !gen_can_be(y, number)) continue;
            m->makes.field = (int)a;
            m->uses.field = (int)b;
            m->makes.number = m->uses.number = number;
            m->held = 1ull << number;
            return true;
        }
    }
    return false;
}

/* One address for both: a base, and a small offset where both add one. */
static bool pick_address(struct gen_sequencer *q, struct motif *m)
{
    bool offset = m->from->offset_field >= 0 && m->to->offset_field >= 0;
    m->makes.base = m->uses.base = (int)q->s.bases[rng_below(&q->s.r, q->s.nbases)].index;
    m->makes.offset = m->uses.offset = offset ? (rng_next(&q->s.r) & 3) * 8 : 0;
    return true;
}

static bool pick(struct gen_sequencer *q, struct motif *m)
{
    const struct step_wish any = {.field = -1, .base = -1};
    bool memory = q->theme.via == FLOW_MEMORY || q->theme.via == FLOW_PART;
    *m = (struct motif){.from = pick_plan(q, true), .to = pick_plan(q, false), .makes = any, .uses = any};
    m->makes.addresses = q->theme.via == FLOW_ADDRESS;
    if (!m->from || !m->to) return false;
    if (!memory) return pick_register(q, m);
    bool same = m->from->row->access_size == m->to->row->access_size;
    return same == (q->theme.via == FLOW_MEMORY) && pick_address(q, m);
}

/* ---- writing ---- */

static void fill(struct gen_sequencer *q)
{
    for (unsigned n = (unsigned)rng_below(&q->s.r, FILLING); n; n--) sequence_single(q);
}

static void hold(struct gen_sequencer *q, const struct motif *m, bool held)
{
    if (held)
        q->s.fixed[m->file] |= m->held;
    else
        q->s.fixed[m->file] &= ~m->held;
}

void motif_inside(struct gen_sequencer *q)
{
    const struct motif *m = &q->motif; /* singles only: no other one begins in here */
    (void)sequence_encode(q, m->to, &m->uses);
    hold(q, m, true);
    fill(q);
    hold(q, m, false);
    (void)sequence_encode(q, m->from, &m->makes);
}

/* The first time round a loop nothing was made yet: an address from somewhere, that the loop goes on. */
static void make_address(struct gen_sequencer *q, const struct motif *m)
{
    const struct flow any = {FLOW_VALUE, FLOW_INT, FLOW_INT, FLOW_STRAIGHT};
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
        unsigned i = (unsigned)rng_below(&q->s.r, q->nplans);
        const struct gen_plan *p = &q->plans[i];
        unsigned field = field_from(p, &any, true, q->s.files[m->file], 0);
        if (q->kinds[i] != FLOW_INT || field == p->row->nfields) continue;
        struct step_wish w = {.field = (int)field, .number = m->makes.number, .base = -1, .addresses = true};
        if (sequence_encode(q, p, &w)) return;
    }
}

/* What a shape has around its @: a label before that is gone to behind it, a register of its own, a jump. */
static enum flow_across across_of(const char *text)
{
    const char *at = strchr(text, '@'), *label = strstr(text, "$1:");
    if (!at || !label) return FLOW_STRAIGHT;
    if (label < at && strstr(at, "$1")) return FLOW_LOOP;
    return strstr(text, "$l") ? FLOW_CALL : FLOW_BRANCH;
}

const char *motif_shape(struct gen_sequencer *q, enum flow_across across)
{
    unsigned from = q->nshapes ? (unsigned)rng_below(&q->s.r, q->nshapes) : 0;
    for (unsigned i = 0; i < q->nshapes; i++) {
        const char *text = q->guest->shapes[(from + i) % q->nshapes];
        if (across_of(text) == across) return text;
    }
    return NULL;
}

void motif_make(struct gen_sequencer *q, unsigned depth)
{
    enum flow_across across = q->theme.across;
    const char *text = across == FLOW_STRAIGHT ? NULL : motif_shape(q, across);
    struct motif m;
    bool good = false;
    for (int attempt = 0; attempt < PATIENCE && !good; attempt++) good = pick(q, &m);
    if (!good || (across != FLOW_STRAIGHT && !text)) return;
    bool round = across == FLOW_LOOP;
    if (!round && !sequence_encode(q, m.from, &m.makes)) return;
    if (round && q->theme.via == FLOW_ADDRESS) make_address(q, &m);
    q->motif = m;
    q->inside = round;
    hold(q, &m, true);
    if (text)
        sequence_shape(q, text, depth);
    else
        fill(q);
    hold(q, &m, false);
    if (!round) (void)sequence_encode(q, m.to, &m.uses);
}
