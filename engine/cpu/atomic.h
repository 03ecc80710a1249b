/* Atomic accesses to host memory that a guest's naturally aligned address maps to (cpu_host_rw). */
#ifndef ENGINE_CPU_ATOMIC_H
#define ENGINE_CPU_ATOMIC_H

#include "engine/cpu/cpu.h"

#define CPU_ATOMIC(bits)                                                                           \
    static ALWAYS_INLINE uint##bits##_t cpu_atomic_load##bits(const void *p)                       \
    {                                                                                              \
        return __atomic_load_n((const cpu_host##bits *)p, __ATOMIC_SEQ_CST);                       \
    }                                                                                              \
    /* Stores `v` if memory still holds *old; else false, and *old is what it holds. */            \
    static ALWAYS_INLINE bool cpu_atomic_cas##bits(void *p, uint##bits##_t *old, uint##bits##_t v) \
    {                                                                                              \
        return __atomic_compare_exchange_n((cpu_host##bits *)p, (cpu_host##bits *)old, v, false,   \
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                    \
    }
CPU_ATOMIC(32)
CPU_ATOMIC(64)

/* ---- atomic.c: 16 bytes ---- */
unsigned __int128 cpu_atomic_load128(const void *p);
bool cpu_atomic_cas128(void *p, unsigned __int128 *old, unsigned __int128 v);

/* A store of `size` (4 or 8) bytes that happens only when `enabled` and memory holds `expected`: the second
 * half of a reservation. Not enabled, it touches nothing and cannot fault (Unpriv 14.2). */
bool cpu_store_if(struct vcpu *c, uint64_t addr, unsigned size, uint64_t v, bool enabled, uint64_t expected,
                  bool *stored);

#endif
