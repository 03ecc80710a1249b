/* What a quirk masks, and for which versions: the two small texts of its row. */
#include "harness/judge/quirk.h"

#include <string.h>

/* ---- masks ---- */

static bool digits(const char **s, unsigned *v)
{
    const char *start = *s;
    for (*v = 0; **s >= '0' && **s <= '9' && *v < 10000; (*s)++) *v = *v * 10 + (unsigned)(**s - '0');
    return *s > start;
}

/* "[63:32]", "[0]" or "[NX]" at text + at; nothing means all `width` bits. */
static bool parse_bits(const char *text, size_t at, const struct guest_reg *bits, unsigned width,
                       struct quirk_mask *m, struct value_error *err)
{
    const char *s = text + at;
    m->hi = width - 1;
    m->lo = 0;
    m->width = width;
    if (!*s) return true;
    if (*s++ != '[')
        return value_refuse(err, at, strlen(text + at), "expected bits as [63:32], [0] or [NX], or the end");
    size_t n = strcspn(s, "]");
    for (unsigned i = 0; bits && bits->bits && bits->bits[i]; i++) {
        if (!n || strlen(bits->bits[i]) != n || memcmp(bits->bits[i], s, n)) continue;
        m->hi = m->lo = i;
        s += n;
    }
    if (*s != ']') {
        bool good = digits(&s, &m->hi);
        m->lo = m->hi;
        if (good && *s == ':') {
            s++;
            good = digits(&s, &m->lo);
        }
        if (!good || *s != ']')
            return value_refuse(err, at, strlen(text + at), "expected bits as [63:32], [0] or [NX]");
    }
    if (s[1]) return value_refuse(err, (size_t)(s + 1 - text), strlen(s + 1), "expected the end after ']'");
    if (m->lo <= m->hi && m->hi < width) return true;
    return value_refuse(err, at, strlen(text + at), "there are bits %u to 0", width - 1);
}

static unsigned width_of(const struct guest_kind *k)
{
    return k->file->width * (k->pair ? 2 : 1);
}

/* The operand called so in every one of the rows; its width is the same in all of them. */
static int operand_width(const struct guest *g, const uint64_t *rows, const char *name, size_t n,
                         unsigned *width, struct value_error *err)
{
    const struct guest_row *with = NULL, *without = NULL;
    bool written = false;
    *width = 0;
    for (unsigned i = 0; i < g->nrows; i++) {
        if (!(rows[i / 64] >> (i % 64) & 1)) continue;
        const struct guest_field *f = expr_field(&g->rows[i], name, n);
        if (!f || f->kind->print != PRINT_REG) {
            without = &g->rows[i];
            continue;
        }
        with = &g->rows[i];
        written |= with->absent || f->access & GUEST_WRITE;
        unsigned w = width_of(f->kind);
        if (!*width || w < *width) *width = w;
    }
    if (!with) return 0;
    if (!without && written) return 1;
    if (without)
        value_refuse(err, 0, n, "row %s has no register operand '%.*s'", without->id, (int)n, name);
    else
        value_refuse(err, 0, n, "no row writes '%.*s': the mask matches nothing", (int)n, name);
    return -1;
}

/* Some of the rows writes memory; what is not done yet may. */
static bool any_stores(const struct guest *g, const uint64_t *rows)
{
    for (unsigned i = 0; i < g->nrows; i++)
        if (rows[i / 64] >> (i % 64) & 1 &&
            (g->rows[i].absent || g->rows[i].effects & (EFFECT_STORE | EFFECT_AMO)))
            return true;
    return false;
}

bool quirk_mask_is_whole(const struct quirk_mask *m)
{
    return (m->kind != MASK_OPERAND && m->kind != MASK_REG) || (m->lo == 0 && m->hi == m->width - 1);
}

void quirk_mask_write(const struct quirk_mask *m, struct buf *out)
{
    static const char *const plain[] = {[MASK_MEM] = "mem", [MASK_EXIT] = "exit", [MASK_VALUE] = "value"};
    if (m->kind == MASK_ITEM) {
        buf_str(out, m->operand);
        return;
    }
    buf_str(out, m->kind == MASK_OPERAND ? m->operand
                 : m->kind == MASK_REG   ? guest_reg_name(m->reg.reg, m->reg.index)
                                         : plain[m->kind]);
    if (quirk_mask_is_whole(m)) return;
    const char *const *names = m->kind == MASK_REG ? m->reg.reg->bits : NULL;
    unsigned known = 0;
    while (names && names[known] && known < m->lo) known++;
    if (names && m->hi == m->lo && names[known] && *names[known])
        buf_printf(out, "[%s]", names[known]);
    else
        buf_printf(out, m->hi == m->lo ? "[%u]" : "[%u:%u]", m->hi, m->lo);
}

bool quirk_parse_mask(const struct guest *g, const uint64_t *rows, const char *text, struct arena *a,
                      struct quirk_mask *m, struct value_error *err)
{
    static const struct {
        const char *name;          /* as written */
        enum quirk_mask_kind kind; /* what it means */
    } plain[] = {{"mem", MASK_MEM}, {"exit", MASK_EXIT}, {"value", MASK_VALUE}};
    size_t n = strcspn(text, "[");
    unsigned width;
    *m = (struct quirk_mask){0};
    for (unsigned i = 0; i < ARRAY_LEN(plain); i++) {
        if (strcmp(plain[i].name, text)) continue;
        m->kind = plain[i].kind;
        if (m->kind != MASK_MEM || any_stores(g, rows)) return true;
        return value_refuse(err, 0, n, "no row writes memory: the mask matches nothing");
    }
    int operand = operand_width(g, rows, text, n, &width, err);
    if (operand < 0) return false;
    if (operand) {
        m->kind = MASK_OPERAND;
        m->operand = arena_strndup(a, text, n);
        return parse_bits(text, n, NULL, width, m, err);
    }
    m->kind = MASK_REG;
    m->reg = guest_reg_find_span(g, text, n);
    if (!m->reg.reg)
        return value_refuse(err, 0, n,
                            "'%.*s' is no operand of these rows, no register, and none of mem, exit, value",
                            (int)(n > 40 ? 40 : n), text);
    return parse_bits(text, n, m->reg.reg, m->reg.reg->width, m, err);
}

/* ---- versions ---- */

/* Compares dotted numbers as far as `spec` goes; the rest of `have` only when `all`. */
static int version_compare(const char *have, const char *spec, bool all)
{
    for (;;) {
        unsigned a, b;
        bool more_have = digits(&have, &a), more_spec = digits(&spec, &b);
        if (!more_spec && (!all || !more_have)) return 0;
        a = more_have ? a : 0;
        b = more_spec ? b : 0;
        if (a != b) return a < b ? -1 : 1;
        have += *have == '.';
        spec += *spec == '.';
    }
}

static bool holds(const char *op, size_t n, const char *have, const char *version)
{
    if (n == 0) return version_compare(have, version, false) == 0;
    int c = version_compare(have, version, true);
    if (n == 1 && op[0] == '<') return c < 0;
    if (n == 1 && op[0] == '>') return c > 0;
    return op[0] == '<' ? c <= 0 : op[0] == '>' ? c >= 0 : c == 0;
}

int quirk_version_matches(const char *spec, const char *have)
{
    bool all = true, any = false;
    have += strcspn(have, "0123456789");
    for (;;) {
        spec += strspn(spec, " ");
        if (!*spec) return any ? all : -1;
        size_t n = strspn(spec, "<>=");
        const char *version = spec + n;
        size_t len = strspn(version, "0123456789.");
        bool op = n == 0 || (n == 1) || (n == 2 && spec[1] == '=' && spec[0] != '=');
        if (!op || !len || version[0] == '.' || (version[len] && version[len] != ' ')) return -1;
        all &= holds(spec, n, have, version);
        any = true;
        spec = version + len;
    }
}
