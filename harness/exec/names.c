/* What people call a place of a program: its file's symbol ("main+0x12"), for --perf and --trace; and the
 * files by which `perf` names translated code, /tmp/perf-PID.map and /tmp/jit-PID.dump.
 *
 * Names are looked up under the lock of the guest's address space, which also guards the files that are open
 * here: a fork waits for it, so that a child never finds it held by a thread that it has not got.
 */
#include "engine/user/space.h"
#include "harness/exec/exec.h"
#include "harness/exec/symbols.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 64 }; /* of which symbols are looked up; code of others has only its address */

struct named_file {
    char *path;
    struct elf_file elf; /* p NULL: it cannot be read, or is no ELF file */
};

struct exec_names {
    struct named_file files[FILES];
    unsigned nfiles; /* of them */
};

static const struct elf_file *file_of(struct exec_names *x, const char *path)
{
    unsigned i = 0;
    while (i < x->nfiles && strcmp(x->files[i].path, path) != 0) i++;
    if (i == FILES) return NULL;
    struct named_file *f = &x->files[i];
    if (i == x->nfiles) {
        f->path = xstrdup(path);
        if (elf_open(&f->elf, path)) f->elf = (struct elf_file){0};
        x->nfiles++;
    }
    return f->elf.p ? &f->elf : NULL;
}

const char *exec_names_at(struct exec_names *x, struct user_process *p, uint64_t pc, uint64_t *offset)
{
    struct user_space *s = &p->space;
    const char *name = NULL;
    uint64_t addr;
    pthread_mutex_lock(&s->lock);
    size_t i = areas_at(s, pc);
    const struct user_area *a = i < s->count && s->areas[i].start <= pc ? &s->areas[i] : NULL;
    const struct elf_file *f = a && a->file ? file_of(x, a->file->name) : NULL;
    if (f && elf_address_of(f, pc - a->start + a->offset, &addr)) name = elf_name_at(f, addr, offset);
    pthread_mutex_unlock(&s->lock);
    return name;
}

struct exec_names *exec_names_new(void)
{
    return xcalloc(1, sizeof(struct exec_names));
}

void exec_names_free(struct exec_names *x)
{
    for (unsigned i = 0; i < x->nfiles; i++) {
        elf_close(&x->files[i].elf);
        free(x->files[i].path);
    }
    free(x);
}

/* ---- for perf ---- */

void exec_perf_name(uint64_t pc, void *data, struct buf *out)
{
    uint64_t offset;
    const char *name = exec_names_at(data, user_self->p, pc, &offset);
    if (name) buf_str(out, name);
    if (name && offset) buf_printf(out, "+%#lx", offset);
}

void exec_perf_start(void)
{
    static const char *const files[] = {"/tmp/perf-%d.map", "/tmp/jit-%d.dump"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) { /* of an earlier process of this number */
        struct buf path = {0};
        buf_printf(&path, files[i], (int)getpid());
        unlink(buf_cstr(&path));
        buf_free(&path);
    }
}
