/* Trees: what is read, where it stands, and the bounds that hostile files meet. */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    struct arena a; /* of the tree */
    struct diag d;  /* collects */
};

static int setup(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->a);
    diag_free(&f->d);
    free(f);
    return 0;
}

static struct ynode *load(struct fixture *f, const char *text)
{
    return yaml_load_text("f", text, strlen(text), &f->a, &f->d);
}

static struct ynode *good(struct fixture *f, const char *text)
{
    struct ynode *n = load(f, text);
    if (!n) fail_msg("%s", buf_cstr(&f->d.text));
    assert_int_equal(f->d.errors, 0);
    return n;
}

/* The load fails with one error whose first line is this. */
static void bad(struct fixture *f, const char *text, size_t len, const char *first_line)
{
    assert_null(yaml_load_text("f", text, len, &f->a, &f->d));
    assert_int_equal(f->d.errors, 1);
    assert_memory_equal(buf_cstr(&f->d.text), first_line, strlen(first_line));
    assert_int_equal(f->d.text.p[strlen(first_line)], '\n');
}

static void assert_pos(struct pos at, int line, int col)
{
    assert_int_equal(at.line, line);
    assert_int_equal(at.col, col);
}

static void assert_scalar(const struct ynode *n, const char *text)
{
    assert_non_null(n);
    assert_int_equal(n->kind, YNODE_SCALAR);
    assert_string_equal(n->text, text);
    assert_int_equal(n->len, strlen(text));
}

static void shapes_and_positions(void **state)
{
    struct ynode *n = good(*state, "# head\n"
                                   "id: rv.lw\n"
                                   "test: {rs1: address, 'imm 12': [1, -2]}\n"
                                   "list:\n"
                                   "  - a\n"
                                   "  - - b\n"
                                   "    - k: v\n");
    assert_int_equal(n->kind, YNODE_MAP);
    assert_int_equal(n->count, 3);
    assert_pos(n->at, 2, 1);
    assert_null(n->key);
    assert_string_equal(n->at.file, "f");
    struct ynode *id = n->child, *test = id->next, *list = test->next;
    assert_null(list->next);
    assert_string_equal(id->key, "id");
    assert_scalar(id, "rv.lw");
    assert_pos(id->key_at, 2, 1);
    assert_pos(id->at, 2, 5);
    assert_pos(test->at, 3, 7);
    struct ynode *imm = ynode_get(test, "imm 12");
    assert_pos(imm->key_at, 3, 22);
    assert_int_equal(imm->kind, YNODE_LIST);
    assert_int_equal(imm->count, 2);
    assert_scalar(imm->child->next, "-2");
    assert_null(imm->child->key);
    assert_pos(list->at, 5, 3);
    assert_pos(list->child->next->child->next->child->at, 7, 10);
}

static void scalars(void **state)
{
    struct ynode *n = good(*state, "- plain text # no comment\n"
                                   "- 'it''s'\n"
                                   "- \"tab\\there \\u00e9\"\n"
                                   "- |\n  two\n   lines\n"
                                   "- >-\n  one\n  line\n"
                                   "- !!str 12\n"
                                   "- a#b:c\n"
                                   "- ''\n");
    static const struct {
        const char *text;
        bool quoted, block;
    } want[] = {{"plain text", false, false},   {"it's", true, false},     {"tab\there é", true, false},
                {"two\n lines\n", false, true}, {"one line", false, true}, {"12", true, false},
                {"a#b:c", false, false},        {"", true, false}};
    const struct ynode *c = n->child;
    for (size_t i = 0; i < ARRAY_LEN(want); i++, c = c->next) {
        assert_scalar(c, want[i].text);
        assert_int_equal(c->quoted, want[i].quoted);
        assert_int_equal(c->block, want[i].block);
    }
    assert_null(c);
}

static void nulls(void **state)
{
    struct ynode *n = good(*state, "{a: , b: ~, c: null, d: NULL, e: !!null , f: &x , g: *x, h: {}}");
    for (const struct ynode *c = n->child; c->key[0] != 'h'; c = c->next) {
        assert_scalar(c, "");
        assert_false(c->quoted || c->block);
        assert_string_equal(ynode_kind_name(c), "nothing");
    }
    n = good(*state, "[nil, '~', 'null', !!str null, '']");
    for (const struct ynode *c = n->child; c; c = c->next) assert_string_equal(ynode_kind_name(c), "text");
}

static void tags(void **state)
{
    struct ynode *n =
        good(*state, "[!!int -0x10, !!float 1.5e3, !!bool true, !!null ~, !!seq [], !!map {}, !!str 1, "
                     "!!float .nan, !<tag:yaml.org,2002:int> 7]");
    assert_int_equal(n->count, 9);
    static const char *const wrong[] = {"!!int x",       "!!int 1.5", "!!float x", "!!float ''",
                                        "!!float 0x1p3", "!!bool 1",  "!!null x",  "!!seq x",
                                        "!!map []",      "!!str []",  "!!int []",  "!!float 1_0"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct fixture f = {0};
        assert_null(load(&f, wrong[i]));
        assert_non_null(strstr(buf_cstr(&f.d.text), "f:1:1: error: this is not what its tag !!"));
        arena_free(&f.a);
        diag_free(&f.d);
    }
}

/* Copies: each use has its own key and sibling, and says where the original stands. */
static void aliases(void **state)
{
    struct ynode *n = good(*state, "a: &x {p: [1, 2]}\nb: *x\nc: [*x, &s text, *s]\nd: &y\n  k: *x\ne: *y\n");
    struct ynode *a = n->child, *b = a->next, *c = b->next, *e = ynode_get(n, "e");
    assert_ptr_not_equal(a, b);
    assert_string_equal(b->key, "b");
    assert_pos(b->key_at, 2, 1);
    assert_pos(b->at, 1, 4);
    assert_int_equal(b->count, 1);
    assert_scalar(ynode_get(b, "p")->child->next, "2");
    assert_pos(ynode_get(b, "p")->at, 1, 11);
    assert_null(c->child->key);
    assert_int_equal(c->count, 3);
    assert_scalar(c->child->next->next, "text");
    assert_pos(c->child->next->at, 3, 12); /* of the text, not of its anchor */
    assert_scalar(ynode_get(ynode_get(e, "k"), "p")->child, "1");
}

/* Any number of anchors, and a name that none of them has. */
static void unknown_alias_among_many(void **state)
{
    struct buf b = {0};
    for (int i = 0; i < 70; i++) {
        struct fixture f = {0};
        char want[96];
        size_t len = b.len;
        buf_str(&b, "x: *y\n");
        snprintf(want, sizeof(want), "f:%d:4: error: unknown alias '*y'; expected '&y' before it", i + 1);
        bad(&f, b.p, b.len, want);
        b.len = len;
        buf_printf(&b, "k%d: &a%d 1\n", i, i);
        arena_free(&f.a);
        diag_free(&f.d);
    }
    buf_free(&b);
}

static void large_maps(void **state)
{
    struct fixture *f = *state;
    struct buf b = {0};
    for (int i = 0; i < 5000; i++) buf_printf(&b, "key%d: {a: %d}\n", i, i);
    struct ynode *n = good(f, buf_cstr(&b));
    assert_int_equal(n->count, 5000);
    assert_scalar(ynode_get(ynode_get(n, "key4999"), "a"), "4999");
    buf_str(&b, "key1234: 1\n");
    bad(f, b.p, b.len, "f:5001:1: error: duplicate key 'key1234'");
    assert_non_null(strstr(f->d.text.p, "\nf:1235:1: note: first given here\n"));
    buf_free(&b);
}

static void breaks_and_marks(void **state)
{
    struct ynode *n = good(*state, "\xef\xbb\xbfid: 1\r\ntext: |\r\n  x\r\n  y\r\nlast: z\r\n");
    assert_pos(n->child->key_at, 1, 1);
    assert_scalar(ynode_get(n, "text"), "x\ny\n");
    assert_pos(ynode_get(n, "last")->at, 5, 7);
    n = good(*state, "é: {語: x}");
    assert_pos(ynode_get(n, "é")->child->at, 1, 8);
}

/* ---- hostile files ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void billion_laughs(void **state)
{
    struct buf b = {0};
    buf_str(&b, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 12; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++) buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_str(&b, "]\n");
    }
    double start = now();
    bad(*state, b.p, b.len,
        "f:6:20: error: more than 262144 nodes in one item (aliases count as often as they are used)");
    assert_true(now() - start < 20.0); /* some 20 ms; far more under a sanitizer on a busy machine */
    buf_free(&b);
}

static void aliases_of_much_text(void **state)
{
    struct buf b = {0};
    buf_str(&b, "a: &a ");
    for (int i = 0; i < 100000; i++) buf_char(&b, 'x');
    buf_str(&b, "\nb:\n");
    for (int i = 0; i < 11; i++) buf_str(&b, "  - *a\n");
    bad(*state, b.p, b.len, "f:13:5: error: more than 1048576 bytes of text for aliases in one item");
    buf_free(&b);
}

static void aliases_of_much_depth(void **state)
{
    struct buf b = {0};
    buf_str(&b, "a: &a ");
    for (int i = 0; i < 40; i++) buf_char(&b, '[');
    for (int i = 0; i < 40; i++) buf_char(&b, ']');
    buf_str(&b, "\nb: ");
    for (int i = 0; i < 30; i++) buf_char(&b, '[');
    buf_str(&b, "*a");
    for (int i = 0; i < 30; i++) buf_char(&b, ']');
    bad(*state, b.p, b.len, "f:2:34: error: nested deeper than 64 levels when this alias is expanded");
    buf_free(&b);
}

static void depth(void **state)
{
    for (int n = YAML_MAX_DEPTH; n <= YAML_MAX_DEPTH + 1; n++) {
        struct fixture f = {0};
        struct buf b = {0};
        for (int i = 0; i < n; i++) buf_char(&b, '[');
        buf_str(&b, "x");
        for (int i = 0; i < n; i++) buf_char(&b, ']');
        if (n == YAML_MAX_DEPTH) {
            good(&f, b.p);
        } else {
            bad(&f, b.p, b.len, "f:1:66: error: nested deeper than 64 levels");
        }
        buf_free(&b);
        arena_free(&f.a);
        diag_free(&f.d);
    }
}

static void many_nodes(void **state)
{
    struct buf b = {0};
    buf_str(&b, "a:\n");
    for (int i = 0; i < YAML_MAX_NODES - 2; i++) buf_str(&b, "- x\n");
    struct ynode *n = good(*state, b.p);
    assert_int_equal(n->child->count, YAML_MAX_NODES - 2);
    buf_str(&b, "- x\n");
    bad(*state, b.p, b.len,
        "f:262144:3: error: more than 262144 nodes in one item (aliases count as often as they are used)");
    buf_free(&b);
}

static void scalar_size(void **state)
{
    struct buf b = {0};
    buf_str(&b, "a: '");
    for (int i = 0; i < YAML_MAX_SCALAR; i++) buf_char(&b, 'x');
    size_t len = b.len;
    buf_str(&b, "'");
    struct ynode *n = good(*state, b.p);
    assert_int_equal(n->child->len, YAML_MAX_SCALAR);
    b.len = len;
    buf_str(&b, "y'");
    bad(*state, b.p, b.len, "f:1:4: error: a text of 1048577 bytes; expected at most 1048576");
    buf_free(&b);
}

/* A text so long that libyaml must not be let to collect it. */
static void endless_text(void **state)
{
    struct buf b = {0};
    buf_str(&b, "ok: 1\na: '");
    for (int i = 0; i < 5 * YAML_MAX_SCALAR; i++) buf_char(&b, 'x');
    bad(*state, b.p, b.len,
        "f:2:2: error: what starts here does not end within 4194304 bytes; the longest text allowed is "
        "1048576 bytes");
    buf_free(&b);
}

/* libyaml compares the handle of each %TAG line with all before it: 300000 of them would take minutes. */
static void many_directives(void **state)
{
    struct buf b = {0};
    for (int i = 0; i < 300000; i++) buf_printf(&b, "%%TAG !a%d! b\n", i);
    buf_str(&b, "---\na: 1\n");
    double start = now();
    bad(*state, b.p, b.len, "f:1:1: error: no value in the first 65536 bytes; expected a map");
    assert_true(now() - start < 20.0);
    buf_free(&b);
}

/* The head of a file may be long, the comments in it longer. */
static void long_comments(void **state)
{
    struct buf b = {0};
    for (int i = 0; i < 800; i++) buf_printf(&b, "# %070d\n", i);
    buf_str(&b, "a: 1\n");
    for (int i = 0; i < 50000; i++) buf_printf(&b, "# %070d\n", i);
    buf_str(&b, "b: 2\n");
    struct ynode *n = good(*state, b.p);
    assert_pos(ynode_get(n, "b")->at, 800 + 1 + 50000 + 1, 4);
    buf_free(&b);
}

static void key_size(void **state)
{
    struct buf b = {0};
    buf_str(&b, "? ");
    for (int i = 0; i < 1025; i++) buf_char(&b, 'x');
    buf_str(&b, "\n: 1\n");
    bad(*state, b.p, b.len, "f:1:3: error: a key of 1025 bytes; expected at most 1024");
    buf_free(&b);
}

/* ---- files ---- */

static void no_file(void **state)
{
    struct fixture *f = *state;
    assert_null(yaml_load("/nonexistent/f.yaml", &f->a, &f->d));
    assert_null(yaml_load("/tmp", &f->a, &f->d));
    assert_string_equal(buf_cstr(&f->d.text),
                        "/nonexistent/f.yaml: error: cannot read the file: No such file or directory\n"
                        "/tmp: error: cannot read the file: Is a directory\n");
    assert_int_equal(f->d.errors, 2);
}

/* A file, with the error's line read back from it. */
static void real_file(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/tree_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "rows:\n  - id: x\n    cod: add\n";
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    static const char *const keys[] = {"id", "code"};
    struct ynode *n = yaml_load(path, &f->a, &f->d);
    assert_non_null(n);
    assert_false(ynode_check_keys(n->child->child, keys, 2, "a row", &f->d));
    assert_string_equal(
        strchr(buf_cstr(&f->d.text), ':'),
        ":3:5: error: unknown key 'cod' in a row; did you mean 'code'?\n    cod: add\n    ^~~\n");
    unlink(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shapes_and_positions),
        TEST(scalars),
        TEST(nulls),
        TEST(tags),
        TEST(aliases),
        TEST(large_maps),
        TEST(breaks_and_marks),
        TEST(unknown_alias_among_many),
        TEST(billion_laughs),
        TEST(aliases_of_much_text),
        TEST(aliases_of_much_depth),
        TEST(depth),
        TEST(many_nodes),
        TEST(scalar_size),
        TEST(endless_text),
        TEST(key_size),
        TEST(many_directives),
        TEST(long_comments),
        TEST(no_file),
        TEST(real_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
