/* Bytes on their way from a file or memory into libyaml.
 *
 * libyaml buffers a token until it ends, so a bound on the bytes between two events is what bounds memory
 * before a scalar's length can be checked. The indentation of each line is noted on the way, for
 * ynode_text_pos.
 */
#include "specs/yaml/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int input_open(struct input *in, const char *path)
{
    *in = (struct input){.fd = -1, .bound = INPUT_HEAD};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -errno;
    struct stat st;
    int err = fstat(fd, &st) != 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (err) {
        close(fd);
        return err;
    }
    in->fd = fd;
    return 0;
}

void input_text(struct input *in, const char *text, size_t len)
{
    *in = (struct input){.fd = -1, .text = text, .left = len, .bound = INPUT_HEAD};
}

void input_close(struct input *in)
{
    if (in->fd >= 0) close(in->fd);
    free(in->lines.lead);
    *in = (struct input){.fd = -1};
}

static void indents_push(struct indents *l)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->lead = xrealloc(l->lead, l->cap * sizeof(*l->lead));
    }
    l->lead[l->n++] = 0;
    l->leading = true;
}

/* Forgets the lines before `keep`. */
static void indents_drop(struct indents *l, size_t keep)
{
    if (keep <= l->first || l->n == 0) return;
    size_t gone = keep - l->first;
    if (gone >= l->n) gone = l->n - 1; /* the last line is still being read */
    memmove(l->lead, l->lead + gone, (l->n - gone) * sizeof(*l->lead));
    l->n -= gone;
    l->first += gone;
}

/* Whether a line ends with the byte c; the line breaks are those of utf8_break. A CR ends the line at once,
 * so the LF after it does not. */
static bool ends_line(const unsigned char prev[2], unsigned char c)
{
    if (c == '\n') return prev[0] != '\r';
    if (c == '\r') return true;
    if (c == 0x85) return prev[0] == 0xc2;
    return (c == 0xa8 || c == 0xa9) && prev[0] == 0x80 && prev[1] == 0xe2;
}

static void indents_feed(struct indents *l, const unsigned char *p, size_t n)
{
    if (l->n == 0) indents_push(l);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = p[i];
        if (c == ' ') {
            if (l->leading) l->lead[l->n - 1]++;
        } else if (c > 0x20 && c < 0x80) {
            l->leading = false;
        } else {
            const unsigned char prev[2] = {i > 0 ? p[i - 1] : l->prev[0], i > 1   ? p[i - 2]
                                                                          : i > 0 ? l->prev[0]
                                                                                  : l->prev[1]};
            if (ends_line(prev, c)) {
                indents_push(l);
            } else if (c != '\n') {
                l->leading = false;
            }
        }
    }
    if (n > 0) {
        l->prev[1] = n > 1 ? p[n - 2] : l->prev[0];
        l->prev[0] = p[n - 1];
    }
}

static size_t read_some(struct input *in, unsigned char *buffer, size_t size)
{
    if (in->fd < 0) {
        size_t n = size < in->left ? size : in->left;
        if (n) memcpy(buffer, in->text, n);
        in->text += n;
        in->left -= n;
        return n;
    }
    ssize_t n;
    do {
        n = read(in->fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) in->error = errno;
    return n < 0 ? 0 : (size_t)n;
}

/* The first bytes, without a byte order mark: libyaml would count it as a column. */
static size_t read_first(struct input *in, unsigned char *buffer, size_t size)
{
    size_t n = 0, more;
    do {
        more = read_some(in, buffer + n, size - n);
        n += more;
    } while (n < 3 && more && !in->error);
    if (n >= 3 && memcmp(buffer, UTF8_BOM, 3) == 0) {
        n -= 3;
        memmove(buffer, buffer + 3, n);
        if (n == 0) n = read_some(in, buffer, size);
    }
    return n;
}

int input_read(void *data, unsigned char *buffer, size_t size, size_t *got)
{
    struct input *in = data;
    if (in->run > in->bound) {
        in->too_long = true;
        return 0;
    }
    *got = in->started ? read_some(in, buffer, size) : read_first(in, buffer, size);
    in->started = true;
    in->run += *got;
    if (in->error) return 0;
    indents_drop(&in->lines, in->keep);
    indents_feed(&in->lines, buffer, *got);
    return 1;
}

int input_lead(const struct input *in, size_t line)
{
    if (line < in->lines.first || line - in->lines.first >= in->lines.n) return -1;
    uint32_t lead = in->lines.lead[line - in->lines.first];
    return lead > INT32_MAX ? -1 : (int)lead;
}
