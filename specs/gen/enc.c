/* enc: the bits of an instruction, most significant first, into fixed bits and fields. */
#include "specs/gen/gen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One parse of an `enc` text. */
struct encoder {
    struct spec *spec;
    const struct row *row;    /* for messages; NULL for an opcode space */
    const struct ynode *node; /* where the text stands */
    const char *text;
    struct field *fields;
    unsigned nfields;
    uint32_t mask, match;
    unsigned width; /* bits so far */
    bool dontcare;  /* '-*5' is allowed */
};

static bool enc_error(struct encoder *e, const char *at, size_t span, const char *fmt, ...) PRINTF(4, 5);
static bool enc_error(struct encoder *e, const char *at, size_t span, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    struct source src = {e->spec, e->row, e->node, e->text};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    source_error(&src, (size_t)(at - e->text), span, "%s", buf_cstr(&b));
    buf_free(&b);
    return false;
}

/* Fields are collected first to last from the top; their positions are known only when the total width is. */
static struct field *enc_field(struct encoder *e, const char *at, size_t len)
{
    char *name = arena_strndup(&e->spec->arena, at, len);
    for (unsigned i = 0; i < e->nfields; i++)
        if (!strcmp(e->fields[i].name, name)) return &e->fields[i];
    if (e->nfields == ROW_MAX_FIELDS) {
        enc_error(e, at, len, "more than %d fields", ROW_MAX_FIELDS);
        return NULL;
    }
    struct field *f = &e->fields[e->nfields++];
    *f = (struct field){.name = name};
    for (struct field_def *d = e->spec->field_defs; d; d = d->next)
        if (!strcmp(d->name, name)) f->def = d;
    if (f->def) {
        f->kind = f->def->kind;
        f->nonzero = f->def->nonzero || (f->kind && f->kind->nonzero);
        f->is_signed = f->kind && f->kind->is_imm && f->kind->is_signed;
    }
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
        unsigned hi = (unsigned)strtoul(p, &end, 10), lo = hi;
        if (end == p) break;
        if (*end == ':') lo = (unsigned)strtoul(end + 1, &end, 10);
        if (hi > 63 || lo > hi) break;
        if (!enc_slice(e, f, hi, lo, start, (size_t)(end - start))) return NULL;
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
    if (!f->def && !e->dontcare) {
        const char *names[128];
        size_t n = 0;
        for (struct field_def *d = e->spec->field_defs; d && n < ARRAY_LEN(names); d = d->next)
            names[n++] = d->name;
        const char *near = diag_suggest(f->name, names, n);
        enc_error(e, p, len, "unknown field '%s'%s%s%s", f->name, near ? "; did you mean '" : "",
                  near ? near : "", near ? "'?" : "");
        return NULL;
    }
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

/* Turns positions counted from the top into bit numbers, and settles each field's width. */
static void enc_settle(struct encoder *e)
{
    for (unsigned i = 0; i < e->nfields; i++) {
        struct field *f = &e->fields[i];
        f->low = 64;
        for (unsigned k = 0; k < f->nslices; k++) {
            struct slice *sl = &f->slices[k];
            sl->pos = e->width - sl->pos - sl->width;
            if (sl->at + sl->width > f->width) f->width = sl->at + sl->width;
            if (sl->at < f->low) f->low = sl->at;
        }
        uint64_t seen = 0;
        for (unsigned k = 0; k < f->nslices; k++) seen |= bits_mask(f->slices[k].width) << f->slices[k].at;
        if (seen != (bits_mask(f->width) & ~bits_mask(f->low)))
            enc_error(e, e->text, 1, "bits of field '%s' are missing: it is %u bits wide", f->name, f->width);
    }
}

static bool enc_run(struct encoder *e)
{
    for (const char *p = e->text; *p;) {
        unsigned before = e->width;
        uint32_t mask = e->mask;
        if (*p == ' ') {
            p++;
            continue;
        }
        if (e->dontcare && p[0] == '-' && p[1] == '*') {
            char *end;
            e->width += (unsigned)strtoul(p + 2, &end, 10);
            p = end;
        } else if (*p == '0' || *p == '1') {
            p = enc_literal(e, p);
        } else {
            p = enc_named(e, p);
        }
        if (!p) return false;
        if (e->width > 32)
            return enc_error(e, e->text, strlen(e->text), "the encoding is wider than 32 bits");
        if (e->mask == mask && e->width != before) { /* a field moved the fixed bits up */
            e->mask = e->width - before >= 32 ? 0 : e->mask << (e->width - before);
            e->match = e->width - before >= 32 ? 0 : e->match << (e->width - before);
        }
    }
    enc_settle(e);
    return true;
}

bool enc_bits(struct spec *s, const struct ynode *at, const char *text, uint32_t *mask, uint32_t *match,
              struct field *fields, unsigned *nfields, unsigned *width)
{
    struct encoder e = {.spec = s, .node = at, .text = text, .fields = fields, .dontcare = true};
    if (!enc_run(&e)) return false;
    *mask = e.mask;
    *match = e.match;
    *nfields = e.nfields;
    *width = e.width;
    return true;
}

bool enc_parse(struct spec *s, struct row *r, const struct ynode *at)
{
    struct encoder e = {.spec = s, .row = r, .node = at, .text = r->enc, .fields = r->fields};
    if (!enc_run(&e)) return false;
    if (e.width != 32 && e.width != s->code_unit)
        return enc_error(&e, r->enc, strlen(r->enc), "the encoding has %u bits; expected %u or 32", e.width,
                         s->code_unit);
    r->mask = e.mask;
    r->match = e.match;
    r->nfields = e.nfields;
    r->length = e.width / 8;
    if (s->long_mask) {
        bool fixed = (r->mask & s->long_mask) == s->long_mask;
        bool is_long = (r->match & s->long_mask) == s->long_value;
        if (!fixed || is_long != (e.width == 32))
            return enc_error(&e, r->enc, strlen(r->enc),
                             "the low bits of the encoding do not say that it has %u bits", e.width);
    }
    return true;
}

uint64_t field_get(const struct field *f, uint32_t word)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < f->nslices; i++)
        v |= bits_get(word, f->slices[i].pos + f->slices[i].width - 1, f->slices[i].pos) << f->slices[i].at;
    return v;
}
