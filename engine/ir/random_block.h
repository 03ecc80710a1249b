/* Random valid blocks over every operation, for tests: few state words, so that gets meet sets; addresses
 * that mostly hit the memory, values that are mostly corners, and arguments that are mostly recent. */
#ifndef ENGINE_IR_RANDOM_BLOCK_H
#define ENGINE_IR_RANDOM_BLOCK_H

#include "engine/ir/ir.h"

enum { RANDOM_BASE = 0x20000, RANDOM_SIZE = CPU_PAGE, RANDOM_WORDS = 8, RANDOM_NODES = 60 };

/* A number of a type, often near where its bits or signs end. */
static uint64_t random_number(struct rng *r, unsigned bits)
{
    static const uint64_t corners[] = {0,          1,          2,  0x7f, 0xff, 0x7fff, 0xffff,
                                       0x7fffffff, 0xffffffff, 31, 32,   63,   64};
    uint64_t v;
    switch (rng_below(r, 4)) {
    case 0: v = rng_next(r); break;
    case 1: v = 1ull << rng_below(r, 64); break;
    default: v = corners[rng_below(r, ARRAY_LEN(corners))];
    }
    if (rng_below(r, 4) == 0) v = ~v;
    if (rng_below(r, 4) == 0) v += rng_below(r, 4) - 1;
    return v & bits_mask(bits);
}

/* A value of the type: one that stands above, mostly a late one, or a new constant. */
static uint32_t random_value(struct ir_block *b, struct rng *r, unsigned type)
{
    uint32_t seen[16], n = 0;
    for (uint32_t i = b->n; i-- > 0 && n < ARRAY_LEN(seen);)
        if (b->nodes[i].type == type) seen[n++] = i;
    if (n && rng_below(r, 4)) return seen[rng_below(r, rng_below(r, 2) ? n : 1 + n / 4)];
    if (type == IR_I64 && rng_below(r, 3) == 0)
        return ir_get(b, IR_I64, 1 + (unsigned)rng_below(r, RANDOM_WORDS));
    return ir_const(b, type, random_number(r, ir_type_bits[type]));
}

static uint32_t random_integer(struct ir_block *b, struct rng *r)
{
    static const uint8_t types[] = {IR_I8, IR_I16, IR_I32, IR_I64, IR_I64};
    return random_value(b, r, types[rng_below(r, ARRAY_LEN(types))]);
}

/* Atomic operations have theirs aligned. */
static uint32_t random_address(struct ir_block *b, struct rng *r, bool aligned)
{
    uint32_t x = random_value(b, r, IR_I64);
    if (rng_below(r, 50) == 0) /* very likely nowhere */
        return aligned ? ir_op2(b, IR_AND_I64, x, ir_const(b, IR_I64, ~15ull)) : x;
    x = ir_op2(b, IR_AND_I64, x, ir_const(b, IR_I64, RANDOM_SIZE - 64));
    return ir_op2(b, IR_ADD_I64, x, ir_const(b, IR_I64, RANDOM_BASE + 16 * rng_below(r, 3)));
}

static void random_op(struct ir_block *b, struct rng *r, unsigned op)
{
    const struct ir_op_info *info = &ir_op_table[op];
    struct ir_node n = {
        .op = (uint16_t)op, .type = info->result, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    bool atomic = op >= IR_AMO_SWAP_I32 && op <= IR_STORE_IF_I128;
    for (unsigned i = 0; i < info->nargs; i++) {
        bool address = i == 0 && info->flags & IR_OP_EXIT;
        n.a[i] = address                     ? random_address(b, r, atomic)
                 : info->args[i] == IR_TYPES ? random_integer(b, r)
                                             : random_value(b, r, info->args[i]);
    }
    if (op == IR_STORE_ZEROS) n.a[1] = ir_const(b, IR_I64, rng_below(r, 33));
    if (info->flags & IR_OP_ROUND) n.round = (uint8_t)rng_below(r, FP_ODD + 1);
    ir_add_node(b, &n);
}

/* An operation on lanes whose arguments are all lanes. */
static void random_lanes(struct ir_block *b, struct rng *r)
{
    unsigned op = IR_FIRST_OP + (unsigned)rng_below(r, IR_OPS - IR_FIRST_OP);
    const struct ir_op_info *info = &ir_op_table[op];
    unsigned bits = ir_type_bits[info->args[0]];
    struct ir_node n = {.op = IR_LANES, .type = IR_V128, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (info->flags & IR_OP_EXIT || info->nargs == 0 || bits < 8 || bits > 64) return;
    if (info->result != IR_I1 && info->result != info->args[0]) return;
    for (unsigned i = 0; i < info->nargs; i++) {
        if (info->args[i] != info->args[0] && info->args[i] != IR_TYPES) return;
        n.a[i] = random_value(b, r, IR_V128);
    }
    n.imm = bits << 16 | op;
    if (info->flags & IR_OP_ROUND) n.round = (uint8_t)rng_below(r, FP_ODD + 1);
    ir_add_node(b, &n);
}

static void random_structural(struct ir_block *b, struct rng *r)
{
    static const uint8_t narrow[] = {IR_I8, IR_I16, IR_I32},
                         words[] = {IR_I64, IR_I64, IR_I64, IR_I32, IR_I8, IR_I1, IR_I128, IR_V128};
    struct ir_node n = {.type = narrow[rng_below(r, 3)], .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    unsigned word = 1 + (unsigned)rng_below(r, RANDOM_WORDS), type = words[rng_below(r, ARRAY_LEN(words))];
    switch (rng_below(r, 10)) {
    case 0:
        n.op = IR_BOX;
        n.a[0] = random_value(b, r, n.type);
        n.type = IR_I64;
        break;
    case 1:
        n.op = IR_UNBOX;
        n.a[0] = random_value(b, r, IR_I64);
        n.imm = random_number(r, ir_type_bits[n.type]);
        break;
    case 2:
    case 3: ir_get(b, type, word); return;
    case 4: random_lanes(b, r); return;
    default: ir_set(b, word, random_value(b, r, type)); return;
    }
    ir_add_node(b, &n);
}

static void random_exit(struct ir_block *b, struct rng *r)
{
    if (rng_below(r, 6) == 0) {
        ir_add_node(b, &(struct ir_node){.op = IR_SKIP,
                                         .a = {random_value(b, r, IR_I1), IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                         .imm = rng_below(r, 5)});
        return;
    }
    if (rng_below(r, 6) == 0) { /* mostly of a value that it may well be */
        uint32_t x = ir_op2(b, IR_AND_I64, random_value(b, r, IR_I64), ir_const(b, IR_I64, 1));
        ir_add_node(b, &(struct ir_node){.op = IR_GUARD,
                                         .round = (uint8_t)rng_below(r, IR_HINT_RETURN + 1),
                                         .a = {x, IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                         .imm = rng_below(r, 2)});
        return;
    }
    bool raise = rng_below(r, 3) == 0;
    ir_add_node(b, &(struct ir_node){.op = raise ? IR_RAISE : IR_EXIT_IF,
                                     .a = {random_value(b, r, IR_I1), IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                     .imm = rng_below(r, 5)});
}

static void random_call(struct ir_block *b, struct rng *r)
{
    ir_add_node(b, &(struct ir_node){.op = rng_below(r, 3) ? IR_CALL : IR_RETURN,
                                     .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    if (b->nodes[b->n - 1].op == IR_CALL) b->nodes[b->n - 1].imm = rng_below(r, 5);
}

static void random_end(struct ir_block *b, struct rng *r)
{
    static const uint16_t ends[] = {IR_GOTO, IR_JUMP, IR_STEP, IR_RAISE};
    struct ir_node n = {.op = ends[rng_below(r, ARRAY_LEN(ends))],
                        .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (n.op == IR_JUMP) n.a[0] = random_value(b, r, IR_I64);
    if (n.op == IR_JUMP || n.op == IR_GOTO) n.round = (uint8_t)rng_below(r, IR_HINT_RETURN + 1);
    if (n.op == IR_GOTO || n.op == IR_RAISE) n.imm = rng_below(r, 5);
    ir_add_node(b, &n);
}

/* The operations that rules know best come up most. */
static unsigned random_operation(struct rng *r)
{
    static const uint16_t known[] = {IR_ADD_I8, IR_AND_I1, IR_EQ_I1, IR_ZEXT_I8_I1},
                          to[] = {IR_NEG_I64, IR_ROR_I64, IR_SELECT_I64, IR_CONCAT_I64};
    if (rng_below(r, 4) == 0) return IR_FIRST_OP + (unsigned)rng_below(r, IR_OPS - IR_FIRST_OP);
    unsigned i = (unsigned)rng_below(r, ARRAY_LEN(known));
    return known[i] + (unsigned)rng_below(r, to[i] - known[i] + 1u);
}

/* A 64-bit value that is known to be small: its part, extended. */
static uint32_t random_small(struct ir_block *b, struct rng *r)
{
    static const uint16_t narrow[] = {IR_TRUNC_I8_I64, IR_TRUNC_I16_I64, IR_TRUNC_I32_I64},
                          zext[] = {IR_ZEXT_I64_I8, IR_ZEXT_I64_I16, IR_ZEXT_I64_I32},
                          sext[] = {IR_SEXT_I64_I8, IR_SEXT_I64_I16, IR_SEXT_I64_I32};
    uint32_t x = random_value(b, r, IR_I64);
    unsigned width = (unsigned)rng_below(r, 3);
    uint32_t k = ir_const(b, IR_I8, rng_below(r, 64));
    switch (rng_below(r, 5)) {
    case 0: return ir_op2(b, IR_SHR_I64, x, k);
    case 1: return ir_op2(b, IR_SAR_I64, x, k);
    case 2: return ir_const(b, IR_I64, random_number(r, 64));
    default: return ir_op1(b, rng_below(r, 2) ? zext[width] : sext[width], ir_op1(b, narrow[width], x));
    }
}

/* What is known of small values is used: something is computed of them, and its part extended or compared. */
static void random_idiom(struct ir_block *b, struct rng *r)
{
    static const uint16_t ops[] = {IR_ADD_I64,  IR_SUB_I64,  IR_MUL_I64,  IR_AND_I64,
                                   IR_OR_I64,   IR_XOR_I64,  IR_DIVS_I64, IR_REMS_I64,
                                   IR_REMU_I64, IR_MAXS_I64, IR_MINU_I64, IR_SHL_I64};
    static const uint16_t compare[] = {IR_EQ_I64, IR_LTU_I64, IR_LEU_I64, IR_LTS_I64, IR_LES_I64};
    unsigned op = ops[rng_below(r, ARRAY_LEN(ops))], k = (unsigned)rng_below(r, 64);
    uint32_t x = random_small(b, r), y = op == IR_SHL_I64 ? ir_const(b, IR_I8, k) : random_small(b, r);
    uint32_t v = ir_op2(b, op, x, y), limit = ir_const(b, IR_I64, (1ull << k) - rng_below(r, 2));
    switch (rng_below(r, 6)) {
    case 0: v = ir_op1(b, IR_SEXT_I64_I32, ir_op1(b, IR_TRUNC_I32_I64, v)); break;
    case 1: v = ir_op1(b, IR_ZEXT_I64_I16, ir_op1(b, IR_TRUNC_I16_I64, v)); break;
    case 2:
        v = ir_op2(b, IR_SAR_I64, ir_op2(b, IR_SHL_I64, v, ir_const(b, IR_I8, 48)), ir_const(b, IR_I8, k));
        break;
    case 3:
        v = ir_op2(b, IR_SHR_I64, ir_op2(b, IR_SAR_I64, v, ir_const(b, IR_I8, k)), ir_const(b, IR_I8, 7));
        break;
    case 4: v = ir_op2(b, IR_AND_I64, v, limit); break;
    default:
        v = ir_op2(b, compare[rng_below(r, ARRAY_LEN(compare))], rng_below(r, 2) ? v : limit,
                   rng_below(r, 2) ? v : limit);
    }
    ir_set(b, 1 + (unsigned)rng_below(r, RANDOM_WORDS), v);
}

/* Two divisions of the registers that a guest divides, which may change between them. */
static void random_division(struct ir_block *b, struct rng *r)
{
    static const uint16_t ops[] = {IR_DIVU_I64, IR_REMU_I64, IR_DIVS_I64, IR_REMS_I64};
    unsigned sign = rng_below(r, 2) ? 2 : 0, x = 1 + (unsigned)rng_below(r, 3),
             y = 1 + (unsigned)rng_below(r, 3);
    for (int i = 0; i < 2; i++) {
        uint32_t n = ir_get(b, IR_I64, x), d = ir_get(b, IR_I64, y), v;
        unsigned op = ops[sign + rng_below(r, 2)];
        if (rng_below(r, 3))
            v = ir_op2(b, op, n, d);
        else
            v = ir_op2(b, op - 1, ir_op1(b, IR_TRUNC_I32_I64, n), ir_op1(b, IR_TRUNC_I32_I64, d));
        ir_set(b, 1 + (unsigned)rng_below(r, RANDOM_WORDS), v);
    }
}

static inline void random_block(struct ir_block *b, struct rng *r)
{
    uint32_t nodes = 1 + (uint32_t)rng_below(r, RANDOM_NODES);
    ir_block_reset(b, 0x1000, 0);
    ir_insn(b, 0, 0x1000);
    while (b->n < nodes) {
        uint64_t what = rng_below(r, 100);
        if (what < 10)
            ir_insn(b, b->insns, 0x1000 + 4 * b->insns);
        else if (what < 14)
            random_exit(b, r);
        else if (what < 15)
            random_call(b, r);
        else if (what < 50)
            random_structural(b, r);
        else if (what < 65)
            random_idiom(b, r);
        else if (what < 68)
            random_division(b, r);
        else
            random_op(b, r, random_operation(r));
    }
    random_end(b, r);
}

#endif
