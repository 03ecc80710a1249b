#include "engine/cpu/atomic.h"

bool cpu_atomic_fault(struct vcpu *c, const void *p, unsigned size)
{
    return window_fault(c, (uintptr_t)p - (uintptr_t)c->mem->window, size, CPU_WRITE);
}

bool cpu_atomic_load128(struct vcpu *c, void *p, unsigned __int128 *v)
{
    *v = 0;
    return cpu_atomic_cas128(c, p, v, 0) >= 0; /* stores 0 over 0 or nothing */
}

int cpu_atomic_cas128(struct vcpu *c, void *p, unsigned __int128 *old, unsigned __int128 v)
{
    int done = host_cas128(p, old, v);
    if (done < 0) cpu_atomic_fault(c, p, 16);
    return done;
}

bool cpu_store_if(struct vcpu *c, uint64_t addr, unsigned size, uint64_t v, bool enabled, uint64_t expected,
                  bool *stored)
{
    *stored = false;
    if (!enabled) return true;
    void *p = cpu_host_rw(c, addr, size);
    if (!p) return false;
    uint32_t narrow = (uint32_t)expected;
    int done =
        size == 4 ? cpu_atomic_cas32(c, p, &narrow, (uint32_t)v) : cpu_atomic_cas64(c, p, &expected, v);
    *stored = done > 0;
    return done >= 0;
}
