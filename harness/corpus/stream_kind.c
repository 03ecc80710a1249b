/* Corpus files of other kinds than instructions: what they are about, and their cases. */
#include "harness/corpus/stream.h"

#include "harness/corpus/case.h"

#include <inttypes.h>
#include <string.h>

static bool unknown_kind(struct case_stream *s, const struct ynode *v)
{
    const char *names[KINDS_MAX];
    size_t n = 0;
    struct buf all = {0};
    for (; n < KINDS_MAX && kind_all[n]; n++) {
        names[n] = kind_all[n]->name;
        buf_printf(&all, "%s%s", n ? ", " : "", names[n]);
    }
    const char *near = base_suggest(v->text, names, n);
    if (near)
        diag_error(s->diag, v->at, v->len, "no kind of case '%.40s'; did you mean '%s'?", v->text, near);
    else
        diag_error(s->diag, v->at, v->len, "no kind of case '%.40s'; there are %s", v->text, buf_cstr(&all));
    buf_free(&all);
    return false;
}

/* The file is about subject `number` of its kind. */
static bool settle(struct case_stream *s, struct frame *f, unsigned number, struct pos at)
{
    if (!s->subjects) {
        s->subjects = arena_alloc(&s->about, SUBJECTS_MAX * sizeof(*s->subjects));
        s->nsubjects = subjects_make(&s->about, s->subjects);
    }
    for (unsigned i = 0; i < s->nsubjects; i++)
        if (s->subjects[i].kind == f->kind && s->subjects[i].number == number) f->subject = &s->subjects[i];
    return stream_prefix(s, f, f->subject->name, at);
}

bool stream_kind(struct case_stream *s, const struct ynode *v, struct frame *f)
{
    if (!schema_check(schema_key_find(f->schema, "kind")->type, v, s->diag)) return false;
    const struct case_kind *k = kind_find(v->text);
    if (!k) return unknown_kind(s, v);
    if (k == &kind_instruction) return true;
    f->kind = k;
    s->kinds |= 1ull << kind_number(k);
    kind_schema_make(k, &f->kind_schema);
    f->schema = &f->kind_schema.corpus;
    return k->subject_name(1) || settle(s, f, 0, v->at);
}

bool stream_subject(struct case_stream *s, const struct ynode *v, struct frame *f)
{
    const char *name;
    struct buf all = {0};
    if (!schema_check(schema_key_find(f->schema, "subject")->type, v, s->diag)) return false;
    for (unsigned i = 0; (name = f->kind->subject_name(i)); i++) {
        if (!strcmp(name, v->text)) return settle(s, f, i, v->at);
        buf_printf(&all, "%s%s", i ? ", " : "", name);
    }
    diag_error(s->diag, v->at, v->len, "cases of kind %s are not about '%.40s'; there are %s", f->kind->name,
               v->text, buf_cstr(&all));
    buf_free(&all);
    return false;
}

static void find_row(const struct frame *f, struct test_case *c)
{
    int row = f->kind->row(c);
    c->about = row < 0 ? NULL : &f->subject->rows[row];
}

bool stream_build_other(struct case_stream *s, const struct frame *f, const struct ynode *n)
{
    struct case_builder b = {NULL, s->diag, &s->arena, f->prefix};
    s->c = (struct test_case){
        .kind = f->kind,
        .subject = f->subject->number,
        .id = arena_printf(&s->arena, "%s%s", f->prefix, schema_text(n, "id", "")),
        .at = n->at,
        .why = arena_strdup(&s->arena, schema_text(n, "why", "")),
        .steps = 1,
    };
    if (!f->kind->build(&b, n, &s->c)) return false;
    find_row(f, &s->c);
    return true;
}

bool stream_open_maker(struct case_stream *s, struct frame *f, const struct ynode *item)
{
    struct rng seed = {schema_number(item, "seed", 0)};
    f->maker = (struct kind_generator){
        .count = schema_number(item, "count", GEN_COUNT),
        .seed = rng_next(&seed) ^ s->filter.seed,
        .at = item->at,
    };
    return f->kind->generator_open(item, &f->item, s->diag, &f->maker);
}

void stream_make_other(struct case_stream *s, const struct frame *f, uint64_t n)
{
    arena_reset(&s->arena);
    s->c = (struct test_case){
        .kind = f->kind,
        .subject = f->subject->number,
        .id = arena_printf(&s->arena, "%s%" PRIu64, f->row_prefix.p, n),
        .at = f->maker.at,
        .why = "",
        .steps = 1,
        .generated = true,
    };
    f->kind->make(&f->maker, n, &s->arena, &s->c);
    find_row(f, &s->c);
}
