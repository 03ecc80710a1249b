/* What the pieces of the emitter share: a block's values and where they are.
 *
 * A cell is a piece of content: it is in registers, in a spill slot, in the memory of a state word, a
 * constant, or in several of these. A value of the IR is a cell's low bits, plus a displacement that was not
 * added yet. So widening, narrowing and adding constants cost nothing until somebody must see the result, and
 * a guest register that was only copied is one cell in two host registers. Content never changes while a cell
 * lives.
 *
 * A sign extension from 32 bits that comes about where it is wanted may be late: its register holds what it
 * is made from, until somebody needs more than the low half, or the block ends. Where a block is left on the
 * way, the exit's stub does it. So a register that is soon put anew is never extended.
 *
 * An emitter of a node goes three steps: it fetches its arguments (use_*), says that it has them
 * (emit_taken), and takes a register for its result (def_*). What died in the second step may be overwritten
 * in the third.
 */
#ifndef ENGINE_JIT_X86_64_EMIT_H
#define ENGINE_JIT_X86_64_EMIT_H

#include "engine/jit/x86_64/asm.h"
#include "engine/jit/x86_64/host.h"

enum {
    EMIT_FIRST_PINNED_XMM = ASM_XMM0 + 4,
    EMIT_GPRS = 1 << ASM_RAX | 1 << ASM_RCX | 1 << ASM_RDX, /* free registers, as masks */
    EMIT_XMMS = 15 << ASM_XMM0,
    EMIT_NONE = ~0u,
    /* vcpu.frame, from rbp */
    EMIT_FRAME = -JIT_STATE_BIAS - 8 * CPU_FRAME,
    EMIT_CALL_OP = EMIT_FRAME, /* operation, and from bit 16 its rounding mode: what call_ref is to call */
    EMIT_CALL_VECTORS = EMIT_FRAME + 4, /* LANES: bit per argument that has lanes */
    EMIT_CALL_IMM = EMIT_FRAME + 8,     /* LANES: the node's imm */
    EMIT_SLOTS = EMIT_FRAME + 16,       /* spill slots of 8 bytes */
    EMIT_NSLOTS = 110,
    EMIT_CALL_OUT = EMIT_FRAME + 896,  /* union ir_value: the result */
    EMIT_CALL_ARGS = EMIT_FRAME + 912, /* and the arguments */
    EMIT_HOST_SP = EMIT_FRAME + 992,   /* rsp as `enter` left it: of the host's stack */
    EMIT_CALL_SP = EMIT_FRAME + 1000,  /* rsp as call_ref found it */
    EMIT_BOTTOM = EMIT_FRAME + 1008,   /* jit_host.bottom: what ends the stack of returns */
    EMIT_THUNKS_SIZE = 4096,
    EMIT_KEEPS_OLD = 0x80, /* in a row's k, see emit_amo_loop */
    EMIT_NODE_ROOM = 512,  /* bytes of code that a node takes at most */
    EMIT_EXCEPTIONS = 64,  /* combinations of enum fp_ex, and of MXCSR's flags */
};
_Static_assert(EMIT_SLOTS + 8 * EMIT_NSLOTS <= EMIT_CALL_OUT, "slots end below the result");
_Static_assert(EMIT_CALL_ARGS + 16 * IR_MAX_ARGS <= EMIT_HOST_SP, "arguments end below");

/* Constants behind jit_host.literals, 16 bytes each with zeroes above. */
enum emit_literal {
    LIT_F64_SIGN,
    LIT_F64_ABS,
    LIT_F32_SIGN,
    LIT_F32_ABS, /* with ones above, so that boxes stay boxes */
    LIT_BOX32,
    LIT_BOX16,
    LIT_F64_NAN, /* what RISC-V makes of every NaN */
    LIT_F32_NAN, /* boxed */
    EMIT_LITERALS,
};
extern const uint64_t emit_literals[EMIT_LITERALS];
enum {                                                          /* tables behind them, a byte an entry */
       EMIT_FLAGS_OF_EX = 16 * EMIT_LITERALS,                   /* MXCSR's flags by enum fp_ex */
       EMIT_FLAGS_OF_HOST = EMIT_FLAGS_OF_EX + EMIT_EXCEPTIONS, /* and back */
};

struct emit;

struct emit_val {
    uint32_t cell;  /* where it is; EMIT_NONE: nowhere (dead, or a condition in the flags) */
    uint32_t use;   /* the next node that uses it; 0: none */
    uint32_t peer;  /* next value of the same cell, in a ring */
    int32_t disp;   /* to be added to the cell's content */
    uint8_t scale;  /* the cell's content is to be shifted left by so much, by the sum that is its only use */
    uint32_t until; /* node of the SET that it is wanted in `pin` for */
    bool negated;   /* its sign is to be changed by the fused operation that is its only use */
    uint8_t pin;    /* host register it had best be computed in, + 1; 0: any */
    bool want_x;    /* had best be in an xmm register */
};

struct emit_cell {
    uint32_t member; /* one of its values; EMIT_NONE: dead */
    uint32_t regs;   /* host registers that hold it, as a mask */
    uint8_t zero;    /* bits from this one up are zero; 64: not known */
    uint8_t sign;    /* bits from this one up are copies of the one below; 64: not known */
    uint8_t ones;    /* bits from this one up are ones; 64: not known */
    bool constant;   /* it is `imm` */
    bool wide;       /* 128 bits: in slots only */
    int16_t slot;    /* spill slot or -1 */
    int16_t home;    /* state word whose memory holds it, or -1 */
    uint64_t imm;    /* of a constant */
};

/* A jump to an exit's stub, or to code that gives back budget and goes there. */
struct emit_fixup {
    uint32_t at;   /* where the rel32 is */
    uint32_t next; /* index of the next jump to the same exit, + 1; 0: none */
};

/* A CALL whose callee stands in the block. */
struct emit_call {
    uint64_t pc;    /* where it returns to */
    uint32_t outer; /* index of the call around it, + 1; 0: none */
    uint32_t exit;  /* index of the exit by which returns to it go on, + 1; 0: nobody pushes it */
};

/* An out-of-line piece of code. */
struct emit_cold {
    void (*emit)(struct emit *e, const struct emit_cold *c); /* writes it */
    uint32_t from;                                           /* rel32 operand of the jump to it */
    uint32_t back;                                           /* offset where it goes on */
    uint32_t node;                                           /* whose it is */
    uint32_t fault;                 /* exit to leave by when the reference faults, or EMIT_NONE */
    struct asm_rm arg[IR_MAX_ARGS]; /* where the node's arguments are; no register and no base: in `imm` */
    uint64_t imm[IR_MAX_ARGS];      /* those that are constants */
    uint64_t value;                 /* the piece's own */
    uint32_t load;                  /* operation that reads the result; 0: the usual one */
    uint8_t dst;                    /* register of the result, or ASM_NONE */
    bool boxed;                     /* the result gets ones above 32 bits */
};

struct emit {
    struct jit_code *c;
    const struct jit_host *h;
    const struct ir_block *b;
    const struct guest_lift *g;
    const struct jit_pins *pins;      /* of a region; NULL: the standard */
    const uint16_t *pin_of_word;      /* state word to host register + 1; 0: none; as in jit_host */
    const struct ir_node *nodes;      /* the block's */
    struct emit_val *val;             /* by node */
    struct emit_cell *cell;           /* by the node that made it */
    uint32_t *home;                   /* by state word: cell whose home it may be */
    struct emit_fixup *fixups;        /* nfixups of them */
    struct emit_cold *colds;          /* ncolds of them */
    struct emit_call *calls;          /* ncalls of them */
    uint32_t call;                    /* the innermost one that is under way, + 1; 0: none */
    uint32_t nfixups, ncolds, ncalls; /* in use */
    uint32_t fixups_cap;              /* allocated; the others have as many */
    uint32_t at;                      /* node that is being emitted */
    uint32_t insn;                    /* guest instruction, by number */
    uint64_t pc;                      /* and by address */
    uint32_t fault_exit;              /* of this instruction, or EMIT_NONE */
    uint32_t reg[32];                 /* cell in each host register, or EMIT_NONE */
    uint32_t late;                    /* registers whose content is still to be sign-extended from 32 bits */
    uint32_t locked;                  /* registers that this node reads or writes */
    uint64_t slots[2];                /* spill slots in use */
    uint64_t slots_freed[2];          /* by this node, which may still read them */
    uint32_t nhomes;                  /* length of homes */
    uint16_t *homes;                  /* words with an entry in home[] */
    struct asm_rm sum; /* what the cell sum_cell was made of, by the last instruction up to sum_end */
    uint32_t sum_cell, sum_end; /* so an access there need not wait for it */
    uint32_t flag_val;          /* condition that is in the flags and nowhere else yet, or EMIT_NONE */
    uint8_t flag_cc;            /* enum asm_cc under which it is true */
    bool fp;                    /* floating point inline: see emit_fp.c */
    bool window;                /* guest memory is in a window */
    int32_t window_at;          /* where it begins, when that fits a displacement; 0: at gs */
    bool flags_busy;            /* this node has flags that must live: no xor for zero */
};

/* How an operation is emitted. */
struct emit_row {
    void (*fn)(struct emit *e, const struct ir_node *n,
               const struct emit_row *r); /* NULL: by its reference */
    uint8_t w;                            /* width in bits */
    uint8_t k;                            /* which of its family */
    uint8_t xargs;                        /* bit per argument that had best be in an xmm register */
    bool same_place;                      /* its result had best be where its first argument is */
    bool takes_flags;                     /* its first argument may be a condition in the flags */
};
extern const struct emit_row emit_rows[IR_OPS];

static ALWAYS_INLINE int32_t emit_word_disp(unsigned word)
{
    return (int32_t)word * 8 - JIT_STATE_BIAS;
}
static ALWAYS_INLINE int32_t emit_slot_disp(int slot)
{
    return EMIT_SLOTS + 8 * slot;
}
static ALWAYS_INLINE unsigned emit_width(unsigned type)
{
    static const uint8_t width[IR_TYPES] = {0, 1, 8, 16, 32, 64, 128, 128};
    return width[type];
}
static ALWAYS_INLINE struct emit_cell *emit_cell_of(struct emit *e, uint32_t v)
{
    return &e->cell[e->val[v].cell];
}
/* Is v a number that is known now? */
static ALWAYS_INLINE bool emit_is_const(struct emit *e, uint32_t v)
{
    return emit_cell_of(e, v)->constant && !e->val[v].disp;
}
static ALWAYS_INLINE uint32_t emit_rm_bit(const struct asm_rm *m)
{
    return m->reg == ASM_NONE ? 0 : 1u << m->reg;
}
static ALWAYS_INLINE uint32_t emit_w(const struct emit_row *r)
{
    return r->w == 64 ? ASM_W : 0;
}
static ALWAYS_INLINE uint64_t emit_const_of(struct emit *e, uint32_t v)
{
    return emit_cell_of(e, v)->imm & bits_mask(emit_width(e->nodes[v].type));
}

/* ---- operand.c: arguments. A register they give is locked until the node ends ---- */
void alloc_start(struct emit *e);                 /* of a block */
void alloc_node(struct emit *e, uint32_t i);      /* of a node */
unsigned use_g(struct emit *e, uint32_t v);       /* bits above its type's width are anything */
unsigned use_low(struct emit *e, uint32_t v);     /* so are bits from 32 up, whatever its type */
unsigned use_scaled(struct emit *e, uint32_t v);  /* the cell of a scaled value, as it is */
unsigned use_gz(struct emit *e, uint32_t v);      /* they are zero; perhaps a copy */
unsigned use_gs(struct emit *e, uint32_t v);      /* they are copies of the sign */
unsigned use_x(struct emit *e, uint32_t v);       /* in an xmm register, likewise anything above */
struct asm_rm use_rm(struct emit *e, uint32_t v); /* a general register, or memory of at least its width */
struct asm_rm use_xm(struct emit *e, uint32_t v); /* an xmm register, or memory */
bool use_imm(struct emit *e, uint32_t v, unsigned w,
             int32_t *imm);                            /* fits an immediate of a w-bit operation */
struct asm_rm use_memory(struct emit *e, uint32_t v);  /* the same in the window */
struct asm_rm use_address(struct emit *e, uint32_t v); /* memory at v */
struct asm_rm use_kept(struct emit *e,
                       uint32_t v); /* a register that is not free, or memory; no base: it is a constant */
unsigned use_tmp(struct emit *e, uint32_t mask);       /* a free register, for this node only */
void use_in(struct emit *e, uint32_t v, unsigned reg); /* a copy in this register, which use_fixed gave */
/* Empties and locks this free register and has v's content in it, which may then be overwritten. Called
 * first, as far as it succeeds without other registers: where v is there already and dies. False: use_in
 * later. */
bool use_dying_in(struct emit *e, uint32_t v, unsigned reg);
void use_fixed(struct emit *e, unsigned reg); /* this free register is emptied and locked */
/* The arguments have been fetched: those that are not used again die. */
void emit_taken(struct emit *e);

/* ---- operand.c: results. `reuse`: locked registers that the result may overwrite if nobody needs them ----
 */
unsigned def_g(struct emit *e, uint32_t reuse);
unsigned def_x(struct emit *e, uint32_t reuse);
void def_in(struct emit *e, unsigned reg); /* in this locked register */
bool def_late(struct emit *e, uint32_t v); /* v sign-extended, late; false: it cannot be */
bool emit_is_late(struct emit *e, uint32_t v);
void alloc_settle(struct emit *e, uint32_t regs);
/* Those of them that are late no longer are; mostly none is. */
static ALWAYS_INLINE void emit_settle(struct emit *e, uint32_t regs)
{
    if (unlikely(e->late & regs)) alloc_settle(e, regs);
}
/* The next three have their arguments taken, too. */
void def_same(struct emit *e, uint32_t v);                   /* the same content as v, whatever the widths */
void def_scaled(struct emit *e, uint32_t v, unsigned scale); /* v's cell shifted left: see emit_val */
void def_sum(struct emit *e, uint32_t v, int32_t disp);      /* v's cell with this displacement */
void def_flags(struct emit *e, enum asm_cc cc);              /* a condition in the flags */
void def_const(struct emit *e, uint64_t imm);                /* a number, nowhere yet */
int def_wide(struct emit *e);                                /* in two slots; gives the first */
void emit_drop(struct emit *e);                              /* a result that nobody uses */
static ALWAYS_INLINE struct emit_cell *emit_result(struct emit *e)
{
    return &e->cell[e->at];
}
void emit_get(struct emit *e, const struct ir_node *n);
void emit_set(struct emit *e, const struct ir_node *n);
bool emit_set_moves(const struct emit *e, const struct ir_node *n); /* it leaves the flags as they are */
void emit_truth(struct emit *e, enum asm_cc cc, unsigned reg);      /* 1 if the flags say so, else 0 */
void alloc_flags_out(struct emit *e); /* the condition in the flags goes to a register */
bool emit_waits_for_fma(const struct emit *e,
                        const struct ir_node *n); /* emit_fp.c: so is a change of sign */
bool emit_waits_for_sum(const struct emit *e,
                        uint32_t v); /* emit_int.c: a shift that is to become part of one */
void alloc_move(struct emit *e, unsigned to, unsigned from); /* registers of any classes, 64 bits */

/* ---- emit_call.c ---- */
void emit_ref(struct emit *e, const struct ir_node *n);
/* Registers are given out before the jump to a cold piece or behind where it comes back: what moves content
 * out of the way must happen on both ways. A cold piece that calls the node's reference: `from`, `dst` and
 * `back` are to be filled. Called before emit_taken, with the arguments' registers, which hold them still
 * when it is jumped to. */
struct emit_cold *emit_cold_ref(struct emit *e, const uint8_t *regs);
struct emit_cold *emit_cold_new(struct emit *e, void (*emit)(struct emit *e, const struct emit_cold *c));
void emit_colds(struct emit *e); /* writes them all */

/* ---- emit_exit.c ---- */
uint32_t emit_exit_new(struct emit *e, unsigned kind, uint64_t pc);
uint32_t emit_fault_exit(struct emit *e);         /* of this guest instruction */
void emit_fault_here(struct emit *e, bool write); /* the host instruction that follows may fault */
void emit_exit_jump(struct emit *e, enum asm_cc cc, uint32_t exit);
void emit_top(struct emit *e);
void emit_stubs(struct emit *e);
/* Compares the pc in rax with that of its slot in the cache of indirect jumps at rdx; gives where the code's
 * address is. rcx changes. */
struct asm_rm emit_jump_lookup(struct jit_code *c);
void emit_exit_from(struct emit *e, uint32_t at, uint32_t exit); /* the rel32 at `at` leads to this exit */
void emit_cross(struct emit *e, bool out); /* words go to where the region, or (out) the standard has them */
void emit_budget(struct emit *e, enum asm_alu alu, uint32_t by);
/* The condition v, in the flags: compared just before, or tested now. */
enum asm_cc emit_condition(struct emit *e, uint32_t v);

/* ---- emit_return.c ---- */
void emit_called(struct emit *e, const struct ir_node *n);
void emit_landing(struct emit *e,
                  uint64_t pc); /* goes on if rax is pc; else another return address is tried */
/* Pushes the return addresses of this call and those around it; rcx changes. */
void emit_push(struct emit *e, uint32_t call);
/* Goes to the pc in rax, a return from `call`, by instruction `insn`. */
void emit_return(struct emit *e, uint32_t call, uint32_t insn);

/* ---- the rows' functions, by file ---- */
typedef void emit_fn(struct emit *e, const struct ir_node *n, const struct emit_row *r);
emit_fn emit_exit_if, emit_raise, emit_goto, emit_jump, emit_guard, emit_step;            /* emit_exit.c */
emit_fn emit_returned;                                                                    /* emit_return.c */
emit_fn emit_alu, emit_mul, emit_unary, emit_shift, emit_rotate, emit_extend, emit_trunc; /* emit_int.c */
emit_fn emit_compare, emit_select, emit_minmax, emit_lnot, emit_skip;                     /* emit_cond.c */
emit_fn emit_mulh, emit_div, emit_count, emit_bswap;                                      /* emit_muldiv.c */
emit_fn emit_aes_round, emit_aes_mix, emit_aes_key, emit_aes_key_mix, emit_clmul;         /* emit_crypto.c */
emit_fn emit_fp_binary, emit_fp_sqrt, emit_fp_round, emit_fp_fma, emit_fp_minmax, emit_fp_eq, emit_fp_less,
    emit_fp_raised, emit_fp_keep;                      /* emit_fp.c */
emit_fn emit_fp_to_int, emit_int_to_fp, emit_fp_to_fp; /* emit_convert.c */
emit_fn emit_box, emit_unbox;                          /* emit_box.c */
emit_fn emit_align, emit_amo_exchange, emit_amo_loop, emit_amo_cas, emit_store_if,
    emit_fence;                /* emit_atomic.c */
emit_fn emit_load, emit_store; /* emit_mem.c */

#endif
