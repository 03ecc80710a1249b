/* The YAML files of bench. */
#include "harness/clock/define.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 60 };

/* ---- the format ---- */

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema seconds = {
    .what = "seconds, from 1 to 3600", .accepts = SCHEMA_NUMBER, .min = 1, .max = 3600};
static const struct schema yes_no = {.what = "true or false", .accepts = SCHEMA_BOOL};
static const struct schema value = {.what = "a value", .accepts = SCHEMA_TEXT};
static const struct schema values = {.what = "a list of values", .accepts = SCHEMA_LIST, .item = &value};
static const struct schema any = {
    .what = "a value or a list", .accepts = SCHEMA_TEXT | SCHEMA_LIST, .item = &value};
static const struct schema with = {.what = "what the kind wants", .accepts = SCHEMA_MAP, .rest = &any};
static const struct schema each = {.what = "a key with values", .accepts = SCHEMA_MAP, .rest = &values};
static const struct schema_key item_keys[] = {
    {"name", &text, true,
     "What the benchmark is called: parts with '/' between them. $KEY is a value of `each`."},
    {"kind", &text, true, "How it is measured: a kind of the C files there."},
    {"each", &each, false, "One key of `with` and its values: a benchmark for each."},
    {"with", &with, false, "What the kind wants to know."},
    {"usual", &yes_no, false, "`lockstep bench` runs it without being asked for it; default: true."},
    {"compare", &yes_no, false, "`lockstep compare` measures it; default: true."},
    {"limit", &seconds, false,
     "Seconds that a pass may take in `lockstep compare`; then it has failed. Default: 60."},
    {"selftest", &yes_no, false, "`make bench-selftest` uses it: work can be planted in it. Default: false."},
};
static const struct schema item = {
    .what = "a benchmark", .accepts = SCHEMA_MAP, .keys = item_keys, .nkeys = ARRAY_LEN(item_keys)};
static const struct schema items = {.what = "a list of benchmarks", .accepts = SCHEMA_LIST, .item = &item};
static const struct schema_key file_keys[] = {
    {"benchmarks", &schema_version, true, "Version of this format: 1."},
    {"list", &items, true, "The benchmarks."},
};
static const struct schema schema_benchmarks = {
    .what = "benchmarks", .accepts = SCHEMA_MAP, .keys = file_keys, .nkeys = ARRAY_LEN(file_keys)};

void benchmarks_write_json(FILE *out)
{
    schema_write(&schema_benchmarks, "lockstep benchmarks", out);
}

/* ---- one entry ---- */

static uint64_t hash_node(const struct ynode *n, uint64_t h)
{
    if (n->key) h = hash_str(n->key, h);
    if (n->kind == YNODE_SCALAR) h = hash_str(n->text, h);
    for (const struct ynode *c = n->child; c; c = c->next) h = hash_node(c, h);
    return h;
}

static bool read_bool(const struct ynode *n, const char *key, bool absent)
{
    const struct ynode *v = ynode_get(n, key);
    return v ? !strcmp(v->text, "true") : absent;
}

/* The name with the value in the place of $KEY. */
static const char *name_with(const char *name, const struct ynode *v, const char *key, struct arena *a)
{
    const char *dollar = v ? strchr(name, '$') : NULL;
    if (!dollar || strncmp(dollar + 1, key, strlen(key)) != 0) return name;
    return arena_printf(a, "%.*s%s%s", (int)(dollar - name), name, v->text, dollar + 1 + strlen(key));
}

/* `with`, and one value of `each` in it. */
static const struct ynode *merge(const struct ynode *map, const struct ynode *v, const char *key,
                                 struct arena *a)
{
    if (!v) return map;
    struct ynode *all = arena_alloc(a, sizeof(*all)), *first = arena_alloc(a, sizeof(*first));
    *all = map ? *map : (struct ynode){.kind = YNODE_MAP, .at = v->at};
    *first = *v;
    first->key = key;
    first->key_at = v->at;
    first->next = all->child;
    all->child = first;
    all->count++;
    return all;
}

static bool add(struct benchmarks *b, const struct ynode *n, const struct ynode *v, const char *key,
                struct arena *a, struct diag *d)
{
    const char *name = name_with(schema_text(n, "name", ""), v, key, a);
    if (benchmarks_find(b, name)) {
        diag_error(d, n->at, 1, "there are two benchmarks '%s'", name);
        return false;
    }
    if (b->n % 64 == 0) {
        struct benchmark *more = arena_alloc(a, (b->n + 64) * sizeof(*more));
        if (b->n) memcpy(more, b->all, b->n * sizeof(*more));
        b->all = more;
    }
    struct benchmark *m = &b->all[b->n++];
    *m = (struct benchmark){.name = name,
                            .kind = schema_text(n, "kind", ""),
                            .at = n->at,
                            .with = merge(ynode_get(n, "with"), v, key, a),
                            .compare = read_bool(n, "compare", true),
                            .limit = (unsigned)schema_number(n, "limit", LIMIT),
                            .usual = read_bool(n, "usual", true),
                            .selftest = read_bool(n, "selftest", false)};
    m->hash = hash_str(m->kind, hash_str(name, 1));
    if (m->with) m->hash = hash_node(m->with, m->hash);
    return true;
}

static bool add_each(struct benchmarks *b, const struct ynode *n, struct arena *a, struct diag *d)
{
    const struct ynode *e = ynode_get(n, "each"), *list = e ? e->child : NULL;
    bool good = true;
    if (!e) return add(b, n, NULL, NULL, a, d);
    if (e->count != 1) {
        diag_error(d, e->at, 1, "`each` wants one key");
        return false;
    }
    for (const struct ynode *v = list->child; v && good; v = v->next) good = add(b, n, v, list->key, a, d);
    return good;
}

/* ---- files ---- */

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".yaml");
}

static int by_name(const struct dirent **x, const struct dirent **y)
{
    return strcmp((*x)->d_name, (*y)->d_name);
}

/* Its first key says so; others are corpora. */
static bool is_ours(const char *path)
{
    struct diag quiet = {0};
    const char *key;
    struct pos at;
    struct yaml_stream *s = yaml_open(path, &quiet);
    bool ours = !s || yaml_next_key(s, &key, &at) != 1 || !strcmp(key, "benchmarks");
    yaml_close(s);
    diag_free(&quiet);
    return ours;
}

static bool read_file(struct benchmarks *b, const char *path, struct arena *a, struct diag *d)
{
    if (!is_ours(path)) return true;
    const struct ynode *root = yaml_load(path, a, d);
    bool good = root && schema_check(&schema_benchmarks, root, d);
    for (const struct ynode *n = good ? ynode_get(root, "list")->child : NULL; n && good; n = n->next)
        good = add_each(b, n, a, d);
    return good;
}

bool benchmarks_read(struct benchmarks *b, const char *folder, struct arena *a, struct diag *d)
{
    struct dirent **files;
    bool good = true;
    *b = (struct benchmarks){0};
    int n = scandir(folder, &files, is_yaml, by_name);
    if (n < 0) {
        diag_error(d, (struct pos){.file = folder}, 1, "cannot read the folder: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        good = good && read_file(b, arena_printf(a, "%s/%s", folder, files[i]->d_name), a, d);
        free(files[i]);
    }
    free(files);
    if (!good || b->n) return good;
    diag_error(d, (struct pos){.file = folder}, 1, "it defines no benchmarks");
    return false;
}

const struct benchmark *benchmarks_find(const struct benchmarks *b, const char *name)
{
    for (unsigned i = 0; i < b->n; i++)
        if (!strcmp(b->all[i].name, name)) return &b->all[i];
    return NULL;
}

const char *benchmark_name(const char *shown, struct arena *a)
{
    static const char *const behind[] = {"/iterations:", "/real_time", "/manual_time",
                                         "/repeats:", "/min_time:"};
    size_t n = strlen(shown);
    for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
        const char *at = strstr(shown, behind[i]);
        if (at && (size_t)(at - shown) < n) n = (size_t)(at - shown);
    }
    return arena_strndup(a, shown, n);
}
