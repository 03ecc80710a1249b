/* For the tests of the hard rows: a vcpu of one of their small ISAs, one page of code, one of data,
 * instructions made from the row's own tables, and a step of the real interpreter. */
#ifndef SPECS_GEN_HARD_MACHINE_H
#define SPECS_GEN_HARD_MACHINE_H

#include "engine/guest/guest.h"
#include "engine/interp/interp.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE = 0x10000, DATA = 0x20000 };

struct machine {
    struct mem mem;   /* a page of code, a page of data */
    struct vcpu *cpu; /* of the small ISA */
};

static inline struct machine *machine_new(const struct guest *g)
{
    struct machine *m = xcalloc(1, sizeof(*m));
    mem_init(&m->mem);
    assert_int_equal(mem_add(&m->mem, CODE, CPU_PAGE, CPU_READ | CPU_EXEC, NULL, "code"), 0);
    assert_int_equal(mem_add(&m->mem, DATA, CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"), 0);
    m->cpu = vcpu_new(g, &m->mem);
    if (g->interp) assert_int_equal(backend_interp.open(m->cpu), 0);
    return m;
}

static inline void machine_free(struct machine *m)
{
    if (m->cpu->interp) backend_interp.close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
    free(m);
}

static inline uint64_t *reg(struct machine *m, const char *name)
{
    struct guest_reg_ref r = guest_reg_find(m->cpu->guest, name);
    BUG_ON(!r.reg);
    return guest_reg_words(m->cpu->guest, m->cpu->state, r);
}

struct part {
    const char *field; /* of the row */
    uint64_t value;    /* its bits */
};

/* The instruction of a row with these fields; the others are 0. */
static inline uint32_t encode(struct machine *m, const char *id, const struct part *parts)
{
    const struct guest_row *r = guest_row_find(m->cpu->guest, id);
    BUG_ON(!r);
    uint32_t word = r->match;
    for (; parts->field; parts++) {
        unsigned i = 0;
        while (i < r->nfields && strcmp(r->fields[i].name, parts->field)) i++;
        BUG_ON(i == r->nfields);
        if (!guest_field_put(&r->fields[i], parts->value, &word))
            fail_msg("%s: %s does not fit", id, parts->field);
    }
    assert_int_equal(m->cpu->guest->decode(word), r - m->cpu->guest->rows);
    return word;
}

/* Runs one instruction and says how that ended. */
static inline const struct cpu_exit *step(struct machine *m, uint32_t word)
{
    assert_int_equal(mem_write(&m->mem, CODE, &word, sizeof(word)), 0);
    *reg(m, "pc") = CODE;
    backend_interp.invalidate(m->cpu, CODE, CPU_PAGE);
    backend_interp.run(m->cpu, 1);
    return &m->cpu->exit;
}

#define PARTS(...)              ((const struct part[]){__VA_ARGS__, {NULL, 0}})
#define STEP(m, id, ...)        step(m, encode(m, id, PARTS(__VA_ARGS__)))
#define assert_done(m, id, ...) assert_int_equal(STEP(m, id, __VA_ARGS__)->kind, EXIT_BUDGET)

static inline void assert_fault(struct machine *m, const struct cpu_exit *x, const char *cause)
{
    assert_int_equal(x->kind, EXIT_FAULT);
    assert_string_equal(m->cpu->guest->causes[x->cause].name, cause);
    assert_int_equal(x->pc, CODE);
}

static inline uint64_t data64(struct machine *m, uint64_t at)
{
    uint64_t v = 0;
    assert_int_equal(mem_read(&m->mem, at, &v, sizeof(v)), 0);
    return v;
}

static inline void set_data64(struct machine *m, uint64_t at, uint64_t v)
{
    assert_int_equal(mem_write(&m->mem, at, &v, sizeof(v)), 0);
}

static inline uint64_t f64(double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof(u));
    return u;
}

static inline uint32_t f32(float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof(u));
    return u;
}

#endif
