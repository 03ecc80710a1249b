/* Conditions of quirks: expressions over an instruction's operands before it ran, and over what two backends
 * made of it.
 *
 *     rs1 <s 0 && imm == -1            operands: a register before, an immediate, a CSR's number
 *     #rd == 0                         a field's bits as a number
 *     sp + uimm, frm, pc               registers before
 *     next, word[6:0]                  the address of the following instruction; the instruction's bits
 *     ours.rd != theirs.rd             afterwards: what is held to be right, and the oracle
 *     theirs.exit == 'illegal'         how it ended: a cause of the ISA, or budget, halt, shutdown
 *     ours.value                       of a fault: the address
 *     rs1[31:0], rs1[63]               bits
 *     snan32(rs1), misaligned(rs1, 8)  functions; see expr_functions in expr.c
 *
 * Operators as in the row language: + - * & | ^ << >>u >>s ~ ! == != <u <s <=u <=s >u >s >=u >=s, and && ||.
 * Numbers have 64 bits; a comparison gives 0 or 1.
 */
#ifndef HARNESS_CORPUS_EXPR_H
#define HARNESS_CORPUS_EXPR_H

#include "harness/harness.h"
#include "harness/generate/values.h"

enum { EXPR_MAX_TEXT = 1000, EXPR_MAX_DEPTH = 50 };

struct expr;

/* The parsed text, in the arena; NULL: *err says why. Operands are looked up later, row by row. */
const struct expr *expr_parse(const struct guest *g, const char *text, size_t len, struct arena *a,
                              struct value_error *err);
/* Every operand named in it is one of this row's; NULL: of code that is no instruction, which has none. */
bool expr_check(const struct expr *e, const struct guest *g, const struct guest_row *row,
                struct value_error *err);
/* It speaks of what happened, not only of what was before. */
bool expr_needs_results(const struct expr *e);

/* It depends on registers before; else the instruction's bits are enough, results aside. */
bool expr_needs_state(const struct expr *e, const struct guest_row *row);
/* expr_range.c: it never (0), always (1) or sometimes (-1) holds in instructions of the row; checked before.
 */
int expr_can_hold(const struct expr *e, const struct guest_row *row);

/* What an expression is about. */
struct expr_env {
    const struct test_case *c;     /* registers before, where `state` does not have them */
    const uint64_t *state;         /* before; NULL: as the case has them */
    const struct guest_row *row;   /* the instruction; NULL: it is none */
    uint32_t word;                 /* its bits */
    uint64_t pc;                   /* its address */
    const struct cpu_exit *ours;   /* how it ended rightly; NULL when nothing has run yet */
    const uint64_t *ours_state;    /* state then */
    const struct cpu_exit *theirs; /* the same of the oracle */
    const uint64_t *theirs_state;  /* likewise */
};

uint64_t expr_eval(const struct expr *e, const struct expr_env *env);

/* The register that an operand of an instruction is. */
struct guest_reg_ref expr_operand_reg(const struct guest_field *f, uint32_t word);
const struct guest_field *expr_field(const struct guest_row *row, const char *name,
                                     size_t len); /* or NULL; row may be NULL */

#endif
