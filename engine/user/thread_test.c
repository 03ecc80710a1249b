/* How a thread starts and ends: what it is given, what it leaves, and what happens when it cannot start. */
#include <unistd.h>

#include "engine/interp/interp.h"
#include "engine/user/call_test.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include <cmocka.h>

enum { NR_EXIT = 93, NR_EXIT_GROUP = 94, NR_SET_TID_ADDRESS = 96, NR_GETTID = 178, NR_CLONE = 220 };
enum { NUMBER = DATA + 1024, SEEN = DATA + 2048, SP = 2, TP = 4, A0 = 10 };

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})
#define NOWHERE              (1ull << 40)
#define FLAGS                                                                                      \
    ((uint64_t)(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | \
                CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))

/* A thread tells what it sees, in words at its sp, and ends. */
static const uint32_t code[] = {
    0x00a13023, /* sd a0, 0(sp): the result of clone */
    0x00413423, /* sd tp, 8(sp) */
    0x01313823, /* sd s3, 16(sp): as its parent has it */
    0x0b200893, /* li a7, 178: gettid */
    0x00000073, /* ecall */
    0x00a13c23, /* sd a0, 24(sp) */
    0x05d00893, /* li a7, 93: exit */
    0x00000073, /* ecall */
};

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

static void open_with(struct caller *c)
{
    caller_open(c);
    caller_runs(c, &backend_interp, code, ARRAY_LEN(code));
}

static int64_t clone_at(struct caller *c, uint64_t flags, uint64_t number)
{
    uint64_t *pc = &c->t->cpu->state[c->p.guest->pc_word], before = *pc;
    int64_t r = CALL(c, NR_CLONE, flags, SEEN, number, 0x7700, number);
    *pc = before;
    return r;
}

static void test_start(void **state)
{
    struct caller c;
    open_with(&c);
    c.t->cpu->state[19] = 0x1919;
    c.t->mask = SIGNAL_BIT(SIGUSR2);
    for (unsigned i = 0; i < 20; i++) {
        put(&c, SEEN, ~0ull);
        int64_t tid = clone_at(&c, FLAGS, NUMBER);
        assert_true(tid > 0 && tid != gettid());
        assert_int_equal(c.t->mask, SIGNAL_BIT(SIGUSR2));
        caller_alone(&c);
        assert_int_equal(word(&c, SEEN), 0);
        assert_int_equal(word(&c, SEEN + 8), 0x7700);
        assert_int_equal(word(&c, SEEN + 16), 0x1919);
        assert_int_equal(word(&c, SEEN + 24), tid);
        assert_int_equal((uint32_t)word(&c, NUMBER), 0); /* written, and cleared at its end */
    }
    c.t->mask = 0;
    caller_close(&c);
}

/* The numbers' places are nobody's: the thread runs all the same, as on Linux. */
static void test_bad_numbers(void **state)
{
    static const uint64_t nowhere[] = {0, NOWHERE, ~0ull, DATA + DATA_SIZE - 2};
    struct caller c;
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(nowhere); i++) {
        int64_t tid = clone_at(&c, FLAGS, nowhere[i]);
        caller_alone(&c);
        assert_int_equal(word(&c, SEEN + 24), tid);
    }
    caller_close(&c);
}

/* ---- a thread that cannot start ---- */

static int no_memory(struct vcpu *c)
{
    (void)c;
    return -ENOMEM;
}

static void test_no_start(void **state)
{
    struct caller c;
    struct backend broken = backend_interp;
    broken.open = no_memory;
    open_with(&c);
    put(&c, NUMBER, 5);
    c.opt.backend = &broken;
    assert_int_equal(clone_at(&c, FLAGS, NUMBER), -EAGAIN); /* clone(2) knows no ENOMEM for that */
    assert_int_equal(c.p.nthreads, 1);
    assert_ptr_equal(c.p.threads, c.t);
    assert_int_equal(word(&c, NUMBER), 5);
    c.opt.backend = &backend_interp;
    assert_true(clone_at(&c, FLAGS, NUMBER) > 0); /* and it is not for good */
    caller_alone(&c);
    /* a child of vfork must not: its thread would be one of the parent's */
    c.t->vfork_child = true;
    assert_int_equal(clone_at(&c, FLAGS, NUMBER), -EINVAL);
    c.t->vfork_child = false;
    caller_close(&c);
}

/* With a signal that was taken in already, none of these happens: the handler runs first. */
static void test_signal_first(void **state)
{
    struct caller c;
    open_with(&c);
    signal_set_mask(c.t, 0); /* what another test left */
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    assert_true(c.t->wanted);
    assert_int_equal(thread_clone(c.t, &(struct clone_request){.flags = FLAGS}), USER_RESTART_ALWAYS);
    assert_int_equal(c.p.nthreads, 1);
    assert_int_equal(user_exit(c.t, (const uint64_t[6]){0}), USER_RESTART_ALWAYS);
    assert_false(c.t->ended);
    user_deliver(c.t, NULL); /* which ends the process, by default */
    assert_true(c.t->ended);
    assert_int_equal(c.p.killed_by, SIGUSR1);
    caller_close(&c);
}

/* ---- the end ---- */

static void test_exit(void **state)
{
    struct caller c;
    open_with(&c);
    assert_int_equal(CALL(&c, NR_SET_TID_ADDRESS, NOWHERE), gettid());
    assert_int_equal(c.t->clear_tid, NOWHERE);
    c.t->clear_tid = 0;
    CALL(&c, NR_EXIT, 0x1234);
    assert_true(c.t->ended);
    assert_int_equal(c.p.status, 0x34); /* of the first thread, unless somebody says otherwise */
    assert_false(c.p.exiting);
    c.t->ended = false;
    CALL(&c, NR_EXIT_GROUP, 0x1256);
    assert_true(c.t->ended && c.p.exiting);
    assert_int_equal(c.p.status, 0x56);
    CALL(&c, NR_EXIT_GROUP, 7); /* the first one counts */
    CALL(&c, NR_EXIT, 8);
    assert_int_equal(c.p.status, 0x56);
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),    cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_no_start), cmocka_unit_test(test_signal_first),
        cmocka_unit_test(test_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
