/* One case on one backend.
 *
 * A runner lives as long as its worker. What a case changes is undone at the start of the next one, in time
 * proportional to what was touched: dirty pages are copied back, regions of the case's own are unmapped, and
 * code is rewritten only when it is not what already stands there.
 *
 * Invariants between cases: mem holds exactly the regions of `homes` plus those in extra[]; every page that
 * differs from its home image is dirty, but for the page of default code, which holds code[0..code_size) at
 * code_at and zeroes elsewhere. Guests cannot write that page.
 */
#include "harness/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The default memory; see harness.h. */
static const struct home {
    uint64_t base, size; /* where */
    unsigned perm;       /* CPU_* */
    bool pattern;        /* holds layout_byte(), not zeroes */
    const char *name;    /* for messages */
} homes[] = {
    {LAYOUT_CODE, LAYOUT_CODE_SIZE, CPU_READ | CPU_EXEC, false, "code"},
    {LAYOUT_DATA, LAYOUT_DATA_SIZE, CPU_READ | CPU_WRITE, true, "data"},
    {LAYOUT_ROM, LAYOUT_ROM_SIZE, CPU_READ, true, "rom"},
};

enum { RUNNER_CHANGES = 64, RUNNER_SPARE = 4 * CPU_PAGE };

struct runner {
    const struct backend *backend;     /* that runs */
    const struct guest *guest;         /* what it runs */
    struct mem mem;                    /* the guest's memory */
    struct vcpu *vcpu;                 /* its only processor */
    uint64_t *reset;                   /* state after reset; guest->state_words words */
    uint64_t *before;                  /* state before the current case: `reset`, but for the next */
    uint16_t changed[RUNNER_CHANGES];  /* words of it that the case gave */
    unsigned nchanged;                 /* how many; more than there is room for: anywhere */
    uint8_t *images[ARRAY_LEN(homes)]; /* what each default region holds before a case; NULL: zeroes */
    uint8_t *code_host;                /* host bytes of the default code region */
    uint8_t code[LAYOUT_CODE_SIZE];    /* what stands there, so that equal code is not written again */
    unsigned code_size;                /* bytes of it; 0: none yet */
    uint64_t code_at;                  /* its address */
    uint64_t extra[CASE_MAX_MEM];      /* bases of the regions that the last case mapped */
    unsigned nextra;                   /* how many */
    uint8_t *spare;  /* RUNNER_SPARE zeroes for them: the kernel need not be asked each time */
    uint64_t spared; /* bytes of it that are in use */
};

/* The default regions with their contents. */
static int map_homes(struct runner *r)
{
    for (unsigned i = 0; i < ARRAY_LEN(homes); i++) {
        const struct home *h = &homes[i];
        int err = mem_add(&r->mem, h->base, h->size, h->perm, NULL, h->name);
        if (err) return err;
        if (!h->pattern) continue;
        r->images[i] = xmalloc(h->size);
        for (uint64_t k = 0; k < h->size; k++) r->images[i][k] = layout_byte(h->base + k);
        memcpy(mem_find(&r->mem, h->base)->host, r->images[i], h->size);
    }
    r->code_host = mem_find(&r->mem, LAYOUT_CODE)->host;
    return 0;
}

struct runner *runner_open(const struct backend *b, const struct guest *g, const char **why)
{
    return runner_open_with(b, NULL, g, why);
}

struct runner *runner_open_with(const struct backend *b, const void *options, const struct guest *g,
                                const char **why)
{
    *why = "it cannot run here";
    if (b->probe && b->probe(g, why)) return NULL;
    struct runner *r = xcalloc(1, sizeof(*r));
    size_t bytes = g->state_words * sizeof(uint64_t);
    r->backend = b;
    r->guest = g;
    mem_init(&r->mem);
    r->spare = aligned_alloc(CPU_PAGE, RUNNER_SPARE);
    BUG_ON(!r->spare);
    memset(r->spare, 0, RUNNER_SPARE);
    r->reset = xmalloc(bytes);
    r->before = xmalloc(bytes);
    int err = map_homes(r);
    r->vcpu = err ? NULL : vcpu_new(g, &r->mem);
    if (!err && !r->vcpu) err = -ENOMEM;
    if (!err) {
        memcpy(r->reset, r->vcpu->state, bytes);
        memcpy(r->before, r->reset, bytes);
        r->vcpu->options = options;
        err = b->open(r->vcpu);
        if (err) vcpu_free(r->vcpu);
        if (err) r->vcpu = NULL;
    }
    if (!err) return r;
    *why = strerrordesc_np(-err);
    runner_close(r);
    return NULL;
}

void runner_close(struct runner *r)
{
    if (!r) return;
    if (r->vcpu) {
        if (r->backend->close) r->backend->close(r->vcpu);
        vcpu_free(r->vcpu);
    }
    for (unsigned i = 0; i < ARRAY_LEN(homes); i++) free(r->images[i]);
    mem_free(&r->mem);
    free(r->spare);
    free(r->reset);
    free(r->before);
    free(r);
}

/* A dirty page of an extra region, which goes away with it; the bytes may be another's in the next case. */
static void page_clear(struct runner *r, uint64_t page)
{
    const struct mem_region *region = mem_find(&r->mem, page);
    if (!region->owned) memset(region->host + (page - region->base), 0, CPU_PAGE);
}

/* Copies a dirty page of a default region back. */
static void page_restore(struct runner *r, uint64_t page)
{
    for (unsigned i = 0; i < ARRAY_LEN(homes); i++) {
        if (page - homes[i].base >= homes[i].size) continue;
        uint8_t *host = mem_find(&r->mem, page)->host + (page - homes[i].base);
        if (r->images[i])
            memcpy(host, r->images[i] + (page - homes[i].base), CPU_PAGE);
        else
            memset(host, 0, CPU_PAGE);
        if (homes[i].base == LAYOUT_CODE)
            r->code_size = 0; /* a case wrote its own bytes over the code page */
        if (homes[i].perm & CPU_EXEC && r->backend->invalidate)
            r->backend->invalidate(r->vcpu, page, CPU_PAGE);
        return;
    }
    page_clear(r, page);
}

static void restore(struct runner *r)
{
    for (size_t i = 0; i < r->mem.ndirty; i++) page_restore(r, r->mem.dirty[i]);
    mem_clean(&r->mem);
    for (unsigned i = 0; i < r->nextra; i++) {
        int err = mem_remove(&r->mem, r->extra[i]);
        BUG_ON(err);
    }
    r->nextra = 0;
    r->spared = 0;
}

/* Writes of the host that the guest may be about to execute. */
static int poke(struct runner *r, uint64_t at, const void *p, size_t n)
{
    int err = mem_write(&r->mem, at, p, n);
    const struct mem_region *region = err ? NULL : mem_find(&r->mem, at);
    if (region && region->perm & CPU_EXEC && r->backend->invalidate) r->backend->invalidate(r->vcpu, at, n);
    return err;
}

/* Takes the last case's code away, for a case that writes bytes of its own around its code. */
static void clear_code(struct runner *r)
{
    if (!r->code_size) return;
    memset(r->code_host + (r->code_at - LAYOUT_CODE), 0, r->code_size);
    if (r->backend->invalidate) r->backend->invalidate(r->vcpu, r->code_at, r->code_size);
    r->code_size = 0;
}

void runner_forget(struct runner *r)
{
    clear_code(r);
}

/* A region of the case's own. */
static int map_extra(struct runner *r, const struct case_mem *m)
{
    bool fits = m->size <= RUNNER_SPARE - r->spared;
    int err = mem_add(&r->mem, m->at, m->size, m->perm, fits ? r->spare + r->spared : NULL, "case");
    if (err) return err;
    if (fits) r->spared += m->size;
    r->extra[r->nextra++] = m->at;
    return 0;
}

/* The memory that the case brings: regions first, so that bytes may stand in any of them. */
static int place_memory(struct runner *r, const struct test_case *c)
{
    int err = 0;
    for (unsigned i = 0; i < c->nmem && !err; i++) {
        const struct case_mem *m = &c->mem[i];
        if (!m->perm) continue;
        if (r->nextra == CASE_MAX_MEM) return -E2BIG;
        err = map_extra(r, m);
    }
    for (unsigned i = 0; i < c->nmem && !err; i++) {
        const struct case_mem *m = &c->mem[i];
        if (!m->data) continue;
        if (m->at < LAYOUT_CODE + LAYOUT_CODE_SIZE && m->at + m->size > LAYOUT_CODE) clear_code(r);
        err = poke(r, m->at, m->data, m->size);
    }
    return err;
}

/* Puts the code into the default region without making its page dirty: the next case's code undoes it. */
static void place_default_code(struct runner *r, const struct test_case *c)
{
    if (r->code_at == c->code_at && r->code_size == c->code_size && !memcmp(r->code, c->code, c->code_size))
        return;
    uint64_t first = c->code_at, last = c->code_at + c->code_size; /* all bytes that change */
    if (r->code_size) {
        memset(r->code_host + (r->code_at - LAYOUT_CODE), 0, r->code_size);
        if (r->code_at < first) first = r->code_at;
        if (r->code_at + r->code_size > last) last = r->code_at + r->code_size;
    }
    memcpy(r->code_host + (c->code_at - LAYOUT_CODE), c->code, c->code_size);
    memcpy(r->code, c->code, c->code_size);
    r->code_at = c->code_at;
    r->code_size = c->code_size;
    if (r->backend->invalidate) r->backend->invalidate(r->vcpu, first, last - first);
}

static int place_code(struct runner *r, const struct test_case *c)
{
    if (c->code_at - LAYOUT_CODE >= LAYOUT_CODE_SIZE ||
        c->code_size > LAYOUT_CODE_SIZE - (c->code_at - LAYOUT_CODE))
        return c->code_size ? poke(r, c->code_at, c->code, c->code_size) : 0;
    place_default_code(r, c);
    return 0;
}

/* A word of the state that the case gives. */
static void set_word(struct runner *r, unsigned word, uint64_t v)
{
    r->before[word] = v;
    if (r->nchanged < RUNNER_CHANGES) r->changed[r->nchanged] = (uint16_t)word;
    r->nchanged++;
}

static void set_registers(struct runner *r, const struct test_case *c)
{
    const struct guest *g = r->guest;
    size_t bytes = g->state_words * sizeof(uint64_t);
    if (r->nchanged > RUNNER_CHANGES) memcpy(r->before, r->reset, bytes);
    for (unsigned i = 0; i < r->nchanged && i < RUNNER_CHANGES; i++)
        r->before[r->changed[i]] = r->reset[r->changed[i]];
    r->nchanged = 0;
    set_word(r, g->pc_word, c->code_at);
    for (unsigned i = 0; i < c->nin; i++) {
        const struct guest_reg *reg = c->in[i].ref.reg;
        unsigned word = reg->word + c->in[i].ref.index * reg->words;
        for (unsigned w = 0; w < reg->words; w++) set_word(r, word + w, c->in[i].value[w]);
    }
    memcpy(r->vcpu->state, r->before, bytes);
}

/* For a backend that does not say what it wrote: finds the pages that are not as they were. */
static void find_writes(struct runner *r)
{
    struct mem *m = &r->mem;
    for (unsigned i = 0; i < m->count; i++) {
        struct mem_region *region = &m->regions[i];
        if (!(region->perm & CPU_WRITE)) continue;
        const uint8_t *image = NULL;
        for (unsigned h = 0; h < ARRAY_LEN(homes); h++)
            if (homes[h].base == region->base) image = r->images[h];
        for (uint64_t at = 0; at < region->size; at += CPU_PAGE)
            if (!image || memcmp(region->host + at, image + at, CPU_PAGE))
                mem_mark(m, region, region->base + at);
    }
}

void runner_run(struct runner *r, const struct test_case *c, struct outcome *o)
{
    BUG_ON(c->guest != r->guest);
    restore(r);
    *o =
        (struct outcome){.backend = r->backend, .before = r->before, .state = r->vcpu->state, .mem = &r->mem};
    int err = place_memory(r, c);
    if (!err) err = place_code(r, c);
    set_registers(r, c);
    if (err) {
        o->unsupported = "the memory of the case overlaps the default layout or is not mapped";
        return;
    }
    r->vcpu->exit = (struct cpu_exit){0};
    r->backend->run(r->vcpu, c->steps);
    if (!r->backend->tracks_writes) find_writes(r);
    o->exit = r->vcpu->exit;
    if (o->exit.kind == EXIT_UNSUPPORTED) o->unsupported = o->exit.why ? o->exit.why : "it gave up";
}

void runner_go_on(struct runner *r, uint64_t steps, struct outcome *o)
{
    r->vcpu->exit = (struct cpu_exit){0};
    r->backend->run(r->vcpu, steps);
    o->exit = r->vcpu->exit;
}
