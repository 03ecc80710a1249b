/* Inside of the Unicorn backend: what unicorn.c shares with its per-ISA files.
 *
 * To add an ISA: write unicorn_<isa>.c with a struct unicorn_isa, declare it below, and name it in
 * unicorn.c's table. What Unicorn executes wrongly is not repaired here: that is data, in corpora/quirks/.
 * Only its way of *reporting* is, where the truth can be had for certain.
 */
#ifndef HARNESS_ORACLE_UNICORN_H
#define HARNESS_ORACLE_UNICORN_H

#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"

#include "harness/oracle/api.h"

enum {
    UNICORN_REGS = 128,   /* the most registers that are copied */
    UNICORN_CONTEXTS = 4, /* the most saved processor states of an ISA */
    UNICORN_WORDS = 4,    /* the most state words that an ISA's file looks at itself */
    UNICORN_FIXED = 8,    /* the most registers that must hold something */
    UNICORN_RENEW = 4000, /* invalidations after which the engine is replaced */
    UNICORN_NO_EXCEPTION = -1,
};

#define UNICORN_NEVER (~0ull) /* an address that no run comes to */

/* A register file of the guest that Unicorn has too, word for word. */
struct unicorn_file {
    const char *name; /* as in the guest's tables */
    int first;        /* Unicorn's number of index 0; the others follow */
    bool csr;         /* access may be denied in some contexts: see unicorn_isa.context */
};

/* A register that Unicorn cannot be given: what it must hold for a run to be possible. */
struct unicorn_fixed {
    const char *name;     /* as in the guest's tables; a guest without it passes */
    uint64_t mask, value; /* (register & mask) == value */
    const char *why;      /* the sentence for EXIT_UNSUPPORTED */
};

/* A region as it is mapped in the engine. */
struct unicorn_mapping {
    uint64_t base, size; /* as in struct mem_region */
    uint8_t *host;       /* shared with it */
    unsigned perm;       /* CPU_* */
};

struct unicorn {
    uc_engine *uc;                                  /* the engine */
    const struct unicorn_isa *isa;                  /* facts about its ISA */
    struct vcpu *cpu;                               /* whose backend this is */
    uc_context *contexts[UNICORN_CONTEXTS];         /* states to start a run from, see unicorn_isa.setup */
    uint64_t saved[UNICORN_CONTEXTS][UNICORN_REGS]; /* what the copied registers are in each of them */
    struct unicorn_mapping *maps;                   /* what is mapped */
    unsigned nmaps;                                 /* how many */
    uint64_t map_epoch;                             /* mem->map_epoch that maps were made under */
    const char *unmapped;                           /* why a region could not be mapped, or NULL */
    int ids[UNICORN_REGS];                          /* registers that are copied; those of `csr` files last */
    void *values[UNICORN_REGS];                     /* their places in cpu->state */
    unsigned nregs, nplain;                         /* how many, and how many of them not `csr` */
    uint64_t *fixed[UNICORN_FIXED];                 /* places of isa->fixed in cpu->state, or NULL */
    uint64_t *words[UNICORN_WORDS]; /* places that the ISA's file looked up in its setup, or NULL */
    const uint64_t *has;            /* the saved registers that the run starts from, or NULL */
    unsigned invalidated;           /* how often translations were removed */
    bool reserved;                  /* a reservation may stand in the engine */
    uint64_t left;                  /* when it does: hash of the state that the last run left */

    /* of the run under way */
    uint64_t budget;  /* instructions wanted */
    uint64_t until;   /* address where the engine stops by itself, or UNICORN_NEVER */
    uint64_t started; /* begun so far, the faulting one included */
    uint64_t last;    /* address of the latest begun */
    bool stopped;     /* stopped before instruction budget + 1 */
    int exception;    /* number of the exception that ended it, or UNICORN_NO_EXCEPTION */
    bool denied;      /* an access was; its address is `bad` */
    uint64_t bad;     /* first address that may not be accessed */
    uint64_t loaded;  /* address of the latest load that was attempted */
    bool has_loaded;  /* the instruction at `last` attempted one */
};

struct unicorn_isa {
    const char *guest;                 /* the guest's name */
    uc_arch arch;                      /* for uc_open */
    uc_mode mode;                      /* for uc_open */
    int pc;                            /* Unicorn's number of the program counter */
    const struct unicorn_file *files;  /* registers to copy, pc left out */
    unsigned nfiles;                   /* how many */
    const struct unicorn_fixed *fixed; /* registers that must hold something */
    unsigned nfixed;                   /* how many */
    const char *invalid;               /* name of the cause behind UC_ERR_INSN_INVALID */
    uint32_t waits;                    /* the instruction behind which the engine stops unasked */
    /* Puts states to start from into u->contexts, and looks up u->words. The hooks are in place and nothing
     * is mapped. */
    uc_err (*setup)(struct unicorn *u);
    /* Which of them this run starts from; NULL: go on with the engine's own state. Sets *csrs false when
     * registers of `csr` files cannot be accessed in it, *why when Unicorn cannot be given this state. */
    uc_context *(*context)(struct unicorn *u, bool *csrs, const char **why);
    /* The instruction at u->last loaded from u->loaded and was executed; NULL: of no interest. */
    void (*loaded)(struct unicorn *u);
};

/* ---- unicorn.c, for the per-ISA files ---- */

/* The state word of a register of the vcpu by file name, or NULL when its guest has none. */
uint64_t *unicorn_state(const struct unicorn *u, const char *name);
/* The run goes on where the last one left the engine with a reservation, which no other state may have. */
bool unicorn_goes_on(const struct unicorn *u);
/* Runs one instruction at pc with the engine's own state and memory. */
uc_err unicorn_step(struct unicorn *u, uint64_t pc);
/* The instruction at u->last, 0 where it cannot be read. */
uint32_t unicorn_instruction(const struct unicorn *u);

/* ---- unicorn_mem.c ---- */
/* Makes the engine's map that of the vcpu's memory. NULL, or why it cannot be done. */
const char *unicorn_map(struct unicorn *u);
void unicorn_invalidate(struct vcpu *c, uint64_t addr, uint64_t size); /* as in struct backend */

/* ---- unicorn_riscv64.c ---- */
extern const struct unicorn_isa unicorn_riscv64;

#endif
