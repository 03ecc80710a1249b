/* For tests only: small ELF files, well-formed until a test spoils them. */
#ifndef ENGINE_USER_ELF_MAKE_H
#define ENGINE_USER_ELF_MAKE_H

#include "engine/user/user.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ELF_MAKE_SEGMENTS = 8 };

struct elf_make {
    Elf64_Ehdr h;
    Elf64_Phdr ph[ELF_MAKE_SEGMENTS];
    uint64_t size;        /* of the file */
    uint8_t bytes[20480]; /* what stands behind the headers, by offset in the file */
};

static inline struct elf_make elf_make_start(unsigned type)
{
    struct elf_make m = {.size = CPU_PAGE};
    memcpy(m.h.e_ident, ELFMAG, SELFMAG);
    m.h.e_ident[EI_CLASS] = ELFCLASS64;
    m.h.e_ident[EI_DATA] = ELFDATA2LSB;
    m.h.e_ident[EI_VERSION] = EV_CURRENT;
    m.h.e_version = EV_CURRENT;
    m.h.e_type = (Elf64_Half)type;
    m.h.e_machine = EM_RISCV;
    m.h.e_ehsize = m.h.e_phoff = sizeof(m.h);
    m.h.e_phentsize = sizeof(Elf64_Phdr);
    return m;
}

/* A program header for bytes that are put at the next page of the file, at the offset within it that vaddr
 * has. */
static inline void elf_make_add(struct elf_make *m, unsigned type, unsigned flags, uint64_t vaddr,
                                const void *bytes, uint64_t n, uint64_t memsz)
{
    uint64_t at = m->size + vaddr % CPU_PAGE;
    if (at + n > sizeof(m->bytes) || m->h.e_phnum == ELF_MAKE_SEGMENTS) abort();
    if (n) memcpy(m->bytes + at, bytes, n);
    m->ph[m->h.e_phnum++] = (Elf64_Phdr){.p_type = type,
                                         .p_flags = flags,
                                         .p_offset = at,
                                         .p_vaddr = vaddr,
                                         .p_filesz = n,
                                         .p_memsz = memsz,
                                         .p_align = CPU_PAGE};
    if (n) m->size = (at + n + CPU_PAGE - 1) / CPU_PAGE * CPU_PAGE;
}

/* As the file's bytes; returns their number. */
static inline size_t elf_make_bytes(struct elf_make *m)
{
    memcpy(m->bytes, &m->h, sizeof(m->h));
    memcpy(m->bytes + sizeof(m->h), m->ph, sizeof(m->ph));
    return m->size;
}

static inline int elf_make_fd(struct elf_make *m)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    size_t n = elf_make_bytes(m);
    if (fd < 0 || write(fd, m->bytes, n) != (ssize_t)n) abort();
    return fd;
}

#endif
