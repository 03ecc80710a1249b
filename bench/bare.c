/* The yardstick for the interpreter: records of 16 bytes, one computed goto an instruction, and nothing else:
 * no budget, no faults, no blocks to find. */
#include "bench/bench.h"

struct bare_op {
    const void *handler;
    uint8_t d, a, b, pad;
    int32_t imm;
};

uint64_t bare_loop(uint64_t instructions)
{
    static const void *const l[] = {&&add, &&sub,  &&xor,  &&slli, &&andi,
                                    && or, &&srli, &&sltu, &&addi, &&bnez};
    const struct bare_op ops[] = {
        {l[0], 10, 10, 11, 0, 0}, {l[1], 12, 12, 11, 0, 0},  {l[2], 12, 12, 10, 0, 0},
        {l[3], 12, 12, 0, 0, 1},  {l[4], 13, 12, 0, 0, 255}, {l[0], 10, 10, 13, 0, 0},
        {l[5], 10, 10, 12, 0, 0}, {l[6], 10, 10, 0, 0, 1},   {l[7], 14, 14, 10, 0, 0},
        {l[0], 10, 10, 14, 0, 0}, {l[8], 15, 15, 0, 0, -1},  {l[9], 0, 15, 0, 0, 0},
    };
    uint64_t x[33] = {[11] = 7, [15] = instructions / 12};
    const struct bare_op *o = ops;
    goto * o->handler;
#define NEXT \
    o++;     \
    goto * o->handler
add:
    x[o->d] = x[o->a] + x[o->b];
    NEXT;
sub:
    x[o->d] = x[o->a] - x[o->b];
    NEXT;
    xor : x[o->d] = x[o->a] ^ x[o->b];
    NEXT;
    or : x[o->d] = x[o->a] | x[o->b];
    NEXT;
slli:
    x[o->d] = x[o->a] << (o->imm & 63);
    NEXT;
srli:
    x[o->d] = x[o->a] >> (o->imm & 63);
    NEXT;
andi:
    x[o->d] = x[o->a] & (uint64_t)(int64_t)o->imm;
    NEXT;
addi:
    x[o->d] = x[o->a] + (uint64_t)(int64_t)o->imm;
    NEXT;
sltu:
    x[o->d] = x[o->a] < x[o->b];
    NEXT;
bnez:
    if (x[o->a]) {
        o = ops;
        goto * o->handler;
    }
    return x[10] ^ x[12] ^ x[13] ^ x[14];
#undef NEXT
}
