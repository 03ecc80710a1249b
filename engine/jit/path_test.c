/* Where hot code went: what a sample says of each of its instructions. */
#include "engine/jit/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct jit_path *path(void)
{
    return xcalloc(1, sizeof(struct jit_path));
}

static void step(struct jit_path *p, uint64_t pc)
{
    assert_true(p->n < ARRAY_LEN(p->pc));
    p->pc[p->n++] = pc;
}

/* A loop of three instructions, whose branch at 8 leaves for 0x20 every fourth time. */
static struct jit_path *loop(unsigned rounds)
{
    struct jit_path *p = path();
    for (unsigned i = 0; i < rounds; i++) {
        step(p, 0);
        step(p, 4);
        step(p, 8);
        if (i % 4 == 3) step(p, 0x20);
    }
    jit_path_sites(p);
    return p;
}

static void each_place_is_counted(void **state)
{
    struct jit_path *p = loop(40);
    assert_int_equal(jit_site(p, 0)->count, 40);
    assert_int_equal(jit_times(p, 0, 4), 40);
    assert_int_equal(jit_site(p, 8)->count, 40);
    assert_int_equal(jit_times(p, 8, 0), 30);
    assert_int_equal(jit_times(p, 8, 0x20), 10);
    assert_int_equal(jit_site(p, 8)->to[jit_likeliest(jit_site(p, 8))], 0);
    assert_int_equal(jit_site(p, 8)->changes, 19); /* to and fro each time but the last, which goes nowhere */
    free(p);
}

/* The last address is of an instruction that did not run. */
static void the_end_did_not_run(void **state)
{
    struct jit_path *p = loop(4);
    assert_null(jit_site(p, 0x20));
    assert_int_equal(jit_times(p, 8, 0x20), 1);
    free(p);
}

static void nothing_is_known_of_other_places(void **state)
{
    struct jit_path *p = loop(40);
    assert_null(jit_site(p, 2));
    assert_null(jit_site(p, 0x1000));
    assert_int_equal(jit_times(p, 0x1000, 0), 0);
    assert_int_equal(jit_times(p, 0, 8), 0);
    free(p);
}

static void paths_may_be_empty(void **state)
{
    struct jit_path *p = path();
    jit_path_sites(p);
    assert_null(jit_site(p, 0));
    step(p, 0);
    jit_path_sites(p);
    assert_null(jit_site(p, 0));
    free(p);
}

/* An indirect jump: the first places are told apart, and the others still count as visits. */
static void more_places_than_are_kept(void **state)
{
    enum { PLACES = JIT_NEXT + 3, ROUNDS = 20 };
    struct jit_path *p = path();
    for (unsigned i = 0; i < ROUNDS * PLACES; i++) {
        step(p, 0x100);
        step(p, 0x1000 + i % PLACES * 0x10);
    }
    jit_path_sites(p);
    const struct jit_site *s = jit_site(p, 0x100);
    assert_int_equal(s->count, ROUNDS * PLACES);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(jit_times(p, 0x100, 0x1000 + i * 0x10), i < JIT_NEXT ? ROUNDS : 0);
    assert_int_equal(s->changes, ROUNDS * PLACES - 1);
    free(p);
}

/* The longest sample, of instructions each of which is somewhere else: every bucket that there may be. */
static void a_path_may_be_all_different(void **state)
{
    struct jit_path *p = path();
    for (uint64_t i = 0; i <= JIT_PATH; i++) step(p, i * 0x9e3779b97f4a7c15u & ~1ull);
    jit_path_sites(p);
    for (uint32_t i = 0; i < JIT_PATH; i++) {
        assert_int_equal(jit_site(p, p->pc[i])->count, 1);
        assert_int_equal(jit_times(p, p->pc[i], p->pc[i + 1]), 1);
    }
    free(p);
}

/* What an earlier sample left is gone. */
static void sites_are_found_anew(void **state)
{
    struct jit_path *p = loop(40);
    p->n = 0;
    step(p, 0x100);
    step(p, 0x104);
    jit_path_sites(p);
    assert_null(jit_site(p, 0));
    assert_int_equal(jit_site(p, 0x100)->count, 1);
    free(p);
}

static void the_likeliest_place_wins(void **state)
{
    struct jit_site s = {.count = 9, .times = {2, 4, 3}, .to = {0x10, 0x20, 0x30}};
    assert_int_equal(jit_likeliest(&s), 1);
    s.times[0] = 4;
    assert_int_equal(jit_likeliest(&s), 0); /* the first of equals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_is_counted),
        cmocka_unit_test(the_end_did_not_run),
        cmocka_unit_test(nothing_is_known_of_other_places),
        cmocka_unit_test(paths_may_be_empty),
        cmocka_unit_test(more_places_than_are_kept),
        cmocka_unit_test(a_path_may_be_all_different),
        cmocka_unit_test(sites_are_found_anew),
        cmocka_unit_test(the_likeliest_place_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
