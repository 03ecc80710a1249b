/* The interpreter's loop, a template: a generated file defines
 *     INTERP_NAME          the function's name
 *     INTERP_STATE         the state struct
 *     INTERP_ROWS(X)       X(PLAIN | JUMP | SYNC, symbol, row index) for every row with semantics
 *     INTERP_RETIRED(s)    the register that counts instructions, if there is one
 *     INTERP_NROWS         rows of the guest
 * and includes this once.
 *
 * Per instruction: the handler and one indirect jump. Per block: the budget, the successor. `left` counts
 * down by whole blocks; a fault gives back what did not run.
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
    uint64_t left = budget, npc = cpu->state[g->pc_word], block_pc;
    const struct guest_op *o;
    struct interp_block *b;

    vcpu_sync(cpu);
lookup:
    interp_check_epochs(cpu);
    if (left == 0) goto budget_spent;
    b = interp_lookup(cpu, &isa, npc);
enter:
    if (unlikely(left < b->budget)) b = interp_front(in, &isa, b, (unsigned)left);
    left -= b->count;
    block_pc = b->pc;
    o = b->ops;
    goto * o->handler;

    /* What ran after this block the last two times is remembered in it. */
chain:
    if (unlikely(left == 0)) goto budget_spent;
    if (likely(b->succ[0]->pc == npc)) {
        b = b->succ[0];
    } else if (b->succ[1]->pc == npc) {
        b = b->succ[1];
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
        uint64_t done = budget - left - 1;                                                           \
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
budget_spent:
    cpu->exit = (struct cpu_exit){.kind = EXIT_BUDGET, .pc = npc};
out:
    cpu->exit.executed = budget - left;
    cpu->state[g->pc_word] = npc;
    INTERP_RETIRED(s) = retired_base + (budget - left);
}
