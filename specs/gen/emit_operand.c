/* Operands in generated C: where they stand in the state and the record, how they are read and written. */
#include "specs/gen/emit.h"

#include <string.h>

/* Constants stand where they are used. */
static void literal(const struct emitter *e, const struct code *k)
{
    static const char *const modes[] = {"FP_RNE", "FP_RTZ", "FP_RDN", "FP_RUP", "FP_RMM", "FP_ODD"};
    unsigned bits = type_bits(k->type);
    unsigned long long u = k->u & bits_mask(bits > 64 ? 64 : bits);
    if (k->kind == CODE_RM)
        fputs(modes[k->u], e->f);
    else if (bits > 64)
        fprintf(e->f, "(%s)0x%llxull", type_c(k->type), u);
    else
        fprintf(e->f, u < 10 ? "%llu%s" : "0x%llx%s", u, u >> 31 ? "ull" : "");
}

bool emit_is_literal(const struct code *k)
{
    return k->kind == CODE_CONST || k->kind == CODE_RM;
}

void emit_value(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    if (emit_is_literal(k)) {
        literal(e, k);
        return;
    }
    const char *name = k->name                ? k->name
                       : k->field             ? k->field->name
                       : k->reg               ? k->reg->name
                       : k->kind == CODE_PC   ? "pc"
                       : k->kind == CODE_NEXT ? "next"
                                              : NULL;
    if (name) fprintf(e->f, "%s_", name);
    fprintf(e->f, "v%d", v);
}

void emit_declare(const struct emitter *e, int v)
{
    fprintf(e->f, "    const %s ", type_c(e->r->code[v].type));
    emit_value(e, v);
    fputs(" = ", e->f);
}

void emit_condition(const struct emitter *e, const struct code *k)
{
    if (k->cond < 0) return;
    fputs("if (", e->f);
    emit_value(e, k->cond);
    fputs(") ", e->f);
}

void emit_fault(const struct emitter *e, const struct cause *c)
{
    fprintf(e->f, "return cpu_fault(cpu, %u, 0); /* %s */\n", c ? c->index : 0, c ? c->name : "?");
}

/* ---- places ---- */

/* The number of a register operand, as an expression. */
const char *emit_number(const struct emitter *e, const struct field *f, enum slot_use use)
{
    struct arena *a = &e->s->arena;
    if (f->base) {
        int slot = slot_of(&e->sl, f->base, SLOT_READ);
        return arena_printf(a, "(o->r[%d] + %u) %% %u", slot, f->plus, f->kind->file->count);
    }
    if (f->kind->fixed >= 0) return arena_printf(a, "%d", f->kind->fixed);
    return arena_printf(a, "o->r[%d]", slot_of(&e->sl, f, use));
}

/* A register operand's word or words: s->x[o->r[0]]. */
static const char *place(const struct emitter *e, const char *state, const struct field *f, enum slot_use use)
{
    const char *file = f->kind->file->name;
    if (f->kind->file->count == 1) return arena_printf(&e->s->arena, "%s->%s", state, file);
    return arena_printf(&e->s->arena, "%s->%s[%s]", state, file, emit_number(e, f, use));
}

/* A byte register by ModRM or opcode is the low byte of any register or the second of the first four; the
 * record holds its place in bytes (SDM 1, 3.4.1). */
static bool is_byte_register(const struct emitter *e, const struct kind *k)
{
    return e->s->bytes && k->width == 8 && k->file->words == 1 && k->fixed < 0 && k->place != PLACE_VVVV;
}

static bool keeps_upper(const struct kind *k)
{
    return (k->keep & k->width) != 0;
}

static const char *reg_place(const struct emitter *e, const struct reg *reg, unsigned index)
{
    if (reg->count == 1) return arena_printf(&e->s->arena, "s->%s", reg->name);
    return arena_printf(&e->s->arena, "s->%s[%u]", reg->name, index);
}

/* ---- reading ---- */

void emit_immediate(const struct emitter *e, const struct code *k)
{
    int slot = slot_of(&e->sl, k->field, SLOT_READ);
    const char *through = k->field->is_signed ? "int64_t" : "uint32_t";
    if (slot == SLOT_IMM)
        fprintf(e->f, "(%s)(%s)o->imm", type_c(k->type), through);
    else
        fprintf(e->f, "(%s)o->r[%d]", type_c(k->type), slot); /* small and unsigned, or it would be the imm */
}

static void read_register(const struct emitter *e, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    const char *p = place(e, "s", k->field, SLOT_READ), *n = emit_number(e, k->field, SLOT_READ);
    int slot = relay_read(e, k);
    if (slot >= 0) p = arena_printf(&e->s->arena, "(from == %d ? flow->last : %s)", slot, p);
    if (kind->box)
        fprintf(e->f, "operand_unbox%u(%s, 0x%llx)", kind->width, p, (unsigned long long)kind->unboxed);
    else if (kind->pair)
        fprintf(e->f, "operand_pair(&%s, %s)", p, n);
    else if (kind->file->words > 1 && kind->width > 64)
        fprintf(e->f, "(ir_v128)%s[1] << 64 | %s[0]", p, p);
    else if (kind->file->words > 1)
        fprintf(e->f, "(%s)%s[0]", type_c(k->type), p);
    else if (kind->zero >= 0)
        fprintf(e->f, "%s == %d ? 0 : (%s)%s", n, kind->zero, type_c(k->type), p);
    else if (is_byte_register(e, kind))
        fprintf(e->f, "(uint8_t)(s->%s[%s >> 3] >> (%s & 7) * 8)", kind->file->name, n, n);
    else if (k->type == 64)
        fputs(p, e->f);
    else
        fprintf(e->f, "(%s)%s", type_c(k->type), p);
}

/* A field's bits. A register number is as the manual counts it: the sink that stands for a written zero
 * register is number 0. */
void emit_field_number(const struct emitter *e, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    int slot = slot_of(&e->sl, k->field, SLOT_READ);
    if (slot == SLOT_NONE) slot = slot_of(&e->sl, k->field, SLOT_WRITE);
    if (slot == SLOT_IMM && k->field->is_signed)
        fprintf(e->f, "(%s)o->imm & 0x%llx", type_c(k->type), (unsigned long long)bits_mask(k->field->width));
    else if (slot == SLOT_IMM)
        fprintf(e->f, "(%s)(uint32_t)o->imm", type_c(k->type));
    else if (kind && kind->file && kind->file->zero >= 0)
        fprintf(e->f, "(%s)(o->r[%d] %% %u - %u)", type_c(k->type), slot, kind->file->count, kind->add);
    else
        fprintf(e->f, "(%s)o->r[%d]", type_c(k->type), slot);
}

bool emit_is_source(const struct code *k)
{
    switch (k->kind) {
    case CODE_OPERAND: return k->type != TYPE_RM && !k->field->kind->read;
    case CODE_REG:
    case CODE_FIELDNUM:
    case CODE_ADDRESS:
    case CODE_DYN:
    case CODE_PC:
    case CODE_NEXT: return true;
    default: return false;
    }
}

static void source(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    emit_declare(e, v);
    switch (k->kind) {
    case CODE_OPERAND:
        if (k->field->kind->file)
            read_register(e, k);
        else
            emit_immediate(e, k);
        break;
    case CODE_REG:
        if (k->reg->words > 1)
            fprintf(e->f, "(ir_v128)%s[1] << 64 | %s[0]", reg_place(e, k->reg, k->index),
                    reg_place(e, k->reg, k->index));
        else
            fputs(reg_place(e, k->reg, k->index), e->f);
        break;
    case CODE_FIELDNUM: emit_field_number(e, k); break;
    case CODE_ADDRESS: fprintf(e->f, "%s_address(s, o, block_pc)", e->s->isa); break;
    case CODE_DYN: fprintf(e->f, "%s_fp_round(s)", e->s->isa); break;
    default:
        if (e->s->bytes)
            fputs("block_pc + o->at", e->f);
        else
            fprintf(e->f, "block_pc + (uint64_t)o->r[%d] * %u", e->sl.pc_slot, e->s->code_unit / 8);
        if (k->kind == CODE_NEXT && e->s->bytes)
            fputs(" + o->length", e->f);
        else if (k->kind == CODE_NEXT)
            fprintf(e->f, " + %u", e->r->length);
    }
    fputs(";\n", e->f);
}

void emit_sources(const struct emitter *e)
{
    for (int i = 0; i < e->r->ncode; i++)
        if (e->live[i] && emit_is_source(&e->r->code[i])) source(e, i);
}

/* The number that a rounding mode's or a CSR's field holds. */
const char *emit_small_number(const struct emitter *e, const struct field *f)
{
    int slot = slot_of(&e->sl, f, SLOT_READ);
    return slot == SLOT_IMM ? "(unsigned)o->imm" : arena_printf(&e->s->arena, "o->r[%d]", slot);
}

/* Rounding modes and CSRs: reading them may be illegal. */
void emit_read_checked(const struct emitter *e, int v)
{
    const struct code *k = &e->r->code[v];
    const struct kind *kind = k->field->kind;
    const char *where = emit_small_number(e, k->field);
    fprintf(e->f, "    %s ", type_c(k->type));
    emit_value(e, v);
    if (k->type == TYPE_RM) {
        fprintf(e->f, " = %s;\n    if (", where);
        emit_value(e, v);
        fprintf(e->f, " == %d) ", kind->round_dynamic);
        emit_value(e, v);
        fprintf(e->f, " = (unsigned)s->%s;\n    if (unlikely(", kind->round->name);
        emit_value(e, v);
        fprintf(e->f, " > %d)) ", kind->round_max);
    } else {
        fprintf(e->f, " = 0;\n    if (unlikely(!%s(cpu, %s, &", kind->read, where);
        emit_value(e, v);
        fputs("))) ", e->f);
    }
    emit_fault(e, cause_find(e->s, "illegal"));
}

/* ---- writing ---- */

/* Merges below what is kept, or replaces all of the word. */
static void write_word(const struct emitter *e, const struct kind *k, const char *p, int v)
{
    unsigned long long mask = bits_mask(k->width);
    if (k->box)
        fprintf(e->f, "%s = 0x%llxu | ", p, (unsigned long long)(bits_mask(k->box) & ~mask));
    else if (keeps_upper(k) && k->width < 64)
        fprintf(e->f, "%s = (%s & ~0x%llxull) | ", p, p, mask);
    else
        fprintf(e->f, "%s = ", p);
    emit_value(e, v);
    fputs(";", e->f);
}

static void write_register(const struct emitter *e, const struct field *f, int v, bool relayed)
{
    const struct kind *k = f->kind;
    const char *p = place(e, "s", f, SLOT_WRITE), *n = emit_number(e, f, SLOT_WRITE);
    if (k->pair) {
        fprintf(e->f, "operand_set_pair(&%s, ", p);
        emit_value(e, v);
        fputs(");", e->f);
    } else if (is_byte_register(e, k)) {
        const char *word = arena_printf(&e->s->arena, "s->%s[%s >> 3]", k->file->name, n);
        fprintf(e->f, "%s = (%s & ~(0xffull << (%s & 7) * 8)) | (uint64_t)", word, word, n);
        emit_value(e, v);
        fprintf(e->f, " << (%s & 7) * 8;", n);
    } else if (k->file->words > 1 && k->width > 64) {
        fprintf(e->f, "%s[0] = (uint64_t)", p);
        emit_value(e, v);
        fprintf(e->f, ", %s[1] = (uint64_t)(", p);
        emit_value(e, v);
        fputs(" >> 64);", e->f);
    } else if (k->file->words > 1) {
        if (!keeps_upper(k)) fprintf(e->f, "%s[1] = 0, ", p);
        write_word(e, k, arena_printf(&e->s->arena, "%s[0]", p), v);
    } else {
        write_word(e, k, relayed ? arena_printf(&e->s->arena, "%s = flow->last", p) : p, v);
    }
    fputs("\n", e->f);
}

void emit_write(const struct emitter *e, const struct code *k)
{
    const struct kind *kind = k->field->kind;
    fputs("    ", e->f);
    emit_condition(e, k);
    if (kind->write) {
        fprintf(e->f, "if (unlikely(!%s(cpu, %s, ", kind->write, emit_small_number(e, k->field));
        emit_value(e, k->args[0]);
        fputs("))) ", e->f);
        emit_fault(e, cause_find(e->s, "illegal"));
        return;
    }
    if (kind->zero >= 0) fprintf(e->f, "if (%s != %d) ", emit_number(e, k->field, SLOT_WRITE), kind->zero);
    write_register(e, k->field, k->args[0], relay_write(e, k) >= 0);
}

/* All that a write of the operand would change, set in *mask. */
void emit_undef_bits(const struct emitter *e, const struct code *k)
{
    const struct field *f = k->field;
    const struct kind *kind = f ? f->kind : NULL;
    fputs("    if (", e->f);
    emit_value(e, k->args[0]);
    fputs(") ", e->f);
    if (!f) {
        fprintf(e->f, "mask->%s |= 1ull << %u;\n", k->reg->name, (unsigned)k->u);
        return;
    }
    unsigned long long bits = bits_mask(kind->width > 64 ? 64 : kind->width);
    const char *p = f->memory ? "*memory" : place(e, "mask", f, SLOT_WRITE);
    const char *n = f->memory ? "" : emit_number(e, f, SLOT_WRITE);
    if (f->memory)
        fprintf(e->f, "*memory |= 0x%llxull;\n", bits);
    else if (is_byte_register(e, kind))
        fprintf(e->f, "mask->%s[%s >> 3] |= 0xffull << (%s & 7) * 8;\n", kind->file->name, n, n);
    else if (kind->file->words > 1 && (kind->width > 64 || !keeps_upper(kind)))
        fprintf(e->f, "%s[0] = ~0ull, %s[1] = ~0ull;\n", p, p);
    else
        fprintf(e->f, "%s%s |= 0x%llxull;\n", p, kind->file->words > 1 ? "[0]" : "",
                keeps_upper(kind) ? bits : ~0ull);
}
