/* How operand kinds of specs/<isa>/isa.yaml read and write registers, where it is more than a plain access.
 */
#ifndef ENGINE_INTERP_OPERAND_H
#define ENGINE_INTERP_OPERAND_H

#include "engine/ir/ref.h"

/* A narrow float in a wide register counts only when every bit above it is set (Unpriv 21.2). */
static ALWAYS_INLINE uint16_t operand_unbox16(uint64_t v, uint16_t otherwise)
{
    return likely(v >= 0xffffffffffff0000u) ? (uint16_t)v : otherwise;
}

static ALWAYS_INLINE uint32_t operand_unbox32(uint64_t v, uint32_t otherwise)
{
    return likely(v >= 0xffffffff00000000u) ? (uint32_t)v : otherwise;
}

/* Two neighbouring registers; the pair that starts at the zero register reads as zero (Zacas). */
static ALWAYS_INLINE ir_u128 operand_pair(const uint64_t *r, unsigned number)
{
    return number == 0 ? 0 : (ir_u128)r[1] << 64 | r[0];
}

static ALWAYS_INLINE void operand_set_pair(uint64_t *r, ir_u128 v)
{
    r[0] = (uint64_t)v;
    r[1] = (uint64_t)(v >> 64);
}

#endif
