/* Numbers, labels, '.', and sums and differences of them.
 *
 * The first pass meets labels that are not defined yet: a sum with one of them is `unknown`, and the second
 * pass, which knows all, finds the value. Sizes never depend on a value that is unknown. */
#include "engine/guest/asm_internal.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/* 12, 0x1f, 0b101, 0o17: true when the whole word is digits; *fits says whether it is below 2^64. */
static bool number(const char *s, size_t len, uint64_t *v, bool *fits)
{
    int base = 10;
    if (len > 2 && s[0] == '0') {
        char kind = s[1];
        base = kind == 'x' || kind == 'X' ? 16 : kind == 'b' || kind == 'B' ? 2 : kind == 'o' ? 8 : 10;
    }
    *v = 0;
    *fits = true;
    for (size_t i = base == 10 ? 0 : 2; i < len; i++) {
        int d = digit(s[i]);
        if (d >= base) return false;
        *fits &=
            !__builtin_mul_overflow(*v, (uint64_t)base, v) && !__builtin_add_overflow(*v, (uint64_t)d, v);
    }
    return true;
}

static bool same(const struct asm_label *l, const char *s, size_t len)
{
    return l->len == len && !memcmp(l->name, s, len);
}

/* "1f", "1b": the next or the previous label of that number. */
static size_t local_label(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && s[n] >= '0' && s[n] <= '9') n++;
    return n && n + 1 == len && (s[n] == 'f' || s[n] == 'b') ? n : 0;
}

static const struct asm_label *find_label(const struct assembler *a, const char *s, size_t len)
{
    size_t local = local_label(s, len);
    if (local && s[local] == 'f') {
        for (unsigned i = a->seen; i < a->nlabels; i++)
            if (same(&a->labels[i], s, local)) return &a->labels[i];
        return NULL;
    }
    for (unsigned i = local ? a->seen : a->nlabels; i-- > 0;)
        if (same(&a->labels[i], s, local ? local : len)) return &a->labels[i];
    return NULL;
}

static bool unknown_label(struct assembler *a, const char *s, size_t len)
{
    struct suggest near = suggest_start(s, len);
    for (const struct asm_label *l = a->labels; l && l < a->labels + a->nlabels; l++)
        suggest_offer(&near, l->name, l->len);
    if (!near.best) return asm_fail(a, s, len, "unknown label '%.*s'", (int)len, s);
    return asm_fail(a, s, len, "unknown label '%.*s'; did you mean '%.*s'?", (int)len, s, (int)near.best_len,
                    near.best);
}

static bool label(struct assembler *a, const char *s, size_t len, struct asm_value *v)
{
    const struct asm_label *l = find_label(a, s, len);
    struct guest_reg_ref r = {NULL, 0};
    if (!l) r = guest_reg_find_span(a->g, s, len); /* no label has such a name, see asm.c */
    if (r.reg && r.reg->count > 1)
        return asm_fail(a, s, len, "expected a number or a label, found register '%.*s'", (int)len, s);
    if (!l && a->final) return unknown_label(a, s, len);
    if (l)
        v->v = l->at;
    else
        v->unknown = true;
    v->addresses = 1;
    return true;
}

/* A whole operand of the alias whose text is being read. */
static bool bound_term(struct assembler *a, const struct asm_cursor *text, struct asm_value *v)
{
    struct asm_cursor inner = *text;
    if (!asm_expr(a, &inner, v)) return false;
    if (inner.p == inner.end) return true;
    return asm_fail(a, inner.p, (size_t)(inner.end - inner.p), "unexpected '%.*s'",
                    (int)(inner.end - inner.p), inner.p);
}

static bool term(struct assembler *a, struct asm_cursor *c, bool negative, struct asm_value *v)
{
    size_t name, len = asm_word(c, ".$");
    const char *s = c->p;
    const struct asm_cursor *bound = asm_bound(c, &name);
    *v = (struct asm_value){.at = s, .len = len};
    if (bound) {
        c->p += name;
        return bound_term(a, bound, v);
    }
    if (len == 0) {
        bool shown = s<c->end && * s> ' ' && *s < 0x7f;
        return asm_fail(a, s, 1, "expected a number%s%.*s%s", shown ? ", found '" : "", shown, s,
                        shown ? "'" : "");
    }
    c->p += len;
    if (len == 1 && s[0] == '.') {
        v->v = asm_here(a, c->env);
        v->addresses = 1;
        return true;
    }
    if (digit(s[0]) > 9 || local_label(s, len)) return label(a, s, len, v);
    bool fits;
    if (!number(s, len, &v->v, &fits)) return asm_fail(a, s, len, "bad number '%.*s'", (int)len, s);
    if (fits && (!negative || v->v <= 1ull << 63)) return true;
    return asm_fail(a, s, len, "%s%.*s does not fit in 64 bits", negative ? "-" : "", (int)len, s);
}

bool asm_expr(struct assembler *a, struct asm_cursor *c, struct asm_value *v)
{
    const char *start = c->p;
    *v = (struct asm_value){.at = start};
    for (bool first = true;; first = false) {
        struct asm_value t;
        struct asm_cursor next = *c;
        asm_skip_blanks(&next);
        bool negative = asm_is(&next, '-');
        if (!negative && !asm_is(&next, '+') && !first) break;
        if (negative || asm_is(&next, '+')) next.p++;
        asm_skip_blanks(&next);
        if (!term(a, &next, negative, &t)) return false;
        v->v = negative ? v->v - t.v : v->v + t.v;
        v->addresses += negative ? -t.addresses : t.addresses;
        v->unknown |= t.unknown;
        *c = next;
        /* a lone name of an alias stands where the user wrote what it means */
        v->at = first && !negative ? t.at : start;
        v->len = first && !negative ? t.len : (size_t)(next.p - start);
    }
    return true;
}
