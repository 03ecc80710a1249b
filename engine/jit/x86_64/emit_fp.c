/* Floating point in xmm registers: the host's own arithmetic, with the guest's rounding mode and sticky flags
 * live in MXCSR.
 *
 * Inline for guests whose every NaN result is one NaN (jit_emit looks at the policy): the host raises the
 * same exceptions for the same operands, so all that is left to repair is which NaN came out. What differs
 * more (another rounding mode than the live one, conversions out of range, minima of NaNs) is left to the
 * reference before anything was raised.
 *
 * A single-precision operation keeps the upper half of its first operand's register, so that the result of
 * one on boxed numbers is boxed. */
#include "engine/jit/x86_64/emit.h"

static uint32_t scalar(const struct emit_row *r)
{
    return r->w == 64 ? ASM_SD : ASM_SS;
}

static uint32_t ucomis(const struct emit_row *r)
{
    return r->w == 64 ? ASM_UCOMISD : ASM_UCOMISS;
}

static bool live_round(const struct emit *e, const struct ir_node *n)
{
    return n->round == e->b->live_round && n->round <= FP_RUP;
}

/* From which bit up the result has ones when it gets the upper half of this operand. */
static unsigned ones_of(struct emit *e, uint32_t v, const struct emit_row *r)
{
    return r->w == 32 && emit_cell_of(e, v)->ones <= 32 ? 32 : 64;
}

static const void *literal(struct emit *e, unsigned lit)
{
    return (const uint8_t *)e->h->literals + 16 * lit;
}

/* d = a op b; without VEX, d is not b. */
static void op3(struct emit *e, uint32_t op, unsigned d, unsigned a, const struct asm_rm *b)
{
    if (e->h->avx) {
        asm_op(e->c, op | ASM_VEX, d, a, b);
        return;
    }
    alloc_move(e, d, a);
    asm_op(e->c, op, d, 0, b);
}

/* The registers among these operands that the result may replace. */
static uint32_t reuse(const struct emit *e, unsigned a, const struct asm_rm *b)
{
    return 1u << a | (e->h->avx ? emit_rm_bit(b) : 0);
}

/* ---- NaNs that came out ---- */

static void write_nan(struct emit *e, const struct emit_cold *c)
{
    asm_near(e->c, ASM_MOVQ, c->dst, 0, literal(e, (unsigned)c->value));
}

/* Does it show which NaN the result is? Not to operations on numbers, which give the one NaN for any. */
static bool nan_shows(const struct emit *e)
{
    uint32_t v = e->at, use = e->val[v].use;
    while (use) {
        const struct ir_node *u = &e->nodes[use];
        uint32_t next = 0;
        for (unsigned k = 0; k < ir_op_table[u->op].nargs; k++) {
            if (u->a[k] != v) continue;
            if (!(emit_rows[u->op].xargs >> k & 1)) return true;
            if (e->b->next[use][k] > use) next = e->b->next[use][k];
        }
        use = next;
    }
    return false;
}

/* The result in d may be a NaN, which is to be the guest's. NULL: it does not matter. */
static struct emit_cold *cold_if_nan(struct emit *e, const struct emit_row *r, unsigned d,
                                     void (*emit)(struct emit *e, const struct emit_cold *c))
{
    if (emit == write_nan && !nan_shows(e)) return NULL;
    asm_rr(e->c, ucomis(r), d, d);
    uint32_t jump = asm_jump32(e->c, CC_P);
    struct emit_cold *c = emit_cold_new(e, emit);
    c->from = jump;
    c->dst = (uint8_t)d;
    c->value = r->w == 64 ? LIT_F64_NAN : LIT_F32_NAN;
    c->back = e->c->n;
    return c;
}

/* ---- arithmetic. k: the opcode ---- */

void emit_fp_binary(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp || !live_round(e, n)) {
        emit_ref(e, n);
        return;
    }
    uint32_t first = n->a[0], second = n->a[1];
    if (ir_op_table[n->op].flags & IR_OP_COMMUTES && ones_of(e, first, r) > ones_of(e, second, r)) {
        first = n->a[1];
        second = n->a[0];
    }
    unsigned a = use_x(e, first), ones = ones_of(e, first, r);
    struct asm_rm b = use_xm(e, second);
    emit_taken(e);
    unsigned d = def_x(e, reuse(e, a, &b));
    op3(e, scalar(r) | r->k, d, a, &b);
    emit_result(e)->ones = (uint8_t)ones;
    cold_if_nan(e, r, d, write_nan);
}

void emit_fp_sqrt(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp || !live_round(e, n)) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]), ones = ones_of(e, n->a[0], r);
    emit_taken(e);
    unsigned d = def_x(e, 1u << a);
    if (e->h->avx) {
        asm_rrr(e->c, scalar(r) | r->k | ASM_VEX, d, a, a);
    } else {
        alloc_move(e, d, a);
        asm_rr(e->c, scalar(r) | r->k, d, d);
    }
    emit_result(e)->ones = (uint8_t)ones;
    cold_if_nan(e, r, d, write_nan);
}

/* To an integer in the same format, by the operation's own rounding mode. k: raises NX. */
void emit_fp_round(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint8_t mode[] = {[FP_RNE] = 0, [FP_RDN] = 1, [FP_RUP] = 2, [FP_RTZ] = 3};
    if (!e->fp || n->round > FP_RUP || !e->h->sse41) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]), ones = ones_of(e, n->a[0], r);
    uint32_t op = r->w == 64 ? ASM_ROUNDSD : ASM_ROUNDSS;
    emit_taken(e);
    unsigned d = def_x(e, 1u << a);
    struct asm_rm rm = asm_r(a);
    op3(e, op, d, a, &rm);
    asm_byte(e->c, mode[n->round] | (r->k ? 0 : 8));
    emit_result(e)->ones = (uint8_t)ones;
    cold_if_nan(e, r, d, write_nan);
}

/* ---- fused multiply-add ---- */

/* The result is NaN: fma_nan makes of the factors what the host does not. */
static void write_fma_nan(struct emit *e, const struct emit_cold *c)
{
    for (unsigned k = 0; k < 2; k++)
        asm_mem(e->c, ASM_MOVQ_ST, c->arg[k].reg, ASM_RBP, EMIT_CALL_ARGS + 16 * (int32_t)k);
    asm_call(e->c, e->h->fma_nan[c->value == LIT_F64_NAN]);
    write_nan(e, c);
}

static bool fma_inline(const struct emit *e, const struct ir_node *n)
{
    return e->fp && live_round(e, n) && e->h->fma;
}

bool emit_waits_for_fma(const struct emit *e, const struct ir_node *n)
{
    uint32_t use = e->val[e->at].use;
    const struct ir_node *u = &e->nodes[use], *sign = &e->nodes[n->a[1]];
    bool is_double = n->op == IR_XOR_I64;
    if (!use || u->op != (is_double ? IR_F64_FMA : IR_F32_FMA) || !fma_inline(e, u)) return false;
    if (sign->op != IR_CONST || sign->imm != (is_double ? 1ull << 63 : 1ull << 31)) return false;
    unsigned uses = 0, again = 0;
    for (unsigned k = 0; k < 3; k++) {
        uses += u->a[k] == e->at;
        again |= u->a[k] == e->at ? e->b->next[use][k] : 0;
    }
    return uses == 1 && !again;
}

void emit_fp_fma(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t form[2][2] = {{ASM_FMADD231, ASM_FMSUB231}, {ASM_FNMADD231, ASM_FNMSUB231}};
    if (!fma_inline(e, n)) {
        emit_ref(e, n);
        return;
    }
    bool product = e->val[n->a[0]].negated ^ e->val[n->a[1]].negated, addend = e->val[n->a[2]].negated;
    unsigned a = use_x(e, n->a[0]), b = use_x(e, n->a[1]), c = use_x(e, n->a[2]),
             ones = ones_of(e, n->a[2], r);
    emit_taken(e);
    unsigned d = def_x(e, c == a || c == b ? 0 : 1u << c);
    alloc_move(e, d, c);
    asm_rrr(e->c, form[product][addend] | emit_w(r), d, a, b);
    emit_result(e)->ones = (uint8_t)ones;
    struct emit_cold *cold = cold_if_nan(e, r, d, write_fma_nan);
    cold->arg[0] = asm_r(a);
    cold->arg[1] = asm_r(b);
}

/* ---- minimum, maximum. k: the opcode. Of two equal numbers, which can only be zeros of different signs,
 * both orders of the operands together say which. NaNs are the reference's. ---- */

void emit_fp_minmax(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp || !e->h->avx) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]), b = use_x(e, n->a[1]), t = use_tmp(e, EMIT_XMMS);
    unsigned ones = ones_of(e, n->a[0], r), other = ones_of(e, n->a[1], r);
    struct emit_cold *cold = emit_cold_ref(e, (uint8_t[]){(uint8_t)a, (uint8_t)b});
    emit_taken(e);
    unsigned d = def_x(e, 1u << a | 1u << b);
    asm_rr(e->c, ucomis(r), a, b);
    cold->from = asm_jump32(e->c, CC_P);
    asm_rrr(e->c, scalar(r) | r->k | ASM_VEX, t, a, b);
    asm_rrr(e->c, scalar(r) | r->k | ASM_VEX, d, b, a);
    asm_rrr(e->c, (r->k == 0x5d ? ASM_ORPS : ASM_ANDPS) | ASM_VEX, d, d, t);
    cold->dst = (uint8_t)d;
    cold->boxed = r->w == 32;
    cold->back = e->c->n;
    emit_result(e)->ones = (uint8_t)(ones > other ? ones : other);
}

/* ---- comparison ---- */

/* Unordered is not equal: the flags as a comparison of unequal numbers leaves them. */
static void write_unequal(struct emit *e, const struct emit_cold *c)
{
    asm_rr(e->c, ASM_TEST | ASM_W, ASM_RSP, ASM_RSP);
}

void emit_fp_eq(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp) {
        emit_ref(e, n);
        return;
    }
    unsigned a = use_x(e, n->a[0]);
    struct asm_rm b = use_xm(e, n->a[1]);
    asm_op(e->c, ucomis(r), a, 0, &b);
    emit_taken(e);
    uint32_t jump = asm_jump32(e->c, CC_P);
    struct emit_cold *cold = emit_cold_new(e, write_unequal);
    cold->from = jump;
    cold->back = e->c->n;
    def_flags(e, CC_E);
}

/* a < b is b > a, whose flag unordered numbers do not set. k: bit 0: or equal, bit 1: quiet. */
void emit_fp_less(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->fp) {
        emit_ref(e, n);
        return;
    }
    unsigned b = use_x(e, n->a[1]);
    struct asm_rm a = use_xm(e, n->a[0]);
    asm_op(e->c, r->k & 2 ? ucomis(r) : r->w == 64 ? ASM_COMISD : ASM_COMISS, b, 0, &a);
    emit_taken(e);
    def_flags(e, r->k & 1 ? CC_AE : CC_A);
}

/* ---- sticky flags ---- */

/* The host's flags so far, as the guest's, in d. */
static void read_flags(struct emit *e, unsigned d)
{
    unsigned t = use_tmp(e, EMIT_GPRS);
    asm_mem(e->c, ASM_STMXCSR, 3, ASM_RBP, EMIT_CALL_OUT);
    asm_mem(e->c, ASM_MOVZX8, d, ASM_RBP, EMIT_CALL_OUT);
    asm_alu_i(e->c, ALU_AND, 0, &(struct asm_rm){.reg = (uint8_t)d}, 0x3f);
    asm_near(e->c, ASM_LEA | ASM_W, t, 0, (const uint8_t *)e->h->literals + EMIT_FLAGS_OF_HOST);
    struct asm_rm m = asm_mx(t, d, 0, 0);
    asm_op(e->c, ASM_MOVZX8, d, 0, &m);
}

void emit_fp_raised(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (!e->val[e->at].use) {
        def_same(e, n->a[0]);
        return;
    }
    struct asm_rm a = use_rm(e, n->a[0]);
    emit_taken(e);
    unsigned d = def_g(e, 0);
    read_flags(e, d);
    asm_op(e->c, (ASM_ALU + 8 * ALU_OR) | ASM_W, d, 0, &a);
}

static void write_no_flags(struct emit *e, const struct emit_cold *c)
{
    struct asm_rm m = asm_m(ASM_RBP, EMIT_CALL_OUT);
    asm_alu_i(e->c, ALU_AND, 0, &m, ~0x3f);
    asm_op(e->c, ASM_LDMXCSR, 2, 0, &m);
}

/* What is in a may stay, as it will be in the guest's flags, too; only when there is more, all of it goes. */
void emit_fp_keep(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    unsigned a = use_g(e, n->a[0]), d = use_tmp(e, EMIT_GPRS);
    read_flags(e, d);
    struct emit_cold *cold = emit_cold_new(e, write_no_flags);
    asm_rr(e->c, ASM_NOT, 2, d);
    asm_rr(e->c, ASM_ALU + 8 * ALU_OR, d, a);
    asm_rr(e->c, ASM_NOT, 2, d);
    asm_rr(e->c, ASM_TEST, d, d);
    cold->from = asm_jump32(e->c, CC_NE);
    cold->back = e->c->n;
    emit_taken(e);
}
