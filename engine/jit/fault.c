/* A host fault in translated code becomes the guest's: in a window, loads and stores are single host
 * instructions with no check before them, and the host's page tables say what the guest may do.
 *
 * Runs in a signal handler, on the thread whose code it is. It touches the records of blocks and the thread's
 * own context only; those do not change while translated code runs.
 */
#include "engine/jit/internal.h"

#include "engine/guest/guest.h"

#include <signal.h>
#include <ucontext.h>

enum { TRAP_PAGE_FAULT = 14 }; /* an exception of x86 */

static const struct jit_fault *fault_at(const struct jit_block *b, uint32_t at)
{
    uint32_t lo = 0, hi = b->nfaults;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (b->faults[mid].at < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->nfaults && b->faults[lo].at == at ? &b->faults[lo] : NULL;
}

bool jit_host_fault(struct vcpu *c, int sig, const void *siginfo, void *context)
{
    struct jit *j = c->backend;
    const siginfo_t *info = siginfo;
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *rip = (const uint8_t *)regs[REG_RIP];
    const struct jit_block *b = jit_block_at(j, rip);
    const struct jit_fault *f = b ? fault_at(b, (uint32_t)(rip - b->code)) : NULL;
    if (!f) return false;
    /* a page fault tells its address; what is not canonical gives another exception, which does not */
    bool told = regs[REG_TRAPNO] == TRAP_PAGE_FAULT;
    uint64_t addr = told ? (uint64_t)((const uint8_t *)info->si_addr - c->mem->window)
                         : jit_host_address(rip, regs, (uintptr_t)c->mem->window);
    const struct jit_exit *e = &b->exits[f->exit];
    cpu_fault(c, c->guest->cause_of_access[f->write ? CPU_WRITE : CPU_READ], addr);
    c->exit.pc = e->pc;
    c->host_signal = sig;
    c->host_addr = addr;
    regs[REG_RIP] = (greg_t)(b->code + e->stub);
    return true;
}
