/* Known errors of oracles in the middle of longer cases: excused where their condition holds, and nowhere
 * else. */
#include "harness/testing.h"

#include <string.h>

/* The interpreter as an oracle, one instruction at a time; sub is wrong where its first operand is 5. */
static void picky_run(struct vcpu *c, uint64_t budget)
{
    uint64_t executed = 0;
    do {
        uint8_t bytes[4] = {0};
        uint32_t word;
        size_t n = sizeof(bytes);
        while (n && mem_read(c->mem, c->state[c->guest->pc_word], bytes, n)) n -= 2;
        memcpy(&word, bytes, sizeof(word));
        bool is_sub = (word & 0xfe00707f) == 0x40000033;
        bool wrong = is_sub && c->state[testing_reg(c, "zero") - c->state + (word >> 15 & 31)] == 5;
        backend_interp.run(c, budget ? 1 : 0);
        executed += c->exit.executed;
        if (wrong) *(testing_reg(c, "zero") + (word >> 7 & 31)) ^= 1;
    } while (c->exit.kind == EXIT_BUDGET && executed < budget);
    c->exit.executed = executed;
}
TESTING_BACKEND(picky, true, true, picky_run);

const struct backend *const backend_all[] = {&picky, &liar, NULL};
const struct backend *backend_find(const char *name)
{
    return !strcmp(name, "picky") ? &picky : !strcmp(name, "liar") ? &liar : NULL;
}

enum { HAS_QUIRK = 1, DISSENT = 2 };

/* Judges `item`, a case without its id, with one quirk of picky ("rows: …, mask: …"; NULL: none). */
static void expect(const struct lineup *who, const char *quirk, const char *item, enum verdict verdict,
                   unsigned checked, unsigned flags)
{
    struct lineup l = *who;
    struct diag d = {0};
    struct buf text = {0};
    struct case_filter every = {0};
    struct outcome out[LINEUP_MAX];
    struct judgement j = {0};
    const struct test_case *c;
    struct quirks *q = NULL;
    buf_printf(&text,
               "lockstep: 1\nisa: riscv64\nquirks:\n  - {id: q, backend: picky, why: w, evidence: e, %s}\n",
               quirk);
    if (quirk) l.quirks = q = quirks_load_text("q.yaml", text.p, text.len, 0, &d);
    buf_reset(&text);
    buf_printf(&text, "lockstep: 1\nisa: riscv64\ncases:\n  - {id: x, %s}\n", item);
    struct case_stream *s = case_stream_open_text("t.yaml", text.p, text.len, &every, &d);
    if (case_stream_next(s, &c) != 1) fail_msg("%s", buf_cstr(&d.text));
    struct panel *p = panel_open(&l);
    for (unsigned round = 0; round < 2; round++) { /* who was muted speaks again in the next case */
        panel_judge(p, c, NULL, out, &j);
        bool held = j.outsiders >> 1 & 1;
        if (j.verdict != verdict || j.checked != checked || j.dissent != !!(flags & DISSENT) ||
            (j.nquirks == 1) != !!(flags & HAS_QUIRK) || (held && flags & HAS_QUIRK))
            fail_msg("%s, %s: %s, checked %u, %u quirks, outsiders %#lx\n%s%s", quirk, item,
                     verdict_name(j.verdict), j.checked, j.nquirks, (unsigned long)j.outsiders,
                     buf_cstr(&j.detail), j.skip ? j.skip : "");
    }
    buf_free(&j.detail);
    panel_close(p);
    case_stream_close(s);
    quirks_free(q);
    buf_free(&text);
    diag_free(&d);
}

static const struct lineup pair = {.entries = {{&faulty, false, NULL}, {&picky, true, NULL}}, .n = 2};
static const struct lineup three = {
    .entries = {{&faulty, false, NULL}, {&picky, true, NULL}, {&reference, true, NULL}}, .n = 3};
static const struct lineup liars = {
    .entries = {{&faulty, false, NULL}, {&picky, true, NULL}, {&liar, true, NULL}}, .n = 3};

enum { M = CHECKED_MANUAL, O = CHECKED_ORACLE };

#define FIVE  "code: 'addi a1, a1, 4; nop; sub a0, a1, a2; add a3, a0, a0; sub a4, a1, a1', in: {a1: 1, a2: 2"
#define SIX   "code: 'addi a1, a1, 4; nop; sub a0, a1, a2; add a3, a0, a0', in: {a1: 2, a2: 2"
#define WHEN5 "rows: rv.sub, mask: rd, when: rs1 == 5"

/* The operand is 5 where the instruction stands, and not in the beginning. */
static void test_condition(void **state)
{
    expect(&pair, NULL, FIVE "}", VERDICT_FAIL, O, 0);
    expect(&pair, WHEN5, FIVE "}", VERDICT_SKIP, 0, HAS_QUIRK);
    expect(&three, WHEN5, FIVE "}", VERDICT_PASS, O, HAS_QUIRK);
    expect(&pair, WHEN5, SIX "}", VERDICT_PASS, O, 0);
    expect(&pair, "rows: rv.sub, mask: rd, when: rs1 == 6", FIVE "}", VERDICT_FAIL, O, 0);
    expect(&pair, "rows: rv.sub, mask: rd, when: rs1 == 1", FIVE "}", VERDICT_FAIL, O, 0);
    expect(&pair, "rows: rv.add, mask: rd, when: rs1 == 5", FIVE "}", VERDICT_FAIL, O, 0);
    expect(&pair, "rows: rv.sub, mask: 'rd[63:1]', when: rs1 == 5", FIVE "}", VERDICT_FAIL, O, 0);
    expect(&pair, "rows: rv.sub, mask: rd, when: rs1 == 5 && theirs.rd == 2 && ours.rd == 3", FIVE "}",
           VERDICT_SKIP, 0, HAS_QUIRK);
    expect(&pair, "rows: rv.sub, unsupported: true, when: rs1 == 5", FIVE "}", VERDICT_SKIP, 0, HAS_QUIRK);
    expect(&pair, "rows: rv.sub, unsupported: true, when: rs1 == 6", FIVE "}", VERDICT_FAIL, O, 0);
}

/* What a quirk has masked is wrong wherever it is read later; where nobody reads it, the rest still counts.
 */
static void test_taint(void **state)
{
    static const char unread[] = "code: 'sub a0, a1, a2; nop; add a3, a1, a1', in: {a1: 5, a2: 2}";
    static const char stored[] =
        "code: 'sub a0, a1, a2; sd a0, 0(a4); ld a3, 0(a4)', in: {a1: 5, a2: 2, a4: 0x20000}";
    expect(&pair, "rows: rv.sub, mask: rd", FIVE "}", VERDICT_SKIP, 0, HAS_QUIRK);
    expect(&pair, "rows: rv.sub, mask: rd", unread, VERDICT_PASS, O, HAS_QUIRK);
    expect(&pair, "rows: rv.sub, mask: rd", stored, VERDICT_SKIP, 0, HAS_QUIRK);
    expect(&three, "rows: rv.sub, mask: rd", stored, VERDICT_PASS, O, HAS_QUIRK);
}

/* Bits of an instruction are known wherever it stands. */
static void test_bits(void **state)
{
    expect(&pair, "rows: rv.sub, unsupported: true, when: \"#rs1 == 11\"", FIVE "}", VERDICT_SKIP, 0,
           HAS_QUIRK);
    expect(&pair, "rows: rv.sub, unsupported: true, when: \"#rs1 == 12\"", FIVE "}", VERDICT_FAIL, O, 0);
}

static void test_truth(void **state)
{
    static const char truth[] = FIVE "}, out: {a0: 3, a1: 5, a3: 6, a4: 0}";
    expect(&pair, NULL, truth, VERDICT_PASS, M | O, DISSENT);
    expect(&pair, WHEN5, truth, VERDICT_PASS, M, HAS_QUIRK);
}

/* What others say still counts. */
static void test_others(void **state)
{
    expect(&three, WHEN5, FIVE ", a7: 5}", VERDICT_FAIL, O, 0); /* ours goes wrong before it */
    expect(&liars, WHEN5, FIVE ", a7: 8}", VERDICT_FAIL, O, HAS_QUIRK);
    expect(&pair, WHEN5, SIX ", a7: 5}", VERDICT_FAIL, O, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_condition), cmocka_unit_test(test_taint),
                                       cmocka_unit_test(test_bits), cmocka_unit_test(test_truth),
                                       cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
