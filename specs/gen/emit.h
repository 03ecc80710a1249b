/* Writing the generated files. emit.c lists them. */
#ifndef SPECS_GEN_EMIT_H
#define SPECS_GEN_EMIT_H

#include "specs/gen/check.h"
#include "specs/gen/slots.h"

/* One row's code on its way into C. */
struct emitter {
    FILE *f;                 /* where to */
    struct spec *s;          /* whose */
    struct row *r;           /* which */
    struct slots sl;         /* where its operands are in a record */
    bool live[ROW_MAX_CODE]; /* what is wanted */
    struct pos line;         /* of the last #line */
};

/* ---- emit.c ---- */
void emit_c_string(FILE *f, const char *text);                  /* quoted and escaped, or NULL */
const char *row_symbol(struct spec *s, const struct row *r);    /* "rv_lw": usable in C */
unsigned asm_place(const struct row *r, const struct field *f); /* its place among the syntax's operands */
/* Writes the file unless it is the same already; false after a reported error. */
bool emit_text(struct spec *s, const char *path, const char *text, size_t len);
const char *record_name(struct spec *s); /* of predecoded instructions */

/* ---- emit_operand.c: where operands are, and who owns their access ---- */
void emit_value(const struct emitter *e, int v); /* its name, or the number it is */
bool emit_is_literal(const struct code *k);
void emit_declare(const struct emitter *e, int v); /* "    const uint32_t n_v3 = " */
bool emit_is_source(const struct code *k);         /* read before anything else, and cannot fault */
void emit_sources(const struct emitter *e);        /* all of those */
void emit_read_checked(const struct emitter *e, int v);
void emit_write(const struct emitter *e, const struct code *k);
void emit_undef_bits(const struct emitter *e, const struct code *k); /* what a write would set, in *mask */
void emit_condition(const struct emitter *e, const struct code *k);
void emit_fault(const struct emitter *e, const struct cause *c);
/* Expressions: the number of a register operand, of a rounding mode or CSR; its number as the manual counts;
 * an immediate's value. */
const char *emit_number(const struct emitter *e, const struct field *f, enum slot_use use);
const char *emit_small_number(const struct emitter *e, const struct field *f);
void emit_field_number(const struct emitter *e, const struct code *k);
void emit_immediate(const struct emitter *e, const struct code *k);

/* ---- relay.c: results that the interpreter hands from instruction to instruction ---- */
/* The record's byte (0..3) whose register is read from, or left in, flow->last; or SLOT_NONE. */
int relay_read(const struct emitter *e, const struct code *k);
int relay_write(const struct emitter *e, const struct code *k);
unsigned relay_takes(const struct emitter *e);    /* bit per byte whose register may come from flow->last */
const char *relay_gives(const struct emitter *e); /* the byte whose register is there afterwards, as C text */
const char *handler_kind(const struct row *r);    /* PLAIN, BRANCH, JUMP, SYNC: engine/interp/loop.h */
const char *handler_from(struct spec *s, struct row *r, const struct field *f); /* "N", or f's byte */

/* ---- pairs.c ---- */
void pairs_load(struct spec *s, const char *path); /* after the rows; a file that is not there has none */

/* ---- emit_code.c ---- */
void emit_body(struct emitter *e, enum live_for what);
void emit_row_head(struct emitter *e);                        /* assigns its slots; a comment and #line */
void emit_line(struct emitter *e, struct pos at);             /* #line, where it is another one */
bool emit_is_late(const struct row *r, const struct code *k); /* a write that comes when nothing can fault */
void emit_computed(const struct emitter *e, int v);           /* an operation's call */
void emit_slice(const struct emitter *e, int v);

/* ---- emit_ir.c ---- */
void emit_op_symbol(FILE *f, const struct op *op, int t, int u); /* ir_add_i64, ir_sext_i64_i32 */

/* ---- emit_ops.c ---- */
const char *emit_op_enumerator(struct arena *a, const struct op *op, int t, int u); /* IR_ADD_I64 */
const char *emit_ir_type(int type);                                                 /* IR_I64 */

/* ---- each writes one file, or a part of one ---- */
void emit_refs(struct spec *s, FILE *f);
void emit_lanes(struct spec *s, FILE *f);
void emit_op_enum(struct spec *s, FILE *f);
void emit_op_table(struct spec *s, FILE *f);
void emit_state_header(struct spec *s, FILE *f);
void emit_state_table(struct spec *s, FILE *f);
void emit_csrs(struct spec *s, FILE *f);
void emit_tables(struct spec *s, FILE *f);
void emit_decode(struct spec *s, FILE *f);
void emit_control(struct spec *s, FILE *f); /* FP policy, rounding, exceptions */
void emit_sem(struct spec *s, FILE *f);
void emit_undef(struct spec *s, FILE *f);
void emit_interp(struct spec *s, FILE *f);
void emit_lift(struct spec *s, FILE *f);
void emit_interp_window(struct spec *s, FILE *f);
void emit_page(struct spec *s, FILE *f);

#endif
