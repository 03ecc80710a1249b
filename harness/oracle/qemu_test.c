/* The QEMU backend: what it reports of a run must be exact, and nothing of one run is left in the next. */
#include "harness/oracle/qemu.h"
#include "harness/oracle/oracle_test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    const char *why = NULL;
    *state = fixture_open(&backend_qemu, &why);
    if (!*state) printf("# skipped: %s\n", why);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *t = *state;
    if (t) fixture_close(t, &backend_qemu);
    return 0;
}

static struct fixture *need(void **state)
{
    if (!*state) skip();
    return *state;
}

static void run(struct fixture *t, const char *text, uint64_t budget)
{
    if (text) place(t, &backend_qemu, LAYOUT_CODE, text);
    backend_qemu.run(t->c, budget);
}

static void expect_refusal(const struct fixture *t, const char *part)
{
    assert_string_equal(exit_kind_name(t->c->exit.kind), "unsupported");
    if (!strstr(t->c->exit.why, part)) fail_msg("%s", t->c->exit.why);
}

static void test_registers(void **state)
{
    struct fixture *t = need(state);
    uint64_t before[64];
    for (unsigned i = 1; i < 32; i++) t->x[i] = 0x1111111111111111ull * (i % 15 + 1) + i;
    for (unsigned i = 0; i < 32; i++) t->f[i] = 0x0123456789abcdef + i;
    memcpy(before, t->x, 32 * sizeof(uint64_t));
    memcpy(before + 32, t->f, 32 * sizeof(uint64_t));
    *t->fflags = 0x15;
    *t->frm = 6; /* reserved, and kept */
    run(t, "nop; addi zero, a0, 5; add a0, zero, zero", 3);
    expect_budget(t, 3, LAYOUT_CODE + 12);
    before[10] = 0;
    assert_memory_equal(t->x + 1, before + 1, 31 * sizeof(uint64_t));
    assert_memory_equal(t->f, before + 32, 32 * sizeof(uint64_t));
    assert_int_equal(*t->fflags, 0x15);
    assert_int_equal(*t->frm, 6);
    assert_int_equal(t->x[0], 0);
    t->f[11] = 0x3ff0000000000000; /* 1.0 */
    t->f[12] = 0x4008000000000000; /* 3.0 */
    *t->fflags = 0x10;
    run(t, "fdiv.d fa0, fa1, fa2, rtz; csrwi frm, 2", 2);
    assert_int_equal(t->f[10], 0x3fd5555555555555);
    assert_int_equal(*t->fflags, 0x11);
    assert_int_equal(*t->frm, 2);
}

static void test_budget(void **state)
{
    struct fixture *t = need(state);
    const uint64_t budgets[] = {1, 2, 3, 4, 1000, 100001};
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        uint64_t n = budgets[i];
        t->x[10] = t->x[11] = 0;
        run(t, "loop: addi a0, a0, 1; addi a1, a1, 1; j loop", n);
        expect_budget(t, n, LAYOUT_CODE + n % 3 * 4);
        assert_int_equal(t->x[10], (n + 2) / 3);
        assert_int_equal(t->x[11], (n + 1) / 3);
    }
    run(t, "j .", 7); /* to itself */
    expect_budget(t, 7, LAYOUT_CODE);
    run(t, "nop", 0);
    expect_budget(t, 0, LAYOUT_CODE);
    t->x[10] = 0;
    place(t, &backend_qemu, LAYOUT_CODE, "loop: addi a0, a0, 1; c.nop; j loop"); /* one after the other */
    for (unsigned i = 0; i < 30; i++) run(t, NULL, 1);
    assert_int_equal(t->x[10], 10);
}

static void test_faults(void **state)
{
    struct fixture *t = need(state);
    t->x[12] = 0x50000;
    run(t, "addi a0, zero, 1; addi a0, a0, 1000; lw a1, 4(a2); addi a0, a0, 7", 9);
    expect_raise(t, "load-access", 2, LAYOUT_CODE + 8, 0x50004);
    assert_int_equal(t->x[10], 1001);
    run(t, "c.nop; lw a1, 4(a2)", 2); /* the budget ends where the fault is */
    expect_raise(t, "load-access", 1, LAYOUT_CODE + 2, 0x50004);
    t->x[12] = LAYOUT_ROM;
    run(t, "c.nop; sd a0, 8(a2)", 2);
    expect_raise(t, "store-access", 1, LAYOUT_CODE + 2, LAYOUT_ROM + 8);
    t->x[12] = LAYOUT_CODE;
    run(t, "sd a0, 0(a2)", 1); /* its own address */
    expect_raise(t, "store-access", 0, LAYOUT_CODE, LAYOUT_CODE);
    t->x[12] = LAYOUT_DATA + LAYOUT_DATA_SIZE - 3;
    run(t, "ld a0, 0(a2)", 1);
    expect_raise(t, "load-access", 0, LAYOUT_CODE, LAYOUT_DATA + LAYOUT_DATA_SIZE);
    t->x[12] = LAYOUT_DATA + 2;
    run(t, "nop; lr.w a0, (a2)", 2);
    expect_raise(t, "misaligned-load", 1, LAYOUT_CODE + 4, LAYOUT_DATA + 2);
    run(t, "nop; amoadd.w a0, a0, (a2)", 2);
    expect_raise(t, "misaligned-store", 1, LAYOUT_CODE + 4, LAYOUT_DATA + 2);
    t->x[12] = 1ull << 38; /* where Linux had put the stack */
    run(t, "lw a0, 2000(a2)", 1);
    expect_raise(t, "load-access", 0, LAYOUT_CODE, (1ull << 38) + 2000);
}

static void test_fetch(void **state)
{
    struct fixture *t = need(state);
    const uint64_t end = LAYOUT_CODE + LAYOUT_CODE_SIZE;
    t->x[12] = 0x50000;
    run(t, "nop; jr a2", 2);
    expect_budget(t, 2, 0x50000);
    run(t, "nop; jr a2", 3);
    expect_raise(t, "fetch-access", 2, 0x50000, 0x50000);
    run(t, NULL, 1);
    expect_raise(t, "fetch-access", 0, 0x50000, 0x50000);
    t->x[12] = LAYOUT_DATA;
    run(t, "jr a2", 5);
    expect_raise(t, "fetch-access", 1, LAYOUT_DATA, LAYOUT_DATA);
    place(t, &backend_qemu, end - 2, "c.addi a0, 1");
    run(t, NULL, 1);
    expect_budget(t, 1, end);
    place(t, &backend_qemu, end - 2, "c.addi a0, 1");
    run(t, NULL, 2);
    expect_raise(t, "fetch-access", 1, end, end);
    place(t, &backend_qemu, end - 2, ".2byte 0x0513"); /* an instruction of which only half is there */
    run(t, NULL, 1);
    expect_raise(t, "fetch-access", 0, end - 2, end);
    place(t, &backend_qemu, end - 2, ".2byte 0");
}

static void test_exceptions(void **state)
{
    struct fixture *t = need(state);
    run(t, "c.nop; ebreak; nop", 5);
    expect_raise(t, "breakpoint", 1, LAYOUT_CODE + 2, 0);
    run(t, "c.nop; c.ebreak; nop", 2);
    expect_raise(t, "breakpoint", 1, LAYOUT_CODE + 2, 0);
    run(t, "c.nop; c.ebreak; nop", 1);
    expect_budget(t, 1, LAYOUT_CODE + 2);
    run(t, "c.nop; .2byte 0; nop", 5);
    expect_raise(t, "illegal", 1, LAYOUT_CODE + 2, 0);
    run(t, "c.nop; .4byte 0xffffffff; nop", 2);
    expect_raise(t, "illegal", 1, LAYOUT_CODE + 2, 0xffffffff);
    run(t, "csrr a0, mstatus", 1);
    expect_raise(t, "illegal", 0, LAYOUT_CODE, 0x30002573);
    run(t, "addi a0, zero, 3", 1); /* nothing of all that lingers */
    expect_budget(t, 1, LAYOUT_CODE + 4);
    assert_int_equal(t->x[10], 3);
}

/* A reservation ends with the run that made it, and a whole pair works within one. */
static void test_reservations(void **state)
{
    struct fixture *t = need(state);
    t->x[12] = LAYOUT_DATA;
    run(t, "lr.w a0, (a2); addi a1, zero, 5; sc.w a3, a1, (a2); lw a0, 0(a2)", 4);
    expect_budget(t, 4, LAYOUT_CODE + 16);
    assert_int_equal(t->x[13], 0);
    assert_int_equal(t->x[10], 5);
    run(t, "lr.w a0, (a2)", 1);
    run(t, "sc.w a3, a1, (a2)", 1);
    assert_int_equal(t->x[13], 1);
}

static void test_memory(void **state)
{
    struct fixture *t = need(state);
    uint64_t v = 0;
    t->x[12] = LAYOUT_DATA + 0xffc;
    t->x[10] = 0x1122334455667788;
    run(t, "sd a0, 0(a2)", 1); /* across pages */
    assert_int_equal(mem_read(&t->m, LAYOUT_DATA + 0xffc, &v, 8), 0);
    assert_int_equal(v, t->x[10]);
    /* regions come and go, also the lowest page, also elsewhere in the shared memory */
    for (unsigned i = 0; i < 3; i++) {
        uint64_t at = i == 1 ? 0 : 0x7f000000;
        assert_int_equal(mem_add(&t->m, at, CPU_PAGE * (i + 1), RW, NULL, "more"), 0);
        assert_int_equal(mem_write(&t->m, at + 8, &v, 8), 0);
        t->x[12] = at;
        run(t, "ld a1, 8(a2); sd a2, 16(a2)", 2);
        expect_budget(t, 2, LAYOUT_CODE + 8);
        assert_int_equal(t->x[11], v);
        assert_int_equal(mem_read(&t->m, at + 16, t->x + 13, 8), 0);
        assert_int_equal(t->x[13], at);
        assert_int_equal(mem_remove(&t->m, at), 0);
        run(t, "ld a1, 8(a2)", 1);
        expect_raise(t, "load-access", 0, LAYOUT_CODE, at + 8);
    }
    /* code that changes under the same address, and comes back */
    for (unsigned i = 0; i < 4; i++) {
        run(t, i % 2 ? "addi a0, zero, 1" : "addi a0, zero, 2", 1);
        assert_int_equal(t->x[10], 2 - i % 2);
    }
}

static void test_refusals(void **state)
{
    struct fixture *t = need(state);
    run(t, "nop; ecall", 2);
    expect_refusal(t, "call Linux");
    /* found by a jump into an instruction: QEMU ends itself, and the next run has a new one */
    pid_t first = ((struct qemu *)t->c->backend)->process.pid;
    t->x[10] = 17;
    run(t, "j .+6; lui a0, 0x730; .2byte 0", 4);
    expect_refusal(t, "called Linux");
    assert_false(t->c->exit.lost);
    run(t, "addi a0, zero, 3", 1);
    expect_budget(t, 1, LAYOUT_CODE + 4);
    assert_int_not_equal(((struct qemu *)t->c->backend)->process.pid, first);
    uint64_t *res = state_of(t, "res_addr"), *mstatus = state_of(t, "mstatus"), old = *mstatus;
    *res = LAYOUT_DATA;
    run(t, "nop", 1);
    expect_refusal(t, "res_addr");
    *res = 1;
    *mstatus = 0;
    run(t, "nop", 1);
    expect_refusal(t, "mstatus");
    *mstatus = old;
    assert_int_equal(mem_add(&t->m, 0x7f000000, CPU_PAGE, RW | CPU_EXEC, NULL, "rwx"), 0);
    run(t, "nop", 1);
    expect_refusal(t, "can be written");
    assert_int_equal(mem_remove(&t->m, 0x7f000000), 0);
    run(t, "nop", 1);
    expect_budget(t, 1, LAYOUT_CODE + 4);
}

/* What it has is found by trying: some of these are in every version, some in none of today. */
static void test_extensions(void **state)
{
    struct fixture *t = need(state);
    const struct qemu *q = t->c->backend;
    for (unsigned i = 0; i < t->g->nexts; i++) {
        static const char *const always[] = {"I", "M", "A", "F", "D", "C", "Zicsr"};
        for (size_t k = 0; k < ARRAY_LEN(always); k++)
            if (!strcmp(t->g->exts[i].name, always[k])) assert_false(q->facts->missing[i]);
    }
    assert_non_null(strstr(backend_qemu.version(), "."));
}

/* QEMU dies: that case has no result from it, and the next one has. */
static void test_death(void **state)
{
    struct fixture *t = need(state);
    run(t, "nop", 1); /* after whatever was before there is one */
    pid_t pid = ((struct qemu *)t->c->backend)->process.pid;
    assert_true(pid > 1);
    kill(pid, SIGKILL);
    run(t, "nop", 1);
    expect_refusal(t, "died");
    assert_true(t->c->exit.lost);
    run(t, "nop", 1);
    expect_budget(t, 1, LAYOUT_CODE + 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),  cmocka_unit_test(test_budget),
        cmocka_unit_test(test_faults),     cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_exceptions), cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_extensions), cmocka_unit_test(test_death),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
