/* How a run in QEMU ended, from the frame of the signal that ended it.
 *
 * Linux tells a program less than the processor told Linux. What is missing comes from the instruction's row:
 * whether an access to memory that is not mapped, or a misaligned one, was a load or a store. On x86-64 a
 * fault at an address that is none of the host's (48 bits and a sign) comes without address; then `value` is
 * that of host address 0.
 */
#include "harness/oracle/qemu.h"

#include <signal.h>
#include <string.h>

/* The start of siginfo_t, the same for all ISAs. */
struct info {
    int32_t signo, errno_, code, pad;
    uint64_t addr;
};

/* The bytes at pc as far as there are any. */
static uint32_t instruction(const struct vcpu *c)
{
    uint64_t pc = c->state[c->guest->pc_word];
    uint32_t word = 0;
    for (unsigned i = 0; i < sizeof(word); i++)
        if (mem_read(c->mem, pc + i, (uint8_t *)&word + i, 1)) break;
    if (c->guest->length(word) < sizeof(word)) word &= (uint32_t)bits_mask(8 * c->guest->length(word));
    return word;
}

/* The instruction at pc was begun and raised it. */
static bool fault(struct qemu *q, unsigned cause, uint64_t value)
{
    (void)cpu_fault(q->cpu, cause, value);
    q->cpu->exit.executed = q->process.door->begun - 1;
    return true;
}

static bool budget(struct qemu *q)
{
    const struct vcpu *c = q->cpu;
    q->cpu->exit = (struct cpu_exit){
        .kind = EXIT_BUDGET, .pc = c->state[c->guest->pc_word], .executed = q->process.door->begun};
    return true;
}

/* The instruction at pc was not begun: it cannot be fetched. */
static bool fetch_fault(struct qemu *q, uint64_t addr)
{
    const struct qemu_door *door = q->process.door;
    if (door->begun == door->budget) return budget(q);
    (void)cpu_fault(q->cpu, q->cpu->guest->cause_of_access[CPU_EXEC], addr);
    q->cpu->exit.executed = door->begun;
    return true;
}

/* `store`: the access is known to have been one; else the row says. */
static bool memory_fault(struct qemu *q, uint64_t addr, const uint8_t causes[8], bool store)
{
    const struct guest *g = q->cpu->guest;
    if (q->cpu->state[g->pc_word] != q->process.door->last) return fetch_fault(q, addr);
    int row = g->decode(instruction(q->cpu));
    store |= row >= 0 && g->rows[row].effects & (EFFECT_STORE | EFFECT_AMO);
    return fault(q, causes[store ? CPU_WRITE : CPU_READ], addr);
}

static bool breakpoint(struct qemu *q)
{
    const struct guest *g = q->cpu->guest;
    for (unsigned i = 0; i < g->ncauses; i++)
        if (g->causes[i].exit == EXIT_BREAKPOINT) return fault(q, i, 0);
    return false;
}

bool qemu_leave(struct qemu *q, const uint8_t *frame)
{
    const struct guest *g = q->cpu->guest;
    struct info info;
    memcpy(&info, frame + q->isa->info, sizeof(info));
    switch (info.signo) {
    case SIGUSR1: return budget(q);
    case SIGILL: return fault(q, g->cause_of_access[0], instruction(q->cpu));
    case SIGTRAP: return breakpoint(q);
    case SIGSEGV: return memory_fault(q, info.addr, g->cause_of_access, qemu_may(q, info.addr, CPU_READ));
    case SIGBUS: return memory_fault(q, info.addr, g->cause_of_align, false);
    default: return false;
    }
}
