/* For tests, fuzzers and benchmarks: a guest's memory, in regions or in a window, and one vcpu on a backend.
 */
#ifndef ENGINE_INTERP_MACHINE_H
#define ENGINE_INTERP_MACHINE_H

#include "engine/cpu/window_test.h"
#include "engine/guest/guest.h"

#include <errno.h>

struct machine {
    struct mem mem;                /* of its own */
    struct vcpu *cpu;              /* its only one; NULL: it could not be opened */
    const struct backend *backend; /* that runs it */
    bool window;                   /* where memory is: as programs have it; else as boards have it */
};

struct machine_area {
    uint64_t base, size; /* where */
    unsigned perm;       /* CPU_* */
};

/* 0 or -errno. */
static inline int machine_map(struct machine *m, struct machine_area a)
{
    if (!m->window) return mem_add(&m->mem, a.base, a.size, a.perm, NULL, "memory");
    test_map(&m->mem, a.base, a.size, a.perm);
    return 0;
}

/* `options` are the backend's, and stay the caller's. 0 or -errno: close it all the same. */
static inline int machine_open(struct machine *m, const struct backend *b, const void *options, bool window,
                               const struct machine_area *areas, unsigned n)
{
    *m = (struct machine){.backend = b, .window = window};
    mem_init(&m->mem);
    int err = window ? mem_window_open(&m->mem) : 0;
    test_handlers();
    for (unsigned i = 0; i < n && !err; i++) err = machine_map(m, areas[i]);
    m->cpu = err ? NULL : vcpu_new(guest_find("riscv64"), &m->mem);
    if (!err && !m->cpu) err = -ENOMEM;
    if (err) return err;
    m->cpu->options = options;
    err = b->open(m->cpu);
    if (!err) return 0;
    vcpu_free(m->cpu);
    m->cpu = NULL;
    return err;
}

static inline void machine_close(struct machine *m)
{
    if (m->cpu) m->backend->close(m->cpu);
    if (m->cpu) vcpu_free(m->cpu);
    mem_free(&m->mem);
}

static inline uint64_t *machine_reg(struct machine *m, const char *name)
{
    return guest_reg_words(m->cpu->guest, m->cpu->state, guest_reg_find(m->cpu->guest, name));
}

/* Code at an address. What does not assemble, or does not fit, is the caller's bug. */
static inline void machine_load(struct machine *m, uint64_t at, const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    if (!guest_asm(m->cpu->guest, text, &code, &err)) BUG("%s: %s", err.message, text + err.offset);
    BUG_ON(mem_write(&m->mem, at, code.p, code.len));
    buf_free(&code);
}

static inline const struct cpu_exit *machine_run(struct machine *m, uint64_t budget)
{
    test_cpu = m->cpu;
    m->backend->run(m->cpu, budget);
    return &m->cpu->exit;
}

/* Anything in the registers, addresses around `code` and `data` among it; pc is `code`. */
static inline void machine_any_registers(struct machine *m, struct rng *r, uint64_t code, uint64_t data)
{
    uint64_t *x = machine_reg(m, "x0"), *f = machine_reg(m, "f0");
    for (unsigned i = 1; i < 32; i++) {
        uint64_t v = rng_next(r);
        x[i] = v & 1 ? v : (v & 2 ? code : data) + (v >> 8 & 0x1fff);
        f[i] = v & 4 ? rng_next(r) : v | 0xffffffff00000000u;
    }
    *machine_reg(m, "pc") = code;
}

#endif
