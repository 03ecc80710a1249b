/* /proc/self/maps and what is told of each area in smaps, after Documentation/filesystems/proc.rst, 3.1.
 *
 * The host's own list cannot be passed on: it has the window's reservation in it, lost the guest's permission
 * to execute, and joins and splits areas otherwise. What of an area is in memory, /proc/self/pagemap says. */
#include "engine/user/proc.h"
#include "engine/user/space.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- an area's line ---- */

static bool is_stack(const struct user_space *s, const struct user_area *a)
{
    return a->start < s->stack_top && a->end > s->stack_low;
}

static const char *area_name(const struct user_space *s, const struct user_area *a)
{
    if (a->file) return a->file->name;
    if (a->start < s->brk && a->end > s->brk_start) return "[heap]";
    return is_stack(s, a) ? "[stack]" : "";
}

static bool is_private(const struct user_area *a)
{
    return (a->flags & MAP_TYPE) == MAP_PRIVATE;
}

static void put_name(const char *name, size_t line, struct buf *out)
{
    const size_t column = 73;
    if (*name)
        buf_printf(out, "%*s%s", (int)(line + column > out->len ? line + column - out->len : 0), "", name);
    buf_char(out, '\n');
}

static void put_line(const struct user_space *s, const struct user_area *a, struct buf *out)
{
    static const struct user_file none;
    const struct user_file *f = a->file ? a->file : &none;
    size_t line = out->len;
    buf_printf(out, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", a->start, a->end,
               a->prot & PROT_READ ? 'r' : '-', a->prot & PROT_WRITE ? 'w' : '-',
               a->prot & PROT_EXEC ? 'x' : '-', is_private(a) ? 'p' : 's', f->inode ? a->offset : 0,
               f->dev_major, f->dev_minor, f->inode);
    put_name(area_name(s, a), line, out);
}

void space_maps(struct user_process *p, struct buf *out)
{
    struct user_space *s = &p->space;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++) put_line(s, &s->areas[i], out);
    pthread_mutex_unlock(&s->lock);
}

void proc_maps(struct user_thread *t, const char *name, struct buf *out)
{
    space_maps(t->p, out);
}

/* ---- what is in memory: Documentation/admin-guide/mm/pagemap.rst ---- */

#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_OF_FILE (1ull << 61) /* or shared without one */
#define PAGE_ALONE   (1ull << 56) /* mapped only here */

/* In pages, named as in smaps. */
struct counts {
    uint64_t size, page, rss, pss, pss_dirty;
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t anonymous, swap, zero;
};

/* Two are taken to share a page that is shared, and what is not a file's to be changed. */
static void count_page(struct counts *n, uint64_t page)
{
    bool alone = page & PAGE_ALONE, dirty = !(page & PAGE_OF_FILE);
    n->swap += !!(page & PAGE_SWAPPED);
    if (!(page & PAGE_PRESENT)) return;
    n->rss++;
    n->anonymous += dirty;
    *(alone   ? dirty ? &n->private_dirty : &n->private_clean
      : dirty ? &n->shared_dirty
              : &n->shared_clean) += 1;
}

static void count_area(const struct mem *m, int fd, const struct user_area *a, struct counts *n)
{
    uint64_t pages[512], left = (a->end - a->start) / CPU_PAGE;
    uint64_t at = (uint64_t)mem_host(m, a->start) / CPU_PAGE * sizeof(pages[0]);
    n->size += left;
    n->page = 1;
    while (left) {
        uint64_t most = left < ARRAY_LEN(pages) ? left : ARRAY_LEN(pages);
        ssize_t got = pread(fd, pages, most * sizeof(pages[0]), (off_t)at);
        if (got <= 0) break;
        for (size_t i = 0; i < (size_t)got / sizeof(pages[0]); i++) count_page(n, pages[i]);
        left -= (size_t)got / sizeof(pages[0]);
        at += (size_t)got;
    }
    n->pss_dirty = n->private_dirty + n->shared_dirty / 2;
    n->pss = n->pss_dirty + n->private_clean + n->shared_clean / 2;
}

static int open_pagemap(void)
{
    return open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* ---- smaps ---- */

#define COUNT(field) offsetof(struct counts, field)

static const struct {
    const char *name;
    size_t count;
    bool in_rollup;
} rows[] = {
    {"Size", COUNT(size), false},
    {"KernelPageSize", COUNT(page), false},
    {"MMUPageSize", COUNT(page), false},
    {"Rss", COUNT(rss), true},
    {"Pss", COUNT(pss), true},
    {"Pss_Dirty", COUNT(pss_dirty), true},
    {"Shared_Clean", COUNT(shared_clean), true},
    {"Shared_Dirty", COUNT(shared_dirty), true},
    {"Private_Clean", COUNT(private_clean), true},
    {"Private_Dirty", COUNT(private_dirty), true},
    {"Referenced", COUNT(rss), true},
    {"Anonymous", COUNT(anonymous), true},
    {"LazyFree", COUNT(zero), true},
    {"AnonHugePages", COUNT(zero), true},
    {"ShmemPmdMapped", COUNT(zero), true},
    {"FilePmdMapped", COUNT(zero), true},
    {"Shared_Hugetlb", COUNT(zero), true},
    {"Private_Hugetlb", COUNT(zero), true},
    {"Swap", COUNT(swap), true},
    {"SwapPss", COUNT(swap), true},
    {"Locked", COUNT(zero), true},
};

static void put_counts(const struct counts *n, bool rollup, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t pages = *(const uint64_t *)((const char *)n + rows[i].count);
        int pad = 15 - (int)strlen(rows[i].name);
        if (rows[i].in_rollup || !rollup)
            buf_printf(out, "%s:%*s%8lu kB\n", rows[i].name, pad, "", pages * (CPU_PAGE / 1024));
    }
}

static void put_flags(const struct user_area *a, struct buf *out)
{
    static const struct {
        int prot;
        const char *now, *may;
    } flags[] = {{PROT_READ, " rd", " mr"}, {PROT_WRITE, " wr", " mw"}, {PROT_EXEC, " ex", " me"}};
    buf_str(out, "VmFlags:");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (a->prot & flags[i].prot) buf_str(out, flags[i].now);
    if (!is_private(a)) buf_str(out, " sh");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) buf_str(out, flags[i].may);
    buf_str(out, " \n");
}

void proc_smaps(struct user_thread *t, const char *name, struct buf *out)
{
    const struct user_space *s = &t->p->space;
    int fd = open_pagemap();
    pthread_mutex_lock(&t->p->space.lock);
    for (size_t i = 0; i < s->count; i++) {
        struct counts n = {0};
        count_area(&t->p->mem, fd, &s->areas[i], &n);
        put_line(s, &s->areas[i], out);
        put_counts(&n, false, out);
        buf_printf(out, "THPeligible:    %8d\n", 0);
        put_flags(&s->areas[i], out);
    }
    pthread_mutex_unlock(&t->p->space.lock);
    if (fd >= 0) close(fd);
}

void proc_smaps_rollup(struct user_thread *t, const char *name, struct buf *out)
{
    const struct user_space *s = &t->p->space;
    struct counts n = {0};
    size_t line = out->len;
    int fd = open_pagemap();
    pthread_mutex_lock(&t->p->space.lock);
    for (size_t i = 0; i < s->count; i++) count_area(&t->p->mem, fd, &s->areas[i], &n);
    buf_printf(out, "%08lx-%08lx ---p 00000000 00:00 0 ", s->count ? s->areas[0].start : 0,
               s->count ? s->areas[s->count - 1].end : 0);
    put_name("[rollup]", line, out);
    pthread_mutex_unlock(&t->p->space.lock);
    put_counts(&n, true, out);
    if (fd >= 0) close(fd);
}

/* ---- sums ---- */

void proc_sizes(struct user_process *p, struct proc_sizes *to)
{
    const struct user_space *s = &p->space;
    int fd = open_pagemap();
    *to = (struct proc_sizes){0};
    pthread_mutex_lock(&p->space.lock);
    for (size_t i = 0; i < s->count; i++) {
        const struct user_area *a = &s->areas[i];
        struct counts n = {0};
        uint64_t size = a->end - a->start;
        count_area(&p->mem, fd, a, &n);
        to->size += size;
        if (a->prot & PROT_EXEC) to->code += size;
        if (is_stack(s, a))
            to->stack += size;
        else if (is_private(a) && a->prot & PROT_WRITE)
            to->data += size;
        to->anon += n.anonymous * CPU_PAGE;
        *(a->flags & MAP_ANONYMOUS ? &to->shm : &to->file) += (n.rss - n.anonymous) * CPU_PAGE;
        to->swap += n.swap * CPU_PAGE;
    }
    pthread_mutex_unlock(&p->space.lock);
    if (fd >= 0) close(fd);
}
