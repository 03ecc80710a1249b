/* What the file gets wrong, and the exact words for it: one row a mistake. */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

struct mistake {
    const char *text; /* the file */
    size_t len;       /* its length */
    const char *says; /* everything that is reported */
};

#define FILE_TEXT(s) (s), sizeof(s) - 1

static const struct mistake mistakes[] = {
    /* nothing there */
    {FILE_TEXT(""), "f:1:1: error: the file is empty; expected a map\n"},
    {FILE_TEXT("\n\n"), "f:1:1: error: the file is empty; expected a map\n"},
    {FILE_TEXT("# nothing\n"), "f:1:1: error: the file is empty; expected a map\n    # nothing\n    ^\n"},
    {FILE_TEXT("---\n...\n"), "f:1:1: error: the file is empty; expected a map\n    ---\n    ^\n"},
    /* characters */
    {FILE_TEXT("a: \0\n"),
     "f:1:4: error: a NUL byte; expected text (is this a binary file?)\n    a: ?\n       ^\n"},
    {FILE_TEXT("a: \x1b[2J\n"),
     "f:1:4: error: the control character U+001B; expected text\n    a: ?[2J\n       ^\n"},
    {FILE_TEXT("a: 1\nb: \xff\n"),
     "f:2:4: error: 0xff is not valid UTF-8; expected UTF-8 text\n    b: ?\n       ^\n"},
    {FILE_TEXT("é: \xc3"),
     "f:1:4: error: the file ends inside a character; expected UTF-8 text\n    é: ?\n       ^\n"},
    {FILE_TEXT("a: \xc0\xaf\n"),
     "f:1:4: error: a character that is not valid UTF-8; expected UTF-8 text\n    a: ??\n       ^\n"},
    {FILE_TEXT("a: \xed\xa0\x80\n"),
     "f:1:4: error: a character that is not valid UTF-8; expected UTF-8 text\n    a: ???\n       ^\n"},
    {FILE_TEXT("\xff\xfe"
               "a\0"),
     "f:1:1: error: the file looks like UTF-16; expected UTF-8 text\n    ??a?\n    ^\n"},
    {FILE_TEXT("a: \"x\\0y\"\n"),
     "f:1:4: error: a NUL character in a text; expected none\n    a: \"x\\0y\"\n       ^\n"},
    {FILE_TEXT("\"a\\0\": 1\n"),
     "f:1:1: error: a NUL character in a text; expected none\n    \"a\\0\": 1\n    ^\n"},
    /* indentation and structure */
    {FILE_TEXT("a:\n\tb: 1\n"),
     "f:2:1: error: a tab in the indentation; expected spaces\n    \tb: 1\n    ^\n"},
    {FILE_TEXT("a: |\n  x\n\ty\n"),
     "f:3:1: error: a tab in the indentation; expected spaces\n    \ty\n    ^\n"},
    {FILE_TEXT("a: 1\n b: 2\n"),
     "f:2:3: error: ':' cannot stand here; expected one 'key: value' a line, or quotes "
     "around a text with ': '\n    b: 2\n     ^\n"},
    {FILE_TEXT("a:\n  - 1\n - 2\n"),
     "f:3:2: error: expected 'key: value', aligned with the other keys of the map\n    - 2\n    ^\n"
     "f:1:1: note: the map starts here\n    a:\n    ^\n"},
    {FILE_TEXT("- 1\nb: 2\n"),
     "f:2:1: error: expected '- ', aligned with the other items of the list\n    b: 2\n    ^\n"
     "f:1:1: note: the list starts here\n    - 1\n    ^\n"},
    {FILE_TEXT("a: 1\n  # x\nb\nc: 2\n"), "f:3:1: error: expected ':' after this key\n    b\n    ^\n"},
    {FILE_TEXT("a: - 1\n"), "f:1:4: error: a list item cannot stand here; expected '- ' at the start of a "
                            "line\n    a: - 1\n       ^\n"},
    {FILE_TEXT("a: [1,\n  2\n"), "f:3:1: error: expected ',' or ']'\n"
                                 "f:1:4: note: the list starts here\n    a: [1,\n       ^\n"},
    {FILE_TEXT("a: {x: 1]\n"), "f:1:9: error: expected ',' or '}'\n    a: {x: 1]\n            ^\n"
                               "f:1:4: note: the map starts here\n    a: {x: 1]\n       ^\n"},
    {FILE_TEXT("a: [,]\n"), "f:1:5: error: expected a value\n    a: [,]\n        ^\n"},
    {FILE_TEXT("a: 1\n---\nb: 2\n"),
     "f:2:1: error: a second document starts here; expected one in a file\n    ---\n    ^~~\n"},
    {FILE_TEXT("a: 1\n...\nb: 2\n"),
     "f:3:1: error: expected the end of the file: this does not belong to what stands above "
     "(is its indentation right?)\n    b: 2\n    ^\n"},
    /* scalars */
    {FILE_TEXT("a: @x\n"),
     "f:1:4: error: a text cannot start with '@'; expected quotes around it\n    a: @x\n       ^\n"},
    {FILE_TEXT("a: 'x\nb: 1\n"),
     "f:1:4: error: this quoted text is never closed; expected a closing quote\n    a: 'x\n       ^\n"},
    {FILE_TEXT("a: \"\\q\"\n"), "f:1:5: error: unknown escape in a \"...\" text; expected \\n, \\t, \\\", "
                                "\\\\, \\xNN or \\uNNNN, or '...' around "
                                "the text\n    a: \"\\q\"\n        ^\n"},
    {FILE_TEXT("a: | x\n"),
     "f:1:6: error: expected the end of the line or a comment\n    a: | x\n         ^\n"},
    /* keys */
    {FILE_TEXT("a: 1\nb: 2\na: 3\n"),
     "f:3:1: error: duplicate key 'a'\n    a: 3\n    ^\nf:1:1: note: first given here\n    a: 1\n    ^\n"},
    {FILE_TEXT("x: {code: 1, \"code\": 2}\n"),
     "f:1:14: error: duplicate key 'code'\n    x: {code: 1, \"code\": 2}\n                 ^~~~\n"
     "f:1:5: note: first given here\n    x: {code: 1, \"code\": 2}\n        ^~~~\n"},
    {FILE_TEXT("a: 1\n<<: {b: 1}\n"), "f:2:1: error: merge keys ('<<') are not supported; expected the keys "
                                      "written out\n    <<: {b: 1}\n    ^~\n"},
    {FILE_TEXT("? [a]\n: 1\n"), "f:1:3: error: a list as a key; expected text\n    ? [a]\n      ^\n"},
    {FILE_TEXT("{{a: 1}: 1}\n"), "f:1:2: error: a map as a key; expected text\n    {{a: 1}: 1}\n     ^\n"},
    {FILE_TEXT("a: &a 1\n*a : 2\n"), "f:2:1: error: an alias as a key; expected text\n    *a : 2\n    ^\n"},
    {FILE_TEXT("{: 1}\n"), "f:1:2: error: expected a value\n    {: 1}\n     ^\n"},
    {FILE_TEXT("? \n? \n"), "f:1:2: error: an empty key; expected text\n    ? \n     ^\n"},
    {FILE_TEXT("&k a: 1\n"), "f:1:1: error: the anchor '&k' names this key; to name the map, put it on the "
                             "line above\n    &k a: 1\n    ^\n"},
    {FILE_TEXT("!!str a: 1\n"), "f:1:1: error: a tag on a key; expected none\n    !!str a: 1\n    ^\n"},
    /* anchors and tags */
    {FILE_TEXT("a: *x\n"),
     "f:1:4: error: unknown alias '*x'; expected '&x' before it\n    a: *x\n       ^~\n"},
    {FILE_TEXT("a: &x [1, *x]\n"),
     "f:1:11: error: the alias '*x' stands inside what it names\n    a: &x [1, *x]\n              ^~\n"
     "f:1:4: note: which starts here\n    a: &x [1, *x]\n       ^\n"},
    {FILE_TEXT("a: &x 1\nb: &x 2\n"), "f:2:4: error: the anchor '&x' is set twice\n    b: &x 2\n       ^\n"
                                      "f:1:4: note: first set here\n    a: &x 1\n       ^\n"},
    {FILE_TEXT("a: !foo 1\n"),
     "f:1:4: error: unknown tag '!foo'; expected !!str, !!int, !!float, !!bool, !!null, "
     "!!seq, !!map or none\n    a: !foo 1\n       ^\n"},
    {FILE_TEXT("a: !!binary aGk=\n"), "f:1:4: error: unknown tag 'tag:yaml.org,2002:binary'; expected !!str, "
                                      "!!int, !!float, !!bool, !!null, !!seq, "
                                      "!!map or none\n    a: !!binary aGk=\n       ^\n"},
    {FILE_TEXT("a: !!int x\n"),
     "f:1:4: error: this is not what its tag !!int says\n    a: !!int x\n       ^\n"},
    {FILE_TEXT("a: !!seq {}\n"),
     "f:1:4: error: this is not what its tag !!seq says\n    a: !!seq {}\n       ^\n"},
    {FILE_TEXT("a: !x!y 1\n"),
     "f:1:4: error: unknown tag; expected !!str, !!int, !!float, !!bool, !!null, !!seq, "
     "!!map or none\n    a: !x!y 1\n       ^\n"},
    {FILE_TEXT("%TAG ! tag:yaml.org,2002:\n---\na: !str 1\n"),
     "f:1:1: error: %TAG directives are not supported; expected none\n    %TAG ! tag:yaml.org,2002:\n    "
     "^\n"},
    {FILE_TEXT("%FOO x\n---\na: 1\n"),
     "f:1:5: error: unknown directive; expected %YAML or none\n    %FOO x\n        ^\n"},
    {FILE_TEXT("%YAML 2.0\n---\na: 1\n"),
     "f:1:1: error: unsupported YAML version; expected 1.1 or 1.2\n    %YAML 2.0\n    ^\n"},
};

static void exact_words(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct diag d = {0};
        struct arena a = {0};
        assert_null(yaml_load_text("f", mistakes[i].text, mistakes[i].len, &a, &d));
        assert_string_equal(buf_cstr(&d.text), mistakes[i].says);
        assert_int_equal(d.errors, 1);
        arena_free(&a);
        diag_free(&d);
    }
}

/* A bad byte is found far behind what was scanned, and may sit at any place of libyaml's buffers. */
static void bad_byte_anywhere(void **state)
{
    enum { LINES = 6000, LINE = 11 };
    struct buf text = {0};
    for (int i = 0; i < LINES; i++) buf_printf(&text, "k%04d: xyz\n", i);
    for (int line = 0; line < LINES; line += 37) {
        struct diag d = {0};
        struct arena a = {0};
        char want[64];
        int col = line % 3;
        char *at = text.p + (size_t)line * LINE + 7 + col, was = *at;
        *at = '\x01';
        assert_null(yaml_load_text("f", text.p, text.len, &a, &d));
        snprintf(want, sizeof(want), "f:%d:%d: error: the control character U+0001", line + 1, 8 + col);
        assert_memory_equal(buf_cstr(&d.text), want, strlen(want));
        *at = was;
        arena_free(&a);
        diag_free(&d);
    }
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_words),
        cmocka_unit_test(bad_byte_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
