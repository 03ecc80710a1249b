#include "harness/smmu/kind.h"

#include "harness/smmu/scenario.h"

const struct case_kind kind_smmu = {
    .name = "smmu",
    .help = "what software does with an SMMU, and what devices behind it then see",
    .subject_name = scn_subject_name,
    .subject = scn_subject,
    .item = &scn_item,
    .build = scn_build,
    .write = scn_write,
    .backends = scn_backends,
    .open = scn_open,
    .run = scn_run,
    .close = scn_close,
    .compare = scn_compare,
    .compare_truth = scn_compare_truth,
    .truth_speaks = scn_truth_speaks,
    .item_name = scn_item_name,
    .item_value = scn_item_value,
    .item_step = scn_item_step,
    .row = scn_row,
    .describe = scn_describe,
    .show = scn_show,
    .ended = scn_ended,
    .results = scn_results,
    .simpler = scn_simpler,
    .bins = scn_bins,
    .bin_name = scn_bin_name,
    .observe = scn_observe,
};
