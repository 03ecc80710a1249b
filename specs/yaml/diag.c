/* Errors as a compiler prints them: position, sentence, the line itself, a caret.
 *
 * Everything that comes from a file passes through printable(), so a hostile file cannot send escape
 * sequences to a terminal or flood it: messages are cut, control characters are shown as \xNN, and after
 * `limit` errors only the count goes on.
 */
#include "specs/yaml/internal.h"

#include <stdlib.h>
#include <string.h>

enum { DIAG_LIMIT = 20, MESSAGE_MAX = 1000, INDENT = 4 };

/* A text that is not a file but is named in positions, kept so that its lines can be shown. */
struct diag_source {
    struct diag_source *next; /* older */
    char *name;               /* what pos.file says */
    char *text;               /* a copy */
    size_t len;               /* its length */
};

static struct diag_source *source_find(const struct diag *d, const char *name)
{
    for (struct diag_source *s = d->sources; s; s = s->next) {
        if (strcmp(s->name, name) == 0) return s;
    }
    return NULL;
}

void diag_source(struct diag *d, const char *name, const char *text, size_t len)
{
    struct diag_source *s = source_find(d, name);
    if (!s) {
        s = xcalloc(1, sizeof(*s));
        *s = (struct diag_source){.next = d->sources, .name = xstrdup(name)};
        d->sources = s;
    }
    free(s->text);
    s->text = xmalloc(len + 1);
    if (len) memcpy(s->text, text, len);
    s->text[len] = 0;
    s->len = len;
}

void diag_free(struct diag *d)
{
    while (d->sources) {
        struct diag_source *s = d->sources;
        d->sources = s->next;
        free(s->name);
        free(s->text);
        free(s);
    }
    buf_free(&d->text);
    *d = (struct diag){0};
}

/* Appends s with everything that could disturb a terminal made visible; at most `max` bytes of it. */
static void printable(struct buf *out, const char *s, size_t n, size_t max)
{
    for (size_t i = 0; i < n;) {
        if (i >= max) {
            buf_str(out, "...");
            return;
        }
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        if (cp == UTF8_BAD || cp < 0x80) {
            unsigned char c = (unsigned char)s[i];
            if (c >= 0x20 && c < 0x7f) {
                buf_char(out, (char)c);
            } else {
                buf_printf(out, "\\x%02x", c);
            }
        } else if (utf8_is_control(cp)) {
            buf_printf(out, "\\u%04x", cp);
        } else {
            buf_add(out, s + i, len);
        }
        i += len;
    }
}

/* One character of a source line, as wide in the output as utf8_width() says or one '?'. Returns its width.
 */
static int line_char(struct buf *out, const char *s, size_t len, uint32_t cp)
{
    if (cp == '\t') {
        buf_char(out, '\t');
        return 1;
    }
    if (cp == UTF8_BAD || utf8_is_control(cp)) {
        buf_char(out, '?');
        return 1;
    }
    buf_add(out, s, len);
    return utf8_width(cp);
}

/* The line's characters from `first` (counted from 0) on, and under them a caret `col` characters in that is
 * `span` bytes of source long, but never longer than the line. */
static void line_render(struct buf *out, const struct source_line *l, int col, size_t span)
{
    struct buf mark = {0};
    const char *s = buf_cstr(&l->text);
    size_t n = l->text.len;
    int at = l->first;
    size_t marked = 0; /* bytes of source under the caret so far */
    buf_printf(out, "%*s%s", INDENT, "", l->cut_front ? "..." : "");
    buf_printf(&mark, "%*s%s", INDENT, "", l->cut_front ? "   " : "");
    for (size_t i = 0; i < n; at++) {
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        int width = line_char(out, s + i, len, cp);
        if (at < col) {
            for (int w = 0; w < width; w++) buf_char(&mark, cp == '\t' ? '\t' : ' ');
        } else if (at == col || (marked < span && cp != '\t')) {
            for (int w = 0; w < (width ? width : at == col); w++)
                buf_char(&mark, at == col && !w ? '^' : '~');
            marked += len;
        } else {
            marked = span;
        }
        i += len;
    }
    if (at <= col) buf_char(&mark, '^'); /* the position is the line's end */
    buf_printf(out, "%s\n%s\n", l->cut_back ? "..." : "", buf_cstr(&mark));
    buf_free(&mark);
}

static void show_line(struct diag *d, struct buf *out, struct pos at, size_t span)
{
    if (!at.file || at.line <= 0 || at.col <= 0) return;
    const struct diag_source *s = source_find(d, at.file);
    struct source_line l = {0};
    bool found = s ? source_line_text(&l, s->text, s->len, at) : source_line_file(&l, at);
    if (found && l.text.len) line_render(out, &l, at.col - 1, span);
    buf_free(&l.text);
}

static void message(struct diag *d, struct pos at, size_t span, const char *kind, const char *fmt, va_list ap)
{
    struct buf text = {0}, out = {0};
    if (at.file) {
        printable(&out, at.file, strlen(at.file), MESSAGE_MAX);
        buf_char(&out, ':');
        if (at.line > 0) buf_printf(&out, "%d:", at.line);
        if (at.line > 0 && at.col > 0) buf_printf(&out, "%d:", at.col);
        buf_char(&out, ' ');
    }
    buf_printf(&out, "%s: ", kind);
    buf_vprintf(&text, fmt, ap);
    printable(&out, buf_cstr(&text), text.len, MESSAGE_MAX);
    buf_char(&out, '\n');
    show_line(d, &out, at, span);
    buf_add(&d->text, out.p, out.len);
    if (d->out) {
        fwrite(out.p, 1, out.len, d->out);
        fflush(d->out);
    }
    buf_free(&text);
    buf_free(&out);
}

static unsigned limit_of(const struct diag *d)
{
    return d->limit ? d->limit : DIAG_LIMIT;
}

void diag_error(struct diag *d, struct pos at, size_t span, const char *fmt, ...)
{
    d->errors++;
    if (d->errors > limit_of(d) + 1) return;
    if (d->errors == limit_of(d) + 1) {
        static const char more[] = "error: too many errors; the rest are only counted\n";
        buf_str(&d->text, more);
        if (d->out) fputs(more, d->out);
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    message(d, at, span, "error", fmt, ap);
    va_end(ap);
}

void diag_note(struct diag *d, struct pos at, size_t span, const char *fmt, ...)
{
    if (d->errors > limit_of(d)) return;
    va_list ap;
    va_start(ap, fmt);
    message(d, at, span, "note", fmt, ap);
    va_end(ap);
}

const char *diag_suggest(const char *word, const char *const *names, size_t n)
{
    return base_suggest(word, names, n);
}
