/* The interpreter's loop, a template: a generated file defines
 *     INTERP_NAME          the function's name
 *     INTERP_STATE         the state struct
 *     INTERP_ROWS(X)       X(PLAIN | JUMP | SYNC, symbol, row index) for every row with semantics
 *     INTERP_RETIRED(s)    the register that counts instructions, if there is one
 *     INTERP_NROWS         rows of the guest
 * and includes this once.
 *
 * Per instruction: the handler and one indirect jump. Per block: the budget, the successor. `left` counts
 * down by whole blocks; a fault gives back what did not run. The budget is taken in slices, and between two
 * of them stands what need not be looked at more often: a kick, and whether another thread changed code.
 */
#include "engine/interp/interp.h"

#ifndef INTERP_RETIRED
#define INTERP_RETIRED(s) (*(uint64_t[]){0})
#endif

void INTERP_NAME(struct vcpu *cpu, uint64_t budget);

void INTERP_NAME(struct vcpu *cpu, uint64_t budget)
{
#define X(kind, row, index) [index] = &&row_##row,
    static const void *const labels[] = {
        INTERP_ROWS(X)[INTERP_NROWS + OP_END] = &&end,
        [INTERP_NROWS + OP_ILLEGAL] = &&illegal,
        [INTERP_NROWS + OP_FETCH] = &&fetch,
        [INTERP_NROWS + OP_ABSENT] = &&absent,
    };
#undef X
    const struct guest *const g = cpu->guest;
    const struct interp_isa isa = {g, labels};
    struct interp *const in = cpu->interp;
    INTERP_STATE *const s = (void *)cpu->state;
    const uint64_t retired_before = INTERP_RETIRED(s);
    uint64_t retired_base = retired_before; /* moves when the guest writes the counter */
    uint64_t npc = cpu->state[g->pc_word], block_pc;
    uint64_t taken = 0, left = 0; /* of the budget; of what was taken */
    const struct guest_op *o;
    struct interp_block *b;

    vcpu_sync(cpu);
    cpu->window = cpu->mem->window;

    /* Also when `left` is not all used up: the block at npc needs more. */
slice:
    if (unlikely(__atomic_load_n(&cpu->kicked, __ATOMIC_RELAXED))) goto kicked;
    {
        uint64_t part = budget - taken < INTERP_SLICE ? budget - taken : INTERP_SLICE;
        taken += part;
        left += part;
    }
lookup:
    interp_check_epochs(cpu);
    if (unlikely(left == 0)) goto spent;
    b = interp_lookup(cpu, &isa, npc);
enter:
    if (unlikely(left < b->budget)) {
        if (taken < budget) goto slice;
        if (left == 0) goto spent;
        b = interp_front(in, &isa, b, (unsigned)left);
    }
    left -= b->count;
    block_pc = b->pc;
    o = b->ops;
    goto * o->handler;

    /* What ran after this block the last two times is remembered in it. */
chain:
    if (likely(b->succ[0]->pc == npc)) {
        b = b->succ[0];
    } else if (b->succ[1]->pc == npc) {
        b = b->succ[1];
    } else if (unlikely(left == 0)) { /* what follows is not even looked at */
        goto spent;
    } else {
        struct interp_block *from = b;
        uint64_t generation = in->generation;
        b = interp_lookup(cpu, &isa, npc);
        if (in->generation == generation) {
            from->succ[1] = from->succ[0];
            from->succ[0] = b;
        }
    }
    goto enter;

#define PLAIN(row)                                                   \
    if (unlikely(!sem_##row(cpu, s, o, block_pc, &npc))) goto fault; \
    o++;                                                             \
    goto * o->handler;
#define JUMP(row)                                                    \
    npc = block_pc + b->bytes;                                       \
    if (unlikely(!sem_##row(cpu, s, o, block_pc, &npc))) goto fault; \
    goto chain;
/* Alone in its block, or the last: what it changed (counters, modes, code) holds from the next block on. */
#define SYNC(row)                                                                                    \
    {                                                                                                \
        uint64_t done = taken - left - 1;                                                            \
        npc = block_pc + b->bytes;                                                                   \
        INTERP_RETIRED(s) = retired_base + done;                                                     \
        if (unlikely(!sem_##row(cpu, s, o, block_pc, &npc))) goto fault;                             \
        if (INTERP_RETIRED(s) != retired_base + done) retired_base = INTERP_RETIRED(s) - (done + 1); \
        goto lookup;                                                                                 \
    }
#define X(kind, row, index) row_##row : kind(row)
    INTERP_ROWS(X)
#undef X
#undef PLAIN
#undef JUMP
#undef SYNC

end:
    npc = block_pc + b->bytes;
    goto chain;

illegal:
    cpu_fault(cpu, g->cause_of_access[0], 0);
    goto fault;
fetch: /* the instruction's first unit, or its second, is not executable */
    cpu_check(cpu, block_pc + b->bytes + (uint64_t)(uint32_t)o->imm, 1, CPU_EXEC);
    goto fault;
absent:
    cpu->exit =
        (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = "the instruction's row is 'status: absent'"};
    goto fault;

fault : {
    unsigned at = (unsigned)(o - b->ops);
    left += b->count - at;
    npc = block_pc + (uint64_t)b->at[at] * g->code_unit;
    cpu->exit.pc = npc;
    if (cpu->exit.kind == EXIT_FAULT && cpu->exit.cause == g->cause_of_access[0])
        interp_fault_value(cpu, npc);
    goto out;
}
spent:
    if (taken < budget) goto slice;
    cpu->exit = (struct cpu_exit){.kind = EXIT_BUDGET, .pc = npc};
    goto out;
kicked:
    __atomic_store_n(&cpu->kicked, 0, __ATOMIC_RELAXED);
    cpu->exit = (struct cpu_exit){.kind = EXIT_KICKED, .pc = npc};
out:
    cpu->exit.executed = taken - left;
    cpu->state[g->pc_word] = npc;
    INTERP_RETIRED(s) = retired_base + (taken - left);
}
