/* From a block's top to its end: the block is written anew, each node simplified by what stands above it.
 *
 * Here: the walk, constants through the operations' references, the words of state, and exits whose condition
 * is known. What is known of a word is the value last got from it or put into it; that a set is needed no
 * longer is for backward.c to see. Loads are never merged, for other threads write. */
#include "engine/ir/forward.h"

#include <string.h>

/* ---- making nodes ---- */

static uint32_t append(struct forward *f, const struct ir_node *n)
{
    unsigned bits = ir_type_bits[n->type];
    fw_know *know = fw_rules[n->op].know;
    f->out[f->n] = *n;
    f->facts[f->n] = know ? know(f, n) : (struct ir_fact){(uint8_t)bits, (uint8_t)bits, IR_NO_WORD};
    if (n->op == IR_UNBOX) f->unboxed[f->nunboxed++ % FW_UNBOXED] = f->n;
    return f->n++;
}

uint32_t fw_const(struct forward *f, unsigned type, uint64_t v)
{
    return append(f, &(struct ir_node){.op = IR_CONST,
                                       .type = (uint8_t)type,
                                       .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                       .imm = v & bits_mask(ir_type_bits[type])});
}

/* The value of an operation on constants, by its reference, if 64 bits hold it. */
static uint32_t fold(struct forward *f, const struct ir_node *n, const struct ir_op_info *info)
{
    union ir_value a[IR_MAX_ARGS], v;
    struct ir_call k = {.round = n->round};
    for (unsigned i = 0; i < info->nargs; i++) {
        uint64_t c;
        if (!fw_is_const(f, n->a[i], &c)) return IR_NONE;
        a[i].u128 = c;
    }
    if (!info->ref(&k, a, &v)) BUG("%s may fault", info->name);
    return (uint64_t)(v.u128 >> 64) ? IR_NONE : fw_const(f, n->type, v.u[0]);
}

static bool is_const(const struct forward *f, uint32_t v)
{
    return f->out[v].op == IR_CONST;
}

uint32_t fw_make(struct forward *f, struct ir_node *n)
{
    const struct ir_op_info *info = &ir_op_table[n->op];
    uint32_t r = IR_NONE;
    if (info->flags & IR_OP_COMMUTES && is_const(f, n->a[0]) && !is_const(f, n->a[1])) {
        uint32_t x = n->a[0];
        n->a[0] = n->a[1];
        n->a[1] = x;
    }
    bool pure = info->ref && info->nargs && !(info->flags & (IR_OP_FP | IR_OP_EXIT | IR_OP_EFFECT));
    if (pure && is_const(f, n->a[0])) r = fold(f, n, info);
    if (r == IR_NONE && fw_rules[n->op].rewrite) r = fw_rules[n->op].rewrite(f, n);
    return r != IR_NONE ? r : append(f, n);
}

/* ---- state ---- */

static bool known(const struct forward *f, const struct ir_word *w)
{
    return w->stamp == f->stamp;
}

static void note(struct forward *f, unsigned word, uint32_t value, enum ir_part part)
{
    f->words[word] = (struct ir_word){.stamp = f->stamp, .value = value, .part = (uint8_t)part};
    f->facts[value].word = (uint16_t)word;
}

static bool is_wide(unsigned type)
{
    return type >= IR_I128;
}

/* Whether the word is put anew, further down in this instruction, with nothing between that could see it. */
static bool soon_put(const struct forward *f, unsigned word)
{
    for (uint32_t i = f->at + 1; i < f->end && f->in[i].op != IR_INSN; i++) {
        if (f->in[i].op == IR_SET && f->in[i].imm == word) return true;
        if (ir_op_table[f->in[i].op].flags & IR_OP_EXIT) return false;
    }
    return false;
}

/* Whether a register of the guest holds the value, and goes on doing so. */
static bool is_held(const struct forward *f, uint32_t v)
{
    unsigned word = f->facts[v].word;
    if (word == IR_NO_WORD || !known(f, &f->words[word]) || f->words[word].value != v) return false;
    return !soon_put(f, word);
}

bool fw_may_reach(const struct forward *f, uint32_t through, uint32_t to)
{
    return is_const(f, to) || !is_held(f, through) || is_held(f, to);
}

/* The 64 bits of one word, if they are to be had from what is known. */
static uint32_t whole_word(struct forward *f, const struct ir_word *w)
{
    const struct ir_node *v = fw_node(f, w->value);
    switch (w->part) {
    case IR_PART_ALL: return fw_zext(f, IR_I64, w->value);
    case IR_PART_LOW: return fw_trunc(f, IR_I64, w->value);
    case IR_PART_HIGH:
        if (f->facts[w->value].zbits <= 64) return fw_const(f, IR_I64, 0);
        return v->op == IR_CONCAT_I64 ? v->a[0] : IR_NONE;
    default: return IR_NONE;
    }
}

static uint32_t get_word(struct forward *f, const struct ir_node *n)
{
    const struct ir_word *w = &f->words[n->imm];
    if (!known(f, w)) return IR_NONE;
    if (w->part == IR_PART_NARROW)
        return fw_bits(f, w->value) < ir_type_bits[n->type] ? IR_NONE : fw_trunc(f, n->type, w->value);
    uint32_t v = whole_word(f, w);
    return v == IR_NONE ? v : fw_trunc(f, n->type, v);
}

static uint32_t get_pair(struct forward *f, const struct ir_node *n)
{
    const struct ir_word *low = &f->words[n->imm], *high = low + 1;
    if (!known(f, low) || !known(f, high)) return IR_NONE;
    if (low->part == IR_PART_LOW && high->part == IR_PART_HIGH && low->value == high->value)
        return fw_node(f, low->value)->type == n->type ? low->value : IR_NONE;
    if (low->part != IR_PART_ALL || high->part != IR_PART_ALL) return IR_NONE;
    if (n->type == IR_V128 && !fw_is(f, high->value, 0)) return IR_NONE;
    uint32_t x = fw_zext(f, IR_I64, low->value);
    if (n->type == IR_V128) return fw_zext(f, IR_V128, x);
    return fw_op2(f, IR_CONCAT_I64, fw_zext(f, IR_I64, high->value), x);
}

static void note_pair(struct forward *f, unsigned word, uint32_t v)
{
    note(f, word + 1, v, IR_PART_HIGH);
    note(f, word, v, IR_PART_LOW);
}

static uint32_t get(struct forward *f, struct ir_node *n)
{
    uint32_t v = is_wide(n->type) ? get_pair(f, n) : get_word(f, n);
    if (v != IR_NONE) return v;
    v = append(f, n);
    if (is_wide(n->type))
        note_pair(f, (unsigned)n->imm, v);
    else
        note(f, (unsigned)n->imm, v, n->type == IR_I64 ? IR_PART_ALL : IR_PART_NARROW);
    return v;
}

/* Whether the word has this value already. */
static bool has(const struct forward *f, unsigned word, uint32_t v)
{
    const struct ir_word *w = &f->words[word];
    if (!known(f, w) || w->part != IR_PART_ALL) return false;
    const struct ir_node *x = fw_node(f, w->value), *y = fw_node(f, v);
    return w->value == v || (x->op == IR_CONST && y->op == IR_CONST && x->imm == y->imm);
}

static void set(struct forward *f, const struct ir_node *n)
{
    unsigned word = (unsigned)n->imm;
    if (is_wide(fw_node(f, n->a[0])->type)) {
        append(f, n);
        note_pair(f, word, n->a[0]);
    } else if (!has(f, word, n->a[0])) {
        append(f, n);
        note(f, word, n->a[0], IR_PART_ALL);
    }
}

/* ---- exits ---- */

static void leave(struct forward *f, unsigned op, uint64_t imm, unsigned round)
{
    append(f, &(struct ir_node){.op = (uint16_t)op,
                                .round = (uint8_t)round,
                                .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                .imm = imm});
}

/* EXIT_IF and RAISE: gone when they never leave; when they always do, nothing follows. */
static void condition(struct forward *f, const struct ir_node *n)
{
    uint64_t c = 1;
    if (n->a[0] != IR_NONE && !fw_is_const(f, n->a[0], &c))
        append(f, n);
    else if (c)
        leave(f, n->op == IR_EXIT_IF ? IR_GOTO : IR_RAISE, n->imm, 0);
    if (c && (n->a[0] == IR_NONE || is_const(f, n->a[0]))) f->at = f->end;
}

static void jump(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (fw_is_const(f, n->a[0], &c))
        leave(f, IR_GOTO, c, n->round);
    else
        append(f, n);
}

/* ---- the walk ---- */

static void node(struct forward *f, uint32_t *value)
{
    struct ir_node n = f->in[f->at];
    const uint32_t *map = f->b->scratch->map;
    unsigned nargs = ir_op_table[n.op].nargs;
    for (unsigned i = 0; i < nargs && n.a[i] != IR_NONE; i++) n.a[i] = map[n.a[i]];
    switch (n.op) {
    case IR_NOP: return;
    case IR_GET: *value = get(f, &n); return;
    case IR_SET: set(f, &n); return;
    case IR_EXIT_IF:
    case IR_RAISE: condition(f, &n); return;
    case IR_JUMP: jump(f, &n); return;
    default: *value = fw_make(f, &n);
    }
}

/* What was written becomes the block, and the block's memory is where the next one is written. */
static void swap(struct ir_block *b, struct ir_scratch *s)
{
    struct ir_node *nodes = b->nodes;
    uint32_t cap = b->cap;
    b->nodes = s->out;
    b->cap = s->cap;
    s->out = nodes;
    s->cap = cap;
}

void ir_forward(struct ir_block *b)
{
    struct ir_scratch *s = b->scratch;
    struct forward f = {.b = b, .in = b->nodes, .end = b->n, .words = s->words};
    ir_grow_map(b, b->n);
    ir_grow_out(b, b->n + FW_ROOM);
    f.stamp = ir_new_stamp(s, 0);
    for (; f.at < f.end; f.at++) {
        ir_grow_out(b, f.n + FW_ROOM);
        f.out = s->out;
        f.facts = s->facts;
        node(&f, &s->map[f.at]);
    }
    swap(b, s);
    b->n = f.n;
    ir_check(b, "ir_forward");
}
