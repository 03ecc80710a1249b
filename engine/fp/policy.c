/* What the three architectures chose, and the NaNs that follow from it.
 *
 * The values are those of a machine after reset (no flushing, propagation where the architecture propagates);
 * guests derive from them. An architecture is added as a value here; a new kind of choice as a field in fp.h.
 */
#include "engine/fp/fp_core.h"

/* RISC-V unprivileged ISA, "F": NaN generation and propagation, subnormal arithmetic, FMIN, FMADD,
 * conversions. */
const struct fp_policy fp_policy_riscv = {
    .nan = FP_NAN_CANONICAL,
    .fma_inf_zero_nan = true,
    .minmax = FP_MINMAX_NUMBER,
    .toint = FP_TOINT_SATURATE,
};

/* Arm ARM, FPCR all zero; pseudocode FPProcessNaNs, FPProcessNaNs3, FPMulAdd, FPRoundBase, FPToFixed. */
const struct fp_policy fp_policy_arm64 = {
    .nan = FP_NAN_SIGNALLING,
    .tiny_before_rounding = true,
    .fma_inf_zero_nan = true,
    .minmax = FP_MINMAX_NAN,
    .toint = FP_TOINT_SATURATE_ZERO,
};

/* Intel SDM 1: table 4-7 (NaNs), 4.9 (exceptions), 10.2.3 (MXCSR), and the instructions' pages in SDM 2. */
const struct fp_policy fp_policy_x86 = {
    .nan = FP_NAN_FIRST,
    .default_nan_negative = true,
    .flush_raises_nx = true,
    .flag_subnormal_inputs = true,
    .minmax = FP_MINMAX_SECOND,
    .toint = FP_TOINT_INDEFINITE,
};

uint64_t fp_default_nan(enum fp_fmt f, const struct fp_policy *p)
{
    return fp_inf(f, p->default_nan_negative) | fp_quiet_bit(f);
}

uint64_t fp_invalid_result(enum fp_fmt f, const struct fp_policy *p, unsigned id, unsigned *ex)
{
    *ex |= FP_NV | fp_id_preempted(p, id);
    return fp_default_nan(f, p);
}

uint64_t fp_nan_result(enum fp_fmt f, const uint64_t *ops, unsigned n, const struct fp_policy *p, unsigned id,
                       unsigned *ex)
{
    const uint64_t *first = NULL, *first_signalling = NULL, *pick;

    for (unsigned i = n; i-- > 0;) {
        if (fp_bits_nan(f, ops[i])) first = &ops[i];
        if (fp_bits_snan(f, ops[i])) first_signalling = &ops[i];
    }
    *ex |= (first_signalling ? FP_NV : 0) | fp_id_preempted(p, id);
    if (p->nan == FP_NAN_CANONICAL) return fp_default_nan(f, p);
    pick = p->nan == FP_NAN_SIGNALLING && first_signalling ? first_signalling : first;
    BUG_ON(!pick);
    return *pick | fp_quiet_bit(f);
}
