/* For the test against other disassemblers: an object file around raw code, and a child process to read from.
 */
#ifndef ENGINE_GUEST_OUTSIDER_H
#define ENGINE_GUEST_OUTSIDER_H

#include "engine/base/base.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The ".riscv.attributes" section that tells a tool which extensions to decode (RISC-V ELF psABI,
 * "Attributes"): 'A', then the vendor's length and name, then tag 1 (of the file) with its length, then tag 5
 * (arch) and its text. */
static void outsider_attributes(const char *arch, struct buf *b)
{
    uint32_t sub = (uint32_t)(5 + 1 + strlen(arch) + 1), all = 4 + 6 + sub;
    buf_char(b, 'A');
    buf_add(b, &all, 4);
    buf_add(b, "riscv", 6);
    buf_char(b, 1);
    buf_add(b, &sub, 4);
    buf_char(b, 5);
    buf_add(b, arch, strlen(arch) + 1);
}

static uint64_t outsider_put(struct buf *file, const void *p, size_t n)
{
    while (file->len % 8) buf_char(file, 0);
    uint64_t at = file->len;
    buf_add(file, p, n);
    return at;
}

/* A relocatable RISC-V ELF file (ELF-64, little endian) with `code` as its .text. */
static void outsider_elf(const struct buf *code, const char *arch, struct buf *file)
{
    static const char names[] = "\0.text\0.riscv.attributes\0.shstrtab";
    struct buf attributes = {0};
    Elf64_Ehdr h = {.e_type = ET_REL,
                    .e_machine = EM_RISCV,
                    .e_version = EV_CURRENT,
                    .e_ehsize = sizeof(h),
                    .e_shentsize = sizeof(Elf64_Shdr),
                    .e_shnum = 4,
                    .e_shstrndx = 3};
    Elf64_Shdr s[4] = {
        [1] = {.sh_name = 1,
               .sh_type = SHT_PROGBITS,
               .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
               .sh_addralign = 2},
        [2] = {.sh_name = 7, .sh_type = SHT_LOPROC + 3, .sh_addralign = 1}, /* SHT_RISCV_ATTRIBUTES */
        [3] = {.sh_name = 25, .sh_type = SHT_STRTAB, .sh_addralign = 1},
    };
    memcpy(h.e_ident, "\177ELF\2\1\1", 7);
    if (arch)
        outsider_attributes(arch, &attributes);
    else
        s[2].sh_type = SHT_NOTE; /* an empty note says nothing */
    outsider_put(file, &h, sizeof(h));
    s[1].sh_offset = outsider_put(file, code->p, s[1].sh_size = code->len);
    s[2].sh_offset = outsider_put(file, buf_cstr(&attributes), s[2].sh_size = attributes.len);
    s[3].sh_offset = outsider_put(file, names, s[3].sh_size = sizeof(names));
    h.e_shoff = outsider_put(file, s, sizeof(s));
    memcpy(file->p, &h, sizeof(h));
    buf_free(&attributes);
}

/* A running child whose standard output is read. */
struct outsider {
    pid_t pid;  /* the child */
    FILE *out;  /* its output */
    char *line; /* of getline */
    size_t cap; /* allocated for line */
};

/* Starts argv[0], found along PATH. 0 or -errno. */
MUST_CHECK static int outsider_start(struct outsider *o, char *const argv[])
{
    int fd[2];
    posix_spawn_file_actions_t actions;
    *o = (struct outsider){0};
    if (pipe2(fd, O_CLOEXEC)) return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
    int err = posix_spawnp(&o->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    if (!err && (o->out = fdopen(fd[0], "r"))) return 0;
    close(fd[0]);
    return err ? -err : -errno;
}

/* The next line without its end, or NULL. */
static char *outsider_line(struct outsider *o)
{
    ssize_t n = getline(&o->line, &o->cap, o->out);
    if (n < 0) return NULL;
    if (n && o->line[n - 1] == '\n') o->line[n - 1] = 0;
    return o->line;
}

/* Waits for the child; its exit status, or -1 when it died. */
static int outsider_end(struct outsider *o)
{
    int status = 0;
    if (o->out) fclose(o->out);
    free(o->line);
    if (waitpid(o->pid, &status, 0) < 0 || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

#endif
