/* What every way of executing a guest shares: vcpu, guest memory, exits as values, the table of a backend.
 *
 * A vcpu belongs to one thread at a time. Between runs its architectural state is always in vcpu->state,
 * whatever the backend. Nothing here knows an ISA; registers are words that the tables of engine/guest
 * describe.
 */
#ifndef ENGINE_CPU_H
#define ENGINE_CPU_H

#include "engine/base/base.h"

struct guest;  /* engine/guest/guest.h */
struct interp; /* engine/interp/interp.h */
struct vcpu;

/* ---- mem.c: guest-physical memory ---- */

enum {
    CPU_PAGE_BITS = 12,
    CPU_PAGE = 1 << CPU_PAGE_BITS,
    CPU_READ = 1, /* permissions of a region, and kinds of access */
    CPU_WRITE = 2,
    CPU_EXEC = 4,
};

enum mem_page_flag {
    MEM_DIRTY = 1, /* written since mem_clean */
    MEM_CODE = 2,  /* somebody holds a translation of what stands here */
};

struct mem_region {
    uint64_t base, size; /* page-aligned; base + size may be 2^64 exactly, never wraps */
    unsigned perm;       /* CPU_READ | CPU_WRITE | CPU_EXEC */
    uint8_t *host;       /* the bytes */
    uint8_t *flags;      /* enum mem_page_flag, one byte a page */
    const char *name;    /* for messages: "code", "data" */
    bool owned;          /* host was allocated here */
};

/* Code that somebody may hold a translation of, and that is not what it was: [addr, addr+size). */
struct mem_change {
    uint64_t addr, size; /* size 0: only, what could not be executed may be executed now */
};
enum { MEM_CHANGES = 1024 };

struct mem {
    struct mem_region *regions; /* sorted by base, never overlapping */
    unsigned count, cap;        /* regions in use, and allocated */
    uint64_t *dirty;            /* addresses of dirty pages, in the order they became dirty */
    size_t ndirty, dirty_cap;   /* entries in use, and allocated: always one for every page of every region */
    uint64_t code_epoch; /* grows when a MEM_CODE page is written or goes away: translations are stale. In a
                            window any thread may make it grow: see mem_code_epoch */
    struct mem_change changes[MEM_CHANGES]; /* why it grew to e: entry e % MEM_CHANGES; see mem_changes */
    uint64_t map_epoch;                     /* grows when regions change: software TLBs are stale */
    uint64_t dirty_epoch; /* grows when a page must mark its next write again: write tags are stale */
    uint8_t *window;      /* user mode: host address of guest address 0; NULL: there are regions only */
    uint8_t *pages;       /* of the window: CPU_READ | CPU_WRITE | CPU_EXEC | MEM_WATCHED, a byte a page */
    uint64_t guard;       /* bytes of nothing above the window, at least 4 GiB */
    uint64_t below;       /* and below it: as many, or where the window is low all there is */
    const void *owner;    /* of mem_lock: an address that is the thread's own, or NULL */
    unsigned depth;       /* how often the owner holds it */
};

void mem_init(struct mem *m);
void mem_free(struct mem *m);
/* Adds a region of zeroes (host NULL) or over the caller's bytes. -EINVAL: address, size or host not
 * page-aligned, empty or wrapping; -EEXIST: overlaps another; -ENOMEM. Pointers to regions are invalid
 * afterwards. */
MUST_CHECK int mem_add(struct mem *m, uint64_t base, uint64_t size, unsigned perm, void *host,
                       const char *name);
MUST_CHECK int mem_remove(struct mem *m, uint64_t base);         /* -ENOENT: no region starts here */
struct mem_region *mem_find(const struct mem *m, uint64_t addr); /* NULL: unmapped */
/* The host's own accesses: permissions do not apply. -EFAULT: not all is mapped, and nothing was done. */
MUST_CHECK int mem_read(const struct mem *m, uint64_t addr, void *p, size_t n);
MUST_CHECK int mem_write(struct mem *m, uint64_t addr, const void *p, size_t n);
/* A write happens to addr's page: it is dirty, and if it was MEM_CODE, no longer is and code_epoch grows. */
void mem_mark(struct mem *m, struct mem_region *r, uint64_t addr);
/* Somebody holds a translation of addr's page from now on, until code_epoch grows: then all holders must
 * forget their translations from it (mem_changes; or all they have), and mark the pages of new ones again.
 * Within a run, use cpu_watch_code. */
void mem_mark_code(struct mem *m, struct mem_region *r, uint64_t addr);
/* Forgets what is dirty: afterwards m->ndirty is 0, and later writes mark pages again (vcpu_sync drops the
 * write tags that stand in their way). Cost grows with the number of dirty pages only. */
void mem_clean(struct mem *m);

/* ---- window.c, fault.c: user mode. Guest memory is a window of host addresses, guarded by host pages ----
 */

enum {
    MEM_WINDOW_BITS = 38, /* what Linux gives a process with Sv39: 256 GiB */
    MEM_WATCHED = 8,      /* in mem.pages: somebody holds a translation of this page. The host's page cannot
                             be written then, even where the guest may */
};

/* Reserves the window, inaccessible, with guards on both sides. Afterwards the memory has no regions: whoever
 * maps guest pages (engine/user) does so with the host's mmap inside the window and says it with mem_pages.
 */
MUST_CHECK int mem_window_open(struct mem *m);
static inline void *mem_host(const struct mem *m, uint64_t addr) /* no check at all */
{
    return m->window + addr;
}
/* The guest's permissions of these pages are now `perm` and the host's mapping agrees: the host can read what
 * the guest may read or execute, and write what it may write. Hosts cannot grant less than reading, so with
 * any permission comes CPU_READ. If one of them was watched, it no longer is; then, and when code can be
 * executed that could not before, code_epoch grows. Any thread may call it. */
void mem_pages(struct mem *m, uint64_t addr, uint64_t size, unsigned perm);
/* Held around a change of the host's mapping inside the window and the mem_pages that tells it: otherwise a
 * write to a watched page may open it between the two. Also held around fork, or the child may find it held
 * by a thread that it has not got. The same thread may take it again. No guest memory is touched under it. */
void mem_lock(struct mem *m);
void mem_unlock(struct mem *m);
/* The host's kernel is about to write here: what is watched no longer is, and code_epoch grows. True when
 * there was anything to do. */
bool mem_unwatch(struct mem *m, uint64_t addr, uint64_t size);
static inline uint64_t mem_code_epoch(const struct mem *m)
{
    return __atomic_load_n(&m->code_epoch, __ATOMIC_ACQUIRE);
}
void mem_code_changed(struct mem *m, uint64_t addr, uint64_t size); /* translations from here are stale */
/* All that changed since the epoch was *epoch, which becomes what it is now; *n of them. False: too much to
 * remember, so that all may have changed. */
MUST_CHECK bool mem_changes(struct mem *m, uint64_t *epoch, struct mem_change to[MEM_CHANGES], unsigned *n);
/* Called first by the process's SIGSEGV and SIGBUS handler, on the thread that runs c; NULL on a thread
 * without a vcpu. True: the context was changed so that the engine goes on (a watched page was opened, the
 * guest's access becomes a guest fault, a copy of window.h fails). False: the fault is none of those. */
bool cpu_host_fault(struct vcpu *c, int sig, const void *siginfo, void *context);

/* ---- exits ---- */

enum exit_kind {
    EXIT_BUDGET,      /* exactly the budget was executed */
    EXIT_KICKED,      /* cpu_kick asked for it; less than the budget was executed */
    EXIT_HALT,        /* the guest waits for an interrupt */
    EXIT_SYSCALL,     /* pc is the system call instruction itself */
    EXIT_BREAKPOINT,  /* pc is the breakpoint instruction itself */
    EXIT_FAULT,       /* a guest exception; nothing of the instruction happened */
    EXIT_DEVICE,      /* an access to a device region */
    EXIT_SHUTDOWN,    /* the guest switched itself off */
    EXIT_UNSUPPORTED, /* this backend cannot go on; `why` says so in a sentence */
    EXIT_KINDS,
};

struct cpu_exit {
    enum exit_kind kind;
    unsigned cause;    /* EXIT_FAULT, SYSCALL, BREAKPOINT: index into guest->causes */
    uint64_t pc;       /* the instruction that caused it */
    uint64_t value;    /* memory faults: the address; illegal: the instruction's bits; else 0 */
    uint64_t executed; /* instructions retired in this run */
    const char *why;   /* EXIT_UNSUPPORTED: static text */
    bool lost;         /* EXIT_UNSUPPORTED: not the guest's fault, the backend itself broke down */
};

const char *exit_kind_name(enum exit_kind k);

/* ---- vcpu.c ---- */

enum { CPU_TLB_SIZE = 256 };

/* One page's translation; a tag that does not match sends the access to the slow path. Tags are page
 * addresses, ~0 for none; low bits of an unaligned address never match, so unaligned accesses are slow and
 * right. Only a page that is dirty already and holds no code has a write tag, so the slow path sees every
 * write that counts. */
struct tlb_entry {
    uint64_t read_tag, write_tag; /* guest page address, or ~0 */
    uintptr_t addend;             /* host address - guest address */
};

enum { CPU_FRAME = 128 }; /* words */

struct vcpu {
    const struct guest *guest; /* the ISA */
    struct mem *mem;           /* guest-physical memory; outlives the vcpu */
    void *backend;             /* the backend's own data for this vcpu */
    const void *options;       /* for the backend's open, of its own type; NULL: the usual */
    struct interp *interp;     /* the interpreter's, apart: other backends have one for what they do not do */
    struct cpu_exit exit;      /* how the last run ended; faults are noted here */
    const struct backend *runs; /* whose `run` is under way, for cpu_host_fault and cpu_kick; or NULL */
    int kicked;                 /* run soon ends, or the next one ends at once, with EXIT_KICKED; the run
                                   that ends so clears it */
    int host_signal;            /* of the host fault behind the last guest fault: SIGSEGV, SIGBUS, 0 */
    uint64_t host_addr;         /* its guest address */
    uint8_t *window;            /* mem->window, set by run: one load less for each access */
    uint64_t (*clock)(void);    /* the guest's wall clock, when it is read; NULL: what the state holds */
    uint64_t map_epoch;         /* mem->map_epoch that the TLB was filled under */
    uint64_t dirty_epoch;       /* mem->dirty_epoch that its write tags were given under */
    uint64_t tlb_used[CPU_TLB_SIZE / 64];   /* bit per entry that may hold tags, so that flushing is cheap */
    struct tlb_entry tlb[CPU_TLB_SIZE];     /* by low bits of the page number */
    _Alignas(64) uint64_t frame[CPU_FRAME]; /* for what the backend's code keeps near the state */
    _Alignas(64) uint64_t state[];          /* guest->state_words words, laid out by guest->regs */
};

struct vcpu *vcpu_new(const struct guest *g, struct mem *m); /* at reset; NULL: no memory */
void vcpu_free(struct vcpu *c);
void vcpu_reset(struct vcpu *c); /* registers to their reset values; memory untouched */
void vcpu_tlb_flush(struct vcpu *c);
COLD void vcpu_sync_slow(struct vcpu *c);

/* Drops what the TLB remembers wrongly. Each backend's `run` that uses the TLB calls it first, and after
 * anything that changes the memory map, cleans memory or marks code in mid-run. */
static ALWAYS_INLINE void vcpu_sync(struct vcpu *c)
{
    if (unlikely(c->map_epoch != c->mem->map_epoch || c->dirty_epoch != c->mem->dirty_epoch))
        vcpu_sync_slow(c);
}

/* Notes a guest exception in c->exit and returns false, so that a semantic function can `return
 * cpu_fault(…)`. exit.pc is the pc in c->state; a backend that keeps it elsewhere sets it, and `executed`,
 * itself. */
COLD bool cpu_fault(struct vcpu *c, unsigned cause, uint64_t value);

/* ---- access.c: what semantic functions call. False: a fault is noted, and nothing was changed. ---- */

/* An access of any alignment, up to a page long. Addresses wrap at 2^64 (Unpriv 1.4). Aligned ones of 1, 2, 4
 * and 8 bytes are single-copy atomic. A fault's value is the address of the first byte that may not be
 * accessed. */
COLD bool cpu_load_slow(struct vcpu *c, uint64_t addr, void *p, unsigned size);
COLD bool cpu_store_slow(struct vcpu *c, uint64_t addr, const void *p, unsigned size);
/* Up to `want` bytes of code at addr; *got says how many, a multiple of the guest's code_unit. False: not
 * even one unit is executable. For the fault of an instruction's later bytes: cpu_check(c, addr + got, …,
 * CPU_EXEC). */
bool cpu_fetch(struct vcpu *c, uint64_t addr, void *p, unsigned want, unsigned *got);
/* The caller keeps a translation of [addr, addr+size): any write to its pages grows mem->code_epoch. Called
 * before the code is fetched, it misses no write, whichever thread makes it. */
void cpu_watch_code(struct vcpu *c, uint64_t addr, uint64_t size);
/* Faults as an access of this kind to all of [addr, addr+size) would, and does nothing else. */
bool cpu_check(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access);
/* The same where any one kind of access must be allowed; faults as a write (Zicbom's rule). */
bool cpu_check_any(struct vcpu *c, uint64_t addr, uint64_t size);
/* Misaligned to `size`, a power of two: faults as CPU_READ or CPU_WRITE, whichever `access` is. */
bool cpu_align(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access);
bool cpu_store_zeros(struct vcpu *c, uint64_t addr, uint64_t size);
/* Host address of naturally aligned guest memory (at most 16 bytes) that may be read and written, and is
 * marked as written; or NULL with a fault, always that of a write. */
void *cpu_host_rw(struct vcpu *c, uint64_t addr, unsigned size);

/* Guest memory is looked at through these: it has no declared type. */
typedef uint8_t __attribute__((may_alias)) cpu_host8;
typedef uint16_t __attribute__((may_alias)) cpu_host16;
typedef uint32_t __attribute__((may_alias)) cpu_host32;
typedef uint64_t __attribute__((may_alias)) cpu_host64;

#define CPU_ACCESS(bits)                                                                         \
    static ALWAYS_INLINE bool cpu_load##bits(struct vcpu *c, uint64_t addr, uint##bits##_t *out) \
    {                                                                                            \
        const struct tlb_entry *e = &c->tlb[(addr >> CPU_PAGE_BITS) % CPU_TLB_SIZE];             \
        if (unlikely(e->read_tag != (addr & ~(uint64_t)(CPU_PAGE - bits / 8))))                  \
            return cpu_load_slow(c, addr, out, bits / 8);                                        \
        *out = __atomic_load_n((const cpu_host##bits *)(addr + e->addend), __ATOMIC_RELAXED);    \
        return true;                                                                             \
    }                                                                                            \
    static ALWAYS_INLINE bool cpu_store##bits(struct vcpu *c, uint64_t addr, uint##bits##_t v)   \
    {                                                                                            \
        const struct tlb_entry *e = &c->tlb[(addr >> CPU_PAGE_BITS) % CPU_TLB_SIZE];             \
        if (unlikely(e->write_tag != (addr & ~(uint64_t)(CPU_PAGE - bits / 8))))                 \
            return cpu_store_slow(c, addr, &v, bits / 8);                                        \
        __atomic_store_n((cpu_host##bits *)(addr + e->addend), v, __ATOMIC_RELAXED);             \
        return true;                                                                             \
    }
CPU_ACCESS(8)
CPU_ACCESS(16)
CPU_ACCESS(32)
CPU_ACCESS(64)

/* ---- backends ---- */

enum { CPU_STATS = 32 };

/* A number about a backend's work, for people; those of several vcpus are put together. */
struct cpu_stat {
    const char *name; /* "blocks translated" */
    uint64_t value;   /* added up, or of `largest` the largest */
    uint64_t over;    /* not 0: value is shown divided by this, which is added up too */
    bool largest;
    bool time; /* value is nanoseconds: a part of those that its threads spent in `run`, told by the clock */
};

/* A way to execute guests. Every backend, ours or an oracle, is one of these. */
struct backend {
    const char *name;        /* as on the command line: interp, unicorn */
    const char *description; /* one line for `list backends` */
    bool oracle;             /* written by somebody else */
    bool exact_budget;       /* run stops after exactly `budget` instructions */
    bool tracks_writes;      /* marks pages it writes as dirty; else every writable page may have changed */
    /* 0 when it can run this guest on this machine; else -errno and *why is a sentence. */
    int (*probe)(const struct guest *g, const char **why);
    int (*open)(struct vcpu *c); /* attaches to c->backend; 0 or -errno */
    /* Executes up to `budget` instructions from c->state; the result is c->exit. */
    void (*run)(struct vcpu *c, uint64_t budget);
    /* Bytes at [addr, addr+size) were changed by the host: forget translations of them. */
    void (*invalidate)(struct vcpu *c, uint64_t addr, uint64_t size);
    void (*close)(struct vcpu *c);
    const char *(*version)(void); /* for reports */
    bool user;                    /* runs guests in a window (mem_window_open) too */
    bool on_request;              /* is slow, and takes part only in what names it */
    /* Of backends with code of their own, else NULL. Both are called in a signal handler on the thread that
     * runs c. host_fault: as cpu_host_fault, for a fault in that code. kick: the run under way ends soon. */
    bool (*host_fault)(struct vcpu *c, int sig, const void *siginfo, void *context);
    void (*kick)(struct vcpu *c, void *context);
    /* Fills in what was counted about c since it was opened: how many, at most CPU_STATS, always the same
     * ones in the same order. NULL: nothing is counted. */
    unsigned (*stats)(const struct vcpu *c, struct cpu_stat *to);
};

/* Makes a run of c end soon with EXIT_KICKED, at once when it has not begun. In a signal handler on the
 * thread that runs c, `context` is its ucontext_t; else NULL, from any thread, and the run that is under way
 * may not notice. A run that ends otherwise first leaves the kick to the next one. */
void cpu_kick(struct vcpu *c, void *context);

#endif
