/* The second tier: the hot code around a place, as traces that share a choice of registers.
 *
 * A trace follows the path where it mostly went, through branches either way, calls, and returns that are
 * guarded, until it comes to the head of a loop that goes round often, or to itself. Where the path also went
 * often enough, another trace of the region begins. Which state words deserve a host register is counted over
 * all of them, weighted by how often each instruction ran, and against what leaving and entering the region
 * costs. The traces are ordinary blocks to all others (jit.h: struct jit_pins); they replace those of the
 * same address.
 *
 * Traces are found in one round; a second one lifts each again, because by then all loops' heads are known.
 */
#include "engine/jit/region.h"

#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

enum {
    OFTEN = 128, /* a place where the path was once in so many instructions is worth a trace */
    REPEATS = 2, /* so often an instruction is in one trace: functions called twice are in it twice */
    MOVES = 2,   /* of words, for each that is not in its standard place, when a region is left */
    ROUNDS = 5,  /* a loop that goes round less often, each time it is come to, is short */
    COPIED = 32, /* instructions at most of what goes to many places and is in each trace that comes to it */
    JOINS = 4,   /* one exit in so many that leads to another region makes the traces part of it */
    WORTH = 64,  /* once in so many instructions a word must be used more to take a register from another */
};

struct trace {
    uint64_t pc;       /* its first instruction */
    bool loop;         /* other traces end where it begins */
    uint32_t first, n; /* its instructions in region.pcs */
    uint32_t runs;     /* how often the path went along it */
    bool jumps;        /* it ends in an indirect jump */
    bool copied;       /* others do not end where it begins, although it is a loop's head */
};

struct region {
    struct vcpu *c;                  /* whose */
    struct jit *j;                   /* its JIT */
    const struct jit_path *path;     /* where it went */
    struct jit_reader reader;        /* of its code */
    struct trace traces[JIT_TRACES]; /* ntraces of them */
    unsigned ntraces;                /* found so far */
    bool known;                      /* all of them: the second round */
    uint32_t npcs;                   /* instructions of all of them */
    uint64_t pcs[JIT_REGION_INSNS];  /* their addresses */
    bool out[JIT_REGION_INSNS];      /* they leave by a way that never stays in the region */
    uint32_t hits[JIT_REGION_INSNS]; /* how often they ran, as parts of their traces */
    uint32_t runs;                   /* the sum of the traces' */
    uint32_t crossings;              /* how often the path left the region or came into it */
    uint32_t touched;                /* the other region that the path went to most often; 0: none */
    uint32_t touches;                /* how often, less how often to others */
    uint32_t uses[IR_MAX_WORDS];     /* accesses to each state word */
    struct jit_pins pins;            /* the choice */
};

/* ---- traces ---- */

static struct trace *find_trace(struct region *r, uint64_t pc)
{
    for (unsigned i = 0; i < r->ntraces; i++)
        if (r->traces[i].pc == pc) return &r->traces[i];
    return NULL;
}

/* The block of another region at pc, or NULL. It stays as it is, and traces end before it. */
static const struct jit_block *find_other(struct region *r, uint64_t pc)
{
    const struct jit_block *b = jit_find(r->j, pc, r->j->key);
    return b && b->tier > 1 && !find_trace(r, pc) ? b : NULL;
}

/* A loop that comes back to an indirect jump to many places, such as an interpreter's: each trace has a jump
 * of its own, which the host predicts by where it stands. */
static bool is_copied(struct region *r, uint64_t pc)
{
    const struct trace *t = find_trace(r, pc);
    const struct jit_block *b = t ? NULL : find_other(r, pc);
    if (t) return t->copied;
    return b && b->insns <= COPIED && b->nexits && b->exits[b->nexits - 1].kind == JIT_EXIT_JUMP;
}

/* The path went there so many times. */
static void want_trace(struct region *r, uint64_t pc, uint32_t times, bool loop)
{
    struct trace *t = find_trace(r, pc);
    bool room = !r->known && r->ntraces < JIT_TRACES;
    if (t) {
        t->loop |= loop && !r->known;
    } else if (room && times > r->path->n / OFTEN && !find_other(r, pc)) {
        r->traces[r->ntraces++] = (struct trace){.pc = pc, .loop = loop};
    }
}

static unsigned repeats(const struct region *r, const struct trace *t, uint64_t pc)
{
    unsigned n = 0;
    for (uint32_t i = t->first; i < t->first + t->n; i++) n += r->pcs[i] == pc;
    return n;
}

/* The loop at pc, which a trace comes to now, goes round often. Of others, traces have the first round in
 * them.
 */
static bool is_long(const struct region *r, uint64_t pc)
{
    const struct jit_site *s = jit_site(r->path, pc);
    return s && s->count > ROUNDS * jit_times(r->path, r->pcs[r->npcs - 1], pc);
}

/* The trace does not go on at pc. */
static bool ends_before(struct region *r, const struct trace *t, uint64_t pc)
{
    const struct trace *other = find_trace(r, pc);
    if (t->n == JIT_TRACE_INSNS) want_trace(r, pc, r->path->n, false);
    return pc == t->pc || (other && other->loop && is_long(r, pc)) || t->n == JIT_TRACE_INSNS ||
           r->npcs == JIT_REGION_INSNS || !jit_site(r->path, pc) || (find_other(r, pc) && !is_copied(r, pc));
}

static void add_goto(struct ir_block *b, uint64_t pc, unsigned hint)
{
    ir_add_node(b, &(struct ir_node){.op = IR_GOTO,
                                     .round = (uint8_t)hint,
                                     .imm = pc,
                                     .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

/* A branch, whose EXIT_IF to `taken` stands there; `next` is behind it. *pc: where the trace goes on. */
static bool through_branch(struct region *r, uint64_t *pc, uint64_t taken, uint64_t next)
{
    struct ir_block *b = &r->j->ir;
    uint64_t at = *pc;
    uint32_t there = jit_times(r->path, at, taken), on = jit_times(r->path, at, next);
    bool back = taken <= at && !is_copied(r, taken);
    *pc = next;
    want_trace(r, taken, there, back);
    if (there <= on) return true;
    want_trace(r, next, on, false);
    if (back) {
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

/* A jump to a known place; it is taken off when the trace goes on there. */
static bool through_goto(struct region *r, const struct trace *t, uint64_t *pc)
{
    struct ir_block *b = &r->j->ir;
    const struct ir_node *last = &b->nodes[b->n - 1];
    uint64_t at = *pc;
    *pc = last->imm;
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

/* An indirect jump: the trace goes on where it mostly led, other places are for other traces. */
static bool through_jump(struct region *r, const struct trace *t, uint64_t *pc)
{
    struct ir_node *last = &r->j->ir.nodes[r->j->ir.n - 1];
    const struct jit_site *s = jit_site(r->path, *pc);
    unsigned best = s ? jit_likeliest(s) : 0;
    bool usual = s && s->times[best] * 4 >= s->count * 3;
    for (unsigned i = 0; s && i < JIT_NEXT && s->times[i]; i++)
        if (!usual || i != best) want_trace(r, s->to[i], s->times[i], false);
    if (!usual || repeats(r, t, s->to[best]) >= REPEATS) return false;
    last->op = IR_GUARD;
    last->imm = *pc = s->to[best];
    if (!ends_before(r, t, *pc)) return true;
    add_goto(&r->j->ir, *pc, IR_HINT_NONE);
    return false;
}

/* *pc, where the last instruction was, becomes where the trace goes on; false: the block is complete. */
static bool go_on(struct region *r, const struct trace *t, enum lift_end end, uint64_t taken, uint64_t next,
                  uint64_t *pc)
{
    struct ir_block *b = &r->j->ir;
    unsigned op = b->nodes[b->n - 1].op;
    if (end == LIFT_DONE && op != IR_GOTO && op != IR_JUMP) return false;
    if (end == LIFT_DONE) return op == IR_GOTO ? through_goto(r, t, pc) : through_jump(r, t, pc);
    if (end == LIFT_BRANCH && !through_branch(r, pc, taken, next)) return false;
    if (end == LIFT_MORE) *pc = next;
    if (!ends_before(r, t, *pc)) return true;
    add_goto(b, *pc, IR_HINT_NONE);
    return false;
}

/* Lifts the trace into j->ir, and notes its instructions; false: there is none. */
static bool lift_trace(struct region *r, struct trace *t)
{
    struct jit *j = r->j;
    struct ir_block *b = &j->ir;
    uint64_t pc = t->pc, taken = 0;
    uint32_t word;
    bool more = true;
    ir_block_reset(b, pc, j->key);
    b->live_round = (uint8_t)j->lift->round(j->key);
    t->first = r->npcs;
    t->n = 0;
    while (more) {
        unsigned n = r->npcs < JIT_REGION_INSNS ? jit_read_insn(&r->reader, pc, &word) : 0;
        if (!n) {
            if (t->n) add_goto(b, pc, IR_HINT_NONE);
            break;
        }
        r->pcs[r->npcs++] = pc;
        enum lift_end end = lift_row(b, r->c->guest, pc, word, j->key, t->n++, &taken);
        more = go_on(r, t, end, taken, pc + n, &pc);
        unsigned op = b->nodes[b->n - 1].op;
        r->out[r->npcs - 1] = op == IR_JUMP || op == IR_GUARD || op == IR_STEP || op == IR_RAISE;
    }
    t->jumps = b->n && b->nodes[b->n - 1].op == IR_JUMP;
    return t->n;
}

static void find_traces(struct region *r)
{
    r->traces[r->ntraces++] = (struct trace){.pc = r->path->pc[0]};
    for (unsigned i = 0; i < r->ntraces; i++) {
        r->npcs = 0;
        lift_trace(r, &r->traces[i]);
    }
    for (unsigned i = 0; i < r->ntraces; i++) {
        struct trace *t = &r->traces[i];
        t->copied = t->jumps && t->n <= COPIED;
        t->loop &= !t->copied;
    }
    r->known = true;
    r->npcs = 0;
    for (unsigned i = 0; i < r->ntraces; i++) lift_trace(r, &r->traces[i]);
}

/* ---- what the path did in them ---- */

/* The path goes to this one. Counts only the one that it mostly goes to, by how far it is ahead of all
 * others.
 */
static void touch(struct region *r, uint32_t region)
{
    if (!r->touches) r->touched = region;
    r->touches += r->touched == region ? 1 : -1u;
}

static void walk_path(struct region *r)
{
    const struct jit_path *p = r->path;
    const struct trace *t = NULL; /* the path is in this one; NULL: outside */
    uint32_t at = 0;              /* at its instruction in pcs */
    for (uint32_t i = 0; i + 1 < p->n; i++) {
        if (!t || ++at == t->first + t->n || r->pcs[at] != p->pc[i]) {
            struct trace *to = find_trace(r, p->pc[i]);
            const struct jit_block *other = find_other(r, p->pc[i]);
            bool stays = t && to && !r->out[at - 1];
            if (t && other && other->region && !r->out[at - 1]) touch(r, other->region);
            r->crossings += stays ? 0 : (t != NULL) + (to != NULL);
            t = to && to->n ? to : NULL;
            if (!t) continue;
            to->runs++;
            r->runs++;
            at = t->first;
        }
        r->hits[at]++;
    }
}

static void count_uses(struct region *r, const struct trace *t)
{
    const struct ir_block *b = &r->j->ir;
    uint32_t hits = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct ir_node *n = &b->nodes[i];
        if (n->op == IR_INSN) hits = r->hits[t->first + n->a[0]];
        if (n->op != IR_GET && n->op != IR_SET) continue;
        unsigned words = b->nodes[n->op == IR_SET ? n->a[0] : i].type >= IR_I128 ? 2 : 1;
        for (unsigned k = 0; k < words; k++) r->uses[n->imm + k] += hits;
    }
}

/* ---- registers ---- */

/* The register of this class whose word is used least; 32: the class has none. */
static unsigned least_used(const struct region *r, unsigned from, unsigned to)
{
    unsigned best = 32;
    for (unsigned i = from; i < to; i++) {
        uint16_t word = r->pins.word[i];
        if (word && (best == 32 || r->uses[word - 1] < r->uses[r->pins.word[best] - 1])) best = i;
    }
    return best;
}

static bool has_pin(const struct region *r, unsigned word)
{
    bool has = r->j->host.pin_of_word[word];
    for (unsigned i = 0; i < ARRAY_LEN(r->pins.word); i++) has |= r->pins.word[i] == word + 1;
    return has;
}

/* Registers from..to go to those of `words` that are used more than the standard's. */
static void choose_class(struct region *r, const uint16_t *words, unsigned n, unsigned from, unsigned to)
{
    for (;;) {
        unsigned reg = least_used(r, from, to), best = n;
        for (unsigned i = 0; i < n; i++)
            if (!has_pin(r, words[i]) && (best == n || r->uses[words[i]] > r->uses[words[best]])) best = i;
        if (reg == 32 || best == n) return;
        uint32_t gain = r->uses[words[best]], loss = r->uses[r->pins.word[reg] - 1];
        if (gain <= loss + r->path->n / WORTH + MOVES * r->crossings) return;
        r->pins.word[reg] = (uint16_t)(words[best] + 1);
    }
}

/* True when what suits it is not the standard. */
static bool choose_pins(struct region *r)
{
    const struct guest_lift *g = r->j->lift;
    const uint16_t *standard = r->j->host.word_of_pin;
    bool own = false;
    memcpy(r->pins.word, standard, sizeof(r->pins.word));
    choose_class(r, g->pins, g->npins, 0, 16);
    choose_class(r, g->fp_pins, g->nfp_pins, 16, 32);
    for (unsigned i = 0; i < ARRAY_LEN(r->pins.word); i++) own |= r->pins.word[i] != standard[i];
    return own;
}

/* The region that the traces belong to: one that was there before, when the path goes to and fro between
 * them, or a new one, or (NULL) none, as the standard's registers suit it. */
static const struct jit_pins *find_pins(struct region *r)
{
    struct jit *j = r->j;
    if (r->touches * JOINS > r->runs) return &j->regions[r->touched - 1];
    if (!choose_pins(r)) return NULL;
    r->pins.region = ++j->nregions;
    j->regions = xrealloc(j->regions, j->nregions * sizeof(*j->regions));
    j->regions[j->nregions - 1] = r->pins;
    return &r->pins;
}

/* ---- the whole ---- */

static bool lift_again(struct region *r, struct trace *t)
{
    r->npcs = t->first;
    if (!t->runs || !lift_trace(r, t)) return false;
    ir_forward(&r->j->ir);
    ir_backward(&r->j->ir);
    return true;
}

static void install(struct region *r, const struct jit_pins *pins)
{
    struct jit *j = r->j;
    jit_emit(&j->host, &j->ir, j->lift, pins, r->c->mem->window, &j->code);
    if (j->code.failed || !jit_fits(j)) return;
    struct jit_block *old = jit_find(j, j->ir.pc, j->key);
    if (old) jit_drop(j, old);
    struct jit_block *b = jit_install(j, 2, pins ? pins->region : 0, false);
    if (b) jit_installed(j, b);
}

void jit_region(struct vcpu *c, struct jit_path *p)
{
    struct jit *j = c->backend;
    struct region *r = calloc(1, sizeof(*r));
    if (!r) return;
    jit_path_sites(p);
    r->c = c;
    r->j = j;
    r->path = p;
    r->reader = (struct jit_reader){.c = c, .watched = ~0ull};
    find_traces(r);
    walk_path(r);
    for (unsigned i = 0; i < r->ntraces; i++)
        if (lift_again(r, &r->traces[i])) count_uses(r, &r->traces[i]);
    const struct jit_pins *pins = find_pins(r);
    for (unsigned i = 0; i < r->ntraces; i++)
        if (lift_again(r, &r->traces[i])) install(r, pins);
    j->stats.regions++;
    free(r);
}
