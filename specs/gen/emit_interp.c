/* The interpreter of one ISA: how each row is packed into a record, the list of handlers, and the loop around
 * them (engine/interp/loop.h, a template over these). */
#include "specs/gen/slots.h"
#include "engine/guest/guest.h"

#include <string.h>

static unsigned field_number(const struct row *r, const struct field *f)
{
    return (unsigned)(f - r->fields);
}

/* Fields are numbered as in guest_row.fields, which is in the order of the syntax: find it by name at build.
 */
static void pack(struct spec *s, FILE *f, struct row *r)
{
    struct slots sl;
    slots_assign(s, r, &sl);
    fprintf(f, "    [%u] = {.r = {", r->index);
    for (int i = 0; i < SLOTS; i++) {
        if (sl.pc_slot == i)
            fputs("{.what = PACK_PC}, ", f);
        else if (sl.r[i].field)
            fprintf(f, "{.what = %s, .field = FIELD_%s_%u}, ", sl.r[i].sink ? "PACK_SINK" : "PACK_FIELD",
                    row_symbol(s, r), field_number(r, sl.r[i].field));
        else
            fputs("{.what = PACK_NONE}, ", f);
    }
    fputs("}, .imm = ", f);
    if (sl.imm)
        fprintf(f, "FIELD_%s_%u", row_symbol(s, r), field_number(r, sl.imm));
    else
        fputs("PACK_NO_IMM", f);
    bool ends = r->effects & (EFFECT_JUMP | EFFECT_SYNC | EFFECT_CSR);
    fprintf(f, ", .ends = %d, .alone = %d}, /* %s */\n", ends, (r->effects & EFFECT_CSR) != 0, r->id);
}

/* enc's order to asm's order, as constants a reader can follow. */
static void field_constants(struct spec *s, FILE *f, const struct row *r)
{
    for (unsigned i = 0; i < r->nfields; i++) {
        unsigned place = 0;
        for (unsigned k = 0; k < r->nfields; k++) place += asm_order(r, k) < asm_order(r, i);
        fprintf(f, "#define FIELD_%s_%u %u /* %s */\n", row_symbol(s, r), i, place, r->fields[i].name);
    }
}

static const char *handler_kind(const struct row *r)
{
    if (r->effects & EFFECT_CSR) return "SYNC";
    if (r->effects & EFFECT_SYNC) return "SYNC";
    return r->effects & EFFECT_JUMP ? "JUMP" : "PLAIN";
}

void emit_interp(struct spec *s, FILE *f)
{
    fprintf(f,
            "#include \"%s/%s_sem.h\"\n\n#include \"engine/guest/guest.h\"\n\nextern const struct guest "
            "guest_%s;\n\n",
            s->isa, s->isa, s->isa);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent) field_constants(s, f, r);
    fputs("\nstatic const struct interp_pack packs[] = {\n", f);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent)
            pack(s, f, r);
        else
            fprintf(f, "    [%u] = {.absent = true}, /* %s */\n", r->index, r->id);
    fputs("};\n\n/* X(how it ends, row) in the order of the row table */\n#define INTERP_ROWS(X) \\\n", f);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent) fprintf(f, "    X(%s, %s, %u) \\\n", handler_kind(r), row_symbol(s, r), r->index);
    fputs("\n", f);
    fprintf(f, "#define INTERP_STATE struct %s_state\n#define INTERP_NAME %s_interp\n", s->isa, s->isa);
    if (s->retired) fprintf(f, "#define INTERP_RETIRED(s) ((s)->%s)\n", s->retired->name);
    fputs("#include \"engine/interp/loop.h\"\n", f);
}
