/* Names of devices, and the list of those attached. */
#include "devices/smmu/queue_test.h"

#include <errno.h>

static void test_names(void **state)
{
    static const struct {
        const char *name;
        int result;
        uint32_t sid;
    } cases[] = {
        {"pci-00:00.0", 0, 0},
        {"pci-00:01.0", 0, 8},
        {"pci-ff:1f.7", 0, 0xffff},
        {"pci-0A:0b.3", 0, 0x0a5b},
        {"0", 0, 0},
        {"4294967295", 0, 0xffffffff},
        {"0x1F", 0, 0x1f},
        {"0xffffffff", 0, 0xffffffff},
        {"007", 0, 7},
        {"", -EINVAL, 0},
        {"0x", -EINVAL, 0},
        {"4294967296", -EINVAL, 0},
        {"0x100000000", -EINVAL, 0},
        {"99999999999999999999999999", -EINVAL, 0},
        {"1f", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"pci-", -EINVAL, 0},
        {"pci-00:00", -EINVAL, 0},
        {"pci-00:00.", -EINVAL, 0},
        {"pci-00:00.8", -EINVAL, 0},
        {"pci-00:20.0", -EINVAL, 0},
        {"pci-0:00.0", -EINVAL, 0},
        {"pci-00:0.0", -EINVAL, 0},
        {"pci-100:00.0", -EINVAL, 0},
        {"pci-00:00.00", -EINVAL, 0},
        {"pci-00:00.0 ", -EINVAL, 0},
        {"pci-0g:00.0", -EINVAL, 0},
        {"pci-00.00:0", -EINVAL, 0},
        {"PCI-00:00.0", -EINVAL, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t sid = 0;
        if (smmu_stream_id(cases[i].name, &sid) != cases[i].result || sid != cases[i].sid)
            fail_msg("%s: %#x", cases[i].name, sid);
    }
}

static void test_every_function(void **state)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        char name[32];
        uint32_t sid;
        snprintf(name, sizeof name, "pci-%02x:%02x.%u", i >> 8, i >> 3 & 0x1f, i & 7);
        assert_int_equal(smmu_stream_id(name, &sid), 0);
        assert_int_equal(sid, i);
    }
}

static void test_list(void **state)
{
    struct rig *r = *state;
    static const uint32_t sids[] = {7, 0xffffffff, 0, 0x109, 0x107};
    static const uint32_t sorted[] = {0, 7, 0x107, RIG_SID, 0x109, 0xffffffff};
    struct smmu_device *d[ARRAY_LEN(sids)], *at = NULL;
    for (unsigned i = 0; i < ARRAY_LEN(sids); i++) {
        char name[] = "a device";
        struct smmu_client c = {.name = name, .sid = sids[i]};
        assert_int_equal(smmu_attach(r->s, &c, &d[i]), 0);
        name[0] = 'X'; /* it is a copy */
        assert_string_equal(smmu_client(d[i])->name, "a device");
        assert_int_equal(smmu_attach(r->s, &c, &at), -EEXIST);
    }
    at = NULL;
    for (unsigned i = 0; i < ARRAY_LEN(sorted); i++) {
        at = smmu_next_device(r->s, at);
        assert_int_equal(smmu_client(at)->sid, sorted[i]);
    }
    assert_null(smmu_next_device(r->s, at));
    assert_ptr_equal(smmu_device_find(r->s, 0x109), d[3]);
    assert_null(smmu_device_find(r->s, 0x10a));
    smmu_detach(d[3]);
    assert_null(smmu_device_find(r->s, 0x109));
    assert_ptr_equal(smmu_device_find(r->s, 0xffffffff), d[1]);
    smmu_detach(d[1]);
    smmu_detach(d[2]);
    assert_ptr_equal(smmu_next_device(r->s, NULL), d[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_function),
        RIG_TEST(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
