/* What the interpreter promises, and the JIT too, that no single-instruction case can show: exact budgets,
 * precise faults in the middle of blocks, code that changes, counters, modes, a full arena, kicks. Each with
 * memory in regions and in a window. */
#include "engine/interp/interp.h"

#include "engine/interp/machine.h"
#include "engine/jit/jit.h"

#include <pthread.h>
#include <setjmp.h>
#include <time.h>
#include <cmocka.h>

enum { CODE = 0x10000, DATA = 0x20000, CODE_SIZE = 1 << 20 };

static const struct backend *backend; /* under test */
static bool in_window;                /* where machines have their memory: the tests run twice for each */

static struct machine *machine_new(void)
{
    static const struct machine_area areas[] = {
        {CODE, CODE_SIZE, CPU_READ | CPU_WRITE | CPU_EXEC},
        {DATA + CODE_SIZE, CPU_PAGE, CPU_READ | CPU_WRITE},
    };
    struct machine *m = xcalloc(1, sizeof(*m));
    BUG_ON(machine_open(m, backend, NULL, in_window, areas, ARRAY_LEN(areas)));
    return m;
}

static void machine_free(struct machine *m)
{
    machine_close(m);
    free(m);
}

static void load(struct machine *m, const char *text)
{
    machine_load(m, CODE, text);
    *machine_reg(m, "pc") = CODE;
}

static void budgets_are_exact(void **state)
{
    static const char text[] =
        "loop: addi a0, a0, 1; add a1, a1, a0; xor a2, a2, a1; beqz a3, skip; addi a4, a4, 1;"
        "skip: andi a3, a0, 1; c.addi a5, 1; bne a0, a6, loop; ebreak";
    struct machine *whole = machine_new(), *steps = machine_new();
    load(steps, text);
    *machine_reg(steps, "a6") = 40;
    for (uint64_t n = 0; n < 250; n++) {
        vcpu_reset(whole->cpu);
        load(whole, text);
        *machine_reg(whole, "a6") = 40;
        assert_int_equal(machine_run(whole, n)->kind, EXIT_BUDGET);
        assert_int_equal(whole->cpu->exit.executed, n);
        assert_memory_equal(whole->cpu->state, steps->cpu->state, whole->cpu->guest->state_words * 8);
        machine_run(steps, 1);
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
    assert_int_equal(machine_run(a, 10000)->executed, 10000);
    for (uint64_t left = 10000; left;) {
        uint64_t n = rng_below(&rng, 97) + 1;
        if (n > left) n = left;
        assert_int_equal(machine_run(b, n)->executed, n);
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
    *machine_reg(m, "a1") = 0x500000;
    const struct cpu_exit *e = machine_run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "load-access");
    assert_int_equal(e->pc, CODE + 10);
    assert_int_equal(*machine_reg(m, "pc"), CODE + 10);
    assert_int_equal(e->value, 0x500000);
    assert_int_equal(e->executed, 3);
    assert_int_equal(*machine_reg(m, "a0"), 3);
    assert_int_equal(*machine_reg(m, "minstret"), 3);
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
        assert_int_equal(machine_run(m, 1)->kind, EXIT_BUDGET);
        assert_int_equal(m->cpu->exit.executed, 1);
        assert_int_equal(*machine_reg(m, "pc"), CODE + 4);
        assert_int_not_equal(machine_run(m, 1)->kind, EXIT_BUDGET);
        assert_int_equal(m->cpu->exit.executed, 0);
        machine_free(m);
    }
}

static void illegal_code_reports_its_bits(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; .4byte 0xffffffff");
    const struct cpu_exit *e = machine_run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "illegal");
    assert_int_equal(e->value, 0xffffffff);
    assert_int_equal(e->pc, CODE + 4);
    load(m, ".2byte 0");
    assert_int_equal(machine_run(m, 1)->value, 0);
    machine_free(m);
}

static void fetching_beyond_memory_faults_there(void **state)
{
    struct machine *m = machine_new();
    machine_load(m, CODE + CODE_SIZE - 2, ".2byte 0x0513"); /* the first half of an addi */
    *machine_reg(m, "pc") = CODE + CODE_SIZE - 2;
    const struct cpu_exit *e = machine_run(m, 5);
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
    assert_int_equal(machine_run(m, 100)->kind, EXIT_SYSCALL);
    assert_int_equal(*machine_reg(m, "pc"), CODE + 4);
    *machine_reg(m, "pc") += 4;
    assert_int_equal(machine_run(m, 100)->kind, EXIT_BREAKPOINT);
    assert_int_equal(m->cpu->exit.pc, CODE + 8);
    machine_free(m);
}

static void changed_code_is_seen_after_fence_i(void **state)
{
    struct machine *m = machine_new();
    /* overwrites the addi at `patch` with "addi a0, a0, 64" after the first round */
    load(m,
         "loop: nop; patch: addi a0, a0, 1; sw a2, 4(a1); fence.i; addi a3, a3, -1; bnez a3, loop; ebreak");
    *machine_reg(m, "a1") = CODE;
    *machine_reg(m, "a2") = 0x04050513;
    *machine_reg(m, "a3") = 3;
    assert_int_equal(machine_run(m, 1000)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(m, "a0"), 1 + 64 + 64);
    machine_free(m);
}

static void code_changed_by_the_host_is_seen(void **state)
{
    struct machine *m = machine_new();
    for (int i = 1; i < 50; i++) {
        char text[40];
        snprintf(text, sizeof(text), "addi a0, zero, %d; ebreak", i);
        load(m, text);
        machine_run(m, 10);
        assert_int_equal(*machine_reg(m, "a0"), i);
    }
    machine_free(m);
}

static void counters_are_exact_inside_blocks(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; nop; csrr a0, instret; nop; csrr a1, instret; csrr a2, cycle; ebreak");
    machine_run(m, 100);
    assert_int_equal(*machine_reg(m, "a0"), 2);
    assert_int_equal(*machine_reg(m, "a1"), 4);
    assert_int_equal(*machine_reg(m, "a2"), 5);
    machine_free(m);
}

/* A write takes effect after the writing instruction has retired (Priv 3.1.10). */
static void a_written_counter_goes_on_from_there(void **state)
{
    struct machine *m = machine_new();
    load(m, "li a0, 1000; nop; csrw minstret, a0; csrr a1, minstret; nop; csrr a2, minstret; ebreak");
    *machine_reg(m, "priv") = 3;
    machine_run(m, 100);
    assert_int_equal(*machine_reg(m, "a1"), 1000);
    assert_int_equal(*machine_reg(m, "a2"), 1002);
    machine_free(m);
}

static void floating_point_needs_fs(void **state)
{
    struct machine *m = machine_new();
    load(m, "fadd.d fa0, fa1, fa2; csrc mstatus, a0; fadd.d fa0, fa1, fa2");
    *machine_reg(m, "priv") = 3;
    *machine_reg(m, "a0") = 0x6000;
    const struct cpu_exit *e = machine_run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_int_equal(e->pc, CODE + 8);
    assert_int_equal(e->executed, 2);
    load(m, "csrs mstatus, a0; fadd.d fa0, fa1, fa2; ebreak");
    assert_int_equal(machine_run(m, 100)->kind, EXIT_BREAKPOINT);
    machine_free(m);
}

static void absent_rows_say_so(void **state)
{
    struct machine *m = machine_new();
    load(m, "nop; vadd.vv v1, v2, v3");
    assert_int_equal(machine_run(m, 100)->kind, EXIT_UNSUPPORTED);
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
        machine_load(m, CODE + at, "c.addi a0, 1; c.nop; jal zero, .+4");
    machine_load(m, CODE + CODE_SIZE - 8, "ebreak");
    *machine_reg(m, "pc") = CODE;
    assert_int_equal(machine_run(m, 10000000)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(m, "a0"), CODE_SIZE / 8 - 1);
    assert_true(in->flushed > 0 || backend != &backend_interp);
    machine_free(m);
}

static void reservations_hold_until_used(void **state)
{
    struct machine *m = machine_new();
    load(m, "lr.w a0, (a1); addi a2, a0, 5; sc.w a3, a2, (a1); sc.w a4, a2, (a1); lw a5, 0(a1); ebreak");
    *machine_reg(m, "a1") = DATA + CODE_SIZE;
    assert_int_equal(machine_run(m, 100)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(m, "a3"), 0);
    assert_int_equal(*machine_reg(m, "a4"), 1);
    assert_int_equal(*machine_reg(m, "a5"), 5);
    machine_free(m);
}

/* What a fault in a window changes: nothing of the instruction, whatever the host's kernel did. */
static void a_crossing_store_that_faults_changes_nothing(void **state)
{
    struct machine *m = machine_new();
    uint64_t end = DATA + CODE_SIZE + CPU_PAGE, v = 1;
    load(m, "addi a0, a0, 1; sd a2, 0(a1); addi a0, a0, 1");
    *machine_reg(m, "a1") = end - 3;
    *machine_reg(m, "a2") = ~0ull;
    const struct cpu_exit *e = machine_run(m, 100);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[e->cause].name, "store-access");
    assert_int_equal(e->pc, CODE + 4);
    assert_int_equal(e->value, end);
    assert_int_equal(*machine_reg(m, "a0"), 1);
    assert_int_equal(mem_read(&m->mem, end - 8, &v, 8), 0);
    assert_int_equal(v, 0);
    machine_free(m);
}

/* Every row that accesses memory, at addresses where there is none: a fault, or nothing was accessed. */
static void no_address_breaks_any_row(void **state)
{
    static const uint64_t addrs[] = {0, 0x3000000000, 1ull << 38, 1ull << 47, 0xffff800000000000, -64ull};
    struct machine *m = machine_new();
    const struct guest *g = m->cpu->guest;
    struct rng rng = {3};
    unsigned faults = 0;
    for (unsigned i = 0; i < g->nrows * ARRAY_LEN(addrs); i++) {
        const struct guest_row *r = &g->rows[i / ARRAY_LEN(addrs)];
        uint32_t word = r->match | ((uint32_t)rng_next(&rng) & ~r->mask);
        if (r->absent || !(r->effects & (EFFECT_LOAD | EFFECT_STORE | EFFECT_AMO))) continue;
        if (g->decode(word) != (int)(r - g->rows)) continue;
        vcpu_reset(m->cpu);
        assert_int_equal(mem_write(&m->mem, CODE, &word, r->length), 0);
        *machine_reg(m, "pc") = CODE;
        *machine_reg(m, "priv") = 3;
        *machine_reg(m, "mstatus") = 0x6000;
        for (unsigned k = 1; k < 32; k++) machine_reg(m, "x0")[k] = addrs[i % ARRAY_LEN(addrs)];
        const struct cpu_exit *e = machine_run(m, 1);
        assert_true(e->kind == EXIT_FAULT || e->kind == EXIT_BUDGET);
        faults += e->kind == EXIT_FAULT;
    }
    assert_true(faults > 300);
    machine_free(m);
}

/* ---- what instructions hand to each other ---- */

/* Any instruction that stays in the block, its registers few, so that it often uses what one before it gave.
 */
static unsigned random_code(const struct guest *g, struct rng *rng, uint32_t *word)
{
    for (;;) {
        const struct guest_row *r = &g->rows[rng_below(rng, g->nrows)];
        bool common = strlen(r->ext) == 1 && r->ext[0] != 'F' && r->ext[0] != 'D' && r->ext[0] != 'A';
        if (r->absent || g->packs[r - g->rows].ends || (!common && rng_below(rng, 8))) continue;
        *word = r->match | ((uint32_t)rng_next(rng) & ~r->mask);
        for (unsigned i = 0; i < r->nfields; i++)
            if (r->fields[i].kind && r->fields[i].kind->file)
                if (!guest_field_put(&r->fields[i], (r->fields[i].width < 5 ? 0 : 8) + rng_below(rng, 4),
                                     word))
                    break;
        if (g->decode(*word) == r - g->rows) return r->length;
    }
}

static void random_state(struct machine *m, struct rng rng)
{
    vcpu_reset(m->cpu);
    *machine_reg(m, "pc") = CODE;
    *machine_reg(m, "mstatus") = 0x6000;
    for (unsigned i = 1; i < 32; i++) {
        uint64_t r = rng_next(&rng);
        machine_reg(m, "x0")[i] = i & 1 ? DATA + CODE_SIZE + (r & 0xff8) : r >> (r & 63);
        machine_reg(m, "f0")[i] = rng_next(&rng);
    }
}

static void assert_same(struct machine *a, struct machine *b, unsigned round)
{
    uint8_t x[CPU_PAGE], y[CPU_PAGE];
    if (memcmp(a->cpu->state, b->cpu->state, a->cpu->guest->state_words * 8)) fail_msg("round %u", round);
    assert_int_equal(mem_read(&a->mem, DATA + CODE_SIZE, x, sizeof(x)), 0);
    assert_int_equal(mem_read(&b->mem, DATA + CODE_SIZE, y, sizeof(y)), 0);
    assert_memory_equal(x, y, sizeof(x));
}

/* Stepping hands nothing on. At once, and in two parts that may divide a pair, the same must come out. */
static void handed_on_results_are_those_of_the_state(void **state)
{
    /* any address may come up, and translated code does not look whether it is inside the window */
    if (in_window && backend != &backend_interp) skip();
    struct machine *m[3] = {machine_new(), machine_new(), machine_new()};
    struct rng rng = {11};
    for (unsigned round = 0; round < 6000; round++) {
        uint8_t code[64] = {0};
        unsigned size = 0, n = 2 + (unsigned)rng_below(&rng, 8), length;
        for (unsigned i = 0; i < n; i++, size += length) {
            uint32_t word;
            length = random_code(m[0]->cpu->guest, &rng, &word);
            memcpy(code + size, &word, 4);
        }
        memset(code + size, 0, 4); /* is illegal */
        rng_next(&rng);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(mem_write(&m[i]->mem, CODE, code, sizeof(code)), 0);
            random_state(m[i], rng);
        }
        uint64_t part = rng_below(&rng, n);
        for (unsigned i = 0; i < n && machine_run(m[0], 1)->kind == EXIT_BUDGET; i++) continue;
        machine_run(m[1], n);
        if (machine_run(m[2], part)->kind == EXIT_BUDGET) machine_run(m[2], n - part);
        assert_same(m[0], m[1], round);
        assert_same(m[0], m[2], round);
        assert_int_equal(m[0]->cpu->exit.kind, m[1]->cpu->exit.kind);
        assert_int_equal(m[0]->cpu->exit.value, m[1]->cpu->exit.value);
    }
    for (unsigned i = 0; i < 3; i++) machine_free(m[i]);
}

/* A pair of registers is written: what was handed on before is not what the register holds now. */
static void a_written_pair_is_read_from_the_state(void **state)
{
    struct machine *m = machine_new();
    uint64_t old[2] = {77, 78};
    load(m, "addi a2, a2, 1; amocas.q a2, a4, (a1); addi a0, a2, 1; ebreak");
    assert_int_equal(mem_write(&m->mem, DATA + CODE_SIZE, old, sizeof(old)), 0);
    *machine_reg(m, "a1") = DATA + CODE_SIZE;
    assert_int_equal(machine_run(m, 100)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(m, "a2"), 77);
    assert_int_equal(*machine_reg(m, "a0"), 78);
    machine_free(m);
}

/* ---- kicks ---- */

static void kick_me(int sig, siginfo_t *info, void *context)
{
    cpu_kick(test_cpu, context);
}

static void *kicker(void *arg)
{
    const pthread_t *to = arg;
    struct timespec wait = {.tv_nsec = 2000000};
    nanosleep(&wait, NULL);
    pthread_kill(*to, SIGUSR1);
    return NULL;
}

/* A run without end until another thread's kick: how it ended. */
static const struct cpu_exit *run_until_kicked(struct machine *m)
{
    pthread_t self = pthread_self(), t;
    test_cpu = m->cpu; /* on a busy machine the kick comes before the run */
    assert_int_equal(pthread_create(&t, NULL, kicker, &self), 0);
    const struct cpu_exit *e = machine_run(m, ~0ull);
    pthread_join(t, NULL);
    assert_int_equal(e->kind, EXIT_KICKED);
    return e;
}

static void a_kick_ends_a_run_exactly(void **state)
{
    struct machine *m = machine_new();
    struct sigaction a = {.sa_sigaction = kick_me, .sa_flags = SA_SIGINFO};
    const struct cpu_exit *e = &m->cpu->exit;
    assert_int_equal(sigaction(SIGUSR1, &a, NULL), 0);
    load(m, "loop: addi a0, a0, 1; xor a2, a0, a1; addi a3, a3, 1; bnez a0, loop");
    for (unsigned i = 0; i < 100 && !e->executed; i++) e = run_until_kicked(m);
    assert_int_equal(m->cpu->kicked, 0);
    assert_true(e->executed > 0);
    assert_int_equal(e->pc, *machine_reg(m, "pc"));
    uint64_t n = e->executed;
    assert_int_equal(*machine_reg(m, "a0"), (n + 3) / 4);
    assert_int_equal(*machine_reg(m, "a3"), (n + 1) / 4);
    assert_int_equal(*machine_reg(m, "pc"), CODE + n % 4 * 4);
    assert_int_equal(*machine_reg(m, "minstret"), n);
    machine_free(m);
}

static void a_kick_before_a_run_ends_it_at_once(void **state)
{
    struct machine *m = machine_new();
    load(m, "addi a0, a0, 1; ecall");
    cpu_kick(m->cpu, NULL);
    assert_int_equal(machine_run(m, 5)->kind, EXIT_KICKED);
    assert_int_equal(m->cpu->exit.executed, 0);
    assert_int_equal(*machine_reg(m, "pc"), CODE);
    assert_int_equal(machine_run(m, 5)->kind, EXIT_SYSCALL);
    assert_int_equal(m->cpu->exit.executed, 1);
    assert_null(m->cpu->runs);
    machine_free(m);
}

/* ---- another thread ---- */

struct patcher {
    struct machine *m;
    uint64_t at;   /* where to write */
    uint32_t word; /* what */
};

static void *patch(void *arg)
{
    struct patcher *p = arg;
    struct timespec wait = {.tv_nsec = 2000000};
    nanosleep(&wait, NULL);
    test_cpu = vcpu_new(p->m->cpu->guest, &p->m->mem);
    BUG_ON(!window_store32(test_cpu, p->at, p->word));
    vcpu_free(test_cpu);
    test_cpu = NULL;
    return NULL;
}

/* A loop that another thread changes comes to see it, with fence.i at the latest. */
static void code_changed_by_a_thread_is_seen(void **state)
{
    static const char *const text[] = {"loop: nop; addi a0, a0, 1; j loop",
                                       "loop: nop; addi a0, a0, 1; fence.i; j loop"};
    for (size_t i = 0; in_window && i < ARRAY_LEN(text); i++) {
        struct machine *m = machine_new();
        pthread_t t;
        load(m, text[i]);
        struct patcher p = {m, CODE, 0x00100073}; /* ebreak */
        assert_int_equal(pthread_create(&t, NULL, patch, &p), 0);
        assert_int_equal(machine_run(m, ~0ull)->kind, EXIT_BREAKPOINT);
        pthread_join(t, NULL);
        assert_int_equal(*machine_reg(m, "pc"), CODE);
        machine_free(m);
    }
}

/* A page that becomes executable while a block ends before it; one that stops being so. */
static void changed_mappings_are_seen(void **state)
{
    struct machine *m = machine_new();
    uint64_t end = CODE + CODE_SIZE;
    if (in_window) {
        machine_load(m, end - 4, "nop");
        *machine_reg(m, "pc") = end - 4;
        const struct cpu_exit *e = machine_run(m, 5);
        assert_string_equal(m->cpu->guest->causes[e->cause].name, "fetch-access");
        assert_int_equal(e->value, end);
        *machine_reg(m, "pc") = end - 4;
        test_map(&m->mem, end, CPU_PAGE, CPU_READ | CPU_EXEC);
        machine_load(m, end, "nop; ebreak");
        assert_int_equal(machine_run(m, 5)->kind, EXIT_BREAKPOINT);
        *machine_reg(m, "pc") = end - 4;
        test_map(&m->mem, end, CPU_PAGE, CPU_READ);
        assert_int_equal(machine_run(m, 5)->value, end);
        assert_int_equal(m->cpu->exit.kind, EXIT_FAULT);
    }
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
        cmocka_unit_test(a_crossing_store_that_faults_changes_nothing),
        cmocka_unit_test(no_address_breaks_any_row),
        cmocka_unit_test(handed_on_results_are_those_of_the_state),
        cmocka_unit_test(a_written_pair_is_read_from_the_state),
        cmocka_unit_test(a_kick_ends_a_run_exactly),
        cmocka_unit_test(a_kick_before_a_run_ends_it_at_once),
        cmocka_unit_test(code_changed_by_a_thread_is_seen),
        cmocka_unit_test(changed_mappings_are_seen),
    };
    static const struct backend *const backends[] = {&backend_interp, &backend_jit};
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        char name[40];
        backend = backends[i];
        for (int k = 0; k < 2; k++) {
            in_window = k;
            snprintf(name, sizeof(name), "%s, %s", backend->name, k ? "window" : "regions");
            failed += cmocka_run_group_tests_name(name, tests, NULL, NULL);
        }
    }
    return failed;
}
