/* Unicorn as a backend: each vcpu has an engine that shares the vcpu's memory and gets its registers for each
 * run.
 *
 * How it is driven, and why (measured with 2.0.1):
 *  - One hook before every instruction counts and stops; uc_emu_start's own `count` stays 0. It costs the
 * same, says how many instructions were begun when something goes wrong, makes pc exact in memory faults, and
 * knows the address of the instruction that raised an exception whatever Unicorn has done to pc since. Using
 * `count` on some starts and not on others flushes all translations, which takes milliseconds; so does
 * uc_ctl_flush_tlb.
 *  - `until` is an address that is never reached, as reaching it costs a microsecond; but a run of one
 * instruction ends behind that. Its block then has neither a second instruction nor a second call of the
 * hook, which saves more: an eighth of all that a case costs. Translations that end there Unicorn removes
 * when the run is over.
 *  - Processor state that has no register in the API (privilege, reservations) comes from saved contexts.
 *  - Writes by the host are not seen by translations: `invalidate` removes those.
 *  - Memory of removed translations is not used again, and every few thousand of them Unicorn pauses for
 * milliseconds. A new engine costs a fraction of a millisecond: after UNICORN_RENEW invalidations there is
 * one.
 */
#include "harness/oracle/unicorn.h"

#include "harness/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct unicorn_isa *const isas[] = {&unicorn_riscv64};

/* ---- hooks ---- */

/* The instruction at u->last has loaded, and was executed. */
static void loaded(struct unicorn *u)
{
    u->has_loaded = false;
    if (u->isa->loaded) u->isa->loaded(u);
}

static void on_code(uc_engine *uc, uint64_t addr, uint32_t size, void *user)
{
    struct unicorn *u = user;
    if (u->has_loaded) loaded(u);
    if (u->started == u->budget) {
        u->stopped = true;
        unicorn_api()->emu_stop(uc);
        return;
    }
    u->started++;
    u->last = addr;
}

/* Exceptions other than memory faults. Unicorn would go on after the instruction. */
static void on_exception(uc_engine *uc, uint32_t number, void *user)
{
    struct unicorn *u = user;
    u->exception = (int)number;
    unicorn_api()->emu_stop(uc);
}

/* A misaligned store is tried byte by byte, and each failing byte comes here: the first one counts. */
static bool on_denied(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user)
{
    struct unicorn *u = user;
    if (!u->denied) u->bad = addr;
    u->denied = true;
    return false;
}

static void on_load(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user)
{
    struct unicorn *u = user;
    u->loaded = addr;
    u->has_loaded = true;
}

static void mark(struct mem *m, uint64_t addr)
{
    struct mem_region *r = mem_find(m, addr);
    if (r && r->perm & CPU_WRITE) mem_mark(m, r, addr);
}

/* Every kind of store comes here before it happens, atomics included; also those that then fault. */
static void on_store(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *user)
{
    struct unicorn *u = user;
    mark(u->cpu->mem, addr);
    if (addr % CPU_PAGE + (unsigned)size > CPU_PAGE) mark(u->cpu->mem, addr + (unsigned)size - 1);
}

static uc_err add_hooks(struct unicorn *u)
{
    const struct {
        int types;
        void *callback;
    } hooks[] = {
        {UC_HOOK_CODE, (void *)on_code},          {UC_HOOK_INTR, (void *)on_exception},
        {UC_HOOK_MEM_INVALID, (void *)on_denied}, {UC_HOOK_MEM_READ, (void *)on_load},
        {UC_HOOK_MEM_WRITE, (void *)on_store},
    };
    uc_hook handle;
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
        uc_err err = unicorn_api()->hook_add(u->uc, &handle, hooks[i].types, hooks[i].callback, u, 1, 0);
        if (err) return err;
    }
    return UC_ERR_OK;
}

/* ---- for the per-ISA files ---- */

uint64_t *unicorn_state(const struct unicorn *u, const char *name)
{
    const struct guest *g = u->cpu->guest;
    for (unsigned i = 0; i < g->nregs; i++)
        if (!strcmp(g->regs[i].name, name)) return &u->cpu->state[g->regs[i].word];
    return NULL;
}

static bool instruction_at(const struct unicorn *u, uint64_t pc, uint32_t *word)
{
    const struct mem *m = u->cpu->mem;
    uint16_t unit[2] = {0};
    if (mem_read(m, pc, &unit[0], 2)) return false;
    if (u->cpu->guest->length(unit[0]) > 2 && mem_read(m, pc + 2, &unit[1], 2)) return false;
    *word = unit[0] | (uint32_t)unit[1] << 16;
    return true;
}

/* Where the engine is to stop by itself. What waits would not be told from what was executed. */
static uint64_t run_ends(const struct unicorn *u, uint64_t pc, uint64_t budget)
{
    uint32_t word;
    if (budget != 1 || !instruction_at(u, pc, &word) || word == u->isa->waits) return UNICORN_NEVER;
    return pc + u->cpu->guest->length(word);
}

static uc_err start(struct unicorn *u, uint64_t pc, uint64_t budget)
{
    u->until = run_ends(u, pc, budget);
    u->budget = budget;
    u->started = 0;
    u->stopped = false;
    u->exception = UNICORN_NO_EXCEPTION;
    u->denied = false;
    u->has_loaded = false;
    return unicorn_api()->emu_start(u->uc, pc, u->until, 0, 0);
}

uc_err unicorn_step(struct unicorn *u, uint64_t pc)
{
    uc_err err = start(u, pc, 1);
    return err ? err : u->stopped ? UC_ERR_OK : UC_ERR_EXCEPTION;
}

uint32_t unicorn_instruction(const struct unicorn *u)
{
    uint32_t word;
    return instruction_at(u, u->last, &word) ? word : 0;
}

/* ---- the run ---- */

static void leave(struct vcpu *c, enum exit_kind kind, uint64_t executed)
{
    c->exit = (struct cpu_exit){.kind = kind, .pc = c->state[c->guest->pc_word], .executed = executed};
}

static void leave_unsupported(struct vcpu *c, const char *why)
{
    leave(c, EXIT_UNSUPPORTED, 0);
    c->exit.why = why;
}

/* The instruction at u->last raised it, and so was begun without being executed. */
static void leave_by(struct unicorn *u, unsigned cause, uint64_t value)
{
    struct vcpu *c = u->cpu;
    c->state[c->guest->pc_word] = u->last;
    cpu_fault(c, cause, value);
    c->exit.executed = u->started - 1;
}

/* Unicorn translates a block before it executes any of it. A block that runs into a page where nothing can be
 * fetched is refused as a whole, with pc at its start, when its last instruction crosses into that page. */
static void leave_by_fetch(struct unicorn *u)
{
    struct vcpu *c = u->cpu;
    uint64_t pc = c->state[c->guest->pc_word];
    if (u->has_loaded) loaded(u);
    if (u->started == u->budget) {
        leave(c, EXIT_BUDGET, u->started);
    } else if (u->bad - pc < c->guest->length(0xffffffff)) {
        cpu_fault(c, c->guest->cause_of_access[CPU_EXEC], u->bad);
        c->exit.executed = u->started;
    } else {
        leave_unsupported(
            c, "Unicorn fetches whole blocks: one that ends in an instruction it cannot fetch is not begun");
    }
}

static void leave_by_exception(struct unicorn *u)
{
    const struct guest *g = u->cpu->guest;
    for (unsigned i = 0; i < g->ncauses; i++) {
        if (g->causes[i].code != (unsigned)u->exception) continue;
        uint64_t value = 0;
        if (i == g->cause_of_access[0]) value = unicorn_instruction(u);
        if (i == g->cause_of_align[CPU_READ] || i == g->cause_of_align[CPU_WRITE]) value = u->loaded;
        leave_by(u, i, value);
        return;
    }
    leave_unsupported(u->cpu, "Unicorn raised an exception that the guest's tables have no cause for");
}

static void leave_by_error(struct unicorn *u, uc_err err)
{
    const struct guest *g = u->cpu->guest;
    switch (err) {
    case UC_ERR_OK: /* it waits: nobody stopped it */ leave(u->cpu, EXIT_HALT, u->started); return;
    case UC_ERR_READ_UNMAPPED:
    case UC_ERR_READ_PROT: leave_by(u, g->cause_of_access[CPU_READ], u->bad); return;
    case UC_ERR_WRITE_UNMAPPED:
    case UC_ERR_WRITE_PROT: leave_by(u, g->cause_of_access[CPU_WRITE], u->bad); return;
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT: leave_by_fetch(u); return;
    case UC_ERR_INSN_INVALID: leave_by(u, (unsigned)guest_cause_find(g, u->isa->invalid), 0); return;
    default: leave_unsupported(u->cpu, unicorn_api()->strerror(err)); return;
    }
}

static const char *fixed_differs(const struct unicorn *u)
{
    for (unsigned i = 0; i < u->isa->nfixed; i++) {
        const struct unicorn_fixed *f = &u->isa->fixed[i];
        if (u->fixed[i] && (*u->fixed[i] & f->mask) != f->value) return f->why;
    }
    return NULL;
}

/* ---- a backend's life ---- */

static const struct unicorn_isa *isa_find(const struct guest *g)
{
    for (size_t i = 0; i < ARRAY_LEN(isas); i++)
        if (!strcmp(isas[i]->guest, g->name)) return isas[i];
    return NULL;
}

static int unicorn_probe(const struct guest *g, const char **why)
{
    const struct unicorn_isa *isa = isa_find(g);
    unsigned major = 0, minor = 0;
    const struct unicorn_api *api = unicorn_load(why);
    if (!api) return -ENOTSUP;
    api->version(&major, &minor);
    if (!isa)
        *why = "there is no register map for this guest in Unicorn";
    else if (!api->arch_supported(isa->arch))
        *why = "this libunicorn was built without the guest's architecture";
    else if (major != UC_API_MAJOR || minor != UC_API_MINOR)
        *why = "the libunicorn found is not the version that this program was compiled with";
    else
        return 0;
    return -ENOTSUP;
}

/* Fills u->ids and u->values, the registers of one kind of file. */
static void list_registers(struct unicorn *u, bool csr)
{
    const struct guest *g = u->cpu->guest;
    for (unsigned i = 0; i < u->isa->nfiles; i++) {
        const struct unicorn_file *f = &u->isa->files[i];
        for (unsigned k = 0; k < g->nregs && f->csr == csr; k++) {
            const struct guest_reg *reg = &g->regs[k];
            if (strcmp(reg->name, f->name) != 0) continue;
            for (unsigned n = 0; n < reg->count; n++) {
                if ((int)n == reg->zero) continue; /* Unicorn would keep what is written there */
                BUG_ON(u->nregs == UNICORN_REGS || reg->words != 1);
                u->ids[u->nregs] = f->first + (int)n;
                u->values[u->nregs++] = &u->cpu->state[reg->word + n];
            }
        }
    }
}

static void engine_close(struct unicorn *u)
{
    for (unsigned i = 0; i < UNICORN_CONTEXTS; i++) {
        if (u->contexts[i]) unicorn_api()->context_free(u->contexts[i]);
        u->contexts[i] = NULL;
    }
    if (u->uc) unicorn_api()->close(u->uc);
    u->uc = NULL;
    u->nmaps = 0;
    u->map_epoch = 0; /* no struct mem has that: everything will be mapped again */
    u->invalidated = 0;
    u->reserved = false;
}

/* Notes what each saved state has in its registers. */
static uc_err read_saved(struct unicorn *u)
{
    uc_err err = UC_ERR_OK;
    for (unsigned k = 0; k < UNICORN_CONTEXTS && !err; k++) {
        if (!u->contexts[k]) continue;
        err = unicorn_api()->context_restore(u->uc, u->contexts[k]);
        for (unsigned i = 0; i < u->nplain && !err; i++)
            err = unicorn_api()->reg_read(u->uc, u->ids[i], &u->saved[k][i]);
    }
    return err;
}

static uc_err engine_open(struct unicorn *u)
{
    uc_err err = unicorn_api()->open(u->isa->arch, u->isa->mode, &u->uc);
    if (!err) err = add_hooks(u);
    if (!err) err = u->isa->setup(u);
    if (!err) err = read_saved(u);
    if (err) engine_close(u);
    return err;
}

static void unicorn_close(struct vcpu *c)
{
    struct unicorn *u = c->backend;
    engine_close(u);
    free(u->maps);
    free(u);
    c->backend = NULL;
}

static int unicorn_open(struct vcpu *c)
{
    struct unicorn *u = xcalloc(1, sizeof(*u));
    c->backend = u;
    u->cpu = c;
    u->isa = isa_find(c->guest);
    BUG_ON(!u->isa || u->isa->nfixed > UNICORN_FIXED);
    list_registers(u, false);
    u->nplain = u->nregs;
    list_registers(u, true);
    for (unsigned i = 0; i < u->isa->nfixed; i++) u->fixed[i] = unicorn_state(u, u->isa->fixed[i].name);
    uc_err err = engine_open(u);
    if (!err) return 0;
    unicorn_close(c);
    return err == UC_ERR_NOMEM ? -ENOMEM : -EIO;
}

/* Those of the first n registers that are not what the engine has in them; in most cases that is a few. What
 * stands behind a `csr` is not part of the saved states (flags of floating point are collected elsewhere). */
static void write_registers(struct unicorn *u, const uint64_t *has, unsigned n)
{
    int ids[UNICORN_REGS], count = 0;
    void *values[UNICORN_REGS];
    for (unsigned i = 0; i < n; i++) {
        if (i < u->nplain && has && *(const uint64_t *)u->values[i] == has[i]) continue;
        ids[count] = u->ids[i];
        values[count++] = u->values[i];
    }
    unicorn_api()->reg_write_batch(u->uc, ids, values, count);
}

static uint64_t state_hash(const struct unicorn *u)
{
    return hash_bytes(u->cpu->state, u->cpu->guest->state_words * sizeof(uint64_t), 0);
}

bool unicorn_goes_on(const struct unicorn *u)
{
    return u->reserved && u->left == state_hash(u);
}

/* Behind the only instruction, as wanted: nothing else was begun. */
static void came_to_end(struct unicorn *u)
{
    if (u->has_loaded) loaded(u);
    u->stopped = true;
}

/* Registers in, run, registers out; the state is one that Unicorn can be given. */
static void run_engine(struct unicorn *u, uint64_t budget, unsigned n)
{
    uint64_t *pc = &u->cpu->state[u->cpu->guest->pc_word];
    int nregs = (int)n;
    write_registers(u, u->has, n);
    uc_err err = start(u, *pc, budget);
    unicorn_api()->reg_read_batch(u->uc, u->ids, u->values, nregs);
    unicorn_api()->reg_read(u->uc, u->isa->pc, pc);
    if (err == UC_ERR_OK && u->exception == UNICORN_NO_EXCEPTION && !u->stopped && *pc == u->until)
        came_to_end(u);
    if (u->reserved) u->left = state_hash(u);
    if (u->stopped)
        leave(u->cpu, EXIT_BUDGET, u->started);
    else if (u->exception != UNICORN_NO_EXCEPTION)
        leave_by_exception(u);
    else
        leave_by_error(u, err);
}

/* Brings the engine to where the run starts. NULL, or why it cannot be brought there. */
static const char *prepare(struct unicorn *u, bool *csrs)
{
    const char *why = fixed_differs(u);
    uc_context *context = why ? NULL : u->isa->context(u, csrs, &why);
    if (why) return why;
    if (context && u->invalidated > UNICORN_RENEW) {
        engine_close(u);
        uc_err err = engine_open(u);
        if (err) return unicorn_api()->strerror(err);
        context = u->isa->context(u, csrs, &why);
    }
    u->has = NULL;
    for (unsigned i = 0; i < UNICORN_CONTEXTS; i++)
        if (context && u->contexts[i] == context) u->has = u->saved[i];
    if (context) unicorn_api()->context_restore(u->uc, context);
    return unicorn_map(u);
}

static void unicorn_run(struct vcpu *c, uint64_t budget)
{
    struct unicorn *u = c->backend;
    bool csrs = true;
    const char *why = u->uc ? prepare(u, &csrs) : "Unicorn could not be started again";
    if (!why && budget) {
        run_engine(u, budget, csrs ? u->nregs : u->nplain);
        return;
    }
    leave(c, why ? EXIT_UNSUPPORTED : EXIT_BUDGET, 0);
    c->exit.why = why;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

/* The API's version and, where the build knows it, the package's: Debian patches between versions. */
#ifndef UNICORN_PACKAGE
#define UNICORN_PACKAGE ""
#endif

static const char *unicorn_version(void)
{
    return TEXT(UC_API_MAJOR) "." TEXT(UC_API_MINOR) "." TEXT(UC_API_PATCH) UNICORN_PACKAGE;
}

const struct backend backend_unicorn = {
    .name = "unicorn",
    .description = "Unicorn, an emulator derived from QEMU 5",
    .oracle = true,
    .exact_budget = true,
    .tracks_writes = true,
    .probe = unicorn_probe,
    .open = unicorn_open,
    .run = unicorn_run,
    .invalidate = unicorn_invalidate,
    .close = unicorn_close,
    .version = unicorn_version,
};
