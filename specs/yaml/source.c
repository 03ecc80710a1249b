/* Finding one line of a file or text again, to show it under an error.
 *
 * Only what will be printed is kept: a line may be a gigabyte long and the file may have changed or be gone.
 */
#include "specs/yaml/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOW_MAX = 200, SHOW_BEFORE = 100, SHOW_AFTER = 60 };

/* A place to take bytes from: memory, or a file through a small buffer. */
struct bytes {
    const char *p, *end; /* what is at hand */
    FILE *f;             /* where more comes from, or NULL */
    char chunk[4096];    /* the file's bytes at hand */
};

/* Makes at least 4 bytes (the longest character) available unless the source ends; returns how many there
 * are. */
static size_t bytes_more(struct bytes *b)
{
    size_t left = (size_t)(b->end - b->p);
    if (left >= 4 || !b->f) return left;
    memmove(b->chunk, b->p, left);
    left += fread(b->chunk + left, 1, sizeof(b->chunk) - left, b->f);
    b->p = b->chunk;
    b->end = b->chunk + left;
    return left;
}

static bool skip_lines(struct bytes *b, int lines)
{
    while (lines > 0) {
        /* printable ASCII, nearly everything, ends no line */
        while (b->p < b->end && *b->p >= 0x20 && *b->p < 0x7f) b->p++;
        size_t n = bytes_more(b);
        if (n == 0) return false;
        size_t brk = utf8_break(b->p, n);
        if (brk) lines--;
        b->p += brk ? brk : 1;
    }
    return true;
}

/* Drops the first `chars` characters of the text. */
static void drop_front(struct buf *b, int chars)
{
    size_t off = 0;
    for (; chars > 0 && off < b->len; chars--) {
        uint32_t cp;
        off += utf8_next(b->p + off, b->len - off, &cp);
    }
    memmove(b->p, b->p + off, b->len - off + 1);
    b->len -= off;
}

/* Keeps the characters lo..hi (counted from 0, hi excluded) of a line of which l->text starts with l->first.
 */
static void cut(struct source_line *l, int lo, int hi)
{
    if (lo > l->first) {
        drop_front(&l->text, lo - l->first);
        l->first = lo;
    }
    size_t off = 0;
    for (int c = l->first; c < hi && off < l->text.len; c++) {
        uint32_t cp;
        off += utf8_next(l->text.p + off, l->text.len - off, &cp);
    }
    if (off < l->text.len) {
        l->text.len = off;
        l->text.p[off] = 0;
        l->cut_back = true;
    }
}

/* The indentation is noise in an error unless the caret points into it. */
static void drop_indent(struct source_line *l, int col)
{
    int blank = 0;
    const char *s = buf_cstr(&l->text);
    while (blank < col && (s[blank] == ' ' || s[blank] == '\t')) blank++;
    cut(l, blank, INT32_MAX);
}

/* Reads the line that starts here; see struct source_line. */
static void take_line(struct source_line *l, struct bytes *b, int col)
{
    int at = 0, keep_from = col < SHOW_MAX ? 0 : col - SHOW_BEFORE;
    int keep_to =
        keep_from + SHOW_MAX + SHOW_AFTER + 1; /* more than is shown, to see whether the line goes on */
    l->first = keep_from;
    for (; at < keep_to; at++) {
        size_t n = bytes_more(b);
        if (n == 0 || utf8_break(b->p, n)) break;
        uint32_t cp;
        size_t len = utf8_next(b->p, n, &cp);
        if (at >= keep_from) buf_add(&l->text, b->p, len);
        b->p += len;
    }
    if (keep_from == 0 && at <= SHOW_MAX) {
        drop_indent(l, col);
        return;
    }
    int lo = col > SHOW_BEFORE ? col - SHOW_BEFORE : 0;
    cut(l, lo, lo == 0 ? SHOW_BEFORE + SHOW_AFTER : col + SHOW_AFTER);
    l->cut_front = lo > 0;
    if (!l->cut_front) drop_indent(l, col);
}

static bool find_line(struct source_line *l, struct bytes *b, struct pos at)
{
    if (bytes_more(b) >= 3 && memcmp(b->p, UTF8_BOM, 3) == 0) b->p += 3;
    if (!skip_lines(b, at.line - 1)) return false;
    take_line(l, b, at.col - 1);
    return true;
}

bool source_line_text(struct source_line *l, const char *text, size_t len, struct pos at)
{
    struct bytes b = {.p = text, .end = text + len};
    return find_line(l, &b, at);
}

bool source_line_file(struct source_line *l, struct pos at)
{
    /* O_NONBLOCK: `at.file` may be a pipe that was read and is gone, and must not be waited for */
    int fd = open(at.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return false;
    struct stat st;
    struct bytes b = {0};
    b.p = b.end = b.chunk;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) b.f = fdopen(fd, "r");
    if (!b.f) {
        close(fd);
        return false;
    }
    bool found = find_line(l, &b, at);
    fclose(b.f);
    return found;
}
