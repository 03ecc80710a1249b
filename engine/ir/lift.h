/* From guest code to IR: what a generated lifter (build/gen/<isa>/<isa>_lift.c) gives, and what it calls.
 *
 * One function a row, from the same linear code as the interpreter's function and in the same order: sources
 * first, then what can fault, then writes, then the jump. It gets the same packed record, so operands are
 * decoded once. Everything that depends on the code alone is computed by the lifter in C and arrives in the
 * IR as a constant.
 */
#ifndef ENGINE_IR_LIFT_H
#define ENGINE_IR_LIFT_H

#include "engine/ir/ir.h"

struct guest;
struct guest_op; /* engine/guest: the record that the interpreter runs, too */

/* An instruction being lifted. */
struct lift {
    struct ir_block *b; /* grows */
    uint64_t pc, next;  /* of this instruction; of the one behind it */
    uint64_t key;       /* the block's */
    /* How it leaves, noted by lift_goto and the others until its last write is in place: */
    uint16_t leave;    /* IR_NOP: it goes on; IR_GOTO, IR_JUMP, IR_EXIT_IF; IR_RAISE: is in place */
    enum ir_hint hint; /* GOTO, JUMP */
    uint32_t value;    /* node: JUMP's target, EXIT_IF's condition */
    uint64_t target;   /* GOTO, EXIT_IF */
};

/* An ISA's lifter. */
struct guest_lift {
    /* By row; NULL: the row is the interpreter's (IR_STEP). False: so is this instruction (an illegal
     * rounding mode, say), and what was added for it does not count. */
    bool (*const *rows)(struct lift *l, const struct guest_op *o);
    /* What translations depend on beside their address: the modes that hold (low bits, as guest->mode) and
     * the FP control (rounding mode, flushing). Blocks of one key chain to each other freely: only
     * instructions that the interpreter executes change it. */
    uint64_t (*key)(const struct vcpu *c);
    enum fp_round (*round)(uint64_t key);     /* the dynamic rounding mode in a key; illegal ones: FP_RNE */
    struct fp_policy (*policy)(uint64_t key); /* of FP operations; NULL: there are none */
    int retired_word; /* state word that counts retired instructions; -1: none. Translated code does not touch
                         it: whoever runs it adds what it ran */
    int flags_word;   /* state word that FP exceptions gather in; -1: none */
    unsigned (*flags)(unsigned ex); /* enum fp_ex bits to that word's bits */
    const uint16_t *pins;           /* state words in the order in which they deserve a host register */
    unsigned npins;                 /* how many */
    const uint16_t *fp_pins;        /* the same for FP registers */
    unsigned nfp_pins;              /* how many */
    const uint16_t *zero_words;     /* state words that always read 0; lifted code never sets them */
    unsigned nzero_words;           /* how many */
};

/* ---- lift.c: called by generated code ---- */
/* Rows that jump say so here, and lift_row puts the exit behind the row's last write. */
void lift_goto(struct lift *l, uint64_t target, enum ir_hint hint);
void lift_jump(struct lift *l, uint32_t target, enum ir_hint hint);
/* To `target` if cond, else to the next instruction. */
void lift_branch(struct lift *l, uint32_t cond, uint64_t target);
/* If cond, always when that is IR_NONE: the instruction ends here, nothing written; or a guest exception, an
 * index of guest->causes. True. */
bool lift_skip(struct lift *l, uint32_t cond);
bool lift_raise(struct lift *l, unsigned cause, uint32_t cond);
/* The rest appends nodes and returns the value. */
uint32_t lift_op(struct lift *l, unsigned op, const uint32_t *args, unsigned n);
uint32_t lift_unbox(struct lift *l, enum ir_type t, uint32_t v, uint64_t otherwise);
/* `vectors`: bit i says that argument i has lanes; an I64 then stands for half a vector, as t may. */
uint32_t lift_lanes(struct lift *l, enum ir_type t, unsigned op, unsigned size, unsigned round,
                    unsigned vectors, const uint32_t *args, unsigned n);
/* The register that FP exceptions gather in, whose bits are enum fp_ex: with those still elsewhere, instead
 * of them. */
uint32_t lift_get_flags(struct lift *l, unsigned word);
void lift_set_flags(struct lift *l, unsigned word, uint32_t v);
uint32_t lift_bit(struct lift *l, uint32_t v, uint32_t bit, unsigned at); /* v with a 0 at `at` replaced */

/* ---- lift.c: called by translators ---- */
enum lift_end {
    LIFT_MORE,   /* the next instruction may follow */
    LIFT_BRANCH, /* the block ends in a branch: its EXIT_IF stands there, the GOTO of the other side not yet
                  */
    LIFT_DONE,   /* the block is complete */
};
/* Appends the instruction at pc (its INSN first), and counts it in b->insns and b->bytes. What does not
 * decode, is illegal in this mode, or has no lifter becomes IR_STEP: the interpreter raises what there is to
 * raise. *branch: target of LIFT_BRANCH's EXIT_IF. */
enum lift_end lift_row(struct ir_block *b, const struct guest *g, uint64_t pc, uint32_t word, uint64_t key,
                       unsigned number, uint64_t *branch);

#endif
