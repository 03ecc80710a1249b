/* How instructions are printed. Whether the rows are right is objdump_test's business. */
#include "engine/guest/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static void check(uint32_t word, const char *text)
{
    uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    struct buf out = {0};
    unsigned n = guest_disasm_bytes(rv, bytes, 4, &out);
    assert_string_equal(buf_cstr(&out), text);
    assert_int_equal(n, (word & 3) == 3 ? 4 : 2);
    buf_free(&out);
}

static void test_operands(void **state)
{
    check(0x00c58533, "add a0, a1, a2");
    check(0x80050513, "addi a0, a0, -2048");
    check(0x00812503, "lw a0, 8(sp)");
    check(0xfea42e23, "sw a0, -4(s0)");
    check(0x03f51513, "slli a0, a0, 63");
    check(0xfffff537, "lui a0, 0xfffff");
    check(0x00000517, "auipc a0, 0x0");
    check(0x00000073, "ecall");
    check(0x0310000f, "fence rw, w");
    check(0x0010000f, "fence 0, w");
}

static void test_targets(void **state)
{
    check(0x00b50463, "beq a0, a1, .+8");
    check(0xfeb50ee3, "beq a0, a1, .-4");
    check(0x0000006f, "jal zero, .+0");
    check(0x800000ef, "jal ra, .-1048576");
}

static void test_defaults_are_left_out(void **state)
{
    check(0x00c5f553, "fadd.s fa0, fa1, fa2"); /* dynamic */
    check(0x00c59553, "fadd.s fa0, fa1, fa2, rtz");
    check(0x02c5f553, "fadd.d fa0, fa1, fa2");
}

static void test_embedded(void **state)
{
    check(0x00b6252f, "amoadd.w a0, a1, (a2)");
    check(0x02b6252f, "amoadd.w.rl a0, a1, (a2)");
    check(0x04b6252f, "amoadd.w.aq a0, a1, (a2)");
    check(0x06b6252f, "amoadd.w.aqrl a0, a1, (a2)");
    check(0xcdf5c573, "mop.r.31 a0, a1");
}

static void test_csrs(void **state)
{
    check(0x30059573, "csrrw a0, mstatus, a1");
    check(0x8005a573, "csrrs a0, 0x800, a1");
    check(0x003fd073, "csrrwi zero, fcsr, 31");
}

static void test_compressed(void **state)
{
    check(0x41c8, "c.lw a0, 4(a1)");
    check(0x7501, "c.lui a0, 0xfffe0");
    check(0x6105, "c.addi16sp sp, 32");
    check(0x852e, "c.mv a0, a1");
    check(0xdeadbeef << 16 | 0x9002, "c.ebreak"); /* what follows does not matter */
}

static void test_no_instruction(void **state)
{
    check(0x00000000, "<not an instruction>");
    check(0xffffffff, "<not an instruction>");
    check(0x00c5d553, "<not an instruction>"); /* fadd.s with a reserved rounding mode */
}

static void test_cut_off(void **state)
{
    static const uint8_t addi[] = {0x13, 0x00, 0x00, 0x00};
    for (size_t n = 0; n < 4; n++) {
        struct buf out = {0};
        assert_int_equal(guest_disasm_bytes(rv, n ? addi : NULL, n, &out), n);
        assert_string_equal(buf_cstr(&out), "<not an instruction>");
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_defaults_are_left_out),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_csrs),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_no_instruction),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
