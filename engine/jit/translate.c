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
    FETCH = 64,       /* bytes of code that are read at once */
    TRACE_INSNS = 48, /* a block that is longer does not go on through branches and jumps */
};

/* Guest code as it is read for one block. */
struct reader {
    struct vcpu *c;
    uint64_t at;         /* guest address of code[0] */
    unsigned got;        /* bytes that stand there */
    uint64_t watched;    /* page that is watched already; ~0: none */
    uint8_t code[FETCH]; /* the bytes */
};

static void watch(struct reader *r, uint64_t pc, unsigned n)
{
    uint64_t last = (pc + n - 1) & ~(uint64_t)(CPU_PAGE - 1);
    if (last == r->watched) return;
    cpu_watch_code(r->c, pc, n);
    r->watched = last;
}

/* The instruction's bits at pc and its length; 0: not all of it can be executed. */
static unsigned read_insn(struct reader *r, uint64_t pc, uint32_t *word)
{
    const struct guest *g = r->c->guest;
    uint64_t skip = pc - r->at;
    if (skip > r->got || r->got - skip < 4) {
        unsigned want = CPU_PAGE - (unsigned)(pc % CPU_PAGE);
        if (want > FETCH) want = FETCH;
        if (want < 4) want = 4; /* a long instruction may lie across pages */
        watch(r, pc, want);
        r->at = pc;
        if (!cpu_fetch(r->c, pc, r->code, want, &r->got)) r->got = 0;
        skip = 0;
    }
    unsigned left = r->got - (unsigned)skip;
    *word = 0;
    memcpy(word, r->code + skip, left < 4 ? left : 4);
    if (left < g->code_unit) return 0;
    unsigned n = g->length(*word);
    return n <= left ? n : 0;
}

/* A GOTO at the block's end that the trace can go through becomes nothing; its target, or `pc` when it stays.
 */
static bool go_through(struct ir_block *b, uint64_t *pc)
{
    struct ir_node *last = &b->nodes[b->n - 1];
    if (last->op != IR_GOTO || last->round != IR_HINT_NONE) return false;
    for (uint32_t i = 0; i < b->n; i++)
        if (b->nodes[i].op == IR_INSN && b->nodes[i].imm == last->imm) return false;
    *pc = last->imm;
    last->op = IR_NOP;
    return true;
}

static void end_with_goto(struct ir_block *b, uint64_t pc)
{
    struct ir_node n = {.op = IR_GOTO, .imm = pc};
    for (int i = 0; i < IR_MAX_ARGS; i++) n.a[i] = IR_NONE;
    ir_add_node(b, &n);
}

/* Lifts the trace from b->pc into b: at most `most` instructions. True when it could have been longer. */
static bool lift_trace(struct reader *r, struct ir_block *b, unsigned most)
{
    const struct guest *g = r->c->guest;
    uint64_t pc = b->pc, target;
    unsigned n, lifted = 0;
    uint32_t word;
    while ((n = read_insn(r, pc, &word))) {
        if (lifted == most) {
            end_with_goto(b, pc);
            return true;
        }
        enum lift_end end = lift_row(b, g, pc, word, b->key, lifted++, &target);
        b->insns = lifted;
        if (pc - b->pc == b->bytes) b->bytes += n;
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

/* All stages but the last, of at most `most` instructions; false when there is no code. */
static bool make(struct vcpu *c, uint64_t pc, unsigned most, bool *longer)
{
    struct jit *j = c->backend;
    struct reader r = {.c = c, .watched = ~0ull};
    uint64_t t[4];
    t[0] = jit_now();
    ir_block_reset(&j->ir, pc, j->key);
    *longer = lift_trace(&r, &j->ir, most);
    if (!j->ir.insns) return false;
    j->ir.live_round = (uint8_t)j->lift->round(j->key);
    t[1] = jit_now();
    ir_forward(&j->ir);
    ir_backward(&j->ir);
    t[2] = jit_now();
    jit_emit(&j->host, &j->ir, j->lift, c->mem->window, &j->code);
    t[3] = jit_now();
    for (int i = 0; i < 3; i++) j->stats.translate_ns[i] += t[i + 1] - t[i];
    return true;
}

struct jit_block *jit_translate(struct vcpu *c, uint64_t pc, unsigned most)
{
    struct jit *j = c->backend;
    struct jit_block *b = NULL;
    bool longer = false;
    unsigned wish = most < JIT_MAX_INSNS ? most : JIT_MAX_INSNS;
    /* code that is too big, for the emitter or the cache, is tried again shorter */
    for (unsigned n = wish; n && !b; n /= 2) {
        if (!make(c, pc, n, &longer)) return NULL;
        uint64_t start = jit_now();
        if (!j->code.failed) b = jit_install(j, 1, longer && n == most && n < JIT_MAX_INSNS);
        j->stats.translate_ns[3] += jit_now() - start;
    }
    if (!b) return NULL;
    j->stats.blocks++;
    j->stats.guest_insns += b->insns;
    j->stats.guest_bytes += b->bytes;
    j->stats.host_bytes += b->size;
    jit_perf_block(j, b);
    return b;
}
