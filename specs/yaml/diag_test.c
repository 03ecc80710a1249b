/* How errors look: carets under tabs, wide and bad characters, cut lines, limits, sources that cannot be
 * read. */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One error on a line of a text of its own; the caller frees d. */
static const char *one(struct diag *d, const char *text, int line, int col, size_t span)
{
    diag_source(d, "f", text, strlen(text));
    diag_error(d, (struct pos){"f", line, col}, span, "no");
    return buf_cstr(&d->text);
}

#define CHECK(text, line, col, span, says)                          \
    do {                                                            \
        struct diag d_ = {0};                                       \
        assert_string_equal(one(&d_, text, line, col, span), says); \
        diag_free(&d_);                                             \
    } while (0)

static void carets(void **state)
{
    CHECK("a: b\nxx cod: 1\n", 2, 4, 3, "f:2:4: error: no\n    xx cod: 1\n       ^~~\n");
    CHECK("a: b\r\nxx cod: 1\r\n", 2, 4, 3, "f:2:4: error: no\n    xx cod: 1\n       ^~~\n");
    CHECK("a: b", 1, 4, 0, "f:1:4: error: no\n    a: b\n       ^\n");
    CHECK("a: b", 1, 4, 100, "f:1:4: error: no\n    a: b\n       ^\n"); /* a span ends with its line */
    CHECK("a: b", 1, 5, 1, "f:1:5: error: no\n    a: b\n        ^\n");  /* the end of the line is a place */
    CHECK("      - cod: 1", 1, 9, 3,
          "f:1:9: error: no\n    - cod: 1\n      ^~~\n");           /* indentation is left off */
    CHECK("    x", 1, 2, 1, "f:1:2: error: no\n       x\n    ^\n"); /* unless it is meant */
    CHECK("a: b", 2, 1, 1, "f:2:1: error: no\n");
    CHECK("a: b", 0, 0, 1, "f: error: no\n");
    CHECK("a: b", 1, 0, 1, "f:1: error: no\n");
    CHECK("", 1, 1, 1, "f:1:1: error: no\n");
}

static void tabs_and_characters(void **state)
{
    CHECK("a\tb\tc", 1, 5, 1, "f:1:5: error: no\n    a\tb\tc\n     \t \t^\n");
    CHECK("é: naïve x", 1, 10, 1, "f:1:10: error: no\n    é: naïve x\n             ^\n");
    CHECK("naïve x", 1, 1, 6,
          "f:1:1: error: no\n    naïve x\n    ^~~~~\n");                 /* six bytes are five characters */
    CHECK("語: x", 1, 4, 1, "f:1:4: error: no\n    語: x\n        ^\n"); /* two columns wide */
    CHECK("語x", 1, 1, 3, "f:1:1: error: no\n    語x\n    ^~\n");
    CHECK("e\u0301x", 1, 3, 1, "f:1:3: error: no\n    e\u0301x\n     ^\n"); /* a combining accent: none */
    CHECK("\xef\xbb\xbf"
          "ab",
          1, 2, 1, "f:1:2: error: no\n    ab\n     ^\n"); /* a byte order mark is no column */
}

/* A byte that starts no character is one of its own; so are the bytes of overlong forms and surrogates. */
static void bad_characters(void **state)
{
    CHECK("\xe0\x80\x80x", 1, 4, 1, "f:1:4: error: no\n    ???x\n       ^\n");
    CHECK("\xed\xa0\x80x", 1, 4, 1, "f:1:4: error: no\n    ???x\n       ^\n");
    CHECK("\xf4\x90\x80\x80x", 1, 5, 1, "f:1:5: error: no\n    ????x\n        ^\n");
    CHECK("\xf0\x9d\x92\xb3x\xf0\x9d", 1, 2, 1, "f:1:2: error: no\n    \xf0\x9d\x92\xb3x??\n     ^\n");
}

/* Nothing from a file may drive the terminal. */
static void hostile_characters(void **state)
{
    CHECK("\x1b[31m\x7f\xff\xc2\x9b\u202ex", 1, 10, 1, "f:1:10: error: no\n    ?[31m????x\n             ^\n");
    struct diag d = {0};
    diag_error(&d, (struct pos){"\x1b]0;f", 0, 0}, 0, "unknown key '%s'", "\x1b[31m\n\xff\u202e\u00e9");
    assert_string_equal(buf_cstr(&d.text),
                        "\\x1b]0;f: error: unknown key '\\x1b[31m\\x0a\\xff\\u202e\u00e9'\n");
    diag_free(&d);
}

static void long_messages(void **state)
{
    struct diag d = {0};
    char *word = malloc(1 << 20);
    memset(word, 'x', (1 << 20) - 1);
    word[(1 << 20) - 1] = 0;
    diag_error(&d, (struct pos){0}, 0, "unknown key '%s'", word);
    assert_in_range(d.text.len, 900, 1100);
    assert_string_equal(d.text.p + d.text.len - 5, "x...\n");
    free(word);
    diag_free(&d);
}

/* A line of 1000 characters, each its own: the caret stands under the right one, and the line is short. */
static void long_lines(void **state)
{
    struct buf line = {0};
    for (int i = 0; i < 1000; i++) buf_printf(&line, "%c", "abcdefghijklmnopqrstuvwxyz"[(i / 26 + i) % 26]);
    for (int col = 1; col <= 1001; col++) {
        struct diag d = {0};
        char *text = strdup(one(&d, buf_cstr(&line), 1, col, 0));
        char *shown = strchr(text, '\n') + 1, *mark = strchr(shown, '\n') + 1;
        size_t at = strcspn(mark, "^");
        assert_true((size_t)(mark - shown) <= 4 + 200 + 6 + 1);
        if (col <= 1000) assert_int_equal(shown[at], line.p[col - 1]);
        assert_int_equal(memcmp(shown, "    ...", 7) == 0, col > 101);
        assert_int_equal(memcmp(mark - 4, "...", 3) == 0, col < 941);
        free(text);
        diag_free(&d);
    }
    buf_free(&line);
}

/* 200 characters are shown whole wherever the caret is. */
static void line_of_200(void **state)
{
    char line[201];
    memset(line, 'x', 200);
    line[200] = 0;
    for (int col = 1; col <= 200; col++) {
        struct diag d = {0};
        const char *shown = strchr(one(&d, line, 1, col, 0), '\n') + 1;
        assert_memory_equal(shown + 4, line, 200);
        assert_int_equal(shown[204], '\n');
        diag_free(&d);
    }
}

static void limits(void **state)
{
    struct diag d = {.limit = 2};
    for (int i = 0; i < 5; i++) {
        diag_error(&d, (struct pos){"f", 0, 0}, 0, "e%d", i);
        diag_note(&d, (struct pos){"f", 0, 0}, 0, "n%d", i);
    }
    assert_int_equal(d.errors, 5);
    assert_string_equal(buf_cstr(&d.text), "f: error: e0\nf: note: n0\nf: error: e1\nf: note: n1\n"
                                           "error: too many errors; the rest are only counted\n");
    diag_free(&d);
    assert_int_equal(d.errors, 0);
}

static void printing(void **state)
{
    char *out = NULL;
    size_t len;
    struct diag d = {.out = open_memstream(&out, &len), .limit = 1};
    one(&d, "x", 1, 1, 1);
    diag_error(&d, (struct pos){0}, 0, "again");
    fclose(d.out);
    assert_string_equal(out, buf_cstr(&d.text)); /* the same to both */
    free(out);
    diag_free(&d);
}

/* Lines come from the file when there is one; a file that is gone, a pipe or a directory only costs the line.
 */
static void files(void **state)
{
    char dir[] = "/tmp/diag_test.XXXXXX", path[64], pipe[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f", dir);
    snprintf(pipe, sizeof(pipe), "%s/p", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 3000; i++) fprintf(f, "line %d é\u2028second\n", i);
    fclose(f);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    struct diag d = {0};
    diag_error(&d, (struct pos){path, 2 * 2500 + 1, 6}, 4, "no");
    assert_non_null(strstr(buf_cstr(&d.text), ":5001:6: error: no\n    line 2500 é\n         ^~~~\n"));
    const char *const without[] = {dir, pipe, "/nonexistent/file", "/dev/zero"};
    for (size_t i = 0; i < ARRAY_LEN(without); i++) {
        buf_reset(&d.text);
        diag_error(&d, (struct pos){without[i], 1, 1}, 1, "no");
        assert_string_equal(buf_cstr(&d.text) + strlen(without[i]), ":1:1: error: no\n");
    }
    unlink(path);
    unlink(pipe);
    rmdir(dir);
    diag_free(&d);
}

static void suggestions(void **state)
{
    static const char *const names[] = {"code", "after", "before", "memory", "id"};
    assert_string_equal(diag_suggest("cod", names, 5), "code");
    assert_string_equal(diag_suggest("befroe", names, 5), "before");
    assert_string_equal(diag_suggest("Memory", names, 5), "memory");
    assert_null(diag_suggest("registers", names, 5));
    assert_null(diag_suggest("", names, 5));
    assert_null(diag_suggest("cod", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carets),         cmocka_unit_test(tabs_and_characters),
        cmocka_unit_test(long_messages),  cmocka_unit_test(hostile_characters),
        cmocka_unit_test(long_lines),     cmocka_unit_test(line_of_200),
        cmocka_unit_test(bad_characters), cmocka_unit_test(limits),
        cmocka_unit_test(printing),       cmocka_unit_test(files),
        cmocka_unit_test(suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
