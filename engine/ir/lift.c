/* From guest code to IR: what generated lifters call, and the frame around a row. */
#include "engine/ir/lift.h"

#include "engine/guest/guest.h"

/* ---- how a row leaves ---- */

void lift_goto(struct lift *l, uint64_t target, enum ir_hint hint)
{
    l->leave = IR_GOTO;
    l->target = target;
    l->hint = hint;
}

void lift_jump(struct lift *l, uint32_t target, enum ir_hint hint)
{
    l->leave = IR_JUMP;
    l->value = target;
    l->hint = hint;
}

void lift_branch(struct lift *l, uint32_t cond, uint64_t target)
{
    l->leave = IR_EXIT_IF;
    l->value = cond;
    l->target = target;
}

static void add_exit(struct lift *l, unsigned op, uint32_t value, uint64_t imm, unsigned hint)
{
    struct ir_node n = {.op = (uint16_t)op,
                        .type = IR_VOID,
                        .round = (uint8_t)hint,
                        .imm = imm,
                        .a = {value, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    ir_add_node(l->b, &n);
}

bool lift_skip(struct lift *l, uint32_t cond)
{
    if (cond != IR_NONE) add_exit(l, IR_EXIT_IF, cond, l->next, IR_HINT_NONE);
    return true;
}

bool lift_raise(struct lift *l, unsigned cause, uint32_t cond)
{
    add_exit(l, IR_RAISE, cond, cause, IR_HINT_NONE);
    if (cond == IR_NONE) l->leave = IR_RAISE;
    return true;
}

/* ---- values ---- */

uint32_t lift_op(struct lift *l, unsigned op, const uint32_t *args, unsigned n)
{
    struct ir_node node = {.op = (uint16_t)op,
                           .type = ir_op_table[op].result,
                           .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    for (unsigned i = 0; i < n; i++) node.a[i] = args[i];
    return ir_add_node(l->b, &node);
}

uint32_t lift_unbox(struct lift *l, enum ir_type t, uint32_t v, uint64_t otherwise)
{
    struct ir_node node = {
        .op = IR_UNBOX, .type = (uint8_t)t, .imm = otherwise, .a = {v, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    return ir_add_node(l->b, &node);
}

uint32_t lift_lanes(struct lift *l, enum ir_type t, unsigned op, unsigned size, unsigned round,
                    unsigned vectors, const uint32_t *args, unsigned n)
{
    struct ir_node node = {.op = IR_LANES,
                           .type = IR_V128,
                           .round = (uint8_t)round,
                           .imm = op | (uint64_t)size << 16,
                           .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    for (unsigned i = 0; i < n; i++) {
        bool half = vectors >> i & 1 && l->b->nodes[args[i]].type == IR_I64;
        node.a[i] = half ? ir_op1(l->b, IR_ZEXT_V128_I64, args[i]) : args[i];
    }
    uint32_t v = ir_add_node(l->b, &node);
    return t == IR_I64 ? ir_op1(l->b, IR_TRUNC_I64_V128, v) : v;
}

uint32_t lift_get_flags(struct lift *l, unsigned word)
{
    return ir_op1(l->b, IR_FP_RAISED, ir_get(l->b, IR_I64, word));
}

void lift_set_flags(struct lift *l, unsigned word, uint32_t v)
{
    ir_op1(l->b, IR_FP_KEEP, v);
    ir_set(l->b, word, v);
}

uint32_t lift_bit(struct lift *l, uint32_t v, uint32_t bit, unsigned at)
{
    uint32_t wide = ir_op1(l->b, IR_ZEXT_I64_I1, bit);
    if (at) wide = ir_op2(l->b, IR_SHL_I64, wide, ir_const(l->b, IR_I8, at));
    return ir_op2(l->b, IR_OR_I64, v, wide);
}

/* ---- a row ---- */

static void note_call(struct lift *l)
{
    if (l->hint == IR_HINT_CALL) add_exit(l, IR_CALL, IR_NONE, l->next, IR_HINT_NONE);
}

/* What the row noted, as the block's end. */
static enum lift_end finish(struct lift *l, uint64_t *branch)
{
    switch (l->leave) {
    case IR_GOTO:
        note_call(l);
        add_exit(l, IR_GOTO, IR_NONE, l->target, l->hint);
        return LIFT_DONE;
    case IR_JUMP:
        note_call(l);
        add_exit(l, IR_JUMP, l->value, 0, l->hint);
        return LIFT_DONE;
    case IR_EXIT_IF:
        add_exit(l, IR_EXIT_IF, l->value, l->target, IR_HINT_NONE);
        *branch = l->target;
        return LIFT_BRANCH;
    case IR_RAISE: return LIFT_DONE;
    default: return LIFT_MORE;
    }
}

/* The row of these bits, where it may run in this mode and has a lifter; else -1. */
static int liftable(const struct guest *g, uint32_t word, uint64_t key)
{
    int row = g->decode(word);
    if (row < 0 || g->rows[row].needs & ~key || !g->lift->rows[row]) return -1;
    return row;
}

enum lift_end lift_row(struct ir_block *b, const struct guest *g, uint64_t pc, uint32_t word, uint64_t key,
                       unsigned number, uint64_t *branch)
{
    struct lift l = {.b = b, .pc = pc, .next = pc + g->length(word), .key = key, .leave = IR_NOP};
    struct guest_op o;
    int row = liftable(g, word, key);
    ir_insn(b, number, pc);
    b->bytes += g->length(word);
    uint32_t start = b->n;
    if (row >= 0) {
        guest_pack(g, (unsigned)row, word, 0, &o);
        if (g->lift->rows[row](&l, &o)) return finish(&l, branch);
    }
    b->n = start;
    add_exit(&l, IR_STEP, IR_NONE, 0, IR_HINT_NONE);
    return LIFT_DONE;
}
