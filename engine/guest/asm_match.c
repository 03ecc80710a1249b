/* One instruction against the rows that its mnemonic may mean.
 *
 * Rows are found by binary search in by_mnemonic. A mnemonic with an embedded operand ("amoadd.w{aqrl}") is
 * sorted by what stands before it, so such rows are looked for under every beginning of the word. Each
 * candidate is tried; the first that fits is meant, and when none does, the error that lies farthest in the
 * text is reported. */
#include "engine/guest/asm_internal.h"

#include <string.h>

/* ---- one row ---- */

/* Says what the row takes where something else stands. */
static bool expected(struct assembler *a, const struct asm_cursor *c, const struct guest_row *row,
                     const char *what, size_t len)
{
    int name = (int)guest_mnemonic_literal(row);
    if (len) /* something of the syntax is missing */
        return asm_fail(a, c->p, 1, "expected '%.*s'; the syntax is '%.*s %s'", (int)len, what, name,
                        row->mnemonic, row->syntax);
    int rest = (int)(c->end - c->p);
    if (!row->syntax[0])
        return asm_fail(a, c->p, (size_t)rest, "unexpected '%.*s'; %.*s takes no operands", rest, c->p, name,
                        row->mnemonic);
    return asm_fail(a, c->p, (size_t)rest, "unexpected '%.*s'; the syntax is '%.*s %s'", rest, c->p, name,
                    row->mnemonic, row->syntax);
}

/* A literal word of the syntax; a register may be written by any of its names. */
static bool match_word(struct assembler *a, struct asm_cursor *c, const struct guest_row *row,
                       const struct syntax_token *t)
{
    size_t len = asm_word(c, "");
    bool same = len == t->len && !memcmp(c->p, t->text, len);
    if (!same && len) {
        struct guest_reg_ref want = guest_reg_find_span(a->g, t->text, t->len);
        struct guest_reg_ref got = guest_reg_find_span(a->g, c->p, len);
        same = want.reg && want.reg == got.reg && want.index == got.index;
    }
    if (!same) return expected(a, c, row, t->text, t->len);
    c->p += len;
    return true;
}

static bool match_punct(struct assembler *a, struct asm_cursor *c, const struct guest_row *row, char ch)
{
    if (!asm_is(c, ch)) {
        /* "0(a0)" where the syntax has no offset, "(a0)" */
        bool zero = ch == '(' && c->end - c->p >= 2 && c->p[0] == '0' && c->p[1] == '(';
        if (!zero) return expected(a, c, row, &ch, 1);
        c->p++;
    }
    c->p++;
    return true;
}

/* "[, rm]" left out: every operand in it gets its default. */
static void put_defaults(struct syntax *s, uint32_t *word)
{
    for (;;) {
        struct syntax_token t = syntax_next(s);
        if (t.kind == SYNTAX_CLOSE || t.kind == SYNTAX_END) return;
        if (t.kind != SYNTAX_FIELD) continue;
        int def = t.field->kind ? t.field->kind->def : -1;
        bool put = def >= 0 && guest_field_put(t.field, (uint64_t)def, word);
        BUG_ON(!put); /* an operand that may be left out has a default */
    }
}

static bool match_operands(struct assembler *a, struct asm_cursor *c, const struct guest_row *row,
                           uint32_t *word)
{
    struct syntax s = syntax_of_operands(row);
    for (;;) {
        struct syntax_token t = syntax_next(&s);
        asm_skip_blanks(c);
        switch (t.kind) {
        case SYNTAX_END: return c->p == c->end || expected(a, c, row, NULL, 0);
        case SYNTAX_SPACE:
        case SYNTAX_CLOSE: break;
        case SYNTAX_OPEN:
            if (c->p == c->end) put_defaults(&s, word);
            break;
        case SYNTAX_FIELD:
            if (!asm_operand(a, c, row, t.field, word)) return false;
            break;
        case SYNTAX_WORD:
            if (!match_word(a, c, row, &t)) return false;
            break;
        case SYNTAX_PUNCT:
            if (!match_punct(a, c, row, *t.text)) return false;
            break;
        }
    }
}

/* The whole mnemonic, embedded operands included; c is at its first character. */
static bool match_mnemonic(struct asm_cursor c, size_t len, const struct guest_row *row, uint32_t *word)
{
    struct syntax s = syntax_of_mnemonic(row);
    c.end = c.p + len;
    for (;;) {
        struct syntax_token t = syntax_next(&s);
        if (t.kind == SYNTAX_END) return c.p == c.end;
        if (t.kind == SYNTAX_FIELD) {
            if (!asm_embedded(&c, t.field, word)) return false;
            continue;
        }
        if ((size_t)(c.end - c.p) < t.len || memcmp(c.p, t.text, t.len) != 0) return false;
        c.p += t.len;
    }
}

/* The bits must decode as this row. A row without a condition may have a special case with a name of its own
 * ('over'): then those bits are that one, and mean what was written. */
static bool check_decode(struct assembler *a, struct asm_cursor start, const struct guest_row *row,
                         uint32_t word)
{
    int got = a->g->decode(word);
    if (got >= 0 && (&a->g->rows[got] == row || !row->when)) return true;
    size_t span = (size_t)(start.end - start.p);
    if (row->when)
        return asm_fail(a, start.p, span, "%.*s needs %s", (int)guest_mnemonic_literal(row), row->mnemonic,
                        row->when);
    return asm_fail(a, start.p, span, "these operands have no encoding");
}

static bool try_row(struct assembler *a, struct asm_cursor start, size_t len, const struct guest_row *row,
                    bool *known)
{
    uint32_t word = row->match;
    if (!match_mnemonic(start, len, row, &word)) return false;
    struct asm_cursor c = start;
    bool unresolved = a->unresolved;
    c.p += len;
    *known = true;
    /* what is not resolved yet has zeroes in its place, which need not decode */
    a->unresolved = false;
    bool ok = match_operands(a, &c, row, &word) && (a->unresolved || check_decode(a, start, row, word));
    if (ok) asm_emit(a, word, row->length);
    a->unresolved = unresolved || (ok && a->unresolved);
    return ok;
}

/* ---- finding rows ---- */

static const struct guest_row *row_at(const struct guest *g, unsigned i)
{
    return &g->rows[g->by_mnemonic[i]];
}

/* strcmp of the row's literal beginning and s. */
static int compare(const struct guest_row *row, const char *s, size_t len)
{
    const char *m = row->mnemonic;
    size_t n = 0;
    while (n < len && m[n] && m[n] != '{' && m[n] == s[n]) n++;
    bool ended = !m[n] || m[n] == '{';
    if (ended || n == len) return n < len ? -1 : !ended;
    return (uint8_t)m[n] < (uint8_t)s[n] ? -1 : 1;
}

/* The first index whose beginning is not below s. */
static unsigned lower_bound(const struct guest *g, const char *s, size_t len)
{
    unsigned lo = 0, hi = g->nrows;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (compare(row_at(g, mid), s, len) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static size_t common(const struct guest_row *row, const char *s, size_t len)
{
    size_t n = 0, max = guest_mnemonic_literal(row);
    while (n < max && n < len && row->mnemonic[n] == s[n]) n++;
    return n;
}

bool asm_rows(struct assembler *a, struct asm_cursor c, bool *known)
{
    const struct guest *g = a->g;
    size_t len = asm_word(&c, ".");
    for (size_t n = len;;) {
        unsigned first = lower_bound(g, c.p, n);
        for (unsigned i = first; i < g->nrows && compare(row_at(g, i), c.p, n) == 0; i++)
            if (try_row(a, c, len, row_at(g, i), known)) return true;
        /* what begins like the word and is shorter lies before; nothing longer than what is shared with it is
         * there */
        if (first == 0) return false;
        n = common(row_at(g, first - 1), c.p, n);
        if (n == 0) return false;
    }
}
