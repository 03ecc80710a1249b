/* What the files about signals, threads and processes share; the rest of user mode needs user.h only. */
#ifndef ENGINE_USER_SIGNALS_H
#define ENGINE_USER_SIGNALS_H

#include "engine/user/user.h"

#include <ucontext.h>

#define SIGNAL_BIT(sig) (1ull << ((sig)-1))

enum {
    SIGNAL_DEFAULT = 0, /* user_action.handler */
    SIGNAL_IGNORE = 1,
    SIGNAL_SA_RESTORER = 0x04000000,     /* of sa_flags; glibc's headers do not name these two */
    SIGNAL_HOST_STACK = 64 << 10,        /* of the host's handlers: the largest frames, AMX's, are 11 KiB */
    SIGNAL_AUTODISARM = -0x7fffffff - 1, /* of ss_flags: bit 31 */
};

/* What a signal without a handler does (signal(7)). */
enum signal_default { DEFAULT_END, DEFAULT_NOTHING, DEFAULT_STOP };
enum signal_default signal_default_of(int sig);

/* ---- host_call.c ---- */
void host_call_fixup(ucontext_t *u); /* in a handler: a call that was not made yet never is */

/* ---- signal.c ---- */
extern const uint64_t signal_never_blocked; /* bits of the USER_NEVER_BLOCKED */
int signal_never_index(int sig);            /* in user_pending.sent, or -1 */
int signal_never_at(int index);             /* the signal of an index */
/* Something of user_pending.sent may be delivered under this mask. */
bool signal_sent_is_due(const struct user_thread *t, uint64_t mask);
/* Makes the host's disposition of sig what the guest's asks for. The caller holds h->lock. */
void signal_mirror(const struct user_handlers *h, int sig);
/* Keeps the host's handler from taking signals in, those that are never blocked excepted. False: one has been
 * taken and waits to be delivered; the caller's call is to be made again (USER_RESTART_ALWAYS). */
MUST_CHECK bool signal_hold(struct user_thread *t);
/* The guest's mask becomes `mask`, here and on the host. Only between signal_hold and this: ends it. */
void signal_set_mask(struct user_thread *t, uint64_t mask);
/* The same from within a system call, where nothing may be taken in that the new mask blocks: 0, or
 * USER_RESTART_ALWAYS and nothing was done. */
MUST_CHECK int64_t signal_change_mask(struct user_thread *t, uint64_t mask);
/* All signals of this thread, as the kernel has it: for creating threads. Returns what was blocked. */
uint64_t signal_host_block(uint64_t mask);
void signal_before_exec(struct user_thread *t); /* the host's dispositions are exactly the guest's */
void signal_after_exec(struct user_thread *t);  /* it failed: as they were */

/* ---- deliver.c ---- */
/* The altstack rules: sp is on it (SS_ONSTACK), there is none (SS_DISABLE), or 0. */
int signal_stack_flags(const struct user_thread *t, uint64_t sp);
/* Where a frame goes, before its size is taken off: the alternate stack or the current one. */
uint64_t signal_stack_pick(const struct user_thread *t, const struct user_action *a, uint64_t sp);

/* ---- signal_call.c ---- */
/* sigreturn's part of sigaltstack: what the kernel would refuse is left as it is. */
void signal_stack_restore(struct user_thread *t, uint64_t sp_now, uint64_t sp, int flags, uint64_t size);

/* ---- thread.c ---- */
/* clone's and clone3's arguments. */
struct clone_request {
    uint64_t flags;                        /* CLONE_…, without the signal */
    uint64_t exit_signal;                  /* what the parent gets when the child has ended */
    uint64_t stack;                        /* the child's sp; 0: its parent's */
    uint64_t tls;                          /* CLONE_SETTLS */
    uint64_t parent_tid, child_tid, pidfd; /* guest addresses for numbers */
    int32_t set_tid[32];                   /* the child's numbers, one a PID namespace */
    uint64_t set_tid_size;                 /* of them */
    uint64_t cgroup;                       /* CLONE_INTO_CGROUP: a descriptor */
};
int64_t thread_clone(struct user_thread *t, const struct clone_request *r);
void thread_registers(struct user_thread *t, const struct clone_request *r); /* of the child */
/* A child's number where it was asked for: `which` is CLONE_PARENT_SETTID or CLONE_CHILD_SETTID. */
void thread_write_tid(struct user_thread *t, const struct clone_request *r, uint64_t which);

/* ---- futex.c ---- */
void futex_thread_ends(struct user_thread *t); /* robust locks it holds, and who waits for its end */

/* ---- frame_<isa>.c ---- */
extern const struct user_frame_ops frame_riscv64;

#endif
