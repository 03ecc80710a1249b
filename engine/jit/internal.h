/* What the files of engine/jit share. */
#ifndef ENGINE_JIT_INTERNAL_H
#define ENGINE_JIT_INTERNAL_H

#include "engine/jit/jit.h"
#include "engine/jit/x86_64/host.h"

enum {
    JIT_CACHE_MIN = 64 << 10,   /* bytes of code */
    JIT_CACHE_USUAL = 64 << 20, /* the same when nobody says */
    JIT_SLICE = 1 << 15,        /* instructions at least that translated code runs before run.c looks
                                   around; at random up to three times as many */
    JIT_SLICE_MIN = 256,        /* the same where it is asked for: the longest block must fit */
    JIT_HOT = 3,                /* slices that end in a block before it is hot */
    JIT_RETURNS = 1 << 20,      /* bytes of the stack of returns */
    JIT_RETURNS_LEFT = 1 << 16, /* of them for what else uses it: handlers of signals, of who embeds us */
    JIT_PAGES = 400,            /* of one block's guest code, at most */
    JIT_JUMPS_GROUP = JIT_JUMPS / 64, /* entries of the jump cache that one bit of jumps_used speaks of */
};

/* A block's place in the order of age. */
struct jit_slot {
    uint64_t at;             /* the block's */
    struct jit_block *block; /* maybe gone already */
};

/* Where translated code lives: a ring of bytes, seen once writable and once executable.
 *
 * A new block goes behind the newest one, over the oldest ones: those are unlinked and forgotten one by one,
 * so that no translation waits for more than its own length's worth of them, and what is hot comes back at
 * the young end. Positions are offsets in the ring plus laps times its length: they only grow, and `order` is
 * sorted by them.
 */
struct jit_cache {
    uint8_t *map;            /* the reservation that all of this lies in */
    size_t map_size;         /* its bytes */
    uint8_t *rw, *rx;        /* the code's two views */
    size_t size;             /* bytes of each */
    size_t base;             /* offset of the ring, behind the thunks */
    uint64_t room, head;     /* bytes of the ring; position of the next block */
    struct jit_slot *order;  /* the blocks from the oldest: a ring buffer */
    uint32_t first, count;   /* index of the oldest, how many */
    uint32_t order_cap;      /* a power of two */
    struct jit_block **hash; /* by pc and key */
    uint32_t hash_mask;      /* number of buckets - 1 */
    struct jit_on **pages;   /* lists: blocks by the pages of their guest code */
    struct jit_jump *jumps;  /* the inlined cache of indirect jumps */
    const void **returns;    /* top of the stack of returns: addresses of living code */
    const void **no_returns; /* the same when it is empty */
    uint64_t jumps_used;     /* bit per JIT_JUMPS_GROUP entries that may hold something */
};

/* A vcpu's JIT: vcpu->backend. */
struct jit {
    struct jit_cache cache;
    struct jit_host host;
    struct jit_options opt;
    struct jit_stats stats;
    const struct guest_lift *lift; /* the guest's */
    struct ir_block ir;            /* of the translation under way */
    struct jit_code code;          /* likewise */
    uint64_t code_epoch;           /* memory's, when the oldest living translation was made */
    uint64_t map_epoch;            /* likewise */
    uint64_t key;                  /* that the jump cache holds for */
    struct jit_exit *from;    /* the exit that led to run.c, to be linked; NULL also when its block is gone */
    struct rng slices;        /* lengths of slices: the same in every run */
    void *perf_marker;        /* page of the jitdump that `perf record` sees mapped; or NULL */
    uint64_t slice;           /* instructions of a slice, at least */
    uint64_t slice_left;      /* of the one under way: it outlives a run, of which a system call makes many */
    unsigned hot;             /* slices that end in a block before it is hot */
    uint64_t unsampled_ns[2]; /* spent in code since the last sample, by the tier of where it was left */
    struct jit_pins *regions; /* nregions of them: of number 1 and up */
    uint32_t nregions;        /* since the cache was last emptied */
    bool looked_at;           /* what jit_explain makes is never run: it is as on any machine */
};

/* ---- cache.c ---- */
MUST_CHECK int jit_cache_open(struct jit *j, size_t size); /* 0 or -errno */
void jit_cache_close(struct jit *j);
bool jit_fits(const struct jit *j); /* what was emitted is not too big for the cache */
/* Copies what was emitted for j->ir into the cache, and into the hash, where nothing of its address and key
 * may be. region: whose pins it has; 0: none. NULL: no memory. */
struct jit_block *jit_install(struct jit *j, unsigned tier, uint32_t region, bool cut);
struct jit_block *jit_find(const struct jit *j, uint64_t pc, uint64_t key); /* or NULL */
struct jit_block *jit_block_at(const struct jit *j, const uint8_t *host);   /* whose code this is, or NULL */
struct jit_exit *jit_exit_at(const struct jit_block *b, const uint8_t *behind); /* that left from here */
void jit_link(struct jit *j, struct jit_exit *e, struct jit_block *to); /* e's jump goes there from now on */
void jit_drop(struct jit *j, struct jit_block *b);                      /* nothing leads to it any more */
void jit_flush(struct jit *j);                                          /* forgets everything */
void jit_jump_set(struct jit *j, struct jit_block *b);                  /* indirect jumps to it find it */
void jit_jumps_clear(struct jit *j);
void jit_returns_clear(struct jit *j); /* no code is on that stack any more */

/* ---- pages.c ---- */
MUST_CHECK int jit_pages_open(struct jit_cache *k); /* 0 or -errno */
/* No block is on the pages of this one: for the time when all of them go. */
void jit_pages_forget(struct jit_cache *k, const struct jit_block *b);
/* The numbers of the pages that a block's guest code stands on; how many. */
unsigned jit_pages_of(const struct ir_block *b, uint64_t page[JIT_PAGES]);
void jit_pages_join(struct jit_cache *k, struct jit_block *b);   /* into the lists of its pages */
void jit_pages_leave(struct jit_block *b);                       /* and out of them */
void jit_drop_code(struct jit *j, uint64_t addr, uint64_t size); /* all with guest code on these pages */

/* ---- translate.c ---- */
/* Guest code as it is read for a translation. Pages are watched before that. */
struct jit_reader {
    struct vcpu *c;
    uint64_t at;      /* guest address of code[0] */
    unsigned got;     /* bytes that stand there */
    uint64_t watched; /* page that is watched already; ~0: none */
    uint8_t code[64]; /* the bytes */
};
/* The instruction's bits at pc and its length; 0: not all of it can be executed. */
unsigned jit_read_insn(struct jit_reader *r, uint64_t pc, uint32_t *word);
void jit_installed(struct jit *j, const struct jit_block *b); /* counts it, and tells perf */
/* Lifts the block at pc into j->ir; false: not one instruction can be fetched. *longer: `most` ended it. */
bool jit_lift(struct vcpu *c, uint64_t pc, unsigned most, bool *longer);
/* The block at pc, of at most `most` instructions; NULL: the interpreter must do the next instruction. */
struct jit_block *jit_translate(struct vcpu *c, uint64_t pc, unsigned most);

/* ---- run.c ---- */
void jit_check_key(struct vcpu *c); /* the state may have another key now */

/* ---- fault.c ---- */
bool jit_host_fault(struct vcpu *c, int sig, const void *siginfo, void *context);

/* ---- perf.c ---- */
void jit_perf_open(struct jit *j);
void jit_perf_block(struct jit *j, const struct jit_block *b);
void jit_perf_close(struct jit *j);

/* ---- profile.c ---- */
struct jit_path;                                                    /* region.h */
void jit_profile_note(struct vcpu *c, const struct jit_path *path); /* a region was made of it */
/* What the profile has at pc, translated; NULL: nothing. */
struct jit_block *jit_profile_block(struct vcpu *c, uint64_t pc);
void jit_profile_close(struct jit *j); /* before the cache is closed: takes over what is hot there */

/* ---- stats.c ---- */
unsigned jit_stats_list(const struct vcpu *c, struct cpu_stat *to);
uint64_t jit_now(void); /* nanoseconds */
/* The same where times are asked for; else 0, so that a difference is. */
static inline uint64_t jit_clock(const struct jit *j)
{
    return unlikely(j->opt.timed) ? jit_now() : 0;
}
/* A slice's end hit code of this tier. */
void jit_sampled(struct jit *j, unsigned tier);

#endif
