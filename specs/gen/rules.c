/* Statements, and the rules of specs/README.md that concern a whole row. */
#include "specs/gen/check.h"
#include "specs/gen/slots.h"
#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

static void target_error(struct checker *c, const struct stmt *st, const char *what)
{
    source_error(&c->src, st->target_offset, strlen(st->target), "'%s' %s", st->target, what);
}

static bool same_type(struct checker *c, const struct stmt *st, int v, int need)
{
    int got = v < 0 ? need : c->code[v].type;
    if (got == need) return v >= 0;
    if (got == TYPE_NONE) return check_error(c, st->value, "this has no value") >= 0;
    return check_error(c, st->value, "'%s' is %s wide, but this is %s", st->target, type_name(need),
                       type_name(got)) >= 0;
}

/* A memory operand is written by a store, which comes before other writes because it may fault. */
static void set_memory(struct checker *c, const struct stmt *st, struct field *f, int v)
{
    const char *name = arena_printf(&c->spec->arena, "store%u", f->kind->width);
    struct code store = {.kind = CODE_OP, .op = op_find(c->spec, name), .field = f, .nargs = 2};
    store.args[0] = name_address(c, f, st->target_offset);
    store.args[1] = v;
    if (store.op)
        check_emit(c, store, st->target_offset);
    else
        source_error(&c->src, st->target_offset, strlen(st->target), "ir.yaml has no '%s' for this operand",
                     name);
}

static void set_operand(struct checker *c, const struct stmt *st, struct field *f)
{
    int *result = &c->result[f - c->row->fields];
    if ((f->kind->is_imm && !f->kind->write) || f->kind->names)
        return target_error(c, st, "is an immediate and cannot be written");
    if (f->memory && f->kind->memory == MEMORY_ADDRESS)
        return target_error(c, st, "is an address and cannot be written");
    if (f->base) return target_error(c, st, "is another operand's neighbour and cannot be written");
    if (*result >= 0 && c->cond < 0) return target_error(c, st, "is written twice");
    int type = f->kind->write ? 64 : kind_type(f->kind);
    int v = check_expr(c, st->value, type);
    if (!same_type(c, st, v, type)) return;
    f->written = f->used = true;
    *result = v;
    if (f->memory)
        set_memory(c, st, f, v);
    else
        check_emit(c, (struct code){.kind = CODE_SET, .field = f, .args = {v}, .nargs = 1},
                   st->target_offset);
}

static void set_reg(struct checker *c, const struct stmt *st, struct reg *reg, unsigned index)
{
    if (reg == c->spec->pc) return target_error(c, st, "is written by jump and branch only");
    int type = reg->width <= 64 ? 64 : TYPE_V128;
    int v = check_expr(c, st->value, type);
    if (!same_type(c, st, v, type)) return;
    for (int i = 0; i < c->row->ncode; i++) {
        const struct code *k = &c->code[i];
        if (k->kind == CODE_SETREG && k->reg == reg && k->index == index)
            target_error(c, st, "is written twice");
    }
    check_emit(c, (struct code){.kind = CODE_SETREG, .reg = reg, .index = index, .args = {v}, .nargs = 1},
               st->target_offset);
}

/* A value that failed (-1) keeps its name, so that what uses it is not reported, too. */
static void set_temp(struct checker *c, const struct stmt *st, int v)
{
    for (int i = 0; i < c->ntemps; i++)
        if (!strcmp(c->temps[i].name, st->target))
            return target_error(c, st, "already has a value; names are assigned once");
    if (v >= 0 && c->code[v].type == TYPE_NONE) v = check_error(c, st->value, "this has no value");
    if (c->cond >= 0) {
        target_error(c, st, "would have a value only sometimes; write select(…) instead of 'if'");
        v = -1;
    }
    if (c->ntemps == ROW_MAX_STMTS) return target_error(c, st, "is one name too many for a row");
    if (v >= 0 && !c->code[v].name) c->code[v].name = st->target;
    c->temps[c->ntemps++] = (struct named_value){st->target, v};
}

static int helper_call(struct checker *c, const struct expr *e)
{
    const struct helper *h = c->spec->helpers;
    while (h && strcmp(h->name, e->text)) h = h->next;
    if (!h || e->kind != EX_CALL)
        return check_error(c, e, "no helper '%s' under 'helpers' in isa.yaml%s", e->text,
                           SUGGEST(c->spec, e->text, c->spec->helpers, ""));
    if (h->nargs != e->nargs)
        return check_error(c, e, "helper '%s' takes %d argument%s, not %d", h->name, h->nargs,
                           h->nargs == 1 ? "" : "s", e->nargs);
    struct code code = {.kind = CODE_CALL, .helper = h, .type = h->result};
    for (int i = 0; i < e->nargs; i++) {
        code.args[code.nargs++] = check_expr(c, e->args[i], h->args[i]);
        if (!check_type(c, e->args[i], code.args[i], h->args[i])) return -1;
    }
    c->row->raises |= h->raises;
    return check_emit(c, code, e->offset);
}

/* Only what decoding knows: numbers, #fields, immediates, W. A register operand's bare name is its value. */
static bool decode_time(struct checker *c, const struct expr *e)
{
    uint64_t v;
    const struct field *f = e->kind == EX_NAME ? field_find(c->row, e->text) : NULL;
    if (f && f->kind && (f->kind->file || f->kind->read)) return false;
    if (e->kind == EX_FIELDNUM) return true;
    for (int i = 0; i < e->nargs; i++)
        if (!decode_time(c, e->args[i])) return false;
    return e->nargs || decode_eval(c->row, e, 0, &v);
}

static bool condition(struct checker *c, const struct stmt *st)
{
    c->cond = -1;
    if (!st->cond) return true;
    if (!decode_time(c, st->cond)) {
        check_error(c, st->cond,
                    "'if' is decided at decode time: fields (#rs1) and numbers only; at run time there is "
                    "select and branch");
        return false;
    }
    int cond = check_expr(c, st->cond, 1);
    if (!check_type(c, st->cond, cond, 1)) return false;
    c->cond = cond;
    return true;
}

static void statement(struct checker *c, const struct stmt *st)
{
    unsigned index = 0;
    if (!condition(c, st)) return;
    struct field *f = st->target ? field_find(c->row, st->target) : NULL;
    struct reg *reg = st->target ? reg_find(c->spec, st->target, &index) : NULL;
    if (st->call) {
        int v = helper_call(c, st->value);
        if (st->target) set_temp(c, st, v);
    } else if (!st->target) {
        int v = check_expr(c, st->value, TYPE_NONE);
        if (v >= 0 && c->code[v].type != TYPE_NONE && !code_may_fault(c->spec, &c->code[v]))
            check_error(c, st->value,
                        "this value goes nowhere; expected 'name = …' or a verb with an effect");
    } else if (f && f->kind) {
        set_operand(c, st, f);
    } else if (reg && (reg->count == 1 || strcmp(reg->name, st->target))) {
        set_reg(c, st, reg, index);
    } else {
        set_temp(c, st, check_expr(c, st->value, TYPE_NONE));
    }
}

/* Decode-time conditions of which only one can hold: c and !c. */
static bool exclusive(const struct checker *c, int a, int b)
{
    if (a < 0 || b < 0) return false;
    const struct code *x = &c->code[a], *y = &c->code[b];
    return (x->op && !strcmp(x->op->name, "lnot") && x->args[0] == b) ||
           (y->op && !strcmp(y->op->name, "lnot") && y->args[0] == a);
}

/* The line of a write that has happened when `at` is reached, or 0. */
static int written_before(const struct checker *c, int at)
{
    for (int i = 0; i < at; i++)
        if (code_writes(&c->code[i]) && !exclusive(c, c->code[i].cond, c->code[at].cond))
            return c->code[i].at.line;
    return 0;
}

/* Rule 6. */
static void rule_fault_first(struct checker *c)
{
    for (int i = 0; i < c->row->ncode && !c->row->restartable; i++) {
        const struct code *k = &c->code[i];
        int line = code_may_fault(c->spec, k) ? written_before(c, i) : 0;
        if (!line) continue;
        bool skip = k->kind == CODE_OP && k->op->effect == OP_SKIP;
        row_error(c->spec, c->row, k->at, 1,
                  "this may %s after line %d has already written; what can %s comes first",
                  skip ? "end the instruction" : "fault", line, skip ? "end it" : "fault");
        return;
    }
}

static bool touches_nothing(const struct row *r, const struct code *code)
{
    for (int i = 0; i < r->ncode; i++) {
        bool op = code[i].kind == CODE_OP;
        enum op_effect e = op ? code[i].op->effect : OP_PURE;
        if (op && e == OP_PURE) continue;
        if (op ? e != OP_NOP && e != OP_SYNC && e != OP_FENCE
               : code[i].kind != CODE_CONST && code[i].kind != CODE_FIELDNUM)
            return false;
    }
    return true;
}

/* Operands that nobody reads or writes are a slip of the pen, unless the row touches nothing (hints, fences).
 */
static void rule_all_used(struct checker *c)
{
    struct row *r = c->row;
    if (touches_nothing(r, c->code)) return;
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (f->used || !f->kind || (!f->kind->file && !c->spec->bytes)) continue;
        row_error(c->spec, r, c->src.node->at, 1, "operand '%s' is never used", f->name);
    }
}

/* The conditions of undef are evaluated again, by whoever compares: nothing in them may change memory. */
static void rule_undef_reads(struct checker *c)
{
    bool live[ROW_MAX_CODE];
    code_live(c->row, LIVE_UNDEF, live);
    for (int i = 0; i < c->row->ncode; i++) {
        const struct code *k = &c->code[i];
        if (live[i] && k->kind != CODE_UNDEF && code_writes(k))
            row_error(c->spec, c->row, k->at, 1, "'undef' depends on this, which changes memory");
    }
}

static unsigned effect_bit(const struct code *k)
{
    if (k->kind == CODE_SET && k->field->kind->write) return EFFECT_CSR;
    if (k->kind == CODE_OPERAND && k->field->kind->read) return EFFECT_CSR;
    if (k->kind == CODE_LANES) return k->op->effect == OP_FP ? EFFECT_FP : 0;
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
    bool memory = k->op->effect == OP_LOAD || k->op->effect == OP_STORE;
    if (k->op->effect == OP_AMO || (k->op->ntypes && memory)) return (unsigned)k->t / 8;
    if (!memory) return 0;
    if (k->nargs == 2 && !strcmp(k->op->name, "store_zeros")) return (unsigned)r->code[k->args[1]].u;
    const char *digits = k->op->name + strcspn(k->op->name, "0123456789");
    return *digits ? (unsigned)atoi(digits) / 8 : 0;
}

static void row_effects(struct spec *s, struct row *r)
{
    const struct cause *illegal = cause_find(s, "illegal");
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        r->effects |= effect_bit(k);
        if (access_size(r, k)) r->access_size = access_size(r, k);
        if (k->kind == CODE_OPERAND && code_may_fault(s, k) && illegal) r->raises |= 1u << illegal->index;
    }
    if ((r->effects & EFFECT_FP) && s->fp.trap) r->raises |= 1u << s->fp.trap->index;
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
    if (s->bad == r->node) return false; /* another expansion of it has said the same */
    struct checker *c = xcalloc(1, sizeof(*c));
    *c = (struct checker){.spec = s, .row = r, .cond = -1, .src = source_of(s, r, ynode_get(r->node, "sem"))};
    for (size_t i = 0; i < ARRAY_LEN(c->result); i++) c->result[i] = -1;
    c->stmts = parse_sem(&c->src);
    for (const struct stmt *st = c->stmts; st; st = st->next) statement(c, st);
    c->cond = -1;
    c->results = true;
    if (s->diag.errors == before && ynode_get(r->node, "flags")) check_flags(c);
    if (s->diag.errors == before && ynode_get(r->node, "undef")) check_undef(c);
    r->code = c->code;
    if (s->diag.errors == before) {
        rule_fault_first(c);
        rule_all_used(c);
        rule_undef_reads(c);
        r->code = arena_alloc(&s->arena, sizeof(*r->code) * (size_t)r->ncode);
        memcpy(r->code, c->code, sizeof(*r->code) * (size_t)r->ncode);
        row_effects(s, r);
        struct slots sl;
        slots_assign(s, r, &sl); /* whether it fits */
    }
    free(c);
    if (s->diag.errors != before) s->bad = r->node;
    return s->diag.errors == before;
}
