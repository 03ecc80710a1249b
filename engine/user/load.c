/* From a path to a program in memory: scripts (#!), the ISA, the dynamic linker, the heap. */
#include "engine/user/space.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SCRIPT_LINE = 256, /* bytes of a script's first line that count, as in Linux */
    SCRIPT_DEPTH = 5,  /* interpreters that are scripts themselves; likewise */
};

/* What the kernel makes itself: a root file system has empty folders there. */
static bool is_kernels(const char *path)
{
    static const char *const own[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        size_t n = strlen(own[i]);
        if (!strncmp(path, own[i], n) && (!path[n] || path[n] == '/')) return true;
    }
    return false;
}

/* The same with links that lead within the prefix, absolute ones too, as after chroot: a root file system has
 * such (/etc/alternatives). */
static bool find_in_root(const char *prefix, const char *path, char room[4096])
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    char link[64], at[4096];
    int root = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return false;
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = fd >= 0 ? readlink(link, at, sizeof(at) - 1) : -1;
    if (fd >= 0) close(fd);
    close(root);
    if (n <= 0 || at[0] != '/') return false;
    memcpy(room, at, (size_t)n);
    room[n] = 0;
    return true;
}

const char *user_path(const struct user_process *p, const char *path, char room[4096])
{
    const char *prefix = p->opt->prefix;
    struct stat st;
    if (!prefix || path[0] != '/' || is_kernels(path)) return path;
    int n = snprintf(room, 4096, "%s%s", prefix, path);
    if (n < 0 || n >= 4096) return path;
    /* a link that leads nowhere is something, too */
    return !stat(room, &st) || find_in_root(prefix, path, room) || !lstat(room, &st) ? room : path;
}

/* Opens a program: as the kernel wants it, a regular file that somebody may execute. */
static int open_program(const char *path, struct buf *why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0; /* a pipe must not make us wait */
    if (fd < 0) {
        err = -errno;
        buf_printf(why, "%s: %s", path, strerror(errno));
        return err;
    }
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 0111)) {
        buf_printf(why, "%s: nobody may execute it (chmod +x?)", path);
        close(fd);
        return -EACCES;
    }
    return fd;
}

/* argv becomes [interpreter, its one argument if there is one, script, argv[1], …]. */
static void put_in_front(struct user_process *p, const char *interp, const char *arg, const char *script)
{
    size_t n = 0, to = 0;
    while (p->argv[n]) n++;
    char **argv = xcalloc(n + 4, sizeof(*argv));
    argv[to++] = xstrdup(interp);
    if (*arg) argv[to++] = xstrdup(arg);
    argv[to++] = xstrdup(script);
    for (size_t i = 1; i < n; i++) argv[to++] = p->argv[i];
    if (n) free(p->argv[0]);
    free(p->argv);
    p->argv = argv;
}

/* Does the file begin with #!? Then its line in `line`, cut to the interpreter, and the rest in *arg. */
static bool script_line(int fd, char line[SCRIPT_LINE + 1], char **interp, char **arg)
{
    ssize_t n = pread(fd, line, SCRIPT_LINE, 0);
    if (n < 2 || line[0] != '#' || line[1] != '!') return false;
    line[n] = 0;
    line[strcspn(line, "\n")] = 0;
    for (size_t end = strlen(line); end > 2 && strchr(" \t", line[end - 1]); end--) line[end - 1] = 0;
    *interp = line + 2 + strspn(line + 2, " \t");
    *arg = *interp + strcspn(*interp, " \t");
    if (**arg) *(*arg)++ = 0;
    *arg += strspn(*arg, " \t");
    return true;
}

/* Follows scripts to a program: its descriptor, and its path as the guest knows it in *path (to be freed). */
static int open_last(struct user_process *p, char **path, struct buf *why)
{
    char line[SCRIPT_LINE + 1], room[4096], *interp, *arg;
    int fd = open_program(*path, why);
    for (int depth = 0; fd >= 0 && script_line(fd, line, &interp, &arg); depth++) {
        close(fd);
        if (!*interp || depth == SCRIPT_DEPTH) {
            buf_printf(why, "%s: %s", *path,
                       *interp ? "too many interpreters of interpreters" : "names no interpreter");
            return *interp ? -ELOOP : -ENOEXEC;
        }
        put_in_front(p, interp, arg, *path);
        const char *at = user_path(p, interp, room);
        fd = open_program(at, why);
        if (fd < 0) buf_printf(why, " (the interpreter of %s)", *path);
        free(*path);
        *path = xstrdup(at);
    }
    return fd;
}

/* The guest whose Linux such a file is for; else the first there is, whose loader then says what is wrong. */
static const struct guest *choose_guest(int fd)
{
    Elf64_Ehdr h = {0};
    const struct guest *first = NULL;
    ssize_t n = pread(fd, &h, sizeof(h), 0);
    for (unsigned i = 0; guest_all[i]; i++) {
        const struct user_abi *abi = user_abi_of(guest_all[i]);
        if (abi && !first) first = guest_all[i];
        if (abi && n > 0 && h.e_machine == abi->elf_machine) return guest_all[i];
    }
    return first;
}

static int load_interp(struct user_process *p, const char *program, struct buf *why)
{
    char room[4096];
    const char *name = p->image.interp, *at = user_path(p, name, room);
    int fd = open(at, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int err = -errno;
        buf_printf(why, "%s: needs the dynamic linker %s, which is not at %s%s; give its folder with -L",
                   program, name, p->opt->prefix ? p->opt->prefix : "", name);
        return err;
    }
    int err = elf_load(p, fd, at, true, &p->interp, why);
    close(fd);
    if (err) buf_printf(why, " (the dynamic linker of %s)", program);
    return err;
}

int user_open_program(struct user_process *p, struct buf *why)
{
    size_t n = 0;
    while (p->opt->argv[n]) n++;
    p->argv = xcalloc(n + 1, sizeof(*p->argv));
    for (size_t i = 0; i < n; i++) p->argv[i] = xstrdup(p->opt->argv[i]);
    char *path = xstrdup(p->opt->program);
    int fd = open_last(p, &path, why);
    if (fd >= 0) {
        p->guest = choose_guest(fd);
        p->abi = user_abi_of(p->guest);
        p->exe = realpath(path, NULL);
    }
    free(p->exe ? path : NULL);
    if (!p->exe) p->exe = path;
    return fd;
}

/* The instructions that handlers return to, where Linux has them: in a page of the kernel's. */
static int map_sigreturn(struct user_process *p, struct buf *why)
{
    const struct user_abi *abi = p->abi;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    int64_t at = space_map(p, 0, CPU_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0, "[vdso]");
    int64_t err = at < 0 ? at : 0;
    if (!err) err = user_write(p, (uint64_t)at, abi->sigreturn_code, abi->sigreturn_words * sizeof(uint32_t));
    if (!err) err = space_protect(p, (uint64_t)at, CPU_PAGE, PROT_READ | PROT_EXEC);
    if (err) buf_printf(why, "cannot map a page for signals: %s", strerror((int)-err));
    p->sigreturn = (uint64_t)at;
    return (int)err;
}

int user_load(struct user_process *p, int fd, struct buf *why)
{
    int err = elf_load(p, fd, p->exe, false, &p->image, why);
    if (!err && *p->image.interp) err = load_interp(p, p->exe, why);
    if (!err) err = map_sigreturn(p, why);
    p->space.brk = p->space.brk_start = p->image.high;
    return err;
}
