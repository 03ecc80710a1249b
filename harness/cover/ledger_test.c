/* The ledger: who ran and who checked comes home the same for any number of jobs, also when workers die;
 * files say what was noted, add up, and are refused when they are of something else. */
#include "harness/cover/cover_test.h"
#include "harness/cover/ledger.h"

#define RUN_ANY    "run|-q|--max-failures-shown|0|--quirks|none|--timeout|5|--backend|"
#define RUN        RUN_ANY "faulty"
#define RUN_INTERP RUN_ANY "interp"

static unsigned row_of(const struct ledger *l, const char *id)
{
    return (unsigned)subject_row_find(l->subjects[0].subject, id);
}

/* The cell of a bin by name, on a backend. */
static unsigned cell(const struct ledger *l, const char *backend, const char *id, const char *bin)
{
    unsigned row = row_of(l, id), be = 0;
    const struct bins *b = l->subjects[0].bins[row];
    struct buf name = {0};
    while (strcmp(l->backends[be], backend)) assert_in_range(++be, 0, l->nbackends - 1);
    for (unsigned i = 0; i < b->n; i++) {
        buf_reset(&name);
        bins_name(b, i, &name);
        if (strcmp(buf_cstr(&name), bin)) continue;
        buf_free(&name);
        return ledger_cells(l, 0, be, row)[i];
    }
    fail_msg("%s has no bin '%s'", id, bin);
    return 0;
}

static struct ledger *ledger_of(const char *path)
{
    struct ledger *l = ledger_open(NULL);
    struct buf why = {0};
    if (!ledger_read(l, path, &why)) fail_msg("%s: %s", path, buf_cstr(&why));
    buf_free(&why);
    return l;
}

static unsigned outsider(const char *name, struct ledger *l)
{
    return 1u << ledger_outsider(l, name);
}

/* ---- who checked ---- */

static void test_who_checked(void **state)
{
    struct place *p = *state;
    write_file("t.yaml",
               "lockstep: 1\nisa: riscv64\ncases:\n"
               "  - {id: manual, code: 'add a0, a1, a2', in: {a1: -1, a2: 1}, out: {a0: 0}}\n"
               "  - {id: oracle, code: 'add a0, a1, a1', in: {a1: 1}}\n"
               "  - {id: some, code: 'sub a0, a1, a2; add a0, a0, a0; bnez a0, 8; nop', in: {a1: 5}}\n");
    lockstep(p, RUN "|--oracle|reference|--report|cover=c|t.yaml");
    assert_int_equal(p->status, STATUS_PASS);
    struct ledger *l = ledger_of("c");
    unsigned manual = 1u << OUTSIDER_MANUAL, judge_bit = outsider("reference", l);
    unsigned add = row_of(l, "rv.add");
    assert_int_equal(cell(l, "faulty", "rv.add", "rs1=-1"), CELL_EXECUTED | manual | judge_bit);
    assert_int_equal(cell(l, "faulty", "rv.add", "rs1=1"), CELL_EXECUTED | judge_bit);
    assert_int_equal(cell(l, "faulty", "rv.add", "rs1=min"), 0);
    assert_int_equal(l->subjects[0].cases[0][add], 3);
    /* of a sequence: the operands of its first instruction, and what ran for sure */
    assert_int_equal(cell(l, "faulty", "rv.sub", "rs1=small"), CELL_EXECUTED | judge_bit);
    assert_int_equal(cell(l, "faulty", "rv.bne", "executed"), CELL_EXECUTED | judge_bit);
    assert_int_equal(cell(l, "faulty", "rv.bne", "taken"), 0);
    assert_int_equal(cell(l, "faulty", "rv.addi", "executed"), 0);
    ledger_free(l);
}

static void test_nobody_checked(void **state)
{
    struct place *p = *state;
    write_file("t.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "  - {id: a, code: 'add a0, a1, a1', in: {a1: 1}}\n"
                         "  - {id: b, code: 'sub a0, a1, a1', in: {a1: 1}, out: {a0: 0}}\n");
    lockstep(p, RUN "|--oracle|none|--report|cover=none|t.yaml");
    struct ledger *l = ledger_of("none");
    assert_int_equal(cell(l, "faulty", "rv.add", "executed"), CELL_EXECUTED);
    assert_int_equal(cell(l, "faulty", "rv.sub", "executed"), CELL_EXECUTED | 1u << OUTSIDER_MANUAL);
    ledger_free(l);
    lockstep(p, RUN ",interp|--oracle|none|--report|cover=peer|t.yaml");
    l = ledger_of("peer");
    assert_int_equal(cell(l, "faulty", "rv.add", "executed"), CELL_EXECUTED | CELL_PEER);
    assert_int_equal(cell(l, "interp", "rv.add", "executed"), CELL_EXECUTED | CELL_PEER);
    assert_int_equal(cell(l, "interp", "rv.sub", "executed"), CELL_EXECUTED | 1u << OUTSIDER_MANUAL);
    ledger_free(l);
    lockstep(p, RUN "|--oracle|interp|--report|cover=ours|t.yaml"); /* no outsider, whatever it is called */
    l = ledger_of("ours");
    assert_int_equal(cell(l, "faulty", "rv.add", "executed"), CELL_EXECUTED | CELL_PEER);
    ledger_free(l);
}

/* An oracle that has to be excused for something did not check. */
static void test_excused(void **state)
{
    struct place *p = *state;
    write_file("t.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "  - {id: a, code: 'fmin.s fa0, fa1, fa2', in: {fa1: f32(snan), fa2: f32(1)}}\n"
                         "  - {id: b, code: 'fmin.s fa0, fa1, fa2', in: {fa1: f32(2), fa2: f32(1)}}\n"
                         "  - {id: c, code: 'fadd.s fa0, fa1, fa2', in: {fa1: f32(2), fa2: f32(1)}}\n");
    assert_int_equal(system("mkdir q"), 0);
    write_file("q/q.yaml",
               "lockstep: 1\nisa: riscv64\nquirks:\n"
               "  - {id: snan, backend: unicorn, rows: [rv.fmin.s], when: snan32(rs1), mask: rd, why: a, "
               "evidence: b}\n"
               "  - {id: box, backend: unicorn, rows: [rv.fadd.s, rv.fmin.s], mask: 'rd[63:32]', why: a, "
               "evidence: b}\n");
    lockstep(p, "run|-q|--quirks|q|--backend|interp|--oracle|unicorn|--report|cover=c|t.yaml");
    if (p->status) fail_msg("%s%s", p->out, p->err);
    struct ledger *l = ledger_of("c");
    assert_int_equal(cell(l, "interp", "rv.fmin.s", "rs1=snan"), CELL_EXECUTED);
    assert_int_equal(cell(l, "interp", "rv.fadd.s", "rs1=+norm"), CELL_EXECUTED | outsider("unicorn", l));
    assert_int_equal(cell(l, "interp", "rv.fmin.s", "rs1=+norm"), CELL_EXECUTED | outsider("unicorn", l));
    ledger_free(l);
}

/* ---- any number of jobs ---- */

/* The cases that die come last, when some records of their batch are home already. */
static void write_many(const char *name, bool crash)
{
    write_file(name, crash ? "lockstep: 1\nisa: riscv64\n"
                             "generate:\n  - {rows: [rv.add, rv.bne], count: 1500}\ncases:\n"
                             "  - {id: dies, code: 'and a0, a1, a1', in: {a7: 1}}\n" /* FAULT_ABORT */
                             "  - {id: dies-too, code: 'xor a0, a1, a1', in: {a7: 2}}\n"
                           : "lockstep: 1\nisa: riscv64\ngenerate:\n"
                             "  - {rows: [rv.add, 'rv.l*', rv.fadd.s, rv.bne], count: 300}\n"
                             "  - {rows: [rv.add, 'rv.l*', rv.fadd.s, rv.bne], count: 40, kind: sequence}\n");
}

static void test_jobs(void **state)
{
    struct place *p = *state;
    for (unsigned crash = 0; crash < 2; crash++) {
        char *one, *four;
        write_many("t.yaml", crash);
        const char *run = crash ? RUN "|--oracle|reference|t.yaml" : RUN_INTERP "|--oracle|reference|t.yaml";
        struct buf words = {0};
        buf_printf(&words, "%s|-j|1|--report|cover=1", run);
        lockstep(p, buf_cstr(&words));
        assert_int_equal(p->status, crash ? STATUS_FAIL : STATUS_PASS);
        buf_reset(&words);
        buf_printf(&words, "%s|-j|4|--report|cover=4", run);
        lockstep(p, buf_cstr(&words));
        assert_int_equal(p->status, crash ? STATUS_FAIL : STATUS_PASS);
        one = read_file("1");
        four = read_file("4");
        assert_string_equal(one, four);
        expect_part(one, "\"row\":\"rv.add\"");
        expect_no_part(one, "\"row\":\"rv.xor\""); /* the case that died */
        free(one);
        free(four);
        buf_free(&words);
    }
}

/* A worker's pipe carries anything when its memory is broken. */
static void test_nonsense(void **state)
{
    static const uint16_t bad[][6] = {{9, 0, 0, 0, 1, 0}, {0, 60000, 0, 0, 1, 0}, {0, 0, 60000, 0, 1, 0},
                                      {0, 0, 0, 7, 1, 0}, {0, 0, 0, 0, 0, 1},     {0, 0, 0, 0, 1 << 12, 0}};
    struct lineup lineup = {.entries = {{&faulty, false, NULL}, {&reference, true, NULL}}, .n = 2};
    struct ledger *l = ledger_open(&lineup);
    uint16_t good[6] = {0, (uint16_t)row_of(l, "rv.add"), 0, 0, CELL_EXECUTED, 0};
    assert_true(ledger_take(l, (const char *)good, sizeof(good)));
    assert_false(ledger_take(l, (const char *)good, sizeof(good) - 1));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint16_t both[12];
        memcpy(both, good, sizeof(good));
        both[4] |= CELL_PEER;
        memcpy(both + 6, bad[i], sizeof(good));
        if (!both[7]) both[7] = good[1];
        if (ledger_take(l, (const char *)both, sizeof(both))) fail_msg("taken: %zu", i);
    }
    assert_int_equal(cell(l, "faulty", "rv.add", "executed"), CELL_EXECUTED); /* nothing of it */
    ledger_free(l);
}

/* ---- files ---- */

static char *written(const struct ledger *l)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    ledger_write(l, l->cases, l->stopped, f);
    fclose(f);
    return text;
}

/* One and another are both. */
static void test_merge(void **state)
{
    struct place *p = *state;
    write_many("t.yaml", false);
    lockstep(p, RUN_INTERP "|--oracle|reference|--report|cover=all|t.yaml");
    lockstep(p, RUN_INTERP "|--oracle|reference|--report|cover=1|--shard|1/2|t.yaml");
    lockstep(p, RUN_INTERP "|--oracle|reference|--report|cover=2|--shard|2/2|t.yaml");
    struct ledger *l = ledger_of("1"), *whole = ledger_of("all");
    char *both, *want = written(whole), *half = written(l);
    struct buf why = {0};
    assert_string_not_equal(half, want);
    assert_true(ledger_read(l, "2", &why));
    both = written(l);
    assert_string_equal(both, want);
    ledger_free(l);
    ledger_free(whole);
    free(both);
    free(want);
    free(half);
}

static void refused(const char *text, const char *message)
{
    struct ledger *l = ledger_open(NULL);
    struct buf why = {0};
    write_file("x", text);
    if (ledger_read(l, "x", &why)) fail_msg("accepted:\n%s", text);
    assert_string_equal(buf_cstr(&why), message);
    assert_int_equal(l->nbackends ? l->subjects[0].cases[0][row_of(l, "rv.add")] : 0, 0);
    buf_free(&why);
    ledger_free(l);
}

#define HEAD_LINE "{\"type\":\"cover\",\"lockstep\":1,\"backends\":[\"interp\"],\"outsiders\":[\"manual\"]}\n"

static void test_refusals(void **state)
{
    struct ledger *l = ledger_open(NULL);
    struct buf isa = {0}, text = {0};
    buf_printf(&isa, HEAD_LINE "{\"type\":\"isa\",\"isa\":\"riscv64\",\"bins\":\"%016llx\"}\n",
               (unsigned long long)ledger_hash(&l->subjects[0]));
    ledger_free(l);
    refused("", "it is cut short");
    refused("hello\n", "it is no coverage report");
    refused("{\"type\":\"run\",\"lockstep\":1}\n", "it is no coverage report");
    refused("{\"type\":\"cover\",\"lockstep\":2}\n",
            "it has version 2 of the format, which this lockstep does not read");
    refused(HEAD_LINE, "it is cut short");
    refused(HEAD_LINE "{\"type\":\"isa\",\"isa\":\"riscv64\",\"bins\":\"0123456789abcdef\"}\n",
            "its rows of riscv64 are not those of this lockstep: run again");
    refused(HEAD_LINE "{\"type\":\"isa\",\"isa\":\"vax\",\"bins\":\"0123456789abcdef\"}\n",
            "its rows of vax are not those of this lockstep: run again");
    refused(HEAD_LINE "{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\"}\n",
            "line 2: a row before the line of its ISA");
    static const struct {
        const char *line, *message; /* behind a good beginning */
    } lines[] = {
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.addd\",\"on\":{}}\n", "line 3: no row rv.addd"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\"}\n", "line 3: \"on\" is missing"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\",\"on\":{\"jit\":{}}}\n",
         "line 3: the first line has no backend jit"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\",\"on\":{\"interp\":{\"qemu\":\"01\"}}}\n",
         "line 3: the first line has no outsider qemu"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\",\"on\":{\"interp\":{\"cases\":4,"
         "\"manual\":\"0g\"}}}\n",
         "line 3: '0g' is not hexadecimal"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.ecall\",\"on\":{\"interp\":{\"manual\":\"ff\"}}}"
         "\n",
         "line 3: 'ff' has more bins than the row"},
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\",\"on\":{\"interp\":{\"cases\":-1}}}\n",
         "line 3: \"cases\" must be a number"},
        {"{\"type\":\"what\"}\n", "line 3: unknown type of line 'what'"},
        /* all is well until the file ends too early: nothing of it counts */
        {"{\"type\":\"row\",\"isa\":\"riscv64\",\"row\":\"rv.add\",\"on\":{\"interp\":{\"cases\":4}}}\n",
         "it is cut short"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        buf_reset(&text);
        buf_printf(&text, "%s%s", buf_cstr(&isa), lines[i].line);
        refused(buf_cstr(&text), lines[i].message);
    }
    buf_free(&isa);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_checked, enter, leave),
        cmocka_unit_test_setup_teardown(test_nobody_checked, enter, leave),
        cmocka_unit_test_setup_teardown(test_excused, enter, leave),
        cmocka_unit_test_setup_teardown(test_jobs, enter, leave),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test_setup_teardown(test_merge, enter, leave),
        cmocka_unit_test_setup_teardown(test_refusals, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
