/* For tests of the input half: corpus text in, cases or messages out. */
#ifndef HARNESS_CORPUS_CORPUS_TEST_H
#define HARNESS_CORPUS_CORPUS_TEST_H

#include "harness/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UNUSED_OK __attribute__((unused))
#define HEAD      "lockstep: 1\nisa: riscv64\n"

/* A stream over text, with its messages; the stream points to `d`, so it never moves. */
struct loaded {
    struct diag d;             /* messages */
    struct case_stream *s;     /* NULL: it did not open */
    const struct test_case *c; /* the case at hand */
    int got;                   /* what case_stream_next said */
};

static UNUSED_OK struct loaded *load_filtered(const char *text, const struct case_filter *f)
{
    struct loaded *l = xcalloc(1, sizeof(*l));
    l->s = case_stream_open_text("t.yaml", text, strlen(text), f, &l->d);
    return l;
}

static UNUSED_OK struct loaded *load(const char *text)
{
    struct case_filter none = {0};
    return load_filtered(text, &none);
}

static UNUSED_OK bool next(struct loaded *l)
{
    l->got = l->s ? case_stream_next(l->s, &l->c) : -1;
    return l->got > 0;
}

static UNUSED_OK void unload(struct loaded *l)
{
    case_stream_close(l->s);
    diag_free(&l->d);
    free(l);
}

/* The only case of the text; unload() afterwards. */
static UNUSED_OK struct loaded *load_one(const char *text)
{
    struct loaded *l = load(text);
    if (!next(l)) fail_msg("no case: %s", buf_cstr(&l->d.text));
    return l;
}

/* Lines of `all` that begin a message, without source lines and carets. */
static UNUSED_OK char *messages(const char *all)
{
    struct buf b = {0};
    while (*all) {
        size_t n = strcspn(all, "\n");
        if (*all != ' ') buf_printf(&b, "%.*s\n", (int)n, all);
        all += n + (all[n] == '\n');
    }
    return b.p ? b.p : xstrdup("");
}

static UNUSED_OK void check_messages(const struct diag *d, const char *expected)
{
    char *got = messages(buf_cstr(&d->text));
    assert_string_equal(got, expected);
    free(got);
}

/* Reading all of the text reports exactly this; lines of a message are compared, not the source they show. */
static UNUSED_OK void check_refused(const char *text, const char *expected)
{
    struct loaded *l = load(text);
    while (next(l)) {
    }
    check_messages(&l->d, expected);
    if (l->got != -1) fail_msg("accepted: %s", text);
    unload(l);
}

/* The value before of a register of the case, or ~0 where it is not set. */
static UNUSED_OK uint64_t value_in(const struct test_case *c, const char *name)
{
    struct guest_reg_ref r = guest_reg_find(c->guest, name);
    for (unsigned i = 0; i < c->nin; i++)
        if (c->in[i].ref.reg == r.reg && c->in[i].ref.index == r.index) return c->in[i].value[0];
    return ~0ull;
}

static UNUSED_OK uint64_t value_out(const struct test_case *c, const char *name)
{
    struct guest_reg_ref r = guest_reg_find(c->guest, name);
    for (unsigned i = 0; i < c->truth.nregs; i++)
        if (c->truth.regs[i].ref.reg == r.reg && c->truth.regs[i].ref.index == r.index)
            return c->truth.regs[i].value[0];
    return ~0ull;
}

#endif
