/* The interpreter of one ISA: the list of handlers, and the loop around them (engine/interp/loop.h, a
 * template over these). */
#include "specs/gen/emit.h"
#include "engine/guest/guest.h"

#include <string.h>

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

static const char *handler_kind(const struct row *r)
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
static const char *gives(const struct emitter *e)
{
    static const char *const bytes[] = {"0", "1", "2", "3"};
    const char *out = "INTERP_NONE";
    for (int i = 0; i < e->r->ncode; i++) {
        const struct code *k = &e->r->code[i];
        if (k->kind == CODE_CALL || (k->kind == CODE_OP && k->op->effect == OP_SKIP)) return "INTERP_LOST";
        if (k->kind == CODE_SETREG && k->reg->count > 1) return "INTERP_LOST";
        if (k->kind != CODE_SET) continue;
        int slot = emit_relay_write(e, k);
        if (slot < 0 || strcmp(out, "INTERP_NONE")) return "INTERP_LOST";
        out = bytes[slot];
    }
    return out;
}

/* Bit per byte of the record whose register may be taken from flow->last. Not worth a handler where a call or
 * a locked access takes longer anyway. */
static unsigned takes(const struct emitter *e)
{
    unsigned mask = 0;
    if (e->r->effects & (EFFECT_FP | EFFECT_AMO)) return 0;
    for (int i = 0; i < e->r->ncode; i++) {
        int slot = emit_relay_read(e, &e->r->code[i]);
        if (slot >= 0) mask |= 1u << slot;
    }
    return mask;
}

/* X(how it ends, row, index, from) for each handler: one that reads all registers from the state, and for
 * each register one that takes it from the instruction before. */
static void handlers(struct spec *s, FILE *f)
{
    for (struct row *r = s->rows; r; r = r->next) {
        struct emitter e = {.f = f, .s = s, .r = r};
        if (r->absent) continue;
        slots_assign(s, r, &e.sl);
        unsigned from = takes(&e);
        for (int i = -1; i < SLOTS; i++)
            if (i < 0 || from & 1u << i)
                fprintf(f, "    %s(%s, %s, %u, %s) \\\n", i < 0 ? "X" : "Y", handler_kind(r),
                        row_symbol(s, r), r->index, i < 0 ? "N" : (const char *[]){"0", "1", "2", "3"}[i]);
    }
}

void emit_interp(struct spec *s, FILE *f)
{
    fprintf(f, "#include \"engine/interp/window.h\"\n#include \"%s/%s_sem.h\"\n\n", s->isa, s->isa);
    fputs("/* X(how it ends, row, index, -), and Y(…, …, …, byte) for the handlers that take this byte's "
          "register from flow->last */\n#define INTERP_ROWS(X, Y) \\\n",
          f);
    handlers(s, f);
    fputs("\n/* Z(index, what flow->last holds afterwards) */\n#define INTERP_GIVES(Z) \\\n", f);
    for (struct row *r = s->rows; r; r = r->next) {
        struct emitter e = {.f = f, .s = s, .r = r};
        if (r->absent) continue;
        slots_assign(s, r, &e.sl);
        fprintf(f, "    Z(%u, %s) \\\n", r->index, gives(&e));
    }
    fputs("\n", f);
    fprintf(f, "#define INTERP_STATE struct %s_state\n", s->isa);
    fprintf(f, "#ifdef INTERP_WINDOW\n#define INTERP_NAME %s_interp_window\n#else\n", s->isa);
    fprintf(f, "#define INTERP_NAME %s_interp\n#endif\n", s->isa);
    fprintf(f, "#define INTERP_NROWS %u\n", s->nrows);
    if (s->retired) fprintf(f, "#define INTERP_RETIRED(s) ((s)->%s)\n", s->retired->name);
    fputs("#include \"engine/interp/loop.h\"\n", f);
}

/* The same for guests in a window. */
void emit_interp_window(struct spec *s, FILE *f)
{
    fprintf(f, "#define INTERP_WINDOW\n#include \"%s/%s_interp.c\"\n", s->isa, s->isa);
}
