/* The interpreter of one ISA: the list of handlers, and the loop around them (engine/interp/loop.h, a
 * template over these). */
#include "specs/gen/emit.h"
#include "engine/guest/guest.h"

#include <string.h>

/* X(how it ends, row, index, from) for each handler: one that reads all registers from the state, and for
 * each register one that takes it from the instruction before. */
static void handlers(struct spec *s, FILE *f)
{
    for (struct row *r = s->rows; r; r = r->next) {
        struct emitter e = {.f = f, .s = s, .r = r};
        if (r->absent) continue;
        slots_assign(s, r, &e.sl);
        unsigned from = relay_takes(&e);
        for (int i = -1; i < SLOTS; i++)
            if (i < 0 || from & 1u << i)
                fprintf(f, "    %s(%s, %s, %u, %s) \\\n", i < 0 ? "X" : "Y", handler_kind(r),
                        row_symbol(s, r), r->index, i < 0 ? "N" : (const char *[]){"0", "1", "2", "3"}[i]);
    }
}

/* P(how the second ends, row, from, row, from) for each pair, those of one first row together, and F(index of
 * that row, the first of its pairs, how many). Cases of the corpora are too short to profit: in a window
 * only. */
static void pairs(struct spec *s, FILE *f)
{
    unsigned n = 0;
    fputs("\n#ifdef INTERP_WINDOW\n#define INTERP_PAIRS(P) \\\n", f);
    for (struct row *r = s->rows; r; r = r->next)
        for (const struct pair *p = s->pairs; p; p = p->next)
            if (p->row[0] == r)
                fprintf(f, "    P(%s, %s, %s, %s, %s) \\\n", handler_kind(p->row[1]), row_symbol(s, r),
                        handler_from(s, r, p->from[0]), row_symbol(s, p->row[1]),
                        handler_from(s, p->row[1], p->from[1]));
    fputs("\n#define INTERP_FIRSTS(F) \\\n", f);
    for (const struct row *r = s->rows; r; r = r->next) {
        unsigned count = 0;
        for (const struct pair *p = s->pairs; p; p = p->next) count += p->row[0] == r;
        if (count) fprintf(f, "    F(%u, %u, %u) \\\n", r->index, n, count);
        n += count;
    }
    fputs("\n#else\n#define INTERP_PAIRS(P)\n#define INTERP_FIRSTS(F)\n#endif\n", f);
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
        fprintf(f, "    Z(%u, %s) \\\n", r->index, relay_gives(&e));
    }
    pairs(s, f);
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
