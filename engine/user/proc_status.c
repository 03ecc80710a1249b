/* /proc/self/stat, status and statm: the host's text, with the guest's values in the places of those that are
 * of the host's memory, its threads and its handlers. */
#include "engine/user/proc.h"
#include "engine/user/signals.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the guest's values ---- */

enum value {
    SIZE, /* of memory: bytes */
    RSS,
    RSS_ANON,
    RSS_FILE,
    RSS_SHM,
    SHARED,
    STACK,
    DATA,
    DATA_AND_STACK,
    CODE,
    LIB,
    SWAP,
    LOW, /* addresses */
    HIGH,
    STACK_TOP,
    BRK,
    THREADS, /* a number */
    BLOCKED, /* sets of signals */
    IGNORED,
    CAUGHT,
    ZERO,
    VALUES
};

static void values_of_memory(struct user_process *p, uint64_t v[VALUES])
{
    struct proc_sizes n;
    proc_sizes(p, &n);
    uint64_t exe = p->image.high - p->image.low;
    v[SIZE] = n.size;
    v[RSS] = n.anon + n.file + n.shm;
    v[RSS_ANON] = n.anon;
    v[RSS_FILE] = n.file;
    v[RSS_SHM] = n.shm;
    v[SHARED] = n.file + n.shm;
    v[STACK] = n.stack;
    v[DATA] = n.data;
    v[DATA_AND_STACK] = n.data + n.stack;
    v[CODE] = n.code < exe ? n.code : exe;
    v[LIB] = n.code - v[CODE];
    v[SWAP] = n.swap;
    v[LOW] = p->image.low;
    v[HIGH] = p->image.high;
    v[STACK_TOP] = p->space.stack_top;
    v[BRK] = p->space.brk_start;
}

/* Of the thread that the text is about. */
static void values(struct user_thread *t, long tid, uint64_t v[VALUES])
{
    struct user_process *p = t->p;
    const struct user_handlers *h = t->handlers;
    memset(v, 0, VALUES * sizeof(v[0]));
    values_of_memory(p, v);
    v[BLOCKED] = t->mask;
    pthread_mutex_lock(&p->lock);
    v[THREADS] = t->vfork_child ? 1 : p->nthreads;
    for (const struct user_thread *o = p->threads; o; o = o->next)
        if (o->tid == tid) v[BLOCKED] = o->mask;
    pthread_mutex_unlock(&p->lock);
    for (int sig = 1; sig <= USER_SIGNALS; sig++) {
        uint64_t handler = h->of[sig].handler;
        v[handler == SIGNAL_IGNORE ? IGNORED : handler ? CAUGHT : ZERO] |= SIGNAL_BIT(sig);
    }
    v[ZERO] = 0;
}

enum format { BYTES, PAGES, KB, HEX, LOW31 /* all that fits where stat has it */ };

static void put(uint64_t v, enum format f, struct buf *out)
{
    unsigned long long n = v;
    switch (f) {
    case BYTES: buf_printf(out, "%llu", n); break;
    case PAGES: buf_printf(out, "%llu", n / CPU_PAGE); break;
    case KB: buf_printf(out, "%8llu kB", n / 1024); break;
    case HEX: buf_printf(out, "%016llx", n); break;
    case LOW31: buf_printf(out, "%llu", n & 0x7fffffff); break;
    }
}

static void host_file(const char *name, struct buf *out)
{
    char chunk[4096];
    ssize_t n;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) buf_add(out, chunk, (size_t)n);
    close(fd);
}

/* ---- stat, statm: fields by number (proc(5)) ---- */

struct field {
    unsigned number;
    enum value value;
    enum format format;
};

static const struct field stat_fields[] = {
    {20, THREADS, BYTES}, {23, SIZE, BYTES},      {24, RSS, PAGES},     {26, LOW, BYTES},
    {27, HIGH, BYTES},    {28, STACK_TOP, BYTES}, {29, ZERO, BYTES}, /* esp, eip */
    {30, ZERO, BYTES},    {32, BLOCKED, LOW31},   {33, IGNORED, LOW31}, {34, CAUGHT, LOW31},
    {45, ZERO, BYTES},                                               /* data */
    {46, ZERO, BYTES},    {47, BRK, BYTES},       {48, ZERO, BYTES}, /* arguments, environment */
    {49, ZERO, BYTES},    {50, ZERO, BYTES},      {51, ZERO, BYTES},
};

static const struct field statm_fields[] = {
    {1, SIZE, PAGES}, {2, RSS, PAGES}, {3, SHARED, PAGES}, {4, CODE, PAGES}, {6, DATA_AND_STACK, PAGES},
};

/* The fields of p from `number` on, each with the space before it. */
static void put_fields(const char *p, unsigned number, const struct field *f, unsigned n,
                       const uint64_t v[VALUES], struct buf *out)
{
    for (; *p && *p != '\n'; number++) {
        size_t gap = strspn(p, " "), length = strcspn(p + gap, " \n");
        unsigned i = 0;
        buf_add(out, p, gap);
        while (i < n && f[i].number != number) i++;
        if (i < n)
            put(v[f[i].value], f[i].format, out);
        else
            buf_add(out, p + gap, length);
        p += gap + length;
    }
    buf_char(out, '\n');
}

/* The second field is a name in parentheses, which may hold anything. */
void proc_stat(struct user_thread *t, const char *name, struct buf *out)
{
    struct buf host = {0};
    uint64_t v[VALUES];
    host_file(name, &host);
    const char *p = buf_cstr(&host), *after = strrchr(p, ')');
    values(t, strtol(p, NULL, 10), v);
    if (after) {
        buf_add(out, p, (size_t)(after + 1 - p));
        put_fields(after + 1, 3, stat_fields, ARRAY_LEN(stat_fields), v, out);
    }
    buf_free(&host);
}

void proc_statm(struct user_thread *t, const char *name, struct buf *out)
{
    struct buf host = {0};
    uint64_t v[VALUES];
    host_file(name, &host);
    values(t, 0, v);
    put_fields(buf_cstr(&host), 1, statm_fields, ARRAY_LEN(statm_fields), v, out);
    buf_free(&host);
}

/* ---- status: lines by name ---- */

static const struct {
    const char *name;
    enum value value;
    enum format format;
} lines[] = {
    {"VmPeak", SIZE, KB},        {"VmSize", SIZE, KB},      {"VmHWM", RSS, KB},
    {"VmRSS", RSS, KB},          {"RssAnon", RSS_ANON, KB}, {"RssFile", RSS_FILE, KB},
    {"RssShmem", RSS_SHM, KB},   {"VmData", DATA, KB},      {"VmStk", STACK, KB},
    {"VmExe", CODE, KB},         {"VmLib", LIB, KB},        {"VmSwap", SWAP, KB},
    {"Threads", THREADS, BYTES}, {"SigBlk", BLOCKED, HEX},  {"SigIgn", IGNORED, HEX},
    {"SigCgt", CAUGHT, HEX},
};

static void put_status(const char *line, size_t length, const uint64_t v[VALUES], struct buf *out)
{
    size_t name = strcspn(line, ":");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (strlen(lines[i].name) != name || strncmp(lines[i].name, line, name) != 0) continue;
        buf_add(out, line, name);
        buf_str(out, ":\t");
        put(v[lines[i].value], lines[i].format, out);
        buf_char(out, '\n');
        return;
    }
    buf_add(out, line, length);
}

void proc_status(struct user_thread *t, const char *name, struct buf *out)
{
    struct buf host = {0};
    uint64_t v[VALUES];
    host_file(name, &host);
    const char *p = buf_cstr(&host), *pid = strstr(p, "\nPid:");
    values(t, pid ? strtol(pid + 5, NULL, 10) : 0, v);
    while (*p) {
        size_t length = strcspn(p, "\n");
        length += p[length] == '\n';
        put_status(p, length, v, out);
        p += length;
    }
    buf_free(&host);
}
