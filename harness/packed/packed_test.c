/* A case comes out of a packed corpus as it went in: every field, in the same order, selected and passed over
 * alike. */
#include "harness/packed/packed_test.h"

#include <malloc.h>

/* ---- two cases are the same ---- */

static bool same_regs(const struct case_reg *a, const struct case_reg *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (a[i].ref.reg != b[i].ref.reg || a[i].ref.index != b[i].ref.index ||
            memcmp(a[i].value, b[i].value, a[i].ref.reg->words * sizeof(uint64_t)))
            return false;
    return true;
}

static bool same_mem(const struct case_mem *a, const struct case_mem *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (a[i].at != b[i].at || a[i].size != b[i].size || a[i].perm != b[i].perm ||
            !a[i].data != !b[i].data || (a[i].data && memcmp(a[i].data, b[i].data, a[i].size)))
            return false;
    return true;
}

static bool same_exit(const struct cpu_exit *a, const struct cpu_exit *b)
{
    return a->kind == b->kind && a->cause == b->cause && a->pc == b->pc && a->value == b->value &&
           a->executed == b->executed && a->why == b->why && a->lost == b->lost;
}

/* The first field in which they differ, or NULL. */
static const char *difference(const struct test_case *a, const struct test_case *b)
{
    const struct case_truth *t = &a->truth, *u = &b->truth;
    if (strcmp(a->id, b->id)) return "id";
    if (a->guest != b->guest) return "guest";
    if (a->row != b->row) return "row";
    if (strcmp(a->at.file, b->at.file) || a->at.line != b->at.line || a->at.col != b->at.col) return "at";
    if (strcmp(a->why, b->why)) return "why";
    if (a->code_at != b->code_at) return "code_at";
    if (a->code_size != b->code_size || memcmp(a->code, b->code, a->code_size)) return "code";
    if (a->steps != b->steps) return "steps";
    if (a->nin != b->nin || !same_regs(a->in, b->in, a->nin)) return "in";
    if (a->nmem != b->nmem || !same_mem(a->mem, b->mem, a->nmem)) return "mem";
    if (a->has_truth != b->has_truth) return "has_truth";
    if (t->nregs != u->nregs || !same_regs(t->regs, u->regs, t->nregs)) return "truth.regs";
    if (t->nmem != u->nmem || !same_mem(t->mem, u->mem, t->nmem)) return "truth.mem";
    if (t->has_exit != u->has_exit || !same_exit(&t->exit, &u->exit)) return "truth.exit";
    if (t->has_value != u->has_value || t->has_pc != u->has_pc) return "truth.has_*";
    if (t->rest_unchanged != u->rest_unchanged) return "truth.rest_unchanged";
    if (a->generated != b->generated) return "generated";
    if (b->corpus.file && strcmp(b->corpus.file + strlen(b->corpus.file) - 14, "/manifest.yaml"))
        return "corpus";
    return a->position == b->position ? NULL : "position";
}

/* Both corpora side by side, `skip` cases passed over behind each: how many were compared. */
static unsigned compare(const char *one, const char *two, const struct case_filter *f, uint64_t skip)
{
    struct diag d = {.out = stderr};
    struct case_stream *s = case_stream_open(&one, 1, f, &d), *t = case_stream_open(&two, 1, f, &d);
    const struct test_case *a, *b;
    unsigned n = 0;
    int more = 1;
    assert_true(s && t);
    while (more == 1) {
        more = case_stream_next(s, &a);
        assert_int_equal(case_stream_next(t, &b), more);
        const char *field = more == 1 ? difference(a, b) : NULL;
        if (field) fail_msg("%s: another %s", a->id, field);
        n += more == 1;
        if (skip) assert_int_equal(case_stream_skip(s, skip), case_stream_skip(t, skip));
    }
    assert_int_equal(more, 0);
    case_stream_close(s);
    case_stream_close(t);
    diag_free(&d);
    return n;
}

/* ---- everything there is ---- */

static const struct case_filter all = {0};

static void test_corpora(void **state)
{
    (void)pack("corpora/riscv64", at("corpora"));
    assert_true(compare("corpora/riscv64", at("corpora"), &all, 0) > 150000);
}

static const char every[] = HEAD "generate:\n"
                                 "- {rows: '*', count: 70}\n"
                                 "- {rows: '*', count: 20, values: random, seed: 5}\n"
                                 "- {rows: '*', kind: sequence, count: 60}\n";

static void test_generated(void **state)
{
    put("every.yaml", every);
    (void)pack(at("every.yaml"), at("every"));
    assert_true(compare(at("every.yaml"), at("every"), &all, 0) > 20000);
}

/* ---- selections ---- */

/* All kinds of cases, ids and truths; more than a block of them. */
static const char mixed[] = HEAD
    "cases:\n"
    "- id: one\n  why: \"quotes \\\" and\\nlines\"\n  code: addi a0, a0, 1\n  in: {a0: 1, fflags: NX, ft0: "
    "'f64(1.5)'}\n"
    "  out: {a0: 2}\n"
    "- id: two\n  code: lw a0, 0(a1)\n  in: {a1: 0x22000}\n"
    "  out: {exit: {cause: load-access, value: 0x22000}}\n"
    "- id: three\n  code: '0x00000000'\n  out: {exit: illegal, rest: any}\n"
    "- id: four\n  code: sw a0, 0(a1)\n  at: 0x10ffc\n  in: {a1: 0x40000}\n  mem:\n"
    "  - {at: 0x40000, size: 0x2000, perm: rw}\n  - {at: 0x20010, u32: [1, -1]}\n"
    "  - {at: 0x41000, fill: 0, size: 9}\n  out: {mem: [{at: 0x40000, u32: 0}]}\n"
    "- id: five\n  code: |\n    addi a0, a0, 1\n    beqz a0, . - 4\n  steps: 7\n  out: {pc: 0x10000, exit: "
    "budget}\n"
    "- {id: six, code: nop}\n"
    "matrix:\n- {id: 'm-$v', with: {v: [1, 2, 3]}, code: 'li a0, $v', out: {a0: '$v'}}\n"
    "generate:\n- {rows: [rv.add, rv.lw, rv.fadd.s], count: 700}\n- {rows: rv.add, count: 20, seed: 1}\n",
                  /* an id that is a row's, right behind cases of it */
    named[] = HEAD
    "generate:\n- {rows: rv.add, count: 3}\ncases:\n- {id: rv.add, code: nop}\n- {id: rv.add2, code: nop}\n";

static void test_selections(void **state)
{
    static const char *const some[] = {"*/m-*", "*rv.lw/1?", "*/two"}, *const row[] = {
                                                                           "riscv64/mixed/rv.add/*"};
    static const struct {
        struct case_filter f; /* what is taken */
        unsigned least;       /* cases, at least */
    } rows[] = {
        {{0}, 2129},
        {{.globs = some, .nglobs = 3}, 14},
        {{.globs = row, .nglobs = 1}, 720},
        {{.nshards = 3, .shard = 0}, 600},
        {{.nshards = 3, .shard = 1, .check = true}, 600},
        {{.nshards = 3, .shard = 2, .globs = row, .nglobs = 1}, 200},
        {{.check = true}, 2129},
    };
    put("mixed.yaml", mixed);
    (void)pack(at("mixed.yaml"), at("mixed"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned n = compare(at("mixed.yaml"), at("mixed"), &rows[i].f, 0);
        if (n < rows[i].least) fail_msg("selection %zu has %u cases", i, n);
        for (uint64_t skip = 1; skip < 4000; skip = skip * 7 + 1)
            (void)compare(at("mixed.yaml"), at("mixed"), &rows[i].f, skip);
    }
}

/* A reader holds a block and the case at hand, however many there are. */
static void test_bounded(void **state)
{
    const char *path = at("every");
    struct diag d = {0};
    const struct test_case *c;
    put("every.yaml", every);
    (void)pack(at("every.yaml"), path);
    struct case_stream *s = case_stream_open(&path, 1, &all, &d);
    size_t before = 0, most = 0;
    for (uint64_t n = 0; case_stream_next(s, &c) > 0; n++) {
        size_t now = mallinfo2().uordblks;
        if (n == 2000) before = now;
        if (n > 2000 && now > most) most = now;
    }
    assert_int_equal(d.errors, 0);
    if (most > before) assert_in_range(most - before, 0, 2 * PACKED_FULL);
    case_stream_close(s);
    diag_free(&d);
}

/* Also the manifest by its name, beside YAML files, included by one, and packed once more. */
static void test_places(void **state)
{
    put("mixed.yaml", mixed);
    struct packed_manifest once = pack(at("mixed.yaml"), at("p"));
    (void)compare(at("mixed.yaml"), at("p/manifest.yaml"), &all, 0);
    put("named.yaml", named);
    (void)pack(at("named.yaml"), at("named"));
    assert_int_equal(compare(at("named.yaml"), at("named"), &all, 0), 5);
    put("in.yaml", "lockstep: 1\ninclude: p/manifest.yaml\n");
    (void)compare(at("mixed.yaml"), at("in.yaml"), &all, 0);
    struct packed_manifest twice = pack(at("p"), at("again"));
    (void)compare(at("mixed.yaml"), at("again"), &all, 0);
    assert_int_equal(once.records, twice.records);
    assert_int_equal(once.bytes, twice.bytes);
    (void)pack(at("again"), at("again")); /* over itself */
    (void)compare(at("mixed.yaml"), at("again"), &all, 0);
}

/* The format does not change unseen, nor with the compiler or the machine: other bytes are another version.
 * Rows and generators may change, so these cases are written by hand. */
static void test_bytes_are_the_same_everywhere(void **state)
{
    struct buf text = {0};
    buf_add(&text, mixed, (size_t)(strstr(mixed, "generate:") - mixed));
    put("fixed.yaml", text.p);
    buf_free(&text);
    struct packed_manifest m = pack(at("fixed.yaml"), at("fixed"));
    assert_int_equal(m.cases, 9);
    assert_int_equal(m.records, 0xe2072fd8443d4d07u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpora),    cmocka_unit_test(test_generated),
        cmocka_unit_test(test_selections), cmocka_unit_test(test_bounded),

        cmocka_unit_test(test_places),     cmocka_unit_test(test_bytes_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
