/* The guest's address space against the host's own kernel: the same calls on both, on a stretch of addresses
 * of each, must give the same errors and leave the same pages. */
#include "engine/user/space.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cmocka.h>

enum { PAGES = 64, FILE_PAGES = 32 };
#define GUEST  0x40000000ull     /* the guest's stretch */
#define NATIVE 0x200000000000ull /* the host's; nothing else is there */
#define PAGE   ((uint64_t)CPU_PAGE)

static const struct guest *rv;

struct fixture {
    struct user_process p;
    int fd; /* FILE_PAGES pages, each filled with its number */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    rv = guest_find("riscv64");
    f->p.guest = rv;
    if (space_open(&f->p, 1 << 20)) return -1;
    f->p.space.brk_start = f->p.space.brk = 0x20000000;
    f->fd = memfd_create("pages", 0);
    for (int i = 0; i < FILE_PAGES; i++) {
        uint8_t page[CPU_PAGE];
        memset(page, i + 1, sizeof(page));
        if (write(f->fd, page, sizeof(page)) != CPU_PAGE) return -1;
    }
    if (ftruncate(f->fd, 1 << 24)) return -1; /* mappings grow beyond those pages */
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    munmap((void *)NATIVE, PAGES * PAGE);
    close(f->fd);
    space_close(&f->p);
    free(f);
    return 0;
}

/* One call of either kind; addresses are relative to the stretch. */
struct call {
    enum { MAP, UNMAP, PROTECT, REMAP } what;
    uint64_t addr, len, new_len, to;
    int prot, flags;
    uint64_t offset;
    bool file;
};

static int64_t on_guest(struct fixture *f, const struct call *c)
{
    uint64_t at = GUEST + c->addr;
    switch (c->what) {
    case MAP: return space_map(&f->p, at, c->len, c->prot, c->flags, c->file ? f->fd : -1, c->offset, NULL);
    case UNMAP: return space_unmap(&f->p, at, c->len);
    case PROTECT: return space_protect(&f->p, at, c->len, c->prot);
    case REMAP: return space_remap(&f->p, at, c->len, c->new_len, c->flags, GUEST + c->to);
    }
    return 0;
}

static int64_t on_native(struct fixture *f, const struct call *c)
{
    void *at = (void *)(NATIVE + c->addr), *to = (void *)(NATIVE + c->to);
    void *r = NULL;
    switch (c->what) {
    case MAP: r = mmap(at, c->len, c->prot, c->flags, c->file ? f->fd : -1, (off_t)c->offset); break;
    case UNMAP: return munmap(at, c->len) ? -errno : 0;
    case PROTECT: return mprotect(at, c->len, c->prot) ? -errno : 0;
    case REMAP: r = mremap(at, c->len, c->new_len, c->flags, to); break;
    }
    return r == MAP_FAILED ? -errno : (int64_t)(intptr_t)r;
}

/* The permissions of each page of a stretch, four letters a page, from the text of a maps file. */
static void layout(const char *maps, uint64_t base, char out[PAGES * 4 + 1])
{
    memset(out, '.', PAGES * 4);
    out[PAGES * 4] = 0;
    for (const char *line = maps; *line; line = strchr(line, '\n') + 1) {
        unsigned long start, end;
        char perm[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, perm) != 3) fail_msg("a line of maps: %s", line);
        uint64_t top = base + PAGES * PAGE;
        for (uint64_t at = start > base ? start : base; at < end && at < top; at += PAGE)
            memcpy(out + (at - base) / PAGE * 4, perm, 4);
    }
}

static char *native_maps(void)
{
    static char text[1 << 18];
    int fd = open("/proc/self/maps", O_RDONLY);
    size_t n = 0;
    for (ssize_t got; (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0;) n += (size_t)got;
    text[n] = 0;
    close(fd);
    return text;
}

/* False: only one kernel found borders inside of what was to move, because pages with different histories do
 * not become one mapping there (it differs from version to version); both stretches are empty then. */
static bool check_same(struct fixture *f, const struct call *c, const char *text)
{
    int64_t g = on_guest(f, c), n = on_native(f, c);
    if (c->what == REMAP && g != n && (g == -EFAULT || n == -EFAULT)) {
        assert_int_equal(space_unmap(&f->p, GUEST, PAGES * PAGE), 0);
        assert_int_equal(munmap((void *)NATIVE, PAGES * PAGE), 0);
        return false;
    }
    bool failed = g < 0 || n < 0;
    if (failed ? g != n : g != 0 && (uint64_t)g - GUEST != (uint64_t)n - NATIVE)
        fail_msg("%s: guest %lld, native %lld (%s)", text, (long long)g, (long long)n, strerror((int)-n));
    struct buf maps = {0};
    char ours[PAGES * 4 + 1], theirs[PAGES * 4 + 1];
    space_maps(&f->p, &maps);
    layout(buf_cstr(&maps), GUEST, ours);
    layout(native_maps(), NATIVE, theirs);
    if (strcmp(ours, theirs)) fail_msg("%s:\nguest  %s\nnative %s", text, ours, theirs);
    buf_free(&maps);
    return true;
}

/* A byte, or -1 where there is none: behind the end of what is shared. */
static int byte_at(const uint8_t *p)
{
    uint8_t b;
    struct iovec to = {&b, 1}, from = {(void *)p, 1};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1 ? b : -1;
}

/* Pages that both can read hold the same, and what the engine is told about each is right. */
static void check_bytes(struct fixture *f, unsigned stamp)
{
    char perm[PAGES * 4 + 1];
    struct buf maps = {0};
    space_maps(&f->p, &maps);
    layout(buf_cstr(&maps), GUEST, perm);
    buf_free(&maps);
    for (unsigned i = 0; i < PAGES; i++) {
        const char *p = perm + 4 * i;
        uint8_t *ours = mem_host(&f->p.mem, GUEST + i * PAGE), *theirs = (uint8_t *)(NATIVE + i * PAGE);
        bool w = p[1] == 'w', x = p[2] == 'x', any = p[0] == 'r' || w || x;
        unsigned want = (any ? CPU_READ : 0) | (w ? CPU_WRITE : 0) | (x ? CPU_EXEC : 0);
        assert_int_equal(f->p.mem.pages[(GUEST >> CPU_PAGE_BITS) + i] & 7, want);
        if (p[0] != 'r') continue;
        int our = byte_at(ours + 9), their = byte_at(theirs + 9);
        if (our != their) fail_msg("page %u: %d, native %d", i, our, their);
        if (w && our >= 0 && p[3] == 'p') ours[9] = theirs[9] = (uint8_t)(stamp + i);
    }
}

/* Where the host's mapping at this address ends; 0: there is none. */
static uint64_t native_end(uint64_t addr)
{
    for (const char *line = native_maps(); *line; line = strchr(line, '\n') + 1) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start <= NATIVE + addr && NATIVE + addr < end)
            return end - NATIVE;
    }
    return 0;
}

/* Fresh random calls, most of them on pages that are mapped. */
static struct call random_call(struct rng *r)
{
    static const int prots[] = {PROT_NONE,
                                PROT_READ,
                                PROT_READ | PROT_WRITE,
                                PROT_READ | PROT_WRITE,
                                PROT_READ | PROT_EXEC,
                                PROT_READ | PROT_WRITE | PROT_EXEC};
    uint64_t page = rng_below(r, PAGES), n = 1 + rng_below(r, PAGES - page < 12 ? PAGES - page : 12);
    struct call c = {.what = rng_below(r, 4), .addr = page * PAGE, .len = n * PAGE};
    c.prot = prots[rng_below(r, ARRAY_LEN(prots))];
    if (c.what == MAP) {
        c.file = rng_below(r, 3) == 0;
        c.flags = (c.file ? 0 : MAP_ANONYMOUS) | (rng_below(r, 4) ? MAP_PRIVATE : MAP_SHARED);
        c.flags |= rng_below(r, 3) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
        c.offset = c.file ? rng_below(r, FILE_PAGES - 12) * PAGE : 0;
    }
    if (c.what != REMAP) return c;
    /* of one mapping: newer kernels than ours move several at once. In place, it only shrinks */
    uint64_t end = native_end(c.addr);
    if (end && end - c.addr < c.len) c.len = end - c.addr;
    uint64_t to = rng_below(r, PAGES);
    c.to = to * PAGE;
    c.new_len = (1 + rng_below(r, PAGES - to < 12 ? PAGES - to : 12)) * PAGE;
    c.flags = rng_below(r, 4) ? MREMAP_MAYMOVE | MREMAP_FIXED : 0;
    if (c.flags && rng_below(r, 6) == 0) {
        c.flags |= MREMAP_DONTUNMAP;
        c.new_len = c.len;
    }
    if (!c.flags && c.new_len > c.len) c.new_len = c.len;
    return c;
}

static void test_random(void **state)
{
    struct fixture *f = *state;
    struct rng r = {11};
    unsigned borders = 0;
    for (unsigned i = 0; i < 4000; i++) {
        struct call c = random_call(&r);
        char text[200];
        snprintf(text, sizeof(text), "call %u: %d(%#lx, %#lx, %#lx, %#lx, prot %d, flags %#x, offset %#lx)",
                 i, (int)c.what, c.addr, c.len, c.new_len, c.to, c.prot, (unsigned)c.flags, c.offset);
        borders += !check_same(f, &c, text);
        check_bytes(f, i);
    }
    assert_true(borders < 20);
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

/* What is wrong with a call, and in which order it is found. */
static void test_errors(void **state)
{
    static const struct call calls[] = {
        {MAP, 0, 0, .prot = RW, .flags = ANON | MAP_FIXED},
        {MAP, 0, 0, .prot = RW, .flags = MAP_PRIVATE | MAP_FIXED},
        {MAP, 7, PAGE, .prot = RW, .flags = ANON | MAP_FIXED},
        {MAP, 0, PAGE, .prot = RW, .flags = MAP_ANONYMOUS | MAP_FIXED},
        {MAP, 0, PAGE, .prot = RW, .flags = MAP_PRIVATE | MAP_FIXED},
        {MAP, 0, PAGE, .prot = RW, .flags = MAP_PRIVATE | MAP_FIXED, .file = true, .offset = 100},
        {MAP, 0, ~0ull, .prot = RW, .flags = ANON},
        {MAP, 0, ~0ull - 2 * PAGE, .prot = RW, .flags = ANON},
        {MAP, 0, ~0ull - 2 * PAGE, .prot = RW, .flags = ANON | MAP_FIXED},
        {MAP, 0, 5 * PAGE, .prot = RW, .flags = ANON | MAP_FIXED},
        {MAP, 4 * PAGE, PAGE, .prot = RW, .flags = ANON | MAP_FIXED_NOREPLACE},
        {MAP, 8 * PAGE, 10, .prot = PROT_READ, .flags = MAP_SHARED | MAP_FIXED, .file = true},
        {UNMAP, 0, 0, .prot = 0},
        {UNMAP, 1, PAGE, .prot = 0},
        {UNMAP, 0, ~0ull, .prot = 0},
        {UNMAP, 30 * PAGE, PAGE, .prot = 0},
        {UNMAP, 2 * PAGE, 1, .prot = 0},
        {PROTECT, 0, 0, .prot = PROT_READ},
        {PROTECT, 1, 0, .prot = PROT_READ},
        {PROTECT, 0, ~0ull, .prot = PROT_READ},
        {PROTECT, 0, ~0ull - PAGE, .prot = PROT_READ},
        {PROTECT, 0, PAGE, .prot = 0x70},
        {PROTECT, 0, 5 * PAGE, .prot = PROT_READ}, /* over the hole: the first part changes */
        {PROTECT, 2 * PAGE, PAGE, .prot = PROT_READ},
        {PROTECT, 3 * PAGE, PAGE, .prot = PROT_READ | PROT_GROWSDOWN},
        {PROTECT, 3 * PAGE, PAGE, .prot = PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP},
        {REMAP, 1, PAGE, PAGE, .prot = 0},
        {REMAP, 0, PAGE, 0, .prot = 0},
        {REMAP, 0, PAGE, PAGE, .flags = 0x100},
        {REMAP, 0, PAGE, PAGE, .flags = MREMAP_FIXED},
        {REMAP, 0, PAGE, 2 * PAGE, .flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP},
        {REMAP, 0, PAGE, PAGE, 5, .flags = MREMAP_MAYMOVE | MREMAP_FIXED},
        {REMAP, 0, 2 * PAGE, 2 * PAGE, PAGE, .flags = MREMAP_MAYMOVE | MREMAP_FIXED},
        {REMAP, 0, 0, PAGE, .flags = MREMAP_MAYMOVE},
        {REMAP, 40 * PAGE, PAGE, 2 * PAGE, .flags = MREMAP_MAYMOVE},
        {REMAP, 4 * PAGE, 10 * PAGE, 11 * PAGE, .flags = MREMAP_MAYMOVE},
        {REMAP, 3 * PAGE, PAGE, 3 * PAGE, .prot = 0}, /* something is behind it */
        {REMAP, 4 * PAGE, PAGE, 3 * PAGE, .prot = 0}, /* nothing is behind it */
        {REMAP, 3 * PAGE, 4 * PAGE, PAGE, .prot = 0},
        {REMAP, 8 * PAGE, 0, 3 * PAGE, 20 * PAGE, .flags = MREMAP_MAYMOVE | MREMAP_FIXED}, /* a second view */
    };
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        char text[40];
        snprintf(text, sizeof(text), "call %zu", i);
        assert_true(check_same(*state, &calls[i], text));
    }
}

/* What the host's kernel would place elsewhere, or the size of the address space decides. */
static void test_limits(void **state)
{
    struct user_process *p = &((struct fixture *)*state)->p;
    assert_int_equal(space_map(p, 0, USER_SPACE, RW, ANON, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_map(p, USER_SPACE, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_map(p, USER_SPACE - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_map(p, 1ull << 63, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_map(p, 0, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), -EPERM);
    assert_int_equal(space_map(p, 0, PAGE, RW, MAP_PRIVATE, 12345, 0, NULL), -EBADF);
    assert_int_equal(space_map(p, 0, 1 << 21, RW, ANON | MAP_HUGETLB, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_unmap(p, USER_SPACE, PAGE), -EINVAL);
    assert_int_equal(space_protect(p, USER_SPACE, PAGE, RW), -ENOMEM);
    assert_int_equal(space_remap(p, USER_SPACE, PAGE, PAGE, 0, 0), -EFAULT);
    assert_int_equal(space_remap(p, ~0xfffull, PAGE, PAGE, 0, 0), -EFAULT);
    assert_int_equal(space_map(p, GUEST, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), GUEST);
    assert_int_equal(space_remap(p, GUEST, PAGE, 2 * USER_SPACE, MREMAP_MAYMOVE, 0), -ENOMEM);
    assert_true(space_inside(0, USER_SPACE));
    assert_false(space_inside(1, USER_SPACE));
    assert_false(space_inside(~0ull, 1));
    assert_false(space_mapped(p, ~0ull));
}

static void test_placement(void **state)
{
    struct user_process *p = &((struct fixture *)*state)->p;
    uint64_t top = p->space.mmap_top;
    assert_int_equal(space_map(p, 0, PAGE, RW, ANON, -1, 0, NULL), top - PAGE);
    assert_int_equal(space_map(p, 0, 1, PROT_READ, ANON, -1, 0, NULL), top - 2 * PAGE);
    assert_int_equal(space_map(p, 0, 5 * PAGE, RW, ANON, -1, 0, NULL), top - 7 * PAGE);
    assert_int_equal(space_unmap(p, top - 2 * PAGE, PAGE), 0);
    assert_int_equal(space_map(p, 0, 2 * PAGE, RW, ANON, -1, 0, NULL), top - 9 * PAGE);
    assert_int_equal(space_map(p, 0, PAGE, RW, ANON, -1, 0, NULL), top - 2 * PAGE); /* the hole */
    assert_int_equal(p->space.count, 1);                                            /* all alike: one area */
    /* a wish is granted where nothing is, rounded up, and never below the lowest page */
    assert_int_equal(space_map(p, 0x50000123, PAGE, RW, ANON, -1, 0, NULL), 0x50001000);
    assert_int_equal(space_map(p, 0x50001000, PAGE, RW, ANON, -1, 0, NULL), top - 10 * PAGE);
    assert_int_equal(space_map(p, 0x1000, PAGE, RW, ANON, -1, 0, NULL), USER_LOWEST);
    assert_int_equal(space_map(p, USER_SPACE, PAGE, RW, ANON, -1, 0, NULL), top - 11 * PAGE);
    assert_true(space_mapped(p, 0x50001fff));
    assert_false(space_mapped(p, 0x50002000));
    /* a mapping that grows goes where there is room, with what it holds */
    *(uint8_t *)mem_host(&p->mem, 0x50001000) = 77;
    assert_int_equal(space_map(p, 0x50002000, PAGE, PROT_READ, ANON, -1, 0, NULL), 0x50002000);
    assert_int_equal(space_remap(p, 0x50001000, PAGE, 3 * PAGE, 0, 0), -ENOMEM);
    assert_int_equal(space_remap(p, 0x50001000, PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0), top - 14 * PAGE);
    assert_int_equal(*(uint8_t *)mem_host(&p->mem, top - 14 * PAGE), 77);
    assert_false(space_mapped(p, 0x50001000));
}

/* Neighbours are one area exactly when one mapping could have made them. */
static void test_merging(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int prot, flags;
        uint64_t offset; /* of the second page */
        size_t areas;
    } pairs[] = {
        {RW, MAP_PRIVATE, PAGE, 1}, {RW, MAP_PRIVATE, 0, 2},           {RW, MAP_PRIVATE, 2 * PAGE, 2},
        {RW, MAP_SHARED, PAGE, 2},  {PROT_READ, MAP_PRIVATE, PAGE, 2}, {RW, ANON, PAGE, 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        int fd = pairs[i].flags & MAP_ANONYMOUS ? -1 : f->fd;
        assert_int_equal(space_map(&f->p, GUEST, PAGE, RW, MAP_PRIVATE | MAP_FIXED, f->fd, 0, NULL), GUEST);
        assert_int_equal(space_map(&f->p, GUEST + PAGE, PAGE, pairs[i].prot, pairs[i].flags | MAP_FIXED, fd,
                                   pairs[i].offset, NULL),
                         GUEST + PAGE);
        if (f->p.space.count != pairs[i].areas) fail_msg("pair %zu: %zu areas", i, f->p.space.count);
    }
}

static void test_brk(void **state)
{
    struct user_process *p = &((struct fixture *)*state)->p;
    uint64_t start = p->space.brk_start;
    assert_int_equal(space_brk(p, 0), start);
    assert_int_equal(space_brk(p, start - 1), start);
    assert_int_equal(space_brk(p, start + 100), start + 100);
    *(uint8_t *)mem_host(&p->mem, start + 99) = 5;
    assert_int_equal(space_brk(p, start + 3 * PAGE), start + 3 * PAGE);
    assert_int_equal(*(uint8_t *)mem_host(&p->mem, start + 99), 5);
    assert_int_equal(space_brk(p, start + PAGE + 1), start + PAGE + 1);
    assert_false(space_mapped(p, start + 2 * PAGE));
    assert_int_equal(space_brk(p, ~0ull), start + PAGE + 1);
    /* what is in the way, and the page before it */
    assert_int_equal(space_map(p, start + 8 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL),
                     start + 8 * PAGE);
    assert_int_equal(space_brk(p, start + 9 * PAGE), start + PAGE + 1);
    assert_int_equal(space_brk(p, start + 8 * PAGE), start + PAGE + 1);
    assert_int_equal(space_brk(p, start + 7 * PAGE), start + 7 * PAGE);
    assert_int_equal(space_brk(p, start), start);
    assert_false(space_mapped(p, start));
}

/* Everything that can be had, in pieces of all sizes; then pieces that cannot become one. */
static void test_takes_everything(void **state)
{
    struct user_process *p = &((struct fixture *)*state)->p;
    uint64_t got = 0;
    for (uint64_t size = USER_SPACE; size >= PAGE; size /= 2) {
        while (space_map(p, 0, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0, NULL) > 0) got += size;
    }
    assert_int_equal(got, USER_SPACE - USER_LOWEST);
    assert_int_equal(space_map(p, 0, PAGE, RW, ANON, -1, 0, NULL), -ENOMEM);
    assert_int_equal(space_brk(p, p->space.brk_start + PAGE), p->space.brk_start);
    assert_int_equal(space_unmap(p, 0, USER_SPACE), 0);
    assert_int_equal(p->space.count, 0);
    uint64_t n = 0;
    int64_t at = 0;
    for (; n < USER_AREAS_MAX + 10 && at >= 0; n++)
        at = space_map(p, GUEST + 2 * n * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0, NULL);
    assert_int_equal(at, -ENOMEM); /* the host's limit, or ours */
    assert_true(n > 1000);
    assert_int_equal(space_unmap(p, GUEST, 2 * n * PAGE), 0);
    assert_int_equal(p->space.count, 0);
}

static void test_maps_text(void **state)
{
    struct fixture *f = *state;
    struct user_process *p = &f->p;
    struct buf maps = {0};
    char exe[64], path[4096] = "";
    int fd = open("/proc/self/exe", O_RDONLY);
    snprintf(exe, sizeof(exe), "/proc/self/fd/%d", fd);
    assert_true(readlink(exe, path, sizeof(path) - 1) > 0);
    assert_true(space_brk(p, p->space.brk_start + 1) > 0);
    assert_int_equal(
        space_map(p, GUEST, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, PAGE, NULL), GUEST);
    assert_int_equal(space_map(p, GUEST + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0, "[vdso]"), GUEST + PAGE);
    uint64_t top = p->space.stack_top;
    assert_int_equal(space_map(p, top - PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0, NULL), top - PAGE);
    space_maps(p, &maps);
    char *line = strtok(maps.p, "\n");
    assert_string_equal(line,
                        "20000000-20001000 rw-p 00000000 00:00 0                                  [heap]");
    line = strtok(NULL, "\n");
    assert_memory_equal(line, "40000000-40001000 r-xp 00001000 ", 32);
    assert_string_equal(line + 73, path);
    assert_string_equal(strtok(NULL, "\n"),
                        "40001000-40002000 rw-p 00000000 00:00 0                                  [vdso]");
    assert_string_equal(strtok(NULL, "\n"),
                        "3fffffe000-3ffffff000 rw-p 00000000 00:00 0                              [stack]");
    buf_free(&maps);
    close(fd);
}

/* What cuts an area in three when the list has room for few more, or none. */
static void test_growing_lists(void **state)
{
    struct fixture *f = *state;
    struct user_space *s = &f->p.space;
    const int plain = MAP_PRIVATE | MAP_ANONYMOUS;
    const struct call calls[] = {
        {.what = UNMAP, .addr = PAGE, .len = PAGE},
        {.what = PROTECT, .addr = PAGE, .len = PAGE, .prot = PROT_NONE},
        {.what = MAP, .addr = PAGE, .len = PAGE, .prot = PROT_NONE, .flags = plain | MAP_FIXED},
        {.what = REMAP, .addr = PAGE, .len = PAGE, .new_len = 2 * PAGE, .flags = MREMAP_MAYMOVE},
    };
    const struct call whole = {
        .what = MAP, .len = 3 * PAGE, .prot = PROT_READ, .flags = plain | MAP_FIXED_NOREPLACE};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        for (size_t room = 0; room < 4; room++) {
            assert_true(on_guest(f, &whole) > 0);
            s->cap = s->count + room;
            s->areas = reallocarray(s->areas, s->cap, sizeof(*s->areas));
            assert_non_null(s->areas);
            int64_t at = on_guest(f, &calls[i]);
            assert_true(at >= 0);
            assert_in_range(s->count, 2, 4);
            if (calls[i].what == REMAP) assert_int_equal(space_unmap(&f->p, (uint64_t)at, 2 * PAGE), 0);
            assert_int_equal(space_unmap(&f->p, GUEST, 3 * PAGE), 0);
            assert_int_equal(s->count, 0);
        }
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_random),    TEST(test_errors),           TEST(test_limits),
        TEST(test_placement), TEST(test_merging),          TEST(test_brk),
        TEST(test_maps_text), TEST(test_takes_everything), TEST(test_growing_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
