/* Recorded figures, read again. */
#include "harness/clock/history.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *text_of(const json_t *o, const char *key, struct arena *a)
{
    const char *s = json_string_value(json_object_get(o, key));
    return arena_strdup(a, s ? s : "");
}

/* False: it says nothing about CPU time, or is a sum of others. */
static bool read_figure(struct figure *f, const json_t *item, const json_t *definitions, struct arena *a)
{
    const char *shown = json_string_value(json_object_get(item, "name")),
               *type = json_string_value(json_object_get(item, "run_type"));
    if (!shown || strstr(shown, "/real_time") || (type && strcmp(type, "iteration") != 0)) return false;
    bool manual = strstr(shown, "/manual_time"), failed = json_object_get(item, "error_message");
    const char *unit = json_string_value(json_object_get(item, "time_unit"));
    double scale = !unit || !strcmp(unit, "ns") ? 1
                   : !strcmp(unit, "us")        ? 1e3
                   : !strcmp(unit, "ms")        ? 1e6
                                                : 1e9;
    f->name = benchmark_name(shown, a);
    f->definition = text_of(definitions, f->name, a);
    f->ns = failed ? 0 : scale * json_number_value(json_object_get(item, manual ? "real_time" : "cpu_time"));
    return true;
}

static const char *read_all(struct recorded *r, const json_t *all, struct arena *a)
{
    const json_t *ours = json_object_get(all, "lockstep"), *list = json_object_get(all, "benchmarks");
    const json_t *e = json_object_get(ours, "environment"),
                 *definitions = json_object_get(ours, "definitions");
    if (!json_is_array(list)) return "it has no benchmarks";
    if (!json_is_object(definitions) || !json_string_length(json_object_get(e, "machine")))
        return "lockstep bench did not write it: nobody knows where it was measured";
    if (json_integer_value(json_object_get(ours, "format")) != 1)
        return "it is of another version of lockstep";
    r->machine = text_of(e, "machine", a);
    r->commit = text_of(e, "commit", a);
    r->commit_time = json_integer_value(json_object_get(e, "commit_time"));
    r->date = text_of(json_object_get(all, "context"), "date", a);
    r->figures = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*r->figures));
    for (size_t i = 0; i < json_array_size(list); i++)
        r->n += read_figure(&r->figures[r->n], json_array_get(list, i), definitions, a);
    return NULL;
}

const char *recorded_read(struct recorded *r, const char *path, struct arena *a)
{
    json_error_t why;
    struct stat st;
    if (!stat(path, &st) && S_ISDIR(st.st_mode)) return strerror(EISDIR);
    json_t *all = json_load_file(path, 0, &why);
    *r = (struct recorded){.path = path};
    const char *bad = all            ? read_all(r, all, a)
                      : why.line < 0 ? arena_strdup(a, strerror(errno))
                                     : arena_printf(a, "line %d: %s", why.line, why.text);
    json_decref(all);
    return bad;
}

static int by_time(const void *a, const void *b)
{
    const struct recorded *x = a, *y = b;
    int c = strcmp(x->machine, y->machine);
    if (!c) c = (x->commit_time > y->commit_time) - (x->commit_time < y->commit_time);
    if (!c) c = strcmp(x->date, y->date);
    return c ? c : strcmp(x->path, y->path);
}

void recorded_sort(struct recorded *r, unsigned n)
{
    qsort(r, n, sizeof(*r), by_time);
}
