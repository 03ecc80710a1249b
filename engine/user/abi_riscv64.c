/* Linux on RISC-V: what its kernel and the psABI fix. */
#include "engine/user/call.h"

#include "riscv64/riscv64_state.h"

#include <elf.h>
#include <string.h>

#define STATE_X(n) (offsetof(struct riscv64_state, x) / sizeof(uint64_t) + (n))
#define HWCAP(letter) \
    (1ull << ((letter) - 'A')) /* Linux, riscv/uabi.rst: one bit per single-letter extension */

extern const struct user_frame_ops frame_riscv64;

static const uint32_t sigreturn_code[] = {
    0x08b00893, /* li a7, 139: rt_sigreturn */
    0x00000073, /* ecall */
};

const struct user_abi abi_riscv64 = {
    .machine = "riscv64",
    .elf_machine = EM_RISCV,
    .hwcap = HWCAP('I') | HWCAP('M') | HWCAP('A') | HWCAP('F') | HWCAP('D') | HWCAP('C'),
    .reg_number = STATE_X(17),
    .reg_args = {STATE_X(10), STATE_X(11), STATE_X(12), STATE_X(13), STATE_X(14), STATE_X(15)},
    .reg_result = STATE_X(10),
    .reg_sp = STATE_X(2),
    .reg_tls = STATE_X(4),
    .call_length = 4,
    .sigframe_min = 1088, /* what Linux gives without the vector extension */
    .frame = &frame_riscv64,
    .sigreturn_code = sigreturn_code,
    .sigreturn_words = ARRAY_LEN(sigreturn_code),
    .calls = &call_table_riscv64,
    .cpuinfo = cpuinfo_riscv64,
};

static const struct user_abi *const all[] = {&abi_riscv64};

const struct user_abi *user_abi_of(const struct guest *g)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (!strcmp(all[i]->machine, g->name)) return all[i];
    return NULL;
}
