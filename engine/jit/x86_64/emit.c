/* One walk over a block: each node by its row. What has no row here is called by its reference. */
#include "engine/jit/x86_64/emit.h"

#include <stdlib.h>

#define ROW(f, bits, which, ...)                            \
    {                                                       \
        .fn = (f), .w = (bits), .k = (which), ##__VA_ARGS__ \
    }
/* The same function for several widths. */
#define W2(OP, f, which, ...) \
    [IR_##OP##_I32] = ROW(f, 32, which, ##__VA_ARGS__), [IR_##OP##_I64] = ROW(f, 64, which, ##__VA_ARGS__)
#define W4(OP, f, which, ...)                                                                             \
    [IR_##OP##_I8] = ROW(f, 8, which, ##__VA_ARGS__), [IR_##OP##_I16] = ROW(f, 16, which, ##__VA_ARGS__), \
    W2(OP, f, which, ##__VA_ARGS__)
/* Both formats that the host computes in; x: the arguments that are numbers in it. */
#define FP(OP, f, which, x) \
    [IR_F32_##OP] = ROW(f, 32, which, .xargs = (x)), [IR_F64_##OP] = ROW(f, 64, which, .xargs = (x))
/* From one width to another: `w` is the narrower one. */
#define EXTEND(TO, FROM, bits) \
    [IR_ZEXT_##TO##_##FROM] = ROW(emit_extend, bits, 0, .same_place = true, .takes_flags = (bits) == 1)
#define SEXTEND(TO, FROM, bits) [IR_SEXT_##TO##_##FROM] = ROW(emit_extend, bits, 1, .same_place = true)
#define TRUNC(TO, FROM)         [IR_TRUNC_##TO##_##FROM] = ROW(emit_trunc, 64, 0, .same_place = true)

const struct emit_row emit_rows[IR_OPS] = {
    [IR_SKIP] = ROW(emit_skip, 0, 0, .takes_flags = true),
    [IR_EXIT_IF] = ROW(emit_exit_if, 0, 0, .takes_flags = true),
    [IR_RAISE] = ROW(emit_raise, 0, 0, .takes_flags = true),
    [IR_BOX] = ROW(emit_box, 0, 0, .same_place = true),
    [IR_UNBOX] = ROW(emit_unbox, 0, 0, .same_place = true),
    [IR_GOTO] = ROW(emit_goto, 0, 0),
    [IR_JUMP] = ROW(emit_jump, 0, 0),
    [IR_GUARD] = ROW(emit_guard, 0, 0),
    [IR_STEP] = ROW(emit_step, 0, 0),
    [IR_RETURN] = ROW(emit_returned, 0, 0),

    W4(ADD, emit_alu, ALU_ADD, .same_place = true),
    W4(SUB, emit_alu, ALU_SUB, .same_place = true),
    [IR_AND_I1] = ROW(emit_alu, 1, ALU_AND, .same_place = true),
    [IR_OR_I1] = ROW(emit_alu, 1, ALU_OR, .same_place = true),
    [IR_XOR_I1] = ROW(emit_alu, 1, ALU_XOR, .same_place = true),
    W4(AND, emit_alu, ALU_AND, .same_place = true),
    W4(OR, emit_alu, ALU_OR, .same_place = true),
    W4(XOR, emit_alu, ALU_XOR, .same_place = true),
    W4(MUL, emit_mul, 0, .same_place = true),
    W4(NOT, emit_unary, 2, .same_place = true),
    W4(NEG, emit_unary, 3, .same_place = true),
    W4(SHL, emit_shift, SHIFT_SHL, .same_place = true),
    W4(SHR, emit_shift, SHIFT_SHR, .same_place = true),
    W4(SAR, emit_shift, SHIFT_SAR, .same_place = true),
    W4(ROL, emit_rotate, SHIFT_ROL, .same_place = true),
    W4(ROR, emit_rotate, SHIFT_ROR, .same_place = true),
    EXTEND(I8, I1, 1),
    EXTEND(I16, I1, 1),
    EXTEND(I32, I1, 1),
    EXTEND(I64, I1, 1),
    EXTEND(I16, I8, 8),
    EXTEND(I32, I8, 8),
    EXTEND(I64, I8, 8),
    EXTEND(I32, I16, 16),
    EXTEND(I64, I16, 16),
    EXTEND(I64, I32, 32),
    SEXTEND(I16, I8, 8),
    SEXTEND(I32, I8, 8),
    SEXTEND(I64, I8, 8),
    SEXTEND(I32, I16, 16),
    SEXTEND(I64, I16, 16),
    SEXTEND(I64, I32, 32),
    TRUNC(I1, I8),
    TRUNC(I1, I16),
    TRUNC(I1, I32),
    TRUNC(I1, I64),
    TRUNC(I8, I16),
    TRUNC(I8, I32),
    TRUNC(I8, I64),
    TRUNC(I16, I32),
    TRUNC(I16, I64),
    TRUNC(I32, I64),

    [IR_EQ_I1] = ROW(emit_compare, 1, CC_E),
    [IR_NE_I1] = ROW(emit_compare, 1, CC_NE),
    W4(EQ, emit_compare, CC_E),
    W4(NE, emit_compare, CC_NE),
    W4(LTU, emit_compare, CC_B),
    W4(LTS, emit_compare, CC_L),
    W4(LEU, emit_compare, CC_BE),
    W4(LES, emit_compare, CC_LE),
    [IR_SELECT_I1] = ROW(emit_select, 1, 0, .takes_flags = true),
    W4(SELECT, emit_select, 0, .takes_flags = true),
    W2(MINU, emit_minmax, CC_B),
    W2(MAXU, emit_minmax, CC_A),
    W2(MINS, emit_minmax, CC_L),
    W2(MAXS, emit_minmax, CC_G),
    [IR_LNOT_I1] = ROW(emit_lnot, 1, 0, .takes_flags = true),

    [IR_MULHU_I64] = ROW(emit_mulh, 64, 0),
    [IR_MULHS_I64] = ROW(emit_mulh, 64, 1),
    [IR_MULHSU_I64] = ROW(emit_mulh, 64, 2),
    W2(DIVU, emit_div, 0),
    W2(REMU, emit_div, 1),
    W2(DIVS, emit_div, 2),
    W2(REMS, emit_div, 3),
    W2(CLZ, emit_count, 0),
    W2(CTZ, emit_count, 1),
    W2(POPCNT, emit_count, 2),
    W2(BSWAP, emit_bswap, 0),

    [IR_AES64ES_I64] = ROW(emit_aes_round, 64, 0),
    [IR_AES64ESM_I64] = ROW(emit_aes_round, 64, 1),
    [IR_AES64DS_I64] = ROW(emit_aes_round, 64, 2),
    [IR_AES64DSM_I64] = ROW(emit_aes_round, 64, 3),
    [IR_AES64IM_I64] = ROW(emit_aes_mix, 64, 0),
    [IR_AES64KS1_I64] = ROW(emit_aes_key, 64, 0),
    [IR_AES64KS2_I64] = ROW(emit_aes_key_mix, 64, 0),
    [IR_CLMUL_I64] = ROW(emit_clmul, 64, 0),
    [IR_CLMULH_I64] = ROW(emit_clmul, 64, 1),

    FP(ADD, emit_fp_binary, 0x58, 3),
    FP(SUB, emit_fp_binary, 0x5c, 3),
    FP(MUL, emit_fp_binary, 0x59, 3),
    FP(DIV, emit_fp_binary, 0x5e, 3),
    FP(SQRT, emit_fp_sqrt, 0x51, 1),
    FP(FMA, emit_fp_fma, 0, 7),
    FP(MIN, emit_fp_minmax, 0x5d, 3),
    FP(MAX, emit_fp_minmax, 0x5f, 3),
    FP(MINM, emit_fp_minmax, 0x5d, 3),
    FP(MAXM, emit_fp_minmax, 0x5f, 3),
    FP(EQ, emit_fp_eq, 0, 3),
    FP(LT, emit_fp_less, 0, 3),
    FP(LE, emit_fp_less, 1, 3),
    FP(LTQ, emit_fp_less, 2, 3),
    FP(LEQ, emit_fp_less, 3, 3),
    FP(ROUND, emit_fp_round, 0, 1),
    FP(ROUNDX, emit_fp_round, 1, 1),
    FP(TO_S32, emit_fp_to_int, 32, 1),
    FP(TO_U32, emit_fp_to_int, 33, 1),
    FP(TO_S64, emit_fp_to_int, 64, 1),
    FP(TO_U64, emit_fp_to_int, 65, 1),
    FP(FROM_S32, emit_int_to_fp, 32, 0),
    FP(FROM_U32, emit_int_to_fp, 33, 0),
    FP(FROM_S64, emit_int_to_fp, 64, 0),
    FP(FROM_U64, emit_int_to_fp, 65, 0),
    [IR_FP_RAISED] = ROW(emit_fp_raised, 64, 0),
    [IR_FP_KEEP] = ROW(emit_fp_keep, 64, 0),
    [IR_F32_FROM_F64] = ROW(emit_fp_to_fp, 32, 0, .xargs = 1),
    [IR_F64_FROM_F32] = ROW(emit_fp_to_fp, 64, 0, .xargs = 1),

    [IR_ALIGN_LOAD] = ROW(emit_align, 64, 0),
    [IR_ALIGN_STORE] = ROW(emit_align, 64, 0),
    W2(AMO_SWAP, emit_amo_exchange, 0x87),
    W2(AMO_ADD, emit_amo_exchange, 0xc1),
    W2(AMO_AND, emit_amo_loop, ALU_AND),
    W2(AMO_OR, emit_amo_loop, ALU_OR),
    W2(AMO_XOR, emit_amo_loop, ALU_XOR),
    W2(AMO_MINS, emit_amo_loop, EMIT_KEEPS_OLD | CC_L),
    W2(AMO_MAXS, emit_amo_loop, EMIT_KEEPS_OLD | CC_G),
    W2(AMO_MINU, emit_amo_loop, EMIT_KEEPS_OLD | CC_B),
    W2(AMO_MAXU, emit_amo_loop, EMIT_KEEPS_OLD | CC_A),
    W2(AMO_CAS, emit_amo_cas, 0),
    W2(STORE_IF, emit_store_if, 0),
    [IR_FENCE] = ROW(emit_fence, 1, 0),
    [IR_LOAD8] = ROW(emit_load, 8, 0),
    [IR_LOAD16] = ROW(emit_load, 16, 0),
    [IR_LOAD32] = ROW(emit_load, 32, 0),
    [IR_LOAD64] = ROW(emit_load, 64, 0),
    [IR_STORE8] = ROW(emit_store, 8, 0),
    [IR_STORE16] = ROW(emit_store, 16, 0),
    [IR_STORE32] = ROW(emit_store, 32, 0),
    [IR_STORE64] = ROW(emit_store, 64, 0),
};

/* ---- the emitter's memory, kept in jit_code.scratch from block to block ---- */

struct scratch {
    uint32_t cap;    /* nodes that there is room for */
    uint32_t nhomes; /* of the block before */
    uint32_t home[ARRAY_LEN(((struct jit_host *)0)->pin_of_word)];
    uint16_t pin_of_word[ARRAY_LEN(((struct jit_host *)0)->pin_of_word)]; /* of a region */
    uint8_t tables[];
};

static size_t tables_size(uint32_t cap)
{
    return cap * (sizeof(struct emit_cold) + sizeof(struct emit_cell) + sizeof(struct emit_val) +
                  sizeof(struct emit_call) + sizeof(struct emit_fixup) * 2 + sizeof(uint16_t) * 2);
}

static void find_tables(struct emit *e, struct jit_code *c, uint32_t n)
{
    struct scratch *s = c->scratch;
    if (!s || s->cap < n) {
        uint32_t cap = n < 512 ? 512 : n * 2;
        free(s);
        c->scratch = s = xmalloc(sizeof(*s) + tables_size(cap));
        memset(s->home, 0xff, sizeof(s->home));
        s->cap = cap;
        s->nhomes = 0;
    }
    uint32_t cap = s->cap;
    e->colds = (struct emit_cold *)s->tables;
    e->cell = (struct emit_cell *)(e->colds + cap);
    e->val = (struct emit_val *)(e->cell + cap);
    e->calls = (struct emit_call *)(e->val + cap);
    e->fixups = (struct emit_fixup *)(e->calls + cap);
    e->homes = (uint16_t *)(e->fixups + 2 * cap);
    e->fixups_cap = cap;
    e->home = s->home;
    e->nhomes = s->nhomes;
}

static void find_pins(struct emit *e, const struct jit_pins *pins)
{
    struct scratch *s = e->c->scratch;
    e->pins = pins;
    e->pin_of_word = pins ? s->pin_of_word : e->h->pin_of_word;
    if (!pins) return;
    memset(s->pin_of_word, 0, sizeof(s->pin_of_word));
    for (unsigned r = 0; r < ARRAY_LEN(pins->word); r++)
        if (pins->word[r]) s->pin_of_word[pins->word[r] - 1] = (uint16_t)(r + 1);
}

/* ---- the walk ---- */

/* A condition in the flags must go to a register unless this node is what it waits for, or leaves them. */
static bool flags_stay(const struct emit *e, const struct ir_node *n)
{
    if (n->op == IR_SET) return n->a[0] != e->flag_val && emit_set_moves(e, n);
    if (!emit_rows[n->op].takes_flags || n->a[0] != e->flag_val) return false;
    for (unsigned k = 1; k < ir_op_table[n->op].nargs; k++)
        if (n->a[k] == e->flag_val) return false;
    return true;
}

static void emit_number(struct emit *e, const struct ir_node *n)
{
    if (n->type < IR_I128) {
        def_const(e, n->imm & bits_mask(emit_width(n->type)));
        return;
    }
    int32_t at = emit_slot_disp(def_wide(e));
    for (int32_t half = 0; half < 4; half++) {
        asm_mem(e->c, ASM_MOV_I, 0, ASM_RBP, at + 4 * half);
        asm_u32(e->c, half < 2 ? (uint32_t)(n->imm >> 32 * half) : 0);
    }
}

/* The block ends in it, or goes another way that has no stub of its own, or that is likely: its own top, or
 * where the last branch leads. What is late had best be settled before. */
static bool ends_here(const struct emit *e, const struct ir_node *n)
{
    if (n->op >= IR_FIRST_OP || !(ir_op_table[n->op].flags & IR_OP_EXIT) || n->op == IR_RAISE) return false;
    return n->op != IR_EXIT_IF || n->imm == e->b->pc || e->insn == e->b->insns - 1;
}

static void emit_node(struct emit *e, const struct ir_node *n)
{
    const struct emit_row *r = &emit_rows[n->op];
    switch (n->op) {
    case IR_CONST: emit_number(e, n); return;
    case IR_GET: emit_get(e, n); return;
    case IR_INSN:
        e->insn = n->a[0];
        e->pc = n->imm;
        e->fault_exit = EMIT_NONE;
        return;
    case IR_CALL: emit_called(e, n); return;
    default: break;
    }
    if (e->flag_val != EMIT_NONE && !flags_stay(e, n)) {
        alloc_flags_out(e);
        e->flags_busy = false;
    }
    if (e->late && ends_here(e, n)) emit_settle(e, e->late);
    if (n->op == IR_SET)
        emit_set(e, n);
    else if (r->fn)
        r->fn(e, n, r);
    else if (ir_op_table[n->op].ref || n->op == IR_LANES)
        emit_ref(e, n);
    else
        e->c->failed = true;
}

/* Do the guest's numbers differ from the host's only in which NaN comes out, and that is always the same? */
static bool fp_is_hosts(const struct guest_lift *g, uint64_t key)
{
    if (!g->policy) return false;
    struct fp_policy p = g->policy(key);
    return p.nan == FP_NAN_CANONICAL && !p.default_nan_negative && !p.tiny_before_rounding &&
           !p.flush_inputs && !p.flush_outputs && !p.flag_subnormal_inputs && p.fma_inf_zero_nan &&
           p.minmax == FP_MINMAX_NUMBER;
}

void jit_emit(const struct jit_host *h, const struct ir_block *b, const struct guest_lift *g,
              const struct jit_pins *pins, const uint8_t *window, struct jit_code *out)
{
    struct emit e = {.c = out, .h = h, .b = b, .g = g, .nodes = b->nodes, .window = window, .pc = b->pc};
    if ((uintptr_t)window < 1u << 30) e.window_at = (int32_t)(uintptr_t)window;
    out->n = out->nexits = out->nfaults = out->ncalls = 0;
    out->failed = false;
    e.fp = fp_is_hosts(g, b->key);
    find_tables(&e, out, b->n);
    find_pins(&e, pins);
    alloc_start(&e);
    asm_room(out, EMIT_NODE_ROOM);
    emit_top(&e);
    for (uint32_t i = 0; i < b->n && !out->failed; i++) {
        const struct ir_node *n = &b->nodes[i];
        if (n->op == IR_NOP) continue;
        asm_room(out, EMIT_NODE_ROOM);
        alloc_node(&e, i);
        emit_node(&e, n);
        if (n->type != IR_VOID) emit_drop(&e);
    }
    e.late = 0;
    if (!out->failed) emit_colds(&e);
    if (!out->failed) emit_stubs(&e);
    ((struct scratch *)out->scratch)->nhomes = e.nhomes;
}
