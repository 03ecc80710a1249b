/* Returns. A call pushes, on a stack of the vcpu's own that rsp is the pointer of, where its return goes on
 * in translated code; a return pops that and goes there. What stands there compares the guest's pc, which is
 * in rax, with its own (a landing), and when it is another, pops the next. So a guest that leaves callees by
 * longjmp, or returns to where nobody called from, loses predictions, and nothing else; at the bottom stands
 * the cache of indirect jumps.
 *
 * The host's own call and ret would cost each return a jump more, as the code behind a call is not that of
 * the block the guest returns to; indirect jumps are predicted as well.
 *
 * Where a region has a callee in its caller's trace, nothing is pushed until an exit leaves that is inside
 * the callee. */
#include "engine/jit/x86_64/emit.h"

void emit_landing(struct emit *e, uint64_t pc)
{
    struct jit_code *c = e->c;
    if ((int64_t)pc == (int32_t)pc) {
        asm_alu_i(c, ALU_CMP, ASM_W, &(struct asm_rm){.reg = ASM_RAX}, (int32_t)pc);
    } else {
        asm_const(c, ASM_RCX, pc);
        asm_rr(c, (ASM_ALU + 8 * ALU_CMP) | ASM_W, ASM_RAX, ASM_RCX);
    }
    asm_jump_near(c, CC_NE, e->h->unwind);
}

void emit_called(struct emit *e, const struct ir_node *n)
{
    e->calls[e->ncalls++] = (struct emit_call){.pc = n->imm, .outer = e->call};
    e->call = e->ncalls;
}

void emit_push(struct emit *e, uint32_t call)
{
    if (!call) return;
    struct emit_call *k = &e->calls[call - 1];
    emit_push(e, k->outer);
    asm_room(e->c, EMIT_NODE_ROOM);
    if (!k->exit) {
        k->exit = emit_exit_new(e, JIT_EXIT_GOTO, k->pc) + 1;
        e->c->exits[k->exit - 1].returns = true;
    }
    emit_exit_from(e, asm_lea32(e->c, ASM_RCX), k->exit - 1);
    asm_byte(e->c, 0x50 | ASM_RCX);
}

static void write_empty(struct emit *e, const struct emit_cold *c)
{
    asm_byte(e->c, 0x50 | c->dst); /* push it again */
}

/* A call from elsewhere has returned: what that pushed goes, if it was pushed since the stack was emptied.
 * Hosts follow push and pop without a step of their own, which comparing or adding to rsp would cost. */
void emit_returned(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (e->call) {
        e->call = e->calls[e->call - 1].outer;
        return;
    }
    unsigned t = use_tmp(e, EMIT_GPRS);
    struct asm_rm bottom = asm_m(ASM_RBP, EMIT_BOTTOM);
    struct emit_cold *c = emit_cold_new(e, write_empty);
    asm_byte(e->c, 0x58 | t);
    asm_op(e->c, (ASM_ALU + 8 * ALU_CMP) | ASM_W, t, 0, &bottom);
    c->from = asm_jump32(e->c, CC_E);
    c->dst = (uint8_t)t;
    c->back = e->c->n;
}

void emit_return(struct emit *e, uint32_t call, uint32_t insn)
{
    struct jit_code *c = e->c;
    emit_cross(e, true);
    emit_budget(e, ALU_ADD, e->b->insns - insn - 1);
    if (call) { /* its own return address is not there, nor will it be this one */
        emit_push(e, e->calls[call - 1].outer);
        asm_jump_near(c, CC_ALWAYS, e->h->jump);
    } else {
        asm_byte(c, 0x58 | ASM_RCX);
        asm_rr(c, 0xff, 4, ASM_RCX); /* jmp */
    }
}
