/* Calls about the system and the process's limits. */
#include "linux/linux_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int64_t user_uname(struct user_thread *t, const uint64_t a[6])
{
    struct utsname u;
    if (uname(&u)) return -errno;
    memset(u.machine, 0, sizeof(u.machine));
    memcpy(u.machine, t->p->abi->machine, strlen(t->p->abi->machine));
    return user_write(t->p, a[0], &u, sizeof(u));
}

/* ---- limits ---- */

/* Limits on memory count the engine's own too: the window alone is larger than most. The guest's are kept
 * here, and only its children that are other programs do not know them. */
static bool is_ours(unsigned resource)
{
    return resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK ||
           resource == RLIMIT_RSS;
}

static int64_t limit_set(struct user_process *p, unsigned resource, const struct rlimit *new)
{
    struct user_limit *l = &p->limits[resource];
    struct rlimit old = {l->soft, l->hard};
    if (new->rlim_cur > new->rlim_max) return -EINVAL;
    if (!l->set && getrlimit((int)resource, &old)) return -errno;
    if (new->rlim_max > old.rlim_max) return -EPERM;
    *l = (struct user_limit){.set = true, .soft = new->rlim_cur, .hard = new->rlim_max};
    return 0;
}

static int64_t limit_get(const struct user_process *p, unsigned resource, struct rlimit *out)
{
    const struct user_limit *l = &p->limits[resource];
    if (!l->set) return getrlimit((int)resource, out) ? -errno : 0;
    *out = (struct rlimit){l->soft, l->hard};
    return 0;
}

/* prlimit64 of this process, for a limit that is kept here. */
static int64_t limit_own(struct user_thread *t, unsigned resource, uint64_t new, uint64_t old)
{
    struct user_process *p = t->p;
    struct rlimit in, out;
    if (new &&user_read(p, new, &in, sizeof(in))) return -EFAULT;
    pthread_mutex_lock(&p->lock);
    int64_t err = limit_get(p, resource, &out);
    if (!err && new) err = limit_set(p, resource, &in);
    pthread_mutex_unlock(&p->lock);
    if (!err && old) err = user_write(p, old, &out, sizeof(out));
    return err;
}

int64_t user_prlimit64(struct user_thread *t, const uint64_t a[6])
{
    bool own = !(int)a[0] || (int)a[0] == getpid();
    if (own && is_ours((unsigned)a[1])) return limit_own(t, (unsigned)a[1], a[2], a[3]);
    return call_host(t, &call_rows[CALL_prlimit64], a);
}

int64_t user_getrlimit(struct user_thread *t, const uint64_t a[6])
{
    if (!a[1]) return -EFAULT;
    return user_prlimit64(t, (const uint64_t[6]){0, a[0], 0, a[1]});
}

int64_t user_setrlimit(struct user_thread *t, const uint64_t a[6])
{
    if (!a[1]) return -EFAULT;
    return user_prlimit64(t, (const uint64_t[6]){0, a[0], a[1], 0});
}

/* ---- persona ---- */

/* Another execution domain, or readable memory that becomes executable, would change the engine itself. */
int64_t user_personality(struct user_thread *t, const uint64_t a[6])
{
    unsigned long persona = (uint32_t)a[0];
    if (persona != 0xffffffff && persona & (PER_MASK | READ_IMPLIES_EXEC | ADDR_LIMIT_32BIT)) return -EINVAL;
    return user_host_call(t, SYS_personality, (const uint64_t[6]){persona});
}
