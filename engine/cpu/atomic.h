/* Atomic accesses to the host memory that a guest's naturally aligned address maps to (cpu_host_rw). In a
 * window that memory may be gone by now: then the guest's fault is noted, that of a write. */
#ifndef ENGINE_CPU_ATOMIC_H
#define ENGINE_CPU_ATOMIC_H

#include "engine/cpu/window.h"

/* ---- atomic.c ---- */
COLD bool cpu_atomic_fault(struct vcpu *c, const void *p, unsigned size); /* notes it; returns false */
bool cpu_atomic_load128(struct vcpu *c, void *p, unsigned __int128 *v);
int cpu_atomic_cas128(struct vcpu *c, void *p, unsigned __int128 *old, unsigned __int128 v);

/* load: false, a fault. cas: 1: stored `v` where *old was; 0: not stored, and *old is what is there; -1: a
 * fault. */
#define CPU_ATOMIC(bits, wide)                                                                        \
    static ALWAYS_INLINE bool cpu_atomic_load##bits(struct vcpu *c, const void *p, uint##bits##_t *v) \
    {                                                                                                 \
        wide seen = 0;                                                                                \
        HOST_LOAD##bits(seen, p, 0ull, fault);                                                        \
        *v = seen;                                                                                    \
        return true;                                                                                  \
    fault:                                                                                            \
        return cpu_atomic_fault(c, p, bits / 8);                                                      \
    }                                                                                                 \
    static ALWAYS_INLINE int cpu_atomic_cas##bits(struct vcpu *c, void *p, uint##bits##_t *old,       \
                                                  uint##bits##_t v)                                   \
    {                                                                                                 \
        int done = host_cas##bits(p, old, v);                                                         \
        if (unlikely(done < 0)) cpu_atomic_fault(c, p, bits / 8);                                     \
        return done;                                                                                  \
    }
CPU_ATOMIC(32, uint32_t)
CPU_ATOMIC(64, uint64_t)

/* A store of `size` (4 or 8) bytes that happens only when `enabled` and memory holds `expected`: the
 * second half of a reservation. Not enabled, it touches nothing and cannot fault (Unpriv 14.2). */
bool cpu_store_if(struct vcpu *c, uint64_t addr, unsigned size, uint64_t v, bool enabled, uint64_t expected,
                  bool *stored);

#endif
