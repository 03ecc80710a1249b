/* Rules for arithmetic, logic and shifts: neutral elements, chains of constants, shifts in place of products,
 * and the pairs of shifts that guests without extensions extend by. A constant is on the right already where
 * it can be. */
#include "engine/ir/forward.h"

static unsigned width(const struct ir_node *n)
{
    return ir_type_bits[n->type];
}

static uint64_t ones(const struct ir_node *n)
{
    return bits_mask(width(n));
}

static uint32_t zero(struct forward *f, const struct ir_node *n)
{
    return fw_const(f, n->type, 0);
}

/* The second argument of x's own operation, when x was made by the same one and that is a constant; and x's
 * first may be reached. */
static bool chained(const struct forward *f, const struct ir_node *n, uint64_t *c)
{
    const struct ir_node *x = fw_node(f, n->a[0]);
    return x->op == n->op && fw_is_const(f, x->a[1], c) && fw_may_reach(f, n->a[0], x->a[0]);
}

/* n's operation on x's first argument and a constant in place of two. */
static uint32_t rechain(struct forward *f, const struct ir_node *n, uint64_t c)
{
    return fw_op2(f, n->op, fw_node(f, n->a[0])->a[0], fw_const(f, n->type, c));
}

/* ---- arithmetic ---- */

uint32_t fw_rule_add(struct forward *f, const struct ir_node *n)
{
    uint64_t c, inner;
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    if (c == 0) return n->a[0];
    return chained(f, n, &inner) ? rechain(f, n, inner + c) : IR_NONE;
}

uint32_t fw_rule_sub(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (n->a[0] == n->a[1]) return zero(f, n);
    if (fw_is(f, n->a[0], 0)) return fw_op1(f, fw_retype(IR_NEG_I64, IR_I64, n->type), n->a[1]);
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    return fw_op2(f, fw_retype(IR_ADD_I64, IR_I64, n->type), n->a[0], fw_const(f, n->type, 0 - c));
}

/* not, neg: twice is nothing. */
uint32_t fw_rule_inverse(struct forward *f, const struct ir_node *n)
{
    const struct ir_node *x = fw_node(f, n->a[0]);
    return x->op == n->op ? x->a[0] : IR_NONE;
}

/* ---- logic ---- */

/* x & 0xff is what a host does by looking at a part. */
static uint32_t part(struct forward *f, const struct ir_node *n, uint64_t c)
{
    for (unsigned type = IR_I8; type < n->type; type++)
        if (c == bits_mask(ir_type_bits[type])) return fw_zext(f, n->type, fw_trunc(f, type, n->a[0]));
    return IR_NONE;
}

uint32_t fw_rule_and(struct forward *f, const struct ir_node *n)
{
    uint64_t c, inner, possible = fw_possible(f, n->a[0]);
    if (n->a[0] == n->a[1]) return n->a[0];
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    if ((c & possible) == 0) return zero(f, n);
    if ((c & possible) == possible) return n->a[0];
    if (chained(f, n, &inner)) return rechain(f, n, inner & c);
    return part(f, n, c);
}

uint32_t fw_rule_or(struct forward *f, const struct ir_node *n)
{
    uint64_t c, inner;
    if (n->a[0] == n->a[1]) return n->a[0];
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    if (c == 0) return n->a[0];
    if (c == ones(n)) return n->a[1];
    return chained(f, n, &inner) ? rechain(f, n, inner | c) : IR_NONE;
}

uint32_t fw_rule_xor(struct forward *f, const struct ir_node *n)
{
    uint64_t c, inner;
    uint32_t truth;
    if (n->a[0] == n->a[1]) return zero(f, n);
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    if (c == 0) return n->a[0];
    if (chained(f, n, &inner)) return rechain(f, n, inner ^ c);
    if (c == 1 && fw_truth(f, n->a[0], &truth)) return fw_zext(f, n->type, fw_op1(f, IR_LNOT_I1, truth));
    return c == ones(n) ? fw_op1(f, fw_retype(IR_NOT_I64, IR_I64, n->type), n->a[0]) : IR_NONE;
}

/* ---- shifts ---- */

/* The count as it counts, modulo the width. False when it is not constant. */
static bool count(const struct forward *f, const struct ir_node *n, unsigned *k)
{
    uint64_t c;
    if (!fw_is_const(f, n->a[1], &c)) return false;
    *k = c & (width(n) - 1);
    return true;
}

static uint32_t shift_by(struct forward *f, unsigned op, uint32_t x, unsigned k)
{
    return k ? fw_op2(f, op, x, fw_const(f, IR_I8, k)) : x;
}

/* What the count was made of, as far as the bits go that count: below a mask that leaves them, or a
 * conversion. */
static bool plainer_count(const struct forward *f, const struct ir_node *n, uint32_t *plainer)
{
    uint64_t c, mask = width(n) - 1;
    const struct ir_node *y = fw_node(f, n->a[1]);
    bool masked =
        y->op >= IR_AND_I8 && y->op <= IR_AND_I64 && fw_is_const(f, y->a[1], &c) && (c & mask) == mask;
    if (masked) *plainer = y->a[0];
    return (masked || fw_keeps_8(f, n->a[1], plainer)) && fw_may_reach(f, n->a[1], *plainer);
}

/* What all of them have: nothing is shifted, or the count is more than it need be. */
static uint32_t any_shift(struct forward *f, const struct ir_node *n)
{
    unsigned k;
    uint32_t y;
    if (!count(f, n, &k)) return plainer_count(f, n, &y) ? fw_op2(f, n->op, n->a[0], y) : IR_NONE;
    if (k == 0) return n->a[0];
    return fw_is(f, n->a[1], k) ? IR_NONE : shift_by(f, n->op, n->a[0], k);
}

/* The sum of this shift's count and the one before, when both are constant and of one kind. */
static bool sum(const struct forward *f, const struct ir_node *n, unsigned *k)
{
    uint64_t inner;
    if (!count(f, n, k) || !chained(f, n, &inner)) return false;
    *k += inner & (width(n) - 1);
    return true;
}

uint32_t fw_rule_shl(struct forward *f, const struct ir_node *n)
{
    unsigned k;
    uint32_t r = any_shift(f, n);
    if (r != IR_NONE || !sum(f, n, &k)) return r;
    return k < width(n) ? shift_by(f, n->op, fw_node(f, n->a[0])->a[0], k) : zero(f, n);
}

/* Left by l and right by k: the part of `part` bits, extended, and what remains to be shifted. `back` is n's
 * operation.
 */
static uint32_t extended(struct forward *f, const struct ir_node *n, uint32_t x, unsigned l, unsigned k,
                         bool is_signed)
{
    unsigned type = IR_I8;
    while (type < n->type && ir_type_bits[type] != width(n) - l) type++;
    if (type < n->type) {
        uint32_t low = fw_trunc(f, type, x);
        low = is_signed ? fw_sext(f, n->type, low) : fw_zext(f, n->type, low);
        return k < l ? shift_by(f, fw_retype(IR_SHL_I64, IR_I64, n->type), low, l - k)
                     : shift_by(f, n->op, low, k - l);
    }
    if (is_signed || k != l || width(n) - l >= 32) return IR_NONE;
    return fw_op2(f, fw_retype(IR_AND_I64, IR_I64, n->type), x,
                  fw_const(f, n->type, bits_mask(width(n) - l)));
}

/* Right shifts of a left shift. */
static uint32_t shift_back(struct forward *f, const struct ir_node *n, bool is_signed)
{
    uint64_t l;
    unsigned k;
    const struct ir_node *x = fw_node(f, n->a[0]);
    if (x->op != fw_retype(IR_SHL_I64, IR_I64, n->type) || !count(f, n, &k)) return IR_NONE;
    if (!fw_is_const(f, x->a[1], &l) || !fw_may_reach(f, n->a[0], x->a[0])) return IR_NONE;
    return extended(f, n, x->a[0], l & (width(n) - 1), k, is_signed);
}

uint32_t fw_rule_shr(struct forward *f, const struct ir_node *n)
{
    unsigned k;
    uint32_t r = any_shift(f, n);
    if (r != IR_NONE) return r;
    if (count(f, n, &k) && k >= f->facts[n->a[0]].zbits) return zero(f, n);
    if (sum(f, n, &k)) return k < width(n) ? shift_by(f, n->op, fw_node(f, n->a[0])->a[0], k) : zero(f, n);
    return shift_back(f, n, false);
}

uint32_t fw_rule_sar(struct forward *f, const struct ir_node *n)
{
    unsigned k;
    uint32_t r = any_shift(f, n);
    if (r != IR_NONE) return r;
    if (f->facts[n->a[0]].zbits < width(n))
        return fw_op2(f, fw_retype(IR_SHR_I64, IR_I64, n->type), n->a[0], n->a[1]);
    if (sum(f, n, &k)) return shift_by(f, n->op, fw_node(f, n->a[0])->a[0], k < width(n) ? k : width(n) - 1);
    return shift_back(f, n, true);
}

uint32_t fw_rule_rotate(struct forward *f, const struct ir_node *n)
{
    return any_shift(f, n);
}
