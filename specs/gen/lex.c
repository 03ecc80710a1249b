/* Tokens of the expression language, and positions in it. */
#include "specs/gen/parse.h"

#include <ctype.h>
#include <string.h>

struct source source_of(struct spec *s, const struct row *r, const struct ynode *n)
{
    struct source src = {.spec = s, .row = r, .node = n};
    src.text = r ? text_expand(s, n->text, &r->how, &src.map) : n->text;
    return src;
}

struct pos source_pos(const struct source *src, size_t offset)
{
    if (!src->node) return (struct pos){0};
    return ynode_text_pos(src->node, src->map ? src->map[offset] : offset);
}

void source_verror(const struct source *src, size_t offset, size_t span, const char *fmt, va_list ap)
{
    struct buf b = {0};
    buf_vprintf(&b, fmt, ap);
    row_error(src->spec, src->row, source_pos(src, offset), span ? span : 1, "%s", buf_cstr(&b));
    buf_free(&b);
}

void source_error(const struct source *src, size_t offset, size_t span, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    source_verror(src, offset, span, fmt, ap);
    va_end(ap);
}

/* Longest first, so that '<=u' is not '<'. */
static const char *const punct[] = {">>u", ">>s", "<=u", "<=s", ">=u", ">=s", "<<", "<u", "<s", ">u",
                                    ">s",  "==",  "!=",  "+",   "-",   "*",   "&",  "|",  "^",  "~",
                                    "!",   "(",   ")",   "[",   "]",   ":",   ",",  "=",  "#"};

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A name may have dots inside: f32.add, zext.i64. */
static size_t name_length(const char *p)
{
    size_t n = 0;
    while (name_char(p[n]) || (p[n] == '.' && n && name_char(p[n + 1]))) n++;
    return n;
}

static bool lex_one(const struct source *src, const char **p, struct token *t)
{
    struct arena *a = &src->spec->arena;
    const char *s = *p;
    bool negative;
    *t = (struct token){.offset = (size_t)(s - src->text)};
    if (*s == '\n') {
        t->kind = TOK_NEWLINE;
        t->len = 1;
    } else if (isdigit((unsigned char)*s)) {
        t->kind = TOK_NUMBER;
        while (name_char(s[t->len])) t->len++;
        if (!number_parse(s, t->len, &t->number, &negative)) {
            source_error(src, t->offset, t->len, "'%.*s' is not a number", (int)t->len, s);
            return false;
        }
    } else if (isalpha((unsigned char)*s) || *s == '_') {
        t->kind = TOK_NAME;
        t->len = name_length(s);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(punct) && !t->len; i++)
            if (!strncmp(s, punct[i], strlen(punct[i]))) t->len = strlen(punct[i]);
        t->kind = TOK_PUNCT;
        if (!t->len) {
            source_error(src, t->offset, 1, "unexpected '%c'", *s);
            return false;
        }
    }
    t->text = arena_strndup(a, s, t->len);
    *p = s + t->len;
    return true;
}

struct token *lex(const struct source *src)
{
    size_t n = 0;
    struct token *list = arena_alloc(&src->spec->arena, sizeof(*list) * (strlen(src->text) + 2));
    for (const char *p = src->text; *p;) {
        if (*p == ' ' || *p == '\t')
            p++;
        else if (!lex_one(src, &p, &list[n++]))
            return NULL;
    }
    list[n] = (struct token){.kind = TOK_END, .offset = strlen(src->text), .text = ""};
    return list;
}
