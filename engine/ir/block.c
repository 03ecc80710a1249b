/* Building a block: arrays that grow to the largest block seen and are used again for the next one, so that
 * translating allocates nothing once it is warm. */
#include "engine/ir/ir_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 }; /* nodes; a long basic block of RISC-V has this many */

const uint8_t ir_type_bits[IR_TYPES] = {
    [IR_I1] = 1, [IR_I8] = 8, [IR_I16] = 16, [IR_I32] = 32, [IR_I64] = 64, [IR_I128] = 128, [IR_V128] = 128,
};
const char *const ir_type_names[IR_TYPES + 1] = {"void", "i1",   "i8",   "i16", "i32",
                                                 "i64",  "i128", "v128", NULL};

/* ---- memory ---- */

void ir_block_init(struct ir_block *b)
{
    *b = (struct ir_block){.nodes = xmalloc(FIRST_CAP * sizeof(b->nodes[0])),
                           .cap = FIRST_CAP,
                           .scratch = xcalloc(1, sizeof(*b->scratch))};
}

void ir_block_free(struct ir_block *b)
{
    free(b->nodes);
    free(b->next);
    free(b->first);
    if (b->scratch) {
        free(b->scratch->out);
        free(b->scratch->facts);
        free(b->scratch->map);
    }
    free(b->scratch);
    *b = (struct ir_block){0};
}

void ir_block_reset(struct ir_block *b, uint64_t pc, uint64_t key)
{
    b->n = 0;
    b->pc = pc;
    b->key = key;
    b->insns = 0;
    b->bytes = 0;
    b->live_round = FP_RNE;
}

/* The array `p` of things of `size` bytes, with room for n; *cap is what it has. */
static void *grown(void *p, uint32_t *cap, uint32_t n, size_t size)
{
    if (n <= *cap) return p;
    *cap = n < FIRST_CAP ? FIRST_CAP : n + n / 2;
    return xrealloc(p, *cap * size);
}

void ir_grow_out(struct ir_block *b, uint32_t n)
{
    struct ir_scratch *s = b->scratch;
    s->out = grown(s->out, &s->cap, n, sizeof(s->out[0]));
    s->facts = grown(s->facts, &s->facts_cap, n, sizeof(s->facts[0]));
}

void ir_grow_map(struct ir_block *b, uint32_t n)
{
    struct ir_scratch *s = b->scratch;
    s->map = grown(s->map, &s->map_cap, n, sizeof(s->map[0]));
}

void ir_grow_uses(struct ir_block *b, uint32_t n)
{
    uint32_t cap = b->scratch->uses_cap;
    b->next = grown(b->next, &cap, n, sizeof(b->next[0]));
    b->first = grown(b->first, &b->scratch->uses_cap, n, sizeof(b->first[0]));
}

uint32_t ir_new_stamp(struct ir_scratch *s, uint32_t room)
{
    if (s->stamp >= UINT32_MAX - 1 - room) {
        memset(s->words, 0, sizeof(s->words));
        s->stamp = 0;
    }
    return ++s->stamp;
}

/* ---- nodes ---- */

static NOINLINE void grow_nodes(struct ir_block *b)
{
    b->nodes = grown(b->nodes, &b->cap, b->n + 1, sizeof(b->nodes[0]));
}

static ALWAYS_INLINE struct ir_node *append(struct ir_block *b)
{
    if (unlikely(b->n == b->cap)) grow_nodes(b);
    return &b->nodes[b->n++];
}

static ALWAYS_INLINE uint32_t add(struct ir_block *b, unsigned op, unsigned type, unsigned round, uint32_t x,
                                  uint32_t y, uint32_t z, uint64_t imm)
{
    *append(b) = (struct ir_node){
        .op = (uint16_t)op,
        .type = (uint8_t)type,
        .round = (uint8_t)round,
        .a = {x, y, z, IR_NONE, IR_NONE},
        .imm = imm,
    };
    return b->n - 1;
}

uint32_t ir_add_node(struct ir_block *b, const struct ir_node *n)
{
    *append(b) = *n;
    return b->n - 1;
}

uint32_t ir_const(struct ir_block *b, enum ir_type t, uint64_t v)
{
    v &= bits_mask(ir_type_bits[t]);
    return add(b, IR_CONST, t, 0, IR_NONE, IR_NONE, IR_NONE, v);
}

uint32_t ir_op1(struct ir_block *b, unsigned op, uint32_t x)
{
    return add(b, op, ir_op_table[op].result, 0, x, IR_NONE, IR_NONE, 0);
}

uint32_t ir_op2(struct ir_block *b, unsigned op, uint32_t x, uint32_t y)
{
    return add(b, op, ir_op_table[op].result, 0, x, y, IR_NONE, 0);
}

uint32_t ir_op3(struct ir_block *b, unsigned op, uint32_t x, uint32_t y, uint32_t z)
{
    return add(b, op, ir_op_table[op].result, 0, x, y, z, 0);
}

uint32_t ir_fp(struct ir_block *b, unsigned op, unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
    return add(b, op, ir_op_table[op].result, round, x, y, z, 0);
}

uint32_t ir_get(struct ir_block *b, enum ir_type t, unsigned word)
{
    return add(b, IR_GET, t, 0, IR_NONE, IR_NONE, IR_NONE, word);
}

void ir_set(struct ir_block *b, unsigned word, uint32_t v)
{
    add(b, IR_SET, IR_VOID, 0, v, IR_NONE, IR_NONE, word);
}

void ir_insn(struct ir_block *b, uint32_t number, uint64_t pc)
{
    add(b, IR_INSN, IR_VOID, 0, number, IR_NONE, IR_NONE, pc);
    b->insns = number + 1;
}
