/* Fields of words, and that the generated tables hold together. */
#include "devices/smmuv3.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dev_spec *const specs[] = {&smmu_spec};

/* Bit by bit, as slowly as it can be said. */
static uint64_t bits_slowly(const uint64_t *words, unsigned lo, unsigned width)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < width; i++) v |= (words[(lo + i) / 64] >> ((lo + i) % 64) & 1) << i;
    return v;
}

static void test_every_place(void **state)
{
    struct rng r = {7};
    for (unsigned width = 1; width <= 64; width++)
        for (unsigned lo = 0; lo + width <= 192; lo++) {
            uint64_t words[3] = {rng_next(&r), rng_next(&r), rng_next(&r)}, old[3], v = rng_next(&r);
            uint32_t field = DEV_FIELD(lo, width);
            memcpy(old, words, sizeof(old));
            assert_int_equal(dev_get(words, field), bits_slowly(words, lo, width));
            dev_put(words, field, v);
            assert_int_equal(bits_slowly(words, lo, width), v & bits_mask(width));
            for (unsigned b = 0; b < 192; b++)
                if (b < lo || b >= lo + width)
                    assert_int_equal(bits_slowly(words, b, 1), bits_slowly(old, b, 1));
        }
}

static void fields_hold(const struct dev_field *fields, unsigned n, unsigned bits, const char *of)
{
    unsigned end = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned lo = fields[i].at & 0xffff, width = fields[i].at >> 16;
        if (lo < end || !width || width > 64 || lo + width > bits) fail_msg("%s.%s", of, fields[i].name);
        end = lo + width;
        assert_ptr_equal(dev_field_find(fields, n, fields[i].name), &fields[i]);
        for (unsigned v = 0; v < fields[i].nvalues; v++)
            assert_true(fields[i].values[v].value <= bits_mask(width));
    }
    assert_null(dev_field_find(fields, n, "no such"));
}

static void registers_hold(const struct dev_spec *s)
{
    for (unsigned i = 0; i < s->nregisters; i++) {
        const struct dev_register *r = &s->registers[i];
        uint64_t writable = 0;
        fields_hold(r->fields, r->nfields, r->size * 8u, r->name);
        assert_true(!i || r->offset >= r[-1].offset + r[-1].size);
        assert_ptr_equal(dev_register_find(s, r->name), r);
        assert_ptr_equal(dev_register_at(s, r->offset), r);
        assert_ptr_equal(dev_register_at(s, r->alias ? r->alias : r->offset), r);
        for (unsigned f = 0; f < r->nfields; f++) {
            const struct dev_field *p = &r->fields[f];
            if (p->kind == DEV_RW) writable |= bits_mask(p->at >> 16) << (p->at & 0xffff);
            assert_int_equal(dev_get(&r->reset, p->at), p->reset);
            assert_true(p->guard < s->nguards);
        }
        assert_int_equal(writable, r->writable);
    }
    assert_null(dev_register_find(s, "no such"));
    assert_null(dev_register_at(s, s->registers[0].offset + 1));
}

static void structs_hold(const struct dev_spec *s)
{
    for (unsigned i = 0; i < s->nstructs; i++) {
        const struct dev_struct *t = &s->structs[i];
        fields_hold(t->fields, t->nfields, t->words * 64, t->name);
        assert_ptr_equal(dev_struct_find(s, t->name), t);
        if (t->number) assert_ptr_equal(dev_struct_numbered(s, t->family, t->number), t);
        assert_non_null(strstr(t->file, s->name));
        assert_true(t->line > 0);
    }
    assert_null(dev_struct_find(s, "no such"));
    assert_null(dev_struct_numbered(s, "command", 0xffff));
}

static void test_tables(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        registers_hold(specs[i]);
        structs_hold(specs[i]);
        for (unsigned g = 1; g < specs[i]->nguards; g++) assert_true(specs[i]->guards[g].bits != 0);
    }
}

/* Constants are what the tables say. */
static void test_constants(void **state)
{
    const struct dev_struct *ste = dev_struct_find(&smmu_spec, "STE");
    const struct dev_field *config = dev_field_find(ste->fields, ste->nfields, "CONFIG");
    assert_int_equal(config->at, SMMU_STE_CONFIG);
    assert_int_equal(SMMU_STE_CONFIG_S1_S2, 7);
    assert_int_equal(smmu_spec.registers[SMMU_INDEX_EVENTQ_CONS].offset, SMMU_REG_EVENTQ_CONS);
    assert_int_equal(SMMU_CMD_SYNC, 0x46);
    assert_int_equal(smmu_spec.nregisters, SMMU_REGISTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_place), cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_constants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
