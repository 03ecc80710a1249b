/* The bins of an instruction row: what may be seen of it, each with a stable name, and which of them one case
 * hits. They come out of the guest's tables alone (fields, kinds, test classes, effects, causes), so a new
 * row or a new ISA has bins without a line of code.
 *
 * A generator that wants to fill them makes a case, asks bins_before which bins it is for, and runs it.
 */
#ifndef HARNESS_COVER_BINS_H
#define HARNESS_COVER_BINS_H

#include "harness/generate/generate.h"

enum { BINS_MAX = 640, BINS_MAX_OPERANDS = 8, BIN_NONE = 0xffff };

/* Groups of bins. Text in quotes is what their names look like. */
enum bin_kind {
    BIN_EXECUTED, /* "executed" */
    BIN_CLASS,    /* "rs1=min": class of a source operand's value */
    BIN_CROSS,    /* "rs1=min rs2=-1": classes of two of them */
    BIN_RELATION, /* "rs1 == rs2 + 1" */
    BIN_ROLE,     /* "rd=rs1", "rd=zero", "rs1=sp", "all the same", "all different": who is who */
    BIN_IMM,      /* "imm=min", "imm=bit 3"; every value where there are few */
    BIN_ENUM,     /* "aqrl=.aq": a value of a field with names, or of a set */
    BIN_ROUND,    /* "rm=rup", "rm=dyn frm=5": how the result is rounded */
    BIN_CSR,      /* "csr=fflags", "csr=another", "csr=none such" */
    BIN_ADDRESS,  /* "address misaligned": where memory is accessed */
    BIN_TARGET,   /* "target odd": where a jump through a register goes */
    BIN_SWITCH,   /* "mstatus[14:13]=0", "res_addr=address": state that decides whether the row runs */
    BIN_FAULT,    /* "fault load-access" */
    BIN_FLAG,     /* "NX 0->1", "NX stays 0": a flag of floating point */
    BIN_BRANCH,   /* "taken", "not taken" */
    BIN_FLOW,     /* "load to fp: value over a branch": of sequences, see flow.h */
    BIN_KINDS,
};

/* A source operand: a register that a field names, or one that the row names itself. */
struct bin_operand {
    int field;                /* of the row, or -1 */
    struct guest_reg_ref reg; /* when it is no field */
    enum guest_test test;     /* what its values are */
    unsigned width;           /* bits of the value that count */
    unsigned box;             /* bits that it is boxed into, or 0 */
};

/* Bins of one kind about one thing. What is seen has a number, `raw`; not every raw number has a bin, since
 * not everything can be encoded, and some have the same. */
struct bin_group {
    uint8_t kind;  /* enum bin_kind */
    uint8_t a, b;  /* operands, or a field, or the flag's bit */
    uint16_t nraw; /* length of map */
    uint16_t *map; /* raw number → bin, or BIN_NONE */
};

struct bin {
    uint16_t group, raw; /* where it comes from */
};

/* All bins of a row. */
struct bins {
    struct gen_plan plan;                           /* what the row is made of */
    struct bin_operand operands[BINS_MAX_OPERANDS]; /* its sources */
    unsigned noperands;                             /* how many */
    struct bin_group *groups;                       /* in the order of enum bin_kind */
    unsigned ngroups;                               /* how many */
    struct bin list[BINS_MAX];                      /* by number */
    unsigned n;                                     /* how many bins */
    bool sets_control; /* it assigns to the register behind the dynamic rounding mode */
    bool sets_tested;  /* it assigns to registers that say what cases put there: a reservation */
    bool conditional;  /* a branch, which may not be taken */
    struct guest_reg_ref controls[BINS_MAX_OPERANDS]; /* registers of verdicts that are CSRs, for BIN_CSR */
    unsigned ncontrols;                               /* how many */
};

/* Raw numbers of some kinds. */
enum { IMM_MIN, IMM_MAX, IMM_ZERO, IMM_MINUS_ONE, IMM_BIT }; /* IMM_BIT + n: only bit n */
enum { FLAG_RAISED, FLAG_CLEAR, FLAG_SET, FLAG_WAYS };
enum { ROUND_CONTROLS = 8 }; /* field's value * 8 + the control register's when it is the dynamic one */

/* Bit per cause that an instruction of the row may end in: what its semantics raise, and where it needs a
 * mode, the cause of what does not decode. */
static inline uint32_t bins_raises(const struct guest *g, const struct guest_row *row)
{
    return row->raises | (row->needs ? 1u << g->cause_of_access[0] : 0);
}

/* Bit per bin. */
struct bin_hits {
    uint64_t bits[BINS_MAX / 64]; /* bin 0 is bit 0 of the first */
};

static inline void bin_hit(struct bin_hits *h, unsigned bin)
{
    h->bits[bin / 64] |= 1ull << (bin % 64);
}
static inline bool bin_was_hit(const struct bin_hits *h, unsigned bin)
{
    return h->bits[bin / 64] >> (bin % 64) & 1;
}

/* Only a run shows whether a case hits it; bins_before tells of all others. */
static inline bool bin_needs_run(const struct bins *b, unsigned bin)
{
    unsigned kind = b->groups[b->list[bin].group].kind;
    return kind == BIN_EXECUTED || kind == BIN_FAULT || kind == BIN_FLAG || kind == BIN_BRANCH ||
           kind == BIN_FLOW;
}

/* ---- bins.c ---- */

/* The bins of a row that has semantics; all in the arena. */
const struct bins *bins_make(const struct guest *g, unsigned row, struct arena *a);

/* ---- names.c ---- */

/* Appends the name of a bin. */
void bins_name(const struct bins *b, unsigned bin, struct buf *out);
/* One number for what the bins of all rows of an ISA are, so that ledgers of other bins are not mixed with
 * these. all[row] is NULL for absent rows, all[nrows] is of sequences. */
uint64_t bins_hash(const struct guest *g, const struct bins *const *all);

/* ---- observe.c ---- */

/* Which bins the first instruction of a case is for, as far as its code, registers and memory before say:
 * classes, relations, roles, immediates, rounding, addresses; not faults, flags, branches. It must be of the
 * row. `state`: before, or NULL: what the case says. */
void bins_before(const struct bins *b, const struct test_case *c, const uint64_t *state, struct bin_hits *h);
/* Of those, what a result leaves, and what it adds: an instruction that faulted was not tried with its
 * values. Only for results of one instruction. */
void bins_after(const struct bins *b, const struct test_case *c, const struct outcome *o, struct bin_hits *h);
/* Of a case of several instructions: calls `seen` for each that surely ran, in order, up to the first that
 * jumps or faults, with "executed" and, where nothing it reads was written before it, what bins_before says.
 * all[row]: bins. */
void bins_executed(const struct bins *const *all, const struct test_case *c, const struct outcome *o,
                   void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg);

/* ---- classes.c: values ---- */

unsigned class_count(enum guest_test t);
/* The class of a value, and whether a value of this width can be of that class. */
unsigned class_of(const struct bin_operand *o, uint64_t v);
bool class_exists(const struct bin_operand *o, unsigned class);
const char *class_name(enum guest_test t, unsigned class);
enum { RELATIONS = 9 };
/* Bit per relation that holds between two operands of one class. */
unsigned relations_of(const struct bin_operand *o, uint64_t a, uint64_t b);
bool relation_exists(const struct bin_operand *o, unsigned relation);
struct bin_relation {
    const char *sign, *tail; /* between the names of the operands, and behind them: " == ", " + 1" */
};
struct bin_relation relation_text(unsigned relation);

/* Where an access or a jump goes. */
enum bin_place {
    PLACE_ALIGNED,    /* all of it mapped */
    PLACE_MISALIGNED, /* likewise */
    PLACE_PAGES,      /* over the border of two mapped pages */
    PLACE_FIRST,      /* the first bytes of a region */
    PLACE_LAST,       /* its last ones */
    PLACE_OVER_END,   /* begins in a region and ends where nothing is */
    PLACE_OVER_START, /* the other way round */
    PLACE_UNMAPPED,   /* nothing is there */
    PLACE_READ_ONLY,  /* mapped, not writable */
    PLACE_CODE,       /* executable */
    PLACE_NULL,       /* in the first page */
    PLACE_TOP,        /* in the last page of the address space, or around it */
    PLACES,
};
enum { TARGET_ALIGNED, TARGET_UNIT, TARGET_ODD, TARGET_NOWHERE, TARGETS };
const char *place_name(enum bin_place p);
const char *target_name(unsigned target);
unsigned place_of(const struct test_case *c, uint64_t addr, unsigned size); /* bit per place */
bool place_exists(enum bin_place p, unsigned size);
unsigned target_of(const struct test_case *c, uint64_t addr); /* bit per target */

#endif
