/* Cases out of the guest's tables. Case number n of a row is a function of the row, the seed and n alone:
 * nothing is carried from one case to the next, so that passing over cases costs nothing and shards agree.
 *
 * What a row's cases vary is its *dimensions*: who plays which register, the corner values of its operands
 * (crossed), each immediate, the rounding mode, where the address lands, the CSR, where the code stands. Each
 * dimension runs through all its values before it repeats one, in an order of its own, so that n cases see
 * every value of every dimension that has up to n of them, in ever new company.
 */
#ifndef HARNESS_GENERATE_GENERATE_H
#define HARNESS_GENERATE_GENERATE_H

#include "harness/harness.h"
#include "harness/corpus/schema.h"

/* ---- generate.c: an item of `generate:` ---- */

enum gen_values { GEN_ALL, GEN_CORNERS, GEN_RANDOM };

enum {
    GEN_COUNT = 100,
    GEN_FULL = 40000,
    GEN_MAX_PATTERNS = 1000,
    GEN_SHORTEST = 10,
    GEN_LONGEST = 200,
    GEN_LOOPS = 6,
    GEN_MAX_CODE = 3072
};

struct generator {
    const struct guest *guest;  /* of the file */
    struct pos at;              /* of the item */
    uint64_t *rows;             /* bit per row: wanted */
    uint64_t *absent;           /* bit per row: a pattern matched it, and it has no semantics yet */
    uint64_t count;             /* cases for each row; the most of them when `full` */
    bool full;                  /* only until its bins are */
    uint64_t seed;              /* the item's and the run's */
    enum gen_values values;     /* which operand values */
    bool sequence;              /* sequences of the rows; else cases of each */
    unsigned shortest, longest; /* sequences: instructions */
    unsigned loops;             /* sequences: rounds of a loop, at most */
};

enum gen_values generator_values(const char *name); /* as files and the command line call them */
/* A checked item. False: reported. */
bool generator_open(struct generator *gen, const struct guest *g, const struct ynode *item, uint64_t run_seed,
                    struct arena *a, struct diag *d);
static inline bool generator_wants(const struct generator *gen, unsigned row)
{
    return gen->rows[row / 64] >> (row % 64) & 1;
}
/* The rows of a guest that a pattern ("rv.c.*", "ext:Zb*") names, as bits ORed into `rows`; absent ones only
 * when `absent`. How many matched, absent ones included. */
unsigned rows_select(const struct guest *g, const char *pattern, bool absent, uint64_t *rows);
/* A pattern that matches no row, as a sentence: "riscv64 has no row 'rv.ad'; did you mean 'rv.add'?". */
void rows_none(const struct guest *g, const char *text, struct buf *out);
/* The same as an error of the file. */
void rows_unknown(const struct guest *g, const struct ynode *pattern, struct diag *d);

/* ---- generate/operands.c ---- */

/* Corner values of a class. The last `images` of them are whole registers that are not boxed values. */
struct gen_corners {
    const uint64_t *v; /* the values */
    unsigned n;        /* all of them */
    unsigned images;   /* of which are whole registers */
};

struct gen_corners gen_corners(enum guest_test t);
/* A random value of a class; some are near `other`, another operand's. */
uint64_t gen_random(enum guest_test t, struct rng *r, uint64_t other);

/* Corners by what class of value they are. */
enum { GEN_MAX_CORNERS = 80, GEN_MAX_CLASSES = 16 };
struct gen_classes {
    uint8_t n;                          /* classes that have a corner */
    uint8_t start[GEN_MAX_CLASSES + 1]; /* of each in `order`, and the end */
    uint8_t order[GEN_MAX_CORNERS];     /* indices of corners, class by class */
};

/* Of a register of this many bits, into which values of the class are boxed (0: they are not). */
struct gen_classes gen_classes(enum guest_test t, unsigned width, unsigned box);

/* ---- generate/operands_fp.c ---- */

static inline bool gen_is_fp(enum guest_test t)
{
    return t == TEST_F16 || t == TEST_F32 || t == TEST_F64;
}
/* The same for a format. */
uint64_t gen_random_fp(enum guest_test t, struct rng *r, uint64_t other);
/* What is added to the product of a and b so that something happens. */
uint64_t gen_addend(enum guest_test t, struct rng *r, uint64_t a, uint64_t b);

/* ---- generate/plan.c: what a row's cases vary ---- */

enum {
    GEN_MAX_FIELDS = 8,
    GEN_MAX_ROLES = 64,
    GEN_MAX_ROUNDS = 32,
    GEN_MAX_IMPLICIT = 4,
    GEN_MAX_CSRS = 256,
    GEN_MAX_SWITCHES = 8,
    GEN_SWITCH_VALUES = 4,
    GEN_SAME_CASES = 4, /* cases of a row in which nothing varies */
};

enum gen_role_kind { ROLE_DISTINCT, ROLE_SAME, ROLE_ALL, ROLE_ZERO, ROLE_IMPLICIT };

/* Which registers are the same. */
struct gen_role {
    uint8_t kind; /* enum gen_role_kind */
    uint8_t a, b; /* fields (SAME: both; ZERO: a), or field and implicit register (IMPLICIT) */
};

/* A way to round: a value of the instruction's field, and of the register behind the dynamic one. */
struct gen_round {
    uint8_t field;   /* of the instruction */
    uint8_t control; /* of the register; 0xff: any */
};

/* Bits of a register of the state that the row depends on, beside its operands. */
struct gen_switch {
    const struct guest_reg *reg;   /* a register of its own */
    uint8_t lo, width;             /* its bits */
    uint8_t n;                     /* how many values */
    bool faults;                   /* the row may fault by it, whatever its operands are */
    enum guest_test test;          /* ADDRESS, MEMORY: value 1 is what its access finds; else NONE */
    uint64_t v[GEN_SWITCH_VALUES]; /* the values; the first is what reset leaves */
};

struct gen_plan {
    const struct guest *guest;                       /* the ISA */
    const struct guest_row *row;                     /* the row */
    unsigned index;                                  /* of it */
    uint64_t seed;                                   /* of everything below */
    enum gen_values values;                          /* corners, random or both */
    bool constant;                                   /* nothing varies: GEN_SAME_CASES of them are enough */
    struct pos at;                                   /* of the item of `generate:` */
    struct guest_reg_ref implicit[GEN_MAX_IMPLICIT]; /* registers that the row names itself */
    unsigned nimplicit;                              /* how many */
    int base_field, base_implicit;        /* what holds the address: a field, an implicit register, or -1 */
    enum guest_test base_test;            /* ADDRESS, ALIGNED or CODE when there is one */
    int offset_field;                     /* the immediate added to it, or -1 */
    struct gen_role roles[GEN_MAX_ROLES]; /* who is who */
    unsigned nroles;                      /* at least 1 */
    struct gen_round rounds[GEN_MAX_ROUNDS]; /* ways to round */
    unsigned nrounds;                        /* 0: the row does not round */
    int round_field;                         /* or -1 */
    int flags_reg, control_reg;  /* state registers of floating point: index in guest->regs, or -1 */
    bool fp_state;               /* they matter to the row */
    uint16_t csrs[GEN_MAX_CSRS]; /* CSR numbers to try */
    unsigned ncsrs;              /* how many */
    uint8_t box[GEN_MAX_FIELDS]; /* bits that the field's test format is boxed into in its register, 0: it is
                                    not */
    unsigned crossed;            /* size of the cross of operand corners */
    unsigned class_crossed;      /* and of classes of the first two */
    struct gen_classes classes[GEN_MAX_FIELDS];   /* of corners, by field */
    struct gen_switch switches[GEN_MAX_SWITCHES]; /* state that decides whether the row runs */
    unsigned nswitches;                           /* how many */
    unsigned settings;                            /* size of their cross */
};

unsigned gen_test_width(enum guest_test t); /* bits of a value of this class */
/* False: no encoding of the row was found, which is a mistake in its tables. */
bool gen_plan_init(struct gen_plan *p, const struct generator *gen, unsigned row);

/* ---- generate/switches.c ---- */

void gen_find_switches(struct gen_plan *p);
/* Which value each of them has in case n. */
void gen_switch_values(const struct gen_plan *p, uint64_t n, uint8_t which[GEN_MAX_SWITCHES]);
/* The semantics name this register: to assign to it, or otherwise. */
bool gen_row_names(const struct guest_row *row, const char *name, bool assigned);

/* ---- generate/case.c ---- */

enum { GEN_MAX_REGS = 80, GEN_MAX_DATA = 256 };

/* Where a generated case lives. */
struct gen_out {
    struct case_reg in[GEN_MAX_REGS]; /* registers before */
    struct case_mem mem[2];           /* memory before: a region, bytes */
    uint8_t data[GEN_MAX_DATA];       /* its bytes */
    uint8_t code[GEN_MAX_CODE];       /* the instruction, or the sequence */
    char id[400];                     /* prefix, row, number */
    struct test_case c;               /* the case */
};

/* Case n of the plan, as out->c, called `prefix` and n. */
void gen_case(const struct gen_plan *p, uint64_t n, const char *prefix, struct gen_out *out);
/* The number of a case as text behind its prefix, cut where the id is full. */
void gen_id(struct gen_out *out, const char *prefix, const char *row, uint64_t n);

/* ---- generate/sequence.c, generate/step.c ---- */

struct gen_sequencer;
/* For sequences of the rows that `gen` wants; they say what control flow there is. NULL: none of them fits
 * into a sequence. */
struct gen_sequencer *gen_sequencer_open(const struct generator *gen);
void gen_sequencer_close(struct gen_sequencer *q);
/* Sequence n, as out->c. */
void gen_sequence(struct gen_sequencer *q, uint64_t n, const char *prefix, struct gen_out *out);

/* ---- generate/encode.c ---- */

/* Case n is one of those that cross classes of values: its registers are all different, and nothing but the
 * address makes it fault. */
static inline bool gen_crosses_classes(const struct gen_plan *p, uint64_t n)
{
    return (p->values == GEN_ALL && n % 4 == 1) || (p->values == GEN_CORNERS && n % 4 == 3);
}
/* How case n of a row that rounds does it. */
struct gen_round gen_round(const struct gen_plan *p, uint64_t n);
/* An instruction of the row for case n, which decodes as the row. False: many attempts found none. */
bool gen_encode(const struct gen_plan *p, uint64_t n, struct rng *r, uint32_t *word);
/* A value of immediate or enum field i for case n. */
uint64_t gen_field(const struct gen_plan *p, unsigned i, uint64_t n, struct rng *r);
/* The register that this field's number stands for exists and decodes. */
bool gen_can_be(const struct guest_field *f, unsigned number);
/* The value that dimension `dim` with `size` values has in case n. */
unsigned gen_dim(const struct gen_plan *p, unsigned dim, unsigned size, uint64_t n);

/* Dimensions by number; fields' own come after. */
enum gen_dim_id {
    DIM_ROLE,
    DIM_VALUES,
    DIM_ROUND,
    DIM_TARGET,
    DIM_AT,
    DIM_CONTENT,
    DIM_FIELDS,
    DIM_SWITCH = DIM_FIELDS + GEN_MAX_FIELDS,
    DIM_CLASSES,
};

#endif
