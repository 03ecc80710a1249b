/* riscv64 in Unicorn: the registers, and how its engine is brought into user mode.
 *
 * A hart of Unicorn starts in machine mode with the FPU off, and the API of 2.0.1 has no register for the
 * privilege. So the engine executes an mret once, and the states after it are kept: with the FPU on and off.
 * In user mode nothing that an instruction does can change hidden state, reservations apart, since exceptions
 * do not vector.
 */
#include "harness/oracle/unicorn.h"

#include <string.h>

enum {
    WITH_FPU,
    WITHOUT_FPU,
    MSTATUS = 0, /* of u->words */
    RES_ADDR,
    FS_SHIFT = 13, /* mstatus.FS: Priv 3.1.6 */
    FS_ON = 3,     /* dirty */
    MPP = 3 << 11, /* mstatus.MPP: the mode that mret goes to; 0 is user mode */
    CODE = 0x1000, /* a page for the mret */
    MRET = 0x30200073,
    WFI = 0x10500073, /* Priv 3.3.3 */
};

static const struct unicorn_file files[] = {
    {"x", UC_RISCV_REG_X0, false},
    {"f", UC_RISCV_REG_F0, false},
    {"fflags", UC_RISCV_REG_FFLAGS, true},
    {"frm", UC_RISCV_REG_FRM, true},
};

static const struct unicorn_fixed fixed[] = {
    {"priv", 3, 0, "Unicorn is run in user mode only"},
    {"mcounteren", 0xffffffff, 0xffffffff, "Unicorn is run with all of mcounteren set"},
    {"scounteren", 0xffffffff, 0xffffffff, "Unicorn is run with all of scounteren set"},
    {"minstret", ~0ull, 0, "Unicorn counts by the host's clock and cannot be given a count"},
};

static uc_err write_csr(struct unicorn *u, int id, uint64_t value)
{
    return unicorn_api()->reg_write(u->uc, id, &value);
}

/* From the machine-mode state `machine` into user mode, and saves what is then. */
static uc_err save_user_mode(struct unicorn *u, uc_context *machine, bool fpu, uc_context **out)
{
    uint64_t mstatus = 0;
    uc_err err = unicorn_api()->context_restore(u->uc, machine);
    if (!err) err = unicorn_api()->reg_read(u->uc, UC_RISCV_REG_MSTATUS, &mstatus);
    mstatus &= ~(uint64_t)(MPP | FS_ON << FS_SHIFT);
    if (fpu) mstatus |= FS_ON << FS_SHIFT;
    if (!err) err = write_csr(u, UC_RISCV_REG_MSTATUS, mstatus);
    if (!err) err = write_csr(u, UC_RISCV_REG_MCOUNTEREN, 0xffffffff);
    if (!err) err = write_csr(u, UC_RISCV_REG_SCOUNTEREN, 0xffffffff);
    if (!err) err = write_csr(u, UC_RISCV_REG_MEPC, CODE + 4);
    if (!err) err = unicorn_step(u, CODE);
    if (!err) err = unicorn_api()->context_alloc(u->uc, out);
    if (!err) err = unicorn_api()->context_save(u->uc, *out);
    return err;
}

static uc_err setup(struct unicorn *u)
{
    const uint32_t mret = MRET;
    uc_context *machine = NULL;
    u->words[MSTATUS] = unicorn_state(u, "mstatus");
    u->words[RES_ADDR] = unicorn_state(u, "res_addr");
    uc_err err = unicorn_api()->mem_map(u->uc, CODE, CPU_PAGE, UC_PROT_READ | UC_PROT_EXEC);
    if (!err) err = unicorn_api()->mem_write(u->uc, CODE, &mret, sizeof(mret));
    if (!err) err = unicorn_api()->context_alloc(u->uc, &machine);
    if (!err) err = unicorn_api()->context_save(u->uc, machine);
    if (!err) err = save_user_mode(u, machine, true, &u->contexts[WITH_FPU]);
    if (!err) err = save_user_mode(u, machine, false, &u->contexts[WITHOUT_FPU]);
    if (machine) unicorn_api()->context_free(machine);
    if (!err) err = unicorn_api()->ctl(u->uc, UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2), CODE, CODE + CPU_PAGE);
    return err ? err : unicorn_api()->mem_unmap(u->uc, CODE, CPU_PAGE);
}

/* Every run starts from a saved state, which has no reservation, but for one that goes on where the engine's
 * last run ended with a reservation: there is no other way to give the engine one. */
static uc_context *context(struct unicorn *u, bool *csrs, const char **why)
{
    const uint64_t *mstatus = u->words[MSTATUS], *res_addr = u->words[RES_ADDR];
    bool fpu = !mstatus || bits_get(*mstatus, FS_SHIFT + 1, FS_SHIFT);
    *csrs = fpu;
    if (res_addr && !(*res_addr & 1)) {
        if (unicorn_goes_on(u)) return NULL;
        *why = "Unicorn cannot be given a reservation";
    }
    u->reserved = false;
    return u->contexts[fpu ? WITH_FPU : WITHOUT_FPU];
}

/* lr and sc load (a sc whose address is not the reserved one does not, and ends the reservation unseen:
 * res_addr then claims one that the engine does not have). */
static void loaded(struct unicorn *u)
{
    uint64_t *res_addr = u->words[RES_ADDR];
    uint32_t insn = unicorn_instruction(u);
    if (!res_addr || (insn & 0x7f) != 0x2f) return;
    if (insn >> 27 == 2) *res_addr = u->loaded;
    if (insn >> 27 == 3) *res_addr = 1;
    if (insn >> 27 == 2 || insn >> 27 == 3) u->reserved = insn >> 27 == 2;
}

const struct unicorn_isa unicorn_riscv64 = {
    .guest = "riscv64",
    .arch = UC_ARCH_RISCV,
    .mode = UC_MODE_RISCV64,
    .pc = UC_RISCV_REG_PC,
    .files = files,
    .nfiles = ARRAY_LEN(files),
    .fixed = fixed,
    .nfixed = ARRAY_LEN(fixed),
    .invalid =
        "breakpoint", /* an illegal instruction is exception 2; only ebreak ends in UC_ERR_INSN_INVALID */
    .waits = WFI,
    .setup = setup,
    .context = context,
    .loaded = loaded,
};
