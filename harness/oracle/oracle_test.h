/* A machine with the memory of every case, run by one oracle: for the tests of oracles. */
#ifndef HARNESS_ORACLE_ORACLE_TEST_H
#define HARNESS_ORACLE_ORACLE_TEST_H

#include "harness/harness.h"

#include <setjmp.h> /* cmocka.h wants it before itself */
#include <stdlib.h>

#include <cmocka.h>

enum { RW = CPU_READ | CPU_WRITE, RX = CPU_READ | CPU_EXEC };

struct fixture {
    const struct guest *g;               /* riscv64 */
    struct mem m;                        /* code, data and rom */
    struct vcpu *c;                      /* opened by the oracle */
    uint64_t *x, *f, *pc, *fflags, *frm; /* in the vcpu's state */
};

static inline uint64_t *state_of(struct fixture *t, const char *name)
{
    struct guest_reg_ref r = guest_reg_find(t->g, name);
    BUG_ON(!r.reg);
    return guest_reg_words(t->g, t->c->state, r);
}

/* NULL: the oracle cannot run here; *why is a sentence. */
static inline struct fixture *fixture_open(const struct backend *b, const char **why)
{
    struct fixture *t = xcalloc(1, sizeof(*t));
    t->g = guest_find("riscv64");
    if (b->probe(t->g, why)) {
        free(t);
        return NULL;
    }
    mem_init(&t->m);
    BUG_ON(mem_add(&t->m, LAYOUT_CODE, LAYOUT_CODE_SIZE, RX, NULL, "code") ||
           mem_add(&t->m, LAYOUT_DATA, LAYOUT_DATA_SIZE, RW, NULL, "data") ||
           mem_add(&t->m, LAYOUT_ROM, LAYOUT_ROM_SIZE, CPU_READ, NULL, "rom"));
    t->c = vcpu_new(t->g, &t->m);
    BUG_ON(!t->c || b->open(t->c));
    t->x = state_of(t, "x0");
    t->f = state_of(t, "f0");
    t->pc = state_of(t, "pc");
    t->fflags = state_of(t, "fflags");
    t->frm = state_of(t, "frm");
    return t;
}

static inline void fixture_close(struct fixture *t, const struct backend *b)
{
    b->close(t->c);
    vcpu_free(t->c);
    mem_free(&t->m);
    free(t);
}

/* Writes code at an address and points pc at it. */
static inline unsigned place(struct fixture *t, const struct backend *b, uint64_t at, const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    if (!guest_asm(t->g, text, &code, &err)) fail_msg("%s: %s", text, err.message);
    unsigned size = (unsigned)code.len;
    assert_int_equal(mem_write(&t->m, at, code.p, size), 0);
    if (b->invalidate) b->invalidate(t->c, at, size);
    buf_free(&code);
    *t->pc = at;
    return size;
}

static inline void expect_budget(const struct fixture *t, uint64_t executed, uint64_t pc)
{
    if (t->c->exit.kind != EXIT_BUDGET)
        fail_msg("%s %#llx: %s", exit_kind_name(t->c->exit.kind), (unsigned long long)t->c->exit.value,
                 t->c->exit.why ? t->c->exit.why : "");
    assert_int_equal(t->c->exit.executed, executed);
    assert_int_equal(*t->pc, pc);
}

static inline void expect_raise(const struct fixture *t, const char *cause, uint64_t executed, uint64_t pc,
                                uint64_t value)
{
    const struct cpu_exit *e = &t->c->exit;
    int want = guest_cause_find(t->g, cause);
    assert_int_not_equal(want, -1);
    assert_string_equal(exit_kind_name(e->kind), exit_kind_name(t->g->causes[want].exit));
    assert_string_equal(t->g->causes[e->cause].name, cause);
    assert_int_equal(e->executed, executed);
    assert_int_equal(e->pc, pc);
    assert_int_equal(*t->pc, pc);
    assert_int_equal(e->value, value);
}

#endif
