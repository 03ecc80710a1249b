/* Runs a block by the operations' references: what the code means, as slowly and plainly as can be. */
#include "engine/ir/ir.h"

#include <string.h>

bool ir_lanes(struct ir_call *k, uint64_t imm, unsigned vectors, const union ir_value *a, union ir_value *out)
{
    const struct ir_op_info *op = &ir_op_table[imm & 0xffff];
    unsigned size = (unsigned)(imm >> 16);
    ir_u128 mask = bits_mask(size), sum = 0;
    for (unsigned at = 0; at < 128; at += size) {
        union ir_value lane[IR_MAX_ARGS] = {0}, v;
        for (unsigned i = 0; i < op->nargs; i++)
            lane[i].u128 = vectors >> i & 1 ? a[i].u128 >> at & mask : a[i].u128;
        if (!op->ref(k, lane, &v)) return false;
        if (op->result == IR_I1) v.u128 = -v.u128;
        sum |= (v.u128 & mask) << at;
    }
    out->u128 = sum;
    return true;
}
