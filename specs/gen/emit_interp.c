/* The interpreter of one ISA: the list of handlers, and the loop around them (engine/interp/loop.h, a
 * template over these). */
#include "specs/gen/emit.h"
#include "engine/guest/guest.h"

#include <string.h>

static const char *handler_kind(const struct row *r)
{
    if (r->effects & (EFFECT_CSR | EFFECT_SYNC)) return "SYNC";
    return r->effects & EFFECT_JUMP ? "JUMP" : "PLAIN";
}

void emit_interp(struct spec *s, FILE *f)
{
    fprintf(f,
            "#include \"engine/interp/window.h\"\n#include \"%s/%s_sem.h\"\n\n#include "
            "\"engine/guest/guest.h\"\n\nextern const struct guest "
            "guest_%s;\n\n",
            s->isa, s->isa, s->isa);
    fputs("/* X(how it ends, row) in the order of the row table */\n#define INTERP_ROWS(X) \\\n", f);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent) fprintf(f, "    X(%s, %s, %u) \\\n", handler_kind(r), row_symbol(s, r), r->index);
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
