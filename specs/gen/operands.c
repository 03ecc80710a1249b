/* What a row says about its operands: kinds (`ops`), value classes (`test`), and their place in the syntax
 * (`asm`). */
#include "specs/gen/row.h"

#include <stdlib.h>
#include <string.h>

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

static bool no_kind(struct spec *s, struct row *r, const struct ynode *at, const char *name)
{
    const char *base = arena_strndup(&s->arena, name, strcspn(name, "."));
    const struct kind *k = kind_find(s, base);
    if (k && k->open && !strcmp(base, name))
        row_error(s, r, at->at, at->len, "kind '%s' needs a width here: give the row 'width', or write %s.64",
                  name, name);
    else if (k)
        row_error(s, r, at->at, at->len, "kind '%s' has no width '%s'", base, name + strlen(base));
    else
        row_error(s, r, at->at, at->len, "no operand kind '%s' in isa.yaml%s", name,
                  SUGGEST(s, base, s->kinds, ""));
    return false;
}

/* An immediate's width in a byte encoding, by its token. */
static unsigned imm_width(const char *token)
{
    static const struct {
        const char *token;
        unsigned width;
    } all[] = {{"ib", 8}, {"iw", 16}, {"id", 32}, {"iz", 32}, {"io", 64}, {"cb", 8}, {"cd", 32}, {"is4", 8}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (!strcmp(all[i].token, token)) return all[i].width;
    return 0;
}

static void field_kind(struct row *r, struct field *f, struct kind *k)
{
    f->kind = k;
    f->nonzero |= k->nonzero;
    f->is_signed = k->is_imm && k->is_signed;
    f->memory = k->memory == MEMORY_ONLY || k->memory == MEMORY_ADDRESS ||
                (k->memory == MEMORY_ALSO && r->how.form == 'm');
    if (k->place == PLACE_IMM) f->width = imm_width(k->imm_token);
    if (k->place == PLACE_RM) r->bytes.form = f->memory ? 'm' : 'r';
}

/* A new operand of the row: in a place of the byte encoding, a fixed register, or another's neighbour. */
static struct field *operand_add(struct spec *s, struct row *r, const struct ynode *o)
{
    if (r->nfields == ROW_MAX_FIELDS) {
        row_error(s, r, o->key_at, strlen(o->key), "more than %d operands", ROW_MAX_FIELDS);
        return NULL;
    }
    struct field *f = &r->fields[r->nfields++];
    *f = (struct field){.name = o->key};
    return f;
}

/* "Rn + 1": the register after Rn's, of the same kind; after the last comes the first. */
static bool operand_neighbour(struct spec *s, struct row *r, const struct ynode *o, const char *text)
{
    const char *plus = strchr(text, '+');
    size_t n = strspn(text, name_chars);
    struct field *base = field_find(r, arena_strndup(&s->arena, text, n));
    if (!base || !base->kind || !base->kind->file || base->base) {
        row_error(s, r, o->at, o->len, "'%s': expected a register operand of this encoding before '+'", text);
        return false;
    }
    struct field *f = operand_add(s, r, o);
    if (!f) return false;
    f->kind = base->kind;
    f->base = base;
    f->plus = (unsigned)strtoul(plus + 1, NULL, 10);
    return true;
}

static bool operand(struct spec *s, struct row *r, const struct ynode *o)
{
    const char *text = text_expand(s, node_text(s, o), &r->how, NULL);
    struct field *f = field_find(r, o->key);
    if (strchr(text, '+')) return operand_neighbour(s, r, o, text);
    struct kind *k = kind_of(s, text, r->width);
    if (!k) return no_kind(s, r, o, text);
    if (!f && !s->bytes && k->fixed < 0) {
        row_error(s, r, o->key_at, strlen(o->key), "'%s' is not a field of this encoding%s", o->key,
                  SUGGEST(s, o->key, s->field_defs, ""));
        return false;
    }
    if (!f) f = operand_add(s, r, o);
    if (f) field_kind(r, f, k);
    return f != NULL;
}

bool row_operands(struct spec *s, struct row *r)
{
    const struct ynode *ops = ynode_get(r->node, "ops");
    bool ok = true;
    for (const struct ynode *o = ops ? ops->child : NULL; o; o = o->next) ok &= operand(s, r, o);
    for (unsigned i = 0; i < r->nfields && ok; i++) { /* the usual kinds at the row's width */
        struct field *f = &r->fields[i];
        if (!f->kind || !f->kind->open) continue;
        struct kind *k = kind_of(s, f->kind->name, r->width);
        if (k)
            field_kind(r, f, k);
        else
            ok = no_kind(s, r, ynode_get(r->node, "enc"), f->kind->name);
    }
    return ok;
}

static const char *test_default(const struct kind *k)
{
    if (!k) return "none";
    if (k->read) return "csr";
    if (k->file && !strcmp(k->file->group, "fpr"))
        return k->width == 16 ? "f16" : k->width == 32 ? "f32" : "f64";
    return k->file && k->width <= 128 ? "int" : "none";
}

void row_tests(struct spec *s, struct row *r)
{
    static const char *const classes[] = {"none",  "int", "address", "aligned", "code",
                                          "shift", "f16", "f32",     "f64",     "csr"};
    const struct ynode *test = ynode_get(r->node, "test");
    for (unsigned i = 0; i < r->nfields; i++) r->fields[i].test = test_default(r->fields[i].kind);
    for (const struct ynode *t = test ? test->child : NULL; t; t = t->next) {
        struct field *f = field_find(r, t->key);
        const char *name = text_expand(s, node_text(s, t), &r->how, NULL);
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(classes); i++) known |= !strcmp(classes[i], name);
        if (!f)
            row_error(s, r, t->key_at, strlen(t->key), "'%s' is not a field of this encoding", t->key);
        else if (!known)
            row_error(s, r, t->at, t->len, "unknown value class '%s'%s", name,
                      suggest_of(s, name, classes, ARRAY_LEN(classes), ""));
        else
            f->test = name;
    }
}

size_t syntax_find(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p++)
        if ((p == text || !strchr(name_chars, p[-1])) && (!p[len] || !strchr(name_chars, p[len])))
            return (size_t)(p - text);
    return strlen(text);
}

bool field_encoded(const struct field *f)
{
    return !f->base && (!f->kind || f->kind->fixed < 0);
}

/* Every operand that an encoding holds must be in the syntax, or text would lose it. */
bool row_syntax(struct spec *s, struct row *r)
{
    const struct ynode *n = ynode_get(r->node, "asm");
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (!field_encoded(f) || r->asm_[syntax_find(r->asm_, f->name)]) continue;
        row_error(s, r, n->at, n->len, "field '%s' is missing from the syntax '%s'", f->name, r->asm_);
        return false;
    }
    return true;
}
