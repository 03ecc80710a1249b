/* Escaping for reports. Paths may hold any byte, and ids begin with names of files. */
#include "harness/report/report.h"

#include <string.h>

/* Bytes of the character beyond ASCII that begins here; 0: it is not UTF-8 (RFC 3629, 4). */
static size_t sequence(const char *s)
{
    const uint8_t *c = (const uint8_t *)s;
    static const struct {
        uint8_t first, last; /* of the first byte */
        uint8_t low, high;   /* of the second */
        uint8_t n;           /* how many bytes */
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                 {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (c[0] < forms[i].first || c[0] > forms[i].last) continue;
        if (c[1] < forms[i].low || c[1] > forms[i].high) return 0;
        for (unsigned k = 2; k < forms[i].n; k++)
            if ((c[k] & 0xc0) != 0x80) return 0;
        return forms[i].n;
    }
    return 0;
}

/* The character beyond ASCII that begins here, or '?'; how many bytes more than one it has. */
static size_t add_high(struct buf *out, const char *s)
{
    size_t n = sequence(s);
    if (!n) {
        buf_char(out, '?');
        return 0;
    }
    buf_add(out, s, n);
    return n - 1;
}

/* Adds what stands before the next byte that may be special, and goes there: ids and paths are nearly all
 * plain. */
static const char *plain(struct buf *out, const char *s)
{
    const char *end = s;
    while ((signed char)*end >= 0x20 && *end != 0x7f && *end != '"' && *end != '\\' && *end != '&' &&
           *end != '<' && *end != '>')
        end++;
    buf_add(out, s, (size_t)(end - s));
    return end;
}

void text_json(struct buf *out, const char *s)
{
    buf_char(out, '"');
    for (s = plain(out, s); *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c & 0x80)
            s += add_high(out, s);
        else if (c == '"' || c == '\\')
            buf_add(out, (char[]){'\\', *s}, 2);
        else if (c == '\n')
            buf_str(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_char(out, *s);
    }
    buf_char(out, '"');
}

/* XML 1.0 has no other control characters, escaped or not, and neither U+FFFE nor U+FFFF. */
void text_xml(struct buf *out, const char *s)
{
    for (s = plain(out, s); *s; s++) {
        unsigned char c = (unsigned char)*s;
        switch (c) {
        case '&': buf_str(out, "&amp;"); break;
        case '<': buf_str(out, "&lt;"); break;
        case '>': buf_str(out, "&gt;"); break;
        case '"': buf_str(out, "&quot;"); break;
        case '\n':
        case '\t': buf_char(out, *s); break;
        default:
            if (!strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3)) {
                buf_char(out, '?');
                s += 2;
            } else if (c & 0x80) {
                s += add_high(out, s);
            } else {
                buf_char(out, c < 0x20 || c == 0x7f ? '?' : *s);
            }
        }
    }
}

void text_md(struct buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (strchr("\\`*_[]<>|#&~$", c)) buf_char(out, '\\');
        if (c & 0x80)
            s += add_high(out, s);
        else
            buf_char(out, c < 0x20 ? ' ' : *s);
    }
}

/* Nothing is escaped within backticks but what parts the cells; more of them than are inside stand around. */
void text_md_code(struct buf *out, const char *s, bool cell)
{
    size_t most = 0, n = 0;
    for (const char *c = s; *c; c++) {
        n = *c == '`' ? n + 1 : 0;
        if (n > most) most = n;
    }
    for (n = 0; n <= most; n++) buf_char(out, '`');
    if (most) buf_char(out, ' ');
    for (; *s; s++) {
        if (*s == '|' && cell) buf_char(out, '\\');
        if (*s & 0x80)
            s += add_high(out, s);
        else
            buf_char(out, *s < 0x20 ? ' ' : *s);
    }
    if (most) buf_char(out, ' ');
    for (n = 0; n <= most; n++) buf_char(out, '`');
}

/* A shell writes as $'…' what no terminal and no report should show as it is. */
static void add_escaped(struct buf *out, const char *s)
{
    buf_str(out, "$'");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (sequence(s))
            s += add_high(out, s);
        else if (c == '\'' || c == '\\')
            buf_add(out, (char[]){'\\', *s}, 2);
        else if (c < 0x20 || c >= 0x7f)
            buf_printf(out, "\\%03o", c);
        else
            buf_char(out, *s);
    }
    buf_char(out, '\'');
}

void text_word(struct buf *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+=,@:%-";
    struct buf line = {0};
    text_line(&line, s);
    bool clean = !strcmp(buf_cstr(&line), s);
    buf_free(&line);
    if (*s && !s[strspn(s, plain)]) {
        buf_str(out, s);
    } else if (!clean) {
        add_escaped(out, s);
    } else {
        buf_char(out, '\'');
        for (; *s; s++) *s == '\'' ? buf_str(out, "'\\''") : buf_char(out, *s);
        buf_char(out, '\'');
    }
}

void text_line(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s & 0x80)
            s += add_high(out, s);
        else
            buf_char(out, *s < 0x20 || *s == 0x7f ? '?' : *s);
    }
}

/* One line: '#' would begin a directive. */
void text_tap(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '#' || *s == '\\') buf_char(out, '\\');
        if (*s & 0x80)
            s += add_high(out, s);
        else
            buf_char(out, *s < 0x20 || *s == 0x7f ? ' ' : *s);
    }
}

void text_github(struct buf *out, const char *s, bool property)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c & 0x80)
            s += add_high(out, s);
        else if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            buf_printf(out, "%%%02X", c);
        else
            buf_char(out, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : *s);
    }
}
