/* From the syntax tree of a row's `sem` to typed linear code, in the order of evaluation; names and types.
 *
 * Types flow both ways: a number or a zext takes its width from its neighbour or from where the result goes
 * (`want`), everything else has one. rules.c then holds the code against the rules of specs/README.md.
 */
#include "specs/gen/gen.h"
#include "specs/gen/check.h"

#include <string.h>

int check_emit(struct checker *c, struct code code, size_t offset)
{
    struct row *r = c->row;
    if (r->ncode == ROW_MAX_CODE) {
        source_error(&c->src, offset, 1, "the semantics need more than %d operations", ROW_MAX_CODE);
        r->ncode--;
    }
    code.cond = c->cond;
    code.at = source_pos(&c->src, offset);
    r->code[r->ncode] = code;
    return r->ncode++;
}

static int type_of(const struct checker *c, int v)
{
    return v < 0 ? TYPE_NONE : c->row->code[v].type;
}

static int constant(struct checker *c, uint64_t u, int type, size_t offset)
{
    return check_emit(c, (struct code){.kind = CODE_CONST, .type = type, .u = u}, offset);
}

/* Is the width of this expression open, so that its neighbour or its destination must say it? */
static bool is_open(struct checker *c, const struct expr *e)
{
    struct field *f;
    const struct op *op;
    switch (e->kind) {
    case EX_NUMBER:
    case EX_FIELDNUM: return true;
    case EX_NAME: f = field_find(c->row, e->text); return f && f->kind && f->kind->is_imm && !f->kind->read;
    case EX_UNARY: return is_open(c, e->args[0]);
    case EX_BINARY:
        op = op_infix(c->spec, e->text, false);
        if (op && op->result != TYPE_T) return false;
        if (!op && strchr("<>", e->text[0])) return false;
        return is_open(c, e->args[0]) && (is_open(c, e->args[1]) || (op && op->args[1] == TYPE_U));
    case EX_SLICE: return false;
    case EX_CALL:
        if (e->type) return false;
        op = op_find(c->spec, e->text);
        if (!op || op->result != TYPE_T) return false;
        for (int i = 0; i < e->nargs && i < op->nargs; i++)
            if (op->args[i] == TYPE_T && !is_open(c, e->args[i])) return false;
        return true;
    }
    return false;
}

static int error(struct checker *c, const struct expr *e, const char *what)
{
    source_error(&c->src, e->offset, strlen(e->text), "%s", what);
    return -1;
}

static int want_type(struct checker *c, const struct expr *e, int want)
{
    if (want > 0) return want;
    source_error(&c->src, e->offset, strlen(e->text),
                 "the width of '%s' is not known here; say it, as in zext.i64(…)", e->text);
    return TYPE_NONE;
}

/* An operand by name. Reading happens once, before anything is written (rule 1): later uses share the value.
 */
static int operand(struct checker *c, const struct expr *e, struct field *f, int want)
{
    struct row *r = c->row;
    int type = (int)f->kind->width;
    f->used = true;
    if (f->kind->names)
        type = f->kind->round_max >= 0 ? TYPE_RM : 64;
    else if (f->kind->is_imm)
        type = f->kind->read ? 64 : want > 0 ? want : 64;
    else
        f->read = true;
    for (int i = 0; i < r->ncode; i++)
        if (r->code[i].kind == CODE_OPERAND && r->code[i].field == f && r->code[i].type == type &&
            r->code[i].cond < 0)
            return i;
    if (f->kind->read) r->reads_csr = f->read = true;
    return check_emit(c, (struct code){.kind = CODE_OPERAND, .type = type, .field = f}, e->offset);
}

static const char *const round_names[] = {"rne", "rtz", "rdn", "rup", "rmm", "rodd"};

static int name(struct checker *c, const struct expr *e, int want)
{
    unsigned index;
    for (int i = 0; i < c->ntemps; i++)
        if (!strcmp(c->temps[i].name, e->text)) return c->temps[i].value;
    for (int i = 0; i < c->nparams; i++)
        if (!strcmp(c->params[i].name, e->text)) return c->params[i].value;
    struct field *f = field_find(c->row, e->text);
    if (f && f->kind) return operand(c, e, f, want);
    if (!strcmp(e->text, "pc") || !strcmp(e->text, "next")) {
        c->row->uses_pc = true;
        enum code_kind kind = e->text[0] == 'p' ? CODE_PC : CODE_NEXT;
        return check_emit(c, (struct code){.kind = kind, .type = 64}, e->offset);
    }
    if (!strcmp(e->text, "W") && c->row->width)
        return constant(c, c->row->width, want > 0 ? want : (int)c->row->width, e->offset);
    for (unsigned i = 0; want == TYPE_RM && i < ARRAY_LEN(round_names); i++)
        if (!strcmp(round_names[i], e->text))
            return check_emit(c, (struct code){.kind = CODE_RM, .type = TYPE_RM, .u = i}, e->offset);
    struct reg *reg = reg_find(c->spec, e->text, &index);
    if (reg && (reg->count == 1 || strcmp(reg->name, e->text))) {
        for (int i = 0; i < c->row->ncode; i++)
            if (c->row->code[i].kind == CODE_REG && c->row->code[i].reg == reg &&
                c->row->code[i].index == index)
                return i;
        int type = reg->width <= 64 ? 64 : TYPE_V128;
        return check_emit(c, (struct code){.kind = CODE_REG, .type = type, .reg = reg, .index = index},
                          e->offset);
    }
    return error(c, e,
                 want == TYPE_RM ? "expected a rounding mode: an operand of kind rm, or rne rtz rdn rup rmm"
                                 : "unknown name; expected an operand, an earlier name or a register");
}

static bool type_allowed(const struct op *op, int t)
{
    for (int i = 0; i < op->ntypes; i++)
        if (op->types[i] == t) return true;
    return op->ntypes == 0;
}

/* What T stands for in this use: said, from an argument with a width, or from where the result goes. */
static int bind_t(struct checker *c, const struct expr *e, const struct op *op, int want, int *done)
{
    if (e->type) return e->type;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < e->nargs && i < op->nargs; i++) {
            if (op->args[i] != TYPE_T || done[i] >= 0) continue;
            if (pass == 0 && is_open(c, e->args[i])) continue;
            if (pass == 1 && want > 0 && op->result == TYPE_T) return want;
            done[i] = check_expr(c, e->args[i], op->result == TYPE_T ? want : TYPE_NONE);
            return type_of(c, done[i]);
        }
    }
    if (op->result == TYPE_T || op->result == TYPE_T2)
        return want_type(c, e, op->result == TYPE_T2 && want > 0 ? want / 2 : want);
    return TYPE_NONE;
}

static bool conversion_ok(struct checker *c, const struct expr *e, const struct op *op, int from, int to)
{
    if (!op->convert || from <= 0 || to <= 0) return true;
    bool widen = !strcmp(op->convert, "widen");
    if (widen ? from <= to : from >= to) return true;
    source_error(&c->src, e->offset, strlen(e->text), "%s from %s to %s does not %s", e->text,
                 type_name(from), type_name(to), op->convert);
    return false;
}

static bool arg_ok(struct checker *c, const struct expr *arg, int got, int need)
{
    if (got == TYPE_NONE) return false; /* reported */
    if (got == need) return true;
    source_error(&c->src, arg->offset, strlen(arg->text), "this is %s; expected %s", type_name(got),
                 type_name(need));
    return false;
}

static int raise_cause(struct checker *c, const struct expr *e, struct code *code)
{
    code->cause = e->nargs ? cause_find(c->spec, e->args[0]->text) : NULL;
    if (!code->cause)
        return error(c, e->nargs ? e->args[0] : e, "unknown cause; isa.yaml lists them under 'causes'");
    c->row->raises |= 1u << code->cause->index;
    if (e->nargs > 1) {
        code->args[code->nargs++] = check_expr(c, e->args[1], 1);
        if (!arg_ok(c, e->args[1], type_of(c, code->args[0]), 1)) return -1;
    }
    return 0;
}

static int lanes(struct checker *c, const struct expr *e)
{
    struct code code = {.kind = CODE_LANES, .type = TYPE_V128};
    if (e->nargs < 3)
        return error(c, e, "lanes needs a size, an operation and vectors: lanes(size, add, a, b)");
    code.op = op_find(c->spec, e->args[1]->text);
    if (!code.op || code.op->effect == OP_LOAD || code.op->effect == OP_STORE ||
        code.op->nargs < e->nargs - 2)
        return error(c, e->args[1], "not an operation that works on lanes");
    code.args[code.nargs++] = check_expr(c, e->args[0], 64);
    for (int i = 2; i < e->nargs; i++) {
        code.args[code.nargs] = check_expr(c, e->args[i], TYPE_V128);
        if (!arg_ok(c, e->args[i], type_of(c, code.args[code.nargs++]), TYPE_V128)) return -1;
    }
    return check_emit(c, code, e->offset);
}

int check_op(struct checker *c, const struct expr *e, const struct op *op, int want)
{
    struct code code = {.kind = CODE_OP, .op = op};
    int done[OP_MAX_ARGS] = {-1, -1, -1, -1, -1, -1};
    if (op->effect == OP_LANES) return lanes(c, e);
    if (op->effect == OP_RAISE) {
        if (raise_cause(c, e, &code) < 0) return -1;
        return check_emit(c, code, e->offset);
    }
    if (e->nargs != op->nargs) {
        source_error(&c->src, e->offset, strlen(e->text), "'%s' takes %d argument%s, not %d", op->name,
                     op->nargs, op->nargs == 1 ? "" : "s", e->nargs);
        return -1;
    }
    code.t = op->ntypes ? bind_t(c, e, op, want, done) : TYPE_NONE;
    if (op->ntypes && code.t == TYPE_NONE) return -1;
    if (op->ntypes && !type_allowed(op, code.t)) {
        source_error(&c->src, e->offset, strlen(e->text), "'%s' does not exist for %s", op->name,
                     type_name(code.t));
        return -1;
    }
    for (int i = 0; i < op->nargs; i++) {
        int need = op->args[i] == TYPE_T ? code.t : op->args[i] == TYPE_T2 ? code.t * 2 : op->args[i];
        if (need == TYPE_U) need = TYPE_NONE;
        int v = done[i] >= 0 ? done[i]
                             : check_expr(c, e->args[i],
                                          need                     ? need
                                          : is_open(c, e->args[i]) ? 64
                                                                   : TYPE_NONE);
        if (v < 0 || (need && !arg_ok(c, e->args[i], type_of(c, v), need))) return -1;
        if (op->args[i] == TYPE_U && !conversion_ok(c, e, op, type_of(c, v), code.t)) return -1;
        code.args[code.nargs++] = v;
    }
    code.type = op->result == TYPE_T ? code.t : op->result == TYPE_T2 ? code.t * 2 : op->result;
    c->row->uses_fp |= op->effect == OP_FP;
    return check_emit(c, code, e->offset);
}

/* a >u b is b <u a, a >=u b is b <=u a: the IR has one of each pair. */
static int operator(struct checker *c, const struct expr *e, int want)
{
    struct expr swapped = *e;
    char text[4];
    const struct op *op = op_infix(c->spec, e->text, e->kind == EX_UNARY);
    if (!op && e->text[0] == '>') {
        snprintf(text, sizeof(text), "%s", e->text);
        text[0] = '<';
        swapped.text = arena_strdup(&c->spec->arena, text);
        swapped.args[0] = e->args[1];
        swapped.args[1] = e->args[0];
        op = op_infix(c->spec, text, false);
        e = &swapped;
    }
    if (!op) return error(c, e, "no operation of ir.yaml has this operator");
    return check_op(c, e, op, want);
}

static int slice(struct checker *c, const struct expr *e)
{
    int v = check_expr(c, e->args[0], TYPE_NONE), from = type_of(c, v);
    unsigned width = e->hi - e->lo + 1;
    if (v < 0) return -1;
    if (from <= 0 || e->hi >= (unsigned)from) {
        source_error(&c->src, e->offset, 1, "bit %u is outside %s", e->hi, type_name(from));
        return -1;
    }
    if (width != 1 && width != 8 && width != 16 && width != 32 && width != 64 && width != 128) {
        source_error(&c->src, e->offset, 1,
                     "a slice of %u bits has no type; its width must be 1, 8, 16, 32, 64 or 128", width);
        return -1;
    }
    if ((int)width == from) return v;
    struct code code = {.kind = CODE_SLICE, .type = (int)width, .u = e->lo, .args = {v}, .nargs = 1};
    return check_emit(c, code, e->offset);
}

static int call(struct checker *c, const struct expr *e, int want)
{
    const struct op *op = op_find(c->spec, e->text);
    const char *names[256];
    size_t n = 0;
    if (op) return check_op(c, e, op, want);
    for (const struct op *o = c->spec->ops; o && n < ARRAY_LEN(names); o = o->next) names[n++] = o->name;
    const char *near = diag_suggest(e->text, names, n);
    source_error(&c->src, e->offset, strlen(e->text), "unknown operation '%s'%s%s%s", e->text,
                 near ? "; did you mean '" : "; ir.yaml lists them", near ? near : "", near ? "'?" : "");
    return -1;
}

int check_expr(struct checker *c, const struct expr *e, int want)
{
    int type;
    struct field *f;
    switch (e->kind) {
    case EX_NUMBER:
        type = want_type(c, e, want == TYPE_RM ? TYPE_NONE : want);
        if (type == TYPE_NONE) return -1;
        if (type < 64 && e->number > bits_mask((unsigned)type) && e->number < 0 - (1ull << (type - 1))) {
            source_error(&c->src, e->offset, strlen(e->text), "%s does not fit in %s", e->text,
                         type_name(type));
            return -1;
        }
        return constant(c, e->number, type, e->offset);
    case EX_FIELDNUM:
        f = field_find(c->row, e->text);
        if (!f) return error(c, e, "not a field of this encoding");
        f->used = true;
        return check_emit(c, (struct code){.kind = CODE_FIELDNUM, .type = want > 0 ? want : 64, .field = f},
                          e->offset);
    case EX_NAME: return name(c, e, want);
    case EX_UNARY:
    case EX_BINARY: return operator(c, e, want);
    case EX_SLICE: return slice(c, e);
    case EX_CALL: return call(c, e, want);
    }
    return -1;
}
