/* A vcpu's life, its TLB's upkeep, and how it notes a guest exception. */
#include "engine/cpu/cpu.h"

#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

const char *exit_kind_name(enum exit_kind k)
{
    static const char *const names[EXIT_KINDS] = {
        [EXIT_BUDGET] = "budget",   [EXIT_KICKED] = "kicked",         [EXIT_HALT] = "halt",
        [EXIT_SYSCALL] = "syscall", [EXIT_BREAKPOINT] = "breakpoint", [EXIT_FAULT] = "fault",
        [EXIT_DEVICE] = "device",   [EXIT_SHUTDOWN] = "shutdown",     [EXIT_UNSUPPORTED] = "unsupported",
    };
    BUG_ON((unsigned)k >= EXIT_KINDS);
    return names[k];
}

struct vcpu *vcpu_new(const struct guest *g, struct mem *m)
{
    size_t align = _Alignof(struct vcpu);
    size_t size = sizeof(struct vcpu) + g->state_words * sizeof(uint64_t);
    struct vcpu *c = aligned_alloc(align, (size + align - 1) / align * align);
    if (!c) return NULL;
    memset(c, 0, size);
    c->guest = g;
    c->mem = m;
    c->window = m->window;
    memset(c->tlb_used, 0xff, sizeof(c->tlb_used)); /* so that the flush empties every entry */
    vcpu_tlb_flush(c);
    vcpu_reset(c);
    return c;
}

void vcpu_free(struct vcpu *c)
{
    free(c);
}

void vcpu_reset(struct vcpu *c)
{
    const struct guest *g = c->guest;
    memset(c->state, 0, g->state_words * sizeof(uint64_t));
    for (unsigned i = 0; i < g->nregs; i++)
        for (unsigned k = 0; k < g->regs[i].count; k++)
            c->state[g->regs[i].word + k * g->regs[i].words] = g->regs[i].reset;
    if (g->reset) g->reset(c);
    c->exit = (struct cpu_exit){0};
}

/* Empties the entries in use: of their write tags, or altogether. */
static void tlb_drop(struct vcpu *c, bool all)
{
    for (unsigned i = 0; i < ARRAY_LEN(c->tlb_used); i++) {
        for (uint64_t used = c->tlb_used[i]; used; used &= used - 1) {
            struct tlb_entry *e = &c->tlb[i * 64 + (unsigned)__builtin_ctzll(used)];
            e->write_tag = ~0ull;
            if (all) e->read_tag = ~0ull;
        }
        if (all) c->tlb_used[i] = 0;
    }
    c->dirty_epoch = c->mem->dirty_epoch;
}

void vcpu_tlb_flush(struct vcpu *c)
{
    tlb_drop(c, true);
    c->map_epoch = c->mem->map_epoch;
}

void vcpu_sync_slow(struct vcpu *c)
{
    if (c->map_epoch != c->mem->map_epoch)
        vcpu_tlb_flush(c);
    else
        tlb_drop(c, false);
}

bool cpu_fault(struct vcpu *c, unsigned cause, uint64_t value)
{
    const struct guest *g = c->guest;
    BUG_ON(cause >= g->ncauses);
    c->exit = (struct cpu_exit){
        .kind = g->causes[cause].exit,
        .cause = cause,
        .pc = c->state[g->pc_word],
        .value = value,
    };
    c->host_signal = 0; /* whoever knows better says so afterwards */
    return false;
}
