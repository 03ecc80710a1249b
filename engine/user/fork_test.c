/* fork and vfork with arguments that are wrong, and the little that a child sees before it runs; what happens
 * then corpora/programs/process_*.c show. */
#include <unistd.h>

#include "engine/interp/interp.h"
#include "engine/user/call_test.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { NR_CLONE = 220, NR_WAIT4 = 260, NR_CLONE3 = 435 };
enum { ARGS = DATA + 256, NUMBER = DATA + 1024, END = DATA + DATA_SIZE, SP = 2, TP = 4 };

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})
#define NOWHERE              (1ull << 40)

/* A child of vfork runs this: exit(7). */
static const uint32_t code[] = {0x00700513 /* li a0, 7 */, 0x05d00893 /* li a7, 93 */, 0x00000073};

static void open_with(struct caller *c)
{
    caller_open(c);
    caller_runs(c, &backend_interp, code, ARRAY_LEN(code));
    c->t->mask = 1ull << (SIGUSR1 - 1);
    signal_set_mask(c->t, c->t->mask);
}

/* The child's status. */
static int status_of(struct caller *c, int64_t pid, uint64_t options)
{
    int32_t st = -1;
    assert_int_equal(CALL(c, NR_WAIT4, (uint64_t)pid, NUMBER + 64, options), pid);
    assert_int_equal(user_read(&c->p, NUMBER + 64, &st, sizeof(st)), 0);
    assert_true(WIFEXITED(st));
    return WEXITSTATUS(st);
}

static uint32_t number_at(struct caller *c, uint64_t at)
{
    uint32_t n = 0;
    assert_int_equal(user_read(&c->p, at, &n, sizeof(n)), 0);
    return n;
}

/* ---- clone ---- */

static void test_refused(void **state)
{
    static const uint64_t bad[] = {
        CLONE_SIGHAND | SIGCHLD,                                   /* needs CLONE_VM */
        CLONE_VM | CLONE_SIGHAND | SIGCHLD,                        /* a process that shares and runs on */
        CLONE_VM | SIGCHLD,                                        /* likewise */
        CLONE_THREAD,                                              /* needs the two above */
        CLONE_THREAD | CLONE_VM,                                   /* likewise */
        CLONE_THREAD | CLONE_SIGHAND,                              /* likewise */
        CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWPID,    /* no namespace of a thread's own */
        CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_PIDFD,     /* no descriptor for one */
        CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD,               /* one address for two numbers */
        CLONE_FS | CLONE_NEWNS | SIGCHLD,                          /* the kernel's own rule */
        CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_NEWNS | SIGCHLD, /* likewise */
        CLONE_NEWPID | CLONE_NEWUSER | CLONE_FS | SIGCHLD,         /* likewise */
    };
    struct caller c;
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t r = CALL(&c, NR_CLONE, bad[i], 0, NUMBER, 0, NUMBER);
        if (!r) _exit(1);
        assert_int_equal(r, -EINVAL);
    }
    assert_int_equal(c.p.nthreads, 1);
    assert_int_equal(c.t->mask, 1ull << (SIGUSR1 - 1));
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    caller_close(&c);
}

/* In the child: what it must find, as bits. */
static int found(struct caller *c, int parent)
{
    int own = c->t->tid == getpid() && c->t->pid == getpid() && c->t->tid != parent;
    int alone = c->p.nthreads == 1 && c->p.forked && c->t->is_first && c->t->inside && !c->p.watched;
    int same = c->t->mask == 1ull << (SIGUSR1 - 1) && !c->t->robust && !c->t->pending.has_sent;
    return own | alone << 1 | same << 2;
}

static void test_fork(void **state)
{
    struct caller c;
    int parent = getpid();
    open_with(&c);
    c.t->robust = ARGS;
    c.t->robust_size = 24;
    uint64_t flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS;
    int64_t pid = CALL(&c, NR_CLONE, flags | SIGCHLD, 0x5000, NUMBER, 0x6000, NUMBER + 4);
    if (!pid) {
        int regs = c.t->cpu->state[SP] == 0x5000 && c.t->cpu->state[TP] == 0x6000;
        int numbers = number_at(&c, NUMBER + 4) == (uint32_t)getpid() && c.t->clear_tid == NUMBER + 4;
        _exit(found(&c, parent) | regs << 3 | numbers << 4);
    }
    assert_int_equal(status_of(&c, pid, 0), 31);
    assert_int_equal(number_at(&c, NUMBER), pid);
    assert_int_equal(number_at(&c, NUMBER + 4), 0);
    assert_int_equal(c.t->tid, parent);
    assert_int_equal(c.t->robust, ARGS);
    assert_false(c.p.forked);
    caller_close(&c);
}

/* A bad address for a number is the asker's loss; there is a child all the same. */
static void test_bad_numbers(void **state)
{
    static const uint64_t nowhere[] = {0, NOWHERE, ~0ull, END - 2};
    struct caller c;
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(nowhere); i++) {
        uint64_t flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
        int64_t pid = CALL(&c, NR_CLONE, flags, 0, nowhere[i], 0, nowhere[i]);
        if (!pid) _exit(4);
        assert_int_equal(status_of(&c, pid, 0), 4);
    }
    caller_close(&c);
}

/* What glibc's fork cannot do: another signal at the end, or none. */
static void test_silent(void **state)
{
    struct caller c;
    int parent = getpid();
    open_with(&c);
    int64_t pid = CALL(&c, NR_CLONE, 0);
    if (!pid) _exit(found(&c, parent));
    assert_int_equal(CALL(&c, NR_WAIT4, (uint64_t)pid, 0, 0), -ECHILD);
    assert_int_equal(status_of(&c, pid, __WCLONE), 7);
    caller_close(&c);
}

/* ---- vfork ---- */

static void test_vfork(void **state)
{
    struct caller c;
    int tid = gettid();
    open_with(&c);
    uint64_t *pc = &c.t->cpu->state[c.p.guest->pc_word], at = *pc;
    for (unsigned i = 0; i < 3; i++) {
        *pc = at;
        int64_t pid = CALL(&c, NR_CLONE, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, 0, NUMBER);
        assert_int_equal(*pc, at + 4);
        user_deliver(c.t, NULL); /* it looks for what was kept from it */
        assert_int_equal(number_at(&c, NUMBER), pid);
        assert_int_equal(status_of(&c, pid, 0), 7);
        assert_int_equal(c.t->tid, tid);
        assert_int_equal(c.p.borrowers, 0);
        assert_true(c.t->inside && !c.t->vfork_child && !c.t->ended);
        assert_ptr_equal(c.t->handlers, &c.p.handlers);
        assert_int_equal(c.t->mask, 1ull << (SIGUSR1 - 1));
    }
    caller_close(&c);
}

/* ---- clone3 ---- */

static void put_args(struct caller *c, const struct clone_args *args)
{
    assert_int_equal(user_write(&c->p, ARGS, args, sizeof(*args)), 0);
}

/* Refused with the host kernel's own error, where that has an opinion on the very same. */
static void test_clone3_refused(void **state)
{
    static const struct {
        struct clone_args args;
        int err;
    } cases[] = {
        {{.flags = SIGCHLD}, EINVAL}, /* no signal in the flags */
        {{.flags = CLONE_DETACHED}, EINVAL},
        {{.exit_signal = 65}, EINVAL},
        {{.exit_signal = 1ull << 32 | SIGCHLD}, EINVAL},
        {{.stack = DATA, .exit_signal = SIGCHLD}, EINVAL}, /* a stack without a size, and the other way */
        {{.stack_size = 4096, .exit_signal = SIGCHLD}, EINVAL},
        {{.set_tid_size = 1, .exit_signal = SIGCHLD}, EINVAL},
        {{.set_tid_size = 33, .set_tid = DATA, .exit_signal = SIGCHLD}, EINVAL},
        {{.set_tid = DATA, .exit_signal = SIGCHLD}, EINVAL},
        {{.flags = CLONE_INTO_CGROUP, .cgroup = 1ull << 31, .exit_signal = SIGCHLD}, EINVAL},
        {{.flags = CLONE_INTO_CGROUP, .cgroup = 999, .exit_signal = SIGCHLD}, EBADF},
        {{.flags = 1ull << 40, .exit_signal = SIGCHLD}, EINVAL},
        {{.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD}, EINVAL},
    };
    struct caller c;
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct clone_args args = cases[i].args;
        put_args(&c, &args);
        int64_t r = CALL(&c, NR_CLONE3, ARGS, sizeof(args));
        if (!r) _exit(1);
        assert_int_equal(r, -cases[i].err);
        if (args.set_tid) args.set_tid = (uint64_t)mem_host(&c.p.mem, args.set_tid);
        long host = syscall(SYS_clone3, &args, sizeof(args));
        if (!host) _exit(1);
        assert_int_equal(host, -1);
        if (errno != ENOSYS) assert_int_equal(-errno, r);
    }
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    caller_close(&c);
}

/* The struct grows: a short one is an old one, a long one may only go on with zeros. */
static void test_clone3_sizes(void **state)
{
    const struct clone_args args = {.exit_signal = SIGCHLD};
    struct caller c;
    uint8_t one = 1;
    open_with(&c);
    put_args(&c, &args);
    assert_int_equal(CALL(&c, NR_CLONE3, ARGS, 0), -EINVAL);
    assert_int_equal(CALL(&c, NR_CLONE3, ARGS, CLONE_ARGS_SIZE_VER0 - 1), -EINVAL);
    assert_int_equal(CALL(&c, NR_CLONE3, ARGS, CPU_PAGE + 1), -E2BIG);
    assert_int_equal(CALL(&c, NR_CLONE3, ARGS, ~0ull), -E2BIG);
    assert_int_equal(CALL(&c, NR_CLONE3, 0, sizeof(args)), -EFAULT);
    assert_int_equal(CALL(&c, NR_CLONE3, END - 32, sizeof(args)), -EFAULT);
    assert_int_equal(CALL(&c, NR_CLONE3, NOWHERE, sizeof(args)), -EFAULT);
    assert_int_equal(CALL(&c, NR_CLONE3, ~0ull - 8, sizeof(args)), -EFAULT);
    assert_int_equal(user_write(&c.p, ARGS + sizeof(args) + 12, &one, 1), 0);
    assert_int_equal(CALL(&c, NR_CLONE3, ARGS, sizeof(args) + 13), -E2BIG);
    static const uint64_t good[] = {CLONE_ARGS_SIZE_VER0, CLONE_ARGS_SIZE_VER1, sizeof(args) + 12};
    for (unsigned i = 0; i < ARRAY_LEN(good); i++) {
        int64_t pid = CALL(&c, NR_CLONE3, ARGS, good[i]);
        if (!pid) _exit(9);
        assert_int_equal(status_of(&c, pid, 0), 9);
    }
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_fork),
        cmocka_unit_test(test_bad_numbers),  cmocka_unit_test(test_silent),
        cmocka_unit_test(test_vfork),        cmocka_unit_test(test_clone3_refused),
        cmocka_unit_test(test_clone3_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
