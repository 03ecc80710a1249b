/* Runs a block by the operations' references: what the code means, as slowly and plainly as can be. */
#include "engine/ir/ir.h"

#include <stdlib.h>

bool ir_lanes(struct ir_call *k, uint64_t imm, unsigned vectors, const union ir_value *a, union ir_value *out)
{
    const struct ir_op_info *op = &ir_op_table[imm & 0xffff];
    unsigned size = (unsigned)(imm >> 16);
    ir_u128 mask = bits_mask(size), sum = 0;
    for (unsigned at = 0; at < 128; at += size) {
        union ir_value lane[IR_MAX_ARGS] = {0}, v;
        for (unsigned i = 0; i < op->nargs; i++)
            lane[i].u128 = vectors >> i & 1 ? a[i].u128 >> at & mask : a[i].u128;
        if (!op->ref(k, lane, &v)) return false;
        if (op->result == IR_I1) v.u128 = -v.u128;
        sum |= (v.u128 & mask) << at;
    }
    out->u128 = sum;
    return true;
}

/* ---- a block ---- */

struct eval {
    const struct ir_block *b;
    struct vcpu *cpu;
    struct ir_call call;   /* what references get */
    union ir_value *v;     /* by node */
    struct ir_leave leave; /* how it ended */
    uint64_t pc;           /* of the instruction under way */
};

static bool wide(unsigned type)
{
    return type == IR_I128 || type == IR_V128;
}

static ir_u128 type_mask(unsigned type)
{
    return wide(type) ? ~(ir_u128)0 : bits_mask(ir_type_bits[type]);
}

static void arguments(const struct eval *e, const struct ir_node *n, union ir_value *a, unsigned *vectors)
{
    *vectors = 0;
    for (unsigned i = 0; i < ir_op_table[n->op].nargs; i++) {
        if (n->a[i] == IR_NONE) continue;
        a[i] = e->v[n->a[i]];
        *vectors |= (unsigned)(e->b->nodes[n->a[i]].type == IR_V128) << i;
    }
}

static bool leave(struct eval *e, const struct ir_node *n, uint64_t target)
{
    e->leave.op = n->op;
    e->leave.target = target;
    return false;
}

static void set(struct eval *e, const struct ir_node *n, const union ir_value *a)
{
    e->cpu->state[n->imm] = a->u[0];
    if (wide(e->b->nodes[n->a[0]].type)) e->cpu->state[n->imm + 1] = a->u[1];
}

static void get(const struct eval *e, const struct ir_node *n, union ir_value *out)
{
    out->u128 = e->cpu->state[n->imm];
    if (wide(n->type)) out->u[1] = e->cpu->state[n->imm + 1];
}

static uint64_t unbox(const struct ir_node *n, uint64_t v)
{
    uint64_t above = ~bits_mask(ir_type_bits[n->type]);
    return (v & above) == above ? v : n->imm;
}

/* An operation of the table; false: it faulted. */
static bool operation(struct eval *e, const struct ir_node *n, const union ir_value *a, unsigned vectors,
                      union ir_value *out)
{
    e->call.round = n->round;
    bool ok = n->op == IR_LANES ? ir_lanes(&e->call, n->imm, vectors, a, out)
                                : ir_op_table[n->op].ref(&e->call, a, out);
    return ok || leave(e, n, 0);
}

/* One node; false when it leaves. */
static bool node(struct eval *e, uint32_t index)
{
    const struct ir_node *n = &e->b->nodes[index];
    union ir_value a[IR_MAX_ARGS] = {0}, *out = &e->v[index];
    unsigned vectors;
    arguments(e, n, a, &vectors);
    switch (n->op) {
    case IR_NOP:
    case IR_CALL:
    case IR_RETURN: return true;
    case IR_CONST: out->u128 = n->imm; break;
    case IR_GET: get(e, n, out); break;
    case IR_SET: set(e, n, a); return true;
    case IR_INSN:
        e->leave.insn = n->a[0];
        e->pc = n->imm;
        return true;
    case IR_BOX: out->u128 = a[0].u[0] | ~bits_mask(ir_type_bits[e->b->nodes[n->a[0]].type]); break;
    case IR_UNBOX: out->u128 = unbox(n, a[0].u[0]); break;
    case IR_SKIP: e->leave.skipped += a[0].u[0] ? (uint32_t)n->imm : 0; return true;
    case IR_EXIT_IF: return !a[0].u[0] || leave(e, n, n->imm);
    case IR_RAISE: return (n->a[0] != IR_NONE && !a[0].u[0]) || leave(e, n, n->imm);
    case IR_GOTO: return leave(e, n, n->imm);
    case IR_JUMP: return leave(e, n, a[0].u[0]);
    case IR_GUARD: return a[0].u[0] == n->imm || leave(e, n, a[0].u[0]);
    case IR_STEP: return leave(e, n, e->pc);
    default:
        if (!operation(e, n, a, vectors, out)) return false;
        break;
    }
    out->u128 &= type_mask(n->type);
    return true;
}

struct ir_leave ir_eval(const struct ir_block *b, struct vcpu *c, const struct fp_policy *policy,
                        unsigned *ex)
{
    struct eval e = {
        .b = b, .cpu = c, .call = {.cpu = c, .policy = policy}, .v = xmalloc(b->n * sizeof(*e.v))};
    uint32_t i = 0;
    while (i < b->n && node(&e, i)) i++;
    BUG_ON(i == b->n); /* a block ends in what leaves */
    *ex |= e.call.ex;
    free(e.v);
    return e.leave;
}
