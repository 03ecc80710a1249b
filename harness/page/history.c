#include "harness/page/history.h"

#include "harness/journal/journal.h"
#include "harness/page/page.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- results of Google Benchmark ---- */

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double nanoseconds(const json_t *o)
{
    static const struct {
        const char *unit; /* as Google Benchmark writes it */
        double ns;        /* in nanoseconds */
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    double v = json_number_value(json_object_get(o, "cpu_time"));
    if (strstr(text_of(o, "name"), "/real_time")) return 0; /* other processes do the work */
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (!strcmp(text_of(o, "time_unit"), units[i].unit)) return v * units[i].ns;
    return 0;
}

/* The name up to what says how it was measured: "/iterations:1/real_time". */
static char *plain_name(const char *name)
{
    static const char *const how[] = {
        "/iterations:", "/repeats:", "/min_time:", "/real_time", "/process_time", "/manual_time"};
    size_t len = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(how); i++) {
        const char *at = strstr(name, how[i]);
        if (at && (size_t)(at - name) < len) len = (size_t)(at - name);
    }
    char *copy = xstrdup(name);
    copy[len] = 0;
    return copy;
}

/* Counters that are called like a backend say how many times as fast it is as the benchmark's peer. */
static void add_ratios(struct bench *b, const json_t *o, const struct backend *const *backends)
{
    for (; *backends; backends++) {
        const json_t *v = json_object_get(o, (*backends)->name);
        if (!json_is_number(v) || json_number_value(v) <= 0 || b->nratios == BENCH_RATIOS) continue;
        b->ratios[b->nratios++] = (struct bench_ratio){xstrdup((*backends)->name), json_number_value(v)};
    }
}

const struct bench *bench_find(const struct bench_set *s, const char *name)
{
    for (unsigned i = 0; i < s->n; i++)
        if (!strcmp(s->items[i].name, name)) return &s->items[i];
    return NULL;
}

/* Of several repetitions the median stands, or the first one. */
static void add_bench(struct bench_set *s, const json_t *o, const json_t *definitions,
                      const struct backend *const *backends)
{
    bool sum = !strcmp(text_of(o, "run_type"), "aggregate");
    if (sum && strcmp(text_of(o, "aggregate_name"), "median") != 0) return;
    char *name = plain_name(*text_of(o, "run_name") ? text_of(o, "run_name") : text_of(o, "name"));
    struct bench *b = (struct bench *)bench_find(s, name);
    if (b) {
        free(name);
        if (sum) b->ns = nanoseconds(o);
        return;
    }
    b = &s->items[s->n++];
    *b =
        (struct bench){.name = name, .ns = nanoseconds(o), .definition = xstrdup(text_of(definitions, name))};
    b->piece = json_number_value(json_object_get(o, "ns_least"));
    if (json_is_true(json_object_get(o, "error_occurred"))) b->skipped = xstrdup(text_of(o, "error_message"));
    add_ratios(b, o, backends);
}

static bool read_benches(struct bench_set *s, const char *path, const struct backend *const *backends,
                         struct buf *why)
{
    json_error_t err;
    FILE *f = fopen(path, "re");
    if (!f) {
        buf_printf(why, "%s: %s", path, strerror(errno));
        return false;
    }
    json_t *root = json_loadf(f, 0, &err);
    fclose(f);
    const json_t *list = json_object_get(root, "benchmarks"), *context = json_object_get(root, "context");
    const json_t *ours = json_object_get(root, "lockstep"); /* `lockstep bench` adds it */
    const char *machine = text_of(json_object_get(ours, "environment"), "machine");
    bool good = json_is_array(list);
    if (!root)
        buf_printf(why, "%s: not what Google Benchmark writes as JSON: line %d: %s", path, err.line,
                   err.text);
    else if (!good)
        buf_printf(why, "%s: not what Google Benchmark writes as JSON: there is no list 'benchmarks'", path);
    s->path = path;
    s->host = xstrdup(*machine ? machine : text_of(context, "host_name"));
    s->date = xstrdup(text_of(context, "date"));
    s->cpus = (unsigned)json_integer_value(json_object_get(context, "num_cpus"));
    s->items = xcalloc(json_array_size(list) + 1, sizeof(*s->items));
    for (size_t i = 0; i < json_array_size(list); i++)
        add_bench(s, json_array_get(list, i), json_object_get(ours, "definitions"), backends);
    json_decref(root);
    return good;
}

static void benches_free(struct bench_set *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        for (unsigned k = 0; k < s->items[i].nratios; k++) free(s->items[i].ratios[k].name);
        free(s->items[i].definition);
        free(s->items[i].name);
        free(s->items[i].skipped);
    }
    free(s->items);
    free(s->host);
    free(s->date);
}

const char *bench_apart(const struct bench_set *a, const struct bench_set *b)
{
    if (strcmp(a->host, b->host)) return "the earlier figures are another machine's";
    if (a->cpus != b->cpus) return "the machine had another number of processors";
    for (unsigned i = 0; i < a->n; i++)
        if (bench_find(b, a->items[i].name)) return NULL;
    return "the two have no benchmark in common";
}

/* ---- the record of a run ---- */

static bool read_record(struct history *h, const char *path, struct buf *why)
{
    struct record r;
    const uint8_t *body;
    size_t size;
    enum journal_got got = JOURNAL_DAMAGED;
    struct journal *j = journal_open(path, why);
    h->record = path;
    h->sums = sums_new();
    while (j && (got = journal_next(j, &r, &body, &size, why)) != JOURNAL_OVER && got != JOURNAL_DAMAGED)
        if (got == JOURNAL_GOT_RECORD) sums_add(h->sums, NULL, &r);
    if (j && j->header) h->header = json_incref(j->header);
    journal_close(j);
    return got == JOURNAL_OVER;
}

static bool is_record(const char *path)
{
    char line[32] = "";
    FILE *f = fopen(path, "re");
    bool is = f && fgets(line, sizeof(line), f) && !strncmp(line, "lockstep record ", 16);
    if (f) fclose(f);
    return is;
}

/* ---- all of them ---- */

/* Earlier measurements, as --before names them. */
struct earlier {
    const char *paths[STATS_MAX - 1]; /* n of them, or as many as there is room for */
    unsigned n;                       /* how many */
};

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void add_earlier(struct earlier *e, const char *path)
{
    if (e->n < ARRAY_LEN(e->paths)) e->paths[e->n] = path;
    e->n++;
}

static int is_json(const struct dirent *d)
{
    size_t len = strlen(d->d_name);
    return len > 5 && !strcmp(d->d_name + len - 5, ".json");
}

/* What is measured now may lie there, too. */
static bool add_folder(struct history *h, struct earlier *e, const char *dir, const char *now,
                       struct buf *why)
{
    struct dirent **names;
    int n = scandir(dir, &names, is_json, alphasort);
    unsigned had = e->n;
    for (int i = 0; i < n; i++) {
        const char *path = arena_printf(&h->arena, "%s/%s", dir, names[i]->d_name);
        if (!now || !same_file(path, now)) add_earlier(e, path);
        free(names[i]);
    }
    if (n >= 0) free(names);
    if (n < 0) buf_printf(why, "%s: %s", dir, strerror(errno));
    if (n >= 0 && had == e->n) buf_printf(why, "%s: there is no other *.json in it", dir);
    return e->n > had;
}

/* Of several measurements it must be known where each was made, and of what. */
static bool read_runs(struct history *h, const struct earlier *e, const char *now, struct buf *why)
{
    unsigned n = e->n + 1;
    const char *bad = NULL, *path = now;
    if (n > STATS_MAX) {
        buf_printf(why, "%u measurements before this: there can be %d", e->n, STATS_MAX - 1);
        return false;
    }
    h->runs = arena_alloc(&h->arena, n * sizeof(*h->runs));
    for (unsigned i = 0; i < n && !bad; i++) {
        path = i < e->n ? e->paths[i] : now;
        bad = recorded_read(&h->runs[i], path, &h->arena);
    }
    if (bad) {
        buf_printf(why, "%s: %s", path, bad);
        return false;
    }
    struct recorded last = h->runs[n - 1];
    unsigned here = 0;
    recorded_sort(h->runs, n - 1);
    for (unsigned i = 0; i + 1 < n; i++)
        if (!strcmp(h->runs[i].machine, last.machine)) h->runs[here++] = h->runs[i];
    h->elsewhere = n - 1 - here;
    h->runs[here++] = last;
    h->nruns = here;
    return true;
}

static bool read_earlier(struct history *h, const struct earlier *e, const struct history_files *files,
                         struct buf *why)
{
    if (e->n > 1 && files->bench && !read_runs(h, e, files->bench, why)) return false;
    const char *newest = h->nruns > 1 ? h->runs[h->nruns - 2].path : e->paths[0];
    if (e->n && !read_benches(&h->before, newest, files->backends, why)) return false;
    if (e->n && !files->bench)
        buf_printf(why, "%s is an earlier measurement, and there is no --bench FILE to hold against it",
                   newest);
    return !e->n || files->bench;
}

bool history_load(struct history *h, const struct history_files *files, struct buf *why)
{
    struct earlier e = {0};
    struct stat st;
    *h = (struct history){0};
    if (files->bench && !read_benches(&h->now, files->bench, files->backends, why)) return false;
    for (unsigned i = 0; i < files->n; i++) {
        const char *path = files->before[i];
        if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
            if (!add_folder(h, &e, path, files->bench, why)) return false;
        } else if (!is_record(path)) {
            add_earlier(&e, path);
        } else if (h->record) {
            buf_printf(why, "%s and %s: there can be one run before this", h->record, path);
            return false;
        } else if (!read_record(h, path, why)) {
            return false;
        }
    }
    return read_earlier(h, &e, files, why);
}

void history_free(struct history *h)
{
    benches_free(&h->now);
    benches_free(&h->before);
    sums_free(h->sums);
    json_decref(h->header);
    arena_free(&h->arena);
    *h = (struct history){0};
}
