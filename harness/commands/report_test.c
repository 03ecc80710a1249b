/* Reports as the program's users ask for them: every kind by option and by plan, what is refused before
 * anything runs, and what earlier runs are held against.
 */
#include "harness/commands/place_test.h"
#include "harness/report/report.h"

#include <string.h>
#include <sys/stat.h>

static void lockstep(struct place *p, const char *words)
{
    place_run(p, words, NULL, testing_backends);
}

static void expect(struct place *p, const char *words, int status, const char *err)
{
    lockstep(p, words);
    expect_said(p, words, status, err);
}

#define USUAL "|--backend|faulty|--oracle|reference|--quirks|none|-q"

static void write_cases(void)
{
    write_file("a.yaml", "lockstep: 1\nisa: riscv64\ncases:\n"
                         "  - {id: good, code: 'addi a0, a0, 1', in: {a0: 1}}\n"
                         "  - {id: bad, code: 'sub a0, a1, a2', in: {a7: 5}}\n"); /* FAULT_WRONG */
}

/* Whoever adds a kind has to give it a key in plans, too. */
static void test_every_kind(void **state)
{
    struct place *p = *state;
    struct buf plan = {0}, words = {0};
    write_cases();
    buf_str(&plan,
            "plan: 1\ncorpora: a.yaml\nbackends: faulty\noracles: reference\nquirks: none\nreports:\n");
    for (unsigned i = 0; report_kinds[i]; i++)
        buf_printf(&plan, "  %s: made/%s\n", report_kinds[i]->name, report_kinds[i]->name);
    write_file("plan.yaml", buf_cstr(&plan));
    expect(p, "run|plan.yaml|-q", STATUS_FAIL, "");
    for (unsigned i = 0; report_kinds[i]; i++) {
        char path[64];
        snprintf(path, sizeof(path), "made/%s", report_kinds[i]->name);
        char *text = read_file(path);
        if (!*text) fail_msg("%s is empty", path);
        free(text);
        buf_reset(&words);
        buf_printf(&words, "run|a.yaml" USUAL "|-r|%s=/dev/full", report_kinds[i]->name);
        lockstep(p, buf_cstr(&words));
        buf_reset(&words);
        buf_printf(&words,
                   "lockstep: cannot write the %s report /dev/full: No space left on device; the run goes on "
                   "without "
                   "it\n",
                   report_kinds[i]->name);
        if (p->status != STATUS_HARNESS || strcmp(p->err, buf_cstr(&words)))
            fail_msg("%d %s", p->status, p->err);
    }
    buf_free(&plan);
    buf_free(&words);
}

static void test_listed(void **state)
{
    struct place *p = *state;
    lockstep(p, "list|reports");
    assert_int_equal(p->status, STATUS_PASS);
    for (unsigned i = 0; report_kinds[i]; i++) expect_part(p->out, report_kinds[i]->help);
}

static void test_printed(void **state)
{
    struct place *p = *state;
    write_cases();
    lockstep(p, "run|a.yaml" USUAL "|-r|github=-");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out,
                "::error file=a.yaml,line=5,title=rv.sub%3A rd%3A faulty differs from reference::1 case;");
    expect_part(p->out, "::notice title=lockstep::1 passed, 1 failed\n");
    assert_null(strstr(p->out, "report: "));
    expect(p, "run|a.yaml" USUAL "|-r|tap=-", STATUS_USAGE,
           "lockstep: --report tap wants a file, and does not print\n");
}

/* The page names the row, whoever it fails on, and what it is held against. */
static void test_history(void **state)
{
    static const char bench[] =
        "{\"context\": {\"host_name\": \"%s\", \"num_cpus\": 2, \"date\": \"then <&>\"}, \"benchmarks\": ["
        "{\"name\": \"x/<a>/iterations:1\", \"run_name\": \"x/<a>/iterations:1\", \"run_type\": "
        "\"iteration\", "
        "\"cpu_time\": %d, \"time_unit\": \"us\", \"faulty\": %s},"
        "{\"name\": \"%s\", \"run_type\": \"iteration\", \"cpu_time\": 1.5, \"time_unit\": \"ms\"}]}";
    struct place *p = *state;
    char text[1024];
    write_cases();
    snprintf(text, sizeof(text), bench, "here", 10, "2.5", "y");
    write_file("now.json", text);
    snprintf(text, sizeof(text), bench, "here", 20, "\"-\"", "gone");
    write_file("then.json", text);
    snprintf(text, sizeof(text), bench, "there", 20, "1", "y");
    write_file("there.json", text);
    lockstep(p, "run|a.yaml" USUAL "|-f|*/good|-r|record=then.rec");
    lockstep(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|now.json|--before|then.json|--before|then.rec");
    expect_said(p, "run", STATUS_FAIL, "");
    char *html = read_file("x.html");
    expect_part(html, "faulty against another emulator");
    expect_part(html, ">2.50×</span>");
    expect_part(html, "of then &lt;&amp;&gt;");
    expect_part(html, "No longer measured: gone");
    expect_part(html, "New: y");
    expect_part(html, "Then <b>1</b> cases, <b>0</b> failed; now <b>2</b>, <b>1</b> failed.");
    free(html);
    lockstep(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|now.json|--before|there.json");
    html = read_file("x.html");
    expect_part(html, "Not compared: the earlier figures are another machine's");
    free(html);
    write_file(
        "moved.json",
        "{\"context\": {\"host_name\": \"here\", \"num_cpus\": 2}, \"lockstep\": {\"definitions\": "
        "{\"y\": \"1\"}}, \"benchmarks\": [{\"name\": \"y\", \"cpu_time\": 1, \"time_unit\": \"s\"}]}");
    lockstep(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|now.json|--before|moved.json");
    html = read_file("x.html");
    expect_part(html, "<p>No longer measured: y</p>"); /* it means something else now */
    expect_part(html, "<p>New: x/&lt;a&gt;, y</p>");
    free(html);
}

/* What `lockstep bench` wrote on day `i`: a benchmark that takes 20 % longer from the sixth day on. */
static void write_day(const char *dir, const char *machine, int i)
{
    char path[64];
    struct buf b = {0};
    buf_printf(
        &b,
        "{\"context\": {\"num_cpus\": 2}, \"lockstep\": {\"format\": 1, \"environment\": "
        "{\"machine\": \"%s\", \"commit\": \"c%d\", \"commit_time\": %d}, \"definitions\": {\"x\": \"d\"}},"
        "\"benchmarks\": [{\"name\": \"x\", \"cpu_time\": %d, \"time_unit\": \"ns\"}]}",
        machine, i, 1000 + i, (i < 6 ? 1000 : 1200) + i % 3);
    snprintf(path, sizeof(path), "%s/%s%d.json", dir, machine, i);
    write_file(path, buf_cstr(&b));
    buf_free(&b);
}

/* Of a folder of figures, the order is that of commits; what is measured now may be in it. */
static void test_series(void **state)
{
    struct place *p = *state;
    write_cases();
    assert_int_equal(mkdir("days", 0777), 0);
    assert_int_equal(mkdir("none", 0777), 0);
    for (int i = 11; i >= 0; i--) write_day("days", "here", i);
    write_day("days", "there", 5);
    write_file("days/notes.txt", "not figures");
    lockstep(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|days/here11.json|--before|days");
    expect_said(p, "run", STATUS_FAIL, "");
    char *html = read_file("x.html");
    expect_part(html, "<b>1</b> of 1 benchmarks changed in 12 runs on this machine, from <code>c0</code> to "
                      "<code>c11</code>. 1 other is of another machine: not shown.");
    expect_part(html, "at <code>c6</code>, after <code>c5</code>");
    expect_part(html, "<p class=\"meta\">days/here10.json of "); /* bars: against the newest */
    free(html);
    lockstep(p,
             "run|a.yaml" USUAL "|-r|html=x.html|--bench|days/here2.json|--before|days/here0.json|--before|"
             "days/here1.json");
    html = read_file("x.html");
    expect_part(html, "<b>0</b> of 1 benchmarks changed in 3 runs");
    expect_part(html, "Changes are looked for from 8 runs on.");
    free(html);
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|days/here2.json|--before|none", STATUS_USAGE,
           "lockstep: none: there is no other *.json in it\n");
    expect(
        p, "run|a.yaml" USUAL "|-r|html=x.html|--before|days", STATUS_USAGE,
        "lockstep: days/here0.json is an earlier measurement, and there is no --bench FILE to hold against "
        "it\n");
    write_file("days/cut.json", "{\"benchmarks\": [");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|days/here2.json|--before|days", STATUS_USAGE,
           "lockstep: days/cut.json: line 1: ']' expected near end of file\n");
    write_file("days/cut.json", "{\"benchmarks\": []}");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|days/here2.json|--before|days", STATUS_USAGE,
           "lockstep: days/cut.json: lockstep bench did not write it: nobody knows where it was measured\n");
}

static void test_bad_history(void **state)
{
    struct place *p = *state;
    write_cases();
    write_file("cut.json", "{\"benchmarks\": [");
    write_file("other.json", "{}");
    write_file("good.json", "{\"benchmarks\": []}");
    lockstep(p, "run|a.yaml" USUAL "|-r|record=a.rec|-r|html=x.html");
    remove("x.html");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|none.json", STATUS_USAGE,
           "lockstep: none.json: No such file or directory\n");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--bench|cut.json", STATUS_USAGE,
           "lockstep: cut.json: not what Google Benchmark writes as JSON: line 1: ']' expected near end of "
           "file\n");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--before|other.json", STATUS_USAGE,
           "lockstep: other.json: not what Google Benchmark writes as JSON: there is no list 'benchmarks'\n");
    expect(
        p, "run|a.yaml" USUAL "|-r|html=x.html|--before|good.json", STATUS_USAGE,
        "lockstep: good.json is an earlier measurement, and there is no --bench FILE to hold against it\n");
    expect(p, "run|a.yaml" USUAL "|-r|html=x.html|--before|a.rec|--before|a.rec", STATUS_USAGE,
           "lockstep: a.rec and a.rec: there can be one run before this\n");
    assert_int_not_equal(access("x.html", F_OK), 0);
}

/* Nobody could tell what is right: that is not green. */
static void test_only_skipped(void **state)
{
    write_cases();
    expect(*state, "run|a.yaml|--backend|faulty|--oracle|none|--quirks|none|-q|-r|html=x.html", STATUS_PASS,
           "");
    char *html = read_file("x.html");
    expect_part(html, "<p class=\"pill cut\">Nothing checked</p>\n<h1>No case was checked: 2 skipped</h1>");
    free(html);
}

/* A case that failed and passes, though nothing has changed, is flaky; once something has, it was mended. */
static void test_flaky(void **state)
{
    struct place *p = *state;
    struct buf b = {0};
    buf_printf(&b,
               "lockstep: 1\nisa: riscv64\ncases:\n  - {id: good, code: nop}\n"
               "  - {id: flaky, code: 'addi a0, a0, 1', in: {a7: %d}}\n"
               "  - {id: bad, code: 'addi a0, a0, 1', in: {a7: %d}}\n"
               "  - {id: dead, code: 'addi a0, a0, 1', in: {a7: %d}}\n",
               FAULT_FILE, FAULT_WRONG, FAULT_KILL);
    write_file("a.yaml", buf_cstr(&b));
    write_file("wrong", "");
    lockstep(p, "run|a.yaml" USUAL "|-r|record=a.rec");
    expect_part(p->out, "1 passed, 3 failed");
    remove("wrong");
    lockstep(p, "run|a.yaml" USUAL
                "|--rerun|a.rec|-r|record=a.rec|-r|junit=j.xml|-r|jsonl=j.jsonl|-r|md=m.md|-r|html=h.html");
    expect_part(p->out, "flaky, passed now and failed before, though nothing has changed: 1\n");
    char *xml = read_file("j.xml"), *jsonl = read_file("j.jsonl"), *md = read_file("m.md"),
         *html = read_file("h.html");
    expect_part(
        xml,
        "name=\"riscv64/a/flaky\"><flakyFailure type=\"fail\" message=\"rv.addi: rd: faulty differs from");
    expect_part(xml, "</failure><rerunFailure type=\"fail\" message=\"rv.addi: rd: faulty differs from");
    expect_part(xml, "</error><rerunError type=\"crash\" message=\"faulty died of SIGKILL");
    expect_part(xml, "tests=\"3\" failures=\"1\" errors=\"1\"");
    expect_part(jsonl, "\"before\":\"fail\"");
    expect_part(jsonl, "\"flaky\":1");
    expect_part(md, "| flaky: failed before, passed now, nothing has changed | 1 |");
    expect_part(html, "Flaky: <b>1</b> case failed before");
    free(xml);
    free(jsonl);
    free(md);
    free(html);
    write_file("wrong", "");
    lockstep(p, "run|a.yaml" USUAL "|-r|record=a.rec");
    remove("wrong");
    buf_str(&b, "  - {id: more, code: nop}\n");
    write_file("a.yaml", buf_cstr(&b));
    lockstep(p, "run|a.yaml" USUAL "|--rerun|a.rec|-r|junit=j.xml");
    xml = read_file("j.xml");
    expect_part(xml, "name=\"riscv64/a/flaky\"/>");
    assert_null(strstr(xml, "rerun"));
    free(xml);
    buf_free(&b);
}

/* A page without what the clock says, which stands in the sections on speed and on the run, and in each row's
 * line. */
static char *timeless_page(const char *name)
{
    char *html = read_file(name), *speed = strstr(html, "<section id=\"speed\">"),
         *rows = strstr(html, "<section id=\"rows\">"), *run = strstr(html, "<section id=\"run\">");
    assert_true(speed && rows && run);
    *run = 0;
    memmove(speed, rows, strlen(rows) + 1);
    for (char *at = html; (at = strstr(at, " µs each"));) {
        char *from = at;
        while (from[-1] != ',') from--;
        memmove(from, at, strlen(at) + 1);
        at = from + 1;
    }
    return html;
}

/* Jobs, shards and a stop on the way leave no trace. */
static void test_same(void **state)
{
    static const char *const others[] = {
        "run|b.yaml" USUAL "|-j|3|-r|html=x.html",
        "run|b.yaml" USUAL "|-j|1|-r|html=x.html|--resume|half.rec",
        "merge|1.rec|2.rec|-q|-r|html=x.html",
    };
    struct place *p = *state;
    struct buf b = {0};
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&b, "  - {id: c%d, code: 'addi a0, a1, %d', in: {a1: %d, a7: %d}}\n", i, i, i * 77,
                   i % 9 == 4 ? FAULT_WRONG
                   : i == 50  ? FAULT_KILL
                              : 0);
    buf_str(&b, "generate:\n  - {rows: 'rv.a*', count: 9}\n");
    write_file("b.yaml", buf_cstr(&b));
    lockstep(p, "run|b.yaml" USUAL "|-j|1|-r|html=x.html|-r|record=half.rec");
    lockstep(p, "run|b.yaml" USUAL "|--shard|1/2|-r|cover=c|-r|record=1.rec");
    lockstep(p, "run|b.yaml" USUAL "|--shard|2/2|-r|cover=c|-r|record=2.rec");
    char *one = timeless_page("x.html");
    expect_part(one, " cases failed, of ");
    assert_int_equal(truncate("half.rec", 9000), 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        lockstep(p, others[i]);
        if (p->status != STATUS_FAIL) fail_msg("%s: %s", others[i], p->err);
        char *other = timeless_page("x.html");
        if (strcmp(one, other)) fail_msg("%s makes another page", others[i]);
        free(other);
    }
    free(one);
    buf_free(&b);
}

/* The page of a merged run is that of the whole run, but for the times and how it was called. */
static void test_merged(void **state)
{
    struct place *p = *state;
    write_cases();
    lockstep(p, "run|a.yaml" USUAL "|--shard|1/2|-r|record=1.rec");
    lockstep(p, "run|a.yaml" USUAL "|--shard|2/2|-r|record=2.rec");
    lockstep(p, "merge|1.rec|2.rec|-q|-r|html=m.html");
    expect_said(p, "merge", STATUS_FAIL, "");
    char *html = read_file("m.html");
    expect_part(html, "1 of 2 cases failed, of 1 cause");
    expect_part(html, "This run did not note what it covers");
    expect_part(html, "<a class=\"f\" href=\"#rv.sub\" title=\"rv.sub fails 1\">");
    free(html);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_kind, enter, leave),
        cmocka_unit_test_setup_teardown(test_listed, enter, leave),
        cmocka_unit_test_setup_teardown(test_printed, enter, leave),
        cmocka_unit_test_setup_teardown(test_history, enter, leave),
        cmocka_unit_test_setup_teardown(test_series, enter, leave),
        cmocka_unit_test_setup_teardown(test_bad_history, enter, leave),
        cmocka_unit_test_setup_teardown(test_only_skipped, enter, leave),
        cmocka_unit_test_setup_teardown(test_flaky, enter, leave),
        cmocka_unit_test_setup_teardown(test_same, enter, leave),
        cmocka_unit_test_setup_teardown(test_merged, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
