/* Looking things up in a guest's tables, and moving a field's value into and out of an instruction. */
#include "engine/guest/guest.h"

#include <string.h>

const struct guest *guest_find(const char *name)
{
    for (const struct guest *const *g = guest_all; *g; g++)
        if (!strcmp((*g)->name, name)) return *g;
    return NULL;
}

/* ---- registers ---- */

/* Letter by letter: names are short, and most differ in the first one or two. */
static bool is_name(const char *known, const char *s, size_t len)
{
    size_t i = 0;
    while (i < len && known[i] && known[i] == s[i]) i++;
    return i == len && known[i] == 0;
}

/* The number in "12", or -1: at most three digits and no leading zero, so that each register has one
 * spelling. */
static int small_number(const char *s, size_t len)
{
    int n = 0;
    if (len == 0 || len > 3 || (len > 1 && s[0] == '0')) return -1;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9') return -1;
        n = n * 10 + (s[i] - '0');
    }
    return n;
}

int guest_reg_index(const struct guest_reg *r, const char *s, size_t len)
{
    if (r->count == 1) return len && is_name(r->name, s, len) ? 0 : -1;
    if (len == 0) return -1;
    for (unsigned i = 0; r->names && i < r->count; i++)
        if (r->names[i] && is_name(r->names[i], s, len)) return (int)i;
    size_t n = 0;
    while (n < len && r->name[n] == s[n]) n++;
    if (r->name[n] || n == len) return -1;
    int index = small_number(s + n, len - n);
    return index < (int)r->count ? index : -1;
}

/* "fp" stands for "s0": see struct guest_alias. */
static const char *reg_alias(const struct guest *g, const char *s, size_t len)
{
    for (unsigned i = 0; i < g->naliases; i++)
        if (is_name(g->aliases[i].from, s, len)) return g->aliases[i].to;
    return NULL;
}

struct guest_reg_ref guest_reg_find_span(const struct guest *g, const char *s, size_t len)
{
    for (int again = 0; len && again < 2; again++) {
        for (unsigned i = 0; i < g->nregs; i++) {
            int index = guest_reg_index(&g->regs[i], s, len);
            if (index >= 0) return (struct guest_reg_ref){&g->regs[i], (unsigned)index};
        }
        s = reg_alias(g, s, len);
        len = s ? strlen(s) : 0;
    }
    return (struct guest_reg_ref){NULL, 0};
}

struct guest_reg_ref guest_reg_find(const struct guest *g, const char *name)
{
    return guest_reg_find_span(g, name, strlen(name));
}

const char *guest_reg_name(const struct guest_reg *r, unsigned index)
{
    BUG_ON(index >= r->count);
    if (r->count == 1) return r->name;
    BUG_ON(!r->names); /* a register file without names */
    return r->names[index];
}

/* ---- rows, causes, CSRs ---- */

const struct guest_row *guest_row_find(const struct guest *g, const char *id)
{
    for (unsigned i = 0; i < g->nrows; i++)
        if (!strcmp(g->rows[i].id, id)) return &g->rows[i];
    return NULL;
}

int guest_cause_find(const struct guest *g, const char *name)
{
    for (unsigned i = 0; i < g->ncauses; i++)
        if (!strcmp(g->causes[i].name, name)) return (int)i;
    return -1;
}

const struct guest_csr *guest_csr_find(const struct guest *g, const char *s, size_t len)
{
    for (unsigned i = 0; len && i < g->ncsrs; i++)
        if (is_name(g->csrs[i].name, s, len)) return &g->csrs[i];
    return NULL;
}

const struct guest_csr *guest_csr_at(const struct guest *g, unsigned number)
{
    unsigned lo = 0, hi = g->ncsrs;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (g->csrs[mid].number == number) return &g->csrs[mid];
        if (g->csrs[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

size_t guest_mnemonic_literal(const struct guest_row *row)
{
    size_t n = 0;
    while (row->mnemonic[n] && row->mnemonic[n] != '{') n++;
    return n;
}

/* ---- fields ---- */

uint64_t guest_field_get(const struct guest_field *f, uint32_t word)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < f->nslices; i++) {
        const struct guest_slice *s = &f->slices[i];
        v |= ((uint64_t)(word >> s->pos) & bits_mask(s->width)) << s->at;
    }
    return f->kind && f->kind->is_signed ? (uint64_t)bits_sext(v, f->width) : v;
}

/* Does the kind give this number a meaning? */
static bool kind_accepts(const struct guest_kind *k, uint64_t v)
{
    if (k->print == PRINT_ENUM) return v < k->nnames && k->names[v];
    if (k->pair && (v & 1)) return false;
    return !k->nonzero || v + k->add != 0;
}

bool guest_field_put(const struct guest_field *f, uint64_t value, uint32_t *word)
{
    uint64_t low = value & bits_mask(f->width);
    bool is_signed = f->kind && f->kind->is_signed;
    if ((is_signed ? (uint64_t)bits_sext(low, f->width) : low) != value) return false;
    if ((value & bits_mask(f->low)) || (f->nonzero && value == 0)) return false;
    if (f->kind && !kind_accepts(f->kind, value)) return false;
    for (unsigned i = 0; i < f->nslices; i++) {
        const struct guest_slice *s = &f->slices[i];
        uint32_t mask = (uint32_t)bits_mask(s->width);
        *word = (*word & ~(mask << s->pos)) | (((uint32_t)(value >> s->at) & mask) << s->pos);
    }
    return true;
}
