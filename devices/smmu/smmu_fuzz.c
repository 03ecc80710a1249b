/* A guest that does what it likes: register accesses, words of memory, commands, DMA, ATS and page requests
 * of devices that come and go, snapshots of all that. Nothing may crash, hang, or give a device anything but
 * guest memory; accesses that wait are told of once.
 */
#include "devices/smmu/fuzz_tables.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICES = 4, STEPS = 256 };

struct input {
    const uint8_t *p; /* what is left */
    size_t n;         /* of it */
};

/* What a device knows. */
struct owner {
    struct play *play;            /* whose */
    struct smmu_device *d;        /* NULL: not attached */
    bool waits[SMMU_STALLS + 1];  /* accesses of it, by number, and those without */
    bool waited[SMMU_STALLS + 1]; /* when the snapshot was taken */
    bool again;                   /* what is to be tried again is, at once */
    bool silent;                  /* invalidations get no answer */
};

struct play {
    struct mem mem;               /* guest memory */
    struct smmu *s;               /* the unit */
    struct owner owners[DEVICES]; /* of devices */
    struct input in;              /* what to do */
    struct buf saved;             /* a snapshot; empty: there is none of these devices */
};

static uint64_t take(struct input *in, unsigned bytes)
{
    uint64_t v = 0;
    if (bytes > in->n) bytes = (unsigned)in->n;
    memcpy(&v, in->p, bytes);
    in->p += bytes;
    in->n -= bytes;
    return v;
}

/* A number that may be an address in memory, a small one, or anything. */
static uint64_t take_number(struct input *in)
{
    switch (take(in, 1) % 8) {
    case 0: return take(in, 8);
    case 1: return take(in, 1);
    case 2: return HIGH + take(in, 2);
    case 3: return take(in, 2) << 12;
    case 4: return take(in, 3) & 0x1fffff;
    case 5: return TOP - 0x8000 + take(in, 2);
    default: return RAM + take(in, 3) % RAM_SIZE;
    }
}

static struct owner *take_owner(struct play *p)
{
    return &p->owners[take(&p->in, 1) % DEVICES];
}

/* ---- devices ---- */

static void check_range(const struct play *p, const struct smmu_range *r)
{
    const struct mem_region *m = mem_find(&p->mem, r->address);
    if (!r->host) return;
    if (!m || r->address - m->base + r->size > m->size || m->host + (r->address - m->base) != r->host)
        BUG("a device got what is not guest memory: %#lx, %#lx bytes", r->address, r->size);
}

static void ended(struct owner *o, const struct smmu_stop *stop)
{
    if (stop->end != SMMU_STALLED) return;
    if (stop->stall > SMMU_STALLS) BUG("an access waits as %u", stop->stall);
    if (stop->stall < SMMU_STALLS && o->waits[stop->stall]) BUG("two accesses wait as %u", stop->stall);
    o->waits[stop->stall] = true;
}

static void resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    struct owner *o = arg;
    struct smmu_request q = {.iova = stall << 12, .size = 64, .access = SMMU_READ};
    struct smmu_range to[2];
    struct smmu_stop stop;
    if (stall > SMMU_STALLS || !o->waits[stall]) BUG("access %u goes on, and did not wait", stall);
    o->waits[stall] = false;
    if (!o->again || !o->d) return;
    for (unsigned n = smmu_translate(o->d, &q, to, ARRAY_LEN(to), &stop); n--;) check_range(o->play, &to[n]);
    if (stop.end != SMMU_DONE) ended(o, &stop);
}

/* May use the unit. */
static void page_response(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code)
{
    struct owner *o = arg;
    uint64_t v;
    if (group > 511 || ssid >> 20) BUG("page request group %u, substream %u", group, ssid);
    BUG_ON(!smmu_mmio_read(o->play->s, SMMU_REG_PRIQ_CONS, 4, &v));
}

static bool forget(void *arg, bool substream, uint32_t ssid, bool global, uint64_t address, uint64_t last)
{
    struct owner *o = arg;
    if (last < address) BUG("nothing from %#lx to %#lx", address, last);
    return !o->silent;
}

/* What is not to be known any more is forgotten with the device that knew. */
static void attach(struct play *p, struct owner *o, uint32_t sid, unsigned flags)
{
    struct smmu_client c = {.name = "fuzz", .sid = sid, .ats = flags & 2, .pri = flags & 4, .arg = o};
    struct smmu_device *d = o->d;
    if (flags & 8) c.resumed = resumed;
    if (flags & 16) c.page_response = page_response;
    if (flags & 32) c.forget = forget;
    o->d = NULL;
    if (d) smmu_detach(d);
    *o = (struct owner){.play = p, .again = flags & 64, .silent = flags & 128};
    if (smmu_attach(p->s, &c, &o->d)) o->d = NULL;
    p->saved.len = 0;
}

/* ---- steps ---- */

static void step_register(struct play *p)
{
    const struct dev_register *r = &smmu_spec.registers[take(&p->in, 1) % smmu_spec.nregisters];
    uint64_t v;
    if (smmu_mmio_read(p->s, r->offset, r->size, &v) && take(&p->in, 1) & 1)
        (void)smmu_mmio_write(p->s, r->offset, r->size, v ^ take_number(&p->in));
}

static void step_any_offset(struct play *p)
{
    uint64_t offset = take(&p->in, 3), v;
    unsigned size = (unsigned)take(&p->in, 1) % 17;
    (void)smmu_mmio_write(p->s, offset, size, take_number(&p->in));
    (void)smmu_mmio_read(p->s, offset, size, &v);
}

static void step_word(struct play *p)
{
    uint64_t at = take(&p->in, 3) % RAM_SIZE & ~7ull, v = take_number(&p->in);
    word(&p->mem, at, take(&p->in, 1) & 1 ? v | 3 : v);
}

static void step_flip(struct play *p)
{
    uint64_t at = RAM + (take(&p->in, 3) % 0x30000 & ~7ull), v;
    if (mem_read(&p->mem, at, &v, 8)) return;
    word(&p->mem, at - RAM, v ^ 1ull << (take(&p->in, 1) & 63));
}

static void step_command(struct play *p)
{
    uint64_t prod, c[2] = {take_number(&p->in), take_number(&p->in)};
    c[0] = (c[0] & ~0xffull) | take(&p->in, 1);
    if (!smmu_mmio_read(p->s, SMMU_REG_CMDQ_PROD, 4, &prod)) return;
    for (unsigned i = 0; i < 2; i++) word(&p->mem, COMMANDS + (prod & 63) * 16 + i * 8, c[i]);
    (void)smmu_mmio_write(p->s, SMMU_REG_CMDQ_PROD, 4, (prod + 1) & 127);
}

static void step_stream(struct play *p)
{
    unsigned sid = (unsigned)take(&p->in, 1) % DEVICES, flags = (unsigned)take(&p->in, 1);
    stream(&p->mem, sid, 4 + (flags & 3), flags >> 4 & 1, (unsigned)take(&p->in, 1));
    tables(&p->mem, STAGE1, 0x443, flags & 4 ? RAM : take_number(&p->in) & ~0xfffull);
    tables(&p->mem, STAGE2, 0x4c3 | 0x3c, RAM);
    if (flags & 8) switch_on(p->s, &p->mem, flags >> 5 & 1);
}

/* Queues and tables on top of each other. */
static void step_overlap(struct play *p)
{
    static const uint32_t registers[] = {SMMU_REG_STRTAB_BASE, SMMU_REG_CMDQ_BASE, SMMU_REG_EVENTQ_BASE,
                                         SMMU_REG_PRIQ_BASE};
    static const uint64_t places[] = {RAM,          RAM + STRTAB_L1,     RAM + CDS, RAM + STAGE1,
                                      RAM + EVENTS, RAM + RAM_SIZE - 64, HIGH,      TOP};
    uint64_t cr0;
    if (!smmu_mmio_read(p->s, SMMU_REG_CR0, 4, &cr0)) return;
    (void)smmu_mmio_write(p->s, SMMU_REG_CR0, 4, 0);
    uint64_t at = places[take(&p->in, 1) % ARRAY_LEN(places)] | (take(&p->in, 1) & 31);
    (void)smmu_mmio_write(p->s, registers[take(&p->in, 1) % ARRAY_LEN(registers)], 8, at);
    (void)smmu_mmio_write(p->s, SMMU_REG_CR0, 4, cr0);
}

static void step_attach(struct play *p)
{
    struct owner *o = take_owner(p);
    unsigned flags = (unsigned)take(&p->in, 1);
    attach(p, o, flags & 1 ? (uint32_t)(o - p->owners) : (uint32_t)take(&p->in, 4), flags);
}

static struct smmu_request take_request(struct play *p)
{
    struct smmu_request q = {.iova = take_number(&p->in), .size = 1 + take(&p->in, 2)};
    q.access = (unsigned)take(&p->in, 1) & 63;
    if (!(q.access & 7)) q.access |= SMMU_READ;
    q.ssid = (uint32_t)take(&p->in, 1);
    if (q.iova + q.size - 1 < q.iova) q.size = 1;
    return q;
}

static void use(struct play *p, struct owner *o, const struct smmu_request *q)
{
    struct smmu_range to[8];
    struct smmu_stop stop;
    uint64_t total = 0;
    unsigned n = smmu_translate(o->d, q, to, ARRAY_LEN(to), &stop);
    for (unsigned i = 0; i < n; i++) {
        check_range(p, &to[i]);
        total += to[i].size;
        if (q->access & SMMU_WRITE && to[i].host) memset(to[i].host, 0, to[i].size);
    }
    if (total > q->size) BUG("%lu bytes for a request of %lu", total, q->size);
    if (total < q->size) ended(o, &stop);
}

static void step_access(struct play *p)
{
    struct owner *o = take_owner(p);
    struct smmu_request q = take_request(p);
    if (!o->d) return;
    smmu_begin(o->d);
    use(p, o, &q);
    smmu_end(o->d);
}

static void step_list(struct play *p)
{
    struct owner *o = take_owner(p);
    struct smmu_request q[4];
    struct smmu_range to[6];
    struct smmu_stop stop;
    unsigned ends[ARRAY_LEN(q)];
    for (unsigned i = 0; i < ARRAY_LEN(q); i++) q[i] = take_request(p);
    if (!o->d) return;
    smmu_begin(o->d);
    unsigned n = smmu_translate_list(o->d, q, ARRAY_LEN(q), to, ARRAY_LEN(to), ends, &stop);
    for (unsigned i = 0; n && i < ends[n - 1]; i++) check_range(p, &to[i]);
    smmu_end(o->d);
    if (n < ARRAY_LEN(q)) ended(o, &stop);
}

static void step_dma(struct play *p)
{
    struct owner *o = take_owner(p);
    struct smmu_request q = take_request(p);
    struct smmu_stop stop;
    uint8_t bytes[256] = {0};
    if (q.size > sizeof(bytes)) q.size = sizeof(bytes);
    if (o->d && smmu_dma(o->d, &q, bytes, &stop) != SMMU_DONE) ended(o, &stop);
}

/* A translation, and an access by it. */
static void step_ats(struct play *p)
{
    struct owner *o = take_owner(p);
    struct smmu_request q = take_request(p), by = q;
    struct smmu_range to;
    unsigned granted;
    if (!o->d) return;
    if (smmu_ats_request(o->d, &q, &to, &granted) == SMMU_DONE) check_range(p, &to);
    smmu_begin(o->d);
    if (smmu_ats_cached(o->d, &q, &to)) {
        by.iova = to.address;
        by.size = to.size;
        by.access |= SMMU_TRANSLATED;
        use(p, o, &by);
    }
    smmu_end(o->d);
}

static void step_page(struct play *p)
{
    struct owner *o = take_owner(p);
    struct smmu_request q = take_request(p);
    unsigned group = (unsigned)take(&p->in, 2);
    if (!o->d) return;
    if (group & 1)
        (void)smmu_page_request(o->d, &q, group >> 1, take(&p->in, 1) & 1);
    else
        smmu_page_hint(o->d, &q);
}

/* Back to where it was, which is what is saved again. */
static void load(struct play *p)
{
    struct buf again = {0};
    const char *why;
    if (smmu_snapshot_load(p->s, p->saved.p, p->saved.len, &why)) BUG("what was saved is refused: %s", why);
    smmu_snapshot_save(p->s, &again);
    if (again.len != p->saved.len || memcmp(again.p, p->saved.p, again.len)) BUG("another state is back");
    buf_free(&again);
    for (unsigned i = 0; i < DEVICES; i++)
        memcpy(p->owners[i].waits, p->owners[i].waited, sizeof(p->owners[i].waits));
}

static void step_snapshot(struct play *p)
{
    if (p->saved.len && take(&p->in, 1) & 1) {
        load(p);
        return;
    }
    p->saved.len = 0;
    smmu_snapshot_save(p->s, &p->saved);
    for (unsigned i = 0; i < DEVICES; i++)
        memcpy(p->owners[i].waited, p->owners[i].waits, sizeof(p->owners[i].waits));
}

static void step_reset(struct play *p)
{
    if (take(&p->in, 1) >= 8) return;
    smmu_reset(p->s);
    for (unsigned i = 0; i < DEVICES * (SMMU_STALLS + 1); i++)
        if (p->owners[i % DEVICES].waits[i / DEVICES]) BUG("access %u waits, and the unit does not know", i);
}

static void (*const steps[])(struct play *p) = {
    step_register, step_register, step_any_offset, step_word,   step_word, step_flip,    step_command,
    step_command,  step_stream,   step_stream,     step_attach, step_list, step_dma,     step_access,
    step_access,   step_ats,      step_page,       step_reset,  step_page, step_overlap, step_snapshot};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play *p = xrealloc(NULL, sizeof(*p));
    *p = (struct play){.in = {data, size}};
    mem_init(&p->mem);
    if (mem_add(&p->mem, RAM, RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram") ||
        mem_add(&p->mem, HIGH, HIGH_SIZE, CPU_READ | CPU_WRITE, NULL, "high") ||
        mem_add(&p->mem, TOP, TOP_SIZE, CPU_READ | CPU_WRITE, NULL, "top"))
        BUG("no memory");
    p->s = smmu_new(&(struct smmu_board){.mem = &p->mem});
    BUG_ON(!p->s);
    for (unsigned i = 0; i < DEVICES; i++) attach(p, &p->owners[i], i, i * 0x26 | i << 3 | (i & 1) << 6);
    for (unsigned i = 0; i < STEPS && p->in.n; i++) steps[take(&p->in, 1) % ARRAY_LEN(steps)](p);
    for (unsigned i = 0; i < DEVICES; i++)
        if (p->owners[i].d) smmu_detach(p->owners[i].d);
    smmu_free(p->s);
    mem_free(&p->mem);
    buf_free(&p->saved);
    free(p);
    return 0;
}
