/* `lockstep exec --trace` names functions; `--perf`: the map's lines name guest functions, and where perf can
 * be used, its report does.
 */
#include "harness/exec/outside.h"

#include <sys/stat.h>

static char place[4096]; /* folder of the built program lockstep, with a slash */

static const char *in_place(const char *name)
{
    static char paths[2][4200];
    static unsigned next;
    char *to = paths[next++ % 2];
    snprintf(to, sizeof(paths[0]), "%s%s", place, name);
    return to;
}

/* Every line is a place, a size and a name; *named: how many names are not just an address. */
static unsigned read_map(const char *path, unsigned *named)
{
    char line[512], name[256];
    unsigned long at, size;
    unsigned lines = 0;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (*named = 0; fgets(line, sizeof(line), f); lines++) {
        int end = 0;
        if (sscanf(line, "%lx %lx %255[^\n]%n", &at, &size, name, &end) != 3 || line[end] != '\n')
            fail_msg("not a line of a perf map: %s", line);
        assert_true(at && size && size < 1 << 20);
        assert_null(strchr(name, '$'));
        *named += strncmp(name, "guest:0x", 8) != 0;
    }
    fclose(f);
    return lines;
}

/* Linux's tools/perf/Documentation/jitdump-specification.txt, in words of 64 bits. */
static uint64_t word_at(const struct buf *b, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    if (at + bytes > b->len) fail_msg("the dump ends within a record, at %zu", at);
    memcpy(&v, buf_cstr(b) + at, bytes);
    return v;
}

/* A header, then a record with name and code for each line of the map, and nothing else; times rise. */
static void check_dump(const char *path, pid_t pid, unsigned lines)
{
    struct buf b = {0};
    char chunk[65536];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f));) buf_add(&b, chunk, n);
    fclose(f);
    assert_int_equal(word_at(&b, 0, 4), 0x4a695444); /* "JiTD" */
    assert_int_equal(word_at(&b, 4, 4), 1);          /* version */
    assert_int_equal(word_at(&b, 8, 4), 40);         /* size of the header */
    assert_int_equal(word_at(&b, 12, 4), 62);        /* EM_X86_64 */
    assert_int_equal(word_at(&b, 20, 4), pid);
    uint64_t time = word_at(&b, 24, 8), index = 0;
    size_t at = 40;
    for (; at < b.len; lines--) {
        uint64_t size = word_at(&b, at + 4, 4), code = word_at(&b, at + 40, 8);
        assert_true(lines);
        assert_int_equal(word_at(&b, at, 4), 0); /* JIT_CODE_LOAD */
        assert_true(word_at(&b, at + 8, 8) >= time);
        time = word_at(&b, at + 8, 8);
        assert_int_equal(word_at(&b, at + 16, 4), pid);
        assert_int_equal(word_at(&b, at + 24, 8), word_at(&b, at + 32, 8)); /* vma, address */
        assert_true(word_at(&b, at + 48, 8) > index);
        index = word_at(&b, at + 48, 8);
        assert_int_equal(size, 56 + strnlen(b.p + at + 56, b.len - at - 56) + 1 + code);
        at += size;
    }
    assert_int_equal(at, b.len);
    assert_int_equal(lines, 0);
    buf_free(&b);
}

static void test_map(void **state)
{
    const char *const argv[] = {in_place("lockstep"), "exec", "--perf",
                                in_place("../programs/integer.static"), NULL};
    char map[64], dump[64];
    struct outside o;
    struct stat st;
    unsigned named;
    if (access(argv[3], X_OK)) skip();
    struct outside_child c = outside_start(argv, "/dev/null");
    outside_wait(c, &o);
    assert_true(WIFEXITED(o.status)); /* its status is its own */
    assert_int_equal(o.output.len, 0);
    snprintf(map, sizeof(map), "/tmp/perf-%d.map", (int)c.pid);
    snprintf(dump, sizeof(dump), "/tmp/jit-%d.dump", (int)c.pid);
    unsigned lines = read_map(map, &named);
    assert_in_range(lines, 100, 100000);
    assert_true(named >
                lines * 9 / 10); /* it is static, so all but the page that signal handlers return to */
    assert_int_equal(stat(dump, &st), 0);
    assert_true(st.st_size > 40 + lines * 56);
    check_dump(dump, c.pid, lines);
    unlink(map);
    unlink(dump);
    buf_free(&o.output);
}

static void test_trace(void **state)
{
    const char *const argv[] = {
        in_place("lockstep"), "exec", "--trace", "--limit", "20", in_place("programs/integer.static"), NULL};
    struct outside o;
    if (access(argv[5], X_OK)) skip();
    outside_run(argv, &o);
    const char *first = strchr(buf_cstr(&o.output), '\n');
    assert_non_null(first);
    assert_non_null(strstr(first - sizeof(" <_start>") + 1, " <_start>\n"));
    assert_non_null(strstr(first, " <load_gp>\n"));
    assert_non_null(strstr(first, " <_start+0x4>\n"));
    buf_free(&o.output);
}

static void test_interpreter_has_none(void **state)
{
    const char *const argv[] = {in_place("lockstep"), "exec", "--backend", "interp", "--perf",
                                "/bin/true",          NULL};
    struct outside o;
    outside_run(argv, &o);
    assert_int_equal(o.status, STATUS_USAGE << 8);
    assert_string_equal(buf_cstr(&o.output), "lockstep: --perf: backend 'interp' translates nothing\n");
    buf_free(&o.output);
}

/* Runs words in the current folder and gives what they write. */
static void run(struct outside *o, const char *const *argv, int status, const char *skip_as)
{
    outside_run(argv, o);
    if (!o->status) return;
    print_message("%s: %s", skip_as, buf_cstr(&o->output));
    buf_free(&o->output);
    assert_int_equal(status, -1);
    skip();
}

static void test_report(void **state)
{
    static const char *const version[] = {"perf", "--version", NULL};
    const char *lockstep = in_place("lockstep"), *program = in_place("../programs/fp.static");
    const char *const record[] = {"perf",      "record", "-q",   "-k",     "mono", "-F",     "10000", "-e",
                                  "cpu-clock", "-o",     "data", lockstep, "exec", "--perf", program, NULL};
    static const char *const report[] = {"perf",    "report", "-i",      "data",
                                         "--stdio", "--sort", "dso,sym", NULL};
    static const char *const inject[] = {"perf", "--buildid-dir", ".",  "inject", "--jit",
                                         "-i",   "data",          "-o", "jitted", NULL};
    static const char *const report_jitted[] = {"perf",   "--buildid-dir", ".",      "report",  "-i",
                                                "jitted", "--stdio",       "--sort", "dso,sym", NULL};
    char dir[] = "/tmp/lockstep-perf-XXXXXX", name[256], command[128];
    unsigned found = 0;
    int pid = 0;
    struct outside o;
    if (access(program, X_OK) || system("command -v perf >/dev/null")) {
        print_message("perf, or a compiler for the guest, is not here\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    run(&o, version, -1, "perf cannot be used");
    buf_free(&o.output);
    run(&o, record, -1, "perf cannot record here");
    buf_free(&o.output);
    run(&o, report, 0, "perf report");
    for (char *line = strtok(o.output.p, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, " %*f%% [JIT] tid %d [.] %255s", &pid, name) == 2) found += !strstr(name, "guest:");
    if (!found) fail_msg("no guest function in the report (process %d)", pid);
    buf_free(&o.output);
    /* the same out of the jitdump, of which perf makes a file for each block */
    run(&o, inject, -1, "perf cannot read jitdumps here");
    buf_free(&o.output);
    run(&o, report_jitted, 0, "perf report");
    found = 0;
    for (char *line = strtok(o.output.p, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, " %*f%% jitted-%d-%*[0-9].so [.] %255s", &pid, name) == 2)
            found += !strstr(name, "guest:");
    if (!found) fail_msg("no guest function in the report by jitdump (process %d):\n%s", pid, o.output.p);
    snprintf(command, sizeof(command), "rm -rf %s /tmp/perf-%d.map /tmp/jit-%d.dump /tmp/jitted-%d-*.so", dir,
             pid, pid, pid);
    assert_int_equal(system(command), 0);
    buf_free(&o.output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_interpreter_has_none),
        cmocka_unit_test(test_report),
    };
    if (!outside_place(place, sizeof(place))) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
