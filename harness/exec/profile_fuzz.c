/* Any bytes as a profile: a sentence, or entries; and regions made of the paths that those tell, whatever
 * code is there, change nothing that the program does. What does not begin as a profile gets the first two
 * lines.
 */
#include "engine/guest/guest.h"
#include "engine/interp/interp.h"
#include "engine/jit/region.h"
#include "harness/exec/exec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE = 0x10000, DATA = 0x20000, BUDGET = 3000, ENTRIES_USED = 8 };

static const char begin[] = "lockstep profile 1\nfile 1 /bin/true\n";

/* Branches, calls, loads and stores, sums and floating point, for as long as one likes. */
static const char program[] =
    "lui s0, 0x20; outer: li s1, 7; loop: addi s1, s1, -1; andi a0, s1, 3; slli a0, a0, 3; add a0, a0, s0;"
    "ld a1, 0(a0); addi a1, a1, 3; sd a1, 0(a0); bnez a0, even; addi a2, a2, 1; even: call f; bnez s1, loop;"
    "fcvt.d.l fa0, a1; fadd.d fa1, fa1, fa0; fmul.d fa2, fa1, fa0; j outer;"
    "f: xor a3, a3, a1; mulhu a4, a3, a1; bltu a4, a3, g; addi a5, a5, 1; ret; g: addi a6, a6, 1; ret";

static struct vcpu *machine_open(struct mem *m, const struct backend *b)
{
    static const struct jit_options small = {.cache_size = JIT_CACHE_MIN};
    struct buf code = {0};
    struct asm_error err;
    mem_init(m);
    struct vcpu *c = vcpu_new(guest_find("riscv64"), m);
    BUG_ON(!c || !guest_asm(c->guest, program, &code, &err));
    BUG_ON(mem_add(m, CODE, CPU_PAGE, CPU_READ | CPU_EXEC, NULL, "code"));
    BUG_ON(mem_add(m, DATA, CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"));
    BUG_ON(mem_write(m, CODE, code.p, code.len));
    c->options = &small;
    BUG_ON(b->open(c));
    c->state[c->guest->pc_word] = CODE;
    buf_free(&code);
    return c;
}

/* The path with its places all over the code, and a bit beyond. */
static void make_region(struct vcpu *c, const struct jit_hot *h)
{
    struct jit_path *p = calloc(1, sizeof(*p));
    BUG_ON(!p);
    for (uint32_t i = 0; i < h->n; i++)
        for (uint32_t k = 0; k < h->path[i].insns && p->n <= JIT_PATH; k++)
            p->pc[p->n++] = CODE + (h->path[i].at.offset % 160 + 4 * k) % (2 * CPU_PAGE) / 2 * 2;
    vcpu_sync(c);
    jit_check_key(c);
    if (p->n > 1) jit_region(c, p);
    free(p);
}

static void run_both(const struct jit_profile *profile)
{
    struct mem mem[2];
    struct vcpu *interp = machine_open(&mem[0], &backend_interp), *jit = machine_open(&mem[1], &backend_jit);
    size_t words = interp->guest->state_words;
    for (unsigned i = 0, used = 0; i < profile->nknown && used < ENTRIES_USED; i++) {
        if (!profile->known[i]->n) continue;
        make_region(jit, profile->known[i]);
        used++;
    }
    backend_interp.run(interp, BUDGET);
    backend_jit.run(jit, BUDGET);
    BUG_ON(interp->exit.kind != jit->exit.kind || interp->exit.executed != jit->exit.executed);
    BUG_ON(memcmp(interp->state, jit->state, words * sizeof(uint64_t)));
    BUG_ON(memcmp(mem[0].regions[1].host, mem[1].regions[1].host, CPU_PAGE));
    backend_interp.close(interp);
    backend_jit.close(jit);
    vcpu_free(interp);
    vcpu_free(jit);
    mem_free(&mem[0]);
    mem_free(&mem[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("profile", MFD_CLOEXEC);
    FILE *err = fopen("/dev/null", "we");
    BUG_ON(fd < 0 || !err);
    bool whole = size && *data == 'l';
    BUG_ON(!whole && write(fd, begin, sizeof(begin) - 1) != sizeof(begin) - 1);
    BUG_ON(write(fd, data, size) != (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct exec_profile *x = exec_profile_new(path, err);
    if (exec_profile_of(x)->nknown) run_both(exec_profile_of(x));
    exec_profile_free(x);
    fclose(err);
    close(fd);
    return 0;
}
