/* Files of /proc that show the host's process, as the guest should see them: made up in a memory file.
 *
 * A file is a row of `files`; what is not there is the host's own. */
#include "engine/user/proc.h"

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

static void strings(char *const *list, struct buf *out)
{
    for (; *list; list++) buf_add(out, *list, strlen(*list) + 1);
}

static void cmdline(struct user_thread *t, const char *name, struct buf *out)
{
    strings(t->p->argv, out);
}

static void environ_of(struct user_thread *t, const char *name, struct buf *out)
{
    strings(t->p->opt->envp, out);
}

/* Its auxiliary vector stands where the stack was built. */
static void auxv(struct user_thread *t, const char *name, struct buf *out)
{
    uint64_t pair[2], at = t->p->auxv;
    while (at && !user_read(t->p, at, pair, sizeof(pair))) {
        buf_add(out, pair, sizeof(pair));
        if (!pair[0]) return;
        at += sizeof(pair);
    }
}

static void cpuinfo(struct user_thread *t, const char *name, struct buf *out)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < n; i++) t->p->abi->cpuinfo(t->p, (unsigned)i, out);
}

static const struct {
    const char *name;
    proc_make *make; /* NULL: not to be opened */
} files[] = {
    {"maps", proc_maps}, {"smaps", proc_smaps},   {"smaps_rollup", proc_smaps_rollup},
    {"stat", proc_stat}, {"status", proc_status}, {"statm", proc_statm},
    {"auxv", auxv},      {"cmdline", cmdline},    {"environ", environ_of},
    {"mem", NULL},       {"pagemap", NULL},
};

static int made(struct user_thread *t, proc_make *make, const char *name, int flags)
{
    struct buf text = {0};
    if ((flags & O_ACCMODE) != O_RDONLY) return -EACCES;
    int fd = memfd_create("proc", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0) return -errno;
    make(t, name, &text);
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
    if (!own)
        return strcmp(name, "/proc/cpuinfo") || !t->p->abi->cpuinfo ? -ENXIO : made(t, cpuinfo, name, flags);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (!strcmp(files[i].name, own)) return files[i].make ? made(t, files[i].make, name, flags) : -EACCES;
    return -ENXIO;
}
