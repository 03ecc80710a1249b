#include "engine/cpu/atomic.h"

typedef unsigned __int128 __attribute__((may_alias)) host128;

/* Without cmpxchg16b in the base ISA the compiler would call libatomic, which may take a lock. */
#if defined(__x86_64__)
#define CX16 __attribute__((target("cx16")))
#else
#define CX16
#endif

CX16 unsigned __int128 cpu_atomic_load128(const void *p)
{
    return __sync_val_compare_and_swap((host128 *)p, 0, 0);
}

CX16 bool cpu_atomic_cas128(void *p, unsigned __int128 *old, unsigned __int128 v)
{
    unsigned __int128 seen = __sync_val_compare_and_swap((host128 *)p, *old, v);
    bool same = seen == *old;
    *old = seen;
    return same;
}

bool cpu_store_if(struct vcpu *c, uint64_t addr, unsigned size, uint64_t v, bool enabled, uint64_t expected,
                  bool *stored)
{
    *stored = false;
    if (!enabled) return true;
    void *p = cpu_host_rw(c, addr, size);
    if (!p) return false;
    uint32_t narrow = (uint32_t)expected;
    *stored = size == 4 ? cpu_atomic_cas32(p, &narrow, (uint32_t)v) : cpu_atomic_cas64(p, &expected, v);
    return true;
}
