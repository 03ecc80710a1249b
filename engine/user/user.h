/* Linux programs of a guest ISA, run with the host's kernel: `lockstep exec`.
 *
 * A guest process is this process, a guest thread a host thread with a vcpu of its own. Guest memory is a
 * window of host addresses (engine/cpu, mem_window_open): a guest pointer p is the host's window + p, so that
 * most system calls go through with their pointers moved and nothing copied. What differs between ISAs
 * (numbers of system calls, structs, the signal frame) is data: specs/linux, and frame_<isa>.c.
 *
 *     elf.c stack.c          a program into memory; what its first instruction finds on the stack
 *     space.c                which guest pages are what: mmap and friends, brk, /proc/self/maps
 *     process.c thread.c     the run loop; clone, exit, futexes; fork.c: fork, vfork, execve, wait
 *     world.c                all threads but one at a standstill
 *     call.c trace.c         a system call from the guest to its row of the table; --strace
 *     file.c memory.c …      calls that need more than their row says
 *     signal.c frame_*.c     host signals to guest signals, and the frames they make
 *     proc*.c random.c       /proc/self as the guest should see it; --seed
 */
#ifndef ENGINE_USER_H
#define ENGINE_USER_H

#include "engine/cpu/cpu.h"
#include "engine/guest/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct user_process;
struct user_thread;
struct user_abi;

/* ---- what exec is asked to do ---- */

enum { USER_STATUS_LIMIT = 124 }; /* as timeout(1) */

struct user_options {
    const char *program;           /* path of the ELF file */
    char *const *argv;             /* the guest's, argv[0] included; NULL-terminated */
    char *const *envp;             /* likewise */
    const char *prefix;            /* -L: where the guest's absolute paths are looked for first; or NULL */
    const struct backend *backend; /* runs the guest */
    const void *backend_options;   /* vcpu->options of every thread; or NULL */
    uint64_t stack_size;           /* bytes; 0: the host's RLIMIT_STACK, at most 64 MiB */
    FILE *strace;                  /* a line for each system call; or NULL */
    FILE *messages;                /* what people should know of a run; or NULL */
    uint64_t limit; /* instructions of the first thread, then all ends with USER_STATUS_LIMIT; 0: none */
    bool seeded;    /* what the kernel gives at random comes from `seed` */
    uint64_t seed;  /* of that */
    bool timed;     /* user_process.run_ns and thread_ns are wanted */
    /* Called before each run of a thread, which then executes at most the budget it gives; the debugger and
     * --trace stand behind it. NULL: none. */
    uint64_t (*before_run)(struct user_thread *t, void *data);
    /* t->cpu->exit says how the run ended; called before that is acted on. NULL: none */
    void (*after_run)(struct user_thread *t, void *data);
    /* A signal is about to be delivered to t, whose registers are as its handler's frame will have them: the
     * one that is delivered instead, or 0. NULL: none */
    int (*signal_comes)(struct user_thread *t, int sig, void *data);
    /* This program is about to take its own place, for a program that t executes: an option more for it, or
     * NULL. `failed`: it is still here. NULL: none */
    const char *(*executes)(struct user_thread *t, bool failed, void *data);
    /* t's last instruction is behind it, its registers are still there. NULL: none */
    void (*thread_ends)(struct user_thread *t, void *data);
    /* Once, when the guest has ended, before user_exec returns or its signal kills this process. NULL: none
     */
    void (*at_end)(struct user_process *p, void *data);
    void *data; /* of those six */
    /* How execve starts this program again: its own argv up to where the guest's program stands (options
     * included), NULL-terminated. Followed by "--argv0", the guest's argv[0], "--", a path, arguments. */
    char *const *again;
};

/* Runs the program until it ends. Returns the status for exit(); when a signal killed the guest, this process
 * is killed by the same one and it does not return. -errno: the program could not be started, or
 * (-ENOTSUP) the backend could not go on, and *why is a sentence. */
int user_exec(const struct user_options *o, struct buf *why);

/* ---- a process ---- */

/* What is mapped, for the areas that share it. */
struct user_file {
    unsigned refs;                 /* areas that have it */
    unsigned dev_major, dev_minor; /* of the file; 0 when there is none */
    uint64_t inode;                /* of the file; 0 when there is none */
    char name[];                   /* its path, or a name like "[vdso]" */
};

/* A piece of the guest's address space, as mmap made it. */
struct user_area {
    uint64_t start, end;    /* page-aligned, end exclusive */
    int prot, flags;        /* as mmap was asked */
    uint64_t offset;        /* in the file */
    struct user_file *file; /* NULL: private anonymous memory */
};

struct user_space {
    pthread_mutex_t lock;          /* of all below */
    struct user_area *areas;       /* sorted, disjoint */
    size_t count, cap;             /* in use, allocated */
    uint64_t shared;               /* shared anonymous mappings made: each is a file of its own */
    uint64_t brk_start, brk;       /* the heap */
    uint64_t mmap_top;             /* mappings without a wish are placed below here, top down */
    uint64_t stack_low, stack_top; /* of the first thread */
};

/* What of an ELF file the process needs to know. */
struct user_image {
    uint64_t base, entry;  /* load bias, entry point */
    uint64_t phdr;         /* guest address of its program headers */
    unsigned phent, phnum; /* their size and number */
    uint64_t low, high;    /* addresses it takes */
    char interp[4096];     /* PT_INTERP, or "" */
    bool exec_stack;       /* PT_GNU_STACK asks for it */
};

enum { USER_SIGNALS = 64 };

/* Of the guest, for each signal; its own numbers (all our guests number them alike). */
struct user_action {
    uint64_t handler, flags, mask, restorer; /* as rt_sigaction gave them; handler 0 default, 1 ignore */
};

/* Shared by all threads of a process; a child of vfork has its own while it borrows its parent's memory. */
struct user_handlers {
    pthread_mutex_t lock; /* of `of`; never held across a call that waits */
    struct user_action of[USER_SIGNALS + 1];
};

/* A limit that would limit the engine too, so that the host does not know it. */
struct user_limit {
    bool set;            /* the guest set it; else it is the host's */
    uint64_t soft, hard; /* as RLIMIT_… have it */
};

struct user_process {
    const struct user_options *opt;
    const struct guest *guest;  /* the ISA */
    const struct user_abi *abi; /* its Linux */
    struct mem mem;             /* the window */
    struct user_space space;
    struct user_image image, interp;    /* the program, its dynamic linker (interp.entry 0: none) */
    char *exe;                          /* absolute path of what was loaded, for /proc/self/exe */
    char **argv;                        /* the program's: a script's interpreter has put itself in front */
    uint64_t auxv;                      /* guest address of the auxiliary vector */
    uint64_t sigreturn;                 /* guest address of the code that a handler returns to */
    pthread_mutex_t lock;               /* of all below */
    pthread_cond_t gone;                /* a thread took itself off `threads`, or went outside (world.c) */
    pthread_cond_t goes_on;             /* the world does, after a stop */
    struct user_thread *threads;        /* all that live */
    unsigned nthreads;                  /* how many */
    struct user_handlers handlers;      /* what each signal does */
    pthread_t ended;                    /* the host thread of the last one that ended, to be joined */
    bool has_ended;                     /* there is one */
    unsigned borrowers;                 /* of `threads`: asleep until a child of vfork has ended */
    bool over;                          /* the process ends without them: they must not come back */
    bool forked;                        /* this is a child that fork made, not what user_exec started */
    atomic_bool exiting;                /* user_stop was called: every thread ends */
    atomic_uint watched;                /* what threads have to see to when they come and go: world.c */
    int status, killed_by;              /* what it was told */
    const char *unsupported;            /* a backend could not go on: why; or NULL */
    uint64_t unsupported_pc;            /* where */
    uint64_t executed;                  /* instructions of threads that ended */
    uint64_t thread_ns;                 /* by the clock, from their beginnings to their ends; .. */
    uint64_t run_ns;                    /* ..in their backend, if opt->timed */
    unsigned nrun;                      /* how many threads those are */
    struct rng random;                  /* --seed: where random bytes come from */
    struct cpu_stat stats[CPU_STATS];   /* what the backend counted for them */
    unsigned nstats;                    /* in use */
    unsigned long named_calls[16];      /* bit for each unknown system call that was named */
    const struct guest_row *absent[16]; /* instructions that were named */
    int kept[8];                  /* descriptors of our own, which the guest cannot touch (user_keep_fd) */
    unsigned nkept;               /* in use; grows only */
    uint64_t flushed;             /* mem's code_epoch when all threads last had dropped what was older */
    int strace_fd;                /* where --strace goes, one of them; 0: not yet */
    struct user_limit limits[16]; /* by resource: what the guest believes its own memory limits are */
};

/* The signals that host code must be able to raise at any time: never blocked on the host while a guest runs,
 * so what others send of them is kept here while the guest blocks it. */
enum { USER_NEVER_BLOCKED = 5 }; /* SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV */

/* Signals that the host's handler took in and that user_deliver passes on. The host's mask is the guest's, so
 * the host's kernel keeps everything else: there, once `taken` holds a signal, all others wait. */
struct user_pending {
    siginfo_t taken;                    /* as the host gave it */
    volatile sig_atomic_t has_taken;    /* `taken` is one */
    siginfo_t sent[USER_NEVER_BLOCKED]; /* of those, what somebody sent */
    atomic_uint has_sent;               /* a bit each */
    volatile sig_atomic_t kicks;        /* grows when a handler ran that gives the guest nothing */
};

struct user_thread {
    struct user_process *p;
    struct user_thread *next; /* in p->threads */
    struct vcpu *cpu;
    pthread_t host;                 /* the thread that runs it */
    int pid, tid;                   /* as getpid and gettid say there: a child of vfork has its own */
    uint64_t clear_tid;             /* guest address that is zeroed and woken when it ends, or 0 */
    uint64_t robust, robust_size;   /* set_robust_list */
    struct user_handlers *handlers; /* p->handlers, or a vfork child's own */
    uint64_t mask;                  /* the guest's blocked signals: bit sig - 1, as the kernel has it */
    uint64_t suspended;             /* what sigsuspend, ppoll … put back */
    bool restore_mask;              /* `suspended` is to become the mask once a handler was set up */
    uint64_t alt_sp, alt_size;      /* sigaltstack */
    int alt_flags;                  /* SS_DISABLE, SS_AUTODISARM */
    atomic_bool wanted;             /* signals wait, or the process is exiting: leave the run loop's inside */
    struct user_pending pending;    /* for user_deliver */
    bool vfork_child;               /* runs in a child process that borrows its parent's memory */
    bool is_first;                  /* of the process */
    bool ended;                     /* exit was called: user_run returns */
    struct arena scratch;           /* of execve */
    void *host_stack; /* the alternate stack of the host's handlers, and what was there before */
    stack_t host_stack_before;
    uint64_t executed;  /* instructions so far */
    uint64_t born;      /* when it began, by the clock */
    uint64_t run_ns;    /* in the backend so far, if opt->timed */
    atomic_bool inside; /* the engine's code, as against a wait: world.c */
};

extern _Thread_local struct user_thread *user_self; /* for signal handlers */

/* ---- process.c ---- */
/* Runs t until it ends: runs the vcpu, serves system calls, turns guest faults into signals, delivers
 * signals. */
void user_run(struct user_thread *t);
/* exit_group, or a signal that kills (sig, else 0): every thread leaves its run, or its system call, and ends
 * soon; user_exec then ends the process. Any thread may call it; the first caller decides how it ends. */
void user_stop(struct user_process *p, int status, int sig);
void user_thread_free(struct user_thread *t); /* takes it off p->threads */
/* At reset, on p->threads, with the process's handlers; NULL: no memory. Whoever runs it opens and closes the
 * backend, on the host thread that runs it. */
struct user_thread *user_thread_new(struct user_process *p);
void user_thread_close(struct user_thread *t); /* closes the backend, and keeps what it counted */

/* ---- host_stack.c ---- */
enum { USER_HOST_STACK = 1 << 20 }; /* enough for a host thread; the guest's stack is guest memory */
/* Calls body(arg), on a stack of its own if the host's limit is too small. Its result, or -ENOMEM. */
MUST_CHECK int user_on_host_stack(int (*body)(void *arg), void *arg);

/* ---- world.c ---- */
void world_open(struct user_process *p); /* before the second thread */
/* Around everything that may wait for long, with no lock held: t touches nothing of ours in between. */
void world_leave(struct user_thread *t);
void world_enter(struct user_thread *t);
void world_pass(struct user_thread *t); /* both, if somebody waits for it */
/* All other threads are outside, or ended and gone from the host, until world_go_on. p->lock is held
 * meanwhile. */
void world_stop(struct user_thread *t);
void world_go_on(struct user_thread *t);
/* Waits until the host's threads of those that took themselves off `threads` are gone. */
void world_join(struct user_process *p);
/* t, on its own host thread, is about to take itself off `threads`. Who did so before: to be joined after. */
MUST_CHECK bool world_last(struct user_thread *t, pthread_t *before);

/* ---- absent.c ---- */
/* The backend could not go on. True: because lockstep has not got this instruction yet; what a machine
 * without it would do is now the exit, and it was named on opt->messages. */
bool user_absent(struct user_thread *t);

/* ---- thread.c ---- */
/* On t's host thread, when it has left user_run for good: what the guest's kernel does at a thread's end,
 * then signal_release, closes the backend, user_thread_free. */
void user_thread_end(struct user_thread *t);

/* How the process ends when its last thread is gone, other than by returning from user_exec (a child of fork
 * on a thread that user_exec did not start): calls at_end, dies of p->killed_by or exits with the status. */
void user_end(struct user_process *p) __attribute__((noreturn));

/* ---- load.c: the program, or the interpreter of a script, and the dynamic linker ---- */
/* Opens p->opt->program, or the interpreter that it names (#!); sets guest, abi, exe and argv. A descriptor,
 * or -errno with a sentence in why. */
MUST_CHECK int user_open_program(struct user_process *p, struct buf *why);
/* Maps what user_open_program opened and what it needs. 0 or -errno with a sentence in why. */
MUST_CHECK int user_load(struct user_process *p, int fd, struct buf *why);
/* Where the guest's path is on the host: an absolute one under the prefix, when something is there, else as
 * it is, and so is what the kernel itself makes (/proc, /sys, /dev). `room` is where the answer may be
 * written; a path that does not fit is not looked for. */
const char *user_path(const struct user_process *p, const char *path, char room[4096]);

/* ---- elf.c: maps a file's segments. 0 or -errno with a sentence in why ---- */
MUST_CHECK int elf_load(struct user_process *p, int fd, const char *path, bool is_interp,
                        struct user_image *out, struct buf *why);

/* ---- stack.c: argv, envp, auxv; sets sp and pc of the thread. 0 or -errno ---- */
MUST_CHECK int stack_build(struct user_thread *t, struct buf *why);

/* ---- random.c ---- */
void random_start(struct user_process *p);                               /* before the first of those below */
void random_fork(struct user_process *p, bool child);                    /* in both, with p->lock held */
MUST_CHECK int random_bytes(struct user_process *p, void *to, size_t n); /* 0 or -EIO */

/* ---- space.c: 0 or an address, or -errno as the guest's kernel would give it. Any thread may call these
 * ---- */
MUST_CHECK int space_open(struct user_process *p, uint64_t stack_size); /* opens p->mem too. 0 or -errno */
void space_close(struct user_process *p);
/* name: what /proc/self/maps says; NULL: the path of the file, if there is one. */
int64_t space_map(struct user_process *p, uint64_t addr, uint64_t len, int prot, int flags, int fd,
                  uint64_t off, const char *name);
int64_t space_unmap(struct user_process *p, uint64_t addr, uint64_t len);
int64_t space_protect(struct user_process *p, uint64_t addr, uint64_t len, int prot);
int64_t space_remap(struct user_process *p, uint64_t old, uint64_t old_len, uint64_t new_len, int flags,
                    uint64_t addr);
int64_t space_brk(struct user_process *p, uint64_t addr);
void space_maps(struct user_process *p, struct buf *out); /* the text of /proc/self/maps */
/* [addr, addr+len) lies inside the window; nothing is said about what is mapped. */
bool space_inside(uint64_t addr, uint64_t len);
/* The guest access to addr that failed hit something mapped (SEGV_ACCERR) or not (SEGV_MAPERR). */
bool space_mapped(struct user_process *p, uint64_t addr);
/* Copies that survive any guest address: 0 or -EFAULT. */
MUST_CHECK int user_read(struct user_process *p, uint64_t addr, void *to, size_t n);
MUST_CHECK int user_write(struct user_process *p, uint64_t addr, const void *from, size_t n);

/* ---- file_own.c ---- */
/* Moves fd out of the guest's way, closing it, and keeps the guest from touching it. The new one, or -errno.
 */
MUST_CHECK int user_keep_fd(struct user_process *p, int fd);

/* ---- call.c ---- */
/* Serves the system call that the registers ask for, sets the result, and moves pc past the instruction (or
 * leaves it, when the call is to be made again after a signal). */
void user_call(struct user_thread *t);
/* Sets the result register and moves pc past the instruction; for USER_RESTART and USER_RESTART_NOHAND it
 * does nothing, so that the call is made again; so for USER_RESTART_ALWAYS. */
void user_call_result(struct user_thread *t, int64_t result);
/* What a served call gives instead of a result when a signal came first. */
enum user_restart {
    USER_RESTART = -512, /* a handler without SA_RESTART makes it -EINTR; else the call is made again */
    USER_RESTART_ALWAYS = -513, /* made again, handler or not: nothing of it has happened */
    USER_RESTART_NOHAND = -514  /* any handler makes it -EINTR (sleeps, polls); else the call is made again */
};
static inline bool user_interrupted(int64_t result)
{
    return result >= USER_RESTART_NOHAND && result <= USER_RESTART;
}

/* ---- host_call.c ---- */
/* A host system call that a signal cannot slip in front of: its result or -errno; USER_RESTART when a signal
 * interrupted it; USER_RESTART_ALWAYS when one waits already and it was not made. Every call that may wait
 * goes through here. A call that signal(7) says is never restarted turns USER_RESTART into
 * USER_RESTART_NOHAND and passes the others on. */
int64_t user_host_call(struct user_thread *t, long number, const uint64_t args[6]);

/* ---- signal.c ---- */
/* Installs the host's handlers and takes over what the parent left ignored and blocked (the threads on
 * p->threads get that mask). Called once, when the first thread exists. 0 or -errno. */
MUST_CHECK int signal_start(struct user_process *p);
/* On the host thread that runs t, before it does: user_self, tid, alternate stack, the host's mask. */
MUST_CHECK int signal_adopt(struct user_thread *t);
void signal_release(struct user_thread *t); /* undoes it; all signals are blocked afterwards */
void signal_die(int sig)
    __attribute__((noreturn)); /* this process dies of sig, as one that handles nothing */
/* The host's mask for a guest's. For ppoll, pselect6, epoll_pwait …: pass the address of this instead of the
 * guest's set to user_host_call, and its result through signal_masked. */
uint64_t signal_host_mask(uint64_t guest);
int64_t signal_masked(struct user_thread *t, uint64_t guest_mask, int64_t result);
/* t soon leaves its run, or its system call, to look at t->wanted, which the caller has set. */
void signal_kick(struct user_thread *t);
/* ---- deliver.c ---- */
/* Delivers what waits and is not blocked: sets up the frame, or takes the default action. `call`: the result
 * that a system call is about to give, which may be USER_RESTART…; decides what those become and passes it to
 * user_call_result, exactly once and before the first frame. NULL outside of a call. */
void user_deliver(struct user_thread *t, int64_t *call);
void signal_fault(struct user_thread *t); /* t->cpu->exit is a guest fault: the signal a kernel would send */
void signal_force(struct user_thread *t, int sig, int code, uint64_t addr); /* cannot be blocked or ignored */
/* The ISA's part: frame_<isa>.c. 0 or -EFAULT: the stack cannot take it. */
struct user_frame_ops {
    int (*push)(struct user_thread *t, const siginfo_t *info, const struct user_action *a, int sig);
    int64_t (*pop)(struct user_thread *t); /* 0, -EFAULT, USER_RESTART_ALWAYS: nothing was done */
};

/* ---- the ISA's Linux: abi_<isa>.c and generated tables ---- */
struct call_table; /* call.h */
struct user_abi {
    const char *machine;              /* uname's: "riscv64" */
    unsigned elf_machine;             /* e_machine */
    const char *platform;             /* AT_PLATFORM, or NULL */
    uint64_t hwcap;                   /* AT_HWCAP */
    unsigned reg_number, reg_args[6]; /* state words: the number of the call, its arguments */
    unsigned reg_result, reg_sp, reg_tls;
    unsigned call_length;  /* bytes of the system call instruction */
    unsigned sigframe_min; /* AT_MINSIGSTKSZ */
    const struct user_frame_ops *frame;
    bool action_restorer;           /* struct sigaction has sa_restorer */
    const uint32_t *sigreturn_code; /* instructions that call rt_sigreturn */
    unsigned sigreturn_words;
    const struct call_table *calls; /* generated: call_table_riscv64 */
    /* What /proc/cpuinfo says of one processor; NULL: the host's file. */
    void (*cpuinfo)(const struct user_process *p, unsigned cpu, struct buf *out);
};
extern const struct user_abi abi_riscv64;
const struct user_abi *user_abi_of(const struct guest *g); /* NULL: no Linux for it yet */

/* ---- thread.c, fork.c: system calls of their own (the rows say `c: user_clone` …) ---- */

#endif
