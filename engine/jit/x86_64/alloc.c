/* Which cell is in which register, and what has to give way. See emit.h for cells.
 *
 * What is needed latest gives way first, and is stored only when it is nowhere else. Everything that moves
 * content here leaves the host's flags alone, so that a comparison may wait in them.
 */
#include "engine/jit/x86_64/alloc.h"

/* ---- cells ---- */

struct emit_cell *alloc_cell(struct emit *e, uint32_t v)
{
    struct emit_cell *c = &e->cell[v];
    *c = (struct emit_cell){.member = v, .zero = 64, .sign = 64, .ones = 64, .slot = -1, .home = -1};
    e->val[v].cell = e->val[v].peer = v;
    e->val[v].disp = 0;
    return c;
}

void alloc_join(struct emit *e, uint32_t v, uint32_t cell, int32_t disp)
{
    uint32_t m = e->cell[cell].member;
    e->val[v].cell = cell;
    e->val[v].disp = disp;
    e->val[v].peer = e->val[m].peer;
    e->val[m].peer = v;
}

void alloc_place(struct emit *e, uint32_t cell, unsigned reg)
{
    e->late &= ~(1u << reg);
    e->reg[reg] = cell;
    e->cell[cell].regs |= 1u << reg;
}

void alloc_unplace(struct emit *e, unsigned reg)
{
    e->cell[e->reg[reg]].regs &= ~(1u << reg);
    e->reg[reg] = EMIT_NONE;
}

static void cell_die(struct emit *e, uint32_t cell)
{
    struct emit_cell *c = &e->cell[cell];
    for (uint32_t m = c->regs; m; m &= m - 1) e->reg[alloc_first(m)] = EMIT_NONE;
    c->regs = 0;
    c->member = EMIT_NONE;
    if (c->slot >= 0) e->slots_freed[c->slot / 64] |= 1ull << c->slot % 64;
    if (c->slot >= 0 && c->wide) e->slots_freed[(c->slot + 1) / 64] |= 1ull << (c->slot + 1) % 64;
    c->slot = -1;
}

/* v is no longer one of its cell's values. */
void alloc_leave(struct emit *e, uint32_t v)
{
    struct emit_val *x = &e->val[v];
    struct emit_cell *c = &e->cell[x->cell];
    if (x->peer == v) {
        cell_die(e, x->cell);
    } else {
        uint32_t p = x->peer;
        while (e->val[p].peer != v) p = e->val[p].peer;
        e->val[p].peer = x->peer;
        c->member = p;
    }
    x->cell = EMIT_NONE;
}

static uint32_t cell_next_use(struct emit *e, const struct emit_cell *c)
{
    uint32_t best = e->val[c->member].use;
    for (uint32_t m = e->val[c->member].peer; m != c->member; m = e->val[m].peer)
        if (e->val[m].use < best) best = e->val[m].use;
    return best;
}

static bool elsewhere(const struct emit_cell *c, unsigned reg)
{
    return c->regs & ~(1u << reg) || c->constant || c->home >= 0 || c->slot >= 0;
}

/* ---- moving content ---- */

void alloc_settle(struct emit *e, uint32_t regs)
{
    for (uint32_t m = e->late & regs; m; m &= m - 1) {
        unsigned r = alloc_first(m);
        asm_rr(e->c, ASM_MOVSXD, r, r);
        if (e->reg[r] != EMIT_NONE) e->cell[e->reg[r]].sign = 32;
    }
    e->late &= ~regs;
}

void alloc_move(struct emit *e, unsigned to, unsigned from)
{
    if (to == from) return;
    if (to < ASM_XMM0)
        from < ASM_XMM0 ? asm_rr(e->c, ASM_MOV | ASM_W, to, from)
                        : asm_rr(e->c, ASM_MOVQ_GX | ASM_W, from, to);
    else
        from < ASM_XMM0 ? asm_rr(e->c, ASM_MOVQ_XG | ASM_W, to, from) : asm_rr(e->c, ASM_MOVAPS, to, from);
}

void alloc_store_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp)
{
    asm_mem(e->c, reg < ASM_XMM0 ? ASM_MOV_ST | ASM_W : ASM_MOVQ_ST, reg, base, disp);
}

void alloc_load_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp)
{
    asm_mem(e->c, reg < ASM_XMM0 ? ASM_MOV | ASM_W : ASM_MOVQ, reg, base, disp);
}

static void zero_or_const(struct emit *e, unsigned reg, uint64_t v)
{
    if (!v && !e->flags_busy && e->flag_val == EMIT_NONE)
        asm_rr(e->c, ASM_ALU + 8 * ALU_XOR, reg, reg);
    else
        asm_const(e->c, reg, v);
}

static void load_const_x(struct emit *e, unsigned reg, uint64_t v)
{
    if (!v) {
        asm_rr(e->c, ASM_XORPS, reg, reg);
        return;
    }
    for (unsigned i = 0; i < EMIT_LITERALS; i++) {
        if (emit_literals[i] != v) continue;
        asm_near(e->c, ASM_MOVQ, reg, 0, (const uint8_t *)e->h->literals + 16 * i);
        return;
    }
    unsigned t = use_tmp(e, EMIT_GPRS);
    asm_const(e->c, t, v);
    alloc_move(e, reg, t);
}

/* Content of c into reg, of either class; it does not become one of the cell's places. */
void alloc_load(struct emit *e, const struct emit_cell *c, unsigned reg)
{
    uint32_t same = c->regs & alloc_class(reg);
    emit_settle(e, c->regs);
    if (same)
        alloc_move(e, reg, alloc_first(same));
    else if (c->constant)
        reg < ASM_XMM0 ? zero_or_const(e, reg, c->imm) : load_const_x(e, reg, c->imm);
    else if (c->regs)
        alloc_move(e, reg, alloc_first(c->regs));
    else if (c->home >= 0)
        alloc_load_mem(e, reg, ASM_RBP, emit_word_disp((unsigned)c->home));
    else
        alloc_load_mem(e, reg, ASM_RBP, emit_slot_disp(c->slot));
}

/* The first of n free slots beside each other. */
int alloc_slot(struct emit *e, unsigned n)
{
    for (unsigned i = 0; i + n <= EMIT_NSLOTS; i++) {
        bool used = false;
        for (unsigned k = i; k < i + n; k++) used |= e->slots[k / 64] >> k % 64 & 1;
        if (used) continue;
        for (unsigned k = i; k < i + n; k++) e->slots[k / 64] |= 1ull << k % 64;
        return (int)i;
    }
    e->c->failed = true;
    return 0;
}

static void spill(struct emit *e, struct emit_cell *c, unsigned reg)
{
    c->slot = (int16_t)alloc_slot(e, 1);
    alloc_store_mem(e, reg, ASM_RBP, emit_slot_disp(c->slot));
}

/* ---- registers ---- */

unsigned alloc_find(struct emit *e, uint32_t mask)
{
    for (uint32_t m = mask & ~e->locked; m; m &= m - 1)
        if (e->reg[alloc_first(m)] == EMIT_NONE) return alloc_first(m);
    return ASM_NONE;
}

/* reg no longer holds what it does; that moves to a free register or to memory if it is nowhere else. */
void alloc_vacate(struct emit *e, unsigned reg)
{
    uint32_t cell = e->reg[reg];
    if (cell == EMIT_NONE) return;
    struct emit_cell *c = &e->cell[cell];
    if (!elsewhere(c, reg)) {
        emit_settle(e, 1u << reg);
        unsigned t = alloc_find(e, (reg < ASM_XMM0 ? EMIT_GPRS : EMIT_XMMS) & ~(1u << reg));
        if (t != ASM_NONE) {
            alloc_move(e, t, reg);
            alloc_place(e, cell, t);
        } else {
            spill(e, c, reg);
        }
    }
    alloc_unplace(e, reg);
}

/* A free register of `mask`, made free if need be. */
unsigned alloc_take(struct emit *e, uint32_t mask)
{
    unsigned r = alloc_find(e, mask), victim = ASM_NONE;
    uint32_t furthest = 0;
    if (r != ASM_NONE) return r;
    for (uint32_t m = mask & ~e->locked; m; m &= m - 1) {
        struct emit_cell *c = &e->cell[e->reg[alloc_first(m)]];
        uint32_t next = c->regs & (c->regs - 1) ? EMIT_NONE : cell_next_use(e, c);
        if (next <= furthest) continue;
        furthest = next;
        victim = alloc_first(m);
    }
    BUG_ON(victim == ASM_NONE);
    struct emit_cell *c = &e->cell[e->reg[victim]];
    if (!elsewhere(c, victim)) spill(e, c, victim);
    alloc_unplace(e, victim);
    return victim;
}

unsigned use_tmp(struct emit *e, uint32_t mask)
{
    unsigned r = alloc_take(e, mask);
    e->locked |= 1u << r;
    return r;
}

void use_fixed(struct emit *e, unsigned reg)
{
    BUG_ON(e->locked >> reg & 1);
    e->locked |= 1u << reg;
    alloc_vacate(e, reg);
}

/* A register for v: the pinned one that it is wanted in; one of `reuse` that is free now; or any free one. */
unsigned alloc_choose(struct emit *e, uint32_t v, uint32_t mask, uint32_t reuse)
{
    const struct emit_val *x = &e->val[v];
    unsigned p = x->pin - 1u;
    if (x->pin && e->at <= x->until && alloc_class(p) == alloc_class(alloc_first(mask)) &&
        (!(e->locked >> p & 1) || reuse >> p & 1)) {
        uint32_t old = e->reg[p];
        if (old == EMIT_NONE || elsewhere(&e->cell[old], p) || alloc_find(e, mask) != ASM_NONE) {
            alloc_vacate(e, p);
            return p;
        }
    }
    for (uint32_t m = reuse & mask; m; m &= m - 1)
        if (e->reg[alloc_first(m)] == EMIT_NONE) return alloc_first(m);
    return alloc_take(e, mask);
}

/* ---- values ---- */

/* The cell in a register of this class. */
unsigned alloc_use(struct emit *e, uint32_t cell, uint32_t all, uint32_t temps)
{
    struct emit_cell *c = &e->cell[cell];
    unsigned r;
    if (c->regs & all) {
        r = alloc_first(c->regs & all);
    } else {
        r = alloc_take(e, temps);
        e->locked |= 1u << r;
        alloc_load(e, c, r);
        alloc_place(e, cell, r);
    }
    e->locked |= 1u << r;
    emit_settle(e, 1u << r);
    return r;
}

/* v, whose displacement is to be added now, in `dst` or (ASM_NONE) where it suits. It becomes a cell. */
unsigned alloc_add_up(struct emit *e, uint32_t v, unsigned dst)
{
    int32_t disp = e->val[v].disp;
    struct emit_cell *b = emit_cell_of(e, v), old = *b;
    uint32_t regs = b->regs & ALLOC_GPRS, before = e->locked;
    bool alone = e->val[v].peer == v;
    emit_settle(e, regs);
    alloc_leave(e, v);
    if (alone) e->locked |= regs; /* they are free from here on, but the content is needed once more */
    if (dst == ASM_NONE)
        dst = alloc_choose(e, v, EMIT_GPRS, alone ? regs & ~before : 0);
    else
        alloc_vacate(e, dst);
    if (regs) {
        asm_mem(e->c, ASM_LEA | ASM_W, dst, alloc_first(regs), disp);
    } else {
        alloc_load(e, &old, dst);
        asm_mem(e->c, ASM_LEA | ASM_W, dst, dst, disp);
    }
    alloc_cell(e, v);
    alloc_place(e, v, dst);
    e->locked = before | 1u << dst;
    return dst;
}

void alloc_start(struct emit *e)
{
    memset(e->val, 0, e->b->n * sizeof(*e->val));
    memset(e->reg, 0xff, sizeof(e->reg));
    memset(e->slots, 0, sizeof(e->slots));
    for (; e->nhomes; e->nhomes--) e->home[e->homes[e->nhomes - 1]] = EMIT_NONE;
    e->flag_val = EMIT_NONE;
    e->late = 0;
    alloc_plan(e);
}

void alloc_node(struct emit *e, uint32_t i)
{
    e->at = i;
    e->locked = 0;
    e->flags_busy = false;
    for (unsigned k = 0; k < ARRAY_LEN(e->slots); k++) {
        e->slots[k] &= ~e->slots_freed[k];
        e->slots_freed[k] = 0;
    }
}
