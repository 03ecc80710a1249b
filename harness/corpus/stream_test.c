/* Streams: order, selection, shards, passing over, includes, templates, and the messages for broken files. */
#include "harness/corpus/corpus_test.h"
#include "harness/corpus/glob.h"
#include "harness/corpus/stream.h"
#include "harness/run/pick.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files to read ---- */

static char dir[] = "/tmp/stream_test.XXXXXX";

static int setup(void **state)
{
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void path_in(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
    char path[200];
    path_in(name, path, sizeof(path));
    for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(path, 0755);
        *p = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Ids of all cases behind a path of the folder, one a line, without the ISA; messages after them. */
static char *ids_of(const char *const *names, unsigned n, const struct case_filter *f, int *got)
{
    struct diag d = {0};
    struct buf out = {0};
    char paths[4][200];
    const char *list[4];
    for (unsigned i = 0; i < n; i++) {
        path_in(names[i], paths[i], sizeof(paths[i]));
        list[i] = paths[i];
    }
    struct case_stream *s = case_stream_open(list, n, f, &d);
    const struct test_case *c;
    *got = -1;
    while (s && (*got = case_stream_next(s, &c)) > 0) buf_printf(&out, "%s\n", c->id + strlen("riscv64/"));
    char *said = messages(buf_cstr(&d.text)), *at = said, *hit;
    while ((hit = strstr(at, dir))) { /* the folder's name is not the test's to know */
        buf_printf(&out, "%.*s", (int)(hit - at), at);
        at = hit + strlen(dir) + 1;
    }
    buf_str(&out, at);
    free(said);
    case_stream_close(s);
    diag_free(&d);
    return out.p ? out.p : xstrdup("");
}

static void check_ids(const char *name, int expected_got, const char *expected)
{
    struct case_filter all = {0};
    int got;
    char *ids = ids_of(&name, 1, &all, &got);
    assert_string_equal(ids, expected);
    assert_int_equal(got, expected_got);
    free(ids);
}

#define TWO "cases:\n- {id: one, code: nop}\n- {id: two, code: nop}\n"

static void test_folders(void **state)
{
    put("f/b.yaml", HEAD TWO);
    put("f/a/z.yaml", HEAD TWO);
    put("f/a.txt", "not a corpus");
    put("f/c.yaml", HEAD);
    put("f/.hidden.yaml", "broken: [");
    put("f/quirks/q.yaml", "quirks: [");
    put("f/d.yaml", "plan: 1\ncorpora: [f]\n");
    check_ids("f", 0, "z/one\nz/two\nb/one\nb/two\n");
    const char *twice[] = {"f/b.yaml", "f", "f/../f/b.yaml"};
    struct case_filter all = {0};
    int got;
    char *ids = ids_of(twice, 3, &all, &got);
    assert_string_equal(ids, "b/one\nb/two\nz/one\nz/two\n");
    free(ids);
    check_ids("f/d.yaml", -1,
              "f/d.yaml:1:1: error: the first key of a corpus file is 'lockstep: 1', not 'plan'\n");
    check_ids("f/none.yaml", -1, "f/none.yaml: error: cannot read: No such file or directory\n");
    char pipe[200];
    path_in("pipe", pipe, sizeof(pipe));
    assert_int_equal(mkfifo(pipe, 0600), 0);
    check_ids(
        "pipe", -1,
        "pipe: error: 'pipe' is no regular file; it is read more than once: write it to a file first\n");
}

static void test_same_stem(void **state)
{
    put("s/a/x.yaml", HEAD TWO);
    put("s/b/x.yaml", HEAD TWO);
    check_ids("s", -1,
              "x/one\nx/two\ns/b/x.yaml:2:6: error: the ids of these cases begin with 'riscv64/x/', and so "
              "do those "
              "of s/a/x.yaml\n");
}

static void test_includes(void **state)
{
    put("i/all.yaml", "lockstep: 1\ninclude: [sub/one.yaml, two.yaml, sub/one.yaml]\n");
    put("i/sub/one.yaml", HEAD "include: ../three.yaml\n" TWO);
    put("i/two.yaml", HEAD TWO);
    put("i/three.yaml", HEAD TWO "include: [two.yaml]\n");
    check_ids("i/all.yaml", 0, "three/one\nthree/two\ntwo/one\ntwo/two\none/one\none/two\n");
    put("l/a.yaml", HEAD "include: b.yaml\n" TWO);
    put("l/b.yaml", HEAD TWO "include: [a.yaml]\n");
    check_ids("l/a.yaml", -1,
              "b/one\nb/two\nl/b.yaml:6:11: error: 'a.yaml' includes itself\n"
              "l/b.yaml:1:1: note: which is included by l/a.yaml\n");
    put("m/a.yaml", HEAD "include: gone.yaml\n");
    check_ids("m/a.yaml", -1,
              "m/a.yaml:3:10: error: cannot read the file 'm/gone.yaml': No such file or directory\n");
    for (int i = 0; i < 20; i++) {
        char name[30], text[100];
        snprintf(name, sizeof(name), "d/%d.yaml", i);
        snprintf(text, sizeof(text), HEAD "include: %d.yaml\n", i + 1);
        put(name, text);
    }
    check_ids("d/0.yaml", -1, "d/15.yaml:3:10: error: files include each other more than 16 deep\n");
    check_refused(HEAD "include: a.yaml\n", "t.yaml:3:10: error: only a file can include others\n");
}

/* ---- the top of a file ---- */

static void test_top(void **state)
{
    check_refused("isa: riscv64\n",
                  "t.yaml:1:1: error: the first key of a corpus file is 'lockstep: 1', not 'isa'\n");
    check_refused("lockstep: 2\n", "t.yaml:1:11: error: format 2; this lockstep reads format 1\n");
    check_refused("lockstep:\n", "t.yaml:1:10: error: 'lockstep' is the format's version: 1\n");
    check_refused("lockstep: 1\ncases: []\n", "t.yaml:2:1: error: 'isa' must come before 'cases'\n");
    check_refused("lockstep: 1\nisa: riscv46\n",
                  "t.yaml:2:6: error: unknown ISA 'riscv46'; did you mean 'riscv64'?\n");
    check_refused(HEAD "case: []\n",
                  "t.yaml:3:1: error: unknown key 'case' in a corpus file; did you mean 'cases'?\n");
    check_refused(HEAD "cases: {}\n", "t.yaml:3:8: error: expected a list here\n");
    check_refused(HEAD "cases: []\nisa: riscv64\n", "t.yaml:4:1: error: duplicate key 'isa'\n"
                                                    "t.yaml:2:1: note: first given here\n");
    check_refused("", "t.yaml:1:1: error: the file is empty; expected a map\n");
    check_refused("- a\n", "t.yaml:1:1: error: a list at the top of the file; expected a map\n");
    check_refused(HEAD "cases:\n- {id: a, code: nop\n",
                  "t.yaml:5:1: error: expected ',' or '}'\nt.yaml:4:3: note: the map starts here\n");
}

/* A broken case does not hide the next mistake; nothing after it is handed out. */
static void test_goes_on(void **state)
{
    check_refused(HEAD "cases:\n- {id: a, code: nop}\n- {id: b, code: nopp}\n- {id: c, code: nop}\n"
                       "- {id: a, code: nop}\n- {id: d, code: nop, in: {a99: 1}}\n"
                       "generate:\n- rows: rv.nothing\n",
                  "t.yaml:5:17: error: unknown mnemonic 'nopp'; did you mean 'nop'?\n"
                  "t.yaml:7:8: error: a second case with the id 'a'\n"
                  "t.yaml:8:27: error: riscv64 has no register 'a99'\n"
                  "t.yaml:10:9: error: riscv64 has no row 'rv.nothing'\n");
    struct loaded *l =
        load(HEAD "cases:\n- {id: a, code: nop}\n- {id: b, code: nopp}\n- {id: c, code: nop}\n");
    assert_true(next(l));
    assert_false(next(l));
    assert_int_equal(l->got, -1);
    assert_false(next(l));
    assert_int_equal(l->got, -1);
    assert_int_equal(l->d.errors, 1);
    unload(l);
}

/* ---- selection ---- */

#define MIXED                                                                             \
    HEAD "cases:\n- {id: a1, code: nop}\n- {id: a2, code: nop}\n- {id: b1, code: nop}\n"  \
         "matrix:\n- id: m-$x-$y\n  with: {x: [1, 2, 3], y: [7, 8]}\n  code: li a0, $x\n" \
         "generate:\n- {rows: [rv.add, \"rv.sub*\"], count: 25}\n- {rows: rv.add, count: 5}\n"

static char *filtered(const char *text, const struct case_filter *f)
{
    struct buf b = {0};
    struct loaded *l = load_filtered(text, f);
    while (next(l)) buf_printf(&b, "%s ", l->c->id + strlen("riscv64/t/"));
    check_messages(&l->d, "");
    unload(l);
    return b.p ? b.p : xstrdup("");
}

static void check_filtered(const char *glob, const char *expected)
{
    struct case_filter f = {.globs = &glob, .nglobs = 1};
    char *got = filtered(MIXED, &f);
    assert_string_equal(got, expected);
    free(got);
}

static void test_filter(void **state)
{
    check_filtered("*/a?", "a1 a2 ");
    check_filtered("riscv64/t/b1", "b1 ");
    check_filtered("*m-[13]-8", "m-1-8 m-3-8 ");
    check_filtered("riscv64/t/rv.add/17", "rv.add/17 ");
    check_filtered("*/rv.add/2?",
                   "rv.add/20 rv.add/21 rv.add/22 rv.add/23 rv.add/24 rv.add/25 rv.add/26 rv.add/27 "
                   "rv.add/28 rv.add/29 ");
    check_filtered("*/rv.sub*/0", "rv.sub/0 rv.subw/0 ");
    check_filtered("nothing", "");
}

static void test_globs(void **state)
{
    assert_true(glob_match("a*c", "abcabc"));
    assert_false(glob_match("a*c", "abcab"));
    assert_true(glob_match("[!a-c]?", "dx"));
    assert_false(glob_match("[!a-c]?", "bx"));
    assert_true(glob_match("[]]", "]"));
    assert_true(glob_match("[a", "[a"));
    assert_true(glob_match("*", ""));
    assert_false(glob_match("", "a"));
    assert_true(glob_may_match("a*b", "axx"));
    assert_true(glob_may_match("abc", "ab"));
    assert_false(glob_may_match("abc", "ax"));
    assert_false(glob_may_match("ab", "abc"));
    assert_true(glob_must_match("a*", "ab"));
    assert_false(glob_must_match("a*", "ba"));
    assert_false(glob_must_match("a?", "a"));
}

/* Every case is in exactly one shard, whatever else is in the files. */
static void test_shards(void **state)
{
    struct case_filter all = {0};
    char *whole = filtered(MIXED, &all);
    unsigned total = 0, seen = 0;
    for (char *p = whole; *p; p++) total += *p == ' ';
    assert_int_equal(total, 3 + 6 + 25 + 25 + 25 + 5);
    for (unsigned shard = 0; shard < 3; shard++) {
        struct case_filter f = {.shard = shard, .nshards = 3};
        char *part = filtered(MIXED, &f);
        for (char *id = strtok(part, " "); id; id = strtok(NULL, " ")) {
            char word[100];
            snprintf(word, sizeof(word), "%s ", id);
            char *hit = strstr(whole, word);
            while (hit && hit != whole && hit[-1] != ' ') hit = strstr(hit + 1, word);
            if (!hit)
                fail_msg("%s is in two shards, or in none", id);
            else
                hit[0] = '#'; /* taken */
            seen++;
        }
        free(part);
    }
    assert_int_equal(seen, total);
    free(whole);
}

/* Passing over n cases and reading them end at the same place, with and without filters and shards. */
static void test_skip(void **state)
{
    const char *globs[] = {"*/rv.*[05]", "*/m-*", "*/a*"};
    const struct case_filter filters[] = {{0},
                                          {.shard = 1, .nshards = 4},
                                          {.globs = globs, .nglobs = 3},
                                          {.globs = globs, .nglobs = 3, .nshards = 2}};
    for (unsigned i = 0; i < ARRAY_LEN(filters); i++) {
        char *all = filtered(MIXED, &filters[i]), *rest = all;
        uint64_t n = 0;
        while (*rest) {
            struct loaded *l = load_filtered(MIXED, &filters[i]);
            assert_int_equal(case_stream_skip(l->s, n), n);
            assert_true(next(l));
            const char *id = l->c->id + strlen("riscv64/t/");
            assert_int_equal(strcspn(rest, " "), strlen(id));
            assert_memory_equal(rest, id, strlen(id));
            unload(l);
            rest = strchr(rest, ' ') + 1;
            n++;
        }
        struct loaded *l = load_filtered(MIXED, &filters[i]);
        assert_int_equal(case_stream_skip(l->s, n / 2), n / 2);
        assert_int_equal(case_stream_skip(l->s, UINT64_MAX), n - n / 2);
        assert_false(next(l));
        assert_int_equal(l->got, 0);
        unload(l);
        free(all);
    }
}

/* ---- templates ---- */

static int by_hash(const void *a, const void *b)
{
    const struct case_wanted *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Where a case is found is how many must be passed over to come to it; what is not selected is not found. */
static void test_find(void **state)
{
    enum { MOST = 100 };
    const char *globs[] = {"*/rv.*[05]", "*/m-*", "*/a*"};
    struct id_set two = {0};
    const struct case_pick some = {.rerun = true, .ids = two};
    const struct case_filter filters[] = {{0},
                                          {.shard = 1, .nshards = 4},
                                          {.globs = globs, .nglobs = 3},
                                          {.globs = globs, .nglobs = 3, .nshards = 2},
                                          {.shard = 2, .nshards = 3, .pick = &some}};
    struct case_wanted all[MOST] = {0};
    size_t n = 0;
    struct loaded *l = load_filtered(MIXED, &filters[0]);
    while (next(l) && n < MOST)
        all[n++].hash = pick_hash(&(struct record){.id = l->c->id, .generated = l->c->generated});
    unload(l);
    qsort(all, n, sizeof(*all), by_hash);
    for (unsigned i = 0; i < ARRAY_LEN(filters); i++) {
        uint64_t total = 0, found = 0;
        l = load_filtered(MIXED, &filters[i]);
        total = case_stream_find(l->s, all, n);
        unload(l);
        l = load_filtered(MIXED, &filters[i]);
        for (; next(l); found++) {
            uint64_t hash = pick_hash(&(struct record){.id = l->c->id, .generated = l->c->generated});
            struct case_wanted *w =
                bsearch(&(struct case_wanted){.hash = hash}, all, n, sizeof(*all), by_hash);
            assert_non_null(w);
            assert_int_equal(w->number, found);
        }
        unload(l);
        assert_int_equal(found, total);
        for (size_t k = 0; k < n; k++) found -= all[k].number != ~0ull;
        assert_int_equal(found, 0);
    }
}

static void test_matrix_values(void **state)
{
    struct loaded *l = load(HEAD "matrix:\n- id: ${op}-$n-${v.i}\n  why: 5$$\n"
                                 "  with:\n    op: [sll, srl]\n    n: [10, 64]\n"
                                 "    v: [{i: 8, r: a1}, {i: 9, r: a2}]\n"
                                 "  code: $op a0, ${v.r}, a3\n  in: {\"${v.r}\": \"${v.i}\", a3: $n}\n"
                                 "  at: 0x10${n}0\n  mem: [{at: 0x20000, u8: [\"$n\", 2]}]\n");
    struct buf ids = {0};
    while (next(l)) {
        buf_printf(&ids, "%s ", l->c->id + strlen("riscv64/t/"));
        assert_string_equal(l->c->why, "5$");
        assert_int_equal(l->c->mem[0].data[0], value_in(l->c, "a3"));
        if (!strcmp(l->c->id, "riscv64/t/srl-64-9")) {
            assert_string_equal(l->c->row->id, "rv.srl");
            assert_int_equal(value_in(l->c, "a2"), 9);
            assert_int_equal(l->c->code_at, 0x10640);
        }
    }
    assert_int_equal(l->got, 0);
    assert_string_equal(buf_cstr(&ids),
                        "sll-10-8 sll-10-9 sll-64-8 sll-64-9 srl-10-8 srl-10-9 srl-64-8 srl-64-9 ");
    unload(l);
    buf_free(&ids);
}

static void test_matrix_refused(void **state)
{
    check_refused(HEAD "matrix:\n- {id: a-$x, with: {x: [1, 1]}, code: nop}\n",
                  "t.yaml:4:8: error: a second case with the id 'a-1'\n"
                  "t.yaml:4:3: note: in the combination x=1\n");
    check_refused(HEAD "matrix:\n- {id: a-$xxx, with: {xxy: [1]}, code: nop}\n",
                  "t.yaml:4:11: error: no variable 'xxx' under 'with'; did you mean 'xxy'?\n"
                  "t.yaml:4:3: note: in the combination xxy=1\n");
    check_refused(
        HEAD "matrix:\n- {id: \"a-${x\", with: {x: [1]}, code: nop}\n",
        "t.yaml:4:11: error: expected a variable: $name, ${name} or ${name.part}; '$$' is a dollar sign\n"
        "t.yaml:4:3: note: in the combination x=1\n");
    check_refused(HEAD "matrix:\n- {id: a-$x, with: {x: [1, 2, 3]}, code: \"add $x, a0, a0\"}\n",
                  "t.yaml:4:42: error: unknown register '1'; did you mean 't1'?\n"
                  "t.yaml:4:3: note: in the combination x=1\n");
    check_refused(HEAD "matrix:\n- {id: a-$x, with: {x: [{p: 1}]}, code: nop}\n",
                  "t.yaml:4:11: error: this value of 'x' is a map; name a part of it: ${x.p}\n"
                  "t.yaml:4:3: note: in the combination x={p: 1}\n");
    check_refused(HEAD "matrix:\n- {id: \"a-${x.q}\", with: {x: [{p: 1}]}, code: nop}\n",
                  "t.yaml:4:13: error: this value of 'x' has no part 'q'\n"
                  "t.yaml:4:3: note: in the combination x={p: 1}\n");
    check_refused(HEAD "matrix:\n- {id: a, with: {x: []}, code: nop}\n",
                  "t.yaml:4:21: error: 'x' has no values, so there are no cases\n");
    check_refused(HEAD "matrix:\n- {id: a, code: nop}\n",
                  "t.yaml:4:3: error: a template of cases needs 'with': Variables, each with a list of "
                  "values: one case "
                  "for every combination. A value that is a map has parts, `${name.part}`.\n");
    check_refused(HEAD "matrix:\n- {id: a-$x, with: {x: [a1, x11]}, code: nop, in: {$x: 1, a1: 2}}\n",
                  "t.yaml:4:59: error: 'a1' is in this map twice\n"
                  "t.yaml:4:3: note: in the combination x=a1\n");
}

/* Variables stand for text, not for maps and lists. */
static void test_matrix_shape(void **state)
{
    check_refused(HEAD "matrix:\n- $x\n", "t.yaml:4:3: error: expected a template of cases, not '$x'\n");
    check_refused(HEAD "matrix:\n- {id: a, code: nop, with: $x, in: $x}\n",
                  "t.yaml:4:28: error: 'with': expected a map of variables to lists, not '$x'\n"
                  "t.yaml:4:36: error: 'in': expected a map of registers to values, not '$x'\n");
}

/* A crossing that would never end is refused at once. */
static void test_matrix_bounds(void **state)
{
    struct buf b = {0};
    buf_str(&b, HEAD "matrix:\n- id: a\n  code: nop\n  with:\n");
    for (int i = 0; i < 10; i++) buf_printf(&b, "    v%d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n", i);
    check_refused(b.p, "t.yaml:7:5: error: more than 65536 combinations\n");
    buf_free(&b);
}

/* ---- memory ---- */

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

/* What a stream holds on to grows with the number of hand-written cases by their hashes only. */
static void test_bounded(void **state)
{
    enum { CASES = 40000 };
    char path[200];
    path_in("big.yaml", path, sizeof(path));
    const char *const paths[] = {path};
    FILE *f = fopen(path, "w");
    fputs(HEAD "generate:\n- {rows: \"rv.a*\", count: 2000}\ncases:\n", f);
    for (int i = 0; i < CASES; i++)
        fprintf(f, "- {id: c%d, code: \"add a0, a1, a2\", in: {a1: %d, a2: 5}, out: {a0: %d}}\n", i, i,
                i + 5);
    assert_int_equal(fclose(f), 0);
    struct diag d = {0};
    struct case_filter all = {0};
    struct case_stream *s = case_stream_open(paths, 1, &all, &d);
    const struct test_case *c;
    size_t before = 0, most = 0;
    uint64_t n = 0;
    while (case_stream_next(s, &c) > 0) {
        if (++n == 1000) before = in_use();
        if (n > 1000 && in_use() > most) most = in_use();
    }
    assert_int_equal(d.errors, 0);
    assert_true(n > CASES + 2000);
    if (most > before) assert_in_range(most - before, 0, CASES * 32 + 300000);
    case_stream_close(s);
    diag_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),       cmocka_unit_test(test_same_stem),
        cmocka_unit_test(test_includes),      cmocka_unit_test(test_top),
        cmocka_unit_test(test_goes_on),       cmocka_unit_test(test_globs),
        cmocka_unit_test(test_filter),        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_skip),          cmocka_unit_test(test_find),
        cmocka_unit_test(test_matrix_values), cmocka_unit_test(test_matrix_refused),
        cmocka_unit_test(test_matrix_shape),  cmocka_unit_test(test_matrix_bounds),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
