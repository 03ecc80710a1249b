/* The lists of a corpus file: cases, templates and generators, each giving its next selected case. */
#include "harness/corpus/stream.h"

#include "harness/corpus/case.h"
#include "harness/generate/fill.h"
#include "harness/run/pick.h"

#include <stdlib.h>
#include <string.h>

/* The next item of a list, checked. 1: item, 0: the list is over, -1: error that ends the file. A breach of
 * the schema only sets *item to NULL. */
static int next_item(struct case_stream *s, struct frame *f, struct ynode **item)
{
    static const char *const keys[] = {
        [PHASE_CASES] = "cases", [PHASE_MATRIX] = "matrix", [PHASE_GENERATE] = "generate"};
    arena_reset(&f->item);
    int got = yaml_next_item(f->yaml, &f->item, item);
    if (got <= 0) {
        f->phase = PHASE_KEYS;
        return got;
    }
    if (!schema_check(schema_key_find(f->schema, keys[f->phase])->type->item, *item, s->diag)) {
        s->failed = true;
        *item = NULL;
    }
    return 1;
}

/* ---- hand-written cases ---- */

/* Whether the case with this id is wanted; an id met twice is an error. */
static bool take_id(struct case_stream *s, struct frame *f, const struct ynode *id)
{
    char full[600];
    snprintf(full, sizeof(full), "%s%s", f->prefix, id->text);
    uint64_t hash = s->hash = hash_str(full, 0);
    s->position++;
    if (!id_set_add(&f->ids, hash)) {
        diag_error(s->diag, id->at, id->len, "a second case with the id '%s'", id->text);
        s->failed = true;
        return false;
    }
    return s->failed || select_id(&s->filter, full, hash);
}

/* Does with a wanted case what is wished. True: advance() is done. */
static bool take_case(struct case_stream *s, struct frame *f, const struct ynode *n, struct wish *w)
{
    if (!w->build && !s->failed) {
        stream_pass(&s->filter, w, s->hash, 0, 1, 1);
        return true;
    }
    struct case_builder b = {f->guest, s->diag, &s->arena, f->prefix};
    arena_reset(&s->arena);
    if (!(f->kind ? stream_build_other(s, f, n) : case_build(&b, n, &s->c))) {
        s->failed = true;
        return false;
    }
    s->c.position = s->position - 1;
    w->c = &s->c;
    return !s->failed;
}

int stream_cases(struct case_stream *s, struct frame *f, struct wish *w)
{
    struct ynode *item;
    int got;
    while ((got = next_item(s, f, &item)) > 0)
        if (item && take_id(s, f, ynode_get(item, "id")) && take_case(s, f, item, w)) return 1;
    return got;
}

/* ---- templates ---- */

/* The combination at hand as a checked case, or NULL. */
static const struct ynode *combination(struct case_stream *s, struct frame *f, struct wish *w)
{
    const struct ynode *t = f->matrix.template;
    const struct schema *item = f->kind ? f->kind->item : &schema_case;
    struct ynode *id = matrix_expand(&f->matrix, ynode_get(t, "id"), &f->combination, s->diag);
    if (id && !schema_check(schema_key_find(item, "id")->type, id, s->diag)) id = NULL;
    if (!id || !take_id(s, f, id)) {
        s->failed |= !id;
        return NULL;
    }
    if (!w->build && !s->failed) return t;
    struct ynode *n = matrix_expand(&f->matrix, t, &f->combination, s->diag);
    if (n && schema_check(item, n, s->diag)) return n;
    s->failed = true;
    return NULL;
}

static void note_combination(struct case_stream *s, const struct frame *f)
{
    struct buf b = {0};
    matrix_describe(&f->matrix, &b);
    diag_note(s->diag, f->matrix.template->at, 1, "in the combination %s", buf_cstr(&b));
    buf_free(&b);
}

/* The next combination; after an error the rest of the template is not tried: it would say the same again. */
static bool advance_combination(struct case_stream *s, struct frame *f, struct wish *w)
{
    bool failed = s->failed, done = false;
    unsigned errors = s->diag->errors;
    arena_reset(&f->combination);
    const struct ynode *n = combination(s, f, w);
    if (n) done = take_case(s, f, n, w);
    if (s->diag->errors != errors) {
        note_combination(s, f);
        f->in_item = false;
    }
    if (f->matrix.now + 1 == f->matrix.total || (failed && n))
        f->in_item = false;
    else
        matrix_seek(&f->matrix, f->matrix.now + 1);
    return done;
}

int stream_matrix(struct case_stream *s, struct frame *f, struct wish *w)
{
    for (;;) {
        struct ynode *item;
        if (f->in_item) {
            if (advance_combination(s, f, w)) return 1;
            continue;
        }
        int got = next_item(s, f, &item);
        if (got <= 0) return got;
        if (!item) continue;
        f->in_item = matrix_open(&f->matrix, item, s->diag);
        s->failed |= !f->in_item;
    }
}

/* ---- generated cases ---- */

/* The numbers below a prefix that are due, `index` counting those of the file. */
static void open_numbers(struct case_stream *s, struct frame *f, const char *name, unsigned index,
                         uint64_t count)
{
    if (!f->numbers)
        f->numbers = xcalloc(f->kind ? KIND_GENERATORS : f->guest->nrows + 1, sizeof(*f->numbers));
    buf_reset(&f->row_prefix);
    buf_printf(&f->row_prefix, "%s%s/", f->prefix, name);
    f->row_hash = hash_str(f->row_prefix.p, 0);
    f->selected = select_prefix(&s->filter, f->row_prefix.p);
    f->number = f->numbers[index];
    f->end = f->number + count;
    f->numbers[index] = (uint32_t)f->end;
    f->offset = s->position - f->number;
    s->position += count;
    f->in_row = true;
}

/* The plan of the row at hand, and which of its numbers are due. */
static bool open_row(struct case_stream *s, struct frame *f)
{
    const struct guest_row *row = &f->guest->rows[f->row];
    if (!gen_plan_init(&f->plan, &f->gen, f->row)) {
        diag_error(s->diag, f->gen.at, 1, "no encoding was found for row %s (%s:%d)", row->id, row->file,
                   row->line);
        return false;
    }
    uint64_t count = f->plan.constant && f->gen.count > GEN_SAME_CASES ? GEN_SAME_CASES : f->gen.count;
    if (f->gen.full && !f->plan.constant)
        count = gen_fill_count(s->filter.fills, &f->plan, f->numbers ? f->numbers[f->row] : 0, count);
    open_numbers(s, f, row->id, f->row, count);
    return true;
}

/* Sequences stand behind the last row. */
static bool open_sequences(struct case_stream *s, struct frame *f)
{
    gen_sequencer_close(f->sequencer);
    f->sequencer = gen_sequencer_open(&f->gen);
    f->row = f->guest->nrows;
    if (f->sequencer) {
        uint64_t from = f->numbers ? f->numbers[f->row] : 0, count = f->gen.count;
        if (f->gen.full) count = gen_fill_sequences_count(s->filter.fills, &f->gen, from, count);
        open_numbers(s, f, "sequence", f->row, count);
        return true;
    }
    diag_error(s->diag, f->gen.at, 1, "none of these rows can stand in a sequence");
    return false;
}

/* The first number from `n` on that this shard has. A run record decides number by number. */
static uint64_t next_number(const struct case_stream *s, const struct frame *f, uint64_t n)
{
    if (!s->filter.pick) return select_nth(&s->filter, f->row_hash, n, 0);
    while (n < f->end && !pick_takes(s->filter.pick, &s->filter, f->row_hash + n)) n++;
    return n;
}

/* Number f->number on is looked at until one is wanted, patterns and shard both. False: there is none. */
static bool find_number(struct case_stream *s, struct frame *f)
{
    if (f->selected == SELECT_NONE) return false;
    f->number = next_number(s, f, f->number);
    size_t len = f->row_prefix.len;
    while (f->selected == SELECT_SOME && f->number < f->end) {
        buf_printf(&f->row_prefix, "%lu", (unsigned long)f->number);
        bool match = select_glob(&s->filter, f->row_prefix.p);
        f->row_prefix.len = len;
        f->row_prefix.p[len] = 0;
        if (match) break;
        f->number = next_number(s, f, f->number + 1);
    }
    return f->number < f->end;
}

/* Passes over as many of the row's cases as are wished and there. */
static void pass_row(struct case_stream *s, struct frame *f, struct wish *w)
{
    bool whole = f->selected == SELECT_ALL && !s->filter.pick;
    uint64_t here = whole ? select_count(&s->filter, f->row_hash, f->number, f->end) : 1;
    if (here > w->skip) here = w->skip;
    uint64_t next = whole ? select_nth(&s->filter, f->row_hash, f->number, here - 1) + 1 : f->number + 1;
    stream_pass(&s->filter, w, f->row_hash, f->number, next, here);
    f->number = next;
}

static bool advance_row(struct case_stream *s, struct frame *f, struct wish *w)
{
    if (!find_number(s, f)) {
        f->in_row = false;
        f->row++;
        return false;
    }
    if (!w->build) {
        pass_row(s, f, w);
        return true;
    }
    if (unlikely(f->kind)) {
        stream_make_other(s, f, f->number);
        s->c.position = f->offset + f->number++;
        w->c = &s->c;
        return true;
    }
    if (f->row == f->guest->nrows)
        gen_sequence(f->sequencer, f->number, f->prefix, &s->out);
    else
        gen_case(&f->plan, f->number, f->prefix, &s->out);
    s->out.c.position = f->offset + f->number++;
    w->c = &s->out.c;
    return true;
}

/* However many items name a row, it is left out once. */
static void note_absent(struct case_stream *s, const struct generator *gen)
{
    unsigned guest = 0, words = (gen->guest->nrows + 63) / 64;
    while (guest_all[guest] != gen->guest) guest++;
    BUG_ON(guest >= ARRAY_LEN(s->absent));
    if (!s->absent[guest]) s->absent[guest] = xcalloc(words, sizeof(uint64_t));
    for (unsigned i = 0; i < words; i++) s->absent[guest][i] |= gen->absent[i];
}

/* The same in a file of another kind of case. */
static int generate_other(struct case_stream *s, struct frame *f, struct wish *w)
{
    for (;;) {
        struct ynode *item;
        if (f->in_row) {
            if (advance_row(s, f, w)) return 1;
            continue;
        }
        int got = next_item(s, f, &item);
        if (got <= 0) return got;
        if (item && !stream_open_maker(s, f, item)) s->failed = true;
        if (item && !s->failed)
            open_numbers(s, f, f->kind->generators[f->maker.name], f->maker.name, f->maker.count);
    }
}

int stream_generate(struct case_stream *s, struct frame *f, struct wish *w)
{
    if (f->kind) return generate_other(s, f, w);
    for (;;) {
        struct ynode *item;
        if (f->in_row) {
            if (advance_row(s, f, w)) return 1;
            continue;
        }
        while (f->in_item && f->row < f->guest->nrows && !generator_wants(&f->gen, f->row)) f->row++;
        if (f->in_item && f->row < f->guest->nrows) {
            if (!open_row(s, f)) s->failed = true, f->row++;
            continue;
        }
        int got = next_item(s, f, &item);
        if (got <= 0) return got;
        f->row = 0;
        f->in_item = item && generator_open(&f->gen, f->guest, item, s->filter.seed, &f->item, s->diag);
        if (item && !f->in_item) s->failed = true;
        if (f->in_item) note_absent(s, &f->gen);
        if (f->in_item && f->gen.sequence && !open_sequences(s, f)) s->failed = true;
        if (s->failed) f->in_item = false;
    }
}
