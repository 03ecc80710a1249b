/* The seam between the harness and kinds of cases, proved with a kind of its own: "sum", whose cases add
 * numbers in eight bits. It is nothing but this file and its line in the table, which this file holds in
 * place of table.c; streams, runs, votes, isolation, shards, records, coverage, the page, repro, shrink and
 * quirks are the harness's.
 */
#include "harness/commands/place_test.h"
#include "harness/corpus/case.h"
#include "harness/cover/bins.h"
#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"

#include <errno.h>
#include <sys/stat.h>

/* ---- the kind ---- */

enum { TERMS = 16, WRONG = 13, ABORT = 66, HANG = 67, LIE = 99 };
enum { ROW_ADD, ROW_CARRY, ROWS };

/* A case: numbers that are added to the first, one by one. */
struct sum {
    uint8_t start, terms[TERMS];
    unsigned n;          /* terms */
    uint8_t want[TERMS]; /* the truth: sums after each */
};

struct sum_result {
    uint8_t sums[TERMS]; /* after each term */
};

struct sum_seat {
    const struct backend *backend; /* who sits there */
    struct sum_result r;           /* of the last case */
};

static const struct schema number = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema byte = {.what = "a byte", .accepts = SCHEMA_NUMBER, .max = 255};
static const struct schema bytes = {
    .what = "a list of bytes", .accepts = SCHEMA_LIST | SCHEMA_NUMBER, .item = &byte};
static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema word = {.what = "an id", .accepts = SCHEMA_TEXT, .word = true};
static const struct schema_key item_keys[] = {
    {"id", &word, true, "Its name."},         {"why", &text, false, "Why it is there."},
    {"start", &byte, false, "The first."},    {"add", &bytes, true, "What is added."},
    {"sums", &bytes, false, "What is true."},
};
static const struct schema item = {
    .what = "a sum", .accepts = SCHEMA_MAP, .keys = item_keys, .nkeys = ARRAY_LEN(item_keys)};
static const struct schema_key generator_keys[] = {{"count", &number, false, "How many."},
                                                   {"seed", &number, false, "Others."}};
static const struct schema generator = {.what = "a generator of sums",
                                        .accepts = SCHEMA_MAP,
                                        .keys = generator_keys,
                                        .nkeys = ARRAY_LEN(generator_keys)};

static const char *subject_name(unsigned i)
{
    return i ? NULL : "calc";
}

static void subject(unsigned i, struct arena *a, struct subject *s)
{
    static const struct subject_row rows[ROWS] = {
        [ROW_ADD] = {"calc.add", "steps", "a + b", "1.1", "harness/kinds/kind_test.c", 20, false},
        [ROW_CARRY] = {"calc.carry", "steps", "a + b > 255", "1.2", "harness/kinds/kind_test.c", 21, false},
    };
    static const struct subject_group groups[] = {{"steps", "Steps of a sum"}};
    s->title = "A calculator";
    s->rows = rows;
    s->nrows = ROWS;
    s->groups = groups;
    s->ngroups = 1;
}

static bool read_bytes(const struct case_builder *b, const struct ynode *list, uint8_t out[TERMS],
                       unsigned *n)
{
    for (const struct ynode *y = schema_first(list); y; y = schema_next(list, y)) {
        uint64_t v;
        bool negative;
        if (*n == TERMS) {
            diag_error(b->diag, list->at, 1, "more than %d terms", TERMS);
            return false;
        }
        assert_true(ynode_u64(y, &v, &negative));
        out[(*n)++] = (uint8_t)v;
    }
    return true;
}

static bool build(const struct case_builder *b, const struct ynode *n, struct test_case *c)
{
    struct sum *s = arena_alloc(b->arena, sizeof(*s));
    const struct ynode *want = ynode_get(n, "sums");
    unsigned wanted = 0;
    s->start = (uint8_t)schema_number(n, "start", 0);
    c->scenario = s;
    c->has_truth = want;
    if (!read_bytes(b, ynode_get(n, "add"), s->terms, &s->n)) return false;
    if (!want || (read_bytes(b, want, s->want, &wanted) && wanted == s->n)) return true;
    diag_error(b->diag, want->at, 1, "%u sums of %u terms", wanted, s->n);
    return false;
}

static void write_list(const char *key, const uint8_t *v, unsigned n, struct buf *out)
{
    buf_printf(out, "    %s: [", key);
    for (unsigned i = 0; i < n; i++) buf_printf(out, "%s%u", i ? ", " : "", v[i]);
    buf_str(out, "]\n");
}

static void write_keys(const struct test_case *c, struct buf *out)
{
    const struct sum *s = c->scenario;
    if (s->start) buf_printf(out, "    start: %u\n", s->start);
    write_list("add", s->terms, s->n, out);
    if (c->has_truth) write_list("sums", s->want, s->n, out);
}

static const char *const generators[] = {"random", NULL};

static bool open_generator(const struct ynode *n, struct arena *a, struct diag *d, struct kind_generator *g)
{
    return true;
}

static void make(const struct kind_generator *g, uint64_t n, struct arena *a, struct test_case *c)
{
    struct sum *s = arena_alloc(a, sizeof(*s));
    struct rng r = {g->seed + n};
    s->n = 1 + (unsigned)(rng_next(&r) % 4);
    s->start = (uint8_t)(rng_next(&r) % 64);
    for (unsigned i = 0; i < s->n; i++) s->terms[i] = (uint8_t)(14 + rng_next(&r) % 50);
    c->scenario = s;
}

/* ---- its backends ---- */

static const char *version(void)
{
    return "1.0";
}

static const struct backend adder = {.name = "adder", .description = "adds, but for 13", .version = version},
                            twin = {.name = "twin", .description = "adds", .version = version},
                            abacus = {.name = "abacus",
                                      .description = "beads",
                                      .oracle = true,
                                      .version = version},
                            slate = {
                                .name = "slate", .description = "chalk", .oracle = true, .on_request = true};
static const struct backend *const backends[] = {&adder, &twin, &abacus, &slate, NULL};

static const char *cannot_run(const struct backend *b)
{
    return b == &slate ? "there is no chalk" : NULL;
}

static void *open(const struct backend *b, unsigned i, const char **why)
{
    struct sum_seat *s = xcalloc(1, sizeof(*s));
    s->backend = b;
    return s;
}

static uint8_t plus(const struct backend *b, uint8_t a, uint8_t term)
{
    if (b == &adder && term == ABORT) abort();
    while (b == &adder && term == HANG) pause();
    bool wrong = (b == &adder && term == WRONG) || (b == &abacus && term == LIE);
    return (uint8_t)(a + term + wrong);
}

static void run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct sum_seat *s = seat;
    const struct sum *sum = c->scenario;
    uint8_t now = sum->start;
    for (unsigned i = 0; i < sum->n; i++) s->r.sums[i] = now = plus(s->backend, now, sum->terms[i]);
    o->result = &s->r;
}

/* ---- judging ---- */

static void differences(const struct test_case *c, const uint8_t *a, const uint8_t *b, struct findings *f)
{
    const struct sum *s = c->scenario;
    for (unsigned i = 0; i < s->n; i++)
        if (a[i] != b[i]) findings_add(f, &(struct diff){.what = DIFF_ITEM, .at = i});
}

static const uint8_t *sums_of(const struct outcome *o)
{
    return ((const struct sum_result *)o->result)->sums;
}

static void compare(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                    struct findings *f)
{
    differences(c, sums_of(a), sums_of(b), f);
}

static void compare_want(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    differences(c, sums_of(o), ((const struct sum *)c->scenario)->want, f);
}

static bool speaks(const struct test_case *c, const struct diff *d)
{
    return true;
}

static void item_name(const struct test_case *c, const struct diff *d, bool plain, struct buf *out)
{
    if (plain)
        buf_str(out, "a sum");
    else
        buf_printf(out, "sum %u", (unsigned)d->at + 1);
}

static void item_value(const struct test_case *c, const struct outcome *o, const struct diff *d,
                       struct buf *out)
{
    buf_printf(out, "%u", (o ? sums_of(o) : ((const struct sum *)c->scenario)->want)[d->at]);
}

static uint64_t item_step(const struct test_case *c, const struct diff *d)
{
    return d->at + 1;
}

/* "term N": some term is. */
static const void *condition(const char *t, size_t len, struct arena *a, struct value_error *err)
{
    unsigned *n = arena_alloc(a, sizeof(*n));
    if (sscanf(t, "term %u", n) == 1) return n;
    snprintf(err->message, sizeof(err->message), "expected 'term N'");
    err->span = (unsigned)len;
    return NULL;
}

static bool condition_holds(const void *n, const struct test_case *c, const struct outcome *theirs,
                            const struct outcome *right)
{
    const struct sum *s = c->scenario;
    for (unsigned i = 0; i < s->n; i++)
        if (s->terms[i] == *(const unsigned *)n) return true;
    return false;
}

/* ---- in words, smaller, covered ---- */

static int row(const struct test_case *c)
{
    const struct sum *s = c->scenario;
    unsigned now = s->start;
    for (unsigned i = 0; i < s->n; i++) now += s->terms[i];
    return now > 255 ? ROW_CARRY : ROW_ADD;
}

static void describe(const struct test_case *c, struct buf *out)
{
    const struct sum *s = c->scenario;
    buf_printf(out, "  sum   %u", s->start);
    for (unsigned i = 0; i < s->n; i++) buf_printf(out, " + %u", s->terms[i]);
    buf_char(out, '\n');
}

static void show(const struct test_case *c, struct buf *out)
{
    buf_printf(out, "  terms %u\n", ((const struct sum *)c->scenario)->n);
}

static void ended(const struct test_case *c, const struct outcome *o, struct buf *out)
{
    buf_printf(out, "%u sums", ((const struct sum *)c->scenario)->n);
}

static void results(const struct test_case *c, const struct outcome *o, struct buf *out)
{
    const struct sum *s = c->scenario;
    for (unsigned i = 0; i < s->n; i++) buf_printf(out, "      %u\n", sums_of(o)[i]);
}

/* Without the n-th term; then from 0 on. */
static bool simpler(const struct test_case *c, unsigned n, struct arena *a, struct test_case *out)
{
    const struct sum *s = c->scenario;
    struct sum *less = arena_alloc(a, sizeof(*less));
    unsigned drops = s->n > 1 ? s->n : 0;
    *less = *s;
    if (n < drops) {
        memmove(less->terms + n, less->terms + n + 1, s->n - n - 1);
        less->n--;
    } else if (n == drops && s->start) {
        less->start = 0;
    } else {
        return false;
    }
    out->scenario = less;
    return true;
}

static unsigned bins(unsigned i, unsigned r)
{
    return r == ROW_ADD ? 3 : 1;
}

static void bin_name(unsigned i, unsigned r, unsigned bin, struct buf *out)
{
    static const char *const names[] = {"executed", "one term", "several terms"};
    buf_str(out, names[bin]);
}

static void observe(const struct test_case *c, const struct outcome *o,
                    void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg)
{
    struct bin_hits h = {0};
    unsigned r = (unsigned)row(c);
    bin_hit(&h, 0);
    if (r == ROW_ADD) bin_hit(&h, ((const struct sum *)c->scenario)->n > 1 ? 2 : 1);
    seen(arg, r, &h);
}

static const struct case_kind kind_sum = {
    .name = "sum",
    .help = "sums in eight bits",
    .subject_name = subject_name,
    .subject = subject,
    .item = &item,
    .generator = &generator,
    .build = build,
    .write = write_keys,
    .generators = generators,
    .generator_open = open_generator,
    .make = make,
    .backends = backends,
    .cannot_run = cannot_run,
    .open = open,
    .run = run,
    .close = free,
    .compare = compare,
    .compare_truth = compare_want,
    .truth_speaks = speaks,
    .item_name = item_name,
    .item_value = item_value,
    .item_step = item_step,
    .condition = condition,
    .condition_holds = condition_holds,
    .row = row,
    .describe = describe,
    .show = show,
    .ended = ended,
    .results = results,
    .simpler = simpler,
    .bins = bins,
    .bin_name = bin_name,
    .observe = observe,
};

const struct case_kind *const kind_all[] = {&kind_instruction, &kind_sum, NULL};

/* ---- what the harness makes of it ---- */

#define HEAD "lockstep: 1\nkind: sum\n"

/* Without quirks, if the test does not say which, and with nothing that cannot be hit: those of the project
 * may be of kinds that are not here. */
static void lockstep(struct place *p, const char *words, int status)
{
    static const struct backend *const none[] = {&faulty, &reference, NULL};
    static const char *const commands[] = {"run|", "repro|", "shrink|"};
    char all[1000];
    bool runs = false;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        runs |= !strncmp(words, commands[i], strlen(commands[i]));
    runs &= !strstr(words, "--quirks");
    if (mkdir("coverage", 0777)) assert_int_equal(errno, EEXIST);
    write_file("coverage/unreachable.yaml", "coverage: 1\nisa: riscv64\nunreachable: []\n");
    snprintf(all, sizeof(all), "%s%s", words, runs ? "|--quirks|none" : "");
    place_run(p, all, NULL, none);
    if (p->status != status) fail_msg("%s: status %d\n%s%s", words, p->status, p->out, p->err);
}

static void expect_file(const char *name, const char *part)
{
    char *got = read_file(name);
    expect_part(got, part);
    free(got);
}

static void test_lists(void **state)
{
    struct place *p = *state;
    write_file("s.yaml", HEAD "cases:\n  - {id: a, add: [1]}\n"
                              "matrix:\n  - {with: {n: [1, 2]}, id: m$n, add: [$n, 3]}\n"
                              "generate:\n  - {count: 2}\n  - {count: 1, seed: 4}\n");
    lockstep(p, "list|cases|s.yaml", STATUS_PASS);
    assert_string_equal(p->out, "calc/s/a\ncalc/s/m1\ncalc/s/m2\ncalc/s/random/0\ncalc/s/random/1\n"
                                "calc/s/random/2\n");
    lockstep(p, "list|kinds", STATUS_PASS);
    expect_part(p->out, "sum          sums in eight bits: calc\n");
    lockstep(p, "list|rows|calc|*carry", STATUS_PASS);
    expect_part(p->out, "calc.carry                   steps       done   a + b > 255\n");
    lockstep(p, "list|rows|calc|x*", STATUS_NOTHING);
    lockstep(p, "list|rows|clac", STATUS_USAGE);
    lockstep(p, "list|backends", STATUS_PASS);
    expect_part(p->out, "abacus     beads (oracle), 1.0\n           calc: yes\n");
    expect_part(p->out, "           calc: there is no chalk\n");
    lockstep(p, "list|schema|corpus", STATUS_PASS);
    expect_part(p->out, "\"if\": {\"properties\": {\"kind\": {\"const\": \"sum\"}}");
    lockstep(p, "gen|calc|--count|3|--seed|5|--output|g.yaml", STATUS_PASS);
    lockstep(p, "run|g.yaml", STATUS_PASS);
    expect_part(p->out, "3 cases: adder, twin against abacus\n");
    expect_part(p->out, "3 passed, 0 failed");
}

static void test_mistakes(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *file, *said; /* text, and part of what is said about it */
    } cases[] = {
        {"lockstep: 1\nkind: sun\n", "b.yaml:2:7: error: no kind of case 'sun'; did you mean 'sum'?"},
        {"lockstep: 1\nkind: sum\nisa: riscv64\n", "unknown key 'isa' in a corpus file"},
        {"lockstep: 1\nisa: riscv64\nkind: sum\n", "'kind' must come right after 'lockstep'"},
        {HEAD "cases: [{id: a, addd: [1]}]\n", "unknown key 'addd' in a sum; did you mean 'add'?"},
        {HEAD "cases: [{id: a, add: [256]}]\n", "expected a byte, not '256'"},
        {HEAD "cases: [{id: a, add: [2], sums: [2, 3]}]\n", "2 sums of 1 terms"},
        {HEAD "cases: [{id: a, add: [2]}, {id: a, add: [2]}]\n", "a second case with the id 'a'"},
        {HEAD "generate: [{rows: rv.add}]\n", "unknown key 'rows' in a generator of sums"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_file("b.yaml", cases[i].file);
        lockstep(p, "run|b.yaml", STATUS_USAGE);
        expect_part(p->err, cases[i].said);
    }
    write_file("s.yaml", HEAD "cases: [{id: a, add: [1]}]\n");
    lockstep(p, "run|s.yaml|--backend|addr", STATUS_USAGE);
    expect_part(p->err, "unknown backend 'addr'; did you mean 'adder'?");
    lockstep(p, "run|s.yaml|--oracle|slate", STATUS_HARNESS);
    expect_part(p->err, "there is no chalk");
    lockstep(p, "run|s.yaml|--oracle|adder", STATUS_USAGE);
    expect_part(p->err, "'adder' cannot be under test and the oracle too");
    lockstep(p, "pack|s.yaml|--output|packed", STATUS_USAGE);
    expect_part(p->err, "packed corpora hold instructions only");
}

/* A plan's oracles that need not be there: of those that cannot run it is said, the others take part. */
static void test_optional(void **state)
{
    struct place *p = *state;
    write_file("s.yaml", HEAD "cases: [{id: a, add: [1], sums: 1}]\n");
    write_file("p.yaml",
               "plan: 1\ncorpora: s.yaml\nbackends: adder\noracles: none\noptional: [slate, abacus]\n");
    lockstep(p, "run|p.yaml", STATUS_PASS);
    assert_string_equal(p->err, "lockstep: 'slate' takes no part: there is no chalk\n");
    expect_part(p->out, "1 cases: adder against abacus\n");
    lockstep(p, "run|p.yaml|--oracle|none", STATUS_PASS);
    assert_string_equal(p->err, "");
    expect_part(p->out, "1 cases: adder\n");
    write_file("p.yaml", "plan: 1\ncorpora: s.yaml\nbackends: adder\noptional: slat\n");
    lockstep(p, "run|p.yaml", STATUS_USAGE);
    expect_part(p->err, "unknown backend 'slat'; did you mean 'slate'?");
}

/* Votes, the truth, and everything that may become of a worker. */
static void test_run(void **state)
{
    struct place *p = *state;
    write_file("s.yaml", HEAD "cases:\n"
                              "  - {id: right, add: [1, 2], sums: [1, 3]}\n"
                              "  - {id: wrong, start: 3, add: [1, 13, 2], why: of a book}\n"
                              "  - {id: manual, add: [1, 2], sums: [1, 4]}\n"
                              "  - {id: dies, add: [66]}\n"
                              "  - {id: hangs, add: [67, 200, 200]}\n"
                              "  - {id: lies, add: [99], sums: [99]}\n");
    lockstep(p,
             "run|s.yaml|--timeout|0.3|--jobs|2|--report|jsonl=o.jsonl|--report|junit=o.xml|--report|"
             "html=o.html|--report|md=o.md|--report|tap=o.tap|--report|cover=o.cover",
             STATUS_FAIL);
    expect_part(p->out, "6 cases: adder, twin against abacus\n");
    expect_part(p->out, "  adder alone differs from twin, abacus\n"
                        "  row   calc.add (steps), harness/kinds/kind_test.c:20: a + b\n"
                        "  sum   3 + 1 + 13 + 2\n"
                        "  why   of a book\n"
                        "  sum 2\n"
                        "    adder         18\n"
                        "    twin          17\n"
                        "    abacus        17\n"
                        "  sum 3\n");
    expect_part(p->out, "  adder, twin, abacus differ from the manual\n");
    expect_part(p->out, "    manual        4\n");
    expect_file("o.jsonl", "\"reason\":\"calc.add: a sum: adder alone differs from twin, abacus\"");
    expect_file("o.jsonl", "\"reason\":\"adder died of SIGABRT\"");
    expect_file("o.jsonl", "\"row\":\"calc.carry\",\"verdict\":\"timeout\"");
    expect_file("o.jsonl", "\"exit\":\"2 sums\"");
    expect_file("o.xml", "calc");
    expect_file("o.html", "<article class=\"row\" id=\"calc.carry\">");
    expect_file("o.html", "A calculator");
    expect_file("o.md", "calc.add");
    expect_part(p->out, "oracle disagrees with the manual: calc/s/lies (s.yaml:9)\n  abacus");
    expect_file("o.cover", "{\"type\":\"subject\",\"subject\":\"calc\"");
    lockstep(p, "cover|o.cover|--thresholds|none|--holes", STATUS_FAIL);
    expect_part(p->out, "calc         backend   rows");
    expect_part(p->out, "steps        twin         2");
    expect_part(p->out, "calc.carry (harness/kinds/kind_test.c:21)\n  never executed");
    lockstep(p, "cover|o.cover|--thresholds|none|--lcov|o.info", STATUS_FAIL);
    expect_file("o.info", "FN:20,calc.add\n");
    expect_part(p->out, "calc.carry");
    assert_null(strstr(p->out, "riscv64"));
}

/* Two reports have the same lines of cases. */
static void expect_same_cases(const char *one, const char *other)
{
    char *a = read_file(one), *b = read_file(other), *from = strchr(a, '\n');
    size_t n = (size_t)(strstr(a, "{\"type\":\"summary\"") - from);
    if (strncmp(from, strchr(b, '\n'), n) != 0) fail_msg("%s is not %s", one, other);
    free(a);
    free(b);
}

/* Shards, merged, are the whole; so is a run that was stopped and went on. */
static void test_shards(void **state)
{
    struct place *p = *state;
    write_file("s.yaml", HEAD "cases:\n  - {id: wrong, add: [13]}\n  - {id: dies, add: [66]}\n"
                              "generate:\n  - {count: 300}\n");
    lockstep(p, "run|s.yaml|--report|jsonl=a.jsonl|--report|record=a.record", STATUS_FAIL);
    lockstep(p, "run|s.yaml|--shard|1/2|--report|record=1.record", STATUS_FAIL);
    lockstep(p, "run|s.yaml|--shard|2/2|--report|record=2.record", p->status);
    lockstep(p, "merge|1.record|2.record|--report|jsonl=b.jsonl", STATUS_FAIL);
    expect_same_cases("a.jsonl", "b.jsonl");
    assert_int_equal(truncate("a.record", 6000), 0);
    lockstep(p, "run|s.yaml|--resume|a.record|--report|jsonl=c.jsonl", STATUS_FAIL);
    expect_same_cases("a.jsonl", "c.jsonl");
    lockstep(p, "run|s.yaml|--rerun|a.record", STATUS_FAIL);
    expect_part(p->out, "2 cases: adder, twin against abacus\n");
}

static void test_repro_and_shrink(void **state)
{
    struct place *p = *state;
    write_file("s.yaml",
               HEAD "cases:\n  - {id: wrong, start: 3, add: [1, 13, 2]}\n  - {id: dies, add: [9, 66]}\n"
                    "  - {id: right, add: [1]}\n  - {id: manual, add: [1, 2], sums: [1, 4]}\n");
    lockstep(p, "repro|calc/s/wrong|s.yaml|--oracle|none", STATUS_FAIL);
    expect_part(p->out,
                "calc/s/wrong (s.yaml:4)\n  row   calc.add (steps), harness/kinds/kind_test.c:20: a + b\n"
                "  sum   3 + 1 + 13 + 2\n  terms 3\n  results\n    adder: 3 sums\n      4\n      18\n");
    expect_part(p->out,
                "cause: calc.add: a sum: twin differs from adder\nnext:\n  lockstep shrink calc/s/wrong ");
    assert_null(strstr(p->out, "explain"));
    lockstep(p, "repro|calc/s/dies|s.yaml", STATUS_FAIL);
    expect_part(p->out, "crash: adder died of SIGABRT\n");
    lockstep(p, "shrink|calc/s/wrong|s.yaml", STATUS_PASS);
    expect_part(p->out,
                "lockstep: 1\nkind: sum\ncases:\n  - id: calc.add-a-sum\n"
                "    why: \"calc.add: a sum: adder alone differs from twin, abacus\"\n    add: [13]\n");
    lockstep(p, "shrink|calc/s/dies|s.yaml|--output|d.yaml", STATUS_PASS);
    expect_file("d.yaml", "    add: [66]\n");
    lockstep(p, "run|d.yaml", STATUS_FAIL);
    lockstep(p, "shrink|calc/s/right|s.yaml", STATUS_NOTHING);
    lockstep(p, "shrink|calc/s/manual|s.yaml", STATUS_PASS);
    expect_part(p->err, "only the manual's word in calc/s/manual contradicts: it stays as it is\n");
    expect_part(p->out, "    add: [1, 2]\n    sums: [1, 4]\n");
}

static void test_quirks(void **state)
{
    struct place *p = *state;
    static const char quirks[] =
        "lockstep: 1\nkind: sum\nquirks:\n"
        "  - id: beads\n    backend: abacus\n    rows: calc.*\n    when: term %d\n"
        "    mask: sum *\n    why: a bead is missing\n    evidence: seen\n"
        "xfail:\n  - {id: thirteen, case: calc/s/wrong, backend: adder, why: unlucky}\n";
    char file[sizeof(quirks) + 16];
    write_file("s.yaml", HEAD "cases:\n  - {id: lies, add: [99]}\n  - {id: wrong, add: [13]}\n");
    assert_int_equal(system("mkdir q"), 0);
    lockstep(p, "run|s.yaml|--quirks|q", STATUS_FAIL);
    expect_part(p->out, "0 passed, 2 failed");
    snprintf(file, sizeof(file), quirks, LIE);
    write_file("q/q.yaml", file);
    lockstep(p, "run|s.yaml|--quirks|q", STATUS_PASS);
    expect_part(p->out, "1 passed, 0 failed");
    lockstep(p, "list|quirks|--quirks|q", STATUS_PASS);
    expect_part(p->out, "abacus (all): 2 rows: sum * when term 99\n");
    snprintf(file, sizeof(file), quirks, 1);
    write_file("q/q.yaml", file);
    lockstep(p, "run|s.yaml|--quirks|q", STATUS_FAIL);
    write_file("q/q.yaml",
               "lockstep: 1\nkind: sum\nquirks:\n"
               "  - {id: n, backend: abacus, rows: calc.add, unsupported: true, why: no, evidence: e}\n");
    lockstep(p, "run|s.yaml|--quirks|q|--backend|twin", STATUS_PASS);
    expect_part(p->out, "no oracle can run it and no truth given");
    write_file("q/q.yaml", "lockstep: 1\nkind: sum\nquirks:\n"
                           "  - {id: n, backend: unicorn, rows: calc.ad, mask: x, why: no, evidence: e}\n");
    lockstep(p, "run|s.yaml|--quirks|q", STATUS_USAGE);
    expect_part(p->err, "'unicorn' does not run these cases");
    expect_part(p->err, "calc has no row 'calc.ad'; did you mean 'calc.add'?");
}

/* Two kinds in one run: each case on the backends of its kind, and naming some restricts only theirs. */
static void test_two_kinds(void **state)
{
    struct place *p = *state;
    assert_int_equal(system("mkdir c"), 0);
    write_file("c/s.yaml", HEAD "cases:\n  - {id: a, add: [1]}\n  - {id: b, add: [13]}\n");
    write_file("c/t.yaml", "lockstep: 1\nisa: riscv64\ncases:\n  - {id: a, code: 'add a0, a1, a2'}\n");
    lockstep(p, "run|c|--report|html=o.html|--report|cover=o.cover|--report|jsonl=o.jsonl", STATUS_FAIL);
    expect_part(p->out, "3 cases: faulty, adder, twin against reference, abacus\n");
    expect_part(p->out, "2 passed, 1 failed");
    expect_file("o.jsonl",
                "\"id\":\"riscv64/t/a\",\"row\":\"rv.add\",\"verdict\":\"pass\",\"checked\":[\"oracle\"],"
                "\"backends\":[\"faulty\",\"reference\"]");
    expect_file("o.jsonl", "\"backends\":[\"adder\",\"twin\",\"abacus\"]");
    lockstep(p, "cover|o.cover|calc.add|rv.add|--thresholds|none", STATUS_PASS);
    lockstep(p, "run|c|--backend|twin", STATUS_PASS);
    expect_part(p->out, "3 cases: faulty, twin against reference, abacus\n");
    lockstep(p, "run|c/t.yaml|--backend|twin", STATUS_PASS);
    expect_part(p->out, "1 cases: faulty against reference\n");
    lockstep(p, "run|c|--oracle|none|--backend|faulty,twin", STATUS_PASS);
    expect_part(p->out, "no oracle can run it and no truth given");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists, enter, leave),
        cmocka_unit_test_setup_teardown(test_mistakes, enter, leave),
        cmocka_unit_test_setup_teardown(test_optional, enter, leave),
        cmocka_unit_test_setup_teardown(test_run, enter, leave),
        cmocka_unit_test_setup_teardown(test_shards, enter, leave),
        cmocka_unit_test_setup_teardown(test_repro_and_shrink, enter, leave),
        cmocka_unit_test_setup_teardown(test_quirks, enter, leave),
        cmocka_unit_test_setup_teardown(test_two_kinds, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
