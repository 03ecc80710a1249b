/* Arguments that are pointers to pointers with a length beside them: iovec arrays, msghdr, mmsghdr arrays. */
#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* All guests have the host's 64-bit layout of these; the generator's test holds that against the headers. */

static int iovec_one(struct user_thread *t, struct iovec *v, unsigned dir)
{
    uint64_t addr = (uint64_t)(uintptr_t)v->iov_base, n = v->iov_len;
    if (n > SSIZE_MAX) return -EINVAL;
    if (!space_inside(addr, n)) return -EFAULT;
    if (n && dir & CALL_OUT) (void)mem_unwatch(&t->p->mem, addr, n);
    v->iov_base = mem_host(&t->p->mem, addr);
    return 0;
}

int call_iovec(struct call_frame *f, uint64_t addr, uint64_t count, unsigned dir, uint64_t *host)
{
    if (count > IOV_MAX) return -EINVAL;
    size_t bytes = (size_t)count * sizeof(struct iovec);
    struct iovec *v = call_scratch(f, bytes + 1);
    if (!v) return -ENOMEM;
    *host = (uint64_t)(uintptr_t)v;
    if (user_read(f->t->p, addr, v, bytes)) return -EFAULT;
    for (uint64_t i = 0; i < count; i++) {
        int err = iovec_one(f->t, &v[i], dir);
        if (err) return err;
    }
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
    if (h->msg_controllen > 1 << 20) return -ENOBUFS; /* net.core.optmem_max is far below */
    void *copy = call_scratch(f, h->msg_controllen + 1);
    if (!copy) return -ENOMEM;
    if (user_read(f->t->p, addr, copy, h->msg_controllen)) return -EFAULT;
    h->msg_control = copy;
    return rights_check(f->t, h);
}

static int message_in(struct call_frame *f, struct msghdr *h, unsigned dir)
{
    struct user_thread *t = f->t;
    uint64_t name = (uint64_t)(uintptr_t)h->msg_name, control = (uint64_t)(uintptr_t)h->msg_control, host;
    int err = call_move(t, name, (int)h->msg_namelen < 0 ? 0 : h->msg_namelen, dir, &host);
    if (err) return err;
    h->msg_name = (void *)(uintptr_t)host;
    if (control && h->msg_controllen && !(dir & CALL_OUT)) {
        err = control_in(f, h, control);
    } else {
        err = call_move(t, control, h->msg_controllen, dir, &host);
        h->msg_control = (void *)(uintptr_t)host;
    }
    if (err) return err;
    if (h->msg_iovlen > IOV_MAX) return -EMSGSIZE;
    err = call_iovec(f, (uint64_t)(uintptr_t)h->msg_iov, h->msg_iovlen, dir, &host);
    h->msg_iov = (struct iovec *)(uintptr_t)host;
    return err;
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
    char *copy = call_scratch(f, (size_t)count * step + 1);
    if (!copy) return -ENOMEM;
    f->copy[i] = copy;
    f->host[i] = (uint64_t)(uintptr_t)copy;
    if (user_read(f->t->p, f->a[i], copy, (size_t)count * step)) return -EFAULT;
    for (uint64_t k = 0; k < count; k++) {
        int err = message_in(f, (struct msghdr *)(copy + k * step), f->row->args[i].dir);
        if (err) return err;
    }
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
    for (int64_t k = 0; k < result; k++) {
        uint64_t addr = f->a[i] + (uint64_t)k * sizeof(*m);
        uint32_t len = m[k].msg_len;
        int err = user_write(f->t->p, addr + offsetof(struct mmsghdr, msg_len), &len, sizeof(len));
        if (!err && f->row->args[i].dir & CALL_OUT) err = message_back(f->t, addr, &m[k].msg_hdr);
        if (err) return err;
    }
    return 0;
}

static bool unwatch_host(const struct mem *m, const void *host, uint64_t n)
{
    return host && n && mem_unwatch((struct mem *)m, (uint64_t)((const uint8_t *)host - m->window), n);
}

static bool iovec_unwatch(const struct mem *m, const struct iovec *v, uint64_t count)
{
    bool any = false;
    for (uint64_t k = 0; k < count; k++) any = unwatch_host(m, v[k].iov_base, v[k].iov_len) || any;
    return any;
}

bool call_vector_unwatch(const struct call_frame *f, unsigned i)
{
    const struct mem *m = &f->t->p->mem;
    const char *at = (const char *)(uintptr_t)f->host[i];
    uint64_t count = call_count(f->t, f->row, &f->row->args[i], f->a);
    bool any = false;
    if (f->row->args[i].of == CALL_STRUCT_iovec) return iovec_unwatch(m, (const struct iovec *)at, count);
    for (uint64_t k = 0; k < count && k < IOV_MAX; k++, at += stride(is_many(f, i))) {
        const struct msghdr *h = (const struct msghdr *)at;
        any = iovec_unwatch(m, h->msg_iov, h->msg_iovlen) || any;
        any = unwatch_host(m, h->msg_name, h->msg_namelen) || any;
        any = unwatch_host(m, h->msg_control, h->msg_controllen) || any;
    }
    return any;
}
