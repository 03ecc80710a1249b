/* Any code, any registers: the JIT must do what the interpreter does, in one run and in parts, and end
 * exactly where it does. Input: 8 bytes of seed for registers, budgets and how soon code is hot; the rest is
 * code: bytes as they are, or, by the seed, rows by number with bits for their operands, jumping not far. */
#include "engine/jit/internal.h"

#include "engine/interp/interp.h"
#include "engine/interp/machine.h"

#include <string.h>

enum { CODE = 0x10000, DATA = 0x20000, BUDGET = 1500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
static void set_up(struct machine *m, const struct backend *b, const struct buf *code, uint64_t seed)
{
    static const struct machine_area areas[] = {
        {CODE, CPU_PAGE, CPU_READ | CPU_EXEC},
        {DATA, 2 * CPU_PAGE, CPU_READ | CPU_WRITE},
    };
    static const struct jit_options options[] = {
        {.cache_size = JIT_CACHE_MIN, .hot = ~0u},
        {.cache_size = JIT_CACHE_MIN, .hot = 1, .slice = 1},
    };
    const struct jit_options *o = b == &backend_jit ? &options[seed >> 8 & 1] : NULL;
    struct rng rng = {seed};
    BUG_ON(machine_open(m, b, o, false, areas, ARRAY_LEN(areas)));
    BUG_ON(mem_write(&m->mem, CODE, code->p, code->len));
    machine_any_registers(m, &rng, CODE, DATA);
    *machine_reg(m, "priv") = seed % 3 ? 0 : 3;
    *machine_reg(m, "frm") = rng_below(&rng, 8);
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
    set_up(&interp, &backend_interp, &code, seed);
    set_up(&jit, &backend_jit, &code, seed);
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
