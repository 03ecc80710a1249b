/* From the syntax tree of a row's `sem` to typed linear code, in the order of evaluation.
 *
 * Types flow both ways: a number or a zext takes its width from its neighbour or from where the result goes
 * (`want`), everything else has one. What is computed twice is one value. names.c resolves names, rules.c
 * handles statements.
 */
#include "specs/gen/check.h"

#include <string.h>

int check_error(struct checker *c, const struct expr *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    source_verror(&c->src, e->offset, strlen(e->text), fmt, ap);
    va_end(ap);
    return -1;
}

/* Gives the same value whenever and however often it is computed. */
static bool is_pure(const struct code *k)
{
    switch (k->kind) {
    case CODE_CONST:
    case CODE_ADDRESS:
    case CODE_FIELDNUM:
    case CODE_REG:
    case CODE_PC:
    case CODE_NEXT:
    case CODE_RM:
    case CODE_DYN:
    case CODE_SLICE: return true;
    case CODE_OPERAND: return k->type != TYPE_RM && !k->field->kind->read;
    case CODE_OP:
    case CODE_LANES: return k->op->effect == OP_PURE;
    default: return false;
    }
}

static bool same_value(const struct code *a, const struct code *b)
{
    return a->kind == b->kind && a->type == b->type && a->t == b->t && a->u == b->u && a->field == b->field &&
           a->reg == b->reg && a->index == b->index && a->op == b->op && a->nargs == b->nargs &&
           !memcmp(a->args, b->args, sizeof(a->args));
}

int check_emit(struct checker *c, struct code code, size_t offset)
{
    struct row *r = c->row;
    bool pure = is_pure(&code);
    for (int i = 0; pure && i < r->ncode; i++)
        if (same_value(&c->code[i], &code)) return i;
    if (r->ncode == ROW_MAX_CODE) {
        source_error(&c->src, offset, 1, "the semantics need more than %d operations", ROW_MAX_CODE);
        r->ncode--;
    }
    code.cond = pure ? -1 : c->cond;
    code.at = source_pos(&c->src, offset);
    c->code[r->ncode] = code;
    return r->ncode++;
}

int check_const(struct checker *c, uint64_t u, int type, size_t offset)
{
    return check_emit(c, (struct code){.kind = CODE_CONST, .type = type, .u = u}, offset);
}

static int type_of(const struct checker *c, int v)
{
    return v < 0 ? TYPE_NONE : c->code[v].type;
}

static bool name_open(struct checker *c, const struct expr *e)
{
    const struct binding *param = name_param(c, e->text);
    if (param) { /* the row's words, where the class's names mean nothing */
        int nparams = c->nparams;
        c->nparams = 0;
        bool open = check_open(c, param->expr);
        c->nparams = nparams;
        return open;
    }
    struct field *f = field_find(c->row, e->text);
    if (f && f->kind) return f->kind->is_imm && !f->kind->read;
    return !strcmp(e->text, "W") && c->row->width;
}

bool check_open(struct checker *c, const struct expr *e)
{
    const struct op *op;
    switch (e->kind) {
    case EX_NUMBER:
    case EX_FIELDNUM: return true;
    case EX_NAME: return name_open(c, e);
    case EX_UNARY: return check_open(c, e->args[0]);
    case EX_BINARY:
        op = op_infix(c->spec, e->text, false);
        if (op && op->result != TYPE_T) return false;
        if (!op && strchr("<>", e->text[0])) return false;
        return check_open(c, e->args[0]) && (check_open(c, e->args[1]) || (op && op->args[1] == TYPE_U));
    case EX_CALL:
        if (e->type) return false;
        op = op_find(c->spec, e->text);
        if (!op || op->result != TYPE_T) return false;
        for (int i = 0; i < e->nargs && i < op->nargs; i++)
            if (op->args[i] == TYPE_T && !check_open(c, e->args[i])) return false;
        return true;
    default: return false;
    }
}

static int want_type(struct checker *c, const struct expr *e, int want)
{
    if (want > 0) return want;
    check_error(c, e, "the width of '%s' is not known here; say it, as in zext.i64(…)", e->text);
    return TYPE_NONE;
}

static bool type_allowed(const struct op *op, int t)
{
    for (int i = 0; i < op->ntypes; i++)
        if (op->types[i] == t) return true;
    return op->ntypes == 0;
}

/* What T stands for in this use: said, from an argument with a width, or from where the result goes; numbers
 * that are compared have 64 bits. The argument that says it is evaluated on the way, into *done. */
static int bind_t(struct checker *c, const struct expr *e, const struct op *op, int want, int *done)
{
    bool from_result = op->result == TYPE_T || op->result == TYPE_T2;
    int goal = op->result == TYPE_T2 && want > 0 ? want / 2 : want;
    if (e->type) return op->result == TYPE_T2 ? e->type / 2 : e->type;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < e->nargs && i < op->nargs; i++) {
            if (op->args[i] != TYPE_T || (pass == 0 && check_open(c, e->args[i]))) continue;
            if (pass == 1 && from_result && goal > 0) return goal;
            done[i] = check_expr(c, e->args[i], from_result ? goal : pass ? 64 : TYPE_NONE);
            return type_of(c, done[i]);
        }
    }
    return from_result ? want_type(c, e, goal) : TYPE_NONE;
}

static bool conversion_ok(struct checker *c, const struct expr *e, const struct op *op, int from, int to)
{
    if (!op->convert || from <= 0 || to <= 0) return true;
    bool widen = !strcmp(op->convert, "widen");
    bool same = from == to && c->row->width; /* at one of the row's widths it may do nothing */
    if (same || (widen ? from < to : from > to)) return true;
    check_error(c, e, "%s from %s to %s does not %s", e->text, type_name(from), type_name(to), op->convert);
    return false;
}

bool check_type(struct checker *c, const struct expr *e, int v, int need)
{
    int got = type_of(c, v);
    if (v < 0) return false; /* reported */
    if (got == need) return true;
    check_error(c, e, "this is %s; expected %s", got == TYPE_NONE ? "no value" : type_name(got),
                type_name(need));
    return false;
}

static int raise_op(struct checker *c, const struct expr *e, const struct op *op)
{
    struct code code = {.kind = CODE_OP, .op = op};
    if (e->nargs < 1 || e->nargs > 2)
        return check_error(c, e, "'raise' takes a cause and perhaps a condition");
    code.cause = cause_find(c->spec, e->args[0]->text);
    if (!code.cause)
        return check_error(
            c, e->args[0], "unknown cause '%s'%s", e->args[0]->text,
            SUGGEST(c->spec, e->args[0]->text, c->spec->causes, "; isa.yaml lists them under 'causes'"));
    c->row->raises |= 1u << code.cause->index;
    if (e->nargs > 1) {
        code.args[code.nargs++] = check_expr(c, e->args[1], 1);
        if (!check_type(c, e->args[1], code.args[0], 1)) return -1;
    }
    return check_emit(c, code, e->offset);
}

/* The operation that a use of lanes names, or NULL after a reported error. */
static struct op *lanes_op(struct checker *c, const struct expr *e)
{
    if (e->nargs < 3) {
        check_error(c, e, "lanes needs a size, an operation and vectors: lanes(size, add, a, b)");
        return NULL;
    }
    const struct expr *name = e->args[1];
    struct op *op = op_find(c->spec, name->text);
    bool ok = op && (op->effect == OP_PURE || op->effect == OP_FP) && !op->convert;
    if (!ok || (op->result != op_lane(op) && op->result != 1)) {
        check_error(c, name, "'%s' is no operation that works on lanes", name->text);
        return NULL;
    }
    if (op->nargs == e->nargs - 2) return op;
    check_error(c, name, "'%s' takes %d argument%s, not %d", op->name, op->nargs, op->nargs == 1 ? "" : "s",
                e->nargs - 2);
    return NULL;
}

/* lanes(size, op, …): the operation on each `size` bits of vectors; other arguments go to every lane. */
static int lanes(struct checker *c, const struct expr *e)
{
    struct op *op = lanes_op(c, e);
    if (!op) return -1;
    struct code code = {.kind = CODE_LANES, .op = op};
    code.args[code.nargs++] = check_expr(c, e->args[0], 64);
    if (!check_type(c, e->args[0], code.args[0], 64)) return -1;
    for (int i = 0; i < op->nargs; i++) {
        const struct expr *a = e->args[i + 2];
        bool vector = op->args[i] == op_lane(op);
        int need = vector ? code.type : op->args[i] == TYPE_U ? TYPE_NONE : op->args[i];
        int v = check_expr(c, a, need ? need : check_open(c, a) ? 64 : TYPE_NONE);
        if (v < 0 || (need && !check_type(c, a, v, need))) return -1;
        if (vector) code.type = type_of(c, v);
        if (vector && code.type != TYPE_V128 && code.type != 64)
            return check_error(c, a, "this is %s; lanes are of v128 or i64", type_name(code.type));
        code.args[code.nargs++] = v;
    }
    op->on_lanes = true;
    return check_emit(c, code, e->offset);
}

static int concrete(int type, int t)
{
    return type == TYPE_T ? t : type == TYPE_T2 ? t * 2 : type;
}

/* The arguments of an ordinary operation, into code->args. */
static bool arguments(struct checker *c, const struct expr *e, const struct op *op, struct code *code,
                      const int *done)
{
    for (int i = 0; i < op->nargs; i++) {
        const struct expr *a = e->args[i];
        int need = op->args[i] == TYPE_U ? TYPE_NONE : concrete(op->args[i], code->t);
        int v = done[i] >= 0 ? done[i] : check_expr(c, a, need ? need : check_open(c, a) ? 64 : TYPE_NONE);
        if (v < 0 || (need && !check_type(c, a, v, need))) return false;
        if (op->args[i] == TYPE_U && !conversion_ok(c, e, op, type_of(c, v), code->t)) return false;
        code->args[code->nargs++] = v;
    }
    return true;
}

int check_op(struct checker *c, const struct expr *e, const struct op *op, int want)
{
    struct code code = {.kind = CODE_OP, .op = op};
    int done[OP_MAX_ARGS] = {-1, -1, -1, -1, -1, -1};
    if (op->effect == OP_LANES) return lanes(c, e);
    if (op->effect == OP_RAISE) return raise_op(c, e, op);
    if (e->nargs != op->nargs)
        return check_error(c, e, "'%s' takes %d argument%s, not %d", op->name, op->nargs,
                           op->nargs == 1 ? "" : "s", e->nargs);
    code.t = op->ntypes ? bind_t(c, e, op, want, done) : TYPE_NONE;
    if (op->ntypes && code.t == TYPE_NONE) return -1;
    if (op->ntypes && !type_allowed(op, code.t))
        return check_error(c, e, "'%s' does not exist for %s", op->name, type_name(code.t));
    if (!arguments(c, e, op, &code, done)) return -1;
    code.type = concrete(op->result, code.t);
    if (op->convert && type_of(c, code.args[0]) == code.type) return code.args[0];
    if (op->effect == OP_FP && !c->spec->fp.policy)
        return check_error(c, e, "floating point needs a 'policy' under 'fp' in isa.yaml");
    return check_emit(c, code, e->offset);
}

/* a >u b is b <u a, a >=u b is b <=u a: the IR has one of each pair. */
static int operator(struct checker *c, const struct expr *e, int want)
{
    const struct op *op = op_infix(c->spec, e->text, e->kind == EX_UNARY);
    if (op) return check_op(c, e, op, want);
    if (e->text[0] != '>') return check_error(c, e, "no operation of ir.yaml has the operator '%s'", e->text);
    struct expr swapped = *e;
    char *text = arena_strdup(&c->spec->arena, e->text);
    text[0] = '<';
    swapped.text = text;
    swapped.args[0] = e->args[1];
    swapped.args[1] = e->args[0];
    op = op_infix(c->spec, text, false);
    return op ? check_op(c, &swapped, op, want)
              : check_error(c, e, "no operation of ir.yaml has the operator '%s'", e->text);
}

static int slice(struct checker *c, const struct expr *e)
{
    int v = check_expr(c, e->args[0], check_open(c, e->args[0]) ? 64 : TYPE_NONE), from = type_of(c, v);
    unsigned width = e->hi - e->lo + 1;
    int type = width == 128 ? TYPE_V128 : (int)width;
    if (v < 0) return -1;
    if (from <= 0 || e->hi >= type_bits(from))
        return check_error(c, e, "bit %u is outside %s", e->hi, type_name(from));
    if (width == type_bits(from)) return v;
    if (width != 1 && width != 8 && width != 16 && width != 32 && width != 64)
        return check_error(c, e, "a slice of %u bits has no type; its width must be 1, 8, 16, 32, 64 or 128",
                           width);
    struct code code = {.kind = CODE_SLICE, .type = type, .u = e->lo, .args = {v}, .nargs = 1};
    return check_emit(c, code, e->offset);
}

static int call(struct checker *c, const struct expr *e, int want)
{
    const struct op *op = op_find(c->spec, e->text);
    if (op) return check_op(c, e, op, want);
    return check_error(c, e, "unknown operation '%s'%s", e->text,
                       SUGGEST(c->spec, e->text, c->spec->ops, "; ir.yaml lists them"));
}

static int number(struct checker *c, const struct expr *e, int want)
{
    if (want == TYPE_RM) return check_error(c, e, "expected a rounding mode, found '%s'", e->text);
    int type = want_type(c, e, want);
    if (type == TYPE_NONE) return -1;
    if (type < 64 && e->number > bits_mask((unsigned)type) && e->number < 0 - (1ull << (type - 1)))
        return check_error(c, e, "%s does not fit in %s", e->text, type_name(type));
    return check_const(c, e->number, type, e->offset);
}

static int field_number(struct checker *c, const struct expr *e, int want)
{
    struct field *f = field_find(c->row, e->text);
    if (!f || f->memory || !field_encoded(f))
        return check_error(c, e, "'%s' is not a field of this encoding", e->text);
    f->used = true;
    struct code code = {.kind = CODE_FIELDNUM, .type = want > 0 ? want : 64, .field = f};
    return check_emit(c, code, e->offset);
}

int check_expr(struct checker *c, const struct expr *e, int want)
{
    switch (e->kind) {
    case EX_NUMBER: return number(c, e, want);
    case EX_FIELDNUM: return field_number(c, e, want);
    case EX_NAME: return name_value(c, e, want);
    case EX_UNARY:
    case EX_BINARY: return operator(c, e, want);
    case EX_SLICE: return slice(c, e);
    case EX_CALL: return call(c, e, want);
    }
    return -1;
}
