/* Ways out of a block, and its top. What is not on the way down stands behind the block's code: the stubs, in
 * the order of the exits. An exit is jumped to by rel32 only, and the one of a GOTO that has no budget to
 * give back is what linking patches. */
#include "engine/jit/x86_64/emit.h"

uint32_t emit_exit_new(struct emit *e, unsigned kind, uint64_t pc)
{
    struct jit_code *c = e->c;
    if (c->nexits == c->exits_cap) {
        c->exits_cap = c->exits_cap ? c->exits_cap * 2 : 16;
        c->exits = xrealloc(c->exits, c->exits_cap * sizeof(*c->exits));
    }
    /* until the stubs are written, `inner` is the call that is under way, `left` what is to be settled */
    c->exits[c->nexits] = (struct jit_exit){
        .kind = (uint8_t)kind, .insn = e->insn, .pc = pc, .inner = e->call, .left = e->late};
    return c->nexits++;
}

uint32_t emit_fault_exit(struct emit *e)
{
    if (e->fault_exit == EMIT_NONE || e->c->exits[e->fault_exit].left != e->late)
        e->fault_exit = emit_exit_new(e, JIT_EXIT_FAULT, e->pc);
    return e->fault_exit;
}

void emit_fault_here(struct emit *e, bool write)
{
    struct jit_code *c = e->c;
    uint32_t exit = emit_fault_exit(e);
    if (c->nfaults == c->faults_cap) {
        c->faults_cap = c->faults_cap ? c->faults_cap * 2 : 64;
        c->faults = xrealloc(c->faults, c->faults_cap * sizeof(*c->faults));
    }
    c->faults[c->nfaults++] =
        (struct jit_fault){.at = c->n, .insn = (uint16_t)e->insn, .exit = (uint16_t)exit, .write = write};
}

void emit_exit_from(struct emit *e, uint32_t at, uint32_t exit)
{
    struct jit_exit *x =
        &e->c->exits[exit]; /* until the stubs are written, `jump` is the head of its jumps */
    if (e->nfixups == e->fixups_cap) {
        e->c->failed = true;
        return;
    }
    e->fixups[e->nfixups] = (struct emit_fixup){.at = at, .next = x->jump};
    x->jump = ++e->nfixups;
}

void emit_exit_jump(struct emit *e, enum asm_cc cc, uint32_t exit)
{
    emit_exit_from(e, asm_jump32(e->c, cc), exit);
}

/* What an exit by instruction `insn` has counted and not run. */
static uint32_t unused(const struct emit *e, const struct jit_exit *x)
{
    bool ran = x->kind == JIT_EXIT_GOTO || x->kind == JIT_EXIT_JUMP;
    return x->kind == JIT_EXIT_BUDGET ? e->b->insns : e->b->insns - x->insn - ran;
}

void emit_budget(struct emit *e, enum asm_alu alu, uint32_t by)
{
    if (by) asm_alu_i(e->c, alu, ASM_W, &(struct asm_rm){.reg = ASM_R15}, (int32_t)by);
}

/* ---- in and out of a region ---- */

static void move_word(struct emit *e, unsigned reg, unsigned word, bool store)
{
    static const uint32_t op[2][2] = {{ASM_MOV | ASM_W, ASM_MOV_ST | ASM_W}, {ASM_MOVQ, ASM_MOVQ_ST}};
    asm_mem(e->c, op[reg >= ASM_XMM0][store], reg, ASM_RBP, emit_word_disp(word));
}

/* The words that the standard and the region have in different places change them. */
void emit_cross(struct emit *e, bool out)
{
    if (!e->pins) return;
    asm_room(e->c, EMIT_NODE_ROOM);
    for (unsigned r = 0; r < ARRAY_LEN(e->pins->word); r++) {
        uint16_t inside = e->pins->word[r], outside = e->h->word_of_pin[r];
        if (inside == outside) continue;
        uint16_t from = out ? inside : outside, to = out ? outside : inside;
        if (from) move_word(e, r, from - 1u, true);
        if (to) move_word(e, r, to - 1u, false);
    }
}

/* Where returns come in, and who comes from elsewhere than the region. */
static void ways_in(struct emit *e)
{
    e->c->landing = e->c->n;
    emit_landing(e, e->b->pc);
    e->c->entry = e->c->n;
    emit_cross(e, false);
    e->c->inner = e->c->n;
}

/* Loops jump to `inner`: a host fetches best what is aligned. So the rest is moved to right before that; it
 * has no jumps that would notice, but for its calls. */
static void align_inner(struct jit_code *c)
{
    uint32_t pad = -c->n % JIT_ALIGN;
    memmove(c->p + pad, c->p, c->n);
    memset(c->p, 0xcc, pad); /* int3: nobody comes here */
    for (uint32_t i = 0; i < c->ncalls; i++) c->calls[i].at += pad;
    c->landing += pad;
    c->entry += pad;
    c->inner += pad;
    c->n += pad;
}

void emit_top(struct emit *e)
{
    struct jit_code *c = e->c;
    ways_in(e);
    align_inner(c);
    uint32_t exit = emit_exit_new(e, JIT_EXIT_BUDGET, e->b->pc);
    emit_budget(e, ALU_SUB, e->b->insns);
    if (e->b->insns) emit_exit_jump(e, CC_B, exit);
}

/* A jump to the next instruction, to be linked; gives where its rel32 is. */
static uint32_t linkable(struct jit_code *c)
{
    uint32_t at = asm_jump32(c, CC_ALWAYS);
    asm_here32(c, at);
    return at;
}

/* Of a GOTO, behind what comes first (giving back, pushing), if anything does: where it is linked to blocks
 * of its region, and to others. */
static void way_out(struct emit *e, struct jit_exit *x, bool comes_first)
{
    struct jit_code *c = e->c;
    if (comes_first) x->jump = linkable(c);
    if (e->pins) {
        x->inner = x->jump;
        x->cross = c->n;
        emit_cross(e, true);
        x->jump = linkable(c);
    }
    x->stub = c->n;
}

/* All jumps to exit x lead here; true: there is just one. */
static bool stub_begins(struct emit *e, struct jit_exit *x)
{
    bool one = x->jump && !e->fixups[x->jump - 1].next;
    for (uint32_t f = x->jump; f; f = e->fixups[f - 1].next) {
        x->jump = e->fixups[f - 1].at;
        asm_here32(e->c, x->jump);
    }
    x->stub = e->c->n;
    x->inner = 0;
    return one;
}

/* Where a return goes on until the block there is known. A call that pushed this address may still be under
 * way by then. */
static void return_stub(struct emit *e, struct jit_exit *x)
{
    bool one = stub_begins(e, x);
    x->cross = x->stub;
    if (one) x->inner = x->jump;
    emit_landing(e, x->pc);
    x->jump = linkable(e->c);
    x->stub = e->c->n;
}

static void stub(struct emit *e, uint32_t i)
{
    struct jit_exit *x = &e->c->exits[i];
    uint32_t call = x->kind == JIT_EXIT_GOTO ? x->inner : 0;
    uint32_t give = x->kind == JIT_EXIT_JUMP ? 0 : unused(e, x); /* a jump gave back before it looked */
    uint32_t late = x->left;
    stub_begins(e, x);
    e->late = late;
    emit_settle(e, late);
    emit_budget(e, ALU_ADD, give);
    emit_push(e, call);
    x = &e->c->exits[i]; /* that may have made exits */
    if (x->kind == JIT_EXIT_GOTO)
        way_out(e, x, late || give || call);
    else if (x->kind != JIT_EXIT_JUMP)
        emit_cross(e, true);
}

void emit_stubs(struct emit *e)
{
    struct jit_code *c = e->c;
    for (uint32_t i = 0; i < c->nexits; i++) {
        asm_room(c, EMIT_NODE_ROOM);
        if (c->exits[i].returns)
            return_stub(e, &c->exits[i]);
        else
            stub(e, i);
        asm_call(c, e->h->leave);
        c->exits[i].left = c->n;
    }
}

enum asm_cc emit_condition(struct emit *e, uint32_t v)
{
    if (v == e->flag_val) {
        e->flags_busy = true;
        return e->flag_cc;
    }
    if (emit_is_const(e, v)) return emit_const_of(e, v) ? CC_ALWAYS : CC_NEVER;
    uint32_t before = e->locked;
    struct asm_rm m = use_rm(e, v);
    e->locked = before; /* it is not read again */
    if (m.reg != ASM_NONE && emit_cell_of(e, v)->zero <= 1) {
        asm_rr(e->c, ASM_TEST, m.reg, m.reg);
    } else {
        asm_op(e->c, ASM_TEST_I8, 0, 0, &m);
        asm_byte(e->c, 1);
    }
    e->flags_busy = true;
    return CC_NE;
}

/* Leaves by this exit under a condition; one that is never true was no exit. */
static void leave_if(struct emit *e, enum asm_cc cc, unsigned kind, uint64_t pc, unsigned cause)
{
    if (cc == CC_NEVER) return;
    uint32_t exit = emit_exit_new(e, kind, pc);
    e->c->exits[exit].cause = (uint16_t)cause;
    emit_exit_jump(e, cc, exit);
}

void emit_exit_if(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    enum asm_cc cc = emit_condition(e, n->a[0]);
    emit_taken(e);
    leave_if(e, cc, JIT_EXIT_GOTO, n->imm, 0);
}

void emit_raise(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    enum asm_cc cc = n->a[0] == IR_NONE ? CC_ALWAYS : emit_condition(e, n->a[0]);
    emit_taken(e);
    leave_if(e, cc, JIT_EXIT_RAISE, e->pc, (unsigned)n->imm);
}

void emit_goto(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (n->round == IR_HINT_RETURN) emit_returned(e, n, r);
    emit_push(e, e->call);
    e->call = 0;
    leave_if(e, CC_ALWAYS, JIT_EXIT_GOTO, n->imm, 0);
    e->c->exits[e->c->nexits - 1].hint = n->round;
}

/* Its slot is found as jit_jump_slot does: bits 1 up of pc ^ pc >> 12. */
struct asm_rm emit_jump_lookup(struct jit_code *c)
{
    unsigned mask = (JIT_JUMPS - 1) << 1;
    asm_rr(c, ASM_MOV, ASM_RCX, ASM_RAX);
    asm_rr(c, ASM_SHIFT_I, SHIFT_SHR, ASM_RCX);
    asm_byte(c, 12);
    asm_rr(c, ASM_ALU + 8 * ALU_XOR, ASM_RCX, ASM_RAX);
    asm_alu_i(c, ALU_AND, 0, &(struct asm_rm){.reg = ASM_RCX}, (int32_t)mask);
    struct asm_rm pc = asm_mx(ASM_RDX, ASM_RCX, 3, offsetof(struct jit_jump, pc));
    _Static_assert(sizeof(struct jit_jump) == 16, "a slot's number doubled, times 8");
    asm_op(c, (ASM_ALU + 8 * ALU_CMP) | ASM_W, ASM_RAX, 0, &pc);
    return asm_mx(ASM_RDX, ASM_RCX, 3, offsetof(struct jit_jump, code));
}

/* Goes to the pc in rax, by this exit if the cache of indirect jumps does not have it. */
static void jump_to_rax(struct emit *e, uint32_t exit)
{
    struct jit_code *c = e->c;
    emit_cross(e, true);
    emit_push(e, c->exits[exit].inner);
    emit_budget(e, ALU_ADD, unused(e, &c->exits[exit]));
    asm_near(c, ASM_LEA | ASM_W, ASM_RDX, 0, e->h->jumps);
    struct asm_rm code = emit_jump_lookup(c);
    emit_exit_jump(e, CC_NE, exit);
    asm_op(c, 0xff, 4, 0, &code); /* jmp */
}

static uint32_t jump_exit(struct emit *e, const struct ir_node *n)
{
    uint32_t exit = emit_exit_new(e, JIT_EXIT_JUMP, e->pc);
    e->c->exits[exit].hint = n->round;
    return exit;
}

void emit_jump(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    if (emit_is_const(e, n->a[0])) { /* the block after it is known */
        uint64_t target = emit_const_of(e, n->a[0]);
        emit_taken(e);
        emit_goto(e, &(struct ir_node){.op = IR_GOTO, .imm = target, .round = n->round}, r);
        return;
    }
    unsigned target = use_g(e, n->a[0]);
    emit_taken(e);
    alloc_move(e, ASM_RAX, target);
    if (n->round == IR_HINT_RETURN)
        emit_return(e, e->call, e->insn);
    else
        jump_to_rax(e, jump_exit(e, n));
}

static void write_guard_failed(struct emit *e, const struct emit_cold *c)
{
    alloc_move(e, ASM_RAX, c->dst);
    jump_to_rax(e, (uint32_t)c->value);
}

static void write_returned_elsewhere(struct emit *e, const struct emit_cold *c)
{
    alloc_move(e, ASM_RAX, c->dst);
    emit_return(e, (uint32_t)c->imm[0], (uint32_t)c->imm[1]);
}

/* Goes on when the target is the expected one. */
void emit_guard(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    unsigned target = use_g(e, n->a[0]);
    int32_t imm = (int32_t)n->imm;
    if ((int64_t)n->imm == imm) {
        asm_alu_i(e->c, ALU_CMP, ASM_W, &(struct asm_rm){.reg = (uint8_t)target}, imm);
    } else {
        unsigned t = use_tmp(e, EMIT_GPRS);
        asm_const(e->c, t, n->imm);
        asm_rr(e->c, (ASM_ALU + 8 * ALU_CMP) | ASM_W, target, t);
    }
    emit_taken(e);
    bool returns = n->round == IR_HINT_RETURN;
    struct emit_cold *c = emit_cold_new(e, returns ? write_returned_elsewhere : write_guard_failed);
    c->from = asm_jump32(e->c, CC_NE);
    c->dst = (uint8_t)target;
    c->imm[0] = e->call;
    c->imm[1] = e->insn;
    if (!returns) c->value = jump_exit(e, n);
    c->back = e->c->n;
}

void emit_step(struct emit *e, const struct ir_node *n, const struct emit_row *r)
{
    leave_if(e, CC_ALWAYS, JIT_EXIT_STEP, e->pc, 0);
}
