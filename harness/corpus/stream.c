/* All cases of the given files, in order, one at a time: nothing stays in memory but the case at hand, the
 * list item it came from, and a hash for each id of the file at hand.
 *
 * Files are frames on a stack (an `include:` pushes one). A frame walks its top-level keys; a list becomes a
 * phase, and advance() gives the next selected case of the phase (stream_lists.c) or goes on to the next key.
 */
#include "harness/corpus/stream.h"

#include "harness/packed/packed.h"

#include <stdlib.h>
#include <string.h>

/* ---- frames ---- */

static void frame_close(struct frame *f)
{
    yaml_close(f->yaml);
    packed_close(f->packed);
    arena_free(&f->item);
    arena_free(&f->combination);
    id_set_clear(&f->ids);
    buf_free(&f->row_prefix);
    free(f->numbers);
    gen_sequencer_close(f->sequencer);
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
    f->schema = &schema_corpus;
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
    const char *other = paths_claim(&s->paths, f->entry, f->prefix);
    s->paths.at[f->entry].ids = hash_str(f->prefix, 0);
    if (other)
        diag_error(s->diag, at, 1, "the ids of these cases begin with '%s', and so do those of %s", f->prefix,
                   other);
    return !other;
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

bool stream_prefix(struct case_stream *s, struct frame *f, const char *subject, struct pos at)
{
    const char *stem;
    size_t len;
    stem_of(f->path, &stem, &len);
    struct buf b = {0};
    buf_printf(&b, "%s/%.*s/", subject, (int)len, stem);
    free(f->prefix);
    f->prefix = b.p;
    return check_prefix(s, f, at);
}

static bool key_isa(struct case_stream *s, const struct ynode *v, struct frame *f)
{
    if (!schema_check(schema_key_find(f->schema, "isa")->type, v, s->diag)) return false;
    f->guest = guest_find(v->text);
    s->kinds |= 1; /* instructions */
    return stream_prefix(s, f, f->guest->name, v->at);
}

static bool check_order(struct case_stream *s, const struct frame *f, const char *key, struct pos at)
{
    if (!f->versioned) {
        diag_error(s->diag, at, strlen(key), "the first key of a corpus file is 'lockstep: 1', not '%s'",
                   key);
        return false;
    }
    if (!schema_key_find(f->schema, key)) {
        schema_key_unknown(f->schema, key, at, s->diag);
        return false;
    }
    bool known = f->guest || f->subject;
    if (!strcmp(key, "kind") && (known || f->kind)) {
        diag_error(s->diag, at, strlen(key), "'kind' must come right after 'lockstep'");
        return false;
    }
    if (known || !strcmp(key, "isa") || !strcmp(key, "include") || !strcmp(key, "kind")) return true;
    if (f->kind && !strcmp(key, "subject")) return true;
    diag_error(s->diag, at, strlen(key), "'%s' must come before '%s'", f->kind ? "subject" : "isa", key);
    return false;
}

static bool key_include(struct case_stream *s, struct frame *f)
{
    arena_reset(&f->item);
    struct ynode *v = yaml_value(f->yaml, &f->item);
    if (!v || !schema_check(schema_key_find(f->schema, "include")->type, v, s->diag)) return false;
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
    if (!strcmp(key, "packed") && !f->versioned) return stream_open_packed(s, f, at) ? 1 : -1;
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
    if (!strcmp(key, "kind") || !strcmp(key, "subject")) {
        struct ynode *v = yaml_value(f->yaml, &f->item);
        return v && (*key == 'k' ? stream_kind : stream_subject)(s, v, f) ? 1 : -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (!strcmp(key, lists[i].key)) f->phase = lists[i].phase;
    f->in_item = false;
    return yaml_enter_list(f->yaml) ? -1 : 1;
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
    struct yaml_stream *yaml = stream_is_records(s, e->path) ? NULL : yaml_open(e->path, s->diag);
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
    case PHASE_PACKED: {
        int got = stream_packed(s, f, w);
        if (got == 0) frame_close(s->frames[--s->depth]);
        return got;
    }
    case PHASE_CASES: return stream_cases(s, f, w);
    case PHASE_MATRIX: return stream_matrix(s, f, w);
    case PHASE_GENERATE: return stream_generate(s, f, w);
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

uint64_t case_stream_find(struct case_stream *s, struct case_wanted *wanted, size_t n)
{
    struct wish w = {.skip = UINT64_MAX, .find = wanted, .nfind = n};
    for (size_t i = 0; i < n; i++) wanted[i].number = ~0ull;
    while (advance(s, &w) > 0) continue;
    return w.passed;
}

unsigned case_stream_absent(const struct case_stream *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ARRAY_LEN(s->absent); i++)
        for (unsigned k = 0; s->absent[i] && k < (guest_all[i]->nrows + 63) / 64; k++)
            n += (unsigned)__builtin_popcountll(s->absent[i][k]);
    return n;
}

uint64_t case_stream_hash(const struct case_stream *s)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < s->paths.n; i++) {
        const struct path_entry *e = &s->paths.at[i];
        if (!e->started) continue;
        hash = hash_bytes(&e->ids, sizeof(e->ids), hash);
        if (!paths_hash_file(e->path, &hash)) return 0;
    }
    for (unsigned i = 0; guest_all[i]; i++)
        for (unsigned k = 0; k < guest_all[i]->nrows; k++) hash = hash_str(guest_all[i]->rows[k].id, hash);
    for (unsigned i = 0; i < s->nsubjects; i++)
        for (unsigned k = 0; !s->subjects[i].guest && k < s->subjects[i].nrows; k++)
            hash = hash_str(s->subjects[i].rows[k].id, hash);
    return hash;
}

uint64_t case_stream_kinds(const struct case_stream *s)
{
    return s->kinds;
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
    for (unsigned i = 0; i < ARRAY_LEN(s->absent); i++) free(s->absent[i]);
    paths_free(&s->paths);
    arena_free(&s->about);
    arena_free(&s->arena);
    free(s);
}
