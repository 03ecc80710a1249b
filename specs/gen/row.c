/* Rows: reading one expansion of a row, and what can only be said when all are known. */
#include "specs/gen/parse.h"

#include <string.h>

void row_error(struct spec *s, const struct row *r, struct pos at, size_t span, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (r && (r->how.table || r->how.width || r->how.form))
        buf_printf(&b, " (in row %s)", r->id ? r->id : r->how.table);
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

/* Expansions by width and form have ids of their own, in the manual's manner: x86.adc.r32, x86.adc.m32. */
static const char *expanded_id(struct spec *s, const char *id, const struct expansion *x)
{
    const char *text = text_expand(s, id, x, NULL);
    if (!text || (!x->width && !x->form)) return text;
    bool said = x->width && strstr(id, "{W}");
    if (said && !x->form) return text;
    const char *form = x->form == 'r' ? "r" : x->form == 'm' ? "m" : "";
    if (said || !x->width) return arena_printf(&s->arena, "%s.%s", text, form);
    return arena_printf(&s->arena, "%s.%s%u", text, form, x->width->bits);
}

static bool row_required(struct spec *s, struct row *r)
{
    static const char *const need[] = {"id", "ext", "enc", "asm"};
    for (size_t i = 0; i < ARRAY_LEN(need); i++) {
        if (ynode_get(r->node, need[i])) continue;
        row_error(s, r, r->at, 1, "a row needs '%s'", need[i]);
        return false;
    }
    const struct ynode *id = ynode_get(r->node, "id");
    size_t n = strlen(s->prefix);
    if (strncmp(r->id, s->prefix, n) || r->id[n] != '.') {
        row_error(s, r, id->at, id->len, "id '%s' must start with '%s.'", r->id, s->prefix);
        return false;
    }
    struct row *twin = row_find(s, r->id);
    if (twin)
        row_error(s, r, id->at, id->len, "row '%s' is defined twice; first at %s:%d", r->id, twin->at.file,
                  twin->at.line);
    return !twin;
}

static void row_ext(struct spec *s, struct row *r)
{
    const struct ynode *n = ynode_get(r->node, "ext");
    for (r->ext = s->exts; r->ext && strcmp(r->ext->name, r->ext_name); r->ext = r->ext->next) continue;
    if (!r->ext)
        row_error(s, r, n->at, n->len, "unknown extension '%s'%s", r->ext_name,
                  SUGGEST(s, r->ext_name, s->exts, "; isa.yaml lists them under 'exts'"));
}

static void row_status(struct spec *s, struct row *r)
{
    const struct ynode *n = ynode_get(r->node, "status");
    r->absent = n && !strcmp(node_text(s, n), "absent");
    if (n && !r->absent) row_error(s, r, n->at, n->len, "unknown status '%s'; expected 'absent'", n->text);
    if (!r->absent && !r->sem)
        row_error(s, r, r->at, 1, "row '%s' has no 'sem' and is not 'status: absent'", r->id);
}

static const char *row_text(struct spec *s, struct row *r, const char *key)
{
    return text_expand(s, node_str(s, r->node, key, NULL), &r->how, NULL);
}

void row_add(struct spec *s, struct ynode *n, const struct expansion *x)
{
    struct row *r = arena_alloc(&s->arena, sizeof(*r));
    *r = (struct row){.node = n, .at = n->at, .how = *x, .width = x->width ? x->width->bits : 0};
    r->id = expanded_id(s, node_str(s, n, "id", NULL), x);
    r->ext_name = row_text(s, r, "ext");
    r->enc = enc_expand(s, node_str(s, n, "enc", NULL), x, NULL);
    r->asm_ = row_text(s, r, "asm");
    r->sem = row_text(s, r, "sem");
    r->when = row_text(s, r, "when");
    r->ref = ynode_get(n, "ref") ? row_text(s, r, "ref") : "";
    r->over_id = row_text(s, r, "over");
    r->restartable = node_bool(s, n, "restartable");
    if (!row_required(s, r)) return;
    row_ext(s, r);
    row_status(s, r);
    const struct ynode *enc = ynode_get(n, "enc");
    if (s->bytes ? !bytes_parse(s, r, enc) : !enc_parse(s, r, enc)) return;
    if (!row_operands(s, r) || (s->bytes && !bytes_operands(s, r, enc))) return;
    row_tests(s, r);
    if (!row_syntax(s, r)) return;
    r->index = s->nrows++;
    *s->rows_tail = r;
    s->rows_tail = &r->next;
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
    for (struct ynode *n = rows->child; n; n = n->next)
        if (CHECK_KEYS(s, n, "a row", "id", "ext", "enc", "asm", "ops", "when", "width", "over", "sem",
                       "flags", "undef", "test", "status", "restartable", "ref", "for"))
            row_expand(s, n);
    return true;
}

static void row_when(struct spec *s, struct row *r)
{
    const struct ynode *n = ynode_get(r->node, "when");
    uint64_t v;
    if (!n) return;
    struct source src = source_of(s, r, n);
    r->when_expr = parse_expr(&src);
    if (r->when_expr && !decode_eval(r, r->when_expr, 0, &v))
        row_error(s, r, n->at, n->len, "'when' may use fields and numbers only");
}

/* A special case of an expanded row names it with or without the expansion's suffix. */
static void row_over(struct spec *s, struct row *r)
{
    const struct ynode *n = ynode_get(r->node, "over");
    if (!n) return;
    r->over = row_find(s, r->over_id);
    if (!r->over) r->over = row_find(s, expanded_id(s, r->over_id, &r->how));
    if (!r->over)
        row_error(s, r, n->at, n->len, "'over' names no row: '%s'", r->over_id);
    else if (!row_within(r, r->over))
        row_error(s, r, n->at, n->len, "'%s' is not a special case of '%s': the fixed bits differ", r->id,
                  r->over->id);
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
