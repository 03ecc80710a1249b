/* A unit with a little memory, for tests, and what it said to its board. */
#ifndef DEVICES_SMMU_UNIT_TEST_H
#define DEVICES_SMMU_UNIT_TEST_H

#include "devices/smmu/internal.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { UNIT_RAM = 0x40000000, UNIT_RAM_SIZE = 1 << 20, UNIT_ROM = 0x10000, UNIT_MSI = 0x08020040 };

struct unit {
    struct mem mem;             /* RAM and ROM */
    struct smmu *smmu;          /* the unit */
    unsigned wires[SMMU_LINES]; /* edges */
    unsigned messages;          /* that were not for memory */
    uint64_t address;           /* of the last one */
    uint32_t data;              /* likewise */
    unsigned sevs;              /* events */
};

static void unit_wired(void *arg, enum smmu_line line)
{
    struct unit *u = arg;
    __atomic_fetch_add(&u->wires[line], 1, __ATOMIC_RELAXED);
}

static void unit_msi(void *arg, uint64_t address, uint32_t data)
{
    struct unit *u = arg;
    u->messages++;
    u->address = address;
    u->data = data;
}

static void unit_event(void *arg)
{
    struct unit *u = arg;
    u->sevs++;
}

static inline void unit_open(struct unit *u, bool msi)
{
    *u = (struct unit){0};
    mem_init(&u->mem);
    assert_int_equal(mem_add(&u->mem, UNIT_RAM, UNIT_RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram"), 0);
    assert_int_equal(mem_add(&u->mem, UNIT_ROM, CPU_PAGE, CPU_READ, NULL, "rom"), 0);
    struct smmu_board board = {.mem = &u->mem, .wired = unit_wired, .event = unit_event, .arg = u};
    if (msi) board.msi = unit_msi;
    u->smmu = smmu_new(&board);
    assert_non_null(u->smmu);
}

static inline void unit_close(struct unit *u)
{
    smmu_free(u->smmu);
    mem_free(&u->mem);
}

static inline uint64_t unit_read(struct unit *u, uint64_t offset, unsigned size)
{
    uint64_t v;
    assert_true(smmu_mmio_read(u->smmu, offset, size, &v));
    return v;
}

static inline void unit_write(struct unit *u, uint64_t offset, unsigned size, uint64_t v)
{
    assert_true(smmu_mmio_write(u->smmu, offset, size, v));
}

#endif
