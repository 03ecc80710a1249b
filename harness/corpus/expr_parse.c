/* Conditions: the grammar, by precedence climbing. Mistakes are said where they stand, mistakes of type
 * included. */
#include "harness/corpus/expr_internal.h"

#include "specs/yaml/yaml.h"

#include <string.h>

struct parser {
    const struct guest *g;   /* registers and causes */
    const char *text;        /* the whole of it */
    size_t len, at;          /* its length; what comes next */
    int depth;               /* of nesting */
    struct arena *arena;     /* of the tree */
    struct value_error *err; /* the first mistake */
};

/* Longer ones first where one begins like another. */
static const struct operator
{
    const char *text; /* as written */
    int level;        /* higher binds tighter */
    enum expr_op op;  /* what it does */
}
operators[] = {
    {"||", 1, EXPR_LOR},  {"&&", 2, EXPR_LAND}, {"==", 3, EXPR_EQ},   {"!=", 3, EXPR_NE},
    {"<=u", 3, EXPR_LEU}, {"<=s", 3, EXPR_LES}, {">=u", 3, EXPR_GEU}, {">=s", 3, EXPR_GES},
    {"<u", 3, EXPR_LTU},  {"<s", 3, EXPR_LTS},  {">u", 3, EXPR_GTU},  {">s", 3, EXPR_GTS},
    {"|", 4, EXPR_OR},    {"^", 5, EXPR_XOR},   {"&", 6, EXPR_AND},   {"<<", 7, EXPR_SHL},
    {">>u", 7, EXPR_SHR}, {">>s", 7, EXPR_SAR}, {"+", 8, EXPR_ADD},   {"-", 8, EXPR_SUB},
    {"*", 9, EXPR_MUL},
};
enum { LEVEL_COMPARE = 3, LEVEL_UNARY = 10 };

static struct expr *fail(struct parser *p, size_t at, size_t span, const char *fmt, ...) PRINTF(4, 5);

static struct expr *fail(struct parser *p, size_t at, size_t span, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->err->message, sizeof(p->err->message), fmt, ap);
    va_end(ap);
    p->err->offset = at;
    p->err->span = span ? span : 1;
    return NULL;
}

static struct expr *node(struct parser *p, enum expr_op op, size_t start)
{
    struct expr *e = arena_alloc(p->arena, sizeof(*e));
    e->op = op;
    e->offset = start;
    e->span = p->at - start;
    return e;
}

static void blanks(struct parser *p)
{
    while (p->at < p->len && (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\t'))
        p->at++;
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct parser *p)
{
    return p->at < p->len ? p->text[p->at] : 0;
}

static bool take(struct parser *p, char c)
{
    blanks(p);
    if (peek(p) != c) return false;
    p->at++;
    return true;
}

/* A name at the reading point: its length, 0 for none. */
static size_t name_length(const struct parser *p)
{
    size_t n = 0;
    while (p->at + n < p->len && (is_alpha(p->text[p->at + n]) || (n && is_digit(p->text[p->at + n])))) n++;
    return n;
}

static struct expr *expression(struct parser *p, int level);

/* ---- primaries ---- */

static struct expr *number(struct parser *p)
{
    size_t start = p->at;
    uint64_t v;
    bool negative;
    while (is_alpha(peek(p)) || is_digit(peek(p))) p->at++;
    if (!number_parse(p->text + start, p->at - start, &v, &negative))
        return fail(p, start, p->at - start, "not a number");
    struct expr *e = node(p, EXPR_NUMBER, start);
    e->number = v;
    return e;
}

/* 'load-access' */
static struct expr *cause(struct parser *p)
{
    static const struct {
        const char *name;    /* as written */
        enum exit_kind kind; /* what it means */
    } plain[] = {{"budget", EXIT_BUDGET}, {"halt", EXIT_HALT}, {"shutdown", EXIT_SHUTDOWN}};
    size_t start = p->at++;
    const char *name = p->text + p->at, *end = memchr(name, '\'', p->len - p->at);
    if (!end) return fail(p, start, 1, "the quote is not closed");
    size_t n = (size_t)(end - name);
    p->at += n + 1;
    struct expr *e = node(p, EXPR_CAUSE, start);
    e->exit = true;
    for (unsigned i = 0; i < ARRAY_LEN(plain); i++) {
        if (strlen(plain[i].name) != n || memcmp(plain[i].name, name, n)) continue;
        e->number = expr_exit_code(plain[i].kind, 0);
        return e;
    }
    struct suggest near = suggest_start(name, n);
    for (unsigned i = 0; i < p->g->ncauses; i++) {
        const struct guest_cause *c = &p->g->causes[i];
        suggest_offer(&near, c->name, strlen(c->name));
        if (strlen(c->name) != n || memcmp(c->name, name, n)) continue;
        e->number = expr_exit_code(c->exit, i);
        return e;
    }
    return fail(p, start, n + 2, "%s has no cause '%.*s'%s%.*s%s", p->g->name, (int)(n > 40 ? 40 : n), name,
                near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
                near.best ? "'?" : "");
}

static struct expr *call(struct parser *p, const char *name, size_t n, size_t start)
{
    struct suggest near = suggest_start(name, n);
    unsigned f = 0;
    for (; f < expr_nfunctions; f++) {
        suggest_offer(&near, expr_functions[f].name, strlen(expr_functions[f].name));
        if (strlen(expr_functions[f].name) == n && !memcmp(expr_functions[f].name, name, n)) break;
    }
    if (f == expr_nfunctions)
        return fail(p, start, n, "no function '%.*s'%s%.*s%s", (int)(n > 40 ? 40 : n), name,
                    near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
                    near.best ? "'?" : "");
    const struct expr *args[2] = {NULL, NULL};
    for (unsigned i = 0; i < expr_functions[f].args; i++) {
        if (i && !take(p, ',')) return fail(p, p->at, 1, "%s takes %u arguments", expr_functions[f].name, 2);
        args[i] = expression(p, 1);
        if (!args[i]) return NULL;
        if (args[i]->exit) return fail(p, args[i]->offset, args[i]->span, "expected a number");
    }
    if (!take(p, ')'))
        return fail(p, p->at, 1, "expected ')' after the arguments of %s", expr_functions[f].name);
    struct expr *e = node(p, EXPR_CALL, start);
    e->number = f;
    e->a = args[0];
    e->b = args[1];
    return e;
}

static struct expr *named(struct parser *p, enum expr_op op, enum expr_side side, size_t start)
{
    size_t n = name_length(p);
    if (!n) return fail(p, p->at, 1, "expected the name of an operand");
    const char *name = p->text + p->at;
    p->at += n;
    struct expr *e = node(p, op, start);
    e->side = side;
    e->name = arena_strndup(p->arena, name, n);
    e->reg = guest_reg_find(p->g, e->name);
    if (side == SIDE_BEFORE) return e;
    if (!strcmp(e->name, "exit")) e->op = EXPR_EXIT;
    if (!strcmp(e->name, "value")) e->op = EXPR_VALUE;
    e->exit = e->op == EXPR_EXIT;
    return e;
}

static struct expr *name(struct parser *p)
{
    size_t start = p->at, n = name_length(p);
    const char *s = p->text + start;
    if (start + n < p->len && s[n] == '(') {
        p->at += n + 1;
        return call(p, s, n, start);
    }
    enum expr_side side = n == 4 && !memcmp(s, "ours", 4)     ? SIDE_OURS
                          : n == 6 && !memcmp(s, "theirs", 6) ? SIDE_THEIRS
                                                              : SIDE_BEFORE;
    if (side != SIDE_BEFORE) {
        p->at += n;
        if (peek(p) != '.') return fail(p, p->at, 1, "expected '.' and a name after '%.*s'", (int)n, s);
        p->at++;
        return named(p, EXPR_NAME, side, start);
    }
    bool word = n == 4 && !memcmp(s, "word", 4);
    if (word || (n == 4 && !memcmp(s, "next", 4))) {
        p->at += n;
        return node(p, word ? EXPR_WORD : EXPR_NEXT, start);
    }
    return named(p, EXPR_NAME, SIDE_BEFORE, start);
}

static struct expr *primary(struct parser *p)
{
    blanks(p);
    char c = peek(p);
    if (is_digit(c)) return number(p);
    if (c == '\'') return cause(p);
    if (is_alpha(c)) return name(p);
    if (c == '#') {
        size_t start = p->at++;
        return named(p, EXPR_FIELD, SIDE_BEFORE, start);
    }
    if (take(p, '(')) {
        struct expr *e = expression(p, 1);
        if (e && !take(p, ')')) return fail(p, p->at, 1, "expected ')'");
        return e;
    }
    return fail(p, p->at, 1, p->at < p->len ? "expected a value" : "the expression ends too early");
}

/* ---- postfix, unary, binary ---- */

static bool small(struct parser *p, unsigned *v)
{
    blanks(p);
    size_t start = p->at;
    for (*v = 0; is_digit(peek(p)) && *v < 1000; p->at++) *v = *v * 10 + (unsigned)(peek(p) - '0');
    return p->at > start && *v < 64;
}

static struct expr *slices(struct parser *p, struct expr *e)
{
    if (!e) return NULL;
    while (take(p, '[')) {
        size_t at = p->at;
        unsigned hi, lo;
        bool good = small(p, &hi);
        lo = hi;
        if (good && take(p, ':')) good = small(p, &lo);
        if (!good || lo > hi) return fail(p, at, p->at - at, "expected bits as [63:32] or [0]");
        if (!take(p, ']')) return fail(p, p->at, 1, "expected ']'");
        if (e->exit) return fail(p, e->offset, e->span, "expected a number");
        struct expr *s = node(p, EXPR_SLICE, e->offset);
        s->hi = hi;
        s->lo = lo;
        s->a = e;
        e = s;
    }
    return e;
}

static struct expr *unary(struct parser *p)
{
    blanks(p);
    size_t start = p->at;
    char c = peek(p);
    enum expr_op op = c == '-' ? EXPR_NEG : c == '~' ? EXPR_NOT : EXPR_LNOT;
    if (c != '-' && c != '~' && c != '!') return slices(p, primary(p));
    p->at++;
    struct expr *a = expression(p, LEVEL_UNARY);
    if (!a) return NULL;
    if (a->exit) return fail(p, a->offset, a->span, "expected a number");
    struct expr *e = node(p, op, start);
    e->a = a;
    return e;
}

static const struct operator* next_operator(struct parser *p)
{
    blanks(p);
    for (unsigned i = 0; i < ARRAY_LEN(operators); i++) {
        size_t n = strlen(operators[i].text);
        if (p->len - p->at >= n && !memcmp(p->text + p->at, operators[i].text, n)) return &operators[i];
    }
    return NULL;
}

/* Ways to end can only be the same or not. */
static bool types_fit(struct parser *p, enum expr_op op, const struct expr *a, const struct expr *b)
{
    bool equality = op == EXPR_EQ || op == EXPR_NE;
    if (a->exit == b->exit && (!a->exit || equality)) return true;
    const struct expr *wrong = a->exit && !equality ? a : b;
    fail(p, wrong->offset, wrong->span, "expected %s", wrong->exit ? "a number" : "a cause, as 'illegal'");
    return false;
}

static struct expr *expression(struct parser *p, int level)
{
    if (++p->depth > EXPR_MAX_DEPTH) return fail(p, p->at, 1, "more than %d levels", EXPR_MAX_DEPTH);
    struct expr *a = unary(p);
    const struct operator* o;
    if (!a) return NULL;
    while ((o = next_operator(p)) && o->level >= level && o->level < LEVEL_UNARY) {
        p->at += strlen(o->text);
        struct expr *b = expression(p, o->level + 1);
        if (!b || !types_fit(p, o->op, a, b)) return NULL;
        struct expr *e = node(p, o->op, a->offset);
        e->a = a;
        e->b = b;
        a = e;
        const struct operator* again = next_operator(p);
        if (o->level == LEVEL_COMPARE && again && again->level == LEVEL_COMPARE)
            return fail(p, p->at, strlen(again->text), "comparisons do not chain: put one in parentheses");
    }
    p->depth--;
    return a;
}

const struct expr *expr_parse(const struct guest *g, const char *text, size_t len, struct arena *a,
                              struct value_error *err)
{
    struct parser p = {.g = g, .text = text, .len = len, .arena = a, .err = err};
    if (len > EXPR_MAX_TEXT) return fail(&p, 0, 1, "a condition has at most %d characters", EXPR_MAX_TEXT);
    struct expr *e = expression(&p, 1);
    if (!e) return NULL;
    blanks(&p);
    char c = peek(&p);
    if ((c == '<' || c == '>') && p.at < len)
        return fail(&p, p.at, 1, "a comparison says whether it is signed: <u <s <=u <=s >u >s >=u >=s");
    if (p.at < len) return fail(&p, p.at, 1, "expected an operator or the end");
    if (e->exit) return fail(&p, e->offset, e->span, "expected a condition, not a way to end");
    return e;
}
