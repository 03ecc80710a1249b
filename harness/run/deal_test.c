/* Pieces: each case once, early ones first, handed on in order, and never more than the window under way. */
#include "harness/testing.h"
#include "harness/run/deal.h"

#include <stdlib.h>

/* Deals everything to `hands` workers that end in a random order, and looks at what is handed on. */
static void play(uint64_t first, uint64_t end, uint64_t batch, const uint64_t *early, size_t nearly,
                 unsigned hands, struct rng *rng)
{
    struct deal d;
    struct piece *at[8] = {0};
    uint64_t next = first;
    size_t started = 0, told = 0;
    uint64_t order[8] = {0};
    for (size_t i = 0; i < nearly; i++) order[i % 8] = early[i];
    deal_open(&d, first, end, batch, 2 * hands + 2, early, nearly);
    while (!deal_over(&d)) {
        for (unsigned i = 0; i < hands; i++) {
            if (at[i] || !(at[i] = deal_next(&d))) continue;
            assert_in_range(at[i]->count, 1, batch);
            assert_false(at[i]->done);
            if (started++ < nearly) assert_int_equal(at[i]->first, order[(started - 1) % 8]);
        }
        unsigned i = (unsigned)(rng_next(rng) % hands);
        if (!at[i]) continue;
        at[i]->done = true;
        at[i] = NULL;
        for (struct piece *p; (p = deal_told(&d)); told++) assert_int_equal(p->first, order[told % 8]);
        for (struct piece *p; (p = deal_emit(&d, false)); next += p->count) {
            assert_true(p->done);
            assert_int_equal(p->first, next);
        }
    }
    assert_int_equal(next, end);
    assert_int_equal(told, nearly);
    assert_null(deal_next(&d));
    assert_null(deal_emit(&d, true));
    deal_close(&d);
}

static void test_orders(void **state)
{
    static const uint64_t some[] = {99, 10, 11, 12, 50, 98}, ends[] = {11, 10, 99}, middle[] = {40};
    struct rng rng = {1};
    for (unsigned hands = 1; hands <= 8; hands++)
        for (uint64_t batch = 1; batch < 200; batch = batch * 3 + 1) {
            play(10, 100, batch, some, ARRAY_LEN(some), hands, &rng);
            play(10, 100, batch, ends, ARRAY_LEN(ends), hands, &rng);
            play(40, 41, batch, middle, 1, hands, &rng);
            play(0, 7, batch, NULL, 0, hands, &rng);
        }
}

/* What is not done holds up what comes behind it, so dealing stops at the window. */
static void test_window(void **state)
{
    struct deal d;
    deal_open(&d, 0, 100, 10, 3, (const uint64_t[]){95}, 1);
    struct piece *early = deal_next(&d), *a = deal_next(&d), *b = deal_next(&d), *c = deal_next(&d);
    assert_int_equal(early->first, 95);
    assert_int_equal(c->first, 20);
    b->done = c->done = early->done = true;
    assert_null(deal_next(&d));
    assert_null(deal_emit(&d, false));
    assert_ptr_equal(deal_told(&d), early);
    assert_null(deal_told(&d));
    a->done = true;
    assert_ptr_equal(deal_emit(&d, false), a);
    assert_int_equal(deal_next(&d)->first, 30);
    deal_close(&d);
}

/* After an early end, everything that was dealt is handed on in order, done or not. */
static void test_rest(void **state)
{
    struct deal d;
    deal_open(&d, 0, 100, 10, 4, (const uint64_t[]){95, 5}, 2);
    for (unsigned i = 0; i < 4; i++) assert_non_null(deal_next(&d));
    static const uint64_t order[] = {0, 5, 6, 95};
    for (unsigned i = 0; i < 4; i++) assert_int_equal(deal_emit(&d, true)->first, order[i]);
    assert_null(deal_emit(&d, true));
    deal_close(&d);
}

/* Large pieces first, shares of what is left then, the smallest ones in the end. */
static void test_taper(void **state)
{
    static const uint64_t counts[] = {20, 20, 15, 11, 8, 6, 5, 5, 5, 5};
    struct deal d;
    deal_open(&d, 0, 100, 20, ARRAY_LEN(counts) + 1, NULL, 0);
    deal_taper(&d, 4, 5);
    for (unsigned i = 0; i < ARRAY_LEN(counts); i++) assert_int_equal(deal_next(&d)->count, counts[i]);
    assert_null(deal_next(&d));
    deal_close(&d);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_taper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
