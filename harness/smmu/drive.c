/* A scenario's steps over a bus. The queues are driven as software does it: by their registers and their
 * memory, so that whoever is on the other side of the bus needs to know nothing of scenarios.
 */
#include "harness/smmu/scenario.h"

#include <stdlib.h>
#include <string.h>

/* One of the queues, as its registers have it now (IHI 0070 3.5.1). */
struct queue {
    uint64_t base;       /* of its entries */
    unsigned log2, size; /* of their number; bytes of one */
    unsigned prod, cons; /* offsets of the index registers */
};

static struct queue queue_at(const struct scn_bus *bus, unsigned base, unsigned prod, unsigned cons,
                             unsigned size)
{
    uint64_t v = bus->read(bus->arg, base, 8);
    struct queue q = {
        .base = v & bits_mask(52) & ~bits_mask(5), .log2 = v & 31, .size = size, .prod = prod, .cons = cons};
    if (q.log2 > 19) q.log2 = 19;
    uint64_t bytes = (uint64_t)size << q.log2; /* it is aligned to its size */
    q.base &= ~(bytes - 1);
    return q;
}

static void command(const struct scn_bus *bus, const uint64_t words[2])
{
    struct queue q = queue_at(bus, SMMU_REG_CMDQ_BASE, SMMU_REG_CMDQ_PROD, SMMU_REG_CMDQ_CONS, 16);
    uint64_t prod = bus->read(bus->arg, q.prod, 4) & bits_mask(q.log2 + 1);
    bus->store(bus->arg, q.base + (prod & bits_mask(q.log2)) * 16, words, 16);
    bus->write(bus->arg, q.prod, 4, (prod + 1) & bits_mask(q.log2 + 1));
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint64_t[4]));
}

/* Everything in the event queue. Its order means nothing. */
static void take(const struct scn_bus *bus, struct scn_result *r, struct scn_said *said)
{
    struct queue q = queue_at(bus, SMMU_REG_EVENTQ_BASE, SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_CONS, 32);
    uint64_t wrap = bits_mask(q.log2 + 1), prod = bus->read(bus->arg, q.prod, 4);
    uint64_t cons = bus->read(bus->arg, q.cons, 4) & wrap, overflow = prod & 1u << 31;
    said->events = &r->events[r->nevents];
    for (; cons != (prod & wrap) && r->nevents < SCN_EVENTS; cons = (cons + 1) & wrap)
        bus->load(bus->arg, q.base + (cons & bits_mask(q.log2)) * 32, r->events[r->nevents++], 32);
    said->nevents = (unsigned)(&r->events[r->nevents] - said->events);
    qsort(said->events, said->nevents, sizeof(*said->events), by_bytes);
    bus->write(bus->arg, q.cons, 4, cons | overflow);
}

/* Everything in the page request queue, likewise. */
static void take_pages(const struct scn_bus *bus, struct scn_result *r, struct scn_said *said)
{
    struct queue q = queue_at(bus, SMMU_REG_PRIQ_BASE, SMMU_REG_PRIQ_PROD, SMMU_REG_PRIQ_CONS, 16);
    uint64_t wrap = bits_mask(q.log2 + 1), prod = bus->read(bus->arg, q.prod, 4);
    uint64_t cons = bus->read(bus->arg, q.cons, 4) & wrap;
    said->events = &r->events[r->nevents];
    for (; cons != (prod & wrap) && r->nevents < SCN_EVENTS; cons = (cons + 1) & wrap) {
        memset(r->events[r->nevents], 0, sizeof(r->events[0]));
        bus->load(bus->arg, q.base + (cons & bits_mask(q.log2)) * 16, r->events[r->nevents++], 16);
    }
    said->nevents = (unsigned)(&r->events[r->nevents] - said->events);
    qsort(said->events, said->nevents, sizeof(*said->events), by_bytes);
    bus->write(bus->arg, q.cons, 4, cons | (prod & 1u << 31));
}

static void take_told(const struct scn_bus *bus, struct scn_result *r, struct scn_said *said)
{
    said->events = &r->events[r->nevents];
    said->nevents = bus->told(bus->arg, said->events, SCN_EVENTS - r->nevents);
    r->nevents += said->nevents;
    qsort(said->events, said->nevents, sizeof(*said->events), by_bytes);
}

static void ask(const struct scn_bus *bus, const struct scn_step *s, struct scn_result *r,
                struct scn_said *said)
{
    said->known = bus->ask;
    if (!bus->ask || r->nevents == SCN_EVENTS) return;
    said->events = &r->events[r->nevents];
    memset(said->events, 0, sizeof(*said->events));
    bus->ask(bus->arg, s, said, said->events[0]);
    said->nevents = said->end == SMMU_DONE;
    r->nevents += said->nevents;
}

static void drive(const struct scn_bus *bus, const struct scn_step *s, struct scn_result *r,
                  struct scn_said *said)
{
    said->known = true;
    switch ((enum scn_step_kind)s->kind) {
    case SCN_STORE: bus->store(bus->arg, s->at, s->data, s->size); break;
    case SCN_CHECK: bus->load(bus->arg, s->at, said->data, s->size); break;
    case SCN_WRITE: bus->write(bus->arg, s->offset, s->size, s->value); break;
    case SCN_READ: said->value = bus->read(bus->arg, s->offset, s->size); break;
    case SCN_COMMAND: command(bus, s->command); break;
    case SCN_ACCESS: bus->access(bus->arg, s, said); break;
    case SCN_TAKE: take(bus, r, said); break;
    case SCN_ASK: ask(bus, s, r, said); break;
    case SCN_PAGE:
        said->known = bus->page;
        if (bus->page) bus->page(bus->arg, s, said);
        break;
    case SCN_PAGES:
        said->known = bus->page;
        if (bus->page) take_pages(bus, r, said);
        break;
    case SCN_TOLD:
        said->known = bus->told;
        if (bus->told) take_told(bus, r, said);
        break;
    case SCN_COUNT:
        said->known = bus->count;
        if (bus->count) said->value = bus->count(bus->arg, s->index);
        break;
    case SCN_SIGNAL:
        said->known = bus->signals;
        if (bus->signals) said->value = bus->signals(bus->arg, s->index);
        break;
    }
}

void scn_drive(const struct scn_bus *bus, const struct scenario *s, struct scn_result *r)
{
    if (r->cap < s->nsteps) {
        free(r->said);
        r->cap = s->nsteps;
        r->said = xcalloc(r->cap, sizeof(*r->said));
    }
    memset(r->said, 0, s->nsteps * sizeof(*r->said));
    r->nevents = 0;
    for (unsigned i = 0; i < s->nsteps; i++) drive(bus, &s->steps[i], r, &r->said[i]);
}

void scn_result_free(struct scn_result *r)
{
    free(r->said);
}

/* A queue may have been put where nothing is. */
void scn_memory_store(struct mem *m, uint64_t at, const void *p, size_t n)
{
    (void)!mem_write(m, at, p, n);
}

void scn_memory_load(const struct mem *m, uint64_t at, void *p, size_t n)
{
    if (mem_read(m, at, p, n)) memset(p, 0, n);
}

void scn_memory_zero(struct mem *m)
{
    static const uint8_t zeroes[CPU_PAGE];
    for (size_t i = m->ndirty; i--;)
        if (mem_write(m, m->dirty[i], zeroes, sizeof(zeroes))) BUG("a dirty page is not memory");
    mem_clean(m);
}
