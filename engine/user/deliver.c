/* What waits for a thread becomes a handler's frame or the default action (signal(7)). */
#include "engine/user/signals.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- the alternate stack (sigaltstack(2)) ---- */

int signal_stack_flags(const struct user_thread *t, uint64_t sp)
{
    if (!t->alt_size) return SS_DISABLE;
    if (t->alt_flags & SIGNAL_AUTODISARM) return 0;
    return sp > t->alt_sp && sp - t->alt_sp <= t->alt_size ? SS_ONSTACK : 0;
}

uint64_t signal_stack_pick(const struct user_thread *t, const struct user_action *a, uint64_t sp)
{
    return a->flags & SA_ONSTACK && !signal_stack_flags(t, sp) ? t->alt_sp + t->alt_size : sp;
}

/* ---- one signal ---- */

/* The result of the interrupted call, before the first frame shows it. */
static void settle(struct user_thread *t, int64_t **call, uint64_t flags)
{
    if (!*call) return;
    int64_t r = **call;
    if (r == USER_RESTART_NOHAND || (r == USER_RESTART && !(flags & SA_RESTART))) r = -EINTR;
    user_call_result(t, r);
    *call = NULL;
}

static void end(struct user_thread *t, int sig)
{
    if (t->vfork_child) signal_die(sig);
    user_stop(t->p, 128 + sig, sig);
    t->ended = true;
}

static void by_default(struct user_thread *t, int sig)
{
    switch (signal_default_of(sig)) {
    case DEFAULT_NOTHING: break;
    case DEFAULT_STOP: kill(getpid(), SIGSTOP); break;
    case DEFAULT_END: end(t, sig); break;
    }
}

static struct user_action action_of(struct user_thread *t, int sig)
{
    struct user_handlers *h = t->handlers;
    pthread_mutex_lock(&h->lock);
    struct user_action a = h->of[sig];
    if (a.handler > SIGNAL_IGNORE && a.flags & SA_RESETHAND) {
        h->of[sig].handler = SIGNAL_DEFAULT;
        signal_mirror(h, sig);
    }
    pthread_mutex_unlock(&h->lock);
    return a;
}

static void set_default(struct user_thread *t, int sig)
{
    pthread_mutex_lock(&t->handlers->lock);
    t->handlers->of[sig].handler = SIGNAL_DEFAULT;
    signal_mirror(t->handlers, sig);
    pthread_mutex_unlock(&t->handlers->lock);
}

/* The handler's frame. A stack that cannot take it is a SIGSEGV, and if that was the signal, its end. */
static void handle(struct user_thread *t, const struct user_action *a, int sig, const siginfo_t *info)
{
    if (t->p->abi->frame->push(t, info, a, sig)) {
        if (sig == SIGSEGV) set_default(t, sig);
        signal_force(t, SIGSEGV, SI_KERNEL, 0);
        return;
    }
    if (t->alt_flags & SIGNAL_AUTODISARM) {
        t->alt_sp = t->alt_size = 0;
        t->alt_flags = SS_DISABLE;
    }
    t->restore_mask = false;
    t->mask |= a->mask | (a->flags & SA_NODEFER ? 0 : SIGNAL_BIT(sig));
}

static void act(struct user_thread *t, int64_t **call, int sig, const siginfo_t *info)
{
    struct user_action a = action_of(t, sig);
    if (a.handler == SIGNAL_IGNORE) return;
    if (a.handler == SIGNAL_DEFAULT) {
        by_default(t, sig);
        return;
    }
    settle(t, call, a.flags);
    handle(t, &a, sig, info);
}

/* The next one that is due, taken off; 0: none. The caller holds signals back. */
static int next(struct user_thread *t, siginfo_t *info)
{
    struct user_pending *q = &t->pending;
    for (int i = 0; i < USER_NEVER_BLOCKED && !q->has_taken; i++) {
        int sig = signal_never_at(i);
        if (!(q->has_sent & 1u << i) || t->mask & SIGNAL_BIT(sig)) continue;
        *info = q->sent[i];
        q->has_sent &= ~(1u << i);
        return sig;
    }
    if (!q->has_taken) return 0;
    *info = q->taken;
    q->has_taken = 0;
    return info->si_signo;
}

/* The debugger may want another signal, or none. A call that is over shows it its result. */
static int ask(struct user_thread *t, int64_t **call, siginfo_t *info)
{
    const struct user_options *o = t->p->opt;
    if (!o->signal_comes) return info->si_signo;
    if (*call && !user_interrupted(**call)) settle(t, call, 0);
    info->si_signo = o->signal_comes(t, info->si_signo, o->data);
    return info->si_signo;
}

/* One turn: with the host's signals held back, so that what is taken was never blocked by t->mask. */
static void turn(struct user_thread *t, int64_t **call)
{
    siginfo_t info;
    bool open = signal_hold(t);
    (void)open;
    t->wanted = false;
    bool any = next(t, &info);
    int sig = any ? ask(t, call, &info) : 0;
    if (sig) act(t, call, sig, &info);
    if (!any && t->restore_mask) {
        t->restore_mask = false;
        t->mask = t->suspended;
    }
    signal_set_mask(t, t->mask);
}

void user_deliver(struct user_thread *t, int64_t *call)
{
    while (!t->ended && (t->wanted || t->restore_mask)) {
        if (t->p->exiting && !t->vfork_child)
            t->ended = true;
        else
            turn(t, &call);
    }
    if (call) user_call_result(t, *call);
}

/* ---- signals of the thread's own making ---- */

void signal_force(struct user_thread *t, int sig, int code, uint64_t addr)
{
    siginfo_t info;
    memset(&info, 0, sizeof(info));
    info.si_signo = sig;
    info.si_code = code;
    info.si_addr = (void *)addr;
    int64_t *none = NULL;
    if (t->mask & SIGNAL_BIT(sig) || t->handlers->of[sig].handler == SIGNAL_IGNORE) {
        set_default(t, sig);
        t->mask &= ~SIGNAL_BIT(sig);
    }
    act(t, &none, sig, &info);
}

/* A memory fault's address is the byte that could not be had. A misaligned one's too, as POSIX and other
 * emulators have it; Linux on RISC-V gives the pc. */
static void fault(struct user_thread *t)
{
    const struct cpu_exit *e = &t->cpu->exit;
    const struct guest *g = t->cpu->guest;
    if (e->kind == EXIT_BREAKPOINT)
        signal_force(t, SIGTRAP, TRAP_BRKPT, e->pc);
    else if (e->cause == g->cause_of_align[CPU_READ] || e->cause == g->cause_of_align[CPU_WRITE])
        signal_force(t, SIGBUS, BUS_ADRALN, e->value);
    else if (e->cause == g->cause_of_access[0])
        signal_force(t, SIGILL, ILL_ILLOPC, e->pc);
    else if (t->cpu->host_signal == SIGBUS)
        signal_force(t, SIGBUS, BUS_ADRERR, e->value);
    else
        signal_force(t, SIGSEGV, space_mapped(t->p, e->value) ? SEGV_ACCERR : SEGV_MAPERR, e->value);
}

/* A signal that was taken in before goes first: its handler returns to the instruction, which faults again.
 */
void signal_fault(struct user_thread *t)
{
    if (!signal_hold(t)) return;
    fault(t);
    signal_set_mask(t, t->mask);
}
