/* Calls on files that need more than their rows say. */
#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int64_t user_openat(struct user_thread *t, const uint64_t a[6])
{
    char name[PATH_MAX];
    if (a[1] && call_string(t, a[1], name, sizeof(name)) >= 0) {
        const struct call_set *set = &t->p->abi->calls->sets[CALL_SET_open];
        int fd = proc_open(t, name, (int)call_set_to_host(set, a[2]));
        if (fd != -ENXIO) return fd;
    }
    return call_host(t, &call_rows[CALL_openat], a);
}

int64_t user_openat2(struct user_thread *t, const uint64_t a[6])
{
    char name[PATH_MAX];
    struct open_how {
        uint64_t flags, mode, resolve;
    } how;
    const struct call_set *set = &t->p->abi->calls->sets[CALL_SET_open];
    if (a[3] != sizeof(how)) return a[3] < sizeof(how) ? -EINVAL : -E2BIG;
    if (user_read(t->p, a[2], &how, sizeof(how))) return -EFAULT;
    if (a[1] && call_string(t, a[1], name, sizeof(name)) >= 0) {
        int fd = proc_open(t, name, (int)call_set_to_host(set, how.flags));
        if (fd != -ENXIO) return fd;
    }
    struct call_frame f;
    int err = call_begin(&f, t, &call_rows[CALL_openat2], a);
    if (err) return err;
    how.flags = call_set_to_host(set, how.flags);
    f.host[2] = (uint64_t)(uintptr_t)&how;
    return call_end(&f, call_make(&f));
}

/* Everything from `from` to `to` but our own: what lies between two of them, one piece after the other. */
int64_t user_close_range(struct user_thread *t, const uint64_t a[6])
{
    uint64_t from = (uint32_t)a[0], to = (uint32_t)a[1];
    if (from > to) return -EINVAL;
    while (from <= to) {
        uint64_t kept = user_next_kept(t->p, from), end = kept <= to ? kept - 1 : to;
        int64_t err =
            kept == from ? 0 : user_host_call(t, SYS_close_range, (const uint64_t[6]){from, end, a[2]});
        if (err) return err;
        from = kept == from ? from + 1 : end + 1;
    }
    return 0;
}

int64_t user_readlinkat(struct user_thread *t, const uint64_t a[6])
{
    char name[PATH_MAX];
    const char *own = NULL, *exe = t->p->exe;
    if (a[1] && call_string(t, a[1], name, sizeof(name)) >= 0) own = proc_own(t, name);
    if (!own || strcmp(own, "exe") != 0 || !exe) return call_host(t, &call_rows[CALL_readlinkat], a);
    if ((int)a[3] <= 0) return -EINVAL;
    size_t n = strlen(exe);
    if (n > a[3]) n = a[3];
    return user_write(t->p, a[2], exe, n) ? -EFAULT : (int64_t)n;
}
