/* Register values and bytes as corpus files write them. */
#include "harness/generate/values.h"

#include "specs/yaml/yaml.h"

#include <inttypes.h>
#include <string.h>

bool value_refuse(struct value_error *err, size_t offset, size_t span, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    err->offset = offset;
    err->span = span ? span : 1;
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* How much of a text a message may quote. */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

/* ---- registers ---- */

static bool too_wide(struct guest_reg_ref r, const char *s, size_t len, struct value_error *err)
{
    return value_refuse(err, 0, len, "%.*s is too wide for %s, which has %u bit%s", shown(len), s,
                        guest_reg_name(r.reg, r.index), r.reg->width, r.reg->width == 1 ? "" : "s");
}

/* 0x… of more than 64 bits. */
static bool parse_long_hex(struct guest_reg_ref r, const char *s, size_t len, uint64_t *v,
                           struct value_error *err)
{
    unsigned bit = 0;
    for (size_t i = len; i-- > 2;) {
        if (s[i] == '_' && i > 2 && i + 1 < len && s[i - 1] != '_') continue;
        int d = hex_digit(s[i]);
        if (d < 0) return value_refuse(err, i, 1, "not a hexadecimal digit");
        for (int k = 0; k < 4; k++, bit++) {
            if (!(d >> k & 1)) continue;
            if (bit >= r.reg->width) return too_wide(r, s, len, err);
            v[bit / 64] |= 1ull << (bit % 64);
        }
    }
    return true;
}

static bool parse_number(struct guest_reg_ref r, const char *s, size_t len, uint64_t *v,
                         struct value_error *err)
{
    uint64_t n;
    bool negative;
    if (!number_parse(s, len, &n, &negative)) {
        if (len > 2 && s[0] == '0' && s[1] == 'x') return parse_long_hex(r, s, len, v, err);
        return value_refuse(err, 0, len,
                            "'%.*s' is not a value: expected a number, f32(1.5), or names of bits of %s",
                            shown(len), s, guest_reg_name(r.reg, r.index));
    }
    unsigned width = r.reg->width, low = width < 64 ? width : 64;
    bool fits = negative ? bits_sext(n, low) == (int64_t)n : n <= bits_mask(low);
    if (!fits) return too_wide(r, s, len, err);
    v[0] = n & bits_mask(low);
    if (negative)
        for (unsigned i = 1; i < r.reg->words; i++)
            v[i] = bits_mask(width - i * 64 < 64 ? width - i * 64 : 64);
    return true;
}

/* How many bits a value of this width is NaN-boxed into in this register file, 0: it is not. */
static unsigned box_of(const struct guest *g, const struct guest_reg *file, unsigned width)
{
    for (unsigned i = 0; i < g->nkinds; i++)
        if (g->kinds[i].file == file && g->kinds[i].width == width && g->kinds[i].box) return g->kinds[i].box;
    return 0;
}

/* f32(…): 1 parsed, 0 not of this form, -1 refused. */
static int parse_fp(const struct guest *g, struct guest_reg_ref r, const char *s, size_t len, uint64_t *v,
                    struct value_error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(fp_layouts); i++) {
        const struct fp_layout *f = &fp_layouts[i];
        size_t name = strlen(f->name);
        if (len <= name + 1 || memcmp(s, f->name, name) || s[name] != '(' || s[len - 1] != ')') continue;
        if (f->width > r.reg->width) {
            too_wide(r, s, len, err);
            return -1;
        }
        if (!value_parse_fp(f, s + name + 1, len - name - 2, &v[0], err)) {
            err->offset += name + 1;
            return -1;
        }
        unsigned box = box_of(g, r.reg, f->width);
        if (box > f->width) v[0] |= bits_mask(box) & ~bits_mask(f->width);
        return 1;
    }
    return 0;
}

static bool bit_of(struct guest_reg_ref r, const char *s, size_t len, uint64_t *v)
{
    const char *const *bits = r.reg->bits;
    for (unsigned i = 0; bits && bits[i]; i++) {
        if (!len || strlen(bits[i]) != len || memcmp(bits[i], s, len)) continue;
        v[i / 64] |= 1ull << (i % 64);
        return true;
    }
    return false;
}

/* "NV|DZ": 1 parsed, 0 not of this form, -1 refused. */
static int parse_bits(struct guest_reg_ref r, const char *s, size_t len, uint64_t *v, struct value_error *err)
{
    if (!r.reg->bits || !len || (s[0] >= '0' && s[0] <= '9') || s[0] == '-') return 0;
    for (size_t i = 0; i <= len;) {
        size_t n = 0;
        while (i + n < len && s[i + n] != '|') n++;
        if (!bit_of(r, s + i, n, v)) {
            struct suggest near = suggest_start(s + i, n);
            for (unsigned k = 0; r.reg->bits[k]; k++)
                suggest_offer(&near, r.reg->bits[k], strlen(r.reg->bits[k]));
            value_refuse(err, i, n, "%s has no bit called '%.*s'%s%.*s%s", r.reg->name, shown(n), s + i,
                         near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
                         near.best ? "'?" : "");
            return -1;
        }
        i += n + 1;
    }
    return 1;
}

bool value_parse_reg(const struct guest *g, struct guest_reg_ref r, const char *s, size_t len, uint64_t v[8],
                     struct value_error *err)
{
    memset(v, 0, 8 * sizeof(v[0]));
    int done = parse_fp(g, r, s, len, v, err);
    if (!done) done = parse_bits(r, s, len, v, err);
    if (done) return done > 0;
    return parse_number(r, s, len, v, err);
}

/* ---- bytes ---- */

bool value_parse_bytes(const char *s, size_t len, struct buf *out, struct value_error *err)
{
    size_t i = 0;
    while (i < len) {
        if (s[i] == ' ' || s[i] == '_' || s[i] == '\n' || s[i] == '\t') {
            i++;
            continue;
        }
        int hi = hex_digit(s[i]), lo = i + 1 < len ? hex_digit(s[i + 1]) : -1;
        if (hi < 0) return value_refuse(err, i, 1, "expected pairs of hexadecimal digits");
        if (lo < 0) return value_refuse(err, i, 1, "half a byte: hexadecimal digits come in pairs");
        buf_char(out, (char)((unsigned)hi << 4 | (unsigned)lo));
        i += 2;
    }
    return true;
}

/* The next word at *i: its start and length; false at the end. */
static bool next_word(const char *s, size_t len, size_t *i, size_t *start, size_t *n)
{
    while (*i < len && (s[*i] == ' ' || s[*i] == '\n' || s[*i] == '\t')) (*i)++;
    *start = *i;
    while (*i < len && s[*i] != ' ' && s[*i] != '\n' && s[*i] != '\t') (*i)++;
    *n = *i - *start;
    return *n > 0;
}

static bool is_number_word(const char *s, size_t n)
{
    return n > 2 && s[0] == '0' && s[1] == 'x';
}

bool value_is_hex_code(const char *s, size_t len)
{
    size_t i = 0, start, n;
    bool any = false, numbers = false;
    while (next_word(s, len, &i, &start, &n)) {
        bool number = is_number_word(s + start, n);
        bool pair = n == 2 && hex_digit(s[start]) >= 0 && hex_digit(s[start + 1]) >= 0;
        if (!number && !pair) return false;
        if (any && number != numbers) return false;
        numbers = number;
        any = true;
    }
    return any;
}

bool value_parse_hex_code(const char *s, size_t len, struct buf *out, struct value_error *err)
{
    size_t i = 0, start, n;
    while (next_word(s, len, &i, &start, &n)) {
        if (!is_number_word(s + start, n)) {
            buf_char(out, (char)((unsigned)hex_digit(s[start]) << 4 | (unsigned)hex_digit(s[start + 1])));
            continue;
        }
        uint64_t v;
        bool negative;
        size_t digits = n - 2;
        if ((digits != 4 && digits != 8 && digits != 16) || !number_parse(s + start, n, &v, &negative))
            return value_refuse(err, start, n, "'%.*s' is not 4, 8 or 16 hexadecimal digits", shown(n),
                                s + start);
        for (size_t k = 0; k < digits / 2; k++) buf_char(out, (char)(v >> (8 * k)));
    }
    return true;
}
