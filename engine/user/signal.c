/* Host signals to guest signals.
 *
 * A guest's signal is the host's signal of the same number, all 64 of them: what glibc keeps for itself (32
 * and 33, thread cancellation and set*id) this program never uses, so the guest's own glibc may (thread.c
 * takes 33 back from the host's). Everything goes through the kernel's own calls here, since the host's
 * glibc hides those two.
 *
 * The host's mask of a thread is the guest's mask, and the host's dispositions follow the guest's: ignored
 * signals are ignored, those whose default is nothing or stopping are left to the kernel, for all others
 * there is one handler. So the kernel does the queueing, coalescing, ordering, choosing of a thread, sigwait,
 * signalfd, inheritance, and stopping. The handler takes one signal in, blocks all others in the context it
 * returns to, and makes the thread leave what it does; user_deliver passes the signal on and sets the mask
 * again, which lets in the next.
 *
 * Five signals are never blocked on the host, because host code raises them: faults of guest accesses. What
 * somebody sent of those is kept in user_pending.sent for as long as the guest blocks it. One of them, with
 * a si_code of our own, is the kick that makes another thread look at t->wanted.
 */
#include "engine/user/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local struct user_thread *user_self;

/* As the host's kernel has it. */
struct host_action {
    void *handler;       /* SIG_DFL, SIG_IGN, or ours */
    unsigned long flags; /* SA_… */
    void (*restorer)(void);
    uint64_t mask;
};

enum {
    KICK_SIGNAL = SIGILL,
    KICK_CODE = -0x6b69636b, /* no sender of another program uses it */
};

static const int never_blocked[USER_NEVER_BLOCKED] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
const uint64_t signal_never_blocked =
    SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV);

int signal_never_index(int sig)
{
    for (int i = 0; i < USER_NEVER_BLOCKED; i++)
        if (never_blocked[i] == sig) return i;
    return -1;
}

int signal_never_at(int index)
{
    return never_blocked[index];
}

enum signal_default signal_default_of(int sig)
{
    switch (sig) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH: return DEFAULT_NOTHING;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return DEFAULT_STOP;
    default: return DEFAULT_END;
    }
}

/* ---- the handler: async-signal-safe, all signals blocked ---- */

static void say(const char *text)
{
    ssize_t r = write(STDERR_FILENO, text, strlen(text));
    (void)r;
}

static void say_hex(uint64_t v)
{
    char text[19] = "0x";
    for (int i = 0; i < 16; i++) text[2 + i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    text[18] = 0;
    say(text);
}

/* A fault that no guest access explains: the instruction is made again with the default action. */
static void host_bug(int sig, const siginfo_t *info, const ucontext_t *u)
{
    struct host_action none = {0};
    say("lockstep: a bug of its own: signal ");
    say((char[]){(char)('0' + sig / 10), (char)('0' + sig % 10), 0});
    say(" at host pc ");
    say_hex((uint64_t)u->uc_mcontext.gregs[REG_RIP]);
    say(", host address ");
    say_hex((uint64_t)info->si_addr);
    say("\n");
    syscall(SYS_rt_sigaction, sig, &none, NULL, 8);
}

/* Somebody sent one of those that are never blocked. Further ones of a kind that waits already are lost, as
 * for all signals below 32. */
static void take_never_blocked(struct user_thread *t, int index, const siginfo_t *info)
{
    if (!(t->pending.has_sent & 1u << index)) {
        t->pending.sent[index] = *info;
        t->pending.has_sent |= 1u << index;
    }
    if (t->mask & SIGNAL_BIT(info->si_signo))
        t->pending.kicks++;
    else
        t->wanted = true;
}

/* The kernel's frame has eight bytes of mask, less than the type that glibc gives it. */
static void take(struct user_thread *t, const siginfo_t *info, ucontext_t *u)
{
    t->pending.taken = *info;
    t->pending.has_taken = 1;
    t->wanted = true;
    *(uint64_t *)&u->uc_sigmask |= ~signal_never_blocked;
}

static void handler(int sig, siginfo_t *info, void *context)
{
    int saved = errno, index = signal_never_index(sig);
    struct user_thread *t = user_self;
    if (index >= 0 && info->si_code > 0) {
        if (!t || !cpu_host_fault(t->cpu, sig, info, context)) host_bug(sig, info, context);
    } else if (t) {
        if (sig == KICK_SIGNAL && info->si_code == KICK_CODE)
            t->pending.kicks++;
        else if (index >= 0)
            take_never_blocked(t, index, info);
        else
            take(t, info, context);
        cpu_kick(t->cpu, context);
        host_call_fixup(context);
    }
    errno = saved;
}

/* ---- dispositions ---- */

void host_sigreturn(void);
__asm__(".pushsection .text\n"
        ".globl host_sigreturn\n"
        ".hidden host_sigreturn\n"
        ".type host_sigreturn, @function\n"
        "host_sigreturn:\n"
        "    movq $15, %rax\n" /* __NR_rt_sigreturn */
        "    syscall\n"
        ".size host_sigreturn, . - host_sigreturn\n"
        ".popsection\n");

static bool catchable(int sig)
{
    return sig >= 1 && sig <= USER_SIGNALS && sig != SIGKILL && sig != SIGSTOP;
}

void signal_mirror(const struct user_handlers *h, int sig)
{
    const struct user_action *a = &h->of[sig];
    struct host_action host = {
        .flags = SA_SIGINFO | SA_ONSTACK | SIGNAL_SA_RESTORER | (a->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT)),
        .restorer = host_sigreturn,
        .mask = ~0ull,
    };
    if (!catchable(sig)) return;
    if (signal_never_index(sig) >= 0)
        host.handler = (void *)handler;
    else if (a->handler == SIGNAL_IGNORE)
        host.handler = (void *)SIG_IGN;
    else if (a->handler == SIGNAL_DEFAULT && signal_default_of(sig) != DEFAULT_END)
        host.handler = (void *)SIG_DFL;
    else
        host.handler = (void *)handler;
    syscall(SYS_rt_sigaction, sig, &host, NULL, 8);
}

/* Those that the guest ignores or leaves alone must be so for the program to come; the kernel itself resets
 * those with a handler. */
void signal_before_exec(struct user_thread *t)
{
    struct host_action ignore = {.handler = (void *)SIG_IGN};
    for (int i = 0; i < USER_NEVER_BLOCKED; i++)
        if (t->handlers->of[never_blocked[i]].handler == SIGNAL_IGNORE)
            syscall(SYS_rt_sigaction, never_blocked[i], &ignore, NULL, 8);
    signal_host_block(t->mask);
}

void signal_after_exec(struct user_thread *t)
{
    bool open = signal_hold(t); /* a signal that was taken meanwhile waits on */
    (void)open;
    for (int i = 0; i < USER_NEVER_BLOCKED; i++) signal_mirror(t->handlers, never_blocked[i]);
    signal_set_mask(t, t->mask);
}

/* ---- masks ---- */

uint64_t signal_host_mask(uint64_t guest)
{
    return guest & ~signal_never_blocked;
}

uint64_t signal_host_block(uint64_t mask)
{
    uint64_t old = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, 8);
    return old;
}

bool signal_hold(struct user_thread *t)
{
    signal_host_block(~signal_never_blocked);
    return !t->pending.has_taken;
}

/* Something of what is kept here may be delivered under this mask. */
bool signal_sent_is_due(const struct user_thread *t, uint64_t mask)
{
    for (int i = 0; i < USER_NEVER_BLOCKED; i++)
        if (t->pending.has_sent & 1u << i && !(mask & SIGNAL_BIT(never_blocked[i]))) return true;
    return false;
}

/* While a signal waits here the host's mask stays closed, so that its turn comes before those of the kernel:
 * user_deliver will come here again. */
void signal_set_mask(struct user_thread *t, uint64_t mask)
{
    uint64_t host = signal_host_mask(mask);
    t->mask = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    if (t->pending.has_taken || signal_sent_is_due(t, mask))
        t->wanted = true;
    else
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &host, NULL, 8);
}

int64_t signal_change_mask(struct user_thread *t, uint64_t mask)
{
    uint64_t host = signal_host_mask(mask);
    if (signal_sent_is_due(t, mask)) {
        if (!signal_hold(t)) return USER_RESTART_ALWAYS;
        signal_set_mask(t, mask);
        return 0;
    }
    int64_t r = user_host_call(t, SYS_rt_sigprocmask,
                               (const uint64_t[6]){SIG_SETMASK, (uint64_t)&host, 0, sizeof(host)});
    if (!r) t->mask = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    return r;
}

/* The signal came under the call's mask and its handler starts from that one; what its frame brings back is
 * the mask from before (sigsuspend(2), ppoll(2)). */
int64_t signal_masked(struct user_thread *t, uint64_t guest_mask, int64_t result)
{
    if (result != USER_RESTART) return result;
    t->suspended = t->mask;
    t->mask = guest_mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    t->restore_mask = true;
    return USER_RESTART_NOHAND;
}

/* ---- processes and threads ---- */

int signal_start(struct user_process *p)
{
    uint64_t mask = signal_host_block(~0ull); /* until signal_adopt */
    struct user_handlers *h = &p->handlers;
    for (struct user_thread *t = p->threads; t; t = t->next) t->mask = mask;
    for (int sig = 1; sig <= USER_SIGNALS; sig++) {
        struct host_action was = {0};
        if (!catchable(sig)) continue;
        if (syscall(SYS_rt_sigaction, sig, NULL, &was, 8)) return -errno;
        h->of[sig] = (struct user_action){
            .handler = was.handler == (void *)SIG_IGN ? SIGNAL_IGNORE : SIGNAL_DEFAULT,
        };
        signal_mirror(h, sig);
    }
    return 0;
}

int signal_adopt(struct user_thread *t)
{
    void *stack = mmap(NULL, SIGNAL_HOST_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return -ENOMEM;
    stack_t s = {.ss_sp = stack, .ss_size = SIGNAL_HOST_STACK};
    if (sigaltstack(&s, &t->host_stack_before)) {
        munmap(stack, SIGNAL_HOST_STACK);
        return -EINVAL;
    }
    t->host_stack = stack;
    t->host = pthread_self();
    t->pid = getpid();
    t->tid = gettid();
    user_self = t;
    signal_set_mask(t, t->mask);
    return 0;
}

/* A signal that was taken in for the whole process goes back to it: another thread can have it. */
void signal_release(struct user_thread *t)
{
    signal_host_block(~0ull);
    user_self = NULL;
    sigaltstack(&t->host_stack_before, NULL);
    munmap(t->host_stack, SIGNAL_HOST_STACK);
    t->host_stack = NULL;
    if (t->pending.has_taken && t->pending.taken.si_code != SI_TKILL && !t->p->exiting)
        syscall(SYS_rt_sigqueueinfo, getpid(), t->pending.taken.si_signo, &t->pending.taken);
    t->pending.has_taken = 0;
}

void signal_kick(struct user_thread *t)
{
    siginfo_t info = {.si_signo = KICK_SIGNAL, .si_code = KICK_CODE};
    cpu_kick(t->cpu, NULL);
    if (t->tid) syscall(SYS_rt_tgsigqueueinfo, t->pid, t->tid, KICK_SIGNAL, &info);
}

void signal_die(int sig)
{
    struct host_action none = {0};
    uint64_t all_but = ~SIGNAL_BIT(sig);
    syscall(SYS_rt_sigaction, sig, &none, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all_but, NULL, 8);
    syscall(SYS_tgkill, getpid(), gettid(), sig);
    _exit(128 + sig); /* the first process of a PID namespace: the kernel drops what it does not handle */
}
