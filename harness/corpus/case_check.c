/* What holds for every case, looked at in the case itself: for cases that come from elsewhere than YAML. The
 * loader says the same with positions (case.c, case_mem.c, truth.c).
 */
#include "harness/corpus/case.h"

const struct case_region case_layout[CASE_LAYOUT] = {
    {LAYOUT_CODE, LAYOUT_CODE_SIZE, CPU_READ | CPU_EXEC, "code"},
    {LAYOUT_DATA, LAYOUT_DATA_SIZE, CPU_READ | CPU_WRITE, "data"},
    {LAYOUT_ROM, LAYOUT_ROM_SIZE, CPU_READ, "rom"},
};

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

static bool inside(uint64_t at, uint64_t size, uint64_t base, uint64_t length)
{
    return at >= base && at - base < length && size <= length - (at - base);
}

/* The rights of the region that holds all of these bytes, 0: there is none. */
static unsigned rights(const struct test_case *c, uint64_t at, uint64_t size)
{
    for (unsigned i = 0; i < CASE_LAYOUT; i++)
        if (inside(at, size, case_layout[i].base, case_layout[i].size)) return case_layout[i].perm;
    for (unsigned i = 0; i < c->nmem && c->mem[i].perm; i++)
        if (inside(at, size, c->mem[i].at, c->mem[i].size)) return c->mem[i].perm;
    return 0;
}

/* ---- memory ---- */

/* Regions, which come first. */
static const char *check_regions(const struct test_case *c, unsigned *n)
{
    uint64_t total = 0;
    for (*n = 0; *n < c->nmem && c->mem[*n].perm; ++*n) {
        const struct case_mem *m = &c->mem[*n];
        if (m->perm > (CPU_READ | CPU_WRITE | CPU_EXEC)) return "a region has rights that there are not";
        if (m->data) return "a region has bytes";
        if (!m->size || m->size % CPU_PAGE || m->at % CPU_PAGE) return "a region is not whole pages";
        if (m->size > CASE_MAX_REGION || m->at + m->size - 1 < m->at) return "a region is too large";
        total += m->size;
        for (unsigned i = 0; i < CASE_LAYOUT; i++)
            if (overlap(m->at, m->size, case_layout[i].base, case_layout[i].size))
                return "a region overlaps one that every case has";
        for (unsigned i = 0; i < *n; i++)
            if (overlap(m->at, m->size, c->mem[i].at, c->mem[i].size)) return "two regions overlap";
    }
    return total > CASE_MAX_REGION ? "its regions are too large" : NULL;
}

/* Entries from `first` on: bytes, which stand in some region and not in each other's place. */
static const char *check_bytes(const struct test_case *c, const struct case_mem *mem, unsigned first,
                               unsigned n)
{
    uint64_t total = 0;
    for (unsigned i = first; i < n; i++) {
        const struct case_mem *m = &mem[i];
        if (m->perm) return "a region comes after bytes, or is among the truth";
        if (!m->size || m->size > CASE_MAX_DATA || (total += m->size) > CASE_MAX_DATA)
            return "it has no, or too many, bytes of memory";
        if (!rights(c, m->at, m->size)) return "its bytes of memory are not within one region";
        for (unsigned k = first; k < i; k++)
            if (overlap(m->at, m->size, mem[k].at, mem[k].size)) return "bytes of memory are given twice";
    }
    return NULL;
}

static const char *check_code(const struct test_case *c)
{
    unsigned unit = c->guest->code_unit;
    if (!c->code_size || c->code_size > CASE_MAX_CODE) return "it has no code, or too much";
    if (c->code_size % unit || c->code_at % unit) return "its code is not whole instructions";
    if (!c->steps || c->steps > CASE_MAX_STEPS) return "it has no steps, or too many";
    if (!(rights(c, c->code_at, c->code_size) & CPU_EXEC)) return "its code is not in executable memory";
    for (unsigned i = 0; i < c->nmem; i++)
        if (!c->mem[i].perm && overlap(c->code_at, c->code_size, c->mem[i].at, c->mem[i].size))
            return "its code overlaps bytes of memory";
    return NULL;
}

/* ---- registers and the end ---- */

static const char *check_regs(const struct case_reg *regs, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct case_reg *r = &regs[i];
        const struct guest_reg *g = r->ref.reg;
        unsigned top = g->width - 64 * (g->words - 1);
        if (r->value[g->words - 1] & ~bits_mask(top)) return "a value is too wide for its register";
        if ((int)r->ref.index == g->zero && r->value[0]) return "a register that reads 0 has a value";
    }
    return NULL;
}

static bool has_pc(const struct test_case *c, const struct case_reg *regs, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (regs[i].ref.reg->word == c->guest->pc_word) return true;
    return false;
}

static const char *check_truth(const struct test_case *c)
{
    const struct case_truth *t = &c->truth;
    if (!c->has_truth) return t->nregs || t->nmem || t->has_exit || t->has_value ? "its truth is none" : NULL;
    if (t->has_value && !(t->has_exit && t->exit.kind == EXIT_FAULT)) return "only a fault has a value";
    if (t->rest_unchanged && !has_pc(c, t->regs, t->nregs)) return "its truth does not say where pc is";
    return check_bytes(c, t->mem, 0, t->nmem);
}

const char *case_check(const struct test_case *c)
{
    unsigned regions;
    const char *wrong = check_regions(c, &regions);
    if (!wrong) wrong = check_bytes(c, c->mem, regions, c->nmem);
    if (!wrong) wrong = check_code(c);
    if (!wrong) wrong = check_regs(c->in, c->nin);
    if (!wrong && has_pc(c, c->in, c->nin)) wrong = "pc is set before";
    if (!wrong) wrong = check_regs(c->truth.regs, c->truth.nregs);
    return wrong ? wrong : check_truth(c);
}
