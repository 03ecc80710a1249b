/* Files of /proc that show the host's process, as the guest should see them: made up in a memory file.
 *
 * A file is a row of `files`; what is not there is the host's own. */
#include "engine/user/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Past "/proc/self/", "/proc/<pid>/", "…/task/<tid>/" of this process, or NULL. */
static const char *number_or(const char *p, const char *word, long number)
{
    char *end;
    size_t n = strlen(word);
    if (!strncmp(p, word, n) && p[n] == '/') return p + n + 1;
    if (*p < '1' || *p > '9' || strtol(p, &end, 10) != number || *end != '/') return NULL;
    return end + 1;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/') p++;
    return p;
}

/* A thread of this process? */
static bool is_thread(const struct user_thread *t, long tid)
{
    bool found = false;
    pthread_mutex_lock(&t->p->lock);
    for (const struct user_thread *o = t->p->threads; o && !found; o = o->next) found = o->tid == tid;
    pthread_mutex_unlock(&t->p->lock);
    return found;
}

const char *proc_own(const struct user_thread *t, const char *name)
{
    if (strncmp(name, "/proc/", 6) != 0) return NULL;
    const char *p = skip_slashes(name + 6);
    const char *own = number_or(p, "self", getpid());
    if (!own) own = number_or(p, "thread-self", 0);
    if (!own) return NULL;
    own = skip_slashes(own);
    if (strncmp(own, "task/", 5) != 0) return own;
    long tid = strtol(own + 5, NULL, 10);
    const char *rest = strchr(own + 5, '/');
    return rest && is_thread(t, tid) ? skip_slashes(rest) : own;
}

/* ---- the files ---- */

static void maps(struct user_thread *t, struct buf *out)
{
    space_maps(t->p, out);
}

static void strings(char *const *list, struct buf *out)
{
    for (; *list; list++) buf_add(out, *list, strlen(*list) + 1);
}

static void cmdline(struct user_thread *t, struct buf *out)
{
    strings(t->p->argv, out);
}

static void environ_of(struct user_thread *t, struct buf *out)
{
    strings(t->p->opt->envp, out);
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

/* Fields of proc(5)'s stat that are addresses of the host's process, and the guest's own. */
static bool stat_field(const struct user_process *p, unsigned field, struct buf *out)
{
    switch (field) {
    case 26: buf_printf(out, "%llu", (unsigned long long)p->image.low); return true;
    case 27: buf_printf(out, "%llu", (unsigned long long)p->image.high); return true;
    case 28: buf_printf(out, "%llu", (unsigned long long)p->space.stack_top); return true;
    case 47: buf_printf(out, "%llu", (unsigned long long)p->space.brk_start); return true;
    case 29: /* esp, eip; data, arguments and environment: not said */
    case 30:
    case 45:
    case 46:
    case 48:
    case 49:
    case 50:
    case 51: buf_char(out, '0'); return true;
    default: return false;
    }
}

static void stat_of(struct user_thread *t, struct buf *out)
{
    struct buf host = {0};
    host_file("/proc/thread-self/stat", &host);
    /* the second field is a name in parentheses, which may hold anything */
    const char *p = buf_cstr(&host), *after = strrchr(p, ')');
    unsigned field = 2;
    if (after) {
        buf_add(out, p, (size_t)(after + 1 - p));
        for (p = after + 1; *p == ' '; p += 1 + strcspn(p + 1, " \n")) {
            size_t n = strcspn(p + 1, " \n");
            buf_char(out, ' ');
            if (!stat_field(t->p, ++field, out)) buf_add(out, p + 1, n);
        }
    }
    buf_char(out, '\n');
    buf_free(&host);
}

/* Its auxiliary vector stands where the stack was built. */
static void auxv(struct user_thread *t, struct buf *out)
{
    uint64_t pair[2], at = t->p->auxv;
    while (at && !user_read(t->p, at, pair, sizeof(pair))) {
        buf_add(out, pair, sizeof(pair));
        if (!pair[0]) return;
        at += sizeof(pair);
    }
}

static void cpuinfo(struct user_thread *t, struct buf *out)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < n; i++) t->p->abi->cpuinfo(t->p, (unsigned)i, out);
}

static const struct {
    const char *name;
    void (*make)(struct user_thread *t, struct buf *out); /* NULL: not to be opened */
} files[] = {
    {"maps", maps},    {"cmdline", cmdline}, {"environ", environ_of},
    {"stat", stat_of}, {"auxv", auxv},       {"mem", NULL},
};

static int made(struct user_thread *t, void (*make)(struct user_thread *t, struct buf *out), int flags)
{
    struct buf text = {0};
    if ((flags & O_ACCMODE) != O_RDONLY) return -EACCES;
    int fd = memfd_create("proc", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0) return -errno;
    make(t, &text);
    const char *p = buf_cstr(&text);
    for (size_t left = text.len; left;) {
        ssize_t n = write(fd, p, left);
        if (n <= 0) break;
        p += n;
        left -= (size_t)n;
    }
    buf_free(&text);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int proc_open(struct user_thread *t, const char *name, int flags)
{
    const char *own = proc_own(t, name);
    if (!own) return strcmp(name, "/proc/cpuinfo") || !t->p->abi->cpuinfo ? -ENXIO : made(t, cpuinfo, flags);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (!strcmp(files[i].name, own)) return files[i].make ? made(t, files[i].make, flags) : -EACCES;
    return -ENXIO;
}
