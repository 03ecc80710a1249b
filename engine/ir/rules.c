/* The forward pass's table: by operation, how it is rewritten and what is known of its value. A new rule is a
 * function in the file of its family and a range here. Rows of types above 64 bits are only for what holds
 * there, too. */
#include "engine/ir/forward.h"

/* The types of a family follow each other. */
#define TO_I64(op)      [IR_##op##_I8... IR_##op##_I64]
#define I1_TO_I64(op)   [IR_##op##_I1... IR_##op##_I64]
#define I32_AND_I64(op) [IR_##op##_I32... IR_##op##_I64]
#define FP(op)          [IR_F16_##op... IR_F64_##op]

const struct fw_rule fw_rules[IR_OPS] = {
    [IR_BOX] = {fw_rule_box, NULL},
    [IR_UNBOX] = {fw_rule_unbox, NULL},

    TO_I64(ADD) = {fw_rule_add, fw_know_add},
    TO_I64(SUB) = {fw_rule_sub, fw_know_sub},
    TO_I64(MUL) = {fw_rule_mul, fw_know_mul},
    TO_I64(NEG) = {fw_rule_inverse, fw_know_neg},
    I32_AND_I64(DIVU) = {fw_rule_divu, NULL},
    I32_AND_I64(REMU) = {fw_rule_remu, fw_know_remainder},
    I32_AND_I64(DIVS) = {fw_rule_divs, fw_know_divs},
    I32_AND_I64(REMS) = {fw_rule_rems, fw_know_remainder},

    I1_TO_I64(AND) = {fw_rule_and, fw_know_and},
    I1_TO_I64(OR) = {fw_rule_or, fw_know_or},
    I1_TO_I64(XOR) = {fw_rule_xor, fw_know_or},
    TO_I64(NOT) = {fw_rule_inverse, fw_know_not},
    TO_I64(SHL) = {fw_rule_shl, fw_know_shl},
    TO_I64(SHR) = {fw_rule_shr, fw_know_shr},
    TO_I64(SAR) = {fw_rule_sar, fw_know_sar},
    TO_I64(ROL) = {fw_rule_rotate, NULL},
    TO_I64(ROR) = {fw_rule_rotate, NULL},

    I1_TO_I64(EQ) = {fw_rule_eq, NULL},
    I1_TO_I64(NE) = {fw_rule_ne, NULL},
    TO_I64(LTU) = {fw_rule_ltu, NULL},
    TO_I64(LEU) = {fw_rule_leu, NULL},
    TO_I64(LTS) = {fw_rule_lts, NULL},
    TO_I64(LES) = {fw_rule_les, NULL},
    [IR_LNOT_I1] = {fw_rule_lnot, NULL},
    [IR_SELECT_I1... IR_SELECT_V128] = {fw_rule_select, fw_know_select},
    TO_I64(MINU) = {fw_rule_minmax, fw_know_or},
    TO_I64(MAXU) = {fw_rule_minmax, fw_know_or},
    TO_I64(MINS) = {fw_rule_minmax, fw_know_or},
    TO_I64(MAXS) = {fw_rule_minmax, fw_know_or},

    [IR_ZEXT_I8_I1... IR_ZEXT_V128_I128] = {fw_rule_zext, fw_know_zext},
    [IR_SEXT_I16_I8... IR_SEXT_I128_I64] = {fw_rule_sext, fw_know_sext},
    [IR_TRUNC_I1_I8... IR_TRUNC_I64_V128] = {fw_rule_trunc, fw_know_trunc},
    TO_I64(CONCAT) = {fw_rule_concat, fw_know_concat},

    I32_AND_I64(CLZ) = {NULL, fw_know_count},
    TO_I64(CTZ) = {NULL, fw_know_count},
    I32_AND_I64(POPCNT) = {NULL, fw_know_count},
    FP(CLASS) = {NULL, fw_know_class},
};
