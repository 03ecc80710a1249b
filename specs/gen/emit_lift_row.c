/* A row's linear code as C that appends nodes of IR: in the order of emit_code.c, sources first, then in the
 * order of the text what can fault, then writes. What the code alone says stays a value of C, computed by the
 * same references, and becomes a constant node where a node uses it. */
#include "specs/gen/emit_lift.h"

#include <string.h>

/* ---- what is known when code is made ---- */

static bool args_known(const struct lifter *l, const struct code *k)
{
    for (int i = 0; i < k->nargs; i++)
        if (!l->known[k->args[i]]) return false;
    return true;
}

static bool is_known(const struct lifter *l, const struct code *k)
{
    switch (k->kind) {
    case CODE_CONST:
    case CODE_RM:
    case CODE_DYN:
    case CODE_FIELDNUM:
    case CODE_PC:
    case CODE_NEXT: return true;
    case CODE_OPERAND: return k->type == TYPE_RM || !k->field->kind->file;
    case CODE_SLICE: return args_known(l, k);
    /* Constant nodes hold 64 bits: wider values are nodes from the start. */
    case CODE_OP: return k->op->effect == OP_PURE && type_bits(k->type) != 128 && args_known(l, k);
    default: return false;
    }
}

/* ---- names ---- */

void lifter_node(const struct lifter *l, int v)
{
    if (l->known[v])
        fprintf(l->e.f, "c%d", v);
    else
        emit_value(&l->e, v);
}

void lifter_constants(struct lifter *l, const struct code *k, int first)
{
    for (int i = first; i < k->nargs; i++) {
        int v = k->args[i];
        if (!l->known[v] || l->noded[v] || lifter_code(l, v)->type == TYPE_RM) continue;
        l->noded[v] = true;
        fprintf(l->e.f, "    const uint32_t c%d = ir_const(l->b, %s, ", v,
                emit_ir_type(lifter_code(l, v)->type));
        emit_value(&l->e, v);
        fputs(");\n", l->e.f);
    }
}

/* "    const uint32_t n_v3 = ", and what stands for it when its decode-time condition does not hold. */
void lifter_declare(const struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    fputs("    const uint32_t ", l->e.f);
    lifter_node(l, v);
    fputs(" = ", l->e.f);
    if (k->cond < 0) return;
    emit_value(&l->e, k->cond);
    fputs(" ? ", l->e.f);
}

void lifter_declared(const struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    if (k->cond >= 0) fprintf(l->e.f, " : ir_const(l->b, %s, 0)", emit_ir_type(k->type));
    fputs(";\n", l->e.f);
}

/* ---- operations ---- */

static const char *enumerator(const struct lifter *l, const struct code *k)
{
    int u = k->op->convert ? lifter_code(l, k->args[0])->type : k->t;
    return emit_op_enumerator(&l->e.s->arena, k->op, k->t, u);
}

/* The rounding mode among the arguments, or none. */
static void round_argument(const struct lifter *l, const struct code *k)
{
    for (int i = 0; i < k->nargs; i++) {
        if (lifter_code(l, k->args[i])->type != TYPE_RM) continue;
        emit_value(&l->e, k->args[i]);
        return;
    }
    fputc('0', l->e.f);
}

/* Those that are nodes, from `first` on; how many. */
static int node_arguments(const struct lifter *l, const struct code *k, int first, const char *sep)
{
    int n = 0;
    for (int i = first; i < k->nargs; i++) {
        if (lifter_code(l, k->args[i])->type == TYPE_RM) continue;
        fputs(n++ ? ", " : sep, l->e.f);
        lifter_node(l, k->args[i]);
    }
    return n;
}

static void call(const struct lifter *l, const struct code *k)
{
    int n = 0;
    for (int i = 0; i < k->nargs; i++) n += lifter_code(l, k->args[i])->type != TYPE_RM;
    if (k->op->effect == OP_FP) {
        fprintf(l->e.f, "ir_fp(l->b, %s, ", enumerator(l, k));
        round_argument(l, k);
        node_arguments(l, k, 0, ", ");
        while (n++ < 3) fputs(", IR_NONE", l->e.f);
        fputc(')', l->e.f);
    } else if (n <= 3) {
        fprintf(l->e.f, "ir_op%d(l->b, %s", n, enumerator(l, k));
        node_arguments(l, k, 0, ", ");
        fputc(')', l->e.f);
    } else {
        fprintf(l->e.f, "lift_op(l, %s, (const uint32_t[]){", enumerator(l, k));
        node_arguments(l, k, 0, "");
        fprintf(l->e.f, "}, %d)", n);
    }
}

/* One of two nodes is meant, and which is known. */
static bool is_choice(const struct lifter *l, const struct code *k)
{
    return k->kind == CODE_OP && !strcmp(k->op->name, "select") && l->known[k->args[0]];
}

static void computed(struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    lifter_constants(l, k, is_choice(l, k));
    lifter_declare(l, v);
    if (is_choice(l, k)) {
        fputc('(', l->e.f);
        emit_value(&l->e, k->args[0]);
        fputs(" ? ", l->e.f);
        lifter_node(l, k->args[1]);
        fputs(" : ", l->e.f);
        lifter_node(l, k->args[2]);
        fputc(')', l->e.f);
    } else {
        call(l, k);
    }
    lifter_declared(l, v);
}

/* Stores and checks have no value. */
static void effect(struct lifter *l, const struct code *k)
{
    lifter_constants(l, k, 0);
    fputs("    ", l->e.f);
    emit_condition(&l->e, k);
    call(l, k);
    fputs(";\n", l->e.f);
}

/* The operation at each width that lanes can have. */
static void lane_operation(const struct lifter *l, const struct code *k)
{
    const struct code *size = lifter_code(l, k->args[0]);
    if (emit_is_literal(size) || !k->op->ntypes) {
        fputs(emit_op_enumerator(&l->e.s->arena, k->op, (int)size->u, (int)size->u), l->e.f);
        return;
    }
    int last = 0;
    for (int i = 0; i < k->op->ntypes; i++) {
        int t = k->op->types[i];
        if (t < 8 || t > 64) continue;
        if (last) {
            emit_value(&l->e, k->args[0]);
            fprintf(l->e.f, " == %d ? %s : ", last, emit_op_enumerator(&l->e.s->arena, k->op, last, last));
        }
        last = t;
    }
    fputs(emit_op_enumerator(&l->e.s->arena, k->op, last, last), l->e.f);
}

static void lanes(struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    unsigned vectors = 0, n = 0;
    for (int i = 0; i < k->op->nargs; i++)
        if (k->op->args[i] != TYPE_RM) vectors |= (unsigned)(k->op->args[i] == op_lane(k->op)) << n++;
    lifter_constants(l, k, 1);
    lifter_declare(l, v);
    fprintf(l->e.f, "lift_lanes(l, %s, ", emit_ir_type(k->type));
    lane_operation(l, k);
    fputs(", (unsigned)", l->e.f);
    emit_value(&l->e, k->args[0]);
    fputs(", ", l->e.f);
    round_argument(l, k);
    fprintf(l->e.f, ", 0x%x, (const uint32_t[]){", vectors);
    node_arguments(l, k, 1, "");
    fprintf(l->e.f, "}, %u)", n);
    lifter_declared(l, v);
}

static void slice(struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    int from = lifter_code(l, k->args[0])->type;
    const char *type = emit_ir_type(from) + 3;
    lifter_constants(l, k, 0);
    lifter_declare(l, v);
    if (k->type != from) fprintf(l->e.f, "ir_op1(l->b, IR_TRUNC_%s_%s, ", emit_ir_type(k->type) + 3, type);
    if (k->u) fprintf(l->e.f, "ir_op2(l->b, IR_SHR_%s, ", type);
    lifter_node(l, k->args[0]);
    if (k->u) fprintf(l->e.f, ", ir_const(l->b, IR_I8, %u))", (unsigned)k->u);
    if (k->type != from) fputc(')', l->e.f);
    lifter_declared(l, v);
}

/* ---- the row ---- */

static void operation(struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    switch (k->op->effect) {
    case OP_JUMP: lifter_jump(l, k); break;
    case OP_RAISE:
    case OP_SKIP: lifter_leave(l, k); break;
    case OP_NOP: break;
    default:
        if (l->known[v])
            emit_computed(&l->e, v);
        else if (k->type == TYPE_NONE)
            effect(l, k);
        else
            computed(l, v);
        break;
    }
}

static void statement(struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    if (k->kind == CODE_SET || k->kind == CODE_SETREG) lifter_constants(l, k, 0);
    switch (k->kind) {
    case CODE_OPERAND: lifter_rounding(l, v); break;
    case CODE_SLICE:
        if (l->known[v])
            emit_slice(&l->e, v);
        else
            slice(l, v);
        break;
    case CODE_OP: operation(l, v); break;
    case CODE_LANES: lanes(l, v); break;
    case CODE_SET: lifter_set_operand(l, k); break;
    case CODE_SETREG: lifter_set_register(l, k); break;
    case CODE_FLAGS: lifter_set_flags(l, v); break;
    default: break;
    }
}

static void statements(struct lifter *l, bool late)
{
    const struct row *r = l->e.r;
    bool flags = false;
    for (int i = 0; i < r->ncode && !l->ended; i++) {
        const struct code *k = &r->code[i];
        if (!l->e.live[i] || emit_is_literal(k) || emit_is_source(k) || emit_is_late(r, k) != late) continue;
        if (flags && k->kind == CODE_FLAGS) continue;
        emit_line(&l->e, k->at);
        flags |= k->kind == CODE_FLAGS;
        statement(l, i);
    }
}

void emit_lift_row(struct spec *s, FILE *f, struct row *r)
{
    struct lifter l = {.e = {.f = f, .s = s, .r = r}};
    emit_row_head(&l.e);
    fprintf(f, "static bool lift_%s(struct lift *l, const struct guest_op *o)\n{\n", row_symbol(s, r));
    code_live(r, LIVE_EFFECTS, l.e.live);
    for (int i = 0; i < r->ncode; i++) l.known[i] = is_known(&l, &r->code[i]);
    for (int i = 0; i < r->ncode; i++)
        if (l.e.live[i] && emit_is_source(&r->code[i])) lifter_source(&l, i);
    statements(&l, false);
    statements(&l, true);
    fputs(l.ended ? "}\n" : "    return true;\n}\n", f);
}
