/* Which bins one case hits. Called for every case of a run: no allocation, no text. */
#include "harness/cover/bins.h"

/* What is looked at. */
struct sight {
    const struct bins *b;               /* the row's bins */
    const struct test_case *c;          /* the case */
    const uint64_t *state;              /* before, or NULL: what the case says */
    uint32_t word;                      /* the instruction */
    uint64_t values[BINS_MAX_OPERANDS]; /* of the operands */
    uint8_t classes[BINS_MAX_OPERANDS]; /* theirs */
    struct bin_hits *hits;              /* what was seen */
};

static uint32_t first_word(const struct test_case *c)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < 4 && i < c->code_size; i++) word |= (uint32_t)c->code[i] << (8 * i);
    return word;
}

static uint64_t reg_before(const struct sight *s, struct guest_reg_ref r)
{
    if ((int)r.index == r.reg->zero) return 0;
    if (s->state) return s->state[r.reg->word + r.index * r.reg->words];
    for (unsigned i = 0; i < s->c->nin; i++)
        if (s->c->in[i].ref.reg == r.reg && s->c->in[i].ref.index == r.index) return s->c->in[i].value[0];
    return r.reg->reset;
}

static struct guest_reg_ref field_reg(const struct sight *s, unsigned field)
{
    const struct guest_field *f = &s->b->plan.row->fields[field];
    return (struct guest_reg_ref){f->kind->file, (unsigned)guest_field_get(f, s->word) + f->kind->add};
}

static void hit(const struct sight *s, const struct bin_group *g, unsigned raw)
{
    if (g->map[raw] != BIN_NONE) bin_hit(s->hits, g->map[raw]);
}

static void hit_bits(const struct sight *s, const struct bin_group *g, unsigned raws)
{
    for (unsigned raw = 0; raws; raw++, raws >>= 1)
        if (raws & 1) hit(s, g, raw);
}

/* ---- before ---- */

static void look_at_operands(struct sight *s)
{
    for (unsigned i = 0; i < s->b->noperands; i++) {
        const struct bin_operand *o = &s->b->operands[i];
        s->values[i] = reg_before(s, o->field < 0 ? o->reg : field_reg(s, (unsigned)o->field));
        s->classes[i] = (uint8_t)class_of(o, s->values[i]);
    }
}

static bool plays(const struct sight *s, const struct gen_role *role)
{
    const struct gen_plan *p = &s->b->plan;
    struct guest_reg_ref a = field_reg(s, role->a);
    switch ((enum gen_role_kind)role->kind) {
    case ROLE_DISTINCT: return false;
    case ROLE_SAME: return a.index == field_reg(s, role->b).index;
    case ROLE_ZERO: return (int)a.index == a.reg->zero;
    case ROLE_IMPLICIT: return a.index == p->implicit[role->b].index;
    case ROLE_ALL: break;
    }
    int first = -1;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        if (p->row->fields[i].kind->print != PRINT_REG) continue;
        int index = (int)field_reg(s, i).index;
        if (first >= 0 && index != first) return false;
        first = index;
    }
    return true;
}

/* All are different when nobody is anybody. */
static void see_roles(const struct sight *s, const struct bin_group *g)
{
    const struct gen_plan *p = &s->b->plan;
    unsigned distinct = BIN_NONE;
    bool any = false;
    for (unsigned raw = 0; raw < g->nraw; raw++) {
        if (p->roles[raw].kind == ROLE_DISTINCT) {
            if (g->map[raw] != BIN_NONE) distinct = raw;
            continue;
        }
        if (g->map[raw] == BIN_NONE || !plays(s, &p->roles[raw])) continue;
        hit(s, g, raw);
        any = true;
    }
    if (!any && distinct != BIN_NONE) hit(s, g, distinct);
}

static void see_imm(const struct sight *s, const struct bin_group *g)
{
    const struct guest_field *f = &s->b->plan.row->fields[g->a];
    uint64_t v = guest_field_get(f, s->word), bits = v & bits_mask(f->width);
    uint64_t ones = bits_mask(f->width) & ~bits_mask(f->low), top = 1ull << (f->width - 1);
    if (!bits) hit(s, g, IMM_ZERO);
    if (bits == ones) hit(s, g, IMM_MINUS_ONE);
    if (bits == (f->kind->is_signed ? ones & ~top : ones)) hit(s, g, IMM_MAX);
    if (bits && !(bits & (bits - 1))) hit(s, g, IMM_BIT + (unsigned)__builtin_ctzll(bits));
}

static void see_round(const struct sight *s, const struct bin_group *g)
{
    const struct gen_plan *p = &s->b->plan;
    const struct guest_field *f = &p->row->fields[g->a];
    unsigned value = (unsigned)guest_field_get(f, s->word), control = 0;
    if ((int)value > f->kind->round_max && p->control_reg >= 0)
        control = (unsigned)reg_before(s, (struct guest_reg_ref){&p->guest->regs[p->control_reg], 0});
    hit(s, g, value * ROUND_CONTROLS + control % ROUND_CONTROLS);
}

static void see_csr(const struct sight *s, const struct bin_group *g)
{
    const struct guest *guest = s->b->plan.guest;
    unsigned number = (unsigned)guest_field_get(&s->b->plan.row->fields[g->a], s->word);
    const struct guest_csr *csr = guest_csr_at(guest, number);
    unsigned raw = s->b->ncontrols + !csr;
    struct guest_reg_ref r = csr ? guest_reg_find(guest, csr->name) : (struct guest_reg_ref){0};
    for (unsigned i = 0; r.reg && i < s->b->ncontrols; i++)
        if (s->b->controls[i].reg == r.reg) raw = i;
    hit(s, g, raw);
}

/* The base register and what the instruction adds to it. */
static uint64_t address(const struct sight *s)
{
    const struct gen_plan *p = &s->b->plan;
    uint64_t base = reg_before(s, p->base_field >= 0 ? field_reg(s, (unsigned)p->base_field)
                                                     : p->implicit[p->base_implicit]);
    return base + (p->offset_field >= 0 ? guest_field_get(&p->row->fields[p->offset_field], s->word) : 0);
}

/* What stands at the address of the access, as far as the case says it: the row's size, at most 8 bytes. */
static bool memory_before(const struct sight *s, uint64_t addr, uint64_t *v)
{
    unsigned size = s->b->plan.row->access_size < 8 ? s->b->plan.row->access_size : 8;
    for (unsigned i = 0; i < s->c->nmem; i++) {
        const struct case_mem *m = &s->c->mem[i];
        if (!m->data || addr < m->at || addr - m->at > m->size || m->size - (addr - m->at) < size) continue;
        *v = 0;
        for (unsigned k = 0; k < size; k++) *v |= (uint64_t)m->data[addr - m->at + k] << (8 * k);
        return true;
    }
    return false;
}

static void see_switch(const struct sight *s, const struct bin_group *g)
{
    const struct gen_switch *w = &s->b->plan.switches[g->a];
    uint64_t v = reg_before(s, (struct guest_reg_ref){w->reg, 0}) >> w->lo & bits_mask(w->width), found;
    unsigned bits = s->b->plan.row->access_size * 8u;
    switch (w->test) {
    case TEST_NONE:
        for (unsigned raw = 1; raw < w->n; raw++)
            if (w->v[raw] == v) hit(s, g, raw);
        break;
    case TEST_ADDRESS:
        if (v == address(s)) hit(s, g, 1);
        break;
    default:
        if (memory_before(s, address(s), &found) && !((v ^ found) & bits_mask(bits < 64 ? bits : 64)))
            hit(s, g, 1);
        break;
    }
}

static void see_group(const struct sight *s, const struct bin_group *g)
{
    const struct bin_operand *o = s->b->operands;
    const struct guest_row *row = s->b->plan.row;
    switch ((enum bin_kind)g->kind) {
    case BIN_CLASS: hit(s, g, s->classes[g->a]); break;
    case BIN_CROSS: hit(s, g, s->classes[g->a] * class_count(o[g->b].test) + s->classes[g->b]); break;
    case BIN_RELATION: hit_bits(s, g, relations_of(&o[g->a], s->values[g->a], s->values[g->b])); break;
    case BIN_ROLE: see_roles(s, g); break;
    case BIN_IMM: see_imm(s, g); break;
    case BIN_ENUM: {
        const struct guest_field *f = &row->fields[g->a];
        hit(s, g, (unsigned)((guest_field_get(f, s->word) & bits_mask(f->width)) >> f->low));
        break;
    }
    case BIN_ROUND: see_round(s, g); break;
    case BIN_CSR: see_csr(s, g); break;
    case BIN_ADDRESS:
        hit_bits(s, g, place_of(s->c, address(s), row->access_size ? row->access_size : 1));
        break;
    case BIN_SWITCH: see_switch(s, g); break;
    case BIN_TARGET: hit_bits(s, g, target_of(s->c, address(s))); break;
    case BIN_EXECUTED:
    case BIN_FAULT:
    case BIN_FLAG:
    case BIN_BRANCH:
    case BIN_FLOW:
    case BIN_KINDS: break;
    }
}

void bins_before(const struct bins *b, const struct test_case *c, const uint64_t *state, struct bin_hits *h)
{
    struct sight s = {.b = b, .c = c, .state = state, .word = first_word(c), .hits = h};
    *h = (struct bin_hits){0};
    look_at_operands(&s);
    for (unsigned i = 0; i < b->ngroups; i++) see_group(&s, &b->groups[i]);
}

/* ---- after ---- */

static bool is_exception(const struct cpu_exit *e)
{
    return e->kind == EXIT_FAULT || e->kind == EXIT_SYSCALL || e->kind == EXIT_BREAKPOINT;
}

/* The instruction did not finish: what is known is where it went wrong. */
static bool counts_when_faulting(enum bin_kind kind)
{
    return kind == BIN_ROUND || kind == BIN_CSR || kind == BIN_ADDRESS || kind == BIN_TARGET ||
           kind == BIN_SWITCH;
}

/* Takes away what is about values that were never used. */
static void forget_values(const struct bins *b, struct bin_hits *h)
{
    for (unsigned i = 0; i < b->n; i++)
        if (!counts_when_faulting(b->groups[b->list[i].group].kind)) h->bits[i / 64] &= ~(1ull << (i % 64));
}

static void see_flag(const struct sight *s, const struct bin_group *g, const struct outcome *o)
{
    unsigned word = s->b->plan.guest->regs[s->b->plan.flags_reg].word;
    bool before = o->before[word] >> g->a & 1, after = o->state[word] >> g->a & 1;
    hit(s, g, before ? FLAG_SET : after ? FLAG_RAISED : FLAG_CLEAR);
}

/* A branch to the next instruction shows nothing. */
static void see_branch(const struct sight *s, const struct bin_group *g, uint64_t pc)
{
    const struct guest_row *row = s->b->plan.row;
    for (unsigned i = 0; s->b->conditional && i < row->nfields; i++)
        if (row->fields[i].kind->print == PRINT_PCREL &&
            guest_field_get(&row->fields[i], first_word(s->c)) == row->length)
            return;
    hit(s, g, s->b->conditional && pc == s->c->code_at + row->length);
}

void bins_after(const struct bins *b, const struct test_case *c, const struct outcome *o, struct bin_hits *h)
{
    const struct guest_row *row = b->plan.row;
    struct sight s = {.b = b, .c = c, .hits = h};
    bool fault = is_exception(&o->exit) && !o->exit.executed,
         of_row = fault && bins_raises(b->plan.guest, row) >> o->exit.cause & 1;
    if (fault) forget_values(b, h);
    if (fault && !of_row) return; /* it was never reached */
    for (unsigned i = 0; i < b->ngroups; i++) {
        const struct bin_group *g = &b->groups[i];
        if (g->kind == BIN_EXECUTED) hit(&s, g, 0);
        if (g->kind == BIN_FAULT && of_row) hit(&s, g, o->exit.cause);
        if (g->kind == BIN_FLAG && !fault) see_flag(&s, g, o);
        if (g->kind == BIN_BRANCH && !fault) see_branch(&s, g, o->state[b->plan.guest->pc_word]);
    }
}

/* ---- sequences ---- */

enum { DIRTY_WORDS = 512 };

/* What earlier instructions of a sequence may have changed. */
struct dirt {
    uint64_t words[DIRTY_WORDS / 64]; /* bit per word of the state */
    bool all;                         /* anything */
};

static void dirt_reg(struct dirt *d, struct guest_reg_ref r, unsigned count)
{
    unsigned from = r.reg->word + r.index * r.reg->words, to = from + count * r.reg->words;
    for (unsigned w = from; w < to && w < DIRTY_WORDS; w++) d->words[w / 64] |= 1ull << (w % 64);
    d->all |= to > DIRTY_WORDS;
}

static bool is_dirty(const struct dirt *d, struct guest_reg_ref r)
{
    unsigned w = r.reg->word + r.index * r.reg->words;
    return d->all || w >= DIRTY_WORDS || d->words[w / 64] >> (w % 64) & 1;
}

/* The registers that the instruction writes, or names itself. What CSRs do is anybody's guess. */
static void dirt_add(struct dirt *d, const struct sight *s)
{
    const struct gen_plan *p = &s->b->plan;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        if (f->kind->print == PRINT_REG && f->access & GUEST_WRITE)
            dirt_reg(d, field_reg(s, i), 1 + f->kind->pair);
    }
    for (unsigned i = 0; i < p->nimplicit; i++) dirt_reg(d, p->implicit[i], 1);
    if (s->b->sets_control) dirt_reg(d, (struct guest_reg_ref){&p->guest->regs[p->control_reg], 0}, 1);
    for (unsigned i = 0; s->b->sets_tested && i < p->guest->nregs; i++)
        if (p->guest->regs[i].test != TEST_NONE)
            dirt_reg(d, (struct guest_reg_ref){&p->guest->regs[i], 0}, 1);
    d->all |= (p->row->effects & EFFECT_CSR) != 0;
}

/* Everything that bins_before looks at is still as it was before the sequence. */
static bool is_known(const struct dirt *d, const struct sight *s)
{
    const struct gen_plan *p = &s->b->plan;
    bool known = !d->all;
    for (unsigned i = 0; i < s->b->noperands && known; i++) {
        const struct bin_operand *o = &s->b->operands[i];
        known = !is_dirty(d, o->field < 0 ? o->reg : field_reg(s, (unsigned)o->field));
    }
    if (p->base_field >= 0) known = known && !is_dirty(d, field_reg(s, (unsigned)p->base_field));
    if (p->base_field < 0 && p->base_implicit >= 0)
        known = known && !is_dirty(d, p->implicit[p->base_implicit]);
    if (p->nrounds && p->control_reg >= 0)
        known = known && !is_dirty(d, (struct guest_reg_ref){&p->guest->regs[p->control_reg], 0});
    for (unsigned i = 0; i < p->nswitches; i++)
        known = known && !is_dirty(d, (struct guest_reg_ref){p->switches[i].reg, 0});
    return known;
}

void bins_executed(const struct bins *const *all, const struct test_case *c, const struct outcome *o,
                   void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg)
{
    struct dirt dirt = {0};
    struct test_case rest = *c; /* from the instruction at hand on */
    uint64_t left = o->exit.executed;
    for (; rest.code_size && left; left--) {
        int index = c->guest->decode(first_word(&rest));
        const struct bins *b = index < 0 ? NULL : all[index];
        if (!b) return;
        struct sight s = {.b = b, .c = &rest, .state = o->before, .word = first_word(&rest)};
        struct bin_hits h = {0};
        if (is_known(&dirt, &s)) bins_before(b, &rest, o->before, &h);
        bin_hit(&h, 0);
        seen(arg, (unsigned)index, &h);
        dirt_add(&dirt, &s);
        unsigned length = b->plan.row->length;
        if (b->plan.row->effects & EFFECT_JUMP || length > rest.code_size) return;
        rest.code += length;
        rest.code_at += length;
        rest.code_size -= length;
    }
}
