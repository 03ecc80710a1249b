/* The JIT as a backend: enters translated code, serves its exits, and lets the interpreter do what it cannot.
 *
 * Translated code runs in slices of a few ten thousand instructions. What this file must see is seen between
 * them at the latest: a kick, code that another thread changed, the end of the budget; and the block that the
 * end of a slice hits is, most likely, one that matters (heat). The lengths are random, or a loop's period
 * would choose the block, and their sequence is the same in every run.
 *
 * A budget ends exactly: what is left when the next block is longer than that, the interpreter executes. But
 * a run of a few instructions only (the harness's cases, a step of the debugger) is translated to blocks that
 * end where it does: otherwise cases would test the interpreter. Nothing links to such blocks, and a longer
 * run replaces them.
 */
#include "engine/jit/region.h"

#include "engine/guest/guest.h"
#include "engine/interp/interp.h"

#include <errno.h>
#include <immintrin.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One call of run. */
struct run {
    struct vcpu *c;
    struct jit *j;
    uint64_t budget;  /* as it was given */
    uint64_t left;    /* of it */
    uint64_t counted; /* what was left when the guest's counter of instructions was last made right */
    uint64_t pc;      /* of the next instruction */
    bool jumped;      /* an indirect jump led there: its cache should know */
};

/* ---- the host's gs: the window's base, for as long as a thread runs guests ---- */

enum { ARCH_SET_GS_CODE = 0x1001, HWCAP2_FSGSBASE_BIT = 2 };

/* What this thread's gs base was set to, a copy of that register. */
static _Thread_local uintptr_t gs_base;

__attribute__((target("fsgsbase"))) static void gs_write(uintptr_t v)
{
    _writegsbase_u64(v);
}

static void gs_set(uintptr_t v)
{
    if (gs_base == v) return;
    if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)
        gs_write(v);
    else
        BUG_ON(syscall(SYS_arch_prctl, ARCH_SET_GS_CODE, v));
    gs_base = v;
}

/* ---- how a run ends ---- */

/* The guest's counter of instructions as it is now, before anybody looks at it. */
static void count_retired(struct run *r)
{
    int word = r->j->lift->retired_word;
    if (word >= 0) r->c->state[word] += r->counted - r->left;
    r->counted = r->left;
}

static void finish(struct run *r)
{
    count_retired(r);
    r->c->exit.pc = r->pc;
    r->c->exit.executed = r->budget - r->left;
    r->c->state[r->c->guest->pc_word] = r->pc;
}

static bool ends(struct run *r, enum exit_kind kind)
{
    r->c->exit = (struct cpu_exit){.kind = kind};
    return false;
}

/* ---- the interpreter's share ---- */

/* The next n instructions by the interpreter; false: the run ends there, and c->exit says how. */
static bool interpret(struct run *r, uint64_t n)
{
    struct vcpu *c = r->c;
    count_retired(r);
    c->state[c->guest->pc_word] = r->pc;
    uint64_t start = jit_clock(r->j);
    backend_interp.run(c, n);
    r->j->stats.interpret_ns += jit_clock(r->j) - start;
    r->left -= c->exit.executed;
    r->counted = r->left; /* the interpreter counts for itself */
    r->j->stats.interpreted += c->exit.executed;
    r->pc = c->state[c->guest->pc_word];
    return c->exit.kind == EXIT_BUDGET;
}

/* ---- blocks ---- */

/* What was translated is wrong where code, or the memory map, changed. */
static COLD void drop_changed(struct jit *j, struct mem *m)
{
    struct mem_change what[MEM_CHANGES];
    unsigned n;
    bool known = mem_changes(m, &j->code_epoch, what, &n) && j->map_epoch == m->map_epoch;
    j->map_epoch = m->map_epoch;
    if (known)
        for (unsigned i = 0; i < n; i++) jit_drop_code(j, what[i].addr, what[i].size);
    else if (j->cache.count)
        jit_flush(j);
}

static void check_epochs(struct jit *j, struct mem *m)
{
    if (unlikely(j->code_epoch != mem_code_epoch(m) || j->map_epoch != m->map_epoch)) drop_changed(j, m);
}

void jit_check_key(struct vcpu *c)
{
    struct jit *j = c->backend;
    uint64_t key = j->lift->key(c);
    if (key != j->key) jit_jumps_clear(j);
    if (key != j->key) jit_returns_clear(j);
    if (key != j->key && j->lift->policy) j->host.policy = j->lift->policy(key);
    j->key = key;
}

/* The block at pc that a run with so many instructions left may enter; NULL: the interpreter goes on. */
static struct jit_block *block_for(struct run *r)
{
    struct jit *j = r->j;
    bool few = r->budget < JIT_MAX_INSNS; /* see the head of this file */
    struct jit_block *b = jit_find(j, r->pc, j->key);
    if (b && (few ? b->insns > r->left : b->cut)) {
        jit_drop(j, b);
        b = NULL;
    }
    if (!b && !few) b = jit_profile_block(r->c, r->pc);
    if (!b) b = jit_translate(r->c, r->pc, few ? (unsigned)r->left : JIT_MAX_INSNS);
    if (b && !b->cut && j->from) jit_link(j, j->from, b);
    if (b && !b->cut && r->jumped) jit_jump_set(j, b);
    j->from = NULL;
    r->jumped = false;
    return b;
}

/* ---- the second tier ---- */

/* Records the path from here, an instruction at a time, and has it made a region. False: the run ends. */
static bool make_region(struct run *r)
{
    struct vcpu *c = r->c;
    struct jit_stats *stats = &r->j->stats;
    struct jit_path *p = malloc(sizeof(*p));
    uint64_t most = r->j->slice / 4; /* of the instructions */
    uint64_t start = jit_clock(r->j), interpreted = stats->interpret_ns;
    bool goes_on = true;
    if (!p) return true;
    p->pc[0] = r->pc;
    for (p->n = 1; goes_on && r->left && p->n <= most && p->n <= JIT_PATH; p->n++) {
        goes_on = interpret(r, 1);
        p->pc[p->n] = r->pc;
    }
    struct cpu_exit how = c->exit; /* reading code may leave something there */
    check_epochs(r->j, c->mem);
    jit_check_key(c);
    jit_region(c, p);
    jit_profile_note(c, p);
    c->exit = how;
    free(p);
    stats->interpret_ns = interpreted; /* it was for the region */
    stats->region_ns += jit_clock(r->j) - start;
    return goes_on;
}

/* A slice has ended at the top of b; false: the run ends. */
static bool heat(struct run *r, struct jit_block *b)
{
    jit_sampled(r->j, b->tier);
    if (++b->heat != r->j->hot + b->later || b->tier > 1 || b->cut) return true;
    return make_region(r);
}

/* ---- trips ---- */

/* The SSE flags to the guest's. That an operand was subnormal is the host's alone, unless the guest has it,
 * too: then all its arithmetic is by references (emit_fp.c). */
static void gather_flags(struct run *r, unsigned mxcsr)
{
    static const uint8_t ex_of[64] = {
#define BIT(m, sse, fp) ((m) & (sse) ? (fp) : 0)
#define EX(m)                                                                                        \
    (BIT(m, 1, FP_NV) | BIT(m, 2, FP_ID) | BIT(m, 4, FP_DZ) | BIT(m, 8, FP_OF) | BIT(m, 16, FP_UF) | \
     BIT(m, 32, FP_NX))
#define EX4(m)  EX(m), EX(m + 1), EX(m + 2), EX(m + 3)
#define EX16(m) EX4(m), EX4(m + 4), EX4(m + 8), EX4(m + 12)
        EX16(0), EX16(16), EX16(32), EX16(48)};
#undef EX16
#undef EX4
#undef EX
#undef BIT
    const struct guest_lift *g = r->j->lift;
    const struct fp_policy *p = &r->j->host.policy;
    unsigned ex = ex_of[mxcsr & 63];
    if (!p->flag_subnormal_inputs && !p->flush_inputs) ex &= ~(unsigned)FP_ID;
    if (ex && g->flags_word >= 0) r->c->state[g->flags_word] |= g->flags(ex);
}

/* All exceptions masked, no flags yet, the rounding mode of the key; RMM is none of the host's, so code that
 * needs it does not use the host's mode. */
static uint32_t mxcsr_of(const struct jit *j)
{
    static const uint32_t rounding[] = {
        [FP_RNE] = 0, [FP_RTZ] = 3, [FP_RDN] = 1, [FP_RUP] = 2, [FP_RMM] = 0, [FP_ODD] = 0};
    return 0x1f80 | rounding[j->lift->round(j->key)] << 13;
}

/* To where no code is known, or the cache of indirect jumps does not have it. */
static void jumped(struct run *r, const struct jit_trip *t)
{
    r->pc = t->target;
    r->jumped = true;
}

static bool serve(struct run *r, struct jit_block *b, struct jit_exit *e, const struct jit_trip *t)
{
    struct vcpu *c = r->c;
    r->pc = e->pc;
    switch ((enum jit_exit_kind)e->kind) {
    case JIT_EXIT_GOTO: r->j->from = e; return true;
    case JIT_EXIT_JUMP: jumped(r, t); return true;
    case JIT_EXIT_BUDGET:
        r->pc = b->pc;
        if (r->budget < JIT_MAX_INSNS) return true;
        if (b->insns <= r->left) return heat(r, b);
        return interpret(r, r->left);
    case JIT_EXIT_STEP:
        if (!interpret(r, 1)) return false;
        jit_check_key(c);
        return true;
    case JIT_EXIT_RAISE: cpu_fault(c, e->cause, 0); break;
    case JIT_EXIT_FAULT: break;
    }
    if (c->exit.kind == EXIT_FAULT && c->exit.cause == c->guest->cause_of_access[0])
        interp_fault_value(c, r->pc);
    return false;
}

/* Not more instructions than the stack of returns has room for, if each were a call. */
static uint64_t with_room(struct jit *j, uint64_t slice)
{
    uint64_t most = (JIT_RETURNS - JIT_RETURNS_LEFT) / sizeof(void *);
    uint64_t used = (uint64_t)(j->cache.no_returns - j->cache.returns);
    if (slice > most) slice = most;
    if (used + slice > most) jit_returns_clear(j);
    return slice;
}

/* Enters b for a slice and serves the exit by which the code left; false: the run ends. */
static bool trip(struct run *r, const struct jit_block *b)
{
    struct jit *j = r->j;
    if (j->slice_left < b->insns) j->slice_left = j->slice + rng_below(&j->slices, 2 * j->slice);
    uint64_t slice = with_room(j, j->slice_left < r->left ? j->slice_left : r->left);
    struct jit_trip t = {
        .cpu = r->c, .code = b->entry, .left = slice, .returns = j->cache.returns, .mxcsr = mxcsr_of(j)};
    uint64_t start = jit_clock(j);
    j->host.enter(&t);
    uint64_t ran = jit_clock(j) - start;
    r->left -= slice - t.left;
    if (r->budget >= JIT_MAX_INSNS) j->slice_left -= slice - t.left;
    gather_flags(r, t.mxcsr);
    j->cache.returns = t.returns;
    if (t.stub == j->host.jump_missed) {
        j->unsampled_ns[b->tier > 1] += ran;
        j->stats.exits[JIT_EXIT_JUMP]++;
        jumped(r, &t);
        return true;
    }
    struct jit_block *at = jit_block_at(j, t.stub - 1); /* behind the call may be another block */
    BUG_ON(!at);
    j->unsampled_ns[at->tier > 1] += ran;
    struct jit_exit *e = jit_exit_at(at, t.stub);
    j->stats.exits[e->kind]++;
    return serve(r, at, e, &t);
}

static void jit_run(struct vcpu *c, uint64_t budget)
{
    struct run r = {.c = c,
                    .j = c->backend,
                    .budget = budget,
                    .left = budget,
                    .counted = budget,
                    .pc = c->state[c->guest->pc_word]};
    bool goes_on = true;
    vcpu_sync(c);
    c->window = c->mem->window;
    if (c->window) gs_set((uintptr_t)c->window);
    jit_check_key(c);
    r.j->from = NULL;
    while (goes_on) {
        /* whoever changed code and then sees `runs` empty knows that this thread will see the change */
        __atomic_store_n(&c->runs, &backend_jit, __ATOMIC_RELAXED);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        check_epochs(r.j, c->mem);
        if (__atomic_load_n(&c->kicked, __ATOMIC_RELAXED)) {
            __atomic_store_n(&c->kicked, 0, __ATOMIC_RELAXED);
            goes_on = ends(&r, EXIT_KICKED);
        } else if (!r.left) {
            goes_on = ends(&r, EXIT_BUDGET);
        } else {
            struct jit_block *b = block_for(&r);
            goes_on = b && b->insns <= r.left ? trip(&r, b) : interpret(&r, b ? r.left : 1);
            if (!b) jit_check_key(c);
        }
    }
    __atomic_store_n(&c->runs, NULL, __ATOMIC_RELAXED);
    finish(&r);
}

/* ---- the table of a backend ---- */

static int jit_probe(const struct guest *g, const char **why)
{
    if (g->lift && g->interp) return 0;
    *why = "this guest has no lifter";
    return -ENOTSUP;
}

static int jit_open(struct vcpu *c)
{
    struct jit *j = calloc(1, sizeof(*j));
    if (!j) return -ENOMEM;
    j->lift = c->guest->lift;
    if (c->options) j->opt = *(const struct jit_options *)c->options;
    j->slices.state = 1;
    j->slice = !j->opt.slice ? JIT_SLICE : j->opt.slice < JIT_SLICE_MIN ? JIT_SLICE_MIN : j->opt.slice;
    j->hot = j->opt.hot ? j->opt.hot : JIT_HOT;
    int err = jit_cache_open(j, j->opt.cache_size);
    if (!err) err = backend_interp.open(c);
    if (err) {
        jit_cache_close(j);
        free(j);
        return err;
    }
    ir_block_init(&j->ir);
    jit_perf_open(j);
    c->backend = j;
    return 0;
}

static void jit_close(struct vcpu *c)
{
    struct jit *j = c->backend;
    backend_interp.close(c);
    jit_perf_close(j);
    jit_profile_close(j);
    jit_cache_close(j);
    ir_block_free(&j->ir);
    jit_code_free(&j->code);
    free(j->regions);
    free(j);
    c->backend = NULL;
}

static void jit_invalidate(struct vcpu *c, uint64_t addr, uint64_t size)
{
    struct jit *j = c->backend;
    backend_interp.invalidate(c, addr, size);
    if (j->cache.count) jit_flush(j);
    /* also where slices end: a case comes out the same whatever ran before it */
    j->slices.state = 1;
    j->slice_left = 0;
}

static const char *jit_version(void)
{
    return "lockstep JIT for x86-64";
}

const struct backend backend_jit = {
    .name = "jit",
    .description = "lockstep's own translator to x86-64 code",
    .exact_budget = true,
    .tracks_writes = true,
    .probe = jit_probe,
    .open = jit_open,
    .run = jit_run,
    .invalidate = jit_invalidate,
    .close = jit_close,
    .version = jit_version,
    .user = true,
    .host_fault = jit_host_fault,
    .stats = jit_stats_list,
};
