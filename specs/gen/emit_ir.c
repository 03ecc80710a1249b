/* ir.yaml's references as C functions, ir_add_i64(a, b), for the interpreter, the operation table and
 * decode-time values of lifters. */
#include "specs/gen/emit.h"

#include <ctype.h>
#include <string.h>

static const char *signed_c(int type)
{
    switch (type) {
    case 8: return "int8_t";
    case 16: return "int16_t";
    case 32: return "int32_t";
    case 64: return "int64_t";
    case 128:
    case TYPE_V128: return "ir_s128";
    default: return "int";
    }
}

/* A word of a reference: T, S, W, T2, S2 and US stand for types. */
static void word(FILE *f, const char *p, size_t n, int t, int u)
{
    static const char *const words[] = {"T", "S", "W", "T2", "S2", "US"};
    char width[12];
    snprintf(width, sizeof(width), "%u", type_bits(t));
    const char *const instead[] = {type_c(t),     signed_c(t),     width,
                                   type_c(t * 2), signed_c(t * 2), signed_c(u)};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) != n || memcmp(words[i], p, n)) continue;
        fputs(instead[i], f);
        return;
    }
    fprintf(f, "%.*s", (int)n, p);
}

static void reference(FILE *f, const char *c, int t, int u)
{
    for (const char *p = c; *p;) {
        size_t n = 0;
        while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
        if (n)
            word(f, p, n, t, u);
        else
            fputc(*p, f);
        p += n ? n : 1;
    }
}

/* ir_f32_add, ir_add_i64, ir_sext_i64_i32 */
void emit_op_symbol(FILE *f, const struct op *op, int t, int u)
{
    fputs("ir_", f);
    for (const char *p = op->name; *p; p++) fputc(*p == '.' ? '_' : *p, f);
    if (op->ntypes) fprintf(f, "_%s", type_name(t));
    if (op->convert) fprintf(f, "_%s", type_name(u));
}

static void parameters(FILE *f, const struct op *op, int t, int u)
{
    const char *sep = "";
    if (op_may_fault(op)) {
        fputs("struct vcpu *cpu", f);
        sep = ", ";
    }
    for (int i = 0; i < op->nargs; i++, sep = ", ") {
        if (op->args[i] == TYPE_RM)
            fprintf(f, "%senum fp_round r", sep);
        else if (op->convert && op->args[i] == TYPE_U)
            fprintf(f, "%s%s %c", sep, type_c(u), 'a' + i);
        else
            fprintf(f, "%s%s %c", sep, type_c(op_concrete(op->args[i], t)), 'a' + i);
    }
    if (op->effect == OP_FP)
        fprintf(f, "%sconst struct fp_policy *P, unsigned *ex", sep);
    else if (*sep == 0)
        fputs("void", f);
}

/* An atomic: read, compute, compare-and-swap until nobody came between; the row has checked alignment. */
static void amo_body(FILE *f, const struct op *op, int t)
{
    const char *type = type_c(t);
    fprintf(f, "    %s *p = cpu_host_rw(cpu, a, %d), old = 0, new;\n    int done;\n", type, t / 8);
    fprintf(f, "    if (!p || !cpu_atomic_load%d(cpu, p, &old)) return false;\n    do {\n", t);
    fprintf(f, "        new = (%s)(", type);
    reference(f, op->c, t, t);
    fprintf(f, ");\n        done = cpu_atomic_cas%d(cpu, p, &old, new);\n    } while (!done);\n", t);
    fputs("    *out = old;\n    return done > 0;\n", f);
}

static void function(FILE *f, const struct op *op, int t, int u)
{
    bool may_fault = op_may_fault(op);
    int result = op_concrete(op->result, t);
    fprintf(f, "\n#line %d \"%s\"\n", op->at.line, op->at.file);
    fprintf(f, "static ALWAYS_INLINE %s ", may_fault ? "bool" : type_c(result));
    emit_op_symbol(f, op, t, u);
    fputc('(', f);
    parameters(f, op, t, u);
    if (may_fault && result != TYPE_NONE) fprintf(f, ", %s *out", type_c(result));
    fputs(")\n{\n", f);
    if (op->effect == OP_AMO) {
        amo_body(f, op, t);
    } else {
        fputs("    return ", f);
        if (!may_fault) fprintf(f, "(%s)(", type_c(result));
        reference(f, op->c, t, u);
        fputs(may_fault ? ";\n" : ");\n", f);
    }
    fputs("}\n", f);
}

/* One width of lanes: each lane's arguments are cut out of the vectors, the result put in its place. */
static void lane_case(FILE *f, const struct op *op, int t)
{
    bool mask = op->result == 1; /* a truth fills its lane */
    fprintf(f, "    case %d:\n        for (unsigned i = 0; i < 128; i += %d) out |= (ir_v128)(%s)%s", t, t,
            type_c(t), mask ? "-" : "");
    emit_op_symbol(f, op, t, t);
    for (int i = 0; i < op->nargs; i++) {
        fputs(i ? ", " : "(", f);
        if (op->args[i] == op_lane(op))
            fprintf(f, "(%s)(%c >> i)", type_c(t), 'a' + i);
        else
            fprintf(f, "%c", op->args[i] == TYPE_RM ? 'r' : 'a' + i);
    }
    fprintf(f, "%s) << i;\n        break;\n", op->effect == OP_FP ? ", P, ex" : "");
}

/* The operation on lanes of `size` bits. */
static void lanes(FILE *f, const struct op *op)
{
    fputs("\nstatic ALWAYS_INLINE ir_v128 ir_lanes_", f);
    for (const char *p = op->name; *p; p++) fputc(*p == '.' ? '_' : *p, f);
    fputs("(uint64_t size", f);
    for (int i = 0; i < op->nargs; i++) {
        if (op->args[i] == TYPE_RM)
            fputs(", enum fp_round r", f);
        else
            fprintf(f, ", %s %c",
                    op->args[i] == op_lane(op) ? "ir_v128" : type_c(op_concrete(op->args[i], 64)), 'a' + i);
    }
    if (op->effect == OP_FP) fputs(", const struct fp_policy *P, unsigned *ex", f);
    fputs(")\n{\n    ir_v128 out = 0;\n    switch (size) {\n", f);
    if (!op->ntypes) lane_case(f, op, op->args[0]);
    for (int i = 0; i < op->ntypes; i++)
        if (op->types[i] >= 8 && op->types[i] <= 64) lane_case(f, op, op->types[i]);
    fputs("    default: break;\n    }\n    return out;\n}\n", f);
}

void emit_refs(struct spec *s, FILE *f)
{
    fputs("#pragma once\n\n#include \"engine/ir/ref.h\"\n", f);
    for (const struct op *op = s->ops; op; op = op->next)
        if (op->c) op_each(op, f, function);
}

/* What the ISA's rows apply to the lanes of vectors. */
void emit_lanes(struct spec *s, FILE *f)
{
    fputs("#pragma once\n\n#include \"ir_refs.h\"\n", f);
    for (const struct op *op = s->ops; op; op = op->next)
        if (op->on_lanes) lanes(f, op);
}
