/* The program as its users meet it: statuses, messages, what a run prints, the same bytes for any number of
 * jobs. */
#include "harness/commands/place_test.h"
#include "harness/commands/table.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

/* The backends of the tests, and an oracle that wants to be named. */
static const struct backend *const *all_backends(void)
{
    static struct backend slow;
    static const struct backend *const all[] = {&faulty, &reference, &liar, &slow, NULL};
    slow = reference;
    slow.name = "slow";
    slow.on_request = true;
    return all;
}

static void lockstep_to(struct place *p, const char *words, const char *to)
{
    place_run(p, words, to, all_backends());
}

static void lockstep(struct place *p, const char *words)
{
    lockstep_to(p, words, NULL);
}

static void expect(struct place *p, const char *words, int status, const char *err)
{
    lockstep(p, words);
    expect_said(p, words, status, err);
}

static const char *last_line(char *text)
{
    size_t n = strlen(text);
    if (n && text[n - 1] == '\n') text[n - 1] = 0;
    char *nl = strrchr(text, '\n');
    return nl ? nl + 1 : text;
}

/* Cases i = 0.. with the fault that faults[i] says. */
static void write_cases(const char *name, unsigned n, const enum fault *faults)
{
    struct buf b = {0};
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "  - {id: c%u, code: 'addi a0, a0, 1', in: {a0: %u, a7: %u}}\n", i, i,
                   faults ? faults[i] : 0);
    write_file(name, b.p);
    buf_free(&b);
}

static const char usual[] = "|--oracle|reference|--quirks|none";

static const char *with_usual(const char *words)
{
    static char line[512];
    snprintf(line, sizeof(line), "%s%s", words, usual);
    return line;
}

/* ---- usage ---- */

static void test_usage(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *words, *err; /* command line, and all that is said about it */
    } rows[] = {
        {"", "lockstep: no command given; 'lockstep --help' lists them\n"},
        {"rnu", "lockstep: unknown command 'rnu'; did you mean 'run'?\n"},
        {"xyzzy", "lockstep: unknown command 'xyzzy'; there are run, repro, shrink, explain, list, gen, "
                  "pack, cover, merge, codegen, bench, compare, exec, manual, completion\n"},
        {"--jobs|3",
         "lockstep: unknown option '--jobs'; a command comes first: 'lockstep --help' lists them\n"},
        {"run|--bakend|x", "lockstep: unknown option '--bakend'; did you mean '--backend'?\n"},
        {"run|--bakend=x", "lockstep: unknown option '--bakend'; did you mean '--backend'?\n"},
        {"run|--qqqqqqqq", "lockstep: unknown option '--qqqqqqqq'; 'lockstep run --help' lists them\n"},
        {"run|-z", "lockstep: unknown option '-z'; 'lockstep run --help' lists them\n"},
        {"explain|--jobs|2", "lockstep: unknown option '--jobs'; 'lockstep explain --help' lists them\n"},
        {"run|--jobs", "lockstep: '--jobs' wants N\n"},
        {"run|--quiet=1", "lockstep: '--quiet' takes no value\n"},
        {"run|--jobs|many", "lockstep: --jobs wants a number, not 'many'\n"},
        {"run|--jobs=-1", "lockstep: --jobs wants a number, not '-1'\n"},
        {"run|-j9999", "lockstep: --jobs wants a number from 0 to 1024, not '9999'\n"},
        {"run|--timeout|soon", "lockstep: --timeout wants seconds, not 'soon'\n"},
        {"run|--timeout|nan", "lockstep: --timeout wants seconds, not 'nan'\n"},
        {"compare|a|b|--least|much", "lockstep: --least wants percent, not 'much'\n"},
        {"compare|a|b|--least|-1", "lockstep: --least wants percent, not '-1'\n"},
        {"compare|a|b|--least|101", "lockstep: --least wants percent up to 100, not '101'\n"},
        {"compare|a|b|--pairs|5", "lockstep: --pairs wants a number from 6 to 33, not '5'\n"},
        {"compare|a|b|--plant|101", "lockstep: --plant wants a number from 0 to 100, not '101'\n"},
        {"bench|--min-time|1h", "lockstep: --min-time wants seconds, not '1h'\n"},
        {"bench|--min-time|4e3", "lockstep: --min-time wants seconds up to 3600, not '4e3'\n"},
        {"run|--shard|0/2", "lockstep: --shard wants I/N with I from 1 to N, not '0/2'\n"},
        {"run|--shard|3/2", "lockstep: --shard wants I/N with I from 1 to N, not '3/2'\n"},
        {"run|--shard|1", "lockstep: --shard wants I/N with I from 1 to N, not '1'\n"},
        {"run|a.yaml|--report|junit", "lockstep: --report wants KIND=FILE, not 'junit'\n"},
        {"run|a.yaml|--report|junt=x", "lockstep: unknown report 'junt'; did you mean 'junit'?\n"},
        {"run|a.yaml|--report|md=", "lockstep: --report md wants a file: md=FILE\n"},
        {"run|a.yaml|--backend|fautly", "lockstep: unknown backend 'fautly'; did you mean 'faulty'?\n"},
        {"run|a.yaml|--oracle|zz",
         "lockstep: unknown backend 'zz'; there are faulty, reference, liar, slow, smmu, smmu-reference, "
         "qemu-smmu\n"},
        {"run|a.yaml|--backend|liar|--oracle|liar",
         "lockstep: 'liar' cannot be under test and the oracle too\n"},
        {"run|b.yaml", "lockstep: b.yaml: No such file or directory\n"},
        {"explain|riscv46|nop", "lockstep: unknown ISA 'riscv46'; did you mean 'riscv64'?\n"},
        {"explain", "lockstep: usage: lockstep explain [OPTION...] ISA [CODE...]\n"},
        {"explain|riscv64", "lockstep: explain wants CODE or --file, one of them\n"},
        {"explain|riscv64|nop|--file|x", "lockstep: explain wants CODE or --file, one of them\n"},
        {"explain|riscv64|nop|--at|main", "lockstep: --at is a place of --file\n"},
        {"explain|riscv64|00c58533",
         "lockstep: hex is bytes ('33 85 c5 00') or a number ('0x00c58533'), not '00c58533'\n"},
        {"explain|riscv64|--file|/proc/self/exe",
         "lockstep: /proc/self/exe: is for another machine, not riscv64\n"},
        {"explain|riscv64|--file|nothing", "lockstep: nothing: No such file or directory\n"},
        {"explain|riscv64|--file|/dev/null", "lockstep: /dev/null: it is not an ELF file\n"},
        {"list|rowz|riscv64", "lockstep: unknown list 'rowz'; did you mean 'rows'?\n"},
        {"list|rows", "lockstep: list rows wants an ISA\n"},
        {"list|isas|x", "lockstep: list isas: 'x' is too much\n"},
        {"list|schema|plam", "lockstep: unknown schema 'plam'; did you mean 'plan'?\n"},
        {"gen|riscv64|--count|0", "lockstep: --count wants a number from 1 to 1000000, not '0'\n"},
    };
    write_cases("a.yaml", 1, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) expect(p, rows[i].words, STATUS_USAGE, rows[i].err);
}

/* Two commands of one bit would have each other's options. */
static void test_commands_are_apart(void **state)
{
    unsigned seen = 0;
    for (const struct command *c = commands; c->name; c++) {
        if (seen & c->id) fail_msg("%s has the bit of another command", c->name);
        seen |= c->id;
    }
}

static void test_help(void **state)
{
    struct place *p = *state;
    expect(p, "--help", STATUS_PASS, "");
    expect_part(p->out, "usage: lockstep COMMAND");
    expect_part(p->out, "repro ID [PATH...]");
    expect(p, "run|--help", STATUS_PASS, "");
    expect_part(p->out, "usage: lockstep run [OPTION...] [PATH...]");
    expect_part(p->out, "-j, --jobs N");
    assert_null(strstr(p->out, "--rows"));
    expect(p, "help|list", STATUS_PASS, "");
    expect_part(p->out, "usage: lockstep list [OPTION...] WHAT [NAME...]");
    expect(p, "help|lst", STATUS_USAGE, "lockstep: unknown command 'lst'; did you mean 'list'?\n");
    expect(p, "gen|-h", STATUS_PASS, "");
    expect_part(p->out, "--rows GLOB");
}

/* ---- runs ---- */

static void test_statuses(void **state)
{
    struct place *p = *state;
    enum fault wrong[3] = {[1] = FAULT_WRONG}, crash[3] = {[2] = FAULT_ABORT},
               odd[3] = {[0] = FAULT_UNSUPPORTED};
    write_cases("good.yaml", 3, NULL);
    write_cases("wrong.yaml", 3, wrong);
    write_cases("crash.yaml", 3, crash);
    write_cases("odd.yaml", 3, odd);
    write_file("bad.yaml", "lockstep: 1\nisa: riscv64\ncases:\n  - {id: x, cod: nop}\n");
    write_file("empty.yaml", "lockstep: 1\nisa: riscv64\ncases: []\n");
    lockstep(p, with_usual("run|good.yaml"));
    assert_int_equal(p->status, STATUS_PASS);
    assert_string_equal(last_line(p->out), "3 passed, 0 failed");
    expect_part(p->out, "checked against an oracle: 3; checked against the manual: 0; against both: 0\n");
    lockstep(p, with_usual("run|wrong.yaml"));
    assert_int_equal(p->status, STATUS_FAIL);
    assert_string_equal(last_line(p->out), "2 passed, 1 failed");
    expect_part(p->out, "FAIL riscv64/wrong/c1 (wrong.yaml:5)\n");
    expect_part(p->out,
                "  reproduce: lockstep repro riscv64/wrong/c1 wrong.yaml --oracle reference --quirks none\n");
    expect_part(p->out,
                "failures by cause, each with its smallest case:\n"
                "      1  rv.addi: rd: faulty differs from reference\n"
                "         lockstep repro riscv64/wrong/c1 wrong.yaml --oracle reference --quirks none\n");
    lockstep(p, with_usual("run|crash.yaml"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "crash riscv64/crash/c2 (crash.yaml:6)\n  faulty died of SIGABRT\n");
    lockstep(p, with_usual("run|odd.yaml"));
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "skipped 1: it is tired\n");
    assert_string_equal(last_line(p->out), "2 passed, 0 failed, 1 skipped");
    lockstep(p, with_usual("run|bad.yaml"));
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "bad.yaml:4:");
    expect_part(p->err, "did you mean 'code'?");
    assert_string_equal(p->out, "");
    expect(p, with_usual("run|empty.yaml"), STATUS_NOTHING,
           "lockstep: nothing to run: there are no cases in the corpora given\n");
    expect(p, with_usual("run|good.yaml|--filter|*/c9"), STATUS_NOTHING,
           "lockstep: nothing to run: the filter selects no case\n");
    lockstep(p, with_usual("run|good.yaml|--filter|*/c1|-f|*/c2"));
    assert_string_equal(last_line(p->out), "2 passed, 0 failed");
    lockstep(p, "run|good.yaml|--oracle|none|--quirks|none");
    expect_part(p->out, "skipped 3: no oracle can run it and no truth given\n");
    assert_int_equal(p->status, STATUS_PASS);
}

static void test_limits_of_printing(void **state)
{
    struct place *p = *state;
    enum fault wrong[30];
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) wrong[i] = FAULT_WRONG;
    write_cases("w.yaml", 30, wrong);
    lockstep(p, with_usual("run|w.yaml|--max-failures-shown|2|--report|md=r.md"));
    expect_part(p->out, "… and 28 failures more; the reports have them all\n");
    assert_null(strstr(p->out, "riscv64/w/c2 "));
    char *md = read_file("r.md");
    expect_part(md, "**riscv64/w/c29**");
    free(md);
    lockstep(p, with_usual("run|w.yaml|--quiet"));
    assert_string_equal(p->err, "");
    assert_null(strstr(p->out, "reproduce"));
    expect_part(p->out, "FAIL riscv64/w/c19 (w.yaml:23)\n");
}

/* Reports and output, the time aside, are the same bytes whatever the number of workers. */
static void test_deterministic(void **state)
{
    struct place *p = *state;
    enum { N = 400 };
    enum fault faults[N] = {[7] = FAULT_WRONG, [8] = FAULT_ABORT, [200] = FAULT_KILL, [399] = FAULT_WRONG};
    char *first = NULL;
    write_cases("c.yaml", N, faults);
    for (int jobs = 1; jobs <= 4; jobs++) {
        char words[256];
        snprintf(words, sizeof(words), "run|c.yaml|--order|plain|-j|%d|-r|junit=j.xml|-r|jsonl=j.jsonl%s",
                 jobs, usual);
        lockstep(p, words);
        assert_int_equal(p->status, STATUS_FAIL);
        char *xml = read_file("j.xml"), *jsonl = read_file("j.jsonl");
        char *sums = strstr(jsonl, ",\"jobs\"");
        assert_non_null(sums);
        *sums = 0;
        char *seconds = strstr(p->out, " cases in ");
        assert_non_null(seconds);
        *seconds = 0;
        struct buf all = {0};
        buf_printf(&all, "%s%s%s", p->out, xml, jsonl);
        if (!first) first = xstrdup(all.p);
        assert_string_equal(all.p, first);
        buf_free(&all);
        free(xml);
        free(jsonl);
    }
    free(first);
}

/* Shards are disjoint and complete, and each case's line is the same as in the whole run. */
static void test_shards(void **state)
{
    struct place *p = *state;
    enum { N = 100 };
    unsigned total = 0;
    bool met[N] = {0};
    write_cases("s.yaml", N, NULL);
    for (int i = 1; i <= 3; i++) {
        char words[256];
        snprintf(words, sizeof(words), "run|s.yaml|--shard|%d/3|-r|jsonl=s.jsonl%s", i, usual);
        lockstep(p, words);
        assert_int_equal(p->status, STATUS_PASS);
        char *jsonl = read_file("s.jsonl");
        for (char *at = jsonl; (at = strstr(at, "\"id\":\"riscv64/s/c")); at++) {
            unsigned c = (unsigned)atoi(at + strlen("\"id\":\"riscv64/s/c"));
            assert_true(c < N && !met[c]);
            met[c] = true;
            total++;
        }
        free(jsonl);
    }
    assert_int_equal(total, N);
}

static void test_reports_that_fail(void **state)
{
    struct place *p = *state;
    write_cases("a.yaml", 600, NULL);
    expect(p, with_usual("run|a.yaml|-r|junit=/nonexistent/j.xml"), STATUS_USAGE,
           "lockstep: cannot write the junit report /nonexistent/j.xml: No such file or directory\n");
    assert_string_equal(p->out, "");
    expect(p, with_usual("run|a.yaml|-r|jsonl=one.out|-r|md=ok.md|-r|junit=./one.out"), STATUS_USAGE,
           "lockstep: the jsonl and the junit report are one file: ./one.out\n");
    lockstep(p, with_usual("run|a.yaml|-q|-r|jsonl=/dev/full|-r|md=ok.md"));
    assert_int_equal(p->status, STATUS_HARNESS);
    assert_string_equal(
        p->err, "lockstep: cannot write the jsonl report /dev/full: No space left on device; the run goes "
                "on without it\n");
    assert_string_equal(last_line(p->out), "600 passed, 0 failed");
    char *md = read_file("ok.md");
    expect_part(md, "600 passed, 0 failed");
    free(md);
    lockstep_to(p, with_usual("run|a.yaml|-q|-r|md=ok.md"), "/dev/full");
    assert_int_equal(p->status, STATUS_HARNESS);
    assert_string_equal(p->err, "lockstep: cannot write the results: No space left on device\n");
}

/* Ctrl-C in the middle: in a child, since the signal is meant for a whole program. */
static void test_interrupted(void **state)
{
    struct place *p = *state;
    enum { N = 600 };
    enum fault faults[N];
    for (size_t i = 0; i < N; i++) faults[i] = i < 100 ? 0 : FAULT_SLOW;
    write_cases("slow.yaml", N, faults);
    pid_t pid = fork();
    if (!pid) {
        lockstep(p, with_usual("run|slow.yaml|-j|2|-r|junit=j.xml|-r|jsonl=j.jsonl|-r|md=j.md"));
        write_file("out", p->out);
        _exit(p->status);
    }
    for (int i = 0; i < 200 && access("j.md", F_OK); i++) usleep(10000);
    usleep(300000);
    kill(pid, SIGINT);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_HARNESS);
    char *out = read_file("out"), *xml = read_file("j.xml"), *jsonl = read_file("j.jsonl"),
         *md = read_file("j.md");
    expect_part(out, "stopped: interrupted by SIGINT, after ");
    expect_part(last_line(out), " passed, 0 failed");
    expect_part(xml, "interrupted by SIGINT");
    expect_part(xml, "</testsuites>\n");
    expect_part(jsonl, "\"stopped\":\"interrupted by SIGINT\"");
    expect_part(md, "The run did not finish: interrupted by SIGINT");
    free(out);
    free(xml);
    free(jsonl);
    free(md);
}

/* A program that was stopped for longer than a case may take has not timed out. */
static void test_stopped_and_continued(void **state)
{
    struct place *p = *state;
    enum fault faults[60];
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) faults[i] = FAULT_SLOW;
    write_cases("slow.yaml", ARRAY_LEN(faults), faults);
    pid_t pid = fork();
    if (!pid) {
        setpgid(0, 0);
        lockstep(p, with_usual("run|slow.yaml|-j|1|--timeout|0.6"));
        write_file("out", p->out);
        _exit(p->status);
    }
    usleep(300000);
    assert_int_equal(kill(-pid, SIGSTOP), 0);
    usleep(1200000);
    assert_int_equal(kill(-pid, SIGCONT), 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    char *out = read_file("out");
    assert_string_equal(last_line(out), "60 passed, 0 failed");
    free(out);
}

static void test_timeout(void **state)
{
    struct place *p = *state;
    enum fault faults[3] = {[1] = FAULT_HANG};
    write_cases("h.yaml", 3, faults);
    lockstep(p, with_usual("run|h.yaml|--timeout|0.3"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "timeout riscv64/h/c1 (h.yaml:5)\n  no result from faulty within 0.3 s\n");
    assert_string_equal(last_line(p->out), "2 passed, 1 failed");
}

/* ---- plans ---- */

static void test_plan(void **state)
{
    struct place *p = *state;
    assert_int_equal(system("mkdir -p sub/corpus"), 0);
    write_cases("sub/corpus/one.yaml", 5, NULL);
    write_file("sub/plan.yaml",
               "plan: 1\ncorpora: [corpus]\nbackends: faulty\noracles: [reference]\nquirks: none\n"
               "filter: '*/c[0-2]'\nreports: {md: made/r.md}\n");
    lockstep(p, "run|sub/plan.yaml");
    assert_int_equal(p->status, STATUS_PASS);
    assert_string_equal(last_line(p->out), "3 passed, 0 failed");
    assert_int_equal(access("made/r.md", R_OK), 0);
    lockstep(p, "run|sub/plan.yaml|--filter|*/c4|--report|md=r.md");
    assert_string_equal(last_line(p->out), "1 passed, 0 failed");
    assert_int_equal(access("r.md", R_OK), 0);
    write_file("typo.yaml", "plan: 1\ncorpora: [x]\nbackend: faulty\n");
    lockstep(p, "run|typo.yaml");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "typo.yaml:3:1: error: unknown key 'backend'");
    expect_part(p->err, "did you mean 'backends'?");
    write_file("newer.yaml", "plan: 2\nnew: [x]\n");
    lockstep(p, "run|newer.yaml");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "newer.yaml:1:7: error: format 2; this lockstep reads format 1\n");
    assert_null(strstr(p->err, "'new'")); /* what that format says is not judged */
    write_file("time.yaml", "plan: 1\ncorpora: [x]\ntimeout: long\n");
    lockstep(p, "run|time.yaml");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "time.yaml:3:10: error: expected seconds");
}

/* ---- the other commands ---- */

static void test_repro(void **state)
{
    struct place *p = *state;
    enum fault faults[4] = {[1] = FAULT_WRONG, [2] = FAULT_ABORT, [3] = FAULT_HANG};
    write_cases("r.yaml", 4, faults);
    lockstep(p, with_usual("repro|riscv64/r/c0|r.yaml"));
    assert_int_equal(p->status, STATUS_PASS);
    expect_part(p->out, "riscv64/r/c0 (r.yaml:4)\n");
    expect_part(p->out, "addi a0, a0, 1");
    expect_part(p->out, "semantics\n    rd = rs1 + imm\n");
    expect_part(p->out, "faulty: budget, 1 executed\n");
    expect_part(p->out, "reference (oracle): budget, 1 executed\n");
    assert_string_equal(last_line(p->out), "pass, checked against an oracle");
    lockstep(p, with_usual("repro|riscv64/r/c1|r.yaml"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "faulty differs from reference\n");
    lockstep(p, with_usual("repro|riscv64/r/c2|r.yaml"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out,
                "crash: faulty died of SIGABRT\nnext:\n  lockstep shrink riscv64/r/c2 r.yaml --oracle "
                "reference --quirks none\n");
    lockstep(p, with_usual("repro|riscv64/r/c3|r.yaml|--timeout|0.2"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "timeout: no result from faulty within 0.2 s\nnext:\n");
    expect(p, with_usual("repro|riscv64/r/c9|r.yaml"), STATUS_NOTHING,
           "lockstep: there is no case 'riscv64/r/c9'; did you mean 'riscv64/r/c0'?\n");
}

static void test_explain(void **state)
{
    struct place *p = *state;
    static const char *const codes[] = {"lw a0, 8(sp)", "03 25 81 00", "0x00812503"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        char words[64];
        snprintf(words, sizeof(words), "explain|riscv64|%s", codes[i]);
        expect(p, words, STATUS_PASS, "");
        expect_part(p->out, "00812503  lw a0, 8(sp)\n");
        expect_part(p->out, "row         rv.lw, specs/riscv64/i.yaml:");
        expect_part(p->out, "encoding    imm[11:0] rs1 010 rd 0000011\n");
        expect_part(p->out, "rd      = a0 (written)\n");
        expect_part(p->out, "imm     = 8\n");
        expect_part(p->out, "rs1     = sp (read)\n");
        expect_part(p->out, "semantics   rd = sext(load32(rs1 + imm))\n");
        expect_part(p->out, "reads       sp, memory (4 bytes)\n");
        expect_part(p->out, "writes      a0\n");
        expect_part(p->out, "raises      load-access\n");
    }
    expect(p, "explain|riscv64|addi a0, a0, 1; addi a0, a0, 2; beqz a0, .+8", STATUS_PASS, "");
    expect_part(p->out, "\nblock\n  0x10000: addi a0, a0, 1\n  0x10004: addi a0, a0, 2\n");
    expect_part(p->out, "\nir\n  block 0x10000 key 0x");
    expect_part(p->out, "\n  goto 0x1000c\noptimised\n");
    expect_part(p->out, "\nhost code, ");
    expect_part(p->out, "> sub r15, 3\n");
    expect(p, "explain|riscv64|33|85|c5|00", STATUS_PASS, "");
    expect_part(p->out, "00c58533  add a0, a1, a2\n");
    expect(p, "explain|riscv64|add|a0,|a1,|a1", STATUS_PASS, "");
    expect_part(p->out, "reads       a1\n");
    expect(p, "explain|riscv64|csrrs a0, fflags, a1", STATUS_PASS, "");
    expect_part(p->out, "reads       a1, fflags\n  writes      a0, fflags\n");
    expect(p, "explain|riscv64|sd ra, 0(sp)", STATUS_PASS, "");
    expect_part(p->out, "; ra\n");
    expect_part(p->out, "; leaves: the budget is spent\n");
    expect_part(p->out, "; leaves: a fault at 0x10000\n");
    expect(p, "explain|riscv64|0xffffffff", STATUS_PASS, "");
    expect_part(p->out, "is not an instruction of riscv64\n");
    expect_part(p->out, "\n  step\n");
    lockstep(p, "explain|riscv64|ad a0, a1, a2");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "did you mean 'add'?");
    expect_part(p->err, "\n    ad a0, a1, a2\n    ^~\n");
}

static void test_default_oracles(void **state)
{
    struct place *p = *state;
    write_cases("o.yaml", 3, NULL);
    lockstep(p, "run|o.yaml|--quirks|none");
    expect_part(p->out, "3 cases: faulty against reference, liar\n");
    lockstep(p, "run|o.yaml|--quirks|none|--oracle|slow");
    expect_part(p->out, "3 cases: faulty against slow\n");
    lockstep(p, "run|o.yaml|--quirks|none|--oracle|slow|--oracle|liar");
    expect_part(p->out, "3 cases: faulty against slow, liar\n");
}

static void test_list(void **state)
{
    struct place *p = *state;
    write_cases("l.yaml", 3, NULL);
    expect(p, "list|isas", STATUS_PASS, "");
    expect_part(p->out, "riscv64    RISC-V, 64-bit: ");
    expect(p, "list|backends", STATUS_PASS, "");
    expect_part(p->out, "liar       for tests (oracle), 1.0\n           riscv64: yes\n");
    expect(p, "list|rows|riscv64|rv.fence*", STATUS_PASS, "");
    expect_part(p->out, "rv.fence.i ");
    expect(p, "list|rows|riscv64|rv.nothing*", STATUS_NOTHING,
           "lockstep: no row of riscv64 matches 'rv.nothing*'\n");
    expect(p, "list|extensions|riscv64", STATUS_PASS, "");
    expect_part(p->out, "Base integer instructions\n");
    expect(p, "list|registers|riscv64", STATUS_PASS, "");
    expect_part(p->out, "NX:0 UF:1 OF:2 DZ:3 NV:4");
    expect(p, "list|csrs|riscv64", STATUS_PASS, "");
    expect_part(p->out, "0x001 fflags\n");
    expect(p, "list|cases|l.yaml", STATUS_PASS, "");
    assert_string_equal(p->out, "riscv64/l/c0\nriscv64/l/c1\nriscv64/l/c2\n");
    expect(p, "list|schema|plan", STATUS_PASS, "");
    expect_part(p->out, "\"corpora\"");
}

/* What gen writes is a corpus, and its cases are the ones that `generate:` runs. */
static void test_gen(void **state)
{
    struct place *p = *state;
    expect(p, "gen|riscv64|--rows|rv.add|--count|7|--seed|3|-o|g.yaml", STATUS_PASS, "");
    assert_string_equal(p->out, "7 cases in g.yaml\n");
    lockstep(p, with_usual("run|g.yaml"));
    assert_string_equal(last_line(p->out), "7 passed, 0 failed");
    lockstep(p, "gen|riscv64|--rows|rv.ad");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "riscv64 has no row 'rv.ad'; did you mean 'rv.add'?\n");
    expect(p, "gen|riscv64|--rows|rv.add|-o|/nonexistent/x", STATUS_USAGE,
           "lockstep: cannot write /nonexistent/x: No such file or directory\n");
    expect(p, "gen|riscv64|--rows|rv.add|-o|/dev/full", STATUS_HARNESS,
           "lockstep: cannot write /dev/full: No space left on device\n");
}

/* As many cases as fill the bins; those that cannot be are named. */
static void test_gen_full(void **state)
{
    struct place *p = *state;
    unsigned long cases = 0;
    char made[64];
    expect(p, "gen|riscv64|--rows|rv.sub|--seed|3|--bins", STATUS_PASS, "");
    assert_int_equal(sscanf(p->out, "rv.sub %lu cases fill 212 of 212 bins\n", &cases), 1);
    expect(p, "gen|riscv64|--rows|rv.sub|--seed|3|--until|full|-o|f.yaml", STATUS_PASS, "");
    snprintf(made, sizeof(made), "%lu cases in f.yaml\n", cases);
    assert_string_equal(p->out, made);
    expect(p, "gen|riscv64|--rows|rv.sub|--bins|--count|1", STATUS_PASS, "");
    expect_part(p->out, ": in none of 1 cases\n");
}

/* What cannot be generated is said in one sentence. */
static void test_gen_refused(void **state)
{
    static const struct {
        const char *args, *said; /* behind "gen|riscv64|"; behind "lockstep: " */
        int status;              /* to end with */
    } tries[] = {
        {"--rows|rv.ad", "riscv64 has no row 'rv.ad'; did you mean 'rv.add'?", STATUS_USAGE},
        {"--rows|rv.ad|--bins", "riscv64 has no row 'rv.ad'; did you mean 'rv.add'?", STATUS_USAGE},
        {"--rows|ext:Zbx", "riscv64 has no row 'ext:Zbx'; did you mean 'ext:Zba'?", STATUS_USAGE},
        {"--rows|nothing.*", "riscv64 has no row 'nothing.*'", STATUS_USAGE},
        {"--rows|rv.vadd.vv",
         "rv.vadd.vv has no semantics yet (status: absent), so there is nothing to generate", STATUS_USAGE},
        {"--rows|rv.vadd.vv|--bins",
         "rv.vadd.vv has no semantics yet (status: absent), so there is nothing to generate", STATUS_USAGE},
        {"--rows|ext:V", "no row of riscv64 that is done matches 'ext:V'", STATUS_NOTHING},
        {"--rows|ext:V|--bins", "no row of riscv64 that is done matches 'ext:V'", STATUS_NOTHING},
        {"--count|0", "--count wants a number from 1 to 1000000, not '0'", STATUS_USAGE},
        {"--count|1000001", "--count wants a number from 1 to 1000000, not '1000001'", STATUS_USAGE},
        {"--until|maybe", "--until wants count|full, not 'maybe'", STATUS_USAGE},
        {"--values|few", "--values wants all|corners|random, not 'few'", STATUS_USAGE},
        {"--kind|sequel", "--kind wants instruction|sequence, not 'sequel'", STATUS_USAGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        char line[200], said[200];
        snprintf(line, sizeof(line), "gen|riscv64|%s", tries[i].args);
        snprintf(said, sizeof(said), "lockstep: %s\n", tries[i].said);
        expect(*state, line, tries[i].status, said);
    }
}

/* A run that seems to hang says what it is at, and goes on. */
static void test_asked(void **state)
{
    enum fault faults[3] = {[1] = FAULT_HANG};
    sigset_t asks, old;
    int status;
    write_cases("h.yaml", 3, faults);
    write_file("err", "");
    sigemptyset(&asks);
    sigaddset(&asks, SIGUSR1);
    sigprocmask(SIG_BLOCK, &asks, &old); /* the child is asked before it can be ready */
    pid_t pid = fork();
    if (!pid) {
        FILE *out = fopen("/dev/null", "w"), *err = fopen("err", "w");
        const char *argv[] = {"lockstep", "run",       "h.yaml", "-b",        "faulty",
                              "-O",       "reference", "-j1",    "--timeout", "50"};
        _exit(program_main(ARRAY_LEN(argv), argv, out, err, all_backends()));
    }
    static const char at[] = "): riscv64/h/c1 on faulty, for ";
    char *said = NULL;
    double since = 0;
    for (unsigned i = 0; i < 200 && since < 0.1; i++) {
        kill(pid, SIGUSR1);
        usleep(30000);
        free(said);
        said = read_file("err");
        for (char *next = said; (next = strstr(next, at)); next++) since = atof(next + strlen(at));
    }
    expect_part(said, "/3 cases, 0 failed, 0 skipped, ");
    expect_part(said, "  worker 1 (process ");
    assert_true(since >= 0.1 && since < 50);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_HARNESS);
    sigprocmask(SIG_SETMASK, &old, NULL);
    free(said);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asked, enter, leave),
        cmocka_unit_test_setup_teardown(test_usage, enter, leave),
        cmocka_unit_test(test_commands_are_apart),
        cmocka_unit_test_setup_teardown(test_help, enter, leave),
        cmocka_unit_test_setup_teardown(test_statuses, enter, leave),
        cmocka_unit_test_setup_teardown(test_limits_of_printing, enter, leave),
        cmocka_unit_test_setup_teardown(test_deterministic, enter, leave),
        cmocka_unit_test_setup_teardown(test_shards, enter, leave),
        cmocka_unit_test_setup_teardown(test_reports_that_fail, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted, enter, leave),
        cmocka_unit_test_setup_teardown(test_stopped_and_continued, enter, leave),
        cmocka_unit_test_setup_teardown(test_timeout, enter, leave),
        cmocka_unit_test_setup_teardown(test_plan, enter, leave),
        cmocka_unit_test_setup_teardown(test_repro, enter, leave),
        cmocka_unit_test_setup_teardown(test_explain, enter, leave),
        cmocka_unit_test_setup_teardown(test_default_oracles, enter, leave),
        cmocka_unit_test_setup_teardown(test_list, enter, leave),
        cmocka_unit_test_setup_teardown(test_gen, enter, leave),
        cmocka_unit_test_setup_teardown(test_gen_full, enter, leave),
        cmocka_unit_test_setup_teardown(test_gen_refused, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
