#include "harness/page/history.h"

#include "harness/journal/journal.h"
#include "harness/page/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- both ---- */

bool history_load(struct history *h, const char *bench, const char *const *before, unsigned n,
                  const struct backend *const *backends, struct buf *why)
{
    *h = (struct history){0};
    if (bench && !read_benches(&h->now, bench, backends, why)) return false;
    for (unsigned i = 0; i < n; i++) {
        bool record = is_record(before[i]);
        if (record ? h->record : h->before.path) {
            buf_printf(why, "%s and %s: there can be one %s before this", record ? h->record : h->before.path,
                       before[i], record ? "run" : "measurement");
            return false;
        }
        if (!(record ? read_record(h, before[i], why) : read_benches(&h->before, before[i], backends, why)))
            return false;
    }
    if (h->before.path && !h->now.path) {
        buf_printf(why, "%s is an earlier measurement, and there is no --bench FILE to hold against it",
                   h->before.path);
        return false;
    }
    return true;
}

void history_free(struct history *h)
{
    benches_free(&h->now);
    benches_free(&h->before);
    sums_free(h->sums);
    json_decref(h->header);
    *h = (struct history){0};
}
