/* The Unicorn backend: what it reports of a run must be exact, whatever Unicorn itself reports. */
#include "harness/oracle/unicorn.h"
#include "harness/oracle/oracle_test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    const char *why = NULL;
    *state = fixture_open(&backend_unicorn, &why);
    BUG_ON(!*state);
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state, &backend_unicorn);
    return 0;
}

static struct cpu_exit *run(struct fixture *t, uint64_t budget)
{
    backend_unicorn.run(t->c, budget);
    return &t->c->exit;
}

static struct cpu_exit *run_text(struct fixture *t, const char *text, uint64_t budget)
{
    place(t, &backend_unicorn, LAYOUT_CODE, text);
    return run(t, budget);
}

static void test_registers(void **state)
{
    struct fixture *t = *state;
    for (unsigned i = 1; i < 32; i++) t->x[i] = 0x1111111111111111ull * (i % 15 + 1) + i;
    for (unsigned i = 0; i < 32; i++) t->f[i] = 0x0123456789abcdef + i;
    uint64_t before[64];
    memcpy(before, t->x, 32 * sizeof(uint64_t));
    memcpy(before + 32, t->f, 32 * sizeof(uint64_t));
    *t->fflags = 0x15;
    *t->frm = 3;
    run_text(t, "nop; addi zero, a0, 5; add a0, zero, zero", 3);
    expect_budget(t, 3, LAYOUT_CODE + 12);
    before[10] = 0;
    assert_memory_equal(t->x + 1, before + 1, 31 * sizeof(uint64_t));
    assert_memory_equal(t->f, before + 32, 32 * sizeof(uint64_t));
    assert_int_equal(*t->fflags, 0x15);
    assert_int_equal(*t->frm, 3);
    assert_int_equal(t->x[0], 0);
}

static void test_budget(void **state)
{
    struct fixture *t = *state;
    place(t, &backend_unicorn, LAYOUT_CODE, "loop: addi a0, a0, 1; addi a1, a1, 1; j loop");
    run(t, 0);
    expect_budget(t, 0, LAYOUT_CODE);
    const uint64_t budgets[] = {1, 2, 3, 4, 1000, 100001};
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        uint64_t n = budgets[i];
        t->x[10] = t->x[11] = 0;
        place(t, &backend_unicorn, LAYOUT_CODE, "loop: addi a0, a0, 1; addi a1, a1, 1; j loop");
        run(t, n);
        assert_int_equal(t->c->exit.executed, n);
        assert_int_equal(t->x[10], (n + 2) / 3);
        assert_int_equal(t->x[11], (n + 1) / 3);
    }
    /* one after the other */
    t->x[10] = 0;
    *t->pc = LAYOUT_CODE;
    for (unsigned i = 0; i < 30; i++) run(t, 1);
    assert_int_equal(t->x[10], 10);
}

static void test_data_faults(void **state)
{
    struct fixture *t = *state;
    t->x[12] = 0x50000;
    run_text(t, "addi a0, a0, 1; addi a0, a0, 1000; lw a1, 4(a2); addi a0, a0, 7", 9);
    expect_raise(t, "load-access", 2, LAYOUT_CODE + 8, 0x50004);
    assert_int_equal(t->x[10], 1001);
    assert_int_equal(t->x[11], 0);
    t->x[12] = LAYOUT_ROM;
    run_text(t, "c.nop; sd a0, 8(a2)", 2);
    expect_raise(t, "store-access", 1, LAYOUT_CODE + 2, LAYOUT_ROM + 8);
    t->x[12] = LAYOUT_CODE;
    run_text(t, "sd a0, 8(a2)", 1);
    expect_raise(t, "store-access", 0, LAYOUT_CODE, LAYOUT_CODE + 8);
    assert_int_equal(mem_find(&t->m, LAYOUT_ROM)->flags[0], 0);
    /* across the end: the first byte that fails */
    t->x[12] = LAYOUT_DATA + LAYOUT_DATA_SIZE - 3;
    run_text(t, "ld a0, 0(a2)", 1);
    expect_raise(t, "load-access", 0, LAYOUT_CODE, LAYOUT_DATA + LAYOUT_DATA_SIZE);
    run_text(t, "sd a0, 0(a2)", 1);
    expect_raise(t, "store-access", 0, LAYOUT_CODE, LAYOUT_DATA + LAYOUT_DATA_SIZE);
    t->x[12] = LAYOUT_DATA - 3;
    run_text(t, "sd a0, 0(a2)", 1);
    expect_raise(t, "store-access", 0, LAYOUT_CODE, LAYOUT_DATA - 3);
}

static void test_fetch_faults(void **state)
{
    struct fixture *t = *state;
    t->x[12] = 0x50000;
    run_text(t, "nop; jr a2", 2);
    expect_budget(t, 2, 0x50000);
    run_text(t, "nop; jr a2", 3);
    expect_raise(t, "fetch-access", 2, 0x50000, 0x50000);
    run(t, 1);
    expect_raise(t, "fetch-access", 0, 0x50000, 0x50000);
    t->x[12] = LAYOUT_DATA;
    run_text(t, "jr a2", 5);
    expect_raise(t, "fetch-access", 1, LAYOUT_DATA, LAYOUT_DATA);
    /* falling off the end of the page */
    const uint64_t end = LAYOUT_CODE + LAYOUT_CODE_SIZE;
    place(t, &backend_unicorn, end - 2, "c.addi a0, 1");
    run(t, 1);
    expect_budget(t, 1, end);
    place(t, &backend_unicorn, end - 2, "c.addi a0, 1");
    run(t, 2);
    expect_raise(t, "fetch-access", 1, end, end);
    /* an instruction of which only half is there */
    place(t, &backend_unicorn, end - 2, ".2byte 0x0513");
    run(t, 1);
    expect_raise(t, "fetch-access", 0, end - 2, end);
    t->x[10] = 0;
    place(t, &backend_unicorn, end - 4, "c.addi a0, 1");
    run(t, 2);
    assert_int_equal(t->c->exit.kind, EXIT_UNSUPPORTED);
    assert_non_null(t->c->exit.why);
}

static void test_exceptions(void **state)
{
    struct fixture *t = *state;
    run_text(t, "nop; ecall; nop", 5);
    expect_raise(t, "ecall", 1, LAYOUT_CODE + 4, 0);
    run_text(t, "c.nop; ebreak; nop", 5);
    expect_raise(t, "breakpoint", 1, LAYOUT_CODE + 2, 0);
    run_text(t, "c.nop; c.ebreak; nop", 5);
    expect_raise(t, "breakpoint", 1, LAYOUT_CODE + 2, 0);
    run_text(t, "c.nop; .2byte 0; nop", 5);
    expect_raise(t, "illegal", 1, LAYOUT_CODE + 2, 0);
    run_text(t, "c.nop; .4byte 0xffffffff; nop", 5);
    expect_raise(t, "illegal", 1, LAYOUT_CODE + 2, 0xffffffff);
    run_text(t, "csrr a0, mstatus", 1); /* user mode */
    expect_raise(t, "illegal", 0, LAYOUT_CODE, 0x30002573);
    *t->frm = 5;
    run_text(t, "fadd.d fa0, fa1, fa2", 1);
    expect_raise(t, "illegal", 0, LAYOUT_CODE, 0x02c5f553);
    *t->frm = 0;
    t->x[12] = LAYOUT_DATA + 2;
    run_text(t, "nop; lr.w a0, (a2)", 2);
    expect_raise(t, "misaligned-load", 1, LAYOUT_CODE + 4, LAYOUT_DATA + 2);
    run_text(t, "nop; wfi; nop", 5);
    assert_string_equal(exit_kind_name(t->c->exit.kind), "halt");
    assert_int_equal(t->c->exit.executed, 2);
    run_text(t, "addi a0, zero, 3", 1); /* nothing of all that lingers */
    expect_budget(t, 1, LAYOUT_CODE + 4);
    assert_int_equal(t->x[10], 3);
}

/* A run of one instruction ends in another way than longer ones, which must not find what it left. */
static void test_single(void **state)
{
    struct fixture *t = *state;
    uint64_t *pc = t->pc;
    place(t, &backend_unicorn, LAYOUT_CODE, "addi a0, a0, 1; c.addi a1, 1; j next; next: c.addi a2, 1; nop");
    t->x[10] = t->x[11] = t->x[12] = 0;
    for (unsigned i = 0; i < 3; i++) {
        static const uint64_t ends[] = {4, 6, 10, 12};
        for (unsigned k = 0; k < ARRAY_LEN(ends); k++) {
            run(t, 1);
            expect_budget(t, 1, LAYOUT_CODE + ends[k]);
        }
        *pc = LAYOUT_CODE;
        run(t, 5);
        expect_budget(t, 5, LAYOUT_CODE + 16);
        *pc = LAYOUT_CODE + 4;
        run(t, 3);
        expect_budget(t, 3, LAYOUT_CODE + 12);
        *pc = LAYOUT_CODE + 6;
        run(t, 1);
        run(t, 2);
        expect_budget(t, 2, LAYOUT_CODE + 16);
        *pc = LAYOUT_CODE;
    }
    assert_int_equal(t->x[10], 6);
    assert_int_equal(t->x[11], 9);
    assert_int_equal(t->x[12], 12);
    t->x[12] = 0;
    run_text(t, "ld a0, 0(a2); nop", 1);
    expect_raise(t, "load-access", 0, LAYOUT_CODE, 0);
    t->x[12] = LAYOUT_DATA;
    run(t, 2);
    expect_budget(t, 2, LAYOUT_CODE + 8);
    run_text(t, "wfi", 1);
    assert_string_equal(exit_kind_name(t->c->exit.kind), "halt");
    run_text(t, "self: j self", 1);
    expect_budget(t, 1, LAYOUT_CODE);
    t->x[12] = LAYOUT_DATA;
    run_text(t, "lr.w a0, (a2)", 1);
    expect_budget(t, 1, LAYOUT_CODE + 4);
    assert_int_equal(*state_of(t, "res_addr"), LAYOUT_DATA);
    *state_of(t, "res_addr") = 1;                                                       /* none */
    place(t, &backend_unicorn, LAYOUT_CODE + LAYOUT_CODE_SIZE - 4, "addi a0, zero, 7"); /* nothing follows */
    run(t, 1);
    expect_budget(t, 1, LAYOUT_CODE + LAYOUT_CODE_SIZE);
    assert_int_equal(t->x[10], 7);
}

static void test_fpu(void **state)
{
    struct fixture *t = *state;
    t->f[11] = 0x3ff0000000000000; /* 1.0 */
    t->f[12] = 0x4008000000000000; /* 3.0 */
    *t->fflags = 0x10;
    *t->frm = 1;
    run_text(t, "fdiv.d fa0, fa1, fa2; frflags a0; frrm a1; csrwi frm, 2", 4);
    assert_int_equal(t->f[10], 0x3fd5555555555555);
    assert_int_equal(*t->fflags, 0x11);
    assert_int_equal(t->x[10], 0x11);
    assert_int_equal(t->x[11], 1);
    assert_int_equal(*t->frm, 2);
    /* with the FPU off its registers can still be seen from outside */
    uint64_t *mstatus = state_of(t, "mstatus"), on = *mstatus;
    *mstatus &= ~0x6000ull;
    run_text(t, "addi a2, zero, 9; fdiv.d fa0, fa1, fa2", 2);
    expect_raise(t, "illegal", 1, LAYOUT_CODE + 4, 0x1ac5f553);
    assert_int_equal(t->x[12], 9);
    assert_int_equal(*t->fflags, 0x11);
    assert_int_equal(*t->frm, 2);
    *mstatus = on;
    run_text(t, "frflags a0", 1);
    assert_int_equal(t->x[10], 0x11);
}

static void test_unsupported_states(void **state)
{
    struct fixture *t = *state;
    const struct {
        const char *name;
        uint64_t value;
    } bad[] = {{"priv", 3}, {"priv", 1}, {"mcounteren", 0}, {"res_addr", LAYOUT_DATA}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t *word = state_of(t, bad[i].name), good = *word;
        *word = bad[i].value;
        run_text(t, "addi a0, a0, 1", 1);
        assert_int_equal(t->c->exit.kind, EXIT_UNSUPPORTED);
        assert_non_null(t->c->exit.why);
        assert_int_equal(t->x[10], 0);
        *word = good;
    }
    run_text(t, "addi a0, a0, 1", 1);
    expect_budget(t, 1, LAYOUT_CODE + 4);
}

static void test_changed_code(void **state)
{
    struct fixture *t = *state;
    run_text(t, "addi a0, zero, 1; addi a0, a0, 1", 2);
    assert_int_equal(t->x[10], 2);
    run_text(t, "addi a0, zero, 16", 2); /* the second is still there */
    assert_int_equal(t->x[10], 17);
    place(t, &backend_unicorn, LAYOUT_CODE + 4, "addi a0, a0, 32");
    *t->pc = LAYOUT_CODE;
    run(t, 2);
    assert_int_equal(t->x[10], 48);
}

static void test_changed_regions(void **state)
{
    struct fixture *t = *state;
    const uint64_t at = 0x40000;
    for (unsigned i = 1; i < 4; i++) {
        /* the same host address may well come back */
        assert_int_equal(mem_add(&t->m, at, 0x2000, RX, NULL, "more code"), 0);
        place(t, &backend_unicorn, at, i == 1 ? "addi a0, zero, 1; addi a0, a0, 1" : "addi a0, zero, 2");
        run(t, 2);
        if (i == 1) assert_int_equal(t->x[10], 2);
        if (i > 1) expect_raise(t, "illegal", 1, at + 4, 0);
        assert_int_equal(mem_remove(&t->m, at), 0);
        *t->pc = at;
        run(t, 1);
        expect_raise(t, "fetch-access", 0, at, at);
    }
    /* other permissions, and the ends of the address space */
    assert_int_equal(mem_add(&t->m, at, 0x1000, RW, NULL, "data"), 0);
    assert_int_equal(mem_add(&t->m, ~0xfffull, 0x1000, RW | RX, NULL, "top"), 0);
    assert_int_equal(mem_add(&t->m, 0, 0x1000, RW, NULL, "bottom"), 0);
    t->x[12] = ~7ull;
    t->x[10] = 0x1234;
    run_text(t, "sd a0, 0(a2); ld a1, 0(a2); sd a0, 1(a2); ld a3, 1(a2)", 4);
    expect_budget(t, 4, LAYOUT_CODE + 16);
    assert_int_equal(t->x[11], 0x1234);
    assert_int_equal(t->x[13], 0x1234);
    for (uint64_t value = 1; value < 3; value++) {
        place(t, &backend_unicorn, ~0xfffull, value == 1 ? "addi a0, zero, 1" : "addi a0, zero, 2");
        run(t, 1);
        assert_int_equal(t->x[10], value);
    }
}

static void test_dirty(void **state)
{
    struct fixture *t = *state;
    place(t, &backend_unicorn, LAYOUT_CODE, "sb a0, 0(a2); amoadd.w a0, a1, (a3); sd a0, 0(a4)");
    mem_clean(&t->m);
    t->x[12] = LAYOUT_DATA + 0x123;
    t->x[13] = LAYOUT_DATA + 0x1008;
    t->x[14] = LAYOUT_DATA + 0xffd;
    run(t, 1);
    assert_int_equal(t->m.ndirty, 1);
    assert_int_equal(t->m.dirty[0], LAYOUT_DATA);
    run(t, 1);
    assert_int_equal(t->m.ndirty, 2);
    assert_int_equal(t->m.dirty[1], LAYOUT_DATA + 0x1000);
    mem_clean(&t->m);
    run(t, 1);
    assert_int_equal(t->m.ndirty, 2);
}

static void test_reservations(void **state)
{
    struct fixture *t = *state;
    uint64_t *res_addr = state_of(t, "res_addr");
    t->x[12] = LAYOUT_DATA;
    t->x[13] = 0x77;
    place(t, &backend_unicorn, LAYOUT_CODE, "lr.w a0, (a2); sc.w a1, a3, (a2); sc.w a1, a3, (a2)");
    /* in one run and in steps */
    run(t, 2);
    assert_int_equal(t->x[11], 0);
    assert_int_equal(*res_addr, 1);
    *t->pc = LAYOUT_CODE;
    t->x[11] = 9;
    run(t, 1);
    assert_int_equal(*res_addr, LAYOUT_DATA);
    run(t, 1);
    assert_int_equal(t->x[11], 0);
    assert_int_equal(*res_addr, 1);
    run(t, 1);
    assert_int_equal(t->x[11], 1);
    /* one case's reservation is not the next one's */
    *t->pc = LAYOUT_CODE;
    run(t, 1);
    vcpu_reset(t->c);
    t->x[12] = LAYOUT_DATA;
    *t->pc = LAYOUT_CODE + 4;
    run(t, 1);
    assert_int_equal(t->x[11], 1);
    /* nor is that of another case whose reservation is the same */
    *t->pc = LAYOUT_CODE;
    run(t, 1);
    t->x[13]++;
    run(t, 1);
    assert_int_equal(t->c->exit.kind, EXIT_UNSUPPORTED);
    *res_addr = 1;
    /* a lr that faults makes none */
    for (unsigned i = 0; i < 2; i++) {
        t->x[12] = i ? 0x50000 : LAYOUT_DATA + 2;
        *t->pc = LAYOUT_CODE;
        run(t, 1);
        expect_raise(t, i ? "load-access" : "misaligned-load", 0, LAYOUT_CODE, t->x[12]);
        *t->pc = LAYOUT_CODE + 4;
        run(t, 1);
        assert_int_equal(*res_addr, 1);
    }
    /* nor can one that the engine does not have be had by saying so */
    *res_addr = LAYOUT_DATA;
    run(t, 1);
    assert_int_equal(t->c->exit.kind, EXIT_UNSUPPORTED);
}

/* The engine is replaced now and then: nobody may notice. */
static void test_renewal(void **state)
{
    struct fixture *t = *state;
    struct unicorn *u = t->c->backend;
    unsigned renewed = 0, last = 0;
    for (unsigned i = 0; i < 2 * UNICORN_RENEW + 2; i++) {
        char text[64];
        snprintf(text, sizeof(text), "addi a0, a0, %u; sd a0, 0(a2)", i % 2000);
        t->x[10] = 1;
        t->x[12] = LAYOUT_DATA;
        run_text(t, text, 2);
        expect_budget(t, 2, LAYOUT_CODE + 8);
        assert_int_equal(t->x[10], i % 2000 + 1);
        renewed += u->invalidated < last;
        last = u->invalidated;
    }
    assert_true(renewed == 1 || renewed == 2);
    /* not while it holds a reservation */
    t->x[12] = LAYOUT_DATA;
    place(t, &backend_unicorn, LAYOUT_CODE, "lr.w a0, (a2); sc.w a1, a3, (a2)");
    run(t, 1);
    for (unsigned i = 0; i <= UNICORN_RENEW; i++) backend_unicorn.invalidate(t->c, LAYOUT_CODE + 8, 4);
    run(t, 1);
    assert_int_equal(t->x[11], 0);
}

static void test_code_that_writes_itself(void **state)
{
    struct fixture *t = *state;
    const uint64_t at = 0x40000;
    assert_int_equal(mem_add(&t->m, at, 0x1000, RW | CPU_EXEC, NULL, "rwx"), 0);
    for (unsigned i = 0; i < 2; i++) {
        place(t, &backend_unicorn, at, "auipc a2, 0; sw a3, 12(a2); fence.i; addi a0, zero, 1");
        t->x[13] = 0x04000513; /* addi a0, zero, 64 */
        run(t, 4);
        assert_int_equal(t->x[10], 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exceptions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_single, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fpu, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsupported_states, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_regions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dirty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reservations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_renewal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_code_that_writes_itself, setup, teardown),
    };
    return cmocka_run_group_tests_name("unicorn", tests, NULL, NULL);
}
