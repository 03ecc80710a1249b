/* Between config.c and illegal.c: what makes an STE or a CD ILLEGAL, and how both are read. */
#ifndef DEVICES_SMMU_CONFIG_H
#define DEVICES_SMMU_CONFIG_H

#include "devices/smmu/walk.h"

enum { SMMU_ADDRESS_BITS = 52 }; /* IDR5.OAS: of physical and intermediate addresses */

/* ---- illegal.c: the rules. NULL: legal; otherwise the rule that it breaks ---- */
const char *smmu_ste_illegal(const uint64_t *ste);
const char *smmu_cd_illegal(const uint64_t *ste, enum smmu_world world, const uint64_t *cd);

/* How fields of both read. */
unsigned smmu_granule0(uint64_t tg);        /* CD.TG0, STE.S2TG: 12, 14, 16; 0: reserved */
unsigned smmu_granule1(uint64_t tg);        /* CD.TG1 */
unsigned smmu_size_bits(uint64_t ps);       /* CD.IPS, STE.S2PS, no more than SMMU_ADDRESS_BITS */
int smmu_stage2_start(const uint64_t *ste); /* STE.S2SL0: level; -1: reserved */
bool smmu_stage1_off(const uint64_t *cd, enum smmu_world world, unsigned which); /* EPD, as it counts */

#endif
