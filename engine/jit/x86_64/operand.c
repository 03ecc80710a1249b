/* What emitters call: arguments, where they want them; results, where they are wanted. */
#include "engine/jit/x86_64/alloc.h"

unsigned use_g(struct emit *e, uint32_t v)
{
    if (e->val[v].disp) return alloc_add_up(e, v, ASM_NONE);
    if (emit_width(e->nodes[v].type) <= 32) return use_low(e, v);
    return alloc_use(e, e->val[v].cell, ALLOC_GPRS, EMIT_GPRS);
}

unsigned use_low(struct emit *e, uint32_t v)
{
    uint32_t late = e->late & emit_cell_of(e, v)->regs;
    if (!late) return alloc_use(e, e->val[v].cell, ALLOC_GPRS, EMIT_GPRS);
    e->locked |= 1u << alloc_first(late);
    return alloc_first(late);
}

bool emit_is_late(struct emit *e, uint32_t v)
{
    return !e->val[v].disp && emit_cell_of(e, v)->regs & e->late;
}

unsigned use_scaled(struct emit *e, uint32_t v)
{
    return alloc_use(e, e->val[v].cell, ALLOC_GPRS, EMIT_GPRS);
}

unsigned use_x(struct emit *e, uint32_t v)
{
    if (e->val[v].disp) alloc_add_up(e, v, ASM_NONE);
    return alloc_use(e, e->val[v].cell, ALLOC_XMMS, EMIT_XMMS);
}

static const uint32_t zero_extend[] = {[8] = ASM_MOVZX8, [16] = ASM_MOVZX16, [32] = ASM_MOV};
static const uint32_t sign_extend[] = {
    [8] = ASM_MOVSX8 | ASM_W, [16] = ASM_MOVSX16 | ASM_W, [32] = ASM_MOVSXD};

unsigned use_gz(struct emit *e, uint32_t v)
{
    uint32_t before = e->locked;
    unsigned w = emit_width(e->nodes[v].type), r = use_g(e, v);
    if (w == 64 || emit_cell_of(e, v)->zero <= w) return r;
    unsigned t = use_tmp(e, EMIT_GPRS);
    e->locked = before | 1u << t; /* the original is not read again */
    asm_rr(e->c, zero_extend[w == 1 ? 8 : w], t, r);
    if (w == 1) asm_alu_i(e->c, ALU_AND, 0, &(struct asm_rm){.reg = (uint8_t)t}, 1);
    return t;
}

unsigned use_gs(struct emit *e, uint32_t v)
{
    uint32_t before = e->locked;
    unsigned w = emit_width(e->nodes[v].type), r = use_g(e, v);
    if (w == 64 || emit_cell_of(e, v)->sign <= w) return r;
    unsigned t = use_tmp(e, EMIT_GPRS);
    e->locked = before | 1u << t;
    asm_rr(e->c, sign_extend[w], t, r);
    return t;
}

void use_in(struct emit *e, uint32_t v, unsigned reg)
{
    alloc_load(e, emit_cell_of(e, v), reg);
    if (e->val[v].disp) asm_mem(e->c, ASM_LEA | ASM_W, reg, reg, e->val[v].disp);
}

/* Does node e->at use v for the last time? */
bool alloc_last_use(struct emit *e, uint32_t v)
{
    const struct ir_node *n = &e->nodes[e->at];
    if (e->val[v].peer != v) return false;
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++)
        if (n->a[k] == v && e->b->next[e->at][k] > e->at) return false;
    return true;
}

bool use_dying_in(struct emit *e, uint32_t v, unsigned reg)
{
    if (e->val[v].disp || !(emit_cell_of(e, v)->regs >> reg & 1) || !alloc_last_use(e, v)) {
        use_fixed(e, reg);
        return false;
    }
    e->locked |= 1u << reg;
    return true;
}

/* The cell's memory, where reading it once is better than loading it. */
static bool in_memory(struct emit *e, uint32_t v, uint32_t temps, struct asm_rm *m)
{
    const struct emit_cell *c = emit_cell_of(e, v);
    if (c->regs || c->constant || e->val[v].disp) return false;
    if (!alloc_last_use(e, v) && alloc_find(e, temps) != ASM_NONE) return false;
    *m = c->home >= 0 ? asm_m(ASM_RBP, emit_word_disp((unsigned)c->home))
                      : asm_m(ASM_RBP, emit_slot_disp(c->slot));
    return true;
}

struct asm_rm use_rm(struct emit *e, uint32_t v)
{
    struct asm_rm m;
    return in_memory(e, v, EMIT_GPRS, &m) ? m : asm_r(use_g(e, v));
}

struct asm_rm use_xm(struct emit *e, uint32_t v)
{
    struct asm_rm m;
    return in_memory(e, v, EMIT_XMMS, &m) ? m : asm_r(use_x(e, v));
}

struct asm_rm use_kept(struct emit *e, uint32_t v)
{
    const struct emit_cell *c = emit_cell_of(e, v);
    uint32_t regs = c->regs & ~(uint32_t)EMIT_GPRS;
    if (emit_width(e->nodes[v].type) > 32) emit_settle(e, regs);
    if (regs) return asm_r(alloc_first(regs));
    if (c->constant) return asm_r(ASM_NONE);
    return c->home >= 0 ? asm_m(ASM_RBP, emit_word_disp((unsigned)c->home))
                        : asm_m(ASM_RBP, emit_slot_disp(c->slot));
}

bool use_imm(struct emit *e, uint32_t v, unsigned w, int32_t *imm)
{
    if (!emit_is_const(e, v)) return false;
    uint64_t c = emit_const_of(e, v);
    if (w < 64) c = (uint64_t)bits_sext(c, w);
    *imm = (int32_t)c;
    return (int64_t)c == *imm;
}

struct asm_rm use_address(struct emit *e, uint32_t v)
{
    struct emit_cell *c = emit_cell_of(e, v);
    int32_t disp = e->val[v].disp;
    if (c->constant) {
        int64_t at = (int64_t)(c->imm + (uint64_t)(int64_t)disp);
        if (at == (int32_t)at) return asm_m(ASM_NONE, (int32_t)at);
    }
    if (e->sum_end == e->c->n && e->sum_cell == e->val[v].cell) {
        struct asm_rm m = e->sum;
        e->locked |= 1u << m.base | 1u << m.index;
        m.disp = disp;
        return m;
    }
    return asm_m(alloc_use(e, e->val[v].cell, ALLOC_GPRS, EMIT_GPRS), disp);
}

struct asm_rm use_memory(struct emit *e, uint32_t v)
{
    uint32_t before = e->locked;
    struct asm_rm m = use_address(e, v);
    int64_t disp = (int64_t)m.disp + e->window_at;
    m.gs = !e->window_at;
    if (disp != (int32_t)disp) {
        unsigned t = use_tmp(e, EMIT_GPRS);
        if (m.base == ASM_NONE)
            asm_const(e->c, t, (uint64_t)(int64_t)m.disp);
        else
            asm_op(e->c, ASM_LEA | ASM_W, t, 0, &m);
        e->locked = before | 1u << t;
        m = asm_m(t, 0);
        disp = e->window_at;
    }
    m.disp = (int32_t)disp;
    return m;
}

void emit_taken(struct emit *e)
{
    const struct ir_node *n = &e->nodes[e->at];
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) {
        uint32_t v = n->a[k], next = e->b->next[e->at][k];
        if (v == IR_NONE || next == e->at) continue; /* used twice here: the other one says what follows */
        e->val[v].use = next;
        if (next) continue;
        if (v == e->flag_val)
            e->flag_val = EMIT_NONE;
        else if (e->val[v].cell != EMIT_NONE)
            alloc_leave(e, v);
    }
}

/* ---- results ---- */

static unsigned define(struct emit *e, uint32_t mask, uint32_t reuse)
{
    unsigned r = alloc_choose(e, e->at, mask, reuse);
    e->locked |= 1u << r;
    alloc_cell(e, e->at);
    alloc_place(e, e->at, r);
    return r;
}

unsigned def_g(struct emit *e, uint32_t reuse)
{
    return define(e, EMIT_GPRS, reuse);
}

unsigned def_x(struct emit *e, uint32_t reuse)
{
    return define(e, EMIT_XMMS, reuse);
}

void def_in(struct emit *e, unsigned reg)
{
    BUG_ON(e->reg[reg] != EMIT_NONE);
    alloc_cell(e, e->at);
    alloc_place(e, e->at, reg);
}

/* Where v, in the low half of the pinned register that the result is wanted in, is used for the last time. */
bool def_late(struct emit *e, uint32_t v)
{
    const struct emit_val *x = &e->val[e->at];
    unsigned p = x->pin - 1u;
    if (!x->pin || p >= ASM_XMM0 || e->at > x->until || e->val[v].disp || !alloc_last_use(e, v)) return false;
    if (e->reg[p] != e->val[v].cell) return false;
    emit_taken(e);
    alloc_cell(e, e->at);
    alloc_place(e, e->at, p);
    e->late |= 1u << p;
    return true;
}

void def_same(struct emit *e, uint32_t v)
{
    alloc_join(e, e->at, e->val[v].cell, e->val[v].disp);
    emit_taken(e);
}

void def_sum(struct emit *e, uint32_t v, int32_t disp)
{
    alloc_join(e, e->at, e->val[v].cell, disp);
    emit_taken(e);
}

void def_scaled(struct emit *e, uint32_t v, unsigned scale)
{
    def_sum(e, v, 0);
    e->val[e->at].scale = (uint8_t)scale;
}

void def_flags(struct emit *e, enum asm_cc cc)
{
    e->val[e->at].cell = EMIT_NONE;
    e->flag_val = e->at;
    e->flag_cc = (uint8_t)cc;
}

void def_const(struct emit *e, uint64_t imm)
{
    struct emit_cell *c = alloc_cell(e, e->at);
    unsigned bits = imm ? 64 - (unsigned)__builtin_clzll(imm) : 0;
    c->constant = true;
    c->imm = imm;
    c->zero = (uint8_t)bits;
    c->sign = (uint8_t)(bits < 64 ? bits + 1 : 64);
}

int def_wide(struct emit *e)
{
    struct emit_cell *c = alloc_cell(e, e->at);
    c->wide = true;
    c->slot = (int16_t)alloc_slot(e, 2);
    return c->slot;
}

void emit_drop(struct emit *e)
{
    uint32_t v = e->at;
    if (e->val[v].use) return;
    if (v == e->flag_val) e->flag_val = EMIT_NONE;
    if (e->val[v].cell != EMIT_NONE) alloc_leave(e, v);
}

/* setcc leaves what is above its byte, and waits for it: so that is made zero before, by what keeps flags. */
void emit_truth(struct emit *e, enum asm_cc cc, unsigned reg)
{
    asm_const(e->c, reg, 0);
    asm_rr(e->c, ASM_SETCC + cc, 0, reg);
}

void alloc_flags_out(struct emit *e)
{
    uint32_t v = e->flag_val;
    unsigned cc = e->flag_cc, r = alloc_take(e, EMIT_GPRS);
    emit_truth(e, cc, r);
    alloc_cell(e, v)->zero = 1;
    alloc_place(e, v, r);
    e->flag_val = EMIT_NONE;
    e->flags_busy = true; /* whoever asked may still want them */
}
