/* AES and products without carries, which the host has on 128 bits: a pair of guest registers goes to an xmm
 * register, and the half that is wanted comes back. A call of the reference takes fifty times as long, and
 * programs that are told of the guest's instructions (riscv_hwprobe) use them for every byte they send. */
#include "engine/jit/x86_64/emit.h"

/* x <- lo, and above it hi. */
static void pair(struct emit *e, unsigned x, unsigned hi_x, unsigned lo, unsigned hi)
{
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, x, lo);
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, hi_x, hi);
    asm_rr(e->c, ASM_PUNPCKLQDQ, x, hi_x);
}

/* Half of a round: the host's has both, and a key at the end, which is zero here. */
void emit_aes_round(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t op[] = {ASM_AESENCLAST, ASM_AESENC, ASM_AESDECLAST, ASM_AESDEC};
    if (!e->h->aes) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_g(e, n->a[0]), b = use_g(e, n->a[1]);
    unsigned x = use_tmp(e, EMIT_XMMS), key = use_tmp(e, EMIT_XMMS);
    emit_taken(e);
    unsigned d = def_g(e, 1u << a | 1u << b);
    pair(e, x, key, a, b);
    asm_rr(e->c, ASM_XORPS, key, key);
    asm_rr(e->c, op[r->k], x, key);
    asm_rr(e->c, ASM_MOVQ_GX | ASM_W, x, d);
}

void emit_aes_mix(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->h->aes) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_g(e, n->a[0]), x = use_tmp(e, EMIT_XMMS);
    emit_taken(e);
    unsigned d = def_g(e, 1u << a);
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, x, a);
    asm_rr(e->c, ASM_AESIMC, x, x);
    asm_rr(e->c, ASM_MOVQ_GX | ASM_W, x, d);
}

/* The host makes of word 1 both what rounds 0 to 9 want (in word 1) and what the step without a rotation
 * wants (in word 0); here it stands in both halves. */
void emit_aes_key(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint8_t rcon[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36, 0};
    enum { WORD_0 = 0x00, WORD_1 = 0x55 }; /* pshufd: the same word everywhere */
    if (!e->h->aes || !emit_is_const(e, n->a[1]) || emit_const_of(e, n->a[1]) >= sizeof(rcon)) {
        emit_ref(e, n);
        return;
    }
    uint64_t round = emit_const_of(e, n->a[1]);
    unsigned a = use_g(e, n->a[0]), x = use_tmp(e, EMIT_XMMS);
    emit_taken(e);
    unsigned d = def_g(e, 1u << a);
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, x, a);
    asm_rr(e->c, ASM_AESKEYGENASSIST, x, x);
    asm_byte(e->c, rcon[round]);
    asm_rr(e->c, ASM_PSHUFD, x, x);
    asm_byte(e->c, round < 10 ? WORD_1 : WORD_0);
    asm_rr(e->c, ASM_MOVQ_GX | ASM_W, x, d);
}

/* Words a1 ^ b0 and, above it, a1 ^ b0 ^ b1: by the frame, since operands may have all free registers but
 * one.
 */
void emit_aes_key_mix(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    unsigned a = use_g(e, n->a[0]);
    struct asm_rm b = use_rm(e, n->a[1]);
    emit_taken(e);
    unsigned d = def_g(e, b.reg == a ? 0 : 1u << a);
    if (d != a) asm_rr(e->c, ASM_MOV | ASM_W, d, a);
    asm_rr(e->c, ASM_SHIFT_I | ASM_W, SHIFT_SHR, d);
    asm_byte(e->c, 32);
    asm_op(e->c, (ASM_ALU + 8 * ALU_XOR) | ASM_W, d, 0, &b);
    asm_mem(e->c, ASM_MOV_ST | ASM_W, d, ASM_RSP, EMIT_CALL_OUT);
    asm_rr(e->c, ASM_SHIFT_I | ASM_W, SHIFT_SHL, d);
    asm_byte(e->c, 32);
    asm_mem(e->c, (ASM_ALU + 8 * ALU_XOR) | ASM_W, d, ASM_RSP, EMIT_CALL_OUT);
}

/* k: the high half. */
void emit_clmul(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->h->pclmul) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_g(e, n->a[0]), b = use_g(e, n->a[1]);
    unsigned x = use_tmp(e, EMIT_XMMS), y = use_tmp(e, EMIT_XMMS);
    emit_taken(e);
    unsigned d = def_g(e, 1u << a | 1u << b);
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, x, a);
    asm_rr(e->c, ASM_MOVQ_XG | ASM_W, y, b);
    asm_rr(e->c, ASM_PCLMULQDQ, x, y);
    asm_byte(e->c, 0);
    if (r->k) {
        asm_rr(e->c, ASM_PSRLDQ, 3, x);
        asm_byte(e->c, 8);
    }
    asm_rr(e->c, ASM_MOVQ_GX | ASM_W, x, d);
}
