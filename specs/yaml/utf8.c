/* The little UTF-8 that positions and source lines need: one character at a time, never past the end, and the
 * same line breaks that libyaml counts (YAML 1.1, 4.2: LF, CR, CR LF, NEL, LS, PS), so that line numbers
 * agree.
 */
#include "specs/yaml/internal.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_next(const char *s, size_t n, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)s;
    if (n == 0) {
        *cp = 0;
        return 0;
    }
    size_t want = p[0] < 0x80 ? 1 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    uint32_t v = want == 1 ? p[0] : want == 2 ? p[0] & 0x1f : want == 3 ? p[0] & 0x0f : p[0] & 0x07;
    bool good = want != 0 && want <= n && p[0] < 0xf5;
    for (size_t i = 1; good && i < want; i++) {
        good = is_tail(p[i]);
        v = v << 6 | (p[i] & 0x3f);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (!good || v < least[want] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) {
        *cp = UTF8_BAD;
        return 1;
    }
    *cp = v;
    return want;
}

size_t utf8_count(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += !is_tail((unsigned char)s[i]);
    return count;
}

size_t utf8_break(const char *s, size_t n)
{
    if (n == 0) return 0;
    const unsigned char *p = (const unsigned char *)s;
    if (p[0] == '\n') return 1;
    if (p[0] == '\r') return n > 1 && p[1] == '\n' ? 2 : 1;
    if (p[0] == 0xc2 && n > 1 && p[1] == 0x85) return 2;
    if (p[0] == 0xe2 && n > 2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) return 3;
    return 0;
}

bool utf8_is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff ||
           (cp >= 0x200e && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Ranges of characters that a terminal draws two columns wide or not at all (UAX #11, coarsely). */
static const struct {
    uint32_t lo, hi; /* inclusive */
    int width;       /* columns */
} widths[] = {
    {0x0300, 0x036f, 0}, {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
    {0x2e80, 0x303e, 2}, {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
    {0xfe00, 0xfe0f, 0}, {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
    {0xffe0, 0xffe6, 2}, {0x1f300, 0x1f64f, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
};

int utf8_width(uint32_t cp)
{
    if (cp < 0x300) return 1;
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        if (cp >= widths[i].lo && cp <= widths[i].hi) return widths[i].width;
    }
    return 1;
}
