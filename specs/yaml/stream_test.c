/* Streams: walking keys and items, what is skipped, anchors over items, errors that end it, bounded memory.
 */
#include "specs/yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The address sanitizer keeps freed memory for a while. */
#if defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct fixture {
    struct arena a;        /* of items */
    struct diag d;         /* collects */
    struct yaml_stream *s; /* the one under test */
};

static int setup(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    yaml_close(f->s);
    arena_free(&f->a);
    diag_free(&f->d);
    free(f);
    return 0;
}

static void open_text(struct fixture *f, const char *text)
{
    yaml_close(f->s);
    f->s = yaml_open_text("f", text, strlen(text), &f->d);
    assert_non_null(f->s);
}

static void expect_key(struct fixture *f, const char *want, int line, int col)
{
    const char *key;
    struct pos at;
    if (yaml_next_key(f->s, &key, &at) != 1) fail_msg("no key: %s", buf_cstr(&f->d.text));
    assert_string_equal(key, want);
    assert_string_equal(at.file, "f");
    assert_int_equal(at.line, line);
    assert_int_equal(at.col, col);
}

static void expect_end(struct fixture *f)
{
    const char *key;
    struct pos at;
    for (int i = 0; i < 2; i++) assert_int_equal(yaml_next_key(f->s, &key, &at), 0);
    assert_int_equal(f->d.errors, 0);
}

static struct ynode *expect_item(struct fixture *f)
{
    struct ynode *n = NULL;
    arena_reset(&f->a);
    if (yaml_next_item(f->s, &f->a, &n) != 1) fail_msg("no item: %s", buf_cstr(&f->d.text));
    return n;
}

static void expect_list_end(struct fixture *f)
{
    struct ynode *n;
    assert_int_equal(yaml_next_item(f->s, &f->a, &n), 0);
}

static void keys_values_items(void **state)
{
    struct fixture *f = *state;
    open_text(f, "# head\nisa: riscv64\ncases:\n  - id: a\n  - [b]\n  - c\nempty: []\nend: {x: 1}\n");
    expect_key(f, "isa", 2, 1);
    struct ynode *n = yaml_value(f->s, &f->a);
    assert_string_equal(n->text, "riscv64");
    assert_int_equal(n->at.col, 6);
    expect_key(f, "cases", 3, 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    n = expect_item(f);
    assert_string_equal(ynode_get(n, "id")->text, "a");
    assert_string_equal(n->at.file, "f");
    assert_int_equal(ynode_get(n, "id")->at.line, 4);
    assert_string_equal(expect_item(f)->child->text, "b");
    n = expect_item(f);
    expect_list_end(f);
    expect_key(f, "empty", 7, 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    expect_list_end(f);
    expect_key(f, "end", 8, 1);
    struct ynode *end = yaml_value(f->s, &f->a);
    expect_end(f);
    yaml_close(f->s);
    f->s = NULL;
    assert_string_equal(n->text, "c"); /* trees outlive the stream */
    assert_string_equal(end->child->at.file, "f");
}

/* What the caller does not ask for is read over, but not unread: its anchors count and so do its mistakes. */
static void skipping(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "a: {x: [1, 2]}\nb: [1, &x {k: v}, 3]\nc:\n  - 1\n  - &y 2\nd: [*x, *y]\n";
    open_text(f, text);
    expect_key(f, "a", 1, 1);
    expect_key(f, "b", 2, 1);
    expect_key(f, "c", 3, 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    expect_item(f);
    expect_key(f, "d", 6, 1);
    struct ynode *n = yaml_value(f->s, &f->a);
    assert_string_equal(ynode_get(n->child, "k")->text, "v");
    assert_string_equal(n->child->next->text, "2");
    expect_end(f);
    open_text(f, text);
    for (int i = 0; i < 4; i++) expect_key(f, (const char *[]){"a", "b", "c", "d"}[i], i < 3 ? i + 1 : 6, 1);
    expect_end(f);
    const char *key;
    struct pos at;
    open_text(f, "a: {x: 1, x: 2}\nb: 1\n");
    expect_key(f, "a", 1, 1);
    assert_int_equal(yaml_next_key(f->s, &key, &at), -1);
    assert_non_null(strstr(buf_cstr(&f->d.text), "f:1:11: error: duplicate key 'x'\n"));
}

/* Anchors outlive the arena of their item; every use is a copy in its own. */
static void anchors_over_items(void **state)
{
    struct fixture *f = *state;
    open_text(f, "k:\n  - &a {x: [1, &b two]}\n  - [*a, *b]\n  - *a\nv: *b\n");
    expect_key(f, "k", 1, 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    struct ynode *n = expect_item(f);
    memset(n->child, 0xee, sizeof(*n->child)); /* the caller owns its tree */
    n = expect_item(f);
    assert_string_equal(n->child->next->text, "two");
    n = expect_item(f);
    assert_null(n->key);
    assert_string_equal(ynode_get(n, "x")->child->next->text, "two");
    assert_int_equal(ynode_get(n, "x")->at.line, 2);
    assert_string_equal(ynode_get(n, "x")->at.file, "f");
    expect_list_end(f);
    expect_key(f, "v", 5, 1);
    arena_free(&f->a); /* nothing of the items is needed any more, not even the file's name in positions */
    n = yaml_value(f->s, &f->a);
    expect_end(f);
    yaml_close(f->s);
    f->s = NULL;
    assert_string_equal(n->text, "two");
    assert_string_equal(n->at.file, "f");
}

/* Walks everything; the error must be this and every later call must give it again in silence. */
static void fails(struct fixture *f, const char *text, const char *says)
{
    buf_reset(&f->d.text);
    f->d.errors = 0;
    open_text(f, text);
    const char *key;
    struct pos at;
    struct ynode *n;
    int got;
    while ((got = yaml_next_key(f->s, &key, &at)) == 1) {
        if (key[0] != 'l') continue;
        got = yaml_enter_list(f->s);
        while (got >= 0 && (got = yaml_next_item(f->s, &f->a, &n)) == 1) arena_reset(&f->a);
        if (got < 0) break;
    }
    assert_int_equal(got, -1);
    assert_string_equal(buf_cstr(&f->d.text), says);
    assert_int_equal(yaml_next_key(f->s, &key, &at), -1);
    assert_null(yaml_value(f->s, &f->a));
    assert_int_equal(yaml_enter_list(f->s), -1);
    assert_int_equal(yaml_next_item(f->s, &f->a, &n), -1);
    assert_int_equal(f->d.errors, 1);
}

static void errors(void **state)
{
    struct fixture *f = *state;
    fails(f, "", "f:1:1: error: the file is empty; expected a map\n");
    fails(f, "- a\n", "f:1:1: error: a list at the top of the file; expected a map\n    - a\n    ^\n");
    fails(f, "a\n", "f:1:1: error: text at the top of the file; expected a map\n    a\n    ^\n");
    fails(
        f, "a: 1\nb: 2\na: 3\n",
        "f:3:1: error: duplicate key 'a'\n    a: 3\n    ^\nf:1:1: note: first given here\n    a: 1\n    ^\n");
    fails(f, "list: x\n", "f:1:7: error: expected a list here\n    list: x\n          ^\n");
    fails(f, "list:\n", "f:1:6: error: expected a list here\n    list:\n         ^\n");
    fails(f, "list:\n  - a\n  - {b: 1, b: 2}\n  - c\n",
          "f:3:12: error: duplicate key 'b'\n    - {b: 1, b: 2}\n             ^\n"
          "f:3:6: note: first given here\n    - {b: 1, b: 2}\n       ^\n");
    fails(f, "list:\n  - a\n  b\n", "f:3:3: error: expected ':' after this key\n    b\n    ^\n");
    fails(f, "list: &x\n  - a\n",
          "f:1:7: error: the anchor '&x' names what is read piece by piece; expected it on an item\n"
          "    list: &x\n          ^\n");
    fails(f, "list: !foo\n  - a\n",
          "f:1:7: error: unknown tag '!foo'; expected !!str, !!int, !!float, !!bool, !!null, !!seq, !!map or "
          "none\n"
          "    list: !foo\n          ^\n");
    fails(f, "a: 1\n---\nb: 2\n",
          "f:2:1: error: a second document starts here; expected one in a file\n    ---\n    ^~~\n");
}

/* Anchors kept for later items are bounded over the whole file, in number and in text. */
static void kept_anchors(void **state)
{
    struct fixture *f = *state;
    struct buf b = {0};
    buf_str(&b, "list:\n");
    for (int i = 0; i < 40; i++) {
        buf_printf(&b, "  - &a%d [", i);
        for (int k = 0; k < 10000; k++) buf_str(&b, "1,");
        buf_str(&b, "]\n");
    }
    open_text(f, buf_cstr(&b));
    expect_key(f, "list", 1, 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    struct ynode *n;
    while (yaml_next_item(f->s, &f->a, &n) == 1) arena_reset(&f->a);
    static const char want[] = "f:28:5: error: more than 262144 nodes in all anchors of a file together";
    assert_memory_equal(buf_cstr(&f->d.text), want, strlen(want));
    buf_free(&b);
}

static void many_keys(void **state)
{
    struct fixture *f = *state;
    struct buf b = {0};
    for (int i = 0; i < 4097; i++) buf_printf(&b, "k%d:\n", i);
    fails(f, buf_cstr(&b),
          "f:4097:1: error: more than 4096 keys at the top of the file\n    k4096:\n    ^~~~~\n");
    buf_free(&b);
}

/* A pipe can be read once: errors lose the line, nothing waits. */
static void pipes(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "k: [1, 2]\nk: 3\n";
    int fds[2];
    char path[32];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    close(fds[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
    f->s = yaml_open(path, &f->d);
    assert_non_null(f->s);
    const char *key;
    struct pos at;
    assert_int_equal(yaml_next_key(f->s, &key, &at), 1);
    assert_int_equal(yaml_next_key(f->s, &key, &at), -1);
    char want[160];
    snprintf(want, sizeof(want), "%s:2:1: error: duplicate key 'k'\n%s:1:1: note: first given here\n", path,
             path);
    assert_string_equal(buf_cstr(&f->d.text), want);
    close(fds[0]);
}

/* A byte order mark that arrives alone is not the end of the file. */
static void mark_alone(void **state)
{
    struct fixture *f = *state;
    int fds[2];
    char path[32];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        bool good = write(fds[1], "\xef\xbb\xbf", 3) == 3;
        usleep(20000);
        _exit(good && write(fds[1], "k: v\n", 5) == 5 ? 0 : 1);
    }
    close(fds[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
    const struct ynode *n = yaml_load(path, &f->a, &f->d);
    assert_non_null(n);
    assert_string_equal(n->child->text, "v");
    assert_int_equal(n->child->at.col, 4);
    close(fds[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static long max_rss(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* 20 MB of items must not need more memory than one of them. */
static void bounded_memory(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/stream_test.XXXXXX";
    FILE *out = fdopen(mkstemp(path), "w");
    assert_non_null(out);
    fputs("cases:\n", out);
    for (int i = 0; i < 60000; i++) {
        fprintf(out, "  - id: add.%06d\n    code: add a0, a1, a2\n    before: {a1: 0x%016x, a2: 0x%016x}\n",
                i, i, i * 3);
        fprintf(out, "    memory: [{at: 0x10000, bytes: '%064d'}]\n    after: {a0: 0x%016x}\n", i, i * 4);
    }
    fclose(out);
    long before = max_rss(), items = 0;
    f->s = yaml_open(path, &f->d);
    const char *key;
    struct pos at;
    struct ynode *n;
    assert_int_equal(yaml_next_key(f->s, &key, &at), 1);
    assert_int_equal(yaml_enter_list(f->s), 0);
    while (yaml_next_item(f->s, &f->a, &n) == 1) {
        assert_int_equal(n->at.line, 2 + 5 * items);
        items++;
        arena_reset(&f->a);
    }
    yaml_close(f->s);
    f->s = yaml_open(path, &f->d); /* again, to read over all of it */
    assert_int_equal(yaml_next_key(f->s, &key, &at), 1);
    assert_int_equal(yaml_next_key(f->s, &key, &at), 0);
    unlink(path);
    assert_int_equal(items, 60000);
    assert_int_equal(f->d.errors, 0);
    if (!SANITIZED) assert_true(max_rss() - before < 2048);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_values_items), TEST(skipping),  TEST(anchors_over_items), TEST(errors),
        TEST(kept_anchors),      TEST(many_keys), TEST(bounded_memory),     TEST(pipes),
        TEST(mark_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
