/* Names of files: strings of the guest, where its absolute paths are looked for, /proc/self/exe. */
#include "engine/user/call.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int call_string(struct user_thread *t, uint64_t addr, char *out, size_t size)
{
    for (size_t at = 0; at < size;) {
        /* a copy never crosses a page: the next one may not be there, and need not be */
        size_t n = CPU_PAGE - ((addr + at) & (CPU_PAGE - 1));
        if (n > size - at) n = size - at;
        if (user_read(t->p, addr + at, out + at, n)) return -EFAULT;
        size_t len = strnlen(out + at, n);
        at += len;
        if (len < n) return (int)at;
    }
    return -ENAMETOOLONG;
}

int call_path(struct user_thread *t, const char *name, char *out)
{
    const char *own = proc_own(t, name), *at = name;
    if (own && !strcmp(own, "exe") && t->p->exe)
        at = t->p->exe;
    else if (!own)
        at = user_path(t->p, name, out);
    if (at == out) return 0;
    size_t len = strlen(at);
    if (len >= PATH_MAX) return -ENAMETOOLONG;
    memcpy(out, at, len + 1);
    return 0;
}
