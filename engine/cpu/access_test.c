/* Guest accesses: the inlined TLB hit and everything behind it, with a guest that has nothing but causes. */
#include "engine/cpu/atomic.h"
#include "engine/guest/guest.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RW = CPU_READ | CPU_WRITE };

enum { ILLEGAL, LOAD, STORE, FETCH, ALIGN_LOAD, ALIGN_STORE };

static const struct guest_cause causes[] = {
    {"illegal", 2, EXIT_FAULT},      {"load-access", 5, EXIT_FAULT},     {"store-access", 7, EXIT_FAULT},
    {"fetch-access", 1, EXIT_FAULT}, {"misaligned-load", 4, EXIT_FAULT}, {"misaligned-store", 6, EXIT_FAULT},
};

static const struct guest_reg regs[] = {
    {.name = "x", .count = 4, .width = 64, .word = 0, .words = 1, .zero = 0},
    {.name = "pc", .count = 1, .width = 64, .word = 4, .words = 1, .zero = -1, .reset = 0x1000},
    {.name = "v", .count = 2, .width = 128, .word = 5, .words = 2, .zero = -1, .reset = 7},
};

static const struct guest tiny = {
    .name = "tiny",
    .regs = regs,
    .nregs = ARRAY_LEN(regs),
    .state_words = 9,
    .pc_word = 4,
    .causes = causes,
    .ncauses = ARRAY_LEN(causes),
    .cause_of_access = {[CPU_READ] = LOAD, [CPU_WRITE] = STORE, [CPU_EXEC] = FETCH},
    .cause_of_align = {[CPU_READ] = ALIGN_LOAD, [CPU_WRITE] = ALIGN_STORE},
    .code_unit = 2,
};

struct fixture {
    struct mem m;
    struct vcpu *c;
};

/* 0x10000 code | 0x20000, 0x21000 data | 0x22000 read-only | 0x24000 write-only | top and bottom of memory */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    mem_init(&f->m);
    BUG_ON(mem_add(&f->m, 0x10000, 0x2000, CPU_READ | CPU_EXEC, NULL, "code") ||
           mem_add(&f->m, 0x20000, 0x2000, RW, NULL, "data") ||
           mem_add(&f->m, 0x22000, 0x1000, CPU_READ, NULL, "rom") ||
           mem_add(&f->m, 0x24000, 0x1000, CPU_WRITE, NULL, "wom") ||
           mem_add(&f->m, ~0xfffull, 0x1000, RW, NULL, "top") || mem_add(&f->m, 0, 0x1000, RW, NULL, "zero"));
    f->c = vcpu_new(&tiny, &f->m);
    *state = f;
    return f->c ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    vcpu_free(f->c);
    mem_free(&f->m);
    free(f);
    return 0;
}

static void expect_fault(struct vcpu *c, bool ok, unsigned cause, uint64_t value)
{
    assert_false(ok);
    assert_int_equal(c->exit.kind, EXIT_FAULT);
    assert_string_equal(causes[c->exit.cause].name, causes[cause].name);
    assert_int_equal(c->exit.value, value);
    c->exit = (struct cpu_exit){0};
}

static bool load(struct vcpu *c, uint64_t addr, unsigned size, uint64_t *v)
{
    uint8_t v8 = 0;
    uint16_t v16 = 0;
    uint32_t v32 = 0;
    bool ok;
    switch (size) {
    case 1: ok = cpu_load8(c, addr, &v8); return *v = v8, ok;
    case 2: ok = cpu_load16(c, addr, &v16); return *v = v16, ok;
    case 4: ok = cpu_load32(c, addr, &v32); return *v = v32, ok;
    default: *v = 0; return cpu_load64(c, addr, v);
    }
}

static bool store(struct vcpu *c, uint64_t addr, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: return cpu_store8(c, addr, (uint8_t)v);
    case 2: return cpu_store16(c, addr, (uint16_t)v);
    case 4: return cpu_store32(c, addr, (uint32_t)v);
    default: return cpu_store64(c, addr, v);
    }
}

static void test_reset(void **state)
{
    struct fixture *f = *state;
    memset(f->c->state, 0xff, tiny.state_words * sizeof(uint64_t));
    vcpu_reset(f->c);
    assert_int_equal((uintptr_t)f->c->state % 64, 0);
    assert_int_equal(f->c->state[0], 0);
    assert_int_equal(f->c->state[4], 0x1000);
    assert_int_equal(f->c->state[5], 7);
    assert_int_equal(f->c->state[6], 0); /* the upper word of v0 */
    assert_int_equal(f->c->state[7], 7);
    for (unsigned k = 0; k < EXIT_KINDS; k++) assert_non_null(exit_kind_name((enum exit_kind)k));
}

/* Every size at every offset around a page boundary and around 2^64, twice: cold and through the TLB. */
static void test_every_alignment(void **state)
{
    struct fixture *f = *state;
    const uint64_t middles[] = {0x21000, 0, 0x20800};
    for (unsigned i = 0; i < ARRAY_LEN(middles) * 17 * 4 * 2; i++) {
        unsigned size = 1u << (i % 4);
        uint64_t addr = middles[i / 8 / 17] + (i / 8 % 17) - 8, v = 0, want = 0;
        const uint64_t data = 0x8877665544332211 + i;
        assert_true(store(f->c, addr, size, data));
        assert_true(load(f->c, addr, size, &v));
        assert_int_equal(v, data & bits_mask(size * 8));
        for (unsigned k = 0; k < size; k++) {
            uint8_t b;
            assert_int_equal(mem_read(&f->m, addr + k, &b, 1), 0);
            want |= (uint64_t)b << (8 * k);
        }
        assert_int_equal(v, want);
    }
    assert_int_equal(f->m.ndirty, 4);
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    struct vcpu *c = f->c;
    uint64_t v;
    c->state[tiny.pc_word] = 0x10004;
    assert_false(load(c, 0x30000, 4, &v));
    assert_int_equal(c->exit.pc, 0x10004);
    expect_fault(c, false, LOAD, 0x30000);
    expect_fault(c, load(c, 0x24000, 8, &v), LOAD, 0x24000);
    expect_fault(c, store(c, 0x22008, 8, 1), STORE, 0x22008);
    expect_fault(c, store(c, 0x10000, 1, 1), STORE, 0x10000);
    /* having read a page, or written its neighbour, gives no right to write it */
    assert_true(load(c, 0x22008, 8, &v));
    expect_fault(c, store(c, 0x22008, 8, 1), STORE, 0x22008);
    assert_true(store(c, 0x24000, 8, 1));
    expect_fault(c, load(c, 0x24000, 8, &v), LOAD, 0x24000);
    /* the portion that faults is what is reported */
    expect_fault(c, load(c, 0x22ffd, 8, &v), LOAD, 0x23000);
    expect_fault(c, load(c, 0x1fffd, 8, &v), LOAD, 0x1fffd);
    expect_fault(c, load(c, 0x23ffe, 4, &v), LOAD, 0x23ffe);
    expect_fault(c, store(c, 0xffe, 4, 1), STORE, 0x1000);
}

static void test_crossing_store_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t seen = 1;
    expect_fault(f->c, store(f->c, 0x21ffd, 8, ~0ull), STORE, 0x22000);
    expect_fault(f->c, store(f->c, 0x24ffe, 4, ~0ull), STORE, 0x25000);
    expect_fault(f->c, store(f->c, 0x23fff, 2, ~0ull), STORE, 0x23fff);
    assert_int_equal(f->m.ndirty, 0);
    assert_int_equal(mem_read(&f->m, 0x21ff8, &seen, 8), 0);
    assert_int_equal(seen, 0);
    assert_int_equal(mem_read(&f->m, 0x24ff8, &seen, 8), 0);
    assert_int_equal(seen, 0);
}

static void test_writes_are_seen(void **state)
{
    struct fixture *f = *state;
    for (unsigned round = 0; round < 3; round++) {
        uint64_t v;
        assert_true(load(f->c, 0x20000, 8, &v));
        assert_int_equal(f->m.ndirty, 0);
        assert_true(store(f->c, 0x20010, 8, round));
        assert_int_equal(f->m.ndirty, 1);
        assert_true(store(f->c, 0x20018, 8, round));
        assert_true(store(f->c, 0x20ffe, 4, round));
        assert_int_equal(f->m.ndirty, 2);
        assert_int_equal(f->m.dirty[0], 0x20000);
        assert_int_equal(f->m.dirty[1], 0x21000);
        mem_clean(&f->m);
        vcpu_sync(f->c);
    }
}

static void test_writes_to_code_are_seen(void **state)
{
    struct fixture *f = *state;
    assert_true(store(f->c, 0x20000, 8, 1)); /* now with a write tag */
    uint64_t epoch = f->m.code_epoch, v;
    for (unsigned round = 0; round < 3; round++) {
        cpu_watch_code(f->c, 0x20ffe, 4);
        assert_true(load(f->c, 0x20001, 8, &v)); /* misaligned: fills the TLB again */
        assert_true(store(f->c, 0x20000, 8, 2));
        assert_int_equal(f->m.code_epoch, ++epoch);
        assert_true(store(f->c, 0x21ff8, 8, 2));
        assert_int_equal(f->m.code_epoch, ++epoch);
        assert_true(store(f->c, 0x20000, 8, 3));
        assert_int_equal(f->m.code_epoch, epoch);
    }
    cpu_watch_code(f->c, 0x20000, 0);
    cpu_watch_code(f->c, 0x50000, 4); /* what is not mapped cannot be written */
    assert_true(store(f->c, 0x20000, 8, 3));
    assert_int_equal(f->m.code_epoch, epoch);
}

static void test_remap(void **state)
{
    struct fixture *f = *state;
    uint64_t v;
    assert_true(store(f->c, 0x20000, 8, 0x55));
    assert_int_equal(mem_remove(&f->m, 0x20000), 0);
    vcpu_sync(f->c);
    expect_fault(f->c, load(f->c, 0x20000, 8, &v), LOAD, 0x20000);
    assert_int_equal(mem_add(&f->m, 0x20000, 0x1000, CPU_READ, NULL, "now read-only"), 0);
    vcpu_sync(f->c);
    assert_true(load(f->c, 0x20000, 8, &v));
    assert_int_equal(v, 0);
    expect_fault(f->c, store(f->c, 0x20000, 8, 1), STORE, 0x20000);
}

static void test_tlb_collision(void **state)
{
    struct fixture *f = *state;
    const uint64_t far = 0x20000 + ((uint64_t)CPU_TLB_SIZE << CPU_PAGE_BITS);
    assert_int_equal(mem_add(&f->m, far, 0x1000, RW, NULL, "same entry"), 0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t v;
        assert_true(store(f->c, 0x20000, 8, 1));
        assert_true(store(f->c, far, 8, 2));
        assert_true(load(f->c, 0x20000, 8, &v));
        assert_int_equal(v, 1);
        assert_true(load(f->c, far, 8, &v));
        assert_int_equal(v, 2);
    }
}

static void test_fetch(void **state)
{
    struct fixture *f = *state;
    struct vcpu *c = f->c;
    uint8_t code[0x2000], p[64];
    unsigned got = 99;
    for (size_t i = 0; i < sizeof(code); i++) code[i] = (uint8_t)(i * 13 >> 3);
    assert_int_equal(mem_write(&f->m, 0x10000, code, sizeof(code)), 0);
    assert_true(cpu_fetch(c, 0x10ff0, p, 64, &got));
    assert_int_equal(got, 64);
    assert_memory_equal(p, code + 0xff0, 64);
    assert_true(cpu_fetch(c, 0x11ffa, p, 64, &got));
    assert_int_equal(got, 6);
    assert_memory_equal(p, code + 0x1ffa, 6);
    assert_true(cpu_fetch(c, 0x10000, p, 7, &got));
    assert_int_equal(got, 6);
    expect_fault(c, cpu_fetch(c, 0x12000, p, 4, &got), FETCH, 0x12000);
    expect_fault(c, cpu_fetch(c, 0x20000, p, 4, &got), FETCH, 0x20000);
    expect_fault(c, cpu_fetch(c, ~1ull, p, 4, &got), FETCH, ~1ull);
    assert_int_equal(got, 0);
    expect_fault(c, cpu_check(c, 0x11ffe, 4, CPU_EXEC), FETCH, 0x12000);
}

static void test_checks(void **state)
{
    struct fixture *f = *state;
    struct vcpu *c = f->c;
    assert_true(cpu_check(c, 0x20000, 0x3000, CPU_READ)); /* across regions */
    expect_fault(c, cpu_check(c, 0x20000, 0x3001, CPU_READ), LOAD, 0x23000);
    expect_fault(c, cpu_check(c, 0x20000, 0x3000, CPU_WRITE), STORE, 0x22000);
    assert_true(cpu_check(c, ~0xfull, 0x20, CPU_WRITE)); /* through 2^64 */
    expect_fault(c, cpu_check(c, ~0xfull, 0x1011, CPU_WRITE), STORE, 0x1000);
    expect_fault(c, cpu_check(c, 0, ~0ull, CPU_WRITE), STORE, 0x1000);
    assert_true(cpu_check(c, 0x50000, 0, CPU_WRITE));
    assert_true(cpu_check_any(c, 0x24000, 64));
    assert_true(cpu_check_any(c, 0x10000, 64));
    expect_fault(c, cpu_check_any(c, 0x23fc0, 65), STORE, 0x23fc0);
    assert_true(cpu_align(c, 0x50008, 8, CPU_READ));
    expect_fault(c, cpu_align(c, 0x50004, 8, CPU_READ), ALIGN_LOAD, 0x50004);
    expect_fault(c, cpu_align(c, 0x50002, 4, CPU_WRITE), ALIGN_STORE, 0x50002);
    assert_int_equal(f->m.ndirty, 0);
}

static void test_store_zeros(void **state)
{
    struct fixture *f = *state;
    uint8_t p[0x1100], want[0x1100];
    memset(p, 0xaa, sizeof(p));
    memset(want, 0xaa, sizeof(want));
    assert_int_equal(mem_write(&f->m, 0x20800, p, sizeof(p)), 0);
    mem_clean(&f->m);
    expect_fault(f->c, cpu_store_zeros(f->c, 0x21fc0, 0x80), STORE, 0x22000);
    assert_int_equal(f->m.ndirty, 0);
    assert_true(cpu_store_zeros(f->c, 0x20810, 0x1000));
    assert_int_equal(f->m.ndirty, 2);
    memset(want + 0x10, 0, 0x1000);
    assert_int_equal(mem_read(&f->m, 0x20800, p, sizeof(p)), 0);
    assert_memory_equal(p, want, sizeof(p));
}

static void test_host_rw(void **state)
{
    struct fixture *f = *state;
    uint64_t v;
    uint32_t *p = cpu_host_rw(f->c, 0x20008, 4);
    assert_non_null(p);
    *p = 77;
    assert_int_equal(f->m.ndirty, 1);
    assert_true(load(f->c, 0x20008, 4, &v));
    assert_int_equal(v, 77);
    expect_fault(f->c, cpu_host_rw(f->c, 0x22000, 8), STORE, 0x22000);
    expect_fault(f->c, cpu_host_rw(f->c, 0x24000, 8), STORE, 0x24000); /* not readable */
    expect_fault(f->c, cpu_host_rw(f->c, 0x50000, 16), STORE, 0x50000);
    assert_int_equal(f->m.ndirty, 1);
}

/* The store of a reservation: Unpriv 14.2. */
static void test_store_if(void **state)
{
    struct fixture *f = *state;
    struct vcpu *c = f->c;
    uint64_t v;
    bool stored = false;
    assert_true(store(c, 0x20000, 8, 0x1111111180000000));
    /* four bytes compare four bytes, however the expected value was extended */
    assert_true(cpu_store_if(c, 0x20000, 4, 5, true, 0xffffffff80000000, &stored));
    assert_true(stored);
    assert_true(load(c, 0x20000, 8, &v));
    assert_int_equal(v, 0x1111111100000005);
    assert_true(cpu_store_if(c, 0x20000, 8, 6, true, 5, &stored));
    assert_false(stored);
    assert_true(cpu_store_if(c, 0x20000, 8, 6, true, v, &stored));
    assert_true(stored);
    assert_true(load(c, 0x20000, 8, &v));
    assert_int_equal(v, 6);
    /* not enabled: nothing is touched, not even what would fault */
    mem_clean(&f->m);
    vcpu_sync(c);
    assert_true(cpu_store_if(c, 0x20000, 8, 7, false, 6, &stored));
    assert_false(stored);
    assert_true(cpu_store_if(c, 0x50000, 8, 7, false, 6, &stored));
    assert_int_equal(f->m.ndirty, 0);
    expect_fault(c, cpu_store_if(c, 0x22000, 8, 7, true, 0, &stored), STORE, 0x22000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_alignment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crossing_store_is_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writes_are_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writes_to_code_are_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tlb_collision, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_rw, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_if, setup, teardown),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
