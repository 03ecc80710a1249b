/* From syntax trees to a row's linear code: check.c (types), names.c, rules.c (statements, rules), flags.c,
 * live.c. */
#ifndef SPECS_GEN_CHECK_H
#define SPECS_GEN_CHECK_H

#include "specs/gen/parse.h"

struct named_value {
    const char *name; /* a temporary */
    int value;        /* index into row->code */
};

/* A parameter of a flag class while the class is expanded: the caller's text, evaluated where it is used, so
 * that it takes its width from there. */
struct binding {
    const char *name;        /* in the class */
    const struct expr *expr; /* of the row */
    struct source src;       /* where that stands */
};

struct checker {
    struct spec *spec;                       /* everything known */
    struct row *row;                         /* its code points to `code` for now */
    struct source src;                       /* the text being checked */
    const struct stmt *stmts;                /* the row's statements */
    struct named_value temps[ROW_MAX_STMTS]; /* names of the row, in order */
    int ntemps;                              /* how many */
    struct binding params[6];                /* of the class being expanded */
    int nparams;                             /* how many; 0: none is */
    int cond;                                /* the decode-time condition in force, or -1 */
    bool results;                            /* in flags and undef: a written operand's name is its result */
    int result[ROW_MAX_FIELDS];              /* value written to each field, or -1 */
    struct code code[ROW_MAX_CODE];          /* being built */
};

/* ---- check.c: every function gives the index of a value, or -1 after a reported error ---- */
int check_emit(struct checker *c, struct code code, size_t offset);
int check_const(struct checker *c, uint64_t u, int type, size_t offset);
int check_expr(struct checker *c, const struct expr *e, int want);
int check_op(struct checker *c, const struct expr *e, const struct op *op, int want);
bool check_open(struct checker *c,
                const struct expr *e); /* a neighbour or the destination must say the width */
bool check_type(struct checker *c, const struct expr *e, int v, int need); /* reports */
int check_error(struct checker *c, const struct expr *e, const char *fmt, ...) PRINTF(3, 4);

/* ---- names.c ---- */
int name_value(struct checker *c, const struct expr *e, int want);
const struct binding *name_param(const struct checker *c, const char *name);
int name_address(struct checker *c, struct field *f, size_t offset); /* of a memory operand */

/* ---- flags.c ---- */
void check_flags(struct checker *c); /* the row's `flags:` */
void check_undef(struct checker *c); /* the row's `undef:` */

/* ---- live.c: what of the code is needed for the effects, or for the conditions of `undef` ---- */
enum live_for { LIVE_EFFECTS, LIVE_UNDEF };
void code_live(const struct row *r, enum live_for what, bool *live);
bool code_may_fault(const struct spec *s, const struct code *k);
bool code_writes(const struct code *k);

#endif
