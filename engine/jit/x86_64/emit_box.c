/* Narrow floating-point numbers in wide registers: ones above them (RISC-V's NaN boxes, Unpriv 21.2). */
#include "engine/jit/x86_64/emit.h"

static unsigned box_literal(unsigned w)
{
    return w == 32 ? LIT_BOX32 : LIT_BOX16;
}

static const void *literal(struct emit *e, unsigned lit)
{
    return (const uint8_t *)e->h->literals + 16 * lit;
}

static bool in_x(struct emit *e, uint32_t v)
{
    const struct emit_cell *c = emit_cell_of(e, v);
    return !e->val[v].disp && (c->regs >> ASM_XMM0 || (e->val[e->at].want_x && !(c->regs & 0xffff)));
}

/* The content with ones from bit w up. */
void emit_box(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    uint32_t v = n->a[0];
    unsigned w = emit_width(e->nodes[v].type);
    if (!e->val[v].disp && emit_cell_of(e, v)->ones <= w) {
        def_same(e, v);
        return;
    }
    if (in_x(e, v) && w >= 16) {
        unsigned a = use_x(e, v);
        emit_taken(e);
        unsigned d = def_x(e, 1u << a);
        alloc_move(e, d, a);
        asm_near(e->c, ASM_ORPS, d, 0, literal(e, box_literal(w)));
    } else {
        unsigned a = use_g(e, v);
        emit_taken(e);
        unsigned d = def_g(e, 1u << a);
        alloc_move(e, d, a);
        if (w ==
            32) { /* twice complemented: its own bits are again what they were, those above become ones */
            asm_rr(e->c, ASM_NOT, 2, d);
            asm_rr(e->c, ASM_NOT | ASM_W, 2, d);
        } else {
            asm_alu_i(e->c, ALU_OR, ASM_W, &(struct asm_rm){.reg = (uint8_t)d}, (int32_t)(~0u << w));
        }
    }
    emit_result(e)->ones = (uint8_t)w;
}

/* What is no box is this number. */
static void write_not_boxed(struct emit *e, const struct emit_cold *c)
{
    if (c->dst < ASM_XMM0) {
        asm_const(e->c, c->dst, c->value);
        return;
    }
    for (unsigned half = 0; half < 2; half++) {
        asm_mem(e->c, ASM_MOV_I, 0, ASM_RBP, EMIT_CALL_OUT + 4 * (int32_t)half);
        asm_u32(e->c, (uint32_t)(c->value >> 32 * half));
    }
    asm_mem(e->c, ASM_MOVQ, c->dst, ASM_RBP, EMIT_CALL_OUT);
}

static void cold_unless_boxed(struct emit *e, uint32_t jump, unsigned dst, uint64_t value)
{
    struct emit_cold *c = emit_cold_new(e, write_not_boxed);
    c->from = jump;
    c->dst = (uint8_t)dst;
    c->value = value;
    c->back = e->c->n;
}

void emit_unbox(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    uint32_t v = n->a[0];
    unsigned w = emit_width(n->type), d;
    uint64_t boxed = n->imm | ~bits_mask(w);
    if (!e->val[v].disp && emit_cell_of(e, v)->ones <= w) {
        def_same(e, v);
        return;
    }
    if (in_x(e, v) && w >= 16 && e->h->sse41) {
        unsigned a = use_x(e, v);
        emit_taken(e);
        d = def_x(e, 1u << a);
        alloc_move(e, d, a);
        asm_near(e->c, ASM_PTEST, d, 0,
                 literal(e, box_literal(w))); /* CF: all of the literal's bits are set */
        cold_unless_boxed(e, asm_jump32(e->c, CC_AE), d, boxed);
    } else {
        unsigned a = use_g(e, v), t = use_tmp(e, EMIT_GPRS);
        emit_taken(e);
        d = def_g(e, 1u << a);
        alloc_move(e, t, a);
        alloc_move(e, d, a);
        asm_rr(e->c, ASM_SHIFT_I | ASM_W, SHIFT_SAR, t);
        asm_byte(e->c, w);
        asm_alu_i(e->c, ALU_CMP, ASM_W, &(struct asm_rm){.reg = (uint8_t)t}, -1);
        cold_unless_boxed(e, asm_jump32(e->c, CC_NE), d, boxed);
    }
    emit_result(e)->ones = (uint8_t)w;
}
