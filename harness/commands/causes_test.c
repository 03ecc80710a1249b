/* Causes and their conditions as people see them: on the screen and in reports; the same for any number of
 * jobs, from shards, after a resumption; of one instruction, of longer cases, of cases that kill a backend.
 */
#include "harness/commands/place_test.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The interpreter, one instruction at a time; sub is wrong where its first operand is 5. */
static void slip(struct vcpu *c, uint64_t budget)
{
    uint64_t executed = 0;
    do {
        uint32_t word;
        assert_int_equal(mem_read(c->mem, c->state[c->guest->pc_word], &word, sizeof(word)), 0);
        uint64_t *x = testing_reg(c, "zero");
        bool wrong = (word & 0xfe00707f) == 0x40000033 && x[word >> 15 & 31] == 5;
        backend_interp.run(c, budget ? 1 : 0);
        executed += c->exit.executed;
        if (wrong) x[word >> 7 & 31] ^= 1;
    } while (c->exit.kind == EXIT_BUDGET && executed < budget);
    c->exit.executed = executed;
}
TESTING_BACKEND(slips, false, true, slip);

static const struct backend *const backends[] = {&faulty, &slips, &reference, NULL};

#define RUN "run|c.yaml|--quirks|none|-b|faulty|-O|reference|-r|cover=c.cov"

static void run(struct place *p, const char *words)
{
    place_run(p, words, NULL, backends);
}

/* add with a7, which says what goes wrong, as an operand: `code` has it. */
static void write_values(const char *code, const char *const *values, unsigned n)
{
    struct buf b = {0};
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "  - {id: c%u, code: '%s', in: {a7: %s, a2: %u}}\n", i, code, values[i], i);
    write_file("c.yaml", b.p);
    buf_free(&b);
}

/* 5: a0 comes out wrong */
static const char *const values[] = {"0", "5", "-1", "0x10000000000", "5", "-5"};

static void test_one_instruction(void **state)
{
    struct place *p = *state;
    write_values("add a0, a7, a2", values, ARRAY_LEN(values));
    run(p, RUN "|-r|md=r.md|-r|jsonl=r.jsonl|-r|junit=r.xml|-r|record=r.rec");
    expect_part(p->out, "      2  rv.add: rd: faulty differs from reference\n"
                        "         when rs1=small\n"
                        "         lockstep repro riscv64/c/c1 c.yaml");
    char *text = read_file("r.md");
    expect_part(text, "| rv.add: rd: faulty differs from reference | when rs1=small | 2 |");
    free(text);
    text = read_file("r.jsonl");
    expect_part(
        text,
        "\"cause\":\"rv.add: rd: faulty differs from reference\",\"when\":\"when rs1=small\",\"cases\":2");
    free(text);
    text = read_file("r.xml");
    expect_part(text, "  <!-- causes:\n  2 rv.add: rd: faulty differs from reference\n      when rs1=small\n "
                      " -->\n</testsuites>");
    free(text);
}

static void test_always(void **state)
{
    struct place *p = *state;
    static const char *const fives[] = {"5", "5"};
    write_values("add a0, a7, a2", fives, ARRAY_LEN(fives));
    run(p, RUN);
    expect_part(p->out, "\n         always: no case of this instruction is known to pass\n");
}

/* Of longer cases the instruction that goes wrong counts, with the values that it finds: sub, and not what
 * stands before it. */
static void test_longer(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "- {id: a, code: 'sub a0, a1, a2', in: {a1: -1, a2: 5}}\n"
                         "- {id: b, code: 'sub a0, a1, a2', in: {a2: 1}}\n"
                         "- {id: c, code: 'addi a1, a2, 1; sub a0, a1, a2; nop', in: {a2: 4}}\n"
                         "- {id: d, code: 'addi a1, a2, 2; sub a0, a1, a2; nop', in: {a2: 3}}\n"
                         "- {id: e, code: 'addi a1, a2, 2; sub a0, a1, a2; nop', in: {a2: 4}}\n");
    place_run(p, "run|c.yaml|--quirks|none|-b|slips|-O|reference|-r|cover=c.cov", NULL, backends);
    expect_part(p->out,
                "      2  rv.sub: rd: slips differs from reference\n"
                "         lockstep repro riscv64/c/c c.yaml"); /* of longer cases too little is known */
    expect_part(p->out, "failures by row: rv.sub 2\n");
}

/* Who dies has a condition, too. */
static void test_crash(void **state)
{
    struct place *p = *state;
    static const char *const dying[] = {"0", "1", "-1", "0x10000000000"};
    write_values("add a0, a7, a2", dying, ARRAY_LEN(dying));
    run(p, RUN);
    expect_part(p->out, "      1  rv.add: faulty died of SIGABRT\n         when rs1=1\n");
    /* of several instructions nobody knows which it was: one cause, whatever they begin with */
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "  - {id: a, code: 'add a0, a1, a2; nop', in: {a7: 1}}\n"
                         "  - {id: b, code: 'sub a0, a1, a2; nop', in: {a7: 1}}\n"
                         "  - {id: c, code: 'sub a0, a1, a2', in: {a7: 1}}\n");
    run(p, RUN "|-r|junit=r.xml");
    expect_part(p->out, "      2  (several instructions): faulty died of SIGABRT\n");
    expect_part(p->out, "      1  rv.sub: faulty died of SIGABRT\n");
    expect_part(p->out, "  which instruction it was cannot be told: it dies before the first one, too\n");
    expect_part(p->out, "failures by row: (several instructions) 2, rv.sub 1\n");
}

/* The interpreter, but multiplication kills it; a block of it at once, as translated code does. */
static void no_mul_run(struct vcpu *c, uint64_t budget)
{
    enum { BLOCK = 200 };
    for (uint64_t left = budget; left;) {
        uint64_t n = left < BLOCK ? left : BLOCK, pc = c->state[c->guest->pc_word];
        for (uint64_t i = 0; i < n; i++) {
            uint32_t word;
            if (mem_read(c->mem, pc + i * 4, &word, sizeof(word))) break;
            int row = c->guest->decode(word);
            if (row >= 0 && !strcmp(c->guest->rows[row].id, "rv.mul")) abort();
            if (row < 0) break;
        }
        testing_run(c, n);
        if (c->exit.kind != EXIT_BUDGET) return;
        left -= n;
    }
    c->exit = (struct cpu_exit){.kind = EXIT_BUDGET, .executed = budget};
}
TESTING_BACKEND(no_mul, false, true, no_mul_run);

/* What dies only after what came before it in its worker. */
static void second_run(struct vcpu *c, uint64_t budget)
{
    static unsigned runs;
    if (*testing_reg(c, "a7") == 1 && runs++) abort();
    testing_run(c, budget);
}
TESTING_BACKEND(second, false, true, second_run);

/* The instruction that kills is named wherever it stands, with its condition; and where it is not known,
 * that. */
static void test_lost(void **state)
{
    static const struct backend *const all[] = {&no_mul, &second, &reference, NULL};
    static const unsigned before[] = {0, 3, 99, 100, 101, 250, 700};
    struct place *p = *state;
    struct buf b = {0};
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < ARRAY_LEN(before); i++) {
        buf_printf(&b, "  - {id: n%u, in: {a1: 2}, code: \"", before[i]);
        for (unsigned k = 0; k < before[i]; k++) buf_str(&b, "xor a0, a0, a1; ");
        buf_str(&b, "mul a0, a1, a1; nop; nop\"}\n");
    }
    buf_str(&b,
            "  - {id: other, code: 'mul a0, a0, a0; nop'}\n  - {id: fine, code: 'add a0, a1, a2; nop'}\n");
    write_file("c.yaml", b.p);
    place_run(p, "run|c.yaml|--quirks|none|-b|no_mul|-O|reference|-r|cover=c.cov|-r|jsonl=1.jsonl", NULL,
              all);
    expect_part(p->out, "      8  rv.mul: no_mul died of SIGABRT\n");
    for (unsigned i = 0; i < ARRAY_LEN(before); i++) {
        char line[64];
        snprintf(line, sizeof(line), "  died in instruction %u, at %#x: mul a0, a1, a1 (rv.mul, ",
                 before[i] + 1, LAYOUT_CODE + 4 * before[i]);
        expect_part(p->out, line);
    }
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\ncases:\n  - {id: a, code: 'nop; nop', in: {a7: 1}}\n"
                         "  - {id: b, code: 'nop; nop', in: {a7: 1}}\n");
    place_run(p, "run|c.yaml|--quirks|none|-b|second|-O|reference|-j|1|--order|plain", NULL, all);
    expect_part(p->out, "      1  (several instructions): second died of SIGABRT\n");
    expect_part(p->out, "  which instruction it was cannot be told: ");
    buf_free(&b);
}

/* Shards and resumption come to the same. */
static void test_same(void **state)
{
    struct place *p = *state;
    write_values("add a0, a7, a2", values, ARRAY_LEN(values));
    run(p, RUN "|-r|record=r.rec|-r|jsonl=r.jsonl|-j|1");
    run(p, RUN "|--shard|1/2|-r|record=1.rec");
    run(p, RUN "|--shard|2/2|-r|record=2.rec");
    run(p, "merge|1.rec|2.rec|-r|cover=m.cov");
    expect_part(p->out, "\n         when rs1=small\n");
    run(p, "merge|1.rec|2.rec"); /* nobody notes what passing cases hit */
    assert_null(strstr(p->out, "when rs1"));
    char *text = read_file("r.rec");
    assert_int_equal(system("head -c $(($(wc -c < r.rec) - 300)) r.rec > cut.rec"), 0);
    run(p, RUN "|--resume|cut.rec|-j|3");
    expect_part(p->out, "\n         when rs1=small\n");
    free(text);
}

/* Everything fails. */
static void fail_run(struct vcpu *c, uint64_t budget)
{
    testing_run(c, budget);
    *testing_reg(c, "a0") ^= 1;
}
TESTING_BACKEND(hopeless, false, true, fail_run);

/* A run of `n` failures with every report, in a process of its own: the largest process that it took, in KiB.
 */
static long memory_of(struct place *p, unsigned n)
{
    static const struct backend *const all[] = {&hopeless, &reference, NULL};
    struct buf b = {0};
    long most = 0;
    int fds[2], status;
    buf_printf(
        &b, "lockstep: 1\nisa: riscv64\ngenerate:\n- {rows: [rv.xor, rv.addi, rv.mul, rv.lw], count: %u}\n",
        n / 4);
    write_file("c.yaml", b.p);
    buf_free(&b);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (!pid) {
        struct rusage self, children;
        place_run(p,
                  "run|c.yaml|--quirks|none|-b|hopeless|-O|reference|-q|-j|2|--max-failures-shown|1"
                  "|-r|cover=c.cov|-r|md=r.md|-r|jsonl=r.jsonl|-r|junit=r.xml|-r|record=r.rec",
                  NULL, all);
        getrusage(RUSAGE_SELF, &self);
        getrusage(RUSAGE_CHILDREN, &children);
        most = self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss;
        _exit(write(fds[1], &most, sizeof(most)) != sizeof(most) || p->status != STATUS_FAIL);
    }
    assert_int_equal(read(fds[0], &most, sizeof(most)), sizeof(most));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fds[0]);
    close(fds[1]);
    return most;
}

/* Memory does not grow with the number of failures, nor does what people are to read. */
static void test_many_failures(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it keeps what was freed */
#endif
    struct place *p = *state;
    struct stat st;
    long few = memory_of(p, 16000);
    assert_int_equal(stat("r.md", &st), 0);
    long size = st.st_size, many = memory_of(p, 64000);
    if (many - few > 2048) fail_msg("%ld KiB after 16000 failures, %ld after 64000", few, many);
    assert_int_equal(stat("r.md", &st), 0);
    assert_true(st.st_size < size + 200);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {T(test_one_instruction), T(test_always), T(test_longer),
                                       T(test_crash),           T(test_lost),   T(test_same),
                                       T(test_many_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
