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
    };
}

static struct record decode_one(const struct buf *b, long *size)
{
    enum frame_kind kind;
    const char *body;
    size_t n;
    struct record r;
    *size = frame_next(b->p, b->len, &kind, &body, &n);
    assert_true(*size > 0);
    assert_int_equal(kind, FRAME_RECORD);
    assert_true(record_decode(body, n, &r));
    return r;
}

static void test_round_trip(void **state)
{
    struct record in = sample();
    struct buf b = {0};
    long size;
    record_encode(&in, &b);
    record_encode(&in, &b);
    struct record r = decode_one(&b, &size);
    assert_int_equal(size * 2, b.len);
    assert_int_equal(r.number, in.number);
    assert_int_equal(r.verdict, in.verdict);
    assert_int_equal(r.checked, in.checked);
    assert_true(r.dissent);
    assert_int_equal(r.ran, 5);
    assert_int_equal(r.nquirks, 2);
    assert_int_equal(r.quirks[1], 70000);
    assert_int_equal(r.line, 12);
    assert_string_equal(r.id, in.id);
    assert_string_equal(r.guest, in.guest);
    assert_string_equal(r.row, in.row);
    assert_string_equal(r.ext, in.ext);
    assert_string_equal(r.file, in.file);
    assert_string_equal(r.exit, in.exit);
    assert_string_equal(r.reason, "");
    assert_string_equal(r.detail, in.detail);
    buf_free(&b);
}

/* Every beginning of a frame is "not complete yet"; every shortened body is refused. */
static void test_incomplete(void **state)
{
    struct record in = sample(), out;
    struct buf b = {0};
    enum frame_kind kind;
    const char *body;
    size_t n;
    record_encode(&in, &b);
    for (size_t len = 0; len < b.len; len++) assert_int_equal(frame_next(b.p, len, &kind, &body, &n), 0);
    assert_int_equal(frame_next(b.p, b.len, &kind, &body, &n), b.len);
    for (size_t len = 0; len < n; len++) assert_false(record_decode(body, len, &out));
    buf_free(&b);
}

static void test_nonsense(void **state)
{
    enum frame_kind kind;
    const char *body;
    size_t n;
    assert_int_equal(frame_next("\0\0\0\0\1", 5, &kind, &body, &n), -EPROTO);         /* empty */
    assert_int_equal(frame_next("\377\377\377\377\1", 5, &kind, &body, &n), -EPROTO); /* too long */
    assert_int_equal(frame_next("\1\0\0\0\0", 5, &kind, &body, &n), -EPROTO);         /* no such kind */
    assert_int_equal(frame_next("\1\0\0\0\11", 5, &kind, &body, &n), -EPROTO);
    struct record in = sample(), out;
    struct buf b = {0};
    record_encode(&in, &b);
    b.p[5 + offsetof(struct record, number)] ^= 1; /* numbers are not checked here */
    assert_true(record_decode(b.p + 5, b.len - 5, &out));
    buf_free(&b);
    in.verdict = (enum verdict)77;
    record_encode(&in, &b);
    assert_false(record_decode(b.p + 5, b.len - 5, &out));
    buf_free(&b);
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
        record_encode(&in, &b);
        struct record r = decode_one(&b, &size);
        size_t len = strlen(r.detail);
        assert_in_range(len, RECORD_MAX_DETAIL - 6, RECORD_MAX_DETAIL);
        assert_int_equal((len - (size_t)shift) % 3, 0);
        assert_string_equal(r.detail + len - 3, "…");
        assert_memory_equal(r.detail, longer, len - 3);
        buf_free(&b);
    }
    free(longer);
}

static void test_null_texts(void **state)
{
    struct record in = {.id = "x"};
    struct buf b = {0};
    long size;
    record_encode(&in, &b);
    struct record r = decode_one(&b, &size);
    assert_string_equal(r.id, "x");
    assert_string_equal(r.reason, "");
    assert_string_equal(r.detail, "");
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
