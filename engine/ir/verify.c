/* The rules of ir.h, each once. A pass that breaks one is found where it did, not in the code that came of
 * it. */
#include "engine/ir/ir_internal.h"

struct verifier {
    const struct ir_block *b; /* what is looked at */
    struct buf *err;          /* the sentence */
    uint32_t at;              /* the node */
    const struct ir_node *n;  /* the same */
    uint32_t insns;           /* the next instruction's number at least */
};

PRINTF(2, 3) static bool breach(struct verifier *v, const char *fmt, ...)
{
    va_list ap;
    buf_printf(v->err, "node %u (", v->at);
    ir_print_node(v->b, v->at, NULL, v->err);
    buf_str(v->err, "): ");
    va_start(ap, fmt);
    buf_vprintf(v->err, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- arguments ---- */

static bool is_integer(unsigned type)
{
    return type >= IR_I1 && type <= IR_I128;
}

/* The argument is a value that exists; *type is its type. */
static bool argument(struct verifier *v, unsigned i, unsigned *type)
{
    uint32_t a = v->n->a[i];
    if (a >= v->at) return breach(v, "argument %u does not stand above it", i);
    *type = v->b->nodes[a].type;
    if (v->b->nodes[a].op == IR_NOP) return breach(v, "argument %u was dropped", i);
    if (*type == IR_VOID) return breach(v, "argument %u is no value", i);
    return true;
}

static bool typed_argument(struct verifier *v, unsigned i, unsigned want)
{
    unsigned type = IR_VOID;
    if (v->n->a[i] == IR_NONE) return breach(v, "argument %u is missing", i);
    if (!argument(v, i, &type)) return false;
    if (want == IR_TYPES && !is_integer(type)) return breach(v, "argument %u is no integer", i);
    if (want != IR_TYPES && type != want)
        return breach(v, "argument %u is %s, not %s", i, ir_type_names[type], ir_type_names[want]);
    return true;
}

static bool no_more_arguments(struct verifier *v, unsigned from)
{
    for (unsigned i = from; i < IR_MAX_ARGS; i++)
        if (v->n->a[i] != IR_NONE) return breach(v, "it has no argument %u", i);
    return true;
}

static bool arguments(struct verifier *v, const struct ir_op_info *info)
{
    for (unsigned i = 0; i < info->nargs; i++)
        if (!typed_argument(v, i, info->args[i])) return false;
    return no_more_arguments(v, info->nargs);
}

/* ---- structural operations ---- */

static bool fits(struct verifier *v)
{
    unsigned bits = ir_type_bits[v->n->type];
    return (bits >= 64 || v->n->imm >> bits == 0) ||
           breach(v, "0x%llx does not fit in %s", (unsigned long long)v->n->imm, ir_type_names[v->n->type]);
}

static bool words(struct verifier *v, unsigned type)
{
    uint64_t end = v->n->imm + (ir_type_bits[type] + 63) / 64;
    return (v->n->imm < IR_MAX_WORDS && end <= IR_MAX_WORDS) || breach(v, "there is no such state word");
}

static bool set(struct verifier *v)
{
    unsigned type = IR_VOID;
    if (v->n->a[0] == IR_NONE) return breach(v, "argument 0 is missing");
    return argument(v, 0, &type) && no_more_arguments(v, 1) && words(v, type);
}

static bool insn(struct verifier *v)
{
    uint32_t number = v->n->a[0];
    if (number < v->insns) return breach(v, "numbers of instructions must rise");
    if (number >= v->b->insns) return breach(v, "the block has %u instructions", v->b->insns);
    v->insns = number + 1;
    return no_more_arguments(v, 1);
}

static bool box(struct verifier *v)
{
    unsigned type = IR_VOID;
    if (!typed_argument(v, 0, IR_TYPES) || !argument(v, 0, &type)) return false;
    return type < IR_I64 || breach(v, "there is nothing above %s", ir_type_names[type]);
}

static bool unbox(struct verifier *v)
{
    if (v->n->type >= IR_I64) return breach(v, "there is nothing above %s", ir_type_names[v->n->type]);
    return typed_argument(v, 0, IR_I64) && no_more_arguments(v, 1) && fits(v);
}

static bool rounding(struct verifier *v, unsigned limit)
{
    return v->n->round <= limit || breach(v, "there is no mode %u", v->n->round);
}

/* One argument of LANES: a vector where the operation takes a lane, or what the operation takes. */
static bool lane_argument(struct verifier *v, unsigned i, unsigned want, unsigned bits, bool *vector)
{
    unsigned type = IR_VOID;
    if (v->n->a[i] == IR_NONE) return breach(v, "argument %u is missing", i);
    if (!argument(v, i, &type)) return false;
    bool lane = want == IR_TYPES || ir_type_bits[want] == bits;
    if (type == IR_V128 && lane) return *vector = true;
    return typed_argument(v, i, want);
}

static bool lanes(struct verifier *v)
{
    unsigned op = v->n->imm & 0xffff;
    uint64_t bits = v->n->imm >> 16;
    bool vector = false;
    if (op < IR_FIRST_OP || op >= IR_OPS) return breach(v, "there is no such operation on lanes");
    const struct ir_op_info *info = &ir_op_table[op];
    if (info->flags & IR_OP_EXIT) return breach(v, "%s may leave", info->name);
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
        return breach(v, "lanes have 8, 16, 32 or 64 bits");
    if (info->result != IR_I1 && ir_type_bits[info->result] != bits)
        return breach(v, "%s gives %s", info->name, ir_type_names[info->result]);
    if (!rounding(v, info->flags & IR_OP_ROUND ? FP_ODD : 0)) return false;
    for (unsigned i = 0; i < info->nargs; i++)
        if (!lane_argument(v, i, info->args[i], (unsigned)bits, &vector)) return false;
    return (vector || breach(v, "no argument is a vector")) && no_more_arguments(v, info->nargs);
}

static bool structural(struct verifier *v)
{
    const struct ir_op_info *info = &ir_op_table[v->n->op];
    switch (v->n->op) {
    case IR_CONST: return no_more_arguments(v, 0) && fits(v);
    case IR_GET: return no_more_arguments(v, 0) && words(v, v->n->type);
    case IR_SET: return set(v);
    case IR_INSN: return insn(v);
    case IR_BOX: return box(v) && no_more_arguments(v, 1);
    case IR_UNBOX: return unbox(v);
    case IR_LANES: return lanes(v);
    case IR_RAISE: return v->n->a[0] == IR_NONE ? no_more_arguments(v, 0) : arguments(v, info);
    case IR_GOTO:
    case IR_GUARD:
    case IR_JUMP: return rounding(v, IR_HINT_RETURN) && arguments(v, info);
    default: return arguments(v, info);
    }
}

/* ---- the whole ---- */

static bool result(struct verifier *v, const struct ir_op_info *info)
{
    unsigned type = v->n->type;
    if (type >= IR_TYPES) return breach(v, "there is no type %u", type);
    if (info->result == IR_TYPES) return type != IR_VOID || breach(v, "its value has no type");
    return type == info->result ||
           breach(v, "its value is %s, not %s", ir_type_names[info->result], ir_type_names[type]);
}

static bool is_end(const struct ir_node *n)
{
    return ir_op_table[n->op].flags & IR_OP_END || (n->op == IR_RAISE && n->a[0] == IR_NONE);
}

static bool node(struct verifier *v)
{
    if (v->n->op >= IR_OPS) return breach(v, "the table ends at %u", IR_OPS);
    const struct ir_op_info *info = &ir_op_table[v->n->op];
    if (!result(v, info)) return false;
    if (v->at == 0 && v->n->op != IR_INSN) return breach(v, "no instruction has begun");
    bool modes = info->flags & IR_OP_ROUND || v->n->op == IR_GOTO || v->n->op == IR_JUMP ||
                 v->n->op == IR_GUARD || v->n->op == IR_LANES;
    if (!rounding(v, modes ? FP_ODD : 0)) return false;
    if (v->n->op < IR_FIRST_OP ? !structural(v) : !arguments(v, info)) return false;
    bool last = v->at == v->b->n - 1;
    if (is_end(v->n) && !last) return breach(v, "something follows");
    return is_end(v->n) || !last || breach(v, "nothing ends the block");
}

const char *ir_verify(const struct ir_block *b, struct buf *err)
{
    struct verifier v = {.b = b, .err = err};
    if (b->n == 0) {
        buf_str(err, "the block is empty");
        return buf_cstr(err);
    }
    if (b->live_round > FP_ODD) {
        buf_printf(err, "the block lives under a rounding mode %u", b->live_round);
        return buf_cstr(err);
    }
    for (; v.at < b->n; v.at++) {
        v.n = &b->nodes[v.at];
        if (!node(&v)) return buf_cstr(err);
    }
    return NULL;
}

void ir_check(const struct ir_block *b, const char *after)
{
#ifdef LOCKSTEP_DEBUG
    struct buf err = {0};
    if (!ir_verify(b, &err)) return;
    struct buf text = {0};
    ir_print(b, NULL, &text);
    BUG("after %s: %s in\n%s", after, err.p, text.p);
#endif
}
