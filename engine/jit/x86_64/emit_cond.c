/* Conditions: comparisons stay in the flags when what uses them follows at once. */
#include "engine/jit/x86_64/emit.h"

/* The condition for exchanged operands. */
static const uint8_t swapped[] = {
    [CC_B] = CC_A,   [CC_A] = CC_B, [CC_AE] = CC_BE, [CC_BE] = CC_AE, [CC_E] = CC_E,
    [CC_NE] = CC_NE, [CC_L] = CC_G, [CC_G] = CC_L,   [CC_GE] = CC_LE, [CC_LE] = CC_GE};

static void compare_imm(struct emit *e, const struct asm_rm *a, uint32_t w, int32_t imm)
{
    if (!imm && a->reg != ASM_NONE)
        asm_rr(e->c, ASM_TEST | w, a->reg, a->reg);
    else
        asm_alu_i(e->c, ALU_CMP, w, a, imm);
}

/* 8 and 16 bits, and conditions, are compared in 32, widened. */
static struct asm_rm operand(struct emit *e, uint32_t v, const struct emit_row *r)
{
    bool is_signed = r->k >= CC_L;
    if (r->w >= 32) return use_rm(e, v);
    return asm_r(is_signed ? use_gs(e, v) : use_gz(e, v));
}

static bool immediate(struct emit *e, uint32_t v, const struct emit_row *r, int32_t *imm)
{
    if (!use_imm(e, v, r->w, imm)) return false;
    if (r->w < 32 && r->k < CC_L) *imm &= (int32_t)bits_mask(r->w);
    return true;
}

/* Two 64-bit numbers that are extended from 32 bits, one of them late, compare as those do. */
static bool compare_late(struct emit *e, uint32_t a, uint32_t b, int32_t imm, bool constant)
{
    bool late = emit_is_late(e, a) || (!constant && emit_is_late(e, b));
    bool fit = emit_is_late(e, a) || (!e->val[a].disp && emit_cell_of(e, a)->sign <= 32);
    if (!constant) fit &= emit_is_late(e, b) || (!e->val[b].disp && emit_cell_of(e, b)->sign <= 32);
    if (!late || !fit) return false;
    struct asm_rm m = asm_r(use_low(e, a));
    if (constant)
        compare_imm(e, &m, 0, imm);
    else
        asm_rr(e->c, ASM_ALU + 8 * ALU_CMP, m.reg, use_low(e, b));
    return true;
}

/* k: the condition under which a[0] and a[1] compare true. */
void emit_compare(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    enum asm_cc cc = r->k;
    uint32_t a = n->a[0], b = n->a[1];
    int32_t imm;
    if (emit_is_const(e, a)) {
        a = n->a[1];
        b = n->a[0];
        cc = swapped[cc];
    }
    bool constant = immediate(e, b, r, &imm);
    if (r->w == 64 && compare_late(e, a, b, imm, constant)) {
        emit_taken(e);
        def_flags(e, cc);
        return;
    }
    if (constant) {
        struct asm_rm m = operand(e, a, r);
        compare_imm(e, &m, emit_w(r), imm);
    } else {
        struct asm_rm ma = operand(e, a, r);
        struct asm_rm mb = ma.reg == ASM_NONE ? asm_r(use_g(e, b)) : operand(e, b, r);
        if (ma.reg == ASM_NONE)
            asm_op(e->c, (ASM_ALU_ST + 8 * ALU_CMP) | emit_w(r), mb.reg, 0, &ma);
        else
            asm_op(e->c, (ASM_ALU + 8 * ALU_CMP) | emit_w(r), ma.reg, 0, &mb);
    }
    emit_taken(e);
    def_flags(e, cc);
}

/* a or b, whichever the flags say: d = cc ? a : b. */
static void choose_by_flags(struct emit *e, enum asm_cc cc, const struct asm_rm *a, const struct asm_rm *b,
                            uint32_t w)
{
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(a) | emit_rm_bit(b));
    if (d == a->reg && d != b->reg) {
        asm_op(e->c, (ASM_CMOV + (cc ^ 1)) | w, d, 0, b);
    } else {
        if (d != b->reg) asm_op(e->c, ASM_MOV | w, d, 0, b);
        asm_op(e->c, (ASM_CMOV + cc) | w, d, 0, a);
    }
    if (!w) emit_result(e)->zero = 32;
}

void emit_select(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    enum asm_cc cc = emit_condition(e, n->a[0]);
    if (cc >= CC_NEVER) {
        def_same(e, n->a[cc == CC_ALWAYS ? 1 : 2]);
        return;
    }
    struct asm_rm b = use_rm(e, n->a[2]), a = use_rm(e, n->a[1]);
    choose_by_flags(e, cc, &a, &b, emit_w(r));
}

/* k: the condition under which a[0] it is. */
void emit_minmax(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct asm_rm b = use_rm(e, n->a[1]), a = asm_r(use_g(e, n->a[0]));
    asm_op(e->c, (ASM_ALU + 8 * ALU_CMP) | emit_w(r), a.reg, 0, &b);
    e->flags_busy = true;
    choose_by_flags(e, r->k, &a, &b, emit_w(r));
}

/* Gives back what did not run, without a jump and with the flags as they are: others may wait for them. */
void emit_skip(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct asm_rm more = asm_m(ASM_R15, (int32_t)n->imm);
    enum asm_cc cc = emit_condition(e, n->a[0]);
    unsigned t = cc == CC_ALWAYS ? ASM_R15 : use_tmp(e, EMIT_GPRS);
    emit_taken(e);
    if (cc == CC_NEVER) return;
    asm_op(e->c, ASM_LEA | ASM_W, t, 0, &more);
    if (cc != CC_ALWAYS) asm_rr(e->c, (ASM_CMOV + cc) | ASM_W, ASM_R15, t);
}

void emit_lnot(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    uint32_t v = n->a[0];
    if (v == e->flag_val) {
        enum asm_cc cc = emit_condition(e, v);
        if (e->b->next[e->at][0]) alloc_flags_out(e);
        emit_taken(e);
        def_flags(e, cc ^ 1);
        return;
    }
    unsigned zero = emit_cell_of(e, v)->zero;
    struct asm_rm a = use_rm(e, v);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&a));
    if (d != a.reg) asm_op(e->c, ASM_MOV, d, 0, &a);
    asm_alu_i(e->c, ALU_XOR, 0, &(struct asm_rm){.reg = (uint8_t)d}, 1);
    emit_result(e)->zero = (uint8_t)(zero < 32 ? (zero ? zero : 1) : 32);
}
