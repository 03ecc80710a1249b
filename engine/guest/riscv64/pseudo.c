/* Pseudo-instructions of RISC-V that expand by an algorithm; plain substitutions are aliases in isa.yaml. */
#include "engine/guest/guest.h"

#include <inttypes.h>

/* Any 64-bit constant: twelve bits by addi, 32 by lui and addiw; of a longer one first what lies above its
 * low twelve bits, without its trailing zeroes, then a shift and those twelve. lui and addi sign-extend
 * (Unpriv 2.4), so the low part is taken as signed and the rest makes up for it, modulo 2^64. At most eight
 * instructions. */
static void li(uint64_t value, struct buf *to)
{
    int64_t v = (int64_t)value, low = bits_sext(value, 12);
    if (v == low) {
        buf_printf(to, "addi rd, zero, %" PRId64, low);
    } else if (v == (int32_t)v) {
        buf_printf(to, "lui rd, 0x%" PRIx64, (value + 0x800) >> 12 & 0xfffff);
        if (low) buf_printf(to, "; addiw rd, rd, %" PRId64, low);
    } else {
        int64_t high = (int64_t)(value - (uint64_t)low) >> 12;
        int zeroes = __builtin_ctzll((uint64_t)high);
        li((uint64_t)(high >> zeroes), to);
        buf_printf(to, "; slli rd, rd, %d", 12 + zeroes);
        if (low) buf_printf(to, "; addi rd, rd, %" PRId64, low);
    }
}

const struct guest_pseudo riscv64_pseudos[] = {
    {"li rd, imm", "imm", li},
    {NULL, NULL, NULL},
};
