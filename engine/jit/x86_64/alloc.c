/* Places values: which cell is in which register, and what has to give way. See emit.h for cells.
 *
 * What is needed latest gives way first, and is stored only when it is nowhere else. Everything that moves
 * content here leaves the host's flags alone, so that a comparison may wait in them.
 */
#include "engine/jit/x86_64/emit.h"

enum { ALL_GPRS = 0xffff };
#define ALL_XMMS 0xffff0000u

static unsigned first_of(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}

static uint32_t class_of(unsigned reg)
{
    return reg < ASM_XMM0 ? (uint32_t)ALL_GPRS : ALL_XMMS;
}

/* ---- cells ---- */

static struct emit_cell *cell_new(struct emit *e, uint32_t v)
{
    struct emit_cell *c = &e->cell[v];
    *c = (struct emit_cell){.member = v, .zero = 64, .sign = 64, .ones = 64, .slot = -1, .home = -1};
    e->val[v].cell = e->val[v].peer = v;
    e->val[v].disp = 0;
    return c;
}

static void cell_join(struct emit *e, uint32_t v, uint32_t cell, int32_t disp)
{
    uint32_t m = e->cell[cell].member;
    e->val[v].cell = cell;
    e->val[v].disp = disp;
    e->val[v].peer = e->val[m].peer;
    e->val[m].peer = v;
}

static void place(struct emit *e, uint32_t cell, unsigned reg)
{
    e->reg[reg] = cell;
    e->cell[cell].regs |= 1u << reg;
}

static void unplace(struct emit *e, unsigned reg)
{
    e->cell[e->reg[reg]].regs &= ~(1u << reg);
    e->reg[reg] = EMIT_NONE;
}

static void cell_die(struct emit *e, uint32_t cell)
{
    struct emit_cell *c = &e->cell[cell];
    for (uint32_t m = c->regs; m; m &= m - 1) e->reg[first_of(m)] = EMIT_NONE;
    c->regs = 0;
    c->member = EMIT_NONE;
    if (c->slot >= 0) e->slots_freed[c->slot / 64] |= 1ull << c->slot % 64;
    if (c->slot >= 0 && c->wide) e->slots_freed[(c->slot + 1) / 64] |= 1ull << (c->slot + 1) % 64;
    c->slot = -1;
}

/* v is no longer one of its cell's values. */
static void cell_leave(struct emit *e, uint32_t v)
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

void alloc_move(struct emit *e, unsigned to, unsigned from)
{
    if (to == from) return;
    if (to < ASM_XMM0)
        from < ASM_XMM0 ? asm_rr(e->c, ASM_MOV | ASM_W, to, from)
                        : asm_rr(e->c, ASM_MOVQ_GX | ASM_W, from, to);
    else
        from < ASM_XMM0 ? asm_rr(e->c, ASM_MOVQ_XG | ASM_W, to, from) : asm_rr(e->c, ASM_MOVAPS, to, from);
}

static void store_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp)
{
    asm_mem(e->c, reg < ASM_XMM0 ? ASM_MOV_ST | ASM_W : ASM_MOVQ_ST, reg, base, disp);
}

static void load_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp)
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
static void load_cell(struct emit *e, const struct emit_cell *c, unsigned reg)
{
    uint32_t same = c->regs & class_of(reg);
    if (same)
        alloc_move(e, reg, first_of(same));
    else if (c->constant)
        reg < ASM_XMM0 ? zero_or_const(e, reg, c->imm) : load_const_x(e, reg, c->imm);
    else if (c->regs)
        alloc_move(e, reg, first_of(c->regs));
    else if (c->home >= 0)
        load_mem(e, reg, ASM_RBP, emit_word_disp((unsigned)c->home));
    else
        load_mem(e, reg, ASM_RSP, emit_slot_disp(c->slot));
}

/* The first of n free slots beside each other. */
static int slot_new(struct emit *e, unsigned n)
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
    c->slot = (int16_t)slot_new(e, 1);
    store_mem(e, reg, ASM_RSP, emit_slot_disp(c->slot));
}

/* ---- registers ---- */

static unsigned find_free(struct emit *e, uint32_t mask)
{
    for (uint32_t m = mask & ~e->locked; m; m &= m - 1)
        if (e->reg[first_of(m)] == EMIT_NONE) return first_of(m);
    return ASM_NONE;
}

/* reg no longer holds what it does; that moves to a free register or to memory if it is nowhere else. */
static void vacate(struct emit *e, unsigned reg)
{
    uint32_t cell = e->reg[reg];
    if (cell == EMIT_NONE) return;
    struct emit_cell *c = &e->cell[cell];
    if (!elsewhere(c, reg)) {
        unsigned t = find_free(e, (reg < ASM_XMM0 ? EMIT_GPRS : EMIT_XMMS) & ~(1u << reg));
        if (t != ASM_NONE) {
            alloc_move(e, t, reg);
            place(e, cell, t);
        } else {
            spill(e, c, reg);
        }
    }
    unplace(e, reg);
}

/* A free register of `mask`, made free if need be. */
static unsigned take(struct emit *e, uint32_t mask)
{
    unsigned r = find_free(e, mask), victim = ASM_NONE;
    uint32_t furthest = 0;
    if (r != ASM_NONE) return r;
    for (uint32_t m = mask & ~e->locked; m; m &= m - 1) {
        struct emit_cell *c = &e->cell[e->reg[first_of(m)]];
        uint32_t next = c->regs & (c->regs - 1) ? EMIT_NONE : cell_next_use(e, c);
        if (next <= furthest) continue;
        furthest = next;
        victim = first_of(m);
    }
    BUG_ON(victim == ASM_NONE);
    struct emit_cell *c = &e->cell[e->reg[victim]];
    if (!elsewhere(c, victim)) spill(e, c, victim);
    unplace(e, victim);
    return victim;
}

unsigned use_tmp(struct emit *e, uint32_t mask)
{
    unsigned r = take(e, mask);
    e->locked |= 1u << r;
    return r;
}

void use_fixed(struct emit *e, unsigned reg)
{
    BUG_ON(e->locked >> reg & 1);
    e->locked |= 1u << reg;
    vacate(e, reg);
}

/* A register for v: the pinned one that it is wanted in; one of `reuse` that is free now; or any free one. */
static unsigned choose(struct emit *e, uint32_t v, uint32_t mask, uint32_t reuse)
{
    const struct emit_val *x = &e->val[v];
    unsigned p = x->pin - 1u;
    if (x->pin && e->at <= x->until && class_of(p) == class_of(first_of(mask)) &&
        (!(e->locked >> p & 1) || reuse >> p & 1)) {
        uint32_t old = e->reg[p];
        if (old == EMIT_NONE || elsewhere(&e->cell[old], p) || find_free(e, mask) != ASM_NONE) {
            vacate(e, p);
            return p;
        }
    }
    for (uint32_t m = reuse & mask; m; m &= m - 1)
        if (e->reg[first_of(m)] == EMIT_NONE) return first_of(m);
    return take(e, mask);
}

/* ---- arguments ---- */

/* The cell in a register of this class. */
static unsigned use_cell(struct emit *e, uint32_t cell, uint32_t all, uint32_t temps)
{
    struct emit_cell *c = &e->cell[cell];
    unsigned r;
    if (c->regs & all) {
        r = first_of(c->regs & all);
    } else {
        r = take(e, temps);
        e->locked |= 1u << r;
        load_cell(e, c, r);
        place(e, cell, r);
    }
    e->locked |= 1u << r;
    return r;
}

/* v, whose displacement is to be added now, in `dst` or (ASM_NONE) where it suits. It becomes a cell. */
static unsigned materialise(struct emit *e, uint32_t v, unsigned dst)
{
    int32_t disp = e->val[v].disp;
    struct emit_cell *b = emit_cell_of(e, v), old = *b;
    uint32_t regs = b->regs & ALL_GPRS, before = e->locked;
    bool alone = e->val[v].peer == v;
    cell_leave(e, v);
    if (alone) e->locked |= regs; /* they are free from here on, but the content is needed once more */
    if (dst == ASM_NONE)
        dst = choose(e, v, EMIT_GPRS, alone ? regs & ~before : 0);
    else
        vacate(e, dst);
    if (regs) {
        asm_mem(e->c, ASM_LEA | ASM_W, dst, first_of(regs), disp);
    } else {
        load_cell(e, &old, dst);
        asm_mem(e->c, ASM_LEA | ASM_W, dst, dst, disp);
    }
    cell_new(e, v);
    place(e, v, dst);
    e->locked = before | 1u << dst;
    return dst;
}

unsigned use_g(struct emit *e, uint32_t v)
{
    if (e->val[v].disp) return materialise(e, v, ASM_NONE);
    return use_cell(e, e->val[v].cell, ALL_GPRS, EMIT_GPRS);
}

unsigned use_scaled(struct emit *e, uint32_t v)
{
    return use_cell(e, e->val[v].cell, ALL_GPRS, EMIT_GPRS);
}

unsigned use_x(struct emit *e, uint32_t v)
{
    if (e->val[v].disp) materialise(e, v, ASM_NONE);
    return use_cell(e, e->val[v].cell, ALL_XMMS, EMIT_XMMS);
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
    load_cell(e, emit_cell_of(e, v), reg);
    if (e->val[v].disp) asm_mem(e->c, ASM_LEA | ASM_W, reg, reg, e->val[v].disp);
}

/* Does node e->at use v for the last time? */
static bool last_use(struct emit *e, uint32_t v)
{
    const struct ir_node *n = &e->nodes[e->at];
    if (e->val[v].peer != v) return false;
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++)
        if (n->a[k] == v && e->b->next[e->at][k] > e->at) return false;
    return true;
}

bool use_dying_in(struct emit *e, uint32_t v, unsigned reg)
{
    if (e->val[v].disp || !(emit_cell_of(e, v)->regs >> reg & 1) || !last_use(e, v)) {
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
    if (!last_use(e, v) && find_free(e, temps) != ASM_NONE) return false;
    *m = c->home >= 0 ? asm_m(ASM_RBP, emit_word_disp((unsigned)c->home))
                      : asm_m(ASM_RSP, emit_slot_disp(c->slot));
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
    if (regs) return asm_r(first_of(regs));
    if (c->constant) return asm_r(ASM_NONE);
    return c->home >= 0 ? asm_m(ASM_RBP, emit_word_disp((unsigned)c->home))
                        : asm_m(ASM_RSP, emit_slot_disp(c->slot));
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
    return asm_m(use_cell(e, e->val[v].cell, ALL_GPRS, EMIT_GPRS), disp);
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
            cell_leave(e, v);
    }
}

/* ---- results ---- */

static unsigned define(struct emit *e, uint32_t mask, uint32_t reuse)
{
    unsigned r = choose(e, e->at, mask, reuse);
    e->locked |= 1u << r;
    cell_new(e, e->at);
    place(e, e->at, r);
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
    cell_new(e, e->at);
    place(e, e->at, reg);
}

void def_same(struct emit *e, uint32_t v)
{
    cell_join(e, e->at, e->val[v].cell, e->val[v].disp);
    emit_taken(e);
}

void def_sum(struct emit *e, uint32_t v, int32_t disp)
{
    cell_join(e, e->at, e->val[v].cell, disp);
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
    struct emit_cell *c = cell_new(e, e->at);
    unsigned bits = imm ? 64 - (unsigned)__builtin_clzll(imm) : 0;
    c->constant = true;
    c->imm = imm;
    c->zero = (uint8_t)bits;
    c->sign = (uint8_t)(bits < 64 ? bits + 1 : 64);
}

int def_wide(struct emit *e)
{
    struct emit_cell *c = cell_new(e, e->at);
    c->wide = true;
    c->slot = (int16_t)slot_new(e, 2);
    return c->slot;
}

void emit_drop(struct emit *e)
{
    uint32_t v = e->at;
    if (e->val[v].use) return;
    if (v == e->flag_val) e->flag_val = EMIT_NONE;
    if (e->val[v].cell != EMIT_NONE) cell_leave(e, v);
}

void alloc_flags_out(struct emit *e)
{
    uint32_t v = e->flag_val;
    unsigned cc = e->flag_cc, r = take(e, EMIT_GPRS);
    asm_rr(e->c, ASM_SETCC + cc, 0, r);
    asm_rr(e->c, ASM_MOVZX8, r, r);
    cell_new(e, v)->zero = 1;
    place(e, v, r);
    e->flag_val = EMIT_NONE;
    e->flags_busy = true; /* whoever asked may still want them */
}

/* ---- state ---- */

static void note_home(struct emit *e, unsigned word, uint32_t cell)
{
    e->home[word] = cell;
    e->homes[e->nhomes++] = (uint16_t)word;
    e->cell[cell].home = (int16_t)word;
}

/* The live cell whose content the memory of this word is known to be, or EMIT_NONE. */
static uint32_t home_cell(struct emit *e, unsigned word)
{
    uint32_t cell = e->home[word];
    return cell != EMIT_NONE && e->cell[cell].member != EMIT_NONE && e->cell[cell].home == (int)word
               ? cell
               : EMIT_NONE;
}

/* The memory of a word is about to change. */
static void leave_home(struct emit *e, unsigned word)
{
    uint32_t cell = home_cell(e, word);
    e->home[word] = EMIT_NONE;
    if (cell == EMIT_NONE) return;
    struct emit_cell *c = &e->cell[cell];
    if (!c->regs && !c->constant && c->slot < 0) {
        unsigned r = take(e, EMIT_GPRS);
        load_cell(e, c, r);
        place(e, cell, r);
    }
    c->home = -1;
}

/* Two words in slots, from wherever they are. */
static void get_wide(struct emit *e, unsigned word)
{
    int slot = def_wide(e);
    unsigned t = use_tmp(e, EMIT_GPRS);
    for (unsigned k = 0; k < 2; k++) {
        unsigned p = e->pin_of_word[word + k];
        unsigned from = p ? p - 1 : t;
        if (!p) load_mem(e, t, ASM_RBP, emit_word_disp(word + k));
        store_mem(e, from, ASM_RSP, emit_slot_disp(slot + (int)k));
    }
}

void emit_get(struct emit *e, const struct ir_node *n)
{
    unsigned word = (unsigned)n->imm, pin = e->pin_of_word[word];
    if (n->type >= IR_I128) {
        get_wide(e, word);
        return;
    }
    uint32_t have = pin ? e->reg[pin - 1] : home_cell(e, word);
    if (have != EMIT_NONE) {
        cell_join(e, e->at, have, 0);
        return;
    }
    cell_new(e, e->at);
    if (pin)
        place(e, e->at, pin - 1);
    else
        note_home(e, word, e->at);
}

static void set_pinned(struct emit *e, unsigned p, uint32_t v)
{
    uint32_t temps = p < ASM_XMM0 ? EMIT_GPRS : EMIT_XMMS;
    if (e->val[v].disp) materialise(e, v, p < ASM_XMM0 ? p : ASM_NONE);
    uint32_t cell = e->val[v].cell;
    struct emit_cell *c = &e->cell[cell];
    if (!(c->regs >> p & 1)) {
        if (e->reg[p] != EMIT_NONE) {
            e->locked |= c->regs & temps;
            vacate(e, p);
        }
        load_cell(e, c, p);
        for (uint32_t m = c->regs & temps; m; m &= m - 1) unplace(e, first_of(m)); /* this one is as good */
        place(e, cell, p);
    }
    emit_taken(e);
}

/* A word = the same word + a constant, whose old value nobody wants: in memory. */
static bool add_to_memory(struct emit *e, unsigned word, uint32_t v)
{
    struct emit_cell *c = emit_cell_of(e, v);
    if (!e->val[v].disp || c->home != (int)word || c->regs || !last_use(e, v)) return false;
    asm_alu_i(
        e->c, ALU_ADD, ASM_W,
        &(struct asm_rm){.reg = ASM_NONE, .base = ASM_RBP, .index = ASM_NONE, .disp = emit_word_disp(word)},
        e->val[v].disp);
    return true;
}

static void set_memory(struct emit *e, unsigned word, uint32_t v)
{
    int32_t imm, disp = emit_word_disp(word);
    uint32_t cell = e->val[v].cell;
    if (!e->val[v].disp && e->cell[cell].home == (int)word && home_cell(e, word) == cell) {
        emit_taken(e);
        return;
    }
    if (add_to_memory(e, word, v)) {
        emit_taken(e);
        e->home[word] = EMIT_NONE;
        return;
    }
    if (use_imm(e, v, 64, &imm)) {
        leave_home(e, word);
        asm_mem(e->c, ASM_MOV_I | ASM_W, 0, ASM_RBP, disp);
        asm_u32(e->c, (uint32_t)imm);
        emit_taken(e);
        return;
    }
    if (e->val[v].disp) materialise(e, v, ASM_NONE);
    cell = e->val[v].cell;
    struct emit_cell *c = &e->cell[cell];
    uint32_t xmms = c->regs & ALL_XMMS;
    unsigned r = !(c->regs & ALL_GPRS) && xmms ? first_of(xmms) : use_g(e, v);
    e->locked |= 1u << r;
    leave_home(e, word);
    store_mem(e, r, ASM_RBP, disp);
    if (c->home < 0) note_home(e, word, cell);
    emit_taken(e);
}

/* A narrow value fills its word with zeroes. */
static void set_narrow(struct emit *e, unsigned word, uint32_t v)
{
    unsigned pin = e->pin_of_word[word], r = use_gz(e, v);
    if (pin) {
        vacate(e, pin - 1);
        alloc_move(e, pin - 1, r);
    } else {
        leave_home(e, word);
        store_mem(e, r, ASM_RBP, emit_word_disp(word));
    }
    emit_taken(e);
}

static void set_wide(struct emit *e, unsigned word, uint32_t v)
{
    int slot = emit_cell_of(e, v)->slot;
    for (unsigned k = 0; k < 2; k++) {
        unsigned pin = e->pin_of_word[word + k];
        unsigned r = pin ? pin - 1 : use_tmp(e, EMIT_GPRS);
        if (pin)
            vacate(e, r);
        else
            leave_home(e, word + k);
        load_mem(e, r, ASM_RSP, emit_slot_disp(slot + (int)k));
        if (!pin) store_mem(e, r, ASM_RBP, emit_word_disp(word + k));
    }
    emit_taken(e);
}

void emit_set(struct emit *e, const struct ir_node *n)
{
    unsigned word = (unsigned)n->imm, pin = e->pin_of_word[word], type = e->nodes[n->a[0]].type;
    if (type >= IR_I128)
        set_wide(e, word, n->a[0]);
    else if (type != IR_I64)
        set_narrow(e, word, n->a[0]);
    else if (pin)
        set_pinned(e, pin - 1, n->a[0]);
    else
        set_memory(e, word, n->a[0]);
}

/* ---- what is known beforehand ---- */

/* What the walk back through a block has seen of what comes after. */
struct plan {
    uint32_t leaves; /* the next node that can leave; EMIT_NONE: none */
    uint32_t
        set[32]; /* by host register: the next SET of its word, if no GET is before that; else EMIT_NONE */
};

/* n defines i, which is wanted in a pinned register for a later SET. Not when something between needs what is
 * there now: another access to the word, or leaving. Otherwise what i is made from had best be there, too. */
static void plan_pin(struct emit *e, const struct plan *p, const struct ir_node *n, uint32_t i)
{
    struct emit_val *x = &e->val[i];
    if (p->set[x->pin - 1] != x->until || p->leaves < x->until) {
        x->pin = 0;
        return;
    }
    if (!ir_op_table[n->op].nargs || n->a[0] == IR_NONE || e->b->next[i][0]) return;
    if (!emit_rows[n->op].same_place || emit_waits_for_sum(e, i)) return;
    e->val[n->a[0]].pin = x->pin;
    e->val[n->a[0]].until = x->until;
}

static void plan_classes(struct emit *e, const struct ir_node *n, uint32_t i)
{
    const struct emit_row *row = &emit_rows[n->op];
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) {
        if (n->a[k] == IR_NONE) continue;
        if (row->xargs >> k & 1 || (e->val[i].want_x && row->same_place)) e->val[n->a[k]].want_x = true;
    }
}

/* One walk back: registers that results are wanted in, and their class. */
static void plan_all(struct emit *e)
{
    struct plan p = {.leaves = EMIT_NONE};
    memset(p.set, 0xff, sizeof(p.set));
    for (uint32_t i = e->b->n; i-- > 0;) {
        const struct ir_node *n = &e->nodes[i];
        struct emit_val *x = &e->val[i];
        unsigned pin = n->op == IR_GET || n->op == IR_SET ? e->pin_of_word[n->imm] : 0;
        if (n->op == IR_NOP || n->op == IR_INSN) continue;
        x->use = e->b->first[i];
        x->cell = EMIT_NONE;
        if (x->pin) plan_pin(e, &p, n, i);
        if (n->op == IR_SET && pin) {
            p.set[pin - 1] = i;
            e->val[n->a[0]].pin = (uint8_t)pin;
            e->val[n->a[0]].until = i;
            if (pin > ASM_XMM0) e->val[n->a[0]].want_x = true;
        } else if (n->op == IR_GET && pin) {
            p.set[pin - 1] = EMIT_NONE;
        } else {
            plan_classes(e, n, i);
        }
        if (ir_op_table[n->op].flags & IR_OP_EXIT) p.leaves = i;
    }
}

void alloc_start(struct emit *e)
{
    memset(e->val, 0, e->b->n * sizeof(*e->val));
    memset(e->reg, 0xff, sizeof(e->reg));
    memset(e->slots, 0, sizeof(e->slots));
    for (; e->nhomes; e->nhomes--) e->home[e->homes[e->nhomes - 1]] = EMIT_NONE;
    e->flag_val = EMIT_NONE;
    plan_all(e);
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
