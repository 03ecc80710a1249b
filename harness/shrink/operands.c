/* Simpler operands: fields of instructions, numbers of registers, values in them. Each has a rank, and only a
 * lower one is taken, so that it comes to an end.
 */
#include "harness/shrink/shrink.h"

#include "harness/generate/values.h"

#include <string.h>

/* ---- numbers ---- */

/* 0, 1, few bits and small numbers first; minus one and its like after positive ones of their size. */
static uint64_t number_rank(uint64_t v, unsigned width)
{
    int64_t s = bits_sext(v, width);
    uint64_t size = s < 0 ? 0 - (uint64_t)s : (uint64_t)s;
    unsigned top = size ? 64 - (unsigned)__builtin_clzll(size) : 0;
    return (uint64_t)top * 256 + (unsigned)__builtin_popcountll(size) * 2 + (s < 0);
}

enum { SIMPLER_MAX = 160 };

/* Numbers of lower rank, to be tried in this order. */
static unsigned simpler(uint64_t v, unsigned width, uint64_t out[SIMPLER_MAX])
{
    static const int64_t round[] = {0, 1, -1, 2, -2, 3, 4, 8};
    unsigned n = 0;
    uint64_t mask = bits_mask(width);
    for (unsigned i = 0; i < ARRAY_LEN(round); i++) out[n++] = (uint64_t)round[i] & mask;
    for (unsigned i = width / 2; i; i /= 2) {
        out[n++] = v & bits_mask(i);
        out[n++] = (uint64_t)bits_sext(v & bits_mask(i), i) & mask;
        out[n++] = v & mask & ~bits_mask(i);
    }
    for (unsigned i = 0; i < width; i++)
        if (v >> i & 1) out[n++] = v & ~(1ull << i);
    out[n++] = v >> 1 & mask;
    return n;
}

/* ---- fields ---- */

static bool try_field(struct reducer *r, unsigned i, const struct guest_field *f, uint64_t v)
{
    struct draft_insn *in = &r->next.insns[i];
    const struct guest_row *row = draft_row(&r->best, i);
    if (guest_field_put(f, v, &in->word) && draft_row(&r->next, i) == row) return reduce_try(r);
    r->next = r->best;
    return false;
}

static bool reduce_immediate(struct reducer *r, unsigned i, const struct guest_field *f)
{
    uint64_t out[SIMPLER_MAX];
    bool any = false, more = true;
    unsigned width = f->width < 64 ? f->width : 64;
    while (more && !reduce_spent(r)) {
        uint64_t v = guest_field_get(f, r->best.insns[i].word), rank = number_rank(v, width);
        unsigned n = simpler(v, width, out);
        more = false;
        for (unsigned k = 0; k < n && !more; k++) {
            bool is_signed = f->kind && f->kind->is_signed;
            uint64_t c = is_signed ? (uint64_t)bits_sext(out[k], width) : out[k];
            if (number_rank(c, width) < rank) more = try_field(r, i, f, c);
        }
        any |= more;
    }
    return any;
}

/* The value that need not be said, else the first there is. */
static bool reduce_enum(struct reducer *r, unsigned i, const struct guest_field *f)
{
    uint64_t v = guest_field_get(f, r->best.insns[i].word);
    if (f->kind->def >= 0) return v != (uint64_t)f->kind->def && try_field(r, i, f, (uint64_t)f->kind->def);
    return v && try_field(r, i, f, 0);
}

static bool reduce_field(struct reducer *r, unsigned i, const struct guest_field *f)
{
    if (!f->kind) return reduce_immediate(r, i, f);
    switch (f->kind->print) {
    case PRINT_IMM:
    case PRINT_HI20: return reduce_immediate(r, i, f);
    case PRINT_ENUM:
    case PRINT_SET: return reduce_enum(r, i, f);
    case PRINT_PCREL: return r->best.insns[i].target == DRAFT_TARGET_NONE && reduce_immediate(r, i, f);
    case PRINT_CSR:
    case PRINT_REG: return false;
    }
    return false;
}

bool reduce_fields(struct reducer *r)
{
    bool any = false;
    for (unsigned i = 0; i < r->best.ninsns; i++) {
        const struct guest_row *row = draft_row(&r->best, i);
        for (unsigned k = 0; row && k < row->nfields; k++) any |= reduce_field(r, i, &row->fields[k]);
    }
    return any;
}

/* ---- numbers of registers ---- */

/* The one that is always zero, then from the middle of the file's first half up, where compressed
 * instructions reach too and arguments are passed. */
static unsigned register_rank(const struct guest_reg *file, unsigned i)
{
    if ((int)i == file->zero) return 0;
    unsigned first = file->count / 4 + 2;
    return 1 + (i + file->count - first) % file->count;
}

static bool is_register(const struct guest_field *f, const struct guest_reg *file)
{
    return f->kind && f->kind->print == PRINT_REG && f->kind->file == file;
}

/* Calls register `from` of a file `to` in all instructions of `next`. False: not all of them can. */
static bool rename_insns(struct draft *d, const struct guest_reg *file, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < d->ninsns; i++) {
        const struct guest_row *row = draft_row(d, i);
        uint32_t word = d->insns[i].word;
        for (unsigned k = 0; row && k < row->nfields; k++) {
            const struct guest_field *f = &row->fields[k];
            if (!is_register(f, file) || guest_field_get(f, d->insns[i].word) + f->kind->add != from)
                continue;
            if (!guest_field_put(f, to - f->kind->add, &word)) return false;
        }
        d->insns[i].word = word;
        if (draft_row(d, i) != row) return false;
    }
    return true;
}

/* The register's value before goes along, over that of the other. */
static void rename_state(struct draft *d, const struct guest_reg *file, unsigned from, unsigned to)
{
    unsigned n = 0;
    bool has = false;
    for (unsigned i = 0; i < d->nregs; i++) has |= d->regs[i].ref.reg == file && d->regs[i].ref.index == from;
    for (unsigned i = 0; i < d->nregs && has; i++) {
        struct case_reg reg = d->regs[i];
        bool ours = reg.ref.reg == file;
        if (ours && (reg.ref.index == to || (reg.ref.index == from && (int)to == file->zero))) continue;
        if (ours && reg.ref.index == from) reg.ref.index = to;
        d->regs[n++] = reg;
    }
    if (has) d->nregs = n;
}

static bool reduce_register(struct reducer *r, const struct guest_reg *file, unsigned from)
{
    for (unsigned rank = 0; rank < register_rank(file, from); rank++) {
        for (unsigned to = 0; to < file->count; to++) {
            if (register_rank(file, to) != rank) continue;
            if (rename_insns(&r->next, file, from, to)) {
                rename_state(&r->next, file, from, to);
                if (reduce_try(r)) return true;
            }
            r->next = r->best;
        }
    }
    return false;
}

/* One operand alone names the register that is always zero. */
static bool reduce_to_zero(struct reducer *r, unsigned i, unsigned k)
{
    const struct guest_field *f = &draft_row(&r->best, i)->fields[k];
    int zero = f->kind->file->zero;
    return zero >= (int)f->kind->add &&
           guest_field_get(f, r->best.insns[i].word) + f->kind->add != (unsigned)zero &&
           try_field(r, i, f, (unsigned)zero - f->kind->add);
}

/* The register that a field of the code names, or -1. */
static int named_register(const struct draft *d, unsigned i, unsigned k, const struct guest_reg **file)
{
    const struct guest_row *row = draft_row(d, i);
    if (!row || k >= row->nfields || !row->fields[k].kind || row->fields[k].kind->print != PRINT_REG)
        return -1;
    *file = row->fields[k].kind->file;
    return (int)(guest_field_get(&row->fields[k], d->insns[i].word) + row->fields[k].kind->add);
}

bool reduce_registers(struct reducer *r)
{
    enum { FIELDS = 8, FEW = 8 };
    bool any = false;
    if (r->best.ninsns > FEW) return false; /* names matter to readers of short code only */
    for (unsigned i = 0; i < r->best.ninsns; i++)
        for (unsigned k = 0; k < FIELDS; k++) {
            const struct guest_reg *file;
            int number = named_register(&r->best, i, k, &file);
            if (number < 0) continue;
            any |= reduce_register(r, file, (unsigned)number) || reduce_to_zero(r, i, k);
        }
    return any;
}

/* ---- values ---- */

/* As what the first instruction that has the register as an operand reads it; NULL: none does. */
static const struct fp_layout *format_of(const struct draft *d, struct guest_reg_ref ref)
{
    for (unsigned i = 0; i < d->ninsns; i++) {
        const struct guest_row *row = draft_row(d, i);
        for (unsigned k = 0; row && k < row->nfields; k++) {
            const struct guest_field *f = &row->fields[k];
            if (!is_register(f, ref.reg) || !(f->access & GUEST_READ)) continue;
            if (guest_field_get(f, d->insns[i].word) + f->kind->add != ref.index) continue;
            if (f->test >= TEST_F16 && f->test <= TEST_F64) return &fp_layouts[f->test - TEST_F16];
        }
    }
    return NULL;
}

static bool reduce_float(struct reducer *r, unsigned i)
{
    const struct fp_layout *f = format_of(&r->best, r->best.regs[i].ref);
    uint64_t out[FLOAT_SIMPLER_MAX];
    bool any = false, more = true;
    while (more && !reduce_spent(r)) {
        unsigned n = float_simpler(r->best.regs[i].value[0], f, out);
        more = false;
        for (unsigned k = 0; k < n && !more; k++) {
            r->next.regs[i].value[0] = out[k];
            more = reduce_try(r);
        }
        any |= more;
    }
    return any;
}

static bool reduce_word(struct reducer *r, unsigned i, unsigned w)
{
    const struct guest_reg *reg = r->best.regs[i].ref.reg;
    unsigned width = reg->width - w * 64 > 64 ? 64 : reg->width - w * 64;
    uint64_t out[SIMPLER_MAX];
    bool any = false, more = true;
    while (more && !reduce_spent(r)) {
        uint64_t v = r->best.regs[i].value[w], rank = number_rank(v, width);
        unsigned n = simpler(v, width, out);
        more = false;
        for (unsigned k = 0; k < n && !more; k++) {
            if (number_rank(out[k], width) >= rank) continue;
            r->next.regs[i].value[w] = out[k];
            more = reduce_try(r);
        }
        any |= more;
    }
    return any;
}

bool reduce_values(struct reducer *r)
{
    bool any = false;
    for (unsigned i = 0; i < r->best.nregs; i++) {
        const struct guest_reg *reg = r->best.regs[i].ref.reg;
        if (!strcmp(reg->group, "fpr") && reg->width == 64) {
            any |= reduce_float(r, i);
            continue;
        }
        for (unsigned w = 0; w < reg->words; w++) any |= reduce_word(r, i, w);
    }
    return any;
}
