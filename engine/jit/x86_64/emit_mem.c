/* Loads and stores. In the window a guest address is an offset from gs, and the host's page protection checks
 * it. */
#include "engine/jit/x86_64/emit.h"

/* Is the loaded value only wanted sign-extended? Then it is loaded so. */
static bool wanted_signed(struct emit *e)
{
    uint32_t use = e->val[e->at].use;
    const struct emit_row *row = &emit_rows[e->nodes[use].op];
    return use && row->fn == emit_extend && row->k;
}

void emit_load(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t zero[] = {
        [8] = ASM_MOVZX8, [16] = ASM_MOVZX16, [32] = ASM_MOV, [64] = ASM_MOV | ASM_W};
    static const uint32_t sign[] = {[8] = ASM_MOVSX8 | ASM_W, [16] = ASM_MOVSX16 | ASM_W, [32] = ASM_MOVSXD};
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    struct asm_rm m = use_address(e, n->a[0]);
    uint32_t base = m.base == ASM_NONE ? 0 : 1u << m.base;
    m.gs = true;
    emit_taken(e);
    if (e->val[e->at].want_x && r->w >= 32) {
        unsigned d = def_x(e, 0);
        emit_fault_here(e, false);
        asm_op(e->c, r->w == 32 ? ASM_MOVD_LD : ASM_MOVQ, d, 0, &m);
        return;
    }
    bool as_signed = r->w < 64 && wanted_signed(e);
    unsigned d = def_g(e, base);
    emit_fault_here(e, false);
    asm_op(e->c, as_signed ? sign[r->w] : zero[r->w], d, 0, &m);
    if (as_signed)
        emit_result(e)->sign = r->w;
    else
        emit_result(e)->zero = r->w;
}

static void store_imm(struct emit *e, const struct asm_rm *m, unsigned w, int32_t imm)
{
    static const uint32_t op[] = {
        [8] = ASM_MOV_I8, [16] = ASM_MOV_I16, [32] = ASM_MOV_I, [64] = ASM_MOV_I | ASM_W};
    asm_op(e->c, op[w], 0, 0, m);
    if (w == 8) {
        asm_byte(e->c, (uint8_t)imm);
    } else if (w == 16) {
        asm_byte(e->c, (uint8_t)imm);
        asm_byte(e->c, (uint8_t)(imm >> 8));
    } else {
        asm_u32(e->c, (uint32_t)imm);
    }
}

void emit_store(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t op[] = {
        [8] = ASM_MOV_ST8, [16] = ASM_MOV_ST16, [32] = ASM_MOV_ST, [64] = ASM_MOV_ST | ASM_W};
    int32_t imm;
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    struct asm_rm m = use_address(e, n->a[0]);
    m.gs = true;
    if (use_imm(e, n->a[1], r->w, &imm)) {
        emit_fault_here(e, true);
        store_imm(e, &m, r->w, imm);
        emit_taken(e);
        return;
    }
    const struct emit_cell *c = emit_cell_of(e, n->a[1]);
    bool from_x = r->w >= 32 && c->regs && !(c->regs & 0xffff) && !e->val[n->a[1]].disp;
    unsigned v = from_x ? use_x(e, n->a[1]) : use_g(e, n->a[1]);
    emit_fault_here(e, true);
    asm_op(e->c, from_x ? (r->w == 32 ? ASM_MOVQ_GX : ASM_MOVQ_ST) : op[r->w], v, 0, &m);
    emit_taken(e);
}
