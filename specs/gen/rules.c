/* Statements, and the rules of specs/README.md that concern a whole row. */
#include "specs/gen/check.h"
#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

static bool same_type(struct checker *c, const struct stmt *st, int v, int need)
{
    int got = c->row->code[v].type;
    if (got == need) return true;
    source_error(&c->src, st->value->offset, strlen(st->value->text), "'%s' is %s wide, but this is %s",
                 st->target, type_name(need), type_name(got));
    return false;
}

static void set_operand(struct checker *c, const struct stmt *st, struct field *f)
{
    if (f->kind->is_imm && !f->kind->write) {
        source_error(&c->src, st->target_offset, strlen(st->target),
                     "'%s' is an immediate and cannot be written", f->name);
        return;
    }
    if (f->written && c->cond < 0) {
        source_error(&c->src, st->target_offset, strlen(st->target), "'%s' is written twice", f->name);
        return;
    }
    int type = f->kind->write ? 64 : (int)f->kind->width;
    int v = check_expr(c, st->value, type);
    if (v < 0 || !same_type(c, st, v, type)) return;
    f->written = f->used = true;
    if (f->kind->write) c->row->writes_csr = true;
    check_emit(c, (struct code){.kind = CODE_SET, .field = f, .args = {v}, .nargs = 1}, st->target_offset);
}

static void set_reg(struct checker *c, const struct stmt *st, struct reg *reg, unsigned index)
{
    int v = check_expr(c, st->value, reg->width <= 64 ? 64 : TYPE_V128);
    if (v < 0 || !same_type(c, st, v, reg->width <= 64 ? 64 : TYPE_V128)) return;
    for (int i = 0; i < c->row->ncode; i++) {
        const struct code *k = &c->row->code[i];
        if (k->kind == CODE_SETREG && k->reg == reg && k->index == index)
            source_error(&c->src, st->target_offset, strlen(st->target), "'%s' is written twice", st->target);
    }
    check_emit(c, (struct code){.kind = CODE_SETREG, .reg = reg, .index = index, .args = {v}, .nargs = 1},
               st->target_offset);
}

static void set_temp(struct checker *c, const struct stmt *st)
{
    for (int i = 0; i < c->ntemps; i++) {
        if (strcmp(c->temps[i].name, st->target)) continue;
        source_error(&c->src, st->target_offset, strlen(st->target),
                     "'%s' already has a value; names are assigned once", st->target);
        return;
    }
    if (c->ntemps == ROW_MAX_STMTS) return;
    int v = check_expr(c, st->value, TYPE_NONE);
    if (v < 0) return;
    if (c->row->code[v].type == TYPE_NONE)
        source_error(&c->src, st->value->offset, strlen(st->value->text), "this has no value");
    if (!c->row->code[v].name) c->row->code[v].name = st->target;
    c->temps[c->ntemps++] = (struct named_value){st->target, v};
}

static int helper_call(struct checker *c, const struct stmt *st)
{
    const struct helper *h = c->spec->helpers;
    const struct expr *e = st->value;
    while (h && strcmp(h->name, e->text)) h = h->next;
    if (!h || e->kind != EX_CALL || h->nargs != e->nargs) {
        source_error(&c->src, e->offset, strlen(e->text),
                     h ? "helper '%s' takes %d arguments" : "no helper '%s' under 'helpers' in isa.yaml",
                     e->text, h ? h->nargs : 0);
        return -1;
    }
    struct code code = {.kind = CODE_CALL, .helper = h, .type = h->result};
    c->row->calls_helper = true;
    for (int i = 0; i < e->nargs; i++) {
        code.args[code.nargs] = check_expr(c, e->args[i], 64);
        if (code.args[code.nargs++] < 0) return -1;
    }
    return check_emit(c, code, e->offset);
}

static void statement(struct checker *c, const struct stmt *st)
{
    unsigned index = 0;
    c->cond = -1;
    if (st->cond) {
        uint64_t v;
        if (!expr_eval(c->row, st->cond, 0, &v)) {
            source_error(&c->src, st->cond->offset, 1,
                         "'if' is decided at decode time: fields (#rs1) and numbers only");
            return;
        }
        int cond = check_expr(c, st->cond, 1);
        if (cond < 0) return;
        c->cond = cond;
    }
    if (st->call) {
        int v = helper_call(c, st);
        if (v >= 0 && st->target && c->ntemps < ROW_MAX_STMTS)
            c->temps[c->ntemps++] = (struct named_value){st->target, v};
        return;
    }
    if (!st->target) {
        check_expr(c, st->value, TYPE_NONE);
        return;
    }
    struct field *f = field_find(c->row, st->target);
    struct reg *reg = reg_find(c->spec, st->target, &index);
    if (f && f->kind)
        set_operand(c, st, f);
    else if (reg && (reg->count == 1 || strcmp(reg->name, st->target)))
        set_reg(c, st, reg, index);
    else
        set_temp(c, st);
}

static bool can_fault(const struct code *k)
{
    if (k->kind == CODE_SET) return k->field->kind->write != NULL;
    if (k->kind == CODE_OPERAND) return k->field->kind->read || k->type == TYPE_RM;
    if (k->kind == CODE_CALL) return strcmp(k->helper->raises, "nothing") != 0;
    if (k->kind != CODE_OP) return false;
    enum op_effect e = k->op->effect;
    return e == OP_LOAD || e == OP_STORE || e == OP_AMO || e == OP_FAULT || e == OP_RAISE;
}

static bool writes(const struct code *k)
{
    if (k->kind == CODE_SET || k->kind == CODE_SETREG || k->kind == CODE_FLAGS) return true;
    if (k->kind == CODE_CALL) return strcmp(k->helper->writes, "nothing") != 0;
    return k->kind == CODE_OP &&
           (k->op->effect == OP_STORE || k->op->effect == OP_AMO || k->op->effect == OP_JUMP);
}

/* Rule 6. */
static void rule_fault_first(struct checker *c)
{
    const struct code *written = NULL;
    for (int i = 0; i < c->row->ncode && !c->row->restartable; i++) {
        const struct code *k = &c->row->code[i];
        if (written && can_fault(k)) {
            row_error(c->spec, c->row, k->at, 1,
                      "this may fault after line %d has already written; what can fault comes first",
                      written->at.line);
            return;
        }
        if (writes(k) && !written) written = k;
    }
}

/* Operands that nobody reads or writes are a slip of the pen, unless the row does nothing at all (hints). */
static void rule_all_used(struct checker *c)
{
    struct row *r = c->row;
    bool hint = r->ncode == 1 && r->code[0].kind == CODE_OP &&
                (r->code[0].op->effect == OP_NOP || r->code[0].op->effect == OP_SYNC);
    for (unsigned i = 0; i < r->nfields && !hint; i++) {
        const struct field *f = &r->fields[i];
        if (f->used || !f->kind || !f->kind->file) continue;
        row_error(c->spec, r, c->src.node->at, 1, "operand '%s' is never used", f->name);
    }
}

static unsigned effect_bit(const struct code *k)
{
    if (k->kind == CODE_SET && k->field->kind->write) return EFFECT_CSR;
    if (k->kind == CODE_OPERAND && k->field->kind->read) return EFFECT_CSR;
    if (k->kind != CODE_OP) return 0;
    switch (k->op->effect) {
    case OP_LOAD: return EFFECT_LOAD;
    case OP_STORE: return EFFECT_STORE;
    case OP_AMO: return EFFECT_AMO;
    case OP_JUMP: return EFFECT_JUMP;
    case OP_RAISE: return EFFECT_RAISE;
    case OP_FP: return EFFECT_FP;
    case OP_SYNC: return EFFECT_SYNC;
    case OP_FAULT: return strncmp(k->op->name, "align", 5) ? EFFECT_STORE : EFFECT_ALIGN;
    default: return 0;
    }
}

/* Bytes of a memory operation: its type, or the number at the end of its name. */
static unsigned access_size(const struct row *r, const struct code *k)
{
    if (k->kind != CODE_OP) return 0;
    if (k->op->effect == OP_AMO || (k->op->ntypes && (k->op->effect == OP_LOAD || k->op->effect == OP_STORE)))
        return (unsigned)k->t / 8;
    if (k->op->effect != OP_LOAD && k->op->effect != OP_STORE) return 0;
    if (k->nargs == 2 && !strcmp(k->op->name, "store_zeros")) return (unsigned)r->code[k->args[1]].u;
    const char *digits = k->op->name + strcspn(k->op->name, "0123456789");
    return *digits ? (unsigned)atoi(digits) / 8 : 0;
}

static void row_effects(struct spec *s, struct row *r)
{
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        r->effects |= effect_bit(k);
        if (access_size(r, k)) r->access_size = access_size(r, k);
        if (k->kind == CODE_OPERAND && (k->type == TYPE_RM || k->field->kind->read)) {
            struct cause *ill = cause_find(s, "illegal");
            if (ill) r->raises |= 1u << ill->index;
        }
    }
    for (struct cause *c = s->causes; c; c = c->next) {
        if (!c->access) continue;
        bool read = (r->effects & EFFECT_LOAD) && !strcmp(c->access, "read");
        bool write = (r->effects & (EFFECT_STORE | EFFECT_AMO)) && !strcmp(c->access, "write");
        bool align = (r->effects & EFFECT_ALIGN) &&
                     !strcmp(c->access, r->effects & EFFECT_LOAD ? "align-load" : "align-store");
        if (read || write || align) r->raises |= 1u << c->index;
    }
}

bool check_row(struct spec *s, struct row *r)
{
    unsigned before = s->diag.errors;
    struct checker *c = arena_alloc(&s->arena, sizeof(*c));
    *c = (struct checker){.spec = s, .row = r, .cond = -1, .src = {s, r, ynode_get(r->node, "sem"), r->sem}};
    for (const struct stmt *st = parse_sem(&c->src); st; st = st->next) statement(c, st);
    c->cond = -1;
    if (ynode_get(r->node, "flags")) check_flags(c);
    if (s->diag.errors != before) return false;
    rule_fault_first(c);
    rule_all_used(c);
    row_effects(s, r);
    return s->diag.errors == before;
}
