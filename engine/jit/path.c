/* A path that a guest took, as the interpreter stepped along it: where each instruction went on, and how
 * often. What the second tier knows about hot code, it knows from such a sample. */
#include "engine/jit/region.h"

#include <string.h>

static struct jit_site *slot_of(struct jit_path *p, uint64_t pc)
{
    uint32_t i = (uint32_t)((pc >> 1) * 0x9e3779b97f4a7c15u >> 40) & (JIT_SITES - 1);
    while (p->sites[i].count && p->sites[i].pc != pc) i = (i + 1) & (JIT_SITES - 1);
    return &p->sites[i];
}

const struct jit_site *jit_site(const struct jit_path *p, uint64_t pc)
{
    const struct jit_site *s = slot_of((struct jit_path *)(uintptr_t)p, pc);
    return s->count ? s : NULL;
}

static void note(struct jit_path *p, uint64_t pc, uint64_t to)
{
    struct jit_site *s = slot_of(p, pc);
    s->changes += s->count && s->last != to;
    s->pc = pc;
    s->last = to;
    s->count++;
    unsigned i = 0;
    while (i < JIT_NEXT - 1 && s->times[i] && s->to[i] != to) i++;
    if (s->times[i] && s->to[i] != to) return; /* it goes to more places than are kept */
    s->to[i] = to;
    s->times[i]++;
}

void jit_path_sites(struct jit_path *p)
{
    memset(p->sites, 0, sizeof(p->sites));
    for (uint32_t i = 0; i + 1 < p->n; i++) note(p, p->pc[i], p->pc[i + 1]);
}

uint32_t jit_times(const struct jit_path *p, uint64_t pc, uint64_t to)
{
    const struct jit_site *s = jit_site(p, pc);
    for (unsigned i = 0; s && i < JIT_NEXT && s->times[i]; i++)
        if (s->to[i] == to) return s->times[i];
    return 0;
}

unsigned jit_likeliest(const struct jit_site *s)
{
    unsigned best = 0;
    for (unsigned i = 1; i < JIT_NEXT; i++)
        if (s->times[i] > s->times[best]) best = i;
    return best;
}
