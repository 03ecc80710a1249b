/* The interpreter as a backend. */
#include "engine/interp/interp.h"

#include "engine/guest/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static int interp_probe(const struct guest *g, const char **why)
{
    if (g->interp) return 0;
    *why = "this guest has no interpreter";
    return -ENOTSUP;
}

static size_t spare_size(void)
{
    return sizeof(struct interp_block) + (BLOCK_MAX + 1) * sizeof(struct guest_op);
}

/* Behind a file with a zero register stand two more (specs/gen/emit_state.c). An ISA has one such file. */
static void find_sink(struct vcpu *c)
{
    for (unsigned i = 0; i < c->guest->nregs; i++) {
        const struct guest_reg *r = &c->guest->regs[i];
        if (r->zero < 0) continue;
        BUG_ON(c->interp->sink);
        c->interp->sink = c->state + r->word + r->count * r->words;
        c->interp->sink_words = 2 * r->words;
    }
}

/* Mapped, not allocated: pages of the arena and the buckets cost memory only when they are used. */
static int interp_open(struct vcpu *c)
{
    struct interp *in =
        mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (in == MAP_FAILED) return -ENOMEM;
    in->none = calloc(1, spare_size());
    in->front = calloc(1, spare_size());
    if (!in->none || !in->front) {
        free(in->none);
        free(in->front);
        munmap(in, sizeof(*in));
        return -ENOMEM;
    }
    in->none->pc = 1; /* no instruction starts at an odd address */
    interp_forget_jumps(in);
    in->generation = 1;
    in->code_epoch = mem_code_epoch(c->mem);
    in->map_epoch = c->mem->map_epoch;
    c->interp = in;
    find_sink(c);
    return 0;
}

static void interp_run(struct vcpu *c, uint64_t budget)
{
    __atomic_store_n(&c->runs, &backend_interp, __ATOMIC_RELAXED);
    (c->mem->window ? c->guest->interp_window : c->guest->interp)(c, budget);
    for (unsigned i = 0; i < c->interp->sink_words; i++) c->interp->sink[i] = 0;
    __atomic_store_n(&c->runs, NULL, __ATOMIC_RELAXED);
}

static void interp_invalidate(struct vcpu *c, uint64_t addr, uint64_t size)
{
    (void)addr;
    (void)size;
    interp_flush(c->interp);
}

static void interp_close(struct vcpu *c)
{
    struct interp *in = c->interp;
    free(in->none);
    free(in->front);
    munmap(in, sizeof(*in));
    c->interp = NULL;
}

static const char *interp_version(void)
{
    return "lockstep interpreter";
}

void interp_fault_value(struct vcpu *c, uint64_t pc)
{
    uint32_t word = 0;
    unsigned got = 0;
    struct cpu_exit exit = c->exit;
    if (cpu_fetch(c, pc, &word, 4, &got)) exit.value = c->guest->length(word) == 2 ? word & 0xffff : word;
    c->exit = exit;
}

static unsigned interp_stats(const struct vcpu *c, struct cpu_stat *to)
{
    to[0] = (struct cpu_stat){.name = "blocks decoded", .value = c->interp->built};
    to[1] = (struct cpu_stat){.name = "times all blocks were forgotten", .value = c->interp->flushed};
    return 2;
}

const struct backend backend_interp = {
    .name = "interp",
    .description = "lockstep's own interpreter",
    .exact_budget = true,
    .tracks_writes = true,
    .probe = interp_probe,
    .open = interp_open,
    .run = interp_run,
    .invalidate = interp_invalidate,
    .close = interp_close,
    .version = interp_version,
    .user = true,
    .stats = interp_stats,
};
