/* The state in which a program's first thread ends, and memory when the process does, in lines:
 *
 *     instructions 1042
 *     pc 0x1048c
 *     ra 0x10500
 *     memory 0000010000-0000012000 r-xp 84c0ea6b2f1b2f0a
 *
 * Registers that a program seldom has to do with are left out while they hold what they hold at reset. A hash
 * is that of the pages that are not all zeroes, each with its place, so that untouched memory costs nothing
 * and is the same as zeroes; what is beyond a file's end is left out too.
 */
#include "harness/exec/exec.h"

#include "engine/base/base.h"
#include "engine/user/space.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BATCH = 4096 }; /* pages whose entries are read at once */

/* Bits of an entry of /proc/self/pagemap (proc(5)). */
#define PAGEMAP_THERE (3ull << 62)

struct exec_state {
    struct buf registers; /* the first thread's, as text */
    int pagemap;          /* /proc/self/pagemap, or -1 */
    int mem;              /* /proc/self/mem: reads what may not be read, and never faults */
};

struct exec_state *exec_state_new(void)
{
    struct exec_state *x = xcalloc(1, sizeof(*x));
    x->pagemap = x->mem = -1;
    return x;
}

void exec_state_free(struct exec_state *x)
{
    buf_free(&x->registers);
    free(x);
}

/* ---- registers ---- */

static bool is_common(const struct guest_reg *r)
{
    static const char *const groups[] = {"gpr", "fpr", "fp", "pc"};
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (!strcmp(r->group, groups[i])) return true;
    return false;
}

static bool at_reset(const struct guest_reg *r, const uint64_t *words)
{
    for (unsigned i = 1; i < r->words; i++)
        if (words[i]) return false;
    return words[0] == r->reset;
}

static void put_register(const struct guest_reg *r, unsigned index, const uint64_t *words, struct buf *out)
{
    if ((int)index == r->zero || (!is_common(r) && at_reset(r, words))) return;
    buf_printf(out, "%s 0x", guest_reg_name(r, index));
    unsigned top = r->words - 1;
    buf_printf(out, "%lx", words[top]);
    while (top-- > 0) buf_printf(out, "%016lx", words[top]);
    buf_char(out, '\n');
}

void exec_state_thread(struct exec_state *x, const struct user_thread *t)
{
    const struct guest *g = t->cpu->guest;
    if (!t->is_first || t->p->forked) return;
    buf_reset(&x->registers);
    buf_printf(&x->registers, "instructions %lu\n", t->executed);
    for (unsigned i = 0; i < g->nregs; i++)
        for (unsigned k = 0; k < g->regs[i].count; k++)
            put_register(&g->regs[i], k, t->cpu->state + g->regs[i].word + k * g->regs[i].words,
                         &x->registers);
}

/* ---- memory ---- */

/* Mixes the page in, when it is not all zeroes. */
static uint64_t hash_page(const uint64_t *words, uint64_t addr, uint64_t h)
{
    uint64_t any = 0, of = addr;
    for (unsigned i = 0; i < CPU_PAGE / sizeof(*words); i++) {
        any |= words[i];
        of = (of ^ words[i]) * 0x9e3779b97f4a7c15u;
        of ^= of >> 32;
    }
    return any ? hash_bytes(&of, sizeof(of), h) : h;
}

/* Which of n pages from addr on may hold anything but zeroes: all of them, where the kernel does not say. */
static void find_touched(const struct exec_state *x, const struct mem *m, const struct user_area *a,
                         uint64_t addr, uint64_t n, uint64_t *entries)
{
    bool knows = x->pagemap >= 0 && !a->file && a->flags & MAP_PRIVATE;
    ssize_t bytes = (ssize_t)(n * sizeof(*entries));
    off_t at = (off_t)((uintptr_t)mem_host(m, addr) / CPU_PAGE * sizeof(*entries));
    if (!knows || pread(x->pagemap, entries, (size_t)bytes, at) != bytes)
        memset(entries, 0xff, (size_t)bytes);
}

static uint64_t hash_area(const struct exec_state *x, struct user_process *p, const struct user_area *a)
{
    uint64_t h = 0, entries[BATCH], page[CPU_PAGE / sizeof(uint64_t)];
    for (uint64_t addr = a->start; addr < a->end; addr += (uint64_t)BATCH * CPU_PAGE) {
        uint64_t n = (a->end - addr) / CPU_PAGE;
        if (n > BATCH) n = BATCH;
        find_touched(x, &p->mem, a, addr, n, entries);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = addr + i * CPU_PAGE;
            bool there = entries[i] & PAGEMAP_THERE;
            if (there && pread(x->mem, page, sizeof(page), (off_t)mem_host(&p->mem, at)) == sizeof(page))
                h = hash_page(page, at, h);
        }
    }
    return h;
}

void exec_state_print(struct exec_state *x, struct user_process *p, FILE *out)
{
    fwrite(x->registers.p, 1, x->registers.len, out);
    x->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    x->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < p->space.count; i++) {
        const struct user_area *a = &p->space.areas[i];
        fprintf(out, "memory %010lx-%010lx %c%c%c%c %016lx\n", a->start, a->end,
                a->prot & PROT_READ ? 'r' : '-', a->prot & PROT_WRITE ? 'w' : '-',
                a->prot & PROT_EXEC ? 'x' : '-', a->flags & MAP_SHARED ? 's' : 'p', hash_area(x, p, a));
    }
    if (x->pagemap >= 0) close(x->pagemap);
    if (x->mem >= 0) close(x->mem);
    x->pagemap = x->mem = -1;
}
