/* For the tests of the JIT: a machine on the interpreter and one on the JIT, side by side. A file that
 * includes this ends in test_everywhere.
 */
#ifndef ENGINE_JIT_JIT_TEST_H
#define ENGINE_JIT_JIT_TEST_H

#include "engine/jit/internal.h"

#include "engine/interp/interp.h"
#include "engine/interp/machine.h"

#include <setjmp.h>

#include <cmocka.h>

enum { CODE = 0x10000, CODE_SIZE = 5 << 20, DATA = 0x800000, DATA_SIZE = 1 << 16, MANY = 1 << 20 };

/* Where machines have their memory, and whether all that runs twice becomes a region: the tests run with
 * each.
 */
static bool in_window, hot;
static const struct jit_options all_hot = {.hot = 1, .slice = 1};

static struct machine *machine_new(const struct backend *b, const struct jit_options *o)
{
    static const struct machine_area areas[] = {
        {CODE, CODE_SIZE, CPU_READ | CPU_WRITE | CPU_EXEC},
        {DATA, DATA_SIZE, CPU_READ | CPU_WRITE},
    };
    struct machine *m = xcalloc(1, sizeof(*m));
    if (!o && hot && b == &backend_jit) o = &all_hot;
    BUG_ON(machine_open(m, b, o, in_window, areas, ARRAY_LEN(areas)));
    return m;
}

static void machine_free(struct machine *m)
{
    machine_close(m);
    free(m);
}

static void start(struct machine *m)
{
    vcpu_reset(m->cpu);
    *machine_reg(m, "pc") = CODE;
    *machine_reg(m, "sp") = DATA + DATA_SIZE;
    *machine_reg(m, "s0") = DATA;
    *machine_reg(m, "s1") = DATA + DATA_SIZE / 2;
}

/* ---- interpreter and JIT side by side ---- */

struct pair {
    struct machine *interp, *jit;
};

static struct pair pair_new(const char *text, const struct jit_options *o)
{
    struct pair p = {machine_new(&backend_interp, NULL), machine_new(&backend_jit, o)};
    machine_load(p.interp, CODE, text);
    machine_load(p.jit, CODE, text);
    start(p.interp);
    start(p.jit);
    return p;
}

static void pair_free(struct pair p)
{
    machine_free(p.interp);
    machine_free(p.jit);
}

static void same_state(const struct pair *p, const char *what, uint64_t n)
{
    const struct guest *g = p->jit->cpu->guest;
    for (unsigned i = 0; i < g->nregs; i++)
        for (unsigned k = 0; k < g->regs[i].count * g->regs[i].words; k++) {
            uint64_t a = p->interp->cpu->state[g->regs[i].word + k],
                     b = p->jit->cpu->state[g->regs[i].word + k];
            if (a != b)
                fail_msg("%s, budget %lu: %s[%u] is %#lx, the interpreter has %#lx", what, n, g->regs[i].name,
                         k, b, a);
        }
    assert_memory_equal(p->interp->cpu->state, p->jit->cpu->state, g->state_words * sizeof(uint64_t));
    const struct cpu_exit *a = &p->interp->cpu->exit, *b = &p->jit->cpu->exit;
    if (a->kind != b->kind || a->cause != b->cause || a->pc != b->pc || a->value != b->value ||
        a->executed != b->executed)
        fail_msg("%s, budget %lu: exit %s %u at %#lx value %#lx after %lu, the interpreter's is %s %u at "
                 "%#lx value "
                 "%#lx after %lu",
                 what, n, exit_kind_name(b->kind), b->cause, b->pc, b->value, b->executed,
                 exit_kind_name(a->kind), a->cause, a->pc, a->value, a->executed);
}

static void same_memory(const struct pair *p)
{
    static uint8_t a[DATA_SIZE], b[DATA_SIZE];
    assert_int_equal(mem_read(&p->interp->mem, DATA, a, sizeof(a)), 0);
    assert_int_equal(mem_read(&p->jit->mem, DATA, b, sizeof(b)), 0);
    assert_memory_equal(a, b, sizeof(a));
}

/* The same budget on both, and the same outcome. */
static enum exit_kind both(const struct pair *p, const char *what, uint64_t budget)
{
    machine_run(p->interp, budget);
    machine_run(p->jit, budget);
    same_state(p, what, budget);
    return p->jit->cpu->exit.kind;
}

/* The tests with each kind of memory, in both tiers. */
static int test_everywhere(const struct CMUnitTest *tests, size_t n)
{
    static const char *const names[] = {"in regions of memory", "in a window", "in regions of memory, hot",
                                        "in a window, hot"};
    int failed = 0;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        in_window = i & 1;
        hot = i & 2;
        failed += _cmocka_run_group_tests(names[i], tests, n, NULL, NULL);
    }
    return failed;
}

#endif
