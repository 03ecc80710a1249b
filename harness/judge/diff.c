/* Finding differences: two results against each other, and one against the truth of the case.
 *
 * The common case is that there are none, so whole register files are compared first and taken apart after.
 */
#include "harness/judge/compare.h"

#include "harness/kinds/kind.h"

#include <string.h>

static bool same_place(const struct diff *a, const struct diff *b)
{
    if (a->what != b->what) return false;
    if (a->what == DIFF_REG)
        return a->reg.reg == b->reg.reg && a->reg.index == b->reg.index && a->word == b->word;
    return (a->what != DIFF_MEM && a->what != DIFF_ITEM) || (a->at == b->at && a->size == b->size);
}

void findings_add(struct findings *f, const struct diff *d)
{
    for (unsigned i = 0; i < f->n; i++) {
        if (!same_place(&f->items[i], d)) continue;
        f->items[i].bits |= d->bits;
        return;
    }
    if (f->n == FINDINGS_MAX)
        f->more = true;
    else
        f->items[f->n++] = *d;
}

/* The bits of word `w` of a register that belong to it. */
static uint64_t word_mask(const struct guest_reg *r, unsigned w)
{
    return bits_mask(r->width - w * 64 > 64 ? 64 : r->width - w * 64);
}

static void reg_compare(struct guest_reg_ref ref, unsigned w, uint64_t a, uint64_t b, struct findings *f)
{
    uint64_t bits = (a ^ b) & word_mask(ref.reg, w);
    if (bits) findings_add(f, &(struct diff){.what = DIFF_REG, .reg = ref, .word = w, .bits = bits});
}

static void file_compare(const struct guest_reg *r, const uint64_t *a, const uint64_t *b, struct findings *f)
{
    for (unsigned i = 0; i < r->count; i++)
        for (unsigned w = 0; w < r->words; w++)
            reg_compare((struct guest_reg_ref){r, i}, w, a[r->word + i * r->words + w],
                        b[r->word + i * r->words + w], f);
}

static void regs_compare(const struct guest *g, const uint64_t *a, const uint64_t *b, struct findings *f)
{
    if (!memcmp(a, b, g->state_words * sizeof(*a))) return; /* as nearly always */
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        size_t bytes = (size_t)r->count * r->words * sizeof(*a);
        if (r->compare && memcmp(a + r->word, b + r->word, bytes)) file_compare(r, a, b, f);
    }
}

/* The host bytes of a page, or NULL where it is not mapped. */
static const uint8_t *page_host(const struct mem *m, uint64_t page)
{
    const struct mem_region *r = mem_find(m, page);
    return r ? r->host + (page - r->base) : NULL;
}

/* Runs of differing bytes in a page; runs less than a word apart are one. */
static void page_compare(uint64_t page, const uint8_t *a, const uint8_t *b, struct findings *f)
{
    enum { GAP = 8 };
    for (unsigned i = 0; i < CPU_PAGE; i++) {
        if (a[i] == b[i]) continue;
        unsigned last = i;
        for (unsigned k = i + 1; k < CPU_PAGE && k - last <= GAP; k++)
            if (a[k] != b[k]) last = k;
        findings_add(f, &(struct diff){.what = DIFF_MEM, .at = page + i, .size = last - i + 1});
        i = last;
    }
}

static bool page_listed(const struct mem *m, uint64_t page)
{
    const struct mem_region *r = mem_find(m, page);
    return r && r->flags[(page - r->base) >> CPU_PAGE_BITS] & MEM_DIRTY;
}

/* Memory findings come in the order in which pages became dirty; people read them by address. */
static void sort_memory(struct findings *f, unsigned first)
{
    for (unsigned i = first + 1; i < f->n; i++)
        for (unsigned k = i; k > first && f->items[k].at < f->items[k - 1].at; k--) {
            struct diff swap = f->items[k];
            f->items[k] = f->items[k - 1];
            f->items[k - 1] = swap;
        }
}

/* Pages that neither has written are as the case made them in both. */
static void mem_compare(const struct mem *a, const struct mem *b, struct findings *f)
{
    unsigned first = f->n;
    const struct mem *sides[2] = {a, b};
    for (unsigned s = 0; s < 2; s++) {
        for (size_t i = 0; i < sides[s]->ndirty; i++) {
            uint64_t page = sides[s]->dirty[i];
            if (s && page_listed(a, page)) continue; /* done from the other side */
            const uint8_t *pa = page_host(a, page), *pb = page_host(b, page);
            if (pa && pb && memcmp(pa, pb, CPU_PAGE)) page_compare(page, pa, pb, f);
        }
    }
    sort_memory(f, first);
}

static bool has_cause(const struct cpu_exit *e)
{
    return e->kind == EXIT_FAULT || e->kind == EXIT_SYSCALL || e->kind == EXIT_BREAKPOINT;
}

static bool same_exit(const struct cpu_exit *a, const struct cpu_exit *b)
{
    return a->kind == b->kind && (!has_cause(a) || a->cause == b->cause);
}

void compare_outcomes(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                      struct findings *f)
{
    findings_start(f);
    if (unlikely(c->kind)) {
        c->kind->compare(c, a, b, f);
        return;
    }
    if (!same_exit(&a->exit, &b->exit)) {
        findings_add(f, &(struct diff){.what = DIFF_EXIT});
        return;
    }
    if (a->exit.kind == EXIT_FAULT && a->exit.value != b->exit.value)
        findings_add(f, &(struct diff){.what = DIFF_VALUE});
    regs_compare(c->guest, a->state, b->state, f);
    mem_compare(a->mem, b->mem, f);
}

void compare_before(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    uint8_t before[CPU_PAGE];
    regs_compare(c->guest, o->before, o->state, f);
    unsigned first = f->n;
    for (size_t i = 0; i < o->mem->ndirty; i++) {
        uint64_t page = o->mem->dirty[i];
        case_page(c, page, before);
        page_compare(page, before, page_host(o->mem, page), f);
    }
    sort_memory(f, first);
}

/* ---- the truth ---- */

static bool truth_exit_kind(const struct test_case *c, const struct cpu_exit *e)
{
    const struct case_truth *t = &c->truth;
    struct cpu_exit budget = {.kind = EXIT_BUDGET};
    return same_exit(t->has_exit ? &t->exit : &budget, e);
}

bool truth_reg(const struct test_case *c, const struct outcome *o, struct guest_reg_ref ref, unsigned word,
               uint64_t *v)
{
    const struct case_truth *t = &c->truth;
    if (!c->has_truth) return false;
    for (unsigned i = 0; i < t->nregs; i++) {
        if (t->regs[i].ref.reg != ref.reg || t->regs[i].ref.index != ref.index) continue;
        *v = t->regs[i].value[word];
        return true;
    }
    size_t at = ref.reg->word + (size_t)ref.index * ref.reg->words + word;
    bool pc = t->has_pc && at == c->guest->pc_word;
    *v = pc ? t->exit.pc : o->before[at];
    return pc || (t->rest_unchanged && ref.reg->compare);
}

/* The entry of the truth's memory that holds an address, or NULL. */
static const struct case_mem *truth_mem(const struct test_case *c, uint64_t addr)
{
    for (unsigned i = 0; i < c->truth.nmem; i++)
        if (addr - c->truth.mem[i].at < c->truth.mem[i].size) return &c->truth.mem[i];
    return NULL;
}

bool truth_byte(const struct test_case *c, uint64_t addr, uint8_t *byte)
{
    if (!c->has_truth) return false;
    const struct case_mem *m = truth_mem(c, addr);
    if (!m) return c->truth.rest_unchanged && case_byte(c, addr, byte);
    *byte = m->data ? m->data[addr - m->at] : 0;
    return true;
}

bool truth_speaks(const struct test_case *c, const struct outcome *o, const struct diff *d)
{
    const struct case_truth *t = &c->truth;
    uint64_t v;
    if (!c->has_truth) return false;
    switch (d->what) {
    case DIFF_EXIT: return true;
    case DIFF_VALUE: return t->has_value;
    case DIFF_ITEM: return c->kind->truth_speaks(c, d);
    case DIFF_REG: return truth_reg(c, o, d->reg, d->word, &v);
    case DIFF_MEM:
        for (uint64_t i = 0; i < d->size && !t->rest_unchanged; i++)
            if (!truth_mem(c, d->at + i)) return false;
        return true;
    }
    return false;
}

/* Bytes that the truth names. */
static void truth_compare_named(const struct case_mem *want, const struct outcome *o, struct findings *f)
{
    for (uint64_t i = 0; i < want->size; i++) {
        uint8_t is = 0, should = want->data ? want->data[i] : 0;
        if (!mem_read(o->mem, want->at + i, &is, 1) && is == should) continue;
        findings_add(f, &(struct diff){.what = DIFF_MEM, .at = want->at, .size = want->size});
        return;
    }
}

/* Memory that the truth does not name is as it was; what it names has been looked at. */
static void truth_compare_pages(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    uint8_t should[CPU_PAGE];
    unsigned first = f->n;
    for (size_t i = 0; i < o->mem->ndirty; i++) {
        uint64_t page = o->mem->dirty[i];
        const uint8_t *is = page_host(o->mem, page);
        case_page(c, page, should);
        for (unsigned k = 0; k < c->truth.nmem; k++) {
            const struct case_mem *m = &c->truth.mem[k];
            for (uint64_t b = 0; b < m->size; b++)
                if (m->at + b - page < CPU_PAGE) should[m->at + b - page] = is[m->at + b - page];
        }
        if (memcmp(is, should, CPU_PAGE)) page_compare(page, is, should, f);
    }
    sort_memory(f, first);
}

/* Registers that the truth does not name: unchanged. */
static void truth_compare_rest(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    const struct guest *g = c->guest;
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        size_t bytes = sizeof(uint64_t) * r->count * r->words;
        if (!r->compare || !memcmp(o->state + r->word, o->before + r->word, bytes)) continue;
        for (unsigned k = 0; k < r->count * r->words; k++) {
            struct guest_reg_ref ref = {r, k / r->words};
            uint64_t v;
            if (truth_reg(c, o, ref, k % r->words, &v))
                reg_compare(ref, k % r->words, o->state[r->word + k], v, f);
        }
    }
}

static struct guest_reg_ref truth_pc_ref(const struct guest *g)
{
    for (unsigned i = 0; i < g->nregs; i++)
        if (g->regs[i].word == g->pc_word) return (struct guest_reg_ref){&g->regs[i], 0};
    BUG("%s has no pc", g->name);
}

void compare_truth(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    const struct case_truth *t = &c->truth;
    findings_start(f);
    if (unlikely(c->kind)) {
        c->kind->compare_truth(c, o, f);
        return;
    }
    if (!truth_exit_kind(c, &o->exit)) {
        findings_add(f, &(struct diff){.what = DIFF_EXIT});
        return;
    }
    if (t->has_value && o->exit.value != t->exit.value) findings_add(f, &(struct diff){.what = DIFF_VALUE});
    for (unsigned i = 0; i < t->nregs; i++) {
        struct guest_reg_ref ref = t->regs[i].ref;
        const uint64_t *is = o->state + ref.reg->word + (size_t)ref.index * ref.reg->words;
        for (unsigned w = 0; w < ref.reg->words; w++) reg_compare(ref, w, is[w], t->regs[i].value[w], f);
    }
    if (t->has_pc) reg_compare(truth_pc_ref(c->guest), 0, o->state[c->guest->pc_word], t->exit.pc, f);
    if (t->rest_unchanged) truth_compare_rest(c, o, f);
    for (unsigned i = 0; i < t->nmem; i++) truth_compare_named(&t->mem[i], o, f);
    if (t->rest_unchanged) truth_compare_pages(c, o, f);
}
