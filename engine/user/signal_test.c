/* Signals of a thread that stands still: what becomes of the host's, frames, masks, restarts, the alternate
 * stack. Programs in corpora/programs show the same from inside. */
#include <unistd.h>

#include "engine/user/call_test.h"
#include "engine/user/signals.h"
#include "riscv64/riscv64_state.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include <cmocka.h>

/* Numbers of riscv64. */
enum {
    NR_READ = 63,
    NR_SIGALTSTACK = 132,
    NR_SIGSUSPEND = 133,
    NR_SIGACTION = 134,
    NR_SIGPROCMASK = 135,
    NR_SIGPENDING = 136,
    NR_SIGRETURN = 139,
};

/* Of the frame, counted from asm/siginfo.h, asm/ucontext.h and asm/sigcontext.h of the guest's UAPI. */
enum {
    UC = 128,
    UC_STACK = UC + 16,
    UC_MASK = UC + 40,
    MC = UC + 176,
    MC_F = MC + 256,
    MC_FCSR = MC_F + 256
};
enum { FRAME = UC + 960, MC_RESERVED = MC + 772, TOP = DATA + DATA_SIZE - 64, HANDLER = 0x4000 };

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})

static struct riscv64_state *regs(struct caller *c)
{
    return (void *)c->t->cpu->state;
}

static uint64_t word(struct caller *c, uint64_t at)
{
    uint64_t v = 0;
    assert_int_equal(user_read(&c->p, at, &v, sizeof(v)), 0);
    return v;
}

static void put(struct caller *c, uint64_t at, uint64_t v)
{
    assert_int_equal(user_write(&c->p, at, &v, sizeof(v)), 0);
}

/* A thread at pc 0x1000 with a stack, whose handler of `sig` stands at HANDLER. */
static void open_with(struct caller *c, int sig, uint64_t flags, uint64_t mask)
{
    caller_open(c);
    signal_set_mask(c->t, 0); /* the thread before left everything blocked */
    regs(c)->pc = 0x1000;
    regs(c)->x[2] = TOP;
    c->p.sigreturn = 0x9000;
    put(c, DATA, HANDLER);
    put(c, DATA + 8, flags);
    put(c, DATA + 16, mask);
    assert_int_equal(CALL(c, NR_SIGACTION, (uint64_t)sig, DATA, 0, 8), 0);
    regs(c)->pc = 0x1000;
}

static void handle(struct caller *c, int64_t *call)
{
    user_deliver(c->t, call);
    assert_false(c->t->wanted);
}

static uint64_t host_mask(void)
{
    uint64_t now = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
    return now;
}

static void *host_handler(int sig)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } a = {0};
    syscall(SYS_rt_sigaction, sig, NULL, &a, 8);
    return a.handler;
}

/* ---- dispositions and masks follow the guest's ---- */

static void test_dispositions(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, SA_RESTART | 0x40000000400u, 0xff00);
    void *ours = host_handler(SIGUSR1);
    assert_ptr_not_equal(ours, SIG_DFL);
    assert_ptr_equal(host_handler(SIGTERM), ours); /* its default is ours to carry out */
    assert_ptr_equal(host_handler(SIGSEGV), ours);
    assert_ptr_equal(host_handler(SIGCHLD), SIG_DFL);
    assert_ptr_equal(host_handler(SIGTSTP), SIG_DFL);
    assert_int_equal(CALL(&c, NR_SIGACTION, SIGUSR1, 0, DATA + 64, 8), 0);
    assert_int_equal(word(&c, DATA + 64), HANDLER);
    assert_int_equal(word(&c, DATA + 72), SA_RESTART);
    assert_int_equal(word(&c, DATA + 80), 0xff00 & ~SIGNAL_BIT(SIGKILL)); /* as the kernel keeps it */
    const int all[] = {SIGUSR1, SIGCHLD, SIGTSTP, SIGSEGV, 32, 33, 64};
    for (uint64_t handler = 0; handler < 2; handler++) {
        put(&c, DATA, handler);
        for (unsigned i = 0; i < ARRAY_LEN(all); i++)
            assert_int_equal(CALL(&c, NR_SIGACTION, (uint64_t)all[i], DATA, 0, 8), 0);
        assert_ptr_equal(host_handler(SIGUSR1), handler ? (void *)SIG_IGN : ours);
        assert_ptr_equal(host_handler(SIGCHLD), handler ? SIG_IGN : SIG_DFL);
        assert_ptr_equal(host_handler(33), handler ? (void *)SIG_IGN : ours);
        assert_ptr_equal(host_handler(SIGSEGV), ours);
    }
    assert_int_equal(CALL(&c, NR_SIGACTION, SIGKILL, DATA, 0, 8), -EINVAL);
    assert_int_equal(CALL(&c, NR_SIGACTION, SIGKILL, 0, DATA, 8), 0);
    assert_int_equal(CALL(&c, NR_SIGACTION, 65, 0, DATA, 8), -EINVAL);
    assert_int_equal(CALL(&c, NR_SIGACTION, SIGUSR1, DATA, 0, 16), -EINVAL);
    assert_int_equal(CALL(&c, NR_SIGACTION, SIGUSR1, 1ull << 40, 0, 8), -EFAULT);
    caller_close(&c);
}

static void test_masks(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, 0, 0);
    uint64_t all = ~0ull, settable = all & ~SIGNAL_BIT(SIGKILL) & ~SIGNAL_BIT(SIGSTOP), before = c.t->mask;
    put(&c, DATA, all);
    assert_int_equal(CALL(&c, NR_SIGPROCMASK, SIG_SETMASK, DATA, DATA + 8, 8), 0);
    assert_int_equal(word(&c, DATA + 8), before);
    assert_int_equal(c.t->mask, settable);
    assert_int_equal(host_mask(), settable & ~signal_never_blocked);
    /* sent while blocked: the host's kernel keeps one, the other is kept here */
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    syscall(SYS_tgkill, getpid(), gettid(), SIGSEGV);
    assert_false(c.t->wanted);
    assert_int_equal(CALL(&c, NR_SIGPENDING, DATA, 8), 0);
    assert_int_equal(word(&c, DATA), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV));
    put(&c, DATA, SIGNAL_BIT(SIGUSR1));
    regs(&c)->pc = 0x1000;
    assert_int_equal(CALL(&c, NR_SIGPROCMASK, SIG_UNBLOCK, DATA, 0, 8), 0);
    assert_true(c.t->wanted); /* taken by the host's handler */
    assert_int_equal(host_mask(), ~signal_never_blocked & settable);
    /* nothing may change the mask before it is delivered */
    assert_int_equal(regs(&c)->pc, 0x1004);
    CALL(&c, NR_SIGPROCMASK, SIG_BLOCK, DATA, 0, 8);
    assert_int_equal(regs(&c)->pc, HANDLER);
    assert_int_equal(word(&c, regs(&c)->x[2] + MC), 0x1004); /* the call is made again afterwards */
    assert_int_equal(c.t->mask, settable);
    assert_int_equal(CALL(&c, NR_SIGPROCMASK, 7, DATA, 0, 8), -EINVAL);
    c.t->pending.has_sent = 0;
    c.t->mask = 0;
    caller_close(&c);
}

/* ---- the frame ---- */

static void test_frame(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, SA_SIGINFO, SIGNAL_BIT(SIGHUP));
    struct riscv64_state *s = regs(&c), was;
    c.t->mask = SIGNAL_BIT(SIGALRM);
    for (unsigned i = 1; i < 32; i++) s->x[i] = i == 2 ? TOP - 8 : 0x1111111111111111u * i;
    for (unsigned i = 0; i < 32; i++) s->f[i] = 0xf000000000000000u + i;
    s->frm = 2;
    s->fflags = 21;
    was = *s;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    handle(&c, NULL);
    uint64_t sp = s->x[2];
    assert_int_equal(sp % 16, 0);
    assert_int_equal(sp, (TOP - 8 - FRAME) & ~15ull);
    assert_int_equal(s->pc, HANDLER);
    assert_int_equal(s->x[1], 0x9000);
    assert_int_equal(s->x[10], SIGUSR1);
    assert_int_equal(s->x[11], sp);
    assert_int_equal(s->x[12], sp + UC);
    assert_int_equal((uint32_t)word(&c, sp), SIGUSR1);
    assert_int_equal((int)word(&c, sp + 8), SI_TKILL);
    assert_int_equal((int)word(&c, sp + 16), getpid());
    assert_int_equal(word(&c, sp + UC), 0);
    assert_int_equal(word(&c, sp + UC_STACK + 8), SS_DISABLE);
    assert_int_equal(word(&c, sp + UC_MASK), SIGNAL_BIT(SIGALRM));
    assert_int_equal(word(&c, sp + MC), was.pc);
    for (unsigned i = 1; i < 32; i++) assert_int_equal(word(&c, sp + MC + 8 * i), was.x[i]);
    for (unsigned i = 0; i < 32; i++) assert_int_equal(word(&c, sp + MC_F + 8 * i), was.f[i]);
    assert_int_equal((uint32_t)word(&c, sp + MC_FCSR), 2 << 5 | 21);
    assert_int_equal(word(&c, sp + FRAME - 8), 0); /* the header that ends the extensions */
    uint64_t mask = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGUSR1);
    assert_int_equal(c.t->mask, mask);
    assert_int_equal(host_mask(), mask);
    /* a handler may change what it goes back to */
    put(&c, sp + MC, 0x2000);
    put(&c, sp + MC + 8 * 10, 42);
    put(&c, sp + MC_F, 43);
    put(&c, sp + UC_MASK, SIGNAL_BIT(SIGPIPE) | SIGNAL_BIT(SIGKILL));
    memset(s->x, 0, sizeof(s->x));
    s->x[2] = sp;
    CALL(&c, NR_SIGRETURN, 0);
    assert_int_equal(s->pc, 0x2000);
    assert_int_equal(s->x[10], 42);
    assert_int_equal(s->f[0], 43);
    assert_int_equal(s->x[31], was.x[31]);
    assert_int_equal(s->x[2], was.x[2]);
    assert_int_equal(s->fflags, 21);
    assert_int_equal(c.t->mask, SIGNAL_BIT(SIGPIPE));
    assert_int_equal(host_mask(), SIGNAL_BIT(SIGPIPE));
    caller_close(&c);
}

/* A frame that the kernel would not take back, and a stack that cannot take one: SIGSEGV. */
static void test_bad_frames(void **state)
{
    struct caller c;
    open_with(&c, SIGSEGV, SA_SIGINFO, 0);
    struct riscv64_state *s = regs(&c);
    memset(mem_host(&c.p.mem, DATA), 0, DATA_SIZE);
    s->x[2] = DATA + 4096;
    put(&c, DATA + 4096 + MC_RESERVED, 1);
    CALL(&c, NR_SIGRETURN, 0);
    assert_int_equal(s->pc, HANDLER);
    assert_int_equal(s->x[10], SIGSEGV);
    assert_int_equal((int)word(&c, s->x[11] + 8), SI_KERNEL);
    s->x[2] = 0x10;
    CALL(&c, NR_SIGRETURN, 0); /* SIGSEGV is blocked now: the end */
    assert_true(c.t->ended);
    assert_int_equal(c.p.killed_by, SIGSEGV);
    caller_close(&c);
    open_with(&c, SIGUSR1, 0, 0);
    regs(&c)->x[2] = 0x10;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    user_deliver(c.t, NULL);
    assert_true(c.t->ended);
    assert_int_equal(c.p.killed_by, SIGSEGV);
    caller_close(&c);
}

/* ---- calls that a signal interrupts ---- */

/* signal(7), "Interruption of system calls and library functions by signal handlers". */
static void test_restarts(void **state)
{
    static const struct {
        int64_t result;
        uint64_t flags;
        bool again;
    } cases[] = {
        {USER_RESTART, 0, false},        {USER_RESTART, SA_RESTART, true},
        {USER_RESTART_NOHAND, 0, false}, {USER_RESTART_NOHAND, SA_RESTART, false},
        {USER_RESTART_ALWAYS, 0, true},  {USER_RESTART_ALWAYS, SA_RESTART, true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct caller c;
        int64_t result = cases[i].result;
        open_with(&c, SIGUSR1, cases[i].flags, 0);
        regs(&c)->x[10] = 77;
        syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
        handle(&c, &result);
        uint64_t sp = regs(&c)->x[2];
        assert_int_equal(regs(&c)->pc, HANDLER);
        assert_int_equal(word(&c, sp + MC), cases[i].again ? 0x1000 : 0x1004);
        assert_int_equal(word(&c, sp + MC + 80), cases[i].again ? 77 : (uint64_t)-EINTR);
        /* no handler: made again, whatever it is */
        caller_close(&c);
        open_with(&c, SIGUSR1, 0, 0);
        result = cases[i].result;
        c.t->wanted = true;
        handle(&c, &result);
        assert_int_equal(regs(&c)->pc, 0x1000);
        caller_close(&c);
    }
}

/* Of two that come at once only the first decides about the call; the second one's handler runs first. */
static void test_two(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, 0, 0);
    c.p.handlers.of[SIGUSR2] = (struct user_action){.handler = HANDLER + 4, .flags = SA_RESTART};
    signal_mirror(&c.p.handlers, SIGUSR2);
    uint64_t both = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2);
    signal_host_block(both);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    signal_host_block(0);
    int64_t result = USER_RESTART;
    handle(&c, &result);
    uint64_t sp = regs(&c)->x[2];
    assert_int_equal(regs(&c)->pc, HANDLER + 4);
    assert_int_equal(word(&c, sp + MC), HANDLER);
    assert_int_equal(word(&c, sp + FRAME + MC), 0x1004);
    assert_int_equal(word(&c, sp + FRAME + MC + 80), (uint64_t)-EINTR);
    assert_int_equal(c.t->mask, both);
    caller_close(&c);
}

/* Those that are kept here: before the kernel's when both become due at once (its order too), but after one
 * that was taken in already, which the handler's mask could no longer keep away. */
static void test_order(void **state)
{
    for (int taken = 0; taken < 2; taken++) {
        struct caller c;
        open_with(&c, SIGUSR1, 0, 0);
        c.p.handlers.of[SIGSEGV] = (struct user_action){.handler = HANDLER + 4, .mask = ~0ull};
        uint64_t both = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV);
        signal_set_mask(c.t, taken ? SIGNAL_BIT(SIGSEGV) : both);
        syscall(SYS_tgkill, getpid(), gettid(), SIGSEGV);
        syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
        assert_int_equal(c.t->wanted, taken);
        put(&c, DATA, both);
        if (taken) {
            c.t->mask = 0;
            handle(&c, NULL);
        } else {
            assert_int_equal(CALL(&c, NR_SIGPROCMASK, SIG_UNBLOCK, DATA, 0, 8), 0);
            handle(&c, NULL);
        }
        assert_int_equal(regs(&c)->pc, HANDLER + 4);
        assert_int_equal(word(&c, regs(&c)->x[2] + MC), taken ? HANDLER : 0x1004);
        put(&c, DATA, SIGNAL_IGNORE); /* what still waits is dropped */
        assert_int_equal(CALL(&c, NR_SIGACTION, SIGUSR1, DATA, 0, 8), 0);
        caller_close(&c);
    }
}

static void test_suspend(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, SA_RESTART, 0);
    put(&c, DATA, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGHUP));
    assert_int_equal(CALL(&c, NR_SIGPROCMASK, SIG_SETMASK, DATA, 0, 8), 0);
    regs(&c)->pc = 0x1000;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    put(&c, DATA, SIGNAL_BIT(SIGALRM));
    CALL(&c, NR_SIGSUSPEND, DATA, 8);
    uint64_t sp = regs(&c)->x[2];
    assert_int_equal(regs(&c)->pc, HANDLER);
    assert_int_equal(c.t->mask, SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGUSR1));
    assert_int_equal(word(&c, sp + UC_MASK), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGHUP));
    assert_int_equal(word(&c, sp + MC), 0x1004);
    assert_int_equal(word(&c, sp + MC + 80), (uint64_t)-EINTR);
    CALL(&c, NR_SIGRETURN, 0);
    assert_int_equal(c.t->mask, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGHUP));
    c.t->mask = 0;
    caller_close(&c);
}

extern const char host_call_look[], host_call_done[], host_call_not_made[];

/* A call is not made when a signal waits, and a signal at any instruction before it is in the kernel's hands
 * takes it back. */
static void test_host_call(void **state)
{
    struct caller c;
    int p[2];
    char byte = 0;
    ucontext_t u = {0};
    greg_t *rip = &u.uc_mcontext.gregs[REG_RIP];
    open_with(&c, SIGUSR1, 0, 0);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "xy", 2), 2);
    const uint64_t args[6] = {(uint64_t)p[0], (uint64_t)&byte, 1};
    assert_int_equal(user_host_call(c.t, SYS_read, args), 1);
    assert_int_equal(byte, 'x');
    c.t->wanted = true;
    assert_int_equal(user_host_call(c.t, SYS_read, args), USER_RESTART_ALWAYS);
    assert_int_equal(byte, 'x');
    c.t->wanted = false;
    greg_t look = (greg_t)host_call_look, done = (greg_t)host_call_done;
    for (greg_t at = look - 1; at <= done; at++) {
        *rip = at;
        host_call_fixup(&u);
        assert_int_equal(*rip, at >= look && at < done ? (greg_t)host_call_not_made : at);
    }
    assert_int_equal(user_host_call(c.t, SYS_read, (const uint64_t[6]){(uint64_t)-1}), -EBADF);
    close(p[0]);
    close(p[1]);
    caller_close(&c);
}

/* ---- the alternate stack ---- */

static void test_stack(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, SA_ONSTACK, 0);
    uint64_t stack = DATA + 4096;
    put(&c, DATA, stack);
    put(&c, DATA + 8, 0);
    put(&c, DATA + 16, 2047);
    assert_int_equal(CALL(&c, NR_SIGALTSTACK, DATA, 0), -ENOMEM);
    put(&c, DATA + 16, 8192);
    put(&c, DATA + 8, 4);
    assert_int_equal(CALL(&c, NR_SIGALTSTACK, DATA, 0), -EINVAL);
    put(&c, DATA + 8, 0);
    assert_int_equal(CALL(&c, NR_SIGALTSTACK, DATA, DATA + 64), 0);
    assert_int_equal(word(&c, DATA + 72), SS_DISABLE);
    regs(&c)->pc = 0x1000;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    handle(&c, NULL);
    assert_int_equal(regs(&c)->x[2], (stack + 8192 - FRAME) & ~15ull);
    assert_int_equal(word(&c, regs(&c)->x[2] + UC_STACK), stack);
    assert_int_equal(CALL(&c, NR_SIGALTSTACK, DATA, DATA + 64), -EPERM);
    assert_int_equal(CALL(&c, NR_SIGALTSTACK, 0, DATA + 64), 0);
    assert_int_equal(word(&c, DATA + 72), SS_ONSTACK);
    /* a second one goes on where the first one is, until it is full */
    c.t->mask = 0;
    signal_host_block(0);
    uint64_t sp = regs(&c)->x[2];
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    handle(&c, NULL);
    assert_int_equal(regs(&c)->x[2], sp - FRAME);
    c.t->mask = 0;
    signal_host_block(0);
    regs(&c)->x[2] = stack + 512;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    user_deliver(c.t, NULL);
    assert_int_equal(c.p.killed_by, SIGSEGV);
    caller_close(&c);
}

/* ---- faults ---- */

static void test_faults(void **state)
{
    static const struct {
        const char *cause;
        uint64_t value;
        int host, sig, code;
        uint64_t addr;
    } cases[] = {
        {"illegal", 0xffff, 0, SIGILL, ILL_ILLOPC, 0x1000},
        {"breakpoint", 0, 0, SIGTRAP, TRAP_BRKPT, 0x1000},
        {"misaligned-load", 0x123, 0, SIGBUS, BUS_ADRALN, 0x123},
        {"misaligned-store", 0x123, 0, SIGBUS, BUS_ADRALN, 0x123},
        {"load-access", 0x50, 0, SIGSEGV, SEGV_MAPERR, 0x50},
        {"store-access", DATA, 0, SIGSEGV, SEGV_ACCERR, DATA},
        {"store-access", DATA, SIGBUS, SIGBUS, BUS_ADRERR, DATA},
        {"fetch-access", DATA + 2, 0, SIGSEGV, SEGV_ACCERR, DATA + 2},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct caller c;
        open_with(&c, cases[i].sig, SA_SIGINFO, 0);
        const struct guest *g = c.p.guest;
        unsigned cause = (unsigned)guest_cause_find(g, cases[i].cause);
        c.t->cpu->exit = (struct cpu_exit){
            .kind = g->causes[cause].exit, .cause = cause, .pc = 0x1000, .value = cases[i].value};
        c.t->cpu->host_signal = cases[i].host;
        signal_fault(c.t);
        uint64_t info = regs(&c)->x[11];
        assert_int_equal(regs(&c)->pc, HANDLER);
        assert_int_equal(regs(&c)->x[10], cases[i].sig);
        assert_int_equal((int)word(&c, info), cases[i].sig);
        assert_int_equal((int)word(&c, info + 8), cases[i].code);
        assert_int_equal(word(&c, info + 16), cases[i].addr);
        assert_int_equal(word(&c, regs(&c)->x[2] + MC), 0x1000);
        /* the same again, while it is blocked: it kills */
        regs(&c)->pc = 0x1000;
        signal_fault(c.t);
        assert_int_equal(c.p.killed_by, cases[i].sig);
        caller_close(&c);
    }
}

/* One that was taken in before has its turn first; the instruction faults again afterwards. */
static void test_fault_waits(void **state)
{
    struct caller c;
    open_with(&c, SIGUSR1, 0, ~0ull);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    c.t->cpu->exit = (struct cpu_exit){.kind = EXIT_FAULT, .pc = 0x1000};
    signal_fault(c.t);
    assert_int_equal(regs(&c)->pc, 0x1000);
    handle(&c, NULL);
    assert_int_equal(regs(&c)->pc, HANDLER);
    assert_int_equal(word(&c, regs(&c)->x[2] + MC), 0x1000);
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispositions), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_frame),        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_restarts),     cmocka_unit_test(test_two),
        cmocka_unit_test(test_order),        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_host_call),    cmocka_unit_test(test_stack),
        cmocka_unit_test(test_faults),       cmocka_unit_test(test_fault_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
