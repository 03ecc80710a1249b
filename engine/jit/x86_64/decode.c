/* Reads a host instruction that our own emitter wrote, for faults where the system does not tell the address.
 */
#include "engine/jit/x86_64/asm.h"
#include "engine/jit/x86_64/host.h"

#include <ucontext.h>

/* Places in gregs by register number, as encoded. */
static const uint8_t greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                 REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/* Skips prefixes and the opcode; *rex gets the register extensions X and B as in REX. */
static const uint8_t *skip_opcode(const uint8_t *p, unsigned *rex)
{
    *rex = 0;
    while (*p == 0x65 || *p == 0x66 || *p == 0xf2 || *p == 0xf3 || *p == 0xf0) p++;
    if (*p == 0xc5) return p + 3; /* VEX of two bytes: no X, no B */
    if (*p == 0xc4) {
        *rex = ~(unsigned)p[1] >> 5 & 3;
        return p + 4;
    }
    if ((*p & 0xf0) == 0x40) *rex = *p++ & 3;
    if (*p != 0x0f) return p + 1;
    return p[1] == 0x38 || p[1] == 0x3a ? p + 3 : p + 2;
}

uint64_t jit_host_address(const uint8_t *rip, const long long *gregs, uint64_t window)
{
    unsigned rex;
    const uint8_t *p = skip_opcode(rip, &rex);
    unsigned mod = *p >> 6, rm = *p & 7;
    uint64_t at = *rip == 0x65 ? 0 : 0 - window; /* gs, or the window in the displacement */
    bool base = true;
    p++;
    if (rm == 4) {
        unsigned index = (*p >> 3 & 7) | (rex & 2) << 2;
        rm = *p & 7;
        base = mod || rm != 5;
        if (index != 4) at += (uint64_t)gregs[greg[index]] << (*p >> 6);
        p++;
    }
    if (base) at += (uint64_t)gregs[greg[rm | (rex & 1) << 3]];
    if (mod == 1) {
        at += (uint64_t)(int8_t)*p;
    } else if (mod == 2 || !base) {
        int32_t disp;
        memcpy(&disp, p, 4);
        at += (uint64_t)(int64_t)disp;
    }
    return at;
}
