/* Lifted rows mean what the interpreter does: every row alone, then sequences, then those after the passes.
 */
#include "engine/ir/lift_prove.h"

#include "engine/interp/interp.h"

static const struct guest *guest(void)
{
    return guest_find("riscv64");
}

static void test_rows(void **state)
{
    struct prover p;
    prove_open(&p, guest(), &backend_interp, 1);
    for (int i = 0; i < 80; i++) {
        prove_code(&p, 2);
        prove_rows(&p, 10);
    }
    prove_coverage(&p, 40);
    print_message("%llu cases of %u rows\n", (unsigned long long)p.cases, p.nrows);
    prove_close(&p);
}

static void test_sequences(void **state)
{
    struct prover p;
    prove_open(&p, guest(), &backend_interp, 2);
    for (int i = 0; i < 10; i++) {
        prove_code(&p, 16);
        prove_sequences(&p, 1000, NULL);
    }
    prove_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
