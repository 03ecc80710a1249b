/* Atomic operations on the window by the host's locked instructions, and fences. Their address is aligned,
 * which an align_store before them saw to, and a fault in them is always one of a write. Nothing is written
 * to a guest's register before the access, which may fault, so results come about in free registers. */
#include "engine/jit/x86_64/emit.h"

/* An address whose low bits must be zero; if not, the reference raises the fault. */
void emit_align(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    int32_t size;
    if (!use_imm(e, n->a[1], 64, &size) || size > 16) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_g(e, n->a[0]);
    asm_rr(e->c, ASM_TEST_I8, 0, a);
    asm_byte(e->c, (unsigned)size - 1);
    struct emit_cold *cold = emit_cold_ref(e, (uint8_t[]){(uint8_t)a, ASM_NONE});
    cold->from = asm_jump32(e->c, CC_NE);
    cold->fault = emit_fault_exit(e);
    cold->back = e->c->n;
    emit_taken(e);
}

static void locked(struct emit *e, uint32_t op, unsigned reg, const struct asm_rm *m)
{
    emit_fault_here(e, true);
    asm_op(e->c, op, reg, 0, m);
}

/* swap, add: one instruction gives the old value. k: its opcode. */
void emit_amo_exchange(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    struct asm_rm m = use_memory(e, n->a[0]);
    unsigned old = use_tmp(e, EMIT_GPRS);
    use_in(e, n->a[1], old);
    locked(e, (r->k == 0x87 ? ASM_XCHG : ASM_XADD) | emit_w(r), old, &m);
    emit_taken(e);
    def_in(e, old);
    if (r->w == 32) emit_result(e)->zero = 32;
}

/* The operand as memory, so that registers suffice: in the frame. */
static struct asm_rm in_frame(struct emit *e, uint32_t v)
{
    struct asm_rm m = asm_m(ASM_RBP, EMIT_CALL_ARGS);
    uint32_t before = e->locked;
    asm_op(e->c, ASM_MOV_ST | ASM_W, use_g(e, v), 0, &m);
    e->locked = before;
    return m;
}

/* The others: compute, and exchange if memory is still what was computed from. k: an
 * enum asm_alu, or the condition under which the old value stays. */
void emit_amo_loop(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    uint32_t w = emit_w(r), cmp = (ASM_ALU + 8 * ALU_CMP) | w;
    struct asm_rm b = in_frame(e, n->a[1]);
    use_fixed(e, ASM_RAX);
    struct asm_rm m = use_memory(e, n->a[0]);
    unsigned t = use_tmp(e, EMIT_GPRS);
    locked(e, ASM_MOV | w, ASM_RAX, &m);
    uint32_t again = e->c->n;
    if (r->k & EMIT_KEEPS_OLD) {
        asm_op(e->c, ASM_MOV | w, t, 0, &b);
        asm_op(e->c, cmp, ASM_RAX, 0, &b);
        asm_rr(e->c, (ASM_CMOV + (r->k & 15u)) | w, t, ASM_RAX);
    } else {
        asm_rr(e->c, ASM_MOV | w, t, ASM_RAX);
        asm_op(e->c, (ASM_ALU + 8u * r->k) | w, t, 0, &b);
    }
    locked(e, ASM_CMPXCHG | w, t, &m);
    asm_jump_back(e->c, CC_NE, again);
    emit_taken(e);
    def_in(e, ASM_RAX);
    if (!w) emit_result(e)->zero = 32;
}

void emit_amo_cas(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    use_fixed(e, ASM_RAX);
    struct asm_rm m = use_memory(e, n->a[0]);
    unsigned v = use_g(e, n->a[2]);
    use_in(e, n->a[1], ASM_RAX);
    locked(e, ASM_CMPXCHG | emit_w(r), v, &m);
    emit_taken(e);
    if (r->w == 32) asm_rr(e->c, ASM_MOV, ASM_RAX, ASM_RAX); /* where it was equal, rax is as it was */
    def_in(e, ASM_RAX);
    if (r->w == 32) emit_result(e)->zero = 32;
}

/* Not enabled, it touches nothing, and memory is not the expected. */
void emit_store_if(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->window) {
        emit_ref(e, n);
        return;
    }
    use_fixed(e, ASM_RAX);
    enum asm_cc cc = emit_condition(e, n->a[2]);
    struct asm_rm m = use_memory(e, n->a[0]);
    unsigned v = use_g(e, n->a[1]);
    use_in(e, n->a[3], ASM_RAX);
    uint32_t skip = cc < CC_NEVER ? asm_jump8(e->c, cc ^ 1) : 0;
    if (cc != CC_NEVER) {
        locked(e, ASM_CMPXCHG | emit_w(r), v, &m);
    } else {
        asm_rr(e->c, ASM_TEST | ASM_W, ASM_RSP, ASM_RSP); /* not equal */
    }
    /* a condition that was false is left in the flags as it was tested */
    if (skip) {
        uint32_t over = asm_jump8(e->c, CC_ALWAYS);
        asm_here8(e->c, skip);
        asm_rr(e->c, ASM_TEST | ASM_W, ASM_RSP, ASM_RSP);
        asm_here8(e->c, over);
    }
    emit_taken(e);
    def_flags(e, CC_E);
}

/* The host lets a later load, and nothing else, pass an earlier store (SDM 3A 9.2.2), but not around a locked
 * instruction, which takes less time than mfence. */
void emit_fence(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct asm_rm top = asm_m(ASM_RSP, 0);
    if (!emit_is_const(e, n->a[0])) {
        emit_ref(e, n);
        return;
    }
    bool all = emit_const_of(e, n->a[0]);
    emit_taken(e);
    if (all) asm_alu_i(e->c, ALU_OR, ASM_LOCK, &top, 0);
}
