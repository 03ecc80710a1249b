/* execve: a guest's program is run by this program again, with the options that it was given; everything else
 * (the host's own programs, what binfmt_misc knows, no program at all) is the host kernel's business. */
#include "engine/user/call.h"
#include "engine/user/signals.h"
#include "linux/linux_calls.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HEAD = 256, SCRIPTS = 5 }; /* of a file's beginning; interpreters that are scripts: as in Linux */

/* What one execve is about. Its memory is t->scratch, since in a child of vfork it is left to the parent. */
struct exec {
    struct user_thread *t;
    int dirfd, flags; /* execveat's; AT_FDCWD and 0 for execve */
    char *name;       /* the host's path for the guest's, as call_path has it */
    char *path;       /* the same file, from anywhere */
    char **argv;      /* of strings in guest memory, NULL-terminated */
    char **envp;      /* the same */
    size_t argc;      /* length of argv */
};

/* ---- what kind of file ---- */

static bool is_guest_elf(const uint8_t *head, ssize_t n)
{
    const Elf64_Ehdr *h = (const void *)head;
    if (n < (ssize_t)sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG)) return false;
    for (unsigned i = 0; guest_all[i]; i++) {
        const struct user_abi *abi = user_abi_of(guest_all[i]);
        if (abi && h->e_machine == abi->elf_machine) return true;
    }
    return false;
}

/* The interpreter that "#! interpreter argument" names, in place; NULL: no script. */
static char *script_interpreter(char *head, ssize_t n)
{
    if (n < 3 || head[0] != '#' || head[1] != '!') return NULL;
    head[n] = 0;
    char *s = head + 2 + strspn(head + 2, " \t");
    s[strcspn(s, " \t\n")] = 0;
    return *s ? s : NULL;
}

/* Is there a guest's program at the end of the scripts? Files that cannot be read are not ours. */
static bool is_guest_program(struct user_thread *t, const char *path)
{
    _Alignas(Elf64_Ehdr) char head[HEAD + 1];
    char room[PATH_MAX];
    for (int depth = 0; depth <= SCRIPTS; depth++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD);
        if (fd >= 0) close(fd);
        if (is_guest_elf((const uint8_t *)head, n)) return true;
        const char *interp = script_interpreter(head, n);
        if (!interp || call_path(t, interp, room)) return false;
        path = room;
    }
    return false;
}

/* ---- the arguments ---- */

/* An array of guest pointers as one of the host's. The strings stay where they are: the kernel reads them. */
static int read_vector(struct user_thread *t, uint64_t addr, char ***out, size_t *count)
{
    size_t n = 0, cap = 0;
    char **v = NULL;
    for (uint64_t at = addr;; n++, addr += 8) {
        if (at && user_read(t->p, addr, &at, sizeof(at))) return -EFAULT;
        if (at && !space_inside(at, 1)) return -EFAULT;
        if (n == cap) {
            cap = cap ? cap * 2 : 16;
            char **more = arena_alloc(&t->scratch, cap * sizeof(*v));
            if (n) memcpy(more, v, n * sizeof(*v));
            v = more;
        }
        v[n] = at ? mem_host(&t->p->mem, at) : NULL;
        if (!at) break;
    }
    *out = v;
    *count = n;
    return 0;
}

/* The file itself, by the descriptor's own link: its path if that still leads to it, else the link, which a
 * descriptor without FD_CLOEXEC must keep alive. */
static int path_of_fd(struct exec *x, int fd)
{
    char link[32], path[PATH_MAX];
    struct stat a, b;
    if (fstat(fd, &a)) return -errno;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n < 0) return -errno;
    path[n] = 0;
    if (!stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        x->path = arena_strdup(&x->t->scratch, path);
        return 0;
    }
    int kept = dup(fd);
    if (kept < 0) return -errno;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", kept);
    x->path = arena_strdup(&x->t->scratch, link);
    return 0;
}

/* Betters x->path, for a file that may be executed. */
static int find(struct exec *x)
{
    int nofollow = x->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    if (x->dirfd == AT_FDCWD && !x->flags) return access(x->path, X_OK) ? -errno : 0;
    if (!*x->name && x->flags & AT_EMPTY_PATH) return path_of_fd(x, x->dirfd);
    int fd = openat(x->dirfd, x->name, O_PATH | O_CLOEXEC | nofollow);
    if (fd < 0) return -errno;
    int err = path_of_fd(x, fd);
    close(fd);
    return err;
}

/* ---- the call ---- */

static int64_t host_exec(struct exec *x, uint64_t path, char **argv)
{
    struct user_thread *t = x->t;
    uint64_t flags = (uint64_t)(unsigned)x->flags;
    signal_before_exec(t);
    int64_t r = user_host_call(
        t, SYS_execveat,
        (const uint64_t[6]){(uint64_t)(int64_t)x->dirfd, path, (uint64_t)argv, (uint64_t)x->envp, flags});
    signal_after_exec(t);
    return r;
}

/* This program again: its options, the guest's name for itself, the path, the guest's arguments. */
static int64_t exec_guest(struct exec *x)
{
    const struct user_options *o = x->t->p->opt;
    char *const *again = o->again;
    const char *more = o->executes ? o->executes(x->t, false, o->data) : NULL;
    size_t n = 0, to = 0;
    while (again[n]) n++;
    char **argv = arena_alloc(&x->t->scratch, (n + 6 + x->argc) * sizeof(*argv));
    while (to < n) {
        argv[to] = again[to];
        to++;
    }
    if (more) argv[to++] = (char *)(uintptr_t)more;
    argv[to++] = (char *)"--argv0";
    argv[to++] = x->argc ? x->argv[0] : (char *)"";
    argv[to++] = (char *)"--";
    argv[to++] = x->path;
    for (size_t i = 1; i < x->argc; i++) argv[to++] = x->argv[i];
    x->dirfd = AT_FDCWD;
    x->flags = 0;
    int64_t r = host_exec(x, (uint64_t) "/proc/self/exe", argv);
    if (more) o->executes(x->t, true, o->data);
    return r;
}

static int64_t exec_found(struct exec *x)
{
    int err = find(x);
    if (err && err != -EACCES) return err; /* the kernel knows why it refuses a file that is there */
    if (!err && is_guest_program(x->t, x->path)) return exec_guest(x);
    return host_exec(x, (uint64_t)x->name, x->argv);
}

static int64_t exec_named(struct exec *x, const uint64_t a[3])
{
    struct user_thread *t = x->t;
    char name[PATH_MAX], host[PATH_MAX];
    size_t unused;
    int64_t r = call_string(t, a[0], name, sizeof(name));
    if (r < 0) return r;
    r = call_path(t, name, host);
    if (!r) r = read_vector(t, a[1], &x->argv, &x->argc);
    if (!r) r = read_vector(t, a[2], &x->envp, &unused);
    if (r) return r;
    x->path = x->name = arena_strdup(&t->scratch, host);
    if (t->p->opt->strace) fflush(t->p->opt->strace);
    return exec_found(x);
}

static int64_t exec_any(struct user_thread *t, int dirfd, const uint64_t a[3], int flags)
{
    struct exec x = {.t = t, .dirfd = dirfd, .flags = flags};
    int64_t r = t->wanted ? USER_RESTART_ALWAYS : exec_named(&x, a);
    arena_free(&t->scratch);
    return r;
}

int64_t user_execve(struct user_thread *t, const uint64_t a[6])
{
    return exec_any(t, AT_FDCWD, a, 0);
}

int64_t user_execveat(struct user_thread *t, const uint64_t a[6])
{
    if (a[4] & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) return -EINVAL;
    return exec_any(t, (int)a[0], a + 1, (int)a[4]);
}
