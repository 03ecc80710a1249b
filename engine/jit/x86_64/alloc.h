/* What the files that place values share (alloc.c, operand.c, state.c, plan.c); emitters use emit.h alone. */
#ifndef ENGINE_JIT_X86_64_ALLOC_H
#define ENGINE_JIT_X86_64_ALLOC_H

#include "engine/jit/x86_64/emit.h"

#define ALLOC_GPRS 0xffffu /* registers of a class, as a mask */
#define ALLOC_XMMS 0xffff0000u

static ALWAYS_INLINE unsigned alloc_first(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}
static ALWAYS_INLINE uint32_t alloc_class(unsigned reg)
{
    return reg < ASM_XMM0 ? ALLOC_GPRS : ALLOC_XMMS;
}

/* ---- cells and their values ---- */
struct emit_cell *alloc_cell(struct emit *e, uint32_t v);                 /* a new one, of v alone */
void alloc_join(struct emit *e, uint32_t v, uint32_t cell, int32_t disp); /* v is this cell, too */
void alloc_leave(struct emit *e, uint32_t v);                             /* and no longer; it may die */
void alloc_place(struct emit *e, uint32_t cell, unsigned reg);            /* reg holds its content */
void alloc_unplace(struct emit *e, unsigned reg); /* reg no longer holds what it does */
/* v, whose displacement is to be added now, in `dst` or (ASM_NONE) where it suits. It becomes a cell. */
unsigned alloc_add_up(struct emit *e, uint32_t v, unsigned dst);

/* ---- content ---- */
void alloc_load(struct emit *e, const struct emit_cell *c,
                unsigned reg); /* reg does not become a place of it */
void alloc_store_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp); /* 64 bits of either class */
void alloc_load_mem(struct emit *e, unsigned reg, unsigned base, int32_t disp);
int alloc_slot(struct emit *e, unsigned n); /* the first of n free slots beside each other */

/* ---- registers ---- */
unsigned alloc_find(struct emit *e, uint32_t mask); /* an unlocked one that holds nothing, or ASM_NONE */
unsigned alloc_take(struct emit *e, uint32_t mask); /* one of these, made free if need be */
void alloc_vacate(struct emit *e, unsigned reg);    /* what it holds moves, if it is nowhere else */
/* One for v: the pinned one that it is wanted in; one of `reuse` that is free now; or any of mask. */
unsigned alloc_choose(struct emit *e, uint32_t v, uint32_t mask, uint32_t reuse);
/* One that holds the cell, of the class `all`; if it must be loaded, one of `temps`. Locked. */
unsigned alloc_use(struct emit *e, uint32_t cell, uint32_t all, uint32_t temps);

bool alloc_last_use(struct emit *e, uint32_t v); /* operand.c: node e->at is the last that uses v's cell */

/* ---- plan.c ---- */
void alloc_plan(struct emit *e);

#endif
