/* The assembler: what it takes, what it says about what it does not, and back from the disassembler's text.
 */
#include "engine/guest/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

/* Assembles, and gives the disassembly joined by "; ". */
static void listing(const char *text, struct buf *out)
{
    struct buf code = {0};
    struct asm_error err;
    if (!guest_asm(rv, text, &code, &err)) fail_msg("%s: at %zu: %s", text, err.offset, err.message);
    for (size_t i = 0; i < code.len;) {
        if (i) buf_str(out, "; ");
        i += guest_disasm_bytes(rv, (const uint8_t *)code.p + i, code.len - i, out);
    }
    buf_free(&code);
}

static void check(const char *text, const char *expected)
{
    struct buf out = {0};
    listing(text, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

/* `under` has a '^' below each character of the error's span. */
static void check_error(const char *text, const char *under, const char *message)
{
    struct buf code = {0};
    struct asm_error err = {0};
    buf_str(&code, "kept");
    if (guest_asm(rv, text, &code, &err)) fail_msg("'%s' was assembled", text);
    assert_string_equal(buf_cstr(&code), "kept");
    assert_string_equal(err.message, message);
    assert_int_equal(err.offset, strspn(under, " "));
    assert_int_equal(err.span, strlen(under) - strspn(under, " "));
    buf_free(&code);
}

/* ---- what it takes ---- */

static void test_layout(void **state)
{
    check("", "");
    check(" \t\r\n ; ;\n# nothing\n", "");
    check("add a0,a1,a2", "add a0, a1, a2");
    check("  add\ta0 , a1 ,a2\t; sub x10, x11, x12 # comment; not code", "add a0, a1, a2; sub a0, a1, a2");
    check("add a0, a1, a2\r\nadd a1, a1, a2\n", "add a0, a1, a2; add a1, a1, a2");
    check("lw a0, 4 ( fp )", "lw a0, 4(s0)");
    check("lw a0, (sp); lr.w a0, 0(a1)", "lw a0, 0(sp); lr.w a0, (a1)");
}

static void test_numbers(void **state)
{
    check("addi a0, a0, 0x7f; addi a0, a0, -0x80; addi a0, a0, +5",
          "addi a0, a0, 127; addi a0, a0, -128; addi a0, a0, 5");
    check("addi a0, a0, 0b101; addi a0, a0, 0o17; addi a0, a0, 017",
          "addi a0, a0, 5; addi a0, a0, 15; addi a0, a0, 17");
    check("addi a0, a0, 0xffffffffffffffff", "addi a0, a0, -1"); /* two's complement in 64 bits */
    check("addi a0, a0, 10 - 3 + 1; lw a0, 4+4(sp)", "addi a0, a0, 8; lw a0, 8(sp)");
    check("lui a0, 0xfffff; c.lui a0, 0xfffff; c.lui a0, 31",
          "lui a0, 0xfffff; c.lui a0, 0xfffff; c.lui a0, 0x1f");
}

static void test_words(void **state)
{
    check("fadd.s fa0, fa1, fa2; fadd.s fa0, fa1, fa2, dyn", "fadd.s fa0, fa1, fa2; fadd.s fa0, fa1, fa2");
    check("fadd.s f10, f11, f12, rtz", "fadd.s fa0, fa1, fa2, rtz");
    check("amoadd.w.aqrl a0, a1, (a2); amoadd.w a0, a1, 0(a2)",
          "amoadd.w.aqrl a0, a1, (a2); amoadd.w a0, a1, (a2)");
    check("fence iorw, w; fence wr, 0", "fence iorw, w; fence rw, 0");
    check("csrrw a0, mstatus, a1; csrrw a0, 0x300, a1", "csrrw a0, mstatus, a1; csrrw a0, mstatus, a1");
    check("c.addi16sp x2, 16; mop.r.7 a0, a1", "c.addi16sp sp, 16; mop.r.7 a0, a1");
}

static void test_aliases(void **state)
{
    check("nop; mv a0, a1; ret", "addi zero, zero, 0; addi a0, a1, 0; jalr zero, 0(ra)");
    check("jal ra, .+4; jal .+4; j .-4", "jal ra, .+4; jal ra, .+4; jal zero, .-4");
    check("jr a0; jr 4(a0); jalr a0; jalr a1, 8(a0)",
          "jalr zero, 0(a0); jalr zero, 4(a0); jalr ra, 0(a0); jalr a1, 8(a0)");
    check("csrw fcsr, a0; fsrm a0; fsrm a1, a0",
          "csrrw zero, fcsr, a0; csrrw zero, frm, a0; csrrw a1, frm, a0");
    check("fence; fence r, w", "fence iorw, iorw; fence r, w");
    check("beqz a0, .+8", "beq a0, zero, .+8");
}

static void test_labels(void **state)
{
    check("back: nop; j back", "addi zero, zero, 0; jal zero, .-4");
    check("j end; nop; end: nop", "jal zero, .+8; addi zero, zero, 0; addi zero, zero, 0");
    check("a: b: j a; j b\nc :j c", "jal zero, .+0; jal zero, .-4; jal zero, .+0");
    check("c.nop; beqz a0, .L1; .L1:", "c.nop; beq a0, zero, .+4");
    check("1: j 1b; j 1f; 1: j 1b", "jal zero, .+0; jal zero, .+4; jal zero, .+0");
    check("j end + 4; end:", "jal zero, .+8");
    check("li a0, 0x12345678; j end; end:", "lui a0, 0x12345; addiw a0, a0, 1656; jal zero, .+4");
    check("j .; j . + 4; beq a0, a1, 8", "jal zero, .+0; jal zero, .+4; beq a0, a1, .+8");
}

static void test_distances(void **state)
{
    check("addi a0, a0, end - start; start: nop; nop; end:",
          "addi a0, a0, 8; addi zero, zero, 0; addi zero, zero, 0");
    check("la a0, data; nop; data: .4byte 0x13",
          "auipc a0, 0x0; addi a0, a0, 12; addi zero, zero, 0; addi zero, zero, 0");
    check("nop; la a0, .", "addi zero, zero, 0; auipc a0, 0x0; addi a0, a0, 0");
}

static void test_data(void **state)
{
    struct buf out = {0};
    struct asm_error err;
    assert_true(guest_asm(rv, ".2byte 0x1234, -1; .4byte 0x89abcdef; .8byte end - .; end:", &out, &err));
    assert_int_equal(out.len, 16);
    assert_memory_equal(out.p, "\x34\x12\xff\xff\xef\xcd\xab\x89\x08\0\0\0\0\0\0", 16);
    buf_free(&out);
}

/* Bytes that are encoded already have their places between labels; there are never too few of them. */
static void test_raw(void **state)
{
    struct buf raw = {0}, out = {0};
    struct asm_error err;
    buf_add(&raw, "\x01\0\x13\0\0\0\x02\0", 8);
    assert_true(guest_asm_raw(rv, "j end; .raw 2; .raw 4; end: .raw 2", &raw, &out, &err));
    assert_int_equal(out.len, 12);
    assert_memory_equal(out.p, "\x6f\0\xa0\0\x01\0\x13\0\0\0\x02\0", 12);
    assert_false(guest_asm_raw(rv, "nop; .raw 6; .raw 3", &raw, &out, &err));
    assert_string_equal(err.message, "there are 2 bytes left");
    assert_int_equal(out.len, 12);
    check_error(".raw 2", "^^^^", "unknown directive '.raw'");
    buf_free(&raw);
    buf_free(&out);
}

/* An encoding with a name of its own may be written by its general name too. */
static void test_special_cases(void **state)
{
    check("fence w, 0", "pause");
    check("pause", "pause");
}

/* ---- what it says ---- */

static void test_unknown(void **state)
{
    check_error("nop; ad a0", "     ^^", "unknown mnemonic 'ad'; did you mean 'add'?");
    check_error("ADDI a0, a0, 1", "^^^^", "unknown mnemonic 'ADDI'; did you mean 'addi'?");
    check_error("qqqqqqqq", "^^^^^^^^", "unknown mnemonic 'qqqqqqqq'");
    check_error("mop.r.32 a0, a1", "^^^^^^^^", "unknown mnemonic 'mop.r.32'; did you mean 'mop.r.{mop_r}'?");
    check_error("fp", "^^", "unknown mnemonic 'fp'");
    check_error("nop; !", "     ^", "expected an instruction");
    check_error(".4bytes 1", "^^^^^^^", "unknown directive '.4bytes'; did you mean '.4byte'?");
    check_error(".byte 1", "^^^^^", "unknown directive '.byte'; did you mean '.2byte'?");
    check_error("csrr a0, mstats", "         ^^^^^^", "unknown CSR 'mstats'; did you mean 'mstatus'?");
}

static void test_wrong_registers(void **state)
{
    check_error("add a0, a9, a1", "        ^^", "unknown register 'a9'; did you mean 'a0'?");
    check_error("add a0, foo, a1", "        ^^^", "unknown register 'foo'; expected one such as 'a0'");
    check_error("add a0, fa1, a1", "        ^^^", "expected a register such as 'a0', found 'fa1'");
    check_error("add a0, , a1", "        ^", "expected a register such as 'a0' for rs1");
    check_error("c.lw a0, 4(t0)", "           ^^",
                "register 't0' does not fit: c.lw takes s0, s1, a0, a1, a2, a3, a4, a5 here");
    check_error("amocas.q a1, a2, (a3)", "         ^^",
                "register 'a1' does not fit: amocas.q takes zero, sp, tp, t1, s0, a0, a2, a4, … here");
    check_error("mv a0, q1", "       ^^", "unknown register 'q1'; did you mean 't1'?");
}

static void test_wrong_numbers(void **state)
{
    check_error("addi a0, a0, 5000", "             ^^^^",
                "immediate 5000 does not fit: addi takes -2048..2047");
    check_error("lw a0, -3000(sp)", "       ^^^^^", "immediate -3000 does not fit: lw takes -2048..2047");
    check_error("slli a0, a0, 64", "             ^^", "immediate 64 does not fit: slli takes 0..63");
    check_error("csrwi fcsr, 32", "            ^^", "immediate 32 does not fit: csrrwi takes 0..31");
    check_error("c.lw a0, 5(a1)", "         ^", "immediate 5 does not fit: c.lw takes multiples of 4");
    check_error("c.lw a0, 128(a1)", "         ^^^", "immediate 128 does not fit: c.lw takes 0..124");
    check_error("c.addi4spn a0, sp, 0", "                   ^", "immediate 0 does not fit: it must not be 0");
    check_error("c.addi4spn a0, sp, 1024", "                   ^^^^",
                "immediate 1024 does not fit: c.addi4spn takes 4..1020");
    check_error("lui a0, 0x100000", "        ^^^^^^^^",
                "upper immediate 1048576 does not fit: lui takes 0..0xfffff");
    check_error("c.lui a0, 32", "          ^^",
                "upper immediate 32 does not fit: c.lui takes 1..31 and 0xfffe0..0xfffff");
    check_error("addi a0, a0, 1x", "             ^^", "bad number '1x'");
    check_error("addi a0, a0, 18446744073709551616", "             ^^^^^^^^^^^^^^^^^^^^",
                "18446744073709551616 does not fit in 64 bits");
    check_error("li a0, -9223372036854775809", "        ^^^^^^^^^^^^^^^^^^^",
                "-9223372036854775809 does not fit in 64 bits");
    check_error(".2byte 65536", "       ^^^^^", "65536 does not fit in 2 bytes");
}

static void test_wrong_targets(void **state)
{
    check_error("beq a0, a1, .+5000", "            ^^^^^^",
                "the distance to the target, 5000, does not fit: beq takes -4096..4094");
    check_error("j .+7", "  ^^^", "the distance to the target, 7, does not fit: jal takes multiples of 2");
    check_error("j foo", "  ^^^", "unknown label 'foo'");
    check_error("loop: jal lop", "          ^^^", "unknown label 'lop'; did you mean 'loop'?");
    check_error("j 1f; 1b: nop", "      ^^", "'1b' is not a name for a label");
    check_error("1: j 1f", "     ^^", "unknown label '1f'");
    check_error("a: nop; a: nop", "        ^", "label 'a' is defined twice");
    check_error("a0: nop", "^^", "'a0' is a register and cannot be a label");
    check_error("beq a0, a1, a2", "            ^^", "expected a number or a label, found register 'a2'");
    check_error("addi a0, a0, l; l:", "             ^",
                "expected a number, found an address; write 'l - .' for its distance");
    check_error("a: li a0, a", "          ^",
                "expected a constant: how many instructions this is depends on it");
}

static void test_wrong_forms(void **state)
{
    check_error("add a0, a1", "          ^", "expected ','; the syntax is 'add rd, rs1, rs2'");
    check_error("add a0, a1, a2, a3", "              ^^^^",
                "unexpected ', a3'; the syntax is 'add rd, rs1, rs2'");
    check_error("ecall a0", "      ^^", "unexpected 'a0'; ecall takes no operands");
    check_error("lw a0, 8 a1", "         ^", "expected '('; the syntax is 'lw rd, imm(rs1)'");
    check_error("mv a0", "     ^", "operands are missing; the syntax is 'mv rd, rs'");
    check_error("mv a0, a1, a2", "         ^^^^", "unexpected operands; the syntax is 'mv rd, rs'");
    check_error("fadd.s fa0, fa1, fa2, up", "                      ^^",
                "expected one of rne, rtz, rdn, rup, rmm, dyn, found 'up'");
    check_error("fence rx, w", "      ^^", "expected letters of i, o, r, w, found 'rx'");
    check_error("c.lui sp, 1", "^^^^^^^^^^^", "c.lui needs rd != 2");
}

/* What did not match before something did, in either pass, is forgotten. */
static void test_errors_of_the_second_pass(void **state)
{
    check_error("j end + 1; jal .+4; end:", "  ^^^^^^^",
                "the distance to the target, 9, does not fit: jal takes multiples of 2");
    check_error("jal .+4; jal end; j nowhere; end:", "                    ^^^^^^^",
                "unknown label 'nowhere'");
}

/* Of several rows and aliases with one mnemonic, the one that got farthest says what is wrong. */
static void test_farthest_error(void **state)
{
    check_error("jal ra, 3", "        ^",
                "the distance to the target, 3, does not fit: jal takes multiples of 2");
    check_error("jr 4(x99)", "     ^^^", "unknown register 'x99'; expected one such as 'a0'");
    check_error("jal rx, .", "    ^^", "unknown register 'rx'; did you mean 'ra'?");
    check_error("jalr a0, 9999(a1)", "         ^^^^", "immediate 9999 does not fit: jalr takes -2048..2047");
}

/* ---- there and back ---- */

static void back(const struct guest_row *row, uint32_t word)
{
    struct buf text = {0}, code = {0};
    struct asm_error err;
    guest_disasm(rv, row, word, &text);
    if (!guest_asm(rv, text.p, &code, &err))
        fail_msg("%s: '%s' at %zu: %s", row->id, text.p, err.offset, err.message);
    assert_int_equal(code.len, row->length);
    uint32_t got = 0;
    memcpy(&got, code.p, code.len);
    if (got != word) fail_msg("%s: '%s' is 0x%x and was 0x%x", row->id, text.p, got, word);
    buf_free(&text);
    buf_free(&code);
}

/* What the disassembler prints of any encoding of any row assembles to the same bytes. */
static void test_round_trip(void **state)
{
    struct rng rng = {7};
    for (unsigned i = 0; i < rv->nrows; i++) {
        const struct guest_row *row = &rv->rows[i];
        unsigned got = 0;
        for (unsigned n = 0; n < 1000; n++) {
            uint32_t word = ((uint32_t)rng_next(&rng) & ~row->mask) | row->match;
            if (row->length == 2) word &= 0xffff;
            if (rv->decode(word) != (int)i) continue;
            back(row, word);
            got++;
        }
        if (!got) fail_msg("%s: none of its encodings decodes as this row", row->id);
    }
    for (uint32_t w = 0; w < 0x10000; w++) {
        int row = (w & 3) == 3 ? -1 : rv->decode(w);
        if (row >= 0) back(&rv->rows[row], w);
    }
}

/* `from` with its operands replaced by something that may fit; bit n of `fp` says that the nth is an fp
 * register. */
static void put_alias(const char *from, unsigned fp, struct buf *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const struct {
        const char *name, *text; /* an operand's name in isa.yaml, and what it may be */
    } operands[] = {{"off", ".+8"}, {"imm", "4"}, {"i", "5"}, {"csr", "fcsr"}, {"at", "."}};
    size_t n = strcspn(from, " ");
    buf_add(text, from, n);
    for (const char *p = from + n; *p; p += n) {
        n = strspn(p, letters);
        if (n == 0) {
            buf_add(text, p, n = 1);
            continue;
        }
        const char *operand = fp & 1 ? "fa0" : "a0";
        for (size_t k = 0; k < ARRAY_LEN(operands); k++)
            if (strlen(operands[k].name) == n && !strncmp(p, operands[k].name, n)) operand = operands[k].text;
        buf_str(text, operand);
        fp >>= 1;
    }
}

/* Every alias assembles with some operands. */
static void test_every_alias(void **state)
{
    for (unsigned i = 0; i < rv->naliases; i++) {
        bool ok = guest_reg_find(rv, rv->aliases[i].from).reg != NULL;
        for (unsigned fp = 0; fp < 8 && !ok; fp++) {
            struct buf text = {0}, code = {0};
            struct asm_error err;
            put_alias(rv->aliases[i].from, fp, &text);
            ok = guest_asm(rv, text.p, &code, &err);
            buf_free(&text);
            buf_free(&code);
        }
        if (!ok) fail_msg("no operands fit '%s'", rv->aliases[i].from);
    }
}

/* Any bytes at all: an error or code, and every error within the text. */
static void test_noise(void **state)
{
    static const char alphabet[] = "adlwsx019 \t,().:;#\n+-_{}[]$fr\x80\xc3'\"jbeqli%";
    static const char *const seeds[] = {"add a0, a1, a2",
                                        "lw a0, 4(sp)",
                                        "loop: beq a0, a1, loop",
                                        "li a0, 0x123456789",
                                        "amoadd.w.aq a0, a1, (a2)",
                                        "csrrw a0, fcsr, a1",
                                        "fence rw, w",
                                        "j 1f; 1:"};
    struct rng rng = {3};
    for (unsigned n = 0; n < 100000; n++) {
        char text[64];
        struct buf code = {0};
        struct asm_error err = {0};
        snprintf(text, sizeof(text), "%s", seeds[rng_below(&rng, ARRAY_LEN(seeds))]);
        size_t len = strlen(text);
        for (unsigned k = (unsigned)rng_below(&rng, 4); k-- > 0;)
            text[rng_below(&rng, len)] = alphabet[rng_below(&rng, sizeof(alphabet))];
        if (!guest_asm(rv, text, &code, &err)) {
            assert_true(err.offset <= strlen(text));
            assert_true(err.offset + err.span <= strlen(text) || err.span == 1);
            assert_true(err.message[0]);
        }
        buf_free(&code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_special_cases),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_wrong_registers),
        cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_wrong_targets),
        cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_farthest_error),
        cmocka_unit_test(test_errors_of_the_second_pass),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_alias),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
