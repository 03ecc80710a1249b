/* A record has four bytes and one 32-bit immediate. Register operands take a byte each, two where a zero
 * register is both read and written; the widest immediate takes the immediate; small unsigned ones take what
 * bytes are left. Memory operands of byte encodings have members of their own, fixed registers and neighbours
 * need nothing. */
#include "specs/gen/slots.h"

static bool needs_sink(const struct field *f)
{
    return f->kind && f->kind->file && f->kind->file->zero >= 0 && f->written && !f->nonzero &&
           f->kind->add == 0;
}

static bool is_register(const struct field *f)
{
    return f->kind && f->kind->file;
}

static bool is_free(const struct field *f)
{
    return !f->used || f->memory || !field_encoded(f);
}

static void take(struct spec *s, struct row *r, struct slots *sl, const struct field *f, bool sink)
{
    for (int i = 0; i < SLOTS; i++) {
        if (sl->r[i].field || sl->pc_slot == i) continue;
        sl->r[i] = (struct slot){f, sink};
        return;
    }
    row_error(s, r, r->at, 1, "the operands of '%s' need more room than a record of the interpreter has",
              r->id);
}

static void registers(struct spec *s, struct row *r, struct slots *sl)
{
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (is_free(f) || !is_register(f)) continue;
        if (f->read || !f->written) take(s, r, sl, f, false);
        if (f->written && (!f->read || needs_sink(f))) take(s, r, sl, f, needs_sink(f));
    }
}

static void immediates(struct spec *s, struct row *r, struct slots *sl)
{
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (is_free(f) || is_register(f) || (f->width <= 8 && !f->is_signed)) continue;
        if (sl->imm)
            row_error(s, r, r->at, 1, "'%s' has two wide immediates; a record of the interpreter holds one",
                      r->id);
        sl->imm = f;
    }
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (is_free(f) || is_register(f) || f == sl->imm) continue;
        if (sl->imm)
            take(s, r, sl, f, false);
        else
            sl->imm = f;
    }
}

void slots_assign(struct spec *s, struct row *r, struct slots *sl)
{
    *sl = (struct slots){.pc_slot = -1};
    registers(s, r, sl);
    if (r->uses_pc && !s->bytes) {
        sl->pc_slot = SLOTS - 1;
        if (sl->r[SLOTS - 1].field)
            row_error(s, r, r->at, 1, "the operands of '%s' leave no room in a record for its own address",
                      r->id);
    }
    immediates(s, r, sl);
}

int slot_of(const struct slots *sl, const struct field *f, enum slot_use use)
{
    int other = SLOT_NONE;
    if (sl->imm == f) return SLOT_IMM;
    for (int i = 0; i < SLOTS; i++) {
        if (sl->r[i].field != f) continue;
        if (sl->r[i].sink == (use == SLOT_WRITE && needs_sink(f))) return i;
        other = i;
    }
    return use == SLOT_WRITE && needs_sink(f) ? SLOT_NONE : other;
}
