/* Inside of the QEMU backend: what its files share.
 *
 * To add an ISA: write qemu_<isa>.c with a struct qemu_isa, declare it below, and name it in qemu.c's table.
 * What QEMU executes wrongly is not repaired here: that is data, in corpora/quirks/.
 */
#ifndef HARNESS_ORACLE_QEMU_H
#define HARNESS_ORACLE_QEMU_H

#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"

#include "harness/oracle/qemu_shared.h"

#include <sys/types.h>

enum {
    QEMU_SECONDS = 5, /* without an answer: it hangs */
};

/* Registers in a signal's frame: `count` of them from `offset` on, each `bytes` long, and of that the bits
 * from `lo` on, as many as the register has. */
struct qemu_slot {
    const char *file; /* as in the guest's tables; index `first` is at `offset` */
    unsigned first;   /* register number */
    unsigned offset;  /* in the frame */
    unsigned bytes;   /* of each: 4 or 8 */
    unsigned lo;      /* lowest bit */
};

/* A way to start QEMU. */
struct qemu_model {
    const char *cpu;    /* for -cpu */
    const char *single; /* the option to translate single instructions */
};

struct qemu_isa {
    const char *guest;               /* the guest's name; the program is "qemu-" and that */
    const struct qemu_model *models; /* the richest first, NULL-terminated */
    const char *start;               /* assembly: arguments for the mmap of QEMU_SHARED, before `call` */
    const char *call;                /* a system call */
    const char *back;                /* behind it, and where signals arrive: notes result and frame, ends a
                                        reservation, and makes ready for rt_sigreturn from QEMU_ASK by `call` */
    const struct qemu_slot *slots;   /* the frame's registers */
    unsigned nslots;                 /* how many */
    unsigned info, stack;            /* offsets of siginfo_t and of the ucontext's stack_t in the frame */
};

/* A register of the vcpu in a frame. */
struct qemu_word {
    uint16_t word, offset; /* in the vcpu's state; in the frame */
    uint8_t bytes, lo;     /* as in struct qemu_slot */
    uint64_t mask;         /* its bits, moved down */
};

/* A region as it is mapped in QEMU. */
struct qemu_mapping {
    uint64_t base, size; /* as in struct mem_region */
    unsigned perm;       /* CPU_* */
    unsigned offset;     /* in the shared memory */
    bool stale;          /* its code has changed since QEMU was told */
};

/* A process of QEMU with our program in it, waiting for work. */
struct qemu_process {
    const struct guest *guest;  /* the ISA */
    const struct qemu_isa *isa; /* facts about it */
    pid_t pid;                  /* 0: none */
    const char *lost;           /* then why, where it was to go on */
    uint8_t *shared;            /* QEMU_SIZE bytes */
    struct qemu_door *door;     /* in it */
    int fd;                     /* of those */
    uint64_t call, back;        /* guest addresses of the system call instruction, and of what is behind it */
    struct qemu_word *words;    /* registers in frames */
    unsigned nwords;            /* how many */
    unsigned frame_size;        /* bytes up to the last of them */
};

enum { QEMU_GUESTS = 4, QEMU_EXTS = 128 };

/* What there is, for an ISA. */
struct qemu_facts {
    const struct qemu_isa *isa;     /* NULL: not looked for yet */
    const struct qemu_model *model; /* how it starts; NULL: it does not */
    const char *why;                /* then why not */
    bool missing[QEMU_EXTS];        /* by index of the guest's extensions: none of its instructions runs */
};

/* A register that QEMU cannot be given. */
struct qemu_fixed {
    unsigned word;   /* of the state */
    const char *why; /* the sentence */
};

struct qemu {
    const struct qemu_isa *isa;     /* facts about its ISA */
    const struct qemu_facts *facts; /* and about the QEMU there is */
    struct vcpu *cpu;               /* whose backend this is */
    struct qemu_process process;    /* may have to be started again */
    uint64_t *reset;                /* the state that registers must have which are in no frame */
    struct qemu_fixed *fixed;       /* those */
    unsigned nfixed;                /* how many */
    const char *without[QEMU_EXTS]; /* for each missing extension, the sentence */
    struct qemu_mapping *maps;      /* what is mapped */
    unsigned nmaps;                 /* how many */
    uint64_t map_epoch;             /* mem->map_epoch that maps were made under */
    const char *unmapped;           /* why a region could not be mapped, or NULL */
    bool scanned;                   /* code_why is about the code as it stands */
    uint64_t scanned_at;            /* and a run from here */
    const char *code_why;           /* why it cannot be run, or NULL */
    struct arena text;              /* sentences */
};

/* ---- qemu_process.c ---- */
/* Starts QEMU. False: *why is a sentence. */
bool qemu_start(struct qemu_process *p, const struct guest *g, const struct qemu_isa *isa,
                const struct qemu_model *model, const char **why);
void qemu_stop(struct qemu_process *p);
/* Runs from the frame at QEMU_ASK until the program waits again. False: there is no QEMU any more. */
bool qemu_resume(struct qemu_process *p, uint64_t budget);

/* ---- qemu_frame.c ---- */
/* Looks up where registers are in frames. */
void qemu_frame_init(struct qemu_process *p);
/* The frame that the next run starts from gets these registers. */
void qemu_frame_write(struct qemu_process *p, const uint64_t *state);
/* The frame of the signal that ended the latest run, its registers in `state`; NULL: there is none. */
const uint8_t *qemu_frame_latest(const struct qemu_process *p, uint64_t *state);
/* A system call that the next run begins with; nobody looks at its result. */
void qemu_call_first(struct qemu_process *p, const char *name, const uint64_t args[6]);
/* A system call in QEMU: its result, or -EIO when QEMU is gone. */
int64_t qemu_call(struct qemu_process *p, const char *name, const uint64_t args[6]);

/* ---- qemu_mem.c ---- */
/* Makes QEMU's map that of the vcpu's memory. NULL, or why it cannot be done. */
const char *qemu_map(struct qemu *q);
void qemu_copy_in(struct qemu *q);  /* the vcpu's memory to QEMU's */
void qemu_forget(struct qemu *q);   /* translations of code that changed; before a run's registers are set */
void qemu_copy_out(struct qemu *q); /* and what can be written, back */
/* Some access of `access` (CPU_*) is allowed at an address. */
bool qemu_may(const struct qemu *q, uint64_t addr, unsigned access);

/* ---- qemu_exit.c ---- */
/* Sets the vcpu's exit from the frame of the signal that ended the run. False: it stands for none. */
bool qemu_leave(struct qemu *q, const uint8_t *frame);

/* ---- qemu_probe.c ---- */
/* `unprobed`: the backend itself, to be opened without asking this again. */
const struct qemu_facts *qemu_facts(const struct guest *g, const struct qemu_isa *isa,
                                    const struct backend *unprobed);
/* Its version as text; false: it is not there. */
bool qemu_read_version(const struct qemu_isa *isa, char *to, size_t size);

/* ---- qemu_plugin.c ---- */
extern const uint64_t qemu_plugin_size;
extern const char qemu_plugin_bytes[];

/* ---- qemu_riscv64.c ---- */
extern const struct qemu_isa qemu_riscv64;

#endif
