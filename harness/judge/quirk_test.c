/* Quirks: what a row masks and what it leaves, which versions it is about, and the messages for broken rows.
 */
#include "harness/corpus/corpus_test.h"
#include "harness/judge/quirk.h"

/* Backends of the test's own, so that versions can be chosen. */
static const char *oracle_version(void)
{
    return "toy 2.0.1";
}

static const struct backend toy = {.name = "toy", .oracle = true, .version = oracle_version};
static const struct backend other = {.name = "other", .oracle = true, .version = oracle_version};
static const struct backend ours = {.name = "interp"};
const struct backend *const backend_all[] = {&toy, &other, &ours, NULL};

const struct backend *backend_find(const char *name)
{
    for (unsigned i = 0; backend_all[i]; i++)
        if (!strcmp(backend_all[i]->name, name)) return backend_all[i];
    return NULL;
}

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

enum { TODAY = 20908 /* 2027-03-31 */ };

#define QUIRK(rest) "- {id: q, backend: toy, why: w, evidence: e, " rest "}\n"

static struct quirks *quirks(const char *rows)
{
    struct diag d = {0};
    struct buf text = {0};
    buf_printf(&text, HEAD "quirks:\n%s", rows);
    struct quirks *q = quirks_load_text("q.yaml", text.p, text.len, TODAY, &d);
    if (!q) fail_msg("%s", buf_cstr(&d.text));
    diag_free(&d);
    buf_free(&text);
    return q;
}

/* A difference in a case, and which quirk explains it. */
struct scene {
    struct loaded *l;      /* the case */
    uint64_t *state;       /* after, of the oracle and of the other side */
    uint64_t *right_state; /* likewise */
    struct outcome theirs; /* of the oracle */
    struct outcome right;  /* of the other side */
};

static struct scene scene(const char *code, const char *in)
{
    struct scene s = {0};
    struct buf yaml = {0};
    buf_printf(&yaml,
               HEAD "cases:\n- {id: a, code: \"%s\", in: {%s}, out: {rest: any, exit: budget, fa0: 5}}\n",
               code, in);
    s.l = load_one(yaml.p);
    buf_free(&yaml);
    s.state = xcalloc(rv->state_words, 8);
    s.right_state = xcalloc(rv->state_words, 8);
    s.theirs = (struct outcome){.backend = &toy, .oracle = true, .state = s.state, .before = s.right_state};
    s.right = (struct outcome){.backend = &ours, .state = s.right_state, .before = s.right_state};
    return s;
}

static void scene_end(struct scene *s)
{
    unload(s->l);
    free(s->state);
    free(s->right_state);
}

static int find_reg(const struct quirks *q, const struct scene *s, const char *reg, uint64_t bits)
{
    struct diff d = {.what = DIFF_REG, .reg = guest_reg_find(rv, reg), .bits = bits};
    return quirk_find(q, s->l->c, &s->theirs, &s->right, &d);
}

static int find(const struct quirks *q, const struct scene *s, enum diff_what what)
{
    struct diff d = {.what = what};
    return quirk_find(q, s->l->c, &s->theirs, &s->right, &d);
}

/* Exactly the field, exactly the bits, exactly the rows. */
static void test_masks(void **state)
{
    struct quirks *q = quirks(QUIRK("rows: \"rv.f*.s\", mask: [\"rd[63:32]\", \"fflags[NX]\"]"));
    struct scene s = scene("fadd.s fa0, fa1, fa2", "");
    assert_int_equal(find_reg(q, &s, "fa0", 0xffffffff00000000), 0);
    assert_int_equal(find_reg(q, &s, "fa0", 0x8000000000000000), 0);
    assert_int_equal(find_reg(q, &s, "fa0", 0x80000000), -1);
    assert_int_equal(find_reg(q, &s, "fa0", 0x180000000), -1);
    assert_int_equal(find_reg(q, &s, "fa1", 0x8000000000000000), -1);
    assert_int_equal(find_reg(q, &s, "fflags", 1), 0);
    assert_int_equal(find_reg(q, &s, "fflags", 3), -1);
    assert_int_equal(find_reg(q, &s, "frm", 1), -1);
    assert_int_equal(find(q, &s, DIFF_MEM), -1);
    assert_int_equal(find(q, &s, DIFF_EXIT), -1);
    assert_int_equal(find(q, &s, DIFF_VALUE), -1);
    scene_end(&s);
    s = scene("fadd.d fa0, fa1, fa2", "");
    assert_int_equal(find_reg(q, &s, "fa0", 1ull << 63), -1);
    scene_end(&s);
    quirks_free(q);
}

static void test_whole(void **state)
{
    struct quirks *q =
        quirks("- {id: a, backend: other, why: w, evidence: e, rows: rv.add, mask: [rd]}\n"
               "- {id: b, backend: toy, why: w, evidence: e, rows: rv.add, mask: [exit, value, pc]}\n"
               "- {id: c, backend: toy, why: w, evidence: e, rows: rv.amocas.q, mask: \"rd[127:96]\"}\n");
    struct scene s = scene("add a0, a1, a2", "");
    assert_int_equal(find_reg(q, &s, "a0", 1), -1);
    assert_int_equal(find(q, &s, DIFF_EXIT), 1);
    assert_int_equal(find(q, &s, DIFF_VALUE), 1);
    assert_int_equal(find_reg(q, &s, "pc", ~0ull), 1);
    scene_end(&s);
    s = scene("amocas.q a0, a2, (a1)", "");
    assert_int_equal(find_reg(q, &s, "a0", 1ull << 40), -1);
    assert_int_equal(find_reg(q, &s, "a1", 1ull << 40), 2);
    assert_int_equal(find_reg(q, &s, "a1", 1ull << 31), -1);
    scene_end(&s);
    assert_int_equal(quirks_count(q), 3);
    assert_string_equal(quirk_id(q, 2), "c");
    assert_ptr_equal(quirk_backend(q, 0), &other);
    assert_null(quirk_case(q, 0));
    quirks_free(q);
}

static void test_conditions(void **state)
{
    struct quirks *q = quirks(QUIRK("rows: rv.fmin.s, when: snan32(rs1) || snan32(rs2), mask: [rd]"));
    struct scene s = scene("fmin.s fa0, fa1, fa2", "fa1: f32(1), fa2: f32(2)");
    assert_int_equal(find_reg(q, &s, "fa0", 1), -1);
    scene_end(&s);
    s = scene("fmin.s fa0, fa1, fa2", "fa1: f32(1), fa2: f32(snan)");
    assert_int_equal(find_reg(q, &s, "fa0", 1), 0);
    scene_end(&s);
    quirks_free(q);

    q = quirks(QUIRK("rows: rv.lw, when: \"theirs.exit == 'load-access' && ours.rd == 5\", mask: [exit]"));
    s = scene("lw a0, 0(a1)", "");
    s.right_state[10] = 5;
    assert_int_equal(find(q, &s, DIFF_EXIT), -1);
    s.theirs.exit =
        (struct cpu_exit){.kind = EXIT_FAULT, .cause = (unsigned)guest_cause_find(rv, "load-access")};
    assert_int_equal(find(q, &s, DIFF_EXIT), 0);
    s.right_state[10] = 6;
    assert_int_equal(find(q, &s, DIFF_EXIT), -1);
    scene_end(&s);
    quirks_free(q);
}

/* Against the truth of the case there is no other outcome. */
static void test_truth(void **state)
{
    struct quirks *q =
        quirks(QUIRK("rows: rv.fadd.s, when: \"ours.rd == 5 && ours.exit == 'budget'\", mask: [rd]"));
    struct scene s = scene("fadd.s fa0, fa1, fa2", "");
    struct diff d = {.what = DIFF_REG, .reg = guest_reg_find(rv, "fa0"), .bits = 1};
    assert_int_equal(quirk_find(q, s.l->c, &s.theirs, NULL, &d), 0);
    assert_int_equal(quirk_find(q, s.l->c, &s.theirs, &s.right, &d), -1);
    scene_end(&s);
    quirks_free(q);
}

/* In a sequence the instruction may stand anywhere; a condition is only known for the first. */
static void test_sequences(void **state)
{
    struct quirks *q = quirks(QUIRK("rows: rv.fadd.s, mask: [rd]"));
    struct quirks *when = quirks(QUIRK("rows: rv.fadd.s, when: rs1 == 0, mask: [rd]"));
    struct scene s = scene("nop; fadd.s fa3, fa1, fa2", "");
    assert_int_equal(find_reg(q, &s, "fa3", 1), 0);
    assert_int_equal(find_reg(q, &s, "fa1", 1), -1);
    assert_int_equal(find_reg(when, &s, "fa3", 1), -1);
    scene_end(&s);
    s = scene("fadd.s fa3, fa1, fa2; nop", "");
    assert_int_equal(find_reg(when, &s, "fa3", 1), 0);
    scene_end(&s);
    quirks_free(q);
    quirks_free(when);
}

static void test_unsupported(void **state)
{
    struct quirks *q =
        quirks("- {id: a, backend: toy, why: none of Zba, evidence: e, rows: ext:Zba, unsupported: true}\n"
               "- {id: b, backend: toy, why: no time, evidence: e, rows: rv.csrrs, when: csr == 0xc01,"
               " unsupported: true, case: riscv64/x/y}\n");
    struct scene s = scene("sh1add a0, a1, a2", "");
    unsigned i = 9;
    assert_string_equal(quirk_unsupported(q, &toy, s.l->c, &i), "none of Zba");
    assert_int_equal(i, 0);
    assert_null(quirk_unsupported(q, &other, s.l->c, &i));
    assert_int_equal(find_reg(q, &s, "a0", 1), -1);
    scene_end(&s);
    s = scene("nop; sh1add a0, a1, a2", "");
    assert_string_equal(quirk_unsupported(q, &toy, s.l->c, &i), "none of Zba");
    scene_end(&s);
    s = scene("csrrs a0, time, zero", "");
    assert_string_equal(quirk_unsupported(q, &toy, s.l->c, &i), "no time");
    assert_int_equal(i, 1);
    assert_string_equal(quirk_case(q, 1), "riscv64/x/y");
    scene_end(&s);
    s = scene("csrrs a0, cycle, zero", "");
    assert_null(quirk_unsupported(q, &toy, s.l->c, &i));
    scene_end(&s);
    quirks_free(q);
}

/* Code that is no instruction has no row and no operands, only bits. */
static void test_illegal(void **state)
{
    struct quirks *q =
        quirks(QUIRK("rows: illegal, when: \"word[15:13] == 4 && word[1:0] == 0\", mask: exit"));
    struct loaded *l = load_one(HEAD "cases:\n- {id: a, code: '0x9188', out: {exit: illegal}}\n"
                                     "- {id: b, code: '0x0000', out: {exit: illegal}}\n");
    struct outcome theirs = {.backend = &toy, .oracle = true};
    struct diff d = {.what = DIFF_EXIT};
    assert_int_equal(quirk_find(q, l->c, &theirs, NULL, &d), 0);
    assert_true(next(l));
    assert_int_equal(quirk_find(q, l->c, &theirs, NULL, &d), -1);
    unload(l);
    struct scene s = scene("add a0, a1, a2", "");
    assert_int_equal(find(q, &s, DIFF_EXIT), -1);
    scene_end(&s);
    quirks_free(q);
}

static void test_versions(void **state)
{
    static const struct {
        const char *spec, *have; /* texts */
        int match;               /* the answer */
    } rows[] = {
        {"<2.1.4", "2.0.1", 1},     {"<2.1.4", "2.1.4", 0},
        {"<2.1.4", "2.1.3", 1},     {"<2.1.4", "2.1", 1},
        {"<=2.1", "2.1.0", 1},      {"<=2.1", "2.1.1", 0},
        {">=2.0 <2.1", "2.0.1", 1}, {">=2.0 <2.1", "2.1", 0},
        {">2.0", "2.0", 0},         {">2.0", "2.0.1", 1},
        {"2.0", "2.0.1", 1},        {"2.0", "2.01", 0},
        {"=2.0", "2.0.1", 0},       {"=2.0.1", "toy 2.0.1", 1},
        {"2", "12.1", 0},           {"", "1", -1},
        {"new", "1", -1},           {"< 2", "1", -1},
        {"=>2", "1", -1},           {"<2.x", "1", -1},
        {"<10", "9.9", 1},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        if (quirk_version_matches(rows[i].spec, rows[i].have) != rows[i].match)
            fail_msg("'%s' and '%s'", rows[i].spec, rows[i].have);
    struct quirks *q = quirks(QUIRK("rows: rv.add, mask: rd, versions: \"<2.0.1\""));
    struct scene s = scene("add a0, a1, a2", "");
    assert_int_equal(find_reg(q, &s, "a0", 1), -1);
    assert_false(quirk_current(q, 0));
    quirks_free(q);
    q = quirks(QUIRK("rows: rv.add, mask: rd, versions: \"<2.0.2\""));
    assert_int_equal(find_reg(q, &s, "a0", 1), 0);
    assert_true(quirk_current(q, 0));
    quirks_free(q);
    scene_end(&s);
}

/* ---- mistakes ---- */

static void check_broken(const char *text, const char *expected)
{
    struct diag d = {0};
    struct quirks *q = quirks_load_text("q.yaml", text, strlen(text), TODAY, &d);
    if (q) fail_msg("accepted: %s", text);
    check_messages(&d, expected);
    diag_free(&d);
}

static void test_refused(void **state)
{
#define Q HEAD "quirks:\n"
    check_broken(Q QUIRK("rows: rv.ad, mask: rd"),
                 "q.yaml:4:52: error: riscv64 has no row 'rv.ad'; did you mean 'rv.add'?\n");
    check_broken(Q QUIRK("rows: [rv.add, rv.sw], mask: rd"),
                 "q.yaml:4:75: error: row rv.sw has no register operand 'rd'\n");
    check_broken(
        Q QUIRK("rows: rv.add, mask: [rd, foo]"),
        "q.yaml:4:71: error: 'foo' is no operand of these rows, no register, and none of mem, exit, value\n");
    check_broken(Q QUIRK("rows: rv.add, mask: \"rd[64]\""), "q.yaml:4:69: error: there are bits 63 to 0\n");
    check_broken(Q QUIRK("rows: rv.add, mask: \"rd[1:2]\""), "q.yaml:4:69: error: there are bits 63 to 0\n");
    check_broken(Q QUIRK("rows: rv.add, mask: \"fflags[XX]\""),
                 "q.yaml:4:73: error: expected bits as [63:32], [0] or [NX]\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd, when: rs3 == 1"),
                 "q.yaml:4:76: error: row rv.add has no operand 'rs3'; did you mean 'rs1'?\n");
    check_broken(Q QUIRK("rows: illegal, mask: exit, when: rs1 == 1"),
                 "q.yaml:4:79: error: code that is no instruction has no operand 'rs1'\n");
    check_broken(
        Q QUIRK("rows: illegal, mask: rd"),
        "q.yaml:4:67: error: 'rd' is no operand of these rows, no register, and none of mem, exit, value\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd, when: rs1 = 1"),
                 "q.yaml:4:80: error: expected an operator or the end\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd, versions: latest"),
                 "q.yaml:4:80: error: not versions: expected '<2.1.4', '>=2.0 <2.1' or '2.0'\n");
    check_broken(Q QUIRK("rows: rv.add"),
                 "q.yaml:4:3: error: a quirk has either 'mask' or 'unsupported: true'\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd, unsupported: true"),
                 "q.yaml:4:3: error: a quirk has either 'mask' or 'unsupported: true'\n");
    check_broken(Q QUIRK("rows: rv.add, unsupported: true, when: theirs.rd == 1"),
                 "q.yaml:4:85: error: what is unsupported has no results: no 'ours' or 'theirs' here\n");
    check_broken(Q "- {id: q, backend: toyy, why: w, evidence: e, rows: rv.add, mask: rd}\n",
                 "q.yaml:4:20: error: no backend 'toyy'; did you mean 'toy'?\n");
    check_broken(
        Q "- {id: q, backend: interp, why: w, evidence: e, rows: rv.add, mask: rd}\n",
        "q.yaml:4:20: error: 'interp' is no oracle: its errors are to be mended, and excused 'until' a "
        "day at most\n");
    check_broken(
        Q "- {id: q, backend: toy, why: w, rows: rv.add, mask: rd}\n",
        "q.yaml:4:3: error: a quirk needs 'evidence': Where that is known from: the manual's section, its "
        "source, an upstream change.\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd") QUIRK("rows: rv.add, mask: rd"),
                 "q.yaml:5:8: error: a second quirk with the id 'q'\n");
    check_broken("lockstep: 1\nquirks: []\n",
                 "q.yaml:2:1: error: 'lockstep' and 'isa' must come before 'quirks'\n");
    check_broken("lockstep: x\n", "q.yaml:1:11: error: expected 1, not 'x'\n");
    check_broken("lockstep: 3\n", "q.yaml:1:11: error: format 3; this lockstep reads format 1\n");
    check_broken(HEAD "quirk: []\n",
                 "q.yaml:3:1: error: unknown key 'quirk' in a quirk file; did you mean 'quirks'?\n");
}

/* What can only be a mistake: a row that matches nothing, or everything. */
static void test_nothing_or_everything(void **state)
{
    check_broken(Q QUIRK("rows: rv.lw, mask: rd, when: imm == 2048"),
                 "q.yaml:4:75: error: this never holds in these rows: the quirk matches nothing\n");
    check_broken(Q QUIRK("rows: \"rv.csrr*\", mask: rd, when: csr == 1 && csr == 2"),
                 "q.yaml:4:80: error: this never holds in these rows: the quirk matches nothing\n");
    check_broken(Q QUIRK("rows: rv.lw, mask: rd, when: imm <s 2048"),
                 "q.yaml:4:75: error: this always holds in these rows: leave 'when' out\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rs1"),
                 "q.yaml:4:66: error: no row writes 'rs1': the mask matches nothing\n");
    check_broken(Q QUIRK("rows: rv.add, mask: mem"),
                 "q.yaml:4:66: error: no row writes memory: the mask matches nothing\n");
    check_broken(Q QUIRK("rows: [], mask: rd"),
                 "q.yaml:4:52: error: 'rows' has 0 entries; expected 1 to 1000\n");
#define ALL                                                                                        \
    "q.yaml:4:3: error: this quirk matches everything: every row, in every case; name rows, or a " \
    "condition\n"
    check_broken(Q QUIRK("rows: \"*\", mask: exit"), ALL);
    check_broken(Q QUIRK("rows: [\"*\", illegal], mask: pc"), ALL);
    check_broken(Q QUIRK("rows: \"rv.*\", unsupported: true"), ALL);
    quirks_free(quirks(QUIRK("rows: \"*\", mask: exit, when: \"theirs.exit == 'illegal'\"")));
    quirks_free(quirks(QUIRK("rows: \"*\", mask: \"fflags[NX]\"")));
    quirks_free(quirks(QUIRK("rows: \"ext:*b*\", mask: exit")));
}

/* A waiver excuses on its last day, and no longer. Backends under test have no other quirks. */
static void test_waivers(void **state)
{
    struct quirks *q = quirks(QUIRK("rows: rv.add, mask: rd, until: 2027-03-31"));
    struct scene s = scene("add a0, a1, a2", "");
    assert_int_equal(find_reg(q, &s, "a0", 1), 0);
    assert_null(quirk_ended(q, 0));
    assert_int_equal(quirks_ended_hash(q), 0);
    quirks_free(q);
    q = quirks(QUIRK("rows: rv.add, mask: rd, until: 2027-03-30"));
    assert_int_equal(find_reg(q, &s, "a0", 1), -1);
    assert_false(quirk_current(q, 0));
    assert_string_equal(quirk_ended(q, 0), "2027-03-30");
    assert_int_not_equal(quirks_ended_hash(q), 0);
    quirks_free(q);
    q = quirks(QUIRK("rows: rv.add, mask: rd, versions: <2, until: 2020-01-01"));
    assert_null(quirk_ended(q, 0)); /* it is about another version: that it ended is of no interest */
    quirks_free(q);
    scene_end(&s);
    q = quirks(
        "- {id: q, backend: interp, why: w, evidence: e, rows: rv.add, mask: rd, until: 2027-04-01}\n");
    assert_string_equal(quirk_backend(q, 0)->name, "interp");
    quirks_free(q);
    check_broken(Q QUIRK("rows: rv.add, mask: rd, until: soon"),
                 "q.yaml:4:77: error: expected a day as 2027-03-31\n");
}

static void test_expected_failures(void **state)
{
#define X HEAD "xfail:\n"
    struct diag d = {0};
    static const char text[] = HEAD "quirks:\n" QUIRK(
        "rows: rv.add, mask: rd") "xfail:\n"
                                  "- {id: x, case: riscv64/a/b*, backend: interp, why: it is slow}\n"
                                  "- {id: y, case: riscv64/a/b*, backend: toy, why: w, until: 2027-03-30}\n";
    struct quirks *q = quirks_load_text("q.yaml", text, strlen(text), TODAY, &d);
    const char *reason = NULL;
    if (!q) fail_msg("%s", buf_cstr(&d.text));
    assert_int_equal(quirks_count(q), 3);
    assert_string_equal(quirk_id(q, 1), "x");
    assert_string_equal(quirk_ended(q, 2), "2027-03-30");
    assert_int_equal(quirk_expects(q, "riscv64/a/bc", &ours, &reason), 1);
    assert_string_equal(reason, "x: interp fails as expected: it is slow");
    assert_int_equal(quirk_expects(q, "riscv64/a/c", &ours, &reason), -1);
    assert_int_equal(quirk_expects(q, "riscv64/a/bc", &other, &reason), -1);
    assert_int_equal(quirk_expects(q, "riscv64/a/bc", &toy, &reason), -1); /* ended */
    quirks_free(q);
    diag_free(&d);
    check_broken(X "- {id: x, case: riscv46/a, backend: toy, why: w}\n",
                 "q.yaml:4:17: error: this matches nothing: ids of cases begin with 'riscv64/'\n");
    check_broken(X "- {id: x, case: 'riscv64/*/*', backend: toy, why: w}\n",
                 "q.yaml:4:17: error: this matches every case: name those that fail\n");
    check_broken(X "- {id: x, case: riscv64/a, backend: joy, why: w}\n",
                 "q.yaml:4:37: error: no backend 'joy'; did you mean 'toy'?\n");
    check_broken(X "- {id: x, case: riscv64/a, backend: toy}\n",
                 "q.yaml:4:3: error: an expected failure needs 'why': What is wrong, and where that is being "
                 "mended.\n");
    check_broken(
        Q QUIRK("rows: rv.add, mask: rd") "xfail:\n- {id: q, case: riscv64/a, backend: toy, why: w}\n",
        "q.yaml:6:8: error: a second quirk with the id 'q'\n");
    check_broken("lockstep: 1\nxfail: []\n",
                 "q.yaml:2:1: error: 'lockstep' and 'isa' must come before 'xfail'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),      cmocka_unit_test(test_whole),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_truth),
        cmocka_unit_test(test_sequences),  cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_illegal),    cmocka_unit_test(test_versions),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_nothing_or_everything),
        cmocka_unit_test(test_waivers),    cmocka_unit_test(test_expected_failures),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
