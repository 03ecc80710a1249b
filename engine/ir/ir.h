/* The intermediate representation: a translation as linear, typed, single-assignment code in arrays.
 *
 * A node is an operation and at most one value; the value's name is the node's index, so an argument is
 * always a smaller index, and one walk in either direction sees everything in order. Control flow is
 * straight: one entry at the top, and exits on the way (a side exit leaves, or goes on below it). State lives
 * in the words of vcpu->state and is seen through IR_GET and IR_SET alone.
 *
 * Who sees state: everything that can leave (`exit` in struct ir_op_info: side exits, memory accesses that
 * may fault, calls) must find in the state what every IR_SET above it wrote. That is all there is to precise
 * faults: a pass may drop a set only when another set of the same word follows with nothing between them that
 * can leave.
 *
 * The operations of specs/ir.yaml follow the structural ones below, one for each type they come in:
 * IR_ADD_I64, IR_SEXT_I64_I32, IR_F32_ADD, IR_LOAD64. They are generated (build/gen/ir_ops.h, ir_ops.c) with
 * their references.
 */
#ifndef ENGINE_IR_H
#define ENGINE_IR_H

#include "engine/ir/ref.h"

enum ir_type { IR_VOID, IR_I1, IR_I8, IR_I16, IR_I32, IR_I64, IR_I128, IR_V128, IR_TYPES };

/* X(name, as printed, arguments at most, type of the value, type of the arguments, flags); IR_TYPES: any */
#define IR_STRUCTURAL(X)                                                                                    \
    /* nothing; what a pass leaves where something stood */                                                 \
    X(NOP, "nop", 0, IR_VOID, IR_TYPES, 0)                                                                  \
    /* imm (I128, V128: zero-extended) */                                                                   \
    X(CONST, "const", 0, IR_TYPES, IR_TYPES, 0)                                                             \
    /* state word imm, its low bits if `type` is narrow; I128 and V128: words imm and imm + 1 */            \
    X(GET, "get", 0, IR_TYPES, IR_TYPES, 0)                                                                 \
    /* state word imm (and imm + 1) = a[0], zero-extended */                                                \
    X(SET, "set", 1, IR_VOID, IR_TYPES, IR_OP_EFFECT)                                                       \
    /* a guest instruction begins: imm is its pc, a[0] its number in the block, a plain number */           \
    X(INSN, "insn", 0, IR_VOID, IR_TYPES, IR_OP_EFFECT)                                                     \
    /* I64: a[0], narrower, with ones above it (RISC-V's NaN box) */                                        \
    X(BOX, "box", 1, IR_I64, IR_TYPES, 0)                                                                   \
    /* `type`: the low part of a[0] if all above it are ones, else imm */                                   \
    X(UNBOX, "unbox", 1, IR_TYPES, IR_I64, 0)                                                               \
    /* V128: operation imm & 0xffff on each lane of imm >> 16 bits of its arguments: one that is a V128 has \
     * lanes, any other goes to each. A truth fills its lane. `round` as the operation. */                  \
    X(LANES, "lanes", IR_MAX_ARGS, IR_V128, IR_TYPES, IR_OP_EFFECT)                                         \
    /* if a[0]: imm of the instructions above it did not run, and are not counted */                        \
    X(SKIP, "skip", 1, IR_VOID, IR_I1, IR_OP_EFFECT)                                                        \
    /* if a[0]: leave for imm, this instruction being the last; else go on */                               \
    X(EXIT_IF, "exit_if", 1, IR_VOID, IR_I1, IR_OP_EXIT | IR_OP_EFFECT)                                     \
    /* if a[0] (always when IR_NONE): guest exception number imm at this instruction */                     \
    X(RAISE, "raise", 1, IR_VOID, IR_I1, IR_OP_EXIT | IR_OP_EFFECT)                                         \
    /* leave for imm */                                                                                     \
    X(GOTO, "goto", 0, IR_VOID, IR_TYPES, IR_OP_EXIT | IR_OP_EFFECT | IR_OP_END)                            \
    /* leave for a[0]; `round`, an ir_hint, says what kind of jump it is */                                 \
    X(JUMP, "jump", 1, IR_VOID, IR_I64, IR_OP_EXIT | IR_OP_EFFECT | IR_OP_END)                              \
    /* leave for a[0], this instruction being the last, unless it is imm; `round` as JUMP's */              \
    X(GUARD, "guard", 1, IR_VOID, IR_I64, IR_OP_EXIT | IR_OP_EFFECT)                                        \
    /* this instruction is the interpreter's, then leave */                                                 \
    X(STEP, "step", 0, IR_VOID, IR_TYPES, IR_OP_EXIT | IR_OP_EFFECT | IR_OP_END)                            \
    /* what follows was called, and will return to imm; for the prediction of returns, nothing else */      \
    X(CALL, "call", 0, IR_VOID, IR_TYPES, IR_OP_EFFECT)                                                     \
    /* and has returned: the callee of the block's last CALL that has not yet, or that the block is in */   \
    X(RETURN, "return", 0, IR_VOID, IR_TYPES, IR_OP_EFFECT)

enum {
#define X(name, ...) IR_##name,
    IR_STRUCTURAL(X)
#undef X
        IR_FIRST_OP /* of the generated ones */
};

#include "ir_ops.h" /* generated: enum ir_op from IR_FIRST_OP; IR_OPS is their end */

enum { IR_MAX_ARGS = 5, IR_NONE = ~0u };
enum ir_hint { IR_HINT_NONE, IR_HINT_CALL, IR_HINT_RETURN };

struct ir_node {
    uint16_t op;   /* an IR_* */
    uint8_t type;  /* enum ir_type of its value; IR_VOID: none */
    uint8_t round; /* operations with a rounding mode: enum fp_round; GOTO, JUMP and GUARD: enum ir_hint */
    uint32_t a[IR_MAX_ARGS]; /* indexes of nodes; IR_NONE where there is none */
    uint64_t imm;            /* a number, by op */
};

/* A value as references pass it. */
union ir_value {
    uint64_t u[2]; /* narrow ones: in u[0], zero-extended */
    ir_u128 u128;
};

/* What a reference gets beyond its arguments. */
struct ir_call {
    struct vcpu *cpu;               /* operations on memory */
    const struct fp_policy *policy; /* FP operations */
    unsigned round;                 /* enum fp_round */
    unsigned ex;                    /* FP exceptions are ORed in here: enum fp_ex */
};

enum ir_op_flag {
    IR_OP_FP = 1,        /* FP: policy, exceptions; values live in FP registers */
    IR_OP_ROUND = 2,     /* node.round is used */
    IR_OP_EXIT = 4,      /* may leave: state must be in place */
    IR_OP_EFFECT = 8,    /* must stay although its value is not used */
    IR_OP_END = 16,      /* nothing follows it */
    IR_OP_COMMUTES = 32, /* a[0] and a[1] may change places */
};

struct ir_op_info {
    const char *name;          /* as printed: "add.i64", "sext.i64.i32", "f32.add", "load64", "get" */
    uint8_t nargs;             /* of a[], at most: IR_NONE may stand where the structural ones have fewer */
    uint8_t result;            /* enum ir_type; the structural ops whose type varies: IR_TYPES */
    uint8_t args[IR_MAX_ARGS]; /* enum ir_type each must have; IR_TYPES: any (shift counts: any integer) */
    uint8_t flags;             /* IR_OP_* */
    /* The C reference: false when it noted a guest fault in cpu->exit. It sees only the low bits of its
     * arguments that their types have; all of *out is written. NULL for structural ops. */
    bool (*ref)(struct ir_call *k, const union ir_value *a, union ir_value *out);
};
extern const struct ir_op_info ir_op_table[]; /* by op; IR_OPS of them; generated */
/* The reference of a LANES node with this imm: bit i of `vectors` says that argument i has lanes. */
bool ir_lanes(struct ir_call *k, uint64_t imm, unsigned vectors, const union ir_value *a,
              union ir_value *out);

extern const uint8_t ir_type_bits[IR_TYPES];          /* 0 for IR_VOID */
extern const char *const ir_type_names[IR_TYPES + 1]; /* "void", "i1", …, NULL */

enum { IR_MAX_WORDS = 1024 }; /* state words are 0 to this less one */

/* What is known of the block as a whole. All arrays live in the block and are reused for the next one. */
struct ir_block {
    struct ir_node *nodes; /* n of them */
    uint32_t n, cap;       /* in use, allocated */
    uint64_t pc;           /* guest address of its first instruction */
    uint64_t key;          /* mode and FP control it was made under: guest_lift.key */
    uint32_t insns;        /* guest instructions */
    uint32_t bytes;        /* of guest code from pc on, when it is one piece */
    uint8_t live_round;    /* rounding mode that holds at run time while it runs (enum fp_round) */
    /* Filled by ir_backward: */
    uint32_t (*next)[IR_MAX_ARGS]; /* by node and argument: the next node that uses the same value; 0: none */
    uint32_t *first;               /* by node: the first node that uses its value; 0: none */
    struct ir_scratch *scratch;    /* of the passes */
};

/* ---- block.c: building ---- */
void ir_block_init(struct ir_block *b);
void ir_block_free(struct ir_block *b);
void ir_block_reset(struct ir_block *b, uint64_t pc, uint64_t key); /* empty; live_round is FP_RNE */
/* These return the new node's index. An argument may be IR_NONE where the operation has none. */
uint32_t ir_add_node(struct ir_block *b, const struct ir_node *n);
uint32_t ir_const(struct ir_block *b, enum ir_type t, uint64_t v);
uint32_t ir_op1(struct ir_block *b, unsigned op, uint32_t x);
uint32_t ir_op2(struct ir_block *b, unsigned op, uint32_t x, uint32_t y);
uint32_t ir_op3(struct ir_block *b, unsigned op, uint32_t x, uint32_t y, uint32_t z);
uint32_t ir_fp(struct ir_block *b, unsigned op, unsigned round, uint32_t x, uint32_t y, uint32_t z);
uint32_t ir_get(struct ir_block *b, enum ir_type t, unsigned word);
void ir_set(struct ir_block *b, unsigned word, uint32_t v);
void ir_insn(struct ir_block *b, uint32_t number, uint64_t pc); /* counts: b->insns is number + 1 */

/* ---- print.c, parse.c: text, for tests and `lockstep explain` ----
 *
 *     block 0x10000 key 0x1 round rne
 *     insn 0 0x10000
 *     v1 = get.i64 a0           ; state words by the guest's names when they are given, else w10
 *     v2 = const.i64 0x4
 *     v3 = add.i64 v1, v2
 *     set a1, v3
 *     v5 = f64.add[rtz] v3, v1
 *     v6 = unbox.i32 v5, 0x7fc00000
 *     v7 = lanes.32 add.i32 v8, v9
 *     skip v10, 0x2
 *     exit_if v10, 0x10020
 *     raise v10, 0x2            ; without v10: always
 *     guard[return] v3, 0x10024
 *     return
 *     call 0x10008
 *     jump[return] v3           ; goto[call] 0x10004
 *
 * A value is called by its node's index when printed, and IR_NOP is left out; the parser takes any name of
 * letters and digits that stands further up, and numbers nodes by itself. A semicolon starts a comment. The
 * line `block` may be missing.
 */
struct ir_names { /* of state words; engine/guest makes one of a guest: guest_ir_names */
    void (*print)(const void *ctx, unsigned word, struct buf *out);
    int (*find)(const void *ctx, const char *s, size_t len); /* -1: no such name */
    const void *ctx;                                         /* handed to both */
};
void ir_print(const struct ir_block *b, const struct ir_names *names, struct buf *out);
void ir_print_node(const struct ir_block *b, uint32_t node, const struct ir_names *names, struct buf *out);
/* False: err is a sentence with the line. What it accepts may still break the rules: ir_verify. */
bool ir_parse(struct ir_block *b, const struct ir_names *names, const char *text, struct buf *err);

/* ---- verify.c: every rule of this file. NULL, or a sentence (in err) about the first breach ----
 *
 * Besides what stands above: the first node is an INSN, numbers of instructions rise, and the block ends in
 * an operation that nothing follows (or an unconditional RAISE), which is the last node.
 */
const char *ir_verify(const struct ir_block *b, struct buf *err);

/* ---- passes. Debug builds verify after each ---- */
/* forward.c: gets after sets, constants, copies, algebra, extensions. Writes the block anew: indexes change.
 */
void ir_forward(struct ir_block *b);
/* backward.c: dead sets, dead values become IR_NOP; then next uses. Indexes stay. */
void ir_backward(struct ir_block *b);

/* ---- join.c ---- */
/* Node `branch`, an EXIT_IF, leads to where the nodes behind it end: instructions that are executed if it
 * does not leave. Becomes straight code without it. False, and nothing is changed: they do more than that
 * allows. */
bool ir_join(struct ir_block *b, uint32_t branch);
/* Whether what was chosen behind node `skip`, a SKIP that ir_join made, becomes part of an address; `loops`:
 * the block's top follows its end. Such an access waits for the condition, where a host that guessed would
 * have begun it: the branch may be better. */
bool ir_joins_address(const struct ir_block *b, uint32_t skip, bool loops);

/* ---- eval.c: runs a block by the references; the third way to execute, for tests ---- */
struct ir_leave {
    uint16_t op;   /* what it left by: EXIT_IF, RAISE, GOTO, …, or an operation that faulted (cpu->exit) */
    uint32_t insn; /* number of the instruction where */
    uint32_t skipped; /* instructions before that one that did not run */
    uint64_t target;  /* where to; RAISE: the cause; STEP: its pc */
};
struct ir_leave ir_eval(const struct ir_block *b, struct vcpu *c, const struct fp_policy *policy,
                        unsigned *ex);

#endif
