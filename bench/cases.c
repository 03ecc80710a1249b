/* Single-instruction cases a second, in one thread: generated from every row of the table, run, and judged;
 * on the interpreter alone, and against each oracle. Making the case is part of the time. */
#include "bench/bench.h"

#include "harness/harness.h"
#include "harness/run/lineup.h"

#include <string.h>

static const char corpus[] = "lockstep: 1\nisa: riscv64\ngenerate:\n  - {rows: [%s], count: %u}\n";

/* One pass over all cases: how many there were, 0 when something failed. */
static uint64_t pass(struct panel *p, const char *text, bool judge)
{
    struct case_filter all = {.seed = 1};
    struct diag d = {.out = stderr};
    struct outcome out[LINEUP_MAX];
    struct judgement j = {0};
    const struct test_case *c;
    uint64_t n = 0;
    struct case_stream *s = case_stream_open_text("bench", text, strlen(text), &all, &d);
    for (; s && case_stream_next(s, &c) == 1; n++) {
        if (judge)
            panel_judge(p, c, NULL, out, &j);
        else
            panel_run(p, c, NULL, out);
    }
    if (s) case_stream_close(s);
    buf_free(&j.detail);
    diag_free(&d);
    return n;
}

static void cases(struct bench_state *s, const void *arg)
{
    const char *name = bench_get(arg, "oracle", NULL);
    struct lineup l = {.entries = {{.backend = &backend_interp}}, .n = 1};
    char text[400];
    uint64_t n = 0;
    const struct backend *oracle = name ? backend_find(name) : NULL;
    const char *why = oracle ? backend_cannot_run(oracle) : NULL;
    if (why) {
        bench_skip(s, why);
        return;
    }
    if (oracle) l.entries[l.n++] = (struct lineup_entry){.backend = oracle, .oracle = true};
    snprintf(text, sizeof(text), corpus, bench_get(arg, "rows", ""), (unsigned)bench_work(300));
    struct panel *p = panel_open(&l);
    while (bench_next(s)) n += pass(p, text, oracle);
    if (!n) bench_skip(s, "no case ran");
    bench_items(s, n);
    panel_close(p);
}

static const struct schema_key keys[] = {
    {"rows", &bench_text, true, "Patterns of rows, separated by commas."},
    {"oracle", &bench_text, false, "The backend that judges; without one, nobody does."},
};

const struct bench_kind cases_kinds[] = {
    {"cases", cases, bench_register, keys, ARRAY_LEN(keys)},
    /* its time is not in this process */
    {"cases-by-the-clock", cases, bench_register_once, keys, ARRAY_LEN(keys)},
    {NULL, NULL, NULL, NULL, 0},
};
