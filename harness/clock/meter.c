/* Host code of one instruction, counted. */
#include "harness/clock/codegen.h"

#include "engine/jit/jit.h"
#include "harness/clock/capstone.h"
#include "harness/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { METER_CACHE = 64 << 10 }; /* bytes of code: nothing stays in it */

struct codegen_meter {
    struct mem mem;             /* in a window, as programs have it */
    struct vcpu *cpu;           /* on the JIT */
    struct jit_options options; /* of it */
    struct capstone capstone;   /* what counts */
    struct codegen_size around; /* what every block has */
};

/* A block of at most so many instructions of the code that is there, from its first instruction on. */
static int measure_block(struct codegen_meter *m, unsigned most, struct codegen_size *size)
{
    struct jit_explained e = {0};
    cs_insn *insns = NULL;
    int err = jit_explain(m->cpu, LAYOUT_CODE, most, NULL, &e);
    size_t n = 0, bytes = err ? 0 : e.code.len - e.entry;
    if (!err) n = m->capstone.disasm(m->capstone.handle, (uint8_t *)e.code.p + e.entry, bytes, 0, 0, &insns);
    *size = (struct codegen_size){(int)n, (int)bytes};
    if (n && insns[n - 1].address + insns[n - 1].size != bytes) err = -EILSEQ; /* it knows not all of it */
    if (n) m->capstone.free(insns, n);
    jit_explained_free(&e);
    return err;
}

static int open_machine(struct codegen_meter *m, const struct guest *g)
{
    mem_init(&m->mem);
    int err = mem_window_open(&m->mem);
    if (!err && mmap(mem_host(&m->mem, LAYOUT_CODE), CPU_PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        err = -errno;
    if (err) return err;
    mem_pages(&m->mem, LAYOUT_CODE, CPU_PAGE, CPU_READ | CPU_EXEC);
    m->cpu = vcpu_new(g, &m->mem);
    if (!m->cpu) return -ENOMEM;
    m->options = (struct jit_options){.cache_size = METER_CACHE};
    m->cpu->options = &m->options;
    err = backend_jit.open(m->cpu);
    if (!err) {
        jit_explain_as(m->cpu, true);
        return measure_block(m, 0, &m->around);
    }
    vcpu_free(m->cpu);
    m->cpu = NULL;
    return err;
}

struct codegen_meter *codegen_meter_open(const struct guest *g, const char **why)
{
    *why = NULL;
    if (backend_jit.probe(g, why)) return NULL;
    struct codegen_meter *m = xcalloc(1, sizeof(*m));
    *why = capstone_open(&m->capstone);
    if (*why) {
        free(m);
        return NULL;
    }
    int err = open_machine(m, g);
    if (!err) return m;
    *why = strerrordesc_np(-err);
    codegen_meter_close(m);
    return NULL;
}

void codegen_meter_close(struct codegen_meter *m)
{
    if (!m) return;
    if (m->cpu) backend_jit.close(m->cpu);
    if (m->cpu) vcpu_free(m->cpu);
    mem_free(&m->mem);
    capstone_close(&m->capstone);
    free(m);
}

struct codegen_size codegen_block(const struct codegen_meter *m)
{
    return m->around;
}

int codegen_measure(struct codegen_meter *m, const void *code, size_t n, struct codegen_size *size)
{
    BUG_ON(n > CPU_PAGE);
    memcpy(mem_host(&m->mem, LAYOUT_CODE), code, n);
    int err = measure_block(m, 1, size);
    size->insns -= m->around.insns;
    size->bytes -= m->around.bytes;
    return err;
}
