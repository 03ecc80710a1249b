/* Any code, any registers: the JIT must do what the interpreter does, in one run and in parts, and end
 * exactly where it does. Input: 8 bytes of seed for registers, budgets and how soon code is hot; the rest is
 * code: bytes as they are, or, by the seed, rows by number with bits for their operands, jumping not far. */
#include "engine/jit/internal.h"

#include "engine/guest/guest.h"
#include "engine/interp/interp.h"

#include <string.h>

enum { CODE = 0x10000, DATA = 0x20000, BUDGET = 1500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
    struct mem mem;
    struct vcpu *cpu;
    const struct backend *backend;
};

static void set_registers(struct machine *m, uint64_t seed)
{
    const struct guest *g = m->cpu->guest;
    struct rng rng = {seed};
    for (unsigned i = 1; i < 32; i++) {
        uint64_t r = rng_next(&rng);
        guest_reg_words(g, m->cpu->state, guest_reg_find(g, "x0"))[i] =
            r & 1 ? r : (r & 2 ? CODE : DATA) + (r >> 8 & 0x1fff);
        guest_reg_words(g, m->cpu->state, guest_reg_find(g, "f0"))[i] =
            r & 4 ? rng_next(&rng) : r | 0xffffffff00000000u;
    }
    guest_reg_words(g, m->cpu->state, guest_reg_find(g, "priv"))[0] = seed % 3 ? 0 : 3;
    guest_reg_words(g, m->cpu->state, guest_reg_find(g, "frm"))[0] = rng_below(&rng, 8);
    m->cpu->state[g->pc_word] = CODE;
}

/* The instruction that six bytes stand for: which row, and the bits that the row leaves open. */
static unsigned encode(const struct guest *g, const uint8_t *p, uint32_t *word)
{
    uint32_t bits;
    const struct guest_row *r = &g->rows[(p[0] | p[1] << 8) % g->nrows];
    memcpy(&bits, p + 2, sizeof(bits));
    *word = (bits & ~r->mask) | r->match;
    for (unsigned i = 0; i < r->nfields; i++)
        if (r->fields[i].kind && r->fields[i].kind->print == PRINT_PCREL && r->length == 4)
            (void)guest_field_put(&r->fields[i], (uint64_t)((int64_t)(bits % 64) - 32) * 2, word);
    return r->length;
}

/* The code of an input, at most a page. */
static void code_of(const uint8_t *data, size_t size, bool rows, struct buf *out)
{
    const struct guest *g = guest_find("riscv64");
    uint32_t word;
    if (!rows) buf_add(out, data, size < CPU_PAGE ? size : CPU_PAGE);
    for (; rows && size >= 6 && out->len < CPU_PAGE - 4; data += 6, size -= 6) {
        unsigned n = encode(g, data, &word);
        buf_add(out, &word, n);
    }
}

/* Code cannot be written: when a store to it is seen is each backend's own affair until fence.i. */
static void machine_open(struct machine *m, const struct backend *b, const struct buf *code, uint64_t seed)
{
    static const struct jit_options options[] = {
        {.cache_size = JIT_CACHE_MIN, .hot = ~0u},
        {.cache_size = JIT_CACHE_MIN, .hot = 1, .slice = 1},
    };
    mem_init(&m->mem);
    BUG_ON(mem_add(&m->mem, CODE, CPU_PAGE, CPU_READ | CPU_EXEC, NULL, "code"));
    BUG_ON(mem_add(&m->mem, DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE, NULL, "data"));
    BUG_ON(mem_write(&m->mem, CODE, code->p, code->len));
    m->backend = b;
    m->cpu = vcpu_new(guest_find("riscv64"), &m->mem);
    BUG_ON(!m->cpu);
    m->cpu->options = b == &backend_jit ? &options[seed >> 8 & 1] : NULL;
    BUG_ON(b->open(m->cpu));
    set_registers(m, seed);
}

static void machine_close(struct machine *m)
{
    m->backend->close(m->cpu);
    vcpu_free(m->cpu);
    mem_free(&m->mem);
}

/* Dies of the first difference. */
static void compare(const struct machine *a, const struct machine *b)
{
    const struct cpu_exit *x = &a->cpu->exit, *y = &b->cpu->exit;
    if (x->kind != y->kind || x->cause != y->cause || x->pc != y->pc || x->value != y->value ||
        x->executed != y->executed)
        BUG("exits: %s %u at %#lx, %#lx, after %lu; %s %u at %#lx, %#lx, after %lu", exit_kind_name(x->kind),
            x->cause, x->pc, x->value, x->executed, exit_kind_name(y->kind), y->cause, y->pc, y->value,
            y->executed);
    for (unsigned i = 0; i < a->cpu->guest->nregs; i++) {
        const struct guest_reg *r = &a->cpu->guest->regs[i];
        for (unsigned k = r->word; k < r->word + r->count * r->words; k++)
            if (a->cpu->state[k] != b->cpu->state[k])
                BUG("%s[%u] before %#lx: %#lx, %#lx", r->name, k - r->word, x->pc, a->cpu->state[k],
                    b->cpu->state[k]);
    }
    for (unsigned i = 0; i < a->mem.count; i++)
        if (memcmp(a->mem.regions[i].host, b->mem.regions[i].host, a->mem.regions[i].size))
            BUG("memory before %#lx", x->pc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine interp, jit;
    struct buf code = {0};
    uint64_t seed = 0;
    if (size < 14) return 0;
    memcpy(&seed, data, 8);
    struct rng rng = {seed};
    code_of(data + 8, size - 8, seed & 1, &code);
    machine_open(&interp, &backend_interp, &code, seed);
    machine_open(&jit, &backend_jit, &code, seed);
    for (uint64_t left = BUDGET; left;) {
        uint64_t n = rng_below(&rng, left) + 1;
        backend_interp.run(interp.cpu, n);
        backend_jit.run(jit.cpu, n);
        compare(&interp, &jit);
        if (interp.cpu->exit.kind != EXIT_BUDGET) break;
        left -= n;
    }
    machine_close(&interp);
    machine_close(&jit);
    buf_free(&code);
    return 0;
}
