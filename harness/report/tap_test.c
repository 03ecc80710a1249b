/* TAP as Perl's TAP::Parser reads it, and annotations by GitHub's own rules of escaping. */
#include "harness/report/report_test.h"

/* "planned passed failed skipped errors", and the detail of each failure. */
static const char reader[] =
    "perl -MTAP::Parser -e '"
    "my $p = TAP::Parser->new({exec => [\"cat\", \"%s\"]}); my $y = \"\"; my $b = \"whole\";"
    "while (my $r = $p->next) { $b = \"bailed\" if $r->is_bailout; $y = $r->raw if $r->is_yaml && !$y }"
    "printf(\"%%s %%s %%d %%d %%d %%d %%s|%%s\", $p->version, $p->tests_planned, scalar $p->passed, scalar "
    "$p->failed,"
    " scalar $p->skipped, scalar $p->parse_errors, $b,"
    " $p->version >= 13 && $y =~ /verdict: \"fail\"/ ? \"yaml\" : \"none\")' 2>&1";

static char *read_tap(const char *path)
{
    char command[1024], line[256] = "";
    snprintf(command, sizeof(command), reader, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    char *got = fgets(line, sizeof(line), p);
    pclose(p);
    return xstrdup(got ? line : "");
}

static void test_tap(void **state)
{
    char *have = command_output("perl -MTAP::Parser -e 1 2>&1 && echo %s", "yes"), *path = temporary("");
    char *text = write_report(&report_tap, path, NULL);
    assert_memory_equal(text, "TAP version 13\n1..6\nok 1 - r/a/1\nnot ok 2 - r/a/2\n  ---\n", 54);
    assert_non_null(strstr(text, "\nok 3 - r/a/3 # SKIP no \"oracle\"\n"));
    assert_non_null(strstr(text, "  file: \"b ?.yaml\"\n"));
    if (have) {
        char *said = read_tap(path);
        assert_string_equal(said, "13 6 3 3 1 0 whole|yaml");
        free(said);
    }
    free(text);
    text = write_report(&report_tap, path, "interrupted\nby # SIGINT");
    assert_non_null(strstr(text, "Bail out! interrupted by \\# SIGINT\n"));
    if (have) {
        char *said = read_tap(path);
        assert_string_equal(said, "13 6 3 3 1 0 bailed|yaml");
        free(said);
    }
    unlink(path);
    free(path);
    free(text);
    free(have);
    if (!have) {
        print_message("no TAP::Parser of Perl here\n");
        skip();
    }
}

static void test_github(void **state)
{
    char *path = temporary(""), *text = write_report(&report_github, path, "gave up, 100% of\nit");
    static const char *const parts[] = {
        "::error file=a.yaml,line=3,title=rv.sub::1 case; the smallest is r/a/2%0A  x differs from <y> & "
        "\"z\"%0A  ]]> ? "
        "more%0Areproduce: lockstep repro r/a/2 a.yaml --seed 7\n",
        "::error file=b ?.yaml,title=rv.mul%3A no result::1 case;",
        "::error title=lockstep::the run did not finish: gave up, 100%25 of%0Ait\n",
        "::notice title=lockstep::2 passed, 3 failed, 1 skipped\n",
    };
    unsigned lines = 0;
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1, lines++) assert_memory_equal(at, "::", 2);
    assert_int_equal(lines, 5);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (!strstr(text, parts[i])) fail_msg("no '%s' in\n%s", parts[i], text);
    unlink(path);
    free(path);
    free(text);
}

/* Ten is what GitHub shows; the rest is a number. */
static void test_most(void **state)
{
    struct report r;
    struct tally t;
    struct run_info info = info_of(20);
    char *text = NULL;
    size_t n;
    unsigned lines = 0;
    tally_init(&t, 0);
    info.out = open_memstream(&text, &n);
    assert_int_equal(report_open(&r, &report_github, "-", false, &info), 0);
    for (unsigned i = 0; i < 20; i++) {
        char row[16];
        snprintf(row, sizeof(row), "row%u", i);
        struct record rec = {.verdict = VERDICT_FAIL,
                             .id = "x",
                             .row = row,
                             .ext = "",
                             .guest = "r",
                             .file = "f",
                             .reason = "",
                             .detail = "",
                             .exit = ""};
        tally_add(&t, &rec);
    }
    assert_int_equal(report_end(&r, &info, &t), 0);
    fclose(info.out);
    for (const char *at = text; (at = strstr(at, "::error ")); at++) lines++;
    assert_int_equal(lines, 10);
    assert_non_null(strstr(text, "::notice title=lockstep::0 passed, 20 failed; of 10 causes more\n"));
    free(text);
    tally_free(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_github),
        cmocka_unit_test(test_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
