/* The world stops, and goes on: with threads that run, that are in calls, and that stop it too. */
#include <unistd.h>

#include "engine/interp/interp.h"
#include "engine/user/call_test.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <time.h>

#include <cmocka.h>

enum { NR_CLONE = 220, NR_GETPPID = 173, NR_READ = 63, NR_FLUSH_ICACHE = 259 };
enum { THREAD_FLAGS = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM };
enum { PATIENCE = 20 };                           /* seconds */
enum { COUNT = 2048, A1 = 11, A2 = 12, A7 = 17 }; /* each thread counts at sp + COUNT */

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})

/* a7 is what it is started with; without one, "ecall" is left out. */
static const uint32_t code[] = {
    0x00013283, /* again: ld t0, 0(sp) */
    0x00128293, /* addi t0, t0, 1 */
    0x00513023, /* sd t0, 0(sp) */
    0x00000513, /* li a0, 0 */
    0x00088463, /* beqz a7, 1f */
    0x00000073, /* ecall */
    0xfe9ff06f, /* 1: j again */
};

static volatile uint64_t *count(struct caller *c, unsigned k)
{
    return mem_host(&c->p.mem, DATA + COUNT + 64 * k);
}

/* Until thread k has counted further; outside, since another may stop the world meanwhile. */
static void moves(struct caller *c, unsigned k, uint64_t seen)
{
    time_t end = time(NULL) + PATIENCE;
    world_leave(c->t);
    while (*count(c, k) == seen && time(NULL) < end) sched_yield();
    world_enter(c->t);
    assert_int_not_equal(*count(c, k), seen);
}

static void start(struct caller *c, unsigned k, unsigned number)
{
    c->t->cpu->state[A7] = number;
    struct clone_request r = {.flags = THREAD_FLAGS, .stack = DATA + COUNT + 64 * k};
    assert_true(thread_clone(c->t, &r) > 0);
    moves(c, k, 0);
}

static void end(struct caller *c)
{
    user_stop(&c->p, 0, 0);
    caller_alone(c);
    caller_close(c);
}

static void pause_ns(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Nobody counts during a stop, all do after it. */
static void stops(struct caller *c, unsigned n, unsigned times)
{
    uint64_t seen[8];
    for (unsigned i = 0; i < times; i++) {
        world_stop(c->t);
        for (unsigned k = 0; k < n; k++) seen[k] = *count(c, k);
        pause_ns(20000);
        for (unsigned k = 0; k < n; k++) assert_int_equal(*count(c, k), seen[k]);
        world_go_on(c->t);
        for (unsigned k = 0; k < n; k++) moves(c, k, seen[k]);
    }
}

static void open_with(struct caller *c)
{
    caller_open(c);
    caller_runs(c, &backend_interp, code, ARRAY_LEN(code));
}

static void test_running(void **state)
{
    struct caller c;
    open_with(&c);
    start(&c, 0, 0);
    start(&c, 1, NR_GETPPID);
    start(&c, 2, 0);
    stops(&c, 3, 50);
    end(&c);
}

/* Without membarrier(2) each thread makes its own barriers. */
static void test_own_fences(void **state)
{
    struct caller c;
    open_with(&c);
    c.p.watched = 2;
    start(&c, 0, NR_GETPPID);
    start(&c, 1, NR_GETPPID);
    stops(&c, 2, 50);
    assert_int_equal(c.p.watched, 2);
    end(&c);
}

/* One that waits in the kernel is outside; it stays there when its wait ends meanwhile. */
static void test_waiting(void **state)
{
    struct caller c;
    int p[2];
    open_with(&c);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(dup2(p[0], 0), 0); /* the guest reads from a0 = 0 */
    c.t->cpu->state[A1] = DATA + 1024;
    c.t->cpu->state[A2] = 1;
    start(&c, 0, NR_READ);
    world_stop(c.t);
    uint64_t before = *count(&c, 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    pause_ns(5000000);
    assert_int_equal(*count(&c, 0), before);
    world_go_on(c.t);
    moves(&c, 0, before);
    close(p[0]);
    end(&c);
    close(p[1]);
}

/* Several want to stop it: one after the other. */
static void test_several(void **state)
{
    struct caller c;
    open_with(&c);
    start(&c, 0, NR_FLUSH_ICACHE);
    start(&c, 1, NR_FLUSH_ICACHE);
    start(&c, 2, NR_GETPPID);
    for (unsigned i = 0; i < 50; i++) {
        mem_code_changed(&c.p.mem, DATA, 4); /* else there is nothing to flush */
        stops(&c, 3, 1);
    }
    assert_true(c.p.flushed > 0);
    end(&c);
}

/* Threads come and go; none is half gone while the world stands. */
static void test_ending(void **state)
{
    static const uint32_t ends[] = {0x05d00893 /* li a7, 93: exit */, 0x00000073};
    struct caller c;
    caller_open(&c);
    caller_runs(&c, &backend_interp, ends, ARRAY_LEN(ends));
    for (unsigned i = 0; i < 100; i++) {
        struct clone_request r = {.flags = THREAD_FLAGS};
        assert_true(thread_clone(c.t, &r) > 0);
        world_stop(c.t);
        assert_int_equal(c.p.has_ended, 0);
        world_go_on(c.t);
    }
    caller_alone(&c);
    assert_ptr_equal(c.p.threads, c.t);
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running), cmocka_unit_test(test_own_fences), cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_several), cmocka_unit_test(test_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
