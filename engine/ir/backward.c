/* From the end of a block to its top: what nobody needs becomes IR_NOP, and each use learns of the next one.
 *
 * One walk does it all, because a node is met only after everything below it that might need it: a value
 * without a use so far has none. A SET is dead when the word is put again further down with nothing between
 * that can leave (which would see it) or get it. Accesses to memory stay, for they may fault, and so do FP
 * operations, whose exceptions gather, unless they raise none. */
#include "engine/ir/ir_internal.h"

#include <string.h>

struct backward {
    const struct ir_node *nodes;   /* of the block */
    uint32_t none;                 /* their number: where in `first` goes what has no place */
    uint32_t (*next)[IR_MAX_ARGS]; /* as in the block */
    uint32_t *first;               /* the same, of what has been seen so far */
    struct ir_word *words;         /* one with the present stamp is put again before anything sees it */
    uint32_t stamp;                /* changes wherever state is seen */
};

/* FP operations that raise no exception, whatever the operand: the result is always exact and never a NaN, or
 * it is what was raised before. */
static bool is_silent(unsigned op)
{
    return op == IR_F64_FROM_S32 || op == IR_F64_FROM_U32 || op == IR_FP_RAISED;
}

/* Whether it must stay although its value is not used. */
static bool has_effect(const struct ir_node *n, unsigned flags)
{
    if (likely(!(flags & IR_OP_EFFECT))) return false;
    unsigned op = n->op == IR_LANES ? n->imm & 0xffff : n->op;
    return ir_op_table[op].flags & IR_OP_EFFECT && !is_silent(op);
}

/* Whether the SET is needed; its words are put from here on. */
static bool set(struct backward *w, const struct ir_node *n)
{
    struct ir_word *word = &w->words[n->imm];
    bool needed = word[0].stamp != w->stamp;
    word[0].stamp = w->stamp;
    if (unlikely(w->nodes[n->a[0]].type >= IR_I128)) {
        needed |= word[1].stamp != w->stamp;
        word[1].stamp = w->stamp;
    }
    return needed;
}

static void get(struct backward *w, const struct ir_node *n)
{
    struct ir_word *word = &w->words[n->imm];
    word[0].stamp = 0;
    if (unlikely(n->type >= IR_I128)) word[1].stamp = 0;
}

/* Whether anything needs the node, which takes arguments. That it sees state, or puts it, is noted. */
static ALWAYS_INLINE bool needed(struct backward *w, const struct ir_node *n, bool used)
{
    if (n->op == IR_SET) return set(w, n);
    unsigned flags = ir_op_table[n->op].flags;
    w->stamp += (flags & IR_OP_EXIT) != 0;
    return used || n->type == IR_VOID || has_effect(n, flags);
}

/* Node i is the first use so far of its first `count` arguments. One that is missing has the place `none` to
 * write to, which is less work than to find out. */
static ALWAYS_INLINE void uses(struct backward *w, uint32_t i, const struct ir_node *n, unsigned count)
{
    uint32_t *place[IR_MAX_ARGS];
    for (unsigned k = 0; k < count; k++) place[k] = &w->first[n->a[k] < i ? n->a[k] : w->none];
    for (unsigned k = 0; k < count; k++) w->next[i][k] = *place[k];
    for (unsigned k = 0; k < count; k++) *place[k] = i;
}

static ALWAYS_INLINE bool node(struct backward *w, uint32_t i, const struct ir_node *n)
{
    bool used = w->first[i];
    switch (n->op) {
    case IR_NOP:
    case IR_INSN: return true; /* its a[0] is no argument */
    case IR_CONST: return used;
    case IR_GET:
        if (used) get(w, n);
        return used;
    default:
        if (!needed(w, n, used)) return false;
        if (likely(n->a[2] == IR_NONE))
            uses(w, i, n, 2);
        else
            uses(w, i, n, IR_MAX_ARGS);
        return true;
    }
}

void ir_backward(struct ir_block *b)
{
    ir_grow_uses(b, b->n + 1);
    memset(b->first, 0, b->n * sizeof(b->first[0]));
    struct backward w = {.nodes = b->nodes,
                         .none = b->n,
                         .next = b->next,
                         .first = b->first,
                         .words = b->scratch->words,
                         .stamp = ir_new_stamp(b->scratch, b->n)};
    for (uint32_t i = b->n; i-- > 0;) {
        struct ir_node *n = &b->nodes[i];
        if (!node(&w, i, n))
            *n = (struct ir_node){.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    }
    b->scratch->stamp = w.stamp;
    ir_check(b, "ir_backward");
}
