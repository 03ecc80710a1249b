/* The first kind: instructions and sequences of them. Its subjects are the ISAs. */
#include "harness/corpus/case.h"
#include "harness/kinds/kind.h"

#include <string.h>

static const char *subject_name(unsigned i)
{
    return guest_all[i] ? guest_all[i]->name : NULL;
}

static struct subject_row row_of(const struct guest_row *r, struct arena *a)
{
    return (struct subject_row){
        .id = r->id,
        .group = r->ext,
        .text = arena_printf(a, "%s%s%s", r->mnemonic, *r->syntax ? " " : "", r->syntax),
        .ref = r->ref,
        .file = r->file,
        .line = r->line,
        .absent = r->absent,
    };
}

static void subject(unsigned i, struct arena *a, struct subject *s)
{
    const struct guest *g = guest_all[i];
    struct subject_row *rows = arena_alloc(a, (g->nrows + 1) * sizeof(*rows));
    struct subject_group *groups = arena_alloc(a, g->nexts * sizeof(*groups));
    for (unsigned r = 0; r < g->nrows; r++) rows[r] = row_of(&g->rows[r], a);
    rows[g->nrows] = (struct subject_row){
        .id = "sequence", .group = "", .text = "", .ref = "", .file = "sequences", .line = 1};
    for (unsigned x = 0; x < g->nexts; x++)
        groups[x] = (struct subject_group){g->exts[x].name, g->exts[x].title};
    s->title = g->title;
    s->guest = g;
    s->rows = rows;
    s->nrows = g->nrows;
    s->nextra = 1;
    s->groups = groups;
    s->ngroups = g->nexts;
}

const struct case_kind kind_instruction = {
    .name = "instruction",
    .help = "instructions and sequences of them, of an ISA",
    .subject_name = subject_name,
    .subject = subject,
};
