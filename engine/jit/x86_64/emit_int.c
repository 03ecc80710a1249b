/* Integer arithmetic, logic, shifts, widths. Operations on 8 and 16 bits are done in 32: what is above their
 * width is anything, and where it would show, the operands are widened first. */
#include "engine/jit/x86_64/emit.h"

static unsigned max(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* A content's known bits, as seen by a value of it. */
struct known {
    uint8_t zero, sign;
};
static struct known known_of(struct emit *e, uint32_t v)
{
    const struct emit_cell *c = emit_cell_of(e, v);
    if (e->val[v].disp) return (struct known){64, 64};
    return (struct known){c->zero, c->zero < 64 && c->zero + 1 < c->sign ? (uint8_t)(c->zero + 1) : c->sign};
}

/* What is known of a 64-bit logical operation's result, from its operands. */
static void know_logic(struct emit *e, unsigned alu, struct known a, struct known b, bool narrow)
{
    struct emit_cell *c = emit_result(e);
    c->sign = (uint8_t)max(a.sign, b.sign);
    c->zero = (uint8_t)(alu == ALU_AND ? (a.zero < b.zero ? a.zero : b.zero) : max(a.zero, b.zero));
    if (!narrow) return;
    if (c->zero > 32) c->zero = 32; /* 32-bit operations clear the upper half */
    c->sign = 64;
}

/* A 64-bit sum or difference of two numbers that fit in so many bits fits in one more. */
static void know_sum(struct emit *e, struct known a, struct known b, bool narrow)
{
    unsigned sign = max(a.sign, b.sign);
    if (narrow)
        emit_result(e)->zero = 32;
    else if (sign < 63)
        emit_result(e)->sign = (uint8_t)(sign + 1);
}

static struct known known_const(uint64_t v)
{
    unsigned bits = v ? 64 - (unsigned)__builtin_clzll(v) : 0;
    return (struct known){(uint8_t)bits,
                          (uint8_t)(bits < 64 ? bits + 1u : 65 - (unsigned)__builtin_clzll(~v | 1))};
}

/* ---- and, or, xor, add, sub ---- */

/* x & 0xff and the like: a move. */
static bool mask_by_move(struct emit *e, uint32_t v, uint64_t mask, const struct emit_row *r)
{
    uint32_t op = mask == 0xff ? ASM_MOVZX8 : mask == 0xffff ? ASM_MOVZX16 : mask == UINT32_MAX ? ASM_MOV : 0;
    if (!op || r->w < 32) return false;
    unsigned bits = 64 - (unsigned)__builtin_clzll(mask);
    if (known_of(e, v).zero <= bits) {
        def_same(e, v);
        return true;
    }
    struct asm_rm a = use_rm(e, v);
    emit_taken(e);
    asm_op(e->c, op, def_g(e, emit_rm_bit(&a)), 0, &a);
    emit_result(e)->zero = (uint8_t)bits;
    return true;
}

static void alu_imm(struct emit *e, const struct ir_node *n, const struct emit_row *r, uint32_t v,
                    int32_t imm, uint64_t full)
{
    struct known a = known_of(e, v);
    bool narrow = r->w < 64 || (r->k == ALU_AND && full <= UINT32_MAX);
    struct asm_rm m = use_rm(e, v);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&m));
    bool sum = r->k == ALU_ADD || (r->k == ALU_SUB && imm != INT32_MIN);
    if (sum && m.reg != ASM_NONE && m.reg != d) {
        asm_mem(e->c, ASM_LEA | emit_w(r), d, m.reg, r->k == ALU_ADD ? imm : (int32_t)(0u - (uint32_t)imm));
    } else {
        if (m.reg != d) asm_op(e->c, ASM_MOV | (narrow ? 0 : ASM_W), d, 0, &m);
        if (r->k == ALU_XOR && imm == -1)
            asm_rr(e->c, ASM_NOT | emit_w(r), 2, d);
        else
            asm_alu_i(e->c, r->k, narrow ? 0 : ASM_W, &(struct asm_rm){.reg = (uint8_t)d}, imm);
    }
    struct known b = known_const(narrow ? (uint32_t)imm : (uint64_t)(int64_t)imm);
    if (r->k == ALU_ADD || r->k == ALU_SUB)
        know_sum(e, a, b, narrow);
    else
        know_logic(e, r->k, a, b, narrow);
}

static void alu_rm(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct known ka = known_of(e, n->a[0]), kb = known_of(e, n->a[1]);
    uint32_t w = emit_w(r), op = ASM_ALU + 8u * r->k;
    struct asm_rm b = use_rm(e, n->a[1]), a = use_rm(e, n->a[0]);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&a) | emit_rm_bit(&b));
    if (d == b.reg && d != a.reg) { /* the result replaces the second operand */
        if (r->k == ALU_SUB) asm_rr(e->c, ASM_NEG | w, 3, d);
        asm_op(e->c, (r->k == ALU_SUB ? ASM_ALU + 8u * ALU_ADD : op) | w, d, 0, &a);
    } else if (r->k == ALU_ADD && d != a.reg && a.reg != ASM_NONE && b.reg != ASM_NONE) {
        asm_op(e->c, ASM_LEA | w, d, 0, &(struct asm_rm){.reg = ASM_NONE, .base = a.reg, .index = b.reg});
    } else {
        if (d != a.reg) asm_op(e->c, ASM_MOV | w, d, 0, &a);
        asm_op(e->c, op | w, d, 0, &b);
    }
    if (r->k == ALU_ADD || r->k == ALU_SUB)
        know_sum(e, ka, kb, !w);
    else
        know_logic(e, r->k, ka, kb, !w);
}

/* The result was just made by lea, whose operands stand where they did: see use_address. */
static void note_sum(struct emit *e, unsigned d, const struct asm_rm *m)
{
    if (d == m->base || d == m->index) return;
    e->sum = *m;
    e->sum_cell = e->at;
    e->sum_end = e->c->n;
}

/* A sum with a scaled operand, or two. */
static void sum_scaled(struct emit *e, uint32_t a, uint32_t b)
{
    if (!e->val[b].scale) {
        uint32_t t = a;
        a = b;
        b = t;
    }
    unsigned scale = e->val[b].scale, index = use_scaled(e, b), base;
    if (e->val[a].scale) {
        unsigned other = use_scaled(e, a);
        base = use_tmp(e, EMIT_GPRS);
        asm_rr(e->c, ASM_MOV | ASM_W, base, other);
        asm_rr(e->c, ASM_SHIFT_I | ASM_W, SHIFT_SHL, base);
        asm_byte(e->c, e->val[a].scale);
    } else {
        base = use_g(e, a);
    }
    emit_taken(e);
    struct asm_rm m = asm_mx(base, index, scale, 0);
    unsigned d = def_g(e, 1u << base | 1u << index);
    asm_op(e->c, ASM_LEA | ASM_W, d, 0, &m);
    note_sum(e, d, &m);
}

void emit_alu(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct ir_node sorted = *n;
    int32_t imm;
    if (r->k != ALU_SUB && emit_is_const(e, n->a[0]) && !emit_is_const(e, n->a[1])) {
        sorted.a[0] = n->a[1];
        sorted.a[1] = n->a[0];
    }
    uint32_t a = sorted.a[0], b = sorted.a[1];
    if (e->val[a].scale || e->val[b].scale) {
        sum_scaled(e, a, b);
        return;
    }
    if (r->k == ALU_XOR && emit_waits_for_fma(e, &sorted) && !e->val[a].disp) {
        def_same(e, a);
        e->val[e->at].negated = true;
        return;
    }
    if (emit_is_const(e, b)) {
        uint64_t full = emit_const_of(e, b);
        bool fits = use_imm(e, b, r->w, &imm);
        if (r->k == ALU_AND && mask_by_move(e, a, full, r)) return;
        if (r->k == ALU_AND && (r->w < 32 || !fits) && full <= UINT32_MAX) {
            imm = (int32_t)full; /* a 32-bit operation has the same effect */
            fits = true;
        }
        if (fits && r->w == 64 && (r->k == ALU_ADD || r->k == ALU_SUB)) {
            int64_t disp = e->val[a].disp + (r->k == ALU_ADD ? (int64_t)imm : -(int64_t)imm);
            if (disp == (int32_t)disp) {
                def_sum(e, a, (int32_t)disp);
                return;
            }
        }
        if (fits) {
            alu_imm(e, &sorted, r, a, imm, full);
            return;
        }
    }
    alu_rm(e, &sorted, r);
}

void emit_unary(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    struct known known = known_of(e, n->a[0]);
    struct asm_rm a = use_rm(e, n->a[0]);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&a));
    if (d != a.reg) asm_op(e->c, ASM_MOV | emit_w(r), d, 0, &a);
    asm_rr(e->c, ASM_NOT | emit_w(r), r->k, d); /* k: the digit of not or neg */
    know_sum(e, known, known, r->w < 64);
}

void emit_mul(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    int32_t imm;
    bool first = use_imm(e, n->a[0], r->w, &imm), constant = first || use_imm(e, n->a[1], r->w, &imm);
    struct asm_rm b = use_rm(e, n->a[constant && !first ? 0 : 1]);
    if (constant) {
        emit_taken(e);
        asm_op(e->c, (imm == (int8_t)imm ? ASM_IMUL_I8 : ASM_IMUL_I) | emit_w(r), def_g(e, emit_rm_bit(&b)),
               0, &b);
        imm == (int8_t)imm ? asm_byte(e->c, (uint8_t)imm) : asm_u32(e->c, (uint32_t)imm);
    } else {
        struct asm_rm a = use_rm(e, n->a[0]);
        emit_taken(e);
        unsigned d = def_g(e, emit_rm_bit(&a) | emit_rm_bit(&b));
        if (d == b.reg) {
            asm_op(e->c, ASM_IMUL | emit_w(r), d, 0, &a);
        } else {
            if (d != a.reg) asm_op(e->c, ASM_MOV | emit_w(r), d, 0, &a);
            asm_op(e->c, ASM_IMUL | emit_w(r), d, 0, &b);
        }
    }
    if (r->w < 64) emit_result(e)->zero = 32;
}

/* ---- shifts ---- */

/* The first operand with the bits above its width as a shift right needs them. */
static unsigned shift_operand(struct emit *e, uint32_t v, const struct emit_row *r)
{
    if (r->w >= 32 || r->k == SHIFT_SHL) return use_g(e, v);
    return r->k == SHIFT_SAR ? use_gs(e, v) : use_gz(e, v);
}

static void know_shift(struct emit *e, const struct emit_row *r, unsigned count)
{
    struct emit_cell *c = emit_result(e);
    unsigned w = r->w < 32 ? 32 : r->w;
    if (w == 32) c->zero = 32;
    if (r->k == SHIFT_SHR && count) c->zero = (uint8_t)(r->w - count);
    if (r->k == SHIFT_SAR && r->w == 64) c->sign = (uint8_t)(64 - count);
}

static void shift_imm(struct emit *e, const struct ir_node *n, const struct emit_row *r, unsigned count)
{
    unsigned a = shift_operand(e, n->a[0], r);
    emit_taken(e);
    unsigned d = def_g(e, 1u << a);
    if (r->k == SHIFT_SHL && count == 1 && d != a) {
        asm_op(e->c, ASM_LEA | emit_w(r), d, 0,
               &(struct asm_rm){.reg = ASM_NONE, .base = (uint8_t)a, .index = (uint8_t)a});
    } else {
        if (d != a) asm_rr(e->c, ASM_MOV | emit_w(r), d, a);
        if (count) {
            asm_rr(e->c, (count == 1 ? ASM_SHIFT_1 : ASM_SHIFT_I) | emit_w(r), r->k, d);
            if (count > 1) asm_byte(e->c, count);
        } else if (!emit_w(r) && d == a) {
            asm_rr(e->c, ASM_MOV, d, d);
        }
    }
    know_shift(e, r, count);
}

/* By cl. The result is not in rcx, even when the count dies there. */
static void shift_cl(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    use_fixed(e, ASM_RCX);
    unsigned count = use_g(e, n->a[1]), a = shift_operand(e, n->a[0], r);
    alloc_move(e, ASM_RCX, count);
    if (count != a) e->locked &= ~(1u << count); /* it was copied: the result may take its place */
    emit_taken(e);
    unsigned d = def_g(e, 1u << a);
    if (d != a) asm_rr(e->c, ASM_MOV | emit_w(r), d, a);
    asm_rr(e->c, ASM_SHIFT_CL | emit_w(r), r->k, d);
    know_shift(e, r, 0);
}

bool emit_waits_for_sum(const struct emit *e, uint32_t v)
{
    const struct ir_node *n = &e->nodes[v], *by = &e->nodes[n->a[1]];
    uint32_t use = e->val[v].use;
    const struct ir_node *u = &e->nodes[use];
    if (n->op != IR_SHL_I64 || by->op != IR_CONST || (by->imm & 63) - 1 > 2) return false;
    if (!use || u->op != IR_ADD_I64 || u->a[0] == u->a[1]) return false;
    unsigned k = u->a[1] == v;
    return !e->b->next[use][k] && e->nodes[u->a[!k]].op != IR_CONST;
}

void emit_shift(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t by_register[] = {
        [SHIFT_SHL] = ASM_SHLX, [SHIFT_SHR] = ASM_SHRX, [SHIFT_SAR] = ASM_SARX};
    if (emit_is_const(e, n->a[1])) {
        unsigned count = emit_const_of(e, n->a[1]) & (r->w - 1u);
        if (emit_waits_for_sum(e, e->at) && !emit_cell_of(e, n->a[0])->constant && !e->val[n->a[0]].disp)
            def_scaled(e, n->a[0], count);
        else
            shift_imm(e, n, r, count);
        return;
    }
    if (r->w < 32 || e->nodes[n->a[1]].type == IR_I1) { /* the host's count has 5 or 6 bits */
        emit_ref(e, n);
        return;
    }
    if (!e->h->bmi2) {
        shift_cl(e, n, r);
        return;
    }
    unsigned count = use_g(e, n->a[1]);
    struct asm_rm a = use_rm(e, n->a[0]);
    emit_taken(e);
    asm_op(e->c, by_register[r->k] | emit_w(r), def_g(e, emit_rm_bit(&a) | 1u << count), count, &a);
    know_shift(e, r, 0);
}

void emit_rotate(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (r->w < 32 || e->nodes[n->a[1]].type == IR_I1) {
        emit_ref(e, n);
        return;
    }
    if (!emit_is_const(e, n->a[1])) {
        shift_cl(e, n, r);
        return;
    }
    unsigned count = emit_const_of(e, n->a[1]) & (r->w - 1u);
    if (e->h->bmi2) {
        struct asm_rm a = use_rm(e, n->a[0]);
        emit_taken(e);
        asm_op(e->c, ASM_RORX | emit_w(r), def_g(e, emit_rm_bit(&a)), 0, &a);
        asm_byte(e->c, r->k == SHIFT_ROL ? (r->w - count) & (r->w - 1u) : count);
        know_shift(e, r, 0);
    } else {
        shift_imm(e, n, r, count);
    }
}

/* ---- widths ---- */

void emit_trunc(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (emit_cell_of(e, n->a[0])->wide)
        emit_ref(e, n);
    else
        def_same(e, n->a[0]);
}

/* k: sign-extend. From r->w bits; what the content is known to be costs nothing. */
void emit_extend(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    static const uint32_t zero[] = {[8] = ASM_MOVZX8, [16] = ASM_MOVZX16, [32] = ASM_MOV};
    static const uint32_t sign[] = {[8] = ASM_MOVSX8 | ASM_W, [16] = ASM_MOVSX16 | ASM_W, [32] = ASM_MOVSXD};
    uint32_t v = n->a[0];
    if (v == e->flag_val) {
        unsigned cc = emit_condition(e, v);
        emit_taken(e);
        unsigned d = def_g(e, 0);
        emit_truth(e, cc, d);
        emit_result(e)->zero = 1;
        return;
    }
    struct known k = known_of(e, v);
    bool late = r->k && r->w == 32 && emit_is_late(e, v);
    if (late || (r->k ? k.sign <= r->w : k.zero <= r->w)) {
        def_same(e, v);
        return;
    }
    if (r->k && r->w == 32 && def_late(e, v)) return;
    if (r->w == 1) {
        unsigned a = use_g(e, v);
        emit_taken(e);
        unsigned d = def_g(e, 1u << a);
        if (d != a) asm_rr(e->c, ASM_MOV, d, a);
        asm_alu_i(e->c, ALU_AND, 0, &(struct asm_rm){.reg = (uint8_t)d}, 1);
        emit_result(e)->zero = 1;
        return;
    }
    struct asm_rm a = use_rm(e, v);
    emit_taken(e);
    unsigned d = def_g(e, emit_rm_bit(&a));
    asm_op(e->c, r->k ? sign[r->w] : zero[r->w], d, 0, &a);
    if (r->k)
        emit_result(e)->sign = r->w;
    else
        emit_result(e)->zero = r->w;
}
