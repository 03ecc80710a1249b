/* The operations as a table: an enumerator for each type an operation comes in, its types and flags, and its
 * reference behind one signature. It is the same for every ISA, and made by `gen ops`. */
#include "specs/gen/emit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What code can hold at run time: rounding modes are chosen when it is made, control flow has nodes of its
 * own. */
static bool is_node(const struct op *op)
{
    return op->c && op->effect != OP_LANES && op->result != TYPE_RM;
}

const char *emit_op_enumerator(struct arena *a, const struct op *op, int t, int u)
{
    char *text = NULL;
    size_t len = 0;
    FILE *m = open_memstream(&text, &len);
    BUG_ON(!m);
    emit_op_symbol(m, op, t, u);
    fclose(m);
    for (char *p = text; *p; p++) *p = (char)toupper((unsigned char)*p);
    const char *name = arena_strdup(a, text);
    free(text);
    return name;
}

/* IR_ADD_I64 for ir_add_i64 */
static void enumerator(FILE *f, const struct op *op, int t, int u)
{
    struct arena a = {0};
    fputs(emit_op_enumerator(&a, op, t, u), f);
    arena_free(&a);
}

static void enum_line(FILE *f, const struct op *op, int t, int u)
{
    fputs("    ", f);
    enumerator(f, op, t, u);
    fputs(",\n", f);
}

void emit_op_enum(struct spec *s, FILE *f)
{
    fputs("/* Included by engine/ir/ir.h, behind the structural operations. */\nenum ir_op {\n", f);
    fputs("    IR_BEFORE_OPS = IR_FIRST_OP - 1,\n", f);
    for (const struct op *op = s->ops; op; op = op->next)
        if (is_node(op)) op_each(op, f, enum_line);
    fputs("    IR_OPS,\n};\n", f);
}

/* ---- the reference ---- */

static bool is_wide(int type)
{
    return type_bits(type) == 128;
}

/* The type of one argument of C's function. */
static int argument_type(const struct op *op, int i, int t, int u)
{
    return op->convert && op->args[i] == TYPE_U ? u : op_concrete(op->args[i], t);
}

static void arguments(FILE *f, const struct op *op, int t, int u)
{
    const char *sep = "";
    int n = 0; /* of the node's arguments, which the rounding mode is not */
    if (op_may_fault(op)) fputs("k->cpu", f), sep = ", ";
    for (int i = 0; i < op->nargs; i++, sep = ", ") {
        int type = argument_type(op, i, t, u);
        if (op->args[i] == TYPE_RM)
            fprintf(f, "%s(enum fp_round)k->round", sep);
        else if (is_wide(type))
            fprintf(f, "%sa[%d].u128", sep, n++);
        else if (type == 1)
            fprintf(f, "%s(bool)(a[%d].u[0] & 1)", sep, n++);
        else
            fprintf(f, "%s(%s)a[%d].u[0]", sep, type_c(type), n++);
    }
    if (op->effect == OP_FP) fputs(", k->policy, &k->ex", f);
}

static void call(FILE *f, const struct op *op, int t, int u)
{
    emit_op_symbol(f, op, t, u);
    fputc('(', f);
    arguments(f, op, t, u);
}

static void reference(FILE *f, const struct op *op, int t, int u)
{
    int result = op_concrete(op->result, t);
    fputs("\nstatic bool ref_", f);
    emit_op_symbol(f, op, t, u);
    fputs("(struct ir_call *k, const union ir_value *a, union ir_value *out)\n{\n", f);
    if (op_may_fault(op) && result != TYPE_NONE) {
        fprintf(f, "    %s v = 0;\n    bool ok = ", type_c(result));
        call(f, op, t, u);
        fputs(", &v);\n    out->u128 = v;\n    return ok;\n}\n", f);
        return;
    }
    fputs(op_may_fault(op) ? "    return " : result == TYPE_NONE ? "    " : "    out->u128 = ", f);
    call(f, op, t, u);
    fputs(op_may_fault(op) ? ");\n}\n" : ");\n    return true;\n}\n", f);
}

/* ---- the table ---- */

const char *emit_ir_type(int type)
{
    switch (type) {
    case 1: return "IR_I1";
    case 8: return "IR_I8";
    case 16: return "IR_I16";
    case 32: return "IR_I32";
    case 64: return "IR_I64";
    case 128: return "IR_I128";
    case TYPE_V128: return "IR_V128";
    default: return "IR_VOID";
    }
}

static bool rounds(const struct op *op)
{
    for (int i = 0; i < op->nargs; i++)
        if (op->args[i] == TYPE_RM) return true;
    return false;
}

/* Exceptions of FP operations gather, and accesses may fault, whether or not a value is used. */
static void flags(FILE *f, const struct op *op)
{
    bool fp = op->effect == OP_FP, exit = op_may_fault(op);
    fputs("0", f);
    if (fp) fputs(" | IR_OP_FP", f);
    if (rounds(op)) fputs(" | IR_OP_ROUND", f);
    if (exit) fputs(" | IR_OP_EXIT", f);
    if (exit || fp || op->effect == OP_FENCE) fputs(" | IR_OP_EFFECT", f);
    if (op->commutes) fputs(" | IR_OP_COMMUTES", f);
}

static void entry(FILE *f, const struct op *op, int t, int u)
{
    int n = 0;
    fputs("    [", f);
    enumerator(f, op, t, u);
    fprintf(f, "] = {\"%s", op->name);
    if (op->ntypes) fprintf(f, ".%s", type_name(t));
    if (op->convert) fprintf(f, ".%s", type_name(u));
    fputs("\", .args = {", f);
    for (int i = 0; i < op->nargs; i++) {
        if (op->args[i] == TYPE_RM) continue;
        bool any = op->args[i] == TYPE_U && !op->convert;
        fprintf(f, "%s%s", n++ ? ", " : "", any ? "IR_TYPES" : emit_ir_type(argument_type(op, i, t, u)));
    }
    fprintf(f, "}, .nargs = %d, .result = %s,\n        .flags = ", n,
            emit_ir_type(op_concrete(op->result, t)));
    flags(f, op);
    fputs(", .ref = ref_", f);
    emit_op_symbol(f, op, t, u);
    fputs("},\n", f);
}

void emit_op_table(struct spec *s, FILE *f)
{
    fputs("#include \"engine/ir/ir.h\"\n#include \"ir_refs.h\"\n", f);
    for (const struct op *op = s->ops; op; op = op->next)
        if (is_node(op)) op_each(op, f, reference);
    fputs("\nconst struct ir_op_info ir_op_table[] = {\n"
          "#define X(op, text, n, of, type, bits) \\\n"
          "    [IR_##op] = {text, .args = {type, type, type, type, type}, .nargs = n, .result = of, .flags = "
          "bits},\n"
          "    IR_STRUCTURAL(X)\n#undef X\n",
          f);
    for (const struct op *op = s->ops; op; op = op->next)
        if (is_node(op)) op_each(op, f, entry);
    fputs("};\n", f);
}
