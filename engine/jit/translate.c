/* From guest code to a block in the cache: where it ends, and the stages in their order.
 *
 * A block is a trace: it goes on behind a branch that is not taken and through jumps to a known place, as
 * long as it stays short and meets no code that it has already. Pages are watched before their code is read,
 * so that no write, whoever makes it, is missed.
 */
#include "engine/jit/internal.h"

#include "engine/guest/guest.h"

#include <string.h>

enum {
    TRACE_INSNS = 48, /* a block that is longer does not go on through branches and jumps */
};

static void watch(struct jit_reader *r, uint64_t pc, unsigned n)
{
    uint64_t last = (pc + n - 1) & ~(uint64_t)(CPU_PAGE - 1);
    if (last == r->watched) return;
    cpu_watch_code(r->c, pc, n);
    r->watched = last;
}

unsigned jit_read_insn(struct jit_reader *r, uint64_t pc, uint32_t *word)
{
    const struct guest *g = r->c->guest;
    uint64_t skip = pc - r->at;
    if (skip > r->got || r->got - skip < 4) {
        unsigned want = CPU_PAGE - (unsigned)(pc % CPU_PAGE);
        if (want > sizeof(r->code)) want = sizeof(r->code);
        if (want < 4) want = 4; /* a long instruction may lie across pages */
        watch(r, pc, want);
        r->at = pc;
        if (!cpu_fetch(r->c, pc, r->code, want, &r->got)) r->got = 0;
        skip = 0;
    }
    unsigned left = r->got - (unsigned)skip;
    *word = 0;
    if (likely(left >= 4))
        memcpy(word, r->code + skip, 4);
    else
        memcpy(word, r->code + skip, left);
    if (left < g->code_unit) return 0;
    unsigned n = g->length(*word);
    return n <= left ? n : 0;
}

/* A GOTO at the block's end that the trace can go through is taken off again; *pc is where the trace goes on.
 */
static bool go_through(struct ir_block *b, uint64_t *pc)
{
    struct ir_node *last = &b->nodes[b->n - 1];
    if (last->op != IR_GOTO || last->round != IR_HINT_NONE) return false;
    for (uint32_t i = 0; i < b->n; i++)
        if (b->nodes[i].op == IR_INSN && b->nodes[i].imm == last->imm) return false;
    *pc = last->imm;
    b->n--;
    return true;
}

static void end_with_goto(struct ir_block *b, uint64_t pc)
{
    struct ir_node n = {.op = IR_GOTO, .imm = pc};
    for (int i = 0; i < IR_MAX_ARGS; i++) n.a[i] = IR_NONE;
    ir_add_node(b, &n);
}

/* Lifts the trace from b->pc into b: at most `most` instructions. True when it could have been longer. */
static bool lift_trace(struct jit_reader *r, struct ir_block *b, unsigned most)
{
    const struct guest *g = r->c->guest;
    uint64_t pc = b->pc, target;
    unsigned n, lifted = 0;
    uint32_t word;
    while ((n = jit_read_insn(r, pc, &word))) {
        if (lifted == most) {
            end_with_goto(b, pc);
            return true;
        }
        enum lift_end end = lift_row(b, g, pc, word, b->key, lifted++, &target);
        pc += n;
        bool longer = lifted < TRACE_INSNS;
        if (end == LIFT_MORE) continue;
        if (end == LIFT_DONE && !(longer && go_through(b, &pc))) return false;
        if (end == LIFT_BRANCH && (!longer || target <= pc)) {
            end_with_goto(b, pc);
            return false;
        }
    }
    if (lifted) end_with_goto(b, pc); /* the fetch that fails is met again there */
    return false;
}

bool jit_lift(struct vcpu *c, uint64_t pc, unsigned most, bool *longer)
{
    struct jit *j = c->backend;
    struct jit_reader r = {.c = c, .watched = ~0ull};
    ir_block_reset(&j->ir, pc, j->key);
    *longer = lift_trace(&r, &j->ir, most);
    j->ir.live_round = (uint8_t)j->lift->round(j->key);
    return j->ir.insns;
}

/* Time since *t, which moves on. */
static uint64_t lap(const struct jit *j, uint64_t *t)
{
    uint64_t before = *t;
    *t = jit_clock(j);
    return *t - before;
}

/* One attempt; NULL with *fits: there is no code, or no memory. */
static struct jit_block *attempt(struct vcpu *c, uint64_t pc, unsigned most, bool may_cut, bool *fits)
{
    struct jit *j = c->backend;
    uint64_t *spent = j->stats.translate_ns, t = jit_clock(j);
    bool longer;
    *fits = true;
    if (!jit_lift(c, pc, most, &longer)) return NULL;
    spent[0] += lap(j, &t);
    ir_forward(&j->ir);
    ir_backward(&j->ir);
    spent[1] += lap(j, &t);
    jit_emit(&j->host, &j->ir, j->lift, NULL, c->mem->window, &j->code);
    spent[2] += lap(j, &t);
    struct jit_block *b = NULL;
    *fits = !j->code.failed && jit_fits(j);
    if (*fits) b = jit_install(j, 1, 0, longer && may_cut);
    spent[3] += lap(j, &t);
    return b;
}

void jit_installed(struct jit *j, const struct jit_block *b)
{
    j->stats.blocks++;
    j->stats.guest_insns += b->insns;
    j->stats.guest_bytes += b->bytes;
    j->stats.host_bytes += b->size;
    jit_perf_block(j, b);
}

struct jit_block *jit_translate(struct vcpu *c, uint64_t pc, unsigned most)
{
    struct jit *j = c->backend;
    struct jit_block *b = NULL;
    bool fits = false, may_cut = most < JIT_MAX_INSNS;
    for (unsigned n = may_cut ? most : JIT_MAX_INSNS; n && !fits; n /= 2) {
        b = attempt(c, pc, n, may_cut, &fits);
        may_cut = false; /* from now on it is short because its code would be too big */
    }
    if (b) jit_installed(j, b);
    return b;
}
