/* Operations on whole vectors, and the arithmetic of saturating lanes. */
#include "engine/ir/ref.h"

/* A size that is none is as good as 64: constants are folded whatever they are. */
ir_v128 ir_ref_splat(uint64_t size, uint64_t v)
{
    unsigned step = size && size < 64 ? (unsigned)size : 64;
    ir_v128 out = 0, lane = v & bits_mask(step);
    for (unsigned i = 0; i < 128; i += step) out |= lane << i;
    return out;
}

ir_v128 ir_ref_lookup(ir_v128 table, ir_v128 index)
{
    ir_v128 out = 0;
    for (unsigned i = 0; i < 128; i += 8) {
        uint8_t n = (uint8_t)(index >> i);
        if (n < 16) out |= (ir_v128)(uint8_t)(table >> n * 8) << i;
    }
    return out;
}

/* The upper half of (a : 0) + 2bc, rounded to nearest (Arm ARM, SQRDMLAH). */
ir_s128 ir_ref_rdmlah(int64_t a, int64_t b, int64_t c, unsigned width)
{
    ir_s128 sum = (ir_s128)a * ((ir_s128)1 << width) + 2 * (ir_s128)b * c + ((ir_s128)1 << (width - 1));
    return sum >> width;
}

ir_s128 ir_ref_ssat(ir_s128 v, unsigned width)
{
    ir_s128 most = (ir_s128)bits_mask(width - 1);
    return v > most ? most : v < -most - 1 ? -most - 1 : v;
}
