/* A bytecode interpreter: a register machine runs a program that counts primes and one that walks a Collatz
 * sequence. */
#include "program.h"

enum op { LOADI, MOV, ADD, ADDI, SUB, MUL, DIV, REM, SHR, AND, LD, ST, JMP, JLT, JEQ, JNZ, HALT };

struct insn {
    uint8_t op, a, b, c; /* enum op, registers */
    int32_t imm;         /* number or target */
};

static uint64_t run(const struct insn *code, uint64_t *r, uint8_t *memory)
{
    const struct insn *i = code;
    for (;;) {
        switch ((enum op)i->op) {
        case LOADI: r[i->a] = (uint64_t)(int64_t)i->imm; break;
        case MOV: r[i->a] = r[i->b]; break;
        case ADD: r[i->a] = r[i->b] + r[i->c]; break;
        case ADDI: r[i->a] = r[i->b] + (uint64_t)(int64_t)i->imm; break;
        case SUB: r[i->a] = r[i->b] - r[i->c]; break;
        case MUL: r[i->a] = r[i->b] * r[i->c]; break;
        case DIV: r[i->a] = r[i->b] / r[i->c]; break;
        case REM: r[i->a] = r[i->b] % r[i->c]; break;
        case SHR: r[i->a] = r[i->b] >> (i->imm & 63); break;
        case AND: r[i->a] = r[i->b] & (uint64_t)(int64_t)i->imm; break;
        case LD: r[i->a] = memory[r[i->b] & 0xffff]; break;
        case ST: memory[r[i->b] & 0xffff] = (uint8_t)r[i->a]; break;
        case JMP: i = code + i->imm; continue;
        case JLT:
            if (r[i->a] < r[i->b]) {
                i = code + i->imm;
                continue;
            }
            break;
        case JEQ:
            if (r[i->a] == r[i->b]) {
                i = code + i->imm;
                continue;
            }
            break;
        case JNZ:
            if (r[i->a]) {
                i = code + i->imm;
                continue;
            }
            break;
        case HALT: return r[0];
        }
        i++;
    }
}

/* Sieve of r1 numbers; counts what is left in r0. */
static const struct insn sieve[] = {
    {LOADI, 2, 0, 0, 2}, {LOADI, 5, 0, 0, 1},                     /* i, 1 */
    {MUL, 3, 2, 2, 0},   {JLT, 1, 3, 0, 8},                       /* 2: j = i * i; beyond: count */
    {ST, 5, 3, 0, 0},    {ADD, 3, 3, 2, 0},   {JLT, 3, 1, 0, 4},  /* 4: mark */
    {ADDI, 2, 2, 0, 1},                                           /* 7 */
    {JLT, 3, 1, 0, 2},   {MUL, 3, 2, 2, 0},   {JLT, 3, 1, 0, 2},  /* 8 */
    {LOADI, 0, 0, 0, 0}, {LOADI, 2, 0, 0, 2},                     /* 11: count */
    {LD, 4, 2, 0, 0},    {JNZ, 4, 0, 0, 16},  {ADDI, 0, 0, 0, 1}, /* 13 */
    {ADDI, 2, 2, 0, 1},  {JLT, 2, 1, 0, 13},  {HALT, 0, 0, 0, 0}, /* 16 */
};

/* Steps from each number below r1 to 1. */
static const struct insn collatz[] = {
    {LOADI, 0, 0, 0, 0}, {LOADI, 2, 0, 0, 1}, {LOADI, 6, 0, 0, 1},
    {LOADI, 7, 0, 0, 3}, {MOV, 3, 2, 0, 0},                       /* 4 */
    {JEQ, 3, 6, 0, 13},  {ADDI, 0, 0, 0, 1},  {AND, 4, 3, 0, 1},  /* 5 */
    {JNZ, 4, 0, 0, 11},  {SHR, 3, 3, 0, 1},   {JMP, 0, 0, 0, 5},  /* 8 */
    {MUL, 3, 3, 7, 0},   {ADDI, 3, 3, 0, 1},                      /* 11 */
    {JEQ, 3, 6, 0, 15},  {JMP, 0, 0, 0, 5},                       /* 13 */
    {ADDI, 2, 2, 0, 1},  {JLT, 2, 1, 0, 4},   {HALT, 0, 0, 0, 0}, /* 15 */
};

int main(int argc, char **argv)
{
    static uint8_t memory[65536];
    uint64_t sum = 0;
    for (unsigned round = program_rounds(argc, argv, 12); round; round--) {
        uint64_t r[8] = {0};
        memset(memory, 0, sizeof(memory));
        r[1] = 60000;
        sum = program_mix(sum, run(sieve, r, memory));
        memset(r, 0, sizeof(r));
        r[1] = 3000 + round;
        sum = program_mix(sum, run(collatz, r, memory));
    }
    return program_done("bytecode", sum);
}
