/* A guest thread to make calls with, and nothing that runs: for the tests and the fuzz target of calls. */
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
    pthread_mutex_init(&c->p.handlers.lock, NULL);
    BUG_ON(space_open(&c->p, 1 << 20) != 0);
    c->t = user_thread_new(&c->p);
    BUG_ON(!c->t);
    /* copies from and to the guest need the host's handlers */
    BUG_ON(signal_start(&c->p) || signal_adopt(c->t));
    BUG_ON(space_map(&c->p, DATA, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                     -1, 0, NULL) != DATA);
}

static inline void caller_close(struct caller *c)
{
    for (unsigned i = 0; i < c->p.nkept; i++) close(c->p.kept[i]);
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
