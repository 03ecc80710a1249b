/* The interpreter: blocks of predecoded records, run by computed goto.
 *
 * A block starts at a pc and ends at the first jump, at what must be seen at once (fence.i, CSRs), at the end
 * of executable memory or at BLOCK_MAX instructions. Work that depends on the code alone is done here, once:
 * decoding, operand numbers, immediates, the sink for writes to a zero register, whether the row is legal in
 * this mode. The loop itself is loop.h; block.c builds and finds blocks.
 */
#ifndef ENGINE_INTERP_H
#define ENGINE_INTERP_H

#include "engine/guest/guest.h"

/* What an instruction hands on. A generated semantic function that is told `from` 0..3 finds the register
 * that this byte of its record names in `last`, and not in the state: then a chain of dependent instructions
 * is a chain through a host register, and does not wait for memory at each step. With INTERP_NONE it reads
 * all from the state. */
struct interp_flow {
    uint64_t npc;  /* where it jumps */
    uint64_t last; /* what the last instruction to write a register wrote; it also is in the state */
    bool jumps;    /* it does */
};

enum { INTERP_NONE = -1, INTERP_LOST = -2 };

/* How a row takes part in that. */
struct interp_relay {
    const void *label[4]; /* handlers that take the register of this byte from `last`; NULL: none */
    int8_t gives;         /* the byte whose register `last` holds then; NONE: as before; LOST: nothing */
    uint16_t pair, pairs; /* where the pairs begin whose first it is, and how many they are */
};

/* Two handlers that often follow each other, and one that does the work of both. */
struct interp_pair {
    const void *first, *second, *both; /* labels */
};

enum {
    BLOCK_MAX = 64,
    INTERP_SLICE = 1 << 15, /* instructions between two looks at what others want; some 30 us */
};

/* Handlers beyond the rows', after them in the label table. */
enum interp_synthetic { OP_END, OP_ILLEGAL, OP_FETCH, OP_ABSENT, OP_SYNTHETICS };

struct interp_block {
    uint64_t pc;                  /* of the first instruction */
    struct interp_block *chain;   /* next in the hash bucket */
    struct interp_block *succ[2]; /* where it goes on: at its end, at its jump's fixed target; or NULL */
    uint32_t mode;                /* guest mode bits it was decoded under */
    uint16_t count;               /* instructions */
    uint16_t bytes;               /* of code they cover */
    uint64_t pairs;               /* bit per instruction: its handler does the next one's work, too */
    uint8_t at[BLOCK_MAX + 1];    /* offset of each instruction in code units, for faults */
    struct guest_op ops[];        /* count records, then a synthetic one */
};

enum { INTERP_BUCKETS = 1 << 12, INTERP_ARENA = 4 << 20, INTERP_JUMPS = 1 << 12 };

struct interp_bucket {
    uint64_t generation;       /* of `head`; older ones are empty */
    struct interp_block *head; /* blocks with this hash */
};

/* A vcpu's translations. All die together, by a new generation. */
struct interp {
    struct interp_bucket buckets[INTERP_BUCKETS];
    uint64_t generation;                      /* of living blocks */
    uint64_t code_epoch;                      /* memory's, when the oldest living block was built */
    uint64_t map_epoch;                       /* likewise */
    struct interp_block *none;                /* matches no pc: what `jumps` holds at first */
    struct interp_block *jumps[INTERP_JUMPS]; /* where indirect jumps went, by interp_jump; all of `mode` */
    bool jumped;                              /* one of them is not `none` */
    uint32_t mode;                            /* the guest's, at the last lookup */
    struct interp_block *front;               /* the first part of a block, for the rest of a budget */
    uint64_t *sink;          /* in the state: what was written to a zero register; NULL: none */
    unsigned sink_words;     /* how many; zeroes between runs, as for backends without it */
    size_t used;             /* bytes of the arena */
    uint64_t built, flushed; /* statistics: blocks built, generations ended */
    _Alignas(16) uint8_t arena[INTERP_ARENA];
};

/* What the generated file tells block.c about its ISA. */
struct interp_isa {
    const struct guest *guest;
    const void *const *labels;         /* by row, then the synthetics */
    const struct interp_relay *relays; /* by row */
    const struct interp_pair *pairs;   /* by first row; ends with NULLs */
};

/* ---- block.c ---- */
struct interp_block *interp_lookup(struct vcpu *c, const struct interp_isa *isa,
                                   uint64_t pc); /* built if need be */
/* The first n instructions of b and then the end, in in->front. */
struct interp_block *interp_front(struct interp *in, const struct interp_isa *isa,
                                  const struct interp_block *b, unsigned n);
void interp_check_epochs(struct vcpu *c); /* forgets blocks when code or the memory map changed */
void interp_flush(struct interp *in);
void interp_forget_jumps(struct interp *in);
/* Where in->jumps keeps the block at pc. */
static ALWAYS_INLINE struct interp_block **interp_jump(struct interp *in, uint64_t pc)
{
    return &in->jumps[(pc >> 1) % INTERP_JUMPS];
}

/* ---- interp.c ---- */
extern const struct backend backend_interp;
COLD void interp_fault_value(struct vcpu *c, uint64_t pc); /* illegal instructions report their bits */

#endif
