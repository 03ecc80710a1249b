/* Memory accesses of an x86-64 host that may fault and go on elsewhere. For engine/cpu alone: others use
 * window.h and atomic.h.
 *
 * Each such instruction has an entry in the section host_repairs: where it stands, and where to go on after a
 * fault. cpu_host_fault finds the entry by the faulting RIP. An instruction that faults has changed nothing
 * (Intel SDM 3A 6.5, "faults"), a store across two pages included; but the repeated string instructions stop
 * in the middle, with what remains in RCX.
 */
#ifndef ENGINE_CPU_HOST_X86_64_H
#define ENGINE_CPU_HOST_X86_64_H

#include "engine/base/base.h"

#include <ucontext.h>

enum { HOST_REPAIRS = true }; /* a fault of this host can be repaired */

/* Distances from the fields themselves, so that the table needs no relocation. */
struct host_repair {
    int32_t insn;  /* the instruction that may fault */
    int32_t fixup; /* where to go on */
};

/* The linker's names for the section's bounds. */
extern const struct host_repair __start_host_repairs[], __stop_host_repairs[];

#define HOST_REPAIR(insn, fixup)                    \
    ".pushsection host_repairs, \"a\", @progbits\n" \
    ".balign 4\n"                                   \
    ".long " insn " - .\n"                          \
    ".long " fixup " - .\n"                         \
    ".popsection\n"

/* `to` (at least 32 bits wide) becomes what stands at host + addr; or control goes to `label`. The empty asm:
 * GCC before 12.4 may lose an asm goto's output that nothing volatile follows (its bug 113921). */
#define HOST_LOAD(insn, to, host, addr, label)                                \
    do {                                                                      \
        asm volatile goto("1: " insn "\n" HOST_REPAIR("1b", "%l[" #label "]") \
                          : "=r"(to)                                          \
                          : "r"(host), "r"(addr)                              \
                          : "memory"                                          \
                          : label);                                           \
        asm volatile("" ::: "memory");                                        \
    } while (0)
#define HOST_LOAD8(to, host, addr, label)  HOST_LOAD("movzbl (%1,%2), %k0", to, host, addr, label)
#define HOST_LOAD16(to, host, addr, label) HOST_LOAD("movzwl (%1,%2), %k0", to, host, addr, label)
#define HOST_LOAD32(to, host, addr, label) HOST_LOAD("movl (%1,%2), %k0", to, host, addr, label)
#define HOST_LOAD64(to, host, addr, label) HOST_LOAD("movq (%1,%2), %q0", to, host, addr, label)

/* The other way round. */
#define HOST_STORE(insn, v, host, addr, label)                            \
    asm volatile goto("1: " insn "\n" HOST_REPAIR("1b", "%l[" #label "]") \
                      :                                                   \
                      : "r"(v), "r"(host), "r"(addr)                      \
                      : "memory"                                          \
                      : label)
#define HOST_STORE8(v, host, addr, label)  HOST_STORE("movb %b0, (%1,%2)", v, host, addr, label)
#define HOST_STORE16(v, host, addr, label) HOST_STORE("movw %w0, (%1,%2)", v, host, addr, label)
#define HOST_STORE32(v, host, addr, label) HOST_STORE("movl %k0, (%1,%2)", v, host, addr, label)
#define HOST_STORE64(v, host, addr, label) HOST_STORE("movq %q0, (%1,%2)", v, host, addr, label)

/* Copies n bytes, and says how many of them a fault left over. */
static inline size_t host_copy(void *to, const void *from, size_t n)
{
    asm volatile("1: rep movsb\n2:\n" HOST_REPAIR("1b", "2b") : "+c"(n), "+D"(to), "+S"(from)::"memory");
    return n;
}

static inline size_t host_zero(void *to, size_t n)
{
    asm volatile("1: rep stosb\n2:\n" HOST_REPAIR("1b", "2b") : "+c"(n), "+D"(to) : "a"(0) : "memory");
    return n;
}

/* Compare and swap. 1: memory held *old and is `v` now; 0: it did not, and *old is what it holds; -1: it
 * faulted. Plain asm, since no two compilers agree on an asm goto whose outputs are inputs too. */
#define HOST_CAS_TAIL                                  \
    "sete %b[done]\n"                                  \
    "movzbl %b[done], %[done]\n2:\n"                   \
    ".pushsection .text.unlikely, \"ax\", @progbits\n" \
    "3: movl $-1, %[done]\n"                           \
    "jmp 2b\n"                                         \
    ".popsection\n" HOST_REPAIR("1b", "3b")
#define HOST_CAS(bits, text)                                                         \
    static inline int host_cas##bits(void *p, uint##bits##_t *old, uint##bits##_t v) \
    {                                                                                \
        int done;                                                                    \
        uint##bits##_t seen = *old;                                                  \
        asm volatile("1: lock " text ", (%[p])\n" HOST_CAS_TAIL                      \
                     : [done] "=&r"(done), "+a"(seen)                                \
                     : [p] "r"(p), [v] "r"(v)                                        \
                     : "memory", "cc");                                              \
        *old = seen;                                                                 \
        return done;                                                                 \
    }
HOST_CAS(32, "cmpxchgl %k[v]")
HOST_CAS(64, "cmpxchgq %q[v]")

static inline int host_cas128(void *p, unsigned __int128 *old, unsigned __int128 v)
{
    int done;
    uint64_t low = (uint64_t)*old, high = (uint64_t)(*old >> 64);
    asm volatile("1: lock cmpxchg16b (%[p])\n" HOST_CAS_TAIL
                 : [done] "=&r"(done), "+a"(low), "+d"(high)
                 : [p] "r"(p), "b"((uint64_t)v), "c"((uint64_t)(v >> 64))
                 : "memory", "cc");
    *old = (unsigned __int128)high << 64 | low;
    return done;
}

/* ---- of a signal handler's context ---- */

static inline uintptr_t host_context_pc(const void *context)
{
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

static inline void host_context_go(void *context, uintptr_t pc)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
}

/* A page fault's access was a write (Intel SDM 3A 4.7, W/R). */
static inline bool host_context_wrote(const void *context)
{
    return ((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2;
}

#endif
