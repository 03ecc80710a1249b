/* How rows take part in what the interpreter hands from one instruction to the next (struct interp_flow), and
 * how they end. */
#include "specs/gen/emit.h"
#include "engine/guest/guest.h"

#include <string.h>

/* The byte of the record that names a register of this kind, or SLOT_NONE: a whole word of a file, and no
 * register that has another meaning by its number. */
static int relay_slot(const struct emitter *e, const struct field *f, enum slot_use use)
{
    const struct kind *k = f->kind;
    bool plain = k && k->file && k->file->count > 1 && k->file->words == 1 && !f->base && k->fixed < 0 &&
                 !k->pair && k->zero < 0;
    int slot = plain && !e->s->bytes ? slot_of(&e->sl, f, use) : SLOT_NONE;
    return slot < SLOTS ? slot : SLOT_NONE;
}

int relay_read(const struct emitter *e, const struct code *k)
{
    return k->kind == CODE_OPERAND && k->type != TYPE_RM && !k->field->kind->read
               ? relay_slot(e, k->field, SLOT_READ)
               : SLOT_NONE;
}

/* A write that always happens, and to all of the word. */
int relay_write(const struct emitter *e, const struct code *k)
{
    return k->kind == CODE_SET && k->cond < 0 && !k->field->kind->write &&
                   !(k->field->kind->keep & k->field->kind->width)
               ? relay_slot(e, k->field, SLOT_WRITE)
               : SLOT_NONE;
}

/* A value that the record alone decides: then the jump has one target. */
static bool is_fixed(const struct row *r, int v)
{
    const struct code *k = &r->code[v];
    switch (k->kind) {
    case CODE_CONST:
    case CODE_FIELDNUM:
    case CODE_PC:
    case CODE_NEXT: return true;
    case CODE_OPERAND: return k->type != TYPE_RM && !k->field->kind->file && !k->field->kind->read;
    case CODE_OP:
        if (k->op->effect != OP_PURE) return false;
        break;
    case CODE_SLICE: break;
    default: return false;
    }
    for (int i = 0; i < k->nargs; i++)
        if (!is_fixed(r, k->args[i])) return false;
    return true;
}

const char *handler_kind(const struct row *r)
{
    const char *kind = "PLAIN";
    if (r->effects & (EFFECT_CSR | EFFECT_SYNC)) return "SYNC";
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        if (k->kind != CODE_OP || k->op->effect != OP_JUMP) continue;
        bool branch = !strcmp(kind, "PLAIN") && is_fixed(r, k->args[k->nargs - 1]);
        kind = branch ? "BRANCH" : "JUMP";
    }
    return kind;
}

/* The byte of the record whose register flow->last holds afterwards. */
const char *relay_gives(const struct emitter *e)
{
    static const char *const bytes[] = {"0", "1", "2", "3"};
    const char *out = "INTERP_NONE";
    for (int i = 0; i < e->r->ncode; i++) {
        const struct code *k = &e->r->code[i];
        if (k->kind == CODE_CALL || (k->kind == CODE_OP && k->op->effect == OP_SKIP)) return "INTERP_LOST";
        if (k->kind == CODE_SETREG && k->reg->count > 1) return "INTERP_LOST";
        if (k->kind != CODE_SET) continue;
        int slot = relay_write(e, k);
        if (slot < 0 || strcmp(out, "INTERP_NONE")) return "INTERP_LOST";
        out = bytes[slot];
    }
    return out;
}

/* Bit per byte of the record whose register may be taken from flow->last. Not worth a handler where a call or
 * a locked access takes longer anyway. */
unsigned relay_takes(const struct emitter *e)
{
    unsigned mask = 0;
    if (e->r->effects & (EFFECT_FP | EFFECT_AMO)) return 0;
    for (int i = 0; i < e->r->ncode; i++) {
        int slot = relay_read(e, &e->r->code[i]);
        if (slot >= 0) mask |= 1u << slot;
    }
    return mask;
}

const char *handler_from(struct spec *s, struct row *r, const struct field *f)
{
    static const char *const bytes[] = {"0", "1", "2", "3"};
    struct emitter e = {.s = s, .r = r};
    if (!f) return "N";
    slots_assign(s, r, &e.sl);
    int slot = slot_of(&e.sl, f, SLOT_READ);
    return slot >= 0 && slot < SLOTS && relay_takes(&e) & 1u << slot ? bytes[slot] : NULL;
}
