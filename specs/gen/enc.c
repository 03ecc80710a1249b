/* enc: the bits of an instruction, most significant first, into fixed bits and fields. */
#include "specs/gen/parse.h"

#include <stdlib.h>
#include <string.h>

/* One parse of an `enc` text. */
struct encoder {
    struct source src;
    struct field *fields;            /* found so far, */
    size_t field_at[ROW_MAX_FIELDS]; /* where in the text first, */
    unsigned nfields;                /* and how many */
    uint32_t mask, match;            /* fixed bits so far */
    unsigned width;                  /* bits so far */
    bool dontcare;                   /* an opcode space: '-*5' is allowed, and fields nobody declared */
};

static bool enc_error(struct encoder *e, const char *at, size_t span, const char *fmt, ...) PRINTF(4, 5);
static bool enc_error(struct encoder *e, const char *at, size_t span, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    source_verror(&e->src, (size_t)(at - e->src.text), span, fmt, ap);
    va_end(ap);
    return false;
}

static void field_define(struct field *f, struct field_def *def)
{
    f->def = def;
    f->kind = def->kind;
    f->nonzero = def->nonzero || (f->kind && f->kind->nonzero);
    f->is_signed = f->kind && f->kind->is_imm && f->kind->is_signed;
}

/* Fields are collected first to last from the top; their positions are known only when the total width is. */
static struct field *enc_field(struct encoder *e, const char *at, size_t len)
{
    struct spec *s = e->src.spec;
    char *name = arena_strndup(&s->arena, at, len);
    struct field_def *d = s->field_defs;
    for (unsigned i = 0; i < e->nfields; i++)
        if (!strcmp(e->fields[i].name, name)) return &e->fields[i];
    while (d && strcmp(d->name, name)) d = d->next;
    if (!d && !e->dontcare) {
        enc_error(e, at, len, "unknown field '%s'%s", name, SUGGEST(s, name, s->field_defs, ""));
        return NULL;
    }
    if (e->nfields == ROW_MAX_FIELDS) {
        enc_error(e, at, len, "more than %d fields", ROW_MAX_FIELDS);
        return NULL;
    }
    e->field_at[e->nfields] = (size_t)(at - e->src.text);
    struct field *f = &e->fields[e->nfields++];
    *f = (struct field){.name = name};
    if (d) field_define(f, d);
    return f;
}

static bool enc_slice(struct encoder *e, struct field *f, unsigned hi, unsigned lo, const char *at,
                      size_t len)
{
    if (f->nslices == ARRAY_LEN(f->slices)) return enc_error(e, at, len, "more than 8 slices");
    for (unsigned i = 0; i < f->nslices; i++)
        if (hi >= f->slices[i].at && lo < f->slices[i].at + f->slices[i].width)
            return enc_error(e, at, len, "bits %u..%u of '%s' are placed twice", hi, lo, f->name);
    f->slices[f->nslices++] = (struct slice){.pos = e->width, .width = hi - lo + 1, .at = lo};
    e->width += hi - lo + 1;
    return true;
}

/* "[11:5]", "[12|10:5]" after a field's name. */
static const char *enc_slices(struct encoder *e, struct field *f, const char *p)
{
    const char *start = p++;
    for (;;) {
        char *end;
        const char *range = p;
        unsigned hi = (unsigned)strtoul(p, &end, 10), lo = hi;
        if (end == p) break;
        if (*end == ':') lo = (unsigned)strtoul(end + 1, &end, 10);
        if (hi > 63 || lo > hi) break;
        if (!enc_slice(e, f, hi, lo, range, (size_t)(end - range))) return NULL;
        p = end + 1;
        if (*end == ']') return p;
        if (*end != '|') break;
    }
    enc_error(e, start, 1, "cannot read the bits of '%s'; expected [hi:lo], or several with '|'", f->name);
    return NULL;
}

static const char *enc_named(struct encoder *e, const char *p)
{
    size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    if (!len) {
        enc_error(e, p, 1, "unexpected '%c' in an encoding; expected binary digits or a field", *p);
        return NULL;
    }
    struct field *f = enc_field(e, p, len);
    if (!f) return NULL;
    if (p[len] == '[') return enc_slices(e, f, p + len);
    if (!f->def || !f->def->width) {
        enc_error(e, p, len, "field '%s' has no fixed width; write its bits as %s[hi:lo]", f->name, f->name);
        return NULL;
    }
    return enc_slice(e, f, f->def->width - 1, 0, p, len) ? p + len : NULL;
}

static const char *enc_literal(struct encoder *e, const char *p)
{
    for (; *p == '0' || *p == '1'; p++) {
        e->mask = e->mask << 1 | 1;
        e->match = e->match << 1 | (uint32_t)(*p == '1');
        e->width++;
    }
    return p;
}

/* Every bit between a field's lowest and highest must have a place. */
static bool enc_complete(struct encoder *e, const struct field *f)
{
    uint64_t seen = 0, missing;
    for (unsigned k = 0; k < f->nslices; k++) seen |= bits_mask(f->slices[k].width) << f->slices[k].at;
    missing = bits_mask(f->width) & ~bits_mask(f->low) & ~seen;
    if (!missing) return true;
    return enc_error(e, e->src.text + e->field_at[f - e->fields], strlen(f->name),
                     "bit %d of '%s' has no place: it is %u bits wide", 63 - __builtin_clzll(missing),
                     f->name, f->width);
}

/* Turns positions counted from the top into bit numbers, and settles each field's width. */
static bool enc_settle(struct encoder *e)
{
    bool ok = true;
    for (unsigned i = 0; i < e->nfields; i++) {
        struct field *f = &e->fields[i];
        f->low = 64;
        for (unsigned k = 0; k < f->nslices; k++) {
            struct slice *sl = &f->slices[k];
            sl->pos = e->width - sl->pos - sl->width;
            if (sl->at + sl->width > f->width) f->width = sl->at + sl->width;
            if (sl->at < f->low) f->low = sl->at;
        }
        ok &= enc_complete(e, f);
    }
    return ok;
}

/* One token at p: digits, a field, or the don't-cares of an opcode space. */
static const char *enc_token(struct encoder *e, const char *p)
{
    if (*p == '0' || *p == '1') return enc_literal(e, p);
    unsigned before = e->width;
    if (e->dontcare && p[0] == '-' && p[1] == '*') {
        char *end;
        e->width += (unsigned)strtoul(p + 2, &end, 10);
        p = end;
    } else {
        p = enc_named(e, p);
    }
    unsigned moved = e->width - before; /* the fixed bits so far go up */
    e->mask = moved >= 32 ? 0 : e->mask << moved;
    e->match = moved >= 32 ? 0 : e->match << moved;
    return p;
}

static bool enc_run(struct encoder *e)
{
    for (const char *p = e->src.text; p && *p;) {
        p = *p == ' ' ? p + 1 : enc_token(e, p);
        if (!p) return false;
        if (e->width > 32)
            return enc_error(e, e->src.text, strlen(e->src.text), "the encoding is wider than 32 bits");
    }
    return enc_settle(e);
}

bool enc_bits(struct spec *s, const struct ynode *at, const char *text, uint32_t *mask, uint32_t *match,
              struct field *fields, unsigned *nfields, unsigned *width)
{
    struct encoder e = {.src = {.spec = s, .node = at, .text = text}, .fields = fields, .dontcare = true};
    if (!enc_run(&e)) return false;
    *mask = e.mask;
    *match = e.match;
    *nfields = e.nfields;
    *width = e.width;
    return true;
}

bool enc_parse(struct spec *s, struct row *r, const struct ynode *at)
{
    struct encoder e = {.src = {.spec = s, .row = r, .node = at}, .fields = r->fields};
    const char *enc = e.src.text = enc_expand(s, at->text, &r->how, &e.src.map);
    if (!enc_run(&e)) return false;
    if (e.width != 32 && e.width != s->code_unit)
        return enc_error(&e, enc, strlen(enc),
                         s->code_unit == 32 ? "the encoding has %u bits; expected 32"
                                            : "the encoding has %u bits; expected %u or 32",
                         e.width, s->code_unit);
    r->mask = e.mask;
    r->match = e.match;
    r->nfields = e.nfields;
    r->length = e.width / 8;
    bool fixed = (r->mask & s->long_mask) == s->long_mask;
    bool is_long = (r->match & s->long_mask) == s->long_value;
    if (s->long_mask && (!fixed || is_long != (e.width == 32)))
        return enc_error(&e, enc, strlen(enc), "the low bits of the encoding do not say that it has %u bits",
                         e.width);
    return true;
}

uint64_t field_get(const struct field *f, uint32_t word)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < f->nslices; i++)
        v |= bits_get(word, f->slices[i].pos + f->slices[i].width - 1, f->slices[i].pos) << f->slices[i].at;
    return v;
}
