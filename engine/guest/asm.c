/* The assembler's outer part: statements, labels, directives, and the two passes.
 *
 * Tables drive everything: mnemonics and operands come from the guest's rows (asm_match.c), other mnemonics
 * from its aliases (asm_alias.c). An instruction's size is what its mnemonic says, whatever its operands, so
 * the first pass finds every label; when something pointed to a label further down, a second pass does all
 * again. */
#include "engine/guest/asm_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

void asm_skip_blanks(struct asm_cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r')) c->p++;
}

size_t asm_word(const struct asm_cursor *c, const char *also)
{
    const char *p = c->p;
    for (; p < c->end; p++) {
        bool plain =
            (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        const char *more = also;
        while (!plain && *more && *more != *p) more++;
        if (!plain && !*more) break;
    }
    return (size_t)(p - c->p);
}

bool asm_fail(struct assembler *a, const char *p, size_t span, const char *fmt, ...)
{
    va_list ap;
    if (p < a->text || p > a->end) { /* inside an alias: show the user's instruction */
        p = a->stmt;
        span = a->stmt_len;
    }
    size_t offset = (size_t)(p - a->text);
    if (a->failed && offset < a->err->offset) return false;
    a->failed = true;
    a->err->offset = offset;
    a->err->span = span;
    va_start(ap, fmt);
    vsnprintf(a->err->message, sizeof(a->err->message), fmt, ap);
    va_end(ap);
    return false;
}

uint64_t asm_here(const struct assembler *a, const struct asm_env *env)
{
    return env ? env->here : a->here;
}

void asm_emit(struct assembler *a, uint64_t value, unsigned size)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    buf_add(a->out, bytes, size);
}

/* ---- labels ---- */

static bool define_label(struct assembler *a, const char *name, size_t len)
{
    bool local = name[0] >= '0' && name[0] <= '9'; /* "1:" may be defined again and again */
    uint64_t at = a->out->len - a->base;
    if (a->final) {
        if (a->labels[a->seen].at != at)
            return asm_fail(a, name, len, "the size of an instruction before '%.*s' depends on where it is",
                            (int)len, name);
        a->seen++;
        return true;
    }
    struct guest_reg_ref r = guest_reg_find_span(a->g, name, len);
    if (r.reg && r.reg->count > 1)
        return asm_fail(a, name, len, "'%.*s' is a register and cannot be a label", (int)len, name);
    for (unsigned i = 0; !local && i < a->nlabels; i++)
        if (a->labels[i].len == len && !memcmp(a->labels[i].name, name, len))
            return asm_fail(a, name, len, "label '%.*s' is defined twice", (int)len, name);
    if (a->nlabels == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->labels = xrealloc(a->labels, a->cap * sizeof(*a->labels));
    }
    a->labels[a->nlabels++] = (struct asm_label){name, len, at};
    a->seen = a->nlabels;
    return true;
}

/* "name:" at c; *found says whether there is one. */
static bool read_label(struct assembler *a, struct asm_cursor *c, bool *found)
{
    size_t len = asm_word(c, ".$");
    struct asm_cursor after = {c->p + len, c->end, NULL};
    asm_skip_blanks(&after);
    *found = len && !c->env && asm_is(&after, ':');
    if (!*found) return true;
    bool digits = true, starts = *c->p < '0' || *c->p > '9';
    for (size_t i = 0; i < len; i++) digits &= c->p[i] >= '0' && c->p[i] <= '9';
    if ((!digits && !starts) || (len == 1 && *c->p == '.'))
        return asm_fail(a, c->p, len, "'%.*s' is not a name for a label", (int)len, c->p);
    if (!define_label(a, c->p, len)) return false;
    c->p = after.p + 1;
    return true;
}

/* ---- directives ---- */

/* One number of ".4byte 1, -1". */
static bool read_datum(struct assembler *a, struct asm_cursor *c, unsigned size)
{
    struct asm_value v;
    asm_skip_blanks(c);
    if (!asm_expr(a, c, &v)) return false;
    if (v.unknown)
        a->unresolved = true;
    else if (v.addresses)
        return asm_fail(a, v.at, v.len, "expected a number, found an address");
    else if (v.v > bits_mask(8 * size) && bits_sext(v.v, 8 * size) != (int64_t)v.v)
        return asm_fail(a, v.at, v.len, "%.*s does not fit in %u bytes", (int)v.len, v.at, size);
    asm_emit(a, v.v, size);
    return true;
}

/* Directives and the bytes of each of their numbers. */
static const struct {
    const char *name; /* as written */
    unsigned size;    /* bytes */
} directives[] = {{".byte", 1}, {".2byte", 2}, {".4byte", 4}, {".8byte", 8}};

/* What follows would not be an instruction. */
static bool is_left_out(const struct assembler *a, size_t i)
{
    return directives[i].size % a->g->code_unit != 0;
}

/* ".raw N": the next N bytes of those that came encoded. */
static bool take_raw(struct assembler *a, struct asm_cursor *c)
{
    struct asm_value v;
    asm_skip_blanks(c);
    if (!asm_expr(a, c, &v)) return false;
    if (v.unknown || v.addresses || v.v > a->raw->len - a->raw_at)
        return asm_fail(a, v.at, v.len, "there are %zu bytes left", a->raw->len - a->raw_at);
    buf_add(a->out, a->raw->p + a->raw_at, v.v);
    a->raw_at += v.v;
    return true;
}

static bool unknown_directive(struct assembler *a, const char *s, size_t len)
{
    struct suggest near = suggest_start(s, len);
    for (size_t i = 0; i < ARRAY_LEN(directives); i++)
        if (!is_left_out(a, i)) suggest_offer(&near, directives[i].name, strlen(directives[i].name));
    if (!near.best) return asm_fail(a, s, len, "unknown directive '%.*s'", (int)len, s);
    return asm_fail(a, s, len, "unknown directive '%.*s'; did you mean '%.*s'?", (int)len, s,
                    (int)near.best_len, near.best);
}

/* The rest of a directive's line: nothing. */
static bool directive_ends(struct assembler *a, const struct asm_cursor *c)
{
    return c->p == c->end ||
           asm_fail(a, c->p, (size_t)(c->end - c->p), "unexpected '%.*s'", (int)(c->end - c->p), c->p);
}

static bool directive(struct assembler *a, struct asm_cursor c)
{
    size_t len = asm_word(&c, ".");
    if (a->raw && len == 4 && !memcmp(c.p, ".raw", len)) {
        c.p += len;
        return take_raw(a, &c) && directive_ends(a, &c);
    }
    for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
        const char *name = directives[i].name;
        if (is_left_out(a, i) || strlen(name) != len || memcmp(name, c.p, len) != 0) continue;
        c.p += len;
        do {
            if (!read_datum(a, &c, directives[i].size)) return false;
            asm_skip_blanks(&c);
        } while (asm_is(&c, ',') && c.p++);
        return directive_ends(a, &c);
    }
    return unknown_directive(a, c.p, len);
}

/* ---- statements ---- */

static bool instruction(struct assembler *a, struct asm_cursor c)
{
    bool known = false;
    if (asm_is(&c, '.')) return directive(a, c);
    return asm_rows(a, c, &known) || asm_aliases(a, c, &known) || (!known && asm_unknown(a, c));
}

/* One statement without its separator and comment. */
static bool statement(struct assembler *a, struct asm_cursor c, uint64_t *here)
{
    bool found;
    do {
        asm_skip_blanks(&c);
        if (!read_label(a, &c, &found)) return false;
    } while (found);
    while (c.end > c.p && (c.end[-1] == ' ' || c.end[-1] == '\t' || c.end[-1] == '\r')) c.end--;
    if (c.p == c.end) return true;
    *here = a->out->len - a->base;
    if (!c.env) {
        a->stmt = c.p;
        a->stmt_len = asm_word(&c, ".");
        if (a->stmt_len == 0) a->stmt_len = 1;
    }
    if (!instruction(a, c)) return false;
    a->failed = false; /* what did not match before something did is no error */
    return true;
}

bool asm_statements(struct assembler *a, struct asm_cursor c, uint64_t *here)
{
    while (c.p < c.end) {
        struct asm_cursor s = c;
        while (c.p < c.end && *c.p != '\n' && *c.p != ';' && *c.p != '#') c.p++;
        s.end = c.p;
        if (!statement(a, s, here)) return false;
        if (asm_is(&c, '#'))
            while (c.p < c.end && *c.p != '\n') c.p++;
        if (c.p < c.end) c.p++;
    }
    return true;
}

static void truncate_to(struct buf *b, size_t len)
{
    b->len = len;
    if (b->p) b->p[len] = 0;
}

bool guest_asm(const struct guest *g, const char *text, struct buf *out, struct asm_error *err)
{
    return guest_asm_raw(g, text, NULL, out, err);
}

bool guest_asm_raw(const struct guest *g, const char *text, const struct buf *raw, struct buf *out,
                   struct asm_error *err)
{
    const char *end = text + strlen(text);
    struct assembler a = {
        .g = g, .text = text, .end = end, .raw = raw, .out = out, .base = out->len, .err = err};
    struct asm_cursor all = {text, end, NULL};
    a.stmt = text;
    bool ok = asm_statements(&a, all, &a.here);
    if (ok && a.unresolved) {
        truncate_to(out, a.base);
        a.seen = 0;
        a.raw_at = 0;
        a.final = true;
        ok = asm_statements(&a, all, &a.here);
    }
    free(a.labels);
    if (!ok) truncate_to(out, a.base);
    return ok;
}
