/* An item of `generate:`: which rows, how many cases, from which values and seed. */
#include "harness/generate/generate.h"

#include "harness/corpus/glob.h"

#include <string.h>

/* A pattern is for ids; "ext:Zba" for the names of extensions. */
static bool pattern_names(const char *pattern, const struct guest_row *row)
{
    return strncmp(pattern, "ext:", 4) ? glob_match(pattern, row->id) : glob_match(pattern + 4, row->ext);
}

static bool names_one_row(const char *pattern)
{
    return glob_is_name(pattern) && strncmp(pattern, "ext:", 4) != 0;
}

unsigned rows_select(const struct guest *g, const char *pattern, bool absent, uint64_t *rows)
{
    unsigned n = 0;
    for (unsigned i = 0; i < g->nrows; i++) {
        if (!pattern_names(pattern, &g->rows[i])) continue;
        n++;
        if (absent || !g->rows[i].absent) rows[i / 64] |= 1ull << (i % 64);
    }
    return n;
}

void rows_none(const struct guest *g, const char *text, struct buf *out)
{
    bool ext = !strncmp(text, "ext:", 4);
    size_t skip = ext ? 4 : 0;
    struct suggest near = suggest_start(text + skip, strlen(text + skip));
    for (unsigned i = 0; ext && i < g->nexts; i++)
        suggest_offer(&near, g->exts[i].name, strlen(g->exts[i].name));
    for (unsigned i = 0; !ext && i < g->nrows; i++)
        suggest_offer(&near, g->rows[i].id, strlen(g->rows[i].id));
    buf_printf(out, "%s has no row '%.80s'", g->name, text);
    if (near.best && glob_is_name(text))
        buf_printf(out, "; did you mean '%s%.*s'?", ext ? "ext:" : "", (int)near.best_len, near.best);
}

void rows_unknown(const struct guest *g, const struct ynode *pattern, struct diag *d)
{
    struct buf said = {0};
    rows_none(g, pattern->text, &said);
    diag_error(d, pattern->at, pattern->len, "%s", buf_cstr(&said));
    buf_free(&said);
}

/* One entry of `rows:`. */
static bool add_rows(struct generator *gen, const struct ynode *n, struct diag *d)
{
    const struct guest *g = gen->guest;
    if (!rows_select(g, n->text, false, gen->rows)) {
        rows_unknown(g, n, d);
        return false;
    }
    if (!names_one_row(n->text)) return true;
    if (!guest_row_find(g, n->text)->absent) return true;
    diag_error(d, n->at, n->len, "%s has no semantics yet (status: absent), so there is nothing to generate",
               n->text);
    return false;
}

/* Rows that a pattern matches and that are left out. */
static void find_absent(struct generator *gen, const struct ynode *rows)
{
    for (const struct ynode *r = schema_first(rows); r; r = schema_next(rows, r))
        (void)rows_select(gen->guest, r->text, true, gen->absent);
    for (unsigned i = 0; i < (gen->guest->nrows + 63) / 64; i++) gen->absent[i] &= ~gen->rows[i];
}

enum gen_values generator_values(const char *name)
{
    return !strcmp(name, "corners") ? GEN_CORNERS : !strcmp(name, "random") ? GEN_RANDOM : GEN_ALL;
}

bool generator_open(struct generator *gen, const struct guest *g, const struct ynode *item, uint64_t run_seed,
                    struct arena *a, struct diag *d)
{
    const struct ynode *rows = ynode_get(item, "rows");
    const char *values = schema_text(item, "values", "all");
    struct rng seed = {schema_number(item, "seed", 0)};
    *gen = (struct generator){
        .guest = g,
        .at = item->at,
        .rows = arena_alloc(a, (g->nrows + 63) / 64 * sizeof(uint64_t)),
        .absent = arena_alloc(a, (g->nrows + 63) / 64 * sizeof(uint64_t)),
        .full = !strcmp(schema_text(item, "until", "count"), "full"),
        .seed = rng_next(&seed) ^ run_seed,
        .values = generator_values(values),
    };
    if (rows->kind == YNODE_LIST && (!rows->count || rows->count > GEN_MAX_PATTERNS)) {
        diag_error(d, rows->at, 1, "'rows' has %u entries; expected 1 to %d", rows->count, GEN_MAX_PATTERNS);
        return false;
    }
    bool good = true;
    gen->count = schema_number(item, "count", gen->full ? GEN_FULL : GEN_COUNT);
    gen->sequence = !strcmp(schema_text(item, "kind", "instruction"), "sequence");
    gen->shortest = (unsigned)schema_number(item, "shortest", GEN_SHORTEST);
    gen->longest = (unsigned)schema_number(item, "longest", GEN_LONGEST);
    gen->loops = (unsigned)schema_number(item, "loops", GEN_LOOPS);
    if (gen->shortest > gen->longest) {
        diag_error(d, item->at, 1, "'shortest' is %u, and 'longest' %u", gen->shortest, gen->longest);
        return false;
    }
    for (const struct ynode *r = schema_first(rows); r; r = schema_next(rows, r)) good &= add_rows(gen, r, d);
    if (good) find_absent(gen, rows);
    return good;
}
