/* The packets of the remote serial protocol (gdb manual, E.2): what gdb asks while everything stands still.
 */
#include "harness/gdb/gdb.h"

#include "engine/user/space.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void reply(struct gdb *d, const char *text)
{
    packet_send(d, text, strlen(text));
}

/* ---- memory: through the kernel, which lets a debugger write where the guest may not ---- */

/* Bytes done, from the first. */
static size_t move_memory(struct gdb *d, uint64_t addr, void *p, size_t n, bool write)
{
    if (!space_inside(addr, n ? n : 1)) return 0;
    int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (fd < 0) return 0;
    off_t at = (off_t)(uintptr_t)mem_host(&d->p->mem, addr);
    ssize_t done = write ? pwrite(fd, p, n, at) : pread(fd, p, n, at);
    close(fd);
    if (write && done > 0) mem_unwatch(&d->p->mem, addr, (uint64_t)done);
    return done > 0 ? (size_t)done : 0;
}

static void read_memory(struct gdb *d, const char *s)
{
    static const size_t most = GDB_PACKET / 2 - 8;
    uint64_t addr = packet_number(&s), n = *s == ',' ? (s++, packet_number(&s)) : 0;
    uint8_t *bytes = xmalloc(most);
    struct buf out = {0};
    size_t got = move_memory(d, addr, bytes, n < most ? n : most, false);
    packet_hex(&out, bytes, got);
    reply(d, got || !n ? buf_cstr(&out) : "E01");
    buf_free(&out);
    free(bytes);
}

/* M addr,n:hex */
static void write_memory(struct gdb *d, const char *s)
{
    uint64_t addr = packet_number(&s), n = *s == ',' ? (s++, packet_number(&s)) : 0;
    uint8_t *bytes = xmalloc(GDB_PACKET);
    size_t have = *s == ':' ? packet_unhex(s + 1, bytes, GDB_PACKET) : 0;
    bool good = have == n && (!n || move_memory(d, addr, bytes, n, true) == n);
    reply(d, good ? "OK" : "E01");
    free(bytes);
}

/* X addr,n:bytes */
static void write_binary(struct gdb *d, const struct buf *packet)
{
    const char *s = packet->p + 1;
    uint64_t addr = packet_number(&s), n = *s == ',' ? (s++, packet_number(&s)) : 0;
    size_t have = *s == ':' ? packet->len - (size_t)(s + 1 - packet->p) : 0;
    bool good = have == n && (!n || move_memory(d, addr, (void *)(uintptr_t)(s + 1), n, true) == n);
    reply(d, good ? "OK" : "E01");
}

/* ---- threads ---- */

static struct gdb_thread *by_tid(struct gdb *d, uint64_t tid)
{
    for (unsigned i = 0; i < d->nthreads; i++)
        if (d->threads[i].t && (uint64_t)d->threads[i].t->tid == tid) return &d->threads[i];
    return NULL;
}

static void list_threads(struct gdb *d)
{
    struct buf out = {0};
    for (unsigned i = 0; i < d->nthreads; i++)
        if (d->threads[i].t) buf_printf(&out, "%c%x", out.len ? ',' : 'm', (unsigned)d->threads[i].t->tid);
    reply(d, buf_cstr(&out));
    buf_free(&out);
}

/* H: g or c, and a thread; 0 and -1 mean any. */
static void choose_thread(struct gdb *d, const char *s)
{
    bool any = s[0] && (s[1] == '-' || s[1] == '0');
    const char *number = s[0] ? s + 1 : s;
    struct gdb_thread *t = any ? d->current : by_tid(d, packet_number(&number));
    if (t && s[0] == 'g') d->current = t;
    reply(d, t ? "OK" : "E01");
}

/* ---- objects ---- */

/* The pairs of the auxiliary vector, the zero that ends it included. */
static void read_auxv(struct user_process *p, struct buf *out)
{
    uint64_t pair[2] = {1, 0};
    for (uint64_t at = p->auxv; pair[0] && !user_read(p, at, pair, sizeof(pair)); at += sizeof(pair))
        buf_add(out, pair, sizeof(pair));
}

/* The part "offset,length" of an object. */
static void send_part(struct gdb *d, const char *s, const struct buf *whole)
{
    struct buf out = {0};
    uint64_t at = packet_number(&s), n = *s == ',' ? (s++, packet_number(&s)) : 0;
    if (at > whole->len) at = whole->len;
    if (n > GDB_PACKET / 2) n = GDB_PACKET / 2;
    bool last = n >= whole->len - at;
    buf_char(&out, last ? 'l' : 'm');
    buf_add(&out, buf_cstr(whole) + at, last ? whole->len - at : n);
    packet_send(d, out.p, out.len);
    buf_free(&out);
}

/* qXfer:OBJECT:read:ANNEX:offset,length */
static void transfer(struct gdb *d, const char *s)
{
    struct buf whole = {0};
    const char *part = strrchr(s, ':');
    bool known = true;
    if (!strncmp(s, "features:read:target.xml:", 25))
        registers_xml(d->p->guest, &whole);
    else if (!strncmp(s, "exec-file:read:", 15))
        buf_str(&whole, d->p->exe);
    else if (!strncmp(s, "auxv:read:", 10))
        read_auxv(d->p, &whole);
    else
        known = false;
    if (known && part)
        send_part(d, part + 1, &whole);
    else
        reply(d, "");
    buf_free(&whole);
}

/* ---- questions ---- */

static void report_stop(struct gdb *d, int sig)
{
    struct buf text = {0};
    buf_printf(&text, "T%02x", (unsigned)sig);
    if (d->executed && d->exec_events) {
        buf_str(&text, "exec:");
        packet_hex(&text, d->p->exe, strlen(d->p->exe));
        buf_char(&text, ';');
    }
    d->executed = false;
    if (d->hit) buf_printf(&text, "watch:%lx;", d->hit_addr);
    buf_printf(&text, "thread:%x;", (unsigned)d->current->t->tid);
    reply(d, text.p);
    buf_free(&text);
}

static void query(struct gdb *d, const char *s)
{
    char text[192];
    if (!strncmp(s, "qSupported", 10)) {
        snprintf(text, sizeof(text),
                 "PacketSize=%x;QStartNoAckMode+;QPassSignals+;qXfer:features:read+;qXfer:exec-file:read+;"
                 "qXfer:auxv:read+;exec-events+",
                 GDB_PACKET);
        d->exec_events = strstr(s, "exec-events+");
        reply(d, text);
    } else if (!strncmp(s, "QPassSignals:", 13)) {
        signals_pass(d, s + 13);
        reply(d, "OK");
    } else if (!strncmp(s, "qXfer:", 6)) {
        transfer(d, s + 6);
    } else if (!strcmp(s, "qfThreadInfo")) {
        list_threads(d);
    } else if (!strcmp(s, "qsThreadInfo")) {
        reply(d, "l");
    } else if (!strcmp(s, "qC")) {
        snprintf(text, sizeof(text), "QC%x", (unsigned)d->current->t->tid);
        reply(d, text);
    } else if (!strncmp(s, "qAttached", 9)) {
        reply(d, "0");
    } else if (!strcmp(s, "QStartNoAckMode")) {
        reply(d, "OK");
        d->no_ack = true;
    } else {
        reply(d, "");
    }
}

/* ---- going on ---- */

/* One action of vCont for the threads it names. */
static void act(struct gdb *d, const char *action, struct gdb_thread *only)
{
    for (unsigned i = 0; i < d->nthreads; i++) {
        struct gdb_thread *t = &d->threads[i];
        if (!t->t || (only && t != only) || (!only && !t->held)) continue;
        t->held = false;
        t->steps = action[0] == 's' || action[0] == 'S';
    }
    const char *sig = action + 1;
    if (action[0] == 'C' || action[0] == 'S') d->resume_signal = signals_guest((int)packet_number(&sig));
}

/* vCont;ACTION[:THREAD]…: the first that fits a thread is its own; threads that none fits stay where they
 * are. */
static void continue_by(struct gdb *d, const char *s)
{
    for (unsigned i = 0; i < d->nthreads; i++) d->threads[i].held = true;
    while (*s == ';') {
        const char *action = ++s, *colon = s + strcspn(s, ":;");
        struct gdb_thread *only = NULL;
        if (*colon == ':' && colon[1] != '-') {
            const char *number = colon + 1;
            only = by_tid(d, packet_number(&number));
            if (!only) only = d->current;
        }
        if (!only || only->held) act(d, action, only);
        s += strcspn(s, ";");
    }
}

/* gdb leaves; everything runs on. */
static void leave(struct gdb *d)
{
    close(d->fd);
    d->fd = -1;
}

static void kill_guest(struct gdb *d)
{
    user_stop(d->p, 0, SIGKILL);
    leave(d);
}

/* s, S, c, C as vCont of all threads. */
static void resume(struct gdb *d, const char *s)
{
    bool steps = s[0] == 's' || s[0] == 'S';
    for (unsigned i = 0; i < d->nthreads; i++) d->threads[i].held = false;
    d->current->steps = steps;
    const char *sig = s + 1;
    if (s[0] == 'C' || s[0] == 'S') d->resume_signal = signals_guest((int)packet_number(&sig));
}

static void registers_packet(struct gdb *d, const char *s)
{
    struct user_thread *t = d->current->t;
    struct buf out = {0};
    const char *at = s + 1;
    bool good = true;
    if (s[0] == 'g') {
        registers_all(t, &out);
    } else if (s[0] == 'G') {
        good = registers_set_all(t, s + 1);
    } else {
        unsigned n = (unsigned)packet_number(&at);
        good = s[0] == 'p' ? registers_one(t, n, &out) : *at == '=' && registers_set_one(t, n, at + 1);
    }
    reply(d, !good ? "E01" : out.len ? out.p : "OK");
    buf_free(&out);
}

/* Z1,addr,size, Z2, and to clear them z1, z2: of the other types gdb makes breakpoints itself, or has none.
 */
static void watchpoint(struct gdb *d, const char *s)
{
    bool set = s[0] == 'Z', code = s[1] == '1';
    const char *at = s + 3;
    if ((s[1] != '1' && s[1] != '2') || s[2] != ',') {
        reply(d, "");
        return;
    }
    uint64_t addr = packet_number(&at), size = *at == ',' ? (at++, packet_number(&at)) : 0;
    reply(d, (set ? watch_set : watch_clear)(d, code, addr, size) ? "OK" : "E01");
}

/* True: the guest goes on. */
static bool packet(struct gdb *d, const struct buf *b, int sig)
{
    const char *s = buf_cstr(b);
    switch (s[0]) {
    case '?': report_stop(d, sig); return false;
    case 'g':
    case 'G':
    case 'p':
    case 'P': registers_packet(d, s); return false;
    case 'm': read_memory(d, s + 1); return false;
    case 'M': write_memory(d, s + 1); return false;
    case 'X': write_binary(d, b); return false;
    case 'H': choose_thread(d, s + 1); return false;
    case 'Z':
    case 'z': watchpoint(d, s); return false;
    case 'q':
    case 'Q': query(d, s); return false;
    case 'T': {
        const char *number = s + 1;
        reply(d, by_tid(d, packet_number(&number)) ? "OK" : "E01");
        return false;
    }
    case 'c':
    case 'C':
    case 's':
    case 'S': resume(d, s); return true;
    case 'D':
        reply(d, "OK");
        leave(d);
        return true;
    case 'k': kill_guest(d); return true;
    case 'v':
        if (!strcmp(s, "vCont?")) {
            reply(d, "vCont;c;C;s;S");
        } else if (!strncmp(s, "vCont;", 6)) {
            continue_by(d, s + 5);
            return true;
        } else if (!strncmp(s, "vKill", 5)) {
            reply(d, "OK");
            kill_guest(d);
            return true;
        } else {
            reply(d, "");
        }
        return false;
    default: reply(d, ""); return false;
    }
}

void serve_stopped(struct gdb *d, int sig)
{
    struct buf b = {0};
    if (d->announced) report_stop(d, sig); /* of the first stop gdb asks itself */
    d->announced = true;
    while (d->fd >= 0) {
        if (!packet_read(d, &b)) {
            leave(d);
            break;
        }
        if (packet(d, &b, sig)) break;
    }
    if (d->fd < 0)
        for (unsigned i = 0; i < d->nthreads; i++) d->threads[i].held = d->threads[i].steps = false;
    if (d->fd < 0) d->nwatches = 0;
    watch_start(d);
    buf_free(&b);
}

void serve_ended(struct gdb *d, struct user_process *p)
{
    char text[16];
    snprintf(text, sizeof(text), p->killed_by ? "X%02x" : "W%02x",
             (unsigned)(p->killed_by ? signals_gdb(p->killed_by) : p->status) & 0xff);
    reply(d, text);
}
