/* A host stack that is large enough for this program, whatever `ulimit -s` leaves the first thread: that
 * limit is the guest's affair, and translating alone needs more than the least that it can be. */
#include "engine/user/user.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

struct host_stack {
    ucontext_t here, there;
    int (*body)(void *arg);
    void *arg;
    int result;
};

static _Thread_local struct host_stack *switching; /* makecontext's arguments are ints */

static void on_it(void)
{
    struct host_stack *s = switching;
    s->result = s->body(s->arg);
}

static int on_own(int (*body)(void *arg), void *arg)
{
    struct host_stack s = {.body = body, .arg = arg};
    void *memory = mmap(NULL, USER_HOST_STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return -ENOMEM;
    getcontext(&s.there);
    s.there.uc_stack = (stack_t){.ss_sp = memory, .ss_size = USER_HOST_STACK};
    s.there.uc_link = &s.here;
    makecontext(&s.there, on_it, 0);
    switching = &s;
    swapcontext(&s.here, &s.there);
    switching = NULL;
    munmap(memory, USER_HOST_STACK);
    return s.result;
}

int user_on_host_stack(int (*body)(void *arg), void *arg)
{
    struct rlimit limit;
    bool small = !getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < USER_HOST_STACK;
    return small ? on_own(body, arg) : body(arg);
}
