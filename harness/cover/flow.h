/* The bins of sequences: which kind of instruction makes something that which kind uses, what it is, and what
 * control flow lies between the two. A translator keeps values in registers, knows things about them, and
 * moves code across edges: each way from one instruction to another is a place of its own to go wrong.
 *
 * Kinds follow from the tables, so every ISA has the same bins, less those that it has no rows for. In a
 * ledger they are one more row, called "sequence", behind the guest's own.
 */
#ifndef HARNESS_COVER_FLOW_H
#define HARNESS_COVER_FLOW_H

#include "harness/cover/bins.h"

enum flow_kind {
    FLOW_INT,   /* computes in the first register file */
    FLOW_SHORT, /* the same, and its result is extended from fewer bits */
    FLOW_LOAD,
    FLOW_STORE,
    FLOW_ATOMIC, /* reads and writes memory, or makes and checks reservations */
    FLOW_FP,     /* rounds, or raises flags */
    FLOW_MOVE,   /* names other files, and does neither */
    FLOW_CSR,
    FLOW_JUMP,
    FLOW_KINDS, /* and a row that is of no kind */
};

/* How what the first makes comes to the second. */
enum flow_via {
    FLOW_VALUE,       /* in a register, as a number */
    FLOW_ADDRESS,     /* in a register, as where to access memory or to jump */
    FLOW_MEMORY,      /* in the same bytes of memory */
    FLOW_PART,        /* in some bytes of what either accesses */
    FLOW_FLAGS,       /* as flags of floating point */
    FLOW_MODE,        /* as the dynamic rounding mode */
    FLOW_RESERVATION, /* as a reservation */
    FLOW_VIAS,
};

/* What the guest executes between them. */
enum flow_across {
    FLOW_STRAIGHT, /* no jump */
    FLOW_BRANCH,   /* jumps forward, taken or not */
    FLOW_CALL,     /* one that leaves an address behind, or goes to one in a register, too */
    FLOW_LOOP,     /* a jump backward that is none of those, too */
    FLOW_ACROSS,
};

struct flow {
    enum flow_via via;       /* how */
    enum flow_kind from, to; /* the two */
    enum flow_across across; /* what lies between */
};

/* As far as sequences are followed, which takes a tenth of the time that they do: what goes on longer does so
 * in loops, and what a sequence is made for stands at its start. */
enum { FLOW_STEPS = 64 };

enum { FLOW_RAWS = FLOW_VIAS * FLOW_KINDS * FLOW_KINDS * FLOW_ACROSS };

/* ---- flow.c ---- */

/* The kind of a row, FLOW_KINDS: none. */
enum flow_kind flow_kind_of(const struct gen_plan *p);
/* The "row" of sequences: bin 0 is "executed", the others are flows that the guest's rows can make. */
const struct bins *flows_make(const struct guest *g, struct arena *a);
struct flow flow_of_raw(unsigned raw);
unsigned flow_raw(struct flow f);
/* "load to fp: value over a branch" */
void flow_name(struct flow f, struct buf *out);

/* ---- trace.c ---- */

/* Where things were made, as an execution goes on. */
struct flow_trace;
/* all[row]: bins; `flows`: those of the guest. */
struct flow_trace *flow_trace_open(const struct guest *g, const struct bins *const *all,
                                   const struct bins *flows);
void flow_trace_close(struct flow_trace *t);
/* Executes a case of several instructions, alone, instruction by instruction, as far as `most`, and adds the
 * flows that it goes through. False: it cannot be executed. */
bool flow_follow(struct flow_trace *t, const struct test_case *c, uint64_t most, struct bin_hits *h);

#endif
