/* The reference (reference.h) as an oracle of scenarios: what the manual says of each access, worked out
 * without a cache, over memory and the registers that scenarios usually set. It runs what does no more than
 * translate; with tables that change it is right about what holds once everything was invalidated.
 */
#include "harness/smmu/backends.h"
#include "harness/smmu/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, SID_BITS = 32, SSID_BITS = 20, OAS = 52 };

struct seat {
    struct mem mem;           /* guest memory */
    uint64_t strtab_base;     /* STRTAB_BASE */
    uint32_t strtab_cfg, cr0; /* STRTAB_BASE_CFG, CR0 */
    uint64_t cmdq, eventq;    /* CMDQ_BASE, EVENTQ_BASE */
    uint32_t cmdq_prod;       /* commands do nothing here: CMDQ_CONS is the same */
    uint32_t prod, cons;      /* EVENTQ_PROD, EVENTQ_CONS */
    const char *cannot;       /* why it cannot go on, or NULL */
    struct scn_result result; /* of the last scenario */
};

static const char *version(void)
{
    return "G.b";
}

/* ---- the bus ---- */

static void bus_store(void *arg, uint64_t at, const void *p, size_t n)
{
    struct seat *s = arg;
    (void)!mem_write(&s->mem, at, p, n);
}

static void bus_load(void *arg, uint64_t at, void *p, size_t n)
{
    struct seat *s = arg;
    if (mem_read(&s->mem, at, p, n)) memset(p, 0, n);
}

static void bus_write(void *arg, unsigned offset, unsigned size, uint64_t v)
{
    struct seat *s = arg;
    switch (offset) {
    case SMMU_REG_STRTAB_BASE: s->strtab_base = v; break;
    case SMMU_REG_STRTAB_BASE_CFG: s->strtab_cfg = (uint32_t)v; break;
    case SMMU_REG_CMDQ_BASE: s->cmdq = v; break;
    case SMMU_REG_EVENTQ_BASE: s->eventq = v; break;
    case SMMU_REG_CR0: s->cr0 = (uint32_t)v; break;
    case SMMU_REG_CMDQ_PROD: s->cmdq_prod = (uint32_t)v; break;
    case SMMU_REG_EVENTQ_CONS: s->cons = (uint32_t)v; break;
    default: s->cannot = "it has the registers of the usual setup only"; break;
    }
}

static uint64_t bus_read(void *arg, unsigned offset, unsigned size)
{
    struct seat *s = arg;
    switch (offset) {
    case SMMU_REG_CMDQ_BASE: return s->cmdq;
    case SMMU_REG_EVENTQ_BASE: return s->eventq;
    case SMMU_REG_CMDQ_PROD:
    case SMMU_REG_CMDQ_CONS: return s->cmdq_prod;
    case SMMU_REG_EVENTQ_PROD: return s->prod;
    case SMMU_REG_EVENTQ_CONS: return s->cons;
    default: s->cannot = "it has the registers of the usual setup only"; return 0;
    }
}

/* ---- accesses ---- */

static bool load_word(void *arg, uint64_t pa, uint64_t *v)
{
    struct seat *s = arg;
    return !mem_read(&s->mem, pa, v, sizeof(*v));
}

/* Puts a field that records of this kind have. */
static void put(const struct dev_struct *e, const char *name, uint64_t v, uint64_t words[4])
{
    const struct dev_field *f = dev_field_find(e->fields, e->nfields, name);
    if (f) dev_put(words, f->at, v >> scn_field_shift(f));
}

/* The record of 7.3 for what the manual says of an access. */
static void record(struct seat *s, const struct ref_request *q, const struct ref_answer *a)
{
    uint64_t words[4] = {a->event};
    const struct dev_struct *e = dev_struct_numbered(&smmu_spec, "event", a->event);
    unsigned log2 = s->eventq & 31;
    put(e, "SID", q->sid, words);
    put(e, "SSV", q->substream, words);
    put(e, "SSID", q->substream ? q->ssid : 0, words);
    put(e, "PNU", q->privileged, words);
    put(e, "IND", q->execute, words);
    put(e, "RNW", !q->write, words);
    put(e, "S2", a->stage2, words);
    put(e, "CLASS", a->class_, words);
    put(e, "INPUTADDR", q->iova, words);
    if (a->stage2) put(e, "IPA", a->ipa & ~(uint64_t)(PAGE - 1), words);
    put(e, "FETCHADDR", a->fetch & ~7ull, words);
    bus_store(s, (s->eventq & bits_mask(52) & ~bits_mask(5)) + (s->prod & bits_mask(log2)) * 32, words, 32);
    s->prod = (s->prod + 1) & (uint32_t)bits_mask(log2 + 1);
}

static void copy(struct seat *s, const struct scn_step *step, uint64_t pa, struct scn_said *said)
{
    int err = step->access & SMMU_WRITE ? mem_write(&s->mem, pa, step->data, step->size)
                                        : mem_read(&s->mem, pa, said->data, step->size);
    said->end = err ? SMMU_ABORTED : SMMU_DONE;
}

static void bus_access(void *arg, const struct scn_step *step, struct scn_said *said)
{
    struct seat *s = arg;
    struct ref_answer a;
    const struct ref_unit u = {
        .load = load_word,
        .arg = s,
        .strtab_base = s->strtab_base,
        .strtab_cfg = s->strtab_cfg,
        .enabled = s->cr0 & 1,
        .sid_bits = SID_BITS,
        .ssid_bits = SSID_BITS,
        .oas = OAS,
        .small_tables = true,
    };
    const struct ref_request q = {
        .sid = step->sid,
        .ssid = step->ssid,
        .substream = step->access & SMMU_SUBSTREAM,
        .iova = step->at,
        .write = step->access & SMMU_WRITE,
        .execute = step->access & SMMU_EXEC,
        .privileged = step->access & SMMU_PRIVILEGED,
    };
    if (step->at % PAGE + step->size > PAGE) s->cannot = "its accesses are within one page";
    ref_translate(&u, &q, &a);
    for (unsigned i = 0; i < a.nupdates; i++) bus_store(s, a.updates[i].pa, &a.updates[i].value, 8);
    if (a.event && a.recorded && a.event != REF_C_BAD_STREAMID) record(s, &q, &a);
    switch (a.end) {
    case REF_DONE: copy(s, step, a.pa, said); break;
    case REF_ABORT: said->end = SMMU_ABORTED; break;
    case REF_ZERO: said->end = SCN_ZERO; break;
    case REF_STALL: s->cannot = "it does not stall"; break;
    }
}

/* ---- a seat ---- */

/* A register that it has, written before translation is on: none of them is guarded then. */
static bool sets_up(const struct scn_step *step, bool on)
{
    unsigned at = step->offset;
    return !on && (at == SMMU_REG_STRTAB_BASE || at == SMMU_REG_STRTAB_BASE_CFG || at == SMMU_REG_CMDQ_BASE ||
                   at == SMMU_REG_EVENTQ_BASE || at == SMMU_REG_CR0);
}

/* What it cannot be asked, as a sentence; or NULL. */
static const char *unfit(const struct scenario *s)
{
    bool on = false;
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_step *step = &s->steps[i];
        unsigned opcode = step->command[0] & 0xff;
        bool plain = opcode < SMMU_CMD_ATC_INV || opcode == SMMU_CMD_SYNC;
        if (step->kind == SCN_COMMAND && !(plain && dev_struct_numbered(&smmu_spec, "command", opcode)))
            return "it has no such commands";
        if (step->kind == SCN_READ || step->kind == SCN_COUNT || step->kind == SCN_SIGNAL)
            return "it has registers and signals of its own only";
        if (step->kind == SCN_WRITE && !sets_up(step, on))
            return "it has the registers of the usual setup only";
        on |= step->kind == SCN_WRITE && step->offset == SMMU_REG_CR0 && step->value & 1;
    }
    return NULL;
}

static void close_seat(void *seat)
{
    struct seat *s = seat;
    mem_free(&s->mem);
    scn_result_free(&s->result);
    free(s);
}

static void *open_seat(const char **why)
{
    struct seat *s = xcalloc(1, sizeof(*s));
    mem_init(&s->mem);
    int err = mem_add(&s->mem, SCN_RAM, SCN_RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram");
    if (!err) return s;
    *why = strerrordesc_np(-err);
    close_seat(s);
    return NULL;
}

static void restore(struct seat *s)
{
    static const uint8_t zeroes[CPU_PAGE];
    for (size_t i = s->mem.ndirty; i--;)
        if (mem_write(&s->mem, s->mem.dirty[i], zeroes, sizeof(zeroes))) BUG("a dirty page is not memory");
    mem_clean(&s->mem);
    s->strtab_base = s->cmdq = s->eventq = 0;
    s->strtab_cfg = s->cr0 = s->cmdq_prod = s->prod = s->cons = 0;
    s->cannot = NULL;
}

static void run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct seat *s = seat;
    const struct scn_bus bus = {.store = bus_store,
                                .load = bus_load,
                                .write = bus_write,
                                .read = bus_read,
                                .access = bus_access,
                                .arg = s};
    o->unsupported = unfit(c->scenario);
    if (o->unsupported) return;
    restore(s);
    scn_drive(&bus, c->scenario, &s->result);
    o->unsupported = s->cannot;
    o->result = &s->result;
}

const struct scn_backend scn_referee = {
    .backend = {.name = "smmu-reference",
                .description = "the manual's word on each access, without caches",
                .oracle = true,
                .version = version},
    .open = open_seat,
    .run = run,
    .close = close_seat,
};
