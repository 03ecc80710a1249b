/* What the files of the forward pass share. forward.c walks, folds constants and follows state; rules_*.c
 * rewrite, each a family of operations; facts.c says what is known of a result. rules.c is the table of them
 * by operation.
 *
 * A rule gets a node whose arguments are final and gives the value that stands for it, made with fw_op and
 * fw_const if it needs new nodes, or IR_NONE to leave it as it is. Every rewrite must end: what it makes is
 * smaller, or nearer to the canonical forms (README.md). Rules are for types up to 64 bits. */
#ifndef ENGINE_IR_FORWARD_H
#define ENGINE_IR_FORWARD_H

#include "engine/ir/ir_internal.h"

enum {
    FW_ROOM = 64,    /* nodes that one node may become: rules may hold pointers to nodes */
    FW_UNBOXED = 16, /* how many are remembered */
    FW_DIVIDED = 4,  /* the same */
};

struct forward {
    struct ir_block *b;           /* the block */
    const struct ir_node *in;     /* its nodes as they were */
    uint32_t at, end;             /* the node being read, and how many there are */
    struct ir_node *out;          /* the nodes as they become */
    struct ir_fact *facts;        /* of them */
    uint32_t n, cap;              /* how many so far, and may be */
    struct ir_word *words;        /* those with the present stamp are known */
    uint32_t stamp;               /* the present one */
    uint32_t exits;               /* nodes so far that can leave */
    uint32_t unboxed[FW_UNBOXED]; /* UNBOX nodes, the latest ones, so that a register is unboxed once */
    unsigned nunboxed;            /* how many there have been */
    uint32_t divided[FW_DIVIDED]; /* quotients, so that the remainder needs no division of its own */
    unsigned ndivided;            /* how many there have been */
};

typedef uint32_t fw_rewrite(struct forward *f, const struct ir_node *n);
typedef struct ir_fact fw_know(const struct forward *f, const struct ir_node *n);

/* ---- rules.c ---- */
struct fw_rule {
    fw_rewrite *rewrite; /* or NULL */
    fw_know *know;       /* or NULL: nothing is known */
};
extern const struct fw_rule fw_rules[]; /* by operation */

/* ---- forward.c ---- */
/* These make nodes, simplified. */
uint32_t fw_op(struct forward *f, unsigned op, uint32_t x, uint32_t y, uint32_t z);
uint32_t fw_const(struct forward *f, unsigned type, uint64_t v);
/* Whether a rule may use `to` in place of `through`, which was computed from it. Not when the guest's
 * registers hold `through`, or had to since, and no longer hold `to`: that would keep alive a second value,
 * in a host register that is scarce. */
bool fw_may_reach(const struct forward *f, uint32_t through, uint32_t to);
/* Whether the GET `in`, further down, will very likely find the value v. */
bool fw_will_get(const struct forward *f, uint32_t in, uint32_t v);

static inline const struct ir_node *fw_node(const struct forward *f, uint32_t v)
{
    return &f->out[v];
}

static inline unsigned fw_bits(const struct forward *f, uint32_t v)
{
    return ir_type_bits[f->out[v].type];
}

static inline bool fw_is_const(const struct forward *f, uint32_t v, uint64_t *c)
{
    if (f->out[v].op != IR_CONST) return false;
    *c = f->out[v].imm;
    return true;
}

static inline bool fw_is(const struct forward *f, uint32_t v, uint64_t c)
{
    return f->out[v].op == IR_CONST && f->out[v].imm == c;
}

/* Of a value's lowest `zbits`, all bits that can be set. */
static inline uint64_t fw_possible(const struct forward *f, uint32_t v)
{
    return bits_mask(f->facts[v].zbits);
}

static inline uint32_t fw_op1(struct forward *f, unsigned op, uint32_t x)
{
    return fw_op(f, op, x, IR_NONE, IR_NONE);
}

static inline uint32_t fw_op2(struct forward *f, unsigned op, uint32_t x, uint32_t y)
{
    return fw_op(f, op, x, y, IR_NONE);
}

/* The operation `op`, which comes in `type`, in another one: enumerators of a family follow each other. */
static inline unsigned fw_retype(unsigned op, unsigned type, unsigned to)
{
    return op + to - type;
}

/* ---- rules_extend.c: x in `type`, and x itself when it is already ---- */
uint32_t fw_zext(struct forward *f, unsigned type, uint32_t x);
uint32_t fw_sext(struct forward *f, unsigned type, uint32_t x);
uint32_t fw_trunc(struct forward *f, unsigned type, uint32_t x);
uint32_t fw_fit(struct forward *f, unsigned type, uint32_t x); /* zext or trunc, whichever leads there */
bool fw_truth(const struct forward *f, uint32_t x,
              uint32_t *truth); /* x is a truth, or the number 0 or 1 of one */
/* x is a conversion that leaves the lowest eight bits as they are. */
bool fw_keeps_8(const struct forward *f, uint32_t x, uint32_t *from);
fw_rewrite fw_rule_zext, fw_rule_sext, fw_rule_trunc, fw_rule_concat, fw_rule_box, fw_rule_unbox;

/* ---- rules_divide.c ---- */
fw_rewrite fw_rule_mul, fw_rule_divu, fw_rule_remu, fw_rule_divs, fw_rule_rems;

/* ---- rules_arith.c ---- */
fw_rewrite fw_rule_add, fw_rule_sub, fw_rule_inverse;
fw_rewrite fw_rule_and, fw_rule_or, fw_rule_xor;
fw_rewrite fw_rule_shl, fw_rule_shr, fw_rule_sar, fw_rule_rotate;

/* ---- rules_compare.c ---- */
fw_rewrite fw_rule_eq, fw_rule_ne, fw_rule_ltu, fw_rule_leu, fw_rule_lts, fw_rule_les;
fw_rewrite fw_rule_lnot, fw_rule_select, fw_rule_minmax;

/* ---- facts.c ---- */
struct ir_fact fw_fact(unsigned bits, unsigned zbits, unsigned sbits); /* within a type of so many bits */
fw_know fw_know_zext, fw_know_sext, fw_know_trunc, fw_know_add, fw_know_sub, fw_know_neg, fw_know_mul,
    fw_know_and, fw_know_not;
fw_know fw_know_or, fw_know_shl, fw_know_shr, fw_know_sar, fw_know_select, fw_know_count;
fw_know fw_know_remainder, fw_know_divs, fw_know_class, fw_know_concat;

#endif
