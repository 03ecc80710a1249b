/* From a block's top to its end: the block is written anew, each node simplified by what stands above it.
 *
 * Here: the walk, constants through the operations' references, the words of state, and exits whose condition
 * is known. What is known of a word is the value last got from it or put into it; that a set is needed no
 * longer is for backward.c to see. Loads are never merged, for other threads write. */
#include "engine/ir/forward.h"

#include <string.h>

/* ---- making nodes ----
 *
 * A node is written where it will stay, and simplified there; when a rule finds something else for it, it is
 * taken off again, or becomes IR_NOP if the rule needed new nodes. So nodes are not copied about, and rules
 * may hold pointers. */

static const struct ir_fact nothing_known[IR_TYPES] = {
    [IR_VOID] = {0, 0, IR_NO_WORD},     [IR_I1] = {1, 1, IR_NO_WORD},       [IR_I8] = {8, 8, IR_NO_WORD},
    [IR_I16] = {16, 16, IR_NO_WORD},    [IR_I32] = {32, 32, IR_NO_WORD},    [IR_I64] = {64, 64, IR_NO_WORD},
    [IR_I128] = {128, 128, IR_NO_WORD}, [IR_V128] = {128, 128, IR_NO_WORD},
};

static bool is_const(const struct forward *f, uint32_t v)
{
    return f->out[v].op == IR_CONST;
}

/* The next node stays as it was written. */
static ALWAYS_INLINE uint32_t keep(struct forward *f)
{
    f->facts[f->n] = nothing_known[f->out[f->n].type];
    return f->n++;
}

/* Of a constant as much is known as there is to know, or a bit less if it is 0 or -1. */
static ALWAYS_INLINE struct ir_fact fact_of_const(unsigned bits, uint64_t v)
{
    uint64_t s = (uint64_t)bits_sext(v, bits);
    unsigned zbits = 64 - (unsigned)__builtin_clzll(v | 1);
    unsigned sbits = 65 - (unsigned)__builtin_clzll((s ^ (0 - (s >> 63))) | 1);
    return (struct ir_fact){(uint8_t)zbits, (uint8_t)(sbits < bits ? sbits : bits), IR_NO_WORD};
}

uint32_t fw_const(struct forward *f, unsigned type, uint64_t v)
{
    struct ir_node *n = &f->out[f->n];
    *n = (struct ir_node){.op = IR_CONST,
                          .type = (uint8_t)type,
                          .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                          .imm = v & bits_mask(ir_type_bits[type])};
    unsigned bits = ir_type_bits[type] > 64 ? 64 : ir_type_bits[type];
    f->facts[f->n] = fact_of_const(bits, n->imm);
    return f->n++;
}

/* The value of an operation on constants, by its reference. False: an argument is none, or 64 bits do not
 * hold it. */
static NOINLINE bool fold(const struct forward *f, const struct ir_node *n, const struct ir_op_info *info,
                          uint64_t *out)
{
    union ir_value a[IR_MAX_ARGS], v;
    struct ir_call k = {.round = n->round};
    for (unsigned i = 0; i < info->nargs; i++) {
        uint64_t c;
        if (!fw_is_const(f, n->a[i], &c)) return false;
        a[i].u128 = c;
    }
    if (!info->ref(&k, a, &v)) BUG("%s may fault", info->name);
    *out = v.u[0];
    return !v.u[1];
}

/* Something that is known stands for node i, which is taken off. */
static uint32_t instead(struct forward *f, uint32_t i, uint32_t value)
{
    if (f->n == i + 1)
        f->n = i;
    else
        f->out[i] = (struct ir_node){.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    return value;
}

/* An operation of the table on values, simplified, or as it was written as the next node. */
static ALWAYS_INLINE uint32_t simplify(struct forward *f)
{
    uint32_t i = f->n++, r = IR_NONE;
    struct ir_node *n = &f->out[i];
    const struct ir_op_info *info = &ir_op_table[n->op];
    const struct fw_rule *rule = &fw_rules[n->op];
    if (unlikely(info->nargs && is_const(f, n->a[0]))) {
        bool pure = info->ref && !(info->flags & (IR_OP_FP | IR_OP_EXIT | IR_OP_EFFECT));
        uint64_t v;
        if (pure && fold(f, n, info, &v)) {
            f->n = i;
            return fw_const(f, n->type, v);
        }
        if (info->flags & IR_OP_COMMUTES) {
            uint32_t x = n->a[0];
            n->a[0] = n->a[1];
            n->a[1] = x;
        }
    }
    if (r == IR_NONE && rule->rewrite) r = rule->rewrite(f, n);
    if (r != IR_NONE) return instead(f, i, r);
    f->facts[i] = rule->know ? rule->know(f, n) : nothing_known[n->type];
    return i;
}

uint32_t fw_op(struct forward *f, unsigned op, uint32_t x, uint32_t y, uint32_t z)
{
    f->out[f->n] = (struct ir_node){
        .op = (uint16_t)op, .type = ir_op_table[op].result, .a = {x, y, z, IR_NONE, IR_NONE}};
    return simplify(f);
}

/* ---- state ---- */

static bool known(const struct forward *f, const struct ir_word *w)
{
    return w->stamp == f->stamp;
}

static void note(struct forward *f, unsigned word, uint32_t value, enum ir_part part)
{
    f->words[word] =
        (struct ir_word){.stamp = f->stamp, .value = value, .exits = f->exits, .part = (uint8_t)part};
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

bool fw_will_get(const struct forward *f, uint32_t in, uint32_t v)
{
    const struct ir_node *get = &f->in[in];
    const struct ir_word *w = &f->words[get->imm];
    if (!known(f, w) || w->part != IR_PART_ALL || w->value != v || get->type != fw_node(f, v)->type)
        return false;
    for (uint32_t i = f->at; i < in; i++)
        if (f->in[i].op == IR_SET && f->in[i].imm == get->imm) return false;
    return true;
}

/* Whether a register of the guest holds the value, and goes on doing so, or had to hold it for something that
 * could leave: the place of what it was made of is lost either way. */
static bool is_held(const struct forward *f, uint32_t v)
{
    unsigned word = f->facts[v].word;
    if (word == IR_NO_WORD || !known(f, &f->words[word]) || f->words[word].value != v) return false;
    return f->words[word].exits != f->exits || !soon_put(f, word);
}

bool fw_may_reach(const struct forward *f, uint32_t through, uint32_t to)
{
    return is_const(f, to) || !is_held(f, through) || is_held(f, to);
}

/* The low part of one word, up to all of it, if it is to be had from what is known. */
static uint32_t get_word(struct forward *f, const struct ir_node *n)
{
    const struct ir_word *w = &f->words[n->imm];
    if (!known(f, w)) return IR_NONE;
    const struct ir_node *v = fw_node(f, w->value);
    switch (w->part) {
    case IR_PART_ALL: return fw_fit(f, n->type, w->value);
    case IR_PART_LOW: return fw_trunc(f, n->type, w->value);
    case IR_PART_HIGH:
        if (f->facts[w->value].zbits <= 64) return fw_const(f, n->type, 0);
        return v->op == IR_CONCAT_I64 ? fw_fit(f, n->type, v->a[0]) : IR_NONE;
    default: return ir_type_bits[n->type] <= ir_type_bits[v->type] ? fw_trunc(f, n->type, w->value) : IR_NONE;
    }
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

static uint32_t get(struct forward *f, const struct ir_node *n)
{
    unsigned word = (unsigned)n->imm, type = n->type;
    uint32_t v = is_wide(type) ? get_pair(f, n) : get_word(f, n);
    if (v != IR_NONE) return v;
    f->out[f->n] = *n;
    v = keep(f);
    if (is_wide(type))
        note_pair(f, word, v);
    else
        note(f, word, v, type == IR_I64 ? IR_PART_ALL : IR_PART_NARROW);
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
    uint32_t v = n->a[0];
    bool wide = is_wide(fw_node(f, v)->type);
    if (!wide && has(f, word, v)) return;
    keep(f);
    if (wide)
        note_pair(f, word, v);
    else
        note(f, word, v, IR_PART_ALL);
}

/* ---- exits ---- */

static void leave(struct forward *f, unsigned op, uint64_t imm, unsigned round)
{
    f->out[f->n] = (struct ir_node){.op = (uint16_t)op,
                                    .round = (uint8_t)round,
                                    .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE},
                                    .imm = imm};
    keep(f);
}

/* EXIT_IF and RAISE: gone when they never leave; when they always do, nothing follows. */
static void condition(struct forward *f, const struct ir_node *n)
{
    uint64_t c = 1;
    if (n->a[0] != IR_NONE && !fw_is_const(f, n->a[0], &c)) {
        keep(f);
    } else if (c) {
        leave(f, n->op == IR_EXIT_IF ? IR_GOTO : IR_RAISE, n->imm, 0);
        f->at = f->end;
    }
}

static void jump(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (fw_is_const(f, n->a[0], &c))
        leave(f, IR_GOTO, c, n->round);
    else
        keep(f);
}

/* Gone when it never leaves; when it always does, nothing follows. */
static void guard(struct forward *f, const struct ir_node *n)
{
    uint64_t c;
    if (!fw_is_const(f, n->a[0], &c)) {
        keep(f);
    } else if (c != n->imm) {
        leave(f, IR_GOTO, c, n->round);
        f->at = f->end;
    }
}

/* ---- the walk ---- */

static void skip(struct forward *f, const struct ir_node *n)
{
    if (!fw_is(f, n->a[0], 0)) keep(f);
}

/* The value that stands for an argument; `none` is a place that holds IR_NONE. */
static ALWAYS_INLINE uint32_t mapped(const uint32_t *map, uint32_t a, uint32_t none)
{
    return map[a < none ? a : none];
}

/* Reads the next node into the place where it may stay. Arguments are mapped whether or not they are there,
 * which is less work than to find out. */
static ALWAYS_INLINE struct ir_node *read(struct forward *f, const uint32_t *map)
{
    struct ir_node *n = &f->out[f->n];
    const struct ir_node *in = &f->in[f->at];
    *n = *in;
    for (unsigned i = 0; i < 3; i++) n->a[i] = mapped(map, in->a[i], f->end);
    if (unlikely(in->a[3] != IR_NONE))
        for (unsigned i = 3; i < IR_MAX_ARGS; i++) n->a[i] = mapped(map, in->a[i], f->end);
    return n;
}

static ALWAYS_INLINE void node(struct forward *f, uint32_t *map)
{
    const struct ir_node *in = &f->in[f->at];
    uint32_t *value = &map[f->at];
    switch (in->op) {
    case IR_NOP: return;
    case IR_INSN:
        f->out[f->n] = *in;
        keep(f);
        return;
    case IR_CONST: *value = fw_const(f, in->type, in->imm); return;
    case IR_GET: *value = get(f, in); return;
    case IR_SET: set(f, read(f, map)); return;
    case IR_SKIP: skip(f, read(f, map)); return;
    case IR_EXIT_IF:
    case IR_RAISE:
        condition(f, read(f, map));
        f->exits++;
        return;
    case IR_JUMP: jump(f, read(f, map)); return;
    case IR_GUARD:
        guard(f, read(f, map));
        f->exits++;
        return;
    default:
        read(f, map);
        *value = simplify(f);
        f->exits += (ir_op_table[in->op].flags & IR_OP_EXIT) != 0;
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
    ir_grow_map(b, b->n + 1);
    s->map[b->n] = IR_NONE;
    f.stamp = ir_new_stamp(s, 0);
    for (; f.at < f.end; f.at++) {
        if (unlikely(f.n + FW_ROOM > f.cap)) {
            ir_grow_out(b, f.n + FW_ROOM + f.end);
            f.out = s->out;
            f.facts = s->facts;
            f.cap = s->cap < s->facts_cap ? s->cap : s->facts_cap;
        }
        node(&f, s->map);
    }
    swap(b, s);
    b->n = f.n;
    ir_check(b, "ir_forward");
}
