/* Operands in lifters: how registers, immediates and rounding modes are read, and how results are written. */
#include "specs/gen/emit_lift.h"

const char *lifter_word(const struct lifter *l, const struct code *k, enum slot_use use)
{
    struct arena *a = &l->e.s->arena;
    if (k->kind == CODE_REG || k->kind == CODE_SETREG)
        return arena_printf(a, "%u", k->reg->word + k->index * k->reg->words);
    if ((k->kind != CODE_OPERAND && k->kind != CODE_SET) || !k->field->kind->file) return NULL;
    const struct reg *file = k->field->kind->file;
    const char *n = emit_number(&l->e, k->field, use), *step = file->words > 1 ? " * 2" : "";
    return file->word ? arena_printf(a, "%u + %s%s", file->word, n, step) : arena_printf(a, "%s%s", n, step);
}

/* Around the whole register, on reading: "lift_unbox(l, IR_I32, " … ", 0x7fc00000)" */
static void read_register(const struct lifter *l, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    const char *n = emit_number(&l->e, k->field, SLOT_READ), *file = kind->file->name;
    int whole = kind->file->words > 1 ? TYPE_V128 : 64;
    if (kind->pair)
        fprintf(l->e.f, "get_pair_%s(l, %s)", file, n);
    else if (kind->box)
        fprintf(l->e.f, "lift_unbox(l, %s, get_%s(l, %s), 0x%llx)", emit_ir_type(k->type), file, n,
                (unsigned long long)kind->unboxed);
    else {
        if (kind->zero >= 0)
            fprintf(l->e.f, "%s == %d ? ir_const(l->b, %s, 0) : ", n, kind->zero, emit_ir_type(k->type));
        if (k->type != whole)
            fprintf(l->e.f, "ir_op1(l->b, IR_TRUNC_%s_%s, get_%s(l, %s))", emit_ir_type(k->type) + 3,
                    emit_ir_type(whole) + 3, file, n);
        else
            fprintf(l->e.f, "get_%s(l, %s)", file, n);
    }
}

void lifter_source(const struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    if (l->known[v])
        emit_declare(&l->e, v);
    else
        lifter_declare(l, v);
    switch (k->kind) {
    case CODE_OPERAND:
        if (k->field->kind->file)
            read_register(l, k);
        else
            emit_immediate(&l->e, k);
        break;
    case CODE_FIELDNUM: emit_field_number(&l->e, k); break;
    case CODE_REG: fprintf(l->e.f, "get_%s(l, %u)", k->reg->name, k->index); break;
    case CODE_PC: fputs("l->pc", l->e.f); break;
    case CODE_NEXT: fputs("l->next", l->e.f); break;
    default: fputs("dynamic_round(l->key)", l->e.f); break;
    }
    if (l->known[v])
        fputs(";\n", l->e.f);
    else
        lifter_declared(l, v);
}

/* A mode that is not legal is the interpreter's to raise. */
void lifter_rounding(const struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    const struct kind *kind = k->field->kind;
    const char *where = emit_small_number(&l->e, k->field);
    emit_declare(&l->e, v);
    fprintf(l->e.f, "%s == %d ? dynamic_round(l->key) : %s;\n    if (", where, kind->round_dynamic, where);
    emit_value(&l->e, v);
    fprintf(l->e.f, " > %d) return false;\n", kind->round_max);
}

void lifter_set_operand(const struct lifter *l, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    const char *n = emit_number(&l->e, k->field, SLOT_WRITE), *file = kind->file->name;
    int type = lifter_code(l, k->args[0])->type, whole = kind->file->words > 1 ? TYPE_V128 : 64;
    fputs("    ", l->e.f);
    emit_condition(&l->e, k);
    if (kind->zero >= 0) fprintf(l->e.f, "if (%s != %d) ", n, kind->zero);
    fprintf(l->e.f, "%s_%s(l, %s, ", kind->pair ? "set_pair" : "set", file, n);
    if (kind->box)
        fputs("ir_op1(l->b, IR_BOX, ", l->e.f);
    else if (!kind->pair && type != whole)
        fprintf(l->e.f, "ir_op1(l->b, IR_ZEXT_%s_%s, ", emit_ir_type(whole) + 3, emit_ir_type(type) + 3);
    lifter_node(l, k->args[0]);
    fputs(kind->box || (!kind->pair && type != whole) ? "));\n" : ");\n", l->e.f);
}

void lifter_set_register(const struct lifter *l, const struct code *k)
{
    fputs("    ", l->e.f);
    emit_condition(&l->e, k);
    fprintf(l->e.f, "set_%s(l, %u, ", k->reg->name, k->index);
    lifter_node(l, k->args[0]);
    fputs(");\n", l->e.f);
}

/* All flags at once: they are neighbours in the code. */
void lifter_set_flags(struct lifter *l, int first)
{
    const struct row *r = l->e.r;
    const struct reg *reg = r->code[first].reg;
    uint64_t keep = bits_mask(reg->width);
    for (int i = first; i < r->ncode; i++) {
        if (r->code[i].kind != CODE_FLAGS) continue;
        keep &= ~(1ull << r->code[i].u);
        lifter_constants(l, &r->code[i], 0);
    }
    fprintf(l->e.f, "    const uint32_t kept = ir_const(l->b, IR_I64, 0x%llx);\n", (unsigned long long)keep);
    fprintf(l->e.f, "    uint32_t flags = %s;\n",
            keep ? arena_printf(&l->e.s->arena, "ir_op2(l->b, IR_AND_I64, get_%s(l, 0), kept)", reg->name)
                 : "kept");
    for (int i = first; i < r->ncode; i++) {
        if (r->code[i].kind != CODE_FLAGS) continue;
        fputs("    flags = lift_bit(l, flags, ", l->e.f);
        lifter_node(l, r->code[i].args[0]);
        fprintf(l->e.f, ", %u);\n", (unsigned)r->code[i].u);
    }
    fprintf(l->e.f, "    set_%s(l, 0, flags);\n", reg->name);
}
