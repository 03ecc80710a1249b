/* Threads: a guest's thread is a host thread with a vcpu of its own; how they start and end. */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the new host thread is told, on the stack of the thread that waits for it. */
struct thread_start {
    struct user_thread *t; /* it may have ended, once it is `ready` */
    const struct clone_request *request;
    int err;     /* why it could not start, or 0 */
    int tid;     /* its number */
    sem_t ready; /* the fields above are the waiting thread's again */
};

/* What threads share unless they ask not to: a host thread starts with all of it (unshare(2)). */
static int share_less(uint64_t flags)
{
    int less = (flags & CLONE_FS ? 0 : CLONE_FS) | (flags & CLONE_FILES ? 0 : CLONE_FILES) |
               (flags & CLONE_SYSVSEM ? 0 : CLONE_SYSVSEM);
    return less && unshare(less) ? -errno : 0;
}

/* A child's number where it was asked for. As in the kernel, a bad address is the asker's loss. */
void thread_write_tid(struct user_thread *t, const struct clone_request *r, uint64_t which)
{
    uint32_t tid = (uint32_t)t->tid;
    uint64_t addr = which == CLONE_PARENT_SETTID ? r->parent_tid : r->child_tid;
    if (r->flags & which && user_write(t->p, addr, &tid, sizeof(tid))) return;
}

static int start(struct user_thread *t, const struct clone_request *r)
{
    int err = share_less(r->flags);
    if (err) return err;
    err = t->p->opt->backend->open(t->cpu);
    if (err) return err;
    err = signal_adopt(t);
    if (err) {
        t->p->opt->backend->close(t->cpu);
        return err;
    }
    thread_write_tid(t, r, CLONE_PARENT_SETTID);
    thread_write_tid(t, r, CLONE_CHILD_SETTID);
    return 0;
}

static void *thread_main(void *arg)
{
    struct thread_start *s = arg;
    struct user_thread *t = s->t;
    int err = s->err = start(t, s->request);
    s->tid = t->tid;
    sem_post(&s->ready);
    if (err) return NULL;
    user_run(t);
    struct user_process *p = t->p;
    bool first = t->is_first; /* it forked: nobody else ends the new process */
    user_thread_end(t);
    if (first) user_end(p);
    return NULL;
}

void user_thread_end(struct user_thread *t)
{
    pthread_t before;
    if (t->p->opt->thread_ends) t->p->opt->thread_ends(t, t->p->opt->data);
    futex_thread_ends(t);
    signal_release(t);
    user_thread_close(t);
    bool join = !t->is_first && world_last(t, &before); /* the first one's host thread waits for the others */
    user_thread_free(t);
    if (join) pthread_join(before, NULL);
}

/* glibc takes this signal when it starts its first thread, to change the ids of all; the guest's may need it.
 */
enum { SIGNAL_SETXID = 33 };

static int host_thread(struct thread_start *s)
{
    struct user_handlers *h = s->t->handlers;
    pthread_attr_t attr;
    pthread_t host;
    uint64_t mask;
    int err = pthread_attr_init(&attr);
    if (err) return -err;
    pthread_attr_setstacksize(&attr, USER_HOST_STACK);
    mask = signal_host_block(~0ull); /* until signal_adopt */
    err = pthread_create(&host, &attr, thread_main, s);
    pthread_mutex_lock(&h->lock);
    signal_mirror(h, SIGNAL_SETXID);
    pthread_mutex_unlock(&h->lock);
    signal_host_block(mask);
    pthread_attr_destroy(&attr);
    if (err) return -err;
    while (sem_wait(&s->ready)) continue;
    if (s->err) pthread_join(host, NULL);
    return s->err;
}

/* What clone(2) gives a child other than its parent's registers. */
void thread_registers(struct user_thread *t, const struct clone_request *r)
{
    const struct user_abi *abi = t->p->abi;
    if (r->stack) t->cpu->state[abi->reg_sp] = r->stack;
    if (r->flags & CLONE_SETTLS) t->cpu->state[abi->reg_tls] = r->tls;
}

int64_t thread_clone(struct user_thread *t, const struct clone_request *r)
{
    const uint64_t need = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    const uint64_t may = need | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                         CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED |
                         CLONE_IO | CLONE_PTRACE;
    struct thread_start s = {.request = r};
    if ((r->flags & need) != need || r->flags & ~may || t->vfork_child) return -EINVAL;
    if (!signal_hold(t)) return USER_RESTART_ALWAYS;
    int64_t result = -ENOMEM;
    struct user_thread *new = s.t = user_thread_new(t->p);
    if (new) {
        new->handlers = t->handlers;
        new->mask = t->mask;
        new->alt_flags = SS_DISABLE;
        new->clear_tid = r->flags &CLONE_CHILD_CLEARTID ? r->child_tid : 0;
        memcpy(new->cpu->state, t->cpu->state, t->cpu->guest->state_words * sizeof(uint64_t));
        thread_registers(new, r);
        user_call_result(new, 0);
        sem_init(&s.ready, 0, 0);
        int err = host_thread(&s);
        sem_destroy(&s.ready);
        result = err ? err : s.tid;
        if (err) user_thread_free(new);
    }
    signal_set_mask(t, t->mask);
    return result == -ENOMEM ? -EAGAIN : result;
}

/* ---- the calls ---- */

/* What was taken in for this thread would be lost with it. */
int64_t user_exit(struct user_thread *t, const uint64_t a[6])
{
    if (t->vfork_child) syscall(SYS_exit_group, (int)a[0]);
    if (!signal_hold(t)) return USER_RESTART_ALWAYS;
    if (t->tid == getpid() && !t->p->exiting) t->p->status = (int)a[0] & 0xff;
    t->ended = true;
    return 0;
}

int64_t user_exit_group(struct user_thread *t, const uint64_t a[6])
{
    if (t->vfork_child) syscall(SYS_exit_group, (int)a[0]);
    user_stop(t->p, (int)a[0] & 0xff, 0);
    t->ended = true;
    return 0;
}

int64_t user_set_tid_address(struct user_thread *t, const uint64_t a[6])
{
    t->clear_tid = a[0];
    return t->tid;
}
