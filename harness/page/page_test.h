/* For tests of the page: records of every kind, hostile texts among them, and the page of them. */
#ifndef HARNESS_PAGE_TEST_H
#define HARNESS_PAGE_TEST_H

#include "harness/page/page.h"
#include "harness/scratch_test.h"

static const char *version(void)
{
    return "1 <beta> & \"'";
}

static const struct backend tested = {.name = "tested"}, other = {.name = "other"};
static const struct backend oracle = {.name = "oracle", .oracle = true, .version = version};
static const struct lineup lineup = {
    .entries = {{&tested, false, NULL}, {&other, false, NULL}, {&oracle, true, NULL}}, .n = 3};
static const char *const paths[] = {"a.yaml", "caf\xe9 \"x\" <i>.yaml"}; /* the second is not UTF-8 */

static const struct record records[] = {
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE,
     .ran = 7,
     .id = "g/a/1",
     .row = "rv.add",
     .ext = "I",
     .micros = 3},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_PEER,
     .ran = 3,
     .id = "g/a/2",
     .row = "rv.sub",
     .ext = "I",
     .micros = 900},
    {.verdict = VERDICT_FAIL,
     .checked = CHECKED_MANUAL,
     .ran = 3,
     .id = "g/a/<3>&\"'",
     .row = "rv.add",
     .ext = "I",
     .reason = "rv.mul: rd: tested alone differs from <other>",
     .detail = "  x <script>alert(1)</script> & \"z\"\n  \x01 \xff'\n",
     .line = 3},
    {.verdict = VERDICT_SKIP, .id = "g/a/4", .row = "rv.sh1add", .ext = "Zba", .reason = "no <oracle>"},
    {.verdict = VERDICT_CRASH, .id = "g/a/5", .row = "rv.div", .ext = "M", .reason = "other died of SIGSEGV"},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_MANUAL,
     .dissent = true,
     .detail = "  oracle alone differs from the manual, tested\n  row: more; other differs\n",
     .ran = 7,
     .id = "g/a/7",
     .row = "rv.xor",
     .ext = "I"},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE | CHECKED_MANUAL,
     .ran = 7,
     .id = "g/a/6",
     .row = "",
     .ext = ""},
};

/* ---- recorded figures: one benchmark becomes slower and takes it back, one has a name to be wary of ---- */

enum { RUNS = 30, SLOW_FROM = 10, SLOW_TO = 20, BENCHES = 3 };

#define LONG_NAME \
    "jit/<b>a_name_that_is_longer_than_any_phone_is_wide_and_has_no_place_to_break_it_\xe2\x80\x8f"

static const char *const bench_names[BENCHES] = {"jit/steps", "jit/level", LONG_NAME};

static inline void test_figures(struct history *h, struct arena *a)
{
    static const char *const commits[] = {"0ld", "c0ffee<1>", "c0ffee2", "n3w"};
    h->least = 0.015;
    h->elsewhere = 2;
    h->nruns = RUNS;
    h->runs = arena_alloc(a, RUNS * sizeof(*h->runs));
    for (unsigned i = 0; i < RUNS; i++) {
        struct recorded *r = &h->runs[i];
        r->commit = commits[(i >= SLOW_FROM) + (i >= SLOW_TO) + (i == RUNS - 1)];
        r->figures = arena_alloc(a, BENCHES * sizeof(*r->figures));
        r->n = BENCHES;
        for (unsigned k = 0; k < BENCHES; k++) {
            double noise = 1 + 0.002 * ((i * 7 + k * 3) % 5), slow = i >= SLOW_FROM && i < SLOW_TO ? 1.1 : 1;
            r->figures[k] = (struct figure){bench_names[k], "d", 2100 * noise * (k ? 1 : slow)};
        }
    }
    struct bench_set *sets[] = {&h->now, &h->before};
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct bench_set *s = sets[i];
        s->path = "a.json";
        s->host = s->date = arena_strdup(a, "");
        s->n = 2 * BENCHES;
        s->items = arena_alloc(a, s->n * sizeof(*s->items));
        for (unsigned k = 0; k < s->n; k++) {
            struct bench *b = &s->items[k];
            *b = (struct bench){.name = arena_strdup(a, bench_names[k / 2]),
                                .ns = 1 + (double)i,
                                .definition = arena_strdup(a, "")};
            b->nratios = k % 2;
            b->ratios[0] = (struct bench_ratio){arena_strdup(a, tested.name), 2.5};
        }
    }
}

/* The page of these records, at `path`, with a history or not. */
static inline char *write_page(const char *path, const struct history *h, const char *stopped)
{
    struct report r;
    struct tally t;
    struct ledger *ledger = ledger_open(&lineup);
    struct cover cover = {.ledger = ledger};
    struct run_info info = {.paths = paths,
                            .npaths = 2,
                            .lineup = &lineup,
                            .total = 9,
                            .jobs = 2,
                            .options = " --seed 7",
                            .seconds = 1.5,
                            .ledger = ledger,
                            .cover = &cover,
                            .history = h};
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, &report_html, path, false, &info), 0);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct record rec = records[i];
        rec.guest = guest_all[0]->name;
        rec.file = paths[1];
        rec.exit = "";
        rec.bins = "";
        if (!rec.reason) rec.reason = "";
        if (!rec.detail) rec.detail = "";
        tally_add(&t, &rec);
        assert_int_equal(report_record(&r, &info, &rec), 0);
    }
    clusters_sort(&t.clusters);
    t.clusters.items[1].when = xstrdup("when <rd=rs1>");
    info.stopped = stopped;
    assert_int_equal(report_end(&r, &info, &t), 0);
    tally_free(&t);
    ledger_free(ledger);
    return read_file(path);
}

#endif
