/* A row on its way into a lifter: emit_lift.c makes the file, emit_lift_row.c one row of it. */
#ifndef SPECS_GEN_EMIT_LIFT_H
#define SPECS_GEN_EMIT_LIFT_H

#include "specs/gen/emit.h"

struct lifter {
    struct emitter e;         /* the row, and what of its code is wanted */
    bool known[ROW_MAX_CODE]; /* by value: the code alone says it, so it is a value of C; else it is a node */
    bool noded[ROW_MAX_CODE]; /* by known value: there is a constant node of it, too */
    bool ended;               /* what follows in the row is never reached */
};

/* ---- emit_lift.c ---- */
/* Why the row stays the interpreter's, as the end of a sentence; NULL: it is lifted. */
const char *lift_obstacle(struct spec *s, struct row *r);

/* ---- emit_lift_row.c ---- */
void emit_lift_row(struct spec *s, FILE *f, struct row *r);
static inline const struct code *lifter_code(const struct lifter *l, int v)
{
    return &l->e.r->code[v];
}
void lifter_node(const struct lifter *l, int v); /* its name in the generated C */
/* Nodes of the known values that are nodes' arguments in k, from its argument `first` on. */
void lifter_constants(struct lifter *l, const struct code *k, int first);
void lifter_declare(const struct lifter *l, int v);  /* "    const uint32_t n_v3 = " */
void lifter_declared(const struct lifter *l, int v); /* the end of that */

/* ---- emit_lift_operand.c ---- */
/* The word that a register operand or register stands in: "1", "32 + o->r[0]"; NULL: it is neither. */
const char *lifter_word(const struct lifter *l, const struct code *k, enum slot_use use);
void lifter_source(const struct lifter *l, int v);
void lifter_rounding(const struct lifter *l, int v);
void lifter_set_operand(const struct lifter *l, const struct code *k);
void lifter_set_register(const struct lifter *l, const struct code *k);
void lifter_set_flags(struct lifter *l, int first); /* all of them */

/* ---- emit_lift_control.c ---- */
void lifter_jump(struct lifter *l, const struct code *k);
void lifter_leave(struct lifter *l, const struct code *k); /* raise and skip */

#endif
