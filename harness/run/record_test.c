/* Frames and records: what goes in comes out, and what is cut or wrong is noticed. */
#include "harness/run/record.h"

#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct record sample(void)
{
    return (struct record){
        .number = 0x123456789abc,
        .verdict = VERDICT_FAIL,
        .checked = CHECKED_MANUAL | CHECKED_ORACLE,
        .dissent = true,
        .ran = 5,
        .nquirks = 2,
        .quirks = {7, 70000},
        .line = 12,
        .id = "riscv64/m/div",
        .guest = "riscv64",
        .row = "rv.div",
        .ext = "M",
        .file = "m.yaml",
        .exit = "budget",
        .reason = "",
        .detail = "a\nb\n",
        .bins = "rv.div 1f",
    };
}

/* The record of the first frame, as the coder hears it. */
static struct record hear_one(struct record_coder *c, const struct buf *b, size_t at, long *size)
{
    enum frame_kind kind;
    const char *body;
    size_t n;
    struct record r;
    *size = frame_next(b->p + at, b->len - at, &kind, &body, &n);
    assert_true(*size > 0);
    assert_int_equal(kind, FRAME_RECORD);
    assert_true(record_hear(c, body + sizeof(uint32_t), n - sizeof(uint32_t), &r));
    return r;
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->checked, b->checked);
    assert_int_equal(a->dissent, b->dissent);
    assert_int_equal(a->generated, b->generated);
    assert_int_equal(a->ran, b->ran);
    assert_int_equal(a->nquirks, b->nquirks);
    assert_memory_equal(a->quirks, b->quirks, a->nquirks * sizeof(*a->quirks));
    assert_int_equal(a->line, b->line);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->micros, b->micros);
    for (unsigned i = 0; i < RECORD_TEXTS; i++)
        assert_string_equal(*record_text((struct record *)(uintptr_t)a, i),
                            *record_text((struct record *)(uintptr_t)b, i));
}

/* Told one after the other, and afresh in between, each is heard as it was; the second costs little. */
static void test_round_trip(void **state)
{
    struct record in[4] = {sample(), sample(), sample(), sample()};
    struct record_coder teller = {.afresh = true}, hearer = {0};
    struct record_listener listener = {0};
    struct buf b = {0};
    size_t at = 0, sizes[ARRAY_LEN(in)];
    in[1].id = "riscv64/m/divw";
    in[1].line = -3;
    in[1].position = 1ull << 40;
    in[1].nquirks = 0;
    in[2].detail = "";
    in[2].micros = UINT32_MAX;
    for (unsigned i = 0; i < ARRAY_LEN(in); i++) {
        size_t before = b.len;
        if (i == 3) teller.afresh = true;
        record_encode(&teller, &in[i], &b);
        sizes[i] = b.len - before;
    }
    assert_true(sizes[1] < sizes[0] / 2);
    assert_in_range(sizes[3], sizes[0] - 2, sizes[0] + 2);
    for (unsigned i = 0; i < ARRAY_LEN(in); i++) {
        long size;
        assert_true(record_check(&listener, b.p + at + 9, sizes[i] - 9));
        struct record r = hear_one(&hearer, &b, at, &size);
        assert_same(&r, &in[i]);
        at += (size_t)size;
    }
    record_coder_free(&teller);
    record_coder_free(&hearer);
    buf_free(&b);
}

/* Every beginning of a frame is "not complete yet"; every shortened body is refused. */
static void test_incomplete(void **state)
{
    struct record in = sample(), out;
    struct record_coder c = {.afresh = true}, hearer = {0};
    struct buf b = {0};
    enum frame_kind kind;
    const char *body;
    size_t n;
    record_encode(&c, &in, &b);
    for (size_t len = 0; len < b.len; len++) assert_int_equal(frame_next(b.p, len, &kind, &body, &n), 0);
    assert_int_equal(frame_next(b.p, b.len, &kind, &body, &n), b.len);
    for (size_t len = 0; len < n - sizeof(uint32_t); len++) {
        struct record_listener listener = {0};
        assert_false(record_hear(&hearer, body + sizeof(uint32_t), len, &out));
        assert_false(record_check(&listener, body + sizeof(uint32_t), len));
    }
    record_coder_free(&c);
    record_coder_free(&hearer);
    buf_free(&b);
}

/* What a listener takes, whoever hears it takes, whatever it is. */
static void test_nonsense(void **state)
{
    enum frame_kind kind;
    const char *body;
    size_t n;
    assert_int_equal(frame_next("\0\0\0\0\1", 5, &kind, &body, &n), -EPROTO);         /* empty */
    assert_int_equal(frame_next("\377\377\377\377\1", 5, &kind, &body, &n), -EPROTO); /* too long */
    assert_int_equal(frame_next("\1\0\0\0\0", 5, &kind, &body, &n), -EPROTO);         /* no such kind */
    assert_int_equal(frame_next("\1\0\0\0\11", 5, &kind, &body, &n), -EPROTO);
    struct record_coder c = {.afresh = true}, hearer = {0};
    struct record_listener listener = {0};
    struct record in = sample(), out;
    struct buf b = {0}, second = {0};
    struct rng rng = {7};
    unsigned taken = 0;
    record_tell(&c, &in, &b);
    in.id = "riscv64/m/rem";
    record_tell(&c, &in, &second);
    assert_false(record_check(&listener, second.p, second.len)); /* told against what was not heard */
    assert_true(record_check(&listener, b.p, b.len));
    assert_true(record_hear(&hearer, b.p, b.len, &out));
    for (unsigned i = 0; i < 20000; i++) {
        struct buf *which = rng_next(&rng) % 2 ? &b : &second;
        size_t at = rng_next(&rng) % which->len;
        char bit = (char)(1 << rng_next(&rng) % 8);
        which->p[at] ^= bit;
        bool good = record_check(&listener, which->p, which->len);
        if (good) assert_true(record_hear(&hearer, which->p, which->len, &out));
        taken += good;
        which->p[at] ^= bit;
        if (good) continue;
        assert_true(record_check(&listener, b.p, b.len)); /* both begin again */
        assert_true(record_hear(&hearer, b.p, b.len, &out));
    }
    assert_in_range(taken, 1, 19999);
    record_coder_free(&c);
    record_coder_free(&hearer);
    buf_free(&b);
    buf_free(&second);
}

/* Long texts are cut, never in the middle of a character. */
static void test_cut(void **state)
{
    char *longer = xmalloc(3 * RECORD_MAX_DETAIL + 1);
    for (int shift = 0; shift < 4; shift++) {
        struct record in = sample();
        struct buf b = {0};
        long size;
        memset(longer, 'x', (size_t)shift);
        longer[shift] = 0;
        while (strlen(longer) < 2 * RECORD_MAX_DETAIL) strcat(longer + strlen(longer), "→");
        in.detail = longer;
        struct record_coder c = {.afresh = true}, hearer = {0};
        record_encode(&c, &in, &b);
        struct record r = hear_one(&hearer, &b, 0, &size);
        size_t len = strlen(r.detail);
        assert_in_range(len, RECORD_MAX_DETAIL - 6, RECORD_MAX_DETAIL);
        assert_int_equal((len - (size_t)shift) % 3, 0);
        assert_string_equal(r.detail + len - 3, "…");
        assert_memory_equal(r.detail, longer, len - 3);
        record_encode(&c, &in, &b); /* again: told against what was cut */
        r = hear_one(&hearer, &b, (size_t)size, &size);
        assert_int_equal(strlen(r.detail), len);
        assert_memory_equal(r.detail, longer, len - 3);
        record_coder_free(&c);
        record_coder_free(&hearer);
        buf_free(&b);
    }
    free(longer);
}

static void test_null_texts(void **state)
{
    struct record in = {.id = "x"};
    struct buf b = {0};
    struct record_coder c = {.afresh = true}, hearer = {0};
    long size;
    record_encode(&c, &in, &b);
    struct record r = hear_one(&hearer, &b, 0, &size);
    assert_string_equal(r.id, "x");
    assert_string_equal(r.reason, "");
    assert_string_equal(r.detail, "");
    record_coder_free(&c);
    record_coder_free(&hearer);
    buf_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_incomplete), cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_null_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
