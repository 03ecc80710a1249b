/* What signal handlers of the process call: a host fault that is really the guest's, and a kick. */
#include "engine/cpu/window.h"

#include <signal.h>

/* Where to go on after a fault of the instruction at pc, or 0. There are a few hundred entries and faults are
 * rare: no order is needed. */
static uintptr_t repair_of(uintptr_t pc)
{
    const struct host_repair *r = __start_host_repairs;
    size_t n = ((uintptr_t)__stop_host_repairs - (uintptr_t)r) / sizeof(*r);
    for (; n; n--, r++)
        if ((uintptr_t)&r->insn + (uintptr_t)(intptr_t)r->insn == pc)
            return (uintptr_t)&r->fixup + (uintptr_t)(intptr_t)r->fixup;
    return 0;
}

/* Somebody writes to a page that is closed because code on it was translated. It does not matter who: the
 * write is the guest's to do. */
static bool opens(struct vcpu *c, int sig, const siginfo_t *info, const void *context)
{
    return c && c->mem->window && sig == SIGSEGV && info->si_code == SEGV_ACCERR &&
           host_context_wrote(context) && window_open_page(c->mem, info->si_addr);
}

bool cpu_host_fault(struct vcpu *c, int sig, const void *siginfo, void *context)
{
    const siginfo_t *info = siginfo;
    if ((sig != SIGSEGV && sig != SIGBUS) || info->si_code <= 0) return false; /* sent, not a fault */
    if (opens(c, sig, info, context)) return true;
    if (c) {
        c->host_signal = sig;
        c->host_addr = (uintptr_t)info->si_addr - (uintptr_t)c->mem->window;
        if (c->runs && c->runs->host_fault && c->runs->host_fault(c, sig, siginfo, context)) return true;
    }
    uintptr_t to = repair_of(host_context_pc(context));
    if (!to) return false;
    host_context_go(context, to);
    return true;
}

void cpu_kick(struct vcpu *c, void *context)
{
    __atomic_store_n(&c->kicked, 1, __ATOMIC_SEQ_CST);
    const struct backend *b = __atomic_load_n(&c->runs, __ATOMIC_RELAXED);
    if (context && b && b->kick) b->kick(c, context);
}
