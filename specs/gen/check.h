/* Shared by check.c (expressions) and rules.c (statements and the eight rules). */
#ifndef SPECS_GEN_CHECK_H
#define SPECS_GEN_CHECK_H

#include "specs/gen/gen.h"

struct named_value {
    const char *name;
    int value; /* index into row->code */
};

struct checker {
    struct spec *spec;
    struct row *row;
    struct source src;
    struct named_value temps[ROW_MAX_STMTS]; /* names of the row, in order */
    int ntemps;
    struct named_value params[4]; /* a flag class's parameters, while it is expanded */
    int nparams;
    int cond; /* the decode-time condition in force, or -1 */
};

int check_emit(struct checker *c, struct code code, size_t offset);
int check_expr(struct checker *c, const struct expr *e, int want); /* index of the value, or -1 (reported) */
int check_op(struct checker *c, const struct expr *e, const struct op *op, int want);
void check_flags(struct checker *c); /* flags.c: the row's `flags:` */

#endif
