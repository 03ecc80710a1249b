/* The expression language: statements and expressions into trees. specs/README.md, "sem". */
#include "specs/gen/parse.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    const struct source *src;
    struct token *t; /* the next token */
    bool failed;     /* an error was reported */
    int depth;       /* of nesting */
};

/* Binary operators by how tightly they bind, loosest first; as in C. */
static const char *const levels[][9] = {
    {"|"},
    {"^"},
    {"&"},
    {"==", "!="},
    {"<u", "<s", "<=u", "<=s", ">u", ">s", ">=u", ">=s"},
    {"<<", ">>u", ">>s"},
    {"+", "-"},
    {"*"},
};

static struct expr *fail(struct parser *p, const char *expected)
{
    const struct token *t = p->t;
    if (!p->failed) {
        if (t->kind == TOK_END || t->kind == TOK_NEWLINE)
            source_error(p->src, t->offset, 1, "expected %s before the end of the line", expected);
        else
            source_error(p->src, t->offset, t->len, "expected %s, found '%s'", expected, t->text);
    }
    p->failed = true;
    return NULL;
}

static bool is(const struct parser *p, const char *punct)
{
    return p->t->kind == TOK_PUNCT && !strcmp(p->t->text, punct);
}

static bool accept(struct parser *p, const char *punct)
{
    if (!is(p, punct)) return false;
    p->t++;
    return true;
}

static bool expect(struct parser *p, const char *punct)
{
    char what[16];
    if (accept(p, punct)) return true;
    snprintf(what, sizeof(what), "'%s'", punct);
    fail(p, what);
    return false;
}

static struct expr *node(struct parser *p, enum expr_kind kind, const struct token *t)
{
    struct expr *e = arena_alloc(&p->src->spec->arena, sizeof(*e));
    *e = (struct expr){.kind = kind, .text = t->text, .offset = t->offset};
    return e;
}

static struct expr *binary(struct parser *p, size_t level);

/* "zext.i64": a verb with its type, unless an operation has that whole name ("f32.add"). */
static void verb_type(struct parser *p, struct expr *e)
{
    static const int types[] = {1, 8, 16, 32, 64, 128, TYPE_V128};
    char *dot = strrchr(e->text, '.');
    if (!dot || op_find(p->src->spec, e->text)) return;
    if (!strcmp(dot + 1, "W") && p->src->row) e->type = (int)p->src->row->width;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (!strcmp(dot + 1, type_name(types[i]))) e->type = types[i];
    if (e->type) e->text = arena_strndup(&p->src->spec->arena, e->text, (size_t)(dot - e->text));
}

static struct expr *arguments(struct parser *p, struct expr *e)
{
    e->kind = EX_CALL;
    verb_type(p, e);
    if (accept(p, ")")) return e;
    do {
        struct expr *a = binary(p, 0);
        if (!a) return NULL;
        if (e->nargs == OP_MAX_ARGS) return fail(p, "fewer arguments");
        e->args[e->nargs++] = a;
    } while (accept(p, ","));
    return expect(p, ")") ? e : NULL;
}

static struct expr *primary(struct parser *p)
{
    struct token *t = p->t;
    if (t->kind == TOK_NUMBER) {
        p->t++;
        struct expr *e = node(p, EX_NUMBER, t);
        e->number = t->number;
        return e;
    }
    if (t->kind == TOK_NAME) {
        p->t++;
        struct expr *e = node(p, EX_NAME, t);
        return accept(p, "(") ? arguments(p, e) : e;
    }
    if (accept(p, "#")) {
        if (p->t->kind != TOK_NAME) return fail(p, "the name of a field after '#'");
        return node(p, EX_FIELDNUM, p->t++);
    }
    if (accept(p, "(")) {
        struct expr *e = binary(p, 0);
        return e && expect(p, ")") ? e : NULL;
    }
    return fail(p, "a value");
}

/* A bit's number: 7, W, W-1. */
static bool slice_number(struct parser *p, unsigned *v)
{
    const struct token *start = p->t;
    bool is_width = start->kind == TOK_NAME && !strcmp(start->text, "W") && p->src->row && p->src->row->width;
    uint64_t n = is_width ? p->src->row->width : start->number;
    if (!is_width && start->kind != TOK_NUMBER)
        n = 128;
    else
        p->t++;
    if (is_width && accept(p, "-")) n -= p->t->kind == TOK_NUMBER ? (p->t++)->number : n + 1;
    if (n < 128) {
        *v = (unsigned)n;
        return true;
    }
    source_error(p->src, start->offset, start->len, "expected a bit number up to 127, found '%s'",
                 start->text);
    p->failed = true;
    return false;
}

static struct expr *postfix(struct parser *p)
{
    struct expr *e = primary(p);
    while (e && is(p, "[")) {
        struct expr *s = node(p, EX_SLICE, p->t++);
        s->args[s->nargs++] = e;
        if (!slice_number(p, &s->hi)) return NULL;
        s->lo = s->hi;
        if (accept(p, ":") && !slice_number(p, &s->lo)) return NULL;
        if (!expect(p, "]")) return NULL;
        if (s->lo > s->hi) {
            source_error(p->src, s->offset, 1, "bits [%u:%u] are the wrong way round", s->hi, s->lo);
            p->failed = true;
            return NULL;
        }
        e = s;
    }
    return e;
}

static struct expr *unary(struct parser *p)
{
    struct token *t = p->t;
    if (!is(p, "-") && !is(p, "~") && !is(p, "!")) return postfix(p);
    if (++p->depth > 50) return fail(p, "a simpler expression");
    p->t++;
    struct expr *a = unary(p);
    p->depth--;
    if (!a) return NULL;
    if (a->kind == EX_NUMBER && t->text[0] == '-') { /* a negative number is a number */
        a->number = 0 - a->number;
        a->text = arena_printf(&p->src->spec->arena, "-%s", a->text);
        a->offset = t->offset;
        return a;
    }
    struct expr *e = node(p, EX_UNARY, t);
    e->args[e->nargs++] = a;
    return e;
}

static bool at_level(const struct parser *p, size_t level)
{
    for (size_t i = 0; i < ARRAY_LEN(levels[level]) && levels[level][i]; i++)
        if (is(p, levels[level][i])) return true;
    return false;
}

static struct expr *binary(struct parser *p, size_t level)
{
    if (level == ARRAY_LEN(levels)) return unary(p);
    if (level == 0 && ++p->depth > 50) return fail(p, "a simpler expression");
    struct expr *left = binary(p, level + 1);
    while (left && at_level(p, level)) {
        struct expr *e = node(p, EX_BINARY, p->t++);
        e->args[0] = left;
        e->args[1] = binary(p, level + 1);
        e->nargs = 2;
        left = e->args[1] ? e : NULL;
    }
    if (level == 0) p->depth--;
    return left;
}

static bool is_name(const struct parser *p, const char *name)
{
    return p->t->kind == TOK_NAME && !strcmp(p->t->text, name);
}

static struct stmt *statement(struct parser *p)
{
    struct stmt *s = arena_alloc(&p->src->spec->arena, sizeof(*s));
    if (is_name(p, "if")) {
        p->t++;
        s->cond = binary(p, 0);
        if (!s->cond || !expect(p, ":")) return NULL;
    }
    if (p->t->kind == TOK_NAME && p->t[1].kind == TOK_PUNCT && !strcmp(p->t[1].text, "=")) {
        s->target = p->t->text;
        s->target_offset = p->t->offset;
        p->t += 2;
    }
    if (is_name(p, "call")) {
        p->t++;
        s->call = true;
    }
    s->value = binary(p, 0);
    if (!s->value) return NULL;
    if (!s->target && s->value->kind != EX_CALL) {
        source_error(p->src, s->value->offset, strlen(s->value->text),
                     "this value goes nowhere; expected 'name = …' or a verb");
        return NULL;
    }
    if (p->t->kind != TOK_NEWLINE && p->t->kind != TOK_END) {
        fail(p, "the end of the line");
        return NULL;
    }
    return s;
}

struct stmt *parse_sem(const struct source *src)
{
    struct parser p = {.src = src, .t = lex(src)};
    struct stmt *first = NULL, **tail = &first;
    if (!p.t) return NULL;
    for (;;) {
        while (p.t->kind == TOK_NEWLINE) p.t++;
        if (p.t->kind == TOK_END) break;
        struct stmt *s = statement(&p);
        if (!s) return NULL;
        *tail = s;
        tail = &s->next;
    }
    if (!first) source_error(src, 0, 1, "the semantics are empty");
    return first;
}

struct expr *parse_expr(const struct source *src)
{
    struct parser p = {.src = src, .t = lex(src)};
    if (!p.t) return NULL;
    struct expr *e = binary(&p, 0);
    if (e && p.t->kind != TOK_END) e = fail(&p, "the end of the expression");
    return e;
}
