#include "bench/machine.h"

#include <sys/mman.h>

static bool map(struct machine *m, bool window, uint64_t at, uint64_t size, unsigned perm)
{
    if (!window) return !mem_add(&m->mem, at, size, perm, NULL, "memory");
    void *p = mmap(mem_host(&m->mem, at), size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) return false;
    mem_pages(&m->mem, at, size, perm);
    return true;
}

bool machine_open(struct machine *m, bool window, const char *text, const struct jit_options *o)
{
    struct buf code = {0};
    struct asm_error err;
    mem_init(&m->mem);
    m->cpu = vcpu_new(guest_find("riscv64"), &m->mem);
    if (!m->cpu) return false;
    m->cpu->options = o;
    bool ok = (!window || !mem_window_open(&m->mem)) &&
              map(m, window, MACHINE_CODE, MACHINE_CODE_SIZE, CPU_READ | CPU_EXEC) &&
              map(m, window, MACHINE_DATA, MACHINE_DATA_SIZE, CPU_READ | CPU_WRITE) &&
              guest_asm(m->cpu->guest, text, &code, &err) &&
              !mem_write(&m->mem, MACHINE_CODE, code.p, code.len) && !backend_jit.open(m->cpu);
    buf_free(&code);
    return ok;
}

void machine_close(struct machine *m)
{
    if (m->cpu && m->cpu->backend) backend_jit.close(m->cpu);
    if (m->cpu) vcpu_free(m->cpu);
    mem_free(&m->mem);
}

bool machine_reopen(struct machine *m)
{
    backend_jit.close(m->cpu);
    return !backend_jit.open(m->cpu);
}

static uint64_t *reg(struct machine *m, const char *name)
{
    return guest_reg_words(m->cpu->guest, m->cpu->state, guest_reg_find(m->cpu->guest, name));
}

void machine_start(struct machine *m)
{
    vcpu_reset(m->cpu);
    *reg(m, "pc") = MACHINE_CODE;
    *reg(m, "s0") = MACHINE_DATA;
    *reg(m, "sp") = MACHINE_DATA + MACHINE_DATA_SIZE;
}
