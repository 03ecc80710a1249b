/* Floating-point literals, exactly: what a test case says is what the register holds. */
#include "harness/generate/values.h"

#include "specs/yaml/yaml.h"

#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct fp_layout fp_layouts[3] = {
    {"f16", 16, 10},
    {"f32", 32, 23},
    {"f64", 64, 52},
};

/* The finite double d in a format, towards zero; *exact says that nothing was lost. d is within the format's
 * range or *exact is false. */
static uint64_t narrow(const struct fp_layout *f, double d, bool *exact)
{
    uint64_t b;
    memcpy(&b, &d, sizeof(b));
    uint64_t sign = b >> 63, frac = b & bits_mask(52);
    int exp = (int)(b >> 52 & 0x7ff);
    int bias = (1 << (f->width - f->frac_bits - 2)) - 1, emax = 2 * bias + 1;
    sign <<= f->width - 1;
    *exact = true;
    if (!exp && !frac) return sign;
    if (!exp) { /* a subnormal double is below every narrower format */
        *exact = f->width == 64;
        return f->width == 64 ? b : sign;
    }
    frac |= 1ull << 52;
    int to = exp - 1023 + bias;
    unsigned drop = 52 - f->frac_bits;
    if (to <= 0) drop += (unsigned)(1 - to > 64 ? 64 : 1 - to);
    if (to >= emax) {
        *exact = false;
        return sign | (uint64_t)(emax - 1) << f->frac_bits | bits_mask(f->frac_bits);
    }
    if (drop > 63) {
        *exact = false;
        return sign;
    }
    *exact = !(frac & bits_mask(drop));
    frac >>= drop;
    if (to <= 0) return sign | frac;
    return sign | (uint64_t)to << f->frac_bits | (frac & bits_mask(f->frac_bits));
}

static bool is_word(const char *s, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(s, word, len);
}

/* nan, snan, nan(0x123): the payload is the fraction below the quiet bit. */
static bool parse_nan(const struct fp_layout *f, const char *s, size_t len, uint64_t *bits,
                      struct value_error *err)
{
    bool signalling = s[0] == 's';
    size_t name = signalling ? 4 : 3;
    uint64_t quiet = 1ull << (f->frac_bits - 1), payload = signalling ? 1 : 0;
    bool negative = false;
    if (len > name) {
        bool closed = s[name] == '(' && s[len - 1] == ')';
        if (!closed || !number_parse(s + name + 1, len - name - 2, &payload, &negative))
            return value_refuse(err, 0, len, "expected %.*s(PAYLOAD)", (int)name, s);
        if (negative || payload >= quiet)
            return value_refuse(err, 0, len, "a NaN payload of %s has %u bits", f->name, f->frac_bits - 1);
        if (signalling && !payload)
            return value_refuse(err, 0, len, "a signalling NaN's payload is not 0: that is infinity");
    }
    *bits = bits_mask(f->width - 1) & ~bits_mask(f->frac_bits);
    *bits |= payload | (signalling ? 0 : quiet);
    return true;
}

/* Only what C and this format agree on: no "infinity", no leading blanks, no locale. */
static bool is_literal(const char *s, size_t len)
{
    bool hex = len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    size_t i = hex ? 2 : 0, digits = 0;
    for (bool dot = false; i < len; i++) {
        if (s[i] == '.' && !dot)
            dot = true;
        else if (hex ? !!strchr("0123456789abcdefABCDEF", s[i]) : s[i] >= '0' && s[i] <= '9')
            digits++;
        else
            break;
    }
    if (!digits || i == len) return digits && (!hex || i < len);
    if (hex ? s[i] != 'p' && s[i] != 'P' : s[i] != 'e' && s[i] != 'E') return false;
    i++;
    if (i < len && (s[i] == '-' || s[i] == '+')) i++;
    size_t exp = i;
    while (i < len && s[i] >= '0' && s[i] <= '9') i++;
    return i == len && i > exp;
}

/* The double at or below, or at or above, the literal: both are the same exactly when it is a double. */
static double read_rounded(const char *text, int mode)
{
    int old = fegetround();
    fesetround(mode);
    double d = strtod(text, NULL);
    fesetround(old);
    return d;
}

static bool parse_literal(const struct fp_layout *f, const char *s, size_t len, uint64_t *bits,
                          struct value_error *err)
{
    char text[128];
    if (len >= sizeof(text))
        return value_refuse(err, 0, len, "a literal has at most %zu characters", sizeof(text) - 1);
    memcpy(text, s, len);
    text[len] = 0;
    if (!is_literal(text, len))
        return value_refuse(err, 0, len, "'%s' is not a floating-point literal", text);
    double low = read_rounded(text, FE_DOWNWARD), high = read_rounded(text, FE_UPWARD);
    double nearest = read_rounded(text, FE_TONEAREST);
    if (high > 0x1.fffffffffffffp+1023)
        return value_refuse(err, 0, len, "%s is beyond the range of %s", text, f->name);
    bool exact;
    *bits = narrow(f, f->width == 64 ? nearest : low, &exact);
    if (f->width == 64) {
        if (low == 0 && high != 0) return value_refuse(err, 0, len, "%s is too small for f64", text);
        return true;
    }
    if (exact && low == high) return true;
    uint64_t inf = bits_mask(f->width - 1) & ~bits_mask(f->frac_bits);
    if (*bits + 1 == inf) return value_refuse(err, 0, len, "%s is beyond the range of %s", text, f->name);
    return value_refuse(err, 0, len, "%s is not exact in %s; it lies between 0x%" PRIx64 " and 0x%" PRIx64,
                        text, f->name, *bits, *bits + 1);
}

bool value_parse_fp(const struct fp_layout *f, const char *s, size_t len, uint64_t *bits,
                    struct value_error *err)
{
    bool negative = len && s[0] == '-', sign = len && (s[0] == '-' || s[0] == '+');
    const char *p = s + sign;
    size_t n = len - sign;
    if (!n) return value_refuse(err, 0, len, "expected a floating-point literal");
    if (is_word(p, n, "inf")) {
        *bits = bits_mask(f->width - 1) & ~bits_mask(f->frac_bits);
    } else if ((n >= 3 && !memcmp(p, "nan", 3)) || (n >= 4 && !memcmp(p, "snan", 4))) {
        if (!parse_nan(f, p, n, bits, err)) return false;
    } else if (n > 2 && p[0] == '0' && p[1] == 'x' && !memchr(p, 'p', n) && !memchr(p, 'P', n)) {
        bool minus;
        if (p != s || !number_parse(p, n, bits, &minus) || *bits > bits_mask(f->width))
            return value_refuse(err, 0, len, "%.*s is not %u bits of %s", (int)(len > 80 ? 80 : len), s,
                                f->width, f->name);
        return true;
    } else if (!parse_literal(f, p, n, bits, err)) {
        return false;
    }
    if (negative) *bits |= 1ull << (f->width - 1);
    return true;
}
