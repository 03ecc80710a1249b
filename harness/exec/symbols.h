/* An ELF program as a file: its code, and its symbols by name and by address. For people; `lockstep exec`
 * loads programs by engine/user. Whatever the file says, it is only believed as far as its bytes go.
 */
#ifndef HARNESS_EXEC_SYMBOLS_H
#define HARNESS_EXEC_SYMBOLS_H

#include "engine/cpu/cpu.h"

/* A symbol's addresses, [start, end). */
struct elf_range {
    uint64_t start, end;
    const char *name; /* in the file */
    uint32_t order;   /* among the file's symbols */
    uint32_t around;  /* index + 1 of the last one before it that ends behind its end; 0: none */
};

struct elf_file {
    const uint8_t *p;         /* the whole file, mapped */
    size_t size;              /* its bytes */
    struct elf_range *ranges; /* nranges of them, by rising start */
    uint32_t nranges;         /* how many */
};

/* NULL, or a sentence why not: unreadable, no 64-bit little-endian ELF file. */
const char *elf_open(struct elf_file *f, const char *path);
void elf_close(struct elf_file *f);
/* Puts what the file has for its segments into m, a window, at the addresses it names. NULL, or a sentence.
 */
const char *elf_map(const struct elf_file *f, struct mem *m);
/* The address that the program's headers give to this place of the file. False: it is in no segment. */
bool elf_address_of(const struct elf_file *f, uint64_t offset, uint64_t *addr);
uint64_t elf_entry(const struct elf_file *f);
unsigned elf_machine(const struct elf_file *f);                              /* e_machine */
bool elf_symbol(const struct elf_file *f, const char *name, uint64_t *addr); /* false: there is none */
/* The symbol that addr is in, or NULL; *offset: how far. The text is in the file. */
const char *elf_name_at(const struct elf_file *f, uint64_t addr, uint64_t *offset);

#endif
