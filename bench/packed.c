/* Packed corpora: reading and packing, beside the same cases as YAML. The cases are generated, and so as hard
 * to compress as cases are. Nothing runs them. */
#include "bench/bench.h"

#include "harness/corpus/case.h"
#include "harness/packed/packed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char generated[] = "lockstep: 1\nisa: riscv64\ngenerate:\n  - {rows: \"*\", count: 100}\n",
                  name[] = "bench.yaml";

/* A folder with the same cases as `yaml` and packed. */
struct place {
    char dir[40];              /* of both */
    char yaml[60], packed[60]; /* the file, the folder */
    struct packed_manifest m;  /* of the packed ones */
    uint64_t yaml_bytes;       /* size of the file */
};

static struct case_stream *open_generated(struct diag *d)
{
    static const struct case_filter all = {.seed = 1};
    return case_stream_open_text(name, generated, sizeof(generated) - 1, &all, d);
}

/* How many cases a stream has; each is built. */
static uint64_t read_all(struct case_stream *s)
{
    const struct test_case *c;
    uint64_t n = 0;
    while (s && case_stream_next(s, &c) == 1) n++;
    case_stream_close(s);
    return n;
}

static bool pack_all(const char *dir, struct packed_manifest *m)
{
    struct diag d = {.out = stderr};
    struct buf why = {0};
    const struct test_case *c;
    struct case_stream *s = open_generated(&d);
    struct packer *p = packer_open(dir, false, &why);
    *m = (struct packed_manifest){.from = "lockstep-bench"};
    bool good = s && p;
    while (good && case_stream_next(s, &c) == 1) good = !packer_add(p, c, &why);
    good = good && !packer_finish(p, m, &why);
    packer_close(p);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&why);
    return good;
}

static bool write_yaml(struct place *p)
{
    struct diag d = {.out = stderr};
    struct buf text = {0};
    const struct test_case *c;
    struct case_stream *s = open_generated(&d);
    FILE *f = fopen(p->yaml, "we");
    buf_str(&text, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned n = 0; f && s && case_stream_next(s, &c) == 1; n++) {
        char id[24];
        snprintf(id, sizeof(id), "c%u", n);
        case_write(c, id, &text);
        fwrite(text.p, 1, text.len, f);
        p->yaml_bytes += text.len;
        buf_reset(&text);
    }
    case_stream_close(s);
    diag_free(&d);
    buf_free(&text);
    return f && !fclose(f);
}

static void leave(const struct place *p)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", p->dir);
    if (system(command)) perror(p->dir);
}

static bool enter(struct place *p)
{
    *p = (struct place){.dir = "/tmp/lockstep-bench-XXXXXX"};
    if (!mkdtemp(p->dir)) return false;
    snprintf(p->yaml, sizeof(p->yaml), "%s/bench.yaml", p->dir);
    snprintf(p->packed, sizeof(p->packed), "%s/packed", p->dir);
    return write_yaml(p) && pack_all(p->packed, &p->m);
}

/* How: `check`, as the parent of a run does: every record is looked at, none is wanted; `skip`, as a worker
 * does that begins behind all of them. */
static uint64_t read_once(const struct place *p, bool from_yaml, const char *how)
{
    const bool check = !strcmp(how, "check"), skip = !strcmp(how, "skip");
    const struct case_filter f = {.check = check};
    const char *path = from_yaml ? p->yaml : p->packed;
    struct diag d = {.out = stderr};
    struct case_stream *s = case_stream_open(&path, 1, &f, &d);
    uint64_t n;
    if (check || skip) {
        n = s ? case_stream_skip(s, UINT64_MAX) : 0;
        case_stream_close(s);
    } else {
        n = read_all(s);
    }
    diag_free(&d);
    return n;
}

static void reading(struct bench_state *s, const void *arg)
{
    const bool from_yaml = !strcmp(bench_get(arg, "from", ""), "yaml");
    const char *how = bench_get(arg, "how", "all");
    struct place p;
    uint64_t n = 0, once = 1;
    bool good = enter(&p);
    while (bench_next(s)) n += once = good ? read_once(&p, from_yaml, how) : 0;
    if (!good || once != p.m.cases) bench_skip(s, "not all cases were read");
    bench_items(s, n);
    bench_counter(s, "bytes_per_case", (double)(from_yaml ? p.yaml_bytes : p.m.bytes) / (double)p.m.cases);
    leave(&p);
}

/* Generated and packed; or only generated, which is part of it. */
static void packing(struct bench_state *s, const void *arg)
{
    struct place p;
    const bool pack = !strcmp(bench_get(arg, "pack", "false"), "true");
    uint64_t n = 0;
    bool good = enter(&p);
    while (bench_next(s)) {
        struct diag d = {.out = stderr};
        if (!pack)
            n += read_all(open_generated(&d));
        else if (good)
            good = pack_all(p.packed, &p.m), n += p.m.cases;
        diag_free(&d);
    }
    if (!good) bench_skip(s, "the cases were not packed");
    bench_items(s, n);
    leave(&p);
}

static const char *const from_names[] = {"packed", "yaml", NULL}, *const how_names[] = {"all", "check",
                                                                                        "skip", NULL};
static const struct schema from_type = {
    .what = "packed or yaml", .accepts = SCHEMA_TEXT, .choices = from_names};
static const struct schema how_type = {
    .what = "all, check or skip", .accepts = SCHEMA_TEXT, .choices = how_names};
static const struct schema_key reading_keys[] = {
    {"from", &from_type, true, "The file, or the packed corpus."},
    {"how", &how_type, true, "all: each case is built; check: each is looked at; skip: none is."},
};
static const struct schema_key packing_keys[] = {
    {"pack", &bench_yes_no, true, "false: the cases are only generated, which is part of it."},
};

const struct bench_kind packed_kinds[] = {
    {"reading", reading, bench_register, reading_keys, ARRAY_LEN(reading_keys)},
    {"packing", packing, bench_register, packing_keys, ARRAY_LEN(packing_keys)},
    {NULL, NULL, NULL, NULL, 0},
};
