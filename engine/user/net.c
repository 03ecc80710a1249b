/* Socket calls that need more than their rows say. */
#include "linux/linux_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

/* The options whose value points at more. */
static bool is_filter(const uint64_t a[6])
{
    return (int)a[1] == SOL_SOCKET &&
           ((int)a[2] == SO_ATTACH_FILTER || (int)a[2] == SO_ATTACH_REUSEPORT_CBPF);
}

int64_t user_setsockopt(struct user_thread *t, const uint64_t a[6])
{
    struct call_frame f;
    struct sock_fprog prog;
    unsigned char guest[sizeof(prog)];
    const struct call_struct *s = &t->p->abi->calls->structs[CALL_STRUCT_sock_fprog];
    if (!is_filter(a)) return call_host(t, &call_rows[CALL_setsockopt], a);
    if (a[4] != s->size) return -EINVAL;
    if (user_read(t->p, a[3], guest, s->size)) return -EFAULT;
    call_to_host(&t->p->mem, s, guest, &prog);
    int err = call_begin(&f, t, &call_rows[CALL_setsockopt], a);
    if (err) return err;
    f.host[3] = (uint64_t)(uintptr_t)&prog;
    f.host[4] = sizeof(prog);
    return call_end(&f, call_make(&f));
}
