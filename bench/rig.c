#include "bench/rig.h"

#include "devices/smmuv3.h"
#include "harness/clock/stats.h"

#include <stdlib.h>

enum {
    LEAF = 0x400 | 0x300,    /* AF, inner shareable */
    S1 = LEAF | 0x40,        /* for users, readable and writable */
    S2 = LEAF | 0xc0 | 0x3c, /* readable and writable, write-back */
    QUEUE = 8,               /* log2 of the command queue */
    PAGE = 4096,
};

/* ---- guest memory ---- */

/* Below stage 2, each level of stage 1's tables, and what they map, has all of memory in a part of the
 * address space that is its own: no table of stage 2 that one level needs is of use to another. */
static uint64_t part(const struct rig *r, unsigned level)
{
    return r->stages == RIG_NESTED ? (level + 1ull) << 39 : 0;
}

uint64_t *rig_at(struct rig *r, uint64_t address)
{
    return (uint64_t *)(void *)(r->mem.regions[0].host + ((address & bits_mask(39)) - RIG_RAM));
}

uint64_t rig_alloc(struct rig *r, uint64_t size)
{
    uint64_t pa = (r->next + size - 1) / size * size;
    if (pa + size > RIG_RAM + RIG_SIZE - RIG_DATA) return 0;
    r->next = pa + size;
    return pa;
}

/* ---- tables ---- */

/* The descriptor of an address at `level`; tables above it are made. NULL: there is no room. */
static uint64_t *entry(struct rig *r, bool stage1, uint64_t address, unsigned level)
{
    uint64_t table = stage1 ? r->s1 : r->s2;
    for (unsigned l = 0;; l++) {
        uint64_t *d = rig_at(r, table) + (address >> (39 - 9 * l) & 511);
        if (l == level) return d;
        if (!*d) {
            uint64_t fresh = rig_alloc(r, PAGE);
            if (!fresh) return NULL;
            *d = fresh | (stage1 ? part(r, l + 1) : 0) | 3;
        }
        table = *d & bits_mask(48) & ~(uint64_t)(PAGE - 1);
    }
}

static uint64_t leaf(uint64_t pa, unsigned level, unsigned attributes)
{
    return pa | attributes | (level == 3 ? 3 : 1);
}

uint64_t *rig_map(struct rig *r, uint64_t iova, uint64_t pa, unsigned level)
{
    bool stage1 = r->stages & RIG_S1;
    uint64_t *d = entry(r, stage1, iova, level);
    if (d) *d = stage1 ? leaf(pa | part(r, 4), level, S1) : leaf(pa, level, S2);
    return d;
}

bool rig_map_all(struct rig *r, uint64_t size, unsigned level)
{
    uint64_t piece = level == 3 ? PAGE : 2ull << 20, data = RIG_RAM + RIG_SIZE - RIG_DATA;
    for (uint64_t iova = 0; iova < size; iova += piece) {
        /* another page than the one behind the page before: ranges do not join */
        uint64_t skip = level == 3 ? iova / piece * 0x9e5 * piece : iova;
        if (!rig_map(r, iova, data + skip % RIG_DATA, level)) return false;
    }
    return true;
}

/* Stage 2 of nested streams: all of memory, where it is for CDs, and in each part. */
static bool map_memory(struct rig *r)
{
    for (unsigned level = 0; level <= 5; level++)
        for (uint64_t pa = RIG_RAM; pa < RIG_RAM + RIG_SIZE; pa += PAGE) {
            uint64_t *d = entry(r, false, level == 5 ? pa : pa | part(r, level), 3);
            if (!d) return false;
            *d = leaf(pa, 3, S2);
        }
    return true;
}

/* ---- what a driver does ---- */

static void put_ste(struct rig *r, uint64_t *ste, uint64_t cds)
{
    dev_put(ste, SMMU_STE_V, 1);
    dev_put(ste, SMMU_STE_CONFIG, SMMU_STE_CONFIG_BYPASS | r->stages);
    if (r->stages & RIG_S1) {
        dev_put(ste, SMMU_STE_S1CONTEXTPTR, cds >> 6);
        dev_put(ste, SMMU_STE_S1CDMAX, 6);
        dev_put(ste, SMMU_STE_S1DSS, SMMU_STE_S1DSS_SSID0);
    }
    if (r->stages & RIG_S2) {
        dev_put(ste, SMMU_STE_S2AA64, 1);
        dev_put(ste, SMMU_STE_S2T0SZ, 16);
        dev_put(ste, SMMU_STE_S2SL0, 2);
        dev_put(ste, SMMU_STE_S2TTB, r->s2 >> 4);
        dev_put(ste, SMMU_STE_S2PS, SMMU_SIZE_48);
        dev_put(ste, SMMU_STE_S2R, 1);
        dev_put(ste, SMMU_STE_S2VMID, 3);
    }
}

static void put_cd(const struct rig *r, uint64_t *cd, unsigned asid)
{
    dev_put(cd, SMMU_CD_V, 1);
    dev_put(cd, SMMU_CD_AA64, 1);
    dev_put(cd, SMMU_CD_T0SZ, 16);
    dev_put(cd, SMMU_CD_TTB0, (r->s1 | part(r, 0)) >> 4);
    dev_put(cd, SMMU_CD_EPD1, 1);
    dev_put(cd, SMMU_CD_IPS, SMMU_SIZE_48);
    dev_put(cd, SMMU_CD_R, 1);
    dev_put(cd, SMMU_CD_A, 1);
    dev_put(cd, SMMU_CD_ASID, asid);
    dev_put(cd, SMMU_CD_MAIR, 0xff);
}

static void put_register(struct rig *r, unsigned offset, unsigned size, uint64_t v)
{
    BUG_ON(!smmu_mmio_write(r->smmu, offset, size, v));
}

static void start(struct rig *r)
{
    uint64_t strtab = rig_alloc(r, PAGE), cds = rig_alloc(r, PAGE), commands = rig_alloc(r, PAGE);
    uint64_t events = rig_alloc(r, RIG_EVENTS * 32ull);
    for (unsigned i = 0; i < RIG_DEVICES; i++) put_ste(r, rig_at(r, strtab) + 8ull * (RIG_SID + i), cds);
    for (unsigned i = 0; i <= RIG_SUBSTREAMS; i++) put_cd(r, rig_at(r, cds) + 8ull * i, i);
    put_register(r, SMMU_REG_STRTAB_BASE, 8, strtab);
    put_register(r, SMMU_REG_STRTAB_BASE_CFG, 4, 4);
    put_register(r, SMMU_REG_CMDQ_BASE, 8, commands | QUEUE);
    put_register(r, SMMU_REG_EVENTQ_BASE, 8, events | (unsigned)__builtin_ctz(RIG_EVENTS));
    put_register(r, SMMU_REG_CR0, 4,
                 dev_bits(SMMU_CR0_SMMUEN) | dev_bits(SMMU_CR0_EVENTQEN) | dev_bits(SMMU_CR0_CMDQEN));
}

bool rig_open(struct rig *r, enum rig_stages stages, void *ram)
{
    *r = (struct rig){.stages = stages, .next = RIG_RAM + RIG_FRONT};
    mem_init(&r->mem);
    if (mem_add(&r->mem, RIG_RAM, RIG_SIZE, CPU_READ | CPU_WRITE, ram, "ram")) return false;
    r->smmu = smmu_new(&(struct smmu_board){.mem = &r->mem});
    if (!r->smmu) return false;
    r->s1 = rig_alloc(r, PAGE);
    r->s2 = rig_alloc(r, PAGE);
    start(r);
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (smmu_attach(r->smmu, &(struct smmu_client){.name = "bench", .sid = RIG_SID + i}, &r->devices[i]))
            return false;
    return stages != RIG_NESTED || map_memory(r);
}

void rig_close(struct rig *r)
{
    smmu_free(r->smmu);
    mem_free(&r->mem);
}

/* ---- commands ---- */

void rig_command(struct rig *r, const uint64_t *command)
{
    uint64_t base = 0, cons = 0, sync[2] = {0};
    dev_put(sync, SMMU_CMD_OPCODE, SMMU_CMD_SYNC);
    BUG_ON(!smmu_mmio_read(r->smmu, SMMU_REG_CMDQ_BASE, 8, &base));
    uint64_t *queue = rig_at(r, base & ~0x1full);
    const uint64_t *const words[] = {command, sync};
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        uint64_t *to = queue + r->prod % (1u << QUEUE) * 2;
        to[0] = words[i][0];
        to[1] = words[i][1];
        r->prod = (r->prod + 1) % (2u << QUEUE);
    }
    put_register(r, SMMU_REG_CMDQ_PROD, 4, r->prod);
    do BUG_ON(!smmu_mmio_read(r->smmu, SMMU_REG_CMDQ_CONS, 4, &cons));
    while (cons != r->prod);
}

void rig_forget_tables(struct rig *r)
{
    uint64_t c[2] = {0};
    dev_put(c, SMMU_CMD_OPCODE, SMMU_CMD_TLBI_NSNH_ALL);
    rig_command(r, c);
}

void rig_forget_configs(struct rig *r)
{
    uint64_t c[2] = {0};
    dev_put(c, SMMU_CMD_OPCODE, SMMU_CMD_CFGI_STE_RANGE);
    dev_put(c, SMMU_CMD_CFGI_STE_RANGE_RANGE, 31);
    rig_command(r, c);
}

void rig_forget_page(struct rig *r, uint64_t iova)
{
    uint64_t c[2] = {0};
    dev_put(c, SMMU_CMD_OPCODE, SMMU_CMD_TLBI_NH_VA);
    dev_put(c, SMMU_CMD_TLBI_NH_VA_VMID, r->stages & RIG_S2 ? 3 : 0);
    dev_put(c, SMMU_CMD_TLBI_NH_VA_ADDRESS, iova >> 12);
    dev_put(c, SMMU_CMD_TLBI_NH_VA_LEAF, 1);
    rig_command(r, c);
}

/* ---- what it took ---- */

void rig_clock_add(struct rig_clock *c, uint64_t ns, uint64_t work)
{
    c->ns[c->n++ % RIG_PASSES] = (double)ns / (double)work;
}

/* A row of loads in `bytes`, each of which says where the next one is: nanoseconds of one, the fastest of a
 * few rounds. */
static double load_ns(size_t bytes, unsigned steps, unsigned rounds)
{
    size_t n = bytes / 64; /* one a cache line */
    struct line {
        struct line *next; /* in a random cycle of all */
        uint8_t rest[56];  /* of the cache line */
    } *lines = aligned_alloc(64, bytes);
    uint64_t seed = 1;
    double least = 0;
    if (!lines) return 1;
    for (size_t i = 0; i < n; i++) lines[i].next = &lines[i];
    for (size_t i = n - 1; i; i--) { /* Sattolo's shuffle: one cycle */
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        size_t k = (size_t)(seed >> 33) % i;
        struct line *other = lines[i].next;
        lines[i].next = lines[k].next;
        lines[k].next = other;
    }
    const struct line *volatile start = lines;
    for (unsigned round = 0; round < rounds; round++) {
        const struct line *l = start;
        uint64_t since = bench_now();
        for (unsigned i = 0; i < steps; i++) l = l->next;
        double ns = (double)(bench_now() - since) / steps;
        start = l;
        if (!round || ns < least) least = ns;
    }
    free(lines);
    return least;
}

void rig_clock_tell(const struct rig_clock *c, struct bench_state *s)
{
    /* the machine's, and the same in the whole run */
    static double near_ns, far_ns;
    unsigned n = c->n < RIG_PASSES ? c->n : RIG_PASSES;
    if (!n) return;
    if (near_ns <= 0) {
        near_ns = load_ns(16 << 10, 40000, 25);
        far_ns = load_ns(64 << 20, 20000, 15);
    }
    double least = c->ns[0];
    for (unsigned i = 1; i < n; i++)
        if (c->ns[i] < least) least = c->ns[i];
    bench_counter(s, "ns", stats_median(c->ns, n));
    bench_counter(s, "ns_least", least);
    bench_counter(s, "l1_loads", least / near_ns);
    bench_counter(s, "far_loads", least / far_ns);
}
