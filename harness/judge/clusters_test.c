/* Failures grouped by cause: counted, the smallest as the example, in bounded memory. */
#include "harness/judge/clusters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add(struct clusters *c, enum verdict v, const char *row, const char *reason, const char *id,
                const char *detail)
{
    clusters_add(c, &(struct record){
                        .verdict = v, .row = row, .reason = reason, .id = id, .file = "f", .detail = detail});
}

static void test_groups(void **state)
{
    struct clusters c = {0};
    (void)state;
    add(&c, VERDICT_FAIL, "rv.add", "rv.add: rd: a differs from b", "1", "long");
    add(&c, VERDICT_CRASH, "rv.add", "a died of SIGSEGV", "2", "");
    add(&c, VERDICT_CRASH, "rv.sub", "a died of SIGSEGV", "3", "");
    add(&c, VERDICT_FAIL, "rv.sub", "rv.sub: rd: a differs from b", "4", "x");
    add(&c, VERDICT_FAIL, "", "rv.add: rd: a differs from b", "5", "x");
    add(&c, VERDICT_FAIL, "", "rv.add: rd: a differs from b", "6", "y");
    clusters_sort(&c);
    assert_int_equal(c.n, 4);
    assert_string_equal(c.items[0].cause, "rv.add: rd: a differs from b");
    assert_int_equal(c.items[0].n, 3);
    assert_string_equal(c.items[0].id, "5");
    assert_string_equal(cluster_example(&c.items[0]).detail, "x"); /* of the shortest */
    assert_string_equal(c.items[1].cause, "rv.add: a died of SIGSEGV");
    assert_string_equal(cluster_example(&c.items[3]).id, "4");
    clusters_free(&c);
}

static void expect_cause(const struct clusters *c, unsigned i, uint64_t n, const char *cause)
{
    assert_true(i < c->n);
    assert_string_equal(c->items[i].cause, cause);
    assert_int_equal(c->items[i].n, n);
}

/* Who stands alone makes a cause; who else was there does not, and is named all the same. */
static void test_parties(void **state)
{
    struct clusters c = {0};
    (void)state;
    static const char *const reasons[] = {
        "r: rd: a differs from b",
        "r: rd: a alone differs from b, o",
        "r: rd: a alone differs from the manual, b, q",
        "r: rd: a differs from the manual",
        "r: rd: a, b differ from o",
        "r: rd: a, b differ from the manual",
        "r: rd: a differs from o; b differs from o",
        "r: rd: a differs from the manual; b differs from the manual",
        "r: rd: b alone differs from a, o",
        "r: rd, f[NX]: a alone differs from b, o",
        "(no instruction): exit budget or fault illegal: a differs from b",
        "cut off: in the middle: of a sen…",
    };
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++) add(&c, VERDICT_FAIL, "r", reasons[i], "x", "d");
    clusters_sort(&c);
    assert_int_equal(c.n, 7);
    expect_cause(&c, 0, 4, "r: rd: a alone differs from the manual, b, o, q");
    expect_cause(&c, 1, 2, "r: rd: a differs from the manual, o; b differs from the manual, o");
    expect_cause(&c, 2, 2, "r: rd: a, b differ from the manual, o");
    expect_cause(&c, 3, 1, reasons[10]);
    expect_cause(&c, 4, 1, reasons[11]);
    expect_cause(&c, 5, 1, reasons[9]);
    expect_cause(&c, 6, 1, reasons[8]);
    clusters_free(&c);
}

/* What a majority decides in some cases and the manual the other way in others is one cause: the manual's. */
static void test_decided(void **state)
{
    struct clusters c = {0};
    (void)state;
    add(&c, VERDICT_FAIL, "r", "r: rd: o alone differs from a, b", "1", "x");
    add(&c, VERDICT_FAIL, "r", "r: rd: o alone differs from a, b", "2", "xx");
    add(&c, VERDICT_FAIL, "r", "s: rd: o alone differs from a, b", "3", "xxx");
    add(&c, VERDICT_FAIL, "r", "r: rd: o alone differs from the manual, a", "4", "xxx");
    add(&c, VERDICT_FAIL, "r", "r: rs: o alone differs from a, b", "5", "xxx");
    add(&c, VERDICT_FAIL, "r", "r: rs: a, b differ from the manual", "6", "xxx"); /* o was not there */
    clusters_sort(&c);
    assert_int_equal(c.n, 4); /* nothing was decided */
    clusters_free(&c);
    add(&c, VERDICT_FAIL, "r", "r: rd: o alone differs from a, b", "1", "x");
    add(&c, VERDICT_FAIL, "r", "s: rd: o alone differs from a, b", "2", "xxx");
    add(&c, VERDICT_FAIL, "r", "r: rd: o alone differs from a, b", "3", "xxx");
    add(&c, VERDICT_FAIL, "r", "r: rd: a, b differ from the manual, o", "4", "xx");
    clusters_sort(&c);
    assert_int_equal(c.n, 2);
    expect_cause(&c, 0, 3, "r: rd: a, b differ from the manual, o");
    assert_string_equal(c.items[0].id, "4"); /* it shows what the manual says */
    expect_cause(&c, 1, 1, "s: rd: o alone differs from a, b");
    clusters_free(&c);
}

static void test_bounded(void **state)
{
    struct clusters c = {0};
    (void)state;
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 2 * CLUSTERS_MAX; i++) {
            char reason[32];
            snprintf(reason, sizeof(reason), "cause %u", i);
            add(&c, VERDICT_FAIL, "", reason, "id", "");
        }
    assert_int_equal(c.n, CLUSTERS_MAX);
    assert_int_equal(c.others, 2 * CLUSTERS_MAX);
    clusters_sort(&c);
    for (unsigned i = 0; i < c.n; i++) assert_int_equal(c.items[i].n, 2);
    clusters_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_parties),
        cmocka_unit_test(test_decided),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
