/* Any bytes as code, any registers: the interpreter must stop by itself, exactly after its budget or at a
 * guest fault, and stepping must give the same as running at once. Input: 8 bytes of register seed, the rest
 * code. */
#include "engine/interp/interp.h"

#include "engine/interp/machine.h"

#include <string.h>

enum { CODE = 0x10000, DATA = 0x20000, BUDGET = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(struct machine *m, const uint8_t *code, size_t size, uint64_t seed)
{
    static const struct machine_area areas[] = {
        {CODE, CPU_PAGE, CPU_READ | CPU_WRITE | CPU_EXEC},
        {DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE},
    };
    struct rng rng = {seed};
    BUG_ON(machine_open(m, &backend_interp, NULL, false, areas, ARRAY_LEN(areas)));
    BUG_ON(mem_write(&m->mem, CODE, code, size < CPU_PAGE ? size : CPU_PAGE));
    machine_any_registers(m, &rng, CODE, DATA);
    *machine_reg(m, "priv") = seed % 3 ? 0 : 3;
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
    set_up(&whole, data + 8, size - 8, seed);
    set_up(&steps, data + 8, size - 8, seed);
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
