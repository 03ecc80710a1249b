/* A row of the specs: its encoding, operands and linear code; and how rows are read. */
#ifndef SPECS_GEN_ROW_H
#define SPECS_GEN_ROW_H

#include "specs/gen/gen.h"

struct slice {
    unsigned pos, width, at; /* bit in the instruction, bits, bit in the value */
};

struct field {
    const char *name;             /* as in enc, asm, sem */
    struct field_def *def;        /* NULL: named by the row */
    struct kind *kind;            /* how it is read, written, printed */
    struct slice slices[8];       /* fixed-width encodings: where it stands */
    unsigned nslices, width, low; /* how many; bits of the value; implied low zero bits */
    struct field *base;           /* a neighbour of that register operand (`n1: Rn + 1`), or NULL */
    unsigned plus;                /* how far */
    bool nonzero, is_signed;      /* zero does not decode; sign-extended */
    bool memory;                  /* in memory, in this expansion of the row */
    bool used, read, written;     /* by the semantics */
    const char *test;             /* value class */
};

/* Which of its expansions a row is. */
struct expansion {
    const char *table;           /* the `for:` it comes from, or NULL */
    const struct ynode *entry;   /* its values for {name} */
    const struct width_set *set; /* the `width:` it comes from, or NULL */
    const struct width *width;   /* W and the encoding's token */
    char form;                   /* 'r' or 'm' when ModRM chooses register or memory; else 0 */
};

/* What a byte encoding fixes. Values that an encoding leaves open are BYTES_ANY. */
enum { BYTES_ANY = 0xff, BYTES_NEED = 1, BYTES_NOT = 0 };
enum modrm { MODRM_NONE, MODRM_REG, MODRM_DIGIT, MODRM_FIXED };

struct byte_enc {
    uint8_t p66, pf2, pf3; /* BYTES_NEED, BYTES_NOT or BYTES_ANY */
    uint8_t w, l;          /* REX.W or VEX.W; VEX.L: 0, 1 or BYTES_ANY */
    bool lock, vex;        /* LOCK is allowed; VEX-encoded */
    uint8_t map, opcode;   /* 0 one byte, 1 0f, 2 0f38, 3 0f3a */
    bool plus_r;           /* the opcode's low three bits are a register */
    enum modrm modrm;      /* /r, /digit, a fixed byte */
    uint8_t modrm_value;   /* the digit or the byte */
    char form;             /* 'r': mod is 3; 'm': it is not; 0: any */
    const char *imms[2];   /* "ib" … */
    unsigned nimms;        /* how many */
};

enum { ROW_MAX_FIELDS = 10, ROW_MAX_CODE = 240, ROW_MAX_STMTS = 64 };

/* An instruction of linear code: defines one value, or has an effect, or both. Indexes are into row->code. */
enum code_kind {
    CODE_CONST,    /* value: u */
    CODE_OPERAND,  /* value: field's operand */
    CODE_ADDRESS,  /* value: address of field's memory operand */
    CODE_FIELDNUM, /* value: the field's bits; decode time */
    CODE_REG,      /* value: register reg[index] */
    CODE_PC,
    CODE_NEXT,
    CODE_RM,     /* value of type rm: a fixed mode u */
    CODE_DYN,    /* value of type rm: the control register's */
    CODE_OP,     /* op on args; type is T's (or the fixed result) */
    CODE_SLICE,  /* args[0] bits u .. u + width - 1 */
    CODE_SET,    /* writes field's operand: args[0] */
    CODE_SETREG, /* writes reg[index]: args[0] */
    CODE_CALL,   /* helper */
    CODE_LANES,  /* op applied to each lane: args[0] the size, the rest as the op's */
    CODE_FLAGS,  /* writes the flag register: bit u is args[0] */
    CODE_UNDEF,  /* where args[0] holds, field's result (or, without one, flag bit u) is undefined */
};

struct code {
    enum code_kind kind;         /* what it does */
    int type;                    /* of the value, TYPE_NONE for none */
    int t;                       /* CODE_OP: what T stands for */
    uint64_t u;                  /* a number, by kind */
    struct field *field;         /* an operand, by kind */
    struct reg *reg;             /* a register, by kind */
    unsigned index;              /* within its file */
    const struct op *op;         /* CODE_OP, CODE_LANES */
    const struct helper *helper; /* CODE_CALL */
    const struct cause *cause;   /* of a raise */
    int args[OP_MAX_ARGS];       /* indexes of values */
    int nargs;                   /* how many */
    int cond;                    /* decode-time condition (index of an i1), or -1 */
    const char *name;            /* the temporary it was given, or NULL */
    struct pos at;               /* of the text it comes from */
};

struct row {
    const char *id, *ext_name, *enc, *asm_, *sem, *when, *ref, *over_id; /* texts, expanded */
    struct pos at;                                                       /* of the row */
    struct ynode *node;                                                  /* as loaded */
    struct expansion how;                                                /* which expansion of it */
    struct ext *ext;                                                     /* the extension */
    unsigned index;                                                      /* in the table of rows */
    bool absent, restartable;                                            /* status; rule 6 does not hold */
    unsigned length;                                                     /* bytes; 0 for byte encodings */
    uint32_t mask, match;                /* fixed-width encodings: fixed bits */
    struct byte_enc bytes;               /* byte encodings */
    struct field fields[ROW_MAX_FIELDS]; /* operands and other fields */
    unsigned nfields;                    /* how many */
    struct row *over;                    /* of which this is a special case, or NULL */
    struct expr *when_expr;              /* decode-time condition, or NULL */
    struct code *code;                   /* the semantics */
    int ncode;                           /* how many */
    unsigned width;                      /* W, or 0 */
    unsigned effects;                    /* enum guest_effect bits */
    unsigned access_size;                /* bytes of the memory access */
    uint32_t raises;                     /* bit per cause */
    bool uses_pc;                        /* its own address */
    struct row *next;                    /* in the order of files and expansions */
};

/* ---- expand.c ---- */
void row_expand(struct spec *s, struct ynode *n); /* a row of the file into rows of the spec */
/* Text with {name} replaced. *map: where each byte of the result stood in `text`; NULL: nothing changed. */
const char *text_expand(struct spec *s, const char *text, const struct expansion *x, const uint32_t **map);
const char *enc_expand(struct spec *s, const char *text, const struct expansion *x, const uint32_t **map);

/* ---- row.c, operands.c ---- */
bool rows_load(struct spec *s, const char *path);
void row_add(struct spec *s, struct ynode *n, const struct expansion *x);
struct row *row_find(const struct spec *s, const char *id);
struct field *field_find(struct row *r, const char *name);
void row_error(struct spec *s, const struct row *r, struct pos at, size_t span, const char *fmt, ...)
    PRINTF(5, 6);
void rows_finish(struct spec *s);                 /* after all files: `over`, overlaps, spaces, semantics */
bool row_operands(struct spec *s, struct row *r); /* ops: */
void row_tests(struct spec *s, struct row *r);    /* test: */
bool row_syntax(struct spec *s, struct row *r);   /* asm: */
bool field_encoded(const struct field *f);        /* it has bits or bytes of its own */
size_t syntax_find(const char *text, const char *name); /* where a name stands as a word; else the end */

/* ---- enc.c, bytes.c, overlap.c ---- */
bool enc_parse(struct spec *s, struct row *r, const struct ynode *at);
bool enc_bits(struct spec *s, const struct ynode *at, const char *text, uint32_t *mask, uint32_t *match,
              struct field *fields, unsigned *nfields, unsigned *width);
uint64_t field_get(const struct field *f, uint32_t word);
bool bytes_parse(struct spec *s, struct row *r, const struct ynode *at);
bool bytes_operands(struct spec *s, struct row *r, const struct ynode *at); /* every place has its operand */
bool bytes_overlap(const struct byte_enc *a, const struct byte_enc *b);
bool bytes_within(const struct byte_enc *a, const struct byte_enc *b); /* all of a's encodings are b's */
bool row_accepts(const struct row *r, uint32_t word); /* fixed bits and every decode-time condition */
bool row_within(const struct row *special, const struct row *general); /* by its fixed bits */
void overlap_check(struct spec *s);
void spaces_check(struct spec *s);

#endif
