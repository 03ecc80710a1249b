/* The system calls about signals. What the host's kernel can do with moved pointers, it does. */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The flags that Linux keeps; a program finds out by asking back which there are (sigaction(2)). */
#define ACTION_FLAGS                                                                                        \
    ((uint64_t)(uint32_t)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
                          SA_RESETHAND | 0x800 /* SA_EXPOSE_TAGBITS */))

enum { SET_SIZE = 8, MIN_STACK = 2048 /* MINSIGSTKSZ of the generic ABI */ };

/* ---- dispositions ---- */

/* struct sigaction of the kernel: with or without sa_restorer. */
static size_t action_size(const struct user_abi *abi)
{
    return abi->action_restorer ? 32 : 24;
}

static int action_read(struct user_thread *t, uint64_t addr, struct user_action *a)
{
    uint64_t w[4] = {0};
    bool restorer = t->p->abi->action_restorer;
    if (user_read(t->p, addr, w, action_size(t->p->abi))) return -EFAULT;
    *a = (struct user_action){
        .handler = w[0],
        .flags = w[1] & (ACTION_FLAGS | (restorer ? SIGNAL_SA_RESTORER : 0)),
        .restorer = restorer ? w[2] : 0,
        .mask = w[restorer ? 3 : 2] & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)),
    };
    return 0;
}

static int action_write(struct user_thread *t, uint64_t addr, const struct user_action *a)
{
    uint64_t w[4] = {a->handler, a->flags, a->restorer, a->mask};
    if (!t->p->abi->action_restorer) w[2] = a->mask;
    return user_write(t->p, addr, w, action_size(t->p->abi));
}

int64_t user_rt_sigaction(struct user_thread *t, const uint64_t a[6])
{
    struct user_handlers *h = t->handlers;
    struct user_action new, old;
    int sig = (int)a[0];
    if (a[3] != SET_SIZE || sig < 1 || sig > USER_SIGNALS) return -EINVAL;
    if (a[1] && action_read(t, a[1], &new)) return -EFAULT;
    if (a[1] && (sig == SIGKILL || sig == SIGSTOP)) return -EINVAL;
    pthread_mutex_lock(&h->lock);
    old = h->of[sig];
    if (a[1]) {
        h->of[sig] = new;
        signal_mirror(h, sig);
    }
    pthread_mutex_unlock(&h->lock);
    return a[2] ? action_write(t, a[2], &old) : 0;
}

/* ---- masks ---- */

int64_t user_rt_sigprocmask(struct user_thread *t, const uint64_t a[6])
{
    uint64_t old = t->mask, set = 0;
    if (a[3] != SET_SIZE) return -EINVAL;
    if (a[1]) {
        if (user_read(t->p, a[1], &set, sizeof(set))) return -EFAULT;
        switch ((int)a[0]) {
        case SIG_BLOCK: set |= old; break;
        case SIG_UNBLOCK: set = old & ~set; break;
        case SIG_SETMASK: break;
        default: return -EINVAL;
        }
        int64_t r = signal_change_mask(t, set);
        if (r) return r;
    }
    return a[2] ? user_write(t->p, a[2], &old, sizeof(old)) : 0;
}

int64_t user_rt_sigpending(struct user_thread *t, const uint64_t a[6])
{
    uint64_t set = 0;
    if (a[1] > SET_SIZE) return -EINVAL;
    if (syscall(SYS_rt_sigpending, &set, sizeof(set))) return -errno;
    set &= ~signal_never_blocked;
    for (int i = 0; i < USER_NEVER_BLOCKED; i++)
        if (t->pending.has_sent & 1u << i) set |= SIGNAL_BIT(signal_never_at(i));
    set &= t->mask;
    return user_write(t->p, a[0], &set, a[1]);
}

int64_t user_rt_sigsuspend(struct user_thread *t, const uint64_t a[6])
{
    uint64_t mask, host;
    if (a[1] != SET_SIZE) return -EINVAL;
    if (user_read(t->p, a[0], &mask, sizeof(mask))) return -EFAULT;
    if (signal_sent_is_due(t, mask)) return signal_masked(t, mask, USER_RESTART);
    host = signal_host_mask(mask);
    int64_t r = user_host_call(t, SYS_rt_sigsuspend, (const uint64_t[6]){(uint64_t)&host, sizeof(host)});
    return signal_masked(t, mask, r);
}

/* ---- waiting for signals ---- */

/* One of those that are kept here, if it is waited for. */
static int wait_sent(struct user_thread *t, uint64_t set, siginfo_t *info)
{
    for (int i = 0; i < USER_NEVER_BLOCKED; i++) {
        int sig = signal_never_at(i);
        if (!(t->pending.has_sent & 1u << i) || !(set & SIGNAL_BIT(sig))) continue;
        *info = t->pending.sent[i];
        t->pending.has_sent &= ~(1u << i);
        return sig;
    }
    return 0;
}

int64_t user_rt_sigtimedwait(struct user_thread *t, const uint64_t a[6])
{
    uint64_t set, host;
    siginfo_t info = {0};
    struct timespec limit;
    if (a[3] != SET_SIZE) return -EINVAL;
    if (user_read(t->p, a[0], &set, sizeof(set))) return -EFAULT;
    if (a[2] && user_read(t->p, a[2], &limit, sizeof(limit))) return -EFAULT;
    int64_t r = wait_sent(t, set, &info);
    host = signal_host_mask(set);
    if (!r)
        r = user_host_call(
            t, SYS_rt_sigtimedwait,
            (const uint64_t[6]){(uint64_t)&host, (uint64_t)&info, a[2] ? (uint64_t)&limit : 0, sizeof(host)});
    if (r == USER_RESTART) return USER_RESTART_NOHAND;
    if (r > 0 && a[1] && user_write(t->p, a[1], &info, sizeof(info))) return -EFAULT;
    return r;
}

/* ---- the alternate stack ---- */

/* struct sigaltstack */
struct stack_words {
    uint64_t sp;
    int32_t flags;
    uint32_t pad; /* to the size */
    uint64_t size;
};

static int stack_set(struct user_thread *t, uint64_t sp_now, uint64_t sp, int flags, uint64_t size)
{
    int mode = flags & ~SIGNAL_AUTODISARM;
    if (signal_stack_flags(t, sp_now) == SS_ONSTACK) return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
    if (mode == SS_DISABLE)
        sp = size = 0;
    else if (size < MIN_STACK)
        return -ENOMEM;
    t->alt_sp = sp;
    t->alt_size = size;
    t->alt_flags = flags;
    return 0;
}

void signal_stack_restore(struct user_thread *t, uint64_t sp_now, uint64_t sp, int flags, uint64_t size)
{
    int ignored = stack_set(t, sp_now, sp, flags, size); /* as the kernel: a frame may say what it likes */
    (void)ignored;
}

int64_t user_sigaltstack(struct user_thread *t, const uint64_t a[6])
{
    uint64_t sp_now = t->cpu->state[t->p->abi->reg_sp];
    struct stack_words new = {0},
                       old = {
                           .sp = t->alt_sp,
                           .flags = signal_stack_flags(t, sp_now) | (t->alt_flags & SIGNAL_AUTODISARM),
                           .size = t->alt_size,
                       };
    if (a[0] && user_read(t->p, a[0], &new, sizeof(new))) return -EFAULT;
    int r = a[0] ? stack_set(t, sp_now, new.sp, new.flags, new.size) : 0;
    if (r) return r;
    return a[1] ? user_write(t->p, a[1], &old, sizeof(old)) : 0;
}

/* ---- back from a handler ---- */

/* The registers are the frame's afterwards, or those of the SIGSEGV's: there is no result (the row says so).
 */
int64_t user_rt_sigreturn(struct user_thread *t, const uint64_t a[6])
{
    int64_t r = t->p->abi->frame->pop(t);
    if (r == -EFAULT) {
        if (!signal_hold(t)) return USER_RESTART_ALWAYS;
        signal_force(t, SIGSEGV, SI_KERNEL, 0);
        signal_set_mask(t, t->mask);
        return 0;
    }
    return r;
}
