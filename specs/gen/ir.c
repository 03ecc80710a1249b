/* ir.yaml: the operations, their types, their C references. */
#include "specs/gen/gen.h"

#include <ctype.h>
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

static int type_parse(const char *t, size_t n)
{
    static const int all[] = {1,       8,          16,     32,      64,     128,        TYPE_V128,
                              TYPE_RM, TYPE_CAUSE, TYPE_T, TYPE_T2, TYPE_U, TYPE_OPNAME};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (strlen(type_name(all[i])) == n && !memcmp(type_name(all[i]), t, n)) return all[i];
    return TYPE_NONE;
}

/* "(i64, T) -> T": argument types, then the result; "()" is none. */
static bool sig_parse(struct spec *s, struct op *op, const char *sig, struct pos at)
{
    const char *p = sig;
    if (*p++ != '(') goto bad;
    while (*p && *p != ')') {
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzTU0123456789");
        int t = type_parse(p, n);
        if (t == TYPE_NONE || op->nargs == OP_MAX_ARGS) goto bad;
        op->args[op->nargs++] = t;
        p += n;
        p += strspn(p, ", ");
    }
    if (*p != ')' || strncmp(p, ") -> ", 5)) goto bad;
    p += 5;
    op->result = strcmp(p, "()") ? type_parse(p, strlen(p)) : TYPE_NONE;
    if (op->result == TYPE_NONE && strcmp(p, "()")) goto bad;
    return true;
bad:
    diag_error(&s->diag, at, strlen(sig),
               "cannot read the signature '%s' at '%s'; expected \"(i64, T) -> T\"", sig, p);
    return false;
}

static const struct {
    const char *name;
    enum op_effect effect;
} effects[] = {
    {"fp", OP_FP},       {"load", OP_LOAD}, {"store", OP_STORE}, {"amo", OP_AMO},
    {"fault", OP_FAULT}, {"jump", OP_JUMP}, {"raise", OP_RAISE}, {"sync", OP_SYNC},
    {"nop", OP_NOP},     {"none", OP_NOP},  {"lanes", OP_LANES},
};

static enum op_effect effect_parse(struct spec *s, struct ynode *n)
{
    const char *names[ARRAY_LEN(effects)];
    if (!n) return OP_PURE;
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        names[i] = effects[i].name;
        if (!strcmp(n->text, names[i])) return effects[i].effect;
    }
    const char *near = diag_suggest(n->text, names, ARRAY_LEN(names));
    diag_error(&s->diag, n->at, n->len, "unknown effect '%s'%s%s%s", n->text, near ? "; did you mean '" : "",
               near ? near : "", near ? "'?" : "");
    return OP_PURE;
}

/* Replaces {name} in text by the variant's values. Unknown names stay, they may be C or assembler braces. */
static const char *vary_text(struct spec *s, const char *text, struct ynode *variant)
{
    struct buf b = {0};
    if (!text || !variant) return text;
    for (const char *p = text; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        struct ynode *v = NULL;
        if (end) v = ynode_get(variant, arena_strndup(&s->arena, p + 1, (size_t)(end - p - 1)));
        if (v) {
            buf_str(&b, v->text);
            p = end + 1;
        } else {
            buf_char(&b, *p++);
        }
    }
    const char *r = arena_strdup(&s->arena, buf_cstr(&b));
    buf_free(&b);
    return r;
}

static void op_add(struct spec *s, struct ynode *n, struct ynode *variant)
{
    struct op *op = arena_alloc(&s->arena, sizeof(*op));
    if (!CHECK_KEYS(s, n, "an operation", "op", "sig", "types", "effect", "c", "infix", "prefix", "convert",
                    "for"))
        return;
    op->at = n->at;
    op->name = vary_text(s, node_str(s, n, "op", NULL), variant);
    const char *sig = vary_text(s, node_str(s, n, "sig", NULL), variant);
    if (!op->name || !sig) {
        diag_error(&s->diag, n->at, 1, "an operation needs 'op' and 'sig'");
        return;
    }
    if (op_find(s, op->name)) {
        diag_error(&s->diag, n->at, 1, "operation '%s' is defined twice", op->name);
        return;
    }
    if (!sig_parse(s, op, sig, ynode_get(n, "sig")->at)) return;
    op->c = vary_text(s, node_str(s, n, "c", NULL), variant);
    op->infix = node_str(s, n, "infix", NULL);
    op->prefix = node_str(s, n, "prefix", NULL);
    op->convert = node_str(s, n, "convert", NULL);
    op->effect = effect_parse(s, ynode_get(n, "effect"));
    struct ynode *types = ynode_get(n, "types");
    for (struct ynode *t = types ? types->child : NULL; t && op->ntypes < OP_MAX_TYPES; t = t->next) {
        int type = type_parse(t->text, t->len);
        if (type == TYPE_NONE || type < 0)
            diag_error(&s->diag, t->at, t->len, "'%s' is not a width", t->text);
        op->types[op->ntypes++] = type;
    }
    if (!op->c && op->effect < OP_JUMP)
        diag_error(&s->diag, n->at, 1, "operation '%s' has no C reference ('c')", op->name);
    struct op **tail = &s->ops;
    while (*tail) tail = &(*tail)->next;
    *tail = op;
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
    for (struct ynode *n = ops->child; n; n = n->next) {
        struct ynode *table = ynode_get(n, "for");
        if (!table) {
            op_add(s, n, NULL);
            continue;
        }
        struct ynode *entries = ynode_get(s->ir_vary, table->text);
        if (!entries) diag_error(&s->diag, table->at, table->len, "no table '%s' under 'vary'", table->text);
        for (struct ynode *v = entries ? entries->child : NULL; v; v = v->next) op_add(s, n, v);
    }
    return s->diag.errors == 0;
}

const struct op *op_find(const struct spec *s, const char *name)
{
    for (const struct op *op = s->ops; op; op = op->next)
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
