/* GET and SET: state words in host registers and in memory. */
#include "engine/jit/x86_64/alloc.h"

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
        unsigned r = alloc_take(e, EMIT_GPRS);
        alloc_load(e, c, r);
        alloc_place(e, cell, r);
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
        if (p) emit_settle(e, 1u << from);
        if (!p) alloc_load_mem(e, t, ASM_RBP, emit_word_disp(word + k));
        alloc_store_mem(e, from, ASM_RBP, emit_slot_disp(slot + (int)k));
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
        alloc_join(e, e->at, have, 0);
        return;
    }
    uint32_t late = pin ? e->late & 1u << (pin - 1) : 0;
    alloc_cell(e, e->at);
    if (pin)
        alloc_place(e, e->at, pin - 1);
    else
        note_home(e, word, e->at);
    e->late |= late;
}

static void set_pinned(struct emit *e, unsigned p, uint32_t v)
{
    uint32_t temps = p < ASM_XMM0 ? EMIT_GPRS : EMIT_XMMS;
    if (e->val[v].disp) alloc_add_up(e, v, p < ASM_XMM0 ? p : ASM_NONE);
    uint32_t cell = e->val[v].cell;
    struct emit_cell *c = &e->cell[cell];
    if (!(c->regs >> p & 1)) {
        if (e->reg[p] != EMIT_NONE) {
            e->locked |= c->regs & temps;
            alloc_vacate(e, p);
        }
        alloc_load(e, c, p);
        for (uint32_t m = c->regs & temps; m; m &= m - 1)
            alloc_unplace(e, alloc_first(m)); /* this one is as good */
        alloc_place(e, cell, p);
    }
    emit_taken(e);
}

/* A word = the same word + a constant, whose old value nobody wants: in memory. */
static bool add_to_memory(struct emit *e, unsigned word, uint32_t v)
{
    struct emit_cell *c = emit_cell_of(e, v);
    if (!e->val[v].disp || c->home != (int)word || c->regs || !alloc_last_use(e, v)) return false;
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
    if (e->val[v].disp) alloc_add_up(e, v, ASM_NONE);
    cell = e->val[v].cell;
    struct emit_cell *c = &e->cell[cell];
    uint32_t xmms = c->regs & ALLOC_XMMS;
    unsigned r = !(c->regs & ALLOC_GPRS) && xmms ? alloc_first(xmms) : use_g(e, v);
    e->locked |= 1u << r;
    leave_home(e, word);
    alloc_store_mem(e, r, ASM_RBP, disp);
    if (c->home < 0) note_home(e, word, cell);
    emit_taken(e);
}

/* A narrow value fills its word with zeroes. */
static void set_narrow(struct emit *e, unsigned word, uint32_t v)
{
    unsigned pin = e->pin_of_word[word], r = use_gz(e, v);
    if (pin) {
        alloc_vacate(e, pin - 1);
        e->late &= ~(1u << (pin - 1));
        alloc_move(e, pin - 1, r);
    } else {
        leave_home(e, word);
        alloc_store_mem(e, r, ASM_RBP, emit_word_disp(word));
    }
    emit_taken(e);
}

static void set_wide(struct emit *e, unsigned word, uint32_t v)
{
    int slot = emit_cell_of(e, v)->slot;
    for (unsigned k = 0; k < 2; k++) {
        unsigned pin = e->pin_of_word[word + k];
        unsigned r = pin ? pin - 1 : use_tmp(e, EMIT_GPRS);
        if (pin) {
            alloc_vacate(e, r);
            e->late &= ~(1u << r);
        } else {
            leave_home(e, word + k);
        }
        alloc_load_mem(e, r, ASM_RBP, emit_slot_disp(slot + (int)k));
        if (!pin) alloc_store_mem(e, r, ASM_RBP, emit_word_disp(word + k));
    }
    emit_taken(e);
}

/* A sum may be added up in memory, a narrow value widened by `and`. */
bool emit_set_moves(const struct emit *e, const struct ir_node *n)
{
    return e->nodes[n->a[0]].type == IR_I64 && !e->val[n->a[0]].disp;
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
