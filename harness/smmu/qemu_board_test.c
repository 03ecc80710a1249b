/* QEMU's board: registers, memory, DMA past and through its SMMU, and a reset that forgets. */
#include "harness/smmu/qemu_board.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define TABLES (QEMU_BOARD_RAM + 0x100000)
#define BUFFER (QEMU_BOARD_RAM + 0x200000)

static struct qemu_board *board;

static uint64_t *word(uint64_t pa)
{
    return (uint64_t *)(void *)(qemu_board_ram(board) + (pa - QEMU_BOARD_RAM));
}

/* One page at 0x5000 for stream 8: stream table, CD, four levels of 4K tables. */
static void map_page(uint64_t to)
{
    uint64_t cd = TABLES + 0x10000, l0 = TABLES + 0x20000;
    word(TABLES)[8 * 8] = 1 | 5 << 1 | cd;
    word(cd)[0] = 16 | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 | 3ull << 45 | 0x77ull << 48;
    word(cd)[1] = l0;
    for (unsigned level = 0; level < 3; level++)
        word(l0 + level * 0x1000)[0] = (l0 + (level + 1) * 0x1000) | 3;
    word(l0 + 0x3000)[5] = to | 3 | 1 << 10 | 1 << 6;
    qemu_board_write(board, 0x80, 8, TABLES);
    qemu_board_write(board, 0x88, 4, 6);
    qemu_board_write(board, 0xa0, 8, (TABLES + 0x40000) | 8);
    qemu_board_write(board, 0x20, 4, 5);
}

static void test_registers(void **state)
{
    if (!board) skip();
    assert_int_equal(qemu_board_read(board, 0, 4) & 2, 2); /* IDR0.S1P */
    qemu_board_write(board, 0x80, 8, 0x123440);
    assert_int_equal(qemu_board_read(board, 0x80, 8), 0x123440);
    assert_non_null(strstr(qemu_board_version(), "."));
}

static void test_dma_past_it(void **state)
{
    uint64_t out = 0x1122334455667788, in = 0;
    if (!board) skip();
    qemu_board_dma(board, 0, BUFFER + 8, true, &out, 8);
    assert_int_equal(*word(BUFFER + 8), out);
    qemu_board_dma(board, 15, BUFFER + 8, false, &in, 8);
    assert_int_equal(in, out);
    assert_int_equal(qemu_board_device(9), 1);
    assert_int_equal(qemu_board_device(24), -1);
}

static void test_dma_through_it(void **state)
{
    uint64_t out = 0xabcdef, in = 0;
    if (!board) skip();
    map_page(BUFFER);
    *word(BUFFER) = 42;
    qemu_board_dma(board, 0, 0x5000, false, &in, 8);
    assert_int_equal(in, 42);
    qemu_board_dma(board, 0, 0x5008, true, &out, 8);
    assert_int_equal(*word(BUFFER + 8), out);
    assert_int_equal(qemu_board_read(board, 0x100a8, 4), 0); /* no event */
    qemu_board_dma(board, 0, 0x9000, true, &out, 8);
    assert_true(qemu_board_read(board, 0x100a8, 4) > 0);
    assert_int_equal(*word(TABLES + 0x40000) & 0xff, 0x10); /* F_TRANSLATION */
    assert_null(qemu_board_broken(board));
}

static void test_reset_forgets(void **state)
{
    uint64_t out = 7;
    if (!board) skip();
    map_page(BUFFER);
    qemu_board_dma(board, 0, 0x5000, true, &out, 8);
    assert_int_equal(*word(BUFFER), 7);
    qemu_board_reset(board);
    assert_int_equal(*word(BUFFER), 0);
    assert_int_equal(qemu_board_read(board, 0x20, 4), 0);
    map_page(BUFFER + 0x1000);
    qemu_board_dma(board, 0, 0x5000, true, &out, 8);
    assert_int_equal(*word(BUFFER), 0);
    assert_int_equal(*word(BUFFER + 0x1000), 7);
}

static int setup(void **state)
{
    if (board) qemu_board_reset(board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_dma_past_it, setup),
        cmocka_unit_test_setup(test_dma_through_it, setup),
        cmocka_unit_test_setup(test_reset_forgets, setup),
    };
    const char *why;
    board = qemu_board_open(&why);
    if (!board) print_message("%s\n", why); /* the tests are skipped, and counted so */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qemu_board_close(board);
    return failed;
}
