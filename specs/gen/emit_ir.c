/* ir.yaml's references as C functions: ir_add_i64(a, b). The same text serves interpreter and constant
 * folder. */
#include "specs/gen/gen.h"

#include <ctype.h>
#include <string.h>

static const char *c_name(const char *op)
{
    static char name[64];
    snprintf(name, sizeof(name), "%s", op);
    for (char *p = name; *p; p++)
        if (*p == '.') *p = '_';
    return name;
}

static const char *signed_c(int type)
{
    switch (type) {
    case 8: return "int8_t";
    case 16: return "int16_t";
    case 32: return "int32_t";
    case 64: return "int64_t";
    case 128: return "ir_s128";
    default: return "int";
    }
}

/* The reference with its type words replaced: T, S, T2, S2, W, US. */
static void reference(FILE *f, const char *c, int t, int u)
{
    for (const char *p = c; *p;) {
        size_t n = 0;
        while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
        if (n == 0) {
            fputc(*p++, f);
            continue;
        }
        if (n == 1 && *p == 'T')
            fputs(type_c(t), f);
        else if (n == 1 && *p == 'S')
            fputs(signed_c(t), f);
        else if (n == 1 && *p == 'W')
            fprintf(f, "%d", t);
        else if (n == 2 && !strncmp(p, "T2", 2))
            fputs(type_c(t * 2), f);
        else if (n == 2 && !strncmp(p, "S2", 2))
            fputs(signed_c(t * 2), f);
        else if (n == 2 && !strncmp(p, "US", 2))
            fputs(signed_c(u), f);
        else
            fprintf(f, "%.*s", (int)n, p);
        p += n;
    }
}

static int concrete(int type, int t)
{
    return type == TYPE_T ? t : type == TYPE_T2 ? t * 2 : type == TYPE_U ? 64 : type;
}

static void parameters(FILE *f, const struct op *op, int t, int u)
{
    const char *sep = "";
    if (op->effect == OP_LOAD || op->effect == OP_STORE || op->effect == OP_AMO || op->effect == OP_FAULT) {
        fputs("struct vcpu *cpu", f);
        sep = ", ";
    }
    for (int i = 0; i < op->nargs; i++, sep = ", ") {
        if (op->args[i] == TYPE_RM)
            fprintf(f, "%senum fp_round r", sep);
        else if (op->convert && op->args[i] == TYPE_U)
            fprintf(f, "%s%s %c", sep, type_c(u), 'a' + i);
        else
            fprintf(f, "%s%s %c", sep, type_c(concrete(op->args[i], t)), 'a' + i);
    }
    if (op->effect == OP_FP)
        fprintf(f, "%sconst struct fp_policy *P, unsigned *ex", sep);
    else if (*sep == 0)
        fputs("void", f);
}

/* An atomic: read, compute, compare-and-swap until nobody came between (the row has checked the alignment).
 */
static void amo_body(FILE *f, const struct op *op, int t)
{
    fprintf(f, "    %s *p = cpu_host_rw(cpu, a, %d);\n    if (!p) return false;\n", type_c(t), t / 8);
    fprintf(f, "    %s old = cpu_atomic_load%d(p), new;\n    do {\n        new = (%s)(", type_c(t), t,
            type_c(t));
    reference(f, op->c, t, t);
    fprintf(f, ");\n    } while (!cpu_atomic_cas%d(p, &old, new));\n    *out = old;\n    return true;\n", t);
}

static void function(FILE *f, const struct op *op, int t, int u)
{
    bool may_fault =
        op->effect == OP_LOAD || op->effect == OP_STORE || op->effect == OP_AMO || op->effect == OP_FAULT;
    int result = concrete(op->result, t);
    fprintf(f, "\n#line %d \"%s\"\n", op->at.line, op->at.file);
    fprintf(f, "static ALWAYS_INLINE %s ir_%s", may_fault ? "bool" : type_c(result), c_name(op->name));
    if (op->ntypes) fprintf(f, "_%s", type_name(t));
    if (op->convert) fprintf(f, "_%s", type_name(u));
    fputc('(', f);
    parameters(f, op, t, u);
    if (may_fault && result > 0) fprintf(f, ", %s *out", type_c(result));
    fputs(")\n{\n", f);
    if (op->effect == OP_AMO)
        amo_body(f, op, t);
    else {
        fprintf(f, "    return %s", may_fault ? "" : "(");
        if (!may_fault) fprintf(f, "%s)(", type_c(result));
        reference(f, op->c, t, u);
        fprintf(f, "%s;\n", may_fault ? "" : ")");
    }
    fputs("}\n", f);
}

static void conversions(FILE *f, const struct op *op, int t)
{
    static const int widths[] = {1, 8, 16, 32, 64, 128};
    bool widen = !strcmp(op->convert, "widen"), is_signed = strstr(op->c, "US") != NULL;
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        int u = widths[i];
        if (u == t || (widen ? u > t : u < t) || (u == 1 && is_signed)) continue;
        function(f, op, t, u);
    }
}

void emit_ir_refs(struct spec *s, FILE *f)
{
    fputs("#pragma once\n\n#include \"engine/ir/ref.h\"\n", f);
    for (const struct op *op = s->ops; op; op = op->next) {
        if (!op->c || op->effect == OP_LANES) continue;
        if (!op->ntypes) function(f, op, TYPE_NONE, TYPE_NONE);
        for (int i = 0; i < op->ntypes; i++) {
            if (op->convert)
                conversions(f, op, op->types[i]);
            else
                function(f, op, op->types[i], op->types[i]);
        }
    }
}
