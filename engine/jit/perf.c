/* Translated code for `perf`: a map of addresses (perf report reads /tmp/perf-PID.map), and a jitdump with
 * the code itself (`perf record -k mono`, then `perf inject --jit`). The formats are Linux's:
 * tools/perf/Documentation, jit-interface.txt and jitdump-specification.txt.
 */
#include "engine/jit/internal.h"

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

/* perf finds the file because the process has mapped it executable. */
void jit_perf_open(struct jit *j)
{
    FILE *f = j->opt.jitdump;
    if (!f) return;
    struct jitdump_header h = {JITDUMP_MAGIC,      JITDUMP_VERSION, sizeof(h), JITDUMP_X86_64, 0,
                               (uint32_t)getpid(), jit_now(),       0};
    fwrite(&h, sizeof(h), 1, f);
    fflush(f);
    void *p = mmap(NULL, CPU_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(f), 0);
    if (p != MAP_FAILED) j->perf_marker = p;
}

void jit_perf_close(struct jit *j)
{
    if (j->perf_marker) munmap(j->perf_marker, CPU_PAGE);
    if (j->opt.jitdump) fflush(j->opt.jitdump);
    if (j->opt.perf_map) fflush(j->opt.perf_map);
    j->perf_marker = NULL;
}

void jit_perf_block(struct jit *j, const struct jit_block *b)
{
    char name[64];
    if (!j->opt.perf_map && !j->opt.jitdump) return;
    int n = snprintf(name, sizeof(name), "guest:%#" PRIx64 "%s", b->pc, b->tier > 1 ? ":region" : "");
    if (j->opt.perf_map) fprintf(j->opt.perf_map, "%" PRIxPTR " %x %s\n", (uintptr_t)b->code, b->size, name);
    if (!j->opt.jitdump) return;
    struct jitdump_load r = {
        .id = JITDUMP_LOAD,
        .size = (uint32_t)sizeof(r) + (uint32_t)n + 1 + b->size,
        .time = jit_now(),
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)gettid(),
        .vma = (uintptr_t)b->code,
        .address = (uintptr_t)b->code,
        .code_size = b->size,
        .index = j->perf_index++,
    };
    fwrite(&r, sizeof(r), 1, j->opt.jitdump);
    fwrite(name, (size_t)n + 1, 1, j->opt.jitdump);
    fwrite(b->code, b->size, 1, j->opt.jitdump);
}
