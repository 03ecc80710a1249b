/* The interpreter's loop, a template: a generated file defines
 *     INTERP_NAME          the function's name
 *     INTERP_STATE         the state struct
 *     INTERP_ROWS(X, Y)    X(PLAIN | BRANCH | JUMP | SYNC, symbol, row index, N) for every row with
 *                          semantics, Y(…, byte) for its handlers that take a register from flow.last
 *     INTERP_GIVES(Z)      Z(row index, what flow.last holds after it): struct interp_relay
 *     INTERP_PAIRS(P)      P(PLAIN | BRANCH | JUMP, symbol, byte or N, symbol, byte or N) for pairs of them
 *     INTERP_FIRSTS(F)     F(row index, the first of its pairs, how many)
 *     INTERP_NROWS         how many rows there are
 *     INTERP_RETIRED(s)    the register that counts instructions, if there is one
 *     INTERP_NROWS         rows of the guest
 * and includes this once.
 *
 * Per instruction: the handler and one indirect jump. Per block: the budget, the successor. `left` counts
 * down by whole blocks; a fault gives back what did not run. The budget is taken in slices, and between two
 * of them stands what need not be looked at more often: a kick, and whether another thread changed code.
 */
#include "engine/interp/interp.h"

/* Handlers that take a register from flow.last, and pairs, make a function that Clang needs minutes to
 * optimise: they are left out there, and blocks are built without them. Clang's builds with -O0 have them. */
#if !defined(__clang__) || !defined(__OPTIMIZE__)
#define INTERP_EXTRA(X) X
#else
#define INTERP_EXTRA(X) INTERP_OMIT
#undef INTERP_PAIRS
#undef INTERP_FIRSTS
#define INTERP_PAIRS(P)
#define INTERP_FIRSTS(F)
#endif
#define INTERP_OMIT(kind, row, index, from)

#ifndef INTERP_RETIRED
#define INTERP_RETIRED(s) (*(uint64_t[]){0})
#endif

void INTERP_NAME(struct vcpu *cpu, uint64_t budget);

void INTERP_NAME(struct vcpu *cpu, uint64_t budget)
{
#define X(kind, row, index, from) [index] = &&row_##row##_##from,
#define Y                         INTERP_OMIT
    static const void *const labels[] = {
        INTERP_ROWS(X, Y)[INTERP_NROWS + OP_END] = &&end,
        [INTERP_NROWS + OP_ILLEGAL] = &&illegal,
        [INTERP_NROWS + OP_FETCH] = &&fetch,
        [INTERP_NROWS + OP_ABSENT] = &&absent,
    };
#undef X
#undef Y
#define X                         INTERP_OMIT
#define Y(kind, row, index, from) [index].label[from] = &&row_##row##_##from,
#define Z(index, slot)            [index].gives = slot,
#define F(index, start, count)    [index].pair = start, [index].pairs = count,
    static const struct interp_relay relays[INTERP_NROWS] = {INTERP_ROWS(X, INTERP_EXTRA(Y)) INTERP_GIVES(Z)
                                                                 INTERP_FIRSTS(F)};
#undef X
#undef Y
#undef Z
#undef F
#define P(kind, a, from_a, b, from_b) \
    {&&row_##a##_##from_a, &&row_##b##_##from_b, &&pair_##a##_##from_a##_##b##_##from_b},
    static const struct interp_pair pairs[] = {INTERP_PAIRS(P){NULL, NULL, NULL}};
#undef P
    const struct guest *const g = cpu->guest;
    const struct interp_isa isa = {g, labels, relays, pairs};
    struct interp *const in = cpu->interp;
    INTERP_STATE *const s = (void *)cpu->state;
    const uint64_t retired_before = INTERP_RETIRED(s);
    uint64_t retired_base = retired_before; /* moves when the guest writes the counter */
    uint64_t taken = 0;                     /* of the budget */
    int64_t left = 0;                       /* of what was taken; less than 0 only at `tight` */
    struct interp_flow flow = {.npc = cpu->state[g->pc_word]};
    const struct guest_op *o;
    struct interp_block *b = NULL, *next;
    unsigned way;

    vcpu_sync(cpu);
    cpu->window = cpu->mem->window;

    /* flow.npc is where to go on. Also when `left` is not all used up: the block there needs more. */
slice:
    if (unlikely(__atomic_load_n(&cpu->kicked, __ATOMIC_RELAXED))) goto kicked;
    {
        uint64_t part = budget - taken < INTERP_SLICE ? budget - taken : INTERP_SLICE;
        taken += part;
        left += (int64_t)part;
    }
lookup:
    interp_check_epochs(cpu);
    if (unlikely(left == 0)) goto spent;
    next = interp_lookup(cpu, &isa, flow.npc);

#define ENTER()                         \
    b = next;                           \
    left -= b->count;                   \
    if (unlikely(left < 0)) goto tight; \
    o = b->ops;                         \
    goto * o->handler;
    ENTER()

    /* Not all of the block may run. */
tight:
    left += b->count;
    flow.npc = b->pc;
    if (taken < budget) goto slice;
    if (left == 0) goto spent;
    b = interp_front(in, &isa, b, (unsigned)left);
    left = 0;
    o = b->ops;
    goto * o->handler;

    /* To flow.npc by succ[way], for the first time. What follows a budget is not even looked at. */
link:
    if (unlikely(left == 0)) goto spent;
    {
        uint64_t generation = in->generation;
        next = interp_lookup(cpu, &isa, flow.npc);
        if (in->generation == generation) b->succ[way] = next;
    }
    ENTER()

    /* To flow.npc, which in->jumps does not know. */
find:
    __attribute__((unused));
    if (unlikely(left == 0)) goto spent;
    next = interp_lookup(cpu, &isa, flow.npc);
    *interp_jump(in, flow.npc) = next;
    in->jumped = true;
    ENTER()

#define GO(which, target)  \
    next = b->succ[which]; \
    if (unlikely(!next)) { \
        flow.npc = target; \
        way = which;       \
        goto link;         \
    }                      \
    ENTER()
#define SEM(row, from) \
    if (unlikely(!sem_##row(cpu, s, o, b->pc, &flow, from))) goto fault;
#define FROM_N INTERP_NONE
#define FROM_0 0
#define FROM_1 1
#define FROM_2 2
#define FROM_3 3

#define PLAIN(row, from) \
    SEM(row, from)       \
    o++;                 \
    goto * o->handler;
/* One target. */
#define BRANCH(row, from) \
    flow.jumps = false;   \
    SEM(row, from)        \
    if (flow.jumps) {     \
        GO(1, flow.npc)   \
    }                     \
    GO(0, b->pc + b->bytes)
#define JUMP(row, from)                            \
    flow.npc = b->pc + b->bytes;                   \
    SEM(row, from)                                 \
    next = *interp_jump(in, flow.npc);             \
    if (unlikely(next->pc != flow.npc)) goto find; \
    ENTER()
/* Alone in its block, or the last: what it changed (counters, modes, code) holds from the next block on. */
#define SYNC(row, from)                                                                              \
    {                                                                                                \
        uint64_t done = taken - (uint64_t)left - 1;                                                  \
        flow.npc = b->pc + b->bytes;                                                                 \
        INTERP_RETIRED(s) = retired_base + done;                                                     \
        SEM(row, from)                                                                               \
        if (INTERP_RETIRED(s) != retired_base + done) retired_base = INTERP_RETIRED(s) - (done + 1); \
        goto lookup;                                                                                 \
    }
#define X(kind, row, index, from) row_##row##_##from : kind(row, FROM_##from)
    INTERP_ROWS(X, INTERP_EXTRA(X))
#undef X
#define P(kind, a, from_a, b, from_b)                                 \
    pair_##a##_##from_a##_##b##_##from_b : SEM(a, FROM_##from_a) o++; \
    kind(b, FROM_##from_b)
    INTERP_PAIRS(P)
#undef P
#undef PLAIN
#undef BRANCH
#undef JUMP
#undef SYNC

end:
    GO(0, b->pc + b->bytes)

    /* What stands where an instruction should, once the budget reaches it. */
illegal:
    if (left == 0) goto short_of;
    cpu_fault(cpu, g->cause_of_access[0], 0);
    goto fault;
fetch: /* the instruction's first unit, or its second, is not executable */
    if (left == 0) goto short_of;
    cpu_check(cpu, b->pc + b->bytes + (uint64_t)(uint32_t)o->imm, 1, CPU_EXEC);
    goto fault;
absent:
    if (left == 0) goto short_of;
    cpu->exit =
        (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = "the instruction's row is 'status: absent'"};
    goto fault;
short_of:
    flow.npc = b->pc + b->bytes;
    goto spent;

fault : {
    unsigned at = (unsigned)(o - b->ops);
    left += b->count - at;
    flow.npc = b->pc + (uint64_t)b->at[at] * g->code_unit;
    cpu->exit.pc = flow.npc;
    if (cpu->exit.kind == EXIT_FAULT && cpu->exit.cause == g->cause_of_access[0])
        interp_fault_value(cpu, flow.npc);
    goto out;
}
spent:
    if (taken < budget) goto slice;
    cpu->exit = (struct cpu_exit){.kind = EXIT_BUDGET, .pc = flow.npc};
    goto out;
kicked:
    __atomic_store_n(&cpu->kicked, 0, __ATOMIC_RELAXED);
    cpu->exit = (struct cpu_exit){.kind = EXIT_KICKED, .pc = flow.npc};
out:
    cpu->exit.executed = taken - (uint64_t)left;
    cpu->state[g->pc_word] = flow.npc;
    INTERP_RETIRED(s) = retired_base + cpu->exit.executed;
}
