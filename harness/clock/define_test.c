/* Definitions of benchmarks: what is read, and what is refused in words. */
#include "harness/clock/define.h"
#include "harness/testing.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with files, read. */
struct folder {
    char dir[64];        /* of them */
    struct benchmarks b; /* that they define */
    struct arena a;      /* of those */
    struct diag d;       /* what was said */
};

static int enter(void **state)
{
    struct folder *f = xcalloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/lockstep-define-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

static int leave(void **state)
{
    struct folder *f = *state;
    char command[100];
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    arena_free(&f->a);
    diag_free(&f->d);
    free(f);
    return system(command);
}

static bool read_with(struct folder *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    diag_free(&f->d);
    f->d = (struct diag){0};
    return benchmarks_read(&f->b, f->dir, &f->a, &f->d);
}

static void expect_said(const struct folder *f, const char *part)
{
    if (!strstr(buf_cstr(&f->d.text), part)) fail_msg("no '%s' in\n%s", part, buf_cstr(&f->d.text));
}

static void test_each(void **state)
{
    struct folder *f = *state;
    assert_true(read_with(
        f, "b.yaml",
        "benchmarks: 1\nlist:\n- {name: x/t$tier/y, kind: k, each: {tier: [1, 2]}, with: {code: nop}}\n"
        "- {name: z, kind: l, compare: false, selftest: true}\n"));
    assert_int_equal(f->b.n, 3);
    const struct benchmark *two = benchmarks_find(&f->b, "x/t2/y"), *z = benchmarks_find(&f->b, "z");
    assert_non_null(two);
    assert_string_equal(schema_text(two->with, "tier", ""), "2");
    assert_string_equal(schema_text(two->with, "code", ""), "nop");
    assert_true(two->compare && !two->selftest && !z->compare && z->selftest);
    assert_int_not_equal(two->hash, benchmarks_find(&f->b, "x/t1/y")->hash);
    assert_int_equal(two->limit, 60);
    uint64_t before = two->hash, untouched = z->hash;
    /* another meaning, another hash; files that are no definitions do not matter */
    assert_true(read_with(f, "a.yaml", "lockstep: 1\nisa: riscv64\ncases: []\n"));
    assert_int_equal(benchmarks_find(&f->b, "x/t2/y")->hash, before);
    assert_true(read_with(
        f, "b.yaml",
        "benchmarks: 1\nlist:\n- {name: x/t$tier/y, kind: k, each: {tier: [1, 2]}, with: {code: nop nop}}\n"
        "- {name: z, kind: l}\n"));
    assert_int_not_equal(benchmarks_find(&f->b, "x/t2/y")->hash, before);
    assert_int_equal(benchmarks_find(&f->b, "z")->hash, untouched);
}

static void test_refused(void **state)
{
    struct folder *f = *state;
    assert_false(benchmarks_read(&f->b, "/nowhere", &f->a, &f->d));
    expect_said(f, "cannot read the folder");
    assert_false(benchmarks_read(&f->b, f->dir, &f->a, &f->d));
    expect_said(f, "it defines no benchmarks");
    assert_false(
        read_with(f, "b.yaml", "benchmarks: 1\nlist:\n- {name: x, kind: k}\n- {name: x, kind: l}\n"));
    expect_said(f, "there are two benchmarks 'x'");
    assert_false(read_with(f, "b.yaml", "benchmarks: 1\nlist:\n- {name: x, kidn: k}\n"));
    expect_said(f, "did you mean 'kind'?");
    assert_false(read_with(f, "b.yaml", "benchmarks: 2\nlist: []\n"));
    assert_false(
        read_with(f, "b.yaml", "benchmarks: 1\nlist:\n- {name: x, kind: k, each: {a: [1], b: [2]}}\n"));
    expect_said(f, "`each` wants one key");
}

static void test_names(void **state)
{
    struct folder *f = *state;
    assert_string_equal(benchmark_name("exec/a/iterations:1/real_time", &f->a), "exec/a");
    assert_string_equal(benchmark_name("program/a/jit/manual_time", &f->a), "program/a/jit");
    assert_string_equal(benchmark_name("corpus/jobs:2", &f->a), "corpus/jobs:2");
}

/* Those of the project: each can be measured or is left out on purpose, and some prove the comparison. */
static void test_project(void **state)
{
    struct folder *f = *state;
    unsigned compared = 0, proving = 0;
    if (!benchmarks_read(&f->b, "bench", &f->a, &f->d)) fail_msg("%s", buf_cstr(&f->d.text));
    for (unsigned i = 0; i < f->b.n; i++) {
        compared += f->b.all[i].compare;
        proving += f->b.all[i].selftest;
    }
    assert_true(compared >= 30 && proving >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_names, enter, leave),
        cmocka_unit_test_setup_teardown(test_project, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
