/* Our model as a backend of scenarios: a unit, 32 MiB of memory, and a device for each stream that a scenario
 * names. Between scenarios the unit is reset and what was written is zeroes again, in time proportional to
 * what was touched.
 */
#include "harness/smmu/backends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct seat {
    struct mem mem;                           /* guest memory */
    struct smmu *smmu;                        /* the unit */
    struct smmu_device *devices[SCN_STREAMS]; /* of the scenario at hand */
    const struct scenario *scenario;          /* that */
    struct scn_result result;                 /* what came of it */
    uint64_t signals[SCN_SIGNALS];            /* how often each came since reset */
    struct port {
        struct seat *seat;        /* this */
        uint32_t sid;             /* which device */
    } ports[SCN_STREAMS];         /* what devices' callbacks are given */
    uint64_t told[SCN_EVENTS][4]; /* what they were told; ntold of them, the first ones */
    unsigned ntold;               /* how many */
};

static const char *version(void)
{
    return "3.2";
}

/* ---- the bus ---- */

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

static void bus_write(void *arg, unsigned offset, unsigned size, uint64_t v)
{
    struct seat *s = arg;
    (void)smmu_mmio_write(s->smmu, offset, size, v);
}

static uint64_t bus_read(void *arg, unsigned offset, unsigned size)
{
    struct seat *s = arg;
    uint64_t v = 0;
    (void)smmu_mmio_read(s->smmu, offset, size, &v);
    return v;
}

static struct smmu_device *device_of(struct seat *s, uint32_t sid)
{
    for (unsigned i = 0; i < s->scenario->nsids; i++)
        if (s->scenario->sids[i] == sid) return s->devices[i];
    BUG("no device %u", sid);
}

static void bus_access(void *arg, const struct scn_step *step, struct scn_said *said)
{
    struct seat *s = arg;
    struct smmu_request q = {
        .iova = step->at, .size = step->size, .ssid = step->ssid, .access = step->access};
    struct smmu_stop stop;
    if (step->access & SMMU_WRITE) memcpy(said->data, step->data, step->size);
    said->end = (uint8_t)smmu_dma(device_of(s, step->sid), &q, said->data, &stop);
    if (said->end == SMMU_ABORTED && stop.raz) said->end = SCN_ZERO;
    if (step->access & SMMU_WRITE) memset(said->data, 0, sizeof(said->data));
}

static void bus_ask(void *arg, const struct scn_step *step, struct scn_said *said, uint64_t record[4])
{
    struct seat *s = arg;
    struct smmu_device *d = device_of(s, step->sid);
    const struct smmu_request q = {
        .iova = step->at, .size = 1ull << 52, .ssid = step->ssid, .access = step->access};
    const struct smmu_request one = {.iova = step->at, .size = 1, .ssid = step->ssid, .access = step->access};
    struct smmu_range to;
    unsigned granted = 0;
    if (step->value) {
        smmu_begin(d);
        said->end = smmu_ats_cached(d, &one, &to) ? SMMU_DONE : SMMU_RETRY;
        smmu_end(d);
    } else {
        said->end = (uint8_t)smmu_ats_request(d, &q, &to, &granted);
    }
    if (said->end != SMMU_DONE) return;
    dev_put(record, SCN_GRANT_ADDRESS, to.address);
    dev_put(record, SCN_GRANT_SIZE, to.size);
    for (unsigned i = 0; i < 4; i++) dev_put(record, SCN_GRANT_PERMS + i, granted >> i & 1);
}

static void bus_page(void *arg, const struct scn_step *step, struct scn_said *said)
{
    struct seat *s = arg;
    const struct smmu_request q = {.iova = step->at, .size = 1, .ssid = step->ssid, .access = step->access};
    said->end =
        smmu_page_request(device_of(s, step->sid), &q, step->size, step->value) ? SMMU_DONE : SMMU_RETRY;
}

static unsigned bus_told(void *arg, uint64_t (*to)[4], unsigned max)
{
    struct seat *s = arg;
    unsigned n = s->ntold < max ? s->ntold : max;
    memcpy(to, s->told, n * sizeof(*to));
    s->ntold = 0;
    return n;
}

static uint64_t bus_count(void *arg, unsigned statistic)
{
    struct seat *s = arg;
    struct smmu_stats stats;
    smmu_stats(s->smmu, &stats);
    return ((const uint64_t *)&stats)[statistic];
}

static uint64_t bus_signals(void *arg, unsigned which)
{
    struct seat *s = arg;
    return s->signals[which];
}

static void wired(void *arg, enum smmu_line line)
{
    struct seat *s = arg;
    s->signals[line]++;
}

static void wake(void *arg)
{
    struct seat *s = arg;
    s->signals[SCN_WAKE]++;
}

/* ---- a seat ---- */

static void model_close(void *seat);

static void *model_open(const char **why)
{
    struct seat *s = xcalloc(1, sizeof(*s));
    mem_init(&s->mem);
    int err = mem_add(&s->mem, SCN_RAM, SCN_RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram");
    const struct smmu_board board = {.mem = &s->mem, .wired = wired, .event = wake, .arg = s};
    if (!err) s->smmu = smmu_new(&board);
    if (s->smmu) return s;
    *why = strerrordesc_np(err ? -err : ENOMEM);
    model_close(s);
    return NULL;
}

static void detach(struct seat *s)
{
    for (unsigned i = 0; i < SCN_STREAMS; i++)
        if (s->devices[i]) smmu_detach(s->devices[i]);
    memset(s->devices, 0, sizeof(s->devices));
}

static void model_close(void *seat)
{
    struct seat *s = seat;
    detach(s);
    if (s->smmu) smmu_free(s->smmu);
    mem_free(&s->mem);
    scn_result_free(&s->result);
    free(s);
}

static uint64_t *tell(const struct port *p, unsigned what)
{
    static _Thread_local uint64_t lost[4];
    struct seat *s = p->seat;
    uint64_t *r = s->ntold < SCN_EVENTS ? s->told[s->ntold++] : lost;
    memset(r, 0, sizeof(lost));
    dev_put(r, SMMU_EVENT_NUMBER, what);
    dev_put(r, SCN_TOLD_SID, p->sid);
    return r;
}

/* A device that can wait is what a stall wants; the access is not tried again by itself. */
static void resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    uint64_t *r = tell(arg, SCN_TOLD_RESUMED);
    dev_put(r, SCN_TOLD_STAG, stall);
    dev_put(r, SCN_TOLD_END, end == SMMU_DONE ? SCN_TOLD_RETRY : raz ? SCN_TOLD_ZERO : SCN_TOLD_ABORT);
}

static void answered(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code)
{
    uint64_t *r = tell(arg, SCN_TOLD_ANSWERED);
    dev_put(r, SCN_TOLD_SSV, substream);
    dev_put(r, SCN_TOLD_SSID, ssid);
    dev_put(r, SCN_TOLD_STAG, group);
    dev_put(r, SCN_TOLD_END, code);
}

static int attach(struct seat *s, unsigned i)
{
    char name[16];
    snprintf(name, sizeof(name), "device-%u", s->scenario->sids[i]);
    s->ports[i] = (struct port){s, s->scenario->sids[i]};
    const struct smmu_client client = {.name = name,
                                       .sid = s->scenario->sids[i],
                                       .ats = s->scenario->ats[i],
                                       .pri = s->scenario->ats[i],
                                       .resumed = resumed,
                                       .page_response = answered,
                                       .arg = &s->ports[i]};
    return smmu_attach(s->smmu, &client, &s->devices[i]);
}

static void restore(struct seat *s)
{
    detach(s);
    smmu_reset(s->smmu);
    memset(s->signals, 0, sizeof(s->signals));
    s->ntold = 0;
    scn_memory_zero(&s->mem);
}

static void model_run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct seat *s = seat;
    const struct scn_bus bus = {.store = bus_store,
                                .load = bus_load,
                                .write = bus_write,
                                .read = bus_read,
                                .access = bus_access,
                                .count = bus_count,
                                .signals = bus_signals,
                                .ask = bus_ask,
                                .page = bus_page,
                                .told = bus_told,
                                .arg = s};
    restore(s);
    s->scenario = c->scenario;
    for (unsigned i = 0; i < s->scenario->nsids; i++)
        if (attach(s, i)) {
            o->unsupported = "a device cannot be attached";
            return;
        }
    scn_drive(&bus, s->scenario, &s->result);
    o->result = &s->result;
}

const struct scn_backend scn_model = {
    .backend = {.name = "smmu", .description = "this project's SMMUv3", .version = version},
    .open = model_open,
    .run = model_run,
    .close = model_close,
};
