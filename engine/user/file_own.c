/* Descriptors of our own in the guest's process: the trace's file, the debugger's socket. They stand above
 * what programs use, and the guest can neither close, replace nor use them. */
#include "engine/user/call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Programs that count descriptors start from 0, and the usual soft limit is 1024. */
enum { OWN_FROM = 1000 };

static int move_up(int fd)
{
    struct rlimit r;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FROM);
    if (moved < 0 && errno == EINVAL && !getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur > 16)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, (int)r.rlim_cur - 16);
    return moved < 0 ? -errno : moved;
}

int user_keep_fd(struct user_process *p, int fd)
{
    int moved = -EMFILE;
    pthread_mutex_lock(&p->lock);
    if (p->nkept < ARRAY_LEN(p->kept)) moved = move_up(fd);
    if (moved >= 0) {
        p->kept[p->nkept] = moved;
        __atomic_store_n(&p->nkept, p->nkept + 1, __ATOMIC_RELEASE);
        close(fd);
    }
    pthread_mutex_unlock(&p->lock);
    return moved;
}

bool user_kept_fd(const struct user_process *p, int fd)
{
    unsigned n = __atomic_load_n(&p->nkept, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < n; i++)
        if (p->kept[i] == fd) return true;
    return false;
}

uint64_t user_next_kept(const struct user_process *p, uint64_t from)
{
    unsigned n = __atomic_load_n(&p->nkept, __ATOMIC_ACQUIRE);
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < n; i++)
        if ((uint64_t)p->kept[i] >= from && (uint64_t)p->kept[i] < next) next = (uint64_t)p->kept[i];
    return next;
}
