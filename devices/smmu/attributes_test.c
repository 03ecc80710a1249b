/* Memory types: what comes in, stage 1's and stage 2's, with and without FWB, by the tables of chapter 13 and
 * the Arm ARM, written out.
 */
#include "devices/smmu/walk.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { NGNRNE = 0x00, NGNRE = 0x04, NGRE = 0x08, GRE = 0x0c, NC = 0x44, WT = 0xbb, WB = 0xff };
enum { NONE = 0, OUTER = 2, INNER = 3 };

static void expect(struct smmu_attributes got, unsigned type, unsigned share)
{
    assert_int_equal(got.type, type);
    assert_int_equal(got.share, share);
}

static void test_incoming(void **state)
{
    expect(smmu_attributes_in(false, 0, 0, 1), WB, NONE);
    expect(smmu_attributes_in(false, 0, 0, 2), WB, OUTER);
    expect(smmu_attributes_in(false, 5, 0, 3), WB, INNER);
    expect(smmu_attributes_in(true, 0x5, 0, 3), NC, OUTER);
    expect(smmu_attributes_in(true, 0xa, 0, 3), WT, INNER);
    expect(smmu_attributes_in(true, 0xf, 0, 0), WB, NONE);
    expect(smmu_attributes_in(true, 0x1, 0, 0), NGNRE, OUTER);
    expect(smmu_attributes_in(true, 0x3, 0, 0), GRE, OUTER);
    for (unsigned reserved = 4; reserved < 16; reserved += 4)
        expect(smmu_attributes_in(true, reserved, 0, 0), NGNRNE, OUTER);
    expect(smmu_attributes_in(false, 0, 0xc, 0), 0xee, NONE); /* read-allocate */
    expect(smmu_attributes_in(false, 0, 0xb, 0), 0x55, NONE); /* write-allocate, transient */
    expect(smmu_attributes_in(false, 0, 0x9, 0), 0xcc, NONE); /* neither: not transient either */
    expect(smmu_attributes_in(true, 0x5, 0xe, 0), NC, OUTER);
}

static struct smmu_attributes stage1(unsigned mair, unsigned share)
{
    struct smmu_attributes in = {WB, NONE};
    return smmu_attributes_stage1(in, (uint64_t)mair << 24, 3 << 2 | share << 8);
}

static void test_mair(void **state)
{
    expect(stage1(0xff, INNER), WB, INNER);
    expect(stage1(0x44, INNER), NC, OUTER);
    expect(stage1(0x00, 0), NGNRNE, OUTER);
    expect(stage1(0x04, 0), NGNRE, OUTER);
    expect(stage1(0x0f, 0), GRE, OUTER); /* reserved forms of devices */
    expect(stage1(0x07, 0), NGNRE, OUTER);
    expect(stage1(0xf0, 0), 0xf3, NONE); /* reserved: inner write-through, transient */
    expect(stage1(0x4f, INNER), 0x4f, INNER);
    expect(stage1(0xff, 1), WB, NONE);
    /* hints of what comes in, where it was cacheable */
    struct smmu_attributes in = smmu_attributes_in(false, 0, 0xc, 0);
    expect(smmu_attributes_stage1(in, 0xff, INNER << 8), 0xee, INNER);
}

static struct smmu_attributes both(unsigned type, unsigned share, unsigned memattr, unsigned share2, bool fwb)
{
    struct smmu_attributes in = {(uint8_t)type, (uint8_t)share};
    return smmu_attributes_stage2(in, memattr << 2 | share2 << 8, fwb);
}

static void test_combined(void **state)
{
    expect(both(WB, INNER, 0xf, INNER, false), WB, INNER);
    expect(both(WB, INNER, 0xf, OUTER, false), WB, OUTER);
    expect(both(WB, NONE, 0xf, INNER, false), WB, INNER);
    expect(both(WB, NONE, 0xf, NONE, false), WB, NONE);
    expect(both(WB, INNER, 0x5, NONE, false), NC, OUTER);
    expect(both(WB, INNER, 0xa, NONE, false), WT, INNER);
    expect(both(WT, INNER, 0xf, NONE, false), WT, INNER);
    expect(both(WB, INNER, 0x7, NONE, false), 0x4f, INNER); /* outer not, inner write-back */
    expect(both(WB, INNER, 0x2, NONE, false), NGRE, OUTER);
    expect(both(NGRE, OUTER, 0xf, NONE, false), NGRE, OUTER);
    expect(both(NGRE, OUTER, 0x1, NONE, false), NGNRE, OUTER);
    expect(both(NGNRE, OUTER, 0x3, NONE, false), NGNRE, OUTER);
    expect(both(0xee, INNER, 0xf, NONE, false), 0xee, INNER); /* stage 2 has no hints */
}

static void test_forced_write_back(void **state)
{
    expect(both(NC, OUTER, 0x6, INNER, true), WB, OUTER);
    expect(both(WT, INNER, 0x6, NONE, true), WB, INNER);
    expect(both(0xee, INNER, 0x6, NONE, true), 0xee, INNER);
    expect(both(NGRE, OUTER, 0x6, NONE, true), WB, OUTER);
    expect(both(WT, INNER, 0x7, NONE, true), WT, INNER);
    expect(both(NGRE, OUTER, 0x7, NONE, true), NGRE, OUTER);
    expect(both(WB, INNER, 0x5, NONE, true), NC, OUTER);
    expect(both(NGRE, OUTER, 0x5, NONE, true), NGRE, OUTER);
    expect(both(WB, INNER, 0x1, NONE, true), NGNRE, OUTER);
    expect(both(NGNRNE, OUTER, 0x3, NONE, true), NGNRNE, OUTER);
}

static void test_device_memory_of_stage2(void **state)
{
    for (unsigned memattr = 0; memattr < 16; memattr++) {
        bool device = !(memattr >> 2) || !(memattr & 3);
        assert_int_equal(smmu_stage2_device(memattr << 2, false), device);
        assert_int_equal(smmu_stage2_device(memattr << 2, true), !(memattr & 4));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_incoming),
        cmocka_unit_test(test_mair),
        cmocka_unit_test(test_combined),
        cmocka_unit_test(test_forced_write_back),
        cmocka_unit_test(test_device_memory_of_stage2),
    };
    return cmocka_run_group_tests_name("smmu attributes", tests, NULL, NULL);
}
