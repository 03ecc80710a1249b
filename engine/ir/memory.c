#include "engine/ir/ref.h"

#include "engine/cpu/cpu.h"

/* The same as cpu_store_if, for a pair of registers (arm64 STXP). */
bool ir_ref_store_if128(struct vcpu *c, uint64_t addr, ir_u128 v, bool enabled, ir_u128 expected,
                        bool *stored)
{
    *stored = false;
    if (!enabled) return true;
    void *p = cpu_host_rw(c, addr, 16);
    if (!p) return false;
    int done = cpu_atomic_cas128(c, p, &expected, v);
    *stored = done > 0;
    return done >= 0;
}
