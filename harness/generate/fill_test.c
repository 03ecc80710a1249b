/* `until: full`: the bins are full when it says so, not before, and everybody finds the same number. */
#include "harness/corpus/corpus_test.h"
#include "harness/generate/fill.h"

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static unsigned row_index(const char *id)
{
    return (unsigned)(guest_row_find(rv, id) - rv->rows);
}

static struct gen_plan plan_of(const char *id)
{
    struct generator gen = {.guest = rv, .seed = 5};
    struct gen_plan p;
    assert_true(gen_plan_init(&p, &gen, row_index(id)));
    return p;
}

/* Bins of a row, in an arena of their own. */
struct row_bins {
    struct arena arena;   /* where they are */
    const struct bins *b; /* they */
};

static struct row_bins bins_of(const char *id)
{
    struct row_bins r = {{0}, NULL};
    r.b = bins_make(rv, row_index(id), &r.arena);
    return r;
}

static unsigned open_bins(const struct bins *b, const struct gen_filled *f)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) n += !bin_needs_run(b, i) && !bin_was_hit(&f->hit, i);
    return n;
}

/* Rows of every kind get full with far fewer cases than the most; one case less leaves a bin open. */
static void test_full(void **state)
{
    static const char *const ids[] = {
        "rv.add", "rv.addi", "rv.c.addi", "rv.fadd.s", "rv.fmadd.d",
        "rv.beq", "rv.jalr", "rv.csrrs" /* with no register but beside CSRs that may be refused */};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct gen_plan p = plan_of(ids[i]);
        struct row_bins r = bins_of(ids[i]);
        struct gen_filled f, less;
        gen_fill(r.b, &p, 0, GEN_FULL, &f);
        assert_int_equal(open_bins(r.b, &f), 0);
        assert_true(f.cases > 10 && f.cases < GEN_FULL);
        gen_fill(r.b, &p, 0, f.cases - 1, &less);
        assert_true(open_bins(r.b, &less) > 0);
        gen_fill(r.b, &p, 0, f.cases, &less);
        assert_int_equal(open_bins(r.b, &less), 0);
        arena_free(&r.arena);
    }
}

/* Every fourth case crosses classes, all pairs of three operands in as many cases as of two, so that few are
 * enough. */
static void test_few(void **state)
{
    static const char *const ids[] = {"rv.fmadd.s", "rv.fadd.h", "rv.fsgnj.d", "rv.mul", "rv.c.add"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct gen_plan p = plan_of(ids[i]);
        uint64_t cases = gen_fill_count(NULL, &p, 0, GEN_FULL);
        if (cases > 4 * 13 * 13) fail_msg("%s: %lu cases", ids[i], (unsigned long)cases);
    }
}

static unsigned bin_called(const struct bins *b, const char *name)
{
    struct buf text = {0};
    unsigned found = b->n;
    for (unsigned i = 0; i < b->n; i++) {
        buf_reset(&text);
        bins_name(b, i, &text);
        if (!strcmp(text.p, name)) found = i;
    }
    buf_free(&text);
    assert_true(found < b->n);
    return found;
}

/* An access over the start of a region, also of an instruction that must be aligned. A base that is always
 * zero is used where the first page is there; elsewhere the instruction faults, and has shown nothing. */
static void test_addresses(void **state)
{
    struct gen_plan p = plan_of("rv.amoadd.w");
    struct row_bins r = bins_of("rv.amoadd.w");
    struct gen_filled f;
    unsigned zero = bin_called(r.b, "rs1=zero"), hit = 0, spoiled = 0;
    gen_fill(r.b, &p, 0, GEN_FULL, &f);
    assert_int_equal(open_bins(r.b, &f), 0);
    assert_true(bin_was_hit(&f.hit, bin_called(r.b, "address over start")));
    for (uint64_t n = 0; n < 500; n++) {
        gen_fill(r.b, &p, n, 1, &f);
        hit += bin_was_hit(&f.hit, zero);
        spoiled += bin_was_hit(&f.spoiled, zero);
        assert_true(!(bin_was_hit(&f.hit, zero) && bin_was_hit(&f.spoiled, zero)));
    }
    assert_true(hit > 3 && spoiled > 3);
    arena_free(&r.arena);
}

/* A case with a reserved rounding mode, or while floating point is off, shows no value. */
static void test_reserved_rounding(void **state)
{
    struct gen_plan p = plan_of("rv.fadd.s");
    struct row_bins r = bins_of("rv.fadd.s");
    unsigned reserved = 0;
    for (uint64_t n = 0; n < 200; n++) {
        struct gen_filled f;
        unsigned values = 0;
        bool bad = false;
        gen_fill(r.b, &p, n, 1, &f);
        for (unsigned i = 0; i < r.b->n; i++) {
            const struct bin_group *g = &r.b->groups[r.b->list[i].group];
            if (!bin_was_hit(&f.hit, i)) continue;
            values += g->kind == BIN_CLASS;
            bad |= g->kind == BIN_ROUND && r.b->list[i].raw / ROUND_CONTROLS == 7 &&
                   r.b->list[i].raw % ROUND_CONTROLS > 4;
            bad |= g->kind == BIN_SWITCH;
        }
        assert_int_equal(values, bad ? 0 : 2);
        reserved += bad;
    }
    assert_true(reserved > 5 && reserved < 100);
    arena_free(&r.arena);
}

static void test_remembered(void **state)
{
    struct gen_fills *known = gen_fills_new();
    struct gen_plan p = plan_of("rv.sub");
    uint64_t cases = gen_fill_count(NULL, &p, 0, GEN_FULL), later = gen_fill_count(NULL, &p, 100, GEN_FULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gen_fill_count(known, &p, 0, GEN_FULL), cases);
        assert_int_equal(gen_fill_count(known, &p, 100, GEN_FULL), later);
        assert_true(gen_fill_count(known, &p, 0, 7) <= 7);
    }
    assert_int_not_equal(cases, later);
    gen_fills_free(known);
}

/* In a corpus: the same cases as without it, fewer of them, and passing over them agrees. */
static void test_corpus(void **state)
{
    static const char full[] =
        HEAD "generate:\n- {rows: [rv.add, rv.c.nop], until: full}\n- {rows: rv.add, count: 3}\n";
    struct gen_plan p = plan_of("rv.add");
    struct generator gen = {.guest = rv};
    struct rng none = {0};
    gen.seed = rng_next(&none);
    assert_true(gen_plan_init(&p, &gen, row_index("rv.add")));
    uint64_t cases = gen_fill_count(NULL, &p, 0, GEN_FULL);
    struct loaded *l = load(full);
    uint64_t n = case_stream_skip(l->s, UINT64_MAX);
    check_messages(&l->d, "");
    assert_int_equal(n, cases + 3 + GEN_SAME_CASES);
    unload(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),       cmocka_unit_test(test_few),
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_reserved_rounding),
        cmocka_unit_test(test_remembered), cmocka_unit_test(test_corpus),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
