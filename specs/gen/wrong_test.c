/* A wrong row of each kind. Every file of cases/wrong says in its first comment lines which errors it must
 * give, all of them and in order. Its name says what it is: row-* is put beside the rows of cases/wrong/base,
 * x86-* holds rows of the ISA of the hard x86 rows, pairs* pairs of the rows of cases/wrong/base, isa-*,
 * state-* and ir-* stand in for that file; so do linux-calls-* and the like for those of specs/linux;
 * device-* is a device's only file. */
#include "specs/gen/device.h"
#include "specs/gen/emit.h"
#include "specs/gen/linux.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WRONG "specs/gen/cases/wrong"
#define BASE  WRONG "/base"
#define LINUX WRONG "/linux"
#define X86   "specs/gen/cases/hard/x86_64"

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

static void load(struct spec *s, const char *name, const char *path)
{
    bool x86 = begins(name, "x86-"), row = begins(name, "row-");
    const char *const rows[] = {x86 ? path : BASE "/rows.yaml", row ? path : NULL, NULL};
    spec_load_files(s, begins(name, "ir-") ? path : "specs/ir.yaml",
                    begins(name, "state-") ? path
                    : x86                  ? X86 "/state.yaml"
                                           : BASE "/state.yaml",
                    begins(name, "isa-") ? path
                    : x86                ? X86 "/isa.yaml"
                                         : BASE "/isa.yaml",
                    rows);
    if (begins(name, "pairs")) pairs_load(s, path);
}

static const char *linux_file(const char *name, const char *path, const char *kind, const char *base)
{
    size_t n = strlen(kind);
    return !strncmp(name + strlen("linux-"), kind, n) ? path : base;
}

static void load_linux(struct linux_spec *l, const char *name, const char *path)
{
    linux_load_files(l, linux_file(name, path, "calls", LINUX "/calls.yaml"),
                     linux_file(name, path, "structs", LINUX "/structs.yaml"),
                     linux_file(name, path, "flags", LINUX "/flags.yaml"),
                     linux_file(name, path, "requests", LINUX "/requests.yaml"));
}

/* The errors alone, without the source lines under them, each as the file says it. */
static void said(const struct diag *d, const char *path, struct buf *out)
{
    size_t n = strlen(path);
    for (const char *p = buf_cstr(&d->text); *p;) {
        size_t len = strcspn(p, "\n");
        const char *error = strstr(p, " error: ");
        bool here = !strncmp(p, path, n) && p[n] == ':';
        if (*p != ' ' && error && error < p + len)
            buf_printf(out, "# %.*s%.*s\n", (int)(error - p + 1 - (here ? (long)n + 1 : 0)),
                       p + (here ? n + 1 : 0), (int)(p + len - error - 8), error + 8);
        p += len + (p[len] == '\n');
    }
}

static void expected(const char *path, struct buf *out)
{
    char line[400];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) && line[0] == '#') buf_str(out, line);
    fclose(f);
}

static void one(const char *name)
{
    struct linux_spec l = {.s.diag.out = NULL};
    struct device_gen g = {.s.diag.out = NULL};
    struct spec *s = begins(name, "device-") ? &g.s : &l.s;
    struct buf want = {0}, got = {0};
    char path[300];
    snprintf(path, sizeof(path), WRONG "/%s", name);
    if (begins(name, "device-"))
        device_load(&g, path);
    else if (begins(name, "linux-"))
        load_linux(&l, name, path);
    else
        load(s, name, path);
    said(&s->diag, path, &got);
    expected(path, &want);
    if (strcmp(buf_cstr(&want), buf_cstr(&got)))
        fail_msg("%s\nexpected:\n%sfound:\n%s", path, buf_cstr(&want), buf_cstr(&got));
    assert_true(want.len > 0);
    buf_free(&want);
    buf_free(&got);
    spec_free(s);
}

static int is_case(const struct dirent *e)
{
    return strlen(e->d_name) > 5 && !strcmp(e->d_name + strlen(e->d_name) - 5, ".yaml");
}

static void test_wrong(void **state)
{
    struct dirent **list = NULL;
    int n = scandir(WRONG, &list, is_case, alphasort);
    assert_true(n > 40);
    for (int i = 0; i < n; i++) {
        one(list[i]->d_name);
        free(list[i]);
    }
    free(list);
}

/* Without its wrong row, everything is right: or the errors could come from elsewhere. */
static void test_base(void **state)
{
    struct spec s = {.diag = {.out = stderr}};
    assert_true(spec_load(&s, "specs/ir.yaml", BASE));
    assert_int_equal(s.nrows, 2);
    spec_free(&s);
    struct linux_spec l = {.s.diag.out = stderr};
    assert_true(linux_load(&l, LINUX));
    linux_free(&l);
    struct device_gen g = {.s.diag.out = stderr};
    assert_true(device_load(&g, "specs/devices/smmuv3.yaml"));
    spec_free(&g.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_base), cmocka_unit_test(test_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
