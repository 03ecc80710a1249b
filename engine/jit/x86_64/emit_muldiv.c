/* High halves of products, division, counting bits. */
#include "engine/jit/x86_64/emit.h"

enum { MULHU, MULHS, MULHSU };

/* The result is in rdx: it stays, or goes where it is wanted. */
static void result_in(struct emit *e, unsigned reg)
{
    unsigned d = def_g(e, 1u << reg);
    alloc_move(e, d, reg);
}

static void mulhs(struct emit *e, const struct ir_node *n)
{
    bool there = use_dying_in(e, n->a[0], ASM_RAX);
    use_fixed(e, ASM_RDX);
    struct asm_rm b = use_rm(e, n->a[1]);
    if (!there) use_in(e, n->a[0], ASM_RAX);
    emit_taken(e);
    asm_op(e->c, ASM_IMUL1 | ASM_W, 5, 0, &b);
    result_in(e, ASM_RDX);
}

/* a signed, b unsigned: the unsigned product, less b where a is negative. */
static void mulhu(struct emit *e, const struct ir_node *n, bool a_signed)
{
    unsigned t = ASM_NONE;
    bool there = use_dying_in(e, n->a[0], ASM_RDX);
    struct asm_rm b = use_rm(e, n->a[1]);
    if (!there) use_in(e, n->a[0], ASM_RDX);
    if (a_signed) {
        t = use_tmp(e, EMIT_GPRS);
        asm_rr(e->c, ASM_MOV | ASM_W, t, ASM_RDX);
        asm_rr(e->c, ASM_SHIFT_I | ASM_W, SHIFT_SAR, t);
        asm_byte(e->c, 63);
        asm_op(e->c, (ASM_ALU + 8 * ALU_AND) | ASM_W, t, 0, &b);
    }
    emit_taken(e);
    unsigned d = def_g(e, 1u << ASM_RDX);
    asm_op(e->c, ASM_MULX | ASM_W, d, d, &b); /* both halves to one register: the high one stays */
    if (a_signed) asm_rr(e->c, (ASM_ALU + 8 * ALU_SUB) | ASM_W, d, t);
}

void emit_mulh(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (r->k == MULHS)
        mulhs(e, n);
    else if (e->h->bmi2)
        mulhu(e, n, r->k == MULHSU);
    else
        emit_ref(e, n);
}

/* ---- division. By zero, and by -1 (of the smallest number the host's traps), is the reference's ---- */

enum { DIV_REM = 1, DIV_SIGNED = 2 };

/* Jumps to the cold piece for such a divisor; 0: b is known to be another. */
static uint32_t check_divisor(struct emit *e, uint32_t v, unsigned b, const struct emit_row *r)
{
    if (emit_is_const(e, v)) {
        uint64_t c = emit_const_of(e, v);
        if (c && (!(r->k & DIV_SIGNED) || c != bits_mask(r->w))) return 0;
    }
    if (!(r->k & DIV_SIGNED)) {
        asm_rr(e->c, ASM_TEST | emit_w(r), b, b);
        return asm_jump32(e->c, CC_E);
    }
    asm_mem(e->c, ASM_LEA | emit_w(r), ASM_RDX, b, 1);
    asm_alu_i(e->c, ALU_CMP, emit_w(r), &(struct asm_rm){.reg = ASM_RDX}, 1);
    return asm_jump32(e->c, CC_BE);
}

void emit_div(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    unsigned from = r->k & DIV_REM ? ASM_RDX : ASM_RAX;
    bool there = use_dying_in(e, n->a[0], ASM_RAX);
    use_fixed(e, ASM_RDX);
    unsigned b = use_g(e, n->a[1]);
    if (!there) use_in(e, n->a[0], ASM_RAX);
    struct emit_cold *cold = emit_cold_ref(e, (uint8_t[]){ASM_RAX, (uint8_t)b});
    cold->from = check_divisor(e, n->a[1], b, r);
    cold->dst = (uint8_t)from;
    emit_taken(e);
    if (r->k & DIV_SIGNED) {
        if (r->w == 64) asm_byte(e->c, 0x48);
        asm_byte(e->c, 0x99); /* cqo, cdq */
        asm_rr(e->c, ASM_IDIV | emit_w(r), 7, b);
    } else {
        asm_rr(e->c, ASM_ALU + 8 * ALU_XOR, ASM_RDX, ASM_RDX);
        asm_rr(e->c, ASM_DIV | emit_w(r), 6, b);
    }
    cold->back = e->c->n;
    result_in(e, from);
    if (r->w == 32) emit_result(e)->zero = 32;
}

/* ---- bits ---- */

/* k: which count; 0 clz, 1 ctz, 2 popcnt. */
void emit_count(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t op[] = {ASM_LZCNT, ASM_TZCNT, ASM_POPCNT};
    const bool has[] = {e->h->lzcnt, e->h->bmi1, e->h->popcnt};
    if (!has[r->k]) {
        emit_ref(e, n);
        return;
    }
    struct asm_rm a = use_rm(e, n->a[0]);
    emit_taken(e);
    asm_op(e->c, op[r->k] | emit_w(r), def_g(e, emit_rm_bit(&a)), 0, &a);
    emit_result(e)->zero = 7;
}

void emit_bswap(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct asm_rm a = use_rm(e, n->a[0]);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&a));
    if (d != a.reg) asm_op(e->c, ASM_MOV | emit_w(r), d, 0, &a);
    asm_bswap(e->c, emit_w(r), d);
    if (r->w < 64) emit_result(e)->zero = 32;
}
