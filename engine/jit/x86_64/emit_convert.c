/* Conversions between numbers of different kinds. What is out of range goes to the reference before the host
 * could raise an exception too many, or where the host's result says so. */
#include "engine/jit/x86_64/emit.h"

static const void *literal(struct emit *e, unsigned lit)
{
    return (const uint8_t *)e->h->literals + 16 * lit;
}

static bool live_round(const struct emit *e, const struct ir_node *n)
{
    return n->round == e->b->live_round && n->round <= FP_RUP;
}

/* ---- to integers ---- */

static void add_cold(struct emit *e, struct emit_cold *cold, uint32_t jump, unsigned d)
{
    cold->from = jump;
    cold->dst = (uint8_t)d;
    cold->back = e->c->n;
}

/* The host gives its smallest integer for what does not fit, having raised what the guest raises, too; the
 * reference decides what comes out, and for that one number itself nothing changes. */
static void to_signed(struct emit *e, const struct ir_node *n, unsigned a, uint32_t op, uint32_t w)
{
    struct emit_cold *cold = emit_cold_ref(e, (uint8_t[]){(uint8_t)a});
    emit_taken(e);
    unsigned d = def_g(e, 0);
    asm_rr(e->c, op | w, d, a);
    asm_alu_i(e->c, ALU_CMP, w, &(struct asm_rm){.reg = (uint8_t)d}, 1);
    add_cold(e, cold, asm_jump32(e->c, CC_O), d);
    if (!w) emit_result(e)->zero = 32;
}

/* By the signed 64-bit conversion, of what is not negative and well below 2^bits: judged by sign and
 * exponent. */
static void to_unsigned(struct emit *e, const struct ir_node *n, unsigned a, uint32_t op, unsigned bits,
                        unsigned from)
{
    unsigned fraction = from == 64 ? 52 : 23, bias = from == 64 ? 1023 : 127;
    struct emit_cold *cold = emit_cold_ref(e, (uint8_t[]){(uint8_t)a});
    emit_taken(e);
    unsigned d = def_g(e, 0);
    asm_rr(e->c, ASM_MOVQ_GX | (from == 64 ? ASM_W : 0), a, d);
    asm_rr(e->c, ASM_SHIFT_I | (from == 64 ? ASM_W : 0), SHIFT_SHR, d);
    asm_byte(e->c, fraction);
    asm_alu_i(e->c, ALU_CMP, 0, &(struct asm_rm){.reg = (uint8_t)d}, (int32_t)(bias + bits - 1));
    uint32_t jump = asm_jump32(e->c, CC_AE);
    asm_rr(e->c, op | ASM_W, d, a);
    add_cold(e, cold, jump, d);
    if (bits == 32) emit_result(e)->zero = 32;
}

/* w: of the number; k: bits of the integer, and 1 when it is unsigned. */
void emit_fp_to_int(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    bool truncates = n->round == FP_RTZ;
    if (!e->fp || (!truncates && !live_round(e, n))) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]), bits = r->k & ~1u;
    uint32_t op = (r->w == 64 ? ASM_SD : ASM_SS) | (truncates ? ASM_CVTT2SI : ASM_CVT2SI);
    if (r->k & 1)
        to_unsigned(e, n, a, op, bits, r->w);
    else
        to_signed(e, n, a, op, bits == 64 ? ASM_W : 0);
}

/* ---- from integers ---- */

/* w: of the number; k: as above. The other half of a single-precision number's register gets the ones of a
 * box; either way the result does not wait for what was in the register. */
void emit_int_to_fp(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    unsigned bits = r->k & ~1u;
    bool is_unsigned = r->k & 1, exact = r->w == 64 && bits == 32;
    if (!e->fp || (!exact && !live_round(e, n))) {
        emit_ref(e, n);
        return;
    }
    unsigned a = is_unsigned && bits == 32 ? use_gz(e, n->a[0]) : use_g(e, n->a[0]);
    bool huge = is_unsigned && bits == 64; /* what the host takes for negative is the reference's */
    struct emit_cold *cold = huge ? emit_cold_ref(e, (uint8_t[]){(uint8_t)a}) : NULL;
    uint32_t jump = 0;
    emit_taken(e);
    unsigned d = def_x(e, 0);
    if (huge) {
        asm_rr(e->c, ASM_TEST | ASM_W, a, a);
        jump = asm_jump32(e->c, CC_S);
    }
    if (r->w == 64)
        asm_rr(e->c, ASM_XORPS, d, d);
    else
        asm_near(e->c, ASM_MOVQ, d, 0, literal(e, LIT_BOX32));
    asm_rr(e->c, (r->w == 64 ? ASM_SD : ASM_SS) | ASM_CVTSI2 | (bits == 64 || is_unsigned ? ASM_W : 0), d, a);
    if (cold) {
        cold->boxed = r->w == 32;
        add_cold(e, cold, jump, d);
    }
    if (r->w == 32) emit_result(e)->ones = 32;
}

/* ---- from one format to another ---- */

static void write_nan(struct emit *e, const struct emit_cold *c)
{
    asm_near(e->c, ASM_MOVQ, c->dst, 0, literal(e, (unsigned)c->value));
}

/* w: of the result. */
void emit_fp_to_fp(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp || (r->w == 32 && !live_round(e, n))) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]);
    emit_taken(e);
    unsigned d = def_x(e, 1u << a);
    if (d != a && r->w == 32) {
        asm_near(e->c, ASM_MOVQ, d, 0, literal(e, LIT_BOX32));
        emit_result(e)->ones = 32;
    } else if (d != a) {
        asm_rr(e->c, ASM_XORPS, d, d);
    }
    asm_rr(e->c, r->w == 32 ? ASM_CVTSD2SS : ASM_CVTSS2SD, d, a);
    asm_rr(e->c, r->w == 64 ? ASM_UCOMISD : ASM_UCOMISS, d, d);
    uint32_t jump = asm_jump32(e->c, CC_P);
    struct emit_cold *cold = emit_cold_new(e, write_nan);
    cold->value = r->w == 64 ? LIT_F64_NAN : LIT_F32_NAN;
    add_cold(e, cold, jump, d);
}
