/* From a row of a file to rows of the spec: `for:` tables, operand widths, register and memory forms. */
#include "specs/gen/row.h"

#include <string.h>

/* A text being built, with the origin of each byte. */
struct builder {
    struct buf text, map;
};

static void build(struct builder *b, const char *p, size_t n, uint32_t from, bool walk)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = from + (walk ? (uint32_t)i : 0);
        buf_char(&b->text, p[i]);
        buf_add(&b->map, &at, sizeof(at));
    }
}

static const char *built(struct spec *s, struct builder *b, uint32_t end, const uint32_t **map)
{
    const char *text = arena_strdup(&s->arena, buf_cstr(&b->text));
    uint32_t *m = arena_alloc(&s->arena, b->map.len + sizeof(end));
    if (b->map.len) memcpy(m, b->map.p, b->map.len);
    m[b->map.len / sizeof(*m)] = end;
    if (map) *map = m;
    buf_free(&b->text);
    buf_free(&b->map);
    return text;
}

/* {W} and {B}: the operand width in bits and bytes. */
static const char *width_text(struct spec *s, const struct expansion *x, const char *name, size_t len)
{
    if (!x->width || len != 1 || (*name != 'W' && *name != 'B')) return NULL;
    return arena_printf(&s->arena, "%u", *name == 'W' ? x->width->bits : x->width->bits / 8);
}

const char *text_expand(struct spec *s, const char *text, const struct expansion *x, const uint32_t **map)
{
    struct builder b = {0};
    if (map) *map = NULL;
    if (!text || !strchr(text, '{') || (!x->entry && !x->width)) return text;
    for (const char *p = text; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL, *value = NULL;
        uint32_t from = (uint32_t)(p - text);
        if (end) {
            size_t len = (size_t)(end - p - 1);
            struct ynode *v = x->entry ? ynode_get(x->entry, arena_strndup(&s->arena, p + 1, len)) : NULL;
            value = v ? v->text : width_text(s, x, p + 1, len);
        }
        if (value)
            build(&b, value, strlen(value), from, false);
        else
            build(&b, p, 1, from, true); /* a name nobody knows stays: {aqrl} is the assembler's */
        p = value ? end + 1 : p + 1;
    }
    return built(s, &b, (uint32_t)strlen(text), map);
}

/* Where the width's token stands in an encoding, as a whole word; or NULL. */
static const char *token_find(const char *enc, const char *token)
{
    size_t n = strlen(token);
    for (const char *p = enc; (p = strstr(p, token)); p++)
        if ((p == enc || strchr(" .", p[-1])) && (!p[n] || strchr(" .", p[n]))) return p;
    return NULL;
}

/* The encoding of one width: its token is replaced wherever it stands, or goes in front. */
const char *enc_expand(struct spec *s, const char *text, const struct expansion *x, const uint32_t **map)
{
    struct builder b = {0};
    const uint32_t *inner;
    const char *enc = text_expand(s, text, x, &inner);
    if (map) *map = inner;
    if (!enc || !x->width) return enc;
    const char *at = x->set->at, *instead = x->width->instead, *p = enc;
    if (!at && *instead) {
        build(&b, instead, strlen(instead), 0, false);
        build(&b, " ", 1, 0, false);
    }
    for (const char *t; at && (t = token_find(p, at)); p = t + strlen(at)) {
        build(&b, p, (size_t)(t - p), (uint32_t)(p - enc), true);
        build(&b, instead, strlen(instead), (uint32_t)(t - enc), false);
    }
    build(&b, p, strlen(p), (uint32_t)(p - enc), true);
    const uint32_t *outer;
    const char *all = built(s, &b, (uint32_t)strlen(enc), &outer);
    uint32_t *both = arena_alloc(&s->arena, (strlen(all) + 1) * sizeof(*both));
    for (size_t i = 0; i <= strlen(all); i++) both[i] = inner ? inner[outer[i]] : outer[i];
    if (map) *map = both;
    return all;
}

/* Has the row an operand that ModRM makes a register or memory? Then it is two rows. */
static bool has_forms(struct spec *s, struct ynode *n, const struct expansion *x)
{
    struct ynode *ops = ynode_get(n, "ops");
    for (struct ynode *o = ops ? ops->child : NULL; o; o = o->next) {
        if (o->kind != YNODE_SCALAR) continue;
        struct kind *k = kind_of(s, text_expand(s, o->text, x, NULL), x->width ? x->width->bits : 0);
        if (k && k->memory == MEMORY_ALSO) return true;
    }
    return false;
}

/* An error in one expansion is most likely one in all: the first says it. */
static bool expand_forms(struct spec *s, struct ynode *n, struct expansion x)
{
    unsigned before = s->diag.errors;
    const char *forms = has_forms(s, n, &x) ? "rm" : "";
    do {
        x.form = *forms;
        row_add(s, n, &x);
    } while (s->diag.errors == before && *forms && *++forms);
    return s->diag.errors == before;
}

static bool expand_widths(struct spec *s, struct ynode *n, struct expansion x)
{
    struct ynode *width = ynode_get(n, "width");
    if (!width) return expand_forms(s, n, x);
    const char *name = text_expand(s, width->text, &x, NULL);
    for (x.set = s->width_sets; x.set && strcmp(x.set->name, name); x.set = x.set->next) continue;
    if (!x.set) {
        diag_error(&s->diag, width->at, width->len, "no '%s' under 'widths' in isa.yaml%s", name,
                   SUGGEST(s, name, s->width_sets, ""));
        return false;
    }
    for (unsigned i = 0; i < x.set->nwidths; i++) {
        x.width = &x.set->widths[i];
        if (!expand_forms(s, n, x)) return false;
    }
    return true;
}

void row_expand(struct spec *s, struct ynode *n)
{
    struct ynode *table = ynode_get(n, "for");
    if (!table) {
        expand_widths(s, n, (struct expansion){0});
        return;
    }
    struct ynode *entries = ynode_get(s->vary, table->text);
    if (!entries)
        diag_error(&s->diag, table->at, table->len, "no table '%s' under 'vary' in isa.yaml", table->text);
    for (struct ynode *v = entries ? entries->child : NULL; v; v = v->next)
        if (!expand_widths(s, n, (struct expansion){.table = table->text, .entry = v})) return;
}
