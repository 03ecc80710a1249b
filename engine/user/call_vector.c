/* Arguments that are pointers to pointers with a length beside them: iovec arrays, msghdr, mmsghdr arrays. */
#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* All guests have the host's 64-bit layout of these; the generator's test holds that against the headers. */

static void iovec_one(struct user_thread *t, struct iovec *v, unsigned dir)
{
    uint64_t addr = (uint64_t)(uintptr_t)v->iov_base, n = v->iov_len, host = call_nowhere(addr);
    if (space_inside(addr, n))
        host = n ? call_move(t, addr, n, dir) : (uint64_t)(uintptr_t)mem_host(&t->p->mem, addr);
    v->iov_base = (void *)(uintptr_t)host;
}

int call_iovec(struct call_frame *f, uint64_t addr, uint64_t count, unsigned dir, uint64_t *host, void **copy)
{
    uint32_t n = (uint32_t)count; /* as the kernel cuts it */
    /* never the guest's own array: what the kernel reads there must not change after it was checked */
    *host = addr ? call_nowhere(addr) : 0;
    if (n > IOV_MAX || !addr) return 0; /* the kernel looks at nothing of it */
    struct iovec *v = call_scratch(f, n * sizeof(*v) + 1);
    if (!v) return -ENOMEM;
    if (user_read(f->t->p, addr, v, n * sizeof(*v))) return 0;
    for (uint32_t i = 0; i < n; i++) iovec_one(f->t, &v[i], dir);
    *host = (uint64_t)(uintptr_t)v;
    *copy = v;
    return 0;
}

/* Descriptors of ours may not be sent away. */
static int rights_check(struct user_thread *t, const struct msghdr *h)
{
    for (const struct cmsghdr *c = CMSG_FIRSTHDR(h); c;
         c = CMSG_NXTHDR((struct msghdr *)h, (struct cmsghdr *)c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0)) continue;
        const unsigned char *p = CMSG_DATA(c);
        for (size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); n; n--, p += sizeof(int)) {
            int fd;
            memcpy(&fd, p, sizeof(fd));
            if (user_kept_fd(t->p, fd)) return -EBADF;
        }
    }
    return 0;
}

/* The control data of a message to be sent is copied: it is looked at first. */
static int control_in(struct call_frame *f, struct msghdr *h, uint64_t addr)
{
    h->msg_control = (void *)(uintptr_t)(addr ? call_nowhere(addr) : 0);
    if (!addr || !h->msg_controllen || h->msg_controllen > 1 << 20)
        return 0; /* net.core.optmem_max is far below */
    void *copy = call_scratch(f, h->msg_controllen);
    if (!copy) return -ENOMEM;
    if (user_read(f->t->p, addr, copy, h->msg_controllen)) return 0;
    h->msg_control = copy;
    return rights_check(f->t, h);
}

static int message_in(struct call_frame *f, struct msghdr *h, unsigned dir)
{
    void *copy;
    uint64_t name = (uint64_t)(uintptr_t)h->msg_name, control = (uint64_t)(uintptr_t)h->msg_control, host;
    h->msg_name = (void *)(uintptr_t)call_move(f->t, name, (int)h->msg_namelen < 0 ? 0 : h->msg_namelen, dir);
    int err = call_iovec(f, (uint64_t)(uintptr_t)h->msg_iov, h->msg_iovlen, dir, &host, &copy);
    h->msg_iov = (struct iovec *)(uintptr_t)host;
    if (err) return err;
    if (!(dir & CALL_OUT)) return control_in(f, h, control);
    h->msg_control = (void *)(uintptr_t)call_move(f->t, control, h->msg_controllen, dir);
    return 0;
}

static bool is_many(const struct call_frame *f, unsigned i)
{
    return f->row->args[i].of == CALL_STRUCT_mmsghdr;
}

static size_t stride(bool many)
{
    return many ? sizeof(struct mmsghdr) : sizeof(struct msghdr);
}

int call_msghdr(struct call_frame *f, unsigned i, uint64_t count)
{
    size_t step = stride(is_many(f, i));
    if (count > IOV_MAX) count = IOV_MAX; /* as the kernel does (UIO_MAXIOV) */
    f->host[i] = call_nowhere(f->a[i]);
    char *copy = call_scratch(f, (size_t)count * step + 1);
    if (!copy) return -ENOMEM;
    if (user_read(f->t->p, f->a[i], copy, (size_t)count * step)) return 0;
    for (uint64_t k = 0; k < count; k++) {
        int err = message_in(f, (struct msghdr *)(copy + k * step), f->row->args[i].dir);
        if (err) return err;
    }
    f->copy[i] = copy;
    f->host[i] = (uint64_t)(uintptr_t)copy;
    return 0;
}

/* What the kernel writes into a msghdr, and nothing else. */
static int message_back(struct user_thread *t, uint64_t addr, const struct msghdr *h)
{
    uint64_t controllen = h->msg_controllen;
    uint32_t namelen = h->msg_namelen, flags = (uint32_t)h->msg_flags;
    int err = user_write(t->p, addr + offsetof(struct msghdr, msg_namelen), &namelen, sizeof(namelen));
    if (!err)
        err =
            user_write(t->p, addr + offsetof(struct msghdr, msg_controllen), &controllen, sizeof(controllen));
    if (!err) err = user_write(t->p, addr + offsetof(struct msghdr, msg_flags), &flags, sizeof(flags));
    return err;
}

int call_msghdr_back(struct call_frame *f, unsigned i, int64_t result)
{
    if (!is_many(f, i)) return f->row->args[i].dir & CALL_OUT ? message_back(f->t, f->a[i], f->copy[i]) : 0;
    const struct mmsghdr *m = f->copy[i];
    uint64_t count = call_count(f->t, f->row, &f->row->args[i], f->a);
    if (count > IOV_MAX) count = IOV_MAX;
    for (uint64_t k = 0; k < count && k < (uint64_t)result; k++) {
        uint64_t addr = f->a[i] + k * sizeof(*m);
        uint32_t len = m[k].msg_len;
        int err = user_write(f->t->p, addr + offsetof(struct mmsghdr, msg_len), &len, sizeof(len));
        if (!err && f->row->args[i].dir & CALL_OUT) err = message_back(f->t, addr, &m[k].msg_hdr);
        if (err) return err;
    }
    return 0;
}

static bool unwatch_host(const struct mem *m, const void *host, uint64_t n)
{
    uint64_t addr = (uint64_t)(uintptr_t)host - (uint64_t)(uintptr_t)m->window;
    return host && n && space_inside(addr, n) && mem_unwatch((struct mem *)m, addr, n);
}

static bool iovec_unwatch(const struct mem *m, const struct iovec *v, uint64_t count)
{
    bool any = false;
    for (uint64_t k = 0; k < count; k++) any = unwatch_host(m, v[k].iov_base, v[k].iov_len) || any;
    return any;
}

/* Not NULL, and not call_nowhere's. */
static bool is_copy(const struct iovec *v)
{
    return (intptr_t)v > 0;
}

bool call_vector_unwatch(const struct call_frame *f, unsigned i)
{
    const struct mem *m = &f->t->p->mem;
    const struct call_arg *arg = &f->row->args[i];
    const char *at = f->copy[i];
    uint64_t count = call_count(f->t, f->row, arg, f->a);
    bool any = false;
    if (arg->of == CALL_STRUCT_iovec)
        return at && iovec_unwatch(m, (const struct iovec *)at, (uint32_t)count);
    for (uint64_t k = 0; at && k < count && k < IOV_MAX; k++, at += stride(is_many(f, i))) {
        const struct msghdr *h = (const struct msghdr *)at;
        any = unwatch_host(m, h->msg_name, h->msg_namelen) || any;
        any = unwatch_host(m, h->msg_control, h->msg_controllen) || any;
        if (h->msg_iovlen <= IOV_MAX && is_copy(h->msg_iov))
            any = iovec_unwatch(m, h->msg_iov, h->msg_iovlen) || any;
    }
    return any;
}
