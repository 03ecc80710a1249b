/* See symbols.h. The format: System V ABI, "Object Files". */
#include "harness/exec/symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* n items of `size` bytes at `offset` of the file, or NULL. */
static const void *part(const struct elf_file *f, uint64_t offset, uint64_t n, size_t size)
{
    if (offset > f->size || n > (f->size - offset) / size) return NULL;
    return f->p + offset;
}

/* One of them: the file need not be aligned. */
#define ITEM(type, base, i)                                                                 \
    ({                                                                                      \
        type item_;                                                                         \
        memcpy(&item_, (const uint8_t *)(base) + (size_t)(i) * sizeof(type), sizeof(type)); \
        item_;                                                                              \
    })

static Elf64_Ehdr header(const struct elf_file *f)
{
    return ITEM(Elf64_Ehdr, f->p, 0);
}

/* The pages of a segment; one that it shares with an earlier one gets the permissions of both. */
static bool map_pages(struct mem *m, const Elf64_Phdr *h)
{
    uint64_t page = h->p_vaddr & ~(uint64_t)(CPU_PAGE - 1), end = h->p_vaddr + h->p_filesz;
    unsigned perm = (h->p_flags & PF_X ? CPU_EXEC : 0) | CPU_READ;
    if (end < h->p_vaddr || end > 1ull << MEM_WINDOW_BITS) return false;
    for (; page < end; page += CPU_PAGE) {
        unsigned had = m->pages[page >> CPU_PAGE_BITS];
        if (!had && mmap(mem_host(m, page), CPU_PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            return false;
        mem_pages(m, page, CPU_PAGE, had | perm);
    }
    return true;
}

const char *elf_map(const struct elf_file *f, struct mem *m)
{
    Elf64_Ehdr e = header(f);
    const void *table = part(f, e.e_phoff, e.e_phnum, sizeof(Elf64_Phdr));
    if (!table) return "its program headers are not in the file";
    for (unsigned i = 0; i < e.e_phnum; i++) {
        Elf64_Phdr h = ITEM(Elf64_Phdr, table, i);
        if (h.p_type != PT_LOAD || !h.p_filesz) continue;
        const void *bytes = part(f, h.p_offset, h.p_filesz, 1);
        if (!bytes) return "a segment is not in the file";
        if (!map_pages(m, &h)) return "its segments cannot be mapped";
        memcpy(mem_host(m, h.p_vaddr), bytes, h.p_filesz);
    }
    return NULL;
}

bool elf_address_of(const struct elf_file *f, uint64_t offset, uint64_t *addr)
{
    Elf64_Ehdr e = header(f);
    const void *table = part(f, e.e_phoff, e.e_phnum, sizeof(Elf64_Phdr));
    for (unsigned i = 0; table && i < e.e_phnum; i++) {
        Elf64_Phdr h = ITEM(Elf64_Phdr, table, i);
        if (h.p_type != PT_LOAD || offset - h.p_offset >= h.p_filesz) continue;
        *addr = h.p_vaddr + (offset - h.p_offset);
        return true;
    }
    return false;
}

/* The symbols of one table. */
struct table {
    const uint8_t *symbols; /* n of them */
    uint64_t n;
    const char *names; /* `size` bytes, the last one NUL */
    uint64_t size;
};

static bool table_get(const struct elf_file *f, unsigned section, struct table *t)
{
    Elf64_Ehdr e = header(f);
    const void *sections = part(f, e.e_shoff, e.e_shnum, sizeof(Elf64_Shdr));
    if (!sections || section >= e.e_shnum) return false;
    Elf64_Shdr s = ITEM(Elf64_Shdr, sections, section);
    if ((s.sh_type != SHT_SYMTAB && s.sh_type != SHT_DYNSYM) || s.sh_link >= e.e_shnum) return false;
    Elf64_Shdr names = ITEM(Elf64_Shdr, sections, s.sh_link);
    *t = (struct table){
        .symbols = part(f, s.sh_offset, s.sh_size, 1),
        .n = s.sh_size / sizeof(Elf64_Sym),
        .names = part(f, names.sh_offset, names.sh_size, 1),
        .size = names.sh_size,
    };
    return t->symbols && t->names && t->size && !t->names[t->size - 1];
}

/* Calls `see` for each symbol with a name and a place until it returns true. */
static void each_symbol(const struct elf_file *f, bool (*see)(const char *, const Elf64_Sym *, void *),
                        void *ctx)
{
    struct table t;
    for (unsigned i = 0; i < header(f).e_shnum; i++) {
        if (!table_get(f, i, &t)) continue;
        for (uint64_t k = 0; k < t.n; k++) {
            Elf64_Sym s = ITEM(Elf64_Sym, t.symbols, k);
            unsigned type = ELF64_ST_TYPE(s.st_info);
            if (s.st_shndx == SHN_UNDEF || s.st_name >= t.size || type > STT_FUNC) continue;
            if (t.names[s.st_name] && see(t.names + s.st_name, &s, ctx)) return;
        }
    }
}

struct by_name {
    const char *name;
    uint64_t *addr;
    bool found;
};

static bool see_name(const char *name, const Elf64_Sym *s, void *ctx)
{
    struct by_name *w = ctx;
    if (strcmp(name, w->name)) return false;
    *w->addr = s->st_value;
    return w->found = true;
}

bool elf_symbol(const struct elf_file *f, const char *name, uint64_t *addr)
{
    struct by_name w = {name, addr, false};
    each_symbol(f, see_name, &w);
    return w.found;
}

static bool add_range(const char *name, const Elf64_Sym *s, void *ctx)
{
    struct elf_file *f = ctx;
    uint64_t start = s->st_value, size = s->st_size ? s->st_size : 1;
    if (*name == '$') return false; /* it marks a place, of code or data: psABI, "Mapping Symbol" */
    if (f->nranges == f->size / sizeof(*s)) return true; /* sections that overlap: no file has more symbols */
    if (!(f->nranges & (f->nranges - 1)))                /* a power of two, or 0: full */
        f->ranges = xrealloc(f->ranges, (f->nranges ? f->nranges * (size_t)2 : 1) * sizeof(*f->ranges));
    f->ranges[f->nranges] = (struct elf_range){
        .start = start,
        .end = start + size < start ? UINT64_MAX : start + size,
        .name = name,
        .order = f->nranges,
    };
    f->nranges++;
    return false;
}

/* Of those that start together, the first in the file stands last: it is the one that is found. */
static int by_start(const void *a, const void *b)
{
    const struct elf_range *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->order < y->order) - (x->order > y->order);
}

/* Ranges may lie in each other, and overlap. An address behind the end of one can only be in one that ends
 * later: `around` leads to it. */
static void make_ranges(struct elf_file *f)
{
    each_symbol(f, add_range, f);
    if (f->nranges) qsort(f->ranges, f->nranges, sizeof(*f->ranges), by_start);
    for (uint32_t i = 0; i < f->nranges; i++) {
        uint32_t at = i;
        while (at && f->ranges[at - 1].end <= f->ranges[i].end) at = f->ranges[at - 1].around;
        f->ranges[i].around = at;
    }
}

const char *elf_name_at(const struct elf_file *f, uint64_t addr, uint64_t *offset)
{
    uint32_t lo = 0, hi = f->nranges; /* the last one that starts at or before addr is ranges[lo - 1] */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (f->ranges[mid].start <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo && f->ranges[lo - 1].end <= addr) lo = f->ranges[lo - 1].around;
    if (!lo) return NULL;
    *offset = addr - f->ranges[lo - 1].start;
    return f->ranges[lo - 1].name;
}

const char *elf_open(struct elf_file *f, const char *path)
{
    struct stat st;
    const char *why = NULL;
    *f = (struct elf_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return strerrordesc_np(errno);
    if (fstat(fd, &st))
        why = strerrordesc_np(errno);
    else if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(Elf64_Ehdr))
        why = "it is not an ELF file";
    void *p = why ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (!why && p == MAP_FAILED) why = strerrordesc_np(errno);
    close(fd);
    if (why) return why;
    *f = (struct elf_file){.p = p, .size = (size_t)st.st_size};
    Elf64_Ehdr h = header(f);
    if (memcmp(h.e_ident, ELFMAG, SELFMAG))
        why = "it is not an ELF file";
    else if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
        why = "it is not a 64-bit little-endian ELF file";
    if (why)
        elf_close(f);
    else
        make_ranges(f);
    return why;
}

unsigned elf_machine(const struct elf_file *f)
{
    return header(f).e_machine;
}

uint64_t elf_entry(const struct elf_file *f)
{
    return header(f).e_entry;
}

void elf_close(struct elf_file *f)
{
    if (f->p) munmap((void *)(uintptr_t)f->p, f->size);
    free(f->ranges);
    *f = (struct elf_file){0};
}
