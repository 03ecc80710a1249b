/* Futexes are the host's, with moved pointers; what the kernel does at a thread's end is done here. */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include "engine/cpu/window.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which arguments of an operation are addresses. Those of times are guest memory too, and of the host's
 * layout. */
enum { FUTEX_TIME = 1, FUTEX_SECOND = 2, FUTEX_WRITES = 4, FUTEX_WRITES_SECOND = 8 };
static const uint8_t futex_uses[] = {
    [FUTEX_WAIT] = FUTEX_TIME,
    [FUTEX_WAIT_BITSET] = FUTEX_TIME,
    [FUTEX_REQUEUE] = FUTEX_SECOND,
    [FUTEX_CMP_REQUEUE] = FUTEX_SECOND,
    [FUTEX_WAKE_OP] = FUTEX_SECOND | FUTEX_WRITES_SECOND,
    [FUTEX_LOCK_PI] = FUTEX_TIME | FUTEX_WRITES,
    [FUTEX_LOCK_PI2] = FUTEX_TIME | FUTEX_WRITES,
    [FUTEX_TRYLOCK_PI] = FUTEX_WRITES,
    [FUTEX_UNLOCK_PI] = FUTEX_WRITES,
    [FUTEX_WAIT_REQUEUE_PI] = FUTEX_TIME | FUTEX_SECOND | FUTEX_WRITES_SECOND,
    [FUTEX_CMP_REQUEUE_PI] = FUTEX_SECOND | FUTEX_WRITES_SECOND,
};

/* The host's address of a guest's; an address outside the window becomes one that no process has. */
static uint64_t moved(struct user_thread *t, uint64_t addr, uint64_t size)
{
    return space_inside(addr, size) ? (uint64_t)mem_host(&t->p->mem, addr) : ~0ull << 12;
}

/* The kernel's writes do not open a page that holds translated code; a page that is closed again under the
 * call fails once more. */
static int64_t futex_call(struct user_thread *t, unsigned uses, const uint64_t a[6], const uint64_t host[6])
{
    int64_t r;
    bool opened;
    do {
        opened = uses & FUTEX_WRITES && mem_unwatch(&t->p->mem, a[0], 4);
        opened |= uses & FUTEX_WRITES_SECOND && mem_unwatch(&t->p->mem, a[4], 4);
        r = user_host_call(t, SYS_futex, host);
    } while (r == -EFAULT && opened);
    return r;
}

int64_t user_futex(struct user_thread *t, const uint64_t a[6])
{
    unsigned op = (unsigned)a[1] & FUTEX_CMD_MASK;
    unsigned uses = op < ARRAY_LEN(futex_uses) ? futex_uses[op] : 0;
    uint64_t host[6] = {moved(t, a[0], 4), a[1], a[2], a[3], a[4], a[5]};
    if (uses & FUTEX_TIME && a[3]) host[3] = moved(t, a[3], sizeof(struct timespec));
    if (uses & FUTEX_SECOND) host[4] = moved(t, a[4], 4);
    int64_t r = futex_call(t, uses, a, host);
    /* With a time it goes on only if no handler runs: the kernel would take up the rest of the time. */
    return r == USER_RESTART && uses & FUTEX_TIME && a[3] ? USER_RESTART_NOHAND : r;
}

/* struct futex_waitv: val, uaddr, flags, reserved. */
int64_t user_futex_waitv(struct user_thread *t, const uint64_t a[6])
{
    struct futex_waitv w[FUTEX_WAITV_MAX];
    if (!a[1] || a[1] > FUTEX_WAITV_MAX) return -EINVAL;
    if (user_read(t->p, a[0], w, a[1] * sizeof(w[0]))) return -EFAULT;
    for (unsigned i = 0; i < a[1]; i++) w[i].uaddr = moved(t, w[i].uaddr, 4);
    int64_t r = user_host_call(t, SYS_futex_waitv,
                               (const uint64_t[6]){(uint64_t)w, a[1], a[2],
                                                   a[3] ? moved(t, a[3], sizeof(struct timespec)) : 0, a[4]});
    return r == USER_RESTART && a[3] ? USER_RESTART_NOHAND : r;
}

/* ---- the end of a thread: get_robust_list(2), "robust-futex-ABI" of the kernel's documentation ---- */

enum { ROBUST_HEAD = 24, ROBUST_MOST = 2048 }; /* size of robust_list_head; a list may be a circle */

int64_t user_set_robust_list(struct user_thread *t, const uint64_t a[6])
{
    if (a[1] != ROBUST_HEAD) return -EINVAL;
    t->robust = a[0];
    t->robust_size = a[1];
    return 0;
}

int64_t user_get_robust_list(struct user_thread *t, const uint64_t a[6])
{
    struct user_process *p = t->p;
    uint64_t found[2] = {0, ROBUST_HEAD};
    int64_t r = -ESRCH;
    pthread_mutex_lock(&p->lock);
    for (struct user_thread *o = p->threads; o; o = o->next) {
        if (o->tid != (int)a[0] && (a[0] || o != t)) continue;
        found[0] = o->robust;
        r = 0;
    }
    pthread_mutex_unlock(&p->lock);
    if (!r && (user_write(p, a[2], &found[1], 8) || user_write(p, a[1], &found[0], 8))) return -EFAULT;
    return r;
}

static void wake_one(struct user_thread *t, uint64_t addr)
{
    syscall(SYS_futex, mem_host(&t->p->mem, addr), FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* One lock that t may hold: marked as its owner's who died, and one who waits is woken. `pending`: t was
 * taking or releasing it, so that it may be free already with nobody woken. */
static void robust_died(struct user_thread *t, uint64_t addr, bool pi, bool pending)
{
    uint32_t seen = 0;
    if (addr % 4 || !window_read32(&t->p->mem, addr, &seen)) return;
    if (pending && !pi && !seen) {
        wake_one(t, addr);
        return;
    }
    for (int done = 0; !done;) {
        if ((seen & FUTEX_TID_MASK) != (uint32_t)t->tid) return;
        done = window_cas32(&t->p->mem, addr, &seen, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
        if (done < 0) return;
    }
    if (!pi && seen & FUTEX_WAITERS) wake_one(t, addr);
}

/* Bit 0 of an entry's address says that the lock is a PI one. */
static void robust_walk(struct user_thread *t)
{
    uint64_t head[3], entry, next; /* first entry, offset of the lock from its entry, pending entry */
    if (!t->robust || user_read(t->p, t->robust, head, sizeof(head))) return;
    entry = head[0];
    for (unsigned i = 0; i < ROBUST_MOST && (entry & ~1ull) != t->robust; i++) {
        int err = user_read(t->p, entry & ~1ull, &next, sizeof(next));
        if ((entry ^ head[2]) > 1) robust_died(t, (entry & ~1ull) + head[1], entry & 1, false);
        if (err) return;
        entry = next;
    }
    if (head[2] & ~1ull) robust_died(t, (head[2] & ~1ull) + head[1], head[2] & 1, true);
}

void futex_thread_ends(struct user_thread *t)
{
    uint32_t zero = 0;
    robust_walk(t);
    if (t->clear_tid && !user_write(t->p, t->clear_tid, &zero, sizeof(zero))) wake_one(t, t->clear_tid);
}
