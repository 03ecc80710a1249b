/* coverage/thresholds.yaml: how much has to be covered; coverage/unreachable.yaml: bins that cannot be hit,
 * and why. */
#include "harness/cover/view.h"

#include "harness/corpus/glob.h"

#include <string.h>

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema texts = {
    .what = "text or a list of it", .accepts = SCHEMA_TEXT | SCHEMA_LIST, .item = &text};
static const struct schema percent = {.what = "a percentage", .accepts = SCHEMA_NUMBER, .max = 100};
static const struct schema isa = {.what = "an ISA", .accepts = SCHEMA_TEXT, .isa = true};

/* ---- thresholds ---- */

static const struct schema folders = {
    .what = "a map of folders to percentages", .accepts = SCHEMA_MAP, .rest = &percent};
static const struct schema_key bin_keys[] = {
    {"executed", &percent, false, "Of the bins of all rows, on each backend."},
    {"checked", &percent, false,
     "Of the bins of all rows: executed, and held against an oracle or the manual."},
};
static const struct schema bins = {
    .what = "percentages of bins", .accepts = SCHEMA_MAP, .keys = bin_keys, .nkeys = ARRAY_LEN(bin_keys)};
static const struct schema_key threshold_keys[] = {
    {"coverage", &schema_version, true, "Version of this format: 1."},
    {"code", &folders, false, "Lines of C that must be executed, in percent, by folder."},
    {"bins", &bins, false, "Bins of instruction rows, in percent. Rows have no limit: all of them."},
};
static const struct schema schema_thresholds = {
    .what = "thresholds", .accepts = SCHEMA_MAP, .keys = threshold_keys, .nkeys = ARRAY_LEN(threshold_keys)};

void cover_write_thresholds_json(FILE *out)
{
    schema_write(&schema_thresholds, "lockstep coverage thresholds", out);
}

bool cover_read_thresholds(struct cover *c, const char *path, struct diag *d)
{
    struct arena a = {0};
    const struct ynode *root = yaml_load(path, &a, d);
    bool good = root && schema_check(&schema_thresholds, root, d);
    const struct ynode *code = good ? ynode_get(root, "code") : NULL,
                       *of_bins = good ? ynode_get(root, "bins") : NULL;
    for (const struct ynode *n = code ? code->child : NULL; n && good; n = n->next) {
        struct cover_folder *f = code_folder(c, n->key, strlen(n->key));
        if (f)
            f->least = (unsigned)schema_number(code, n->key, 0);
        else
            diag_error(d, n->key_at, 1, "too many folders");
        good = f;
    }
    if (of_bins) {
        c->bins_executed = (unsigned)schema_number(of_bins, "executed", 0);
        c->bins_checked = (unsigned)schema_number(of_bins, "checked", 0);
    }
    arena_free(&a);
    return good;
}

/* ---- what cannot be hit ---- */

static const struct schema_key item_keys[] = {
    {"subject", &text, false, "Whose rows these are, where it is no ISA: smmuv3."},
    {"rows", &texts, true, "Ids of rows, patterns of them, 'ext:' and patterns of extensions."},
    {"bins", &texts, true, "Names of bins, or patterns of them; each matches something."},
    {"why", &text, true, "Why no case can hit them, with the manual's section."},
};
static const struct schema item = {
    .what = "what cannot be hit", .accepts = SCHEMA_MAP, .keys = item_keys, .nkeys = ARRAY_LEN(item_keys)};
static const struct schema items = {.what = "a list", .accepts = SCHEMA_LIST, .item = &item};
static const struct schema_key unreachable_keys[] = {
    {"coverage", &schema_version, true, "Version of this format: 1."},
    {"isa", &isa, true, "Whose rows these are, where an item does not name another subject."},
    {"unreachable", &items, true, "Bins that cannot be hit. One that is hit is an error."},
};
static const struct schema schema_unreachable = {.what = "what cannot be hit",
                                                 .accepts = SCHEMA_MAP,
                                                 .keys = unreachable_keys,
                                                 .nkeys = ARRAY_LEN(unreachable_keys)};

void cover_write_unreachable_json(FILE *out)
{
    schema_write(&schema_unreachable, "lockstep bins that cannot be hit", out);
}

/* Marks the bins of a row that the pattern names; how many. */
static unsigned mark_row(struct cover *c, unsigned subject, unsigned row, const char *pattern)
{
    const struct ledger_subject *g = &c->ledger->subjects[subject];
    struct buf name = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < g->nbins[row]; i++) {
        unsigned cell = g->first[row] + i;
        buf_reset(&name);
        ledger_bin_name(g, row, i, &name);
        if (!glob_match(pattern, buf_cstr(&name))) continue;
        c->never[subject][cell / 64] |= 1ull << (cell % 64);
        n++;
    }
    buf_free(&name);
    return n;
}

static void unknown_row(const struct subject *s, const struct ynode *n, struct diag *d)
{
    struct buf said = {0};
    subject_no_row(s, n->text, &said);
    diag_error(d, n->at, n->len, "%s", buf_cstr(&said));
    buf_free(&said);
}

static bool mark_item(struct cover *c, unsigned subject, const struct ynode *n, struct arena *a,
                      struct diag *d)
{
    const struct ledger_subject *g = &c->ledger->subjects[subject];
    const struct ynode *rows = ynode_get(n, "rows"), *names = ynode_get(n, "bins");
    uint64_t *which = arena_alloc(a, (ledger_rows(g) + 63) / 64 * sizeof(*which));
    for (const struct ynode *r = schema_first(rows); r; r = schema_next(rows, r)) {
        if (ledger_select(g, r->text, false, which)) continue;
        unknown_row(g->subject, r, d);
        return false;
    }
    for (const struct ynode *b = schema_first(names); b; b = schema_next(names, b)) {
        unsigned hits = 0;
        for (unsigned r = 0; r < ledger_rows(g); r++)
            if (which[r / 64] >> (r % 64) & 1) hits += mark_row(c, subject, r, b->text);
        if (hits) continue;
        diag_error(d, b->at, b->len, "none of these rows has a bin '%.80s'", b->text);
        return false;
    }
    return true;
}

/* The subject that an item names, else the file's ISA; -1: reported. */
static int find_subject(const struct ledger *l, const struct ynode *named, const struct ynode *usual,
                        struct diag *d)
{
    const struct ynode *n = named ? named : usual;
    for (unsigned i = 0; i < l->nsubjects; i++)
        if (!strcmp(l->subjects[i].subject->name, n->text)) return (int)i;
    diag_error(d, n->at, n->len, "there is no subject '%.40s'", n->text);
    return -1;
}

bool cover_read_unreachable(struct cover *c, const char *path, struct arena *a, struct diag *d)
{
    const struct ynode *root = yaml_load(path, a, d);
    if (!root || !schema_check(&schema_unreachable, root, d)) return false;
    const struct ynode *list = ynode_get(root, "unreachable");
    for (const struct ynode *n = list->child; n; n = n->next) {
        int subject = find_subject(c->ledger, ynode_get(n, "subject"), ynode_get(root, "isa"), d);
        if (subject < 0) return false;
        const struct ledger_subject *g = &c->ledger->subjects[subject];
        if (!c->never[subject]) c->never[subject] = arena_alloc(a, (g->ncells + 63) / 64 * sizeof(uint64_t));
        if (!mark_item(c, (unsigned)subject, n, a, d)) return false;
    }
    return true;
}
