/* Translated code for `perf`: a map of addresses (perf report reads /tmp/perf-PID.map), and a jitdump with
 * the code itself (`perf record -k mono`, then `perf inject --jit`). The formats are Linux's:
 * tools/perf/Documentation, jit-interface.txt and jitdump-specification.txt.
 *
 * The files are opened for each record and appended to in one write: all vcpus of a process share them, a
 * guest's descriptors are the host's, and a forked child has files of its own by its number.
 */
#include "engine/jit/internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

enum { JITDUMP_MAGIC = 0x4a695444, JITDUMP_VERSION = 1, JITDUMP_X86_64 = 62, JITDUMP_LOAD = 0 };

struct jitdump_header {
    uint32_t magic, version, size, machine, pad, pid;
    uint64_t time, flags;
};

struct jitdump_load {
    uint32_t id, size; /* of the record, name and code included */
    uint64_t time;
    uint32_t pid, tid;
    uint64_t vma, address, code_size, index;
};

enum perf_file { PERF_MAP, PERF_DUMP };

static int open_file(const struct jit *j, enum perf_file which, int flags)
{
    struct buf path = {0};
    const bool map = which == PERF_MAP;
    buf_printf(&path, "%s/%s-%d.%s", j->opt.perf, map ? "perf" : "jit", (int)getpid(), map ? "map" : "dump");
    int fd = open(buf_cstr(&path), flags | O_CLOEXEC | O_NOFOLLOW, 0644);
    buf_free(&path);
    return fd;
}

/* What cannot be written is missing from a profile: nobody's run ends for it. */
static void append(const struct jit *j, enum perf_file which, const struct buf *record)
{
    int fd = open_file(j, which, O_WRONLY | O_APPEND | O_CREAT);
    if (fd < 0) return;
    ssize_t n = write(fd, record->p, record->len);
    (void)n;
    close(fd);
}

/* perf finds the dump because the process has mapped it executable. */
void jit_perf_open(struct jit *j)
{
    if (!j->opt.perf) return;
    int fd = open_file(j, PERF_DUMP, O_RDWR | O_CREAT);
    if (fd < 0) return;
    if (!lseek(fd, 0, SEEK_END)) {
        struct jitdump_header h = {JITDUMP_MAGIC,      JITDUMP_VERSION, sizeof(h), JITDUMP_X86_64, 0,
                                   (uint32_t)getpid(), jit_now(),       0};
        struct buf head = {0};
        buf_add(&head, &h, sizeof(h));
        append(j, PERF_DUMP, &head);
        buf_free(&head);
    }
    void *p = mmap(NULL, CPU_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (p != MAP_FAILED) j->perf_marker = p;
    close(fd);
}

void jit_perf_close(struct jit *j)
{
    if (j->perf_marker) munmap(j->perf_marker, CPU_PAGE);
    j->perf_marker = NULL;
}

static void name_of(const struct jit *j, const struct jit_block *b, struct buf *out)
{
    if (j->opt.name) j->opt.name(b->pc, j->opt.data, out);
    if (!out->len) buf_printf(out, "guest:%#" PRIx64, b->pc);
    if (b->tier > 1) buf_str(out, ":region");
}

void jit_perf_block(struct jit *j, const struct jit_block *b)
{
    struct buf name = {0}, record = {0};
    if (!j->opt.perf) return;
    name_of(j, b, &name);
    buf_printf(&record, "%" PRIxPTR " %x %s\n", (uintptr_t)b->code, b->size, name.p);
    append(j, PERF_MAP, &record);
    buf_reset(&record);
    struct jitdump_load r = {
        .id = JITDUMP_LOAD,
        .size = (uint32_t)(sizeof(r) + name.len + 1 + b->size),
        .time = jit_now(),
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)gettid(),
        .vma = (uintptr_t)b->code,
        .address = (uintptr_t)b->code,
        .code_size = b->size,
        .index = jit_now(), /* any number that no other record has */
    };
    buf_add(&record, &r, sizeof(r));
    buf_add(&record, name.p, name.len + 1);
    buf_add(&record, b->code, b->size);
    append(j, PERF_DUMP, &record);
    buf_free(&record);
    buf_free(&name);
}
