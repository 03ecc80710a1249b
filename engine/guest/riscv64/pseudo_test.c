/* Pseudo-instructions do what they stand for: their expansion is carried out, instruction by instruction. */
#include "engine/guest/guest.h"

#include <inttypes.h>
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

static uint64_t operand(const struct guest_row *row, const char *name, uint32_t word)
{
    for (unsigned i = 0; i < row->nfields; i++)
        if (!strcmp(row->fields[i].name, name)) return guest_field_get(&row->fields[i], word);
    fail_msg("%s has no operand %s", row->id, name);
    return 0;
}

/* Carries out the instructions that a constant needs, on a0 alone. */
static uint64_t execute(const struct buf *code)
{
    uint64_t x[32] = {[10] = 0xdeadbeefdeadbeef};
    for (size_t i = 0; i < code->len; i += 4) {
        uint32_t word;
        memcpy(&word, code->p + i, 4);
        const struct guest_row *row = &rv->rows[rv->decode(word)];
        uint64_t rd = operand(row, "rd", word);
        assert_int_equal(rd, 10);
        if (!strcmp(row->id, "rv.lui")) {
            x[rd] = operand(row, "hi", word);
            continue;
        }
        uint64_t rs1 = x[operand(row, "rs1", word)];
        if (!strcmp(row->id, "rv.addi"))
            x[rd] = rs1 + operand(row, "imm", word);
        else if (!strcmp(row->id, "rv.addiw"))
            x[rd] = (uint64_t)(int32_t)(rs1 + operand(row, "imm", word));
        else if (!strcmp(row->id, "rv.slli"))
            x[rd] = rs1 << operand(row, "shamt", word);
        else
            fail_msg("%s in a constant", row->id);
    }
    return x[10];
}

static void check(uint64_t v, size_t at_most)
{
    char text[40];
    struct buf code = {0};
    struct asm_error err;
    snprintf(text, sizeof(text), "li a0, 0x%" PRIx64, v);
    if (!guest_asm(rv, text, &code, &err)) fail_msg("%s: %s", text, err.message);
    uint64_t got = execute(&code);
    if (got != v) fail_msg("%s gives 0x%" PRIx64, text, got);
    if (code.len > 4 * at_most) fail_msg("%s takes %zu instructions", text, code.len / 4);
    buf_free(&code);
}

static void test_small(void **state)
{
    for (int64_t v = -6000; v <= 6000; v++) check((uint64_t)v, v >= -2048 && v <= 2047 ? 1 : 2);
}

/* Where lui, addiw and sign extension meet. */
static void test_corners(void **state)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int64_t near = -4097; near <= 4097; near += near < -2050 || near >= 2050 ? 1 : 41) {
            uint64_t v = (1ull << bit) + (uint64_t)near;
            check(v, (int64_t)v == (int32_t)v ? 2 : 8);
            check(-v, (int64_t)-v == (int32_t)-v ? 2 : 8);
        }
    }
    for (uint64_t v = 0; v < 64; v++) check(1ull << v, 3);
    check(UINT64_MAX, 1);
    check(INT64_MAX, 3);
}

static void test_random(void **state)
{
    struct rng rng = {5};
    for (unsigned i = 0; i < 20000; i++) check(rng_next(&rng) >> rng_below(&rng, 64), 8);
}

static void test_written(void **state)
{
    struct buf code = {0};
    struct asm_error err;
    assert_true(guest_asm(rv, "li a0, -1 - 1; li x10, 0b11; li a0, end - start; start: nop; end:", &code,
                          &err) == false); /* end is not known yet where li must be sized */
    assert_true(guest_asm(rv, "start: c.nop; end: li a0, end - start", &code, &err));
    assert_int_equal(code.len, 6);
    buf_free(&code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
