/* What commands invalidate (IHI 0070 4.3, 4.4): a command's fields become one struct smmu_invalidation, which
 * the caches understand.
 */
#include "devices/smmu/invalidate.h"

static const uint8_t granules[] = {
    [SMMU_RANGE_GRANULE_NONE] = 0,
    [SMMU_RANGE_GRANULE_4K] = 12,
    [SMMU_RANGE_GRANULE_16K] = 14,
    [SMMU_RANGE_GRANULE_64K] = 16,
};

/* The range fields of a command; they stand in the same places in all that have them. */
struct range {
    unsigned granule, num, scale, level; /* TG as bits of a page, NUM, SCALE, TTL */
};

static struct range command_range(const uint64_t *command)
{
    struct range r = {granules[dev_get(command, SMMU_CMD_TLBI_NH_VA_TG)],
                      (unsigned)dev_get(command, SMMU_CMD_TLBI_NH_VA_NUM),
                      (unsigned)dev_get(command, SMMU_CMD_TLBI_NH_VA_SCALE) & 0x1f, /* 5 bits without DS */
                      (unsigned)dev_get(command, SMMU_CMD_TLBI_NH_VA_TTL)};
    /* There are no blocks at level 1 of 16K tables without DS (4.4.1.1). */
    if (r.granule == 14 && r.level == 1) r.level = 0;
    return r;
}

bool smmu_range_legal(const uint64_t *command)
{
    struct range r = command_range(command);
    return !r.granule || r.num || r.scale || r.level; /* a page, of no level: reserved (4.4.1.1) */
}

/* [address, last] of a command, its hints. Without TG the address stands for whatever entry has it. */
static void by_address(struct smmu_invalidation *inv, const uint64_t *command, uint64_t address)
{
    struct range r = command_range(command);
    uint64_t size = r.granule ? (uint64_t)(r.num + 1) << r.scale << r.granule : CPU_PAGE;
    inv->by_address = true;
    inv->address = address;
    inv->last = address + size - 1 < address ? ~0ull : address + size - 1; /* it does not wrap */
    inv->leaf = dev_get(command, SMMU_CMD_TLBI_NH_VA_LEAF);
    inv->granule = (uint8_t)r.granule;
    inv->level = r.granule ? (uint8_t)r.level : 0;
}

/* Bits of a VMID that count (3.17.6); reserved values of VMW are exact. */
static uint16_t vmid_mask(const struct smmu *s)
{
    unsigned low = (unsigned)dev_of(smmu_register(s, SMMU_REG_CR0), SMMU_CR0_VMW);
    return low > 4 ? 0xffff : (uint16_t)(0xffff << low);
}

struct smmu_invalidation smmu_tlbi(const struct smmu *s, const uint64_t *command, unsigned by)
{
    uint64_t page = dev_get(command, SMMU_CMD_TLBI_NH_VA_ADDRESS) << 12;
    bool e2h = dev_of(smmu_register(s, SMMU_REG_CR2), SMMU_CR2_E2H);
    struct smmu_invalidation inv = {
        .worlds = 1 << SMMU_WORLD_EL1,
        .by_vmid = by & SMMU_BY_VMID,
        .vmid = (uint16_t)dev_get(command, SMMU_CMD_TLBI_NH_VA_VMID),
        .vmid_mask = vmid_mask(s),
        .by_asid = by & SMMU_BY_ASID,
        .asid = (uint16_t)dev_get(command, SMMU_CMD_TLBI_NH_VA_ASID),
    };
    if (by & SMMU_OF_EL2) inv.worlds = 1 << SMMU_WORLD_EL2 | 1 << SMMU_WORLD_EL2_E2H;
    /* By address CR2.E2H chooses; EL2 has no ASIDs without it (4.4.2.8). */
    if (by & SMMU_OF_EL2 && by & SMMU_BY_ADDRESS) {
        inv.worlds = 1 << (e2h ? SMMU_WORLD_EL2_E2H : SMMU_WORLD_EL2);
        inv.by_asid = inv.by_asid && e2h;
    } else if (by & SMMU_OF_EL2 && by & SMMU_BY_ASID) {
        inv.worlds = 1 << SMMU_WORLD_EL2_E2H;
    }
    if (by & SMMU_BY_IPA) inv.ipa = true, page &= bits_mask(52);
    if (by & (SMMU_BY_ADDRESS | SMMU_BY_IPA)) by_address(&inv, command, page);
    return inv;
}
