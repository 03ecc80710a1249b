#include "engine/ir/ref.h"

uint64_t ir_ref_fp_minm(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex)
{
    struct fp_policy nan = *p;
    nan.minmax = FP_MINMAX_NAN;
    return fp_min(f, a, b, &nan, ex);
}

uint64_t ir_ref_fp_maxm(enum fp_fmt f, uint64_t a, uint64_t b, const struct fp_policy *p, unsigned *ex)
{
    struct fp_policy nan = *p;
    nan.minmax = FP_MINMAX_NAN;
    return fp_max(f, a, b, &nan, ex);
}
