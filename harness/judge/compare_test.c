/* Verdicts: who is wrong, who says so, and what the text of a failure shows. */
#include "harness/judge/judge_test.h"

static const struct lineup alone = {.entries = {{&faulty, false, NULL}}, .n = 1};
static const struct lineup pair = {.entries = {{&faulty, false, NULL}, {&reference, true, NULL}}, .n = 2};
static const struct lineup twins = {.entries = {{&faulty, false, NULL}, {&reference, false, NULL}}, .n = 2};
static const struct lineup with_liar = {.entries = {{&faulty, false, NULL}, {&liar, true, NULL}}, .n = 2};
static const struct lineup all = {
    .entries = {{&faulty, false, NULL}, {&reference, true, NULL}, {&liar, true, NULL}}, .n = 3};

static void expect(const struct lineup *l, const char *item, enum verdict verdict, unsigned checked,
                   bool dissent)
{
    struct trial t = judge_text(l, item);
    if (t.j.verdict != verdict || t.j.checked != checked || t.j.dissent != dissent)
        fail_msg("%s: %s, checked %u, dissent %d\n%s%s", item, verdict_name(t.j.verdict), t.j.checked,
                 t.j.dissent, buf_cstr(&t.j.detail), t.j.skip ? t.j.skip : "");
    assert_int_equal(t.j.detail.len != 0, verdict == VERDICT_FAIL || dissent);
    assert_int_equal(t.j.skip != NULL, verdict == VERDICT_SKIP);
    buf_free(&t.j.detail);
}

enum { M = CHECKED_MANUAL, O = CHECKED_ORACLE };

#define ADD   "code: 'add a0, a1, a2', in: {a1: 40, a2: 2"
#define WRONG ", a7: 5}"
#define LIE   ", a7: 8}"
#define FINE  "}"

static void test_oracle(void **state)
{
    expect(&pair, ADD FINE, VERDICT_PASS, O, false);
    expect(&pair, ADD WRONG, VERDICT_FAIL, O, false);
    expect(&with_liar, ADD LIE, VERDICT_FAIL, O, false);
    expect(&all, ADD LIE, VERDICT_FAIL, O, false);
    expect(&pair, "code: 'sd a0, 0(a1)', in: {a1: 0x20000, a7: 9}", VERDICT_FAIL, O, false);
}

static void test_truth(void **state)
{
    expect(&alone, ADD FINE ", out: {a0: 42}", VERDICT_PASS, M, false);
    expect(&alone, ADD FINE ", out: {a0: 43}", VERDICT_FAIL, M, false);
    expect(&alone, ADD WRONG ", out: {a0: 42}", VERDICT_FAIL, M, false);
    /* what the truth does not name must not change, unless it says so */
    expect(&alone, ADD FINE ", out: {}", VERDICT_FAIL, M, false);
    expect(&alone, ADD FINE ", out: {rest: any}", VERDICT_PASS, M, false);
    expect(&alone, ADD FINE ", out: {a0: 42, pc: 0x10008}", VERDICT_FAIL, M, false);
}

static void test_truth_memory(void **state)
{
    static const char store[] = "code: 'sd a0, 0(a1)', in: {a0: 0x1122, a1: 0x20010}, ";
    static const struct {
        const char *out;      /* the truth */
        enum verdict verdict; /* that follows */
    } rows[] = {
        {"out: {mem: [{at: 0x20010, u64: 0x1122}]}", VERDICT_PASS},
        {"out: {mem: [{at: 0x20010, u64: 0x1123}]}", VERDICT_FAIL},
        {"out: {mem: [{at: 0x20010, u32: 0x1122}]}", VERDICT_FAIL}, /* the other four bytes changed too */
        {"out: {mem: [{at: 0x20010, u32: 0x1122}], rest: any}", VERDICT_PASS},
        {"out: {}", VERDICT_FAIL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char item[256];
        snprintf(item, sizeof(item), "%s%s", store, rows[i].out);
        expect(&alone, item, rows[i].verdict, M, false);
    }
    /* bytes that the case brought are how memory was before */
    expect(&alone, "code: nop, mem: [{at: 0x20000, u8: [1, 2]}], out: {}", VERDICT_PASS, M, false);
    expect(&alone, "code: nop, mem: [{at: 0x20000, u8: [1, 2]}], in: {a7: 9}, out: {}", VERDICT_FAIL, M,
           false);
}

static void test_truth_exit(void **state)
{
    static const char load[] = "code: 'lw a0, 0(a1)', in: {a1: 0x40000}, out: {exit: ";
    static const struct {
        const char *exit;     /* the truth */
        enum verdict verdict; /* that follows */
    } rows[] = {
        {"load-access}", VERDICT_PASS},
        {"{cause: load-access, value: 0x40000}}", VERDICT_PASS},
        {"{cause: load-access, value: 0x40001}}", VERDICT_FAIL},
        {"store-access}", VERDICT_FAIL},
        {"illegal}", VERDICT_FAIL},
        {"budget}", VERDICT_FAIL},
        {"load-access, pc: 0x10004}", VERDICT_FAIL},
        {"load-access, pc: 0x10000}", VERDICT_PASS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char item[256];
        snprintf(item, sizeof(item), "%s%s", load, rows[i].exit);
        expect(&alone, item, rows[i].verdict, M, false);
    }
}

/* The truth outranks an oracle: one that disagrees is noted, and only what the truth leaves open is asked of
 * it. */
static void test_truth_outranks(void **state)
{
    expect(&pair, ADD FINE ", out: {a0: 42}", VERDICT_PASS, M | O, false);
    expect(&with_liar, ADD LIE ", out: {a0: 42}", VERDICT_PASS, M | O, true);
    expect(&with_liar, ADD LIE ", out: {a0: 43}", VERDICT_FAIL, M | O,
           false); /* the liar happens to say 43 */
    expect(&with_liar, ADD LIE ", out: {a1: 40, rest: any}", VERDICT_FAIL, M | O, false);
    expect(&pair, ADD FINE ", out: {a0: 43}", VERDICT_FAIL, M | O,
           true); /* against all: the truth is right */
}

/* An oracle that ends otherwise than the truth says has nothing to say about the rest. */
static void give_up(struct vcpu *c, uint64_t budget)
{
    (void)budget;
    cpu_fault(c, 0, 0);
}
TESTING_BACKEND(quitter, true, true, give_up);

static void test_oracle_that_ends_otherwise(void **state)
{
    static const struct lineup l = {.entries = {{&faulty, false, NULL}, {&quitter, true, NULL}}, .n = 2};
    expect(&l, ADD FINE, VERDICT_FAIL, O, false);
    expect(&l, ADD FINE ", out: {a0: 42}", VERDICT_PASS, M, true);
    expect(&l, ADD FINE ", out: {a0: 42, rest: any}", VERDICT_PASS, M, true);
}

static void test_skips(void **state)
{
    static const struct {
        const struct lineup *l; /* who */
        const char *item, *why; /* case, and the reason */
    } rows[] = {
        {&alone, ADD FINE, "no oracle can run it and no truth given"},
        {&pair, ADD ", a7: 6}", "it is tired"},
        {&pair, "code: '0x0000a057'", "the instruction is not done yet (status: absent)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trial t = judge_text(rows[i].l, rows[i].item);
        if (!t.j.skip) fail_msg("%s: %s", rows[i].item, verdict_name(t.j.verdict));
        assert_int_equal(t.j.verdict, VERDICT_SKIP);
        assert_string_equal(t.j.skip, rows[i].why);
        buf_free(&t.j.detail);
    }
    /* nobody is an oracle, but they cannot both be right */
    expect(&twins, ADD FINE, VERDICT_PASS, CHECKED_PEER, false);
    expect(&twins, ADD WRONG, VERDICT_FAIL, CHECKED_PEER, false);
}

/* A backend that breaks down costs the case, whoever else agreed. */
static void break_down(struct vcpu *c, uint64_t budget)
{
    testing_run(c, budget);
    c->exit = (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = "it broke", .lost = true};
}
TESTING_BACKEND(breaker, true, true, break_down);

static void test_break_down(void **state)
{
    static const struct lineup l = {
        .entries = {{&faulty, false, NULL}, {&reference, true, NULL}, {&breaker, true, NULL}}, .n = 3};
    struct trial t = judge_text(&l, ADD FINE ", out: {a0: 42}");
    assert_int_equal(t.j.verdict, VERDICT_CRASH);
    assert_string_equal(t.j.skip, "it broke");
    buf_free(&t.j.detail);
}

static void test_text(void **state)
{
    EXPECT_TEXT(&pair, ADD WRONG, "faulty differs from reference\n", "before", "faulty", "reference",
                "\n  a0 ", "0000000000000000", "000000000000012a", "000000000000002a");
    EXPECT_TEXT(&all, ADD LIE ", out: {a0: 41}", "  faulty, reference differ from the manual; ",
                "liar differs from the manual\n", "  a0 ", "2a", "2a", "2b", "29");
    EXPECT_TEXT(&alone,
                "code: 'fadd.d fa0, fa1, fa2', in: {fa1: f64(1), fa2: f64(1e-300)}, out: {fa0: f64(1)}",
                "fflags", " - ", "NX", "-\n");
    EXPECT_TEXT(&pair, "code: 'sd a0, 0(a1)', in: {a1: 0x20000, a7: 9}", "memory 0x20123, 2 bytes\n",
                "before", "faulty        55 aa\n", "reference ");
    EXPECT_TEXT(&alone, "code: 'lw a0, 0(a1)', in: {a1: 0x40000}, out: {exit: illegal}", "exit\n",
                "faulty        fault load-access 0x40000\n", "manual        fault illegal\n");
    EXPECT_TEXT(
        &pair, "code: 'li a0, 1; li a7, 5; addi a0, a0, 1', in: {a7: 5}",
        "first difference after instruction 1, at 0x10000: addi a0, zero, 1 (rv.addi, specs/riscv64/i.yaml:");
}

/* The first line names whoever stands alone; the manual outranks any number, oracles are right in a tie. */
TESTING_BACKEND(second, false, true, testing_run);
TESTING_BACKEND(quiet, true, true, give_up);

static void test_vote(void **state)
{
    static const struct lineup four = {.entries = {{&faulty, false, NULL},
                                                   {&second, false, NULL},
                                                   {&reference, true, NULL},
                                                   {&liar, true, NULL}},
                                       .n = 4};
    static const struct lineup three = {
        .entries = {{&faulty, false, NULL}, {&liar, true, NULL}, {&quiet, true, NULL}}, .n = 3};
    EXPECT_TEXT(&four, ADD WRONG, "  faulty alone differs from second, reference, liar\n");
    EXPECT_TEXT(&four, ADD LIE, "  liar alone differs from faulty, second, reference\n");
    EXPECT_TEXT(&four, ADD LIE ", out: {a0: 42}",
                "  liar alone differs from the manual, faulty, second, reference\n");
    EXPECT_TEXT(&four, ADD LIE ", out: {a0: 43}",
                "  faulty, second, reference differ from the manual, liar\n");
    EXPECT_TEXT(&four, ADD LIE ", out: {a0: 44}",
                "  faulty, second, reference differ from the manual; liar differs from the manual\n");
    EXPECT_TEXT(&twins, ADD WRONG, "  reference differs from faulty\n"); /* neither is an oracle here */
    EXPECT_TEXT(&three, ADD LIE, "  faulty differs from liar; quiet differs from liar\n");
}

const struct backend *const backend_all[] = {&liar, &quiet, NULL}; /* as quirks name them */
const struct backend *backend_find(const char *name)
{
    return !strcmp(name, "liar") ? &liar : !strcmp(name, "quiet") ? &quiet : NULL;
}

/* What a quirk explains is no disagreement; who ends by one has no vote. */
static void test_vote_with_quirks(void **state)
{
    static const char text[] = "lockstep: 1\nisa: riscv64\nquirks:\n"
                               "  - {id: a, backend: liar, rows: rv.add, mask: rd, why: w, evidence: e}\n"
                               "  - {id: b, backend: quiet, rows: rv.add, mask: exit, why: w, evidence: e}\n";
    struct lineup l = {.entries = {{&faulty, false, NULL},
                                   {&second, false, NULL},
                                   {&reference, true, NULL},
                                   {&liar, true, NULL},
                                   {&quiet, true, NULL}},
                       .n = 5};
    struct diag d = {0};
    struct quirks *q = quirks_load_text("q.yaml", text, strlen(text), 0, &d);
    if (!q) fail_msg("%s", buf_cstr(&d.text));
    EXPECT_TEXT(&l, ADD WRONG, "  faulty differs from second, reference, liar; quiet differs from ");
    l.quirks = q;
    EXPECT_TEXT(&l, ADD WRONG, "  faulty alone differs from second, reference, liar\n");
    expect(&l, ADD LIE, VERDICT_PASS, O, false);
    quirks_free(q);
    diag_free(&d);
}

/* Every register differs: the list ends somewhere and says so. */
static void wreck(struct vcpu *c, uint64_t budget)
{
    testing_run(c, budget);
    for (unsigned i = 0; i < c->guest->nregs; i++)
        for (unsigned k = 0; k < c->guest->regs[i].count; k++)
            if ((int)k != c->guest->regs[i].zero)
                c->state[c->guest->regs[i].word + k * c->guest->regs[i].words] ^= 1;
}
TESTING_BACKEND(wrecker, false, true, wreck);

static void test_many_differences(void **state)
{
    static const struct lineup l = {.entries = {{&wrecker, false, NULL}, {&reference, true, NULL}}, .n = 2};
    EXPECT_TEXT(&l, "code: nop", "\n  ra ", "\n  t6 ", "\n  ft0 ", "… and more\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_truth_memory),
        cmocka_unit_test(test_truth_exit),
        cmocka_unit_test(test_truth_outranks),
        cmocka_unit_test(test_oracle_that_ends_otherwise),
        cmocka_unit_test(test_skips),
        cmocka_unit_test(test_break_down),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_vote),
        cmocka_unit_test(test_vote_with_quirks),
        cmocka_unit_test(test_many_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
