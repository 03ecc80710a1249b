/* Rules for width: extensions of what is extended already, and the operation in the width that is looked at.
 *
 * A truncation costs nothing on a host that can look at a part of a register, so it is where rules may leave
 * one. */
#include "engine/ir/forward.h"

static const uint16_t zext_op[IR_TYPES][IR_TYPES] = {
    [IR_I8] = {[IR_I1] = IR_ZEXT_I8_I1},
    [IR_I16] = {[IR_I1] = IR_ZEXT_I16_I1, [IR_I8] = IR_ZEXT_I16_I8},
    [IR_I32] = {[IR_I1] = IR_ZEXT_I32_I1, [IR_I8] = IR_ZEXT_I32_I8, [IR_I16] = IR_ZEXT_I32_I16},
    [IR_I64] = {[IR_I1] = IR_ZEXT_I64_I1,
                [IR_I8] = IR_ZEXT_I64_I8,
                [IR_I16] = IR_ZEXT_I64_I16,
                [IR_I32] = IR_ZEXT_I64_I32},
    [IR_I128] = {[IR_I1] = IR_ZEXT_I128_I1,
                 [IR_I8] = IR_ZEXT_I128_I8,
                 [IR_I16] = IR_ZEXT_I128_I16,
                 [IR_I32] = IR_ZEXT_I128_I32,
                 [IR_I64] = IR_ZEXT_I128_I64},
    [IR_V128] = {[IR_I1] = IR_ZEXT_V128_I1,
                 [IR_I8] = IR_ZEXT_V128_I8,
                 [IR_I16] = IR_ZEXT_V128_I16,
                 [IR_I32] = IR_ZEXT_V128_I32,
                 [IR_I64] = IR_ZEXT_V128_I64,
                 [IR_I128] = IR_ZEXT_V128_I128},
};
static const uint16_t sext_op[IR_TYPES][IR_TYPES] = {
    [IR_I16] = {[IR_I8] = IR_SEXT_I16_I8},
    [IR_I32] = {[IR_I8] = IR_SEXT_I32_I8, [IR_I16] = IR_SEXT_I32_I16},
    [IR_I64] = {[IR_I8] = IR_SEXT_I64_I8, [IR_I16] = IR_SEXT_I64_I16, [IR_I32] = IR_SEXT_I64_I32},
    [IR_I128] = {[IR_I8] = IR_SEXT_I128_I8,
                 [IR_I16] = IR_SEXT_I128_I16,
                 [IR_I32] = IR_SEXT_I128_I32,
                 [IR_I64] = IR_SEXT_I128_I64},
};
static const uint16_t trunc_op[IR_TYPES][IR_TYPES] = {
    [IR_I1] = {[IR_I8] = IR_TRUNC_I1_I8,
               [IR_I16] = IR_TRUNC_I1_I16,
               [IR_I32] = IR_TRUNC_I1_I32,
               [IR_I64] = IR_TRUNC_I1_I64,
               [IR_I128] = IR_TRUNC_I1_I128,
               [IR_V128] = IR_TRUNC_I1_V128},
    [IR_I8] = {[IR_I16] = IR_TRUNC_I8_I16,
               [IR_I32] = IR_TRUNC_I8_I32,
               [IR_I64] = IR_TRUNC_I8_I64,
               [IR_I128] = IR_TRUNC_I8_I128,
               [IR_V128] = IR_TRUNC_I8_V128},
    [IR_I16] = {[IR_I32] = IR_TRUNC_I16_I32,
                [IR_I64] = IR_TRUNC_I16_I64,
                [IR_I128] = IR_TRUNC_I16_I128,
                [IR_V128] = IR_TRUNC_I16_V128},
    [IR_I32] = {[IR_I64] = IR_TRUNC_I32_I64, [IR_I128] = IR_TRUNC_I32_I128, [IR_V128] = IR_TRUNC_I32_V128},
    [IR_I64] = {[IR_I128] = IR_TRUNC_I64_I128, [IR_V128] = IR_TRUNC_I64_V128},
};

static uint32_t convert(struct forward *f, const uint16_t ops[IR_TYPES][IR_TYPES], unsigned type, uint32_t x)
{
    unsigned from = fw_node(f, x)->type;
    if (from == type) return x;
    BUG_ON(!ops[type][from]);
    return fw_op1(f, ops[type][from], x);
}

uint32_t fw_zext(struct forward *f, unsigned type, uint32_t x)
{
    return convert(f, zext_op, type, x);
}

uint32_t fw_sext(struct forward *f, unsigned type, uint32_t x)
{
    return convert(f, sext_op, type, x);
}

uint32_t fw_trunc(struct forward *f, unsigned type, uint32_t x)
{
    return convert(f, trunc_op, type, x);
}

uint32_t fw_fit(struct forward *f, unsigned type, uint32_t x)
{
    bool widen = ir_type_bits[type] > fw_bits(f, x) || (type == IR_V128 && fw_node(f, x)->type == IR_I128);
    return convert(f, widen ? zext_op : trunc_op, type, x);
}

/* What made x, if that is a conversion by this table; it has the same shape for all three. */
static bool made_by(const struct forward *f, const uint16_t ops[IR_TYPES][IR_TYPES], uint32_t x,
                    uint32_t *from)
{
    const struct ir_node *n = fw_node(f, x);
    if (n->a[0] == IR_NONE || n->op < IR_FIRST_OP) return false;
    *from = n->a[0];
    return ops[n->type][fw_node(f, n->a[0])->type] == n->op;
}

bool fw_truth(const struct forward *f, uint32_t x, uint32_t *truth)
{
    *truth = x;
    return fw_node(f, x)->type == IR_I1 ||
           (made_by(f, zext_op, x, truth) && fw_node(f, *truth)->type == IR_I1);
}

bool fw_keeps_8(const struct forward *f, uint32_t x, uint32_t *from)
{
    bool converted =
        made_by(f, zext_op, x, from) || made_by(f, sext_op, x, from) || made_by(f, trunc_op, x, from);
    return converted && fw_bits(f, x) >= 8 && fw_bits(f, *from) >= 8 && fw_node(f, *from)->type <= IR_I64;
}

/* The source of a truncation, if it comes in a type that is easily had in `type`. */
static bool truncated(const struct forward *f, uint32_t x, unsigned type, uint32_t *from)
{
    return made_by(f, trunc_op, x, from) && fw_node(f, *from)->type <= IR_I64 && type <= IR_I64;
}

uint32_t fw_rule_zext(struct forward *f, const struct ir_node *n)
{
    uint32_t x = n->a[0], y;
    if (truncated(f, x, n->type, &y) && f->facts[y].zbits <= fw_bits(f, x)) return fw_fit(f, n->type, y);
    return made_by(f, zext_op, x, &y) ? fw_zext(f, n->type, y) : IR_NONE;
}

uint32_t fw_rule_sext(struct forward *f, const struct ir_node *n)
{
    uint32_t x = n->a[0], y;
    if (truncated(f, x, n->type, &y) && f->facts[y].sbits <= fw_bits(f, x))
        return fw_node(f, y)->type < n->type ? fw_sext(f, n->type, y) : fw_trunc(f, n->type, y);
    if (f->facts[x].zbits < fw_bits(f, x)) return fw_zext(f, n->type, x);
    return made_by(f, sext_op, x, &y) ? fw_sext(f, n->type, y) : IR_NONE;
}

/* ---- narrowing ---- */

/* Whether the low 32 bits of x are to be had for less than a truncation of x. */
static bool has_part(const struct forward *f, uint32_t x)
{
    uint64_t c;
    uint32_t y;
    if (fw_is_const(f, x, &c)) return true;
    bool extended = made_by(f, sext_op, x, &y) || made_by(f, zext_op, x, &y);
    return extended && fw_node(f, y)->type == IR_I32;
}

/* The low 32 bits of a 64-bit operation, by the 32-bit one. Not where the result is known to be extended:
 * then what extends it again falls away. */
static uint32_t narrow(struct forward *f, const struct ir_node *n)
{
    uint32_t x = n->a[0];
    struct ir_node w = *fw_node(f, x);
    uint64_t c;
    if (n->type != IR_I32 || w.type != IR_I64 || f->facts[x].zbits <= 32 || f->facts[x].sbits <= 32)
        return IR_NONE;
    switch (w.op) {
    case IR_ADD_I64:
    case IR_SUB_I64:
    case IR_MUL_I64:
    case IR_AND_I64:
    case IR_OR_I64:
    case IR_XOR_I64:
        if (!has_part(f, w.a[0]) && !has_part(f, w.a[1])) return IR_NONE;
        if (!fw_may_reach(f, x, w.a[0]) || !fw_may_reach(f, x, w.a[1])) return IR_NONE;
        return fw_op2(f, fw_retype(w.op, IR_I64, IR_I32), fw_trunc(f, IR_I32, w.a[0]),
                      fw_trunc(f, IR_I32, w.a[1]));
    case IR_SHL_I64:
        if (!fw_is_const(f, w.a[1], &c) || !fw_may_reach(f, x, w.a[0])) return IR_NONE;
        if ((c & 63) >= 32) return fw_const(f, IR_I32, 0);
        return fw_op2(f, IR_SHL_I32, fw_trunc(f, IR_I32, w.a[0]), w.a[1]);
    default: return IR_NONE;
    }
}

/* Of something that was made of `low` and what is above it, unless that is too little. */
static uint32_t part(struct forward *f, const struct ir_node *n, uint32_t low)
{
    return fw_bits(f, low) >= ir_type_bits[n->type] ? fw_trunc(f, n->type, low) : IR_NONE;
}

uint32_t fw_rule_trunc(struct forward *f, const struct ir_node *n)
{
    uint32_t x = n->a[0], y;
    const struct ir_node *made = fw_node(f, x);
    if (made_by(f, sext_op, x, &y) || made_by(f, zext_op, x, &y)) {
        bool reach = fw_node(f, y)->type == IR_I1 || fw_may_reach(f, x, y);
        return reach ? part(f, n, y) : IR_NONE;
    }
    if (made_by(f, trunc_op, x, &y)) return fw_trunc(f, n->type, y);
    if (made->op == IR_BOX) return part(f, n, made->a[0]);
    if (made->op >= IR_CONCAT_I8 && made->op <= IR_CONCAT_I64) return part(f, n, made->a[1]);
    return narrow(f, n);
}

uint32_t fw_rule_concat(struct forward *f, const struct ir_node *n)
{
    return fw_is(f, n->a[0], 0) ? fw_zext(f, n->type, n->a[1]) : IR_NONE;
}

/* ---- boxes ---- */

uint32_t fw_rule_box(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (!fw_is_const(f, n->a[0], &c)) return IR_NONE;
    return fw_const(f, IR_I64, c | ~bits_mask(fw_bits(f, n->a[0])));
}

uint32_t fw_rule_unbox(struct forward *f, const struct ir_node *n)
{
    const struct ir_node *x = fw_node(f, n->a[0]);
    unsigned bits = ir_type_bits[n->type];
    uint64_t c, above = ~bits_mask(bits);
    if (x->op == IR_BOX && fw_node(f, x->a[0])->type == n->type) return x->a[0];
    if (fw_is_const(f, n->a[0], &c)) return fw_const(f, n->type, (c & above) == above ? c : n->imm);
    if (f->facts[n->a[0]].zbits < 64) return fw_const(f, n->type, n->imm);
    for (unsigned i = 0; i < FW_UNBOXED && i < f->nunboxed; i++) {
        const struct ir_node *seen = fw_node(f, f->unboxed[i]);
        if (seen->a[0] == n->a[0] && seen->type == n->type && seen->imm == n->imm) return f->unboxed[i];
    }
    f->unboxed[f->nunboxed++ % FW_UNBOXED] = (uint32_t)(n - f->out);
    return IR_NONE;
}
