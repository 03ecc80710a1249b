/* The interpreter of one ISA: how each row is packed into a record, the list of handlers, and the loop around
 * them (engine/interp/loop.h, a template over these). */
#include "specs/gen/emit.h"
#include "engine/guest/guest.h"

#include <string.h>

/* Fields are numbered as in guest_row.fields, which is in the order of the syntax. */
static void pack(struct spec *s, FILE *f, struct row *r)
{
    struct slots sl;
    slots_assign(s, r, &sl);
    fprintf(f, "    [%u] = {.r = {", r->index);
    for (int i = 0; i < SLOTS; i++) {
        const struct field *d = sl.r[i].field;
        if (sl.pc_slot == i)
            fputs("{.what = PACK_PC}, ", f);
        else if (d)
            fprintf(f, "{.what = %s, .field = %u}, ", sl.r[i].sink ? "PACK_SINK" : "PACK_FIELD",
                    asm_place(r, d));
        else
            fputs("{.what = PACK_NONE}, ", f);
    }
    fputs("}, .imm = ", f);
    if (sl.imm)
        fprintf(f, "%u", asm_place(r, sl.imm));
    else
        fputs("PACK_NO_IMM", f);
    bool ends = r->effects & (EFFECT_JUMP | EFFECT_SYNC | EFFECT_CSR);
    fprintf(f, ", .ends = %d, .alone = %d}, /* %s */\n", ends, (r->effects & EFFECT_CSR) != 0, r->id);
}

static const char *handler_kind(const struct row *r)
{
    if (r->effects & (EFFECT_CSR | EFFECT_SYNC)) return "SYNC";
    return r->effects & EFFECT_JUMP ? "JUMP" : "PLAIN";
}

void emit_interp(struct spec *s, FILE *f)
{
    fprintf(f,
            "#include \"%s/%s_sem.h\"\n\n#include \"engine/guest/guest.h\"\n\nextern const struct guest "
            "guest_%s;\n\n",
            s->isa, s->isa, s->isa);
    fputs("static const struct interp_pack packs[] = {\n", f);
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
