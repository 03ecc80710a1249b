/* The tree of a condition, shared by its parser and its evaluation. */
#ifndef HARNESS_CORPUS_EXPR_INTERNAL_H
#define HARNESS_CORPUS_EXPR_INTERNAL_H

#include "harness/corpus/expr.h"

enum expr_op {
    EXPR_NUMBER, /* number */
    EXPR_CAUSE,  /* number: an exit as expr_exit_code gives it */
    EXPR_NAME,   /* name: an operand, or a register of the state */
    EXPR_FIELD,  /* name: a field's bits */
    EXPR_EXIT,   /* how a side ended */
    EXPR_VALUE,  /* the fault value of a side */
    EXPR_NEXT,   /* the following instruction's address */
    EXPR_WORD,   /* the instruction's bits */
    EXPR_SLICE,  /* bits hi..lo of a */
    EXPR_CALL,   /* functions[number] of a, b */
    EXPR_NEG,
    EXPR_NOT,
    EXPR_LNOT,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_MUL,
    EXPR_AND,
    EXPR_OR,
    EXPR_XOR,
    EXPR_SHL,
    EXPR_SHR,
    EXPR_SAR,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LTU,
    EXPR_LTS,
    EXPR_LEU,
    EXPR_LES,
    EXPR_GTU,
    EXPR_GTS,
    EXPR_GEU,
    EXPR_GES,
    EXPR_LAND,
    EXPR_LOR,
};

enum expr_side { SIDE_BEFORE, SIDE_OURS, SIDE_THEIRS };

struct expr {
    enum expr_op op;          /* what it is */
    enum expr_side side;      /* NAME, EXIT, VALUE: whose */
    bool exit;                /* its value is a way to end, not a number */
    size_t offset, span;      /* where in the text */
    uint64_t number;          /* NUMBER, CAUSE, CALL */
    const char *name;         /* NAME, FIELD */
    struct guest_reg_ref reg; /* NAME: the register of the state with this name, if there is one */
    unsigned hi, lo;          /* SLICE */
    const struct expr *a, *b; /* operands, NULL where there are fewer */
};

struct expr_function {
    const char *name;                         /* as written */
    unsigned args;                            /* 1 or 2 */
    uint64_t (*call)(uint64_t a, uint64_t b); /* what it does */
    bool wide;                                /* gives a number; else 0 or 1 */
};

extern const struct expr_function expr_functions[];
extern const unsigned expr_nfunctions;

/* One number for each way to end: a cause of the ISA, or a kind that has none. */
uint64_t expr_exit_code(enum exit_kind kind, unsigned cause);

#endif
