/* Rows: reading them, expanding `for:`, and what can only be said when all are known. */
#include "specs/gen/gen.h"

#include <string.h>

void row_error(struct spec *s, const struct row *r, struct pos at, size_t span, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (r && r->variant) buf_printf(&b, " (in row %s, from 'for: %s')", r->id ? r->id : "?", r->variant);
    diag_error(&s->diag, at, span, "%s", buf_cstr(&b));
    buf_free(&b);
}

struct row *row_find(const struct spec *s, const char *id)
{
    for (struct row *r = s->rows; r; r = r->next)
        if (!strcmp(r->id, id)) return r;
    return NULL;
}

struct field *field_find(struct row *r, const char *name)
{
    for (unsigned i = 0; i < r->nfields; i++)
        if (!strcmp(r->fields[i].name, name)) return &r->fields[i];
    return NULL;
}

/* Text with {name} replaced from the variant. A name the variant lacks is left: {aqrl} is the assembler's. */
static const char *expand(struct spec *s, const char *text, struct ynode *variant)
{
    struct buf b = {0};
    if (!text || !variant || !strchr(text, '{')) return text;
    for (const char *p = text; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        struct ynode *v =
            end ? ynode_get(variant, arena_strndup(&s->arena, p + 1, (size_t)(end - p - 1))) : NULL;
        if (!v) {
            buf_char(&b, *p++);
            continue;
        }
        buf_str(&b, v->text);
        p = end + 1;
    }
    const char *r = arena_strdup(&s->arena, buf_cstr(&b));
    buf_free(&b);
    return r;
}

static void row_ext(struct spec *s, struct row *r, struct ynode *n)
{
    const char *names[128];
    size_t count = 0;
    for (struct ext *e = s->exts; e; e = e->next) {
        if (!strcmp(e->name, r->ext_name)) {
            r->ext = e;
            return;
        }
        if (count < ARRAY_LEN(names)) names[count++] = e->name;
    }
    const char *near = diag_suggest(r->ext_name, names, count);
    row_error(s, r, n->at, n->len, "unknown extension '%s'%s%s%s", r->ext_name,
              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* `ops: {rd: f32}`: an operand's kind for this row. */
static void row_ops(struct spec *s, struct row *r, struct ynode *variant)
{
    struct ynode *ops = ynode_get(r->node, "ops");
    for (struct ynode *o = ops ? ops->child : NULL; o; o = o->next) {
        struct field *f = field_find(r, o->key);
        struct kind *k = kind_find(s, expand(s, o->text, variant));
        if (!f)
            row_error(s, r, o->key_at, strlen(o->key), "'%s' is not a field of this encoding", o->key);
        else if (!k)
            row_error(s, r, o->at, o->len, "no operand kind '%s' in isa.yaml", expand(s, o->text, variant));
        else {
            f->kind = k;
            f->nonzero |= k->nonzero;
            f->is_signed = k->is_imm && k->is_signed;
        }
    }
}

static const char *test_default(const struct kind *k)
{
    if (!k) return "none";
    if (k->read) return "csr";
    if (k->file && k->file->group && !strcmp(k->file->group, "fpr"))
        return k->width == 16 ? "f16" : k->width == 32 ? "f32" : "f64";
    return k->file && k->width <= 128 ? "int" : "none";
}

static void row_tests(struct spec *s, struct row *r, struct ynode *variant)
{
    static const char *const classes[] = {"none",  "int", "address", "aligned", "code",
                                          "shift", "f16", "f32",     "f64",     "csr"};
    struct ynode *test = ynode_get(r->node, "test");
    for (unsigned i = 0; i < r->nfields; i++) r->fields[i].test = test_default(r->fields[i].kind);
    for (struct ynode *t = test ? test->child : NULL; t; t = t->next) {
        struct field *f = field_find(r, t->key);
        const char *name = expand(s, t->text, variant);
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(classes); i++) known |= !strcmp(classes[i], name);
        if (!f)
            row_error(s, r, t->key_at, strlen(t->key), "'%s' is not a field of this encoding", t->key);
        else if (!known) {
            const char *near = diag_suggest(name, classes, ARRAY_LEN(classes));
            row_error(s, r, t->at, t->len, "unknown value class '%s'%s%s%s", name,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        } else
            f->test = name;
    }
}

static bool row_required(struct spec *s, struct row *r)
{
    const struct {
        const char *key, *value;
    } need[] = {{"id", r->id}, {"ext", r->ext_name}, {"enc", r->enc}, {"asm", r->asm_}};
    for (size_t i = 0; i < ARRAY_LEN(need); i++) {
        if (need[i].value) continue;
        row_error(s, r, r->at, 1, "a row needs '%s'", need[i].key);
        return false;
    }
    size_t n = strlen(s->prefix);
    if (strncmp(r->id, s->prefix, n) || r->id[n] != '.') {
        row_error(s, r, ynode_get(r->node, "id")->at, strlen(r->id), "id '%s' must start with '%s.'", r->id,
                  s->prefix);
        return false;
    }
    struct row *twin = row_find(s, r->id);
    if (twin) {
        row_error(s, r, ynode_get(r->node, "id")->at, strlen(r->id),
                  "row '%s' is defined twice; first at %s:%d", r->id, twin->at.file, twin->at.line);
        return false;
    }
    return true;
}

/* Every name in `asm` that looks like an operand must be a field, and every operand field must be in `asm`.
 */
static bool row_asm(struct spec *s, struct row *r)
{
    struct ynode *n = ynode_get(r->node, "asm");
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        size_t len = strlen(f->name);
        bool found = false;
        for (const char *p = r->asm_; (p = strstr(p, f->name)); p += len) {
            bool left = p == r->asm_ || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", p[-1]);
            bool right = !p[len] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", p[len]);
            found |= left && right;
        }
        if (!found) {
            row_error(s, r, n->at, n->len, "field '%s' is missing from the syntax '%s'", f->name, r->asm_);
            return false;
        }
    }
    return true;
}

static void row_add(struct spec *s, struct ynode *n, struct ynode *variant, const char *variant_name)
{
    struct row *r = arena_alloc(&s->arena, sizeof(*r));
    *r = (struct row){.node = n, .at = n->at, .variant = variant_name};
    r->id = expand(s, node_str(s, n, "id", NULL), variant);
    r->ext_name = expand(s, node_str(s, n, "ext", NULL), variant);
    r->enc = expand(s, node_str(s, n, "enc", NULL), variant);
    r->asm_ = expand(s, node_str(s, n, "asm", NULL), variant);
    r->sem = expand(s, node_str(s, n, "sem", NULL), variant);
    r->when = expand(s, node_str(s, n, "when", NULL), variant);
    r->ref = expand(s, node_str(s, n, "ref", ""), variant);
    r->over_id = expand(s, node_str(s, n, "over", NULL), variant);
    r->restartable = node_bool(s, n, "restartable");
    const char *status = node_str(s, n, "status", "done");
    r->absent = !strcmp(status, "absent");
    if (!r->absent && strcmp(status, "done"))
        row_error(s, r, ynode_get(n, "status")->at, strlen(status), "unknown status '%s'; expected 'absent'",
                  status);
    if (!row_required(s, r)) return;
    row_ext(s, r, ynode_get(n, "ext"));
    if (!enc_parse(s, r, ynode_get(n, "enc"))) return;
    row_ops(s, r, variant);
    row_tests(s, r, variant);
    if (!row_asm(s, r)) return;
    if (!r->absent && !r->sem)
        row_error(s, r, r->at, 1, "row '%s' has no 'sem' and is not 'status: absent'", r->id);
    r->index = s->nrows++;
    *s->rows_tail = r;
    s->rows_tail = &r->next;
}

static void row_load(struct spec *s, struct ynode *n)
{
    struct ynode *table = ynode_get(n, "for");
    if (!CHECK_KEYS(s, n, "a row", "id", "ext", "enc", "asm", "ops", "when", "over", "sem", "flags", "undef",
                    "test", "status", "restartable", "ref", "for"))
        return;
    if (!table) {
        row_add(s, n, NULL, NULL);
        return;
    }
    struct ynode *entries = ynode_get(s->vary, table->text);
    if (!entries)
        diag_error(&s->diag, table->at, table->len, "no table '%s' under 'vary' in isa.yaml", table->text);
    for (struct ynode *v = entries ? entries->child : NULL; v; v = v->next) row_add(s, n, v, table->text);
}

bool rows_load(struct spec *s, const char *path)
{
    struct ynode *top = yaml_load(path, &s->arena, &s->diag);
    if (!top || !CHECK_KEYS(s, top, "a file of rows", "rows")) return false;
    struct ynode *rows = ynode_get(top, "rows");
    if (!rows || rows->kind != YNODE_LIST) {
        diag_error(&s->diag, top->at, 1, "expected a list 'rows'");
        return false;
    }
    for (struct ynode *n = rows->child; n; n = n->next) row_load(s, n);
    return true;
}

static void row_when(struct spec *s, struct row *r)
{
    struct ynode *n = ynode_get(r->node, "when");
    uint64_t v;
    if (!n) return;
    struct source src = {s, r, n, r->when};
    r->when_expr = parse_expr(&src);
    if (r->when_expr && !expr_eval(r, r->when_expr, 0, &v))
        row_error(s, r, n->at, n->len, "'when' may use fields and numbers only");
}

static void row_over(struct spec *s, struct row *r)
{
    struct ynode *n = ynode_get(r->node, "over");
    if (!n) return;
    r->over = row_find(s, r->over_id);
    if (!r->over)
        row_error(s, r, n->at, n->len, "'over' names no row: '%s'", r->over_id);
    else if ((r->over->mask & ~r->mask) || ((r->match ^ r->over->match) & r->over->mask))
        row_error(s, r, n->at, n->len, "'%s' is not a special case of '%s': the fixed bits differ", r->id,
                  r->over_id);
}

void rows_finish(struct spec *s)
{
    for (struct row *r = s->rows; r; r = r->next) {
        row_over(s, r);
        row_when(s, r);
    }
    if (s->diag.errors) return;
    overlap_check(s);
    spaces_check(s);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent) check_row(s, r);
}
