/* Generated sequences: the same from everywhere, made of instructions only, and alive: they run far, loop,
 * reach every row, and mostly come to their end. */
#include "harness/corpus/corpus_test.h"
#include "harness/generate/fill.h"

#include <inttypes.h>

enum { COUNT = 400 };

static const struct guest *rv;
static struct generator gen;
static uint64_t wanted[64];

static int setup(void **state)
{
    rv = guest_find("riscv64");
    if (!rv) return -1;
    rows_select(rv, "*", false, wanted);
    gen = (struct generator){.guest = rv,
                             .rows = wanted,
                             .seed = 11,
                             .sequence = true,
                             .shortest = 10,
                             .longest = 120,
                             .loops = GEN_LOOPS};
    return 0;
}

static uint64_t hash_of(struct gen_sequencer *q, uint64_t n, struct gen_out *out)
{
    gen_sequence(q, n, "p/", out);
    uint64_t h = hash_bytes(out->c.code, out->c.code_size, hash_str(out->c.id, out->c.steps));
    for (unsigned i = 0; i < out->c.nin; i++) h = hash_bytes(out->c.in[i].value, 8, h);
    return h;
}

static void test_independent(void **state)
{
    static struct gen_out out;
    struct gen_sequencer *a = gen_sequencer_open(&gen), *b = gen_sequencer_open(&gen);
    uint64_t hashes[30];
    for (unsigned i = 0; i < 30; i++) hashes[i] = hash_of(a, i, &out);
    for (unsigned i = 30; i-- > 0;) assert_int_equal(hash_of(b, i, &out), hashes[i]);
    assert_int_not_equal(hashes[3], hashes[4]);
    gen_sequencer_close(a);
    gen_sequencer_close(b);
}

/* Counts the rows of a sequence; everything in it is an instruction. */
static unsigned count_rows(const struct test_case *c, unsigned *rows)
{
    unsigned n = 0;
    for (unsigned at = 0; at < c->code_size; n++) {
        uint32_t word = 0;
        memcpy(&word, c->code + at, c->code_size - at < 4 ? c->code_size - at : 4);
        int row = rv->decode(word);
        assert_true(row >= 0);
        rows[row]++;
        at += rv->length(word);
        assert_true(at <= c->code_size);
    }
    return n;
}

static void test_reach(void **state)
{
    static struct gen_out out;
    struct gen_sequencer *q = gen_sequencer_open(&gen);
    unsigned *rows = xcalloc(rv->nrows, sizeof(*rows)), missing = 0;
    for (uint64_t n = 0; n < COUNT; n++) {
        gen_sequence(q, n, "p/", &out);
        unsigned count = count_rows(&out.c, rows);
        assert_true(count >= 5 && out.c.code_size <= GEN_MAX_CODE);
    }
    for (unsigned i = 0; i < rv->nrows; i++) {
        const struct guest_row *r = &rv->rows[i];
        bool must = !r->absent && !(r->effects & (EFFECT_JUMP | EFFECT_RAISE | EFFECT_SYNC | EFFECT_CSR));
        missing += must && !rows[i];
    }
    assert_true(missing < 6); /* c.addi16sp, and rows of which hardly any encoding is their own */
    free(rows);
    gen_sequencer_close(q);
}

static void test_alive(void **state)
{
    static struct gen_out out;
    const char *why;
    struct gen_sequencer *q = gen_sequencer_open(&gen);
    struct runner *r = runner_open(&backend_interp, rv, &why);
    struct outcome o;
    unsigned ended = 0, looped = 0, budget = 0;
    assert_non_null(r);
    for (uint64_t n = 0; n < COUNT; n++) {
        gen_sequence(q, n, "p/", &out);
        runner_run(r, &out.c, &o);
        budget += o.exit.kind == EXIT_BUDGET;
        ended += o.exit.kind == EXIT_FAULT && o.exit.pc == out.c.code_at + out.c.code_size;
        looped += o.exit.executed > out.c.code_size / 2;
    }
    assert_true(ended + budget > COUNT * 6 / 10);
    assert_true(ended > COUNT / 10 && budget > COUNT / 10 && looped > COUNT / 20);
    runner_close(r);
    gen_sequencer_close(q);
}

/* All flows that they are made for come, soon, and `until: full` stops there. */
static void test_flows(void **state)
{
    struct arena a = {0};
    struct gen_filled f, less;
    struct gen_sequencer *q = gen_sequencer_open(&gen);
    const struct bins *flows = flows_make(rv, &a);
    struct bin_hits made = gen_sequencer_flows(q, flows);
    unsigned n = 0, open = 0, before = 0;
    gen_fill_sequences(&gen, 0, GEN_FULL, &f);
    gen_fill_sequences(&gen, 0, f.cases - 1, &less);
    for (unsigned i = 0; i < flows->n; i++) {
        n += bin_was_hit(&made, i);
        open += bin_was_hit(&made, i) && !bin_was_hit(&f.hit, i);
        before += bin_was_hit(&made, i) && !bin_was_hit(&less.hit, i);
    }
    assert_in_range(n, 300, 400);
    assert_int_equal(open, 0);
    assert_true(before > 0);
    assert_in_range(f.cases, n / 4, 8000);
    gen_sequencer_close(q);
    arena_free(&a);
}

/* As in generate_test: the same from every compiler. */
static void test_same_everywhere(void **state)
{
    static struct gen_out out;
    struct gen_sequencer *q = gen_sequencer_open(&gen);
    uint64_t hash = 0, known = 0x87af6b839fbea211;
    for (uint64_t n = 0; n < COUNT; n++) hash = hash * 31 + hash_of(q, n, &out);
    if (hash != known) fail_msg("0x%016" PRIx64, hash);
    gen_sequencer_close(q);
}

static void test_refused(void **state)
{
    check_refused(HEAD "generate:\n- {kind: sequence, rows: rv.ecall}\n",
                  "t.yaml:4:3: error: none of these rows can stand in a sequence\n");
    check_refused(HEAD "generate:\n- {kind: sequence, rows: rv.add, shortest: 20, longest: 10}\n",
                  "t.yaml:4:3: error: 'shortest' is 20, and 'longest' 10\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_independent),     cmocka_unit_test(test_reach),
        cmocka_unit_test(test_alive),           cmocka_unit_test(test_flows),
        cmocka_unit_test(test_same_everywhere), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
