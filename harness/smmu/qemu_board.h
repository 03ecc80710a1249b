/* QEMU's SMMUv3, as an outsider: the `virt` board with `edu` devices (PCI functions that do DMA) behind it,
 * led over qtest. No guest program runs but a loop. Guest memory is shared with the process, so that only
 * registers and DMA go through the pipe.
 */
#ifndef HARNESS_SMMU_QEMU_BOARD_H
#define HARNESS_SMMU_QEMU_BOARD_H

#include "engine/base/base.h"

#define QEMU_BOARD_RAM 0x40000000ull /* guest-physical */
enum {
    QEMU_BOARD_RAM_SIZE = 256 << 20,
    QEMU_BOARD_OWN = 0x10000, /* of it, at its end: the loop, and what DMA leaves for us */
    QEMU_BOARD_DMA = 2048,    /* bytes that one DMA may have */
};

struct qemu_board;

/* NULL: *why is a sentence. */
struct qemu_board *qemu_board_open(const char **why);
void qemu_board_close(struct qemu_board *b);
const char *qemu_board_version(void); /* "7.2.22 (Debian …)"; "" when there is none */
/* What went wrong with the process, as a sentence; from then on nothing has an effect. NULL: it is well. */
const char *qemu_board_broken(const struct qemu_board *b);

/* Guest memory from QEMU_BOARD_RAM on, QEMU_BOARD_RAM_SIZE bytes; the last QEMU_BOARD_OWN are the board's. */
uint8_t *qemu_board_ram(struct qemu_board *b);
/* The SMMU's registers, 4 or 8 bytes at an offset. */
uint64_t qemu_board_read(struct qemu_board *b, uint64_t offset, unsigned size);
void qemu_board_write(struct qemu_board *b, uint64_t offset, unsigned size, uint64_t value);
/* Number of the device with this stream id, or -1: functions 0 to 7 of pci-00:01 (8 to 15) and of 02 (16 to
 * 23). */
int qemu_board_device(uint32_t sid);
/* DMA of a device between `bytes` and iova. What it cannot read are zeroes; whether it went through does not
 * show but by that, by memory, and by the SMMU's events. */
void qemu_board_dma(struct qemu_board *b, unsigned device, uint64_t iova, bool write, void *bytes,
                    unsigned n);
/* Registers, caches and memory as at the start. */
void qemu_board_reset(struct qemu_board *b);

#endif
