#include "bench/machine.h"

bool machine_on_jit(struct machine *m, bool window, const char *text, const struct jit_options *o)
{
    static const struct machine_area areas[] = {
        {MACHINE_CODE, MACHINE_CODE_SIZE, CPU_READ | CPU_EXEC},
        {MACHINE_DATA, MACHINE_DATA_SIZE, CPU_READ | CPU_WRITE},
    };
    if (machine_open(m, &backend_jit, o, window, areas, ARRAY_LEN(areas))) return false;
    machine_load(m, MACHINE_CODE, text);
    return true;
}

bool machine_reopen(struct machine *m)
{
    backend_jit.close(m->cpu);
    if (!backend_jit.open(m->cpu)) return true;
    vcpu_free(m->cpu);
    m->cpu = NULL;
    return false;
}

void machine_start(struct machine *m)
{
    vcpu_reset(m->cpu);
    *machine_reg(m, "pc") = MACHINE_CODE;
    *machine_reg(m, "s0") = MACHINE_DATA;
    *machine_reg(m, "sp") = MACHINE_DATA + MACHINE_DATA_SIZE;
}
