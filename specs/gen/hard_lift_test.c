/* The hard rows of arm64 and RISC-V, lifted: held against the interpreter as engine/ir/lift_test.c does with
 * all rows of the real ISAs. */
#include "engine/interp/interp.h"
#include "engine/ir/lift_prove.h"

extern const struct guest guest_hard_riscv64, guest_hard_arm64;
extern const struct guest_pseudo hard_riscv64_pseudos[], hard_arm64_pseudos[];
const struct guest_pseudo hard_riscv64_pseudos[] = {{.from = NULL}};
const struct guest_pseudo hard_arm64_pseudos[] = {{.from = NULL}};
bool hard_csr_read(struct vcpu *c, unsigned number, uint64_t *v);
bool hard_csr_write(struct vcpu *c, unsigned number, uint64_t v);

/* Rows that access CSRs have no lifter, so these are never called here. */
bool hard_csr_read(struct vcpu *c, unsigned number, uint64_t *v)
{
    BUG("CSR %u is read", number);
}

bool hard_csr_write(struct vcpu *c, unsigned number, uint64_t v)
{
    BUG("CSR %u is written", number);
}

static void passes(struct ir_block *b)
{
    ir_forward(b);
    ir_backward(b);
}

static void prove(const struct guest *g)
{
    struct prover p;
    prove_open(&p, g, &backend_interp, 3);
    for (int i = 0; i < 8; i++) {
        prove_code(&p, 2);
        prove_rows(&p, 10);
        prove_sequences(&p, 500, NULL);
        prove_sequences(&p, 500, passes);
    }
    prove_coverage(&p, 40);
    prove_close(&p);
}

static void test_arm64(void **state)
{
    prove(&guest_hard_arm64);
}

static void test_riscv64(void **state)
{
    prove(&guest_hard_riscv64);
}

/* What is left to the interpreter is just that. */
static void test_left(void **state)
{
    static const char *const left[] = {"a64.sqrdmlah.v.64", "a64.sqrdmlah.v.128", "a64.isb", "rv.csrrw",
                                       "rv.fence.i"};
    const struct guest *const all[] = {&guest_hard_arm64, &guest_hard_riscv64};
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < all[i]->nrows; k++)
            if (!all[i]->lift->rows[k]) assert_string_equal(all[i]->rows[k].id, left[n++]);
    assert_int_equal(n, ARRAY_LEN(left));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arm64),
        cmocka_unit_test(test_riscv64),
        cmocka_unit_test(test_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
