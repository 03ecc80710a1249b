/* What a name in `sem` means: a temporary, an operand, a register or its bit, pc, W, a rounding mode. */
#include "specs/gen/check.h"

#include <string.h>

int name_address(struct checker *c, struct field *f, size_t offset)
{
    return check_emit(c, (struct code){.kind = CODE_ADDRESS, .type = 64, .field = f}, offset);
}

static bool is_written(const struct checker *c, const struct field *f)
{
    for (const struct stmt *st = c->stmts; st; st = st->next)
        if (st->target && !strcmp(st->target, f->name)) return true;
    return false;
}

/* An operand in memory: loaded once. What is also written faults as a write does (SDM 3, 4.7), so that is
 * asked first. */
static int memory_operand(struct checker *c, const struct expr *e, struct field *f)
{
    int at = name_address(c, f, e->offset), cond = c->cond;
    if (f->kind->memory == MEMORY_ADDRESS) return at;
    for (int i = 0; i < c->row->ncode; i++)
        if (c->code[i].kind == CODE_OP && c->code[i].op->effect == OP_LOAD && c->code[i].field == f) return i;
    c->cond = -1;
    if (is_written(c, f)) {
        int size = check_const(c, f->kind->width / 8, 64, e->offset);
        struct code check = {
            .kind = CODE_OP, .op = op_find(c->spec, "check_store"), .args = {at, size}, .nargs = 2};
        if (!check.op) return check_error(c, e, "ir.yaml has no 'check_store'");
        check_emit(c, check, e->offset);
    }
    const char *name = arena_printf(&c->spec->arena, "load%u", f->kind->width);
    struct code load = {.kind = CODE_OP, .type = kind_type(f->kind), .field = f, .args = {at}, .nargs = 1};
    load.op = op_find(c->spec, name);
    if (!load.op) return check_error(c, e, "ir.yaml has no '%s' for this operand", name);
    int v = check_emit(c, load, e->offset);
    c->cond = cond;
    return v;
}

static int operand_type(const struct field *f, int want)
{
    if (f->kind->names) return f->kind->round_max >= 0 ? TYPE_RM : 64;
    if (f->kind->is_imm) return f->kind->read ? 64 : want > 0 ? want : 64;
    return kind_type(f->kind);
}

/* An operand by name. It is read once, before anything is written (rule 1): later uses share the value. */
static int operand(struct checker *c, const struct expr *e, struct field *f, int want)
{
    int type = operand_type(f, want), written = c->result[f - c->row->fields];
    f->used = true;
    if (c->results && written >= 0) {
        if (f->read)
            return check_error(c, e,
                               "'%s' is read and written: name the value that is meant, as in 'old = %s'",
                               f->name, f->name);
        return written;
    }
    if (f->base) f->base->read = f->base->used = true;
    f->read |= !f->kind->names && (!f->kind->is_imm || f->kind->read);
    if (f->memory) return memory_operand(c, e, f);
    for (int i = 0; i < c->row->ncode; i++) {
        const struct code *k = &c->code[i];
        if (k->kind == CODE_OPERAND && k->field == f && k->type == type && k->cond < 0) return i;
    }
    return check_emit(c, (struct code){.kind = CODE_OPERAND, .type = type, .field = f}, e->offset);
}

/* rne, rtz, …: fixed rounding modes; dyn: the one in the ISA's control register. */
static int rounding(struct checker *c, const struct expr *e)
{
    int mode = fp_round_parse(e->text);
    if (mode >= 0)
        return check_emit(c, (struct code){.kind = CODE_RM, .type = TYPE_RM, .u = (uint64_t)mode}, e->offset);
    if (strcmp(e->text, "dyn")) return -1;
    if (c->spec->fp.round[0] < 0) return check_error(c, e, "'dyn' needs 'round' under 'fp' in isa.yaml");
    return check_emit(c, (struct code){.kind = CODE_DYN, .type = TYPE_RM}, e->offset);
}

static int register_value(struct checker *c, struct reg *reg, unsigned index, size_t offset)
{
    int type = reg->width <= 64 ? 64 : TYPE_V128;
    return check_emit(c, (struct code){.kind = CODE_REG, .type = type, .reg = reg, .index = index}, offset);
}

/* A register, or one of its named bits: rsp, x10, CF. A whole file is no value. */
static int register_name(struct checker *c, const struct expr *e)
{
    unsigned n;
    struct reg *reg = reg_find(c->spec, e->text, &n);
    if (reg && (reg->count == 1 || strcmp(reg->name, e->text))) return register_value(c, reg, n, e->offset);
    reg = reg_bit_find(c->spec, e->text, &n);
    if (!reg) return -1;
    int word = register_value(c, reg, 0, e->offset);
    return check_emit(c, (struct code){.kind = CODE_SLICE, .type = 1, .u = n, .args = {word}, .nargs = 1},
                      e->offset);
}

const struct binding *name_param(const struct checker *c, const char *name)
{
    for (int i = 0; i < c->nparams; i++)
        if (!strcmp(c->params[i].name, name)) return &c->params[i];
    return NULL;
}

/* A class's parameter is the row's expression, in the row's words. */
static int parameter(struct checker *c, const struct binding *b, int want)
{
    struct source inside = c->src;
    int nparams = c->nparams;
    c->src = b->src;
    c->nparams = 0;
    int v = check_expr(c, b->expr, want);
    c->src = inside;
    c->nparams = nparams;
    return v;
}

static int unknown(struct checker *c, const struct expr *e, int want)
{
    const char *names[ROW_MAX_STMTS + ROW_MAX_FIELDS];
    size_t n = 0;
    for (int i = 0; i < c->ntemps; i++) names[n++] = c->temps[i].name;
    for (unsigned i = 0; i < c->row->nfields; i++) names[n++] = c->row->fields[i].name;
    if (want == TYPE_RM)
        return check_error(c, e,
                           "expected a rounding mode: an operand of kind rm, dyn, or rne rtz rdn rup rmm");
    const char *near = suggest_of(c->spec, e->text, names, n, NULL);
    return check_error(c, e, "unknown name '%s'%s", e->text,
                       near ? near
                            : SUGGEST(c->spec, e->text, c->spec->regs,
                                      "; expected an operand, an earlier name or a register"));
}

int name_value(struct checker *c, const struct expr *e, int want)
{
    struct row *r = c->row;
    const struct binding *param = name_param(c, e->text);
    if (param) return parameter(c, param, want);
    for (int i = 0; i < c->ntemps; i++)
        if (!strcmp(c->temps[i].name, e->text)) return c->temps[i].value;
    struct field *f = field_find(r, e->text);
    if (f && f->kind) return operand(c, e, f, want);
    if (!strcmp(e->text, "pc") || !strcmp(e->text, "next")) {
        r->uses_pc = true;
        enum code_kind kind = e->text[0] == 'p' ? CODE_PC : CODE_NEXT;
        return check_emit(c, (struct code){.kind = kind, .type = 64}, e->offset);
    }
    if (!strcmp(e->text, "W") && r->width) return check_const(c, r->width, want > 0 ? want : 64, e->offset);
    unsigned before = c->spec->diag.errors;
    int v = rounding(c, e);
    if (v < 0 && c->spec->diag.errors == before) v = register_name(c, e);
    return v < 0 && c->spec->diag.errors == before ? unknown(c, e, want) : v;
}
