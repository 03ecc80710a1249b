/* coverage/mutants.yaml: what may be planted where, and what has to catch it. */
#include "harness/mutants/mutants.h"

#include "harness/corpus/glob.h"
#include "harness/corpus/schema.h"

#include <errno.h>
#include <string.h>

static const char *const kinds[] = {"semantics", "pass",   "join",   "emitter", "memory", "atomics", "cache",
                                    "fault",     "budget", "interp", "decoder", "fp",     "flags",   NULL};

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema name = {.what = "a name", .accepts = SCHEMA_TEXT, .word = true};
static const struct schema kind = {.what = "a part of the machine", .accepts = SCHEMA_TEXT, .choices = kinds};
static const struct schema instructions = {
    .what = "a number of instructions", .accepts = SCHEMA_NUMBER, .min = 1, .max = 1000};

static const struct schema_key limit_keys[] = {
    {"largest", &instructions, true, "Instructions of the largest shrunk case, at most."},
    {"median", &instructions, true, "Median of the instructions of shrunk cases, at most."},
};
static const struct schema limits = {
    .what = "limits", .accepts = SCHEMA_MAP, .keys = limit_keys, .nkeys = ARRAY_LEN(limit_keys)};
static const struct schema_key run_keys[] = {
    {"plan", &text, true, "A plan, from the project's folder."},
    {"shard", &text, false, "The part of it, I/N; absent: all of it."},
    {"filter", &text, false, "Only cases whose id matches."},
};
static const struct schema run = {
    .what = "a run", .accepts = SCHEMA_MAP, .keys = run_keys, .nkeys = ARRAY_LEN(run_keys)};
static const struct schema runs = {.what = "a list of runs", .accepts = SCHEMA_LIST, .item = &run};
static const struct schema_key fault_keys[] = {
    {"id", &name, true, "Its name."},
    {"kind", &kind, true, "The part of the machine that it is in."},
    {"file", &text, true, "Where it is planted, from the project's folder."},
    {"text", &text, true, "What stands there, exactly once."},
    {"becomes", &text, true, "What stands there instead."},
    {"why", &text, true, "What somebody overlooked who would write that."},
};
static const struct schema fault = {
    .what = "a fault", .accepts = SCHEMA_MAP, .keys = fault_keys, .nkeys = ARRAY_LEN(fault_keys)};
static const struct schema faults = {.what = "a list of faults", .accepts = SCHEMA_LIST, .item = &fault};
static const struct schema_key table_keys[] = {
    {"mutants", &schema_version, true, "Version of this format: 1."},
    {"limits", &limits, true, "How small shrunk cases must be."},
    {"runs", &runs, true, "What has to catch the faults, cheapest first; each must be part of CI."},
    {"faults", &faults, true, "The faults; those of one file one after the other are built faster."},
};
static const struct schema schema_mutants = {.what = "a table of planted faults",
                                             .accepts = SCHEMA_MAP,
                                             .keys = table_keys,
                                             .nkeys = ARRAY_LEN(table_keys)};

void mutant_table_write_json(FILE *out)
{
    schema_write(&schema_mutants, "lockstep planted faults", out);
}

int mutant_count(const char *path, const char *what)
{
    struct buf b = {0};
    char chunk[16384];
    int n = 0;
    FILE *f = fopen(path, "re");
    if (!f) return -errno;
    for (size_t got; (got = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&b, chunk, got);
    if (ferror(f)) n = -EIO;
    fclose(f);
    for (const char *p = buf_cstr(&b); !n || n > 0; p++, n++)
        if (!(p = strstr(p, what))) break;
    buf_free(&b);
    return n;
}

/* The text must name one place, or nobody knows what was planted. */
static bool check_place(const struct ynode *row, const struct mutant *m, const char *root, struct diag *d)
{
    const struct ynode *at = ynode_get(row, "text"), *file = ynode_get(row, "file");
    struct buf path = {0};
    buf_printf(&path, "%s/%s", root, m->file);
    int n = mutant_count(buf_cstr(&path), m->text);
    buf_free(&path);
    if (n == 1 && strcmp(m->text, m->becomes) != 0) return true;
    if (n < 0)
        diag_error(d, file->at, file->len, "fault '%s': cannot read %s: %s", m->id, m->file, strerror(-n));
    else if (n != 1)
        diag_error(d, at->at, 1, "fault '%s': this text stands %d times in %s, not once", m->id, n, m->file);
    else
        diag_error(d, at->at, 1, "fault '%s' changes nothing", m->id);
    return false;
}

static bool is_new(const struct mutant_table *t, const struct mutant *m, struct diag *d)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (strcmp(t->mutants[i].id, m->id) != 0) continue;
        diag_error(d, m->at, 1, "there is a fault '%s' already", m->id);
        diag_note(d, t->mutants[i].at, 1, "here");
        return false;
    }
    return true;
}

static void read_head(struct mutant_table *t, const struct ynode *root)
{
    const struct ynode *list = ynode_get(root, "runs"), *sizes = ynode_get(root, "limits");
    t->largest = (unsigned)schema_number(sizes, "largest", 0);
    t->median = (unsigned)schema_number(sizes, "median", 0);
    t->runs = arena_alloc(&t->arena, (list->count + 1) * sizeof(*t->runs));
    for (const struct ynode *n = list->child; n; n = n->next)
        t->runs[t->nruns++] = (struct mutant_run){schema_text(n, "plan", NULL), schema_text(n, "shard", NULL),
                                                  schema_text(n, "filter", NULL)};
}

/* One of the patterns, which spaces part. */
static bool is_wanted(const char *globs, const char *id)
{
    char word[SCHEMA_MAX_WORD * 2];
    for (const char *at = globs; *at;) {
        size_t n = strcspn(at, " ");
        snprintf(word, sizeof(word), "%.*s", (int)n, at);
        if (n && glob_match(word, id)) return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

bool mutant_table_read(struct mutant_table *t, const char *path, const char *root, const char *globs,
                       struct diag *d)
{
    *t = (struct mutant_table){0};
    const struct ynode *top = yaml_load(path, &t->arena, d);
    if (!top || !schema_check(&schema_mutants, top, d)) return false;
    const struct ynode *list = ynode_get(top, "faults");
    bool good = true;
    unsigned kept = 0;
    read_head(t, top);
    t->mutants = arena_alloc(&t->arena, (list->count + 1) * sizeof(*t->mutants));
    for (const struct ynode *n = list->child; n; n = n->next) {
        struct mutant *m = &t->mutants[t->n];
        *m = (struct mutant){.id = schema_text(n, "id", NULL),
                             .file = schema_text(n, "file", NULL),
                             .text = schema_text(n, "text", NULL),
                             .becomes = schema_text(n, "becomes", NULL),
                             .kind = schema_text(n, "kind", NULL),
                             .at = n->at};
        good &= is_new(t, m, d) && check_place(n, m, root, d);
        t->n++;
    }
    for (unsigned i = 0; i < t->n; i++)
        if (is_wanted(globs, t->mutants[i].id)) t->mutants[kept++] = t->mutants[i];
    t->n = kept;
    return good;
}

void mutant_run_options(const struct mutant_run *r, struct buf *out)
{
    buf_str(out, r->plan);
    if (r->shard) buf_printf(out, " --shard %s", r->shard);
    if (r->filter) buf_printf(out, " --filter '%s'", r->filter);
}

void mutant_table_free(struct mutant_table *t)
{
    arena_free(&t->arena);
}
