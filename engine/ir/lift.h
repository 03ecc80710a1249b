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
struct interp_op; /* engine/interp's record (shared with the lifter; see guest_pack) */

struct lift {
    struct ir_block *b;        /* grows */
    const struct guest *guest; /* the ISA */
    uint64_t pc;               /* of this instruction */
    unsigned length;           /* its bytes */
    uint64_t key;              /* the block's */
    bool ended;                /* nothing may follow: it jumped, or is the interpreter's */
};

/* An ISA's lifter. */
struct guest_lift {
    /* By row; NULL: the row is the interpreter's (IR_STEP). */
    void (*const *rows)(struct lift *l, const struct interp_op *o);
    /* What translations depend on beside their address: the modes that hold (low bits, as guest->mode) and
     * the FP control (rounding mode, flushing). Blocks of one key chain to each other freely. */
    uint64_t (*key)(const struct vcpu *c);
    enum fp_round (*round)(uint64_t key); /* the dynamic rounding mode in a key; illegal ones: FP_RNE */
    const struct fp_policy *policy;       /* of its FP operations */
    int retired_word; /* state word that counts retired instructions; -1: none. Translated code does not touch
                         it: whoever runs it adds what it ran */
    int flags_word;   /* state word that FP exceptions gather in; -1: none */
    unsigned (*flags)(unsigned ex); /* enum fp_ex bits to that word's bits */
    const uint16_t *pins;           /* state words in the order in which they deserve a host register */
    unsigned npins;                 /* how many */
    const uint16_t *fp_pins;        /* the same for FP registers */
    unsigned nfp_pins;              /* how many */
    const uint16_t *zero_words;     /* state words that always read 0; writes go to a sink */
    unsigned nzero_words;           /* how many */
};

/* ---- lift.c: called by generated code ---- */
/* Rows that jump say so here, and lift_row puts the exit behind the row's last write. */
void lift_goto(struct lift *l, uint64_t target);
void lift_jump(struct lift *l, uint32_t target, enum ir_hint hint);
void lift_branch(struct lift *l, uint32_t cond,
                 uint64_t target); /* to `target` if cond, else to the next one */

/* ---- lift.c: called by translators ---- */
enum lift_end {
    LIFT_MORE,   /* the next instruction may follow */
    LIFT_BRANCH, /* the block ends in a branch: EXIT_IF stands there, the GOTO of the other side does not yet
                  */
    LIFT_DONE,   /* the block is complete */
};
/* Appends the instruction at pc (its INSN first). What does not decode, is illegal in this mode, or has no
 * lifter becomes IR_STEP: the interpreter raises what there is to raise. *branch: target of LIFT_BRANCH's
 * EXIT_IF. */
enum lift_end lift_row(struct ir_block *b, const struct guest *g, uint64_t pc, uint32_t word, uint64_t key,
                       unsigned number, uint64_t *branch);

#endif
