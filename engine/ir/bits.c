#include "engine/ir/ref.h"

uint64_t ir_ref_brev8(uint64_t a)
{
    a = (a >> 1 & 0x5555555555555555u) | (a & 0x5555555555555555u) << 1;
    a = (a >> 2 & 0x3333333333333333u) | (a & 0x3333333333333333u) << 2;
    return (a >> 4 & 0x0f0f0f0f0f0f0f0fu) | (a & 0x0f0f0f0f0f0f0f0fu) << 4;
}

uint64_t ir_ref_orcb(uint64_t a)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 64; i += 8)
        if (a >> i & 0xff) out |= 0xffull << i;
    return out;
}

/* Multiplication without carries: polynomials over GF(2) (Unpriv 28.6). */
ir_u128 ir_ref_clmul(uint64_t a, uint64_t b)
{
    ir_u128 out = 0;
    for (; b; b &= b - 1) out ^= (ir_u128)a << __builtin_ctzll(b);
    return out;
}

uint64_t ir_ref_xperm(uint64_t table, uint64_t index, unsigned width)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 64; i += width) {
        uint64_t lane = index >> i & bits_mask(width);
        if (lane * width < 64) out |= (table >> (lane * width) & bits_mask(width)) << i;
    }
    return out;
}

ir_u128 ir_ref_rcl(uint64_t a, bool carry, uint64_t n, unsigned width)
{
    unsigned all = width + 1, by = (unsigned)(n % all);
    ir_u128 v = (ir_u128)carry << width | a;
    return by ? (v << by | v >> (all - by)) & (((ir_u128)1 << all) - 1) : v;
}
