/* The traces of a region: which there are, and their IR.
 *
 * A trace follows the path where it mostly went, through branches either way, calls, and returns that are
 * guarded, until it comes to the head of a loop that goes round often, or to itself. Where the path also went
 * often enough, another trace of the region begins. Traces are found in one round; a second one lifts each
 * again, because by then all loops' heads are known.
 */
#include "engine/jit/region.h"

#include "engine/guest/guest.h"

#include <string.h>

enum {
    OFTEN = 128,   /* a place where the path was once in so many instructions is worth a trace */
    REPEATS = 2,   /* times that an instruction is in one round of a trace: functions are called twice */
    ROUNDS = 5,    /* a loop that goes round less often, each time it is come to, is short */
    UNROLLED = 48, /* instructions at most of a loop's rounds that are in one trace */
    UNROLLED_ROUNDS = 4, /* of them, at most, and of a loop that goes round so much more often than that */
    COPIED = 32, /* instructions at most of what goes to many places and is in each trace that comes to it */
    SELDOM = 20, /* a jump that goes to a place less often than once in so many times does not look for it */
    JOINED = 24, /* bytes at most that a branch leads round to become straight code.. */
    EITHER = 8,  /* ..if it goes the other way than before once in so many times */
};

struct jit_trace *jit_trace_at(struct jit_making *r, uint64_t pc)
{
    for (unsigned i = 0; i < r->ntraces; i++)
        if (r->traces[i].pc == pc) return &r->traces[i];
    return NULL;
}

/* The block of another region at pc, or NULL. It stays as it is, and traces end before it. */
const struct jit_block *jit_trace_other(struct jit_making *r, uint64_t pc)
{
    const struct jit_block *b = jit_find(r->j, pc, r->j->key);
    return b && b->tier > 1 && !jit_trace_at(r, pc) ? b : NULL;
}

/* A loop that comes back to an indirect jump to many places, such as an interpreter's: each trace has a jump
 * of its own, which the host predicts by where it stands. */
static bool is_copied(struct jit_making *r, uint64_t pc)
{
    const struct jit_trace *t = jit_trace_at(r, pc);
    const struct jit_block *b = t ? NULL : jit_trace_other(r, pc);
    if (t) return t->copied;
    return b && b->insns <= COPIED && b->jumps;
}

/* The path went there so many times. */
static void want_trace(struct jit_making *r, uint64_t pc, uint32_t times, bool loop)
{
    struct jit_trace *t = jit_trace_at(r, pc);
    bool room = !r->known && r->ntraces < JIT_TRACES;
    if (t) {
        t->loop |= loop && !r->known;
    } else if (room && times > r->path->n / OFTEN && !jit_trace_other(r, pc)) {
        r->traces[r->ntraces++] = (struct jit_trace){.pc = pc, .loop = loop};
    }
}

/* How often the trace has this instruction. */
static unsigned times_in(const struct jit_making *r, const struct jit_trace *t, uint64_t pc)
{
    unsigned n = 0;
    for (uint32_t i = t->first; i < t->first + t->n; i++) n += r->pcs[i] == pc;
    return n;
}

/* The same in the present round of a loop. */
static unsigned repeats(const struct jit_making *r, const struct jit_trace *t, uint64_t pc)
{
    unsigned n = 0;
    for (uint32_t i = t->first + t->n; i-- > t->first;) {
        n += r->pcs[i] == pc;
        if (r->pcs[i] == t->pc) break;
    }
    return n;
}

/* The loop at pc, which a trace comes to now, goes round often. Of others, traces have the first round in
 * them.
 */
static bool is_long(const struct jit_making *r, uint64_t pc)
{
    const struct jit_site *s = jit_site(r->path, pc);
    return s && s->count > ROUNDS * jit_times(r->path, r->pcs[r->npcs - 1], pc);
}

/* The trace is back at its head, pc, and has another round of the loop: less is counted and jumped then, and
 * what one round knows of registers the next one uses. */
static bool goes_round(const struct jit_making *r, const struct jit_trace *t, uint64_t pc)
{
    uint32_t rounds = pc == t->pc ? times_in(r, t, pc) : 0;
    if (!rounds || t->copied) return false;
    const struct jit_site *s = jit_site(r->path, pc);
    uint32_t back = jit_times(r->path, r->pcs[r->npcs - 1], pc);
    bool often = s && (s->count - back) * 2 * UNROLLED_ROUNDS <= s->count;
    return often && rounds < UNROLLED_ROUNDS && t->n + t->n / rounds <= UNROLLED;
}

/* The trace does not go on at pc. */
static bool ends_before(struct jit_making *r, const struct jit_trace *t, uint64_t pc)
{
    const struct jit_trace *other = jit_trace_at(r, pc);
    if (t->n == JIT_TRACE_INSNS) want_trace(r, pc, r->path->n, false);
    if (goes_round(r, t, pc)) return false;
    return pc == t->pc || (other && other->loop && is_long(r, pc)) || t->n == JIT_TRACE_INSNS ||
           r->npcs == JIT_REGION_INSNS || !jit_site(r->path, pc) ||
           (jit_trace_other(r, pc) && !is_copied(r, pc));
}

static bool has_return(const struct jit_returns *l, uint64_t pc)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->pc[i] == pc) return true;
    return false;
}

static void note_return(struct jit_returns *l, uint64_t pc)
{
    if (l->n < ARRAY_LEN(l->pc) && !has_return(l, pc)) l->pc[l->n++] = pc;
}

/* Calls that return to pc end traces, and a trace of the same region has a guard that expects them: neither
 * pushes or pops anything. */
static bool is_between_traces(const struct jit_making *r, uint64_t pc)
{
    return r->found && has_return(&r->called, pc) && has_return(&r->guarded, pc);
}

/* A guard has found a return to be one to `to`, and to a call in this trace if `inside`. */
static void add_return(struct jit_making *r, uint64_t to, bool inside)
{
    if (!inside && !r->found) note_return(&r->guarded, to);
    if (inside || !is_between_traces(r, to))
        ir_add_node(&r->j->ir,
                    &(struct ir_node){.op = IR_RETURN, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

/* The trace has ended inside of callees. */
static void leave_callees(struct jit_making *r)
{
    for (uint32_t i = 0; i < r->ncalls; i++) {
        struct ir_node *call = &r->j->ir.nodes[r->calls[i]];
        if (!r->found) note_return(&r->called, call->imm);
        if (is_between_traces(r, call->imm)) call->op = IR_NOP;
    }
}

static void add_goto(struct ir_block *b, uint64_t pc, unsigned hint)
{
    ir_add_node(b, &(struct ir_node){.op = IR_GOTO,
                                     .round = (uint8_t)hint,
                                     .imm = pc,
                                     .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

/* A branch, whose EXIT_IF to `taken` stands there; `next` is behind it. *pc: where the trace goes on. */
static bool through_branch(struct jit_making *r, const struct jit_trace *t, uint64_t *pc, uint64_t taken,
                           uint64_t next)
{
    struct ir_block *b = &r->j->ir;
    uint64_t at = *pc;
    uint32_t there = jit_times(r->path, at, taken), on = jit_times(r->path, at, next);
    bool back = taken <= at && !is_copied(r, taken);
    *pc = next;
    want_trace(r, taken, there, back);
    if (there <= on) return true;
    want_trace(r, next, on, false);
    if (back && !goes_round(r, t, taken)) {
        add_goto(b, next, IR_HINT_NONE);
        return false;
    }
    struct ir_node leave = b->nodes[--b->n];
    leave.a[0] = ir_op1(b, IR_LNOT_I1, leave.a[0]);
    leave.imm = next;
    ir_add_node(b, &leave);
    *pc = taken;
    return true;
}

/* The next instruction of the trace, at pc, is lifted; its length, or 0: there is none, or no room. */
static unsigned add_insn(struct jit_making *r, struct jit_trace *t, uint64_t pc, enum lift_end *end,
                         uint64_t *taken)
{
    uint32_t word;
    unsigned n = r->npcs < JIT_REGION_INSNS ? jit_read_insn(&r->reader, pc, &word) : 0;
    if (!n) return 0;
    r->round[r->npcs] = 0;
    r->out[r->npcs] = false;
    r->pcs[r->npcs++] = pc;
    *end = lift_row(&r->j->ir, r->c->guest, pc, word, r->j->key, t->n++, taken);
    return n;
}

/* A branch round a few instructions, which goes either way: a host would often guess wrong. The instructions
 * become part of the trace, which goes on where they end. */
static bool go_round(struct jit_making *r, struct jit_trace *t, uint64_t *pc, uint64_t taken, uint64_t next)
{
    struct ir_block *b = &r->j->ir;
    const struct jit_site *s = jit_site(r->path, *pc);
    uint32_t nodes = b->n, insns = b->insns, bytes = b->bytes, npcs = r->npcs, n = t->n;
    uint64_t at = next, ignored;
    enum lift_end end = LIFT_MORE;
    for (uint32_t i = 0; i < r->napart; i++)
        if (r->apart[i] == *pc) return false;
    if (taken <= next || taken - next > JOINED || !s || s->changes * EITHER < s->count) return false;
    while (at < taken && end == LIFT_MORE) {
        unsigned size = t->n < JIT_TRACE_INSNS ? add_insn(r, t, at, &end, &ignored) : 0;
        if (!size) break;
        at += size;
    }
    if (at == taken && end == LIFT_MORE && ir_join(b, nodes - 1)) {
        r->round[npcs - 1] = (uint8_t)(r->npcs - npcs);
        *pc = taken;
        return true;
    }
    b->n = nodes;
    b->insns = insns;
    b->bytes = bytes;
    r->npcs = npcs;
    t->n = n;
    return false;
}

/* A jump to a known place; it is taken off when the trace goes on there. */
static bool through_goto(struct jit_making *r, const struct jit_trace *t, uint64_t *pc)
{
    struct ir_block *b = &r->j->ir;
    const struct ir_node *last = &b->nodes[b->n - 1];
    uint64_t at = *pc;
    *pc = last->imm;
    if (goes_round(r, t, *pc)) {
        b->n--;
        return true;
    }
    if (last->round == IR_HINT_NONE && *pc <= at && !is_copied(r, *pc)) {
        want_trace(r, *pc, jit_times(r->path, at, *pc), true);
        return false;
    }
    if (ends_before(r, t, *pc)) return false;
    if (repeats(r, t, *pc) >= REPEATS) {
        want_trace(r, *pc, jit_times(r->path, at, *pc), false);
        return false;
    }
    b->n--;
    return true;
}

/* Where the indirect jump at pc leads, which is the last node: back to a caller that the trace has in it, or
 * to where it mostly went; false: nobody knows. */
static bool leads_to(struct jit_making *r, uint64_t pc, uint64_t *to)
{
    const struct jit_site *s = jit_site(r->path, pc);
    bool returns = r->j->ir.nodes[r->j->ir.n - 1].round == IR_HINT_RETURN;
    unsigned best = s ? jit_likeliest(s) : 0;
    if (returns && r->ncalls) {
        *to = r->j->ir.nodes[r->calls[--r->ncalls]].imm;
        return true;
    }
    if (!s || s->times[best] * 4 < s->count * 3) return false;
    *to = s->to[best];
    return true;
}

/* Before the indirect jump that is the last node is looked up, its target is compared with those that it
 * often has, the likeliest first: so the path stays in the region. */
static void add_chain(struct ir_block *b, const struct jit_site *s)
{
    struct jit_site left = *s;
    struct ir_node jump = b->nodes[--b->n];
    for (;;) {
        unsigned best = jit_likeliest(&left);
        if (left.times[best] * SELDOM < s->count) break;
        uint64_t to = left.to[best];
        uint32_t is = ir_op2(b, IR_EQ_I64, jump.a[0], ir_const(b, IR_I64, to));
        ir_add_node(
            b, &(struct ir_node){.op = IR_EXIT_IF, .imm = to, .a = {is, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
        left.times[best] = 0;
    }
    ir_add_node(b, &jump);
}

/* An indirect jump: the trace goes on where it leads, other places are for other traces. */
static bool through_jump(struct jit_making *r, const struct jit_trace *t, uint64_t *pc)
{
    struct ir_block *b = &r->j->ir;
    struct ir_node *last = &b->nodes[b->n - 1];
    const struct jit_site *s = jit_site(r->path, *pc);
    uint64_t to;
    bool returns = last->round == IR_HINT_RETURN, inside = returns && r->ncalls;
    bool usual = leads_to(r, *pc, &to);
    for (unsigned i = 0; s && i < JIT_NEXT && s->times[i]; i++)
        if (!usual || s->to[i] != to) want_trace(r, s->to[i], s->times[i], false);
    if (!usual && s && !returns) add_chain(b, s);
    if (!usual || repeats(r, t, to) >= REPEATS) return false;
    last->op = IR_GUARD;
    last->imm = *pc = to;
    if (returns) add_return(r, to, inside);
    if (!ends_before(r, t, *pc)) return true;
    add_goto(&r->j->ir, *pc, IR_HINT_NONE);
    return false;
}

/* *pc, where the last instruction was, becomes where the trace goes on; false: the block is complete. */
static bool go_on(struct jit_making *r, struct jit_trace *t, enum lift_end end, uint64_t taken, uint64_t next,
                  uint64_t *pc)
{
    struct ir_block *b = &r->j->ir;
    unsigned op = b->nodes[b->n - 1].op;
    if (b->n > 1 && b->nodes[b->n - 2].op == IR_CALL) r->calls[r->ncalls++] = b->n - 2;
    if (end == LIFT_DONE && op != IR_GOTO && op != IR_JUMP) return false;
    if (end == LIFT_DONE) return op == IR_GOTO ? through_goto(r, t, pc) : through_jump(r, t, pc);
    if (end == LIFT_BRANCH && !go_round(r, t, pc, taken, next) && !through_branch(r, t, pc, taken, next))
        return false;
    if (end == LIFT_MORE) *pc = next;
    if (!ends_before(r, t, *pc)) return true;
    add_goto(b, *pc, IR_HINT_NONE);
    return false;
}

/* Lifts the trace into j->ir, and notes its instructions; false: there is none. */
static bool lift_once(struct jit_making *r, struct jit_trace *t)
{
    struct jit *j = r->j;
    struct ir_block *b = &j->ir;
    uint64_t pc = t->pc, taken = 0;
    enum lift_end end = LIFT_MORE;
    bool more = true;
    ir_block_reset(b, pc, j->key);
    b->live_round = (uint8_t)j->lift->round(j->key);
    t->first = r->npcs;
    t->n = 0;
    r->ncalls = 0;
    while (more) {
        unsigned n = add_insn(r, t, pc, &end, &taken);
        if (!n) {
            if (t->n) add_goto(b, pc, IR_HINT_NONE);
            break;
        }
        more = go_on(r, t, end, taken, pc + n, &pc);
        unsigned op = b->nodes[b->n - 1].op;
        r->out[r->npcs - 1] =
            op == IR_JUMP || op == IR_GUARD || op == IR_RETURN || op == IR_STEP || op == IR_RAISE;
    }
    leave_callees(r);
    t->jumps = b->n && b->nodes[b->n - 1].op == IR_JUMP;
    return t->n;
}

/* A branch that the trace goes round, and had better not; false: none, or there are too many. */
static bool keep_apart(struct jit_making *r, const struct jit_trace *t)
{
    const struct ir_block *b = &r->j->ir;
    const struct ir_node *last = &b->nodes[b->n - 1];
    for (uint32_t i = 0, at = t->first; i < b->n && r->napart < JIT_APART; i++) {
        const struct ir_node *n = &b->nodes[i];
        if (n->op == IR_INSN) at = t->first + n->a[0];
        if (n->op != IR_SKIP || !ir_joins_address(b, i, last->op == IR_GOTO && last->imm == t->pc)) continue;
        r->apart[r->napart++] = r->pcs[at - n->imm];
        return true;
    }
    return false;
}

bool jit_trace_lift(struct jit_making *r, struct jit_trace *t)
{
    struct jit_trace before[JIT_TRACES];
    unsigned nbefore = r->ntraces;
    memcpy(before, r->traces, nbefore * sizeof(before[0]));
    bool any = lift_once(r, t);
    while (any && keep_apart(r, t)) { /* which other traces there are follows from what stands */
        r->npcs = t->first;
        r->ntraces = nbefore;
        memcpy(r->traces, before, nbefore * sizeof(before[0]));
        any = lift_once(r, t);
    }
    return any;
}

void jit_traces_find(struct jit_making *r)
{
    r->traces[r->ntraces++] = (struct jit_trace){.pc = r->path->pc[0]};
    for (unsigned i = 0; i < r->ntraces; i++) {
        r->npcs = 0;
        jit_trace_lift(r, &r->traces[i]);
    }
    for (unsigned i = 0; i < r->ntraces; i++) {
        struct jit_trace *t = &r->traces[i];
        t->copied = t->jumps && t->n <= COPIED;
        t->loop &= !t->copied;
    }
    r->known = true;
    r->npcs = r->called.n = r->guarded.n = 0;
    for (unsigned i = 0; i < r->ntraces; i++) jit_trace_lift(r, &r->traces[i]);
    r->found = true;
}

/* The path goes from instruction *at of the trace to the next one, or round some. */
bool jit_trace_stays(const struct jit_making *r, const struct jit_trace *t, uint32_t *at, uint64_t pc)
{
    uint32_t next = *at + 1, round = next + r->round[*at], end = t->first + t->n;
    *at = next;
    if (next < end && r->pcs[next] == pc) return true;
    if (round < end && r->pcs[round] == pc) *at = round;
    return *at == round && round != next;
}
