/* Loads and stores. In the window a guest address is an offset from gs, and the host's page protection checks
 * it. Elsewhere the vcpu's TLB is looked at, and what it does not know is the reference's. */
#include "engine/jit/x86_64/emit.h"

static const uint32_t load_zero[] = {
    [8] = ASM_MOVZX8, [16] = ASM_MOVZX16, [32] = ASM_MOV, [64] = ASM_MOV | ASM_W};
static const uint32_t load_sign[] = {[8] = ASM_MOVSX8 | ASM_W, [16] = ASM_MOVSX16 | ASM_W, [32] = ASM_MOVSXD};
static const uint32_t store_reg[] = {
    [8] = ASM_MOV_ST8, [16] = ASM_MOV_ST16, [32] = ASM_MOV_ST, [64] = ASM_MOV_ST | ASM_W};
static const uint32_t store_imm[] = {
    [8] = ASM_MOV_I8, [16] = ASM_MOV_I16, [32] = ASM_MOV_I, [64] = ASM_MOV_I | ASM_W};

/* ---- the TLB ---- */

struct lookup {
    unsigned addr, index, tag; /* free registers: the address, its entry's offset in 8 bytes, something */
    struct emit_cold *cold;    /* when it is not there */
};

static struct asm_rm entry(const struct lookup *l, size_t field)
{
    ptrdiff_t at = (ptrdiff_t)(offsetof(struct vcpu, tlb) + field) -
                   (ptrdiff_t)(offsetof(struct vcpu, state) + JIT_STATE_BIAS);
    return asm_mx(ASM_RBP, l->index, 3, (int32_t)at);
}

/* The address and where to look for it. Takes all free registers: what was in them is elsewhere now. */
static struct lookup lookup_start(struct emit *e, uint32_t v)
{
    struct lookup l;
    struct asm_rm a = use_address(e, v);
    l.addr = use_tmp(e, EMIT_GPRS);
    if (a.base == ASM_NONE)
        asm_const(e->c, l.addr, (uint64_t)(int64_t)a.disp);
    else
        asm_op(e->c, ASM_LEA | ASM_W, l.addr, 0, &a);
    e->locked = 1u << l.addr;
    l.index = use_tmp(e, EMIT_GPRS);
    l.tag = use_tmp(e, EMIT_GPRS);
    asm_rr(e->c, ASM_MOV, l.index, l.addr);
    asm_rr(e->c, ASM_SHIFT_I, SHIFT_SHR, l.index);
    asm_byte(e->c, CPU_PAGE_BITS);
    _Static_assert(CPU_TLB_SIZE == 256 && sizeof(struct tlb_entry) == 24,
                   "an entry's number is a byte, times 3 * 8");
    asm_rr(e->c, ASM_MOVZX8, l.index, l.index);
    asm_op(
        e->c, ASM_LEA, l.index, 0,
        &(struct asm_rm){.reg = ASM_NONE, .base = (uint8_t)l.index, .index = (uint8_t)l.index, .scale = 1});
    l.cold = emit_cold_ref(e, (uint8_t[]){(uint8_t)l.addr, ASM_NONE});
    BUG_ON(!l.cold);
    l.cold->fault = emit_fault_exit(e);
    return l;
}

/* Compares, and gives the operand in the host's memory. */
static struct asm_rm lookup_end(struct emit *e, const struct lookup *l, unsigned w, bool write)
{
    struct asm_rm tag =
        entry(l, write ? offsetof(struct tlb_entry, write_tag) : offsetof(struct tlb_entry, read_tag));
    struct asm_rm addend = entry(l, offsetof(struct tlb_entry, addend));
    asm_rr(e->c, ASM_MOV | ASM_W, l->tag, l->addr);
    asm_alu_i(e->c, ALU_AND, ASM_W, &(struct asm_rm){.reg = (uint8_t)l->tag},
              -(int32_t)(CPU_PAGE - w / 8) - 1);
    asm_op(e->c, (ASM_ALU + 8 * ALU_CMP) | ASM_W, l->tag, 0, &tag);
    BUG_ON(!l->cold);
    l->cold->from = asm_jump32(e->c, CC_NE);
    asm_op(e->c, ASM_MOV | ASM_W, l->tag, 0, &addend);
    return asm_mx(l->addr, l->tag, 0, 0);
}

/* ---- loads ---- */

/* Is the loaded value only wanted sign-extended? Then it is loaded so. */
static bool wanted_signed(struct emit *e)
{
    uint32_t use = e->val[e->at].use;
    const struct emit_row *row = &emit_rows[e->nodes[use].op];
    return use && row->fn == emit_extend && row->k;
}

void emit_load(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    bool x = e->val[e->at].want_x && r->w >= 32, as_signed = !x && r->w < 64 && wanted_signed(e);
    uint32_t op = x ? (r->w == 32 ? ASM_MOVD_LD : ASM_MOVQ) : as_signed ? load_sign[r->w] : load_zero[r->w];
    struct lookup l = {0};
    struct asm_rm m;
    if (e->window)
        m = use_memory(e, n->a[0]);
    else
        l = lookup_start(e, n->a[0]);
    uint32_t reuse = e->locked;
    emit_taken(e);
    unsigned d = x ? def_x(e, 0) : def_g(e, reuse);
    if (e->window) {
        emit_fault_here(e, false);
    } else {
        m = lookup_end(e, &l, r->w, false);
        l.cold->dst = (uint8_t)d;
    }
    asm_op(e->c, op, d, 0, &m);
    if (l.cold) {
        l.cold->load = op;
        l.cold->back = e->c->n;
    }
    if (as_signed)
        emit_result(e)->sign = r->w;
    else if (!x)
        emit_result(e)->zero = r->w;
}

/* ---- stores ---- */

static void put_imm(struct emit *e, const struct asm_rm *m, unsigned w, int32_t imm)
{
    asm_op(e->c, store_imm[w], 0, 0, m);
    for (unsigned i = 0; i < (w == 64 ? 4 : w / 8); i++) asm_byte(e->c, (uint8_t)(imm >> 8 * i));
}

static void put_reg(struct emit *e, const struct asm_rm *m, unsigned w, unsigned reg)
{
    uint32_t op = reg < ASM_XMM0 ? store_reg[w] : w == 32 ? ASM_MOVQ_GX : ASM_MOVQ_ST;
    asm_op(e->c, op, reg, 0, m);
}

static void store_by_tlb(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    int32_t imm;
    uint32_t v = n->a[1];
    bool constant = use_imm(e, v, r->w, &imm);
    if (e->val[v].disp) use_g(e, v); /* it is added up, and may give way to the lookup */
    e->locked = 0;
    struct lookup l = lookup_start(e, n->a[0]);
    l.cold->arg[1] = use_kept(e, v);
    unsigned reg = l.cold->arg[1].reg;
    if (reg >= ASM_XMM0 && r->w < 32) reg = ASM_NONE;
    struct asm_rm m = lookup_end(e, &l, r->w, true);
    if (constant) {
        put_imm(e, &m, r->w, imm);
    } else {
        if (reg == ASM_NONE) use_in(e, v, reg = l.index);
        put_reg(e, &m, r->w, reg);
    }
    l.cold->back = e->c->n;
    emit_taken(e);
}

void emit_store(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    int32_t imm;
    if (!e->window) {
        store_by_tlb(e, n, r);
        return;
    }
    struct asm_rm m = use_memory(e, n->a[0]);
    if (use_imm(e, n->a[1], r->w, &imm)) {
        emit_fault_here(e, true);
        put_imm(e, &m, r->w, imm);
        emit_taken(e);
        return;
    }
    const struct emit_cell *c = emit_cell_of(e, n->a[1]);
    bool from_x = r->w >= 32 && c->regs && !(c->regs & 0xffff) && !e->val[n->a[1]].disp;
    unsigned v = from_x ? use_x(e, n->a[1]) : use_g(e, n->a[1]);
    emit_fault_here(e, true);
    put_reg(e, &m, r->w, v);
    emit_taken(e);
}
