/* Calls of C references: of operations without an emitter, in hot code; of rare cases of the others, out of
 * line.
 *
 * Arguments go to the frame, zero-extended, then the operation's number; call_ref (thunk.c) keeps all
 * registers, and leaves the result in the frame and ZF set when the guest instruction faulted. */
#include "engine/jit/x86_64/emit.h"

static int32_t arg_disp(unsigned k)
{
    return EMIT_CALL_ARGS + 16 * (int32_t)k;
}

static void store_const(struct emit *e, int32_t disp, uint64_t v)
{
    for (unsigned half = 0; half < 2; half++) {
        asm_mem(e->c, ASM_MOV_I, 0, ASM_RBP, disp + 4 * (int32_t)half);
        asm_u32(e->c, (uint32_t)(v >> 32 * half));
    }
}

/* Two words between a slot and the frame. */
static void copy_wide(struct emit *e, int32_t to, int32_t from)
{
    unsigned t = use_tmp(e, EMIT_XMMS);
    asm_mem(e->c, ASM_MOVUPS, t, ASM_RBP, from);
    asm_mem(e->c, ASM_MOVUPS_ST, t, ASM_RBP, to);
}

static void call(struct emit *e, const struct ir_node *n)
{
    if (n->op == IR_LANES) {
        uint32_t vectors = 0;
        for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++)
            if (n->a[k] != IR_NONE) vectors |= (uint32_t)(e->nodes[n->a[k]].type == IR_V128) << k;
        asm_mem(e->c, ASM_MOV_I, 0, ASM_RBP, EMIT_CALL_VECTORS);
        asm_u32(e->c, vectors);
        store_const(e, EMIT_CALL_IMM, n->imm);
    }
    asm_mem(e->c, ASM_MOV_I, 0, ASM_RBP, EMIT_CALL_OP);
    asm_u32(e->c, n->op | (uint32_t)n->round << 16);
    asm_call(e->c, e->h->call_ref);
}

void emit_ref(struct emit *e, const struct ir_node *n)
{
    const struct ir_op_info *info = &ir_op_table[n->op];
    for (unsigned k = 0; k < info->nargs; k++) {
        uint32_t v = n->a[k], saved = e->locked;
        if (v == IR_NONE) continue;
        const struct emit_cell *c = emit_cell_of(e, v);
        if (c->wide)
            copy_wide(e, arg_disp(k), emit_slot_disp(c->slot));
        else if (emit_is_const(e, v))
            store_const(e, arg_disp(k), emit_const_of(e, v));
        else
            asm_mem(e->c, ASM_MOV_ST | ASM_W, use_gz(e, v), ASM_RBP, arg_disp(k));
        e->locked = saved; /* they are in the frame: any number of arguments goes by three registers */
    }
    emit_taken(e);
    call(e, n);
    if (info->flags & IR_OP_EXIT) emit_exit_jump(e, CC_E, emit_fault_exit(e));
    if (n->type == IR_VOID) return;
    if (n->type >= IR_I128) {
        copy_wide(e, emit_slot_disp(def_wide(e)), EMIT_CALL_OUT);
    } else if (e->val[e->at].want_x) {
        asm_mem(e->c, ASM_MOVQ, def_x(e, 0), ASM_RBP, EMIT_CALL_OUT);
    } else {
        asm_mem(e->c, ASM_MOV | ASM_W, def_g(e, 0), ASM_RBP, EMIT_CALL_OUT);
        emit_result(e)->zero = (uint8_t)emit_width(n->type);
    }
}

/* ---- out of line ---- */

struct emit_cold *emit_cold_new(struct emit *e, void (*emit)(struct emit *e, const struct emit_cold *c))
{
    if (e->ncolds == e->fixups_cap) {
        e->c->failed = true;
        e->ncolds = 0;
    }
    struct emit_cold *c = &e->colds[e->ncolds++];
    *c = (struct emit_cold){.emit = emit, .node = e->at, .fault = EMIT_NONE, .dst = ASM_NONE};
    return c;
}

/* An argument, zero-extended. What is in memory goes by the stack, as no register is free. */
static void store_arg(struct emit *e, unsigned k, const struct asm_rm *from, unsigned w)
{
    struct asm_rm m = asm_m(ASM_RBP, arg_disp(k));
    unsigned reg = from->reg;
    if (reg == ASM_NONE) {
        asm_op(e->c, ASM_PUSH, 6, 0, from);
        asm_op(e->c, ASM_POP, 0, 0, &m);
    } else if (reg < ASM_XMM0) {
        asm_op(e->c, ASM_MOV_ST | ASM_W, reg, 0, &m);
    } else {
        asm_op(e->c, ASM_MOVQ_ST, reg, 0, &m);
    }
    if (w < 32) asm_alu_i(e->c, ALU_AND, 0, &m, (int32_t)bits_mask(w));
    if (w == 64) return;
    m.disp += 4;
    asm_op(e->c, ASM_MOV_I, 0, 0, &m);
    asm_u32(e->c, 0);
}

static void write_ref(struct emit *e, const struct emit_cold *c)
{
    const struct ir_node *n = &e->nodes[c->node];
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) {
        if (c->arg[k].reg == ASM_NONE && c->arg[k].base == ASM_NONE)
            store_const(e, arg_disp(k), c->imm[k]);
        else
            store_arg(e, k, &c->arg[k], emit_width(e->nodes[n->a[k]].type));
    }
    call(e, n);
    if (c->fault != EMIT_NONE) emit_exit_jump(e, CC_E, c->fault);
    uint32_t load = c->load ? c->load : c->dst < ASM_XMM0 ? ASM_MOV | ASM_W : ASM_MOVQ;
    if (c->dst != ASM_NONE) asm_mem(e->c, load, c->dst, ASM_RBP, EMIT_CALL_OUT);
    if (c->boxed) asm_near(e->c, ASM_ORPS, c->dst, 0, (const uint8_t *)e->h->literals + 16 * LIT_BOX32);
}

struct emit_cold *emit_cold_ref(struct emit *e, const uint8_t *regs)
{
    const struct ir_node *n = &e->nodes[e->at];
    struct emit_cold *c = emit_cold_new(e, write_ref);
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) {
        c->arg[k] = asm_r(regs[k]);
        if (regs[k] == ASM_NONE) c->imm[k] = emit_const_of(e, n->a[k]);
    }
    return c;
}

void emit_colds(struct emit *e)
{
    for (uint32_t i = 0; i < e->ncolds; i++) {
        const struct emit_cold *c = &e->colds[i];
        if (!c->from) continue; /* it turned out not to be needed */
        asm_room(e->c, EMIT_NODE_ROOM);
        asm_here32(e->c, c->from);
        c->emit(e, c);
        uint32_t at = asm_jump32(e->c, CC_ALWAYS), rel = c->back - e->c->n;
        memcpy(e->c->p + at, &rel, 4);
    }
}
