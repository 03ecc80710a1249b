/* Packets: $data#sum, acknowledged by + or -, with } before bytes that mean something (gdb manual, E.1). */
#include "harness/gdb/gdb.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int next_byte(struct gdb *d)
{
    if (d->in_at < d->in_end) return d->in[d->in_at++];
    ssize_t n;
    do n = recv(d->fd, d->in, sizeof(d->in), 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0) return -1;
    d->in_at = 1;
    d->in_end = (size_t)n;
    return d->in[0];
}

static bool put(struct gdb *d, const char *p, size_t n)
{
    while (n) {
        ssize_t done = send(d->fd, p, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static int digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What stands between $ and #; the sum is compared. False: the connection is over. */
static bool body(struct gdb *d, struct buf *packet, bool *good)
{
    unsigned sum = 0;
    int c, high, low;
    buf_reset(packet);
    while ((c = next_byte(d)) != '#') {
        if (c < 0) return false;
        sum += (unsigned)c;
        if (c == '}') {
            c = next_byte(d);
            if (c < 0) return false;
            sum += (unsigned)c;
            c ^= 0x20;
        }
        if (packet->len < GDB_PACKET) buf_char(packet, (char)c);
    }
    high = next_byte(d);
    low = next_byte(d);
    *good = digit(high) >= 0 && digit(low) >= 0 && (unsigned)(digit(high) << 4 | digit(low)) == (sum & 0xff);
    return low >= 0;
}

bool packet_read(struct gdb *d, struct buf *packet)
{
    for (;;) {
        int c = next_byte(d);
        bool good;
        if (c < 0) return false;
        if (c != '$') continue; /* acknowledgements, interrupts while stopped */
        if (!body(d, packet, &good)) return false;
        if (d->no_ack) return true;
        if (!put(d, good ? "+" : "-", 1)) return false;
        if (good) return true;
    }
}

void packet_send(struct gdb *d, const char *p, size_t n)
{
    struct buf b = {0};
    unsigned sum = 0;
    buf_char(&b, '$');
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '$' || c == '#' || c == '}' || c == '*') {
            buf_char(&b, '}');
            sum += '}';
            c ^= 0x20;
        }
        buf_char(&b, c);
        sum += (unsigned char)c;
    }
    buf_printf(&b, "#%02x", sum & 0xff);
    for (int c = '-'; c == '-';) {
        if (!put(d, b.p, b.len) || d->no_ack) break;
        do c = next_byte(d);
        while (c >= 0 && c != '+' && c != '-');
    }
    buf_free(&b);
}

void packet_hex(struct buf *b, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) buf_printf(b, "%02x", ((const uint8_t *)p)[i]);
}

size_t packet_unhex(const char *s, void *to, size_t most)
{
    size_t n = 0;
    for (; n < most && digit((unsigned char)s[0]) >= 0 && digit((unsigned char)s[1]) >= 0; s += 2)
        ((uint8_t *)to)[n++] = (uint8_t)(digit((unsigned char)s[0]) << 4 | digit((unsigned char)s[1]));
    return n;
}

uint64_t packet_number(const char **s)
{
    uint64_t v = 0;
    for (; digit((unsigned char)**s) >= 0; (*s)++) v = v << 4 | (uint64_t)digit((unsigned char)**s);
    return v;
}
