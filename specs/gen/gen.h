/* The generator: reads specs/, checks every rule of specs/README.md, writes C. README.md says how to extend
 * it.
 *
 *     load.c isa.c kind.c control.c state.c ir.c
 *         YAML → struct spec: names, kinds, operations
 *     row.c expand.c operands.c enc.c bytes.c overlap.c
 *         rows, one struct for each expansion (row.h), and the bits or bytes of their encodings
 *     lex.c parse.c eval.c
 *         sem: text → syntax tree (parse.h)
 *     check.c names.c rules.c flags.c
 *         syntax tree → typed, linear code; the rules (check.h)
 *     slots.c emit*.c
 *         struct spec → generated files (emit.h)
 *
 * Everything lives in one arena until the program ends. Errors go through specs/yaml's diag, all of them,
 * before the program stops with status 1; a file is only written when there was none.
 */
#ifndef SPECS_GEN_H
#define SPECS_GEN_H

#include "specs/yaml/yaml.h"

/* Appends to a list linked by `next`. */
#define APPEND(list, item)                      \
    do {                                        \
        __typeof__(&(list)) tail_ = &(list);    \
        while (*tail_) tail_ = &(*tail_)->next; \
        *tail_ = (item);                        \
    } while (0)

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
unsigned type_bits(int type);    /* 32, 128 */

/* ---- operations: ir.yaml ---- */

enum op_effect {
    OP_PURE,
    OP_FP,   /* takes the policy, gives exceptions */
    OP_LOAD, /* this and the next three may fault */
    OP_STORE,
    OP_AMO,
    OP_FAULT, /* nothing but the fault */
    OP_FENCE, /* orders accesses */
    OP_JUMP,
    OP_RAISE,
    OP_SKIP, /* ends the instruction early */
    OP_SYNC,
    OP_NOP,
    OP_LANES,
};

enum { OP_MAX_ARGS = 6, OP_MAX_TYPES = 8 };

struct op {
    const char *name;           /* "add", "f32.mul" */
    struct pos at;              /* for messages and #line */
    int args[OP_MAX_ARGS];      /* TYPE_* */
    int nargs;                  /* how many */
    int result;                 /* TYPE_* */
    int types[OP_MAX_TYPES];    /* what T may be; none for a fixed signature */
    int ntypes;                 /* how many */
    enum op_effect effect;      /* what else it does */
    const char *c;              /* the reference */
    const char *infix, *prefix; /* operator in sem, or NULL */
    const char *convert;        /* "widen", "narrow" or NULL: U must be narrower / wider than T */
    bool on_lanes;              /* some row applies it to the lanes of vectors */
    bool commutes;              /* its first two arguments may change places */
    struct op *next;            /* as in the file */
};

/* ---- state ---- */

struct reg {
    const char *name, *group;           /* "x", "gpr" */
    struct pos at;                      /* of the definition */
    const char **names;                 /* per index, or NULL */
    unsigned count, width, word, words; /* registers, bits of each, first word in the state, words of each */
    int zero;          /* index that reads zero, or -1; two hidden words follow as a sink for writes to it */
    bool compare;      /* part of verdicts */
    uint64_t reset;    /* initial value */
    const char **bits; /* names of bits, or NULL; NULL entries have none */
    unsigned nbits;    /* entries of bits */
    const char *test;  /* "address" or "memory": what cases put there; or NULL */
    struct reg *next;  /* as in the file */
};

struct csr_part {
    struct reg *reg; /* what shows through */
    unsigned lo;     /* where it stands in the CSR */
};

struct csr {
    const char *name;              /* "mstatus" */
    struct pos at;                 /* of the definition */
    unsigned number, count, first; /* address; a run of `count`, named from `first` */
    struct csr_part parts[4];      /* the registers behind it */
    unsigned nparts;               /* how many; 0: `value` */
    uint64_t value, view, mask;    /* constant; bits a read shows; bits a write changes */
    int gate;                      /* bit of mcounteren and scounteren, or -1 */
    int needs;                     /* mode index, or -1 */
    struct ynode *needs_node;      /* until the modes are known */
    struct csr *next;              /* by number */
};

/* ---- ISA ---- */

/* Where an operand of a byte encoding stands (SDM 2, table 3-1's "Op/En"). */
enum place {
    PLACE_NONE,   /* nowhere: fixed-width encodings, implicit registers */
    PLACE_REG,    /* ModRM.reg */
    PLACE_RM,     /* ModRM.rm, a register or memory */
    PLACE_VVVV,   /* VEX.vvvv */
    PLACE_OPCODE, /* the opcode's low bits: 58+r */
    PLACE_IMM,    /* an immediate; kind.imm_token says which */
};

enum memory {
    MEMORY_NEVER,   /* a register or an immediate */
    MEMORY_ALSO,    /* ModRM chooses: the row is expanded into a register form and a memory form */
    MEMORY_ONLY,    /* no register form */
    MEMORY_ADDRESS, /* the operand's value is its address */
};

struct kind {
    const char *name;         /* "x", "reg.32" */
    struct pos at;            /* of the definition */
    unsigned index;           /* in the table of kinds */
    struct reg *file;         /* a register operand, else NULL */
    unsigned width, box, add; /* bits; NaN-boxed into, or 0; register number = field + add */
    bool open;                /* `width: W`: there is one such kind for each width a row uses (kind_of) */
    uint64_t unboxed;         /* what a value with a broken NaN box reads as */
    bool pair, nonzero, is_signed, is_imm; /* even and next; 0 does not decode; immediates */
    int zero;              /* number that reads zero and drops writes, or -1 (file->zero is decoded away) */
    int fixed;             /* always this register, in no encoding; or -1 */
    unsigned keep;         /* widths that leave the register's upper bits alone when written, as a sum */
    enum place place;      /* byte encodings: where */
    enum memory memory;    /* byte encodings: may be memory */
    const char *imm_token; /* PLACE_IMM: "ib" */
    const char *print;     /* "imm", "hi20", "pcrel", "csr" */
    const char *read, *write;     /* C functions that own the access (csr), or NULL */
    const char **names;           /* enum or set values; NULL entries are holes */
    unsigned nnames;              /* how many */
    bool set;                     /* names are letters of a set */
    const char *empty;            /* what the empty set is called */
    int def;                      /* default value, or -1 */
    struct reg *round;            /* rounding modes: where the dynamic one stands */
    int round_dynamic, round_max; /* the value that means it, or -1; the highest legal one, or -1: not one */
    struct kind *next;            /* as in the file */
};

struct field_def {
    const char *name;       /* "rd" */
    unsigned width;         /* 0: the row's slices say */
    struct kind *kind;      /* usual kind of operand */
    bool nonzero;           /* zero does not decode */
    struct field_def *next; /* as in the file */
};

struct cause {
    const char *name, *exit, *access; /* "illegal", "fault", "read" or NULL */
    unsigned code, index;             /* the ISA's number; place in the table */
    struct cause *next;               /* as in the file */
};

/* `when: "mstatus[14:13] != 0"` */
struct mode {
    const char *name, *why; /* "fs"; a sentence for when it does not hold */
    struct reg *reg;        /* what its condition looks at: */
    unsigned lo, width;     /* these bits */
    bool equal;             /* are, or are not, */
    uint64_t number;        /* this */
    unsigned index;         /* bit of a mode word */
    struct mode *next;      /* as in the file */
};

struct ext {
    const char *name, *title; /* "Zbb" */
    int needs;                /* mode index, or -1 */
    unsigned index;           /* place in the table */
    struct ext *next;         /* as in the file */
};

/* A line of `shapes:`, control flow of generated sequences. */
struct shape {
    const char *text;   /* with its $ and @ */
    struct shape *next; /* as in the file */
};

struct alias {
    const char *from, *to; /* "mv rd, rs", "addi rd, rs, 0" */
    struct alias *next;    /* as in the file */
};

/* One row of isa.yaml's `helpers:`: what a `call` takes, gives, reads, writes and raises. */
struct helper {
    const char *name;                     /* of the C function, too */
    int args[OP_MAX_ARGS], nargs, result; /* TYPE_* */
    bool writes;                          /* anything */
    uint32_t raises;                      /* bit per cause */
    struct helper *next;                  /* as in the file */
};

struct flag_class {
    const char *name;        /* "logic" */
    const char *params[6];   /* of its expressions */
    unsigned nparams;        /* how many */
    struct ynode *letters;   /* letter → expression */
    struct flag_class *next; /* as in the file */
};

/* A way in which encodings say the operand width: `widths: {sf: {at: sf, 32: "0", 64: "1"}}`. */
struct width {
    unsigned bits;       /* W */
    const char *instead; /* what stands in `enc` for it */
};

struct width_set {
    const char *name;       /* as rows say it */
    const char *at;         /* the token of `enc` that is replaced, or NULL: goes in front */
    struct width widths[5]; /* the row is expanded once for each */
    unsigned nwidths;       /* how many */
    struct width_set *next; /* as in the file */
};

/* The ISA's floating-point control: what isa.yaml says under `fp:`. */
struct fp_set {
    unsigned bit;          /* of the control register */
    struct ynode *members; /* of struct fp_policy, and their values while the bit is set */
    struct fp_set *next;   /* as in the file */
};

struct fp_control {
    const char *policy;          /* a constant of engine/fp */
    struct reg *control, *flags; /* where modes stand; where exceptions gather */
    struct fp_set *set;          /* bits that change the policy */
    unsigned round_lo;           /* two bits of `control` from here choose among... */
    int round[4];                /* these modes, in enum fp_round's numbers; [0] < 0: not so */
    int bits[6];        /* place of NX, UF, OF, DZ, NV, ID in `flags`; -1: the ISA has no such flag */
    int trap_lo;        /* bits of `control` that mask them start here, or -1: exceptions never trap */
    struct cause *trap; /* what an unmasked one raises */
};

struct row;   /* row.h */
struct field; /* row.h */

/* Two rows that the interpreter runs by one handler: a line of pairs.yaml. */
struct pair {
    struct row *row[2];          /* in this order */
    const struct field *from[2]; /* the operand that the instruction before gave, or NULL */
    struct pair *next;           /* as in the file */
};

enum { SPEC_MAX_WORDS = 32 };

struct spec {
    struct arena arena;                     /* holds everything */
    struct diag diag;                       /* errors */
    const char *isa, *title, *prefix;       /* "riscv64", a sentence, "rv" */
    unsigned code_unit;                     /* bits */
    bool bytes;                             /* encodings are bytes (x86) */
    uint32_t long_mask, long_value;         /* bits that say an instruction has 32 bits */
    struct fp_control fp;                   /* floating point */
    struct reg *regs, *pc, *retired;        /* retired: counts instructions; or NULL */
    struct reg *address_file, *segments[2]; /* byte encodings: what memory operands are made of */
    unsigned state_words, nregs;            /* size of the state; registers */
    uint16_t links[SPEC_MAX_WORDS];         /* state words that hold return addresses */
    uint16_t pins[SPEC_MAX_WORDS],
        fp_pins[SPEC_MAX_WORDS];      /* in the order in which they deserve a host register */
    unsigned nlinks, npins, nfp_pins; /* how many of each */
    struct csr *csrs;
    struct op *ops;
    struct kind *kinds;
    struct field_def *field_defs;
    struct ext *exts;
    struct cause *causes;
    struct mode *modes;
    struct alias *aliases;
    struct shape *shapes, *patches;
    struct helper *helpers;
    struct flag_class *flag_classes;
    struct width_set *width_sets;
    struct reg *flag_reg;
    struct ynode *flag_bits; /* letter → bit */
    struct ynode *spaces, *vary, *ir_vary;
    const struct ynode *bad; /* a row of the files with an error, said already */
    struct row *rows, **rows_tail;
    struct pair *pairs;
    unsigned nrows, nkinds, ncauses, nexts, nmodes;
};

/* ---- load.c ---- */
/* Reads the operations `ir`, <dir>/state.yaml, <dir>/isa.yaml and every other *.yaml there as rows, but
 * pairs.yaml. */
bool spec_load(struct spec *s, const char *ir, const char *dir);
/* The same from named files; `rows` ends with NULL. */
bool spec_load_files(struct spec *s, const char *ir, const char *state, const char *isa,
                     const char *const *rows);
void spec_free(struct spec *s);
const char *node_text(struct spec *s, const struct ynode *n); /* "" after a reported error */
const char *node_str(struct spec *s, struct ynode *map, const char *key, const char *fallback);
bool node_u64(struct spec *s, struct ynode *map, const char *key, uint64_t *v); /* present and a number */
bool node_unsigned(struct spec *s, struct ynode *map, const char *key, unsigned *v); /* and below 2^16 */
bool node_bool(struct spec *s, struct ynode *map, const char *key);
const char **node_names(struct spec *s, struct ynode *list, unsigned *n);
bool check_keys(struct spec *s, struct ynode *map, const char *what, const char *const *names, size_t n);
#define CHECK_KEYS(s, map, what, ...)                            \
    check_keys(s, map, what, (const char *const[]){__VA_ARGS__}, \
               ARRAY_LEN(((const char *const[]){__VA_ARGS__})))
/* "; did you mean 'x'?" for the nearest name of a list whose items start with their name, or `otherwise`. */
const char *suggest_in(struct spec *s, const char *word, const void *list, size_t next_offset,
                       const char *otherwise);
#define SUGGEST(s, word, list, otherwise) \
    suggest_in(s, word, list, offsetof(__typeof__(*(list)), next), otherwise)
const char *suggest_of(struct spec *s, const char *word, const char *const *names, size_t n,
                       const char *otherwise);

/* ---- ir.c, state.c, isa.c, kind.c, control.c ---- */
bool ir_load(struct spec *s, const char *path);
int type_parse(const char *t, size_t n);
struct op *op_find(const struct spec *s, const char *name);
const struct op *op_infix(const struct spec *s, const char *text, bool prefix);
bool op_may_fault(const struct op *op);
int op_concrete(int type, int t); /* of a signature's type, T being t */
/* One visit for each type it comes in: T, and what a conversion converts from. */
typedef void op_visit(FILE *f, const struct op *op, int t, int u);
void op_each(const struct op *op, FILE *f, op_visit *visit);
int op_lane(const struct op *op); /* on lanes, the type of arguments that are vectors */
bool state_load(struct spec *s, const char *path);
struct reg *reg_find(const struct spec *s, const char *name, unsigned *index);
struct reg *reg_bit_find(const struct spec *s, const char *name, unsigned *bit); /* "CF" */
struct reg *need_reg(struct spec *s, struct ynode *n);                           /* reports */
bool isa_load(struct spec *s, const char *path);
void fp_load(struct spec *s, struct ynode *n);
int fp_round_parse(const char *name); /* "rne": its number in enum fp_round, or -1 */
void kind_add(struct spec *s, struct ynode *n);
struct kind *kind_find(const struct spec *s, const char *name);
/* "reg.W", "v.64", "x": the kind at that width, W being the row's; NULL: none such (not reported). */
struct kind *kind_of(struct spec *s, const char *name, unsigned w);
int kind_type(const struct kind *k); /* of its operands' values */
struct cause *cause_find(const struct spec *s, const char *name);

/* ---- check.h, emit.h ---- */
bool check_row(struct spec *s, struct row *r);
bool emit_all(struct spec *s, const char *dir);
bool emit_ops(struct spec *s, const char *dir); /* the operation table; needs no more than ir_load */

#endif
