/* Packed corpora as their users meet them: packing, generating, and every command that takes corpora. */
#include "harness/commands/place_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const struct backend *const backends[] = {&faulty, &reference, NULL};

static void lockstep(struct place *p, const char *words)
{
    place_run(p, words, NULL, backends);
}

static void expect(struct place *p, const char *words, int status, const char *err)
{
    lockstep(p, words);
    expect_said(p, words, status, err);
}

/* 1500 templates; generated cases in which nothing varies: others might set the register that `faulty` obeys.
 */
#define GENERATED(b)                                                                                         \
    "matrix:\n  - id: m-$a-$b-$c\n    with: {a: [0, 1, 2], b: [0, 5, 10, 15, " b "],\n"                      \
    "      c: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,\n" \
    "        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, "   \
    "49,\n"                                                                                                  \
    "        50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, "   \
    "73,\n"                                                                                                  \
    "        74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, "   \
    "97,\n"                                                                                                  \
    "        98, 99, 100]}\n"                                                                                \
    "    code: addi a0, a$a, $b\n    in: {a1: $c}\n"                                                         \
    "generate:\n  - {rows: [rv.ecall, rv.fence.i], count: 4}\n"

/* Cases of every kind, two of which fail. */
static const char corpus[] = "lockstep: 1\nisa: riscv64\ncases:\n"
                             "  - {id: good, code: 'addi a0, a0, 1', in: {a0: 1}, out: {a0: 2}}\n"
                             "  - {id: bad, code: 'addi a0, a0, 1', in: {a0: 1, a7: 5}, why: wrong}\n"
                             "  - {id: worse, code: 'addi a0, a0, 1', in: {a0: 1, a7: 1}}\n" GENERATED("500");

static const char usual[] = "|--oracle|reference|--quirks|none|--max-failures-shown|1";

static char *line(const char *words, const char *path)
{
    static char lines[4][300];
    static unsigned next;
    char *to = lines[next++ % ARRAY_LEN(lines)];
    snprintf(to, sizeof(lines[0]), words, path, usual);
    return to;
}

/* Everything but the place where a case is found, and the time, is the same. */
static char *without_places(char *text)
{
    static const struct {
        const char *from; /* what begins the place */
        char to;          /* what ends it; 0: it ends there */
    } places[] = {{"  from  c.yaml:", '\n'}, {"(c.yaml:", ')'},   {"(p/manifest.yaml:", ')'}, {" c.yaml", 0},
                  {" p/manifest.yaml", 0},   {" cases in ", '\n'}};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        for (char *t = text; (t = strstr(t, places[i].from));) {
            char *end = t + strlen(places[i].from);
            if (places[i].to) end = strchr(end, places[i].to) + 1;
            memmove(t, end, strlen(end) + 1);
        }
    }
    return text;
}

/* The command says and ends the same for the corpus and for what it was packed into. */
static void expect_same(struct place *p, const char *words, int status)
{
    lockstep(p, line(words, "c.yaml"));
    char *out = p->out, *err = p->err;
    p->out = p->err = NULL;
    if (p->status != status) fail_msg("%s: status %d\n%s%s", words, p->status, out, err);
    expect(p, line(words, "p"), status, err);
    assert_string_equal(without_places(p->out), without_places(out));
    free(out);
    free(err);
}

static void test_commands(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    expect_part(p->out, "1511 cases in p, ");
    expect_part(p->out, " bytes; records 0x");
    expect_same(p, "list|cases|%s", STATUS_PASS);
    expect_same(p, "list|cases|-v|%s|--filter|*/m-1-?-4?", STATUS_PASS);
    expect_same(p, "list|cases|%s|--filter|*/none", STATUS_NOTHING);
    expect_same(p, "run|%s%s", STATUS_FAIL);
    expect_same(p, "run|--jobs|1|%s%s", STATUS_FAIL);
    expect_same(p, "run|--shard|2/3|--jobs|3|%s%s", STATUS_FAIL);
    expect_same(p, "run|--filter|*/m-2-*|%s%s", STATUS_PASS);
    expect_same(p, "repro|riscv64/c/rv.ecall/3|%s|--oracle|reference|--quirks|none", STATUS_PASS);
    expect_same(p, "repro|riscv64/c/bed|%s|--oracle|reference|--quirks|none", STATUS_NOTHING);
    expect_same(p, "shrink|riscv64/c/worse|%s|--oracle|reference|--quirks|none", STATUS_PASS);
}

/* A failure is found again where it ran, and says where it was written. */
static void test_failure(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    assert_int_equal(unlink("c.yaml"), 0);
    lockstep(p, line("run|%s%s|--filter|*/bad", "p"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "FAIL riscv64/c/bad (p/manifest.yaml:12)\n");
    expect_part(p->out, "  from  c.yaml:5\n  row   rv.addi");
    expect_part(p->out, "  why   wrong\n");
    expect_part(p->out, "lockstep repro riscv64/c/bad p/manifest.yaml --oracle reference");
    lockstep(p, "repro|riscv64/c/bad|p/manifest.yaml|--oracle|reference|--quirks|none");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "riscv64/c/bad (p/manifest.yaml:12)\n");
}

/* In a plan, under include:, and not by the file of records. */
static void test_places(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    write_file("plan.yaml", "plan: 1\ncorpora: p\nbackends: reference\noracles: none\n");
    write_file("in.yaml", "lockstep: 1\ninclude: p/manifest.yaml\n");
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    expect(p, "run|plan.yaml|-q|--quirks|none", STATUS_PASS, "");
    expect_part(p->out, "1 passed, 0 failed, 1510 skipped");
    expect(p, "list|cases|in.yaml|--filter|*/good", STATUS_PASS, "");
    expect(p, "list|cases|p|in.yaml|p/manifest.yaml|--filter|*/good", STATUS_PASS, "");
    assert_string_equal(p->out, "riscv64/c/good\n");
    expect(p, "list|cases|p/cases.zst", STATUS_USAGE,
           "p/cases.zst: error: these are the records of a packed corpus; name its folder, or manifest.yaml "
           "there\n");
    expect(p, "pack|p|--filter|*/m-1-?-4?|-o|some", STATUS_PASS, "");
    expect_part(p->out, "20 cases in some, ");
    expect(p, "gen|riscv64|--rows|rv.add|--until|full|--binary|-o|full", STATUS_PASS, "");
    expect(p, "run|full|--backend|reference|--oracle|none|--quirks|none|-q", STATUS_PASS, "");
}

static void test_gen(void **state)
{
    struct place *p = *state;
    expect(p, "gen|riscv64|--rows|rv.add|--count|3|--seed|7|--binary|-o|sub/", STATUS_PASS, "");
    expect(p, "list|cases|-v|sub", STATUS_PASS, "");
    expect_part(p->out, "riscv64/sub/rv.add/0                     rv.add           sub/manifest.yaml:12\n");
    char *manifest = read_file("sub/manifest.yaml");
    expect_part(manifest,
                "packed: 1\nisa: riscv64\nfrom: \"lockstep gen riscv64 --kind instruction --rows 'rv.add' "
                "--values all --until count --count 3 --seed 7\"\nseed: 7\ncases: 3\nrecords: 0x");
    /* the same seed gives the same records under another name; another seed does not */
    expect(p, "gen|riscv64|--rows|rv.add|--count|3|--seed|7|--binary|-o|other.dir", STATUS_PASS, "");
    char *other = read_file("other.dir/manifest.yaml");
    expect_part(other, "- ids: \"riscv64/other.dir\"\n");
    char *records = strstr(manifest, "records:");
    records[30] = 0;
    expect_part(other, records);
    free(other);
    expect(p, "gen|riscv64|--rows|rv.add|--count|3|--seed|8|--binary|-o|other.dir", STATUS_PASS, "");
    other = read_file("other.dir/manifest.yaml");
    assert_null(strstr(other, records));
    free(other);
    free(manifest);
    expect(p, "run|sub|other.dir|--oracle|reference|--quirks|none", STATUS_PASS, "");
    expect_part(p->out, "6 passed, 0 failed");
}

static bool exists(const char *path)
{
    struct stat st;
    return !stat(path, &st);
}

static void test_refused(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    write_file("broken.yaml",
               "lockstep: 1\nisa: riscv64\ncases:\n  - {id: a, code: nop}\n  - {id: b, code: nup}\n");
    assert_int_equal(mkdir("full", 0755), 0);
    write_file("full/x.yaml", corpus);
    expect(p, "pack|c.yaml", STATUS_USAGE, "lockstep: pack wants -o DIR\n");
    expect(p, "gen|riscv64|--binary", STATUS_USAGE, "lockstep: --binary wants -o DIR\n");
    expect(p, "pack|c.yaml|-o|no/p", STATUS_USAGE,
           "lockstep: cannot write no/p: No such file or directory\n");
    expect(p, "pack|c.yaml|-o|c.yaml", STATUS_USAGE, "lockstep: cannot write c.yaml: Not a directory\n");
    expect(p, "pack|c.yaml|-o|full", STATUS_USAGE,
           "lockstep: full holds other files; a packed corpus wants a folder of its own\n");
    expect(p, "pack|c.yaml|--filter|none|-o|p", STATUS_NOTHING, "lockstep: no case is selected\n");
    lockstep(p, "pack|broken.yaml|-o|p");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "broken.yaml:5:19: error: ");
    assert_false(exists("p"));
    /* what was there stays as it is when it cannot be replaced */
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    char *before = read_file("p/manifest.yaml");
    lockstep(p, "pack|broken.yaml|-o|p");
    char *after = read_file("p/manifest.yaml");
    assert_string_equal(before, after);
    assert_false(exists("p/cases.zst.new"));
    free(before);
    free(after);
}

/* A disk that is full says so, and leaves nothing that looks like a corpus. */
static void test_full_disk(void **state)
{
    struct place *p = *state;
    struct rlimit old, small;
    write_file("c.yaml", corpus);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){1000, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    lockstep(p, "gen|riscv64|--rows|rv.add|-n|100|-o|g.yaml");
    expect_said(p, "gen", STATUS_HARNESS, "lockstep: cannot write g.yaml: File too large\n");
    assert_false(exists("g.yaml"));
    lockstep(p, "pack|c.yaml|-o|p");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    expect_said(p, "pack", STATUS_HARNESS, "lockstep: cannot write p: File too large\n");
    assert_false(exists("p"));
}

/* Nothing runs, and nothing is counted. */
static void test_damaged(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    struct stat st;
    assert_int_equal(stat("p/cases.zst", &st), 0);
    int fd = open("p/cases.zst", O_WRONLY);
    assert_int_equal(pwrite(fd, "?", 1, st.st_size - 100), 1); /* in the last block */
    close(fd);
    lockstep(p, line("run|%s%s|--report|record=r", "p"));
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "p/cases.zst: error: damaged at byte ");
    assert_string_equal(p->out, "");
    assert_false(exists("r"));
    assert_int_equal(truncate("p/cases.zst", st.st_size - 1), 0);
    lockstep(p, line("run|%s%s", "p"));
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "p/cases.zst: error: it has ");
    assert_string_equal(p->out, "");
}

/* Records of runs know which packed corpus they are of. */
static void test_records(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", corpus);
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    lockstep(p, line("run|%s%s|-q|--report|record=r", "p"));
    assert_int_equal(p->status, STATUS_FAIL);
    assert_int_equal(truncate("r", 20000), 0);
    lockstep(p, line("run|%s%s|--resume|r", "p"));
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, " of 1511 cases are in r already\n");
    expect_part(p->out, "1509 passed, 2 failed");
    lockstep(p, line("run|%s%s|--rerun|r", "p"));
    expect_part(p->out, "2 cases: ");
    expect_part(p->out, "0 passed, 2 failed");
    for (unsigned i = 1; i <= 3; i++) {
        char words[200];
        snprintf(words, sizeof(words), "run|p%s|-q|--shard|%u/3|--report|record=s%u", usual, i, i);
        lockstep(p, words);
    }
    lockstep(p, "merge|s1|s2|s3");
    expect_part(p->out, "1509 passed, 2 failed");
    /* other cases under the same name are another run */
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\n" GENERATED("501"));
    expect(p, "pack|c.yaml|-o|p", STATUS_PASS, "");
    lockstep(p, line("run|%s%s|--resume|r", "p"));
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: r is of another run: another corpus (");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commands, enter, leave),
        cmocka_unit_test_setup_teardown(test_failure, enter, leave),
        cmocka_unit_test_setup_teardown(test_places, enter, leave),
        cmocka_unit_test_setup_teardown(test_gen, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_full_disk, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged, enter, leave),
        cmocka_unit_test_setup_teardown(test_records, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
