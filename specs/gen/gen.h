/* The generator: reads specs/, checks every rule of specs/README.md, writes C.
 *
 *     load.c, isa.c, state.c, ir.c, row.c   YAML → struct spec      (names, kinds, operations, rows)
 *     enc.c                                 enc: → fixed bits and fields; overlap and gap checks
 *     lex.c, parse.c                        sem: text → syntax tree
 *     check.c                               syntax tree → typed, linear code; the rules
 *     emit_*.c                              struct spec → generated files
 *
 * Everything lives in one arena until the program ends. Errors go through specs/yaml's diag, all of them,
 * before the program stops with status 1; a file is only written when there was none.
 */
#ifndef SPECS_GEN_H
#define SPECS_GEN_H

#include "specs/yaml/yaml.h"

/* ---- types of values ---- */

/* A width in bits, or one of the special ones. */
enum {
    TYPE_NONE = 0,    /* no value; not known yet */
    TYPE_RM = -1,     /* a rounding mode */
    TYPE_CAUSE = -2,  /* a guest exception's name */
    TYPE_T = -3,      /* in a signature: the type variable */
    TYPE_T2 = -4,     /* twice its width */
    TYPE_U = -5,      /* any width */
    TYPE_OPNAME = -6, /* in a signature: the name of an operation (lanes) */
    TYPE_V128 = 1128, /* a vector register */
};
const char *type_name(int type); /* "i32", "v128" */
const char *type_c(int type);    /* "uint32_t" */

/* ---- operations: ir.yaml ---- */

enum op_effect {
    OP_PURE,
    OP_FP,
    OP_LOAD,
    OP_STORE,
    OP_AMO,
    OP_FAULT,
    OP_JUMP,
    OP_RAISE,
    OP_SYNC,
    OP_NOP,
    OP_LANES,
};

enum { OP_MAX_ARGS = 6, OP_MAX_TYPES = 8 };

struct op {
    const char *name;      /* "add", "f32.mul" */
    struct pos at;         /* for messages and #line */
    int args[OP_MAX_ARGS]; /* TYPE_* */
    int nargs;
    int result;              /* TYPE_* */
    int types[OP_MAX_TYPES]; /* what T may be; none for a fixed signature */
    int ntypes;
    enum op_effect effect;
    const char *c;              /* the reference */
    const char *infix, *prefix; /* operator in sem, or NULL */
    const char *convert;        /* "widen", "narrow" or NULL: U must be narrower / wider than T */
    struct op *next;
};

/* ---- state ---- */

struct reg {
    const char *name, *group;
    struct pos at;
    const char **names; /* per index, or NULL */
    unsigned count, width, word, words;
    int zero; /* index that reads zero, or -1; two hidden words follow as a sink for writes to it */
    bool compare;
    uint64_t reset;
    const char **bits; /* names of bits, or NULL */
    unsigned nbits;
    struct reg *next;
};

struct csr_part {
    struct reg *reg;
    unsigned lo; /* where it stands in the CSR */
};

struct csr {
    const char *name;
    struct pos at;
    unsigned number, count, first;
    struct csr_part parts[4];
    unsigned nparts;
    uint64_t value, view, mask;
    int gate;                 /* bit of mcounteren and scounteren, or -1 */
    int needs;                /* mode index, or -1 */
    struct ynode *needs_node; /* until the modes are known */
    struct csr *next;
};

/* ---- ISA ---- */

struct kind {
    const char *name;
    struct pos at;
    unsigned index;
    struct reg *file; /* a register operand, else NULL */
    unsigned width, box, add;
    uint64_t unboxed; /* what a value with a broken NaN box reads as */
    bool pair, nonzero, is_signed, is_imm;
    const char *print;        /* "imm", "hi20", "pcrel", "csr" */
    const char *read, *write; /* C functions that own the access (csr), or NULL */
    const char **names;       /* enum or set values; NULL entries are holes */
    unsigned nnames;
    bool set;
    const char *empty;
    int def;           /* default value, or -1 */
    struct reg *round; /* rounding modes: where the dynamic one stands */
    int round_dynamic, round_max;
    struct kind *next;
};

struct field_def {
    const char *name;
    unsigned width; /* 0: the row's slices say */
    struct kind *kind;
    bool nonzero;
    struct field_def *next;
};

struct cause {
    const char *name, *exit, *access;
    unsigned code, index;
    struct cause *next;
};

struct mode {
    const char *name, *when, *why;
    struct ynode *node;
    unsigned index;
    struct mode *next;
};

struct ext {
    const char *name, *title;
    int needs; /* mode index, or -1 */
    unsigned index;
    struct ext *next;
};

struct alias {
    const char *from, *to;
    struct alias *next;
};

/* One row of isa.yaml's `helpers:`: what a `call` reads, writes and raises. */
struct helper {
    const char *name, *reads, *writes, *raises;
    int args[OP_MAX_ARGS], nargs, result;
    struct helper *next;
};

struct flag_class {
    const char *name;
    const char *params[4];
    unsigned nparams;
    struct ynode *letters; /* letter → expression */
    struct flag_class *next;
};

/* ---- rows ---- */

struct slice {
    unsigned pos, width, at; /* bit in the instruction, bits, bit in the value */
};

struct field {
    const char *name;
    struct field_def *def; /* NULL: an unnamed number */
    struct kind *kind;
    struct slice slices[8];
    unsigned nslices, width, low;
    bool nonzero, is_signed;
    bool used, read, written; /* by the semantics */
    const char *test;         /* value class */
};

enum { ROW_MAX_FIELDS = 10, ROW_MAX_CODE = 200, ROW_MAX_STMTS = 64 };

/* An instruction of linear code: defines one value, or has an effect, or both. Indexes are into row->code. */
enum code_kind {
    CODE_CONST,    /* value: u */
    CODE_OPERAND,  /* value: field's operand */
    CODE_FIELDNUM, /* value: the field's bits; decode time */
    CODE_REG,      /* value: register reg[index] */
    CODE_PC,
    CODE_NEXT,
    CODE_RM,     /* value of type rm: a fixed mode u */
    CODE_OP,     /* op on args; type is T's (or the fixed result) */
    CODE_SLICE,  /* args[0] bits u .. u + width - 1 */
    CODE_CAST,   /* a constant's width adapted: args[0] */
    CODE_SET,    /* writes field's operand: args[0] */
    CODE_SETREG, /* writes reg[index]: args[0] */
    CODE_CALL,   /* helper */
    CODE_LANES,  /* op applied to each lane: args[0] the size, the rest vectors */
    CODE_FLAGS,  /* writes the flag register: bits u (a mask) of args[0] */
};

struct code {
    enum code_kind kind;
    int type; /* of the value, TYPE_NONE for none */
    int t;    /* CODE_OP: what T stands for */
    uint64_t u;
    struct field *field;
    struct reg *reg;
    unsigned index;
    const struct op *op;
    const struct helper *helper;
    const struct cause *cause;
    int args[OP_MAX_ARGS], nargs;
    int cond;         /* decode-time condition (index of an i1), or -1 */
    const char *name; /* the temporary it was given, or NULL */
    struct pos at;
};

struct row {
    const char *id, *ext_name, *enc, *asm_, *sem, *when, *ref, *over_id;
    struct pos at; /* of the row */
    struct ynode *node;
    const char *variant; /* "fp.s" when expanded from `for:`, or NULL */
    struct ext *ext;
    unsigned index;
    bool absent, restartable, bytes_enc;
    unsigned length; /* bytes; 0 for byte encodings */
    uint32_t mask, match;
    struct field fields[ROW_MAX_FIELDS];
    unsigned nfields;
    struct row *over;
    struct expr *when_expr;
    struct code code[ROW_MAX_CODE];
    int ncode;
    unsigned width;   /* W, for ISAs that expand rows by operand width; else 0 */
    unsigned effects; /* enum guest_effect bits */
    unsigned access_size;
    uint32_t raises; /* bit per cause */
    bool uses_pc, uses_fp, writes_csr, reads_csr, calls_helper;
    struct row *next;
};

struct spec {
    struct arena arena;
    struct diag diag;
    const char *root; /* directory of the specs of this ISA, for messages */
    const char *isa, *title, *prefix;
    unsigned code_unit; /* bits */
    uint32_t long_mask, long_value;
    const char *fp_policy;
    struct reg *fp_flags;
    struct reg *regs, *pc, *retired; /* retired: counts instructions; or NULL */
    unsigned state_words, nregs;
    struct csr *csrs;
    struct op *ops;
    struct kind *kinds;
    struct field_def *field_defs;
    struct ext *exts;
    struct cause *causes;
    struct mode *modes;
    struct alias *aliases;
    struct helper *helpers;
    struct flag_class *flag_classes;
    struct reg *flag_reg;
    struct ynode *flag_bits; /* letter → bit */
    struct ynode *spaces, *vary, *ir_vary;
    struct row *rows, **rows_tail;
    unsigned nrows, nkinds, ncauses, nexts, nmodes;
};

/* ---- load.c ---- */
/* Reads <dir>/isa.yaml, state.yaml and every other *.yaml there as rows, with the operations of `ir`. */
bool spec_load(struct spec *s, const char *ir, const char *dir);
const char *node_str(struct spec *s, struct ynode *map, const char *key, const char *fallback);
bool node_u64(struct spec *s, struct ynode *map, const char *key,
              uint64_t *v); /* true when present and a number */
bool node_bool(struct spec *s, struct ynode *map, const char *key);
const char **node_names(struct spec *s, struct ynode *list, unsigned *n);
bool check_keys(struct spec *s, struct ynode *map, const char *what, const char *const *names, size_t n);
#define CHECK_KEYS(s, map, what, ...)                            \
    check_keys(s, map, what, (const char *const[]){__VA_ARGS__}, \
               ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

/* ---- ir.c, state.c, isa.c, row.c ---- */
bool ir_load(struct spec *s, const char *path);
const struct op *op_find(const struct spec *s, const char *name);
const struct op *op_infix(const struct spec *s, const char *text, bool prefix);
bool state_load(struct spec *s, const char *path);
struct reg *reg_find(const struct spec *s, const char *name, unsigned *index);
bool isa_load(struct spec *s, const char *path);
struct kind *kind_find(const struct spec *s, const char *name);
struct cause *cause_find(const struct spec *s, const char *name);
bool rows_load(struct spec *s, const char *path);
struct row *row_find(const struct spec *s, const char *id);
struct field *field_find(struct row *r, const char *name);
void row_error(struct spec *s, const struct row *r, struct pos at, size_t span, const char *fmt, ...)
    PRINTF(5, 6);
void rows_finish(struct spec *s); /* after all files: `over`, overlaps, spaces, semantics */

/* ---- enc.c, overlap.c ---- */
bool enc_parse(struct spec *s, struct row *r, const struct ynode *at);
bool enc_bits(struct spec *s, const struct ynode *at, const char *text, uint32_t *mask, uint32_t *match,
              struct field *fields, unsigned *nfields, unsigned *width);
bool row_accepts(const struct row *r, uint32_t word); /* fixed bits and every decode-time condition */
uint64_t field_get(const struct field *f, uint32_t word);
void overlap_check(struct spec *s);
void spaces_check(struct spec *s);

/* ---- lex.c, parse.c: the expression language ---- */

enum expr_kind { EX_NUMBER, EX_NAME, EX_FIELDNUM, EX_CALL, EX_UNARY, EX_BINARY, EX_SLICE };

struct expr {
    enum expr_kind kind;
    const char *text; /* name, verb, operator */
    size_t offset;    /* in the text that was parsed */
    uint64_t number;
    int type;        /* EX_CALL: the type said after the verb, or TYPE_NONE */
    unsigned hi, lo; /* EX_SLICE */
    struct expr *args[OP_MAX_ARGS];
    int nargs;
};

struct stmt {
    const char *target; /* NULL for a bare verb */
    size_t target_offset;
    bool call;         /* `call helper(…)` */
    struct expr *cond; /* decode-time if, or NULL */
    struct expr *value;
    struct stmt *next;
};

/* What is being parsed, so that an offset in it becomes a position in the file. */
struct source {
    struct spec *spec;
    const struct row *row;    /* for messages; may be NULL */
    const struct ynode *node; /* the scalar that the text comes from */
    const char *text;         /* after `for:` replacement */
};
enum token_kind { TOK_END, TOK_NEWLINE, TOK_NUMBER, TOK_NAME, TOK_PUNCT };

struct token {
    enum token_kind kind;
    const char *text; /* in the arena */
    size_t offset, len;
    uint64_t number;
};
struct token *lex(const struct source *src); /* ended by TOK_END; NULL after a reported error */
struct pos source_pos(const struct source *src, size_t offset);
void source_error(const struct source *src, size_t offset, size_t span, const char *fmt, ...) PRINTF(4, 5);
struct stmt *parse_sem(const struct source *src);  /* NULL after a reported error */
struct expr *parse_expr(const struct source *src); /* the whole text is one expression */
bool expr_eval(const struct row *r, const struct expr *e, uint32_t word,
               uint64_t *v); /* over field numbers */

/* ---- check.c ---- */
bool check_row(struct spec *s, struct row *r);

/* ---- emit ---- */
bool emit_all(struct spec *s, const char *dir);
void emit_ir_refs(struct spec *s, FILE *f);
void emit_state_header(struct spec *s, FILE *f);
void emit_state_table(struct spec *s, FILE *f);
void emit_csrs(struct spec *s, FILE *f);
void emit_tables(struct spec *s, FILE *f);
void emit_decode(struct spec *s, FILE *f);
void emit_sem(struct spec *s, FILE *f);
void emit_interp(struct spec *s, FILE *f);
void emit_page(struct spec *s, FILE *f);
void emit_c_string(FILE *f, const char *text);               /* quoted and escaped, or NULL */
const char *row_symbol(struct spec *s, const struct row *r); /* "rv_lw": usable in C */
size_t asm_order(const struct row *r, unsigned field);       /* where the field's name stands in the syntax */
void expr_c(FILE *f, const struct row *r, const struct expr *e); /* a decode-time condition over `word` */

#endif
