/* A stack of one's own where the host's limit is small, and only there. */
#include "engine/user/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { DEEP = 600 << 10 };

/* Takes much of it; tells where it stood. */
static int __attribute__((noinline)) deep(void *arg)
{
    volatile char much[DEEP];
    for (size_t i = 0; i < DEEP; i += 4096) much[i] = (char)i;
    *(uintptr_t *)arg = (uintptr_t)much;
    return much[DEEP - 4096] == 0 ? 42 : 0;
}

static bool near(uintptr_t a, uintptr_t b)
{
    return (a > b ? a - b : b - a) < 2 * DEEP;
}

static void test_small(void **state)
{
    struct rlimit before, small;
    uintptr_t where = 0, here = (uintptr_t)__builtin_frame_address(0);
    assert_int_equal(getrlimit(RLIMIT_STACK, &before), 0);
    small = before;
    small.rlim_cur = 16 << 10;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(setrlimit(RLIMIT_STACK, &small), 0);
        int r = user_on_host_stack(deep, &where);
        assert_int_equal(setrlimit(RLIMIT_STACK, &before), 0);
        assert_int_equal(r, 42);
        assert_false(near(where, here));
    }
}

static void test_large(void **state)
{
    struct rlimit limit;
    uintptr_t where = 0;
    assert_int_equal(getrlimit(RLIMIT_STACK, &limit), 0);
    if (limit.rlim_cur < USER_HOST_STACK) skip();
    assert_int_equal(user_on_host_stack(deep, &where), 42);
    assert_true(near(where, (uintptr_t)__builtin_frame_address(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
