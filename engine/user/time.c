/* Reading clocks: what programs do most often, so by the host's vDSO and not its kernel. */
#include "linux/linux_calls.h"

#include <errno.h>
#include <sys/time.h>
#include <time.h>

int64_t user_clock_gettime(struct user_thread *t, const uint64_t a[6])
{
    struct timespec ts;
    if (clock_gettime((clockid_t)a[0], &ts)) return -errno;
    return user_write(t->p, a[1], &ts, sizeof(ts));
}

int64_t user_gettimeofday(struct user_thread *t, const uint64_t a[6])
{
    struct timeval tv;
    struct timezone tz;
    if (gettimeofday(&tv, &tz)) return -errno;
    if (a[0] && user_write(t->p, a[0], &tv, sizeof(tv))) return -EFAULT;
    return a[1] && user_write(t->p, a[1], &tz, sizeof(tz)) ? -EFAULT : 0;
}
