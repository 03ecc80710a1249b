/* All cases of the given files, in order, one at a time: nothing stays in memory but the case at hand, the
 * list item it came from, and a hash for each id of the file at hand.
 *
 * Files are frames on a stack (an `include:` pushes one). A frame walks its top-level keys; a list becomes a
 * phase, and advance() gives the next selected case of the phase or goes on to the next key.
 */
#include "harness/stream.h"

#include "harness/case.h"
#include "harness/generate.h"
#include "harness/matrix.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_INCLUDES = 16 };

enum phase { PHASE_KEYS, PHASE_CASES, PHASE_MATRIX, PHASE_GENERATE, PHASE_INCLUDE };

struct frame {
    struct yaml_stream *yaml;         /* the file */
    char *path;                       /* as messages show it */
    long entry;                       /* in stream->paths, -1 for text in memory */
    bool versioned;                   /* `lockstep:` was met */
    const struct guest *guest;        /* once `isa:` was met */
    char *prefix;                     /* of its ids, likewise: "riscv64/m/" */
    enum phase phase;                 /* what the last key's value is */
    struct arena item;                /* the list item at hand */
    struct arena combination;         /* MATRIX: the template with the values of one combination */
    struct id_set ids;                /* of hand-written cases so far */
    bool in_item;                     /* MATRIX, GENERATE: an item is open */
    struct matrix matrix;             /* MATRIX: the open item; its `now` is the next combination */
    struct generator gen;             /* GENERATE: the open item */
    uint32_t *numbers;                /* GENERATE: cases of each row so far in this file */
    unsigned row;                     /* GENERATE: the row at hand */
    bool in_row;                      /* GENERATE: plan, number, end and prefix are of that row */
    struct gen_plan plan;             /* GENERATE: what its cases vary */
    uint64_t number, end;             /* GENERATE: next case of the row, and the one after its last */
    struct buf row_prefix;            /* GENERATE: "riscv64/gen/rv.add/" */
    uint64_t row_hash;                /* GENERATE: of row_prefix */
    enum select selected;             /* GENERATE: what the filter says of row_prefix */
    const struct ynode *include;      /* INCLUDE: the next one, in `item` */
    const struct ynode *include_list; /* INCLUDE: all of them */
};

struct case_stream {
    struct case_filter filter;          /* what the run takes */
    struct diag *diag;                  /* where errors go */
    struct paths paths;                 /* files read, being read, to read */
    size_t next_path;                   /* the next of them */
    struct frame *frames[MAX_INCLUDES]; /* files being read, the last one first */
    unsigned depth;                     /* how many */
    bool failed;                        /* an error was reported: only look for more of them in this file */
    bool over;                          /* the end was given, or the error */
    unsigned absent;                    /* rows left out */
    struct arena arena;                 /* the hand-written case at hand */
    struct test_case c;                 /* likewise */
    struct gen_out out;                 /* the generated case at hand */
};

/* What advance() is to do with the next selected case. */
struct wish {
    bool build;                /* make it; else pass over it */
    uint64_t skip;             /* passing: how many at most at once */
    uint64_t passed;           /* passing: how many that were */
    const struct test_case *c; /* building: the case */
};

/* ---- frames ---- */

static void frame_close(struct frame *f)
{
    yaml_close(f->yaml);
    arena_free(&f->item);
    arena_free(&f->combination);
    id_set_clear(&f->ids);
    buf_free(&f->row_prefix);
    free(f->numbers);
    free(f->prefix);
    free(f->path);
    free(f);
}

static void push(struct case_stream *s, struct yaml_stream *yaml, const char *path, long entry)
{
    struct frame *f = xcalloc(1, sizeof(*f));
    f->yaml = yaml;
    f->path = xstrdup(path);
    f->entry = entry;
    s->frames[s->depth++] = f;
}

/* Text before the last dot of the last part of a path. */
static void stem_of(const char *path, const char **stem, size_t *len)
{
    const char *slash = strrchr(path, '/');
    *stem = slash ? slash + 1 : path;
    const char *dot = strrchr(*stem, '.');
    *len = dot && dot > *stem ? (size_t)(dot - *stem) : strlen(*stem);
}

/* Two files whose cases would have the same ids. */
static bool check_prefix(struct case_stream *s, struct frame *f, struct pos at)
{
    if (f->entry < 0) return true;
    uint64_t hash = hash_str(f->prefix, 0);
    for (size_t i = 0; i < s->paths.n; i++) {
        if (s->paths.at[i].ids != hash) continue;
        diag_error(s->diag, at, 1, "the ids of these cases begin with '%s', and so do those of %s", f->prefix,
                   s->paths.at[i].path);
        return false;
    }
    s->paths.at[f->entry].ids = hash;
    return true;
}

/* ---- top-level keys ---- */

static bool key_version(struct case_stream *s, const struct ynode *v, struct frame *f)
{
    f->versioned = v->kind == YNODE_SCALAR && !strcmp(v->text, "1") && !v->quoted;
    if (f->versioned) return true;
    if (v->kind == YNODE_SCALAR && v->len)
        diag_error(s->diag, v->at, v->len, "format %.40s; this lockstep reads format 1", v->text);
    else
        diag_error(s->diag, v->at, 1, "'lockstep' is the format's version: 1");
    return false;
}

static bool key_isa(struct case_stream *s, const struct ynode *v, struct frame *f)
{
    const char *stem;
    size_t len;
    if (!schema_check(schema_key_find(&schema_corpus, "isa")->type, v, s->diag)) return false;
    f->guest = guest_find(v->text);
    stem_of(f->path, &stem, &len);
    struct buf b = {0};
    buf_printf(&b, "%s/%.*s/", f->guest->name, (int)len, stem);
    f->prefix = b.p;
    return check_prefix(s, f, v->at);
}

static bool check_order(struct case_stream *s, const struct frame *f, const char *key, struct pos at)
{
    if (!f->versioned) {
        diag_error(s->diag, at, strlen(key), "the first key of a corpus file is 'lockstep: 1', not '%s'",
                   key);
        return false;
    }
    if (!schema_key_find(&schema_corpus, key)) {
        schema_key_unknown(&schema_corpus, key, at, s->diag);
        return false;
    }
    if (f->guest || !strcmp(key, "isa") || !strcmp(key, "include")) return true;
    diag_error(s->diag, at, strlen(key), "'isa' must come before '%s'", key);
    return false;
}

static bool key_include(struct case_stream *s, struct frame *f)
{
    arena_reset(&f->item);
    struct ynode *v = yaml_value(f->yaml, &f->item);
    if (!v || !schema_check(schema_key_find(&schema_corpus, "include")->type, v, s->diag)) return false;
    if (f->entry < 0) {
        diag_error(s->diag, v->at, 1, "only a file can include others");
        return false;
    }
    f->phase = PHASE_INCLUDE;
    f->include_list = v;
    f->include = schema_first(v);
    return true;
}

/* 1: a phase begins or the next key is due, 0: end of the file, -1: error. A plan that a folder holds beside
 * its corpora is no corpus and passed over. */
static int next_key(struct case_stream *s, struct frame *f)
{
    static const struct {
        const char *key;  /* top-level key */
        enum phase phase; /* of its list */
    } lists[] = {{"cases", PHASE_CASES}, {"matrix", PHASE_MATRIX}, {"generate", PHASE_GENERATE}};
    const char *key;
    struct pos at;
    int got = yaml_next_key(f->yaml, &key, &at);
    if (got == 0 && !f->versioned) {
        diag_error(s->diag, (struct pos){f->path, 1, 1}, 1,
                   "the first key of a corpus file is 'lockstep: 1'");
        return -1;
    }
    if (got <= 0) return got;
    if (!strcmp(key, "plan") && !f->versioned && f->entry >= 0 && s->paths.at[f->entry].found) return 0;
    if (!strcmp(key, "lockstep")) {
        struct ynode *v = yaml_value(f->yaml, &f->item);
        return v && key_version(s, v, f) ? 1 : -1;
    }
    if (!check_order(s, f, key, at)) return -1;
    if (!strcmp(key, "include")) return key_include(s, f) ? 1 : -1;
    if (!strcmp(key, "isa")) {
        struct ynode *v = yaml_value(f->yaml, &f->item);
        return v && key_isa(s, v, f) ? 1 : -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (!strcmp(key, lists[i].key)) f->phase = lists[i].phase;
    f->in_item = false;
    return yaml_enter_list(f->yaml) ? -1 : 1;
}

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
    if (!schema_check(schema_key_find(&schema_corpus, keys[f->phase])->type->item, *item, s->diag)) {
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
    uint64_t hash = hash_str(full, 0);
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
        w->passed++;
        return true;
    }
    struct case_builder b = {f->guest, s->diag, &s->arena, f->prefix};
    arena_reset(&s->arena);
    if (!case_build(&b, n, &s->c)) {
        s->failed = true;
        return false;
    }
    w->c = &s->c;
    return !s->failed;
}

/* 1: done, 0: the phase is over, -1: error. */
static int advance_cases(struct case_stream *s, struct frame *f, struct wish *w)
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
    struct ynode *id = matrix_expand(&f->matrix, ynode_get(t, "id"), &f->combination, s->diag);
    if (id && !schema_check(schema_key_find(&schema_case, "id")->type, id, s->diag)) id = NULL;
    if (!id || !take_id(s, f, id)) {
        s->failed |= !id;
        return NULL;
    }
    if (!w->build && !s->failed) return t;
    struct ynode *n = matrix_expand(&f->matrix, t, &f->combination, s->diag);
    if (n && schema_check(&schema_case, n, s->diag)) return n;
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

static int advance_matrix(struct case_stream *s, struct frame *f, struct wish *w)
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

/* The plan of the row at hand, and which of its numbers are due. */
static bool open_row(struct case_stream *s, struct frame *f)
{
    const struct guest_row *row = &f->guest->rows[f->row];
    if (!f->numbers) f->numbers = xcalloc(f->guest->nrows, sizeof(*f->numbers));
    buf_reset(&f->row_prefix);
    buf_printf(&f->row_prefix, "%s%s/", f->prefix, row->id);
    f->row_hash = hash_str(f->row_prefix.p, 0);
    f->selected = select_prefix(&s->filter, f->row_prefix.p);
    if (!gen_plan_init(&f->plan, &f->gen, f->row)) {
        diag_error(s->diag, f->gen.at, 1, "no encoding was found for row %s (%s:%d)", row->id, row->file,
                   row->line);
        return false;
    }
    uint64_t count = f->plan.constant && f->gen.count > GEN_SAME_CASES ? GEN_SAME_CASES : f->gen.count;
    f->number = f->numbers[f->row];
    f->end = f->number + count;
    f->numbers[f->row] = (uint32_t)f->end;
    f->in_row = true;
    return true;
}

/* Number f->number on is looked at until one is wanted, patterns and shard both. False: there is none. */
static bool find_number(struct case_stream *s, struct frame *f)
{
    if (f->selected == SELECT_NONE) return false;
    f->number = select_nth(&s->filter, f->row_hash, f->number, 0);
    size_t len = f->row_prefix.len;
    while (f->selected == SELECT_SOME && f->number < f->end) {
        buf_printf(&f->row_prefix, "%lu", (unsigned long)f->number);
        bool match = select_glob(&s->filter, f->row_prefix.p);
        f->row_prefix.len = len;
        f->row_prefix.p[len] = 0;
        if (match) break;
        f->number = select_nth(&s->filter, f->row_hash, f->number + 1, 0);
    }
    return f->number < f->end;
}

/* Passes over as many of the row's cases as are wished and there. */
static void pass_row(struct case_stream *s, struct frame *f, struct wish *w)
{
    uint64_t here = f->selected == SELECT_ALL ? select_count(&s->filter, f->row_hash, f->number, f->end) : 1;
    if (here > w->skip) here = w->skip;
    w->passed += here;
    f->number = select_nth(&s->filter, f->row_hash, f->number, here - 1) + 1;
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
    gen_case(&f->plan, f->number++, f->prefix, &s->out);
    w->c = &s->out.c;
    return true;
}

static int advance_generate(struct case_stream *s, struct frame *f, struct wish *w)
{
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
        if (f->in_item) s->absent += f->gen.absent;
        if (s->failed) f->in_item = false;
    }
}

/* ---- includes ---- */

static bool on_stack(const struct case_stream *s, long entry)
{
    for (unsigned i = 0; i < s->depth; i++)
        if (s->frames[i]->entry == entry) return true;
    return false;
}

static bool include(struct case_stream *s, const struct frame *f, const struct ynode *n)
{
    const char *slash = strrchr(f->path, '/');
    struct buf path = {0};
    if (n->text[0] != '/' && slash) buf_add(&path, f->path, (size_t)(slash - f->path) + 1);
    buf_str(&path, n->text);
    long entry = paths_file(&s->paths, path.p, n->at, s->diag);
    bool good = entry >= 0;
    if (good && on_stack(s, entry)) {
        diag_error(s->diag, n->at, n->len, "'%s' includes itself", n->text);
        for (unsigned i = s->depth; i-- > 1;)
            diag_note(s->diag, (struct pos){s->frames[i]->path, 1, 1}, 1, "which is included by %s",
                      s->frames[i - 1]->path);
        good = false;
    } else if (good && !s->paths.at[entry].started) {
        struct yaml_stream *yaml = NULL;
        if (s->depth == MAX_INCLUDES)
            diag_error(s->diag, n->at, n->len, "files include each other more than %d deep", MAX_INCLUDES);
        else
            yaml = yaml_open(path.p, s->diag);
        good = yaml != NULL;
        if (good) {
            s->paths.at[entry].started = true;
            push(s, yaml, path.p, entry);
        }
    }
    buf_free(&path);
    return good;
}

static int advance_include(struct case_stream *s, struct frame *f)
{
    const struct ynode *n = f->include;
    if (!n) {
        f->phase = PHASE_KEYS;
        return 0;
    }
    f->include = schema_next(f->include_list, n);
    if (!s->failed && !include(s, f, n)) s->failed = true;
    return 0;
}

/* ---- the whole ---- */

/* Opens the next file that was not read yet. False: there is none, or it cannot be read. */
static bool next_file(struct case_stream *s)
{
    while (s->next_path < s->paths.n && s->paths.at[s->next_path].started) s->next_path++;
    if (s->failed || s->next_path == s->paths.n) return false;
    struct path_entry *e = &s->paths.at[s->next_path];
    e->started = true;
    struct yaml_stream *yaml = yaml_open(e->path, s->diag);
    s->failed = !yaml;
    if (yaml) push(s, yaml, e->path, (long)s->next_path);
    return yaml != NULL;
}

/* One step of the file on top. 1: done, 0: go on, -1: error. */
static int step(struct case_stream *s, struct wish *w)
{
    struct frame *f = s->frames[s->depth - 1];
    switch (f->phase) {
    case PHASE_KEYS: {
        int got = next_key(s, f);
        if (got == 0) frame_close(s->frames[--s->depth]);
        return got < 0 ? -1 : 0;
    }
    case PHASE_CASES: return advance_cases(s, f, w);
    case PHASE_MATRIX: return advance_matrix(s, f, w);
    case PHASE_GENERATE: return advance_generate(s, f, w);
    case PHASE_INCLUDE: return advance_include(s, f);
    }
    BUG("phase %d", (int)f->phase);
}

/* The next selected case, made or passed over as wished: 1, 0 at the end, -1 after errors. */
static int advance(struct case_stream *s, struct wish *w)
{
    while (!s->over) {
        if (s->depth == 0 && !next_file(s)) break;
        int got = step(s, w);
        if (got > 0) return 1;
        if (got < 0) {
            s->failed = true;
            break;
        }
    }
    s->over = true;
    return s->failed ? -1 : 0;
}

int case_stream_next(struct case_stream *s, const struct test_case **c)
{
    struct wish w = {.build = true};
    int got = advance(s, &w);
    if (got > 0) *c = w.c;
    return got;
}

uint64_t case_stream_skip(struct case_stream *s, uint64_t n)
{
    struct wish w = {0};
    while (w.passed < n) {
        w.skip = n - w.passed;
        if (advance(s, &w) <= 0) break;
    }
    return w.passed;
}

unsigned case_stream_absent(const struct case_stream *s)
{
    return s->absent;
}

struct case_stream *case_stream_open(const char *const *paths, unsigned npaths, const struct case_filter *f,
                                     struct diag *d)
{
    struct case_stream *s = xcalloc(1, sizeof(*s));
    bool good = true;
    s->filter = *f;
    s->diag = d;
    for (unsigned i = 0; i < npaths; i++) good &= paths_add(&s->paths, paths[i], d);
    if (good) return s;
    case_stream_close(s);
    return NULL;
}

struct case_stream *case_stream_open_text(const char *name, const char *text, size_t len,
                                          const struct case_filter *f, struct diag *d)
{
    struct yaml_stream *yaml = yaml_open_text(name, text, len, d);
    if (!yaml) return NULL;
    struct case_stream *s = xcalloc(1, sizeof(*s));
    s->filter = *f;
    s->diag = d;
    push(s, yaml, name, -1);
    return s;
}

void case_stream_close(struct case_stream *s)
{
    if (!s) return;
    while (s->depth) frame_close(s->frames[--s->depth]);
    paths_free(&s->paths);
    arena_free(&s->arena);
    free(s);
}
