/* Guest memory as a window of host addresses: accesses that go straight there, and copies that survive
 * anything.
 *
 * Whatever the guest's address, nothing here crashes: what lies outside the window is refused by a compare,
 * the rest is the host's page protection, whose faults cpu_host_fault turns into a way out. The process must
 * therefore have a SIGSEGV and SIGBUS handler that calls it.
 */
#ifndef ENGINE_CPU_WINDOW_H
#define ENGINE_CPU_WINDOW_H

#include "engine/cpu/cpu.h"

#if defined(__x86_64__)
#include "engine/cpu/host_x86_64.h"
#else
#error "this host needs a file as host_x86_64.h is"
#endif

/* ---- window.c ---- */

void window_close(struct mem *m); /* gives the window back; for mem_free */
/* The first byte of [addr, addr+size) whose page does not allow `access`: every bit of it, or any of them
 * when `any`. False: all of it is allowed. */
bool window_find_denied(const struct mem *m, uint64_t addr, uint64_t size, unsigned access, bool any,
                        uint64_t *at);
/* The pages that hold [addr, addr+size) are closed to writes and marked, if they are not yet. Call it before
 * looking at them. */
void window_watch(struct mem *m, uint64_t addr, uint64_t size);
/* A write to this host address faulted: true if the guest may write there, and now the host may, too. */
bool window_open_page(struct mem *m, const void *host);

/* ---- window_access.c: the guest's ---- */

bool window_load(struct vcpu *c, uint64_t addr, void *p, unsigned size);
bool window_store(struct vcpu *c, uint64_t addr, const void *p, unsigned size);
bool window_store_zeros(struct vcpu *c, uint64_t addr, uint64_t size);
unsigned window_fetch(struct vcpu *c, uint64_t addr, void *p, unsigned want); /* bytes got; 0: noted */
/* Note the guest's fault for an access that the host refused, or the bounds and permissions; return false. */
COLD bool window_fault(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access);
COLD bool window_refuse(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access);

/* ---- window_access.c: the host's own, from any thread ----
 * False: not all of it may be read or written as the host's pages are now; a part may have been. */

MUST_CHECK bool window_copy_in(const struct mem *m, void *to, uint64_t addr, size_t n);
MUST_CHECK bool window_copy_out(struct mem *m, uint64_t addr, const void *from, size_t n);
/* Aligned words, in one piece. */
MUST_CHECK bool window_read32(const struct mem *m, uint64_t addr, uint32_t *v);
MUST_CHECK bool window_write32(struct mem *m, uint64_t addr, uint32_t v);
/* 1: memory held *old and now holds v; 0: it did not, and *old is what it holds; -1: it cannot be written. */
MUST_CHECK int window_cas32(struct mem *m, uint64_t addr, uint32_t *old, uint32_t v);

/* mem_read and mem_write of a window: permissions do not apply, but what has none is not mapped. */
MUST_CHECK int window_peek(const struct mem *m, uint64_t addr, void *p, size_t n);
MUST_CHECK int window_poke(struct mem *m, uint64_t addr, const void *p, size_t n);

/* ---- the guest's, inlined; c->window is set ---- */

#define WINDOW_ACCESS(bits, wide)                                                                   \
    static ALWAYS_INLINE bool window_load##bits(struct vcpu *c, uint64_t addr, uint##bits##_t *out) \
    {                                                                                               \
        wide v = 0;                                                                                 \
        if (unlikely(addr >> MEM_WINDOW_BITS)) return window_refuse(c, addr, bits / 8, CPU_READ);   \
        HOST_LOAD##bits(v, c->window, addr, fault);                                                 \
        *out = (uint##bits##_t)v;                                                                   \
        return true;                                                                                \
    fault:                                                                                          \
        return window_fault(c, addr, bits / 8, CPU_READ);                                           \
    }                                                                                               \
    static ALWAYS_INLINE bool window_store##bits(struct vcpu *c, uint64_t addr, uint##bits##_t v)   \
    {                                                                                               \
        if (unlikely(addr >> MEM_WINDOW_BITS)) return window_refuse(c, addr, bits / 8, CPU_WRITE);  \
        HOST_STORE##bits(v, c->window, addr, fault);                                                \
        return true;                                                                                \
    fault:                                                                                          \
        return window_fault(c, addr, bits / 8, CPU_WRITE);                                          \
    }
WINDOW_ACCESS(8, uint32_t)
WINDOW_ACCESS(16, uint32_t)
WINDOW_ACCESS(32, uint32_t)
WINDOW_ACCESS(64, uint64_t)

#endif
