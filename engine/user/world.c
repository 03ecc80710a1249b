/* Stopping the world: all other threads of a guest out of the engine's code, for fork and for dropping old
 * translations.
 *
 * A thread is inside from its creation to its end, but for system calls that may wait and other waits; there
 * it holds no lock of ours, nor one of the host's libraries. So a fork that finds nobody inside copies
 * nothing that is half done, whatever the allocator thinks of fork.
 *
 * Entering and leaving are a store and a load each, which the processor may exchange. The barrier between
 * them is made by who stops the world, for all threads at once (membarrier(2)); `watched` is set where the
 * kernel has none, and then each makes its own.
 *
 * A child of vfork runs on its parent's user_thread, so it is inside and outside in its parent's place; when
 * it has ended, the parent goes on as one that comes from outside.
 */
#include "engine/user/user.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORLD_STOPS = 1, WORLD_FENCES = 2 }; /* p->watched */

void world_open(struct user_process *p)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)) p->watched = WORLD_FENCES;
}

static void fence(const struct user_process *p)
{
    if (p->watched & WORLD_FENCES)
        atomic_thread_fence(memory_order_seq_cst);
    else
        atomic_signal_fence(memory_order_seq_cst);
}

/* t has been seen outside by who stops the world: until that is over it stays there. */
static void wait_outside(struct user_thread *t)
{
    struct user_process *p = t->p;
    pthread_mutex_lock(&p->lock);
    atomic_store_explicit(&t->inside, false, memory_order_relaxed);
    pthread_cond_broadcast(&p->gone);
    while (p->watched & WORLD_STOPS) pthread_cond_wait(&p->goes_on, &p->lock);
    atomic_store_explicit(&t->inside, true, memory_order_relaxed);
    pthread_mutex_unlock(&p->lock);
}

void world_leave(struct user_thread *t)
{
    struct user_process *p = t->p;
    atomic_store_explicit(&t->inside, false, memory_order_release);
    fence(p);
    if (likely(!(p->watched & WORLD_STOPS))) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->gone);
    pthread_mutex_unlock(&p->lock);
}

void world_enter(struct user_thread *t)
{
    atomic_store_explicit(&t->inside, true, memory_order_relaxed);
    fence(t->p);
    if (unlikely(t->p->watched & WORLD_STOPS)) wait_outside(t);
    atomic_thread_fence(memory_order_acquire);
}

void world_pass(struct user_thread *t)
{
    if (unlikely(t->p->watched & WORLD_STOPS)) wait_outside(t);
}

/* ---- host threads that end ---- */

bool world_last(struct user_thread *t, pthread_t *before)
{
    struct user_process *p = t->p;
    pthread_mutex_lock(&p->lock);
    bool any = p->has_ended;
    *before = p->ended;
    p->ended = t->host;
    p->has_ended = true;
    pthread_mutex_unlock(&p->lock);
    return any;
}

/* Each has joined the one before it. The caller holds p->lock, which they need no more. */
void world_join(struct user_process *p)
{
    if (p->has_ended) pthread_join(p->ended, NULL);
    p->has_ended = false;
}

/* ---- the stop ---- */

static bool somebody_inside(const struct user_process *p)
{
    for (const struct user_thread *o = p->threads; o; o = o->next)
        if (atomic_load_explicit(&o->inside, memory_order_acquire)) return true;
    return false;
}

/* A kick without a signal: backends for programs look at it between slices, and a sleep is not disturbed. */
void world_stop(struct user_thread *t)
{
    struct user_process *p = t->p;
    pthread_mutex_lock(&p->lock);
    atomic_store_explicit(&t->inside, false, memory_order_relaxed);
    pthread_cond_broadcast(&p->gone); /* there may be another who waits for that */
    while (p->watched & WORLD_STOPS) pthread_cond_wait(&p->goes_on, &p->lock);
    if (p->nthreads > 1) {
        p->watched |= WORLD_STOPS;
        atomic_thread_fence(memory_order_seq_cst);
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
        for (struct user_thread *o = p->threads; o; o = o->next)
            if (o != t) cpu_kick(o->cpu, NULL);
        while (somebody_inside(p)) pthread_cond_wait(&p->gone, &p->lock);
    }
    world_join(p);
}

void world_go_on(struct user_thread *t)
{
    struct user_process *p = t->p;
    atomic_store_explicit(&t->inside, true, memory_order_relaxed);
    p->watched &= ~(unsigned)WORLD_STOPS;
    pthread_cond_broadcast(&p->goes_on);
    pthread_mutex_unlock(&p->lock);
}
