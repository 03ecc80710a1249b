/* The host's side of the JIT: thunks in the code cache, and what emitted code and run.c know of each other.
 */
#ifndef ENGINE_JIT_X86_64_HOST_H
#define ENGINE_JIT_X86_64_HOST_H

#include "engine/jit/jit.h"

/* The inlined cache of indirect jumps: one entry a hash of the target. Entries of another key are cleared by
 * run.c when the key changes. */
enum { JIT_JUMPS_BITS = 12, JIT_JUMPS = 1 << JIT_JUMPS_BITS };
struct jit_jump {
    uint64_t pc;      /* guest address; none: jit_jump_none */
    const void *code; /* entry of its block */
};
static inline unsigned jit_jump_slot(uint64_t pc)
{
    return (unsigned)(pc >> 1 ^ pc >> 13) & (JIT_JUMPS - 1); /* emitted code computes the same */
}
/* An empty slot holds an address of another slot, which is never looked for in this one. */
static inline struct jit_jump jit_jump_none(unsigned slot)
{
    return (struct jit_jump){.pc = slot ? 0 : 2};
}

/* What `enter` takes and gives back. */
struct jit_trip {
    struct vcpu *cpu; /* whose */
    const void *code; /* entry of the block to start with */
    uint64_t left;    /* in: the budget; out: what is left of it */
    const void *
        *returns;    /* in and out: top of the stack of returns, which grows down, from jit_host.bottom on */
    uint64_t target; /* out: rax, the pc of JIT_EXIT_JUMP */
    const uint8_t *stub; /* out: where in the code it left: just behind an exit stub's call of `leave` */
    uint32_t mxcsr,
        host_mxcsr; /* in: the guest's rounding, no flags; out: with the flags of this trip; the host's */
};

struct jit_host {
    void (*enter)(
        struct jit_trip *t);    /* loads the pinned registers, jumps to t->code; `leave` returns here */
    const void *jump;           /* goes to the pc in rax by the cache of indirect jumps */
    const void *unwind;         /* the return address on top was not it: takes the next */
    const void *bottom;         /* what the empty stack of returns has on top */
    const uint8_t *jump_missed; /* jit_trip.stub when `jump` left, which is as JIT_EXIT_JUMP */
    const void *leave;          /* exit stubs are `call leave`: stores the pinned registers, fills the trip */
    const void *fma_nan[2];     /* exceptions of a fused product that is NaN: single, double */
    const void *call_ref;       /* calls a C reference: see emit_call.c */
    struct jit_jump *jumps;     /* JIT_JUMPS of them, within 2 GiB of the code */
    struct fp_policy policy;    /* what references get: run.c changes it with the key */
    const void *literals;       /* constants that code uses from memory: see thunk.c */
    uint16_t pin_of_word[1024]; /* state word to host register + 1; 0: none; xmm registers are 16 up */
    uint16_t word_of_pin[32];   /* and back, + 1 */
    bool bmi1, bmi2, lzcnt, popcnt, fma, avx, sse41, aes, pclmul; /* what this processor has */
};

/* Makes the thunks at `rw`, which is executed at `rx`; returns the bytes they took. g: whose pins. */
size_t jit_host_make(struct jit_host *h, const struct guest_lift *g, struct jit_jump *jumps, uint8_t *rw,
                     const uint8_t *rx, size_t cap);
/* Writes a rel32 at `rw` (executed at `rx`) that goes to `to`; a single aligned-or-not 4-byte store. */
void jit_host_patch(uint8_t *rw, const uint8_t *rx, const void *to);
/* The guest address that the host instruction at `rip` accesses with these registers (gregs of a ucontext),
 * for faults whose siginfo does not tell (non-canonical addresses). */
uint64_t jit_host_address(const uint8_t *rip, const long long *gregs, uint64_t window);

#endif
