/* One case from YAML: what each key means, and the message for each mistake. */
#include "harness/corpus/corpus_test.h"

#include "harness/corpus/case.h"

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static void test_small(void **state)
{
    struct loaded *l = load_one(HEAD "cases:\n- id: a\n  code: add a0, a1, a2\n  in: {a1: 1, x12: -2}\n");
    const struct test_case *c = l->c;
    assert_string_equal(c->id, "riscv64/t/a");
    assert_string_equal(c->row->id, "rv.add");
    assert_string_equal(c->why, "");
    assert_int_equal(c->code_at, LAYOUT_CODE);
    assert_int_equal(c->code_size, 4);
    assert_memory_equal(c->code, "\x33\x85\xc5\x00", 4);
    assert_int_equal(c->steps, 1);
    assert_int_equal(c->nin, 2);
    assert_int_equal(value_in(c, "a1"), 1);
    assert_int_equal(value_in(c, "a2"), -2);
    assert_false(c->has_truth);
    assert_false(c->generated);
    assert_int_equal(c->at.line, 4);
    assert_false(next(l));
    assert_int_equal(l->got, 0);
    unload(l);
}

/* A truth says something about everything. */
static void test_truth(void **state)
{
    struct loaded *l = load_one(HEAD "cases:\n- id: a\n  code: addi a0, a0, 1\n  out: {a0: 1}\n"
                                     "- {id: b, code: nop, out: {}}\n"
                                     "- {id: c, code: nop, out: {rest: any, a0: 5}}\n"
                                     "- {id: d, code: nop, out: {pc: 7}}\n");
    const struct case_truth *t = &l->c->truth;
    assert_true(l->c->has_truth && t->rest_unchanged && !t->has_exit);
    assert_int_equal(t->nregs, 2);
    assert_int_equal(value_out(l->c, "a0"), 1);
    assert_int_equal(value_out(l->c, "pc"), LAYOUT_CODE + 4);
    assert_true(next(l));
    assert_int_equal(l->c->truth.nregs, 1);
    assert_int_equal(value_out(l->c, "pc"), LAYOUT_CODE + 4);
    assert_true(next(l));
    assert_false(l->c->truth.rest_unchanged);
    assert_int_equal(l->c->truth.nregs, 1);
    assert_true(next(l));
    assert_int_equal(l->c->truth.nregs, 1);
    assert_int_equal(value_out(l->c, "pc"), 7);
    unload(l);
}

static void test_exits(void **state)
{
    struct loaded *l =
        load_one(HEAD "cases:\n- {id: a, code: 00 00, out: {exit: illegal}}\n"
                      "- id: b\n  code: lw a0, 0(zero)\n  at: 0x10010\n"
                      "  out: {exit: {cause: load-access, value: 0}}\n"
                      "- {id: c, code: ecall, out: {exit: ecall}}\n"
                      "- {id: d, code: nop, out: {exit: budget}}\n"
                      "- {id: e, code: \"nop; lw a0, 0(zero)\", out: {exit: load-access, pc: 0x10004}}\n");
    const struct cpu_exit *e = &l->c->truth.exit;
    assert_true(l->c->truth.has_exit && l->c->truth.has_pc && !l->c->truth.has_value);
    assert_int_equal(e->kind, EXIT_FAULT);
    assert_string_equal(rv->causes[e->cause].name, "illegal");
    assert_int_equal(e->pc, LAYOUT_CODE);
    assert_null(l->c->row);
    assert_true(next(l));
    e = &l->c->truth.exit;
    assert_true(l->c->truth.has_value && e->value == 0);
    assert_int_equal(value_out(l->c, "pc"), 0x10010);
    assert_true(next(l));
    assert_int_equal(l->c->truth.exit.kind, EXIT_SYSCALL);
    assert_int_equal(value_out(l->c, "pc"), LAYOUT_CODE);
    assert_true(next(l));
    assert_int_equal(l->c->truth.exit.kind, EXIT_BUDGET);
    assert_int_equal(value_out(l->c, "pc"), LAYOUT_CODE + 4);
    assert_true(next(l));
    assert_int_equal(l->c->steps, 2);
    assert_int_equal(l->c->truth.exit.pc, 0x10004);
    unload(l);
}

static void test_memory(void **state)
{
    struct loaded *l =
        load_one(HEAD "cases:\n- id: a\n  code: nop\n  mem:\n"
                      "  - {at: 0x20000, u32: [1, -1]}\n"
                      "  - {at: 0x40010, u8: 7}\n"
                      "  - {at: 0x40000, size: 0x2000, perm: rx, data: 01 02}\n"
                      "  - {at: 0x30000, fill: 0xaa, size: 3}\n"
                      "  out: {mem: [{at: 0x20000, u16: [0x1234]}, {at: 0x41ffe, data: ab cd}]}\n");
    const struct case_mem *m = l->c->mem;
    assert_int_equal(l->c->nmem, 5);
    assert_int_equal(m[0].at, 0x40000);
    assert_int_equal(m[0].size, 0x2000);
    assert_int_equal(m[0].perm, CPU_READ | CPU_EXEC);
    assert_null(m[0].data);
    assert_int_equal(m[1].size, 8);
    assert_memory_equal(m[1].data, "\1\0\0\0\xff\xff\xff\xff", 8);
    assert_int_equal(m[2].at, 0x40010);
    assert_int_equal(m[3].at, 0x40000);
    assert_int_equal(m[3].size, 2);
    assert_memory_equal(m[4].data, "\xaa\xaa\xaa", 3);
    assert_int_equal(l->c->truth.nmem, 2);
    assert_memory_equal(l->c->truth.mem[0].data, "\x34\x12", 2);
    assert_memory_equal(l->c->truth.mem[1].data, "\xab\xcd", 2);
    unload(l);
}

static void test_code(void **state)
{
    struct loaded *l =
        load_one(HEAD "cases:\n- id: a\n  at: 0x10ffe\n  steps: 1\n  code: 13 05\n"
                      "- {id: b, code: 0x00150513 0x4501}\n"
                      "- id: c\n  code: |\n    li a0, 1\n    loop: j loop\n  steps: 100\n"
                      "- {id: d, at: 0x40000, code: nop, mem: [{at: 0x40000, size: 0x1000, perm: x}]}\n");
    assert_int_equal(l->c->code_size, 2);
    assert_true(next(l));
    assert_memory_equal(l->c->code, "\x13\x05\x15\x00\x01\x45", 6);
    assert_int_equal(l->c->steps, 2);
    assert_true(next(l));
    assert_int_equal(l->c->steps, 100);
    assert_true(next(l));
    assert_int_equal(l->c->code_at, 0x40000);
    unload(l);
}

/* The code walk is what `steps` and pc rest on. */
static void test_walk(void **state)
{
    static const uint8_t code[] = {0x01, 0x00, 0x13, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x6f, 0x00, 0x00, 0x00, 0x13};
    struct code_walk w = code_walk(rv, code, 6, ~0ull);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.end, 6);
    assert_int_equal(w.last, 2);
    assert_true(!w.jumps && !w.cut && w.undecoded == -1);
    w = code_walk(rv, code, 12, ~0ull);
    assert_int_equal(w.count, 4);
    assert_int_equal(w.undecoded, 6);
    assert_true(w.jumps);
    w = code_walk(rv, code, 12, 1);
    assert_int_equal(w.end, 2);
    w = code_walk(rv, code, 4, ~0ull);
    assert_true(w.cut && w.end == 4 && w.last == 2);
}

/* ---- mistakes ---- */

#define CASE(rest) HEAD "cases:\n- id: a\n" rest

static void test_refused_shape(void **state)
{
    check_refused(
        CASE("  cod: nop\n"),
        "t.yaml:5:3: error: unknown key 'cod' in a case; did you mean 'code'?\n"
        "t.yaml:4:3: error: a case needs 'code': Assembly text, or hex: '93 05 15 00' (memory order) or "
        "'0x00150593'.\n");
    check_refused(CASE("  code: nop\n  in: [a0]\n"),
                  "t.yaml:6:7: error: 'in': expected a map of registers to values, not a list\n");
    check_refused(CASE("  code: nop\n  at: here\n"),
                  "t.yaml:6:7: error: 'at': expected a number, not 'here'\n");
    check_refused(CASE("  code: {a: 1}\n"),
                  "t.yaml:5:9: error: 'code': expected assembly text or hex bytes, not a map\n");
    check_refused(CASE("  code:\n"),
                  "t.yaml:5:8: error: 'code': expected assembly text or hex bytes, not nothing\n");
    check_refused(CASE("  code: nop\n  steps: 0\n"),
                  "t.yaml:6:10: error: 'steps': expected a number from 1 to 1000000, not '0'\n");
    check_refused(
        HEAD "cases:\n- id: a/b\n  code: nop\n",
        "t.yaml:4:7: error: 'id': an id has letters, digits and . _ + = , @ - only, at most 100 of them\n");
    check_refused(HEAD "cases:\n- nop\n", "t.yaml:4:3: error: expected a case, not 'nop'\n");
    check_refused(CASE("  code: nop\n  out: {rest: same}\n"),
                  "t.yaml:6:15: error: 'rest': expected 'unchanged' or 'any', not 'same'\n");
    check_refused(CASE("  code: nop\n  id: b\n"), "t.yaml:6:3: error: duplicate key 'id'\n"
                                                  "t.yaml:4:3: note: first given here\n");
}

static void test_refused_registers(void **state)
{
    check_refused(CASE("  code: nop\n  in: {a9: 1}\n"),
                  "t.yaml:6:8: error: riscv64 has no register 'a9'; did you mean 'a0'?\n");
    check_refused(CASE("  code: nop\n  in: {a0: 0x1_ffff_ffff_ffff_ffff}\n"),
                  "t.yaml:6:12: error: 0x1_ffff_ffff_ffff_ffff is too wide for a0, which has 64 bits\n");
    check_refused(CASE("  code: nop\n  in: {zero: 1}\n"), "t.yaml:6:14: error: zero always reads 0\n");
    check_refused(CASE("  code: nop\n  in: {a0: 1, x10: 1}\n"),
                  "t.yaml:6:15: error: a0 is given twice: 'x10' is another name of it\n");
    check_refused(CASE("  code: nop\n  in: {pc: 1}\n"),
                  "t.yaml:6:7: error: pc cannot be set here: it starts at the code, which stands at 'at'\n");
    check_refused(CASE("  code: nop\n  in: {fa0: f32(0.3)}\n"),
                  "t.yaml:6:17: error: 0.3 is not exact in f32; it lies between 0x3e999999 and 0x3e99999a\n");
    check_refused(CASE("  code: nop\n  out: {exitt: illegal}\n"),
                  "t.yaml:6:9: error: riscv64 has no register 'exitt'; did you mean 'exit'?\n");
}

static void test_refused_code(void **state)
{
    check_refused(CASE("  code: ad a0, a1, a2\n"),
                  "t.yaml:5:9: error: unknown mnemonic 'ad'; did you mean 'add'?\n");
    check_refused(CASE("  code: |\n    nop\n    addi a0, a0, 5000\n"),
                  "t.yaml:7:18: error: immediate 5000 does not fit: addi takes -2048..2047\n");
    check_refused(
        CASE("  code: 00 00 00 00\n"),
        "t.yaml:5:9: error: 0x0000 at offset 0 is not an instruction; if that is the point, say out: "
        "{exit: illegal}\n");
    check_refused(
        CASE("  code: ff ff ff ff\n"),
        "t.yaml:5:9: error: 0xffffffff at offset 0 is not an instruction; if that is the point, say out: "
        "{exit: illegal}\n");
    check_refused(CASE("  code: 93 05 15\n"),
                  "t.yaml:5:9: error: 3 bytes of code, which is not a multiple of 2\n");
    check_refused(
        CASE("  code: 93 05\n"),
        "t.yaml:5:9: error: the code ends within an instruction; say how many to execute with 'steps'\n");
    check_refused(CASE("  code: '# nothing'\n"), "t.yaml:5:9: error: no code\n");
    check_refused(CASE("  code: nop\n  at: 0x10001\n"),
                  "t.yaml:6:7: error: code starts at a multiple of 2\n");
    check_refused(CASE("  code: nop\n  at: 0x20000\n"),
                  "t.yaml:5:9: error: the code at 0x20000..0x20003 is not in executable memory\n");
    check_refused(CASE("  code: nop\n  at: 0xfffffffffffffffe\n"),
                  "t.yaml:5:9: error: the code at 0xfffffffffffffffe..0x1 is not in executable memory\n");
}

static void test_refused_truth(void **state)
{
    check_refused(CASE("  code: nop\n  out: {exit: ilegal}\n"),
                  "t.yaml:6:15: error: unknown exit 'ilegal'; did you mean 'illegal'?\n");
    check_refused(CASE("  code: beq a0, a1, .+8\n  out: {}\n"),
                  "t.yaml:6:3: error: 'out' must name pc: the code jumps\n");
    check_refused(CASE("  code: nop\n  steps: 2\n  out: {}\n"),
                  "t.yaml:7:3: error: 'out' must name pc: there are more steps than instructions\n");
    check_refused(CASE("  code: \"nop; ebreak\"\n  out: {exit: breakpoint}\n"),
                  "t.yaml:6:3: error: 'out' must name pc: any of the instructions might be where it ends\n");
    check_refused(CASE("  code: nop\n  out: {exit: {cause: budget, value: 1}}\n"),
                  "t.yaml:6:31: error: only a fault has a value\n");
    check_refused(
        CASE("  code: nop\n  out: {exit: {value: 1}}\n"),
        "t.yaml:6:15: error: a cause, or a map of cause and value needs 'cause': Why it stopped: a cause of "
        "the ISA, or budget, halt, shutdown.\n");
}

static void test_refused_memory(void **state)
{
    check_refused(CASE("  code: nop\n  mem: [{at: 0x50000, u8: 1}]\n"),
                  "t.yaml:6:9: error: 0x50000..0x50000 is not within one region; perm and size map one\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x21fff, u16: 1}]\n"),
                  "t.yaml:6:9: error: 0x21fff..0x22000 is not within one region; perm and size map one\n");
    check_refused(
        CASE("  code: nop\n  mem: [{at: 0x21000, size: 0x1000, perm: rw}]\n"),
        "t.yaml:6:9: error: 0x21000..0x21fff overlaps data, which every case has, at 0x20000..0x21fff\n");
    check_refused(CASE("  code: nop\n  mem:\n  - {at: 0x20000, u64: 1}\n  - {at: 0x20007, u8: 1}\n"),
                  "t.yaml:8:5: error: 0x20007..0x20007 overlaps the entry at 0x20000..0x20007\n"
                  "t.yaml:7:5: note: the other is here\n");
    check_refused(CASE("  code: nop\n  mem:\n  - {at: 0x50000, size: 0x2000, perm: r}\n"
                       "  - {at: 0x51000, size: 0x1000, perm: r}\n"),
                  "t.yaml:8:5: error: 0x51000..0x51fff overlaps the region at 0x50000..0x51fff\n"
                  "t.yaml:7:5: note: the other is here\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x10002, u8: 1}]\n"),
                  "t.yaml:5:9: error: the code at 0x10000..0x10003 overlaps the memory at 0x10002\n");
    check_refused(
        CASE("  code: nop\n  mem: [{at: 0x50001, size: 0x1000, perm: r}]\n"),
        "t.yaml:6:9: error: a region needs a 'size', and both it and 'at' are multiples of 0x1000\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0xfffffffffffff000, size: 0x2000, perm: r}]\n"),
                  "t.yaml:6:9: error: a region beyond the end of the address space\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x40000000, size: 0x40000000, perm: r}]\n"),
                  "t.yaml:6:9: error: a case maps at most 0x100000 bytes of its own\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x50000, size: 0x1000, perm: rwz}]\n"),
                  "t.yaml:6:43: error: 'rwz' is not a set of rights: letters of rwx\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x20000, u8: [1, 256]}]\n"),
                  "t.yaml:6:31: error: 256 is too wide for u8\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x20000, u8: 1, data: 01}]\n"),
                  "t.yaml:6:23: error: only one of data, fill, u8, u16, u32 and u64\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x20000}]\n"),
                  "t.yaml:6:9: error: no bytes: one of data, fill, u8, u16, u32 and u64 is needed\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x20000, fill: 1}]\n"),
                  "t.yaml:6:23: error: 'fill' needs a 'size' from 1 to 65536\n");
    check_refused(CASE("  code: nop\n  mem: [{at: 0x20000, data: 0g}]\n"),
                  "t.yaml:6:29: error: half a byte: hexadecimal digits come in pairs\n");
    check_refused(CASE("  code: nop\n  out: {mem: [{at: 0x50000, size: 0x1000, perm: r}]}\n"),
                  "t.yaml:6:43: error: memory is mapped in the case's own 'mem', not in 'out'\n");
}

/* ---- back to text ---- */

static void same_case(const struct test_case *a, const struct test_case *b)
{
    assert_int_equal(a->code_at, b->code_at);
    assert_int_equal(a->code_size, b->code_size);
    assert_memory_equal(a->code, b->code, a->code_size);
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->nin, b->nin);
    for (unsigned i = 0; i < a->nin; i++)
        assert_int_equal(a->in[i].value[0],
                         value_in(b, guest_reg_name(a->in[i].ref.reg, a->in[i].ref.index)));
    assert_int_equal(a->nmem, b->nmem);
    for (unsigned i = 0; i < a->nmem; i++) {
        assert_int_equal(a->mem[i].at, b->mem[i].at);
        assert_int_equal(a->mem[i].size, b->mem[i].size);
        assert_int_equal(a->mem[i].perm, b->mem[i].perm);
        if (a->mem[i].data) assert_memory_equal(a->mem[i].data, b->mem[i].data, a->mem[i].size);
    }
    assert_int_equal(a->has_truth, b->has_truth);
    assert_int_equal(a->truth.nregs, b->truth.nregs);
    for (unsigned i = 0; i < a->truth.nregs; i++)
        assert_int_equal(a->truth.regs[i].value[0],
                         value_out(b, guest_reg_name(a->truth.regs[i].ref.reg, a->truth.regs[i].ref.index)));
    assert_int_equal(a->truth.rest_unchanged, b->truth.rest_unchanged);
    assert_memory_equal(&a->truth.exit, &b->truth.exit, sizeof(a->truth.exit));
    assert_int_equal(a->truth.nmem, b->truth.nmem);
}

static void check_written(const char *text)
{
    struct loaded *a = load(text);
    while (next(a)) {
        struct buf out = {0};
        buf_str(&out, HEAD "cases:\n");
        case_write(a->c, "again", &out);
        struct loaded *b = load_one(out.p);
        assert_string_equal(b->c->id, "riscv64/t/again");
        assert_string_equal(a->c->why, b->c->why);
        same_case(a->c, b->c);
        unload(b);
        buf_free(&out);
    }
    check_messages(&a->d, "");
    unload(a);
}

static void test_written(void **state)
{
    check_written(HEAD "cases:\n- id: a\n  why: \"a \\\"b\\\"\\n\\\\\"\n  code: addi a0, a0, 1\n  in: {a1: "
                       "-1, fa0: f32(nan)}\n"
                       "  mem: [{at: 0x40000, size: 0x1000, perm: rw, u8: 5}, {at: 0x20000, u8: 6}]\n"
                       "  out: {a0: 1, fflags: NX, rest: any, mem: [{at: 0x20000, u8: 7}]}\n"
                       "- {id: b, at: 0x10ffe, steps: 1, code: 13 05, out: {exit: fetch-access}}\n"
                       "- {id: c, code: 00 00, out: {exit: {cause: illegal, value: 0}}}\n"
                       "- {id: d, code: 'nop; beq a0, a1, .+8', out: {pc: 4}}\n"
                       "- {id: e, code: nop, out: {rest: any}}\n");
    check_written(HEAD "generate:\n- {rows: \"rv.*\", count: 4}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),          cmocka_unit_test(test_truth),
        cmocka_unit_test(test_exits),          cmocka_unit_test(test_memory),
        cmocka_unit_test(test_code),           cmocka_unit_test(test_walk),
        cmocka_unit_test(test_refused_shape),  cmocka_unit_test(test_refused_registers),
        cmocka_unit_test(test_refused_code),   cmocka_unit_test(test_refused_truth),
        cmocka_unit_test(test_refused_memory), cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
