/* ir.yaml: the operations, their types, their C references. */
#include "specs/gen/row.h"

#include <string.h>

const char *type_name(int type)
{
    switch (type) {
    case 1: return "i1";
    case 8: return "i8";
    case 16: return "i16";
    case 32: return "i32";
    case 64: return "i64";
    case 128: return "i128";
    case TYPE_V128: return "v128";
    case TYPE_RM: return "rm";
    case TYPE_CAUSE: return "cause";
    case TYPE_T: return "T";
    case TYPE_T2: return "T2";
    case TYPE_U: return "U";
    case TYPE_OPNAME: return "op";
    default: return "()";
    }
}

const char *type_c(int type)
{
    switch (type) {
    case 1: return "bool";
    case 8: return "uint8_t";
    case 16: return "uint16_t";
    case 32: return "uint32_t";
    case 64: return "uint64_t";
    case 128: return "ir_u128";
    case TYPE_V128: return "ir_v128";
    case TYPE_RM: return "unsigned";
    default: return "void";
    }
}

unsigned type_bits(int type)
{
    return type == TYPE_V128 ? 128 : (unsigned)type;
}

int type_parse(const char *t, size_t n)
{
    static const int all[] = {1,       8,          16,     32,      64,     128,        TYPE_V128,
                              TYPE_RM, TYPE_CAUSE, TYPE_T, TYPE_T2, TYPE_U, TYPE_OPNAME};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (strlen(type_name(all[i])) == n && !memcmp(type_name(all[i]), t, n)) return all[i];
    return TYPE_NONE;
}

/* "(i64, T) -> T": argument types, then the result; "()" is none. Gives where it went wrong, or NULL. */
static const char *sig_parse(struct op *op, const char *p)
{
    if (*p != '(') return p;
    for (p++; *p && *p != ')';) {
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzTU0123456789");
        int t = type_parse(p, n);
        if (t == TYPE_NONE || op->nargs == OP_MAX_ARGS) return p;
        op->args[op->nargs++] = t;
        p += n;
        p += strspn(p, ", ");
    }
    if (strncmp(p, ") -> ", 5)) return p;
    p += 5;
    bool none = !strcmp(p, "()");
    op->result = none ? TYPE_NONE : type_parse(p, strlen(p));
    return !none && op->result == TYPE_NONE ? p : NULL;
}

static const struct {
    const char *name;
    enum op_effect effect;
} effects[] = {
    {"fp", OP_FP},       {"load", OP_LOAD},   {"store", OP_STORE}, {"amo", OP_AMO}, {"fault", OP_FAULT},
    {"jump", OP_JUMP},   {"raise", OP_RAISE}, {"sync", OP_SYNC},   {"nop", OP_NOP}, {"none", OP_NOP},
    {"fence", OP_FENCE}, {"lanes", OP_LANES}, {"skip", OP_SKIP},
};

static enum op_effect effect_parse(struct spec *s, const struct ynode *n)
{
    const char *names[ARRAY_LEN(effects)];
    if (!n) return OP_PURE;
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        names[i] = effects[i].name;
        if (!strcmp(node_text(s, n), names[i])) return effects[i].effect;
    }
    diag_error(&s->diag, n->at, n->len, "unknown effect '%s'%s", n->text,
               suggest_of(s, n->text, names, ARRAY_LEN(names),
                          "; expected fp load store amo fault fence jump raise skip sync lanes or none"));
    return OP_PURE;
}

static void op_types(struct spec *s, struct op *op, const struct ynode *list)
{
    for (const struct ynode *t = list ? list->child : NULL; t; t = t->next) {
        const char *text = node_text(s, t);
        int type = type_parse(text, strlen(text));
        if (type > 0 && op->ntypes < OP_MAX_TYPES)
            op->types[op->ntypes++] = type;
        else
            diag_error(&s->diag, t->at, t->len, "'%s' is not a width; expected up to %d of i1 i8 … i128 v128",
                       text, OP_MAX_TYPES);
    }
}

static void op_signature(struct spec *s, struct op *op, const struct ynode *n, const struct expansion *x)
{
    const uint32_t *map;
    const char *sig = text_expand(s, node_text(s, n), x, &map);
    const char *bad = sig_parse(op, sig);
    size_t at = bad ? (size_t)(bad - sig) : 0;
    if (bad)
        diag_error(&s->diag, ynode_text_pos(n, map ? map[at] : at), 1,
                   "cannot read the signature '%s'; expected types, as in \"(i64, T) -> T\"", sig);
}

static void op_add(struct spec *s, struct ynode *n, const struct expansion *x)
{
    struct op *op = arena_alloc(&s->arena, sizeof(*op));
    if (!CHECK_KEYS(s, n, "an operation", "op", "sig", "types", "effect", "c", "infix", "prefix", "convert",
                    "commutes", "for"))
        return;
    struct ynode *name = ynode_get(n, "op"), *sig = ynode_get(n, "sig");
    if (!name || !sig) {
        diag_error(&s->diag, n->at, 1, "an operation needs 'op' and 'sig'");
        return;
    }
    op->at = n->at;
    op->name = text_expand(s, node_text(s, name), x, NULL);
    const struct op *twin = op_find(s, op->name);
    if (twin) {
        diag_error(&s->diag, name->at, name->len, "operation '%s' is defined twice; first at %s:%d", op->name,
                   twin->at.file, twin->at.line);
        return;
    }
    op_signature(s, op, sig, x);
    op->c = text_expand(s, node_str(s, n, "c", NULL), x, NULL);
    op->infix = node_str(s, n, "infix", NULL);
    op->prefix = node_str(s, n, "prefix", NULL);
    op->convert = node_str(s, n, "convert", NULL);
    op->effect = effect_parse(s, ynode_get(n, "effect"));
    op_types(s, op, ynode_get(n, "types"));
    op->commutes = node_bool(s, n, "commutes");
    if (op->commutes && (op->nargs < 2 || op->args[0] != op->args[1]))
        diag_error(&s->diag, n->at, 1, "operation '%s' commutes, but its first two arguments differ in type",
                   op->name);
    if (!op->c && op->effect < OP_JUMP)
        diag_error(&s->diag, n->at, 1, "operation '%s' has no C reference ('c')", op->name);
    APPEND(s->ops, op);
}

static void op_load(struct spec *s, struct ynode *n)
{
    struct ynode *table = ynode_get(n, "for"), *entries = table ? ynode_get(s->ir_vary, table->text) : NULL;
    if (table && !entries)
        diag_error(&s->diag, table->at, table->len, "no table '%s' under 'vary'", table->text);
    if (!table) op_add(s, n, &(struct expansion){0});
    for (struct ynode *v = entries ? entries->child : NULL; v; v = v->next)
        op_add(s, n, &(struct expansion){.table = table->text, .entry = v});
}

bool ir_load(struct spec *s, const char *path)
{
    struct ynode *top = yaml_load(path, &s->arena, &s->diag);
    if (!top || !CHECK_KEYS(s, top, "the operations file", "ops", "vary")) return false;
    struct ynode *ops = ynode_get(top, "ops");
    s->ir_vary = ynode_get(top, "vary");
    if (!ops || ops->kind != YNODE_LIST) {
        diag_error(&s->diag, top->at, 1, "expected a list 'ops'");
        return false;
    }
    for (struct ynode *n = ops->child; n; n = n->next) op_load(s, n);
    return s->diag.errors == 0;
}

int op_lane(const struct op *op)
{
    return op->ntypes ? TYPE_T : op->args[0];
}

int op_concrete(int type, int t)
{
    return type == TYPE_T ? t : type == TYPE_T2 ? t * 2 : type == TYPE_U ? 64 : type;
}

static void each_conversion(const struct op *op, int t, FILE *f, op_visit *visit)
{
    static const int widths[] = {1, 8, 16, 32, 64, 128, TYPE_V128};
    bool widen = !strcmp(op->convert, "widen"), is_signed = strstr(op->c, "US") != NULL;
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        int u = widths[i];
        if (u == t || (widen ? u >= t : u <= t) || (u == 1 && is_signed)) continue;
        visit(f, op, t, u);
    }
}

void op_each(const struct op *op, FILE *f, op_visit *visit)
{
    if (!op->ntypes) visit(f, op, TYPE_NONE, TYPE_NONE);
    for (int i = 0; i < op->ntypes; i++) {
        if (op->convert)
            each_conversion(op, op->types[i], f, visit);
        else
            visit(f, op, op->types[i], op->types[i]);
    }
}

bool op_may_fault(const struct op *op)
{
    return op->effect == OP_LOAD || op->effect == OP_STORE || op->effect == OP_AMO || op->effect == OP_FAULT;
}

struct op *op_find(const struct spec *s, const char *name)
{
    for (struct op *op = s->ops; op; op = op->next)
        if (!strcmp(op->name, name)) return op;
    return NULL;
}

const struct op *op_infix(const struct spec *s, const char *text, bool prefix)
{
    for (const struct op *op = s->ops; op; op = op->next) {
        const char *t = prefix ? op->prefix : op->infix;
        if (t && !strcmp(t, text)) return op;
    }
    return NULL;
}
