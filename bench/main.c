/* lockstep-bench: every benchmark that the YAML files of bench define, through Google Benchmark (its options
 * apply:
 * --benchmark_filter=…). */
#include "bench/bench.h"
#include "harness/clock/measure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct schema bench_text = {.what = "text", .accepts = SCHEMA_TEXT};
const struct schema bench_texts = {
    .what = "text or a list of it", .accepts = SCHEMA_TEXT | SCHEMA_LIST, .item = &bench_text};
const struct schema bench_number = {.what = "a number", .accepts = SCHEMA_NUMBER};
const struct schema bench_yes_no = {.what = "true or false", .accepts = SCHEMA_BOOL};

static const struct bench_kind *const tables[] = {interp_kinds, ir_kinds,     jit_kinds,  translate_kinds,
                                                  cases_kinds,  corpus_kinds, jobs_kinds, packed_kinds,
                                                  exec_kinds,   smmu_kinds,   qemu_kinds};

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool bench_beside(char *path, size_t size, const char *name)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0) return false;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + strlen(name) + 2 > size) return false;
    strcpy(slash + 1, name);
    return access(path, R_OK) == 0;
}

const char *bench_get(const void *arg, const char *key, const char *absent)
{
    const struct benchmark *b = arg;
    return schema_text(b->with, key, absent);
}

uint64_t bench_get_number(const void *arg, const char *key, uint64_t absent)
{
    const struct benchmark *b = arg;
    return schema_number(b->with, key, absent);
}

static const struct bench_kind *find_kind(const char *name)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (const struct bench_kind *k = tables[t]; k->name; k++)
            if (!strcmp(k->name, name)) return k;
    return NULL;
}

static bool add(const struct benchmark *b, struct diag *d)
{
    const struct bench_kind *k = find_kind(b->kind);
    if (!k) {
        diag_error(d, b->at, 1, "%s: there is no kind '%s'", b->name, b->kind);
        return false;
    }
    const struct schema schema = {.what = b->kind, .accepts = SCHEMA_MAP, .keys = k->keys, .nkeys = k->nkeys};
    const struct ynode empty = {.kind = YNODE_MAP, .at = b->at};
    if (!schema_check(&schema, b->with ? b->with : &empty, d)) return false;
    k->add(b->name, k->run, b);
    return true;
}

/* The definitions are those of the project that this program was built in; else those here. */
static bool add_all(struct arena *a, struct diag *d)
{
    char self[PATH_MAX];
    struct benchmarks b;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    const char *root = build_root(self, a);
    bool good = benchmarks_read(&b, root ? arena_printf(a, "%s/bench", root) : "bench", a, d);
    for (unsigned i = 0; i < b.n && good; i++) good = add(&b.all[i], d);
    return good;
}

int main(int argc, char **argv)
{
    struct arena a = {0};
    struct diag d = {.out = stderr};
    int status = add_all(&a, &d) ? bench_main(argc, argv) : 2;
    diag_free(&d);
    arena_free(&a);
    return status;
}
