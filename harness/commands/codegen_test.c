/* `lockstep codegen` as its users meet it: what is pinned holds, what grew is named and wants a reason. */
#include "harness/commands/place_test.h"

#include "harness/clock/codegen.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char project[512]; /* where the tests were started: the project's folder */

static void lockstep(struct place *p, const char *words)
{
    place_run(p, words, NULL, backend_all);
}

/* Text in a file, replaced once. */
static void edit(const char *file, const char *from, const char *to)
{
    char *text = read_file(file), *at = strstr(text, from);
    struct buf b = {0};
    if (!at) fail_msg("no '%s' in %s", from, file);
    buf_printf(&b, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    write_file(file, b.p);
    buf_free(&b);
    free(text);
}

static void fresh_pins(struct place *p)
{
    assert_int_equal(mkdir("pins", 0777), 0);
    lockstep(p, "codegen|--pins|pins|--pin");
    assert_int_equal(p->status, STATUS_PASS);
}

/* The gate itself: the JIT emits what the project says it does. */
static void test_project(void **state)
{
    struct place *p = *state;
    char words[600];
    snprintf(words, sizeof(words), "codegen|--pins|%s/bench/codegen", project);
    lockstep(p, words);
    if (p->status) fail_msg("%s%s", p->out, p->err);
    expect_part(p->out, " 0 grew, 0 shrank, 0 missing;");
}

/* Twice the same file; every row that is done is in it. */
static void test_pin(void **state)
{
    struct place *p = *state;
    fresh_pins(p);
    char *first = read_file("pins/riscv64.yaml");
    assert_int_equal(unlink("pins/riscv64.yaml"), 0);
    lockstep(p, "codegen|riscv64|--pins|pins|--pin");
    char *second = read_file("pins/riscv64.yaml");
    assert_string_equal(first, second);
    const struct guest *g = guest_find("riscv64");
    for (unsigned i = 0; i < g->nrows; i++) {
        char part[100];
        snprintf(part, sizeof(part), "{row: %s,", g->rows[i].id);
        if (!g->rows[i].absent) expect_part(first, part);
    }
    /* what objdump would count, too: lea r10, [r8 + r9] */
    expect_part(first, "{row: rv.add, code: 'add a5, a4, a3', insns: 1, bytes: 4}");
    free(first);
    free(second);
}

static void test_grew(void **state)
{
    struct place *p = *state;
    fresh_pins(p);
    edit("pins/riscv64.yaml", "a5, a4, a3', insns: 1, bytes: 4", "a5, a4, a3', insns: 1, bytes: 3");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, " rv.add grew: add a5, a4, a3: 1 -> 1 instructions, 3 -> 4 bytes\n");
    expect_part(p->out, " 1 grew, 0 shrank, 0 missing;");
    expect_part(p->err, "lockstep codegen --pin --why REASON");
    lockstep(p, "codegen|--pins|pins|--pin");
    expect_said(p, "no reason", STATUS_FAIL, "lockstep: --pin wants --why REASON for what grew\n");
    lockstep(p, "codegen|--pins|pins|--pin|--why|it isn't wrong: now");
    assert_int_equal(p->status, STATUS_PASS);
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_PASS);
    char *text = read_file("pins/riscv64.yaml");
    expect_part(text, "insns: 1, bytes: 4, why: 'it isn''t wrong: now'}");
    free(text);
    /* less is named as well, else the next growth would hide in it; its reason goes */
    edit("pins/riscv64.yaml", "insns: 1, bytes: 4, why", "insns: 2, bytes: 4, why");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, " rv.add shrank: add a5, a4, a3: 2 -> 1 instructions, 4 -> 4 bytes\n");
    lockstep(p, "codegen|--pins|pins|--pin");
    assert_int_equal(p->status, STATUS_PASS);
    text = read_file("pins/riscv64.yaml");
    assert_null(strstr(text, "why: '"));
    free(text);
}

/* A row that is new has no pin; a code that its owner chose stays. */
static void test_missing(void **state)
{
    struct place *p = *state;
    fresh_pins(p);
    edit("pins/riscv64.yaml", "{row: rv.sub, code: 'sub a5, a4, a3'", "{row: rv.add, code: 'add a5, a4, a5'");
    edit("pins/riscv64.yaml", "{row: rv.sub, code: 'sub ", "{row: rv.add, code: 'add ");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_FAIL);
    expect_part(p->out, "rv.sub has no pin: sub a5, a4, a3: ");
    lockstep(p, "codegen|--pins|pins|--pin|--why|x");
    char *text = read_file("pins/riscv64.yaml");
    expect_part(text, "{row: rv.add, code: 'add a5, a4, a5'");
    expect_part(text, "{row: rv.sub, code: 'sub a5, a4, a3'");
    free(text);
}

static void test_bad_files(void **state)
{
    struct place *p = *state;
    fresh_pins(p);
    edit("pins/riscv64.yaml", "row: rv.sub", "row: rv.sbu");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "there is no row 'rv.sbu' that is done");
    edit("pins/riscv64.yaml", "row: rv.sbu", "row: rv.add");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "'sub a5, a4, a3' is not an instruction of rv.add");
    edit("pins/riscv64.yaml", "isa: riscv64", "isa: riscv65");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_USAGE);
    write_file("pins/riscv64.yaml", "codegen: 1\nisa: riscv64\n");
    lockstep(p, "codegen|--pins|pins");
    assert_int_equal(p->status, STATUS_USAGE);
    lockstep(p, "codegen|--pins|nowhere");
    assert_int_equal(p->status, STATUS_USAGE);
    lockstep(p, "codegen|--pins|nowhere|--pin");
    expect_said(p, "no folder", STATUS_HARNESS,
                "lockstep: cannot write nowhere/riscv64.yaml: No such file or directory\n");
    lockstep(p, "codegen|--why|x");
    expect_said(p, "no --pin", STATUS_USAGE, "lockstep: --why is a reason for --pin\n");
    lockstep(p, "codegen|riscv46");
    assert_int_equal(p->status, STATUS_USAGE);
}

/* Who is stopped says so, and pins nothing. */
static void test_stopped(void **state)
{
    struct place *p = *state;
    sigset_t set, before;
    fresh_pins(p);
    char *first = read_file("pins/riscv64.yaml");
    edit("pins/riscv64.yaml", "insns: 1", "insns: 9");
    char *edited = read_file("pins/riscv64.yaml");
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    raise(SIGTERM);
    lockstep(p, "codegen|--pins|pins|--pin");
    sigprocmask(SIG_SETMASK, &before, NULL);
    expect_said(p, "stopped", STATUS_HARNESS,
                "lockstep: interrupted by SIGTERM: not everything is compared\n");
    char *now = read_file("pins/riscv64.yaml");
    assert_string_equal(now, edited);
    assert_string_not_equal(now, first);
    free(first);
    free(edited);
    free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_project, enter, leave),
        cmocka_unit_test_setup_teardown(test_pin, enter, leave),
        cmocka_unit_test_setup_teardown(test_grew, enter, leave),
        cmocka_unit_test_setup_teardown(test_missing, enter, leave),
        cmocka_unit_test_setup_teardown(test_stopped, enter, leave),
        cmocka_unit_test_setup_teardown(test_bad_files, enter, leave),
    };
    if (!getcwd(project, sizeof(project))) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
