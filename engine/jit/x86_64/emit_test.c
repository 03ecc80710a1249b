/* Every operation, in every place its arguments and results can have, and blocks that are long enough for
 * values to have to give way to each other. */
#include "engine/jit/x86_64/emit_test.h"

/* A block being made up. */
struct maker {
    struct rig *r;
    uint32_t values[512]; /* that later nodes may use: n of them */
    unsigned n;
    unsigned insns; /* instructions so far */
};

static uint32_t node(struct maker *m, const struct ir_node *n)
{
    uint32_t i = ir_add_node(&m->r->block, n);
    if (n->type != IR_VOID && m->n < ARRAY_LEN(m->values)) m->values[m->n++] = i;
    return i;
}

static void insn(struct maker *m)
{
    struct ir_node n = {
        .op = IR_INSN, .imm = 0x10000 + 4 * m->insns, .a = {m->insns, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    ir_add_node(&m->r->block, &n);
    m->insns++;
}

/* A register of the integer, FP or (wide) vector file; most often one that is pinned to a host register. */
static unsigned word(struct maker *m, bool fp, bool wide)
{
    const struct guest_lift *l = m->r->lift;
    if (wide)
        return rig_below(m->r, 3) ? 66 + 2 * (unsigned)rig_below(m->r, 32)
                                  : 2 + 2 * (unsigned)rig_below(m->r, 15);
    if (fp)
        return rig_below(m->r, 2) ? l->fp_pins[rig_below(m->r, JIT_FP_PINS)]
                                  : 34 + (unsigned)rig_below(m->r, 32);
    return rig_below(m->r, 2) ? l->pins[rig_below(m->r, JIT_PINS)] : 1 + (unsigned)rig_below(m->r, 31);
}

static uint32_t number(struct maker *m, unsigned type)
{
    uint64_t v = rig_below(m->r, 4) ? rig_number(m->r) : rig_float(m->r);
    return node(m, &(struct ir_node){.op = IR_CONST,
                                     .type = (uint8_t)type,
                                     .imm = v & bits_mask(emit_width(type)),
                                     .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

static uint32_t state(struct maker *m, unsigned type)
{
    bool wide = type >= IR_I128;
    uint32_t v = node(m, &(struct ir_node){.op = IR_GET,
                                           .type = wide ? (uint8_t)type : IR_I64,
                                           .imm = word(m, rig_below(m->r, 2), wide),
                                           .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    static const uint16_t trunc[IR_TYPES] = {[IR_I1] = IR_TRUNC_I1_I64,
                                             [IR_I8] = IR_TRUNC_I8_I64,
                                             [IR_I16] = IR_TRUNC_I16_I64,
                                             [IR_I32] = IR_TRUNC_I32_I64};
    if (!trunc[type]) return v;
    if (type != IR_I1 && rig_below(m->r, 2))
        return node(m, &(struct ir_node){.op = IR_UNBOX,
                                         .type = (uint8_t)type,
                                         .imm = rig_float(m->r) & bits_mask(emit_width(type)),
                                         .a = {v, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    return node(m, &(struct ir_node){.op = trunc[type],
                                     .type = (uint8_t)type,
                                     .a = {v, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

/* Some value of this type: one that is there, a constant, or a register's. */
static uint32_t value(struct maker *m, unsigned type)
{
    unsigned how = (unsigned)rig_below(m->r, 8);
    if (how < 4)
        for (unsigned tries = 0; m->n && tries < 12; tries++) {
            uint32_t v =
                m->values[m->n - 1 - rig_below(m->r, m->n < 20 || rig_below(m->r, 4) == 0 ? m->n : 20)];
            if (m->r->block.nodes[v].type == type) return v;
        }
    return how == 7 ? number(m, type) : state(m, type);
}

/* An address in data; now and then (where faults are seen) any. */
static uint32_t address(struct maker *m, bool wild)
{
    uint64_t at = RIG_DATA + rig_below(m->r, 2 * CPU_PAGE - 64);
    if (wild && !rig_below(m->r, 8)) return value(m, IR_I64);
    if (rig_below(m->r, 3)) at &= ~15ull;
    struct ir_node n = {
        .op = IR_AND_I64, .type = IR_I64, .a = {value(m, IR_I64), 0, IR_NONE, IR_NONE, IR_NONE}};
    n.a[1] = ir_const(&m->r->block, IR_I64, rig_below(m->r, 2) ? 0x1f0 : 0);
    uint32_t low = node(m, &n);
    n.op = IR_ADD_I64;
    n.a[0] = low;
    n.a[1] = ir_const(&m->r->block, IR_I64, at > RIG_DATA + 2 * CPU_PAGE - 0x240 ? RIG_DATA : at);
    return node(m, &n);
}

static bool on_memory(unsigned op)
{
    return op >= IR_LOAD8 && op <= IR_STORE_IF_I128;
}

static uint32_t operation(struct maker *m, unsigned op)
{
    const struct ir_op_info *o = &ir_op_table[op];
    struct ir_node n = {
        .op = (uint16_t)op, .type = o->result, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    static const uint8_t rounds[] = {FP_RNE, FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM};
    if (o->flags & IR_OP_ROUND)
        n.round = rig_below(m->r, 2) ? m->r->block.live_round : rounds[rig_below(m->r, ARRAY_LEN(rounds))];
    for (unsigned k = 0; k < o->nargs; k++) {
        unsigned type = o->args[k] == IR_TYPES ? IR_I8 + (unsigned)rig_below(m->r, 4) : o->args[k];
        n.a[k] = k && rig_below(m->r, 8) == 0 && m->r->block.nodes[n.a[k - 1]].type == type ? n.a[k - 1]
                                                                                            : value(m, type);
    }
    for (unsigned k = 0; k < 3 && (op == IR_F32_FMA || op == IR_F64_FMA); k++) { /* as fmsub and fnmadd */
        bool wide = op == IR_F64_FMA;
        struct ir_node sign = {.op = wide ? IR_XOR_I64 : IR_XOR_I32,
                               .type = o->args[k],
                               .a = {n.a[k], 0, IR_NONE, IR_NONE, IR_NONE}};
        if (rig_below(m->r, 2)) continue;
        sign.a[1] = ir_const(&m->r->block, (enum ir_type)o->args[k], wide ? 1ull << 63 : 1ull << 31);
        n.a[k] = node(m, &sign);
    }
    unsigned flags = (unsigned)m->r->lift->flags_word;
    if (op == IR_FP_RAISED || op == IR_FP_KEEP) { /* as lift_get_flags and lift_set_flags use them */
        struct ir_node five = {.op = IR_AND_I64, .type = IR_I64, .a = {n.a[0], 0, IR_NONE, IR_NONE, IR_NONE}};
        five.a[1] = ir_const(&m->r->block, IR_I64, 0x1f);
        n.a[0] = op == IR_FP_KEEP ? node(m, &five) : ir_get(&m->r->block, IR_I64, flags);
    }
    if (op == IR_AES64KS1_I64 && rig_below(m->r, 4)) /* the row has a number there */
        n.a[1] = ir_const(&m->r->block, IR_I64, rig_below(m->r, 12));
    if (op == IR_SPLAT) n.a[0] = ir_const(&m->r->block, IR_I64, 8u << rig_below(m->r, 4));
    if (on_memory(op)) {
        bool length = op == IR_STORE_ZEROS || (op >= IR_CHECK_LOAD && op <= IR_ALIGN_STORE);
        n.a[0] = address(m, !m->r->window);
        if (length) n.a[1] = ir_const(&m->r->block, IR_I64, 1ull << rig_below(m->r, 5));
        bool atomic = op >= IR_AMO_SWAP_I32;
        if (atomic) { /* their addresses are aligned: align_store comes first */
            struct ir_node mask = {
                .op = IR_AND_I64, .type = IR_I64, .a = {n.a[0], 0, IR_NONE, IR_NONE, IR_NONE}};
            mask.a[1] = ir_const(&m->r->block, IR_I64, ~15ull);
            n.a[0] = node(m, &mask);
        }
    }
    uint32_t v = node(m, &n);
    if (op == IR_FP_KEEP) ir_set(&m->r->block, flags, n.a[0]);
    return v;
}

static void set(struct maker *m, uint32_t v)
{
    unsigned type = m->r->block.nodes[v].type;
    uint8_t w = (uint8_t)emit_width(type);
    if ((w == 16 || w == 32) && rig_below(m->r, 2))
        v = node(
            m, &(struct ir_node){.op = IR_BOX, .type = IR_I64, .a = {v, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    node(m, &(struct ir_node){.op = IR_SET,
                              .imm = word(m, rig_below(m->r, 2), type >= IR_I128),
                              .a = {v, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

static uint8_t any_hint(struct rig *r)
{
    return rig_below(r, 2) ? IR_HINT_RETURN : IR_HINT_NONE;
}

/* A new instruction that a call or a return is before. */
static void call_or_return(struct maker *m)
{
    struct ir_node n = {.op = IR_CALL, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    insn(m);
    if (rig_below(m->r, 3))
        n.imm = RIG_RETURN + 2 * rig_below(m->r, 1000) + (rig_below(m->r, 2) << 40);
    else
        n.op = IR_RETURN;
    node(m, &n);
}

/* Of a truth, which often is what is expected. */
static void guard(struct maker *m)
{
    static const uint64_t expected[] = {0, 1, 0x80000000, 1ull << 40};
    struct ir_node n = {
        .op = IR_AND_I64, .type = IR_I64, .a = {value(m, IR_I64), 0, IR_NONE, IR_NONE, IR_NONE}};
    n.a[1] = ir_const(&m->r->block, IR_I64, expected[rig_below(m->r, ARRAY_LEN(expected))]);
    uint64_t imm = rig_below(m->r, 2) ? m->r->block.nodes[n.a[1]].imm : 0;
    node(m, &(struct ir_node){.op = IR_GUARD,
                              .round = any_hint(m->r),
                              .imm = imm,
                              .a = {node(m, &n), IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
}

static void finish(struct maker *m)
{
    struct ir_node n = {.imm = 0x20000000, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    switch (rig_below(m->r, 5)) {
    case 0: n.op = IR_STEP; break;
    case 1:
        n.op = IR_RAISE;
        n.imm = 1;
        break;
    case 2:
        n.op = IR_JUMP;
        n.round = any_hint(m->r);
        n.a[0] = value(m, IR_I64);
        break;
    default: n.op = IR_GOTO; break;
    }
    ir_add_node(&m->r->block, &n);
    m->r->block.insns = m->insns;
}

static void start(struct maker *m, struct rig *r)
{
    *m = (struct maker){.r = r};
    ir_block_reset(&r->block, 0x10000, 0);
    static const uint8_t rounds[] = {FP_RNE, FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM};
    r->block.live_round = rounds[rig_below(r, ARRAY_LEN(rounds))];
    insn(m);
}

/* ---- running and comparing ---- */

static void fail_with(struct rig *r, const char *what, uint64_t jit, uint64_t eval)
{
    struct buf text = {0};
    ir_print(&r->block, NULL, &text);
    fprintf(stderr, "%s\n", buf_cstr(&text));
    fail_msg("%s: %#llx by host code, %#llx by references", what, (unsigned long long)jit,
             (unsigned long long)eval);
}

static void same(struct rig *r, const char *what, uint64_t jit, uint64_t eval)
{
    if (jit != eval) fail_with(r, what, jit, eval);
}

static void compare_memory(struct rig *r)
{
    uint8_t a[CPU_PAGE], b[CPU_PAGE];
    for (uint64_t at = RIG_DATA; at <= RIG_READ; at += CPU_PAGE) {
        assert_int_equal(mem_read(&r->mem[0], at, a, CPU_PAGE), 0);
        assert_int_equal(mem_read(&r->mem[1], at, b, CPU_PAGE), 0);
        for (unsigned i = 0; i < CPU_PAGE; i++)
            if (a[i] != b[i]) fail_with(r, "memory", at + i, b[i]);
    }
}

static void compare_leave(struct rig *r, const struct jit_exit *x, const struct jit_trip *t,
                          const struct ir_leave *l)
{
    unsigned kind = l->op == IR_EXIT_IF || l->op == IR_GOTO ? JIT_EXIT_GOTO
                    : l->op == IR_JUMP || l->op == IR_GUARD ? JIT_EXIT_JUMP
                    : l->op == IR_RAISE                     ? JIT_EXIT_RAISE
                    : l->op == IR_STEP                      ? JIT_EXIT_STEP
                                                            : JIT_EXIT_FAULT;
    if (kind == JIT_EXIT_JUMP && x->kind == JIT_EXIT_GOTO)
        kind = JIT_EXIT_GOTO; /* its target was a constant */
    same(r, "kind of exit", x->kind, kind);
    if (x != &rig_missed) same(r, "instruction", x->insn, l->insn);
    bool ran = kind == JIT_EXIT_GOTO || kind == JIT_EXIT_JUMP;
    same(r, "budget used", 1000 - t->left, (uint64_t)l->insn + ran - l->skipped);
    if (kind == JIT_EXIT_GOTO) same(r, "target", x->pc, l->target);
    if (kind == JIT_EXIT_JUMP) same(r, "target", t->target, l->target);
    if (kind == JIT_EXIT_RAISE) same(r, "cause", x->cause, l->target);
    if (kind == JIT_EXIT_FAULT) {
        same(r, "cause", r->cpu[0]->exit.cause, r->cpu[1]->exit.cause);
        same(r, "address", r->cpu[0]->exit.value, r->cpu[1]->exit.value);
    }
}

/* ---- the stack of returns ---- */

/* The pc that a landing compares rax with. */
static uint64_t landing_of(const uint8_t *p)
{
    bool in_rcx = p[1] == 0xb9; /* mov rcx, imm64; or cmp rax, imm32 */
    uint64_t pc = 0;
    memcpy(&pc, p + 2, in_rcx ? 8 : 4);
    return pc;
}

/* Those of the block's calls that have not returned where it was left. */
static unsigned calls_under_way(const struct rig *r, const struct ir_leave *l, uint64_t *pcs)
{
    const struct ir_node *leaves = &r->block.nodes[r->block.n - 1];
    unsigned n = 0;
    for (uint32_t i = 0; i < r->block.n; i++) {
        const struct ir_node *at = &r->block.nodes[i];
        if (at->op == IR_INSN && at->a[0] > l->insn) break;
        if (at->op == IR_GUARD && l->op == IR_GUARD) leaves = at;
        if (at->op == IR_CALL) pcs[n++] = at->imm;
        if (at->op == IR_RETURN && n) n--;
    }
    bool returns = leaves->op == l->op && leaves->op != IR_STEP && leaves->round == IR_HINT_RETURN;
    return returns && n ? n - 1 : n;
}

static void compare_returns(struct rig *r, const struct jit_trip *t, const struct ir_leave *l)
{
    uint64_t pcs[2000];
    unsigned n = calls_under_way(r, l, pcs);
    if (l->op != IR_EXIT_IF && l->op != IR_GOTO && l->op != IR_JUMP && l->op != IR_GUARD) n = 0;
    same(r, "number of returns", (uint64_t)(rig_empty - t->returns), n);
    for (unsigned i = 0; i < n; i++) same(r, "return", landing_of(rig_empty[-1 - (int)i]), pcs[i]);
}

static void run_once(struct rig *r)
{
    struct jit_trip t;
    unsigned ex = 0;
    rig_reset(r);
    const struct jit_exit *x = rig_run(r, 1000, &t);
    struct ir_leave l = ir_eval(&r->block, r->cpu[1], &r->host.policy, &ex);
    if (r->lift->flags_word >= 0) r->cpu[1]->state[r->lift->flags_word] |= r->lift->flags(ex);
    compare_leave(r, x, &t, &l);
    compare_returns(r, &t, &l);
    for (unsigned i = 0; i < r->guest->state_words; i++) {
        if (r->cpu[0]->state[i] == r->cpu[1]->state[i]) continue;
        char name[32];
        snprintf(name, sizeof(name), "state word %u", i);
        same(r, name, r->cpu[0]->state[i], r->cpu[1]->state[i]);
    }
}

static void run_block(struct rig *r, unsigned times)
{
    struct buf err = {0};
    const char *wrong = ir_verify(&r->block, &err);
    if (wrong) fail_with(r, wrong, 0, 0);
    if (rig_below(r, 3) == 0) ir_forward(&r->block);
    ir_backward(&r->block);
    rig_emit(r);
    for (unsigned i = 0; i < times; i++) run_once(r);
    buf_free(&err);
}

/* ---- the tests ---- */

/* An operation on each lane of one vector or two; a truth fills its lane. */
static uint32_t lanes(struct maker *m)
{
    static const struct {
        uint16_t op;
        uint8_t size, nargs;
    } of[] = {{IR_ADD_I8, 8, 2},   {IR_MUL_I16, 16, 2}, {IR_SUB_I32, 32, 2},
              {IR_LTS_I64, 64, 2}, {IR_F32_ADD, 32, 2}, {IR_NOT_I16, 16, 1}};
    unsigned i = (unsigned)rig_below(m->r, ARRAY_LEN(of));
    struct ir_node n = {.op = IR_LANES,
                        .type = IR_V128,
                        .imm = of[i].op | (uint64_t)of[i].size << 16,
                        .a = {value(m, IR_V128), IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (of[i].nargs == 2) n.a[1] = value(m, rig_below(m->r, 2) ? IR_V128 : ir_op_table[of[i].op].args[1]);
    return node(m, &n);
}

/* A condition for several: what does not run is not counted, words keep what they have. */
static void skip_some(struct maker *m)
{
    uint32_t c = rig_below(m->r, 3) ? operation(m, IR_LTU_I64) : value(m, IR_I1);
    unsigned n = (unsigned)rig_below(m->r, 3);
    node(m, &(struct ir_node){
                .op = IR_SKIP, .imm = rig_below(m->r, 4), .a = {c, IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
    for (unsigned i = 0; i < n; i++) {
        uint32_t v = ir_op3(&m->r->block, IR_SELECT_I64, c, value(m, IR_I64), value(m, IR_I64));
        if (rig_below(m->r, 4)) set(m, v);
    }
}

/* A sum of 32 bits that is extended where it is put, which is then used in many ways. */
static void short_sum(struct maker *m)
{
    struct ir_block *b = &m->r->block;
    unsigned w = word(m, false, false);
    uint32_t x = rig_below(m->r, 2) ? ir_get(b, IR_I64, w) : value(m, IR_I64), y = value(m, IR_I64);
    uint32_t sum = ir_op2(b, rig_below(m->r, 2) ? IR_ADD_I32 : IR_XOR_I32, ir_op1(b, IR_TRUNC_I32_I64, x),
                          ir_op1(b, IR_TRUNC_I32_I64, y));
    uint32_t v = ir_op1(b, IR_SEXT_I64_I32, sum), c = ir_const(b, IR_I64, rig_number(m->r));
    ir_set(b, w, v);
    switch (rig_below(m->r, 12)) {
    case 0: set(m, ir_op2(b, IR_ADD_I64, v, c)); break;
    case 1: set(m, ir_op1(b, IR_TRUNC_I8_I64, ir_get(b, IR_I64, w))); break;
    case 2: ir_set(b, w, rig_below(m->r, 2) ? ir_op1(b, IR_TRUNC_I16_I64, c) : c); break;
    case 3: ir_set(b, w & ~1u, state(m, IR_I128)); break;
    case 4: set(m, ir_get(b, IR_I128, w & 30)); break;
    case 5: set(m, ir_op2(b, IR_LTU_I64, v, rig_below(m->r, 2) ? value(m, IR_I64) : c)); break;
    case 6: operation(m, rig_below(m->r, 2) ? IR_STORE64 : IR_STORE32); break;
    case 7: operation(m, IR_LOAD64); break;
    default: m->values[m->n++] = v;
    }
}

static unsigned any_operation(struct rig *r)
{
    for (;;) {
        unsigned op = IR_FIRST_OP + (unsigned)rig_below(r, IR_OPS - IR_FIRST_OP);
        if (ir_op_table[op].ref) return op;
    }
}

/* One operation among others that keep registers busy. */
static void make_around(struct maker *m, struct rig *r, unsigned op)
{
    start(m, r);
    unsigned busy = (unsigned)rig_below(r, 7), first = m->n;
    for (unsigned i = 0; i < busy; i++) {
        static const uint16_t plain[] = {IR_ADD_I64, IR_XOR_I32,      IR_SUB_I64, IR_F64_ADD,
                                         IR_SHL_I64, IR_SEXT_I64_I32, IR_LTS_I64};
        operation(m, plain[rig_below(r, ARRAY_LEN(plain))]);
    }
    unsigned last = m->n;
    uint32_t v = operation(m, op);
    if (rig_below(r, 2)) insn(m);
    if (ir_op_table[op].result != IR_VOID) set(m, v);
    for (unsigned i = first; i < last; i++) set(m, m->values[i]);
    if (ir_op_table[op].result != IR_VOID && rig_below(r, 2)) set(m, v);
    finish(m);
}

static void each_operation(bool window, unsigned lacks)
{
    struct rig r;
    struct maker m;
    rig_open(&r, window, lacks, 1);
    rig_memory(&r);
    for (unsigned op = IR_FIRST_OP; op < IR_OPS; op++) {
        if (!ir_op_table[op].ref) continue;
        for (unsigned i = 0; i < 24; i++) {
            make_around(&m, &r, op);
            run_block(&r, 8);
        }
        if (on_memory(op)) compare_memory(&r);
    }
    rig_close(&r);
}

/* Long blocks of anything, with exits on the way. */
static void anything(bool window, unsigned lacks, unsigned blocks, unsigned longest)
{
    struct rig r;
    struct maker m;
    rig_open(&r, window, lacks, 2);
    rig_memory(&r);
    for (unsigned b = 0; b < blocks; b++) {
        start(&m, &r);
        unsigned n = 1 + (unsigned)rig_below(&r, longest);
        for (unsigned i = 0; i < n && m.n < ARRAY_LEN(m.values) - 40; i++) {
            uint32_t v = rig_below(&r, 40) ? operation(&m, any_operation(&r)) : lanes(&m);
            if (r.block.nodes[v].type != IR_VOID && rig_below(&r, 3)) set(&m, v);
            if (!rig_below(&r, 3)) insn(&m);
            if (!rig_below(&r, 12)) skip_some(&m);
            if (!rig_below(&r, 4)) short_sum(&m);
            if (!rig_below(&r, 12)) call_or_return(&m);
            if (!rig_below(&r, 12))
                node(&m, &(struct ir_node){.op = rig_below(&r, 2) ? IR_EXIT_IF : IR_RAISE,
                                           .imm = 2,
                                           .a = {value(&m, IR_I1), IR_NONE, IR_NONE, IR_NONE, IR_NONE}});
        }
        if (!rig_below(&r, 4)) guard(&m);
        for (unsigned i = 0; i < m.n && i < 40; i++)
            if (rig_below(&r, 2)) set(&m, m.values[rig_below(&r, m.n)]);
        finish(&m);
        run_block(&r, 4);
    }
    compare_memory(&r);
    rig_close(&r);
}

/* More values at once than there is room for: the block is refused, and the next one is not harmed. */
static void test_too_much(void **ctx)
{
    struct rig r;
    struct maker m;
    rig_open(&r, true, 0, 3);
    for (unsigned values = 20; values < 500; values += 160) {
        start(&m, &r);
        uint32_t v[500];
        for (unsigned i = 0; i < values; i++)
            v[i] = ir_op2(&r.block, IR_MUL_I64, ir_get(&r.block, IR_I64, 10),
                          ir_get(&r.block, IR_I64, 1 + i % 31));
        for (unsigned i = values; i-- > 0;)
            v[i] = ir_op2(&r.block, IR_SUB_I64, v[i], i + 1 < values ? v[i + 1] : v[0]);
        ir_set(&r.block, 12, v[0]);
        finish(&m);
        ir_backward(&r.block);
        jit_emit(&r.host, &r.block, r.lift, NULL, r.mem[0].window, &r.code);
        assert_int_equal(r.code.failed, values > 120);
        if (!r.code.failed) run_block(&r, 2);
    }
    rig_close(&r);
}

static void test_operations(void **ctx)
{
    each_operation(false, 0);
}
static void test_operations_window(void **ctx)
{
    each_operation(true, 0);
}
static void test_operations_poor(void **ctx)
{
    each_operation(true, 3);
}
static void test_anything(void **ctx)
{
    anything(false, 0, 1500, 60);
    anything(true, 0, 1500, 60);
    anything(true, 1, 500, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),      cmocka_unit_test(test_operations_window),
        cmocka_unit_test(test_operations_poor), cmocka_unit_test(test_anything),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
