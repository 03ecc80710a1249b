/* A branch round a few instructions, as straight code: they are computed either way, and each word that they
 * put gets its new value or keeps the old one. A branch that goes either way without a pattern costs a host
 * more than that.
 */
#include "engine/ir/ir_internal.h"

#include <stdlib.h>

enum {
    JOIN_OPS = 8,   /* operations at most that may be in vain */
    JOIN_WORDS = 4, /* words at most that they put */
};

/* Words that were put on the way round, in their order. */
struct joined {
    unsigned n;                 /* of them */
    uint16_t word[JOIN_WORDS];  /* which */
    uint32_t value[JOIN_WORDS]; /* the last value put there */
    uint32_t old[JOIN_WORDS];   /* GET of what it was before */
};

/* Where the word is noted; n: it is not. */
static unsigned find(const struct joined *j, uint64_t word)
{
    unsigned i = 0;
    while (i < j->n && j->word[i] != word) i++;
    return i;
}

/* It may be computed in vain: it cannot be seen, and a host does it in an instruction or two. */
static bool is_cheap(const struct ir_node *n)
{
    static const struct {
        uint16_t first, last;
    } cheap[] = {{IR_ADD_I8, IR_NEG_I128},
                 {IR_AND_I1, IR_SAR_I128},
                 {IR_EQ_I1, IR_LES_I128},
                 {IR_SELECT_I1, IR_SELECT_V128},
                 {IR_MINU_I8, IR_MAXS_I64},
                 {IR_ZEXT_I8_I1, IR_ZEXT_V128_I128},
                 {IR_SEXT_I16_I8, IR_SEXT_I128_I64},
                 {IR_TRUNC_I1_I8, IR_TRUNC_I64_V128}};
    if (n->type > IR_I64) return false;
    for (size_t i = 0; i < ARRAY_LEN(cheap); i++)
        if (n->op >= cheap[i].first && n->op <= cheap[i].last) return true;
    return false;
}

/* All that the nodes from `from` on do is to put words, and that is soon done. */
static bool may_join(const struct ir_block *b, uint32_t from)
{
    struct joined j = {0};
    unsigned ops = 0;
    for (uint32_t i = from; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        switch (n->op) {
        case IR_NOP:
        case IR_INSN:
        case IR_CONST: break;
        case IR_GET:
            if (n->type > IR_I64) return false;
            break;
        case IR_SET:
            if (b->nodes[n->a[0]].type != IR_I64) return false;
            if (find(&j, n->imm) < j.n) break;
            if (j.n == JOIN_WORDS) return false;
            j.word[j.n++] = (uint16_t)n->imm;
            break;
        default:
            if (!is_cheap(n) || ++ops > JOIN_OPS) return false;
        }
    }
    return true;
}

static void drop(struct ir_node *n)
{
    *n = (struct ir_node){.op = IR_NOP, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
}

static void use_instead(struct ir_block *b, uint32_t from, uint32_t v, uint32_t by)
{
    for (uint32_t i = from; i < b->n; i++)
        for (unsigned k = 0; k < ir_op_table[b->nodes[i].op].nargs; k++)
            if (b->nodes[i].a[k] == v) b->nodes[i].a[k] = by;
}

/* A GET of a word that was put on the way round. */
static void get_joined(struct ir_block *b, uint32_t at, uint32_t value)
{
    static const uint16_t trunc[] = {[IR_I1] = IR_TRUNC_I1_I64,
                                     [IR_I8] = IR_TRUNC_I8_I64,
                                     [IR_I16] = IR_TRUNC_I16_I64,
                                     [IR_I32] = IR_TRUNC_I32_I64};
    struct ir_node *n = &b->nodes[at];
    if (n->type == IR_I64) {
        drop(n);
        use_instead(b, at + 1, at, value);
    } else {
        n->op = trunc[n->type];
        n->imm = 0;
        n->a[0] = value;
    }
}

/* Takes the SETs off and notes them; the number of instructions. */
static uint32_t take_sets(struct ir_block *b, uint32_t from, struct joined *j)
{
    uint32_t insns = 0;
    for (uint32_t i = from; i < b->n; i++) {
        struct ir_node *n = &b->nodes[i];
        unsigned k = n->op == IR_GET || n->op == IR_SET ? find(j, n->imm) : 0;
        insns += n->op == IR_INSN;
        if (n->op == IR_GET && k < j->n) get_joined(b, i, j->value[k]);
        if (n->op != IR_SET) continue;
        j->n += k == j->n;
        j->word[k] = (uint16_t)n->imm;
        j->value[k] = n->a[0];
        drop(n);
    }
    return insns;
}

bool ir_join(struct ir_block *b, uint32_t branch)
{
    struct joined j = {0};
    uint32_t cond = b->nodes[branch].a[0];
    if (!may_join(b, branch + 1)) return false;
    drop(&b->nodes[branch]);
    uint32_t insns = take_sets(b, branch + 1, &j);
    for (unsigned i = 0; i < j.n; i++) j.old[i] = ir_get(b, IR_I64, j.word[i]);
    if (is_cheap(&b->nodes[cond])) { /* once more: a host has it in its flags, just before it is asked for */
        struct ir_node again = b->nodes[cond];
        cond = ir_add_node(b, &again);
    }
    ir_add_node(
        b, &(struct ir_node){.op = IR_SKIP, .imm = insns, .a = {cond, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    for (unsigned i = 0; i < j.n; i++) j.value[i] = ir_op3(b, IR_SELECT_I64, cond, j.old[i], j.value[i]);
    for (unsigned i = 0; i < j.n; i++) ir_set(b, j.word[i], j.value[i]);
    return true;
}

/* ---- what it is used for ---- */

struct chosen {
    uint64_t words[IR_MAX_WORDS / 64]; /* bit per state word that was made of what was chosen */
    uint8_t *values;                   /* by node: so was this */
};

static bool argument_chosen(const struct chosen *c, const struct ir_node *n)
{
    bool any = false;
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) any |= n->a[k] != IR_NONE && c->values[n->a[k]];
    return any;
}

/* Follows it through the nodes from `from` on; true: to an address. */
static bool follow(struct chosen *c, const struct ir_block *b, uint32_t from)
{
    for (uint32_t i = from; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        uint64_t *word = &c->words[n->imm % IR_MAX_WORDS / 64], bit = 1ull << n->imm % 64;
        bool memory = n->op >= IR_FIRST_OP && ir_op_table[n->op].flags & IR_OP_EXIT;
        if (n->op == IR_INSN) continue;
        if (n->op == IR_SET)
            *word = c->values[n->a[0]] ? *word | bit : *word & ~bit;
        else if (memory && c->values[n->a[0]])
            return true;
        else
            c->values[i] = n->op == IR_GET ? (*word & bit) != 0 : !memory && argument_chosen(c, n);
    }
    return false;
}

bool ir_joins_address(const struct ir_block *b, uint32_t skip, bool loops)
{
    struct chosen c = {.values = xcalloc(b->n, 1)};
    uint32_t i = skip + 1;
    for (; i < b->n && b->nodes[i].op == IR_SELECT_I64; i++) c.values[i] = true;
    bool address = follow(&c, b, i) || (loops && follow(&c, b, 0));
    free(c.values);
    return address;
}
