/* One instruction of a sequence: sources that were written before, targets that nothing else needs, addresses
 * that mostly can be accessed. */
#include "harness/generate/step.h"

#include <string.h>

unsigned step_file(struct step_state *s, const struct guest_reg *file)
{
    unsigned i = 0;
    while (i < s->nfiles && s->files[i] != file) i++;
    if (i < s->nfiles) return i;
    BUG_ON(i == STEP_FILES);
    s->files[i] = file;
    s->fixed[i] = file->zero >= 0 ? 1ull << file->zero : 0;
    for (unsigned k = 0; k < STEP_RECENT; k++) s->recent[i][k] = (uint8_t)rng_below(&s->r, file->count);
    s->nfiles++;
    return i;
}

void step_written(struct step_state *s, unsigned file, unsigned number)
{
    memmove(s->recent[file] + 1, s->recent[file], STEP_RECENT - 1);
    s->recent[file][0] = (uint8_t)number;
}

unsigned step_source(struct step_state *s, unsigned file)
{
    uint64_t r = rng_next(&s->r);
    if (r & 3) return s->recent[file][(r >> 8) % STEP_RECENT];
    return (unsigned)((r >> 8) % s->files[file]->count);
}

unsigned step_target(struct step_state *s, unsigned file)
{
    unsigned number;
    do number = (unsigned)rng_below(&s->r, s->files[file]->count);
    while (s->fixed[file] >> number & 1);
    return number;
}

/* The row writes a register that it names itself: "sp = sp + imm". */
static bool writes_implicit(const struct gen_plan *p)
{
    for (unsigned i = 0; i < p->nimplicit; i++) {
        const char *name = guest_reg_name(p->implicit[i].reg, p->implicit[i].index);
        size_t n = strlen(name);
        for (const char *at = p->row->sem; (at = strstr(at, name)); at += n) {
            const char *after = at + n + strspn(at + n, " ");
            bool starts = at == p->row->sem || strchr("\n ;", at[-1]);
            if (starts && after[0] == '=' && after[1] != '=') return true;
        }
    }
    return false;
}

bool step_fits(const struct gen_plan *p)
{
    if (p->row->effects & (EFFECT_JUMP | EFFECT_RAISE | EFFECT_SYNC | EFFECT_CSR)) return false;
    return !writes_implicit(p);
}

static bool may_write(struct step_state *s, const struct guest_field *f, unsigned number)
{
    uint64_t fixed = s->fixed[step_file(s, f->kind->file)];
    if ((int)number == f->kind->file->zero) return true; /* nothing happens then */
    return !(fixed >> number & 1) && !(f->kind->pair && fixed >> (number + 1) & 1);
}

/* The register that is wished for in a field, or -1. */
static int wished_register(const struct step_state *s, const struct gen_plan *p, unsigned i)
{
    const struct step_wish *w = s->wish;
    const struct guest_field *f = &p->row->fields[i];
    if (!w) return -1;
    if ((int)i == w->field) return (int)w->number;
    if ((int)i == p->base_field) return w->base;
    if (!w->addresses || !(f->access & GUEST_READ) || f->kind->file != s->bases[0].reg) return -1;
    for (unsigned k = 0; k < i; k++) /* one address, and what leaves it as it is */
        if (p->row->fields[k].kind->file == f->kind->file && p->row->fields[k].access & GUEST_READ &&
            (int)k != p->base_field)
            return f->kind->file->zero;
    return (int)s->bases[0].index;
}

/* A value for a field that is no register. */
static uint64_t pick_value(struct step_state *s, const struct gen_plan *p, unsigned i, uint64_t n)
{
    const struct guest_field *f = &p->row->fields[i];
    uint64_t v = gen_field(p, i, n, &s->r);
    if (f->kind->print == PRINT_PCREL) return p->row->length; /* jumps are to what follows */
    if (!s->wish || f->kind->print != PRINT_IMM) return v;
    if (s->wish->base >= 0 && (int)i == p->offset_field) return s->wish->offset;
    return s->wish->addresses ? (rng_next(&s->r) & 7) * 8 : v;
}

/* A register number for the field, or -1 when this attempt found none. */
static int pick_register(struct step_state *s, const struct gen_plan *p, unsigned i)
{
    const struct guest_field *f = &p->row->fields[i];
    unsigned file = step_file(s, f->kind->file), number;
    int wished = wished_register(s, p, i);
    if (wished >= 0) {
        number = (unsigned)wished;
    } else if ((int)i == p->base_field) {
        /* Now and then an address that is anything. */
        struct guest_reg_ref base = s->bases[rng_below(&s->r, s->nbases)];
        number = s->tame || rng_below(&s->r, 512) ? base.index : step_source(s, file);
    } else {
        number = f->access & GUEST_WRITE ? step_target(s, file) : step_source(s, file);
    }
    if (f->kind->pair) number &= ~1u;
    if (!gen_can_be(f, number)) return -1;
    return f->access & GUEST_WRITE && !may_write(s, f, number) ? -1 : (int)number;
}

bool step_encode(struct step_state *s, const struct gen_plan *p, uint32_t *word)
{
    for (int attempt = 0; attempt < 64; attempt++) {
        bool good = true;
        uint64_t n = rng_next(&s->r) >> 16;
        *word = p->row->match;
        for (unsigned i = 0; good && i < p->row->nfields; i++) {
            const struct guest_field *f = &p->row->fields[i];
            if (f->kind->print != PRINT_REG) {
                good = guest_field_put(f, pick_value(s, p, i, n), word);
                continue;
            }
            int number = pick_register(s, p, i);
            good = number >= 0 && guest_field_put(f, (uint64_t)number - f->kind->add, word);
        }
        if (!good || p->guest->decode(*word) != (int)p->index) continue;
        for (unsigned i = 0; i < p->row->nfields; i++) {
            const struct guest_field *f = &p->row->fields[i];
            if (f->kind->print != PRINT_REG || !(f->access & GUEST_WRITE)) continue;
            unsigned number = (unsigned)guest_field_get(f, *word) + f->kind->add;
            if ((int)number != f->kind->file->zero) step_written(s, step_file(s, f->kind->file), number);
        }
        return true;
    }
    return false;
}
