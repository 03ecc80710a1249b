/* The interpreter's promises that no single-instruction case can show: exact budgets, precise faults in the
 * middle of blocks, code that changes, counters, modes, a full arena. */
#include "engine/interp/interp.h"

#include "engine/guest/guest.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE = 0x10000, DATA = 0x20000, CODE_SIZE = 1 << 20 };

struct machine {
    struct mem mem;
    struct vcpu *cpu;
};

static struct machine *machine_new(void)
{
    struct machine *m = xcalloc(1, sizeof(*m));
    mem_init(&m->mem);
    assert_int_equal(mem_add(&m->mem, CODE, CODE_SIZE, CPU_READ | CPU_WRITE | CPU_EXEC, NULL, "code"), 0);
    assert_int_equal(mem_add(&m->mem, DATA + CODE_SIZE, CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"), 0);
    m->cpu = vcpu_new(guest_find("riscv64"), &m->mem);
    assert_int_equal(backend_interp.open(m->cpu), 0);
    return m;
}

static void machine_free(struct machine *m)
{
    backend_interp.close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
    free(m);
}

static uint64_t *reg(struct machine *m, const char *name)
{
    return guest_reg_words(m->cpu->guest, m->cpu->state, guest_reg_find(m->cpu->guest, name));
}

static void load_at(struct machine *m, uint64_t at, const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    if (!guest_asm(m->cpu->guest, text, &code, &err)) fail_msg("%s", err.message);
    assert_int_equal(mem_write(&m->mem, at, code.p, code.len), 0);
    buf_free(&code);
}

static void load(struct machine *m, const char *text)
{
    load_at(m, CODE, text);
    *reg(m, "pc") = CODE;
}

static const struct cpu_exit *run(struct machine *m, uint64_t budget)
{
    backend_interp.run(m->cpu, budget);
    return &m->cpu->exit;
}

static void budgets_are_exact(void **state)
{
    static const char text[] =
        "loop: addi a0, a0, 1; add a1, a1, a0; xor a2, a2, a1; beqz a3, skip; addi a4, a4, 1;"
        "skip: andi a3, a0, 1; c.addi a5, 1; bne a0, a6, loop; ebreak";
    struct machine *whole = machine_new(), *steps = machine_new();
    load(steps, text);
    *reg(steps, "a6") = 40;
    for (uint64_t n = 0; n < 250; n++) {
        vcpu_reset(whole->cpu);
        load(whole, text);
        *reg(whole, "a6") = 40;
        assert_int_equal(run(whole, n)->kind, EXIT_BUDGET);
        assert_int_equal(whole->cpu->exit.executed, n);
        assert_memory_equal(whole->cpu->state, steps->cpu->state, whole->cpu->guest->state_words * 8);
        run(steps, 1);
        assert_int_equal(steps->cpu->exit.executed, 1);
    }
    machine_free(whole);
    machine_free(steps);
}

static void a_budget_split_anywhere_gives_the_same(void **state)
{
    struct machine *a = machine_new(), *b = machine_new();
    struct rng rng = {5};
    static const char text[] = "loop: addi a0, a0, 1; slli a1, a0, 3; add a2, a2, a1; sub a3, a2, a0; j loop";
    load(a, text);
    load(b, text);
    assert_int_equal(run(a, 10000)->executed, 10000);
    for (uint64_t left = 10000; left;) {
        uint64_t n = rng_below(&rng, 97) + 1;
        if (n > left) n = left;
        assert_int_equal(run(b, n)->executed, n);
        left -= n;
    }
    assert_memory_equal(a->cpu->state, b->cpu->state, a->cpu->guest->state_words * 8);
    machine_free(a);
    machine_free(b);
}

static void a_fault_in_a_block_is_precise(void **state)
{
    struct machine *m = machine_new();
    load(m, "addi a0, a0, 1; c.addi a0, 1; addi a0, a0, 1; ld a0, 0(a1); addi a0, a0, 1");
    *reg(m, "a1") = 0x500000;
    const struct cpu_exit *e = run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "load-access");
    assert_int_equal(e->pc, CODE + 10);
    assert_int_equal(*reg(m, "pc"), CODE + 10);
    assert_int_equal(e->value, 0x500000);
    assert_int_equal(e->executed, 3);
    assert_int_equal(*reg(m, "a0"), 3);
    assert_int_equal(*reg(m, "minstret"), 3);
    machine_free(m);
}

/* What follows the last instruction of a budget is not even looked at. */
static void a_budget_ends_before_a_fault(void **state)
{
    static const char *const next[] = {".2byte 0", "vadd.vv v1, v2, v3", "ecall", "ld a0, 0(zero)"};
    for (size_t i = 0; i < ARRAY_LEN(next); i++) {
        struct machine *m = machine_new();
        char text[80];
        snprintf(text, sizeof(text), "addi a0, a0, 1; %s", next[i]);
        load(m, text);
        assert_int_equal(run(m, 1)->kind, EXIT_BUDGET);
        assert_int_equal(m->cpu->exit.executed, 1);
        assert_int_equal(*reg(m, "pc"), CODE + 4);
        assert_int_not_equal(run(m, 1)->kind, EXIT_BUDGET);
        assert_int_equal(m->cpu->exit.executed, 0);
        machine_free(m);
    }
}

static void illegal_code_reports_its_bits(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; .4byte 0xffffffff");
    const struct cpu_exit *e = run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "illegal");
    assert_int_equal(e->value, 0xffffffff);
    assert_int_equal(e->pc, CODE + 4);
    load(m, ".2byte 0");
    assert_int_equal(run(m, 1)->value, 0);
    machine_free(m);
}

static void fetching_beyond_memory_faults_there(void **state)
{
    struct machine *m = machine_new();
    load_at(m, CODE + CODE_SIZE - 2, ".2byte 0x0513"); /* the first half of an addi */
    *reg(m, "pc") = CODE + CODE_SIZE - 2;
    const struct cpu_exit *e = run(m, 5);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "fetch-access");
    assert_int_equal(e->pc, CODE + CODE_SIZE - 2);
    assert_int_equal(e->value, CODE + CODE_SIZE);
    machine_free(m);
}

static void calls_and_breakpoints_stop_on_themselves(void **state)
{
    struct machine *m = machine_new();
    load(m, "li a7, 93; ecall; ebreak");
    assert_int_equal(run(m, 100)->kind, EXIT_SYSCALL);
    assert_int_equal(*reg(m, "pc"), CODE + 4);
    *reg(m, "pc") += 4;
    assert_int_equal(run(m, 100)->kind, EXIT_BREAKPOINT);
    assert_int_equal(m->cpu->exit.pc, CODE + 8);
    machine_free(m);
}

static void changed_code_is_seen_after_fence_i(void **state)
{
    struct machine *m = machine_new();
    /* overwrites the addi at `patch` with "addi a0, a0, 64" after the first round */
    load(m,
         "loop: nop; patch: addi a0, a0, 1; sw a2, 4(a1); fence.i; addi a3, a3, -1; bnez a3, loop; ebreak");
    *reg(m, "a1") = CODE;
    *reg(m, "a2") = 0x04050513;
    *reg(m, "a3") = 3;
    assert_int_equal(run(m, 1000)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*reg(m, "a0"), 1 + 64 + 64);
    machine_free(m);
}

static void code_changed_by_the_host_is_seen(void **state)
{
    struct machine *m = machine_new();
    for (int i = 1; i < 50; i++) {
        char text[40];
        snprintf(text, sizeof(text), "addi a0, zero, %d; ebreak", i);
        load(m, text);
        run(m, 10);
        assert_int_equal(*reg(m, "a0"), i);
    }
    machine_free(m);
}

static void counters_are_exact_inside_blocks(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; nop; csrr a0, instret; nop; csrr a1, instret; csrr a2, cycle; ebreak");
    run(m, 100);
    assert_int_equal(*reg(m, "a0"), 2);
    assert_int_equal(*reg(m, "a1"), 4);
    assert_int_equal(*reg(m, "a2"), 5);
    machine_free(m);
}

/* A write takes effect after the writing instruction has retired (Priv 3.1.10). */
static void a_written_counter_goes_on_from_there(void **state)
{
    struct machine *m = machine_new();
    load(m, "li a0, 1000; nop; csrw minstret, a0; csrr a1, minstret; nop; csrr a2, minstret; ebreak");
    *reg(m, "priv") = 3;
    run(m, 100);
    assert_int_equal(*reg(m, "a1"), 1000);
    assert_int_equal(*reg(m, "a2"), 1002);
    machine_free(m);
}

static void floating_point_needs_fs(void **state)
{
    struct machine *m = machine_new();
    load(m, "fadd.d fa0, fa1, fa2; csrc mstatus, a0; fadd.d fa0, fa1, fa2");
    *reg(m, "priv") = 3;
    *reg(m, "a0") = 0x6000;
    const struct cpu_exit *e = run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_int_equal(e->pc, CODE + 8);
    assert_int_equal(e->executed, 2);
    load(m, "csrs mstatus, a0; fadd.d fa0, fa1, fa2; ebreak");
    assert_int_equal(run(m, 100)->kind, EXIT_BREAKPOINT);
    machine_free(m);
}

static void absent_rows_say_so(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; vadd.vv v1, v2, v3");
    assert_int_equal(run(m, 100)->kind, EXIT_UNSUPPORTED);
    assert_int_equal(m->cpu->exit.executed, 1);
    assert_non_null(m->cpu->exit.why);
    machine_free(m);
}

/* A chain of jumps through the whole of memory: more blocks than the arena holds. */
static void a_full_arena_starts_over(void **state)
{
    struct machine *m = machine_new();
    struct interp *in = m->cpu->interp;
    for (uint64_t at = 0; at + 8 < CODE_SIZE; at += 8)
        load_at(m, CODE + at, "c.addi a0, 1; c.nop; jal zero, .+4");
    load_at(m, CODE + CODE_SIZE - 8, "ebreak");
    *reg(m, "pc") = CODE;
    assert_int_equal(run(m, 10000000)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*reg(m, "a0"), CODE_SIZE / 8 - 1);
    assert_true(in->flushed > 0);
    machine_free(m);
}

static void reservations_hold_until_used(void **state)
{
    struct machine *m = machine_new();
    load(m, "lr.w a0, (a1); addi a2, a0, 5; sc.w a3, a2, (a1); sc.w a4, a2, (a1); lw a5, 0(a1); ebreak");
    *reg(m, "a1") = DATA + CODE_SIZE;
    assert_int_equal(run(m, 100)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*reg(m, "a3"), 0);
    assert_int_equal(*reg(m, "a4"), 1);
    assert_int_equal(*reg(m, "a5"), 5);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_are_exact),
        cmocka_unit_test(a_budget_split_anywhere_gives_the_same),
        cmocka_unit_test(a_fault_in_a_block_is_precise),
        cmocka_unit_test(a_budget_ends_before_a_fault),
        cmocka_unit_test(illegal_code_reports_its_bits),
        cmocka_unit_test(fetching_beyond_memory_faults_there),
        cmocka_unit_test(calls_and_breakpoints_stop_on_themselves),
        cmocka_unit_test(changed_code_is_seen_after_fence_i),
        cmocka_unit_test(code_changed_by_the_host_is_seen),
        cmocka_unit_test(counters_are_exact_inside_blocks),
        cmocka_unit_test(a_written_counter_goes_on_from_there),
        cmocka_unit_test(floating_point_needs_fs),
        cmocka_unit_test(absent_rows_say_so),
        cmocka_unit_test(a_full_arena_starts_over),
        cmocka_unit_test(reservations_hold_until_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
