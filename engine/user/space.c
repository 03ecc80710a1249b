/* The guest's address space: mmap, munmap, mprotect and brk as the guest's kernel would do them, on pieces of
 * the window.
 *
 * The host's kernel does the work and keeps the limits; what it cannot know (where the guest's holes are,
 * where a mapping without a wish goes, how large the address space is) is here. The window stays reserved:
 * where the guest has nothing there is an inaccessible host mapping, so that no other mapping of the host's
 * can land there. Guest code is data for the host and never executable.
 */
#include "engine/user/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What of a guest's flags the host is told. Growing down and stacks mean nothing here; addresses are ours. */
enum {
    HOST_FLAGS =
        MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_LOCKED | MAP_POPULATE | MAP_NONBLOCK | MAP_SYNC
};
/* What stays of them in an area. */
enum { AREA_FLAGS = MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE };

/* RISC-V's Linux: writable or executable pages are readable too (since 6.1). */
int space_host_prot(int prot)
{
    if (prot & PROT_WRITE) return PROT_READ | PROT_WRITE;
    return prot & (PROT_READ | PROT_EXEC) ? PROT_READ : PROT_NONE;
}

unsigned space_perm(int prot)
{
    if (!(prot & (PROT_READ | PROT_WRITE | PROT_EXEC))) return 0;
    return CPU_READ | (prot & PROT_WRITE ? CPU_WRITE : 0) | (prot & PROT_EXEC ? CPU_EXEC : 0);
}

bool space_inside(uint64_t addr, uint64_t len)
{
    return addr <= USER_SPACE && len <= USER_SPACE - addr;
}

void space_lock(struct user_process *p)
{
    pthread_mutex_lock(&p->space.lock);
    mem_lock(&p->mem);
}

void space_unlock(struct user_process *p)
{
    mem_unlock(&p->mem);
    pthread_mutex_unlock(&p->space.lock);
}

int space_open(struct user_process *p, uint64_t stack_size)
{
    struct user_space *s = &p->space;
    mem_init(&p->mem);
    int err = mem_window_open(&p->mem);
    if (err) return err;
    *s = (struct user_space){.stack_top = USER_SPACE - CPU_PAGE};
    s->stack_low = s->stack_top - page_up(stack_size);
    s->mmap_top = s->stack_low - USER_STACK_GAP;
    pthread_mutex_init(&s->lock, NULL);
    return 0;
}

void space_close(struct user_process *p)
{
    areas_clear(&p->space);
    pthread_mutex_destroy(&p->space.lock);
    mem_free(&p->mem);
}

bool space_reserve(struct user_process *p, uint64_t start, uint64_t size, int fixed)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed;
    return mmap(mem_host(&p->mem, start), size, PROT_NONE, flags, -1, 0) != MAP_FAILED;
}

/* The guest has nothing in [start, end) any more. */
static void forget(struct user_process *p, uint64_t start, uint64_t end)
{
    struct user_space *s = &p->space;
    for (size_t i = areas_at(s, start); i < s->count && s->areas[i].start < end; i++) {
        uint64_t from = s->areas[i].start > start ? s->areas[i].start : start;
        uint64_t to = s->areas[i].end < end ? s->areas[i].end : end;
        mem_pages(&p->mem, from, to - from, 0);
    }
    areas_cut(s, start, end);
}

/* At its limit of mappings the host refuses a new one even where it would take the place of others; then what
 * is there becomes inaccessible and loses its memory. */
static bool empty(struct user_process *p, uint64_t start, uint64_t size)
{
    if (space_reserve(p, start, size, MAP_FIXED)) return true;
    void *at = mem_host(&p->mem, start);
    if (mprotect(at, size, PROT_NONE)) return false;
    (void)!madvise(at, size, MADV_DONTNEED);
    return true;
}

int space_clear(struct user_process *p, uint64_t start, uint64_t end)
{
    struct user_space *s = &p->space;
    size_t i = areas_at(s, start);
    if (i == s->count || s->areas[i].start >= end) return 0;
    bool hole = s->areas[i].start < start && s->areas[i].end > end; /* one area becomes two */
    if (hole && s->count >= USER_AREAS_MAX) return -ENOMEM;
    /* a hole is two borders more, before what is between them goes */
    if (areas_reserve(s, 2) || !empty(p, start, end - start)) return -ENOMEM;
    forget(p, start, end);
    return 0;
}

int64_t space_place(const struct user_space *s, uint64_t hint, uint64_t size, uint64_t align)
{
    hint = page_up(hint);
    if (hint && hint < USER_LOWEST) hint = USER_LOWEST;
    if (hint && space_inside(hint, size) && areas_free(s, hint, hint + size)) return (int64_t)hint;
    uint64_t at = areas_gap(s, size, align, USER_LOWEST, s->mmap_top);
    if (!at) at = areas_gap(s, size, align, USER_LOWEST, USER_SPACE);
    return at ? (int64_t)at : -ENOMEM;
}

/* Who is mapped: the host's name for the file behind fd. Shared anonymous memory is a file too, as in Linux.
 */
static int file_of(int flags, int fd, const char *name, struct user_file **out)
{
    char link[64], path[4096];
    struct stat st;
    *out = NULL;
    if (flags & MAP_ANONYMOUS) {
        bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
        if (!name && !shared) return 0;
        *out = file_new(name ? name : "/dev/zero (deleted)");
        if (*out && shared) (*out)->dev_minor = 1;
        return *out ? 0 : -ENOMEM;
    }
    if (fstat(fd, &st)) return -errno;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = 0;
    struct user_file *f = file_new(name ? name : path);
    if (!f) return -ENOMEM;
    f->dev_major = major(st.st_dev);
    f->dev_minor = minor(st.st_dev);
    f->inode = st.st_ino;
    *out = f;
    return 0;
}

/* The address that a mapping gets, or -errno; the order of the checks is Linux's. */
static int64_t choose(const struct user_space *s, uint64_t addr, uint64_t len, int flags)
{
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        if (len > USER_SPACE - USER_LOWEST) return -ENOMEM;
        return space_place(s, addr, len, CPU_PAGE);
    }
    if (!space_inside(addr, len)) return -ENOMEM;
    if (addr % CPU_PAGE) return -EINVAL;
    if (addr < USER_LOWEST) return -EPERM;
    if (flags & MAP_FIXED_NOREPLACE && !areas_free(s, addr, addr + len)) return -EEXIST;
    return (int64_t)addr;
}

/* Maps in place of what is there; takes the reference to `a.file` over. */
static int64_t put(struct user_process *p, struct user_area a, int host_flags, int fd)
{
    struct user_space *s = &p->space;
    uint64_t size = a.end - a.start;
    int err = s->count < USER_AREAS_MAX ? areas_reserve(s, 2) : -ENOMEM;
    if (!err && mmap(mem_host(&p->mem, a.start), size, space_host_prot(a.prot), host_flags | MAP_FIXED, fd,
                     (off_t)a.offset) == MAP_FAILED) {
        err = -errno;
        /* Kernels before 6.12 may have unmapped what was there: the reservation must come back. */
        if (space_reserve(p, a.start, size, MAP_FIXED_NOREPLACE)) forget(p, a.start, a.end);
    }
    if (err) {
        file_drop(a.file);
        return err;
    }
    forget(p, a.start, a.end);
    areas_put(s, a);
    mem_pages(&p->mem, a.start, size, space_perm(a.prot));
    return (int64_t)a.start;
}

int64_t space_map(struct user_process *p, uint64_t addr, uint64_t len, int prot, int flags, int fd,
                  uint64_t off, const char *name)
{
    struct user_space *s = &p->space;
    struct user_file *file;
    if (off % CPU_PAGE) return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && fcntl(fd, F_GETFD) < 0) return -EBADF;
    if (!len) return -EINVAL;
    len = page_up(len);
    if (!len || flags & MAP_HUGETLB) return -ENOMEM; /* huge pages: none are in the pool */
    int err = file_of(flags, fd, name, &file);
    if (err) return err;
    space_lock(p);
    int64_t at = choose(s, addr, len, flags);
    if (at < 0) {
        file_drop(file);
    } else {
        struct user_area a = {.start = (uint64_t)at,
                              .end = (uint64_t)at + len,
                              .prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
                              .flags = flags & AREA_FLAGS,
                              .offset = flags & MAP_ANONYMOUS ? 0 : off,
                              .file = file};
        if (file && !file->inode) file->inode = file->dev_minor ? ++s->shared : 0;
        at = put(p, a, flags & HOST_FLAGS, fd);
    }
    space_unlock(p);
    return at;
}

int64_t space_unmap(struct user_process *p, uint64_t addr, uint64_t len)
{
    if (addr % CPU_PAGE || !space_inside(addr, len) || !page_up(len)) return -EINVAL;
    space_lock(p);
    int err = space_clear(p, addr, addr + page_up(len));
    space_unlock(p);
    return err;
}

/* Area by area, as far as the host allows; what was done before an error stays done (as Linux does it). */
static int protect(struct user_process *p, uint64_t start, uint64_t end, int prot)
{
    struct user_space *s = &p->space;
    uint64_t mapped = areas_covered(s, start, end), at = start;
    int err = mapped < end ? -ENOMEM : 0;
    for (size_t i = areas_at(s, start); at < mapped; i++) {
        uint64_t to = s->areas[i].end < mapped ? s->areas[i].end : mapped;
        if (mprotect(mem_host(&p->mem, at), to - at, space_host_prot(prot))) {
            err = -errno;
            break;
        }
        at = to;
    }
    if (at == start) return err;
    areas_protect(s, start, at, prot);
    mem_pages(&p->mem, start, at - start, space_perm(prot));
    return err;
}

int64_t space_protect(struct user_process *p, uint64_t addr, uint64_t len, int prot)
{
    struct user_space *s = &p->space;
    int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~grows;
    if (addr % CPU_PAGE || grows == (PROT_GROWSDOWN | PROT_GROWSUP)) return -EINVAL;
    if (!len) return 0;
    uint64_t end = addr + page_up(len);
    if (end <= addr) return -ENOMEM;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | 8 /* PROT_SEM */)) return -EINVAL;
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    space_lock(p);
    int err = s->count + 2 <= USER_AREAS_MAX ? areas_reserve(s, 2) : -ENOMEM;
    if (!err && grows) { /* only the stack grows, and down */
        bool stack = grows == PROT_GROWSDOWN && addr >= s->stack_low && addr < s->stack_top;
        if (stack) addr = s->stack_low;
        if (!stack) err = -EINVAL;
    }
    if (!err) err = protect(p, addr, end, prot);
    space_unlock(p);
    return err;
}

/* One page above the new end must be free, as Linux wants it. */
static bool brk_grow(struct user_process *p, uint64_t from, uint64_t to)
{
    if (!areas_free(&p->space, from, to + CPU_PAGE)) return false;
    struct user_area a = {
        .start = from, .end = to, .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS};
    return put(p, a, a.flags, -1) >= 0;
}

int64_t space_brk(struct user_process *p, uint64_t addr)
{
    struct user_space *s = &p->space;
    space_lock(p);
    if (addr >= s->brk_start && addr <= s->mmap_top) {
        uint64_t old = page_up(s->brk), new = page_up(addr);
        bool good = new == old || (new > old ? brk_grow(p, old, new) : !space_clear(p, new, old));
        if (good) s->brk = addr;
    }
    int64_t now = (int64_t)s->brk;
    space_unlock(p);
    return now;
}

bool space_mapped(struct user_process *p, uint64_t addr)
{
    pthread_mutex_lock(&p->space.lock);
    bool mapped = addr < USER_SPACE && !areas_free(&p->space, addr, addr + 1);
    pthread_mutex_unlock(&p->space.lock);
    return mapped;
}
