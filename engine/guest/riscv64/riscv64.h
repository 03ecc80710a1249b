/* What riscv64's rows need beyond the operations of the IR. */
#ifndef ENGINE_GUEST_RISCV64_H
#define ENGINE_GUEST_RISCV64_H

#include "engine/cpu/cpu.h"

int riscv64_decode(uint32_t w);
unsigned riscv64_length(uint32_t w);

/* ---- csr.c ---- */
/* False: no such CSR, or not allowed here (privilege, counter enables, FS off, read-only). */
bool riscv64_csr_read(struct vcpu *c, unsigned number, uint64_t *v);
bool riscv64_csr_write(struct vcpu *c, unsigned number, uint64_t v);

#endif
