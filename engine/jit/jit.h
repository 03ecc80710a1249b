/* The JIT: guest code to IR (engine/ir) to x86-64 code, chained and cached; `backend_jit`.
 *
 *     translate.c    finds a block's end, lifts it, runs the passes, has it emitted
 *     x86_64/        code for a block: asm.c encodes, alloc.c places values, emit_*.c select, thunk.c enters
 *     cache.c        where code lives: never writable and executable at one address; full: reclaimed
 *     run.c          the backend: enters code, serves its exits, links blocks, exact budgets
 *     fault.c        a host fault in translated code to the guest's fault
 *     path.c         where hot code went: a sample
 *     trace.c        second tier: that as traces
 *     region.c       and they as blocks with registers of their own
 *     perf.c stats.c profile.c    for the outside
 *
 * A vcpu has a cache of its own: translated code is never shared between threads, so that linking and
 * reclaiming need no locks. What other threads do to guest code is seen by mem->code_epoch, at the next
 * return to run.c.
 *
 * The contract of translated code, at every block's first instruction and at every exit:
 *     rbp      middle of vcpu->state (JIT_STATE_BIAS bytes in): its first 32 words need one byte of offset
 *     r15      instructions left of the budget. A block begins with `sub r15, insns; jb out`, and every way
 *              out gives back what did not run, so the count is exact at each exit
 *     gs       the window (user mode)
 *     rsp      the stack of returns: x86_64/emit_return.c
 *     ten host registers hold the guest registers of guest_lift.pins, twelve xmm registers those of fp_pins;
 *     the words in vcpu->state behind them are stale. All other state is in place. Between blocks of one
 *     region they hold others: struct jit_pins
 *     rax rcx rdx, xmm0-3 are free: nothing lives in them between blocks
 *     mxcsr    all exceptions masked, the guest's rounding mode, and its sticky flags since code was entered
 */
#ifndef ENGINE_JIT_H
#define ENGINE_JIT_H

#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"
#include "engine/ir/ir.h"
#include "engine/ir/lift.h"

enum {
    JIT_STATE_BIAS = 128, /* rbp - (char *)vcpu->state */
    JIT_PINS = 10,        /* guest registers in host registers */
    JIT_FP_PINS = 12,     /* guest FP registers in host registers */
    JIT_ALIGN = 16,       /* bytes that code is aligned to, and its loops' heads */
    JIT_MAX_INSNS = 128,  /* guest instructions of a block; a region may have more */
};

/* ---- what emitted code is: x86_64/ fills one of these, cache.c keeps it ---- */

enum jit_exit_kind {
    JIT_EXIT_GOTO,   /* to a known pc: `jump` can be patched to go there directly */
    JIT_EXIT_JUMP,   /* to the pc in rax, which the inline cache did not have */
    JIT_EXIT_BUDGET, /* at the block's top: fewer instructions are left than it has; nothing of it ran */
    JIT_EXIT_STEP,   /* the interpreter must execute the instruction at `pc`, and it is counted as not run yet
                      */
    JIT_EXIT_RAISE,  /* guest exception `cause` at `pc` */
    JIT_EXIT_FAULT,  /* a reference noted a fault in vcpu->exit; or fault.c did; at `pc` */
};

/* One way out of a block. When code leaves, rax holds the target of JIT_EXIT_JUMP and r15 is exact. */
struct jit_exit {
    uint8_t kind;   /* enum jit_exit_kind */
    bool returns;   /* GOTO: it is where a call returns to, with the guest's pc in rax to be checked */
    uint8_t hint;   /* enum ir_hint */
    uint16_t cause; /* JIT_EXIT_RAISE */
    uint32_t jump; /* JIT_EXIT_GOTO: offset in the code of the rel32 that goes to `stub` until it is linked */
    uint32_t stub; /* offset of the out-of-line code that leaves by this exit */
    uint32_t inner; /* in a region's block: GOTO: offset of the rel32 that goes to `cross` until it is linked
                       to a block of the region; `returns`: of the one by which a call takes the address of
                       its landing; 0: there is none */
    uint32_t cross; /* offset of the code that puts the words where the standard has them; of that landing */
    uint32_t left;  /* offset just behind the stub's call of `leave`, which is what jit_trip.stub tells; rises
                      from exit to exit of a block */
    uint32_t insn;  /* number of the guest instruction */
    uint64_t pc;    /* GOTO: the target; else the instruction's */
    struct jit_block *to;       /* GOTO: linked to, or NULL */
    struct jit_exit *from_next; /* others that are linked to the same block */
    struct jit_exit **from_at;  /* what points to this one in that list */
    struct jit_block *owner;    /* whose exit it is */
};

/* A host instruction that may fault on behalf of a guest instruction. */
struct jit_fault {
    uint32_t at;   /* offset of the host instruction in the code */
    uint16_t insn; /* number of the guest instruction */
    uint16_t exit; /* index of the JIT_EXIT_FAULT to leave by; all fault exits of one instruction are one */
    bool write;    /* it is a guest's store; all accesses of an atomic are, those that only read, too */
};

/* A rel32 operand to be completed when the code's place is known. */
struct jit_call {
    uint32_t at;    /* offset of its four bytes, the instruction's last ones */
    const void *to; /* absolute address: a thunk, a table */
};

/* Which state words are in host registers. A region has a choice of its own: its blocks go to each other with
 * the words where they are, and every other way in and out puts them where the standard has them. A word that
 * both have in a register is in the same one. */
struct jit_pins {
    uint32_t region;   /* its number; 0: none, the standard */
    uint16_t word[32]; /* by host register: its state word, + 1; 0: none */
};

/* A block being emitted: grows in ordinary memory, then is copied into the cache. Position matters only for
 * `calls`. */
struct jit_code {
    uint8_t *p;                                                         /* the code */
    uint32_t n, cap;                                                    /* bytes in use, allocated */
    struct jit_exit *exits;                                             /* nexits of them */
    struct jit_fault *faults;                                           /* nfaults of them, by rising `at` */
    struct jit_call *calls;                                             /* ncalls of them */
    uint32_t nexits, exits_cap, nfaults, faults_cap, ncalls, calls_cap; /* in use, allocated */
    uint32_t landing; /* offset of where returns come in, which compares the pc in rax */
    uint32_t entry;   /* of the block's first instruction */
    uint32_t inner;   /* the same for who comes from its region */
    bool failed;      /* too big: not usable */
    void *scratch;    /* the emitter's own tables, kept for the next block */
};

/* A block's entry in the list of those with guest code on a page. */
struct jit_on {
    struct jit_on *next, **at; /* in the list, and what points here; NULL: in none */
    uint64_t page;             /* its number */
    struct jit_block *block;   /* whose entry it is */
};

struct jit_block {
    uint64_t pc, key;         /* what it translates */
    uint32_t insns;           /* of the guest */
    uint32_t bytes;           /* of guest code */
    uint32_t size;            /* of host code */
    uint32_t tier;            /* 1 or 2 */
    const uint8_t *code;      /* where it runs: the executable view */
    const uint8_t *landing;   /* where returns come in, with the pc in rax */
    const uint8_t *entry;     /* its first instruction */
    const uint8_t *inner;     /* the same for who comes from its region */
    uint32_t region;          /* that it belongs to; 0: none */
    struct jit_exit *exits;   /* nexits of them */
    struct jit_fault *faults; /* nfaults of them */
    uint32_t nexits, nfaults; /* how many */
    struct jit_exit *from;    /* exits linked to this block */
    struct jit_block *chain;  /* in its hash bucket */
    struct jit_on *on;        /* npages of them: the pages that its guest code stands on */
    uint32_t npages;          /* how many */
    uint64_t at;              /* position in the cache's ring: offset + laps * its size */
    bool cut;                 /* shorter than it need be, for the end of a budget: nothing links to it */
    bool gone;                /* no longer found; its room is not reused yet */
    bool jumps;               /* it ends in an indirect jump */
    uint32_t heat;            /* how often a slice ended at its top */
    uint32_t later;           /* so many samples more than usual, modulo 2^32, make it hot */
};

/* ---- x86_64/ ---- */

struct jit_host; /* thunks and tables that emitted code refers to: x86_64/host.h */

/* Emits the block into `out` (emptied first), with these pins (NULL: the standard) and guest memory at
 * `window` (NULL: in regions). The passes have run on b. Fails only by out->failed. */
void jit_emit(const struct jit_host *h, const struct ir_block *b, const struct guest_lift *g,
              const struct jit_pins *pins, const uint8_t *window, struct jit_code *out);
void jit_code_free(struct jit_code *c); /* {0} is an empty one */

/* ---- for everybody ---- */
extern const struct backend backend_jit;

/* ---- profile.c: what was hot, for the next run ---- */

struct jit_place {
    uint32_t file;   /* a number that the embedder gave it */
    uint64_t offset; /* of the code in it */
};

struct jit_stretch {
    struct jit_place at;
    uint32_t insns; /* one behind the other */
    uint32_t times; /* and so often */
};

struct jit_hot {
    struct jit_hot *next;      /* in jit_profile.noted */
    struct jit_place at;       /* the head of a region, or of a block */
    uint64_t mode;             /* modes and rounding mode it was translated for: the key */
    uint64_t code;             /* hash of the instructions on the path */
    uint32_t heat;             /* samples that hit it in earlier runs, and.. */
    uint32_t now;              /* ..in this one */
    uint32_t used;             /* how often it was taken up */
    uint32_t n;                /* stretches; 0: it is a block, not a region */
    struct jit_stretch path[]; /* that the guest took from there */
};

struct jit_profile {
    /* Where pc is, in the file that is mapped there; false: in none. Any thread calls these two. */
    bool (*place)(uint64_t pc, void *data, struct jit_place *out);
    bool (*address)(struct jit_place at, void *data, uint64_t *pc); /* false: not mapped */
    void *data;                                                     /* of those */
    struct jit_hot **known; /* nknown of them, sorted by jit_hot_compare; not changed while vcpus run */
    unsigned nknown;        /* how many */
    struct jit_hot *noted;  /* new in this run; the embedder frees them */
    unsigned nnoted;        /* how many, or more */
};
int jit_hot_compare(const void *a, const void *b); /* of struct jit_hot *, for qsort: by place and mode */

/* vcpu->options, copied by open. */
struct jit_options {
    size_t cache_size; /* bytes of code; 0: 64 MiB */
    unsigned hot;   /* slices that must end in a block before it becomes a region; 0: the usual; ~0: never */
    unsigned slice; /* instructions at least that run between two looks at kicks and the like; 0: the usual */
    const char *perf; /* folder for perf-PID.map and jit-PID.dump: /tmp is where perf looks; or NULL */
    /* What people call the guest's code at pc ("main+0x12"), for perf; appends nothing when it has no name.
     * NULL: nothing has one */
    void (*name)(uint64_t pc, void *data, struct buf *out);
    void *data;                  /* of `name` */
    struct jit_profile *profile; /* what was hot in an earlier run, and is in this one; or NULL */
    bool timed;                  /* jit_stats tells times, too; else their fields stay 0 */
};
struct jit_stats {
    uint64_t blocks, regions;            /* translated so far */
    uint64_t warm;                       /* regions of a profile's */
    uint64_t joined;                     /* branches that became straight code */
    uint64_t samples[2];                 /* ends of slices, in blocks and in regions */
    uint64_t guest_insns, guest_bytes;   /* in them */
    uint64_t host_bytes;                 /* in them */
    uint64_t links, unlinks;             /* jumps patched to another block, and back */
    uint64_t exits[8];                   /* returns to run.c, by enum jit_exit_kind */
    uint64_t interpreted;                /* guest instructions that the interpreter executed for it */
    uint64_t flushes, reclaims;          /* the whole cache; a part of it */
    uint64_t reclaim_ns_max, reclaim_ns; /* longest pause, all of them; these and all below: when timed */
    uint64_t translate_ns[4];            /* of the first tier: decode and lift, passes, emit, install */
    uint64_t region_ns;                  /* making regions, and recording the paths for them */
    uint64_t interpret_ns;               /* in the interpreter, other than for those */
    uint64_t code_ns[2];                 /* running code, by tier (stats.c has how) */
};
const struct jit_stats *jit_stats(const struct vcpu *c); /* c was opened by this backend */

/* What a host instruction is for. */
struct jit_note {
    uint32_t at;   /* offset of one of its bytes */
    char text[60]; /* in words */
};

/* Every stage of the translation of the block at pc, for people. {0} before. */
struct jit_explained {
    struct buf ir, optimised; /* IR as lifted, after the passes */
    struct buf code;          /* the bytes of host code, for a disassembler */
    uint32_t entry;           /* offset of the first instruction in them */
    struct buf notes;         /* struct jit_note each: what of that refers to the outside */
    struct buf pins; /* the registers that hold guest registers: "r8 a1, r9 a2"; a line of each kind */
    struct buf pcs;  /* uint64_t each: addresses of the guest instructions, in order */
};
void jit_explained_free(struct jit_explained *e);
/* From now on jit_explain makes code of a processor with all extensions that the emitter knows, or with none
 * of them, for a window where it mostly is: the same on every machine, to be looked at and not run. */
void jit_explain_as(struct vcpu *c, bool features);
/* max_insns 0: only what every block has around its instructions. -EFAULT: nothing can be executed at pc.
 * -E2BIG: too long. */
MUST_CHECK int jit_explain(struct vcpu *c, uint64_t pc, unsigned max_insns, const struct ir_names *names,
                           struct jit_explained *out);

#endif
