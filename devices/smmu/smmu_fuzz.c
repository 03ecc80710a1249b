/* A guest that does what it likes: register accesses, words of memory, commands, DMA, ATS and page requests
 * of devices that come and go. Nothing may crash, hang, or give a device anything but guest memory. Some
 * steps set up tables that hold, so that the rest finds its way past the first check.
 */
#include "devices/smmu/internal.h"

#include <stdlib.h>
#include <string.h>

#define RAM  0x40000000ull
#define HIGH (1ull << 50)
enum {
    RAM_SIZE = 1 << 20,
    HIGH_SIZE = 1 << 16,
    DEVICES = 4,
    STREAMS = 64, /* STRTAB_BASE_CFG.LOG2SIZE 6 */
    STEPS = 256,
    /* where tables that hold are */
    STRTAB = 0x0,
    CDS = 0x2000,
    STAGE1 = 0x10000,
    STAGE2 = 0x20000,
    COMMANDS = 0x40000,
    EVENTS = 0x50000,
    PAGES = 0x60000,
};

struct input {
    const uint8_t *p; /* what is left */
    size_t n;         /* of it */
};

struct play {
    struct mem mem;                       /* guest memory */
    struct smmu *s;                       /* the unit */
    struct smmu_device *devices[DEVICES]; /* NULL: not attached */
    struct input in;                      /* what to do */
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
    switch (take(in, 1) % 6) {
    case 0: return take(in, 8);
    case 1: return take(in, 1);
    case 2: return HIGH + take(in, 2);
    case 3: return take(in, 2) << 12;
    default: return RAM + take(in, 3) % RAM_SIZE;
    }
}

static void word(struct play *p, uint64_t at, uint64_t v)
{
    (void)mem_write(&p->mem, RAM + at, &v, 8);
}

/* ---- tables that hold ---- */

/* A table for each level over the first 2 MiB; 512 pages to memory, or to where `to` says. */
static void tables(struct play *p, uint64_t at, uint64_t leaf, uint64_t to)
{
    for (unsigned level = 0; level < 3; level++)
        word(p, at + level * 0x1000, (RAM + at + (level + 1) * 0x1000) | 3);
    for (unsigned i = 0; i < 512; i++) word(p, at + 0x3000 + i * 8, (to + i % 256 * 0x1000) | leaf);
}

static void stream(struct play *p, unsigned sid, uint64_t config, unsigned flags)
{
    uint64_t ste[8] = {0}, cd[8] = {0};
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, config);
    dev_put(ste, SMMU_STE_S1CONTEXTPTR, (RAM + CDS) >> 6);
    dev_put(ste, SMMU_STE_S1CDMAX, flags & 3);
    dev_put(ste, SMMU_STE_S1DSS, 2);
    dev_put(ste, SMMU_STE_EATS, flags >> 2 & 3);
    dev_put(ste, SMMU_STE_S2AA64, 1);
    dev_put(ste, SMMU_STE_S2T0SZ, 64 - 48);
    dev_put(ste, SMMU_STE_S2SL0, 2);
    dev_put(ste, SMMU_STE_S2PS, SMMU_SIZE_52);
    dev_put(ste, SMMU_STE_S2R, 1);
    dev_put(ste, SMMU_STE_S2HA, flags >> 4 & 1);
    dev_put(ste, SMMU_STE_S2HD, flags >> 5 & 1);
    dev_put(ste, SMMU_STE_S2TTB, (RAM + STAGE2) >> 4);
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 64 - 48);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SMMU_SIZE_52);
    dev_put(cd, SMMU_CD_A, flags >> 6 & 1);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_S, flags >> 7 & 1);
    dev_put(cd, SMMU_CD_HA, flags >> 4 & 1);
    dev_put(cd, SMMU_CD_HD, flags >> 5 & 1);
    dev_put(cd, SMMU_CD_TTB0, (RAM + STAGE1) >> 4);
    for (unsigned i = 0; i < 8; i++) word(p, STRTAB + sid * 64 + i * 8, ste[i]);
    for (unsigned c = 0; c < 8; c++)
        for (unsigned i = 0; i < 8; i++) word(p, CDS + c * 64 + i * 8, cd[i]);
}

static void switch_on(struct play *p)
{
    static const struct {
        unsigned offset; /* of the register */
        uint64_t value;  /* for it */
    } writes[] = {{SMMU_REG_STRTAB_BASE, RAM + STRTAB},
                  {SMMU_REG_STRTAB_BASE_CFG, 6},
                  {SMMU_REG_CMDQ_BASE, (RAM + COMMANDS) | 6},
                  {SMMU_REG_EVENTQ_BASE, (RAM + EVENTS) | 4},
                  {SMMU_REG_PRIQ_BASE, (RAM + PAGES) | 4},
                  {SMMU_REG_IRQ_CTRL, 7},
                  {SMMU_REG_CR0, 0x1f}};
    for (unsigned i = 0; i < ARRAY_LEN(writes); i++) {
        unsigned size = i == 0 || (i >= 2 && i <= 4) ? 8 : 4;
        (void)smmu_mmio_write(p->s, writes[i].offset, size, writes[i].value);
    }
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
    word(p, at, take(&p->in, 1) & 1 ? v | 3 : v);
}

static void step_flip(struct play *p)
{
    uint64_t at = RAM + (take(&p->in, 3) % 0x30000 & ~7ull), v;
    if (mem_read(&p->mem, at, &v, 8)) return;
    word(p, at - RAM, v ^ 1ull << (take(&p->in, 1) & 63));
}

static void step_command(struct play *p)
{
    uint64_t prod, c[2] = {take_number(&p->in), take_number(&p->in)};
    c[0] = (c[0] & ~0xffull) | take(&p->in, 1);
    if (!smmu_mmio_read(p->s, SMMU_REG_CMDQ_PROD, 4, &prod)) return;
    for (unsigned i = 0; i < 2; i++) word(p, COMMANDS + (prod & 63) * 16 + i * 8, c[i]);
    (void)smmu_mmio_write(p->s, SMMU_REG_CMDQ_PROD, 4, (prod + 1) & 127);
}

static void step_stream(struct play *p)
{
    unsigned sid = (unsigned)take(&p->in, 1) % DEVICES, flags = (unsigned)take(&p->in, 1);
    stream(p, sid, 4 + (flags & 3), (unsigned)take(&p->in, 1));
    tables(p, STAGE1, 0x443, flags & 4 ? RAM : take_number(&p->in) & ~0xfffull);
    tables(p, STAGE2, 0x4c3 | 0x3c, RAM);
    if (flags & 8) switch_on(p);
}

static void step_attach(struct play *p)
{
    unsigned i = (unsigned)take(&p->in, 1) % DEVICES, flags = (unsigned)take(&p->in, 1);
    struct smmu_client c = {
        .name = "fuzz", .sid = flags & 1 ? i : (uint32_t)take(&p->in, 4), .ats = flags & 2, .pri = flags & 4};
    if (p->devices[i]) smmu_detach(p->devices[i]);
    if (smmu_attach(p->s, &c, &p->devices[i])) p->devices[i] = NULL;
}

static void check_range(const struct play *p, const struct smmu_range *r)
{
    const struct mem_region *m = mem_find(&p->mem, r->address);
    if (!r->host) return;
    if (!m || r->address - m->base + r->size > m->size || m->host + (r->address - m->base) != r->host)
        BUG("a device got what is not guest memory: %#lx, %#lx bytes", r->address, r->size);
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

static void step_access(struct play *p)
{
    struct smmu_device *d = p->devices[take(&p->in, 1) % DEVICES];
    struct smmu_request q = take_request(p);
    struct smmu_range to[8];
    struct smmu_stop stop;
    uint64_t total = 0;
    if (!d) return;
    smmu_begin(d);
    unsigned n = smmu_translate(d, &q, to, ARRAY_LEN(to), &stop);
    for (unsigned i = 0; i < n; i++) {
        check_range(p, &to[i]);
        total += to[i].size;
        if (q.access & SMMU_WRITE && to[i].host) memset(to[i].host, 0, to[i].size);
    }
    smmu_end(d);
    if (total > q.size) BUG("%lu bytes for a request of %lu", total, q.size);
}

static void step_dma(struct play *p)
{
    struct smmu_device *d = p->devices[take(&p->in, 1) % DEVICES];
    struct smmu_request q = take_request(p);
    struct smmu_stop stop;
    uint8_t bytes[256] = {0};
    if (q.size > sizeof(bytes)) q.size = sizeof(bytes);
    if (d) (void)smmu_dma(d, &q, bytes, &stop);
}

static void step_ats(struct play *p)
{
    struct smmu_device *d = p->devices[take(&p->in, 1) % DEVICES];
    struct smmu_request q = take_request(p);
    struct smmu_range to;
    unsigned granted;
    if (!d) return;
    if (q.access & 64 || take(&p->in, 1) & 1)
        (void)smmu_page_request(d, &q, (unsigned)take(&p->in, 2), take(&p->in, 1) & 1);
    else if (smmu_ats_request(d, &q, &to, &granted) == SMMU_DONE)
        check_range(p, &to);
}

static void step_reset(struct play *p)
{
    if (take(&p->in, 1) < 8) smmu_reset(p->s);
}

static void (*const steps[])(struct play *p) = {step_register, step_register, step_any_offset, step_word,
                                                step_word,     step_flip,     step_command,    step_command,
                                                step_stream,   step_attach,   step_access,     step_access,
                                                step_dma,      step_ats,      step_reset};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play p = {.in = {data, size}};
    mem_init(&p.mem);
    if (mem_add(&p.mem, RAM, RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram") ||
        mem_add(&p.mem, HIGH, HIGH_SIZE, CPU_READ | CPU_WRITE, NULL, "high"))
        BUG("no memory");
    p.s = smmu_new(&(struct smmu_board){.mem = &p.mem});
    BUG_ON(!p.s);
    for (unsigned i = 0; i < DEVICES; i++)
        if (smmu_attach(p.s, &(struct smmu_client){.name = "fuzz", .sid = i, .ats = i & 1, .pri = i & 1},
                        &p.devices[i]))
            BUG("no device");
    for (unsigned i = 0; i < STEPS && p.in.n; i++) steps[take(&p.in, 1) % ARRAY_LEN(steps)](&p);
    for (unsigned i = 0; i < DEVICES; i++)
        if (p.devices[i]) smmu_detach(p.devices[i]);
    smmu_free(p.s);
    mem_free(&p.mem);
    return 0;
}
