/* Rules for comparisons and choice. Conditions end up as one comparison, or the lnot of one that cannot be
 * turned round (of FP), whatever detour through numbers the guest made. */
#include "engine/ir/forward.h"

static uint32_t truth(struct forward *f, bool v)
{
    return fw_const(f, IR_I1, v);
}

static uint32_t invert(struct forward *f, uint32_t c)
{
    return fw_op1(f, IR_LNOT_I1, c);
}

/* The other of eq and ne, in the type of x. */
static uint32_t equals(struct forward *f, bool ne, uint32_t x, uint32_t y)
{
    return fw_op2(f, fw_retype(ne ? IR_NE_I64 : IR_EQ_I64, IR_I64, fw_node(f, x)->type), x, y);
}

static uint32_t equals_zero(struct forward *f, bool ne, uint32_t x)
{
    return equals(f, ne, x, fw_const(f, fw_node(f, x)->type, 0));
}

/* ---- equality ---- */

/* x, which is 0 or 1, against either. */
static uint32_t eq_truth(struct forward *f, const struct ir_node *n, uint64_t c, bool ne)
{
    uint32_t t;
    bool same = (c == 1) != ne;
    if (fw_truth(f, n->a[0], &t)) return same ? t : invert(f, t);
    return c == 1 ? equals_zero(f, !ne, n->a[0]) : IR_NONE; /* a bit test */
}

/* x against zero, x made by an operation that tells whether its arguments are equal. */
static uint32_t eq_difference(struct forward *f, const struct ir_node *n, const struct ir_node *x, bool ne)
{
    unsigned type = x->type;
    bool difference =
        x->op == fw_retype(IR_XOR_I64, IR_I64, type) || x->op == fw_retype(IR_SUB_I64, IR_I64, type);
    if (!difference || !fw_may_reach(f, n->a[0], x->a[0]) || !fw_may_reach(f, n->a[0], x->a[1]))
        return IR_NONE;
    return equals(f, ne, x->a[0], x->a[1]);
}

static uint32_t equality(struct forward *f, const struct ir_node *n, bool ne)
{
    const struct ir_node *x = fw_node(f, n->a[0]);
    uint64_t c, add;
    if (n->a[0] == n->a[1]) return truth(f, !ne);
    if (!fw_is_const(f, n->a[1], &c)) return IR_NONE;
    if (c & ~fw_possible(f, n->a[0])) return truth(f, ne);
    if (f->facts[n->a[0]].zbits == 1) return eq_truth(f, n, c, ne);
    if (c == 0) return eq_difference(f, n, x, ne);
    bool sum = x->op == fw_retype(IR_ADD_I64, IR_I64, x->type) && fw_is_const(f, x->a[1], &add);
    if (!sum || !fw_may_reach(f, n->a[0], x->a[0])) return IR_NONE;
    return equals(f, ne, x->a[0], fw_const(f, x->type, c - add));
}

uint32_t fw_rule_eq(struct forward *f, const struct ir_node *n)
{
    return equality(f, n, false);
}

uint32_t fw_rule_ne(struct forward *f, const struct ir_node *n)
{
    return equality(f, n, true);
}

/* ---- order ---- */

/* Both are unsigned; `or_equal`: leu. */
static uint32_t below(struct forward *f, const struct ir_node *n, bool or_equal)
{
    uint32_t x = n->a[0], y = n->a[1];
    uint64_t c;
    if (x == y) return truth(f, or_equal);
    if (fw_is_const(f, y, &c)) {
        uint64_t most = fw_possible(f, x);
        if (or_equal ? c >= most : c > most) return truth(f, true);
        if (!or_equal && c == 0) return truth(f, false);
        return c == (or_equal ? 0 : 1) ? equals_zero(f, false, x) : IR_NONE;
    }
    if (fw_is_const(f, x, &c)) {
        uint64_t most = fw_possible(f, y);
        if (or_equal ? c > most : c >= most) return truth(f, false);
        if (or_equal && c == 0) return truth(f, true);
        return c == (or_equal ? 1 : 0) ? equals_zero(f, true, y) : IR_NONE;
    }
    return IR_NONE;
}

uint32_t fw_rule_ltu(struct forward *f, const struct ir_node *n)
{
    return below(f, n, false);
}

uint32_t fw_rule_leu(struct forward *f, const struct ir_node *n)
{
    return below(f, n, true);
}

/* No negative number of its type. */
static bool positive(const struct forward *f, uint32_t x)
{
    return f->facts[x].zbits < fw_bits(f, x);
}

uint32_t fw_rule_lts(struct forward *f, const struct ir_node *n)
{
    if (n->a[0] == n->a[1]) return truth(f, false);
    return fw_is(f, n->a[1], 0) && positive(f, n->a[0]) ? truth(f, false) : IR_NONE;
}

uint32_t fw_rule_les(struct forward *f, const struct ir_node *n)
{
    if (n->a[0] == n->a[1]) return truth(f, true);
    return fw_is(f, n->a[0], 0) && positive(f, n->a[1]) ? truth(f, true) : IR_NONE;
}

/* ---- not ---- */

/* The comparison that holds when this one does not; `swap`: with its arguments the other way round. */
static unsigned opposite(const struct ir_node *x, bool *swap)
{
    static const struct {
        uint16_t from, to; /* for I64 */
        bool swap;         /* of the arguments */
    } pairs[] = {
        {IR_EQ_I64, IR_NE_I64, false},  {IR_NE_I64, IR_EQ_I64, false},  {IR_LTU_I64, IR_LEU_I64, true},
        {IR_LEU_I64, IR_LTU_I64, true}, {IR_LTS_I64, IR_LES_I64, true}, {IR_LES_I64, IR_LTS_I64, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        /* equality comes in I1 to V128, order in I8 to I128 */
        unsigned first = fw_retype(pairs[i].from, IR_I64, i < 2 ? IR_I1 : IR_I8);
        unsigned last = fw_retype(pairs[i].from, IR_I64, i < 2 ? IR_V128 : IR_I128);
        if (x->op < first || x->op > last) continue;
        *swap = pairs[i].swap;
        return x->op - pairs[i].from + pairs[i].to;
    }
    return 0;
}

uint32_t fw_rule_lnot(struct forward *f, const struct ir_node *n)
{
    const struct ir_node *x = fw_node(f, n->a[0]);
    bool swap = false;
    if (x->op == IR_LNOT_I1) return x->a[0];
    unsigned op = opposite(x, &swap);
    if (!op) return IR_NONE;
    return swap ? fw_op2(f, op, x->a[1], x->a[0]) : fw_op2(f, op, x->a[0], x->a[1]);
}

/* ---- choice ---- */

uint32_t fw_rule_select(struct forward *f, const struct ir_node *n)
{
    uint32_t c = n->a[0], x = n->a[1], y = n->a[2];
    uint64_t which;
    if (fw_is_const(f, c, &which)) return which ? x : y;
    if (x == y) return x;
    if (fw_node(f, c)->op == IR_LNOT_I1) return fw_op(f, n->op, fw_node(f, c)->a[0], y, x);
    if (n->type > IR_I64) return IR_NONE;
    if (fw_is(f, x, 1) && fw_is(f, y, 0)) return fw_zext(f, n->type, c);
    return fw_is(f, x, 0) && fw_is(f, y, 1) ? fw_zext(f, n->type, invert(f, c)) : IR_NONE;
}

uint32_t fw_rule_minmax(struct forward *f, const struct ir_node *n)
{
    return n->a[0] == n->a[1] ? n->a[0] : IR_NONE;
}
