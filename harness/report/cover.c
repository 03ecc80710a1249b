/* The ledger of the run: which bins of which rows it covered, and who checked. For `lockstep cover`. */
#include "harness/report/report.h"

static void cover_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    ledger_write(info->ledger, t->total, info->stopped, r->f);
}

const struct report_kind report_cover = {
    .name = "cover",
    .ledger = LEDGER_NEEDED,
    .help = "JSON lines: what of each instruction was executed, and who checked it",
    .end = cover_end,
};
