/* SMMU scenarios as a kind of case. */
#ifndef HARNESS_SMMU_KIND_H
#define HARNESS_SMMU_KIND_H

#include "harness/kinds/kind.h"

extern const struct case_kind kind_smmu;

#endif
