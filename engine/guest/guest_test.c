/* Lookups, fields, and what every guest's tables promise. */
#include "engine/guest/guest.h"
#include "engine/ir/ir.h"

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

static void test_guest_find(void **state)
{
    assert_ptr_equal(guest_find("riscv64"), rv);
    assert_null(guest_find("riscv"));
    assert_null(guest_find("riscv64x"));
}

/* ---- registers ---- */

static void check_reg(const char *name, const char *file, unsigned index)
{
    struct guest_reg_ref r = guest_reg_find(rv, name);
    if (!r.reg) {
        fail_msg("no register '%s'", name);
        return;
    }
    assert_string_equal(r.reg->name, file);
    assert_int_equal(r.index, index);
}

static void test_registers(void **state)
{
    check_reg("zero", "x", 0);
    check_reg("x0", "x", 0);
    check_reg("a0", "x", 10);
    check_reg("x10", "x", 10);
    check_reg("x31", "x", 31);
    check_reg("s0", "x", 8);
    check_reg("fp", "x", 8); /* an alias in isa.yaml */
    check_reg("f3", "f", 3);
    check_reg("fa0", "f", 10);
    check_reg("ft11", "f", 31);
    check_reg("pc", "pc", 0);
    check_reg("fflags", "fflags", 0);
}

static void test_no_register(void **state)
{
    static const char *const wrong[] = {"",    "x",  "x32", "x00", "x010", "x-1",  "f",
                                        "f32", "a8", "a",   "A0",  "pc0",  "pcx",  "xx1",
                                        "a0 ", "mv", "ret", "fpx", "x1x",  "x999", "x1000000000000"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (guest_reg_find(rv, wrong[i]).reg) fail_msg("'%s' is taken for a register", wrong[i]);
    assert_null(guest_reg_find_span(rv, "a0", 1).reg);
    assert_non_null(guest_reg_find_span(rv, "a0, a1", 2).reg);
}

static void test_register_names(void **state)
{
    for (unsigned i = 0; i < rv->nregs; i++) {
        const struct guest_reg *r = &rv->regs[i];
        for (unsigned k = 0; k < r->count; k++) {
            struct guest_reg_ref found = guest_reg_find(rv, guest_reg_name(r, k));
            assert_ptr_equal(found.reg, r);
            assert_int_equal(found.index, k);
        }
    }
}

static void test_register_words(void **state)
{
    uint64_t words[512] = {0};
    assert_true(rv->state_words <= ARRAY_LEN(words));
    assert_ptr_equal(guest_reg_words(rv, words, guest_reg_find(rv, "pc")), words + rv->pc_word);
    for (unsigned i = 0; i < rv->nregs; i++) {
        for (unsigned k = 0; k < rv->regs[i].count * rv->regs[i].words; k++) {
            assert_true(rv->regs[i].word + k < rv->state_words);
            assert_int_equal(words[rv->regs[i].word + k]++, 0); /* no two registers share a word */
        }
    }
}

/* ---- rows, causes, CSRs ---- */

static void test_rows(void **state)
{
    for (unsigned i = 0; i < rv->nrows; i++)
        assert_ptr_equal(guest_row_find(rv, rv->rows[i].id), &rv->rows[i]);
    assert_null(guest_row_find(rv, "rv.nothing"));
    assert_int_equal(guest_mnemonic_literal(guest_row_find(rv, "rv.lw")), 2);
    assert_int_equal(guest_mnemonic_literal(guest_row_find(rv, "rv.amoadd.w")), 8);
}

static void test_causes(void **state)
{
    for (unsigned i = 0; i < rv->ncauses; i++) assert_int_equal(guest_cause_find(rv, rv->causes[i].name), i);
    assert_int_equal(guest_cause_find(rv, "nothing"), -1);
}

static void test_csrs(void **state)
{
    for (unsigned i = 0; i < rv->ncsrs; i++) {
        const struct guest_csr *c = &rv->csrs[i];
        if (i) assert_true(c[-1].number < c->number);
        assert_ptr_equal(guest_csr_at(rv, c->number), c);
        assert_ptr_equal(guest_csr_find(rv, c->name, strlen(c->name)), c);
    }
    assert_int_equal(guest_csr_find(rv, "mstatus", 7)->number, 0x300);
    assert_null(guest_csr_find(rv, "mstatus", 6));
    assert_null(guest_csr_find(rv, "", 0));
    assert_null(guest_csr_at(rv, 0x800));
    assert_null(guest_csr_at(rv, 0xffffffff));
}

/* The order that the assembler's binary search relies on. */
static void test_by_mnemonic(void **state)
{
    char seen[4096] = {0}, a[64] = "";
    assert_true(rv->nrows <= sizeof(seen));
    for (unsigned i = 0; i < rv->nrows; i++) {
        char b[64];
        const struct guest_row *row = &rv->rows[rv->by_mnemonic[i]];
        assert_int_equal(seen[rv->by_mnemonic[i]]++, 0);
        snprintf(b, sizeof(b), "%.*s", (int)guest_mnemonic_literal(row), row->mnemonic);
        if (i)
            assert_true(strcmp(a, b) < 0 || (!strcmp(a, b) && rv->by_mnemonic[i - 1] < rv->by_mnemonic[i]));
        memcpy(a, b, sizeof(a));
    }
}

/* ---- fields ---- */

static const struct guest_field *field(const char *row, const char *name)
{
    const struct guest_row *r = guest_row_find(rv, row);
    assert_non_null(r);
    for (unsigned i = 0; i < r->nfields; i++)
        if (!strcmp(r->fields[i].name, name)) return &r->fields[i];
    fail_msg("%s has no field %s", row, name);
    return NULL;
}

static void check_put(const struct guest_field *f, int64_t v, uint32_t bits)
{
    uint32_t word = 0;
    assert_true(guest_field_put(f, (uint64_t)v, &word));
    assert_int_equal(word, bits);
    assert_true((int64_t)guest_field_get(f, word) == v);
    /* the field's bits are replaced, all others stay */
    uint32_t ones = ~0u, of_field = 0;
    for (unsigned i = 0; i < f->nslices; i++)
        of_field |= (uint32_t)bits_mask(f->slices[i].width) << f->slices[i].pos;
    assert_true(guest_field_put(f, (uint64_t)v, &ones));
    assert_int_equal(ones, ~of_field | bits);
}

static void check_refused(const struct guest_field *f, int64_t v)
{
    uint32_t word = 0x12345678;
    assert_false(guest_field_put(f, (uint64_t)v, &word));
    assert_int_equal(word, 0x12345678);
}

static void test_fields(void **state)
{
    const struct guest_field *imm = field("rv.addi", "imm"), *off = field("rv.beq", "off");
    check_put(imm, 2047, 0x7ff00000);
    check_put(imm, -2048, 0x80000000);
    check_refused(imm, 2048);
    check_refused(imm, -2049);
    check_refused(imm, INT64_MIN);
    /* imm[12|10:5] at 31:25 and imm[4:1|11] at 11:7 (Unpriv 2.3) */
    check_put(off, -4096, 0x80000000);
    check_put(off, 2048, 0x00000080);
    check_put(off, 0x554, 0x54000a00);
    check_put(off, 4094, 0x7e000f80);
    check_refused(off, 1);
    check_refused(off, 4096);
    check_put(field("rv.lui", "hi"), -4096, 0xfffff000);
    check_refused(field("rv.lui", "hi"), 0xfffff000ll); /* inside, the number is sign-extended */
}

static void test_fields_with_holes(void **state)
{
    check_put(field("rv.slli", "shamt"), 63, 0x03f00000);
    check_refused(field("rv.slli", "shamt"), 64);
    check_refused(field("rv.slli", "shamt"), -1);
    check_put(field("rv.fadd.s", "rm"), 7, 0x7000);
    check_refused(field("rv.fadd.s", "rm"), 5); /* reserved */
    check_refused(field("rv.fadd.s", "rm"), 8);
    check_refused(field("rv.amocas.q", "rd"), 3); /* a pair begins at an even register */
    check_put(field("rv.amocas.q", "rd"), 30, 30 << 7);
    check_refused(field("rv.c.addi4spn", "nzuimm"), 0);
    check_refused(field("rv.c.addi4spn", "nzuimm"), 6);
    check_put(field("rv.c.addi4spn", "nzuimm"), 4, 0x40);
    check_put(field("rv.c.lw", "rs1c"), 7, 0x380); /* the register's number is kind->add more */
}

/* ---- what every row promises ---- */

/* No field overlaps the fixed bits or another field, all bits are said, and the fixed bits decode as the row.
 */
static void test_rows_are_whole(void **state)
{
    for (unsigned i = 0; i < rv->nrows; i++) {
        const struct guest_row *row = &rv->rows[i];
        uint32_t said = row->mask;
        assert_int_equal(row->match & ~row->mask, 0);
        for (unsigned k = 0; k < row->nfields; k++) {
            const struct guest_field *f = &row->fields[k];
            for (unsigned n = 0; n < f->nslices; n++) {
                uint32_t bits = (uint32_t)bits_mask(f->slices[n].width) << f->slices[n].pos;
                if (said & bits) fail_msg("%s: bits of %s are said twice", row->id, f->name);
                said |= bits;
            }
        }
        if (said != bits_mask(8 * row->length)) fail_msg("%s: bits 0x%x of its length", row->id, said);
        assert_int_equal(rv->length(row->match), row->length);
    }
}

static void state_words_of_ir_have_names(void **state)
{
    const struct guest *g = guest_find("riscv64");
    static const char *const names[] = {"a0", "pc", "ft3", "v2", "v2:1", "fflags", "minstret"};
    struct ir_names n;
    struct buf out = {0};
    guest_ir_names(g, &n);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int word = n.find(n.ctx, names[i], strlen(names[i]));
        assert_true(word >= 0);
        buf_reset(&out);
        n.print(n.ctx, (unsigned)word, &out);
        assert_string_equal(buf_cstr(&out), names[i]);
    }
    assert_int_equal(n.find(n.ctx, "x10", 3), n.find(n.ctx, "a0", 2));
    assert_int_equal(n.find(n.ctx, "a0:1", 4), -1);
    assert_int_equal(n.find(n.ctx, "v2:2", 4), -1);
    assert_int_equal(n.find(n.ctx, "nothing", 7), -1);
    buf_reset(&out);
    n.print(n.ctx, 1000, &out);
    assert_string_equal(buf_cstr(&out), "w1000");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_find),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_no_register),
        cmocka_unit_test(test_register_names),
        cmocka_unit_test(test_register_words),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_csrs),
        cmocka_unit_test(test_by_mnemonic),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_fields_with_holes),
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(state_words_of_ir_have_names),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
