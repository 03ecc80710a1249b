/* Reading corpora/quirks/: rows checked against the schema, the guest's tables and the backends there are. */
#include "harness/judge/quirk.h"

#include "harness/generate/generate.h"
#include "harness/kinds/kind.h"
#include "harness/corpus/schema.h"
#include "harness/corpus/stream.h"

#include <stdlib.h>
#include <string.h>

/* A file being read. */
struct loading {
    struct quirks *q;                 /* what it adds to */
    struct diag *d;                   /* where errors go */
    const struct guest *guest;        /* once `isa:` was met */
    const struct case_kind *kind;     /* once `kind:` was met, of another kind than instructions; else NULL */
    const struct subject *subject;    /* then once it is known: what it is about */
    struct subject all[SUBJECTS_MAX]; /* nsubjects of them */
    unsigned nsubjects;               /* how many; 0: not needed so far */
    bool versioned;                   /* `lockstep:` was met */
};

static bool unknown_backend(struct loading *l, const struct ynode *n)
{
    struct suggest near = suggest_start(n->text, n->len);
    for (unsigned i = 0; backend_all[i]; i++)
        suggest_offer(&near, backend_all[i]->name, strlen(backend_all[i]->name));
    diag_error(l->d, n->at, n->len, "no backend '%.40s'%s%.*s%s", n->text,
               near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
               near.best ? "'?" : "");
    return false;
}

static bool find_backend(struct loading *l, const struct ynode *n, struct quirk *q)
{
    q->backend = backend_find(n->text);
    if (q->backend && kind_of_backend(q->backend) != (l->kind ? l->kind : &kind_instruction)) {
        diag_error(l->d, n->at, n->len, "'%s' does not run these cases", n->text);
        return false;
    }
    if (q->backend && (q->backend->oracle || q->until)) return true;
    if (q->backend) {
        diag_error(l->d, n->at, n->len,
                   "'%s' is no oracle: its errors are to be mended, and excused 'until' a day at most",
                   n->text);
        return false;
    }
    return unknown_backend(l, n);
}

static bool find_rows(struct loading *l, const struct ynode *rows, struct quirk *q)
{
    bool good = true;
    if (l->kind) return quirk_kind_rows(l->subject, rows, &l->q->arena, l->d, q);
    q->nrows = l->guest->nrows;
    q->rows = arena_alloc(&l->q->arena, (l->guest->nrows + 63) / 64 * sizeof(uint64_t));
    if (rows->kind == YNODE_LIST && (!rows->count || rows->count > GEN_MAX_PATTERNS)) {
        diag_error(l->d, rows->at, 1, "'rows' has %u entries; expected 1 to %d", rows->count,
                   GEN_MAX_PATTERNS);
        return false;
    }
    for (const struct ynode *r = schema_first(rows); r; r = schema_next(rows, r)) {
        bool illegal = !strcmp(r->text, "illegal");
        q->undecoded |= illegal;
        if (illegal || rows_select(l->guest, r->text, true, q->rows)) continue;
        rows_unknown(l->guest, r, l->d);
        good = false;
    }
    return good;
}

static bool find_masks(struct loading *l, const struct ynode *masks, struct quirk *q)
{
    bool good = true;
    if (l->kind) return quirk_kind_masks(masks, &l->q->arena, l->d, q);
    for (const struct ynode *m = schema_first(masks); m; m = schema_next(masks, m)) {
        struct value_error err = {0};
        if (q->nmasks == QUIRK_MAX_MASKS) {
            diag_error(l->d, m->at, m->len, "a quirk has at most %d masks", QUIRK_MAX_MASKS);
            return false;
        }
        if (quirk_parse_mask(l->guest, q->rows, m->text, &l->q->arena, &q->masks[q->nmasks], &err)) {
            q->nmasks++;
            continue;
        }
        diag_error(l->d, ynode_text_pos(m, err.offset), err.span, "%s", err.message);
        good = false;
    }
    return good;
}

/* Whether bits of instructions are enough to know it. */
static bool needs_bits_only(struct loading *l, const struct quirk *q)
{
    if (expr_needs_results(q->when)) return false;
    for (int i = q->undecoded ? -1 : 0; i < (int)l->guest->nrows; i++)
        if (quirk_about(q, i) && expr_needs_state(q->when, i < 0 ? NULL : &l->guest->rows[i])) return false;
    return true;
}

/* A condition that is the same in every case is a mistake: the row would match nothing, or everything. */
static bool can_hold(struct loading *l, const struct ynode *when, const struct quirk *q)
{
    bool never = true, always = true;
    for (int i = q->undecoded ? -1 : 0; i < (int)l->guest->nrows; i++) {
        if (!quirk_about(q, i)) continue;
        int can = expr_can_hold(q->when, i < 0 ? NULL : &l->guest->rows[i]);
        never &= can == 0;
        always &= can == 1;
    }
    if (never)
        diag_error(l->d, when->at, when->len, "this never holds in these rows: the quirk matches nothing");
    else if (always)
        diag_error(l->d, when->at, when->len, "this always holds in these rows: leave 'when' out");
    return !never && !always;
}

/* Everything of everybody, always: no verdict could be wrong any more. */
static bool is_narrow(struct loading *l, const struct ynode *n, const struct quirk *q)
{
    bool whole = q->unsupported;
    for (unsigned i = 0; l->kind && i < l->subject->nrows; i++)
        if (!l->subject->rows[i].absent && !quirk_about(q, (int)i)) return true;
    for (unsigned i = 0; l->guest && i < l->guest->nrows; i++)
        if (!l->guest->rows[i].absent && !quirk_about(q, (int)i)) return true;
    for (unsigned i = 0; i < q->nmasks; i++) whole |= quirk_mask_is_whole(&q->masks[i]);
    if (q->when || q->condition_of_kind || !whole) return true;
    diag_error(l->d, n->at, 1,
               "this quirk matches everything: every row, in every case; name rows, or a condition");
    return false;
}

static bool find_condition(struct loading *l, const struct ynode *when, struct quirk *q)
{
    struct value_error err = {0};
    if (!when) return true;
    if (l->kind) return quirk_kind_condition(when, &l->q->arena, l->d, q);
    q->when = expr_parse(l->guest, when->text, when->len, &l->q->arena, &err);
    bool good = q->when != NULL;
    for (int i = 0; good && i < (int)l->guest->nrows; i++)
        if (quirk_about(q, i)) good = expr_check(q->when, l->guest, &l->guest->rows[i], &err);
    if (good && q->undecoded) good = expr_check(q->when, l->guest, NULL, &err);
    if (good && q->unsupported && expr_needs_results(q->when)) {
        diag_error(l->d, when->at, when->len,
                   "what is unsupported has no results: no 'ours' or 'theirs' here");
        return false;
    }
    if (!good) diag_error(l->d, ynode_text_pos(when, err.offset), err.span, "%s", err.message);
    if (!good || !can_hold(l, when, q)) return false;
    q->anywhere = needs_bits_only(l, q);
    return true;
}

/* Asking for a version may start a process. Of a backend that takes no part, rows are of no use in any
 * version, but that one which has ended is said to. */
static bool may_ask(const struct quirks *all, const struct quirk *q)
{
    bool takes_part = !all->asked || q->expired;
    for (unsigned i = 0; !takes_part && all->asked[i]; i++) takes_part = all->asked[i] == q->backend;
    return takes_part;
}

static bool find_versions(struct loading *l, const struct ynode *n, struct quirk *q)
{
    q->current = !q->expired;
    if (!n) return true;
    q->versions = arena_strdup(&l->q->arena, n->text);
    const char *have = may_ask(l->q, q) && q->backend->version ? q->backend->version() : NULL;
    int match = quirk_version_matches(n->text, have ? have : "0");
    if (have && match <= 0) q->current = q->expired = false; /* it would say nothing anyway */
    if (match >= 0) return true;
    diag_error(l->d, n->at, n->len, "not versions: expected '<2.1.4', '>=2.0 <2.1' or '2.0'");
    return false;
}

static bool find_end(struct loading *l, const struct ynode *until, int32_t *day, const char **text,
                     bool *expired)
{
    if (!until) return true;
    *text = arena_strdup(&l->q->arena, until->text);
    if (!date_parse(until->text, day)) {
        diag_error(l->d, until->at, until->len, "expected a day as 2027-03-31");
        return false;
    }
    *expired = *day < l->q->today;
    return true;
}

static bool check_id(struct loading *l, const struct ynode *id)
{
    for (unsigned i = 0; i < quirks_count(l->q); i++) {
        if (strcmp(quirk_id(l->q, i), id->text) != 0) continue;
        diag_error(l->d, id->at, id->len, "a second quirk with the id '%s'", id->text);
        return false;
    }
    return true;
}

static bool load_quirk(struct loading *l, const struct ynode *n)
{
    const struct ynode *masks = ynode_get(n, "mask"), *unsupported = ynode_get(n, "unsupported");
    const struct ynode *when = ynode_get(n, "when");
    const char *shown_by = schema_text(n, "case", NULL);
    struct arena *a = &l->q->arena;
    struct quirk q = {
        .id = arena_strdup(a, schema_text(n, "id", "")),
        .guest = l->guest,
        .kind = l->kind,
        .subject = l->kind ? l->subject->number : 0,
        .why = arena_strdup(a, schema_text(n, "why", "")),
        .shown_by = shown_by ? arena_strdup(a, shown_by) : NULL,
        .unsupported = unsupported && !strcmp(unsupported->text, "true"),
        .condition = when ? arena_strdup(a, when->text) : NULL,
        .evidence = arena_strdup(a, schema_text(n, "evidence", "")),
    };
    if (q.unsupported == (masks != NULL)) {
        diag_error(l->d, n->at, 1, "a quirk has either 'mask' or 'unsupported: true'");
        return false;
    }
    bool good = check_id(l, ynode_get(n, "id"));
    good &= find_end(l, ynode_get(n, "until"), &q.until, &q.until_text, &q.expired);
    good &= find_backend(l, ynode_get(n, "backend"), &q);
    good &= find_rows(l, ynode_get(n, "rows"), &q);
    good = good && find_condition(l, when, &q) && find_versions(l, ynode_get(n, "versions"), &q) &&
           find_masks(l, masks, &q) && is_narrow(l, n, &q);
    if (!good) return false;
    if (l->q->n == l->q->cap) {
        l->q->cap = l->q->cap ? l->q->cap * 2 : 32;
        l->q->at = xrealloc(l->q->at, l->q->cap * sizeof(*l->q->at));
    }
    l->q->waives |= !q.backend->oracle;
    l->q->at[l->q->n++] = q;
    return true;
}

/* A pattern of some cases of this ISA, not of all. */
static bool check_cases(struct loading *l, const struct ynode *cases)
{
    const char *name = l->guest ? l->guest->name : l->subject->name;
    size_t n = strlen(name);
    if (strncmp(cases->text, name, n) || cases->text[n] != '/')
        diag_error(l->d, cases->at, cases->len, "this matches nothing: ids of cases begin with '%s/'", name);
    else if (!cases->text[n + 1 + strspn(cases->text + n + 1, "*?/")])
        diag_error(l->d, cases->at, cases->len, "this matches every case: name those that fail");
    else
        return true;
    return false;
}

static bool load_xfail(struct loading *l, const struct ynode *n)
{
    const struct ynode *who = ynode_get(n, "backend"), *cases = ynode_get(n, "case");
    struct arena *a = &l->q->arena;
    struct xfail x = {
        .id = arena_strdup(a, schema_text(n, "id", "")),
        .cases = arena_strdup(a, cases->text),
        .backend = backend_find(who->text),
        .why = arena_strdup(a, schema_text(n, "why", "")),
        .at = n->at,
    };
    bool good = check_id(l, ynode_get(n, "id"));
    good &= find_end(l, ynode_get(n, "until"), &x.until, &x.until_text, &x.expired);
    if (!x.backend) good = unknown_backend(l, who);
    good &= check_cases(l, cases);
    if (!good || !x.backend) return false;
    x.at.file = arena_strdup(a, n->at.file);
    x.seen = arena_printf(a, "%s: %s fails as expected: %s", x.id, x.backend->name, x.why);
    x.passes = arena_printf(a, "%s: %s passes, which was not expected", x.id, x.backend->name);
    struct quirks *q = l->q;
    if (q->nxfails == q->xcap) {
        q->xcap = q->xcap ? q->xcap * 2 : 8;
        q->xfails = xrealloc(q->xfails, q->xcap * sizeof(*q->xfails));
    }
    q->xfails[q->nxfails++] = x;
    return true;
}

/* The subject of the file's kind of this name; NULL: its first. */
static bool set_subject(struct loading *l, const struct ynode *name)
{
    if (!l->nsubjects) l->nsubjects = subjects_make(&l->q->arena, l->all);
    l->subject = NULL;
    for (unsigned i = 0; l->kind && i < l->nsubjects; i++) {
        const struct subject *s = &l->all[i];
        if (s->kind == l->kind && (name ? !strcmp(s->name, name->text) : !s->number)) l->subject = s;
    }
    if (l->subject) return true;
    if (!name) BUG("a kind without a subject");
    diag_error(l->d, name->at, name->len, "no cases of such a kind are about '%.40s'", name->text);
    return false;
}

static bool set_kind(struct loading *l, const struct ynode *v)
{
    l->kind = kind_find(v->text);
    if (l->kind == &kind_instruction) {
        l->kind = NULL;
        return true;
    }
    if (l->kind) return set_subject(l, NULL);
    diag_error(l->d, v->at, v->len, "no kind of case '%.40s'; 'lockstep list kinds' lists them", v->text);
    return false;
}

/* `load` takes each item. */
static bool load_list(struct loading *l, struct yaml_stream *y, const struct schema *type,
                      bool (*load)(struct loading *l, const struct ynode *n))
{
    struct arena item = {0};
    struct ynode *n;
    bool good = true;
    int got = yaml_enter_list(y);
    while (!got && (got = yaml_next_item(y, &item, &n)) > 0) {
        good &= schema_check(type, n, l->d) && load(l, n);
        arena_reset(&item);
        got = 0;
    }
    arena_free(&item);
    return good && got == 0;
}

static bool load_key(struct loading *l, struct yaml_stream *y, const char *key, struct pos at)
{
    const struct schema_key *k = schema_key_find(&schema_quirks, key);
    if (!k) {
        schema_key_unknown(&schema_quirks, key, at, l->d);
        return false;
    }
    if (k->type->accepts == SCHEMA_LIST) {
        if (l->versioned && (l->guest || l->subject))
            return load_list(l, y, k->type->item, !strcmp(key, "quirks") ? load_quirk : load_xfail);
        diag_error(l->d, at, strlen(key), "'lockstep' and 'isa' must come before '%s'", key);
        return false;
    }
    struct arena a = {0};
    struct ynode *v = yaml_value(y, &a);
    bool good = v && schema_check(k->type, v, l->d);
    if (good && !strcmp(key, "isa")) l->guest = guest_find(v->text);
    if (good && !strcmp(key, "kind")) good = set_kind(l, v);
    if (good && !strcmp(key, "subject")) good = set_subject(l, v);
    if (good && !strcmp(key, "lockstep")) l->versioned = true;
    arena_free(&a);
    return good;
}

static bool load_file(struct quirks *q, struct yaml_stream *y, struct diag *d)
{
    struct loading l = {.q = q, .d = d};
    const char *key;
    struct pos at;
    int got = 1;
    while (got > 0 && (got = yaml_next_key(y, &key, &at)) > 0)
        if (!load_key(&l, y, key, at)) got = -1;
    yaml_close(y);
    return got == 0;
}

struct quirks *quirks_load(const char *dir, int32_t today, const struct backend *const *asked, struct diag *d)
{
    struct quirks *q = xcalloc(1, sizeof(*q));
    q->today = today;
    q->asked = asked;
    struct paths paths = {0};
    bool good = paths_add(&paths, dir, d);
    for (size_t i = 0; good && i < paths.n; i++) {
        struct yaml_stream *y = yaml_open(paths.at[i].path, d);
        good &= y && load_file(q, y, d);
    }
    paths_free(&paths);
    q->asked = NULL;
    if (good) return q;
    quirks_free(q);
    return NULL;
}

struct quirks *quirks_load_text(const char *name, const char *text, size_t len, int32_t today, struct diag *d)
{
    struct quirks *q = xcalloc(1, sizeof(*q));
    q->today = today;
    struct yaml_stream *y = yaml_open_text(name, text, len, d);
    if (y && load_file(q, y, d)) return q;
    quirks_free(q);
    return NULL;
}

void quirks_free(struct quirks *q)
{
    if (!q) return;
    arena_free(&q->arena);
    free(q->at);
    free(q->xfails);
    free(q);
}
