/* Every register, swept: by the generated table, and against what is written out here once more from the
 * manual (IHI 0070 6.3), by hand. */
#include "devices/smmu/unit_test.h"

enum { CR0 = 0x20, ACK = 0x24, IRQ = 0x50, IRQACK = 0x54, EN = 1, PRIQ = 2, EVENTQ = 4, CMDQ = 8 };

/* What can be written, and which bits of CR0 or IRQ_CTRL forbid it. Registers of several rules have several
 * rows; what has none is read-only. */
static const struct {
    unsigned offset, size;
    uint64_t mask;          /* bits that a write changes */
    unsigned cr0, irq_ctrl; /* bits, any of which makes them read-only */
} rules[] = {
    {0x20, 4, 0x1df, 0, 0},
    {0x28, 4, 0x03f, PRIQ | EVENTQ | CMDQ, 0},
    {0x28, 4, 0xfc0, EN, 0},
    {0x2c, 4, 0x003, EN, 0},
    {0x44, 4, 0x001f3f1f, 0, 0},
    {0x50, 4, 0x7, 0, 0},
    {0x64, 4, 0x1fd, 0, 0},
    {0x68, 8, 0x000ffffffffffffc, 0, 1},
    {0x70, 4, 0xffffffff, 0, 1},
    {0x74, 4, 0x3f, 0, 1},
    {0x80, 8, 0x400fffffffffffc0, EN, 0},
    {0x88, 4, 0x307ff, EN, 0},
    {0x90, 8, 0x400fffffffffffff, CMDQ, 0},
    {0x98, 4, 0xfffff, 0, 0},
    {0x9c, 4, 0x7f0fffff, CMDQ, 0},
    {0xa0, 8, 0x400fffffffffffff, EVENTQ, 0},
    {0xb0, 8, 0x000ffffffffffffc, 0, 4},
    {0xb8, 4, 0xffffffff, 0, 4},
    {0xbc, 4, 0x3f, 0, 4},
    {0xc0, 8, 0x400fffffffffffff, PRIQ, 0},
    {0xd0, 8, 0x000ffffffffffffc, 0, 2},
    {0xd8, 4, 0xffffffff, 0, 2},
    {0xdc, 4, 0x8000003f, 0, 2},
    {0x100a8, 4, 0x800fffff, EVENTQ, 0},
    {0x100ac, 4, 0x800fffff, 0, 0},
    {0x100c8, 4, 0x800fffff, PRIQ, 0},
    {0x100cc, 4, 0x800fffff, 0, 0},
};

/* What reads otherwise than zero after reset. */
static const struct {
    unsigned offset;
    uint32_t value;
} resets[] = {
    {0x00, 1 << 0 | 1 << 1 | 2 << 2 | 1 << 4 | 2 << 6 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 14 |
               1 << 16 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 27},
    {0x04, 32 | 20 << 6 | 19 << 11 | 19 << 16 | 19 << 21 | 1 << 26 | 1 << 27},
    {0x0c, 1 << 2 | 1 << 4 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11},
    {0x14, 6 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 | 256 << 16},
    {0x1c, 0x02},
    {0x44, 0x1000},
};

/* Bits of the word at this offset that writes change now. */
static uint32_t mask_of(unsigned offset, unsigned cr0, unsigned irq_ctrl)
{
    uint64_t mask = 0;
    unsigned at = offset >= 0xa8 && offset < 0xb0 ? offset + 0x10000 : offset; /* page 0 has them, too */
    if (offset >= 0xc8 && offset < 0xd0) at = offset + 0x10000;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (at < rules[i].offset || at >= rules[i].offset + rules[i].size) continue;
        if (rules[i].cr0 & cr0 || rules[i].irq_ctrl & irq_ctrl) continue;
        mask |= rules[i].mask >> (at - rules[i].offset) * 8;
    }
    return (uint32_t)mask;
}

/* The words where there are registers: the first 4 KiB of both pages. */
enum { WORDS = 2048 };

static unsigned word_offset(unsigned i)
{
    return i < WORDS / 2 ? i * 4 : 0x10000 + (i - WORDS / 2) * 4;
}

static void look(struct unit *u, uint32_t *words)
{
    for (unsigned i = 0; i < WORDS; i++) words[i] = (uint32_t)unit_read(u, word_offset(i), 4);
}

static void test_reset(void **state)
{
    struct unit u;
    unit_open(&u, false);
    unit_write(&u, 0x28, 4, ~0u);
    smmu_reset(u.smmu);
    for (unsigned at = 0; at < SMMU_MMIO_SIZE; at += 4) {
        uint32_t want = 0;
        for (size_t i = 0; i < ARRAY_LEN(resets); i++)
            if (resets[i].offset == at) want = resets[i].value;
        if (unit_read(&u, at, 4) != want) fail_msg("%#x is %#lx, not %#x", at, unit_read(&u, at, 4), want);
    }
    unit_close(&u);
}

static bool is_ack(unsigned offset)
{
    return offset == ACK || offset == IRQACK;
}

/* One write, and what everything reads afterwards. Queue sizes are large, so that indices have all their
 * bits. */
static void one_write(struct unit *u, unsigned offset, uint32_t value, unsigned cr0, unsigned irq_ctrl)
{
    uint32_t mask = mask_of(offset, cr0, irq_ctrl);
    if (offset == 0x44 && !(value >> 31)) mask = 0;
    uint32_t old = (uint32_t)unit_read(u, offset, 4);
    unit_write(u, offset, 4, value);
    uint32_t want = (old & ~mask) | (value & mask), got = (uint32_t)unit_read(u, offset, 4);
    if (got != want) fail_msg("%#x: %#x written over %#x gives %#x, not %#x", offset, value, old, got, want);
}

static void queues_large(struct unit *u)
{
    unit_write(u, 0x90, 8, 0x1f);
    unit_write(u, 0xa0, 8, 0x1f);
    unit_write(u, 0xc0, 8, 0x1f);
}

static bool is_queue_base(unsigned offset)
{
    return offset == 0x90 || offset == 0xa0 || offset == 0xc0;
}

/* Only what was written changes, and what acknowledges it. */
static void others_same(struct unit *u, unsigned offset, const uint32_t *before)
{
    static uint32_t after[WORDS];
    look(u, after);
    for (unsigned i = 0; i < WORDS; i++) {
        unsigned at = word_offset(i);
        bool alias = mask_of(at, 0, 0) && (at ^ offset) == 0x10000;
        if (at != offset && !alias && !is_ack(at) && before[i] != after[i])
            fail_msg("%#x changed %#x", offset, at);
    }
}

/* Nothing is enabled: each word takes what it may take, and no other changes. */
static void test_words(void **state)
{
    static const uint32_t values[] = {~0u, 0, 0xaaaaaaaa, 0x55555555, 0x80000001};
    static uint32_t before[WORDS];
    struct unit u;
    struct rng r = {1};
    unit_open(&u, false);
    for (unsigned w = 0; w < WORDS; w++) {
        unsigned offset = word_offset(w);
        if (offset == CR0) continue; /* it enables things: test_handshake */
        smmu_reset(u.smmu);
        queues_large(&u);
        if (mask_of(offset, 0, 0)) look(&u, before);
        for (unsigned i = 0; i < 12; i++) {
            uint32_t v = i < ARRAY_LEN(values) ? values[i] : (uint32_t)rng_next(&r);
            one_write(&u, offset, is_queue_base(offset) ? v | 0x1f : v, 0, 0);
        }
        if (mask_of(offset, 0, 0)) others_same(&u, offset, before);
    }
    unit_close(&u);
}

/* With one thing enabled after another, what it guards keeps its value. */
static void test_guards(void **state)
{
    struct unit u;
    struct rng r = {2};
    unit_open(&u, false);
    for (unsigned on = 0; on < 1 << 7; on++) {
        unsigned cr0 = on & 15, irq_ctrl = on >> 4;
        smmu_reset(u.smmu);
        queues_large(&u);
        unit_write(&u, CR0, 4, cr0);
        unit_write(&u, IRQ, 4, irq_ctrl);
        for (unsigned offset = 0; offset < 0x100d0; offset += offset == 0xdc ? 0x100a8 - 0xdc : 4) {
            if (offset == CR0 || offset == IRQ || is_queue_base(offset)) continue;
            if (offset == 0x98 && cr0 & CMDQ) continue; /* commands would be consumed */
            if (offset == 0x64) continue;               /* errors would be active */
            one_write(&u, offset, (uint32_t)rng_next(&r), cr0, irq_ctrl);
            one_write(&u, offset, ~0u, cr0, irq_ctrl);
        }
    }
    unit_close(&u);
}

static void test_handshake(void **state)
{
    struct unit u;
    struct rng r = {3};
    unit_open(&u, false);
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t v = (uint32_t)rng_next(&r);
        unit_write(&u, CR0, 4, v);
        assert_int_equal(unit_read(&u, CR0, 4), v & 0x1df);
        assert_int_equal(unit_read(&u, ACK, 4), v & 0x1df);
        unit_write(&u, IRQ, 4, v >> 16);
        assert_int_equal(unit_read(&u, IRQ, 4), v >> 16 & 7);
        assert_int_equal(unit_read(&u, IRQACK, 4), v >> 16 & 7);
    }
    unit_close(&u);
}

/* Halves of 64-bit registers, whole ones, and 8 bytes over two of 4. */
static void test_sizes(void **state)
{
    struct unit u;
    struct rng r = {4};
    unit_open(&u, false);
    for (unsigned offset = 0x28; offset < 0xe0; offset += 8) {
        uint64_t mask = mask_of(offset, 0, 0) | (uint64_t)mask_of(offset + 4, 0, 0) << 32;
        for (unsigned i = 0; i < 20; i++) {
            uint64_t v = rng_next(&r) | 0x8000000000000000 | (is_queue_base(offset) ? 0x1f : 0);
            if (offset == 0x60) v = 0;
            smmu_reset(u.smmu);
            queues_large(&u);
            uint64_t old = unit_read(&u, offset, 8);
            unit_write(&u, offset, 8, v);
            if (offset == 0x50) old |= (v & 7) << 32; /* IRQ_CTRLACK follows */
            uint64_t want = (old & ~mask) | (v & mask), got = unit_read(&u, offset, 8);
            if (got != want) fail_msg("%#x: %#lx gives %#lx, not %#lx", offset, v, got, want);
            assert_int_equal(unit_read(&u, offset, 4), (uint32_t)want);
            assert_int_equal(unit_read(&u, offset + 4, 4), want >> 32);
            uint32_t half = (uint32_t)rng_next(&r);
            unit_write(&u, offset + 4, 4, half);
            uint64_t high = offset == 0x40 && !(half >> 31) ? 0 : mask & 0xffffffff00000000;
            assert_int_equal(unit_read(&u, offset, 8), (want & ~high) | (((uint64_t)half << 32) & high));
        }
    }
    unit_close(&u);
}

static void test_refused(void **state)
{
    struct unit u;
    uint64_t v = 1;
    unit_open(&u, false);
    static const unsigned sizes[] = {0, 1, 2, 3, 5, 6, 7, 9, 16};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        assert_false(smmu_mmio_read(u.smmu, 0, sizes[i], &v));
        assert_int_equal(v, 0);
        assert_false(smmu_mmio_write(u.smmu, 0x28, sizes[i], ~0ull));
    }
    for (unsigned at = 0; at < 16; at++) {
        if (at % 4) assert_false(smmu_mmio_write(u.smmu, 0x80 + at, 4, ~0ull));
        if (at % 8) assert_false(smmu_mmio_write(u.smmu, 0x80 + at, 8, ~0ull));
        if (at % 8) assert_false(smmu_mmio_read(u.smmu, at, 8, &v));
    }
    assert_false(smmu_mmio_read(u.smmu, SMMU_MMIO_SIZE, 4, &v));
    assert_false(smmu_mmio_write(u.smmu, ~0ull - 3, 4, 0));
    assert_int_equal(unit_read(&u, 0x80, 8), 0);
    assert_int_equal(unit_read(&u, 0x28, 4), 0);
    unit_close(&u);
}

/* GBPA: nothing without Update, which never stays. */
static void test_gbpa(void **state)
{
    struct unit u;
    unit_open(&u, false);
    unit_write(&u, 0x44, 4, 0x00100000);
    assert_int_equal(unit_read(&u, 0x44, 4), 0x1000);
    unit_write(&u, 0x44, 4, 0xffffffff);
    assert_int_equal(unit_read(&u, 0x44, 4), 0x001f3f1f);
    unit_write(&u, 0x44, 4, 0x80000000);
    assert_int_equal(unit_read(&u, 0x44, 4), 0);
    unit_close(&u);
}

/* Indices show as many bits as the queue's size gives them, and one. */
static void test_indices(void **state)
{
    static const unsigned index[][2] = {{0x98, 0x90},    {0x9c, 0x90},    {0x100a8, 0xa0},
                                        {0x100ac, 0xa0}, {0x100c8, 0xc0}, {0x100cc, 0xc0}};
    struct unit u;
    unit_open(&u, false);
    for (size_t i = 0; i < ARRAY_LEN(index); i++)
        for (unsigned size = 0; size < 32; size++) {
            uint32_t other = index[i][0] == 0x9c ? 0x7f000000 : index[i][0] == 0x98 ? 0 : 0x80000000;
            unit_write(&u, index[i][1], 8, size);
            unit_write(&u, index[i][0], 4, ~0u);
            uint32_t bits = size < 19 ? (2u << size) - 1 : 0xfffff;
            assert_int_equal(unit_read(&u, index[i][0], 4), bits | other);
        }
    unit_close(&u);
}

/* The table that is generated says what is written out above. */
static void test_table(void **state)
{
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) {
        const struct dev_register *r = &smmu_spec.registers[i];
        uint64_t mask = mask_of(r->offset, 0, 0);
        if (r->size == 8) mask |= (uint64_t)mask_of(r->offset + 4, 0, 0) << 32;
        if (mask != r->writable) fail_msg("%s: %#lx, not %#lx", r->name, r->writable, mask);
    }
}

/* A field takes a value, and only it changes; its register is reached at its alias, too. */
static void one_field(struct unit *u, const struct dev_register *r, const struct dev_field *f, uint64_t value)
{
    uint64_t old = unit_read(u, r->offset, r->size), fresh = old;
    fresh = (fresh & ~dev_bits(f->at)) | (value << (f->at & 0xffff) & dev_bits(f->at));
    unit_write(u, r->alias ? r->alias : r->offset, r->size, fresh | r->needs);
    uint64_t got = unit_read(u, r->offset, r->size);
    if (f->kind != DEV_RW) fresh = old;
    if (got != fresh) fail_msg("%s.%s: %#lx gives %#lx, not %#lx", r->name, f->name, value, got, fresh);
    if (r->alias) assert_int_equal(unit_read(u, r->alias, r->size), got);
}

/* Each field of each register, and each of its values that has a name. */
static void test_fields(void **state)
{
    struct unit u;
    unit_open(&u, false);
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) {
        const struct dev_register *r = &smmu_spec.registers[i];
        for (unsigned k = 0; k < r->nfields; k++) {
            const struct dev_field *f = &r->fields[k];
            smmu_reset(u.smmu);
            if (!is_queue_base(r->offset)) queues_large(&u);
            for (unsigned v = 0; v < f->nvalues; v++) one_field(&u, r, f, f->values[v].value);
            one_field(&u, r, f, ~0ull);
            one_field(&u, r, f, 0);
        }
    }
    unit_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_fields),    cmocka_unit_test(test_reset),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_guards),    cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_handshake), cmocka_unit_test(test_gbpa),
        cmocka_unit_test(test_indices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
