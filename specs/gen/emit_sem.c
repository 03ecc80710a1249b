/* A row's linear code as a C function over the guest's state and a predecoded record.
 *
 *     bool sem_rv_lw(struct vcpu *cpu, struct riscv64_state *s, const struct interp_op *o, uint64_t block_pc,
 * uint64_t *npc)
 *
 * False: a fault was noted and nothing is written. Sources are read first (rule 1), in the order of the text
 * what can fault, then writes. #line points into the row, so a debugger steps through the YAML.
 */
#include "specs/gen/gen.h"
#include "specs/gen/slots.h"

#include <ctype.h>
#include <string.h>

static void value_name(FILE *f, const struct row *r, int v)
{
    const struct code *k = &r->code[v];
    if (k->name)
        fprintf(f, "%s_", k->name);
    else if (k->kind == CODE_OPERAND)
        fprintf(f, "%s_", k->field->name);
    fprintf(f, "v%d", v);
}

static void op_function(FILE *f, const struct row *r, const struct code *k)
{
    fputs("ir_", f);
    for (const char *p = k->op->name; *p; p++) fputc(*p == '.' ? '_' : *p, f);
    if (k->op->ntypes) fprintf(f, "_%s", type_name(k->t));
    if (k->op->convert) fprintf(f, "_%s", type_name(r->code[k->args[0]].type));
}

static void arguments(FILE *f, const struct row *r, const struct code *k, const char *sep)
{
    for (int i = 0; i < k->nargs; i++, sep = ", ") {
        fputs(sep, f);
        value_name(f, r, k->args[i]);
    }
}

/* A register operand's words: s->x[o->r[0]]. */
static void place(FILE *f, const struct slots *sl, const struct field *field, enum slot_use use)
{
    fprintf(f, "s->%s[o->r[%d]]", field->kind->file->name, slot_of(sl, field, use));
}

static void immediate(FILE *f, const struct slots *sl, const struct code *k)
{
    int slot = slot_of(sl, k->field, SLOT_READ);
    if (slot == SLOT_IMM)
        fprintf(f, "(%s)(%s)o->imm", type_c(k->type), k->field->is_signed ? "int64_t" : "uint32_t");
    else
        fprintf(f, "(%s)o->r[%d]", type_c(k->type), slot);
}

static void declare(FILE *f, const struct row *r, int v)
{
    fprintf(f, "    const %s ", type_c(r->code[v].type));
    value_name(f, r, v);
    fputs(" = ", f);
}

static void read_operand(FILE *f, const struct row *r, const struct slots *sl, int v)
{
    const struct code *k = &r->code[v];
    const struct kind *kind = k->field->kind;
    declare(f, r, v);
    if (!kind->file)
        immediate(f, sl, k);
    else if (kind->box) {
        fprintf(f, "operand_unbox%u(", kind->width);
        place(f, sl, k->field, SLOT_READ);
        fprintf(f, ", 0x%llx)", (unsigned long long)kind->unboxed);
    } else if (kind->pair) {
        fprintf(f, "operand_pair(&");
        place(f, sl, k->field, SLOT_READ);
        fprintf(f, ", o->r[%d])", slot_of(sl, k->field, SLOT_READ));
    } else if (kind->width == TYPE_V128 || kind->file->words > 1) {
        fputs("operand_v128(", f);
        place(f, sl, k->field, SLOT_READ);
        fputc(')', f);
    } else {
        fprintf(f, "(%s)", type_c(k->type));
        place(f, sl, k->field, SLOT_READ);
    }
    fputs(";\n", f);
}

static void reg_place(FILE *f, const struct reg *reg, unsigned index)
{
    fprintf(f, "s->%s", reg->name);
    if (reg->count > 1) fprintf(f, "[%u]", index);
}

/* A register number as the manual counts it: the sink that stands for a written zero register is number 0. */
static void field_number(FILE *f, const struct slots *sl, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    int slot = slot_of(sl, k->field, SLOT_READ);
    if (slot == SLOT_NONE) slot = slot_of(sl, k->field, SLOT_WRITE);
    if (slot == SLOT_IMM)
        fprintf(f, "(%s)o->imm", type_c(k->type));
    else if (kind && kind->file)
        fprintf(f, "(%s)(o->r[%d] %% %u - %u)", type_c(k->type), slot, kind->file->count, kind->add);
    else
        fprintf(f, "(%s)o->r[%d]", type_c(k->type), slot);
}

/* Everything that is read and cannot fault, before anything else. */
static void sources(FILE *f, const struct spec *s, const struct row *r, const struct slots *sl)
{
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        if (k->kind == CODE_OPERAND && k->type != TYPE_RM && !k->field->kind->read) read_operand(f, r, sl, i);
        if (k->kind != CODE_REG && k->kind != CODE_PC && k->kind != CODE_NEXT && k->kind != CODE_FIELDNUM)
            continue;
        declare(f, r, i);
        if (k->kind == CODE_REG)
            reg_place(f, k->reg, k->index);
        else if (k->kind == CODE_FIELDNUM)
            field_number(f, sl, k);
        else
            fprintf(f, "block_pc + (uint64_t)o->r[%d] * %u%s", sl->pc_slot, s->code_unit / 8, "");
        if (k->kind == CODE_NEXT) fprintf(f, " + %u", r->length);
        fputs(";\n", f);
    }
}

static void condition(FILE *f, const struct row *r, const struct code *k)
{
    if (k->cond < 0) return;
    fputs("if (", f);
    value_name(f, r, k->cond);
    fputs(") ", f);
}

static void fault(FILE *f, const struct cause *c)
{
    fprintf(f, "return cpu_fault(cpu, %u, 0); /* %s */\n", c ? c->index : 0, c ? c->name : "?");
}

/* What may fault: declared, then filled, or left. */
static void faulting_op(FILE *f, const struct row *r, int v)
{
    const struct code *k = &r->code[v];
    if (k->type > 0) {
        fprintf(f, "    %s ", type_c(k->type));
        value_name(f, r, v);
        fputs(" = 0;\n", f);
    }
    fputs("    ", f);
    condition(f, r, k);
    fputs("if (unlikely(!", f);
    op_function(f, r, k);
    fputs("(cpu", f);
    arguments(f, r, k, ", ");
    if (k->type > 0) {
        fputs(", &", f);
        value_name(f, r, v);
    }
    fputs("))) return false;\n", f);
}

static void jump(FILE *f, const struct row *r, const struct code *k)
{
    int target = k->args[k->nargs - 1];
    fputs("    ", f);
    condition(f, r, k);
    if (k->nargs == 2) {
        fputs("if (", f);
        value_name(f, r, k->args[0]);
        fputs(") ", f);
    }
    fputs("*npc = ", f);
    value_name(f, r, target);
    fputs(";\n", f);
}

static void pure_op(FILE *f, const struct spec *s, const struct row *r, int v)
{
    const struct code *k = &r->code[v];
    declare(f, r, v);
    op_function(f, r, k);
    fputc('(', f);
    arguments(f, r, k, "");
    if (k->op->effect == OP_FP) fprintf(f, ", &%s, &ex", s->fp_policy);
    fputs(");\n", f);
}

static void op(FILE *f, struct spec *s, const struct row *r, int v)
{
    const struct code *k = &r->code[v];
    switch (k->op->effect) {
    case OP_LOAD:
    case OP_STORE:
    case OP_AMO:
    case OP_FAULT: faulting_op(f, r, v); break;
    case OP_JUMP: jump(f, r, k); break;
    case OP_RAISE:
        fputs("    ", f);
        condition(f, r, k);
        if (k->nargs) {
            fputs("if (", f);
            value_name(f, r, k->args[0]);
            fputs(") ", f);
        }
        fault(f, k->cause);
        break;
    case OP_SYNC:
    case OP_NOP: break;
    default: pure_op(f, s, r, v); break;
    }
}

/* Rounding modes and CSRs: reading them may be illegal. */
static void read_checked(FILE *f, struct spec *s, const struct row *r, const struct slots *sl, int v)
{
    const struct code *k = &r->code[v];
    const struct kind *kind = k->field->kind;
    fprintf(f, "    %s ", type_c(k->type));
    value_name(f, r, v);
    int slot = slot_of(sl, k->field, SLOT_READ);
    const char *where = slot == SLOT_IMM ? "(unsigned)o->imm" : arena_printf(&s->arena, "o->r[%d]", slot);
    if (k->type == TYPE_RM) {
        fprintf(f, " = %s;\n    if (", where);
        value_name(f, r, v);
        fprintf(f, " == %d) ", kind->round_dynamic);
        value_name(f, r, v);
        fprintf(f, " = (unsigned)s->%s;\n    if (unlikely(", kind->round->name);
        value_name(f, r, v);
        fprintf(f, " > %d)) ", kind->round_max);
    } else {
        fprintf(f, ";\n    if (unlikely(!%s(cpu, %s, &", kind->read, where);
        value_name(f, r, v);
        fputs("))) ", f);
    }
    fault(f, cause_find(s, "illegal"));
}

static void write_operand(FILE *f, struct spec *s, const struct row *r, const struct slots *sl,
                          const struct code *k)
{
    const struct kind *kind = k->field->kind;
    fputs("    ", f);
    condition(f, r, k);
    if (kind->write) {
        int slot = slot_of(sl, k->field, SLOT_READ);
        const char *where = slot == SLOT_IMM ? "(unsigned)o->imm" : arena_printf(&s->arena, "o->r[%d]", slot);
        fprintf(f, "if (unlikely(!%s(cpu, %s, ", kind->write, where);
        value_name(f, r, k->args[0]);
        fputs("))) ", f);
        fault(f, cause_find(s, "illegal"));
        return;
    }
    if (kind->pair) {
        fputs("operand_set_pair(&", f);
        place(f, sl, k->field, SLOT_WRITE);
        fputs(", ", f);
        value_name(f, r, k->args[0]);
        fputs(");\n", f);
        return;
    }
    place(f, sl, k->field, SLOT_WRITE);
    fputs(" = ", f);
    if (kind->box)
        fprintf(f, "0x%llxu | ", (unsigned long long)(bits_mask(kind->box) & ~bits_mask(kind->width)));
    value_name(f, r, k->args[0]);
    fputs(";\n", f);
}

static void statement(FILE *f, struct spec *s, const struct row *r, const struct slots *sl, int v)
{
    const struct code *k = &r->code[v];
    switch (k->kind) {
    case CODE_CONST:
        declare(f, r, v);
        fprintf(f, "(%s)0x%llxu;\n", type_c(k->type),
                (unsigned long long)(k->u & bits_mask(k->type > 64 ? 64 : (unsigned)k->type)));
        break;
    case CODE_RM:
        declare(f, r, v);
        fprintf(f, "%u;\n", (unsigned)k->u);
        break;
    case CODE_OPERAND:
        if (k->type == TYPE_RM || k->field->kind->read) read_checked(f, s, r, sl, v);
        break;
    case CODE_SLICE:
        declare(f, r, v);
        fprintf(f, "(%s)(", type_c(k->type));
        value_name(f, r, k->args[0]);
        fprintf(f, " >> %u%s);\n", (unsigned)k->u, k->type == 1 ? " & 1" : "");
        break;
    case CODE_OP: op(f, s, r, v); break;
    case CODE_SET: write_operand(f, s, r, sl, k); break;
    case CODE_SETREG:
        fputs("    ", f);
        condition(f, r, k);
        reg_place(f, k->reg, k->index);
        fputs(" = ", f);
        value_name(f, r, k->args[0]);
        fputs(";\n", f);
        break;
    case CODE_FLAGS:
        fprintf(f, "    s->%s = (s->%s & ~(1ull << %u)) | (uint64_t)", k->reg->name, k->reg->name,
                (unsigned)k->u);
        value_name(f, r, k->args[0]);
        fprintf(f, " << %u;\n", (unsigned)k->u);
        break;
    default: break;
    }
}

static void row_function(FILE *f, struct spec *s, struct row *r)
{
    struct slots sl;
    int line = 0;
    slots_assign(s, r, &sl);
    fprintf(f, "\n/* %s: %s */\n#line %d \"%s\"\n", r->id, r->asm_, r->at.line, r->at.file);
    fprintf(f,
            "static ALWAYS_INLINE bool sem_%s(struct vcpu *cpu, struct %s_state *s, const struct interp_op "
            "*o, uint64_t block_pc, "
            "uint64_t *npc)\n{\n",
            row_symbol(s, r), s->isa);
    if (r->uses_fp) fputs("    unsigned ex = 0;\n", f);
    sources(f, s, r, &sl);
    for (int i = 0; i < r->ncode; i++) {
        if (r->code[i].at.line && r->code[i].at.line != line) {
            line = r->code[i].at.line;
            fprintf(f, "#line %d \"%s\"\n", line, r->at.file);
        }
        statement(f, s, r, &sl, i);
    }
    if (r->uses_fp && s->fp_flags) fprintf(f, "    s->%s |= ex;\n", s->fp_flags->name);
    fputs("    return true;\n}\n", f);
}

void emit_sem(struct spec *s, FILE *f)
{
    fprintf(f,
            "#pragma once\n\n#include \"%s/%s_ir.h\"\n#include \"%s/%s_state.h\"\n#include "
            "\"engine/interp/interp.h\"\n",
            s->isa, s->isa, s->isa, s->isa);
    fprintf(f, "#include \"engine/interp/operand.h\"\n#include \"engine/guest/%s/%s.h\"\n", s->isa, s->isa);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent) row_function(f, s, r);
}
