/* A guest ISA as tables. The generator writes one `struct guest` per ISA from specs/<isa>/; everything that
 * must know a register, a row or an operand (assembler, disassembler, harness, oracles, reports) reads it
 * from here.
 */
#ifndef ENGINE_GUEST_H
#define ENGINE_GUEST_H

#include "engine/cpu/cpu.h"

struct guest_lift;

/* ---- registers ---- */

/* What a generator of cases puts into a register, see specs/README.md, "test". */
enum guest_test {
    TEST_NONE,
    TEST_INT,
    TEST_ADDRESS,
    TEST_ALIGNED,
    TEST_CODE,
    TEST_SHIFT,
    TEST_F16,
    TEST_F32,
    TEST_F64,
    TEST_CSR,
    TEST_MEMORY,
};

struct guest_reg {
    const char *name;         /* of the file: "x", "pc", "fflags" */
    const char *const *names; /* one per index ("a0"), or NULL when count is 1 */
    unsigned count;           /* 1, or the size of a register file */
    unsigned width;           /* bits */
    unsigned word;            /* index of the first word in vcpu->state */
    unsigned words;           /* words per register: (width + 63) / 64 */
    const char *group;        /* gpr, fpr, pc, fp, mode, monitor, counter, machine, … */
    int zero;                 /* index that always reads zero, or -1 */
    bool compare;             /* part of verdicts */
    uint64_t reset;           /* of each register */
    const char *const *bits;  /* names of single bits from bit 0 ("": none), NULL-terminated; or NULL */
    enum guest_test
        test; /* in cases of rows that read it: ADDRESS or MEMORY, what their access finds; else NONE */
};

/* A register found by name: "a0", "x10", "pc", "ft3", "f3", "fp" (aliases come from the tables). */
struct guest_reg_ref {
    const struct guest_reg *reg; /* NULL: no such name */
    unsigned index;              /* within its file */
};

/* ---- operands and rows ---- */

enum guest_print {
    PRINT_REG,   /* a register of `file` */
    PRINT_IMM,   /* a number */
    PRINT_HI20,  /* the upper immediate: its low 20 bits, unsigned */
    PRINT_PCREL, /* '.+8', '.-4', a label */
    PRINT_CSR,   /* a CSR's name, or its number */
    PRINT_ENUM,  /* one of `names`; NULL entries do not decode */
    PRINT_SET,   /* letters of `names`, most significant first; `empty` for none */
};

struct guest_kind {
    const char *name;             /* "x", "f32", "imm" */
    enum guest_print print;       /* how it is written */
    const struct guest_reg *file; /* PRINT_REG */
    unsigned width;               /* bits of the value as semantics see it (f32: 32) */
    unsigned box;                 /* bits it is NaN-boxed into, or 0 */
    unsigned add;                 /* register number = field + add */
    bool pair;                    /* an even register and the next; odd does not decode */
    bool nonzero;                 /* register 0 does not decode */
    bool is_signed;               /* immediates */
    const char *const *names;     /* ENUM: by value, SET: most significant first */
    unsigned nnames;              /* length of names */
    const char *empty;            /* SET: text for none */
    int def;                      /* value left out in text and meant when left out, or -1 */
    int round_max; /* rounding modes: static and dynamic values above this are illegal; -1: not one */
};

struct guest_slice {
    uint8_t pos;   /* lowest bit in the instruction */
    uint8_t width; /* bits */
    uint8_t at;    /* lowest bit in the value */
};

enum { GUEST_READ = 1, GUEST_WRITE = 2 };

struct guest_field {
    const char *name;              /* as in enc and asm */
    const struct guest_kind *kind; /* how it is read, written and printed; NULL: a plain number */
    uint8_t width;                 /* bits of the value, implied low zeroes included */
    uint8_t low;                   /* implied low zero bits */
    uint8_t nslices;               /* in use */
    struct guest_slice slices[8];  /* where its bits are in the instruction */
    bool nonzero;                  /* zero does not decode */
    uint8_t access;                /* GUEST_READ | GUEST_WRITE by the semantics */
    enum guest_test test;          /* what a generator of cases puts there */
};

enum guest_effect {
    EFFECT_LOAD = 1,
    EFFECT_STORE = 2,
    EFFECT_AMO = 4,
    EFFECT_JUMP = 8,
    EFFECT_RAISE = 16,
    EFFECT_FP = 32,
    EFFECT_SYNC = 64,
    EFFECT_CSR = 128,
    EFFECT_ALIGN = 256, /* misaligned addresses fault */
};

struct guest_row {
    const char *id;       /* "rv.lw" */
    const char *ext;      /* "I" */
    const char *mnemonic; /* asm up to the first space, embedded operands included: "amoadd.w{aqrl}" */
    const char *syntax;   /* asm after the mnemonic, "" for none */
    const char *sem;      /* as written */
    const char *when;     /* decode condition as written, or NULL */
    const char *ref;      /* manual section, or "" */
    const char *file;     /* spec file, relative to the project's root */
    int line;             /* of the row there */
    uint32_t mask, match; /* fixed bits */
    uint8_t length;       /* bytes */
    bool absent;          /* status: absent */
    uint16_t effects;     /* enum guest_effect */
    uint8_t access_size;  /* bytes of its memory access, 0 for none */
    uint8_t needs;        /* bits of guest->modes that must hold */
    uint8_t nfields;      /* length of fields */
    const struct guest_field *fields; /* in the order of asm */
    uint32_t raises;                  /* bit per cause it may raise */
};

struct guest_cause {
    const char *name;    /* "illegal", "load-access" */
    unsigned code;       /* the ISA's number */
    enum exit_kind exit; /* what the embedder sees */
};

/* Another way to write an instruction, accepted and never printed. Names after the mnemonic of `from` stand
 * for what the user writes there; `to` may hold several instructions separated by ';'. A single word whose
 * `to` is a register is another name for that register. Of several with one mnemonic the first that matches
 * is meant. */
struct guest_alias {
    const char *from; /* "mv rd, rs"; "fp" */
    const char *to;   /* "addi rd, rs, 0"; "s0" */
};

/* A mnemonic whose expansion depends on the value of an operand ("li"); written by hand per ISA. */
struct guest_pseudo {
    const char *from;   /* "li rd, imm", as the `from` of an alias; NULL ends a table */
    const char *number; /* the operand whose value `expand` is given: "imm"; a constant, no label */
    /* Appends the instructions, separated by ';', with the names of `from` standing for the operands as they
     * do in an alias. Their number and sizes follow from the value alone. */
    void (*expand)(uint64_t value, struct buf *to);
};

/* A condition on the state under which rows decode. */
struct guest_mode {
    const char *why;             /* a sentence for when it does not hold */
    const struct guest_reg *reg; /* what it looks at: */
    uint8_t lo, width;           /* these bits */
    bool equal;                  /* are, or are not, */
    uint64_t number;             /* this */
};

struct guest_csr {
    const char *name; /* "mstatus" */
    unsigned number;  /* 0..0xfff */
};

struct guest_ext {
    const char *name;  /* "Zbb" */
    const char *title; /* "Basic bit manipulation" */
};

/* An instruction with its operands taken apart: what the interpreter runs and what lifters read. */
struct guest_op {
    const void *handler; /* the interpreter's */
    uint8_t r[4];        /* register numbers and small fields, as guest_packing says */
    int32_t imm;         /* the immediate */
};

enum { PACK_NONE, PACK_FIELD, PACK_SINK, PACK_PC, PACK_NO_IMM = 0xff };

/* How a row's fields go into a guest_op. */
struct guest_packing {
    struct {
        uint8_t what;  /* PACK_*: SINK is FIELD with register 0 replaced by the word behind the file */
        uint8_t field; /* index into guest_row.fields */
    } r[4];            /* for guest_op.r */
    uint8_t imm;       /* field for guest_op.imm, or PACK_NO_IMM */
    bool ends;         /* a block ends after it */
    bool alone;        /* and it starts one of its own, so that counters are exact when it runs */
    bool absent;       /* the row has no semantics yet */
};

struct guest {
    const char *name, *title;          /* "riscv64", "RISC-V, 64-bit" */
    const struct guest_reg *regs;      /* every register of the state */
    unsigned nregs;                    /* length of regs */
    unsigned state_words;              /* size of vcpu->state */
    unsigned pc_word;                  /* index of pc in it */
    const struct guest_row *rows;      /* every instruction */
    unsigned nrows;                    /* length of rows, packs and by_mnemonic */
    const struct guest_packing *packs; /* by row; NULL: instructions are bytes */
    const uint16_t *by_mnemonic;       /* rows by strcmp of the mnemonic up to its first '{', then by index */
    const struct guest_ext *exts;      /* extensions, in the order of the reference page */
    unsigned nexts;                    /* length of exts */
    const struct guest_kind *kinds;    /* operand kinds */
    unsigned nkinds;                   /* length of kinds */
    const struct guest_cause *causes;  /* guest exceptions */
    unsigned ncauses;                  /* length of causes */
    uint8_t cause_of_access[8];        /* index into causes for CPU_READ, CPU_WRITE, CPU_EXEC; [0]: illegal */
    uint8_t cause_of_align[8];         /* the same for misaligned accesses */
    const struct guest_alias *aliases; /* see struct guest_alias */
    unsigned naliases;                 /* length of aliases */
    const char *const *shapes;         /* control flow of generated sequences (isa.yaml); NULL at the end */
    const char *const *patches;        /* the same, for code that can be written */
    const struct guest_pseudo *pseudos; /* engine/guest/<isa>/pseudo.c, or NULL */
    const struct guest_csr *csrs;       /* sorted by number */
    unsigned ncsrs;                     /* length of csrs */
    unsigned code_unit;                 /* instructions start at multiples of this many bytes */
    const struct guest_mode *modes;     /* what each bit of `needs` means */
    unsigned nmodes;                    /* length of modes */
    /* Index of the row that these bytes are, or -1. `word` holds 4 bytes, little endian; a 2-byte instruction
     * ignores the upper half. */
    int (*decode)(uint32_t word);
    unsigned (*length)(uint32_t word);                      /* bytes of the instruction that starts so */
    uint32_t (*mode)(const struct vcpu *c);                 /* bits of `modes` that hold now */
    void (*reset)(struct vcpu *c);                          /* registers to their reset values */
    void (*interp)(struct vcpu *c, uint64_t budget);        /* the generated interpreter */
    void (*interp_window)(struct vcpu *c, uint64_t budget); /* and the one for guests in a window */
    const struct guest_lift *lift; /* to IR, for the JIT: engine/ir/lift.h; NULL: interpreted only */
};

/* ---- guest.c ---- */
extern const struct guest *const guest_all[]; /* NULL-terminated; generated */
const struct guest *guest_find(const char *name);
struct guest_reg_ref guest_reg_find(const struct guest *g, const char *name);
struct guest_reg_ref guest_reg_find_span(const struct guest *g, const char *s, size_t len);
/* Index of "a0" or "x10" in this file, or -1; knows no aliases. */
int guest_reg_index(const struct guest_reg *r, const char *s, size_t len);
const char *guest_reg_name(const struct guest_reg *r, unsigned index);
static inline uint64_t *guest_reg_words(const struct guest *g, uint64_t *state, struct guest_reg_ref r)
{
    (void)g;
    return state + r.reg->word + (size_t)r.index * r.reg->words;
}
const struct guest_row *guest_row_find(const struct guest *g, const char *id);
int guest_cause_find(const struct guest *g, const char *name);                            /* index or -1 */
const struct guest_csr *guest_csr_find(const struct guest *g, const char *s, size_t len); /* by name */
const struct guest_csr *guest_csr_at(const struct guest *g, unsigned number);
size_t guest_mnemonic_literal(const struct guest_row *row); /* length of the mnemonic up to its first '{' */
/* The value of a field in an instruction: slices put together, sign-extended when its kind is signed. */
uint64_t guest_field_get(const struct guest_field *f, uint32_t word);
/* The instruction bits for a value; false when it does not fit (range, low zero bits, holes, nonzero). */
bool guest_field_put(const struct guest_field *f, uint64_t value, uint32_t *word);

/* ---- pack.c ---- */
/* Takes the operands of the row out of `word`. `units`: its distance from its block's start in code units. */
void guest_pack(const struct guest *g, unsigned row, uint32_t word, unsigned units, struct guest_op *o);

/* ---- disasm.c ---- */
/* Text of the row in `word` as "lw a0, 8(sp)"; row from guest->decode. */
void guest_disasm(const struct guest *g, const struct guest_row *row, uint32_t word, struct buf *out);
/* One line: decodes bytes and prints; "<not an instruction>" where it does not decode. Returns its length. */
unsigned guest_disasm_bytes(const struct guest *g, const uint8_t *p, size_t n, struct buf *out);

/* ---- ir_names.c ---- */
struct ir_names; /* engine/ir/ir.h */
void guest_ir_names(const struct guest *g, struct ir_names *out);

/* ---- asm.c ---- */
struct asm_error {
    size_t offset;     /* where in the text */
    size_t span;       /* how many characters */
    char message[200]; /* "unknown mnemonic 'ad'; did you mean 'add'?" */
};
/* Assembles `text` and appends its bytes to out. False: err says why, and out is as it was.
 *
 * Statements are separated by newlines or ';'; '#' starts a comment. A statement is any number of labels
 * ("name:"; "1:" may be repeated, and "1b" and "1f" mean the previous and the next one) and an instruction as
 * the disassembler prints it, an alias, a pseudo-instruction, or ".2byte N, …" (.4byte, .8byte) for raw code.
 * Numbers are decimal, 0x…, 0b… or 0o…, and sums and differences of them, labels and '.', which is where the
 * statement begins. A branch target is an address ("loop", ".+8") or a bare distance. A label that has the
 * name of a register is refused. */
bool guest_asm(const struct guest *g, const char *text, struct buf *out, struct asm_error *err);
/* The same; ".raw N" in the text stands for the next N bytes of `raw`, instructions that are encoded already.
 */
bool guest_asm_raw(const struct guest *g, const char *text, const struct buf *raw, struct buf *out,
                   struct asm_error *err);

#endif
