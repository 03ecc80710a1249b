/* An ELF file into the guest's memory (System V ABI, chapter 5; what Linux checks, and what it lets pass).
 *
 * The file is read, never trusted: every number is checked before it is used, and nothing is mapped outside
 * of the window. The program and its dynamic linker go through here alike.
 */
#include "engine/user/space.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PHDRS_MAX = 65536 / sizeof(Elf64_Phdr) }; /* as Linux */

/* Where Linux loads position-independent programs: two thirds up. */
#define ELF_PIE_BASE page_down(USER_SPACE / 3 * 2)

/* A file on its way into memory. */
struct loading {
    struct user_process *p;
    int fd;
    const char *path;
    struct buf *why;
    uint64_t size; /* of the file */
    Elf64_Ehdr h;
    Elf64_Phdr ph[PHDRS_MAX];
    unsigned nph;       /* in use */
    uint64_t low, high; /* of all PT_LOADs, as they say, in whole pages */
    uint64_t align;     /* the largest of theirs */
};

static int PRINTF(3, 4) refuse(const struct loading *l, int err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_printf(l->why, "%s: ", l->path);
    buf_vprintf(l->why, fmt, ap);
    va_end(ap);
    return err;
}

/* All of [at, at+n) of the file. */
static int read_at(const struct loading *l, void *to, size_t n, uint64_t at)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(l->fd, (char *)to + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(l, -errno, "cannot read it: %s", strerror(errno));
        if (got == 0) return refuse(l, -ENOEXEC, "ends in the middle of its headers");
        done += (size_t)got;
    }
    return 0;
}

/* What people feed to an emulator of another machine, by name. */
static const char *machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "arm64"}, {EM_386, "i386"},
                 {EM_ARM, "arm"},       {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},
                 {EM_S390, "s390"},     {EM_MIPS, "mips"},     {EM_LOONGARCH, "loongarch"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].machine == machine) return names[i].name;
    return NULL;
}

static int check_machine(const struct loading *l)
{
    const struct user_abi *abi = l->p->abi;
    const char *name = machine_name(l->h.e_machine);
    if (l->h.e_machine != abi->elf_machine)
        return name ? refuse(l, -ENOEXEC, "is for %s, not %s", name, abi->machine)
                    : refuse(l, -ENOEXEC, "is for machine %u, not %s", l->h.e_machine, abi->machine);
    if (l->h.e_ident[EI_CLASS] != ELFCLASS64)
        return refuse(l, -ENOEXEC, "is a 32-bit program, and %s is 64-bit", abi->machine);
    return 0;
}

static int check_header(struct loading *l)
{
    const Elf64_Ehdr *h = &l->h;
    struct stat st;
    if (fstat(l->fd, &st)) return refuse(l, -errno, "%s", strerror(errno));
    l->size = (uint64_t)st.st_size;
    if (S_ISDIR(st.st_mode)) return refuse(l, -EACCES, "is a folder");
    if (!S_ISREG(st.st_mode)) return refuse(l, -EACCES, "is not a regular file");
    char magic[SELFMAG] = "";
    ssize_t got = pread(l->fd, magic, sizeof(magic), 0);
    if (got != sizeof(magic) || memcmp(magic, ELFMAG, SELFMAG)) return refuse(l, -ENOEXEC, "not an ELF file");
    int err = read_at(l, &l->h, sizeof(l->h), 0);
    if (err) return err;
    if (h->e_ident[EI_DATA] != ELFDATA2LSB) return refuse(l, -ENOEXEC, "is big-endian");
    err = check_machine(l);
    if (err) return err;
    if (h->e_ident[EI_VERSION] != EV_CURRENT || h->e_version != EV_CURRENT)
        return refuse(l, -ENOEXEC, "is of an unknown ELF version");
    if (h->e_type == ET_REL) return refuse(l, -ENOEXEC, "is an object file; link it first");
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return refuse(l, -ENOEXEC, "is no program (ELF type %u)", h->e_type);
    if (h->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(l, -ENOEXEC, "its program headers are %u bytes each, not %zu", h->e_phentsize,
                      sizeof(Elf64_Phdr));
    if (h->e_phnum == 0) return refuse(l, -ENOEXEC, "has no program headers");
    if (h->e_phnum > PHDRS_MAX) return refuse(l, -ENOEXEC, "has too many program headers (%u)", h->e_phnum);
    if (h->e_phoff > l->size || h->e_phnum * sizeof(Elf64_Phdr) > l->size - h->e_phoff)
        return refuse(l, -ENOEXEC, "its program headers lie beyond the end of the file (truncated?)");
    l->nph = h->e_phnum;
    return read_at(l, l->ph, l->nph * sizeof(Elf64_Phdr), h->e_phoff);
}

static int check_segment(struct loading *l, unsigned i)
{
    const Elf64_Phdr *ph = &l->ph[i];
    if (ph->p_memsz < ph->p_filesz)
        return refuse(l, -ENOEXEC, "segment %u is larger in the file than in memory", i);
    if (!space_inside(ph->p_vaddr, ph->p_memsz))
        return refuse(l, -ENOEXEC, "segment %u (%#lx bytes at %#lx) does not fit in the address space", i,
                      ph->p_memsz, ph->p_vaddr);
    if (ph->p_filesz && (ph->p_offset ^ ph->p_vaddr) % CPU_PAGE)
        return refuse(l, -ENOEXEC, "segment %u: offset %#lx and address %#lx differ within a page", i,
                      ph->p_offset, ph->p_vaddr);
    if (ph->p_offset > l->size || ph->p_filesz > l->size - ph->p_offset)
        return refuse(l, -ENOEXEC, "segment %u lies beyond the end of the file (truncated?)", i);
    if (l->high && ph->p_vaddr < l->high)
        return refuse(l, -ENOEXEC, "segment %u overlaps the one before it, or stands below it", i);
    return 0;
}

/* Finds the bounds of all segments; they must be in ascending order (gABI, PT_LOAD). */
static int check_segments(struct loading *l)
{
    bool any = false;
    l->align = CPU_PAGE;
    for (unsigned i = 0; i < l->nph; i++) {
        const Elf64_Phdr *ph = &l->ph[i];
        if (ph->p_type != PT_LOAD || !ph->p_memsz) continue;
        int err = check_segment(l, i);
        if (err) return err;
        if (!any) l->low = page_down(ph->p_vaddr);
        any = true;
        l->high = ph->p_vaddr + ph->p_memsz;
        bool power = ph->p_align && !(ph->p_align & (ph->p_align - 1)); /* Linux ignores others */
        if (power && ph->p_align > l->align) l->align = ph->p_align;
    }
    if (!any) return refuse(l, -ENOEXEC, "has nothing to load");
    l->high = page_up(l->high);
    return 0;
}

/* What is added to every address of a file that can stand anywhere. */
static int choose_bias(const struct loading *l, bool is_interp, uint64_t *bias)
{
    uint64_t size = l->high - l->low;
    *bias = 0;
    if (l->h.e_type == ET_EXEC) return 0;
    space_lock(l->p);
    uint64_t wish = is_interp ? 0 : ELF_PIE_BASE / l->align * l->align;
    int64_t at = space_place(&l->p->space, wish, size, l->align);
    space_unlock(l->p);
    if (at < 0)
        return refuse(l, -ENOMEM, "needs %#lx bytes of address space, and that much is not free", size);
    *bias = (uint64_t)at - l->low;
    return 0;
}

static int segment_prot(const Elf64_Phdr *ph)
{
    return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
           (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

static int cannot_map(const struct loading *l, unsigned i, int64_t err)
{
    uint64_t at = l->ph[i].p_vaddr, size = l->ph[i].p_memsz;
    if (err == -EPERM)
        return refuse(l, -EPERM, "segment %u stands below the lowest address, %#x", i, USER_LOWEST);
    if (err == -EEXIST)
        return refuse(l, -EEXIST, "segment %u (%#lx bytes at %#lx) is where something else is already", i,
                      size, at);
    return refuse(l, (int)err, "cannot map segment %u (%#lx bytes at %#lx): %s", i, size, at,
                  strerror((int)-err));
}

/* The last page of what the file gives: zeroes behind it, where the segment goes on. Linux leaves that out
 * for segments that cannot be written. */
static int zero_rest(const struct loading *l, const Elf64_Phdr *ph, uint64_t file_end)
{
    static const uint8_t zeroes[CPU_PAGE];
    uint64_t rest = page_up(file_end) - file_end;
    if (!rest || ph->p_memsz == ph->p_filesz || !(ph->p_flags & PF_W)) return 0;
    int err = user_write(l->p, file_end, zeroes, rest);
    return err ? refuse(l, err, "cannot clear the end of its data (has the file changed?)") : 0;
}

/* First what the file gives, then zeroes. A file's page that two segments share is mapped twice, the later
 * one in place of the earlier (MAP_FIXED), as Linux does it. */
static int map_segment(const struct loading *l, unsigned i, uint64_t bias, uint64_t *mapped)
{
    const Elf64_Phdr *ph = &l->ph[i];
    uint64_t at = bias + ph->p_vaddr, start = page_down(at), file_end = at + ph->p_filesz;
    uint64_t bytes_end = ph->p_filesz ? page_up(file_end) : start, end = page_up(at + ph->p_memsz);
    int prot = segment_prot(ph), how = start < *mapped ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    if (bytes_end > start) {
        int64_t r = space_map(l->p, start, bytes_end - start, prot, MAP_PRIVATE | how, l->fd,
                              page_down(ph->p_offset), NULL);
        if (r < 0) return cannot_map(l, i, r);
        int err = zero_rest(l, ph, file_end);
        if (err) return err;
    } else if (start < *mapped) {
        bytes_end = *mapped; /* its first page is there, and holds the end of the last segment */
    }
    *mapped = end;
    if (end <= bytes_end) return 0;
    int64_t r = space_map(l->p, bytes_end, end - bytes_end, prot,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0, NULL);
    return r < 0 ? cannot_map(l, i, r) : 0;
}

/* The path of the dynamic linker, which the file holds with its final zero. */
static int read_interp(const struct loading *l, const Elf64_Phdr *ph, struct user_image *out)
{
    if (ph->p_filesz < 2 || ph->p_filesz > sizeof(out->interp))
        return refuse(l, -ENOEXEC, "the name of its dynamic linker is %lu bytes long", ph->p_filesz);
    if (ph->p_offset > l->size || ph->p_filesz > l->size - ph->p_offset)
        return refuse(l, -ENOEXEC, "the name of its dynamic linker lies beyond the end of the file");
    int err = read_at(l, out->interp, ph->p_filesz, ph->p_offset);
    if (!err && out->interp[ph->p_filesz - 1])
        err = refuse(l, -ENOEXEC, "the name of its dynamic linker does not end");
    return err;
}

/* What stands in the other headers. */
static int read_headers(const struct loading *l, uint64_t bias, struct user_image *out)
{
    uint64_t table = l->nph * sizeof(Elf64_Phdr);
    bool has_interp = false;
    for (unsigned i = 0; i < l->nph; i++) {
        const Elf64_Phdr *ph = &l->ph[i];
        if (ph->p_type == PT_INTERP && !has_interp) {
            int err = read_interp(l, ph, out);
            if (err) return err;
            has_interp = true;
        }
        if (ph->p_type == PT_GNU_STACK) out->exec_stack = ph->p_flags & PF_X;
        /* where the segment that holds them puts the headers; PT_PHDR may lie */
        if (ph->p_type == PT_LOAD && l->h.e_phoff >= ph->p_offset && ph->p_filesz >= table &&
            l->h.e_phoff - ph->p_offset <= ph->p_filesz - table)
            out->phdr = bias + ph->p_vaddr + (l->h.e_phoff - ph->p_offset);
    }
    return 0;
}

static int load(struct loading *l, bool is_interp, struct user_image *out)
{
    uint64_t bias, mapped = 0;
    int err = check_header(l);
    if (!err) err = check_segments(l);
    if (!err) err = choose_bias(l, is_interp, &bias);
    if (err) return err;
    *out = (struct user_image){.base = bias,
                               .entry = bias + l->h.e_entry,
                               .phent = sizeof(Elf64_Phdr),
                               .phnum = l->nph,
                               .low = bias + l->low,
                               .high = bias + l->high};
    err = read_headers(l, bias, out);
    if (!err && is_interp && *out->interp) err = refuse(l, -ENOEXEC, "a dynamic linker cannot need another");
    for (unsigned i = 0; i < l->nph && !err; i++)
        if (l->ph[i].p_type == PT_LOAD && l->ph[i].p_memsz) err = map_segment(l, i, bias, &mapped);
    return err;
}

int elf_load(struct user_process *p, int fd, const char *path, bool is_interp, struct user_image *out,
             struct buf *why)
{
    struct loading *l = xcalloc(1, sizeof(*l));
    *l = (struct loading){.p = p, .fd = fd, .path = path, .why = why};
    int err = load(l, is_interp, out);
    free(l);
    return err;
}
