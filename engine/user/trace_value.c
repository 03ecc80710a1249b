/* --strace: one argument, as strace writes it. */
#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>

enum { SHOWN_BYTES = 32, SHOWN_ITEMS = 8 }; /* of a buffer, an array */

static void address(uint64_t v, struct buf *out)
{
    if (v)
        buf_printf(out, "0x%" PRIx64, v);
    else
        buf_str(out, "NULL");
}

static void quoted(const char *p, size_t n, struct buf *out)
{
    static const char escapes[] = "\a7\bb\tt\nn\vv\ff\rr\"\"\\\\";
    buf_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        const char *e = p[i] ? strchr(escapes + 2, p[i]) : NULL;
        if (e && (e - escapes) % 2 == 0)
            buf_printf(out, "\\%c", e[1]);
        else if (p[i] >= ' ' && p[i] < 0x7f)
            buf_char(out, p[i]);
        else /* an octal number must not run into a digit */
            buf_printf(out, i + 1 < n && p[i + 1] >= '0' && p[i + 1] <= '9' ? "\\%03o" : "\\%o",
                       (unsigned char)p[i]);
    }
    buf_char(out, '"');
}

void trace_text(struct user_thread *t, uint64_t addr, uint64_t len, bool string, struct buf *out)
{
    char text[PATH_MAX];
    size_t n = len < SHOWN_BYTES ? (size_t)len : SHOWN_BYTES;
    int got = string ? call_string(t, addr, text, sizeof(text)) : user_read(t->p, addr, text, n);
    if (!addr || got < 0) {
        address(addr, out);
        return;
    }
    quoted(text, string ? (size_t)got : n, out);
    if (!string && n < len) buf_str(out, "...");
}

/* A word of a set: the first with a separator left out. */
static void item(struct buf *out, bool *any, const char *name)
{
    if (*any) buf_char(out, '|');
    *any = true;
    buf_str(out, name);
}

void trace_set(const struct call_set *s, uint64_t value, struct buf *out)
{
    bool any = false;
    if (s->bits->name && value >> 31 == 0x1ffffffff) value = (uint32_t)value; /* an int with bit 31 */
    uint64_t rest = value & ~s->mask;
    for (const struct call_name *o = s->one; o->name; o++)
        if (s->mask ? (value & s->mask) == (o->value & s->mask) : value == o->value) {
            item(out, &any, o->name);
            value &= ~s->mask;
            break;
        }
    value = (value & s->mask) | rest;
    for (const struct call_name *b = s->bits; b->name; b++)
        if (b->value && (value & b->value) == b->value) {
            item(out, &any, b->name);
            value &= ~b->value;
        }
    if (!any && !value)
        buf_char(out, '0');
    else if (!any)
        buf_printf(out, s->bits->name || (int64_t)value > 255 ? "0x%" PRIx64 : "%" PRId64, value);
    else if (value & (s->bits->name ? ~0ull : 0))
        buf_printf(out, "|0x%" PRIx64, value);
}

static void mode(uint64_t v, struct buf *out)
{
    static const struct {
        unsigned bits;
        const char *name;
    } types[] = {{S_IFREG, "S_IFREG|"}, {S_IFDIR, "S_IFDIR|"}, {S_IFCHR, "S_IFCHR|"},  {S_IFBLK, "S_IFBLK|"},
                 {S_IFIFO, "S_IFIFO|"}, {S_IFLNK, "S_IFLNK|"}, {S_IFSOCK, "S_IFSOCK|"}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if ((v & S_IFMT) == types[i].bits) buf_str(out, types[i].name);
    buf_printf(out, "%#03o", (unsigned)(v & ~(uint64_t)S_IFMT));
}

static void signal_name(uint64_t v, struct buf *out)
{
    const char *name = v < 32 ? sigabbrev_np((int)v) : NULL;
    if (name)
        buf_printf(out, "SIG%s", name);
    else if (v >= 32 && v <= 64)
        buf_printf(out, "SIGRT_%d", (int)v - 32);
    else
        buf_printf(out, "%" PRId64, v);
}

/* A number that is no pointer. */
static void number(const struct call_table *calls, const struct call_arg *arg, uint64_t v, struct buf *out)
{
    switch (arg->kind) {
    case CALL_INT: buf_printf(out, "%d", (int)v); return;
    case CALL_UINT: buf_printf(out, "%u", (unsigned)v); return;
    case CALL_LONG: buf_printf(out, "%" PRId64, v); return;
    case CALL_ULONG: buf_printf(out, "%" PRIu64, v); return;
    case CALL_MODE: mode(v, out); return;
    case CALL_SIGNAL: signal_name(v, out); return;
    case CALL_SET: trace_set(&calls->sets[arg->of], v, out); return;
    case CALL_FD: buf_printf(out, "%d", (int)v); return;
    case CALL_DIRFD:
        if ((int)v == AT_FDCWD)
            buf_str(out, "AT_FDCWD");
        else
            buf_printf(out, "%d", (int)v);
        return;
    case CALL_HEX: buf_printf(out, v ? "0x%" PRIx64 : "%" PRIu64, v); return;
    default: address(v, out); return;
    }
}

static void one_struct(struct user_thread *t, const struct call_struct *s, uint64_t addr, struct buf *out)
{
    unsigned char bytes[512];
    bool any = false, whole = true;
    if (s->size > sizeof(bytes) || user_read(t->p, addr, bytes, s->size)) {
        address(addr, out);
        return;
    }
    bool bare = !s->members[1].name; /* a plain value */
    buf_char(out, bare ? '[' : '{');
    for (const struct call_member *m = s->members; m->name; m++) {
        if (m->show.kind == CALL_NOTHING) {
            whole = false;
            continue;
        }
        if (any) buf_str(out, ", ");
        any = true;
        if (!bare) buf_printf(out, "%s=", m->name);
        if (m->show.kind == CALL_STRING)
            quoted((const char *)bytes + m->at, strnlen((const char *)bytes + m->at, m->count), out);
        else
            number(t->p->abi->calls, &m->show, call_member_get(bytes + m->at, m->size, m->is_signed), out);
    }
    if (!whole) buf_str(out, any ? ", ..." : "...");
    buf_char(out, bare ? ']' : '}');
}

static void sockaddr(struct user_thread *t, uint64_t addr, uint64_t len, struct buf *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } a = {0};
    char text[INET6_ADDRSTRLEN];
    if (len > sizeof(a)) len = sizeof(a);
    if (len < sizeof(a.any.sa_family) || user_read(t->p, addr, &a, len)) {
        address(addr, out);
    } else if (a.any.sa_family == AF_UNIX) {
        size_t n = len - sizeof(a.any.sa_family);
        buf_str(out, "{sa_family=AF_UNIX, sun_path=");
        quoted(a.un.sun_path, n && a.un.sun_path[0] ? strnlen(a.un.sun_path, n) : n, out);
        buf_char(out, '}');
    } else if (a.any.sa_family == AF_INET) {
        buf_printf(out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%s\")}",
                   ntohs(a.in.sin_port), inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof(text)));
    } else if (a.any.sa_family == AF_INET6) {
        buf_printf(out, "{sa_family=AF_INET6, sin6_port=htons(%u), sin6_addr=\"%s\"}", ntohs(a.in6.sin6_port),
                   inet_ntop(AF_INET6, &a.in6.sin6_addr, text, sizeof(text)));
    } else {
        buf_printf(out, "{sa_family=%u, ...}", a.any.sa_family);
    }
}

static void iovecs(struct user_thread *t, uint64_t addr, uint64_t count, struct buf *out)
{
    buf_char(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        uint64_t v[2];
        if (i) buf_str(out, ", ");
        if (i == SHOWN_ITEMS || user_read(t->p, addr + i * sizeof(v), v, sizeof(v))) {
            buf_str(out, "...");
            break;
        }
        buf_str(out, "{iov_base=");
        trace_text(t, v[0], v[1], false, out);
        buf_printf(out, ", iov_len=%" PRIu64 "}", v[1]);
    }
    buf_char(out, ']');
}

static void signals(struct user_thread *t, uint64_t addr, uint64_t size, struct buf *out)
{
    uint64_t set = 0;
    bool any = false;
    if (size > sizeof(set) || user_read(t->p, addr, &set, size)) {
        address(addr, out);
        return;
    }
    bool most = __builtin_popcountll(set) > USER_SIGNALS / 2; /* then what is missing is shorter */
    buf_str(out, most ? "~[" : "[");
    if (most) set = ~set;
    for (unsigned sig = 1; sig <= USER_SIGNALS; sig++) {
        if (!(set >> (sig - 1) & 1)) continue;
        if (any) buf_char(out, ' ');
        any = true;
        if (sig < 32)
            buf_str(out, sigabbrev_np((int)sig) ?: "?");
        else
            buf_printf(out, "RT_%u", sig - 32);
    }
    buf_char(out, ']');
}

static void strings(struct user_thread *t, uint64_t addr, struct buf *out)
{
    uint64_t at;
    if (!addr || user_read(t->p, addr, &at, sizeof(at))) {
        address(addr, out);
        return;
    }
    buf_char(out, '[');
    for (unsigned i = 0; at && i < 4 * SHOWN_ITEMS; i++) {
        if (i) buf_str(out, ", ");
        trace_text(t, at, 0, true, out);
        addr += sizeof(at);
        if (user_read(t->p, addr, &at, sizeof(at))) break;
    }
    buf_str(out, at ? ", ...]" : "]");
}

static void structs(struct user_thread *t, const struct call_struct *s, uint64_t addr, uint64_t count,
                    bool array, struct buf *out)
{
    if (array) buf_char(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i) buf_str(out, ", ");
        if (i == SHOWN_ITEMS) {
            buf_str(out, "...");
            break;
        }
        one_struct(t, s, addr + i * s->size, out);
    }
    if (array) buf_char(out, ']');
}

static void data(struct user_thread *t, const struct call_row *row, const struct call_arg *arg,
                 const uint64_t a[6], uint64_t addr, int64_t result, struct buf *out)
{
    const struct call_struct *s = &t->p->abi->calls->structs[arg->of];
    uint64_t count = call_count(t, row, arg, a);
    bool filled = arg->dir == CALL_OUT && arg->by == CALL_BY_ARG; /* the result says how much */
    if (filled && (uint64_t)result < count) count = (uint64_t)result;
    if (!addr || result < 0) {
        address(addr, out);
        return;
    }
    switch (arg->of) {
    case CALL_STRUCT_char: trace_text(t, addr, count, false, out); return;
    case CALL_STRUCT_sockaddr: sockaddr(t, addr, call_count(t, row, arg, a), out); return;
    case CALL_STRUCT_iovec: iovecs(t, addr, call_count(t, row, arg, a), out); return;
    case CALL_STRUCT_sigset: signals(t, addr, call_count(t, row, arg, a), out); return;
    case CALL_STRUCT_fd_set:
    case CALL_STRUCT_msghdr:
    case CALL_STRUCT_mmsghdr: address(addr, out); return;
    default: structs(t, s, addr, count, arg->by != CALL_BY_NUMBER || arg->plus != 1, out);
    }
}

/* A request's name; it is the same whatever row it was found by. */
static void request(const struct call_row *row, uint64_t v, struct buf *out)
{
    const struct call_request *r = row->requests ? NULL : container_of(row, struct call_request, row);
    if (r)
        buf_str(out, r->name);
    else
        buf_printf(out, "0x%x", (unsigned)v);
}

void trace_arg(struct user_thread *t, const struct call_row *row, const struct call_arg *arg,
               const uint64_t a[6], uint64_t value, int64_t result, struct buf *out)
{
    switch (arg->kind) {
    case CALL_STRING:
    case CALL_PATH: trace_text(t, value, 0, true, out); return;
    case CALL_STRINGS: strings(t, value, out); return;
    case CALL_REQUEST: request(row, value, out); return;
    case CALL_DATA: data(t, row, arg, a, value, result, out); return;
    default: number(t->p->abi->calls, arg, value, out); return;
    }
}
