/* Three things say what options a command has: its help, its manual page and completion. They say the same.
 */
#include "harness/commands/place_test.h"
#include "harness/commands/table.h"

/* The text of a roff line: no fonts, and a dash is a dash. */
static char *plain_line(const char *line, size_t n)
{
    struct buf b = {0};
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\\' && line[i + 1] == 'f')
            i += 2;
        else if (line[i] != '\\')
            buf_char(&b, line[i]);
    }
    return b.p ? b.p : xstrdup("");
}

/* "-b, --backend BACKEND" and so on, a line each, as the page has them. */
static char *options_of_page(const char *page)
{
    struct buf b = {0};
    const char *at = strstr(page, ".SH OPTIONS\n"), *end = at ? strstr(at + 1, "\n.SH") : NULL;
    if (!at || !end) fail_msg("no options in %s", page);
    for (; at && (at = strstr(at, "\n.TP\n")) && at < end; at++) {
        const char *from = at + strlen("\n.TP\n");
        char *line = plain_line(from, strcspn(from, "\n"));
        buf_printf(&b, "%s\n", line);
        free(line);
    }
    return b.p;
}

/* The same, as the help has them: up to two blanks. */
static char *options_of_help(const char *help)
{
    struct buf b = {0};
    const char *at = strstr(help, "\noptions:\n");
    assert_non_null(at);
    for (at += strlen("\noptions:\n"); *at == ' '; at += strcspn(at, "\n") + 1) {
        const char *from = at + strspn(at, " "), *to = strstr(from, "  ");
        size_t len = to && to < from + strcspn(from, "\n") ? (size_t)(to - from) : strcspn(from, "\n");
        buf_printf(&b, "%.*s\n", (int)len, from);
    }
    return b.p;
}

static void expect_completed(struct place *p, const char *shell, const struct command *c, const char *options)
{
    char words[64], want[64];
    snprintf(words, sizeof(words), "completion|%s", shell);
    place_run(p, words, NULL, testing_backends);
    snprintf(want, sizeof(want), "\n    %s)", c->name);
    const char *from = strstr(p->out, want), *to;
    for (to = from; to && (to == from || to[5] == ' ');) to = strstr(to + 1, "\n    ");
    if (!from || !to) fail_msg("nothing on %s", c->name);
    for (const char *at = options; (at = strstr(at, "--")); at++) {
        snprintf(want, sizeof(want), "%.*s", (int)strcspn(at, " \n"), at);
        const char *found = from ? strstr(from, want) : NULL;
        if (!found || found > to) fail_msg("%s does not complete %s of %s", shell, want, c->name);
    }
}

static void test_same_options(void **state)
{
    struct place *p = *state;
    char words[64];
    for (const struct command *c = commands; c->name; c++) {
        snprintf(words, sizeof(words), "help|%s", c->name);
        place_run(p, words, NULL, testing_backends);
        char *help = options_of_help(p->out);
        snprintf(words, sizeof(words), "manual|%s", c->name);
        place_run(p, words, NULL, testing_backends);
        char *page = options_of_page(p->out);
        assert_string_equal(page, help);
        expect_completed(p, "bash", c, help);
        expect_completed(p, "zsh", c, help);
        free(help);
        free(page);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_options, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
