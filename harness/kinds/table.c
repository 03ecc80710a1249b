/* The kinds of cases there are. */
#include "harness/kinds/kind.h"
#include "harness/smmu/kind.h"

const struct case_kind *const kind_all[] = {&kind_instruction, &kind_smmu, NULL};
