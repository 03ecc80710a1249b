/* What outsiders say to reports: xmllint by our schema of the JUnit dialect, Python's junitparser, Python's
 * jsonschema by our schema of JSON lines. Where one is missing, its test is skipped and says so.
 */
#include "harness/report/report_test.h"

#include <limits.h>

/* The project's folder, above this program. */
static const char *project(void)
{
    static char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(n > 0);
    self[n] = 0;
    char *build = strstr(self, "/build/");
    assert_non_null(build);
    *build = 0;
    return self;
}

/* The system's Python, whose packages are Debian's. */
static const char python[] = "/usr/bin/python3";

static void need(const char *command, const char *what)
{
    if (!system(command)) return;
    print_message("not here: %s\n", what);
    skip();
}

/* What a shell command prints, up to 4 KiB. `%s` of it is the report. */
static void expect_says(const struct report_kind *kind, const char *fmt, const char *stopped,
                        const char *want)
{
    char command[2048], said[4096];
    char *path = temporary(""), *text = write_report(kind, path, stopped);
    snprintf(command, sizeof(command), fmt, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    said[fread(said, 1, sizeof(said) - 1, p)] = 0;
    pclose(p);
    assert_string_equal(said, want);
    unlink(path);
    free(path);
    free(text);
}

static void test_junit_schema(void **state)
{
    char fmt[PATH_MAX + 128];
    need("xmllint --version 2>/dev/null", "xmllint");
    snprintf(fmt, sizeof(fmt),
             "xmllint --noout --nonet --schema %s/harness/report/junit.xsd %%1$s 2>&1 | sed 's|.*html||; "
             "s|/tmp/[^ ]*|it|'",
             project());
    expect_says(&report_junit, fmt, NULL, "it validates\n");
    expect_says(&report_junit, fmt, "gave up", "it validates\n");
}

static void test_junit_parser(void **state)
{
    char fmt[1024];
    snprintf(fmt, sizeof(fmt), "%s -c 'import junitparser' 2>/dev/null", python);
    need(fmt, "python3-junitparser");
    snprintf(fmt, sizeof(fmt),
             "%s -c '\n"
             "from junitparser import JUnitXml\n"
             "for suite in JUnitXml.fromfile(\"%%s\"):\n"
             "    print(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped)\n"
             "    for case in suite:\n"
             "        before = [e.tag for e in case._elem if e.tag.startswith((\"flaky\", \"rerun\"))]\n"
             "        print(\" \", case.name, [type(x).__name__ for x in case.result], before)\n"
             "' 2>&1",
             python);
    expect_says(&report_junit, fmt, NULL,
                "a.yaml 3 1 0 1\n"
                "  r/a/1 [] ['flakyFailure']\n"
                "  r/a/2 ['Failure'] []\n"
                "  r/a/3 ['Skipped'] []\n"
                "b ?.yaml 3 0 2 0\n"
                "  r/b/1 ['Error'] ['rerunFailure']\n"
                "  r/b/2 ['Error'] []\n"
                "  r/b/3 [] []\n");
}

static void test_jsonl_schema(void **state)
{
    char fmt[PATH_MAX + 1024];
    snprintf(fmt, sizeof(fmt), "%s -c 'import jsonschema' 2>/dev/null", python);
    need(fmt, "python3-jsonschema");
    snprintf(
        fmt, sizeof(fmt),
        "%s -c '\n"
        "import json, jsonschema\n"
        "check = jsonschema.Draft202012Validator(json.load(open(\"%s/harness/report/cases.schema.json\")))\n"
        "check.check_schema(check.schema)\n"
        "lines = [json.loads(line) for line in open(\"%%s\")]\n"
        "bad = [error.message for line in lines for error in check.iter_errors(line)]\n"
        "print(len(lines), bad)\n"
        "' 2>&1",
        python, project());
    expect_says(&report_jsonl, fmt, NULL, "11 []\n");
    expect_says(&report_jsonl, fmt, "gave up", "11 []\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_junit_schema),
        cmocka_unit_test(test_junit_parser),
        cmocka_unit_test(test_jsonl_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
