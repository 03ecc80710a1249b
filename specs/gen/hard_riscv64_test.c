/* The hard rows of RISC-V, run by the interpreter. Expected values come from the manual (Unpriv). */
#include "specs/gen/hard_machine.h"
#include "engine/guest/csr.h"

extern const struct guest guest_hard_riscv64;
extern const struct guest_pseudo hard_riscv64_pseudos[];
const struct guest_pseudo hard_riscv64_pseudos[] = {{.from = NULL}};

extern const struct guest_csr_window hard_riscv64_csr_windows[];
extern const unsigned hard_riscv64_csr_count;
bool hard_csr_read(struct vcpu *c, unsigned number, uint64_t *v);
bool hard_csr_write(struct vcpu *c, unsigned number, uint64_t v);

/* What isa.yaml names for CSRs: the windows of state.yaml, and nothing else. */
static const struct guest_csr_window *window(const struct vcpu *c, unsigned number)
{
    for (unsigned i = 0; i < hard_riscv64_csr_count; i++) {
        const struct guest_csr_window *w = &hard_riscv64_csr_windows[i];
        if (w->number == number && !(w->needs & ~c->guest->mode(c))) return w;
    }
    return NULL;
}

bool hard_csr_read(struct vcpu *c, unsigned number, uint64_t *v)
{
    const struct guest_csr_window *w = window(c, number);
    *v = w ? w->value : 0;
    for (unsigned i = 0; w && i < w->nparts; i++) *v |= c->state[w->parts[i].word] << w->parts[i].lo;
    return w != NULL;
}

bool hard_csr_write(struct vcpu *c, unsigned number, uint64_t v)
{
    const struct guest_csr_window *w = window(c, number);
    for (unsigned i = 0; w && i < w->nparts; i++)
        c->state[w->parts[i].word] = v >> w->parts[i].lo & bits_mask(w->parts[i].width);
    return w != NULL;
}

static struct machine *machine(void)
{
    return machine_new(&guest_hard_riscv64);
}

static void test_lr_sc(void **state)
{
    struct machine *m = machine();
    set_data64(m, DATA, 7);
    *reg(m, "x10") = DATA;
    *reg(m, "x11") = 99;
    assert_done(m, "rv.lr.d", {"rd", 5}, {"rs1", 10});
    assert_int_equal(*reg(m, "x5"), 7);
    assert_done(m, "rv.sc.d", {"rd", 6}, {"rs2", 11}, {"rs1", 10});
    assert_int_equal(*reg(m, "x6"), 0);
    assert_int_equal(data64(m, DATA), 99);
    set_data64(m, DATA, 7); /* as it was when it was reserved, but the reservation is gone */
    assert_done(m, "rv.sc.d", {"rd", 6}, {"rs2", 11}, {"rs1", 10});
    assert_int_equal(*reg(m, "x6"), 1);
    assert_int_equal(data64(m, DATA), 7);
    assert_done(m, "rv.lr.d", {"rd", 5}, {"rs1", 10});
    set_data64(m, DATA, 98); /* somebody stored in between */
    assert_done(m, "rv.sc.d", {"rd", 6}, {"rs2", 11}, {"rs1", 10});
    assert_int_equal(*reg(m, "x6"), 1);
    assert_int_equal(data64(m, DATA), 98);
    machine_free(m);
}

static void test_lr_sc_faults(void **state)
{
    struct machine *m = machine();
    *reg(m, "x10") = DATA + 4;
    *reg(m, "x5") = 1234;
    assert_fault(m, STEP(m, "rv.lr.d", {"rd", 5}, {"rs1", 10}), "misaligned-load");
    assert_fault(m, STEP(m, "rv.sc.d", {"rd", 5}, {"rs1", 10}), "misaligned-store");
    *reg(m, "x10") = DATA + CPU_PAGE;
    assert_fault(m, STEP(m, "rv.lr.d", {"rd", 5}, {"rs1", 10}), "load-access");
    assert_int_equal(*reg(m, "x5"), 1234);
    assert_int_equal(*reg(m, "res_addr"), 1);
    machine_free(m);
}

static void test_amomaxu(void **state)
{
    struct machine *m = machine();
    set_data64(m, DATA, 0x11111111fffffffe);
    *reg(m, "x10") = DATA;
    *reg(m, "x11") = 0xaaaaaaaa00000001;
    assert_done(m, "rv.amomaxu.w", {"rd", 11}, {"rs2", 11}, {"rs1", 10}, {"aqrl", 3});
    assert_int_equal(*reg(m, "x11"), 0xfffffffffffffffe); /* the old word, sign-extended */
    assert_int_equal(data64(m, DATA), 0x11111111fffffffe);
    *reg(m, "x12") = 0xffffffff;
    assert_done(m, "rv.amomaxu.w", {"rd", 0}, {"rs2", 12}, {"rs1", 10});
    assert_int_equal(*reg(m, "x0"), 0);
    assert_int_equal(data64(m, DATA), 0x11111111ffffffff);
    machine_free(m);
}

static uint64_t boxed(float v)
{
    return 0xffffffff00000000 | f32(v);
}

static void test_fmadd(void **state)
{
    struct machine *m = machine();
    *reg(m, "f1") = boxed(3), *reg(m, "f2") = boxed(5), *reg(m, "f3") = boxed(7);
    assert_done(m, "rv.fmadd.s", {"rd", 4}, {"rs1", 1}, {"rs2", 2}, {"rs3", 3}, {"rm", 7});
    assert_int_equal(*reg(m, "f4"), boxed(22));
    assert_int_equal(*reg(m, "fflags"), 0);
    *reg(m, "f2") = f32(5); /* not boxed: the canonical NaN, quietly */
    assert_done(m, "rv.fmadd.s", {"rd", 4}, {"rs1", 1}, {"rs2", 2}, {"rs3", 3}, {"rm", 0});
    assert_int_equal(*reg(m, "f4"), 0xffffffff7fc00000);
    assert_int_equal(*reg(m, "fflags"), 0);
    *reg(m, "f1") = boxed(__builtin_inff()), *reg(m, "f2") = boxed(0), *reg(m, "f3") = 0xffffffff7fc00001;
    assert_done(m, "rv.fmadd.s", {"rd", 4}, {"rs1", 1}, {"rs2", 2}, {"rs3", 3}, {"rm", 0});
    assert_int_equal(*reg(m, "f4"), 0xffffffff7fc00000);
    assert_int_equal(*reg(m, "fflags"),
                     16); /* inf * 0 is invalid even with a quiet NaN added (Unpriv 20.6) */
    *reg(m, "frm") = 5;
    assert_fault(m, STEP(m, "rv.fmadd.s", {"rd", 4}, {"rm", 7}), "illegal");
    machine_free(m);
}

/* Unpriv table 20.1, "Domains of float-to-integer conversions and behavior for invalid inputs". */
static void test_fcvt_w_d(void **state)
{
    static const struct {
        double in;
        unsigned rm;
        uint64_t out;
        unsigned flags;
    } all[] = {
        {1.5, 0, 2, 1},
        {2.5, 0, 2, 1},
        {-1.5, 1, 0xffffffffffffffff, 1},
        {-1.5, 2, 0xfffffffffffffffe, 1},
        {1.25, 3, 2, 1},
        {2.5, 4, 3, 1},
        {2147483647, 0, 0x7fffffff, 0},
        {2147483647.5, 1, 0x7fffffff, 1},
        {2147483647.5, 0, 0x7fffffff, 16},
        {-2147483648.5, 1, 0xffffffff80000000, 1},
        {-2147483649, 0, 0xffffffff80000000, 16},
        {__builtin_inf(), 0, 0x7fffffff, 16},
        {-__builtin_inf(), 0, 0xffffffff80000000, 16},
        {__builtin_nan(""), 0, 0x7fffffff, 16},
    };
    struct machine *m = machine();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        *reg(m, "fflags") = 0;
        *reg(m, "f1") = f64(all[i].in);
        assert_done(m, "rv.fcvt.w.d", {"rd", 5}, {"rs1", 1}, {"rm", all[i].rm});
        assert_int_equal(*reg(m, "x5"), all[i].out);
        assert_int_equal(*reg(m, "fflags"), all[i].flags);
    }
    machine_free(m);
}

static void test_csrrw_fcsr(void **state)
{
    struct machine *m = machine();
    *reg(m, "fflags") = 0x11, *reg(m, "frm") = 2, *reg(m, "x5") = 0x1fe;
    assert_done(m, "rv.csrrw", {"rd", 5}, {"csr", 3}, {"rs1", 5});
    assert_int_equal(*reg(m, "x5"), 0x51);
    assert_int_equal(*reg(m, "fflags"), 0x1e);
    assert_int_equal(*reg(m, "frm"), 7);
    assert_fault(m, STEP(m, "rv.csrrw", {"rd", 5}, {"csr", 4}, {"rs1", 0}), "illegal");
    *reg(m, "mstatus") = 0; /* FS is off: neither the CSR nor the F rows exist */
    assert_fault(m, STEP(m, "rv.csrrw", {"rd", 5}, {"csr", 3}, {"rs1", 0}), "illegal");
    assert_fault(m, STEP(m, "rv.fmadd.s", {"rd", 4}, {"rm", 0}), "illegal");
    assert_int_equal(*reg(m, "x5"), 0x51);
    machine_free(m);
}

static void test_addi16sp(void **state)
{
    struct machine *m = machine();
    const struct guest_row *r = guest_row_find(m->cpu->guest, "rv.c.addi16sp");
    uint32_t word = r->match;
    *reg(m, "sp") = 0x1000;
    assert_done(m, "rv.c.addi16sp", {"nzimm", (uint64_t)-512});
    assert_int_equal(*reg(m, "sp"), 0xe00);
    assert_int_equal(*reg(m, "pc"), CODE + 2);
    assert_done(m, "rv.c.addi16sp", {"nzimm", 496});
    assert_int_equal(*reg(m, "sp"), 0xff0);
    assert_int_equal(encode(m, "rv.c.addi16sp", PARTS({"nzimm", 16})), 0x6141); /* as GNU as assembles it */
    assert_false(guest_field_put(&r->fields[0], 0, &word));
    assert_int_equal(m->cpu->guest->decode(r->match), -1);
    machine_free(m);
}

static void test_fence_i(void **state)
{
    struct machine *m = machine();
    assert_done(m, "rv.fence.i", {"rd", 0}, {"rs1", 0});
    assert_int_equal(*reg(m, "pc"), CODE + 4);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lr_sc),    cmocka_unit_test(test_lr_sc_faults),
        cmocka_unit_test(test_amomaxu),  cmocka_unit_test(test_fmadd),
        cmocka_unit_test(test_fcvt_w_d), cmocka_unit_test(test_csrrw_fcsr),
        cmocka_unit_test(test_addi16sp), cmocka_unit_test(test_fence_i),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
