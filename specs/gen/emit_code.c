/* A row's linear code as C statements: sources first (rule 1), then in the order of the text what can fault,
 * then writes. */
#include "specs/gen/emit.h"

#include <string.h>

static void op_function(const struct emitter *e, const struct code *k)
{
    fputs(k->kind == CODE_LANES ? "ir_lanes_" : "ir_", e->f);
    for (const char *p = k->op->name; *p; p++) fputc(*p == '.' ? '_' : *p, e->f);
    if (k->kind == CODE_LANES) return;
    if (k->op->ntypes) fprintf(e->f, "_%s", type_name(k->t));
    if (k->op->convert) fprintf(e->f, "_%s", type_name(e->r->code[k->args[0]].type));
}

static void arguments(const struct emitter *e, const struct code *k, const char *sep)
{
    for (int i = 0; i < k->nargs; i++, sep = ", ") {
        fputs(sep, e->f);
        emit_value(e, k->args[i]);
    }
}

/* A value that only some statement gives: declared here, 0 until then. */
static void declare_later(const struct emitter *e, int v)
{
    fprintf(e->f, "    %s ", type_c(e->r->code[v].type));
    emit_value(e, v);
    fputs(" = 0;\n", e->f);
}

/* What may fault: declared, then filled, or left. */
static void faulting(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    bool out = k->type != TYPE_NONE;
    if (out) declare_later(e, v);
    fputs("    ", e->f);
    emit_condition(e, k);
    fputs("if (unlikely(!", e->f);
    if (k->kind == CODE_CALL)
        fputs(k->helper->name, e->f);
    else
        op_function(e, k);
    fputs("(cpu", e->f);
    arguments(e, k, ", ");
    if (out) {
        fputs(", &", e->f);
        emit_value(e, v);
    }
    fputs("))) return false;\n", e->f);
}

/* A helper that cannot fault gives its result, if any. */
static void call(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    if (k->helper->raises || k->type != TYPE_NONE) {
        faulting(e, v);
        return;
    }
    fputs("    ", e->f);
    emit_condition(e, k);
    fprintf(e->f, "%s(cpu", k->helper->name);
    arguments(e, k, ", ");
    fputs(");\n", e->f);
}

/* `if (value) `, when the operation has a condition of its own before its last `fixed` arguments. */
static void guard(const struct emitter *e, const struct code *k, int fixed)
{
    fputs("    ", e->f);
    emit_condition(e, k);
    if (k->nargs <= fixed) return;
    fputs("if (", e->f);
    emit_value(e, k->args[0]);
    fputs(") ", e->f);
}

static void jump(const struct emitter *e, const struct code *k)
{
    guard(e, k, 1);
    fputs("flow->jumps = true, flow->npc = ", e->f);
    emit_value(e, k->args[k->nargs - 1]);
    fputs(";\n", e->f);
}

static const char *policy(const struct emitter *e)
{
    return e->s->fp.set ? "policy" : e->s->fp.policy;
}

/* FP operations under a decode-time `if` raise nothing when it does not hold. */
void emit_computed(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    if (k->cond < 0) {
        emit_declare(e, v);
    } else {
        declare_later(e, v);
        fputs("    ", e->f);
        emit_condition(e, k);
        emit_value(e, v);
        fputs(" = ", e->f);
    }
    if (k->kind == CODE_LANES) fprintf(e->f, "(%s)", type_c(k->type));
    op_function(e, k);
    fputc('(', e->f);
    arguments(e, k, "");
    if (k->op->effect == OP_FP) fprintf(e->f, ", &%s, &ex", policy(e));
    fputs(");\n", e->f);
}

static void fence(const struct emitter *e, const struct code *k)
{
    fputs("    ", e->f);
    emit_condition(e, k);
    op_function(e, k);
    fputc('(', e->f);
    arguments(e, k, "");
    fputs(");\n", e->f);
}

static void operation(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    switch (k->op->effect) {
    case OP_LOAD:
    case OP_STORE:
    case OP_AMO:
    case OP_FAULT: faulting(e, v); break;
    case OP_JUMP: jump(e, k); break;
    case OP_RAISE:
        guard(e, k, 0);
        emit_fault(e, k->cause);
        break;
    case OP_SKIP:
        guard(e, k, 0);
        fputs("return true;\n", e->f);
        break;
    case OP_FENCE: fence(e, k); break;
    case OP_SYNC:
    case OP_NOP: break;
    default: emit_computed(e, v); break;
    }
}

static void set_register(const struct emitter *e, const struct code *k)
{
    fputs("    ", e->f);
    emit_condition(e, k);
    fprintf(e->f, "s->%s", k->reg->name);
    if (k->reg->count > 1) fprintf(e->f, "[%u]", k->index);
    fputs(" = ", e->f);
    emit_value(e, k->args[0]);
    fputs(";\n", e->f);
}

/* All flags at once: they are neighbours in the code. */
static void set_flags(const struct emitter *e, int first)
{
    const struct row *r = e->r;
    const char *reg = r->code[first].reg->name;
    uint64_t mask = 0;
    for (int i = first; i < r->ncode; i++)
        if (r->code[i].kind == CODE_FLAGS) mask |= 1ull << r->code[i].u;
    fprintf(e->f, "    s->%s = (s->%s & ~0x%llxull)", reg, reg, (unsigned long long)mask);
    for (int i = first; i < r->ncode; i++) {
        if (r->code[i].kind != CODE_FLAGS) continue;
        fputs(" |\n        (uint64_t)", e->f);
        emit_value(e, r->code[i].args[0]);
        fprintf(e->f, " << %u", (unsigned)r->code[i].u);
    }
    fputs(";\n", e->f);
}

void emit_slice(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    emit_declare(e, v);
    fprintf(e->f, "(%s)(", type_c(k->type));
    emit_value(e, k->args[0]);
    if (k->u) fprintf(e->f, " >> %u", (unsigned)k->u);
    fputs(k->type == 1 ? " & 1);\n" : ");\n", e->f);
}

static void statement(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    switch (k->kind) {
    case CODE_OPERAND: emit_read_checked(e, v); break;
    case CODE_SLICE: emit_slice(e, v); break;
    case CODE_OP: operation(e, v); break;
    case CODE_LANES: emit_computed(e, v); break;
    case CODE_CALL: call(e, v); break;
    case CODE_SET: emit_write(e, k); break;
    case CODE_SETREG: set_register(e, k); break;
    case CODE_FLAGS: set_flags(e, v); break;
    case CODE_UNDEF: emit_undef_bits(e, k); break;
    default: break;
    }
}

void emit_line(struct emitter *e, struct pos at)
{
    if (!at.line || (e->line.line == at.line && e->line.file && !strcmp(e->line.file, at.file))) return;
    fprintf(e->f, "#line %d \"%s\"\n", at.line, at.file);
    e->line = at;
}

/* Exceptions gather in the flags before anything is written: an unmasked one is a fault (SDM 1, 4.9.1.6). */
static void fp_done(const struct emitter *e)
{
    if (e->s->fp.trap_lo >= 0)
        fprintf(e->f, "    if (unlikely(!%s_fp_done(cpu, s, ex))) return false;\n", e->s->isa);
    else if (e->s->fp.flags)
        fprintf(e->f, "    s->%s |= %s_fp_flags(ex);\n", e->s->fp.flags->name, e->s->isa);
}

/* Registers are written last, when nothing can fault any more. Not where the order in the text matters, but
 * flags come last always. */
bool emit_is_late(const struct row *r, const struct code *k)
{
    if (k->kind == CODE_FLAGS) return true;
    if ((k->kind != CODE_SET || k->field->kind->write) && k->kind != CODE_SETREG) return false;
    for (int i = 0; i < r->ncode; i++)
        if (r->code[i].kind == CODE_CALL) return false;
    return !r->restartable;
}

static void statements(struct emitter *e, bool late)
{
    const struct row *r = e->r;
    bool flags = false;
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        if (!e->live[i] || emit_is_literal(k) || emit_is_source(k) || emit_is_late(r, k) != late) continue;
        if (flags && k->kind == CODE_FLAGS) continue;
        emit_line(e, k->at);
        flags |= k->kind == CODE_FLAGS;
        statement(e, i);
    }
}

static bool is_fp(const struct code *k)
{
    return (k->kind == CODE_OP || k->kind == CODE_LANES) && k->op->effect == OP_FP;
}

void emit_body(struct emitter *e, enum live_for what)
{
    bool fp = false;
    code_live(e->r, what, e->live);
    for (int i = 0; i < e->r->ncode; i++) fp |= e->live[i] && is_fp(&e->r->code[i]);
    if (fp) fputs("    unsigned ex = 0;\n", e->f);
    if (fp && e->s->fp.set)
        fprintf(e->f, "    const struct fp_policy policy = %s_fp_policy(s);\n", e->s->isa);
    emit_sources(e);
    statements(e, false);
    if (fp && what == LIVE_EFFECTS) fp_done(e);
    statements(e, true);
}
