/* Single-instruction cases a second, in one thread: generated from every row of the table, run, and judged;
 * on the interpreter alone, and against each oracle. Making the case is part of the time. */
#include "bench/bench.h"

#include "harness/harness.h"
#include "harness/run/lineup.h"

#include <string.h>

static const char corpus[] = "lockstep: 1\nisa: riscv64\ngenerate:\n  - {rows: [%s], count: 300}\n";

/* The lineup of one benchmark. */
struct lineup_choice {
    const char *rows;   /* patterns of rows, separated by commas */
    const char *oracle; /* a backend's name, or NULL */
    bool judge;         /* compare what came out */
};

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
    const struct lineup_choice *choice = arg;
    struct lineup l = {.entries = {{&backend_interp, false}}, .n = 1};
    char text[400];
    uint64_t n = 0;
    const struct backend *oracle = choice->oracle ? backend_find(choice->oracle) : NULL;
    const char *why = oracle ? backend_cannot_run(oracle) : NULL;
    if (why) {
        bench_skip(s, why);
        return;
    }
    if (oracle) l.entries[l.n++] = (struct lineup_entry){oracle, true};
    snprintf(text, sizeof(text), corpus, choice->rows);
    struct panel *p = panel_open(&l);
    while (bench_next(s)) n += pass(p, text, choice->judge);
    if (!n) bench_skip(s, "no case ran");
    bench_items(s, n);
    panel_close(p);
}

void bench_cases(void)
{
    static const struct lineup_choice alone = {"\"rv.*\"", NULL, false};
    static const char some[] = "rv.add*, rv.sub*, rv.mul*, \"rv.f*.d\", rv.lw, rv.sd";
    static const struct lineup_choice unicorn = {some, "unicorn", true}, qemu = {some, "qemu", true};
    bench_register("cases/interp", cases, &alone);
    bench_register("cases/interp_unicorn", cases, &unicorn);
    bench_register_once("cases/interp_qemu", cases, &qemu); /* its time is not in this process */
}
