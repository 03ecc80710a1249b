/* `lockstep shrink`: cases of known bugs come out as small as they can be, and fail as the large ones did. */
#include "harness/commands/place_test.h"

#include <string.h>

/* xor goes wrong when bit 7 of its first operand is set, one instruction at a time, so that budgets stay
 * exact. */
static void sloppy_run(struct vcpu *c, uint64_t budget)
{
    uint64_t executed = 0;
    struct cpu_exit last = {.kind = EXIT_BUDGET};
    if (!budget) backend_interp.run(c, 0);
    while (executed < budget && last.kind == EXIT_BUDGET) {
        uint32_t word = 0;
        uint64_t *regs = guest_reg_words(c->guest, c->state, guest_reg_find(c->guest, "zero"));
        const struct guest_row *row = NULL;
        if (!mem_read(c->mem, c->state[c->guest->pc_word], &word, 4) && c->guest->decode(word) >= 0)
            row = &c->guest->rows[c->guest->decode(word)];
        bool wrong = row && !strcmp(row->id, "rv.xor") && regs[word >> 15 & 31] >> 7 & 1 && word >> 7 & 31;
        backend_interp.run(c, 1);
        last = c->exit;
        executed += last.executed;
        if (wrong) regs[word >> 7 & 31] ^= 1;
    }
    c->exit = last;
    c->exit.executed = executed;
}

TESTING_BACKEND(sloppy, false, true, sloppy_run);

/* Words are separated by '|'. */
static int lockstep(struct place *p, const char *words)
{
    static const struct backend *const all[] = {&sloppy, &faulty, &reference, &liar, NULL};
    place_run(p, words, NULL, all);
    return p->status;
}

#define HEAD "lockstep: 1\nisa: riscv64\n"

/* Whatever sequence it was, one instruction and one operand are left. */
static void test_sequence(void **state)
{
    struct place *p = *state;
    unsigned shrunk = 0;
    write_file("s.yaml", HEAD "generate:\n  - {kind: sequence, rows: [ext:I, ext:M], count: 40}\n");
    for (unsigned i = 0; i < 40 && shrunk < 3; i++) {
        char words[200];
        snprintf(words, sizeof(words),
                 "shrink|riscv64/s/sequence/%u|s.yaml|--backend|sloppy|--oracle|reference", i);
        int status = lockstep(p, words);
        if (status == STATUS_NOTHING) continue;
        if (status) fail_msg("%s", p->err);
        shrunk++;
        expect_part(p->out, "  - id: rv.xor-rd\n    why: \"rv.xor: rd: sloppy differs from reference\"\n"
                            "    code: \"xor a0, a0, zero\"\n    in: {a0: 0xffffffffffffffff}\n");
    }
    assert_int_equal(shrunk, 3);
}

/* Jumps keep their targets, and what is needed stays. */
static void test_loop(void **state)
{
    struct place *p = *state;
    write_file("l.yaml", HEAD
               "cases:\n  - id: loop\n    steps: 400\n    in: {t0: 2, s1: 0x1234, s2: 77}\n    code: |\n"
               "      1: addi t1, t1, 64\n      mul s2, s2, s2\n      beq s3, s4, 2f\n      nop\n"
               "      2: xor s1, t1, s1\n      addi t0, t0, -1\n      bnez t0, 1b\n      sd s1, 0(gp)\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/l/loop|l.yaml|-b|sloppy|-O|reference"), STATUS_PASS);
    expect_part(p->out, "    code: \"xor a0, a0, zero\"\n    in: {a0: 0xffffffffffffffff}\n");
}

static void test_crash_and_hang(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", HEAD
               "cases:\n"
               "  - {id: crash, in: {a7: 1, a0: 5, a1: 9}, code: \"add a0, a0, a1; mul t0, t1, t2; nop\"}\n"
               "  - {id: hang, in: {a7: 4, a0: 5}, code: \"add a0, a0, a1; nop\"}\n"
               "  - {id: pass, code: nop}\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/c/crash|c.yaml|-b|faulty|-O|reference"), STATUS_PASS);
    expect_part(p->out, "  - id: crash-faulty-died-of-SIGABRT\n");
    expect_part(p->out, "    in: {a7: 0x1}\n");
    expect_part(p->err, ": 1 instruction of ");
    assert_int_equal(lockstep(p, "shrink|riscv64/c/hang|c.yaml|-b|faulty|-O|reference|--timeout|0.05"),
                     STATUS_PASS);
    expect_part(p->out, "  - id: timeout-faulty\n");
    expect_part(p->out, "    in: {a7: 0x4}\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/c/pass|c.yaml|-b|faulty|-O|reference"), STATUS_NOTHING);
    assert_int_equal(lockstep(p, "shrink|riscv64/c/gone|c.yaml|-b|faulty|-O|reference"), STATUS_NOTHING);
}

/* The memory that an operand comes from stays, as little of it as will do. */
static void test_memory(void **state)
{
    struct place *p = *state;
    write_file("m.yaml",
               HEAD "cases:\n  - id: m\n    in: {s0: 0x40008, s1: 7}\n"
                    "    mem: [{at: 0x40000, size: 0x4000, perm: rw}, {at: 0x40000, fill: 0xee, size: 64}]\n"
                    "    code: \"ld a5, 0(s0); xor a5, a5, s1\"\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/m/m|m.yaml|-b|sloppy|-O|reference"), STATUS_PASS);
    expect_part(p->out, "    code: \"xor a0, a0, zero\"\n    in: {a0: 0xffffffffffffffff}\n");
    assert_null(strstr(p->out, "mem:"));
}

/* Into a new corpus, then into that one; one that cannot take it stays as it is. */
static void test_output(void **state)
{
    struct place *p = *state;
    write_file("x.yaml", HEAD "cases:\n  - {id: a, in: {a1: 0xff}, code: \"xor a0, a1, a2\"}\n"
                              "  - {id: b, in: {a7: 5}, code: \"add a0, a1, a2\"}\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/x/a|x.yaml|-b|sloppy|-O|reference|-o|new.yaml"),
                     STATUS_PASS);
    assert_int_equal(
        lockstep(p, "shrink|riscv64/x/b|x.yaml|-b|faulty|-O|reference|--timeout|0.05|-o|new.yaml"),
        STATUS_PASS);
    assert_int_equal(lockstep(p, "list|cases|new.yaml"), STATUS_PASS);
    assert_string_equal(p->out, "riscv64/new/rv.xor-rd\nriscv64/new/rv.add-rd\n");
    assert_int_equal(lockstep(p, "repro|riscv64/new/rv.xor-rd|new.yaml|-b|sloppy|-O|reference"), STATUS_FAIL);
    assert_int_equal(lockstep(p, "shrink|riscv64/x/a|x.yaml|-b|sloppy|-O|reference|-o|new.yaml"),
                     STATUS_USAGE);
    expect_part(p->err, "the case cannot be appended to new.yaml");
    assert_int_equal(lockstep(p, "list|cases|new.yaml"), STATUS_PASS);
    assert_string_equal(p->out, "riscv64/new/rv.xor-rd\nriscv64/new/rv.add-rd\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/x/a|x.yaml|-b|sloppy|-O|reference|-o|/dev/full"),
                     STATUS_USAGE);
    assert_string_equal(p->err, "lockstep: cannot append to /dev/full: it is no regular file\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/x/a|x.yaml|-b|sloppy|-O|reference|-o|gone/new.yaml"),
                     STATUS_USAGE);
    assert_string_equal(p->err, "lockstep: cannot write gone/new.yaml: No such file or directory\n");
}

/* Where only the manual knows better, the case is what it was. */
static void test_manual(void **state)
{
    struct place *p = *state;
    write_file("t.yaml",
               HEAD "cases:\n  - {id: t, in: {a1: 0xff}, code: \"add a0, a1, a2\", out: {a0: 1}}\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/t/t|t.yaml|-b|sloppy|-O|none"), STATUS_PASS);
    expect_part(p->out, "    in: {a1: 0xff}\n    out:\n");
    expect_part(p->err, "only the manual's word");
}

/* The trace around the first difference, as `repro` shows it. */
static void test_trace(void **state)
{
    struct place *p = *state;
    write_file("d.yaml",
               HEAD "cases:\n  - id: d\n    in: {s1: 7}\n"
                    "    code: \"li a0, 1; li a1, 0xff; nop; add a2, a0, a1; xor a3, a1, s1; nop; nop\"\n");
    assert_int_equal(lockstep(p, "repro|riscv64/d/d|d.yaml|-b|sloppy|-O|reference"), STATUS_FAIL);
    expect_part(
        p->out,
        "  first difference after instruction 5, at 0x10010: xor a3, a1, s1 (rv.xor, specs/riscv64/i.yaml:");
    expect_part(p->out, "         2  0x10004: addi a1, zero, 255   reads zero=0000000000000000; writes "
                        "a1=00000000000000ff\n");
    expect_part(p->out,
                "  >      5  0x10010: xor a3, a1, s1   reads a1=00000000000000ff s1=0000000000000007\n"
                "              sloppy writes a3=00000000000000f9\n"
                "              reference writes a3=00000000000000f8\n");
    expect_part(p->out, "cause: rv.xor: rd: sloppy differs from reference\n"
                        "next:\n"
                        "  lockstep shrink riscv64/d/d d.yaml --backend sloppy --oracle reference\n"
                        "      the smallest case that fails in this way, ready to be kept\n"
                        "  lockstep explain riscv64 'xor a3, a1, s1'\n");
}

/* Only the manual says otherwise: what it says holds for these operands, so these stay, and what nobody reads
 * goes. */
static void test_truth(void **state)
{
    struct place *p = *state;
    write_file("t.yaml",
               HEAD "cases:\n"
                    "  - id: a\n    why: of a book\n    code: add a0, a1, a2\n"
                    "    in: {a0: 3, a1: 1, a2: 2, a3: 7, fa1: 5, frm: 1}\n"
                    "    mem: [{at: 0x20000, u8: 1}]\n    out: {a0: 4}\n"
                    "  - id: b\n    code: addi sp, sp, 16; ld a0, 0(sp)\n    in: {sp: 0x20000, s2: 5}\n"
                    "    mem: [{at: 0x20010, u64: 7}]\n    out: {a0: 8, sp: 0x20010}\n");
    assert_int_equal(lockstep(p, "shrink|riscv64/t/a|t.yaml|-b|faulty|-O|reference"), STATUS_PASS);
    expect_part(p->err, "only the manual's word in riscv64/t/a contradicts");
    expect_part(
        p->out,
        "    code: \"add a0, a1, a2\"\n    in: {a1: 0x1, a2: 0x2, frm: 0x1}\n    out:\n      a0: 0x4\n");
    assert_null(strstr(p->out, "mem:"));
    assert_int_equal(lockstep(p, "shrink|riscv64/t/b|t.yaml|-b|faulty|-O|reference"), STATUS_PASS);
    expect_part(p->out, "    in: {sp: 0x20000}\n");
    expect_part(p->out, "  - id: rv.ld-rd\n");
    expect_part(p->out, "mem:\n");
}

static bool is_sub(uint32_t word)
{
    return (word & 0xfe00707f) == 0x40000033;
}

/* There is a sub in the code of the case. */
static bool has_sub(struct vcpu *c)
{
    uint32_t word;
    for (unsigned i = 0; i < 16; i++)
        if (!mem_read(c->mem, LAYOUT_CODE + 4 * i, &word, 4) && is_sub(word)) return true;
    return false;
}

/* What shows is long: then whatever the same parties differ in is followed. Here sub is wrong after six
 * instructions, and where there is none, addi is. */
static void long_run(struct vcpu *c, uint64_t budget)
{
    uint64_t executed = 0;
    struct cpu_exit last = {.kind = EXIT_BUDGET};
    if (!budget) backend_interp.run(c, 0);
    while (executed < budget && last.kind == EXIT_BUDGET) {
        uint32_t word = 0;
        if (mem_read(c->mem, c->state[c->guest->pc_word], &word, 4)) word = 0;
        bool addi = (word & 0x707f) == 0x13 && !has_sub(c);
        backend_interp.run(c, 1);
        last = c->exit;
        executed += last.executed;
        uint64_t *x = guest_reg_words(c->guest, c->state, guest_reg_find(c->guest, "zero"));
        if (addi || (is_sub(word) && executed > 6)) x[addi ? 10 : word >> 7 & 31]++;
        x[0] = 0;
    }
    c->exit = last;
    c->exit.executed = executed;
}
TESTING_BACKEND(late, false, true, long_run);

static void test_loose(void **state)
{
    struct place *p = *state;
    static const struct backend *const all[] = {&late, &reference, NULL};
    write_file("l.yaml", HEAD "cases:\n  - id: a\n    code: |\n"
                              "      addi a1, a1, 1\n      addi a1, a1, 1\n      addi a1, a1, 1\n"
                              "      addi a1, a1, 1\n      addi a1, a1, 1\n      addi a1, a1, 1\n"
                              "      sub a0, a1, a2\n");
    place_run(p, "shrink|riscv64/l/a|l.yaml|-b|late|-O|reference|--quirks|none", NULL, all);
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(
        p->err,
        "rv.sub: rd: late differs from reference\n  comes from another difference between the same\n");
    expect_part(p->out, "  - id: rv.addi-");
    expect_part(p->err, ": 1 instruction of 7 in ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sequence, enter, leave),
        cmocka_unit_test_setup_teardown(test_loop, enter, leave),
        cmocka_unit_test_setup_teardown(test_crash_and_hang, enter, leave),
        cmocka_unit_test_setup_teardown(test_truth, enter, leave),
        cmocka_unit_test_setup_teardown(test_loose, enter, leave),
        cmocka_unit_test_setup_teardown(test_memory, enter, leave),
        cmocka_unit_test_setup_teardown(test_output, enter, leave),
        cmocka_unit_test_setup_teardown(test_manual, enter, leave),
        cmocka_unit_test_setup_teardown(test_trace, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
