/* Too little memory for a backend to begin with is one sentence, and not a crash in every case. */
#include "harness/cover/cover_test.h"

#include <unistd.h>

#define RUN "run|c.yaml|-b|interp|-O|unicorn|--quirks|none|--history|none"

static void test_too_little(void **state)
{
    struct place *p = *state;
    write_file("c.yaml", "lockstep: 1\nisa: riscv64\ncases:\n  - {id: c, code: nop}\n");
    lockstep(p, RUN "|--memory|100M|-r|junit=r.xml");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err,
                "lockstep: a worker may allocate 100 MiB (--memory), which is too little to begin with: "
                "unicorn ");
    assert_ptr_equal(strchr(p->err, '\n'), strrchr(p->err, '\n'));
    assert_int_not_equal(access("r.xml", F_OK), 0); /* nothing ran */
    lockstep(p, RUN "|--memory|1");
    assert_int_equal(p->status, STATUS_USAGE);
    expect_part(p->err, "lockstep: a worker may allocate 1 byte (--memory), ");
    lockstep(p, RUN "|--memory|3G");
    assert_int_equal(p->status, STATUS_PASS);
    assert_string_equal(p->err, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_too_little, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
