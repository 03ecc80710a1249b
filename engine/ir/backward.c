/* From the end of a block to its top: what nobody needs becomes IR_NOP, and each use learns of the next one.
 *
 * One walk does it all, because a node is met only after everything below it that might need it: a value
 * without a use so far has none. A SET is dead when the word is put again further down with nothing between
 * that can leave (which would see it) or get it. Accesses to memory stay, for they may fault, and so do FP
 * operations, whose exceptions gather, unless they raise none. */
#include "engine/ir/ir_internal.h"

#include <string.h>

struct backward {
    struct ir_block *b;    /* the block */
    struct ir_word *words; /* one with the present stamp: is put again before anything sees it */
    uint32_t stamp;        /* changes wherever state is seen */
};

/* FP operations whose result is always exact and never a NaN: no exception whatever the operand. */
static bool is_silent(unsigned op)
{
    return op == IR_F64_FROM_S32 || op == IR_F64_FROM_U32;
}

/* Whether it must stay although its value is not used. */
static bool has_effect(const struct ir_node *n)
{
    unsigned op = n->op == IR_LANES ? n->imm & 0xffff : n->op;
    return ir_op_table[op].flags & IR_OP_EFFECT && !is_silent(op);
}

static unsigned words_of(const struct ir_block *b, const struct ir_node *n)
{
    unsigned type = n->op == IR_SET ? b->nodes[n->a[0]].type : n->type;
    return type >= IR_I128 ? 2 : 1;
}

/* Whether the SET is needed; its words are put from here on. */
static bool set(struct backward *w, const struct ir_node *n)
{
    struct ir_word *word = &w->words[n->imm];
    bool needed = word[0].stamp != w->stamp;
    word[0].stamp = w->stamp;
    if (words_of(w->b, n) == 2) {
        needed |= word[1].stamp != w->stamp;
        word[1].stamp = w->stamp;
    }
    return needed;
}

static void get(struct backward *w, const struct ir_node *n)
{
    for (unsigned i = 0; i < words_of(w->b, n); i++) w->words[n->imm + i].stamp = 0;
}

static bool needed(struct backward *w, uint32_t i, const struct ir_node *n)
{
    if (n->op == IR_SET) return set(w, n);
    return n->type == IR_VOID ? n->op != IR_NOP : w->b->first[i] || has_effect(n);
}

static void uses(struct ir_block *b, uint32_t i, const struct ir_node *n)
{
    unsigned count = ir_op_table[n->op].nargs;
    for (unsigned k = 0; k < count && n->a[k] != IR_NONE; k++) b->next[i][k] = b->first[n->a[k]];
    for (unsigned k = 0; k < count && n->a[k] != IR_NONE; k++) b->first[n->a[k]] = i;
}

void ir_backward(struct ir_block *b)
{
    struct backward w = {.b = b, .words = b->scratch->words};
    ir_grow_uses(b, b->n);
    memset(b->first, 0, b->n * sizeof(b->first[0]));
    w.stamp = ir_new_stamp(b->scratch, b->n);
    for (uint32_t i = b->n; i-- > 0;) {
        struct ir_node *n = &b->nodes[i];
        if (!needed(&w, i, n)) {
            *n = (struct ir_node){.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
            continue;
        }
        if (ir_op_table[n->op].flags & IR_OP_EXIT) w.stamp++;
        if (n->op == IR_GET) get(&w, n);
        uses(b, i, n);
    }
    b->scratch->stamp = w.stamp;
    ir_check(b, "ir_backward");
}
