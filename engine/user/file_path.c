/* Names of files: strings of the guest, where its absolute paths are looked for, /proc/self/exe. */
#include "engine/user/call.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

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

/* "/usr/lib/x" under the prefix, when something is there. */
static bool under_prefix(const char *prefix, const char *name, char *out)
{
    struct stat st;
    int n = snprintf(out, PATH_MAX, "%s%s", prefix, name);
    return n < PATH_MAX && !lstat(out, &st);
}

int call_path(struct user_thread *t, const char *name, char *out)
{
    const char *prefix = t->p->opt->prefix, *own = proc_own(t, name);
    size_t len = strlen(name);
    if (own && !strcmp(own, "exe") && t->p->exe) {
        name = t->p->exe;
        len = strlen(name);
    } else if (prefix && name[0] == '/' && !own && under_prefix(prefix, name, out)) {
        return 0;
    }
    if (len >= PATH_MAX) return -ENAMETOOLONG;
    memcpy(out, name, len + 1);
    return 0;
}
