/* The hard rows of arm64, run by the interpreter. Expected values come from the manual's pseudocode. */
#include "specs/gen/hard_machine.h"

#include "hard_arm64/hard_arm64_state.h"

extern const struct guest guest_hard_arm64;
extern const struct guest_pseudo hard_arm64_pseudos[];
const struct guest_pseudo hard_arm64_pseudos[] = {{.from = NULL}};

enum { VF = 1, CF = 2, ZF = 4, NF = 8 };
enum { IOC = 1, DZC = 2, OFC = 4, UFC = 8, IXC = 16, IDC = 128 };
#define QC (1ull << 27)
#define FZ (1ull << 24)
#define DN (1ull << 25)

static struct machine *machine(void)
{
    return machine_new(&guest_hard_arm64);
}

static struct hard_arm64_state *state_of(struct machine *m)
{
    return (void *)m->cpu->state;
}

static void test_adds(void **state)
{
    static const struct {
        uint64_t n, m, d, shift, amount, flags;
        const char *id;
    } all[] = {
        {1, 2, 3, 0, 0, 0, "a64.adds.64"},
        {~0ull, 1, 0, 0, 0, ZF | CF, "a64.adds.64"},
        {0x7fffffffffffffff, 1, 1ull << 63, 0, 0, NF | VF, "a64.adds.64"},
        {0, 1, 1ull << 63, 0, 63, NF, "a64.adds.64"},
        {0, 1ull << 63, ~0ull, 2, 63, NF, "a64.adds.64"},
        {0, 1ull << 63, 1, 1, 63, 0, "a64.adds.64"},
        /* 32 bits: the upper halves take no part, and the result's is zero */
        {0xffffffff80000000, 0xaaaaaaaa80000000, 0, 0, 0, ZF | CF | VF, "a64.adds.32"},
        {0x5555555500000000, 0x80000000, 0xffffffff, 2, 31, NF, "a64.adds.32"},
    };
    struct machine *m = machine();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        *reg(m, "x1") = all[i].n, *reg(m, "x2") = all[i].m;
        assert_done(m, all[i].id, {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"shift", all[i].shift},
                    {"imm6", all[i].amount});
        assert_int_equal(*reg(m, "x3"), all[i].d);
        assert_int_equal(*reg(m, "nzcv"), all[i].flags);
    }
    *reg(m, "sp") = 0x5000;
    assert_done(m, "a64.adds.64", {"Rd", 31}, {"Rn", 31}, {"Rm", 31}); /* 31 is zero here, not sp */
    assert_int_equal(*reg(m, "sp"), 0x5000);
    assert_int_equal(*reg(m, "nzcv"), ZF);
    assert_int_equal(m->cpu->guest->decode(0x2b008000), -1); /* 32 bits shifted by 32 */
    assert_int_equal(m->cpu->guest->decode(0xabc00000), -1); /* shift 3 */
    machine_free(m);
}

static void test_sbcs(void **state)
{
    static const struct {
        uint64_t n, m, flags, d, out;
        const char *id;
    } all[] = {
        {5, 3, CF, 2, CF, "a64.sbcs.64"},
        {5, 3, 0, 1, CF, "a64.sbcs.64"},
        {3, 5, CF, (uint64_t)-2, NF, "a64.sbcs.64"},
        {0, 0, 0, ~0ull, NF, "a64.sbcs.64"},
        {0, ~0ull, 0, 0, ZF, "a64.sbcs.64"}, /* the carry in is lost: no carry out */
        {1ull << 63, 1, CF, 0x7fffffffffffffff, CF | VF, "a64.sbcs.64"},
        {0x80000000, 0xff00000000000001, CF, 0x7fffffff, CF | VF, "a64.sbcs.32"},
    };
    struct machine *m = machine();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        *reg(m, "x1") = all[i].n, *reg(m, "x2") = all[i].m, *reg(m, "nzcv") = all[i].flags;
        assert_done(m, all[i].id, {"Rd", 1}, {"Rn", 1}, {"Rm", 2});
        assert_int_equal(*reg(m, "x1"), all[i].d);
        assert_int_equal(*reg(m, "nzcv"), all[i].out);
    }
    machine_free(m);
}

static void test_extr(void **state)
{
    struct machine *m = machine();
    *reg(m, "x1") = 0x1122334455667788, *reg(m, "x2") = 0x99aabbccddeeff00;
    assert_done(m, "a64.extr.64", {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"imms", 8});
    assert_int_equal(*reg(m, "x3"), 0x8899aabbccddeeff);
    assert_done(m, "a64.extr.64", {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"imms", 0});
    assert_int_equal(*reg(m, "x3"), 0x99aabbccddeeff00);
    assert_done(m, "a64.extr.32", {"Rd", 3}, {"Rn", 1}, {"Rm", 1}, {"imms", 16}); /* a rotation */
    assert_int_equal(*reg(m, "x3"), 0x77885566);
    assert_int_equal(m->cpu->guest->decode(0x13808000), -1); /* 32 bits by 32 */
    assert_int_equal(m->cpu->guest->decode(0x93800000), -1); /* N is not sf */
    machine_free(m);
}

static void test_sqrdmlah(void **state)
{
    struct machine *m = machine();
    struct hard_arm64_state *s = state_of(m);
    /* lanes of 16: -1 * -1 saturates, 0.5 * 0.5 + 0.25, rounding up, and a small negative product */
    s->v[1][0] = 0x0001000140008000, s->v[2][0] = 0xffff400040008000, s->v[3][0] = 0x0000000020000000;
    s->v[1][1] = s->v[2][1] = s->v[3][1] = 0;
    assert_done(m, "a64.sqrdmlah.v.64", {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"size", 1});
    assert_int_equal(s->v[3][0], 0x0000000140007fff);
    assert_int_equal(s->fpsr, QC);
    s->fpsr = 0, s->v[3][0] = 0, s->v[3][1] = 7; /* lanes of 32; half a register clears the other half */
    s->v[1][0] = 0x4000000000000002, s->v[2][0] = 0x4000000040000000;
    assert_done(m, "a64.sqrdmlah.v.64", {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"size", 2});
    assert_int_equal(s->v[3][0], 0x2000000000000001);
    assert_int_equal(s->v[3][1], 0);
    assert_int_equal(s->fpsr, 0);
    s->v[1][1] = s->v[2][1] = 0x80000000, s->v[3][1] = 0; /* only an upper lane saturates */
    assert_done(m, "a64.sqrdmlah.v.128", {"Rd", 3}, {"Rn", 1}, {"Rm", 2}, {"size", 2});
    assert_int_equal(s->v[3][1], 0x7fffffff);
    assert_int_equal(s->fpsr, QC);
    machine_free(m);
}

static void test_tbl(void **state)
{
    struct machine *m = machine();
    struct hard_arm64_state *s = state_of(m);
    for (unsigned i = 0; i < 16; i++) { /* v31, v0, v1, v2 hold 0x00..0x3f */
        unsigned at = i / 8, by = i % 8 * 8;
        s->v[31][at] |= (uint64_t)i << by;
        s->v[0][at] |= (uint64_t)(16 + i) << by;
        s->v[1][at] |= (uint64_t)(32 + i) << by;
        s->v[2][at] |= (uint64_t)(48 + i) << by;
    }
    s->v[5][0] = 0xff403f302f201f00, s->v[5][1] = 0x0f;
    assert_done(m, "a64.tbl.128", {"Rd", 6}, {"Rn", 31}, {"Rm", 5}, {"len", 3});
    assert_int_equal(s->v[6][0], 0x00003f302f201f00);
    assert_int_equal(s->v[6][1], 0x0f);
    assert_done(m, "a64.tbl.64", {"Rd", 6}, {"Rn", 31}, {"Rm", 5}, {"len", 1});
    assert_int_equal(s->v[6][0], 0x1f00);
    assert_int_equal(s->v[6][1], 0);
    assert_done(m, "a64.tbl.128", {"Rd", 5}, {"Rn", 31}, {"Rm", 5}, {"len", 0}); /* onto its own index */
    assert_int_equal(s->v[5][0], 0);
    assert_int_equal(s->v[5][1], 0x0f);
    machine_free(m);
}

static void test_ldxp_stxp(void **state)
{
    struct machine *m = machine();
    set_data64(m, DATA + 16, 0x1111), set_data64(m, DATA + 24, 0x2222);
    *reg(m, "sp") = DATA + 16, *reg(m, "x5") = 0xaaaa, *reg(m, "x6") = 0xbbbb;
    assert_done(m, "a64.ldxp.64", {"Rt", 1}, {"Rt2", 2}, {"Rn", 31});
    assert_int_equal(*reg(m, "x1"), 0x1111);
    assert_int_equal(*reg(m, "x2"), 0x2222);
    assert_done(m, "a64.stxp.64", {"Rs", 3}, {"Rt", 5}, {"Rt2", 6}, {"Rn", 31});
    assert_int_equal(*reg(m, "x3"), 0);
    assert_int_equal(data64(m, DATA + 16), 0xaaaa);
    assert_int_equal(data64(m, DATA + 24), 0xbbbb);
    assert_done(m, "a64.stxp.64", {"Rs", 3}, {"Rt", 1}, {"Rt2", 2}, {"Rn", 31}); /* no reservation any more */
    assert_int_equal(*reg(m, "x3"), 1);
    assert_int_equal(data64(m, DATA + 16), 0xaaaa);
    assert_done(m, "a64.ldxp.32", {"Rt", 1}, {"Rt2", 2}, {"Rn", 31});
    assert_int_equal(*reg(m, "x2"), 0);
    set_data64(m, DATA + 16, 0x99); /* somebody stored */
    assert_done(m, "a64.stxp.32", {"Rs", 3}, {"Rt", 5}, {"Rt2", 6}, {"Rn", 31});
    assert_int_equal(*reg(m, "x3"), 1);
    *reg(m, "sp") = DATA + 8;
    assert_fault(m, STEP(m, "a64.ldxp.64", {"Rt", 1}, {"Rt2", 2}, {"Rn", 31}), "alignment");
    assert_int_equal(m->cpu->guest->decode(0xc87f0421), -1); /* Rt is Rt2 */
    machine_free(m);
}

static void test_ldp(void **state)
{
    struct machine *m = machine();
    set_data64(m, DATA + 48, 0x1111), set_data64(m, DATA + 56, 0x2222);
    *reg(m, "x3") = DATA + 64;
    assert_done(m, "a64.ldp.pre", {"Rt", 1}, {"Rt2", 31}, {"Rn", 3}, {"imm", (uint64_t)-16});
    assert_int_equal(*reg(m, "x1"), 0x1111);
    assert_int_equal(*reg(m, "x3"), DATA + 48);
    assert_int_equal(*reg(m, "sp"), 0); /* the second went to zero */
    *reg(m, "x3") = DATA + CPU_PAGE;    /* the second half faults: nothing happened */
    *reg(m, "x1") = 5;
    assert_fault(m, STEP(m, "a64.ldp.pre", {"Rt", 1}, {"Rt2", 2}, {"Rn", 3}, {"imm", (uint64_t)-8}), "read");
    assert_int_equal(*reg(m, "x1"), 5);
    assert_int_equal(*reg(m, "x3"), DATA + CPU_PAGE);
    machine_free(m);
}

static void test_fcvtzs(void **state)
{
    static const struct {
        const char *id;
        uint64_t in, out, flags;
    } all[] = {
        {"a64.fcvtzs.d.64", 0xc004000000000000, (uint64_t)-2, IXC}, /* -2.5 */
        {"a64.fcvtzs.d.64", 0x43e0000000000000, 0x7fffffffffffffff, IOC},
        {"a64.fcvtzs.d.32", 0x41dfffffffc00000, 0x7fffffff, 0},
        {"a64.fcvtzs.d.32", 0xc1e0000000200000, 0x80000000, IOC},
        {"a64.fcvtzs.d.32", 0x7ff8000000000000, 0, IOC},              /* NaN */
        {"a64.fcvtzs.s.64", 0x0000000100000000 | 0x3fc00000, 1, IXC}, /* 1.5f, whatever stands above */
        {"a64.fcvtzs.s.32", 0xff800000, 0x80000000, IOC},
    };
    struct machine *m = machine();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        state_of(m)->v[1][0] = all[i].in, state_of(m)->fpsr = 0;
        assert_done(m, all[i].id, {"Rd", 3}, {"Rn", 1});
        assert_int_equal(*reg(m, "x3"), all[i].out);
        assert_int_equal(*reg(m, "fpsr"), all[i].flags);
    }
    machine_free(m);
}

static void test_frecpe(void **state)
{
    static const struct {
        const char *id;
        uint64_t in, fpcr, out, flags;
    } all[] = {
        {"a64.frecpe.32", 0x3f800000, 0, 0x3f7f8000, 0}, /* 1: 511/512 */
        {"a64.frecpe.32", 0xc0400000, 0, 0xbeaa8000, 0}, /* -3 */
        {"a64.frecpe.64", 0x3ff0000000000000, 0, 0x3feff00000000000, 0},
        {"a64.frecpe.32", 0x80000000, 0, 0xff800000, DZC},
        {"a64.frecpe.32", 0xff800000, 0, 0x80000000, 0},
        {"a64.frecpe.32", 0x7f800001, 0, 0x7fc00001, IOC}, /* a signalling NaN */
        {"a64.frecpe.32", 0xff800001, DN, 0x7fc00000, IOC},
        {"a64.frecpe.32", 0x001fffff, 0, 0x7f800000, OFC | IXC}, /* too small: overflows, */
        {"a64.frecpe.32", 0x001fffff, 3 << 22, 0x7f7fffff,
         OFC | IXC}, /* to the largest number towards zero */
        {"a64.frecpe.32", 0x801fffff, 1 << 22, 0xff7fffff, OFC | IXC}, /* and towards plus infinity */
        {"a64.frecpe.32", 0x00200000, 0, 0x7f7f8000, 0},               /* the smallest that does not */
        {"a64.frecpe.32", 0x00200000, FZ, 0x7f800000, IDC | DZC},      /* unless it is flushed */
        {"a64.frecpe.32", 0x7f000000, 0, 0x003fe000, 0},               /* a subnormal result, flushed: */
        {"a64.frecpe.32", 0x7f000000, FZ, 0, UFC},
    };
    struct machine *m = machine();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        state_of(m)->v[1][0] = all[i].in, state_of(m)->fpsr = 0, state_of(m)->fpcr = all[i].fpcr;
        assert_done(m, all[i].id, {"Rd", 3}, {"Rn", 1});
        assert_int_equal(state_of(m)->v[3][0], all[i].out);
        assert_int_equal(state_of(m)->fpsr, all[i].flags);
    }
    machine_free(m);
}

static void test_fmadd(void **state)
{
    struct machine *m = machine();
    struct hard_arm64_state *s = state_of(m);
    s->v[1][0] = f64(3), s->v[2][0] = f64(5), s->v[3][0] = f64(7), s->v[4][1] = 99;
    assert_done(m, "a64.fmadd.64", {"Rd", 4}, {"Rn", 1}, {"Rm", 2}, {"Ra", 3});
    assert_int_equal(s->v[4][0], f64(22));
    assert_int_equal(s->v[4][1], 0);
    s->v[1][0] = f64(1), s->v[2][0] = f64(1), s->v[3][0] = f64(0x1p-60); /* rounds as FPCR says */
    s->fpcr = 1 << 22;
    assert_done(m, "a64.fmadd.64", {"Rd", 4}, {"Rn", 1}, {"Rm", 2}, {"Ra", 3});
    assert_int_equal(s->v[4][0], f64(1) + 1);
    assert_int_equal(s->fpsr, IXC);
    /* the first signalling NaN of a, n, m, made quiet (FPProcessNaNs3) */
    s->fpcr = s->fpsr = 0;
    s->v[1][0] = 0x7ff8000000000001, s->v[2][0] = 0x7ff0000000000002, s->v[3][0] = 0x7ff8000000000003;
    assert_done(m, "a64.fmadd.64", {"Rd", 4}, {"Rn", 1}, {"Rm", 2}, {"Ra", 3});
    assert_int_equal(s->v[4][0], 0x7ff8000000000002);
    assert_int_equal(s->fpsr, IOC);
    s->fpcr = DN;
    assert_done(m, "a64.fmadd.64", {"Rd", 4}, {"Rn", 1}, {"Rm", 2}, {"Ra", 3});
    assert_int_equal(s->v[4][0], 0x7ff8000000000000);
    machine_free(m);
}

static void test_dc_zva(void **state)
{
    struct machine *m = machine();
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 64; k += 8) set_data64(m, DATA + i * 64 + k, ~0ull);
    *reg(m, "x1") = DATA + 64 + 63;
    assert_done(m, "a64.dc.zva", {"Rt", 1});
    assert_int_equal(data64(m, DATA + 56), ~0ull);
    for (unsigned k = 0; k < 64; k += 8) assert_int_equal(data64(m, DATA + 64 + k), 0);
    assert_int_equal(data64(m, DATA + 128), ~0ull);
    *reg(m, "x1") = DATA + CPU_PAGE;
    assert_fault(m, STEP(m, "a64.dc.zva", {"Rt", 1}), "write");
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds),     cmocka_unit_test(test_sbcs),   cmocka_unit_test(test_extr),
        cmocka_unit_test(test_sqrdmlah), cmocka_unit_test(test_tbl),    cmocka_unit_test(test_ldxp_stxp),
        cmocka_unit_test(test_ldp),      cmocka_unit_test(test_fcvtzs), cmocka_unit_test(test_frecpe),
        cmocka_unit_test(test_fmadd),    cmocka_unit_test(test_dc_zva),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
