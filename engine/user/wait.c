/* Waiting for children: they are the host's. The kernel writes to memory of ours first, since what it has
 * told once of a child it will not tell again. */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>

int64_t user_wait4(struct user_thread *t, const uint64_t a[6])
{
    int status = 0;
    struct rusage usage;
    int64_t r = user_host_call(
        t, SYS_wait4,
        (const uint64_t[6]){a[0], a[1] ? (uint64_t)&status : 0, a[2], a[3] ? (uint64_t)&usage : 0});
    if (r <= 0) return r;
    if (a[1] && user_write(t->p, a[1], &status, sizeof(status))) return -EFAULT;
    if (a[3] && user_write(t->p, a[3], &usage, sizeof(usage))) return -EFAULT;
    return r;
}

int64_t user_waitid(struct user_thread *t, const uint64_t a[6])
{
    siginfo_t info = {0};
    struct rusage usage;
    int64_t r = user_host_call(
        t, SYS_waitid,
        (const uint64_t[6]){a[0], a[1], a[2] ? (uint64_t)&info : 0, a[3], a[4] ? (uint64_t)&usage : 0});
    if (r) return r;
    if (a[4] && info.si_pid && user_write(t->p, a[4], &usage, sizeof(usage))) return -EFAULT;
    /* Of siginfo_t the kernel writes what waitid(2) names, and that is the beginning. */
    return a[2] ? user_write(t->p, a[2], &info, 32) : 0;
}
