/* For tests of verdicts: one case, written as in a corpus, judged by a lineup. */
#ifndef HARNESS_JUDGE_TEST_H
#define HARNESS_JUDGE_TEST_H

#include "harness/testing.h"

#include <string.h>

/* A verdict with its text, from one case and a lineup. */
struct trial {
    struct judgement j;                  /* the verdict */
    struct outcome outcomes[LINEUP_MAX]; /* results; their pointers are dead */
};

/* `item` is a case without its id, as in a corpus: "code: nop". */
static inline struct trial judge_text(const struct lineup *l, const char *item)
{
    struct trial t = {0};
    struct buf text = {0};
    struct diag d = {0};
    struct case_filter every = {0};
    const struct test_case *c;
    buf_printf(&text, "lockstep: 1\nisa: riscv64\ncases:\n  - {id: x, %s}\n", item);
    struct case_stream *s = case_stream_open_text("t.yaml", text.p, text.len, &every, &d);
    assert_non_null(s);
    if (case_stream_next(s, &c) != 1) fail_msg("%s", buf_cstr(&d.text));
    struct panel *p = panel_open(l);
    panel_judge(p, c, NULL, t.outcomes, &t.j);
    panel_close(p);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&text);
    return t;
}

/* The failure's text holds each of these, in this order. */
static inline void expect_text(const struct lineup *l, const char *item, const char *const *parts)
{
    struct trial t = judge_text(l, item);
    const char *at = buf_cstr(&t.j.detail);
    for (; *parts; parts++) {
        at = strstr(at, *parts);
        if (!at) {
            fail_msg("no '%s' in\n%s", *parts, buf_cstr(&t.j.detail));
            return;
        }
        at += strlen(*parts);
    }
    buf_free(&t.j.detail);
}
#define EXPECT_TEXT(l, item, ...) expect_text(l, item, (const char *const[]){__VA_ARGS__, NULL})

#endif
