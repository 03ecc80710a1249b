/* Processes: fork, vfork, and which of the kinds of clone(2) is asked for.
 *
 * fork is the host's fork. vfork (CLONE_VM | CLONE_VFORK, also posix_spawn's) is the host's too: the child
 * borrows this program's memory, guest and all, and runs on the vcpu and the user_thread of its parent, which
 * sleeps until the child has called execve or exit. Other threads of the parent go on meanwhile. What the
 * child may not change for its parent is put aside: registers, handlers, mask, numbers.
 */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <limits.h>
#include <linux/sched.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...); /* <sched.h> fights <linux/sched.h> */

/* What the child of a fork does itself; the host is not asked for it. */
#define CLONE_OURS                                                                               \
    (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS | CLONE_VM | \
     CLONE_CLEAR_SIGHAND)

/* ---- what a child starts with ---- */

/* CLONE_CLEAR_SIGHAND: handlers are gone, what is ignored stays so. */
static void clear_handlers(struct user_handlers *h)
{
    for (int sig = 1; sig <= USER_SIGNALS; sig++) {
        if (h->of[sig].handler <= SIGNAL_IGNORE) continue;
        h->of[sig] = (struct user_action){.handler = SIGNAL_DEFAULT};
        signal_mirror(h, sig);
    }
}

static void child_of(struct user_thread *t, const struct clone_request *r)
{
    t->pid = getpid();
    t->tid = gettid();
    t->clear_tid = r->flags & CLONE_CHILD_CLEARTID ? r->child_tid : 0;
    t->robust = t->robust_size = 0;
    t->pending.has_sent = 0;
    t->wanted = false;
    if (r->flags & CLONE_CLEAR_SIGHAND) clear_handlers(t->handlers);
    thread_registers(t, r);
    thread_write_tid(t, r, CLONE_CHILD_SETTID);
}

/* What the parent is told. */
static int64_t parent_of(struct user_thread *t, const struct clone_request *r, int64_t pid, int pidfd)
{
    uint32_t tid = (uint32_t)pid;
    signal_set_mask(t, t->mask);
    if (pid < 0) return pid;
    bool failed = r->flags & CLONE_PARENT_SETTID && user_write(t->p, r->parent_tid, &tid, sizeof(tid));
    failed |= r->flags & CLONE_PIDFD && user_write(t->p, r->pidfd, &pidfd, sizeof(pidfd));
    (void)failed; /* as in the kernel: a bad address is the asker's loss */
    return pid;
}

/* ---- fork ---- */

/* The other threads stayed with the parent, each outside of the engine's code. */
static void forget_others(struct user_thread *t)
{
    struct user_process *p = t->p;
    for (struct user_thread *o = p->threads, *next; o; o = next) {
        next = o->next;
        if (o == t) continue;
        p->opt->backend->close(o->cpu);
        vcpu_free(o->cpu);
        arena_free(&o->scratch);
        munmap(o->host_stack, SIGNAL_HOST_STACK);
        free(o);
    }
    t->next = NULL;
    t->is_first = true;
    p->threads = t;
    p->nthreads = 1;
    p->forked = true;
    p->borrowers = 0;
    pthread_cond_init(&p->gone, NULL);
    pthread_cond_init(&p->goes_on, NULL);
}

/* A translator's code may be memory that is shared with the parent: the child starts an empty one. */
static void reopen(struct user_thread *t)
{
    const struct backend *b = t->p->opt->backend;
    b->close(t->cpu);
    if (b->open(t->cpu)) {
        t->p->unsupported = "no memory for the child's backend";
        user_stop(t->p, 1, 0);
    }
}

/* Only glibc's own fork leaves glibc usable in the child of a process with threads; what it cannot be told
 * (namespaces, another signal at the end) goes to the kernel. */
static int64_t host_fork(const struct clone_request *r, int *pidfd)
{
    uint64_t flags = r->flags & ~(uint64_t)CLONE_OURS;
    if (!flags && r->exit_signal == SIGCHLD && !r->set_tid_size) {
        pid_t pid = fork();
        return pid < 0 ? -errno : pid;
    }
    struct clone_args args = {
        .flags = flags,
        .pidfd = (uint64_t)pidfd,
        .exit_signal = r->exit_signal,
        .set_tid = r->set_tid_size ? (uint64_t)r->set_tid : 0,
        .set_tid_size = r->set_tid_size,
        .cgroup = r->cgroup,
    };
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    return pid < 0 ? -errno : pid;
}

static int64_t fork_process(struct user_thread *t, const struct clone_request *r)
{
    int pidfd = -1;
    if (!signal_hold(t)) return USER_RESTART_ALWAYS;
    if (t->p->opt->strace) fflush(t->p->opt->strace);
    world_stop(t);
    int64_t pid = host_fork(r, &pidfd);
    if (!pid) forget_others(t);
    random_fork(t->p, !pid);
    world_go_on(t);
    if (!pid) {
        t->vfork_child = false;
        t->host = pthread_self();
        reopen(t);
        child_of(t, r);
        signal_set_mask(t, t->mask);
        return 0;
    }
    return parent_of(t, r, pid, pidfd);
}

/* ---- vfork ---- */

struct borrow {
    struct user_thread *t;
    const struct clone_request *r;
    struct user_handlers handlers; /* the child's own */
};

static int borrow_main(void *arg)
{
    struct borrow *b = arg;
    struct user_thread *t = b->t;
    t->vfork_child = true;
    t->handlers = &b->handlers;
    child_of(t, b->r);
    user_call_result(t, 0);
    signal_set_mask(t, t->mask);
    user_run(t);
    syscall(SYS_exit_group, 1); /* not reached: the calls that end a thread end this process */
    return 1;
}

static int64_t borrow_run(struct borrow *b, int *pidfd)
{
    uint64_t ours = CLONE_OURS & ~(uint64_t)CLONE_VM;
    int flags = (int)((b->r->flags & ~ours) | b->r->exit_signal);
    uint8_t *stack = mmap(NULL, USER_HOST_STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return -ENOMEM;
    int pid = clone(borrow_main, stack + USER_HOST_STACK, flags, b, pidfd);
    int64_t result = pid < 0 ? -errno : pid;
    ASAN_UNPOISON_MEMORY_REGION(stack, USER_HOST_STACK); /* the child left its frames by execve */
    munmap(stack, USER_HOST_STACK);
    return result;
}

/* Wherever the child left t: this thread comes from outside. If the process has ended without it, the host's
 * threads are about to. A child that borrows again is its parent's one borrower. */
static int64_t borrow(struct borrow *b, int *pidfd)
{
    struct user_thread *t = b->t;
    struct user_process *p = t->p;
    bool counts = !t->vfork_child;
    pthread_mutex_lock(&p->lock);
    p->borrowers += counts;
    pthread_cond_broadcast(&p->gone);
    pthread_mutex_unlock(&p->lock);
    int64_t pid = borrow_run(b, pidfd);
    world_leave(t);
    pthread_mutex_lock(&p->lock);
    p->borrowers -= counts;
    while (p->over && counts) pthread_cond_wait(&p->gone, &p->lock);
    pthread_mutex_unlock(&p->lock);
    world_enter(t);
    return pid;
}

static int64_t fork_borrow(struct user_thread *t, const struct clone_request *r)
{
    size_t size = t->cpu->guest->state_words * sizeof(uint64_t);
    struct borrow b = {.t = t, .r = r};
    int pidfd = -1;
    if (r->set_tid_size || r->flags & CLONE_INTO_CGROUP) return -EINVAL;
    if (!signal_hold(t)) return USER_RESTART_ALWAYS;
    uint64_t *state = malloc(size);
    if (!state) return parent_of(t, r, -ENOMEM, pidfd);
    memcpy(state, t->cpu->state, size);
    memcpy(b.handlers.of, t->handlers->of, sizeof(b.handlers.of));
    pthread_mutex_init(&b.handlers.lock, NULL);
    struct user_thread kept = *t;
    int64_t pid = borrow(&b, &pidfd);
    arena_free(&t->scratch); /* its execve's */
    pthread_mutex_lock(&t->p->lock);
    kept.next = t->next; /* others came and went */
    kept.executed = t->executed;
    kept.inside = true;
    *t = kept;
    pthread_mutex_unlock(&t->p->lock);
    t->wanted = true; /* what was kept from this thread meanwhile */
    memcpy(t->cpu->state, state, size);
    free(state);
    return parent_of(t, r, pid, pidfd);
}

/* ---- the calls ---- */

static int64_t clone_any(struct user_thread *t, const struct clone_request *r)
{
    uint64_t f = r->flags;
    if (f & CLONE_THREAD) return thread_clone(t, r);
    if (f & CLONE_SIGHAND) return -EINVAL; /* needs CLONE_VM, and then */
    if ((f & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK)) return fork_borrow(t, r);
    /* A process of its own that shares memory and runs on has no host process that could be it. */
    return f & CLONE_VM ? -EINVAL : fork_process(t, r);
}

/* flags, stack, parent_tid, tls, child_tid: the order of CONFIG_CLONE_BACKWARDS. */
int64_t user_clone(struct user_thread *t, const uint64_t a[6])
{
    const struct clone_request r = {
        .flags = a[0] & 0xffffffff & ~(uint64_t)CSIGNAL,
        .exit_signal = a[0] & CSIGNAL,
        .stack = a[1],
        .parent_tid = a[2],
        .pidfd = a[2],
        .tls = a[3],
        .child_tid = a[4],
    };
    if ((r.flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID))
        return -EINVAL;
    return clone_any(t, &r);
}

/* struct clone_args as far as the guest knows it: later fields are zero, unknown ones must be. */
static int read_args(struct user_thread *t, uint64_t addr, uint64_t size, struct clone_args *args)
{
    uint64_t known = size < sizeof(*args) ? size : sizeof(*args), more;
    memset(args, 0, sizeof(*args));
    if (size > CPU_PAGE) return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
    if (user_read(t->p, addr, args, known)) return -EFAULT;
    for (uint64_t i = known; i < size; i += 8) {
        more = 0;
        if (user_read(t->p, addr + i, &more, size - i < 8 ? size - i : 8)) return -EFAULT;
        if (more) return -E2BIG;
    }
    return 0;
}

/* clone3(2), "EINVAL": what does not depend on the process. */
static bool args_agree(const struct clone_args *args, uint64_t size)
{
    bool cgroup = size >= CLONE_ARGS_SIZE_VER2 && args->cgroup <= INT_MAX;
    return !(args->flags & (CSIGNAL | CLONE_DETACHED)) && args->exit_signal <= USER_SIGNALS &&
           !args->stack == !args->stack_size && !args->set_tid == !args->set_tid_size &&
           (cgroup || !(args->flags & CLONE_INTO_CGROUP));
}

int64_t user_clone3(struct user_thread *t, const uint64_t a[6])
{
    struct clone_args args;
    struct clone_request r = {0};
    int err = read_args(t, a[0], a[1], &args);
    if (err) return err;
    if (!args_agree(&args, a[1]) || args.set_tid_size > ARRAY_LEN(r.set_tid)) return -EINVAL;
    if (user_read(t->p, args.set_tid, r.set_tid, args.set_tid_size * sizeof(r.set_tid[0]))) return -EFAULT;
    r.flags = args.flags;
    r.exit_signal = args.exit_signal;
    r.stack = args.stack + args.stack_size;
    r.parent_tid = args.parent_tid;
    r.child_tid = args.child_tid;
    r.pidfd = args.pidfd;
    r.tls = args.tls;
    r.set_tid_size = args.set_tid_size;
    r.cgroup = args.cgroup;
    return clone_any(t, &r);
}
