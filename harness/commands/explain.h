/* Instructions in words, for `explain`, `repro` and `list rows`. */
#ifndef HARNESS_COMMANDS_EXPLAIN_H
#define HARNESS_COMMANDS_EXPLAIN_H

#include "engine/guest/guest.h"
#include "harness/exec/symbols.h"

/* The row's bits from the top as its `enc` draws them: "imm[11:0] rs1 010 rd 0000011". */
void explain_encoding(const struct guest_row *row, struct buf *out);
/* "lw rd, imm(rs1)" */
void explain_syntax(const struct guest_row *row, struct buf *out);
/* A line for each operand: "  rd   = a0". */
void explain_fields(const struct guest_row *row, uint32_t word, struct buf *out);
/* Everything about the instruction that starts with these bits. */
void explain_instruction(const struct guest *g, uint64_t pc, uint32_t word, struct buf *out);

/* ---- commands/jit_stages.c ---- */
/* What the JIT makes of the block at pc, of at most so many instructions, through every stage; f: where
 * symbols come from, or NULL. 0 or -errno; -ENOTSUP: no JIT for this guest on this machine, -EFAULT: no code
 * there. */
MUST_CHECK int explain_block(const struct guest *g, struct mem *m, const struct elf_file *f, uint64_t pc,
                             unsigned most, struct buf *out);

#endif
