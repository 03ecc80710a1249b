/* Any bytes as code, any registers: the interpreter must stop by itself, exactly after its budget or at a
 * guest fault, and stepping must give the same as running at once. Input: 8 bytes of register seed, the rest
 * code. */
#include "engine/interp/interp.h"

#include "engine/guest/guest.h"

#include <string.h>

enum { CODE = 0x10000, DATA = 0x20000, BUDGET = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
    struct mem mem;
    struct vcpu *cpu;
};

static void machine_open(struct machine *m, const uint8_t *code, size_t size, uint64_t seed)
{
    const struct guest *g = guest_find("riscv64");
    struct rng rng = {seed};
    mem_init(&m->mem);
    BUG_ON(mem_add(&m->mem, CODE, CPU_PAGE, CPU_READ | CPU_WRITE | CPU_EXEC, NULL, "code"));
    BUG_ON(mem_add(&m->mem, DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"));
    BUG_ON(mem_write(&m->mem, CODE, code, size < CPU_PAGE ? size : CPU_PAGE));
    m->cpu = vcpu_new(g, &m->mem);
    BUG_ON(!m->cpu || backend_interp.open(m->cpu));
    for (unsigned i = 1; i < 32; i++) {
        uint64_t r = rng_next(&rng);
        guest_reg_words(g, m->cpu->state, guest_reg_find(g, "x0"))[i] =
            r & 1 ? r : (r & 2 ? CODE : DATA) + (r >> 8 & 0x1fff);
        guest_reg_words(g, m->cpu->state, guest_reg_find(g, "f0"))[i] =
            r & 4 ? rng_next(&rng) : r | 0xffffffff00000000u;
    }
    guest_reg_words(g, m->cpu->state, guest_reg_find(g, "priv"))[0] = seed % 3 ? 0 : 3;
    m->cpu->state[g->pc_word] = CODE;
}

static void machine_close(struct machine *m)
{
    backend_interp.close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
}

static bool same(const struct machine *a, const struct machine *b)
{
    if (memcmp(a->cpu->state, b->cpu->state, a->cpu->guest->state_words * 8)) return false;
    for (unsigned i = 0; i < a->mem.count; i++)
        if (memcmp(a->mem.regions[i].host, b->mem.regions[i].host, a->mem.regions[i].size)) return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine whole, steps;
    uint64_t seed = 0, done = 0;
    if (size < 10) return 0;
    memcpy(&seed, data, 8);
    machine_open(&whole, data + 8, size - 8, seed);
    machine_open(&steps, data + 8, size - 8, seed);
    backend_interp.run(whole.cpu, BUDGET);
    BUG_ON(whole.cpu->exit.kind == EXIT_BUDGET && whole.cpu->exit.executed != BUDGET);
    BUG_ON(whole.cpu->exit.executed > BUDGET);
    /* a store to the code page is only seen at once when stepping, which fetches anew each time */
    bool wrote_code = false;
    for (; done < whole.cpu->exit.executed; done++) {
        uint64_t epoch = steps.mem.code_epoch;
        backend_interp.run(steps.cpu, 1);
        wrote_code |= steps.mem.code_epoch != epoch;
        if (steps.cpu->exit.kind != EXIT_BUDGET) break;
    }
    BUG_ON(!wrote_code && (done != whole.cpu->exit.executed || !same(&whole, &steps)));
    machine_close(&whole);
    machine_close(&steps);
    return 0;
}
