/* A guest thread to make calls with: for the tests and the fuzz target of calls. It does not run itself, but
 * may start threads that do, with caller_runs. */
#ifndef ENGINE_USER_CALL_TEST_H
#define ENGINE_USER_CALL_TEST_H

#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <string.h>
#include <sys/mman.h>

enum { DATA = 0x100000, DATA_SIZE = 16 * CPU_PAGE }; /* memory that may be read and written */

struct caller {
    struct user_options opt;
    struct user_process p;
    struct user_thread *t;
};

static inline void caller_open(struct caller *c)
{
    *c = (struct caller){0};
    c->p.opt = &c->opt;
    c->p.guest = guest_find("riscv64");
    c->p.abi = &abi_riscv64;
    pthread_mutex_init(&c->p.lock, NULL);
    pthread_cond_init(&c->p.gone, NULL);
    pthread_cond_init(&c->p.goes_on, NULL);
    world_open(&c->p);
    pthread_mutex_init(&c->p.handlers.lock, NULL);
    BUG_ON(space_open(&c->p, 1 << 20) != 0);
    c->t = user_thread_new(&c->p);
    BUG_ON(!c->t);
    /* copies from and to the guest need the host's handlers */
    BUG_ON(signal_start(&c->p) || signal_adopt(c->t));
    BUG_ON(space_map(&c->p, DATA, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                     -1, 0, NULL) != DATA);
}

/* Its threads and children run on this backend, from the words at DATA. */
static inline void caller_runs(struct caller *c, const struct backend *b, const uint32_t *words, unsigned n)
{
    c->opt.backend = b;
    BUG_ON(b->open(c->t->cpu) != 0);
    BUG_ON(space_protect(&c->p, DATA, CPU_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0);
    BUG_ON(user_write(&c->p, DATA, words, n * sizeof(*words)) != 0);
    c->t->cpu->state[c->p.guest->pc_word] =
        DATA - c->p.abi->call_length; /* a thread starts behind its call */
}

/* Waits until the threads that c's process started have ended, host threads and all. */
static inline void caller_alone(struct caller *c)
{
    world_leave(c->t);
    pthread_mutex_lock(&c->p.lock);
    while (c->p.nthreads > 1) pthread_cond_wait(&c->p.gone, &c->p.lock);
    world_join(&c->p);
    pthread_mutex_unlock(&c->p.lock);
    world_enter(c->t);
}

static inline void caller_close(struct caller *c)
{
    for (unsigned i = 0; i < c->p.nkept; i++) close(c->p.kept[i]);
    if (c->opt.backend) c->opt.backend->close(c->t->cpu);
    signal_release(c->t);
    user_thread_free(c->t);
    space_close(&c->p);
}

/* As the guest would make it; the result. */
static inline int64_t guest_call(struct caller *c, unsigned number, const uint64_t a[6])
{
    const struct user_abi *abi = c->p.abi;
    uint64_t *state = c->t->cpu->state;
    state[abi->reg_number] = number;
    for (unsigned i = 0; i < 6; i++) state[abi->reg_args[i]] = a[i];
    user_call(c->t);
    return (int64_t)state[abi->reg_result];
}

#endif
