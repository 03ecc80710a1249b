/* Access to trees: lookup, key checks, and where in the file each character of a text stands. */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* Each case: a file in which every letter A, B, C … occurs once, in `key`'s text, and stands at these places.
 */
static const struct place {
    const char *text; /* the file */
    const char *at;   /* line:col of A, B, C … */
} places[] = {
    {"a: 1\nt: xA B", "2:5 2:7"},
    {"t:\n    AB", "2:5 2:6"},
    {"é: 語\nt: éAéB", "2:5 2:7"},
    {"t: 'xA B'", "1:6 1:8"},
    {"t: \"xA B\"", "1:6 1:8"},
    {"t: !!str AB", "1:10 1:11"},
    {"t: &x 'AB'", "1:8 1:9"},
    {"{t: AB, u: v}", "1:5 1:6"},
    {"t: |\n  A\n  xB\n", "2:3 3:4"},
    {"t: |\n      A\n       B\n     \n      C\n", "2:7 3:8 5:7"},
    {"k:\n  - t: |-  # comment\n\n\n      éA\n\n        B", "5:8 7:9"},
    {"k:\n  - t: &x !!str |+\n      A\n     \n\n      B\n\n\n", "3:7 6:7"},
    {"t: |2\n    A\n  B\n", "2:5 3:3"}, /* the indicator says 2, the first line has more */
    {"t: |\r\n  A\r\n  xB\r\n", "2:3 3:4"},
    {"t: |\n  x\u2028  A\n  B\n", "3:3 4:3"}, /* libyaml breaks lines there too */
    {"t: |\n A\ttab\n \tB\n", "2:2 3:3"},
    {"\xef\xbb\xbft: |\n  A\n", "2:3"},
    /* not mapped: where the text starts */
    {"t: x\n  A", "1:4"},
    {"t: 'it''s A'", "1:4"},
    {"t: \"\\x41\"", "1:4"},
    {"t: >\n  x\n  A\n", "1:4"},
};

static const struct ynode *find(const struct ynode *n, const char *key)
{
    if (n->key && strcmp(n->key, key) == 0) return n;
    for (const struct ynode *c = n->child; c; c = c->next) {
        const struct ynode *found = find(c, key);
        if (found) return found;
    }
    return NULL;
}

static void text_positions(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct diag d = {0};
        struct arena a = {0};
        struct buf got = {0};
        const struct ynode *n = yaml_load_text("f", places[i].text, strlen(places[i].text), &a, &d);
        assert_non_null(n);
        n = find(n, "t");
        for (char letter = 'A'; strchr(n->text, letter); letter++) {
            struct pos at = ynode_text_pos(n, (size_t)(strchr(n->text, letter) - n->text));
            buf_printf(&got, "%s%d:%d", got.len ? " " : "", at.line, at.col);
        }
        if (strcmp(buf_cstr(&got), places[i].at) != 0) {
            fail_msg("%s\ngave %s, not %s", places[i].text, buf_cstr(&got), places[i].at);
        }
        buf_free(&got);
        arena_free(&a);
        diag_free(&d);
    }
}

/* What a parser of the text says about its end belongs behind the last character, not on the line after. */
static void text_ends(void **state)
{
    struct diag d = {0};
    struct arena a = {0};
    static const char text[] = "p: abc\nq: 'abc'\nb: |+\n  ab\n  cde\n\n\ne: |\n  \nz: ''\n";
    const struct ynode *n = yaml_load_text("f", text, strlen(text), &a, &d);
    assert_non_null(n);
    static const struct {
        const char *key;
        int line, col;
    } ends[] = {{"p", 1, 7}, {"q", 2, 8}, {"b", 5, 6}, {"z", 10, 5}};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        const struct ynode *c = ynode_get(n, ends[i].key);
        for (size_t past = 0; past < 3; past++) {
            struct pos at = ynode_text_pos(c, c->len + past);
            assert_int_equal(at.line, ends[i].line);
            assert_int_equal(at.col, ends[i].col);
        }
    }
    assert_int_equal(ynode_text_pos(ynode_get(n, "e"), 0).line, 9);
    assert_int_equal(ynode_text_pos(n, 5).line, 1); /* not even a scalar */
    diag_error(&d, ynode_text_pos(ynode_get(n, "b"), 4), 3, "no");
    assert_string_equal(buf_cstr(&d.text), "f:5:4: error: no\n    cde\n     ^~\n");
    arena_free(&a);
    diag_free(&d);
}

static void lookup(void **state)
{
    struct diag d = {0};
    struct arena a = {0};
    const struct ynode *n = yaml_load_text("f", "{a: [x], b: y}", 14, &a, &d);
    assert_string_equal(ynode_get(n, "b")->text, "y");
    assert_null(ynode_get(n, "c"));
    assert_null(ynode_get(ynode_get(n, "a"), "x"));
    assert_null(ynode_get(ynode_get(n, "c"), "x"));
    assert_string_equal(ynode_kind_name(n), "a map");
    assert_string_equal(ynode_kind_name(n->child), "a list");
    assert_string_equal(ynode_kind_name(n->child->next), "text");
    arena_free(&a);
    diag_free(&d);
}

static void key_checks(void **state)
{
    static const char *const names[] = {"id", "code", "after"};
    struct diag d = {0};
    struct arena a = {0};
    static const char text[] = "id: 1\ncod: 2\nfoo: {bar: 1}\nafter: 3\nl: [x]\n";
    const struct ynode *n = yaml_load_text("f", text, strlen(text), &a, &d);
    assert_false(ynode_check_keys(n, names, 3, "a row", &d));
    assert_false(ynode_check_keys(ynode_get(n, "foo"), names, 3, NULL, &d));
    assert_false(ynode_check_keys(ynode_get(n, "l"), names, 3, "a row", &d));
    assert_string_equal(
        buf_cstr(&d.text),
        "f:2:1: error: unknown key 'cod' in a row; did you mean 'code'?\n    cod: 2\n    ^~~\n"
        "f:3:1: error: unknown key 'foo' in a row; expected 'id', 'code' or 'after'\n"
        "    foo: {bar: 1}\n    ^~~\n"
        "f:5:1: error: unknown key 'l' in a row; expected 'id', 'code' or 'after'\n"
        "    l: [x]\n    ^\n"
        "f:3:7: error: unknown key 'bar'; expected 'id', 'code' or 'after'\n"
        "    foo: {bar: 1}\n          ^~~\n"
        "f:5:4: error: a list; expected a row as a map\n    l: [x]\n       ^\n");
    static const char *const all[] = {"id", "cod", "foo", "after", "l"};
    buf_reset(&d.text);
    assert_true(ynode_check_keys(n, all, 5, "a row", &d));
    assert_int_equal(d.text.len, 0);
    arena_free(&a);
    diag_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_positions),
        cmocka_unit_test(text_ends),
        cmocka_unit_test(lookup),
        cmocka_unit_test(key_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
