/* The runner: every case starts from the same machine, whatever the one before did to it. */
#include "harness/testing.h"

#include <string.h>

/* A case made by hand; tests change what they need. */
struct maker {
    struct test_case c;     /* the case */
    struct buf code;        /* assembled */
    struct case_reg in[8];  /* registers before */
    struct case_mem mem[8]; /* memory before */
};

static void make(struct maker *m, const char *text)
{
    struct asm_error err;
    const struct guest *g = guest_find("riscv64");
    memset(m, 0, sizeof(*m));
    assert_true(guest_asm(g, text, &m->code, &err));
    m->c = (struct test_case){.id = "x",
                              .guest = g,
                              .why = "",
                              .code_at = LAYOUT_CODE,
                              .code = (const uint8_t *)m->code.p,
                              .code_size = (unsigned)m->code.len,
                              .steps = m->code.len / 4,
                              .in = m->in,
                              .mem = m->mem};
}

static void in(struct maker *m, const char *name, uint64_t value)
{
    m->in[m->c.nin++] = (struct case_reg){guest_reg_find(m->c.guest, name), {value}};
}

static void bytes(struct maker *m, uint64_t at, const char *data, uint64_t n)
{
    m->mem[m->c.nmem++] = (struct case_mem){.at = at, .size = n, .data = (const uint8_t *)data};
}

static uint64_t reg_after(const struct maker *m, const struct outcome *o, const char *name)
{
    struct guest_reg_ref r = guest_reg_find(m->c.guest, name);
    return o->state[r.reg->word + r.index * r.reg->words];
}

static struct runner *runner_of(const struct backend *b)
{
    const char *why;
    struct runner *r = runner_open(b, guest_find("riscv64"), &why);
    assert_non_null(r);
    return r;
}

/* `faulty`, but it does not say what it writes. */
TESTING_BACKEND(silent, false, false, faulty_run);

static const struct backend *const both[] = {&faulty, &silent};

static void test_registers(void **state)
{
    struct runner *r = runner_of(&faulty);
    struct maker m;
    struct outcome o;
    make(&m, "add a0, a1, a2");
    in(&m, "a1", 40);
    in(&m, "a2", 2);
    runner_run(r, &m.c, &o);
    assert_int_equal(o.exit.kind, EXIT_BUDGET);
    assert_int_equal(o.exit.executed, 1);
    assert_null(o.unsupported);
    assert_int_equal(reg_after(&m, &o, "a0"), 42);
    assert_int_equal(reg_after(&m, &o, "pc"), LAYOUT_CODE + 4);
    assert_int_equal(o.before[m.c.guest->pc_word], LAYOUT_CODE);
    m.c.nin = 1; /* a2 and a0 are as after reset again */
    runner_run(r, &m.c, &o);
    assert_int_equal(reg_after(&m, &o, "a0"), 40);
    assert_int_equal(reg_after(&m, &o, "a2"), 0);
    buf_free(&m.code);
    runner_close(r);
}

/* The next case finds memory as the layout says, whatever was stored and whatever the case brought. */
static void test_memory_is_restored(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct runner *r = runner_of(both[i]);
        struct maker store, look;
        struct outcome o;
        make(&store, "sd a0, 0(a1)\n ld a2, 8(a1)");
        in(&store, "a0", 0x1122334455667788);
        in(&store, "a1", LAYOUT_DATA + 0xffc);
        bytes(&store, LAYOUT_DATA + 0x1004, "\1\2\3\4\5\6\7\10", 8);
        bytes(&store, LAYOUT_ROM + 5, "rom", 3);
        runner_run(r, &store.c, &o);
        assert_int_equal(reg_after(&store, &o, "a2"), 0x0807060504030201);
        uint8_t now[8];
        assert_int_equal(mem_read(o.mem, LAYOUT_DATA + 0xffc, now, 8), 0);
        assert_memory_equal(now, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
        make(&look, "nop");
        runner_run(r, &look.c, &o);
        assert_int_equal(o.mem->ndirty, 0);
        for (uint64_t a = LAYOUT_DATA; a < LAYOUT_DATA + LAYOUT_DATA_SIZE; a++) {
            assert_int_equal(mem_read(o.mem, a, now, 1), 0);
            assert_int_equal(now[0], layout_byte(a));
        }
        assert_int_equal(mem_read(o.mem, LAYOUT_ROM + 5, now, 1), 0);
        assert_int_equal(now[0], layout_byte(LAYOUT_ROM + 5));
        buf_free(&store.code);
        buf_free(&look.code);
        runner_close(r);
    }
}

/* Pages that changed are in the dirty list, also when the backend does not say so. */
static void test_writes_are_found(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct runner *r = runner_of(both[i]);
        struct maker m;
        struct outcome o;
        make(&m, "sb a0, 0(a1)");
        in(&m, "a1", LAYOUT_DATA + 0x1800);
        in(&m, "a0", (uint8_t)(layout_byte(LAYOUT_DATA + 0x1800) + 1));
        runner_run(r, &m.c, &o);
        assert_int_equal(o.mem->ndirty, 1);
        assert_int_equal(o.mem->dirty[0], LAYOUT_DATA + 0x1000);
        buf_free(&m.code);
        runner_close(r);
    }
}

/* Code changes under the runner's own cache: shorter, elsewhere, the same again, over bytes of the case. */
static void test_code_is_replaced(void **state)
{
    static const struct {
        const char *text; /* code */
        uint64_t at;      /* address */
        uint64_t a0;      /* what it leaves */
    } steps[] = {
        {"li a0, 1\n nop\n nop", LAYOUT_CODE, 1},
        {"li a0, 2", LAYOUT_CODE, 2},
        {"li a0, 2", LAYOUT_CODE, 2},
        {"li a0, 3", LAYOUT_CODE + 0xffc, 3},
        {"li a0, 4\n nop", LAYOUT_CODE + 2, 4},
        {"li a0, 1\n nop\n nop", LAYOUT_CODE, 1},
    };
    struct runner *r = runner_of(&faulty);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct maker m;
        struct outcome o;
        uint8_t page[LAYOUT_CODE_SIZE], want[LAYOUT_CODE_SIZE] = {0};
        make(&m, steps[i].text);
        m.c.code_at = steps[i].at;
        runner_run(r, &m.c, &o);
        assert_int_equal(o.exit.kind, EXIT_BUDGET);
        assert_int_equal(reg_after(&m, &o, "a0"), steps[i].a0);
        assert_int_equal(o.mem->ndirty, 0);
        memcpy(want + (steps[i].at - LAYOUT_CODE), m.code.p, m.code.len);
        assert_int_equal(mem_read(o.mem, LAYOUT_CODE, page, sizeof(page)), 0);
        assert_memory_equal(page, want, sizeof(page));
        buf_free(&m.code);
    }
    runner_close(r);
}

static void test_bytes_beside_code(void **state)
{
    struct runner *r = runner_of(&faulty);
    struct maker m, plain;
    struct outcome o;
    uint8_t now[16];
    make(&plain, "li a0, 1\n nop\n nop\n nop");
    runner_run(r, &plain.c, &o);
    make(&m, "lw a0, 8(a1)");
    in(&m, "a1", LAYOUT_CODE);
    bytes(&m, LAYOUT_CODE + 8, "\x11\x22\x33\x44", 4);
    runner_run(r, &m.c, &o);
    assert_int_equal(reg_after(&m, &o, "a0"), 0x44332211);
    runner_run(r, &plain.c, &o);
    assert_int_equal(reg_after(&plain, &o, "a0"), 1);
    assert_int_equal(mem_read(o.mem, LAYOUT_CODE, now, 16), 0);
    assert_memory_equal(now, plain.code.p, 16);
    buf_free(&m.code);
    buf_free(&plain.code);
    runner_close(r);
}

/* Regions of a case's own come and go; code may stand and be changed in them. */
static void test_own_regions(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct runner *r = runner_of(both[i]);
        struct maker m, gone;
        struct outcome o;
        /* copies an instruction over the one that comes next, which then leaves 7 in a0 */
        make(&m, "lw a2, 16(a1)\n sw a2, 12(a1)\n fence.i\n li a0, 1\n .4byte 0x00700513");
        m.c.steps = 4;
        m.c.code_at = 0x50000;
        m.mem[m.c.nmem++] =
            (struct case_mem){.at = 0x50000, .size = 0x1000, .perm = CPU_READ | CPU_WRITE | CPU_EXEC};
        in(&m, "a1", 0x50000);
        for (int again = 0; again < 2; again++) {
            runner_run(r, &m.c, &o);
            assert_int_equal(o.exit.kind, EXIT_BUDGET);
            assert_int_equal(reg_after(&m, &o, "a0"), 7);
            assert_int_equal(o.mem->ndirty, 1);
        }
        make(&gone, "lw a0, 0(a1)");
        in(&gone, "a1", 0x50000);
        runner_run(r, &gone.c, &o);
        assert_int_equal(o.exit.kind, EXIT_FAULT);
        assert_int_equal(o.exit.value, 0x50000);
        assert_int_equal(reg_after(&gone, &o, "pc"), LAYOUT_CODE);
        buf_free(&m.code);
        buf_free(&gone.code);
        runner_close(r);
    }
}

static void test_bad_memory(void **state)
{
    struct runner *r = runner_of(&faulty);
    struct maker m;
    struct outcome o;
    make(&m, "nop");
    bytes(&m, 0x999000, "x", 1);
    runner_run(r, &m.c, &o);
    assert_non_null(o.unsupported);
    m.c.nmem = 0;
    runner_run(r, &m.c, &o);
    assert_null(o.unsupported);
    buf_free(&m.code);
    runner_close(r);
}

static int cannot(const struct guest *g, const char **why)
{
    *why = "it has no licence";
    return -1;
}

static void test_probe(void **state)
{
    struct backend b = faulty;
    const char *why;
    b.probe = cannot;
    assert_null(runner_open(&b, guest_find("riscv64"), &why));
    assert_string_equal(why, "it has no licence");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),         cmocka_unit_test(test_memory_is_restored),
        cmocka_unit_test(test_writes_are_found),  cmocka_unit_test(test_code_is_replaced),
        cmocka_unit_test(test_bytes_beside_code), cmocka_unit_test(test_own_regions),
        cmocka_unit_test(test_bad_memory),        cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
