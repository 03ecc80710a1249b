/* Memory of a node: what a machine with one can tell. */
#include "devices/smmu/place.h"

#include "devices/smmu/tlb.h"
#include "devices/smmu/unit_test.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void test_lists(void **state)
{
    assert_true(smmu_nodes_several("0-1\n"));
    assert_true(smmu_nodes_several("0,2\n"));
    assert_false(smmu_nodes_several("0\n"));
    assert_false(smmu_nodes_several("12\n"));
    assert_false(smmu_nodes_several(""));
}

static void test_moves(void **state)
{
    enum { SIZE = 16 << 12 };
    unsigned cpu, node, is = ~0u;
    uint8_t *at = smmu_pages(SIZE);
    assert_non_null(at);
    at[0] = 1;
    assert_int_equal(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
    int err = smmu_place_at(at, SIZE, node);
    if (err == -EPERM || err == -ENOSYS) {
        smmu_pages_free(at, SIZE);
        skip(); /* containers may forbid it */
    }
    assert_int_equal(err, 0);
    at[SIZE - 1] = 2;
    assert_int_equal(syscall(SYS_get_mempolicy, &is, NULL, 0, at + SIZE - 1, MPOL_F_NODE | MPOL_F_ADDR), 0);
    assert_int_equal(is, node);
    assert_int_equal(syscall(SYS_get_mempolicy, &is, NULL, 0, at, MPOL_F_ADDR), 0);
    assert_int_equal(is, MPOL_PREFERRED);
    assert_int_equal(at[0], 1);
    assert_true(smmu_place_at(at, SIZE, 4000) == -EINVAL);
    smmu_pages_free(at, SIZE);
}

/* Attaching touches no page that a device's thread fills; its first access places them. */
static void test_first_touch(void **state)
{
    struct unit u;
    struct smmu_device *d;
    struct smmu_range to;
    struct smmu_stop stop;
    unsigned char there[sizeof(struct smmu_caches) / CPU_PAGE + 1];
    unit_open(&u, false);
    assert_int_equal(smmu_attach(u.smmu, &(struct smmu_client){.name = "d", .sid = 3}, &d), 0);
    assert_int_equal(mincore(d->caches, sizeof(*d->caches), there), 0);
    for (size_t i = 1; i < sizeof(*d->caches) / CPU_PAGE; i++) assert_false(there[i] & 1);
    assert_false(d->caches->placed);
    struct smmu_request q = {.iova = UNIT_RAM, .size = 8, .access = SMMU_READ};
    smmu_begin(d);
    assert_int_equal(smmu_translate(d, &q, &to, 1, &stop), 1);
    smmu_end(d);
    assert_true(d->caches->placed);
    unit_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_moves),
                                       cmocka_unit_test(test_first_touch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
