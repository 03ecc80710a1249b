/* Robust lists that a dying thread leaves, good ones and those that a hostile program makes; futexes at bad
 * addresses. */
#include <unistd.h>

#include "engine/user/call_test.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <linux/futex.h>
#include <setjmp.h>

#include <cmocka.h>

enum { NR_FUTEX = 98, NR_SET_ROBUST = 99, NR_GET_ROBUST = 100 }; /* of riscv64 */
enum { HEAD = DATA, ENTRY = DATA + 256, STEP = 64, OFFSET = 32, END = DATA + DATA_SIZE };

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})

static void put(struct caller *c, uint64_t at, uint64_t v)
{
    assert_int_equal(user_write(&c->p, at, &v, sizeof(v)), 0);
}

static uint64_t get(struct caller *c, uint64_t at)
{
    uint64_t v = 0;
    assert_int_equal(user_read(&c->p, at, &v, sizeof(v)), 0);
    return v;
}

static uint32_t *lock_of(struct caller *c, uint64_t entry)
{
    return mem_host(&c->p.mem, entry + OFFSET);
}

/* A list of n locks that this thread holds, with somebody waiting for each. */
static void open_with(struct caller *c, unsigned n)
{
    caller_open(c);
    assert_int_equal(CALL(c, NR_SET_ROBUST, HEAD, 24), 0);
    put(c, HEAD, n ? ENTRY : HEAD);
    put(c, HEAD + 8, OFFSET);
    put(c, HEAD + 16, 0);
    for (unsigned i = 0; i < n; i++) {
        put(c, ENTRY + STEP * i, i + 1 < n ? ENTRY + STEP * (i + 1) : HEAD);
        *lock_of(c, ENTRY + STEP * i) = (uint32_t)c->t->tid | FUTEX_WAITERS;
    }
}

static bool is_dead(struct caller *c, uint64_t entry)
{
    return *lock_of(c, entry) == (FUTEX_WAITERS | FUTEX_OWNER_DIED);
}

static void test_list(void **state)
{
    struct caller c;
    uint32_t *clear = NULL;
    open_with(&c, 3);
    clear = mem_host(&c.p.mem, END - 16);
    *clear = 99;
    c.t->clear_tid = END - 16;
    *lock_of(&c, ENTRY + STEP) = (uint32_t)c.t->tid + 1; /* somebody else's */
    futex_thread_ends(c.t);
    assert_true(is_dead(&c, ENTRY));
    assert_int_equal(*lock_of(&c, ENTRY + STEP), c.t->tid + 1);
    assert_true(is_dead(&c, ENTRY + 2 * STEP));
    assert_int_equal(*clear, 0);
    caller_close(&c);
    open_with(&c, 0);
    futex_thread_ends(c.t);
    caller_close(&c);
}

/* One that was being taken is not on the list yet, or no longer. */
static void test_pending(void **state)
{
    struct caller c;
    uint64_t pending = ENTRY + 5 * STEP;
    open_with(&c, 1);
    put(&c, HEAD + 16, pending);
    *lock_of(&c, pending) = (uint32_t)c.t->tid;
    futex_thread_ends(c.t);
    assert_true(is_dead(&c, ENTRY));
    assert_int_equal(*lock_of(&c, pending), FUTEX_OWNER_DIED);
    caller_close(&c);
    open_with(&c, 1);
    put(&c, HEAD + 16, ENTRY); /* on the list and pending: once */
    put(&c, HEAD, ENTRY | 1);  /* a PI lock */
    futex_thread_ends(c.t);
    assert_true(is_dead(&c, ENTRY));
    caller_close(&c);
    open_with(&c, 1);
    put(&c, HEAD + 16, pending); /* released, and whoever waits not woken: nobody's now */
    futex_thread_ends(c.t);
    assert_int_equal(*lock_of(&c, pending), 0);
    caller_close(&c);
}

static void test_hostile(void **state)
{
    struct caller c;
    open_with(&c, 3);
    put(&c, ENTRY + 2 * STEP, ENTRY); /* a circle without the head */
    futex_thread_ends(c.t);
    assert_true(is_dead(&c, ENTRY + 2 * STEP));
    caller_close(&c);
    static const uint64_t nowhere[] = {0, 1, 8, END, END - 4, 1ull << 37, 1ull << 38, ~0ull, 1ull << 63};
    for (unsigned i = 0; i < ARRAY_LEN(nowhere); i++) {
        open_with(&c, 2);
        put(&c, ENTRY, nowhere[i]); /* the first lock's successor */
        futex_thread_ends(c.t);
        assert_true(is_dead(&c, ENTRY));
        assert_false(is_dead(&c, ENTRY + STEP));
        put(&c, HEAD, nowhere[i]);
        put(&c, HEAD + 16, nowhere[i]);
        futex_thread_ends(c.t);
        put(&c, HEAD, ENTRY);
        put(&c, HEAD + 8, nowhere[i]); /* offsets that lead anywhere */
        futex_thread_ends(c.t);
        assert_int_equal(CALL(&c, NR_SET_ROBUST, nowhere[i], 24), 0);
        c.t->clear_tid = nowhere[i];
        futex_thread_ends(c.t);
        caller_close(&c);
    }
}

/* A lock in memory that may only be read, and one that is not aligned, stay as they are. */
static void test_untouchable(void **state)
{
    struct caller c;
    open_with(&c, 1);
    assert_int_equal(space_protect(&c.p, ENTRY & ~4095ull, CPU_PAGE, PROT_READ), 0);
    futex_thread_ends(c.t);
    assert_false(is_dead(&c, ENTRY));
    assert_int_equal(space_protect(&c.p, ENTRY & ~4095ull, CPU_PAGE, PROT_READ | PROT_WRITE), 0);
    put(&c, HEAD + 8, OFFSET + 2);
    futex_thread_ends(c.t);
    assert_false(is_dead(&c, ENTRY));
    caller_close(&c);
}

static void test_calls(void **state)
{
    struct caller c;
    open_with(&c, 0);
    assert_int_equal(CALL(&c, NR_SET_ROBUST, HEAD, 25), -EINVAL);
    assert_int_equal(CALL(&c, NR_GET_ROBUST, 0, DATA + 512, DATA + 520), 0);
    assert_int_equal(get(&c, DATA + 512), HEAD);
    assert_int_equal(get(&c, DATA + 520), 24);
    assert_int_equal(CALL(&c, NR_GET_ROBUST, (uint64_t)c.t->tid, DATA + 512, DATA + 520), 0);
    assert_int_equal(CALL(&c, NR_GET_ROBUST, 1u << 22, DATA + 512, DATA + 520), -ESRCH);
    assert_int_equal(CALL(&c, NR_GET_ROBUST, 0, END, DATA + 520), -EFAULT);
    put(&c, DATA + 600, 5);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, FUTEX_WAIT, 6), -EAGAIN);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 601, FUTEX_WAIT, 6), -EINVAL);
    assert_int_equal(CALL(&c, NR_FUTEX, END, FUTEX_WAIT, 6), -EFAULT);
    assert_int_equal(CALL(&c, NR_FUTEX, 1ull << 38, FUTEX_WAIT, 6), -EFAULT);
    assert_int_equal(CALL(&c, NR_FUTEX, ~3ull, FUTEX_WAKE, 1), -EFAULT);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, FUTEX_WAIT, 5, 1ull << 40), -EFAULT);
    put(&c, DATA + 608, 0);
    put(&c, DATA + 616, 1000);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, FUTEX_WAIT, 5, DATA + 608), -ETIMEDOUT);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, FUTEX_WAKE, 1, 1ull << 40), 0); /* not an address there */
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, FUTEX_REQUEUE, 1, 1, 1ull << 40), -EFAULT);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 600, 77, 1), -ENOSYS);
    /* PI: the number in the lock is the thread's */
    put(&c, DATA + 624, 0);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 624, FUTEX_LOCK_PI, 0, 0), 0);
    assert_int_equal((uint32_t)get(&c, DATA + 624), c.t->tid);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 624, FUTEX_LOCK_PI, 0, 0), -EDEADLK);
    assert_int_equal(CALL(&c, NR_FUTEX, DATA + 624, FUTEX_UNLOCK_PI, 0, 0), 0);
    assert_int_equal((uint32_t)get(&c, DATA + 624), 0);
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),        cmocka_unit_test(test_pending), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_untouchable), cmocka_unit_test(test_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
