/* Guest memory: regions, the host's own accesses, dirty pages and code pages. */
#include "engine/cpu/cpu.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RW = CPU_READ | CPU_WRITE };

static int setup(void **state)
{
    struct mem *m = calloc(1, sizeof(*m));
    mem_init(m);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    free(*state);
    return 0;
}

static void test_add_rejects(void **state)
{
    struct mem *m = *state;
    static _Alignas(CPU_PAGE) uint8_t bytes[2 * CPU_PAGE];
    assert_int_equal(mem_add(m, 0x1001, 0x1000, RW, NULL, "a"), -EINVAL);
    assert_int_equal(mem_add(m, 0x1000, 0x800, RW, NULL, "a"), -EINVAL);
    assert_int_equal(mem_add(m, 0x1000, 0, RW, NULL, "a"), -EINVAL);
    assert_int_equal(mem_add(m, ~0xfffull, 0x2000, RW, NULL, "a"), -EINVAL);
    assert_int_equal(mem_add(m, 0x1000, 0x1000, RW, bytes + 8, "a"), -EINVAL);
    assert_int_equal(m->count, 0);

    assert_int_equal(mem_add(m, 0x3000, 0x2000, RW, NULL, "a"), 0);
    assert_int_equal(mem_add(m, 0x2000, 0x2000, RW, NULL, "b"), -EEXIST);
    assert_int_equal(mem_add(m, 0x4000, 0x2000, RW, NULL, "b"), -EEXIST);
    assert_int_equal(mem_add(m, 0x1000, 0x9000, RW, NULL, "b"), -EEXIST);
    assert_int_equal(mem_add(m, 0x2000, 0x1000, RW, NULL, "b"), 0);
    assert_int_equal(mem_add(m, 0x5000, 0x1000, RW, bytes, "c"), 0);
    assert_int_equal(m->count, 3);
}

static void test_add_huge(void **state)
{
    struct mem *m = *state;
    assert_int_equal(mem_add(m, 0, 1ull << 60, RW, NULL, "huge"), -ENOMEM);
    assert_int_equal(mem_add(m, 0, ~0xfffull, RW, NULL, "all but a page"), -ENOMEM);
    assert_int_equal(m->count, 0);
    assert_int_equal(mem_add(m, 0, 0x1000, RW, NULL, "still usable"), 0);
}

static void test_find(void **state)
{
    struct mem *m = *state;
    const uint64_t bases[] = {0x9000, 0x1000, ~0xfffull, 0x5000, 0x2000, 0};
    for (size_t i = 0; i < ARRAY_LEN(bases); i++)
        assert_int_equal(mem_add(m, bases[i], 0x1000, RW, NULL, "r"), 0);
    for (unsigned i = 1; i < m->count; i++) assert_true(m->regions[i - 1].base < m->regions[i].base);
    for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
        assert_int_equal(mem_find(m, bases[i])->base, bases[i]);
        assert_int_equal(mem_find(m, bases[i] + 0xfff)->base, bases[i]);
    }
    assert_null(mem_find(m, 0x3000));
    assert_null(mem_find(m, 0xa000));
    assert_null(mem_find(m, ~0x1000ull));
    assert_int_equal(mem_remove(m, 0x5800), -ENOENT);
    assert_int_equal(mem_remove(m, 0x5000), 0);
    assert_null(mem_find(m, 0x5000));
    assert_int_equal(mem_find(m, 0x9000)->base, 0x9000);
    assert_int_equal(mem_find(m, 0x2000)->base, 0x2000);
}

static void test_host_access(void **state)
{
    struct mem *m = *state;
    uint8_t in[0x2000], out[0x2000];
    for (size_t i = 0; i < sizeof(in); i++) in[i] = (uint8_t)(i * 7);
    assert_int_equal(mem_add(m, 0x1000, 0x1000, CPU_READ, NULL, "a"), 0);
    assert_int_equal(mem_add(m, 0x2000, 0x2000, 0, NULL, "b"), 0);
    assert_int_equal(mem_write(m, 0x1800, in, sizeof(in)), 0);
    assert_int_equal(mem_read(m, 0x1800, out, sizeof(out)), 0);
    assert_memory_equal(in, out, sizeof(in));
    assert_int_equal(m->ndirty, 3);

    /* not all of it mapped: nothing happens */
    mem_clean(m);
    assert_int_equal(mem_write(m, 0x3800, "0123456789", 10), 0);
    mem_clean(m);
    memset(in, 0xee, sizeof(in));
    assert_int_equal(mem_write(m, 0x3800, in, 0x801), -EFAULT);
    assert_int_equal(mem_write(m, 0x0fff, in, 2), -EFAULT);
    assert_int_equal(m->ndirty, 0);
    assert_int_equal(mem_read(m, 0x3fff, out, 2), -EFAULT);
    assert_int_equal(mem_read(m, 0x3800, out, 10), 0);
    assert_memory_equal(out, "0123456789", 10);
    assert_int_equal(mem_read(m, 0x9000, out, 0), 0);
}

static void test_host_access_at_the_top(void **state)
{
    struct mem *m = *state;
    uint8_t out[8];
    assert_int_equal(mem_add(m, ~0xfffull, 0x1000, RW, NULL, "top"), 0);
    assert_int_equal(mem_add(m, 0, 0x1000, RW, NULL, "bottom"), 0);
    assert_int_equal(mem_write(m, ~7ull, "abcdefgh", 8), 0);
    assert_int_equal(mem_read(m, ~7ull, out, 8), 0);
    assert_memory_equal(out, "abcdefgh", 8);
    assert_int_equal(mem_read(m, ~6ull, out, 8), -EFAULT); /* the host does not wrap */
    assert_int_equal(mem_write(m, ~6ull, out, 8), -EFAULT);
}

static void test_callers_bytes(void **state)
{
    struct mem *m = *state;
    static _Alignas(CPU_PAGE) uint8_t bytes[CPU_PAGE];
    bytes[5] = 42;
    uint8_t v = 0;
    assert_int_equal(mem_add(m, 0x7000, 0x1000, CPU_READ, bytes, "mine"), 0);
    assert_int_equal(mem_read(m, 0x7005, &v, 1), 0);
    assert_int_equal(v, 42);
    assert_int_equal(mem_remove(m, 0x7000), 0);
    assert_int_equal(bytes[5], 42);
}

static void test_dirty(void **state)
{
    struct mem *m = *state;
    assert_int_equal(mem_add(m, 0x10000, 0x4000, RW, NULL, "a"), 0);
    assert_int_equal(mem_add(m, 0x20000, 0x1000, RW, NULL, "b"), 0);
    struct mem_region *a = mem_find(m, 0x10000);
    mem_mark(m, a, 0x12345);
    mem_mark(m, a, 0x12fff);
    mem_mark(m, mem_find(m, 0x20000), 0x20008);
    mem_mark(m, a, 0x10000);
    assert_int_equal(m->ndirty, 3);
    assert_int_equal(m->dirty[0], 0x12000);
    assert_int_equal(m->dirty[1], 0x20000);
    assert_int_equal(m->dirty[2], 0x10000);

    uint64_t epoch = m->dirty_epoch;
    mem_clean(m);
    assert_int_equal(m->ndirty, 0);
    assert_int_not_equal(m->dirty_epoch, epoch);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(a->flags[i], 0);
    epoch = m->dirty_epoch;
    mem_clean(m); /* nothing was dirty: nobody's TLB needs to know */
    assert_int_equal(m->dirty_epoch, epoch);
    mem_mark(m, a, 0x12345);
    assert_int_equal(m->ndirty, 1);
}

static void test_dirty_of_removed(void **state)
{
    struct mem *m = *state;
    assert_int_equal(mem_add(m, 0x1000, 0x2000, RW, NULL, "a"), 0);
    assert_int_equal(mem_add(m, 0x8000, 0x1000, RW, NULL, "b"), 0);
    assert_int_equal(mem_write(m, 0x2ffc, "wxyz", 4), 0);
    assert_int_equal(mem_write(m, 0x1000, "w", 1), 0);
    assert_int_equal(mem_write(m, 0x8000, "w", 1), 0);
    assert_int_equal(mem_remove(m, 0x1000), 0);
    assert_int_equal(m->ndirty, 1);
    assert_int_equal(m->dirty[0], 0x8000);
    /* fresh memory in the same place is clean and zero, and may all become dirty */
    uint32_t v = 1;
    assert_int_equal(mem_add(m, 0x1000, 0x2000, RW, NULL, "c"), 0);
    assert_int_equal(mem_read(m, 0x2ffc, &v, 4), 0);
    assert_int_equal(v, 0);
    assert_int_equal(mem_write(m, 0x1ffe, &v, 4), 0);
    assert_int_equal(m->ndirty, 3);
    mem_clean(m);
}

static void test_code(void **state)
{
    struct mem *m = *state;
    assert_int_equal(mem_add(m, 0x1000, 0x2000, RW | CPU_EXEC, NULL, "a"), 0);
    struct mem_region *r = mem_find(m, 0x1000);
    uint64_t code = m->code_epoch, dirty = m->dirty_epoch;
    mem_mark_code(m, r, 0x1234);
    assert_int_equal(m->dirty_epoch, dirty); /* a clean page has no write tags to drop */
    assert_int_equal(mem_write(m, 0x2000, "x", 1), 0);
    assert_int_equal(m->code_epoch, code); /* not the page with code */
    assert_int_equal(mem_write(m, 0x1000, "x", 1), 0);
    assert_int_equal(m->code_epoch, code + 1);
    assert_int_equal(mem_write(m, 0x1000, "y", 1), 0);
    assert_int_equal(m->code_epoch, code + 1); /* nobody has translated it again since */
    mem_mark_code(m, r, 0x1000);
    assert_int_equal(m->dirty_epoch, dirty + 1);
    mem_clean(m);
    assert_int_equal(mem_write(m, 0x1000, "z", 1), 0);
    assert_int_equal(m->code_epoch, code + 2); /* cleaning does not forget code */
    mem_mark_code(m, r, 0x1000);
    assert_int_equal(mem_remove(m, 0x1000), 0);
    assert_int_equal(m->code_epoch, code + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_rejects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add_huge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_access, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_access_at_the_top, setup, teardown),
        cmocka_unit_test_setup_teardown(test_callers_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dirty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dirty_of_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_code, setup, teardown),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
