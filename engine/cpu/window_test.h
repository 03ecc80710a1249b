/* For tests with a window: the process's handlers, and mapping guest pages. */
#ifndef ENGINE_CPU_WINDOW_TEST_H
#define ENGINE_CPU_WINDOW_TEST_H

#include "engine/cpu/window.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Thread_local struct vcpu *test_cpu; /* of this thread, for the handler; or NULL */

static inline void test_handler(int sig, siginfo_t *info, void *context)
{
    if (cpu_host_fault(test_cpu, sig, info, context)) return;
    signal(sig, SIG_DFL); /* the access is made again, and kills */
}

static inline void test_handlers(void)
{
    struct sigaction a = {.sa_sigaction = test_handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
    BUG_ON(sigaction(SIGSEGV, &a, NULL) || sigaction(SIGBUS, &a, NULL));
}

/* Maps guest pages as engine/user does: anonymous ones, or of a file. */
static inline void test_map_file(struct mem *m, uint64_t addr, uint64_t size, unsigned perm, int fd)
{
    int prot = (perm & (CPU_READ | CPU_EXEC) ? PROT_READ : 0) | (perm & CPU_WRITE ? PROT_WRITE : 0);
    int flags = MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    mem_lock(m);
    BUG_ON(mmap(mem_host(m, addr), size, prot, flags, fd, 0) == MAP_FAILED);
    mem_pages(m, addr, size, perm);
    mem_unlock(m);
}

static inline void test_map(struct mem *m, uint64_t addr, uint64_t size, unsigned perm)
{
    test_map_file(m, addr, size, perm, -1);
}

#endif
