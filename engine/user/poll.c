/* Waiting for descriptors with another signal mask: ppoll, pselect6, epoll_pwait. */
#include "linux/linux_calls.h"

#include <errno.h>

/* The guest's mask that a call takes: none (*given false), or eight bytes. */
static int mask_in(struct user_thread *t, uint64_t addr, uint64_t size, uint64_t *mask, bool *given)
{
    *given = addr != 0;
    if (!addr) return 0;
    if (size != sizeof(*mask)) return -EINVAL;
    return user_read(t->p, addr, mask, sizeof(*mask));
}

/* Makes the call with what argument `at` of the host's is to point at instead of the guest's mask. */
static int64_t masked(struct call_frame *f, unsigned at, const void *instead, uint64_t mask, bool given)
{
    f->host[at] = (uint64_t)(uintptr_t)instead;
    int64_t result = call_make(f);
    result = given ? signal_masked(f->t, mask, result) : result;
    return call_end(f, result);
}

/* The calls that take a mask in one argument and its size in the next. */
static int64_t with_mask(struct user_thread *t, const struct call_row *row, const uint64_t a[6], unsigned at)
{
    struct call_frame f;
    uint64_t mask = 0, host;
    bool given;
    int err = mask_in(t, a[at], a[at + 1], &mask, &given);
    if (err) return err;
    err = call_begin(&f, t, row, a);
    if (err) return err;
    host = signal_host_mask(mask);
    return masked(&f, at, given ? &host : NULL, mask, given);
}

int64_t user_ppoll(struct user_thread *t, const uint64_t a[6])
{
    return with_mask(t, &call_rows[CALL_ppoll], a, 3);
}

int64_t user_epoll_pwait(struct user_thread *t, const uint64_t a[6])
{
    return with_mask(t, &call_rows[CALL_epoll_pwait], a, 4);
}

int64_t user_epoll_pwait2(struct user_thread *t, const uint64_t a[6])
{
    return with_mask(t, &call_rows[CALL_epoll_pwait2], a, 4);
}

/* pselect6's last argument points at a pair: the mask's address and its size. */
int64_t user_pselect6(struct user_thread *t, const uint64_t a[6])
{
    struct call_frame f;
    uint64_t pair[2] = {0}, mask = 0, host;
    bool given;
    if (a[5] && user_read(t->p, a[5], pair, sizeof(pair))) return -EFAULT;
    int err = mask_in(t, pair[0], pair[1], &mask, &given);
    if (err) return err;
    err = call_begin(&f, t, &call_rows[CALL_pselect6], a);
    if (err) return err;
    host = signal_host_mask(mask);
    const uint64_t host_pair[2] = {given ? (uint64_t)(uintptr_t)&host : 0, sizeof(host)};
    return masked(&f, 5, host_pair, mask, given);
}
