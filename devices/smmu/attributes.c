/* Memory types and shareability of a transaction: what comes in, replaced by what an STE or GBPA says, by
 * stage 1's MAIR, and combined with stage 2's (IHI 0070 chapter 13). Nothing here decides whether an access
 * goes through, except stage 2's device memory under S2PTW.
 */
#include "devices/smmu/walk.h"

enum { SH_NONE = 0, SH_OUTER = 2, SH_INNER = 3 };
enum cacheable { NC, WT, WB }; /* from the strongest */

/* Cacheability of one level, inner or outer. */
struct cache {
    uint8_t kind;                /* enum cacheable */
    bool transient, read, write; /* hints for allocation */
};

static bool is_device(uint8_t type)
{
    return !(type >> 4);
}

static struct cache cache_of(unsigned nibble)
{
    if (nibble == 4) return (struct cache){.kind = NC};
    struct cache c = {.transient = !(nibble & 8), .read = nibble & 2, .write = nibble & 1};
    c.kind = nibble & 4 ? WB : WT;
    return c;
}

static unsigned nibble_of(struct cache c)
{
    if (c.kind == NC) return 4;
    if (!c.read && !c.write) c.transient = false; /* 13.1.7 */
    return (c.transient ? 0u : 8u) | (c.kind == WB ? 4u : 0u) | (c.read ? 2u : 0u) | (c.write ? 1u : 0u);
}

static uint8_t type_of(struct cache outer, struct cache inner)
{
    return (uint8_t)(nibble_of(outer) << 4 | nibble_of(inner));
}

/* Devices, and what no level caches, are outer shareable (13.1.7). */
static struct smmu_attributes consistent(uint8_t type, unsigned share)
{
    if (share == 1) share = SH_NONE; /* reserved */
    return (struct smmu_attributes){type, (uint8_t)(is_device(type) || type == 0x44 ? SH_OUTER : share)};
}

/* Stage 2's MemAttr[3:0] without FWB, which STE.MemAttr shares; hints are to allocate. What is reserved is a
 * device of the strongest kind (5.2, MemAttr). */
static uint8_t memattr_type(unsigned memattr)
{
    unsigned outer = memattr >> 2, inner = memattr & 3;
    if (!outer) return (uint8_t)(inner << 2);
    if (!inner) return 0;
    struct cache o = {.kind = (uint8_t)(outer - 1), .read = true, .write = true};
    struct cache i = {.kind = (uint8_t)(inner - 1), .read = true, .write = true};
    return type_of(o, i);
}

static uint8_t with_hints(uint8_t type, unsigned alloccfg)
{
    if (!(alloccfg & 8) || is_device(type)) return type;
    struct cache o = cache_of(type >> 4), i = cache_of(type & 15);
    o.read = i.read = alloccfg & 4;
    o.write = i.write = alloccfg & 2;
    o.transient = i.transient = alloccfg & 1;
    return type_of(o, i);
}

struct smmu_attributes smmu_attributes_in(bool replaced, unsigned memattr, unsigned alloccfg, unsigned shcfg)
{
    /* what a device does not say: write-back, allocating, not shareable (13.1.3) */
    uint8_t type = replaced ? memattr_type(memattr) : 0xff;
    return consistent(with_hints(type, alloccfg), shcfg == 1 ? SH_NONE : shcfg);
}

/* A byte of MAIR without its reserved values (5.4, MAIR0). */
static uint8_t mair_type(uint64_t mair, unsigned index)
{
    uint8_t v = (uint8_t)(mair >> index * 8);
    if (!(v >> 4)) return v & 0x0c;
    return v & 0x0f ? v : v | 3;
}

/* The stronger of two levels' hints: not to allocate, transient. */
static struct cache hints(struct cache a, struct cache b)
{
    if (b.kind == NC) return a;
    return (struct cache){a.kind, a.transient || b.transient, a.read && b.read, a.write && b.write};
}

struct smmu_attributes smmu_attributes_stage1(struct smmu_attributes in, uint64_t mair, uint64_t d)
{
    uint8_t type = mair_type(mair, (unsigned)bits_get(d, 4, 2));
    /* hints of what came in count where it was cacheable (13.4.2) */
    if (in.type != 0xff && !is_device(type) && !is_device(in.type))
        type = type_of(hints(cache_of(type >> 4), cache_of(in.type >> 4)),
                       hints(cache_of(type & 15), cache_of(in.type & 15)));
    return consistent(type, (unsigned)bits_get(d, 9, 8));
}

static struct cache weaker(struct cache in, unsigned kind)
{
    if (kind < in.kind) in.kind = (uint8_t)kind;
    return in;
}

/* Stage 2 without FWB: the stronger of both, for each level (13.1.5). */
static uint8_t combine(uint8_t in, unsigned memattr)
{
    uint8_t type = memattr_type(memattr);
    if (is_device(in) && is_device(type)) return in < type ? in : type;
    if (is_device(in)) return in;
    if (is_device(type)) return type;
    return type_of(weaker(cache_of(in >> 4), (memattr >> 2) - 1),
                   weaker(cache_of(in & 15), (memattr & 3) - 1));
}

/* Write-back, with the hints that there were. */
static struct cache forced(unsigned nibble)
{
    struct cache c = cache_of(nibble);
    if (c.kind == NC) c = (struct cache){.read = true, .write = true};
    c.kind = WB;
    return c;
}

/* Stage 2 with FWB: MemAttr[2:0] says it outright (the Arm ARM, D8.6.5). */
static uint8_t combine_fwb(uint8_t in, unsigned memattr)
{
    if (!(memattr & 4)) {
        uint8_t type = (uint8_t)((memattr & 3) << 2);
        return is_device(in) && in < type ? in : type;
    }
    switch (memattr & 3) {
    case 3: return in;
    case 2: return is_device(in) ? 0xff : type_of(forced(in >> 4), forced(in & 15));
    default: return is_device(in) ? in : 0x44;
    }
}

struct smmu_attributes smmu_attributes_stage2(struct smmu_attributes in, uint64_t d, bool force_write_back)
{
    unsigned memattr = (unsigned)bits_get(d, 5, 2), share = (unsigned)bits_get(d, 9, 8);
    uint8_t type = force_write_back ? combine_fwb(in.type, memattr) : combine(in.type, memattr);
    if (share == 1) share = SH_NONE;
    if (in.share == SH_OUTER || share == SH_OUTER)
        share = SH_OUTER;
    else if (in.share == SH_INNER)
        share = SH_INNER;
    return consistent(type, share);
}

bool smmu_stage2_device(uint64_t d, bool force_write_back)
{
    return force_write_back ? !(d & 1 << 4) : is_device(memattr_type((unsigned)bits_get(d, 5, 2)));
}
