/* Recording: Google Benchmark says how long, we say where and of what. */
#include "harness/clock/history.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* `context`: Google Benchmark's, which knows how its library was built. */
static json_t *environment_json(const struct environment *e, const json_t *context)
{
    const char *library = json_string_value(json_object_get(context, "library_build_type"));
    struct buf machine = {0}, warnings = {0};
    environment_machine(e, &machine);
    environment_warn(e, &warnings);
    json_t *lines = json_array();
    for (char *line = warnings.p ? strtok(warnings.p, "\n") : NULL; line; line = strtok(NULL, "\n"))
        json_array_append_new(lines, json_string(line));
    json_t *o = json_pack(
        "{s:s, s:s, s:i, s:s, s:s, s:i, s:s, s:s, s:s, s:f, s:s, s:I, s:o}", "machine", buf_cstr(&machine),
        "cpu", e->cpu, "cpus", (int)e->cpus, "hypervisor", e->hypervisor, "governor", e->governor, "turbo",
        e->turbo, "kernel", e->kernel, "compiler", e->compiler, "benchmark_library", library ? library : "",
        "load", e->load, "commit", e->commit, "commit_time", (json_int_t)e->commit_time, "warnings", lines);
    buf_free(&machine);
    buf_free(&warnings);
    return o;
}

/* Hashes of the definitions of what ran. */
static json_t *definitions_json(const struct benchmarks *b, const json_t *list, struct arena *a)
{
    json_t *o = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *shown = json_string_value(json_object_get(item, "name"));
        const struct benchmark *d = shown ? benchmarks_find(b, benchmark_name(shown, a)) : NULL;
        if (d) json_object_set_new(o, d->name, json_sprintf("%016" PRIx64, d->hash));
    }
    return o;
}

static unsigned count_failed(const json_t *list, FILE *say)
{
    unsigned n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *why = json_string_value(json_object_get(item, "error_message"));
        if (why) fprintf(say, "%s fails: %s\n", json_string_value(json_object_get(item, "name")), why);
        n += why != NULL;
    }
    return n;
}

const char *record_write(const char *from, const char *to, const struct environment *e,
                         const struct benchmarks *b, unsigned *failed, FILE *say, struct arena *a)
{
    json_error_t why;
    json_t *all = json_load_file(from, 0, &why);
    const json_t *list = json_object_get(all, "benchmarks");
    if (!json_is_array(list)) {
        json_decref(all);
        return "the benchmarks ended before they had written their figures, or the disk is full";
    }
    *failed = count_failed(list, say);
    json_object_set_new(all, "lockstep",
                        json_pack("{s:i, s:o, s:o}", "format", 1, "environment",
                                  environment_json(e, json_object_get(all, "context")), "definitions",
                                  definitions_json(b, list, a)));
    errno = 0;
    int err = json_dump_file(all, from, JSON_INDENT(2)) ? -(errno ? errno : EIO) : file_replace(from, to);
    json_decref(all);
    return err ? arena_printf(a, "%s cannot be written: %s", to, strerror(-err)) : NULL;
}
