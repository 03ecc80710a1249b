/* Escaping for reports. Ids and details are clean text; paths may hold any byte. */
#include "harness/report/report.h"

#include <jansson.h>
#include <string.h>

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if (*s & 0x80) return false;
    return true;
}

/* Bytes beyond ASCII may stand as they are: the text is valid UTF-8. */
static bool high_bytes_ok(const char *s)
{
    if (is_ascii(s)) return true;
    json_t *j = json_string(s); /* NULL for what is not UTF-8 */
    json_decref(j);
    return j;
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
    s = plain(out, s);
    bool high = high_bytes_ok(s);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_add(out, (char[]){'\\', *s}, 2);
        else if (c == '\n')
            buf_str(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_char(out, c & 0x80 && !high ? '?' : *s);
    }
    buf_char(out, '"');
}

void text_xml(struct buf *out, const char *s)
{
    s = plain(out, s);
    bool high = high_bytes_ok(s);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        switch (c) {
        case '&': buf_str(out, "&amp;"); break;
        case '<': buf_str(out, "&lt;"); break;
        case '>': buf_str(out, "&gt;"); break;
        case '"': buf_str(out, "&quot;"); break;
        default: /* XML 1.0 has no other control characters, escaped or not */
            buf_char(out, (c < 0x20 && c != '\n' && c != '\t') || (c & 0x80 && !high) ? '?' : *s);
        }
    }
}

void text_md(struct buf *out, const char *s)
{
    bool high = high_bytes_ok(s);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (strchr("\\`*_[]<>|#", c)) buf_char(out, '\\');
        buf_char(out, c < 0x20 ? ' ' : c & 0x80 && !high ? '?' : *s);
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
    bool high = high_bytes_ok(s);
    for (const char *c = s; *c; c++) {
        if (*c == '|' && cell) buf_char(out, '\\');
        buf_char(out, (unsigned char)*c < 0x20 ? ' ' : *c & 0x80 && !high ? '?' : *c);
    }
    if (most) buf_char(out, ' ');
    for (n = 0; n <= most; n++) buf_char(out, '`');
}

void text_word(struct buf *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+=,@:%-";
    if (*s && !s[strspn(s, plain)]) {
        buf_str(out, s);
        return;
    }
    buf_char(out, '\'');
    for (; *s; s++) *s == '\'' ? buf_str(out, "'\\''") : buf_char(out, *s);
    buf_char(out, '\'');
}

/* One line: '#' would begin a directive. */
void text_tap(struct buf *out, const char *s)
{
    bool high = high_bytes_ok(s);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '#' || c == '\\') buf_char(out, '\\');
        buf_char(out, c < 0x20 || c == 0x7f ? ' ' : c & 0x80 && !high ? '?' : *s);
    }
}

void text_github(struct buf *out, const char *s, bool property)
{
    bool high = high_bytes_ok(s);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            buf_printf(out, "%%%02X", c);
        else
            buf_char(out, (c < 0x20 && c != '\t') || c == 0x7f || (c & 0x80 && !high) ? '?' : *s);
    }
}
