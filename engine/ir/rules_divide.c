/* Rules for division: by powers of two, and one division where a guest wants both the quotient and the
 * remainder, which it writes as two in either order. The remainder is then the dividend less the divisor
 * times the quotient: also by zero (the quotient is all ones, the remainder the dividend) and where the
 * signed quotient overflows, as ir.yaml has them. */
#include "engine/ir/forward.h"

enum { LOOK_AHEAD = 48 }; /* nodes: about ten instructions */

static uint32_t family(unsigned op, unsigned type)
{
    return fw_retype(op, IR_I64, type);
}

/* ---- powers of two ---- */

static bool power_of_two(const struct forward *f, uint32_t y, uint64_t *c)
{
    return fw_is_const(f, y, c) && *c && !(*c & (*c - 1));
}

static uint32_t shift(struct forward *f, const struct ir_node *n, unsigned op, uint64_t power)
{
    if (power == 1) return n->a[0];
    return fw_op2(f, family(op, n->type), n->a[0], fw_const(f, IR_I8, (unsigned)__builtin_ctzll(power)));
}

uint32_t fw_rule_mul(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (fw_is(f, n->a[1], 0)) return n->a[1];
    return power_of_two(f, n->a[1], &c) ? shift(f, n, IR_SHL_I64, c) : IR_NONE;
}

/* ---- what was divided, and what will be ---- */

/* One value, or the same part of one. */
static bool same(const struct forward *f, uint32_t a, uint32_t b)
{
    const struct ir_node *x = fw_node(f, a), *y = fw_node(f, b);
    if (a == b || x->op != y->op || x->type != y->type) return a == b;
    return x->op == IR_CONST ? x->imm == y->imm : x->op == IR_TRUNC_I32_I64 && x->a[0] == y->a[0];
}

/* The quotient of the same numbers, if it stands above. */
static uint32_t quotient(const struct forward *f, unsigned op, uint32_t x, uint32_t y)
{
    for (unsigned i = 0; i < FW_DIVIDED && i < f->ndivided; i++) {
        const struct ir_node *seen = fw_node(f, f->divided[i]);
        if (seen->op == op && same(f, seen->a[0], x) && same(f, seen->a[1], y)) return f->divided[i];
    }
    return IR_NONE;
}

/* Whether `in`, which may stand further down, will have the value v. */
static bool will_be(const struct forward *f, uint32_t in, uint32_t v)
{
    const struct ir_node *later = &f->in[in], *now = fw_node(f, v);
    if (in < f->at) return same(f, f->b->scratch->map[in], v);
    if (later->op != now->op) return later->op == IR_GET && fw_will_get(f, in, v);
    if (later->op == IR_GET) return fw_will_get(f, in, v);
    if (later->op == IR_CONST) return later->type == now->type && later->imm == now->imm;
    return ir_op_table[now->op].nargs == 1 && later->a[0] < in && will_be(f, later->a[0], now->a[0]);
}

/* Whether the same numbers are divided further down. */
static bool will_divide(const struct forward *f, unsigned op, uint32_t x, uint32_t y)
{
    uint32_t end = f->end - f->at > LOOK_AHEAD ? f->at + LOOK_AHEAD : f->end;
    for (uint32_t i = f->at + 1; i < end; i++)
        if (f->in[i].op == op && will_be(f, f->in[i].a[0], x) && will_be(f, f->in[i].a[1], y)) return true;
    return false;
}

static uint32_t divided(struct forward *f, const struct ir_node *n)
{
    uint32_t q = quotient(f, n->op, n->a[0], n->a[1]);
    if (q == IR_NONE) f->divided[f->ndivided++ % FW_DIVIDED] = (uint32_t)(n - f->out);
    return q;
}

static uint32_t remainder_by(struct forward *f, const struct ir_node *n, unsigned op)
{
    uint32_t q = quotient(f, op, n->a[0], n->a[1]);
    if (q == IR_NONE && !will_divide(f, op, n->a[0], n->a[1])) return IR_NONE;
    if (q == IR_NONE) q = fw_op2(f, op, n->a[0], n->a[1]);
    uint32_t product = fw_op2(f, family(IR_MUL_I64, n->type), q, n->a[1]);
    uint32_t r = fw_op2(f, family(IR_SUB_I64, n->type), n->a[0], product);
    struct ir_fact fact = fw_know_remainder(f, n);
    if (fact.zbits < f->facts[r].zbits) f->facts[r].zbits = fact.zbits;
    if (fact.sbits < f->facts[r].sbits) f->facts[r].sbits = fact.sbits;
    return r;
}

/* ---- the rules ---- */

uint32_t fw_rule_divu(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    return power_of_two(f, n->a[1], &c) ? shift(f, n, IR_SHR_I64, c) : divided(f, n);
}

uint32_t fw_rule_remu(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (!power_of_two(f, n->a[1], &c)) return remainder_by(f, n, family(IR_DIVU_I64, n->type));
    return fw_op2(f, family(IR_AND_I64, n->type), n->a[0], fw_const(f, n->type, c - 1));
}

uint32_t fw_rule_divs(struct forward *f, const struct ir_node *n)
{
    return fw_is(f, n->a[1], 1) ? n->a[0] : divided(f, n);
}

uint32_t fw_rule_rems(struct forward *f, const struct ir_node *n)
{
    return remainder_by(f, n, family(IR_DIVS_I64, n->type));
}
