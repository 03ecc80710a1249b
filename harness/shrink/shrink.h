/* Shrinking: from a case that fails to the smallest one with the same signature.
 *
 *     draft.c      a case taken apart, so that parts can be taken away
 *     trial.c      runs a draft in a child, which may crash or hang
 *     snapshot.c   the state in the middle of a case as the start of another one
 *     reduce.c     what to try, in which order; operands.c: the part of it about instructions' fields
 *     truth.c      the same for cases that only the manual's word contradicts
 *     scenario.c   the same for other kinds of cases than instructions
 *     commands/shrink.c the command
 */
#ifndef HARNESS_SHRINK_H
#define HARNESS_SHRINK_H

#include "harness/corpus/case.h"
#include "harness/run/plan.h"

enum {
    DRAFT_INSNS = CASE_MAX_CODE / 2,
    DRAFT_TARGET_NONE = -1, /* it does not jump to another instruction of the draft */
    TRIAL_TEXT = 512,
};

/* An instruction, or a piece of code that is none. */
struct draft_insn {
    uint32_t word;  /* its bytes */
    uint8_t length; /* how many */
    uint8_t field;  /* that holds the distance to `target` */
    int16_t target; /* number of the instruction it jumps to; the number of all: their end; or
                       DRAFT_TARGET_NONE */
};

/* A case taken apart. It holds no pointers of its own, so that copying it is an assignment. */
struct draft {
    const struct guest *guest;            /* the ISA */
    uint64_t at, steps;                   /* of the case */
    struct draft_insn insns[DRAFT_INSNS]; /* the code */
    unsigned ninsns;                      /* how many */
    struct case_reg regs[CASE_MAX_REGS];  /* registers before */
    unsigned nregs;                       /* how many */
    struct case_mem mem[CASE_MAX_MEM];    /* memory before; `data` is not used */
    uint32_t bytes[CASE_MAX_MEM];         /* of each entry: offset of its bytes in `data`; ~0: zeroes */
    unsigned nmem;                        /* how many */
    uint8_t data[CASE_MAX_DATA];          /* bytes of all entries */
    unsigned ndata;                       /* how many */
};

/* ---- draft.c ---- */
/* False: the case is larger than a draft can be. */
bool draft_take(struct draft *d, const struct test_case *c);
/* Sets code and targets from bytes. */
bool draft_set_code(struct draft *d, const uint8_t *code, unsigned size);
/* Takes away instructions [first, first + n); jumps to them go to what comes next. */
void draft_remove_insns(struct draft *d, unsigned first, unsigned n);
/* The row of an instruction, or NULL. */
const struct guest_row *draft_row(const struct draft *d, unsigned i);
/* A draft as a case, which lives as long as this. */
struct draft_case {
    struct test_case c;                /* the case */
    struct case_mem mem[CASE_MAX_MEM]; /* with pointers to its bytes */
    uint8_t code[CASE_MAX_CODE];       /* the code */
};
/* False: a jump does not reach its target, or no code is left. */
bool draft_case(const struct draft *d, const char *id, struct draft_case *out);

/* ---- trial.c ---- */
struct trial;
struct trial *trial_open(const struct plan *plan, double timeout); /* NULL: errno */
void trial_close(struct trial *t);
/* What became of a case: its signature, of a crash or a hang too, and "" where it does not fail; the step
 * that the first difference is after, or 0. Valid until the next call. */
struct trial_result {
    const char *signature; /* "" : passed or skipped */
    uint64_t step;         /* see struct judgement */
};
struct trial_result trial_run(struct trial *t, const struct test_case *c);
/* The draft as it is after `skip` steps of it, as a draft that begins there. False: it cannot be told. */
bool trial_skip(struct trial *t, const struct draft *d, uint64_t skip, struct draft *out);
/* `patient`: a try that waits for its turn on a busy machine may take some times as long. */
void trial_set_timeout(struct trial *t, double seconds, bool patient);
unsigned trial_count(const struct trial *t); /* runs so far */

/* ---- snapshot.c ---- */
/* Makes `out` begin where a run of d has come to. `blank`: the state of a case that sets nothing. */
bool snapshot_take(const struct draft *d, const struct outcome *o, const uint64_t *blank, struct draft *out);

/* ---- reduce.c ---- */
struct reducer {
    struct trial *trial;     /* asks */
    char want[TRIAL_TEXT];   /* the signature */
    bool loose;              /* only who differs from whom must stay, not where it shows */
    struct draft best, next; /* the smallest so far; what is to be tried */
    struct draft_case made;  /* `next` as a case */
    unsigned most;           /* runs at most */
    void (*progress)(void *, const struct reducer *); /* or NULL */
    void *arg;                                        /* of progress */
};
/* Tries `next`; true: it fails the same way, and is `best` now. Else `next` is `best` again. */
bool reduce_try(struct reducer *r);
bool reduce_spent(const struct reducer *r); /* no more runs */
/* Shrinks `best`, whose signature is `want`. */
void reduce(struct reducer *r);

/* ---- truth.c ---- */
/* A case that only the manual's word contradicts: what the manual says holds for these instructions and these
 * values of their operands. */
struct truth_case {
    struct test_case c;                /* the case */
    struct case_reg in[CASE_MAX_REGS]; /* registers before */
};
/* Takes away what no instruction of it can read: registers, and memory. */
void reduce_keeping_truth(struct trial *t, const char *want, const struct test_case *c,
                          struct truth_case *out);

/* ---- floats.c ---- */
struct fp_layout;
enum { FLOAT_SIMPLER_MAX = 128 };
/* How simple what a register of floating-point numbers holds is: 0, 1.0, small integers, numbers with few
 * digits, infinities, subnormals, quiet NaNs, signalling ones, what is not boxed; positive before negative.
 * The format is the narrowest one that it is boxed as, if not given. */
uint64_t float_rank(uint64_t v, const struct fp_layout *f);
/* Values of lower rank, to be tried in this order. How many. */
unsigned float_simpler(uint64_t v, const struct fp_layout *f, uint64_t out[FLOAT_SIMPLER_MAX]);

/* ---- scenario.c ---- */
/* A case of another kind than instructions. */
struct scenario_case {
    struct test_case c;    /* the smallest so far */
    struct arena rooms[2]; /* where it and the one being tried live, in turns */
};
/* Of the cases that the kind says are simpler, those whose signature is `want`; at most so many runs. */
void reduce_scenario(struct trial *t, const char *want, const struct test_case *c, unsigned most,
                     struct scenario_case *out);
void scenario_case_free(struct scenario_case *s);

/* ---- operands.c ---- */
bool reduce_fields(struct reducer *r);    /* simpler operands; true: something came of it */
bool reduce_registers(struct reducer *r); /* the same instructions with registers of lower rank */
bool reduce_values(struct reducer *r);    /* simpler contents of registers */

#endif
