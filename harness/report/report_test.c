/* Reports: XML and JSON that others can read, right counts, hostile texts, a full disk. */
#include "harness/report/report_test.h"

static void expect_xpath(const char *path, const char *xpath, const char *want)
{
    char fmt[512];
    snprintf(fmt, sizeof(fmt), "xmllint --xpath '%s' %%s 2>&1", xpath);
    char *got = command_output(fmt, path);
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void test_junit(void **state)
{
    char *path = temporary(""), *text = write_report(&report_junit, path, NULL);
    assert_memory_equal(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", 50);
    char *have = command_output("xmllint --version 2>/dev/null && echo %s", "yes");
    if (have) {
        free(have);
        char *valid = command_output("xmllint --noout %s 2>&1", path);
        assert_non_null(valid);
        assert_string_equal(valid, "");
        free(valid);
        expect_xpath(path, "count(//testcase)", "6");
        expect_xpath(
            path, "concat(//testsuites/@tests, \" \", //testsuites/@failures, \" \", //testsuites/@errors)",
            "6 1 2");
        expect_xpath(path, "count(//testsuite)", "2");
        expect_xpath(path,
                     "concat(//testsuite[1]/@tests, //testsuite[1]/@failures, //testsuite[1]/@errors, "
                     "//testsuite[1]/@skipped)",
                     "3101");
        expect_xpath(path,
                     "concat(//testsuite[2]/@tests, //testsuite[2]/@failures, //testsuite[2]/@errors, "
                     "//testsuite[2]/@skipped)",
                     "3020");
        expect_xpath(path, "string(//testsuite[2]/@name)", "b ?.yaml");
        expect_xpath(path, "string(//failure/@message)", "x differs from <y> & \"z\"");
        expect_xpath(path, "contains(//failure, \"]]> ? more\")", "true");
        expect_xpath(path, "contains(//failure, \"lockstep repro r/a/2 a.yaml --seed 7\")", "true");
        expect_xpath(path, "string(//skipped/@message)", "no \"oracle\"");
        expect_xpath(path, "concat(//error[1]/@type, \" \", //error[1]/@message)",
                     "crash tested died of SIGSEGV");
        expect_xpath(path, "string(//testcase[1]/@classname)", "r.rv.add");
    }
    free(text);
    text = write_report(&report_junit, path, "interrupted by SIGINT");
    assert_non_null(strstr(text, "interrupted by SIGINT"));
    assert_non_null(strstr(text, "<testsuites name=\"lockstep\" tests=\"7\" failures=\"1\" errors=\"3\">"));
    unlink(path);
    free(path);
    free(text);
}

static const char *str(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "(none)";
}

static void test_jsonl(void **state)
{
    char *path = temporary(""), *text = write_report(&report_jsonl, path, "gave up");
    json_t *lines[16] = {0};
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_error_t err;
        assert_true(n < ARRAY_LEN(lines));
        lines[n] = json_loads(line, JSON_REJECT_DUPLICATES, &err);
        if (!lines[n]) fail_msg("%s: %s", err.text, line);
        n++;
    }
    assert_int_equal(n, ARRAY_LEN(records) + 2 + 3); /* run, causes, sums */
    assert_string_equal(str(lines[0], "type"), "run");
    assert_int_equal(json_array_size(json_object_get(lines[0], "backends")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(lines[0], "paths"), 1)),
                        "caf? \"x\".yaml");
    assert_string_equal(str(lines[1], "id"), "r/a/1");
    assert_string_equal(str(lines[1], "verdict"), "pass");
    assert_int_equal(json_array_size(json_object_get(lines[1], "backends")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(lines[1], "checked"), 0)), "oracle");
    assert_string_equal(str(lines[2], "detail"), records[1].detail);
    assert_string_equal(str(lines[2], "repro"), "lockstep repro r/a/2 a.yaml --seed 7");
    assert_string_equal(str(lines[3], "reason"), "no \"oracle\"");
    assert_string_equal(str(lines[4], "verdict"), "crash");
    assert_true(json_is_true(json_object_get(lines[6], "dissent")));
    assert_int_equal(json_array_size(json_object_get(lines[6], "checked")), 2);
    assert_string_equal(str(lines[n - 4], "type"), "cluster");
    assert_int_equal(json_integer_value(json_object_get(lines[n - 4], "cases")), 1);
    assert_string_equal(str(lines[n - 4], "example"), "r/a/2");
    assert_string_equal(str(lines[n - 4], "repro"), "lockstep repro r/a/2 a.yaml --seed 7");
    json_t *sum = lines[n - 1];
    assert_int_equal(json_integer_value(json_object_get(sum, "passed")), 2);
    assert_int_equal(json_integer_value(json_object_get(sum, "failed")), 3);
    assert_int_equal(json_integer_value(json_object_get(sum, "skipped")), 1);
    assert_int_equal(json_integer_value(json_object_get(sum, "crashed")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(sum, "reasons"), "no \"oracle\"")),
                     1);
    assert_string_equal(str(sum, "stopped"), "gave up");
    for (size_t i = 0; i < n; i++) json_decref(lines[i]);
    unlink(path);
    free(path);
    free(text);
}

/* However many cases fail, people get a page. */
static void test_md_is_bounded(void **state)
{
    struct report r;
    struct tally t;
    struct run_info info = info_of(100000);
    char *path = temporary("");
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, &report_md, path, false, &info), 0);
    for (unsigned i = 0; i < 100000; i++) {
        char id[32], cause[64];
        snprintf(id, sizeof(id), "r/a/%u", i);
        snprintf(cause, sizeof(cause), "rv.x%u: rd: a differs from b", i % 3000);
        struct record rec = {.verdict = VERDICT_FAIL,
                             .id = id,
                             .row = "rv.sub",
                             .ext = "I",
                             .guest = "r",
                             .file = "a.yaml",
                             .exit = "",
                             .reason = cause,
                             .detail = "",
                             .bins = ""};
        tally_add(&t, &rec);
        assert_int_equal(report_record(&r, &info, &rec), 0);
    }
    assert_int_equal(t.clusters.n, CLUSTERS_MAX);
    assert_int_equal(report_end(&r, &info, &t), 0);
    tally_free(&t);
    struct buf text = {0};
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&text, chunk, n);
    fclose(f);
    assert_true(text.len < 1 << 20);
    assert_non_null(strstr(text.p, "- **r/a/999** (fail, rv.x999)"));
    assert_null(strstr(text.p, "**r/a/1000**"));
    assert_non_null(strstr(text.p, "\n… and 99000 failing cases more, which the other reports list.\n"));
    buf_free(&text);
    unlink(path);
    free(path);
}

static void test_md(void **state)
{
    static const char *const parts[] = {"# lockstep: 2 passed, 3 failed, 1 skipped\n",
                                        "interrupted by SIGINT, after 6 of 6",
                                        "| oracle | oracle, 1 \\<beta\\> |",
                                        "| shard | 2 of 3 |",
                                        "| against an oracle | 1 |",
                                        "| against the manual | 1 |",
                                        "| against both | 1 |",
                                        "| no \"oracle\" | 1 |",
                                        "| r I | 1 | 1 | 0 |",
                                        "| r (does not decode) | 0 | 0 | 1 |",
                                        "| r M | 1 | 2 | 0 |",
                                        "## Causes",
                                        "| rv.sub |  | 1 | `lockstep repro r/a/2 a.yaml --seed 7` |",
                                        "## Failures",
                                        "| rv.mul | 2 |",
                                        "- **r/a/2** (fail, rv.sub) x differs from \\<y\\>",
                                        "`lockstep repro r/a/2 a.yaml --seed 7`",
                                        "- **r/b/1** (crash,",
                                        "- **r/b/2** (timeout,"};
    char *path = temporary(""), *text = write_report(&report_md, path, "interrupted by SIGINT");
    const char *at = text;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *found = strstr(at, parts[i]);
        if (!found) {
            fail_msg("no '%s' in\n%s", parts[i], at);
            break;
        }
        at = found;
    }
    unlink(path);
    free(path);
    free(text);
}

/* What is to be pasted is one word to the shell, and what Markdown shows is what is to be pasted. */
static void test_commands(void **state)
{
    static const char *const words[][3] = {
        {"r/a_b/2,x", "r/a_b/2,x", "`r/a_b/2,x`"},
        {"a b&c.yaml", "'a b&c.yaml'", "`'a b&c.yaml'`"},
        {"it's|x", "'it'\\''s|x'", "`'it'\\''s\\|x'`"},
        {"$(x)`y`", "'$(x)`y`'", "`` '$(x)`y`' ``"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct buf word = {0}, code = {0};
        text_word(&word, words[i][0]);
        assert_string_equal(buf_cstr(&word), words[i][1]);
        text_md_code(&code, buf_cstr(&word), true);
        assert_string_equal(buf_cstr(&code), words[i][2]);
        buf_free(&word);
        buf_free(&code);
    }
}

/* /dev/full takes the open and refuses the bytes. The failure is told once, whenever it shows. */
static void test_full_disk(void **state)
{
    for (unsigned i = 0; report_kinds[i]; i++) {
        struct report r;
        struct tally t;
        struct run_info info = info_of(5000);
        struct ledger *ledger = report_kinds[i]->ledger ? ledger_open(&lineup) : NULL;
        struct record rec = records[1];
        int errors = 0, error = 0;
        info.ledger = ledger;
        rec.guest = "r";
        rec.reason = "";
        tally_init(&t, 0);
        assert_int_equal(report_open(&r, report_kinds[i], "/dev/full", false, &info), 0);
        for (int k = 0; k < 5000; k++) {
            int err = report_record(&r, &info, &rec);
            errors += err != 0;
            if (err) error = err;
        }
        int err = report_end(&r, &info, &t);
        errors += err != 0;
        if (err) error = err;
        assert_int_equal(errors, 1);
        assert_int_equal(error, -ENOSPC);
        tally_free(&t);
        ledger_free(ledger);
    }
}

static void test_cannot_open(void **state)
{
    struct report r;
    struct run_info info = info_of(1);
    assert_int_equal(report_open(&r, &report_md, "/nonexistent/x.md", false, &info), -ENOENT);
    assert_int_equal(report_open(&r, &report_md, "/", false, &info), -EISDIR);
}

static void test_makes_folders(void **state)
{
    char dir[] = "/tmp/lockstep-dirs-XXXXXX", path[64], command[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a/b/c.md", dir);
    struct report r;
    struct tally t;
    struct run_info info = info_of(1);
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, &report_md, path, true, &info), 0);
    assert_int_equal(report_end(&r, &info, &t), 0);
    assert_int_equal(access(path, R_OK), 0);
    tally_free(&t);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_junit),       cmocka_unit_test(test_jsonl),
        cmocka_unit_test(test_md),          cmocka_unit_test(test_md_is_bounded),
        cmocka_unit_test(test_commands),    cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_cannot_open), cmocka_unit_test(test_makes_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
