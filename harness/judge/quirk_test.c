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

#define QUIRK(rest) "- {id: q, backend: toy, why: w, evidence: e, " rest "}\n"

static struct quirks *quirks(const char *rows)
{
    struct diag d = {0};
    struct buf text = {0};
    buf_printf(&text, HEAD "quirks:\n%s", rows);
    struct quirks *q = quirks_load_text("q.yaml", text.p, text.len, &d);
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
               "- {id: b, backend: toy, why: w, evidence: e, rows: rv.add, mask: [exit, value, mem, pc]}\n"
               "- {id: c, backend: toy, why: w, evidence: e, rows: rv.amocas.q, mask: \"rd[127:96]\"}\n");
    struct scene s = scene("add a0, a1, a2", "");
    assert_int_equal(find_reg(q, &s, "a0", 1), -1);
    assert_int_equal(find(q, &s, DIFF_EXIT), 1);
    assert_int_equal(find(q, &s, DIFF_VALUE), 1);
    assert_int_equal(find(q, &s, DIFF_MEM), 1);
    assert_int_equal(find_reg(q, &s, "pc", ~0ull), 1);
    scene_end(&s);
    s = scene("amocas.q a0, a2, (a1)", "");
    assert_int_equal(find_reg(q, &s, "a0", 1ull << 40), -1);
    assert_int_equal(find_reg(q, &s, "a1", 1ull << 40), 2);
    assert_int_equal(find_reg(q, &s, "a1", 1ull << 31), -1);
    scene_end(&s);
    assert_int_equal(quirks_count(q), 3);
    assert_string_equal(quirk_id(q, 2), "c");
    assert_string_equal(quirk_backend(q, 0), "other");
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
    struct quirks *q = quirks_load_text("q.yaml", text, strlen(text), &d);
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
    check_broken(Q "- {id: q, backend: interp, why: w, evidence: e, rows: rv.add, mask: rd}\n",
                 "q.yaml:4:20: error: 'interp' is no oracle: its errors are to be mended, not listed\n");
    check_broken(
        Q "- {id: q, backend: toy, why: w, rows: rv.add, mask: rd}\n",
        "q.yaml:4:3: error: a quirk needs 'evidence': Where that is known from: the manual's section, its "
        "source, an upstream change.\n");
    check_broken(Q QUIRK("rows: rv.add, mask: rd") QUIRK("rows: rv.add, mask: rd"),
                 "q.yaml:5:8: error: a second quirk with the id 'q'\n");
    check_broken("lockstep: 1\nquirks: []\n",
                 "q.yaml:2:1: error: 'lockstep' and 'isa' must come before 'quirks'\n");
    check_broken("lockstep: 3\n", "q.yaml:1:11: error: expected 1, not '3'\n");
    check_broken(HEAD "quirk: []\n",
                 "q.yaml:3:1: error: unknown key 'quirk' in a quirk file; did you mean 'quirks'?\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),   cmocka_unit_test(test_whole),     cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_truth),   cmocka_unit_test(test_sequences), cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_illegal), cmocka_unit_test(test_versions),  cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
