/* Voting with many: ties, several oracles that dissent, all of them wrong. And who is to blame for a
 * difference that shows late. */
#include "harness/judge/judge_test.h"

/* Oracles that are always wrong in a0: two in the same way, one in another. */
static void wrong_by(struct vcpu *c, uint64_t budget, uint64_t bits)
{
    testing_run(c, budget);
    *testing_reg(c, "a0") ^= bits;
}
static void wrong_2(struct vcpu *c, uint64_t budget)
{
    wrong_by(c, budget, 2);
}
static void wrong_4(struct vcpu *c, uint64_t budget)
{
    wrong_by(c, budget, 4);
}
TESTING_BACKEND(twos, true, true, wrong_2);
TESTING_BACKEND(twos_too, true, true, wrong_2);
TESTING_BACKEND(fours, true, true, wrong_4);
TESTING_BACKEND(ours, false, true, testing_run);
TESTING_BACKEND(ours_too, false, true, testing_run);
TESTING_BACKEND(ours_4, false, true, wrong_4);

#define LINEUP(...)                                                                     \
    (const struct lineup)                                                               \
    {                                                                                   \
        .entries = {__VA_ARGS__},                                                       \
        .n = sizeof((struct lineup_entry[]){__VA_ARGS__}) / sizeof(struct lineup_entry) \
    }
#define TEST(b)           \
    {                     \
        &(b), false, NULL \
    }
#define ORACLE(b)        \
    {                    \
        &(b), true, NULL \
    }

static void expect_says(const struct lineup *l, const char *rest, enum verdict v, bool dissent,
                        const char *says)
{
    char item[128];
    snprintf(item, sizeof(item), "code: 'add a0, a1, a2', in: {a1: 40, a2: 2}%s", rest);
    struct trial t = judge_text(l, item);
    const char *end = strchrnul(buf_cstr(&t.j.detail), '\n');
    if (t.j.verdict != v || t.j.dissent != dissent ||
        strncmp(buf_cstr(&t.j.detail), says, strlen(says)) != 0 ||
        (size_t)(end - buf_cstr(&t.j.detail)) != strlen(says))
        fail_msg("%s, dissent %d, not %s\n%s", verdict_name(t.j.verdict), t.j.dissent, says,
                 buf_cstr(&t.j.detail));
    buf_free(&t.j.detail);
}

#define RIGHT ", out: {a0: 42}"

static void test_parties(void **state)
{
    static const struct lineup three = LINEUP(TEST(ours), ORACLE(twos), ORACLE(fours));
    static const struct lineup tie = LINEUP(TEST(ours), TEST(ours_too), ORACLE(twos), ORACLE(twos_too));
    static const struct lineup mixed = LINEUP(TEST(ours), TEST(ours_4), ORACLE(twos), ORACLE(fours));
    static const struct lineup many =
        LINEUP(TEST(ours), TEST(ours_too), TEST(ours_4), ORACLE(twos), ORACLE(twos_too), ORACLE(reference));
    /* everybody says something else: the first oracle is held to be right */
    expect_says(&three, "", VERDICT_FAIL, false, "  ours differs from twos; fours differs from twos");
    /* two against two: those with more oracles */
    expect_says(&tie, "", VERDICT_FAIL, false, "  ours, ours_too differ from twos, twos_too");
    expect_says(&mixed, "", VERDICT_FAIL, false,
                "  ours differs from ours_4, fours; twos differs from ours_4, fours");
    /* the largest party, oracles or not */
    expect_says(&many, "", VERDICT_FAIL, false,
                "  ours_4 differs from ours, ours_too, reference; twos, twos_too differ from ours, ours_too, "
                "reference");
}

/* The manual is right, whoever says otherwise; oracles that do not agree with it are counted, and fail
 * nobody. */
static void test_dissent(void **state)
{
    static const struct lineup one = LINEUP(TEST(ours), ORACLE(twos), ORACLE(reference));
    static const struct lineup two = LINEUP(TEST(ours), ORACLE(twos), ORACLE(fours), ORACLE(reference));
    static const struct lineup all = LINEUP(TEST(ours), ORACLE(twos), ORACLE(twos_too));
    static const struct lineup wrong = LINEUP(TEST(ours_4), TEST(ours), ORACLE(twos), ORACLE(fours));
    expect_says(&one, RIGHT, VERDICT_PASS, true, "  twos alone differs from the manual, ours, reference");
    expect_says(
        &two, RIGHT, VERDICT_PASS, true,
        "  twos differs from the manual, ours, reference; fours differs from the manual, ours, reference");
    expect_says(&all, RIGHT, VERDICT_PASS, true, "  twos, twos_too differ from the manual, ours");
    expect_says(&all, "", VERDICT_FAIL, false, "  ours alone differs from twos, twos_too");
    expect_says(&wrong, RIGHT, VERDICT_FAIL, true,
                "  ours_4, fours differ from the manual, ours; twos differs from the manual, ours");
    /* what the truth leaves open is theirs again */
    expect_says(&all, ", out: {a1: 40, rest: any}", VERDICT_FAIL, false,
                "  ours alone differs from twos, twos_too");
}

/* As translated blocks do: what is wrong in a0 shows after the third instruction. */
static void late_run(struct vcpu *c, uint64_t budget)
{
    testing_run(c, budget);
    if (c->exit.executed >= 3) *testing_reg(c, "a0") ^= 0x100;
}
TESTING_BACKEND(late, false, true, late_run);

static void test_blame(void **state)
{
    static const struct lineup l = LINEUP(TEST(late), ORACLE(reference));
    static const struct {
        const char *code, *signature; /* what runs; which instruction is to blame */
    } rows[] = {
        {"addi a0, a1, 1; sub a2, a1, a1; xor a3, a1, a1", "rv.addi: rd: late differs from reference"},
        {"addi a2, a1, 1; sub a0, a1, a1; xor a3, a1, a1; nop", "rv.sub: rd: late differs from reference"},
        {"addi a0, a1, 1; or a0, a0, a1; xor a3, a1, a1", "rv.or: rd: late differs from reference"},
        /* it writes a0 itself, or reads it: then it is the one */
        {"addi a0, a1, 1; sub a2, a1, a1; xor a0, a1, a1", "rv.xor: rd: late differs from reference"},
        {"addi a0, a1, 1; sub a2, a1, a1; xor a3, a0, a1", "rv.xor: rs1: late differs from reference"},
        /* nobody wrote it */
        {"addi a2, a1, 1; sub a2, a1, a1; xor a3, a1, a1", "rv.xor: another x: late differs from reference"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char item[128];
        snprintf(item, sizeof(item), "code: '%s', in: {a1: 5}", rows[i].code);
        struct trial t = judge_text(&l, item);
        assert_int_equal(t.j.step, 3);
        assert_string_equal(t.j.signature, rows[i].signature);
        buf_free(&t.j.detail);
    }
}

/* Where only the manual says otherwise, which is of the end, it is who wrote last what differs, or who
 * faulted. */
static void test_writer(void **state)
{
    static const struct lineup l = LINEUP(TEST(ours), ORACLE(reference));
    static const struct {
        const char *item, *signature; /* a case; which instruction is to blame */
        const char *says;             /* in words */
    } rows[] = {
        {"code: 'addi a0, a1, 1; sub a2, a1, a1; xor a3, a1, a1', out: {a0: 7, a2: 0, a3: 0}",
         "rv.addi: rd: ",
         "\n  last to write what differs was instruction 1, at 0x10000: addi a0, a1, 1 (rv.addi, "},
        {"code: 'addi a0, a1, 1; sub a2, a1, a1; xor a3, a1, a1', out: {a0: 6, a2: 9, a3: 0}",
         "rv.sub: rd: ", "was instruction 2, at 0x10004: sub a2, a1, a1 (rv.sub, "},
        {"code: 'sd a1, 0(a4); addi a2, a2, 1', out: {a2: 1, mem: [{at: 0x20000, u64: 4}]}",
         "rv.sd: memory: ", "was instruction 1, at 0x10000: sd a1, 0(a4) (rv.sd, "},
        {"code: 'addi a2, a1, 1; lw a0, 0(a1); nop', out: {a2: 6}",
         "rv.lw: exit fault load-access: ", "\n  ended by instruction 2, at 0x10004: lw a0, 0(a1) (rv.lw, "},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char item[200];
        snprintf(item, sizeof(item), "%s, in: {a1: 5, a4: 0x20000}", rows[i].item);
        struct trial t = judge_text(&l, item);
        assert_int_equal(t.j.verdict, VERDICT_FAIL);
        if (strncmp(t.j.signature, rows[i].signature, strlen(rows[i].signature)) != 0)
            fail_msg("%s: %s", item, t.j.signature);
        if (!strstr(buf_cstr(&t.j.detail), rows[i].says)) fail_msg("%s", buf_cstr(&t.j.detail));
        buf_free(&t.j.detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parties), cmocka_unit_test(test_dissent),
                                       cmocka_unit_test(test_blame), cmocka_unit_test(test_writer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
