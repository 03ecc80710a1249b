/* The reference (reference.h) as a backend of scenarios: memory, registers as their table has them, queues,
 * and accesses worked out one by one. It is a peer of our model, not an oracle: both come from the same
 * reading of the manual. It caches nothing, so commands mean nothing to it but that what they name is not
 * old any more (reference_stale.h); what it has not got at all it says when a scenario comes to it.
 */
#include "harness/smmu/backends.h"
#include "harness/smmu/reference_stale.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTERS = 64, PAGE = 4096 };

struct seat {
    struct mem mem;                /* guest memory */
    uint64_t registers[REGISTERS]; /* by index in smmu_spec */
    struct stale stale;            /* what caches might hold */
    struct ref_unit unit;          /* as the registers have it, for the access at hand */
    const char *why;               /* it cannot tell what comes of the scenario: a sentence; or NULL */
    struct scn_result result;      /* what came of it */
};

static const char *version(void)
{
    return "1";
}

static void give_up(struct seat *s, const char *why)
{
    if (!s->why) s->why = why;
}

/* ---- memory ---- */

static void bus_store(void *arg, uint64_t at, const void *p, size_t n)
{
    struct seat *s = arg;
    scn_memory_store(&s->mem, at, p, n);
}

static void bus_load(void *arg, uint64_t at, void *p, size_t n)
{
    struct seat *s = arg;
    scn_memory_load(&s->mem, at, p, n);
}

static bool load(void *arg, uint64_t pa, uint64_t *v)
{
    struct seat *s = arg;
    return !mem_read(&s->mem, pa, v, sizeof(*v));
}

static void saw(void *arg, enum ref_word of, uint64_t pa, uint64_t v)
{
    struct seat *s = arg;
    stale_saw(&s->stale, of, pa, v);
}

/* ---- registers ---- */

static uint64_t *value_at(struct seat *s, unsigned offset)
{
    return &s->registers[dev_register_at(&smmu_spec, offset) - smmu_spec.registers];
}

static bool is_on(struct seat *s, uint32_t field)
{
    return dev_get(value_at(s, SMMU_REG_CR0), field);
}

/* A queue's state (3.5). */
struct queue {
    uint64_t base;       /* of its entries */
    unsigned wrap;       /* bits of an index, the one for the wrap included: a mask */
    uint64_t prod, cons; /* indices */
};

static struct queue queue_at(struct seat *s, unsigned base, unsigned prod, unsigned cons, unsigned size)
{
    uint64_t v = *value_at(s, base);
    unsigned log2 = (v & 31) < 19 ? v & 31 : 19;
    struct queue q = {.wrap = (2u << log2) - 1};
    q.base = (v & bits_mask(52)) >> 5 << 5 & ~(((uint64_t)size << log2) - 1);
    q.prod = *value_at(s, prod) & q.wrap;
    q.cons = *value_at(s, cons) & q.wrap;
    return q;
}

static uint64_t place(const struct queue *q, uint64_t index, unsigned size)
{
    return q->base + (index & q->wrap >> 1) * size;
}

/* Commands that are not ILLEGAL whatever their fields hold, but for the bits named. */
static const struct {
    uint8_t opcode;       /* which */
    uint64_t must_not[2]; /* with these it may be another matter: SSEC, ranges, messages */
} plain_commands[] = {
#define SSEC  (1ull << 10)
#define RANGE 0x3f1f000ull, 0xf00ull
    {SMMU_CMD_PREFETCH_CONFIG, {SSEC, 0}}, {SMMU_CMD_CFGI_STE, {SSEC, 0}},
    {SMMU_CMD_CFGI_STE_RANGE, {SSEC, 0}},  {SMMU_CMD_CFGI_CD, {SSEC, 0}},
    {SMMU_CMD_CFGI_CD_ALL, {SSEC, 0}},     {SMMU_CMD_TLBI_NH_ALL, {0, 0}},
    {SMMU_CMD_TLBI_NH_ASID, {0, 0}},       {SMMU_CMD_TLBI_NH_VA, {RANGE}},
    {SMMU_CMD_TLBI_NH_VAA, {RANGE}},       {SMMU_CMD_TLBI_EL2_ALL, {0, 0}},
    {SMMU_CMD_TLBI_EL2_ASID, {0, 0}},      {SMMU_CMD_TLBI_EL2_VA, {RANGE}},
    {SMMU_CMD_TLBI_EL2_VAA, {RANGE}},      {SMMU_CMD_TLBI_S12_VMALL, {0, 0}},
    {SMMU_CMD_TLBI_S2_IPA, {RANGE}},       {SMMU_CMD_TLBI_NSNH_ALL, {0, 0}},
    {SMMU_CMD_SYNC, {3ull << 12, 0}},
#undef SSEC
#undef RANGE
};

static bool is_plain(const uint64_t c[2])
{
    for (unsigned i = 0; i < ARRAY_LEN(plain_commands); i++)
        if (plain_commands[i].opcode == (c[0] & 0xff))
            return !(c[0] & plain_commands[i].must_not[0]) && !(c[1] & plain_commands[i].must_not[1]);
    return false;
}

static void consume(struct seat *s)
{
    struct queue q = queue_at(s, SMMU_REG_CMDQ_BASE, SMMU_REG_CMDQ_PROD, SMMU_REG_CMDQ_CONS, 16);
    unsigned n = (unsigned)(q.prod - q.cons) & q.wrap;
    if (!is_on(s, SMMU_CR0_CMDQEN) || !n) return;
    if (n > (q.wrap >> 1) + 1) give_up(s, "it has no answer to indices that contradict each other");
    for (; !s->why && q.cons != q.prod; q.cons = (q.cons + 1) & q.wrap) {
        uint64_t c[2];
        if (mem_read(&s->mem, place(&q, q.cons, 16), c, sizeof(c)))
            give_up(s, "it has queues in memory only");
        else if (!is_plain(c))
            give_up(s, "it knows of invalidations and CMD_SYNC alone, with fields that cannot be illegal");
        else
            stale_command(&s->stale, c);
    }
    *value_at(s, SMMU_REG_CMDQ_CONS) = q.prod;
}

static uint64_t guarded(struct seat *s, const struct dev_register *r)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct dev_guard *g = &smmu_spec.guards[r->fields[i].guard];
        if (r->fields[i].guard && s->registers[g->reg] & g->bits) bits |= dev_bits(r->fields[i].at);
    }
    return bits;
}

static void write_register(struct seat *s, const struct dev_register *r, uint64_t v, uint64_t mask)
{
    uint64_t *to = &s->registers[r - smmu_spec.registers];
    bool was_on = is_on(s, SMMU_CR0_SMMUEN);
    if ((v & mask & r->needs) != r->needs) return;
    mask &= r->writable & ~guarded(s, r);
    *to = (*to & ~mask) | (v & mask);
    if (r->offset == SMMU_REG_CR0) *value_at(s, SMMU_REG_CR0ACK) = *to;
    if (r->offset == SMMU_REG_IRQ_CTRL) *value_at(s, SMMU_REG_IRQ_CTRLACK) = *to;
    if (was_on != is_on(s, SMMU_CR0_SMMUEN)) stale_reset(&s->stale);
    consume(s);
}

static uint64_t read_register(struct seat *s, const struct dev_register *r)
{
    static const struct {
        unsigned index, base; /* offsets: of an index, of its queue's size */
    } indices[] = {
        {SMMU_REG_CMDQ_PROD, SMMU_REG_CMDQ_BASE},     {SMMU_REG_CMDQ_CONS, SMMU_REG_CMDQ_BASE},
        {SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_BASE}, {SMMU_REG_EVENTQ_CONS, SMMU_REG_EVENTQ_BASE},
        {SMMU_REG_PRIQ_PROD, SMMU_REG_PRIQ_BASE},     {SMMU_REG_PRIQ_CONS, SMMU_REG_PRIQ_BASE},
    };
    uint64_t v = s->registers[r - smmu_spec.registers];
    for (unsigned i = 0; i < ARRAY_LEN(indices); i++) {
        uint64_t log2 = indices[i].index == r->offset ? *value_at(s, indices[i].base) & 31 : 19;
        if (log2 < 19) v &= ~(bits_mask(20) & ~bits_mask((unsigned)log2 + 1));
    }
    return v;
}

/* The register of which this is the upper half; NULL: of none. */
static const struct dev_register *upper_half(unsigned offset)
{
    const struct dev_register *r = offset % 8 ? dev_register_at(&smmu_spec, offset - 4) : NULL;
    return r && r->size == 8 ? r : NULL;
}

static void bus_write(void *arg, unsigned offset, unsigned size, uint64_t v)
{
    const struct dev_register *r = dev_register_at(&smmu_spec, offset), *upper = upper_half(offset);
    if (r && r->size == 8) {
        write_register(arg, r, v, bits_mask(size * 8));
        return;
    }
    if (r) write_register(arg, r, v & bits_mask(32), bits_mask(32));
    if (!r && upper) write_register(arg, upper, v << 32, ~bits_mask(32));
    if (size == 8) bus_write(arg, offset + 4, 4, v >> 32);
}

static uint64_t bus_read(void *arg, unsigned offset, unsigned size)
{
    const struct dev_register *r = dev_register_at(&smmu_spec, offset), *upper = upper_half(offset);
    if (r && r->size == 8) return read_register(arg, r) & bits_mask(size * 8);
    uint64_t v = r ? read_register(arg, r) : upper ? read_register(arg, upper) >> 32 : 0;
    return size == 8 ? v | bus_read(arg, offset + 4, 4) << 32 : v;
}

/* ---- events ---- */

/* By the table of its record: what that has no field for is not said. */
static void make_record(const struct ref_request *q, const struct ref_answer *a, uint64_t record[4])
{
    const struct dev_struct *d = dev_struct_numbered(&smmu_spec, "event", a->event);
    const struct {
        const char *field; /* name */
        uint64_t value;    /* what it holds; of addresses the whole */
    } says[] = {
        {"NUMBER", a->event},    {"SID", q->sid},
        {"SSV", q->substream},   {"SSID", q->substream ? q->ssid : 0},
        {"PNU", a->privileged},  {"IND", a->execute},
        {"RNW", !q->write},      {"S2", a->stage2},
        {"CLASS", a->class_},    {"TTRNW", a->class_ == REF_TABLE && !a->table_write},
        {"INPUTADDR", q->iova},  {"IPA", a->stage2 ? a->ipa : 0},
        {"FETCHADDR", a->fetch},
    };
    memset(record, 0, 32);
    for (unsigned i = 0; i < ARRAY_LEN(says); i++) {
        const struct dev_field *f = dev_field_find(d->fields, d->nfields, says[i].field);
        if (f) dev_put(record, f->at, says[i].value >> scn_field_shift(f));
    }
}

static void record(struct seat *s, const struct ref_request *q, const struct ref_answer *a)
{
    struct queue e = queue_at(s, SMMU_REG_EVENTQ_BASE, SMMU_REG_EVENTQ_PROD, SMMU_REG_EVENTQ_CONS, 32);
    uint64_t event[4], *prod = value_at(s, SMMU_REG_EVENTQ_PROD);
    if (a->event == REF_C_BAD_STREAMID && !dev_get(value_at(s, SMMU_REG_CR2), SMMU_CR2_RECINVSID)) return;
    if (!a->recorded || !is_on(s, SMMU_CR0_EVENTQEN)) return;
    if (ref_bits(a->ste, 83, 83)) give_up(s, "it does not merge events");
    if (dev_get(value_at(s, SMMU_REG_IRQ_CTRL), SMMU_IRQ_CTRL_EVENTQ_IRQEN))
        give_up(s, "it sends no interrupts");
    if (((e.prod - e.cons) & e.wrap) > e.wrap >> 1) {
        uint64_t over = 1ull << 31, acknowledged = *value_at(s, SMMU_REG_EVENTQ_CONS) & over;
        *prod = (*prod & ~over) | (acknowledged ^ over);
        return;
    }
    make_record(q, a, event);
    if (mem_write(&s->mem, place(&e, e.prod, 32), event, sizeof(event)))
        give_up(s, "it has queues in memory only");
    *prod = (*prod & ~bits_mask(20)) | ((e.prod + 1) & e.wrap);
}

/* ---- accesses ---- */

static void look_at_registers(struct seat *s)
{
    s->unit = (struct ref_unit){
        .load = load,
        .saw = saw,
        .arg = s,
        .strtab_base = *value_at(s, SMMU_REG_STRTAB_BASE),
        .strtab_cfg = (uint32_t)*value_at(s, SMMU_REG_STRTAB_BASE_CFG),
        .enabled = is_on(s, SMMU_CR0_SMMUEN),
        .gbpa_abort = dev_get(value_at(s, SMMU_REG_GBPA), SMMU_GBPA_ABORT),
        .e2h = dev_get(value_at(s, SMMU_REG_CR2), SMMU_CR2_E2H),
        .sid_bits = 32,
        .ssid_bits = 20,
        .oas = 52,
        .small_tables = true,
    };
}

/* A piece of an access, within a page. */
struct piece {
    uint64_t pa; /* where it goes */
    unsigned n;  /* bytes */
};

static unsigned translate(struct seat *s, const struct ref_request *q, uint64_t *pa)
{
    struct ref_answer a;
    if (stale_maybe(&s->stale, &s->unit)) give_up(s, "it caches nothing, and something old may be cached");
    stale_begin(&s->stale, q->sid, q->iova);
    ref_translate(&s->unit, q, &a);
    for (unsigned i = 0; i < a.nupdates; i++) bus_store(s, a.updates[i].pa, &a.updates[i].value, 8);
    stale_end(&s->stale, &a);
    if (a.end == REF_STALL) give_up(s, "it does not stall");
    if (a.event) record(s, q, &a);
    *pa = a.pa;
    return a.end == REF_DONE ? SMMU_DONE : a.end == REF_ZERO ? SCN_ZERO : SMMU_ABORTED;
}

/* Bytes to or from where the pieces go; false: no memory is there. */
static bool copy(struct seat *s, const struct piece *pieces, unsigned n, bool write, uint8_t *bytes)
{
    for (unsigned i = 0; i < n; bytes += pieces[i++].n)
        if (write ? mem_write(&s->mem, pieces[i].pa, bytes, pieces[i].n)
                  : mem_read(&s->mem, pieces[i].pa, bytes, pieces[i].n))
            return false;
    return true;
}

/* Pieces are translated one after the other, until one does not go through; then those before it are done. */
static void bus_access(void *arg, const struct scn_step *step, struct scn_said *said)
{
    enum { KNOWN = SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED | SMMU_SUBSTREAM };
    struct seat *s = arg;
    struct piece pieces[2];
    uint8_t bytes[SCN_DATA] = {0};
    bool write = step->access & SMMU_WRITE;
    unsigned n = 0;
    if (step->access & ~(unsigned)KNOWN) give_up(s, "it has no ATS");
    if (write) memcpy(bytes, step->data, step->size);
    look_at_registers(s);
    said->end = SMMU_DONE;
    for (unsigned done = 0; done < step->size && !s->why; done += pieces[n++].n) {
        const struct ref_request q = {.sid = step->sid,
                                      .ssid = step->ssid,
                                      .substream = step->access & SMMU_SUBSTREAM,
                                      .iova = step->at + done,
                                      .write = write,
                                      .execute = step->access & SMMU_EXEC,
                                      .privileged = step->access & SMMU_PRIVILEGED};
        unsigned left = PAGE - (unsigned)(q.iova % PAGE), want = step->size - done;
        pieces[n].n = left < want ? left : want;
        said->end = (uint8_t)translate(s, &q, &pieces[n].pa);
        if (said->end != SMMU_DONE) break;
    }
    if (!copy(s, pieces, n, write, bytes)) said->end = SMMU_ABORTED;
    if (!write) memcpy(said->data, bytes, step->size);
}

/* ---- a seat ---- */

static void close_seat(void *seat)
{
    struct seat *s = seat;
    mem_free(&s->mem);
    stale_free(&s->stale);
    scn_result_free(&s->result);
    free(s);
}

static void *open_seat(const char **why)
{
    struct seat *s = xcalloc(1, sizeof(*s));
    BUG_ON(smmu_spec.nregisters > REGISTERS);
    mem_init(&s->mem);
    int err = mem_add(&s->mem, SCN_RAM, SCN_RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram");
    if (!err) return s;
    *why = strerrordesc_np(-err);
    close_seat(s);
    return NULL;
}

static void restore(struct seat *s)
{
    scn_memory_zero(&s->mem);
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) s->registers[i] = smmu_spec.registers[i].reset;
    stale_reset(&s->stale);
    s->why = NULL;
}

static void run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct seat *s = seat;
    const struct scenario *scenario = c->scenario;
    const struct scn_bus bus = {.store = bus_store,
                                .load = bus_load,
                                .write = bus_write,
                                .read = bus_read,
                                .access = bus_access,
                                .arg = s};
    restore(s);
    for (unsigned i = 0; i < scenario->nsids; i++)
        if (scenario->ats[i]) give_up(s, "it has no ATS");
    if (!s->why) scn_drive(&bus, scenario, &s->result);
    o->unsupported = s->why;
    o->result = s->why ? NULL : &s->result;
}

const struct scn_backend scn_reference = {
    .backend = {.name = "smmu-reference",
                .description = "one access at a time by the manual, no caches; a peer, no oracle",
                .version = version},
    .open = open_seat,
    .run = run,
    .close = close_seat,
};
